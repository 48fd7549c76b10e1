//! People and their crons: actions at any moment.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::meddling::CREATION_FAILS;
use super::run::{Run, after};
use crate::Answer;

/// Minutes between two things that somebody does to one commitment, on average; stacks are busier.
const EVERY: u32 = 200;
const EVERY_OF_STACKS: u32 = 150;

/// What an action should have come to, once it ended well.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Comes {
    /// The declaration of this serial is in force, and nothing lies above it.
    Declared(u32),
    /// It is held, by the declaration of this serial if one came with it.
    Held(bool, Option<u32>),
    Overridden(bool),
    Resumed,
    Gone,
    Nothing,
}

impl Run {
    /// What people do this minute.
    pub(super) async fn people_act(&mut self) -> Result<(), String> {
        for index in 0..self.members.len() {
            let is_resource = self.members[index].resource.is_some();
            if !self.dice.once_in(if is_resource { EVERY_OF_STACKS } else { EVERY }) {
                continue;
            }
            if is_resource && (self.members[index].registered.is_none() || self.dice.once_in(2)) {
                self.deploy(index);
            } else {
                self.act(index, is_resource).await?;
            }
        }
        Ok(())
    }

    async fn act(&mut self, index: usize, is_resource: bool) -> Result<(), String> {
        let name = self.members[index].name.clone();
        let registered = self.members[index].registered.is_some();
        let choice = if registered { self.dice.between(0, 15) } else { self.dice.between(12, 15) };
        let (kind, mut event, comes) = match choice {
            0 | 1 => ("action: ScaleUp", json!({"Action": "ScaleUp", "Name": name}), Comes::Held(true, None)),
            2 | 3 => ("action: ScaleDown", json!({"Action": "ScaleDown", "Name": name}), Comes::Held(false, None)),
            4 | 5 => {
                let mut event = json!({"Action": "Override", "Name": name, "State": "On", "Reason": "load test"});
                if self.dice.once_in(2) {
                    event["ModelUnits"] = json!(self.dice.between(1, 3));
                }
                ("action: Override to On", event, Comes::Overridden(true))
            }
            6 | 7 => {
                let event = json!({"Action": "Override", "Name": name, "State": "Off"});
                ("action: Override to Off", event, Comes::Overridden(false))
            }
            8 | 9 => ("action: Resume", json!({"Action": "Resume", "Name": name}), Comes::Resumed),
            10 if self.dice.once_in(2) => ("action: Status", json!({"Action": "Status", "Name": name}), Comes::Nothing),
            10 => ("action: Status", json!({"Action": "Status"}), Comes::Nothing),
            11 if !is_resource => ("action: Retire", json!({"Action": "Retire", "Name": name}), Comes::Gone),
            11 => ("action: Status", json!({"Action": "Status", "Name": name}), Comes::Nothing),
            12 if !is_resource => {
                let (mut value, serial) = self.new_declaration(index, false, false);
                value["Name"] = json!(name);
                let event = json!({"Action": "ScaleUp", "Commitment": value});
                ("action: ScaleUp", event, Comes::Held(true, Some(serial)))
            }
            13 | 14 if !is_resource => {
                let take_over = self.dice.once_in(3);
                if take_over {
                    self.wire.count("action: taken over");
                }
                let (mut value, serial) = self.new_declaration(index, false, take_over);
                value["Name"] = json!(name);
                let kind = if registered { "action: Apply of a change" } else { "action: Apply of something new" };
                (kind, json!({"Action": "Apply", "Commitment": value}), Comes::Declared(serial))
            }
            15 if !is_resource => {
                let (_, serial) = self.new_declaration(index, false, false);
                let mut value = self.declared.get(&serial).map(|one| one.spoilt(&mut self.dice)).unwrap_or_default();
                value["Name"] = json!(name);
                let event = json!({"Action": "Apply", "Commitment": value});
                ("action: Apply of a mistake", event, Comes::Declared(serial))
            }
            _ => {
                let (mut value, _) = self.new_declaration(index, false, false);
                value["Name"] = json!(name);
                ("action: Plan", json!({"Action": "Plan", "Commitment": value}), Comes::Nothing)
            }
        };
        if matches!(comes, Comes::Overridden(_)) {
            event["For"] = json!(format!("{}m", self.dice.between(1, 30) * 15));
        }
        self.wire.count(kind);
        self.wire.note(&event.to_string());
        if let Comes::Declared(serial) | Comes::Held(_, Some(serial)) = comes {
            self.members[index].candidates.push(serial);
        }
        let member = &self.members[index];
        let retires = member.registered.as_ref().is_some_and(|one| one.lifecycle == "Retiring")
            || self.is_being_created(&member.name);
        let answer = self.invoke(&event).await;
        self.read(index);
        if retires && self.members[index].registered.is_none() {
            // Whatever woke it, it was on its way out.
            return Ok(());
        }
        self.judge(index, kind, comes, answer.as_ref())
    }

    /// Whether what is registered is what was asked for, or as before where it was refused.
    fn judge(&mut self, index: usize, kind: &str, comes: Comes, answer: Option<&Answer>) -> Result<(), String> {
        let member = &mut self.members[index];
        let serial = match comes {
            Comes::Declared(serial) | Comes::Held(_, Some(serial)) => Some(serial),
            Comes::Held(_, None) | Comes::Overridden(_) | Comes::Resumed | Comes::Gone | Comes::Nothing => None,
        };
        match answer {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let refused = ["InvalidEvent", "NotAllowed", "UnknownCommitment", "InvalidSetting"];
                if refused.contains(&error.kind()) {
                    member.candidates.retain(|known| Some(*known) != serial);
                }
                return Ok(());
            }
            None => return Ok(()),
        }
        if let Some(serial) = serial {
            member.candidates = vec![serial];
        }
        let registered = member.registered.clone();
        let well = match (&registered, comes) {
            (_, Comes::Nothing) => true,
            (None, _) => comes == Comes::Gone,
            (Some(one), Comes::Declared(serial)) => {
                one.serial == serial && one.hold.is_none() && one.overriding.is_none() && one.lifecycle == "Active"
            }
            (Some(one), Comes::Held(on, serial)) => {
                one.hold == Some(on) && serial.is_none_or(|serial| one.serial == serial)
            }
            (Some(one), Comes::Overridden(on)) => one.overriding.is_some_and(|(overriding, ..)| overriding == on),
            (Some(one), Comes::Resumed) => one.overriding.is_none() || one.hold.is_none(),
            (Some(one), Comes::Gone) => one.lifecycle == "Retiring",
        };
        let name = &member.name;
        if well { Ok(()) } else { Err(format!("{kind} of {name} ended well, and {registered:?} is registered")) }
    }

    /// At the end everybody retires and deletes what there is.
    pub(super) async fn send_away(&mut self) -> Result<(), String> {
        for index in 0..self.members.len() {
            let member = &self.members[index];
            let (name, registered) = (member.name.clone(), member.registered.clone());
            match &member.resource {
                Some(resource) if resource.wants_delete() => {
                    let current = resource.current();
                    self.delete(index, current);
                }
                None if registered.as_ref().is_some_and(|one| one.lifecycle != "Retiring") => {
                    let answer = self.invoke(&json!({"Action": "Retire", "Name": name})).await;
                    self.read(index);
                    self.judge(index, "Retire", Comes::Gone, answer.as_ref())?;
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Listens to what an invocation says: a tick that calls itself settled is held to it.
    pub(super) fn hear(&mut self, event: &Value, answer: &Answer) -> Result<(), String> {
        let name = event["Name"].as_str().filter(|_| event["Action"] == "Tick").unwrap_or_default();
        let Some(index) = self.index_of(name) else { return Ok(()) };
        let now: Timestamp = self.now();
        self.members[index].last_report = match answer {
            Ok(report) => report.to_string(),
            Err(error) => error.to_string(),
        };
        let Ok(report) = answer else {
            let error = self.members[index].last_report.clone();
            if error.contains(CREATION_FAILS) {
                // It is deleted in the same minute, before anybody looks.
                let member = &mut self.members[index];
                member.trouble_until = after(now, 20).max(member.trouble_until);
            }
            if error.contains("rejects invocations on") {
                self.owner_lets_accept(index);
            }
            // Only a person could have kept it from renewing, and none was there.
            if self.calm && error.contains("renewed") && !error.contains("; ") {
                self.members[index].settled = now;
            }
            // Only a person gives a new value, and none is there.
            if self.calm && error.starts_with("nothing is bought for") && error.ends_with("to buy another term") {
                self.members[index].settled = now;
            }
            return Ok(());
        };
        let waiting = report["Waiting"].as_array().map(Vec::as_slice).unwrap_or_default();
        let for_term = |waiting: &Value| waiting.as_str().is_some_and(|text| text.starts_with("for the term of"));
        let rests = report["Problems"] == json!([]) && report["Actions"] == json!([]) && !waiting.is_empty();
        if rests && waiting.iter().all(for_term) {
            self.members[index].settled = now;
        }
        if report["Settled"] != true {
            return Ok(());
        }
        self.read(index);
        self.members[index].settled = now;
        self.check_settled(index, report).map_err(|what| format!("{name} says it is settled: {what}: {report}"))
    }

    /// Who is told that what is paid for rejects lets it accept: a stack that retained it, and came again, left it so.
    fn owner_lets_accept(&self, index: usize) {
        for key in self.members[index].registered.iter().flat_map(|registered| &registered.aliases) {
            if self.wire.sim.alias_views(std::slice::from_ref(key)).is_empty() {
                continue;
            }
            let (agent, alias) = key;
            self.wire.sim.change_alias(agent, alias, |alias| {
                if alias.route.is_some() {
                    "ACCEPT_INVOCATIONS".clone_into(&mut alias.invocation_state);
                }
            });
        }
    }

    /// Whether nothing is expected to be in disorder because of what has happened lately.
    pub(super) fn in_trouble(&self, index: usize) -> bool {
        let now = self.now();
        let member = &self.members[index];
        now < self.wire.inner().trouble_until || now < member.trouble_until || now < after(member.changed, 1)
    }
}
