//! Rule 10: terms.

use policy::observed::{AliasStatus, CallErrorKind, ModelLifecycle, ThroughputStatus};
use policy::plan::Action;
use policy::plan::policy::{ends_a_term, in_last_minutes};
use policy::timetable::State;
use serde_json::json;

use crate::purchases::{left_over, left_overs, purchases};
use crate::scene::{BASE, DEPLOYMENT, PARAMETER, Scene, arn, at, error, month, with};
use crate::{Row, check, row};

pub(crate) const DELETE: &str = "do    delete ONE";
pub(crate) const END: &str = "wait  for the term of ONE to end at 01:00:00Z";
pub(crate) const LEAVES: &str = "do    route X version 3 to on-demand";
pub(crate) const LEAVING: &str = "wait  for X to leave ONE";
/// When the term of these scenes ends.
pub(crate) const ENDS: i64 = 3600;

/// X is on a month that ends at one o'clock.
pub(crate) fn runs(at_term_end: &str) -> Scene {
    Scene::new(&month(at_term_end)).month(1, ENDS).x("ONE")
}

/// All have left a month that is to end.
fn left(now: i64) -> Scene {
    runs("Retire").x("on-demand").remembers(1, |held| held.left = Some(at(now))).at(now)
}

pub(crate) fn rule_10() -> Vec<Row> {
    let mut rows = before_the_end();
    rows.extend(at_the_end());
    rows.extend(purchases());
    rows.extend(left_overs());
    rows
}

fn before_the_end() -> Vec<Row> {
    vec![
        row(10, "16 minutes before an end", runs("Retire").at(ENDS - 901), &["nothing to do"]),
        row(10, "15 minutes before an end, with a drain of five", runs("Retire").at(ENDS - 900), &[LEAVES, LEAVING]),
        row(10, "15 minutes before an end that is to renew", runs("Renew").at(ENDS - 900), &["nothing to do"]),
        row(
            10,
            "an end that AWS has not told",
            runs("Retire").has(1, |throughput, held| {
                (throughput.term, held.term) =
                    (Some(policy::commitment::Term::OneMonth), Some(policy::commitment::Term::OneMonth));
            }),
            &["nothing to do"],
        ),
        row(
            10,
            "all have left before the last two minutes",
            left(ENDS - 600),
            &["wait  for the last alias to have left ONE for 5m, until 00:55:00Z"],
        ),
        row(
            10,
            "the drain is over before the last two minutes",
            left(ENDS - 600).at(ENDS - 121),
            &["wait  for the term of ONE to end at 01:00:00Z"],
        ),
        row(
            10,
            "it retires while a term runs",
            Scene::new(&month("Renew")).month(1, ENDS).retired().remembers(1, |held| {
                held.left = Some(at(-600));
            }),
            &[END],
        )
        .also("it is let go", |plan| plan.let_go && !plan.nothing_left),
        row(10, "it is scaled down while a term runs", runs("Renew").held(State::Off), &[LEAVES, LEAVING]),
        row(
            10,
            "a term that is still creating does not run yet",
            Scene::new(&month("Renew"))
                .month(1, ENDS)
                .retired()
                .now_is(1, |throughput| {
                    throughput.status = ThroughputStatus::Creating;
                })
                .remembers(1, |held| held.served = None),
            &[DELETE],
        )
        .also("a refusal is waited out", |plan| matches!(plan.actions[..], [Action::Delete { patient: true, .. }])),
        row(10, "a month that is not dated is tried after 28 days", undated(28 * 86_400), &[DELETE]),
        row(
            10,
            "a month that is not dated is not tried sooner",
            undated(28 * 86_400 - 1),
            &["wait  for the term of ONE to end, which AWS has not dated yet"],
        ),
    ]
}

/// A month whose end AWS has never told, of a commitment that retires, `served` seconds after it began to serve.
fn undated(served: i64) -> Scene {
    let scene = Scene::new(&month("Renew")).month(1, ENDS).retired().now_is(1, |throughput| throughput.term_end = None);
    scene.at(0).remembers(1, |held| {
        (held.term_end, held.left, held.served) = (None, Some(at(-600)), Some(at(-served)));
    })
}

fn at_the_end() -> Vec<Row> {
    let last = ENDS - 120;
    let legacy = |scene: Scene| {
        scene.but(|scene| {
            let legacy = ModelLifecycle { is_legacy: true, ..ModelLifecycle::default() };
            scene.observed.facts.lifecycles.insert(BASE.to_owned(), Ok(legacy));
        })
    };
    let renewed =
        |scene: Scene| scene.at(ENDS + 60).now_is(1, |throughput| throughput.term_end = Some(at(ENDS + 86_400)));
    let renewal = "note  ONE was to end with its term, and AWS has renewed it until 2026-11-17T01:00:00Z";
    vec![
        row(10, "the last two minutes", left(last), &[DELETE, END]).also("it is the last chance", |plan| {
            matches!(plan.actions[..], [Action::Delete { last_chance: true, patient: true, .. }])
        }),
        row(
            10,
            "a refusal does not end the trying",
            left(last).but(|scene| {
                let plan = scene.plan();
                scene.attempts.failed(&plan.actions[0], error(CallErrorKind::Invalid));
            }),
            &[DELETE, END],
        ),
        row(10, "an alias is on it", left(last).x("ONE"), &[LEAVES, END, LEAVING]),
        row(
            10,
            "an alias in FAILED names it",
            left(last).x_is(AliasStatus::Failed, "ONE").x_failed(last),
            &[
                LEAVES,
                "wait  to try X again at 01:08:00Z",
                END,
                LEAVING,
                "note  alias X failed at 00:58:00Z: no access",
            ],
        ),
        row(
            10,
            "an alias in FAILED is elsewhere, and had never been seen to leave",
            runs("Retire").x_is(AliasStatus::Failed, "on-demand").x_failed(last).at(last),
            &[DELETE, "wait  to try X again at 01:08:00Z", END, "note  alias X failed at 00:58:00Z: no access"],
        ),
        row(
            10,
            "an alias is on its way from it",
            runs("Retire").x_is(AliasStatus::Updating, "on-demand").at(last),
            &["wait  for X to settle", END, LEAVING],
        ),
        row(
            10,
            "an alias cannot be read and had left",
            left(last).x_unread(CallErrorKind::Refused),
            &[DELETE, END, "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(
            10,
            "an alias cannot be read and was on it",
            runs("Retire").x_unread(CallErrorKind::Refused).at(last),
            &[END, LEAVING, "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(
            10,
            "the drain has just begun",
            left(last).remembers(1, |held| held.left = Some(at(last - 1))),
            &[DELETE, END],
        ),
        row(
            10,
            "looks miss it",
            left(last).misses(1, Ok(())),
            &[DELETE, "wait  for ONE to be seen again, or to be proven gone", END],
        ),
        row(
            10,
            "looks are refused",
            left(last).misses(1, Err(CallErrorKind::Refused)).but(|scene| {
                scene.observed.list_failed = Some(error(CallErrorKind::Refused));
            }),
            &[
                DELETE,
                "wait  for ONE to be seen again, or to be proven gone",
                END,
                "fail  cannot do it: AccessDeniedException: no",
            ],
        ),
        row(
            10,
            "AWS is changing it",
            left(last).now_is(1, |throughput| throughput.status = ThroughputStatus::Updating),
            &[DELETE, END],
        ),
        row(10, "its model has turned LEGACY", legacy(left(last)), &[DELETE, END]),
        row(
            10,
            "whether its model is LEGACY cannot be known",
            left(last).but(|scene| {
                scene.observed.facts.lifecycles.insert(BASE.to_owned(), Err(error(CallErrorKind::Refused)));
            }),
            &[DELETE, END],
        ),
        row(10, "a minute after the end no refusal is expected any more", left(ENDS - 600).at(ENDS + 60), &[DELETE]),
        row(
            10,
            "it is retired four minutes before the end",
            runs("Renew").x("on-demand").retired().at(ENDS - 240),
            &["wait  for the last alias to have left ONE for 5m, until 01:01:00Z"],
        ),
        row(
            10,
            "two minutes later the drain is cut short",
            runs("Renew").x("on-demand").retired().at(ENDS - 240).noticed().at(last),
            &[DELETE, END],
        ),
        row(
            10,
            "somebody has written the parameter",
            with_parameter("ONE", ENDS - 240),
            &[
                "do    point /support/model-id at amazon.nova-lite-v1:0, on demand",
                "wait  for /support/model-id to be seen pointed away from ONE",
            ],
        ),
        row(10, "it was put right a moment ago", with_parameter(BASE, last), &[DELETE, END]),
        row(10, "AWS renewed what was to end", renewed(runs("Retire")), &[renewal])
            .also("it is remembered", |plan| plan.progress.throughputs[&arn(1)].renewed == Some(at(ENDS + 60))),
        row(10, "AWS renewed what was to renew", renewed(runs("Renew")), &["nothing to do"]),
        row(
            10,
            "AWS renewed what retires",
            renewed(runs("Renew").x("on-demand").retired()),
            &["wait  for the last alias to have left ONE for 5m, until 01:06:00Z", renewal],
        ),
        row(
            10,
            "AWS corrects an end before it comes",
            runs("Retire").now_is(1, |throughput| {
                throughput.term_end = Some(at(ENDS + 3600));
            }),
            &["nothing to do"],
        ),
    ]
}

/// All aliases have left a month that is to end; the parameter holds `value`, written just now.
fn with_parameter(value: &str, now: i64) -> Scene {
    let declared = with(month("Retire"), &json!({"ModelIdParameter": PARAMETER, "AgentAliases": []}));
    Scene::new(&declared)
        .month(1, ENDS)
        .at(now)
        .parameter(value, now)
        .remembers(1, |held| held.left = Some(at(now - 900)))
}

#[test]
fn rule_10_terms() {
    check(&rule_10());
}

#[test]
fn ticks_stay_awake_for_a_term_that_is_to_end_and_for_no_other() {
    let never = Scene::new(&month("Renew")).month(1, ENDS).but(|scene| scene.record.declared.by_hand = true);
    for (says, scene, to_end) in vec![
        ("Retire", runs("Retire"), true),
        ("Renew", runs("Renew"), false),
        ("retiring", runs("Renew").retired(), true),
        ("scaled down", runs("Renew").held(State::Off), true),
        ("override to Off", runs("Renew").overridden(State::Off, None, 7200), true),
        ("override to Off that ends before", runs("Renew").overridden(State::Off, None, 60), false),
        ("never scaled up", never, true),
        ("leftover", left_over(&json!({})), true),
        ("no term", Scene::new(&json!({})).serves(1), false),
    ] {
        for (seconds, awake, last) in [
            (ENDS - 136, false, false),
            (ENDS - 135, true, false),
            (ENDS - 121, true, false),
            (ENDS - 120, true, true),
            (ENDS + 59, true, true),
            (ENDS + 60, false, false),
        ] {
            let record = &scene.record;
            let told = (ends_a_term(record, DEPLOYMENT, at(seconds)), in_last_minutes(record, DEPLOYMENT, at(seconds)));
            assert_eq!(told, (awake && to_end, last && to_end), "{says} at {seconds}");
        }
    }
}

#[test]
fn the_nearest_end_of_several_counts() {
    let two = Scene::new(&month("Retire")).month(1, 1_000_000).month(2, ENDS).record;
    assert_eq!(two.next_term_end(at(0)), Some(at(ENDS)));
    assert_eq!(two.next_term_end(at(ENDS)), Some(at(1_000_000)));
    assert!(ends_a_term(&two, DEPLOYMENT, at(ENDS - 60)));
}
