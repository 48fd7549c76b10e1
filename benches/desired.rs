//! How long do a million questions "what should be held now?" take? The goal is under two seconds.

#![expect(clippy::expect_used, reason = "a bench stops at what is wrong")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use policy::desired::{Base, Demand};
use policy::timetable::{Exception, ModelUnits, State, Timetable, Window};

const QUESTIONS: i64 = 1_000_000;
/// 2026-01-01T00:00:00Z.
const YEAR: i64 = 1_767_225_600;
const SECONDS_OF_A_YEAR: i64 = 365 * 24 * 60 * 60;

const WINDOWS: [(&str, Option<u32>); 10] = [
    ("Mon-Fri 08:00-20:00", None),
    ("Mon-Fri 09:30-11:30", Some(3)),
    ("Mon-Fri 13:00-15:00", Some(2)),
    ("Sun-Thu 22:00-02:00", None),
    ("Fri 21:00 - Mon 06:00", None),
    ("Sat 10:00-14:00", Some(4)),
    ("Sat-Sun 16:00-18:00", Some(2)),
    ("Mon,Wed,Fri 05:00-06:30", None),
    ("Daily 02:30-03:30", None),
    ("Tue-Thu 18:00-24:00", Some(2)),
];

/// 10 windows, 40 holidays and 10 exceptions, in a zone whose clocks change twice a year.
fn timetable() -> Timetable {
    let first = date(2026, 1, 1);
    let windows = WINDOWS
        .iter()
        .map(|(text, units)| text.parse::<Window>().expect("a window").with_units(units.and_then(ModelUnits::new)));
    let holidays = (0..40_i64).map(|index| {
        let day = first.checked_add((index * 9).days()).expect("a day");
        day.to_string().parse().expect("a holiday")
    });
    let exceptions = (0..10_i64).map(|index| {
        let day = first.checked_add((index * 36 + 5).days()).expect("a day");
        let period = format!("{day}T10:00/{day}T16:00").parse().expect("a period");
        let state = if index % 2 == 0 { State::On } else { State::Off };
        Exception { period, state, units: None }
    });
    let zone = "Europe/Berlin".parse().expect("a zone");
    Timetable::new(zone, windows.collect(), holidays.collect(), exceptions.collect())
}

fn a_million_questions(criterion: &mut Criterion) {
    let timetable = timetable();
    let demand = Demand {
        base: Base::Timetable(&timetable),
        units: ModelUnits::MIN,
        hold: None,
        override_: None,
        lead: SignedDuration::from_mins(60),
    };
    let step = SECONDS_OF_A_YEAR / QUESTIONS;
    let at = |index: i64| Timestamp::from_second(YEAR + index * step + index % 61).expect("an instant");
    let instants: Vec<Timestamp> = (0..QUESTIONS).map(at).collect();
    let mut group = criterion.benchmark_group("desired");
    group.sample_size(10).measurement_time(Duration::from_secs(20)).throughput(Throughput::Elements(1_000_000));
    group.bench_function("a million questions over a year", |bencher| {
        bencher.iter(|| {
            let on = instants.iter().filter(|at| black_box(demand.at(black_box(**at))).units.is_some());
            on.count()
        });
    });
    group.finish();
}

criterion_group!(benches, a_million_questions);
criterion_main!(benches);
