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
    throttled(&scene, "UpdateItem", 3);
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
    let update = scene.request("Update", &properties(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"})));
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
        ("Create", "GetItem"),
        ("Create", "TransactWriteItems"),
        ("Create", "CreateSchedule"),
        ("Create", "GetAgentAlias"),
        ("Delete", "GetItem"),
        ("Delete", "TransactWriteItems"),
        ("Delete", "UpdateItem"),
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

#[tokio::test]
async fn requests_and_ticks_that_run_at_the_same_time_leave_what_the_last_request_wants() {
    let sized = |units: u32| properties(json!({"ModelUnits": units}));
    for (kind, declared) in [("Delete", sized(1)), ("Update", sized(2))] {
        for operation in ["GetItem", "ListProvisionedModelThroughputs", "GetAgentAlias"] {
            let scene = Scene::created(&sized(1)).await;
            // Somebody has changed the route, so that the tick has something to do.
            scene.world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = None);
            scene.world.sim.meet(&[operation], 2);
            let request = scene.request(kind, &declared);
            let name = scene.name();
            let (sent, _ticked) = tokio::join!(scene.send(&request), scene.world.tick(&name));
            let what = format!("{kind} {operation}: {sent:?}");
            scene.world.pass(50).await;
            assert_eq!(status(&scene.answer(&request)), "SUCCESS", "{what}");
            assert_eq!(scene.stack.answers(&request), 1, "{what}");
            if kind == "Delete" {
                assert!(scene.world.sim.throughputs().is_empty() && scene.has_tombstone(), "{what}");
            } else {
                assert_eq!(scene.world.sim.throughputs()[0].units, 2, "{what}");
                assert_eq!(scene.route(), Some(scene.arn()), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_delete_that_runs_beside_its_create_wins() {
    for operation in ["GetItem", "TransactWriteItems", "ListProvisionedModelThroughputs"] {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
        let create = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
        scene.world.sim.advance(SignedDuration::from_secs(5));
        let delete = scene.request("Delete", &properties(json!({})));
        scene.world.sim.meet(&[operation], 2);
        let (created, deleted) = tokio::join!(scene.send(&create), scene.send(&delete));
        let what = format!("{operation}: {created:?} {deleted:?}");
        scene.world.pass(30).await;
        assert_eq!(status(&scene.answer(&delete)), "SUCCESS", "{what}");
        assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered(), "{what}");
        let to_create = scene.stack.sink.puts().into_iter().filter(|put| put.body["RequestId"] == create["RequestId"]);
        assert!(to_create.clone().count() <= 1, "{what}");
        assert!(to_create.into_iter().all(|put| status(&put.body) == "FAILED"), "{what}");
    }
}

#[tokio::test]
async fn a_purchase_whose_tags_cannot_be_read_for_a_moment_is_not_taken_for_somebody_elses() {
    let scene = Scene::new().await;
    // It shows a minute later, and nobody knows its ARN: the answer to the purchase was lost.
    scene.world.sim.fault("CreateProvisionedModelThroughput", 3, Fault::LoseAnswer);
    scene.world.sim.knobs(|knobs| {
        knobs.list_lag = SignedDuration::from_secs(60);
        knobs.get_lag = SignedDuration::from_secs(60);
    });
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("ticks go on");
    scene.world.sim.fault("ListTagsForResource", 3, Fault::LoseAnswer);
    scene.world.pass(45).await;
    assert_eq!(status(&scene.answer(&request)), "SUCCESS", "{}", scene.answer(&request));
    assert_eq!(scene.route(), Some(scene.arn()));
}

#[tokio::test]
async fn a_rollback_that_comes_at_any_moment_of_an_update_leaves_what_was() {
    for minutes in [0, 1, 5, 30, 58, 59, 60] {
        let scene = Scene::created(&properties(json!({}))).await;
        scene.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_hours(3));
        let before = scene.arn();
        let update = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": "InService"})));
        scene.send(&update).await.expect("ticks go on");
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
        scene.world.pass(minutes).await;
        scene.world.sim.advance(SignedDuration::from_secs(7));
        let (_, answer) = scene.carry_out("Update", &properties(json!({}))).await;
        assert_eq!(status(&answer), "SUCCESS", "{minutes}: {answer}");
        assert_eq!(answer["Data"]["ProvisionedModelArn"], json!(before), "{minutes}");
        scene.world.pass(15).await;
        assert_eq!(status(&scene.answer(&update)), "FAILED", "{minutes}");
        assert_eq!(scene.stack.answers(&update), 1, "{minutes}");
        assert_eq!((scene.arn(), scene.route()), (before.clone(), Some(before)), "{minutes}");
    }
}

#[tokio::test]
async fn a_create_of_little_time_is_answered_within_it() {
    for timeout in [20, 45, 61, 90, 119, 120, 121, 180] {
        for wait_for in ["Accepted", "InService"] {
            let scene = Scene::new().await;
            scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
            let declared = properties(json!({"ServiceTimeout": timeout, "WaitFor": wait_for}));
            let request = scene.request("Create", &declared);
            scene.world.sim.advance(SignedDuration::from_secs(2));
            scene.send(&request).await.expect("it ends well");
            let end = start().saturating_add(SignedDuration::from_secs(timeout)).expect("in range");
            if scene.world.now() < end {
                scene.world.run_until(end, |_, _| {}).await;
            }
            let expected = if wait_for == "Accepted" { "SUCCESS" } else { "FAILED" };
            assert_eq!(status(&scene.answer(&request)), expected, "{timeout} {wait_for}");
            scene.world.pass(5).await;
            assert_eq!(scene.world.sim.throughputs().is_empty(), expected == "FAILED", "{timeout} {wait_for}");
        }
    }
}

#[tokio::test]
async fn a_commitment_that_goes_leaves_the_routes_of_others_alone_even_with_take_over() {
    let scene = Scene::created(&properties(json!({"TakeOver": true}))).await;
    let foreign = scene.world.sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    scene.world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(foreign.clone()));
    let (_, answer) = scene.carry_out("Delete", &properties(json!({}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    scene.world.pass(10).await;
    assert_eq!((scene.arn(), scene.route()), (foreign.clone(), Some(foreign)));
}

#[tokio::test]
async fn what_a_stack_is_deleting_cannot_be_applied_anew() {
    let scene = Scene::created(&properties(json!({}))).await;
    let delete = scene.request("Delete", &properties(json!({})));
    scene.send(&delete).await.expect("ticks go on");
    let mut declared = properties(json!({}));
    declared["Name"] = json!(scene.name());
    let applied = scene.world.send(json!({"Action": "Apply", "Commitment": declared})).await;
    assert_eq!(applied.expect_err("it is refused").kind(), "NotAllowed");
    scene.world.pass(15).await;
    assert_eq!(status(&scene.answer(&delete)), "SUCCESS");
}

#[tokio::test]
async fn a_tombstone_gives_way_to_an_action_of_the_same_name_and_is_no_commitment() {
    let scene = Scene::created(&properties(json!({}))).await;
    let (_, answer) = scene.carry_out("Delete", &properties(json!({}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    let all = scene.world.send(json!({"Action": "Status"})).await.expect("a report");
    assert_eq!(all, json!({"Commitments": [], "Orphans": []}));
    for action in ["Retire", "Resume", "Status"] {
        let event = json!({"Action": action, "Name": scene.name()});
        assert_eq!(scene.world.send(event).await.expect_err("unknown").kind(), "UnknownCommitment");
    }
    let mut declared = properties(json!({}));
    declared["Name"] = json!(scene.name());
    scene.world.send(json!({"Action": "Apply", "Commitment": declared})).await.expect("applied");
    scene.world.pass(150).await;
    assert!(scene.is_registered(), "the tombstone's end does not take it away");
    assert_eq!(scene.route(), Some(scene.arn()));
}

#[tokio::test]
async fn what_is_retained_while_its_purchase_was_not_yet_noticed_is_released_once() {
    let scene = Scene::created(&properties(json!({"OnDelete": "Retain", "Timetable": closed()}))).await;
    // Bought by an invocation that died, and in no record.
    let marks =
        [("throughput-scheduler:commitment", scene.name()), ("throughput-scheduler:deployment", GROUP.to_owned())];
    let marks: Vec<(&str, &str)> = marks.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let bought = format!("{}-f3bc69", scene.name());
    scene.world.sim.add_throughput(&bought, "amazon.nova-lite-v1:0:24k", 1, &marks);
    scene.world.sim.clear_requests();
    let (_, answer) = scene.carry_out("Delete", &properties(json!({"OnDelete": "Retain"}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    assert_eq!(scene.changes(), ["UntagResource"]);
}

#[tokio::test]
async fn a_clock_that_runs_behind_or_ahead_of_the_requests_date_changes_nothing() {
    for seconds in [-90, -1, 1, 90] {
        let scene = Scene::new().await;
        let at =
            |scene: &Scene| scene.world.now().saturating_add(SignedDuration::from_secs(seconds)).expect("in range");
        let properties = properties(json!({"WaitFor": "InService"}));
        let create = scene.stack.request("Create", LOGICAL_ID, &properties, at(&scene));
        scene.send(&create).await.expect("ticks go on");
        scene.world.pass(40).await;
        assert_eq!(status(&scene.answer(&create)), "SUCCESS", "{seconds}");
        let delete = scene.stack.request("Delete", LOGICAL_ID, &properties, at(&scene));
        scene.send(&delete).await.expect("ticks go on");
        scene.world.pass(10).await;
        assert_eq!(status(&scene.answer(&delete)), "SUCCESS", "{seconds}");
        assert!(scene.world.sim.throughputs().is_empty() && scene.has_tombstone(), "{seconds}");
    }
}

#[tokio::test]
async fn an_override_and_a_scale_down_while_an_answer_is_owed_answer_at_once_that_nothing_is_due() {
    for action in [json!({"Action": "ScaleDown"}), json!({"Action": "Override", "State": "Off", "For": "2h"})] {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
        let create = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
        scene.send(&create).await.expect("ticks go on");
        let mut event = action.clone();
        event["Name"] = json!(scene.name());
        scene.world.send(event).await.expect("it is off");
        scene.world.pass(2).await;
        assert_eq!(status(&scene.answer(&create)), "SUCCESS", "{action}");
        assert!(scene.world.sim.throughputs().is_empty(), "{action}");
    }
}

#[tokio::test]
async fn a_request_delivered_twice_at_once_does_not_forget_that_the_rejecting_was_ours() {
    use rehearsal::line::{Cut, Line};
    let opens = |when_off: &str| {
        properties(json!({"WhenOff": when_off, "Timetable": {"Timezone": "UTC", "Windows": ["Mon 02:00-03:00"]}}))
    };
    for calls in 0..12 {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.may_reject = true);
        scene.carry_out("Create", &opens("OnDemand")).await;
        scene.world.pass(1).await;
        let update = scene.request("Update", &opens("Reject"));
        // One delivery stops at a call, the other is carried out, and the first goes on.
        let line = Line::new("slow", &scene.world.sim, &std::sync::Arc::default());
        let handler = line.handler(&[("RESPONSE_HOSTS", scene.stack.sink.address())]);
        let slow = World { sim: std::sync::Arc::clone(&scene.world.sim), handler };
        line.arm(Some(Cut::Before(calls)));
        let mut first = Box::pin(slow.send(update.clone()));
        let ended = line.until_cut(&mut first).await;
        let _answer = scene.send(&update).await;
        if ended.is_none() {
            line.release();
            let _answer = first.await;
        }
        assert_eq!(status(&scene.answer(&update)), "SUCCESS", "call {calls}");
        let state = || scene.world.sim.alias(AGENT, ALIAS).invocation_state;
        assert_eq!(state(), "REJECT_INVOCATIONS", "call {calls}");
        scene.world.pass(125).await;
        assert_eq!(scene.route(), Some(scene.arn()), "call {calls}");
        assert_eq!(state(), "ACCEPT_INVOCATIONS", "call {calls}");
    }
}
