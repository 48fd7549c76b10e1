//! How many model units has AWS granted? Service Quotas knows, under names that are made for people.

use super::Aws;
use policy::observed::CallError;

/// A quota of model units.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Its name, such as `Model units per provisioned model for Amazon Nova Lite`.
    pub name: String,
    /// The most model units.
    pub units: f64,
}

impl Aws {
    /// Every quota of Amazon Bedrock whose name speaks of model units.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn model_unit_quotas(&self) -> Result<Vec<Quota>, CallError> {
        let mut pages = self.quotas().list_service_quotas().service_code("bedrock").into_paginator().items().send();
        let mut quotas = Vec::new();
        while let Some(quota) = pages.next().await {
            let quota = quota.map_err(|error| self.failed("list the quotas of Amazon Bedrock", &error))?;
            if let (Some(name), Some(units)) = (quota.quota_name(), quota.value())
                && name.to_lowercase().contains("model units")
            {
                quotas.push(Quota { name: name.to_owned(), units });
            }
        }
        Ok(quotas)
    }
}
