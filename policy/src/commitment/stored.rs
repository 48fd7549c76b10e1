//! How is a declaration read back from a record?
//!
//! A newer release may have written keys that this one does not know. In a record they mean nothing here and stop nothing;
//! in what people write they are mistakes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{AliasId, Commitment, EXCEPTION_KEYS, NAMED_KEYS, TIMETABLE_KEYS, WINDOW_KEYS};
use crate::input::Mistakes;

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        drop_unknown(&mut value);
        let mut mistakes = Mistakes::default();
        let commitment = Self::read(&value, "", &mut mistakes);
        mistakes.or(commitment).map_err(serde::de::Error::custom)
    }
}

/// Drops every key that this release does not know.
fn drop_unknown(value: &mut Value) {
    keep_keys(value, NAMED_KEYS);
    for alias in value.get_mut("AgentAliases").and_then(Value::as_array_mut).into_iter().flatten() {
        keep_keys(alias, AliasId::KEYS);
    }
    let Some(timetable) = value.get_mut("Timetable") else { return };
    keep_keys(timetable, TIMETABLE_KEYS);
    for (list, keys) in [("Windows", WINDOW_KEYS), ("Exceptions", EXCEPTION_KEYS)] {
        for member in timetable.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            keep_keys(member, keys);
        }
    }
}

fn keep_keys(value: &mut Value, known: &[&str]) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|key, _| known.contains(&key.as_str()));
    }
}
