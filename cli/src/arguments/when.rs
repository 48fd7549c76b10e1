//! How do people write a day, or an instant?

use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// An instant as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// With an offset.
    Instant(Timestamp),
    /// On a wall clock.
    Civil(DateTime),
    /// On a wall clock, on a day that depends on today.
    Words(Day, Time),
    /// The moment at which it is asked.
    Now,
}

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "use RFC 3339 such as `2026-12-24T09:00:00+09:00`, a civil time such as `2026-12-24T09:00`, or `18:00`, `tomorrow 09:00`, \
     `monday 09:00`"
)]
pub struct NotAnInstant;

impl FromStr for When {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(Self::Now);
        }
        if let Ok(instant) = text.parse() {
            return Ok(Self::Instant(instant));
        }
        // What has an offset and is no instant must not pass for a civil time.
        if let Some(civil) = (text.len() <= 19 && text.contains('-')).then(|| text.parse().ok()).flatten() {
            return Ok(Self::Civil(civil));
        }
        let (day, time) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
        if let Some(time) = time_of_day(time) {
            let day = if day.trim().is_empty() { Day::Today } else { day.parse().map_err(|_| NotAnInstant)? };
            return Ok(Self::Words(day, time));
        }
        text.parse().map(|day| Self::Words(day, Time::midnight())).map_err(|_| NotAnInstant)
    }
}

/// Reads `9:00` and `18:00`.
fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        short.then(|| text.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok()
}

impl When {
    /// The instant, asked at `now`, with a civil time on the clocks of `zone`: one that they repeat means the first.
    ///
    /// # Errors
    /// It lies further away than dates go.
    pub fn on(self, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, jiff::Error> {
        let civil = match self {
            Self::Instant(at) => return Ok(at),
            Self::Now => return Ok(now),
            Self::Civil(civil) => civil,
            Self::Words(day, time) => day.on(now.to_zoned_datetime(zone.clone()).date())?.to_datetime(time),
        };
        zone.to_ambiguous_timestamp(civil).compatible()
    }

    /// Returns true if it depends on a time zone.
    #[must_use]
    pub fn is_civil(self) -> bool {
        match self {
            Self::Instant(_) | Self::Now => false,
            Self::Civil(_) | Self::Words(..) => true,
        }
    }
}

/// A day as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// A date.
    Date(Date),
    /// Today.
    Today,
    /// So many days from today.
    After(i64),
    /// The next such day, today among them.
    Coming(Weekday),
    /// The next such day after today.
    Next(Weekday),
    /// The last Monday, today among them.
    ThisWeek,
    /// The first day of the next month.
    NextMonth,
}

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "use a date such as `2026-12-28`, or today, tomorrow, monday, next monday, next week, next month, or in 3 days"
)]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_lowercase();
        if let Some(date) = (text.len() == 10).then(|| text.parse().ok()).flatten() {
            return Ok(Self::Date(date));
        }
        let words: Vec<&str> = text.split(['-', '_', ' ']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["today" | "now"] => Ok(Self::Today),
            ["tomorrow"] => Ok(Self::After(1)),
            ["yesterday"] => Ok(Self::After(-1)),
            ["this", "week"] => Ok(Self::ThisWeek),
            ["next", "week"] => Ok(Self::Next(Weekday::Monday)),
            ["next", "month"] => Ok(Self::NextMonth),
            ["in", number, "day" | "days"] => {
                number.parse().ok().filter(|days| *days <= 3660_i64).map(Self::After).ok_or(NotADay)
            }
            ["next", day] => weekday(day).map(Self::Next).ok_or(NotADay),
            [day] | ["this" | "on", day] => weekday(day).map(Self::Coming).ok_or(NotADay),
            _ => Err(NotADay),
        }
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let is_meant = |name: &str| word.len() >= 3 && name.starts_with(word);
    days.iter().find(|(name, _)| is_meant(name)).map(|(_, day)| *day)
}

impl Day {
    /// The date, asked on the day `today`.
    ///
    /// # Errors
    /// It lies further away than dates go.
    pub fn on(self, today: Date) -> Result<Date, jiff::Error> {
        match self {
            Self::Date(date) => Ok(date),
            Self::Today => Ok(today),
            Self::After(days) => today.checked_add(days.days()),
            Self::Coming(day) if today.weekday() == day => Ok(today),
            Self::Coming(day) | Self::Next(day) => today.nth_weekday(1, day),
            Self::ThisWeek if today.weekday() == Weekday::Monday => Ok(today),
            Self::ThisWeek => today.nth_weekday(-1, Weekday::Monday),
            Self::NextMonth => today.first_of_month().checked_add(1.month()),
        }
    }
}
