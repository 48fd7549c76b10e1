//! What exactly is sent to AWS.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::SignedDuration;
use rehearsal::{AGENT, ALIAS, FUNCTION, GROUP, ROLE, World, commitment};
use serde_json::{Value, json};
use simulator::Request;

const NAME: &str = "support-agent";

async fn world() -> World {
    World::new("2026-11-16T00:00:00Z".parse().expect("an instant")).await
}

async fn apply(world: &World, more: Value) {
    let event = json!({"Action": "Apply", "Commitment": commitment(more)});
    world.send(event).await.expect("it is registered");
}

fn sent(world: &World, operation: &str) -> Vec<Request> {
    world.sim.requests().into_iter().filter(|request| request.operation == operation).collect()
}

#[tokio::test]
async fn a_purchase_carries_name_size_term_tags_and_a_token_that_every_invocation_would_send() {
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let world = world().await;
        apply(&world, json!({"ModelUnits": "2", "CommitmentDuration": "SixMonths", "Purchase": "2026-11", "Tags": {"team": "support"}})).await;
        let mut body = sent(&world, "CreateProvisionedModelThroughput")[0].body.clone();
        let token = body.as_object_mut().and_then(|body| body.shift_remove("clientRequestToken"));
        tokens.push(token.expect("a token"));
        let name = world.sim.throughputs()[0].name.clone();
        let digits = name.strip_prefix("support-agent-").expect("the commitment's name");
        assert!(digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{name}");
        let expected = json!({
            "commitmentDuration": "SixMonths",
            "modelId": "amazon.nova-lite-v1:0:24k",
            "modelUnits": 2,
            "provisionedModelName": name,
            "tags": [
                {"key": "team", "value": "support"},
                {"key": "throughput-scheduler:commitment", "value": NAME},
                {"key": "throughput-scheduler:deployment", "value": GROUP},
            ],
        });
        assert_eq!(body, expected);
    }
    assert_eq!(tokens[0], tokens[1], "the same registration has the same token");
    assert!(tokens[0].as_str().is_some_and(|token| token.len() == 64), "SHA-256 in hex");
}

#[tokio::test]
async fn a_route_keeps_version_name_description_and_invocation_state() {
    let world = world().await;
    world.sim.add_agent_version(AGENT, "7", rehearsal::MODEL);
    world.sim.change_alias(AGENT, ALIAS, |alias| {
        alias.name = "live".to_owned();
        alias.description = Some("the one that customers see".to_owned());
        alias.version = "7".to_owned();
        alias.invocation_state = "REJECT_INVOCATIONS".to_owned();
    });
    apply(&world, json!({})).await;
    world.pass(40).await;
    let arn = world.sim.throughputs()[0].arn.clone();
    let updates = sent(&world, "UpdateAgentAlias");
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0].ids, [AGENT, ALIAS]);
    let mut expected = json!({
        "agentAliasName": "live",
        "aliasInvocationState": "REJECT_INVOCATIONS",
        "description": "the one that customers see",
        "routingConfiguration": [{"agentVersion": "7", "provisionedThroughput": arn}],
    });
    assert_eq!(updates[0].body, expected);
    world.sim.clear_requests();
    world.send(json!({"Action": "ScaleDown", "Name": NAME})).await.expect("it is scaled down");
    expected["routingConfiguration"] = json!([{"agentVersion": "7"}]);
    assert_eq!(sent(&world, "UpdateAgentAlias")[0].body, expected, "on-demand is the version without a throughput");
}

#[tokio::test]
async fn an_alias_without_a_description_gets_none() {
    let world = world().await;
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.description = None);
    apply(&world, json!({})).await;
    world.pass(40).await;
    assert_eq!(sent(&world, "UpdateAgentAlias")[0].body.get("description"), None);
}

#[tokio::test]
async fn a_schedule_ticks_every_minute_without_retries_and_names_its_commitment() {
    let world = world().await;
    apply(&world, json!({})).await;
    let create = &sent(&world, "CreateSchedule")[0];
    assert_eq!(create.ids, [NAME]);
    let mut body = create.body.clone();
    let target = body["Target"].as_object_mut().expect("a target");
    let input = target.shift_remove("Input").expect("an input");
    let members = body.as_object_mut().expect("an object");
    assert!(members.shift_remove("ClientToken").is_some());
    let expected = json!({
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "GroupName": GROUP,
        "ScheduleExpression": "rate(1 minute)",
        "Target": {
            "Arn": FUNCTION,
            "RoleArn": ROLE,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
        },
    });
    assert_eq!(body, expected);
    let input: Value = serde_json::from_str(input.as_str().expect("text")).expect("JSON");
    assert_eq!(input["Action"], json!("Tick"));
    assert_eq!(input["Name"], json!(NAME));
    assert!(input["Set"].is_string(), "what the schedule was made of: {input}");
}

#[tokio::test]
async fn the_target_keeps_an_alias_qualifier_and_drops_a_version() {
    for (invoked, target) in [
        (format!("{FUNCTION}:live"), format!("{FUNCTION}:live")),
        (format!("{FUNCTION}:42"), FUNCTION.to_owned()),
        (format!("{FUNCTION}:$LATEST"), FUNCTION.to_owned()),
    ] {
        let world = world().await;
        let deadline = world.now().checked_add(SignedDuration::from_mins(5)).expect("in range");
        let invocation =
            throughput_scheduler::handler::Invocation { function_arn: invoked, deadline, request_id: String::new() };
        let event = json!({"Action": "Apply", "Commitment": commitment(json!({}))});
        world.handler.handle(event, &invocation).await.expect("it is registered");
        assert_eq!(sent(&world, "CreateSchedule")[0].body["Target"]["Arn"], json!(target));
    }
}

#[tokio::test]
async fn a_steady_tick_is_its_record_one_list_and_one_get_for_each_alias_side_by_side() {
    let world = world().await;
    let others = ["ALIAS00001", "ALIAS00002"];
    for alias in others {
        world.sim.add_alias(AGENT, alias, "3");
    }
    let aliases: Vec<Value> =
        [ALIAS].iter().chain(&others).map(|alias| json!({"AgentId": AGENT, "AgentAliasId": alias})).collect();
    let windows = json!({"Timezone": "UTC", "Windows": ["Mon 00:00-02:00"]});
    apply(&world, json!({"AgentAliases": aliases, "Timetable": windows})).await;
    for until in ["2026-11-16T01:00:00Z", "2026-11-16T05:00:00Z"] {
        world.run_until(until.parse().expect("an instant"), |_, _| {}).await;
        world.sim.clear_requests();
        // None of the four is answered before all of them are there: one after the other, they would wait for ever.
        world.sim.meet(&["ListProvisionedModelThroughputs", "GetAgentAlias"], 4);
        let report = world.tick(NAME).await.expect("the tick ends well");
        assert_eq!(report["Settled"], json!(true));
        let mut operations = world.sim.operations();
        operations.sort_unstable();
        assert_eq!(
            operations,
            ["GetAgentAlias", "GetAgentAlias", "GetAgentAlias", "GetItem", "ListProvisionedModelThroughputs"],
            "{until}"
        );
        let list = &sent(&world, "ListProvisionedModelThroughputs")[0];
        assert_eq!(list.query, [("nameContains".to_owned(), NAME.to_owned())]);
    }
}

#[tokio::test]
async fn deletion_is_by_arn() {
    let world = world().await;
    apply(&world, json!({})).await;
    world.pass(40).await;
    let arn = world.sim.throughputs()[0].arn.clone();
    world.send(json!({"Action": "Retire", "Name": NAME})).await.expect("it is retired");
    world.pass(10).await;
    assert_eq!(sent(&world, "DeleteProvisionedModelThroughput")[0].ids, [arn]);
    let forgotten = &sent(&world, "DeleteSchedule")[0];
    assert_eq!(forgotten.ids, [NAME]);
    assert!(forgotten.query.contains(&("groupName".to_owned(), GROUP.to_owned())));
}

#[tokio::test]
async fn every_list_is_read_to_its_last_page() {
    let world = world().await;
    world.sim.knobs(|knobs| {
        knobs.page_size = 1;
        knobs.orphan_after = None;
    });
    for number in 0..3 {
        world.sim.add_throughput(&format!("support-agent-x{number}"), "amazon.nova-lite-v1:0:24k", 1, &[]);
    }
    apply(&world, json!({})).await;
    world.pass(40).await;
    assert!(world.sim.alias(AGENT, ALIAS).route.is_some(), "ours is on the last page");
    apply(&world, json!({"Name": "second", "AgentAliases": []})).await;
    let status = world.send(json!({"Action": "Status"})).await.expect("a status");
    assert_eq!(status["Commitments"].as_array().map(Vec::len), Some(2));
}
