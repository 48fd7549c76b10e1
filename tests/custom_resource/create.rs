//! Create: lines 14 to 25.

use super::*;

#[tokio::test]
async fn line_14_it_is_registered_bought_and_answered_with_its_arn_and_aliases_follow() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("it is carried out");
    let answer = scene.answer(&request);
    assert_eq!(status(&answer), "SUCCESS");
    assert_eq!(answer["Data"]["ProvisionedModelArn"], json!(scene.arn()));
    assert_eq!(answer["Data"]["State"], json!("On"));
    assert_eq!(scene.route(), None);
    scene.world.pass(40).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    assert_eq!(scene.stack.answers(&request), 1);
}

#[tokio::test]
async fn line_15_with_its_window_closed_it_is_registered_and_nothing_is_bought() {
    for wait_for in ["Accepted", "InService"] {
        let scene = Scene::new().await;
        let request = scene.request("Create", &properties(json!({"Timetable": closed(), "WaitFor": wait_for})));
        scene.send(&request).await.expect("it is carried out");
        assert_eq!(status(&scene.answer(&request)), "SUCCESS", "at once: nothing is due");
        assert!(scene.is_registered() && scene.world.sim.history().is_empty());
    }
}

#[tokio::test]
async fn line_16_the_same_event_twice_is_one_throughput_and_the_same_answer() {
    let scene = Scene::new().await;
    let request = scene.request("Create", &properties(json!({})));
    for _ in 0..2 {
        scene.send(&request).await.expect("it is carried out");
    }
    let puts = scene.stack.sink.puts();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0].body, puts[1].body);
    scene.world.pass(45).await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn line_16_the_same_event_twice_at_the_same_time_is_one_throughput() {
    for _ in 0..5 {
        let scene = Scene::new().await;
        scene.world.sim.meet(&["CreateSchedule"], 2);
        let request = scene.request("Create", &properties(json!({})));
        let (one, other) = tokio::join!(scene.send(&request), scene.send(&request));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        scene.world.pass(45).await;
        assert_eq!(scene.world.sim.history().len(), 1);
        assert_eq!(scene.route(), Some(scene.arn()));
        let bodies: Vec<Value> = scene.stack.sink.puts().into_iter().map(|put| put.body).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0] && status(body) == "SUCCESS"), "{bodies:?}");
    }
}

#[tokio::test]
async fn line_16_a_failed_create_that_comes_again_is_answered_the_same_and_buys_nothing() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.quota = 0);
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("FAILED is delivered");
    scene.world.sim.knobs(|knobs| knobs.quota = 20);
    scene.world.pass(5).await;
    scene.send(&request).await.expect("FAILED is delivered");
    scene.world.pass(5).await;
    let puts = scene.stack.sink.puts();
    assert_eq!(puts.len(), 2);
    assert!(puts.iter().all(|put| status(&put.body) == "FAILED"));
    assert!(scene.world.sim.history().is_empty() && !scene.is_registered());
}

#[tokio::test]
async fn line_17_a_request_id_seen_before_with_a_newer_date_makes_again_what_is_gone() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.quota = 0);
    let (first, answer) = scene.carry_out("Create", &properties(json!({}))).await;
    assert_eq!(status(&answer), "FAILED");
    scene.world.sim.knobs(|knobs| knobs.quota = 20);
    scene.world.pass(10).await;
    let mut again = scene.request("Create", &properties(json!({})));
    again["RequestId"] = first["RequestId"].clone();
    scene.send(&again).await.expect("it is carried out");
    let answers = scene.stack.sink.puts();
    assert_eq!(status(&answers.last().expect("an answer").body), "SUCCESS");
    scene.world.pass(45).await;
    assert_eq!(scene.route(), Some(scene.arn()));
}

#[tokio::test]
async fn line_18_a_create_whose_answer_was_lost_is_found_again_and_not_bought_twice() {
    let scene = Scene::new().await;
    scene.world.sim.fault("CreateProvisionedModelThroughput", 3, Fault::LoseAnswer);
    let request = scene.request("Create", &properties(json!({})));
    let (_, answer) = scene.stack.carry_out(&scene.world, &request).await;
    assert_eq!(status(&answer.expect("it is answered")), "SUCCESS");
    scene.world.pass(45).await;
    assert_eq!(scene.world.sim.history().len(), 1);
    assert_eq!(scene.route(), Some(scene.arn()));
}

#[tokio::test]
async fn line_18_a_registration_whose_answer_was_lost_is_found_again() {
    let scene = Scene::new().await;
    scene.world.sim.fault("CreateSchedule", 3, Fault::LoseAnswer);
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("it is found again by the invocation that has registered it");
    assert_eq!(status(&scene.answer(&request)), "SUCCESS");
    scene.world.pass(45).await;
    assert_eq!((scene.stack.answers(&request), scene.world.sim.history().len()), (1, 1));
    assert_eq!(scene.route(), Some(scene.arn()));
}

#[tokio::test]
async fn line_16_a_create_whose_invocation_ended_undecided_is_carried_on_by_its_repeat() {
    let scene = Scene::new().await;
    // The first one ends undecided.
    scene.world.sim.fault("ListProvisionedModelThroughputs", 1000, Fault::throttled());
    let request = scene.request("Create", &properties(json!({})));
    let first = scene.send(&request).await;
    assert!(first.is_err() && scene.is_registered(), "{first:?}");
    scene.world.sim.clear_faults();
    scene.send(&request).await.expect("it is carried on");
    assert_eq!(status(&scene.answer(&request)), "SUCCESS");
    scene.world.pass(45).await;
    assert_eq!((scene.stack.answers(&request), scene.world.sim.history().len()), (1, 1));
}

#[tokio::test]
async fn line_16_a_refused_create_that_comes_again_is_refused_again_though_its_reason_has_gone() {
    let scene = Scene::new().await;
    let aliases = json!({"AgentAliases": [alias(ALIAS), alias("ALIAS00002")]});
    let request = scene.request("Create", &properties(aliases.clone()));
    scene.send(&request).await.expect("FAILED is delivered");
    assert_eq!(status(&scene.answer(&request)), "FAILED");
    scene.world.sim.add_alias(AGENT, "ALIAS00002", "3");
    scene.send(&request).await.expect("FAILED is delivered");
    assert_eq!(scene.stack.sink.puts().iter().map(|put| status(&put.body)).collect::<Vec<_>>(), ["FAILED", "FAILED"]);
    assert!(scene.world.sim.history().is_empty() && !scene.is_registered());
    scene.world.pass(1).await;
    let (_, answer) = scene.carry_out("Create", &properties(aliases)).await;
    assert_eq!(status(&answer), "SUCCESS", "who asks anew is judged anew: {answer}");
}

#[tokio::test]
async fn a_model_that_cannot_be_looked_at_for_a_moment_fails_no_create() {
    let scene = Scene::new().await;
    let custom = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl";
    scene.world.sim.add_custom_model(custom, "amazon.nova-lite-v1:0");
    scene.world.sim.fault("GetCustomModel", 3, Fault::Drop);
    let (_, answer) = scene.carry_out("Create", &properties(json!({"ModelId": custom}))).await;
    assert_eq!(status(&answer), "SUCCESS", "{answer}");
}

#[tokio::test]
async fn line_19_what_aws_refuses_is_quoted_nothing_stays_registered_and_the_delete_succeeds() {
    let validation = Fault::Refuse { status: 400, code: "ValidationException", message: "no such model here" };
    let quota =
        Fault::Refuse { status: 400, code: "ServiceQuotaExceededException", message: "no model units reserved" };
    for (fault, code, message) in [
        (validation, "ValidationException", "no such model here"),
        (quota, "ServiceQuotaExceededException", "no model units reserved"),
        (Fault::denied(), "AccessDeniedException", "bedrock:CreateProvisionedModelThroughput"),
    ] {
        let scene = Scene::new().await;
        scene.world.sim.fault("CreateProvisionedModelThroughput", 1, fault);
        let request = scene.request("Create", &properties(json!({})));
        scene.send(&request).await.expect("FAILED is delivered");
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "FAILED");
        assert!(reason(&answer).contains(code) && reason(&answer).contains(message), "{answer}");
        scene.world.pass(5).await;
        assert!(!scene.is_registered() && scene.world.sim.history().is_empty());
        let (_, deleted) = scene.carry_out("Delete", &properties(json!({}))).await;
        assert_eq!(status(&deleted), "SUCCESS");
    }
}

#[tokio::test]
async fn line_20_a_guardrail_that_refuses_names_itself_and_nothing_is_changed() {
    for (setting, value, more) in [
        ("MAX_MODEL_UNITS", "1", json!({"ModelUnits": 2})),
        ("ALLOWED_MODELS", "meta.*", json!({})),
        ("ALLOWED_COMMITMENTS", "None", json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"})),
    ] {
        let scene = Scene::with_settings(&[(setting, value)]).await;
        let request = scene.request("Create", &properties(more));
        scene.send(&request).await.expect("FAILED is delivered");
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "FAILED");
        assert!(reason(&answer).contains(setting) && reason(&answer).contains(value), "{answer}");
        assert!(scene.world.sim.operations().iter().all(|one| one.starts_with("Get") || one.starts_with("List")));
    }
}

#[tokio::test]
async fn line_21_an_alias_that_cannot_follow_is_named_and_nothing_is_bought() {
    let alias = |agent: &str, alias: &str| json!({"AgentAliases": [{"AgentId": agent, "AgentAliasId": alias}]});
    let scene = Scene::new().await;
    let sim = &scene.world.sim;
    sim.add_agent_version(AGENT, "4", "amazon.nova-pro-v1:0");
    sim.add_alias(AGENT, "OTHERMODEL", "4");
    sim.add_agent_version(AGENT, "5", "us.amazon.nova-lite-v1:0");
    sim.add_alias(AGENT, "AAPROFILE0", "5");
    sim.add_alias(AGENT, "ISFOREIGN0", "3");
    let foreign = sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    sim.change_alias(AGENT, "ISFOREIGN0", |alias| alias.route = Some(foreign.clone()));
    for (id, said) in [
        ("NOTTHERE00", "does not exist in eu-central-1"),
        ("TSTALIASID", "draft"),
        ("OTHERMODEL", "amazon.nova-pro-v1:0"),
        ("AAPROFILE0", "inference profile"),
        ("ISFOREIGN0", "TakeOver"),
    ] {
        let (_, answer) = scene.carry_out("Create", &properties(alias(AGENT, id))).await;
        assert_eq!(status(&answer), "FAILED", "{id}");
        assert!(reason(&answer).contains(id) && reason(&answer).contains(said), "{answer}");
        assert_eq!(sim.history().len(), 1, "nothing is bought");
        assert!(!scene.is_registered());
        // No resource is asked for twice in one second.
        sim.advance(SignedDuration::from_secs(1));
    }
}

#[tokio::test]
async fn line_22_a_throughput_of_the_derived_name_that_is_not_ours_is_neither_adopted_nor_deleted() {
    let scene = Scene::new().await;
    let named = rehearsal::commitment(json!({"Name": scene.name()}));
    let declared = policy::commitment::Commitment::read(&named, "", &mut policy::input::Mistakes::default());
    let declared = declared.expect("it is right");
    let name = declared.throughput_name(declared.units, rehearsal::DEPLOYMENT);
    let foreign = scene.world.sim.add_throughput(&name, "amazon.nova-lite-v1:0:24k", 1, &[]);
    let request = scene.request("Create", &properties(json!({})));
    scene.send(&request).await.expect("FAILED is delivered");
    let answer = scene.answer(&request);
    assert_eq!(status(&answer), "FAILED");
    assert!(reason(&answer).contains(&name), "{answer}");
    let (_, deleted) = scene.carry_out("Delete", &properties(json!({}))).await;
    assert_eq!(status(&deleted), "SUCCESS");
    scene.world.pass(10).await;
    assert_eq!(scene.arn(), foreign);
    assert_eq!(scene.route(), None);
}

#[tokio::test]
async fn line_23_a_throughput_that_fails_while_an_answer_is_owed_is_the_answer_and_is_cleaned_up() {
    for with_delete in [false, true] {
        let scene = Scene::new().await;
        scene.world.sim.fail_next_creation("no capacity in this Region");
        let (request, answer) = scene.carry_out("Create", &properties(json!({"WaitFor": "InService"}))).await;
        assert_eq!(status(&answer), "FAILED");
        assert!(reason(&answer).contains("no capacity in this Region"), "{answer}");
        if with_delete {
            let (_, deleted) = scene.carry_out("Delete", &properties(json!({}))).await;
            assert_eq!(status(&deleted), "SUCCESS");
        }
        scene.world.pass(20).await;
        assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
        assert_eq!(scene.world.sim.history().len(), 1, "it is not bought again");
        assert_eq!(scene.stack.answers(&request), 1);
    }
}

#[tokio::test]
async fn line_24_in_service_after_forty_minutes_is_one_success_from_a_tick() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_mins(40));
    let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    scene.send(&request).await.expect("ticks go on");
    assert_eq!(scene.stack.answer(&request), None);
    scene.world.pass(39).await;
    assert_eq!(scene.stack.answer(&request), None, "not yet");
    scene.world.pass(3).await;
    let answer = scene.answer(&request);
    assert_eq!(status(&answer), "SUCCESS");
    assert_eq!(answer["Data"]["ProvisionedModelArn"], json!(scene.arn()));
    assert_eq!(scene.route(), Some(scene.arn()));
    scene.world.pass(60).await;
    assert_eq!(scene.stack.answers(&request), 1);
    assert!(scene.is_registered());
}

#[tokio::test]
async fn line_24_never_in_service_is_one_failed_a_minute_before_the_end() {
    for timeout in [3600, 1800] {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| {
            knobs.creation_time = SignedDuration::from_hours(5);
            knobs.delete_while_creating = Refuses::No;
        });
        let declared = properties(json!({"WaitFor": "InService", "ServiceTimeout": timeout}));
        let request = scene.request("Create", &declared);
        scene.send(&request).await.expect("ticks go on");
        let end = start().saturating_add(SignedDuration::from_secs(timeout)).expect("in range");
        scene.world.run_until(end.saturating_sub(SignedDuration::from_mins(3)).expect("in range"), |_, _| {}).await;
        assert_eq!(scene.stack.answer(&request), None);
        scene.world.run_until(end.saturating_sub(SignedDuration::from_secs(30)).expect("in range"), |_, _| {}).await;
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "FAILED");
        assert!(reason(&answer).contains("to be in service"), "it says what it was waiting for: {answer}");
        scene.world.pass(90).await;
        assert_eq!(scene.stack.answers(&request), 1);
        assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
    }
}

#[tokio::test]
async fn line_24_an_answer_is_given_in_time_whenever_the_ticks_come() {
    // The ticks come at any second of the minute, and the slowest rate is overruled while an answer is owed.
    for late in [1, 20, 40, 59] {
        let scene = Scene::with_settings(&[("TICK_RATE", "rate(5 minutes)")]).await;
        scene.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_hours(5));
        let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
        scene.world.sim.advance(SignedDuration::from_secs(late));
        scene.send(&request).await.expect("ticks go on");
        let end = start().saturating_add(SignedDuration::from_secs(3600)).expect("in range");
        scene.world.run_until(end.saturating_sub(SignedDuration::from_secs(50)).expect("in range"), |_, _| {}).await;
        assert_eq!(status(&scene.answer(&request)), "FAILED", "{late}");
    }
}

#[tokio::test]
async fn line_25_a_request_that_comes_after_its_own_end_buys_nothing_and_ends_well() {
    for (timeout, hours) in [(3600, 1), (60, 1), (3600, 30)] {
        let scene = Scene::new().await;
        let request = scene.request("Create", &properties(json!({"ServiceTimeout": timeout})));
        scene.world.sim.advance(SignedDuration::from_hours(hours));
        scene.send(&request).await.expect("it ends well");
        scene.world.pass(5).await;
        assert!(scene.world.sim.history().is_empty() && scene.stored().is_none());
    }
}
