//! Does this invocation still hold the lease?
//!
//! A round of many aliases takes longer than a lease lasts, so the lease is extended on the way.

use jiff::{SignedDuration, Timestamp};
use policy::observed::{CallError, CallErrorKind};
use tokio::sync::Mutex;

use super::Rounds;
use crate::store::{LeaseChange, Stored, Write, Written};

/// How often the lease is extended: it lasts three times as long, so that clocks may differ by thirty seconds.
const EXTEND_EVERY: SignedDuration = SignedDuration::from_secs(15);

/// The lease during one round's calls.
pub(super) struct Tenure {
    state: Mutex<State>,
}

struct State {
    stored: Stored,
    /// Whether there is a lease to lose: in a term's last minutes some calls are made without one.
    is_held: bool,
    extended: Timestamp,
    lost: bool,
}

impl Tenure {
    /// The lease of `stored`, if it `is_held`; it was taken or extended at `now`.
    pub(super) fn new(stored: Stored, is_held: bool, now: Timestamp) -> Self {
        Self { state: Mutex::new(State { stored, is_held, extended: now, lost: false }) }
    }

    /// The record as the table holds it.
    pub(super) async fn stored(&self) -> Stored {
        self.state.lock().await.stored.clone()
    }

    /// The record as the table holds it, and whether the lease was lost.
    pub(super) fn end(self) -> (Stored, bool) {
        let State { stored, lost, .. } = self.state.into_inner();
        (stored, lost)
    }
}

impl Rounds<'_> {
    /// Extends the lease if it is time to, before a call of `cannot`.
    ///
    /// # Errors
    /// The lease is lost, or nobody knows: then nothing may be changed any more.
    pub(super) async fn still_holds(&self, tenure: &Tenure, cannot: &str) -> Result<(), CallError> {
        let mut state = tenure.state.lock().await;
        let lost = || CallError {
            cannot: cannot.to_owned(),
            kind: CallErrorKind::Busy,
            code: "LeaseLost".to_owned(),
            message: "another invocation works on it now".to_owned(),
        };
        if state.lost {
            return Err(lost());
        }
        let now = self.now();
        if !state.is_held || now.duration_since(state.extended) < EXTEND_EVERY {
            return Ok(());
        }
        let write = Write {
            before: &state.stored,
            holder: &self.holder,
            now,
            lease: LeaseChange::Extend,
            declared: None,
            progress: state.stored.record.progress.clone(),
            free: Vec::new(),
            buys: None,
        };
        match Box::pin(self.store.write(write)).await {
            Ok((Written::Done, stored)) => {
                state.stored = stored;
                state.extended = now;
                Ok(())
            }
            Ok(_) => {
                state.lost = true;
                Err(lost())
            }
            Err(error) => Err(error),
        }
    }
}
