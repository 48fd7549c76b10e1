//! How is a world put together?

use policy::commitment::{Commitment, Name};
use policy::custom_resource::{Origin, RequestType, ResponseUrl};
use policy::event::{Command, End, Subject};
use policy::guardrails::Guardrails;
use policy::timetable::State;
use serde_json::Value;

use crate::time::Second;
use crate::world::{Ask, Event, Fault, Hand, MODEL, World, declaration};

/// Where a stack wants its answers.
const URL: &str = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/";

impl World {
    fn commitment(&mut self, index: u8, more: &Value) -> Commitment {
        let name = self.commitments[usize::from(index)].clone();
        #[expect(clippy::expect_used, reason = "the catalogue's declarations are fixed")]
        let commitment = declaration(&name, more).expect("the catalogue's declarations can be read");
        self.knows(index, &commitment);
        commitment
    }

    #[expect(clippy::expect_used, reason = "the catalogue's names are fixed")]
    fn name_of(&self, index: u8) -> Name {
        self.commitments[usize::from(index)].parse().expect("the catalogue's names can be read")
    }

    fn event(mut self, commitment: u8, command: Command) -> Self {
        self.events.push(Event { commitment, ask: Ask::Command(Box::new(command)), not_before: 0 });
        self
    }

    pub(crate) fn apply(mut self, index: u8, more: &Value) -> Self {
        let commitment = self.commitment(index, more);
        self.event(index, Command::Apply(Box::new(commitment)))
    }

    pub(crate) fn scale_up(mut self, index: u8, more: &Value) -> Self {
        let commitment = self.commitment(index, more);
        self.event(index, Command::Scale { state: State::On, subject: Subject::Declared(Box::new(commitment)) })
    }

    pub(crate) fn scale_down(self, index: u8) -> Self {
        let name = self.name_of(index);
        self.event(index, Command::Scale { state: State::Off, subject: Subject::Named(name) })
    }

    pub(crate) fn retire(self, index: u8) -> Self {
        let name = self.name_of(index);
        self.event(index, Command::Retire(name))
    }

    pub(crate) fn overriding(self, index: u8, state: State, end: End) -> Self {
        let name = self.name_of(index);
        self.event(index, Command::Override { name, state, units: None, end, reason: None })
    }

    pub(crate) fn create(self, properties: &Value, timeout: Second) -> Self {
        self.request(RequestType::Create, properties, timeout)
    }

    pub(crate) fn update(self, properties: &Value, timeout: Second) -> Self {
        self.request(RequestType::Update, properties, timeout)
    }

    pub(crate) fn delete(self, timeout: Second) -> Self {
        self.request(RequestType::Delete, &Value::Null, timeout)
    }

    /// A request of the stack, which takes the place of the world's first commitment.
    #[expect(clippy::expect_used, reason = "the catalogue's URLs are fixed")]
    fn request(mut self, kind: RequestType, more: &Value, timeout: Second) -> Self {
        let url = format!("{URL}e{}", self.events.len());
        let origin = Origin {
            response_url: ResponseUrl::new(&url, &[]).expect("the catalogue's URLs can be read"),
            stack_id: "stack".to_owned(),
            request_id: format!("e{}", self.events.len()),
            logical_resource_id: "A".to_owned(),
        };
        self.commitments[0] = origin.physical_id();
        let mut properties = Value::Null;
        if let Some(members) = more.as_object() {
            self.commitment(0, more);
            properties = serde_json::json!({"ModelId": MODEL, "LeadTime": "0m"});
            for (key, member) in members {
                properties[key] = member.clone();
            }
        }
        self.events.push(Event {
            commitment: 0,
            ask: Ask::Request { kind, origin, properties, timeout },
            not_before: 0,
        });
        self
    }

    pub(crate) fn faults(mut self, most: u8, faults: &[Fault]) -> Self {
        self.most_faults = most;
        self.faults = faults.to_vec();
        self
    }

    pub(crate) fn hands(mut self, most: u8, hands: &[Hand]) -> Self {
        self.most_hands = most;
        self.hands = hands.to_vec();
        self.foreign = hands.contains(&Hand::RouteToForeign);
        self
    }

    pub(crate) fn quota(mut self, quota: u32) -> Self {
        self.quota = quota;
        self
    }

    pub(crate) fn unique(mut self) -> Self {
        self.unique_names = true;
        self
    }

    pub(crate) fn lagging(mut self, lag: Second) -> Self {
        self.lag = lag;
        self
    }

    pub(crate) fn undeletable(mut self) -> Self {
        self.deletable = false;
        self
    }

    pub(crate) fn overtaking(mut self) -> Self {
        self.reorder = true;
        self
    }

    /// Hours since the beginning at which a timetable changes what is wanted.
    pub(crate) fn until_hours(mut self, hours: &[Second]) -> Self {
        self.boundaries = hours.iter().map(|hour| hour * 3600).collect();
        self
    }

    #[expect(clippy::expect_used, reason = "the catalogue's guardrails are fixed")]
    pub(crate) fn total(mut self, total: &str) -> Self {
        let guardrails = Guardrails::parse("4", Some(total), "*", "None,OneMonth,SixMonths");
        self.guardrails = guardrails.expect("the catalogue's guardrails can be read");
        self
    }
}
