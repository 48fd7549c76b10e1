//! What is read from csv and JSON, and how fast.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::weeks::{csv, hours, office, row, rows};
use crate::{advised, answer, run_in, usage};

const PRICES: [&str; 6] = ["--unit-price", "8", "--timezone", "Europe/Berlin", "--tokens-per-minute", "100000"];

fn json_of(name: &str, text: &str, more: &[&str]) -> Value {
    answer(&advised(name, text, &[&PRICES[..], &["--format", "json"], more].concat()))
}

#[test]
fn the_shortest_question_is_answered_in_the_documented_shape() {
    let words = "advise --file office.csv --timezone Europe/Berlin --input-price 0.06 --output-price 0.24 --unit-price 20 \
                 --tokens-per-minute 100000 --format json";
    let answer = answer(&run_in(&usage(), &words.split_whitespace().collect::<Vec<_>>()));
    assert_eq!(answer["Verdict"], "OnDemand");
    assert_eq!(answer["Timetable"]["Timezone"], "Europe/Berlin");
    assert!(!answer["Timetable"]["Windows"].as_array().unwrap().is_empty());
    let cost = |of: &str| answer["Costs"][of].as_f64();
    assert!(cost("OnDemand") < cost("Timetable") && cost("Timetable") < cost("AlwaysOn"));
    assert_eq!((cost("AlwaysOn"), cost("Term")), (Some(3360.0), None));
    assert_eq!(answer["Week"].as_array().unwrap().len(), 168);
}

#[test]
fn json_says_the_same_as_csv_and_an_offset_the_same_as_utc() {
    let all = rows(office, 3);
    let by_csv = json_of("same.csv", &csv(&all), &[]);
    let entries: Vec<Value> = all
        .iter()
        .map(|row| {
            let local = row.start.to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Tokyo").unwrap());
            let start = local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            let counts = row.counts;
            json!({"Start": start, "InputTokens": counts.input, "OutputTokens": counts.output,
                "Invocations": counts.invocations, "Throttles": counts.throttles})
        })
        .collect();
    assert_eq!(by_csv, json_of("same.json", &Value::Array(entries).to_string(), &[]));
}

#[test]
fn an_empty_field_a_null_and_a_missing_key_are_unknown() {
    let mut all = rows(office, 2);
    for row in all.iter_mut().step_by(50) {
        row.counts.output = None;
    }
    let unknown = all.iter().filter(|row| row.counts.output.is_none()).count();
    let by_csv = json_of("unknown.csv", &csv(&all), &[]);
    assert_eq!(by_csv["Confidence"]["UnknownHours"], unknown);
    assert_eq!(by_csv["IfUnknownIsIdle"], "Timetable");
    let entries: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let mut entry = json!({"Start": row.start, "InputTokens": row.counts.input, "OutputTokens": row.counts.output,
                "Invocations": row.counts.invocations, "Throttles": 0});
            if row.counts.output.is_none() && index % 100 == 0 {
                entry.as_object_mut().unwrap().remove("OutputTokens");
            }
            entry
        })
        .collect();
    assert_eq!(by_csv, json_of("unknown.json", &Value::Array(entries).to_string(), &[]));
}

#[test]
fn hours_and_minutes_may_stand_in_one_file() {
    let mut mixed = Vec::new();
    for (start, at, week) in hours(2) {
        if week == 0 {
            mixed.push(row(start, office(at, week)));
            continue;
        }
        for minute in 0..60 {
            mixed.push(row(start.checked_add(SignedDuration::from_mins(minute)).unwrap(), office(at, week) / 60));
        }
    }
    let answer = json_of("mixed.csv", &csv(&mixed), &[]);
    assert_eq!((&answer["Confidence"]["Hours"], &answer["Confidence"]["UnknownHours"]), (&json!(336), &json!(0)));
    assert_eq!(answer["Timetable"]["Windows"], json!(["Mon-Fri 08:00-18:00"]));
}

#[test]
fn hours_of_a_zone_with_half_an_hour_are_its_own() {
    let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
    let shifted = |minutes: i64| {
        let rows = rows(office, 2).into_iter().map(|row| {
            let start = row.start.checked_add(SignedDuration::from_mins(minutes)).unwrap();
            let local = start.to_zoned_datetime(zone.clone());
            let works = local.weekday().to_monday_zero_offset() < 5 && (9..18).contains(&local.hour());
            crate::weeks::row(start, if works { 2400 } else { 0 })
        });
        csv(&rows.collect::<Vec<_>>())
    };
    let windows = |name: &str, minutes: i64| {
        let words = ["--unit-price", "8", "--timezone", "Asia/Kolkata", "--format", "json"];
        answer(&advised(name, &shifted(minutes), &words))["Timetable"]["Windows"].clone()
    };
    // Full hours of UTC begin half past in India; full hours of India are hours, too.
    assert_eq!(windows("utc.csv", 0), json!(["Mon-Fri 09:30-18:30"]));
    assert_eq!(windows("india.csv", 30), json!(["Mon-Fri 09:00-18:00"]));
}

#[test]
fn the_first_line_is_the_verdict() {
    let said = |unit_price: &str| {
        let words = ["--unit-price", unit_price, "--timezone", "Europe/Berlin", "--tokens-per-minute", "100000"];
        let call = advised("plain.csv", &csv(&rows(office, 4)), &words);
        assert_eq!(call.code, 0, "{}", call.err);
        call.out.lines().next().unwrap().to_owned()
    };
    assert_eq!(said("8"), "Declare this timetable: 492.74 a week instead of 1308.74 on demand.");
    assert!(said("40").starts_with("Stay on demand: 1308.74 a week; the next best, "), "{}", said("40"));
    assert!(said("2").starts_with("Declare this timetable: "), "{}", said("2"));
    assert!(said("0.05").starts_with("Keep it always on: "), "{}", said("0.05"));
}

/// The best of three, for others may use the machine.
#[test]
fn a_year_of_hours_takes_less_than_a_second() {
    let year = csv(&rows(crate::weeks::nothing_regular, 53));
    let took = |_| {
        let start = Instant::now();
        let call = advised("year.csv", &year, &PRICES);
        assert_eq!(call.code, 0, "{}", call.err);
        start.elapsed()
    };
    let fastest = (0..3).map(took).min().unwrap();
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
}
