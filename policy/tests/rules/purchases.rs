//! Rule 10: a term is bought once for each `Purchase`, and what an earlier declaration left over goes at its own end.

use policy::commitment::Term;
use policy::observed::{CallErrorKind, ThroughputStatus};
use policy::record::Failure;
use serde_json::{Value, json};

use crate::scene::{PARAMETER, Scene, arn, at, error, month, timetable, with};
use crate::terms::{DELETE, END, ENDS, LEAVES, LEAVING, runs};
use crate::{Row, row};

const SPENT: &str = "note  nothing is bought for support-agent: Purchase `2026-11` was spent before; give Purchase a new \
                     value to buy another term";

/// The month is gone since `seconds`, and its value of `Purchase` is spent.
fn ended(more: &Value, seconds: i64) -> Scene {
    Scene::new(more).month(1, ENDS).deleted(1, seconds).at(ENDS + 300).but(|scene| scene.observed.throughputs.clear())
}

/// A month of one unit that an earlier declaration left over, while two units are declared without a term.
pub(crate) fn left_over(more: &Value) -> Scene {
    Scene::new(&month("Renew")).month(1, ENDS).declares(&with(json!({"ModelUnits": 2}), more))
}

pub(crate) fn purchases() -> Vec<Row> {
    let buy = "do    buy ONE: 1 model unit of amazon.nova-lite-v1:0:24k, OneMonth";
    let failed = |scene: Scene| {
        scene.has(1, |throughput, held| {
            throughput.status = ThroughputStatus::Failed;
            (held.term, held.failed) = (Some(Term::OneMonth), Some(Failure::new(at(0), "no capacity")));
            held.purchase = Some("2026-11".to_owned());
        })
    };
    let next = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12"});
    vec![
        row(10, "a term is bought", Scene::new(&month("Renew")), &[buy])
            .also("the value is spent with the announcement", |plan| plan.progress.spent.contains("2026-11")),
        row(
            10,
            "without a term no value is spent",
            Scene::new(&json!({})),
            &["do    buy ONE: 1 model unit of amazon.nova-lite-v1:0:24k, without a term"],
        )
        .also("none is", |plan| plan.progress.spent.is_empty()),
        row(10, "a term ended as asked", ended(&month("Retire"), ENDS - 60), &["nothing to do"])
            .also("it says which value was spent", |plan| plan.spent.as_deref() == Some("2026-11")),
        row(10, "a term that was to renew is gone", ended(&month("Renew"), ENDS - 60), &[SPENT]),
        row(10, "a term is gone on its fourth day", ended(&month("Retire"), 0), &[SPENT]),
        row(
            10,
            "a term was proven gone and its end was never told",
            Scene::new(&month("Retire")).month(1, ENDS).but(|scene| {
                scene.record.progress.throughputs.values_mut().for_each(|held| held.term_end = None);
                scene.record.progress.lose(&arn(1), false, at(0));
                scene.observed.throughputs.clear();
            }),
            &[SPENT],
        ),
        row(
            10,
            "a term has failed",
            failed(Scene::new(&month("Renew"))).but(|scene| {
                scene.record.progress.spent.insert("2026-11".to_owned());
            }),
            &["wait  for the last alias to have left ONE for 5m, until 00:05:00Z", "note  ONE failed: no capacity"],
        ),
        row(
            10,
            "a term that has failed is gone",
            failed(Scene::new(&month("Retire"))).deleted(1, 60).at(3600).but(|scene| {
                scene.record.progress.spent.insert("2026-11".to_owned());
                scene.observed.throughputs.clear();
            }),
            &[
                "note  nothing is bought for support-agent: Purchase `2026-11` was spent before, and what it bought failed at \
               00:00:00Z: no capacity; give Purchase a new value to buy another term",
            ],
        ),
        row(10, "a new value buys", ended(&month("Renew"), ENDS - 60).declares(&next), &[buy])
            .also("both are spent", |plan| plan.progress.spent.len() == 2),
        row(
            10,
            "a new value buys nothing while one that fits is there",
            runs("Renew").declares(&next),
            &["nothing to do"],
        )
        .also("it is not spent", |plan| plan.progress.spent.len() == 1),
        row(
            10,
            "a month was renamed by somebody",
            runs("Renew").now_is(1, |throughput| "theirs".clone_into(&mut throughput.name)),
            &["note  ONE was renamed to theirs: it is left so, and nothing is bought beside it"],
        ),
        row(
            10,
            "after a rollback to a term that has ended",
            ended(&month("Retire"), ENDS - 60)
                .declares(&json!({"Timetable": timetable(false)}))
                .declares(&month("Retire")),
            &["nothing to do"],
        )
        .also("nothing is bought", |plan| plan.progress.announced.is_empty() && plan.spent.is_some()),
    ]
}

pub(crate) fn left_overs() -> Vec<Row> {
    let closed = json!({"Timetable": timetable(false)});
    let last = ENDS - 120;
    let unanswered = |scene: Scene| scene.announces(2, ENDS - 1000, ENDS - 400).at(last);
    vec![
        row(
            10,
            "a leftover runs while a timetable says Off",
            left_over(&closed).remembers(1, |held| held.left = Some(at(-600))),
            &[END],
        ),
        row(
            10,
            "a leftover is at its end while a timetable says Off",
            left_over(&closed).at(last).remembers(1, |held| {
                held.left = Some(at(0));
            }),
            &[DELETE, END],
        ),
        row(
            10,
            "a leftover is gone",
            left_over(&json!({})).deleted(1, ENDS - 60).at(ENDS).but(|scene| scene.observed.throughputs.clear()),
            &["do    buy TWO: 2 model units of amazon.nova-lite-v1:0:24k, without a term"],
        )
        .also("it says nothing about what is declared", |plan| plan.spent.is_none()),
        row(
            10,
            "a leftover serves until what is declared does",
            left_over(&json!({})).creates(2).x("ONE"),
            &["wait  for TWO to be in service"],
        ),
        row(
            10,
            "a leftover that serves meanwhile leaves before its end",
            left_over(&json!({})).creates(2).x("ONE").at(ENDS - 900),
            &[LEAVES, "wait  for TWO to be in service", LEAVING],
        ),
        row(
            10,
            "a leftover at its end while quota refuses what is declared",
            left_over(&json!({})).x("ONE").at(ENDS - 900).refused(CallErrorKind::Quota),
            &[LEAVES, LEAVING, "note  quota refuses TWO: no", "fail  cannot do it: ServiceQuotaExceededException: no"],
        ),
        row(
            10,
            "a leftover at its end while it is not known what came of a purchase",
            unanswered(left_over(&json!({})).remembers(1, |held| {
                held.left = Some(at(0));
            })),
            &[DELETE, "wait  for the outcome of the purchase of TWO", END],
        ),
        row(
            10,
            "the same while an alias is on it",
            unanswered(left_over(&json!({})).x("ONE")),
            &[LEAVES, "wait  for the outcome of the purchase of TWO", END, LEAVING],
        ),
        row(
            10,
            "a leftover at its end while looks miss what is declared",
            left_over(&json!({})).serves(2).x("TWO").misses(2, Ok(())).at(last).remembers(1, |held| {
                held.left = Some(at(0));
            }),
            &[DELETE, "wait  for TWO to be seen again, or to be proven gone", END],
        ),
        row(
            10,
            "a leftover at its end while it cannot be known whether an alias fits what is declared",
            left_over(&json!({})).serves(2).x("ONE").at(last).but(|scene| {
                let version = ("ABCDEFGHIJ".to_owned(), "3".to_owned());
                scene.observed.facts.version_models.insert(version, Err(error(CallErrorKind::Refused)));
            }),
            &[LEAVES, END, LEAVING, "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(
            10,
            "a leftover with a parameter at its end while it is not known what came of a purchase",
            unanswered(left_over(&json!({"ModelIdParameter": PARAMETER, "AgentAliases": []})).parameter("ONE", 0)).but(
                |scene| {
                    scene.record.declared.leaving.clear();
                    scene.observed.aliases.clear();
                },
            ),
            &[
                "do    point /support/model-id at amazon.nova-lite-v1:0, on demand",
                "wait  for the outcome of the purchase of TWO",
                END,
                "wait  for /support/model-id to be seen pointed away from ONE",
            ],
        ),
        row(
            10,
            "a leftover that was renewed",
            left_over(&json!({}))
                .serves(2)
                .x("TWO")
                .at(ENDS + 60)
                .now_is(1, |throughput| {
                    throughput.term_end = Some(at(ENDS + 86_400));
                })
                .remembers(1, |held| held.left = Some(at(0))),
            &[
                "wait  for the term of ONE to end at 2026-11-17T01:00:00Z",
                "note  ONE was to end with its term, and AWS has renewed it until 2026-11-17T01:00:00Z",
            ],
        ),
        row(
            10,
            "of two terms, each goes at its own end",
            Scene::new(&with(month("Retire"), &json!({"ModelUnits": 2})))
                .month(1, ENDS)
                .month(2, 1_000_000)
                .x("TWO")
                .at(last)
                .remembers(1, |held| held.left = Some(at(0))),
            &[DELETE, END],
        ),
        row(
            10,
            "the other term is nearer to its end",
            Scene::new(&with(month("Retire"), &json!({"ModelUnits": 2})))
                .month(1, 1_000_000)
                .month(2, ENDS)
                .x("on-demand")
                .at(last)
                .remembers(1, |held| held.left = Some(at(0)))
                .remembers(2, |held| held.left = Some(at(0))),
            &[
                "do    delete TWO",
                "wait  for the term of ONE to end at 2026-11-27T13:46:40Z",
                "wait  for the term of TWO to end at 01:00:00Z",
            ],
        ),
    ]
}
