//! What one alias does, and what is remembered of it (design.md, rules 2, 5, 6 and 13).

use jiff::SignedDuration;
use policy::commitment::AliasId;
use policy::observed::{AgentAlias, AliasStatus, Marks, Question, Throughput};
use policy::plan::{Action, Route, WaitingOn};
use policy::record::{AliasMemory, Failure, Lifecycle};
use rehearsal::{AGENT, ALIAS};
use serde_json::{Value, json};

use crate::going::FOREIGN;
use crate::{ARN, BASE, Scene, at, with};

pub(crate) fn id(alias: &str) -> AliasId {
    AliasId { agent: AGENT.to_owned(), alias: alias.to_owned() }
}

impl Scene {
    /// What is seen of the alias `id`: one that is prepared on demand, and then changed.
    pub(crate) fn alias(mut self, id: &AliasId, change: impl FnOnce(&mut AgentAlias)) -> Self {
        let mut alias = AgentAlias {
            name: "live".to_owned(),
            description: None,
            status: AliasStatus::Prepared,
            failures: Vec::new(),
            version: Some("3".to_owned()),
            throughput: None,
            rejects: false,
        };
        change(&mut alias);
        self.observed.aliases.insert(id.clone(), Ok(Some(alias)));
        self
    }

    pub(crate) fn remembered(mut self, memory: AliasMemory) -> Self {
        self.record.aliases.insert(id(ALIAS), memory);
        self
    }

    /// Where the plan routes the declared alias, whether it rejects there, and whether that is a change.
    pub(crate) fn routes(&self) -> Option<(Route, bool, bool)> {
        let plan = self.plan();
        assert!(plan.questions.is_empty(), "{:?}", plan.questions);
        plan.actions.into_iter().find_map(|action| match action {
            Action::Route { alias, to, rejects, changes_rejecting, .. } if alias == id(ALIAS) => {
                Some((to, rejects, changes_rejecting))
            }
            Action::Buy { .. }
            | Action::Route { .. }
            | Action::Point { .. }
            | Action::Delete { .. }
            | Action::Tag { .. }
            | Action::Release { .. }
            | Action::Forget { .. }
            | Action::Bury(_) => None,
        })
    }
}

/// A commitment with one alias, prepared on demand, and a throughput of it in service.
pub(crate) fn serving(more: Value, change: impl FnOnce(&mut AgentAlias)) -> Scene {
    let declared = json!({"AgentAliases": [{"AgentId": AGENT, "AgentAliasId": ALIAS}]});
    let mut scene = Scene::new(with(declared, more)).listed(|_| {}).known().alias(&id(ALIAS), change);
    "eu-central-1".clone_into(&mut scene.observed.region);
    scene.observed.facts.version_models.insert((AGENT.to_owned(), "3".to_owned()), Ok(BASE.to_owned()));
    scene.observed.facts.legacy.insert(BASE.to_owned(), Ok(false));
    scene
}

pub(crate) fn bare(mut scene: Scene) -> Scene {
    scene.observed.throughputs.clear();
    scene.record.throughputs.clear();
    scene
}

pub(crate) fn on_ours(alias: &mut AgentAlias) {
    alias.throughput = Some(ARN.to_owned());
}

#[test]
fn a_dropped_alias_is_forgotten_once_it_has_left_and_no_sooner() {
    let (left, still_on) = (id("LEFT"), id("STILLON"));
    let mut scene = Scene::new(json!({})).listed(|_| {}).known().alias(&left, |_| {}).alias(&still_on, on_ours);
    let failed = AliasMemory { failed: Some(Failure::new(at(0), "no")), rejecting: false };
    scene.record.aliases.insert(left.clone(), failed);
    scene.record.leaving = vec![left, still_on.clone()];
    let plan = scene.plan();
    assert_eq!(plan.record.leaving, std::slice::from_ref(&still_on));
    assert!(plan.record.aliases.is_empty(), "nothing of it is kept: {plan}");
    assert!(!plan.let_go, "one is still on it: {plan}");
    assert!(matches!(&plan.actions[..], [Action::Route { alias, to: Route::OnDemand, .. }] if *alias == still_on));
    let plan = scene.alias(&still_on, |_| {}).plan();
    assert!(plan.record.leaving.is_empty() && plan.let_go, "{plan}");
}

#[test]
fn nothing_is_remembered_of_an_alias_that_is_where_it_belongs() {
    let steady = serving(json!({}), on_ours);
    assert!(steady.plan().settled(), "{}", steady.says());
    assert_eq!(steady.plan().record, steady.record, "a steady tick has nothing to write");
    let mut dropped = steady;
    dropped.record.aliases.insert(id("DROPPED"), AliasMemory { failed: None, rejecting: true });
    assert!(dropped.plan().record.aliases.is_empty(), "it is neither declared nor leaving");
}

#[test]
fn that_an_alias_does_not_exist_is_a_problem_only_where_it_is_wanted() {
    let mut scene = serving(json!({}), |_| {});
    scene.observed.aliases.insert(id(ALIAS), Ok(None));
    assert_eq!(scene.plan().problems, ["alias ABCDEFGHIJ/KLMNOPQRST does not exist in eu-central-1"]);
    let retiring = scene.living(Lifecycle::Retiring).plan();
    assert!(retiring.problems.is_empty() && retiring.let_go, "{retiring}");
    let mut dropped = Scene::new(json!({}));
    dropped.observed.aliases.insert(id(ALIAS), Ok(None));
    dropped.record.leaving = vec![id(ALIAS)];
    let plan = dropped.plan();
    assert!(plan.problems.is_empty() && plan.record.leaving.is_empty(), "{plan}");
}

#[test]
fn an_alias_that_is_being_deleted_has_left_only_if_it_names_nothing_of_ours() {
    let deleting = |named: Option<&str>| {
        let scene = serving(json!({}), |alias| {
            alias.status = AliasStatus::Deleting;
            alias.throughput = named.map(str::to_owned);
        });
        let plan = scene.living(Lifecycle::Retiring).plan();
        assert!(!plan.actions.iter().any(|action| matches!(action, Action::Route { .. })), "{plan}");
        plan.let_go
    };
    assert_eq!((deleting(Some(ARN)), deleting(None)), (false, true));
}

#[test]
fn a_failure_is_over_when_the_alias_serves_so_that_the_next_one_waits_its_own_ten_minutes() {
    let earlier = AliasMemory { failed: Some(Failure::new(at(0), "earlier")), rejecting: false };
    let mut scene = serving(json!({}), on_ours).remembered(earlier);
    scene.now = at(1200);
    scene.record = scene.plan().record;
    assert!(scene.record.aliases.is_empty(), "{:?}", scene.record.aliases);
    scene.now = at(6000);
    let failed = scene.alias(&id(ALIAS), |alias| {
        on_ours(alias);
        alias.status = AliasStatus::Failed;
    });
    assert_eq!(failed.routes(), Some((Route::OnDemand, false, false)));
    let waits = WaitingOn::AliasRetry { alias: id(ALIAS), at: at(6600) };
    assert!(failed.plan().waiting.contains(&waits), "{}", failed.says());
}

#[test]
fn what_we_made_reject_accepts_again_on_a_throughput_and_what_its_owner_did_stays() {
    let reject = || json!({"WhenOff": "Reject"});
    let ours = AliasMemory { failed: None, rejecting: true };
    let mut off = bare(serving(reject(), |alias| alias.rejects = true)).remembered(ours.clone()).off();
    off.record = off.plan().record;
    assert_eq!(off.record.aliases.get(&id(ALIAS)), Some(&ours), "that it was us is kept as long as it rejects");
    let mut on = serving(reject(), |alias| alias.rejects = true);
    let throughput = || Route::Throughput { name: on.name(), arn: ARN.to_owned() };
    let (accepts, stays) = (Some((throughput(), false, true)), Some((throughput(), true, false)));
    on.record.aliases = off.record.aliases;
    assert_eq!(on.routes(), accepts);
    on.record.aliases.clear();
    assert_eq!(on.routes(), stays);

    let accepting = serving(reject(), on_ours).remembered(ours);
    assert!(accepting.plan().record.aliases.is_empty(), "who makes it reject from here on is its owner");
    let routed = serving(json!({}), |_| {});
    assert!(routed.routes().is_some() && routed.plan().record.aliases.is_empty(), "nothing was made to reject");
    let by_owner = serving(reject(), |alias| {
        on_ours(alias);
        alias.rejects = true;
    });
    let by_owner = by_owner.off();
    assert_eq!(by_owner.routes(), Some((Route::OnDemand, true, false)));
    assert!(by_owner.plan().record.aliases.is_empty(), "its owner's rejecting is not taken for ours");
}

#[test]
fn what_is_paid_for_and_rejects_by_somebody_elses_doing_is_reported() {
    let paused = |alias: &mut AgentAlias| {
        on_ours(alias);
        alias.rejects = true;
    };
    for when_off in ["OnDemand", "Reject"] {
        let served = serving(json!({"WhenOff": when_off}), paused);
        let plan = served.plan();
        let problem = format!(
            "alias ABCDEFGHIJ/KLMNOPQRST rejects invocations on {}, which is paid for: it was not us, and it is left so",
            served.name()
        );
        assert_eq!((plan.problems, plan.actions), (vec![problem], vec![]));
    }
    let ours = serving(json!({"WhenOff": "Reject"}), paused).remembered(AliasMemory { failed: None, rejecting: true });
    assert!(ours.plan().problems.is_empty() && ours.routes().is_some(), "what was us is put right: {}", ours.says());
    let on_its_way = serving(json!({}), |alias| {
        paused(alias);
        alias.status = AliasStatus::Updating;
    });
    assert!(on_its_way.plan().problems.is_empty(), "{}", on_its_way.says());
    let nothing_paid = bare(serving(json!({}), |alias| alias.rejects = true)).off();
    assert!(nothing_paid.plan().settled(), "{}", nothing_paid.says());
}

#[test]
fn an_alias_that_failed_away_from_a_throughput_counts_as_left_when_that_is_gone_and_it_was_tried_again() {
    let lets_go = |scene: Scene| scene.living(Lifecycle::Retiring).plan().let_go;
    let failed = |alias: &mut AgentAlias| alias.status = AliasStatus::Failed;
    assert!(lets_go(serving(json!({}), |_| {})), "it is prepared elsewhere");
    assert!(!lets_go(serving(json!({}), failed)), "where it sends invocations is not known");
    assert!(!lets_go(bare(serving(json!({}), failed))), "nothing of ours is left, but it was not tried again");
    let failed_again = |minutes: i64| {
        let mut scene = bare(serving(json!({}), failed));
        let at = scene.record.requested + SignedDuration::from_mins(minutes);
        let memory = AliasMemory { failed: Some(Failure::new(at, "no")), rejecting: false };
        scene = scene.remembered(memory);
        lets_go(scene)
    };
    assert!(!failed_again(9), "that was its first failure");
    assert!(failed_again(10), "it failed again, and holds nothing back for ever");
}

#[test]
fn an_alias_is_routed_only_to_a_throughput_of_its_own_model_or_of_that_models_base() {
    let custom = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/mine";
    for (version_model, fits) in [(custom, true), (BASE, true), ("meta.llama3-8b-instruct-v1:0", false)] {
        let mut scene = serving(json!({ "ModelId": custom }), |_| {});
        scene.observed.throughputs[0].model_arn = custom.to_owned();
        let version = (AGENT.to_owned(), "3".to_owned());
        scene.observed.facts.version_models.insert(version, Ok(version_model.to_owned()));
        assert_eq!((scene.routes().is_some(), scene.plan().problems.is_empty()), (fits, fits), "{}", scene.says());
    }
}

#[test]
fn what_an_alias_names_is_looked_for_unless_it_is_listed_by_arn_or_by_name() {
    let other = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/2";
    let asked = |named: &str| {
        let scene = serving(json!({}), |alias| alias.throughput = Some(named.to_owned()));
        scene.plan().questions.contains(&Question::Throughput(named.to_owned()))
    };
    let name = serving(json!({}), |_| {}).name();
    assert_eq!([other, ARN, &name].map(asked), [true, false, false]);
}

#[test]
fn an_alias_that_failed_is_remembered_while_it_is_kept_on_demand() {
    let failed = AliasMemory { failed: Some(Failure::new(at(0), "no")), rejecting: false };
    let mut scene = serving(json!({}), |_| {}).remembered(failed.clone());
    scene.now = at(60);
    assert_eq!(scene.plan().record.aliases.get(&id(ALIAS)), Some(&failed), "or it would be tried again at once");
}

#[test]
fn a_dropped_alias_on_a_foreign_throughput_is_a_problem_only_if_it_may_be_on_ours_too() {
    let foreign = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/2";
    for (status, problems) in [(AliasStatus::Prepared, 0), (AliasStatus::Updating, 0), (AliasStatus::Failed, 1)] {
        let mut scene = Scene::new(json!({})).listed(|_| {}).known().alias(&id(ALIAS), |alias| {
            alias.throughput = Some(foreign.to_owned());
            alias.status = status;
        });
        scene.record.leaving = vec![id(ALIAS)];
        let throughput = scene.observed.throughputs[0].clone();
        scene.observed.facts.throughputs.insert(foreign.to_owned(), Ok(Some(throughput)));
        assert_eq!(scene.plan().problems.len(), problems, "{}", scene.says());
    }
}

#[test]
fn what_we_made_reject_accepts_again_where_somebody_has_routed_it_once_it_is_let_go() {
    let elsewhere = |status: AliasStatus, rejects: bool, ours: bool| {
        let mut scene = serving(json!({"WhenOff": "Reject"}), |alias| {
            alias.throughput = Some(FOREIGN.to_owned());
            (alias.status, alias.rejects) = (status, rejects);
        });
        let foreign = Throughput { arn: FOREIGN.to_owned(), ..scene.observed.throughputs[0].clone() };
        scene.observed.facts.throughputs.insert(FOREIGN.to_owned(), Ok(Some(foreign)));
        scene.observed.facts.marks.insert(FOREIGN.to_owned(), Ok(Marks::default()));
        let memory = AliasMemory { failed: None, rejecting: true };
        if ours { scene.remembered(memory) } else { scene }.living(Lifecycle::Retiring)
    };
    let ours = elsewhere(AliasStatus::Prepared, true, true);
    let there = Route::Throughput { name: FOREIGN.to_owned(), arn: FOREIGN.to_owned() };
    assert_eq!((ours.routes(), ours.plan().let_go), (Some((there, false, true)), false), "its route is theirs to say");
    let on_its_way = elsewhere(AliasStatus::Updating, true, true);
    assert_eq!((on_its_way.routes(), on_its_way.plan().let_go), (None, false));
    assert!(on_its_way.plan().waiting.contains(&WaitingOn::Alias { alias: id(ALIAS) }), "{}", on_its_way.says());
    for (status, rejects, ours) in [
        (AliasStatus::Prepared, true, false),
        (AliasStatus::Prepared, false, true),
        (AliasStatus::Failed, true, true),
        (AliasStatus::Deleting, true, true),
    ] {
        let says = format!("{status:?} {rejects} {ours}");
        let scene = elsewhere(status, rejects, ours);
        assert_eq!((scene.routes(), scene.plan().let_go), (None, true), "{says}: it is left alone");
    }
}
