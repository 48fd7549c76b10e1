//! What a command or a request makes of what is there (docs/reference.md, "Actions" and "The custom resource").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

#[expect(dead_code, reason = "rules/ uses the rest")]
#[path = "scene/mod.rs"]
mod scene;
#[expect(dead_code, reason = "stack_requests.rs uses the rest")]
#[path = "table/mod.rs"]
mod table;

use policy::admission::{Admitted, AdmittedRequest, Change, Refusal, retiring_term};
use policy::record::{Declared, Lifecycle, Slot};
use serde_json::{Value, json};

use scene::{MODEL_ARN, Scene, at, commitment, month, timetable, with};
use table::{Table, apply, by_stack, named, not_allowed, properties, scale};

fn registered(action: &Admitted) -> &Change {
    match action {
        Admitted::Register(change) => change,
        Admitted::Nothing(why) => panic!("it changes nothing: {why}"),
    }
}

#[test]
fn an_older_action_of_a_slot_changes_nothing_and_says_so() {
    let override_to = |state: &str| json!({"Action": "Override", "Name": "support-agent", "State": state, "For": "2h"});
    let resume = |of: &str| json!({"Action": "Resume", "Name": "support-agent", "Of": of});
    for (newer, older) in [
        (named("ScaleDown"), named("ScaleUp")),
        (named("ScaleUp"), named("ScaleDown")),
        (resume("Hold"), named("ScaleUp")),
        (override_to("Off"), override_to("On")),
        (resume("Override"), override_to("On")),
        (apply(&json!({"ModelUnits": 2})), apply(&json!({"ModelUnits": 3}))),
        (apply(&json!({})), named("ScaleUp")),
        (apply(&json!({})), override_to("On")),
        (named("Retire"), apply(&json!({}))),
        (named("Retire"), scale("ScaleUp", &json!({}))),
    ] {
        let mut table = Table::default();
        assert_eq!(table.act(apply(&json!({})), 900, "first"), None);
        assert_eq!(table.act(newer.clone(), 1100, "newer"), None, "{newer}");
        let before = table.declared().clone();
        let why = table.act(older.clone(), 1000, "older").unwrap_or_default();
        assert!(why.starts_with("Stale"), "{older} after {newer}: {why}");
        assert_eq!(*table.declared(), before, "{older} after {newer}");
    }
}

#[test]
fn each_slot_is_judged_by_itself() {
    let override_on = json!({"Action": "Override", "Name": "support-agent", "State": "On", "For": "2h"});
    for (newer, older) in [
        (named("ScaleDown"), override_on.clone()),
        (override_on.clone(), named("ScaleDown")),
        (named("ScaleDown"), apply(&json!({"ModelUnits": 2}))),
        (override_on, apply(&json!({"ModelUnits": 2}))),
    ] {
        let mut table = Table::default();
        table.act(apply(&json!({})), 900, "first");
        table.act(newer.clone(), 1100, "newer");
        let before = table.declared().clone();
        assert_eq!(table.act(older.clone(), 1000, "older"), None, "{older} after {newer}");
        assert_ne!(*table.declared(), before, "{older}");
        // What is newer stays, although an Apply ends both.
        let kept = |slots: &Declared| (slots.hold.is_some(), slots.override_.is_some());
        let (before, after) = (kept(&before), kept(table.declared()));
        assert!(before.0 <= after.0 && before.1 <= after.1, "{older} after {newer}: {:?}", table.declared());
    }
}

#[test]
fn an_older_retire_is_never_stale() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 1100, "newer");
    assert_eq!(table.act(named("Retire"), 1000, "older"), None);
    assert!(table.declared().goes());
    assert_eq!(table.declared().dates.of(Slot::Declaration), Some(at(1100)), "the newest date stays");
}

#[test]
fn of_the_same_date_the_later_arrival_counts() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 1000, "first");
    assert_eq!(table.act(named("ScaleUp"), 1000, "a"), None);
    assert_eq!(table.act(named("ScaleDown"), 1000, "b"), None);
    assert!(!table.is_on());
}

#[test]
fn what_an_invocation_has_carried_out_is_not_carried_out_again() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 1000, "apply");
    table.act(named("ScaleDown"), 1010, "down");
    let before = table.declared().clone();
    assert!(table.act(named("ScaleDown"), 1020, "down").is_some());
    assert!(table.act(apply(&json!({"ModelUnits": 5})), 1030, "apply").is_some());
    assert_eq!(*table.declared(), before);
    assert_eq!(table.act(named("ScaleDown"), 1040, ""), None, "without an id it is another one");
    assert_eq!(table.act(named("ScaleDown"), 1041, ""), None);
}

#[test]
fn what_is_gone_is_not_brought_back_by_what_was_sent_before() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 1000, "apply");
    table.act(named("Retire"), 1100, "retire");
    table.forget();
    for late in [apply(&json!({})), scale("ScaleUp", &json!({})), scale("ScaleDown", &json!({}))] {
        assert!(table.act(late.clone(), 1050, "late").unwrap_or_default().starts_with("Stale"), "{late}");
    }
    assert!(table.act(apply(&json!({})), 1200, "apply").is_some(), "Lambda repeats it");
    assert_eq!(table.admit(named("ScaleUp"), 1200, "x"), Err(Refusal::Unknown));
    assert_eq!(table.act(apply(&json!({})), 1200, "anew"), None);
    assert!(table.declared().was_carried_out_by("retire"), "what was carried out before is still known");
    assert!(table.act(named("Retire"), 1300, "retire").is_some(), "Lambda repeats it");
    assert!(!table.declared().goes());
}

#[test]
fn a_commitment_inherits_what_was_spent_under_its_name() {
    let mut table = Table::default();
    table.act(apply(&month("Retire")), 1000, "a");
    table.there.record.as_mut().expect("it is there").progress.spent.insert("2026-11".to_owned());
    table.act(named("Retire"), 1100, "b");
    table.forget();
    let admitted = table.admit(apply(&month("Retire")), 1200, "c").expect("it is admitted");
    assert!(registered(&admitted).inherited.contains("2026-11"));
    let why = not_allowed(table.request("Create", 1300, &properties(&month("Retire"))));
    assert!(why.contains("2026-11") && why.contains("new value"), "{why}");
    let next = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12"});
    assert!(matches!(table.request("Create", 1300, &properties(&next)), Ok(AdmittedRequest::Register(change))
        if change.inherited.contains("2026-11")));
}

#[test]
fn scaling_holds_in_place_of_the_timetable_until_it_is_ended() {
    let mut table = Table::default();
    table.act(scale("ScaleUp", &json!({})), 1000, "a");
    assert!(table.is_on() && table.declared().by_hand);
    table.act(named("ScaleDown"), 1001, "b");
    assert!(!table.is_on());
    table.act(json!({"Action": "Resume", "Name": "support-agent", "Of": "Hold"}), 1002, "c");
    assert!(!table.is_on(), "without a timetable it is off without a hold");
    table.act(apply(&json!({})), 1003, "d");
    assert!(table.is_on() && !table.declared().by_hand, "without a timetable it is always on");
    let mut closed = Table::default();
    closed.act(apply(&json!({"Timetable": timetable(false)})), 1000, "a");
    closed.act(named("ScaleUp"), 1001, "b");
    assert!(closed.is_on() && closed.declared().commitment.timetable.is_some());
    closed.act(json!({"Action": "Resume", "Name": "support-agent", "Of": "Hold"}), 1002, "c");
    assert!(!closed.is_on());
}

#[test]
fn resume_ends_what_it_names_and_without_a_name_only_a_live_override() {
    let resume = || named("Resume");
    let start = || {
        let mut table = Table::default();
        table.act(apply(&json!({})), 900, "a");
        table.act(named("ScaleDown"), 901, "b");
        table
    };
    let mut table = start();
    assert!(not_allowed(table.admit(resume(), 1000, "c")).contains("Of: Hold"), "and says how to end a hold");
    table.act(json!({"Action": "Override", "Name": "support-agent", "State": "On", "For": "10m"}), 950, "d");
    assert!(table.declared().override_.is_some());
    assert_eq!(table.act(resume(), 1000, "e"), None);
    assert!(table.declared().override_.is_none() && table.declared().hold.is_some());
    let mut over = start();
    over.act(json!({"Action": "Override", "Name": "support-agent", "State": "On", "For": "10m"}), 950, "d");
    assert!(!not_allowed(over.admit(resume(), 1550, "e")).is_empty(), "one that has ended is as if absent");
    assert_eq!(over.act(json!({"Action": "Resume", "Name": "support-agent", "Of": "Hold"}), 1001, "f"), None);
    assert!(over.declared().hold.is_none() && over.declared().override_.is_some());
}

#[test]
fn an_override_counts_from_when_it_was_sent_and_lasts_a_week_at_most() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 0, "a");
    let lasting = |end: Value| with(json!({"Action": "Override", "Name": "support-agent", "State": "On"}), &end);
    table.act(lasting(json!({"For": "30m"})), 100, "b");
    assert_eq!(table.declared().override_.as_ref().map(|live| live.until), Some(at(1900)));
    for (end, allowed) in [
        (json!({"For": "168h"}), true),
        (json!({"Until": at(1000 + 604_800).to_string()}), true),
        (json!({"Until": at(1001 + 604_800).to_string()}), false),
        (json!({"For": "10m"}), false),
        (json!({"Until": at(1001).to_string()}), true),
        (json!({"Until": at(1000).to_string()}), false),
    ] {
        let admitted = table.admit(lasting(end.clone()), 100, "c");
        assert_eq!(admitted.is_ok(), allowed, "{end}: {admitted:?}");
        assert!(allowed || matches!(admitted, Err(Refusal::Invalid(_))), "{end}");
    }
    let mut term = Table::holding(Scene::new(&month("Renew")).month(1, 100_000).record);
    let sized = lasting(json!({"For": "1h", "ModelUnits": 2}));
    assert!(!not_allowed(term.admit(sized, 1000, "d")).is_empty(), "another size would be bought for a whole term");
    assert_eq!(term.act(lasting(json!({"For": "1h"})), 1000, "e"), None);
}

#[test]
fn only_what_may_buy_is_asked_whether_it_may() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 900, "a");
    let override_to = |state: &str| json!({"Action": "Override", "Name": "support-agent", "State": state, "For": "1h"});
    for (action, may_buy, is_news) in [
        (apply(&json!({})), true, false),
        (apply(&json!({"ModelUnits": 2})), true, true),
        (named("ScaleUp"), true, false),
        (named("ScaleDown"), false, false),
        (named("Retire"), false, false),
        (json!({"Action": "Resume", "Name": "support-agent", "Of": "Hold"}), false, false),
        (override_to("On"), true, false),
    ] {
        let admitted = table.admit(action.clone(), 1000, "b").expect("it is admitted");
        let change = registered(&admitted);
        assert_eq!((change.may_buy, change.is_news), (may_buy, is_news), "{action}");
    }
    let first = Table::default().admit(scale("ScaleDown", &json!({})), 1000, "a").expect("it is admitted");
    assert!(registered(&first).may_buy && registered(&first).is_news, "whatever is registered is checked");
}

#[test]
fn what_nobody_registered_is_unknown_and_what_retires_takes_no_hold() {
    for action in ["ScaleUp", "ScaleDown", "Retire", "Resume"] {
        assert_eq!(Table::default().admit(named(action), 1000, "a"), Err(Refusal::Unknown), "{action}");
    }
    let table = Table::holding(Scene::new(&json!({})).serves(1).retired().record);
    for action in [named("ScaleUp"), json!({"Action": "Override", "Name": "support-agent", "State": "On", "For": "1h"})]
    {
        assert!(not_allowed(table.admit(action, 1000, "a")).contains("retired"));
    }
    let admitted = table.admit(scale("ScaleUp", &json!({})), 1000, "a").expect("it is declared anew");
    assert_eq!(registered(&admitted).declared.lifecycle, Lifecycle::Active);
}

/// What changes model, size or term, and what does not.
fn changes() -> Vec<(Value, bool)> {
    let two = with(month("Renew"), &json!({"ModelUnits": 2}));
    let six = with(month("Renew"), &json!({"CommitmentDuration": "SixMonths"}));
    let other = with(month("Renew"), &json!({"ModelId": "meta.llama3-1-8b-instruct-v1:0:128k"}));
    let same = with(month("Retire"), &json!({"ModelId": MODEL_ARN, "AgentAliases": [], "Purchase": "2027-01"}));
    vec![(two, true), (six, true), (other, true), (json!({"Timetable": timetable(true)}), true), (same, false)]
}

#[test]
fn while_a_term_runs_model_size_and_term_stay() {
    for (more, changes) in changes() {
        let table = || Table::holding(Scene::new(&month("Renew")).month(1, 100_000).record);
        let admitted = table().admit(apply(&more), 1000, "a");
        assert_eq!(admitted.is_err(), changes, "{more}: {admitted:?}");
        if changes {
            let why = not_allowed(admitted);
            assert!(why.contains(&at(100_000).to_string()), "it names its end: {why}");
        }
        let mut stack = table();
        by_stack(&mut stack);
        assert_eq!(stack.request("Update", 1000, &properties(&more)).is_err(), changes, "{more}");
        let after = table().admit(apply(&more), 100_000, "a");
        assert!(after.is_ok(), "after its end: {more}: {after:?}");
    }
}

#[test]
fn a_term_runs_if_its_end_is_not_told_and_not_while_it_is_created_or_if_it_failed() {
    let apply_two = || apply(&with(month("Renew"), &json!({"ModelUnits": 2})));
    let scene = || Scene::new(&month("Renew")).month(1, 100_000);
    let undated = scene().remembers(1, |held| held.term_end = None);
    assert!(not_allowed(Table::holding(undated.record).admit(apply_two(), 1000, "a")).contains("has not told"));
    let creating = scene().remembers(1, |held| (held.term_end, held.served) = (None, None));
    assert!(Table::holding(creating.record).admit(apply_two(), 1000, "a").is_ok(), "a rollback may take it back");
    let failed = scene().remembers(1, |held| held.failed = Some(policy::record::Failure::new(at(0), "no")));
    assert!(Table::holding(failed.record).admit(apply_two(), 1000, "a").is_ok());
}

#[test]
fn a_second_term_is_refused_while_it_is_not_known_whether_the_first_was_bought() {
    let announced = || Table::holding(Scene::new(&month("Renew")).announces(1, 0, 0).record);
    let two = with(month("Renew"), &json!({"ModelUnits": 2}));
    assert!(!not_allowed(announced().admit(apply(&two), 1000, "a")).is_empty());
    let mut stack = announced();
    by_stack(&mut stack);
    assert!(!not_allowed(stack.request("Update", 1000, &properties(&two))).is_empty());
    assert!(announced().admit(apply(&json!({})), 1000, "a").is_ok(), "back to no term");
    assert!(announced().admit(apply(&month("Retire")), 1000, "a").is_ok(), "the same term");
}

#[test]
fn a_term_is_refused_while_a_retiring_commitment_holds_one_of_its_model() {
    let mut other = commitment(&month("Renew"));
    other.name = "another".parse().expect("a name");
    let holds = |scene: Scene| {
        let mut record = scene.record;
        record.declared.commitment.name = "another".parse().expect("a name");
        vec![record]
    };
    let retiring = || Scene::new(&month("Renew")).month(1, 100_000).retired();
    let mine = commitment(&month("Renew"));
    let why = retiring_term(&mine, &holds(retiring()), at(0)).expect("it is refused");
    assert!(why.contains("another") && why.contains(&at(100_000).to_string()), "{why}");
    let failed = retiring().remembers(1, |held| held.failed = Some(policy::record::Failure::new(at(0), "no")));
    for (says, refused) in [
        ("after its end", retiring_term(&mine, &holds(retiring()), at(100_000))),
        ("without a term", retiring_term(&commitment(&json!({})), &holds(retiring()), at(0))),
        ("active", retiring_term(&mine, &holds(Scene::new(&month("Renew")).month(1, 100_000)), at(0))),
        ("its own", retiring_term(&other, &holds(retiring()), at(0))),
        ("no term of theirs", retiring_term(&mine, &holds(Scene::new(&json!({})).serves(1).retired()), at(0))),
        ("failed", retiring_term(&mine, &holds(failed), at(0))),
        (
            "another model",
            retiring_term(
                &commitment(&with(month("Renew"), &json!({"ModelId": "meta.llama3-1-8b-instruct-v1:0:128k"}))),
                &holds(retiring()),
                at(0),
            ),
        ),
    ] {
        assert_eq!(refused, None, "{says}");
    }
}

#[test]
fn what_a_stack_declares_takes_holds_overrides_and_retire_but_no_declaration() {
    let table = || {
        let mut table = Table::holding(Scene::new(&json!({})).serves(1).record);
        by_stack(&mut table);
        table
    };
    for action in [apply(&json!({})), apply(&json!({"ModelUnits": 2})), scale("ScaleUp", &json!({"ModelUnits": 2}))] {
        assert!(not_allowed(table().admit(action.clone(), 1000, "a")).contains("stack"), "{action}");
    }
    for action in [
        named("ScaleUp"),
        named("ScaleDown"),
        named("Retire"),
        scale("ScaleDown", &json!({})),
        json!({"Action": "Override", "Name": "support-agent", "State": "Off", "For": "1h"}),
    ] {
        assert!(table().admit(action.clone(), 1000, "a").is_ok(), "{action}");
    }
}
