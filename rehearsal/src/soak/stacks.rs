//! `CloudFormation`: stacks are created, updated, rolled back and deleted, and each request is to be answered once, in time.

use std::collections::BTreeMap;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::declared::{Declared, Scope};
use super::run::{Delivery, Member, Run, after};
use super::wire::SINK;
use crate::FUNCTION;
use crate::cloudformation::as_strings;

const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/soak/0f1e2d3c-0000-4000-8000-000000000000";

/// A resource of the stack, as `CloudFormation` sees it.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    logical_id: String,
    pub(super) name: String,
    /// Properties and serial of the declaration that the template has.
    current: Option<(Value, u32)>,
    /// The request that it waits for.
    pub(super) pending: Option<String>,
    /// What `CloudFormation` does next, and when.
    next: Option<(Next, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Rollback,
    Delete,
}

/// A request that was made.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    name: String,
    kind: &'static str,
    declared: Option<(Value, u32)>,
    rolls_back: bool,
    signed: Timestamp,
    until: Timestamp,
    pub(super) status: Option<String>,
    /// Whether an invocation has taken it and ended well.
    pub(super) heard: bool,
    /// Deliveries that are still to come.
    pub(super) under_way: u32,
    /// Whether no answer can be expected in time.
    excused: bool,
}

impl Resource {
    pub(super) fn new(number: i64) -> Self {
        let logical_id = format!("Throughput{number}");
        let digest = Sha256::digest(format!("{STACK}/{logical_id}"));
        let digest = digest.iter().take(4).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self { name: format!("{logical_id}-{digest}"), logical_id, current: None, pending: None, next: None }
    }

    /// Whether it is there, and nothing of it is under way.
    pub(super) fn wants_delete(&self) -> bool {
        self.current.is_some() && self.pending.is_none() && self.next.is_none()
    }

    /// What the template has of it.
    pub(super) fn current(&self) -> Option<(Value, u32)> {
        self.current.clone()
    }

    pub(super) fn is_free(&self) -> bool {
        self.current.is_none() && self.pending.is_none() && self.next.is_none()
    }
}

impl Run {
    fn resource(&mut self, index: usize) -> Option<&mut Resource> {
        self.members[index].resource.as_mut()
    }

    /// What `CloudFormation` does by itself: rollbacks, deletions, and giving up on what is not answered.
    pub(super) fn stacks_act(&mut self) {
        for index in 0..self.members.len() {
            let now = self.now();
            let Some(resource) = self.members[index].resource.as_mut() else { continue };
            if let Some(pending) = &resource.pending {
                let creates = self.asked.get(pending).is_some_and(|asked| asked.kind == "Create");
                if creates && !self.calm && self.dice.once_in(40) {
                    // A sibling has failed.
                    self.wire.count("stack: Delete while Create runs");
                    self.delete(index, None);
                }
                continue;
            }
            let Some((next, _)) = resource.next.take_if(|(_, at)| *at <= now) else { continue };
            match (next, resource.current.clone()) {
                (Next::Rollback, Some(current)) => {
                    self.wire.count("stack: rollback of an Update");
                    self.ask(index, "Update", Some(current), true);
                }
                (Next::Rollback, None) => {}
                (Next::Delete, current) => self.delete(index, current),
            }
        }
    }

    /// Somebody deploys: what is not there is created, what is there is updated or deleted.
    pub(super) fn deploy(&mut self, index: usize) {
        let Some(resource) = self.members[index].resource.clone() else { return };
        if resource.pending.is_some() {
            return;
        }
        if resource.next.is_some() {
            return;
        }
        let mistaken = self.dice.once_in(4);
        match resource.current {
            None => {
                let (value, serial) = self.new_declaration(index, true, false);
                let value = self.perhaps_spoilt(value, serial, mistaken);
                self.wire.count(if mistaken { "stack: Create of a mistake" } else { "stack: Create" });
                self.ask(index, "Create", Some((value, serial)), false);
            }
            Some(current) if self.dice.once_in(3) => self.delete(index, Some(current)),
            Some((value, serial)) if self.dice.once_in(5) => {
                // Nothing that matters differs.
                self.wire.count("stack: Update");
                self.ask(index, "Update", Some((value, serial)), false);
            }
            Some(_) => {
                let (value, serial) = self.new_declaration(index, true, false);
                let value = self.perhaps_spoilt(value, serial, mistaken);
                self.wire.count(if mistaken { "stack: Update of a mistake" } else { "stack: Update" });
                self.ask(index, "Update", Some((value, serial)), false);
            }
        }
    }

    fn perhaps_spoilt(&mut self, value: Value, serial: u32, mistaken: bool) -> Value {
        match self.declared.get(&serial) {
            Some(declared) if mistaken => declared.spoilt(&mut self.dice),
            Some(_) | None => value,
        }
    }

    /// A new declaration for the member `index`.
    pub(super) fn new_declaration(&mut self, index: usize, resource: bool, take_over: bool) -> (Value, u32) {
        let serial = u32::try_from(self.declared.len()).unwrap_or_default() + 1;
        let Member { aliases, parameters, with_term, .. } = &self.members[index];
        let (mut aliases, mut parameters, with_term) = (aliases.clone(), parameters.clone(), *with_term);
        if take_over {
            let other = self.dice.between(0, i64::try_from(self.members.len()).unwrap_or(1) - 1);
            let other = &self.members[usize::try_from(other).unwrap_or_default()];
            aliases.extend(other.aliases.last().cloned());
            if self.dice.once_in(2) {
                parameters = other.parameters.clone();
                self.wire.count("action: parameter taken over");
            }
            aliases.dedup();
            aliases.sort();
            aliases.dedup();
        }
        let scope = Scope { aliases: &aliases, parameters: &parameters, with_term, take_over, resource };
        let now = self.wire.sim.now();
        let declared = Declared::random(&mut self.dice, serial, now, &scope);
        let value = declared.value.clone();
        self.declared.insert(serial, declared);
        (value, serial)
    }

    /// Sends a Delete for what the member `index` has in its stack.
    pub(super) fn delete(&mut self, index: usize, current: Option<(Value, u32)>) {
        let retains =
            current.as_ref().is_some_and(|(_, serial)| self.declared.get(serial).is_some_and(|one| one.retains));
        self.wire.count(if retains { "stack: Delete that retains" } else { "stack: Delete" });
        if let Some(resource) = self.resource(index) {
            resource.next = None;
        }
        self.ask(index, "Delete", current, false);
    }

    fn ask(&mut self, index: usize, kind: &'static str, declared: Option<(Value, u32)>, rolls_back: bool) {
        let signed = Timestamp::from_second(self.now().as_second()).unwrap_or_default();
        self.requests += 1;
        let id = format!("request-{}", self.requests);
        let date = Offset::UTC.to_datetime(signed).strftime("%Y%m%dT%H%M%SZ");
        let Some(resource) = self.members[index].resource.as_mut() else { return };
        let mut properties = json!({"ServiceToken": FUNCTION});
        if let (Some(members), Some((Value::Object(more), _))) = (properties.as_object_mut(), &declared) {
            members.extend(more.clone());
        }
        let mut event = json!({
            "RequestType": kind,
            "ServiceToken": FUNCTION,
            "ResponseURL": format!("http://{SINK}/{id}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-Expires=7200"),
            "StackId": STACK,
            "RequestId": id,
            "LogicalResourceId": resource.logical_id,
            "ResourceType": "Custom::ProvisionedThroughput",
            "ResourceProperties": as_strings(&properties),
        });
        if kind != "Create" {
            let known = resource.current.is_some();
            event["PhysicalResourceId"] = json!(if known { &resource.name } else { "soak-made-up-1ABC" });
        }
        if kind == "Update" {
            let old = resource.current.as_ref().map(|(value, _)| as_strings(value));
            event["OldResourceProperties"] = old.unwrap_or_default();
        }
        resource.pending = Some(id.clone());
        let seconds = properties["ServiceTimeout"].as_i64().unwrap_or(3600);
        let until = signed.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(signed);
        if kind != "Delete"
            && let Some((_, serial)) = &declared
        {
            self.members[index].candidates.push(*serial);
        }
        let mut asked = Asked {
            name: self.members[index].name.clone(),
            kind,
            declared,
            rolls_back,
            signed,
            until,
            status: None,
            heard: false,
            under_way: 1,
            excused: false,
        };
        let mut at = self.now();
        if !self.calm && self.dice.once_in(8) {
            self.wire.count("stack: delivered late");
            at = after(at, if self.dice.once_in(5) { self.dice.between(30, 100) } else { self.dice.between(1, 9) });
            asked.excused = after(at, 12) >= until;
        }
        if !self.calm && self.dice.once_in(6) {
            self.wire.count("stack: delivered twice");
            asked.under_way += 1;
            let again = after(at, self.dice.between(0, 4));
            self.deliveries.push(Delivery { at: again, event: event.clone(), tries: 2, request: Some(id.clone()) });
        }
        self.deliveries.push(Delivery { at, event, tries: 2, request: Some(id.clone()) });
        self.asked.insert(id, asked);
    }

    /// Takes the answers that came, and looks for those that did not.
    pub(super) fn hear_answers(&mut self) -> Result<(), String> {
        let puts = std::mem::take(&mut self.wire.inner().puts);
        for put in puts {
            let Some(Asked { name, signed, .. }) = self.asked.get(&put.request) else {
                return Err(format!("an answer to {}, which nobody asked", put.request));
            };
            let status = put.body["Status"].as_str().unwrap_or_default().to_owned();
            // What is older than the newest request is refused. A tombstone remembers that it was deleted, not what each request before
            // that was answered. The first answer counts.
            let since = |other: &Asked| match other.kind {
                "Delete" => *signed <= other.signed,
                _ => status == "FAILED" && *signed < other.signed,
            };
            let overtaken = self.asked.values().any(|other| other.name == *name && since(other));
            let Some(asked) = self.asked.get_mut(&put.request) else { continue };
            let reason = put.body["Reason"].as_str().unwrap_or_default().to_owned();
            if put.body["PhysicalResourceId"] != json!(asked.name) {
                return Err(format!("{} is answered with another id: {}", put.request, put.body));
            }
            // Nobody listens after its end.
            if put.at > asked.until {
                continue;
            }
            if let Some(before) = &asked.status {
                if *before != status && !overtaken && !self.unwritten.contains(&put.request) {
                    return Err(format!("{} was answered {before}, and then {status}: {reason}", put.request));
                }
                continue;
            }
            asked.status = Some(status.clone());
            if reason.contains("cannot write the record") {
                self.unwritten.insert(put.request.clone());
            }
            self.wire.note(&format!("{} {} is answered {status} {reason}", put.request, asked.kind));
            self.wire.inner().counts.count(if status == "SUCCESS" {
                "stack: answered SUCCESS"
            } else {
                "stack: answered FAILED"
            });
            self.answered(&put.request, Some(status == "SUCCESS"));
        }
        let now = self.now();
        let (no_ticks, outage) = (self.meddling.no_ticks_until, self.meddling.no_ticks_since);
        let waits = |asked: &&mut Asked| asked.status.is_none() && asked.until <= now;
        let mut newest_of: BTreeMap<String, Timestamp> = BTreeMap::new();
        for asked in self.asked.values() {
            let newest = newest_of.entry(asked.name.clone()).or_default();
            *newest = asked.signed.max(*newest);
        }
        let mut given_up = Vec::new();
        for (id, asked) in self.asked.iter_mut().filter_map(|(id, asked)| Some((id, Some(asked).filter(waits)?))) {
            let no_ticks = outage < asked.until && asked.signed < no_ticks;
            let dead = !asked.heard && asked.under_way == 0;
            // It is told so for some seconds, and nobody waits for it any more.
            let overtaken = newest_of.get(&asked.name).is_some_and(|newest| asked.signed < *newest);
            if !asked.excused && !no_ticks && !dead && !overtaken {
                return Err(format!(
                    "{id}, a {} of {}, has not been answered by {}",
                    asked.kind, asked.name, asked.until
                ));
            }
            asked.status = Some("nobody".to_owned());
            given_up.push(id.clone());
        }
        for id in given_up {
            self.unanswerable += 1;
            self.wire.note(&format!("{id} was not answered, and could not be"));
            self.answered(&id, None);
        }
        self.asked.retain(|_, asked| asked.status.is_none() || now < after(asked.until, 180));
        Ok(())
    }

    /// Whether a Create of `name` has not been answered yet: when it fails, nothing is left.
    pub(super) fn is_being_created(&self, name: &str) -> bool {
        self.asked.values().any(|asked| asked.kind == "Create" && asked.name == name && asked.status.is_none())
    }

    /// Nobody answers what is asked of `name` in time.
    pub(super) fn excuse_whatever_waits(&mut self, name: &str) {
        for asked in self.asked.values_mut().filter(|asked| asked.name == name) {
            asked.excused = true;
        }
    }

    /// An invocation of the request `id` has died: perhaps after it was registered over an older one, and before that one was told
    /// so. Nobody waits for that one any more.
    pub(super) fn excuse_overtaken_by(&mut self, id: &str) {
        let Some((name, signed)) = self.asked.get(id).map(|asked| (asked.name.clone(), asked.signed)) else { return };
        for (_, older) in self.asked.iter_mut().filter(|(other, _)| *other != id) {
            older.excused |= older.name == name && older.signed <= signed;
        }
    }

    /// What `CloudFormation` makes of an answer, or of none.
    fn answered(&mut self, id: &str, success: Option<bool>) {
        let Some(Asked { name, kind, declared, rolls_back, .. }) = self.asked.get(id).cloned() else { return };
        let Some(index) = self.index_of(&name) else { return };
        let soon = after(self.now(), self.dice.between(1, 5));
        let serial = declared.as_ref().map(|(_, serial)| *serial);
        let member = &mut self.members[index];
        let Some(resource) = member.resource.as_mut() else { return };
        if resource.pending.as_deref() != Some(id) {
            // It has given up on this one.
            return;
        }
        resource.pending = None;
        match (kind, success == Some(true)) {
            ("Create" | "Update", true) => {
                resource.current = declared;
                member.candidates = serial.into_iter().collect();
            }
            ("Create", false) => resource.next = Some((Next::Delete, soon)),
            ("Update", false) => {
                let current = resource.current.as_ref().map(|(_, serial)| *serial);
                resource.next = Some((Next::Rollback, if rolls_back { after(soon, 30) } else { soon }));
                if success.is_some() && !self.unwritten.contains(id) {
                    member.candidates.retain(|known| Some(*known) != serial || Some(*known) == current);
                }
            }
            ("Delete", true) => {
                resource.current = None;
                // Which of them was in force, and whether its Create had been answered, is not known to whoever deletes.
                let mut declared = member.candidates.drain(..).filter_map(|serial| self.declared.get(&serial));
                if declared.any(|declared| declared.retains) {
                    self.meddling.left_to_owners.push(name);
                }
            }
            _ => resource.next = Some((Next::Delete, after(soon, 10))),
        }
    }
}
