//! Where does each alias belong, and how does it get there?

use std::collections::BTreeSet;

use super::{Action, Goal, Lost, Planner, RETRY_AFTER, Route, WaitingOn, after};
use crate::commitment::{AliasId, WhenOff, bare_model, is_inference_profile};
use crate::observed::{AgentAlias, AliasStatus, Question, Throughput};
use crate::record::{AliasMemory, Claim, Failure, Lifecycle};

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

impl Planner<'_> {
    /// Moves every alias one step towards where it belongs; whether all are let go, if they were to be.
    pub(super) fn route_aliases(&mut self, goal: &Goal) -> bool {
        let record = self.situation.record;
        let mut all_let_go = true;
        for id in record.all_aliases() {
            let leaving = record.leaving.contains(id);
            let let_go = self.route_alias(id, leaving, goal);
            if leaving && let_go {
                self.plan.record.leaving.retain(|left| left != id);
                self.plan.record.aliases.remove(id);
            }
            all_let_go &= let_go;
        }
        let lost = self.plan.record.lost.iter().filter_map(Claim::alias);
        let known: BTreeSet<&AliasId> = record.all_aliases().chain(lost).collect();
        self.plan.record.aliases.retain(|id, memory| known.contains(id) && *memory != AliasMemory::default());
        all_let_go
    }

    /// Moves one alias a step; whether it is off every throughput of ours, for good.
    fn route_alias(&mut self, id: &AliasId, leaving: bool, goal: &Goal) -> bool {
        let alias = match self.situation.observed.aliases.get(id) {
            Some(Ok(Some(alias))) => alias.clone(),
            Some(Ok(None)) => {
                if !leaving && self.plan.record.lifecycle == Lifecycle::Active {
                    self.plan.problems.push(format!("alias {id} does not exist in {}", self.situation.observed.region));
                }
                return true;
            }
            Some(Err(error)) => {
                let error = error.clone();
                self.failed_to_look(&error);
                return false;
            }
            None => return false,
        };
        let on = self.on(&alias);
        let let_go_for_good = leaving || self.plan.record.lifecycle == Lifecycle::Retiring;
        // Who goes takes nothing from others any more.
        if let On::Foreign(throughput) = &on
            && (!self.commitment().take_over || let_go_for_good)
        {
            if let_go_for_good && self.rejects_because_of_us(id, &alias) {
                return self.accept_again(id, &alias, throughput);
            }
            if !leaving && self.plan.record.lifecycle == Lifecycle::Active {
                self.plan.problems.push(format!(
                    "alias {id} is routed to {throughput}, which is not ours: it is left alone; TakeOver lets it leave"
                ));
            } else if !matches!(alias.status, AliasStatus::Prepared | AliasStatus::Updating) {
                // Nobody but its owner brings it on, and until then what it had of ours may be kept for it.
                let status = alias.status.as_str();
                self.plan.problems.push(format!("alias {id} is {status} on {throughput}, which is not ours"));
            }
            return true;
        }
        self.remember_failure(id, &alias);
        let target = if let_go_for_good { Target::OnDemand } else { self.target_of(id, &alias, &on, goal) };
        let target = match target {
            Target::Stay => return false,
            Target::OnDemand => None,
            Target::Throughput(throughput) => Some(throughput),
        };
        self.step(id, &alias, &on, target, let_go_for_good)
    }

    /// Moves an alias that another commitment has taken over off what is to go; where it is.
    pub(super) fn lost_alias(&mut self, id: &AliasId, goal: &Goal) -> Lost {
        let going = self.some_are_to_go(goal);
        let alias = match self.situation.observed.aliases.get(id) {
            Some(Ok(None)) => return Lost::Elsewhere,
            Some(Ok(Some(alias))) => alias.clone(),
            // As long as nothing is to go, that is not our business.
            Some(Err(_)) | None if !going => return Lost::OnOurs,
            Some(Err(error)) => {
                let error = error.clone();
                self.failed_to_look(&error);
                return Lost::OnOurs;
            }
            None => return Lost::OnOurs,
        };
        let on = self.on(&alias);
        let moves = match &on {
            On::Ours(arn) => !goal.stay.contains(arn),
            On::Foreign(named) if self.is_held(named) => false,
            // Where an alias that failed sends invocations is not known: only PREPARED counts as having left (rule 2).
            On::Demand | On::Nothing if alias.status == AliasStatus::Failed => {
                if going {
                    self.remember_failure(id, &alias);
                }
                going
            }
            On::Foreign(throughput) if alias.status == AliasStatus::Failed => {
                if going {
                    let status = alias.status.as_str();
                    self.plan.problems.push(format!("alias {id} is {status} on {throughput}, which is not ours"));
                }
                return Lost::Stuck;
            }
            On::Demand | On::Nothing | On::Foreign(_) => match alias.status {
                AliasStatus::Updating | AliasStatus::Creating if going => {
                    self.plan.waiting.push(WaitingOn::Alias { alias: id.clone() });
                    return Lost::OnOurs;
                }
                AliasStatus::Updating | AliasStatus::Creating => return Lost::OnOurs,
                AliasStatus::Prepared | AliasStatus::Deleting | AliasStatus::Failed | AliasStatus::Unknown(_) => {
                    return Lost::Elsewhere;
                }
            },
        };
        if moves && self.step(id, &alias, &on, None, true) { Lost::Elsewhere } else { Lost::OnOurs }
    }

    fn step(
        &mut self,
        id: &AliasId,
        alias: &AgentAlias,
        on: &On,
        target: Option<Throughput>,
        let_go_for_good: bool,
    ) -> bool {
        let rejects = self.should_reject(id, alias, target.is_some(), let_go_for_good);
        let there = match (&target, on) {
            (None, On::Demand) => true,
            (Some(target), On::Ours(arn)) => target.arn == *arn,
            (None | Some(_), _) => false,
        };
        let in_place = there && rejects == alias.rejects;
        let memory = self.plan.record.aliases.get(id).cloned().unwrap_or_default();
        let retry = self.recent(memory.failed.clone());
        match alias.status {
            AliasStatus::Updating | AliasStatus::Creating => {
                self.plan.waiting.push(WaitingOn::Alias { alias: id.clone() });
                return false;
            }
            AliasStatus::Deleting => return !matches!(on, On::Ours(_)),
            AliasStatus::Prepared | AliasStatus::Failed | AliasStatus::Unknown(_) => {}
        }
        let failed = alias.status == AliasStatus::Failed;
        if let Some((Failure { at: failed, reason }, at)) = &retry {
            self.plan.problems.push(format!("alias {id} failed at {failed}: {reason}"));
            self.plan.waiting.push(WaitingOn::AliasRetry { alias: id.clone(), at: *at });
        } else if failed {
            self.plan.problems.push(format!("alias {id} is FAILED: {}", alias.failures.join("; ")));
        } else if in_place && let AliasStatus::Unknown(status) = &alias.status {
            self.plan.problems.push(format!("alias {id} is {status}"));
        }
        if in_place
            && alias.rejects
            && let Some(Throughput { name, .. }) = &target
        {
            let paused = format!(
                "alias {id} rejects invocations on {name}, which is paid for: it was not us, and it is left so"
            );
            self.plan.problems.push(paused);
        }
        if in_place && (!failed || retry.is_some()) {
            if !failed && target.is_some() {
                self.remember_alias(id, |memory| memory.failed = None);
            }
            if !alias.rejects {
                self.remember_alias(id, |memory| memory.rejecting = false);
            }
            // Where an alias that failed sends invocations is not known: only PREPARED counts as having left (rule 2).
            return !failed || (self.plan.ours.is_empty() && self.was_tried_again(memory.failed.as_ref()));
        }
        self.route(id, alias, target, rejects)
    }

    fn route(&mut self, id: &AliasId, alias: &AgentAlias, target: Option<Throughput>, rejects: bool) -> bool {
        let to = target.map_or(Route::OnDemand, |Throughput { name, arn, .. }| Route::Throughput { name, arn });
        self.send(id, alias, to, rejects)
    }

    fn send(&mut self, id: &AliasId, alias: &AgentAlias, to: Route, rejects: bool) -> bool {
        let version = alias.version.clone().filter(|version| version != "DRAFT");
        let Some(version) = version else {
            self.plan.problems.push(format!("alias {id} has no numbered agent version: it is left alone"));
            return false;
        };
        if rejects && !alias.rejects {
            self.remember_alias(id, |memory| memory.rejecting = true);
        }
        // Tried again from here on; should it fail again, that is a new failure.
        let failed = self.plan.record.aliases.get(id).and_then(|memory| memory.failed.clone());
        let recent = self.recent(failed).map(|(failure, _)| failure);
        self.remember_alias(id, |memory| memory.failed = recent);
        let action = Action::Route {
            alias: id.clone(),
            name: alias.name.clone(),
            description: alias.description.clone(),
            version,
            to,
            rejects,
            changes_rejecting: rejects != alias.rejects,
        };
        self.plan.actions.push(action);
        false
    }

    /// Whether a failed alias that leads to nothing of ours has failed again since it was to go: then it is its owner's to bring on,
    /// and holds nothing back for ever.
    fn was_tried_again(&self, failed: Option<&Failure>) -> bool {
        let first_try = after(self.situation.record.requested, RETRY_AFTER);
        failed.is_some_and(|failed| first_try <= failed.at)
    }

    /// Whether it rejects invocations, because of us, and can be changed now or soon.
    fn rejects_because_of_us(&self, id: &AliasId, alias: &AgentAlias) -> bool {
        let ours = self.situation.record.aliases.get(id).is_some_and(|memory| memory.rejecting);
        ours && alias.rejects && matches!(alias.status, AliasStatus::Prepared | AliasStatus::Updating)
    }

    /// Undoes what we did to an alias that somebody has routed elsewhere since; where it goes is theirs to say (rules 7 and 13).
    fn accept_again(&mut self, id: &AliasId, alias: &AgentAlias, throughput: &str) -> bool {
        if alias.status == AliasStatus::Updating {
            self.plan.waiting.push(WaitingOn::Alias { alias: id.clone() });
            return false;
        }
        self.send(id, alias, Route::Throughput { name: throughput.to_owned(), arn: throughput.to_owned() }, false)
    }

    fn on(&self, alias: &AgentAlias) -> On {
        let Some(named) = &alias.throughput else { return On::Demand };
        let ours = self.plan.ours.iter().find(|ours| ours.arn == *named || ours.name == *named);
        if let Some(ours) = ours {
            return On::Ours(ours.arn.clone());
        }
        if self.situation.attempts.deleted.contains(named) {
            return On::Nothing;
        }
        match self.situation.observed.facts.throughputs.get(named) {
            Some(Ok(None)) => On::Nothing,
            Some(_) | None => On::Foreign(named.clone()),
        }
    }

    fn remember_failure(&mut self, id: &AliasId, alias: &AgentAlias) {
        let now = self.situation.now;
        if alias.status == AliasStatus::Failed {
            let failure = Failure::new(now, &alias.failures.join("; "));
            self.remember_alias(id, |memory| {
                memory.failed.get_or_insert(failure);
            });
        }
    }

    fn remember_alias(&mut self, id: &AliasId, change: impl FnOnce(&mut AliasMemory)) {
        change(self.plan.record.aliases.entry(id.clone()).or_default());
    }

    /// Where a declared alias belongs.
    fn target_of(&mut self, id: &AliasId, alias: &AgentAlias, on: &On, goal: &Goal) -> Target {
        let failed = self.plan.record.aliases.get(id).and_then(|memory| memory.failed.clone());
        if self.recent(failed).is_some() {
            return Target::OnDemand;
        }
        if goal.undecided {
            // A better one may be there in a moment: what serves now goes on serving, and nothing moves for nothing.
            return if *on == On::Nothing { Target::OnDemand } else { Target::Stay };
        }
        let Some(target) = goal.target.clone() else { return Target::OnDemand };
        let already = *on == On::Ours(target.arn.clone());
        match self.fits(id, alias, &target, already) {
            Fit::Yes => Target::Throughput(target),
            Fit::No => Target::OnDemand,
            Fit::Unknown => Target::Stay,
        }
    }

    fn fits(&mut self, id: &AliasId, alias: &AgentAlias, target: &Throughput, already: bool) -> Fit {
        let Some(version) = alias.version.clone().filter(|_| !already) else { return Fit::Yes };
        let key = (id.agent.clone(), version.clone());
        match self.situation.observed.facts.version_models.get(&key) {
            None => {
                self.plan.questions.insert(Question::VersionModel { agent: id.agent.clone(), version });
                Fit::Unknown
            }
            Some(Err(error)) => {
                let error = error.clone();
                self.failed_to_look(&error);
                Fit::Unknown
            }
            Some(Ok(model)) => match misfit(model, &target.model_arn, &target.foundation_model_arn) {
                None => Fit::Yes,
                Some(reason) => {
                    self.plan
                        .problems
                        .push(format!("alias {id} version {version} stays off {}: {reason}", target.name));
                    Fit::No
                }
            },
        }
    }

    fn should_reject(&self, id: &AliasId, alias: &AgentAlias, on_throughput: bool, let_go_for_good: bool) -> bool {
        let ours = self.situation.record.aliases.get(id).is_some_and(|memory| memory.rejecting);
        let rejecting = self.commitment().when_off == WhenOff::Reject && !let_go_for_good;
        match (rejecting, on_throughput) {
            (true, false) => true,
            (true, true) | (false, _) => alias.rejects && !ours,
        }
    }
}

enum Target {
    OnDemand,
    Throughput(Throughput),
    Stay,
}

enum Fit {
    Yes,
    No,
    Unknown,
}

/// Why a throughput of `model_arn`, whose base model is `foundation_model_arn`, does not fit an agent version of
/// `version_model`, if it does not (aws-facts: compared as ids without context length).
#[must_use]
pub(crate) fn misfit(version_model: &str, model_arn: &str, foundation_model_arn: &str) -> Option<String> {
    if is_inference_profile(version_model) {
        return Some(format!("its model {version_model} is an inference profile, which has no provisioned throughput"));
    }
    let version = bare_model(version_model);
    let fits = version == bare_model(model_arn) || version == bare_model(foundation_model_arn);
    (!fits).then(|| format!("its model is {version_model}, the throughput's is {}", bare_model(model_arn)))
}
