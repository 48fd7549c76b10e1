//! Terms: rows 7 to 16 (docs/policy.md, rule 10).

use super::*;

fn month(at_term_end: &str, purchase: &str) -> Value {
    json!({"CommitmentDuration": "OneMonth", "AtTermEnd": at_term_end, "Purchase": purchase})
}

fn office() -> Value {
    json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-18:00"]}})
}

/// When the term of the one throughput that is there ends.
fn end(world: &World) -> Timestamp {
    only(world).expiration.expect("it has a term")
}

/// Plays until `minutes` before the end of the term, a tick an hour, and from there every minute.
fn until_before_end(world: &World, minutes: i64) -> Timestamp {
    let end = end(world);
    let near = end.saturating_sub(SignedDuration::from_mins(minutes)).expect("in range");
    world.sim.set_now(near);
    end
}

async fn after_end(world: &World, end: Timestamp) {
    let until = end.saturating_add(SignedDuration::from_mins(10)).expect("in range");
    world.run_until(until, |_, _| {}).await;
}

#[tokio::test]
async fn row_07_neither_legacy_nor_a_denied_look_at_the_model_holds_the_end_of_a_term() {
    for denied in [false, true] {
        let world = in_service(month("Retire", "2026-11")).await;
        let end = until_before_end(&world, 70);
        if denied {
            world.sim.fault("GetFoundationModel", 10_000, Fault::denied());
        } else {
            world.sim.set_model_lifecycle(MODEL, "LEGACY");
        }
        after_end(&world, end).await;
        assert!(world.sim.throughputs().is_empty(), "denied: {denied}");
        assert_eq!(bought(&world), 1);
    }
}

#[tokio::test]
async fn row_08_a_rollback_after_the_term_has_ended_buys_nothing() {
    let (stack, world) = stack().await;
    let term = properties(month("Retire", "2026-11"));
    let create = stack.request("Create", LOGICAL_ID, &term, world.now());
    let (_, answer) = stack.carry_out(&world, &create).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(40).await;
    let end = until_before_end(&world, 70);
    after_end(&world, end).await;
    assert!(world.sim.throughputs().is_empty());
    let update = stack.request("Update", LOGICAL_ID, &properties(office()), world.now());
    let (_, answer) = stack.carry_out(&world, &update).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(2).await;
    let rollback = stack.request("Update", LOGICAL_ID, &term, world.now());
    let (_, answer) = stack.carry_out(&world, &rollback).await;
    assert_eq!(
        answer.expect("answered")["Status"],
        json!("SUCCESS"),
        "a rollback must not hang on a term that has ended"
    );
    world.pass(30).await;
    let terms = world.sim.history().into_iter().filter(|one| one.term.is_some()).count();
    assert_eq!(terms, 1);
    // A new value buys.
    let again = stack.request("Update", LOGICAL_ID, &properties(month("Retire", "2026-12")), world.now());
    let (_, answer) = stack.carry_out(&world, &again).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    let terms = world.sim.history().into_iter().filter(|one| one.term.is_some()).count();
    assert_eq!(terms, 2);
}

#[tokio::test]
async fn row_09_a_leftover_goes_at_its_own_end_and_says_nothing_about_what_is_declared() {
    let world = in_service(month("Retire", "2026-11")).await;
    let end = end(&world);
    // Retire lets the aliases go; the term holds the throughput. Then a timetable is declared.
    act(&world, "Retire").await;
    world.pass(3).await;
    apply(&world, json!({})).await;
    world.pass(45).await;
    let serving = route(&world).expect("the new declaration serves");
    assert_eq!(world.sim.throughputs().len(), 2, "the leftover and what is declared now");
    world.sim.set_now(end.saturating_sub(SignedDuration::from_mins(70)).expect("in range"));
    after_end(&world, end).await;
    assert_eq!(only(&world).arn, serving);
    assert_eq!(route(&world), Some(serving));
    world.pass(30).await;
    assert_eq!(bought(&world), 2);
}

#[tokio::test]
async fn in_the_last_minutes_a_tick_without_the_lease_deletes_and_buys_nothing() {
    let world = world_with(&[("MAX_TOTAL_MODEL_UNITS", "1")]).await;
    apply(&world, month("Retire", "2026-11")).await;
    world.pass(45).await;
    act(&world, "Retire").await;
    world.pass(3).await;
    // There is no room for what is declared now until the leftover's term has ended.
    let refused = world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("MAX_TOTAL_MODEL_UNITS")));
    let end = until_before_end(&world, 20);
    let before = |seconds: i64| end.saturating_sub(SignedDuration::from_secs(seconds)).expect("in range");
    // A later tick would stay awake to the end.
    world.run_until(before(200), |_, _| {}).await;
    world.sim.set_now(before(100));
    world.sim.knobs(|knobs| knobs.delete_before_term_end = Refuses::No);
    let key = format!("commitment/{NAME}");
    let mut record = world.sim.item(TABLE, &key).expect("it is registered");
    record["Lease"] = json!({"Holder": "another", "Until": end});
    world.sim.put_item(TABLE, &key, &record);
    let _ended = world.tick(NAME).await;
    assert_eq!(bought(&world), 1, "a purchase needs the lease and room in the total");
    assert!(world.sim.throughputs().is_empty(), "the term was ended");
}

#[tokio::test]
async fn row_10_the_tick_rate_follows_the_nearest_end() {
    let world = world_with(&[("TICK_RATE", "rate(5 minutes)")]).await;
    apply(&world, month("Retire", "2026-11")).await;
    world.pass(45).await;
    let end = until_before_end(&world, 70);
    after_end(&world, end).await;
    assert!(world.sim.throughputs().is_empty(), "it did not renew");
}

#[tokio::test]
async fn row_11_whatever_becomes_of_it_a_term_is_bought_once_for_each_purchase() {
    for what in ["failed", "gone", "renamed"] {
        let world = in_service(month("Renew", "2026-11")).await;
        let arn = only(&world).arn;
        world.pass(10).await;
        match what {
            "failed" => world.sim.set_status(&arn, "Failed"),
            "renamed" => world.sim.rename_throughput(&arn, "somebody-named-it-so"),
            _ => world.sim.delete_throughput(&only(&world).name),
        }
        world.pass(60).await;
        let terms = world.sim.history().into_iter().filter(|one| one.term.is_some()).count();
        assert_eq!(terms, 1, "{what}");
        let said = problems(&world).await;
        assert!(!said.is_empty(), "{what} is reported");
        let _by_hand = world.sim.take_violations();
    }
}

#[tokio::test]
async fn row_12_a_second_term_is_refused_while_the_first_is_announced() {
    let world = world().await;
    world.sim.knobs(|knobs| {
        knobs.list_lag = SignedDuration::from_mins(2);
        knobs.get_lag = SignedDuration::from_mins(2);
    });
    world.sim.fault("CreateProvisionedModelThroughput", 10, Fault::LoseAnswer);
    let mut two = month("Renew", "2026-11");
    two["ModelUnits"] = json!(2);
    let _report = world.send(json!({"Action": "Apply", "Commitment": commitment(two)})).await;
    world.sim.clear_faults();
    world.sim.advance(seconds(10));
    let one = json!({"Action": "Apply", "Commitment": commitment(month("Renew", "2026-12"))});
    let error = world.send(one).await.expect_err("it is refused");
    assert_eq!(error.kind(), "NotAllowed", "{error}");
    world.pass(60).await;
    assert_eq!(bought(&world), 1);
}

#[tokio::test]
async fn row_13_a_term_that_renewed_although_it_was_to_end_is_a_problem_until_it_ends() {
    let (stack, world) = stack().await;
    let create = stack.request("Create", LOGICAL_ID, &properties(month("Renew", "2026-11")), world.now());
    let (_, answer) = stack.carry_out(&world, &create).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(40).await;
    let delete = stack.request("Delete", LOGICAL_ID, &properties(json!({})), world.now());
    let (_, answer) = stack.carry_out(&world, &delete).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    let end = end(&world);
    // No tick comes over the end.
    world.sim.set_now(end.saturating_add(SignedDuration::from_hours(1)).expect("in range"));
    let name = world.sim.schedules()[0].name.clone();
    let _first = world.tick(&name).await;
    let error = world.tick(&name).await.expect_err("it renewed");
    assert!(error.to_string().contains("renewed"), "{error}");
}

#[tokio::test]
async fn row_14_a_retire_minutes_before_the_end_cuts_the_drain_short() {
    let world = in_service(month("Renew", "2026-11")).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::ZERO);
    let end = until_before_end(&world, 4);
    act(&world, "Retire").await;
    after_end(&world, end).await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(route(&world), None);
}

#[tokio::test]
async fn row_15_a_parameter_that_is_written_minutes_before_the_end_is_put_right_and_holds_nothing() {
    let mut more = month("Retire", "2026-11");
    more["ModelIdParameter"] = json!(rehearsal::PARAMETER);
    let world = in_service(more).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::ZERO);
    let arn = only(&world).arn;
    let near = end(&world).saturating_sub(SignedDuration::from_mins(70)).expect("in range");
    world.sim.set_now(near);
    let end = end(&world);
    world.run_until(end.saturating_sub(SignedDuration::from_mins(4)).expect("in range"), |_, _| {}).await;
    world.sim.set_parameter(rehearsal::PARAMETER, "String", &arn);
    after_end(&world, end).await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(world.parameter().as_deref(), Some(MODEL));
}

#[tokio::test]
async fn row_16_a_term_that_is_still_creating_is_deleted_by_a_rollback() {
    let (stack, world) = stack().await;
    world.sim.knobs(|knobs| knobs.delete_while_creating = simulator::Refuses::No);
    let before = properties(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Sat 08:00-18:00"]}}));
    let create = stack.request("Create", LOGICAL_ID, &before, world.now());
    let (_, answer) = stack.carry_out(&world, &create).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(1).await;
    let update = stack.request("Update", LOGICAL_ID, &properties(month("Renew", "2026-11")), world.now());
    let (_, answer) = stack.carry_out(&world, &update).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    assert_eq!(only(&world).status, "Creating");
    world.pass(1).await;
    let rollback = stack.request("Update", LOGICAL_ID, &before, world.now());
    let (_, answer) = stack.carry_out(&world, &rollback).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(3).await;
    assert!(world.sim.throughputs().is_empty(), "{:?}", world.sim.throughputs());
}
