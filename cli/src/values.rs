//! What does a node say, in the library's terms?
//!
//! The JSON that the library reads. What only a deployment knows (`!Ref`, `Fn::Sub` and their like) is left open:
//! whatever the library says about such a value is not said to anybody.

use std::collections::BTreeMap;
use std::ops::Range;

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
    /// Whether `{{resolve:…}}` within a text does.
    dynamic: bool,
    /// In place of such a value, the default of the parameter that it refers to.
    defaults: Option<&'d Defaults>,
    /// The paths at which such values stand.
    pub open: Vec<String>,
    /// What reads otherwise than it looks, or than it was meant.
    pub notes: Vec<Note>,
}

/// Something that is to be said about a value, whatever the library says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The path of the value.
    pub path: String,
    /// Where it stands.
    pub span: Range<usize>,
    /// What it is.
    pub what: What,
}

/// What there is to say about a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// CloudFormation takes it for yes or no, and YAML 1.2 for a text.
    YesOrNo,
    /// CloudFormation takes it for another number, or for a number at all.
    Number(String),
    /// Readers of YAML 1.1 take it for another number; here it is a text.
    NumberElsewhere(String),
    /// It is a merge key, which CloudFormation itself does not read.
    Merge,
    /// Its key stands there twice.
    Twice,
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
        Self { intrinsics: true, dynamic: true, ..Self::default() }
    }

    /// As a text is read that `Fn::Sub` fills in.
    #[must_use]
    pub fn substituted() -> Self {
        Self { placeholders: true, dynamic: true, ..Self::default() }
    }

    /// As a text in the template of a stack is read that nothing but dynamic references are filled into.
    #[must_use]
    pub fn text_in_template() -> Self {
        Self { dynamic: true, ..Self::default() }
    }

    /// As the template of a stack is read to be previewed: parameters stand for their defaults, what else is filled in
    /// later is left out.
    #[must_use]
    pub fn filled(defaults: &'d Defaults) -> Self {
        Self { intrinsics: true, dynamic: true, defaults: Some(defaults), ..Self::default() }
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
        let holds = |sign: &str| node.text().is_some_and(|text| text.contains(sign));
        if (self.placeholders && holds("${")) || (self.dynamic && holds(DYNAMIC_REFERENCE)) {
            self.open.push(path.to_owned());
            return self.defaults.is_none().then(|| Value::Array(Vec::new()));
        }
        Some(match &node.kind {
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Scalar { text, plain: true } => self.plain_scalar(node, text, path),
            Kind::List(elements) => {
                let elements = elements.iter().enumerate();
                elements.filter_map(|(index, element)| self.known(element, &format!("{path}[{index}]"))).collect()
            }
            Kind::Map(members) => {
                let mut object = Map::new();
                if let Some(span) = node.merge.clone().filter(|_| self.intrinsics) {
                    self.notes.push(Note { path: below(path, "<<"), span, what: What::Merge });
                }
                for span in &node.twice {
                    self.notes.push(Note { path: path.to_owned(), span: span.clone(), what: What::Twice });
                }
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

/// How a dynamic reference begins, which CloudFormation fills in when it deploys.
const DYNAMIC_REFERENCE: &str = "{{resolve:";

impl Reading<'_> {
    /// A value without quotes, as its reader takes it; what other readers take for something else is noted.
    fn plain_scalar(&mut self, node: &Node, text: &str, path: &str) -> Value {
        let mut say = |what| self.notes.push(Note { path: path.to_owned(), span: node.span.clone(), what });
        if self.intrinsics
            && let Some(flag) = yes_or_no(text)
        {
            say(What::YesOrNo);
            return Value::Bool(flag);
        }
        let Some(number) = number_of_yaml_1_1(text) else { return scalar(text) };
        if self.intrinsics {
            say(What::Number(number.clone()));
            return serde_json::from_str::<Number>(&number).map_or(Value::String(number), Value::Number);
        }
        say(What::NumberElsewhere(number));
        scalar(text)
    }

    /// Whether the value at `path` reads otherwise than it looks, which is said in place of what the library says.
    #[must_use]
    pub fn is_misread(&self, path: &str) -> bool {
        self.notes.iter().any(|note| note.path == path && matches!(note.what, What::Number(_)))
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

/// The number that a reader of YAML 1.1, as CloudFormation is one, makes of a `text` without quotes that YAML 1.2 reads as another
/// number, or as a text. See <https://yaml.org/type/int.html> and <https://yaml.org/type/float.html>.
fn number_of_yaml_1_1(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let plain = digits.replace('_', "");
    let whole = |digits: &str, radix| {
        let known = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        known.then(|| u128::from_str_radix(digits, radix).ok()).flatten().map(|number| format!("{sign}{number}"))
    };
    if let Some(binary) = plain.strip_prefix("0b") {
        return whole(binary, 2);
    }
    if let Some(hexadecimal) = plain.strip_prefix("0x") {
        return whole(hexadecimal, 16);
    }
    if digits.contains(':') {
        return base_sixty(&plain).map(|number| format!("{sign}{number}"));
    }
    if let Some(octal) = plain.strip_prefix('0').filter(|octal| !octal.is_empty()) {
        return whole(octal, 8);
    }
    if !digits.contains('_') {
        return None;
    }
    match plain.split_once('.') {
        None => whole(&plain, 10),
        Some((before, after)) => {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            (digits(before) && digits(after)).then(|| format!("{sign}{before}.{after}0"))
        }
    }
}

/// `20:30` and `20:30:00` in base sixty: the first part does not begin with a zero, each other has at most two digits, below sixty.
fn base_sixty(text: &str) -> Option<u128> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|first| !first.starts_with('0'))?;
    parts.try_fold(first.parse::<u128>().ok()?, |sum, part| {
        let short = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let part: u128 = part.parse().ok().filter(|part| short && *part < 60)?;
        sum.checked_mul(60)?.checked_add(part)
    })
}
