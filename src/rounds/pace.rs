//! How fast may we ask?
//!
//! bedrock-agent takes few calls a second (aws-facts, agent aliases). What would be refused is not sent yet, so that fifty aliases
//! cost the seconds that the limits force, and no call that fails.

use std::collections::VecDeque;
use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use policy::observed::CallError;
use tokio::sync::Mutex;

use super::Clock;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// One operation's limit in one invocation.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many a second.
    most: usize,
    /// When the last of them were let go: at most as many as a second takes.
    turns: Mutex<VecDeque<Timestamp>>,
}

impl Pace {
    /// `most` calls a second.
    pub(super) fn new(most: usize) -> Self {
        Self { most, turns: Mutex::default() }
    }

    /// Waits until one more call may be sent. In turn: whoever came first goes first.
    pub(super) async fn turn(&self, clock: &Clock) {
        let nothing = std::future::ready(Ok(()));
        let _always: Result<(), CallError> = self.turn_after(clock, nothing).await;
    }

    /// As [`Pace::turn`], but runs `before` first. Its time counts as part of the wait.
    ///
    /// # Errors
    /// Those of `before`: then no turn is taken.
    pub(super) async fn turn_after(
        &self,
        clock: &Clock,
        before: impl Future<Output = Result<(), CallError>>,
    ) -> Result<(), CallError> {
        let mut turns = self.turns.lock().await;
        before.await?;
        if turns.len() == self.most
            && let Some(earliest) = turns.pop_front()
        {
            let left = SECOND.saturating_sub((clock.now)().duration_since(earliest)).min(SECOND);
            if left.is_positive() {
                (clock.sleep)(left.unsigned_abs()).await;
            }
        }
        turns.push_back((clock.now)());
        Ok(())
    }
}

/// The limits of bedrock-agent that many aliases meet.
#[derive(Debug)]
pub(super) struct Paces {
    /// `UpdateAgentAlias`.
    pub(super) updates: Pace,
    /// `GetAgentAlias`, beside the one before each `UpdateAgentAlias`, which keeps that one's pace.
    pub(super) looks: Pace,
    /// `GetAgentVersion`.
    pub(super) versions: Pace,
}

impl Default for Paces {
    fn default() -> Self {
        Self { updates: Pace::new(2), looks: Pace::new(8), versions: Pace::new(10) }
    }
}
