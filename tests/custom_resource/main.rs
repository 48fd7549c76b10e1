//! What a custom resource must survive: each test names its line of the list of cases.
//!
//! The real handler and the real SDK clients against the simulator, with a stand-in for `CloudFormation` that hears the answers.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use rehearsal::cloudformation::{SIGNATURE, SinkFault, Stack, TOKEN};
use rehearsal::{AGENT, ALIAS, GROUP, World};
use serde_json::{Value, json};
use simulator::{Fault, Refuses};

mod answers;
mod crashes;
mod create;
mod envelope;
mod hazards;

const LOGICAL_ID: &str = "Throughput";

fn start() -> Timestamp {
    "2026-11-16T00:00:00Z".parse().expect("an instant")
}

/// A stack and the world that it is in.
struct Scene {
    stack: Stack,
    world: World,
}

impl Scene {
    async fn new() -> Self {
        Self::with_settings(&[]).await
    }

    async fn with_settings(settings: &[(&str, &str)]) -> Self {
        let stack = Stack::start("support").await;
        let world = stack.world(start(), settings).await;
        world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
        Self { stack, world }
    }

    /// A scene in which `properties` have been created, and whatever is due is in service.
    async fn created(properties: &Value) -> Self {
        let scene = Self::new().await;
        let (_, answer) = scene.carry_out("Create", properties).await;
        assert_eq!(answer["Status"], json!("SUCCESS"), "{answer}");
        scene.world.pass(40).await;
        scene
    }

    /// A request made now.
    fn request(&self, kind: &str, properties: &Value) -> Value {
        self.stack.request(kind, LOGICAL_ID, properties, self.world.now())
    }

    /// Delivers a request that is made now, ticks until it is answered, and gives it with the answer.
    async fn carry_out(&self, kind: &str, properties: &Value) -> (Value, Value) {
        let request = self.request(kind, properties);
        let (_, answer) = self.stack.carry_out(&self.world, &request).await;
        (request, answer.expect("it is answered within its hour"))
    }

    /// Delivers `request` alone, and gives what Lambda hears.
    async fn send(&self, request: &Value) -> rehearsal::Answer {
        self.world.send(request.clone()).await
    }

    fn answer(&self, request: &Value) -> Value {
        self.stack.answer(request).expect("it is answered")
    }

    /// The commitment's name, by which everything of it is found.
    fn name(&self) -> String {
        derived_name(&self.stack.id, LOGICAL_ID)
    }

    /// What the commitment's schedule holds.
    fn stored(&self) -> Option<Value> {
        let schedule = self.world.sim.schedule(GROUP, &self.name())?;
        serde_json::from_str(&schedule.input).ok()
    }

    /// Whether the commitment is registered; a tombstone is not.
    fn is_registered(&self) -> bool {
        self.stored().is_some_and(|stored| stored.get("Tick").is_some())
    }

    fn has_tombstone(&self) -> bool {
        self.stored().is_some_and(|stored| stored.get("Tombstone").is_some())
    }

    fn route(&self) -> Option<String> {
        self.world.sim.alias(AGENT, ALIAS).route
    }

    /// The ARN of the one throughput that is there.
    fn arn(&self) -> String {
        let throughputs = self.world.sim.throughputs();
        assert_eq!(throughputs.len(), 1, "exactly one throughput: {throughputs:?}");
        throughputs[0].arn.clone()
    }

    /// Calls since the last look that change something in Bedrock.
    fn changes(&self) -> Vec<&'static str> {
        let changes =
            |name: &&str| !name.starts_with("Get") && !name.starts_with("List") && !name.ends_with("Schedule");
        self.world.sim.operations().into_iter().filter(changes).collect()
    }
}

/// The name as the contract derives it, worked out here once more.
fn derived_name(stack: &str, logical_id: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{stack}/{logical_id}"));
    let hex: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hex}", logical_id.chars().take(31).collect::<String>())
}

/// The properties of the sample, always on, and `more`.
fn properties(more: Value) -> Value {
    let mut properties = json!({
        "ModelId": "amazon.nova-lite-v1:0:24k",
        "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": ALIAS}],
    });
    if let (Some(members), Value::Object(more)) = (properties.as_object_mut(), more) {
        members.extend(more);
    }
    properties
}

/// A timetable whose window is closed all Monday.
fn closed() -> Value {
    json!({"Timezone": "UTC", "Windows": ["Tue 12:00-13:00"]})
}

fn status(answer: &Value) -> &str {
    answer["Status"].as_str().unwrap_or_default()
}

fn reason(answer: &Value) -> &str {
    answer["Reason"].as_str().unwrap_or_default()
}
