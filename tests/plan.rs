//! What is planned, situation by situation, as the person on call would read it.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use policy::commitment::{AliasId, Commitment, Term};
use policy::guardrails::Guardrails;
use policy::input::Mistakes;
use policy::observed::{
    AgentAlias, AliasStatus, CallError, CallErrorKind, Facts, Marks, Observed, Question, Throughput, ThroughputStatus,
};
use policy::plan::{Action, Attempts, Plan, Situation};
use policy::record::{Lifecycle, Record, Schedule};
use rehearsal::{AGENT, ALIAS, GROUP, commitment};
use serde_json::{Value, json};

const MODEL_ARN: &str = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0:24k";
const BASE_ARN: &str = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0";

/// A situation that is told step by step; 08:00 on a Monday, always on with one model unit.
struct Scene {
    record: Record,
    desired: Option<NonZeroU32>,
    observed: Observed,
    attempts: Attempts,
    now: Timestamp,
}

fn units(units: u32) -> NonZeroU32 {
    NonZeroU32::new(units).expect("not zero")
}

fn arn(units: u32) -> String {
    format!("arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/{units}")
}

fn alias_id() -> AliasId {
    AliasId { agent: AGENT.to_owned(), alias: ALIAS.to_owned() }
}

impl Scene {
    fn new(more: Value) -> Self {
        let mut mistakes = Mistakes::default();
        let commitment = Commitment::read(&commitment(more), "", &mut mistakes);
        let commitment = mistakes.or(commitment).expect("it is right");
        let now = "2026-11-16T08:00:00Z".parse().expect("an instant");
        let schedule = Schedule { minutes: 1, role_arn: String::new(), target: String::new() };
        let facts = Facts {
            version_models: BTreeMap::from([(
                (AGENT.to_owned(), "3".to_owned()),
                Ok("amazon.nova-lite-v1:0".to_owned()),
            )]),
            legacy: BTreeMap::from([("amazon.nova-lite-v1:0".to_owned(), Ok(false))]),
            ..Facts::default()
        };
        let mut scene = Self {
            desired: Some(commitment.units),
            record: Record::new(commitment, now, schedule),
            observed: Observed { region: "eu-central-1".to_owned(), facts, ..Observed::default() },
            attempts: Attempts::default(),
            now,
        };
        scene.observed.aliases.insert(alias_id(), Ok(Some(on_demand())));
        scene
    }

    /// A throughput of ours that the record knows.
    fn ours(mut self, size: u32, status: ThroughputStatus) -> Self {
        let commitment = &self.record.commitment;
        let throughput = Throughput {
            name: commitment.throughput_name(units(size), ""),
            arn: arn(size),
            status,
            units: size,
            model_arn: MODEL_ARN.to_owned(),
            foundation_model_arn: BASE_ARN.to_owned(),
            term: commitment.term,
            term_end: commitment.term.map(|_| self.now + SignedDuration::from_hours(24)),
            failure: None,
        };
        let digest = policy::record::tags_digest(&commitment.tags);
        self.record.notice(&throughput, Some(digest), self.now);
        self.observed.throughputs.push(throughput);
        self
    }

    fn off(mut self) -> Self {
        self.desired = None;
        self
    }

    fn alias(mut self, change: impl FnOnce(&mut AgentAlias)) -> Self {
        let mut alias = on_demand();
        change(&mut alias);
        self.observed.aliases.insert(alias_id(), Ok(Some(alias)));
        self
    }

    fn routed(self, size: u32) -> Self {
        self.alias(|alias| alias.throughput = Some(arn(size)))
    }

    fn after(mut self, minutes: i64) -> Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    fn plan(&self) -> Plan {
        let guardrails = Guardrails::parse("10", "*", "None,OneMonth").expect("they are right");
        let Self { record, desired, observed, attempts, now } = self;
        Situation {
            record,
            desired: *desired,
            observed,
            attempts,
            guardrails: Ok(&guardrails),
            group: GROUP,
            now: *now,
        }
        .plan()
    }

    /// The next scene, in which the record is what this one's plan made of it.
    fn remembered(mut self) -> Self {
        self.record = self.plan().record;
        self
    }
}

fn on_demand() -> AgentAlias {
    AgentAlias {
        name: "live".to_owned(),
        description: None,
        status: AliasStatus::Prepared,
        failures: Vec::new(),
        version: Some("3".to_owned()),
        throughput: None,
        rejects: false,
    }
}

fn refused(kind: CallErrorKind, code: &str) -> CallError {
    CallError { cannot: "buy it".to_owned(), kind, code: code.to_owned(), message: "no".to_owned() }
}

#[test]
fn on_with_nothing_there_it_buys() {
    let scene = Scene::new(json!({}));
    assert_snapshot!(scene.plan(), @"do    buy support-agent-f5426c: 1 model unit of amazon.nova-lite-v1:0:24k, without a term");
}

#[test]
fn on_while_it_is_being_created_it_waits() {
    let scene = Scene::new(json!({})).ours(1, ThroughputStatus::Creating);
    assert_snapshot!(scene.plan(), @"wait  for support-agent-f5426c to be in service");
}

#[test]
fn on_and_in_service_it_routes() {
    let scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService);
    assert_snapshot!(scene.plan(), @"do    route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-f5426c");
}

#[test]
fn on_and_routed_there_is_nothing_to_do() {
    let scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).routed(1);
    assert_snapshot!(scene.plan(), @"nothing to do");
    assert!(scene.plan().settled());
}

#[test]
fn before_it_routes_it_asks_for_the_model_of_the_agents_version() {
    let mut scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService);
    scene.observed.facts = Facts::default();
    let question = Question::VersionModel { agent: AGENT.to_owned(), version: "3".to_owned() };
    assert!(scene.plan().questions.contains(&question));
    assert!(!scene.plan().settled());
}

#[test]
fn off_it_routes_away_drains_and_deletes() {
    let scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).routed(1).off();
    assert_snapshot!(scene.plan(), @r"
    do    route ABCDEFGHIJ/KLMNOPQRST version 3 to on-demand
    wait  for ABCDEFGHIJ/KLMNOPQRST to leave support-agent-f5426c
    ");
    let scene = scene.alias(|alias| alias.status = AliasStatus::Updating).remembered();
    assert_snapshot!(scene.plan(), @r"
    wait  for ABCDEFGHIJ/KLMNOPQRST to settle
    wait  for ABCDEFGHIJ/KLMNOPQRST to leave support-agent-f5426c
    ");
    let scene = scene.alias(|_| {}).after(1).remembered();
    assert_snapshot!(scene.plan(), @"wait  for the last alias to have left support-agent-f5426c for 5m, until 2026-11-16T08:06:00Z");
    let scene = scene.after(5);
    assert_snapshot!(scene.plan(), @"do    delete support-agent-f5426c");
}

#[test]
fn a_drain_starts_again_only_when_an_alias_returns() {
    let left = Scene::new(json!({})).ours(1, ThroughputStatus::InService).off().remembered().after(3);
    assert_snapshot!(left.plan(), @"wait  for the last alias to have left support-agent-f5426c for 5m, until 2026-11-16T08:05:00Z");
    let unsure = left.alias(|alias| alias.status = AliasStatus::Updating).remembered();
    let drains = "wait  for the last alias to have left support-agent-f5426c for 5m, until 2026-11-16T08:05:00Z";
    assert!(unsure.plan().to_string().contains(drains), "{}", unsure.plan());
    let returned = unsure.routed(1).remembered();
    let again = returned.alias(|_| {}).remembered();
    assert_snapshot!(again.plan(), @"wait  for the last alias to have left support-agent-f5426c for 5m, until 2026-11-16T08:08:00Z");
}

#[test]
fn a_larger_size_is_made_before_the_smaller_is_broken() {
    let mut scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).routed(1);
    scene.desired = Some(units(3));
    let plan = scene.plan();
    assert_eq!(plan.actions.len(), 1, "{plan}");
    assert!(plan.to_string().contains("3 model units of amazon.nova-lite-v1:0:24k"), "{plan}");
    let scene = scene.ours(3, ThroughputStatus::InService);
    let large = scene.record.commitment.throughput_name(units(3), "");
    let plan = scene.plan().to_string();
    assert!(plan.contains(&format!("do    route ABCDEFGHIJ/KLMNOPQRST version 3 to {large}")), "{plan}");
    assert!(plan.contains("wait  for ABCDEFGHIJ/KLMNOPQRST to leave support-agent-f5426c"), "{plan}");
}

#[test]
fn quota_that_refuses_while_growing_keeps_the_smaller() {
    let mut scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).routed(1);
    scene.desired = Some(units(3));
    let buy = scene.plan().actions[0].clone();
    scene.attempts.failed(&buy, refused(CallErrorKind::Quota, "ServiceQuotaExceededException"));
    let plan = scene.plan();
    assert!(plan.actions.is_empty(), "{plan}");
    assert!(plan.problems.iter().any(|problem| problem.starts_with("quota refuses")), "{plan}");
}

#[test]
fn quota_that_refuses_while_shrinking_breaks_first_but_not_with_reject() {
    for (when_off, routes) in [("OnDemand", true), ("Reject", false)] {
        let mut scene = Scene::new(json!({"WhenOff": when_off})).ours(3, ThroughputStatus::InService).routed(3);
        let buy = scene.plan().actions[0].clone();
        scene.attempts.failed(&buy, refused(CallErrorKind::Quota, "ServiceQuotaExceededException"));
        let plan = scene.plan();
        let away = plan.actions.iter().any(|action| matches!(action, Action::Route { .. }));
        assert_eq!(away, routes, "{when_off}: {plan}");
    }
}

#[test]
fn what_failed_is_deleted_at_once_and_bought_again_after_ten_minutes() {
    let mut scene = Scene::new(json!({})).ours(1, ThroughputStatus::Failed);
    let mut described = scene.observed.throughputs[0].clone();
    described.failure = Some("no capacity".to_owned());
    scene.observed.facts.throughputs.insert(arn(1), Ok(Some(described)));
    assert_snapshot!(scene.plan(), @r"
    do    delete support-agent-f5426c
    note  support-agent-f5426c failed: no capacity
    ");
    let mut scene = scene.remembered();
    scene.observed.throughputs.clear();
    scene.observed.facts.throughputs.insert(arn(1), Ok(None));
    let scene = scene.remembered();
    assert_snapshot!(scene.plan(), @r"
    wait  to buy support-agent-f5426c again at 2026-11-16T08:10:00Z
    note  support-agent-f5426c failed at 2026-11-16T08:00:00Z: no capacity
    ");
    let scene = scene.after(10);
    assert_snapshot!(scene.plan(), @"do    buy support-agent-f5426c: 1 model unit of amazon.nova-lite-v1:0:24k, without a term");
}

#[test]
fn an_alias_that_failed_goes_on_demand_and_is_tried_again_after_ten_minutes() {
    let failed = |alias: &mut AgentAlias| {
        alias.status = AliasStatus::Failed;
        alias.failures = vec!["no access".to_owned()];
        alias.throughput = Some(arn(1));
    };
    let scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).alias(failed);
    let scene = scene.remembered();
    assert_snapshot!(scene.plan(), @r"
    do    route ABCDEFGHIJ/KLMNOPQRST version 3 to on-demand
    wait  to try ABCDEFGHIJ/KLMNOPQRST again at 2026-11-16T08:10:00Z
    note  alias ABCDEFGHIJ/KLMNOPQRST failed at 2026-11-16T08:00:00Z: no access
    ");
    let scene = scene.alias(|_| {}).after(10);
    assert_snapshot!(scene.plan(), @"do    route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-f5426c");
}

#[test]
fn a_foreign_route_is_left_alone_and_a_route_to_nothing_is_put_right() {
    let mut scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).routed(7);
    let mut foreign = scene.observed.throughputs[0].clone();
    foreign.arn = arn(7);
    foreign.name = "theirs".to_owned();
    scene.observed.facts.marks.insert(arn(7), Ok(Marks::default()));
    scene.observed.facts.throughputs.insert(arn(7), Ok(Some(foreign)));
    assert_snapshot!(scene.plan(), @"note  alias ABCDEFGHIJ/KLMNOPQRST is routed to arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/7, which is not ours: it is left alone; TakeOver lets it leave");
    scene.observed.facts.throughputs.insert(arn(7), Ok(None));
    assert_snapshot!(scene.plan(), @"do    route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-f5426c");
}

#[test]
fn with_reject_an_alias_that_is_not_on_a_throughput_rejects() {
    let scene = Scene::new(json!({"WhenOff": "Reject"})).off();
    assert_snapshot!(scene.plan(), @"do    route ABCDEFGHIJ/KLMNOPQRST version 3 to on-demand, rejecting invocations");
    let mut scene = scene.remembered().alias(|alias| alias.rejects = true);
    scene.desired = Some(units(1));
    let scene = scene.ours(1, ThroughputStatus::InService);
    assert_snapshot!(scene.plan(), @"do    route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-f5426c, accepting invocations again");
}

#[test]
fn a_term_is_waited_for_and_not_tried_before_its_last_two_minutes() {
    let mut scene = Scene::new(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}))
        .ours(1, ThroughputStatus::InService);
    assert_eq!(scene.observed.throughputs[0].term, Some(Term::OneMonth));
    scene.record.lifecycle = Lifecycle::Retiring;
    let scene = scene.remembered().after(24 * 60 - 3);
    let plan = scene.plan();
    assert!(plan.actions.is_empty(), "{plan}");
    assert!(plan.to_string().contains("for the term of"), "{plan}");
    let scene = scene.after(1);
    assert!(matches!(scene.plan().actions[..], [Action::Delete { patient: true, .. }]), "{}", scene.plan());
}

#[test]
fn a_term_that_retires_lets_the_aliases_go_before_its_end() {
    let scene = Scene::new(
        json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire", "Drain": "5m"}),
    );
    let scene = scene.ours(1, ThroughputStatus::InService).routed(1);
    let early = scene.after(24 * 60 - 16);
    assert_snapshot!(early.plan(), @"nothing to do");
    let due = early.after(1).plan().to_string();
    assert!(due.starts_with("do    route ABCDEFGHIJ/KLMNOPQRST version 3 to on-demand"), "{due}");
}

#[test]
fn retired_with_nothing_left_it_is_forgotten() {
    let mut scene = Scene::new(json!({}));
    scene.record.lifecycle = Lifecycle::Retiring;
    assert_snapshot!(scene.plan(), @"do    forget support-agent");
}

#[test]
fn an_alias_that_cannot_be_read_holds_back_the_deletion_but_no_other_alias() {
    let mut scene = Scene::new(json!({})).ours(1, ThroughputStatus::InService).off();
    let other = AliasId { agent: AGENT.to_owned(), alias: "ALIAS00002".to_owned() };
    scene.record.commitment.aliases.push(other.clone());
    let mut routed = on_demand();
    routed.throughput = Some(arn(1));
    scene.observed.aliases.insert(other, Ok(Some(routed)));
    scene.observed.aliases.insert(alias_id(), Err(refused(CallErrorKind::NoAnswer, "NoAnswer")));
    let plan = scene.plan();
    assert_eq!(plan.actions.len(), 1, "{plan}");
    assert!(plan.to_string().contains("do    route ABCDEFGHIJ/ALIAS00002 version 3 to on-demand"), "{plan}");
    assert_eq!(plan.failures.len(), 1);
}

#[test]
fn a_guardrail_that_refuses_stops_the_purchase_and_never_the_end() {
    let guardrails = Guardrails::parse("1", "meta.*", "None").expect("they are right");
    let scene = Scene::new(json!({}));
    let with = |scene: &Scene| {
        let Scene { record, desired, observed, attempts, now } = scene;
        let guardrails = Ok(&guardrails);
        Situation { record, desired: *desired, observed, attempts, guardrails, group: GROUP, now: *now }.plan()
    };
    let refused = with(&scene);
    assert!(refused.actions.is_empty() && refused.to_string().contains("ALLOWED_MODELS"), "{refused}");
    let serving = scene.ours(1, ThroughputStatus::InService).routed(1);
    assert!(with(&serving).settled(), "what is in service stays until its next Off");
    let off = serving.off().alias(|_| {}).remembered().after(5);
    assert_snapshot!(with(&off), @"do    delete support-agent-f5426c");
}
