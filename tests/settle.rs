//! From any state, steady ticks settle and then do nothing.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use rehearsal::{AGENT, ALIAS, GROUP, MODEL, World, commitment};
use serde_json::{Value, json};
use simulator::{COMMITMENT_TAG, DEPLOYMENT_TAG, Fault, Refuses, SpentToken};

const NAME: &str = "support-agent";
const OTHER_ALIAS: &str = "ALIAS00002";

/// Something that happens.
#[derive(Debug, Clone)]
enum Happening {
    Minutes(i64),
    Request(Value),
    SomebodyDeletesAThroughput,
    SomebodyReroutesAnAlias(&'static str, bool),
    SomebodyMovesAnAliasToAnotherVersion(&'static str),
    NextCreationFails,
    NextAliasUpdateFails,
    Fault(&'static str, u32, Fault),
    AForeignThroughput,
}

fn declaration() -> impl Strategy<Value = Value> {
    let windows = prop_oneof![
        Just(json!(null)),
        Just(json!({"Timezone": "UTC", "Windows": ["Daily 00:20-02:00"]})),
        Just(
            json!({"Timezone": "UTC", "Windows": ["Daily 00:00-01:00", {"Window": "Daily 00:40-01:30", "ModelUnits": 2}]})
        ),
        Just(json!({"Timezone": "Europe/Berlin", "Windows": ["Mon 05:00-05:10"]})),
    ];
    let aliases = prop_oneof![Just(vec![ALIAS]), Just(vec![ALIAS, OTHER_ALIAS]), Just(vec![OTHER_ALIAS]), Just(vec![])];
    (1..=3_u32, windows, aliases, proptest::bool::ANY, prop_oneof![Just("0m"), Just("30m"), Just("1h")]).prop_map(
        |(units, windows, aliases, rejects, lead)| {
            let aliases: Vec<Value> =
                aliases.iter().map(|alias| json!({"AgentId": AGENT, "AgentAliasId": alias})).collect();
            commitment(json!({
                "ModelUnits": units,
                "Timetable": windows,
                "AgentAliases": aliases,
                "WhenOff": if rejects { "Reject" } else { "OnDemand" },
                "LeadTime": lead,
                "TakeOver": true,
            }))
        },
    )
}

fn request() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => declaration().prop_map(|declared| json!({"Action": "Apply", "Commitment": declared})),
        1 => declaration().prop_map(|declared| json!({"Action": "ScaleUp", "Commitment": declared})),
        1 => Just(json!({"Action": "ScaleDown", "Name": NAME})),
        1 => Just(json!({"Action": "Resume", "Name": NAME})),
        1 => Just(json!({"Action": "Retire", "Name": NAME})),
        1 => (1..=3_u32).prop_map(
            |units| json!({"Action": "Override", "Name": NAME, "State": "On", "ModelUnits": units, "For": "70m"})
        ),
        1 => Just(json!({"Action": "Override", "Name": NAME, "State": "Off", "For": "30m"})),
    ]
}

fn fault() -> impl Strategy<Value = Happening> {
    let operation = proptest::sample::select(vec![
        "CreateProvisionedModelThroughput",
        "ListProvisionedModelThroughputs",
        "GetProvisionedModelThroughput",
        "DeleteProvisionedModelThroughput",
        "ListTagsForResource",
        "GetAgentAlias",
        "UpdateAgentAlias",
        "GetAgentVersion",
        "UpdateSchedule",
        "GetSchedule",
    ]);
    let fault = prop_oneof![
        Just(Fault::throttled()),
        Just(Fault::denied()),
        Just(Fault::LoseAnswer),
        Just(Fault::Drop),
        Just(Fault::Slow(SignedDuration::from_secs(20))),
    ];
    (operation, 1..=6_u32, fault).prop_map(|(operation, times, fault)| Happening::Fault(operation, times, fault))
}

fn happening() -> impl Strategy<Value = Happening> {
    let alias = prop_oneof![Just(ALIAS), Just(OTHER_ALIAS)];
    prop_oneof![
        4 => (1..=50_i64).prop_map(Happening::Minutes),
        4 => request().prop_map(Happening::Request),
        1 => Just(Happening::SomebodyDeletesAThroughput),
        1 => (alias.clone(), proptest::bool::ANY).prop_map(|(alias, off)| Happening::SomebodyReroutesAnAlias(alias, off)),
        1 => alias.prop_map(Happening::SomebodyMovesAnAliasToAnotherVersion),
        1 => Just(Happening::NextCreationFails),
        1 => Just(Happening::NextAliasUpdateFails),
        2 => fault(),
        1 => Just(Happening::AForeignThroughput),
    ]
}

/// Where AWS's documentation leaves room.
#[derive(Debug, Clone)]
struct Room {
    delete_while_creating: Refuses,
    spent_token: SpentToken,
    lag: i64,
    quota: u32,
}

fn room() -> impl Strategy<Value = Room> {
    let refuses = prop_oneof![Just(Refuses::No), Just(Refuses::Conflict), Just(Refuses::Validation)];
    let spent = prop_oneof![Just(SpentToken::ReturnsOld), Just(SpentToken::BuysAnew)];
    (refuses, spent, prop_oneof![Just(0), Just(30), Just(90)], prop_oneof![Just(3_u32), Just(20)]).prop_map(
        |(delete_while_creating, spent_token, lag, quota)| Room { delete_while_creating, spent_token, lag, quota },
    )
}

async fn play(room: &Room, happenings: &[Happening]) -> Result<(), String> {
    let world = World::new("2026-11-16T00:00:00Z".parse().map_err(said)?).await;
    world.sim.add_alias(AGENT, OTHER_ALIAS, "3");
    world.sim.add_agent_version(AGENT, "4", MODEL);
    world.sim.knobs(|knobs| {
        knobs.delete_while_creating = room.delete_while_creating;
        knobs.spent_token = room.spent_token;
        knobs.list_lag = SignedDuration::from_secs(room.lag);
        knobs.get_lag = SignedDuration::from_secs(room.lag);
        knobs.quota = room.quota;
        knobs.may_reject = true;
    });
    for happening in happenings {
        let throughputs = world.sim.throughputs();
        match happening {
            Happening::Minutes(minutes) => world.pass(*minutes).await,
            Happening::Request(event) => {
                let _answer = world.send(event.clone()).await;
            }
            Happening::SomebodyDeletesAThroughput => {
                if let Some(one) = throughputs.first() {
                    world.sim.delete_throughput(&one.name);
                }
            }
            Happening::SomebodyReroutesAnAlias(alias, off) => {
                // Of an alias that nobody declared we cannot know.
                let record = world.sim.item(rehearsal::TABLE, &format!("commitment/{NAME}"));
                let declared = record.is_some_and(|record| record.to_string().contains(alias));
                let route = throughputs.first().map(|one| one.arn.clone()).filter(|_| declared && !off);
                world.sim.change_alias(AGENT, alias, |alias| alias.route = route);
            }
            Happening::SomebodyMovesAnAliasToAnotherVersion(alias) => {
                world.sim.change_alias(AGENT, alias, |alias| "4".clone_into(&mut alias.version));
            }
            Happening::NextCreationFails => world.sim.fail_next_creation("no capacity"),
            Happening::NextAliasUpdateFails => world.sim.fail_next_alias_update("no access"),
            Happening::Fault(operation, times, fault) => world.sim.fault(operation, *times, fault.clone()),
            Happening::AForeignThroughput => {
                world.sim.add_throughput("support-agent-abcdef", "amazon.nova-lite-v1:0:24k", 1, &[]);
            }
        }
    }
    world.sim.clear_faults();
    world.sim.knobs(|knobs| knobs.quota = 20);
    // Whatever was forgotten may have left nothing behind; what is registered is brought to a standstill: no window
    // opens for a day, or it is always on.
    if world.sim.schedule(GROUP, NAME).is_some() {
        let always = commitment(json!({"TakeOver": true}));
        world.send(json!({"Action": "Apply", "Commitment": always})).await.map_err(said)?;
    }
    for _ in 0..12 {
        world.pass(10).await;
        if settled(&world).await.is_ok() {
            break;
        }
    }
    // And so it stays.
    world.pass(20).await;
    settled(&world).await
}

async fn settled(world: &World) -> Result<(), String> {
    let ours =
        |one: &simulator::Throughput| one.tags.contains_key(DEPLOYMENT_TAG) && one.tags.contains_key(COMMITMENT_TAG);
    let ours: Vec<_> = world.sim.throughputs().into_iter().filter(ours).collect();
    if world.sim.schedule(GROUP, NAME).is_none() {
        return if ours.is_empty() { Ok(()) } else { Err(format!("left behind: {ours:?}")) };
    }
    world.sim.clear_requests();
    for _ in 0..3 {
        let report = world.tick(NAME).await.map_err(said)?;
        if report["Settled"] != json!(true) {
            return Err(format!("not settled: {report}"));
        }
    }
    let expected = ["GetAgentAlias", "GetItem", "ListProvisionedModelThroughputs"].repeat(3);
    let mut operations = world.sim.operations();
    if world.sim.throughputs().len() > ours.len() {
        // Whose something of our name is has to be asked each time: it may be marked as ours at any moment.
        operations.retain(|operation| *operation != "ListTagsForResource");
    }
    for tick in operations.chunks_mut(3) {
        tick.sort_unstable();
    }
    if operations != expected {
        return Err(format!("steady ticks asked for {operations:?}"));
    }
    match &ours[..] {
        [one] if world.sim.alias(AGENT, ALIAS).route.as_ref() == Some(&one.arn) => Ok(()),
        _ => Err(format!("{ours:?} and {:?}", world.sim.alias(AGENT, ALIAS))),
    }
}

fn said(error: impl Debug) -> String {
    format!("{error:?}")
}

#[test]
fn from_any_state_steady_ticks_settle_and_then_do_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config =
        Config { cases: 25, failure_persistence: None, rng_seed: RngSeed::Fixed(20_261_116), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&(room(), vec(happening(), 3..14)), |(room, happenings)| {
        let played = runtime.block_on(play(&room, &happenings));
        played.map_err(proptest::test_runner::TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[tokio::test]
async fn an_instant_in_which_nothing_is_registered_is_settled() {
    let world = World::new(Timestamp::UNIX_EPOCH).await;
    world.pass(5).await;
    assert_eq!(world.sim.operations(), Vec::<&str>::new());
}
