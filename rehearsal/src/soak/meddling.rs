//! Weather, and people who do by hand what they should not.

use jiff::{SignedDuration, Timestamp};

use super::run::{Run, after};
use super::wire::{AFTERMATH, Weather};
use crate::MODEL;

/// Calls that may be denied for a while.
const DENIED: [&str; 13] = [
    "CreateProvisionedModelThroughput",
    "DeleteProvisionedModelThroughput",
    "GetProvisionedModelThroughput",
    "ListProvisionedModelThroughputs",
    "ListTagsForResource",
    "GetAgentAlias",
    "UpdateAgentAlias",
    "GetAgentVersion",
    "GetFoundationModel",
    "UpdateSchedule",
    "ListSchedules",
    "GetParameter",
    "PutParameter",
];

/// Why a creation fails.
pub(super) const CREATION_FAILS: &str = "the model could not be loaded";
/// A throughput that does not exist.
pub(super) const NOTHING: &str = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abcdefabcdef";

/// What is out of order by somebody's hand, and until when.
#[derive(Debug, Default)]
pub(super) struct Meddling {
    weather_until: Timestamp,
    pub(super) no_ticks_since: Timestamp,
    pub(super) no_ticks_until: Timestamp,
    quota_until: Option<Timestamp>,
    legacy_until: Option<Timestamp>,
    /// By agent and alias: the version that it pointed at.
    aliases_gone: Vec<((String, String), String, Timestamp)>,
    /// Parameters that are of another type.
    parameters_odd: Vec<(String, Timestamp)>,
    /// Throughputs that were deleted by hand, by ARN.
    pub(super) deleted: Vec<String>,
    /// Commitments whose throughput a stack has left to its owners, who delete it in time.
    pub(super) left_to_owners: Vec<String>,
    foreign: u32,
}

impl Run {
    /// What goes wrong this minute.
    pub(super) fn meddle(&mut self) {
        let now = self.now();
        if self.meddling.weather_until <= now {
            self.change_weather();
        }
        self.put_back(now);
        if self.dice.once_in(700) {
            self.wire.count("fault: creation fails");
            self.wire.sim.fail_next_creation(CREATION_FAILS);
        }
        if self.dice.once_in(500) {
            self.wire.count("fault: alias update fails");
            self.wire.sim.fail_next_alias_update("the agent could not be reached");
        }
        if self.dice.once_in(900) {
            self.wire.count("clock: back by seconds");
            let behind = SignedDuration::from_secs(self.dice.between(1, 5));
            self.wire.inner().behind = behind;
        } else if self.dice.once_in(300) {
            self.wire.inner().behind = SignedDuration::ZERO;
        }
        if self.dice.once_in(2500) {
            self.wire.count("clock: hours without ticks");
            self.meddling.no_ticks_since = now;
            self.meddling.no_ticks_until = after(now, self.dice.between(60, 400));
        }
        if now < self.meddling.no_ticks_until
            || self.meddling.quota_until.is_some()
            || self.meddling.legacy_until.is_some()
        {
            self.wire.trouble();
        }
        if self.dice.once_in(100) {
            self.lay_hands_on();
        }
    }

    fn change_weather(&mut self) {
        let now = self.now();
        let mut minutes = self.dice.between(10, 120);
        let weather = match self.dice.between(0, 9) {
            0..=4 => Weather { refused: 8, ..Weather::default() },
            5..=7 => Weather {
                faults: u32::try_from(self.dice.between(1, 8)).unwrap_or(1),
                denied: None,
                unheard: 30,
                refused: 8,
            },
            8 => Weather { faults: 30, denied: None, unheard: 60, refused: 30 },
            _ => {
                minutes = minutes.min(20);
                Weather { faults: 0, denied: Some(*self.dice.pick(&DENIED)), unheard: 20, refused: 0 }
            }
        };
        self.meddling.weather_until = after(now, minutes);
        self.wire.inner().weather = weather;
    }

    /// Somebody does something by hand.
    fn lay_hands_on(&mut self) {
        let now = self.now();
        let later = after(now, self.dice.between(5, 180));
        let last = i64::try_from(self.members.len()).unwrap_or(1) - 1;
        let index = usize::try_from(self.dice.between(0, last)).unwrap_or_default();
        let member = &self.members[index];
        let (agent, alias) = self.dice.pick(&member.aliases).clone();
        let is_there = !self.meddling.aliases_gone.iter().any(|(gone, ..)| *gone == (agent.clone(), alias.clone()));
        let sim = std::sync::Arc::clone(&self.wire.sim);
        let kind = match self.dice.between(0, 12) {
            0 | 1 => {
                let living = sim.throughputs();
                let ours = living.iter().filter(|one| one.tags.get(simulator::COMMITMENT_TAG) == Some(&member.name));
                // With a term AWS would refuse it.
                let ours = ours.filter(|one| one.term.is_none());
                let Some(one) = ours.max_by_key(|one| (one.created, one.arn.clone())) else { return };
                sim.delete_throughput(&one.name);
                self.meddling.deleted.push(one.arn.clone());
                "meddling: throughput deleted"
            }
            2 if is_there => {
                self.meddling.foreign += 1;
                let arn = sim.add_throughput(
                    &format!("foreign-{}", self.meddling.foreign),
                    "amazon.nova-lite-v1:0:24k",
                    1,
                    &[],
                );
                sim.change_alias(&agent, &alias, |alias| alias.route = Some(arn));
                "meddling: alias to a foreign throughput"
            }
            3 if is_there => {
                sim.change_alias(&agent, &alias, |alias| alias.route = None);
                "meddling: alias to on-demand"
            }
            4 if is_there => {
                sim.change_alias(&agent, &alias, |alias| alias.route = Some(NOTHING.to_owned()));
                "meddling: alias to what does not exist"
            }
            5 if is_there => {
                let version = self.dice.between(4, 40).to_string();
                sim.add_agent_version(&agent, &version, MODEL);
                // As a stack update of the alias does.
                sim.change_alias(&agent, &alias, |alias| {
                    alias.version = version;
                    alias.route = None;
                });
                "meddling: new agent version"
            }
            6 if is_there => {
                let version = sim.alias(&agent, &alias).version;
                sim.remove_alias(&agent, &alias);
                self.meddling.aliases_gone.push(((agent, alias), version, later));
                "meddling: alias gone"
            }
            7 if self.meddling.quota_until.is_none() => {
                sim.knobs(|knobs| knobs.quota = 0);
                self.meddling.quota_until = Some(later);
                "meddling: quota withdrawn"
            }
            8 if self.meddling.legacy_until.is_none() => {
                sim.set_model_lifecycle(MODEL, "LEGACY");
                self.meddling.legacy_until = Some(later);
                "meddling: model turned LEGACY"
            }
            9 if member.registered.is_some() => {
                let name = member.name.clone();
                sim.edit_schedule(crate::GROUP, &name, |definition| {
                    definition["ScheduleExpression"] = "rate(7 minutes)".into();
                    definition["Description"] = "edited by hand".into();
                });
                // It ticks more rarely than an answer that is owed needs.
                self.excuse_whatever_waits(&name);
                "meddling: schedule edited"
            }
            10 => {
                let name = self.dice.pick(&member.parameters);
                let value = *self.dice.pick(&["somebody-elses-model", "off", NOTHING]);
                sim.set_parameter(name, "String", value);
                "meddling: parameter written over"
            }
            11 => {
                let mut there = member.parameters.iter().filter(|name| sim.parameter(name).is_some());
                let Some(name) = there.next() else { return };
                sim.remove_parameter(name);
                "meddling: parameter deleted"
            }
            12 => {
                let name = self.dice.pick(&member.parameters);
                let kind = *self.dice.pick(&["StringList", "SecureString"]);
                sim.set_parameter(name, kind, "one,other");
                self.meddling.parameters_odd.push((name.clone(), later));
                "meddling: parameter of another type"
            }
            _ => return,
        };
        self.wire.count(kind);
        self.wire.note(&format!("  {}", self.members[index].name));
        self.wire.trouble();
        self.members[index].trouble_until = after(later, AFTERMATH.as_mins());
    }

    /// What was out of order for long enough is put back.
    fn put_back(&mut self, now: Timestamp) {
        let Meddling { quota_until, legacy_until, aliases_gone, parameters_odd, .. } = &mut self.meddling;
        if quota_until.take_if(|until| *until <= now).is_some() {
            self.wire.sim.knobs(|knobs| knobs.quota = 1000);
        }
        if legacy_until.take_if(|until| *until <= now).is_some() {
            self.wire.sim.set_model_lifecycle(MODEL, "ACTIVE");
        }
        for ((agent, alias), version, _) in aliases_gone.extract_if(.., |(.., until)| *until <= now) {
            self.wire.sim.add_alias(&agent, &alias, &version);
        }
        for (name, _) in parameters_odd.extract_if(.., |(_, until)| *until <= now) {
            if self.wire.sim.parameter(&name).is_some_and(|parameter| parameter.kind != "String") {
                self.wire.sim.remove_parameter(&name);
            }
        }
    }

    /// From here on nothing goes wrong, and what is wrong is put right by who did it.
    pub(super) fn calm_down(&mut self) {
        self.calm = true;
        self.wire.note("calm");
        self.wire.inner().weather = Weather::default();
        self.wire.inner().behind = SignedDuration::ZERO;
        self.wire.sim.clear_faults();
        self.meddling.weather_until = Timestamp::MIN;
        self.meddling.no_ticks_until = self.now().min(self.meddling.no_ticks_until);
        self.put_back(Timestamp::MAX);
        self.clear_parameters();
        let living = self.wire.sim.throughputs();
        let declared = |key: &(String, String)| {
            let registered = self.members.iter().filter_map(|member| member.registered.as_ref());
            registered.into_iter().any(|one| one.aliases.contains(key))
        };
        for member in &self.members {
            for key in &member.aliases {
                let (agent, alias) = key;
                // One that failed twice while it was let go was forgotten as it was.
                if self.wire.sim.alias(agent, alias).status == "FAILED" && !declared(key) {
                    self.wire.sim.change_alias(agent, alias, |alias| alias.status = "PREPARED");
                }
                let foreign = |route: &String| {
                    living.iter().any(|one| one.arn == *route && !one.tags.contains_key(simulator::COMMITMENT_TAG))
                };
                if self.wire.sim.alias(agent, alias).route.as_ref().is_some_and(foreign) {
                    self.wire.sim.change_alias(agent, alias, |alias| alias.route = None);
                }
            }
        }
    }

    /// Who has written into what nobody declares takes it away again; what is declared is the function's to put right.
    fn clear_parameters(&self) {
        let declared = |name: &String| {
            let registered = self.members.iter().filter_map(|member| member.registered.as_ref());
            registered.into_iter().any(|one| one.parameter.as_ref() == Some(name))
        };
        for name in self.members.iter().flat_map(|member| &member.parameters) {
            if self.wire.sim.parameter(name).is_some_and(|parameter| !parameter.written) && !declared(name) {
                self.wire.sim.remove_parameter(name);
            }
        }
    }

    /// Owners look after what a stack has left to them, as soon as it is theirs.
    pub(super) fn owners_act(&mut self) {
        let names = std::mem::take(&mut self.meddling.left_to_owners);
        let (theirs, not_yet): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|name| self.index_of(name).is_none_or(|index| self.members[index].registered.is_none()));
        self.meddling.left_to_owners = not_yet;
        for name in theirs {
            let Some(index) = self.index_of(&name) else { continue };
            let left = self.wire.sim.throughputs();
            let unmarked = |one: &&simulator::Throughput| !one.tags.contains_key(simulator::COMMITMENT_TAG);
            let left: Vec<_> = left.iter().filter(|one| one.name.starts_with(&name)).filter(unmarked).collect();
            for key in self.members[index].aliases.clone() {
                if self.wire.sim.alias_views(std::slice::from_ref(&key)).is_empty() {
                    continue;
                }
                self.wire.sim.change_alias(&key.0, &key.1, |alias| {
                    if left.iter().any(|one| Some(&one.arn) == alias.route.as_ref()) {
                        alias.route = None;
                    }
                    "ACCEPT_INVOCATIONS".clone_into(&mut alias.invocation_state);
                    if alias.status == "FAILED" {
                        alias.status = "PREPARED";
                    }
                });
            }
            for name in &self.members[index].parameters {
                self.wire.sim.remove_parameter(name);
            }
            for one in left {
                self.wire.sim.delete_throughput(&one.name);
            }
        }
    }
}
