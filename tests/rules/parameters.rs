//! What a parameter is to hold, when it may be written, and what it keeps from going (interface.md section 7).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use throughput_scheduler::commitment::ParameterName;
use throughput_scheduler::observed::{CallErrorKind, Marks, Parameter, Question, Throughput, ThroughputStatus};
use throughput_scheduler::plan::{Action, WaitingOn};
use throughput_scheduler::record::{Gone, Lifecycle};

use crate::going::{FOREIGN, deletes};
use crate::{ARN, BASE, Scene, at, error, with};

const NAME: &str = "/support/model-id";
/// A throughput that was ours.
const WAS_OURS: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/3";
/// A throughput that nobody knows.
const NOBODYS: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/4";
const CUSTOM: &str = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/mine";
const PROFILE: &str = "eu.amazon.nova-lite-v1:0";

fn name() -> ParameterName {
    NAME.parse().expect("it is a name")
}

impl Scene {
    /// What is seen of the parameter `name`: a String that holds `value`, written for the seventh time an hour ago, and then changed.
    fn parameter(mut self, name: &ParameterName, value: &str, change: impl FnOnce(&mut Parameter)) -> Self {
        let (kind, modified) = ("String".to_owned(), Some(at(-3600)));
        let mut parameter = Parameter { value: value.to_owned(), kind, version: 7, modified };
        change(&mut parameter);
        self.observed.parameters.insert(name.clone(), Ok(Some(parameter)));
        self
    }

    fn holding(self, value: &str) -> Self {
        self.parameter(&name(), value, |_| {})
    }

    fn missing(mut self) -> Self {
        self.observed.parameters.insert(name(), Ok(None));
        self
    }

    fn unread(mut self) -> Self {
        self.observed.parameters.insert(name(), Err(error(CallErrorKind::NoAnswer)));
        self
    }

    /// The parameter has been found fit before.
    fn own(mut self) -> Self {
        self.record.own_parameters.insert(name());
        self
    }

    /// The parameter is declared no more.
    fn dropped(mut self) -> Self {
        self.record.leaving_parameters.extend(self.record.commitment.parameter.take());
        self
    }

    /// What the plan writes into the parameter, if it does.
    fn writes(&self) -> Option<String> {
        let plan = self.plan();
        assert!(plan.questions.is_empty(), "{:?}", plan.questions);
        let value = |action| if let Action::Point { value, .. } = action { Some(value) } else { None };
        plan.actions.into_iter().find_map(value)
    }
}

/// A commitment with a parameter and with a throughput in service, which is not its first.
fn serving(more: Value) -> Scene {
    let mut scene = Scene::new(with(json!({"ModelIdParameter": NAME}), more)).listed(|_| {}).known();
    scene.record.gone.insert("support-agent-000000".to_owned(), Gone { arn: WAS_OURS.to_owned(), failed: None });
    let foreign = Throughput { arn: FOREIGN.to_owned(), ..scene.observed.throughputs[0].clone() };
    let facts = &mut scene.observed.facts;
    facts.marks.insert(FOREIGN.to_owned(), Ok(Marks::default()));
    facts.legacy.insert(BASE.to_owned(), Ok(false));
    for (arn, found) in [(FOREIGN, Some(foreign)), (WAS_OURS, None), (NOBODYS, None)] {
        facts.throughputs.insert(arn.to_owned(), Ok(found));
    }
    scene
}

fn creating(mut scene: Scene) -> Scene {
    scene.observed.throughputs[0].status = ThroughputStatus::Creating;
    scene.record.throughputs[0].served = false;
    scene
}

/// A throughput that is wanted no more, while its parameter holds `value`.
fn off(value: &str) -> Scene {
    serving(json!({})).own().holding(value).off()
}

/// That the throughput is kept because of the parameter.
fn kept(scene: &Scene) -> bool {
    let named = WaitingOn::Named { parameter: name(), name: scene.name() };
    let kept = scene.plan().waiting.contains(&named);
    assert_eq!(deletes(scene).is_none(), kept, "{}", scene.says());
    kept
}

#[test]
fn it_names_what_is_in_service_and_else_what_is_invoked_without() {
    type Change = fn(Scene) -> Scene;
    let in_service = |scene: Scene| scene;
    let on_demand = || json!({"OnDemandModelId": PROFILE});
    let reject = || json!({"WhenOff": "Reject"});
    let cases: [(Value, Change, &str); 9] = [
        (json!({}), in_service, ARN),
        (json!({}), creating, BASE),
        (json!({}), Scene::off, BASE),
        (on_demand(), Scene::off, PROFILE),
        (reject(), in_service, ARN),
        (reject(), Scene::off, "off"),
        (with(reject(), on_demand()), creating, "off"),
        (json!({ "ModelId": CUSTOM }), Scene::off, "off"),
        (with(json!({ "ModelId": CUSTOM }), on_demand()), Scene::off, PROFILE),
    ];
    for (more, change, value) in cases {
        let scene = || change(serving(more.clone())).own();
        assert_eq!(scene().holding("nonsense").writes().as_deref(), Some(value), "{more}: put right");
        assert_eq!(scene().missing().writes().as_deref(), Some(value), "{more}: made");
        assert_eq!(scene().holding(value).writes(), None, "{more}: it is there");
    }
    let steady = serving(json!({})).own().holding(ARN);
    assert!(steady.plan().settled() && steady.plan().record == steady.record, "{}", steady.says());
}

#[test]
fn a_write_says_in_words_what_it_writes_and_whether_the_parameter_is_there() {
    let off = |more| serving(more).own().off();
    for (scene, to) in [
        (serving(json!({})).own(), serving(json!({})).name()),
        (off(json!({})), format!("{BASE}, on demand")),
        (off(json!({"WhenOff": "Reject"})), "off".to_owned()),
    ] {
        let scene = scene.missing();
        assert!(scene.says().contains(&format!("do    point {NAME} at {to}")), "{}", scene.says());
        for (scene, there) in [(scene.holding("nonsense"), true), (serving(json!({})).missing(), false)] {
            let point = |action: &Action| matches!(action, Action::Point { exists, .. } if *exists == there);
            assert!(scene.plan().actions.iter().any(point), "{}", scene.says());
        }
    }
}

#[test]
fn what_serves_now_stays_named_until_it_is_decided_what_comes_next() {
    let mut grows = serving(json!({})).own().holding(ARN);
    grows.desired = std::num::NonZeroU32::new(2);
    assert!(matches!(&grows.plan().actions[..], [Action::Buy { .. }]), "{}", grows.says());
    assert!(!grows.plan().let_go, "it leads to what is ours");
    assert_eq!(grows.holding("nonsense").writes().as_deref(), Some(ARN), "what leads nowhere is put right at once");
    let mut bare = serving(json!({})).own().holding(WAS_OURS);
    bare.record.throughputs.clear();
    bare.observed.throughputs.clear();
    assert_eq!(bare.writes().as_deref(), Some(BASE), "what is gone is not named while another is bought");
}

#[test]
fn what_it_holds_at_first_is_fit_or_foreign_and_once_ours_all_else_is_put_right() {
    let none = || json!({});
    for (more, value, fits) in [
        (none(), ARN, true),
        (none(), WAS_OURS, true),
        (none(), BASE, true),
        (none(), "off", true),
        (none(), "theirs", false),
        (none(), FOREIGN, false),
        (none(), NOBODYS, false),
        (json!({"OnDemandModelId": PROFILE}), PROFILE, true),
        (json!({"OnDemandModelId": PROFILE}), BASE, false),
        (json!({ "ModelId": CUSTOM }), BASE, false),
    ] {
        let first = serving(more.clone()).holding(value);
        let problem = format!(
            "parameter {NAME} holds `{value}`, which is not ours: it is left alone; TakeOver lets it be overwritten"
        );
        assert_eq!(first.plan().problems, Vec::from_iter((!fits).then_some(problem)), "{more}");
        assert_eq!(first.plan().record.own_parameters == BTreeSet::from([name()]), fits, "{more}: {value}");
        let overwritten = (value != ARN).then(|| ARN.to_owned());
        assert_eq!(first.writes(), overwritten.clone().filter(|_| fits), "{more}: {value}");
        let taken_over = serving(with(more.clone(), json!({"TakeOver": true}))).holding(value);
        for scene in [taken_over, serving(more.clone()).holding(value).own()] {
            assert_eq!((scene.writes(), scene.plan().problems.len()), (overwritten.clone(), 0), "{more}: {value}");
        }
    }
    let mut deleted = serving(json!({})).holding(NOBODYS);
    let delete = Action::Delete { name: String::new(), arn: NOBODYS.to_owned(), patient: false };
    deleted.attempts.succeeded(&delete);
    assert!(deleted.writes().is_some(), "it was deleted in this invocation: {}", deleted.says());
    assert_eq!(serving(json!({})).missing().plan().record.own_parameters.len(), 1, "a new one is ours");
    let long = serving(json!({})).holding(&"x".repeat(4096)).plan().problems;
    assert!(long[0].contains(&format!("holds `{}…`", "x".repeat(80))), "{long:?}");
    for lifecycle in [Lifecycle::Ended, Lifecycle::Retiring] {
        let goes = serving(json!({})).holding("theirs").living(lifecycle);
        assert_eq!((goes.writes(), goes.plan().problems.len()), (None, 0), "{lifecycle:?}: {}", goes.says());
    }
}

#[test]
fn what_it_names_is_looked_for_before_anything_is_decided() {
    let mut scene = serving(json!({})).own().holding(NOBODYS);
    scene.observed.facts.throughputs.clear();
    assert!(scene.plan().questions.contains(&Question::Throughput(NOBODYS.to_owned())));
    assert!(serving(json!({})).own().holding(ARN).plan().questions.is_empty(), "what is listed is known");
}

#[test]
fn one_of_another_kind_is_a_problem_and_never_written() {
    for kind in ["SecureString", "StringList"] {
        let seen = |more: Value| serving(more).parameter(&name(), "one,two", |seen| seen.kind = kind.to_owned());
        let problem =
            format!("parameter {NAME} is a {kind}, and only a String can be kept: delete it, or declare another one");
        for scene in [seen(json!({})).own(), seen(json!({"TakeOver": true})), seen(json!({})).own().off()] {
            assert_eq!((scene.writes(), scene.plan().problems), (None, vec![problem.clone()]));
        }
        let holding_off = serving(json!({})).own().parameter(&name(), "off", |seen| seen.kind = kind.to_owned());
        for scene in [seen(json!({})).own(), holding_off] {
            let plan = scene.living(Lifecycle::Retiring).plan();
            assert!(plan.let_go && plan.problems.is_empty(), "what cannot be written holds nothing back: {plan}");
        }
    }
}

#[test]
fn what_leads_to_ours_or_to_nothing_is_left_on_demand_and_what_others_wrote_stays() {
    for (value, own, written) in [
        (ARN, false, true),
        (WAS_OURS, false, true),
        (NOBODYS, true, true),
        (NOBODYS, false, false),
        ("off", true, true),
        ("off", false, false),
        (BASE, true, false),
        ("theirs", true, false),
        (FOREIGN, true, false),
    ] {
        let scene = || {
            let scene = serving(json!({"WhenOff": "Reject"})).holding(value);
            if own { scene.own() } else { scene }
        };
        let (dropped, retiring) = (scene().dropped(), scene().living(Lifecycle::Retiring));
        for scene in [&dropped, &retiring] {
            assert_eq!(scene.writes().as_deref(), written.then_some(BASE), "{value} {own}: {}", scene.says());
            assert_eq!((scene.plan().let_go, scene.plan().problems.len()), (!written, 0), "{value} {own}");
        }
        let record = dropped.plan().record;
        assert_eq!(record.leaving_parameters.len(), usize::from(written), "{value} {own}");
        assert_eq!(record.own_parameters.len(), usize::from(written && own), "{value} {own}");
        assert_eq!(retiring.plan().record.own_parameters.len(), usize::from(own), "it is declared still");
    }
    let custom = serving(json!({ "ModelId": CUSTOM })).own().holding("off").dropped();
    assert!(custom.plan().let_go, "nothing can be invoked without: {}", custom.says());
    let missing = serving(json!({})).own().missing().dropped().plan();
    assert!(missing.let_go && missing.actions.is_empty() && missing.record.own_parameters.is_empty(), "{missing}");
}

#[test]
fn one_that_is_let_go_waits_for_no_other() {
    let (left, still_on): (ParameterName, _) = ("/left".parse().expect("it is a name"), name());
    let mut scene = serving(json!({})).holding(ARN).parameter(&left, BASE, |_| {}).dropped();
    scene.record.leaving_parameters.push(left);
    let plan = scene.plan();
    assert!(!plan.let_go && plan.record.leaving_parameters == [still_on], "{plan}");
}

#[test]
fn a_throughput_stays_while_a_parameter_leads_to_it_or_may() {
    let list = |seen: &mut Parameter| seen.kind = "StringList".to_owned();
    let stale = |mut scene: Scene| {
        scene.attempts.wrote(&name(), 8);
        scene
    };
    for (scene, keeps) in [
        (off(ARN), true),
        (off("").parameter(&name(), &format!("one, {ARN}"), list), true),
        (off("").parameter(&name(), "one, two", list), false),
        (off("").unread(), true),
        (off("").missing(), false),
        (off(BASE), false),
        (off(FOREIGN), false),
        (stale(off(BASE)), true),
        (creating(off(ARN)), true),
        (creating(off("").unread()), false),
        (creating(stale(off(ARN))), false),
    ] {
        assert_eq!(kept(&scene), keeps, "{}", scene.says());
    }
    let mut drains = off(BASE);
    drains.now = at(600);
    drains.record.throughputs[0].left = Some(at(0));
    let left = |scene: &Scene| scene.plan().record.throughputs[0].left;
    assert_eq!(left(&drains), Some(at(0)));
    for unsure in [drains.unread(), stale(off(ARN))] {
        let mut unsure = unsure;
        unsure.record.throughputs[0].left = Some(at(0));
        assert_eq!((kept(&unsure), left(&unsure)), (true, Some(at(0))), "the drain goes on: {}", unsure.says());
    }
    let mut returned = off(ARN);
    returned.record.throughputs[0].left = Some(at(0));
    assert_eq!(left(&returned), None, "the drain begins anew");
}

#[test]
fn what_is_read_as_before_it_was_written_is_waited_for() {
    for (version, waits) in [(6, false), (7, false), (8, true)] {
        let mut scene = serving(json!({})).own().holding("nonsense");
        scene.attempts.wrote(&name(), version);
        let shown = WaitingOn::Parameter { parameter: name() };
        assert_eq!(scene.plan().waiting.contains(&shown), waits, "{version}: {}", scene.says());
        assert_eq!(scene.writes().is_none(), waits, "{version}");
        let missing = scene.missing();
        assert_eq!((missing.writes(), missing.plan().waiting), (None, vec![shown]), "it was there already");
        assert!(!missing.living(Lifecycle::Retiring).plan().let_go);
    }
}

#[test]
fn what_cannot_be_read_is_a_failure_and_nothing_is_let_go_or_forgotten() {
    let active = serving(json!({})).own().unread();
    assert_eq!((active.writes(), active.plan().failures), (None, vec![error(CallErrorKind::NoAnswer)]));
    let bare = || Scene::new(json!({"ModelIdParameter": NAME})).living(Lifecycle::Retiring).off();
    for (scene, let_go) in [(bare().unread(), false), (bare(), false), (bare().missing(), true)] {
        let plan = scene.plan();
        assert_eq!((plan.let_go, plan.nothing_left), (let_go, let_go), "{plan}");
    }
    let mut dropped = bare().dropped().unread();
    assert!(!dropped.plan().nothing_left && dropped.plan().record.leaving_parameters == [name()]);
    dropped.observed.parameters.clear();
    assert!(!dropped.plan().nothing_left, "it was not looked at");
}

#[test]
fn a_drain_counts_from_the_last_change_of_a_parameter_of_ours() {
    let other: ParameterName = "/other".parse().expect("it is a name");
    let changed = |seconds: i64| move |seen: &mut Parameter| seen.modified = Some(at(seconds));
    let off = || off(BASE).parameter(&name(), BASE, changed(60));
    let secure = off().parameter(&name(), "x", |seen| {
        seen.kind = "SecureString".to_owned();
        seen.modified = Some(at(60));
    });
    let mut foreign = off().parameter(&name(), "theirs", changed(60));
    foreign.record.own_parameters.clear();
    let mut two = off().parameter(&other, BASE, changed(90));
    two.record.leaving_parameters.push(other.clone());
    two.record.own_parameters.insert(other);
    let before = off().parameter(&name(), BASE, changed(-60));
    let unknown = off().parameter(&name(), BASE, |seen| seen.modified = None);
    for (mut scene, until) in
        [(off(), 360), (before, 300), (unknown, 300), (secure, 300), (foreign, 300), (two, 390), (off().missing(), 300)]
    {
        scene.record.commitment.drain = SignedDuration::from_secs(300);
        scene.record.throughputs[0].left = Some(at(0));
        for (now, drained) in [(until - 1, false), (until, true)] {
            scene.now = at(now);
            assert_eq!(deletes(&scene).is_some(), drained, "{now}: {}", scene.says());
        }
    }
}
