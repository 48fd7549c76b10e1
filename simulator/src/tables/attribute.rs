//! What may an attribute hold, how large is it, and how do two compare?
//!
//! A value is kept as the protocol has it, `{"S": "text"}`, and was checked once when it came in.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value, json};

use crate::api::Refusal;

/// An item: its attributes by name, each as the protocol has it.
pub(crate) type Item = Map<String, Value>;

/// Most bytes of an item.
pub(crate) const MOST_BYTES: usize = 400 * 1024;
const MOST_LEVELS: usize = 32;
const MOST_DIGITS: usize = 38;

/// The type of a value and what it holds, `("S", "text")`.
pub(crate) fn parts(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next().map(|(kind, held)| (kind.as_str(), held))
}

pub(crate) fn kind(value: &Value) -> &str {
    parts(value).map_or("", |(kind, _)| kind)
}

/// A value with its numbers and sets in the one form that they have, or why it is none.
pub(crate) fn checked(value: &Value) -> Result<Value, Refusal> {
    checked_at(value, 1)
}

fn checked_at(value: &Value, level: usize) -> Result<Value, Refusal> {
    if level > MOST_LEVELS {
        return Err(Refusal::malformed("Nesting Levels have exceeded supported limits"));
    }
    let Some((kind, held)) = parts(value) else {
        let message = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
        return Err(Refusal::malformed(message));
    };
    let wrong = || Refusal::malformed(format!("Supplied AttributeValue is no {kind}: {held}"));
    let held = match kind {
        "S" | "B" => held.as_str().map(|text| json!(text)).ok_or_else(wrong)?,
        "N" => json!(number(held.as_str().ok_or_else(wrong)?)?),
        "BOOL" => held.as_bool().map(|truth| json!(truth)).ok_or_else(wrong)?,
        "NULL" => held.as_bool().filter(|truth| *truth).map(|truth| json!(truth)).ok_or_else(wrong)?,
        "L" => {
            let elements = held.as_array().ok_or_else(wrong)?;
            Value::Array(elements.iter().map(|one| checked_at(one, level + 1)).collect::<Result<_, _>>()?)
        }
        "M" => {
            let members = held.as_object().ok_or_else(wrong)?;
            let checked = members.iter().map(|(key, one)| Ok((key.clone(), checked_at(one, level + 1)?)));
            Value::Object(checked.collect::<Result<_, Refusal>>()?)
        }
        "SS" | "NS" | "BS" => set(kind, held.as_array().ok_or_else(wrong)?)?,
        _ => return Err(wrong()),
    };
    Ok(json!({kind: held}))
}

fn set(kind: &str, elements: &[Value]) -> Result<Value, Refusal> {
    let text = |one: &Value| -> Result<String, Refusal> {
        let text = one.as_str().ok_or_else(|| Refusal::malformed(format!("{one} is no element of a {kind}")))?;
        if kind == "NS" { number(text) } else { Ok(text.to_owned()) }
    };
    let mut found: Vec<String> = elements.iter().map(text).collect::<Result<_, _>>()?;
    found.sort();
    let count = found.len();
    found.dedup();
    if count == 0 || found.len() != count {
        let what = if count == 0 { "An string set  may not be empty" } else { "Input collection contains duplicates" };
        return Err(Refusal::malformed(format!("One or more parameter values were invalid: {what}")));
    }
    Ok(json!(found))
}

/// A number in the form in which it is given back.
pub(crate) fn number(text: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::malformed("The parameter cannot be converted to a numeric value");
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits > MOST_DIGITS {
        let message = "Attempting to store more than 38 significant digits in a Number";
        return Err(Refusal::malformed(message));
    }
    if let Ok(whole) = text.parse::<i128>() {
        return Ok(whole.to_string());
    }
    let legal = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let real: f64 = text.bytes().all(legal).then(|| text.parse().ok()).flatten().ok_or_else(wrong)?;
    Ok(real.to_string())
}

/// The sum or the difference of two numbers.
pub(crate) fn sum(one: &str, other: &str, minus: bool) -> Result<String, Refusal> {
    let whole = |text: &str| text.parse::<i128>().ok();
    if let Some((one, other)) = whole(one).zip(whole(other)) {
        return number(&(if minus { one - other } else { one + other }).to_string());
    }
    let (one, other) = (real(one), real(other));
    number(&(if minus { one - other } else { one + other }).to_string())
}

fn real(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// How two values of one type that has an order compare.
pub(crate) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    let ((kind, one), (other_kind, other)) = (parts(one)?, parts(other)?);
    let (one, other) = (one.as_str()?, other.as_str()?);
    if kind != other_kind {
        return None;
    }
    if kind != "N" {
        return Some(one.cmp(other));
    }
    match (one.parse::<i128>(), other.parse::<i128>()) {
        (Ok(one), Ok(other)) => Some(one.cmp(&other)),
        _ => real(one).partial_cmp(&real(other)),
    }
}

/// The bytes that an item counts as.
pub(crate) fn size_of_item(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

fn size(value: &Value) -> usize {
    let Some((kind, held)) = parts(value) else { return 0 };
    let text = held.as_str().map_or(0, str::len);
    match (kind, held) {
        ("N", _) => text.div_ceil(2) + 1,
        ("L", Value::Array(elements)) => 3 + elements.iter().map(|one| 1 + size(one)).sum::<usize>(),
        ("M", Value::Object(members)) => 3 + members.iter().map(|(key, one)| 1 + key.len() + size(one)).sum::<usize>(),
        (_, Value::Array(elements)) => elements.iter().filter_map(Value::as_str).map(str::len).sum(),
        ("BOOL" | "NULL", _) => 1,
        _ => text,
    }
}

/// An item as plain JSON.
pub(crate) fn plain_item(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
}

fn plain(value: &Value) -> Value {
    let Some((kind, held)) = parts(value) else { return Value::Null };
    match (kind, held) {
        ("N", Value::String(text)) => plain_number(text),
        ("NS", Value::Array(elements)) => elements.iter().filter_map(Value::as_str).map(plain_number).collect(),
        ("L", Value::Array(elements)) => elements.iter().map(plain).collect(),
        ("M", Value::Object(members)) => plain_item(members),
        ("NULL", _) => Value::Null,
        _ => held.clone(),
    }
}

fn plain_number(text: &str) -> Value {
    let whole = text.parse::<i64>().map(Number::from).ok().or_else(|| text.parse::<u64>().map(Number::from).ok());
    whole.or_else(|| Number::from_f64(real(text))).map_or(Value::Null, Value::Number)
}

/// Plain JSON as an attribute.
pub(crate) fn typed(plain: &Value) -> Value {
    match plain {
        Value::Null => json!({"NULL": true}),
        Value::Bool(truth) => json!({"BOOL": truth}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(elements) => json!({"L": elements.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(members) => json!({"M": typed_item(members)}),
    }
}

pub(crate) fn typed_item(members: &Map<String, Value>) -> Item {
    members.iter().map(|(name, value)| (name.clone(), typed(value))).collect()
}
