//! What a request of a stack makes of what is there (docs/reference.md, "The custom resource").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

#[expect(dead_code, reason = "rules/ uses the rest")]
#[path = "scene/mod.rs"]
mod scene;
#[expect(dead_code, reason = "another target uses the rest")]
#[path = "table/mod.rs"]
mod table;

use policy::admission::{AdmittedRequest, Refusal, There, admit_request};
use policy::record::{Decision, Declared, Lifecycle, Record};
use policy::timetable::State;
use serde_json::json;

use scene::{Scene, at, commitment, declaration, request};
use table::{Table, by_stack, not_allowed, properties};

#[test]
fn an_update_removes_neither_hold_nor_override() {
    let mut table = Table::holding(Scene::new(&json!({})).held(State::Off).overridden(State::On, None, 5000).record);
    by_stack(&mut table);
    table.request("Update", 1000, &properties(&json!({"ModelUnits": 2}))).expect("it is admitted");
    assert!(table.declared().hold.is_some() && table.declared().override_.is_some());
    assert_eq!(table.declared().commitment.units.get(), 2);
}

#[test]
fn requests_are_ordered_by_their_date() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    table.decide(&Decision::Success);
    table.request("Update", 300, &properties(&json!({"ModelUnits": 2}))).expect("it is admitted");
    for kind in ["Create", "Update", "Delete"] {
        let why = not_allowed(table.request(kind, 200, &json!({})));
        assert!(why.contains(&at(300).to_string()) && why.contains("changes nothing"), "{kind}: {why}");
    }
    assert_eq!(table.declared().commitment.units.get(), 2);
}

#[test]
fn of_one_date_a_delete_wins_and_else_the_first_stays() {
    let same = |kind: &str| json!({"RequestId": format!("another {kind}")});
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    assert!(!not_allowed(table.request("Update", 100, &same("Update"))).is_empty());
    assert!(matches!(table.request("Delete", 100, &same("Delete")), Ok(AdmittedRequest::Register(_))));
    assert!(table.declared().goes());
    assert!(!not_allowed(table.request("Create", 100, &same("Create"))).is_empty());
    assert!(!not_allowed(table.request("Delete", 100, &same("second Delete"))).is_empty());
}

#[test]
fn the_same_request_is_registered_once_and_answered_the_same() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    assert_eq!(table.request("Create", 100, &json!({})), Ok(AdmittedRequest::Again(None)));
    table.decide(&Decision::Success);
    assert_eq!(table.request("Create", 100, &json!({})), Ok(AdmittedRequest::Again(Some(Decision::Success))));
    let again = table.request("Create", 200, &json!({"RequestId": "Create-100"})).expect("it is admitted");
    assert!(matches!(again, AdmittedRequest::Register(_)), "a deployment that is tried again has a newer date");
    table.request("Delete", 300, &json!({})).expect("it is admitted");
    table.decide(&Decision::Success);
    table.forget();
    assert_eq!(table.request("Delete", 300, &json!({})), Ok(AdmittedRequest::Again(Some(Decision::Success))));
    assert!(!not_allowed(table.request("Create", 200, &json!({}))).is_empty(), "a late one buys nothing");
    assert!(!not_allowed(table.request("Create", 300, &json!({}))).is_empty(), "of the same date the Delete wins");
    assert!(matches!(table.request("Create", 301, &json!({})), Ok(AdmittedRequest::Register(_))));
}

#[test]
fn what_is_decided_and_still_owed_is_told_again_whatever_is_newer() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    let mut record = table.there.record.clone().expect("it is registered");
    record.declared.decide(&Decision::Success);
    table.there.record = Some(record);
    table.request("Delete", 200, &json!({})).expect("it is admitted");
    assert_eq!(table.declared().owed.len(), 2, "the Create's answer is not struck");
    assert_eq!(table.request("Create", 100, &json!({})), Ok(AdmittedRequest::Again(Some(Decision::Success))));
}

#[test]
fn a_delete_that_comes_before_its_create_is_remembered() {
    let mut table = Table::default();
    let Ok(AdmittedRequest::Bury(tombstone)) = table.request("Delete", 200, &json!({})) else { panic!("it is buried") };
    assert_eq!((tombstone.newest, tombstone.expires), (Some(at(200)), Some(at(200 + 86_400).as_second())));
    table.there.tombstone = Some(*tombstone);
    for kind in ["Create", "Update"] {
        assert!(!not_allowed(table.request(kind, 100, &json!({}))).is_empty(), "{kind}");
    }
    assert!(
        matches!(table.request("Delete", 100, &json!({})), Ok(AdmittedRequest::Bury(one)) if one.newest == Some(at(200)))
    );
    assert!(matches!(table.request("Create", 201, &json!({})), Ok(AdmittedRequest::Register(_))));
}

#[test]
fn a_newer_request_overtakes_one_that_is_owed_an_answer() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    table.request("Delete", 101, &json!({})).expect("it is admitted");
    let owed = &table.declared().owed;
    assert_eq!(owed.len(), 2, "both are told");
    assert!(matches!(&owed[0].decided, Some(Decision::Failed(reason)) if reason.contains("overtaken")));
    assert!(owed[1].decided.is_none() && table.declared().goes());
}

#[test]
fn an_update_that_fails_brings_back_what_was_before_the_one_that_it_has_overtaken() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    table.decide(&Decision::Success);
    table.request("Update", 200, &properties(&json!({"ModelUnits": 2}))).expect("it is admitted");
    table.request("Update", 300, &properties(&json!({"ModelUnits": 3}))).expect("it is admitted");
    assert_eq!(table.declared().commitment.units.get(), 3);
    table.decide(&Decision::Failed("no".to_owned()));
    assert_eq!(table.declared().commitment.units.get(), 1, "the one that was in force");
    let told: Vec<bool> = table.declared().owed.iter().map(|owed| owed.decided.is_some()).collect();
    assert_eq!(told, [true; 3], "{:?}", table.declared().owed);
}

#[test]
fn a_create_that_is_overtaken_by_an_update_is_not_brought_back() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    table.request("Update", 200, &properties(&json!({"ModelUnits": 2}))).expect("it is admitted");
    table.decide(&Decision::Failed("no".to_owned()));
    assert!(table.declared().goes(), "nothing was ever in force");
}

#[test]
fn what_belongs_to_another_stack_is_left_alone() {
    // Two stacks whose derived names are equal: the record says which one it is.
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    let before = table.declared().clone();
    table.there.record.as_mut().expect("it is there").declared.resource.as_mut().expect("one").stack_id =
        "other".to_owned();
    for kind in ["Create", "Update"] {
        let why = not_allowed(table.request(kind, 200, &json!({})));
        assert!(why.contains("other") && why.contains("another logical id"), "{kind}: {why}");
    }
    assert_eq!(table.request("Delete", 200, &json!({})), Ok(AdmittedRequest::SomebodyElses));
    assert_eq!(table.declared().commitment, before.commitment);
    // So does one that an action has registered.
    let mut by_action = Table::holding(Record::new(Declared::new(commitment(&json!({})), at(0))));
    assert!(not_allowed(by_action.request("Create", 200, &json!({}))).contains("action"));
    assert_eq!(by_action.request("Delete", 200, &json!({})), Ok(AdmittedRequest::SomebodyElses));
}

#[test]
fn a_delete_retains_only_what_was_created() {
    for (created, lifecycle) in [(true, Lifecycle::Releasing), (false, Lifecycle::Retiring)] {
        let mut table = Table::default();
        table.request("Create", 100, &properties(&json!({"OnDelete": "Retain"}))).expect("it is admitted");
        table.decide(&if created { Decision::Success } else { Decision::Failed("no".to_owned()) });
        table.request("Delete", 200, &json!({"ResourceProperties": null})).expect("it needs no properties");
        assert_eq!(table.declared().lifecycle, lifecycle, "{created}");
    }
}

#[test]
fn a_request_that_comes_after_its_end_buys_nothing_and_a_delete_is_carried_out() {
    let late = |kind: &str| {
        let mut request = request(kind, 0);
        (request.since, request.decide_at, request.until) = (at(7200), at(3540), at(3600));
        admit_request(&request, &There { record: Some(Scene::new(&json!({})).record), tombstone: None })
    };
    let mut there = Table::holding(Scene::new(&json!({})).record);
    by_stack(&mut there);
    let mut request = request("Update", 10);
    (request.since, request.decide_at, request.until) = (at(7200), at(3540), at(3600));
    assert!(not_allowed(admit_request(&request, &there.there)).contains("too late"));
    assert_eq!(late("Delete"), Ok(AdmittedRequest::SomebodyElses));
}

#[test]
fn a_request_tells_every_mistake_of_its_properties() {
    let wrong =
        json!({"ResourceProperties": {"ModelId": "amazon.nova-lite-v1:0:24k", "ModelUnit": 1, "Drain": "soon"}});
    let refused = Table::default().request("Create", 100, &wrong);
    let Err(Refusal::Invalid(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("ModelUnits") && why.contains("soon"), "{why}");
}

#[test]
fn while_a_stack_waits_for_its_delete_nothing_is_declared_anew() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    table.request("Delete", 200, &json!({})).expect("it is admitted");
    let mut again = declaration(&json!({}));
    again["Name"] = json!(table.declared().commitment.name.as_str());
    let apply = json!({"Action": "Apply", "Commitment": again});
    assert!(not_allowed(table.admit(apply, 1000, "a")).contains("deleted by its stack"));
}
