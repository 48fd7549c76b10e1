//! How does a stretch of time look, in a terminal?
//!
//! A row a day, from midnight to midnight where the users are, with a cell for every twenty minutes: readable without
//! colour, and a day of 23 or 25 hours is as long as it is.

use std::fmt::Write;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Length of a cell.
const CELL: SignedDuration = SignedDuration::from_mins(20);

/// What is there at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Nothing is paid for.
    None,
    /// Paid for, and not yet, or no longer, used by the alias.
    Idle,
    /// Paid for, in service, and the alias is on it.
    Used,
}

impl Capacity {
    fn sign(self) -> char {
        match self {
            Self::None => '·',
            Self::Idle => '▒',
            Self::Used => '█',
        }
    }
}

/// What was there from an instant on, in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Lane(Vec<(Timestamp, Capacity)>);

impl Lane {
    /// Notes what is there at `at`.
    pub fn note(&mut self, at: Timestamp, capacity: Capacity) {
        if self.0.last().is_none_or(|(_, last)| *last != capacity) {
            self.0.push((at, capacity));
        }
    }

    /// The most that is there anywhere in `[from, until)`, used before idle before nothing.
    fn between(&self, from: Timestamp, until: Timestamp) -> Capacity {
        let before = self.0.iter().rfind(|(at, _)| *at <= from).map(|(_, capacity)| *capacity);
        let inside = self.0.iter().filter(|(at, _)| from < *at && *at < until).map(|(_, capacity)| *capacity);
        let all: Vec<Capacity> = before.into_iter().chain(inside).collect();
        [Capacity::Used, Capacity::Idle].into_iter().find(|capacity| all.contains(capacity)).unwrap_or(Capacity::None)
    }

    /// A row for each civil day of `zone` that begins in `[from, until)`.
    #[must_use]
    pub fn rows(&self, zone: &TimeZone, from: Timestamp, until: Timestamp) -> String {
        let mut picture = String::from("            ");
        for hour in (0..24).step_by(3) {
            let _ = write!(picture, "{hour:02}       ");
        }
        picture.truncate(picture.trim_end().len());
        picture.push('\n');
        let mut day = from.to_zoned_datetime(zone.clone());
        while day.timestamp() < until {
            let Ok(next) = day.date().checked_add(1.day()).and_then(|date| date.to_zoned_datetime(zone.clone())) else {
                break;
            };
            let _ = write!(picture, "{}  ", day.strftime("%a %b %d"));
            let mut at = day.timestamp();
            while at < next.timestamp() {
                let end = at.saturating_add(CELL).unwrap_or(Timestamp::MAX);
                picture.push(self.between(at, end).sign());
                at = end;
            }
            let hours = next.timestamp().duration_since(day.timestamp()).as_hours();
            if hours != 24 {
                let _ = write!(picture, "  {hours} hours");
            }
            picture.push('\n');
            day = next;
        }
        picture
    }
}

/// What the signs of a picture mean.
pub const LEGEND: &str =
    "            █ in service, the alias on it   ▒ paid for: being created, or draining   · nothing paid for";
