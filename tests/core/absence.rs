//! Absence and presence: rows 1 to 6 (docs/policy.md, rule 5).

use super::*;

#[tokio::test]
async fn row_01_a_purchase_that_is_missed_for_seconds_is_not_bought_again_and_its_delete_leaves_nothing() {
    let (stack, world) = stack().await;
    let create = stack.request("Create", LOGICAL_ID, &properties(json!({})), world.now());
    world.send(create.clone()).await.expect("it is carried out");
    assert_eq!(stack.answer(&create).expect("answered")["Status"], json!("SUCCESS"));
    is_blind(&world, 3);
    world.sim.advance(seconds(1));
    let delete = stack.request("Delete", LOGICAL_ID, &properties(json!({})), world.now());
    world.send(delete.clone()).await.expect("it is carried out");
    world.pass(60).await;
    assert_eq!(stack.answer(&delete).expect("answered")["Status"], json!("SUCCESS"));
    assert_eq!(bought(&world), 1);
    assert!(world.sim.throughputs().is_empty(), "{:?}", world.sim.throughputs());
}

#[tokio::test]
async fn row_02_a_tick_that_misses_what_serves_moves_nothing_and_buys_nothing() {
    let world = in_service(json!({})).await;
    let arn = only(&world).arn;
    is_blind(&world, 30);
    world.sim.clear_requests();
    let report = world.tick(NAME).await.expect("it is no problem yet");
    assert_eq!(report["Actions"], json!([]), "{report}");
    world.pass(5).await;
    assert_eq!((route(&world), bought(&world)), (Some(arn), 1));
    let moves = world.sim.operations().into_iter().filter(|name| *name == "UpdateAgentAlias").count();
    assert_eq!(moves, 0);
}

#[tokio::test]
async fn row_02_blind_for_a_minute_at_two_ticks_is_still_no_proof() {
    let world = in_service(json!({})).await;
    let arn = only(&world).arn;
    is_blind(&world, 100);
    world.pass(5).await;
    assert_eq!((route(&world), bought(&world)), (Some(arn), 1));
}

#[tokio::test]
async fn row_02_gone_for_good_is_proven_and_bought_again() {
    let world = in_service(json!({})).await;
    // Somebody deletes it.
    world.sim.delete_throughput(&only(&world).name);
    let _by_hand = world.sim.take_violations();
    world.pass(45).await;
    assert_eq!(bought(&world), 2);
    assert_eq!(route(&world), Some(only(&world).arn));
}

#[tokio::test]
async fn row_03_blind_at_a_delete_leaves_nothing_in_service() {
    let (stack, world) = stack().await;
    let (_, created) =
        stack.carry_out(&world, &stack.request("Create", LOGICAL_ID, &properties(json!({})), world.now())).await;
    assert_eq!(created.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(40).await;
    is_blind(&world, 5);
    let delete = stack.request("Delete", LOGICAL_ID, &properties(json!({})), world.now());
    let (_, answer) = stack.carry_out(&world, &delete).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(15).await;
    assert!(world.sim.throughputs().is_empty(), "{:?}", world.sim.throughputs());
    assert_eq!(world.sim.schedules().len(), 0);
}

#[tokio::test]
async fn row_04_what_we_have_deleted_is_never_used_again() {
    let world = in_service(json!({"Drain": "0m"})).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::ZERO);
    let first = only(&world).arn;
    act(&world, "ScaleDown").await;
    world.pass(2).await;
    assert!(world.sim.throughputs().is_empty());
    world.sim.ghost(&first, world.now().saturating_add(seconds(10)).expect("in range"));
    world.sim.advance(seconds(3));
    let _report = world.send(json!({"Action": "ScaleUp", "Name": NAME})).await;
    assert_ne!(route(&world), Some(first.clone()));
    world.pass(45).await;
    assert_eq!(bought(&world), 2);
    assert_eq!(route(&world), Some(only(&world).arn));
    assert_ne!(only(&world).arn, first);
}

#[tokio::test]
async fn row_05_get_and_tags_that_lag_behind_a_purchase_are_asked_again() {
    for lag in ["get", "tags"] {
        let (stack, world) = stack().await;
        match lag {
            "get" => world.sim.knobs(|knobs| knobs.get_lag = seconds(5)),
            _ => world.sim.knobs(|knobs| knobs.lag.tags_after_change = seconds(5)),
        }
        // Nobody knows its ARN, and so its tags are read.
        world.sim.fault("CreateProvisionedModelThroughput", 3, Fault::LoseAnswer);
        let not_yet = Fault::Refuse { status: 404, code: "ResourceNotFoundException", message: "not yet" };
        world.sim.fault("ListTagsForResource", 1, not_yet);
        let create = stack.request("Create", LOGICAL_ID, &properties(json!({})), world.now());
        let (_, answer) = stack.carry_out(&world, &create).await;
        assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"), "{lag}");
        world.pass(45).await;
        assert_eq!((bought(&world), route(&world)), (1, Some(only(&world).arn)), "{lag}");
    }
}

#[tokio::test]
async fn row_06_a_purchase_that_shows_late_is_looked_for_until_its_absence_is_proven() {
    for lost in [false, true] {
        let world = world().await;
        world.sim.knobs(|knobs| {
            knobs.list_lag = SignedDuration::from_mins(4);
            knobs.get_lag = SignedDuration::from_mins(4);
        });
        if lost {
            world.sim.fault("CreateProvisionedModelThroughput", 10, Fault::LoseAnswer);
        }
        let _report = world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
        world.sim.clear_faults();
        let _report = world.send(json!({"Action": "Retire", "Name": NAME})).await;
        world.pass(90).await;
        assert!(world.sim.throughputs().is_empty(), "lost: {lost}: {:?}", world.sim.throughputs());
        assert_eq!(bought(&world), 1, "lost: {lost}");
        assert_eq!(record(&world, NAME), None, "lost: {lost}");
    }
}
