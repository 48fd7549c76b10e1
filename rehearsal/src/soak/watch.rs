//! Is everything as it should be?
//!
//! Held against a second opinion: what is registered and what the wall clock says, never the function's own plan. Every minute: what
//! is paid for and why. Every report that says it is settled: whether that is so.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::{COMMITMENT_TAG, Throughput};

use super::declared::LONGEST_DRAIN;
use super::meddling::NOTHING;
use super::run::{Run, after};
use super::{Ledger, panics};

/// What is paid for, as it was seen last.
#[derive(Debug, Clone)]
struct Paid {
    member: usize,
    last: Throughput,
    /// Minutes without anything going wrong in which nobody wanted it.
    unwanted: i64,
    /// Whether it was wanted when it was last looked at, beyond doubt.
    wanted: bool,
}

/// What has been seen.
#[derive(Debug, Default)]
pub(super) struct Watched {
    paid: BTreeMap<String, Paid>,
    /// The size that each member was seen settled at.
    sizes: BTreeMap<usize, u32>,
}

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
            let aliases = self.members[index].aliases.clone();
            let failed = self.wire.sim.alias_views(&aliases).iter().any(|alias| alias.status == "FAILED");
            if failed {
                self.members[index].trouble_until = after(now, 20).max(self.members[index].trouble_until);
            }
        }
        self.keep_books()
    }

    /// Notes for what each throughput is paid, and finds what is paid for in vain.
    fn keep_books(&mut self) -> Result<(), String> {
        let now = self.now();
        let living = self.wire.sim.throughputs();
        let limit = LONGEST_DRAIN + 4 * self.tick_minutes.max(7) + 10;
        let mut seen = BTreeMap::new();
        for one in &living {
            let Some(index) = one.tags.get(COMMITMENT_TAG).and_then(|name| self.index_of(name)) else { continue };
            let before = self.watched.paid.remove(&one.arn);
            let mut unwanted = before.as_ref().map_or(0, |paid| paid.unwanted);
            let member = &mut self.members[index];
            let mut around = Vec::new();
            let mut model = "";
            if let Some(registered) = &member.registered {
                around = member.oracle.around(&self.declared, registered, now);
                model = self.declared.get(&registered.serial).map_or("", |declared| declared.model);
            }
            let doubtful = member.registered.as_ref().is_some_and(|registered| {
                self.declared.get(&registered.serial).is_some_and(|declared| declared.clocks_change(now))
            });
            let fits = |units: &Option<u32>| *units == Some(one.units) && one.model_arn.ends_with(model);
            let held = around.iter().any(fits) || doubtful;
            let wanted = !doubtful && !around.is_empty() && around.iter().all(fits);
            let another_serves = |units: &Option<u32>| {
                living.iter().any(|other| {
                    other.tags.get(COMMITMENT_TAG) == one.tags.get(COMMITMENT_TAG)
                        && Some(other.units) == *units
                        && other.model_arn.ends_with(model)
                        && other.status == "InService"
                })
            };
            let interim = around.iter().any(|units| units.is_some() && !another_serves(units));
            let in_trouble = self.in_trouble(index);
            let Ledger { held: paid_held, created, interim: paid_interim, kept, trouble, drain } = &mut self.ledger;
            let units = u64::from(one.units);
            if one.status == "Failed" {
                unwanted = 0;
                self.members[index].trouble_until = after(now, 20).max(self.members[index].trouble_until);
            } else if held {
                *paid_held += units;
                unwanted = 0;
            } else if one.status == "Creating" {
                *created += units;
            } else if one.expiration.is_some_and(|end| now < after(end, 2)) {
                *kept += units;
            } else if interim {
                *paid_interim += units;
                unwanted = 0;
            } else if in_trouble {
                *trouble += units;
            } else {
                *drain += units;
                unwanted += 1;
            }
            if unwanted > limit {
                return Err(format!(
                    "{} has been paid for for {unwanted} minutes in which nobody wanted it and nothing was wrong, of at most {limit}",
                    one.name
                ));
            }
            seen.insert(one.arn.clone(), Paid { member: index, last: one.clone(), unwanted, wanted });
        }
        let gone = std::mem::replace(&mut self.watched.paid, seen);
        for (arn, paid) in gone {
            self.is_gone(&arn, &paid)?;
        }
        Ok(())
    }

    /// What is gone was deleted by hand, was not wanted, or was left to its owner.
    fn is_gone(&mut self, arn: &str, paid: &Paid) -> Result<(), String> {
        let Paid { member, last, wanted, .. } = paid;
        if last.expiration.is_some() {
            self.wire.count("seen: term ended");
        }
        let by_hand = self.meddling.deleted.iter().any(|deleted| deleted == arn);
        let now = self.now();
        let changed = after(self.members[*member].changed, 10) > now;
        let registered = self.members[*member].registered.is_some();
        if *wanted && !by_hand && !changed && registered && last.status == "InService" {
            return Err(format!("{} is gone, and was wanted and in service", last.name));
        }
        Ok(())
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
                if one.units != units || !one.model_arn.ends_with(declared.model) || one.status != "InService" {
                    return Err(format!("{one:?} is there for {units} of {}", declared.model));
                }
                (Some(&one.arn), "seen: in service and routed")
            }
            _ => return Err(format!("{held:?} should be held, and there is {ours:?}")),
        };
        if let Some(alias) = misplaced(arn) {
            return Err(format!("an alias is misplaced: {alias:?}"));
        }
        self.wire.inner().counts.count(kind);
        if let Some(units) = held
            && self.watched.sizes.insert(index, units).is_some_and(|before| before != units)
        {
            self.wire.inner().counts.count("seen: size changed");
        }
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
            for alias in self.wire.sim.alias_views(&member.aliases) {
                // Of an alias that nobody declared it is nobody's business that it goes nowhere.
                let foreign = |route: &String| *route == NOTHING || living.iter().any(|one| one.arn == *route);
                if !alias.route.as_ref().is_none_or(foreign)
                    || (alias.status != "PREPARED" && alias.route.is_some())
                    || alias.invocation_state != "ACCEPT_INVOCATIONS"
                {
                    return Err(format!("an alias of {} is left: {alias:?}", member.name));
                }
            }
        }
        Ok(())
    }
}
