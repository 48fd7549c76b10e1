//! How is a timetable written?
//!
//! The grammar of windows, holidays, periods and durations (interface.md section 2), read into civil time; and written
//! back in the same grammar.

use std::fmt::{self, Display};
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Days, Holiday, ModelUnits, Period, Window, Zone};
use crate::input::cut;

/// Minutes of a civil day.
const DAY: u32 = 24 * 60;
/// Longest duration that is accepted: a week, like the longest override and the longest span.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A year that has every day of every year.
const LEAP_YEAR: &str = "2024";
pub(super) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A text that is not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not an IANA time zone; {cure}")]
pub struct UnknownZone {
    name: String,
    cure: String,
}

impl FromStr for Zone {
    type Err = UnknownZone;

    /// Reads an IANA name; the rules come from the bundled database, the same on every machine.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let database = TimeZoneDatabase::bundled();
        let unknown = || {
            let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &text.to_lowercase());
            let near = (text.len() <= 40).then(|| {
                let near = database.available().map(|name| (distance(name.as_str()), name.as_str().to_owned())).min();
                // As far as a third of the name: of short ones nearly all are near.
                near.filter(|(distance, name)| *distance <= name.len() / 3)
            });
            let cure = match near.flatten() {
                Some((_, name)) => format!("did you mean `{name}`?"),
                None => "use a name such as `Asia/Tokyo` or `UTC`".to_owned(),
            };
            UnknownZone { name: cut(text), cure }
        };
        let zone: TimeZone = database.get(text).map_err(|_| unknown())?;
        let name = zone.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { name, zone })
    }
}

/// A text that is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAWindow {
    /// It has another form.
    #[error("`{0}` is not a window; use `Mon-Fri 08:00-20:00`, or `Fri 21:00 - Mon 06:00` for one span across days")]
    Malformed(String),
    /// One of its days is none.
    #[error("`{0}` is not a day; use Mon, Tue, Wed, Thu, Fri, Sat, Sun or Daily")]
    UnknownDay(String),
    /// A range of days begins and ends with the same.
    #[error("`{0}` names one day twice; use the day alone, or Daily")]
    SameDay(String),
    /// One of its times is none.
    #[error("`{0}` is not a time of day; use HH:MM from 00:00 to 23:59, or 24:00 as an end")]
    UnknownTime(String),
    /// It ends when it opens.
    #[error("`{0}` ends when it opens; a whole day is `00:00-24:00`")]
    Empty(String),
}

impl FromStr for Window {
    type Err = NotAWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || NotAWindow::Malformed(cut(text));
        let first_digit = text.find(|sign: char| sign.is_ascii_digit()).ok_or_else(malformed)?;
        let (days, times) = text.split_at(first_digit);
        let (open, end) = times.split_once('-').ok_or_else(malformed)?;
        let (open, end) = (open.trim(), end.trim());
        let opens = time_of_day(open)?;
        if opens == DAY {
            return Err(NotAWindow::UnknownTime(cut(open)));
        }
        if let Some(digit) = end.find(|sign: char| sign.is_ascii_digit()).filter(|digit| *digit > 0) {
            let (last_day, close) = end.split_at(digit);
            return Self::span(text, (days.trim(), opens), (last_day.trim(), time_of_day(close.trim())?));
        }
        let closes = time_of_day(end)?;
        let (mask, days) = read_days(days.trim(), text)?;
        let minutes = match closes {
            _ if closes == opens => return Err(NotAWindow::Empty(cut(text))),
            _ if closes < opens => closes + DAY - opens,
            _ => closes - opens,
        };
        let text = format!("{days} {}-{}", clock(opens), clock(closes));
        Ok(Self { text, days: mask, opens, minutes, units: None })
    }
}

impl Window {
    fn span(text: &str, (first, opens): (&str, u32), (last, closes): (&str, u32)) -> Result<Self, NotAWindow> {
        let (first, last) = (day(first)?, day(last)?);
        let days_on = u32::try_from((last + 7 - first) % 7).unwrap_or_default();
        let end = days_on * DAY + closes;
        let minutes = match end {
            _ if end == opens => return Err(NotAWindow::Empty(cut(text))),
            _ if end < opens => end + 7 * DAY - opens,
            _ => end - opens,
        };
        let text = format!("{} {} - {} {}", DAYS[first], clock(opens), DAYS[last], clock(closes));
        Ok(Self { text, days: 1 << first, opens, minutes, units: None })
    }

    /// The same window with a size of its own.
    #[must_use]
    pub fn with_units(self, units: Option<ModelUnits>) -> Self {
        Self { units, ..self }
    }
}

impl Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The days of a list such as `Mon-Wed,Sat` as bits from Monday on, and the list as we write it.
fn read_days(list: &str, window: &str) -> Result<(u8, String), NotAWindow> {
    if list.eq_ignore_ascii_case("daily") {
        return Ok((0b111_1111, "Daily".to_owned()));
    }
    if list.is_empty() {
        return Err(NotAWindow::Malformed(cut(window)));
    }
    let mut mask = 0;
    let mut words = Vec::new();
    for word in list.split(',').map(str::trim) {
        let Some((from, to)) = word.split_once('-') else {
            let only = day(word)?;
            mask |= 1 << only;
            words.push(DAYS[only].to_owned());
            continue;
        };
        let (from, to) = (day(from.trim())?, day(to.trim())?);
        if from == to {
            return Err(NotAWindow::SameDay(cut(word)));
        }
        let mut each = from;
        mask |= 1 << to;
        while each != to {
            mask |= 1 << each;
            each = (each + 1) % 7;
        }
        words.push(format!("{}-{}", DAYS[from], DAYS[to]));
    }
    Ok((mask, words.join(",")))
}

/// The number of a day, Monday being 0.
fn day(word: &str) -> Result<usize, NotAWindow> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(word)).ok_or_else(|| NotAWindow::UnknownDay(cut(word)))
}

/// Minutes since midnight of `HH:MM`, 24:00 among them.
fn time_of_day(text: &str) -> Result<u32, NotAWindow> {
    let minutes = || {
        let bytes = text.as_bytes();
        let &[tens, hours, b':', ten_minutes, minutes] = bytes else { return None };
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        let (hours, minutes) = (digit(tens)? * 10 + digit(hours)?, digit(ten_minutes)? * 10 + digit(minutes)?);
        Some(hours * 60 + minutes).filter(|total| minutes < 60 && *total <= DAY)
    };
    minutes().ok_or_else(|| NotAWindow::UnknownTime(cut(text)))
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

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
        let malformed = || NotAHoliday::Malformed(cut(text));
        let Some((first, last)) = text.split_once('/') else {
            let day = text.trim();
            let dates = date(day).map(|day| Days::Dates { first: day, last: day });
            return dates.or_else(|| day_of_each_year(day)).map(Self).ok_or_else(malformed);
        };
        let (first, last) = (first.trim(), last.trim());
        if day_of_each_year(first).or(day_of_each_year(last)).is_some() {
            return Err(NotAHoliday::YearlyRange(cut(text)));
        }
        let (first, last) = date(first).zip(date(last)).ok_or_else(malformed)?;
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
