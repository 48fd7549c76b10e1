//! What happens in one invocation?
//!
//! From the event to the record, the rounds and the answer. A request that changes what is declared first registers that
//! and only then buys anything, so that whatever is bought belongs to something registered.

mod answers;
mod refusals;
mod requests;
mod resource;
mod status;

use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tracing::{debug, warn};

use crate::aws::{Aws, FOREIGN_SCHEDULE, UNREADABLE_RECORD};
use crate::rounds::{Clock, Look, Outcome, Rounds, SoFar};
use policy::commitment::Commitment;
use policy::event::{self, Action, Event};
use policy::input::{BadSetting, Mistakes};
use policy::metrics::{self, Measure};
use policy::observed::{CallError, Facts};
use policy::plan::Attempts;
use policy::record::{Record, Schedule, Tombstone};
use policy::report::Report;
use policy::settings::Settings;

/// No work is started this long before the invocation's deadline (rule 12).
const STOP_BEFORE_DEADLINE: SignedDuration = SignedDuration::from_secs(10);
/// What a deadline in the past counts as: local emulators give one.
const NO_DEADLINE: SignedDuration = SignedDuration::from_mins(15);
/// A term's last stretch is looked at every minute (interface.md section 1): an hour, and the slowest tick before it.
const LAST_HOUR: SignedDuration = SignedDuration::from_mins(65);
/// Commitments that a `Status` looks at at the same time.
const STATUS_SIDE_BY_SIDE: usize = 4;

/// Why an invocation ends in an error; the variant is Lambda's `errorType`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The event is none that we know, or has mistakes.
    #[error("{0}")]
    InvalidEvent(String),
    /// A guardrail, a running term or somebody else's alias forbids it.
    #[error("{0}")]
    NotAllowed(String),
    /// Nobody registered the commitment.
    #[error("commitment {name} is not registered in {group}")]
    UnknownCommitment {
        /// The name that was given.
        name: String,
        /// The deployment that was asked.
        group: String,
    },
    /// AWS refused a call, or did not answer.
    #[error("{0}")]
    AwsError(String),
    /// AWS did not answer, or has too many calls: a little later it may go.
    #[error("{0}")]
    Unavailable(String),
    /// A setting of this deployment is missing or cannot be read.
    #[error("{0}")]
    InvalidSetting(String),
    /// Everything was done that could be, and something needs a person.
    #[error("{0}")]
    NeedsAttention(String),
    /// `CloudFormation` could not be told its answer: Lambda is to try again.
    #[error("{0}")]
    NotDelivered(String),
}

impl Error {
    /// Lambda's `errorType`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidEvent(_) => "InvalidEvent",
            Self::NotAllowed(_) => "NotAllowed",
            Self::UnknownCommitment { .. } => "UnknownCommitment",
            Self::AwsError(_) | Self::Unavailable(_) => "AwsError",
            Self::InvalidSetting(_) => "InvalidSetting",
            Self::NeedsAttention(_) => "NeedsAttention",
            Self::NotDelivered(_) => "NotDelivered",
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        if error.passes() { Self::Unavailable(error.to_string()) } else { Self::AwsError(error.to_string()) }
    }
}

impl From<BadSetting> for Error {
    fn from(error: BadSetting) -> Self {
        Self::InvalidSetting(error.to_string())
    }
}

impl From<Mistakes> for Error {
    fn from(mistakes: Mistakes) -> Self {
        Self::InvalidEvent(mistakes.to_string())
    }
}

/// What Lambda says about one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The ARN by which the function was invoked.
    pub function_arn: String,
    /// When it is stopped.
    pub deadline: Timestamp,
}

/// The function: made once, used for every invocation.
pub struct Handler {
    /// How this deployment is set up.
    pub settings: Settings,
    /// The clients.
    pub aws: Aws,
    /// The time.
    pub clock: Clock,
    /// Where a line of metrics goes.
    pub measured: Measured,
}

/// What takes a line of metrics: Lambda's log in production.
pub type Measured = Box<dyn Fn(&Value) + Send + Sync>;

impl Handler {
    /// Handles one event, and says what was done.
    ///
    /// # Errors
    /// See [`Error`]. A tick that meets problems ends in an error after it has done all else that it could.
    pub async fn handle(&self, payload: Value, invocation: &Invocation) -> Result<Value, Error> {
        let result = match event::read(payload).map_err(Error::from) {
            Err(error) => Err(error),
            // Each on the heap: together they are more than a frame of the stack should hold.
            Ok(Event::Tick(record)) => Box::pin(self.tick(*record, invocation)).await,
            Ok(Event::Action(action)) => Box::pin(self.act(*action, invocation)).await,
            Ok(Event::CloudFormation(request)) => Box::pin(self.custom_resource(&request, invocation)).await,
            Ok(Event::Tombstone(Tombstone { name, deleted })) => {
                debug!(commitment = %name, "nothing came after the Delete of {deleted}");
                Ok(json!({ "Name": name, "Deleted": deleted }))
            }
        };
        if let Err(error) = &result {
            warn!(kind = error.kind(), "{error}");
        }
        result
    }

    async fn act(&self, action: Action, invocation: &Invocation) -> Result<Value, Error> {
        match action {
            Action::Status(None) => self.status_of_all(invocation).await,
            Action::Status(Some(name)) => {
                let group = self.settings.group.clone()?;
                let record = self.registered(&group, name.as_str()).await?;
                said(&self.status(&record, invocation).await?.0)
            }
            Action::Plan { commitment, at } => said(&self.dry_run(*commitment, at, invocation).await?),
            Action::Scale { .. }
            | Action::Apply(_)
            | Action::Retire(_)
            | Action::Override { .. }
            | Action::Resume(_) => said(&self.request(&action, invocation).await?),
        }
    }

    fn now(&self) -> Timestamp {
        (self.clock.now)()
    }

    fn rounds<'a>(&'a self, group: &'a str, invocation: &Invocation) -> Rounds<'a> {
        let now = self.now();
        let distant = now.saturating_add(NO_DEADLINE).unwrap_or(Timestamp::MAX);
        let deadline = if invocation.deadline <= now { distant } else { invocation.deadline };
        let stop_at = deadline.saturating_sub(STOP_BEFORE_DEADLINE).unwrap_or(Timestamp::MIN);
        Rounds {
            aws: &self.aws,
            settings: &self.settings,
            group,
            clock: &self.clock,
            stop_at,
            so_far: SoFar::default(),
        }
    }

    async fn registered(&self, group: &str, name: &str) -> Result<Record, Error> {
        let unknown = || Error::UnknownCommitment { name: name.to_owned(), group: group.to_owned() };
        self.aws.record(group, name).await?.ok_or_else(unknown)
    }

    /// The record of `name`; nothing for a schedule that somebody else has put into the group.
    async fn readable(&self, group: &str, name: &str) -> Result<Option<Record>, CallError> {
        match self.aws.record(group, name).await {
            Err(error) if error.code == UNREADABLE_RECORD || error.code == FOREIGN_SCHEDULE => {
                warn!(commitment = %name, "{error}: it is left out");
                Ok(None)
            }
            answer => answer,
        }
    }

    /// One tick: from the record that it carries, without reading anything that is not needed.
    async fn tick(&self, stored: Record, invocation: &Invocation) -> Result<Value, Error> {
        let group = self.settings.group.clone()?;
        let mut record = stored.clone();
        let schedule = self.schedule(&record, invocation);
        if let Ok(schedule) = &schedule {
            record.schedule = schedule.clone();
        }
        let name = record.commitment.name.to_string();
        let ran = self.carry(&self.rounds(&group, invocation), stored, record).await;
        let measure = ran.as_ref().ok().map(measure);
        (self.measured)(&metrics::of_tick(&group, &name, measure.as_ref(), self.now()));
        let outcome = ran?;
        if outcome.forgotten {
            if let Err(error) = self.verify_buried(&group, &outcome).await {
                warn!(commitment = %name, "{error}");
            }
            self.count(&group, &outcome).await;
        }
        let report = Self::report(&outcome);
        let problems = report.problems.join("; ");
        schedule?;
        match (outcome.superseded, outcome.look.plan.failures.is_empty(), report.problems.is_empty()) {
            (true, _, _) | (false, true, true) => said(&report),
            (false, false, _) => Err(Error::AwsError(problems)),
            (false, true, false) => Err(Error::NeedsAttention(problems)),
        }
    }

    /// Measures what came or went with a request: whether it is `new`, and whether it has been forgotten.
    async fn measure_ends(&self, group: &str, new: bool, outcome: &Outcome) {
        if outcome.forgotten {
            let name = outcome.look.plan.record.commitment.name.as_str();
            (self.measured)(&metrics::of_end(group, name, self.now()));
        }
        if new || outcome.forgotten {
            self.count(group, outcome).await;
        }
    }

    /// Counts what is registered: an alarm must know whether ticks are due.
    async fn count(&self, group: &str, outcome: &Outcome) {
        let gone = outcome.look.plan.record.commitment.name.as_str();
        let records = match outcome.registered.clone() {
            Some(Ok(names)) => {
                self.records_of(group, names.into_iter().filter(|name| !outcome.forgotten || name != gone).collect())
                    .await
            }
            Some(Err(error)) => Err(error),
            None => self.every_record(group).await,
        };
        match records {
            Ok(records) => (self.measured)(&metrics::of_registered(group, records.len(), self.now())),
            Err(error) => warn!("cannot count what is registered in {group}: {error}"),
        }
    }

    /// Everything that is registered in `group`.
    async fn every_record(&self, group: &str) -> Result<Vec<Record>, CallError> {
        let names = self.aws.registered(group).await?;
        self.records_of(group, names).await
    }

    /// The records of `names`.
    async fn records_of(&self, group: &str, names: Vec<String>) -> Result<Vec<Record>, CallError> {
        let records = names.into_iter().map(|name| async move { self.readable(group, &name).await });
        let records: Vec<_> = stream::iter(records).buffered(STATUS_SIDE_BY_SIDE).collect().await;
        let records: Result<Vec<Option<Record>>, CallError> = records.into_iter().collect();
        Ok(records?.into_iter().flatten().collect())
    }

    /// How the commitment's schedule is to be set up now.
    fn schedule(&self, record: &Record, invocation: &Invocation) -> Result<Schedule, BadSetting> {
        let now = self.now();
        let in_last_hour = record.running_term(now).is_some_and(|end| end.duration_since(now) <= LAST_HOUR);
        Ok(Schedule {
            minutes: if in_last_hour || record.owed.is_some() { 1 } else { self.settings.tick_minutes.clone()? },
            role_arn: self.settings.role_arn.clone()?,
            target: event::tick_target(&invocation.function_arn),
        })
    }

    fn report(outcome: &Outcome) -> Report {
        let Outcome { stored: _, look: Look { observed, plan, at }, done, superseded, forgotten, registered: _ } =
            outcome;
        let mut report = Report::new(&plan.record, observed, plan, done.clone(), *at);
        report.settled |= *forgotten;
        let name = &report.name;
        if *superseded {
            report.waiting.push("for the next tick, which goes on from a newer record".to_owned());
            report.settled = false;
        }
        if outcome.done.is_empty() && report.settled {
            debug!(commitment = %name, "{name} is settled");
        } else {
            let text = serde_json::to_string(&report).unwrap_or_default();
            debug!(commitment = %name, report = %text, "report of {name}");
        }
        report
    }

    async fn dry_run(
        &self,
        commitment: Commitment,
        at: Option<Timestamp>,
        invocation: &Invocation,
    ) -> Result<Report, Error> {
        let group = self.settings.group.clone()?;
        let rounds = self.rounds(&group, invocation);
        let before = self.aws.record(&group, commitment.name.as_str()).await?;
        self.check(&commitment)?;
        let own_parameters = before.as_ref().map(|before| before.own_parameters.clone()).unwrap_or_default();
        self.object(&rounds, &commitment, &own_parameters, &group).await?;
        let record = self.declared(&commitment, before.as_ref(), invocation)?;
        let Look { observed, plan, at } =
            rounds.look_and_plan(&record, Facts::default(), &Attempts::default(), at).await?;
        let actions = plan.actions.iter().map(ToString::to_string).collect();
        Ok(Report::new(&record, &observed, &plan, actions, at))
    }
}

fn measure(outcome: &Outcome) -> Measure {
    let Look { observed, plan, at } = &outcome.look;
    Measure::of(&plan.record, observed, plan, plan.problems.len() + plan.failures.len(), *at)
}

fn said(report: &Report) -> Result<Value, Error> {
    serde_json::to_value(report).map_err(|error| Error::AwsError(format!("cannot write the report: {error}")))
}

/// The name of the commitment that an action is about.
fn subject(action: &Action) -> &str {
    match action {
        Action::Scale { subject, .. } => subject.name().as_str(),
        Action::Apply(commitment) | Action::Plan { commitment, .. } => commitment.name.as_str(),
        Action::Retire(name) | Action::Override { name, .. } | Action::Resume(name) => name.as_str(),
        Action::Status(name) => name.as_ref().map_or("", |name| name.as_str()),
    }
}
