//! The rules of a plan that only show in rare situations: terms, marks, `LEGACY` models, purchases of which nothing is known.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod aliases;
mod going;
mod moves;
mod parameters;
mod purchases;
mod refusals;
mod terms;
mod unseen;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use policy::commitment::{AliasId, Commitment};
use policy::desired::Hold;
use policy::guardrails::Guardrails;
use policy::input::Mistakes;
use policy::observed::{
    COMMITMENT_TAG, CallError, CallErrorKind, Facts, GROUP_TAG, Marks, Observed, Question, Throughput, ThroughputStatus,
};
use policy::plan::{Action, Attempts, Plan, Situation, WaitingOn};
use policy::record::{Buying, Lifecycle, Record, Schedule, tags_digest};
use policy::timetable::State;
use rehearsal::{GROUP, commitment};
use serde_json::{Value, json};

const MODEL_ARN: &str = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0:24k";
const BASE_ARN: &str = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0";
const BASE: &str = "amazon.nova-lite-v1:0";
const ARN: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/1";

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-16T08:00:00Z".parse().expect("an instant");
    start + SignedDuration::from_secs(seconds)
}

/// `declared`, and what is declared beside it or in its place.
fn with(mut declared: Value, more: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (declared.as_object_mut(), more) {
        members.extend(more);
    }
    declared
}

/// A commitment without aliases, wanted with one model unit, of which nothing is there.
struct Scene {
    record: Record,
    desired: Option<NonZeroU32>,
    observed: Observed,
    attempts: Attempts,
    now: Timestamp,
}

impl Scene {
    fn new(more: Value) -> Self {
        let declaration = with(commitment(json!({"AgentAliases": [], "Drain": "0m"})), more);
        let mut mistakes = Mistakes::default();
        let read = Commitment::read(&declaration, "", &mut mistakes);
        let commitment = mistakes.or(read).expect("it is right");
        let schedule = Schedule { minutes: 1, role_arn: String::new(), target: String::new() };
        let desired = Some(commitment.units);
        let (observed, attempts) = (Observed::default(), Attempts::default());
        Self { record: Record::new(commitment, at(0), schedule), desired, observed, attempts, now: at(0) }
    }

    fn name(&self) -> String {
        self.record.commitment.throughput_name(NonZeroU32::MIN, "")
    }

    /// A throughput of ours is listed.
    fn listed(mut self, change: impl FnOnce(&mut Throughput)) -> Self {
        let mut throughput = Throughput {
            name: self.name(),
            arn: ARN.to_owned(),
            status: ThroughputStatus::InService,
            units: 1,
            model_arn: MODEL_ARN.to_owned(),
            foundation_model_arn: BASE_ARN.to_owned(),
            term: None,
            term_end: None,
            failure: None,
        };
        change(&mut throughput);
        self.observed.throughputs.push(throughput);
        self
    }

    /// The record knows everything that is listed.
    fn known(mut self) -> Self {
        for throughput in &self.observed.throughputs {
            self.record.notice(throughput, Some(tags_digest(&self.record.commitment.tags)), at(0));
        }
        self
    }

    fn marked(mut self, marks: &[(&str, &str)]) -> Self {
        let marks = marks.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.observed.facts.marks.insert(ARN.to_owned(), Ok(Marks(marks)));
        self
    }

    fn ours(self) -> Self {
        self.marked(&[(COMMITMENT_TAG, "support-agent"), (GROUP_TAG, GROUP)])
    }

    fn off(mut self) -> Self {
        self.desired = None;
        self
    }

    fn living(mut self, lifecycle: Lifecycle) -> Self {
        self.record.lifecycle = lifecycle;
        self
    }

    fn plan(&self) -> Plan {
        let guardrails = Guardrails::parse("10", "*", "None,OneMonth").expect("they are right");
        let Self { record, desired, observed, attempts, now } = self;
        let guardrails = Ok(&guardrails);
        Situation { record, desired: *desired, observed, attempts, guardrails, group: GROUP, now: *now }.plan()
    }

    fn says(&self) -> String {
        self.plan().to_string()
    }
}

fn error(kind: CallErrorKind) -> CallError {
    CallError { cannot: "do it".to_owned(), kind, code: "Code".to_owned(), message: "no".to_owned() }
}

#[test]
fn seconds_are_waited_for_and_minutes_are_not() {
    let name = || "x".to_owned();
    let drain = |until| WaitingOn::Drain { name: name(), drain: SignedDuration::ZERO, until };
    let term = |until| WaitingOn::TermToEnd { name: name(), until };
    let alias = AliasId { agent: name(), alias: name() };
    for (waiting, seconds) in [
        (WaitingOn::Alias { alias: alias.clone() }, Some(1)),
        (drain(at(5)), Some(5)),
        (drain(at(6)), None),
        (term(at(135)), Some(2)),
        (term(at(136)), None),
        (WaitingOn::InService { name: name() }, None),
        (WaitingOn::AliasRetry { alias, at: at(1) }, None),
        (WaitingOn::BuyAgain { name: name(), at: at(1) }, None),
    ] {
        assert_eq!(waiting.seconds(at(0)), seconds.map(SignedDuration::from_secs), "{waiting:?}");
    }
}

#[test]
fn what_a_quota_refused_is_tried_again_once_something_is_deleted_and_nothing_else_is() {
    for (kind, again) in [(CallErrorKind::Quota, true), (CallErrorKind::Invalid, false)] {
        let mut scene = Scene::new(json!({}));
        let buy = scene.plan().actions[0].clone();
        scene.attempts.failed(&buy, error(kind));
        assert!(scene.plan().actions.is_empty());
        scene.attempts.succeeded(&buy);
        assert!(scene.plan().actions.is_empty(), "only a deletion frees units");
        scene.attempts.succeeded(&Action::Delete { name: String::new(), arn: "other".to_owned(), patient: false });
        assert_eq!(scene.plan().actions == [buy], again, "{kind:?}");
    }
}

#[test]
fn what_is_released_loses_marks_that_it_bears_and_then_is_forgotten() {
    let scene = Scene::new(json!({})).living(Lifecycle::Releasing).listed(|_| {}).known();
    assert!(
        scene.plan().questions.contains(&Question::Marks(ARN.to_owned())),
        "what a dead invocation took off is not taken off again"
    );
    let marked = scene.ours();
    assert_eq!(marked.plan().actions, [Action::Release { name: marked.name(), arn: ARN.to_owned() }]);
    assert!(!marked.plan().nothing_left);
    let mut bare = marked.marked(&[]);
    bare.record.leaving.push(AliasId { agent: "ABCDEFGHIJ".to_owned(), alias: "KLMNOPQRST".to_owned() });
    assert!(bare.plan().record.throughputs.is_empty() && bare.plan().nothing_left, "{}", bare.says());
    assert_eq!(bare.plan().actions, [Action::Forget { name: "support-agent".to_owned() }]);
}

#[test]
fn an_alias_that_is_still_leaving_keeps_what_retires_from_being_forgotten() {
    let mut scene = Scene::new(json!({})).living(Lifecycle::Retiring).off();
    assert!(scene.plan().nothing_left);
    let leaving = AliasId { agent: "ABCDEFGHIJ".to_owned(), alias: "KLMNOPQRST".to_owned() };
    scene.observed.aliases.insert(leaving.clone(), Err(error(CallErrorKind::NoAnswer)));
    scene.record.leaving.push(leaving);
    assert!(!scene.plan().nothing_left, "{}", scene.says());
    let active = Scene::new(json!({})).off();
    assert!(!active.plan().nothing_left, "what is only off stays registered");
}

#[test]
fn only_what_bears_both_marks_is_ours() {
    let scene = || Scene::new(json!({})).listed(|_| {});
    assert!(scene().plan().questions.contains(&Question::Marks(ARN.to_owned())));
    let ours = scene().marked(&[(COMMITMENT_TAG, "support-agent"), (GROUP_TAG, GROUP), ("team", "x")]).plan();
    assert_eq!(ours.ours.len(), 1);
    let digest = tags_digest(&BTreeMap::from([("team".to_owned(), "x".to_owned())]));
    assert_eq!(ours.record.throughputs[0].tags, digest, "what else it bears is remembered");
    for marks in [&[(COMMITMENT_TAG, "support-agent")][..], &[(COMMITMENT_TAG, "other"), (GROUP_TAG, GROUP)], &[]] {
        let plan = scene().marked(marks).plan();
        assert!(plan.ours.is_empty() && plan.record.throughputs.is_empty(), "{marks:?}");
        assert!(
            !plan.actions.iter().any(|action| matches!(action, Action::Buy { .. } | Action::Delete { .. })),
            "{plan}"
        );
    }
    let mut unread = scene();
    unread.observed.facts.marks.insert(ARN.to_owned(), Err(error(CallErrorKind::NoAnswer)));
    assert_eq!((unread.plan().ours.len(), unread.plan().failures.len()), (0, 1));
}

#[test]
fn what_is_remembered_and_not_listed_is_looked_for() {
    let mut scene = Scene::new(json!({})).listed(|_| {}).known();
    let listed = scene.observed.throughputs.pop().expect("it is listed");
    assert!(scene.plan().questions.contains(&Question::Throughput(ARN.to_owned())));
    scene.observed.facts.throughputs.insert(ARN.to_owned(), Ok(Some(listed.clone())));
    assert_eq!(scene.plan().ours, std::slice::from_ref(&listed));
    let mut deleted = Scene::new(json!({})).listed(|_| {}).known();
    deleted.attempts.succeeded(&Action::Delete { name: listed.name.clone(), arn: ARN.to_owned(), patient: false });
    assert!(deleted.plan().ours.is_empty(), "the list is late");
    deleted.observed.throughputs.clear();
    deleted.observed.facts.throughputs.insert(ARN.to_owned(), Ok(Some(listed)));
    assert!(deleted.plan().ours.is_empty() && deleted.plan().record.is_gone(ARN), "it was deleted");
    scene.observed.facts.throughputs.insert(ARN.to_owned(), Ok(None));
    assert!(scene.plan().record.is_gone(ARN));
}

#[test]
fn a_throughput_of_a_legacy_model_stays_when_only_a_timetable_says_off() {
    let off = |change: fn(&mut Throughput)| Scene::new(json!({})).listed(change).known().off();
    let legacy = |mut scene: Scene, legacy: bool| {
        scene.observed.facts.legacy.insert(BASE.to_owned(), Ok(legacy));
        scene
    };
    let deletes = |scene: &Scene| scene.plan().actions.iter().any(|action| matches!(action, Action::Delete { .. }));
    assert!(off(|_| {}).plan().questions.contains(&Question::Legacy(BASE.to_owned())));
    assert!(deletes(&legacy(off(|_| {}), false)));
    let kept = legacy(off(|_| {}), true);
    assert!(!deletes(&kept) && !kept.plan().problems.is_empty(), "{}", kept.says());
    let mut unknown = off(|_| {});
    unknown.observed.facts.legacy.insert(BASE.to_owned(), Err(error(CallErrorKind::NoAnswer)));
    assert_eq!((deletes(&unknown), unknown.plan().failures), (false, vec![error(CallErrorKind::NoAnswer)]));
    let mut by_hand = legacy(off(|_| {}), true);
    by_hand.record.hold = Some(Hold { state: State::Off, since: at(0) });
    assert!(deletes(&by_hand), "who scales down by hand means it");
    assert!(deletes(&legacy(off(|_| {}).living(Lifecycle::Retiring), true)), "so does who retires");
    let creating = legacy(off(|throughput| throughput.status = ThroughputStatus::Creating), true);
    assert!(deletes(&creating), "it never served");
    let other = |throughput: &mut Throughput| {
        throughput.model_arn = "arn:aws:bedrock:eu-central-1::foundation-model/meta.llama3".to_owned();
        throughput.foundation_model_arn.clone_from(&throughput.model_arn);
    };
    assert!(deletes(&off(other)), "what is of another model is not wanted back");
    let base_alone =
        off(|throughput| throughput.model_arn = "arn:aws:bedrock:eu-central-1:1:custom-model/x".to_owned());
    assert!(!deletes(&legacy(base_alone, true)), "the declared model is its base");
    let custom = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/mine";
    let mut scene = Scene::new(json!({ "ModelId": custom }))
        .listed(|throughput| throughput.model_arn = custom.to_owned())
        .known()
        .off();
    scene.observed.facts.legacy.insert(BASE.to_owned(), Ok(true));
    assert!(!deletes(&scene), "the declared model itself");
    let replaced = legacy(
        Scene::new(json!({}))
            .listed(|_| {})
            .listed(|throughput| {
                throughput.arn = format!("{ARN}2");
                throughput.name = "support-agent-000000".to_owned();
            })
            .known(),
        true,
    );
    assert!(deletes(&replaced), "another one serves in its place: {}", replaced.says());
}

#[test]
fn what_a_purchase_returned_and_nobody_finds_counts_as_spent_after_two_minutes() {
    let buys = |seconds| {
        let mut scene = Scene::new(json!({}));
        let buying = Buying { since: at(0), missing: Some("arn:missing".to_owned()) };
        scene.record.buying.insert(scene.name(), buying);
        scene.observed.facts.throughputs.insert("arn:missing".to_owned(), Ok(None));
        scene.now = at(seconds);
        let plan = scene.plan();
        let waits = plan.waiting == [WaitingOn::Purchase { name: scene.name(), until: at(120) }];
        let bought = plan.actions.iter().any(|action| matches!(action, Action::Buy { .. }));
        assert_eq!((waits, plan.record.is_gone("arn:missing")), (!bought, bought), "{seconds}: {plan}");
        bought
    };
    assert_eq!([0, 119, 120, 121].map(buys), [false, false, true, true]);
}

#[test]
fn an_announced_purchase_that_is_not_wanted_any_more_is_waited_for_and_forgotten() {
    for (lifecycle, wanted) in [(Lifecycle::Active, false), (Lifecycle::Retiring, false), (Lifecycle::Retiring, true)] {
        for (seconds, kept) in [(119, true), (120, false)] {
            let mut scene = Scene::new(json!({})).living(lifecycle);
            scene.desired = scene.desired.filter(|_| wanted);
            scene.record.buying.insert(scene.name(), Buying { since: at(0), missing: None });
            scene.now = at(seconds);
            let plan = scene.plan();
            assert_eq!(
                (plan.record.buying.len(), plan.waiting.len()),
                (usize::from(kept), usize::from(kept)),
                "{lifecycle:?} {seconds}: {plan}"
            );
        }
    }
    let mut wanted = Scene::new(json!({}));
    wanted.record.buying.insert(wanted.name(), Buying { since: at(0), missing: None });
    wanted.now = at(121);
    assert_eq!(wanted.plan().record.buying.len(), 1, "what is still wanted is announced");
}

#[test]
fn declared_tags_are_brought_onto_what_stays() {
    let tags = json!({"Tags": {"team": "support", "cost": "7"}});
    let scene = || {
        let mut scene = Scene::new(tags.clone()).listed(|_| {}).known();
        scene.record.throughputs[0].tags = "another".to_owned();
        scene
    };
    assert!(
        Scene::new(tags.clone()).listed(|_| {}).known().plan().settled(),
        "what bears them is not asked for its tags"
    );
    assert!(scene().plan().questions.contains(&Question::Marks(ARN.to_owned())));
    let plan = scene()
        .marked(&[
            (COMMITMENT_TAG, "support-agent"),
            (GROUP_TAG, GROUP),
            ("team", "other"),
            ("cost", "7"),
            ("old", "x"),
        ])
        .plan();
    let set = BTreeMap::from([("team".to_owned(), "support".to_owned())]);
    let name = scene().name();
    assert_eq!(plan.actions, [Action::Tag { name, arn: ARN.to_owned(), set, remove: vec!["old".to_owned()] }]);
    let mut unread = scene();
    unread.observed.facts.marks.insert(ARN.to_owned(), Err(error(CallErrorKind::NoAnswer)));
    assert_eq!(unread.plan().failures.len(), 1);
    let mut goes = scene().off();
    goes.observed.facts = Facts { legacy: BTreeMap::from([(BASE.to_owned(), Ok(false))]), ..Facts::default() };
    assert!(!goes.plan().questions.contains(&Question::Marks(ARN.to_owned())), "what goes keeps its tags");
}
