//! What the function does with hostile events: it answers who can be answered, and changes nothing.

use jiff::Timestamp;
use rehearsal::cloudformation::{SIGNATURE, Stack};
use rehearsal::{World, commitment};
use serde_json::{Value, json};

use super::{megabyte, with};

/// Most bytes of what is told of one mistake, and of all of them: a line that somebody can read, and a page.
const LONGEST_MISTAKE: usize = 1000;
const LONGEST_TEXT: usize = 8000;

fn start() -> Timestamp {
    "2026-11-16T00:00:00Z".parse().expect("an instant")
}

/// Nothing was registered, bought, routed or sent: at most somebody looked.
fn changes_nothing(world: &World, what: &str) {
    let changes =
        world.sim.operations().into_iter().filter(|name| !name.starts_with("Get") && !name.starts_with("List"));
    assert_eq!(changes.collect::<Vec<_>>(), Vec::<&str>::new(), "{what}");
    assert!(world.sim.history().is_empty() && world.sim.schedules().is_empty(), "{what}");
}

fn sample(name: &str) -> Value {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the sample")).expect("JSON")
}

#[tokio::test]
async fn an_event_that_is_refused_makes_no_call_and_an_error_of_a_page_at_most() {
    let world = World::new(start()).await;
    let apply = |path: &str, value: Value| {
        with(json!({"Action": "Apply", "Commitment": commitment(json!({}))}), &format!("Commitment.{path}"), &value)
    };
    let aliases = vec![json!({"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}); 100];
    for (event, key) in [
        (json!(megabyte()), "event"),
        (json!(vec![1; 100_000]), "event"),
        (json!({ megabyte(): 1 }), "Action"),
        (json!({"Action": megabyte()}), "Action"),
        (json!({"Action": [megabyte()]}), "Action"),
        (json!({"Action": "Status", "Name": megabyte()}), "Name"),
        (json!({"Action": "Status", megabyte(): 1}), "is not a known key"),
        (json!({"Action": "Override", "Name": "x", "State": "On", "For": megabyte()}), "For"),
        (json!({"Action": "Override", "Name": "x", "State": "On", "Until": megabyte()}), "Until"),
        (json!({"Action": "Override", "Name": "x", "State": "On", "For": "1h", "Reason": megabyte()}), "Reason"),
        (json!({"Action": "Plan", "Commitment": commitment(json!({})), "At": megabyte()}), "At"),
        (apply("Name", json!(megabyte())), "Commitment.Name"),
        (apply("AgentAliases", json!(aliases)), "Commitment.AgentAliases"),
        (apply("Timetable.Windows", json!(vec!["Daily 08:00-20:00"; 10_000])), "Commitment.Timetable.Windows"),
        (apply("Timetable.Exceptions", json!(vec![megabyte(); 101])), "Commitment.Timetable.Exceptions"),
        (apply("Tags", json!({ megabyte(): megabyte() })), "Commitment.Tags.é"),
        (with(sample("tick"), "Name", &json!(megabyte())), "Name"),
        (with(sample("tick"), "Set", &json!([megabyte()])), "Set"),
        (json!({"detail-type": "x", "detail": megabyte(), "time": "x"}), "EventBridge"),
    ] {
        let error = world.send(event).await.expect_err(key);
        assert_eq!(error.kind(), "InvalidEvent", "{key}: {error}");
        assert!(error.to_string().contains(key), "{key}: {error}");
        assert!(error.to_string().len() <= LONGEST_TEXT, "{key}: {} bytes", error.to_string().len());
        assert!(world.sim.operations().is_empty(), "{key}");
    }
}

#[tokio::test]
async fn a_tick_that_no_schedule_of_ours_holds_changes_nothing() {
    let arn = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abcdefghij12";
    let throughput = json!([{"Name": megabyte(), "Arn": arn, "FirstSeen": "-009999-01-02T01:59:59Z", "Left": "9999-12-30T22:00:00Z"}]);
    let origin =
        json!({"ResponseUrl": "http://169.254.169.254/", "StackId": "", "RequestId": "", "LogicalResourceId": "x"});
    let owed = json!({
        "Origin": origin, "Kind": "Delete", "Since": "2026-11-16T00:00:00Z", "DecideAt": "2026-11-16T00:00:00Z",
        "Until": "9999-12-30T22:00:00Z", "Decided": {"Failed": megabyte()},
    });
    for (path, value) in [
        ("Tick.Revision", json!(u64::MAX)),
        ("Tick.Registered", json!("9999-12-30T22:00:00Z")),
        ("Tick.Requested", json!("9999-12-30T22:00:00Z")),
        ("Tick.Requested", json!("-009999-01-02T01:59:59Z")),
        ("Tick.Lifecycle", json!("Retiring")),
        ("Tick.Lifecycle", json!("Releasing")),
        ("Tick.Throughputs", throughput),
        ("Tick.Buying", json!({ megabyte(): {"Since": "9999-12-30T22:00:00Z", "Missing": megabyte()} })),
        ("Tick.Leaving", json!(vec!["ABCDEFGHIJ/MMMMMMMMMM"; 100])),
        ("Tick.Schedule", json!({"Minutes": 0, "RoleArn": megabyte(), "Target": megabyte()})),
        (
            "Tick.Override",
            json!({"State": "On", "ModelUnits": u32::MAX, "Until": "9999-12-30T22:00:00Z", "Reason": megabyte()}),
        ),
        ("Tick.Hold", json!({"State": "Off", "Since": "9999-12-30T22:00:00Z"})),
        ("Tick.Owed", owed),
        ("Tick.Commitment.Name", json!("somebody-else")),
    ] {
        let world = World::new(start()).await;
        let answer = world.send(with(sample("tick"), path, &value)).await;
        if let Err(error) = answer {
            assert!(error.to_string().len() <= LONGEST_TEXT, "{path}: {} bytes", error.to_string().len());
        }
        changes_nothing(&world, path);
    }
}

#[tokio::test]
async fn a_request_with_hostile_properties_is_answered_failed_by_their_key_and_changes_nothing() {
    for (path, value) in [
        ("ModelId", json!(megabyte())),
        ("ModelUnits", json!(megabyte())),
        ("Timetable", json!(megabyte())),
        ("Timetable.Windows", json!(vec!["Daily 08:00-20:00"; 10_000])),
        ("Timetable.Windows", json!(vec![megabyte(); 100])),
        ("Timetable.Holidays", json!(vec!["0001-01-01/9999-12-31"; 10_000])),
        ("Timetable.Exceptions", json!(vec!["\0"; 10_000])),
        ("Tags", json!({ "\0".repeat(1000): "\u{1}" })),
        ("ServiceTimeout", json!(megabyte())),
        ("Name", json!(megabyte())),
    ] {
        let stack = Stack::start("support").await;
        let world = stack.world(start(), &[]).await;
        let properties = with(json!({"ModelId": "amazon.nova-lite-v1:0:24k"}), path, &value);
        for kind in ["Create", "Update"] {
            let request = stack.request(kind, "Throughput", &properties, world.now());
            world.send(request.clone()).await.expect("what is answered ends well");
            is_answered(&stack, &request, path);
            changes_nothing(&world, path);
        }
        let request = stack.request("Delete", "Throughput", &properties, world.now());
        world.send(request.clone()).await.expect("what is answered ends well");
        assert_eq!(
            stack.answer(&request).expect("an answer")["Status"],
            json!("SUCCESS"),
            "{path}: what is not there is gone"
        );
    }
}

fn is_answered(stack: &Stack, request: &Value, key: &str) {
    let puts = stack.sink.puts();
    let put = puts.iter().find(|put| json!(put.request) == request["RequestId"]).expect("an answer");
    assert!(put.text.len() <= 4096, "{} bytes", put.text.len());
    assert_eq!(put.body["Status"], json!("FAILED"), "{key}");
    let reason = put.body["Reason"].as_str().expect("a reason");
    assert!(reason.contains(key) && reason.chars().count() <= LONGEST_MISTAKE, "{key}: {reason}");
    assert_eq!(put.body["PhysicalResourceId"], json!("Throughput-40154310"), "the derived name");
}

#[tokio::test]
async fn an_envelope_that_no_stack_sends_is_answered_where_anybody_can_be() {
    for (path, value, named) in [
        ("RequestType", json!(megabyte()), "RequestType"),
        ("RequestType", json!(["Create"]), "RequestType"),
        ("RequestType", Value::Null, "RequestType"),
        ("ResourceProperties", json!(megabyte()), "ResourceProperties"),
        ("ResourceProperties", Value::Null, "ResourceProperties"),
        ("ResourceProperties", json!([[[[]]]]), "ResourceProperties"),
        ("ResourceType", json!(megabyte()), "ModelUnits"),
        ("OldResourceProperties", json!(vec![megabyte(); 3]), "ModelUnits"),
        ("PhysicalResourceId", json!(megabyte()), "ModelUnits"),
    ] {
        let stack = Stack::start("support").await;
        let world = stack.world(start(), &[]).await;
        let request = stack.request("Create", "Throughput", &json!({"ModelUnits": 0, "ModelId": "m"}), world.now());
        let request = with(request, path, &value);
        world.send(request.clone()).await.expect("what is answered ends well");
        is_answered(&stack, &request, named);
        changes_nothing(&world, path);
    }
}

#[tokio::test]
async fn ids_that_no_answer_could_repeat_are_answered_by_nobody() {
    for (key, value) in [
        ("StackId", megabyte()),
        ("StackId", "\0".repeat(400)),
        ("RequestId", "é".repeat(2048)),
        ("LogicalResourceId", "x".repeat(3000)),
        ("ResponseURL", format!("https://bucket.s3.amazonaws.com/{SIGNATURE}{}", "x".repeat(1_000_000))),
        ("ResponseURL", format!("https://{}.com/{SIGNATURE}", "x".repeat(1000))),
    ] {
        let stack = Stack::start("support").await;
        let world = stack.world(start(), &[]).await;
        let mut request =
            stack.request("Create", "Throughput", &json!({"ModelId": "amazon.nova-lite-v1:0:24k"}), world.now());
        request[key] = json!(value);
        let error = world.send(request).await.expect_err(key);
        assert_eq!(error.kind(), "InvalidEvent", "{key}");
        assert!(error.to_string().contains(key) && error.to_string().len() <= LONGEST_MISTAKE, "{error}");
        assert!(!error.to_string().contains(SIGNATURE), "{error}");
        assert!(world.sim.operations().is_empty() && stack.sink.tries() == 0, "{key}");
    }
}

#[tokio::test]
async fn a_logical_id_of_signs_that_none_has_is_answered_with_the_name_that_follows_from_it() {
    let signs = "\u{1}".repeat(255);
    let stack = Stack::start("support").await;
    let world = stack.world(start(), &[]).await;
    let request = stack.request("Create", &signs, &json!({"ModelId": "amazon.nova-lite-v1:0:24k"}), world.now());
    world.send(request.clone()).await.expect("what is answered ends well");
    let put = stack.sink.puts().remove(0);
    assert!(put.text.len() <= 4096, "{} bytes", put.text.len());
    assert_eq!(put.body["LogicalResourceId"], json!(signs));
    assert!(put.body["PhysicalResourceId"].as_str().is_some_and(|name| name.starts_with(&signs[..31])), "{}", put.text);
    assert!(put.body["Reason"].as_str().is_some_and(|reason| reason.contains("LogicalResourceId")), "{}", put.text);
    changes_nothing(&world, "LogicalResourceId");
}
