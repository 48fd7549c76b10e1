//! What waits for what: calls that do not depend on each other are side by side, none is made in vain, and many aliases take as long as
//! AWS's limits force, and no longer. In virtual time: every call takes a tenth of a second.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use rehearsal::course::{Call, Course};
use rehearsal::{AGENT, ALIAS, World, commitment};
use serde_json::{Value, json};

const NAME: &str = "support-agent";
const LATENCY: Duration = Duration::from_millis(100);

/// Operations that change something in AWS.
const CHANGES: [&str; 7] = [
    "CreateProvisionedModelThroughput",
    "DeleteProvisionedModelThroughput",
    "UpdateAgentAlias",
    "CreateSchedule",
    "UpdateSchedule",
    "DeleteSchedule",
    "TagResource",
];

/// An account in which aliases settle at once.
async fn world() -> World {
    let world = World::new("2026-11-16T00:00:00Z".parse().expect("an instant")).await;
    world.sim.knobs(|knobs| knobs.alias_settle = SignedDuration::ZERO);
    world
}

/// From now on, with aliases that are limited as AWS limits them: only here does time pass while calls are under way.
fn course(world: &World) -> Course {
    world.sim.knobs(|knobs| knobs.alias_looks_per_second = 10);
    Course::new(world, LATENCY)
}

/// Lets `minutes` pass with ticks on a clock that stands still while calls are under way.
async fn pass(world: &World, minutes: i64) {
    world.sim.knobs(|knobs| knobs.alias_looks_per_second = usize::MAX);
    world.pass(minutes).await;
}

/// The sample commitment, always on, in service and routed.
async fn in_service(more: Value) -> World {
    let world = world().await;
    let event = json!({"Action": "Apply", "Commitment": commitment(more)});
    world.send(event).await.expect("it is registered");
    world.pass(40).await;
    assert!(world.sim.alias(AGENT, ALIAS).route.is_some(), "it is routed");
    world
}

fn by_name(action: &str) -> Value {
    json!({"Action": action, "Name": NAME})
}

fn aliases(world: &World, count: usize) -> Value {
    let ids: Vec<String> = (0..count).map(|number| format!("ALIAS{number:05}")).collect();
    for id in &ids {
        world.sim.add_alias(AGENT, id, "3");
    }
    json!(ids.iter().map(|id| json!({"AgentId": AGENT, "AgentAliasId": id})).collect::<Vec<_>>())
}

/// Beside what settles and drains: the round trips that waited for each other.
fn round_trips(course: &Course) -> u128 {
    course.elapsed().saturating_sub(course.paused()).as_millis() / LATENCY.as_millis()
}

fn sent(calls: &[Call], operation: &str) -> Vec<Duration> {
    calls.iter().filter(|call| call.operation == operation).map(|call| call.sent).collect()
}

/// No question is asked again before anything has changed. What a change overwrites is read again right before it: an alias,
/// and the record.
fn assert_nothing_is_asked_in_vain(calls: &[Call]) {
    let mut asked = BTreeSet::new();
    for call in calls {
        if CHANGES.contains(&call.operation) {
            asked.clear();
        } else if !matches!(call.operation, "GetItem" | "GetAgentAlias") {
            assert!(
                asked.insert((call.operation, &call.ids)),
                "{} {:?} is asked again in vain",
                call.operation,
                call.ids
            );
        }
    }
}

#[tokio::test]
async fn a_steady_tick_takes_a_read_and_one_round_trip_of_looks() {
    let world = in_service(json!({})).await;
    let course = course(&world);
    course.tick(NAME).expect("the tick ends well");
    assert_eq!(course.elapsed(), LATENCY * 2);
    assert_eq!(course.calls().len(), 3);
}

#[tokio::test]
async fn a_steady_tick_of_five_aliases_sends_all_its_calls_at_once() {
    let world = world().await;
    let aliases = aliases(&world, 5);
    let event = json!({"Action": "Apply", "Commitment": commitment(json!({"AgentAliases": aliases}))});
    world.send(event).await.expect("it is registered");
    world.pass(40).await;
    let course = course(&world);
    course.tick(NAME).expect("the tick ends well");
    assert_eq!(course.elapsed(), LATENCY * 2);
    let sent: Vec<Duration> = course.calls().iter().map(|call| call.sent).collect();
    assert_eq!(sent[0], Duration::ZERO, "the record");
    assert_eq!(sent[1..], [LATENCY; 6], "and all looks at once");
}

#[tokio::test]
async fn what_a_declaration_was_judged_by_is_not_asked_again_for_its_first_round() {
    let world = world().await;
    let declared = course(&world);
    declared.send(json!({"Action": "ScaleUp", "Commitment": commitment(json!({}))})).expect("it is registered");
    let calls = declared.calls();
    // Judged, then planned; and once more when something had been bought.
    assert_eq!(sent(&calls, "GetAgentAlias").len(), 2, "{calls:?}");
    assert_eq!(sent(&calls, "GetAgentVersion").len(), 1, "{calls:?}");
}

#[tokio::test]
async fn nothing_is_asked_in_vain_on_any_way() {
    let world = in_service(json!({"Drain": "0m"})).await;
    let bigger = json!({"Action": "Apply", "Commitment": commitment(json!({"Drain": "0m", "ModelUnits": 2}))});
    for event in [bigger, by_name("ScaleDown"), by_name("ScaleUp"), by_name("Retire")] {
        let course = course(&world);
        course.send(event.clone()).expect("it is carried out");
        assert_nothing_is_asked_in_vain(&course.calls());
        pass(&world, 40).await;
    }
}

#[tokio::test]
async fn a_retirement_without_a_drain_takes_at_most_fifteen_round_trips() {
    let world = in_service(json!({"Drain": "0m"})).await;
    let course = course(&world);
    course.send(by_name("Retire")).expect("it is retired");
    assert_eq!(world.sim.schedules().len(), 0, "it is forgotten");
    assert_eq!(world.sim.throughputs().len(), 0);
    let calls = course.calls();
    assert!(round_trips(&course) <= 15, "{} {calls:?}", round_trips(&course));
    assert_nothing_is_asked_in_vain(&calls);
}

#[tokio::test]
async fn a_look_at_forty_aliases_takes_as_long_as_eight_a_second_force() {
    let world = world().await;
    let aliases = aliases(&world, 40);
    let event = json!({"Action": "Apply", "Commitment": commitment(json!({"AgentAliases": aliases}))});
    world.send(event).await.expect("it is registered");
    world.pass(40).await;
    let course = course(&world);
    course.tick(NAME).expect("the tick ends well");
    let refused: Vec<Call> = course.calls().into_iter().filter(|call| call.status >= 400).collect();
    assert_eq!(refused, []);
    // The record, then the first eight at once, then eight a second: AWS takes ten, and two are for what a change overwrites.
    assert_eq!(course.elapsed(), Duration::from_secs(4) + 2 * LATENCY);
}

#[tokio::test]
async fn forty_aliases_are_routed_as_fast_as_two_a_second_allow_without_a_call_that_fails() {
    let world = world().await;
    let aliases = aliases(&world, 40);
    let event = json!({"Action": "Apply", "Commitment": commitment(json!({"AgentAliases": aliases}))});
    world.send(event).await.expect("it is registered");
    world.sim.advance(SignedDuration::from_mins(36));
    let course = course(&world);
    course.tick(NAME).expect("the tick ends well");
    let calls = course.calls();
    let refused: Vec<&Call> = calls.iter().filter(|call| call.status >= 400).collect();
    assert_eq!(refused, Vec::<&Call>::new());
    let updates = sent(&calls, "UpdateAgentAlias");
    assert_eq!(updates.len(), 40);
    let (first, last) = (updates.iter().min().expect("one"), updates.iter().max().expect("one"));
    let took = last.saturating_sub(*first);
    let extended = Duration::from_secs(19) + LATENCY;
    assert!(took <= extended, "two at once, then two a second, and the lease is extended once: {took:?}");
    // Two looks at fifty, the routes between them, and no more round trips than one alias takes.
    let forced = Duration::from_secs(4 + 24 + 4);
    assert!(course.elapsed() < forced + 8 * LATENCY, "{:?}", course.elapsed());
    let routed = (0..40).filter(|number| world.sim.alias(AGENT, &format!("ALIAS{number:05}")).route.is_some());
    assert_eq!(routed.count(), 40);
}

#[tokio::test]
async fn routes_that_do_not_fit_into_an_invocation_are_left_to_the_next_tick() {
    let world = world().await;
    let aliases = aliases(&world, 40);
    let event = json!({"Action": "Apply", "Commitment": commitment(json!({"AgentAliases": aliases}))});
    world.send(event).await.expect("it is registered");
    world.sim.advance(SignedDuration::from_mins(36));
    let course = course(&world).with_deadline(SignedDuration::from_secs(25));
    course.tick(NAME).expect("what is left is no error");
    let calls = course.calls();
    let last = sent(&calls, "UpdateAgentAlias").into_iter().max().expect("some are routed");
    assert!(
        last <= Duration::from_secs(15) + 2 * LATENCY,
        "nothing is started ten seconds before the deadline: {last:?}"
    );
    let routed = (0..40).filter(|number| world.sim.alias(AGENT, &format!("ALIAS{number:05}")).route.is_some());
    assert!((10..40).contains(&routed.count()));
    pass(&world, 3).await;
    assert!((0..40).all(|number| world.sim.alias(AGENT, &format!("ALIAS{number:05}")).route.is_some()));
}
