//! How does an EventBridge bus hear of changes?

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use policy::observed::{CallError, CallErrorKind};
use policy::tidings::Tiding;

use super::Aws;
use super::bedrock::none_if_not_found;

/// Most entries of one call.
const MOST_ENTRIES: usize = 10;

impl Aws {
    /// Whether the event bus exists.
    ///
    /// # Errors
    /// The call failed otherwise than by not finding it.
    pub async fn has_bus(&self, bus: &str) -> Result<bool, CallError> {
        let answer = self.events().describe_event_bus().name(bus).send().await;
        let answer = answer.map_err(|error| self.failed(format!("look at event bus {bus}"), &error));
        Ok(answer.map(Some).or_else(none_if_not_found)?.is_some())
    }

    /// Tells `bus` of `tidings`. The same may be told twice: each has an id.
    ///
    /// # Errors
    /// The bus refused the call, or one of the entries.
    pub async fn tell_bus(&self, bus: &str, tidings: &[Tiding]) -> Result<(), CallError> {
        let cannot = || format!("tell event bus {bus}");
        for some in tidings.chunks(MOST_ENTRIES) {
            let entries = some.iter().map(|tiding| {
                let entry = PutEventsRequestEntry::builder().event_bus_name(bus).source(Tiding::SOURCE);
                entry.detail_type(Tiding::DETAIL_TYPE).detail(tiding.detail()).build()
            });
            let answer = self.events().put_events().set_entries(Some(entries.collect())).send().await;
            let answer = answer.map_err(|error| self.failed(cannot(), &error))?;
            // It answers 200 although it has refused some of them.
            if let Some(refused) = answer.entries().iter().find(|entry| entry.error_code().is_some()) {
                return Err(CallError {
                    cannot: cannot(),
                    kind: CallErrorKind::Refused,
                    code: refused.error_code().unwrap_or_default().to_owned(),
                    message: refused.error_message().unwrap_or_default().to_owned(),
                });
            }
        }
        Ok(())
    }
}
