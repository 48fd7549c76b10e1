//! What has to be remembered of a custom resource?
//!
//! Whose it is, what `CloudFormation` is owed, and what is left when it has gone (interface.md sections 4 and 6).

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AliasMemory, Lifecycle, Record, is_default};
use crate::commitment::{AliasId, Commitment, ParameterName};
use crate::custom_resource::{Origin, Request, RequestType};

/// What has to be remembered of a custom resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// The date of the newest request: one that is older changes nothing.
    pub newest: Timestamp,
    /// That request.
    pub request_id: String,
    /// Whether its Create, or an Update since, has been answered SUCCESS.
    #[serde(default, skip_serializing_if = "is_default")]
    pub created: bool,
    /// What that request was answered, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Decision>,
    /// What it has taken over from others, so that a rollback finds it where it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Taken>,
}

impl Resource {
    /// Whether `request` is the newest one, and not older or newer.
    #[must_use]
    pub fn is_newest(&self, request: &Request) -> bool {
        self.newest == request.dated && self.request_id == request.origin.request_id
    }
}

/// What only one commitment can declare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// An alias.
    Alias(AliasId),
    /// A parameter.
    Parameter(ParameterName),
}

impl Display for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(id) => write!(formatter, "alias {id}"),
            Self::Parameter(name) => write!(formatter, "parameter {name}"),
        }
    }
}

impl Claim {
    /// The alias that it is, if it is one.
    #[must_use]
    pub fn alias(&self) -> Option<&AliasId> {
        match self {
            Self::Alias(id) => Some(id),
            Self::Parameter(_) => None,
        }
    }

    /// The parameter that it is, if it is one.
    #[must_use]
    pub fn parameter(&self) -> Option<&ParameterName> {
        match self {
            Self::Parameter(name) => Some(name),
            Self::Alias(_) => None,
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

/// What was taken over from another commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Taken {
    /// What it is.
    #[serde(flatten)]
    pub what: Claim,
    /// The commitment that declared it.
    pub from: String,
    /// That one's [`Record::requested`] since then: once it differs, somebody has declared it anew.
    pub requested: Timestamp,
}

/// What is left of a commitment that a Delete has taken away, for a while: its date, so that a Create which comes late buys
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tombstone {
    /// The commitment's name.
    pub name: String,
    /// The date of the newest request.
    pub deleted: Timestamp,
}

/// What a schedule of ours holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    /// A commitment.
    Record(Box<Record>),
    /// What is left of one.
    Tombstone(Tombstone),
}

/// An answer that is owed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Owed {
    /// To whom.
    pub origin: Origin,
    /// For what.
    pub kind: RequestType,
    /// Since when: what failed earlier is not held against it.
    pub since: Timestamp,
    /// When it is given whatever has been reached.
    pub decide_at: Timestamp,
    /// After this nobody listens.
    pub until: Timestamp,
    /// What is put back in force if an Update fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Box<Previous>>,
    /// What is answered, once that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decision>,
}

/// What was in force before an Update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Previous {
    /// The declaration.
    pub commitment: Commitment,
    /// Whether it was only ever scaled by hand.
    #[serde(default)]
    pub by_hand: bool,
    /// Whether it was wanted at all.
    #[serde(default)]
    pub lifecycle: Lifecycle,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// It was carried out.
    Success,
    /// It was not, and why.
    Failed(String),
}

impl Decision {
    /// As `CloudFormation` spells it.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failed(_) => "FAILED",
        }
    }
}

impl Owed {
    /// What `request` is owed, if `previous` was in force before.
    #[must_use]
    pub fn to(request: &Request, previous: Option<Previous>) -> Self {
        Self {
            origin: request.origin.clone(),
            kind: request.kind,
            since: request.since,
            decide_at: request.decide_at,
            until: request.until,
            previous: previous.map(Box::new),
            decided: None,
        }
    }

    /// Whether it is owed to `origin`, and not to another request.
    #[must_use]
    pub fn is_to(&self, origin: &Origin) -> bool {
        self.origin == *origin
    }
}

impl Record {
    /// Decides what is answered to what is owed, and brings the record to where that leaves it: a Create that failed is to
    /// retire, an Update that failed puts the earlier declaration back in force.
    pub fn decide(&mut self, decision: &Decision) {
        let Some(owed) = self.owed.as_mut().filter(|owed| owed.decided.is_none()) else { return };
        owed.decided = Some(decision.clone());
        if *decision == Decision::Success || owed.kind == RequestType::Delete {
            return;
        }
        match owed.previous.take() {
            Some(previous) => {
                let Previous { commitment, by_hand, lifecycle } = *previous;
                self.declare(commitment);
                self.by_hand = by_hand;
                // What was retired meanwhile, or has ended, is not brought back.
                if self.lifecycle == Lifecycle::Active {
                    self.lifecycle = lifecycle;
                }
            }
            None => self.retire(),
        }
    }

    /// Notes that what was decided has been told.
    pub fn answered(&mut self) {
        let Some(Owed { kind, decided, .. }) = self.owed.take() else { return };
        if let Some(resource) = &mut self.resource {
            resource.created |= kind != RequestType::Delete && decided == Some(Decision::Success);
            resource.answered = decided;
        }
    }

    /// Everything in the record that only one commitment can declare, declared or leaving.
    pub fn claims(&self) -> impl Iterator<Item = Claim> {
        let aliases = self.all_aliases().cloned().map(Claim::Alias);
        aliases.chain(self.all_parameters().cloned().map(Claim::Parameter))
    }

    /// Takes what another commitment has `taken` over out of the record; gives what was declared, and what was remembered of each
    /// alias.
    pub fn lose(
        &mut self,
        taken: impl Fn(&Claim) -> bool,
        now: Timestamp,
    ) -> (Vec<Claim>, BTreeMap<AliasId, AliasMemory>) {
        let alias_taken = |id: &AliasId| taken(&Claim::Alias(id.clone()));
        let parameter_taken = |name: &ParameterName| taken(&Claim::Parameter(name.clone()));
        // What was leaving, too: it may still lead to what is ours.
        let all: Vec<Claim> = self.claims().filter(|claim| taken(claim)).collect();
        self.lost.extend(all);
        let aliases = self.commitment.aliases.extract_if(.., |id| alias_taken(id)).map(Claim::Alias);
        let mut declared: Vec<Claim> = aliases.collect();
        declared.extend(self.commitment.parameter.take_if(|name| parameter_taken(name)).map(Claim::Parameter));
        self.leaving.retain(|id| !alias_taken(id));
        self.leaving_parameters.retain(|name, _| !parameter_taken(name));
        self.own_parameters.retain(|name| !parameter_taken(name));
        // Nor do they come back when an Update fails.
        if let Some(previous) = self.owed.as_mut().and_then(|owed| owed.previous.as_mut()) {
            previous.commitment.aliases.retain(|id| !alias_taken(id));
            previous.commitment.parameter.take_if(|name| parameter_taken(name));
        }
        let memories = self.aliases.extract_if(.., |id, _| alias_taken(id)).collect();
        self.requested = self.requested.max(now);
        self.revision = self.revision.saturating_add(1);
        (declared, memories)
    }

    /// Takes over from `memories` which aliases reject because of us.
    pub fn remember_rejecting(&mut self, memories: BTreeMap<AliasId, AliasMemory>) {
        for (id, memory) in memories {
            self.aliases.entry(id).or_default().rejecting |= memory.rejecting;
        }
    }

    /// Takes back what another commitment had taken over, unless something stands in its place by now.
    pub fn regain(&mut self, what: &Claim) {
        match what {
            Claim::Alias(id) => {
                self.commitment.aliases.push(id.clone());
                self.leaving.retain(|left| left != id);
            }
            Claim::Parameter(name) if self.commitment.parameter.is_none() => {
                self.commitment.parameter = Some(name.clone());
                self.leaving_parameters.remove(name);
                self.own_parameters.insert(name.clone());
            }
            Claim::Parameter(_) => {}
        }
        // Where another parameter stands, it stays lost: it may still lead to what is ours.
        self.lost.retain(|claim| claim != what || !claim.is_of(&self.commitment));
        self.revision = self.revision.saturating_add(1);
    }

    /// What was taken over from others and is not used any more: it goes back. What a stack retains stays where it is.
    #[must_use]
    pub fn to_give_back(&self) -> Vec<Taken> {
        let uses = |taken: &&Taken| match self.lifecycle {
            Lifecycle::Active | Lifecycle::Ended => taken.what.is_of(&self.commitment),
            Lifecycle::Retiring => false,
            Lifecycle::Releasing => true,
        };
        let taken = self.resource.iter().flat_map(|resource| &resource.taken);
        taken.filter(|taken| !uses(taken)).cloned().collect()
    }
}
