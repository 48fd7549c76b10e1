//! How does a calendar read it?
//!
//! An event for each stretch that is on, and one for each warm-up before it (RFC 5545). All instants are in UTC, so that no
//! calendar needs to know the time zone's rules.

use jiff::Timestamp;
use rehearsal::timeline::{Phase, Stretch};

use super::Preview;
use super::text::state;

/// Most octets of a line (RFC 5545, section 3.1).
const MOST_OCTETS: usize = 75;

/// The calendar.
#[must_use]
pub fn ics(previews: &[Preview]) -> String {
    let mut calendar = String::new();
    for line in
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Throughput Scheduler//throughput//EN", "CALSCALE:GREGORIAN"]
    {
        add(&mut calendar, line);
    }
    for preview in previews {
        // The same days give the same file, so that it can be compared: no clock is read.
        let stamp = preview.days.first().map_or(Timestamp::UNIX_EPOCH, |day| day.from);
        for stretch in preview.stretches.iter().filter(|stretch| stretch.phase != Phase::Off) {
            event(&mut calendar, preview, stretch, stamp);
        }
    }
    add(&mut calendar, "END:VCALENDAR");
    calendar
}

fn event(calendar: &mut String, preview: &Preview, stretch: &Stretch, stamp: Timestamp) {
    let instant = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let (from, until) = (instant(stretch.from), instant(stretch.until));
    let mut because = format!("{} ({})", stretch.because, preview.model);
    if let Some(special) = &stretch.special {
        because = format!("{because}; {}", special.text());
    }
    let categories = stretch.phase.word().replace(' ', "-").to_uppercase();
    for line in [
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}-{from}@throughput-scheduler", escaped(&preview.name)),
        format!("DTSTAMP:{}", instant(stamp)),
        format!("DTSTART:{from}"),
        format!("DTEND:{until}"),
        format!("SUMMARY:{}", escaped(&format!("{}: {}", preview.name, state(stretch)))),
        format!("DESCRIPTION:{}", escaped(&because)),
        format!("CATEGORIES:{categories}"),
        "TRANSP:TRANSPARENT".to_owned(),
        "END:VEVENT".to_owned(),
    ] {
        add(calendar, &line);
    }
}

/// Text as RFC 5545, section 3.3.11, wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Adds a line, folded between characters so that no piece is longer than [`MOST_OCTETS`].
fn add(calendar: &mut String, line: &str) {
    let mut used = 0;
    for sign in line.chars() {
        if used + sign.len_utf8() > MOST_OCTETS {
            calendar.push_str("\r\n ");
            used = 1;
        }
        calendar.push(sign);
        used += sign.len_utf8();
    }
    calendar.push_str("\r\n");
}
