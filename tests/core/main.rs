//! What went wrong once: scenes that lost money or capacity, each named for its row in `cases.md` beside this file.
//!
//! The real handler and the real SDK clients against the simulator, with the stand-in for `CloudFormation`. Unless noted, a
//! scene starts 2026-11-16T00:00Z, a creation takes 35 minutes, the drain is 5 minutes, and the sample alias is declared.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use rehearsal::cloudformation::Stack;
use rehearsal::{AGENT, ALIAS, DEPLOYMENT, GROUP, MODEL, TABLE, World, commitment};
use serde_json::{Value, json};
use simulator::{COMMITMENT_TAG, DEPLOYMENT_TAG, Fault, Read, Refuses};

mod absence;
mod names;
mod terms;
mod touch;
mod two;

const NAME: &str = "support-agent";
const LOGICAL_ID: &str = "Throughput";

fn at(instant: &str) -> Timestamp {
    instant.parse().expect("an instant")
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// A world on Monday morning, with a drain of five minutes watched over.
async fn world() -> World {
    world_with(&[]).await
}

async fn world_with(settings: &[(&str, &str)]) -> World {
    let world = World::with_settings(at("2026-11-16T00:00:00Z"), settings).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
    world
}

/// A stack in such a world.
async fn stack() -> (Stack, World) {
    let stack = Stack::start("support").await;
    let world = stack.world(at("2026-11-16T00:00:00Z"), &[]).await;
    (stack, world)
}

fn properties(more: Value) -> Value {
    let mut properties = commitment(more);
    properties.as_object_mut().expect("an object").remove("Name");
    properties
}

async fn apply(world: &World, more: Value) -> Value {
    send(world, json!({"Action": "Apply", "Commitment": commitment(more)})).await
}

async fn send(world: &World, event: Value) -> Value {
    world.send(event).await.expect("the event is answered with a report")
}

async fn act(world: &World, action: &str) -> Value {
    send(world, json!({"Action": action, "Name": NAME})).await
}

/// A world in which the sample commitment is always on, in service and routed.
async fn in_service(more: Value) -> World {
    let world = world().await;
    apply(&world, more).await;
    world.pass(40).await;
    assert_eq!(route(&world), Some(only(&world).arn), "in service after 40 minutes");
    world
}

fn route(world: &World) -> Option<String> {
    world.sim.alias(AGENT, ALIAS).route
}

/// The one throughput that is there.
fn only(world: &World) -> simulator::Throughput {
    let throughputs = world.sim.throughputs();
    assert_eq!(throughputs.len(), 1, "exactly one throughput: {throughputs:?}");
    throughputs.into_iter().next().expect("there is one")
}

fn bought(world: &World) -> usize {
    world.sim.history().len()
}

fn record(world: &World, name: &str) -> Option<Value> {
    world.sim.item(TABLE, &format!("commitment/{name}"))
}

fn is_blind(world: &World, for_seconds: i64) {
    let arn = only(world).arn;
    let until = world.now().saturating_add(seconds(for_seconds)).expect("in range");
    for read in [Read::List, Read::Get] {
        world.sim.blind(&arn, read, world.now(), until);
    }
}

/// What a tick says that needs a person; empty if it ends well.
async fn problems(world: &World) -> String {
    match world.tick(NAME).await {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}
