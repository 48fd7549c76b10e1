//! Which throughputs are ours, and which of them go?

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Action, DELETE_BEFORE_TERM_END, Goal, LEAVE_BEFORE_TERM_END, Planner, RETRY_AFTER, SPENT_AFTER, TERM_END_GRACE,
    WaitingOn, after, is_about_to_end,
};
use crate::commitment::{AtTermEnd, bare_model};
use crate::observed::{AgentAlias, AliasStatus, CallError, Question, Throughput, ThroughputStatus};
use crate::record::{Failure, Lifecycle, Record, tags_digest};

/// Which aliases that name another route may still send invocations to the throughput that they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// None.
    None,
    /// Those that are on their way, or cannot be read.
    WhileUnseen,
    /// Those that are on their way. What never was in service need not wait for the others.
    WhileChanging,
    /// All but those that are known to be prepared elsewhere (rule 2).
    UnlessPrepared,
}

impl Doubt {
    fn covers(self, status: &AliasStatus) -> bool {
        match self {
            Self::None => false,
            Self::WhileChanging | Self::WhileUnseen => matches!(status, AliasStatus::Updating | AliasStatus::Creating),
            Self::UnlessPrepared => *status != AliasStatus::Prepared,
        }
    }
}

impl Planner<'_> {
    /// Finds out which throughputs are ours, notices what is new about them, and which ones are gone.
    pub(super) fn sort_out_throughputs(&mut self) {
        let observed = self.situation.observed;
        let listed = observed.throughputs.iter().filter(|seen| !self.situation.attempts.deleted.contains(&seen.arn));
        for throughput in listed {
            match self.situation.record.held(&throughput.arn) {
                Some(_) if self.situation.record.lifecycle != Lifecycle::Releasing => self.keep(throughput, None),
                // Marks that an invocation took off before it died are not ours to take off again.
                Some(_) | None => self.keep_if_marked(throughput),
            }
        }
        let unlisted = |arn: &&String| !observed.throughputs.iter().any(|seen| seen.arn == **arn || seen.name == **arn);
        let record = self.situation.record;
        let remembered = record.throughputs.iter().map(|held| &held.arn);
        let missing = record.buying.values().filter_map(|buying| buying.missing.as_ref());
        let routed = observed.aliases.values().filter_map(|alias| alias.as_ref().ok()?.as_ref()?.throughput.as_ref());
        let parameters = observed.parameters.values();
        let pointed = parameters.filter_map(|parameter| parameter.as_ref().ok()?.as_ref()?.throughput());
        let named: BTreeSet<&String> =
            remembered.chain(missing).chain(routed).chain(pointed).filter(unlisted).collect();
        for arn in named {
            self.look_for(arn);
        }
        for throughput in observed.throughputs.iter().filter(|seen| seen.status == ThroughputStatus::Failed) {
            self.explain_failure(throughput);
        }
        self.end_term_if_gone();
    }

    fn keep(&mut self, throughput: &Throughput, tags: Option<String>) {
        self.plan.record.notice(throughput, tags, self.situation.now);
        self.plan.ours.push(throughput.clone());
    }

    fn keep_if_marked(&mut self, throughput: &Throughput) {
        let Throughput { name, arn, .. } = throughput;
        let commitment = self.commitment().name.as_str();
        match self.situation.observed.facts.marks.get(arn) {
            None => {
                self.plan.questions.insert(Question::Marks(arn.clone()));
            }
            Some(Ok(marks)) if marks.are(commitment, self.situation.group) => {
                self.keep(throughput, Some(tags_digest(&marks.others())));
            }
            Some(Ok(_)) => {
                self.plan.record.throughputs.retain(|held| held.arn != *arn);
                self.taken_names.insert(name.clone());
            }
            Some(Err(error)) => {
                self.unknown_names.insert(name.clone());
                self.failed_to_look(error);
            }
        }
    }

    /// Settles what a throughput is that is remembered, or named by an alias, and not listed.
    fn look_for(&mut self, arn: &String) {
        let deleted = self.situation.attempts.deleted.contains(arn);
        if deleted && self.situation.record.held(arn).is_some() {
            // AWS deletes at once (aws-facts), and has said that it did.
            self.plan.record.forget_throughput(arn);
            return;
        }
        let Some(answer) = self.situation.observed.facts.throughputs.get(arn) else {
            self.plan.questions.insert(Question::Throughput(arn.clone()));
            return;
        };
        let held = self.situation.record.held(arn).cloned();
        match (answer, held) {
            (Ok(Some(throughput)), Some(_)) => self.keep(throughput, None),
            (Ok(_), Some(_)) => self.plan.record.forget_throughput(arn),
            (Ok(Some(throughput)), None) => {
                let known = self.plan.ours.iter().any(|ours| ours.arn == throughput.arn);
                if !known && self.situation.record.held(&throughput.arn).is_none() {
                    self.keep_if_marked(throughput);
                }
            }
            (Ok(None), None) => {}
            (Err(error), held) => {
                self.unknown_names.extend(held.map(|held| held.name));
                self.failed_to_look(error);
            }
        }
    }

    pub(super) fn failed_to_look(&mut self, error: &CallError) {
        if !self.plan.failures.contains(error) {
            self.plan.failures.push(error.clone());
        }
    }

    /// Only a Get tells why a throughput failed.
    fn explain_failure(&mut self, throughput: &Throughput) {
        let Throughput { name, arn, .. } = throughput;
        if !self.plan.ours.iter().any(|ours| ours.arn == *arn) {
            return;
        }
        match self.situation.observed.facts.throughputs.get(arn) {
            None => {
                self.plan.questions.insert(Question::Throughput(arn.clone()));
            }
            Some(Ok(Some(Throughput { failure: Some(reason), .. }))) => {
                self.plan.problems.push(format!("{name} failed: {reason}"));
                let held = self.plan.record.throughputs.iter_mut().find(|held| held.arn == *arn);
                if let Some(failed) = held.and_then(|held| held.failed.as_mut()) {
                    *failed = Failure::new(failed.at, reason);
                }
            }
            Some(_) => self.plan.problems.push(format!("{name} failed")),
        }
    }

    /// Rule 9: what has once been in service with a term is not replaced by a tick.
    fn end_term_if_gone(&mut self) {
        let before = &self.situation.record.throughputs;
        let served_term = before
            .iter()
            .any(|held| held.served && held.term_end.is_some() && self.plan.record.held(&held.arn).is_none());
        let Record { lifecycle, .. } = &mut self.plan.record;
        if served_term && *lifecycle == Lifecycle::Active {
            *lifecycle = Lifecycle::Ended;
        }
        let renews = self.commitment().term.is_some()
            && self.commitment().at_term_end == AtTermEnd::Renew
            && !self.situation.record.off_by_hand(self.situation.now);
        if self.plan.record.lifecycle == Lifecycle::Ended && renews {
            let name = &self.commitment().name;
            let problem = format!(
                "the throughput of {name} is gone although its term was to renew; declare it anew to buy again"
            );
            self.plan.problems.push(problem);
        }
        for (name, until) in
            self.plan.record.throughputs.iter().filter(|held| held.renewed).map(|held| (&held.name, held.term_end))
        {
            if self.situation.record.commitment.at_term_end == AtTermEnd::Retire {
                let until = until.map_or_else(String::new, |until| format!(" until {until}"));
                self.plan
                    .problems
                    .push(format!("{name} was to retire at its term's end, and AWS has renewed it{until}"));
            }
        }
    }

    /// Whether the aliases are to leave because the term ends for good.
    pub(super) fn term_is_ending(&self, now: Timestamp) -> bool {
        let commitment = self.commitment();
        let retires = commitment.term.is_some() && commitment.at_term_end == AtTermEnd::Retire;
        let serving = self.plan.ours.iter().filter(|ours| ours.status != ThroughputStatus::Failed);
        let ends = serving.filter_map(|ours| ours.term_end).min();
        let notice = commitment.drain.saturating_add(LEAVE_BEFORE_TERM_END);
        retires && ends.is_some_and(|end| end.duration_since(now) <= notice)
    }

    /// Lets every throughput go that is not to stay, one safe step each.
    pub(super) fn let_throughputs_go(&mut self, goal: &Goal) {
        for throughput in self.plan.ours.clone() {
            if goal.stay.contains(&throughput.arn) {
                // While that is undecided, a drain that has begun goes on.
                if !goal.undecided || !self.users(&throughput, Doubt::None).is_empty() {
                    self.remember_left(&throughput.arn, None);
                }
            } else {
                self.let_go(&throughput, goal);
            }
        }
        self.forget_stale_purchases();
    }

    /// Forgets announced purchases that are not wanted and have not shown; those of the last minutes are waited for.
    pub(super) fn forget_stale_purchases(&mut self) {
        let now = self.situation.now;
        let stale = |since: Timestamp| after(since, SPENT_AFTER) <= now;
        let bought: Vec<(String, Timestamp)> =
            self.plan.record.buying.iter().map(|(name, buying)| (name.clone(), buying.since)).collect();
        let wanted = self.situation.desired.map(|units| self.commitment().throughput_name(units, ""));
        let active = self.plan.record.lifecycle == Lifecycle::Active;
        for (name, since) in bought.into_iter().filter(|(name, _)| !active || wanted.as_ref() != Some(name)) {
            if stale(since) {
                self.plan.record.buying.remove(&name);
            } else {
                self.plan.waiting.push(WaitingOn::Purchase { name, until: after(since, SPENT_AFTER) });
            }
        }
    }

    fn let_go(&mut self, throughput: &Throughput, goal: &Goal) {
        let Throughput { name, arn, status, .. } = throughput;
        let now = self.situation.now;
        // Whatever holds the deletion back, it may be over before the term is.
        if let Some(until) = self.term_to_end(throughput).filter(|until| is_about_to_end(*until, now)) {
            self.plan.waiting.push(WaitingOn::TermToEnd { name: name.clone(), until });
        }
        let held = self.plan.record.held(arn).cloned();
        let served = held.as_ref().is_some_and(|held| held.served) || *status == ThroughputStatus::InService;
        let doubt = if served { Doubt::UnlessPrepared } else { Doubt::WhileChanging };
        let still_there = self.users(throughput, doubt);
        if !still_there.is_empty() {
            let returned = self.users(throughput, Doubt::None);
            if !returned.is_empty() {
                self.remember_left(arn, None);
            }
            if held.and_then(|held| held.left).is_none() || !returned.is_empty() {
                self.plan.waiting.extend(still_there);
                return;
            }
        }
        let left = self.plan.record.held(arn).and_then(|held| held.left).unwrap_or(now);
        self.remember_left(arn, Some(left));
        let drain = self.commitment().drain;
        // Who reads a parameter may keep what it held for as long as the drain.
        let drained = after(self.parameters_changed().map_or(left, |changed| left.max(changed)), drain);
        if served && now < drained {
            self.plan.waiting.push(WaitingOn::Drain { name: name.clone(), drain, until: drained });
            return;
        }
        // The drain goes on while an alias or a parameter cannot be seen, but nothing is deleted: it may have returned.
        let unseen = if served { self.users(throughput, Doubt::WhileUnseen) } else { Vec::new() };
        if !unseen.is_empty() {
            self.plan.waiting.extend(unseen);
            return;
        }
        self.delete(throughput, goal);
    }

    fn delete(&mut self, throughput: &Throughput, goal: &Goal) {
        let Throughput { name, arn, status, .. } = throughput;
        let now = self.situation.now;
        if *status == ThroughputStatus::Updating {
            self.plan.waiting.push(WaitingOn::Deletable { name: name.clone() });
            return;
        }
        let term = self.term_to_end(throughput);
        if let Some(until) = term.filter(|until| until.duration_since(now) > DELETE_BEFORE_TERM_END) {
            if !is_about_to_end(until, now) {
                self.plan.waiting.push(WaitingOn::TermToEnd { name: name.clone(), until });
            }
            return;
        }
        let patient = *status == ThroughputStatus::Creating || term.is_some();
        if self.is_irreplaceable(throughput, goal) {
            return;
        }
        if self.situation.attempts.refused_patiently.contains(arn) && *status == ThroughputStatus::Creating {
            self.plan.waiting.push(WaitingOn::Deletable { name: name.clone() });
            return;
        }
        self.plan.actions.push(Action::Delete { name: name.clone(), arn: arn.clone(), patient });
    }

    /// When the term of `throughput` ends, if it serves one: until a little later its deletion may be refused.
    fn term_to_end(&self, throughput: &Throughput) -> Option<Timestamp> {
        let Throughput { status, term_end, .. } = throughput;
        // What failed serves no term, whatever end AWS gives for it.
        let end = term_end.filter(|_| *status != ThroughputStatus::Failed)?;
        (self.situation.now < after(end, TERM_END_GRACE)).then_some(end)
    }

    /// Rule 8: a throughput of a `LEGACY` model cannot be bought again, so a timetable alone does not delete it.
    fn is_irreplaceable(&mut self, throughput: &Throughput, goal: &Goal) -> bool {
        let Throughput { name, model_arn, foundation_model_arn, status, .. } = throughput;
        let declared = bare_model(self.commitment().model.as_str());
        let of_declared_model = declared == bare_model(model_arn) || declared == bare_model(foundation_model_arn);
        let by_hand =
            self.plan.record.lifecycle != Lifecycle::Active || self.situation.record.off_by_hand(self.situation.now);
        if by_hand || !goal.bare || !of_declared_model || *status != ThroughputStatus::InService {
            return false;
        }
        let model = bare_model(foundation_model_arn).to_owned();
        match self.situation.observed.facts.legacy.get(&model) {
            None => {
                self.plan.questions.insert(Question::Legacy(model));
                true
            }
            Some(Ok(false)) => false,
            Some(Ok(true)) => {
                self.plan.problems.push(format!(
                    "{name} is not deleted although it is off: {model} has turned LEGACY and could not be bought again; \
                     scale down or retire to delete it all the same"
                ));
                true
            }
            Some(Err(error)) => {
                let error = error.clone();
                self.failed_to_look(&error);
                true
            }
        }
    }

    fn remember_left(&mut self, arn: &str, left: Option<Timestamp>) {
        if let Some(held) = self.plan.record.throughputs.iter_mut().find(|held| held.arn == arn) {
            held.left = left;
        }
    }

    /// What may still lead invocations to `throughput`, as what is waited for: that it leaves.
    fn users(&self, throughput: &Throughput, doubt: Doubt) -> Vec<WaitingOn> {
        let name = &throughput.name;
        let aliases = self.aliases_on(throughput, doubt).into_iter();
        let aliases = aliases.map(|alias| WaitingOn::Leaving { alias, name: name.clone() });
        let unseen = matches!(doubt, Doubt::UnlessPrepared | Doubt::WhileUnseen);
        let parameters = self.parameters_on(throughput, unseen).into_iter();
        let parameters = parameters.map(|parameter| WaitingOn::Named { parameter, name: name.clone() });
        aliases.chain(parameters).collect()
    }

    /// The aliases that may still send invocations to `throughput`: those that name it, and those that are in `doubt`.
    fn aliases_on(&self, throughput: &Throughput, doubt: Doubt) -> Vec<crate::commitment::AliasId> {
        let names_it = |alias: &AgentAlias| {
            alias.throughput.as_ref().is_some_and(|named| *named == throughput.arn || *named == throughput.name)
        };
        let may_use = |seen: &Result<Option<AgentAlias>, CallError>| match seen {
            Ok(None) => false,
            Ok(Some(alias)) => names_it(alias) || doubt.covers(&alias.status),
            Err(_) => matches!(doubt, Doubt::UnlessPrepared | Doubt::WhileUnseen),
        };
        let aliases = self.situation.observed.aliases.iter();
        aliases.filter(|(_, seen)| may_use(seen)).map(|(id, _)| id.clone()).collect()
    }

    /// Brings the declared tags onto the throughputs that stay.
    pub(super) fn keep_tags(&mut self, goal: &Goal) {
        let tags = self.commitment().tags.clone();
        let digest = tags_digest(&tags);
        for throughput in self.plan.ours.clone() {
            let Throughput { name, arn, .. } = throughput;
            let differs = self.plan.record.held(&arn).is_some_and(|held| held.tags != digest);
            if !differs || !goal.stay.contains(&arn) {
                continue;
            }
            match self.situation.observed.facts.marks.get(&arn) {
                None => {
                    self.plan.questions.insert(Question::Marks(arn));
                }
                Some(Err(error)) => {
                    let error = error.clone();
                    self.failed_to_look(&error);
                }
                Some(Ok(marks)) => {
                    let borne = marks.others();
                    let set: BTreeMap<_, _> =
                        tags.iter().filter(|(key, value)| borne.get(*key) != Some(value)).collect();
                    let set = set.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                    let remove = borne.keys().filter(|key| !tags.contains_key(*key)).cloned().collect();
                    self.plan.actions.push(Action::Tag { name, arn, set, remove });
                }
            }
        }
    }

    /// A failure after which it is too early to try again, and when it no longer is.
    pub(super) fn recent(&self, failure: Option<Failure>) -> Option<(Failure, Timestamp)> {
        let failure = failure?;
        let at = failure.at.saturating_add(RETRY_AFTER).ok()?;
        (self.situation.now < at).then_some((failure, at))
    }
}
