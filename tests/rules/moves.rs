//! Where an alias goes while it is not known what comes next, what it fits, or how it is (design.md, rules 1, 3, 5 and 7).

use std::num::NonZeroU32;

use policy::commitment::ParameterName;
use policy::observed::{AliasStatus, CallErrorKind, Parameter, ThroughputStatus};
use policy::plan::{Action, Route};
use policy::record::{AliasMemory, Claim, Failure, Lifecycle};
use rehearsal::{AGENT, ALIAS};
use serde_json::json;

use crate::aliases::{bare, id, on_ours, serving};
use crate::going::deletes;
use crate::{ARN, BASE, Scene, at, error};

/// A throughput that does not exist.
const NOTHING: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/4";
const NAME: &str = "alias ABCDEFGHIJ/KLMNOPQRST";

impl Scene {
    /// One more throughput of ours, of another size.
    pub(crate) fn sized(self, units: u32, status: ThroughputStatus) -> Self {
        let name = self.record.commitment.throughput_name(NonZeroU32::new(units).expect("a size"), "");
        let listed = self.listed(|throughput| {
            throughput.arn = format!("{ARN}{units}");
            (throughput.name, throughput.units, throughput.status) = (name, units, status);
        });
        listed.known()
    }

    pub(crate) fn wanting(mut self, units: u32) -> Self {
        self.desired = NonZeroU32::new(units);
        self
    }

    fn version_of(mut self, model: Result<&str, CallErrorKind>) -> Self {
        let version = (AGENT.to_owned(), "3".to_owned());
        self.observed.facts.version_models.insert(version, model.map(str::to_owned).map_err(error));
        self
    }
}

#[test]
fn while_another_size_is_bought_what_serves_goes_on_and_what_leads_nowhere_goes_on_demand() {
    for (named, goes) in [(Some(ARN), false), (None, false), (Some(NOTHING), true)] {
        let scene = serving(json!({}), |alias| alias.throughput = named.map(str::to_owned));
        let mut scene = scene.sized(3, ThroughputStatus::InService).wanting(2);
        scene.observed.facts.throughputs.insert(NOTHING.to_owned(), Ok(None));
        assert_eq!(scene.routes(), goes.then_some((Route::OnDemand, false, false)), "{named:?}");
    }
}

#[test]
fn until_the_wanted_one_is_in_service_the_largest_that_is_serves() {
    let scene = serving(json!({}), |_| {}).sized(3, ThroughputStatus::InService).sized(2, ThroughputStatus::Creating);
    let scene = scene.wanting(2);
    let Some((Route::Throughput { arn, .. }, ..)) = scene.routes() else { panic!("{}", scene.says()) };
    assert_eq!(arn, format!("{ARN}3"));
}

#[test]
fn what_names_a_throughput_that_is_gone_is_put_on_demand_when_it_is_off() {
    let mut nothing = bare(serving(json!({}), |alias| alias.throughput = Some(NOTHING.to_owned()))).off();
    nothing.observed.facts.throughputs.insert(NOTHING.to_owned(), Ok(None));
    assert_eq!(nothing.routes(), Some((Route::OnDemand, false, false)));
    let mut deleted = serving(json!({}), on_ours).off();
    deleted.observed.throughputs.clear();
    deleted.attempts.succeeded(&Action::Delete { name: deleted.name(), arn: ARN.to_owned(), patient: false });
    assert_eq!(deleted.routes(), Some((Route::OnDemand, false, false)), "it was deleted in this invocation");
}

#[test]
fn an_alias_goes_on_demand_if_it_does_not_fit_and_stays_if_that_cannot_be_found_out() {
    let scene = || serving(json!({}), on_ours).sized(2, ThroughputStatus::InService).wanting(2);
    let unknown = scene().version_of(Err(CallErrorKind::NoAnswer));
    assert_eq!((unknown.routes(), unknown.plan().failures), (None, vec![error(CallErrorKind::NoAnswer)]));
    for (model, reason) in [("meta.llama3-8b-instruct-v1:0", "its model is"), ("eu.meta.x", "is an inference profile")]
    {
        let other = scene().version_of(Ok(model));
        assert_eq!(other.routes(), Some((Route::OnDemand, false, false)), "{model}");
        assert!(other.plan().problems[0].contains(reason), "{}", other.says());
    }
    let mut there = serving(json!({}), on_ours);
    there.observed.facts.version_models.clear();
    assert!(there.plan().settled(), "whatever version it has moved to meanwhile, nothing is asked: {}", there.says());
}

#[test]
fn an_alias_without_a_numbered_version_is_left_alone_and_reported() {
    for version in [None, Some("DRAFT".to_owned())] {
        let mut scene = serving(json!({}), |alias| {
            on_ours(alias);
            alias.version.clone_from(&version);
        });
        scene.observed.facts.version_models.insert((AGENT.to_owned(), "DRAFT".to_owned()), Ok(BASE.to_owned()));
        let retiring = scene.living(Lifecycle::Retiring);
        let plan = retiring.plan();
        assert_eq!((retiring.routes(), plan.let_go), (None, false), "{version:?}: {plan}");
        assert_eq!(plan.problems, [format!("{NAME} has no numbered agent version: it is left alone")]);
    }
}

#[test]
fn an_alias_that_is_not_well_is_reported_and_one_that_is_tried_again_may_fail_anew() {
    let failure = AliasMemory { failed: Some(Failure::new(at(0), "no")), rejecting: false };
    let mut failed = serving(json!({}), |alias| {
        alias.status = AliasStatus::Failed;
        alias.failures = vec!["no access".to_owned(), "no model".to_owned()];
    });
    failed = failed.remembered(failure);
    failed.now = at(600);
    assert!(matches!(failed.routes(), Some((Route::Throughput { .. }, ..))), "{}", failed.says());
    assert_eq!(failed.plan().problems, [format!("{NAME} is FAILED: no access; no model")]);
    assert!(failed.plan().record.aliases.is_empty(), "the next failure waits its own ten minutes");
    let strange = serving(json!({}), |alias| {
        on_ours(alias);
        alias.status = AliasStatus::Unknown("PAUSED".to_owned());
    });
    assert_eq!((strange.routes(), strange.plan().problems), (None, vec![format!("{NAME} is PAUSED")]));
}

#[test]
fn an_alias_that_is_on_its_way_is_not_let_go_yet() {
    for (status, let_go) in
        [(AliasStatus::Updating, false), (AliasStatus::Creating, false), (AliasStatus::Prepared, true)]
    {
        let scene = serving(json!({}), |alias| alias.status = status.clone()).living(Lifecycle::Retiring);
        assert_eq!(scene.plan().let_go, let_go, "{status:?}");
    }
}

/// A commitment that has lost an alias and a parameter, both of which still lead to its throughput.
fn losing() -> (Scene, ParameterName) {
    let parameter: ParameterName = "/support/model-id".parse().expect("a name");
    let held = Parameter { value: ARN.to_owned(), kind: "String".to_owned(), version: 7, modified: None };
    let mut scene = Scene::new(json!({"WhenOff": "Reject"})).listed(|_| {}).known().alias(&id(ALIAS), on_ours);
    scene.observed.parameters.insert(parameter.clone(), Ok(Some(held)));
    scene.observed.facts.legacy.insert(BASE.to_owned(), Ok(false));
    scene.record.lost = vec![Claim::Alias(id(ALIAS)), Claim::Parameter(parameter.clone())];
    (scene, parameter)
}

#[test]
fn what_was_lost_is_never_made_to_reject() {
    let (scene, _) = losing();
    let scene = scene.off();
    assert_eq!(scene.routes(), Some((Route::OnDemand, false, false)));
    assert_eq!(scene.writes().as_deref(), Some(BASE), "nor is `off` written");
}

#[test]
fn what_was_lost_is_remembered_until_it_is_seen_elsewhere_or_gone() {
    let (mut unread, parameter) = losing();
    unread.observed.aliases.insert(id(ALIAS), Err(error(CallErrorKind::NoAnswer)));
    unread.observed.parameters.insert(parameter.clone(), Err(error(CallErrorKind::NoAnswer)));
    let unread = unread.off();
    assert_eq!((deletes(&unread), unread.plan().record.lost.len()), (None, 2), "{}", unread.says());
    for status in [AliasStatus::Updating, AliasStatus::Creating] {
        let (scene, parameter) = losing();
        let mut moving = scene.alias(&id(ALIAS), |alias| alias.status = status.clone()).off();
        moving.observed.parameters.insert(parameter, Ok(None));
        assert_eq!((deletes(&moving), moving.plan().record.lost.len()), (None, 1), "{status:?}: {}", moving.says());
    }
    let (mut gone, parameter) = losing();
    gone.observed.aliases.insert(id(ALIAS), Ok(None));
    gone.observed.parameters.insert(parameter, Ok(None));
    assert_eq!(gone.plan().record.lost, [], "what is gone leads nowhere, and nobody looks at it any more");
}
