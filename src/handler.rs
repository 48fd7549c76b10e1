//! What happens in one invocation?
//!
//! From the event to the record, the rounds and the answer. A request that changes what is declared first registers that
//! and only then buys anything, so that whatever is bought belongs to something registered.

mod answers;
mod carry;
mod commands;
mod doctor;
mod guard;
mod repair;
mod resource;
mod status;

use jiff::{SignedDuration, Timestamp};
use policy::admission::Refusal;
use policy::event::{self, Command, Event};
use policy::input::{BadSetting, Mistakes};
use policy::metrics::{self, Measure};
use policy::observed::CallError;
use policy::report::Report;
use policy::settings::Settings;
use serde_json::Value;
use tracing::{debug, warn};

use crate::aws::Aws;
use crate::rounds::{Clock, Look, Rounds, SoFar, Standing, Way};
use crate::store::Store;

/// Rule 13: no work is started this long before the invocation's deadline.
const STOP_BEFORE_DEADLINE: SignedDuration = SignedDuration::from_secs(10);
/// How long a deadline in the past is taken to be away: local emulators give one.
const NO_DEADLINE: SignedDuration = SignedDuration::from_mins(15);

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
    #[error("commitment {name} is not registered in {deployment}{hint}")]
    UnknownCommitment {
        /// The name that was given.
        name: String,
        /// The deployment that was asked.
        deployment: String,
        /// A name that was perhaps meant.
        hint: String,
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

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(message) => Self::InvalidEvent(message),
            Refusal::NotAllowed(message) => Self::NotAllowed(message),
            // The caller knows the name, and says it instead.
            Refusal::Unknown => Self::NotAllowed("it is not registered".to_owned()),
        }
    }
}

/// The facts that Lambda gives about one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The ARN by which the function was invoked.
    pub function_arn: String,
    /// When it is stopped.
    pub deadline: Timestamp,
    /// Lambda's id of it, the same when Lambda repeats it; empty if there is none.
    pub request_id: String,
}

/// The function: made once, used for every invocation.
pub struct Handler {
    /// How this deployment is set up.
    pub settings: Settings,
    /// The clients.
    pub aws: Aws,
    /// The time.
    pub clock: Clock,
    /// Takes each line of metrics.
    pub measured: Measured,
}

/// A function that takes a line of metrics: Lambda's log in production.
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
            Ok(Event::Command(command, sent)) => {
                if sent == event::Sent::Unreplaced {
                    warn!("Sent still holds <aws.scheduler.scheduled-time>: only a schedule's Input replaces it");
                }
                Box::pin(self.command(&command, sent, invocation)).await
            }
            Ok(Event::CloudFormation(request)) => Box::pin(self.custom_resource(&request, invocation)).await,
        };
        if let Err(error) = &result {
            warn!(kind = error.kind(), "{error}");
        }
        result
    }

    async fn command(&self, command: &Command, sent: event::Sent, invocation: &Invocation) -> Result<Value, Error> {
        match command {
            Command::Tick { name, set } => self.tick(name.as_str(), set, invocation).await,
            Command::Status(None) => self.status_of_all(invocation).await,
            Command::Status(Some(name)) => said(&self.status_of(name.as_str(), invocation).await?),
            Command::Plan { commitment, at } => said(&self.dry_run(commitment, *at, invocation).await?),
            Command::Doctor(commitment) => self.doctor(commitment.as_deref(), invocation).await,
            Command::Repair => self.repair(invocation).await,
            Command::Adopt => self.adopt(invocation).await,
            Command::Scale { .. }
            | Command::Apply(_)
            | Command::Retire(_)
            | Command::Override { .. }
            | Command::Resume { .. } => said(&self.request(command, sent, invocation).await?),
        }
    }

    fn now(&self) -> Timestamp {
        (self.clock.now)()
    }

    /// The table of this deployment.
    fn store(&self) -> Result<Store<'_>, Error> {
        let Settings { deployment, table, group, .. } = &self.settings;
        Ok(Store {
            aws: &self.aws,
            deployment: deployment.as_ref().map_err(Clone::clone)?,
            table: table.as_ref().map_err(Clone::clone)?,
            group: group.as_ref().map_err(Clone::clone)?,
        })
    }

    fn rounds<'a>(&'a self, store: Store<'a>, invocation: &Invocation) -> Rounds<'a> {
        self.rounds_as(self.aws.fresh_id(), store, invocation)
    }

    /// The rounds of an invocation that holds leases as `holder`.
    fn rounds_as<'a>(&'a self, holder: String, store: Store<'a>, invocation: &Invocation) -> Rounds<'a> {
        let now = self.now();
        let distant = now.saturating_add(NO_DEADLINE).unwrap_or(Timestamp::MAX);
        let deadline = if invocation.deadline <= now { distant } else { invocation.deadline };
        let stop_at = deadline.saturating_sub(STOP_BEFORE_DEADLINE).unwrap_or(Timestamp::MIN);
        Rounds {
            aws: &self.aws,
            settings: &self.settings,
            store,
            clock: &self.clock,
            stop_at,
            holder,
            so_far: SoFar::default(),
        }
    }

    /// One tick: it carries a name alone.
    async fn tick(&self, name: &str, set: &str, invocation: &Invocation) -> Result<Value, Error> {
        let store = self.store()?;
        let rounds = self.rounds(store, invocation);
        let read = store.record(name).await;
        let stored = match read {
            Ok(Some(stored)) => stored,
            Ok(None) => return Err(self.unknown(store, name).await),
            Err(error) => {
                (self.measured)(&metrics::of_tick(store.deployment, name, None, false, self.now()));
                return Err(error.into());
            }
        };
        let mut way = Way::new(stored, self.now());
        let ran = self.carry(&rounds, &mut way, Some(set), invocation).await;
        let measure = ran.as_ref().ok().and_then(|()| measure(&way));
        if way.standing != Standing::LeftToAnother {
            let changed = !way.done.is_empty() || metrics::have_changed(&way.begun.progress, &way.progress);
            (self.measured)(&metrics::of_tick(store.deployment, name, measure.as_ref(), changed, self.now()));
        }
        ran?;
        if way.standing == Standing::Forgotten {
            self.count(store).await;
        }
        let report = Self::report(&way);
        let failed = way.look.as_ref().is_some_and(|look| !look.plan.failures.is_empty());
        let problems = report.problems.join("; ");
        match (way.standing, failed, report.problems.is_empty()) {
            (Standing::LeftToAnother, _, _) | (_, false, true) => said(&report),
            (_, true, _) => Err(Error::AwsError(problems)),
            (_, false, false) => Err(Error::NeedsAttention(problems)),
        }
    }

    /// The error for a `name` that nobody registered; it names the one that was perhaps meant.
    async fn unknown(&self, store: Store<'_>, name: &str) -> Error {
        let known = store.all().await.unwrap_or_default();
        let known: Vec<String> = known.iter().flatten().map(|stored| stored.record.name().to_owned()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint =
            policy::input::nearest(name, &known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Error::UnknownCommitment { name: name.to_owned(), deployment: store.deployment.to_owned(), hint }
    }

    fn report(way: &Way) -> Report {
        let record = way.record();
        let mut report = match &way.look {
            Some(Look { observed, plan, at }) => Report::new(&record, observed, plan, way.done.clone(), *at),
            None => Report::unseen(&record, &policy::observed::Observed::default(), way.begun_at()),
        };
        let name = &report.name;
        match way.standing {
            Standing::Working => {}
            Standing::LeftToAnother => {
                report.waiting.push("for another invocation, which works on it".to_owned());
                report.settled = false;
            }
            Standing::Forgotten => report.settled = true,
        }
        if way.done.is_empty() && report.settled {
            debug!(commitment = %name, "{name} is settled");
        } else {
            let text = serde_json::to_string(&report).unwrap_or_default();
            debug!(commitment = %name, report = %text, "report of {name}");
        }
        report
    }
}

fn measure(way: &Way) -> Option<Measure> {
    let Look { observed, plan, at } = way.look.as_ref()?;
    let problems = plan.problems.len() + plan.failures.len();
    Some(Measure::of(&way.record(), observed, plan, problems, *at))
}

fn said(report: &Report) -> Result<Value, Error> {
    serde_json::to_value(report).map_err(|error| Error::AwsError(format!("cannot write the report: {error}")))
}
