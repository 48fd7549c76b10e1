//! What woke us?
//!
//! A tick, an action, or a `CloudFormation` request, told apart in the raw JSON (interface.md sections 3, 4 and 6). An
//! action comes as the whole event or as the `detail` of an EventBridge envelope.

use std::str::FromStr;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::commitment::{Commitment, Lasting, Name, Units};
use crate::custom_resource::RawRequest;
use crate::input::{Mistakes, Object, cut, cut_to};
use crate::record::{Record, Stored, Tombstone};
use crate::timetable::{ModelUnits, State, WrittenState};

/// What woke us.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A commitment's own schedule, with its record.
    Tick(Box<Record>),
    /// A schedule or a person that wants something done.
    Action(Box<Action>),
    /// A `CloudFormation` custom resource request.
    CloudFormation(Box<RawRequest>),
    /// The end of what was kept of a deleted commitment.
    Tombstone(Tombstone),
}

/// What a schedule or a person wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Hold on or off, in place of the timetable.
    Scale {
        /// On for `ScaleUp`, off for `ScaleDown`.
        state: State,
        /// Which commitment.
        subject: Subject,
    },
    /// Register, or replace the declaration, and follow its timetable.
    Apply(Box<Commitment>),
    /// Let go and forget.
    Retire(Name),
    /// Lie above everything else for a while.
    Override {
        /// Which commitment.
        name: Name,
        /// On or off.
        state: State,
        /// Another size.
        units: Option<ModelUnits>,
        /// How long.
        end: End,
        /// What for.
        reason: Option<String>,
    },
    /// Remove the override, or if there is none the hold.
    Resume(Name),
    /// Say how things are, of one commitment or of all.
    Status(Option<Name>),
    /// Say what would be done.
    Plan {
        /// For which declaration.
        commitment: Box<Commitment>,
        /// When; now if absent.
        at: Option<Timestamp>,
    },
}

/// A commitment by its declaration or by its name alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// By its declaration.
    Declared(Box<Commitment>),
    /// By its name.
    Named(Name),
}

impl Subject {
    /// The commitment's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Declared(commitment) => &commitment.name,
            Self::Named(name) => name,
        }
    }
}

/// When an override ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At an instant.
    Until(Timestamp),
    /// After a duration from now.
    For(SignedDuration),
}

/// Most characters that the library's own words about JSON are told with.
const LONGEST_TOLD: usize = 200;
const ACTIONS: [&str; 8] = ["ScaleUp", "ScaleDown", "Apply", "Retire", "Override", "Resume", "Status", "Plan"];

/// Reads what woke us.
///
/// # Errors
/// Every mistake in it, each with its path.
pub fn read(payload: Value) -> Result<Event, Mistakes> {
    let mut mistakes = Mistakes::default();
    let event = read_any(payload, &mut mistakes);
    mistakes.or(event)
}

fn read_any(payload: Value, mistakes: &mut Mistakes) -> Option<Event> {
    let Some(members) = payload.as_object() else {
        mistakes.add("", "the event is not a JSON object; send an action such as {\"Action\": \"Status\"}");
        return None;
    };
    if members.contains_key("RequestType") || members.contains_key("ResponseURL") {
        return Some(Event::CloudFormation(Box::new(RawRequest(payload))));
    }
    if let Some(tombstone) = members.get("Tombstone") {
        let tombstone = serde_json::from_value(tombstone.clone());
        let tombstone =
            tombstone.map_err(|error| mistakes.add("Tombstone", format!("is none: {}", told(&error)))).ok()?;
        return Some(Event::Tombstone(tombstone));
    }
    if let Some(record) = members.get("Tick") {
        let record = serde_json::from_value(record.clone());
        let record = record.map_err(|error| mistakes.add("Tick", format!("is not a record: {}", told(&error)))).ok()?;
        return Some(Event::Tick(Box::new(record)));
    }
    if members.contains_key("detail-type") && members.contains_key("detail") {
        let envelope: Result<EventBridgeEvent<Value>, _> = serde_json::from_value(payload);
        let said = |error| format!("the event is not one of EventBridge: {}", told(&error));
        let envelope = envelope.map_err(|error| mistakes.add("", said(error))).ok()?;
        return read_action(&envelope.detail, "detail", mistakes).map(|action| Event::Action(Box::new(action)));
    }
    read_action(&payload, "", mistakes).map(|action| Event::Action(Box::new(action)))
}

/// What the library says of JSON that it cannot read. It repeats the value, however long that is.
fn told(error: &serde_json::Error) -> String {
    cut_to(&error.to_string(), LONGEST_TOLD)
}

fn read_action(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Action> {
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let accepted = ACTIONS.join(", ");
    let word = match value.get("Action") {
        Some(Value::String(word)) => word.as_str(),
        Some(other) => {
            mistakes.add(at("Action"), format!("{} is not an action; use {accepted}", crate::input::shown(other)));
            return None;
        }
        None => {
            mistakes.add(at("Action"), format!("is missing; use {accepted}"));
            return None;
        }
    };
    let keys: &[&str] = match word {
        "ScaleUp" | "ScaleDown" => &["Action", "Commitment", "Name"],
        "Apply" => &["Action", "Commitment"],
        "Retire" | "Resume" | "Status" => &["Action", "Name"],
        "Override" => &["Action", "Name", "State", "ModelUnits", "For", "Until", "Reason"],
        "Plan" => &["Action", "Commitment", "At"],
        _ => {
            mistakes.add(at("Action"), format!("`{}` is not an action; use {accepted}", cut(word)));
            return None;
        }
    };
    let object = Object::open(path, value, keys, mistakes)?;
    let name_cure = "give the commitment's name, such as `support-agent`";
    match word {
        "ScaleUp" => Some(Action::Scale { state: State::On, subject: read_subject(&object, mistakes)? }),
        "ScaleDown" => Some(Action::Scale { state: State::Off, subject: read_subject(&object, mistakes)? }),
        "Apply" => Some(Action::Apply(read_commitment(&object, mistakes)?)),
        "Retire" => Some(Action::Retire(object.required("Name", name_cure, mistakes)?)),
        "Resume" => Some(Action::Resume(object.required("Name", name_cure, mistakes)?)),
        "Status" if object.get("Name").is_none() => Some(Action::Status(None)),
        "Status" => Some(Action::Status(Some(object.required("Name", name_cure, mistakes)?))),
        "Override" => read_override(&object, mistakes),
        _ => {
            let at = object.optional("At", mistakes).map(|Instant(at)| at);
            Some(Action::Plan { commitment: read_commitment(&object, mistakes)?, at })
        }
    }
}

fn read_subject(object: &Object<'_>, mistakes: &mut Mistakes) -> Option<Subject> {
    match (object.get("Commitment"), object.get("Name")) {
        (Some(_), Some(_)) => {
            mistakes
                .add(object.at("Name"), "stands beside Commitment, which has a Name of its own; remove one of the two");
            None
        }
        (None, Some(_)) => object.required("Name", "", mistakes).map(Subject::Named),
        (_, None) => read_commitment(object, mistakes).map(Subject::Declared),
    }
}

fn read_commitment(object: &Object<'_>, mistakes: &mut Mistakes) -> Option<Box<Commitment>> {
    let path = object.at("Commitment");
    let Some(value) = object.get("Commitment") else {
        mistakes.add(path, "is missing; give the declaration, with Name and ModelId at least");
        return None;
    };
    Commitment::read(value, &path, mistakes).map(Box::new)
}

fn read_override(object: &Object<'_>, mistakes: &mut Mistakes) -> Option<Action> {
    let name = object.required("Name", "give the commitment's name, such as `support-agent`", mistakes);
    let state = object.required("State", "give On or Off", mistakes).map(|WrittenState(state)| state);
    let units = object.optional("ModelUnits", mistakes).map(|Units(units)| units);
    let reason: Option<String> = object.optional("Reason", mistakes);
    if state == Some(State::Off) && units.is_some() {
        mistakes.add(object.at("ModelUnits"), "says nothing with State Off; remove it");
    }
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > 200) {
        mistakes.add(object.at("Reason"), "is longer than 200 characters; shorten it");
    }
    let end = match (object.get("Until").is_some(), object.get("For").is_some()) {
        (true, false) => object.optional("Until", mistakes).map(|Instant(until)| End::Until(until)),
        (false, true) => object.optional("For", mistakes).map(|Lasting(duration)| End::For(duration)),
        (true, true) | (false, false) => {
            mistakes
                .add(object.at("For"), "give either For, such as `2h`, or Until, such as `2026-12-24T18:00:00+09:00`");
            None
        }
    };
    Some(Action::Override { name: name?, state: state?, units, end: end?, reason })
}

/// An instant, as it is written.
struct Instant(Timestamp);

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an instant; use RFC 3339 with an offset, such as `2026-12-24T09:00:00+09:00`")]
struct NotAnInstant(String);

impl FromStr for Instant {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| NotAnInstant(cut(text)))
    }
}

/// What a tick's schedule carries.
#[must_use]
pub fn tick_input(record: &Record) -> String {
    json!({ "Tick": record }).to_string()
}

/// What the schedule of a deleted commitment carries.
#[must_use]
pub fn tombstone_input(tombstone: &Tombstone) -> String {
    json!({ "Tombstone": tombstone }).to_string()
}

/// Reads what a schedule of ours carries; nothing if it is a schedule of somebody else.
///
/// # Errors
/// It is ours, and what it carries cannot be read.
pub fn read_stored(input: &str) -> Result<Option<Stored>, String> {
    let said = |error: &serde_json::Error| format!("its schedule holds no record: {}", told(error));
    let Ok(mut payload) = serde_json::from_str::<Value>(input) else { return Ok(None) };
    let tick = payload.get_mut("Tick").map(Value::take);
    let tombstone = payload.get_mut("Tombstone").map(Value::take);
    match (tick, tombstone) {
        (Some(record), _) => {
            serde_json::from_value(record).map(|record| Some(Stored::Record(record))).map_err(|error| said(&error))
        }
        (None, Some(tombstone)) => serde_json::from_value(tombstone)
            .map(|tombstone| Some(Stored::Tombstone(tombstone)))
            .map_err(|error| said(&error)),
        (None, None) => Ok(None),
    }
}

/// The function to invoke at ticks: the ARN by which this invocation came, without a version number or `$LATEST`; an
/// alias qualifier stays (interface.md section 1).
#[must_use]
pub fn tick_target(invoked_arn: &str) -> String {
    let parts: Vec<&str> = invoked_arn.split(':').collect();
    match parts.as_slice() {
        [function @ .., qualifier] if parts.len() == 8 => {
            let is_version = *qualifier == "$LATEST" || qualifier.bytes().all(|byte| byte.is_ascii_digit());
            if is_version { function.join(":") } else { invoked_arn.to_owned() }
        }
        _ => invoked_arn.to_owned(),
    }
}
