//! How is a window of the week written, and what did somebody mean who wrote something else?

use std::fmt::{self, Display};
use std::str::FromStr;

use super::{ModelUnits, Window};
use crate::input::cut;

/// Minutes of a civil day.
const DAY: u32 = 24 * 60;
pub(super) const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A text that is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAWindow {
    /// It has another form.
    #[error("`{0}` is not a window; use `Mon-Fri 08:00-20:00`, or `Fri 21:00 - Mon 06:00` for one span across days")]
    Malformed(String),
    /// It has times and no days.
    #[error("`{0}` names no days; write `Mon-Fri {0}`, or `Daily {0}`")]
    NoDays(String),
    /// It has days and no times.
    #[error("`{0}` names no times; write `{0} 08:00-20:00`")]
    NoTimes(String),
    /// It has one time alone.
    #[error("`{0}` has a beginning and no end; write both, as in `Mon-Fri 08:00-20:00`")]
    NoEnd(String),
    /// It has another dash than the hyphen.
    #[error("`{0}` has a dash that is no hyphen; write `{1}`")]
    Dash(String, String),
    /// It is more than one window.
    #[error("`{0}` holds several windows; write one window an entry: {1}")]
    Several(String, String),
    /// A span across days opens, or ends, on more than one.
    #[error(
        "`{days}` is more than one day, and a span across days has one at each end (Mon, Tue, Wed, Thu, Fri, Sat, Sun){cure}"
    )]
    ManyDays {
        /// The days at one end.
        days: String,
        /// What may have been meant.
        cure: String,
    },
    /// An end of a span across days is no day.
    #[error("`{0}` is not a day; use Mon, Tue, Wed, Thu, Fri, Sat, Sun")]
    UnknownEnd(String),
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
        Self::one(text).map_err(|error| meant(text).unwrap_or(error))
    }
}

impl Window {
    fn one(text: &str) -> Result<Self, NotAWindow> {
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

    fn span(text: &str, (first, opens): (&str, u32), (last, closes): (&str, u32)) -> Result<Self, NotAWindow> {
        for days in [first, last] {
            many_days(text, days, first, opens, closes)?;
        }
        let end = |word: &str| day(word).map_err(|_| NotAWindow::UnknownEnd(cut(word)));
        let (first, last) = (end(first)?, end(last)?);
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

    /// A span across days as windows of one day each, which together are the same stretch; nothing for a window that ends
    /// within 24 hours.
    pub(super) fn by_day(&self) -> Option<Vec<String>> {
        if self.minutes <= DAY {
            return None;
        }
        let first = self.days.trailing_zeros();
        let name = |after: u32| {
            DAYS.get(usize::try_from((first + after) % 7).unwrap_or_default()).copied().unwrap_or_default()
        };
        let end = self.opens + self.minutes;
        // Days that are on from midnight to midnight, and the minutes of the day after them.
        let (whole, rest) = (end / DAY - 1, end % DAY);
        let mut days = vec![format!("{} {}-24:00", name(0), clock(self.opens))];
        match whole {
            0 => {}
            1 => days.push(format!("{} 00:00-24:00", name(1))),
            _ => days.push(format!("{}-{} 00:00-24:00", name(1), name(whole))),
        }
        if rest > 0 {
            days.push(format!("{} 00:00-{}", name(whole + 1), clock(rest)));
        }
        Some(days)
    }
}

/// Refuses `days` at one end of a span if they are more than one, with the daily window that may have been meant.
fn many_days(text: &str, days: &str, first: &str, opens: u32, closes: u32) -> Result<(), NotAWindow> {
    let are_many = day(days).is_err() && read_days(days, text).is_ok();
    if !are_many {
        return Ok(());
    }
    let known = read_days(first, text).ok().filter(|_| opens != closes);
    let cure = known.map_or_else(String::new, |(_, first)| {
        format!(
            "; to be on {}, write `{first} {}-{}`",
            if closes < opens { "each night" } else { "each day" },
            clock(opens),
            clock(closes)
        )
    });
    Err(NotAWindow::ManyDays { days: cut(days), cure })
}

/// What is wrong with a `text` that is nearly right, said so that it can be mended.
fn meant(text: &str) -> Option<NotAWindow> {
    let text = text.trim();
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let plain = text.replace(['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'], "-");
    if plain != text {
        return Window::one(&plain).ok().map(|window| NotAWindow::Dash(cut(text), window.to_string()));
    }
    if let Some(windows) = several(text) {
        let windows: Vec<String> = windows.iter().map(|window| format!("`{window}`")).collect();
        return Some(NotAWindow::Several(cut(text), windows.join(", ")));
    }
    if !text.is_empty() && read_days(text, text).is_ok() {
        return Some(NotAWindow::NoTimes(cut(text)));
    }
    if Window::one(&format!("Daily {text}")).is_ok() {
        return Some(NotAWindow::NoDays(cut(text)));
    }
    let is_time = |word: &str| time_of_day(word).is_ok();
    let (days, time) = text.rsplit_once(char::is_whitespace)?;
    (is_time(time.trim_end_matches('-')) && read_days(days.trim(), text).is_ok()).then(|| NotAWindow::NoEnd(cut(text)))
}

/// Most characters of a text that is looked at closely.
const LONGEST_TEXT: usize = 400;

/// The windows that `text` holds, if each of them is one and there are several. Times without days have the days before them.
fn several(text: &str) -> Option<Vec<String>> {
    let mut windows = Vec::new();
    let (mut days, mut waiting) = (String::new(), String::new());
    for part in parts(text) {
        let digit = part.find(|sign: char| sign.is_ascii_digit());
        let window = match digit {
            // `Mon, Wed 08:00-12:00`: days that wait for their times.
            None => {
                waiting.push_str(&part);
                waiting.push(',');
                continue;
            }
            Some(0) => format!("{days}{part}"),
            Some(digit) => {
                days = format!("{waiting}{}", &part[..digit]);
                format!("{waiting}{part}")
            }
        };
        waiting.clear();
        windows.push(Window::one(&window).ok()?.to_string());
    }
    (windows.len() > 1 && waiting.is_empty()).then_some(windows)
}

/// The parts between commas and their like, and after each second time of day.
fn parts(text: &str) -> Vec<String> {
    let text = text.replace(" and ", ",").replace([';', '&', '+', '\n'], ",");
    let mut separated = String::with_capacity(text.len() + 8);
    let mut times = 0;
    for (at, sign) in text.char_indices() {
        separated.push(sign);
        if sign == ',' {
            times = 0;
        }
        let is_end_of_time = at >= 4 && text.get(at - 4..=at).is_some_and(|time| time_of_day(time).is_ok());
        if is_end_of_time {
            times += 1;
        }
        if is_end_of_time && times == 2 {
            separated.push(',');
            times = 0;
        }
    }
    let parts = separated.split(',').map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
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
