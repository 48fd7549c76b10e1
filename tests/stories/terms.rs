//! Commitments with a term.

use super::*;

async fn one_month(more: Value) -> World {
    let mut declared = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"});
    if let (Some(declared), Value::Object(more)) = (declared.as_object_mut(), more) {
        declared.extend(more);
    }
    in_service(declared).await
}

#[tokio::test]
async fn a_term_that_retires_ends_within_seconds_of_its_end_and_is_not_bought_again() {
    let world = one_month(json!({"AtTermEnd": "Retire"})).await;
    let end = only(&world).expiration.expect("a term has an end");
    let before = end.saturating_sub(SignedDuration::from_mins(70)).expect("in range");
    // Steady ticks for a month say nothing: they are skipped.
    world.sim.set_now(before);
    let mut lines = Vec::new();
    let until = end.saturating_add(SignedDuration::from_mins(30)).expect("in range");
    world.run_until(until, |at, answer| lines.push((at, answer.clone()))).await;
    assert!(world.sim.throughputs().is_empty());
    let deleted = world.sim.history()[0].deleted.expect("it was deleted");
    let late = deleted.duration_since(end);
    assert!(late >= SignedDuration::ZERO && late <= SignedDuration::from_secs(5), "{late:?} after the end");
    assert_eq!(route(&world), None);
    assert!(lines.iter().all(|(_, answer)| answer.is_ok()), "{lines:?}");
    assert_eq!(world.sim.history().len(), 1);
    let report = send(&world, json!({"Action": "Status", "Name": NAME})).await;
    assert_eq!(report["Desired"]["Because"], json!("its term ended; Purchase `2026-11` was spent"));
    apply(&world, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12", "AtTermEnd": "Retire"})).await;
    assert_eq!(world.sim.throughputs().len(), 1, "for another Purchase it is bought anew");
}

#[tokio::test]
async fn deletions_without_an_answer_are_tried_again_until_the_term_has_ended() {
    let world = one_month(json!({"AtTermEnd": "Retire"})).await;
    let end = only(&world).expiration.expect("a term has an end");
    world.sim.set_now(end.saturating_sub(SignedDuration::from_mins(20)).expect("in range"));
    world.run_until(end.saturating_sub(SignedDuration::from_secs(150)).expect("in range"), |_, _| {}).await;
    world.sim.fault(
        "DeleteProvisionedModelThroughput",
        30,
        Fault::Refuse { status: 500, code: "InternalServerException", message: "try again" },
    );
    world.pass(5).await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(world.sim.history()[0].expiration, Some(end), "it has not renewed");
}

#[tokio::test]
async fn looks_without_an_answer_are_tried_again_until_the_term_has_ended() {
    for operation in ["ListProvisionedModelThroughputs", "GetAgentAlias", "GetItem"] {
        let world = one_month(json!({"AtTermEnd": "Retire"})).await;
        let end = only(&world).expiration.expect("a term has an end");
        world.sim.set_now(end.saturating_sub(SignedDuration::from_mins(20)).expect("in range"));
        world.run_until(end.saturating_sub(SignedDuration::from_secs(80)).expect("in range"), |_, _| {}).await;
        assert_eq!(route(&world), None);
        world.sim.fault(
            operation,
            12,
            Fault::Refuse { status: 500, code: "InternalServerException", message: "try again" },
        );
        world.pass(4).await;
        assert!(world.sim.throughputs().is_empty(), "{operation}");
        assert_eq!(world.sim.history()[0].expiration, Some(end), "{operation}: it has not renewed");
    }
}

#[tokio::test]
async fn a_term_that_renews_is_left_alone() {
    let world = one_month(json!({})).await;
    let end = only(&world).expiration.expect("a term has an end");
    world.sim.set_now(end.saturating_sub(SignedDuration::from_mins(30)).expect("in range"));
    world.pass(60).await;
    assert_eq!(route(&world), Some(only(&world).arn));
    assert!(only(&world).expiration > Some(end));
    steady(&world).await;
}

#[tokio::test]
async fn a_term_that_renewed_although_it_was_to_retire_is_reported() {
    let world = one_month(json!({"AtTermEnd": "Retire"})).await;
    let end = only(&world).expiration.expect("a term has an end");
    // The function was down over the end.
    world.sim.set_now(end.saturating_add(SignedDuration::from_mins(5)).expect("in range"));
    let problems = problems(&world).await;
    assert!(problems.contains("AWS has renewed it"), "{problems}");
}

#[tokio::test]
async fn what_would_change_a_running_term_is_refused_naming_its_end() {
    let world = one_month(json!({})).await;
    let end = only(&world).expiration.expect("a term has an end").to_string();
    for change in [
        json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "ModelUnits": 2}),
        json!({"CommitmentDuration": "SixMonths", "Purchase": "2026-11"}),
        json!({}),
        json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "ModelId": "amazon.nova-lite-v1:0:300k"}),
    ] {
        let error = refused(&world, json!({"Action": "Apply", "Commitment": commitment(change.clone())})).await;
        assert_eq!(error.kind(), "NotAllowed", "{change}");
        assert!(error.to_string().contains(&end), "{error}");
    }
    apply(&world, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"})).await;
    steady(&world).await;
}

#[tokio::test]
async fn retiring_during_a_term_frees_the_aliases_and_waits_for_its_end() {
    let world = one_month(json!({})).await;
    let end = only(&world).expiration.expect("a term has an end");
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(10).await;
    assert_eq!(route(&world), None);
    assert_eq!(world.sim.throughputs().len(), 1);
    let report = world.tick(NAME).await.expect("waiting is no problem");
    assert_eq!(report["Waiting"], json!([format!("for the term of {} to end at {end}", only(&world).name)]));
    world.sim.set_now(end.saturating_sub(SignedDuration::from_mins(70)).expect("in range"));
    world.pass(80).await;
    assert!(world.sim.throughputs().is_empty() && world.sim.schedules().is_empty());
}

#[tokio::test]
async fn a_termed_throughput_that_somebody_deleted_is_not_replaced_by_a_tick() {
    let world = one_month(json!({})).await;
    world.sim.delete_throughput(&only(&world).name);
    world.pass(30).await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(route(&world), None);
    let problems = problems(&world).await;
    assert!(problems.contains("give Purchase a new value"), "{problems}");
}

#[tokio::test]
async fn a_terms_last_hour_is_looked_at_every_minute() {
    let slow = World::with_settings(at("2026-11-16T00:00:00Z"), &[("TICK_RATE", "rate(5 minutes)")]).await;
    apply(&slow, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"})).await;
    slow.pass(45).await;
    let end = only(&slow).expiration.expect("a term has an end");
    let expression = || slow.sim.schedule(GROUP, NAME).expect("registered").definition["ScheduleExpression"].clone();
    assert_eq!(expression(), json!("rate(5 minutes)"));
    slow.sim.set_now(end.saturating_sub(SignedDuration::from_mins(70)).expect("in range"));
    slow.pass(12).await;
    assert_eq!(expression(), json!("rate(1 minute)"));
    slow.pass(75).await;
    assert!(slow.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_termed_throughput_that_failed_is_bought_again_for_a_new_purchase_alone() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.term_from_service = false);
    world.sim.fail_next_creation("the model could not be loaded");
    apply(&world, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"})).await;
    world.run_until(at("2026-11-16T00:34:30Z"), |_, _| {}).await;
    world.sim.set_now(at("2026-11-16T00:35:30Z"));
    let said = problems(&world).await;
    assert!(said.contains("the model could not be loaded"), "{said}");
    world.pass(50).await;
    assert!(world.sim.throughputs().is_empty(), "what failed serves no term: it is deleted, and not bought again");
    assert!(problems(&world).await.contains("give Purchase a new value"));
    apply(&world, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12"})).await;
    world.pass(50).await;
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn a_termed_throughput_that_failed_forbids_no_change() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.term_from_service = false);
    world.sim.fail_next_creation("the model could not be loaded");
    apply(&world, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"})).await;
    world.sim.fault("DeleteProvisionedModelThroughput", 1, Fault::denied());
    world.pass(36).await;
    apply(&world, json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12", "ModelUnits": 2})).await;
    world.pass(50).await;
    assert_eq!(only(&world).units, 2);
    steady(&world).await;
}
