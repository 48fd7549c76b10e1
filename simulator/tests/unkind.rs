//! AWS at its least convenient: late and flapping reads, shared names, terms without an end, quotas, rates, schedules.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use axum::body::Bytes;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{BY_HAND, COMMITMENT_TAG, DEPLOYMENT_TAG, Quota, Read, Refuses, Simulator};

const MODEL: &str = "amazon.nova-lite-v1:0";
const GROUP: &str = "throughput";

async fn simulator() -> Simulator {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    let simulator = Simulator::start(start).await;
    simulator.knobs(|knobs| knobs.orphan_after = None);
    simulator.add_agent_version("AGENT00001", "1", MODEL);
    simulator.add_alias("AGENT00001", "ALIAS00001", "1");
    simulator
}

async fn send(simulator: &Simulator, line: &str, body: Value) -> (u16, Value) {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).header(BY_HAND, "yes").body(body).expect("a request");
    let response = simulator.answer(request).await.expect("an answer");
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON"))
}

fn purchase(name: &str, token: &str, more: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "provisionedModelName": name, "modelId": format!("{MODEL}:24k"), "modelUnits": 1, "clientRequestToken": token,
        "tags": [{"key": COMMITMENT_TAG, "value": "one"}, {"key": DEPLOYMENT_TAG, "value": GROUP}],
    });
    for (key, value) in more {
        body[*key] = value.clone();
    }
    body
}

async fn buy(simulator: &Simulator, body: Value) -> (u16, Value) {
    send(simulator, "POST /provisioned-model-throughput", body).await
}

async fn look(simulator: &Simulator, id: &str) -> (u16, Value) {
    send(simulator, &format!("GET /provisioned-model-throughput/{}", id.replace('/', "%2F")), Value::Null).await
}

async fn delete(simulator: &Simulator, id: &str) -> u16 {
    send(simulator, &format!("DELETE /provisioned-model-throughput/{}", id.replace('/', "%2F")), Value::Null).await.0
}

async fn listed(simulator: &Simulator) -> usize {
    let (_, found) = send(simulator, "GET /provisioned-model-throughputs", Value::Null).await;
    found["provisionedModelSummaries"].as_array().expect("a list").len()
}

/// How many tags a look finds, if it finds what bears them.
async fn tags(simulator: &Simulator, arn: &str) -> Option<usize> {
    let (status, found) = send(simulator, "POST /listTagsForResource", json!({"resourceARN": arn})).await;
    (status == 200).then(|| found["tags"].as_array().expect("tags").len())
}

fn ours(simulator: &Simulator, name: &str) -> String {
    simulator.add_throughput(name, &format!("{MODEL}:24k"), 1, &[(COMMITMENT_TAG, "one"), (DEPLOYMENT_TAG, GROUP)])
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn later(simulator: &Simulator, after: i64) -> Timestamp {
    simulator.now().saturating_add(seconds(after)).expect("in range")
}

fn broken(simulator: &Simulator) -> String {
    let violations = simulator.take_violations();
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.into_iter().next().unwrap_or_default()
}

#[tokio::test]
async fn a_swap_of_the_model_takes_a_while_and_a_new_name_does_not() {
    let simulator = simulator().await;
    let custom = |id: &str| format!("arn:aws:bedrock:eu-central-1:123456789012:custom-model/{MODEL}/{}", id.repeat(12));
    simulator.add_named_custom_model("first", &custom("a"), MODEL);
    simulator.add_named_custom_model("second", &custom("b"), MODEL);
    simulator.add_named_custom_model("other", &custom("c"), "amazon.nova-pro-v1:0");
    let (_, bought) = buy(&simulator, purchase("one-000000", "1", &[("modelId", json!("first"))])).await;
    let arn = bought["provisionedModelArn"].as_str().expect("an ARN").to_owned();
    let update = async |body: Value| {
        send(&simulator, &format!("PATCH /provisioned-model-throughput/{}", arn.replace('/', "%2F")), body).await.0
    };
    assert_eq!(update(json!({"desiredModelId": "second"})).await, 400, "it is being created");
    simulator.advance(SignedDuration::from_mins(35));
    assert_eq!(update(json!({"desiredModelId": "other"})).await, 400, "another base");
    let both = json!({"desiredModelId": "second", "desiredProvisionedModelName": "renamed"});
    assert_eq!(update(both).await, 200);
    let (_, updating) = look(&simulator, "renamed").await;
    assert_eq!(updating["status"], json!("Updating"));
    assert_eq!((&updating["modelArn"], &updating["desiredModelArn"]), (&json!(custom("a")), &json!(custom("b"))));
    assert_eq!((updating["modelUnits"].as_u64(), look(&simulator, "one-000000").await.0), (Some(1), 404));
    assert_eq!(delete(&simulator, &arn).await, 400, "no deletion while it is updating");
    simulator.advance(SignedDuration::from_mins(5));
    let (_, updated) = look(&simulator, &arn).await;
    assert_eq!((&updated["status"], &updated["modelArn"]), (&json!("InService"), &json!(custom("b"))));
    simulator.swap_model(&arn, &custom("a"));
    simulator.rename_throughput(&arn, "again");
    assert_eq!(look(&simulator, "again").await.1["status"], json!("Updating"));
    simulator.set_status(&arn, "Hibernating");
    assert_eq!(look(&simulator, "again").await.1["status"], json!("Hibernating"));
}

#[tokio::test]
async fn reads_lag_behind_a_deletion_each_by_its_own_time() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| {
        knobs.lag.list_after_delete = seconds(10);
        knobs.lag.get_after_delete = seconds(5);
    });
    let arn = ours(&simulator, "one-000000");
    assert_eq!(delete(&simulator, &arn).await, 200);
    assert_eq!((listed(&simulator).await, look(&simulator, &arn).await.0), (1, 200));
    assert_eq!(delete(&simulator, &arn).await, 404, "it is gone all the same");
    simulator.advance(seconds(5));
    assert_eq!((listed(&simulator).await, look(&simulator, &arn).await.0), (1, 404));
    simulator.advance(seconds(5));
    assert_eq!(listed(&simulator).await, 0);
    simulator.ghost(&arn, later(&simulator, 60));
    assert_eq!((listed(&simulator).await, look(&simulator, &arn).await.0), (1, 200));
    simulator.advance(seconds(60));
    assert_eq!((listed(&simulator).await, look(&simulator, &arn).await.0), (0, 404));
}

#[tokio::test]
async fn a_read_may_miss_what_it_has_shown_before() {
    let simulator = simulator().await;
    let arn = ours(&simulator, "one-000000");
    let seen = async || (listed(&simulator).await, look(&simulator, &arn).await.0, tags(&simulator, &arn).await);
    simulator.blind(&arn, Read::List, later(&simulator, 10), later(&simulator, 20));
    simulator.blind("one-000000", Read::Get, later(&simulator, 20), later(&simulator, 30));
    simulator.blind(&arn, Read::Tags, later(&simulator, 30), later(&simulator, 40));
    let mut found = Vec::new();
    for _ in 0..5 {
        found.push(seen().await);
        simulator.advance(seconds(10));
    }
    let all = (1, 200, Some(2));
    assert_eq!(found, [all, (0, 200, Some(2)), (1, 404, Some(2)), (1, 200, None), all]);
}

#[tokio::test]
async fn tags_lag_behind_a_purchase_and_a_change() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| {
        knobs.lag.tags_after_create = seconds(10);
        knobs.lag.tags_after_change = seconds(5);
    });
    let (_, bought) = buy(&simulator, purchase("one-000000", "1", &[])).await;
    let arn = bought["provisionedModelArn"].as_str().expect("an ARN").to_owned();
    assert_eq!(tags(&simulator, &arn).await, Some(0));
    simulator.advance(seconds(10));
    assert_eq!(tags(&simulator, &arn).await, Some(2));
    simulator.retag(&arn, "team", "support");
    assert_eq!(tags(&simulator, &arn).await, Some(2));
    simulator.advance(seconds(5));
    assert_eq!(tags(&simulator, &arn).await, Some(3));
}

#[tokio::test]
async fn tags_of_aws_are_shown_and_cannot_be_changed() {
    let simulator = simulator().await;
    let arn = ours(&simulator, "one-000000");
    simulator.retag(&arn, "aws:cloudformation:stack-name", "theirs");
    assert_eq!(tags(&simulator, &arn).await, Some(3));
    let untag = json!({"resourceARN": arn, "tagKeys": ["aws:cloudformation:stack-name"]});
    assert_eq!(send(&simulator, "POST /untagResource", untag).await.0, 400);
    let tag = json!({"resourceARN": arn, "tags": [{"key": "AWS:mine", "value": ""}]});
    assert_eq!(send(&simulator, "POST /tagResource", tag).await.0, 400);
    simulator.set_tags(&arn, &[("team", "support")]);
    assert_eq!(tags(&simulator, &arn).await, Some(1));
}

#[tokio::test]
async fn two_throughputs_may_have_one_name() {
    let simulator = simulator().await;
    ours(&simulator, "one-000000");
    assert_eq!(buy(&simulator, purchase("one-000000", "1", &[("modelUnits", json!(2))])).await.0, 400);
    simulator.knobs(|knobs| knobs.names_unique = false);
    assert_eq!(buy(&simulator, purchase("one-000000", "1", &[("modelUnits", json!(2))])).await.0, 201);
    assert_eq!(listed(&simulator).await, 2);
}

#[tokio::test]
async fn the_end_of_a_term_may_be_told_late_and_corrected() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| {
        knobs.term_end_told_after = seconds(60);
        knobs.term_end_wrong_by = Some(seconds(-3600));
        knobs.term_end_right_after = seconds(120);
    });
    let term = [("commitmentDuration", json!("OneMonth"))];
    buy(&simulator, purchase("one-000000", "1", &term)).await;
    simulator.advance(SignedDuration::from_mins(35));
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(look(&simulator, "one-000000").await.1["commitmentExpirationTime"].clone());
        simulator.advance(seconds(60));
    }
    assert_eq!(told, [Value::Null, json!("2026-12-15T23:35:00Z"), json!("2026-12-16T00:35:00Z")]);
}

#[tokio::test]
async fn a_term_may_hold_what_failed_and_what_is_being_created() {
    let simulator = simulator().await;
    let term = [("commitmentDuration", json!("OneMonth"))];
    buy(&simulator, purchase("one-000000", "1", &term)).await;
    simulator.knobs(|knobs| knobs.delete_creating_term = Some(Refuses::No));
    assert_eq!(delete(&simulator, "one-000000").await, 200);
    simulator.knobs(|knobs| knobs.failed_holds_term = true);
    simulator.fail_next_creation("no capacity");
    buy(&simulator, purchase("one-111111", "2", &term)).await;
    simulator.advance(SignedDuration::from_mins(35));
    assert_eq!(delete(&simulator, "one-111111").await, 400);
    simulator.knobs(|knobs| knobs.failed_holds_term = false);
    assert_eq!(delete(&simulator, "one-111111").await, 200);
}

#[tokio::test]
async fn a_quota_may_be_of_one_model_and_be_told_only_by_the_creation() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.quotas = vec![Quota { model: MODEL.to_owned(), with_term: false, units: 1 }]);
    let two = [("modelUnits", json!(2))];
    let (status, refusal) = buy(&simulator, purchase("one-000000", "1", &two)).await;
    assert_eq!(status, 400);
    assert!(refusal["message"].as_str().is_some_and(|message| message.contains("no commitment model units")));
    let pro = [("modelUnits", json!(2)), ("modelId", json!("amazon.nova-pro-v1:0:24k"))];
    assert_eq!(buy(&simulator, purchase("one-111111", "2", &pro)).await.0, 201, "another model");
    let term = [("modelUnits", json!(2)), ("commitmentDuration", json!("OneMonth"))];
    assert_eq!(buy(&simulator, purchase("one-222222", "3", &term)).await.0, 201, "with a term");
    simulator.knobs(|knobs| knobs.quota_fails_late = true);
    assert_eq!(buy(&simulator, purchase("one-000000", "1", &two)).await.0, 201);
    simulator.advance(SignedDuration::from_mins(35));
    let (_, failed) = look(&simulator, "one-000000").await;
    assert_eq!(failed["status"], json!("Failed"));
    assert!(failed["failureMessage"].as_str().is_some_and(|message| message.contains("model units reserved")));
}

#[tokio::test]
async fn any_operation_may_have_a_rate() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.rates = [("ListProvisionedModelThroughputs", 1), ("ListSchedules", 1)].into());
    for line in ["GET /provisioned-model-throughputs", "GET /schedules"] {
        assert_eq!(send(&simulator, line, Value::Null).await.0, 200);
        let (status, _) = send(&simulator, line, Value::Null).await;
        assert_eq!(status, 429, "{line}");
    }
    simulator.advance(seconds(1));
    assert_eq!(listed(&simulator).await, 0);
}

fn schedule(expression: &str, state: &str) -> Value {
    json!({
        "GroupName": GROUP, "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, "State": state,
        "Target": {"Arn": "arn:aws:lambda:x", "RoleArn": "arn:aws:iam::1:role/x", "Input": expression},
    })
}

/// The minutes and inputs of what fires in the first `until` minutes.
fn fired(simulator: &Simulator, until: i64) -> Vec<(String, String)> {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    let until = start.saturating_add(SignedDuration::from_mins(until)).expect("in range");
    let due = simulator.due(start, until).into_iter();
    due.map(|(at, schedule)| (at.strftime("%M").to_string(), schedule.input)).collect()
}

#[tokio::test]
async fn a_schedule_that_is_disabled_does_not_fire_and_one_may_fire_twice() {
    let simulator = simulator().await;
    send(&simulator, "POST /schedules/one", schedule("rate(2 minutes)", "DISABLED")).await;
    assert_eq!(fired(&simulator, 4), []);
    let (_, list) = send(&simulator, "GET /schedules", Value::Null).await;
    assert_eq!(list["Schedules"][0]["State"], json!("DISABLED"));
    send(&simulator, "PUT /schedules/one", schedule("rate(2 minutes)", "ENABLED")).await;
    assert_eq!(fired(&simulator, 3).len(), 1);
    simulator.knobs(|knobs| knobs.fires_twice = true);
    assert_eq!(fired(&simulator, 3).len(), 2);
}

#[tokio::test]
async fn a_schedule_may_take_effect_late() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.schedule_lag = seconds(90));
    send(&simulator, "POST /schedules/one", schedule("rate(1 minute)", "ENABLED")).await;
    let minutes = |until| fired(&simulator, until).into_iter().map(|(minute, _)| minute).collect::<Vec<_>>();
    assert_eq!(minutes(4), ["02", "03", "04"], "not in the first ninety seconds");
    simulator.advance(SignedDuration::from_mins(4));
    send(&simulator, "PUT /schedules/one", schedule("rate(3 minutes)", "ENABLED")).await;
    let late = fired(&simulator, 10);
    let late: Vec<(&str, &str)> = late.iter().map(|(minute, input)| (minute.as_str(), input.as_str())).collect();
    assert_eq!(late[..3], [("01", "rate(1 minute)"), ("02", "rate(1 minute)"), ("03", "rate(1 minute)")]);
    assert_eq!(late[4..], [("05", "rate(1 minute)"), ("07", "rate(3 minutes)"), ("10", "rate(3 minutes)")]);
}

#[tokio::test]
async fn a_role_that_was_just_made_cannot_be_assumed() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.role_assumable_from = "2026-11-16T00:00:10Z".parse().ok());
    let (status, refusal) = send(&simulator, "POST /schedules/one", schedule("rate(1 minute)", "ENABLED")).await;
    assert_eq!(status, 400);
    assert!(refusal["message"].as_str().is_some_and(|message| message.contains("to assume the role")));
    simulator.advance(seconds(10));
    assert_eq!(send(&simulator, "POST /schedules/one", schedule("rate(1 minute)", "ENABLED")).await.0, 200);
}

#[tokio::test]
async fn an_alias_may_not_be_prepared_and_may_fail_after_a_deployment() {
    let simulator = simulator().await;
    let body = json!({
        "agentAliasName": "alias-ALIAS00001", "description": "what people see",
        "routingConfiguration": [{"agentVersion": "1"}],
    });
    let update = async || send(&simulator, "PUT /agents/AGENT00001/agentaliases/ALIAS00001/", body.clone()).await;
    simulator.knobs(|knobs| knobs.not_prepared_until = "2026-11-16T00:00:10Z".parse().ok());
    let (status, refusal) = update().await;
    assert_eq!(status, 400);
    assert!(refusal["message"].as_str().is_some_and(|message| message.contains("Not Prepared")));
    simulator.advance(seconds(10));
    simulator.add_agent_version("AGENT00001", "2", MODEL);
    simulator.deploy_alias("AGENT00001", "ALIAS00001", "2", Some("the version is broken"));
    assert_eq!(simulator.alias("AGENT00001", "ALIAS00001").status, "UPDATING");
    simulator.advance(seconds(3));
    let alias = simulator.alias("AGENT00001", "ALIAS00001");
    assert_eq!((alias.status, &alias.version, alias.failures.len()), ("FAILED", &"2".to_owned(), 1));
    assert_eq!(update().await.0, 202);
    assert!(broken(&simulator).contains("moved from version 2 to 1"), "somebody's deployment is overwritten");
}

#[tokio::test]
async fn a_second_term_for_one_purchase_is_noticed() {
    let simulator = simulator().await;
    let record = |purchase: &str| json!({"Declared": {"Commitment": {"Purchase": purchase}}});
    simulator.put_item("throughput", "commitment/one", &record("2026-12"));
    let term = [("commitmentDuration", json!("OneMonth"))];
    buy(&simulator, purchase("one-000000", "1", &term)).await;
    simulator.delete_throughput("one-000000");
    simulator.put_item("throughput", "commitment/one", &record("2027-01"));
    buy(&simulator, purchase("one-111111", "2", &term)).await;
    assert_eq!(simulator.take_violations(), Vec::<String>::new());
    simulator.delete_throughput("one-111111");
    buy(&simulator, purchase("one-222222", "3", &term)).await;
    assert!(broken(&simulator).contains("Purchase 2027-01 was bought before"));
}

#[tokio::test]
async fn deleting_what_was_taken_from_us_is_noticed_whatever_a_late_read_says() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| {
        knobs.delete_while_creating = Refuses::No;
        knobs.lag.tags_after_change = seconds(60);
    });
    buy(&simulator, purchase("one-000000", "1", &[])).await;
    simulator.retag("one-000000", DEPLOYMENT_TAG, "another");
    assert_eq!(delete(&simulator, "one-000000").await, 200);
    assert!(broken(&simulator).contains("deleted and not ours"));
    buy(&simulator, purchase("one-111111", "2", &[])).await;
    simulator.retag("one-111111", COMMITMENT_TAG, "two");
    assert_eq!(delete(&simulator, "one-111111").await, 200);
    assert!(broken(&simulator).contains("tags name another commitment"));
}
