//! The envelope: lines 1 to 7.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn line_1_scalars_as_strings_are_the_same_as_numbers_and_booleans() {
    let declared = properties(json!({"ModelUnits": 2, "TakeOver": true, "PricePerUnitHour": 21.18}));
    let mut stored = Vec::new();
    for as_strings in [true, false] {
        let scene = Scene::new().await;
        let mut request = scene.request("Create", &declared);
        if !as_strings {
            request["ResourceProperties"] = declared.clone();
        }
        assert_eq!(request["ResourceProperties"]["ModelUnits"].is_string(), as_strings);
        scene.send(&request).await.expect("it is carried out");
        assert_eq!(status(&scene.answer(&request)), "SUCCESS");
        assert_eq!(scene.world.sim.throughputs()[0].units, 2);
        stored.push(scene.stored().expect("registered")["Declared"]["Commitment"].clone());
    }
    assert_eq!(stored[0], stored[1]);
}

#[tokio::test]
async fn line_2_a_delete_without_properties_is_handled_by_stack_and_logical_id() {
    let scene = Scene::created(&properties(json!({}))).await;
    let mut request = scene.request("Delete", &json!({}));
    request.as_object_mut().expect("an object").shift_remove("ResourceProperties");
    let (_, answer) = scene.stack.carry_out(&scene.world, &request).await;
    assert_eq!(status(&answer.expect("it is answered")), "SUCCESS");
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
}

#[tokio::test]
async fn line_3_an_unknown_request_type_or_properties_that_are_none_are_answered_failed_with_the_derived_name() {
    for (key, value, said) in [
        ("RequestType", json!("Replace"), "RequestType: `Replace` is not accepted; use Create or Update or Delete"),
        ("RequestType", json!(null), "RequestType: is missing"),
        ("RequestType", json!(["Create"]), "RequestType: a list of 1"),
        ("ResourceProperties", json!("ModelId"), "ResourceProperties: `ModelId` is not an object"),
        ("ResourceProperties", json!([1, 2]), "ResourceProperties: a list of 2 is not an object"),
    ] {
        let scene = Scene::new().await;
        let mut request = scene.request("Create", &properties(json!({})));
        request[key] = value;
        scene.send(&request).await.expect("what is answered ends well");
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "FAILED");
        assert!(reason(&answer).contains(said), "{answer}");
        assert_eq!(answer["PhysicalResourceId"], json!(scene.name()));
        assert!(scene.changes().is_empty() && scene.stored().is_none());
    }
}

#[tokio::test]
async fn line_3_properties_that_are_missing_or_wrong_are_told_all_at_once() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &json!({"ModelUnitz": 2, "LeadTime": "soon"}));
    scene.send(&request).await.expect("what is answered ends well");
    let answer = scene.answer(&request);
    for said in
        ["ModelUnitz: is not a known key; did you mean `ModelUnits`?", "ModelId: is missing", "LeadTime: `soon`"]
    {
        assert!(reason(&answer).contains(said), "{answer}");
    }
    assert!(scene.world.sim.operations().iter().all(|operation| operation.starts_with("Get")));
}

#[tokio::test]
async fn line_4_without_a_usable_response_url_nothing_is_done() {
    for url in [
        json!(null),
        json!(""),
        json!(17),
        json!("not a url"),
        json!("https://example.com/answer?X-Amz-Signature=5e0b1f00d5ec2e75196a70e5"),
        json!("http://bucket.s3.amazonaws.com/answer?X-Amz-Signature=5e0b1f00d5ec2e75196a70e5"),
    ] {
        let scene = Scene::new().await;
        let mut request = scene.request("Create", &properties(json!({})));
        request["ResponseURL"] = url.clone();
        let error = scene.send(&request).await.expect_err("nobody can be answered");
        assert_eq!(error.kind(), "InvalidEvent", "{url}");
        assert!(error.to_string().contains("ResponseURL") && !error.to_string().contains(SIGNATURE), "{error}");
        assert!(scene.world.sim.operations().is_empty());
        assert_eq!(scene.stack.sink.tries(), 0);
    }
}

#[tokio::test]
async fn line_5_what_is_neither_request_nor_action_nor_tick_is_an_invalid_event() {
    let scene = Scene::new().await;
    for event in [json!({"StackId": "x"}), json!({"ResourceProperties": {}}), json!([]), json!({"Hello": "world"})] {
        let error = scene.send(&event).await.expect_err("it is none");
        assert_eq!(error.kind(), "InvalidEvent", "{event}");
    }
    assert!(scene.world.sim.operations().is_empty());
}

#[tokio::test]
async fn line_6_a_broken_setting_is_named_and_a_delete_is_answered_too() {
    for (setting, value) in [
        ("SCHEDULE_ROLE_ARN", ""),
        ("SCHEDULE_GROUP", ""),
        ("MAX_MODEL_UNITS", "many"),
        ("ALLOWED_MODELS", "[a"),
        ("TICK_RATE", "rate(1 day)"),
    ] {
        let scene = Scene::with_settings(&[(setting, value)]).await;
        let request = scene.request("Create", &properties(json!({})));
        scene.send(&request).await.expect("what is answered ends well");
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "FAILED", "{setting}");
        assert!(reason(&answer).contains(setting), "{answer}");
        assert!(scene.world.sim.history().is_empty() && scene.stored().is_none());
        let delete = scene.request("Delete", &properties(json!({})));
        scene.send(&delete).await.expect("what is answered ends well");
        let expected = if setting == "SCHEDULE_GROUP" { "FAILED" } else { "SUCCESS" };
        assert_eq!(status(&scene.answer(&delete)), expected, "{setting}");
    }
}

#[tokio::test]
async fn line_6_a_broken_setting_keeps_no_delete_from_deleting() {
    for (setting, value) in [("SCHEDULE_ROLE_ARN", ""), ("MAX_MODEL_UNITS", "many"), ("TICK_RATE", "rate(1 day)")] {
        let mut scene = Scene::created(&properties(json!({}))).await;
        let settings = [("RESPONSE_HOSTS", scene.stack.sink.address()), (setting, value)];
        scene.world.handler = rehearsal::handler(&scene.world.sim, &settings);
        let (_, answer) = scene.carry_out("Delete", &properties(json!({}))).await;
        assert_eq!(status(&answer), "SUCCESS", "{setting}");
        assert!(scene.world.sim.throughputs().is_empty());
        assert_eq!(scene.route(), None);
    }
}

#[tokio::test]
async fn line_7_a_panic_is_answered_within_the_same_invocation_and_the_process_lives() {
    let mut scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.may_reject = true);
    let sim = scene.world.sim.clone();
    let hosts = [("RESPONSE_HOSTS", scene.stack.sink.address())];
    let mut handler = rehearsal::handler(&sim, &hosts);
    let first = AtomicBool::new(true);
    handler.clock.sleep = Box::new(move |duration| {
        // In the middle: the record is written, the throughput is bought, an alias is being changed.
        assert!(!first.swap(false, Ordering::SeqCst), "something that nobody foresaw");
        sim.advance(SignedDuration::try_from(duration).expect("a short time"));
        Box::pin(std::future::ready(()))
    });
    scene.world.handler = handler;
    let request = scene.request("Create", &properties(json!({"WhenOff": "Reject"})));
    scene.send(&request).await.expect("what is answered ends well");
    assert_eq!(status(&scene.answer(&request)), "FAILED");
    scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
    scene.world.pass(10).await;
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered(), "what it began is taken back");
    assert_eq!(scene.world.sim.alias(AGENT, ALIAS).invocation_state, "ACCEPT_INVOCATIONS");
}
