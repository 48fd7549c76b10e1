//! Rule 7: look, then touch. Rule 8: not ours.

use policy::observed::{AliasStatus, CallErrorKind, Parameter};
use policy::plan::{Action, Expected, Route};
use serde_json::json;

use crate::scene::{FOREIGN, PARAMETER, Scene, alias, arn, error, parameter, timetable};
use crate::{Row, check, row};

fn on() -> Scene {
    Scene::new(&json!({}))
}

pub(crate) fn rule_7() -> Vec<Row> {
    let two = json!([
        {"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}, {"AgentId": "ABCDEFGHIJ", "AgentAliasId": "ALIAS00002"},
    ]);
    vec![
        row(7, "an alias goes to a throughput", on().serves(1), &["do    route X version 3 to ONE"]).also(
            "it has to be where it was, of the version that was compared",
            |plan| {
                let expected = Expected { route: None, version: "3".to_owned(), version_matters: true };
                matches!(&plan.actions[..], [Action::Route { expected: one, .. }] if *one == expected)
            },
        ),
        row(
            7,
            "an alias leaves",
            Scene::new(&json!({"Timetable": timetable(false)})).serves(1).x("ONE"),
            &["do    route X version 3 to on-demand", "wait  for X to leave ONE"],
        )
        .also("its version may be any", |plan| {
            let expected = Expected { route: Some(arn(1)), version: "3".to_owned(), version_matters: false };
            matches!(&plan.actions[..], [Action::Route { expected: one, to: Route::OnDemand, .. }] if *one == expected)
        }),
        row(
            7,
            "the version of one of two aliases is of another model",
            Scene::new(&json!({ "AgentAliases": two }))
                .serves(1)
                .sees(&alias("Y"), |alias| {
                    alias.version = Some("2".to_owned());
                })
                .but(|scene| {
                    let other = Ok("meta.llama3-1-8b-instruct-v1:0".to_owned());
                    scene.observed.facts.version_models.insert(("ABCDEFGHIJ".to_owned(), "2".to_owned()), other);
                }),
            &[
                "do    route X version 3 to ONE",
                "note  alias Y version 2 stays off ONE: its model is meta.llama3-1-8b-instruct-v1:0, the throughput's is \
                 amazon.nova-lite-v1:0",
            ],
        ),
        row(
            7,
            "a parameter is pointed",
            Scene::new(&json!({"ModelIdParameter": PARAMETER, "AgentAliases": []})).serves(1).parameter("off", -3600),
            &["do    point /support/model-id at ONE"],
        )
        .also(
            "it has to hold what was seen",
            |plan| matches!(&plan.actions[..], [Action::Point { expected: Some(value), .. }] if value == "off"),
        ),
        row(
            7,
            "a parameter is made",
            Scene::new(&json!({"ModelIdParameter": PARAMETER, "AgentAliases": []})).serves(1).but(|scene| {
                scene.observed.parameters.insert(parameter(PARAMETER), Ok(None));
            }),
            &["do    point /support/model-id at ONE"],
        )
        .also("it has to be missing", |plan| matches!(plan.actions[..], [Action::Point { expected: None, .. }])),
        row(
            7,
            "a parameter is read as it was before it was written",
            Scene::new(&json!({"ModelIdParameter": PARAMETER, "AgentAliases": []}))
                .serves(1)
                .parameter("off", -3600)
                .but(|scene| scene.attempts.wrote(&parameter(PARAMETER), 8)),
            &["wait  for /support/model-id to show what was written"],
        ),
    ]
}

pub(crate) fn rule_8() -> Vec<Row> {
    let taking = || Scene::new(&json!({"TakeOver": true}));
    let foreign = "note  alias X is routed to FOREIGN, which is not ours: it is left alone; TakeOver lets it leave";
    let pointed = |more: &serde_json::Value, value: &str| {
        let more = crate::scene::with(json!({"ModelIdParameter": PARAMETER, "AgentAliases": []}), more);
        Scene::new(&more).serves(1).parameter(value, -3600).but(|scene| scene.record.progress.own_parameters.clear())
    };
    vec![
        row(8, "a route to somebody else's", on().serves(1).x(FOREIGN), &[foreign]),
        row(8, "it may be taken over", taking().serves(1).x(FOREIGN), &["do    route X version 3 to ONE"]),
        row(
            8,
            "it may be taken over, and goes",
            taking().serves(1).x(FOREIGN).retired(),
            &["wait  for the last alias to have left ONE for 5m, until 00:05:00Z"],
        ),
        row(
            8,
            "nobody has asked whose it is",
            on().serves(1).x(FOREIGN).but(|scene| {
                scene.observed.facts.throughputs.remove(FOREIGN);
            }),
            &["ask   Throughput(\"FOREIGN\")"],
        ),
        row(8, "a route to nothing", on().serves(1).x(crate::scene::NOTHING), &["do    route X version 3 to ONE"]),
        row(
            8,
            "a route to nothing while it is off",
            Scene::new(&json!({"Timetable": timetable(false)})).x(crate::scene::NOTHING),
            &["do    route X version 3 to on-demand"],
        ),
        row(
            8,
            "a dropped alias is somebody else's by now",
            on().x(FOREIGN).declares(&json!({"AgentAliases": []})).serves(1),
            &["nothing to do"],
        )
        .also("it is free", |plan| plan.free.len() == 1),
        row(
            8,
            "a dropped alias fails where somebody else has routed it",
            on().x_is(AliasStatus::Failed, FOREIGN).declares(&json!({"AgentAliases": []})).serves(1),
            &["note  alias X is FAILED on FOREIGN, which is not ours"],
        ),
        row(
            8,
            "a dropped alias is on ours",
            on().serves(1).x("ONE").declares(&json!({"AgentAliases": []})),
            &["do    route X version 3 to on-demand"],
        )
        .also("it is not free yet", |plan| plan.free.is_empty()),
        row(
            8,
            "a dropped alias is let go while a stack waits",
            on().x("on-demand").declares(&json!({"AgentAliases": []})).serves(1).but(|scene| {
                let request = crate::scene::request("Update", 0);
                scene.record.declared.owed = vec![policy::record::Owed::to(&request, None)];
            }),
            &["nothing to do"],
        )
        .also("it is not free yet", |plan| plan.free.is_empty()),
        row(
            8,
            "a parameter holds a foreign value",
            pointed(&json!({}), "theirs"),
            &[
                "note  parameter /support/model-id holds `theirs`, which is not ours: it is left alone; TakeOver lets it be \
               overwritten",
            ],
        ),
        row(
            8,
            "it may be taken over",
            pointed(&json!({"TakeOver": true}), "theirs"),
            &["do    point /support/model-id at ONE"],
        ),
        row(
            8,
            "a parameter of another kind",
            pointed(&json!({"TakeOver": true}), "theirs").but(|scene| {
                let secret =
                    Parameter { value: String::new(), kind: "SecureString".to_owned(), version: 1, modified: None };
                scene.observed.parameters.insert(parameter(PARAMETER), Ok(Some(secret)));
            }),
            &[
                "note  parameter /support/model-id is a SecureString, and only a String can be kept: delete it, or declare \
               another one",
            ],
        ),
        row(
            8,
            "it cannot be found out whose the throughput is that an alias names",
            on().serves(1).x(FOREIGN).but(|scene| {
                scene.observed.facts.throughputs.insert(FOREIGN.to_owned(), Err(error(CallErrorKind::NoAnswer)));
            }),
            &[foreign, "fail  cannot do it: NoAnswer: no"],
        ),
        row(
            8,
            "it is released",
            on().serves(1).x("ONE").released().but(|scene| {
                scene
                    .observed
                    .facts
                    .marks
                    .insert(arn(1), Ok(crate::scene::marks("support-agent", crate::scene::DEPLOYMENT)));
            }),
            &["do    release ONE: it stays, without our marks"],
        )
        .also("the aliases are let be", |plan| plan.let_go && !plan.nothing_left),
        row(
            8,
            "it is released, and no marks show: they may be late, or an invocation that died took them off",
            on().serves(1).x("ONE").released().but(|scene| {
                scene.observed.facts.marks.insert(arn(1), Ok(policy::observed::Marks::default()));
            }),
            &["do    release ONE: it stays, without our marks"],
        ),
    ]
}

#[test]
fn rule_07_look_then_touch() {
    check(&rule_7());
}

#[test]
fn rule_08_not_ours() {
    check(&rule_8());
}
