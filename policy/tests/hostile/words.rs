//! What is told of hostile values: the key and its path, the value but not all of it, and what would be accepted.

use policy::commitment::Commitment;
use policy::event;
use policy::input::{Mistake, Mistakes};
use policy::record::Declared;
use serde_json::{Value, json};

use super::checks::{self, LONGEST_MISTAKE, LONGEST_TEXT};
use super::{commitment, megabyte, with};

/// Every place in a declaration that holds one value.
const SCALARS: [&str; 23] = [
    "Name",
    "ModelId",
    "ModelUnits",
    "CommitmentDuration",
    "AtTermEnd",
    "AgentAliases[0].AgentId",
    "AgentAliases[0].AgentAliasId",
    "Timetable.Timezone",
    "Timetable.Windows[0]",
    "Timetable.Windows[0].Window",
    "Timetable.Windows[0].ModelUnits",
    "Timetable.Holidays[0]",
    "Timetable.Exceptions[0].Window",
    "Timetable.Exceptions[0].State",
    "Timetable.Exceptions[0].ModelUnits",
    "LeadTime",
    "Drain",
    "WhenOff",
    "WaitFor",
    "OnDelete",
    "OnDemandModelId",
    "TakeOver",
    "PricePerUnitHour",
];

fn mistakes(declaration: &Value) -> Mistakes {
    let event = json!({"Action": "Apply", "Commitment": declaration});
    event::read(event).expect_err("it is refused")
}

/// What is told of `path` in `declaration`; all of it is bounded.
fn told(declaration: &Value, path: &str) -> String {
    let mistakes = mistakes(declaration);
    assert!(mistakes.to_string().len() <= LONGEST_TEXT, "{} bytes", mistakes.to_string().len());
    let Mistakes(each) = mistakes;
    for Mistake { path, message } in &each {
        assert!(path.len() + message.len() <= LONGEST_MISTAKE, "{path}: {} bytes", message.len());
    }
    let path = format!("Commitment.{path}");
    let found = each.into_iter().find(|mistake| mistake.path == path);
    found.map_or_else(|| panic!("nothing is told of {path}"), |mistake| mistake.message)
}

#[test]
fn a_value_of_a_megabyte_is_named_by_its_key_and_repeated_in_part() {
    for path in SCALARS {
        let message = told(&with(commitment(&json!({})), path, &json!(megabyte())), path);
        assert!(message.contains("`ééé"), "{path}: {message}");
        assert!(!message.contains(&"é".repeat(100)), "{path}: {message}");
    }
}

#[test]
fn what_is_no_single_value_is_named_by_its_key() {
    for path in SCALARS {
        for value in [json!([]), json!([[[[]]]]), json!({"": {"": {}}}), json!([{"a": [megabyte()]}])] {
            let path =
                if value.is_object() && path == "Timetable.Windows[0]" { "Timetable.Windows[0].Window" } else { path };
            let message = told(&with(commitment(&json!({})), path, &value), path);
            assert!(message.contains("is not a single value"), "{path}: {message}");
        }
    }
    for (path, said) in [
        ("AgentAliases", "is not a list"),
        ("AgentAliases[0]", "is not an object with the keys AgentId, AgentAliasId"),
        ("Timetable", "is not an object with the keys Timezone"),
        ("Timetable.Windows", "is not a list"),
        ("Timetable.Holidays", "is not a list"),
        ("Timetable.Exceptions", "is not a list"),
        ("Timetable.Exceptions[0]", "is not an object with the keys Window"),
        ("Tags", "is not an object of tag keys and values"),
    ] {
        let message = told(&with(commitment(&json!({})), path, &json!(megabyte())), path);
        assert!(message.contains(said) && message.contains("`ééé"), "{path}: {message}");
    }
}

#[test]
fn signs_that_no_value_has_are_refused_whatever_the_key() {
    for path in SCALARS {
        for text in ["\0", "a\0b", "\u{202e}", "\u{feff}Mon", "´", "\u{7f}", "\r\n"] {
            let message = told(&with(commitment(&json!({})), path, &json!(text)), path);
            let (whole, trimmed) = (format!("`{text}`"), format!("`{}`", text.trim()));
            assert!(message.contains(&whole) || message.contains(&trimmed), "{path}: {message}");
        }
    }
    let message = told(&with(commitment(&json!({})), "Tags.team", &json!("a\0b")), "Tags.team");
    assert!(message.contains("is not a tag value"), "{message}");
    let message = told(&commitment(&json!({"Tags": {"a\0b": "x"}})), "Tags.a\0b");
    assert!(message.contains("is not a tag key"), "{message}");
}

#[test]
fn numbers_that_nothing_can_hold_are_refused() {
    let read = |text: &str| serde_json::from_str::<Value>(text).map(|_| ()).map_err(|error| error.to_string());
    assert!(read(r#"{"Action": "Plan", "ModelUnits": 1e999}"#).is_err_and(|error| error.contains("out of range")));
    for (path, value) in [
        ("ModelUnits", json!("1e999")),
        ("ModelUnits", json!(1e300)),
        ("ModelUnits", json!(-1)),
        ("ModelUnits", json!(2_147_483_648_u32)),
        ("ModelUnits", json!("99999999999999999999999999")),
        ("PricePerUnitHour", json!("1e999")),
        ("PricePerUnitHour", json!("NaN")),
        ("PricePerUnitHour", json!("-0")),
        ("LeadTime", json!("99999999999999999999h")),
        ("LeadTime", json!("PT99999999999999999999H")),
        ("Drain", json!("168h1s")),
        ("Drain", json!("-1m")),
        ("Drain", json!(1e300)),
    ] {
        let message = told(&with(commitment(&json!({})), path, &value), path);
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert!(message.contains(&shown), "{path}: {message}");
    }
}

#[test]
fn lists_of_ten_thousand_are_refused_by_their_number() {
    let long = |element: Value| Value::Array(vec![element; 10_000]);
    let exception = json!({"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On"});
    for (path, list, most) in [
        ("Timetable.Windows", long(json!("Daily 08:00-20:00")), 100),
        ("Timetable.Holidays", long(json!("2026-12-29")), 400),
        ("Timetable.Exceptions", long(exception), 100),
        ("AgentAliases", long(json!({"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"})), 40),
    ] {
        let message = told(&with(commitment(&json!({})), path, &list), path);
        assert_eq!(message, format!("has 10000 elements; at most {most} are accepted"), "{path}");
    }
    let tags: serde_json::Map<String, Value> = (0..10_000).map(|number| (number.to_string(), json!("x"))).collect();
    let message = told(&commitment(&json!({ "Tags": tags })), "Tags");
    assert_eq!(message, "has 10000 tags; at most 48 are accepted");
}

#[test]
fn of_more_mistakes_than_anybody_mends_the_first_are_told() {
    let mut declaration = commitment(&json!({}));
    for number in 0..10_000 {
        declaration[format!("Modelunits{number}")] = json!(1);
    }
    let all = mistakes(&declaration);
    assert!(all.0.len() <= 60 && all.0[0].path == "Commitment.Modelunits0", "{} mistakes", all.0.len());
    let text = all.to_string();
    assert!(text.len() <= LONGEST_TEXT && text.ends_with("; and more"), "{text}");
    let windows = vec![json!("é".repeat(10_000)); 100];
    let text = mistakes(&with(commitment(&json!({})), "Timetable.Windows", &json!(windows))).to_string();
    assert!(text.contains("Commitment.Timetable.Windows[0]") && text.len() <= LONGEST_TEXT, "{text}");
}

#[test]
fn keys_of_a_megabyte_and_of_nothing_are_named_all_the_same() {
    let mut declaration = commitment(&json!({}));
    declaration[megabyte()] = json!(1);
    let path = format!("{}…", "é".repeat(80));
    assert!(told(&declaration, &path).contains("is not a known key"));
    assert!(told(&commitment(&json!({"": 1})), "\"\"").contains("is not a known key"));
    let Mistakes(each) = event::read(json!({"Action": "Status", "": 1})).expect_err("it is refused");
    assert_eq!(each[0].path, "\"\"", "{each:?}");
}

#[test]
fn nesting_that_no_stack_holds_is_refused_before_anything_reads_it() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep =
            format!("{{\"Action\": \"Apply\", \"Commitment\": {}1{}}}", open.repeat(10_000), close.repeat(10_000));
        let error = serde_json::from_str::<Value>(&deep).map(|_| ()).expect_err("it is too deep");
        assert!(error.to_string().contains("recursion limit"), "{error}");
        checks::event(deep.as_bytes());
        checks::request(deep.as_bytes());
        let most = format!("{{\"Action\": \"Apply\", \"Commitment\": {}1{}}}", open.repeat(120), close.repeat(120));
        let event = serde_json::from_str(&most).expect("as deep as JSON may be");
        assert!(event::read(event).is_err());
        checks::request(most.as_bytes());
    }
}

#[test]
fn half_a_surrogate_is_no_json() {
    for text in [r#"{"Action": "\ud800"}"#, r#"{"\udfff": 1}"#, "{\"Action\": \"\u{0}\"}"] {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
}

#[test]
fn of_a_key_that_is_there_twice_the_last_counts() {
    let text = r#"{"Action": "Retire", "Action": "Status", "Name": "a", "Name": "b"}"#;
    let twice = event::read(serde_json::from_str(text).expect("JSON")).expect("it is right");
    assert_eq!(Ok(twice), event::read(json!({"Action": "Status", "Name": "b"})));
}

#[test]
fn an_envelope_without_a_time_is_told_in_a_line() {
    let envelope = json!({"detail-type": "x", "detail": {"Action": "Status"}, "time": megabyte()});
    let mistakes = event::read(envelope).expect_err("it has no time").to_string();
    assert!(mistakes.contains("EventBridge") && mistakes.len() <= LONGEST_MISTAKE, "{} bytes", mistakes.len());
    let tick = event::read(json!({"Action": "Tick", "Name": megabyte(), "Set": megabyte()}));
    assert!(tick.expect_err("it has no such name").to_string().len() <= LONGEST_MISTAKE);
}

#[test]
fn a_record_that_is_none_is_refused() {
    let declared = json!({"Commitment": commitment(&json!({})), "Registered": "2026-11-16T00:00:00Z", "Changed": "2026-11-16T00:00:00Z"});
    assert!(serde_json::from_value::<Declared>(declared.clone()).is_ok());
    for (path, value) in [
        ("Registered", json!(megabyte())),
        ("Lifecycle", json!(megabyte())),
        ("Commitment.Name", json!(megabyte())),
        ("Leaving", json!([megabyte()])),
        ("Version", json!(-1)),
        ("Commitment.ModelUnits", json!(0)),
        ("Dates.Hold", json!("noon")),
        ("Owed", json!([{}])),
    ] {
        assert!(serde_json::from_value::<Declared>(with(declared.clone(), path, &value)).is_err(), "{path}");
    }
}

#[test]
fn a_declaration_at_every_limit_reads_as_it_was_written() {
    let units = |most: usize| (0..most).map(|number| json!(number % 7 + 1));
    let windows: Vec<Value> =
        units(100).map(|units| json!({"Window": "Mon 00:00 - Mon 00:01", "ModelUnits": units})).collect();
    let exceptions: Vec<Value> = units(100)
        .map(|units| json!({"Window": "0001-01-01T00:00/9999-12-30T24:00", "State": "On", "ModelUnits": units}))
        .collect();
    let tags: serde_json::Map<String, Value> =
        (0..48).map(|number| (format!("{number:0128}"), json!("x".repeat(256)))).collect();
    let declaration = commitment(&json!({
        "Tags": tags, "ModelId": "m".repeat(2048), "Name": "n".repeat(40), "LeadTime": "168h", "Drain": "168h",
        "ModelUnits": i32::MAX, "PricePerUnitHour": "1e12",
        "Timetable": {
            "Timezone": "Pacific/Apia", "Windows": windows, "Exceptions": exceptions,
            "Holidays": vec!["0001-01-01/9999-12-31"; 400],
        },
    }));
    let text = json!({"Action": "Apply", "Commitment": declaration}).to_string();
    checks::event(text.as_bytes());
    let mut mistakes = Mistakes::default();
    assert!(Commitment::read(&declaration, "", &mut mistakes).is_some() && mistakes.0.is_empty(), "{mistakes}");
}
