//! What goes wrong, and how it is put right.

use super::*;

#[tokio::test]
async fn a_throughput_that_was_deleted_by_hand_is_bought_again() {
    let world = in_service(json!({})).await;
    let first = only(&world);
    // Deleted under a live alias, by somebody else.
    world.sim.delete_throughput(&first.name);
    world.tick(NAME).await.expect("one look is no proof");
    assert_eq!(route(&world), Some(first.arn.clone()), "nothing moves because of one look");
    world.pass(4).await;
    assert_eq!(route(&world), None, "a route to what does not exist serves nobody");
    world.pass(45).await;
    let second = only(&world);
    assert_ne!(second.arn, first.arn);
    assert_eq!(second.name, first.name);
    assert_eq!(route(&world), Some(second.arn));
    steady(&world).await;
}

#[tokio::test]
async fn a_spent_token_does_not_keep_it_from_being_bought_again() {
    // By default the simulator gives the old ARN for a token whose throughput is gone, for a month.
    let world = in_service(json!({})).await;
    for generation in 1..=3 {
        world.sim.delete_throughput(&only(&world).name);
        world.pass(60).await;
        assert_eq!(route(&world), Some(only(&world).arn), "generation {generation}");
    }
    assert_eq!(world.sim.history().len(), 4);
    steady(&world).await;
}

#[tokio::test]
async fn a_token_whose_throughput_vanished_before_anybody_saw_it_is_spent_after_two_minutes() {
    let world = world().await;
    world.sim.fault("CreateProvisionedModelThroughput", 3, Fault::LoseAnswer);
    world.sim.knobs(|knobs| knobs.list_lag = SignedDuration::from_hours(1));
    let answer = world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
    assert!(answer.is_err(), "the caller hears that the purchase had no answer: {answer:?}");
    world.sim.knobs(|knobs| knobs.list_lag = SignedDuration::ZERO);
    world.sim.delete_throughput(&only(&world).name);
    world.pass(50).await;
    assert_eq!(route(&world), Some(only(&world).arn));
    assert_eq!(world.sim.history().len(), 2);
}

#[tokio::test]
async fn where_a_spent_token_buys_anew_it_is_bought_once() {
    let world = in_service(json!({})).await;
    world.sim.knobs(|knobs| knobs.spent_token = SpentToken::BuysAnew);
    world.sim.delete_throughput(&only(&world).name);
    world.pass(60).await;
    assert_eq!(world.sim.history().len(), 2);
    assert_eq!(route(&world), Some(only(&world).arn));
}

#[tokio::test]
async fn a_purchase_whose_answer_was_lost_is_not_made_twice() {
    for lag in [SignedDuration::ZERO, SignedDuration::from_mins(3)] {
        let world = world().await;
        world.sim.knobs(|knobs| {
            knobs.list_lag = lag;
            knobs.get_lag = lag;
        });
        world.sim.fault("CreateProvisionedModelThroughput", 3, Fault::LoseAnswer);
        let _no_answer = world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
        world.pass(45).await;
        assert_eq!(world.sim.history().len(), 1, "bought once");
        assert_eq!(route(&world), Some(only(&world).arn));
        steady(&world).await;
    }
}

#[tokio::test]
async fn a_stack_update_that_drops_the_route_is_put_right_on_the_version_that_it_moved_to() {
    let world = in_service(json!({})).await;
    world.sim.add_agent_version(AGENT, "4", MODEL);
    world.sim.change_alias(AGENT, ALIAS, |alias| {
        alias.route = None;
        alias.version = "4".to_owned();
    });
    let report = world.tick(NAME).await.expect("the tick puts it right");
    assert_eq!(report["Actions"], json!(["route ABCDEFGHIJ/KLMNOPQRST version 4 to support-agent-f3bc69"]));
    let alias = world.sim.alias(AGENT, ALIAS);
    assert_eq!((alias.version.as_str(), alias.route), ("4", Some(only(&world).arn)));
    steady(&world).await;
}

#[tokio::test]
async fn a_version_of_another_model_stays_off_the_throughput_and_is_reported() {
    let world = world().await;
    world.sim.add_agent_version(AGENT, "4", "amazon.nova-pro-v1:0");
    apply(&world, json!({})).await;
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.version = "4".to_owned());
    world.pass(40).await;
    assert_eq!(route(&world), None);
    let problems = problems(&world).await;
    assert!(problems.contains("version 4 stays off support-agent-f3bc69"), "{problems}");
    assert!(problems.contains("amazon.nova-pro-v1:0"), "{problems}");
}

#[tokio::test]
async fn an_alias_that_fails_goes_on_demand_and_is_tried_again_ten_minutes_later() {
    let world = world().await;
    apply(&world, json!({})).await;
    world.pass(34).await;
    world.sim.fail_next_alias_update("the model is not accessible");
    let diary = diary(&world, "2026-11-16T01:00:00Z").await;
    let acts: Vec<&str> = diary.iter().map(String::as_str).filter(|line| !line.contains(" failed at ")).collect();
    // It failed some seconds after 00:35, so that ten minutes have not yet passed at 00:45.
    assert_eq!(acts, ["16 00:46 route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-f3bc69"], "{diary:?}");
    assert_eq!(diary.len(), 1 + 11, "every tick until then says so: {diary:?}");
    assert!(diary.iter().take(11).all(|line| line.contains("NeedsAttention: ") && line.contains("not accessible")));
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn an_alias_that_fails_to_be_let_go_keeps_its_throughput_until_it_has_left() {
    let world = in_service(json!({"ModelUnits": 2})).await;
    world.sim.fail_next_alias_update("the agent is being changed");
    apply(&world, json!({"ModelUnits": 2, "AgentAliases": []})).await;
    send(&world, json!({"Action": "ScaleDown", "Name": NAME})).await;
    world.pass(9).await;
    assert_eq!(world.sim.throughputs().len(), 1, "the alias may still use it");
    world.pass(20).await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(world.sim.alias(AGENT, ALIAS).status, "PREPARED");
    steady(&world).await;
}

#[tokio::test]
async fn what_somebody_routed_to_before_it_served_is_left_before_it_goes() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
    apply(&world, json!({"ModelUnits": 2})).await;
    let larger = only(&world).arn;
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(larger.clone()));
    apply(&world, json!({})).await;
    world.pass(2).await;
    assert_eq!(only(&world).units, 1);
    assert_eq!(route(&world), None);
}

#[tokio::test]
async fn a_throughput_that_fails_is_deleted_and_bought_again_ten_minutes_after_it_failed() {
    let world = world().await;
    world.sim.fail_next_creation("no capacity");
    apply(&world, json!({})).await;
    let diary = diary(&world, "2026-11-16T01:30:00Z").await;
    let bought: Vec<&String> = diary.iter().filter(|line| line.contains("buy ")).collect();
    assert_eq!(bought.len(), 1, "{diary:?}");
    assert!(bought[0].starts_with("16 00:45"), "{diary:?}");
    assert!(diary.iter().any(|line| line.contains("no capacity")), "{diary:?}");
    assert_eq!(world.sim.history().len(), 2);
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn a_throughput_of_a_legacy_model_survives_the_night_but_not_a_scale_down() {
    let world = in_service(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Daily 00:00-01:00"]}})).await;
    world.sim.set_model_lifecycle(MODEL, "LEGACY");
    world.run_until(at("2026-11-16T03:00:00Z"), |_, _| {}).await;
    assert_eq!(world.sim.throughputs().len(), 1, "it could not be bought again");
    let problems = problems(&world).await;
    assert!(problems.contains("has turned LEGACY"), "{problems}");
    send(&world, json!({"Action": "ScaleDown", "Name": NAME})).await;
    world.pass(10).await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_foreign_throughput_of_our_name_is_neither_used_nor_deleted() {
    let world = world().await;
    let foreign = world.sim.add_throughput("support-agent-f3bc69", "amazon.nova-lite-v1:0:24k", 1, &[]);
    let other = [(COMMITMENT_TAG, NAME), (DEPLOYMENT_TAG, "another-group")];
    world.sim.add_throughput("support-agent-aaaaaa", "amazon.nova-lite-v1:0:24k", 1, &other);
    world.sim.knobs(|knobs| knobs.orphan_after = None);
    apply(&world, json!({})).await;
    world.pass(20).await;
    assert_eq!(route(&world), None);
    let problems = problems(&world).await;
    assert!(problems.contains("support-agent-f3bc69 exists and is not ours"), "{problems}");
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(20).await;
    assert_eq!(world.sim.throughputs().len(), 2);
    assert_eq!(world.sim.throughputs()[0].arn, foreign);
    assert!(world.sim.schedules().is_empty(), "forgotten all the same");
}

#[tokio::test]
async fn an_alias_on_a_foreign_throughput_is_left_alone_unless_it_may_be_taken_over() {
    let world = world().await;
    let foreign = world.sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(foreign.clone()));
    let declared = json!({"Action": "Apply", "Commitment": commitment(json!({}))});
    let error = refused(&world, declared).await;
    assert_eq!(error.kind(), "NotAllowed");
    assert!(error.to_string().contains("TakeOver"), "{error}");
    assert!(world.sim.schedules().is_empty() && world.sim.history().len() == 1, "nothing is registered or bought");
    apply(&world, json!({"TakeOver": true})).await;
    world.pass(45).await;
    assert_ne!(route(&world), Some(foreign));
    assert_eq!(world.sim.throughputs().len(), 2, "what was left is not ours to delete");
}

#[tokio::test]
async fn throttled_and_broken_calls_are_made_up_for_by_later_ticks() {
    let world = world().await;
    apply(&world, json!({})).await;
    world.pass(34).await;
    world.sim.fault("ListProvisionedModelThroughputs", 4, Fault::throttled());
    world.sim.fault("GetAgentAlias", 5, Fault::Drop);
    world.sim.fault("UpdateAgentAlias", 3, Fault::denied());
    world.sim.fault("UpdateItem", 3, Fault::Refuse { status: 500, code: "InternalServerException", message: "" });
    world.pass(15).await;
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_a_deletion() {
    let world = in_service(json!({})).await;
    world.sim.fault("DeleteProvisionedModelThroughput", 3, Fault::LoseAnswer);
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(10).await;
    assert!(world.sim.throughputs().is_empty());
    assert!(world.sim.schedules().is_empty());
}

#[tokio::test]
async fn one_alias_that_is_gone_holds_back_neither_the_other_nor_the_end() {
    let world = world().await;
    world.sim.add_alias(AGENT, "ALIAS00002", "3");
    let aliases = json!([
        {"AgentId": AGENT, "AgentAliasId": ALIAS},
        {"AgentId": AGENT, "AgentAliasId": "ALIAS00002"},
    ]);
    apply(&world, json!({"AgentAliases": aliases})).await;
    world.sim.remove_alias(AGENT, ALIAS);
    world.pass(40).await;
    assert_eq!(world.sim.alias(AGENT, "ALIAS00002").route, Some(only(&world).arn));
    let problems = problems(&world).await;
    assert!(problems.contains("does not exist in eu-central-1"), "{problems}");
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(10).await;
    assert!(world.sim.throughputs().is_empty() && world.sim.schedules().is_empty());
}

#[tokio::test]
async fn no_work_is_started_ten_seconds_before_the_deadline_and_a_deadline_in_the_past_is_far_away() {
    let world = in_service(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 00:00-01:00"]}})).await;
    world.run_until(at("2026-11-16T00:59:59Z"), |_, _| {}).await;
    world.sim.set_now(at("2026-11-16T01:00:00Z"));
    let tick = |deadline: &str| {
        let input = world.sim.schedule(GROUP, NAME).expect("registered").input;
        let function_arn = rehearsal::FUNCTION.to_owned();
        let invocation = throughput_scheduler::handler::Invocation {
            function_arn,
            deadline: at(deadline),
            request_id: String::new(),
        };
        (serde_json::from_str::<Value>(&input).expect("JSON"), invocation)
    };
    let (event, soon) = tick("2026-11-16T01:00:09Z");
    world.sim.clear_requests();
    let report = world.handler.handle(event, &soon).await.expect("nothing went wrong");
    assert_eq!(report["Settled"], json!(false));
    assert!(!world.sim.operations().contains(&"UpdateAgentAlias"), "{:?}", world.sim.operations());
    let (event, past) = tick("1970-01-01T00:00:01Z");
    world.handler.handle(event, &past).await.expect("nothing went wrong");
    assert_eq!(route(&world), None);
}

#[tokio::test]
async fn an_alias_that_cannot_be_seen_may_have_returned_and_nothing_is_deleted() {
    let world = in_service(json!({})).await;
    let arn = only(&world).arn;
    send(&world, json!({"Action": "ScaleDown", "Name": NAME})).await;
    world.pass(2).await;
    // A stack update puts the old route back while nobody can look.
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(arn.clone()));
    world.sim.fault("GetAgentAlias", 1000, Fault::denied());
    world.pass(15).await;
    assert_eq!(world.sim.throughputs().len(), 1);
    assert!(problems(&world).await.contains("AccessDeniedException"));
    world.sim.clear_faults();
    world.pass(8).await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn an_alias_that_failed_on_a_foreign_throughput_is_said_to_hold_back_the_deletion() {
    let world = in_service(json!({})).await;
    let foreign = world.sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    world.sim.change_alias(AGENT, ALIAS, |alias| {
        alias.route = Some(foreign.clone());
        alias.status = "FAILED";
    });
    let _answer = world.send(json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(30).await;
    let problems = problems(&world).await;
    assert!(problems.contains("is FAILED on") && problems.contains("not ours"), "{problems}");
}

#[tokio::test]
async fn an_alias_that_rejects_because_of_us_accepts_again_even_where_somebody_has_routed_it_elsewhere() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.may_reject = true);
    apply(&world, json!({"WhenOff": "Reject", "Timetable": {"Timezone": "UTC", "Windows": ["Sun 10:00-11:00"]}})).await;
    world.pass(2).await;
    let state = || world.sim.alias(AGENT, ALIAS).invocation_state;
    assert_eq!(state(), "REJECT_INVOCATIONS");
    let foreign = world.sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(foreign.clone()));
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(5).await;
    assert_eq!((state().as_str(), route(&world)), ("ACCEPT_INVOCATIONS", Some(foreign)));
    assert!(world.sim.schedules().is_empty(), "forgotten");
}

#[tokio::test]
async fn an_alias_that_fails_as_it_is_let_go_is_tried_again_before_it_is_forgotten() {
    for (failures, status) in [(1, "PREPARED"), (2, "PREPARED")] {
        let world = world().await;
        world.sim.knobs(|knobs| knobs.may_reject = true);
        let closed = json!({"Timezone": "UTC", "Windows": ["Sun 10:00-11:00"]});
        apply(&world, json!({"WhenOff": "Reject", "Timetable": closed})).await;
        world.pass(2).await;
        for _ in 0..failures {
            world.sim.fail_next_alias_update("the agent is being changed");
        }
        let _answer = world.send(json!({"Action": "Retire", "Name": NAME})).await;
        world.pass(9).await;
        assert_eq!(world.sim.schedules().len(), 1, "it is tried again");
        world.pass(30).await;
        let alias = world.sim.alias(AGENT, ALIAS);
        assert_eq!((alias.status, alias.invocation_state.as_str()), (status, "ACCEPT_INVOCATIONS"));
        assert!(world.sim.schedules().is_empty(), "nothing is left to let go");
    }
}

#[tokio::test]
async fn a_bad_guardrail_stops_purchases_and_nothing_else() {
    let world = in_service(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 00:00-02:00"]}})).await;
    let broken = rehearsal::handler(&world.sim, &[("MAX_MODEL_UNITS", "many")]);
    let world = World { sim: std::sync::Arc::clone(&world.sim), handler: broken };
    steady(&world).await;
    world.run_until(at("2026-11-16T03:00:00Z"), |_, _| {}).await;
    assert!(world.sim.throughputs().is_empty(), "off is off");
    let error = refused(&world, json!({"Action": "ScaleUp", "Commitment": commitment(json!({}))})).await;
    assert_eq!(error.kind(), "InvalidSetting");
    assert!(error.to_string().contains("MAX_MODEL_UNITS"), "{error}");
}
