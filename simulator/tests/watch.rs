//! The simulator behaves as AWS is known to, and notices every broken promise.
//!
//! A request here is plain HTTP, so that what the function would never send can be sent.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::io::{Read, Write};
use std::net::TcpStream;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{BY_HAND, COMMITMENT_TAG, Fault, GROUP_TAG, Refuses, Simulator, SpentToken};

const MODEL: &str = "amazon.nova-lite-v1:0";
const GROUP: &str = "throughput";

async fn simulator() -> Simulator {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    let simulator = Simulator::start(start).await;
    simulator.add_agent_version("AGENT00001", "1", MODEL);
    simulator.add_alias("AGENT00001", "ALIAS00001", "1");
    simulator
}

/// Sends one request and gives status and body; status 0 stands for a connection that broke.
async fn send(simulator: &Simulator, method: &str, path: &str, body: Value) -> (u16, Value) {
    let address = simulator.url().trim_start_matches("http://").to_owned();
    let (method, path) = (method.to_owned(), path.to_owned());
    let exchange = tokio::task::spawn_blocking(move || {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(address).expect("the simulator listens");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: aws\r\n{BY_HAND}: yes\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("it takes the request");
        let mut answer = String::new();
        let _broken = stream.read_to_string(&mut answer);
        answer
    });
    let answer = exchange.await.expect("the exchange ends");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    match serde_json::from_str(body) {
        Ok(body) => (status, body),
        Err(_) => (0, Value::Null),
    }
}

fn purchase(name: &str, token: &str) -> Value {
    json!({
        "provisionedModelName": name, "modelId": "amazon.nova-lite-v1:0:24k", "modelUnits": 1,
        "clientRequestToken": token,
        "tags": [{"key": COMMITMENT_TAG, "value": "one"}, {"key": GROUP_TAG, "value": GROUP}],
    })
}

async fn buy(simulator: &Simulator, body: Value) -> (u16, Value) {
    send(simulator, "POST", "/provisioned-model-throughput", body).await
}

async fn bought(simulator: &Simulator) -> String {
    let (status, answer) = buy(simulator, purchase("one-000000", "first")).await;
    assert_eq!(status, 201, "{answer}");
    answer["provisionedModelArn"].as_str().expect("an ARN").to_owned()
}

async fn delete(simulator: &Simulator, name: &str) -> u16 {
    send(simulator, "DELETE", &format!("/provisioned-model-throughput/{name}"), Value::Null).await.0
}

async fn route(simulator: &Simulator, body: Value) -> (u16, Value) {
    send(simulator, "PUT", "/agents/AGENT00001/agentaliases/ALIAS00001/", body).await
}

fn update(item: &Value) -> Value {
    json!({"agentAliasName": "alias-ALIAS00001", "description": "what people see", "routingConfiguration": [item]})
}

/// The one promise that was broken.
fn broken(simulator: &Simulator) -> String {
    let violations = simulator.take_violations();
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.into_iter().next().unwrap_or_default()
}

fn nothing_broken(simulator: &Simulator) {
    assert_eq!(simulator.take_violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_throughput_is_created_for_a_while_reads_no_units_meanwhile_and_then_serves() {
    let simulator = simulator().await;
    let arn = bought(&simulator).await;
    let look = || send(&simulator, "GET", "/provisioned-model-throughput/one-000000", Value::Null);
    let (_, creating) = look().await;
    assert_eq!(creating["status"], json!("Creating"));
    assert_eq!((&creating["modelUnits"], &creating["desiredModelUnits"]), (&json!(0), &json!(1)));
    assert_eq!(delete(&simulator, "one-000000").await, 400);
    simulator.advance(SignedDuration::from_mins(35));
    let (_, serving) = look().await;
    assert_eq!((&serving["status"], &serving["modelUnits"]), (&json!("InService"), &json!(1)));
    assert_eq!(serving["provisionedModelArn"], json!(arn));
    let _unregistered = simulator.take_violations();
    assert_eq!(delete(&simulator, "one-000000").await, 200);
    assert_eq!(look().await.0, 404);
    assert_eq!(simulator.billing()[0].unit_hours.to_string(), "1", "a started hour is billed whole");
    nothing_broken(&simulator);
}

#[tokio::test]
async fn a_failed_creation_says_why() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.orphan_after = None);
    simulator.fail_next_creation("no capacity");
    bought(&simulator).await;
    simulator.advance(SignedDuration::from_mins(35));
    let (_, failed) = send(&simulator, "GET", "/provisioned-model-throughput/one-000000", Value::Null).await;
    assert_eq!((&failed["status"], &failed["failureMessage"]), (&json!("Failed"), &json!("no capacity")));
}

#[tokio::test]
async fn a_repeated_token_buys_nothing_and_a_name_is_unique() {
    let simulator = simulator().await;
    let arn = bought(&simulator).await;
    let (status, again) = buy(&simulator, purchase("one-000000", "first")).await;
    assert_eq!((status, &again["provisionedModelArn"]), (201, &json!(arn)));
    assert_eq!(buy(&simulator, purchase("two-000000", "first")).await.0, 400, "other parameters");
    assert_eq!(buy(&simulator, purchase("one-000000", "second")).await.0, 400, "the name is taken");
    simulator.delete_throughput("one-000000");
    let (_, spent) = buy(&simulator, purchase("one-000000", "first")).await;
    assert_eq!(spent["provisionedModelArn"], json!(arn), "what is gone");
    simulator.knobs(|knobs| knobs.spent_token = SpentToken::BuysAnew);
    let (_, anew) = buy(&simulator, purchase("one-000000", "first")).await;
    assert_ne!(anew["provisionedModelArn"], json!(arn));
    nothing_broken(&simulator);
}

#[tokio::test]
async fn quota_lifecycle_and_model_are_checked_at_purchase() {
    let simulator = simulator().await;
    let with = |key: &str, value: Value| {
        let mut body = purchase("one-000000", "first");
        body[key] = value;
        body
    };
    assert_eq!(buy(&simulator, with("modelId", json!(MODEL))).await.0, 400, "a base model needs its context length");
    simulator.set_model_lifecycle(MODEL, "LEGACY");
    assert_eq!(buy(&simulator, purchase("one-000000", "first")).await.0, 400);
    simulator.set_model_lifecycle(MODEL, "ACTIVE");
    let (status, refusal) = buy(&simulator, with("modelUnits", json!(21))).await;
    assert_eq!(status, 400);
    assert!(refusal["message"].as_str().is_some_and(|message| message.contains("no commitment model units reserved")));
    nothing_broken(&simulator);
}

#[tokio::test]
async fn a_term_holds_until_its_end_and_renews_soon_after() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.orphan_after = None);
    let mut body = purchase("one-000000", "first");
    body["commitmentDuration"] = json!("OneMonth");
    buy(&simulator, body).await;
    simulator.advance(SignedDuration::from_mins(35));
    let end = simulator.throughputs()[0].expiration.expect("a term has an end");
    assert_eq!(end.to_string(), "2026-12-16T00:35:00Z");
    simulator.set_now(end.saturating_sub(SignedDuration::from_secs(1)).expect("in range"));
    assert_eq!(delete(&simulator, "one-000000").await, 400);
    simulator.advance(SignedDuration::from_secs(40));
    assert_eq!(delete(&simulator, "one-000000").await, 400, "it has renewed");
    assert!(broken(&simulator).contains("long before its term ends"));
    let next = simulator.throughputs()[0].expiration.expect("a term has an end");
    simulator.set_now(next);
    assert_eq!(delete(&simulator, "one-000000").await, 200);
    nothing_broken(&simulator);
}

#[tokio::test]
async fn an_update_of_an_alias_settles_after_a_while_and_is_refused_meanwhile() {
    let simulator = simulator().await;
    let arn = simulator.add_throughput("two-000000", "amazon.nova-lite-v1:0:24k", 1, &[]);
    let item = json!({"agentVersion": "1", "provisionedThroughput": arn});
    assert_eq!(route(&simulator, update(&item)).await.0, 202);
    let alias = simulator.alias("AGENT00001", "ALIAS00001");
    assert_eq!((alias.status, alias.route, alias.serving), ("UPDATING", Some(arn.clone()), None));
    let (status, refusal) = route(&simulator, update(&item)).await;
    assert_eq!(status, 400);
    assert!(refusal["message"].as_str().is_some_and(|message| message.contains("can't be performed")));
    simulator.advance(SignedDuration::from_secs(3));
    let alias = simulator.alias("AGENT00001", "ALIAS00001");
    assert_eq!((alias.status, alias.serving), ("PREPARED", Some(arn)));
    for _ in 0..2 {
        let _accepted_or_under_way = route(&simulator, update(&item)).await;
    }
    assert_eq!(route(&simulator, update(&item)).await.0, 429, "two a second");
    nothing_broken(&simulator);
}

#[tokio::test]
async fn a_schedule_fires_at_its_rate_from_its_creation_on() {
    let simulator = simulator().await;
    let schedule = |expression: &str| {
        json!({
            "GroupName": GROUP, "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {"Arn": "arn:aws:lambda:x", "RoleArn": "arn:aws:iam::1:role/x", "Input": "{}"},
        })
    };
    assert_eq!(send(&simulator, "POST", "/schedules/often", schedule("rate(2 minutes)")).await.0, 200);
    assert_eq!(send(&simulator, "POST", "/schedules/often", schedule("rate(2 minutes)")).await.0, 409);
    assert_eq!(send(&simulator, "POST", "/schedules/once", schedule("at(2026-11-16T00:03:00)")).await.0, 200);
    let fired = |from: &str, until: &str| -> Vec<String> {
        let due = simulator.due(from.parse().expect("an instant"), until.parse().expect("an instant"));
        due.into_iter().map(|(at, schedule)| format!("{} {}", at.strftime("%H:%M"), schedule.name)).collect()
    };
    let first = fired("2026-11-16T00:00:00Z", "2026-11-16T00:04:00Z");
    assert_eq!(first, ["00:02 often", "00:03 once", "00:04 often"]);
    assert_eq!(fired("2026-11-16T00:04:00Z", "2026-11-16T00:06:00Z"), ["00:06 often"]);
    assert!(simulator.schedule(GROUP, "once").is_none(), "it has deleted itself");
    assert_eq!(send(&simulator, "PUT", "/schedules/nobody", schedule("rate(1 minute)")).await.0, 404);
    assert_eq!(send(&simulator, "DELETE", &format!("/schedules/often?groupName={GROUP}"), Value::Null).await.0, 200);
    nothing_broken(&simulator);
    assert_eq!(send(&simulator, "POST", "/schedules/bad", schedule("rate(1 minutes)")).await.0, 400);
    assert!(broken(&simulator).contains("Invalid Schedule Expression"));
}

#[tokio::test]
async fn faults_have_their_effect_or_not_as_planned() {
    let simulator = simulator().await;
    simulator.fault("CreateProvisionedModelThroughput", 1, Fault::throttled());
    simulator.fault("CreateProvisionedModelThroughput", 1, Fault::Drop);
    assert_eq!(buy(&simulator, purchase("one-000000", "first")).await.0, 429);
    assert_eq!(buy(&simulator, purchase("one-000000", "first")).await.0, 0);
    assert!(simulator.history().is_empty());
    simulator.fault("CreateProvisionedModelThroughput", 1, Fault::LoseAnswer);
    assert_eq!(buy(&simulator, purchase("one-000000", "first")).await.0, 0);
    assert_eq!(simulator.history().len(), 1);
    simulator.fault("ListProvisionedModelThroughputs", 1, Fault::Slow(SignedDuration::from_secs(9)));
    let before = simulator.now();
    assert_eq!(send(&simulator, "GET", "/provisioned-model-throughputs", Value::Null).await.0, 200);
    assert_eq!(simulator.now().duration_since(before), SignedDuration::from_secs(9));
}

#[tokio::test]
async fn deleting_under_a_live_alias_is_noticed() {
    let simulator = simulator().await;
    bought(&simulator).await;
    simulator.change_alias("AGENT00001", "ALIAS00001", |alias| alias.route = Some("one-000000".to_owned()));
    simulator.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
    delete(&simulator, "one-000000").await;
    assert!(broken(&simulator).contains("deleted under the live alias AGENT00001/ALIAS00001"));
}

#[tokio::test]
async fn deleting_while_an_alias_still_sends_invocations_is_noticed() {
    let simulator = simulator().await;
    let marks = [(COMMITMENT_TAG, "one"), (GROUP_TAG, GROUP)];
    let arn = simulator.add_throughput("one-000000", "amazon.nova-lite-v1:0:24k", 1, &marks);
    simulator.change_alias("AGENT00001", "ALIAS00001", |alias| alias.route = Some(arn));
    assert_eq!(route(&simulator, update(&json!({"agentVersion": "1"}))).await.0, 202);
    delete(&simulator, "one-000000").await;
    assert!(broken(&simulator).contains("under the live alias"), "it is on its way, and not yet elsewhere");
}

#[tokio::test]
async fn deleting_or_tagging_what_is_not_ours_is_noticed() {
    let simulator = simulator().await;
    let arn = simulator.add_throughput("theirs", "amazon.nova-lite-v1:0:24k", 1, &[(GROUP_TAG, "another-group")]);
    send(&simulator, "POST", "/tagResource", json!({"resourceARN": arn, "tags": [{"key": "a", "value": "b"}]})).await;
    assert!(broken(&simulator).contains("tagged and not ours"));
    delete(&simulator, "theirs").await;
    assert!(broken(&simulator).contains("deleted and not ours"));
}

#[tokio::test]
async fn a_drain_that_is_cut_short_is_noticed() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
    let marks = [(COMMITMENT_TAG, "one"), (GROUP_TAG, GROUP)];
    let arn = simulator.add_throughput("one-000000", "amazon.nova-lite-v1:0:24k", 1, &marks);
    simulator.change_alias("AGENT00001", "ALIAS00001", |alias| alias.route = Some(arn));
    simulator.change_alias("AGENT00001", "ALIAS00001", |alias| alias.route = None);
    simulator.advance(SignedDuration::from_mins(4));
    delete(&simulator, "one-000000").await;
    assert!(broken(&simulator).contains("before its drain is over"));
}

#[tokio::test]
async fn buying_twice_or_without_marks_or_token_is_noticed() {
    let simulator = simulator().await;
    bought(&simulator).await;
    buy(&simulator, purchase("one-111111", "second")).await;
    assert!(broken(&simulator).contains("bought twice"));
    let mut unmarked = purchase("two-000000", "third");
    unmarked["tags"] = json!([]);
    buy(&simulator, unmarked).await;
    assert!(broken(&simulator).contains("without our marks"));
    let mut tokenless = purchase("two-111111", "");
    tokenless["tags"][0]["value"] = json!("two");
    buy(&simulator, tokenless).await;
    assert!(broken(&simulator).contains("without a request token"));
}

#[tokio::test]
async fn an_alias_that_loses_what_it_had_is_noticed() {
    let simulator = simulator().await;
    let item = json!({"agentVersion": "1"});
    let settle = || simulator.advance(SignedDuration::from_secs(3));
    route(&simulator, json!({"agentAliasName": "alias-ALIAS00001", "routingConfiguration": [item]})).await;
    assert!(broken(&simulator).contains("lost its name or description"));
    simulator.change_alias("AGENT00001", "ALIAS00001", |alias| alias.description = Some("what people see".to_owned()));
    settle();
    let mut without = update(&json!({}));
    without["routingConfiguration"] = json!([]);
    route(&simulator, without).await;
    let violations = simulator.take_violations();
    assert!(violations.iter().any(|broken| broken.contains("Bedrock makes a new one")), "{violations:?}");
    assert_eq!(simulator.alias("AGENT00001", "ALIAS00001").version, "2");
    settle();
    let mut rejecting = update(&json!({"agentVersion": "2"}));
    rejecting["aliasInvocationState"] = json!("REJECT_INVOCATIONS");
    route(&simulator, rejecting).await;
    assert!(broken(&simulator).contains("invocation state changed"));
}

#[tokio::test]
async fn a_route_to_what_cannot_serve_is_noticed_and_refused_where_aws_refuses() {
    let simulator = simulator().await;
    let creating = bought(&simulator).await;
    let other = simulator.add_throughput("pro", "amazon.nova-pro-v1:0:24k", 1, &[]);
    let nothing = creating.replace("000000000001", "0000000000ff");
    for (route_to, problem) in [(nothing.as_str(), "does not exist"), (&creating, "is Creating"), (&other, "nova-pro")]
    {
        let item = json!({"agentVersion": "1", "provisionedThroughput": route_to});
        assert_eq!(route(&simulator, update(&item)).await.0, 202);
        assert!(broken(&simulator).contains(problem));
        simulator.advance(SignedDuration::from_secs(3));
        simulator.knobs(|knobs| knobs.check_route = true);
        assert_eq!(route(&simulator, update(&item)).await.0, 400);
        assert!(broken(&simulator).contains(problem));
        simulator.knobs(|knobs| knobs.check_route = false);
        simulator.advance(SignedDuration::from_secs(3));
    }
}

#[tokio::test]
async fn what_is_registered_nowhere_is_noticed() {
    let simulator = simulator().await;
    bought(&simulator).await;
    simulator.advance(SignedDuration::from_mins(50));
    assert!(broken(&simulator).contains("registered nowhere"));
}

#[tokio::test]
async fn what_no_honest_client_sends_is_noticed() {
    let simulator = simulator().await;
    assert_eq!(send(&simulator, "GET", "/nothing-of-ours", Value::Null).await.0, 400);
    assert!(broken(&simulator).contains("no operation that is known"));
    let mut body = purchase("one-000000", "first");
    body["modelUnitz"] = json!(1);
    assert_eq!(buy(&simulator, body).await.0, 400);
    assert!(broken(&simulator).contains("unknown member modelUnitz"));
}

#[tokio::test]
#[should_panic(expected = "promises were broken")]
async fn a_broken_promise_that_nobody_takes_fails_the_test() {
    let simulator = simulator().await;
    send(&simulator, "GET", "/nothing-of-ours", Value::Null).await;
}
