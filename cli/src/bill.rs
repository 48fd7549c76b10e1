//! What will be paid for?
//!
//! The purchases and their started hours are those of [`policy::money`].

use std::collections::BTreeMap;

use bigdecimal::{BigDecimal, RoundingMode};
use jiff::{SignedDuration, Timestamp};
use policy::commitment::{Commitment, Term};
use policy::money::{Held, LOOK_BACK, ends, held};
use policy::timetable::{ModelUnits, Timetable, Window};
use rehearsal::timeline::{Phase, Stretch, demand, stretches};

const HOUR: i64 = 60 * 60;

/// What a while costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Seconds in which capacity is wanted.
    pub seconds_on: i64,
    /// Throughputs bought within the while.
    pub purchases: usize,
    /// Model units times hours that are billed, started hours in full.
    pub unit_hours: i64,
    /// Model units times seconds that throughputs are there: the other reading of AWS's hourly price.
    pub unit_seconds: i64,
    /// The largest size that is held, and the size that the declaration has where nothing asks for another.
    pub largest: u32,
    /// See [`Bill::largest`].
    pub usual: u32,
    /// Model-unit hours, had the largest size been held all the while.
    pub unit_hours_always_on: i64,
    /// The same at the usual size.
    pub unit_hours_always_usual: i64,
    /// What a model unit costs for an hour, if it was declared.
    pub price: Option<BigDecimal>,
    /// The instants at which hours start that are billed, each with its model-unit hours; their sum is the bill.
    pub started: Vec<(Timestamp, i64)>,
    /// The throughputs behind it.
    pub bought: Vec<Held>,
    /// The term that is owed as a whole, if there is one.
    pub term: Option<Term>,
    /// Where the while ends: what is there then goes on.
    pub until: Timestamp,
}

impl Bill {
    /// What so many model-unit hours cost.
    #[must_use]
    pub fn cost_of(&self, unit_hours: i64) -> Option<BigDecimal> {
        Some(self.price.as_ref()? * BigDecimal::from(unit_hours))
    }

    /// What is paid by the second.
    #[must_use]
    pub fn cost_by_second(&self) -> Option<BigDecimal> {
        Some(self.price.as_ref()? * BigDecimal::from(self.unit_seconds) / BigDecimal::from(HOUR))
    }

    /// By how many percent it is less than so many model-unit hours; negative if it is more.
    #[must_use]
    pub fn saved(&self, instead_of: i64) -> i64 {
        if instead_of == 0 { 0 } else { (100 * (instead_of - self.unit_hours) + instead_of / 2).div_euclid(instead_of) }
    }

    /// The model-unit hours whose billing starts in `[from, until)`.
    #[must_use]
    pub fn started_in(&self, from: Timestamp, until: Timestamp) -> i64 {
        let inside = self.started.iter().filter(|(at, _)| from <= *at && *at < until);
        inside.map(|(_, unit_hours)| unit_hours).sum()
    }

    /// The model units of all throughputs that are there at an instant.
    #[must_use]
    pub fn units_at(&self, at: Timestamp) -> u32 {
        let there = self.bought.iter().filter(|purchase| purchase.from <= at && at < purchase.until);
        there.map(|purchase| purchase.units.get()).sum()
    }
}

/// A number of seconds as hours, to so many digits after the point.
#[must_use]
pub fn hours(seconds: i64, digits: i64) -> BigDecimal {
    (BigDecimal::from(seconds) / BigDecimal::from(HOUR)).with_scale_round(digits, RoundingMode::HalfEven)
}

/// Money as people read it: to the cent.
#[must_use]
pub fn money(amount: &BigDecimal) -> String {
    amount.with_scale_round(2, RoundingMode::HalfEven).to_plain_string()
}

/// Money as it is, to the last digit.
#[must_use]
pub fn exactly(amount: &BigDecimal) -> String {
    amount.normalized().to_plain_string()
}

/// What `commitment` costs in `[from, until)`; of a term all of it.
#[must_use]
pub fn bill(commitment: &Commitment, from: Timestamp, until: Timestamp) -> Bill {
    let (earlier, until) = match commitment.term {
        Some(term) => (from, ends(term, from)),
        None => (from.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN), until),
    };
    let all = stretches(commitment, earlier, until);
    let demand = demand(commitment, commitment.timetable.as_ref(), commitment.lead);
    let mut bought = held(&demand, commitment.drain, earlier, until);
    bought.retain(|purchase| from < purchase.until);
    let inside = |stretch: &&Stretch| from < stretch.until;
    let wanted = all.iter().filter(inside).filter(|stretch| stretch.phase == Phase::On);
    let seconds_on: i64 = wanted.map(|stretch| stretch.until.as_second() - stretch.from.max(from).as_second()).sum();
    let largest = all.iter().filter(inside).filter_map(|stretch| stretch.held).max().map_or(0, ModelUnits::get);
    let whole_hours = (until.as_second() - from.as_second() + HOUR - 1) / HOUR;
    let mut hours: BTreeMap<Timestamp, i64> = BTreeMap::new();
    let mut unit_seconds = 0;
    for purchase in &bought {
        let units = i64::from(purchase.units.get());
        for at in purchase.started(from, until) {
            // A term is one sum, owed from its first instant on.
            let at = if commitment.term.is_some() { from } else { at };
            *hours.entry(at).or_default() += units;
        }
        let (begins, ends) = (purchase.from.max(from).as_second(), purchase.until.min(until).as_second());
        unit_seconds += units * (ends - begins).max(0);
    }
    let usual = commitment.units.get();
    Bill {
        seconds_on,
        purchases: bought.iter().filter(|purchase| from <= purchase.from).count(),
        unit_hours: hours.values().sum(),
        unit_seconds,
        largest,
        usual,
        unit_hours_always_on: whole_hours * i64::from(largest),
        unit_hours_always_usual: whole_hours * i64::from(usual),
        // The shortest text of a number is what was written.
        price: commitment.price_per_unit_hour.and_then(|price| price.to_string().parse().ok()),
        started: hours.into_iter().collect(),
        bought,
        term: commitment.term,
        until,
    }
}

/// What each window adds, in model-unit hours: what would be saved without it.
#[must_use]
pub fn windows(commitment: &Commitment, from: Timestamp, until: Timestamp) -> Vec<(String, i64)> {
    let Some(timetable) = commitment.timetable.as_ref().filter(|timetable| timetable.windows().len() > 1) else {
        return Vec::new();
    };
    let whole = bill(commitment, from, until).unit_hours;
    let one = |(index, window): (usize, &Window)| {
        let mut others = timetable.windows().to_vec();
        others.remove(index);
        let (holidays, exceptions) = (timetable.holidays().to_vec(), timetable.exceptions().to_vec());
        let others = Timetable::new(timetable.zone().clone(), others, holidays, exceptions);
        let without = Commitment { timetable: Some(others), ..commitment.clone() };
        (window.to_string(), whole - bill(&without, from, until).unit_hours)
    };
    timetable.windows().iter().take(MOST_WINDOWS).enumerate().map(one).collect()
}

/// Most windows that are priced one by one.
const MOST_WINDOWS: usize = 20;
/// A last hour that is begun for no longer than this is worth a shift.
const BARELY_BEGUN: i64 = 15 * 60;

/// The shift of a boundary that saves hours which are begun for minutes: how long it is, and the model-unit hours that it saves.
#[must_use]
pub fn shift(bill: &Bill) -> Option<(SignedDuration, i64)> {
    let ended = bill.bought.iter().filter(|purchase| bill.term.is_none() && purchase.until < bill.until);
    let over = ended.filter_map(|purchase| {
        let rest = (purchase.until.as_second() - purchase.from.as_second()) % HOUR;
        (0 < rest && rest <= BARELY_BEGUN).then(|| (rest, i64::from(purchase.units.get())))
    });
    let over: Vec<(i64, i64)> = over.collect();
    let longest = over.iter().map(|(rest, _)| *rest).max()?;
    Some((SignedDuration::from_secs(longest), over.iter().map(|(_, units)| units).sum()))
}
