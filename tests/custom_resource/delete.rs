//! Delete: lines 33 to 35.

use super::*;

pub(super) const REFUSES: [Refuses; 3] = [Refuses::No, Refuses::Conflict, Refuses::Validation];

pub(super) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub(super) fn after(instant: Timestamp, minutes: i64) -> Timestamp {
    instant.saturating_add(self::minutes(minutes)).expect("in range")
}

pub(super) fn retained(more: &Value) -> Value {
    let mut declared = properties(json!({"OnDelete": "Retain", "Tags": {"team": "support"}}));
    declared.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    declared
}

impl Scene {
    /// A Delete is answered SUCCESS, once, with the derived name.
    pub(super) async fn delete(&self, properties: &Value) -> Value {
        let (request, answer) = self.carry_out("Delete", properties).await;
        self.succeeded(&request);
        answer
    }

    /// `request` was answered SUCCESS, once, with the derived name.
    pub(super) fn succeeded(&self, request: &Value) {
        let answer = self.answer(request);
        assert_eq!(status(&answer), "SUCCESS", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], json!(self.name()));
        assert_eq!(self.stack.answers(request), 1);
    }

    /// `request` was answered FAILED, once, with the derived name.
    pub(super) fn failed(&self, request: &Value) {
        let answer = self.answer(request);
        assert_eq!(status(&answer), "FAILED", "{answer}");
        assert_eq!(answer["PhysicalResourceId"], json!(self.name()));
        assert_eq!(self.stack.answers(request), 1);
    }

    /// A request that CloudFormation made `seconds` from now.
    pub(super) fn dated(&self, kind: &str, properties: &Value, seconds: i64) -> Value {
        let dated = self.world.now().saturating_add(SignedDuration::from_secs(seconds)).expect("in range");
        self.stack.request(kind, LOGICAL_ID, properties, dated)
    }

    /// The one throughput is as it was, in service with the alias on it, and bears no mark of ours; nothing else is left.
    pub(super) async fn is_retained(&self, arn: &str) {
        let throughputs = self.world.sim.throughputs();
        assert_eq!((throughputs.len(), throughputs[0].arn.as_str()), (1, arn));
        assert_eq!(throughputs[0].tags.iter().collect::<Vec<_>>(), [(&"team".to_owned(), &"support".to_owned())]);
        assert_eq!(self.route().as_deref(), Some(arn));
        assert!(!self.is_registered());
        self.look_anew();
        self.pass_well(121).await;
        assert!(self.world.sim.schedules().is_empty());
        assert_eq!(self.changes(), Vec::<&str>::new());
        assert_eq!(self.world.sim.history().len(), 1);
    }
}

#[tokio::test]
async fn line_33_aliases_off_drain_gone_tombstone_answer_and_two_hours_on_nothing() {
    for more in [
        json!({}),
        json!({"WaitFor": "InService", "Tags": {"team": "support"}}),
        json!({"Timetable": {"Timezone": "UTC", "Windows": ["Daily 00:00-24:00"]}}),
    ] {
        let scene = Scene::created(&properties(more.clone())).await;
        let request = scene.request("Delete", &properties(more));
        scene.look_anew();
        scene.send(&request).await.expect("ticks go on");
        assert_eq!((scene.route(), scene.stack.answer(&request)), (None, None), "not before it is gone");
        assert_eq!(scene.world.sim.throughputs().len(), 1, "a drain takes five minutes");
        scene.world.pass(4).await;
        assert_eq!((scene.world.sim.throughputs().len(), scene.stack.answer(&request)), (1, None));
        scene.world.pass(4).await;
        scene.succeeded(&request);
        let data = scene.answer(&request)["Data"].clone();
        assert_eq!((&data["State"], &data["ProvisionedModelArn"]), (&json!("Off"), &json!("")));
        assert_eq!((scene.calls("UpdateAgentAlias"), scene.calls("DeleteProvisionedModelThroughput")), (1, 1));
        scene.nothing_is_left().await;
        assert_eq!((scene.stack.answers(&request), scene.world.sim.history().len()), (1, 1));
    }
}

#[tokio::test]
async fn line_33_what_is_off_held_or_overridden_is_deleted_all_the_same() {
    for (declared, action) in [
        (json!({"Timetable": closed()}), None),
        (json!({"Timetable": closed()}), Some(json!({"Action": "ScaleUp"}))),
        (
            json!({"Timetable": closed()}),
            Some(json!({"Action": "Override", "State": "On", "ModelUnits": 2, "For": "20h"})),
        ),
        (json!({}), Some(json!({"Action": "ScaleDown"}))),
        (json!({"AgentAliases": []}), None),
    ] {
        let scene = Scene::created(&properties(declared.clone())).await;
        if let Some(mut action) = action {
            action["Name"] = json!(scene.name());
            scene.send(&action).await.expect("it is carried out");
            scene.world.pass(40).await;
        }
        scene.delete(&properties(declared)).await;
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn line_33_an_alias_that_rejects_accepts_again() {
    for timetable in [closed(), json!({"Timezone": "UTC", "Windows": ["Daily 00:00-24:00"]})] {
        let scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.may_reject = true);
        let declared = properties(json!({"WhenOff": "Reject", "Timetable": timetable}));
        scene.carry_out("Create", &declared).await;
        scene.world.pass(40).await;
        scene.delete(&declared).await;
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn line_33_a_drain_longer_than_the_request_is_finished_by_ticks() {
    let declared = properties(json!({"Drain": "90m"}));
    let scene = Scene::created(&declared).await;
    scene.world.sim.knobs(|knobs| knobs.least_drain = minutes(90));
    let request = scene.request("Delete", &declared);
    scene.send(&request).await.expect("ticks go on");
    scene.world.pass(57).await;
    assert_eq!(scene.stack.answer(&request), None);
    scene.world.pass(2).await;
    scene.succeeded(&request);
    assert_eq!((scene.route(), scene.world.sim.throughputs().len()), (None, 1));
    scene.world.pass(25).await;
    assert_eq!(scene.world.sim.throughputs().len(), 1);
    scene.world.pass(10).await;
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
    assert_eq!(scene.stack.answers(&request), 1);
    scene.pass_well(121).await;
    assert!(scene.world.sim.schedules().is_empty());
}

#[tokio::test]
async fn line_33_a_deletion_that_is_throttled_is_tried_again_and_answered_in_time() {
    let fault = Fault::throttled();
    for (times, until_end) in [(20, false), (100_000, true)] {
        let scene = Scene::created(&properties(json!({}))).await;
        scene.world.sim.fault("DeleteProvisionedModelThroughput", times, fault.clone());
        let request = scene.request("Delete", &properties(json!({})));
        let _throttled = scene.send(&request).await;
        scene.world.pass(59).await;
        scene.succeeded(&request);
        assert_eq!(scene.world.sim.throughputs().len(), usize::from(until_end));
        scene.world.sim.clear_faults();
        scene.world.pass(3).await;
        assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered(), "ticks finish");
        assert_eq!(scene.stack.answers(&request), 1);
    }
}

#[tokio::test]
async fn line_33_an_answer_that_cannot_be_delivered_for_a_while_is_delivered_once_and_then_it_is_buried() {
    for down in [3, 20, 50] {
        let scene = Scene::created(&properties(json!({}))).await;
        let request = scene.request("Delete", &properties(json!({})));
        scene.stack.sink.down_until(&scene.world.sim, after(scene.world.now(), down + 6));
        let _undelivered = scene.send(&request).await;
        scene.world.pass(down + 12).await;
        scene.succeeded(&request);
        scene.nothing_is_left().await;
        assert_eq!(scene.stack.answers(&request), 1);
    }
}

#[tokio::test]
async fn line_33_an_answer_that_nobody_ever_takes_keeps_nothing_registered() {
    let scene = Scene::created(&properties(json!({}))).await;
    let request = scene.request("Delete", &properties(json!({})));
    scene.stack.sink.down_until(&scene.world.sim, after(scene.world.now(), 24 * 60));
    let _undelivered = scene.send(&request).await;
    scene.world.pass(90).await;
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered(), "{:?}", scene.stored());
    scene.world.pass(121).await;
    assert!(scene.world.sim.schedules().is_empty());
}

#[tokio::test]
async fn line_34_a_throughput_that_is_already_gone_is_gone() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.world.sim.delete_throughput(&scene.world.sim.throughputs()[0].name);
    scene.delete(&properties(json!({}))).await;
    scene.nothing_is_left().await;
    assert_eq!(scene.world.sim.history().len(), 1);
}

#[tokio::test]
async fn line_34_an_alias_that_is_already_gone_holds_nothing_back() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.world.sim.remove_alias(AGENT, ALIAS);
    scene.delete(&properties(json!({}))).await;
    scene.world.sim.add_alias(AGENT, ALIAS, "3");
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn line_34_all_that_is_ours_is_found_although_the_record_is_lost() {
    for more in [json!({}), json!({"ModelUnitz": "an older form"}), json!({"LeadTime": "soon", "ModelUnits": 2})] {
        let scene = Scene::created(&properties(json!({}))).await;
        scene.lose_record();
        let request = scene.request("Delete", &properties(more));
        scene.send(&request).await.expect("ticks go on");
        assert_eq!(scene.route(), None);
        assert_eq!(scene.stack.answer(&request), None, "it drains");
        scene.world.pass(10).await;
        scene.succeeded(&request);
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn line_34_a_record_is_lost_and_the_throughput_or_the_alias_too() {
    for (throughput, alias) in [(true, false), (false, true), (true, true)] {
        let scene = Scene::created(&properties(json!({}))).await;
        scene.lose_record();
        if throughput {
            scene.world.sim.delete_throughput(&scene.world.sim.throughputs()[0].name);
        }
        if alias {
            scene.world.sim.remove_alias(AGENT, ALIAS);
        }
        scene.delete(&properties(json!({}))).await;
        assert!(scene.world.sim.throughputs().is_empty() && scene.has_tombstone());
        scene.pass_well(121).await;
        assert!(scene.world.sim.schedules().is_empty());
    }
}

#[tokio::test]
async fn line_34_a_record_that_is_lost_while_the_delete_is_under_way() {
    let scene = Scene::created(&properties(json!({}))).await;
    let request = scene.request("Delete", &properties(json!({})));
    scene.send(&request).await.expect("ticks go on");
    scene.world.pass(2).await;
    scene.lose_record();
    // The same again, as Lambda or CloudFormation may.
    scene.send(&request).await.expect("ticks go on");
    scene.world.pass(10).await;
    scene.succeeded(&request);
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn line_35_a_physical_id_that_was_made_up_is_the_same_as_the_derived_one() {
    for made_up in [json!("support-Throughput-1A2B3C4D5E6F"), json!(""), json!(null), json!({"a": 1})] {
        let scene = Scene::created(&properties(json!({}))).await;
        let mut request = scene.request("Delete", &properties(json!({})));
        request["PhysicalResourceId"] = made_up;
        let _within_its_hour = scene.stack.carry_out(&scene.world, &request).await;
        scene.succeeded(&request);
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn line_35_deleted_twice_is_deleted() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.delete(&properties(json!({}))).await;
    scene.world.pass(1).await;
    scene.look_anew();
    let (again, _) = scene.carry_out("Delete", &properties(json!({}))).await;
    scene.succeeded(&again);
    // And the same one that Lambda delivers again.
    scene.send(&again).await.expect("it is carried out");
    assert!(scene.stack.sink.puts().iter().rev().take(2).all(|put| status(&put.body) == "SUCCESS"));
    assert_eq!(scene.changes(), Vec::<&str>::new());
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn line_35_a_second_delete_while_the_first_is_under_way_overtakes_it() {
    let scene = Scene::created(&properties(json!({}))).await;
    let first = scene.request("Delete", &properties(json!({})));
    scene.send(&first).await.expect("ticks go on");
    // Twice the same is still one.
    scene.send(&first).await.expect("ticks go on");
    scene.world.pass(2).await;
    let second = scene.request("Delete", &properties(json!({})));
    scene.send(&second).await.expect("ticks go on");
    scene.failed(&first);
    scene.world.pass(10).await;
    scene.succeeded(&second);
    scene.nothing_is_left().await;
    assert_eq!((scene.stack.answers(&first), scene.stack.answers(&second)), (1, 1));
}

#[tokio::test]
async fn line_35_a_create_that_comes_after_its_delete_buys_nothing() {
    for (seconds, wait) in [(0, 0), (20, 0), (20, 30)] {
        let scene = Scene::new().await;
        let create = scene.request("Create", &properties(json!({})));
        scene.world.sim.advance(SignedDuration::from_secs(seconds));
        let delete = scene.request("Delete", &properties(json!({})));
        let _within_its_hour = scene.stack.carry_out(&scene.world, &delete).await;
        scene.succeeded(&delete);
        scene.world.pass(wait).await;
        for _ in 0..2 {
            scene.send(&create).await.expect("FAILED is delivered");
        }
        assert!(scene.stack.sink.puts().iter().skip(1).all(|put| status(&put.body) == "FAILED"));
        scene.nothing_is_left().await;
        assert!(scene.world.sim.history().is_empty());
        scene.succeeded(&delete);
    }
}

#[tokio::test]
async fn line_35_a_create_that_is_delivered_again_during_or_after_its_delete_buys_nothing() {
    for during in [true, false] {
        for wait_for in ["Accepted", "InService"] {
            let scene = Scene::new().await;
            let declared = properties(json!({"WaitFor": wait_for}));
            let (create, _) = scene.carry_out("Create", &declared).await;
            scene.world.run_until(after(start(), 40), |_, _| {}).await;
            let delete = scene.request("Delete", &declared);
            scene.send(&delete).await.expect("ticks go on");
            scene.world.pass(if during { 1 } else { 10 }).await;
            scene.send(&create).await.expect("it is answered");
            assert_eq!(
                scene.stack.sink.puts().last().map(|put| status(&put.body).to_owned()).as_deref(),
                Some("FAILED")
            );
            scene.world.pass(10).await;
            scene.succeeded(&delete);
            scene.nothing_is_left().await;
            assert_eq!(scene.world.sim.history().len(), 1);
        }
    }
}

#[tokio::test]
async fn line_35_a_create_that_is_delivered_again_after_a_delete_of_the_same_second_buys_nothing() {
    for wait_for in ["Accepted", "InService"] {
        let scene = Scene::new().await;
        let declared = properties(json!({"WaitFor": wait_for}));
        let (create, delete) = (scene.request("Create", &declared), scene.request("Delete", &declared));
        scene.send(&create).await.expect("it is carried out");
        let _refused = scene.send(&delete).await;
        scene.send(&create).await.expect("FAILED is delivered");
        assert_eq!(scene.stack.answer(&delete), None, "it goes on");
        let last = scene.stack.sink.puts().last().map(|put| status(&put.body).to_owned());
        assert_eq!(last.as_deref(), Some("FAILED"));
        scene.world.pass(45).await;
        scene.succeeded(&delete);
        scene.nothing_is_left().await;
        assert_eq!(scene.world.sim.history().len(), 1);
    }
}

#[tokio::test]
async fn line_35_a_delete_overtakes_a_create_whose_answer_is_owed() {
    for refuses in REFUSES {
        for wait in [0, 10, 34] {
            let scene = Scene::new().await;
            scene.world.sim.knobs(|knobs| knobs.delete_while_creating = refuses);
            let declared = properties(json!({"WaitFor": "InService"}));
            let create = scene.request("Create", &declared);
            scene.send(&create).await.expect("ticks go on");
            scene.world.pass(wait).await;
            let delete = scene.dated("Delete", &declared, 1);
            let _refused = scene.send(&delete).await;
            scene.failed(&create);
            scene.world.pass(50).await;
            scene.succeeded(&delete);
            assert!(scene.world.sim.throughputs().is_empty() && scene.has_tombstone());
            scene.send(&create).await.expect("FAILED is delivered");
            scene.nothing_is_left().await;
            assert_eq!(scene.world.sim.history().len(), 1);
            assert_eq!(scene.stack.answers(&delete), 1);
        }
    }
}

#[tokio::test]
async fn line_35_a_delete_that_comes_and_goes_in_the_middle_of_a_create() {
    for refuses in REFUSES {
        for wait_for in ["Accepted", "InService"] {
            let mut scene = Scene::new().await;
            scene.world.sim.knobs(|knobs| {
                knobs.may_reject = true;
                knobs.delete_while_creating = refuses;
            });
            // The Create stays awake until its alias rejects.
            let declared = properties(json!({"WaitFor": wait_for, "WhenOff": "Reject"}));
            let create = scene.request("Create", &declared);
            let delete = scene.dated("Delete", &declared, 1);
            scene.world.handler = scene.interrupted_by(delete.clone());
            let _whatever = scene.send(&create).await;
            scene.failed(&create);
            scene.world.pass(45).await;
            scene.succeeded(&delete);
            scene.failed(&create);
            scene.nothing_is_left().await;
            assert_eq!(scene.world.sim.history().len(), 1);
        }
    }
}

#[tokio::test]
async fn line_35_a_delete_that_comes_while_the_create_is_being_answered() {
    for refuses in REFUSES {
        let mut scene = Scene::new().await;
        scene.world.sim.knobs(|knobs| knobs.delete_while_creating = refuses);
        let create = scene.request("Create", &properties(json!({})));
        let delete = scene.dated("Delete", &properties(json!({})), 1);
        scene.stack.sink.fault(SinkFault::Status(503));
        scene.world.handler = scene.interrupted_by(delete.clone());
        let _whatever = scene.send(&create).await;
        scene.world.pass(45).await;
        scene.succeeded(&delete);
        let puts = scene.stack.sink.puts();
        let told: Vec<&str> = puts
            .iter()
            .filter(|put| create["RequestId"] == put.request.as_str())
            .map(|put| status(&put.body))
            .collect();
        assert!(
            !told.is_empty() && told.iter().all(|one| *one == told[0]),
            "never one thing and then another: {told:?}"
        );
        scene.nothing_is_left().await;
        assert_eq!(scene.world.sim.history().len(), 1);
    }
}

#[tokio::test]
async fn line_35_a_delete_meets_a_create_inside_its_calls() {
    // Whatever the Create is calling, the Delete's first write or look arrives at the same time.
    let create_calls =
        ["CreateProvisionedModelThroughput", "CreateSchedule", "GetProvisionedModelThroughput", "GetAgentAlias"];
    for call in create_calls {
        for refuses in [Refuses::No, Refuses::Conflict] {
            let scene = Scene::new().await;
            scene.world.sim.knobs(|knobs| knobs.delete_while_creating = refuses);
            let create = scene.request("Create", &properties(json!({})));
            let delete = scene.dated("Delete", &properties(json!({})), 1);
            let under_way = async {
                while !scene.world.sim.operations().contains(&call) {
                    tokio::task::yield_now().await;
                }
                scene.send(&delete).await
            };
            let (_created, _deleted) = tokio::join!(scene.send(&create), under_way);
            scene.world.pass(50).await;
            scene.succeeded(&delete);
            assert_eq!(scene.stack.answers(&create), 1, "{call} {refuses:?}");
            scene.nothing_is_left().await;
            assert!(scene.world.sim.history().len() <= 1, "{call}");
        }
    }
}

#[tokio::test]
async fn line_35_a_delete_writes_its_tombstone_while_the_create_registers() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
    // Both have read that nothing is there.
    scene.world.sim.meet(&["TransactWriteItems"], 2);
    let create = scene.request("Create", &properties(json!({})));
    let delete = scene.dated("Delete", &properties(json!({})), 1);
    let (_created, _deleted) = tokio::join!(scene.send(&create), scene.send(&delete));
    scene.world.pass(50).await;
    scene.succeeded(&delete);
    assert_eq!(scene.stack.answers(&create), 1);
    assert!(scene.world.sim.throughputs().is_empty() && scene.has_tombstone(), "{:?}", scene.stored());
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn line_35_a_newer_create_takes_the_place_of_a_tombstone_that_then_says_nothing() {
    let scene = Scene::created(&properties(json!({}))).await;
    scene.delete(&properties(json!({}))).await;
    assert!(scene.has_tombstone());
    scene.world.pass(1).await;
    let (create, _) = scene.carry_out("Create", &properties(json!({}))).await;
    scene.succeeded(&create);
    scene.world.pass(40).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    scene.pass_well(130).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    assert_eq!(scene.world.sim.history().len(), 2);
    scene.is_steady().await;
}
