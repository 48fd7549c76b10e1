//! What is paid for, and why?
//!
//! Each second of each throughput is noted under a reason, and each reason has a bound of its own. What the simulator bills for a
//! commitment must not be more than what the second opinion held and these bounded reasons together.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulator::{COMMITMENT_TAG, Throughput};

use super::declared::{Declared, LONGEST_DRAIN};
use super::run::{Run, after};

/// Model units times seconds, by what they were paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What the second opinion wanted held, whatever was there.
    pub wanted: u64,
    /// It was wanted.
    pub held: u64,
    /// It was being created, and could not be deleted.
    pub created: u64,
    /// It served until what is wanted instead was in service.
    pub interim: u64,
    /// Its term had not ended.
    pub kept: u64,
    /// Nobody wanted it, after something had gone wrong.
    pub trouble: u64,
    /// Nobody wanted it: ticks and drains take time.
    pub drain: u64,
    /// A stack has left it to its owner.
    pub owners: u64,
}

impl Ledger {
    /// Both together.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let Self { wanted, held, created, interim, kept, trouble, drain, owners } = *other;
        Self {
            wanted: self.wanted + wanted,
            held: self.held + held,
            created: self.created + created,
            interim: self.interim + interim,
            kept: self.kept + kept,
            trouble: self.trouble + trouble,
            drain: self.drain + drain,
            owners: self.owners + owners,
        }
    }

    /// Most that may be billed.
    #[must_use]
    pub fn bound(&self) -> u64 {
        let Self { wanted, held: _, created, interim, kept, trouble, drain, owners } = self;
        wanted + created + interim + kept + trouble + drain + owners
    }
}

/// Unit-hours beside the books: what was bought and deleted between two looks.
const UNSEEN: f64 = 0.5;

/// What is paid for, as it was seen last.
#[derive(Debug, Clone)]
struct Paid {
    member: usize,
    last: Throughput,
    /// Seconds in a row, without anything going wrong, in which nobody wanted it.
    unwanted: i64,
    /// The longest drain that was declared meanwhile, in minutes.
    drain: i64,
    /// Seconds in a row, without anything going wrong, in which it served in place of the same other one.
    interim: i64,
    around: Vec<Option<u32>>,
    /// Whether it was wanted when it was last looked at, beyond doubt.
    wanted: bool,
}

/// What has been seen.
#[derive(Debug, Default)]
pub(super) struct Watched {
    paid: BTreeMap<String, Paid>,
    /// When it was looked at last.
    looked: Option<Timestamp>,
    /// The size that each member was seen settled at.
    pub(super) sizes: BTreeMap<usize, u32>,
}

/// What should be paid for of one member.
struct Opinion {
    around: Vec<Option<u32>>,
    model: &'static str,
    term: Option<&'static str>,
    doubtful: bool,
    drain: i64,
}

impl Opinion {
    fn fits(&self, units: Option<u32>, one: &Throughput) -> bool {
        units == Some(one.units) && one.model_arn.ends_with(self.model) && one.term.as_deref() == self.term
    }
}

impl Run {
    fn opinion(&mut self, index: usize) -> Opinion {
        let now = self.now();
        let member = &mut self.members[index];
        let none = Opinion { around: Vec::new(), model: "", term: None, doubtful: false, drain: LONGEST_DRAIN };
        let Some(registered) = &member.registered else { return none };
        let around = member.oracle.around(&self.declared, registered, now);
        match self.declared.get(&registered.serial) {
            Some(declared) => {
                let Declared { model, term, drain, .. } = *declared;
                Opinion { around, model, term, doubtful: declared.clocks_change(now), drain }
            }
            None => Opinion { around, ..none },
        }
    }

    /// Notes for what each throughput is paid, and finds what is paid for in vain.
    pub(super) fn keep_books(&mut self) -> Result<(), String> {
        let now = self.now();
        let elapsed = self.watched.looked.map_or(0, |looked| now.duration_since(looked).as_secs());
        self.watched.looked = Some(now);
        let living = self.wire.sim.throughputs();
        let opinions: Vec<Opinion> = (0..self.members.len()).map(|index| self.opinion(index)).collect();
        for (member, opinion) in self.members.iter_mut().zip(&opinions) {
            // Around a change both sizes may be there for a moment; around a change of clocks, whatever is.
            let mut wanted: u32 = opinion.around.iter().flatten().sum();
            if opinion.doubtful {
                let ours = living.iter().filter(|one| one.tags.get(COMMITMENT_TAG) == Some(&member.name));
                wanted = wanted.max(ours.map(|one| one.units).sum());
            }
            member.ledger.wanted += u64::from(wanted) * elapsed.unsigned_abs();
        }
        let mut seen = BTreeMap::new();
        for one in &living {
            let Some(name) = one.tags.get(COMMITMENT_TAG) else {
                let owner = self.members.iter_mut().find(|member| one.name.starts_with(&format!("{}-", member.name)));
                if let Some(owner) = owner {
                    owner.ledger.owners += u64::from(one.units) * elapsed.unsigned_abs();
                }
                continue;
            };
            let Some(index) = self.index_of(name) else { continue };
            let paid = self.pay(index, one, &living, &opinions[index], elapsed)?;
            seen.insert(one.arn.clone(), paid);
        }
        let gone = std::mem::replace(&mut self.watched.paid, seen);
        for (arn, paid) in gone {
            self.members[paid.member].ledger.drain += u64::from(paid.last.units) * elapsed.unsigned_abs();
            self.is_gone(&arn, &paid)?;
        }
        Ok(())
    }

    /// Notes for what `one` of the member `index` was paid in the last `elapsed` seconds.
    fn pay(
        &mut self,
        index: usize,
        one: &Throughput,
        living: &[Throughput],
        opinion: &Opinion,
        elapsed: i64,
    ) -> Result<Paid, String> {
        let now = self.now();
        let seconds = elapsed.min(now.duration_since(one.created).as_secs());
        let Opinion { around, doubtful, .. } = opinion;
        let before = self.watched.paid.remove(&one.arn);
        let (mut unwanted, mut drain, mut interim) =
            before.as_ref().map_or((0, 0, 0), |paid| (paid.unwanted, paid.drain, paid.interim));
        let held = *doubtful || around.iter().any(|units| opinion.fits(*units, one));
        let wanted = !doubtful && !around.is_empty() && around.iter().all(|units| opinion.fits(*units, one));
        let another_serves = |units: &Option<u32>| {
            living.iter().any(|other| {
                other.tags.get(COMMITMENT_TAG) == one.tags.get(COMMITMENT_TAG)
                    && opinion.fits(*units, other)
                    && other.status == "InService"
            })
        };
        let serves = one.status == "InService" && around.iter().any(|units| units.is_some() && !another_serves(units));
        let in_trouble = self.in_trouble(index);
        let ledger = &mut self.members[index].ledger;
        let cost = u64::from(one.units) * seconds.unsigned_abs();
        let (mut goes_on, mut serves_on) = (false, false);
        if one.status == "Failed" {
            self.members[index].trouble_until = after(now, 20).max(self.members[index].trouble_until);
        } else if held {
            ledger.held += cost;
        } else if one.status == "Creating" && self.creation_binds {
            ledger.created += cost;
            goes_on = true;
        } else if one.expiration.is_some_and(|end| now < after(end, 2)) {
            ledger.kept += cost;
            goes_on = true;
        } else if in_trouble {
            ledger.trouble += cost;
            (goes_on, serves_on) = (!serves, serves);
        } else if serves {
            ledger.interim += cost;
            interim += seconds;
            serves_on = true;
        } else {
            ledger.drain += cost;
            unwanted += seconds;
            drain = drain.max(opinion.drain);
            goes_on = true;
        }
        if !goes_on {
            (unwanted, drain) = (0, 0);
        }
        if !serves_on || before.is_some_and(|before| before.around != *around) {
            interim = 0;
        }
        let ticks = 4 * self.tick_minutes.max(7) + 10;
        let (most_unwanted, most_interim) = (drain + ticks, self.creation.as_mins() + ticks);
        let name = &one.name;
        if unwanted > most_unwanted * 60 {
            return Err(format!(
                "{name} has been paid for for {unwanted} seconds in which nobody wanted it and nothing was wrong, of at most \
                 {most_unwanted} minutes"
            ));
        }
        if interim > most_interim * 60 {
            return Err(format!(
                "{name} has served for {interim} seconds in place of {around:?} although nothing was wrong, of at most \
                 {most_interim} minutes"
            ));
        }
        let (last, around) = (one.clone(), around.clone());
        Ok(Paid { member: index, last, unwanted, drain, interim, around, wanted })
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

    /// Whether the bill of each member is within what its books allow; gives the unit-hours of all.
    pub(super) fn reconcile(&self) -> Result<f64, String> {
        let bills = self.wire.sim.billing();
        let mut all = 0.0;
        for member in &self.members {
            let prefix = format!("{}-", member.name);
            let billed: f64 =
                bills.iter().filter(|bill| bill.name.starts_with(&prefix)).map(|bill| bill.unit_hours).sum();
            #[expect(clippy::cast_precision_loss, reason = "hours of weeks")]
            let most = member.ledger.bound() as f64 / 3600.0 + UNSEEN;
            if billed > most {
                let (name, ledger) = (&member.name, &member.ledger);
                return Err(format!("{name} is billed {billed:.2} unit-hours, of at most {most:.2}: {ledger:?}"));
            }
            all += billed;
        }
        Ok(all)
    }

    /// Has the simulator watch over the drain that `events`, or what is registered, declare: the shortest, for it is not known which
    /// will be in force.
    pub(super) fn watch_drains(&self, events: &[&Value]) {
        let mut serials = Vec::new();
        for event in events {
            serials_in(event, &mut serials);
            let names = [&event["Name"], &event["Commitment"]["Name"]];
            let is_subject = |name: &str| {
                let logical = event["LogicalResourceId"].as_str().map(|id| format!("{id}-"));
                names.contains(&&Value::from(name)) || logical.is_some_and(|logical| name.starts_with(&logical))
            };
            for member in self.members.iter().filter(|member| is_subject(&member.name)) {
                serials_in(&serde_json::from_str(&member.input).unwrap_or_default(), &mut serials);
            }
        }
        let drains = serials.iter().filter_map(|serial| self.declared.get(serial)).map(|declared| declared.drain);
        let least = SignedDuration::from_mins(drains.min().unwrap_or(0)).saturating_sub(SET_BACK);
        self.wire.sim.knobs(|knobs| knobs.least_drain = least.max(SignedDuration::ZERO));
    }
}

/// How much the function's clock may be set forward between the beginning of a drain and its end.
const SET_BACK: SignedDuration = SignedDuration::from_secs(6);

/// The serials of every declaration in `value`: they travel as prices, as numbers or text.
fn serials_in(value: &Value, serials: &mut Vec<u32>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let text = member.as_str().map_or_else(|| member.to_string(), str::to_owned);
                match text.parse::<f64>() {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a serial is a small whole number"
                    )]
                    Ok(serial) if key == "PricePerUnitHour" => serials.push(serial as u32),
                    Ok(_) | Err(_) => serials_in(member, serials),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| serials_in(element, serials)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
