//! What is kept in the table reads as it was written, and keys of other releases are kept (docs/reference.md, "What it leaves in
//! AWS").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

#[expect(dead_code, reason = "rules/ uses the rest")]
#[path = "scene/mod.rs"]
mod scene;

use policy::commitment::Term;
use policy::observed::{Throughput, ThroughputStatus};
use policy::record::{
    AliasMemory, Decision, Declared, Deployment, Lease, Owed, Previous, Progress, Record, Resource, Slot, Tombstone,
    carry_unknown,
};
use policy::timetable::State;
use serde_json::{Value, json};

use scene::{PARAMETER, Scene, alias, arn, at, commitment, request, throughput};

fn owing(kind: &str, previous: Option<Previous>) -> Declared {
    let mut declared = Declared::new(commitment(&json!({})), at(0));
    let request = request(kind, 0);
    declared.resource = Some(Resource {
        stack_id: request.origin.stack_id.clone(),
        logical_resource_id: request.origin.logical_resource_id.clone(),
        newest: at(0),
        request_id: request.origin.request_id.clone(),
        created: false,
        answered: None,
    });
    declared.owed.push(Owed::to(&request, previous));
    declared
}

/// A record in which everything that may be there is.
fn full() -> Record {
    let declared = json!({
        "ModelIdParameter": PARAMETER, "Timetable": {
            "Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00", {"Window": "Sat 09:00-11:00", "ModelUnits": 2}],
            "Holidays": ["12-25"], "Exceptions": [{"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On", "ModelUnits": 1}],
        },
        "Tags": {"team": "support"}, "PricePerUnitHour": 21.18,
    });
    let mut scene = Scene::new(&declared).serves(1).announces(2, 0, 0).parameter("ONE", 0).x_failed(0).x_made_reject();
    scene = scene.overridden(State::On, Some(2), 60).held(State::Off);
    let mut record = scene.record;
    record.declared.note_change("Apply".to_owned(), "request", at(1));
    record.declared.dates.note(Slot::Hold, at(1));
    record.declared.leaving.push(alias("Y"));
    let owing = owing("Update", Some(Previous { commitment: commitment(&json!({})), by_hand: true }));
    (record.declared.resource, record.declared.owed) = (owing.resource, owing.owed);
    record.declared.decide(&Decision::Failed("no".to_owned()));
    record.progress.spent.insert("2026-11".to_owned());
    record.progress.note("did", at(1));
    record.progress.note_problems(&["a problem".to_owned()], at(1));
    let other = Throughput { arn: arn(3), status: ThroughputStatus::Failed, ..throughput("one", &arn(3), 1) };
    record.progress.see(&other, at(0));
    record.progress.lose(&arn(3), true, at(2));
    record.progress.throughputs.get_mut(&arn(1)).expect("it is there").term = Some(Term::OneMonth);
    record
}

#[test]
fn both_parts_read_as_they_were_written() {
    let Record { declared, progress, .. } = full();
    let written = (serde_json::to_string(&declared).expect("JSON"), serde_json::to_string(&progress).expect("JSON"));
    assert_eq!(serde_json::from_str::<Declared>(&written.0).expect("it reads"), declared);
    assert_eq!(serde_json::from_str::<Progress>(&written.1).expect("it reads"), progress);
    let lease = Lease { holder: "one".to_owned(), until: at(45) };
    let read: Lease = serde_json::from_value(serde_json::to_value(&lease).expect("JSON")).expect("it reads");
    assert_eq!(read, lease);
    let tombstone = Tombstone::of(&full(), at(0));
    let read: Tombstone = serde_json::from_value(serde_json::to_value(&tombstone).expect("JSON")).expect("it reads");
    assert_eq!(read, tombstone);
}

/// Puts a key that nobody knows into every object, and counts them.
fn strew(value: &mut Value) -> usize {
    match value {
        Value::Object(members) => {
            // These are maps: a key that nobody knows would be one more entry.
            let inner: usize =
                members.iter_mut().map(|(key, member)| if is_map(key) { entries(member) } else { strew(member) }).sum();
            members.insert("Strewn".to_owned(), json!({"By": ["a newer release"]}));
            inner + 1
        }
        Value::Array(elements) => elements.iter_mut().map(strew).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn is_map(key: &str) -> bool {
    [
        "Throughputs",
        "Announced",
        "Numbers",
        "Gone",
        "Aliases",
        "Busy",
        "Tags",
        "LeavingParameters",
        "Decided",
        "Answered",
    ]
    .contains(&key)
}

fn entries(map: &mut Value) -> usize {
    map.as_object_mut().into_iter().flat_map(|members| members.values_mut()).map(strew).sum()
}

fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            usize::from(members.contains_key("Strewn")) + members.values().map(count).sum::<usize>()
        }
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[test]
fn keys_that_nobody_knows_are_ignored_and_kept_at_every_depth() {
    let Record { declared, progress, .. } = full();
    for value in [serde_json::to_value(&declared).expect("JSON"), serde_json::to_value(&progress).expect("JSON")] {
        let mut stored = value.clone();
        let strewn = strew(&mut stored);
        assert!(strewn > 8, "{strewn} keys in {stored}");
        let known = if value.get("Commitment").is_some() {
            serde_json::to_value(serde_json::from_value::<Declared>(stored.clone()).expect("it reads"))
        } else {
            serde_json::to_value(serde_json::from_value::<Progress>(stored.clone()).expect("it reads"))
        };
        let known = known.expect("JSON");
        assert_eq!(known, value, "they are ignored");
        let mut new = known.clone();
        carry_unknown(&stored, &known, &mut new);
        assert_eq!((count(&new), &new), (strewn, &stored), "they are kept");
    }
}

#[test]
fn unknown_keys_go_with_what_they_belong_to_and_never_win() {
    let carried = |stored: Value, known: &Value, mut new: Value| {
        carry_unknown(&stored, known, &mut new);
        new
    };
    let stored = json!({"Hold": {"State": "On", "New": 1}, "Version": 3, "New": 2});
    let known = json!({"Hold": {"State": "On"}, "Version": 3});
    assert_eq!(carried(stored.clone(), &known, json!({"Version": 4})), json!({"Version": 4, "New": 2}));
    assert_eq!(
        carried(stored.clone(), &known, json!({"Version": 4, "Hold": {"State": "Off"}})),
        json!({"Version": 4, "Hold": {"State": "Off", "New": 1}, "New": 2}),
    );
    assert_eq!(carried(stored, &known, json!({"Version": 4, "New": 9})), json!({"Version": 4, "New": 9}));
    // Of a list, the elements that are still there keep theirs.
    let stored = json!({"Changes": [{"Did": "a", "New": 1}, {"Did": "b", "New": 2}, {"Did": "b", "New": 3}]});
    let known = json!({"Changes": [{"Did": "a"}, {"Did": "b"}, {"Did": "b"}]});
    assert_eq!(
        carried(stored, &known, json!({"Changes": [{"Did": "b"}, {"Did": "b"}, {"Did": "c"}]})),
        json!({"Changes": [{"Did": "b", "New": 2}, {"Did": "b", "New": 3}, {"Did": "c"}]}),
    );
}

#[test]
fn an_arn_that_no_url_could_hold_is_refused() {
    let mut one = json!({"Throughputs": {}});
    let held = json!({"Name": "x", "Units": 1, "Since": "2026-11-16T00:00:00Z"});
    one["Throughputs"]["a".repeat(2048)] = held.clone();
    assert!(serde_json::from_value::<Progress>(one.clone()).is_ok());
    one["Throughputs"]["a".repeat(2049)] = held;
    assert!(serde_json::from_value::<Progress>(one).is_err_and(|error| error.to_string().contains("2049 bytes")));
}

#[test]
fn a_record_of_a_newer_format_is_let_go_and_kept() {
    let newer = |scene: Scene| scene.but(|scene| scene.record.format = policy::record::FORMAT + 1);
    let plan = newer(Scene::new(&json!({}))).plan();
    assert!(plan.actions.is_empty() && plan.problems.len() == 1 && !plan.nothing_left, "{plan}");
    let serving = newer(Scene::new(&json!({})).serves(1).x("ONE"));
    assert_eq!(serving.lines()[0], "do    route X version 3 to on-demand");
    let retired = newer(Scene::new(&json!({})).retired()).plan();
    assert!(!retired.nothing_left && retired.actions.is_empty(), "{retired}");
}

#[test]
fn a_tombstone_keeps_what_a_late_delivery_must_not_repeat() {
    let mut record = full();
    let tombstone = Tombstone::of(&record, at(0));
    assert_eq!((tombstone.dates, tombstone.newest), (record.declared.dates, Some(at(0))));
    assert_eq!(tombstone.invocations, ["request"]);
    assert_eq!(tombstone.answered.as_ref().map(|answered| answered.request_id.as_str()), Some("Update-0"));
    assert!(tombstone.spent.contains("2026-11") && tombstone.expires.is_none(), "for good");
    assert!(tombstone.stands(at(1_000_000_000)));
    record.progress.spent.clear();
    let short = Tombstone::of(&record, at(0));
    assert_eq!(short.expires, Some(at(86_400).as_second()));
    assert!(short.stands(at(86_399)) && !short.stands(at(86_400)));
}

#[test]
fn a_lease_keeps_others_away_until_it_runs_out() {
    let mut record = Record::new(Declared::new(commitment(&json!({})), at(0)));
    assert!(!record.is_leased_to_another("one", at(0)) && !record.is_of_newer_format());
    record.lease = Some(Lease { holder: "one".to_owned(), until: at(45) });
    assert!(!record.is_leased_to_another("one", at(0)));
    assert!(record.is_leased_to_another("two", at(44)) && !record.is_leased_to_another("two", at(45)));
    assert_eq!(record.name(), "support-agent");
}

#[test]
fn what_says_nothing_is_not_written() {
    let written = serde_json::to_value(Declared::new(commitment(&json!({})), at(0))).expect("JSON");
    let keys: Vec<&String> = written.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["Version", "Commitment", "Registered", "Changed"]);
    assert_eq!(serde_json::to_value(Progress::default()).expect("JSON"), json!({"Version": 0}));
    assert_eq!(serde_json::to_value(AliasMemory::default()).expect("JSON"), json!({}));
    let item = Deployment { name: "a".to_owned(), table_id: "b".to_owned(), group: "c".to_owned(), open: true };
    assert_eq!(
        serde_json::to_value(item).expect("JSON"),
        json!({"Name": "a", "TableId": "b", "Group": "c", "Open": true}),
    );
}
