//! What is asked before anything is decided, and what goes on or waits while something cannot be seen (design.md, rules 2 and 11).

use jiff::SignedDuration;
use policy::commitment::ParameterName;
use policy::observed::{AliasStatus, CallErrorKind, Question, ThroughputStatus};
use policy::plan::WaitingOn;
use policy::record::Buying;
use serde_json::json;

use crate::aliases::id;
use crate::going::{FOREIGN, deletes, retiring};
use crate::refusals::{shrinking, taken};
use crate::{ARN, Scene, at, error};

fn draining() -> Scene {
    let mut scene = retiring(|_| {});
    scene.record.commitment.drain = SignedDuration::from_secs(300);
    scene
}

#[test]
fn a_drain_neither_begins_nor_ends_in_a_deletion_while_who_may_use_it_cannot_be_read() {
    let parameter: ParameterName = "/support/model-id".parse().expect("a name");
    let no_answer = || error(CallErrorKind::NoAnswer);
    let mut alias = draining();
    alias.observed.aliases.insert(id("UNREAD"), Err(no_answer()));
    let leaving = WaitingOn::Leaving { alias: id("UNREAD"), name: alias.name() };
    let mut pointed = draining();
    pointed.observed.parameters.insert(parameter.clone(), Err(no_answer()));
    let named = WaitingOn::Named { parameter, name: pointed.name() };
    for (mut scene, waits) in [(alias, leaving), (pointed, named)] {
        let plan = scene.plan();
        assert_eq!(plan.record.throughputs[0].left, None, "it may be in use: {plan}");
        assert_eq!(plan.waiting, std::slice::from_ref(&waits));
        scene.record.throughputs[0].left = Some(at(-300));
        let plan = scene.plan();
        assert_eq!((deletes(&scene), plan.record.throughputs[0].left), (None, Some(at(-300))), "{plan}");
        assert_eq!(plan.waiting, [waits], "it may have returned");
    }
}

#[test]
fn what_never_served_waits_only_for_aliases_that_are_on_their_way() {
    for (status, goes) in [
        (Some(AliasStatus::Updating), false),
        (Some(AliasStatus::Creating), false),
        (Some(AliasStatus::Failed), true),
        (Some(AliasStatus::Deleting), true),
        (None, true),
    ] {
        let mut scene = retiring(|throughput| throughput.status = ThroughputStatus::Creating);
        scene.observed.aliases.insert(id("ALIAS"), Ok(None));
        if let Some(status) = &status {
            scene = scene.alias(&id("ALIAS"), |alias| alias.status = status.clone());
        }
        assert_eq!(deletes(&scene).is_some(), goes, "{status:?}: {}", scene.says());
    }
}

#[test]
fn what_is_being_changed_is_not_deleted_yet_and_what_failed_is_whatever_term_is_given_for_it() {
    let updating = retiring(|throughput| throughput.status = ThroughputStatus::Updating);
    let waits = WaitingOn::Deletable { name: updating.name() };
    assert_eq!((deletes(&updating), updating.plan().waiting), (None, vec![waits]));
    let mut failed = retiring(|throughput| {
        throughput.status = ThroughputStatus::Failed;
        throughput.term_end = Some(at(1_000_000));
    });
    failed.observed.facts.throughputs.insert(ARN.to_owned(), Ok(Some(failed.observed.throughputs[0].clone())));
    assert_eq!(deletes(&failed), Some(false), "{}", failed.says());
}

#[test]
fn only_a_throughput_of_ours_is_asked_why_it_failed() {
    let two = || shrinking(json!({})).sized(2, ThroughputStatus::Failed);
    let why = |arn: &str| Question::Throughput(arn.to_owned());
    assert!(two().plan().questions.contains(&why(&format!("{ARN}2"))));
    let mut theirs = taken(shrinking(json!({})));
    theirs.observed.throughputs.last_mut().expect("it is listed").status = ThroughputStatus::Failed;
    assert!(!theirs.plan().questions.contains(&why(FOREIGN)), "{:?}", theirs.plan().questions);
}

#[test]
fn what_a_purchase_returned_and_the_list_does_not_show_is_looked_for() {
    let mut scene = Scene::new(json!({}));
    scene.record.buying.insert(scene.name(), Buying { since: at(0), missing: Some("arn:missing".to_owned()) });
    assert!(scene.plan().questions.contains(&Question::Throughput("arn:missing".to_owned())));
}
