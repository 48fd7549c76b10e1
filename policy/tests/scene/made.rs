//! What situations are made of.

use jiff::{SignedDuration, Timestamp};
use policy::commitment::{AliasId, Commitment, ParameterName};
use policy::custom_resource::{Origin, RawRequest, Request};
use policy::input::Mistakes;
use policy::observed::{COMMITMENT_TAG, CallError, CallErrorKind, DEPLOYMENT_TAG, Marks, Throughput, ThroughputStatus};
use policy::timetable::ModelUnits;
use serde_json::{Value, json};

pub(crate) const DEPLOYMENT: &str = "throughput";
pub(crate) const MODEL: &str = "amazon.nova-lite-v1:0:24k";
pub(crate) const BASE: &str = "amazon.nova-lite-v1:0";
pub(crate) const MODEL_ARN: &str = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k";
pub(crate) const BASE_ARN: &str = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
pub(crate) const OTHER_MODEL_ARN: &str = "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-1-8b-instruct-v1:0";
pub(crate) const CUSTOM: &str =
    "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl";
/// A throughput that exists and is somebody else's.
pub(crate) const FOREIGN: &str = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/foreign00000";
/// A throughput that does not exist.
pub(crate) const NOTHING: &str = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/nothing00000";
pub(crate) const PARAMETER: &str = "/support/model-id";

/// `seconds` after the scene's start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-11-16T00:00:00Z".parse::<Timestamp>().expect("an instant") + SignedDuration::from_secs(seconds)
}

/// The ARN of the throughput of `units`.
pub(crate) fn arn(units: u32) -> String {
    format!("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/{units:012}")
}

pub(crate) fn size(units: u32) -> ModelUnits {
    ModelUnits::new(units).expect("a size")
}

pub(crate) fn alias(name: &str) -> AliasId {
    let alias = match name {
        "X" => "KLMNOPQRST",
        "Y" => "ALIAS00002",
        other => other,
    };
    AliasId { agent: "ABCDEFGHIJ".to_owned(), alias: alias.to_owned() }
}

pub(crate) fn parameter(name: &str) -> ParameterName {
    name.parse().expect("it is a name")
}

/// What was declared: `more` beside, or in place of, a model and alias X.
pub(crate) fn declaration(more: &Value) -> Value {
    let mut declared = json!({
        "Name": "support-agent", "ModelId": MODEL,
        "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}],
    });
    if let (Some(members), Some(more)) = (declared.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    declared
}

pub(crate) fn commitment(more: &Value) -> Commitment {
    let mut mistakes = Mistakes::default();
    let read = Commitment::read(&declaration(more), "", &mut mistakes);
    mistakes.or(read).expect("it is right")
}

/// A timetable that says on, or off, for the first day of the scene.
pub(crate) fn timetable(on: bool) -> Value {
    let window = if on { "Mon 00:00-24:00" } else { "Tue 12:00-13:00" };
    json!({"Timezone": "UTC", "Windows": [window]})
}

/// A term, under the `Purchase` 2026-11.
pub(crate) fn month(at_term_end: &str) -> Value {
    json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": at_term_end})
}

/// `first` with the keys of `more`.
pub(crate) fn with(mut first: Value, more: &Value) -> Value {
    if let (Some(members), Some(more)) = (first.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    first
}

pub(crate) fn error(kind: CallErrorKind) -> CallError {
    let code = match kind {
        CallErrorKind::NotFound => "ResourceNotFoundException",
        CallErrorKind::Quota => "ServiceQuotaExceededException",
        CallErrorKind::Busy | CallErrorKind::Conflict => "ConflictException",
        CallErrorKind::Invalid => "ValidationException",
        CallErrorKind::Refused => "AccessDeniedException",
        CallErrorKind::NoAnswer => "NoAnswer",
    };
    CallError { cannot: "do it".to_owned(), kind, code: code.to_owned(), message: "no".to_owned() }
}

/// A request of `CloudFormation` that was signed `seconds` after the scene's start, and came then.
pub(crate) fn request(kind: &str, seconds: i64) -> Request {
    request_with(kind, seconds, &json!({}))
}

/// The same, with `more` in its envelope.
pub(crate) fn request_with(kind: &str, seconds: i64, more: &Value) -> Request {
    let signed = at(seconds).strftime("%Y%m%dT%H%M%SZ").to_string();
    let raw = with(
        json!({
            "RequestType": kind, "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/one/1",
            "ResponseURL": format!("https://b.s3.amazonaws.com/answer?X-Amz-Date={signed}&X-Amz-Signature=5e0b"),
            "RequestId": format!("{kind}-{seconds}"), "LogicalResourceId": "Throughput",
            "ResourceProperties": {"ModelId": MODEL},
        }),
        more,
    );
    let raw = RawRequest(raw);
    let origin = Origin::find(&raw, &[]).expect("it can be answered");
    Request::read(&raw, origin, at(seconds)).expect("it is right")
}

pub(crate) fn marks(commitment: &str, deployment: &str) -> Marks {
    let tags = [(COMMITMENT_TAG, commitment), (DEPLOYMENT_TAG, deployment)];
    Marks(tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
}

/// Where an alias is, or what a parameter holds.
pub(crate) fn route(to: &str) -> Option<String> {
    match to {
        "on-demand" => None,
        "ONE" => Some(arn(1)),
        "TWO" => Some(arn(2)),
        "THREE" => Some(arn(3)),
        other => Some(other.to_owned()),
    }
}

pub(crate) fn throughput(name: &str, arn: &str, units: u32) -> Throughput {
    Throughput {
        name: name.to_owned(),
        arn: arn.to_owned(),
        status: ThroughputStatus::InService,
        units,
        model_arn: MODEL_ARN.to_owned(),
        foundation_model_arn: BASE_ARN.to_owned(),
        term: None,
        term_end: None,
        failure: None,
    }
}
