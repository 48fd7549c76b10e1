//! An invocation that dies: before or after each of its calls in turn. Lambda delivers the request again, ticks go on.

use super::*;

/// Where an invocation dies.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// At this call to AWS since the request, in the request's own invocation or in a tick's; with the call's effect or
    /// without.
    Call(usize, bool),
    /// While it answers; after the answer was taken or before.
    Answer(bool),
}

impl Scene {
    /// Delivers `request` and ticks for a while; what is under way dies at `death`. What dies with the request's
    /// own invocation is delivered once more, if `again`. Gives whether it died.
    async fn survive(&self, request: &Value, death: Death, again: bool) -> bool {
        match death {
            Death::Call(after, has_effect) => self.world.sim.fall_silent(after, has_effect),
            Death::Answer(taken) => {
                self.stack.sink.fault(if taken { SinkFault::Taken } else { SinkFault::Silence });
            }
        }
        let tries = self.stack.sink.tries();
        let dead = async {
            match death {
                Death::Call(..) => self.world.sim.silent().await,
                Death::Answer(_) => {
                    while self.stack.sink.tries() == tries {
                        tokio::task::yield_now().await;
                    }
                }
            }
        };
        tokio::pin!(dead);
        let mut died = tokio::select! { () = &mut dead => true, _ = self.send(request) => false };
        if died {
            self.world.pass(1).await;
            if again {
                let _answer = self.send(request).await;
            }
        } else {
            died = tokio::select! { () = &mut dead => true, () = self.world.pass(9) => false };
        }
        self.world.pass(9).await;
        died
    }

    /// The status that `request` was answered: one only, however often.
    fn only_status(&self, request: &Value, what: &str) -> String {
        let id = &request["RequestId"];
        let puts: Vec<Value> = self.stack.sink.puts().into_iter().map(|put| put.body).collect();
        let mut told: Vec<&str> = puts.iter().filter(|body| body["RequestId"] == *id).map(status).collect();
        assert!(!told.is_empty(), "{what}: nobody was answered");
        told.dedup();
        assert_eq!(told.len(), 1, "{what}: {puts:?}");
        told[0].to_owned()
    }

    fn unit_hours(&self) -> f64 {
        self.world.sim.billing().iter().map(|bill| bill.unit_hours).sum()
    }
}

/// Calls after which nothing is left but steady ticks.
const CALLS: usize = 30;

/// Every death of a request, until there is nothing left to die at.
fn deaths() -> impl Iterator<Item = Death> {
    let calls = (0..CALLS).flat_map(|after| [Death::Call(after, false), Death::Call(after, true)]);
    [Death::Answer(false), Death::Answer(true)].into_iter().chain(calls)
}

/// A scene in which little time has to pass.
async fn quick() -> Scene {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| {
        knobs.creation_time = SignedDuration::from_mins(2);
        knobs.round_up_hours = false;
    });
    scene
}

/// The same, with `properties` created and in service.
async fn quickly_created(properties: &Value) -> Scene {
    let scene = quick().await;
    let (_, answer) = scene.carry_out("Create", properties).await;
    assert_eq!(status(&answer), "SUCCESS", "{answer}");
    scene.world.pass(3).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    scene
}

#[tokio::test]
async fn a_create_that_dies_anywhere_is_created_once_and_answered() {
    for wait_for in ["Accepted", "InService"] {
        let declared = properties(json!({"WaitFor": wait_for}));
        for death in deaths() {
            let scene = quick().await;
            let request = scene.request("Create", &declared);
            let died = scene.survive(&request, death, true).await;
            let what = format!("{wait_for} {death:?}");
            assert_eq!(scene.only_status(&request, &what), "SUCCESS", "{what}");
            assert_eq!(scene.world.sim.history().len(), 1, "{what}: bought once");
            assert_eq!(scene.route(), Some(scene.arn()), "{what}");
            assert!(scene.is_registered(), "{what}");
            if !died {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_create_that_dies_and_is_never_delivered_again_leaves_nothing_that_nobody_knows() {
    for death in deaths() {
        let scene = quick().await;
        let request = scene.request("Create", &properties(json!({})));
        let died = scene.survive(&request, death, false).await;
        if scene.is_registered() {
            assert_eq!(scene.only_status(&request, &format!("{death:?}")), "SUCCESS");
            assert_eq!(scene.route(), Some(scene.arn()), "{death:?}");
        } else {
            assert!(scene.world.sim.history().is_empty(), "{death:?}");
        }
        if !died {
            break;
        }
    }
}

#[tokio::test]
async fn a_create_that_fails_and_dies_anywhere_is_answered_failed_and_leaves_nothing() {
    for death in deaths() {
        let scene = quick().await;
        scene.world.sim.knobs(|knobs| knobs.quota = 0);
        let request = scene.request("Create", &properties(json!({})));
        let died = scene.survive(&request, death, true).await;
        let what = format!("{death:?}");
        assert_eq!(scene.only_status(&request, &what), "FAILED", "{what}");
        assert!(scene.world.sim.history().is_empty() && !scene.is_registered(), "{what}");
        if !died {
            break;
        }
    }
}

#[tokio::test]
async fn an_update_that_dies_anywhere_makes_before_it_breaks_and_is_answered() {
    for wait_for in ["Accepted", "InService"] {
        let mut undisturbed = None;
        for death in std::iter::once(Death::Call(1000, false)).chain(deaths()) {
            let scene = quickly_created(&properties(json!({}))).await;
            let request = scene.request("Update", &properties(json!({"ModelUnits": 2, "WaitFor": wait_for})));
            let died = scene.survive(&request, death, true).await;
            let what = format!("{wait_for} {death:?}");
            assert_eq!(scene.only_status(&request, &what), "SUCCESS", "{what}");
            assert_eq!(scene.world.sim.history().len(), 2, "{what}: bought once");
            assert_eq!(scene.world.sim.throughputs()[0].units, 2, "{what}");
            assert_eq!(scene.route(), Some(scene.arn()), "{what}");
            let paid = scene.unit_hours() - if died { 2.0 / 60.0 } else { 0.0 };
            let usual = *undisturbed.get_or_insert(paid);
            assert!(paid < usual + 0.2, "{what}: {paid} in place of {usual}");
            if !died && !matches!(death, Death::Call(1000, _)) {
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_update_that_fails_and_dies_anywhere_is_answered_failed_and_what_was_stays() {
    for death in deaths() {
        let scene = quickly_created(&properties(json!({}))).await;
        scene.world.sim.knobs(|knobs| knobs.quota = 2);
        let before = scene.arn();
        let request = scene.request("Update", &properties(json!({"ModelUnits": 2})));
        let died = scene.survive(&request, death, true).await;
        let what = format!("{death:?}");
        assert_eq!(scene.only_status(&request, &what), "FAILED", "{what}");
        assert_eq!(scene.arn(), before, "{what}");
        assert_eq!(scene.route(), Some(before), "{what}");
        let stored = scene.stored().expect("registered");
        assert_eq!(stored["Tick"]["Commitment"]["ModelUnits"], json!(1), "{what}: {stored}");
        assert!(stored["Tick"].get("Owed").is_none(), "{what}");
        if !died {
            break;
        }
    }
}

#[tokio::test]
async fn a_delete_that_dies_anywhere_is_answered_and_nothing_is_left() {
    for on_delete in ["Retire", "Retain"] {
        for again in [true, false] {
            for death in deaths() {
                let scene = quickly_created(&properties(json!({"OnDelete": on_delete}))).await;
                scene.world.sim.knobs(|knobs| knobs.orphan_after = None);
                let request = scene.request("Delete", &properties(json!({"OnDelete": on_delete})));
                let paid = scene.unit_hours();
                let died = scene.survive(&request, death, again).await;
                let what = format!("{on_delete} {again} {death:?}");
                let told = again || !scene.is_registered();
                if told {
                    assert_eq!(scene.only_status(&request, &what), "SUCCESS", "{what}");
                    assert!(scene.has_tombstone(), "{what}");
                    if on_delete == "Retire" {
                        assert!(scene.world.sim.throughputs().is_empty(), "{what}");
                        assert_eq!(scene.route(), None, "{what}");
                        assert!(scene.unit_hours() < paid + 0.2, "{what}");
                    } else {
                        assert_eq!(scene.route(), Some(scene.arn()), "{what}");
                        assert!(scene.world.sim.throughputs()[0].tags.is_empty(), "{what}");
                    }
                }
                if !died {
                    break;
                }
            }
        }
    }
}
