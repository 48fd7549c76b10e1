//! What has to be remembered of a custom resource?
//!
//! Whose it is, and what `CloudFormation` is owed (docs/reference.md, "The custom resource").

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Declared, Lifecycle, is_default};
use crate::commitment::Commitment;
use crate::custom_resource::{Origin, Request, RequestType};

/// What has to be remembered of a custom resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// The stack's ARN.
    pub stack_id: String,
    /// The resource's name in its template.
    pub logical_resource_id: String,
    /// The date of the newest request: one that is older changes nothing.
    pub newest: Timestamp,
    /// The request that is answered.
    pub request_id: String,
    /// Whether its Create, or an Update since, has been answered SUCCESS.
    #[serde(default, skip_serializing_if = "is_default")]
    pub created: bool,
    /// The answer to that request, once it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Decision>,
}

impl Resource {
    /// Whether `request` is the request that was registered last.
    #[must_use]
    pub fn is_newest(&self, request: &Request) -> bool {
        self.newest == request.dated && self.request_id == request.origin.request_id
    }

    /// Whether `origin` is this resource. Derived names of two stacks may be equal.
    #[must_use]
    pub fn is_of(&self, origin: &Origin) -> bool {
        self.stack_id == origin.stack_id && self.logical_resource_id == origin.logical_resource_id
    }
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
    /// The answer that `request` is owed, if `previous` was in force before.
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
}

impl Declared {
    /// Decides what is answered to what is owed, and brings the declaration to where that leaves it. A Create that failed
    /// is to retire, an Update that failed puts the earlier declaration back in force.
    pub fn decide(&mut self, decision: &Decision) {
        let Some(owed) = self.owed.last_mut().filter(|owed| owed.decided.is_none()) else { return };
        owed.decided = Some(decision.clone());
        let (kind, previous) = (owed.kind, owed.previous.take());
        if let Some(resource) = &mut self.resource {
            resource.created |= kind != RequestType::Delete && *decision == Decision::Success;
            resource.answered = Some(decision.clone());
        }
        if *decision == Decision::Success || kind == RequestType::Delete {
            return;
        }
        match previous {
            // A commitment that was retired meanwhile is not brought back.
            Some(previous) if self.lifecycle == Lifecycle::Active => {
                let Previous { commitment, by_hand } = *previous;
                self.declare(commitment);
                self.by_hand = by_hand;
            }
            Some(_) => {}
            None => self.retire(),
        }
    }

    /// Decides FAILED for the answer that is owed to an older request, which a newer one overtakes. What is declared is the
    /// newer one's to say.
    pub fn overtake(&mut self) {
        if let Some(owed) = self.owed.last_mut().filter(|owed| owed.decided.is_none()) {
            owed.decided = Some(Decision::Failed("a newer request has overtaken it".to_owned()));
        }
    }
}
