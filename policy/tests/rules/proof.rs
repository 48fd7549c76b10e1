//! Rule 5: gone needs proof, and so does being there. Rule 6: again, but not at once.

use policy::observed::{AliasStatus, CallErrorKind, Marks, ThroughputStatus};
use policy::record::Failure;
use policy::timetable::State;
use serde_json::json;

use crate::scene::{DEPLOYMENT, Scene, arn, at, error, marks, throughput};
use crate::{Row, check, row};

const BUY_ONE: &str = "do    buy ONE: 1 model unit of amazon.nova-lite-v1:0:24k, without a term";
const UNSEEN: &str = "wait  for ONE to be seen again, or to be proven gone";
const OUTCOME: &str = "wait  for the outcome of the purchase of ONE";

fn on() -> Scene {
    Scene::new(&json!({}))
}

/// A throughput of the name ONE shows for the first time, and its tags are `marks`.
fn shows(scene: Scene, marks: Result<Marks, CallErrorKind>) -> Scene {
    scene.but(|scene| {
        let mut seen = throughput(&scene.name(1), &arn(1), 1);
        seen.status = ThroughputStatus::Creating;
        scene.observed.throughputs.push(seen);
        scene.observed.facts.marks.insert(arn(1), marks.map_err(error));
    })
}

pub(crate) fn rule_5() -> Vec<Row> {
    let missed =
        |seconds: i64| on().serves(1).x("ONE").misses(1, Ok(())).remembers(1, |held| held.missed = Some(at(seconds)));
    let announced = |missed: Option<i64>, now: i64| {
        on().announces(1, 0, 0).at(now).but(|scene| {
            scene.record.progress.announced.values_mut().for_each(|one| one.missed = missed.map(at));
        })
    };
    vec![
        row(
            5,
            "the list omits what is known",
            on().serves(1).x("ONE").but(|scene| scene.observed.throughputs.clear()),
            &["ask   Throughput(\"ONE\")"],
        ),
        row(
            5,
            "List omits it and Get finds it",
            on().serves(1).x("ONE").now_is(1, |_| {}).but(|scene| scene.observed.throughputs.clear()),
            &["nothing to do"],
        ),
        row(5, "List and Get miss it once", on().serves(1).x("ONE").misses(1, Ok(())), &[UNSEEN])
            .also("it is remembered since when", |plan| plan.progress.throughputs[&arn(1)].missed == Some(at(0)))
            .also("it is still the one that serves", |plan| plan.serving == Some(arn(1))),
        row(5, "they miss it within two minutes", missed(0).at(119), &[UNSEEN]),
        row(5, "they miss it for two minutes", missed(0).at(120), &[BUY_ONE, "do    route X version 3 to on-demand"])
            .also("it is gone, and nobody deleted it", |plan| {
                plan.progress.throughputs.is_empty() && !plan.progress.gone[&arn(1)].deleted
            }),
        row(
            5,
            "it is seen again in between",
            on().serves(1).x("ONE").remembers(1, |held| held.missed = Some(at(-60))),
            &["nothing to do"],
        )
        .also("the two minutes begin anew", |plan| plan.progress.throughputs[&arn(1)].missed.is_none()),
        row(
            5,
            "a look that is refused is no look",
            missed(0).misses(1, Err(CallErrorKind::NoAnswer)).at(300),
            &[UNSEEN, "fail  cannot do it: NoAnswer: no"],
        ),
        row(
            5,
            "a list that breaks off is no look",
            missed(0).but(|scene| scene.observed.list_failed = Some(error(CallErrorKind::Busy))).at(300),
            &[UNSEEN, "fail  cannot do it: ConflictException: no"],
        )
        .also("nothing is noted", |plan| plan.progress.throughputs[&arn(1)].missed == Some(at(0))),
        row(5, "it is off, and looks miss it", on().serves(1).held(State::Off).misses(1, Ok(())), &[UNSEEN])
            .also("it is not forgotten", |plan| plan.progress.throughputs.contains_key(&arn(1))),
        row(5, "it retires, and looks miss it", on().serves(1).retired().misses(1, Ok(())), &[UNSEEN])
            .also("nothing is answered or forgotten", |plan| !plan.nothing_left),
        row(
            5,
            "what Create returned has never been seen, nine minutes later",
            on().has(1, |_, held| (held.seen, held.served, held.since) = (None, None, at(0))).misses(1, Ok(())).at(599),
            &[UNSEEN],
        )
        .also("that is no miss yet", |plan| plan.progress.throughputs[&arn(1)].missed.is_none()),
        row(
            5,
            "an announced purchase is missed within ten minutes of the call",
            announced(None, 599),
            &[BUY_ONE, OUTCOME],
        )
        .also("that is no miss yet", |plan| plan.progress.announced.values().all(|one| one.missed.is_none())),
        row(5, "an announced purchase is missed after ten minutes", announced(None, 600), &[OUTCOME])
            .also("it is noted", |plan| plan.progress.announced.values().all(|one| one.missed == Some(at(600)))),
        row(5, "it is missed again too soon", announced(Some(600), 719), &[OUTCOME]),
        row(5, "it is missed again two minutes later", announced(Some(600), 720), &[BUY_ONE])
            .also("this is another purchase", |plan| plan.progress.announced.values().all(|one| one.number == 2)),
        row(
            5,
            "it retires, and an announced purchase is not proven absent",
            on().announces(1, 0, 0).retired().at(719),
            &[OUTCOME],
        )
        .also("it is not forgotten", |plan| !plan.nothing_left),
        row(
            5,
            "it retires, and an announced purchase is proven absent",
            announced(Some(600), 720).retired(),
            &["do    forget support-agent"],
        ),
        row(
            5,
            "an announced purchase cannot be looked for",
            on().announces(1, 0, 0).at(800).but(|scene| {
                let name = scene.name(1);
                scene.observed.facts.throughputs.insert(name, Err(error(CallErrorKind::Refused)));
            }),
            &[OUTCOME, "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(
            5,
            "what our record says was deleted is still listed",
            on().serves(1).deleted(1, -5).x("ONE"),
            &[BUY_ONE, "do    route X version 3 to on-demand"],
        )
        .also("it is not ours any more", |plan| plan.ours.is_empty()),
        row(
            5,
            "tags do not show yet",
            shows(on().announces(1, 0, 0), Err(CallErrorKind::NotFound)),
            &["nothing to do"],
        )
        .also("nothing is judged", |plan| plan.refused.is_none() && plan.progress.announced.len() == 1),
        row(5, "tags are empty yet", shows(on().announces(1, 0, 0), Ok(Marks::default())), &[OUTCOME]),
        row(
            5,
            "one of our tags does not show yet",
            shows(
                on().announces(1, 0, 0),
                Ok(Marks([("throughput-scheduler:commitment".to_owned(), "support-agent".to_owned())].into())),
            ),
            &[OUTCOME],
        ),
        row(
            5,
            "tags are empty after ten minutes",
            shows(on().announces(1, 0, 0).at(600), Ok(Marks::default())),
            &[
                "wait  for the outcome of the purchase of ONE",
                "note  ONE exists and is not ours: it is neither used nor deleted",
            ],
        ),
        row(
            5,
            "what AWS returned to our token needs no tags",
            on().creates(1).but(|scene| {
                scene.observed.facts.marks.insert(arn(1), Ok(Marks::default()));
            }),
            &["wait  for ONE to be in service"],
        ),
        row(
            5,
            "what was proven gone shows again, with our marks",
            on().serves(1).x("ONE").but(|scene| {
                scene.record.progress.lose(&arn(1), false, at(-60));
                scene.observed.facts.marks.insert(arn(1), Ok(marks("support-agent", DEPLOYMENT)));
            }),
            &["nothing to do"],
        )
        .also("it is ours again", |plan| plan.progress.throughputs.contains_key(&arn(1))),
        row(
            5,
            "what was ours bears other marks",
            Scene::new(&json!({})).serves(1).held(State::Off).but(|scene| {
                scene.record.progress.lose(&arn(1), false, at(-60));
                scene.observed.facts.marks.insert(arn(1), Ok(marks("theirs", "theirs")));
            }),
            &["note  ONE was ours and bears other marks now: it is left alone"],
        ),
        row(5, "it is released while looks miss it", on().serves(1).released().misses(1, Ok(())), &[UNSEEN])
            .also("it is not forgotten", |plan| !plan.nothing_left),
    ]
}

pub(crate) fn rule_6() -> Vec<Row> {
    let failed = |seconds: i64, reason: &str| {
        on().has(1, |throughput, held| {
            throughput.status = ThroughputStatus::Failed;
            held.served = None;
            held.failed = Some(Failure::new(at(seconds), reason));
        })
    };
    let gone = |now: i64| failed(0, "no capacity").deleted(1, 60).at(now);
    let alias_failed = "note  alias X failed at 00:00:00Z: no access";
    let again = "wait  to try X again at 00:10:00Z";
    vec![
        row(6, "it failed", failed(0, "no capacity"), &["do    delete ONE", "note  ONE failed: no capacity"]),
        row(6, "only Get tells why it failed", failed(0, ""), &["ask   Throughput(\"ONE\")"]),
        row(
            6,
            "it failed after it had served",
            failed(0, "no capacity").remembers(1, |held| held.served = Some(at(-600))).x("ONE"),
            &["do    route X version 3 to on-demand", "wait  for X to leave ONE", "note  ONE failed: no capacity"],
        ),
        row(
            6,
            "it failed within ten minutes",
            gone(599),
            &["wait  to buy ONE again at 00:10:00Z", "note  ONE failed at 00:00:00Z: no capacity"],
        )
        .also("it is not given up", |plan| plan.wants && plan.refused.is_none()),
        row(6, "it failed ten minutes ago", gone(600), &[BUY_ONE]),
        row(
            6,
            "an alias fails on the throughput",
            on().serves(1).sees(&crate::scene::alias("X"), |alias| {
                (alias.status, alias.throughput) = (AliasStatus::Failed, Some(arn(1)));
                alias.failures = vec!["no access".to_owned()];
            }),
            &["do    route X version 3 to on-demand", again, alias_failed],
        )
        .also("its failure is remembered", |plan| plan.progress.aliases.len() == 1),
        row(6, "it failed a while ago", on().serves(1).x_failed(0).at(599), &[again, alias_failed]),
        row(6, "it failed ten minutes ago", on().serves(1).x_failed(0).at(600), &["do    route X version 3 to ONE"]),
        row(
            6,
            "it failed on demand, too, and is not sent there again at once",
            on().serves(1).x_is(AliasStatus::Failed, "on-demand").x_failed(0).at(60),
            &[again, alias_failed],
        ),
        row(
            6,
            "an alias that has settled on the throughput may fail anew",
            on().serves(1).x("ONE").x_failed(0).at(700),
            &["nothing to do"],
        )
        .also("the failure is forgotten", |plan| plan.progress.aliases.is_empty()),
    ]
}

#[test]
fn rule_05_gone_needs_proof_and_so_does_being_there() {
    check(&rule_5());
}

#[test]
fn rule_06_again_but_not_at_once() {
    check(&rule_6());
}
