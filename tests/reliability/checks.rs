//! Was anything lost, paid for in vain, or left behind?

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use rehearsal::{AGENT, ALIAS, TABLE};
use serde_json::{Value, json};
use simulator::{Simulator, Throughput};

use super::stories::PARAMETER;
use super::{OTHER_ALIAS, Scene, TICK};

/// The drain of every story.
pub(crate) const DRAIN: SignedDuration = SignedDuration::from_mins(1);
/// What in a declaration depends on when it came and how often it was written.
const PASSING: [&str; 13] = [
    "At",
    "Changed",
    "Changes",
    "Dates",
    "Invocations",
    "Newest",
    "Owed",
    "Registered",
    "RequestId",
    "Since",
    "Until",
    "Version",
    "Write",
];

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Result {
    /// What is there: throughputs, aliases, records.
    pub(crate) state: Value,
    /// By request, the statuses that `CloudFormation` heard, the first one first; each once.
    pub(crate) told: BTreeMap<String, Vec<String>>,
}

impl Scene {
    /// What is there now, and what was told since the beginning.
    pub(crate) fn result(&self) -> Result {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for put in self.stack.sink.puts() {
            let status = put.body["Status"].as_str().unwrap_or_default().to_owned();
            let statuses = told.entry(put.request).or_default();
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        Result { state: state(&self.sim), told }
    }

    /// Unit-hours paid from the beginning until `horizon`, as if what is there now stayed until then.
    pub(crate) fn paid(&self, horizon: Timestamp) -> f64 {
        let paid = |one: &Throughput| {
            let until = one.deleted.unwrap_or(horizon).min(horizon);
            until.duration_since(one.created).as_secs_f64() / 3600.0 * f64::from(one.units)
        };
        self.sim.history().iter().filter(|one| one.status != "Failed").map(paid).sum()
    }
}

/// One tick and one drain of the most units of any story, in unit-hours.
pub(crate) fn tolerance() -> f64 {
    (TICK + DRAIN).as_secs_f64() / 3600.0 * 3.0 + 1e-6
}

fn state(sim: &Simulator) -> Value {
    let throughputs = sim.throughputs();
    let name =
        |arn: &String| throughputs.iter().find(|one| one.arn == *arn).map_or(arn.clone(), |one| one.name.clone());
    let alias = |id: &str| {
        let alias = sim.alias(AGENT, id);
        json!({
            "Name": alias.name,
            "Description": alias.description,
            "Version": alias.version,
            "Route": alias.route.as_ref().map(&name),
            "Status": alias.status,
            "Invocations": alias.invocation_state,
        })
    };
    let mut there: Vec<Value> = throughputs
        .iter()
        .map(|one| json!([one.name, one.units, one.status, one.term, one.model_arn, one.tags]))
        .collect();
    there.sort_by_key(ToString::to_string);
    let schedules: BTreeSet<String> = sim.schedules().into_iter().map(|schedule| schedule.name).collect();
    // A tombstone matters to what comes later alone.
    let items = sim.items(TABLE).into_iter().filter(|(key, _)| !key.starts_with("tombstone/"));
    let mut table: BTreeMap<String, Value> = items.map(|(key, item)| (key.clone(), lasting(&key, item))).collect();
    // Before the first purchase there is none.
    table.entry("ledger".to_owned()).or_insert(json!(0));
    let parameter = sim.parameter(PARAMETER).map(|one| json!([name(&one.value), one.kind]));
    json!({
        "Throughputs": there,
        "Aliases": [alias(ALIAS), alias(OTHER_ALIAS)],
        "Parameter": parameter,
        "Schedules": schedules,
        "Table": table,
    })
}

/// What of an item of the table does not depend on the way that led there.
fn lasting(key: &str, mut item: Value) -> Value {
    match key.split('/').next() {
        Some("commitment") => {
            let names = |part: &Value| -> BTreeSet<String> {
                let held = part.as_object().into_iter().flat_map(|held| held.values());
                held.filter_map(|held| held["Name"].as_str().map(str::to_owned)).collect()
            };
            let held = names(&item["Progress"]["Throughputs"]);
            json!({ "Declared": without_passing(item["Declared"].take()), "Held": held })
        }
        Some("target") => item["Commitment"].take(),
        Some("ledger") => item["Sum"].take(),
        // The item `deployment` never changes.
        Some(_) | None => Value::Null,
    }
}

fn without_passing(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|key, _| !PASSING.contains(&key.as_str()));
            for member in members.values_mut() {
                *member = without_passing(member.take());
            }
        }
        Value::Array(elements) => {
            for element in elements {
                *element = without_passing(element.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

/// What `other` has in place of `one`, for a message: the innermost members that differ.
pub(crate) fn difference(one: &Value, other: &Value) -> String {
    match (one, other) {
        _ if one == other => String::new(),
        (Value::Object(ones), Value::Object(others)) => {
            let keys: BTreeSet<&String> = ones.keys().chain(others.keys()).collect();
            let parts = keys.into_iter().map(|key| {
                let (one, other) = (ones.get(key).unwrap_or(&Value::Null), others.get(key).unwrap_or(&Value::Null));
                let inside = difference(one, other);
                if inside.is_empty() { inside } else { format!("{key}: {inside}") }
            });
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
        }
        (one, other) => format!("{other} in place of {one}"),
    }
}

/// Stops with all that went wrong, or with what was run.
pub(crate) fn judge(what: &str, points: usize, played: usize, wrong: &[String]) {
    println!("{points} points, {played} of them played to their end: {what}");
    let shown: Vec<&str> = wrong.iter().take(12).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{what}: {} of {points} points went wrong:\n{}", wrong.len(), shown.join("\n"));
}
