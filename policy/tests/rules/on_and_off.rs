//! Rule 1: what happens when it is on. Rule 2: what happens when it is off.

use policy::observed::{AliasStatus, CallErrorKind, ThroughputStatus};
use policy::plan::{Action, Expected, Route};
use policy::timetable::State;
use serde_json::json;

use crate::scene::{FOREIGN, Scene, alias, arn, at, timetable};
use crate::{Row, check, row};

fn on() -> Scene {
    Scene::new(&json!({}))
}

fn unknown_word() -> ThroughputStatus {
    ThroughputStatus::Unknown("Hibernating".to_owned())
}

pub(crate) fn rule_1() -> Vec<Row> {
    vec![
        row(1, "nothing is there", on(), &["do    buy ONE: 1 model unit of amazon.nova-lite-v1:0:24k, without a term"])
            .also("it is wanted and nothing serves yet", |plan| plan.wants && plan.serving.is_none()),
        row(1, "it is being created", on().creates(1), &["wait  for ONE to be in service"])
            .also("it is the one that comes", |plan| plan.serving == Some(arn(1))),
        row(1, "it is in service", on().serves(1), &["do    route X version 3 to ONE"]).also(
            "the version that was compared is the one that is expected",
            |plan| {
                let expected = Expected { route: None, version: "3".to_owned(), version_matters: true };
                matches!(&plan.actions[..], [Action::Route { expected: one, .. }] if *one == expected)
            },
        ),
        row(1, "the alias settles", on().serves(1).x_is(AliasStatus::Updating, "ONE"), &["wait  for X to settle"])
            .also("it is not ready", |plan| !plan.progress.ready),
        row(1, "the alias is on it", on().serves(1).x("ONE"), &["nothing to do"])
            .also("it is settled and ready", |plan| plan.settled() && plan.progress.ready),
        row(
            1,
            "the agent version is of another model",
            on().serves(1).but(|scene| {
                let other = Ok("meta.llama3-1-8b-instruct-v1:0".to_owned());
                scene.observed.facts.version_models.insert(("ABCDEFGHIJ".to_owned(), "3".to_owned()), other);
            }),
            &[
                "note  alias X version 3 stays off ONE: its model is meta.llama3-1-8b-instruct-v1:0, the throughput's is \
               amazon.nova-lite-v1:0",
            ],
        ),
        row(
            1,
            "the agent version has an inference profile",
            on().serves(1).but(|scene| {
                let profile = Ok("us.amazon.nova-lite-v1:0".to_owned());
                scene.observed.facts.version_models.insert(("ABCDEFGHIJ".to_owned(), "3".to_owned()), profile);
            }),
            &[
                "note  alias X version 3 stays off ONE: its model us.amazon.nova-lite-v1:0 is an inference profile, which \
               has no provisioned throughput",
            ],
        ),
        row(
            1,
            "the agent version is not known yet",
            on().serves(1).but(|scene| scene.observed.facts.version_models.clear()),
            &["ask   VersionModel { agent: \"ABCDEFGHIJ\", version: \"3\" }"],
        ),
        row(
            1,
            "an alias that is on it is not compared again",
            on().serves(1).x("ONE").but(|scene| scene.observed.facts.version_models.clear()),
            &["nothing to do"],
        ),
        row(
            1,
            "AWS changes what has served",
            on().serves(1).now_is(1, |throughput| throughput.status = ThroughputStatus::Updating).x("ONE"),
            &["nothing to do"],
        ),
        row(
            1,
            "what has served is in a status that nobody knows",
            on().serves(1).now_is(1, |throughput| throughput.status = unknown_word()).x("ONE"),
            &["nothing to do"],
        ),
        row(
            1,
            "what never served is in a status that nobody knows",
            on().creates(1).now_is(1, |throughput| throughput.status = unknown_word()),
            &["wait  for ONE to be in service"],
        ),
        row(
            1,
            "the base model of a custom model is the version's",
            Scene::new(&json!({ "ModelId": crate::scene::CUSTOM })).has(1, |throughput, held| {
                crate::scene::CUSTOM.clone_into(&mut throughput.model_arn);
                crate::scene::CUSTOM.clone_into(&mut held.model_arn);
            }),
            &["do    route X version 3 to ONE"],
        ),
        row(
            1,
            "somebody made the alias reject invocations on it",
            on().serves(1).sees(&alias("X"), |alias| {
                alias.throughput = Some(arn(1));
                alias.rejects = true;
            }),
            &["note  alias X rejects invocations on ONE, which is paid for: it was not us, and it is left so"],
        ),
    ]
}

fn off() -> Scene {
    Scene::new(&json!({"Timetable": timetable(false)})).serves(1)
}

fn left(seconds: i64) -> Scene {
    off().remembers(1, |held| held.left = Some(at(seconds)))
}

pub(crate) fn rule_2() -> Vec<Row> {
    let draining = "wait  for the last alias to have left ONE for 5m, until 00:05:00Z";
    let leaving = "wait  for X to leave ONE";
    vec![
        row(2, "the alias is on it", off().x("ONE"), &["do    route X version 3 to on-demand", leaving])
            .also("the drain has not begun", |plan| plan.progress.throughputs[&arn(1)].left.is_none())
            .also("the agent version does not matter", |plan| {
                let to = |route: &Route| *route == Route::OnDemand;
                plan.actions.iter().any(|action| {
                    matches!(action, Action::Route { to: one, expected, .. } if to(one) && !expected.version_matters)
                })
            }),
        row(
            2,
            "the alias is named by name",
            off().but(|scene| {
                let name = scene.name(1);
                *scene = scene.clone().x(&name);
            }),
            &["do    route X version 3 to on-demand", leaving],
        ),
        row(
            2,
            "the alias is on its way",
            off().x_is(AliasStatus::Updating, "on-demand"),
            &["wait  for X to settle", leaving],
        )
        .also("the drain has not begun", |plan| plan.progress.throughputs[&arn(1)].left.is_none()),
        row(2, "the alias has left", off(), &[draining])
            .also("the drain counts from here", |plan| plan.progress.throughputs[&arn(1)].left == Some(at(0))),
        row(
            2,
            "the alias is gone",
            off().but(|scene| {
                scene.observed.aliases.insert(alias("X"), Ok(None));
            }),
            &[draining, "note  alias X does not exist in us-east-1"],
        ),
        row(2, "a second before the drain is over", left(0).at(299), &[draining]),
        row(2, "the drain is over", left(0).at(300), &["do    delete ONE"]),
        row(2, "the alias has returned", left(0).x("ONE").at(300), &["do    route X version 3 to on-demand", leaving])
            .also("the drain starts again", |plan| plan.progress.throughputs[&arn(1)].left.is_none()),
        row(
            2,
            "the alias fails elsewhere after the drain has begun",
            left(0).x_is(AliasStatus::Failed, "on-demand").x_failed(0).at(300),
            &["wait  to try X again at 00:10:00Z", leaving, "note  alias X failed at 00:00:00Z: no access"],
        ),
        row(
            2,
            "the alias fails on a throughput of somebody else after the drain has begun",
            left(0).x_is(AliasStatus::Failed, FOREIGN).at(300),
            &[
                leaving,
                "note  alias X is routed to FOREIGN, which is not ours: it is left alone; TakeOver lets it leave",
            ],
        ),
        row(
            2,
            "the alias cannot be read although the drain is over",
            left(0).x_unread(CallErrorKind::NoAnswer).at(300),
            &[leaving, "fail  cannot do it: NoAnswer: no"],
        )
        .also("the drain goes on", |plan| plan.progress.throughputs[&arn(1)].left == Some(at(0))),
        row(
            2,
            "the alias cannot be read before the drain has begun",
            off().x_unread(CallErrorKind::NoAnswer),
            &[leaving, "fail  cannot do it: NoAnswer: no"],
        )
        .also("the drain does not begin", |plan| plan.progress.throughputs[&arn(1)].left.is_none()),
        row(
            2,
            "AWS is changing it",
            left(-300).now_is(1, |throughput| throughput.status = ThroughputStatus::Updating),
            &["wait  for ONE to let itself be deleted"],
        ),
        row(
            2,
            "it never served",
            Scene::new(&json!({"Timetable": timetable(false)})).creates(1),
            &["do    delete ONE"],
        )
        .also("a refusal is expected", |plan| {
            matches!(&plan.actions[..], [Action::Delete { patient: true, last_chance: false, .. }])
        }),
        row(
            2,
            "it never served, and an alias is on its way",
            Scene::new(&json!({"Timetable": timetable(false)})).creates(1).x_is(AliasStatus::Updating, "on-demand"),
            &["wait  for X to settle", leaving],
        ),
        row(
            2,
            "it never served, and an alias has failed elsewhere",
            Scene::new(&json!({"Timetable": timetable(false)}))
                .creates(1)
                .x_is(AliasStatus::Failed, "on-demand")
                .x_failed(0),
            &["do    delete ONE", "wait  to try X again at 00:10:00Z", "note  alias X failed at 00:00:00Z: no access"],
        ),
        row(2, "an override says Off", on().serves(1).overridden(State::Off, None, 3600), &[draining]),
        row(
            2,
            "an override to Off has ended",
            on().serves(1).x("ONE").overridden(State::Off, None, 0),
            &["nothing to do"],
        ),
        row(2, "it is scaled down", on().serves(1).held(State::Off), &[draining]),
        row(2, "all is gone", Scene::new(&json!({"Timetable": timetable(false)})), &["nothing to do"])
            .also("it stays registered", |plan| !plan.nothing_left && plan.settled()),
        row(2, "it retires, and all is gone", on().retired(), &["do    forget support-agent"])
            .also("nothing is left", |plan| plan.nothing_left && plan.let_go),
        row(
            2,
            "it retires, and a dropped alias is still on ours",
            on().serves(1).x("ONE").retired(),
            &["do    route X version 3 to on-demand", leaving],
        )
        .also("something is left", |plan| !plan.nothing_left && !plan.let_go && plan.free.is_empty()),
        row(
            2,
            "it retires, and a dropped alias cannot be read",
            on().retired().x_unread(CallErrorKind::Refused),
            &["nothing to do", "fail  cannot do it: AccessDeniedException: no"],
        )
        .also("something is left", |plan| !plan.nothing_left),
    ]
}

#[test]
fn rule_01_on() {
    check(&rule_1());
}

#[test]
fn rule_02_off() {
    check(&rule_2());
}
