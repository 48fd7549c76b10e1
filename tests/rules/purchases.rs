//! What is given up for a purchase, and what its failure means for an answer that is owed (design.md, rules 3 and 6).

use policy::custom_resource::{Origin, RawRequest, Request};
use policy::observed::{CallErrorKind, ThroughputStatus};
use policy::plan::Action;
use policy::record::{Decision, Failure, Gone, Owed};
use serde_json::json;

use crate::going::deletes;
use crate::refusals::{refused, shrinking};
use crate::{ARN, BASE, Scene, at, error};

#[test]
fn quota_makes_only_a_larger_one_give_way_to_the_next_model() {
    for (units, gives_way) in [(1, false), (2, true)] {
        let mut scene = Scene::new(json!({}))
            .listed(|throughput| {
                throughput.name = "support-agent-000000".to_owned();
                throughput.units = units;
                throughput.model_arn = "arn:aws:bedrock:eu-central-1::foundation-model/meta.llama3".to_owned();
                throughput.foundation_model_arn.clone_from(&throughput.model_arn);
            })
            .known();
        let buy = scene.plan().actions.remove(0);
        assert!(matches!(buy, Action::Buy { .. }), "{buy}");
        scene.attempts.failed(&buy, error(CallErrorKind::Quota));
        let plan = scene.plan();
        assert_eq!(plan.problems.len(), 1, "{plan}");
        assert_eq!(!plan.actions.is_empty(), gives_way, "{units}: {plan}");
    }
}

/// An answer that is owed since `at(10)`.
fn owed() -> Owed {
    let raw = RawRequest(json!({
        "RequestType": "Create", "ResponseURL": "https://b.s3.amazonaws.com/x?X-Amz-Date=20261116T080010Z",
        "StackId": "stack", "RequestId": "request", "LogicalResourceId": "Throughput",
        "ResourceProperties": {"ModelId": "m.n"},
    }));
    let origin = Origin::find(&raw, &[]).expect("it can be answered");
    let owed = Owed::to(&Request::read(&raw, origin, at(10)).expect("it is right"), None);
    assert_eq!(owed.since, at(10));
    owed
}

#[test]
fn what_failed_since_an_answer_is_owed_is_the_answer_and_what_failed_before_is_not() {
    for (seconds, refuses) in [(9, false), (10, true), (11, true)] {
        let failure = Failure::new(at(seconds), "no capacity");
        let mut there = Scene::new(json!({}))
            .listed(|throughput| {
                throughput.status = ThroughputStatus::Failed;
                throughput.failure = Some("no capacity".to_owned());
            })
            .known();
        there.now = at(20);
        there.record.throughputs[0].failed = Some(failure.clone());
        let explained = there.observed.throughputs[0].clone();
        there.observed.facts.throughputs.insert(ARN.to_owned(), Ok(Some(explained)));
        let mut gone = Scene::new(json!({}));
        gone.now = at(20);
        gone.record.gone.insert(gone.name(), Gone { arn: ARN.to_owned(), failed: Some(failure) });
        for mut scene in [there, gone] {
            assert_eq!(scene.plan().refused, None, "nobody waits for it");
            scene.record.owed = Some(owed());
            let refused = refuses.then(|| format!("{} failed: no capacity", scene.name()));
            assert_eq!(scene.plan().refused, refused, "{seconds}: {}", scene.says());
        }
    }
}

#[test]
fn what_an_answer_is_owed_for_breaks_nothing() {
    let decided = |decided| {
        let mut scene = refused(shrinking(json!({})), CallErrorKind::Quota);
        scene.record.owed = Some(Owed { decided, ..owed() });
        scene.routes().is_some()
    };
    assert!(!decided(None), "it fails instead, and the earlier declaration is in force again");
    assert!(decided(Some(Decision::Success)));
}

#[test]
fn what_could_not_be_bought_again_stays_until_its_successor_is_in_service() {
    let legacy = |mut scene: Scene| {
        scene.observed.facts.legacy.insert(BASE.to_owned(), Ok(true));
        deletes(&scene)
    };
    // The largest serves meanwhile; it is the other one that could go.
    let two = || shrinking(json!({})).sized(2, ThroughputStatus::InService);
    assert_eq!(legacy(two().sized(1, ThroughputStatus::Creating)), None);
    assert_eq!(legacy(refused(two(), CallErrorKind::Invalid)), None);
    assert_eq!(legacy(two().sized(1, ThroughputStatus::InService)), Some(false));
}
