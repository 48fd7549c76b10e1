//! Systems Manager Parameter Store, as far as one parameter goes: JSON 1.1, with the operation in a header.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::account::{Account, plus};
use crate::api::{Call, Refusal, only};

/// A parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterView {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: String,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    /// `Standard` or `Advanced`.
    pub tier: String,
    /// Its description.
    pub description: Option<String>,
    /// How often it has been written.
    pub version: i64,
    /// When it was last written.
    pub modified: Timestamp,
    /// Whether what it holds was written over the API: by whoever is watched.
    pub written: bool,
    /// What it held before.
    before: Option<Box<ParameterView>>,
    /// By throughput that it led to because of the one who is watched: until when.
    led_to: BTreeMap<String, Timestamp>,
}

/// Most bytes of a value in the standard tier.
const MOST_BYTES: usize = 4096;
const MEMBERS: [&str; 10] =
    ["AllowedPattern", "DataType", "Description", "KeyId", "Name", "Overwrite", "Policies", "Tags", "Tier", "Type"];

impl Refusal {
    fn parameter(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }
}

fn legal(name: &str) -> Result<(), Refusal> {
    let path = name.strip_prefix('/');
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let parts: Vec<&str> = path.unwrap_or(name).split('/').collect();
    let lower = path.unwrap_or(name).to_lowercase();
    if lower.starts_with("aws") || lower.starts_with("ssm") {
        let message = "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";
        return Err(Refusal::malformed(message));
    }
    if parts.iter().any(|part| part.is_empty() || !part.bytes().all(sign)) || (path.is_none() && parts.len() > 1) {
        let message = "Parameter name: if formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be \
                       formed as a mix of letters, numbers and the following 3 symbols .-_";
        return Err(Refusal::malformed(message));
    }
    if parts.len() > 15 {
        return Err(Refusal { malformed: true, ..Refusal::parameter("HierarchyLevelLimitExceededException", name) });
    }
    Ok(())
}

impl Account {
    pub(crate) fn get_parameter(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["Name", "WithDecryption"])?;
        let name = call.text("Name")?;
        legal(name)?;
        let not_found = || Refusal::parameter("ParameterNotFound", "");
        let now = self.parameters.get(name).ok_or_else(not_found)?;
        let is_late = self.now < plus(now.modified, self.knobs.parameter_lag);
        let seen = if is_late && now.version > 1 { now.before.as_deref() } else { Some(now) };
        let seen = seen.filter(|_| !is_late || now.version > 1).ok_or_else(not_found)?;
        let ParameterView { name, value, kind, version, modified, .. } = seen;
        // Nobody asks for it to be decrypted.
        let value = if kind == "SecureString" { "AQICAHh0ZW5jcnlwdGVk" } else { value.as_str() };
        Ok(json!({"Parameter": {
            "ARN": format!("arn:aws:ssm:{}:123456789012:parameter/{}", crate::REGION, name.trim_start_matches('/')),
            "DataType": "text",
            "LastModifiedDate": modified.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64(),
            "Name": name,
            "Type": kind,
            "Value": value,
            "Version": version,
        }}))
    }

    pub(crate) fn put_parameter(&mut self, call: &Call) -> Result<Value, Refusal> {
        let members = [&MEMBERS[..], &["Value"]].concat();
        only(&call.body, &members)?;
        let (name, value) = (call.text("Name")?.to_owned(), call.text("Value")?.to_owned());
        legal(&name)?;
        let overwrite = call.body["Overwrite"] == true;
        let has_tags = call.body["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
        if overwrite && has_tags {
            let message = "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
                           overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
                           RemoveTagsFromResource.";
            return Err(Refusal::malformed(message));
        }
        if value.is_empty() {
            return Err(Refusal::malformed("Value: length must be at least 1"));
        }
        let text = |key: &str| call.body[key].as_str().map(str::to_owned);
        let (kind, tier) = (text("Type"), text("Tier"));
        if kind.as_deref().is_some_and(|kind| !["String", "StringList", "SecureString"].contains(&kind)) {
            return Err(Refusal::malformed("Type must be String, StringList or SecureString"));
        }
        let known = self.parameters.get(&name).cloned();
        if known.is_some() && !overwrite {
            let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
            return Err(Refusal::parameter("ParameterAlreadyExists", message));
        }
        if let Some(known) = &known
            && kind.as_ref().is_some_and(|kind| *kind != known.kind)
        {
            return Err(Refusal::parameter(
                "HierarchyTypeMismatchException",
                "The type of a parameter cannot be changed",
            ));
        }
        let Some(kind) = known.as_ref().map(|known| known.kind.clone()).or(kind) else {
            return Err(Refusal::malformed("Type is needed to create a parameter"));
        };
        let advanced = known.as_ref().is_some_and(|known| known.tier == "Advanced");
        if advanced && tier.as_deref() == Some("Standard") {
            return Err(Refusal::validation("An advanced parameter can't be made a standard one"));
        }
        let tier = if advanced { "Advanced".to_owned() } else { tier.unwrap_or_else(|| "Standard".to_owned()) };
        if tier == "Standard" && value.len() > MOST_BYTES {
            return Err(Refusal::validation(
                "Standard tier parameters support a maximum parameter value of 4096 characters",
            ));
        }
        if known.as_ref().is_some_and(|known| known.kind != "String") {
            self.violated(format!("{name} is overwritten and no String"));
        }
        let version = self.hold(&name, &value, &kind, true);
        if let Some(view) = self.parameters.get_mut(&name) {
            view.description = text("Description").or(view.description.take());
            view.tier.clone_from(&tier);
        }
        Ok(json!({"Tier": tier, "Version": version}))
    }

    /// Has a parameter hold `value`, as the one who is `watched` or somebody else wants; gives its version.
    pub(crate) fn hold(&mut self, name: &str, value: &str, kind: &str, watched: bool) -> i64 {
        let now = self.now;
        let before = self.parameters.remove(name);
        let mut led_to = before.as_ref().map(|before| before.led_to.clone()).unwrap_or_default();
        if let Some(before) = before.as_ref().filter(|before| before.written) {
            led_to.insert(before.value.clone(), now);
        }
        let version = before.as_ref().map_or(1, |before| before.version + 1);
        let view = ParameterView {
            name: name.to_owned(),
            value: value.to_owned(),
            kind: kind.to_owned(),
            tier: before.as_ref().map_or("Standard", |before| before.tier.as_str()).to_owned(),
            description: before.as_ref().and_then(|before| before.description.clone()),
            version,
            modified: now,
            written: watched,
            before: before.map(|before| Box::new(ParameterView { before: None, ..before })),
            led_to,
        };
        self.parameters.insert(name.to_owned(), view);
        version
    }

    /// Whoever reads a parameter may keep what it held for as long as a drain.
    pub(crate) fn judge_parameters(&mut self, throughput: &str, arn: &str, drain: SignedDuration) {
        let now = self.now;
        let mut broken = Vec::new();
        for view in self.parameters.values() {
            if view.written && view.value == arn {
                broken.push(format!("{throughput} is deleted while parameter {} names it", view.name));
            } else if view.led_to.get(arn).is_some_and(|until| now < plus(*until, drain)) {
                broken.push(format!("{throughput} is deleted before those who read {} have let it go", view.name));
            }
        }
        for what in broken {
            self.violated(what);
        }
    }
}
