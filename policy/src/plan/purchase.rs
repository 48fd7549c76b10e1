//! Can the wanted throughput be had?
//!
//! From the size that is wanted to what fits, and to the purchase of what is missing (docs/policy.md, rules 3, 4, 6 and 10).

use super::inspect::View;
use super::policy::{self, Fitting, Goal, Interim, Purchase, REPEAT_FOR, RETRY_AFTER, after};
use super::{Action, Step, WaitingOn, leaving};
use crate::commitment::{AtTermEnd, WhenOff};
use crate::observed::{CallErrorKind, Throughput, ThroughputStatus};
use crate::record::{Announced, Failure, Gone, Lifecycle};
use crate::timetable::ModelUnits;

/// Which throughput is to serve; announces the purchase of what is missing.
pub(super) fn goal(view: &mut View<'_>, step: &mut Step) -> Goal {
    let record = view.situation.record;
    let active = record.declared.lifecycle == Lifecycle::Active && !record.is_of_newer_format();
    if record.is_of_newer_format() {
        step.problems.push(format!(
            "the record of {} was written by a newer release: it is let go, and nothing is bought for it; deploy that \
             release again",
            record.name()
        ));
    }
    let wanted = view.situation.desired().filter(|_| active);
    let Some(units) = wanted else { return policy::goal(None, None) };
    let name = view.name_of(units);
    let fitting = view.ours.iter().find(|ours| is_bought_as(view, ours, &name)).cloned();
    if fitting.as_ref().is_some_and(|fitting| view.leaves_with_its_term(&fitting.arn)) {
        return policy::goal(None, None);
    }
    let mut interim = interim(view, fitting.as_ref(), units);
    let fitting = match fitting {
        Some(fitting) if fitting.status == ThroughputStatus::Failed => {
            Fitting::Nothing(refuse_until_gone(view, &name, &fitting))
        }
        Some(fitting) if view.serves(&fitting) => Fitting::InService(fitting.arn),
        Some(fitting) if fitting.status == ThroughputStatus::Unseen => Fitting::Unseen(fitting.arn),
        Some(fitting) => {
            step.waiting.push(WaitingOn::InService { name });
            Fitting::Creating(fitting.arn)
        }
        None => Fitting::Nothing(buy(view, &name, units, step)),
    };
    if let (Fitting::Nothing(Purchase::NoRoom), Some(interim)) = (&fitting, &mut interim) {
        interim.may_be_given_up &= !leaving::could_not_be_bought_again(view, &interim.arn, step);
    }
    policy::goal(Some(fitting), interim)
}

/// Whether `ours` was bought under `name`, whatever it is called now.
fn is_bought_as(view: &View<'_>, ours: &Throughput, name: &str) -> bool {
    view.held(&ours.arn).is_some_and(|held| held.name == name)
}

/// The throughput that serves until the wanted one does: the largest that is in service, or that has served and was missed by
/// looks. One that leaves because its term ends does not count.
fn interim(view: &View<'_>, fitting: Option<&Throughput>, units: ModelUnits) -> Option<Interim> {
    let beside = fitting.map(|fitting| &fitting.arn);
    let is_unseen = |ours: &Throughput| ours.status == ThroughputStatus::Unseen && view.has_served(&ours.arn);
    let serves = |ours: &&Throughput| {
        Some(&ours.arn) != beside && (view.serves(ours) || is_unseen(ours)) && !view.leaves_with_its_term(&ours.arn)
    };
    let largest = view.ours.iter().filter(serves).max_by_key(|ours| ours.units)?;
    let commitment = view.commitment();
    let has_on_demand = commitment.when_off == WhenOff::OnDemand && !commitment.model.is_custom();
    let waited_for = view.situation.record.declared.undecided().is_some();
    // A term is paid for to its end: giving it up makes no room.
    let has_term = view.held(&largest.arn).is_some_and(|held| held.term.is_some());
    let may_be_given_up = largest.units > units.get() && has_on_demand && !waited_for && !has_term;
    Some(Interim { arn: largest.arn.clone(), may_be_given_up, unseen: is_unseen(largest) })
}

/// Rule 6: what failed has to go first.
fn refuse_until_gone(view: &mut View<'_>, name: &str, fitting: &Throughput) -> Purchase {
    let failed = view.held(&fitting.arn).and_then(|held| held.failed.clone());
    refuse_because_of(view, name, failed.as_ref());
    Purchase::Refused
}

/// Announces the purchase of `name`, unless something speaks against it.
fn buy(view: &mut View<'_>, name: &str, units: ModelUnits, step: &mut Step) -> Purchase {
    // A look that failed says nothing about it. The failure is reported, and the next look tells.
    if view.unknown.contains(name) {
        return Purchase::UnderWay;
    }
    if view.taken.contains(name) {
        return refuse(view, step, format!("{name} exists and is not ours: it is neither used nor deleted"));
    }
    if let Some(came) = what_came_of_it(view, name, step) {
        return came;
    }
    if let Some(refusal) = guardrail(view, units) {
        return refuse(view, step, format!("cannot buy {name}: {refusal}"));
    }
    if let Some(announced) = view.progress.announced.get_mut(name) {
        // Rule 4: the same announcement repeats the same call, and only after List and Get by name have missed it.
        let now = view.situation.now;
        if now < after(announced.since, REPEAT_FOR) {
            announced.called = now;
            let announced = announced.clone();
            step.actions.push(Action::Buy { name: name.to_owned(), announced, repeated: true });
        }
        return Purchase::UnderWay;
    }
    if let Some(purchase) = is_spent(view, step) {
        view.spent = Some(purchase);
        return Purchase::Refused;
    }
    if let Some((failure, at)) = recent_failure(view, name) {
        refuse_because_of(view, name, Some(&failure));
        let Failure { at: failed, reason } = failure;
        step.problems.push(format!("{name} failed at {failed}: {reason}"));
        step.waiting.push(WaitingOn::BuyAgain { name: name.to_owned(), at });
        return Purchase::Refused;
    }
    announce(view, name, units, step);
    Purchase::UnderWay
}

/// What came of buying `name` in this invocation, if it was tried.
fn what_came_of_it(view: &mut View<'_>, name: &str, step: &mut Step) -> Option<Purchase> {
    let error = view.situation.attempts.error_of_purchase(name)?.clone();
    if error.is_final() {
        view.refused = Some(error.to_string());
    }
    Some(match error.kind {
        CallErrorKind::NoAnswer => Purchase::UnderWay,
        CallErrorKind::Quota => {
            step.problems.push(format!("quota refuses {name}: {}", error.message));
            Purchase::NoRoom
        }
        CallErrorKind::NotFound
        | CallErrorKind::Busy
        | CallErrorKind::Conflict
        | CallErrorKind::Invalid
        | CallErrorKind::Refused => Purchase::Refused,
    })
}

fn guardrail(view: &View<'_>, units: ModelUnits) -> Option<String> {
    match view.situation.guardrails {
        Ok(guardrails) => guardrails.refuses_purchase(view.commitment(), units).map(|refusal| refusal.to_string()),
        Err(bad) => Some(bad.to_string()),
    }
}

/// Rule 10: the value of `Purchase` if it was spent. A term that ended as asked is no problem.
fn is_spent(view: &View<'_>, step: &mut Step) -> Option<String> {
    let commitment = view.commitment();
    commitment.term?;
    let purchase = commitment.purchase.as_ref()?.as_str().to_owned();
    if !view.progress.spent.contains(&purchase) {
        return None;
    }
    let ended_as_asked = |gone: &Gone| gone.purchase.as_ref() == Some(&purchase) && gone.ended_as_asked();
    let asked = commitment.at_term_end == AtTermEnd::Retire;
    if !(asked && view.progress.gone.values().any(ended_as_asked)) {
        let name = &commitment.name;
        let bought_by_it = |gone: &&Gone| gone.purchase.as_ref() == Some(&purchase);
        let failure = view.progress.gone.values().filter(bought_by_it).find_map(|gone| gone.failed.as_ref());
        let why = failure.map_or_else(
            || format!("Purchase `{purchase}` was spent before"),
            |Failure { at, reason }| {
                format!("Purchase `{purchase}` was spent before, and what it bought failed at {at}: {reason}")
            },
        );
        step.problems
            .push(format!("nothing is bought for {name}: {why}; give Purchase a new value to buy another term"));
    }
    Some(purchase)
}

fn recent_failure(view: &View<'_>, name: &str) -> Option<(Failure, jiff::Timestamp)> {
    let failure = view.progress.last_failure(name)?.clone();
    let at = after(failure.at, RETRY_AFTER);
    (view.now() < at).then_some((failure, at))
}

/// Rule 4: the announcement is in the record before the call.
fn announce(view: &mut View<'_>, name: &str, units: ModelUnits, step: &mut Step) {
    let now = view.situation.now;
    let commitment = view.situation.record.declared.commitment.clone();
    let number = view.progress.numbers.get(name).copied().unwrap_or_default().saturating_add(1);
    let purchase = commitment.purchase.as_ref().filter(|_| commitment.term.is_some());
    let purchase = purchase.map(|purchase| purchase.as_str().to_owned());
    let announced = Announced {
        number,
        since: now,
        called: now,
        units: units.get(),
        model: commitment.model.to_string(),
        term: commitment.term,
        purchase: purchase.clone(),
        tags: commitment.tags.clone(),
        missed: None,
    };
    view.progress.numbers.insert(name.to_owned(), number);
    view.progress.spent.extend(purchase);
    view.progress.announced.insert(name.to_owned(), announced.clone());
    step.actions.push(Action::Buy { name: name.to_owned(), announced, repeated: false });
}

/// Notes a problem that keeps the wanted throughput from being bought.
fn refuse(view: &mut View<'_>, step: &mut Step, problem: String) -> Purchase {
    view.refused = Some(problem.clone());
    step.problems.push(problem);
    Purchase::Refused
}

/// A stack is told a failure that came after its request. An earlier one is not told: the purchase is tried again ten minutes
/// after it.
fn refuse_because_of(view: &mut View<'_>, name: &str, failure: Option<&Failure>) {
    let since = view.situation.record.declared.undecided().map(|owed| owed.since);
    if let Some((Failure { reason, .. }, _)) = failure.zip(since).filter(|(failure, since)| failure.at >= *since) {
        view.refused = Some(format!("{name} failed: {reason}"));
    }
}
