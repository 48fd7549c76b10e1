//! Which operation does a request ask for, and of which service is it?

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::account::Account;
use crate::api::{Call, Refusal};
use crate::tables;

/// A service, as far as its answers and refusals differ from others'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Bedrock,
    DynamoDb,
    EventBridge,
    Quotas,
    Scheduler,
    SystemsManager,
}

impl Service {
    /// The service of `operation`.
    pub(crate) fn of(operation: &str) -> Self {
        if tables::is_operation(operation) {
            Self::DynamoDb
        } else if operation == "PutEvents" || operation == "DescribeEventBus" {
            Self::EventBridge
        } else if operation == "ListServiceQuotas" {
            Self::Quotas
        } else if operation.ends_with("Parameter") {
            Self::SystemsManager
        } else if operation.ends_with("Schedule") || operation.ends_with("Schedules") || operation == "GetScheduleGroup"
        {
            Self::Scheduler
        } else {
            Self::Bedrock
        }
    }

    /// Its name in IAM.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::DynamoDb => "dynamodb",
            Self::EventBridge => "events",
            Self::Scheduler => "scheduler",
            Self::Quotas => "servicequotas",
            Self::SystemsManager => "ssm",
        }
    }

    /// The type of the body of its answers.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Bedrock | Self::Scheduler => "application/json",
            Self::DynamoDb => "application/x-amz-json-1.0",
            Self::EventBridge | Self::Quotas | Self::SystemsManager => "application/x-amz-json-1.1",
        }
    }

    /// The error `code` as its body has it, where the body and not a header has it.
    pub(crate) fn error_type(self, code: &str) -> Option<String> {
        match self {
            Self::Bedrock | Self::Scheduler => None,
            Self::DynamoDb => Some(tables::error_type(code)),
            Self::EventBridge | Self::Quotas | Self::SystemsManager => Some(code.to_owned()),
        }
    }
}

/// Some services have one path, and a header says what is wanted.
pub(crate) fn targeted(target: &str, body: Value) -> Option<Call> {
    let (operation, ids) = match target.split_once('.')? {
        ("AmazonSSM", name) => {
            let operation = ["GetParameter", "PutParameter"].into_iter().find(|operation| *operation == name)?;
            (operation, body["Name"].as_str().map(str::to_owned).into_iter().collect())
        }
        ("AWSEvents", name) => {
            let operation = ["DescribeEventBus", "PutEvents"].into_iter().find(|operation| *operation == name)?;
            (operation, Vec::new())
        }
        ("ServiceQuotasV20190624", "ListServiceQuotas") => ("ListServiceQuotas", Vec::new()),
        ("DynamoDB_20120810", name) => (tables::operation(name)?, tables::keys_of(&body)),
        _ => return None,
    };
    Some(Call { operation, ids, query: Vec::new(), body })
}

pub(crate) fn route(method: &Method, path: &str, query: &str, body: Value) -> Option<Call> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = path.trim_matches('/').split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (operation, ids): (_, Vec<&str>) = match (method.as_str(), &segments[..]) {
        ("POST", ["provisioned-model-throughput"]) => ("CreateProvisionedModelThroughput", vec![]),
        ("GET", ["provisioned-model-throughputs"]) => ("ListProvisionedModelThroughputs", vec![]),
        ("GET", ["provisioned-model-throughput", id]) => ("GetProvisionedModelThroughput", vec![id]),
        ("PATCH", ["provisioned-model-throughput", id]) => ("UpdateProvisionedModelThroughput", vec![id]),
        ("DELETE", ["provisioned-model-throughput", id]) => ("DeleteProvisionedModelThroughput", vec![id]),
        ("POST", ["listTagsForResource"]) => ("ListTagsForResource", vec![]),
        ("POST", ["tagResource"]) => ("TagResource", vec![]),
        ("POST", ["untagResource"]) => ("UntagResource", vec![]),
        ("GET", ["foundation-models"]) => ("ListFoundationModels", vec![]),
        ("GET", ["foundation-models", id]) => ("GetFoundationModel", vec![id]),
        ("GET", ["custom-models", id]) => ("GetCustomModel", vec![id]),
        ("POST", ["agents"]) => ("ListAgents", vec![]),
        ("POST", ["agents", agent, "agentaliases"]) => ("ListAgentAliases", vec![agent]),
        ("GET", ["agents", agent, "agentaliases", alias]) => ("GetAgentAlias", vec![agent, alias]),
        ("PUT", ["agents", agent, "agentaliases", alias]) => ("UpdateAgentAlias", vec![agent, alias]),
        ("GET", ["agents", agent, "agentversions", version]) => ("GetAgentVersion", vec![agent, version]),
        ("POST", ["schedules", name]) => ("CreateSchedule", vec![name]),
        ("PUT", ["schedules", name]) => ("UpdateSchedule", vec![name]),
        ("GET", ["schedules", name]) => ("GetSchedule", vec![name]),
        ("DELETE", ["schedules", name]) => ("DeleteSchedule", vec![name]),
        ("GET", ["schedule-groups", name]) => ("GetScheduleGroup", vec![name]),
        ("GET", ["schedules"]) => ("ListSchedules", vec![]),
        _ => return None,
    };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Call {
        operation,
        ids: ids.into_iter().map(str::to_owned).collect(),
        query: pairs.map(|(key, value)| (decoded(key), decoded(value))).collect(),
        body,
    })
}

/// The name of the operation that `method` and `path` ask for, or the header `target`, if there is
/// such a one.
pub(crate) fn operation(method: &Method, path: &str, target: Option<&str>) -> Option<&'static str> {
    let call = match target {
        Some(target) => targeted(target, Value::Null),
        None => route(method, path, "", Value::Null),
    };
    call.map(|call| call.operation)
}

pub(crate) fn perform(account: &mut Account, call: &Call) -> Result<Value, Refusal> {
    account.within_rate(call.operation)?;
    match call.operation {
        "CreateProvisionedModelThroughput" => account.create_throughput(call),
        "ListProvisionedModelThroughputs" => account.list_throughputs(call),
        "GetProvisionedModelThroughput" => account.get_throughput(call),
        "UpdateProvisionedModelThroughput" => account.update_throughput(call),
        "DeleteProvisionedModelThroughput" => account.delete_throughput(call),
        "ListTagsForResource" => account.list_tags(call),
        "TagResource" => account.tag(call),
        "UntagResource" => account.untag(call),
        "GetFoundationModel" => account.get_foundation_model(call),
        "ListFoundationModels" => Ok(account.list_foundation_models(call)),
        "GetCustomModel" => account.get_custom_model(call),
        "ListAgents" => account.list_agents(call),
        "ListAgentAliases" => account.list_aliases(call),
        "GetAgentAlias" => account.limited_get_alias(call),
        "UpdateAgentAlias" => account.update_alias(call),
        "GetAgentVersion" => account.get_version(call),
        "CreateSchedule" => account.create_schedule(call),
        "UpdateSchedule" => account.update_schedule(call),
        "GetSchedule" => account.get_schedule(call),
        "DeleteSchedule" => account.delete_schedule(call),
        "ListSchedules" => account.list_schedules(call),
        "GetScheduleGroup" => account.get_schedule_group(call),
        "PutEvents" => account.put_events(call),
        "DescribeEventBus" => account.describe_bus(call),
        "ListServiceQuotas" => account.list_quotas(call),
        "GetParameter" => account.get_parameter(call),
        "PutParameter" => account.put_parameter(call),
        operation if tables::is_operation(operation) => account.on_tables(call),
        unknown => Err(Refusal::malformed(json!(unknown).to_string())),
    }
}
