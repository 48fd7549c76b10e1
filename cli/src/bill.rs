//! What will be paid for?
//!
//! From the purchase, at the start of the lead, to the end of the drain, and each started hour of a purchase in full: whether AWS
//! rounds up is not documented, so an estimate had better. Where one size follows another, the earlier is kept until the later is
//! in service, which is counted as `LeadTime`, and then drained.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::timetable::ModelUnits;
use rehearsal::timeline::{Phase, Stretch, stretches};

/// Further back than any lead, drain and window reach.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(15 * 24);
const HOUR: i64 = 60 * 60;

/// One throughput from purchase to deletion: half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Its size.
    pub units: ModelUnits,
    /// When it is bought.
    pub from: Timestamp,
    /// When it is deleted, as far as can be seen.
    pub until: Timestamp,
}

/// What a while costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Hours in which capacity is wanted.
    pub hours_on: f64,
    /// Throughputs bought within the while.
    pub purchases: usize,
    /// Model units times hours that are billed.
    pub unit_hours: i64,
    /// The largest size that is held.
    pub largest: u32,
    /// The same, had that size been held all the while.
    pub unit_hours_always_on: i64,
    /// What a model unit costs for an hour, if it was declared.
    pub price: Option<f64>,
}

impl Bill {
    /// What is paid, and what always on would be.
    #[must_use]
    pub fn cost(&self) -> Option<(f64, f64)> {
        let price = self.price?;
        Some((hours(self.unit_hours) * price, hours(self.unit_hours_always_on) * price))
    }

    /// By how many percent it is less than always on.
    #[must_use]
    pub fn saved(&self) -> f64 {
        if self.unit_hours_always_on == 0 {
            return 0.0;
        }
        100.0 * (1.0 - hours(self.unit_hours) / hours(self.unit_hours_always_on))
    }
}

/// A number of hours as a fraction.
fn hours(whole: i64) -> f64 {
    SignedDuration::from_hours(whole).as_secs_f64() / SignedDuration::from_hours(1).as_secs_f64()
}

/// What `commitment` costs in `[from, until)`.
#[must_use]
pub fn bill(commitment: &Commitment, from: Timestamp, until: Timestamp) -> Bill {
    let earlier = from.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let all = stretches(commitment, earlier, until);
    let purchases = purchases(&all, commitment);
    let inside = |stretch: &&Stretch| from < stretch.until;
    let wanted = all.iter().filter(inside).filter(|stretch| stretch.phase == Phase::On);
    let seconds_on: i64 = wanted.map(|stretch| stretch.until.as_second() - stretch.from.max(from).as_second()).sum();
    let largest = all.iter().filter(inside).filter_map(|stretch| stretch.held).max().map_or(0, ModelUnits::get);
    let whole_hours = (until.as_second() - from.as_second() + HOUR - 1) / HOUR;
    Bill {
        hours_on: SignedDuration::from_secs(seconds_on).as_secs_f64() / SignedDuration::from_hours(1).as_secs_f64(),
        purchases: purchases.iter().filter(|purchase| from <= purchase.from).count(),
        unit_hours: purchases
            .iter()
            .map(|purchase| i64::from(purchase.units.get()) * started(purchase, from, until))
            .sum(),
        largest,
        unit_hours_always_on: whole_hours * i64::from(largest),
        price: commitment.price_per_unit_hour,
    }
}

/// How many of its hours start in `[from, until)`: so that weeks add up.
fn started(purchase: &Purchase, from: Timestamp, until: Timestamp) -> i64 {
    let (bought, ends) = (purchase.from.as_second(), purchase.until.as_second().min(until.as_second()));
    // Hours that start before an instant.
    let before = |at: i64| (at - bought + HOUR - 1).max(0) / HOUR;
    before(ends) - before(from.as_second().min(ends))
}

/// The purchases behind `stretches`, by size and then in the order of time.
fn purchases(stretches: &[Stretch], commitment: &Commitment) -> Vec<Purchase> {
    let mut held: Vec<(Option<ModelUnits>, Timestamp, Timestamp)> = Vec::new();
    for stretch in stretches {
        match held.last_mut() {
            Some((units, _, until)) if *units == stretch.held => *until = stretch.until,
            _ => held.push((stretch.held, stretch.from, stretch.until)),
        }
    }
    let mut by_size: BTreeMap<ModelUnits, Vec<Purchase>> = BTreeMap::new();
    for (index, (units, from, until)) in held.iter().enumerate() {
        let Some(units) = *units else { continue };
        let kept = match held.get(index + 1) {
            None => SignedDuration::ZERO,
            Some((None, ..)) => commitment.drain,
            Some((Some(_), ..)) => commitment.lead.saturating_add(commitment.drain),
        };
        let until = until.saturating_add(kept).unwrap_or(Timestamp::MAX);
        let same = by_size.entry(units).or_default();
        match same.last_mut() {
            // It is wanted again before it is gone: the same one goes on.
            Some(last) if *from <= last.until => last.until = last.until.max(until),
            _ => same.push(Purchase { units, from: *from, until }),
        }
    }
    by_size.into_values().flatten().collect()
}
