//! When should capacity exist?
//!
//! Timetables are declared in civil time and compared as instants (docs/reference.md, "When it is on"): every boundary is
//! turned into an instant once, by the rules of a bundled time zone database, and all that is asked afterwards is asked of
//! instants. Nothing flaps in an hour that a clock repeats.

mod foremost;
mod grammar;
mod schema;
mod warnings;
mod window;
mod zone;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

pub use grammar::{DurationError, NotAHoliday, NotAPeriod, duration_text, parse_duration};
pub use window::NotAWindow;
pub use zone::UnknownZone;

pub(crate) use schema::duration_schema;

use crate::input::{NotOneOf, words};
use foremost::Foremost;

/// A number of model units.
pub type ModelUnits = NonZeroU32;

/// Seconds of a civil day.
const DAY: i64 = 24 * 60 * 60;
/// Days around an instant within which a boundary that matters to it may lie, beside the length of the window: one for what
/// a day has begun of, one for the distance from Greenwich, and one for zones that have moved by a day (Pacific/Apia, 2011).
const MARGIN_DAYS: i64 = 3;
/// The same in seconds.
const MARGIN: i64 = MARGIN_DAYS * DAY;

words! {
    /// On or off.
    State {
        /// Capacity exists.
        On,
        /// It does not.
        Off,
    }
}

/// A state as it is written: a template's unquoted `On` is a boolean to `CloudFormation`, which reads YAML 1.1.
pub struct WrittenState(pub State);

impl FromStr for WrittenState {
    type Err = NotOneOf;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "true" => Ok(Self(State::On)),
            "false" => Ok(Self(State::Off)),
            _ => text.parse().map(Self),
        }
    }
}

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules, from the bundled database.
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The instant of a civil time: one that a clock skips moves forward by the length of the gap, one that it repeats means
    /// its first occurrence.
    fn instant(&self, civil: DateTime) -> Option<i64> {
        self.zone.to_ambiguous_timestamp(civil).compatible().ok().map(Timestamp::as_second)
    }
}

/// A stretch of the civil week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    text: String,
    /// The days on which it opens, as bits from Monday on.
    days: u8,
    /// Minutes after midnight.
    opens: u32,
    /// Civil minutes that it lasts: at most a week.
    minutes: u32,
    /// The size that it asks for, if it is not the declaration's.
    pub units: Option<ModelUnits>,
}

impl Window {
    /// If it opens on the day of the week of that number, Monday being 0: minutes after midnight, and minutes that it lasts.
    #[must_use]
    pub fn on(&self, day: usize) -> Option<(usize, usize)> {
        let opens = self.days.checked_shr(u32::try_from(day).ok()?).is_some_and(|days| days & 1 == 1);
        opens.then(|| Some((usize::try_from(self.opens).ok()?, usize::try_from(self.minutes).ok()?))).flatten()
    }

    /// Whether it opens on the day of that number; day 0, 1970-01-01, was a Thursday.
    fn opens_on(&self, day: i64) -> bool {
        self.days & (1 << (day + 3).rem_euclid(7)) != 0
    }
}

/// Days on which no window opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holiday(Days);

/// The days of a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// From the first to the last, inclusive.
    Dates { first: Date, last: Date },
    /// One day of each year that has it.
    EachYear { month: i8, day: i8 },
}

/// A half-open period of civil time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    start: DateTime,
    end: DateTime,
}

/// A period that goes before windows and holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    /// When.
    pub period: Period,
    /// On or off.
    pub state: State,
    /// The size that it asks for, if it is not the declaration's.
    pub units: Option<ModelUnits>,
}

/// What a timetable says at an instant, and which of its parts says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source<'t> {
    /// A window.
    Window(&'t Window, &'t Zone),
    /// An exception, to On or to Off.
    Exception(&'t Exception),
    /// A holiday that took a window away.
    Holiday(&'t Holiday),
    /// None of them.
    Nothing,
}

/// The instants, in seconds, between which something lasts: half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: i64,
    end: i64,
}

impl Span {
    /// Whether it has an instant in `[from, to]`.
    fn touches(self, from: i64, to: i64) -> bool {
        self.start <= to && from < self.end
    }
}

/// When capacity is wanted: windows of the civil week, without holidays, and exceptions above both.
#[derive(Debug, Clone, PartialEq)]
pub struct Timetable {
    zone: Zone,
    windows: Vec<Window>,
    holidays: Vec<Holiday>,
    exceptions: Vec<Exception>,
    /// By exception, its instants; nothing for one that does not exist.
    exception_spans: Vec<Option<Span>>,
    /// The holidays by day number, first and last, sorted and disjoint, each with the index of the first it comes from.
    days_off: Vec<(i64, i64, usize)>,
    /// The days of each year, as month and day, each with the index of its holiday.
    yearly: BTreeMap<(i8, i8), usize>,
}

/// What is wanted over a while, in the order of time: from each instant on, how much, and who says so.
type Wants<'t> = Vec<(i64, Option<ModelUnits>, Source<'t>)>;

/// Turns civil seconds into instants around one instant; nearly always no clock is changed there.
enum Around<'z> {
    Constant(i64),
    Changing(&'z Zone),
}

impl Around<'_> {
    fn instant(&self, civil: i64) -> Option<i64> {
        match self {
            Self::Constant(offset) => Some(civil - offset),
            Self::Changing(zone) => zone.instant(Offset::UTC.to_datetime(Timestamp::from_second(civil).ok()?)),
        }
    }
}

impl Timetable {
    /// A timetable of these parts.
    #[must_use]
    pub fn new(zone: Zone, windows: Vec<Window>, holidays: Vec<Holiday>, exceptions: Vec<Exception>) -> Self {
        let instants = |Exception { period: Period { start, end }, .. }: &Exception| {
            let (start, end) = (zone.instant(*start)?, zone.instant(*end)?);
            (start < end).then_some(Span { start, end })
        };
        let exception_spans = exceptions.iter().map(instants).collect();
        let days_off = merged(&holidays);
        let yearly = holidays.iter().enumerate().rev().filter_map(|(index, Holiday(days))| match days {
            Days::EachYear { month, day } => Some(((*month, *day), index)),
            Days::Dates { .. } => None,
        });
        let yearly = yearly.collect();
        Self { zone, windows, holidays, exceptions, exception_spans, days_off, yearly }
    }

    /// The time zone of everything in it.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Its windows, as declared.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// Its holidays, as declared.
    #[must_use]
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    /// Its exceptions, as declared.
    #[must_use]
    pub fn exceptions(&self) -> &[Exception] {
        &self.exceptions
    }

    /// What is wanted in `[from, to]`, seconds: an entry for `from`, and one for each instant at which something may
    /// change. `default` is the size of what asks for none.
    pub(crate) fn wants(&self, from: i64, to: i64, default: ModelUnits) -> Wants<'_> {
        let around = self.around(from, to);
        let mut open: Vec<(Span, &Window)> = Vec::new();
        let mut taken_away = None;
        self.each_occurrence(&around, from, to, |span, window, holiday| match holiday {
            None => open.push((span, window)),
            Some(holiday) if span.start <= from => taken_away = Some(holiday),
            Some(_) => {}
        });
        let spans = self.exception_spans.iter().zip(&self.exceptions);
        let excepted: Vec<(Span, &Exception)> = spans
            .filter_map(|(span, exception)| Some(((*span)?, exception)))
            .filter(|(span, _)| span.touches(from, to))
            .collect();
        let boundaries = open.iter().map(|(span, _)| span).chain(excepted.iter().map(|(span, _)| span));
        let inside = boundaries.flat_map(|span| [span.start, span.end]).filter(|at| from < *at && *at <= to);
        let mut points: Vec<i64> = std::iter::once(from).chain(inside).collect();
        points.sort_unstable();
        points.dedup();
        // Of exceptions the last goes first; of windows the largest, and of equals the first.
        let mut exceptions = Foremost::of(excepted.iter().enumerate().map(|(index, (span, _))| (*span, index)));
        let size = |window: &Window| window.units.unwrap_or(default);
        let sizes = open.iter().enumerate().map(|(index, (span, window))| (*span, (size(window), Reverse(index))));
        let mut windows = Foremost::of(sizes);
        let at = |at: i64| {
            if let Some((_, exception)) = exceptions.at(at).and_then(|index| excepted.get(index)) {
                let units = (exception.state == State::On).then(|| exception.units.unwrap_or(default));
                return (at, units, Source::Exception(exception));
            }
            match windows.at(at).and_then(|(_, Reverse(index))| open.get(index)) {
                Some((_, window)) => (at, Some(size(window)), Source::Window(window, &self.zone)),
                None => (at, None, taken_away.filter(|_| at == from).map_or(Source::Nothing, Source::Holiday)),
            }
        };
        points.into_iter().map(at).collect()
    }

    /// Every instant in `(from, to]`, seconds, at which what is wanted may change.
    pub(crate) fn boundaries(&self, from: i64, to: i64) -> Vec<i64> {
        let around = self.around(from, to);
        let mut found = Vec::new();
        self.each_occurrence(&around, from, to, |Span { start, end }, _, holiday| {
            if holiday.is_none() {
                found.extend([start, end]);
            }
        });
        found.extend(self.exception_spans.iter().flatten().flat_map(|Span { start, end }| [*start, *end]));
        found.retain(|at| from < *at && *at <= to);
        found
    }

    /// The last instant, in seconds, that is not like any other week: the end of the last exception or holiday.
    pub(crate) fn last_irregularity(&self) -> Option<i64> {
        let exceptions = self.exception_spans.iter().flatten().map(|span| span.end);
        let holidays = self.days_off.last().map(|(_, last, _)| (last + 1) * DAY);
        exceptions.chain(holidays).max()
    }

    /// Tells `found` of every occurrence of every window that touches `[from, to]`, and of the holiday that takes it
    /// away, if one does.
    fn each_occurrence<'t>(
        &'t self,
        around: &Around<'_>,
        from: i64,
        to: i64,
        mut found: impl FnMut(Span, &'t Window, Option<&'t Holiday>),
    ) {
        let (today, last) = (from.div_euclid(DAY), to.div_euclid(DAY) + MARGIN_DAYS);
        for window in &self.windows {
            let (opens, lasts) = (i64::from(window.opens) * 60, i64::from(window.minutes) * 60);
            for day in today - lasts / DAY - MARGIN_DAYS..=last {
                if !window.opens_on(day) {
                    continue;
                }
                let start = day * DAY + opens;
                let span = around.instant(start).zip(around.instant(start + lasts));
                let Some(span) = span.map(|(start, end)| Span { start, end }) else { continue };
                if span.start < span.end && span.touches(from, to) {
                    found(span, window, self.holiday(day));
                }
            }
        }
    }

    /// The holiday on the day of that number; of several the first in the list.
    fn holiday(&self, day: i64) -> Option<&Holiday> {
        let before = self.days_off.partition_point(|(first, _, _)| *first <= day).checked_sub(1);
        let dated = before.and_then(|index| self.days_off.get(index));
        let dated = dated.filter(|(_, last, _)| day <= *last).map(|(_, _, holiday)| *holiday);
        let each_year = || {
            let date = date(day)?;
            self.yearly.get(&(date.month(), date.day())).copied()
        };
        let yearly = if self.yearly.is_empty() { None } else { each_year() };
        let first = dated.into_iter().chain(yearly).min()?;
        self.holidays.get(first)
    }

    fn around(&self, from: i64, to: i64) -> Around<'_> {
        let zone = &self.zone.zone;
        // A change further away moves no boundary across an instant in between.
        let (Ok(at), Ok(early)) = (Timestamp::from_second(from), Timestamp::from_second(from - MARGIN)) else {
            return Around::Changing(&self.zone);
        };
        let next = zone.following(early).next().map(|change| change.timestamp().as_second());
        if next.is_some_and(|next| next <= to + MARGIN) {
            return Around::Changing(&self.zone);
        }
        Around::Constant(i64::from(zone.to_offset(at).seconds()))
    }
}

/// The date of a day number; day 0 is 1970-01-01.
fn date(day: i64) -> Option<Date> {
    Some(Offset::UTC.to_datetime(Timestamp::from_second(day.checked_mul(DAY)?).ok()?).date())
}

/// The holidays with dates as sorted, disjoint ranges of day numbers.
fn merged(holidays: &[Holiday]) -> Vec<(i64, i64, usize)> {
    let day = |date: Date| date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    let ranges = holidays.iter().enumerate().filter_map(|(index, Holiday(days))| match days {
        Days::Dates { first, last } => Some((day(*first), day(*last), index)),
        Days::EachYear { .. } => None,
    });
    let mut sorted: Vec<_> = ranges.collect();
    sorted.sort_unstable();
    let mut merged: Vec<(i64, i64, usize)> = Vec::new();
    for (first, last, index) in sorted {
        match merged.last_mut() {
            Some((_, until, _)) if first <= *until => {
                // Days that two holidays share belong to the first; the rest stays its own, so that each keeps its name.
                let rest = *until + 1;
                if rest <= last {
                    merged.push((rest, last, index));
                }
            }
            _ => merged.push((first, last, index)),
        }
    }
    merged
}
