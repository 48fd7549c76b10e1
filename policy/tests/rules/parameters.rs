//! What a parameter is to hold, when it may be written, and what it keeps from going (docs/reference.md, "Callers without an
//! agent"). It is treated as one more alias.

use policy::observed::{CallErrorKind, Parameter, ThroughputStatus};
use policy::record::Owed;
use policy::timetable::State;
use serde_json::{Value, json};

use crate::scene::{
    BASE, CUSTOM, FOREIGN, NOTHING, PARAMETER, Scene, arn, at, commitment, error, parameter, request, with,
};
use crate::{Row, check, row};

const PROFILE: &str = "us.amazon.nova-lite-v1:0";
const ON_DEMAND: &str = "do    point /support/model-id at amazon.nova-lite-v1:0, on demand";

/// A commitment with a parameter and without an alias, whose throughput of one unit is in service.
fn pointing(more: &Value) -> Scene {
    Scene::new(&with(json!({"ModelIdParameter": PARAMETER, "AgentAliases": []}), more)).serves(1)
}

fn seen(scene: Scene, parameter_seen: Option<Parameter>) -> Scene {
    scene.but(|scene| {
        scene.observed.parameters.insert(parameter(PARAMETER), Ok(parameter_seen));
    })
}

fn unread(scene: Scene) -> Scene {
    scene.but(|scene| {
        scene.observed.parameters.insert(parameter(PARAMETER), Err(error(CallErrorKind::NoAnswer)));
    })
}

/// The parameter is declared no more.
fn dropped(scene: Scene) -> Scene {
    scene.but(|scene| scene.record.declared.declare(commitment(&json!({"AgentAliases": []}))))
}

fn not_ours_yet(scene: Scene) -> Scene {
    scene.but(|scene| scene.record.progress.own_parameters.clear())
}

fn rows() -> Vec<Row> {
    let plain = || pointing(&json!({}));
    let off = || pointing(&json!({"Drain": "0m"})).held(State::Off);
    let named = "wait  for /support/model-id to be seen pointed away from ONE";
    let unread_fails = "fail  cannot do it: NoAnswer: no";
    vec![
        row(1, "it is in service", plain().parameter(BASE, -3600), &["do    point /support/model-id at ONE"]),
        row(1, "it names it", plain().parameter("ONE", -3600), &["nothing to do"]),
        row(1, "somebody else writes it", plain().parameter("nonsense", 0), &["do    point /support/model-id at ONE"]),
        row(1, "it is missing", seen(plain(), None), &["do    point /support/model-id at ONE"]),
        row(
            2,
            "it is being created",
            plain().creates(1).parameter("nonsense", 0),
            &[ON_DEMAND, "wait  for ONE to be in service"],
        ),
        row(2, "it is off", off().parameter("ONE", -3600), &[ON_DEMAND, named]),
        row(
            2,
            "it is off, and another id is declared",
            pointing(&json!({"OnDemandModelId": PROFILE})).held(State::Off).parameter("ONE", 0),
            &["do    point /support/model-id at us.amazon.nova-lite-v1:0, on demand", named],
        ),
        row(
            2,
            "a custom model has nothing to be invoked on demand",
            pointing(&json!({ "ModelId": CUSTOM }))
                .has(1, |throughput, held| {
                    (throughput.model_arn, held.model_arn) = (CUSTOM.to_owned(), CUSTOM.to_owned());
                })
                .held(State::Off)
                .parameter("ONE", 0),
            &["do    point /support/model-id at off", named],
        ),
        row(
            14,
            "it is off and rejects",
            pointing(&json!({"WhenOff": "Reject", "OnDemandModelId": PROFILE})).held(State::Off).parameter("ONE", 0),
            &["do    point /support/model-id at off", named],
        ),
        row(2, "it cannot be read", unread(off()), &[named, unread_fails])
            .also("the drain does not begin", |plan| plan.progress.throughputs[&arn(1)].left.is_none()),
        row(
            2,
            "a list of values names it",
            seen(
                off(),
                Some(Parameter {
                    value: format!("one, {}", arn(1)),
                    kind: "StringList".to_owned(),
                    version: 1,
                    modified: None,
                }),
            ),
            &[
                named,
                "note  parameter /support/model-id is a StringList, and only a String can be kept: delete it, or declare another one",
            ],
        ),
        row(2, "it leads elsewhere", off().parameter(BASE, -3600), &["do    delete ONE"]),
        row(
            2,
            "a drain counts from its last change",
            pointing(&json!({})).held(State::Off).parameter(BASE, -60).remembers(1, |held| {
                held.left = Some(at(-3600));
            }),
            &["wait  for the last alias to have left ONE for 5m, until 00:04:00Z"],
        ),
        row(
            2,
            "a change of what is not ours does not count",
            not_ours_yet(pointing(&json!({})).held(State::Off).parameter("theirs", -60)).remembers(1, |held| {
                held.left = Some(at(-3600));
            }),
            &[
                "do    delete ONE",
                "note  parameter /support/model-id holds `theirs`, which is not ours: it is left alone; TakeOver lets it be overwritten",
            ],
        ),
        row(
            5,
            "looks miss what it names",
            plain().parameter("ONE", 0).misses(1, Ok(())),
            &["wait  for ONE to be seen again, or to be proven gone"],
        ),
        row(
            5,
            "looks miss what it would be pointed at",
            plain().parameter(BASE, -3600).misses(1, Ok(())),
            &["wait  for ONE to be seen again, or to be proven gone"],
        ),
        row(
            5,
            "AWS changes what it names",
            plain().parameter("ONE", 0).now_is(1, |throughput| {
                throughput.status = ThroughputStatus::Updating;
            }),
            &["nothing to do"],
        ),
        row(
            3,
            "another size is bought",
            pointing(&json!({}))
                .declares(&json!({"ModelUnits": 2, "ModelIdParameter": PARAMETER, "AgentAliases": []}))
                .parameter("ONE", 0),
            &["do    buy TWO: 2 model units of amazon.nova-lite-v1:0:24k, without a term"],
        ),
        row(
            8,
            "it names somebody else's at first",
            not_ours_yet(plain().parameter(FOREIGN, 0)),
            &[
                "note  parameter /support/model-id holds `FOREIGN`, which is not ours: it is left alone; TakeOver lets it be overwritten",
            ],
        ),
        row(
            8,
            "it names nothing at first",
            not_ours_yet(plain().parameter(NOTHING, 0)),
            &[
                "note  parameter /support/model-id holds `NOTHING`, which is not ours: it is left alone; TakeOver lets it be overwritten",
            ],
        ),
        row(
            8,
            "it holds the on-demand value at first",
            not_ours_yet(plain().parameter(BASE, 0)),
            &["do    point /support/model-id at ONE"],
        )
        .also("from then on it is ours", |plan| plan.progress.own_parameters.len() == 1),
        row(
            8,
            "it holds `off` at first",
            not_ours_yet(plain().parameter("off", 0)),
            &["do    point /support/model-id at ONE"],
        ),
        row(8, "it names ours at first", not_ours_yet(plain().parameter("ONE", 0)), &["nothing to do"]),
        row(
            8,
            "what it names is not known",
            plain().parameter(NOTHING, 0).but(|scene| {
                scene.observed.facts.throughputs.remove(NOTHING);
            }),
            &["ask   Throughput(\"NOTHING\")"],
        ),
        row(8, "it is dropped and names ours", dropped(plain().parameter("ONE", 0)), &[ON_DEMAND])
            .also("it is not free yet", |plan| plan.free.is_empty()),
        row(8, "it is dropped and names nothing of ours", dropped(plain().parameter(BASE, 0)), &["nothing to do"])
            .also("it is free and nobody's", |plan| plan.free.len() == 1 && plan.progress.own_parameters.is_empty()),
        row(
            8,
            "it is dropped and somebody else has written it",
            dropped(plain().parameter("theirs", 0)),
            &["nothing to do"],
        )
        .also("it is free", |plan| plan.free.len() == 1),
        row(
            8,
            "it is dropped and somebody else's throughput is named",
            dropped(plain().parameter(FOREIGN, 0)),
            &["nothing to do"],
        )
        .also("it is free", |plan| plan.free.len() == 1),
        row(8, "it is dropped and cannot be read", unread(dropped(plain())), &["nothing to do", unread_fails])
            .also("it is not free yet", |plan| plan.free.is_empty()),
        row(
            8,
            "it is dropped while a stack waits",
            dropped(plain().parameter(BASE, 0)).but(|scene| {
                scene.record.declared.owed = vec![Owed::to(&request("Update", 0), None)];
            }),
            &["nothing to do"],
        )
        .also("it is not free yet", |plan| plan.free.is_empty()),
        row(2, "it retires", plain().parameter("ONE", 0).retired(), &[ON_DEMAND, named])
            .also("it is not let go yet", |plan| !plan.let_go),
        row(
            14,
            "it retires, and rejects no more",
            pointing(&json!({"WhenOff": "Reject"})).parameter("off", 0).retired(),
            &[ON_DEMAND, "wait  for the last alias to have left ONE for 5m, until 00:05:00Z"],
        ),
    ]
}

#[test]
fn a_parameter_is_one_more_alias() {
    check(&rows());
}
