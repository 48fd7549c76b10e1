//! What may stand in a declaration: names, models, aliases, sizes, durations, prices.

use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::is_throughput;
use crate::input::{Mistakes, Object, cut};
use crate::pattern::{from_one_to, none_of};
use crate::timetable::{DurationError, ModelUnits, parse_duration};

/// The JSON types that a text may come as: YAML reads `Name: 2026` as a number, and so does the parser.
pub(super) const SCALAR: [&str; 3] = ["string", "number", "boolean"];
const GEOGRAPHIES: [&str; 12] = ["us", "us-gov", "eu", "ap", "apac", "au", "ca", "jp", "sa", "me", "af", "global"];
const DRAFTS_ALIAS: &str = "TSTALIASID";

/// The name of a commitment: `[0-9A-Za-z](-?[0-9A-Za-z])*`, at most 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Name(String);

/// A name that no commitment can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name; use at most 40 letters, digits and single hyphens between them")]
pub struct NotAName(String);

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words =
            text.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if words && text.len() <= Self::LONGEST { Ok(Self(text.to_owned())) } else { Err(NotAName(cut(text))) }
    }
}

impl Name {
    /// Most characters of a name.
    const LONGEST: usize = 40;

    pub(super) fn schema() -> Value {
        json!({
            "type": SCALAR, "maxLength": Self::LONGEST, "pattern": "^[0-9A-Za-z](?:-?[0-9A-Za-z])*$",
            "patternErrorMessage": "use at most 40 letters, digits and single hyphens between them", "minimum": 0,
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What `CreateProvisionedModelThroughput` takes as its model: an id with context length, an ARN or a custom model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelId(String);

/// A text that names no model, or one that has no provisioned throughput.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAModel {
    /// It has characters that no model id has.
    #[error("`{0}` is not a model id or ARN; use one such as `amazon.nova-lite-v1:0:24k`")]
    Malformed(String),
    /// It is an inference profile.
    #[error("`{0}` is an inference profile, for which no provisioned throughput is sold; use the model's own id")]
    InferenceProfile(String),
    /// It is a throughput that somebody has bought.
    #[error("`{0}` is a provisioned throughput; use the id of the model that it is to be bought for")]
    Throughput(String),
}

impl FromStr for ModelId {
    type Err = NotAModel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        if text.is_empty()
            || text.len() > Self::LONGEST
            || !text.bytes().all(known)
            || text.starts_with([':', '/', '.'])
        {
            return Err(NotAModel::Malformed(cut(text)));
        }
        if is_inference_profile(text) {
            return Err(NotAModel::InferenceProfile(cut(text)));
        }
        if is_throughput(text) {
            return Err(NotAModel::Throughput(cut(text)));
        }
        Ok(Self(text.to_owned()))
    }
}

impl ModelId {
    /// Most characters of an id.
    const LONGEST: usize = 2048;

    pub(super) fn schema() -> Value {
        let profile = format!("^(?:arn:.*inference-profile/|(?:{})\\.[^.]*\\.)", GEOGRAPHIES.join("|"));
        json!({
            "type": SCALAR, "maxLength": Self::LONGEST, "pattern": "^[0-9A-Za-z_-][0-9A-Za-z_.:/-]*$",
            "patternErrorMessage": "use a model id or ARN such as `amazon.nova-lite-v1:0:24k`",
            "allOf": [none_of(
                &json!({"type": "string", "pattern": profile}),
                "no provisioned throughput is sold for an inference profile; use the model's own id",
            ), none_of(
                &json!({"type": "string", "pattern": "^arn:(?:.*:)?provisioned-model/"}),
                "this is a provisioned throughput; use the id of the model that it is to be bought for",
            )],
        })
    }

    /// The id as it was declared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id in the one form in which it is compared. A foundation model's ARN is its id; a custom model's ARN stays.
    #[must_use]
    pub fn canonical(&self) -> &str {
        match self.0.split_once(":foundation-model/") {
            Some((before, id)) if before.starts_with("arn:") => id,
            _ => &self.0,
        }
    }

    /// Whether it is a custom model: one that cannot be invoked on demand. A custom model is named by its ARN or by a
    /// name, which has no provider before a dot.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.0.contains(":custom-model/") || (!self.0.starts_with("arn:") && !self.0.contains('.'))
    }
}

impl Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether `model` is an inference profile: by its ARN, or by the geography before the provider.
#[must_use]
pub fn is_inference_profile(model: &str) -> bool {
    if model.starts_with("arn:") {
        return model.contains("inference-profile/");
    }
    model.split_once('.').is_some_and(|(first, rest)| GEOGRAPHIES.contains(&first) && rest.contains('.'))
}

/// A model id or ARN as two of them are compared: a foundation model's bare id, without its context length.
#[must_use]
pub fn bare_model(model: &str) -> &str {
    let id = model.rsplit_once(":foundation-model/").map_or(model, |(_, id)| id);
    let is_context = |tail: &str| {
        let digits = tail.strip_suffix('k').unwrap_or(tail);
        let long_enough = digits.len() != tail.len() || digits.len() >= 3;
        long_enough && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match id.rsplit_once(':') {
        Some((base, tail)) if !id.starts_with("arn:") && is_context(tail) => base,
        _ => id,
    }
}

/// An alias of an agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AliasId {
    /// The agent: ten letters or digits.
    pub agent: String,
    /// The alias: ten letters or digits.
    pub alias: String,
}

impl AliasId {
    pub(super) const KEYS: &[&str] = &["AgentId", "AgentAliasId"];

    pub(super) fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let object = Object::open(path, value, Self::KEYS, mistakes)?;
        let cure = "give the ten letters and digits that Bedrock shows";
        let agent = object.required("AgentId", cure, mistakes).map(|BedrockId(id)| id);
        let alias = object.required("AgentAliasId", cure, mistakes).map(|BedrockId(id)| id);
        if alias.as_deref() == Some(DRAFTS_ALIAS) {
            mistakes.add(
                object.at("AgentAliasId"),
                "`TSTALIASID` is the draft's alias, which has no version to route; use another alias",
            );
            return None;
        }
        Some(Self { agent: agent?, alias: alias? })
    }

    pub(super) fn to_value(&self) -> Value {
        json!({"AgentId": self.agent, "AgentAliasId": self.alias})
    }
}

impl Display for AliasId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.agent, self.alias)
    }
}

impl From<AliasId> for String {
    fn from(id: AliasId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for AliasId {
    type Error = NotABedrockId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (agent, alias) = text.split_once('/').ok_or_else(|| NotABedrockId(cut(&text)))?;
        let (BedrockId(agent), BedrockId(alias)) = (agent.parse()?, alias.parse()?);
        Ok(Self { agent, alias })
    }
}

pub(super) struct BedrockId(String);

impl BedrockId {
    pub(super) fn schema() -> Value {
        json!({
            "type": ["string", "integer"], "pattern": "^[0-9A-Za-z]{10}$", "minimum": 1_000_000_000,
            "maximum": 9_999_999_999_u64, "patternErrorMessage": "use the ten letters and digits that Bedrock shows",
        })
    }

    /// The schema of one that is not an agent's but an alias's.
    pub(super) fn alias_schema() -> Value {
        let mut schema = Self::schema();
        let message = "this is the draft's alias, which has no version to route; use another alias";
        schema["allOf"] = json!([none_of(&json!({"const": DRAFTS_ALIAS}), message)]);
        schema
    }
}

/// A text that is no id of an agent or an alias.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id; use the ten letters and digits that Bedrock shows")]
pub struct NotABedrockId(String);

impl FromStr for BedrockId {
    type Err = NotABedrockId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotABedrockId(cut(text))) }
    }
}

/// A number of model units, as it is written.
pub struct Units(pub ModelUnits);

impl Units {
    pub(super) fn schema() -> Value {
        whole_number(i32::MAX.unsigned_abs())
    }
}

/// A text that is no number of model units.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of model units; use a whole number from 1")]
pub struct NotUnits(String);

impl FromStr for Units {
    type Err = NotUnits;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // AWS takes a 32-bit signed number.
        let units = text.parse::<ModelUnits>().ok().filter(|units| i32::try_from(units.get()).is_ok());
        units.map(Self).ok_or_else(|| NotUnits(cut(text)))
    }
}

/// A duration, as it is written.
pub struct Lasting(pub SignedDuration);

impl FromStr for Lasting {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_duration(text).map(Self)
    }
}

/// How long `CloudFormation` waits for a custom resource, as it is written, in seconds.
pub struct ServiceTimeout(pub u16);

impl ServiceTimeout {
    const LONGEST: u16 = 3600;

    pub(super) fn schema() -> Value {
        whole_number(u32::from(Self::LONGEST))
    }
}

/// A whole number from 1 to `most`, as a number or as a text.
fn whole_number(most: u32) -> Value {
    json!({
        "type": ["integer", "string"], "minimum": 1, "maximum": most, "pattern": format!("^\\+?{}$", from_one_to(most)),
        "patternErrorMessage": format!("use a whole number from 1 to {most}"),
    })
}

/// A text that is no time to wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of seconds; use a whole number from 1 to 3600")]
pub struct NotATimeout(String);

impl FromStr for ServiceTimeout {
    type Err = NotATimeout;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = text.parse().ok().filter(|seconds| (1..=Self::LONGEST).contains(seconds));
        seconds.map(Self).ok_or_else(|| NotATimeout(cut(text)))
    }
}

/// A price, as it is written.
pub(super) struct Price(pub(super) f64);

impl Price {
    pub(super) fn schema() -> Value {
        json!({
            "type": ["number", "string"], "minimum": 0,
            "pattern": r"^\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?$",
            "patternErrorMessage": "use a number such as 21.18",
        })
    }
}

/// A text that is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a price; use a number such as 21.18")]
pub struct NotAPrice(String);

impl FromStr for Price {
    type Err = NotAPrice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A number of the table holds 38 digits; no price has as many.
        let fits = |price: &f64| *price == 0.0 || (1e-9..=1e12).contains(price);
        let price = text.parse().ok().filter(|price: &f64| price.is_sign_positive() && fits(price));
        price.map(Self).ok_or_else(|| NotAPrice(cut(text)))
    }
}
