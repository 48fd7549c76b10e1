//! How does a throughput go, and why is it not gone yet?
//!
//! Gathers the facts for [`policy::why_not_deleted`], which decides (docs/policy.md, rules 2, 5, 9 and 10).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::inspect::View;
use super::policy::{
    self, DELETE_BEFORE_TERM_END, Goal, Hold, Leaving, StatusForDeletion, TERM_END_GRACE, TermState, after,
};
use super::{Action, Step, WaitingOn, parameters};
use crate::commitment::{AliasId, Term, bare_model};
use crate::observed::{Question, Throughput, ThroughputStatus};
use crate::record::{Held, Lifecycle};

/// Aliases and parameters that may lead invocations to a throughput.
#[derive(Debug, Default)]
struct Users {
    /// Aliases and parameters that name it.
    named: Vec<WaitingOn>,
    /// Aliases and parameters that may still lead to it: they are being changed, failed, or could not be read.
    in_doubt: Vec<WaitingOn>,
}

/// Moves each throughput that does not stay one step towards its deletion. Returns, by ARN, when the last alias and
/// parameter had left it.
pub(super) fn let_go(view: &View<'_>, goal: &Goal, step: &mut Step) -> BTreeMap<String, Option<Timestamp>> {
    let mut left = BTreeMap::new();
    for throughput in &view.ours {
        let users = users_of(view, throughput);
        let known = view.held(&throughput.arn).and_then(|held| held.left);
        // Rule 10: a term that is to end goes at its end, whatever else is not known.
        let since = if goal.stays(&throughput.arn) && !view.leaves_with_its_term(&throughput.arn) {
            // While nothing moves, a drain that has begun goes on.
            known.filter(|_| goal.nothing_moves() && users.named.is_empty())
        } else {
            let since = left_since(view, known, &users);
            let_one_go(view, goal, throughput, &users, since, step);
            since
        };
        left.insert(throughput.arn.clone(), since);
    }
    left
}

/// Rule 2: since when all aliases and parameters have been seen elsewhere. It starts again if one returns; a look that
/// fails, or an alias that is in doubt, does not start it.
fn left_since(view: &View<'_>, known: Option<Timestamp>, users: &Users) -> Option<Timestamp> {
    if !users.named.is_empty() {
        return None;
    }
    known.or_else(|| users.in_doubt.is_empty().then(|| view.now()))
}

fn users_of(view: &View<'_>, throughput: &Throughput) -> Users {
    let Throughput { name, arn, status, .. } = throughput;
    let mut users = Users::default();
    let has_served = view.has_served(arn);
    // Rule 10: in the last two minutes an alias in FAILED holds it back only if it names it.
    let last_minutes = |held: &Held| term_state(held, status, view.now()) == TermState::LastMinutes;
    let may_wait = has_served && !view.held(arn).is_some_and(last_minutes);
    let leaving = |alias: &AliasId| WaitingOn::Leaving { alias: alias.clone(), name: name.clone() };
    for (id, seen) in &view.situation.observed.aliases {
        match seen {
            Ok(Some(alias)) => {
                let names_it = alias.throughput.as_ref().is_some_and(|named| named == arn || named == name);
                let on_anothers = alias.throughput.as_ref().is_some_and(|named| view.our(named).is_none());
                if names_it {
                    users.named.push(leaving(id));
                } else if policy::may_still_lead(&alias.status, may_wait, on_anothers) {
                    users.in_doubt.push(leaving(id));
                }
            }
            Err(_) if has_served => users.in_doubt.push(leaving(id)),
            Ok(None) | Err(_) => {}
        }
    }
    let pointed = |parameter| WaitingOn::Named { parameter, name: name.clone() };
    let (lead, may) = parameters::leading_to(view, throughput);
    users.named.extend(lead.into_iter().map(pointed));
    if has_served {
        users.in_doubt.extend(may.into_iter().map(pointed));
    }
    users
}

/// Moves one throughput a step further on its way out.
fn let_one_go(
    view: &View<'_>,
    goal: &Goal,
    throughput: &Throughput,
    users: &Users,
    left: Option<Timestamp>,
    step: &mut Step,
) {
    let Throughput { name, arn, status, .. } = throughput;
    let Some(held) = view.held(arn) else { return };
    let now = view.now();
    // What holds the deletion back may pass within seconds: the tick stays awake until the term ends.
    if let Some(until) = held.term_end.filter(|end| policy::is_near(*end, policy::AWAKE_BEFORE_TERM_END, now)) {
        step.waiting.push(WaitingOn::TermToEnd { name: name.clone(), until: Some(until) });
    }
    let drained = drained_at(view, held, left);
    let term = term_state(held, status, now);
    let mut leaving = Leaving {
        named: !users.named.is_empty(),
        in_doubt: !users.in_doubt.is_empty(),
        left: left.is_some(),
        drained,
        status: match status {
            ThroughputStatus::Unseen => StatusForDeletion::Unseen,
            ThroughputStatus::Updating => StatusForDeletion::Updating,
            ThroughputStatus::InService
            | ThroughputStatus::Creating
            | ThroughputStatus::Failed
            | ThroughputStatus::Unknown(_) => StatusForDeletion::Other,
        },
        term,
        irreplaceable: false,
        refused: view.situation.attempts.was_refused_patiently(arn),
    };
    if policy::why_not_deleted(&leaving, now).is_none() && term != TermState::LastMinutes {
        leaving.irreplaceable = is_irreplaceable(view, throughput, goal, step);
    }
    let Some(reason) = policy::why_not_deleted(&leaving, now) else {
        let patient = *status == ThroughputStatus::Creating || held.term.is_some();
        let last_chance = term == TermState::LastMinutes;
        let (name, arn) = (name.clone(), arn.clone());
        step.actions.push(Action::Delete { name, arn, patient, last_chance });
        return;
    };
    let name = name.clone();
    match reason {
        Hold::Named => step.waiting.extend(users.named.iter().cloned()),
        Hold::NotLeft => step.waiting.extend(users.in_doubt.iter().cloned()),
        Hold::Draining => {
            let drain = view.commitment().drain;
            step.waiting.extend(drained.map(|until| WaitingOn::Drain { name, drain, until }));
        }
        Hold::Updating | Hold::Refused => step.waiting.push(WaitingOn::Deletable { name }),
        Hold::Term => {
            let until = held.term_end;
            if !until.is_some_and(|until| policy::is_near(until, policy::AWAKE_BEFORE_TERM_END, now)) {
                step.waiting.push(WaitingOn::TermToEnd { name, until });
            }
        }
        // Said already.
        Hold::Unseen | Hold::Legacy => {}
    }
}

/// When the drain is over. It counts from when all had left, and from the last change of a parameter.
fn drained_at(view: &View<'_>, held: &Held, left: Option<Timestamp>) -> Option<Timestamp> {
    // Nobody can have used what never served.
    held.served?;
    let left = left?;
    let counts_from = parameters::last_written(view).map_or(left, |written| written.max(left));
    Some(after(counts_from, view.commitment().drain))
}

/// Rule 10: how far the term has come. What failed serves no term, and what is being created does not run yet.
fn term_state(held: &Held, status: &ThroughputStatus, now: Timestamp) -> TermState {
    let Some(term) = held.term else { return TermState::None };
    let runs = !matches!(status, ThroughputStatus::Failed | ThroughputStatus::Creating);
    match held.term_end {
        _ if !runs => TermState::None,
        Some(end) if after(end, TERM_END_GRACE) <= now => TermState::None,
        Some(end) if end.duration_since(now) <= DELETE_BEFORE_TERM_END => TermState::LastMinutes,
        Some(_) => TermState::Runs,
        None => {
            let lasts = match term {
                Term::OneMonth => policy::UNDATED_MONTH,
                Term::SixMonths => policy::UNDATED_SIX_MONTHS,
            };
            let since = held.served.unwrap_or(held.since);
            if after(since, lasts) <= now { TermState::None } else { TermState::Runs }
        }
    }
}

/// Rule 9: a throughput of a `LEGACY` model cannot be bought again, so a timetable alone does not delete it.
fn is_irreplaceable(view: &View<'_>, throughput: &Throughput, goal: &Goal, step: &mut Step) -> bool {
    let declared = &view.situation.record.declared;
    let by_hand = declared.lifecycle != Lifecycle::Active
        || view.situation.record.is_of_newer_format()
        || declared.off_by_hand(view.now());
    // A term is paid for day and night: it ends because it is to end, not by a timetable.
    let has_term = view.held(&throughput.arn).is_some_and(|held| held.term.is_some());
    if by_hand || has_term || goal.replaces() || !view.serves(throughput) || !is_of_declared_model(view, throughput) {
        return false;
    }
    let legacy = is_legacy(view, throughput, step);
    if let Legacy::Yes(model) = &legacy {
        step.problems.push(format!(
            "{} is not deleted although it is off: {model} has turned LEGACY and could not be bought again; scale down or \
             retire to delete it all the same",
            throughput.name
        ));
    }
    legacy != Legacy::No
}

/// Rule 9: a throughput of a `LEGACY` model is not given up to make room for a smaller one. True also while that is not known.
pub(super) fn could_not_be_bought_again(view: &View<'_>, arn: &str, step: &mut Step) -> bool {
    let Some(throughput) = view.ours.iter().find(|ours| ours.arn == arn) else { return false };
    let legacy = is_legacy(view, throughput, step);
    if let Legacy::Yes(model) = &legacy {
        step.problems.push(format!(
            "{} is not given up for a smaller one: {model} has turned LEGACY and could not be bought again",
            throughput.name
        ));
    }
    legacy != Legacy::No
}

/// Whether a model has turned `LEGACY`.
#[derive(PartialEq, Eq)]
enum Legacy {
    /// This base model has.
    Yes(String),
    No,
    /// AWS has not said so far, or could not be asked.
    Unknown,
}

/// Whether the base model of `throughput` has turned `LEGACY`.
fn is_legacy(view: &View<'_>, throughput: &Throughput, step: &mut Step) -> Legacy {
    let Throughput { model_arn, foundation_model_arn, .. } = throughput;
    let base = if foundation_model_arn.is_empty() { model_arn } else { foundation_model_arn };
    let model = bare_model(base).to_owned();
    match view.situation.observed.facts.lifecycles.get(&model) {
        None => {
            step.ask(Question::Lifecycle(model));
            Legacy::Unknown
        }
        Some(Ok(lifecycle)) if lifecycle.is_legacy => Legacy::Yes(model),
        Some(Ok(_)) => Legacy::No,
        Some(Err(error)) => {
            step.failed(error);
            Legacy::Unknown
        }
    }
}

/// Whether it serves the declared model. A throughput's name depends on the model, so a name that fits proves it.
fn is_of_declared_model(view: &View<'_>, throughput: &Throughput) -> bool {
    let held = view.held(&throughput.arn);
    view.commitment().sizes().into_iter().any(|units| held.is_some_and(|held| held.name == view.name_of(units)))
        || bare_model(view.commitment().model.as_str()) == bare_model(&throughput.model_arn)
}

/// Brings the declared tags onto the throughputs that stay. Tags of others are theirs.
pub(super) fn keep_tags(view: &View<'_>, goal: &Goal, step: &mut Step) {
    let declared = &view.situation.record.declared.commitment.tags;
    for throughput in &view.ours {
        let Some(held) = view.held(&throughput.arn) else { continue };
        let unseen = throughput.status == ThroughputStatus::Unseen;
        if unseen || held.tags == *declared || !goal.stays(&throughput.arn) {
            continue;
        }
        let differs = |(key, value): &(&String, &String)| held.tags.get(*key) != Some(value);
        let set = declared.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
        let remove = held.tags.keys().filter(|key| !declared.contains_key(*key)).cloned().collect();
        let (name, arn) = (throughput.name.clone(), throughput.arn.clone());
        step.actions.push(Action::Tag { name, arn, set, remove });
    }
}
