//! Rule 13: in time. Rule 14: `WhenOff: Reject`.

use jiff::SignedDuration;
use policy::observed::{AliasStatus, CallErrorKind};
use policy::plan::{Action, Invocations, Plan};
use policy::record::AliasMemory;
use policy::timetable::State;
use serde_json::json;

use crate::scene::{FOREIGN, Scene, alias, arn, at, month, timetable};
use crate::{Row, check, row};

/// For how long the invocation stays awake, if it does: the shortest of what it waits for.
fn awake(plan: &Plan) -> Option<SignedDuration> {
    plan.waiting.iter().filter_map(|waiting| waiting.seconds(at(0))).min()
}

pub(crate) fn rule_13() -> Vec<Row> {
    let off = || Scene::new(&json!({})).serves(1).held(State::Off);
    let term = |end: i64| {
        Scene::new(&month("Retire")).month(1, end).x("on-demand").remembers(1, |held| held.left = Some(at(-1)))
    };
    vec![
        row(
            13,
            "an alias settles within seconds",
            Scene::new(&json!({})).serves(1).x_is(AliasStatus::Updating, "ONE"),
            &["wait  for X to settle"],
        )
        .also("it is looked at in a second", |plan| awake(plan) == Some(SignedDuration::from_secs(1))),
        row(13, "a creation is left to ticks", Scene::new(&json!({})).creates(1), &["wait  for ONE to be in service"])
            .also("it ends", |plan| awake(plan).is_none()),
        row(
            13,
            "a drain is over within seconds",
            off().remembers(1, |held| held.left = Some(at(-295))),
            &["wait  for the last alias to have left ONE for 5m, until 00:00:05Z"],
        )
        .also("it is waited for", |plan| awake(plan) == Some(SignedDuration::from_secs(5))),
        row(
            13,
            "a drain of minutes is left to ticks",
            off().remembers(1, |held| held.left = Some(at(-294))),
            &["wait  for the last alias to have left ONE for 5m, until 00:00:06Z"],
        )
        .also("it ends", |plan| awake(plan).is_none()),
        row(
            13,
            "a term ends within two minutes and a little",
            term(135),
            &[
                "wait  for the term of ONE to end at 00:02:15Z",
                "wait  for the last alias to have left ONE for 5m, until 00:04:59Z",
            ],
        )
        .also("it is tried again in two seconds", |plan| awake(plan) == Some(SignedDuration::from_secs(2))),
        row(13, "a term ends later", term(136), &["wait  for the last alias to have left ONE for 5m, until 00:04:59Z"])
            .also("it is left to ticks", |plan| awake(plan).is_none()),
    ]
}

pub(crate) fn rule_14() -> Vec<Row> {
    let on = || Scene::new(&json!({"WhenOff": "Reject"}));
    let off = || Scene::new(&json!({"WhenOff": "Reject", "Timetable": timetable(false)}));
    let rejecting = |scene: Scene, to: &str| {
        let to = crate::scene::route(to);
        scene.sees(&alias("X"), |alias| (alias.rejects, alias.throughput) = (true, to))
    };
    let rejects = "do    route X version 3 to on-demand, rejecting invocations";
    let accepts = "do    route X version 3 to on-demand, accepting invocations again";
    let ours = |plan: &Plan| plan.progress.aliases.get(&alias("X")).is_some_and(|memory| memory.rejecting);
    vec![
        row(14, "it is off", off(), &[rejects]).also("it is remembered that it was us", ours),
        row(14, "it leaves the throughput", off().serves(1).x("ONE"), &[rejects, "wait  for X to leave ONE"]),
        row(14, "it rejects", rejecting(off(), "on-demand"), &["nothing to do"])
            .also("its owner's doing is not taken for ours", |plan| plan.progress.aliases.is_empty()),
        row(14, "it rejects by our doing", rejecting(off().x_made_reject(), "on-demand"), &["nothing to do"])
            .also("that is kept", ours),
        row(14, "it is being created", on().creates(1), &[rejects, "wait  for ONE to be in service"]),
        row(
            14,
            "it is not known yet whether it was bought",
            on().announces(1, -601, -60),
            &[rejects, "wait  for the outcome of the purchase of ONE"],
        ),
        row(
            14,
            "it goes on the throughput, and rejecting was ours",
            rejecting(on().serves(1).x_made_reject(), "on-demand"),
            &["do    route X version 3 to ONE, accepting invocations again"],
        ),
        row(
            14,
            "it goes on the throughput, and rejecting was its owner's",
            rejecting(on().serves(1), "on-demand"),
            &["do    route X version 3 to ONE"],
        )
        .also("its state is kept", |plan| {
            matches!(plan.actions[..], [Action::Route { invocations: Invocations::Keep, .. }])
        }),
        row(
            14,
            "it rejects on the throughput, and that was ours",
            rejecting(on().serves(1).x_made_reject(), "ONE"),
            &["do    route X version 3 to ONE, accepting invocations again"],
        ),
        row(14, "it accepts on the throughput", on().serves(1).x("ONE").x_made_reject(), &["nothing to do"])
            .also("whoever makes it reject from here on is its owner", |plan| plan.progress.aliases.is_empty()),
        row(
            14,
            "it has failed on the throughput",
            on().serves(1).x_is(AliasStatus::Failed, "ONE").x_failed(0),
            &[rejects, "wait  to try X again at 00:10:00Z", "note  alias X failed at 00:00:00Z: no access"],
        ),
        row(
            14,
            "it has failed on demand",
            off().x_is(AliasStatus::Failed, "on-demand").x_failed(0),
            &[rejects, "wait  to try X again at 00:10:00Z", "note  alias X failed at 00:00:00Z: no access"],
        ),
        row(
            14,
            "it is dropped, and rejecting was ours",
            rejecting(off().x_made_reject(), "on-demand")
                .declares(&json!({
                    "WhenOff": "Reject", "AgentAliases": [],
                }))
                .serves(1),
            &[accepts],
        )
        .also("it is not free yet", |plan| plan.free.is_empty()),
        row(
            14,
            "it is dropped, and rejecting was its owner's",
            rejecting(off(), "on-demand")
                .declares(&json!({
                    "WhenOff": "Reject", "AgentAliases": [],
                }))
                .serves(1),
            &["nothing to do"],
        ),
        row(
            14,
            "it retires, and rejecting was ours",
            rejecting(off().x_made_reject(), "on-demand").retired(),
            &[accepts],
        )
        .also("it is not forgotten before", |plan| !plan.nothing_left),
        row(
            14,
            "it was routed elsewhere by somebody, goes, and rejecting was ours",
            rejecting(off().x_made_reject(), FOREIGN).retired(),
            &["do    route X version 3 to FOREIGN, accepting invocations again"],
        ),
        row(
            14,
            "the declaration turns to OnDemand, and rejecting was ours",
            rejecting(off().x_made_reject(), "on-demand").declares(&json!({
                "Timetable": timetable(false),
            })),
            &[accepts],
        ),
        row(
            14,
            "OnDemand never changes the state",
            rejecting(Scene::new(&json!({"Timetable": timetable(false)})).serves(1), "ONE"),
            &["do    route X version 3 to on-demand", "wait  for X to leave ONE"],
        )
        .also("it is kept", |plan| matches!(plan.actions[..], [Action::Route { invocations: Invocations::Keep, .. }])),
        row(
            14,
            "one that fits nothing rejects, too",
            on().serves(1).but(|scene| {
                let other = Ok("meta.llama3-1-8b-instruct-v1:0".to_owned());
                scene.observed.facts.version_models.insert(("ABCDEFGHIJ".to_owned(), "3".to_owned()), other);
            }),
            &[
                rejects,
                "note  alias X version 3 stays off ONE: its model is meta.llama3-1-8b-instruct-v1:0, the throughput's is \
             amazon.nova-lite-v1:0",
            ],
        ),
        row(
            14,
            "quota refuses it",
            on().refused(CallErrorKind::Quota),
            &[rejects, "note  quota refuses ONE: no", "fail  cannot do it: ServiceQuotaExceededException: no"],
        ),
    ]
}

#[test]
fn rule_13_in_time() {
    check(&rule_13());
}

#[test]
fn rule_14_reject() {
    check(&rule_14());
}

#[test]
fn nothing_is_remembered_of_an_alias_that_is_neither_declared_nor_leaving() {
    let scene = Scene::new(&json!({})).serves(1).x("ONE").but(|scene| {
        let memory = AliasMemory { failed: None, rejecting: true };
        scene.record.progress.aliases.insert(alias("Y"), memory);
    });
    assert!(scene.plan().progress.aliases.is_empty(), "{:?}", scene.lines());
    assert_eq!(scene.plan().serving, Some(arn(1)));
}
