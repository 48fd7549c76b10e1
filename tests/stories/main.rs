//! What becomes of a commitment, told as diaries: the real handler and the real SDK clients against the simulator.
//!
//! The simulator fails a test by itself when a promise is broken: what is bought twice, deleted under a live alias, or
//! touched without being ours.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use rehearsal::{AGENT, ALIAS, GROUP, MODEL, World, commitment};
use serde_json::{Value, json};
use simulator::{COMMITMENT_TAG, DEPLOYMENT_TAG, Fault, Refuses, SpentToken};
use throughput_scheduler::handler::Error;

mod events;
mod faults;
mod requests;
mod terms;
mod weeks;

const NAME: &str = "support-agent";

fn at(instant: &str) -> Timestamp {
    instant.parse().expect("an instant")
}

/// A world on Monday morning, with a drain of five minutes watched over.
async fn world() -> World {
    let world = World::new(at("2026-11-16T00:00:00Z")).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
    world
}

async fn apply(world: &World, more: Value) -> Value {
    send(world, json!({"Action": "Apply", "Commitment": commitment(more)})).await
}

async fn send(world: &World, event: Value) -> Value {
    world.send(event).await.expect("the event is answered with a report")
}

async fn refused(world: &World, event: Value) -> Error {
    world.send(event).await.expect_err("the event is refused")
}

/// A world in which the sample commitment is always on, in service and routed.
async fn in_service(more: Value) -> World {
    let world = world().await;
    apply(&world, more).await;
    world.pass(40).await;
    assert_eq!(route(&world), Some(only(&world).arn), "in service after 40 minutes");
    world
}

/// The route of the sample alias.
fn route(world: &World) -> Option<String> {
    world.sim.alias(AGENT, ALIAS).route
}

/// The one throughput that is there.
fn only(world: &World) -> simulator::Throughput {
    let throughputs = world.sim.throughputs();
    assert_eq!(throughputs.len(), 1, "exactly one throughput: {throughputs:?}");
    throughputs.into_iter().next().expect("there is one")
}

/// Plays until `until` and writes down what was done, when, in UTC.
async fn diary(world: &World, until: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let note = |at: Timestamp, answer: &rehearsal::Answer| match answer {
        Ok(report) => {
            for action in report["Actions"].as_array().into_iter().flatten() {
                lines.push(format!("{} {}", at.strftime("%d %H:%M"), action.as_str().unwrap_or_default()));
            }
        }
        Err(error) => lines.push(format!("{} {}: {error}", at.strftime("%d %H:%M"), error.kind())),
    };
    world.run_until(at(until), note).await;
    lines
}

/// The problems of the newest tick.
async fn problems(world: &World) -> String {
    match world.tick(NAME).await {
        Ok(report) => panic!("a tick without problems: {report}"),
        Err(error) => format!("{}: {error}", error.kind()),
    }
}

/// A steady tick is settled and changes nothing.
async fn steady(world: &World) {
    world.sim.clear_requests();
    let report = world.tick(NAME).await.expect("a steady tick has no problems");
    assert_eq!(report["Settled"], json!(true), "{report}");
    assert_eq!(report["Actions"], json!([]), "{report}");
    let changing = world
        .sim
        .operations()
        .into_iter()
        .filter(|operation| !operation.starts_with("Get") && !operation.starts_with("List"));
    assert_eq!(changing.collect::<Vec<_>>(), Vec::<&str>::new());
}
