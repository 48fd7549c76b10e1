//! Beyond one resource: lines 41 to 44.

use throughput_scheduler::handler::Invocation;

use super::*;

/// The logical id that the resource is renamed to.
const RENAMED: &str = "Renamed";

impl Scene {
    fn renamed(&self) -> String {
        derived_name(&self.stack.id, RENAMED)
    }

    /// Delivers a request about the renamed resource, and gives it with its answer.
    async fn rename(&self, kind: &str, properties: &Value) -> (Value, Value) {
        let request = self.stack.request(kind, RENAMED, properties, self.world.now());
        let (_, answer) = self.stack.carry_out(&self.world, &request).await;
        (request, answer.expect("it is answered within its hour"))
    }

    /// A request of the service's own stack about its guard.
    async fn guard(&self, kind: &str) -> Value {
        let mut request = self.stack.request(kind, "Guard", &json!({}), self.world.now());
        request["ResourceType"] = json!("Custom::CommitmentsGuard");
        self.send(&request).await.expect("it is answered");
        let answer = self.answer(&request);
        assert_eq!(answer["PhysicalResourceId"], json!(derived_name(&self.stack.id, "Guard")));
        assert_eq!(self.stack.answers(&request), 1);
        answer
    }

    /// Delivers a tick to the function `arn`.
    async fn tick_to(&self, arn: &str) {
        let input = self.world.sim.schedule(GROUP, &self.name()).expect("registered").input;
        let deadline = self.world.now().saturating_add(SignedDuration::from_mins(5)).expect("in range");
        let invocation = Invocation { function_arn: arn.to_owned(), deadline, request_id: String::new() };
        let event = serde_json::from_str(&input).expect("JSON");
        self.world.handler.handle(event, &invocation).await.expect("the tick ends well");
    }

    fn definition(&self) -> Value {
        self.world.sim.schedule(GROUP, &self.name()).expect("registered").definition
    }
}

/// The status of the newest answer to `request`.
fn last_status(scene: &Scene, request: &Value) -> String {
    let puts = scene.stack.sink.puts();
    let of_request = puts.iter().rev().find(|put| request["RequestId"] == put.request.as_str()).expect("answered");
    status(&of_request.body).to_owned()
}

#[tokio::test]
async fn line_41_an_older_update_after_its_rollback_changes_nothing() {
    // Never delivered before the rollback, or delivered and then tried again.
    for delivered in [false, true] {
        for wait_for in ["Accepted", "InService"] {
            let scene = Scene::created(&properties(json!({}))).await;
            let declared = properties(json!({"ModelUnits": 2, "WaitFor": wait_for}));
            let update = scene.request("Update", &declared);
            if delivered {
                let (_, answer) = scene.stack.carry_out(&scene.world, &update).await;
                assert!(answer.is_some_and(|answer| status(&answer) == "SUCCESS"));
            }
            scene.world.pass(2).await;
            let (rollback, answer) = scene.carry_out("Update", &properties(json!({}))).await;
            assert_eq!(status(&answer), "SUCCESS");
            // Until what the Update bought is gone.
            scene
                .world
                .run_until(start().saturating_add(SignedDuration::from_mins(98)).expect("in range"), |_, _| {})
                .await;
            let (arn, stored) = (scene.arn(), scene.stored());
            assert_eq!(scene.world.sim.throughputs()[0].units, 1);
            scene.look_anew();
            scene.send(&update).await.expect("FAILED is delivered");
            assert_eq!(last_status(&scene, &update), "FAILED");
            assert_eq!((scene.changes(), scene.stored()), (vec![], stored));
            assert_eq!((scene.arn(), scene.route()), (arn.clone(), Some(arn)));
            scene.is_steady().await;
            assert_eq!(scene.stack.answers(&rollback), 1);
        }
    }
}

#[tokio::test]
async fn line_41_an_older_update_or_delete_after_a_newer_request_of_another_kind_changes_nothing() {
    // An Update after the Delete.
    let scene = Scene::created(&properties(json!({}))).await;
    let update = scene.request("Update", &properties(json!({"ModelUnits": 2})));
    scene.world.pass(1).await;
    let (delete, _) = scene.carry_out("Delete", &properties(json!({}))).await;
    scene.send(&update).await.expect("FAILED is delivered");
    assert_eq!(
        (last_status(&scene, &update), last_status(&scene, &delete)),
        ("FAILED".to_owned(), "SUCCESS".to_owned())
    );
    scene.nothing_is_left().await;
    assert_eq!(scene.world.sim.history().len(), 1);

    // A Delete after the Create that came anew.
    let scene = Scene::created(&properties(json!({}))).await;
    let late = scene.request("Delete", &properties(json!({})));
    scene.world.pass(1).await;
    scene.carry_out("Delete", &properties(json!({}))).await;
    scene.world.pass(1).await;
    scene.carry_out("Create", &properties(json!({}))).await;
    scene.look_anew();
    scene.send(&late).await.expect("FAILED is delivered");
    assert_eq!(last_status(&scene, &late), "FAILED");
    assert_eq!(scene.changes(), Vec::<&str>::new());
    scene.world.pass(40).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    scene.is_steady().await;
}

#[tokio::test]
async fn line_41_an_older_update_does_not_disturb_what_is_owed_to_a_newer_one() {
    let scene = Scene::created(&properties(json!({}))).await;
    let older = scene.request("Update", &properties(json!({"ModelUnits": 3})));
    scene.world.pass(1).await;
    let newer = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": "InService"})));
    scene.send(&newer).await.expect("ticks go on");
    scene.world.pass(5).await;
    scene.send(&older).await.expect("FAILED is delivered");
    assert_eq!(last_status(&scene, &older), "FAILED");
    assert_eq!(scene.stack.answer(&newer), None);
    scene.world.pass(45).await;
    assert_eq!(last_status(&scene, &newer), "SUCCESS");
    assert_eq!((scene.stack.answers(&older), scene.stack.answers(&newer)), (1, 1));
    assert_eq!((scene.world.sim.throughputs()[0].units, scene.world.sim.history().len()), (2, 2));
    scene.is_steady().await;
}

#[tokio::test]
async fn line_42_a_renamed_resource_is_refused_while_the_old_one_is_in_force() {
    let scene = Scene::created(&properties(json!({}))).await;
    let (arn, stored) = (scene.arn(), scene.stored());
    scene.look_anew();
    for wait_for in ["Accepted", "InService"] {
        let (request, answer) = scene.rename("Create", &properties(json!({"WaitFor": wait_for}))).await;
        assert_eq!((status(&answer), &answer["PhysicalResourceId"]), ("FAILED", &json!(scene.renamed())));
        for said in [scene.name().as_str(), ALIAS, "two deployments"] {
            assert!(reason(&answer).contains(said), "{answer}");
        }
        scene.world.pass(1).await;
        let (_, deleted) = scene.rename("Delete", &properties(json!({}))).await;
        assert_eq!(status(&deleted), "SUCCESS");
        scene.world.pass(1).await;
        assert_eq!((scene.changes(), scene.stored()), (vec![], stored.clone()));
        assert_eq!((scene.arn(), scene.route()), (arn.clone(), Some(arn.clone())));
        assert_eq!(scene.stack.answers(&request), 1);
    }
    scene.is_steady().await;
}

#[tokio::test]
async fn line_43_the_guards_create_and_update_take_the_table_up_and_leave_the_rest() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.look_anew();
    for kind in ["Create", "Update"] {
        assert_eq!(status(&scene.guard(kind).await), "SUCCESS");
    }
    assert_eq!(scene.changes(), Vec::<&str>::new());
    let deployment = scene.world.sim.item(TABLE, "deployment").expect("it is there");
    assert_eq!((&deployment["Name"], &deployment["Open"]), (&json!(rehearsal::DEPLOYMENT), &json!(true)));
    assert_eq!(scene.world.sim.schedules().len(), 1);
}

#[tokio::test]
async fn line_43_the_guard_cannot_be_deleted_while_anything_is_registered() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.world.sim.knobs(|knobs| knobs.page_size = 1);
    let declared = json!({"Name": "by-an-action", "ModelId": "amazon.nova-lite-v1:0:24k", "ModelUnits": 2});
    scene.send(&json!({"Action": "ScaleDown", "Commitment": declared})).await.expect("registered, and off");
    scene.look_anew();
    let answer = scene.guard("Delete").await;
    assert_eq!(status(&answer), "FAILED");
    for name in [scene.name().as_str(), "by-an-action"] {
        assert!(reason(&answer).contains(name), "{answer}");
    }
    assert_eq!(scene.changes(), Vec::<&str>::new());
    scene.send(&json!({"Action": "Retire", "Name": "by-an-action"})).await.expect("forgotten");
    let answer = scene.guard("Delete").await;
    assert_eq!(status(&answer), "FAILED");
    assert!(reason(&answer).contains(&scene.name()) && !reason(&answer).contains("by-an-action"), "{answer}");
    // As long as ticks are needed, too.
    let delete = scene.request("Delete", &properties(json!({})));
    scene.send(&delete).await.expect("it drains");
    assert_eq!(status(&scene.guard("Delete").await), "FAILED");
    scene.world.pass(10).await;
    assert!(scene.has_tombstone());
    assert_eq!(status(&scene.guard("Delete").await), "SUCCESS", "a tombstone pays for nothing");
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn line_43_a_term_that_runs_on_holds_the_guard() {
    let declared = properties(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}));
    let scene = Scene::created(&declared).await;
    scene.carry_out("Delete", &declared).await;
    let answer = scene.guard("Delete").await;
    assert_eq!(status(&answer), "FAILED");
    assert!(reason(&answer).contains(&scene.name()), "{answer}");
}

#[tokio::test]
async fn line_43_what_cannot_be_read_for_a_moment_holds_the_guard_and_closes_nothing() {
    for operation in ["UpdateItem", "Scan", "ListProvisionedModelThroughputs"] {
        let scene = Scene::new().await;
        scene.world.sim.fault(operation, 100_000, Fault::throttled());
        let answer = scene.guard("Delete").await;
        assert_eq!(status(&answer), "FAILED", "{operation}: {answer}");
        scene.world.sim.clear_faults();
        assert_eq!(scene.world.sim.item(TABLE, "deployment").expect("it is there")["Open"], json!(true), "{operation}");
    }
}

#[tokio::test]
async fn line_44_another_target_role_or_rate_reaches_the_schedule_with_the_next_invocation() {
    let mut scene = Scene::created(&properties(json!({}))).await;
    let hosts = ("RESPONSE_HOSTS", scene.stack.sink.address().to_owned());
    let other_role = "arn:aws:iam::123456789012:role/other";
    let settings = [(hosts.0, hosts.1.as_str()), ("SCHEDULE_ROLE_ARN", other_role), ("TICK_RATE", "rate(3 minutes)")];
    scene.world.handler = rehearsal::handler(&scene.world.sim, &settings);
    scene.look_anew();
    let replaced = format!("{}-2", rehearsal::FUNCTION);
    for (invoked, target) in [
        (replaced.clone(), replaced.clone()),
        (format!("{replaced}:live"), format!("{replaced}:live")),
        (format!("{replaced}:17"), replaced.clone()),
        (format!("{replaced}:$LATEST"), replaced.clone()),
    ] {
        let changed = scene.definition()["Target"]["Arn"] != json!(target);
        let before = scene.calls("UpdateSchedule");
        scene.tick_to(&invoked).await;
        scene.tick_to(&invoked).await;
        assert_eq!(scene.calls("UpdateSchedule") - before, usize::from(changed), "{invoked}: once, where it differs");
        let definition = scene.definition();
        assert_eq!(definition["Target"]["Arn"], json!(target), "{invoked}");
        assert_eq!(definition["Target"]["RoleArn"], json!(other_role));
        assert_eq!(definition["ScheduleExpression"], json!("rate(3 minutes)"));
        assert_eq!(definition["Target"]["RetryPolicy"]["MaximumRetryAttempts"], json!(0));
        assert_eq!(definition["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"], json!(60));
        assert_eq!(definition["FlexibleTimeWindow"]["Mode"], json!("OFF"));
    }
    assert_eq!(scene.changes(), Vec::<&str>::new());
}

#[tokio::test]
async fn line_44_a_request_rewrites_it_too_and_while_an_answer_is_owed_it_ticks_every_minute() {
    let mut scene = Scene::created(&properties(json!({}))).await;
    let hosts = ("RESPONSE_HOSTS", scene.stack.sink.address().to_owned());
    let settings = [(hosts.0, hosts.1.as_str()), ("TICK_RATE", "rate(5 minutes)")];
    scene.world.handler = rehearsal::handler(&scene.world.sim, &settings);
    let request = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": "InService"})));
    scene.send(&request).await.expect("ticks go on");
    assert_eq!(scene.definition()["ScheduleExpression"], json!("rate(1 minute)"));
    scene.world.pass(10).await;
    assert_eq!(scene.definition()["ScheduleExpression"], json!("rate(1 minute)"));
    scene.world.pass(45).await;
    assert_eq!(last_status(&scene, &request), "SUCCESS");
    assert_eq!(scene.definition()["ScheduleExpression"], json!("rate(5 minutes)"));
    let (_, answer) = scene.carry_out("Update", &properties(json!({"ModelUnits": 2}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    scene.world.pass(6).await;
    assert_eq!(scene.definition()["ScheduleExpression"], json!("rate(5 minutes)"));
    scene.is_steady().await;
}
