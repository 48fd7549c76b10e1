//! Which hours would be provisioned, were there no limit to the number of windows?
//!
//! Dynamic programming around the week. A state is the size in an hour, none among them; to begin, or to change, costs what a purchase is
//! billed beside its windows. What is left unserved has a price in tokens, which rises until the share is served.

use std::collections::BTreeMap;

use super::Units;
use super::field::{Entry, Field, Score};
use super::hours::WEEK;

/// The price of what is unserved is doubled so often at most: then a size cannot serve the share.
const DOUBLINGS: u32 = 40;
/// Parts of the whole demand in which unserved demand is counted.
const PARTS: i128 = 1_000_000_000;
/// And then narrowed down so often.
const STEPS: u32 = 12;

/// Plans to begin with, within the number of windows, the best first.
pub(super) fn starts(field: &Field<'_>) -> Vec<Vec<Entry>> {
    let all: Vec<usize> = (0..field.sizes.len()).collect();
    let mut choices: Vec<Vec<usize>> = all.iter().map(|size| vec![*size]).collect();
    if all.len() > 1 {
        choices.push(all);
    }
    let found = choices.iter().flat_map(|sizes| cheapest(field, sizes));
    let mut plans: Vec<(Score, Vec<Entry>)> = found
        .map(|entries| {
            let fitting = fitted(field, entries);
            (field.score(&fitting), fitting)
        })
        .collect();
    plans.push((field.score(&[]), Vec::new()));
    plans.sort();
    plans.dedup();
    plans.into_iter().map(|(_, entries)| entries).collect()
}

/// The cheapest hours with these sizes: as they are without regard to the share, and at the least price of what is unserved at which they
/// serve it.
fn cheapest(field: &Field<'_>, sizes: &[usize]) -> Vec<Vec<Entry>> {
    let at = |price: i128| {
        let entries = entries(field, &states(field, sizes, price), sizes);
        (field.score(&entries).beyond == 0, entries)
    };
    let (serves, free) = at(0);
    if serves || field.demand.iter().sum::<i128>() == 0 {
        return vec![free];
    }
    let mut high = 1;
    let mut best = None;
    for _ in 0..DOUBLINGS {
        let (serves, entries) = at(high);
        if serves {
            best = Some(entries);
            break;
        }
        high *= 2;
    }
    let mut low = if best.is_some() { high / 2 } else { high };
    for _ in 0..STEPS {
        let middle = low + (high - low) / 2;
        let (serves, entries) = at(middle);
        if serves {
            (high, best) = (middle, Some(entries));
        } else {
            low = middle;
        }
    }
    best.into_iter().chain([free]).collect()
}

/// By hour, the place in `sizes` that it has in the cheapest week, counted from one; zero for none.
fn states(field: &Field<'_>, sizes: &[usize], price: i128) -> Vec<usize> {
    let count = sizes.len() + 1;
    let units = |state: usize| state.checked_sub(1).map_or(0, |index| i128::from(field.sizes[sizes[index]].0));
    // What is unserved is counted in parts of the whole demand, so that the same demand in other units leads to the same hours.
    let demand: i128 = field.demand.iter().sum::<i128>().max(1);
    let part = (field.unit_hour / PARTS).max(1);
    let penalty = |unserved: i128| unserved * PARTS / demand * part * price;
    let here = |place: usize, state: usize| match state.checked_sub(1) {
        None => field.on_demand[place] + penalty(field.outside[place]),
        Some(index) => units(state) * field.unit_hour + penalty(field.sizes[sizes[index]].1[place]),
    };
    let change = |from: usize, to: usize| match from.cmp(&to) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => units(to) * field.unit_hour * field.beside,
        std::cmp::Ordering::Greater if to == 0 => 0,
        std::cmp::Ordering::Greater => units(from) * field.unit_hour * field.beside,
    };
    let mut best: Option<(i128, Vec<usize>)> = None;
    for first in 0..count {
        // Before Monday's first hour it is as in Sunday's last.
        let mut costs: Vec<Option<i128>> = (0..count).map(|state| (state == first).then_some(0)).collect();
        let mut came: Vec<Vec<usize>> = Vec::with_capacity(WEEK);
        for place in 0..WEEK {
            let mut next = Vec::with_capacity(count);
            let mut from = Vec::with_capacity(count);
            for to in 0..count {
                let ways = (0..count).filter_map(|state| Some((costs[state]? + change(state, to), state)));
                let way = ways.min();
                next.push(way.map(|(cost, _)| cost + here(place, to)));
                from.push(way.map_or(0, |(_, state)| state));
            }
            costs = next;
            came.push(from);
        }
        let Some(cost) = costs[first] else { continue };
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            let mut state = first;
            let mut path = vec![0; WEEK];
            for place in (0..WEEK).rev() {
                path[place] = state;
                state = came[place][state];
            }
            best = Some((cost, path));
        }
    }
    best.map(|(_, path)| path).unwrap_or_default()
}

/// The stretches of equal size, as windows: those with the same hours on several days are one.
fn entries(field: &Field<'_>, states: &[usize], sizes: &[usize]) -> Vec<Entry> {
    let units = |state: usize| state.checked_sub(1).map(|index| field.sizes[sizes[index]].0);
    let begins = |place: &usize| states[*place] != states[(place + WEEK - 1) % WEEK];
    let mut stretches = Vec::new();
    let starts: Vec<usize> = (0..WEEK).filter(begins).collect();
    if starts.is_empty()
        && let Some(units) = states.first().and_then(|state| units(*state))
    {
        stretches.extend(whole_week(field, units));
    }
    for (index, start) in starts.iter().enumerate() {
        let Some(units) = units(states[*start]) else { continue };
        let next = starts[(index + 1) % starts.len()];
        let hours = match (next + WEEK - start) % WEEK {
            0 => WEEK,
            hours => hours,
        };
        stretches.push(Entry { units, days: 1 << (start / 24), opens: start % 24, hours });
    }
    grouped(field, stretches)
}

/// All hours of a week.
fn whole_week(field: &Field<'_>, units: Units) -> Vec<Entry> {
    if field.phase == 0 {
        return vec![Entry { units, days: 0x7f, opens: 0, hours: 24 }];
    }
    // No window of the grammar lasts 24 hours from another minute on.
    vec![Entry { units, days: 0x7f, opens: 0, hours: 23 }, Entry { units, days: 0x7f, opens: 23, hours: 1 }]
}

/// Entries of the same hours and size as one, where the grammar has it.
fn grouped(field: &Field<'_>, stretches: Vec<Entry>) -> Vec<Entry> {
    let mut groups: BTreeMap<(Units, usize, usize), u8> = BTreeMap::new();
    let mut spans = Vec::new();
    for entry in stretches {
        if can_repeat(field, entry.opens, entry.hours) {
            *groups.entry((entry.units, entry.opens, entry.hours)).or_default() |= entry.days;
        } else {
            spans.push(entry);
        }
    }
    let daily = groups.into_iter().map(|((units, opens, hours), days)| Entry { units, days, opens, hours });
    daily.chain(spans).collect()
}

/// Whether a window of so many hours may open on several days: `Mon-Fri 08:00-20:00`.
pub(super) fn can_repeat(field: &Field<'_>, opens: usize, hours: usize) -> bool {
    hours < 24 || (hours == 24 && opens == 0 && field.phase == 0)
}

/// The same within the number of windows: two are joined, or one is dropped, whichever costs least, until they are few enough.
fn fitted(field: &Field<'_>, mut entries: Vec<Entry>) -> Vec<Entry> {
    while entries.len() > field.windows {
        let mut ways: Vec<(Score, Vec<Entry>)> = Vec::new();
        for one in 0..entries.len() {
            let mut dropped = entries.clone();
            dropped.remove(one);
            for other in one..dropped.len() {
                if let Some(joined) = joined(field, &entries[one], &dropped[other]) {
                    let mut together = dropped.clone();
                    together[other] = joined;
                    ways.push((field.score(&together), together));
                }
            }
            ways.push((field.score(&dropped), dropped));
        }
        let Some((_, best)) = ways.into_iter().min() else { break };
        entries = best;
    }
    entries
}

/// One window on the days of both that has the hours of both.
fn joined(field: &Field<'_>, one: &Entry, other: &Entry) -> Option<Entry> {
    let opens = one.opens.min(other.opens);
    let ends = (one.opens + one.hours).max(other.opens + other.hours);
    let (units, days) = (one.units.max(other.units), one.days | other.days);
    let is_daily = can_repeat(field, opens, ends - opens);
    (is_daily).then(|| Entry { units, days, opens, hours: ends - opens })
}
