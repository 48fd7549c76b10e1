//! What is said of each key: what it means, its unit and default, and examples.

use serde_json::{Value, json};

use super::super::term::WrittenTerm;
use super::super::{AtTermEnd, OnDelete, WaitFor, WhenOff};

/// An object in a declaration.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Commitment,
    Alias,
    Timetable,
    Window,
    Exception,
}

/// A key of an object.
pub(super) struct Member {
    /// Its name in `$defs`.
    pub(super) is: &'static str,
    pub(super) says: &'static str,
    pub(super) default: Option<Value>,
    pub(super) examples: Value,
}

/// What is said of `key` of an object.
pub(super) fn member(part: Part, key: &str) -> Option<Member> {
    let member = |is, says, default, examples| Some(Member { is, says, default, examples });
    match (part, key) {
        (Part::Commitment, _) => resource_member(key).or_else(|| what(key)).or_else(|| when(key)).or_else(|| how(key)),
        (Part::Alias, "AgentId") => {
            member("AgentId", "The agent: ten letters and digits. Required.", None, json!(["ABCDEFGHIJ"]))
        }
        (Part::Alias, "AgentAliasId") => member(
            "AgentAliasId",
            "The alias: ten letters and digits, not the draft's `TSTALIASID`. Required.",
            None,
            json!(["KLMNOPQRST"]),
        ),
        (Part::Timetable, "Timezone") => member(
            "Timezone",
            "The IANA time zone of everything in the timetable; the function checks that it exists. Required.",
            None,
            json!(["Asia/Tokyo", "Europe/Berlin", "America/New_York", "UTC"]),
        ),
        (Part::Timetable, "Windows") => member(
            "Windows",
            "Civil times of the week at which it is on: days and HH:MM-HH:MM, half-open. Windows that overlap are one, of the largest \
            size. A time that a clock change skips moves forward by the gap, one that it repeats means the first. Default none: never \
            on.",
            Some(json!([])),
            json!([
                ["Mon-Fri 08:00-20:00"],
                ["Sun-Thu 22:00-02:00", "Fri 21:00 - Mon 06:00"],
                ["Daily 00:00-24:00", {"Window": "Mon,Wed 09:30-11:30", "ModelUnits": 2}],
            ]),
        ),
        (Part::Timetable, "Holidays") => member(
            "Holidays",
            "Days on which no window opens: a date, first and last date, inclusive and in that order, or a day of each year such as \
            `12-25` (`02-29` in leap years alone). Default none.",
            Some(json!([])),
            json!([["2026-12-29/2027-01-03", "2027-02-11", "12-25"]]),
        ),
        (Part::Timetable, "Exceptions") => member(
            "Exceptions",
            "Periods that go before holidays and windows; of several at once the later in the list. Default none.",
            Some(json!([])),
            json!([[{"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On"}]]),
        ),
        (Part::Window, "Window") => member(
            "WindowText",
            "Days and times: `Mon-Fri 08:00-20:00`, or `Fri 21:00 - Mon 06:00` for one span across days. Required.",
            None,
            json!(["Mon-Fri 09:30-11:30"]),
        ),
        (Part::Window, "ModelUnits") => member(
            "ModelUnits",
            "The size in this window, in model units. Default the commitment's `ModelUnits`.",
            None,
            json!([2]),
        ),
        (Part::Exception, "Window") => member(
            "Period",
            "Begin and end in the timetable's time zone, half-open, the end after the begin. Required.",
            None,
            json!(["2026-12-28T10:00/2026-12-28T16:00"]),
        ),
        (Part::Exception, "State") => member(
            "State",
            "On or off. An exception to Off that is no longer than `LeadTime` has no effect. Quote it where YAML reads `On` as true. \
            Required.",
            None,
            json!(["On", "Off"]),
        ),
        (Part::Exception, "ModelUnits") => member(
            "ModelUnits",
            "The size in this period, in model units; only with `State` On. Default the commitment's `ModelUnits`.",
            None,
            json!([1]),
        ),
        (Part::Alias | Part::Timetable | Part::Window | Part::Exception, _) => None,
    }
}

/// What only a custom resource has.
fn resource_member(key: &str) -> Option<Member> {
    let (is, says, default, examples) = match key {
        "ServiceToken" => (
            "ServiceToken",
            "The ARN of the function. Required.",
            None,
            json!(["arn:aws:lambda:eu-central-1:123456789012:function:throughput-scheduler"]),
        ),
        "ServiceTimeout" => (
            "ServiceTimeout",
            "How long CloudFormation waits for an answer, in seconds: 1 to 3600. Default 3600.",
            Some(json!(3600)),
            json!([3600]),
        ),
        "WaitFor" => (
            "WaitFor",
            "When a custom resource is answered: once what is due now was accepted by AWS, or once it is in service and routed. \
            Default Accepted.",
            Some(json!(WaitFor::Accepted)),
            json!(WaitFor::WORDS),
        ),
        "OnDelete" => (
            "OnDelete",
            "What becomes of it when its custom resource is deleted: it is retired, or left as it is. Default Retire.",
            Some(json!(OnDelete::Retire)),
            json!(OnDelete::WORDS),
        ),
        _ => return None,
    };
    Some(Member { is, says, default, examples })
}

/// What it is.
fn what(key: &str) -> Option<Member> {
    let (is, says, default, examples) = match key {
        "Name" => (
            "Name",
            "Its name, unique in the deployment: at most 40 letters, digits and single hyphens between them. Required.",
            None,
            json!(["support-agent"]),
        ),
        "ModelId" => (
            "ModelId",
            "The model to buy throughput for: an id with context length, an ARN, or a custom model; no inference profile. Required.",
            None,
            json!([
                "amazon.nova-lite-v1:0:24k",
                "arn:aws:bedrock:eu-central-1:123456789012:custom-model/support/abcdefghijkl"
            ]),
        ),
        "ModelUnits" => (
            "ModelUnits",
            "The size in model units; a window or an exception may ask for another. Default 1. The deployment's MAX_MODEL_UNITS \
            bounds it.",
            Some(json!(1)),
            json!([1, 2]),
        ),
        "OnDemandModelId" => (
            "OnDemandModelId",
            "What `ModelIdParameter` names without it: an id, an ARN or an inference profile. Default `ModelId` without its context \
            length; for a custom model none.",
            None,
            json!(["amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"]),
        ),
        "PricePerUnitHour" => (
            "Price",
            "The price of one model unit for an hour, in any currency, for cost figures only. Default none.",
            None,
            json!([21.18]),
        ),
        "Tags" => (
            "Tags",
            "Tags on the throughput beside the function's own: at most 48. Default none.",
            Some(json!({})),
            json!([{"team": "support"}]),
        ),
        _ => return None,
    };
    Some(Member { is, says, default, examples })
}

/// When it is there.
fn when(key: &str) -> Option<Member> {
    let (is, says, default, examples) = match key {
        "CommitmentDuration" => (
            "CommitmentDuration",
            "The term that it is bought for; excludes a `Timetable`, and needs a `Purchase`. Default None: no term. The deployment's \
            ALLOWED_COMMITMENTS bounds it.",
            Some(json!(WrittenTerm::NO_TERM)),
            json!(WrittenTerm::WORDS),
        ),
        "Purchase" => (
            "Purchase",
            "Your name for this purchase of a term: 1 to 20 characters. A term is bought once for each name, whatever becomes of the \
            throughput; a new name buys again. Required with a `CommitmentDuration`, and only with it.",
            None,
            json!(["2026-12", "first half of 2027"]),
        ),
        "AtTermEnd" => (
            "AtTermEnd",
            "What becomes of it when the term ends: it renews, as AWS does by itself, or is deleted. Only with a `CommitmentDuration`. \
            Default Renew.",
            Some(json!(AtTermEnd::Renew)),
            json!(AtTermEnd::WORDS),
        ),
        "Timetable" => (
            "Timetable",
            "When it is wanted; excludes a `CommitmentDuration`. Default always.",
            None,
            json!([{"Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00"]}]),
        ),
        "LeadTime" => (
            "Duration",
            "How long before it is wanted it is bought, as a duration of whole seconds up to a week. Default 60m.",
            Some(json!("60m")),
            json!(["60m", "1h30m", "PT1H"]),
        ),
        "Drain" => (
            "Duration",
            "How long it is kept after the last alias has left, as a duration of whole seconds up to a week. Default 5m.",
            Some(json!("5m")),
            json!(["5m", "0m", "PT10M"]),
        ),
        _ => return None,
    };
    Some(Member { is, says, default, examples })
}

/// What becomes of aliases and the parameter.
fn how(key: &str) -> Option<Member> {
    let (is, says, default, examples) = match key {
        "AgentAliases" => (
            "AgentAliases",
            "The agent aliases that follow it, each once. Default none.",
            Some(json!([])),
            json!([[{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}]]),
        ),
        "WhenOff" => (
            "WhenOff",
            "What the aliases do without it: invoke their model on demand, or reject invocations. Default OnDemand.",
            Some(json!(WhenOff::OnDemand)),
            json!(WhenOff::WORDS),
        ),
        "ModelIdParameter" => (
            "ModelIdParameter",
            "The parameter of Systems Manager that always names the model to invoke now: the throughput's ARN while it is in service, \
            else `OnDemandModelId`, or `off` with `WhenOff` Reject. Default none.",
            None,
            json!(["/support/model-id"]),
        ),
        "TakeOver" => (
            "Flag",
            "Whether the aliases may leave a throughput, or another commitment, that is not this one's, and the parameter may be \
            overwritten. Default false.",
            Some(json!(false)),
            json!([true]),
        ),
        _ => return None,
    };
    Some(Member { is, says, default, examples })
}
