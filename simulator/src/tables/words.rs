//! How does an expression split into words, and what do its placeholders stand for?

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::attribute::checked;
use crate::api::Refusal;

/// The words that no attribute may be called by in an expression, as AWS lists them.
const RESERVED: &str = include_str!("reserved_words.txt");

/// A word of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// A name, a keyword or a function.
    Name(String),
    /// `#name`
    NamePlaceholder(String),
    /// `:value`
    ValuePlaceholder(String),
    /// An index into a list.
    Index(usize),
    /// Anything else.
    Sign(&'static str),
}

const SIGNS: [&str; 15] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "[", "]", "+", "-", "/"];

/// The words of an expression.
pub(crate) fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let of_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
        let length = |from: usize| from + rest[from..].chars().take_while(|sign| of_name(*sign)).count();
        let (word, taken) = if first.is_ascii_alphabetic() {
            (Word::Name(rest[..length(0)].to_owned()), length(0))
        } else if first == '#' && length(1) > 1 {
            (Word::NamePlaceholder(rest[..length(1)].to_owned()), length(1))
        } else if first == ':' && length(1) > 1 {
            (Word::ValuePlaceholder(rest[..length(1)].to_owned()), length(1))
        } else if first.is_ascii_digit() {
            let taken = rest.chars().take_while(char::is_ascii_digit).count();
            (Word::Index(rest[..taken].parse().map_err(|_| syntax(rest, text))?), taken)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or_else(|| syntax(rest, text))?;
            (Word::Sign(sign), sign.len())
        };
        found.push(word);
        rest = rest[taken..].trim_start();
    }
    if found.is_empty() { Err("The expression can not be empty;".to_owned()) } else { Ok(found) }
}

fn syntax(rest: &str, near: &str) -> String {
    let token: String = rest.chars().take(1).collect();
    format!("Syntax error; token: \"{token}\", near: \"{near}\"")
}

/// The placeholders of a request, and which of them its expressions have used.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    used: RefCell<BTreeSet<String>>,
}

impl Placeholders {
    /// Those of `body`, which has an expression or has not.
    pub(crate) fn of(body: &Value, has_expression: bool) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for (key, sign) in [("ExpressionAttributeNames", '#'), ("ExpressionAttributeValues", ':')] {
            let Some(members) = body[key].as_object() else { continue };
            if !has_expression {
                return Err(Refusal::malformed(format!("{key} can only be specified when using expressions")));
            }
            if members.is_empty() {
                return Err(Refusal::malformed(format!("{key} must not be empty")));
            }
            for (name, held) in members {
                if !name.starts_with(sign) || name.len() < 2 {
                    let message = format!("{key} contains invalid key: Syntax error; key: \"{name}\"");
                    return Err(Refusal::malformed(message));
                }
                if sign == '#' {
                    let held = held.as_str().filter(|held| !held.is_empty());
                    let held = held.ok_or_else(|| Refusal::malformed(format!("{key} has an empty name")))?;
                    found.names.insert(name.clone(), held.to_owned());
                } else {
                    found.values.insert(name.clone(), checked(held)?);
                }
            }
        }
        Ok(found)
    }

    /// The attribute that a word names.
    pub(crate) fn name(&self, word: &Word) -> Result<String, String> {
        match word {
            Word::Name(name) if RESERVED.lines().any(|reserved| reserved.eq_ignore_ascii_case(name)) => {
                Err(format!("Attribute name is a reserved keyword; reserved keyword: {name}"))
            }
            Word::Name(name) => Ok(name.clone()),
            Word::NamePlaceholder(key) => {
                self.used.borrow_mut().insert(key.clone());
                let what = "An expression attribute name used in the document path is not defined; attribute name: ";
                self.names.get(key).cloned().ok_or_else(|| format!("{what}{key}"))
            }
            Word::ValuePlaceholder(_) | Word::Index(_) | Word::Sign(_) => Err(format!("{word:?} names no attribute")),
        }
    }

    /// The value that `key` stands for.
    pub(crate) fn value(&self, key: &str) -> Result<Value, String> {
        self.used.borrow_mut().insert(key.to_owned());
        let what = "An expression attribute value used in expression is not defined; attribute value: ";
        self.values.get(key).cloned().ok_or_else(|| format!("{what}{key}"))
    }

    /// Refuses placeholders that no expression has used.
    pub(crate) fn all_used(&self) -> Result<(), Refusal> {
        let used = self.used.borrow();
        let unused = |keys: Vec<&String>| keys.into_iter().filter(|key| !used.contains(*key)).cloned().collect();
        let names: Vec<String> = unused(self.names.keys().collect());
        let values: Vec<String> = unused(self.values.keys().collect());
        for (kind, keys) in [("Names", names), ("Values", values)] {
            if !keys.is_empty() {
                let keys = keys.join(", ");
                let message =
                    format!("Value provided in ExpressionAttribute{kind} unused in expressions: keys: {{{keys}}}");
                return Err(Refusal::malformed(message));
            }
        }
        Ok(())
    }
}
