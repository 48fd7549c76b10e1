//! What is to be, and can it be had?
//!
//! From the size that is wanted to the throughputs that stay, and to the purchase of what is missing (design.md, rules 1, 3, 4
//! and 6). A refusal that an answer to `CloudFormation` waits for is noted beside the problem that it is.

use std::collections::BTreeSet;

use super::{Action, Goal, Planner, SPENT_AFTER, Situation, WaitingOn, after};
use crate::commitment::WhenOff;
use crate::observed::{CallErrorKind, Throughput, ThroughputStatus};
use crate::record::{Buying, Failure, Gone, Lifecycle};
use crate::timetable::ModelUnits;

enum Purchase {
    /// It is being bought, or whether it was bought is not known.
    UnderWay,
    /// It cannot be had now.
    Refused,
    /// Quota does not allow it.
    OverQuota,
}

impl Planner<'_> {
    /// Which throughputs are to be, and which one the aliases go to; buys what is missing.
    pub(super) fn goal(&mut self) -> Goal {
        let now = self.situation.now;
        let lifecycle = self.plan.record.lifecycle;
        let wanted =
            self.situation.desired.filter(|_| lifecycle == Lifecycle::Active).filter(|_| !self.term_is_ending(now));
        let off = Goal { target: None, stay: BTreeSet::new(), undecided: false, bare: true };
        let Some(units) = wanted else { return off };

        let name = self.commitment().throughput_name(units, "");
        let fitting = self.plan.ours.iter().find(|ours| ours.name == name && ours.status != ThroughputStatus::Failed);
        if let Some(fitting) = fitting.cloned() {
            let stay = BTreeSet::from([fitting.arn.clone()]);
            if fitting.status == ThroughputStatus::InService {
                return Goal { target: Some(fitting), stay, undecided: false, bare: false };
            }
            self.plan.waiting.push(WaitingOn::InService { name });
            let target = self.interim(&fitting.arn);
            let stay = target.iter().map(|interim| interim.arn.clone()).chain(stay).collect();
            return Goal { target, stay, undecided: false, bare: true };
        }

        let interim = self.interim("");
        let purchase = self.purchase(name, units);
        let undecided = matches!(purchase, Purchase::UnderWay);
        let shrinks = interim.as_ref().is_some_and(|interim| interim.units > units.get());
        // Rule 3: quota has room for one of the two only. A smaller one can wait; a larger one is given up first, unless
        // its agents would have nothing to fall back on.
        // What CloudFormation waits for fails instead, and the earlier declaration is in force again.
        let waited_for = self.plan.record.owed.as_ref().is_some_and(|owed| owed.decided.is_none());
        let breaks = matches!(purchase, Purchase::OverQuota) && shrinks && self.has_on_demand() && !waited_for;
        let target = interim.filter(|_| !breaks);
        let all = || self.plan.ours.iter().map(|ours| ours.arn.clone()).collect();
        let stay = if undecided { all() } else { target.iter().map(|target| target.arn.clone()).collect() };
        Goal { target, stay, undecided, bare: true }
    }

    fn has_on_demand(&self) -> bool {
        self.commitment().when_off == WhenOff::OnDemand && !self.commitment().model.is_custom()
    }

    /// The throughput that serves until the wanted one does: the largest in service.
    fn interim(&self, beside: &str) -> Option<Throughput> {
        let serving =
            self.plan.ours.iter().filter(|ours| ours.status == ThroughputStatus::InService && ours.arn != beside);
        serving.max_by_key(|ours| ours.units).cloned()
    }

    fn purchase(&mut self, name: String, units: ModelUnits) -> Purchase {
        let Situation { now, attempts, guardrails, .. } = self.situation;
        if self.plan.ours.iter().any(|ours| ours.name == name) {
            // It failed, and has to go first.
            let held = self.plan.record.throughputs.iter().find(|held| held.name == name);
            let failed = held.and_then(|held| held.failed.clone());
            self.refuse_because_of(&name, failed.as_ref());
            return Purchase::Refused;
        }
        // That it could not be looked at says nothing about it; the failure is reported, and the next look tells.
        if self.unknown_names.contains(&name) {
            return Purchase::UnderWay;
        }
        if self.taken_names.contains(&name) {
            self.refuse(format!("{name} exists and is not ours: it is neither used nor deleted"));
            return Purchase::Refused;
        }
        if let Some(error) = attempts.error_of_purchase(&name) {
            if error.is_final() {
                self.plan.refused = Some(error.to_string());
            }
            return match error.kind {
                CallErrorKind::NoAnswer => Purchase::UnderWay,
                CallErrorKind::Quota => {
                    self.plan.problems.push(format!("quota refuses {name}: {}", error.message));
                    Purchase::OverQuota
                }
                CallErrorKind::NotFound
                | CallErrorKind::Busy
                | CallErrorKind::Conflict
                | CallErrorKind::Invalid
                | CallErrorKind::Refused => Purchase::Refused,
            };
        }
        let refusal = match guardrails {
            Ok(guardrails) => guardrails.refuses_purchase(self.commitment(), units).map(|refusal| refusal.to_string()),
            Err(bad) => Some(bad.to_string()),
        };
        if let Some(refusal) = refusal {
            self.refuse(format!("cannot buy {name}: {refusal}"));
            return Purchase::Refused;
        }
        let failed = self.plan.record.gone.get(&name).and_then(|gone| gone.failed.clone());
        if let Some((failure, at)) = self.recent(failed) {
            self.refuse_because_of(&name, Some(&failure));
            let Failure { at: failed, reason } = failure;
            self.plan.problems.push(format!("{name} failed at {failed}: {reason}"));
            self.plan.waiting.push(WaitingOn::BuyAgain { name, at });
            return Purchase::Refused;
        }
        if !self.may_buy_again(&name) {
            return Purchase::UnderWay;
        }
        let commitment = self.commitment();
        let (model, term, tags) = (commitment.model.to_string(), commitment.term, commitment.tags.clone());
        let token = self.plan.record.token(&name);
        // Remembered before the call: after a crash the throughput may be there and not yet be listed.
        let earlier = self.plan.record.buying.insert(name.clone(), Buying { since: now, missing: None });
        self.plan.actions.push(Action::Buy { name, model, units, term, tags, token, repeated: earlier.is_some() });
        Purchase::UnderWay
    }

    /// Notes a problem that keeps what is wanted from being bought.
    fn refuse(&mut self, problem: String) {
        self.plan.refused = Some(problem.clone());
        self.plan.problems.push(problem);
    }

    /// What failed since an answer is owed is the answer; what failed before is tried again in time.
    fn refuse_because_of(&mut self, name: &str, failure: Option<&Failure>) {
        let since = self.plan.record.owed.as_ref().map(|owed| owed.since);
        if let Some((Failure { reason, .. }, _)) = failure.zip(since).filter(|(failure, since)| failure.at >= *since) {
            self.plan.refused = Some(format!("{name} failed: {reason}"));
        }
    }

    /// Whether what an earlier purchase of `name` returned counts as spent, if it returned what nobody finds.
    fn may_buy_again(&mut self, name: &str) -> bool {
        let Some(Buying { since, missing: Some(missing) }) = self.plan.record.buying.get(name).cloned() else {
            return true;
        };
        let until = after(since, SPENT_AFTER);
        if self.situation.now < until {
            self.plan.waiting.push(WaitingOn::Purchase { name: name.to_owned(), until });
            return false;
        }
        self.plan.record.gone.insert(name.to_owned(), Gone { arn: missing, failed: None });
        self.plan.record.buying.remove(name);
        true
    }
}
