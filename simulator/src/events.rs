//! EventBridge, as far as sending goes: JSON 1.1, with the operation in a header.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::Account;
use crate::api::{Call, Refusal, only};
use crate::{REGION, Simulator};

const MOST_ENTRIES: usize = 10;
const MOST_BYTES: usize = 256 * 1024;

/// An event that a bus has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    /// The bus.
    pub bus: String,
    /// Who sent it.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// What it says.
    pub detail: Value,
    /// When it came.
    pub at: Timestamp,
}

/// Why an entry is not taken: code and message.
type Failure = (&'static str, String);

impl Account {
    pub(crate) fn put_events(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["EndpointId", "Entries"])?;
        let entries = call.body["Entries"].as_array().filter(|entries| (1..=MOST_ENTRIES).contains(&entries.len()));
        let entries = entries.ok_or_else(|| {
            Refusal::malformed("1 validation error detected: Entries must have between 1 and 10 members")
        })?;
        if entries.iter().map(|entry| entry.to_string().len()).sum::<usize>() > MOST_BYTES {
            return Err(Refusal::validation("Total size of the entries in the request is over the limit."));
        }
        let mut answers = Vec::new();
        for entry in entries {
            only(entry, &["Detail", "DetailType", "EventBusName", "Resources", "Source", "Time", "TraceHeader"])?;
            let failure = self.failing_events.pop_front().or(self.knobs.events_fail);
            let failure = failure.map(|code| (code, "as it was ordered".to_owned()));
            let taken = failure.map_or_else(|| self.take_event(entry), Err);
            answers.push(match taken {
                Ok(()) => json!({"EventId": format!("00000000-0000-4000-8000-{:012}", self.events.len())}),
                Err((code, message)) => json!({"ErrorCode": code, "ErrorMessage": message}),
            });
        }
        let failed = answers.iter().filter(|answer| !answer["ErrorCode"].is_null()).count();
        Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
    }

    fn take_event(&mut self, entry: &Value) -> Result<(), Failure> {
        let text = |key: &'static str| {
            let message = format!("Parameter {key} is not valid. Reason: {key} is a required argument.");
            entry[key].as_str().filter(|text| !text.is_empty()).ok_or(("InvalidArgument", message))
        };
        let (source, detail_type) = (text("Source")?.to_owned(), text("DetailType")?.to_owned());
        let detail: Option<Value> = serde_json::from_str(text("Detail")?).ok();
        let detail = detail.filter(Value::is_object).ok_or(("MalformedDetail", "Detail is malformed.".to_owned()))?;
        if source.starts_with("aws.") {
            return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
        }
        let named = entry["EventBusName"].as_str().unwrap_or("default");
        let bus = named.rsplit_once(":event-bus/").map_or(named, |(_, name)| name).to_owned();
        if !self.knobs.buses.contains(&bus) {
            return self
                .knobs
                .missing_bus
                .map_or(Ok(()), |code| Err((code, format!("Event bus {bus} does not exist."))));
        }
        self.events.push(EventView { bus, source, detail_type, detail, at: self.now });
        Ok(())
    }

    pub(crate) fn describe_bus(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["Name"])?;
        let named = call.body["Name"].as_str().unwrap_or("default");
        let name = named.rsplit_once(":event-bus/").map_or(named, |(_, name)| name);
        if !self.knobs.buses.iter().any(|known| known == name) {
            let message = format!("Event bus {name} does not exist.");
            return Err(Refusal::new(400, "ResourceNotFoundException", message));
        }
        Ok(json!({"Name": name, "Arn": format!("arn:aws:events:{REGION}:123456789012:event-bus/{name}")}))
    }
}

impl Simulator {
    /// The events that buses have taken, in the order of arrival.
    #[must_use]
    pub fn events(&self) -> Vec<EventView> {
        self.shared.account().events.clone()
    }

    /// The next event ends in the error `code`, such as `ThrottlingException` or
    /// `InternalFailure`, with status 200.
    pub fn fail_next_event(&self, code: &'static str) {
        self.shared.account().failing_events.push_back(code);
    }
}
