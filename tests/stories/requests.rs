//! What people and schedules ask for.

use std::sync::Arc;

use super::*;

fn scale(action: &str) -> Value {
    json!({"Action": action, "Commitment": commitment(json!({}))})
}

#[tokio::test]
async fn two_crons_are_enough_to_run_it() {
    let world = world().await;
    for _ in 0..2 {
        send(&world, scale("ScaleUp")).await;
        world.pass(40).await;
        assert_eq!(route(&world), Some(only(&world).arn));
        let report = send(&world, json!({"Action": "Status", "Name": NAME})).await;
        assert_eq!(report["Desired"]["Because"], json!("scaled up"));
        send(&world, scale("ScaleDown")).await;
        world.pass(10).await;
        assert!(world.sim.throughputs().is_empty());
        steady(&world).await;
    }
}

#[tokio::test]
async fn scaled_down_first_it_is_registered_and_off() {
    let world = world().await;
    let report = send(&world, scale("ScaleDown")).await;
    assert_eq!(report["Desired"], json!({"State": "Off", "ModelUnits": 0, "Because": "scaled down"}));
    assert!(world.sim.schedule(GROUP, NAME).is_some());
    let report = send(&world, json!({"Action": "Resume", "Name": NAME, "Of": "Hold"})).await;
    assert_eq!(report["Desired"]["Because"], json!("never scaled up"), "never always on");
    assert!(world.sim.history().is_empty());
}

#[tokio::test]
async fn an_override_lies_above_a_hold_and_ends_by_itself() {
    let world = world().await;
    send(&world, scale("ScaleDown")).await;
    let on =
        json!({"Action": "Override", "Name": NAME, "State": "On", "ModelUnits": 2, "For": "2h", "Reason": "load test"});
    let report = send(&world, on).await;
    assert_eq!(report["Desired"]["ModelUnits"], json!(2));
    assert_eq!(report["NextTransition"]["At"], json!("2026-11-16T02:00:00Z"));
    world.pass(60).await;
    assert_eq!(only(&world).units, 2);
    world.pass(70).await;
    assert!(world.sim.throughputs().is_empty());
    steady(&world).await;
}

#[tokio::test]
async fn an_override_to_off_holds_nothing_and_resume_takes_it_away() {
    let world = in_service(json!({})).await;
    send(&world, json!({"Action": "Override", "Name": NAME, "State": "Off", "Until": "2026-11-17T00:00:00Z"})).await;
    world.pass(10).await;
    assert!(world.sim.throughputs().is_empty());
    let report = send(&world, json!({"Action": "Resume", "Name": NAME})).await;
    assert_eq!(report["Desired"]["Because"], json!("always on"));
    world.pass(40).await;
    assert_eq!(route(&world), Some(only(&world).arn));
}

#[tokio::test]
async fn resume_takes_the_override_first_and_then_the_hold() {
    let world = in_service(json!({})).await;
    send(&world, json!({"Action": "ScaleUp", "Name": NAME})).await;
    send(&world, json!({"Action": "Override", "Name": NAME, "State": "On", "For": "1h"})).await;
    let because = |report: &Value| report["Desired"]["Because"].as_str().unwrap_or_default().to_owned();
    let resume = |of: &str| json!({"Action": "Resume", "Name": NAME, "Of": of});
    assert_eq!(because(&send(&world, resume("Override")).await), "scaled up");
    assert_eq!(because(&send(&world, resume("Hold")).await), "always on");
    steady(&world).await;
}

#[tokio::test]
async fn the_same_event_twice_at_the_same_moment_buys_one_throughput() {
    for _ in 0..5 {
        let world = world().await;
        // Both have read that nobody registered it before either of them registers it.
        world.sim.meet(&["TransactWriteItems"], 2);
        let (one, other) = tokio::join!(world.send(scale("ScaleUp")), world.send(scale("ScaleUp")));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        world.pass(45).await;
        assert_eq!(world.sim.history().len(), 1);
        assert_eq!(route(&world), Some(only(&world).arn));
        steady(&world).await;
    }
}

#[tokio::test]
async fn two_ticks_at_the_same_moment_buy_one_throughput() {
    let world = world().await;
    apply(&world, json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 02:00-12:00"]}})).await;
    world.run_until(at("2026-11-16T00:59:30Z"), |_, _| {}).await;
    world.sim.advance(SignedDuration::from_mins(1));
    world.sim.meet(&["ListProvisionedModelThroughputs"], 2);
    let (one, other) = tokio::join!(world.tick(NAME), world.tick(NAME));
    let met = world.sim.operations().iter().filter(|one| **one == "CreateProvisionedModelThroughput").count();
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(met, 1, "only the holder of the lease asks");
    world.pass(60).await;
    assert_eq!(world.sim.history().len(), 1);
    assert_eq!(route(&world), Some(only(&world).arn));
}

#[tokio::test]
async fn retire_lets_go_deletes_and_forgets() {
    let world = in_service(json!({})).await;
    let report = send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    assert_eq!(report["Desired"], json!({"State": "Off", "ModelUnits": 0, "Because": "retired"}));
    world.pass(10).await;
    assert_eq!(route(&world), None);
    assert!(world.sim.throughputs().is_empty() && world.sim.schedules().is_empty());
    let error = refused(&world, json!({"Action": "Retire", "Name": NAME})).await;
    assert_eq!(error.kind(), "UnknownCommitment");
}

#[tokio::test]
async fn an_alias_that_is_dropped_from_the_declaration_is_let_go() {
    let world = in_service(json!({})).await;
    apply(&world, json!({"AgentAliases": []})).await;
    world.pass(2).await;
    assert_eq!(route(&world), None);
    assert_eq!(world.sim.throughputs().len(), 1);
    steady(&world).await;
}

#[tokio::test]
async fn another_model_is_bought_before_the_old_one_goes() {
    let world = world().await;
    world.sim.add_agent_version(AGENT, "4", "amazon.nova-pro-v1:0");
    apply(&world, json!({})).await;
    world.pass(40).await;
    let other = json!({"ModelId": "amazon.nova-pro-v1:0:24k"});
    let error = refused(&world, json!({"Action": "Apply", "Commitment": commitment(other.clone())})).await;
    assert!(error.to_string().contains("amazon.nova-pro-v1:0"), "the alias's version does not fit: {error}");
    world.sim.change_alias(AGENT, ALIAS, |alias| alias.version = "4".to_owned());
    apply(&world, other).await;
    world.pass(50).await;
    assert!(only(&world).model_arn.ends_with("amazon.nova-pro-v1:0:24k"));
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn status_of_all_lists_commitments_and_orphans() {
    let world = in_service(json!({})).await;
    world.sim.knobs(|knobs| knobs.orphan_after = None);
    let marks = [(COMMITMENT_TAG, "long-gone"), (DEPLOYMENT_TAG, GROUP)];
    let orphan = world.sim.add_throughput("long-gone-123456", "amazon.nova-lite-v1:0:24k", 1, &marks);
    world.sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    world.sim.clear_requests();
    let status = send(&world, json!({"Action": "Status"})).await;
    assert_eq!(status["Commitments"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["Commitments"][0]["Settled"], json!(true));
    let orphans: Vec<&Value> = status["Orphans"].as_array().into_iter().flatten().map(|one| &one["Arn"]).collect();
    assert_eq!(orphans, [&json!(orphan)]);
    let gone = Fault::Refuse { status: 404, code: "ResourceNotFoundException", message: "gone" };
    world.sim.fault("ListTagsForResource", 2, gone);
    let status = send(&world, json!({"Action": "Status"})).await;
    assert_eq!(status["Orphans"], json!([]), "what goes while it is looked at fails nothing");
    let looks = |one: &&str| one.starts_with("Get") || one.starts_with("List") || *one == "Scan";
    assert!(world.sim.operations().iter().all(looks), "{:?}", world.sim.operations());
}

#[tokio::test]
async fn what_is_bought_while_a_status_looks_is_no_orphan() {
    let world = world().await;
    // The listing is answered. While the records are read, somebody declares and buys.
    world.sim.meet(&["Scan", "TransactWriteItems"], 2);
    let (status, applied) = tokio::join!(
        world.send(json!({"Action": "Status"})),
        world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))}))
    );
    applied.expect("it is registered");
    assert_eq!(status.expect("a status")["Orphans"], json!([]));
}

#[tokio::test]
async fn one_commitment_that_cannot_be_looked_at_hides_neither_the_others_nor_the_orphans() {
    let world = in_service(json!({})).await;
    world.sim.knobs(|knobs| knobs.orphan_after = None);
    send(&world, json!({"Action": "Apply", "Commitment": commitment(json!({"Name": "b", "AgentAliases": []}))})).await;
    let marks = [(COMMITMENT_TAG, "long-gone"), (DEPLOYMENT_TAG, GROUP)];
    let orphan = world.sim.add_throughput("long-gone-123456", "amazon.nova-lite-v1:0:24k", 1, &marks);
    // The first listing is of all, the second and the third are of the two commitments.
    world.sim.fault("ListProvisionedModelThroughputs", 1, Fault::Slow(SignedDuration::ZERO));
    world.sim.fault("ListProvisionedModelThroughputs", 1, Fault::denied());
    let status = send(&world, json!({"Action": "Status"})).await;
    let problems: Vec<usize> = status["Commitments"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|report| report["Problems"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(problems.iter().sum::<usize>(), 1, "{status}");
    assert_eq!(problems.len(), 2);
    assert_eq!(status["Orphans"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["Orphans"][0]["Arn"], json!(orphan));
}

#[tokio::test]
async fn a_plan_says_what_would_be_done_and_does_nothing() {
    let world = world().await;
    let declared = commitment(json!({"Timetable": {"Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00"]}}));
    let plan = json!({"Action": "Plan", "Commitment": declared, "At": "2026-11-18T09:00:00+09:00"});
    let report = send(&world, plan).await;
    assert_eq!(report["At"], json!("2026-11-18T00:00:00Z"));
    assert_eq!(
        report["Actions"],
        json!(["buy support-agent-f3bc69: 1 model unit of amazon.nova-lite-v1:0:24k, without a term"])
    );
    assert_eq!(report["Desired"]["Because"], json!("window Mon-Fri 08:00-20:00 Asia/Tokyo"));
    assert!(world.sim.operations().iter().all(|one| one.starts_with("Get") || one.starts_with("List")));
    assert!(world.sim.history().is_empty() && world.sim.schedules().is_empty());
}

#[tokio::test]
async fn tags_of_the_declaration_are_kept_on_the_throughput() {
    let world = in_service(json!({"Tags": {"team": "support", "stage": "prod"}})).await;
    let tags = || only(&world).tags.into_iter().filter(|(key, _)| !key.starts_with("throughput-")).collect::<Vec<_>>();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(tags(), [pair("stage", "prod"), pair("team", "support")]);
    apply(&world, json!({"Tags": {"team": "sales"}})).await;
    assert_eq!(tags(), [pair("team", "sales")]);
    steady(&world).await;
}

#[tokio::test]
async fn what_does_not_exist_is_named_with_the_region_that_was_asked() {
    let world = world().await;
    let aliases = json!([{"AgentId": AGENT, "AgentAliasId": "NOTTHERE00"}]);
    let error =
        refused(&world, json!({"Action": "Apply", "Commitment": commitment(json!({"AgentAliases": aliases}))})).await;
    assert!(error.to_string().contains("eu-central-1"), "{error}");
    let model = json!({"ModelId": "amazon.nova-premier-v1:0:24k", "AgentAliases": []});
    let error = refused(&world, json!({"Action": "Apply", "Commitment": commitment(model)})).await;
    assert!(error.to_string().contains("eu-central-1"), "{error}");
}

#[tokio::test]
async fn guardrails_never_keep_anything_from_being_switched_off() {
    for (setting, value) in [("MAX_MODEL_UNITS", "1"), ("MAX_MODEL_UNITS", "many"), ("ALLOWED_MODELS", "meta.*")] {
        for off in [
            json!({"Action": "Override", "Name": NAME, "State": "Off", "For": "2h"}),
            json!({"Action": "ScaleDown", "Commitment": commitment(json!({"ModelUnits": 2, "Drain": "6m"}))}),
            json!({"Action": "Retire", "Name": NAME}),
        ] {
            let world = in_service(json!({"ModelUnits": 2})).await;
            let stricter = rehearsal::handler(&world.sim, &[(setting, value)]);
            let world = World { sim: Arc::clone(&world.sim), handler: stricter };
            send(&world, off).await;
            world.pass(10).await;
            assert!(world.sim.throughputs().is_empty(), "{setting}={value}");
        }
    }
}

#[tokio::test]
async fn a_changed_tick_rate_reaches_the_schedule_with_the_next_tick() {
    let world = in_service(json!({})).await;
    let expression =
        |world: &World| world.sim.schedule(GROUP, NAME).expect("registered").definition["ScheduleExpression"].clone();
    assert_eq!(expression(&world), json!("rate(1 minute)"));
    let slower = rehearsal::handler(&world.sim, &[("TICK_RATE", "rate(5 minutes)")]);
    let world = World { sim: Arc::clone(&world.sim), handler: slower };
    world.tick(NAME).await.expect("the tick ends well");
    assert_eq!(expression(&world), json!("rate(5 minutes)"));
    steady(&world).await;
}

#[tokio::test]
async fn a_registration_and_a_plan_say_what_the_dearest_month_costs() {
    let world = world().await;
    let priced = commitment(json!({"PricePerUnitHour": 20}));
    let dearest = json!({"Of": "2026-12", "ModelUnitHours": 744, "Cost": 14880.0});
    let report = send(&world, json!({"Action": "Plan", "Commitment": priced})).await;
    assert_eq!(report["Dearest"], dearest);
    let report = send(&world, json!({"Action": "Apply", "Commitment": priced})).await;
    assert_eq!(report["Dearest"], dearest);
    // Nobody asked what it costs, and nothing was declared.
    for action in ["Status", "ScaleUp"] {
        let report = send(&world, json!({"Action": action, "Name": NAME})).await;
        assert_eq!(report.get("Dearest"), None, "{action}");
    }
}

#[tokio::test]
async fn a_schedule_that_somebody_took_away_or_disabled_is_put_right_by_the_next_command() {
    let world = in_service(json!({})).await;
    let ticks = |world: &World| {
        world.sim.schedule(GROUP, NAME).is_some_and(|schedule| schedule.definition["State"] != json!("DISABLED"))
    };
    assert!(ticks(&world));
    world.sim.delete_schedule(GROUP, NAME);
    send(&world, json!({"Action": "Status", "Name": NAME})).await;
    assert!(!ticks(&world), "a Status changes nothing");
    send(&world, json!({"Action": "ScaleUp", "Name": NAME})).await;
    assert!(ticks(&world));
    world.sim.edit_schedule(GROUP, NAME, |definition| definition["State"] = json!("DISABLED"));
    send(&world, json!({"Action": "ScaleDown", "Name": NAME})).await;
    assert!(ticks(&world));
    world.pass(15).await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn a_model_that_is_sold_here_is_no_problem_and_one_that_is_not_listed_is_a_warning() {
    for (model, warned) in [
        ("amazon.nova-lite-v1:0:24k", false),
        ("arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0:24k", false),
        // It is sold with a context length in its id, and only so.
        ("amazon.nova-lite-v1:0", true),
    ] {
        let world = world().await;
        let declared = commitment(json!({"ModelId": model}));
        let report = send(&world, json!({"Action": "Plan", "Commitment": declared})).await;
        let problems = report["Problems"].to_string();
        assert_eq!(problems.contains("is not listed in eu-central-1 as sold"), warned, "{model}: {problems}");
        assert_eq!(problems == "[]", !warned, "{model}: {problems}");
    }
}
