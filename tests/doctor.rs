//! What does `Doctor` find, and what does it leave alone?

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::Timestamp;
use rehearsal::{AGENT, ALIAS, GROUP, MODEL, World, commitment};
use serde_json::{Value, json};
use simulator::{Fault, ModelDates, Quota};

const READS: [&str; 16] = [
    "DescribeEventBus",
    "DescribeTable",
    "GetAgentAlias",
    "GetAgentVersion",
    "GetCustomModel",
    "GetFoundationModel",
    "GetItem",
    "GetParameter",
    "GetSchedule",
    "GetScheduleGroup",
    "ListAgentAliases",
    "ListAgents",
    "ListFoundationModels",
    "ListServiceQuotas",
    "Query",
    "Scan",
];
const DENIED: Fault = Fault::Refuse { status: 403, code: "AccessDeniedException", message: "not for you" };

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

async fn world(settings: &[(&str, &str)]) -> World {
    World::with_settings(at("2026-11-16T00:00:00Z"), settings).await
}

/// Asks, and sees that nothing was changed.
async fn ask(world: &World, declared: Option<Value>) -> Vec<Value> {
    world.sim.clear_requests();
    let mut event = json!({"Action": "Doctor"});
    if let Some(declared) = declared {
        event["Commitment"] = declared;
    }
    let answer = world.send(event).await.expect("it is answered");
    for operation in world.sim.operations() {
        assert!(READS.contains(&operation), "{operation} may change something");
    }
    let checks = answer["Checks"].as_array().expect("a list").clone();
    for check in &checks {
        let cured = check["State"] == "Ok" || check["Cure"].as_str().is_some_and(|cure| !cure.is_empty());
        assert!(cured, "what is not ok has a cure: {check}");
    }
    checks
}

/// The state and the text of the check of that name.
fn line(checks: &[Value], what: &str) -> (String, String) {
    let found: Vec<&Value> = checks.iter().filter(|check| check["What"] == what).collect();
    let [check] = found[..] else { panic!("{} checks are called {what}: {checks:#?}", found.len()) };
    let text = |key: &str| check[key].as_str().expect("a text").to_owned();
    (text("State"), format!("{}; {}", text("Text"), text("Cure")))
}

#[track_caller]
fn says(checks: &[Value], what: &str, state: &str, words: &[&str]) {
    let (found, text) = line(checks, what);
    assert_eq!(found, state, "{what}: {text}");
    for word in words {
        assert!(text.contains(word), "{what} does not say {word}: {text}");
    }
}

#[tokio::test]
async fn a_deployment_that_is_as_it_should_be_has_no_wrong_line() {
    let world =
        world(&[("EVENT_BUS", "default"), ("ALARM_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:alarms")]).await;
    let checks = ask(&world, Some(commitment(json!({})))).await;
    let wrong: Vec<&Value> = checks.iter().filter(|check| check["State"] == "Wrong").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for what in
        ["Region", "Settings", "Table", "Schedule group", "Schedules", "Event bus", "Agents", "Model", "Sold here"]
    {
        says(&checks, what, "Ok", &[]);
    }
    says(&checks, &format!("Agent {AGENT}"), "Ok", &[ALIAS]);
    says(&checks, &format!("Alias {AGENT}/{ALIAS}"), "Ok", &["version 3", MODEL]);
    says(&checks, "Guardrails", "Ok", &[]);
    says(&checks, "Quota", "Ok", &["across base models: 20"]);
    says(&checks, "Schedule role", "Warning", &["no schedule runs as it yet"]);
    says(&checks, "Alarms", "Warning", &["alarms", "aws sns list-subscriptions-by-topic"]);
}

#[tokio::test]
async fn a_registered_commitment_shows_that_the_role_was_accepted() {
    let world = world(&[]).await;
    world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await.expect("it is registered");
    let checks = ask(&world, None).await;
    says(&checks, "Schedules", "Ok", &["registered: 1"]);
    says(&checks, "Schedule role", "Ok", &["role/throughput-ticks", "1 schedules"]);
    world.sim.knobs(|knobs| knobs.orphan_after = None);
    world.sim.edit_schedule(GROUP, "support-agent", |definition| definition["State"] = json!("DISABLED"));
    let checks = ask(&world, None).await;
    says(&checks, "Schedules", "Wrong", &["support-agent", "Repair"]);
    says(&checks, "Schedule role", "Warning", &[]);
}

#[tokio::test]
async fn a_group_or_a_bus_that_is_gone_is_wrong() {
    let world = world(&[("EVENT_BUS", "changes")]).await;
    let checks = ask(&world, None).await;
    says(&checks, "Event bus", "Wrong", &["changes does not exist in eu-central-1", "EventBusName"]);
    world.sim.knobs(|knobs| knobs.groups.clear());
    let checks = ask(&world, None).await;
    says(&checks, "Schedule group", "Wrong", &["throughput does not exist", "Repair"]);
}

#[tokio::test]
async fn alarms_that_tell_nobody_are_a_warning() {
    for (settings, words) in [
        (&[][..], "do not say who is told"),
        (&[("ALARM_TOPIC_ARN", "")][..], "alarms tell nobody"),
        (&[("ALARM_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:alarms")][..], "cannot be read here"),
    ] {
        says(&ask(&world(settings).await, None).await, "Alarms", "Warning", &[words]);
    }
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_a_warning_and_never_ok() {
    let lines = [
        ("GetScheduleGroup", "Schedule group"),
        ("DescribeEventBus", "Event bus"),
        ("ListAgents", "Agents"),
        ("ListServiceQuotas", "Quota"),
        ("GetFoundationModel", "Model"),
        ("ListFoundationModels", "Sold here"),
        ("ListAgentAliases", "Agent ABCDEFGHIJ"),
        ("GetAgentAlias", "Alias ABCDEFGHIJ/KLMNOPQRST"),
        ("GetAgentVersion", "Alias ABCDEFGHIJ/KLMNOPQRST"),
        ("GetParameter", "Parameter /support/model-id"),
        ("Scan", "Schedules"),
        ("DescribeTable", "Table"),
    ];
    for (operation, what) in lines {
        let world = world(&[("EVENT_BUS", "default")]).await;
        world.sim.fault(operation, 1, DENIED);
        let checks = ask(&world, Some(commitment(json!({"ModelIdParameter": "/support/model-id"})))).await;
        says(&checks, what, "Warning", &["AccessDeniedException", "allow the function's role to look"]);
    }
}

#[tokio::test]
async fn a_model_is_looked_at_in_its_region_with_its_dates() {
    let world = world(&[]).await;
    let declared = || Some(commitment(json!({})));
    let dates =
        |legacy: &str, end: &str| ModelDates { legacy: Some(at(legacy)), end: Some(at(end)), ..ModelDates::default() };
    world.sim.set_model_dates(MODEL, dates("2027-06-01T00:00:00Z", "2027-12-01T00:00:00Z"));
    says(&ask(&world, declared()).await, "Model", "Ok", &["LEGACY from 2027-06-01", "ends 2027-12-01"]);
    world.sim.set_model_dates(MODEL, dates("2026-12-31T00:00:00Z", "2027-02-01T00:00:00Z"));
    says(&ask(&world, declared()).await, "Model", "Warning", &["LEGACY from 2026-12-31", "before that"]);
    world.sim.set_model_lifecycle(MODEL, "LEGACY");
    says(&ask(&world, declared()).await, "Model", "Wrong", &["turned LEGACY in eu-central-1", "ends 2027-02-01"]);
    world.sim.remove_model(MODEL);
    says(&ask(&world, declared()).await, "Model", "Wrong", &["eu-central-1"]);
}

#[tokio::test]
async fn a_model_that_is_not_sold_here_is_a_warning_that_names_what_is() {
    let world = world(&[]).await;
    let other_context = commitment(json!({"ModelId": "amazon.nova-lite-v1:0:512k"}));
    says(
        &ask(&world, Some(other_context)).await,
        "Sold here",
        "Warning",
        &["amazon.nova-lite-v1:0:24k", "declare one"],
    );
    world.sim.sell_model(MODEL, false);
    let checks = ask(&world, Some(commitment(json!({})))).await;
    says(&checks, "Sold here", "Warning", &["is not listed in eu-central-1", "may be refused"]);
}

#[tokio::test]
async fn an_agent_or_alias_that_is_not_there_names_those_that_are() {
    let world = world(&[]).await;
    let with = |agent: &str, alias: &str| {
        Some(commitment(json!({"AgentAliases": [{"AgentId": agent, "AgentAliasId": alias}]})))
    };
    let checks = ask(&world, with("NOBODYHERE", ALIAS)).await;
    says(&checks, "Agent NOBODYHERE", "Wrong", &["does not exist in eu-central-1"]);
    says(&checks, "Agents", "Ok", &[AGENT]);
    let checks = ask(&world, with(AGENT, "NOBODYHERE")).await;
    says(&checks, &format!("Agent {AGENT}"), "Ok", &[ALIAS]);
    says(&checks, &format!("Alias {AGENT}/NOBODYHERE"), "Wrong", &["does not exist in eu-central-1"]);
}

#[tokio::test]
async fn an_alias_whose_version_is_of_another_model_is_wrong() {
    let world = world(&[]).await;
    world.sim.add_agent_version(AGENT, "4", "meta.llama3-1-8b-instruct-v1:0");
    world.sim.add_alias(AGENT, "ALIAS00002", "4");
    let aliases = json!([{"AgentId": AGENT, "AgentAliasId": "ALIAS00002"}]);
    let checks = ask(&world, Some(commitment(json!({"AgentAliases": aliases})))).await;
    says(&checks, &format!("Alias {AGENT}/ALIAS00002"), "Wrong", &["version 4", "meta.llama3-1-8b-instruct-v1:0"]);
}

#[tokio::test]
async fn a_custom_model_is_known_by_its_base_model() {
    let world = world(&[]).await;
    let arn = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl";
    let declared = || Some(commitment(json!({"ModelId": arn})));
    says(&ask(&world, declared()).await, "Model", "Wrong", &["eu-central-1"]);
    world.sim.add_custom_model(arn, MODEL);
    let checks = ask(&world, declared()).await;
    says(&checks, "Model", "Ok", &["foundation-model/amazon.nova-lite-v1:0"]);
    says(&checks, &format!("Alias {AGENT}/{ALIAS}"), "Ok", &[]);
}

#[tokio::test]
async fn no_quota_at_all_is_wrong() {
    let world = world(&[]).await;
    world.sim.knobs(|knobs| knobs.quota = 0);
    says(&ask(&world, None).await, "Quota", "Wrong", &["each of 2 quotas of model units is 0", "AWS Support"]);
    world.sim.knobs(|knobs| knobs.quotas = vec![Quota { model: "Nova Lite".to_owned(), with_term: true, units: 3 }]);
    says(&ask(&world, None).await, "Quota", "Ok", &["per provisioned model for Nova Lite: 3"]);
}

#[tokio::test]
async fn guardrails_and_settings_that_cannot_be_read_are_wrong() {
    let world = world(&[("MAX_MODEL_UNITS", "many"), ("SCHEDULE_ROLE_ARN", "nobody")]).await;
    let checks = ask(&world, Some(commitment(json!({})))).await;
    says(&checks, "Settings", "Wrong", &["SCHEDULE_ROLE_ARN"]);
    says(&checks, "Schedule role", "Wrong", &["nobody"]);
    says(&checks, "Guardrails", "Wrong", &["MAX_MODEL_UNITS"]);
}
