//! What was used, and what does nobody know?
//!
//! Rows of an hour or of a minute become hours. A datapoint that is missing is unknown: it is neither zero nor part of a mean.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Seconds.
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
/// Minutes of an hour that must be known, for the hour to be.
const ENOUGH_MINUTES: usize = 30;
/// The longest while that is looked at: two years.
const LONGEST: i64 = 2 * 366 * 24 * HOUR;
/// More of anything in one row is not believed.
pub const MOST: u64 = 1_000_000_000_000;

/// What was counted in an hour or a minute; what is absent is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens in, cache writes among them.
    pub input: Option<u64>,
    /// Tokens out.
    pub output: Option<u64>,
    /// Tokens read from a cache.
    pub cached: Option<u64>,
    /// Invocations that were served.
    pub invocations: Option<u64>,
    /// Invocations that were throttled.
    pub throttles: Option<u64>,
    /// Of those, the ones that a provisioned throughput throttled.
    pub throttles_provisioned: u64,
}

/// Counts from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// When the hour or the minute begins.
    pub start: Timestamp,
    /// What was counted.
    pub counts: Counts,
}

/// What a missing datapoint means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Nothing was used.
    Idle,
}

/// Why rows are no usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUsage {
    /// There are none, or none is known.
    #[error("no hour is known: an hour needs InputTokens and OutputTokens; write 0 where there were none")]
    Empty,
    /// One begins within a minute.
    #[error("{0} is not the beginning of an hour or a minute")]
    WithinAMinute(Timestamp),
    /// Two begin together.
    #[error("{0} is there twice")]
    Twice(Timestamp),
    /// They are too far apart.
    #[error("{0} and {1} are more than two years apart")]
    TooLong(Timestamp, Timestamp),
    /// A number is not believed.
    #[error("{0}: {1} is more than {MOST}")]
    TooMany(Timestamp, u64),
}

/// One hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hour {
    /// Tokens in, out, and read from a cache.
    pub(super) tokens: [u64; 3],
    /// What was used and what was throttled, in tokens.
    pub(super) demand: u64,
    /// What on demand throttled, in tokens.
    pub(super) throttled_on_demand: u64,
    /// Invocations that were throttled.
    pub(super) throttles: u64,
    /// The demand of each minute, if it is known by the minute.
    pub(super) minutes: Vec<u64>,
}

/// Hours without a gap between them; nothing for one that is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// When the first hour begins, in seconds.
    pub(super) first: i64,
    pub(super) hours: Vec<Option<Hour>>,
    /// Hours that were known but for their throttles.
    pub(super) unknown_throttles: usize,
    /// Minutes that are unknown within hours that are known by the minute.
    pub(super) unknown_minutes: usize,
}

impl Usage {
    /// The usage of a file, whose rows are an hour or a minute each.
    ///
    /// # Errors
    /// See [`NotUsage`].
    pub fn of_rows(rows: &[Row], missing: Missing) -> Result<Self, NotUsage> {
        let (hours, minutes) = told_apart(&sorted(rows)?);
        Self::new(&hours, &minutes, missing)
    }

    /// The usage of `hours`; `minutes` say how they went within hours, and are the hours where there is none.
    ///
    /// # Errors
    /// See [`NotUsage`].
    pub fn of_hours_and_minutes(hours: &[Row], minutes: &[Row], missing: Missing) -> Result<Self, NotUsage> {
        Self::new(&sorted(hours)?, &sorted(minutes)?, missing)
    }

    fn new(hours: &[Row], minutes: &[Row], missing: Missing) -> Result<Self, NotUsage> {
        let second = |row: &Row| row.start.as_second();
        let phase = hours.first().map_or(0, |row| second(row).rem_euclid(HOUR));
        let hour_of = |at: i64| (at - phase).div_euclid(HOUR) * HOUR + phase;
        let mut by_minute: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
        for row in minutes {
            by_minute.entry(hour_of(second(row))).or_default().push(row);
        }
        let whole: BTreeMap<i64, &Row> = hours.iter().map(|row| (hour_of(second(row)), row)).collect();
        let starts = || whole.keys().chain(by_minute.keys()).copied();
        let (Some(first), Some(last)) = (starts().min(), starts().max()) else { return Err(NotUsage::Empty) };
        if last - first > LONGEST {
            let at = |second| Timestamp::from_second(second).unwrap_or_default();
            return Err(NotUsage::TooLong(at(first), at(last)));
        }
        let per_invocation = per_invocation(hours.iter().chain(minutes));
        let mut usage = Self { first, hours: Vec::new(), unknown_throttles: 0, unknown_minutes: 0 };
        let mut at = first;
        while at <= last {
            let minutes = by_minute.get(&at).map_or(&[][..], Vec::as_slice);
            let hour = usage.hour(whole.get(&at).copied(), minutes, per_invocation, missing);
            usage.hours.push(hour);
            at += HOUR;
        }
        if usage.hours.iter().all(Option::is_none) { Err(NotUsage::Empty) } else { Ok(usage) }
    }

    fn hour(
        &mut self,
        whole: Option<&Row>,
        minutes: &[&Row],
        per_invocation: (u64, u64),
        missing: Missing,
    ) -> Option<Hour> {
        let known: Vec<Hour> = minutes.iter().filter_map(|row| served(&row.counts, per_invocation, missing)).collect();
        let idle = || (missing == Missing::Idle).then(Hour::default);
        let mut hour = match whole {
            Some(row) => served(&row.counts, per_invocation, missing).or_else(idle)?,
            None if minutes.is_empty() => return idle(),
            None if missing == Missing::Unknown && known.len() < ENOUGH_MINUTES => return None,
            None => summed(&known, missing),
        };
        if whole.map_or(minutes.iter().any(|row| row.counts.throttles.is_none()), |row| row.counts.throttles.is_none())
        {
            self.unknown_throttles += 1;
        }
        if !known.is_empty() {
            if whole.is_none() {
                self.unknown_minutes += 60_usize.saturating_sub(known.len());
            }
            hour.minutes = known.iter().map(|minute| minute.demand).collect();
            // What is not known by the minute is spread over the minutes that are not.
            let rest = hour.demand.saturating_sub(hour.minutes.iter().sum());
            let absent = u64::try_from(60_usize.saturating_sub(known.len())).unwrap_or_default();
            if let Some(each) = rest.checked_div(absent) {
                hour.minutes.extend((0..absent).map(|_| each));
            }
        }
        Some(hour)
    }
}

/// The rows in the order of time.
fn sorted(rows: &[Row]) -> Result<Vec<Row>, NotUsage> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| row.start);
    for row in &rows {
        let Row { start, counts } = row;
        if start.as_second().rem_euclid(MINUTE) != 0 || start.subsec_nanosecond() != 0 {
            return Err(NotUsage::WithinAMinute(*start));
        }
        let Counts { input, output, cached, invocations, throttles, throttles_provisioned: _ } = counts;
        let numbers = [input, output, cached, invocations, throttles].into_iter().flatten();
        if let Some(number) = numbers.copied().find(|number| *number > MOST) {
            return Err(NotUsage::TooMany(*start, number));
        }
    }
    let twice = rows.windows(2).find(|pair| pair[0].start == pair[1].start);
    twice.map_or(Ok(()), |pair| Err(NotUsage::Twice(pair[0].start)))?;
    Ok(rows)
}

/// Rows of hours and rows of minutes. Rows are hours if all begin at the same minute of an hour. Else a row is an hour if it is
/// alone in one, at its beginning, and the rows before and after are not minutes.
fn told_apart(rows: &[Row]) -> (Vec<Row>, Vec<Row>) {
    let minute = |row: &Row| row.start.as_second().rem_euclid(HOUR);
    let hour = |row: &Row| row.start.as_second().div_euclid(HOUR);
    if rows.iter().all(|row| Some(minute(row)) == rows.first().map(minute)) {
        return (rows.to_vec(), Vec::new());
    }
    let surely = |index: usize| {
        let near = [index.checked_sub(1), Some(index + 1)].into_iter().flatten().filter_map(|near| rows.get(near));
        minute(&rows[index]) != 0 || near.into_iter().any(|near| hour(near) == hour(&rows[index]))
    };
    let sure: Vec<bool> = (0..rows.len()).map(surely).collect();
    let is_minute = |index: usize| {
        let known = |near: Option<usize>| near.and_then(|near| sure.get(near)).copied();
        let near = [known(index.checked_sub(1)), known(Some(index + 1))];
        sure[index] || near.iter().flatten().all(|near| *near)
    };
    let (minutes, hours): (Vec<_>, Vec<_>) = rows.iter().enumerate().partition(|(index, _)| is_minute(*index));
    let rows = |listed: Vec<(usize, &Row)>| listed.into_iter().map(|(_, row)| *row).collect();
    (rows(hours), rows(minutes))
}

/// Tokens and invocations of the rows in which both are known: what an invocation brings.
fn per_invocation<'r>(rows: impl Iterator<Item = &'r Row>) -> (u64, u64) {
    let known = rows.filter_map(|Row { counts, .. }| Some((counts.input? + counts.output?, counts.invocations?)));
    known.fold((0, 0), |(tokens, count), (more, invocations)| (tokens + more, count + invocations))
}

/// An hour or a minute whose tokens are known.
fn served(counts: &Counts, per_invocation: (u64, u64), missing: Missing) -> Option<Hour> {
    let idle = (missing == Missing::Idle).then_some(0);
    let (input, output) = (counts.input.or(idle)?, counts.output.or(idle)?);
    let used = input + output;
    let (tokens, invocations) = match counts.invocations {
        Some(invocations) if invocations > 0 && used > 0 => (used, invocations),
        Some(_) | None => per_invocation,
    };
    let throttles = counts.throttles.unwrap_or_default();
    let worth = |throttles: u64| {
        let tokens = u128::from(throttles) * u128::from(tokens) / u128::from(invocations.max(1));
        u64::try_from(tokens).unwrap_or(MOST).min(MOST)
    };
    Some(Hour {
        tokens: [input, output, counts.cached.unwrap_or_default()],
        demand: used + worth(throttles),
        throttled_on_demand: worth(throttles.saturating_sub(counts.throttles_provisioned)),
        throttles,
        minutes: Vec::new(),
    })
}

/// An hour of these minutes; those that are unknown count as the mean of the others.
fn summed(minutes: &[Hour], missing: Missing) -> Hour {
    let known = if missing == Missing::Idle { 60 } else { minutes.len().max(1) };
    let of = |part: fn(&Hour) -> u64| {
        let sum: u64 = minutes.iter().map(part).sum();
        sum * 60 / u64::try_from(known).unwrap_or(60)
    };
    Hour {
        tokens: [of(|hour| hour.tokens[0]), of(|hour| hour.tokens[1]), of(|hour| hour.tokens[2])],
        demand: of(|hour| hour.demand),
        throttled_on_demand: of(|hour| hour.throttled_on_demand),
        throttles: of(|hour| hour.throttles),
        minutes: Vec::new(),
    }
}

/// The greatest number of tokens that a model unit has served in a minute in which a provisioned throughput of `units` throttled: a
/// lower bound of what it can serve.
#[must_use]
pub fn learned(provisioned_minutes: &[Row], units: u64) -> Option<u64> {
    let throttled = provisioned_minutes.iter().filter(|row| row.counts.throttles.is_some_and(|count| count > 0));
    let served = throttled.filter_map(|row| Some(row.counts.input? + row.counts.output?));
    served.max().map(|tokens| tokens / units.max(1)).filter(|tokens| *tokens > 0)
}
