//! What did they write, and where is it wrong?
//!
//! One reader for `CloudFormation` properties and event JSON alike (docs/reference.md): scalars may come as
//! strings, unknown keys are mistakes with the nearest known key, and all mistakes are told at once, each with its
//! path, so that nobody mends a declaration one deployment at a time.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

use serde_json::{Map, Value};

/// One thing that is wrong with what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `Timetable.Windows[2].ModelUnits`.
    pub path: String,
    /// What is wrong, the value repeated, and what would be accepted.
    pub message: String,
}

/// Everything that is wrong with what was written; empty when nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

/// Most mistakes that are told at once, and about how many bytes of them: more than anybody mends in one go.
const MOST_TOLD: usize = 50;
const MOST_BYTES_TOLD: usize = 5000;

impl Mistakes {
    /// Notes one more mistake, unless there are so many that nobody would read it.
    pub fn add(&mut self, path: impl Into<String>, message: impl Display) {
        match self.0.len() {
            0..MOST_TOLD => self.0.push(Mistake { path: path.into(), message: message.to_string() }),
            MOST_TOLD => self.0.push(Mistake { path: String::new(), message: "and more".to_owned() }),
            _ => {}
        }
    }

    /// Whether whatever else is wrong would not be told.
    fn are_too_many(&self) -> bool {
        self.0.len() > MOST_TOLD
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// All mistakes, if there is one or more, or if there is no value to hand out.
    pub fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

impl Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = 0;
        for (index, Mistake { path, message }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            if bytes > MOST_BYTES_TOLD {
                return write!(formatter, "{separator}and more");
            }
            match path.as_str() {
                "" => write!(formatter, "{separator}{message}")?,
                path => write!(formatter, "{separator}{path}: {message}")?,
            }
            bytes += path.len() + message.len();
        }
        Ok(())
    }
}

/// A setting that is missing or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {name}: {problem}")]
pub struct BadSetting {
    name: &'static str,
    problem: String,
}

impl BadSetting {
    /// The setting `name` and what is wrong with it.
    pub fn new(name: &'static str, problem: impl Display) -> Self {
        Self { name, problem: problem.to_string() }
    }
}

/// A JSON object that is being read.
pub struct Object<'v> {
    path: String,
    members: &'v Map<String, Value>,
}

impl<'v> Object<'v> {
    /// Opens `value` as an object that has none but `known` keys.
    ///
    /// Unknown keys are noted, and reading goes on: the rest may hold more mistakes.
    pub fn open(path: impl Into<String>, value: &'v Value, known: &[&str], mistakes: &mut Mistakes) -> Option<Self> {
        let path = path.into();
        let Some(members) = value.as_object() else {
            mistakes.add(path, format!("{} is not an object with the keys {}", shown(value), known.join(", ")));
            return None;
        };
        let object = Self { path, members };
        for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
            mistakes.add(object.at(&cut(key)), unknown_key(key, known));
            if mistakes.are_too_many() {
                return None;
            }
        }
        Some(object)
    }

    /// The path of `key` in this object.
    #[must_use]
    pub fn at(&self, key: &str) -> String {
        // A key without a letter would leave nothing to see.
        let key = if key.is_empty() { "\"\"" } else { key };
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The member `key`. One that is `null` or empty text counts as absent: a template cannot leave a key out.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'v Value> {
        self.members.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// The scalar `key` as what it stands for; nothing if it is absent or wrong.
    pub fn optional<T: FromStr<Err: Display>>(&self, key: &str, mistakes: &mut Mistakes) -> Option<T> {
        parse(self.get(key)?, &self.at(key), mistakes)
    }

    /// The scalar `key` as what it stands for; its absence is a mistake whose cure is `cure`.
    pub fn required<T: FromStr<Err: Display>>(&self, key: &str, cure: &str, mistakes: &mut Mistakes) -> Option<T> {
        let Some(value) = self.get(key) else {
            // One in another letter case is told as an unknown key already.
            if !self.members.keys().any(|written| written != key && written.eq_ignore_ascii_case(key)) {
                mistakes.add(self.at(key), format!("is missing; {cure}"));
            }
            return None;
        };
        parse(value, &self.at(key), mistakes)
    }

    /// The elements of the list `key`, each with its path; at most `most`. A list of one empty text is empty: so
    /// `CloudFormation` hands over an empty list of a parameter.
    pub fn list(&self, key: &str, most: usize, mistakes: &mut Mistakes) -> Vec<(String, &'v Value)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(elements) = value.as_array() else {
            mistakes.add(self.at(key), format!("{} is not a list", shown(value)));
            return Vec::new();
        };
        if is_empty_list(elements) {
            return Vec::new();
        }
        if elements.len() > most {
            mistakes.add(self.at(key), format!("has {} elements; at most {most} are accepted", elements.len()));
            return Vec::new();
        }
        elements.iter().enumerate().map(|(index, element)| (format!("{}[{index}]", self.at(key)), element)).collect()
    }

    /// The members of this object, each with its path.
    pub fn members(&self) -> impl Iterator<Item = (String, &'v str, &'v Value)> {
        self.members.iter().map(|(key, value)| (self.at(&cut(key)), key.as_str(), value))
    }
}

/// Returns true for what `CloudFormation` makes of an empty list: one empty text.
fn is_empty_list(elements: &[Value]) -> bool {
    matches!(elements, [Value::String(only)] if only.is_empty())
}

/// Reads the scalar `value` as what it stands for.
pub fn parse<T: FromStr<Err: Display>>(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<T> {
    let Some(text) = scalar(value) else {
        mistakes.add(path, format!("{} is not a single value", shown(value)));
        return None;
    };
    text.parse().map_err(|error| mistakes.add(path, error)).ok()
}

/// A scalar as text, as `CloudFormation` would hand it over.
#[must_use]
pub fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as a message repeats it: never longer than a line.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("a list of {}", elements.len()),
        Value::Object(members) => format!("an object of {} keys", members.len()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            format!("`{}`", cut(&scalar(value).unwrap_or(Cow::Borrowed("null"))))
        }
    }
}

/// The first 80 characters of `text`.
#[must_use]
pub fn cut(text: &str) -> String {
    cut_to(text, 80)
}

/// The first `most` characters of `text`.
#[must_use]
pub fn cut_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(name) => format!("is not a known key; did you mean `{name}`?"),
        None => format!("is not a known key; known are {}", known.join(", ")),
    }
}

/// The one of `known` that `word` is nearly written as, whatever the letter case.
#[must_use]
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.len() > 80 {
        return None;
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    let near =
        known.iter().map(|name| (distance(name), *name)).filter(|(distance, name)| *distance <= name.len().div_ceil(3));
    near.min().map(|(_, name)| name)
}

/// A value that is none of the words that are accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not accepted; use {accepted}")]
pub struct NotOneOf {
    value: String,
    accepted: String,
}

/// The one of `choices` that `text` names.
///
/// # Errors
/// `text` is none of them.
pub fn one_of<T: Clone>(text: &str, choices: &[(&str, T)]) -> Result<T, NotOneOf> {
    choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| choice.clone()).ok_or_else(|| NotOneOf {
        value: cut(text),
        accepted: choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or "),
    })
}

/// An enum whose members are written as words in declarations and events alike.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every word that is accepted.
            pub const WORDS: &'static [&'static str] = &[$(stringify!($variant)),+];

            /// The word that stands for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::input::NotOneOf;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::input::one_of(text, &[$((stringify!($variant), Self::$variant)),+])
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

/// A yes or no that may come as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag(pub bool);

impl FromStr for Flag {
    type Err = NotOneOf;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        one_of(text, &[("true", true), ("false", false)]).map(Self)
    }
}
