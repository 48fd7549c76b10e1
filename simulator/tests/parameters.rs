//! Parameters behave as those of Systems Manager, and what those who read them may still use is watched over.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::io::{Read, Write};
use std::net::TcpStream;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{BY_HAND, COMMITMENT_TAG, GROUP_TAG, Simulator};

const NAME: &str = "/support/model-id";

async fn simulator() -> Simulator {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    let simulator = Simulator::start(start).await;
    simulator.knobs(|knobs| {
        knobs.least_drain = SignedDuration::from_mins(5);
        knobs.orphan_after = None;
    });
    simulator
}

/// Sends one request, with its target if it has one, and gives status and body.
async fn send(simulator: &Simulator, line: &str, target: &str, body: Value) -> (u16, Value) {
    let address = simulator.url().trim_start_matches("http://").to_owned();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let target = if target.is_empty() { String::new() } else { format!("x-amz-target: AmazonSSM.{target}\r\n") };
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: aws\r\n{BY_HAND}: yes\r\nconnection: close\r\n{target}content-length: {length}\r\n\r\n"
    );
    let exchange = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("the simulator listens");
        stream.write_all(format!("{head}{body}").as_bytes()).expect("it takes the request");
        let mut answer = String::new();
        let _broken = stream.read_to_string(&mut answer);
        answer
    });
    let answer = exchange.await.expect("the exchange ends");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

async fn put(simulator: &Simulator, more: Value) -> (u16, Value) {
    let mut body = json!({"Name": NAME, "Value": "one"});
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend(more);
    }
    send(simulator, "POST /", "PutParameter", body).await
}

async fn get(simulator: &Simulator) -> (u16, Value) {
    send(simulator, "POST /", "GetParameter", json!({"Name": NAME})).await
}

#[tokio::test]
async fn a_parameter_is_made_once_and_then_overwritten() {
    let simulator = simulator().await;
    let (status, missing) = get(&simulator).await;
    assert_eq!((status, &missing["__type"]), (400, &json!("ParameterNotFound")));
    let (status, made) = put(&simulator, json!({"Type": "String", "Tags": [{"Key": "a", "Value": "b"}]})).await;
    assert_eq!((status, made), (200, json!({"Tier": "Standard", "Version": 1})));
    let (status, twice) = put(&simulator, json!({"Type": "String"})).await;
    assert_eq!((status, &twice["__type"]), (400, &json!("ParameterAlreadyExists")));
    simulator.advance(SignedDuration::from_mins(1));
    let (status, over) = put(&simulator, json!({"Value": "two", "Overwrite": true})).await;
    assert_eq!((status, &over["Version"]), (200, &json!(2)));
    let (_, read) = get(&simulator).await;
    let Value::Object(read) = &read["Parameter"] else { panic!("{read}") };
    assert_eq!((&read["Value"], &read["Type"], &read["Version"]), (&json!("two"), &json!("String"), &json!(2)));
    let minute_past = simulator.now().as_second();
    assert_eq!(read["LastModifiedDate"].as_f64().map(|date| date.to_string()), Some(minute_past.to_string()));
    assert_eq!(simulator.take_violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_no_honest_client_would_send_is_refused_and_broken() {
    let simulator = simulator().await;
    for wrong in [
        json!({}),
        json!({"Type": "Text"}),
        json!({"Type": "String", "Value": ""}),
        json!({"Type": "String", "Name": "/aws/model-id"}),
        json!({"Type": "String", "Name": "ssmodel"}),
        json!({"Type": "String", "Name": "support/model-id"}),
        json!({"Type": "String", "Name": "/support//model-id"}),
        json!({"Type": "String", "Name": "/a".repeat(16)}),
        json!({"Type": "String", "Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}),
        json!({"Type": "String", "Overwritten": true}),
    ] {
        assert_eq!(put(&simulator, wrong.clone()).await.0, 400, "{wrong}");
        assert_eq!(simulator.take_violations().len(), 1, "{wrong}");
    }
    let (status, long) = put(&simulator, json!({"Type": "String", "Value": "a".repeat(4097)})).await;
    assert_eq!((status, &long["__type"]), (400, &json!("ValidationException")));
    assert_eq!(put(&simulator, json!({"Type": "String", "Value": "a".repeat(4096)})).await.0, 200);
    assert!(get(&simulator).await.1["Parameter"]["Value"].is_string());
    assert_eq!(simulator.take_violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_type_stays_and_what_is_no_string_is_not_ours_to_overwrite() {
    let simulator = simulator().await;
    simulator.set_parameter(NAME, "SecureString", "secret");
    assert_ne!(get(&simulator).await.1["Parameter"]["Value"], json!("secret"));
    let (_, other) = put(&simulator, json!({"Type": "String", "Overwrite": true})).await;
    assert_eq!(other["__type"], json!("HierarchyTypeMismatchException"));
    assert_eq!(simulator.take_violations(), Vec::<String>::new());
    assert_eq!(put(&simulator, json!({"Overwrite": true})).await.0, 200);
    assert_eq!(simulator.take_violations().len(), 1);
}

#[tokio::test]
async fn what_is_written_shows_later_if_it_is_told_to() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.parameter_lag = SignedDuration::from_secs(2));
    assert_eq!(put(&simulator, json!({"Type": "String"})).await.0, 200);
    assert_eq!(get(&simulator).await.0, 400);
    simulator.advance(SignedDuration::from_secs(2));
    assert_eq!(put(&simulator, json!({"Value": "two", "Overwrite": true})).await.0, 200);
    assert_eq!(get(&simulator).await.1["Parameter"]["Value"], json!("one"));
    simulator.advance(SignedDuration::from_secs(2));
    assert_eq!(get(&simulator).await.1["Parameter"]["Value"], json!("two"));
}

#[tokio::test]
async fn a_deletion_under_a_parameter_or_within_its_drain_is_a_broken_promise() {
    let delete = |simulator: Simulator| async move {
        let answer = send(&simulator, "DELETE /provisioned-model-throughput/one-000000", "", Value::Null).await;
        assert_eq!(answer.0, 200);
        simulator.take_violations()
    };
    let pointed = || async {
        let simulator = simulator().await;
        let marks = [(COMMITMENT_TAG, "one"), (GROUP_TAG, "throughput")];
        let arn = simulator.add_throughput("one-000000", "amazon.nova-lite-v1:0:24k", 1, &marks);
        assert_eq!(put(&simulator, json!({"Type": "String", "Value": arn})).await.0, 200);
        simulator.advance(SignedDuration::from_hours(1));
        simulator
    };
    let broken = delete(pointed().await).await;
    assert!(broken.len() == 1 && broken[0].contains("while parameter /support/model-id names it"), "{broken:?}");

    let simulator = pointed().await;
    assert_eq!(put(&simulator, json!({"Overwrite": true})).await.0, 200);
    simulator.advance(SignedDuration::from_secs(299));
    let broken = delete(simulator).await;
    assert!(broken.len() == 1 && broken[0].contains("before those who read /support/model-id"), "{broken:?}");

    let simulator = pointed().await;
    simulator.set_parameter(NAME, "String", "two");
    simulator.advance(SignedDuration::from_secs(300));
    assert_eq!(delete(simulator).await, Vec::<String>::new());

    // What somebody else has written there is not ours to wait for.
    let simulator = pointed().await;
    let arn = simulator.parameter(NAME).expect("it is there").value;
    simulator.set_parameter(NAME, "String", "two");
    simulator.advance(SignedDuration::from_secs(300));
    simulator.set_parameter(NAME, "String", &arn);
    assert_eq!(delete(simulator).await, Vec::<String>::new());
}
