//! What a custom resource must survive: each test names its line of the list of cases.
//!
//! The real handler and the real SDK clients against the simulator, with a stand-in for `CloudFormation` that hears the answers.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use rehearsal::cloudformation::{SIGNATURE, SinkFault, Stack, TOKEN};
use rehearsal::{AGENT, ALIAS, GROUP, TABLE, World};
use serde_json::{Value, json};
use simulator::{COMMITMENT_TAG, DEPLOYMENT_TAG, Fault, Refuses};
use throughput_scheduler::handler::Handler;

mod answers;
mod beyond;
mod create;
mod delete;
mod delete_waits;
mod ends;
mod envelope;
mod hazards;
mod update;

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
        // No resource is asked for twice in one second.
        self.world.sim.advance(SignedDuration::from_secs(1));
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

    /// The commitment's record.
    fn stored(&self) -> Option<Value> {
        self.world.sim.item(TABLE, &format!("commitment/{}", self.name()))
    }

    /// Whether the commitment is registered; a tombstone is not.
    fn is_registered(&self) -> bool {
        self.stored().is_some()
    }

    fn has_tombstone(&self) -> bool {
        self.world.sim.item(TABLE, &format!("tombstone/{}", self.name())).is_some()
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

    /// Notes what is asked from here on.
    fn look_anew(&self) {
        self.world.sim.clear_requests();
    }

    /// How many calls of `operation` were made since.
    fn calls(&self, operation: &str) -> usize {
        self.world.sim.operations().into_iter().filter(|name| *name == operation).count()
    }

    /// Lets `minutes` pass, in which every tick ends well.
    async fn pass_well(&self, minutes: i64) {
        let until = self.world.now().saturating_add(SignedDuration::from_mins(minutes)).expect("in range");
        self.world.run_until(until, |at, answer| assert!(answer.is_ok(), "{at}: {answer:?}")).await;
    }

    /// Everything is where it belongs: ticks find nothing to do, and write nothing.
    async fn is_steady(&self) {
        self.look_anew();
        let until = self.world.now().saturating_add(SignedDuration::from_mins(15)).expect("in range");
        let settled = |at: Timestamp, answer: &rehearsal::Answer| {
            let report = answer.as_ref().expect("a steady tick has no problems");
            assert_eq!((&report["Settled"], &report["Actions"]), (&json!(true), &json!([])), "{at}: {report}");
        };
        self.world.run_until(until, settled).await;
        let writes = |name: &&str| !name.starts_with("Get") && !name.starts_with("List");
        assert_eq!(self.world.sim.operations().into_iter().filter(writes).collect::<Vec<_>>(), Vec::<&str>::new());
    }

    /// Nothing is left in AWS but a tombstone.
    async fn nothing_is_left(&self) {
        assert!(self.world.sim.throughputs().is_empty(), "{:?}", self.world.sim.throughputs());
        assert!(self.has_tombstone(), "{:?}", self.stored());
        assert!(self.world.sim.schedules().is_empty(), "{:?}", self.world.sim.schedules());
        let alias = self.world.sim.alias(AGENT, ALIAS);
        assert_eq!((alias.route, alias.invocation_state.as_str()), (None, "ACCEPT_INVOCATIONS"));
        self.look_anew();
        self.pass_well(121).await;
        assert_eq!(self.changes(), Vec::<&str>::new());
    }

    /// Somebody deletes the commitment's record, its targets and its schedule, and with them all that is remembered.
    fn lose_record(&self) {
        rehearsal::lose_record(&self.world.sim, &self.name());
    }

    /// The function, in whose first sleep `event` comes and is carried out by another invocation.
    fn interrupted_by(&self, event: Value) -> Handler {
        let hosts = [("RESPONSE_HOSTS", self.stack.sink.address())];
        let handler = rehearsal::handler(&self.world.sim, &hosts);
        let other = Arc::new(World { sim: Arc::clone(&self.world.sim), handler });
        let event = Mutex::new(Some(event));
        let mut interrupted = rehearsal::handler(&self.world.sim, &hosts);
        interrupted.clock.sleep = Box::new(move |duration| {
            let other = Arc::clone(&other);
            let event = event.lock().expect("nobody panicked").take();
            Box::pin(async move {
                other.sim.advance(SignedDuration::try_from(duration).expect("a short time"));
                if let Some(event) = event {
                    other.send(event).await.expect("what comes in between is carried out");
                }
            })
        });
        interrupted
    }

    /// Calls since the last look that change something in Bedrock.
    fn changes(&self) -> Vec<&'static str> {
        let changes = |name: &&str| {
            !name.starts_with("Get") && !name.starts_with("List") && !name.ends_with("Schedule") && !is_of_table(name)
        };
        self.world.sim.operations().into_iter().filter(changes).collect()
    }
}

/// Whether `operation` is one of the table's.
fn is_of_table(operation: &str) -> bool {
    operation.ends_with("Item") || operation.ends_with("Items") || matches!(operation, "Scan" | "DescribeTable")
}

/// The name as the contract derives it, worked out here once more.
fn derived_name(stack: &str, logical_id: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{stack}/{logical_id}"));
    let start: String = logical_id.chars().take(31).collect();
    format!("{start}-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
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

/// One alias of the sample agent.
fn alias(id: &str) -> Value {
    json!({"AgentId": AGENT, "AgentAliasId": id})
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
