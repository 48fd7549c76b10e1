//! Does an item meet a condition?

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::attribute::{Item, compare, kind, parts};
use super::expression::{Condition, Operand, Path, Step};

/// What `path` leads to in `item`.
pub(crate) fn find<'a>(item: &'a Item, path: &[Step]) -> Option<&'a Value> {
    let (Step::Name(first), rest) = path.split_first()? else { return None };
    rest.iter().try_fold(item.get(first)?, |value, step| match step {
        Step::Name(name) => value["M"].get(name),
        Step::Index(index) => value["L"].get(index),
    })
}

/// What is left of `item` when only `paths` are asked for.
pub(crate) fn projected(item: &Item, paths: &[Path]) -> Item {
    let mut found = Item::new();
    for path in paths {
        let (Some(value), Some(Step::Name(first))) = (find(item, path), path.first()) else { continue };
        let inner = path[1..].iter().rev().fold(value.clone(), |inner, step| match step {
            Step::Name(name) => json!({"M": {name: inner}}),
            Step::Index(_) => json!({"L": [inner]}),
        });
        match found.get_mut(first) {
            Some(known) => merge(known, inner),
            None => {
                found.insert(first.clone(), inner);
            }
        }
    }
    found
}

fn merge(known: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (key, inner) in more {
        match (known.get_mut(&key), inner) {
            (Some(Value::Array(elements)), Value::Array(more)) => elements.extend(more),
            (Some(known), inner) => merge(known, inner),
            (None, inner) => known[key] = inner,
        }
    }
}

impl Condition {
    /// Returns true if `item`, which has no attributes where there is none, meets the condition.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(one, other) => one.holds(item) && other.holds(item),
            Self::Or(one, other) => one.holds(item) || other.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Group(inner) => inner.holds(item),
            Self::Exists(path) => find(item, path).is_some(),
            Self::NotExists(path) => find(item, path).is_none(),
            Self::IsOfType(path, wanted) => {
                let wanted = wanted.value(item);
                let wanted = wanted.as_ref().and_then(|wanted| wanted["S"].as_str());
                find(item, path).is_some_and(|found| Some(kind(found)) == wanted)
            }
            Self::Compare(left, sign, right) => compares(left.value(item), sign, right.value(item)),
            Self::Between(middle, low, high) => {
                compares(low.value(item), "<=", middle.value(item))
                    && compares(middle.value(item), "<=", high.value(item))
            }
            Self::In(one, among) => among.iter().any(|other| compares(one.value(item), "=", other.value(item))),
            Self::BeginsWith(held, part) => {
                let (held, part) = (held.value(item), part.value(item));
                texts(held.as_ref(), part.as_ref()).is_some_and(|(held, part)| held.starts_with(part))
            }
            Self::Contains(held, part) => {
                let (held, part) = (held.value(item), part.value(item));
                held.zip(part).is_some_and(|(held, part)| contains(&held, &part))
            }
        }
    }
}

impl Operand {
    fn value(&self, item: &Item) -> Option<Value> {
        match self {
            Self::Path(path) => find(item, path).cloned(),
            Self::Value(value) => Some(value.clone()),
            Self::Size(path) => {
                let (kind, held) = parts(find(item, path)?)?;
                let size = match held {
                    Value::String(text) if kind != "N" => text.chars().count(),
                    Value::Array(elements) => elements.len(),
                    Value::Object(members) => members.len(),
                    Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => return None,
                };
                Some(json!({"N": size.to_string()}))
            }
        }
    }
}

/// A value that is not there differs from every other.
fn compares(left: Option<Value>, sign: &str, right: Option<Value>) -> bool {
    let Some((left, right)) = left.zip(right) else { return sign == "<>" };
    match (sign, compare(&left, &right)) {
        ("=", _) => left == right,
        ("<>", _) => left != right,
        ("<", Some(order)) => order == Ordering::Less,
        ("<=", Some(order)) => order != Ordering::Greater,
        (">", Some(order)) => order == Ordering::Greater,
        (">=", Some(order)) => order != Ordering::Less,
        _ => false,
    }
}

fn texts<'a>(held: Option<&'a Value>, part: Option<&'a Value>) -> Option<(&'a str, &'a str)> {
    held?["S"].as_str().zip(part?["S"].as_str())
}

fn contains(held: &Value, part: &Value) -> bool {
    let (Some((kind, held_value)), Some((part_kind, part_value))) = (parts(held), parts(part)) else { return false };
    match (kind, held_value) {
        ("S", _) => texts(Some(held), Some(part)).is_some_and(|(held, part)| held.contains(part)),
        ("L", Value::Array(elements)) => elements.contains(part),
        (_, Value::Array(elements)) => kind.strip_suffix('S') == Some(part_kind) && elements.contains(part_value),
        _ => false,
    }
}
