//! How is a timetable written?
//!
//! The grammar of holidays, periods and durations (docs/reference.md, "A commitment"), read into civil time; and written
//! back in the same grammar.

use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::{Days, Holiday, Period};
use crate::input::cut;

/// Longest duration that is accepted: a week, like the longest override and the longest span.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A year that has every day of every year.
const LEAP_YEAR: &str = "2024";

/// A text that is neither a date nor a range of dates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAHoliday {
    /// It has another form.
    #[error(
        "`{0}` is not a date; use `2026-12-29`, `2026-12-29/2027-01-03` for first and last day, or `12-25` for each year"
    )]
    Malformed(String),
    /// A range has a day of each year.
    #[error("`{0}` is a range without years; write both dates in full, or each day of each year as its own entry")]
    YearlyRange(String),
    /// It ends before it begins.
    #[error("`{0}` ends before it begins; write the first day first")]
    Backwards(String),
}

impl FromStr for Holiday {
    type Err = NotAHoliday;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((first, last)) = text.split_once('/') else {
            let day = text.trim();
            let dates = date(day).map(|day| Days::Dates { first: day, last: day });
            return dates.or_else(|| day_of_each_year(day)).map(Self).ok_or_else(|| NotAHoliday::Malformed(cut(text)));
        };
        let (first, last) = (first.trim(), last.trim());
        if day_of_each_year(first).or(day_of_each_year(last)).is_some() {
            return Err(NotAHoliday::YearlyRange(cut(text)));
        }
        let whole = |text: &str| date(text).ok_or_else(|| NotAHoliday::Malformed(cut(text)));
        let (first, last) = (whole(first)?, whole(last)?);
        if last < first { Err(NotAHoliday::Backwards(cut(text))) } else { Ok(Self(Days::Dates { first, last })) }
    }
}

/// Reads `2026-12-29`. The library reads more forms than the contract has.
fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// Reads `12-25`. Every day of a leap year is one.
fn day_of_each_year(text: &str) -> Option<Days> {
    let day = (text.len() == 5).then(|| date(&format!("{LEAP_YEAR}-{text}"))).flatten()?;
    Some(Days::EachYear { month: day.month(), day: day.day() })
}

impl Display for Holiday {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Days::Dates { first, last } if first == last => write!(formatter, "{first}"),
            Days::Dates { first, last } => write!(formatter, "{first}/{last}"),
            Days::EachYear { month, day } => write!(formatter, "{month:02}-{day:02}"),
        }
    }
}

/// A text that is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPeriod {
    /// It has another form.
    #[error("`{0}` is not a period; use `2026-12-28T10:00/2026-12-28T16:00`, in the timetable's own time zone")]
    Malformed(String),
    /// It does not end after it begins.
    #[error("`{0}` does not end after it begins; write the beginning first")]
    Backwards(String),
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || NotAPeriod::Malformed(cut(text));
        let (start, end) = text.split_once('/').ok_or_else(malformed)?;
        let start = civil(start.trim()).ok_or_else(malformed)?;
        let end = end.trim();
        let end = match end.strip_suffix("T24:00") {
            Some(date) => civil(&format!("{date}T00:00")).and_then(|midnight| midnight.tomorrow().ok()),
            None => civil(end),
        };
        let end = end.ok_or_else(malformed)?;
        if start < end { Ok(Self { start, end }) } else { Err(NotAPeriod::Backwards(cut(text))) }
    }
}

/// Reads `2026-12-28T10:00`. The library would read, and ignore, an offset, as in `2026-12-28T10+09`: what says one has to be
/// refused.
fn civil(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    (bytes.len() == 16 && bytes[10] == b'T' && bytes[13] == b':').then(|| text.parse().ok()).flatten()
}

impl Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end } = self;
        write!(formatter, "{}/{}", start.strftime("%Y-%m-%dT%H:%M"), end.strftime("%Y-%m-%dT%H:%M"))
    }
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It has another form.
    #[error("`{0}` is not a duration; use `90m`, `1h30m`, `2h`, `0m` or ISO 8601 such as `PT1H`")]
    Malformed(String),
    /// It is negative, longer than a week, or has parts of a second.
    #[error("`{0}` is not accepted; use whole seconds from `0m` to `168h`")]
    OutOfRange(String),
}

/// Reads a duration of `0m` to `168h`.
///
/// # Errors
/// The text is none, or out of that range.
pub fn parse_duration(text: &str) -> Result<SignedDuration, DurationError> {
    let duration: SignedDuration = text.trim().parse().map_err(|_| DurationError::Malformed(cut(text)))?;
    let accepted = (SignedDuration::ZERO..=LONGEST).contains(&duration) && duration.subsec_nanos() == 0;
    if accepted { Ok(duration) } else { Err(DurationError::OutOfRange(cut(text))) }
}

/// A duration as it would be declared: `1h30m`.
#[must_use]
pub fn duration_text(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts = parts.iter().filter(|(number, _)| *number != 0).map(|(number, unit)| format!("{number}{unit}"));
    let text: String = parts.collect();
    if text.is_empty() { "0m".to_owned() } else { text }
}
