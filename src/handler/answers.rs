//! How is `CloudFormation` told what it is owed?
//!
//! By whoever can first: the invocation that took the request, or a tick. What is answered is written into the record, then
//! told, then noted as told; an invocation that dies in between leaves it to the next.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::{Error, Handler};
use crate::aws::Delivery;
use crate::rounds::{Outcome, Rounds};
use policy::answer::{self, Data, Verdict};
use policy::custom_resource::{Origin, RequestType};
use policy::observed::CallError;
use policy::record::{Decision, Lifecycle, Owed, Record, Taken, Tombstone};

/// Turns of one invocation: what a failed request leaves behind is put right at once, and an end that is near is waited for.
const MOST_TURNS: usize = 4;
/// How long an invocation stays awake for the moment at which an answer is given in any case: the longest gap between two
/// ticks, and a little.
const AWAKE_BEFORE_END: SignedDuration = SignedDuration::from_secs(75);
/// Tries at telling one answer: a bound for a clock that stands still.
const MOST_TRIES: usize = 1000;

/// What telling and noting an answer left.
enum Told {
    /// The record, in which nothing is owed any more.
    Record(Box<Record>),
    /// Nothing: the commitment is gone and buried.
    Buried,
    /// It is somebody else's to tell: the record is gone, or of a newer request.
    NotOurs,
    /// This one was told; meanwhile somebody else has written what the record was to become.
    Overwritten(Box<Record>),
}

impl Handler {
    /// Works on `record`, and tells what is owed as soon as it can be told; `stored` is what its schedule holds.
    pub(super) async fn carry(&self, rounds: &Rounds<'_>, stored: Record, record: Record) -> Result<Outcome, Error> {
        let (mut stored, mut record) = (stored, record);
        if !record.taking.is_empty() {
            self.take(rounds.group, &mut record).await;
        }
        let mut done = Vec::new();
        for _ in 0..MOST_TURNS {
            let mut ran = Box::pin(rounds.run(stored.clone(), record.clone())).await;
            if let Ok(outcome) = &mut ran {
                done.append(&mut outcome.done);
                outcome.done.clone_from(&done);
                if outcome.superseded || outcome.forgotten {
                    return Ok(ran?);
                }
                stored = outcome.stored.clone();
                record = outcome.look.plan.record.clone();
            }
            let Some(owed) = record.owed.clone() else { return Ok(ran?) };
            let now = self.now();
            let decision = match verdict(&owed, ran.as_ref(), now) {
                Verdict::Now(decision) => decision,
                Verdict::Wait(_) => {
                    let left = owed.decide_at.duration_since(now);
                    if !left.is_positive() || left > AWAKE_BEFORE_END || owed.decide_at >= rounds.stop_at {
                        return Ok(ran?);
                    }
                    (self.clock.sleep)(left.unsigned_abs()).await;
                    continue;
                }
            };
            let nothing_left = ran.as_ref().is_ok_and(|outcome| outcome.look.plan.nothing_left);
            let name = record.commitment.name.to_string();
            match self.answer(rounds, &name, &owed.origin, &decision, nothing_left).await? {
                Told::Record(after) => {
                    stored = *after;
                    record = stored.clone();
                }
                Told::Buried => {
                    let mut outcome = ran?;
                    outcome.forgotten = true;
                    return Ok(outcome);
                }
                Told::NotOurs => {
                    let mut outcome = ran?;
                    outcome.superseded = true;
                    return Ok(outcome);
                }
                Told::Overwritten(ours) => {
                    let mut outcome = ran?;
                    outcome.superseded = true;
                    outcome.stored = *ours;
                    return Ok(outcome);
                }
            }
            let answered = stored.resource.as_ref().and_then(|resource| resource.answered.as_ref());
            if let (Ok(outcome), Some(Decision::Success)) = (&mut ran, answered) {
                outcome.look.plan.record = stored.clone();
                outcome.stored = stored;
                return Ok(ran?);
            }
        }
        let mut outcome = rounds.run(stored, record).await?;
        outcome.done.splice(..0, done);
        Ok(outcome)
    }

    /// Decides, tells and notes what `origin` is owed; the record after that, unless it is somebody else's by now.
    pub(super) async fn told(
        &self,
        rounds: &Rounds<'_>,
        name: &str,
        origin: &Origin,
        decision: &Decision,
    ) -> Result<Option<Record>, Error> {
        match self.answer(rounds, name, origin, decision, false).await? {
            Told::Record(record) => Ok(Some(*record)),
            Told::Buried | Told::NotOurs | Told::Overwritten(_) => Ok(None),
        }
    }

    /// Writes what is answered to `origin` into the record, tells it, and notes that it was told. With `nothing_left` the
    /// record of a deleted commitment becomes a tombstone.
    async fn answer(
        &self,
        rounds: &Rounds<'_>,
        name: &str,
        origin: &Origin,
        decision: &Decision,
        nothing_left: bool,
    ) -> Result<Told, Error> {
        let Some(mut record) = self.owing(rounds.group, name, origin).await? else { return Ok(Told::NotOurs) };
        let undecided = record.owed.as_ref().is_some_and(|owed| owed.decided.is_none());
        if undecided {
            record.decide(decision);
            record.revision = record.revision.saturating_add(1);
            // Told all the same: a stack that hangs helps nobody, and the next tick tells it once more.
            if let Err(error) = self.aws.write(rounds.group, &record).await {
                warn!(commitment = %name, "{name}: {error}");
            } else if let Ok(stands) = self.owing(rounds.group, name, origin).await {
                // Somebody may have decided otherwise at the same time, and what was told is not taken back.
                let Some(stands) = stands else { return Ok(Told::NotOurs) };
                if stands.owed.as_ref().is_some_and(|owed| owed.decided.is_some()) {
                    record = stands;
                }
            }
        }
        let Some(Owed { kind, until, decided: Some(decided), .. }) = record.owed.clone() else {
            return Ok(Told::NotOurs);
        };
        let given_back = self.give_back(rounds.group, &record).await;
        if let Err(error) = self.tell(origin, &decided, &Data::of(&record, self.now()), rounds.answer_by()).await {
            // After its end nobody listens.
            if self.now() < until && !matches!(error, Undelivered::Refused(_)) {
                return Err(Error::NotDelivered(error.to_string()));
            }
            warn!(commitment = %name, "{name}: {error}");
        }
        let Some(mut record) = self.owing(rounds.group, name, origin).await? else {
            record.answered();
            return Ok(Told::Overwritten(Box::new(record)));
        };
        // Once more, should it not have been written then.
        record.decide(&decided);
        record.answered();
        if let Some(resource) = &mut record.resource {
            resource.taken.retain(|taken| !given_back.contains(taken));
        }
        record.revision = record.revision.saturating_add(1);
        if nothing_left && kind == RequestType::Delete && !self.has_left_something(rounds.group, &record).await? {
            let deleted = record.resource.as_ref().map_or(record.requested, |resource| resource.newest);
            let tombstone = Tombstone { name: name.to_owned(), deleted };
            self.aws.bury(rounds.group, &tombstone, &record.schedule, self.now()).await?;
            return Ok(Told::Buried);
        }
        self.aws.write(rounds.group, &record).await?;
        Ok(Told::Record(Box::new(record)))
    }

    /// A last look before nothing ticks any more: an invocation that was under way since before the Delete may have bought.
    async fn has_left_something(&self, group: &str, record: &Record) -> Result<bool, CallError> {
        let name = &record.commitment.name;
        for throughput in self.aws.throughputs_of(name).await? {
            if !record.is_gone(&throughput.arn)
                && self.aws.marks(&throughput.arn).await.is_ok_and(|marks| marks.are(name.as_str(), group))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives back to others what `record` has taken over from them and does not use any more, unless they have been declared
    /// anew since; what that leaves of it.
    async fn give_back(&self, group: &str, record: &Record) -> Vec<Taken> {
        let mut given_back = Vec::new();
        for taken in record.to_give_back() {
            let Taken { what, from, requested } = &taken;
            match self.aws.record(group, from).await {
                Ok(Some(mut other)) if other.requested == *requested && other.lifecycle == Lifecycle::Active => {
                    if !what.is_of(&other.commitment) {
                        other.regain(what);
                        info!(commitment = %from, "{} gives {what} back to {from}", record.commitment.name);
                        if let Err(error) = self.aws.write(group, &other).await {
                            warn!(commitment = %from, "{error}");
                            continue;
                        }
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    warn!(commitment = %from, "{error}");
                    continue;
                }
            }
            given_back.push(taken);
        }
        given_back
    }

    /// The record of `name`, if it still owes `origin` an answer.
    async fn owing(&self, group: &str, name: &str, origin: &Origin) -> Result<Option<Record>, CallError> {
        let record = self.aws.record(group, name).await?;
        Ok(record.filter(|record| record.owed.as_ref().is_some_and(|owed| owed.is_to(origin))))
    }

    /// Tells `origin` its answer: tried again and again, with growing pauses, until `by`.
    pub(super) async fn tell(
        &self,
        origin: &Origin,
        decision: &Decision,
        data: &Data,
        by: Timestamp,
    ) -> Result<(), Undelivered> {
        let name = origin.physical_id();
        let body = answer::body(origin, decision, data);
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(MOST_TRIES)
            .with_jitter();
        for pause in pauses.build() {
            let reason = match self.aws.put_answer(&origin.response_url, &body).await {
                Delivery::Delivered => {
                    match decision {
                        Decision::Success => info!(commitment = %name, "{name}: answered SUCCESS to CloudFormation"),
                        Decision::Failed(reason) => {
                            warn!(commitment = %name, "{name}: answered FAILED to CloudFormation: {reason}");
                        }
                    }
                    return Ok(());
                }
                Delivery::Refused(reason) => return Err(Undelivered::Refused(reason)),
                Delivery::NotNow(reason) => reason,
            };
            let next = SignedDuration::try_from(pause).ok().and_then(|pause| self.now().checked_add(pause).ok());
            if next.is_none_or(|next| next >= by) {
                return Err(Undelivered::InTime(reason));
            }
            (self.clock.sleep)(pause).await;
        }
        Err(Undelivered::InTime("too many tries".to_owned()))
    }
}

/// That an answer did not get through; it never repeats the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undelivered {
    /// It will never be taken.
    #[error("cannot answer CloudFormation: its ResponseURL refuses the answer: {0}")]
    Refused(String),
    /// It was not taken in the time that there was.
    #[error("cannot answer CloudFormation: {0}")]
    InTime(String),
}

impl From<Undelivered> for Error {
    fn from(error: Undelivered) -> Self {
        Self::NotDelivered(error.to_string())
    }
}

fn verdict(owed: &Owed, ran: Result<&Outcome, &CallError>, now: Timestamp) -> Verdict {
    match ran {
        Ok(Outcome { look, .. }) => owed.verdict(&look.plan, &look.observed, now),
        Err(error) => owed.verdict_without_look(error, now),
    }
}
