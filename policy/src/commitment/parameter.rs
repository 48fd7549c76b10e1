//! What may a parameter be called, and what may it hold?
//!
//! Callers without an agent read the model to invoke from a parameter of Systems Manager (docs/reference.md, "Callers without an agent").

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::values::SCALAR;
use super::{Commitment, WhenOff, bare_model};
use crate::input::cut;
use crate::pattern::{any_case, any_of, none_of};

/// What a parameter holds while nothing may be invoked.
pub const OFF: &str = "off";

/// The name of a parameter, as `PutParameter` takes it: letters, digits and `. - _`, as a path with slashes before each of at most
/// fifteen parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParameterName(String);

/// A text that names no parameter that can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAParameter {
    /// It has characters that no name has, or empty parts.
    #[error(
        "`{0}` is not a parameter's name; use letters, digits and . - _ with a slash before each part, such as `/support/model-id`"
    )]
    Malformed(String),
    /// It has slashes, and none at its beginning.
    #[error("`{0}` is a path without a slash at its beginning; use `/{0}`")]
    Relative(String),
    /// It begins with a word that AWS keeps for itself.
    #[error(
        "`{0}` begins with aws or ssm, which Systems Manager keeps for itself; use another name, such as `/support/model-id`"
    )]
    Reserved(String),
    /// It has too many parts.
    #[error("`{0}` has more than 15 parts; use fewer")]
    Deep(String),
    /// It has too many characters.
    #[error("`{0}` has more than 900 characters; use fewer")]
    Long(String),
}

/// Words that no name begins with, in any letter case.
const RESERVED: [&str; 2] = ["aws", "ssm"];

impl FromStr for ParameterName {
    type Err = NotAParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix('/');
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let parts = || path.unwrap_or(text).split('/');
        if !parts().all(|part| !part.is_empty() && part.bytes().all(known)) {
            return Err(NotAParameter::Malformed(cut(text)));
        }
        if path.is_none() && parts().count() > 1 {
            return Err(NotAParameter::Relative(cut(text)));
        }
        let lower = path.unwrap_or(text).to_ascii_lowercase();
        if RESERVED.iter().any(|word| lower.starts_with(word)) {
            return Err(NotAParameter::Reserved(cut(text)));
        }
        if parts().count() > Self::MOST_PARTS {
            return Err(NotAParameter::Deep(cut(text)));
        }
        if text.len() > Self::LONGEST {
            return Err(NotAParameter::Long(cut(text)));
        }
        Ok(Self(text.to_owned()))
    }
}

impl ParameterName {
    /// Most parts of a path.
    const MOST_PARTS: usize = 15;
    /// Most characters: AWS counts 1011 with the ARN before the name, which differs by Region and partition.
    const LONGEST: usize = 900;

    pub(super) fn schema() -> Value {
        let reserved = any_of(RESERVED.map(any_case));
        let reserved = json!({"type": "string", "pattern": format!("^/?{reserved}")});
        let part = "[0-9A-Za-z._-]+";
        json!({
            "type": SCALAR, "maxLength": Self::LONGEST,
            "pattern": format!("^(?:/{part}(?:/{part}){{0,{}}}|{part})$", Self::MOST_PARTS - 1),
            "patternErrorMessage": "use letters, digits and . - _ with a slash before each part, such as `/support/model-id`",
            "allOf": [none_of(&reserved, "Systems Manager keeps names that begin with aws or ssm for itself")],
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for ParameterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<ParameterName> for String {
    fn from(ParameterName(name): ParameterName) -> Self {
        name
    }
}

impl TryFrom<String> for ParameterName {
    type Error = NotAParameter;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What `Converse` takes as a model without a throughput: an id, an ARN or an inference profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnDemandModelId(pub(super) String);

/// A text that names nothing to invoke on demand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOnDemand {
    /// It has characters that no model id has.
    #[error("`{0}` is not a model id or ARN; use one such as `amazon.nova-lite-v1:0`, or an inference profile")]
    Malformed(String),
    /// It is a throughput.
    #[error("`{0}` is a provisioned throughput; use the model or inference profile to invoke without one")]
    Throughput(String),
    /// It is what a parameter holds while nothing may be invoked.
    #[error("`off` is what a parameter holds when nothing may be invoked; use a model id, or WhenOff: Reject")]
    Off,
}

impl FromStr for OnDemandModelId {
    type Err = NotOnDemand;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        let begins_well = !text.starts_with([':', '/', '.']);
        if text.is_empty() || text.len() > Self::LONGEST || !text.bytes().all(known) || !begins_well {
            return Err(NotOnDemand::Malformed(cut(text)));
        }
        if is_throughput(text) {
            return Err(NotOnDemand::Throughput(cut(text)));
        }
        if text == OFF { Err(NotOnDemand::Off) } else { Ok(Self(text.to_owned())) }
    }
}

impl OnDemandModelId {
    /// Most characters of an id.
    const LONGEST: usize = 2048;

    pub(super) fn schema() -> Value {
        json!({
            "type": SCALAR, "maxLength": Self::LONGEST, "pattern": "^[0-9A-Za-z_-][0-9A-Za-z_.:/-]*$",
            "patternErrorMessage": "use a model id or ARN such as `amazon.nova-lite-v1:0`, or an inference profile",
            "allOf": [
                none_of(
                    &json!({"type": "string", "pattern": "^arn:(?:.*:)?provisioned-model/"}),
                    "this is a provisioned throughput; use the model or inference profile to invoke without one",
                ),
                none_of(&json!({"const": OFF}), "use a model id, or WhenOff: Reject"),
            ],
        })
    }
}

/// Whether `value` is the ARN of a provisioned throughput, whoever's and whether or not there is one.
#[must_use]
pub fn is_throughput(value: &str) -> bool {
    value.starts_with("arn:") && value.contains(":provisioned-model/")
}

impl Commitment {
    /// What to invoke on demand: nothing for a custom model, unless something is declared.
    #[must_use]
    pub fn on_demand(&self) -> Option<String> {
        let default = || (!self.model.is_custom()).then(|| bare_model(self.model.as_str()).to_owned());
        self.on_demand_model.clone().or_else(default)
    }

    /// The parameter and what it is left with, if another declaration does not name it.
    #[must_use]
    pub fn dropped_parameter(&self) -> Option<(ParameterName, String)> {
        Some((self.parameter.clone()?, self.value_without_throughput(true)))
    }

    /// What the parameter holds while there is no throughput, or for good when it is let go: like an alias, on demand then, whatever
    /// `WhenOff` says.
    #[must_use]
    pub fn value_without_throughput(&self, for_good: bool) -> String {
        let rejects = self.when_off == WhenOff::Reject && !for_good;
        self.on_demand().filter(|_| !rejects).unwrap_or_else(|| OFF.to_owned())
    }
}
