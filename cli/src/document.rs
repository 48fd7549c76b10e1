//! What stands in a file, and where?
//!
//! YAML and JSON alike, each read by a parser of its own: a tree whose nodes know the bytes that they come from, so that a mistake that the
//! library names by its path (`Timetable.Windows[2].ModelUnits`) can be shown on its line.

mod json;
mod origins;
mod yaml;

use std::ops::Range;

use policy::input::cut;

pub use origins::origins;

/// A value with its place in the text.
#[derive(Debug, Clone)]
pub struct Node {
    /// The bytes that it comes from.
    pub span: Range<usize>,
    /// Its tag without `!`, if it has one of its own: `Ref`, `GetAtt`.
    pub tag: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// Where a merge key stands in it, whose members are among its own.
    pub merge: Option<Range<usize>>,
    /// The keys that stand in it more than once.
    pub twice: Vec<Range<usize>>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A single value, and whether it stands there without quotes.
    Scalar {
        /// Its text, quotes and escapes undone.
        text: String,
        /// Whether it stands there without quotes: `3` is then a number.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<(Node, Node)>),
}

/// A text that is neither YAML nor JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl Node {
    /// A node of this kind at `span`.
    #[must_use]
    pub fn new(span: Range<usize>, kind: Kind) -> Self {
        Self { span, tag: None, kind, merge: None, twice: Vec::new() }
    }

    /// The text of a single value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Whether nothing stands there.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if is_null(text))
    }

    /// The members of a mapping; none of anything else.
    #[must_use]
    pub fn members(&self) -> &[(Self, Self)] {
        match &self.kind {
            Kind::Map(members) => members,
            Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    /// The elements of a list; none of anything else.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match &self.kind {
            Kind::List(elements) => elements,
            Kind::Scalar { .. } | Kind::Map(_) => &[],
        }
    }

    /// The member `key` of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.members().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// What the library's `path` below this node names, as far as it exists: the key that leads there, if one does, and
    /// the value.
    #[must_use]
    pub fn locate(&self, path: &str) -> (Option<&Self>, &Self) {
        self.locate_after(None, path)
    }

    fn locate_after<'n>(&'n self, key: Option<&'n Self>, path: &str) -> (Option<&'n Self>, &'n Self) {
        let rest = path.strip_prefix('.').unwrap_or(path);
        if let Some((index, rest)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let element = index.parse().ok().and_then(|index: usize| self.elements().get(index));
            return element.map_or((key, self), |element| element.locate_after(None, rest));
        }
        // A key may hold dots of its own: the longest that fits is meant.
        let fits = |name: &str| {
            let rest = rest.strip_prefix(cut(name).as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
        };
        let members = self.members().iter();
        let fitting = members.filter_map(|(name, value)| Some((name, value, fits(name.text()?)?)));
        match fitting.min_by_key(|(_, _, rest)| rest.len()) {
            Some((name, value, rest)) => value.locate_after(Some(name), rest),
            None => (key, self),
        }
    }
}

/// Whether a `text` without quotes stands for nothing, by the core schema of YAML 1.2.
#[must_use]
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Reads every document of `text`: JSON if it is JSON, else YAML.
///
/// # Errors
/// The first place at which it is neither.
pub fn parse(text: &str) -> Result<Vec<Node>, Unreadable> {
    match json::parse(text) {
        Some(document) => Ok(vec![document]),
        None => yaml::parse(text),
    }
}

/// Notes the keys of `members` that stand there before.
fn twice(members: &[(Node, Node)]) -> Vec<Range<usize>> {
    let mut seen = std::collections::HashSet::new();
    let again = members.iter().filter(|(name, _)| name.text().is_some_and(|name| !seen.insert(name)));
    again.map(|(name, _)| name.span.clone()).collect()
}
