//! What does a round change?
//!
//! The calls of each action, side by side; what came of them is remembered. What a call would overwrite is read right before
//! it (docs/policy.md, rule 7).

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use policy::commitment::{AliasId, ParameterName};
use policy::observed::{AgentAlias, AliasStatus, COMMITMENT_TAG, CallError, CallErrorKind, DEPLOYMENT_TAG, Throughput};
use policy::plan::policy::may_still_lead;
use policy::plan::{Action, Expected, Invocations, Route};
use policy::record::{Announced, Held, Record, Tombstone, token};
use tracing::{debug, info, warn};

use super::lease::Tenure;
use super::{Rounds, Standing, Way};
use crate::aws::{Deletion, Purchase};
use crate::store::Written;

/// Calls that change something at the same time: `UpdateAgentAlias` takes 2 a second.
const SIDE_BY_SIDE: usize = 4;
/// How often a target may have moved before a call until that is left to the next tick.
const MOST_MOVED: usize = 5;

/// What came of a round's calls.
pub(super) struct Acted {
    /// Whether a call brought things forward.
    pub(super) progress: bool,
    /// Whether one met something that is under way.
    pub(super) busy: bool,
}

enum Effect {
    Done,
    /// Nothing was sent: things have moved since the look, and the next round plans anew.
    Moved,
    /// It bears other marks by now, and nothing was sent.
    NotOurs,
    /// The version that a parameter has now.
    Wrote(i64),
    /// What a purchase returned, and what Get says of it, if it finds it.
    Bought(String, Option<Throughput>),
    /// The token had been used before, and what it bought is gone.
    Spent(String),
    /// AWS has deleted it.
    Deleted,
    /// AWS does not find it.
    NotThere,
    /// A request has registered something else meanwhile.
    Changed,
}

impl Rounds<'_> {
    /// Makes the calls of `todo`.
    pub(super) async fn act(&self, way: &mut Way, todo: &[Action]) -> Acted {
        let record = way.record();
        let name = record.name().to_owned();
        let tenure = Tenure::new(way.stored.clone(), self.holds_lease(way), self.now());
        let effects = todo.iter().cloned().map(|action| {
            let (record, tenure) = (&record, &tenure);
            async move {
                let effect = Box::pin(self.effect(&action, record, tenure)).await;
                (action, effect)
            }
        });
        let effects = stream::iter(effects).buffer_unordered(SIDE_BY_SIDE).collect::<Vec<_>>().await;
        let (stored, lost) = tenure.end();
        way.holds(stored);
        let mut acted = Acted { progress: false, busy: false };
        for (action, effect) in effects {
            match effect {
                Ok(effect) => {
                    acted.progress |= self.remember_effect(way, &name, &action, effect);
                }
                Err(error) => {
                    acted.busy |= error.kind == CallErrorKind::Busy;
                    // A refused purchase opens the way for the second-best at once.
                    acted.progress |= matches!(action, Action::Buy { .. });
                    take_back(way, &action, &error);
                    if way.attempts.failed(&action, error.clone()) {
                        warn!(commitment = %name, "{name}: {error}");
                    } else {
                        debug!(commitment = %name, "{name}: {error}");
                    }
                }
            }
        }
        if lost && way.standing == Standing::Working {
            way.standing = Standing::LeftToAnother;
        }
        acted
    }

    /// Remembers what came of `action`. Returns true if that brought things forward.
    fn remember_effect(&self, way: &mut Way, name: &str, action: &Action, effect: Effect) -> bool {
        let now = self.now();
        match effect {
            Effect::Moved | Effect::Changed => {
                debug!(commitment = %name, "{name}: {action}: not sent, things have moved");
                way.moved += 1;
                return way.moved <= MOST_MOVED;
            }
            Effect::NotOurs => {
                if let Action::Delete { name: throughput, arn, .. } = action {
                    warn!(commitment = %name, "{name}: {throughput} bears other marks by now: it is left alone");
                    let _name = way.progress.lose(arn, false, now);
                }
                return true;
            }
            Effect::NotThere => {
                let Action::Delete { arn, .. } = action else { return false };
                let held = way.progress.throughputs.get_mut(arn);
                // Rule 5: one miss is no proof. What is missed already is deleted once more, though not at once.
                return held.is_some_and(|held| held.missed.replace(held.missed.unwrap_or(now)).is_none());
            }
            Effect::Spent(arn) => {
                if let Action::Buy { name: throughput, announced, .. } = action {
                    return spent(way, throughput, announced, &arn);
                }
            }
            Effect::Bought(arn, found) => bought(way, action, arn, found.as_ref(), now),
            Effect::Deleted => {
                if let Action::Delete { arn, .. } = action {
                    let _name = way.progress.lose(arn, true, now);
                }
            }
            Effect::Wrote(version) => {
                if let Action::Point { parameter, .. } = action {
                    way.attempts.wrote(parameter, version);
                }
            }
            Effect::Done => remember(way, action, now),
        }
        info!(commitment = %name, "{name}: {action}");
        way.done.push(action.to_string());
        if !matches!(action, Action::Forget { .. }) {
            way.progress.note(&action.to_string(), now);
        }
        way.attempts.succeeded(action);
        true
    }

    async fn effect(&self, action: &Action, record: &Record, tenure: &Tenure) -> Result<Effect, CallError> {
        match action {
            Action::Buy { name, announced, repeated: _ } => self.buy(name, announced, record).await,
            Action::Route { alias, expected, to, invocations } => {
                let cannot = format!("route {alias}");
                self.so_far.paces.updates.turn_after(self.clock, self.still_holds(tenure, &cannot)).await?;
                if self.now() >= self.stop_at {
                    return Err(out_of_time(alias));
                }
                self.route(alias, expected, to, *invocations).await
            }
            Action::Point { parameter, value, expected, to: _ } => {
                self.point(parameter, value, expected.as_ref(), record.name()).await
            }
            Action::Delete { name, arn, last_chance, patient: _ } => {
                self.delete(name, arn, *last_chance, record, tenure).await
            }
            Action::Tag { name, arn, set, remove } => {
                self.aws.tag(name, arn, set, remove).await?;
                Ok(Effect::Done)
            }
            Action::Release { name, arn } => {
                self.aws.release(name, arn).await?;
                Ok(Effect::Done)
            }
            Action::Forget { name } => self.forget_record(name, tenure).await,
        }
    }

    /// Buys, and looks at what came of it: a token that was used before makes AWS answer with what it bought then.
    async fn buy(&self, name: &str, announced: &Announced, record: &Record) -> Result<Effect, CallError> {
        let Announced { number, units, model, term, tags, .. } = announced;
        let mut all_tags = tags.clone();
        all_tags.insert(COMMITMENT_TAG.to_owned(), record.name().to_owned());
        all_tags.insert(DEPLOYMENT_TAG.to_owned(), self.store.deployment.to_owned());
        let purchase = Purchase {
            name: name.to_owned(),
            model: model.clone(),
            units: *units,
            term: *term,
            tags: all_tags,
            token: token(name, record.declared.registered, *number),
        };
        let arn = self.aws.buy(&purchase).await?;
        if record.progress.gone.contains_key(&arn) {
            return Ok(Effect::Spent(arn));
        }
        match self.aws.throughput(&arn).await {
            Ok(Some(bought)) if bought.name != name || bought.units != *units => Err(CallError {
                cannot: format!("buy {name}"),
                kind: CallErrorKind::Refused,
                code: "AnotherThroughput".to_owned(),
                message: format!("AWS answered with {} of {} model units", bought.name, bought.units),
            }),
            Ok(found) => Ok(Effect::Bought(arn, found)),
            Err(_) => Ok(Effect::Bought(arn, None)),
        }
    }

    /// Routes an alias, with everything that the call overwrites as it is at this moment.
    async fn route(
        &self,
        id: &AliasId,
        expected: &Expected,
        to: &Route,
        invocations: Invocations,
    ) -> Result<Effect, CallError> {
        let Some(alias) = self.aws.alias(id).await? else { return Ok(Effect::Moved) };
        let AgentAlias { name, description, status, version, throughput, rejects, .. } = &alias;
        let under_way = matches!(status, AliasStatus::Updating | AliasStatus::Creating | AliasStatus::Deleting);
        let Some(version) = version.as_ref().filter(|version| *version != "DRAFT") else { return Ok(Effect::Moved) };
        let other_version = expected.version_matters && *version != expected.version;
        if under_way || *throughput != expected.route || other_version {
            return Ok(Effect::Moved);
        }
        let rejects = match invocations {
            Invocations::Keep => *rejects,
            Invocations::Reject => true,
            Invocations::Accept => false,
        };
        self.aws.route_alias(id, name, description.as_deref(), version, to, rejects).await?;
        Ok(Effect::Done)
    }

    /// Writes a parameter, if it still holds what the plan has seen.
    async fn point(
        &self,
        name: &ParameterName,
        value: &str,
        expected: Option<&String>,
        commitment: &str,
    ) -> Result<Effect, CallError> {
        let seen = self.aws.parameter(name).await?;
        if seen.as_ref().map(|seen| &seen.value) != expected {
            return Ok(Effect::Moved);
        }
        self.aws.write_parameter(name, value, seen.is_some(), commitment).await.map(Effect::Wrote)
    }

    /// Deletes a throughput, if it still bears our marks and nothing leads to it. In a term's last minutes a look that fails
    /// holds nothing back.
    async fn delete(
        &self,
        name: &str,
        arn: &str,
        last_chance: bool,
        record: &Record,
        tenure: &Tenure,
    ) -> Result<Effect, CallError> {
        let declared = &record.declared;
        let ids: Vec<AliasId> = declared.all_aliases().cloned().collect();
        let aliases = join_all(ids.into_iter().map(|id| async move { self.alias_now(&id).await }));
        let parameters = self.look_at_parameters(declared.all_parameters());
        let (marks, aliases, parameters) = tokio::join!(self.aws.marks(arn), aliases, parameters);
        let served = record.progress.throughputs.get(arn).is_some_and(|held| held.served.is_some());
        match marks {
            Ok(marks) if marks.are(record.name(), self.store.deployment) => {}
            // Marks that do not show are asked for again by the next tick, not judged.
            Ok(marks) if marks.are_none_of_ours() => {
                return Err(CallError {
                    cannot: format!("delete {name}"),
                    kind: CallErrorKind::Refused,
                    code: "NotMarked".to_owned(),
                    message: "it bears none of our marks now: what is not ours is never deleted".to_owned(),
                });
            }
            Ok(_) => return Ok(Effect::NotOurs),
            Err(error) if error.kind == CallErrorKind::NotFound && !last_chance => return Ok(Effect::NotThere),
            Err(_) if last_chance => {}
            Err(error) => return Err(error),
        }
        for seen in aliases {
            match seen {
                Ok(Some(alias)) if alias.throughput.as_deref().is_some_and(|named| named == arn || named == name) => {
                    return Ok(Effect::Moved);
                }
                Ok(Some(alias)) if !last_chance => {
                    let known = |named: &String| record.progress.throughputs.contains_key(named);
                    let on_anothers = alias.throughput.as_ref().is_some_and(|named| !known(named));
                    if may_still_lead(&alias.status, served, on_anothers) {
                        return Ok(Effect::Moved);
                    }
                }
                Ok(_) => {}
                Err(_) if last_chance => {}
                Err(error) => return Err(error),
            }
        }
        for seen in parameters.into_values() {
            match seen {
                Ok(Some(parameter)) if parameter.names(arn) => return Ok(Effect::Moved),
                Ok(_) => {}
                Err(_) if last_chance => {}
                Err(error) => return Err(error),
            }
        }
        // The looks may have taken long: another invocation may have routed to it since.
        if !last_chance {
            self.still_holds(tenure, &format!("delete {name}")).await?;
        }
        Ok(match self.aws.delete_throughput(name, arn).await? {
            Deletion::Acknowledged => Effect::Deleted,
            Deletion::NotThere => Effect::NotThere,
        })
    }

    /// Forgets a commitment of which nothing is left: first its schedule, which could be made again from the record.
    async fn forget_record(&self, name: &str, tenure: &Tenure) -> Result<Effect, CallError> {
        self.still_holds(tenure, &format!("forget {name}")).await?;
        self.aws.delete_schedule(self.store.group, name).await?;
        let stored = tenure.stored().await;
        let tombstone = Tombstone::of(&stored.record, self.now());
        match self.store.forget(&stored, &self.holder, &tombstone).await? {
            Written::Done => Ok(Effect::Done),
            Written::LeaseLost | Written::DeclaredChanged | Written::NoRoom(_) | Written::Closed(_) => {
                Ok(Effect::Changed)
            }
        }
    }
}

/// Rule 4: a definite refusal takes the announcement back, unless an earlier call may have bought.
fn take_back(way: &mut Way, action: &Action, error: &CallError) {
    let Action::Buy { name, announced, repeated: false } = action else { return };
    if !error.is_final() {
        return;
    }
    way.progress.announced.remove(name);
    if let Some(purchase) = &announced.purchase {
        way.progress.spent.remove(purchase);
    }
}

/// The token had been used before: without a term the next announcement has the next number.
fn spent(way: &mut Way, name: &str, announced: &Announced, arn: &str) -> bool {
    way.progress.announced.remove(name);
    if announced.term.is_none() {
        return true;
    }
    let error = CallError {
        cannot: format!("buy {name}"),
        kind: CallErrorKind::Refused,
        code: "SpentToken".to_owned(),
        message: format!("AWS answered with {arn}, which is gone; give Purchase a new value"),
    };
    let action = Action::Buy { name: name.to_owned(), announced: announced.clone(), repeated: false };
    let _failed = way.attempts.failed(&action, error);
    true
}

fn bought(way: &mut Way, action: &Action, arn: String, found: Option<&Throughput>, now: Timestamp) {
    let Action::Buy { name, announced, .. } = action else { return };
    way.progress.announced.remove(name);
    way.progress.throughputs.entry(arn).or_insert_with(|| Held::bought(name, announced.clone()));
    if let Some(found) = found {
        way.progress.see(found, now);
    }
}

/// Remembers an effect that says nothing but that it was had.
fn remember(way: &mut Way, action: &Action, now: Timestamp) {
    match action {
        Action::Release { arn, .. } => {
            let _name = way.progress.lose(arn, false, now);
        }
        Action::Tag { arn, .. } => {
            let tags = way.stored.record.declared.commitment.tags.clone();
            if let Some(held) = way.progress.throughputs.get_mut(arn) {
                held.tags = tags;
            }
        }
        Action::Forget { .. } => way.standing = Standing::Forgotten,
        Action::Buy { .. } | Action::Route { .. } | Action::Point { .. } | Action::Delete { .. } => {}
    }
}

/// The error for an alias whose turn comes too late: this invocation starts nothing any more, the next tick goes on.
fn out_of_time(alias: &AliasId) -> CallError {
    CallError {
        cannot: format!("route {alias}"),
        kind: CallErrorKind::Busy,
        code: "NoTime".to_owned(),
        message: "the invocation ends; the next tick goes on".to_owned(),
    }
}
