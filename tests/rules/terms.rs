//! What a term does before its end, at its end, and after it (design.md, rule 9).

use policy::desired::Hold;
use policy::observed::{Throughput, ThroughputStatus};
use policy::plan::{WaitingOn, ends_a_term};
use policy::record::{Held, Lifecycle, Record};
use policy::timetable::State;
use serde_json::{Value, json};

use crate::{ARN, BASE, Scene, at};

#[test]
fn a_term_that_ended_is_not_bought_again_by_a_tick() {
    let gone = |more: Value, served: bool, ended: bool| {
        let mut scene = Scene::new(more).listed(|throughput| {
            throughput.term_end = ended.then(|| at(0));
            throughput.status = if served { ThroughputStatus::InService } else { ThroughputStatus::Creating };
        });
        scene = scene.known();
        scene.observed.throughputs.clear();
        scene.observed.facts.throughputs.insert(ARN.to_owned(), Ok(None));
        scene
    };
    let month = |at_end: &str| json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": at_end});
    for (served, term, lifecycle) in
        [(true, true, Lifecycle::Ended), (false, true, Lifecycle::Active), (true, false, Lifecycle::Active)]
    {
        assert_eq!(gone(month("Renew"), served, term).plan().record.lifecycle, lifecycle, "{served} {term}");
    }
    let retiring = gone(month("Renew"), true, true).living(Lifecycle::Retiring);
    assert_eq!(retiring.plan().record.lifecycle, Lifecycle::Retiring);
    let problems = |scene: &Scene| scene.plan().problems.len();
    assert_eq!(problems(&gone(month("Renew"), true, true)), 1, "it was to renew");
    assert_eq!(problems(&gone(month("Retire"), true, true)), 0, "it was to end");
    let mut by_hand = gone(month("Renew"), true, true);
    by_hand.record.hold = Some(Hold { state: State::Off, since: at(0) });
    assert_eq!(problems(&by_hand), 0, "somebody wanted it off");
    assert_eq!(problems(&gone(json!({}), true, true)), 0, "no term is declared any more");
    for (at_end, said) in [("Retire", 1), ("Renew", 0)] {
        let renewed = |seconds| move |throughput: &mut Throughput| throughput.term_end = Some(at(seconds));
        let mut scene = Scene::new(month(at_end)).listed(renewed(60)).known();
        scene.observed.throughputs[0].term_end = Some(at(1_000_000));
        assert_eq!(problems(&scene), said, "{at_end}: {}", scene.says());
    }
}

#[test]
fn aliases_leave_before_a_term_that_ends_for_good_and_no_other() {
    for (more, end, stays) in [
        (json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"}), 600, false),
        (json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"}), 601, true),
        (json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}), 600, true),
    ] {
        let scene = Scene::new(more.clone()).listed(|throughput| throughput.term_end = Some(at(end))).known();
        assert_eq!(scene.plan().settled(), stays, "{more} {end}: {}", scene.says());
    }
    let retires = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"});
    let unknown = Scene::new(retires.clone()).listed(|_| {}).known();
    assert!(unknown.plan().settled(), "no end is known yet: {}", unknown.says());
    let second = |status: ThroughputStatus, end| {
        let mut scene = Scene::new(retires.clone()).listed(|throughput| throughput.term_end = Some(at(1_000_000)));
        scene = scene.sized(2, status);
        let second = scene.observed.throughputs.last_mut().expect("it is listed");
        second.term_end = Some(at(end));
        let explained = second.clone();
        scene.observed.facts.throughputs.insert(explained.arn.clone(), Ok(Some(explained)));
        scene.observed.facts.legacy.insert(BASE.to_owned(), Ok(false));
        let waits = WaitingOn::TermToEnd { name: scene.name(), until: at(1_000_000) };
        scene.plan().waiting.contains(&waits)
    };
    assert!(second(ThroughputStatus::InService, 600), "the first end counts");
    assert!(!second(ThroughputStatus::Failed, 600), "what failed serves no term");
}

#[test]
fn a_term_that_is_not_to_renew_is_about_to_end_for_two_minutes_and_a_little_until_one_after() {
    let declared = |at_term_end: &str| {
        let term = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": at_term_end});
        Scene::new(term).listed(|throughput| throughput.term_end = Some(at(200))).known().record
    };
    for (seconds, about_to_end) in [(64, false), (65, true), (259, true), (260, false)] {
        assert_eq!(ends_a_term(&declared("Retire"), at(seconds)), about_to_end, "{seconds}");
    }
    let mut two = declared("Retire");
    two.throughputs.push(Held { term_end: Some(at(1_000_000)), ..two.throughputs[0].clone() });
    assert!(ends_a_term(&two, at(100)), "one is enough");
    let renews = declared("Renew");
    assert!(!ends_a_term(&renews, at(100)));
    for lifecycle in [Lifecycle::Retiring, Lifecycle::Releasing, Lifecycle::Ended] {
        assert!(ends_a_term(&Record { lifecycle, ..renews.clone() }, at(100)), "{lifecycle:?}");
    }
    let off = Hold { since: at(0), state: State::Off };
    assert!(ends_a_term(&Record { hold: Some(off), ..renews }, at(100)));
    assert!(!ends_a_term(&Scene::new(json!({})).listed(|_| {}).known().record, at(100)), "without a term none ends");
}
