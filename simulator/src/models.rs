//! Which models are there, and which are sold? Foundation models and custom models of bedrock.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::Account;
use crate::api::{Call, Refusal};
use crate::{REGION, Simulator};

/// The context lengths with which a base model is listed; any other is sold too.
const CONTEXTS: [&str; 3] = ["24k", "128k", "300k"];

/// When a base model's life begins, and when the parts of its end do, as far as that is announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelDates {
    /// `startOfLifeTime`
    pub start: Option<Timestamp>,
    /// `legacyTime`
    pub legacy: Option<Timestamp>,
    /// `publicExtendedAccessTime`
    pub extended_access: Option<Timestamp>,
    /// `endOfLifeTime`
    pub end: Option<Timestamp>,
}

/// A base model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    lifecycle: String,
    dates: ModelDates,
    provisioned: bool,
}

impl Default for Model {
    fn default() -> Self {
        Self { lifecycle: "ACTIVE".to_owned(), dates: ModelDates::default(), provisioned: true }
    }
}

/// A custom model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CustomModel {
    name: String,
    base: String,
}

fn arn(id: &str) -> String {
    format!("arn:aws:bedrock:{REGION}::foundation-model/{id}")
}

impl Model {
    fn described(&self, id: &str) -> Value {
        let Self { lifecycle, dates, provisioned: _ } = self;
        let ModelDates { start, legacy, extended_access, end } = dates;
        let time = |at: &Option<Timestamp>| at.map(|at| at.to_string());
        let with_context = id.rsplit_once(':').is_some_and(|(_, context)| context.ends_with('k'));
        json!({
            "modelArn": arn(id),
            "modelId": id,
            "modelName": id.split(['.', ':']).nth(1).unwrap_or(id),
            "providerName": id.split('.').next().unwrap_or(id),
            "inputModalities": ["TEXT"],
            "outputModalities": ["TEXT"],
            "inferenceTypesSupported": [if with_context { "PROVISIONED" } else { "ON_DEMAND" }],
            "modelLifecycle": {
                "status": lifecycle,
                "startOfLifeTime": time(start),
                "legacyTime": time(legacy),
                "publicExtendedAccessTime": time(extended_access),
                "endOfLifeTime": time(end),
            },
        })
    }
}

impl Account {
    /// The base model of `id`, which may end in a context length.
    fn base_of<'a>(&self, id: &'a str) -> Option<(&'a str, &Model)> {
        let with_context = || id.rsplit_once(':').filter(|(_, context)| is_context(context)).map(|(base, _)| base);
        let base = Some(id).filter(|id| self.models.contains_key(*id)).or_else(with_context)?;
        Some((base, self.models.get(base)?))
    }

    /// The ARN of the custom model that `id` names or is the ARN of, and what is known of it.
    fn custom(&self, id: &str) -> Option<(&String, &CustomModel)> {
        self.custom_models.get_key_value(id).or_else(|| self.custom_models.iter().find(|(_, model)| model.name == id))
    }

    /// The ARNs of a model that can be bought, and of its base model.
    pub(crate) fn sold(&self, model: &str) -> Result<(String, String), Refusal> {
        if let Some((custom, CustomModel { base, .. })) = self.custom(model) {
            return Ok((custom.clone(), arn(base)));
        }
        let id = model.rsplit_once(":foundation-model/").map_or(model, |(_, id)| id);
        match self.base_of(id).filter(|(base, model)| *base != id && model.provisioned) {
            Some((base, model)) if model.lifecycle == "ACTIVE" => Ok((arn(id), arn(base))),
            Some(_) => Err(Refusal::validation(format!("The model {id} has reached the end of its sale"))),
            None => Err(Refusal::validation("The provided model identifier is invalid for provisioned throughput")),
        }
    }

    pub(crate) fn get_foundation_model(&self, call: &Call) -> Result<Value, Refusal> {
        let id = call.id(0).rsplit_once(":foundation-model/").map_or(call.id(0), |(_, id)| id);
        let (_, model) = self.base_of(id).ok_or_else(|| Refusal::not_found(id))?;
        Ok(json!({"modelDetails": model.described(id)}))
    }

    pub(crate) fn list_foundation_models(&self, call: &Call) -> Value {
        let wanted = call.query("byInferenceType");
        let mut summaries = Vec::new();
        for (id, model) in &self.models {
            if wanted != Some("PROVISIONED") {
                summaries.push(model.described(id));
            }
            if wanted != Some("ON_DEMAND") && model.provisioned {
                summaries.extend(CONTEXTS.iter().map(|context| model.described(&format!("{id}:{context}"))));
            }
        }
        json!({"modelSummaries": summaries})
    }

    pub(crate) fn get_custom_model(&self, call: &Call) -> Result<Value, Refusal> {
        let (custom, CustomModel { name, base }) =
            self.custom(call.id(0)).ok_or_else(|| Refusal::not_found(call.id(0)))?;
        Ok(json!({
            "modelArn": custom,
            "modelName": name,
            "baseModelArn": arn(base),
            "creationTime": self.now.to_string(),
        }))
    }
}

/// Returns true for a context length, such as `24k` or `512`.
fn is_context(text: &str) -> bool {
    let digits = text.strip_suffix('k').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl Simulator {
    fn change_model(&self, model: &str, change: impl FnOnce(&mut Model)) {
        change(self.shared.account().models.entry(model.to_owned()).or_default());
    }

    /// Sets a base model's lifecycle: `ACTIVE` or `LEGACY`. A model that is not there is added.
    pub fn set_model_lifecycle(&self, model: &str, lifecycle: &str) {
        self.change_model(model, |model| lifecycle.clone_into(&mut model.lifecycle));
    }

    /// Sets the dates of a base model's life, which do nothing by themselves.
    pub fn set_model_dates(&self, model: &str, dates: ModelDates) {
        self.change_model(model, |model| model.dates = dates);
    }

    /// Says whether a base model is sold as provisioned throughput here.
    pub fn sell_model(&self, model: &str, provisioned: bool) {
        self.change_model(model, |model| model.provisioned = provisioned);
    }

    /// A base model is not known in this Region.
    pub fn remove_model(&self, model: &str) {
        self.shared.account().models.remove(model);
    }

    /// A custom model of the base model `base`.
    pub fn add_custom_model(&self, arn: &str, base: &str) {
        self.add_named_custom_model("custom", arn, base);
    }

    /// A custom model of the base model `base`, which can be called by its name too.
    pub fn add_named_custom_model(&self, name: &str, arn: &str, base: &str) {
        let model = CustomModel { name: name.to_owned(), base: base.to_owned() };
        self.shared.account().custom_models.insert(arn.to_owned(), model);
    }
}
