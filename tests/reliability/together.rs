//! Several commitments at the same moment: what only one of them can have, one of them gets.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rehearsal::cloudformation::Stack;
use rehearsal::{AGENT, ALIAS, Answer, MODEL, TABLE, World, commitment};
use serde_json::{Value, json};

/// Commitments that want to buy at once, and the model units that the deployment may hold.
const MANY: usize = 10;
const TOTAL: usize = 3;

fn start() -> Timestamp {
    "2026-11-16T00:00:00Z".parse().expect("an instant")
}

fn named(name: &str, more: Value) -> Value {
    let mut declared = commitment(more);
    declared["Name"] = json!(name);
    declared
}

/// What each of `events` is answered, all of them sent at the same moment.
async fn at_once(world: &World, events: Vec<Value>) -> Vec<Answer> {
    let sent = events.into_iter().map(|event| world.send(event));
    futures_util::future::join_all(sent).await
}

fn ledger(world: &World) -> Value {
    world.sim.item(TABLE, "ledger").map_or(json!(0), |ledger| ledger["Sum"].clone())
}

#[tokio::test]
async fn ten_commitments_that_buy_at_once_hold_three_model_units_and_the_next_waits_for_room() {
    let total = TOTAL.to_string();
    let world = World::with_settings(start(), &[("MAX_TOTAL_MODEL_UNITS", &total)]).await;
    world.sim.knobs(|knobs| knobs.quota = 100);
    let names: Vec<String> = (0..MANY).map(|number| format!("member-{number}")).collect();
    let closed = json!({"AgentAliases": [], "Timetable": {"Timezone": "UTC", "Windows": ["Sat 12:00-13:00"]}});
    for name in &names {
        world.send(json!({"Action": "Apply", "Commitment": named(name, closed.clone())})).await.expect("registered");
    }
    // Each has read that there is room before the first has reserved any.
    world.sim.meet(&["TransactWriteItems"], MANY);
    let up = |name: &String| json!({"Action": "ScaleUp", "Name": name});
    let _answers = at_once(&world, names.iter().map(up).collect()).await;
    world.pass(5).await;
    let held: BTreeSet<String> = world.sim.throughputs().into_iter().map(|one| one.name).collect();
    assert_eq!((held.len(), ledger(&world)), (TOTAL, json!(TOTAL)), "{held:?}");
    assert_eq!(world.sim.history().len(), TOTAL, "nothing was bought and deleted again");
    // Who has none says why.
    let buyer = |name: &&String| held.iter().any(|one| one.starts_with(&format!("{name}-")));
    let waits = names.iter().find(|name| !buyer(name)).expect("seven have none");
    let status = world.send(json!({"Action": "Status", "Name": waits})).await.expect("a report");
    assert!(status.to_string().contains("MAX_TOTAL_MODEL_UNITS"), "{status}");
    // One gives its unit up, and one more is bought.
    let gives = names.iter().find(buyer).expect("three have one");
    world.send(json!({"Action": "ScaleDown", "Name": gives})).await.expect("it is off");
    world.pass(60).await;
    let held = world.sim.throughputs();
    assert_eq!((held.len(), ledger(&world)), (TOTAL, json!(TOTAL)), "{held:?}");
    assert_eq!(world.sim.history().len(), TOTAL + 1);
}

#[tokio::test]
async fn of_two_that_declare_the_same_alias_at_once_one_is_registered_and_the_other_names_it() {
    let world = World::new(start()).await;
    world.sim.meet(&["TransactWriteItems"], 2);
    let apply = |name: &str| json!({"Action": "Apply", "Commitment": named(name, json!({}))});
    let answers = at_once(&world, vec![apply("one"), apply("other")]).await;
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.is_err()).collect();
    assert_eq!(refused.len(), 1, "{answers:?}");
    let winner = if answers[0].is_ok() { "one" } else { "other" };
    let error = refused[0].as_ref().expect_err("it is refused");
    assert_eq!(error.kind(), "NotAllowed");
    assert!(error.to_string().contains(&format!("is declared by commitment {winner}")), "{error}");
    let target = world.sim.item(TABLE, &format!("target/agent-alias/{AGENT}/{ALIAS}")).expect("it is claimed");
    assert_eq!(target["Commitment"], json!(winner));
    world.pass(45).await;
    let [bought] = &world.sim.throughputs()[..] else { panic!("one is bought: {:?}", world.sim.throughputs()) };
    assert!(bought.name.starts_with(&format!("{winner}-")) && bought.model_arn.contains(MODEL));
    assert_eq!(world.sim.alias(AGENT, ALIAS).route.as_ref(), Some(&bought.arn));
}

#[tokio::test]
async fn of_two_stacks_whose_names_are_equal_one_is_created_and_the_other_fails() {
    let stack = Stack::start("support").await;
    let world = stack.world(start(), &[]).await;
    let mut properties = commitment(json!({}));
    properties.as_object_mut().expect("an object").remove("Name");
    // Of both ids, with this logical id, the first eight digits of the digest are 506ea108.
    let of_stack = |number: &str| {
        let mut request = stack.request("Create", "Throughput", &properties, world.now());
        let id =
            format!("arn:aws:cloudformation:eu-central-1:123456789012:stack/support/0f1e2d3c-0000-4000-8000-{number}");
        request["StackId"] = json!(id);
        request
    };
    let [first, second] = ["000000012719", "000000044255"].map(of_stack);
    world.sim.meet(&["TransactWriteItems"], 2);
    let _answers = at_once(&world, vec![first.clone(), second.clone()]).await;
    world.pass(60).await;
    let told = [&first, &second].map(|request| stack.answer(request).expect("answered"));
    let statuses: BTreeSet<&str> = told.iter().filter_map(|answer| answer["Status"].as_str()).collect();
    assert_eq!(statuses, BTreeSet::from(["FAILED", "SUCCESS"]), "{told:?}");
    assert_eq!(told[0]["PhysicalResourceId"], told[1]["PhysicalResourceId"]);
    assert_eq!(world.sim.history().len(), 1, "one throughput was ever bought");
}
