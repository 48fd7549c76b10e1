//! The parameter of a custom resource.

use super::*;

struct Scene {
    stack: Stack,
    world: World,
}

impl Scene {
    async fn new() -> Self {
        let stack = Stack::start("support").await;
        let world = stack.world(at("2026-11-16T00:00:00Z"), &[]).await;
        world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
        Self { stack, world }
    }

    async fn created(more: Value) -> Self {
        let scene = Self::new().await;
        let answer = scene.carry_out("Create", more).await;
        assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
        scene.world.pass(40).await;
        assert_eq!(value(&scene.world), arn(&scene.world));
        scene
    }

    async fn carry_out(&self, kind: &str, more: Value) -> Value {
        // No resource is asked for twice in one second.
        self.world.sim.advance(SignedDuration::from_secs(1));
        let request = self.stack.request(kind, "Throughput", &properties(more), self.world.now());
        let (_, answer) = self.stack.carry_out(&self.world, &request).await;
        answer.expect("it is answered within its hour")
    }
}

/// The properties of the sample, without a name.
pub(crate) fn properties(more: Value) -> Value {
    let mut properties = declared(more);
    properties.as_object_mut().expect("an object").shift_remove("Name");
    properties
}

#[tokio::test]
async fn a_foreign_value_fails_a_create_with_the_parameter_and_its_value() {
    let scene = Scene::new().await;
    scene.world.sim.set_parameter(PARAMETER, "String", "meta.llama3-1-8b-instruct-v1:0");
    let answer = scene.carry_out("Create", json!({})).await;
    assert_eq!(answer["Status"], json!("FAILED"));
    let expected = format!(
        "parameter {PARAMETER} holds `meta.llama3-1-8b-instruct-v1:0`, which is not ours; TakeOver lets it be overwritten"
    );
    assert_eq!(answer["Reason"], json!(expected));
    assert!(scene.world.sim.history().is_empty());
    scene.world.pass(1).await;
    let answer = scene.carry_out("Create", json!({"TakeOver": true})).await;
    assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
    assert_eq!(value(&scene.world), ON_DEMAND);
}

#[tokio::test]
async fn a_create_whose_parameter_may_not_be_written_fails_and_leaves_nothing() {
    let scene = Scene::new().await;
    scene.world.sim.fault("PutParameter", 1000, Fault::denied());
    let answer = scene.carry_out("Create", json!({})).await;
    assert_eq!(answer["Status"], json!("FAILED"), "{answer}");
    assert!(answer["Reason"].as_str().is_some_and(|reason| reason.contains("ssm:PutParameter")), "{answer}");
    scene.world.pass(40).await;
    assert!(scene.world.sim.throughputs().is_empty());
    assert!(scene.world.sim.parameter(PARAMETER).is_none());
}

#[tokio::test]
async fn wait_for_in_service_waits_for_the_parameter() {
    let scene = Scene::new().await;
    let broken = Fault::Refuse { status: 500, code: "InternalServerError", message: "try again" };
    scene.world.sim.fault("PutParameter", 100_000, broken);
    let properties = properties(json!({"WaitFor": "InService"}));
    let request = scene.stack.request("Create", "Throughput", &properties, scene.world.now());
    let _answer = scene.world.send(request.clone()).await;
    scene.world.pass(45).await;
    assert_eq!(route(&scene.world), Some(arn(&scene.world)));
    assert_eq!(scene.stack.answer(&request), None);
    scene.world.sim.clear_faults();
    scene.world.pass(1).await;
    let answer = scene.stack.answer(&request).expect("it is answered");
    assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
    assert_eq!(value(&scene.world), arn(&scene.world));
}

#[tokio::test]
async fn an_update_that_fails_brings_the_earlier_parameter_back() {
    let other_on_demand = "eu.amazon.nova-lite-v1:0";
    let renamed = json!({"ModelIdParameter": "/support/other", "ModelUnits": 2});
    let mut both = renamed.clone();
    both["OnDemandModelId"] = json!(other_on_demand);
    for (update, on_demand) in [(renamed, ON_DEMAND), (both, other_on_demand)] {
        let scene = Scene::created(json!({})).await;
        scene.world.sim.knobs(|knobs| knobs.quota = 2);
        let answer = scene.carry_out("Update", update).await;
        assert_eq!(answer["Status"], json!("FAILED"), "{answer}");
        scene.world.pass(2).await;
        assert_eq!(value(&scene.world), arn(&scene.world), "although it held {on_demand} for a moment");
        let other = scene.world.sim.parameter("/support/other").map(|other| other.value);
        assert!(other.is_none_or(|value| value == ON_DEMAND || value == on_demand));
    }
}

#[tokio::test]
async fn what_an_update_that_fails_brings_back_is_still_ours_whatever_was_written_into_it_meanwhile() {
    let scene = Scene::created(json!({})).await;
    let first = arn(&scene.world);
    // It waits for its second throughput until its end.
    scene.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_hours(5));
    let properties = properties(json!({"ModelIdParameter": "/support/other", "ModelUnits": 2, "WaitFor": "InService"}));
    let request = scene.stack.request("Update", "Throughput", &properties, scene.world.now());
    scene.world.send(request.clone()).await.expect("ticks go on");
    scene.world.pass(10).await;
    assert_eq!(value(&scene.world), ON_DEMAND, "it was let go");
    scene.world.sim.set_parameter(PARAMETER, "String", "somebody-elses-model");
    scene.world.pass(55).await;
    let answer = scene.stack.answer(&request).expect("it is answered");
    assert_eq!(answer["Status"], json!("FAILED"), "{answer}");
    assert_eq!(value(&scene.world), first, "once it was ours, any other value is put right");
}

#[tokio::test]
async fn an_update_that_is_rolled_back_brings_the_earlier_parameter_back() {
    let scene = Scene::created(json!({})).await;
    let update = json!({"ModelIdParameter": "/support/other", "OnDemandModelId": "eu.amazon.nova-lite-v1:0"});
    for (more, parameter, earlier, left_with) in [
        (update, "/support/other", PARAMETER, ON_DEMAND),
        (json!({}), PARAMETER, "/support/other", "eu.amazon.nova-lite-v1:0"),
    ] {
        let answer = scene.carry_out("Update", more).await;
        assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
        let value = |name: &str| scene.world.sim.parameter(name).expect("it is there").value;
        assert_eq!(value(parameter), arn(&scene.world));
        assert_eq!(value(earlier), left_with, "it is left with what its own declaration says");
    }
}

#[tokio::test]
async fn a_delete_points_it_away_and_is_answered_when_the_throughput_is_gone() {
    let scene = Scene::created(json!({})).await;
    let answer = scene.carry_out("Delete", json!({})).await;
    assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
    assert_eq!(value(&scene.world), ON_DEMAND);
    assert!(scene.world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_delete_whose_parameter_may_not_be_written_fails_and_keeps_the_throughput() {
    let scene = Scene::created(json!({})).await;
    scene.world.sim.fault("PutParameter", 1000, Fault::denied());
    let answer = scene.carry_out("Delete", json!({})).await;
    assert_eq!(answer["Status"], json!("FAILED"), "{answer}");
    assert!(answer["Reason"].as_str().is_some_and(|reason| reason.contains("ssm:PutParameter")), "{answer}");
    scene.world.pass(60).await;
    assert_eq!(value(&scene.world), arn(&scene.world));
    scene.world.sim.clear_faults();
    scene.world.pass(7).await;
    assert!(scene.world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn what_is_retained_stays_in_the_parameter() {
    let scene = Scene::created(json!({"OnDelete": "Retain"})).await;
    let kept = arn(&scene.world);
    scene.world.sim.clear_requests();
    scene.world.sim.knobs(|knobs| knobs.orphan_after = None);
    let answer = scene.carry_out("Delete", json!({"OnDelete": "Retain"})).await;
    assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
    scene.world.pass(10).await;
    assert_eq!(value(&scene.world), kept);
    assert_eq!(calls(&scene.world, "PutParameter"), 0);
    assert_eq!(arn(&scene.world), kept);
}

#[tokio::test]
async fn a_lost_record_does_not_leave_the_parameter_on_what_its_delete_takes_away() {
    let scene = Scene::created(json!({})).await;
    let name = scene.world.sim.schedules()[0].name.clone();
    rehearsal::lose_record(&scene.world.sim, &name);
    let answer = scene.carry_out("Delete", json!({})).await;
    assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
    assert_eq!(value(&scene.world), ON_DEMAND);
    assert!(scene.world.sim.throughputs().is_empty());
}
