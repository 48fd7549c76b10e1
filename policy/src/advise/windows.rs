//! How is a plan declared?

use std::num::NonZeroU32;

use jiff::ToSpan;
use jiff::civil::Date;

use super::Units;
use super::field::Entry;
use crate::timetable::{Holiday, ModelUnits, Timetable, Window, Zone};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A window that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The window, as it is declared.
    pub window: Window,
    /// Its model units.
    pub units: Units,
}

/// The windows of `plan`, in the order of the week; hours begin `phase` minutes after the full hour.
pub(super) fn windows(plan: &[Entry], phase: i8) -> Vec<Proposed> {
    let mut sorted = plan.to_vec();
    sorted.sort_by_key(|entry| (entry.days.trailing_zeros(), entry.opens, entry.hours, entry.units));
    let window = |entry: &Entry| Some(Proposed { window: text(entry, phase).parse().ok()?, units: entry.units });
    sorted.iter().filter_map(window).collect()
}

/// A window as the grammar has it: `Mon-Fri 08:00-20:00`, or `Fri 21:00 - Mon 06:00`.
pub(super) fn text(entry: &Entry, phase: i8) -> String {
    let Entry { days, opens, hours, units: _ } = *entry;
    let ends = opens + hours;
    let repeats = hours < 24 || (hours == 24 && opens == 0 && phase == 0);
    if repeats {
        let close = if ends == 24 && phase == 0 { 24 } else { ends % 24 };
        return format!("{} {opens:02}:{phase:02}-{close:02}:{phase:02}", day_list(days));
    }
    let first = usize::try_from(days.trailing_zeros()).unwrap_or_default().min(6);
    let last = (first + ends / 24) % 7;
    format!("{} {opens:02}:{phase:02} - {} {:02}:{phase:02}", DAYS[first], DAYS[last], ends % 24)
}

/// `Daily`, or `Mon-Fri,Sun`.
fn day_list(days: u8) -> String {
    if days == 0x7f {
        return "Daily".to_owned();
    }
    let has = |day: usize| days >> (day % 7) & 1 == 1;
    let mut words = Vec::new();
    for first in (0..7).filter(|day| has(*day) && !has(day + 6)) {
        let length = (1..7).take_while(|more| has(first + more)).count();
        let last = DAYS[(first + length) % 7];
        words.push(if length == 0 { last.to_owned() } else { format!("{}-{last}", DAYS[first]) });
    }
    words.join(",")
}

/// The timetable of these windows without these days.
pub(super) fn timetable(zone: &Zone, windows: &[Proposed], holidays: &[Holiday]) -> Timetable {
    let sized = windows.iter().map(|Proposed { window, units }| window.clone().with_units(NonZeroU32::new(*units)));
    Timetable::new(zone.clone(), sized.collect(), holidays.to_vec(), Vec::new())
}

/// The days as they are declared: those that follow each other as first and last.
pub(super) fn holidays(days: &[Date]) -> Vec<Holiday> {
    let mut ranges: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1.day()).is_ok_and(|next| next == *day) => *last = *day,
            _ => ranges.push((*day, *day)),
        }
    }
    ranges.into_iter().filter_map(|(first, last)| format!("{first}/{last}").parse().ok()).collect()
}

/// The model units of most windows; of equals the fewest.
pub(super) fn usual_units(windows: &[Proposed]) -> Option<Units> {
    let times = |units: Units| windows.iter().filter(|proposed| proposed.units == units).count();
    let all = windows.iter().map(|proposed| proposed.units);
    all.max_by_key(|units| (times(*units), std::cmp::Reverse(*units)))
}

/// One model unit, for what asks for none.
pub(super) const ONE: ModelUnits = NonZeroU32::MIN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_written_as_the_grammar_reads_it() {
        let entry = |days, opens, hours| Entry { units: 1, days, opens, hours };
        for (entry, phase, expected) in [
            (entry(0b001_1111, 8, 12), 0, "Mon-Fri 08:00-20:00"),
            (entry(0b111_1111, 0, 24), 0, "Daily 00:00-24:00"),
            (entry(0b110_0001, 22, 8), 0, "Sat-Mon 22:00-06:00"),
            (entry(0b010_0101, 12, 12), 0, "Mon,Wed,Sat 12:00-24:00"),
            (entry(0b001_0000, 21, 57), 0, "Fri 21:00 - Mon 06:00"),
            (entry(0b000_0011, 23, 1), 30, "Mon-Tue 23:30-00:30"),
            (entry(0b100_0000, 0, 24), 30, "Sun 00:30 - Mon 00:30"),
            (entry(0b000_0001, 1, 167), 0, "Mon 01:00 - Mon 00:00"),
        ] {
            let written = text(&entry, phase);
            assert_eq!(written, expected);
            assert_eq!(written.parse::<Window>().unwrap().to_string(), expected);
        }
    }
}
