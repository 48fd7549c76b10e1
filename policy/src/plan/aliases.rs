//! Where does each alias belong, and how does it get there?
//!
//! One alias's failure never holds back the others (docs/policy.md, rules 2, 6, 7, 8, 12 and 14).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::inspect::View;
use super::policy::{Goal, RETRY_AFTER, after, is_in_doubt};
use super::{Action, Expected, Invocations, Route, Step, WaitingOn};
use crate::commitment::{AliasId, WhenOff, bare_model, is_inference_profile};
use crate::observed::{AgentAlias, AliasStatus, Question, Throughput};
use crate::record::{AliasMemory, Failure, Lifecycle, Target};

/// The findings of the step that routes aliases.
#[derive(Debug, Default)]
pub(super) struct Routed {
    pub(super) step: Step,
    /// What is to be remembered of each alias.
    pub(super) memories: BTreeMap<AliasId, AliasMemory>,
    /// Whether every alias that was to go is off every throughput of ours, for good.
    pub(super) let_go: bool,
    /// The dropped aliases that are let go.
    pub(super) free: Vec<Target>,
}

/// What an alias's route names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum On {
    Demand,
    Ours(String),
    /// A throughput that does not exist.
    Nothing,
    /// A throughput that exists and is not ours, or one of which that is not known.
    Foreign(String),
}

/// The place to which an alias belongs.
enum Belongs {
    OnDemand,
    On(Throughput),
    /// Where it is: nothing moves now.
    Stay,
}

/// Whether an alias goes for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It is declared.
    Declared,
    /// It was dropped, or its commitment goes.
    Leaving,
}

/// Moves every alias one step towards where it belongs.
pub(super) fn route(view: &View<'_>, goal: &Goal) -> Routed {
    let declared = &view.situation.record.declared;
    let goes = declared.goes() || view.situation.record.is_of_newer_format();
    let mut routed = Routed { let_go: true, ..Routed::default() };
    for id in declared.all_aliases() {
        let dropped = declared.leaving.contains(id);
        let claim = if dropped || goes { Claim::Leaving } else { Claim::Declared };
        let memory = view.progress.aliases.get(id).cloned().unwrap_or_default();
        let mut one = One { view, id, claim, memory, step: Step::default() };
        let let_go = one.go(goal);
        let One { memory, step, .. } = one;
        routed.step.add(step);
        routed.memories.insert(id.clone(), if let_go && dropped { AliasMemory::default() } else { memory });
        routed.let_go &= let_go;
        if let_go && dropped {
            routed.free.push(Target::Alias(id.clone()));
        }
    }
    routed
}

/// One alias on its way.
struct One<'v, 's> {
    view: &'v View<'s>,
    id: &'v AliasId,
    claim: Claim,
    memory: AliasMemory,
    step: Step,
}

impl One<'_, '_> {
    /// Moves it a step. Returns true if it is off every throughput of ours.
    fn go(&mut self, goal: &Goal) -> bool {
        let id = self.id;
        let alias = match self.view.situation.observed.aliases.get(id) {
            Some(Ok(Some(alias))) => alias.clone(),
            Some(Ok(None)) => {
                if self.claim == Claim::Declared {
                    let region = &self.view.situation.observed.region;
                    self.step.problems.push(format!("alias {id} does not exist in {region}"));
                }
                return true;
            }
            Some(Err(error)) => {
                self.step.failed(error);
                return false;
            }
            None => return false,
        };
        let on = self.on(&alias);
        if let On::Foreign(throughput) = &on
            && (self.claim == Claim::Leaving || !self.view.commitment().take_over)
        {
            return self.leave_to_others(&alias, throughput);
        }
        self.remember_failure(&alias);
        match self.belongs(&alias, &on, goal) {
            Belongs::Stay => {
                if matches!(alias.status, AliasStatus::Updating | AliasStatus::Creating) {
                    self.wait();
                }
                false
            }
            Belongs::OnDemand => self.bring(&alias, &on, None),
            Belongs::On(throughput) => self.bring(&alias, &on, Some(throughput)),
        }
    }

    fn on(&self, alias: &AgentAlias) -> On {
        let Some(named) = &alias.throughput else { return On::Demand };
        if let Some(ours) = self.view.our(named) {
            return On::Ours(ours.arn.clone());
        }
        if self.view.progress.was_deleted(named) {
            return On::Nothing;
        }
        match self.view.situation.observed.facts.throughputs.get(named) {
            Some(Ok(None)) => On::Nothing,
            Some(_) | None => On::Foreign(named.clone()),
        }
    }

    /// Rule 8: a route to somebody else's throughput is left alone. What we did to the invocation state is undone when the
    /// alias goes for good.
    fn leave_to_others(&mut self, alias: &AgentAlias, throughput: &str) -> bool {
        let id = self.id;
        if self.claim == Claim::Leaving && self.memory.rejecting && alias.rejects {
            match alias.status {
                AliasStatus::Prepared => {
                    let to = Route::Throughput { name: throughput.to_owned(), arn: throughput.to_owned() };
                    return self.send(alias, to, Invocations::Accept, false);
                }
                AliasStatus::Updating => return self.wait(),
                AliasStatus::Creating | AliasStatus::Failed | AliasStatus::Deleting | AliasStatus::Unknown(_) => {}
            }
        }
        if self.claim == Claim::Declared {
            self.step.problems.push(format!(
                "alias {id} is routed to {throughput}, which is not ours: it is left alone; TakeOver lets it leave"
            ));
        } else if !matches!(alias.status, AliasStatus::Prepared | AliasStatus::Updating) {
            // Only the owner of that throughput can repair the alias. Until then the one of ours that it used is kept.
            let status = alias.status.as_str();
            self.step.problems.push(format!("alias {id} is {status} on {throughput}, which is not ours"));
        }
        // Rule 2: an alias is not read any more once it is let go. So one that may still return is not let go.
        let has_served = self.view.ours.iter().any(|ours| self.view.has_served(&ours.arn));
        alias.status == AliasStatus::Deleting || !is_in_doubt(&alias.status, has_served)
    }

    fn remember_failure(&mut self, alias: &AgentAlias) {
        if alias.status == AliasStatus::Failed {
            let now = self.view.now();
            self.memory.failed.get_or_insert_with(|| Failure::new(now, &alias.failures.join("; ")));
        }
    }

    /// Rule 6: the failure after which it is too early to try again, and when it no longer is.
    fn recent_failure(&self) -> Option<(Failure, Timestamp)> {
        let failure = self.memory.failed.clone()?;
        let at = after(failure.at, RETRY_AFTER);
        (self.view.now() < at).then_some((failure, at))
    }

    fn belongs(&mut self, alias: &AgentAlias, on: &On, goal: &Goal) -> Belongs {
        if self.claim == Claim::Leaving {
            return Belongs::OnDemand;
        }
        match (self.wanted(alias, on, goal), on) {
            // Rule 10: whatever is not known, it leaves a term that is to end.
            (Belongs::Stay, On::Ours(arn)) if self.view.leaves_with_its_term(arn) => Belongs::OnDemand,
            (belongs, _) => belongs,
        }
    }

    fn wanted(&mut self, alias: &AgentAlias, on: &On, goal: &Goal) -> Belongs {
        if goal.nothing_moves() {
            // What serves now goes on serving. A route to nothing serves nobody, and without a throughput it may have to
            // reject invocations (rule 14).
            return if matches!(on, On::Nothing | On::Demand) { Belongs::OnDemand } else { Belongs::Stay };
        }
        if self.recent_failure().is_some() {
            return Belongs::OnDemand;
        }
        let target = goal.target().and_then(|arn| self.view.our(arn)).cloned();
        let Some(target) = target else { return Belongs::OnDemand };
        if *on == On::Ours(target.arn.clone()) {
            return Belongs::On(target);
        }
        self.if_it_fits(alias, target)
    }

    /// Rule 1: before an alias is routed, its agent version's model is compared with the throughput's.
    fn if_it_fits(&mut self, alias: &AgentAlias, target: Throughput) -> Belongs {
        let id = self.id;
        let Some(version) = numbered(alias) else { return Belongs::On(target) };
        let key = (id.agent.clone(), version.clone());
        match self.view.situation.observed.facts.version_models.get(&key) {
            None => {
                self.step.ask(Question::VersionModel { agent: id.agent.clone(), version });
                Belongs::Stay
            }
            Some(Err(error)) => {
                self.step.failed(error);
                Belongs::Stay
            }
            Some(Ok(model)) => match misfit(model, &target.model_arn, &target.foundation_model_arn) {
                None => Belongs::On(target),
                Some(reason) => {
                    let name = &target.name;
                    self.step.problems.push(format!("alias {id} version {version} stays off {name}: {reason}"));
                    Belongs::OnDemand
                }
            },
        }
    }

    /// Brings it to `target`, or on demand. Returns true if it is off every throughput of ours.
    fn bring(&mut self, alias: &AgentAlias, on: &On, target: Option<Throughput>) -> bool {
        let id = self.id;
        let invocations = self.invocations(alias, target.is_some());
        let there = match (&target, on) {
            (None, On::Demand) => true,
            (Some(target), On::Ours(arn)) => target.arn == *arn,
            (None | Some(_), _) => false,
        };
        let in_place = there && invocations == Invocations::Keep;
        let failed = match &alias.status {
            AliasStatus::Updating | AliasStatus::Creating => return self.wait(),
            AliasStatus::Deleting => return !matches!(on, On::Ours(_)),
            AliasStatus::Failed => true,
            AliasStatus::Prepared | AliasStatus::Unknown(_) => false,
        };
        let retry = self.recent_failure();
        if let Some((Failure { at: failed, reason }, at)) = &retry {
            self.step.problems.push(format!("alias {id} failed at {failed}: {reason}"));
            self.step.waiting.push(WaitingOn::AliasRetry { alias: id.clone(), at: *at });
        } else if failed {
            self.step.problems.push(format!("alias {id} is FAILED: {}", alias.failures.join("; ")));
        } else if in_place && let AliasStatus::Unknown(status) = &alias.status {
            self.step.problems.push(format!("alias {id} is {status}"));
        }
        if in_place && (!failed || retry.is_some()) {
            self.settle(alias, target.as_ref(), failed);
            return !failed && target.is_none();
        }
        let to = target.map_or(Route::OnDemand, |Throughput { name, arn, .. }| Route::Throughput { name, arn });
        let version_matters = matches!(to, Route::Throughput { .. }) && !there;
        self.send(alias, to, invocations, version_matters)
    }

    /// Notes that it is where it belongs.
    fn settle(&mut self, alias: &AgentAlias, target: Option<&Throughput>, failed: bool) {
        let id = self.id;
        if let Some(Throughput { name, .. }) = target.filter(|_| alias.rejects) {
            self.step.problems.push(format!(
                "alias {id} rejects invocations on {name}, which is paid for: it was not us, and it is left so"
            ));
        }
        if !failed && target.is_some() {
            self.memory.failed = None;
        }
        if !alias.rejects {
            self.memory.rejecting = false;
        }
    }

    /// Rule 14: what happens to the invocation state.
    fn invocations(&self, alias: &AgentAlias, on_throughput: bool) -> Invocations {
        let rejects_when_off = self.view.commitment().when_off == WhenOff::Reject && self.claim == Claim::Declared;
        match (rejects_when_off, on_throughput, alias.rejects) {
            (true, false, false) => Invocations::Reject,
            (true, true, true) | (false, _, true) if self.memory.rejecting => Invocations::Accept,
            _ => Invocations::Keep,
        }
    }

    fn send(&mut self, alias: &AgentAlias, to: Route, invocations: Invocations, version_matters: bool) -> bool {
        let id = self.id;
        let Some(version) = numbered(alias) else {
            self.step.problems.push(format!("alias {id} has no numbered agent version: it is left alone"));
            return false;
        };
        if invocations == Invocations::Reject {
            self.memory.rejecting = true;
        }
        // It is tried again from here on. Should it fail again, that is a new failure.
        self.memory.failed = self.recent_failure().map(|(failure, _)| failure);
        let expected = Expected { route: alias.throughput.clone(), version, version_matters };
        self.step.actions.push(Action::Route { alias: id.clone(), expected, to, invocations });
        false
    }

    fn wait(&mut self) -> bool {
        self.step.waiting.push(WaitingOn::Alias { alias: self.id.clone() });
        false
    }
}

/// The agent version of an alias that can be routed.
fn numbered(alias: &AgentAlias) -> Option<String> {
    alias.version.clone().filter(|version| version != "DRAFT")
}

/// Whether a commitment is let go: then its aliases take nothing from others.
pub(super) fn goes(view: &View<'_>) -> bool {
    view.situation.record.declared.lifecycle != Lifecycle::Active || view.situation.record.is_of_newer_format()
}

/// Why a throughput of `model_arn`, whose base model is `foundation_model_arn`, does not fit an agent version of
/// `version_model`, if it does not (docs/aws-facts.md: compared as ids without context length).
#[must_use]
pub fn misfit(version_model: &str, model_arn: &str, foundation_model_arn: &str) -> Option<String> {
    if is_inference_profile(version_model) {
        return Some(format!("its model {version_model} is an inference profile, which has no provisioned throughput"));
    }
    let version = bare_model(version_model);
    let fits = version == bare_model(model_arn) || version == bare_model(foundation_model_arn);
    (!fits).then(|| format!("its model is {version_model}, the throughput's is {}", bare_model(model_arn)))
}
