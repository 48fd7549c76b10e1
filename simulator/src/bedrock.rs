//! Provisioned throughput and models: the bedrock control plane.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::account::{Account, Throughput, marks, plus, term_end};
use crate::api::{Call, Refusal, only, page};
use crate::{COMMITMENT_TAG, REGION, Refuses, SpentToken};

/// The earliest that a throughput with a term may be tried to be deleted before its end, by the promises of the function.
const EARLIEST_TRY: SignedDuration = SignedDuration::from_mins(2);

impl Account {
    pub(crate) fn create_throughput(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&[
            "clientRequestToken",
            "commitmentDuration",
            "modelId",
            "modelUnits",
            "provisionedModelName",
            "tags",
        ])?;
        let (name, model) = (call.text("provisionedModelName")?, call.text("modelId")?);
        let units =
            call.body["modelUnits"].as_u64().and_then(|units| u32::try_from(units).ok()).filter(|units| *units > 0);
        let units = units.ok_or_else(|| Refusal::malformed("modelUnits must be at least 1"))?;
        let term = call.body["commitmentDuration"].as_str().map(str::to_owned);
        if term.as_deref().is_some_and(|term| term != "OneMonth" && term != "SixMonths") {
            return Err(Refusal::malformed("commitmentDuration must be OneMonth or SixMonths"));
        }
        let legal = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if name.len() > 63 || !name.split(['-', '_']).all(legal) {
            return Err(Refusal::malformed(format!("provisionedModelName {name} does not match the pattern")));
        }
        let tags = tags_of(&call.body["tags"])?;
        let token = call.body["clientRequestToken"].as_str();
        self.judge_purchase(name, &tags, token);
        if let Some(arn) = token.and_then(|token| self.bought_before(token, &call.body).transpose()) {
            return arn.map(|arn| json!({"provisionedModelArn": arn}));
        }
        if self.living().any(|one| one.name == name) {
            return Err(Refusal::validation(format!("A provisioned model with name {name} already exists")));
        }
        let (model_arn, foundation_model_arn) = self.sold(model)?;
        let owned: u32 = self.living().filter(|one| one.term.is_some() == term.is_some()).map(|one| one.units).sum();
        if owned + units > self.knobs.quota {
            let kind = if term.is_some() { "commitment" } else { "no commitment" };
            let message = format!("Your account does not currently have any {kind} model units reserved for {model}");
            return Err(Refusal::new(400, "ServiceQuotaExceededException", message));
        }
        self.next_number += 1;
        let now = self.now;
        let arn = format!("arn:aws:bedrock:{REGION}:123456789012:provisioned-model/{:012x}", self.next_number);
        self.judge_doubles(name, &model_arn, units, term.as_deref(), &tags);
        self.throughputs.push(Throughput {
            name: name.to_owned(),
            arn: arn.clone(),
            status: "Creating",
            failure: None,
            units,
            model_arn,
            foundation_model_arn,
            expiration: if self.knobs.term_from_service { None } else { term_end(term.as_deref(), now) },
            term,
            tags,
            created: now,
            in_service: None,
            deleted: None,
            left: Some(now),
            ready: plus(now, self.knobs.creation_time),
            doomed: self.doomed_creations.pop_front(),
            unregistered_since: None,
        });
        if let Some(token) = token {
            self.tokens.insert(token.to_owned(), (arn.clone(), call.body.clone(), now));
        }
        Ok(json!({"provisionedModelArn": arn}))
    }

    /// What `token` bought, if it still counts: a repeated request is ignored without an error.
    fn bought_before(&mut self, token: &str, request: &Value) -> Result<Option<String>, Refusal> {
        let Some((arn, first, at)) = self.tokens.get(token) else { return Ok(None) };
        if plus(*at, self.knobs.token_memory) <= self.now {
            return Ok(None);
        }
        if first != request {
            return Err(Refusal::validation("clientRequestToken was used with other parameters"));
        }
        let living = self.find(arn).is_some();
        match (living, self.knobs.spent_token) {
            (true, _) | (false, SpentToken::ReturnsOld) => Ok(Some(arn.clone())),
            (false, SpentToken::BuysAnew) => Ok(None),
        }
    }

    fn judge_purchase(&mut self, name: &str, tags: &BTreeMap<String, String>, token: Option<&str>) {
        if token.is_none_or(str::is_empty) {
            self.violated(format!("{name} is bought without a request token"));
        }
        if marks(tags).is_none() {
            self.violated(format!("{name} is bought without our marks"));
        }
    }

    fn judge_doubles(
        &mut self,
        name: &str,
        model_arn: &str,
        units: u32,
        term: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) {
        let commitment = tags.get(COMMITMENT_TAG);
        let same = |one: &Throughput| {
            // A term is another purchase: what has none is let go once that is in service.
            let alike = one.model_arn == model_arn && one.units == units && one.term.as_deref() == term;
            alike && one.status != "Failed" && one.tags.get(COMMITMENT_TAG) == commitment
        };
        let twice = self.living().any(same);
        if twice {
            self.violated(format!("{name} is bought twice"));
        }
    }

    pub(crate) fn get_throughput(&self, call: &Call) -> Result<Value, Refusal> {
        let found = self.find(call.id(0)).map(|index| &self.throughputs[index]);
        let found = found.filter(|one| plus(one.created, self.knobs.get_lag) <= self.now);
        let found = found.ok_or_else(|| Refusal::not_found(call.id(0)))?;
        let mut described = summary(found);
        described["failureMessage"] = json!(found.failure);
        Ok(described)
    }

    pub(crate) fn list_throughputs(&self, call: &Call) -> Result<Value, Refusal> {
        let part = call.query("nameContains").unwrap_or_default();
        let shown = self.living().filter(|one| one.name.contains(part));
        let shown = shown.filter(|one| plus(one.created, self.knobs.list_lag) <= self.now);
        let all: Vec<Value> = shown.map(summary).collect();
        let (page, next) = page(&all, call.query("nextToken"), self.knobs.page_size)?;
        Ok(json!({"provisionedModelSummaries": page, "nextToken": next}))
    }

    pub(crate) fn delete_throughput(&mut self, call: &Call) -> Result<Value, Refusal> {
        let index = self.find(call.id(0)).ok_or_else(|| Refusal::not_found(call.id(0)))?;
        let one = self.throughputs[index].clone();
        self.judge_deletion(&one);
        match one.status {
            "Updating" => return Err(conflict("The provisioned model is being updated")),
            "Creating" => match self.knobs.delete_while_creating {
                Refuses::No => {}
                Refuses::Conflict => return Err(conflict("The provisioned model is being created")),
                Refuses::Validation => return Err(Refusal::validation("The provisioned model is being created")),
            },
            _ => {}
        }
        if one.expiration.is_some_and(|end| self.now < end) && one.status != "Failed" {
            let message = "The provisioned model cannot be deleted until its commitment term has ended";
            match self.knobs.delete_before_term_end {
                Refuses::No => {}
                Refuses::Conflict => return Err(conflict(message)),
                Refuses::Validation => return Err(Refusal::validation(message)),
            }
        }
        self.throughputs[index].deleted = Some(self.now);
        Ok(json!({}))
    }

    fn judge_deletion(&mut self, one: &Throughput) {
        let name = &one.name;
        if !self.is_ours(one) {
            self.violated(format!("{name} is deleted and not ours"));
        }
        for alias in self.users(one) {
            self.violated(format!("{name} is deleted under the live alias {alias}"));
        }
        let drained = one.left.is_none_or(|left| plus(left, self.knobs.least_drain) <= self.now);
        if one.in_service.is_some() && !drained {
            self.violated(format!("{name} is deleted before its drain is over"));
        }
        let drain = self.knobs.least_drain;
        self.judge_parameters(name, &one.arn, drain);
        if one.expiration.is_some_and(|end| end.duration_since(self.now) > EARLIEST_TRY) && one.status != "Failed" {
            self.violated(format!("{name} is tried to be deleted long before its term ends"));
        }
    }

    fn is_ours(&self, one: &Throughput) -> bool {
        one.marks().is_some_and(|(_, deployment)| deployment == self.knobs.group)
    }

    pub(crate) fn list_tags(&self, call: &Call) -> Result<Value, Refusal> {
        let arn = call.text("resourceARN")?;
        let one = self.find(arn).map(|index| &self.throughputs[index]).ok_or_else(|| Refusal::not_found(arn))?;
        let tags = one.tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
        Ok(json!({"tags": tags.collect::<Vec<_>>()}))
    }

    pub(crate) fn tag(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["resourceARN", "tags"])?;
        let tags = tags_of(&call.body["tags"])?;
        let index = self.tagged(call)?;
        self.throughputs[index].tags.extend(tags);
        Ok(json!({}))
    }

    pub(crate) fn untag(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["resourceARN", "tagKeys"])?;
        let keys = call.body["tagKeys"].as_array().cloned().unwrap_or_default();
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        let arn = call.text("resourceARN")?;
        let bears = |one: &Throughput| keys.iter().any(|key| one.tags.contains_key(*key));
        // What is taken off twice, because the first answer was lost, touches nothing.
        if self.find(arn).is_some_and(|index| !bears(&self.throughputs[index])) {
            return Ok(json!({}));
        }
        let index = self.tagged(call)?;
        for key in keys {
            self.throughputs[index].tags.remove(key);
        }
        Ok(json!({}))
    }

    fn tagged(&mut self, call: &Call) -> Result<usize, Refusal> {
        let arn = call.text("resourceARN")?;
        let index = self.find(arn).ok_or_else(|| Refusal::not_found(arn))?;
        let one = &self.throughputs[index];
        if !self.is_ours(one) {
            let name = one.name.clone();
            self.violated(format!("{name} is tagged and not ours"));
        }
        Ok(index)
    }
}

/// A conflict as bedrock says it: with status 400, unlike bedrock-agent and EventBridge Scheduler.
fn conflict(message: &str) -> Refusal {
    Refusal::new(400, "ConflictException", message)
}

fn summary(one: &Throughput) -> Value {
    let units = if one.status == "Creating" { 0 } else { one.units };
    json!({
        "provisionedModelName": one.name,
        "provisionedModelArn": one.arn,
        "modelArn": one.model_arn,
        "desiredModelArn": one.model_arn,
        "foundationModelArn": one.foundation_model_arn,
        "modelUnits": units,
        "desiredModelUnits": one.units,
        "status": one.status,
        "commitmentDuration": one.term,
        "commitmentExpirationTime": one.expiration.map(|end| end.to_string()),
        "creationTime": one.created.to_string(),
        "lastModifiedTime": one.in_service.unwrap_or(one.created).to_string(),
    })
}

fn tags_of(value: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let tags = value.as_array().cloned().unwrap_or_default();
    let read = tags.iter().map(|tag| {
        only(tag, &["key", "value"])?;
        let pair = tag["key"].as_str().zip(tag["value"].as_str());
        let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Refusal::malformed("a tag needs a key and a value"))
    });
    let read: BTreeMap<_, _> = read.collect::<Result<_, _>>()?;
    if read.len() > 50 { Err(Refusal::validation("at most 50 tags")) } else { Ok(read) }
}
