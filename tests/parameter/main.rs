//! What becomes of the parameter that callers without an agent read: the real handler and the real SDK clients against the
//! simulator, which fails a test by itself when a throughput goes while those who read the parameter may still use it.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use rehearsal::cloudformation::Stack;
use rehearsal::{AGENT, ALIAS, GROUP, PARAMETER, World, commitment};
use serde_json::{Value, json};
use simulator::{Fault, ParameterView};
use throughput_scheduler::handler::Error;

mod crashes;
mod drains;
mod meddling;
mod registration;
mod stacks;
mod weeks;
mod wire;

const NAME: &str = "support-agent";
const ON_DEMAND: &str = "amazon.nova-lite-v1:0";
const CUSTOM: &str = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0/abcdefghijkl";

fn at(instant: &str) -> Timestamp {
    instant.parse().expect("an instant")
}

/// A world on Monday morning, an hour and ten minutes before the window opens, with a drain of five minutes watched over.
async fn world() -> World {
    let world = World::new(at("2026-11-16T06:50:00Z")).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
    world
}

/// The sample commitment with its parameter, and `more` keys.
fn declared(more: Value) -> Value {
    let mut declared = commitment(json!({"ModelIdParameter": PARAMETER}));
    if let (Some(members), Value::Object(more)) = (declared.as_object_mut(), more) {
        members.extend(more);
    }
    declared
}

fn apply(more: Value) -> Value {
    json!({"Action": "Apply", "Commitment": declared(more)})
}

/// A timetable with one hour a working day, and so with few ticks to play.
fn an_hour() -> Value {
    json!({"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-09:00"]})
}

async fn send(world: &World, event: Value) -> Value {
    world.send(event).await.expect("the event is answered with a report")
}

async fn refused(world: &World, event: Value) -> Error {
    world.send(event).await.expect_err("the event is refused")
}

/// A world in which the sample commitment is always on, in service, and in the parameter.
async fn in_service(more: Value) -> World {
    let world = world().await;
    send(&world, apply(more)).await;
    world.pass(40).await;
    assert_eq!(value(&world), arn(&world), "in service after 40 minutes");
    world
}

fn parameter(world: &World) -> ParameterView {
    world.sim.parameter(PARAMETER).expect("the parameter is there")
}

fn value(world: &World) -> String {
    world.parameter().expect("the parameter is there")
}

/// The ARN of the one throughput that is there.
fn arn(world: &World) -> String {
    let throughputs = world.sim.throughputs();
    assert_eq!(throughputs.len(), 1, "exactly one throughput: {throughputs:?}");
    throughputs[0].arn.clone()
}

fn route(world: &World) -> Option<String> {
    world.sim.alias(AGENT, ALIAS).route
}

/// How many calls of `operation` were made since the requests were last cleared.
fn calls(world: &World, operation: &str) -> usize {
    world.sim.operations().into_iter().filter(|name| *name == operation).count()
}

/// Turns the clock to `until`, with the ticks that are due.
async fn until(world: &World, until: &str) {
    world.run_until(at(until), |_, _| {}).await;
}

/// The next tick, which has no problems.
async fn tick(world: &World) -> Value {
    world.tick(NAME).await.expect("a tick without problems")
}

/// What the next tick, which has problems, ends in.
async fn problems(world: &World) -> String {
    match world.tick(NAME).await {
        Ok(report) => panic!("a tick without problems: {report}"),
        Err(error) => format!("{}: {error}", error.kind()),
    }
}

/// A steady tick is settled and changes nothing.
async fn steady(world: &World) {
    world.sim.clear_requests();
    let report = tick(world).await;
    assert_eq!((&report["Settled"], &report["Actions"]), (&json!(true), &json!([])), "{report}");
    let changes = |name: &&str| !name.starts_with("Get") && !name.starts_with("List");
    assert_eq!(world.sim.operations().into_iter().filter(changes).collect::<Vec<_>>(), Vec::<&str>::new());
}
