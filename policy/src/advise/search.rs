//! Which windows are the cheapest?
//!
//! From some plans to begin with, each window in turn is taken out and put back where it is best, until nothing improves.

use super::Units;
use super::field::{Entry, Field, Outside, Score};
use super::hours::{Hours, WEEK};
use super::starts::{can_repeat, starts};

/// So many plans are improved.
const IMPROVED: usize = 3;
/// So often at most.
const ROUNDS: usize = 6;

/// The best plans that were found, the best first; none of them is empty, unless nothing is asked for.
pub(super) fn plans(field: &Field<'_>) -> Vec<Vec<Entry>> {
    let mut found: Vec<(Score, Vec<Entry>)> = Vec::new();
    for start in starts(field).into_iter().take(IMPROVED) {
        let mut best = improved(field, start);
        best = field.shrunk(&best);
        best.sort_unstable();
        found.push((field.score(&best), best));
    }
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, entries)| entries).collect()
}

/// What improving one window at a time leads to.
fn improved(field: &Field<'_>, mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut score = field.score(&entries);
    for _ in 0..ROUNDS {
        let before = score;
        for index in 0..=entries.len() {
            let mut others = entries.clone();
            if index < others.len() {
                others.remove(index);
            } else if others.len() >= field.windows {
                continue;
            }
            let put = Place::new(field, &others).best();
            others.extend(put);
            let better = field.score(&others);
            if better < score {
                (score, entries) = (better, others);
            }
        }
        if score == before {
            break;
        }
    }
    // What does no good goes.
    let mut index = 0;
    while index < entries.len() {
        let mut others = entries.clone();
        others.remove(index);
        if field.score(&others) <= score {
            entries = others;
        } else {
            index += 1;
        }
    }
    entries
}

/// Where another window may go beside others.
struct Place<'f> {
    field: &'f Field<'f>,
    /// The score without it, and what is unserved.
    cost: i128,
    unserved: i128,
    by_size: Vec<Size>,
}

/// The same for one size.
struct Size {
    units: Units,
    /// The hours that others have at this size, and at other sizes.
    ours: Hours,
    theirs: Hours,
    /// What the hours of `ours` are billed.
    billed: i128,
    /// Sums up to each hour of two weeks, of what a window saves on demand and of what it leaves unserved more.
    saved: Vec<i128>,
    unserved: Vec<i128>,
}

impl<'f> Place<'f> {
    fn new(field: &'f Field<'f>, others: &[Entry]) -> Self {
        let mut units: Vec<Units> = field.sizes.iter().map(|(units, _)| *units).collect();
        units.extend(others.iter().map(|entry| entry.units));
        units.sort_unstable();
        units.dedup();
        let of = |is_asked: &dyn Fn(Units) -> bool| {
            let asked = others.iter().filter(|entry| is_asked(entry.units));
            asked.fold(Hours::default(), |set, entry| set.with(entry.set()))
        };
        let all = of(&|_| true);
        let beyond = field.score(others);
        let mut unserved: i128 = (0..WEEK).filter(|place| !all.has(*place)).map(|place| field.outside[place]).sum();
        let mut by_size = Vec::new();
        let mut larger = Hours::default();
        for units in units.into_iter().rev() {
            let exceeding = field.sizes.iter().find(|(size, _)| *size == units).map(|(_, exceeding)| *exceeding);
            let exceeding = exceeding.unwrap_or_else(|| field.exceeding(units));
            let ours = of(&|size| size == units).without(larger);
            larger = larger.with(ours);
            unserved += (0..WEEK).filter(|place| ours.has(*place)).map(|place| exceeding[place]).sum::<i128>();
            let sums = |of: &dyn Fn(usize) -> i128| {
                let mut sum = 0;
                let free = |place: usize| if all.has(place) { 0 } else { of(place) };
                let next = (0..2 * WEEK).map(|place| free(place % WEEK));
                std::iter::once(0)
                    .chain(next.map(move |part| {
                        sum += part;
                        sum
                    }))
                    .collect::<Vec<i128>>()
            };
            by_size.push(Size {
                units,
                ours,
                theirs: of(&|size| size != units),
                billed: field.billed(ours),
                saved: sums(&|place| field.on_demand[place]),
                unserved: sums(&|place| exceeding[place] - field.outside[place]),
            });
        }
        Self { field, cost: beyond.cost, unserved, by_size }
    }

    fn beyond(&self, unserved: i128) -> i128 {
        (unserved - self.field.allowed).max(0)
    }

    /// The best window, if one is better than none.
    fn best(&self) -> Option<Entry> {
        let none = Score { beyond: self.beyond(self.unserved), cost: self.cost };
        let mut best = (none, None);
        for size in &self.by_size {
            for hours in 1..WEEK {
                let last = if can_repeat(self.field, 1, hours) { 24 } else { WEEK };
                for opens in 0..last {
                    let found = if can_repeat(self.field, opens % 24, hours) {
                        (opens < 24).then(|| self.daily(size, opens, hours, best.0)).flatten()
                    } else {
                        self.span(size, opens, hours, best.0)
                    };
                    if let Some((score, entry)) = found.filter(|(score, _)| *score < best.0) {
                        best = (score, Some(entry));
                    }
                }
            }
        }
        best.1
    }

    /// One span across days.
    fn span(&self, size: &Size, start: usize, hours: usize, best: Score) -> Option<(Score, Entry)> {
        // One that begins or ends with hours that make no difference is better without them.
        let is_idle = |hour: usize| sum(&size.saved, hour, 1) == 0 && sum(&size.unserved, hour, 1) == 0;
        if is_idle(start) || is_idle(start + hours - 1) {
            return None;
        }
        let (saved, unserved) = (sum(&size.saved, start, hours), sum(&size.unserved, start, hours));
        // At best it costs nothing.
        if (Score { beyond: self.beyond(self.unserved + unserved), cost: self.cost - saved }) >= best {
            return None;
        }
        let set = Hours::stretch(start, hours);
        let score = self.scored(size, set, saved, unserved)?;
        Some((score, Entry { units: size.units, days: 1 << (start / 24), opens: start % 24, hours }))
    }

    /// The same hours on the days on which they are worth it.
    fn daily(&self, size: &Size, opens: usize, hours: usize, best: Score) -> Option<(Score, Entry)> {
        let parts: [(i128, i128); 7] = std::array::from_fn(|day| {
            let start = day * 24 + opens;
            (sum(&size.saved, start, hours), sum(&size.unserved, start, hours))
        });
        let most: i128 = parts.iter().map(|(saved, _)| saved.max(&0)).sum();
        let least: i128 = parts.iter().map(|(_, unserved)| unserved.min(&0)).sum();
        if (Score { beyond: self.beyond(self.unserved + least), cost: self.cost - most }) >= best {
            return None;
        }
        let mut days = 0_u8;
        let mut score = Score { beyond: self.beyond(self.unserved), cost: self.cost };
        let entry = |days: u8| Entry { units: size.units, days, opens, hours };
        // First each day that helps, then without each that does not help after all.
        for day in (0..7).chain(0..7) {
            let tried = days ^ 1 << day;
            let set = entry(tried).set();
            let on = |day: &usize| tried >> day & 1 == 1;
            let saved = (0..7).filter(on).map(|day| parts[day].0).sum();
            let unserved = (0..7).filter(on).map(|day| parts[day].1).sum();
            if let Some(better) = self.scored(size, set, saved, unserved).filter(|better| *better < score) {
                (score, days) = (better, tried);
            }
        }
        (days != 0).then(|| (score, entry(days)))
    }

    /// The score with these hours, too; nothing if they meet others of another size.
    fn scored(&self, size: &Size, set: Hours, saved: i128, unserved: i128) -> Option<Score> {
        if set.meets(size.theirs) {
            return None;
        }
        let billed = self.field.billed(size.ours.with(set)) - size.billed;
        let cost = self.cost - saved + billed * i128::from(size.units) * self.field.unit_hour;
        Some(Score { beyond: self.beyond(self.unserved + unserved), cost })
    }
}

fn sum(sums: &[i128], start: usize, hours: usize) -> i128 {
    sums[start + hours] - sums[start]
}

/// The best plans for a typical week: those that save money, or, if none does, those that put the share into windows.
pub(super) fn proposals(saving: &Field<'_>, covering: impl FnOnce() -> Vec<Vec<Entry>>) -> (Outside, Vec<Vec<Entry>>) {
    let plans = plans(saving);
    if plans.first().is_some_and(|best| !best.is_empty()) {
        return (Outside::Served, plans.into_iter().filter(|plan| !plan.is_empty()).collect());
    }
    (Outside::Unserved, covering())
}
