//! How far has one invocation come with one commitment?

use jiff::Timestamp;
use policy::plan::Attempts;
use policy::record::{Progress, Record};

use super::Look;
use crate::store::Stored;

/// The state that lasts from one round to the next.
#[derive(Debug)]
pub struct Way {
    /// The record as the table holds it.
    pub stored: Stored,
    /// The record as it was when this invocation began with it.
    pub begun: Record,
    /// The progress with what has been noticed and done since it was written.
    pub progress: Progress,
    /// What was done, in the words of the log.
    pub done: Vec<String>,
    /// How it stands.
    pub standing: Standing,
    /// The last look.
    pub look: Option<Look>,
    pub(super) attempts: Attempts,
    pub(super) started: Timestamp,
    pub(super) moved: usize,
}

/// How an invocation stands to a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It works on it, or may.
    Working,
    /// Another invocation works on it.
    LeftToAnother,
    /// Nothing is left of it but a tombstone.
    Forgotten,
}

impl Way {
    /// The way of `stored`, which has just been read.
    #[must_use]
    pub fn new(stored: Stored, now: Timestamp) -> Self {
        Self {
            begun: stored.record.clone(),
            progress: stored.record.progress.clone(),
            stored,
            done: Vec::new(),
            standing: Standing::Working,
            look: None,
            attempts: Attempts::default(),
            started: now,
            moved: 0,
        }
    }

    /// The record with what has been noticed and done since it was written.
    #[must_use]
    pub fn record(&self) -> Record {
        Record { progress: self.progress.clone(), ..self.stored.record.clone() }
    }

    /// When this invocation began with it.
    #[must_use]
    pub fn begun_at(&self) -> Timestamp {
        self.started
    }

    /// Takes `stored` as what another invocation has written, with the progress that it made.
    pub(super) fn takes_over(&mut self, stored: Stored) {
        self.progress = stored.record.progress.clone();
        self.stored = stored;
    }

    /// Takes `stored` as what the table holds now.
    pub(super) fn holds(&mut self, stored: Stored) {
        self.progress.version = stored.record.progress.version;
        self.stored = stored;
    }
}
