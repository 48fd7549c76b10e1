//! How is usage read from a file?
//!
//! Csv with the header `Start,InputTokens,OutputTokens,Invocations,Throttles`, or a JSON array of objects with these keys. An
//! empty field, a null and a key that is not there are unknown.

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::Timestamp;
use policy::advise::usage::{Counts, MOST, Row};
use policy::input::cut;
use serde_json::Value;

const START: &str = "Start";
const COUNTS: [&str; 4] = ["InputTokens", "OutputTokens", "Invocations", "Throttles"];
/// No file has a better reason to be longer: two years of minutes.
const MOST_ROWS: usize = 1_100_000;

/// Why a file is no usage.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// It has no rows.
    #[error("it has no rows; {HELP}")]
    Empty,
    /// It is no csv.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// It is no JSON, or has another form.
    #[error("{0}; {HELP}")]
    Json(String),
    /// A column has another name.
    #[error("`{0}` is not a column; {HELP}")]
    UnknownColumn(String),
    /// A column is not there, or twice.
    #[error("column {0} has to be there once; {HELP}")]
    Column(&'static str),
    /// A start is none.
    #[error("{place}: `{text}` is not a Start; use RFC 3339 with an offset, such as `2026-11-02T09:00:00+01:00`")]
    Start {
        /// Where.
        place: String,
        /// What stands there.
        text: String,
    },
    /// A number is none.
    #[error(
        "{place}: {column} `{text}` is not a count; use a whole number from 0 to {MOST}, or nothing if it is unknown"
    )]
    Count {
        /// Where.
        place: String,
        /// In which column.
        column: &'static str,
        /// What stands there.
        text: String,
    },
    /// There are too many.
    #[error("it has more than {MOST_ROWS} rows, which is more than two years of minutes")]
    TooLong,
}

const HELP: &str =
    "use the header `Start,InputTokens,OutputTokens,Invocations,Throttles`, or a JSON array of objects with these keys";

/// The rows of a file.
///
/// # Errors
/// See [`Mistake`].
pub fn rows(text: &str) -> Result<Vec<Row>, Mistake> {
    let rows = if text.trim_start().starts_with(['[', '{']) { json(text)? } else { csv(text)? };
    if rows.is_empty() { Err(Mistake::Empty) } else { Ok(rows) }
}

fn csv(text: &str) -> Result<Vec<Row>, Mistake> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    if let Some(unknown) = header.iter().find(|name| *name != START && !COUNTS.contains(name)) {
        return Err(Mistake::UnknownColumn(cut(unknown)));
    }
    let column = |name: &'static str| {
        let mut places = header.iter().enumerate().filter(|(_, known)| *known == name).map(|(index, _)| index);
        match (places.next(), places.next()) {
            (Some(index), None) => Ok(index),
            (None, _) | (Some(_), Some(_)) => Err(Mistake::Column(name)),
        }
    };
    let start = column(START)?;
    let mut counts = [0; 4];
    for (place, name) in counts.iter_mut().zip(COUNTS) {
        *place = column(name)?;
    }
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record)? {
        let place = || format!("line {}", record.position().map_or(0, csv::Position::line));
        let field = |index: usize| record.get(index).unwrap_or_default();
        let start = instant(field(start), &place)?;
        let mut numbers = [None; 4];
        for ((number, index), name) in numbers.iter_mut().zip(counts).zip(COUNTS) {
            *number = count(field(index), name, &place)?;
        }
        rows.push(row(start, numbers));
        if rows.len() > MOST_ROWS {
            return Err(Mistake::TooLong);
        }
    }
    Ok(rows)
}

fn json(text: &str) -> Result<Vec<Row>, Mistake> {
    let value: Value = serde_json::from_str(text).map_err(|error| Mistake::Json(error.to_string()))?;
    let Value::Array(items) = value else { return Err(Mistake::Json("it is not an array".to_owned())) };
    if items.len() > MOST_ROWS {
        return Err(Mistake::TooLong);
    }
    items.iter().enumerate().map(|(index, item)| object(index, item)).collect()
}

fn object(index: usize, item: &Value) -> Result<Row, Mistake> {
    let place = || format!("entry {}", index + 1);
    let Some(object) = item.as_object() else { return Err(Mistake::Json(format!("{} is not an object", place()))) };
    if let Some(unknown) = object.keys().find(|key| *key != START && !COUNTS.contains(&key.as_str())) {
        return Err(Mistake::UnknownColumn(cut(unknown)));
    }
    let start = object.get(START).ok_or(Mistake::Column(START))?;
    let start = instant(start.as_str().map_or_else(|| start.to_string(), str::to_owned).as_str(), &place)?;
    let mut numbers = [None; 4];
    for (number, name) in numbers.iter_mut().zip(COUNTS) {
        *number = match object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => count(text, name, &place)?,
            Some(other) => count(&other.to_string(), name, &place)?,
        };
    }
    Ok(row(start, numbers))
}

fn row(start: Timestamp, [input, output, invocations, throttles]: [Option<u64>; 4]) -> Row {
    let counts = Counts { input, output, invocations, throttles, cached: None, throttles_provisioned: 0 };
    Row { start, counts }
}

fn instant(text: &str, place: &impl Fn() -> String) -> Result<Timestamp, Mistake> {
    // The library takes more forms than RFC 3339, and years before any cloud.
    let is_plain = text.len() <= 35 && text.as_bytes().get(10).is_some_and(|sign| b"Tt ".contains(sign));
    let instant = is_plain.then(|| text.parse::<Timestamp>().ok()).flatten();
    instant.ok_or_else(|| Mistake::Start { place: place(), text: cut(text) })
}

/// A count; `CloudWatch`'s own exports write `123.0`.
fn count(text: &str, column: &'static str, place: &impl Fn() -> String) -> Result<Option<u64>, Mistake> {
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = (1..=13).contains(&whole.len())
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && !places.is_empty()
        && places.bytes().all(|byte| byte == b'0');
    let number = is_whole.then(|| whole.parse().ok()).flatten().filter(|number| *number <= MOST);
    let refused = || Mistake::Count { place: place(), column, text: cut(text) };
    number.map(Some).ok_or_else(refused)
}
