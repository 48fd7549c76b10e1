//! How a throughput goes: who still uses it, the drain, and the deletion that is refused for a while (design.md, rules 2 and 9).

use jiff::SignedDuration;
use policy::observed::{
    AliasStatus, CallErrorKind, Marks, Observed, Parameter, Question, Throughput, ThroughputStatus,
};
use policy::plan::{Action, Route, WaitingOn};
use policy::record::{Claim, Lifecycle};
use serde_json::json;

use crate::aliases::id;
use crate::{ARN, BASE, Scene, at, error};

pub(crate) const FOREIGN: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/2";

/// A throughput of ours of a commitment that retires: no timetable and no model keeps it.
pub(crate) fn retiring(change: impl FnOnce(&mut Throughput)) -> Scene {
    Scene::new(json!({})).living(Lifecycle::Retiring).listed(change).known()
}

/// Whether the plan deletes, and if so whether it is patient.
pub(crate) fn deletes(scene: &Scene) -> Option<bool> {
    scene.plan().actions.iter().find_map(|action| match action {
        Action::Delete { patient, .. } => Some(*patient),
        Action::Buy { .. }
        | Action::Route { .. }
        | Action::Point { .. }
        | Action::Tag { .. }
        | Action::Release { .. }
        | Action::Forget { .. }
        | Action::Bury(_) => None,
    })
}

fn deletion(scene: &Scene) -> Action {
    Action::Delete { name: scene.name(), arn: ARN.to_owned(), patient: true }
}

#[test]
fn what_cannot_be_looked_up_is_not_forgotten() {
    let mut scene = retiring(|_| {});
    scene.observed.throughputs.clear();
    scene.observed.facts.throughputs.insert(ARN.to_owned(), Err(error(CallErrorKind::NoAnswer)));
    let plan = scene.plan();
    assert!(!plan.nothing_left && plan.record.held(ARN).is_some(), "it may be there, and be billed: {plan}");
}

#[test]
fn what_two_aliases_name_by_arn_and_by_name_is_one_throughput() {
    let mut scene = Scene::new(json!({})).listed(|_| {}).ours();
    let late = scene.observed.throughputs.pop().expect("it was listed");
    for (alias, named) in [("BYARN", &late.arn), ("BYNAME", &late.name)] {
        scene = scene.alias(&id(alias), |alias| alias.throughput = Some(named.clone()));
        scene.observed.facts.throughputs.insert(named.clone(), Ok(Some(late.clone())));
    }
    let plan = scene.plan();
    assert_eq!(plan.ours, [late], "the list is late");
    assert_eq!(plan.record.throughputs.len(), 1);
    scene.observed.facts.marks.clear();
    assert!(scene.plan().questions.contains(&Question::Marks(ARN.to_owned())));
}

#[test]
fn a_drain_that_has_begun_goes_on_until_it_is_decided_that_the_throughput_stays() {
    let left = |scene: &Scene| scene.plan().record.held(ARN).expect("it is there").left;
    let mut scene = Scene::new(json!({"Drain": "5m"})).listed(|_| {}).known();
    scene.record.throughputs[0].left = Some(at(0));
    scene.now = at(60);
    assert_eq!(left(&scene), None, "it is wanted again, and the next drain is a whole one");
    scene.desired = std::num::NonZeroU32::new(2);
    assert!(matches!(&scene.plan().actions[..], [Action::Buy { .. }]), "{}", scene.says());
    assert_eq!(left(&scene), Some(at(0)), "whether it stays shows with the purchase");
    scene.observed.aliases.insert(id("UNREAD"), Err(error(CallErrorKind::NoAnswer)));
    assert_eq!(left(&scene), Some(at(0)), "nor has what cannot be read returned");
    let returned = scene.alias(&id("RETURNED"), |alias| alias.throughput = Some(ARN.to_owned()));
    assert_eq!(left(&returned), None, "it starts again when an alias returns");
}

#[test]
fn only_an_alias_that_names_a_throughput_keeps_it() {
    for (named, goes) in [(Some(FOREIGN), true), (None, true), (Some(ARN), false)] {
        let mut scene = retiring(|_| {}).alias(&id("ALIAS"), |alias| alias.throughput = named.map(str::to_owned));
        let foreign = Throughput { arn: FOREIGN.to_owned(), ..scene.observed.throughputs[0].clone() };
        scene.observed.facts.throughputs.insert(FOREIGN.to_owned(), Ok(Some(foreign)));
        scene.observed.facts.marks.insert(FOREIGN.to_owned(), Ok(Marks::default()));
        assert_eq!(deletes(&scene).is_some(), goes, "{named:?}: {}", scene.says());
    }
    let name = retiring(|_| {}).name();
    let by_name = retiring(|_| {}).alias(&id("ALIAS"), |alias| alias.throughput = Some(name));
    assert_eq!(deletes(&by_name), None, "a name names it as well as an ARN");
}

#[test]
fn a_refusal_is_expected_while_it_is_created_and_until_a_minute_after_a_terms_end() {
    assert_eq!(deletes(&retiring(|_| {})), Some(false));
    let mut creating = retiring(|throughput| throughput.status = ThroughputStatus::Creating);
    assert_eq!(deletes(&creating), Some(true));
    creating.attempts.failed(&deletion(&creating), error(CallErrorKind::Conflict));
    assert_eq!(deletes(&creating), None, "once in an invocation is enough");
    assert_eq!(creating.plan().waiting, [WaitingOn::Deletable { name: creating.name() }]);

    let mut term = retiring(|throughput| throughput.term_end = Some(at(60)));
    term.attempts.failed(&deletion(&term), error(CallErrorKind::Conflict));
    for (seconds, patient) in [(0, true), (119, true), (120, false)] {
        term.now = at(seconds);
        assert_eq!(
            deletes(&term),
            Some(patient),
            "{seconds}: tried again until it is gone, for a renewal costs a month"
        );
        assert_eq!(term.plan().waiting.len(), usize::from(patient), "{seconds}: {}", term.says());
    }
}

#[test]
fn whatever_holds_a_deletion_back_is_looked_at_again_while_a_term_is_about_to_end() {
    let term = || retiring(|throughput| throughput.term_end = Some(at(135)));
    let unseen = |mut scene: Scene| {
        scene.observed.aliases.insert(id("ALIAS"), Err(error(CallErrorKind::NoAnswer)));
        scene
    };
    let updating = |scene: Scene| scene.alias(&id("ALIAS"), |alias| alias.status = AliasStatus::Updating);
    let returned = |scene: Scene| scene.alias(&id("ALIAS"), |alias| alias.throughput = Some(ARN.to_owned()));
    let draining = |mut scene: Scene| {
        scene.record.commitment.drain = SignedDuration::from_secs(300);
        scene
    };
    for mut scene in [unseen(term()), updating(term()), returned(term()), draining(term())] {
        let end = WaitingOn::TermToEnd { name: scene.name(), until: at(135) };
        for (seconds, awake) in [(-1, false), (0, true), (194, true), (195, false)] {
            scene.now = at(seconds);
            assert_eq!(deletes(&scene), None, "{seconds}: {}", scene.says());
            assert_eq!(scene.plan().waiting.contains(&end), awake, "{seconds}: {}", scene.says());
        }
    }
    let mut failed = unseen(term());
    failed.observed.throughputs[0].status = ThroughputStatus::Failed;
    failed.record.throughputs[0].served = true;
    let waits = |scene: &Scene| scene.plan().waiting.iter().any(|one| matches!(one, WaitingOn::TermToEnd { .. }));
    assert!(!waits(&failed), "what failed serves no term: {}", failed.says());
}

#[test]
fn a_drain_begins_when_the_last_alias_is_seen_prepared_elsewhere() {
    for (status, begun) in [(AliasStatus::Updating, None), (AliasStatus::Prepared, Some(at(0)))] {
        let scene = Scene::new(json!({"Drain": "5m"})).living(Lifecycle::Retiring).listed(|_| {}).known();
        let scene = scene.alias(&id("ALIAS"), |alias| alias.status = status);
        assert_eq!(scene.plan().record.held(ARN).expect("it is there").left, begun, "{}", scene.says());
    }
}

#[test]
fn what_has_served_drains_whatever_its_status_is_now() {
    for status in [ThroughputStatus::InService, ThroughputStatus::Unknown("Suspended".to_owned())] {
        let mut scene = retiring(|_| {});
        scene.record.commitment.drain = SignedDuration::from_secs(300);
        scene.observed.throughputs[0].status = status.clone();
        let drain = WaitingOn::Drain { name: scene.name(), drain: SignedDuration::from_secs(300), until: at(300) };
        assert_eq!((deletes(&scene), scene.plan().waiting), (None, vec![drain]), "{status:?}");
    }
}

#[test]
fn what_another_took_over_makes_way_before_a_throughput_goes_and_is_the_others_as_long_as_it_stays() {
    let (taken, parameter) = (id("TAKEN"), "/support/model-id");
    let claims = [Claim::Alias(taken.clone()), Claim::Parameter(parameter.parse().expect("a name"))];
    let lost = |named: Option<&str>, status: AliasStatus| {
        let mut scene = Scene::new(json!({})).listed(|_| {}).known().alias(&taken, |alias| {
            alias.throughput = named.map(str::to_owned);
            alias.status = status;
        });
        let value = named.unwrap_or(BASE).to_owned();
        let held = Parameter { value, kind: "String".to_owned(), version: 7, modified: Some(at(-3600)) };
        scene.observed.parameters.insert(parameter.parse().expect("a name"), Ok(Some(held)));
        let facts = &mut scene.observed.facts;
        facts.throughputs.insert(FOREIGN.to_owned(), Ok(Some(scene.observed.throughputs[0].clone())));
        facts.marks.insert(FOREIGN.to_owned(), Ok(Marks::default()));
        facts.legacy.insert(BASE.to_owned(), Ok(false));
        scene.record.lost = claims.to_vec();
        scene
    };
    let steady = lost(Some(ARN), AliasStatus::Prepared);
    assert!(steady.plan().settled() && steady.plan().record == steady.record, "{}", steady.says());
    let going = steady.off();
    let plan = going.plan();
    let [Action::Route { alias, to: Route::OnDemand, rejects: false, .. }, Action::Point { value, .. }] =
        &plan.actions[..]
    else {
        panic!("{plan}");
    };
    assert_eq!((alias, value.as_str(), deletes(&going)), (&taken, BASE, None));
    assert_eq!(plan.record.lost, claims, "{plan}");
    assert!(!lost(Some(ARN), AliasStatus::Prepared).living(Lifecycle::Retiring).plan().let_go, "a Delete waits for it");
    let moving = lost(Some(FOREIGN), AliasStatus::Updating).off();
    assert_eq!((deletes(&moving), moving.plan().record.lost), (None, claims[..1].to_vec()), "{}", moving.says());
    assert!(moving.plan().waiting.contains(&WaitingOn::Alias { alias: taken.clone() }), "{}", moving.says());
    let staying = lost(None, AliasStatus::Updating).plan();
    assert!(staying.settled() && staying.record.lost == claims[..1], "nothing waits for it: {staying}");
    for named in [Some(FOREIGN), None] {
        assert_eq!(lost(named, AliasStatus::Prepared).plan().record.lost, vec![]);
        let moved = lost(named, AliasStatus::Prepared).off();
        assert_eq!((deletes(&moved), moved.plan().record.lost), (Some(false), vec![]), "{}", moved.says());
        assert_eq!(moved.plan().actions.len(), 1, "where it is now is its new owner's to say");
    }
    // Where it sends invocations is not known (rule 2).
    let mut failed = lost(None, AliasStatus::Failed);
    assert_eq!(failed.plan().record.lost, claims[..1], "{}", failed.says());
    failed = failed.off();
    let plan = failed.plan();
    assert_eq!((deletes(&failed), &plan.record.lost[..], plan.actions.len()), (None, &claims[..1], 0), "{plan}");
    failed.record = plan.record;
    failed.now = at(600);
    let plan = failed.plan();
    assert!(matches!(&plan.actions[..], [Action::Route { to: Route::OnDemand, .. }]), "it is tried again: {plan}");
    let stuck = lost(Some(FOREIGN), AliasStatus::Failed);
    assert!(stuck.plan().settled(), "as long as nothing is to go, that is its new owner's: {}", stuck.says());
    let stuck = stuck.living(Lifecycle::Retiring).plan();
    assert_eq!((stuck.actions.len(), &stuck.record.lost[..], stuck.let_go), (0, &claims[..1], true), "{stuck}");
    assert_eq!(stuck.problems, [format!("alias {taken} is FAILED on {FOREIGN}, which is not ours")]);

    let mut unseen = lost(Some(ARN), AliasStatus::Prepared);
    unseen.observed.aliases.insert(taken.clone(), Err(error(CallErrorKind::Refused)));
    unseen.observed.parameters.insert(parameter.parse().expect("a name"), Err(error(CallErrorKind::Refused)));
    assert!(unseen.plan().settled() && unseen.plan().record.lost == claims, "{}", unseen.says());
    unseen = unseen.off();
    let busy = error(CallErrorKind::Busy);
    unseen.observed.aliases.insert(taken.clone(), Err(busy.clone()));
    assert_eq!((deletes(&unseen), unseen.plan().failures.len()), (None, 2), "{}", unseen.says());
    assert!(unseen.plan().failures.contains(&busy));
    let mut unlisted = lost(Some(ARN), AliasStatus::Prepared).off();
    unlisted.observed.throughputs.clear();
    unlisted.observed.facts.throughputs.insert(ARN.to_owned(), Err(error(CallErrorKind::NoAnswer)));
    assert_eq!(unlisted.plan().record.lost, claims, "it may be there: {}", unlisted.says());
    let gone = lost(Some(ARN), AliasStatus::Prepared);
    let mut gone = Scene { observed: Observed::default(), ..gone };
    gone.record.throughputs.clear();
    assert_eq!(gone.off().plan().record.lost, vec![], "nothing of ours is left to lead to");
}
