//! How does one commitment get from what is to what should be?
//!
//! Rounds of look, plan, act (design.md, "One invocation"), until nothing is left that seconds can settle. Scheduler has
//! no compare-and-swap, so the record is read again before anything is changed (rule 10).

mod act;
mod pace;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use crate::aws::Aws;
use policy::commitment::{AliasId, ParameterName};
use policy::observed::{AgentAlias, CallError, CallErrorKind, Facts, Observed, Parameter, Question};
use policy::plan::{self, AGAIN_AT_TERM_END, Action, Attempts, Plan, Situation, WaitingOn};
use policy::record::{Lifecycle, Record, Standing};
use policy::settings::Settings;

use act::Acted;
use pace::Paces;
use seen::Seen;

/// A duration that passes.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What gives the time and lets it pass. `main.rs` hands in the machine's; tests turn their own.
pub struct Clock {
    /// The instant that it is.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Lets a duration pass.
    pub sleep: Box<dyn Fn(Duration) -> Sleep + Send + Sync>,
}

/// Most rounds of one invocation: a bound for what should never loop.
const MOST_ROUNDS: usize = 150;
/// Most looks of one round: each brings the answers to at least one new question.
const MOST_LOOKS: usize = 8;
/// How old the request of a record is at most that an invocation has registered itself.
const JUST_REQUESTED: SignedDuration = SignedDuration::from_secs(5);
/// How long an invocation stays awake for aliases that settle; then the next tick goes on.
const AWAKE_FOR_ALIASES: SignedDuration = SignedDuration::from_secs(45);

/// One commitment's way through one invocation.
pub struct Rounds<'a> {
    /// The clients.
    pub aws: &'a Aws,
    /// This deployment.
    pub settings: &'a Settings,
    /// The owner mark.
    pub group: &'a str,
    /// The time.
    pub clock: &'a Clock,
    /// When to stop starting work.
    pub stop_at: Timestamp,
    /// What this invocation keeps to and what it knows; made anew for each.
    pub(crate) so_far: SoFar,
}

/// What one invocation has sent and seen so far.
#[derive(Debug, Default)]
pub(crate) struct SoFar {
    paces: Paces,
    seen: Seen,
}

/// What lasts from one round to the next.
struct Way {
    /// The record as its schedule holds it.
    stored: Record,
    /// What was written last and got no answer: the schedule may hold it.
    unsure: Option<Record>,
    /// The record with what has been noticed and done since.
    record: Record,
    attempts: Attempts,
    started: Timestamp,
    done: Vec<String>,
    forgotten: bool,
    registered: Option<Result<Vec<String>, CallError>>,
}

/// What a look at the record brought that went side by side with a look at everything else.
type Read = Option<Result<Option<Record>, CallError>>;

/// How long after the last work has started an answer may still be tried: until just before the deadline.
const ANSWER_AFTER_STOP: SignedDuration = SignedDuration::from_secs(7);

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

/// How the rounds ended.
#[derive(Debug)]
pub struct Outcome {
    /// The record as the schedule holds it.
    pub stored: Record,
    /// The last look.
    pub look: Look,
    /// What was done.
    pub done: Vec<String>,
    /// Whether somebody else goes on from a newer record, or it is gone.
    pub superseded: bool,
    /// Whether nothing is left, not even the record.
    pub forgotten: bool,
    /// With `forgotten`: the names that were registered when it went, its own perhaps among them.
    pub registered: Option<Result<Vec<String>, CallError>>,
}

impl Rounds<'_> {
    /// Until when `CloudFormation` may be told something.
    #[must_use]
    pub fn answer_by(&self) -> Timestamp {
        self.stop_at.saturating_add(ANSWER_AFTER_STOP).unwrap_or(Timestamp::MAX)
    }

    fn now(&self) -> Timestamp {
        (self.clock.now)()
    }

    /// Works on `record` until only minutes can help, or the time is up; `stored` is what its schedule holds.
    ///
    /// # Errors
    /// The throughputs could not be listed, or the record could not be read or written: nothing can be done then. While a term is
    /// about to end, all is tried again until the time is up.
    pub async fn run(&self, stored: Record, record: Record) -> Result<Outcome, CallError> {
        let mut way = Way {
            stored,
            unsure: None,
            record,
            attempts: Attempts::default(),
            started: self.now(),
            done: Vec::new(),
            forgotten: false,
            registered: None,
        };
        for _ in 0..MOST_ROUNDS {
            match self.go(&mut way).await {
                // No other tick may come before the term is over, and one that renews costs a month.
                Err(error) if self.ends_a_term(&way.record) => {
                    let name = &way.record.commitment.name;
                    warn!(commitment = %name, "{name}: {error}; its term is about to end: trying again");
                    (self.clock.sleep)(AGAIN_AT_TERM_END.unsigned_abs()).await;
                }
                ended => return ended,
            }
        }
        self.go(&mut way).await
    }

    /// Whether a term is to end within seconds, and there is time to try again before that.
    fn ends_a_term(&self, record: &Record) -> bool {
        let now = self.now();
        let again = now.saturating_add(AGAIN_AT_TERM_END).unwrap_or(Timestamp::MAX);
        plan::ends_a_term(record, now) && again < self.stop_at
    }

    /// Round after round, until only minutes can help or a call fails without which nothing can be done.
    async fn go(&self, way: &mut Way) -> Result<Outcome, CallError> {
        let acts = self.will_act(&way.record);
        let (mut look, mut read) = self.look_and_read(way, Facts::default(), acts).await?;
        let mut superseded = false;
        for _ in 0..MOST_ROUNDS {
            let todo = look.plan.actions.clone();
            if !self.agree_and_write(way, &mut look.plan, read.take()).await? {
                superseded = true;
                break;
            }
            if self.now() >= self.stop_at {
                break;
            }
            way.record = look.plan.record.clone();
            let Acted { progress, busy } = self.act(way, &todo).await;
            if way.forgotten {
                break;
            }
            if !progress {
                // What failed is to be said, and may have changed what is waited for.
                look.plan = self.situation(&way.record, &look.observed, &way.attempts, look.at).plan();
                let Some(pause) = self.pause(&look.plan, busy, way.started) else {
                    self.agree_and_write(way, &mut look.plan, None).await?;
                    break;
                };
                (self.clock.sleep)(pause.unsigned_abs()).await;
            }
            // What follows something that was done is seldom nothing: at the least it is remembered.
            let acts = progress && may_read_early(&way.record);
            (look, read) = self.look_and_read(way, lasting(look.observed.facts, &todo), acts).await?;
        }
        let Way { stored, done, forgotten, registered, .. } = way;
        let (stored, done, registered) = (stored.clone(), std::mem::take(done), registered.take());
        Ok(Outcome { stored, look, done, superseded, forgotten: *forgotten, registered })
    }

    /// Whether the first round of `record` is likely to change something: it has just been asked for, or is on its way out.
    fn will_act(&self, record: &Record) -> bool {
        let age = self.now().duration_since(record.requested);
        may_read_early(record) && (record.lifecycle != Lifecycle::Active || age < JUST_REQUESTED)
    }

    /// Looks and plans, and if something is likely to change reads the record side by side with that: it has to be read before
    /// anything is changed, and a round trip of its own would go by each time.
    async fn look_and_read(&self, way: &Way, facts: Facts, acts: bool) -> Result<(Look, Read), CallError> {
        let Way { record, attempts, .. } = way;
        let name = record.commitment.name.as_str();
        let read = async { if acts { Some(self.aws.record(self.group, name).await) } else { None } };
        let (look, read) = tokio::join!(self.look_and_plan(record, facts, attempts, None), read);
        Ok((look?, read))
    }

    /// Looks at everything that matters and plans; asks what the plan wants to know. At `at` instead of now, if given.
    ///
    /// # Errors
    /// The throughputs could not be listed.
    pub async fn look_and_plan(
        &self,
        record: &Record,
        facts: Facts,
        attempts: &Attempts,
        at: Option<Timestamp>,
    ) -> Result<Look, CallError> {
        // The clients' futures are large: on the heap, so that an invocation needs little stack.
        let throughputs = Box::pin(self.aws.throughputs_of(&record.commitment.name));
        let aliases = Box::pin(self.look_at(record.aliases_to_see()));
        let parameters = Box::pin(self.look_at_parameters(record.parameters_to_see()));
        let (throughputs, aliases, parameters) = tokio::join!(throughputs, aliases, parameters);
        let region = self.aws.region().to_owned();
        let mut observed = Observed { region, throughputs: throughputs?, aliases, parameters, facts };
        let at = at.unwrap_or_else(|| self.now());
        let mut plan = self.situation(record, &observed, attempts, at).plan();
        for _ in 0..MOST_LOOKS {
            if plan.questions.is_empty() {
                break;
            }
            self.answer(&plan.questions, &mut observed.facts).await;
            plan = self.situation(record, &observed, attempts, at).plan();
        }
        if !plan.questions.is_empty() {
            plan.actions.clear();
        }
        Ok(Look { observed, plan, at })
    }

    fn situation<'s>(
        &'s self,
        record: &'s Record,
        observed: &'s Observed,
        attempts: &'s Attempts,
        now: Timestamp,
    ) -> Situation<'s> {
        let guardrails = self.settings.guardrails.as_ref();
        let desired = record.demand().at(now).units;
        Situation { record, desired, observed, attempts, guardrails, group: self.group, now }
    }

    /// Looks at aliases, side by side.
    pub async fn look_at(
        &self,
        aliases: impl Iterator<Item = &AliasId>,
    ) -> BTreeMap<AliasId, Result<Option<AgentAlias>, CallError>> {
        let ids: Vec<AliasId> = aliases.cloned().collect();
        let looks = ids.into_iter().map(|id| async move {
            if let Some(alias) = self.so_far.seen.take_alias(&id) {
                return (id, Ok(Some(alias)));
            }
            self.so_far.paces.looks.turn(self.clock).await;
            let seen = self.aws.alias(&id).await;
            (id, seen)
        });
        // All at once: what holds them back is the pace.
        join_all(looks).await.into_iter().collect()
    }

    /// Looks at aliases for the first time: the next look at each finds what was seen.
    pub async fn look_ahead(
        &self,
        aliases: impl Iterator<Item = &AliasId>,
    ) -> BTreeMap<AliasId, Result<Option<AgentAlias>, CallError>> {
        let looked = self.look_at(aliases).await;
        for (id, alias) in &looked {
            if let Ok(Some(alias)) = alias {
                self.so_far.seen.keep_alias(id, alias);
            }
        }
        looked
    }

    /// Looks at parameters, side by side.
    pub async fn look_at_parameters(
        &self,
        parameters: impl Iterator<Item = &ParameterName>,
    ) -> BTreeMap<ParameterName, Result<Option<Parameter>, CallError>> {
        let looks = parameters.cloned().map(|name| async move { (name.clone(), self.aws.parameter(&name).await) });
        join_all(looks.collect::<Vec<_>>()).await.into_iter().collect()
    }

    /// Brings the answers to `questions`, side by side.
    pub async fn answer(&self, questions: &BTreeSet<Question>, facts: &mut Facts) {
        let asked = questions.iter().cloned().map(|question| async move {
            if let Some(known) = self.so_far.seen.known(&question) {
                return known;
            }
            let mut found = Facts::default();
            match question {
                Question::Throughput(id) => {
                    let answer = self.aws.throughput(&id).await;
                    found.throughputs.insert(id, answer);
                }
                Question::Marks(arn) => {
                    let answer = self.aws.marks(&arn).await;
                    found.marks.insert(arn, answer);
                }
                Question::VersionModel { agent, version } => {
                    self.so_far.paces.versions.turn(self.clock).await;
                    let answer = self.aws.version_model(&agent, &version).await;
                    found.version_models.insert((agent, version), answer);
                }
                Question::Legacy(model) => {
                    let answer = self.aws.is_legacy(&model).await;
                    found.legacy.insert(model, answer);
                }
                Question::BaseModel(model) => {
                    let answer = self.aws.base_model(&model).await;
                    found.base_models.insert(model, answer);
                }
            }
            found
        });
        for found in join_all(asked).await {
            self.so_far.seen.keep(&found);
            let Facts { throughputs, marks, version_models, legacy, base_models } = found;
            facts.throughputs.extend(throughputs);
            facts.marks.extend(marks);
            facts.version_models.extend(version_models);
            facts.legacy.extend(legacy);
            facts.base_models.extend(base_models);
        }
    }

    /// Before something changes: reads the record again, and writes what is new in it; whether the invocation may go on.
    ///
    /// `read` is the record as it was read a moment ago, if it was.
    async fn agree_and_write(&self, way: &mut Way, plan: &mut Plan, read: Read) -> Result<bool, CallError> {
        let changed = plan.record != way.stored;
        if !changed && plan.actions.is_empty() {
            return Ok(true);
        }
        let name = way.stored.commitment.name.clone();
        let read = match read {
            Some(read) => read,
            None => self.aws.record(self.group, name.as_str()).await,
        };
        let Some(stored) = read? else {
            info!(commitment = %name, "the record of {name} is gone: nothing is changed");
            return Ok(false);
        };
        if way.unsure.as_ref() == Some(&stored) {
            way.stored = stored.clone();
        }
        let mut answered = false;
        match way.stored.standing(&stored) {
            Standing::Newer => {
                info!(commitment = %name, "a newer record of {name} is there: the next tick goes on from it");
                return Ok(false);
            }
            // What is about to be forgotten is not written once more.
            Standing::Same if plan.record == stored || plan.actions.iter().any(ends) => return Ok(true),
            Standing::Same => {}
            Standing::Overwritten => answered = plan.record.absorb(&stored),
        }
        plan.record.revision = plan.record.revision.max(way.stored.revision).saturating_add(1);
        match self.aws.write(self.group, &plan.record).await {
            Ok(()) => {
                way.stored = plan.record.clone();
                Ok(!answered)
            }
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(false),
            Err(error) => {
                way.unsure = Some(plan.record.clone());
                Err(error)
            }
        }
    }

    /// How long to stay awake before the next round, if that can help and there is time.
    fn pause(&self, plan: &Plan, busy: bool, started: Timestamp) -> Option<SignedDuration> {
        let now = self.now();
        let awake = now.duration_since(started) < AWAKE_FOR_ALIASES;
        let matters = |waiting: &&WaitingOn| awake || matches!(waiting, WaitingOn::TermToEnd { .. });
        let waits = plan.waiting.iter().filter(matters).filter_map(|waiting| waiting.seconds(now));
        let busy = (busy && awake).then_some(SignedDuration::from_secs(1));
        let pause = waits.chain(busy).min()?;
        let then = now.saturating_add(pause).ok()?;
        (then < self.stop_at).then_some(pause)
    }
}

/// Whether `record` may be read beside the look, a round trip before it is needed. While an answer is owed it is not: a Delete may
/// follow upon a Create, and each has to be answered once.
fn may_read_early(record: &Record) -> bool {
    record.owed.is_none()
}

/// Whether nothing is left to remember after `action`.
fn ends(action: &Action) -> bool {
    matches!(action, Action::Forget { .. } | Action::Bury(_))
}

/// The facts that the next round need not ask for: those that cannot change within an invocation, and were answered. `done` is what
/// has been done since.
fn lasting(facts: Facts, done: &[Action]) -> Facts {
    let Facts { throughputs: _, mut marks, mut version_models, mut legacy, mut base_models } = facts;
    let released = |arn: &String| {
        done.iter().any(|action| matches!(action, Action::Release { arn: released, .. } if released == arn))
    };
    marks.retain(|arn, answer| answer.is_ok() && !released(arn));
    version_models.retain(|_, answer| answer.is_ok());
    legacy.retain(|_, answer| answer.is_ok());
    base_models.retain(|_, answer| answer.is_ok());
    Facts { throughputs: BTreeMap::new(), marks, version_models, legacy, base_models }
}
