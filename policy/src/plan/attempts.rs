//! What has this invocation tried so far?
//!
//! Nothing is tried twice in vain within one invocation. A refusal that may pass is a problem only once it has lasted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Action;
use super::policy::PROBLEM_AFTER;
use crate::commitment::ParameterName;
use crate::observed::{CallError, CallErrorKind};
use crate::record::Record;

/// The attempts of this invocation so far.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    failed: Vec<(Action, CallError)>,
    /// Calls refused for a reason that may pass. The key is the error's text after "cannot".
    passing: BTreeMap<String, CallError>,
    refused_patiently: BTreeSet<String>,
    /// Deletions that are tried again, and that nobody may expect to succeed: the caller has no right to them.
    denied: Vec<CallError>,
    /// The version that a write of ours gave each parameter.
    written: BTreeMap<ParameterName, i64>,
}

impl Attempts {
    /// Notes that `action` had its effect.
    pub fn succeeded(&mut self, action: &Action) {
        if matches!(action, Action::Delete { .. }) {
            // What a quota, or the total, refused may be granted now.
            self.failed.retain(|(_, error)| error.kind != CallErrorKind::Quota);
        }
    }

    /// Notes the version that our write gave `parameter`.
    pub fn wrote(&mut self, parameter: &ParameterName, version: i64) {
        self.written.insert(parameter.clone(), version);
    }

    /// The version that this invocation gave `parameter`, if it wrote it.
    #[must_use]
    pub fn version_of(&self, parameter: &ParameterName) -> Option<i64> {
        self.written.get(parameter).copied()
    }

    /// Notes that `action` failed. Returns true if that is a failure, and not something under way to be waited out.
    pub fn failed(&mut self, action: &Action, error: CallError) -> bool {
        // Near a term's end every failure is tried again within seconds, for a term that renews costs a month.
        if let Action::Delete { arn, patient: true, .. } = action {
            self.refused_patiently.insert(arn.clone());
            if error.is_denied() && !self.denied.contains(&error) {
                self.denied.push(error);
                return true;
            }
            return false;
        }
        if error.is_passing() {
            self.passing.insert(error.cannot.clone(), error.clone());
        }
        if error.kind == CallErrorKind::Busy {
            return false;
        }
        self.failed.push((action.clone(), error));
        true
    }

    /// The calls that failed.
    pub fn failures(&self) -> impl Iterator<Item = &CallError> {
        self.failed.iter().map(|(_, error)| error).chain(&self.denied)
    }

    /// Whether `action` has failed already.
    #[must_use]
    pub fn has_failed(&self, action: &Action) -> bool {
        self.failed.iter().any(|(failed, _)| failed == action)
    }

    /// Whether the deletion of `arn` was refused for a reason that is waited out.
    #[must_use]
    pub fn was_refused_patiently(&self, arn: &str) -> bool {
        self.refused_patiently.contains(arn)
    }

    /// Why the throughput `name` could not be bought.
    #[must_use]
    pub fn error_of_purchase(&self, name: &str) -> Option<&CallError> {
        let buys = |action: &Action| matches!(action, Action::Buy { name: bought, .. } if bought == name);
        self.failed.iter().find(|(action, _)| buys(action)).map(|(_, error)| error)
    }

    /// Since when each call has been refused for a reason that may pass, as the record is to keep it.
    #[must_use]
    pub fn busy_since(&self, record: &Record, now: Timestamp) -> BTreeMap<String, Timestamp> {
        let known = &record.progress.busy;
        self.passing.keys().map(|cannot| (cannot.clone(), known.get(cannot).copied().unwrap_or(now))).collect()
    }

    /// What has been refused for so long that it is a problem, in AWS's words.
    #[must_use]
    pub fn lasting_troubles(&self, record: &Record, now: Timestamp) -> Vec<String> {
        let lasts = |cannot: &String| {
            record.progress.busy.get(cannot).is_some_and(|since| now.duration_since(*since) >= PROBLEM_AFTER)
        };
        let lasting = self.passing.iter().filter(|(cannot, _)| lasts(cannot));
        // What is a failure already is not said twice.
        let lasting = lasting.filter(|(_, error)| !self.failures().any(|failure| failure == *error));
        lasting.map(|(_, error)| error.to_string()).collect()
    }
}
