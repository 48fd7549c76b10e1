//! What does a plan wait for?
//!
//! Waiting is a result, neither an error nor a sleep. Seconds are waited for in the invocation, minutes are left to ticks.

use std::fmt::{self, Display};

use jiff::{SignedDuration, Timestamp};

use super::policy::{AGAIN_AT_TERM_END, AWAKE_BEFORE_TERM_END};
use crate::commitment::{AliasId, ParameterName};
use crate::timetable::duration_text;

/// What a plan waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitingOn {
    /// A throughput that is being created or changed.
    InService {
        /// The throughput.
        name: String,
    },
    /// A throughput that List and Get have both missed, to be seen again or proven gone.
    Unseen {
        /// The throughput.
        name: String,
    },
    /// An alias that is being changed.
    Alias {
        /// The alias.
        alias: AliasId,
    },
    /// An alias that failed, until it is tried again.
    AliasRetry {
        /// The alias.
        alias: AliasId,
        /// When.
        at: Timestamp,
    },
    /// A parameter that is read as it was before it was written.
    Parameter {
        /// The parameter.
        parameter: ParameterName,
    },
    /// A parameter that leads to a throughput, or may.
    Named {
        /// The parameter.
        parameter: ParameterName,
        /// The throughput.
        name: String,
    },
    /// An alias that has not left a throughput.
    Leaving {
        /// The alias.
        alias: AliasId,
        /// The throughput.
        name: String,
    },
    /// The drain.
    Drain {
        /// The throughput.
        name: String,
        /// How long it is.
        drain: SignedDuration,
        /// When it is over.
        until: Timestamp,
    },
    /// A throughput whose deletion is refused for now.
    Deletable {
        /// The throughput.
        name: String,
    },
    /// The end of a term.
    TermToEnd {
        /// The throughput.
        name: String,
        /// When it ends; nothing if AWS has not told yet.
        until: Option<Timestamp>,
    },
    /// The next purchase after a failed one.
    BuyAgain {
        /// The throughput.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// The outcome of an announced purchase.
    Purchase {
        /// The throughput.
        name: String,
    },
}

impl Display for WaitingOn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InService { name } => write!(formatter, "for {name} to be in service"),
            Self::Unseen { name } => write!(formatter, "for {name} to be seen again, or to be proven gone"),
            Self::Alias { alias } => write!(formatter, "for {alias} to settle"),
            Self::AliasRetry { alias, at } => write!(formatter, "to try {alias} again at {at}"),
            Self::Leaving { alias, name } => write!(formatter, "for {alias} to leave {name}"),
            Self::Parameter { parameter } => write!(formatter, "for {parameter} to show what was written"),
            Self::Named { parameter, name } => write!(formatter, "for {parameter} to be seen pointed away from {name}"),
            Self::Drain { name, drain, until } => {
                write!(formatter, "for the last alias to have left {name} for {}, until {until}", duration_text(*drain))
            }
            Self::Deletable { name } => write!(formatter, "for {name} to let itself be deleted"),
            Self::TermToEnd { name, until: Some(until) } => {
                write!(formatter, "for the term of {name} to end at {until}")
            }
            Self::TermToEnd { name, until: None } => {
                write!(formatter, "for the term of {name} to end, which AWS has not dated yet")
            }
            Self::BuyAgain { name, at } => write!(formatter, "to buy {name} again at {at}"),
            Self::Purchase { name } => write!(formatter, "for the outcome of the purchase of {name}"),
        }
    }
}

impl WaitingOn {
    /// How long to stay awake for it, if it is a matter of seconds: minutes are left to ticks.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> Option<SignedDuration> {
        let short =
            |until: &Timestamp| Some(until.duration_since(now)).filter(|left| *left <= SignedDuration::from_secs(5));
        match self {
            Self::Alias { .. } | Self::Parameter { .. } => Some(SignedDuration::from_secs(1)),
            Self::Drain { until, .. } => short(until),
            Self::TermToEnd { until: Some(until), .. } => {
                let left = until.duration_since(now);
                (left <= AWAKE_BEFORE_TERM_END).then_some(AGAIN_AT_TERM_END)
            }
            Self::InService { .. }
            | Self::Unseen { .. }
            | Self::TermToEnd { until: None, .. }
            | Self::AliasRetry { .. }
            | Self::Leaving { .. }
            | Self::Named { .. }
            | Self::Deletable { .. }
            | Self::BuyAgain { .. }
            | Self::Purchase { .. } => None,
        }
    }

    /// Whether it is about an alias or a parameter that is not where it should be.
    #[must_use]
    pub fn is_for_a_target(&self) -> bool {
        match self {
            Self::Alias { .. } | Self::AliasRetry { .. } | Self::Parameter { .. } => true,
            Self::InService { .. }
            | Self::Unseen { .. }
            | Self::Named { .. }
            | Self::Leaving { .. }
            | Self::Drain { .. }
            | Self::Deletable { .. }
            | Self::TermToEnd { .. }
            | Self::BuyAgain { .. }
            | Self::Purchase { .. } => false,
        }
    }

    /// Whether it is near the end of a term: a tick stays awake for it as long as it may.
    #[must_use]
    pub fn is_for_a_term(&self) -> bool {
        matches!(self, Self::TermToEnd { .. })
    }
}
