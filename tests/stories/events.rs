//! What others are told on the event bus.

use super::*;

/// What the bus was told, in order.
fn told(world: &World) -> Vec<String> {
    let what = |event: simulator::EventView| {
        let detail = event.detail;
        assert_eq!((event.source.as_str(), &detail["Name"]), ("throughput-scheduler", &json!(NAME)));
        assert!(detail["At"].is_string() && detail["Text"].is_string() && detail["Id"].is_string(), "{detail}");
        detail["What"].as_str().expect("a word").to_owned()
    };
    world.sim.events().into_iter().map(what).collect()
}

async fn with_bus() -> World {
    World::with_settings(at("2026-11-16T00:00:00Z"), &[("EVENT_BUS", "default")]).await
}

#[tokio::test]
async fn a_commitments_life_is_told_once() {
    let world = with_bus().await;
    apply(&world, json!({})).await;
    world.pass(40).await;
    assert_eq!(told(&world), ["bought", "ready"]);
    send(&world, json!({"Action": "ScaleDown", "Name": NAME})).await;
    world.pass(10).await;
    assert_eq!(told(&world), ["bought", "ready", "off", "deleted"]);
}

#[tokio::test]
async fn a_problem_is_told_when_it_begins_and_when_it_ends() {
    let world = with_bus().await;
    apply(&world, json!({})).await;
    world.pass(40).await;
    let foreign = world.sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(foreign));
    world.pass(3).await;
    assert_eq!(told(&world), ["bought", "ready", "problem begun"]);
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = None);
    world.pass(3).await;
    assert_eq!(told(&world).iter().filter(|what| *what == "problem ended").count(), 1);
}

#[tokio::test]
async fn a_bus_that_refuses_holds_nothing_up() {
    let world = with_bus().await;
    world.sim.fail_next_event("InternalFailure");
    apply(&world, json!({})).await;
    world.pass(40).await;
    assert_eq!(route(&world), Some(only(&world).arn));
    assert_eq!(told(&world), ["ready"], "the purchase was told once, and that was refused");
}
