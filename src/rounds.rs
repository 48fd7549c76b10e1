//! How does one commitment get from what is to what should be?
//!
//! Rounds of look, plan, act (design.md, "One invocation"), until nothing is left that seconds can settle. Scheduler has
//! no compare-and-swap, so the record is read again before anything is changed (rule 10).

mod pace;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info, warn};

use crate::aws::{Aws, Purchase};
use crate::commitment::{AliasId, ParameterName};
use crate::observed::{
    AgentAlias, COMMITMENT_TAG, CallError, CallErrorKind, Facts, GROUP_TAG, Observed, Parameter, Question, Throughput,
};
use crate::plan::{Action, Attempts, Plan, Situation, WaitingOn};
use crate::record::{Buying, Lifecycle, Record, Standing, next_token, tags_digest};
use crate::settings::Settings;

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
/// Most tokens that one purchase goes through.
const MOST_TOKENS: usize = 8;
/// How old the request of a record is at most that an invocation has registered itself.
const JUST_REQUESTED: SignedDuration = SignedDuration::from_secs(5);
/// How long an invocation stays awake for aliases that settle; then the next tick goes on.
const AWAKE_FOR_ALIASES: SignedDuration = SignedDuration::from_secs(45);
/// Calls that change something at the same time: `UpdateAgentAlias` takes 2 a second.
const SIDE_BY_SIDE: usize = 4;

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
    /// The throughputs could not be listed, or the record could not be read or written: nothing can be done then.
    pub async fn run(&self, stored: Record, record: Record) -> Result<Outcome, CallError> {
        let started = self.now();
        let mut attempts = Attempts::default();
        let acts = self.will_act(&record);
        let (look, mut read) = self.look_and_read(&record, Facts::default(), &attempts, acts).await?;
        let (done, superseded, forgotten, registered) = (Vec::new(), false, false, None);
        let mut outcome = Outcome { stored, look, done, superseded, forgotten, registered };
        for _ in 0..MOST_ROUNDS {
            let todo = outcome.look.plan.actions.clone();
            if !self.agree_and_write(&mut outcome, read.take()).await? {
                outcome.superseded = true;
                break;
            }
            if self.now() >= self.stop_at {
                break;
            }
            let mut record = outcome.look.plan.record.clone();
            let Acted { progress, busy } = self.act(&mut outcome, &mut record, &todo, &mut attempts).await;
            if outcome.forgotten {
                break;
            }
            if !progress {
                // What failed is to be said, and may have changed what is waited for.
                let Look { observed, at, .. } = &outcome.look;
                outcome.look.plan = self.situation(&record, observed, &attempts, *at).plan();
                let Some(pause) = self.pause(&outcome.look.plan, busy, started) else {
                    self.agree_and_write(&mut outcome, None).await?;
                    break;
                };
                (self.clock.sleep)(pause.unsigned_abs()).await;
            }
            // What cannot change within an invocation is not asked twice.
            let facts = std::mem::take(&mut outcome.look.observed.facts);
            let mut facts = Facts { throughputs: BTreeMap::new(), ..facts };
            let released = |arn: &String| {
                todo.iter().any(|action| matches!(action, Action::Release { arn: released, .. } if released == arn))
            };
            facts.marks.retain(|arn, _| !released(arn));
            // What follows something that was done is seldom nothing: at the least it is remembered.
            (outcome.look, read) =
                self.look_and_read(&record, facts, &attempts, progress && may_read_early(&record)).await?;
        }
        Ok(outcome)
    }

    /// Whether the first round of `record` is likely to change something: it has just been asked for, or is on its way out.
    fn will_act(&self, record: &Record) -> bool {
        let age = self.now().duration_since(record.requested);
        may_read_early(record) && (record.lifecycle != Lifecycle::Active || age < JUST_REQUESTED)
    }

    /// Looks and plans, and if something is likely to change reads the record side by side with that: it has to be read before
    /// anything is changed, and a round trip of its own would go by each time.
    async fn look_and_read(
        &self,
        record: &Record,
        facts: Facts,
        attempts: &Attempts,
        acts: bool,
    ) -> Result<(Look, Read), CallError> {
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
        let aliases = Box::pin(self.look_at(record.all_aliases()));
        let parameters = Box::pin(self.look_at_parameters(record.all_parameters()));
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
    async fn agree_and_write(&self, outcome: &mut Outcome, read: Read) -> Result<bool, CallError> {
        let Outcome { stored: known, look: Look { plan, .. }, .. } = outcome;
        let changed = plan.record != *known;
        if !changed && plan.actions.is_empty() {
            return Ok(true);
        }
        let name = known.commitment.name.clone();
        let read = match read {
            Some(read) => read,
            None => self.aws.record(self.group, name.as_str()).await,
        };
        let Some(stored) = read? else {
            info!(commitment = %name, "the record of {name} is gone: nothing is changed");
            return Ok(false);
        };
        match known.standing(&stored) {
            Standing::Newer => {
                info!(commitment = %name, "a newer record of {name} is there: the next tick goes on from it");
                return Ok(false);
            }
            // What is about to be forgotten is not written once more.
            Standing::Same if !changed || plan.actions.iter().any(ends) => return Ok(true),
            Standing::Same => {}
            Standing::Overwritten => plan.record.absorb(&stored),
        }
        plan.record.revision = plan.record.revision.saturating_add(1);
        match self.aws.write(self.group, &plan.record).await {
            Ok(()) => {
                *known = plan.record.clone();
                Ok(true)
            }
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the calls of `todo`.
    async fn act(&self, outcome: &mut Outcome, record: &mut Record, todo: &[Action], attempts: &mut Attempts) -> Acted {
        let name = record.commitment.name.clone();
        let known = &*record;
        let effects = todo.iter().cloned().map(|action| async move {
            let effect = self.effect(&action, known).await;
            (action, effect)
        });
        let effects = stream::iter(effects).buffer_unordered(SIDE_BY_SIDE).collect::<Vec<_>>();
        // Whoever forgets counts what is left.
        let last = todo.iter().any(ends);
        let registered = async { if last { Some(self.aws.registered(self.group).await) } else { None } };
        let (effects, registered) = tokio::join!(effects, registered);
        outcome.registered = registered;
        let mut acted = Acted { progress: false, busy: false };
        for (action, effect) in effects {
            match effect {
                Ok(effect) => {
                    info!(commitment = %name, "{name}: {action}");
                    outcome.done.push(action.to_string());
                    outcome.forgotten |= ends(&action);
                    attempts.succeeded(&action);
                    if let (Action::Point { parameter, .. }, Effect::Wrote(version)) = (&action, &effect) {
                        attempts.wrote(parameter, *version);
                    }
                    acted.progress = true;
                    remember(record, &action, effect, self.now());
                }
                Err(error) => {
                    acted.busy |= error.kind == CallErrorKind::Busy;
                    if let Action::Buy { name, repeated, .. } = &action {
                        // A refused purchase opens the way for the second-best at once.
                        acted.progress = true;
                        if !repeated && error.is_final() {
                            record.buying.remove(name);
                        }
                    }
                    if attempts.failed(&action, error.clone()) {
                        warn!(commitment = %name, "{name}: {error}");
                    } else {
                        debug!(commitment = %name, "{name}: {error}");
                    }
                }
            }
        }
        acted
    }

    async fn effect(&self, action: &Action, record: &Record) -> Result<Effect, CallError> {
        match action {
            Action::Buy { name, model, units, term, tags, token, repeated: _ } => {
                let mut all_tags = tags.clone();
                all_tags.insert(COMMITMENT_TAG.to_owned(), record.commitment.name.to_string());
                all_tags.insert(GROUP_TAG.to_owned(), self.group.to_owned());
                let purchase = Purchase {
                    name: name.clone(),
                    model: model.clone(),
                    units: *units,
                    term: *term,
                    tags: all_tags,
                    token: token.clone(),
                };
                return self.buy(purchase, record).await;
            }
            Action::Route { alias, name, description, version, to, rejects, changes_rejecting: _ } => {
                self.so_far.paces.updates.turn(self.clock).await;
                if self.now() >= self.stop_at {
                    return Err(out_of_time(alias));
                }
                self.aws.route_alias(alias, name, description.as_deref(), version, to, *rejects).await?;
            }
            Action::Point { parameter, value, exists, to: _ } => {
                let commitment = record.commitment.name.as_str();
                return self.aws.write_parameter(parameter, value, *exists, commitment).await.map(Effect::Wrote);
            }
            Action::Delete { name, arn, patient: _ } => self.aws.delete_throughput(name, arn).await?,
            Action::Tag { name, arn, set, remove } => self.aws.tag(name, arn, set, remove).await?,
            Action::Release { name, arn } => self.aws.release(name, arn).await?,
            Action::Forget { name } => self.aws.forget(self.group, name).await?,
            Action::Bury(tombstone) => self.aws.bury(self.group, tombstone, &record.schedule, self.now()).await?,
        }
        Ok(Effect::Done)
    }

    /// Buys, and looks at what came of it: a token that was used before makes AWS answer with what it bought then.
    async fn buy(&self, mut purchase: Purchase, record: &Record) -> Result<Effect, CallError> {
        for _ in 0..MOST_TOKENS {
            let arn = self.aws.buy(&purchase).await?;
            if record.is_gone(&arn) {
                purchase.token = next_token(&purchase.token, &arn);
                continue;
            }
            return match self.aws.throughput(&arn).await {
                Ok(Some(bought)) if bought.name == purchase.name && bought.units == purchase.units.get() => {
                    Ok(Effect::Bought(bought))
                }
                Ok(Some(other)) => Err(CallError {
                    cannot: format!("buy {}", purchase.name),
                    kind: CallErrorKind::Refused,
                    code: "AnotherThroughput".to_owned(),
                    message: format!("AWS answered with {} of {} model units", other.name, other.units),
                }),
                Ok(None) | Err(_) => Ok(Effect::Missing(arn)),
            };
        }
        Err(CallError {
            cannot: format!("buy {}", purchase.name),
            kind: CallErrorKind::Refused,
            code: "SpentTokens".to_owned(),
            message: "every request token has been used before".to_owned(),
        })
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

struct Acted {
    /// Whether a call brought things forward.
    progress: bool,
    /// Whether one met something that is under way.
    busy: bool,
}

enum Effect {
    Done,
    /// The version that a parameter has now.
    Wrote(i64),
    Bought(Throughput),
    /// What a purchase returned and nobody finds.
    Missing(String),
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

/// That an alias' turn came when nothing is started any more: the next tick goes on.
fn out_of_time(alias: &AliasId) -> CallError {
    CallError {
        cannot: format!("route {alias}"),
        kind: CallErrorKind::Busy,
        code: "NoTime".to_owned(),
        message: "the invocation ends; the next tick goes on".to_owned(),
    }
}

/// What the record keeps of an effect; it is written in the next round, and found out again after a crash.
fn remember(record: &mut Record, action: &Action, effect: Effect, now: Timestamp) {
    match (action, effect) {
        (Action::Buy { tags, .. }, Effect::Bought(bought)) => record.notice(&bought, Some(tags_digest(tags)), now),
        (Action::Buy { name, .. }, Effect::Missing(arn)) => {
            record.buying.insert(name.clone(), Buying { since: now, missing: Some(arn) });
        }
        (Action::Release { arn, .. }, _) => record.throughputs.retain(|held| held.arn != *arn),
        (Action::Tag { arn, .. }, _) => {
            let digest = tags_digest(&record.commitment.tags);
            if let Some(held) = record.throughputs.iter_mut().find(|held| held.arn == *arn) {
                held.tags = digest;
            }
        }
        _ => {}
    }
}
