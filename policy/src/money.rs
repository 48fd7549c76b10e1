//! What will be paid for, and what does it cost at most?
//!
//! A throughput is billed from the purchase, at the start of the lead, to the end of the drain, each started hour in full:
//! whether AWS rounds up is not documented, so an estimate had better. Where one size follows another, the earlier is kept
//! until the later is in service, which is counted as `LeadTime`, and then drained.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;

use crate::commitment::{Commitment, Term};
use crate::desired::{Base, Demand};
use crate::timetable::ModelUnits;

/// Further back than any lead, drain and window reach.
pub const LOOK_BACK: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Months that are looked through for the dearest: a year of holidays and seasons.
const MONTHS: i64 = 12;
/// Seconds of what is billed as one.
const HOUR: i64 = 60 * 60;

/// One throughput from purchase to deletion: half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its size.
    pub units: ModelUnits,
    /// When it is bought.
    pub from: Timestamp,
    /// When it is deleted, as far as can be seen.
    pub until: Timestamp,
}

impl Held {
    /// The starts of its hours in `[from, until)`: each is billed in full, once, and so weeks and months add up.
    pub fn started(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let (bought, ends) = (self.from.as_second(), self.until.min(until).as_second());
        let first = ((from.as_second() - bought).max(0) + HOUR - 1) / HOUR;
        let starts = (first..).map(move |hour| bought + hour * HOUR).take_while(move |at| *at < ends);
        starts.filter_map(|at| Timestamp::from_second(at).ok())
    }

    /// Model units times the hours that start in `[from, until)`.
    #[must_use]
    pub fn unit_hours(&self, from: Timestamp, until: Timestamp) -> i64 {
        let hours = i64::try_from(self.started(from, until).count()).unwrap_or(i64::MAX);
        hours.saturating_mul(i64::from(self.units.get()))
    }
}

/// The throughputs that `demand` asks for in `[from, until)`, by size and then in the order of time; each drains for `drain`.
#[must_use]
pub fn held(demand: &Demand<'_>, drain: SignedDuration, from: Timestamp, until: Timestamp) -> Vec<Held> {
    let sizes = demand.changes(from, until);
    let mut by_size: BTreeMap<ModelUnits, Vec<Held>> = BTreeMap::new();
    for (index, (from, units)) in sizes.iter().enumerate() {
        let Some(units) = *units else { continue };
        let (ends, kept) = match sizes.get(index + 1) {
            None => (until, SignedDuration::ZERO),
            Some((ends, None)) => (*ends, drain),
            Some((ends, Some(_))) => (*ends, demand.lead.saturating_add(drain)),
        };
        let until = ends.saturating_add(kept).unwrap_or(Timestamp::MAX);
        let same = by_size.entry(units).or_default();
        match same.last_mut() {
            // It is wanted again before it is gone: the same one goes on.
            Some(last) if *from <= last.until => last.until = last.until.max(until),
            _ => same.push(Held { units, from: *from, until }),
        }
    }
    by_size.into_values().flatten().collect()
}

/// The most that a declaration can cost at a time: its dearest month of a year, or its whole term.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dearest {
    /// The month, such as `2026-12`, or the term.
    pub of: String,
    /// Model units times hours, started hours in full.
    pub model_unit_hours: i64,
    /// What they cost, in the currency of `PricePerUnitHour`, to the cent.
    pub cost: f64,
}

impl Dearest {
    /// What `commitment` costs at most from `now` on; nothing if it declares no price.
    #[must_use]
    pub fn of(commitment: &Commitment, now: Timestamp) -> Option<Self> {
        let price = commitment.price_per_unit_hour?;
        let units = i64::from(commitment.units.get());
        let (of, hours) = match commitment.term {
            Some(term) => (term.as_str().to_owned(), units * hours_of(term, now)),
            None => dearest_month(commitment, now),
        };
        #[expect(clippy::cast_precision_loss, reason = "hours of a month, far below 2^52")]
        let cost = price * hours as f64;
        Some(Self { of, model_unit_hours: hours, cost: (cost * 100.0).round() / 100.0 })
    }
}

impl Display for Dearest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, model_unit_hours, cost } = self;
        let kind = if of.starts_with(|first: char| first.is_ascii_digit()) { "the dearest month" } else { "the term" };
        write!(formatter, "{kind}, {of}, costs {cost:.2}: {model_unit_hours} model-unit hours")
    }
}

/// The hours of a term that begins now.
fn hours_of(term: Term, now: Timestamp) -> i64 {
    ends(term, now).duration_since(now).as_hours()
}

/// When a term ends that begins at `from`.
#[must_use]
pub fn ends(term: Term, from: Timestamp) -> Timestamp {
    let months = match term {
        Term::OneMonth => 1.month(),
        Term::SixMonths => 6.months(),
    };
    from.to_zoned_datetime(TimeZone::UTC).checked_add(months).map_or(Timestamp::MAX, |end| end.timestamp())
}

/// The month of the year from `now` on with the most model-unit hours, and how many; of several the first.
fn dearest_month(commitment: &Commitment, now: Timestamp) -> (String, i64) {
    let zone = commitment.timetable.as_ref().map_or(TimeZone::UTC, |timetable| timetable.zone().time_zone().clone());
    let this = now.to_zoned_datetime(zone.clone()).date().first_of_month();
    let begins = |month: i64| {
        let first = this.saturating_add(month.months());
        zone.to_ambiguous_timestamp(first.at(0, 0, 0, 0)).compatible().unwrap_or(Timestamp::MAX)
    };
    // From the next month on they are whole; of this one what is left.
    let bounds: Vec<Timestamp> = std::iter::once(now).chain((1..=MONTHS).map(begins)).collect();
    let until = bounds.last().copied().unwrap_or(now);
    let base = commitment.timetable.as_ref().map_or(Base::Always, Base::Timetable);
    let demand = Demand { base, units: commitment.units, hold: None, override_: None, lead: commitment.lead };
    let earlier = now.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
    let all = held(&demand, commitment.drain, earlier, until);
    let mut dearest = (month_of(this), 0);
    for (index, bounds) in bounds.windows(2).enumerate() {
        let [from, until] = bounds else { continue };
        let hours: i64 = all.iter().map(|held| held.unit_hours(*from, *until)).sum();
        if hours > dearest.1 {
            let month = i64::try_from(index).unwrap_or(0).months();
            dearest = (month_of(this.saturating_add(month)), hours);
        }
    }
    dearest
}

fn month_of(date: Date) -> String {
    date.strftime("%Y-%m").to_string()
}
