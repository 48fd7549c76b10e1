//! `throughput`: see what Throughput Scheduler for Amazon Bedrock will do, before and while it does it.
//!
//! ```text
//! answers ─▶ init ─▶ file                                 a first commitment
//! file ─▶ document ─▶ source ─▶ check                     mistakes on their lines
//!                            ─▶ rehearsal::timeline ─▶ preview   picture, tables, files
//!                            ─▶ explain                   one rule, and what it overrules
//!                            ─▶ ask ─▶ the function       doctor, plan, status, override, …
//! usage ─▶ policy::advise ─▶ advise                       what to declare, and whether it is worth it
//! ```
//!
//! What is shown offline is what the function does: both ask the same library. The clock is read in `main.rs` alone.

pub mod advise;
pub mod arguments;
pub mod ask;
pub mod bill;
pub mod check;
pub mod conflicts;
pub mod doctor;
pub mod document;
pub mod explain;
pub mod files;
pub mod fit;
pub mod function;
pub mod init;
pub mod local;
pub mod manual;
pub mod preview;
pub mod price;
pub mod report;
pub mod source;
pub mod stack;
pub mod status;
pub mod table;
pub mod template;
pub mod terminal;
pub mod values;

use std::io;
use std::process::ExitCode;

use jiff::Timestamp;
use policy::timetable::State;

use crate::arguments::{Arguments, Verb};
use crate::terminal::Terminal;

/// Why it ends otherwise than well.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It was called in a way that cannot be meant, or names a file that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// Mistakes, which were shown.
    #[error("there are mistakes")]
    Told,
    /// The function refuses.
    #[error("{kind}: {message}")]
    Refused {
        /// Its word for why.
        kind: String,
        /// What it says.
        message: String,
    },
    /// The function cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// What was to be printed cannot be.
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// The code that the process ends with.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        match self {
            // Whoever closed the pipe had seen enough.
            Self::Output(_) if self.is_closed_pipe() => ExitCode::SUCCESS,
            Self::Told | Self::Refused { .. } => ExitCode::from(1),
            Self::Usage(_) | Self::Output(_) => ExitCode::from(2),
            Self::Unreachable(_) => ExitCode::from(3),
        }
    }

    /// What mistakes come to that were `shown`: to whom closed the pipe, too.
    #[must_use]
    pub fn told(shown: Result<(), Self>) -> Self {
        shown.err().filter(|failure| !failure.is_closed_pipe()).unwrap_or(Self::Told)
    }

    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// What is still to be said about it.
    #[must_use]
    pub fn unsaid(&self) -> Option<String> {
        match self {
            Self::Told => None,
            Self::Output(_) if self.is_closed_pipe() => None,
            Self::Usage(_) | Self::Refused { .. } | Self::Unreachable(_) | Self::Output(_) => Some(self.to_string()),
        }
    }
}

/// Does what was typed; `now` reads the clock.
///
/// # Errors
/// See [`Failure`].
pub fn run(arguments: &Arguments, terminal: &Terminal, now: fn() -> Timestamp) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Init(wanted) => init::run(wanted, terminal, now()),
        Verb::Preview(wanted) => preview::run(wanted, terminal, now()),
        Verb::Explain(wanted) => explain::run(wanted, terminal, now()),
        Verb::Check(wanted) => check::run(wanted, terminal, now()),
        Verb::Advise(wanted) => advise::run(wanted, terminal, now()),
        Verb::Completions { shell } => manual::completions(*shell, terminal),
        Verb::Man { verb } => manual::page(verb.as_deref(), terminal),
        Verb::Doctor(_)
        | Verb::Plan(_)
        | Verb::Status(_)
        | Verb::History(_)
        | Verb::Override(_)
        | Verb::Resume(_)
        | Verb::ScaleUp(_)
        | Verb::ScaleDown(_)
        | Verb::Apply(_)
        | Verb::Retire(_) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(ask(&arguments.verb, terminal, now))
        }
    }
}

/// The verbs that talk to the function.
async fn ask(verb: &Verb, terminal: &Terminal, now: fn() -> Timestamp) -> Result<(), Failure> {
    match verb {
        Verb::Doctor(wanted) => doctor::run(wanted, terminal, now()).await,
        Verb::Plan(wanted) => ask::plan(wanted, terminal, now()).await,
        Verb::Status(wanted) => status::run(wanted, terminal, now).await,
        Verb::History(wanted) => status::history(wanted, terminal, now()).await,
        Verb::Override(wanted) => ask::override_(wanted, terminal, now()).await,
        Verb::Resume(wanted) => ask::resume(wanted, terminal, now()).await,
        Verb::ScaleUp(wanted) => ask::scale(wanted, State::On, terminal, now()).await,
        Verb::ScaleDown(wanted) => ask::scale(wanted, State::Off, terminal, now()).await,
        Verb::Apply(wanted) => ask::apply(wanted, terminal, now()).await,
        Verb::Retire(wanted) => ask::retire(wanted, terminal, now()).await,
        Verb::Init(_)
        | Verb::Preview(_)
        | Verb::Explain(_)
        | Verb::Check(_)
        | Verb::Advise(_)
        | Verb::Completions { .. }
        | Verb::Man { .. } => Ok(()),
    }
}
