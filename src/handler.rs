//! What happens in one invocation?
//!
//! From the event to the record, the rounds and the answer. A request that changes what is declared first registers that
//! and only then buys anything, so that whatever is bought belongs to something registered.

use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tracing::{debug, info, warn};

use crate::aws::Aws;
use crate::commitment::{AliasId, Commitment};
use crate::desired::{Hold, Override};
use crate::event::{self, Action, End, Event, Subject};
use crate::guardrails::NotAllowed;
use crate::input::{BadSetting, Mistakes};
use crate::observed::{CallError, CallErrorKind, Facts, GROUP_TAG, Observed, Throughput};
use crate::plan::Attempts;
use crate::record::{Lifecycle, Record, Schedule, Standing};
use crate::registration::Objections;
use crate::report::Report;
use crate::rounds::{Clock, Look, Outcome, Rounds};
use crate::settings::Settings;
use crate::timetable::{ModelUnits, duration_text};

/// No work is started this long before the invocation's deadline (rule 12).
const STOP_BEFORE_DEADLINE: SignedDuration = SignedDuration::from_secs(10);
/// What a deadline in the past counts as: local emulators give one.
const NO_DEADLINE: SignedDuration = SignedDuration::from_mins(15);
/// Longest override (interface.md section 2, rule 7).
const LONGEST_OVERRIDE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A term's last stretch is looked at every minute (interface.md section 1): an hour, and the slowest tick before it.
const LAST_HOUR: SignedDuration = SignedDuration::from_mins(65);
/// Tries at writing a record that somebody else writes at the same time.
const MOST_WRITES: usize = 4;
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
    /// A setting of this deployment is missing or cannot be read.
    #[error("{0}")]
    InvalidSetting(String),
    /// Everything was done that could be, and something needs a person.
    #[error("{0}")]
    NeedsAttention(String),
}

impl Error {
    /// Lambda's `errorType`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidEvent(_) => "InvalidEvent",
            Self::NotAllowed(_) => "NotAllowed",
            Self::UnknownCommitment { .. } => "UnknownCommitment",
            Self::AwsError(_) => "AwsError",
            Self::InvalidSetting(_) => "InvalidSetting",
            Self::NeedsAttention(_) => "NeedsAttention",
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        Self::AwsError(error.to_string())
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
}

impl Handler {
    /// Handles one event, and says what was done.
    ///
    /// # Errors
    /// See [`Error`]. A tick that meets problems ends in an error after it has done all else that it could.
    pub async fn handle(&self, payload: Value, invocation: &Invocation) -> Result<Value, Error> {
        let result = match event::read(payload)? {
            Event::Tick(record) => self.tick(*record, invocation).await,
            Event::Action(action) => self.act(*action, invocation).await,
            Event::CloudFormation(_) => {
                let message = "this release does not handle CloudFormation custom resource requests; send an action";
                Err(Error::InvalidEvent(message.to_owned()))
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
                said(&self.status(&record, invocation).await?)
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
        Rounds { aws: &self.aws, settings: &self.settings, group, clock: &self.clock, stop_at }
    }

    async fn registered(&self, group: &str, name: &str) -> Result<Record, Error> {
        let unknown = || Error::UnknownCommitment { name: name.to_owned(), group: group.to_owned() };
        self.aws.record(group, name).await?.ok_or_else(unknown)
    }

    /// One tick: from the record that it carries, without reading anything that is not needed.
    async fn tick(&self, stored: Record, invocation: &Invocation) -> Result<Value, Error> {
        let group = self.settings.group.clone()?;
        let mut record = stored.clone();
        let schedule = self.schedule(&record, invocation);
        if let Ok(schedule) = &schedule {
            record.schedule = schedule.clone();
        }
        let outcome = self.rounds(&group, invocation).run(stored, record).await?;
        let report = Self::report(&outcome);
        let problems = report.problems.join("; ");
        schedule?;
        match (outcome.superseded, outcome.look.plan.failures.is_empty(), report.problems.is_empty()) {
            (true, _, _) | (false, true, true) => said(&report),
            (false, false, _) => Err(Error::AwsError(problems)),
            (false, true, false) => Err(Error::NeedsAttention(problems)),
        }
    }

    /// How the commitment's schedule is to be set up now.
    fn schedule(&self, record: &Record, invocation: &Invocation) -> Result<Schedule, BadSetting> {
        let now = self.now();
        let in_last_hour = record.running_term(now).is_some_and(|end| end.duration_since(now) <= LAST_HOUR);
        Ok(Schedule {
            minutes: if in_last_hour { 1 } else { self.settings.tick_minutes.clone()? },
            role_arn: self.settings.role_arn.clone()?,
            target: event::tick_target(&invocation.function_arn),
        })
    }

    /// Registers what an action asks for, and takes the first rounds.
    async fn request(&self, action: &Action, invocation: &Invocation) -> Result<Report, Error> {
        let group = self.settings.group.clone()?;
        let rounds = self.rounds(&group, invocation);
        for _ in 0..MOST_WRITES {
            let before = self.aws.record(&group, subject(action)).await?;
            let record = self.asked_for(action, before.as_ref(), &group, invocation)?;
            let declares = before.as_ref().is_none_or(|before| before.commitment != record.commitment);
            let record = if declares && record.lifecycle == Lifecycle::Active {
                self.check(&record.commitment, asked_units(action), false)?;
                self.object(&rounds, &record.commitment, &group).await?;
                record
            } else {
                record
            };
            let written = match &before {
                None => self.aws.register(&group, &record).await,
                Some(_) => self.aws.write(&group, &record).await,
            };
            match written {
                Ok(()) => {}
                // Somebody else was first, or it has just been forgotten: look again.
                Err(error) if matches!(error.kind, CallErrorKind::Conflict) => continue,
                Err(error) if before.is_some() && error.kind == CallErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            }
            self.warn_of(&record);
            if declares && record.lifecycle == Lifecycle::Active {
                self.take_over(&record.commitment, &group).await?;
            }
            let outcome = rounds.run(record.clone(), record.clone()).await?;
            self.verify(&group, &outcome, before.as_ref()).await?;
            let failures: Vec<String> = outcome.look.plan.failures.iter().map(ToString::to_string).collect();
            return if failures.is_empty() {
                Ok(Self::report(&outcome))
            } else {
                Err(Error::AwsError(failures.join("; ")))
            };
        }
        Err(Error::AwsError(format!(
            "cannot register {}: others write it at the same time; try again",
            subject(action)
        )))
    }

    /// The record that `action` makes of the one that is there.
    fn asked_for(
        &self,
        action: &Action,
        before: Option<&Record>,
        group: &str,
        invocation: &Invocation,
    ) -> Result<Record, Error> {
        let now = self.now();
        let known = || {
            let name = subject(action).to_owned();
            before.cloned().ok_or_else(|| Error::UnknownCommitment { name, group: group.to_owned() })
        };
        let mut record = match action {
            Action::Scale { subject: Subject::Declared(commitment), .. } | Action::Apply(commitment) => {
                self.declared(commitment, before, invocation)?
            }
            Action::Scale { .. }
            | Action::Retire(_)
            | Action::Override { .. }
            | Action::Resume(_)
            | Action::Status(_)
            | Action::Plan { .. } => known()?,
        };
        match action {
            Action::Scale { state, .. } => {
                if record.lifecycle != Lifecycle::Active {
                    let name = &record.commitment.name;
                    return Err(Error::NotAllowed(format!(
                        "{name} is being retired or its term has ended; send its whole Commitment to declare it anew"
                    )));
                }
                record.by_hand |= before.is_none();
                record.hold = Some(Hold { state: *state, since: now });
            }
            Action::Apply(_) => {
                record.by_hand = false;
                record.hold = None;
                record.override_ = None;
            }
            Action::Retire(_) => {
                record.lifecycle = Lifecycle::Retiring;
                record.hold = None;
                record.override_ = None;
            }
            Action::Override { state, units, end, reason, .. } => {
                self.check(&record.commitment, *units, true)?;
                if units.is_some() && record.commitment.term.is_some() {
                    return Err(Error::NotAllowed(
                        "ModelUnits: another size would be bought for a whole term; override without ModelUnits"
                            .to_owned(),
                    ));
                }
                let until = override_end(*end, now)?;
                record.override_ = Some(Override { state: *state, units: *units, until, reason: reason.clone() });
            }
            Action::Resume(_) => match record.override_.take().filter(|live| now < live.until) {
                Some(_) => {}
                None => record.hold = None,
            },
            Action::Status(_) | Action::Plan { .. } => {}
        }
        // Later than the newest request that is known, so that of two records the newer can be told.
        let after_last = before.map(|before| before.requested.saturating_add(SignedDuration::from_millis(1)));
        record.requested = after_last.and_then(Result::ok).map_or(now, |least| least.max(now));
        record.revision += 1;
        record.schedule = self.schedule(&record, invocation)?;
        Ok(record)
    }

    fn declared(
        &self,
        commitment: &Commitment,
        before: Option<&Record>,
        invocation: &Invocation,
    ) -> Result<Record, Error> {
        let now = self.now();
        let Some(before) = before else {
            let schedule = Schedule { minutes: 1, role_arn: String::new(), target: invocation.function_arn.clone() };
            return Ok(Record::new(commitment.clone(), now, schedule));
        };
        let known = &before.commitment;
        let same_purchase =
            known.model == commitment.model && known.units == commitment.units && known.term == commitment.term;
        if known.term.is_some() && !before.throughputs.is_empty() && !same_purchase {
            let end = before
                .running_term(now)
                .map_or_else(|| "whose end AWS has not told yet".to_owned(), |end| format!("which ends at {end}"));
            return Err(Error::NotAllowed(format!(
                "model, units and term of {} cannot change during its term, {end}",
                known.name
            )));
        }
        let mut record = before.clone();
        record.lifecycle = Lifecycle::Active;
        record.declare(commitment.clone());
        Ok(record)
    }

    /// Checks a declaration, or an override's size alone, against the guardrails.
    fn check(&self, commitment: &Commitment, units: Option<ModelUnits>, units_alone: bool) -> Result<(), Error> {
        let guardrails = self.settings.guardrails.as_ref().map_err(Clone::clone)?;
        let refusals = match (units_alone, units) {
            (true, None) => guardrails.refuses_purchase(commitment, commitment.units).into_iter().collect(),
            (true, Some(units)) => guardrails.refuses_purchase(commitment, units).into_iter().collect(),
            (false, units) => guardrails.refusals(commitment, units),
        };
        if refusals.is_empty() {
            return Ok(());
        }
        Err(Error::NotAllowed(refusals.iter().map(NotAllowed::to_string).collect::<Vec<_>>().join("; ")))
    }

    /// Checks a declaration against what is there, before it is registered.
    async fn object(&self, rounds: &Rounds<'_>, commitment: &Commitment, group: &str) -> Result<(), Error> {
        if commitment.aliases.is_empty() {
            return Ok(());
        }
        let others = if commitment.take_over { Vec::new() } else { self.others(commitment, group).await? };
        let aliases = rounds.look_at(commitment.aliases.iter()).await;
        let region = self.aws.region().to_owned();
        let mut observed = Observed { region, throughputs: Vec::new(), aliases, facts: Facts::default() };
        loop {
            let Objections { questions, refused, failed } = Objections::to(commitment, &observed, group, &others);
            if !questions.is_empty() {
                rounds.answer(&questions, &mut observed.facts).await;
                continue;
            }
            let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
            return match (refused.is_empty(), failed.is_empty()) {
                (true, true) => Ok(()),
                (false, _) => Err(Error::NotAllowed(refused.into_iter().chain(failed).collect::<Vec<_>>().join("; "))),
                (true, false) => Err(Error::AwsError(failed.join("; "))),
            };
        }
    }

    /// The other commitments that are registered.
    async fn others(&self, commitment: &Commitment, group: &str) -> Result<Vec<Record>, Error> {
        let names = self.aws.registered(group).await?;
        let names = names.into_iter().filter(|name| name != commitment.name.as_str());
        let records = names.map(|name| async move { self.aws.record(group, &name).await });
        let records: Vec<_> = stream::iter(records).buffer_unordered(STATUS_SIDE_BY_SIDE).collect().await;
        let records: Result<Vec<Option<Record>>, CallError> = records.into_iter().collect();
        Ok(records?.into_iter().flatten().collect())
    }

    /// Takes the aliases of `commitment` out of the records of others, before they are routed.
    async fn take_over(&self, commitment: &Commitment, group: &str) -> Result<(), Error> {
        if !commitment.take_over || commitment.aliases.is_empty() {
            return Ok(());
        }
        for mut other in self.others(commitment, group).await? {
            let taken = |id: &AliasId| commitment.aliases.contains(id);
            if !other.all_aliases().any(taken) {
                continue;
            }
            other.commitment.aliases.retain(|id| !taken(id));
            other.leaving.retain(|id| !taken(id));
            other.aliases.retain(|id, _| !taken(id));
            other.requested = other.requested.max(self.now());
            other.revision += 1;
            info!(commitment = %other.commitment.name, "{} takes aliases over from {}", commitment.name, other.commitment.name);
            self.aws.write(group, &other).await?;
        }
        Ok(())
    }

    /// At the end of a request: is the record still the one that it wrote, or one that goes on from it? (rule 10)
    async fn verify(&self, group: &str, outcome: &Outcome, before: Option<&Record>) -> Result<(), Error> {
        if outcome.forgotten {
            return Ok(());
        }
        let mut ours = outcome.stored.clone();
        let name = ours.commitment.name.clone();
        for _ in 0..MOST_WRITES {
            let stored = self.aws.record(group, name.as_str()).await?;
            let written = match stored {
                Some(stored) => match ours.standing(&stored) {
                    Standing::Same | Standing::Newer => return Ok(()),
                    Standing::Overwritten => {
                        ours.absorb(&stored);
                        ours.revision += 1;
                        self.aws.write(group, &ours).await
                    }
                },
                // A tick that was finishing an earlier life forgot it after we wrote; a commitment that was in force
                // is only ever forgotten by a newer Retire.
                None if before.is_none_or(|before| before.lifecycle == Lifecycle::Retiring) => {
                    self.aws.register(group, &ours).await
                }
                None => return Ok(()),
            };
            match written {
                Err(error) if !matches!(error.kind, CallErrorKind::Conflict | CallErrorKind::NotFound) => {
                    return Err(error.into());
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Warns once, when something is declared, of what would surprise later.
    fn warn_of(&self, record: &Record) {
        let Commitment { name, timetable, lead, .. } = &record.commitment;
        for warning in timetable.iter().flat_map(|timetable| timetable.warnings(*lead, self.now())) {
            warn!(commitment = %name, "{name}: {warning}");
        }
    }

    fn report(outcome: &Outcome) -> Report {
        let Outcome { stored: _, look: Look { observed, plan, at }, done, superseded, forgotten } = outcome;
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

    async fn status(&self, record: &Record, invocation: &Invocation) -> Result<Report, Error> {
        let group = self.settings.group.clone()?;
        let rounds = self.rounds(&group, invocation);
        let Look { observed, plan, at } =
            rounds.look_and_plan(record, Facts::default(), &Attempts::default(), None).await?;
        Ok(Report::new(record, &observed, &plan, Vec::new(), at))
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
        self.check(&commitment, None, false)?;
        self.object(&rounds, &commitment, &group).await?;
        let record = self.declared(&commitment, before.as_ref(), invocation)?;
        let Look { observed, plan, at } =
            rounds.look_and_plan(&record, Facts::default(), &Attempts::default(), at).await?;
        let actions = plan.actions.iter().map(ToString::to_string).collect();
        Ok(Report::new(&record, &observed, &plan, actions, at))
    }

    /// The reports of all commitments, and the throughputs with this deployment's mark that none of them claims.
    async fn status_of_all(&self, invocation: &Invocation) -> Result<Value, Error> {
        let group = self.settings.group.clone()?;
        let names = self.aws.registered(&group).await?;
        let reports = names.into_iter().map(|name| {
            let group = &group;
            async move {
                match self.aws.record(group, &name).await? {
                    Some(record) => self.status(&record, invocation).await.map(Some),
                    None => Ok(None),
                }
            }
        });
        let reports: Vec<Result<Option<Report>, Error>> =
            stream::iter(reports).buffered(STATUS_SIDE_BY_SIDE).collect().await;
        let reports: Vec<Report> = reports.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let claimed = |throughput: &Throughput| {
            reports.iter().any(|report| report.throughputs.iter().any(|line| line.arn == throughput.arn))
        };
        let mut orphans = Vec::new();
        for throughput in self.aws.all_throughputs().await?.into_iter().filter(|found| !claimed(found)) {
            let tags = self.aws.marks(&throughput.arn).await?.0;
            if tags.get(GROUP_TAG) == Some(&group) {
                orphans.push(json!({
                    "Name": throughput.name,
                    "Arn": throughput.arn,
                    "Status": throughput.status.as_str(),
                    "ModelUnits": throughput.units,
                }));
            }
        }
        Ok(json!({"Commitments": reports, "Orphans": orphans}))
    }
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

fn asked_units(action: &Action) -> Option<ModelUnits> {
    if let Action::Override { units, .. } = action { *units } else { None }
}

fn override_end(end: End, now: Timestamp) -> Result<Timestamp, Error> {
    let until = match end {
        End::Until(until) => until,
        End::For(duration) => now.saturating_add(duration).unwrap_or(Timestamp::MAX),
    };
    let lasts = until.duration_since(now);
    if lasts.is_positive() && lasts <= LONGEST_OVERRIDE {
        return Ok(until);
    }
    let most = duration_text(LONGEST_OVERRIDE);
    Err(Error::InvalidEvent(format!(
        "Until: `{until}` is not within the next {most}, the longest that an override lasts"
    )))
}
