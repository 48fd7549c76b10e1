//! What does a node say, in the library's terms?
//!
//! The JSON that the library reads. What only a deployment knows (`!Ref`, `Fn::Sub` and their like) is left open:
//! whatever the library says about such a value is not said to anybody.

use std::collections::BTreeMap;

use policy::input::cut;
use serde_json::{Map, Number, Value};

use crate::document::{Kind, Node, is_null};

/// What parameters of a template stand for, as far as the template says.
pub type Defaults = BTreeMap<String, Value>;

/// A way to turn nodes into JSON, and what it left open.
#[derive(Debug, Default)]
pub struct Reading<'d> {
    /// Whether tags and `Fn::…` stand for values that only a deployment knows.
    intrinsics: bool,
    /// Whether `${…}` within a text does.
    placeholders: bool,
    /// In place of such a value, the default of the parameter that it refers to.
    defaults: Option<&'d Defaults>,
    /// The paths at which such values stand.
    pub open: Vec<String>,
    /// The places in a template of values that CloudFormation takes for yes or no, and YAML 1.2 for a text.
    pub yes_or_no: Vec<(String, std::ops::Range<usize>)>,
}

impl<'d> Reading<'d> {
    /// As a file is read that nothing is filled into.
    #[must_use]
    pub fn plain() -> Self {
        Self::default()
    }

    /// As the template of a stack is read to be checked: what is filled in later counts as well-formed.
    #[must_use]
    pub fn template() -> Self {
        Self { intrinsics: true, ..Self::default() }
    }

    /// As a text is read that `Fn::Sub` fills in.
    #[must_use]
    pub fn substituted() -> Self {
        Self { placeholders: true, ..Self::default() }
    }

    /// As the template of a stack is read to be previewed: parameters stand for their defaults, what else is filled in
    /// later is left out.
    #[must_use]
    pub fn filled(defaults: &'d Defaults) -> Self {
        Self { intrinsics: true, defaults: Some(defaults), ..Self::default() }
    }

    /// Whether a mistake at `path` is about a value that only a deployment knows.
    #[must_use]
    pub fn is_open(&self, path: &str) -> bool {
        self.open.iter().any(|open| {
            path.strip_prefix(open.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// The JSON of `node`, which stands at `path`.
    pub fn value(&mut self, node: &Node, path: &str) -> Value {
        // A list is no scalar and no object: whatever the library expects here, it says so at this very path.
        self.known(node, path).unwrap_or_else(|| Value::Array(Vec::new()))
    }

    /// The same; nothing where the value is left out.
    fn known(&mut self, node: &Node, path: &str) -> Option<Value> {
        if self.intrinsics
            && let Some(reference) = intrinsic(node)
        {
            let default = reference.and_then(|name| self.defaults?.get(name).cloned());
            if default.is_none() {
                self.open.push(path.to_owned());
            }
            return default.or_else(|| self.defaults.is_none().then(|| Value::Array(Vec::new())));
        }
        if self.placeholders && node.text().is_some_and(|text| text.contains("${")) {
            self.open.push(path.to_owned());
            return Some(Value::Array(Vec::new()));
        }
        Some(match &node.kind {
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Scalar { text, plain: true } => {
                let yes_or_no = if self.intrinsics { yes_or_no(text) } else { None };
                if yes_or_no.is_some() {
                    self.yes_or_no.push((path.to_owned(), node.span.clone()));
                }
                yes_or_no.map_or_else(|| scalar(text), Value::Bool)
            }
            Kind::List(elements) => {
                let elements = elements.iter().enumerate();
                elements.filter_map(|(index, element)| self.known(element, &format!("{path}[{index}]"))).collect()
            }
            Kind::Map(members) => {
                let mut object = Map::new();
                for (key, value) in members {
                    let key = key.text().unwrap_or_default();
                    if let Some(value) = self.known(value, &below(path, key)) {
                        object.insert(key.to_owned(), value);
                    }
                }
                Value::Object(object)
            }
        })
    }
}

/// The path of the member `key` of what stands at `path`, as the library writes it.
#[must_use]
pub fn below(path: &str, key: &str) -> String {
    let key = cut(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Whether only a deployment knows what `node` is; and the name that it refers to, if it is a reference.
#[expect(clippy::option_option, reason = "whether it is one, and whether it names something")]
fn intrinsic(node: &Node) -> Option<Option<&str>> {
    if let Some(tag) = &node.tag {
        return Some(node.text().filter(|_| tag == "Ref"));
    }
    let (key, value) = node.members().first()?;
    match key.text()? {
        "Ref" if node.members().len() == 1 => Some(value.text()),
        "Condition" if node.members().len() == 1 => Some(None),
        _ => {
            node.members().iter().any(|(key, _)| key.text().is_some_and(|key| key.starts_with("Fn::"))).then_some(None)
        }
    }
}

/// A value without quotes, by the core schema of YAML 1.2, which JSON shares.
fn scalar(text: &str) -> Value {
    match text {
        _ if is_null(text) => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => serde_json::from_str::<Number>(text).map_or_else(|_| Value::String(text.to_owned()), Value::Number),
    }
}

/// What CloudFormation, which reads YAML 1.1, makes of a `text` without quotes that stands for yes or no there, and is a text in YAML
/// 1.2.
fn yes_or_no(text: &str) -> Option<bool> {
    let words = [("y", true), ("yes", true), ("on", true), ("n", false), ("no", false), ("off", false)];
    let (_, flag) = words.iter().find(|(word, _)| {
        let capital = text.starts_with(|first: char| first.is_ascii_uppercase());
        let rest_in_one_case = text == *word || text == word.to_uppercase() || (capital && text[1..] == word[1..]);
        rest_in_one_case && text.eq_ignore_ascii_case(word)
    })?;
    Some(*flag)
}
