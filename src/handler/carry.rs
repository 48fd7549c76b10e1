//! How is a commitment carried as far as one invocation lasts?
//!
//! Its schedule is kept, what is owed is told as soon as it can be told, and the lease is given up at the end.

use jiff::SignedDuration;
use policy::answer::Verdict;
use policy::custom_resource::RequestType;
use policy::event::tick_target;
use policy::observed::{CallError, CallErrorKind};
use policy::plan;
use policy::record::{Decision, Record};
use policy::tidings;
use tracing::{info, warn};

use super::{Error, Handler, Invocation};
use crate::aws::Tick;
use crate::rounds::{Rounds, Standing, Way};
use crate::store::Written;

/// Turns of one invocation: what a failed request leaves behind is put right at once, and an end that is near is waited for.
const MOST_TURNS: usize = 6;
/// How long an invocation stays awake for the moment at which an answer is given in any case: the longest gap between two
/// ticks, and a little.
const AWAKE_BEFORE_END: SignedDuration = SignedDuration::from_secs(75);
/// A term's last stretch is looked at every minute: an hour, and the slowest tick before it.
const LAST_HOUR: SignedDuration = SignedDuration::from_mins(65);
/// How long a role that cannot be assumed yet is tried again: it was just made.
const ROLE_TAKES: SignedDuration = SignedDuration::from_secs(60);
/// How soon.
const ROLE_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// How a turn goes on.
enum Turn {
    /// There is more to do.
    Again,
    /// Ticks go on.
    Over,
}

impl Handler {
    /// Works on a commitment, and tells what is owed as soon as it can be told. `set` is the digest that a tick carries.
    pub(super) async fn carry(
        &self,
        rounds: &Rounds<'_>,
        way: &mut Way,
        set: Option<&str>,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        let carried = self.carry_on(rounds, way, set, invocation).await;
        if way.standing == Standing::LeftToAnother {
            self.leave_no_schedule(rounds, way).await;
        }
        self.tell_others(way).await;
        carried
    }

    async fn carry_on(
        &self,
        rounds: &Rounds<'_>,
        way: &mut Way,
        set: Option<&str>,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        let is_anothers = way.stored.record.is_leased_to_another(&rounds.holder, self.now());
        let scheduled = if is_anothers { Ok(()) } else { self.keep_schedule(rounds, way, set, invocation).await };
        if let Err(error) = scheduled {
            go_on_without_schedule(way, error)?;
        }
        // What is decided is told before anything newer is carried out.
        if !is_anothers {
            self.tell_decided(rounds, way).await?;
        }
        for _ in 0..MOST_TURNS {
            let ran = Box::pin(rounds.run(way)).await;
            if way.standing != Standing::Working {
                return ran.map_err(Error::from);
            }
            let turn = Box::pin(self.turn(rounds, way, ran.as_ref().err())).await?;
            if way.standing != Standing::Working {
                return Ok(());
            }
            match turn {
                Turn::Again => {}
                Turn::Over => {
                    ran?;
                    if rounds.end(way).await? {
                        return Ok(());
                    }
                    rounds.read_again(way).await?;
                }
            }
        }
        let _ended = rounds.end(way).await?;
        Ok(())
    }

    /// Tells and strikes what is decided, and decides what can be decided.
    async fn turn(&self, rounds: &Rounds<'_>, way: &mut Way, failed: Option<&CallError>) -> Result<Turn, Error> {
        self.tell_decided(rounds, way).await?;
        let Some(owed) = way.stored.record.declared.undecided().cloned() else { return Ok(Turn::Over) };
        if way.standing != Standing::Working {
            return Ok(Turn::Over);
        }
        let now = self.now();
        let declared = &way.stored.record.declared;
        let verdict = match (failed, &way.look) {
            (Some(error), _) => owed.verdict_without_look(error, now),
            (None, Some(look)) => owed.verdict(declared, &look.plan, &look.observed, now),
            (None, None) => return Ok(Turn::Over),
        };
        let decision = match verdict {
            Verdict::Now(decision) => decision,
            Verdict::Wait(_) => {
                let left = owed.decide_at.duration_since(now);
                if !left.is_positive() || left > AWAKE_BEFORE_END || owed.decide_at >= rounds.stop_at {
                    return Ok(Turn::Over);
                }
                (self.clock.sleep)(left.unsigned_abs()).await;
                return Ok(Turn::Again);
            }
        };
        let mut declared = declared.clone();
        declared.decide(&decision);
        match rounds.settle_declared(way, declared).await? {
            Written::Done => {}
            Written::DeclaredChanged => return Ok(Turn::Again),
            Written::LeaseLost | Written::NoRoom(_) | Written::Closed(_) => return Ok(Turn::Over),
        }
        self.tell_decided(rounds, way).await?;
        let nothing_left = way.look.as_ref().is_some_and(|look| look.plan.nothing_left) && failed.is_none();
        if owed.kind == RequestType::Delete && nothing_left && way.stored.record.declared.owed.is_empty() {
            rounds.forget(way).await;
            return Ok(Turn::Again);
        }
        // What a failed request leaves behind is put right at once.
        Ok(if decision == Decision::Success { Turn::Over } else { Turn::Again })
    }

    /// How the commitment's schedule is to be now.
    pub(super) fn wanted_schedule(
        &self,
        record: &Record,
        invocation: &Invocation,
        deployment: &str,
    ) -> Result<Tick, Error> {
        let now = self.now();
        let ends_soon = record.progress.throughputs.values().any(|held| {
            let soon = held.term_end.is_some_and(|end| now < end && end.duration_since(now) <= LAST_HOUR);
            soon && plan::policy::is_to_end(record, held, deployment, now)
        });
        let every_minute = ends_soon || !record.declared.owed.is_empty();
        Ok(Tick {
            group: self.settings.group.clone()?,
            name: record.name().to_owned(),
            minutes: if every_minute { 1 } else { self.settings.tick_minutes.clone()? },
            role_arn: self.settings.role_arn.clone()?,
            target: tick_target(&invocation.function_arn),
        })
    }

    /// Makes the schedule, or puts it right, if it is not known to be as it should be.
    async fn keep_schedule(
        &self,
        rounds: &Rounds<'_>,
        way: &mut Way,
        set: Option<&str>,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        let record = way.record();
        let tick = self.wanted_schedule(&record, invocation, rounds.store.deployment)?;
        let digest = tick.digest();
        let known = &way.progress.schedule;
        let is_right = *known == digest
            && match set {
                Some(set) => set == digest,
                // No tick woke us: somebody may have taken the schedule away. A look that fails is left to `Repair`.
                None => self.aws.is_scheduled(&tick).await.unwrap_or(true),
            };
        if is_right {
            return Ok(());
        }
        let exists = !known.is_empty() || set.is_some();
        let started = self.now();
        loop {
            match self.aws.keep_schedule(&tick, exists).await {
                Ok(()) => break,
                Err(error) if error.kind == CallErrorKind::Busy => {
                    let now = self.now();
                    if now.duration_since(started) >= ROLE_TAKES || now >= rounds.stop_at {
                        return Err(Error::AwsError(error.to_string()));
                    }
                    info!(commitment = %tick.name, "{}: {error}; trying again", tick.name);
                    (self.clock.sleep)(ROLE_AGAIN.unsigned_abs()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        way.progress.schedule = digest;
        Ok(())
    }

    /// Takes back a schedule that was made while another invocation let the commitment go: its ticks would find no record.
    /// A failure here is left to `Repair`.
    async fn leave_no_schedule(&self, rounds: &Rounds<'_>, way: &Way) {
        let name = way.stored.record.name();
        if way.progress.schedule == way.begun.progress.schedule || !matches!(rounds.store.record(name).await, Ok(None))
        {
            return;
        }
        if let Err(error) = self.aws.delete_schedule(rounds.store.group, name).await {
            warn!(commitment = %name, "{name}: {error}");
        }
    }

    /// Tells the event bus what has changed. A bus that refuses holds nothing up.
    async fn tell_others(&self, way: &Way) {
        let Some(bus) = &self.settings.bus else { return };
        let tidings = tidings::changes(&way.begun, &way.record(), self.now());
        if tidings.is_empty() || way.standing == Standing::LeftToAnother {
            return;
        }
        if let Err(error) = self.aws.tell_bus(bus, &tidings).await {
            let name = way.stored.record.name();
            warn!(commitment = %name, "{name}: {error}");
        }
    }
}

/// Without a schedule nobody would look after what is bought. A commitment that goes, goes all the same.
fn go_on_without_schedule(way: &Way, error: Error) -> Result<(), Error> {
    let name = way.stored.record.name();
    if way.progress.schedule.is_empty() && !way.stored.record.declared.goes() {
        return Err(error);
    }
    warn!(commitment = %name, "{name}: {error}");
    Ok(())
}
