//! Is everything as it should be?
//!
//! Held against a second opinion: what is registered and what the wall clock says, never the function's own plan. Every report that
//! says it is settled: whether that is so. What is paid for, and why, is in [`super::books`].

use serde_json::Value;
use simulator::{COMMITMENT_TAG, Throughput};

use super::declared::Declared;
use super::meddling::NOTHING;
use super::oracle::Registered;
use super::panics;
use super::run::{Run, after};

impl Run {
    /// Looks at everything, once a minute.
    pub(super) fn watch(&mut self) -> Result<(), String> {
        if let Some(panic) = panics().first() {
            return Err(format!("a panic: {panic}"));
        }
        self.hear_answers()?;
        self.owners_act();
        let broken = self.wire.sim.take_violations();
        if !broken.is_empty() {
            return Err(broken.join("\n"));
        }
        for index in 0..self.members.len() {
            self.read(index);
        }
        let now = self.now();
        for index in 0..self.members.len() {
            // Those that it has taken over, too.
            let mut aliases = self.members[index].aliases.clone();
            aliases.extend(self.members[index].registered.iter().flat_map(|one| one.aliases.clone()));
            let failed = self.wire.sim.alias_views(&aliases).iter().any(|alias| alias.status == "FAILED");
            if failed {
                self.members[index].trouble_until = after(now, 20).max(self.members[index].trouble_until);
            }
        }
        self.keep_books()
    }

    /// Whether a commitment that says it is settled is where it should be.
    pub(super) fn check_settled(&mut self, index: usize, report: &Value) -> Result<(), String> {
        let now = self.now();
        let member = &mut self.members[index];
        let Some(registered) = member.registered.clone() else { return Ok(()) };
        if registered.owes {
            return Ok(());
        }
        let living = self.wire.sim.throughputs();
        let ours: Vec<&Throughput> =
            living.iter().filter(|one| one.tags.get(COMMITMENT_TAG) == Some(&member.name)).collect();
        if registered.lifecycle == "Active"
            && !member.candidates.is_empty()
            && !member.candidates.contains(&registered.serial)
        {
            return Err(format!("{} is in force, not {:?}", registered.serial, member.candidates));
        }
        let Some(declared) = self.declared.get(&registered.serial) else { return Err("an unknown serial".to_owned()) };
        let around = member.oracle.around(&self.declared, &registered, now);
        let [held] = around[..] else { return Ok(()) };
        if declared.clocks_change(now) {
            return Ok(());
        }
        let said = report["Desired"]["ModelUnits"].as_u64();
        if said != Some(u64::from(held.unwrap_or(0))) {
            return Err(format!("{held:?} should be held, not {said:?}"));
        }
        let aliases = self.wire.sim.alias_views(&registered.aliases);
        let misplaced = |to: Option<&String>| {
            let rejects = declared.rejects && to.is_none();
            let state = if rejects { "REJECT_INVOCATIONS" } else { "ACCEPT_INVOCATIONS" };
            let left_alone = |route: &Option<String>| {
                let foreign = |one: &Throughput| {
                    Some(&one.arn) == route.as_ref() && one.tags.get(COMMITMENT_TAG) != Some(&member.name)
                };
                registered.lifecycle != "Active" && living.iter().any(foreign)
            };
            aliases.iter().filter(|alias| !left_alone(&alias.route)).find(|alias| {
                alias.route.as_ref() != to || alias.status != "PREPARED" || alias.invocation_state != state
            })
        };
        let (arn, kind) = match (held, &ours[..]) {
            (None, []) => (None, "seen: off and gone"),
            (Some(units), [one]) => {
                let alike = one.units == units
                    && one.model_arn.ends_with(declared.model)
                    && one.term.as_deref() == declared.term;
                if !alike || one.status != "InService" {
                    return Err(format!("{one:?} is there for {units} of {}", declared.model));
                }
                (Some(&one.arn), "seen: in service and routed")
            }
            _ => return Err(format!("{held:?} should be held, and there is {ours:?}")),
        };
        if let Some(alias) = misplaced(arn) {
            return Err(format!("an alias is misplaced: {alias:?}"));
        }
        self.check_parameter(&registered, declared, arn)?;
        self.wire.inner().counts.count(kind);
        if let Some(units) = held
            && self.watched.sizes.insert(index, units).is_some_and(|before| before != units)
        {
            self.wire.inner().counts.count("seen: size changed");
        }
        Ok(())
    }

    /// Whether the parameter of a commitment that is settled holds what it should; `arn` is what is in service.
    fn check_parameter(
        &self,
        registered: &Registered,
        declared: &Declared,
        arn: Option<&String>,
    ) -> Result<(), String> {
        let Some(name) = registered.parameter.as_ref().filter(|_| registered.lifecycle != "Retiring") else {
            return Ok(());
        };
        let holds = self.wire.sim.parameter(name);
        // What cannot be written is nobody's problem once the term has ended.
        if registered.lifecycle == "Ended" && holds.as_ref().is_some_and(|holds| holds.kind != "String") {
            return Ok(());
        }
        let right = arn.map_or(declared.without, String::as_str);
        if holds.as_ref().is_none_or(|holds| holds.value != right || holds.kind != "String") {
            return Err(format!("parameter {name} should hold {right}: {holds:?}"));
        }
        self.wire.inner().counts.count(match arn {
            Some(_) => "seen: parameter at a throughput",
            None => "seen: parameter without a throughput",
        });
        Ok(())
    }

    /// After everybody has gone.
    pub(super) fn nothing_is_left(&mut self) -> Result<(), String> {
        let living = self.wire.sim.throughputs();
        if let Some(left) =
            living.iter().find(|one| one.tags.keys().any(|key| key.starts_with("throughput-scheduler:")))
        {
            return Err(format!("{left:?} is left"));
        }
        for member in &self.members {
            // A Delete that retains leaves aliases and the parameter as they are.
            let retained = self.meddling.left_to_owners.contains(&member.name);
            for parameter in member.parameters.iter().filter_map(|name| self.wire.sim.parameter(name)) {
                if !retained && parameter.written && parameter.value.contains(":provisioned-model/") {
                    return Err(format!("a parameter of {} is left: {parameter:?}", member.name));
                }
            }
            for alias in self.wire.sim.alias_views(&member.aliases) {
                // Of an alias that nobody declared it is nobody's business that it goes nowhere.
                let foreign = |route: &String| *route == NOTHING || living.iter().any(|one| one.arn == *route);
                let accepts = retained || alias.invocation_state == "ACCEPT_INVOCATIONS";
                if !alias.route.as_ref().is_none_or(foreign) || alias.status != "PREPARED" || !accepts {
                    return Err(format!("an alias of {} is left: {alias:?}", member.name));
                }
            }
        }
        Ok(())
    }
}
