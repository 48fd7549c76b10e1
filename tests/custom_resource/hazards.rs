//! What the list of cases does not name, and users would suffer from.

use super::*;

fn throttled(scene: &Scene, operation: &'static str, times: u32) {
    scene.world.sim.fault(operation, times, Fault::throttled());
}

#[tokio::test]
async fn a_failed_create_whose_decision_could_not_be_written_retires_all_the_same() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| {
        knobs.creation_time = SignedDuration::from_hours(5);
        knobs.delete_while_creating = Refuses::No;
    });
    let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    scene.send(&request).await.expect("ticks go on");
    scene.world.pass(57).await;
    assert_eq!(scene.stack.answer(&request), None);
    // The SDK tries three times.
    throttled(&scene, "UpdateSchedule", 3);
    scene.world.pass(10).await;
    assert_eq!(status(&scene.answer(&request)), "FAILED");
    assert_eq!(scene.stack.answers(&request), 1);
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered(), "it would be paid for ever");
}

#[tokio::test]
async fn a_release_that_was_lost_half_way_is_not_denied_for_ever() {
    let scene = Scene::created(&properties(json!({"OnDelete": "Retain"}))).await;
    scene.world.sim.knobs(|knobs| knobs.orphan_after = None);
    // The marks are off, and the role may untag only what bears them.
    scene.world.sim.fault("UntagResource", 1, Fault::LoseAnswer);
    scene.world.sim.fault("UntagResource", 5, Fault::denied());
    let (_, answer) = scene.carry_out("Delete", &properties(json!({"OnDelete": "Retain"}))).await;
    assert_eq!(status(&answer), "SUCCESS", "{answer}");
    scene.world.pass(5).await;
    assert!(scene.has_tombstone());
    assert_eq!(scene.route(), Some(scene.arn()));
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_not_denied() {
    let scene = Scene::created(&properties(json!({}))).await;
    // What is gone bears no mark, and the role may delete only what bears ours.
    scene.world.sim.fault("DeleteProvisionedModelThroughput", 1, Fault::LoseAnswer);
    scene.world.sim.fault("DeleteProvisionedModelThroughput", 5, Fault::denied());
    let (_, answer) = scene.carry_out("Delete", &properties(json!({}))).await;
    assert_eq!(status(&answer), "SUCCESS", "{answer}");
}

#[tokio::test]
async fn a_retire_while_an_answer_is_owed_fails_it_at_once_and_stays() {
    let waits = properties(json!({"WaitFor": "InService"}));
    let scene = Scene::new().await;
    let create = scene.request("Create", &waits);
    scene.send(&create).await.expect("ticks go on");
    let retire = json!({"Action": "Retire", "Name": scene.name()});
    let _report = scene.world.send(retire.clone()).await;
    scene.world.pass(2).await;
    let answer = scene.answer(&create);
    assert_eq!(status(&answer), "FAILED");
    assert!(reason(&answer).contains("retire"), "{answer}");

    let scene = Scene::created(&properties(json!({}))).await;
    let update = scene.request("Update", &properties(json!({"WaitFor": "InService", "ModelUnits": 2})));
    scene.send(&update).await.expect("ticks go on");
    let _report = scene.world.send(json!({"Action": "Retire", "Name": scene.name()})).await;
    scene.world.pass(60).await;
    assert_eq!(status(&scene.answer(&update)), "FAILED");
    assert!(scene.world.sim.throughputs().is_empty(), "what a person retired is not brought back");
    let (_, deleted) = scene.carry_out("Delete", &properties(json!({}))).await;
    assert_eq!(status(&deleted), "SUCCESS");
}

#[tokio::test]
async fn what_is_ready_after_the_end_of_a_create_counts_as_failed_and_retires() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_mins(80));
    let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    scene.send(&request).await.expect("ticks go on");
    // No tick gets through for two hours.
    scene.world.sim.advance(SignedDuration::from_mins(120));
    scene.world.pass(20).await;
    assert_ne!(status(&scene.answer(&request)), "SUCCESS", "CloudFormation has given up an hour ago");
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
}

#[tokio::test]
async fn a_create_that_comes_when_it_is_to_be_decided_buys_nothing() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    scene.world.sim.advance(SignedDuration::from_secs(3600 - 30));
    scene.send(&request).await.expect("FAILED is delivered");
    assert_eq!(status(&scene.answer(&request)), "FAILED");
    scene.world.pass(5).await;
    assert!(scene.world.sim.history().is_empty() && !scene.is_registered());
}

#[tokio::test]
async fn an_alias_that_a_failed_create_took_over_goes_back() {
    let scene = Scene::created(&properties(json!({}))).await;
    let before = scene.arn();
    // A logical id is renamed, and there is quota for one throughput only.
    scene.world.sim.knobs(|knobs| knobs.quota = 1);
    let now = scene.world.now();
    let taking = properties(json!({"TakeOver": true}));
    let create = scene.stack.request("Create", "Renamed", &taking, now);
    let (_, answer) = scene.stack.carry_out(&scene.world, &create).await;
    assert_eq!(status(&answer.expect("answered")), "FAILED");
    let delete = scene.stack.request("Delete", "Renamed", &taking, scene.world.now());
    let (_, answer) = scene.stack.carry_out(&scene.world, &delete).await;
    assert_eq!(status(&answer.expect("answered")), "SUCCESS");
    scene.world.pass(5).await;
    assert_eq!(scene.arn(), before);
    assert_eq!(scene.route(), Some(before), "it is paid for, and its alias is on it");
}

#[tokio::test]
async fn an_update_to_a_term_that_was_never_bought_can_be_rolled_back() {
    let scene = Scene::created(&properties(json!({}))).await;
    throttled(&scene, "CreateProvisionedModelThroughput", 30);
    let update = scene.request("Update", &properties(json!({"CommitmentDuration": "OneMonth"})));
    scene.send(&update).await.expect("ticks go on");
    scene.world.sim.clear_faults();
    scene.world.sim.advance(SignedDuration::from_secs(20));
    let (_, answer) = scene.carry_out("Update", &properties(json!({}))).await;
    assert_eq!(status(&answer), "SUCCESS", "{answer}");
    assert_eq!(status(&scene.answer(&update)), "FAILED");
    scene.world.pass(5).await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn the_later_of_two_deletes_is_the_one_that_is_remembered() {
    let scene = Scene::created(&properties(json!({"Timetable": closed()}))).await;
    let first = scene.request("Delete", &properties(json!({})));
    scene.world.sim.advance(SignedDuration::from_secs(10));
    let late = scene.request("Create", &properties(json!({})));
    scene.world.sim.advance(SignedDuration::from_secs(10));
    let second = scene.request("Delete", &properties(json!({})));
    for request in [&second, &first, &late] {
        scene.send(request).await.expect("it is answered");
    }
    assert_eq!(status(&scene.answer(&late)), "FAILED");
    assert!(!scene.is_registered());
}

#[tokio::test]
async fn a_request_without_a_date_that_comes_again_is_the_same_request() {
    let scene = Scene::new().await;
    let mut request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    let url = request["ResponseURL"].as_str().expect("a URL").replace("X-Amz-Date=", "X-Amz-Dated=");
    request["ResponseURL"] = json!(url);
    scene.send(&request).await.expect("ticks go on");
    scene.world.sim.advance(SignedDuration::from_mins(1));
    scene.send(&request).await.expect("ticks go on");
    assert_eq!(scene.stack.answer(&request), None, "it has not overtaken itself");
    scene.world.pass(45).await;
    assert_eq!(status(&scene.answer(&request)), "SUCCESS");
    assert_eq!(scene.stack.answers(&request), 1);
}

#[tokio::test]
async fn throttling_for_some_seconds_fails_no_stack() {
    for (kind, operation) in [
        ("Create", "GetSchedule"),
        ("Create", "CreateSchedule"),
        ("Create", "UpdateSchedule"),
        ("Create", "GetAgentAlias"),
        ("Delete", "GetSchedule"),
        ("Delete", "UpdateSchedule"),
        ("Delete", "ListProvisionedModelThroughputs"),
    ] {
        let scene = if kind == "Create" { Scene::new().await } else { Scene::created(&properties(json!({}))).await };
        throttled(&scene, operation, 4);
        let (_, answer) = scene.carry_out(kind, &properties(json!({}))).await;
        assert_eq!(status(&answer), "SUCCESS", "{kind} {operation}: {answer}");
    }
}

#[tokio::test]
async fn a_create_whose_looks_are_denied_is_answered_once_and_ends_well() {
    let scene = Scene::new().await;
    scene.world.sim.fault("ListProvisionedModelThroughputs", 20, Fault::denied());
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("FAILED is delivered");
    assert_eq!(status(&scene.answer(&request)), "FAILED");
}
