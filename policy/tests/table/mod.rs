//! What is registered, and what actions and requests make of it, one after the other.

use policy::admission::{Admitted, AdmittedRequest, Arrival, Change, Refusal, There, admit, admit_request};
use policy::event::{self, Command, Event};
use policy::record::{Decision, Declared, Record, Resource, Tombstone};
use serde_json::{Value, json};

use crate::scene::{at, declaration, request, request_with};

pub(crate) fn command(value: Value) -> Command {
    match event::read(value).expect("it is right") {
        Event::Command(command, _) => *command,
        Event::CloudFormation(_) => panic!("it is a request"),
    }
}

pub(crate) fn apply(more: &Value) -> Value {
    json!({"Action": "Apply", "Commitment": declaration(more)})
}

pub(crate) fn scale(action: &str, more: &Value) -> Value {
    json!({"Action": action, "Commitment": declaration(more)})
}

pub(crate) fn named(action: &str) -> Value {
    json!({"Action": action, "Name": "support-agent"})
}

/// What is registered, and what is left of one that is gone.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) there: There,
}

impl Table {
    pub(crate) fn holding(record: Record) -> Self {
        Self { there: There { record: Some(record), tombstone: None } }
    }

    pub(crate) fn admit(&self, value: Value, sent: i64, request_id: &str) -> Result<Admitted, Refusal> {
        admit(&command(value), &self.there, Arrival { now: at(sent.max(1000)), sent: at(sent), request_id })
    }

    /// Registers what an action makes of what is there. Returns why not, if it changes nothing.
    pub(crate) fn act(&mut self, value: Value, sent: i64, request_id: &str) -> Option<String> {
        match self.admit(value, sent, request_id).expect("it is admitted") {
            Admitted::Nothing(why) => Some(why),
            Admitted::Register(change) => {
                self.register(*change);
                None
            }
        }
    }

    pub(crate) fn register(&mut self, change: Change) {
        let Change { declared, inherited, .. } = change;
        if let Some(record) = &mut self.there.record {
            record.declared = declared;
        } else {
            let mut record = Record::new(declared);
            record.progress.spent = inherited;
            self.there.record = Some(record);
        }
        self.there.tombstone = None;
    }

    pub(crate) fn request(&mut self, kind: &str, seconds: i64, more: &Value) -> Result<AdmittedRequest, Refusal> {
        let admitted = admit_request(&request_with(kind, seconds, more), &self.there)?;
        if let AdmittedRequest::Register(change) = &admitted {
            self.register((**change).clone());
        }
        Ok(admitted)
    }

    pub(crate) fn declared(&self) -> &Declared {
        &self.there.record.as_ref().expect("it is registered").declared
    }

    pub(crate) fn decide(&mut self, decision: &Decision) {
        self.there.record.as_mut().expect("it is registered").declared.decide(decision);
    }

    pub(crate) fn forget(&mut self) {
        let record = self.there.record.take().expect("it is registered");
        self.there.tombstone = Some(Tombstone::of(&record, at(2000)));
    }

    pub(crate) fn is_on(&self) -> bool {
        self.declared().demand().at(at(5000)).units.is_some()
    }
}

pub(crate) fn not_allowed<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    match result {
        Err(Refusal::NotAllowed(why)) => why,
        other => panic!("it is allowed: {other:?}"),
    }
}

pub(crate) fn properties(more: &Value) -> Value {
    let mut properties = declaration(more);
    properties.as_object_mut().expect("an object").remove("Name");
    json!({ "ResourceProperties": properties })
}

/// A stack has declared what is registered.
pub(crate) fn by_stack(table: &mut Table) {
    let declared = &mut table.there.record.as_mut().expect("it is registered").declared;
    let origin = request("Create", 0).origin;
    declared.resource = Some(Resource {
        stack_id: origin.stack_id,
        logical_resource_id: origin.logical_resource_id,
        newest: at(0),
        request_id: origin.request_id,
        created: true,
        answered: Some(Decision::Success),
    });
}
