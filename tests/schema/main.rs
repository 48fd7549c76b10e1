//! Do the JSON Schemas say what the parser does?
//!
//! What the parser accepts, the schema accepts; what it refuses, the schema refuses as far as a schema can know.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod declarations;
mod forms;
mod judges;
mod templates;

use std::path::Path;

use policy::input::Mistakes;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use rehearsal::schema::{documents, stale, write};
use rehearsal::{FUNCTION, commitment};
use serde_json::{Map, Value, json};

use declarations::declaration;
use judges::Judges;

/// The properties of a custom resource with `more` keys.
fn properties(more: Value) -> Value {
    with(json!({"ServiceToken": FUNCTION, "ModelId": "amazon.nova-lite-v1:0:24k"}), more)
}

fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut value, more) {
        members.extend(more);
    }
    value
}

fn timetable(more: Value) -> Value {
    commitment(json!({"Timetable": with(json!({"Timezone": "Asia/Tokyo"}), more)}))
}

fn window(window: impl Into<Value>) -> Value {
    timetable(json!({"Windows": [window.into()]}))
}

/// The declaration of docs/reference.md, "A commitment" with every key that this release knows, but the term, which excludes a timetable.
fn everything() -> Value {
    json!({
        "Name": "support-agent",
        "ModelId": "amazon.nova-lite-v1:0:24k",
        "ModelUnits": 1,
        "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}],
        "Timetable": {
            "Timezone": "Asia/Tokyo",
            "Windows": [
                "Mon-Fri 08:00-20:00",
                "Sun-Thu 22:00-02:00",
                "Fri 21:00 - Mon 06:00",
                {"Window": "Mon-Fri 09:30-11:30", "ModelUnits": 3},
            ],
            "Holidays": ["2026-12-29/2027-01-03", "2027-02-11", "12-25"],
            "Exceptions": [
                {"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On", "ModelUnits": 1},
                {"Window": "2026-11-27T00:00/2026-11-28T00:00", "State": "Off"},
            ],
        },
        "LeadTime": "60m",
        "Drain": "5m",
        "WhenOff": "OnDemand",
        "WaitFor": "Accepted",
        "OnDelete": "Retire",
        "OnDemandModelId": "amazon.nova-lite-v1:0",
        "ModelIdParameter": "/support/model-id",
        "TakeOver": false,
        "PricePerUnitHour": 21.18,
        "Tags": {"team": "support"},
    })
}

#[test]
fn what_is_checked_in_is_what_the_types_say() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    assert!(stale(&directory).is_empty(), "run `make schema`: {:?}", stale(&directory));
}

#[test]
fn a_missing_or_changed_file_is_stale() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stale-schemas");
    write(&directory).expect("the files can be written");
    assert!(stale(&directory).is_empty());
    let names = documents().map(|(name, _)| name);
    std::fs::write(directory.join(names[0]), "{}\n").expect("a file can be written");
    std::fs::remove_file(directory.join(names[1])).expect("a file can be removed");
    assert_eq!(stale(&directory), names);
}

/// The keys that the parser knows in the object that `misspelt` has an unknown key in, by its own message.
fn known_keys(judges: &Judges, misspelt: &Value) -> Vec<String> {
    let Mistakes(mistakes) = judges.parse(misspelt).expect_err("it has an unknown key");
    let known = mistakes.iter().find_map(|mistake| mistake.message.split_once("; known are "));
    let (_, known) = known.expect("the parser says what it knows");
    let mut known: Vec<String> = known.split(", ").map(str::to_owned).collect();
    known.sort();
    known
}

#[test]
fn the_schema_has_every_key_of_the_parser_and_no_other() {
    let unknown = json!({"Xxxxxxxxxxxxxxxxxxxx": 1});
    let places = [
        ("", commitment(unknown.clone())),
        ("/$defs/AgentAlias", commitment(json!({"AgentAliases": [unknown]}))),
        ("/$defs/Timetable", timetable(unknown.clone())),
        ("/$defs/SizedWindow", window(unknown.clone())),
        ("/$defs/Exception", timetable(json!({"Exceptions": [unknown]}))),
    ];
    for (judges, from_template) in [(Judges::of_commitments(), false), (Judges::of_properties(), true)] {
        for (pointer, misspelt) in &places {
            let mut misspelt = misspelt.clone();
            if from_template {
                misspelt.as_object_mut().expect("an object").remove("Name");
            }
            judges.both_refuse(&misspelt);
            let known = known_keys(&judges, &misspelt);
            let described = judges.document.pointer(pointer).expect("the object is described");
            let members = described["properties"].as_object().expect("it has properties");
            let mut keys: Vec<String> = members.keys().cloned().collect();
            keys.sort();
            assert_eq!(keys, known, "{pointer}");
            assert_eq!(described["additionalProperties"], json!(false), "{pointer}");
            for (key, member) in members {
                assert!(member["description"].is_string() && member["examples"].is_array(), "{pointer} {key}");
            }
        }
    }
}

type Within = fn(Value, &Value) -> Value;

#[test]
fn every_example_is_accepted_and_every_default_means_what_its_absence_means() {
    let judges = Judges::of_commitments();
    let plain = |key: &str| match key {
        "AtTermEnd" | "Purchase" => {
            json!({"Name": "a", "ModelId": "b", "CommitmentDuration": "OneMonth", "Purchase": "c"})
        }
        _ => json!({"Name": "a", "ModelId": "b"}),
    };
    let members = judges.document["properties"].as_object().expect("it has properties");
    for (key, member) in members {
        for example in member["examples"].as_array().expect("it has examples") {
            let is_term = key == "CommitmentDuration" && example != "None";
            let plain = if is_term { plain("Purchase") } else { plain(key) };
            judges.both_accept(&with(plain, json!({key: example})));
        }
        if let Some(default) = member.get("default") {
            let said = judges.both_accept(&with(plain(key), json!({key: default})));
            assert_eq!(said, judges.both_accept(&plain(key)), "{key}");
        }
    }
    let exception = json!({"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On"});
    let parts: [(&str, Within); 3] = [
        ("Timetable", |more, _| timetable(more)),
        ("SizedWindow", |more, _| window(with(json!({"Window": "Mon 08:00-09:00"}), more))),
        ("Exception", |more, exception| timetable(json!({"Exceptions": [with(exception.clone(), more)]}))),
    ];
    for (part, within) in parts {
        let members = judges.document["$defs"][part]["properties"].as_object().expect("it has properties");
        for (key, member) in members {
            for example in member["examples"].as_array().expect("it has examples") {
                judges.both_accept(&within(json!({key: example}), &exception));
            }
        }
    }
}

#[test]
fn the_samples_are_valid() {
    let judges = Judges::of_commitments();
    let mut seen = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("events")).expect("there are samples") {
        let text = std::fs::read_to_string(entry.expect("a file").path()).expect("it can be read");
        let event: Value = serde_json::from_str(&text).expect("it is JSON");
        for place in ["/Commitment", "/detail/Commitment", "/Tick/Commitment"] {
            if let Some(commitment) = event.pointer(place) {
                judges.both_accept(commitment);
                seen += 1;
            }
        }
    }
    assert!(seen >= 6, "{seen} samples have a commitment");
}

#[test]
fn the_declaration_of_the_contract_is_valid_and_so_is_what_the_record_keeps_of_it() {
    let judges = Judges::of_commitments();
    let kept = judges.both_accept(&everything()).to_value();
    judges.both_accept(&kept);

    let mut term = everything();
    term.as_object_mut().expect("an object").remove("Timetable");
    let term = with(term, json!({"CommitmentDuration": "OneMonth", "AtTermEnd": "Retire", "Purchase": "2026-12"}));
    judges.both_accept(&judges.both_accept(&term).to_value());

    let mut members = everything();
    members.as_object_mut().expect("an object").remove("Name");
    Judges::of_properties().both_accept(&properties(members));
}

/// Every scalar in `value` as the string that `CloudFormation` makes of it.
fn as_strings(value: &Value) -> Value {
    match value {
        Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
        Value::Array(elements) => elements.iter().map(as_strings).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), as_strings(value))).collect::<Map<_, _>>().into()
        }
        Value::Null | Value::String(_) => value.clone(),
    }
}

#[test]
fn scalars_may_come_as_strings() {
    let judges = Judges::of_commitments();
    let declaration = with(everything(), json!({"Tags": {"number": 7, "ready": true, "share": 0.5}}));
    assert_eq!(judges.both_accept(&declaration), judges.both_accept(&as_strings(&declaration)));
}

#[test]
fn null_and_empty_text_count_as_absent_in_an_action() {
    let judges = Judges::of_commitments();
    for key in everything().as_object().expect("an object").keys() {
        for absent in [json!(null), json!("")] {
            let declaration = with(everything(), json!({key: absent}));
            match key.as_str() {
                "Name" | "ModelId" => judges.both_refuse(&declaration),
                _ => drop(judges.both_accept(&declaration)),
            }
        }
    }
    for key in ["Windows", "Holidays", "Exceptions"] {
        assert_eq!(
            judges.both_accept(&timetable(json!({key: [""]}))),
            judges.both_accept(&timetable(json!({key: []})))
        );
        judges.both_refuse(&timetable(json!({key: ["", ""]})));
    }
    judges.both_accept(&commitment(json!({"AgentAliases": [""]})));
    judges.both_refuse(&commitment(json!({"ModelUnits": [""]})));
    judges.both_accept(&with(everything(), json!({"CommitmentDuration": null, "AtTermEnd": null})));
    for none in [json!(null), json!(""), json!("None")] {
        judges.both_refuse(&commitment(json!({"CommitmentDuration": none, "AtTermEnd": "Renew"})));
        judges.both_refuse(&commitment(json!({"CommitmentDuration": none, "Purchase": "2026-12"})));
        judges.both_accept(&commitment(json!({"CommitmentDuration": none, "Timetable": {"Timezone": "UTC"}})));
        judges.both_accept(&commitment(json!({"CommitmentDuration": none, "AtTermEnd": "", "Purchase": null})));
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..Config::default() })
}

#[test]
fn whatever_the_parser_accepts_the_schema_accepts() {
    let judges = Judges::of_commitments();
    let accepted = std::cell::Cell::new(0_u32);
    // Each key alone as well: of a whole declaration often one thing or another is wrong.
    let checked = |value: &Value| {
        if judges.parse(value).is_ok() {
            accepted.set(accepted.get() + 1);
            let mistakes = judges.by_schema(value);
            if !mistakes.is_empty() {
                return Err(TestCaseError::fail(format!("the schema refuses {value}: {mistakes:?}")));
            }
        }
        Ok(())
    };
    let ran = runner(1500).run(&declaration(), |declaration| {
        checked(&declaration)?;
        let members = declaration.as_object().expect("an object");
        members
            .iter()
            .try_for_each(|(key, value)| checked(&with(json!({"Name": "a", "ModelId": "b"}), json!({key: value}))))
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    assert!(accepted.get() > 3000, "{} were accepted", accepted.get());
}

#[test]
fn a_right_declaration_with_one_key_misspelt_is_refused() {
    let judges = Judges::of_commitments();
    let misspelt = |value: &Value, at: &str, index: usize| {
        let mut value = value.clone();
        let members = value.pointer_mut(at).and_then(Value::as_object_mut).expect("an object");
        let key = members.keys().nth(index).cloned().expect("a key");
        let member = members.remove(&key).expect("it is there");
        members.insert(format!("{key}s"), member);
        value
    };
    for at in ["", "/AgentAliases/0", "/Timetable", "/Timetable/Windows/3", "/Timetable/Exceptions/0"] {
        let keys = everything().pointer(at).and_then(Value::as_object).expect("an object").len();
        for index in 0..keys {
            judges.both_refuse(&misspelt(&everything(), at, index));
        }
    }
}
