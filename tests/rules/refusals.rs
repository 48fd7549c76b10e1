//! What a purchase that cannot be made, or of which nothing is known, does to what serves (design.md, rules 3, 4 and 6).

use policy::observed::{CallErrorKind, Marks, Throughput, ThroughputStatus};
use policy::plan::{Action, Route};
use policy::record::{Buying, Failure, Gone, Lifecycle};
use serde_json::{Value, json};

use crate::aliases::{bare, serving};
use crate::going::{FOREIGN, deletes};
use crate::{ARN, Scene, at, error};

/// An alias that is served by three model units, of which one only is wanted now.
pub(crate) fn shrinking(more: Value) -> Scene {
    let on_large = serving(more, |alias| alias.throughput = Some(format!("{ARN}3")));
    bare(on_large).sized(3, ThroughputStatus::InService).wanting(1)
}

fn buys(scene: &Scene) -> Option<Action> {
    scene.plan().actions.into_iter().find(|action| matches!(action, Action::Buy { .. }))
}

/// The purchase was tried, and refused so.
pub(crate) fn refused(mut scene: Scene, kind: CallErrorKind) -> Scene {
    let buy = buys(&scene).expect("it buys");
    scene.attempts.failed(&buy, error(kind));
    scene
}

/// Somebody else's throughput has the name that ours would have.
pub(crate) fn taken(mut scene: Scene) -> Scene {
    let foreign = Throughput { name: scene.name(), arn: FOREIGN.to_owned(), ..scene.observed.throughputs[0].clone() };
    scene.observed.throughputs.push(foreign);
    scene.observed.facts.marks.insert(FOREIGN.to_owned(), Ok(Marks::default()));
    scene
}

#[test]
fn nothing_but_quota_breaks_what_serves() {
    let failed_before = |mut scene: Scene| {
        let failed = Some(Failure::new(at(0), "no capacity"));
        scene.record.gone.insert(scene.name(), Gone { arn: ARN.to_owned(), failed });
        scene
    };
    let failed = |scene: Scene| {
        let mut scene = scene.sized(1, ThroughputStatus::Failed);
        let explained = scene.observed.throughputs.last().cloned().expect("it is listed");
        scene.observed.facts.throughputs.insert(explained.arn.clone(), Ok(Some(explained)));
        scene
    };
    let plain = || shrinking(json!({}));
    let mut scenes = vec![taken(plain()), failed_before(plain()), failed(plain())];
    scenes.push(shrinking(json!({"CommitmentDuration": "SixMonths", "Purchase": "2026-11"})));
    let kinds = [CallErrorKind::NotFound, CallErrorKind::Conflict, CallErrorKind::Invalid, CallErrorKind::Refused];
    scenes.extend(kinds.map(|kind| refused(plain(), kind)));
    for scene in scenes {
        assert_eq!((scene.routes(), buys(&scene)), (None, None), "{}", scene.says());
        let large = scene.plan().record.held(&format!("{ARN}3")).and_then(|held| held.left);
        assert_eq!(large, None, "it stays: {}", scene.says());
    }
    let quota = refused(plain(), CallErrorKind::Quota);
    assert_eq!(quota.routes(), Some((Route::OnDemand, false, false)));
}

#[test]
fn while_it_is_not_known_whether_the_wanted_one_is_there_nothing_goes() {
    let plain = || shrinking(json!({})).sized(2, ThroughputStatus::InService);
    let unread = |mut scene: Scene| {
        scene = taken(scene);
        scene.observed.facts.marks.insert(FOREIGN.to_owned(), Err(error(CallErrorKind::NoAnswer)));
        scene
    };
    let held = |scene: Scene| {
        let mut scene = scene.sized(1, ThroughputStatus::InService);
        let held = scene.observed.throughputs.pop().expect("it was listed");
        scene.observed.facts.throughputs.insert(held.arn, Err(error(CallErrorKind::NoAnswer)));
        scene
    };
    let missing = |mut scene: Scene| {
        scene.record.buying.insert(scene.name(), Buying { since: at(0), missing: Some("arn:missing".to_owned()) });
        scene.observed.facts.throughputs.insert("arn:missing".to_owned(), Ok(None));
        scene
    };
    for scene in [unread(plain()), held(plain()), missing(plain()), refused(plain(), CallErrorKind::NoAnswer)] {
        assert_eq!((scene.routes(), buys(&scene), deletes(&scene)), (None, None, None), "{}", scene.says());
    }
    let looked = held(plain()).plan();
    assert_eq!(looked.failures, [error(CallErrorKind::NoAnswer)]);
    let known = refused(plain(), CallErrorKind::Invalid);
    assert_eq!(deletes(&known), Some(false), "what is refused decides it: {}", known.says());
}

#[test]
fn what_keeps_it_from_being_bought_is_what_an_answer_says() {
    let taken = taken(shrinking(json!({}))).plan();
    let exists = "support-agent-f5426c exists and is not ours: it is neither used nor deleted";
    assert_eq!((taken.problems, taken.refused.as_deref()), (vec![exists.to_owned()], Some(exists)));
    let invalid = refused(shrinking(json!({})), CallErrorKind::Invalid);
    assert_eq!(invalid.plan().refused, Some(error(CallErrorKind::Invalid).to_string()));
    let busy = refused(shrinking(json!({})), CallErrorKind::NoAnswer);
    assert_eq!(busy.plan().refused, None);
}

#[test]
fn a_purchase_is_a_repeated_one_until_its_token_is_spent() {
    let repeated = |scene: &Scene| match buys(scene) {
        Some(Action::Buy { repeated, .. }) => Some(repeated),
        _ => None,
    };
    let mut scene = Scene::new(json!({}));
    assert_eq!(repeated(&scene), Some(false));
    scene.record = scene.plan().record;
    assert_eq!(repeated(&scene), Some(true), "an invocation that died may have bought it");
    scene.record.buying.insert(scene.name(), Buying { since: at(-120), missing: Some("arn:missing".to_owned()) });
    scene.observed.facts.throughputs.insert("arn:missing".to_owned(), Ok(None));
    assert_eq!(repeated(&scene), Some(false), "this one has another token");
}

#[test]
fn what_failed_is_not_tried_again_in_the_same_invocation_unless_it_was_only_busy() {
    let scene = || serving(json!({}), |_| {});
    let route = scene().plan().actions.remove(0);
    for (kind, fails) in [(CallErrorKind::Busy, false), (CallErrorKind::Conflict, true), (CallErrorKind::Invalid, true)]
    {
        let mut scene = scene();
        assert_eq!(scene.attempts.failed(&route, error(kind)), fails, "{kind:?}");
        assert_eq!(scene.plan().actions.is_empty(), fails, "{kind:?}: {}", scene.says());
    }
    let patient = Action::Delete { name: String::new(), arn: ARN.to_owned(), patient: true };
    let mut scene = scene();
    assert!(!scene.attempts.failed(&patient, error(CallErrorKind::Conflict)), "it was expected");
    assert!(scene.plan().failures.is_empty());
}

#[test]
fn what_is_released_waits_for_purchases_of_the_last_minutes_and_forgets_the_others() {
    for (seconds, kept) in [(119, 1), (120, 0)] {
        let mut scene = Scene::new(json!({})).living(Lifecycle::Releasing);
        scene.record.buying.insert(scene.name(), Buying { since: at(0), missing: None });
        scene.now = at(seconds);
        let plan = scene.plan();
        assert_eq!((plan.record.buying.len(), plan.waiting.len()), (kept, kept), "{seconds}: {plan}");
    }
}
