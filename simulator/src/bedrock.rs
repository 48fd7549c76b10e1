//! Provisioned throughput and models: the bedrock control plane.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::{Account, Throughput, plus, term_end};
use crate::api::{Call, Refusal, page};
use crate::tags::tags_of;
use crate::visibility::Read;
use crate::{COMMITMENT_TAG, REGION, Refuses, SpentToken};

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
        legal_name(name)?;
        let tags = tags_of(&call.body["tags"])?;
        let token = call.body["clientRequestToken"].as_str();
        self.judge_purchase(name, &tags, token);
        if let Some(arn) = token.and_then(|token| self.bought_before(token, &call.body).transpose()) {
            return arn.map(|arn| json!({"provisionedModelArn": arn}));
        }
        if self.knobs.names_unique && self.living().any(|one| one.name == name) {
            return Err(Refusal::validation(format!("A provisioned model with name {name} already exists")));
        }
        let (model_arn, foundation_model_arn) = self.sold(model)?;
        let beyond = self.beyond_quota(model, &foundation_model_arn, units, term.is_some());
        if let Some(message) = beyond.as_ref().filter(|_| !self.knobs.quota_fails_late) {
            return Err(Refusal::new(400, "ServiceQuotaExceededException", message));
        }
        self.next_number += 1;
        let now = self.now;
        let arn = format!("arn:aws:bedrock:{REGION}:123456789012:provisioned-model/{:012x}", self.next_number);
        self.judge_doubles(name, &model_arn, units, term.as_deref(), &tags);
        if term.is_some() {
            self.judge_term(name, &tags);
        }
        let doomed = beyond.or_else(|| self.doomed_creations.pop_front());
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
            bought_for: tags.get(COMMITMENT_TAG).cloned(),
            tags,
            created: now,
            in_service: None,
            deleted: None,
            left: Some(now),
            ready: plus(now, self.knobs.creation_time),
            doomed,
            unregistered_since: None,
            desired_model_arn: None,
            updated: None,
            tags_before: BTreeMap::new(),
            tags_changed: None,
        });
        if let Some(token) = token {
            self.tokens.insert(token.to_owned(), (arn.clone(), call.body.clone(), now));
        }
        Ok(json!({"provisionedModelArn": arn}))
    }

    /// Why `units` more of a model are beyond the quota, if they are.
    fn beyond_quota(&self, model: &str, base: &str, units: u32, with_term: bool) -> Option<String> {
        let alike = || self.living().filter(|one| one.term.is_some() == with_term);
        let all: u32 = alike().map(|one| one.units).sum();
        let of_model: u32 = alike().filter(|one| one.foundation_model_arn == base).map(|one| one.units).sum();
        let own = self.knobs.quotas.iter().find(|quota| quota.with_term == with_term && base.ends_with(&quota.model));
        let beyond = all + units > self.knobs.quota || own.is_some_and(|quota| of_model + units > quota.units);
        let kind = if with_term { "commitment" } else { "no commitment" };
        beyond.then(|| format!("Your account does not currently have any {kind} model units reserved for {model}"))
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

    pub(crate) fn get_throughput(&self, call: &Call) -> Result<Value, Refusal> {
        let found = self.shown(call.id(0), Read::Get).ok_or_else(|| Refusal::not_found(call.id(0)))?;
        let mut described = self.summary(found);
        described["failureMessage"] = json!(found.failure);
        Ok(described)
    }

    pub(crate) fn list_throughputs(&self, call: &Call) -> Result<Value, Refusal> {
        let part = call.query("nameContains").unwrap_or_default();
        let shown = self.throughputs.iter().filter(|one| one.name.contains(part) && self.shows(one, Read::List));
        let all: Vec<Value> = shown.map(|one| self.summary(one)).collect();
        let (page, next) = page(&all, call.query("nextToken"), self.knobs.page_size)?;
        Ok(json!({"provisionedModelSummaries": page, "nextToken": next}))
    }

    pub(crate) fn delete_throughput(&mut self, call: &Call) -> Result<Value, Refusal> {
        let index = self.find(call.id(0)).ok_or_else(|| Refusal::not_found(call.id(0)))?;
        let one = self.throughputs[index].clone();
        self.judge_deletion(&one);
        match one.status {
            "Updating" => return Err(conflict("The provisioned model is being updated")),
            "Creating" => match self
                .knobs
                .delete_creating_term
                .filter(|_| one.term.is_some())
                .unwrap_or(self.knobs.delete_while_creating)
            {
                Refuses::No => {}
                Refuses::Conflict => return Err(conflict("The provisioned model is being created")),
                Refuses::Validation => return Err(Refusal::validation("The provisioned model is being created")),
            },
            _ => {}
        }
        let freely = one.status == "Creating" && self.knobs.delete_creating_term == Some(Refuses::No);
        let holds = one.status != "Failed" || self.knobs.failed_holds_term;
        if one.expiration.is_some_and(|end| self.now < end) && holds && !freely {
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

    /// `UpdateProvisionedModelThroughput`: another name at once, another custom model of the same
    /// base after a while.
    pub(crate) fn update_throughput(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["desiredModelId", "desiredProvisionedModelName"])?;
        let index = self.find(call.id(0)).ok_or_else(|| Refusal::not_found(call.id(0)))?;
        let one = self.throughputs[index].clone();
        if one.status != "InService" {
            return Err(Refusal::validation(format!("The provisioned model is {}", one.status)));
        }
        if let Some(name) = call.body["desiredProvisionedModelName"].as_str() {
            legal_name(name)?;
            if self.knobs.names_unique && self.living().any(|other| other.name == name && other.arn != one.arn) {
                return Err(Refusal::validation(format!("A provisioned model with name {name} already exists")));
            }
            name.clone_into(&mut self.throughputs[index].name);
        }
        if let Some(model) = call.body["desiredModelId"].as_str() {
            let (model_arn, base) = self.sold(model)?;
            if base != one.foundation_model_arn || !model_arn.contains(":custom-model/") {
                return Err(Refusal::validation("The desired model must be a custom model of the same base model"));
            }
            self.swap(index, model_arn);
        }
        Ok(json!({}))
    }

    pub(crate) fn swap(&mut self, index: usize, model_arn: String) {
        let until = plus(self.now, self.knobs.update_time);
        let one = &mut self.throughputs[index];
        one.status = "Updating";
        one.desired_model_arn = Some(model_arn);
        one.updated = Some(until);
    }

    fn summary(&self, one: &Throughput) -> Value {
        let units = if one.status == "Creating" { 0 } else { one.units };
        json!({
            "provisionedModelName": one.name,
            "provisionedModelArn": one.arn,
            "modelArn": one.model_arn,
            "desiredModelArn": one.desired_model_arn.as_ref().unwrap_or(&one.model_arn),
            "foundationModelArn": one.foundation_model_arn,
            "modelUnits": units,
            "desiredModelUnits": one.units,
            "status": one.status,
            "commitmentDuration": one.term,
            "commitmentExpirationTime": self.told_end(one).map(|end| end.to_string()),
            "creationTime": one.created.to_string(),
            "lastModifiedTime": one.in_service.unwrap_or(one.created).to_string(),
        })
    }

    /// The end of a term as reads tell it: late, and perhaps wrong at first.
    fn told_end(&self, one: &Throughput) -> Option<Timestamp> {
        let since = one.in_service.unwrap_or(one.created);
        if self.now < plus(since, self.knobs.term_end_told_after) {
            return None;
        }
        let wrong = self.knobs.term_end_wrong_by.filter(|_| self.now < plus(since, self.knobs.term_end_right_after));
        one.expiration.map(|end| wrong.map_or(end, |wrong| plus(end, wrong)))
    }
}

/// A conflict as bedrock says it: with status 400, unlike bedrock-agent and EventBridge Scheduler.
fn conflict(message: &str) -> Refusal {
    Refusal::new(400, "ConflictException", message)
}

fn legal_name(name: &str) -> Result<(), Refusal> {
    let legal = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if name.len() > 63 || !name.split(['-', '_']).all(legal) {
        return Err(Refusal::malformed(format!("provisionedModelName {name} does not match the pattern")));
    }
    Ok(())
}
