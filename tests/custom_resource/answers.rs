//! The answer: lines 8 to 13.

use policy::answer::{Data, body};
use policy::custom_resource::{Origin, RawRequest, ResponseUrl, Unanswerable};
use policy::record::Decision;

use super::*;

fn origin(stack_id: &str, logical_id: &str) -> Origin {
    let request = json!({
        "ResponseURL": "https://bucket.s3.amazonaws.com/x", "StackId": stack_id, "RequestId": "r".repeat(36),
        "LogicalResourceId": logical_id,
    });
    Origin::find(&RawRequest(request), &[]).expect("it can be answered")
}

#[tokio::test]
async fn line_8_the_answer_is_a_put_with_an_empty_content_type_and_its_length() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &properties(json!({"LeadTime": "später"})));
    scene.send(&request).await.expect("what is answered ends well");
    let puts = scene.stack.sink.puts();
    assert_eq!(puts.len(), 1);
    assert_eq!(puts[0].method, "PUT");
    assert_eq!(puts[0].content_type.as_deref(), Some(""));
    assert_eq!(puts[0].content_length, Some(puts[0].text.len().to_string()));
    assert!(puts[0].text.len() > puts[0].text.chars().count(), "bytes, not characters");
}

#[test]
fn line_8_a_long_reason_is_cut_at_a_character_and_the_body_fits() {
    let longest = origin(&"s".repeat(1500), &"L".repeat(255));
    for sign in ["x", "é", "語", "🚫", "\"", "\u{1}", "\n"] {
        for length in [0, 1, 500, 1000, 3000, 100_000] {
            let decision = Decision::Failed(sign.repeat(length));
            let text = body(&longest, &decision, &Data::default());
            assert!(text.len() <= 4096, "{sign:?} {length}: {}", text.len());
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            let told = answer["Reason"].as_str().expect("a reason");
            assert!(told.chars().all(|one| sign.contains(one)), "cut at a character");
            assert_eq!(told.is_empty(), length == 0, "something of it is told");
        }
    }
}

#[tokio::test]
async fn line_9_every_field_is_echoed_no_reason_on_success_no_null_and_the_same_data_keys_every_time() {
    let keys = ["Name", "State", "ModelUnits", "ProvisionedModelArn", "NextTransitionAt", "NextState"];
    let scene = Scene::new().await;
    let (create, created) = scene.carry_out("Create", &properties(json!({"Timetable": closed()}))).await;
    let (update, updated) = scene.carry_out("Update", &properties(json!({}))).await;
    let (wrong, refused) = scene.carry_out("Update", &json!({"ModelId": "x y"})).await;
    let (delete, deleted) = scene.carry_out("Delete", &properties(json!({}))).await;
    for (request, answer, status) in [
        (create, &created, "SUCCESS"),
        (update, &updated, "SUCCESS"),
        (wrong, &refused, "FAILED"),
        (delete, &deleted, "SUCCESS"),
    ] {
        assert_eq!(answer["Status"], json!(status));
        for key in ["StackId", "RequestId", "LogicalResourceId"] {
            assert_eq!(answer[key], request[key]);
        }
        assert_eq!(answer["PhysicalResourceId"], json!(scene.name()));
        assert_eq!(answer.get("Reason").is_some(), status == "FAILED", "{answer}");
        assert!(!answer.to_string().contains("null"), "{answer}");
        let data = answer["Data"].as_object().expect("data");
        assert_eq!(data.keys().collect::<Vec<_>>(), keys);
        assert!(data.values().all(Value::is_string), "{answer}");
        assert_eq!(data["Name"], json!(scene.name()));
    }
    let off = json!({
        "Name": scene.name(), "State": "Off", "ModelUnits": "0", "ProvisionedModelArn": "",
        "NextTransitionAt": "2026-11-17T11:00:00Z", "NextState": "On",
    });
    assert_eq!(created["Data"], off);
    assert_eq!((&updated["Data"]["State"], &updated["Data"]["ModelUnits"]), (&json!("On"), &json!("1")));
    assert_eq!(updated["Data"]["NextTransitionAt"], json!(""));
    assert!(updated["Data"]["ProvisionedModelArn"].as_str().is_some_and(|arn| arn.starts_with("arn:")));
}

#[tokio::test]
async fn line_10_what_may_pass_is_tried_again_and_other_refusals_are_final() {
    for fault in [SinkFault::Status(500), SinkFault::Status(503), SinkFault::Status(429), SinkFault::Break] {
        let scene = Scene::new().await;
        for _ in 0..3 {
            scene.stack.sink.fault(fault);
        }
        let request = scene.request("Create", &properties(json!({})));
        scene.send(&request).await.expect("it is answered in the end");
        assert_eq!((scene.stack.sink.tries(), scene.stack.answers(&request)), (4, 1), "{fault:?}");
    }
    for status in [400, 403, 404] {
        let scene = Scene::new().await;
        scene.stack.sink.fault(SinkFault::Status(status));
        let request = scene.request("Create", &properties(json!({"ModelUnits": 0})));
        let error = scene.send(&request).await.expect_err("it was not delivered");
        assert_eq!(error.kind(), "NotDelivered");
        assert_eq!(scene.stack.sink.tries(), 1, "{status} is final");
    }
}

#[tokio::test]
async fn line_10_a_sink_that_is_silent_is_given_up_after_the_read_timeout_and_tried_again() {
    let mut scene = Scene::new().await;
    scene.world.handler = rehearsal::handler_with_read_timeout(
        &scene.world.sim,
        &[("RESPONSE_HOSTS", scene.stack.sink.address())],
        std::time::Duration::from_millis(300),
    );
    scene.stack.sink.fault(SinkFault::Silence);
    let request = scene.request("Create", &properties(json!({"ModelUnits": 0})));
    scene.send(&request).await.expect("it is answered in the end");
    assert_eq!((scene.stack.sink.tries(), scene.stack.answers(&request)), (2, 1));
}

#[tokio::test]
async fn line_10_a_sink_that_is_down_for_thirty_seconds_still_gets_the_answer() {
    let scene = Scene::new().await;
    let back = scene.world.now().saturating_add(SignedDuration::from_secs(30)).expect("in range");
    scene.stack.sink.down_until(&scene.world.sim, back);
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("it is answered in the end");
    assert_eq!(status(&scene.answer(&request)), "SUCCESS");
    let waited = scene.world.now().duration_since(start());
    assert!(waited >= SignedDuration::from_secs(30) && waited < SignedDuration::from_secs(60), "{waited:?}");
    assert!(scene.stack.sink.tries() < 30, "with growing pauses");
}

#[tokio::test]
async fn line_11_delivered_is_ok_even_when_failed_and_so_is_what_the_record_keeps_which_is_told_once() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &properties(json!({"ModelUnits": 0})));
    scene.send(&request).await.expect("FAILED was delivered");
    assert_eq!(status(&scene.answer(&request)), "FAILED");

    let later = scene.world.now().saturating_add(SignedDuration::from_mins(20)).expect("in range");
    scene.stack.sink.down_until(&scene.world.sim, later);
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("the record keeps it, and ticks try again");
    assert_eq!(scene.stack.answer(&request), None);
    assert!(scene.world.now() < start().saturating_add(SignedDuration::from_mins(5)).expect("in range"));
    // Lambda tries again, and the ticks do.
    let _again = scene.send(&request).await;
    scene.world.pass(20).await;
    assert_eq!(status(&scene.answer(&request)), "SUCCESS");
    assert_eq!(scene.stack.answers(&request), 1);
    assert_eq!(scene.world.sim.history().len(), 1, "bought once");
}

#[tokio::test]
async fn line_12_redirects_are_not_followed() {
    let scene = Scene::new().await;
    scene.stack.sink.fault(SinkFault::Redirect);
    let request = scene.request("Create", &properties(json!({"ModelUnits": 0})));
    let error = scene.send(&request).await.expect_err("it was not delivered");
    assert_eq!(error.kind(), "NotDelivered");
    assert_eq!((scene.stack.sink.tries(), scene.stack.sink.puts().len()), (1, 0));
}

#[test]
fn line_12_answers_go_to_s3_over_https_and_to_the_hosts_that_are_listed() {
    let hosts = ["127.0.0.1:8080".to_owned(), "sink.test:443".to_owned()];
    let new = |url: &str| ResponseUrl::new(url, &hosts).map(|_| ());
    for url in [
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a?X-Amz-Date=20261116T000000Z",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/a%3Ab|c",
        "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com:443/a",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn/a",
        "https://BUCKET.S3.us-gov-west-1.AMAZONAWS.COM/a",
        "https://bucket.s3.us-iso-east-1.c2s.ic.gov/a",
        "https://bucket.s3.us-isob-east-1.sc2s.sgov.gov/a",
        "https://bucket.s3.eusc-de-east-1.amazonaws.eu/a",
        "http://127.0.0.1:8080/a",
        "https://sink.test/a",
    ] {
        assert_eq!(new(url), Ok(()), "{url}");
    }
    for url in [
        "http://bucket.s3.amazonaws.com/a",
        "https://amazonaws.com/a",
        "https://evilamazonaws.com/a",
        "https://bucket.s3.amazonaws.com.evil.com/a",
        "https://bucket.s3.amazonaws.com@evil.com/a",
        "https://evil.com@bucket.s3.amazonaws.com/a",
        "https://bucket.s3.amazonaws.com:8443/a",
        "https://ec2.us-iso-east-1.c2s.ic.gov/a",
        "https://127.0.0.1/a",
        "http://127.0.0.1:8081/a",
        "http://sink.test/a",
        "ftp://bucket.s3.amazonaws.com/a",
    ] {
        assert_eq!(new(url), Err(Unanswerable::Elsewhere), "{url}");
    }
    for url in ["", "bucket.s3.amazonaws.com", "/a", "https://", "https://a b.s3.amazonaws.com/"] {
        assert_eq!(new(url), Err(Unanswerable::Malformed), "{url}");
    }
}

#[tokio::test]
async fn line_13_the_url_is_in_the_record_while_an_answer_is_owed_and_nowhere_else() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    let mut said = vec![format!("{:?}", scene.send(&request).await)];
    let holds = |text: &str| text.contains(SIGNATURE) || text.contains(TOKEN);
    let record = |scene: &Scene| scene.stored().expect("registered").to_string();
    assert!(holds(&record(&scene)), "a tick needs it");
    said.push(scene.world.sim.schedule(GROUP, &scene.name()).expect("registered").definition.to_string());
    for action in ["Status", "Resume"] {
        let event = json!({"Action": action, "Name": scene.name()});
        said.push(format!("{:?}", scene.send(&event).await));
    }
    said.push(format!("{:?}", scene.send(&json!({"Action": "Status"})).await));
    scene.world.pass(45).await;
    assert_eq!(status(&scene.answer(&request)), "SUCCESS");
    assert!(!holds(&record(&scene)), "forgotten once it is answered");
    let to_table = |operation: &str| operation.ends_with("Item") || operation.ends_with("Items");
    let others = scene.world.sim.requests().into_iter().filter(|request| !to_table(request.operation));
    said.extend(others.map(|request| request.body.to_string()));
    said.extend(scene.stack.sink.puts().into_iter().map(|put| put.text));
    assert!(!said.iter().any(|text| holds(text)), "{said:?}");
    let origin = Origin::find(&RawRequest(request.clone()), &[scene.stack.sink.address().to_owned()]);
    assert!(!holds(&format!("{origin:?} {:?}", RawRequest(request))));
}
