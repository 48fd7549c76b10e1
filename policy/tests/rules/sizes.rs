//! Rule 3: another size or model. Rule 4: never twice.

use policy::commitment::Term;
use policy::observed::{CallErrorKind, Marks, ThroughputStatus};
use policy::plan::Action;
use policy::record::{Decision, Failure};
use serde_json::{Value, json};

use crate::scene::{
    CUSTOM, DEPLOYMENT, MODEL_ARN, OTHER_MODEL_ARN, Scene, arn, at, error, marks, month, throughput, timetable, with,
};
use crate::{Row, check, row};

const BUY_ONE: &str = "do    buy ONE: 1 model unit of amazon.nova-lite-v1:0:24k, without a term";
const BUY_TWO: &str = "do    buy TWO: 2 model units of amazon.nova-lite-v1:0:24k, without a term";
const TO_ONE: &str = "do    route X version 3 to ONE";
const OFF: &str = "do    route X version 3 to on-demand";
const QUOTA_ONE: &str = "note  quota refuses ONE: no";
const QUOTA_TWO: &str = "note  quota refuses TWO: no";
const QUOTA: &str = "fail  cannot do it: ServiceQuotaExceededException: no";

/// One unit serves, and two are wanted.
fn grows(more: &Value) -> Scene {
    Scene::new(&with(json!({"ModelUnits": 2}), more)).serves(1).x("ONE")
}

/// Two units serve, and one is wanted.
fn shrinks(more: &Value) -> Scene {
    Scene::new(more).serves(2).x("TWO")
}

/// A stack waits for an answer about what is declared.
fn owed(mut scene: Scene, decided: Option<Decision>) -> Scene {
    let request = crate::scene::request("Update", 0);
    scene.record.declared.owed = vec![policy::record::Owed { decided, ..policy::record::Owed::to(&request, None) }];
    scene
}

pub(crate) fn rule_3() -> Vec<Row> {
    let plain = json!({});
    let reject = json!({"WhenOff": "Reject"});
    vec![
        row(3, "it is to grow", grows(&plain), &[BUY_TWO]),
        row(3, "the larger one is being created", grows(&plain).creates(2), &["wait  for TWO to be in service"]),
        row(
            3,
            "an alias is elsewhere while the larger one is being created",
            grows(&plain).creates(2).x("on-demand"),
            &[TO_ONE, "wait  for TWO to be in service"],
        ),
        row(
            3,
            "the larger one is in service",
            grows(&plain).serves(2),
            &["do    route X version 3 to TWO", "wait  for X to leave ONE"],
        ),
        row(
            3,
            "all have left the smaller one",
            grows(&plain).serves(2).x("TWO").remembers(1, |held| held.left = Some(at(-300))),
            &["do    delete ONE"],
        ),
        row(3, "quota refuses the larger one", grows(&plain).refused(CallErrorKind::Quota), &[QUOTA_TWO, QUOTA]),
        row(
            3,
            "quota refuses the smaller one",
            shrinks(&plain).refused(CallErrorKind::Quota),
            &[OFF, "wait  for X to leave TWO", QUOTA_ONE, QUOTA],
        ),
        row(
            3,
            "the next tick tries the smaller one again, and the drain goes on",
            shrinks(&plain).x("on-demand").remembers(2, |held| held.left = Some(at(-60))),
            &[BUY_ONE],
        )
        .also("it goes on", |plan| plan.progress.throughputs[&arn(2)].left == Some(at(-60))),
        row(
            3,
            "the smaller one is refused for another reason",
            shrinks(&plain).refused(CallErrorKind::Invalid),
            &["nothing to do", "fail  cannot do it: ValidationException: no"],
        ),
        row(
            3,
            "quota refuses the smaller one, and the aliases have nothing to fall back on",
            shrinks(&reject).refused(CallErrorKind::Quota),
            &[QUOTA_ONE, QUOTA],
        ),
        row(
            3,
            "quota refuses the smaller one beside a term, which is paid for whether it is given up or not",
            shrinks(&plain).remembers(2, |held| held.term = Some(Term::OneMonth)).refused(CallErrorKind::Quota),
            &[QUOTA_ONE, QUOTA],
        ),
        row(
            3,
            "quota refuses the smaller one of a custom model",
            Scene::new(&json!({ "ModelId": CUSTOM }))
                .has(2, |throughput, held| {
                    CUSTOM.clone_into(&mut throughput.model_arn);
                    CUSTOM.clone_into(&mut held.model_arn);
                })
                .x("TWO")
                .refused(CallErrorKind::Quota),
            &[QUOTA_ONE, QUOTA],
        ),
        row(
            3,
            "quota refuses the smaller one to a request that waits",
            owed(shrinks(&plain), None).refused(CallErrorKind::Quota),
            &[QUOTA_ONE, QUOTA],
        )
        .also("the answer says so", |plan| plan.refused.is_some()),
        row(
            3,
            "quota refuses the smaller one after the request was answered",
            owed(shrinks(&plain), Some(Decision::Success)).refused(CallErrorKind::Quota),
            &[OFF, "wait  for X to leave TWO", QUOTA_ONE, QUOTA],
        ),
        row(
            3,
            "the model is another one of the same size, and quota refuses it",
            Scene::new(&plain)
                .serves(2)
                .declares(&json!({"ModelUnits": 2, "ModelId": "meta.llama3-1-8b-instruct-v1:0:128k"}))
                .x("TWO")
                .refused(CallErrorKind::Quota),
            &["note  quota refuses TWO: no", QUOTA],
        )
        .also("the other one stays", |plan| plan.actions.is_empty() && plan.ours.len() == 1),
        row(
            3,
            "the wanted one failed and a smaller one serves",
            grows(&plain).has(2, |throughput, held| {
                throughput.status = ThroughputStatus::Failed;
                held.served = None;
                held.failed = Some(Failure::new(at(-60), "no capacity"));
            }),
            &["do    delete TWO", "note  TWO failed: no capacity"],
        ),
        row(
            3,
            "of two that serve meanwhile, the larger one does",
            Scene::new(&json!({"ModelUnits": 3})).serves(1).serves(2).x("TWO").creates(3),
            &["wait  for THREE to be in service", "wait  for the last alias to have left ONE for 5m, until 00:05:00Z"],
        ),
        row(
            3,
            "what serves meanwhile is missed by a look",
            grows(&plain).creates(2).misses(1, Ok(())),
            &["wait  for ONE to be seen again, or to be proven gone", "wait  for TWO to be in service"],
        ),
        row(
            3,
            "what serves meanwhile is missed by a look, and the larger one is refused",
            grows(&plain).misses(1, Ok(())).refused(CallErrorKind::Invalid),
            &["wait  for ONE to be seen again, or to be proven gone", "fail  cannot do it: ValidationException: no"],
        ),
    ]
}

/// A throughput of the name ONE, of which the record knows nothing.
fn stranger(scene: Scene, marks: Option<Marks>) -> Scene {
    scene.but(|scene| {
        let seen = throughput(&scene.name(1), &arn(1), 1);
        scene.observed.throughputs.push(seen);
        if let Some(marks) = marks {
            scene.observed.facts.marks.insert(arn(1), Ok(marks));
        }
    })
}

fn number(expected: u32) -> impl Fn(&[Action]) -> bool {
    move |actions| matches!(actions, [Action::Buy { announced, .. }] if announced.number == expected)
}

pub(crate) fn rule_4() -> Vec<Row> {
    let on = || Scene::new(&json!({}));
    let taken = "note  ONE exists and is not ours: it is neither used nor deleted";
    vec![
        row(4, "it is announced before it is bought", on(), &[BUY_ONE])
            .also("the announcement is in the progress", |plan| plan.progress.announced.len() == 1)
            .also("it is the first of its name", |plan| number(1)(&plan.actions))
            .also("it is no repetition", |plan| matches!(plan.actions[..], [Action::Buy { repeated: false, .. }])),
        row(
            4,
            "nobody has looked for an announced purchase by name",
            on().announces(1, 0, 0).but(|scene| scene.observed.facts.throughputs.clear()),
            &["ask   Throughput(\"ONE\")"],
        ),
        row(
            4,
            "an announced purchase is missed within ten minutes",
            on().announces(1, 0, 0).at(599),
            &[BUY_ONE, "wait  for the outcome of the purchase of ONE"],
        )
        .also("it is the same purchase", |plan| number(1)(&plan.actions))
        .also("it is a repetition", |plan| matches!(plan.actions[..], [Action::Buy { repeated: true, .. }]))
        .also("it counts from this call whether it is missed", |plan| {
            plan.progress.announced.values().all(|announced| announced.called == at(599) && announced.since == at(0))
        }),
        row(
            4,
            "an announced purchase is missed after ten minutes",
            on().announces(1, 0, 599).at(600),
            &["wait  for the outcome of the purchase of ONE"],
        ),
        row(
            4,
            "the call was not answered",
            on().refused(CallErrorKind::NoAnswer),
            &["nothing to do", "fail  cannot do it: NoAnswer: no"],
        )
        .also("nobody is told that it was refused", |plan| plan.refused.is_none() && plan.wants),
        row(
            4,
            "an announced purchase shows in the list",
            on().announces(1, 0, 0).but(|scene| {
                let mut seen = throughput(&scene.name(1), &arn(1), 1);
                seen.status = ThroughputStatus::Creating;
                scene.observed.throughputs.push(seen);
                scene.observed.facts.marks.insert(arn(1), Ok(marks("support-agent", DEPLOYMENT)));
            }),
            &["wait  for ONE to be in service"],
        )
        .also("it is held from its announcement on", |plan| {
            plan.progress.announced.is_empty() && plan.progress.throughputs[&arn(1)].since == at(0)
        }),
        row(
            4,
            "what was bought under the name was deleted",
            on().serves(1).deleted(1, -60).but(|scene| {
                let name = scene.name(1);
                scene.record.progress.numbers.insert(name, 1);
            }),
            &[BUY_ONE],
        )
        .also("the next purchase has the next number", |plan| number(2)(&plan.actions)),
        row(4, "somebody else has the name", stranger(on(), Some(marks("other", DEPLOYMENT))), &[taken])
            .also("the answer says so", |plan| plan.refused.is_some() && plan.ours.is_empty()),
        row(4, "another deployment has the name", stranger(on(), Some(marks("support-agent", "other"))), &[taken]),
        row(4, "nobody's has the name", stranger(on(), Some(Marks::default())), &[taken]),
        row(4, "it is not known whose the name is", stranger(on(), None), &["ask   Marks(\"ONE\")"]),
        row(
            4,
            "it cannot be found out whose the name is",
            stranger(on(), None).but(|scene| {
                scene.observed.facts.marks.insert(arn(1), Err(error(CallErrorKind::Refused)));
            }),
            &["nothing to do", "fail  cannot do it: AccessDeniedException: no"],
        )
        .also("nothing is given up", |plan| plan.wants && plan.refused.is_none()),
        row(
            4,
            "ours was renamed by somebody",
            on().serves(1).x("ONE").now_is(1, |throughput| "theirs".clone_into(&mut throughput.name)),
            &["note  ONE was renamed to theirs: it is left so, and nothing is bought beside it"],
        ),
        row(
            4,
            "the custom model of ours was swapped by somebody",
            on().serves(1).x("ONE").now_is(1, |throughput| OTHER_MODEL_ARN.clone_into(&mut throughput.model_arn)),
            &[&format!(
                "note  ONE serves {OTHER_MODEL_ARN} now, and was bought for {MODEL_ARN}: it is left so, and nothing is \
                 bought beside it"
            )],
        ),
        row(
            4,
            "the same model is declared by its ARN",
            on().serves(1).declares(&json!({ "ModelId": MODEL_ARN })).x("ONE"),
            &["nothing to do"],
        ),
        row(
            4,
            "the name of an announced purchase shows as somebody else's long after the call",
            stranger(on().announces(1, -720, -720), Some(marks("other", DEPLOYMENT))).but(|scene| {
                let announced = scene.record.progress.announced.values_mut();
                announced.for_each(|announced| announced.missed = Some(at(-120)));
            }),
            &[taken],
        )
        .also("it is not waited for any more", |plan| plan.progress.announced.is_empty()),
        row(
            4,
            "it retires, and it cannot be found out whose a throughput of its name is",
            stranger(on().retired(), None).but(|scene| {
                scene.observed.facts.marks.insert(arn(1), Err(error(CallErrorKind::NoAnswer)));
            }),
            &["nothing to do", "fail  cannot do it: NoAnswer: no"],
        )
        .also("it is not forgotten", |plan| !plan.nothing_left),
        row(
            4,
            "off, an announced purchase is waited for and not repeated",
            Scene::new(&json!({"Timetable": timetable(false)})).announces(1, 0, 0).at(60),
            &["wait  for the outcome of the purchase of ONE"],
        ),
        row(
            4,
            "an alias names a throughput of ours that the list omits",
            on().x("ONE").but(|scene| {
                let seen = throughput(&scene.name(1), &arn(1), 1);
                scene.observed.facts.throughputs.insert(arn(1), Ok(Some(seen)));
                scene.observed.facts.marks.insert(arn(1), Ok(marks("support-agent", DEPLOYMENT)));
            }),
            &["nothing to do"],
        )
        .also("it is ours", |plan| plan.ours.len() == 1),
        row(
            4,
            "a term is repeated as a term",
            Scene::new(&month("Renew")).announces(1, 0, 0).at(60),
            &[
                "do    buy ONE: 1 model unit of amazon.nova-lite-v1:0:24k, OneMonth",
                "wait  for the outcome of the purchase of ONE",
            ],
        ),
    ]
}

#[test]
fn rule_03_another_size_or_model() {
    check(&rule_3());
}

#[test]
fn rule_04_never_twice() {
    check(&rule_4());
}
