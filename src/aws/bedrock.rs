//! Provisioned throughput: the Bedrock control plane.

use std::collections::BTreeMap;

use aws_sdk_bedrock::operation::get_provisioned_model_throughput::GetProvisionedModelThroughputOutput;
use aws_sdk_bedrock::types::{
    CommitmentDuration, FoundationModelLifecycleStatus, InferenceType, ProvisionedModelStatus, Tag,
};

use super::{Aws, instant};
use policy::commitment::{Name, Term};
use policy::observed::{
    COMMITMENT_TAG, CallError, CallErrorKind, DEPLOYMENT_TAG, Marks, ModelLifecycle, Throughput, ThroughputStatus,
};

/// The input of `CreateProvisionedModelThroughput`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The throughput's name.
    pub name: String,
    /// The model, as it was declared.
    pub model: String,
    /// How many model units.
    pub units: u32,
    /// The term, if any.
    pub term: Option<Term>,
    /// All its tags, our marks among them.
    pub tags: BTreeMap<String, String>,
    /// The request token: one that was seen makes AWS answer with what the first request made.
    pub token: String,
}

/// What came of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// AWS has deleted it: at once, and billing stops (docs/aws-facts.md).
    Acknowledged,
    /// AWS does not find it.
    NotThere,
}

impl Aws {
    /// The throughputs whose name has the form of `commitment`'s: its name, a hyphen and six hex digits.
    ///
    /// # Errors
    /// The List failed.
    pub async fn throughputs_of(&self, commitment: &Name) -> Result<Vec<Throughput>, CallError> {
        let mut throughputs = self.list_throughputs(Some(commitment.as_str())).await?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        throughputs.retain(|throughput| {
            let rest = throughput.name.strip_prefix(commitment.as_str()).and_then(|rest| rest.strip_prefix('-'));
            rest.is_some_and(|digits| digits.len() == 6 && digits.bytes().all(is_hex))
        });
        Ok(throughputs)
    }

    /// Every throughput of the account in this Region.
    ///
    /// # Errors
    /// The List failed.
    pub async fn all_throughputs(&self) -> Result<Vec<Throughput>, CallError> {
        self.list_throughputs(None).await
    }

    async fn list_throughputs(&self, part_of_name: Option<&str>) -> Result<Vec<Throughput>, CallError> {
        let request = self.bedrock.list_provisioned_model_throughputs();
        let mut pages = request.set_name_contains(part_of_name.map(str::to_owned)).into_paginator().send();
        let mut throughputs = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed("list provisioned throughputs", &error))?;
            for summary in page.provisioned_model_summaries() {
                throughputs.push(Throughput {
                    name: summary.provisioned_model_name().to_owned(),
                    arn: summary.provisioned_model_arn().to_owned(),
                    status: status(summary.status()),
                    units: units(summary.desired_model_units()),
                    model_arn: summary.model_arn().to_owned(),
                    foundation_model_arn: summary.foundation_model_arn().to_owned(),
                    term: summary.commitment_duration().and_then(term),
                    term_end: summary.commitment_expiration_time().and_then(instant),
                    failure: None,
                });
            }
        }
        Ok(throughputs)
    }

    /// The throughput of this ARN or name, if it exists.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it.
    pub async fn throughput(&self, id: &str) -> Result<Option<Throughput>, CallError> {
        let request = self.bedrock.get_provisioned_model_throughput().provisioned_model_id(id);
        let found = request.send().await.map(|found| Some(described(&found)));
        found.or_else(|error| none_if_not_found(self.failed(format!("look at throughput {id}"), &error)))
    }

    /// The tags of the throughput `arn`.
    ///
    /// # Errors
    /// The call failed.
    pub async fn marks(&self, arn: &str) -> Result<Marks, CallError> {
        let answer = self.bedrock.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = answer.map_err(|error| self.failed(format!("read the tags of {arn}"), &error))?;
        let tags = answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
        Ok(Marks(tags.collect()))
    }

    /// What AWS says about the life of the foundation model `id`.
    ///
    /// # Errors
    /// The call failed.
    pub async fn lifecycle(&self, id: &str) -> Result<ModelLifecycle, CallError> {
        let answer = self.bedrock.get_foundation_model().model_identifier(id).send().await;
        let answer = answer.map_err(|error| self.failed(format!("look at model {id}"), &error))?;
        let details = answer.model_details();
        let lifecycle = details.and_then(|details| details.model_lifecycle());
        let provisioned =
            details.is_some_and(|details| details.inference_types_supported().contains(&InferenceType::Provisioned));
        Ok(ModelLifecycle {
            is_legacy: lifecycle.is_some_and(|lifecycle| *lifecycle.status() == FoundationModelLifecycleStatus::Legacy),
            legacy: lifecycle.and_then(|lifecycle| lifecycle.legacy_time()).and_then(instant),
            end_of_life: lifecycle.and_then(|lifecycle| lifecycle.end_of_life_time()).and_then(instant),
            is_provisioned: provisioned,
        })
    }

    /// The ids of every base model that is sold as provisioned throughput in this Region, with their context lengths.
    ///
    /// # Errors
    /// The call failed.
    pub async fn models_sold(&self) -> Result<Vec<String>, CallError> {
        let request = self.bedrock.list_foundation_models().by_inference_type(InferenceType::Provisioned);
        let answer = request.send().await.map_err(|error| self.failed("list the models that are sold", &error))?;
        Ok(answer.model_summaries().iter().map(|summary| summary.model_id().to_owned()).collect())
    }

    /// The ARN of the base model of the custom model `id`.
    ///
    /// # Errors
    /// The call failed.
    pub async fn base_model(&self, id: &str) -> Result<String, CallError> {
        let answer = self.bedrock.get_custom_model().model_identifier(id).send().await;
        let answer = answer.map_err(|error| self.failed(format!("look at custom model {id}"), &error))?;
        Ok(answer.base_model_arn().unwrap_or_default().to_owned())
    }

    /// Buys a throughput and gives its ARN; a token that was used before gives the ARN of what it bought then.
    ///
    /// # Errors
    /// The purchase was refused, or no answer came.
    pub async fn buy(&self, purchase: &Purchase) -> Result<String, CallError> {
        let Purchase { name, model, units, term, tags, token } = purchase;
        let cannot = || format!("buy {name}");
        let refused = |message: String| CallError {
            cannot: cannot(),
            kind: CallErrorKind::Invalid,
            code: "ValidationException".to_owned(),
            message,
        };
        let built = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags: Vec<Tag> = built.collect::<Result<_, _>>().map_err(|error| refused(error.to_string()))?;
        let units = i32::try_from(*units).map_err(|error| refused(error.to_string()))?;
        let request = self.bedrock.create_provisioned_model_throughput();
        let request = request.provisioned_model_name(name).model_id(model).model_units(units);
        let request = request.set_commitment_duration(term.map(|term| match term {
            Term::OneMonth => CommitmentDuration::OneMonth,
            Term::SixMonths => CommitmentDuration::SixMonths,
        }));
        let answer = request.set_tags(Some(tags)).client_request_token(token).send().await;
        answer.map(|bought| bought.provisioned_model_arn).map_err(|error| self.failed(cannot(), &error))
    }

    /// Deletes a throughput. That AWS does not find it proves nothing: looks may lag.
    ///
    /// # Errors
    /// The deletion was refused, or no answer came.
    pub async fn delete_throughput(&self, name: &str, arn: &str) -> Result<Deletion, CallError> {
        let answer = self.bedrock.delete_provisioned_model_throughput().provisioned_model_id(arn).send().await;
        match answer.map(|_| ()).map_err(|error| self.failed(format!("delete {name}"), &error)) {
            Ok(()) => Ok(Deletion::Acknowledged),
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(Deletion::NotThere),
            // The role may delete what bears our mark, and what is gone bears none.
            Err(error) if error.is_denied() && self.throughput(arn).await == Ok(None) => Ok(Deletion::NotThere),
            Err(error) => Err(error),
        }
    }

    /// Takes both our marks off the throughput `arn`, at once: after the first we might no longer reach the second. What bears none,
    /// or is gone, counts as released.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn release(&self, name: &str, arn: &str) -> Result<(), CallError> {
        let request = self.bedrock.untag_resource().resource_arn(arn).tag_keys(COMMITMENT_TAG).tag_keys(DEPLOYMENT_TAG);
        match request.send().await.map(|_| ()).map_err(|error| self.failed(format!("release {name}"), &error)) {
            // The role may untag what bears our mark: what bears none was released before.
            Err(error) if error.is_denied() && self.marks(arn).await.is_ok_and(|marks| marks.are_none_of_ours()) => {
                Ok(())
            }
            released => released.or_else(|error| none_if_not_found::<()>(error).map(|_| ())),
        }
    }

    /// Sets and removes tags of the throughput `arn`; what is as it should be stays so.
    ///
    /// # Errors
    /// One of the two calls failed.
    pub async fn tag(
        &self,
        name: &str,
        arn: &str,
        set: &BTreeMap<String, String>,
        remove: &[String],
    ) -> Result<(), CallError> {
        let invalid = |message: String| CallError {
            cannot: format!("tag {name}"),
            kind: CallErrorKind::Invalid,
            code: "ValidationException".to_owned(),
            message,
        };
        if !set.is_empty() {
            let built = set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
            let tags: Vec<Tag> = built.collect::<Result<_, _>>().map_err(|error| invalid(error.to_string()))?;
            let answer = self.bedrock.tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await;
            answer.map_err(|error| self.failed(format!("tag {name}"), &error))?;
        }
        if !remove.is_empty() {
            let request = self.bedrock.untag_resource().resource_arn(arn).set_tag_keys(Some(remove.to_vec()));
            request.send().await.map_err(|error| self.failed(format!("untag {name}"), &error))?;
        }
        Ok(())
    }
}

/// `Ok(None)` for an error that says that the thing is not there.
pub(super) fn none_if_not_found<T>(error: CallError) -> Result<Option<T>, CallError> {
    if error.kind == CallErrorKind::NotFound { Ok(None) } else { Err(error) }
}

fn described(found: &GetProvisionedModelThroughputOutput) -> Throughput {
    Throughput {
        name: found.provisioned_model_name().to_owned(),
        arn: found.provisioned_model_arn().to_owned(),
        status: status(found.status()),
        units: units(found.desired_model_units()),
        model_arn: found.model_arn().to_owned(),
        foundation_model_arn: found.foundation_model_arn().to_owned(),
        term: found.commitment_duration().and_then(term),
        term_end: found.commitment_expiration_time().and_then(instant),
        failure: found.failure_message().map(str::to_owned),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enums are open: a word that it does not know is kept")]
fn status(status: &ProvisionedModelStatus) -> ThroughputStatus {
    match status {
        ProvisionedModelStatus::Creating => ThroughputStatus::Creating,
        ProvisionedModelStatus::InService => ThroughputStatus::InService,
        ProvisionedModelStatus::Updating => ThroughputStatus::Updating,
        ProvisionedModelStatus::Failed => ThroughputStatus::Failed,
        other => ThroughputStatus::Unknown(other.as_str().to_owned()),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK's enums are open: a term that we cannot buy is none of ours"
)]
fn term(term: &CommitmentDuration) -> Option<Term> {
    match term {
        CommitmentDuration::OneMonth => Some(Term::OneMonth),
        CommitmentDuration::SixMonths => Some(Term::SixMonths),
        _ => None,
    }
}

fn units(units: i32) -> u32 {
    u32::try_from(units).unwrap_or_default()
}
