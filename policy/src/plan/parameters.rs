//! What does the parameter hold, and what should it hold?
//!
//! It is treated as one more alias (docs/reference.md, "Callers without an agent"): pointed at the throughput once that is
//! in service, pointed away before the drain, put right when somebody else writes it. It settles with the call that writes
//! it, and says itself when that was.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::aliases::goes;
use super::inspect::View;
use super::policy::Goal;
use super::{Action, Step, WaitingOn};
use crate::commitment::{Commitment, OFF, ParameterName};
use crate::observed::{CallError, Parameter, Throughput};
use crate::record::{Lifecycle, Target};

/// The findings of the step that points the parameter.
#[derive(Debug, Default)]
pub(super) struct Pointed {
    pub(super) step: Step,
    /// The parameters that are ours to put right.
    pub(super) own: BTreeSet<ParameterName>,
    /// Whether every parameter that was to go leads to no throughput of ours any more.
    pub(super) let_go: bool,
    /// The dropped parameters that are let go.
    pub(super) free: Vec<Target>,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A throughput of ours.
    Ours,
    /// One that was ours and is gone.
    WasOurs,
    /// A throughput that does not exist.
    Nothing,
    /// Any other value.
    Else,
}

/// Brings every parameter to what it should name.
pub(super) fn point(view: &View<'_>, goal: &Goal) -> Pointed {
    let declared = &view.situation.record.declared;
    let mut pointed = Pointed { let_go: true, own: view.progress.own_parameters.clone(), ..Pointed::default() };
    let previous = declared.undecided().and_then(|owed| owed.previous.as_ref());
    let earlier = previous.and_then(|previous| previous.commitment.parameter.as_ref());
    for name in declared.all_parameters() {
        let left_with = declared.leaving_parameters.get(name);
        let let_go = point_one(view, goal, name, left_with, &mut pointed);
        pointed.let_go &= let_go;
        if let_go && left_with.is_some() {
            pointed.free.push(Target::Parameter(name.clone()));
            // From now on it may belong to anybody. If a pending Update fails, it is ours again: then it stays noted.
            if earlier != Some(name) {
                pointed.own.remove(name);
            }
        }
    }
    pointed.own.retain(|name| declared.all_parameters().any(|known| known == name) || earlier == Some(name));
    pointed
}

/// Brings one parameter to what it should name, or to what it is `left_with`. Returns true if it leads to no throughput of
/// ours.
fn point_one(
    view: &View<'_>,
    goal: &Goal,
    name: &ParameterName,
    left_with: Option<&String>,
    pointed: &mut Pointed,
) -> bool {
    let seen = match view.situation.observed.parameters.get(name) {
        None => return false,
        Some(Ok(seen)) if is_stale(view, name, seen.as_ref()) => {
            pointed.step.waiting.push(WaitingOn::Parameter { parameter: name.clone() });
            return false;
        }
        Some(Ok(seen)) => seen.as_ref(),
        Some(Err(error)) => {
            pointed.step.failed(error);
            return false;
        }
    };
    let for_good = || goes(view).then(|| view.commitment().value_without_throughput(true));
    if let Some(value) = left_with.cloned().or_else(for_good) {
        return let_one_go(view, name, seen, value, &mut pointed.step);
    }
    if let Some(problem) = foreign(view, name, seen) {
        if view.situation.record.declared.lifecycle == Lifecycle::Active {
            pointed.step.problems.push(problem);
        }
        return true;
    }
    pointed.own.insert(name.clone());
    let holds = seen.map_or(Holds::Else, |seen| holds(view, seen));
    let leaves = seen.is_some_and(|seen| view.leaves_with_its_term(&seen.value));
    if goal.nothing_moves() && holds == Holds::Ours && !leaves {
        return false;
    }
    // Rule 5: what looks have missed is not pointed at, however the parameter has come to hold something else.
    let target = goal.target().filter(|_| !goal.nothing_moves()).and_then(|arn| view.our(arn));
    let (value, to) = match target {
        Some(Throughput { name, arn, .. }) => (arn.clone(), name.clone()),
        None => named(view.commitment().value_without_throughput(false)),
    };
    write(name, seen, value, to, &mut pointed.step) && target.is_none()
}

/// Writes `value` into a parameter that is not ours any more, if it still leads to what is ours or to nothing. What
/// somebody else has written into it stays.
fn let_one_go(view: &View<'_>, name: &ParameterName, seen: Option<&Parameter>, value: String, step: &mut Step) -> bool {
    let Some(seen) = seen.filter(|seen| !seen.is_of_another_kind()) else { return true };
    let ours = view.progress.own_parameters.contains(name);
    let leads_nowhere = match holds(view, seen) {
        Holds::Ours | Holds::WasOurs => true,
        Holds::Nothing => ours,
        Holds::Else => ours && seen.value == OFF,
    };
    if !leads_nowhere {
        return true;
    }
    let (value, to) = named(value);
    write(name, Some(seen), value, to, step)
}

/// Writes `value` unless it is there. Returns true if it is there.
fn write(parameter: &ParameterName, seen: Option<&Parameter>, value: String, to: String, step: &mut Step) -> bool {
    if seen.is_some_and(|seen| seen.value == value) {
        return true;
    }
    let expected = seen.map(|seen| seen.value.clone());
    step.actions.push(Action::Point { parameter: parameter.clone(), value, to, expected });
    false
}

/// Why a declared parameter may not be written, if it may not.
fn foreign(view: &View<'_>, name: &ParameterName, seen: Option<&Parameter>) -> Option<String> {
    let seen = seen?;
    if let Some(problem) = another_kind(name, seen) {
        return Some(problem);
    }
    let ours = view.progress.own_parameters.contains(name);
    let fits = matches!(holds(view, seen), Holds::Ours | Holds::WasOurs)
        || is_without_throughput(view.commitment(), &seen.value);
    let may = ours || fits || view.commitment().take_over;
    (!may).then(|| format!("{}: it is left alone; TakeOver lets it be overwritten", foreign_value(name, seen)))
}

fn holds(view: &View<'_>, seen: &Parameter) -> Holds {
    let Some(named) = seen.throughput() else { return Holds::Else };
    match view.situation.observed.facts.throughputs.get(named) {
        _ if view.ours.iter().any(|ours| ours.arn == *named) => Holds::Ours,
        _ if view.progress.gone.contains_key(named) => Holds::WasOurs,
        Some(Ok(None)) => Holds::Nothing,
        Some(_) | None => Holds::Else,
    }
}

/// Whether what was read is older than what this invocation wrote.
fn is_stale(view: &View<'_>, name: &ParameterName, seen: Option<&Parameter>) -> bool {
    let written = view.situation.attempts.version_of(name);
    written.is_some_and(|written| seen.is_none_or(|seen| seen.version < written))
}

/// The parameters that lead to `throughput`; those that may, because they could not be read, are the second list.
pub(super) fn leading_to(view: &View<'_>, throughput: &Throughput) -> (Vec<ParameterName>, Vec<ParameterName>) {
    let (mut lead, mut may) = (Vec::new(), Vec::new());
    for (name, seen) in &view.situation.observed.parameters {
        match seen {
            Ok(seen) if is_stale(view, name, seen.as_ref()) => may.push(name.clone()),
            Ok(Some(parameter)) if parameter.names(&throughput.arn) => lead.push(name.clone()),
            Ok(_) => {}
            Err(_) => may.push(name.clone()),
        }
    }
    (lead, may)
}

/// When a parameter of ours was last written, by whomever: for the length of the drain, callers may go on with what it held
/// before.
pub(super) fn last_written(view: &View<'_>) -> Option<Timestamp> {
    let own = &view.progress.own_parameters;
    let is_ours = |seen: &Result<Option<Parameter>, CallError>| {
        let seen = seen.as_ref().ok()?.as_ref()?;
        (!seen.is_of_another_kind()).then_some(seen.modified).flatten()
    };
    let seen = view.situation.observed.parameters.iter().filter(|(name, _)| own.contains(*name));
    seen.filter_map(|(_, seen)| is_ours(seen)).max()
}

/// A value that names no throughput, and what people call it.
fn named(value: String) -> (String, String) {
    let to = if value == OFF { OFF.to_owned() } else { format!("{value}, on demand") };
    (value, to)
}

/// Why a parameter is not one that can be written, if it is not.
#[must_use]
pub fn another_kind(name: &ParameterName, seen: &Parameter) -> Option<String> {
    let kind = &seen.kind;
    let problem =
        || format!("parameter {name} is a {kind}, and only a String can be kept: delete it, or declare another one");
    seen.is_of_another_kind().then(problem)
}

/// Whether `value` is what `commitment` would have a parameter hold without a throughput.
#[must_use]
pub fn is_without_throughput(commitment: &Commitment, value: &str) -> bool {
    value == OFF || commitment.on_demand().is_some_and(|on_demand| on_demand == value)
}

/// The problem of a parameter that holds a foreign value.
#[must_use]
pub fn foreign_value(name: &ParameterName, seen: &Parameter) -> String {
    format!("parameter {name} holds `{}`, which is not ours", crate::input::cut(&seen.value))
}
