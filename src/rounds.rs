//! How does one commitment get from what is to what should be?
//!
//! Rounds of look, plan, write, act, until nothing is left that seconds can settle. One invocation works on a commitment at
//! a time: it holds the lease, and every intent is in the record before its effect.

mod act;
mod lease;
mod look;
mod pace;
mod seen;
mod way;

use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use policy::guardrails::Guardrails;
use policy::observed::{CallError, CallErrorKind, Facts, Observed};
use policy::plan::{self, AGAIN_AT_TERM_END, Action, Plan, WaitingOn};
use policy::record::Declared;
use policy::settings::Settings;
use tracing::{info, warn};

use crate::aws::Aws;
use crate::store::{LeaseChange, Limit, Store, Write, Written};
use act::Acted;
use pace::Paces;
use seen::Seen;
pub use way::{Standing, Way};

/// A duration that passes.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Gives the time and lets it pass. `main.rs` hands in the machine's clock; tests turn their own.
pub struct Clock {
    /// The instant that it is.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Lets a duration pass.
    pub sleep: Box<dyn Fn(Duration) -> Sleep + Send + Sync>,
}

/// Most rounds of one invocation: a bound for what should never loop.
const MOST_ROUNDS: usize = 150;
/// Most targets that one transaction frees: it may have a hundred parts, and some are the record's own.
const MOST_FREED: usize = 90;
/// How long an invocation stays awake for aliases that settle; then the next tick goes on.
const AWAKE_FOR_ALIASES: SignedDuration = SignedDuration::from_secs(45);
/// For how long after `stop_at` an answer may still be sent: until shortly before the deadline.
const ANSWER_AFTER_STOP: SignedDuration = SignedDuration::from_secs(7);

/// One commitment's way through one invocation.
pub struct Rounds<'a> {
    /// The clients.
    pub aws: &'a Aws,
    /// This deployment's settings.
    pub settings: &'a Settings,
    /// The table.
    pub store: Store<'a>,
    /// The time.
    pub clock: &'a Clock,
    /// When to stop starting work.
    pub stop_at: Timestamp,
    /// The holder of the lease: this invocation.
    pub(crate) holder: String,
    /// The limits and the knowledge of this invocation; made anew for each.
    pub(crate) so_far: SoFar,
}

/// What one invocation has sent and seen so far.
#[derive(Debug, Default)]
pub(crate) struct SoFar {
    paces: Paces,
    seen: Seen,
}

/// What one round saw and planned.
#[derive(Debug)]
pub struct Look {
    /// What was seen.
    pub observed: Observed,
    /// What was planned.
    pub plan: Plan,
    /// When.
    pub at: Timestamp,
}

/// How a round goes on.
enum Next {
    /// At once.
    Again,
    /// After a pause.
    After(SignedDuration),
    /// Only minutes can help, or the time is up.
    End,
}

impl Rounds<'_> {
    /// Until when `CloudFormation` may be told something.
    #[must_use]
    pub fn answer_by(&self) -> Timestamp {
        self.stop_at.saturating_add(ANSWER_AFTER_STOP).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock.now)()
    }

    /// Works on a commitment until only minutes can help, or the time is up. The lease is kept: see [`Rounds::end`].
    ///
    /// # Errors
    /// The throughputs could not be listed, or the record could not be read or written: nothing can be done then. While a
    /// term is about to end, all is tried again until the time is up.
    pub async fn run(&self, way: &mut Way) -> Result<(), CallError> {
        for _ in 0..MOST_ROUNDS {
            match self.go(way).await {
                // No other tick may come before the term is over, and one that renews costs a month.
                Err(error) if self.ends_a_term(way) => {
                    let name = way.stored.record.name();
                    warn!(commitment = %name, "{name}: {error}; its term is about to end: trying again");
                    (self.clock.sleep)(AGAIN_AT_TERM_END.unsigned_abs()).await;
                }
                ended => return ended,
            }
        }
        self.go(way).await
    }

    /// Whether a term is to end within seconds, and there is time to try again before that.
    fn ends_a_term(&self, way: &Way) -> bool {
        let now = self.now();
        let again = now.saturating_add(AGAIN_AT_TERM_END).unwrap_or(Timestamp::MAX);
        plan::ends_a_term(&way.record(), self.store.deployment, now) && again < self.stop_at
    }

    /// Round after round, until only minutes can help or a call fails without which nothing can be done.
    async fn go(&self, way: &mut Way) -> Result<(), CallError> {
        let mut facts = Facts::default();
        let mut is_read = true;
        for _ in 0..MOST_ROUNDS {
            if way.standing != Standing::Working {
                return Ok(());
            }
            if !self.look(way, std::mem::take(&mut facts), !is_read).await? {
                return Ok(());
            }
            is_read = false;
            let next = self.round(way).await?;
            if let Some(look) = &way.look {
                facts = look::lasting(&look.observed.facts, &look.plan.actions);
            }
            match next {
                Next::Again => {}
                Next::After(pause) => (self.clock.sleep)(pause.unsigned_abs()).await,
                Next::End => return Ok(()),
            }
        }
        Ok(())
    }

    /// Writes what was planned, and makes its calls.
    async fn round(&self, way: &mut Way) -> Result<Next, CallError> {
        let Some(look) = &way.look else { return Ok(Next::End) };
        let plan = look.plan.clone();
        if plan.actions.is_empty() && plan.free.is_empty() {
            way.progress = plan.progress;
            return Ok(self.pause(way, false));
        }
        if self.now() >= self.stop_at {
            return Ok(Next::End);
        }
        // A record that goes takes its targets along, and the lease is all that forgetting needs.
        let only_forgets = matches!(&plan.actions[..], [Action::Forget { .. }]) && self.holds_lease(way);
        let announced = if only_forgets { Ok(Written::Done) } else { self.announce(way, &plan).await };
        let is_written = match announced {
            Ok(Written::Done) => true,
            Ok(Written::LeaseLost) if self.may_act_without_lease(way) => false,
            // A table that does not answer must not renew a term.
            Err(error) if self.may_act_without_lease(way) => {
                let name = way.stored.record.name();
                warn!(commitment = %name, "{name}: {error}; its term is about to end: going on without");
                false
            }
            Ok(Written::LeaseLost) => {
                way.standing = Standing::LeftToAnother;
                return Ok(Next::End);
            }
            Ok(Written::DeclaredChanged) => return Ok(Next::Again),
            Ok(Written::NoRoom(sum)) => {
                let message = format!(
                    "{sum} model units are held or being bought, and more are not allowed by MAX_TOTAL_MODEL_UNITS"
                );
                return Ok(Self::refuse_purchases(way, &plan, CallErrorKind::Quota, "NoRoom", &message));
            }
            Ok(Written::Closed(reason)) => {
                return Ok(Self::refuse_purchases(way, &plan, CallErrorKind::Refused, "Closed", &reason));
            }
            Err(error) => return Err(error),
        };
        let actions = if is_written { plan.actions.clone() } else { plan.letting_go() };
        let Acted { progress, busy } = self.act(way, &actions).await;
        if !is_written {
            // Nothing of it is remembered: the same round follows, though not at once.
            return Ok(self.after(AGAIN_AT_TERM_END));
        }
        if progress || !plan.free.is_empty() {
            return Ok(Next::Again);
        }
        // The report names each failure, and a failure may change the list of what is waited for.
        self.plan_again(way);
        Ok(self.pause(way, busy))
    }

    fn holds_lease(&self, way: &Way) -> bool {
        way.stored.record.lease.as_ref().is_some_and(|lease| lease.holder == self.holder)
    }

    /// In a term's last two minutes letting go and deleting need no lease: both ticks that are awake may do that.
    fn may_act_without_lease(&self, way: &Way) -> bool {
        plan::in_last_minutes(&way.record(), self.store.deployment, self.now())
    }

    /// Writes the plan's progress before its calls, with the lease; frees what is let go.
    async fn announce(&self, way: &mut Way, plan: &Plan) -> Result<Written, CallError> {
        let buys = plan.actions.iter().any(|action| matches!(action, Action::Buy { repeated: false, .. }));
        let limit = self.settings.guardrails.as_ref().ok().and_then(Guardrails::most_in_total);
        // The rest follows in the next round.
        let free = &plan.free[..plan.free.len().min(MOST_FREED)];
        let declared = (!free.is_empty()).then(|| {
            let mut declared = way.stored.record.declared.clone();
            declared.free(free);
            declared
        });
        let write = Write {
            before: &way.stored,
            holder: &self.holder,
            now: self.now(),
            lease: LeaseChange::Take,
            declared,
            progress: plan.progress.clone(),
            free: free.to_vec(),
            buys: buys.then(|| Limit(limit.map(std::num::NonZero::get))),
        };
        let (written, stored) = Box::pin(self.store.write(write)).await?;
        if written == Written::Done {
            way.progress = plan.progress.clone();
            way.holds(stored);
        }
        Ok(written)
    }

    /// Notes that nothing could be announced, and so nothing was bought.
    fn refuse_purchases(way: &mut Way, plan: &Plan, kind: CallErrorKind, code: &str, message: &str) -> Next {
        let name = way.stored.record.name().to_owned();
        for action in &plan.actions {
            if let Action::Buy { name: bought, .. } = action {
                let error = CallError {
                    cannot: format!("buy {bought}"),
                    kind,
                    code: code.to_owned(),
                    message: message.to_owned(),
                };
                warn!(commitment = %name, "{name}: {error}");
                let _failed = way.attempts.failed(action, error);
            }
        }
        // The announcement was not written: it is planned once more, without the purchase.
        Next::Again
    }

    fn plan_again(&self, way: &mut Way) {
        let record = way.record();
        let Some(look) = &way.look else { return };
        if let plan::Planned::Do(plan) = self.situation(&record, &look.observed, &way.attempts, look.at).plan() {
            way.progress = plan.progress.clone();
            way.look = way.look.take().map(|look| Look { plan: *plan, ..look });
        }
    }

    /// Takes the lease, unless it is held already.
    ///
    /// # Errors
    /// The record could not be written.
    pub async fn take_lease(&self, way: &mut Way) -> Result<Written, CallError> {
        if self.holds_lease(way) {
            return Ok(Written::Done);
        }
        self.settle(way, None).await
    }

    /// Settles the declaration: an answer is decided or struck. Only the holder of the lease does that.
    ///
    /// # Errors
    /// The record could not be written.
    pub async fn settle_declared(&self, way: &mut Way, declared: Declared) -> Result<Written, CallError> {
        self.settle(way, Some(declared)).await
    }

    async fn settle(&self, way: &mut Way, declared: Option<Declared>) -> Result<Written, CallError> {
        let write = Write {
            before: &way.stored,
            holder: &self.holder,
            now: self.now(),
            lease: LeaseChange::Take,
            declared,
            progress: way.progress.clone(),
            free: Vec::new(),
            buys: None,
        };
        let (written, stored) = Box::pin(self.store.write(write)).await?;
        match written {
            Written::Done => way.holds(stored),
            Written::DeclaredChanged => self.read_again(way).await?,
            Written::LeaseLost | Written::NoRoom(_) | Written::Closed(_) => way.standing = Standing::LeftToAnother,
        }
        Ok(written)
    }

    /// Reads the record again: a request has registered something else meanwhile.
    ///
    /// # Errors
    /// The record could not be read.
    pub async fn read_again(&self, way: &mut Way) -> Result<(), CallError> {
        match self.store.record(way.stored.record.name()).await? {
            Some(stored) if stored.record.progress.version == way.stored.record.progress.version => way.holds(stored),
            Some(_) | None => way.standing = Standing::LeftToAnother,
        }
        Ok(())
    }

    /// Forgets a commitment of which nothing is left.
    pub async fn forget(&self, way: &mut Way) {
        let name = way.stored.record.name().to_owned();
        let _acted = self.act(way, &[Action::Forget { name }]).await;
    }

    /// How long to stay awake before the next round, if that can help and there is time.
    fn pause(&self, way: &Way, busy: bool) -> Next {
        let now = self.now();
        let awake = now.duration_since(way.started) < AWAKE_FOR_ALIASES;
        let matters = |waiting: &&WaitingOn| awake || waiting.is_for_a_term();
        let waiting = way.look.iter().flat_map(|look| &look.plan.waiting);
        let waits = waiting.filter(matters).filter_map(|waiting| waiting.seconds(now));
        let busy = (busy && awake).then_some(SignedDuration::from_secs(1));
        waits.chain(busy).min().map_or(Next::End, |pause| self.after(pause))
    }

    /// Goes on after `pause`, if work may still be started then.
    fn after(&self, pause: SignedDuration) -> Next {
        match self.now().saturating_add(pause) {
            Ok(then) if then < self.stop_at => Next::After(pause),
            Ok(_) | Err(_) => Next::End,
        }
    }

    /// Ends the work: writes what has been noticed, and gives the lease up. Returns false if a request has registered
    /// something else meanwhile: then there is more to do.
    ///
    /// # Errors
    /// The record could not be written. The lease runs out by itself.
    pub async fn end(&self, way: &mut Way) -> Result<bool, CallError> {
        if way.standing != Standing::Working {
            return Ok(true);
        }
        if let Some(look) = &way.look {
            let problems = look.plan.all_problems();
            way.progress.busy = way.attempts.busy_since(&way.begun, self.now());
            way.progress.note_problems(&problems, self.now());
        }
        let holds = self.holds_lease(way);
        if !holds && way.progress == way.stored.record.progress {
            return Ok(true);
        }
        let lease = if holds { LeaseChange::GiveUp } else { LeaseChange::Without };
        let write = Write {
            before: &way.stored,
            holder: &self.holder,
            now: self.now(),
            lease,
            declared: None,
            progress: way.progress.clone(),
            free: Vec::new(),
            buys: None,
        };
        let (written, stored) = Box::pin(self.store.write(write)).await?;
        match written {
            Written::Done => {
                way.holds(stored);
                Ok(true)
            }
            Written::DeclaredChanged => Ok(false),
            Written::LeaseLost | Written::NoRoom(_) | Written::Closed(_) => {
                let name = way.stored.record.name();
                info!(commitment = %name, "{name}: another invocation works on it");
                way.standing = Standing::LeftToAnother;
                Ok(true)
            }
        }
    }
}
