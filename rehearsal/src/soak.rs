//! What breaks in weeks of everything going wrong?
//!
//! A long run: the real handler and the real SDK clients against the simulator, several commitments, and people, stacks, faults and
//! meddling by chance. All of it follows from one number, so that what broke can be had again. No sockets, no threads, no
//! sleeping: time is the simulator's.

mod books;
mod declared;
mod dice;
mod meddling;
mod oracle;
mod people;
mod run;
mod stacks;
mod watch;
mod wire;

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

pub use books::Ledger;
pub use dice::Counts;

/// The custom model that some declare; its base is the agents' model.
pub(crate) const CUSTOM_MODEL: &str =
    "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl";

/// What came of a run in which nothing broke.
#[derive(Debug, Clone)]
pub struct Told {
    /// How often what happened.
    pub counts: Counts,
    /// A digest of every call that was made, in order.
    pub digest: String,
    /// How many calls that were.
    pub calls: u64,
    /// Invocations.
    pub invocations: u64,
    /// What was paid for.
    pub ledger: Ledger,
    /// The unit-hours that were billed for all that; at most the bound of the ledger.
    pub billed: f64,
    /// Requests of `CloudFormation` that nobody could answer: each delivery of them died, or no tick came before their end.
    pub unanswerable: u64,
}

/// What broke, and how it came to that.
#[derive(Debug, Clone)]
pub struct Broken {
    /// When, in the run's time.
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// What happened just before.
    pub last: Vec<String>,
}

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Hears of panics, also of those that the function answers for: none may happen.
pub fn hear_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
    }));
}

fn panics() -> Vec<String> {
    std::mem::take(&mut PANICS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Plays `weeks` from `seed`. The SDK's own jitter and retry quota count, too: the same again only in a new process.
///
/// # Errors
/// Something broke.
pub fn play(seed: u64, weeks: f64) -> Result<Told, Box<Broken>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let broken = |what: String| Box::new(Broken { at: Timestamp::UNIX_EPOCH, what, last: Vec::new() });
    runtime.map_err(|error| broken(error.to_string()))?.block_on(async {
        fastrand::seed(seed);
        let mut run = run::Run::new(seed).await;
        let told = run.weeks(weeks).await;
        told.map_err(|what| {
            let at = run.wire.sim.now();
            let _said = run.wire.sim.take_violations();
            Box::new(Broken { at, what, last: run.wire.last_events() })
        })
    })
}
