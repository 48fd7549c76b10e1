//! How far has an invocation come?
//!
//! The steps of `src/rounds` and `src/handler`, one at a time: between any two of them others may act, and it may die.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use policy::admission::Change;
use policy::observed::Observed;
use policy::plan::{Attempts, Plan};
use policy::record::{Decision, Progress, Record, Tombstone};

use crate::time::Second;

/// An invocation on its way.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    /// The holder of its leases.
    pub(crate) serial: u16,
    /// The commitment that it works on.
    pub(crate) commitment: u8,
    /// The event that it carries out; nothing for a tick.
    pub(crate) event: Option<u8>,
    /// Its next step.
    pub(crate) phase: Phase,
    /// What it knows, once it has read the record.
    pub(crate) way: Option<Arc<Way>>,
}

/// What an invocation knows and has tried.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// The record as the table holds it, as far as it knows.
    pub(crate) stored: Arc<Record>,
    /// The progress with what was noticed and done since.
    pub(crate) progress: Progress,
    /// What had been refused for a while when it began.
    pub(crate) begun_busy: BTreeMap<String, Timestamp>,
    /// What it has tried.
    pub(crate) attempts: Attempts,
    /// The same as a number: attempts cannot be compared.
    pub(crate) tries: u64,
    /// When it began.
    pub(crate) started: Second,
    /// How often things had moved before a call.
    pub(crate) moved: u8,
    /// Turns that it has made.
    pub(crate) turns: u8,
    /// What the last look met: problems and failed calls.
    pub(crate) problems: Vec<String>,
}

/// The next step of an invocation.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    /// Reads what is registered; an event is admitted against it.
    Read,
    /// Registers what was admitted.
    Register {
        /// The record against which it was admitted.
        before: Option<Arc<Record>>,
        /// What was left of an earlier one then.
        left: Option<Arc<Tombstone>>,
        /// What is registered.
        change: Arc<Change>,
    },
    /// Remembers a Delete of something that is not there, and answers it.
    Bury,
    /// Answers a request that was not registered.
    Answer(Decision),
    /// Looks and plans; reads the record again if it is not fresh.
    Look {
        /// Whether it is read again.
        read: bool,
    },
    /// Writes what was planned.
    Announce(Arc<Acting>),
    /// Makes the plan's calls.
    Act(Arc<Acting>),
    /// Lets time pass.
    Sleep {
        /// Until then.
        until: Second,
    },
    /// Writes what is answered.
    Settle {
        /// The verdict.
        decision: Decision,
        /// Whether the commitment is forgotten once that is told.
        forget: bool,
    },
    /// Takes the lease, to tell an answer.
    Lease(Then),
    /// Tells the oldest answer.
    Tell(Then),
    /// Strikes the answer that was told.
    Strike(Then),
    /// Forgets the commitment.
    Forget,
    /// Writes what was noticed, and gives the lease up.
    End,
}

/// Calls that are being made.
#[derive(Debug, Clone)]
pub(crate) struct Acting {
    /// What was planned.
    pub(crate) plan: Arc<Plan>,
    /// From what was seen.
    pub(crate) observed: Arc<Observed>,
    /// When.
    pub(crate) at: Second,
    /// When the lease was last written.
    pub(crate) extended: Second,
    /// The calls that are done, one bit each.
    pub(crate) done: u32,
    /// Whether a call brought things forward.
    pub(crate) progress: bool,
    /// Whether one met something that is under way.
    pub(crate) busy: bool,
    /// Whether the record holds the plan: in a term's last minutes it need not.
    pub(crate) written: bool,
}

/// How it goes on after an answer was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// With rounds.
    Run,
    /// It ends.
    Over,
    /// The commitment is forgotten.
    Forget,
}

impl Flight {
    /// As the lease names it.
    pub(crate) fn holder(&self) -> String {
        format!("i{}", self.serial)
    }
}

impl Way {
    /// The way of an invocation that has just read `stored`.
    pub(crate) fn new(stored: Arc<Record>, now: Second) -> Self {
        Self {
            progress: stored.progress.clone(),
            begun_busy: stored.progress.busy.clone(),
            stored,
            attempts: Attempts::default(),
            tries: 0,
            started: now,
            moved: 0,
            turns: 0,
            problems: Vec::new(),
        }
    }

    /// The record with what was noticed and done since it was written.
    pub(crate) fn record(&self) -> Record {
        let Record { format, declared, progress: _, lease } = &*self.stored;
        Record { format: *format, declared: declared.clone(), progress: self.progress.clone(), lease: lease.clone() }
    }

    /// Takes `stored` as what another invocation has written, with the progress that it made.
    pub(crate) fn takes_over(&mut self, stored: Arc<Record>) {
        self.progress = stored.progress.clone();
        self.stored = stored;
    }

    /// Takes `stored` as what the table holds now.
    pub(crate) fn holds(&mut self, stored: Arc<Record>) {
        self.progress.version = stored.progress.version;
        self.stored = stored;
    }
}
