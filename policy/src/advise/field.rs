//! What does it cost to have these hours of a week provisioned?
//!
//! The typical week as tables by hour, and the score of a plan: first what it leaves unserved beyond what is allowed, then what it
//! costs. The lower of two scores is the better.

use std::cmp::Reverse;

use super::hours::{Hours, WEEK};
use super::money::SHARES;
use super::past::Past;
use super::{Question, Units};

/// So many sizes are tried at most.
const SIZES: usize = 8;
/// More model units are not thought of.
const MOST_UNITS: u32 = 10_000;
const HOUR: i64 = 60 * 60;

/// Beyond what is allowed to be unserved, and the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    pub(super) beyond: i128,
    pub(super) cost: i128,
}

/// A window of a plan: on these days, from that hour on, for so many hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Its model units.
    pub(super) units: Units,
    /// The days on which it opens, as bits from Monday on.
    pub(super) days: u8,
    /// The hour of the day at which it opens.
    pub(super) opens: usize,
    /// The hours that it lasts.
    pub(super) hours: usize,
}

impl Entry {
    /// Its hours of the week.
    pub(super) fn set(&self) -> Hours {
        let days = (0..7).filter(|day| self.days >> day & 1 == 1);
        days.fold(Hours::default(), |set, day| set.with(Hours::stretch(day * 24 + self.opens, self.hours)))
    }
}

/// Whether tokens outside windows are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    /// On demand.
    Served,
    /// Not at all: all that is wanted has to be in windows.
    Unserved,
}

/// The typical week.
pub(super) struct Field<'a> {
    past: &'a Past,
    tokens_per_minute: Option<u64>,
    /// What each hour costs on demand.
    pub(super) on_demand: [i128; WEEK],
    /// What each hour asks for, in tokens.
    pub(super) demand: [i128; WEEK],
    /// What is not served of an hour outside windows.
    pub(super) outside: [i128; WEEK],
    /// The sizes that are tried, in ascending order, each with what it does not serve of an hour.
    pub(super) sizes: Vec<(Units, [i128; WEEK])>,
    /// What may be unserved.
    pub(super) allowed: i128,
    /// What a model unit costs for an hour.
    pub(super) unit_hour: i128,
    /// Hours that each purchase is billed beside those of its windows.
    pub(super) beside: i128,
    /// A gap of so many hours between windows is billed.
    pub(super) gap: usize,
    /// Minutes after the full hour at which its hours begin.
    pub(super) phase: i8,
    /// How many windows there may be.
    pub(super) windows: usize,
}

impl<'a> Field<'a> {
    pub(super) fn new(past: &'a Past, question: &Question, outside: Outside) -> Self {
        let demand = past.means(false, |known| i128::from(known.demand));
        let throttled = past.means(false, |known| i128::from(known.throttled_on_demand));
        let unserved = match outside {
            Outside::Served => throttled,
            Outside::Unserved => demand,
        };
        let total: i128 = demand.iter().sum();
        let around = question.lead.as_secs() + question.drain.as_secs();
        let mut field = Self {
            past,
            tokens_per_minute: question.tokens_per_minute,
            on_demand: past.means(false, |known| known.cost),
            demand,
            outside: unserved,
            sizes: Vec::new(),
            allowed: total * i128::from(1000 - question.share) / 1000,
            unit_hour: question.prices.unit_hour.of_an_hour(),
            beside: i128::from((around + HOUR - 1) / HOUR),
            gap: usize::try_from(around / HOUR).unwrap_or_default().min(WEEK),
            phase: past.phase,
            windows: question.windows,
        };
        field.sizes = field.chosen_sizes().into_iter().map(|units| (units, field.exceeding(units))).collect();
        field
    }

    /// By hour, what so many model units do not serve.
    pub(super) fn exceeding(&self, units: Units) -> [i128; WEEK] {
        self.past.means(false, |known| i128::from(known.exceeding(units, self.tokens_per_minute)))
    }

    /// The fewest model units that serve the share, always on.
    pub(super) fn always(&self) -> Units {
        let serves = |units: Units| self.exceeding(units).iter().sum::<i128>() <= self.allowed;
        fewest(1, self.most(), serves)
    }

    /// As many as the busiest minute needs.
    fn most(&self) -> Units {
        let Some(each) = self.tokens_per_minute else { return 1 };
        let peaks = self.past.hours.iter().filter_map(|seen| seen.known.as_ref()).map(super::past::Known::peak);
        let units = peaks.max().unwrap_or_default().div_ceil(each.max(1));
        u32::try_from(units).unwrap_or(MOST_UNITS).clamp(1, MOST_UNITS)
    }

    /// Sizes that some hour needs to serve its own share, and the one for always on: of many, some.
    fn chosen_sizes(&self) -> Vec<Units> {
        let most = self.most();
        let mut sizes = if usize::try_from(most).is_ok_and(|most| most <= SIZES) {
            (1..=most).collect()
        } else {
            let demand: i128 = self.demand.iter().sum();
            let need = |place: usize| {
                let share = if demand == 0 { 0 } else { self.allowed * 1000 / demand };
                let enough = self.demand[place] * share / 1000;
                let each = i128::from(self.tokens_per_minute.unwrap_or(1)) * 60 * SHARES;
                let usual = u32::try_from(((self.demand[place] - enough) + each - 1) / each).unwrap_or(most);
                usual.clamp(1, most)
            };
            let mut needs: Vec<Units> = (0..WEEK).filter(|place| self.demand[*place] > 0).map(need).collect();
            needs.sort_unstable();
            needs.dedup();
            let step = needs.len().div_ceil(SIZES - 3).max(1);
            let mut some: Vec<Units> = needs.iter().rev().step_by(step).copied().collect();
            some.extend([self.always(), most]);
            some
        };
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// The hours that are billed for throughputs of one size.
    pub(super) fn billed(&self, hours: Hours) -> i128 {
        let closed = hours.closed(self.gap);
        (closed.count() + closed.stretches() * self.beside).min(168 * (1 + self.beside))
    }

    /// The score of `entries`; where they overlap, the largest wins.
    pub(super) fn score(&self, entries: &[Entry]) -> Score {
        let mut sorted: Vec<&Entry> = entries.iter().collect();
        sorted.sort_by_key(|entry| Reverse(entry.units));
        let mut on = Hours::default();
        let (mut unserved, mut cost) = (0, 0);
        for group in sorted.chunk_by(|one, other| one.units == other.units) {
            let Some(units) = group.first().map(|entry| entry.units) else { continue };
            let ours = group.iter().fold(Hours::default(), |set, entry| set.with(entry.set())).without(on);
            on = on.with(ours);
            cost += self.billed(ours) * i128::from(units) * self.unit_hour;
            let exceeding = self.known_size(units);
            unserved += (0..WEEK).filter(|place| ours.has(*place)).map(|place| exceeding[place]).sum::<i128>();
        }
        for place in (0..WEEK).filter(|place| !on.has(*place)) {
            cost += self.on_demand[place];
            unserved += self.outside[place];
        }
        Score { beyond: (unserved - self.allowed).max(0), cost }
    }

    fn known_size(&self, units: Units) -> [i128; WEEK] {
        let known = self.sizes.iter().find(|(size, _)| *size == units);
        known.map_or_else(|| self.exceeding(units), |(_, exceeding)| *exceeding)
    }

    /// What `entries` serve of all that is asked for, in thousandths.
    pub(super) fn served(&self, entries: &[Entry]) -> i128 {
        let total: i128 = self.demand.iter().sum();
        if total == 0 {
            return 1000;
        }
        let mut unserved = 0;
        for place in 0..WEEK {
            let largest = entries.iter().filter(|entry| entry.set().has(place)).map(|entry| entry.units).max();
            unserved += largest.map_or(self.outside[place], |units| self.known_size(units)[place]);
        }
        (total - unserved) * 1000 / total
    }

    /// Each entry with the fewest model units that keep the score from getting worse.
    pub(super) fn shrunk(&self, entries: &[Entry]) -> Vec<Entry> {
        let mut entries = entries.to_vec();
        for index in 0..entries.len() {
            let now = self.score(&entries);
            let mut tried = entries.clone();
            let serves = |units: Units| {
                tried[index].units = units;
                self.score(&tried) <= now
            };
            entries[index].units = fewest(1, entries[index].units, serves);
        }
        entries
    }
}

/// The least number for which `is_enough`, which is true of `most`, and of all above one for which it is true.
fn fewest(least: Units, most: Units, mut is_enough: impl FnMut(Units) -> bool) -> Units {
    let (mut low, mut high) = (least, most.max(least));
    while low < high {
        let middle = low + (high - low) / 2;
        if is_enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}
