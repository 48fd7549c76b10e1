//! Weeks of usage with a shape that is known, on the clocks of Berlin.

use jiff::civil::{Date, DateTime, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use policy::advise::usage::{Counts, Missing, Row, Usage};
use policy::advise::{Advice, Amount, Price, Prices, Question, Verdict, advise};
use policy::timetable::Zone;

/// The first day: a Monday.
pub(crate) const FIRST: Date = date(2026, 9, 21);
/// Tokens of an invocation: in, out.
pub(crate) const TOKENS: (u64, u64) = (1600, 400);

/// Where the shapes are at home.
pub(crate) fn berlin() -> Zone {
    "Europe/Berlin".parse().unwrap()
}

/// Invocations of the hour at a civil time, in the week of that number.
pub(crate) type Shape = fn(DateTime, i64) -> u64;

/// Mon-Fri 08:00-18:00.
pub(crate) fn office(at: DateTime, _: i64) -> u64 {
    let works = at.weekday().to_monday_zero_offset() < 5 && (8..18).contains(&at.hour());
    if works { 2400 } else { 10 }
}

/// Tue and Fri from 22:00 to 04:00.
pub(crate) fn batch(at: DateTime, _: i64) -> u64 {
    let night = at.saturating_sub(SignedDuration::from_hours(22));
    let runs = matches!(night.weekday(), Weekday::Tuesday | Weekday::Friday) && night.hour() < 6;
    if runs { 3000 } else { 0 }
}

/// Sat and Sun from 10:00 to 22:00.
pub(crate) fn shop(at: DateTime, _: i64) -> u64 {
    let open = at.weekday().to_monday_zero_offset() >= 5 && (10..22).contains(&at.hour());
    if open { 2700 } else { 20 }
}

/// An office in Berlin and one in Tokyo, 09:00-17:00 each.
pub(crate) fn two_zones(at: DateTime, _: i64) -> u64 {
    let zones = ["Europe/Berlin", "Asia/Tokyo"].map(|name| TimeZone::get(name).unwrap());
    let instant = zones[0].to_timestamp(at).unwrap();
    let works = |zone: &TimeZone| {
        let there = zone.to_datetime(instant);
        there.weekday().to_monday_zero_offset() < 5 && (9..17).contains(&there.hour())
    };
    2500 * u64::try_from(zones.iter().filter(|zone| works(zone)).count()).unwrap()
}

/// The office, a fifth more each week.
pub(crate) fn growth(at: DateTime, week: i64) -> u64 {
    let week = u32::try_from(week).unwrap();
    office(at, 0) * 6_u64.pow(week) * 5_u64.pow(3 - week) / 216
}

/// The office, and once, on a Sunday night, thirty times as much.
pub(crate) fn spike(at: DateTime, week: i64) -> u64 {
    let is_it = week == 2 && at.weekday() == Weekday::Sunday && at.hour() == 3;
    if is_it { 72_000 } else { office(at, week) }
}

/// The office, which could not be reached for five hours.
pub(crate) fn outage(at: DateTime, week: i64) -> u64 {
    let dark = week == 1 && at.weekday() == Weekday::Wednesday && (10..15).contains(&at.hour());
    if dark { 0 } else { office(at, week) }
}

/// The office, which is closed on a Thursday and a Friday.
pub(crate) fn holiday(at: DateTime, week: i64) -> u64 {
    let closed = week == 2 && matches!(at.weekday(), Weekday::Thursday | Weekday::Friday);
    if closed { 10 } else { office(at, week) }
}

/// Any hour may have anything.
pub(crate) fn nothing_regular(at: DateTime, week: i64) -> u64 {
    let seed = u64::try_from(week * 168 + i64::from(at.day()) * 24 + i64::from(at.hour())).unwrap();
    // Steele and others' mix of 64 bits.
    let mixed = (seed ^ (seed >> 30)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32 & 2047
}

/// Day and night.
pub(crate) fn always(_: DateTime, _: i64) -> u64 {
    2600
}

/// The hours of so many weeks, each with its civil time and the number of its week.
pub(crate) fn hours(weeks: i64) -> impl Iterator<Item = (Timestamp, DateTime, i64)> {
    let zone = berlin();
    let first = zone.time_zone().to_timestamp(FIRST.at(0, 0, 0, 0)).unwrap();
    (0..weeks * 168).map(move |hour| {
        let start = first.checked_add(SignedDuration::from_hours(hour)).unwrap();
        (start, zone.time_zone().to_datetime(start), hour / 168)
    })
}

/// One row: so many invocations.
pub(crate) fn row(start: Timestamp, invocations: u64) -> Row {
    let (input, output) = (Some(TOKENS.0 * invocations), Some(TOKENS.1 * invocations));
    let (invocations, throttles) = (Some(invocations), Some(0));
    Row { start, counts: Counts { input, output, invocations, throttles, cached: None, throttles_provisioned: 0 } }
}

/// The rows of a shape.
pub(crate) fn rows(shape: Shape, weeks: i64) -> Vec<Row> {
    hours(weeks).map(|(start, at, week)| row(start, shape(at, week))).collect()
}

/// The same as csv; nothing for what is unknown.
pub(crate) fn csv(rows: &[Row]) -> String {
    let field = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let line = |Row { start, counts: Counts { input, output, invocations, throttles, .. } }: &Row| {
        format!("{start},{},{},{},{}\n", field(*input), field(*output), field(*invocations), field(*throttles))
    };
    let lines: String = rows.iter().map(line).collect();
    format!("Start,InputTokens,OutputTokens,Invocations,Throttles\n{lines}")
}

/// A price.
pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

/// What is asked about all of these: a busy hour costs some 25 on demand, and a model unit serves 3000 invocations in it.
pub(crate) fn question(unit_hour: &str) -> Question {
    Question {
        zone: berlin(),
        prices: Prices {
            input: price("3"),
            output: price("15"),
            cached: None,
            unit_hour: price(unit_hour),
            term: None,
        },
        tokens_per_minute: Some(100_000),
        learned: false,
        share: 990,
        windows: 5,
        lead: SignedDuration::from_mins(60),
        drain: SignedDuration::from_mins(5),
    }
}

/// The advice about these rows.
pub(crate) fn advice(rows: &[Row], question: &Question) -> Advice {
    advise(&Usage::of_rows(rows, Missing::Unknown).unwrap(), question)
}

/// The windows of an advice, as they are written, with their sizes.
pub(crate) fn windows(advice: &Advice) -> Vec<(String, u32)> {
    advice.windows.iter().map(|proposed| (proposed.window.to_string(), proposed.units)).collect()
}

/// What a week costs by the verdict.
pub(crate) fn cost(advice: &Advice) -> Amount {
    match advice.verdict {
        Verdict::OnDemand => advice.costs.on_demand,
        Verdict::Timetable => advice.costs.timetable,
        Verdict::AlwaysOn => advice.costs.always_on,
        Verdict::Term => advice.costs.term.unwrap(),
    }
}
