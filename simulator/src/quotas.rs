//! Service Quotas, as far as it lists what Amazon Bedrock grants.

use serde_json::{Value, json};

use crate::REGION;
use crate::account::Account;
use crate::api::{Call, Refusal, page};

impl Account {
    /// `ListServiceQuotas`: the model units of all base models and of all custom models, those of single models, and one that
    /// has nothing to do with model units.
    pub(crate) fn list_quotas(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["MaxResults", "NextToken", "QuotaAppliedAtLevel", "QuotaCode", "ServiceCode"])?;
        if call.text("ServiceCode")? != "bedrock" {
            return Err(Refusal::new(400, "NoSuchResourceException", "The request failed: the service is not there."));
        }
        let across = ["base", "custom"].map(|kind| {
            (format!("Model units no-commitment Provisioned Throughputs across {kind} models"), self.knobs.quota)
        });
        let single = self.knobs.quotas.iter().map(|quota| {
            let kind = if quota.with_term { "Model units" } else { "No-commitment model units" };
            (format!("{kind} per provisioned model for {}", quota.model), quota.units)
        });
        let other = [("On-demand model inference requests per minute".to_owned(), 1000)];
        let described = |(number, (name, value)): (usize, (String, u32))| {
            let code = format!("L-{number:08X}");
            json!({
                "ServiceCode": "bedrock",
                "ServiceName": "Amazon Bedrock",
                "QuotaArn": format!("arn:aws:servicequotas:{REGION}:123456789012:bedrock/{code}"),
                "QuotaCode": code,
                "QuotaName": name,
                "Value": f64::from(value),
                "Unit": "None",
                "Adjustable": true,
                "GlobalQuota": false,
            })
        };
        let all: Vec<Value> = across.into_iter().chain(single).chain(other).enumerate().map(described).collect();
        let (page, next) = page(&all, call.body["NextToken"].as_str(), self.knobs.page_size)?;
        Ok(json!({"Quotas": page, "NextToken": next}))
    }
}
