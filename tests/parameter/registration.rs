//! Whose the parameter is when it is first declared.

use super::*;

#[tokio::test]
async fn a_foreign_value_stops_a_declaration_that_does_not_take_it_over() {
    let world = world().await;
    let theirs = world.sim.add_throughput("theirs", "amazon.nova-lite-v1:0:24k", 1, &[]);
    for foreign in ["meta.llama3-1-8b-instruct-v1:0", "amazon.nova-lite-v1:0:24k", "OFF", &theirs] {
        world.sim.set_parameter(PARAMETER, "String", foreign);
        let error = refused(&world, apply(json!({}))).await;
        let expected =
            format!("parameter {PARAMETER} holds `{foreign}`, which is not ours; TakeOver lets it be overwritten");
        assert_eq!((error.kind(), error.to_string()), ("NotAllowed", expected));
        let plan = json!({"Action": "Plan", "Commitment": declared(json!({}))});
        assert_eq!(refused(&world, plan).await.kind(), "NotAllowed");
        assert!(world.sim.schedules().is_empty());
        assert_eq!(value(&world), foreign);
    }
    send(&world, apply(json!({"TakeOver": true}))).await;
    assert_eq!(value(&world), ON_DEMAND);
    world.pass(40).await;
    let ours = world.sim.throughputs().into_iter().find(|one| one.arn != theirs).expect("it is bought");
    assert_eq!(value(&world), ours.arn);
}

#[tokio::test]
async fn what_it_would_hold_anyway_is_not_foreign() {
    let world = world().await;
    let marks = [("throughput-scheduler:commitment", NAME), ("throughput-scheduler:deployment", GROUP)];
    let ours = world.sim.add_throughput("support-agent-f3bc69", "amazon.nova-lite-v1:0:24k", 1, &marks);
    for fit in [ON_DEMAND, "off", &ours] {
        world.sim.set_parameter(PARAMETER, "String", fit);
        let plan = json!({"Action": "Plan", "Commitment": declared(json!({}))});
        send(&world, plan).await;
    }
    assert_eq!(calls(&world, "PutParameter"), 0);
    send(&world, apply(json!({}))).await;
    assert_eq!((value(&world), calls(&world, "PutParameter")), (ours, 0));
}

#[tokio::test]
async fn a_parameter_of_another_type_is_refused_even_with_take_over() {
    let world = world().await;
    world.sim.set_parameter(PARAMETER, "SecureString", "secret");
    let error = refused(&world, apply(json!({"TakeOver": true}))).await.to_string();
    assert!(error.starts_with(&format!("parameter {PARAMETER} is a SecureString")), "{error}");
}

#[tokio::test]
async fn once_it_is_ours_a_wrong_value_stops_no_later_declaration() {
    let world = in_service(json!({})).await;
    world.sim.set_parameter(PARAMETER, "String", "nonsense");
    send(&world, apply(json!({"Drain": "6m"}))).await;
    assert_eq!(value(&world), arn(&world));
}

#[tokio::test]
async fn a_parameter_that_may_not_be_read_or_written_fails_the_declaration_by_name() {
    for operation in ["GetParameter", "PutParameter"] {
        let world = world().await;
        world.sim.fault(operation, 1, Fault::denied());
        let error = refused(&world, apply(json!({}))).await;
        assert_eq!(error.kind(), "AwsError");
        let said = error.to_string();
        assert!(
            said.contains(&format!("parameter {PARAMETER}")) && said.contains(&format!("ssm:{operation}")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_plan_says_what_would_be_written_and_writes_nothing() {
    let world = world().await;
    let plan = json!({"Action": "Plan", "Commitment": declared(json!({"Timetable": an_hour()}))});
    let report = send(&world, plan).await;
    assert_eq!(report["Actions"], json!([format!("point {PARAMETER} at {ON_DEMAND}, on demand")]));
    assert_eq!(report["Parameter"], json!({"Name": PARAMETER, "Value": ""}));
    assert_eq!(calls(&world, "PutParameter"), 0);
}
