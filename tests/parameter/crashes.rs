//! An invocation that dies: before or after each call that changes something in turn. Lambda delivers the request again, ticks go on.

use super::stacks::properties;
use super::*;

/// A world in which little time has to pass, and a stack whose answers it may send.
async fn quick() -> (Stack, World) {
    let stack = Stack::start("support").await;
    let world = stack.world(at("2026-11-16T00:00:00Z"), &[]).await;
    world.sim.knobs(|knobs| {
        knobs.creation_time = SignedDuration::from_mins(1);
        knobs.least_drain = SignedDuration::from_mins(1);
    });
    (stack, world)
}

/// The sample with a short drain.
fn short(mut more: Value) -> Value {
    more["Drain"] = json!("1m");
    more
}

/// Minutes after which every story is over.
const ENOUGH: i64 = 5;

/// What was asked for until nothing changed any more, when `event` is carried out undisturbed.
async fn undisturbed(world: &World, event: &Value) -> Vec<&'static str> {
    world.sim.clear_requests();
    let _answer = world.send(event.clone()).await;
    world.pass(ENOUGH).await;
    let mut operations = world.sim.operations();
    let changes = |name: &&str| !name.starts_with("Get") && !name.starts_with("List");
    let last = operations.iter().rposition(changes).expect("something was changed");
    operations.truncate(last + 1);
    operations
}

/// Carries `event` out, dies at the call `after`, with its effect or without; delivers it again, and lets ticks go on.
async fn survive(world: &World, event: &Value, after: usize, has_effect: bool) {
    world.sim.fall_silent(after, has_effect);
    let dead = world.sim.silent();
    tokio::pin!(dead);
    let mut died = tokio::select! { () = &mut dead => true, _ = world.send(event.clone()) => false };
    if !died {
        died = tokio::select! { () = &mut dead => true, () = world.pass(ENOUGH) => false };
    }
    if died {
        world.pass(1).await;
        let _answer = world.send(event.clone()).await;
        world.pass(ENOUGH).await;
    }
}

/// Which story is told.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Story {
    ScaleUp,
    ScaleDown,
    Resize,
    Rename,
    Create,
    Update,
    Delete,
}

impl Story {
    /// The world at its beginning, and what begins it.
    async fn begin(self) -> (Stack, World, Value) {
        let (stack, world) = quick().await;
        let by_hand = |action: &str| json!({"Action": action, "Commitment": declared(short(json!({})))});
        let request =
            |kind: &str, more: Value| stack.request(kind, "Throughput", &properties(short(more)), world.now());
        let (before, event) = match self {
            Self::ScaleUp => (None, by_hand("ScaleUp")),
            Self::ScaleDown => (Some(by_hand("ScaleUp")), by_hand("ScaleDown")),
            Self::Resize => (Some(apply(short(json!({})))), apply(short(json!({"ModelUnits": 2})))),
            Self::Rename => {
                (Some(apply(short(json!({})))), apply(short(json!({"ModelIdParameter": "/support/other"}))))
            }
            Self::Create => (None, Value::Null),
            Self::Update | Self::Delete => (Some(request("Create", json!({}))), Value::Null),
        };
        if let Some(before) = before {
            send(&world, before).await;
            world.pass(2).await;
            assert_eq!(value(&world), arn(&world), "{self:?}");
        }
        let event = match self {
            Self::Create => stack.request("Create", "Throughput", &properties(short(json!({}))), world.now()),
            Self::Update => {
                stack.request("Update", "Throughput", &properties(short(json!({"ModelUnits": 2}))), world.now())
            }
            Self::Delete => stack.request("Delete", "Throughput", &properties(short(json!({}))), world.now()),
            Self::ScaleUp | Self::ScaleDown | Self::Resize | Self::Rename => event,
        };
        (stack, world, event)
    }

    /// How it ends, whatever happened on the way.
    fn judge(self, world: &World, what: &str) {
        match self {
            Self::ScaleUp | Self::Create => {
                assert_eq!(world.sim.history().len(), 1, "{what}: bought once");
                assert_eq!(value(world), arn(world), "{what}");
            }
            Self::Resize | Self::Update => {
                assert_eq!(world.sim.history().len(), 2, "{what}: bought once");
                assert_eq!(world.sim.throughputs()[0].units, 2, "{what}");
                assert_eq!(value(world), arn(world), "{what}");
            }
            Self::Rename => {
                assert_eq!(value(world), ON_DEMAND, "{what}");
                let other = world.sim.parameter("/support/other").map(|other| other.value);
                assert_eq!(other, Some(arn(world)), "{what}");
            }
            Self::ScaleDown | Self::Delete => {
                assert_eq!(value(world), ON_DEMAND, "{what}");
                assert!(world.sim.throughputs().is_empty(), "{what}");
                assert_eq!(route(world), None, "{what}");
            }
        }
    }

    async fn dies_anywhere(self) {
        let (_stack, world, event) = self.begin().await;
        let operations = undisturbed(&world, &event).await;
        self.judge(&world, "undisturbed");
        assert!(operations.contains(&"PutParameter"), "{operations:?}");
        for (after, operation) in operations.into_iter().enumerate() {
            // To die at a look is to die after the change before it.
            if operation.starts_with("Get") || operation.starts_with("List") {
                continue;
            }
            for has_effect in [false, true] {
                let (_stack, world, event) = self.begin().await;
                survive(&world, &event, after, has_effect).await;
                self.judge(&world, &format!("{self:?} dies at call {after}, {operation}, {has_effect}"));
            }
        }
    }
}

#[tokio::test]
async fn a_scale_up_that_dies_anywhere_points_the_parameter_all_the_same() {
    Story::ScaleUp.dies_anywhere().await;
}

#[tokio::test]
async fn a_scale_down_that_dies_anywhere_points_the_parameter_away_before_anything_goes() {
    Story::ScaleDown.dies_anywhere().await;
}

#[tokio::test]
async fn a_resize_that_dies_anywhere_makes_before_it_breaks() {
    Story::Resize.dies_anywhere().await;
}

#[tokio::test]
async fn a_parameter_that_is_renamed_while_the_invocation_dies_is_let_go() {
    Story::Rename.dies_anywhere().await;
}

#[tokio::test]
async fn a_create_that_dies_anywhere_points_the_parameter_all_the_same() {
    Story::Create.dies_anywhere().await;
}

#[tokio::test]
async fn an_update_that_dies_anywhere_makes_before_it_breaks() {
    Story::Update.dies_anywhere().await;
}

#[tokio::test]
async fn a_delete_that_dies_anywhere_points_the_parameter_away_before_anything_goes() {
    Story::Delete.dies_anywhere().await;
}
