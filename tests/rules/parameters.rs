//! What a parameter is to hold, when it may be written, and what it keeps from going (interface.md section 7).

use std::num::NonZeroU32;

use jiff::Timestamp;
use policy::commitment::ParameterName;
use policy::observed::{CallErrorKind, Marks, Parameter, Question, Throughput, ThroughputStatus};
use policy::plan::{Action, WaitingOn};
use policy::record::{Gone, Lifecycle};
use serde_json::{Value, json};

use crate::going::{FOREIGN, deletes};
use crate::{ARN, BASE, Scene, at, error, with};

const NAME: &str = "/support/model-id";
/// A throughput that was ours.
const WAS_OURS: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/3";
/// A throughput that does not exist.
const NOTHING: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/4";
const CUSTOM: &str = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/mine";
const PROFILE: &str = "eu.amazon.nova-lite-v1:0";

fn name() -> ParameterName {
    NAME.parse().expect("it is a name")
}

/// A String that holds `value`, written for the seventh time an hour ago.
fn string(value: &str) -> Parameter {
    Parameter { value: value.to_owned(), kind: "String".to_owned(), version: 7, modified: Some(at(-3600)) }
}

/// The same of another kind.
fn of(kind: &str, value: &str) -> Parameter {
    Parameter { kind: kind.to_owned(), ..string(value) }
}

impl Scene {
    fn seen(mut self, parameter: Option<Parameter>) -> Self {
        self.observed.parameters.insert(name(), Ok(parameter));
        self
    }

    fn holding(self, value: &str) -> Self {
        self.seen(Some(string(value)))
    }

    fn unread(mut self) -> Self {
        self.observed.parameters.insert(name(), Err(error(CallErrorKind::NoAnswer)));
        self
    }

    /// This invocation has written the parameter, which made it that `version`.
    fn written(mut self, version: i64) -> Self {
        self.attempts.wrote(&name(), version);
        self
    }

    /// Whether the parameter is fit to be written has not been found out yet.
    fn first(mut self) -> Self {
        self.record.own_parameters.clear();
        self
    }

    /// The parameter is declared no more.
    fn dropped(mut self) -> Self {
        self.record.leaving_parameters.extend(self.record.commitment.dropped_parameter());
        self.record.commitment.parameter = None;
        self
    }

    fn creating(mut self) -> Self {
        self.observed.throughputs[0].status = ThroughputStatus::Creating;
        self.record.throughputs[0].served = false;
        self
    }

    fn left(mut self, instant: Timestamp) -> Self {
        self.record.throughputs[0].left = Some(instant);
        self
    }

    /// What the plan writes into the parameter, if it does.
    pub(crate) fn writes(&self) -> Option<String> {
        let plan = self.plan();
        assert!(plan.questions.is_empty(), "{:?}", plan.questions);
        plan.actions
            .into_iter()
            .find_map(|action| if let Action::Point { value, .. } = action { Some(value) } else { None })
    }
}

/// A commitment with a parameter of its own and a throughput in service, which is not its first.
fn serving(more: Value) -> Scene {
    let mut scene = Scene::new(with(json!({"ModelIdParameter": NAME}), more)).listed(|_| {}).known();
    scene.record.own_parameters.insert(name());
    scene.record.gone.insert("support-agent-000000".to_owned(), Gone { arn: WAS_OURS.to_owned(), failed: None });
    let foreign = Throughput { arn: FOREIGN.to_owned(), ..scene.observed.throughputs[0].clone() };
    let facts = &mut scene.observed.facts;
    facts.marks.insert(FOREIGN.to_owned(), Ok(Marks::default()));
    facts.legacy.insert(BASE.to_owned(), Ok(false));
    for (arn, found) in [(FOREIGN, Some(foreign)), (WAS_OURS, None), (NOTHING, None)] {
        facts.throughputs.insert(arn.to_owned(), Ok(found));
    }
    scene
}

#[test]
fn it_names_what_is_in_service_and_else_what_is_invoked_without() {
    type Change = fn(Scene) -> Scene;
    let in_service = |scene: Scene| scene;
    let on_demand = || json!({"OnDemandModelId": PROFILE});
    let reject = || json!({"WhenOff": "Reject"});
    let cases: [(Value, Change, &str); 9] = [
        (json!({}), in_service, ARN),
        (json!({}), Scene::creating, BASE),
        (json!({}), Scene::off, BASE),
        (on_demand(), Scene::off, PROFILE),
        (reject(), in_service, ARN),
        (reject(), Scene::off, "off"),
        (with(reject(), on_demand()), Scene::creating, "off"),
        (json!({ "ModelId": CUSTOM }), Scene::off, "off"),
        (with(json!({ "ModelId": CUSTOM }), on_demand()), Scene::off, PROFILE),
    ];
    for (more, change, value) in cases {
        let scene = || change(serving(more.clone()));
        let to = match value {
            ARN => scene().name(),
            "off" => value.to_owned(),
            model => format!("{model}, on demand"),
        };
        for (scene, exists) in [(scene().holding("nonsense"), true), (scene().seen(None), false)] {
            let point = Action::Point { parameter: name(), value: value.to_owned(), to: to.clone(), exists };
            assert!(scene.plan().actions.contains(&point), "{more}: {:?}", scene.plan().actions);
            assert!(scene.says().contains(&format!("do    point {NAME} at {to}")), "{more}: {}", scene.says());
        }
        assert_eq!(scene().holding(value).writes(), None, "{more}: it is there");
    }
    let mut steady = serving(json!({})).holding(ARN);
    assert!(steady.plan().settled() && steady.plan().record == steady.record, "{}", steady.says());
    steady.record.own_parameters.insert("/other".parse().expect("it is a name"));
    assert!(steady.plan().record.own_parameters.iter().eq([&name()]), "what is declared no more is nobody's");
}

#[test]
fn what_serves_now_stays_named_until_it_is_decided_what_comes_next() {
    let mut grows = serving(json!({})).holding(ARN);
    grows.desired = NonZeroU32::new(2);
    assert!(matches!(&grows.plan().actions[..], [Action::Buy { .. }]), "{}", grows.says());
    let grows = grows.holding("nonsense");
    assert_eq!(grows.writes().as_deref(), Some(ARN), "what leads nowhere is put right at once");
    assert_eq!(grows.seen(None).writes().as_deref(), Some(ARN), "and so is what is not there");
    let mut smaller = serving(json!({})).holding(ARN).sized(3, ThroughputStatus::InService);
    smaller.desired = NonZeroU32::new(2);
    assert!(matches!(&smaller.plan().actions[..], [Action::Buy { .. }]), "{}", smaller.says());
    let mut bare = serving(json!({})).holding(WAS_OURS);
    bare.record.throughputs.clear();
    bare.observed.throughputs.clear();
    assert_eq!(bare.writes().as_deref(), Some(BASE), "what is gone is not named while another is bought");
}

#[test]
fn what_it_holds_at_first_is_fit_or_foreign_and_once_ours_all_else_is_put_right() {
    let (none, on_demand) = (|| json!({}), || json!({"OnDemandModelId": PROFILE}));
    for (more, value, fits) in [
        (none(), ARN, true),
        (none(), WAS_OURS, true),
        (none(), BASE, true),
        (none(), "off", true),
        (none(), "theirs", false),
        (none(), FOREIGN, false),
        (none(), NOTHING, false),
        (on_demand(), PROFILE, true),
        (on_demand(), BASE, false),
        (json!({ "ModelId": CUSTOM }), BASE, false),
    ] {
        let says = format!("{more}: {value}");
        let problem = format!(
            "parameter {NAME} holds `{value}`, which is not ours: it is left alone; TakeOver lets it be overwritten"
        );
        let (right, first) = ((value != ARN).then(|| ARN.to_owned()), serving(more.clone()).first().holding(value));
        assert_eq!(first.writes(), right.clone().filter(|_| fits), "{says}");
        assert_eq!(first.plan().problems, Vec::from_iter((!fits).then_some(problem)), "{says}");
        assert_eq!(first.plan().record.own_parameters.contains(&name()), fits, "{says}");
        let taken_over = serving(with(more.clone(), json!({"TakeOver": true}))).first().holding(value);
        for scene in [taken_over, serving(more).holding(value)] {
            assert_eq!((scene.writes(), scene.plan().problems.len()), (right.clone(), 0), "{says}");
        }
    }
    let mut deleted = serving(json!({})).first().holding(NOTHING);
    deleted.attempts.succeeded(&Action::Delete { name: String::new(), arn: NOTHING.to_owned(), patient: false });
    assert!(deleted.writes().is_some(), "it was deleted in this invocation: {}", deleted.says());
    assert!(!serving(json!({})).first().seen(None).plan().record.own_parameters.is_empty(), "a new one is ours");
}

#[test]
fn a_foreign_value_is_said_in_short_and_only_while_it_is_in_the_way() {
    let long = serving(json!({})).first().holding(&"x".repeat(4096));
    assert!(long.plan().problems[0].contains(&format!("holds `{}…`", "x".repeat(80))), "{}", long.says());
    for lifecycle in [Lifecycle::Ended, Lifecycle::Retiring] {
        let goes = serving(json!({})).first().holding("theirs").living(lifecycle);
        assert_eq!((goes.writes(), goes.plan().problems.len()), (None, 0), "{lifecycle:?}: {}", goes.says());
    }
}

#[test]
fn what_it_names_is_looked_for_before_anything_is_decided() {
    let asked = |value| {
        let mut scene = serving(json!({})).holding(value);
        scene.observed.facts.throughputs.clear();
        scene.plan().questions.contains(&Question::Throughput(value.to_owned()))
    };
    assert_eq!([NOTHING, ARN, BASE].map(asked), [true, false, false], "what is listed is known");
}

#[test]
fn one_of_another_kind_is_a_problem_and_never_written() {
    for kind in ["SecureString", "StringList"] {
        let seen = |more: Value, value: &str| serving(more).seen(Some(of(kind, value)));
        let problem =
            format!("parameter {NAME} is a {kind}, and only a String can be kept: delete it, or declare another one");
        for scene in [seen(json!({}), "x"), seen(json!({}), "x").off(), seen(json!({"TakeOver": true}), "x").first()] {
            assert_eq!((scene.writes(), scene.plan().problems), (None, vec![problem.clone()]));
        }
        for value in ["x", "off"] {
            let plan = seen(json!({}), value).living(Lifecycle::Retiring).plan();
            assert!(plan.let_go && plan.problems.is_empty(), "what cannot be written holds nothing back: {plan}");
        }
    }
}

#[test]
fn what_leads_to_ours_or_to_nothing_is_left_on_demand_and_what_others_wrote_stays() {
    for (value, own, written) in [
        (ARN, false, true),
        (WAS_OURS, false, true),
        (NOTHING, true, true),
        (NOTHING, false, false),
        ("off", true, true),
        ("off", false, false),
        (BASE, true, false),
        ("theirs", true, false),
        (FOREIGN, true, false),
    ] {
        let scene = || {
            let scene = serving(json!({"WhenOff": "Reject"})).holding(value);
            if own { scene } else { scene.first() }
        };
        let (dropped, retiring) = (scene().dropped(), scene().living(Lifecycle::Retiring));
        for scene in [&dropped, &retiring] {
            assert_eq!(scene.writes().as_deref(), written.then_some(BASE), "{value} {own}: {}", scene.says());
            assert_eq!((scene.plan().let_go, scene.plan().problems.len()), (!written, 0), "{value} {own}");
        }
        let record = dropped.plan().record;
        assert_eq!(record.leaving_parameters.len(), usize::from(written), "{value} {own}");
        assert_eq!(record.own_parameters.len(), usize::from(written && own), "{value} {own}");
        let still = retiring.plan().record.own_parameters.len();
        assert_eq!(still, usize::from(written && own), "{value} {own}: another one may declare it");
    }
    let custom = serving(json!({ "ModelId": CUSTOM })).holding("off").dropped();
    assert!(custom.plan().let_go, "nothing can be invoked without: {}", custom.says());
    let missing = serving(json!({})).seen(None).dropped().plan();
    assert!(missing.let_go && missing.actions.is_empty() && missing.record.own_parameters.is_empty(), "{missing}");
}

#[test]
fn one_that_is_dropped_is_left_with_what_its_own_declaration_says() {
    let mut dropped = serving(json!({"OnDemandModelId": PROFILE})).holding(ARN).dropped();
    dropped.record.declare(serving(json!({ "ModelIdParameter": "/other" })).record.commitment);
    assert_eq!(dropped.writes().as_deref(), Some(PROFILE), "{}", dropped.says());
}

#[test]
fn one_that_is_let_go_waits_for_no_other() {
    let left: ParameterName = "/left".parse().expect("it is a name");
    let mut scene = serving(json!({})).holding(ARN).dropped();
    scene.observed.parameters.insert(left.clone(), Ok(Some(string(BASE))));
    scene.record.leaving_parameters.insert(left, BASE.to_owned());
    let plan = scene.plan();
    assert!(!plan.let_go && plan.record.leaving_parameters.keys().eq([&name()]), "{plan}");
}

#[test]
fn a_throughput_stays_while_a_parameter_leads_to_it_or_may() {
    let off = |value| serving(json!({})).holding(value).off();
    let list = |value: &str| off("").seen(Some(of("StringList", value)));
    let keeps = |scene: &Scene| {
        let named = WaitingOn::Named { parameter: name(), name: scene.name() };
        let keeps = scene.plan().waiting.contains(&named);
        assert_eq!(deletes(scene).is_none(), keeps, "{}", scene.says());
        keeps
    };
    for (scene, kept) in [
        (off(ARN), true),
        (list(&format!("one, {ARN}")), true),
        (list("one, two"), false),
        (off("").unread(), true),
        (off("").seen(None), false),
        (off(BASE), false),
        (off(FOREIGN), false),
        (off(BASE).written(8), true),
        (off(ARN).creating(), true),
        (off("").unread().creating(), false),
        (off(ARN).written(8).creating(), false),
    ] {
        assert_eq!(keeps(&scene), kept, "{}", scene.says());
    }
    for (scene, kept, left) in [
        (off(BASE), false, Some(at(-1))),
        (off(ARN), true, None),
        (off("").unread(), true, Some(at(-1))),
        (off(ARN).written(8), true, Some(at(-1))),
    ] {
        let scene = scene.left(at(-1));
        assert_eq!((keeps(&scene), scene.plan().record.throughputs[0].left), (kept, left), "{}", scene.says());
    }
}

#[test]
fn what_is_read_as_before_it_was_written_is_waited_for() {
    for (version, waits) in [(6, false), (7, false), (8, true)] {
        let scene = serving(json!({})).holding("nonsense").written(version);
        let shown = WaitingOn::Parameter { parameter: name() };
        assert_eq!(scene.plan().waiting.contains(&shown), waits, "{version}: {}", scene.says());
        assert_eq!(scene.writes().is_none(), waits, "{version}");
        let missing = scene.seen(None);
        assert_eq!((missing.writes(), missing.plan().waiting), (None, vec![shown]), "it was there already");
        assert!(!missing.living(Lifecycle::Retiring).plan().let_go);
    }
}

#[test]
fn what_cannot_be_read_is_a_failure_and_nothing_is_let_go_or_forgotten() {
    let active = serving(json!({})).unread();
    assert_eq!((active.writes(), active.plan().failures), (None, vec![error(CallErrorKind::NoAnswer)]));
    let bare = || Scene::new(json!({"ModelIdParameter": NAME})).living(Lifecycle::Retiring).off();
    for (scene, gone) in [(bare(), false), (bare().unread(), false), (bare().seen(None), true)] {
        assert_eq!((scene.plan().let_go, scene.plan().nothing_left), (gone, gone), "{}", scene.says());
        let dropped = scene.dropped().plan();
        assert_eq!((dropped.record.leaving_parameters.is_empty(), dropped.nothing_left), (gone, gone), "{dropped}");
    }
}

#[test]
fn a_drain_counts_from_the_last_change_of_a_parameter_of_ours() {
    let changed = |seconds: i64| Parameter { modified: Some(at(seconds)), ..string(BASE) };
    let off = |seen: Parameter| serving(json!({"Drain": "5m"})).seen(Some(seen)).off().left(at(0));
    let other: ParameterName = "/other".parse().expect("it is a name");
    let mut two = off(changed(60));
    two.observed.parameters.insert(other.clone(), Ok(Some(changed(90))));
    two.record.leaving_parameters.insert(other.clone(), BASE.to_owned());
    two.record.own_parameters.insert(other);
    for (mut scene, until) in [
        (off(changed(60)), 360),
        (two, 390),
        (off(changed(-60)), 300),
        (off(Parameter { modified: None, ..string(BASE) }), 300),
        (off(Parameter { kind: "SecureString".to_owned(), ..changed(60) }), 300),
        (off(Parameter { value: "theirs".to_owned(), ..changed(60) }).first(), 300),
        (off(changed(60)).seen(None), 300),
    ] {
        for (now, drained) in [(until - 1, false), (until, true)] {
            scene.now = at(now);
            assert_eq!(deletes(&scene).is_some(), drained, "{now}: {}", scene.says());
        }
    }
}
