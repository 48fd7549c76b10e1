//! What does input do that nobody means well with?
//!
//! Cases by hand, and everything that fuzzing has found worth keeping, replayed; see docs/reliability.md, "Hostile input".

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod checks;
mod corpus;
mod words;

use serde_json::{Value, json};

/// A megabyte of letters of two bytes each: whoever cuts by bytes cuts one in half.
fn megabyte() -> String {
    "é".repeat(500_000)
}

/// `declaration` with `value` at `path`, such as `Timetable.Windows[0]`; what is not there on the way is made.
fn with(mut declaration: Value, path: &str, value: &Value) -> Value {
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let mut place = &mut declaration;
    for step in pointer.split('/').skip(1) {
        if let Ok(index) = step.parse::<usize>() {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let elements = place.as_array_mut().expect("a list");
            elements.resize(index + 1, Value::Null);
            place = &mut elements[index];
        } else {
            place = &mut place[step];
        }
    }
    *place = value.clone();
    declaration
}

/// A declaration with a timetable and an alias, and `more` keys.
fn commitment(more: &Value) -> Value {
    let mut declaration = json!({
        "Name": "support-agent", "ModelId": "amazon.nova-lite-v1:0:24k",
        "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}],
    });
    if let (Some(members), Some(more)) = (declaration.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    declaration
}
