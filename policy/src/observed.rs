//! What is true now, in our words?
//!
//! AWS's report on one commitment's throughputs, aliases and parameter. The calls of a steady tick fill the first part;
//! [`Facts`] are looked up only when the plan asks for them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::commitment::{AliasId, ParameterName, Term, is_throughput};

/// A call to AWS that did not do what it was made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {cannot}: {code}: {message}")]
pub struct CallError {
    /// Finishes the sentence "cannot …".
    pub cannot: String,
    /// The kind of refusal.
    pub kind: CallErrorKind,
    /// The service's own code, or `NoAnswer`.
    pub code: String,
    /// The service's own message.
    pub message: String,
}

/// How a call failed, as far as it matters for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// What it is about does not exist.
    NotFound,
    /// A quota does not allow it.
    Quota,
    /// Something else is under way: worth another try within seconds.
    Busy,
    /// It exists already, or its state does not allow the call now.
    Conflict,
    /// The request is refused as it is.
    Invalid,
    /// Anything else that the service said.
    Refused,
    /// No answer came: the call may or may not have had its effect.
    NoAnswer,
}

impl CallError {
    /// Whether the caller may not do this.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.code.contains("AccessDenied")
    }

    /// Whether the same call may succeed in a while: something is under way, too many calls, or silence.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        !self.is_final()
    }

    /// Whether it is about AWS itself, not about what was asked: too many calls, or no answer.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self.kind, CallErrorKind::NoAnswer | CallErrorKind::Busy) || self.is_throttled()
    }

    fn is_throttled(&self) -> bool {
        self.code.contains("Throttl") || self.code.contains("TooManyRequests")
    }

    /// Whether the same call would be refused again: neither a state that passes, nor too many calls, nor silence.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.kind {
            CallErrorKind::Refused => !self.is_throttled(),
            CallErrorKind::Invalid | CallErrorKind::Quota | CallErrorKind::NotFound => true,
            CallErrorKind::Busy | CallErrorKind::Conflict | CallErrorKind::NoAnswer => false,
        }
    }
}

/// A provisioned throughput.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throughput {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it is doing.
    pub status: ThroughputStatus,
    /// How many model units it was bought with (`desiredModelUnits`; `modelUnits` reads 0 while it is created).
    pub units: u32,
    /// The model that it serves.
    pub model_arn: String,
    /// The base model of that.
    pub foundation_model_arn: String,
    /// The term it was bought for.
    pub term: Option<Term>,
    /// When its term ends.
    pub term_end: Option<Timestamp>,
    /// Why it failed; only `GetProvisionedModelThroughput` says so.
    pub failure: Option<String>,
}

/// `ProvisionedModelStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThroughputStatus {
    /// Being created: 15 to 60 minutes.
    Creating,
    /// It serves.
    InService,
    /// Being changed; it cannot be deleted meanwhile.
    Updating,
    /// It could not be created.
    Failed,
    /// It is known to exist, and List and Get have both missed it: gone needs proof (docs/policy.md, rule 5).
    Unseen,
    /// A word that this release does not know.
    Unknown(String),
}

impl ThroughputStatus {
    /// AWS's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Creating => "Creating",
            Self::InService => "InService",
            Self::Updating => "Updating",
            Self::Failed => "Failed",
            Self::Unseen => "Unseen",
            Self::Unknown(word) => word,
        }
    }
}

/// An agent alias, with all that `UpdateAgentAlias` would overwrite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentAlias {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// What it is doing.
    pub status: AliasStatus,
    /// Why it failed.
    pub failures: Vec<String>,
    /// The agent version that it points at; nothing or `DRAFT` cannot be routed.
    pub version: Option<String>,
    /// The throughput that it names, by ARN or name; nothing for on-demand.
    pub throughput: Option<String>,
    /// Whether it rejects invocations.
    pub rejects: bool,
}

/// `AgentAliasStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AliasStatus {
    /// It serves what it names.
    Prepared,
    /// Being changed; seconds.
    Updating,
    /// Being created; seconds.
    Creating,
    /// The last change failed.
    Failed,
    /// On its way out.
    Deleting,
    /// Any other word, `DISSOCIATED` among them.
    Unknown(String),
}

impl AliasStatus {
    /// AWS's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Prepared => "PREPARED",
            Self::Updating => "UPDATING",
            Self::Creating => "CREATING",
            Self::Failed => "FAILED",
            Self::Deleting => "DELETING",
            Self::Unknown(word) => word,
        }
    }
}

/// A parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What it holds; of a `SecureString` it cannot be read.
    pub value: String,
    /// AWS's word for its type: `String` for what we write.
    pub kind: String,
    /// How often it has been written.
    pub version: i64,
    /// When it was last written.
    pub modified: Option<Timestamp>,
}

/// The type of a parameter that we write.
pub const STRING: &str = "String";

impl Parameter {
    /// Whether it is of another type than we write.
    #[must_use]
    pub fn is_of_another_kind(&self) -> bool {
        self.kind != STRING
    }

    /// Whether whoever reads it is led to the throughput `arn`; one of several values, in a list, is enough.
    #[must_use]
    pub fn names(&self, arn: &str) -> bool {
        self.value.split(',').any(|value| value.trim() == arn)
    }

    /// The throughput that it names, whoever's and whether or not there is one.
    #[must_use]
    pub fn throughput(&self) -> Option<&String> {
        Some(&self.value).filter(|value| is_throughput(value))
    }
}

/// What one round of looking brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The Region that was asked.
    pub region: String,
    /// The throughputs whose name has this commitment's form.
    pub throughputs: Vec<Throughput>,
    /// Why they could not be listed, if they could not: then nothing counts as missed.
    pub list_failed: Option<CallError>,
    /// Each alias that matters; nothing for one that is gone.
    pub aliases: BTreeMap<AliasId, Result<Option<AgentAlias>, CallError>>,
    /// Each parameter that matters; nothing for one that is gone.
    pub parameters: BTreeMap<ParameterName, Result<Option<Parameter>, CallError>>,
    /// What was asked beyond that.
    pub facts: Facts,
}

impl Observed {
    /// Whether the alias `id` was seen prepared on the throughput `arn`.
    #[must_use]
    pub fn is_on(&self, id: &AliasId, arn: &str) -> bool {
        let alias = self.aliases.get(id).and_then(|seen| seen.as_ref().ok()?.as_ref());
        let is_on = |seen: &AgentAlias| seen.status == AliasStatus::Prepared && seen.throughput.as_deref() == Some(arn);
        alias.is_some_and(is_on)
    }

    /// Whether the parameter `name` was seen to name the throughput `arn`.
    #[must_use]
    pub fn is_pointed_at(&self, name: &ParameterName, arn: &str) -> bool {
        let parameter = self.parameters.get(name).and_then(|seen| seen.as_ref().ok()?.as_ref());
        parameter.is_some_and(|seen| !seen.is_of_another_kind() && seen.value == arn)
    }
}

/// What the plan may ask beyond a steady tick's calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// What is the throughput of this ARN or name, if it exists?
    Throughput(String),
    /// Does the throughput of this ARN bear both of our marks?
    Marks(String),
    /// What is the model of this agent version?
    VersionModel {
        /// The agent.
        agent: String,
        /// The version.
        version: String,
    },
    /// Is this foundation model known and sold, and how long does it live?
    Lifecycle(String),
    /// What is the base model of this custom model?
    BaseModel(String),
}

/// The answers to [`Question`]s; one that could not be answered keeps its error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// To [`Question::Throughput`].
    pub throughputs: BTreeMap<String, Result<Option<Throughput>, CallError>>,
    /// To [`Question::Marks`]: whose it is.
    pub marks: BTreeMap<String, Result<Marks, CallError>>,
    /// To [`Question::VersionModel`].
    pub version_models: BTreeMap<(String, String), Result<String, CallError>>,
    /// To [`Question::Lifecycle`].
    pub lifecycles: BTreeMap<String, Result<ModelLifecycle, CallError>>,
    /// To [`Question::BaseModel`].
    pub base_models: BTreeMap<String, Result<String, CallError>>,
}

/// What AWS says about the life of a foundation model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelLifecycle {
    /// Whether it has turned `LEGACY`: it cannot be bought any more.
    pub is_legacy: bool,
    /// When it turns `LEGACY`, if AWS says so.
    pub legacy: Option<Timestamp>,
    /// When it ends, if AWS says so.
    pub end_of_life: Option<Timestamp>,
    /// Whether it is listed with the inference type `PROVISIONED`.
    pub is_provisioned: bool,
}

/// The tags of a throughput that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(pub BTreeMap<String, String>);

/// The tag that names the commitment.
pub const COMMITMENT_TAG: &str = "throughput-scheduler:commitment";
/// The tag that names the deployment.
pub const DEPLOYMENT_TAG: &str = "throughput-scheduler:deployment";

impl Marks {
    /// Whether both marks are those of `commitment` in `deployment`: only then is the throughput ours.
    #[must_use]
    pub fn are(&self, commitment: &str, deployment: &str) -> bool {
        let Self(tags) = self;
        tags.get(COMMITMENT_TAG).is_some_and(|name| name == commitment)
            && tags.get(DEPLOYMENT_TAG).is_some_and(|name| name == deployment)
    }

    /// Whether it bears neither of our marks, whoever's.
    #[must_use]
    pub fn are_none_of_ours(&self) -> bool {
        let Self(tags) = self;
        !tags.contains_key(COMMITMENT_TAG) && !tags.contains_key(DEPLOYMENT_TAG)
    }

    /// Whether each mark that is there is that of `commitment` in `deployment`. One or both may be missing yet.
    #[must_use]
    pub fn may_become(&self, commitment: &str, deployment: &str) -> bool {
        let Self(tags) = self;
        let fits = |key: &str, ours: &str| tags.get(key).is_none_or(|mark| mark == ours);
        fits(COMMITMENT_TAG, commitment) && fits(DEPLOYMENT_TAG, deployment)
    }
}
