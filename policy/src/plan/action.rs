//! What is one call to AWS?
//!
//! Every detail is decided here but what AWS would overwrite: that is read again right before the call (docs/policy.md,
//! rule 7).

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::commitment::{AliasId, ParameterName, Term};
use crate::record::Announced;

/// One call to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `CreateProvisionedModelThroughput`, as it was announced in the record.
    Buy {
        /// The throughput's name.
        name: String,
        /// The announcement.
        announced: Announced,
        /// Whether the same announcement has been called before: then a refusal does not say that nothing was bought.
        repeated: bool,
    },
    /// `UpdateAgentAlias`. Its name, description and agent version are sent as they are right before the call.
    Route {
        /// The alias.
        alias: AliasId,
        /// What has to be true right before the call.
        expected: Expected,
        /// Where it goes.
        to: Route,
        /// Whether it rejects invocations there.
        invocations: Invocations,
    },
    /// `PutParameter`.
    Point {
        /// The parameter.
        parameter: ParameterName,
        /// The value that it is to hold.
        value: String,
        /// The value in words, for the log and reports.
        to: String,
        /// The value that it has to hold right before the call; nothing if it has to be missing.
        expected: Option<String>,
    },
    /// `DeleteProvisionedModelThroughput`, after marks and routes were read again.
    Delete {
        /// Its name, for people.
        name: String,
        /// Its ARN.
        arn: String,
        /// A refusal is expected for a while (being created, a term about to end): it is waited out, no failure.
        patient: bool,
        /// Its term ends within two minutes: a look that fails does not hold it back.
        last_chance: bool,
    },
    /// `TagResource` and `UntagResource`: declared tags alone.
    Tag {
        /// The throughput's name, for people.
        name: String,
        /// Its ARN.
        arn: String,
        /// Tags to set.
        set: BTreeMap<String, String>,
        /// Keys to remove.
        remove: Vec<String>,
    },
    /// `UntagResource` of both our marks: it stays, and is nobody's of ours any more.
    Release {
        /// The throughput's name, for people.
        name: String,
        /// Its ARN.
        arn: String,
    },
    /// Deletes schedule and record, and leaves a tombstone.
    Forget {
        /// The commitment.
        name: String,
    },
}

/// What has to be true of an alias right before it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The throughput that it names; nothing for on-demand.
    pub route: Option<String>,
    /// The agent version that it had when the plan was made.
    pub version: String,
    /// Whether that version matters: it was checked that the throughput fits it.
    pub version_matters: bool,
}

/// The place to which an alias sends invocations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To its model, on demand.
    OnDemand,
    /// To a throughput.
    Throughput {
        /// Its name, for people.
        name: String,
        /// Its ARN, for AWS.
        arn: String,
    },
}

impl Route {
    /// The ARN that the alias is to name.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::OnDemand => None,
            Self::Throughput { name: _, arn } => Some(arn),
        }
    }
}

/// What happens to the invocation state of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocations {
    /// It stays as it is right before the call.
    Keep,
    /// It rejects invocations, and that is a change.
    Reject,
    /// It accepts invocations again.
    Accept,
}

impl Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buy { name, announced, repeated: _ } => {
                let units = announced.units;
                let plural = if units == 1 { "" } else { "s" };
                let term = announced.term.map_or("without a term", Term::as_str);
                write!(formatter, "buy {name}: {units} model unit{plural} of {}, {term}", announced.model)
            }
            Self::Route { alias, expected: Expected { version, .. }, to, invocations } => {
                let to = match to {
                    Route::OnDemand => "on-demand",
                    Route::Throughput { name, arn: _ } => name,
                };
                let invocations = match invocations {
                    Invocations::Keep => "",
                    Invocations::Reject => ", rejecting invocations",
                    Invocations::Accept => ", accepting invocations again",
                };
                write!(formatter, "route {alias} version {version} to {to}{invocations}")
            }
            Self::Point { parameter, to, value: _, expected: _ } => write!(formatter, "point {parameter} at {to}"),
            Self::Delete { name, .. } => write!(formatter, "delete {name}"),
            Self::Tag { name, .. } => write!(formatter, "tag {name}"),
            Self::Release { name, arn: _ } => write!(formatter, "release {name}: it stays, without our marks"),
            Self::Forget { name } => write!(formatter, "forget {name}"),
        }
    }
}
