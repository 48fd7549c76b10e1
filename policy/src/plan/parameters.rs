//! What should the parameter name, and may it be written?
//!
//! A parameter is one more alias (interface.md section 7): pointed at the throughput once that is in service, pointed away before
//! that goes, put right when somebody else writes it. It settles with the call that writes it, and says itself when that was.

use jiff::Timestamp;

use super::{Action, Goal, Lost, Planner, WaitingOn};
use crate::commitment::{OFF, ParameterName};
use crate::observed::{CallError, Parameter, Throughput};
use crate::record::Lifecycle;

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

/// That something could not be seen now, which has been noted.
struct Unseen;

impl Planner<'_> {
    /// Brings every parameter to what it should name; whether all are let go, if they were to be.
    pub(super) fn point_parameters(&mut self, goal: &Goal) -> bool {
        let record = self.situation.record;
        let previous = record.owed.as_ref().and_then(|owed| owed.previous.as_ref());
        let earlier = previous.and_then(|previous| previous.commitment.parameter.as_ref());
        let mut all_let_go = true;
        for name in record.all_parameters() {
            let left_with = record.leaving_parameters.get(name);
            let let_go = self.point_parameter(name, left_with, goal);
            if let_go && (left_with.is_some() || record.lifecycle == Lifecycle::Retiring) {
                self.plan.record.leaving_parameters.remove(name);
                // From now on it is whoever's it becomes, for however long a term keeps the record; unless an Update may yet fail.
                if earlier != Some(name) {
                    self.plan.record.own_parameters.remove(name);
                }
            }
            all_let_go &= let_go;
        }
        let record = &mut self.plan.record;
        let (declared, leaving) = (&record.commitment.parameter, &record.leaving_parameters);
        let matters = |name: &ParameterName| declared.as_ref() == Some(name) || leaving.contains_key(name);
        record.own_parameters.retain(|name| matters(name) || earlier == Some(name));
        all_let_go
    }

    /// The parameter as it was seen, if there is one; what is older than what this invocation wrote was not seen.
    fn parameter(&mut self, name: &ParameterName) -> Result<Option<Parameter>, Unseen> {
        match self.situation.observed.parameters.get(name).ok_or(Unseen)? {
            Ok(seen) if self.is_stale(name, seen.as_ref()) => {
                self.plan.waiting.push(WaitingOn::Parameter { parameter: name.clone() });
                Err(Unseen)
            }
            Ok(seen) => Ok(seen.clone()),
            Err(error) => {
                self.failed_to_look(error);
                Err(Unseen)
            }
        }
    }

    /// Brings one parameter to what it should name, or to what it is `left_with`; whether it is let go, if it was to be.
    fn point_parameter(&mut self, name: &ParameterName, left_with: Option<&String>, goal: &Goal) -> bool {
        let Ok(seen) = self.parameter(name) else { return false };
        let retires = self.plan.record.lifecycle == Lifecycle::Retiring;
        let for_good = || retires.then(|| self.commitment().value_without_throughput(true));
        if let Some(value) = left_with.cloned().or_else(for_good) {
            return self.let_parameter_go(name, seen.as_ref(), value);
        }
        if let Some(problem) = self.foreign(name, seen.as_ref()) {
            if self.plan.record.lifecycle == Lifecycle::Active {
                self.plan.problems.push(problem);
            }
            return true;
        }
        self.plan.record.own_parameters.insert(name.clone());
        let holds = seen.as_ref().map_or(Holds::Else, |seen| self.holds(seen));
        if goal.undecided && holds == Holds::Ours {
            // A better one may be there in a moment: what serves now goes on serving, and nothing moves for nothing.
            return false;
        }
        let (value, to) = match &goal.target {
            Some(Throughput { name, arn, .. }) => (arn.clone(), name.clone()),
            None => named(self.commitment().value_without_throughput(false)),
        };
        self.write(name, seen.as_ref(), value, to)
    }

    /// Writes `value` into a parameter that is not ours any more, if it still leads to what is ours or to nothing. What somebody
    /// else has written into it stays.
    fn let_parameter_go(&mut self, name: &ParameterName, seen: Option<&Parameter>, value: String) -> bool {
        let Some(seen) = seen.filter(|seen| !seen.is_of_another_kind()) else { return true };
        let ours = self.situation.record.own_parameters.contains(name);
        let leads_nowhere = match self.holds(seen) {
            Holds::Ours | Holds::WasOurs => true,
            Holds::Nothing => ours,
            Holds::Else => ours && seen.value == OFF,
        };
        if !leads_nowhere {
            return true;
        }
        let (value, to) = named(value);
        self.write(name, Some(seen), value, to)
    }

    /// Writes the value without a throughput into a parameter that another commitment has taken over, if it leads to what is to
    /// go; where it leads.
    pub(super) fn lost_parameter(&mut self, name: &ParameterName, goal: &Goal) -> Lost {
        let going = self.some_are_to_go(goal);
        // As long as nothing is to go, that it cannot be read is not our business.
        if !going && matches!(self.situation.observed.parameters.get(name), Some(Err(_))) {
            return Lost::OnOurs;
        }
        let Ok(seen) = self.parameter(name) else { return Lost::OnOurs };
        let Some(seen) = seen else { return Lost::Elsewhere };
        let leads_to = |arn: &String| seen.names(arn);
        let ours = self.plan.ours.iter().map(|ours| &ours.arn).find(|arn| leads_to(arn));
        match ours.map(|arn| goal.stay.contains(arn)) {
            Some(false) => {
                let value = self.commitment().value_without_throughput(true);
                if self.let_parameter_go(name, Some(&seen), value) { Lost::Elsewhere } else { Lost::OnOurs }
            }
            Some(true) => Lost::OnOurs,
            None if self.plan.record.throughputs.iter().any(|held| leads_to(&held.arn)) => Lost::OnOurs,
            None => Lost::Elsewhere,
        }
    }

    /// Writes `value` unless it is there; whether it is there.
    fn write(&mut self, parameter: &ParameterName, seen: Option<&Parameter>, value: String, to: String) -> bool {
        if seen.is_some_and(|seen| seen.value == value) {
            return true;
        }
        let exists = seen.is_some();
        self.plan.actions.push(Action::Point { parameter: parameter.clone(), value, to, exists });
        false
    }

    /// Why a declared parameter may not be written, if it may not.
    fn foreign(&self, name: &ParameterName, seen: Option<&Parameter>) -> Option<String> {
        let seen = seen?;
        if let Some(problem) = another_kind(name, seen) {
            return Some(problem);
        }
        let ours = self.situation.record.own_parameters.contains(name);
        let fits = matches!(self.holds(seen), Holds::Ours | Holds::WasOurs)
            || is_without_throughput(self.commitment(), &seen.value);
        let may = ours || fits || self.commitment().take_over;
        (!may).then(|| format!("{}: it is left alone; TakeOver lets it be overwritten", foreign_value(name, seen)))
    }

    fn holds(&self, seen: &Parameter) -> Holds {
        let Some(named) = seen.throughput() else { return Holds::Else };
        let ours = self.plan.ours.iter().any(|ours| ours.arn == *named);
        let was_ours = self.plan.record.is_gone(named) || self.situation.attempts.deleted.contains(named);
        match self.situation.observed.facts.throughputs.get(named) {
            _ if ours => Holds::Ours,
            _ if was_ours => Holds::WasOurs,
            Some(Ok(None)) => Holds::Nothing,
            Some(_) | None => Holds::Else,
        }
    }

    /// Whether what was read is older than what this invocation wrote.
    fn is_stale(&self, name: &ParameterName, seen: Option<&Parameter>) -> bool {
        let written = self.situation.attempts.written.get(name);
        written.is_some_and(|written| seen.is_none_or(|seen| seen.version < *written))
    }

    /// The parameters that lead to `throughput`, or in `doubt` may do so.
    pub(super) fn parameters_on(&self, throughput: &Throughput, doubt: bool) -> Vec<ParameterName> {
        let may_lead = |name: &ParameterName, seen: &Result<Option<Parameter>, CallError>| match seen {
            Ok(seen) if self.is_stale(name, seen.as_ref()) => doubt,
            Ok(None) => false,
            Ok(Some(parameter)) => parameter.names(&throughput.arn),
            Err(_) => doubt,
        };
        let parameters = self.situation.observed.parameters.iter();
        parameters.filter(|(name, seen)| may_lead(name, seen)).map(|(name, _)| name.clone()).collect()
    }

    /// When a parameter of ours was last written, by whomever: for the length of the drain, callers may go on with what it held
    /// before.
    pub(super) fn parameters_changed(&self) -> Option<Timestamp> {
        let own = &self.situation.record.own_parameters;
        let seen = self.situation.observed.parameters.iter().filter(|(name, _)| own.contains(*name));
        let seen = seen.filter_map(|(_, seen)| seen.as_ref().ok()?.as_ref());
        seen.filter(|seen| !seen.is_of_another_kind()).filter_map(|seen| seen.modified).max()
    }
}

/// A value that names no throughput, and what people call it.
fn named(value: String) -> (String, String) {
    let to = if value == OFF { OFF.to_owned() } else { format!("{value}, on demand") };
    (value, to)
}

/// Why a parameter is not one that can be written, if it is not.
pub(crate) fn another_kind(name: &ParameterName, seen: &Parameter) -> Option<String> {
    let kind = &seen.kind;
    let problem =
        || format!("parameter {name} is a {kind}, and only a String can be kept: delete it, or declare another one");
    seen.is_of_another_kind().then(problem)
}

/// Whether `value` is what `commitment` would have a parameter hold without a throughput.
pub(crate) fn is_without_throughput(commitment: &crate::commitment::Commitment, value: &str) -> bool {
    value == OFF || commitment.on_demand().is_some_and(|on_demand| on_demand == value)
}

/// That a parameter holds what is not ours.
pub(crate) fn foreign_value(name: &ParameterName, seen: &Parameter) -> String {
    format!("parameter {name} holds `{}`, which is not ours", crate::input::cut(&seen.value))
}
