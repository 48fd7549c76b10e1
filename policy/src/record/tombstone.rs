//! What else does the table hold?
//!
//! The memory of a commitment that is gone, which deployment the table belongs to, and which commitment declares an
//! alias or a parameter.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Dates, Decision, Record};
use crate::commitment::{AliasId, Commitment, ParameterName};

/// How long a tombstone lasts if nothing was spent: longer than an event can be on its way.
const TOMBSTONE_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// What is left of a commitment that is gone: an action or a Create that is delivered late buys nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tombstone {
    /// The newest date of each slot.
    #[serde(default)]
    pub dates: Dates,
    /// The date of the newest request of its stack, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
    /// The answer to that request: if it is delivered once more, it is told the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
    /// The last invocations that carried an action out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<String>,
    /// The values of `Purchase` that were spent. A commitment of the same name inherits them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub spent: BTreeSet<String>,
    /// The id of the write that left it: another one has not been read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub write: String,
    /// When it goes, in seconds since 1970; never if something was spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answered {
    /// The request.
    pub request_id: String,
    /// The answer.
    pub decision: Decision,
}

impl Tombstone {
    /// What is left of `record`, which is forgotten at `now`.
    #[must_use]
    pub fn of(record: &Record, now: Timestamp) -> Self {
        let Record { declared, progress, .. } = record;
        let resource = declared.resource.as_ref();
        let answered = resource.and_then(|resource| {
            let decision = resource.answered.clone()?;
            Some(Answered { request_id: resource.request_id.clone(), decision })
        });
        Self {
            dates: declared.dates,
            newest: resource.map(|resource| resource.newest),
            answered,
            invocations: declared.invocations.clone(),
            spent: progress.spent.clone(),
            write: String::new(),
            expires: None,
        }
        .lasting(now)
    }

    /// The same, with the time at which it goes.
    #[must_use]
    pub fn lasting(mut self, now: Timestamp) -> Self {
        let end = now.saturating_add(TOMBSTONE_LASTS).unwrap_or(Timestamp::MAX);
        self.expires = self.spent.is_empty().then_some(end.as_second());
        self
    }

    /// Whether it still counts at `now`: the table deletes what has expired only within days.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now.as_second() < end)
    }
}

/// Which deployment the table belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deployment {
    /// The deployment's name.
    pub name: String,
    /// The table's own id: a table that was restored is another table.
    pub table_id: String,
    /// The schedule group.
    pub group: String,
    /// Whether something may be registered.
    pub open: bool,
}

/// A target that only one commitment can declare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An alias.
    Alias(AliasId),
    /// A parameter.
    Parameter(ParameterName),
}

impl Target {
    /// The key of the item that says to which commitment it belongs.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Alias(AliasId { agent, alias }) => format!("target/agent-alias/{agent}/{alias}"),
            Self::Parameter(name) => format!("target/parameter/{name}"),
        }
    }

    /// Whether `commitment` declares it.
    #[must_use]
    pub fn is_of(&self, commitment: &Commitment) -> bool {
        match self {
            Self::Alias(id) => commitment.aliases.contains(id),
            Self::Parameter(name) => commitment.parameter.as_ref() == Some(name),
        }
    }
}

impl Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(id) => write!(formatter, "alias {id}"),
            Self::Parameter(name) => write!(formatter, "parameter {name}"),
        }
    }
}
