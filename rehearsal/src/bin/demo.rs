//! Plays two weeks through the real handler and the real SDK clients against the simulator, and says what came of them.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use rehearsal::picture::{Capacity, LEGEND, Lane};
use rehearsal::{AGENT, ALIAS, Answer, World, commitment};
use serde_json::{Value, json};

/// A week that is played.
struct Week {
    title: &'static str,
    zone: &'static str,
    first_day: Date,
    timetable: Value,
}

/// What came of it.
struct Played {
    diary: String,
    /// What was wanted when it was last noted.
    desired: String,
    lane: Lane,
    zone: TimeZone,
    from: Timestamp,
    until: Timestamp,
    ticks: usize,
    unit_hours: f64,
}

/// Price of a model unit for an hour that the sample declares, in dollars.
const PRICE: f64 = 21.18;
/// Days of a week.
const DAYS: i64 = 7;
/// Minutes between ticks.
const TICK_MINUTES: i64 = 5;

fn weeks() -> [Week; 2] {
    [
        Week {
            title: "A support agent in Tokyo: business hours, a holiday on Monday",
            zone: "Asia/Tokyo",
            first_day: jiff::civil::date(2026, 11, 23),
            timetable: json!({
                "Timezone": "Asia/Tokyo",
                "Windows": ["Mon-Fri 08:00-20:00"],
                "Holidays": ["2026-11-23"],
            }),
        },
        Week {
            title: "A night shift in Berlin: Saturday night lasts an hour longer, the clocks go back",
            zone: "Europe/Berlin",
            first_day: jiff::civil::date(2026, 10, 19),
            timetable: json!({
                "Timezone": "Europe/Berlin",
                "Windows": ["Sun-Thu 22:00-02:00", "Sat 20:00 - Sun 06:00"],
            }),
        },
    ]
}

#[tokio::main]
async fn main() {
    let minutes = u64::try_from(DAYS * 24 * 60 / TICK_MINUTES).unwrap_or_default() * 2;
    let bar = ProgressBar::new(minutes);
    if let Ok(style) = ProgressStyle::with_template("  playing two weeks {bar:40} {percent:>3}%") {
        bar.set_style(style);
    }
    let [first, second] = weeks();
    let (first_bar, second_bar) = (bar.clone(), bar.clone());
    // One world each, so that they can be played side by side.
    let first = tokio::spawn(async move { (play(&first, &first_bar).await, first.title) });
    let second = tokio::spawn(async move { (play(&second, &second_bar).await, second.title) });
    let played = [first.await, second.await];
    bar.finish_and_clear();
    for week in played {
        match week {
            Ok((Ok(played), title)) => print!("{}", told(title, &played)),
            Ok((Err(error), title)) => fail(&format!("{title}: {error}")),
            Err(error) => fail(&error.to_string()),
        }
    }
}

fn fail(message: &str) -> ! {
    eprintln!("the demo broke: {message}");
    std::process::exit(1)
}

async fn play(week: &Week, bar: &ProgressBar) -> Result<Played, String> {
    let said = |error: jiff::Error| error.to_string();
    let zone = TimeZoneDatabase::bundled().get(week.zone).map_err(said)?;
    let from = week.first_day.to_zoned_datetime(zone.clone()).map_err(said)?;
    let until = from.checked_add(DAYS.days()).map_err(said)?.timestamp();
    // At the slowest rate, for the sake of whoever watches: a fortnight has 20 000 minutes.
    let world = World::with_settings(from.timestamp(), &[("TICK_RATE", "rate(5 minutes)")]).await;
    let declared = commitment(json!({"Timetable": week.timetable, "PricePerUnitHour": PRICE}));
    let applied = world.send(json!({"Action": "Apply", "Commitment": declared})).await;
    let mut played = Played {
        diary: String::new(),
        desired: String::new(),
        lane: Lane::default(),
        zone,
        from: from.timestamp(),
        until,
        ticks: 0,
        unit_hours: 0.0,
    };
    played.note(&world, world.now(), &applied)?;
    let mut broken = Ok(());
    world
        .run_until(until, |at, answer| {
            bar.inc(1);
            played.ticks += 1;
            if broken.is_ok() {
                broken = played.note(&world, at, answer);
            }
        })
        .await;
    broken?;
    played.unit_hours = world.sim.billing().iter().map(|bill| bill.unit_hours).sum();
    Ok(played)
}

impl Played {
    /// Notes what a tick said, and what is there after it.
    fn note(&mut self, world: &World, at: Timestamp, answer: &Answer) -> Result<(), String> {
        let report = answer.as_ref().map_err(|error| format!("{at}: {error}"))?;
        let local = at.to_zoned_datetime(self.zone.clone());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let desired = format!("{}: {}", text(&report["Desired"]["State"]), text(&report["Desired"]["Because"]));
        let time = local.strftime("%a %H:%M");
        if desired != self.desired {
            let _ = writeln!(self.diary, "  {time}  {desired}");
            self.desired = desired;
        }
        for action in report["Actions"].as_array().into_iter().flatten() {
            let _ = writeln!(self.diary, "  {time}      {}", text(action));
        }
        let routed = world.sim.alias(AGENT, ALIAS).route.is_some();
        let capacity = match (world.sim.throughputs().is_empty(), routed) {
            (true, _) => Capacity::None,
            (false, false) => Capacity::Idle,
            (false, true) => Capacity::Used,
        };
        self.lane.note(at, capacity);
        Ok(())
    }
}

fn told(title: &str, played: &Played) -> String {
    let Played { diary, desired: _, lane, zone, from, until, ticks, unit_hours } = played;
    let always_on = until.duration_since(*from).as_secs_f64() / SignedDuration::from_hours(1).as_secs_f64();
    let saved = 100.0 * (1.0 - unit_hours / always_on);
    let (cost, full_cost) = (unit_hours * PRICE, always_on * PRICE);
    format!(
        "\n{title}\n\n{diary}\n{rows}{LEGEND}\n\n  \
         {unit_hours:.0} model-unit hours billed, {always_on:.0} always on;  ${cost:.0} instead of ${full_cost:.0} \
         at ${PRICE} an hour: {saved:.0}% less  ({ticks} ticks)\n",
        rows = lane.rows(zone, *from, *until),
    )
}
