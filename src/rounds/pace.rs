//! How fast may we ask?
//!
//! bedrock-agent takes few calls a second (aws-facts, agent aliases). What would be refused is not sent yet, so that fifty aliases
//! cost the seconds that the limits force, and no call that fails.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::Clock;

/// After so long on a clock of whole seconds, one has surely passed.
const SURELY_A_SECOND: SignedDuration = SignedDuration::from_secs(2);

/// One operation's limit in one invocation.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many a second.
    most: u32,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    since_pause: u32,
    last: Option<Timestamp>,
}

impl Pace {
    /// `most` calls a second.
    pub(super) fn new(most: u32) -> Self {
        Self { most, sent: Mutex::default() }
    }

    /// Waits until one more call may be sent. In turn: whoever came first goes first.
    pub(super) async fn turn(&self, clock: &Clock) {
        let mut sent = self.sent.lock().await;
        let now = (clock.now)();
        if sent.last.is_some_and(|last| now.duration_since(last) >= SURELY_A_SECOND) {
            sent.since_pause = 0;
        }
        if sent.since_pause == self.most {
            (clock.sleep)(Duration::from_secs(1)).await;
            sent.since_pause = 0;
        }
        sent.since_pause += 1;
        sent.last = Some((clock.now)());
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
