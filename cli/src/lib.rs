//! `throughput`: see what Throughput Scheduler for Amazon Bedrock will do, before and while it does it.
//!
//! ```text
//! file ─▶ document ─▶ source ─▶ check                     mistakes on their lines
//!                            ─▶ timeline ─▶ preview       picture, tables, files
//!                            ─▶ explain                   one rule, and what it overrules
//!                            ─▶ ask ─▶ the function       plan, status, override, …
//! ```
//!
//! What is shown offline is what the function does: both ask the same library. The clock is read in `main.rs` alone.

pub mod arguments;
pub mod bill;
pub mod check;
pub mod document;
pub mod explain;
pub mod files;
pub mod preview;
pub mod source;
pub mod table;
pub mod template;
pub mod terminal;
pub mod timeline;
pub mod values;

use std::io;
use std::process::ExitCode;

use jiff::Timestamp;

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
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Told | Self::Refused { .. } => ExitCode::from(1),
            Self::Usage(_) | Self::Output(_) => ExitCode::from(2),
            Self::Unreachable(_) => ExitCode::from(3),
        }
    }

    /// What is still to be said about it.
    #[must_use]
    pub fn unsaid(&self) -> Option<String> {
        match self {
            Self::Told => None,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Usage(_) | Self::Refused { .. } | Self::Unreachable(_) | Self::Output(_) => Some(self.to_string()),
        }
    }
}

/// Does what was typed; `now` is the instant that it is.
///
/// # Errors
/// See [`Failure`].
pub fn run(arguments: &Arguments, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Check(check) => check::run(check, terminal),
        Verb::Preview(wanted) => preview::run(wanted, terminal, now),
        Verb::Explain(wanted) => explain::run(wanted, terminal, now),
        _ => Ok(()),
    }
}
