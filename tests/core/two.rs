//! Two at a time: rows 17 to 21 (docs/reference.md, "Actions" and "The custom resource").

use super::*;

#[tokio::test]
async fn row_17_an_update_that_is_registered_while_a_tick_works_is_in_force_at_the_next_round() {
    let (stack, world) = stack().await;
    let timetable = |window: &str| json!({"Timetable": {"Timezone": "UTC", "Windows": [window]}, "LeadTime": "0m"});
    let create = stack.request("Create", LOGICAL_ID, &properties(timetable("Daily 00:00-02:00")), world.now());
    let (_, answer) = stack.carry_out(&world, &create).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.run_until(at("2026-11-16T01:59:00Z"), |_, _| {}).await;
    world.sim.set_now(at("2026-11-16T02:00:00Z"));
    let name = world.sim.schedules()[0].name.clone();
    let update = stack.request("Update", LOGICAL_ID, &properties(timetable("Daily 00:00-12:00")), world.now());
    // The tick looks while the Update is registered.
    world.sim.meet(&["GetAgentAlias"], 2);
    let (_tick, _update) = tokio::join!(world.tick(&name), world.send(update.clone()));
    world.pass(3).await;
    assert_eq!(stack.answer(&update).expect("answered")["Status"], json!("SUCCESS"));
    assert_eq!(stack.answers(&update), 1, "answered once");
    let record = record(&world, &name).expect("it is registered");
    let windows = &record["Declared"]["Commitment"]["Timetable"]["Windows"];
    assert_eq!(*windows, json!(["Daily 00:00-12:00"]), "{record}");
    world.pass(40).await;
    assert_eq!(route(&world), Some(only(&world).arn));
}

#[tokio::test]
async fn row_18_an_invocation_that_lambda_repeats_is_carried_out_once() {
    let world = world().await;
    apply(&world, json!({"Timetable": {"Timezone": "UTC", "Windows": ["Sat 08:00-18:00"]}})).await;
    act(&world, "ScaleDown").await;
    send(&world, json!({"Action": "Override", "Name": NAME, "State": "On", "For": "2h"})).await;
    let resume = json!({"Action": "Resume", "Name": NAME});
    world.sim.fault("ListProvisionedModelThroughputs", 100, Fault::denied());
    let first = world.send_as(resume.clone(), "1f2e3d").await;
    assert!(first.is_err(), "it ended in an error after it was registered");
    world.sim.clear_faults();
    let _second = world.send_as(resume, "1f2e3d").await;
    let record = record(&world, NAME).expect("it is registered");
    assert_eq!(record["Declared"]["Hold"]["State"], json!("Off"), "the hold stays: {record}");
}

#[tokio::test]
async fn row_19_a_repeat_of_an_older_command_changes_nothing() {
    let world = in_service(json!({})).await;
    let up = json!({"Action": "ScaleUp", "Name": NAME});
    world.sim.fault("ListProvisionedModelThroughputs", 100, Fault::denied());
    let failed = world.send_as(up.clone(), "aaaa").await;
    assert!(failed.is_err());
    world.sim.clear_faults();
    world.sim.advance(seconds(30));
    world.send_as(json!({"Action": "ScaleDown", "Name": NAME}), "bbbb").await.expect("it is carried out");
    world.sim.advance(seconds(30));
    let _repeat = world.send_as(up, "aaaa").await;
    world.pass(15).await;
    assert!(world.sim.throughputs().is_empty(), "off");
}

#[tokio::test]
async fn row_20_a_repeat_of_an_apply_after_a_retire_buys_nothing() {
    let world = world().await;
    let apply = json!({"Action": "Apply", "Commitment": commitment(json!({}))});
    world.send_as(apply.clone(), "aaaa").await.expect("it is carried out");
    world.sim.advance(seconds(30));
    world.send_as(json!({"Action": "Retire", "Name": NAME}), "bbbb").await.expect("it is carried out");
    world.pass(50).await;
    assert!(world.sim.throughputs().is_empty() && record(&world, NAME).is_none());
    let _repeat = world.send_as(apply, "aaaa").await;
    world.pass(5).await;
    assert_eq!(bought(&world), 1);
}

#[tokio::test]
async fn row_20_an_event_that_is_delivered_late_says_when_it_was_sent() {
    let world = world().await;
    let sent = world.now();
    let apply = json!({"Action": "Apply", "Sent": sent, "Commitment": commitment(json!({}))});
    world.send(apply.clone()).await.expect("it is carried out");
    world.sim.advance(seconds(30));
    act(&world, "Retire").await;
    world.pass(50).await;
    let late = world.send(apply).await;
    assert!(late.is_err() || late.is_ok_and(|report| report["Problems"].to_string().contains("Stale")));
    world.pass(5).await;
    assert_eq!(bought(&world), 1);
}

#[tokio::test]
async fn row_21_a_name_that_belongs_to_another_stack_is_left_alone() {
    let (stack, world) = stack().await;
    let create = stack.request("Create", LOGICAL_ID, &properties(json!({})), world.now());
    let (_, answer) = stack.carry_out(&world, &create).await;
    let name = answer.expect("answered")["PhysicalResourceId"].as_str().expect("a name").to_owned();
    world.pass(40).await;
    // The record says that another stack's resource has the same derived name.
    let key = format!("commitment/{name}");
    let mut item = world.sim.item(TABLE, &key).expect("it is registered");
    item["Declared"]["Resource"]["StackId"] = json!("arn:aws:cloudformation:eu-central-1:123456789012:stack/other/1");
    world.sim.put_item(TABLE, &key, &item);
    let before = (world.sim.throughputs(), world.sim.item(TABLE, &key));
    for (kind, status) in [("Create", "FAILED"), ("Update", "FAILED"), ("Delete", "SUCCESS")] {
        world.sim.advance(seconds(5));
        let request = stack.request(kind, LOGICAL_ID, &properties(json!({"ModelUnits": "3"})), world.now());
        let (_, answer) = stack.carry_out(&world, &request).await;
        assert_eq!(answer.expect("answered")["Status"], json!(status), "{kind}");
        assert_eq!((world.sim.throughputs(), world.sim.item(TABLE, &key)), before.clone(), "{kind}");
    }
}
