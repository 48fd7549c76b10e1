//! When does Lambda invoke a function again? Asynchronous invocation, without a clock and without
//! a network.
//!
//! A runner asks what is due until an instant, runs it, and tells how it ended.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::account::plus;

/// How long Lambda waits before it tries again after an error, by how often it has tried.
const WAITS: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];
/// The longest wait between two tries of what is throttled.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// One run of the function that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The id that every run for the same event has.
    pub request_id: String,
    /// The event.
    pub event: Value,
    /// When it is due.
    pub at: Timestamp,
    /// How many runs for it have ended in an error.
    pub errors: usize,
    accepted: Timestamp,
    throttled: u32,
}

/// Why Lambda gave an event up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// It ended in an error each time.
    RetriesExhausted,
    /// It had become too old.
    EventAgeExceeded,
    /// The function's reserved concurrency is 0.
    NoConcurrency,
}

/// What the failure destination is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The id of the invocation.
    pub request_id: String,
    /// The whole event.
    pub event: Value,
    /// Why it was given up.
    pub why: GivenUp,
    /// How many runs have ended in an error.
    pub errors: usize,
    /// What the last error said.
    pub error: Option<String>,
    /// When it was given up.
    pub at: Timestamp,
}

/// The queue in front of a function that is invoked asynchronously.
#[derive(Debug, Clone, PartialEq)]
pub struct Lambda {
    /// How often an event that ended in an error is tried again: at most twice.
    pub retries: usize,
    /// How old an event may become.
    pub maximum_age: SignedDuration,
    /// Whether the function's reserved concurrency is 0.
    pub stopped: bool,
    queue: Vec<Attempt>,
    failures: Vec<Failure>,
    next: u64,
}

impl Default for Lambda {
    fn default() -> Self {
        Self {
            retries: WAITS.len(),
            maximum_age: SignedDuration::from_hours(6),
            stopped: false,
            queue: Vec::new(),
            failures: Vec::new(),
            next: 0,
        }
    }
}

impl Lambda {
    /// Takes an event, and gives the id of its invocation. A duplicate that EventBridge or
    /// Scheduler sends is another invocation.
    pub fn accept(&mut self, event: Value, now: Timestamp) -> String {
        self.next += 1;
        let request_id = format!("00000000-0000-4000-9000-{:012}", self.next);
        let attempt =
            Attempt { request_id: request_id.clone(), event, at: now, errors: 0, accepted: now, throttled: 0 };
        if self.stopped {
            self.give_up(attempt, GivenUp::NoConcurrency, None, now);
        } else {
            self.queue.push(attempt);
        }
        request_id
    }

    /// Takes out what is due until `until`, in the order of time. What is too old by then is given
    /// up.
    pub fn due(&mut self, until: Timestamp) -> Vec<Attempt> {
        let (due, later) =
            std::mem::take(&mut self.queue).into_iter().partition(|attempt: &Attempt| attempt.at <= until);
        self.queue = later;
        let age = self.maximum_age;
        let (mut due, old): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|attempt: &Attempt| attempt.at <= plus(attempt.accepted, age));
        for attempt in old {
            let at = plus(attempt.accepted, age);
            self.give_up(attempt, GivenUp::EventAgeExceeded, None, at);
        }
        due.sort_by(|one, other| (one.at, &one.request_id).cmp(&(other.at, &other.request_id)));
        due
    }

    /// When the next run is due, if any is.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.queue.iter().map(|attempt| attempt.at).min()
    }

    /// A run has ended in `error` at `now`, as one that crashed or ran out of time does: it is
    /// tried again, or given up.
    pub fn ended_in_error(&mut self, mut attempt: Attempt, error: &str, now: Timestamp) {
        let errors = attempt.errors;
        attempt.errors += 1;
        match WAITS.get(errors).filter(|_| errors < self.retries) {
            None => self.give_up(attempt, GivenUp::RetriesExhausted, Some(error), now),
            Some(wait) => self.try_again(attempt, plus(now, *wait), Some(error)),
        }
    }

    /// A run could not begin at `now` because the function was throttled: that counts as no try.
    pub fn throttled(&mut self, mut attempt: Attempt, now: Timestamp) {
        let wait = SignedDuration::from_secs(1 << attempt.throttled.min(9)).min(LONGEST_WAIT);
        attempt.throttled += 1;
        self.try_again(attempt, plus(now, wait), None);
    }

    /// Lambda runs the event of `attempt` once more at `at`, although it ended well: the same
    /// invocation twice.
    pub fn repeat(&mut self, attempt: &Attempt, at: Timestamp) {
        self.queue.push(Attempt { at, ..attempt.clone() });
    }

    /// What the failure destination was sent.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    fn try_again(&mut self, attempt: Attempt, at: Timestamp, error: Option<&str>) {
        if at > plus(attempt.accepted, self.maximum_age) {
            self.give_up(attempt, GivenUp::EventAgeExceeded, error, at);
        } else {
            self.queue.push(Attempt { at, ..attempt });
        }
    }

    fn give_up(&mut self, attempt: Attempt, why: GivenUp, error: Option<&str>, at: Timestamp) {
        let Attempt { request_id, event, errors, .. } = attempt;
        self.failures.push(Failure { request_id, event, why, errors, error: error.map(str::to_owned), at });
    }
}
