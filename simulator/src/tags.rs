//! Tags of throughputs: who may change which, and when a change shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::{Account, Throughput, plus};
use crate::api::{Call, Refusal, only};
use crate::visibility::Read;

impl Account {
    pub(crate) fn list_tags(&self, call: &Call) -> Result<Value, Refusal> {
        let arn = call.text("resourceARN")?;
        let one = self.shown(arn, Read::Tags).ok_or_else(|| Refusal::not_found(arn))?;
        let is_late = |at| self.now < plus(at, self.knobs.lag.tags_after_change);
        let tags = if one.tags_changed.is_some_and(is_late) { &one.tags_before } else { &one.tags };
        let is_new = self.now < plus(one.created, self.knobs.lag.tags_after_create);
        let tags = tags.iter().filter(|_| !is_new).map(|(key, value)| json!({"key": key, "value": value}));
        Ok(json!({"tags": tags.collect::<Vec<_>>()}))
    }

    pub(crate) fn tag(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["resourceARN", "tags"])?;
        let tags = tags_of(&call.body["tags"])?;
        not_of_aws(tags.keys().map(String::as_str))?;
        let index = self.tagged(call)?;
        self.change_tags(index, |held| held.extend(tags));
        Ok(json!({}))
    }

    pub(crate) fn untag(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["resourceARN", "tagKeys"])?;
        let keys = call.body["tagKeys"].as_array().cloned().unwrap_or_default();
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        not_of_aws(keys.iter().copied())?;
        let arn = call.text("resourceARN")?;
        let bears = |one: &Throughput| keys.iter().any(|key| one.tags.contains_key(*key));
        // What is taken off twice, because the first answer was lost, touches nothing.
        if self.find(arn).is_some_and(|index| !bears(&self.throughputs[index])) {
            return Ok(json!({}));
        }
        let index = self.tagged(call)?;
        self.change_tags(index, |held| held.retain(|key, _| !keys.contains(&key.as_str())));
        Ok(json!({}))
    }

    /// Changes the tags of a throughput; a read that is late sees them as they were.
    pub(crate) fn change_tags(&mut self, index: usize, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let now = self.now;
        let one = &mut self.throughputs[index];
        one.tags_before.clone_from(&one.tags);
        one.tags_changed = Some(now);
        change(&mut one.tags);
    }

    fn tagged(&mut self, call: &Call) -> Result<usize, Refusal> {
        let arn = call.text("resourceARN")?;
        let index = self.find(arn).ok_or_else(|| Refusal::not_found(arn))?;
        let one = &self.throughputs[index];
        if !self.is_ours(one) {
            let name = one.name.clone();
            self.violated(format!("{name} is tagged and not ours"));
        }
        Ok(index)
    }
}

/// Refuses keys that AWS keeps for itself.
fn not_of_aws<'a>(mut keys: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    match keys.find(|key| key.to_lowercase().starts_with("aws:")) {
        None => Ok(()),
        Some(key) => {
            Err(Refusal::validation(format!("aws: prefixed tag key names are not allowed for external use: {key}")))
        }
    }
}

/// Reads tags as a request has them.
pub(crate) fn tags_of(value: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let tags = value.as_array().cloned().unwrap_or_default();
    let read = tags.iter().map(|tag| {
        only(tag, &["key", "value"])?;
        let pair = tag["key"].as_str().zip(tag["value"].as_str());
        let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Refusal::malformed("a tag needs a key and a value"))
    });
    let read: BTreeMap<_, _> = read.collect::<Result<_, _>>()?;
    if read.len() > 50 { Err(Refusal::validation("at most 50 tags")) } else { Ok(read) }
}
