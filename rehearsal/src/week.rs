//! What came of a week?
//!
//! The real handler lives through some days of a declaration in a simulated account. Noted are what it said, and what was there:
//! what was paid for, and what the alias was on.

use std::fmt::Write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::input::Mistakes;
use policy::timetable::ModelUnits;
use serde_json::{Value, json};

use crate::picture::{Cell, Picture, Piece, irregularities};
use crate::timeline::{Day, Stretch, days, stretches, zone};
use crate::{AGENT, ALIAS, Answer, World, commitment};

/// Price of a model unit for an hour that the samples declare, in dollars.
const PRICE: f64 = 21.18;
/// Days of a week.
const DAYS: u16 = 7;
/// Minutes between ticks: the slowest rate, for the sake of whoever watches, for a week has 10 000 minutes.
const TICK_MINUTES: usize = 5;

/// A week that is played.
#[derive(Debug, Clone)]
pub struct Week {
    /// What it shows.
    pub title: &'static str,
    /// Its first day, where its timetable is.
    pub first_day: Date,
    /// What is declared, as the function takes it.
    pub declared: Value,
}

/// Business hours in Tokyo, with a holiday.
#[must_use]
pub fn tokyo() -> Week {
    let timetable = json!({
        "Timezone": "Asia/Tokyo",
        "Windows": ["Mon-Fri 08:00-20:00"],
        "Holidays": ["2026-11-23"],
    });
    Week {
        title: "A support agent in Tokyo: business hours, a holiday on Monday",
        first_day: jiff::civil::date(2026, 11, 23),
        declared: commitment(json!({"Timetable": timetable, "PricePerUnitHour": PRICE})),
    }
}

/// Nights in Berlin, one of which is an hour longer.
#[must_use]
pub fn berlin() -> Week {
    let timetable = json!({
        "Timezone": "Europe/Berlin",
        "Windows": ["Sun-Thu 22:00-02:00", "Sat 20:00 - Sun 06:00"],
    });
    Week {
        title: "A night shift in Berlin: Saturday night lasts an hour longer, the clocks go back",
        first_day: jiff::civil::date(2026, 10, 19),
        declared: commitment(json!({"Timetable": timetable, "PricePerUnitHour": PRICE})),
    }
}

/// About how many ticks a week has.
#[must_use]
pub fn ticks() -> usize {
    usize::from(DAYS) * 24 * 60 / TICK_MINUTES
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Played {
    /// What was wanted and what was done, a line each.
    pub diary: String,
    /// The days.
    pub days: Vec<Day>,
    /// What was declared for them.
    pub stretches: Vec<Stretch>,
    /// What was there.
    pub pieces: Vec<Piece>,
    /// How often it was looked at.
    pub ticks: usize,
    /// Model units times hours that were billed.
    pub unit_hours: f64,
}

/// Plays `week`; `seen` is called after every tick.
///
/// # Errors
/// The function refuses something, or the week is none that it takes.
pub async fn play(week: &Week, mut seen: impl FnMut()) -> Result<Played, String> {
    let mut mistakes = Mistakes::default();
    let declared = Commitment::read(&week.declared, "", &mut mistakes).ok_or_else(|| mistakes.to_string())?;
    let (zone, _) = zone(&declared);
    let days = days(&zone, week.first_day, DAYS).map_err(|error| error.to_string())?;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Err("no days".to_owned()) };
    let (from, until) = (first.from, last.until);
    let rate = format!("rate({TICK_MINUTES} minutes)");
    let world = World::with_settings(from, &[("TICK_RATE", &rate)]).await;
    let mut notes = Notes { zone, diary: String::new(), desired: String::new(), pieces: Vec::new() };
    let applied = world.send(json!({"Action": "Apply", "Commitment": week.declared})).await;
    notes.take(&world, from, &applied)?;
    let mut ticks = 0;
    let mut broken = Ok(());
    world
        .run_until(until, |at, answer| {
            seen();
            ticks += 1;
            if broken.is_ok() {
                broken = notes.take(&world, at, answer);
            }
        })
        .await;
    broken?;
    notes.end(until);
    let stretches = stretches(&declared, from, until);
    let Notes { zone: _, diary, desired: _, mut pieces } = notes;
    // An account does not know why nothing is there.
    pieces.extend(irregularities(&stretches));
    let unit_hours = world.sim.billing().iter().map(|bill| bill.unit_hours).sum();
    Ok(Played { diary, days, stretches, pieces, ticks, unit_hours })
}

impl Played {
    /// What was there.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        Picture { days: &self.days, stretches: &self.stretches, pieces: &self.pieces }
    }

    /// Hours and money against a model unit that is always on.
    #[must_use]
    pub fn sums(&self) -> String {
        let always = self.days.iter().map(|day| day.until.duration_since(day.from)).sum::<SignedDuration>();
        let always_on = always.as_secs_f64() / SignedDuration::from_hours(1).as_secs_f64();
        let saved = 100.0 * (1.0 - self.unit_hours / always_on);
        format!(
            "{:.0} model-unit hours billed, {always_on:.0} always on;  ${:.0} instead of ${:.0} at ${PRICE} an hour: \
             {saved:.0}% less",
            self.unit_hours,
            self.unit_hours * PRICE,
            always_on * PRICE,
        )
    }
}

/// What has been noted so far.
struct Notes {
    zone: TimeZone,
    diary: String,
    /// What was wanted when it was last noted.
    desired: String,
    pieces: Vec<Piece>,
}

impl Notes {
    /// Notes what a tick said, and what is there after it.
    fn take(&mut self, world: &World, at: Timestamp, answer: &Answer) -> Result<(), String> {
        let report = answer.as_ref().map_err(|error| format!("{at}: {error}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let desired = format!("{}: {}", text(&report["Desired"]["State"]), text(&report["Desired"]["Because"]));
        let time = at.to_zoned_datetime(self.zone.clone()).strftime("%a %H:%M").to_string();
        if desired != self.desired {
            let _ = writeln!(self.diary, "  {time}  {desired}");
            self.desired = desired;
        }
        for action in report["Actions"].as_array().into_iter().flatten() {
            let _ = writeln!(self.diary, "  {time}      {}", text(action));
        }
        let cell = there(world, report["Desired"]["State"] == "On");
        if self.pieces.last().is_none_or(|last| last.cell != cell) {
            self.end(at);
            self.pieces.push(Piece { from: at, until: at, cell });
        }
        Ok(())
    }

    /// What was there last, was there until now.
    fn end(&mut self, at: Timestamp) {
        if let Some(last) = self.pieces.last_mut() {
            last.until = at;
        }
    }
}

/// What is in the account, where something is, or is not, wanted.
fn there(world: &World, wanted: bool) -> Cell {
    let throughputs = world.sim.throughputs();
    let route = world.sim.alias(AGENT, ALIAS).route;
    let used = throughputs.iter().find(|throughput| Some(&throughput.arn) == route.as_ref());
    let units = used.and_then(|throughput| ModelUnits::new(throughput.units));
    match (units, throughputs.is_empty(), wanted) {
        (Some(units), ..) => Cell::On(units),
        (None, true, _) => Cell::Off,
        (None, false, true) => Cell::WarmUp,
        (None, false, false) => Cell::Drain,
    }
}
