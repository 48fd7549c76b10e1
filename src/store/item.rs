//! How does a record look in the table?
//!
//! Plain attributes, as everybody can read them: `Format`, `Declared`, `Progress` and `Lease`.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use policy::commitment::Commitment;
use policy::input::Mistakes;
use policy::observed::{CallError, CallErrorKind};
use policy::record::{Declared, FORMAT, Lease, Progress, Record, carry_unknown};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{from_item, to_attribute_value};
use serde_json::{Value, json};

use super::Stored;

/// An item, as DynamoDB's API has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The item that says to which deployment the table belongs.
pub(super) const DEPLOYMENT_KEY: &str = "deployment";
/// The item that counts the model units of all commitments.
pub(super) const LEDGER_KEY: &str = "ledger";
/// The attribute of the ledger that is the sum of all others.
pub(super) const LEDGER_SUM: &str = "Sum";
/// The partition key.
pub(super) const KEY: &str = "Key";
/// Where the keys of commitments begin.
pub(super) const COMMITMENT_PREFIX: &str = "commitment/";
/// The code of the error that an item cannot be read.
const UNREADABLE: &str = "UnreadableRecord";

pub(super) fn commitment_key(name: &str) -> String {
    format!("{COMMITMENT_PREFIX}{name}")
}

pub(super) fn tombstone_key(name: &str) -> String {
    format!("tombstone/{name}")
}

/// The key of one item.
pub(super) fn key(key: &str) -> Item {
    HashMap::from([(KEY.to_owned(), text(key))])
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

/// The name of the commitment that `item` holds.
pub(super) fn name_of(item: &Item) -> String {
    let key = item.get(KEY).and_then(|key| key.as_s().ok()).map(String::as_str).unwrap_or_default();
    key.strip_prefix(COMMITMENT_PREFIX).unwrap_or(key).to_owned()
}

fn unreadable(cannot: &str, error: impl Display) -> CallError {
    let message = policy::input::cut_to(&format!("{error}"), 500);
    CallError { cannot: cannot.to_owned(), kind: CallErrorKind::Refused, code: UNREADABLE.to_owned(), message }
}

/// Reads an item; keys that are not known mean nothing.
pub(super) fn read<T: DeserializeOwned>(item: Item, cannot: &str) -> Result<T, CallError> {
    from_item(item).map_err(|error| unreadable(cannot, error))
}

/// Reads the record that `item` holds.
pub(super) fn read_record(item: Item, cannot: &str) -> Result<Stored, CallError> {
    let name = name_of(&item);
    let raw: Value = read(item, cannot)?;
    let format = raw["Format"].as_u64().and_then(|format| u32::try_from(format).ok()).unwrap_or(u32::MAX);
    let newer = format > FORMAT;
    let declared = serde_json::from_value::<Declared>(raw["Declared"].clone());
    let declared = match declared {
        Err(_) if newer => least_of(&name, &raw["Declared"]).ok_or_else(|| {
            unreadable(cannot, format!("a newer release wrote it, in format {format}; deploy that release again"))
        })?,
        declared => declared.map_err(|error| unreadable(cannot, error))?,
    };
    let progress = match serde_json::from_value::<Progress>(raw["Progress"].clone()) {
        Err(_) if newer => {
            Progress { version: raw["Progress"]["Version"].as_u64().unwrap_or_default(), ..Progress::default() }
        }
        progress => progress.map_err(|error| unreadable(cannot, error))?,
    };
    let lease: Option<Lease> = serde_json::from_value(raw["Lease"].clone()).ok().flatten();
    Ok(Stored { record: Record { format, declared, progress, lease }, raw })
}

/// As much of a declaration as letting it go needs, where a newer release wrote it in a way that this one cannot read.
fn least_of(name: &str, declared: &Value) -> Option<Declared> {
    let commitment = &declared["Commitment"];
    let mut least = json!({ "Name": name });
    for key in ["ModelId", "AgentAliases", "OnDemandModelId", "ModelIdParameter"] {
        least[key] = commitment[key].clone();
    }
    let commitment = Commitment::read(&least, "", &mut Mistakes::default())?;
    let mut known = Declared::new(commitment, jiff::Timestamp::UNIX_EPOCH);
    known.version = declared["Version"].as_u64().unwrap_or_default();
    known.leaving = serde_json::from_value(declared["Leaving"].clone()).unwrap_or_default();
    Some(known)
}

/// A part of a record as it is to be written: with a fresh id, and with the keys of `raw` that this release does not know.
pub(super) fn part<T: Serialize + DeserializeOwned>(
    new: &T,
    raw: &Value,
    id: &str,
) -> Result<AttributeValue, CallError> {
    let mut value = serde_json::to_value(new).map_err(|error| unreadable("write a record", error))?;
    if let Ok(known) = serde_json::from_value::<T>(raw.clone())
        && let Ok(known) = serde_json::to_value(known)
    {
        carry_unknown(raw, &known, &mut value);
    }
    value["Write"] = json!(id);
    attribute(&value)
}

/// Anything as an attribute.
pub(super) fn attribute<T: Serialize>(value: &T) -> Result<AttributeValue, CallError> {
    to_attribute_value(value).map_err(|error| unreadable("write a record", error))
}

/// A text inside `item`: `Declared.Write`, for example.
pub(super) fn text_in<'i>(item: &'i Item, path: &[&str]) -> Option<&'i str> {
    let (last, maps) = path.split_last()?;
    let mut map = item;
    for name in maps {
        map = map.get(*name)?.as_m().ok()?;
    }
    map.get(*last)?.as_s().ok().map(String::as_str)
}

/// A number inside `item`.
pub(super) fn number_in(item: &Item, path: &[&str]) -> Option<u64> {
    let (last, maps) = path.split_last()?;
    let mut map = item;
    for name in maps {
        map = map.get(*name)?.as_m().ok()?;
    }
    map.get(*last)?.as_n().ok()?.parse().ok()
}
