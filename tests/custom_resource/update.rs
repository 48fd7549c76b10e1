//! Update: lines 26 to 32.

use super::*;

/// The second alias of the sample agent.
const SECOND: &str = "ALIAS00002";
/// Another size of context: another model to buy, for the same agents.
const LARGER_CONTEXT: &str = "amazon.nova-lite-v1:0:300k";

fn open() -> Value {
    json!({"Timezone": "UTC", "Windows": ["Mon 00:00-12:00", "Tue 12:00-13:00"]})
}

impl Scene {
    /// A scene in which `more` is in force with a second alias, of which the declaration may know.
    async fn with_second_alias(more: Value) -> Self {
        let scene = Self::new().await;
        scene.world.sim.add_alias(AGENT, SECOND, "3");
        let (_, answer) = scene.carry_out("Create", &properties(more)).await;
        assert_eq!(status(&answer), "SUCCESS", "{answer}");
        scene.world.pass(40).await;
        scene
    }

    fn second_route(&self) -> Option<String> {
        self.world.sim.alias(AGENT, SECOND).route
    }

    /// What is declared, as the record holds it.
    fn declared(&self) -> Value {
        self.stored().expect("registered")["Declared"]["Commitment"].clone()
    }

    /// An Update to `properties` is answered FAILED, once, and changes nothing that lasts; gives the reason.
    async fn update_fails(&self, properties: &Value) -> String {
        let (declared, arn, route) = (self.declared(), self.arn(), self.route());
        let (request, answer) = self.carry_out("Update", properties).await;
        assert_eq!(status(&answer), "FAILED", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], json!(self.name()));
        // What the refused declaration began is taken back.
        self.world.pass(45).await;
        assert_eq!(self.declared(), declared, "the earlier declaration is in force again");
        assert_eq!((self.arn(), self.route()), (arn, route));
        self.is_steady().await;
        assert_eq!(self.stack.answers(&request), 1);
        reason(&answer).to_owned()
    }
}

#[tokio::test]
async fn line_26_what_does_not_matter_changes_nothing_and_is_answered_with_everything() {
    let declared = json!({
        "ModelUnits": 3, "AgentAliases": [alias(ALIAS), alias(SECOND)], "Tags": {"team": "support", "stage": "prod"},
        "LeadTime": "60m",
    });
    let scene = Scene::with_second_alias(declared.clone()).await;
    let arn = scene.arn();
    let numbers = properties(declared.clone());
    let with = |more: Value| {
        let mut properties = properties(declared.clone());
        let (members, Value::Object(more)) = (properties.as_object_mut().expect("an object"), more) else { panic!() };
        members.extend(more);
        properties
    };
    for properties in [
        numbers,
        with(json!({"AgentAliases": [alias(SECOND), alias(ALIAS)]})),
        with(json!({"Tags": {"stage": "prod", "team": "support"}})),
        with(json!({"ServiceTimeout": 600})),
        with(json!({"LeadTime": "PT1H", "Drain": "5m", "WhenOff": "OnDemand", "TakeOver": false})),
        with(json!({"WaitFor": "InService"})),
    ] {
        scene.look_anew();
        let mut request = scene.request("Update", &properties);
        request["ResourceProperties"] = properties.clone();
        request["OldResourceProperties"] = rehearsal::cloudformation::as_strings(&properties);
        scene.send(&request).await.expect("it is carried out");
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "SUCCESS", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], json!(scene.name()));
        assert_eq!(
            answer["Data"],
            json!({
                "Name": scene.name(), "State": "On", "ModelUnits": "3", "ProvisionedModelArn": arn,
                "NextTransitionAt": "", "NextState": "",
            })
        );
        scene.world.pass(10).await;
        assert_eq!(scene.changes(), Vec::<&str>::new(), "{properties}");
        assert_eq!(scene.stack.answers(&request), 1);
    }
    scene.is_steady().await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn line_26_an_update_while_it_is_being_created_buys_nothing_more() {
    for wait_for in ["Accepted", "InService"] {
        let scene = Scene::new().await;
        scene.carry_out("Create", &properties(json!({}))).await;
        scene.world.pass(5).await;
        let (request, answer) = scene.carry_out("Update", &properties(json!({"WaitFor": wait_for}))).await;
        assert_eq!(status(&answer), "SUCCESS");
        assert_eq!(answer["Data"]["ProvisionedModelArn"], json!(scene.arn()));
        if wait_for == "InService" {
            assert_eq!(scene.route(), Some(scene.arn()), "not before it is in service");
        }
        scene.world.pass(40).await;
        assert_eq!(scene.route(), Some(scene.arn()));
        assert_eq!((scene.world.sim.history().len(), scene.stack.answers(&request)), (1, 1));
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn line_27_another_timetable_leaves_the_throughput_while_it_is_on() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.look_anew();
    let (_, answer) = scene.carry_out("Update", &properties(json!({"Timetable": open()}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    assert_eq!(
        (&answer["Data"]["NextTransitionAt"], &answer["Data"]["NextState"]),
        (&json!("2026-11-16T12:00:00Z"), &json!("Off"))
    );
    scene.world.pass(10).await;
    assert_eq!(scene.changes(), Vec::<&str>::new());
    assert_eq!(scene.route(), Some(scene.arn()));
    scene.world.run_until("2026-11-16T12:30:00Z".parse().expect("an instant"), |_, _| {}).await;
    assert!(scene.world.sim.throughputs().is_empty(), "the new timetable is in force");
    scene.is_steady().await;
}

#[tokio::test]
async fn line_27_a_timetable_that_says_off_now_lets_it_go_and_one_that_says_on_now_buys() {
    for wait_for in ["Accepted", "InService"] {
        let scene = Scene::created(&properties(json!({}))).await;
        let off = properties(json!({"Timetable": closed(), "WaitFor": wait_for}));
        let (request, answer) = scene.carry_out("Update", &off).await;
        assert_eq!((status(&answer), &answer["Data"]["State"]), ("SUCCESS", &json!("Off")));
        scene.world.pass(10).await;
        assert!(scene.world.sim.throughputs().is_empty() && scene.is_registered());
        assert_eq!(scene.route(), None);
        scene.is_steady().await;
        let on = properties(json!({"Timetable": open(), "WaitFor": wait_for}));
        let (again, answer) = scene.carry_out("Update", &on).await;
        assert_eq!((status(&answer), &answer["Data"]["State"]), ("SUCCESS", &json!("On")));
        assert_eq!(answer["Data"]["ProvisionedModelArn"], json!(scene.arn()));
        assert_eq!(answer["PhysicalResourceId"], json!(scene.name()));
        scene.world.pass(40).await;
        assert_eq!(scene.route(), Some(scene.arn()));
        assert_eq!(scene.world.sim.history().len(), 2);
        assert_eq!((scene.stack.answers(&request), scene.stack.answers(&again)), (1, 1));
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn line_28_another_size_or_model_is_made_before_the_old_one_is_broken() {
    for (wait_for, change) in [
        ("Accepted", json!({"ModelUnits": 2})),
        ("InService", json!({"ModelUnits": 2})),
        ("Accepted", json!({"ModelId": LARGER_CONTEXT})),
        ("InService", json!({"ModelId": LARGER_CONTEXT})),
    ] {
        let scene = Scene::created(&properties(json!({}))).await;
        let old = scene.arn();
        let mut declared = properties(change);
        declared["WaitFor"] = json!(wait_for);
        let request = scene.request("Update", &declared);
        scene.send(&request).await.expect("ticks go on");
        let new = scene.world.sim.history()[1].arn.clone();
        let until = scene.world.now().saturating_add(SignedDuration::from_mins(50)).expect("in range");
        let mut told = None;
        scene
            .world
            .run_until(until, |at, _| {
                let route = scene.route().expect("it is never without a throughput");
                if told.is_none() && scene.stack.answer(&request).is_some() {
                    told = Some((at, route));
                }
            })
            .await;
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "SUCCESS");
        assert_eq!(answer["PhysicalResourceId"], json!(scene.name()));
        let (_, route) = told.expect("it was told");
        if wait_for == "InService" {
            assert_eq!(
                (&route, &answer["Data"]["ProvisionedModelArn"]),
                (&new, &json!(new)),
                "not before it is routed"
            );
        } else {
            assert_eq!(route, old, "as soon as the purchase was accepted");
        }
        assert_eq!((scene.arn(), scene.route()), (new.clone(), Some(new)));
        assert_eq!((scene.world.sim.history().len(), scene.stack.answers(&request)), (2, 1));
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn line_29_an_alias_that_is_added_is_routed_and_one_that_is_dropped_is_let_go() {
    for wait_for in ["Accepted", "InService"] {
        let scene = Scene::with_second_alias(json!({})).await;
        let declared = properties(json!({"AgentAliases": [alias(SECOND)], "WaitFor": wait_for}));
        let (request, answer) = scene.carry_out("Update", &declared).await;
        assert_eq!(status(&answer), "SUCCESS");
        scene.world.pass(2).await;
        assert_eq!((scene.route(), scene.second_route()), (None, Some(scene.arn())));
        assert_eq!((scene.world.sim.history().len(), scene.stack.answers(&request)), (1, 1));
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn line_29_an_alias_that_is_dropped_while_it_rejects_accepts_again() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.may_reject = true);
    let off = |more: Value| {
        let mut properties = properties(json!({"Timetable": closed(), "WhenOff": "Reject"}));
        properties.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        properties
    };
    scene.carry_out("Create", &off(json!({}))).await;
    assert_eq!(scene.world.sim.alias(AGENT, ALIAS).invocation_state, "REJECT_INVOCATIONS");
    let (_, answer) = scene.carry_out("Update", &off(json!({"AgentAliases": []}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    scene.world.pass(2).await;
    assert_eq!(scene.world.sim.alias(AGENT, ALIAS).invocation_state, "ACCEPT_INVOCATIONS");
    scene.is_steady().await;
}

#[tokio::test]
async fn line_30_what_is_refused_before_anything_is_bought_changes_nothing_at_all() {
    let scene = Scene::created(&properties(json!({}))).await;
    let sim = &scene.world.sim;
    sim.add_agent_version(AGENT, "5", "us.amazon.nova-lite-v1:0");
    sim.add_alias(AGENT, "AAPROFILE0", "5");
    sim.add_alias(AGENT, "ISFOREIGN0", "3");
    let foreign = sim.add_throughput("somebody-elses", "amazon.nova-lite-v1:0:24k", 1, &[]);
    sim.change_alias(AGENT, "ISFOREIGN0", |alias| alias.route = Some(foreign));
    let declared = scene.declared();
    for (change, said) in [
        (json!({"ModelUnitz": 2}), "ModelUnitz"),
        (json!({"LeadTime": "soon"}), "LeadTime"),
        (json!({"Timetable": {"Timezone": "Asia/Atlantis", "Windows": []}}), "Asia/Atlantis"),
        (json!({"ModelUnits": 11}), "MAX_MODEL_UNITS"),
        (json!({"ModelId": "amazon.nova-pro-v1:0:24k"}), "amazon.nova-pro-v1:0"),
        (json!({"AgentAliases": [alias(ALIAS), alias("NOTTHERE00")]}), "NOTTHERE00"),
        (json!({"AgentAliases": [alias("TSTALIASID")]}), "TSTALIASID"),
        (json!({"AgentAliases": [alias("AAPROFILE0")]}), "inference profile"),
        (json!({"AgentAliases": [alias("ISFOREIGN0")]}), "TakeOver"),
    ] {
        for wait_for in ["Accepted", "InService"] {
            let mut refused = properties(change.clone());
            refused["WaitFor"] = json!(wait_for);
            scene.look_anew();
            let request = scene.request("Update", &refused);
            scene.send(&request).await.expect("FAILED is delivered");
            let answer = scene.answer(&request);
            assert_eq!(status(&answer), "FAILED", "{answer}");
            assert!(reason(&answer).contains(said), "{answer}");
            assert_eq!(answer["PhysicalResourceId"], json!(scene.name()));
            scene.world.pass(3).await;
            assert_eq!(scene.changes(), Vec::<&str>::new());
            assert_eq!(scene.declared(), declared);
            assert_eq!(scene.stack.answers(&request), 1);
        }
    }
    scene.is_steady().await;
}

#[tokio::test]
async fn line_16_what_was_refused_is_refused_again_though_the_reason_has_gone() {
    let scene = Scene::created(&properties(json!({}))).await;
    let sim = &scene.world.sim;
    let declared = scene.declared();
    let larger = properties(json!({"ModelUnits": 2, "AgentAliases": [alias(ALIAS), alias(SECOND)]}));
    let request = scene.request("Update", &larger);
    scene.send(&request).await.expect("FAILED is delivered");
    let refused = scene.answer(&request);
    assert_eq!(status(&refused), "FAILED", "{refused}");
    sim.add_alias(AGENT, SECOND, "3");
    scene.look_anew();
    scene.send(&request).await.expect("the same is delivered");
    let answers: Vec<Value> = scene.stack.sink.puts().into_iter().map(|put| put.body).collect();
    assert_eq!(answers[1..], [refused.clone(), refused], "after that of the Create");
    assert_eq!((scene.declared(), scene.changes()), (declared, vec![]));
    scene.is_steady().await;
    let (_, answer) = scene.carry_out("Update", &larger).await;
    assert_eq!(status(&answer), "SUCCESS", "who asks anew is judged anew: {answer}");
}

#[tokio::test]
async fn line_30_what_aws_refuses_leaves_the_earlier_declaration_in_force() {
    for (fault, code) in [
        (Fault::denied(), "bedrock:CreateProvisionedModelThroughput"),
        (Fault::Refuse { status: 400, code: "ValidationException", message: "not today" }, "not today"),
        (
            Fault::Refuse { status: 400, code: "ServiceQuotaExceededException", message: "no model units" },
            "ServiceQuotaExceededException",
        ),
    ] {
        for wait_for in ["Accepted", "InService"] {
            let scene = Scene::created(&properties(json!({}))).await;
            // For as long as the refused declaration is in force.
            scene.world.sim.fault("CreateProvisionedModelThroughput", 1000, fault.clone());
            let reason = scene.update_fails(&properties(json!({"ModelUnits": 2, "WaitFor": wait_for}))).await;
            assert!(reason.contains(code), "{reason}");
            assert_eq!(scene.world.sim.history().len(), 1);
        }
    }
}

#[tokio::test]
async fn line_30_quota_while_growing_or_shrinking_breaks_nothing() {
    for (before, after) in [(1, 2), (3, 1)] {
        for wait_for in ["Accepted", "InService"] {
            let scene = Scene::created(&properties(json!({"ModelUnits": before}))).await;
            scene.world.sim.knobs(|knobs| knobs.quota = before);
            let reason = scene.update_fails(&properties(json!({"ModelUnits": after, "WaitFor": wait_for}))).await;
            assert!(reason.contains("ServiceQuotaExceededException"), "{reason}");
            assert_eq!(scene.world.sim.history().len(), 1, "never broken before it is made");
        }
    }
}

#[tokio::test]
async fn line_30_aliases_of_a_refused_update_go_back_to_where_they_were() {
    for aliases in [json!([]), json!([alias(SECOND)]), json!([alias(ALIAS), alias(SECOND)])] {
        for wait_for in ["Accepted", "InService"] {
            let scene = Scene::with_second_alias(json!({})).await;
            scene.world.sim.knobs(|knobs| knobs.quota = 1);
            let refused = properties(json!({"ModelUnits": 2, "AgentAliases": aliases, "WaitFor": wait_for}));
            scene.update_fails(&refused).await;
            assert_eq!((scene.route(), scene.second_route()), (Some(scene.arn()), None));
        }
    }
}

#[tokio::test]
async fn line_30_while_a_term_runs_its_end_is_named_and_what_it_does_at_its_end_may_change() {
    let term = |more: Value| {
        let mut declared = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"});
        declared.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        properties(declared)
    };
    let scene = Scene::created(&term(json!({}))).await;
    let end = scene.world.sim.throughputs()[0].expiration.expect("a term has an end").to_string();
    for refused in [
        term(json!({"ModelUnits": 2})),
        term(json!({"CommitmentDuration": "SixMonths", "Purchase": "2026-11"})),
        term(json!({"ModelId": LARGER_CONTEXT})),
        properties(json!({})),
    ] {
        scene.look_anew();
        let reason = scene.update_fails(&refused).await;
        assert!(reason.contains(&end), "{reason}");
        assert_eq!(scene.changes(), Vec::<&str>::new());
    }
    let (_, answer) = scene.carry_out("Update", &term(json!({"AtTermEnd": "Retire"}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    scene.is_steady().await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn line_30_an_update_that_is_never_in_service_fails_a_minute_before_its_end() {
    for refuses in [Refuses::No, Refuses::Conflict, Refuses::Validation] {
        let scene = Scene::created(&properties(json!({}))).await;
        let (old, declared) = (scene.arn(), scene.declared());
        scene.world.sim.knobs(|knobs| {
            knobs.creation_time = SignedDuration::from_mins(80);
            knobs.delete_while_creating = refuses;
        });
        let request = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": "InService"})));
        scene.send(&request).await.expect("ticks go on");
        scene.world.pass(57).await;
        assert_eq!(scene.stack.answer(&request), None);
        scene.world.pass(2).await;
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "FAILED");
        assert!(reason(&answer).contains("to be in service"), "{answer}");
        let until = scene.world.now().saturating_add(SignedDuration::from_mins(60)).expect("in range");
        scene.world.run_until(until, |_, _| assert_eq!(scene.route().as_ref(), Some(&old))).await;
        assert_eq!((scene.arn(), scene.declared()), (old, declared));
        assert_eq!((scene.world.sim.history().len(), scene.stack.answers(&request)), (2, 1));
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn line_30_an_update_whose_throughput_fails_fails_with_its_reason() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.world.sim.fail_next_creation("no capacity in this Region");
    let reason = scene.update_fails(&properties(json!({"ModelUnits": 2, "WaitFor": "InService"}))).await;
    assert!(reason.contains("no capacity in this Region"), "{reason}");
    assert_eq!(scene.world.sim.history().len(), 2, "it is not bought again");
}

#[tokio::test]
async fn line_31_old_properties_of_any_form_are_never_read_strictly() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.look_anew();
    for old in [
        json!({"ModelUnitz": "many", "Windows": 3}),
        json!({"ModelUnits": "no number", "AgentAliases": "none", "Timetable": []}),
        json!({}),
        json!("text"),
        json!([1]),
        json!(null),
    ] {
        let mut request = scene.request("Update", &properties(json!({})));
        request["OldResourceProperties"] = old.clone();
        scene.send(&request).await.expect("it is carried out");
        assert_eq!(status(&scene.answer(&request)), "SUCCESS", "{old}");
    }
    assert_eq!(scene.changes(), Vec::<&str>::new());
    scene.is_steady().await;
}

#[tokio::test]
async fn line_31_the_rollback_of_an_update_that_failed_is_applied() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.world.sim.knobs(|knobs| knobs.quota = 1);
    let (_, answer) = scene.carry_out("Update", &properties(json!({"ModelUnits": 2}))).await;
    assert_eq!(status(&answer), "FAILED");
    let mut rollback = scene.request("Update", &properties(json!({})));
    rollback["OldResourceProperties"] = properties(json!({"ModelUnits": "2", "Colour": "red"}));
    let (_, answer) = scene.stack.carry_out(&scene.world, &rollback).await;
    assert_eq!(answer.as_ref().map(status), Some("SUCCESS"));
    assert_eq!(scene.route(), Some(scene.arn()));
    // What was refused may have been bought all the same, as far as anybody knows, for two minutes.
    scene.world.pass(3).await;
    scene.is_steady().await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn line_31_a_rollback_overtakes_an_update_whose_answer_is_owed() {
    for refuses in [Refuses::No, Refuses::Conflict] {
        for minutes in [0, 10] {
            let scene = Scene::created(&properties(json!({}))).await;
            scene.world.sim.knobs(|knobs| knobs.delete_while_creating = refuses);
            let old = scene.arn();
            let update = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": "InService"})));
            scene.send(&update).await.expect("ticks go on");
            scene.world.pass(minutes).await;
            let rollback = scene.request("Update", &properties(json!({"WaitFor": "InService"})));
            scene.send(&rollback).await.expect("it is carried out");
            assert_eq!(status(&scene.answer(&update)), "FAILED");
            let puts = scene.stack.sink.puts();
            let last: Vec<&str> = puts.iter().rev().take(2).map(|put| put.request.as_str()).collect();
            let ids = [&rollback, &update].map(|request| request["RequestId"].as_str().expect("an id"));
            assert_eq!(last, ids, "the older one is told first");
            assert_eq!(status(&scene.answer(&rollback)), "SUCCESS", "what is due is in service");
            let until = scene.world.now().saturating_add(SignedDuration::from_mins(60)).expect("in range");
            scene.world.run_until(until, |_, _| assert_eq!(scene.route().as_ref(), Some(&old))).await;
            assert_eq!(scene.arn(), old, "what the overtaken Update bought is gone");
            assert_eq!((scene.stack.answers(&update), scene.stack.answers(&rollback)), (1, 1));
            assert_eq!(scene.world.sim.history().len(), 2);
            scene.is_steady().await;
        }
    }
}

#[tokio::test]
async fn line_31_an_update_that_fails_after_it_overtook_one_leaves_what_was_before_both() {
    let scene = Scene::created(&properties(json!({}))).await;
    let (old, declared) = (scene.arn(), scene.declared());
    scene.world.sim.knobs(|knobs| knobs.quota = 3);
    let first = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": "InService"})));
    scene.send(&first).await.expect("ticks go on");
    scene.world.pass(5).await;
    let (second, answer) = scene.carry_out("Update", &properties(json!({"ModelUnits": 3}))).await;
    assert_eq!((status(&scene.answer(&first)), status(&answer)), ("FAILED", "FAILED"));
    scene.world.pass(60).await;
    assert_eq!((scene.declared(), scene.arn()), (declared, old.clone()));
    assert_eq!(scene.route(), Some(old));
    assert_eq!((scene.stack.answers(&first), scene.stack.answers(&second)), (1, 1));
    scene.is_steady().await;
}

#[tokio::test]
async fn line_31_a_rollback_in_the_middle_of_an_update_wins() {
    // The Update stays awake while its aliases settle; the rollback comes and goes in between.
    for change in [json!({"AgentAliases": [alias(SECOND)]}), json!({"AgentAliases": [alias(SECOND)], "ModelUnits": 2})]
    {
        let mut scene = Scene::with_second_alias(json!({})).await;
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
        let update = scene.request("Update", &properties(change));
        let dated = scene.world.now().saturating_add(SignedDuration::from_secs(1)).expect("in range");
        let rollback = scene.stack.request("Update", LOGICAL_ID, &properties(json!({})), dated);
        scene.world.handler = scene.interrupted_by(rollback.clone());
        let _whatever = scene.send(&update).await;
        scene.world.pass(60).await;
        assert_eq!(status(&scene.answer(&rollback)), "SUCCESS");
        assert_eq!((scene.stack.answers(&update), scene.stack.answers(&rollback)), (1, 1));
        assert_eq!(status(&scene.answer(&update)), "FAILED");
        assert_eq!((scene.route(), scene.second_route()), (Some(scene.arn()), None));
        assert_eq!(scene.world.sim.throughputs()[0].units, 1);
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn line_32_an_update_of_what_was_never_registered_registers_it_anew() {
    let scene = Scene::new().await;
    let (_, answer) = scene.carry_out("Update", &properties(json!({}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    assert_eq!(
        (&answer["Data"]["ProvisionedModelArn"], &answer["PhysicalResourceId"]),
        (&json!(scene.arn()), &json!(scene.name()))
    );
    scene.world.pass(40).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    scene.is_steady().await;
}

#[tokio::test]
async fn line_32_what_is_there_of_a_record_that_was_lost_is_found_again() {
    for (more, bought) in [(json!({}), 1), (json!({"ModelUnits": 2}), 2)] {
        let scene = Scene::created(&properties(json!({}))).await;
        scene.lose_record();
        let (request, answer) = scene.carry_out("Update", &properties(more)).await;
        assert_eq!(status(&answer), "SUCCESS");
        let until = scene.world.now().saturating_add(SignedDuration::from_mins(60)).expect("in range");
        scene.world.run_until(until, |_, _| assert!(scene.route().is_some())).await;
        assert_eq!(scene.route(), Some(scene.arn()));
        assert_eq!((scene.world.sim.history().len(), scene.stack.answers(&request)), (bought, 1));
        scene.is_steady().await;
    }
}

#[tokio::test]
async fn an_update_that_registers_anew_and_fails_deletes_nothing_that_was_in_service() {
    let scene = Scene::created(&properties(json!({}))).await;
    let arn = scene.arn();
    scene.lose_record();
    let (_, answer) = scene.carry_out("Update", &properties(json!({"ModelUnits": 11}))).await;
    assert_eq!(status(&answer), "FAILED");
    assert_eq!((scene.arn(), scene.route()), (arn.clone(), Some(arn)));
    let (_, answer) = scene.carry_out("Update", &properties(json!({}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    scene.is_steady().await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn an_update_removes_neither_a_hold_nor_an_override() {
    let scene = Scene::created(&properties(json!({"Timetable": closed()}))).await;
    let name = scene.name();
    scene.send(&json!({"Action": "ScaleUp", "Name": name})).await.expect("held on");
    scene.world.pass(40).await;
    let arn = scene.arn();
    scene.look_anew();
    let windows = json!({"Timezone": "UTC", "Windows": ["Wed 12:00-13:00"]});
    let (_, answer) = scene.carry_out("Update", &properties(json!({"Timetable": windows}))).await;
    assert_eq!((status(&answer), &answer["Data"]["State"]), ("SUCCESS", &json!("On")));
    assert_eq!(scene.changes(), Vec::<&str>::new());
    scene.is_steady().await;
    let off = json!({"Action": "Override", "Name": name, "State": "Off", "For": "3h"});
    scene.send(&off).await.expect("overridden");
    scene.world.pass(10).await;
    let (_, answer) = scene.carry_out("Update", &properties(json!({}))).await;
    assert_eq!((status(&answer), &answer["Data"]["State"]), ("SUCCESS", &json!("Off")));
    scene.is_steady().await;
    assert!(scene.world.sim.throughputs().is_empty());
    // Nor does one that fails.
    let (_, answer) = scene.carry_out("Update", &properties(json!({"ModelUnits": 11}))).await;
    assert_eq!(status(&answer), "FAILED");
    scene.is_steady().await;
    scene.send(&json!({"Action": "Resume", "Name": name})).await.expect("the override is gone, the hold is not");
    let report = scene.send(&json!({"Action": "Status", "Name": name})).await.expect("a report");
    assert_eq!(report["Desired"]["Because"], json!("scaled up"));
    scene.world.pass(45).await;
    assert_ne!(scene.arn(), arn);
    scene.is_steady().await;
}

#[tokio::test]
async fn an_update_that_is_delivered_twice_is_carried_out_once() {
    for wait_for in ["Accepted", "InService"] {
        let scene = Scene::created(&properties(json!({}))).await;
        let request = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": wait_for})));
        for _ in 0..2 {
            scene.send(&request).await.expect("it is carried out");
            scene.world.pass(1).await;
        }
        scene.world.pass(50).await;
        scene.send(&request).await.expect("it is carried out");
        let puts = scene.stack.sink.puts();
        let bodies: Vec<&Value> =
            puts.iter().filter(|put| request["RequestId"] == put.request.as_str()).map(|put| &put.body).collect();
        assert!(bodies.iter().all(|body| status(body) == "SUCCESS"), "{bodies:?}");
        assert_eq!(scene.world.sim.history().len(), 2);
        assert_eq!(scene.route(), Some(scene.arn()));
        scene.is_steady().await;
    }
}
