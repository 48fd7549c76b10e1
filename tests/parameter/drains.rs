//! No throughput goes before the parameter has named something else for as long as the drain.

use super::*;

/// The sample at 08:59.
async fn before_closing() -> World {
    let world = world().await;
    send(&world, apply(json!({"Timetable": an_hour()}))).await;
    until(&world, "2026-11-16T08:59:00Z").await;
    assert_eq!(value(&world), arn(&world));
    world
}

#[tokio::test]
async fn it_goes_when_the_parameter_has_named_something_else_for_the_drain() {
    let world = before_closing().await;
    until(&world, "2026-11-16T09:04:30Z").await;
    assert_eq!((value(&world).as_str(), world.sim.throughputs().len()), (ON_DEMAND, 1));
    until(&world, "2026-11-16T09:06:00Z").await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn while_the_parameter_cannot_be_written_it_stays() {
    let world = before_closing().await;
    world.sim.fault("PutParameter", 1000, Fault::denied());
    until(&world, "2026-11-16T10:00:00Z").await;
    assert_eq!(value(&world), arn(&world));
    assert_eq!(route(&world), None, "the alias is not held back");
    let problem = problems(&world).await;
    assert!(problem.starts_with(&format!("AwsError: cannot write parameter {PARAMETER}: AccessDenied")), "{problem}");
    let report = send(&world, json!({"Action": "Status", "Name": NAME})).await;
    let waits = format!("for {PARAMETER} to be seen pointed away from support-agent-f3bc69");
    assert_eq!(report["Waiting"], json!([waits]));
    world.sim.clear_faults();
    until(&world, "2026-11-16T10:05:00Z").await;
    assert_eq!((value(&world).as_str(), world.sim.throughputs().len()), (ON_DEMAND, 1), "the drain begins only now");
    until(&world, "2026-11-16T10:08:00Z").await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn while_the_parameter_cannot_be_read_it_stays() {
    for from in ["2026-11-16T08:59:30Z", "2026-11-16T09:02:30Z"] {
        let world = before_closing().await;
        until(&world, from).await;
        world.sim.fault("GetParameter", 1000, Fault::denied());
        until(&world, "2026-11-16T10:00:00Z").await;
        assert_eq!(world.sim.throughputs().len(), 1, "{from}");
        assert_eq!(route(&world), None, "{from}");
        world.sim.clear_faults();
        until(&world, "2026-11-16T10:08:00Z").await;
        assert_eq!(value(&world), ON_DEMAND, "{from}");
        assert!(world.sim.throughputs().is_empty(), "{from}");
    }
}

#[tokio::test]
async fn the_drain_begins_anew_when_somebody_points_the_parameter_back() {
    let world = before_closing().await;
    let before = arn(&world);
    until(&world, "2026-11-16T09:03:30Z").await;
    world.sim.set_parameter(PARAMETER, "String", &before);
    until(&world, "2026-11-16T09:08:30Z").await;
    assert_eq!((value(&world).as_str(), world.sim.throughputs().len()), (ON_DEMAND, 1));
    until(&world, "2026-11-16T09:10:00Z").await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_change_between_two_ticks_that_none_has_seen_counts_too() {
    let world = before_closing().await;
    let before = arn(&world);
    until(&world, "2026-11-16T09:03:20Z").await;
    world.sim.set_parameter(PARAMETER, "String", &before);
    world.sim.set_now(at("2026-11-16T09:03:40Z"));
    world.sim.set_parameter(PARAMETER, "String", ON_DEMAND);
    until(&world, "2026-11-16T09:08:30Z").await;
    assert_eq!(world.sim.throughputs().len(), 1, "callers may have it until 09:08:40");
    until(&world, "2026-11-16T09:10:00Z").await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_parameter_that_somebody_deletes_holds_nothing() {
    let world = before_closing().await;
    world.sim.fault("PutParameter", 1000, Fault::denied());
    until(&world, "2026-11-16T09:01:00Z").await;
    world.sim.remove_parameter(PARAMETER);
    until(&world, "2026-11-16T09:10:00Z").await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn retiring_points_it_away_first() {
    let world = in_service(json!({})).await;
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    assert_eq!((value(&world).as_str(), world.sim.throughputs().len()), (ON_DEMAND, 1));
    world.pass(7).await;
    assert!(world.sim.throughputs().is_empty() && world.sim.schedules().is_empty());
    assert_eq!(value(&world), ON_DEMAND, "never deleted");
}

#[tokio::test]
async fn what_another_commitment_holds_in_it_stays_while_the_one_that_retires_waits_for_its_term() {
    let world = in_service(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"})).await;
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(2).await;
    assert_eq!(value(&world), ON_DEMAND);
    let another = json!({"Name": "another", "AgentAliases": [], "WhenOff": "Reject", "Timetable": an_hour()});
    send(&world, apply(another)).await;
    world.sim.clear_requests();
    world.pass(10).await;
    assert_eq!(value(&world), "off");
    assert_eq!(calls(&world, "PutParameter"), 0, "nobody writes over it");
}
