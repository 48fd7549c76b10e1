//! How do the hours that were seen make a week?
//!
//! Each hour of the past belongs to one of the 168 hours of a week, on the clocks of the timetable. One-offs are cut, and days that look
//! like holidays are set aside.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::hours::WEEK;
use super::money::SHARES;
use super::usage::{Hour, Usage};
use super::{OneOff, Prices};
use crate::timetable::Zone;

/// Seconds of an hour.
pub(super) const HOUR: i64 = 60 * 60;
/// A day is a one-off above so many times the busiest hour of any other day.
const ONE_OFF: u64 = 2;
/// So many days have to be known for that.
const DAYS_FOR_ONE_OFFS: usize = 7;
/// Hours of a day that must be known for it to look like a holiday, or be an example for one.
const HOURS_OF_A_DAY: usize = 20;
/// A holiday has less than this part of the demand of its weekday.
const HOLIDAY_PART: u64 = 10;
/// Other days of the same weekday that must be known.
const EXAMPLES: usize = 2;

/// An hour that is known: what it costs on demand, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// What its demand costs on demand, in parts of a millionth of a millionth.
    pub(super) cost: i128,
    pub(super) tokens: [u64; 3],
    pub(super) demand: u64,
    /// What on demand does not serve of it.
    pub(super) throttled_on_demand: u64,
    pub(super) throttles: u64,
    minutes: Vec<u64>,
}

impl Known {
    fn of(hour: &Hour, prices: &Prices) -> Self {
        let Hour { tokens, demand, throttled_on_demand, throttles, minutes } = hour.clone();
        let [input, output, cached] = tokens;
        let used = prices.input.of_tokens(input) + prices.output.of_tokens(output);
        // What a provisioned throughput throttled would have been served, and paid, on demand.
        let more = demand.saturating_sub(input + output + throttled_on_demand);
        let more = if more == 0 { 0 } else { used * i128::from(more) / i128::from((input + output).max(1)) };
        let cost = used + more + prices.cached.map_or(0, |price| price.of_tokens(cached));
        Self { cost, tokens, demand, throttled_on_demand, throttles, minutes }
    }

    /// The same with no more than `most` demand; gives what was cut off, in tokens.
    fn cut(&mut self, most: u64) -> u64 {
        let demand = self.demand;
        let part = |of: u64| {
            let part = u128::from(of) * u128::from(most) / u128::from(demand);
            u64::try_from(part).unwrap_or(of)
        };
        self.cost = self.cost * i128::from(most) / i128::from(demand);
        self.tokens = self.tokens.map(part);
        self.throttled_on_demand = part(self.throttled_on_demand);
        self.minutes = self.minutes.iter().map(|minute| part(*minute)).collect();
        self.demand = most;
        demand - most
    }

    /// What `units` model units of so many tokens a minute do not serve of it.
    pub(super) fn exceeding(&self, units: u32, tokens_per_minute: Option<u64>) -> u64 {
        let Some(each) = tokens_per_minute else { return 0 };
        let capacity = each.saturating_mul(u64::from(units));
        if self.minutes.is_empty() {
            return self.demand.saturating_sub(capacity.saturating_mul(60));
        }
        self.minutes.iter().map(|minute| minute.saturating_sub(capacity)).sum()
    }

    /// The greatest demand of a minute, as far as it is known.
    pub(super) fn peak(&self) -> u64 {
        self.minutes.iter().copied().max().unwrap_or(self.demand.div_ceil(60))
    }
}

/// One hour that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The hour of the week.
    pub(super) place: usize,
    /// The day, on the clocks of the timetable.
    pub(super) date: Date,
    /// What is known of it.
    pub(super) known: Option<Known>,
    /// Its day looks like a holiday.
    pub(super) holiday: bool,
}

/// Whole weeks; hours before and after the usage are unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Past {
    /// When it begins.
    pub(super) first: Timestamp,
    pub(super) hours: Vec<Seen>,
    /// Minutes after the full hour at which hours begin on the clocks of the timetable.
    pub(super) phase: i8,
    pub(super) one_offs: Vec<OneOff>,
    /// Days that look like holidays, in the order of time.
    pub(super) holidays: Vec<Date>,
    /// Hours from the first to the last row.
    pub(super) looked_at: usize,
}

impl Past {
    pub(super) fn new(usage: &Usage, zone: &Zone, prices: &Prices) -> Self {
        let at = |second: i64| Timestamp::from_second(second).unwrap_or_default();
        let first = at(usage.first);
        let weeks = usage.hours.len().div_ceil(WEEK).max(1);
        let mut hours = Vec::with_capacity(weeks * WEEK);
        let mut second = usage.first;
        for index in 0..weeks * WEEK {
            let local = zone.time_zone().to_datetime(at(second));
            let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
            let hour = usize::try_from(local.hour()).unwrap_or_default();
            let known = usage.hours.get(index).and_then(Option::as_ref).map(|hour| Known::of(hour, prices));
            hours.push(Seen { place: day * 24 + hour, date: local.date(), known, holiday: false });
            second += HOUR;
        }
        let phase = zone.time_zone().to_datetime(first).minute();
        let looked_at = usage.hours.len();
        let mut past = Self { first, hours, phase, one_offs: Vec::new(), holidays: Vec::new(), looked_at };
        past.cut_one_offs();
        past.set_holidays_aside();
        past
    }

    /// How many weeks they are.
    pub(super) fn weeks(&self) -> i128 {
        i128::try_from(self.hours.len() / WEEK).unwrap_or(1).max(1)
    }

    /// When it ends.
    pub(super) fn until(&self) -> Timestamp {
        let hours = i64::try_from(self.hours.len()).unwrap_or_default();
        Timestamp::from_second(self.first.as_second() + hours * HOUR).unwrap_or(Timestamp::MAX)
    }

    /// When the hour of that index begins.
    pub(super) fn start(&self, index: usize) -> Timestamp {
        let hours = i64::try_from(index).unwrap_or_default();
        Timestamp::from_second(self.first.as_second() + hours * HOUR).unwrap_or(Timestamp::MAX)
    }

    /// How many hours of each place are known, holidays among them or not.
    pub(super) fn counts(&self, with_holidays: bool) -> [i128; WEEK] {
        let mut counts = [0; WEEK];
        for seen in self.hours.iter().filter(|seen| seen.known.is_some() && (with_holidays || !seen.holiday)) {
            counts[seen.place] += 1;
        }
        counts
    }

    /// By place, the mean of `of` over the hours that are known, in [`SHARES`] of one.
    pub(super) fn means(&self, with_holidays: bool, of: impl Fn(&Known) -> i128) -> [i128; WEEK] {
        let counts = self.counts(with_holidays);
        let mut sums = [0; WEEK];
        for seen in self.hours.iter().filter(|seen| with_holidays || !seen.holiday) {
            if let Some(known) = &seen.known {
                sums[seen.place] += of(known);
            }
        }
        std::array::from_fn(|place| if counts[place] == 0 { 0 } else { sums[place] * SHARES / counts[place] })
    }

    fn days(&self) -> BTreeMap<Date, Vec<&Known>> {
        let mut days: BTreeMap<Date, Vec<&Known>> = BTreeMap::new();
        for seen in &self.hours {
            if let Some(known) = &seen.known {
                days.entry(seen.date).or_default().push(known);
            }
        }
        days
    }

    fn cut_one_offs(&mut self) {
        let days = self.days();
        let busiest = |hours: &[&Known]| hours.iter().map(|known| known.demand).max().unwrap_or_default();
        let mut peaks: Vec<(u64, Date)> = days.iter().map(|(date, hours)| (busiest(hours), *date)).collect();
        peaks.sort_unstable();
        let (Some((_, date)), Some((second, _))) = (peaks.pop(), peaks.pop()) else { return };
        if days.len() < DAYS_FOR_ONE_OFFS || second == 0 {
            return;
        }
        let most = second.saturating_mul(ONE_OFF);
        let mut cut = Vec::new();
        for (index, seen) in self.hours.iter_mut().enumerate().filter(|(_, seen)| seen.date == date) {
            if let Some(known) = seen.known.as_mut().filter(|known| known.demand > most) {
                let cost = known.cost;
                let tokens = known.cut(most);
                cut.push((index, tokens, cost - known.cost));
            }
        }
        self.one_offs = cut
            .into_iter()
            .map(|(index, tokens, cost)| OneOff {
                start: self.start(index),
                tokens,
                cost: super::money::Amount(cost * SHARES),
            })
            .collect();
    }

    fn set_holidays_aside(&mut self) {
        let whole: BTreeMap<Date, u64> = self
            .days()
            .into_iter()
            .filter(|(_, hours)| hours.len() >= HOURS_OF_A_DAY)
            .map(|(date, hours)| (date, hours.iter().map(|known| known.demand).sum()))
            .collect();
        let looks_like_one = |date: &Date, demand: u64| {
            let others = whole.iter().filter(|(other, _)| *other != date && other.weekday() == date.weekday());
            let mut others: Vec<u64> = others.map(|(_, demand)| *demand).collect();
            others.sort_unstable();
            // The lower of two in the middle.
            let median = others.get(others.len().saturating_sub(1) / 2).copied().unwrap_or_default();
            others.len() >= EXAMPLES && demand.saturating_mul(HOLIDAY_PART) < median
        };
        let holidays: Vec<Date> =
            whole.iter().filter(|(date, demand)| looks_like_one(date, **demand)).map(|(date, _)| *date).collect();
        for seen in &mut self.hours {
            seen.holiday = holidays.contains(&seen.date);
        }
        self.holidays = holidays;
    }
}
