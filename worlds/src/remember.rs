//! What does an invocation remember of a call?
//!
//! As in `src/rounds/act.rs`: in its own progress, which it writes with its next write.

use jiff::Timestamp;
use policy::observed::{CallError, CallErrorKind, Throughput};
use policy::plan::Action;
use policy::record::{Announced, Held};

use crate::effect::Effect;
use crate::flight::Way;
use crate::look::error;
use crate::time::{Second, instant};

/// How often a target may have moved before a call until that is left to the next tick.
const MOST_MOVED: u8 = 5;

/// Remembers what came of `action`. Returns true if that brought things forward.
pub(crate) fn remember(way: &mut Way, action: &Action, effect: Effect, now: Second) -> bool {
    let at = instant(now);
    match (effect, action) {
        (Effect::Moved | Effect::Changed | Effect::LeaseLost, _) => {
            way.moved += 1;
            return way.moved <= MOST_MOVED;
        }
        (Effect::NotOurs, Action::Delete { arn, .. }) => {
            let _name = way.progress.lose(arn, false, at);
            return true;
        }
        (Effect::NotThere, Action::Delete { arn, .. }) => {
            let held = way.progress.throughputs.get_mut(arn);
            return held.is_some_and(|held| held.missed.replace(held.missed.unwrap_or(at)).is_none());
        }
        (Effect::Spent, Action::Buy { name, announced, .. }) => {
            way.progress.announced.remove(name);
            if announced.term.is_some() {
                let error = error("buy", CallErrorKind::Refused, "SpentToken");
                let action = Action::Buy { name: name.clone(), announced: announced.clone(), repeated: false };
                let _failed = way.attempts.failed(&action, error);
            }
            return true;
        }
        (Effect::Bought(arn, found), Action::Buy { name, announced, .. }) => {
            bought(way, name, announced, arn, found.as_ref(), at);
        }
        (Effect::Deleted, Action::Delete { arn, .. }) => {
            let _name = way.progress.lose(arn, true, at);
        }
        (Effect::Wrote(version), Action::Point { parameter, .. }) => way.attempts.wrote(parameter, version),
        (Effect::Done, Action::Release { arn, .. }) => {
            let _name = way.progress.lose(arn, false, at);
        }
        _ => {}
    }
    way.attempts.succeeded(action);
    if matches!(action, Action::Delete { .. }) {
        way.tries = way.tries.rotate_left(1);
    }
    true
}

fn bought(way: &mut Way, name: &str, announced: &Announced, arn: String, found: Option<&Throughput>, at: Timestamp) {
    way.progress.announced.remove(name);
    way.progress.throughputs.entry(arn).or_insert_with(|| Held::bought(name, announced.clone()));
    if let Some(found) = found {
        way.progress.see(found, at);
    }
}

/// Rule 4: a definite refusal takes the announcement back, unless an earlier call may have bought.
pub(crate) fn take_back(way: &mut Way, action: &Action, error: &CallError) {
    let Action::Buy { name, announced, repeated: false } = action else { return };
    if !error.is_final() {
        return;
    }
    way.progress.announced.remove(name);
    if let Some(purchase) = &announced.purchase {
        way.progress.spent.remove(purchase);
    }
}
