//! Delete: lines 36 to 40, what it waits for, what it leaves, and what it may not do.

use super::delete::{REFUSES, after, minutes, retained};
use super::*;

#[tokio::test]
async fn line_36_what_is_being_created_is_deleted_as_soon_as_aws_lets_us() {
    for refuses in REFUSES {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = refuses);
        scene.carry_out("Create", &properties(json!({}))).await;
        scene.world.pass(10).await;
        let request = scene.request("Delete", &properties(json!({})));
        let _refused = scene.send(&request).await;
        if refuses == Refuses::No {
            scene.succeeded(&request);
        } else {
            assert_eq!(scene.stack.answer(&request), None);
            scene.world.pass(28).await;
            scene.succeeded(&request);
        }
        scene.nothing_is_left().await;
        assert_eq!(scene.stack.answers(&request), 1);
    }
}

#[tokio::test]
async fn line_36_what_is_created_longer_than_the_request_lasts_is_finished_by_ticks() {
    for (refuses, timeout) in [(Refuses::Conflict, 3600), (Refuses::Validation, 900)] {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| {
            knobs.delete_while_creating = refuses;
            knobs.creation_time = minutes(180);
        });
        let declared = properties(json!({"ServiceTimeout": timeout}));
        scene.carry_out("Create", &declared).await;
        scene.world.pass(10).await;
        let request = scene.request("Delete", &declared);
        let _refused = scene.send(&request).await;
        scene.world.pass(timeout / 60 - 3).await;
        assert_eq!(scene.stack.answer(&request), None);
        scene.world.pass(2).await;
        scene.succeeded(&request);
        assert!(scene.is_registered(), "ticks finish");
        scene.world.pass(180).await;
        assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
        assert_eq!(scene.route(), None, "it was never routed");
        scene.pass_well(121).await;
        assert!(scene.world.sim.schedules().is_empty());
        assert_eq!((scene.stack.answers(&request), scene.world.sim.history().len()), (1, 1));
    }
}

#[tokio::test]
async fn line_37_a_term_that_has_not_ended_holds_no_stack() {
    for refuses in REFUSES {
        for at_end in ["Renew", "Retire"] {
            let declared =
                properties(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": at_end}));
            let scene = Scene::created(&declared).await;
            scene.world.sim.knobs(|knobs| knobs.delete_before_term_end = refuses);
            let end = scene.world.sim.throughputs()[0].expiration.expect("a term has an end");
            let (create, request) = (scene.stack.sink.puts()[0].request.clone(), scene.request("Delete", &declared));
            scene.send(&request).await.expect("SUCCESS is delivered");
            scene.succeeded(&request);
            assert_eq!(scene.route(), None);
            scene.world.pass(10).await;
            assert!(scene.is_registered() && scene.world.sim.throughputs().len() == 1);
            // A Create that comes again changes nothing of it.
            let mut late = scene.stack.request("Create", LOGICAL_ID, &declared, start());
            late["RequestId"] = json!(create);
            scene.send(&late).await.expect("FAILED is delivered");
            assert_eq!(
                scene.stack.sink.puts().last().map(|put| status(&put.body).to_owned()).as_deref(),
                Some("FAILED")
            );
            scene.look_anew();
            scene.world.pass(5).await;
            assert_eq!(scene.changes(), Vec::<&str>::new());
            scene.world.sim.set_now(after(end, -70));
            scene.pass_well(80).await;
            assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
            let deleted = scene.world.sim.history()[0].deleted.expect("it was deleted");
            assert!(deleted <= after(end, 1), "{deleted}, the term ended at {end}");
            scene.pass_well(121).await;
            assert!(scene.world.sim.schedules().is_empty());
            assert_eq!((scene.stack.answers(&request), scene.world.sim.history().len()), (1, 1));
        }
    }
}

#[tokio::test]
async fn line_37_a_term_that_begins_while_its_delete_waits_holds_it_no_longer() {
    let declared = properties(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}));
    let scene = Scene::new().await;
    scene.carry_out("Create", &declared).await;
    scene.world.pass(10).await;
    let request = scene.request("Delete", &declared);
    let _refused = scene.send(&request).await;
    scene.world.pass(30).await;
    scene.succeeded(&request);
    assert!(scene.is_registered());
    let end = scene.world.sim.throughputs()[0].expiration.expect("its term has begun");
    assert_eq!(scene.route(), None, "never routed");
    scene.world.sim.set_now(after(end, -70));
    scene.pass_well(80).await;
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
}

#[tokio::test]
async fn line_37_what_is_created_anew_while_its_old_term_runs_is_not_bought_twice() {
    let declared = properties(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}));
    let scene = Scene::created(&declared).await;
    scene.delete(&declared).await;
    scene.world.pass(30).await;
    let (create, answer) = scene.carry_out("Create", &declared).await;
    scene.succeeded(&create);
    assert_eq!(answer["Data"]["ProvisionedModelArn"], json!(scene.arn()));
    scene.world.pass(5).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    scene.is_steady().await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn line_38_what_is_retained_loses_our_marks_and_schedule_and_nothing_else() {
    for without_properties in [false, true] {
        let scene = Scene::created(&retained(&json!({}))).await;
        let arn = scene.arn();
        let mut request = scene.request("Delete", &retained(&json!({})));
        if without_properties {
            request.as_object_mut().expect("an object").shift_remove("ResourceProperties");
        }
        scene.look_anew();
        scene.send(&request).await.expect("SUCCESS is delivered");
        scene.succeeded(&request);
        assert_eq!(scene.changes(), ["UntagResource"]);
        // Again, and the Create again: nothing of it is ours any more.
        scene.world.pass(1).await;
        let (again, _) = scene.carry_out("Delete", &retained(&json!({}))).await;
        scene.succeeded(&again);
        scene.is_retained(&arn).await;
    }
}

#[tokio::test]
async fn line_38_what_is_retained_while_it_is_being_created_is_left_to_itself() {
    let scene = Scene::new().await;
    scene.carry_out("Create", &retained(&json!({}))).await;
    scene.world.pass(5).await;
    scene.look_anew();
    scene.delete(&retained(&json!({}))).await;
    assert_eq!(scene.changes(), ["UntagResource"]);
    scene.pass_well(121).await;
    let throughput = scene.world.sim.throughputs().remove(0);
    assert!(!throughput.tags.contains_key(COMMITMENT_TAG) && !throughput.tags.contains_key(DEPLOYMENT_TAG));
    assert_eq!((throughput.status, scene.route()), ("InService", None));
    assert!(scene.world.sim.schedules().is_empty());
}

#[tokio::test]
async fn line_38_a_term_is_retained_too() {
    let declared = retained(&json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"}));
    let scene = Scene::created(&declared).await;
    let arn = scene.arn();
    scene.delete(&declared).await;
    scene.is_retained(&arn).await;
}

#[tokio::test]
async fn line_38_retain_counts_only_for_what_was_created() {
    // Answered FAILED, and not answered at all.
    for answered in [true, false] {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
        let declared = retained(&json!({"WaitFor": "InService"}));
        if answered {
            scene.world.sim.fail_next_creation("no capacity");
            let (create, _) = scene.carry_out("Create", &declared).await;
            scene.failed(&create);
        } else {
            let create = scene.request("Create", &declared);
            scene.send(&create).await.expect("ticks go on");
            scene.world.pass(10).await;
        }
        scene.world.pass(1).await;
        scene.delete(&declared).await;
        scene.nothing_is_left().await;
        assert_eq!(scene.world.sim.history().len(), 1);
    }
}

#[tokio::test]
async fn line_38_retain_counts_after_an_update_that_failed_too() {
    let scene = Scene::created(&retained(&json!({}))).await;
    let arn = scene.arn();
    let (update, _) = scene.carry_out("Update", &retained(&json!({"ModelUnits": 11}))).await;
    scene.failed(&update);
    scene.world.sim.knobs(|knobs| knobs.quota = 1);
    let (update, _) = scene.carry_out("Update", &retained(&json!({"ModelUnits": 2}))).await;
    scene.failed(&update);
    scene.world.pass(1).await;
    scene.delete(&retained(&json!({}))).await;
    scene.is_retained(&arn).await;
}

#[tokio::test]
async fn line_38_a_crash_between_the_marks_and_the_tombstone_is_made_up_for() {
    for operation in ["UntagResource", "UpdateItem", "TransactWriteItems", "DeleteSchedule"] {
        for fault in [Fault::LoseAnswer, Fault::Drop] {
            for skip in [0, 1, 2] {
                let scene = Scene::created(&retained(&json!({}))).await;
                let arn = scene.arn();
                // What came before goes well: the first writes only register the request.
                let request = scene.request("Delete", &retained(&json!({})));
                if matches!(operation, "UpdateItem" | "TransactWriteItems") {
                    scene.world.sim.fault(operation, skip, Fault::Slow(SignedDuration::ZERO));
                } else if skip > 0 {
                    continue;
                }
                scene.world.sim.fault(operation, 3, fault.clone());
                let _whatever = scene.send(&request).await;
                scene.world.sim.clear_faults();
                if scene.stack.answer(&request).is_none() {
                    let _lambda_tries_again = scene.send(&request).await;
                }
                scene.world.pass(5).await;
                let answer = scene.answer(&request);
                let puts = scene.stack.sink.puts();
                let told: Vec<&str> = puts
                    .iter()
                    .filter(|put| request["RequestId"] == put.request.as_str())
                    .map(|put| status(&put.body))
                    .collect();
                assert!(told.iter().all(|one| *one == told[0]), "{operation} {told:?}");
                if status(&answer) == "FAILED" {
                    // It could not even be registered: the next Delete does it.
                    scene.delete(&retained(&json!({}))).await;
                }
                // What was left without a schedule is found by the hourly repair.
                scene.world.send(json!({"Action": "Repair"})).await.expect("it is put right");
                scene.world.pass(2).await;
                scene.is_retained(&arn).await;
            }
        }
    }
}

#[tokio::test]
async fn line_39_a_missing_permission_is_named_and_the_next_delete_succeeds() {
    for (operation, permission) in [
        ("DeleteProvisionedModelThroughput", "bedrock:DeleteProvisionedModelThroughput"),
        ("UpdateAgentAlias", "bedrock:UpdateAgentAlias"),
        ("ListProvisionedModelThroughputs", "bedrock:ListProvisionedModelThroughputs"),
        ("GetItem", "dynamodb:GetItem"),
        ("TransactWriteItems", "dynamodb:TransactWriteItems"),
    ] {
        let scene = Scene::created(&properties(json!({}))).await;
        scene.world.sim.fault(operation, 100_000, Fault::denied());
        let (request, answer) = scene.carry_out("Delete", &properties(json!({}))).await;
        scene.failed(&request);
        assert!(reason(&answer).contains(permission), "{answer}");
        scene.world.sim.clear_faults();
        scene.world.pass(1).await;
        scene.delete(&properties(json!({}))).await;
        scene.nothing_is_left().await;
        scene.failed(&request);
    }
}

#[tokio::test]
async fn line_39_what_may_not_be_retained_is_named_and_nothing_is_deleted() {
    let scene = Scene::created(&retained(&json!({}))).await;
    let arn = scene.arn();
    scene.world.sim.fault("UntagResource", 100_000, Fault::denied());
    let (request, answer) = scene.carry_out("Delete", &retained(&json!({}))).await;
    scene.failed(&request);
    assert!(reason(&answer).contains("bedrock:UntagResource"), "{answer}");
    scene.world.sim.clear_faults();
    scene.world.pass(1).await;
    scene.delete(&retained(&json!({}))).await;
    scene.is_retained(&arn).await;
}

#[tokio::test]
async fn line_40_what_another_stack_declares_is_never_touched() {
    let scene = Scene::created(&properties(json!({}))).await;
    let (arn, stored) = (scene.arn(), scene.stored());
    scene.look_anew();
    for retain in ["Retire", "Retain"] {
        let mut foreign = scene.request("Delete", &properties(json!({"OnDelete": retain})));
        foreign["StackId"] = json!(scene.stack.id.replace("support", "another"));
        foreign["PhysicalResourceId"] = json!(scene.name());
        scene.send(&foreign).await.expect("it is answered");
        let answer = scene.answer(&foreign);
        assert_eq!(status(&answer), "SUCCESS");
        assert_ne!(answer["PhysicalResourceId"], json!(scene.name()));
        assert_eq!((scene.arn(), scene.route(), scene.stored()), (arn.clone(), Some(arn.clone()), stored.clone()));
    }
    assert_eq!(scene.changes(), Vec::<&str>::new());
    scene.is_steady().await;
}

#[tokio::test]
async fn a_request_that_meets_an_older_one_in_the_middle_of_its_writes_wins() {
    // Both read the record, or both write it: one of them is refused as the older one.
    for call in ["GetItem", "TransactWriteItems"] {
        for delete_first in [true, false] {
            let scene = Scene::created(&properties(json!({}))).await;
            scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
            let update = scene.request("Update", &properties(json!({"ModelUnits": 2})));
            let delete = scene.dated("Delete", &properties(json!({})), 1);
            scene.world.sim.meet(&[call], 2);
            let order = if delete_first { [&delete, &update] } else { [&update, &delete] };
            let (one, other) = tokio::join!(scene.send(order[0]), scene.send(order[1]));
            assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
            scene.world.pass(50).await;
            scene.succeeded(&delete);
            assert!(scene.stack.answers(&update) <= 1);
            scene.nothing_is_left().await;
        }
    }
}
