//! Rule 9: what cannot be bought again.

use jiff::{SignedDuration, Timestamp};
use policy::observed::{CallErrorKind, ModelLifecycle};
use policy::record::ModelDates;
use policy::timetable::State;
use serde_json::{Value, json};

use crate::scene::{BASE, CUSTOM, Scene, at, error, month, timetable, with};
use crate::{Row, check, row};

const KEPT: &str = "note  ONE is not deleted although it is off: amazon.nova-lite-v1:0 has turned LEGACY and could not be \
                    bought again; scale down or retire to delete it all the same";

/// A throughput of a `LEGACY` model, left by all, whose drain is over.
fn left(more: &Value) -> Scene {
    turned_legacy(Scene::new(more).serves(1).remembers(1, |held| held.left = Some(at(-600))))
}

fn turned_legacy(scene: Scene) -> Scene {
    scene.but(|scene| {
        let legacy = ModelLifecycle { is_legacy: true, is_provisioned: true, ..ModelLifecycle::default() };
        scene.observed.facts.lifecycles.insert(BASE.to_owned(), Ok(legacy));
    })
}

fn closed() -> Value {
    json!({"Timetable": timetable(false)})
}

/// The dates of the model, asked for `hours` ago.
fn dates(hours: i64, legacy: Option<i64>, end: Option<i64>) -> Scene {
    let days = |days: Option<i64>| -> Option<Timestamp> { days.map(|days| at(days * 86_400)) };
    Scene::new(&json!({})).serves(1).x("ONE").but(|scene| {
        scene.record.progress.model_dates = Some(ModelDates {
            asked: at(0) - SignedDuration::from_hours(hours),
            model: BASE.to_owned(),
            legacy: days(legacy),
            end_of_life: days(end),
        });
    })
}

pub(crate) fn rule_9() -> Vec<Row> {
    let delete = "do    delete ONE";
    let soon = "note  model amazon.nova-lite-v1:0 turns LEGACY at 2027-01-15T00:00:00Z: it cannot be bought any more from \
                then on; declare another model in time";
    vec![
        row(9, "a timetable alone says Off", left(&closed()), &[KEPT]),
        row(
            9,
            "it is not known whether it is LEGACY",
            left(&closed()).but(|scene| scene.observed.facts.lifecycles.clear()),
            &["ask   Lifecycle(\"amazon.nova-lite-v1:0\")"],
        ),
        row(
            9,
            "it cannot be found out whether it is LEGACY",
            left(&closed()).but(|scene| {
                scene.observed.facts.lifecycles.insert(BASE.to_owned(), Err(error(CallErrorKind::Refused)));
            }),
            &["nothing to do", "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(9, "it is scaled down", left(&closed()).held(State::Off), &[delete]),
        row(9, "an override says Off", left(&json!({})).overridden(State::Off, None, 3600), &[delete]),
        row(9, "it retires", left(&closed()).retired(), &[delete]),
        row(
            9,
            "nobody has scaled it up, and it has no timetable",
            left(&json!({})).but(|scene| {
                scene.record.declared.by_hand = true;
            }),
            &[delete],
        ),
        row(
            9,
            "an override to On has ended, and the timetable says Off",
            left(&closed()).overridden(State::On, None, 0),
            &[KEPT],
        ),
        row(
            9,
            "another model is declared, and the timetable says Off",
            left(&json!({})).declares(&with(closed(), &json!({"ModelId": "meta.llama3-1-8b-instruct-v1:0:128k"}))),
            &[delete],
        ),
        row(
            9,
            "another size serves in its place",
            turned_legacy(Scene::new(&json!({"ModelUnits": 2})).serves(1).serves(2).x("TWO"))
                .remembers(1, |held| held.left = Some(at(-600))),
            &[delete],
        ),
        row(
            9,
            "there is no room for a smaller one: the larger one is not given up",
            turned_legacy(Scene::new(&json!({})).serves(2).x("TWO")).refused(CallErrorKind::Quota),
            &[
                "note  quota refuses ONE: no",
                "note  TWO is not given up for a smaller one: amazon.nova-lite-v1:0 has turned LEGACY and could not be bought again",
                "fail  cannot do it: ServiceQuotaExceededException: no",
            ],
        ),
        row(9, "it never served", turned_legacy(Scene::new(&closed()).creates(1)), &[delete]),
        row(
            9,
            "a custom model, by ARN",
            left(&with(closed(), &json!({ "ModelId": CUSTOM })))
                .now_is(1, |throughput| CUSTOM.clone_into(&mut throughput.model_arn))
                .remembers(1, |held| CUSTOM.clone_into(&mut held.model_arn)),
            &[KEPT],
        ),
        row(
            9,
            "a custom model, by name",
            left(&with(closed(), &json!({"ModelId": "my-model"})))
                .now_is(1, |throughput| CUSTOM.clone_into(&mut throughput.model_arn))
                .remembers(1, |held| CUSTOM.clone_into(&mut held.model_arn)),
            &[KEPT],
        ),
        row(
            9,
            "a term is in its last two minutes",
            turned_legacy(Scene::new(&month("Retire")).month(1, 120)),
            &[delete, "wait  for the term of ONE to end at 00:02:00Z"],
        ),
        row(
            9,
            "a term has ended, and AWS has not renewed it yet",
            turned_legacy(Scene::new(&month("Retire")).month(1, -300).remembers(1, |held| held.left = Some(at(-900)))),
            &[delete],
        ),
        row(9, "the model turns LEGACY in 60 days", dates(1, Some(60), None), &[soon]),
        row(9, "the model turns LEGACY in 61 days", dates(1, Some(61), None), &["nothing to do"]),
        row(
            9,
            "the model ends in 60 days",
            dates(1, Some(10), Some(60)),
            &["note  model amazon.nova-lite-v1:0 ends at 2027-01-15T00:00:00Z: declare another model in time"],
        ),
        row(
            9,
            "a day later the dates are asked for again",
            dates(24, Some(60), None).but(|scene| scene.observed.facts.lifecycles.clear()),
            &["ask   Lifecycle(\"amazon.nova-lite-v1:0\")"],
        ),
        row(
            9,
            "within a day they are not",
            dates(23, None, None).but(|scene| scene.observed.facts.lifecycles.clear()),
            &["nothing to do"],
        ),
        row(
            9,
            "a look for the dates that is refused does not make them forgotten",
            dates(24, Some(60), None).but(|scene| {
                scene.observed.facts.lifecycles.insert(BASE.to_owned(), Err(error(CallErrorKind::Refused)));
            }),
            &[soon],
        )
        .also("they are asked for again in a day", |plan| {
            plan.progress.model_dates.as_ref().is_some_and(|dates| dates.asked == at(0))
        }),
    ]
}

#[test]
fn rule_09_legacy() {
    check(&rule_9());
}
