//! What does a round change?
//!
//! One call for each action, side by side; what came of it is remembered.

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use tracing::{debug, info, warn};

use super::{Rounds, Way, ends};
use crate::aws::Purchase;
use policy::commitment::AliasId;
use policy::observed::{COMMITMENT_TAG, CallError, CallErrorKind, GROUP_TAG, Throughput};
use policy::plan::Action;
use policy::record::{Buying, Record, next_token, tags_digest};

/// Most tokens that one purchase goes through.
const MOST_TOKENS: usize = 8;
/// Calls that change something at the same time: `UpdateAgentAlias` takes 2 a second.
const SIDE_BY_SIDE: usize = 4;

/// What came of a round's calls.
pub(super) struct Acted {
    /// Whether a call brought things forward.
    pub(super) progress: bool,
    /// Whether one met something that is under way.
    pub(super) busy: bool,
}

enum Effect {
    Done,
    /// The version that a parameter has now.
    Wrote(i64),
    Bought(Throughput),
    /// What a purchase returned and nobody finds.
    Missing(String),
}

impl Rounds<'_> {
    /// Makes the calls of `todo`.
    pub(super) async fn act(&self, way: &mut Way, todo: &[Action]) -> Acted {
        let Way { record, attempts, .. } = way;
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
        way.registered = registered;
        let mut acted = Acted { progress: false, busy: false };
        for (action, effect) in effects {
            match effect {
                Ok(effect) => {
                    info!(commitment = %name, "{name}: {action}");
                    way.done.push(action.to_string());
                    way.forgotten |= ends(&action);
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
