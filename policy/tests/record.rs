//! What is remembered of a commitment, and what becomes of it (docs/reference.md, "What it leaves in AWS").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

#[expect(dead_code, reason = "rules/ uses the rest")]
#[path = "scene/mod.rs"]
mod scene;

use jiff::SignedDuration;
use policy::commitment::Term;
use policy::desired::{Base, Hold, Override};
use policy::observed::{Throughput, ThroughputStatus};
use policy::record::{
    Announced, Dates, Decision, Declared, Failure, Held, Lifecycle, Owed, Previous, Progress, Record, Resource, Slot,
    Target, token,
};
use policy::timetable::State;
use serde_json::{Value, json};

use scene::{BASE, PARAMETER, Scene, alias, arn, at, commitment, month, parameter, request, throughput};

fn declared(more: &Value) -> Declared {
    Declared::new(commitment(more), at(0))
}

/// `declared` with the aliases of those names, such as X and Y.
fn with_aliases(names: &[&str]) -> Value {
    let ids = names.iter().map(|name| alias(name));
    json!({"AgentAliases": ids.map(|id| json!({"AgentId": id.agent, "AgentAliasId": id.alias})).collect::<Vec<_>>()})
}

fn owing(kind: &str, previous: Option<Previous>) -> Declared {
    let mut declared = declared(&with_aliases(&["X"]));
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

#[test]
fn dropped_targets_leave_until_they_are_declared_again() {
    let mut one = declared(&with_aliases(&["Y", "X"]));
    one.declare(commitment(&with_aliases(&["ALIAS00003"])));
    assert_eq!(one.leaving, [alias("Y"), alias("X")], "sorted by id");
    one.declare(commitment(&with_aliases(&["X"])));
    assert_eq!(one.leaving, [alias("Y"), alias("ALIAS00003")]);
    assert_eq!(one.all_aliases().next(), Some(&alias("X")), "the declared ones come first");

    let pointing = |name: &str| commitment(&json!({"AgentAliases": [], "ModelIdParameter": name}));
    let mut two = declared(&json!({"AgentAliases": []}));
    two.declare(pointing("/one"));
    assert!(two.leaving_parameters.is_empty());
    two.declare(pointing("/two"));
    assert!(
        two.leaving_parameters.iter().eq([(&parameter("/one"), &BASE.to_owned())]),
        "with the value it is left with"
    );
    two.declare(pointing("/one"));
    assert!(two.all_parameters().eq([&parameter("/one"), &parameter("/two")]));
    let targets: Vec<String> = two.targets().map(|target| target.key()).collect();
    assert_eq!(targets, ["target/parameter//one", "target/parameter//two"]);
    two.free(&[Target::Parameter(parameter("/two")), Target::Alias(alias("X"))]);
    assert!(two.leaving_parameters.is_empty() && two.commitment.parameter.is_some(), "what is declared is not freed");
}

#[test]
fn what_retires_is_held_by_nothing_and_lets_every_target_go() {
    let mut one = declared(&json!({ "ModelIdParameter": PARAMETER }));
    one.hold = Some(Hold { state: State::On, since: at(0) });
    one.override_ = Some(Override { state: State::On, units: None, until: at(60), reason: None });
    assert!(!one.goes());
    one.retire();
    assert!(one.goes() && one.hold.is_none() && one.override_.is_none());
    assert!(one.commitment.aliases.is_empty() && one.commitment.parameter.is_none());
    let targets: Vec<String> = one.targets().map(|target| target.to_string()).collect();
    assert_eq!(targets, ["alias ABCDEFGHIJ/KLMNOPQRST", "parameter /support/model-id"]);
    one.free(&[Target::Alias(alias("X")), Target::Parameter(parameter(PARAMETER))]);
    assert_eq!(one.targets().count(), 0);
    one.retire();
    assert_eq!((one.targets().count(), one.lifecycle), (0, Lifecycle::Retiring), "once more changes nothing");
}

#[test]
fn what_was_only_ever_scaled_is_never_on_by_itself() {
    let mut one = declared(&json!({}));
    assert_eq!((one.demand().base, one.off_by_hand(at(0))), (Base::Always, false));
    one.by_hand = true;
    assert_eq!((one.demand().base, one.off_by_hand(at(0))), (Base::Never, true), "people have never scaled it up");
    let mut two = declared(&json!({"Timetable": scene::timetable(false)}));
    two.by_hand = true;
    assert!(matches!(two.demand().base, Base::Timetable(_)) && !two.off_by_hand(at(0)), "its timetable says off");
}

#[test]
fn off_by_hand_is_a_hold_or_a_live_override_above_it() {
    let hold = |state| Some(Hold { state, since: at(0) });
    let live = |state| Some(Override { state, units: None, until: at(60), reason: None });
    for (held, above, now, off) in [
        (None, None, 0, false),
        (hold(State::Off), None, 0, true),
        (hold(State::On), None, 0, false),
        (hold(State::Off), live(State::On), 59, false),
        (hold(State::Off), live(State::On), 60, true),
        (hold(State::On), live(State::Off), 59, true),
        (hold(State::On), live(State::Off), 60, false),
        (None, live(State::Off), 59, true),
        (None, live(State::Off), 60, false),
    ] {
        let mut one = declared(&json!({}));
        (one.hold, one.override_) = (held.clone(), above.clone());
        assert_eq!(one.off_by_hand(at(now)), off, "{held:?} {above:?} {now}");
    }
}

#[test]
fn a_create_that_fails_retires_and_an_update_that_fails_puts_back_what_was() {
    let failed = Decision::Failed("no".to_owned());
    let mut create = owing("Create", None);
    create.decide(&failed);
    assert_eq!((create.lifecycle, &create.leaving), (Lifecycle::Retiring, &vec![alias("X")]));
    assert_eq!(create.owed[0].decided, Some(failed.clone()));
    assert!(create.undecided().is_none(), "it is decided once");
    create.decide(&Decision::Success);
    assert_eq!(create.owed[0].decided, Some(failed.clone()), "what is decided stays");
    assert_eq!(create.resource.as_ref().and_then(|resource| resource.answered.clone()), Some(failed.clone()));

    let previous = || Some(Previous { commitment: commitment(&with_aliases(&["Y"])), by_hand: true });
    let mut update = owing("Update", previous());
    update.decide(&failed);
    assert_eq!((&update.commitment.aliases, update.by_hand), (&vec![alias("Y")], true));
    assert_eq!((update.lifecycle, &update.leaving), (Lifecycle::Active, &vec![alias("X")]));

    let mut retired = owing("Update", previous());
    retired.retire();
    retired.decide(&failed);
    assert_eq!(retired.lifecycle, Lifecycle::Retiring, "what was retired meanwhile is not brought back");
    assert!(retired.commitment.aliases.is_empty());

    let mut unknown = owing("Update", None);
    unknown.decide(&failed);
    assert_eq!(unknown.lifecycle, Lifecycle::Retiring, "nothing was in force before");
}

#[test]
fn success_and_a_delete_that_fails_leave_everything_as_it_is() {
    for (kind, decision, created) in [
        ("Create", Decision::Success, true),
        ("Update", Decision::Success, true),
        ("Delete", Decision::Success, false),
        ("Delete", Decision::Failed("no".to_owned()), false),
    ] {
        let mut one = owing(kind, None);
        let before = one.clone();
        one.decide(&decision);
        assert_eq!((&one.commitment, one.lifecycle), (&before.commitment, before.lifecycle), "{kind}");
        let resource = one.resource.expect("a resource");
        assert_eq!((resource.created, resource.answered), (created, Some(decision)), "{kind}");
    }
}

#[test]
fn an_overtaken_request_is_told_so_and_changes_nothing() {
    let previous = Some(Previous { commitment: commitment(&with_aliases(&["Y"])), by_hand: false });
    let mut one = owing("Update", previous);
    let before = one.clone();
    one.overtake();
    assert!(matches!(&one.owed[0].decided, Some(Decision::Failed(reason)) if reason.contains("newer request")));
    assert_eq!(
        (&one.commitment, one.lifecycle, &one.resource),
        (&before.commitment, before.lifecycle, &before.resource)
    );
    let told = one.clone();
    one.overtake();
    assert_eq!(one, told);
    let mut success = owing("Create", None);
    success.decide(&Decision::Success);
    success.overtake();
    assert_eq!(success.owed[0].decided, Some(Decision::Success), "what is decided stays");
}

#[test]
fn the_last_changes_and_invocations_are_kept() {
    let mut one = declared(&json!({}));
    for change in 0..25 {
        one.note_change(format!("change {change}"), &format!("request {change}"), at(change));
    }
    assert_eq!((one.changes.len(), one.invocations.len(), one.changed), (20, 20, at(24)));
    assert!(one.was_carried_out_by("request 24") && one.was_carried_out_by("request 5"));
    assert!(!one.was_carried_out_by("request 4") && !one.was_carried_out_by(""));
    assert_eq!(one.changes[0].did, "change 5");
    one.note_change("again".to_owned(), "request 24", at(30));
    one.note_change("by a stack".to_owned(), "", at(31));
    assert_eq!(one.invocations.iter().filter(|known| *known == "request 24").count(), 1);
    assert_eq!(one.invocations.len(), 20);
}

#[test]
fn dates_are_kept_for_each_slot_and_the_newest_stays() {
    let mut dates = Dates::default();
    for slot in [Slot::Hold, Slot::Override, Slot::Declaration] {
        assert!(!dates.is_stale(slot, at(0)), "nothing is stale before the first");
        dates.note(slot, at(10));
        dates.note(slot, at(5));
        assert_eq!(dates.of(slot), Some(at(10)));
        assert!(dates.is_stale(slot, at(9)) && !dates.is_stale(slot, at(10)), "of the same date is not older");
    }
    let mut one = Dates::default();
    one.note(Slot::Hold, at(1));
    assert_eq!((one.of(Slot::Override), one.of(Slot::Declaration)), (None, None));
}

fn seen(status: ThroughputStatus, term_end: Option<i64>) -> Throughput {
    Throughput { status, term_end: term_end.map(at), ..throughput("one", &arn(1), 1) }
}

#[test]
fn a_throughput_is_known_from_its_first_look_on() {
    let mut progress = Progress::default();
    let mut failed = seen(ThroughputStatus::Failed, None);
    failed.failure = Some("no capacity".to_owned());
    progress.see(&seen(ThroughputStatus::Creating, None), at(0));
    progress.see(&seen(ThroughputStatus::InService, None), at(1440));
    progress.see(&seen(ThroughputStatus::Updating, None), at(1500));
    let held = progress.throughputs[&arn(1)].clone();
    assert_eq!((held.since, held.seen, held.served), (at(0), Some(at(0)), Some(at(1440))));
    assert_eq!(
        (progress.creation_times.clone(), progress.enough_lead()),
        (vec![1440], Some(SignedDuration::from_mins(25)))
    );
    let found = Throughput { arn: "found".to_owned(), ..seen(ThroughputStatus::InService, None) };
    progress.see(&found, at(1500));
    assert_eq!(progress.creation_times, [1440], "nobody knows how long one took that is found in service");
    progress.see(&failed, at(2000));
    progress.see(&failed, at(3000));
    assert_eq!(progress.throughputs[&arn(1)].failed, Some(Failure::new(at(2000), "no capacity")));
    assert_eq!(progress.throughputs[&arn(1)].served, Some(at(1440)), "that it has served stays");
    progress.throughputs.get_mut(&arn(1)).expect("it is known").missed = Some(at(1));
    progress.see(&failed, at(3001));
    assert_eq!(progress.throughputs[&arn(1)].missed, None);
    for creation in 0..10 {
        let other = |status| Throughput { arn: format!("arn {creation}"), ..seen(status, None) };
        progress.see(&other(ThroughputStatus::Creating), at(0));
        progress.see(&other(ThroughputStatus::InService), at(0));
    }
    assert_eq!(progress.creation_times, [0; 8], "the last eight");
    assert_eq!(progress.enough_lead(), Some(SignedDuration::ZERO));
    assert_eq!(Progress::default().enough_lead(), None);
}

#[test]
fn a_term_that_is_told_to_end_later_has_renewed_if_its_end_has_come() {
    for (told_at, renewed) in [(0, false), (3539, false), (3540, true), (3600, true), (4000, true)] {
        let mut progress = Progress::default();
        progress.see(&seen(ThroughputStatus::InService, Some(3600)), at(0));
        progress.see(&seen(ThroughputStatus::InService, Some(90_000)), at(told_at));
        let held = &progress.throughputs[&arn(1)];
        assert_eq!((held.renewed.is_some(), held.term_end), (renewed, Some(at(90_000))), "{told_at}");
        progress.see(&seen(ThroughputStatus::InService, None), at(told_at + 1));
        assert_eq!(progress.throughputs[&arn(1)].term_end, Some(at(90_000)), "what is not told is not taken back");
    }
}

#[test]
fn what_is_gone_is_remembered_with_how_it_went() {
    let mut scene = Scene::new(&month("Retire")).month(1, 3600);
    let progress = &mut scene.record.progress;
    assert_eq!(progress.reserved().into_values().collect::<Vec<_>>(), [1]);
    let name = progress.lose(&arn(1), true, at(60)).expect("it was known");
    assert!(progress.was_deleted(&arn(1)) && progress.reserved().is_empty() && progress.throughputs.is_empty());
    let gone = progress.gone[&arn(1)].clone();
    assert_eq!((gone.name, gone.at, gone.purchase.as_deref()), (name, at(60), Some("2026-11")));
    assert_eq!(gone.term_end, Some(at(3600)));
    assert_eq!(progress.lose(&arn(1), false, at(61)), None);
    assert!(progress.was_deleted(&arn(1)), "what was acknowledged stays so");
    for number in 0..30 {
        let other = Throughput { arn: format!("arn {number}"), ..seen(ThroughputStatus::Failed, None) };
        progress.see(&other, at(number));
        progress.lose(&other.arn, false, at(100 + number));
    }
    assert_eq!(progress.gone.len(), 20, "the oldest are forgotten");
    assert!(!progress.gone.contains_key(&arn(1)) && !progress.was_deleted("arn 29"));
    assert_eq!(progress.last_failure("one").map(|failure| failure.at), Some(at(29)));
    assert_eq!(progress.last_failure("two"), None);
}

#[test]
fn what_is_announced_is_reserved_too() {
    let scene = Scene::new(&json!({})).serves(1).announces(2, 0, 0).announces(1, 0, 0);
    let reserved = scene.record.progress.reserved();
    assert_eq!(reserved.into_iter().collect::<Vec<_>>().len(), 2, "of one name only once");
}

#[test]
fn a_token_is_the_same_for_the_same_announcement_alone() {
    let first = token("x", at(0), 1);
    assert!(first.len() <= 256 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{first}");
    assert_eq!(token("x", at(0), 1), first);
    let others = [token("x", at(0), 2), token("y", at(0), 1), token("x", at(1), 1)];
    assert!(others.iter().all(|other| *other != first) && others[0] != others[1]);
}

#[test]
fn history_and_problems_are_bounded() {
    let mut progress = Progress::default();
    for number in 0..60 {
        progress.note(&format!("did {number} {}", "x".repeat(1000)), at(number));
    }
    assert_eq!((progress.history.len(), progress.history[0].at), (50, at(10)));
    assert!(progress.history.iter().all(|done| done.did.chars().count() <= 301), "{}", progress.history[0].did.len());
    let one = ["a".to_owned()];
    assert!(progress.note_problems(&one, at(1)));
    assert!(!progress.note_problems(&one, at(2)), "the same set");
    assert_eq!(progress.problems.as_ref().map(|last| last.at), Some(at(1)), "when this set began");
    assert!(progress.note_problems(&["b".to_owned()], at(3)));
    assert!(progress.note_problems(&[], at(4)) && progress.problems.is_none());
    assert!(!progress.note_problems(&[], at(5)));
}

#[test]
fn what_was_bought_is_held_as_it_was_announced() {
    let scene = Scene::new(&month("Retire")).announces(1, 5, 9);
    let announced: Announced = scene.record.progress.announced.into_values().next().expect("one");
    let held = Held::bought("name", announced);
    assert_eq!((held.since, held.seen, held.served, held.units), (at(5), None, None, 1));
    assert_eq!((held.term, held.purchase.as_deref()), (Some(Term::OneMonth), Some("2026-11")));
}

#[test]
fn versions_of_a_record_are_not_those_of_an_earlier_one_of_its_name() {
    let registered = |seconds: i64| {
        let declared = Declared::new(commitment(&json!({})), at(seconds));
        Record::new(declared).progress.version
    };
    let (first, second) = (registered(0), registered(1));
    assert!(second - first >= 1_000_000, "no invocation writes a million times a second: {first}, {second}");
}
