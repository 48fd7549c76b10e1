//! A stack's life: the real `bootstrap`, the simulated account, and a stand-in for `CloudFormation`.
//!
//! The binary lives on the machine's own time, the account on a clock that is turned; ticks are delivered by hand.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use rehearsal::cloudformation::{SIGNATURE, SinkFault, TOKEN};
use rehearsal::local::Local;
use rehearsal::{AGENT, GROUP, MODEL, TABLE};
use serde_json::{Value, json};
use simulator::Refuses;

const BOOTSTRAP: &str = env!("CARGO_BIN_EXE_bootstrap");
const OURS: &str = "STACKALIAS";

struct Life {
    /// How many requests CloudFormation has made.
    requests: std::cell::Cell<i64>,
    local: Local,
}

impl Life {
    async fn start() -> Self {
        let loud = [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")];
        let local = Local::with_environment(BOOTSTRAP, &loud).await.expect("it starts");
        local.world.sim.add_agent_version(AGENT, "3", MODEL);
        local.world.sim.add_alias(AGENT, OURS, "3");
        Self { local, requests: std::cell::Cell::new(0) }
    }

    #[expect(clippy::disallowed_methods, reason = "the binary lives on the machine's own time")]
    fn request(&self, kind: &str, logical_id: &str, more: Value) -> Value {
        // CloudFormation makes no two requests about a resource in one second.
        self.requests.set(self.requests.get() + 1);
        let made = Timestamp::now() + SignedDuration::from_secs(self.requests.get());
        let mut properties = json!({
            "ModelId": "amazon.nova-lite-v1:0:24k",
            "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": OURS}],
            "Drain": "0m",
        });
        if let (Some(members), Value::Object(more)) = (properties.as_object_mut(), more) {
            members.extend(more);
        }
        self.local.stack.request(kind, logical_id, &properties, made)
    }

    async fn send(&mut self, request: &Value) {
        // A second of the account's, in which two aliases may be updated.
        self.local.world.sim.advance(SignedDuration::from_secs(1));
        self.local.invoke(request.clone()).await.expect("the invocation ends well");
    }

    /// Lets the account live on, and delivers a tick of the only schedule whose name begins with `logical_id`.
    async fn tick_after(&mut self, minutes: i64, logical_id: &str) {
        self.local.world.sim.advance(SignedDuration::from_mins(minutes));
        let schedules = self.local.world.sim.schedules();
        let ours = schedules.into_iter().find(|one| one.name.starts_with(&format!("{logical_id}-")));
        let tick: Value = serde_json::from_str(&ours.expect("it is registered").input).expect("JSON");
        self.local.invoke(tick).await.expect("the tick ends well");
    }

    /// Whether nothing but a tombstone is left of it.
    fn is_gone(&self, logical_id: &str) -> bool {
        let keys: Vec<String> = self.local.world.sim.items(TABLE).into_keys().collect();
        let has = |kind: &str| keys.iter().any(|key| key.starts_with(&format!("{kind}/{logical_id}-")));
        has("tombstone") && !has("commitment")
    }

    fn status(&self, request: &Value) -> Option<String> {
        self.local.stack.answer(request).map(|answer| answer["Status"].as_str().unwrap_or_default().to_owned())
    }

    /// The ARNs of what belongs to the stack, with their sizes.
    fn throughputs(&self) -> Vec<(String, u32)> {
        let all = self.local.world.sim.throughputs().into_iter();
        all.filter(|one| !one.name.starts_with("support-agent-")).map(|one| (one.arn, one.units)).collect()
    }

    fn route(&self) -> Option<String> {
        self.local.world.sim.alias(AGENT, OURS).route
    }
}

#[tokio::test]
async fn a_stack_is_created_changed_rolled_back_cancelled_and_deleted() {
    let mut life = Life::start().await;
    let sim = std::sync::Arc::clone(&life.local.world.sim);

    // Created, answered by a tick once it is in service; S3 stumbles once.
    let create = life.request("Create", "Throughput", json!({"WaitFor": "InService"}));
    life.send(&create).await;
    assert_eq!(life.status(&create), None);
    assert_eq!(life.throughputs().len(), 1);
    life.local.stack.sink.fault(SinkFault::Status(503));
    life.tick_after(36, "Throughput").await;
    assert_eq!(life.status(&create).as_deref(), Some("SUCCESS"));
    let small = life.throughputs()[0].0.clone();
    assert_eq!(life.route(), Some(small.clone()));

    // Made larger: bought before the smaller one goes.
    let update = life.request("Update", "Throughput", json!({"ModelUnits": 2}));
    life.send(&update).await;
    assert_eq!(life.status(&update).as_deref(), Some("SUCCESS"));
    assert_eq!((life.throughputs().len(), life.route()), (2, Some(small)));
    life.tick_after(36, "Throughput").await;
    life.tick_after(1, "Throughput").await;
    assert_eq!(life.throughputs().iter().map(|(_, units)| *units).collect::<Vec<_>>(), [2]);
    let large = life.throughputs()[0].0.clone();
    assert_eq!(life.route(), Some(large.clone()));

    // Refused by quota, and rolled back.
    sim.knobs(|knobs| knobs.quota = 3);
    let too_much = life.request("Update", "Throughput", json!({"ModelUnits": 4}));
    life.send(&too_much).await;
    assert_eq!(life.status(&too_much).as_deref(), Some("FAILED"));
    let rollback = life.request("Update", "Throughput", json!({"ModelUnits": 2}));
    life.send(&rollback).await;
    assert_eq!(life.status(&rollback).as_deref(), Some("SUCCESS"));
    life.tick_after(1, "Throughput").await;
    assert_eq!((life.throughputs(), life.route()), (vec![(large.clone(), 2)], Some(large)));

    // Cancelled while it is being created: CloudFormation makes up a physical id.
    sim.knobs(|knobs| {
        knobs.quota = 20;
        knobs.delete_while_creating = Refuses::No;
    });
    let cancelled = life.request("Create", "Second", json!({"AgentAliases": [], "WaitFor": "InService"}));
    life.send(&cancelled).await;
    assert_eq!(life.throughputs().len(), 2);
    let mut delete = life.request("Delete", "Second", json!({"AgentAliases": []}));
    delete["PhysicalResourceId"] = json!("support-Second-1ABCDEFGHIJKL");
    life.send(&delete).await;
    assert_eq!(life.status(&cancelled).as_deref(), Some("FAILED"));
    assert_eq!(life.status(&delete).as_deref(), Some("SUCCESS"));
    life.send(&cancelled).await;
    assert_eq!(life.throughputs().len(), 1, "the late Create buys nothing");
    assert!(life.is_gone("Second"));

    // Deleted, twice.
    let delete = life.request("Delete", "Throughput", json!({"ModelUnits": 2}));
    life.send(&delete).await;
    life.send(&delete).await;
    assert_eq!(life.status(&delete).as_deref(), Some("SUCCESS"));
    assert_eq!((life.throughputs(), life.route()), (Vec::new(), None));
    assert!(life.is_gone("Throughput"));
    let group = || sim.schedules().into_iter().filter(|one| one.group == GROUP).map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(group(), ["support-agent"], "the commitment that was there");

    let log = life.local.stop().await;
    assert!(log.contains("answered SUCCESS") && log.contains("answered FAILED"), "{log}");
    assert!(log.contains("\"level\":\"DEBUG\""), "as much as can be logged is logged");
    for secret in [SIGNATURE, TOKEN, "X-Amz-", "ResponseURL"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
