//! What does input do that nobody means well with?
//!
//! The whole function on hostile events; policy/tests/hostile/ has what reads them. See docs/reliability.md, "Hostile input".

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod deliveries;
mod growth;

use serde_json::Value;

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
