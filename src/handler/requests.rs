//! How does what somebody asks for become what is registered?
//!
//! A request is checked against the guardrails and against what is there, registered, carried as far as the invocation
//! lasts, and at the end it is verified that the record is still the one that it wrote.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use super::{Error, Handler, Invocation, subject};
use crate::rounds::{Outcome, Rounds};
use policy::commitment::{AliasId, Commitment, ParameterName, WhenOff};
use policy::custom_resource::RequestType;
use policy::desired::{Hold, Override};
use policy::event::{Action, End, Subject};
use policy::guardrails::{Guardrails, NotAllowed};
use policy::observed::{AgentAlias, CallError, CallErrorKind, Observed};
use policy::record::{AliasMemory, Claim, Lifecycle, Record, Schedule, Standing, Stored, Taken, Tombstone};
use policy::registration::Objections;
use policy::report::Report;
use policy::timetable::{State, duration_text};

/// Longest override (interface.md section 2, rule 7).
const LONGEST_OVERRIDE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Tries at writing a record that somebody else writes at the same time.
pub(super) const MOST_WRITES: usize = 4;

impl Handler {
    /// Registers what an action asks for, and takes the first rounds.
    pub(super) async fn request(&self, action: &Action, invocation: &Invocation) -> Result<Report, Error> {
        let group = self.settings.group.clone()?;
        let rounds = self.rounds(&group, invocation);
        for _ in 0..MOST_WRITES {
            let stored = self.aws.stored(&group, subject(action)).await?;
            let there = stored.is_some();
            let before = match stored.clone() {
                Some(Stored::Record(record)) => Some(*record),
                Some(Stored::Tombstone(_)) | None => None,
            };
            let mut record = self.asked_for(action, before.as_ref(), &group, invocation)?;
            if record.lifecycle == Lifecycle::Active && Self::is_news(&record, before.as_ref()) {
                // What is registered may always be switched off; what may be bought is asked again at each purchase.
                let switches_off = matches!(action, Action::Scale { state: State::Off, .. }) && before.is_some();
                self.judge(&rounds, &mut record, !switches_off).await?;
                if self.has_changed(&group, subject(action), stored.as_ref()).await? {
                    continue;
                }
            }
            if !self.put(&group, &record, there).await? {
                continue;
            }
            self.warn_of(&record);
            let outcome = self.carry(&rounds, record.clone(), record).await?;
            self.measure_ends(&group, before.is_none(), &outcome).await;
            let retiring = before.is_some_and(|before| before.lifecycle == Lifecycle::Retiring);
            self.verify(&group, &outcome, |_| retiring).await?;
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

    /// Whether `record` declares something that is not in force yet.
    pub(super) fn is_news(record: &Record, before: Option<&Record>) -> bool {
        before.is_none_or(|before| before.commitment != record.commitment || before.lifecycle != Lifecycle::Active)
    }

    /// Checks what `record` declares, against the guardrails if it may buy; notes in it what it takes over from others.
    pub(super) async fn judge(&self, rounds: &Rounds<'_>, record: &mut Record, may_buy: bool) -> Result<(), Error> {
        if may_buy {
            self.check(&record.commitment)?;
        }
        let accepting = self.object(rounds, &record.commitment, &record.own_parameters, rounds.group).await?;
        if record.commitment.when_off == WhenOff::Reject {
            // Should another delivery of this request make them reject, and this one write over what that one remembers.
            for alias in accepting {
                record.aliases.entry(alias).or_default().rejecting = true;
            }
        }
        record.own_parameters.extend(record.commitment.parameter.clone());
        self.take_over(record, rounds.group).await
    }

    /// Whether somebody has written the record of `name` since `stored` was read. A check takes several calls, and a record is
    /// read again right before it is written (rule 10).
    pub(super) async fn has_changed(
        &self,
        group: &str,
        name: &str,
        stored: Option<&Stored>,
    ) -> Result<bool, CallError> {
        // Where there was nothing, the registration itself tells.
        if stored.is_none() {
            return Ok(false);
        }
        Ok(self.aws.stored(group, name).await?.as_ref() != stored)
    }

    /// Writes `record` where there is a schedule for it, or registers it; false if somebody else was first, or has just
    /// forgotten it: then it is worth looking again.
    pub(super) async fn put(&self, group: &str, record: &Record, there: bool) -> Result<bool, CallError> {
        let written = if there { self.aws.write(group, record).await } else { self.aws.register(group, record).await };
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind == CallErrorKind::Conflict => Ok(false),
            Err(error) if there && error.kind == CallErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes what `record` takes over out of the records of others, each read right before it is written; those who have been
    /// declared anew since keep it. What had to be taken is looked at once more by the next tick: the other's invocation may have
    /// been writing at the same time.
    pub(super) async fn take(&self, group: &str, record: &mut Record) {
        let name = record.commitment.name.to_string();
        let mut left = Vec::new();
        for taken in std::mem::take(&mut record.taking) {
            match self.take_one(group, &name, &taken).await {
                Ok(Some(memories)) => {
                    record.remember_rejecting(memories);
                    left.push(taken);
                }
                Ok(None) => {}
                Err(error) => {
                    warn!(commitment = %taken.from, "{error}");
                    left.push(taken);
                }
            }
        }
        record.taking = left;
    }

    /// What the other one remembered of each alias; nothing if there was nothing to take.
    async fn take_one(
        &self,
        group: &str,
        name: &str,
        taken: &Taken,
    ) -> Result<Option<BTreeMap<AliasId, AliasMemory>>, CallError> {
        let Taken { what, from, requested } = taken;
        let Some(mut other) = self.aws.record(group, from).await? else { return Ok(None) };
        if other.requested <= *requested && other.claims().any(|claim| claim == *what) {
            info!(commitment = %from, "{name} takes {what} over from {from}");
            let (_, memories) = other.lose(|claim| claim == what, *requested);
            self.aws.write(group, &other).await?;
            return Ok(Some(memories));
        }
        Ok(None)
    }

    /// Dates `record` later than the newest request that is known, so that of two records the newer can be told.
    pub(super) fn stamp(&self, record: &mut Record, before: Option<&Record>) {
        let now = self.now();
        let after_last = before.map(|before| before.requested.saturating_add(SignedDuration::from_millis(1)));
        record.requested = after_last.and_then(Result::ok).map_or(now, |least| least.max(now));
        record.revision = record.revision.saturating_add(1);
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
        let deletes = |record: &Record| record.owed.as_ref().is_some_and(|owed| owed.kind == RequestType::Delete);
        let mut record = match action {
            Action::Scale { subject: Subject::Declared(commitment), .. } | Action::Apply(commitment)
                if before.is_some_and(deletes) =>
            {
                let name = &commitment.name;
                return Err(Error::NotAllowed(format!(
                    "{name} is being deleted by its stack, which waits for it to be gone"
                )));
            }
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
            Action::Retire(_) => record.retire(),
            Action::Override { state, units, end, reason, .. } => {
                if *state == State::On {
                    let size = units.unwrap_or(record.commitment.units);
                    allowed(self.guardrails()?.refuses_purchase(&record.commitment, size))?;
                }
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
        self.stamp(&mut record, before);
        record.schedule = self.schedule(&record, invocation)?;
        Ok(record)
    }

    pub(super) fn declared(
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
        let bought = known.throughput_name(known.units, "");
        let in_term =
            known.term.is_some() && before.throughputs.iter().any(|held| held.name == bought && held.failed.is_none());
        if in_term && !known.is_bought_as(commitment) {
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

    fn guardrails(&self) -> Result<&Guardrails, Error> {
        self.settings.guardrails.as_ref().map_err(|bad| bad.clone().into())
    }

    /// Checks a declaration against the guardrails.
    pub(super) fn check(&self, commitment: &Commitment) -> Result<(), Error> {
        allowed(self.guardrails()?.refusals(commitment))
    }

    /// Checks a declaration against what is there, before it is registered; gives those of its aliases that accept invocations.
    pub(super) async fn object(
        &self,
        rounds: &Rounds<'_>,
        commitment: &Commitment,
        own_parameters: &BTreeSet<ParameterName>,
        group: &str,
    ) -> Result<Vec<AliasId>, Error> {
        if commitment.aliases.is_empty() && commitment.parameter.is_none() {
            return Ok(Vec::new());
        }
        let others = async { if commitment.take_over { Ok(Vec::new()) } else { self.others(commitment, group).await } };
        let aliases = rounds.look_ahead(commitment.aliases.iter());
        let parameters = rounds.look_at_parameters(commitment.parameter.iter());
        let (others, aliases, parameters) = tokio::join!(others, aliases, parameters);
        let others = others?;
        let region = self.aws.region().to_owned();
        let mut observed = Observed { region, aliases, parameters, ..Observed::default() };
        loop {
            let Objections { questions, refused, failed } =
                Objections::to(commitment, own_parameters, &observed, group, &others);
            if !questions.is_empty() {
                rounds.answer(&questions, &mut observed.facts).await;
                continue;
            }
            let hopeless = failed.iter().any(CallError::is_final);
            let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
            return match (refused.is_empty(), failed.is_empty()) {
                (true, true) => Ok(accepting(&observed)),
                (false, _) => Err(Error::NotAllowed(refused.into_iter().chain(failed).collect::<Vec<_>>().join("; "))),
                (true, false) if hopeless => Err(Error::AwsError(failed.join("; "))),
                (true, false) => Err(Error::Unavailable(failed.join("; "))),
            };
        }
    }

    /// The other commitments that are registered.
    async fn others(&self, commitment: &Commitment, group: &str) -> Result<Vec<Record>, Error> {
        let mut records = self.every_record(group).await?;
        records.retain(|record| record.commitment.name != commitment.name);
        Ok(records)
    }

    /// Notes what `record` takes over from others, to be taken once it is registered. What they remembered of those aliases goes
    /// over with them: that one rejects invocations because of us.
    async fn take_over(&self, record: &mut Record, group: &str) -> Result<(), Error> {
        let commitment = record.commitment.clone();
        if !commitment.take_over || (commitment.aliases.is_empty() && commitment.parameter.is_none()) {
            return Ok(());
        }
        for mut other in self.others(&commitment, group).await? {
            let taken = |claim: &Claim| claim.is_of(&commitment);
            let all: Vec<Claim> = other.claims().filter(taken).collect();
            if all.is_empty() {
                continue;
            }
            let (lost, memories) = other.lose(taken, self.now());
            record.remember_rejecting(memories);
            let (from, requested) = (other.commitment.name.to_string(), other.requested);
            let noted = |what: Claim| Taken { what, from: from.clone(), requested };
            if let Some(resource) = &mut record.resource {
                resource.taken.extend(lost.into_iter().map(noted));
            }
            record.taking.extend(all.into_iter().map(noted));
        }
        Ok(())
    }

    /// At the end of a request: is the record still the one that it wrote, or one that goes on from it? (rule 10)
    ///
    /// Where it is gone, `reborn` says of what was left in its place whether that was an earlier life's end.
    pub(super) async fn verify(
        &self,
        group: &str,
        outcome: &Outcome,
        reborn: impl Fn(Option<&Tombstone>) -> bool,
    ) -> Result<(), Error> {
        if outcome.forgotten {
            return Ok(self.verify_buried(group, outcome).await?);
        }
        let mut ours = outcome.stored.clone();
        let name = ours.commitment.name.clone();
        for _ in 0..MOST_WRITES {
            let stored = self.aws.stored(group, name.as_str()).await?;
            let there = stored.is_some();
            let tombstone = match stored {
                Some(Stored::Record(stored)) => {
                    match ours.standing(&stored) {
                        Standing::Same | Standing::Newer => return Ok(()),
                        Standing::Overwritten => {
                            let _answered = ours.absorb(&stored);
                        }
                    }
                    ours.revision = ours.revision.saturating_add(1);
                    self.put(group, &ours, there).await?;
                    continue;
                }
                Some(Stored::Tombstone(tombstone)) => Some(tombstone),
                None => None,
            };
            // Unless a tick that was finishing an earlier life forgot it after we wrote, a newer request did. What we bought all
            // the same must not be paid for unregistered: it goes.
            if !reborn(tombstone.as_ref()) {
                let mut left = false;
                for throughput in &outcome.look.plan.ours {
                    left |= self.aws.throughput(&throughput.arn).await?.is_some();
                }
                if !left {
                    return Ok(());
                }
                ours.retire();
                ours.owed = None;
            }
            self.put(group, &ours, there).await?;
        }
        Ok(())
    }

    /// After a burial: has an invocation that was under way since before the Delete put an old record in the tombstone's place?
    /// Then that is to go, too.
    pub(super) async fn verify_buried(&self, group: &str, outcome: &Outcome) -> Result<(), CallError> {
        let mut ours = outcome.stored.clone();
        if ours.resource.is_none() {
            // What was deleted cannot be written any more.
            return Ok(());
        }
        let Some(revived) = self.aws.record(group, ours.commitment.name.as_str()).await? else { return Ok(()) };
        if ours.standing(&revived) == Standing::Overwritten {
            let _answered = ours.absorb(&revived);
            ours.owed = None;
            ours.revision = ours.revision.saturating_add(1);
            self.aws.write(group, &ours).await?;
        }
        Ok(())
    }

    /// Warns once, when something is declared, of what would surprise later.
    pub(super) fn warn_of(&self, record: &Record) {
        let Commitment { name, timetable, lead, .. } = &record.commitment;
        for warning in timetable.iter().flat_map(|timetable| timetable.warnings(*lead, self.now())) {
            warn!(commitment = %name, "{name}: {warning}");
        }
    }
}

/// That nothing was refused, or all that was.
fn allowed(refusals: impl IntoIterator<Item = NotAllowed>) -> Result<(), Error> {
    let refusals: Vec<String> = refusals.into_iter().map(|refusal| refusal.to_string()).collect();
    if refusals.is_empty() { Ok(()) } else { Err(Error::NotAllowed(refusals.join("; "))) }
}

fn override_end(end: End, now: Timestamp) -> Result<Timestamp, Error> {
    let (until, said) = match end {
        End::Until(until) => (until, format!("Until: `{until}`")),
        End::For(duration) => {
            let until = now.saturating_add(duration).unwrap_or(Timestamp::MAX);
            (until, format!("For: `{}`", duration_text(duration)))
        }
    };
    let lasts = until.duration_since(now);
    if lasts.is_positive() && lasts <= LONGEST_OVERRIDE {
        return Ok(until);
    }
    let most = duration_text(LONGEST_OVERRIDE);
    Err(Error::InvalidEvent(format!("{said} is not within the next {most}, the longest that an override lasts")))
}

/// The aliases that accept invocations.
fn accepting(observed: &Observed) -> Vec<AliasId> {
    let accepts = |seen: &Result<Option<AgentAlias>, CallError>| matches!(seen, Ok(Some(alias)) if !alias.rejects);
    observed.aliases.iter().filter(|(_, seen)| accepts(seen)).map(|(id, _)| id.clone()).collect()
}
