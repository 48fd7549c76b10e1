//! Models, agents and event buses are told of as AWS tells of them.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use axum::body::Bytes;
use axum::http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::{BY_HAND, COMMITMENT_TAG, DEPLOYMENT_TAG, Fault, ModelDates, Simulator};

const LITE: &str = "amazon.nova-lite-v1:0";

async fn simulator() -> Simulator {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    let simulator = Simulator::start(start).await;
    simulator.knobs(|knobs| knobs.orphan_after = None);
    simulator
}

/// Sends one request, with its target if it has one, and gives status and body.
async fn send(simulator: &Simulator, line: &str, target: &str, body: Value) -> (u16, Value) {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let request = Request::builder().method(method).uri(path).header(BY_HAND, "yes");
    let request = if target.is_empty() { request } else { request.header("x-amz-target", target) };
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let response = simulator.answer(request.body(body).expect("a request")).await.expect("an answer");
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON"))
}

async fn buy(simulator: &Simulator, name: &str, model: &str) -> (u16, Value) {
    let tags = [(COMMITMENT_TAG, name), (DEPLOYMENT_TAG, "throughput")];
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let body = json!({
        "provisionedModelName": name, "modelId": model, "modelUnits": 1, "clientRequestToken": name, "tags": tags,
    });
    send(simulator, "POST /provisioned-model-throughput", "", body).await
}

#[tokio::test]
async fn a_base_model_is_sold_with_any_context_length_and_no_other() {
    let simulator = simulator().await;
    for (number, context) in ["24k", "128k", "300k", "512"].iter().enumerate() {
        assert_eq!(buy(&simulator, &format!("one-{number}"), &format!("{LITE}:{context}")).await.0, 201, "{context}");
    }
    let arn = format!("arn:aws:bedrock:eu-central-1::foundation-model/{LITE}:24k");
    assert_eq!(buy(&simulator, "two", &arn).await.0, 201);
    for model in [LITE, "nobody.knows-v1:0:24k", "amazon.nova-lite-v1:24k", "amazon.nova-lite-v1:0:"] {
        let (status, answer) = buy(&simulator, "three", model).await;
        assert_eq!(status, 400, "{model}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains("invalid")), "{answer}");
    }
    simulator.sell_model(LITE, false);
    assert_eq!(buy(&simulator, "three", &format!("{LITE}:24k")).await.0, 400, "it is not sold here");
}

#[tokio::test]
async fn a_custom_model_is_known_by_name_and_arn_and_can_be_bought_by_both() {
    let simulator = simulator().await;
    let arn = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0/abcdefghijkl";
    simulator.add_named_custom_model("tuned", arn, LITE);
    let escaped = arn.replace('/', "%2F");
    for id in ["tuned", &escaped] {
        let (status, found) = send(&simulator, &format!("GET /custom-models/{id}"), "", Value::Null).await;
        assert_eq!((status, &found["modelArn"], &found["modelName"]), (200, &json!(arn), &json!("tuned")));
        assert!(found["baseModelArn"].as_str().is_some_and(|base| base.ends_with(LITE)));
    }
    assert_eq!(send(&simulator, "GET /custom-models/nobody", "", Value::Null).await.0, 404);
    assert_eq!(buy(&simulator, "one", arn).await.0, 201);
    assert_eq!(buy(&simulator, "two", "tuned").await.0, 201);
    assert!(simulator.throughputs().iter().all(|one| one.model_arn == arn));
}

#[tokio::test]
async fn a_list_of_models_says_what_is_sold_and_a_look_says_until_when() {
    let simulator = simulator().await;
    let list = async |query: &str| -> Vec<String> {
        let (_, found) = send(&simulator, &format!("GET /foundation-models{query}"), "", Value::Null).await;
        let found = found["modelSummaries"].as_array().expect("models").clone();
        found.iter().filter_map(|one| one["modelId"].as_str()).map(str::to_owned).collect()
    };
    let sold = list("?byInferenceType=PROVISIONED").await;
    assert!(sold.contains(&format!("{LITE}:300k")) && !sold.contains(&LITE.to_owned()), "{sold:?}");
    assert!(list("?byInferenceType=ON_DEMAND").await.contains(&LITE.to_owned()));
    simulator.sell_model(LITE, false);
    assert!(!list("?byInferenceType=PROVISIONED").await.contains(&format!("{LITE}:24k")));
    let legacy: Timestamp = "2026-12-31T00:00:00Z".parse().expect("an instant");
    simulator.set_model_dates(LITE, ModelDates { legacy: Some(legacy), ..ModelDates::default() });
    let (_, found) = send(&simulator, &format!("GET /foundation-models/{LITE}:24k"), "", Value::Null).await;
    let lifecycle = &found["modelDetails"]["modelLifecycle"];
    assert_eq!(*lifecycle, json!({"status": "ACTIVE", "legacyTime": "2026-12-31T00:00:00Z"}));
    simulator.remove_model(LITE);
    assert_eq!(send(&simulator, &format!("GET /foundation-models/{LITE}"), "", Value::Null).await.0, 404);
}

#[tokio::test]
async fn agents_and_their_aliases_are_listed_in_pages() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.page_size = 1);
    for agent in ["AGENT00001", "AGENT00002"] {
        simulator.add_agent_version(agent, "1", LITE);
    }
    simulator.add_alias("AGENT00001", "ALIAS00001", "1");
    let (_, first) = send(&simulator, "POST /agents/", "", json!({})).await;
    assert_eq!(first["agentSummaries"][0]["agentId"], json!("AGENT00001"));
    let (_, second) = send(&simulator, "POST /agents/", "", json!({"nextToken": first["nextToken"]})).await;
    assert_eq!((&second["agentSummaries"][0]["agentId"], &second["nextToken"]), (&json!("AGENT00002"), &Value::Null));
    let (_, aliases) = send(&simulator, "POST /agents/AGENT00001/agentaliases/", "", json!({})).await;
    let alias = &aliases["agentAliasSummaries"][0];
    assert_eq!((&alias["agentAliasId"], &alias["agentAliasStatus"]), (&json!("ALIAS00001"), &json!("PREPARED")));
    assert_eq!(alias["routingConfiguration"], json!([{"agentVersion": "1"}]));
    assert_eq!(send(&simulator, "POST /agents/NOBODY/agentaliases/", "", json!({})).await.0, 404);
}

fn event(id: &str) -> Value {
    let detail = json!({"Id": id}).to_string();
    json!({"Source": "throughput-scheduler", "DetailType": "Throughput Commitment Changed", "Detail": detail})
}

async fn put_events(simulator: &Simulator, entries: Value) -> (u16, Value) {
    send(simulator, "POST /", "AWSEvents.PutEvents", json!({"Entries": entries})).await
}

#[tokio::test]
async fn events_are_kept_and_some_may_fail_with_status_200() {
    let simulator = simulator().await;
    let (status, answer) = put_events(&simulator, json!([event("1")])).await;
    assert_eq!((status, &answer["FailedEntryCount"]), (200, &json!(0)));
    assert!(answer["Entries"][0]["EventId"].is_string());
    simulator.fail_next_event("ThrottlingException");
    let mut malformed = event("4");
    malformed["Detail"] = json!("no object");
    let mut without = event("5");
    without["Source"] = Value::Null;
    let (status, answer) = put_events(&simulator, json!([event("2"), event("3"), malformed, without])).await;
    let codes: Vec<&str> = (0..4).filter_map(|index| answer["Entries"][index]["ErrorCode"].as_str()).collect();
    assert_eq!((status, &answer["FailedEntryCount"]), (200, &json!(3)));
    assert_eq!(codes, ["ThrottlingException", "MalformedDetail", "InvalidArgument"]);
    simulator.knobs(|knobs| knobs.events_fail = Some("InternalFailure"));
    assert_eq!(put_events(&simulator, json!([event("6")])).await.1["FailedEntryCount"], json!(1));
    let kept: Vec<_> = simulator.events().into_iter().map(|event| (event.bus, event.detail)).collect();
    assert_eq!(kept, [("default".to_owned(), json!({"Id": "1"})), ("default".to_owned(), json!({"Id": "3"}))]);
    assert_eq!(put_events(&simulator, json!([])).await.0, 400);
    let eleven: Vec<Value> = (0..11).map(|number| event(&number.to_string())).collect();
    assert_eq!(put_events(&simulator, json!(eleven)).await.0, 400);
    assert_eq!(simulator.take_violations().len(), 2);
    simulator.fault("PutEvents", 1, Fault::denied());
    let (_, answer) = put_events(&simulator, json!([event("7")])).await;
    assert!(answer["message"].as_str().is_some_and(|message| message.contains("events:PutEvents")), "{answer}");
}

#[tokio::test]
async fn a_bus_that_is_not_there_drops_what_it_is_sent_or_says_so() {
    let simulator = simulator().await;
    let mut elsewhere = event("1");
    elsewhere["EventBusName"] = json!("arn:aws:events:eu-central-1:123456789012:event-bus/mine");
    let (_, answer) = put_events(&simulator, json!([elsewhere])).await;
    assert_eq!((&answer["FailedEntryCount"], simulator.events().len()), (&json!(0), 0));
    simulator.knobs(|knobs| knobs.missing_bus = Some("ResourceNotFoundException"));
    let (_, answer) = put_events(&simulator, json!([elsewhere])).await;
    assert_eq!(answer["Entries"][0]["ErrorCode"], json!("ResourceNotFoundException"));
    let describe = async || send(&simulator, "POST /", "AWSEvents.DescribeEventBus", json!({"Name": "mine"})).await.0;
    assert_eq!(describe().await, 400);
    simulator.knobs(|knobs| knobs.buses.push("mine".to_owned()));
    assert_eq!(describe().await, 200);
    put_events(&simulator, json!([elsewhere])).await;
    assert_eq!(simulator.events()[0].bus, "mine");
    assert_eq!(send(&simulator, "GET /schedule-groups/throughput", "", Value::Null).await.0, 200);
    assert_eq!(send(&simulator, "GET /schedule-groups/nobody", "", Value::Null).await.0, 404);
}
