//! What exactly is sent to Systems Manager.

use super::*;

fn bodies(world: &World, operation: &str) -> Vec<Value> {
    let requests = world.sim.requests().into_iter().filter(|request| request.operation == operation);
    requests.map(|request| request.body).collect()
}

#[tokio::test]
async fn a_new_parameter_is_a_string_of_the_standard_tier_and_one_that_is_there_has_its_value_overwritten() {
    let world = world().await;
    send(&world, apply(json!({}))).await;
    let made = json!({
        "Name": PARAMETER,
        "Description": "The model to invoke now, kept by Throughput Scheduler for support-agent",
        "Value": ON_DEMAND,
        "Type": "String",
        "Tier": "Standard",
    });
    assert_eq!(bodies(&world, "PutParameter"), [made]);
    assert!(bodies(&world, "GetParameter").iter().all(|body| *body == json!({"Name": PARAMETER})));
    world.sim.clear_requests();
    world.pass(40).await;
    let written = json!({"Name": PARAMETER, "Value": arn(&world), "Overwrite": true});
    assert_eq!(bodies(&world, "PutParameter"), [written]);
    let view = parameter(&world);
    assert_eq!((view.kind.as_str(), view.tier.as_str(), view.version), ("String", "Standard", 2));
    assert!(view.description.is_some_and(|text| text.ends_with("support-agent")));
}

#[tokio::test]
async fn the_record_knows_that_the_parameter_is_ours() {
    let world = in_service(json!({})).await;
    let record = |world: &World| -> Value {
        world.sim.item(rehearsal::TABLE, &format!("commitment/{NAME}")).expect("it is registered")
    };
    assert_eq!(record(&world)["Progress"]["OwnParameters"], json!([PARAMETER]));
    world.sim.fault("PutParameter", 1, Fault::denied());
    refused(&world, json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
    assert_eq!(record(&world)["Declared"]["LeavingParameters"], json!({ PARAMETER: ON_DEMAND }));
    tick(&world).await;
    assert_eq!(record(&world)["Declared"].get("LeavingParameters"), None);
    assert_eq!(record(&world)["Progress"].get("OwnParameters"), None);
}
