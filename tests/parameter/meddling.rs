//! What others do to the parameter, and what becomes of it when it is not declared any more.

use super::*;

#[tokio::test]
async fn a_wrong_value_at_noon_is_put_right_by_the_next_tick() {
    let world = world().await;
    let until_one = json!({"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-13:00"]});
    send(&world, apply(json!({"Timetable": until_one}))).await;
    until(&world, "2026-11-16T12:00:00Z").await;
    let right = value(&world);
    assert_eq!(right, arn(&world));
    let foreign = world.sim.add_throughput("theirs", "amazon.nova-lite-v1:0:24k", 1, &[]);
    for wrong in [
        ON_DEMAND,
        "off",
        "meta.llama3-1-8b-instruct-v1:0",
        "nonsense",
        &foreign,
        "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/zzzzzzzzzzzz",
    ] {
        world.sim.set_parameter(PARAMETER, "String", wrong);
        let report = tick(&world).await;
        assert_eq!(value(&world), right, "{wrong}");
        assert_eq!(report["Actions"], json!([format!("point {PARAMETER} at support-agent-f3bc69")]), "{wrong}");
        assert_eq!(report["Settled"], json!(true), "{wrong}: {report}");
        steady(&world).await;
    }
    // When it is off, the same.
    until(&world, "2026-11-16T13:30:00Z").await;
    world.sim.set_parameter(PARAMETER, "String", "nonsense");
    tick(&world).await;
    assert_eq!(value(&world), ON_DEMAND);
}

#[tokio::test]
async fn a_value_that_is_never_written_by_us_is_put_right_all_the_same_once_it_was_found_fit() {
    let world = world().await;
    world.sim.set_parameter(PARAMETER, "String", ON_DEMAND);
    send(&world, apply(json!({"Timetable": an_hour()}))).await;
    assert_eq!(calls(&world, "PutParameter"), 0, "it holds what it should");
    world.sim.set_parameter(PARAMETER, "String", "nonsense");
    tick(&world).await;
    assert_eq!(value(&world), ON_DEMAND);
}

#[tokio::test]
async fn a_parameter_that_somebody_deletes_is_made_anew() {
    let world = in_service(json!({})).await;
    world.sim.remove_parameter(PARAMETER);
    tick(&world).await;
    assert_eq!(value(&world), arn(&world));
    steady(&world).await;
}

#[tokio::test]
async fn a_parameter_of_another_type_is_a_problem_and_not_overwritten() {
    for kind in ["SecureString", "StringList"] {
        let world = in_service(json!({})).await;
        world.sim.remove_parameter(PARAMETER);
        world.sim.set_parameter(PARAMETER, kind, "one,two");
        let expected = format!(
            "NeedsAttention: parameter {PARAMETER} is a {kind}, and only a String can be kept: delete it, or declare another one"
        );
        assert_eq!(problems(&world).await, expected);
        assert_eq!(value(&world), "one,two");
        assert_eq!(route(&world), Some(arn(&world)), "the alias goes on");
        // It holds nothing of ours, so nothing is kept for it.
        let _answer = world.send(json!({"Action": "Retire", "Name": NAME})).await;
        world.pass(7).await;
        assert!(world.sim.throughputs().is_empty() && world.sim.schedules().is_empty(), "{kind}");
        assert_eq!(value(&world), "one,two");
    }
}

#[tokio::test]
async fn a_throughput_that_somebody_deletes_leaves_the_parameter_on_demand_until_there_is_another() {
    let world = in_service(json!({})).await;
    let gone = arn(&world);
    world.sim.delete_throughput("support-agent-f3bc69");
    world.sim.set_parameter(PARAMETER, "String", &gone);
    // That it is gone is proven by looks that are two minutes apart.
    world.pass(4).await;
    assert_eq!(value(&world), ON_DEMAND);
    world.pass(40).await;
    assert_ne!(arn(&world), gone);
    assert_eq!(value(&world), arn(&world));
}

#[tokio::test]
async fn while_it_is_not_known_whether_another_was_bought_the_parameter_does_not_name_what_is_gone() {
    let world = in_service(json!({})).await;
    world.sim.delete_throughput("support-agent-f3bc69");
    world.sim.fault("CreateProvisionedModelThroughput", 1000, Fault::Drop);
    world.pass(4).await;
    assert!(problems(&world).await.starts_with("AwsError: cannot buy support-agent-f3bc69"));
    assert_eq!((value(&world).as_str(), route(&world)), (ON_DEMAND, None));
}

#[tokio::test]
async fn what_others_write_into_a_parameter_of_another_type_keeps_no_throughput() {
    let world = world().await;
    send(&world, apply(json!({"Timetable": an_hour()}))).await;
    until(&world, "2026-11-16T08:59:00Z").await;
    world.sim.remove_parameter(PARAMETER);
    let until_gone = at("2026-11-16T09:30:00Z");
    while world.now() < until_gone {
        world.sim.set_parameter(PARAMETER, "StringList", "theirs");
        world.pass(1).await;
    }
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_parameter_that_is_dropped_or_renamed_is_let_go_and_then_nobody_elses_business() {
    let world = in_service(json!({})).await;
    let report = send(&world, apply(json!({"ModelIdParameter": "/support/other"}))).await;
    assert_eq!(report["Parameter"]["Name"], json!("/support/other"));
    assert_eq!(value(&world), ON_DEMAND, "let go");
    assert_eq!(world.sim.parameter("/support/other").expect("it is made").value, arn(&world));
    world.sim.set_parameter(PARAMETER, "String", "theirs");
    steady(&world).await;
    assert_eq!(calls(&world, "GetParameter"), 1, "the renamed one alone");
    send(&world, json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
    assert_eq!(world.sim.parameter("/support/other").expect("it stays").value, ON_DEMAND);
    steady(&world).await;
    assert_eq!(calls(&world, "GetParameter"), 0);
    assert_eq!(value(&world), "theirs");
    assert_eq!(route(&world), Some(arn(&world)));
}

#[tokio::test]
async fn a_parameter_that_cannot_be_written_when_it_is_dropped_is_let_go_later() {
    let world = in_service(json!({})).await;
    world.sim.fault("PutParameter", 1, Fault::denied());
    let dropped = json!({"Action": "Apply", "Commitment": commitment(json!({}))});
    assert!(refused(&world, dropped).await.to_string().contains("ssm:PutParameter"));
    assert_eq!(value(&world), arn(&world));
    let report = tick(&world).await;
    assert_eq!(value(&world), ON_DEMAND, "{report}");
    steady(&world).await;
    assert_eq!(calls(&world, "GetParameter"), 0);
}

#[tokio::test]
async fn what_somebody_has_written_into_it_by_the_time_it_is_retired_stays() {
    let world = in_service(json!({})).await;
    world.sim.set_parameter(PARAMETER, "String", "theirs");
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(7).await;
    assert!(world.sim.schedules().is_empty());
    assert_eq!(value(&world), "theirs");
}

#[tokio::test]
async fn a_lost_answer_or_too_many_calls_cost_nothing_but_a_call() {
    let busy = Fault::Refuse { status: 400, code: "TooManyUpdates", message: "There are concurrent updates" };
    for fault in [Fault::LoseAnswer, Fault::Drop, Fault::throttled(), busy] {
        for times in [1, 5] {
            let world = world().await;
            world.sim.fault("PutParameter", times, fault.clone());
            let _answer = world.send(apply(json!({"Timetable": an_hour()}))).await;
            world.pass(2).await;
            assert_eq!(value(&world), ON_DEMAND, "{fault:?} {times}");
            assert_eq!(parameter(&world).version, 1, "{fault:?} {times}: written once");
            steady(&world).await;
            until(&world, "2026-11-16T07:34:00Z").await;
            world.sim.fault("PutParameter", times, fault.clone());
            until(&world, "2026-11-16T07:40:00Z").await;
            assert_eq!(value(&world), arn(&world), "{fault:?} {times}");
            steady(&world).await;
        }
    }
}

#[tokio::test]
async fn what_is_read_as_before_it_was_written_is_not_written_again() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.parameter_lag = SignedDuration::from_secs(3));
    send(&world, apply(json!({"Timetable": an_hour()}))).await;
    assert_eq!((value(&world).as_str(), calls(&world, "PutParameter")), (ON_DEMAND, 1));
    until(&world, "2026-11-16T07:40:00Z").await;
    assert_eq!((value(&world), calls(&world, "PutParameter")), (arn(&world), 2));
    until(&world, "2026-11-16T09:10:00Z").await;
    assert_eq!((value(&world).as_str(), calls(&world, "PutParameter")), (ON_DEMAND, 3));
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_holds_back_no_alias() {
    let world = world().await;
    send(&world, apply(json!({"Timetable": an_hour()}))).await;
    until(&world, "2026-11-16T07:30:00Z").await;
    world.sim.fault("GetParameter", 1000, Fault::denied());
    until(&world, "2026-11-16T08:00:00Z").await;
    assert_eq!(route(&world), Some(arn(&world)));
    let problem = problems(&world).await;
    assert!(
        problem.starts_with(&format!("AwsError: cannot read parameter {PARAMETER}: AccessDeniedException")),
        "{problem}"
    );
    assert!(problem.contains("ssm:GetParameter"), "{problem}");
    world.sim.clear_faults();
    tick(&world).await;
    assert_eq!(value(&world), arn(&world));
}
