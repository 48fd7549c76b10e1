//! What woke us?
//!
//! An action or a `CloudFormation` request, told apart in the raw JSON (docs/reference.md, "Actions"). An action comes as
//! the whole event or as the `detail` of an EventBridge envelope.

use std::str::FromStr;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::commitment::{Commitment, Lasting, Name, Units};
use crate::custom_resource::RawRequest;
use crate::input::{Mistakes, Object, cut, cut_to, words};
use crate::record::{Slot, hex};
use crate::timetable::{ModelUnits, State, WrittenState};

/// An event that wakes the function.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A schedule or a person that wants something done.
    Command(Box<Command>, Sent),
    /// A `CloudFormation` custom resource request.
    CloudFormation(Box<RawRequest>),
}

/// When a command was sent, as far as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// At this instant.
    At(Timestamp),
    /// It does not say.
    Unsaid,
    /// Scheduler has left its context attribute unreplaced: it does not say, and somebody should know.
    Unreplaced,
}

/// The text that EventBridge Scheduler replaces by the time for which it had scheduled an event.
const SCHEDULED_TIME: &str = "<aws.scheduler.scheduled-time>";
/// How far ahead a date may lie: clocks differ. One that lies further counts as the moment of arrival.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(2);

impl Sent {
    /// The date of a command that arrived at `now`.
    #[must_use]
    pub fn date(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) if at.duration_since(now) <= MOST_AHEAD => at,
            Self::At(_) | Self::Unsaid | Self::Unreplaced => now,
        }
    }
}

/// What a schedule or a person wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Look at a commitment and make one safe step. Sent by its own schedule.
    Tick {
        /// Which commitment.
        name: Name,
        /// The digest of the schedule that sent it.
        set: String,
    },
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
        /// The reason that was given.
        reason: Option<String>,
    },
    /// Remove the override or the hold.
    Resume {
        /// Which commitment.
        name: Name,
        /// The hold or the override that ends; the override if nothing is said.
        of: Option<Resumed>,
    },
    /// Say how things are, of one commitment or of all.
    Status(Option<Name>),
    /// Say what would be done.
    Plan {
        /// For which declaration.
        commitment: Box<Commitment>,
        /// When; now if absent.
        at: Option<Timestamp>,
    },
    /// Say whether everything is there that a commitment needs.
    Doctor(Option<Box<Commitment>>),
    /// Make schedules right, delete stray ones, retire orphans of commitments with a tombstone, and count.
    Repair,
    /// Take up a table that was restored or brought along.
    Adopt,
}

words! {
    /// What a `Resume` ends.
    Resumed {
        /// The override.
        Override,
        /// The hold of a `ScaleUp` or `ScaleDown`.
        Hold,
    }
}

impl Command {
    /// The name of the commitment that it is about; empty if it is about none.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Scale { subject, .. } => subject.name().as_str(),
            Self::Apply(commitment) | Self::Plan { commitment, .. } => commitment.name.as_str(),
            Self::Tick { name, .. } | Self::Retire(name) | Self::Override { name, .. } | Self::Resume { name, .. } => {
                name.as_str()
            }
            Self::Status(name) => name.as_ref().map_or("", |name| name.as_str()),
            Self::Doctor(commitment) => commitment.as_ref().map_or("", |commitment| commitment.name.as_str()),
            Self::Repair | Self::Adopt => "",
        }
    }

    /// The slot that it changes, whose newest action wins.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::Scale { .. } | Self::Resume { of: Some(Resumed::Hold), .. } => Some(Slot::Hold),
            Self::Override { .. } | Self::Resume { .. } => Some(Slot::Override),
            Self::Apply(_) | Self::Retire(_) => Some(Slot::Declaration),
            Self::Tick { .. } | Self::Status(_) | Self::Plan { .. } | Self::Doctor(_) | Self::Repair | Self::Adopt => {
                None
            }
        }
    }
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
    /// After a duration from `Sent`.
    For(SignedDuration),
}

/// Most characters that the library's own words about JSON are told with.
const LONGEST_TOLD: usize = 200;
/// The actions, as they are written.
const ACTIONS: [&str; 11] =
    ["ScaleUp", "ScaleDown", "Apply", "Retire", "Override", "Resume", "Status", "Plan", "Doctor", "Repair", "Adopt"];

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
    if members.contains_key("detail-type") && members.contains_key("detail") {
        let envelope: Result<EventBridgeEvent<Value>, _> = serde_json::from_value(payload);
        let said = |error| format!("the event is not one of EventBridge: {}", told(&error));
        let envelope = envelope.map_err(|error| mistakes.add("", said(error))).ok()?;
        let time = envelope.time.and_then(|time| Timestamp::from_second(time.timestamp()).ok());
        let time = time.map_or(Sent::Unsaid, Sent::At);
        return read_command(&envelope.detail, "detail", time, mistakes);
    }
    read_command(&payload, "", Sent::Unsaid, mistakes)
}

/// The library's words for JSON that it cannot read. They repeat the value, however long that is.
fn told(error: &serde_json::Error) -> String {
    cut_to(&error.to_string(), LONGEST_TOLD)
}

fn read_command(value: &Value, path: &str, enveloped: Sent, mistakes: &mut Mistakes) -> Option<Event> {
    let sent = match value.get("Sent") {
        // As everywhere, what cannot be left out counts as absent.
        None | Some(Value::Null) => enveloped,
        Some(Value::String(text)) if text.is_empty() => enveloped,
        Some(Value::String(text)) if text == SCHEDULED_TIME => Sent::Unreplaced,
        Some(value) => {
            let at = if path.is_empty() { "Sent".to_owned() } else { format!("{path}.Sent") };
            crate::input::parse(value, &at, mistakes).map_or(Sent::Unsaid, |Instant(at)| Sent::At(at))
        }
    };
    let command = read_action(value, path, mistakes)?;
    Some(Event::Command(Box::new(command), sent))
}

/// The keys that the action `word` may have; nothing if there is no such action.
fn keys_of(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "Tick" => &["Action", "Sent", "Name", "Set"],
        "ScaleUp" | "ScaleDown" => &["Action", "Sent", "Commitment", "Name"],
        "Apply" | "Doctor" => &["Action", "Sent", "Commitment"],
        "Retire" | "Status" => &["Action", "Sent", "Name"],
        "Resume" => &["Action", "Sent", "Name", "Of"],
        "Override" => &["Action", "Sent", "Name", "State", "ModelUnits", "For", "Until", "Reason"],
        "Plan" => &["Action", "Sent", "Commitment", "At"],
        "Repair" | "Adopt" => &["Action", "Sent"],
        _ => return None,
    })
}

fn read_action(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Command> {
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
    let Some(keys) = keys_of(word) else {
        mistakes.add(at("Action"), format!("`{}` is not an action; use {accepted}", cut(word)));
        return None;
    };
    let object = Object::open(path, value, keys, mistakes)?;
    let name_cure = "give the commitment's name, such as `support-agent`";
    Some(match word {
        "Tick" => {
            let name = object.required("Name", name_cure, mistakes);
            let set: Option<String> = object.optional("Set", mistakes);
            Command::Tick { name: name?, set: set.unwrap_or_default() }
        }
        "ScaleUp" => Command::Scale { state: State::On, subject: read_subject(&object, mistakes)? },
        "ScaleDown" => Command::Scale { state: State::Off, subject: read_subject(&object, mistakes)? },
        "Apply" => Command::Apply(read_commitment(&object, mistakes)?),
        "Retire" => Command::Retire(object.required("Name", name_cure, mistakes)?),
        "Resume" => {
            let name = object.required("Name", name_cure, mistakes);
            let of = object.optional("Of", mistakes);
            Command::Resume { name: name?, of }
        }
        "Status" if object.get("Name").is_none() => Command::Status(None),
        "Status" => Command::Status(Some(object.required("Name", name_cure, mistakes)?)),
        "Override" => read_override(&object, mistakes)?,
        "Doctor" if object.get("Commitment").is_none() => Command::Doctor(None),
        "Doctor" => Command::Doctor(Some(read_commitment(&object, mistakes)?)),
        "Repair" => Command::Repair,
        "Adopt" => Command::Adopt,
        _ => {
            let at = object.optional("At", mistakes).map(|Instant(at)| at);
            Command::Plan { commitment: read_commitment(&object, mistakes)?, at }
        }
    })
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

fn read_override(object: &Object<'_>, mistakes: &mut Mistakes) -> Option<Command> {
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
    Some(Command::Override { name: name?, state: state?, units, end: end?, reason })
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

/// What a tick's schedule carries: nothing secret, and nothing that could be stale.
#[must_use]
pub fn tick_input(name: &str, set: &str) -> String {
    json!({ "Action": "Tick", "Name": name, "Set": set }).to_string()
}

/// The digest of a schedule's rate, role and target: it tells a tick whether its schedule is as it should be.
#[must_use]
pub fn schedule_digest(minutes: u8, role_arn: &str, target: &str) -> String {
    hex(&format!("{minutes}|{role_arn}|{target}"))[..12].to_owned()
}

/// The function to invoke at ticks: the ARN by which this invocation came, without a version number or `$LATEST`; an
/// alias qualifier stays (docs/reference.md, "Settings").
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
