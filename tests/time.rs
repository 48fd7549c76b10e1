//! When is capacity held? The rules of interface.md section 2, "When it is on", as tables of
//! `(instant, expected model units)`, where 0 is off; and all of them at once against a naive model.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests stop at what a test must not meet")]

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};
use throughput_scheduler::commitment::Commitment;
use throughput_scheduler::desired::{Base, Demand, Hold, Override};
use throughput_scheduler::input::Mistakes;
use throughput_scheduler::timetable::{
    Holiday, ModelUnits, Period, State, Window, Zone, duration_text, parse_duration,
};

// ---- Helpers ----------------------------------------------------------------------------------------------------------

/// The declaration of these members, beside its name and model; or what is wrong with it.
fn read(members: &Value) -> Result<Commitment, String> {
    let mut declaration = json!({"Name": "support-agent", "ModelId": "amazon.nova-lite-v1:0:24k"});
    for (key, value) in members.as_object().expect("members") {
        declaration[key] = value.clone();
    }
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read(&declaration, "", &mut mistakes);
    mistakes.or(commitment).map_err(|mistakes| mistakes.to_string())
}

fn declared(members: &Value) -> Commitment {
    read(members).unwrap_or_else(|mistakes| panic!("{mistakes}: {members}"))
}

/// Windows alone, without lead.
fn windows(zone: &str, windows: &[&str]) -> Value {
    json!({"LeadTime": "0m", "Timetable": {"Timezone": zone, "Windows": windows}})
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn units(number: u32) -> ModelUnits {
    ModelUnits::new(number).expect("at least one")
}

fn demand(commitment: &Commitment) -> Demand<'_> {
    let base = commitment.timetable.as_ref().map_or(Base::Always, Base::Timetable);
    Demand { base, units: commitment.units, hold: None, override_: None, lead: commitment.lead }
}

fn held(demand: &Demand<'_>, at: Timestamp) -> u32 {
    demand.at(at).units.map_or(0, ModelUnits::get)
}

/// What is held at each instant is what the table says.
fn check(members: &Value, table: &[(&str, u32)]) {
    check_demand(&demand(&declared(members)), &members.to_string(), table);
}

fn check_demand(demand: &Demand<'_>, what: &str, table: &[(&str, u32)]) {
    let got: Vec<_> = table.iter().map(|(at, _)| (*at, held(demand, instant(at)))).collect();
    assert_eq!(got, table, "(instant, units held) of {what}");
}

/// On in `[start, end)`, and off a second before and at the end.
fn check_only(members: &Value, start: &str, end: &str) {
    let commitment = declared(members);
    let demand = demand(&commitment);
    let (start, end, second) = (instant(start), instant(end), SignedDuration::from_secs(1));
    let edges = [start - second, start, end - second, end].map(|at| (at, held(&demand, at)));
    assert_eq!(edges.map(|(_, units)| units), [0, 1, 1, 0], "{members}: {edges:?}");
    let mut at = start;
    while at < end {
        assert_eq!(held(&demand, at), 1, "{members} flaps at {at}");
        at += SignedDuration::from_mins(5);
    }
}

/// Off at every quarter of an hour in `[start, end]`.
fn check_never(members: &Value, start: &str, end: &str) {
    let commitment = declared(members);
    let mut at = instant(start);
    while at <= instant(end) {
        assert_eq!(held(&demand(&commitment), at), 0, "{members} at {at}");
        at += SignedDuration::from_mins(15);
    }
}

fn because(demand: &Demand<'_>, at: &str) -> String {
    demand.at(instant(at)).because.to_string()
}

/// The next transition, as `instant state because`.
fn next(demand: &Demand<'_>, now: &str) -> String {
    match demand.next_transition(instant(now)) {
        Some(next) => format!("{} {} {}", next.at, next.state, next.because),
        None => "none".to_owned(),
    }
}

fn warnings(members: &Value, now: &str) -> Vec<String> {
    let commitment = declared(members);
    commitment.timetable.as_ref().expect("a timetable").warnings(commitment.lead, instant(now))
}

fn override_to(state: State, units: Option<u32>, until: &str) -> Override {
    Override { state, units: units.and_then(ModelUnits::new), until: instant(until), reason: None }
}

// ---- Rule 2: windows --------------------------------------------------------------------------------------------------

#[test]
fn a_window_is_half_open() {
    check(
        &windows("Asia/Tokyo", &["Mon-Fri 08:00-20:00"]),
        &[
            ("2026-11-23T07:59:59+09:00", 0),
            ("2026-11-23T07:59:59.999999999+09:00", 0),
            ("2026-11-23T08:00:00+09:00", 1),
            ("2026-11-23T19:59:59.999999999+09:00", 1),
            ("2026-11-23T20:00:00+09:00", 0),
            ("2026-11-27T12:00:00+09:00", 1),
            ("2026-11-28T12:00:00+09:00", 0),
            ("2026-11-29T12:00:00+09:00", 0),
            ("2026-11-30T12:00:00+09:00", 1),
        ],
    );
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_it_opens() {
    check(
        &windows("Asia/Tokyo", &["Sun-Thu 22:00-02:00"]),
        &[
            ("2026-11-22T21:59:59+09:00", 0), // Sunday
            ("2026-11-22T22:00:00+09:00", 1),
            ("2026-11-23T00:00:00+09:00", 1),
            ("2026-11-23T01:59:59+09:00", 1),
            ("2026-11-23T02:00:00+09:00", 0),
            ("2026-11-27T01:00:00+09:00", 1), // of Thursday
            ("2026-11-27T23:00:00+09:00", 0),
            ("2026-11-28T01:00:00+09:00", 0), // of Friday
            ("2026-11-29T01:00:00+09:00", 0), // of Saturday
        ],
    );
    // An end of 00:00 is the next day's.
    check_only(&windows("UTC", &["Wed 22:00-00:00"]), "2026-11-25T22:00:00Z", "2026-11-26T00:00:00Z");
    check_only(&windows("UTC", &["Wed 08:00-07:59"]), "2026-11-25T08:00:00Z", "2026-11-26T07:59:00Z");
}

#[test]
fn a_span_lasts_across_days_and_across_the_end_of_the_week() {
    check_only(
        &windows("Asia/Tokyo", &["Fri 21:00 - Mon 06:00"]),
        "2026-11-27T21:00:00+09:00",
        "2026-11-30T06:00:00+09:00",
    );
    check_only(&windows("UTC", &["Tue 06:00 - Thu 24:00"]), "2026-11-24T06:00:00Z", "2026-11-27T00:00:00Z");
    check_only(&windows("UTC", &["sun 00:00 - SAT 23:00"]), "2026-11-22T00:00:00Z", "2026-11-28T23:00:00Z");
    check_only(&windows("UTC", &["Sat 12:00 - Sun 08:00"]), "2026-11-28T12:00:00Z", "2026-11-29T08:00:00Z");
}

#[test]
fn a_whole_day_ends_at_2400() {
    check_only(&windows("Asia/Tokyo", &["Wed 00:00-24:00"]), "2026-11-25T00:00:00+09:00", "2026-11-26T00:00:00+09:00");
    check_only(&windows("UTC", &["Sat 20:00-24:00"]), "2026-11-28T20:00:00Z", "2026-11-29T00:00:00Z");
    check_only(&windows("UTC", &["Tue,Wed,Thu 00:00-24:00"]), "2026-11-24T00:00:00Z", "2026-11-27T00:00:00Z");
    let always = declared(&windows("Europe/Berlin", &["Daily 00:00-24:00"]));
    assert_eq!(next(&demand(&always), "2026-03-01T00:00:00Z"), "none");
}

#[test]
fn days_are_lists_and_ranges_in_any_letter_case() {
    // From Monday on, 2026-11-23.
    let table = [
        ("Mon", "1000000"),
        ("mon", "1000000"),
        ("MON-fri", "1111100"),
        ("Sat-Tue", "1100011"),
        ("Sun-Mon", "1000001"),
        ("fRI-mON", "1000111"),
        ("Mon,Wed,Fri", "1010100"),
        ("sun,SAT", "0000011"),
        ("Mon-Tue,Sat", "1100010"),
        ("Wed,Sat-Mon", "1010011"),
        ("Mon-Wed,Tue-Thu", "1111000"),
        ("Mon, Wed", "1010000"),
        ("Daily", "1111111"),
        ("daily", "1111111"),
        ("DAILY", "1111111"),
        ("Mon-Sun", "1111111"),
    ];
    for (days, expected) in table {
        let commitment = declared(&windows("UTC", &[&format!("{days} 11:00-13:00")]));
        let noon = instant("2026-11-23T12:00:00Z");
        let on = |day: i64| held(&demand(&commitment), noon + SignedDuration::from_hours(24 * day)).to_string();
        assert_eq!((0..7).map(on).collect::<String>(), expected, "{days}");
    }
}

#[test]
fn no_timetable_is_always_on() {
    let commitment = declared(&json!({"ModelUnits": 2}));
    check_demand(&demand(&commitment), "no timetable", &[("1999-01-01T00:00:00Z", 2), ("2026-11-23T03:00:00Z", 2)]);
    assert_eq!(next(&demand(&commitment), "2026-11-23T03:00:00Z"), "none");
}

#[test]
fn what_was_only_ever_scaled_is_off_without_a_hold() {
    let commitment = declared(&json!({}));
    let demand = Demand { base: Base::Never, ..demand(&commitment) };
    check_demand(&demand, "never scaled up", &[("2026-11-23T03:00:00Z", 0)]);
    assert_eq!(next(&demand, "2026-11-23T03:00:00Z"), "none");
}

// ---- Rule 3: holidays -------------------------------------------------------------------------------------------------

#[test]
fn a_holiday_takes_away_the_windows_that_open_that_day() {
    check(
        &json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00"],
            "Holidays": ["2026-12-29/2027-01-03", "2027-02-11"],
        }}),
        &[
            ("2026-12-28T12:00:00+09:00", 1),
            ("2026-12-29T12:00:00+09:00", 0),
            ("2026-12-31T12:00:00+09:00", 0),
            ("2027-01-01T12:00:00+09:00", 0),
            ("2027-01-04T12:00:00+09:00", 1),
            ("2027-02-10T12:00:00+09:00", 1),
            ("2027-02-11T12:00:00+09:00", 0),
            ("2027-02-12T12:00:00+09:00", 1),
        ],
    );
}

#[test]
fn a_holiday_never_cuts_short_a_window_of_the_day_before() {
    let timetable = |window: &str| {
        json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "Asia/Tokyo", "Windows": [window], "Holidays": ["2026-11-25"], // Wednesday
        }})
    };
    check(
        &timetable("Daily 22:00-02:00"),
        &[
            ("2026-11-24T23:00:00+09:00", 1),
            ("2026-11-25T00:30:00+09:00", 1),
            ("2026-11-25T01:59:59+09:00", 1),
            ("2026-11-25T02:00:00+09:00", 0),
            ("2026-11-25T23:00:00+09:00", 0),
            ("2026-11-26T01:00:00+09:00", 0), // opened on the holiday
            ("2026-11-26T22:00:00+09:00", 1),
        ],
    );
    check(
        &timetable("Mon 08:00 - Thu 20:00"),
        &[("2026-11-25T12:00:00+09:00", 1), ("2026-11-26T19:59:59+09:00", 1), ("2026-11-26T20:00:00+09:00", 0)],
    );
    check_never(&timetable("Wed 08:00 - Fri 20:00"), "2026-11-25T00:00:00+09:00", "2026-11-28T00:00:00+09:00");
}

#[test]
fn holidays_that_overlap_nest_or_repeat_are_all_days_off() {
    let timetable = json!({"LeadTime": "0m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Daily 11:00-13:00"],
        "Holidays": ["2026-11-05", "2026-11-02/2026-11-08", "2026-11-04/2026-11-05", "2026-11-07/2026-11-10",
                     "2026-11-12", "2026-11-12", "2026-11-11/2026-11-11"],
    }});
    let commitment = declared(&timetable);
    let on =
        (1..=14).map(|day| held(&demand(&commitment), instant(&format!("2026-11-{day:02}T12:00:00Z"))).to_string());
    assert_eq!(on.collect::<String>(), "10000000000011");
}

// ---- Rule 1: precedence, exceptions -----------------------------------------------------------------------------------

#[test]
fn exceptions_go_before_holidays_and_windows() {
    check(
        &json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "Asia/Tokyo",
            "Windows": ["Mon-Fri 08:00-20:00"],
            "Holidays": ["2026-12-28"],
            "Exceptions": [
                {"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On", "ModelUnits": 2},
                {"Window": "2026-11-27T00:00/2026-11-28T00:00", "State": "Off"},
                {"Window": "2026-11-25T19:00/2026-11-25T22:00", "State": "On"},
            ],
        }}),
        &[
            ("2026-12-28T09:59:59+09:00", 0),
            ("2026-12-28T10:00:00+09:00", 2),
            ("2026-12-28T15:59:59+09:00", 2),
            ("2026-12-28T16:00:00+09:00", 0),
            ("2026-11-26T12:00:00+09:00", 1),
            ("2026-11-27T12:00:00+09:00", 0),
            ("2026-11-25T18:59:59+09:00", 1),
            ("2026-11-25T20:00:00+09:00", 1),
            ("2026-11-25T22:00:00+09:00", 0),
        ],
    );
}

#[test]
fn an_exception_replaces_the_size_of_a_window_even_by_a_smaller_one() {
    check(
        &json!({"LeadTime": "0m", "ModelUnits": 2, "Timetable": {
            "Timezone": "UTC",
            "Windows": [{"Window": "Daily 08:00-20:00", "ModelUnits": 5}],
            "Exceptions": [
                {"Window": "2026-11-23T10:00/2026-11-23T12:00", "State": "On", "ModelUnits": 1},
                {"Window": "2026-11-23T14:00/2026-11-23T16:00", "State": "On"},
            ],
        }}),
        &[
            ("2026-11-23T09:59:59Z", 5),
            ("2026-11-23T10:00:00Z", 1),
            ("2026-11-23T12:00:00Z", 5),
            ("2026-11-23T14:00:00Z", 2),
            ("2026-11-23T16:00:00Z", 5),
        ],
    );
}

#[test]
fn of_exceptions_that_overlap_the_later_in_the_list_wins() {
    let on = json!({"Window": "2026-11-23T06:00/2026-11-23T12:00", "State": "On", "ModelUnits": 4});
    let off = json!({"Window": "2026-11-23T10:00/2026-11-23T18:00", "State": "Off"});
    let timetable = |exceptions: &[&Value]| {
        json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "UTC", "Windows": ["Daily 08:00-20:00"], "Exceptions": exceptions,
        }})
    };
    let at = |ten: u32| {
        [
            ("2026-11-23T05:59:59Z", 0),
            ("2026-11-23T09:59:59Z", 4),
            ("2026-11-23T10:00:00Z", ten),
            ("2026-11-23T12:00:00Z", 0),
            ("2026-11-23T18:00:00Z", 1),
        ]
    };
    check(&timetable(&[&on, &off]), &at(0));
    check(&timetable(&[&off, &on]), &at(4));
}

#[test]
fn a_hold_goes_before_the_timetable_and_after_an_override() {
    let commitment = declared(&json!({"ModelUnits": 2, "LeadTime": "0m", "Timetable": {
        "Timezone": "UTC", "Windows": [{"Window": "Daily 08:00-20:00", "ModelUnits": 5}],
        "Exceptions": [{"Window": "2026-11-23T02:00/2026-11-23T03:00", "State": "On", "ModelUnits": 7}],
    }}));
    let since = instant("2026-11-01T00:00:00Z");
    let (up, down) = (Hold { state: State::On, since }, Hold { state: State::Off, since });
    let scaled_up = Demand { hold: Some(&up), ..demand(&commitment) };
    let scaled_down = Demand { hold: Some(&down), ..demand(&commitment) };
    let nights_and_days = ["2026-11-23T02:30:00Z", "2026-11-23T04:00:00Z", "2026-11-23T12:00:00Z"];
    check_demand(&scaled_up, "scaled up", &nights_and_days.map(|at| (at, 2)));
    check_demand(&scaled_down, "scaled down", &nights_and_days.map(|at| (at, 0)));
    assert_eq!(next(&scaled_up, "2026-11-23T04:00:00Z"), "none");
    assert_eq!(next(&scaled_down, "2026-11-23T04:00:00Z"), "none");

    let on = override_to(State::On, Some(3), "2026-11-23T12:00:00Z");
    let off = override_to(State::Off, None, "2026-11-23T12:00:00Z");
    let table = |before, after| [("2026-11-23T11:59:59Z", before), ("2026-11-23T12:00:00Z", after)];
    check_demand(&Demand { override_: Some(&on), ..scaled_down }, "on above down", &table(3, 0));
    check_demand(&Demand { override_: Some(&off), ..scaled_up }, "off above up", &table(0, 2));
    let never = Demand { base: Base::Never, hold: Some(&up), ..demand(&commitment) };
    check_demand(&never, "scaled up without a timetable", &[("2026-11-23T04:00:00Z", 2)]);
}

// ---- Rule 4: sizes ----------------------------------------------------------------------------------------------------

#[test]
fn where_windows_overlap_the_largest_wins_at_each_instant() {
    let table = [
        ("2026-11-23T07:59:59Z", 0),
        ("2026-11-23T08:00:00Z", 2),
        ("2026-11-23T09:29:59Z", 2),
        ("2026-11-23T09:30:00Z", 3),
        ("2026-11-23T11:29:59Z", 3),
        ("2026-11-23T11:30:00Z", 2),
        ("2026-11-23T14:00:00Z", 2), // a smaller window inside
        ("2026-11-23T20:00:00Z", 1), // and still open
        ("2026-11-23T22:00:00Z", 0),
    ];
    let [wide, large, small] = [
        json!("Mon-Fri 08:00-20:00"),
        json!({"Window": "Mon-Fri 09:30-11:30", "ModelUnits": 3}),
        json!({"Window": "Mon-Fri 13:00-22:00", "ModelUnits": 1}),
    ];
    for windows in [[&wide, &large, &small], [&small, &large, &wide], [&large, &wide, &small]] {
        check(
            &json!({"LeadTime": "0m", "ModelUnits": 2, "Timetable": {"Timezone": "UTC", "Windows": windows}}),
            &table,
        );
    }
}

#[test]
fn windows_that_touch_or_overlap_are_one_stretch() {
    for pair in [["Mon 08:00-12:00", "Mon 12:00-20:00"], ["Mon 08:00-15:00", "Mon 11:00-20:00"]] {
        let timetable = windows("UTC", &pair);
        check_only(&timetable, "2026-11-23T08:00:00Z", "2026-11-23T20:00:00Z");
        let commitment = declared(&timetable);
        let next = demand(&commitment).next_transition(instant("2026-11-23T09:00:00Z")).expect("a transition");
        assert_eq!((next.at, next.state), (instant("2026-11-23T20:00:00Z"), State::Off), "{pair:?}");
    }
    check_only(
        &windows("UTC", &["Mon 08:00-24:00", "Tue 00:00-09:00"]),
        "2026-11-23T08:00:00Z",
        "2026-11-24T09:00:00Z",
    );
}

// ---- Rule 5: clocks that change ---------------------------------------------------------------------------------------

#[test]
fn a_time_that_a_clock_skips_moves_forward_by_the_length_of_the_gap() {
    // (zone, window, start, end); the local times in the first rows are 03:30 and 05:00 of summer time.
    let table = [
        ("Europe/Berlin", "Sun 02:30-05:00", "2026-03-29T01:30:00Z", "2026-03-29T03:00:00Z"),
        ("Europe/Berlin", "Sun 02:00-05:00", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"),
        ("Europe/Berlin", "Sun 01:00-02:30", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "Sun 02:15-02:45", "2026-03-29T01:15:00Z", "2026-03-29T01:45:00Z"),
        ("Europe/Berlin", "Sat 22:00-02:30", "2026-03-28T21:00:00Z", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "Sat 20:00 - Mon 02:30", "2026-03-28T19:00:00Z", "2026-03-30T00:30:00Z"),
        ("Europe/Berlin", "Sun 08:00-20:00", "2026-03-29T06:00:00Z", "2026-03-29T18:00:00Z"),
        ("Europe/Berlin", "Sun 00:00-24:00", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("America/New_York", "Sun 02:30-05:00", "2026-03-08T07:30:00Z", "2026-03-08T09:00:00Z"),
        ("America/New_York", "Sun 01:00-02:30", "2026-03-08T06:00:00Z", "2026-03-08T07:30:00Z"),
        ("Australia/Lord_Howe", "Sun 02:15-04:00", "2026-10-03T15:45:00Z", "2026-10-03T17:00:00Z"),
        ("Australia/Lord_Howe", "Sun 01:00-02:10", "2026-10-03T14:30:00Z", "2026-10-03T15:40:00Z"),
        ("America/Sao_Paulo", "Sun 00:00-06:00", "2018-11-04T03:00:00Z", "2018-11-04T08:00:00Z"),
        ("America/Sao_Paulo", "Sat 20:00-24:00", "2018-11-03T23:00:00Z", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "Sun 00:00-24:00", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
        ("Africa/Cairo", "Fri 00:30-02:00", "2026-04-23T22:30:00Z", "2026-04-23T23:00:00Z"),
        ("Africa/Cairo", "Thu 22:00-00:30", "2026-04-23T20:00:00Z", "2026-04-23T22:30:00Z"),
    ];
    for (zone, window, start, end) in table {
        check_only(&windows(zone, &[window]), start, end);
    }
}

#[test]
fn a_time_that_a_clock_repeats_means_its_first_occurrence_and_nothing_flaps() {
    let table = [
        ("Europe/Berlin", "Sun 02:30-05:00", "2026-10-25T00:30:00Z", "2026-10-25T04:00:00Z"),
        ("Europe/Berlin", "Sun 00:00-02:30", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "Sun 02:15-02:45", "2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
        ("Europe/Berlin", "Sun 02:00-03:00", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
        ("Europe/Berlin", "Sun 03:00-04:00", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"),
        ("Europe/Berlin", "Sat 22:00-02:30", "2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "Sun 00:00-24:00", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("America/New_York", "Sun 01:30-03:00", "2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z"),
        ("America/New_York", "Sun 00:00-01:30", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "Sun 01:45-03:00", "2026-04-04T14:45:00Z", "2026-04-04T16:30:00Z"),
        ("Australia/Lord_Howe", "Sun 01:00-01:45", "2026-04-04T14:00:00Z", "2026-04-04T14:45:00Z"),
        // 23:00 to 24:00 of Thursday is repeated: midnight comes once, after both.
        ("Africa/Cairo", "Thu 23:30-24:00", "2026-10-29T20:30:00Z", "2026-10-29T22:00:00Z"),
        ("Africa/Cairo", "Fri 00:00-01:00", "2026-10-29T22:00:00Z", "2026-10-29T23:00:00Z"),
    ];
    for (zone, window, start, end) in table {
        check_only(&windows(zone, &[window]), start, end);
    }
}

#[test]
fn an_exception_follows_the_same_clock_as_a_window() {
    let exception = |zone: &str, period: &str| {
        json!({"LeadTime": "0m", "Timetable": {
            "Timezone": zone, "Exceptions": [{"Window": period, "State": "On"}],
        }})
    };
    let gap = exception("Europe/Berlin", "2026-03-29T02:30/2026-03-29T05:00");
    check_only(&gap, "2026-03-29T01:30:00Z", "2026-03-29T03:00:00Z");
    let fold = exception("Europe/Berlin", "2026-10-25T02:30/2026-10-25T03:00");
    check_only(&fold, "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z");
    let empty = exception("Europe/Berlin", "2026-03-29T02:30/2026-03-29T03:15");
    check_never(&empty, "2026-03-28T22:00:00Z", "2026-03-29T22:00:00Z");
}

#[test]
fn a_window_that_becomes_empty_is_dropped_with_a_warning() {
    // (zone, window, the day without it, as instants, now, and a time at which it is on in another week)
    let table = [
        ("Europe/Berlin", "Sun 02:30-03:30", "2026-03-29", "2026-03-01T00:00:00Z", "2026-04-05T02:45:00+02:00"),
        ("Europe/Berlin", "Sun 02:30-03:00", "2026-03-29", "2026-03-01T00:00:00Z", "2026-04-05T02:45:00+02:00"),
        ("Europe/Berlin", "Sun 02:00-03:00", "2026-03-29", "2025-06-01T00:00:00Z", "2026-04-05T02:45:00+02:00"),
        ("Australia/Lord_Howe", "Sun 02:00-02:30", "2026-10-04", "2026-09-01T00:00:00Z", "2026-10-11T02:15:00+11:00"),
        ("America/Sao_Paulo", "Sun 00:00-01:00", "2018-11-04", "2018-10-01T00:00:00Z", "2018-11-11T00:30:00-02:00"),
        ("Africa/Cairo", "Fri 00:15-01:10", "2026-04-24", "2026-04-01T00:00:00Z", "2026-05-01T00:30:00+03:00"),
        ("Pacific/Apia", "Fri 08:00 - Sat 08:00", "2011-12-30", "2011-12-01T00:00:00Z", "2012-01-06T12:00:00+14:00"),
    ];
    for (zone, window, day, now, on) in table {
        let timetable = windows(zone, &[window]);
        let midnight = format!("{day}T00:00:00Z");
        let around = |hours| (instant(&midnight) + SignedDuration::from_hours(hours)).to_string();
        check_never(&timetable, &around(-26), &around(50));
        check(&timetable, &[(on, 1)]);
        let warnings = warnings(&timetable, now);
        let tells = |warning: &String| warning.contains(window) && warning.contains(day);
        assert_eq!(warnings.iter().filter(|warning| tells(warning)).count(), 1, "{zone} {window}: {warnings:?}");
    }
    assert_eq!(warnings(&windows("Europe/Berlin", &["Sun 08:00-20:00"]), "2026-03-01T00:00:00Z"), Vec::<String>::new());
    assert_eq!(warnings(&windows("Asia/Tokyo", &["Sun 02:30-03:30"]), "2026-03-01T00:00:00Z"), Vec::<String>::new());
}

#[test]
fn a_day_that_a_zone_skipped_moves_its_windows_by_a_day() {
    // Apia went from the end of 2011-12-29 (-10:00) to the beginning of 2011-12-31 (+14:00), at 10:00Z of the 30th.
    check_only(
        &windows("Pacific/Apia", &["Fri 08:00-20:00"]),
        "2011-12-31T08:00:00+14:00",
        "2011-12-31T20:00:00+14:00",
    );
    check_only(
        &windows("Pacific/Apia", &["Thu 22:00-02:00"]),
        "2011-12-29T22:00:00-10:00",
        "2011-12-31T02:00:00+14:00",
    );
    check_only(&windows("Pacific/Apia", &["Thu 20:00-24:00"]), "2011-12-29T20:00:00-10:00", "2011-12-30T10:00:00Z");
    check_only(
        &windows("Pacific/Apia", &["Thu 08:00 - Sun 08:00"]),
        "2011-12-29T08:00:00-10:00",
        "2012-01-01T08:00:00+14:00",
    );
    let always = declared(&windows("Pacific/Apia", &["Daily 00:00-24:00"]));
    assert_eq!(next(&demand(&always), "2011-12-20T00:00:00Z"), "none");
    let holiday = |day: &str| {
        json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "Pacific/Apia", "Windows": ["Fri 08:00-20:00"], "Holidays": [day],
        }})
    };
    // It still belongs to its Friday.
    check(&holiday("2011-12-30"), &[("2011-12-31T12:00:00+14:00", 0)]);
    check(&holiday("2011-12-31"), &[("2011-12-31T12:00:00+14:00", 1)]);
}

#[test]
fn the_lead_is_counted_in_real_time_across_a_change_of_clocks() {
    let berlin =
        |window: &str| json!({"LeadTime": "2h", "Timetable": {"Timezone": "Europe/Berlin", "Windows": [window]}});
    check_only(&berlin("Sun 04:00-05:00"), "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"); // from 01:00 of winter time
    check_only(&berlin("Sun 04:00-05:00"), "2026-10-25T01:00:00Z", "2026-10-25T04:00:00Z"); // from the second 02:00
}

// ---- Rule 6: the lead -------------------------------------------------------------------------------------------------

#[test]
fn it_is_held_from_the_lead_before_the_opening_until_the_end() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00"],
    }}));
    check_demand(
        &demand(&commitment),
        "60m before Mon-Fri 08:00-20:00",
        &[
            ("2026-11-23T06:59:59+09:00", 0),
            ("2026-11-23T06:59:59.999999999+09:00", 0),
            ("2026-11-23T07:00:00+09:00", 1), // closed: the opening is exactly a lead away
            ("2026-11-23T08:00:00+09:00", 1),
            ("2026-11-23T19:59:59+09:00", 1),
            ("2026-11-23T20:00:00+09:00", 0),
        ],
    );
    // Absent, it is 60m.
    let default = declared(&json!({"Timetable": {"Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00"]}}));
    assert_eq!(default.lead, SignedDuration::from_mins(60));
}

#[test]
fn only_while_the_lead_holds_it_the_reason_begins_with_lead_for() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "Asia/Tokyo",
        "Windows": ["Mon-Fri 08:00-20:00", {"Window": "Mon-Fri 09:30-11:30", "ModelUnits": 3}],
    }}));
    let demand = demand(&commitment);
    let table = [
        ("2026-11-23T07:00:00+09:00", "lead for window Mon-Fri 08:00-20:00 Asia/Tokyo"),
        ("2026-11-23T07:59:59+09:00", "lead for window Mon-Fri 08:00-20:00 Asia/Tokyo"),
        ("2026-11-23T08:00:00+09:00", "window Mon-Fri 08:00-20:00 Asia/Tokyo"),
        ("2026-11-23T08:30:00+09:00", "lead for window Mon-Fri 09:30-11:30 Asia/Tokyo"),
        ("2026-11-23T09:30:00+09:00", "window Mon-Fri 09:30-11:30 Asia/Tokyo"),
        ("2026-11-23T11:30:00+09:00", "window Mon-Fri 08:00-20:00 Asia/Tokyo"),
    ];
    for (at, expected) in table {
        assert_eq!(because(&demand, at), expected, "{at}");
    }
    for off in ["2026-11-23T06:59:59+09:00", "2026-11-23T20:00:00+09:00", "2026-11-28T12:00:00+09:00"] {
        assert!(!because(&demand, off).starts_with("lead for"), "{off}: {}", because(&demand, off));
    }
}

#[test]
fn the_reason_names_the_exception_or_the_holiday_that_decides() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Daily 08:00-20:00"], "Holidays": ["2026-11-24/2026-11-25"],
        "Exceptions": [
            {"Window": "2026-11-24T10:00/2026-11-24T16:00", "State": "On"},
            {"Window": "2026-11-23T10:00/2026-11-23T16:00", "State": "Off"},
        ],
    }}));
    let demand = demand(&commitment);
    let table = [
        ("2026-11-24T09:30:00Z", "lead for exception 2026-11-24T10:00/2026-11-24T16:00"),
        ("2026-11-24T10:00:00Z", "exception 2026-11-24T10:00/2026-11-24T16:00"),
        ("2026-11-23T12:00:00Z", "exception 2026-11-23T10:00/2026-11-23T16:00"),
        ("2026-11-25T12:00:00Z", "holiday 2026-11-24/2026-11-25"),
    ];
    for (at, expected) in table {
        assert_eq!(because(&demand, at), expected, "{at}");
    }
}

#[test]
fn close_windows_are_one_and_a_dip_shorter_than_the_lead_causes_no_churn() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC",
        "Windows": [{"Window": "Mon 08:00-12:00", "ModelUnits": 2}, {"Window": "Mon 12:30-20:00", "ModelUnits": 2}],
        "Exceptions": [{"Window": "2026-11-23T14:00/2026-11-23T14:45", "State": "On", "ModelUnits": 1}],
    }}));
    let demand = demand(&commitment);
    let table = [
        ("2026-11-23T12:00:00Z", 2),
        ("2026-11-23T12:15:00Z", 2),
        ("2026-11-23T14:00:00Z", 2),
        ("2026-11-23T14:30:00Z", 2),
        ("2026-11-23T20:00:00Z", 0),
    ];
    check_demand(&demand, "close windows", &table);
    assert_eq!(next(&demand, "2026-11-23T07:00:00Z"), "2026-11-23T20:00:00Z Off window Mon 12:30-20:00 UTC ends");
    assert!(because(&demand, "2026-11-23T12:15:00Z").starts_with("lead for window Mon 12:30-20:00"));
}

#[test]
fn a_dip_longer_than_the_lead_is_a_dip() {
    let members = json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Mon 08:00-12:00", "Mon 14:00-20:00"],
    }});
    check(&members, &[("2026-11-23T12:00:00Z", 0), ("2026-11-23T12:59:59Z", 0), ("2026-11-23T13:00:00Z", 1)]);
}

#[test]
fn an_exception_to_off_shorter_than_the_lead_has_no_effect_and_a_warning() {
    // (the exception's end, whether it has an effect); the lead is 60m.
    for (end, effect) in [("10:45", false), ("10:59", false), ("11:01", true), ("12:00", true)] {
        let period = format!("2026-11-23T10:00/2026-11-23T{end}");
        let members = json!({"LeadTime": "60m", "Timetable": {
            "Timezone": "UTC", "Windows": ["Daily 08:00-20:00"], "Exceptions": [{"Window": period, "State": "Off"}],
        }});
        check(
            &members,
            &[("2026-11-23T09:59:59Z", 1), ("2026-11-23T10:00:00Z", u32::from(!effect)), ("2026-11-23T15:00:00Z", 1)],
        );
        let warnings = warnings(&members, "2026-11-01T00:00:00Z");
        assert_eq!(warnings.iter().any(|warning| warning.contains(&period)), !effect, "{period}: {warnings:?}");
    }
}

#[test]
fn an_exception_to_off_is_compared_with_the_lead_in_real_time() {
    let members = |period: &str| {
        json!({"LeadTime": "60m", "Timetable": {
            "Timezone": "Europe/Berlin", "Windows": ["Daily 00:00-24:00"], "Exceptions": [{"Window": period, "State": "Off"}],
        }})
    };
    // By the clock 1h50m, in fact 50m; by the clock 30m, in fact 1h30m.
    let (short, long) = (members("2026-03-29T01:30/2026-03-29T03:20"), members("2026-10-25T02:50/2026-10-25T03:20"));
    assert_eq!(warnings(&short, "2026-03-01T00:00:00Z").len(), 1);
    check(&short, &[("2026-03-29T00:30:00Z", 1), ("2026-03-29T01:00:00Z", 1)]);
    assert_eq!(warnings(&long, "2026-10-01T00:00:00Z"), Vec::<String>::new());
    check(&long, &[("2026-10-25T00:50:00Z", 0), ("2026-10-25T01:19:00Z", 0), ("2026-10-25T01:20:00Z", 1)]);
}

// ---- Rule 7: overrides ------------------------------------------------------------------------------------------------

#[test]
fn while_an_override_to_off_is_live_nothing_is_held() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Mon 08:00-20:00"],
        "Exceptions": [{"Window": "2026-11-23T09:00/2026-11-23T10:00", "State": "On", "ModelUnits": 4}],
    }}));
    let off = override_to(State::Off, None, "2026-11-23T09:30:00Z");
    let overridden = Demand { override_: Some(&off), ..demand(&commitment) };
    let table = [
        ("2026-11-23T07:30:00Z", 0), // the lead
        ("2026-11-23T08:30:00Z", 0), // the window
        ("2026-11-23T09:15:00Z", 0), // the exception; and its own end is nearer than the lead
        ("2026-11-23T09:29:59Z", 0),
        ("2026-11-23T09:30:00Z", 4), // as if absent
        ("2026-11-23T10:00:00Z", 1),
        ("2026-11-23T20:00:00Z", 0),
    ];
    check_demand(&overridden, "override to off", &table);
    let transition = overridden.next_transition(instant("2026-11-23T07:30:00Z")).expect("a transition");
    assert_eq!((transition.at, transition.state), (off.until, State::On));
}

#[test]
fn an_override_to_on_holds_its_size_until_it_ends() {
    let commitment = declared(&json!({"LeadTime": "60m", "ModelUnits": 2, "Timetable": {
        "Timezone": "UTC", "Windows": ["Mon 08:00-20:00"],
    }}));
    let sized = override_to(State::On, Some(5), "2026-11-23T04:00:00Z");
    let overridden = Demand { override_: Some(&sized), ..demand(&commitment) };
    let table = [
        ("2026-11-23T02:00:00Z", 5),
        ("2026-11-23T03:59:59.5Z", 5),
        ("2026-11-23T04:00:00Z", 0),
        ("2026-11-23T07:00:00Z", 2),
    ];
    check_demand(&overridden, "override to on", &table);
    let unsized_ = override_to(State::On, None, "2026-11-23T04:00:00Z");
    let overridden = Demand { override_: Some(&unsized_), ..demand(&commitment) };
    check_demand(&overridden, "override to on without a size", &[("2026-11-23T02:00:00Z", 2)]);
    assert!(next(&overridden, "2026-11-23T02:00:00Z").starts_with("2026-11-23T04:00:00Z Off "));
}

#[test]
fn an_override_to_on_goes_before_larger_windows_but_the_lead_sees_past_its_end() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Windows": [{"Window": "Mon 08:00-20:00", "ModelUnits": 3}],
    }}));
    let small = override_to(State::On, Some(1), "2026-11-23T12:00:00Z");
    let demand = Demand { override_: Some(&small), ..demand(&commitment) };
    let table = [
        ("2026-11-23T07:30:00Z", 1), // the lead would see the window, but the override is live when it opens
        ("2026-11-23T09:00:00Z", 1),
        ("2026-11-23T10:59:59Z", 1),
        ("2026-11-23T11:00:00Z", 3), // wanted at the override's end, a lead from now
        ("2026-11-23T12:00:00Z", 3),
    ];
    check_demand(&demand, "a small override", &table);
    assert_eq!(because(&demand, "2026-11-23T11:00:00Z"), "lead for window Mon 08:00-20:00 UTC");
    assert_eq!(next(&demand, "2026-11-23T09:00:00Z"), "2026-11-23T11:00:00Z On lead for window Mon 08:00-20:00 UTC");
}

#[test]
fn after_its_end_an_override_is_as_if_absent() {
    let commitment =
        declared(&json!({"LeadTime": "60m", "Timetable": {"Timezone": "UTC", "Windows": ["Mon 08:00-20:00"]}}));
    for state in [State::On, State::Off] {
        let past = override_to(state, Some(9), "2026-11-23T00:00:00Z");
        let (with, without) = (Demand { override_: Some(&past), ..demand(&commitment) }, demand(&commitment));
        for at in ["2026-11-23T00:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T21:00:00Z"] {
            assert_eq!(with.at(instant(at)), without.at(instant(at)), "{at}");
            assert_eq!(next(&with, at), next(&without, at), "{at}");
        }
    }
}

// ---- The next transition ----------------------------------------------------------------------------------------------

#[test]
fn the_next_transition_is_when_what_is_held_changes_in_state_or_size() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "Asia/Tokyo",
        "Windows": ["Mon-Fri 08:00-20:00", {"Window": "Mon-Fri 09:30-11:30", "ModelUnits": 3}],
    }}));
    let table = [
        ("2026-11-23T06:00:00+09:00", "2026-11-22T22:00:00Z On lead for window Mon-Fri 08:00-20:00 Asia/Tokyo"),
        ("2026-11-23T07:00:00+09:00", "2026-11-22T23:30:00Z On lead for window Mon-Fri 09:30-11:30 Asia/Tokyo"),
        ("2026-11-23T09:00:00+09:00", "2026-11-23T02:30:00Z On window Mon-Fri 09:30-11:30 Asia/Tokyo ends"),
        ("2026-11-23T11:30:00+09:00", "2026-11-23T11:00:00Z Off window Mon-Fri 08:00-20:00 Asia/Tokyo ends"),
        ("2026-11-23T20:00:00+09:00", "2026-11-23T22:00:00Z On lead for window Mon-Fri 08:00-20:00 Asia/Tokyo"),
        ("2026-11-27T20:00:00+09:00", "2026-11-29T22:00:00Z On lead for window Mon-Fri 08:00-20:00 Asia/Tokyo"),
    ];
    for (now, expected) in table {
        assert_eq!(next(&demand(&commitment), now), expected, "{now}");
    }
}

#[test]
fn without_a_lead_the_next_transition_is_the_opening_itself() {
    let commitment = declared(&windows("Asia/Tokyo", &["Mon-Fri 08:00-20:00"]));
    assert_eq!(
        next(&demand(&commitment), "2026-11-22T12:00:00+09:00"),
        "2026-11-22T23:00:00Z On window Mon-Fri 08:00-20:00 Asia/Tokyo"
    );
}

#[test]
fn the_next_transition_is_found_past_holidays_and_over_a_year_away() {
    let members = json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Mon 08:00-20:00"], "Holidays": ["2026-01-01/2027-12-31"],
    }});
    let commitment = declared(&members);
    let expected = "2028-01-03T07:00:00Z On lead for window Mon 08:00-20:00 UTC";
    assert_eq!(next(&demand(&commitment), "2026-01-05T12:00:00Z"), expected);
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Exceptions": [{"Window": "2027-12-28T10:00/2027-12-28T16:00", "State": "On"}],
    }}));
    assert!(
        next(&demand(&commitment), "2026-01-05T12:00:00Z").starts_with("2027-12-28T09:00:00Z On lead for exception")
    );
    assert_eq!(next(&demand(&commitment), "2027-12-28T16:00:00Z"), "none");
}

#[test]
fn a_timetable_that_is_never_on_has_no_transition_and_a_warning() {
    let members = json!({"Timetable": {"Timezone": "UTC"}});
    let commitment = declared(&members);
    check(&members, &[("2026-11-23T12:00:00Z", 0)]);
    assert_eq!(next(&demand(&commitment), "2026-11-23T12:00:00Z"), "none");
    assert_eq!(warnings(&members, "2026-11-23T12:00:00Z").len(), 1);
}

#[test]
fn walking_from_transition_to_transition_meets_every_change_of_a_week_in_which_clocks_change() {
    let commitment = declared(&json!({"LeadTime": "30m", "Timetable": {
        "Timezone": "Europe/Berlin", "Windows": ["Daily 01:00-02:30", "Sat 22:00-02:30"],
    }}));
    let mut at = instant("2026-10-24T12:00:00Z");
    let mut walk = Vec::new();
    while let Some(next) =
        demand(&commitment).next_transition(at).filter(|next| next.at < instant("2026-10-26T12:00:00Z"))
    {
        at = next.at;
        walk.push(format!("{at} {}", next.state));
    }
    let expected =
        ["2026-10-24T19:30:00Z On", "2026-10-25T00:30:00Z Off", "2026-10-25T23:30:00Z On", "2026-10-26T01:30:00Z Off"];
    assert_eq!(walk, expected);
}

// ---- The grammar ------------------------------------------------------------------------------------------------------

/// The message repeats the value, and tells the cure.
fn refuses<T: FromStr<Err: ToString>>(table: &[(&str, &str, &str)]) {
    for (text, value, cure) in table {
        let Err(error) = text.parse::<T>() else { panic!("`{text}` is accepted") };
        let message = error.to_string();
        assert!(message.contains(&format!("`{value}`")), "`{text}` repeats the value: {message}");
        assert!(message.contains(cure), "`{text}` tells the cure {cure}: {message}");
    }
}

#[test]
fn what_is_no_window_is_refused_with_the_cure() {
    let form = "`Mon-Fri 08:00-20:00`";
    let days = "Mon, Tue, Wed, Thu, Fri, Sat, Sun";
    refuses::<Window>(&[
        ("", "", form),
        ("Mon-Fri", "Mon-Fri", form),
        ("08:00-20:00", "08:00-20:00", form),
        ("Mon-Fri 08:00", "Mon-Fri 08:00", form),
        ("Mon-Fri 08:00 20:00", "Mon-Fri 08:00 20:00", form),
        ("Funday 08:00-20:00", "Funday", days),
        ("Monday 08:00-20:00", "Monday", days),
        ("Mon-Frei 08:00-20:00", "Frei", days),
        ("Mon;Tue 08:00-20:00", "Mon;Tue", days),
        ("Mon,,Wed 08:00-20:00", "", days),
        ("Fri 21:00 - Moon 06:00", "Moon", days),
        ("Mon-Tue 21:00 - Wed 06:00", "Mon-Tue", days),
        ("Mon 8:00-20:00", "8:00", "HH:MM"),
        ("Mon 08:00-20", "20", "HH:MM"),
        ("Mon 08:00-20:60", "20:60", "HH:MM"),
        ("Mon 08:00-25:00", "25:00", "24:00"),
        ("Mon 08:00-24:01", "24:01", "24:00"),
        ("Mon 24:00-02:00", "24:00", "HH:MM"),
        ("Mon 08:00-20:00 JST", "20:00 JST", "HH:MM"),
        ("Mon 08:00:00-20:00", "08:00:00", "HH:MM"),
        ("Mon 8am-8pm", "8am", "HH:MM"),
        ("Mon 08.00-20.00", "08.00", "HH:MM"),
        ("Mon 08:00-08:00", "Mon 08:00-08:00", "`00:00-24:00`"),
        ("Daily 00:00-00:00", "Daily 00:00-00:00", "`00:00-24:00`"),
        ("Fri 21:00 - Fri 21:00", "Fri 21:00 - Fri 21:00", "`00:00-24:00`"),
    ]);
    for strange in
        ["Mon 0é:0-20:00", "月 08:00-20:00", "Mon–Fri 08:00–20:00", "Mon ０８:00-20:00", "-", "1", "1-", "Mon 1-é"]
    {
        assert!(strange.parse::<Window>().is_err(), "{strange}");
    }
    let long = format!("{} 08:00-20:00", "Mon,".repeat(10_000));
    let message = long.parse::<Window>().expect_err("ends with a comma").to_string();
    assert!(message.len() < 500, "a message is a line, whatever was written: {} bytes", message.len());
}

#[test]
fn what_is_no_holiday_is_refused_with_the_cure() {
    let form = "`2026-12-29/2027-01-03`";
    refuses::<Holiday>(&[
        ("", "", form),
        ("Christmas", "Christmas", form),
        ("2026-02-30", "2026-02-30", form),
        ("2026-2-3", "2026-2-3", form),
        ("20261229", "20261229", form),
        ("2026-12-29T00:00", "2026-12-29T00:00", form),
        ("2026-12-29/", "", form),
        ("2026-12-29/2027-13-01", "2027-13-01", form),
        ("2027-01-03/2026-12-29", "2027-01-03/2026-12-29", "first"),
    ]);
}

#[test]
fn what_is_no_period_is_refused_with_the_cure() {
    let form = "`2026-12-28T10:00/2026-12-28T16:00`";
    for malformed in [
        "",
        "2026-12-28T10:00",
        "2026-12-28/2026-12-29",
        "2026-12-28T10:00/16:00",
        "2026-12-28T10:00/2026-12-32T16:00",
        "2026-12-28T10:00+09:00/2026-12-28T16:00+09:00",
        "2026-12-28T10:00Z/2026-12-28T16:00Z",
        "2026-12-28T24:00/2026-12-29T16:00",
    ] {
        refuses::<Period>(&[(malformed, malformed, form)]);
    }
    for empty in ["2026-12-28T10:00/2026-12-28T10:00", "2026-12-28T16:00/2026-12-28T10:00"] {
        refuses::<Period>(&[(empty, empty, "beginning first")]);
    }
}

#[test]
fn an_unknown_zone_is_refused_with_a_suggestion() {
    refuses::<Zone>(&[
        ("Asia/Tokio", "Asia/Tokio", "did you mean `Asia/Tokyo`?"),
        ("Europe/Berln", "Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("America/NewYork", "America/NewYork", "did you mean `America/New_York`?"),
        ("The office's clock", "The office's clock", "`Asia/Tokyo`"),
        ("+09:00", "+09:00", "IANA"),
        ("", "", "IANA"),
    ]);
    assert_eq!("Asia/Tokyo".parse::<Zone>().expect("a zone").name(), "Asia/Tokyo");
}

#[test]
fn a_mistake_is_told_with_its_path_and_all_are_told_at_once() {
    let message = read(&json!({"LeadTime": "soon", "Timetable": {
        "Timezone": "Asia/Tokio",
        "Windows": ["Mon-Fri 08:00-20:00", "Funday 08:00-20:00", {"Window": "Mon 09:30-11:30", "ModelUnits": 0}],
        "Holidays": ["2026-02-30"],
        "Exceptions": [{"Window": "2026-12-28T10:00", "State": "Maybe"}],
        "Window": [],
    }}))
    .expect_err("seven mistakes");
    for expected in [
        "LeadTime: `soon`",
        "Timetable.Timezone: `Asia/Tokio`",
        "Timetable.Windows[1]: `Funday`",
        "Timetable.Windows[2].ModelUnits: `0`",
        "Timetable.Holidays[0]: `2026-02-30`",
        "Timetable.Exceptions[0].Window: `2026-12-28T10:00`",
        "Timetable.Exceptions[0].State: `Maybe` is not accepted; use On or Off",
        "Timetable.Window: is not a known key; did you mean `Windows`?",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let message = read(&json!({"Timetable": {"Windows": ["Mon 08:00-20:00"]}})).expect_err("a timezone is required");
    assert!(message.contains("Timetable.Timezone"), "{message}");
    assert!(read(&json!({"CommitmentDuration": "OneMonth", "Timetable": {"Timezone": "UTC"}})).is_err());
}

#[test]
fn what_is_read_is_written_back_in_the_same_grammar() {
    let windows = [
        ("Mon-Fri 08:00-20:00", "Mon-Fri 08:00-20:00"),
        ("mon-FRI 08:00-20:00", "Mon-Fri 08:00-20:00"),
        ("Sun-Thu 22:00-02:00", "Sun-Thu 22:00-02:00"),
        ("fri 21:00 - MON 06:00", "Fri 21:00 - Mon 06:00"),
        ("Tue 06:00 - Thu 24:00", "Tue 06:00 - Thu 24:00"),
        ("daily 00:00-24:00", "Daily 00:00-24:00"),
        ("Mon,Wed,Sat-Sun 22:00-00:00", "Mon,Wed,Sat-Sun 22:00-00:00"),
    ];
    for (text, expected) in windows {
        let window: Window = text.parse().expect(text);
        assert_eq!(window.to_string(), expected);
        assert_eq!(window.to_string().parse::<Window>().expect(expected), window, "{text}");
    }
    for text in ["2026-12-29", "2026-12-29/2027-01-03"] {
        let holiday: Holiday = text.parse().expect(text);
        assert_eq!(holiday.to_string(), text);
        assert_eq!(holiday.to_string().parse::<Holiday>().expect(text), holiday);
    }
    for text in ["2026-12-28T10:00/2026-12-28T16:00", "2026-11-27T00:00/2026-11-28T00:00"] {
        let period: Period = text.parse().expect(text);
        assert_eq!(period.to_string(), text);
        assert_eq!(period.to_string().parse::<Period>().expect(text), period);
    }
    let commitment = declared(&json!({"ModelUnits": "2", "LeadTime": "PT1H30M", "Timetable": {
        "Timezone": "Asia/Tokyo",
        "Windows": ["MON-fri 08:00-20:00", {"Window": "Fri 21:00 - Mon 06:00", "ModelUnits": "3"}],
        "Holidays": ["2026-12-29/2027-01-03"],
        "Exceptions": [{"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On", "ModelUnits": 1}],
    }}));
    let written = serde_json::to_string(&commitment).expect("JSON");
    assert_eq!(serde_json::from_str::<Commitment>(&written).expect("a declaration"), commitment, "{written}");
}

#[test]
fn durations_are_read_from_0m_to_168h_and_written_back() {
    let table = [
        ("90m", 5400, "1h30m"),
        ("1h30m", 5400, "1h30m"),
        ("2h", 7200, "2h"),
        ("0m", 0, "0m"),
        ("PT1H", 3600, "1h"),
        ("PT90M", 5400, "1h30m"),
        ("PT0S", 0, "0m"),
        ("45s", 45, "45s"),
        ("168h", 604_800, "168h"),
        ("PT168H", 604_800, "168h"),
    ];
    for (text, seconds, written) in table {
        let duration = parse_duration(text).expect(text);
        assert_eq!((duration.as_secs(), duration_text(duration).as_str()), (seconds, written), "{text}");
        assert_eq!(parse_duration(&duration_text(duration)).expect(written), duration, "{text}");
    }
}

#[test]
fn other_durations_are_refused_with_the_cure() {
    for text in ["90", "", "soon", "-", "1x", "1h30", "5 apples"] {
        let message = parse_duration(text).expect_err(text).to_string();
        assert!(message.contains(&format!("`{text}`")) && message.contains("`90m`"), "{text}: {message}");
    }
    for text in ["-1h", "-PT1H", "168h1s", "169h", "1.5s", "0.25s", "PT0.5S", "1h 1ms"] {
        let message = parse_duration(text).expect_err(text).to_string();
        assert!(message.contains(&format!("`{text}`")) && message.contains("168h"), "{text}: {message}");
    }
    let message = read(&json!({"LeadTime": "90"})).expect_err("no unit");
    assert!(message.starts_with("LeadTime: `90`"), "{message}");
}

// ---- All rules at once, against a naive model -------------------------------------------------------------------------

/// Zones, and days on or near which their clocks change.
const CHANGES: [(&str, Date); 12] = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 29)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Tokyo", date(2026, 12, 31)),
    ("America/St_Johns", date(2026, 3, 8)),
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const QUARTER: i64 = 15;

/// Everything random about a case; days and minutes are counted from the midnight of the day in `CHANGES`.
#[derive(Debug, Clone)]
struct Case {
    change: usize,
    units: u32,
    lead_minutes: i64,
    windows: Vec<(WindowCase, Option<u32>)>,
    holidays: Vec<(i64, i64)>,
    exceptions: Vec<(i64, i64, Option<Option<u32>>)>,
    override_: Option<(i64, Option<Option<u32>>)>,
    hold: Option<bool>,
}

/// Times are in quarters of an hour.
#[derive(Debug, Clone)]
enum WindowCase {
    Each { days: BTreeSet<usize>, opens: i64, closes: i64 },
    Across { first: usize, opens: i64, days_on: usize, closes: i64 },
}

fn clock(quarters: i64) -> String {
    format!("{:02}:{:02}", quarters / 4, quarters % 4 * QUARTER)
}

impl WindowCase {
    fn text(&self) -> String {
        match self {
            Self::Each { days, opens, closes } => {
                let days: Vec<_> = days.iter().map(|day| DAYS[*day]).collect();
                format!("{} {}-{}", days.join(","), clock(*opens), clock(*closes))
            }
            Self::Across { first, opens, days_on, closes } => {
                format!("{} {} - {} {}", DAYS[*first], clock(*opens), DAYS[(first + days_on) % 7], clock(*closes))
            }
        }
    }

    /// The civil times of the window that opens on `day`, if one does.
    fn on(&self, day: Date) -> Option<(DateTime, DateTime)> {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).expect("a weekday");
        let time = |days: usize, quarters: i64| {
            let days = i64::try_from(days).expect("few days");
            day.at(0, 0, 0, 0).checked_add((days * 24 * 60 + quarters * QUARTER).minutes()).expect("a civil time")
        };
        match self {
            Self::Each { days, opens, closes } => {
                let next_day = usize::from(closes < opens);
                days.contains(&weekday).then(|| (time(0, *opens), time(next_day, *closes)))
            }
            Self::Across { first, opens, days_on, closes } => {
                (*first == weekday).then(|| (time(0, *opens), time(*days_on, *closes)))
            }
        }
    }
}

fn window_case() -> impl Strategy<Value = WindowCase> {
    let days = proptest::collection::btree_set(0..7_usize, 1..=7);
    // Half of the times are near those at which clocks change.
    let opens = || prop_oneof![0..16_i64, 0..96_i64];
    let closes = || prop_oneof![0..=16_i64, 0..=96_i64];
    let each = (days, opens(), closes())
        .prop_filter("not empty", |(_, opens, closes)| opens != closes)
        .prop_map(|(days, opens, closes)| WindowCase::Each { days, opens, closes });
    let across = (0..7_usize, opens(), 1..7_usize, closes())
        // Friday 08:00 - Saturday 00:00 is as good as Friday 24:00; either way not empty.
        .prop_map(|(first, opens, days_on, closes)| WindowCase::Across { first, opens, days_on, closes });
    prop_oneof![4 => each, 1 => across]
}

fn case() -> impl Strategy<Value = Case> {
    let size = || proptest::option::of(1..5_u32);
    let state = move || proptest::option::weighted(0.5, size());
    let minutes =
        |from_days: i64, to_days: i64| (from_days * 24 * 4..to_days * 24 * 4).prop_map(|quarters| quarters * QUARTER);
    let lead = prop_oneof![Just(0), Just(60), 1..90_i64, 1..24 * 60_i64, 1..7 * 24 * 60_i64];
    let exceptions = (minutes(-3, 4), prop_oneof![1..300_i64, 1..4000_i64], state());
    (
        (0..CHANGES.len(), 1..4_u32, lead),
        proptest::collection::vec((window_case(), size()), 0..5),
        proptest::collection::vec((-4..5_i64, 0..3_i64), 0..4),
        proptest::collection::vec(exceptions, 0..4),
        proptest::option::weighted(0.4, (minutes(-2, 3), state())),
        proptest::option::weighted(0.1, any::<bool>()),
    )
        .prop_map(|((change, units, lead_minutes), windows, holidays, exceptions, override_, hold)| Case {
            change,
            units,
            lead_minutes,
            windows,
            holidays,
            exceptions,
            override_,
            hold,
        })
}

/// Who wants how much in `[start, end)`; seconds.
type Stretch = (i64, i64, u32);

/// What the contract says, computed the long way round.
struct Naive {
    windows: Vec<Stretch>,
    /// 0 is off.
    exceptions: Vec<Stretch>,
    override_: Option<(i64, u32)>,
    hold: Option<u32>,
    lead: i64,
}

impl Naive {
    fn of(case: &Case) -> Self {
        let (name, change) = CHANGES[case.change];
        let zone = TimeZone::get(name).expect("a zone");
        let at = |civil: DateTime| {
            zone.to_ambiguous_zoned_datetime(civil).compatible().expect("an instant").timestamp().as_second()
        };
        let day = |days: i64| change.checked_add(days.days()).expect("a day");
        let size = |state: Option<Option<u32>>| state.map_or(0, |size| size.unwrap_or(case.units));
        let mut windows = Vec::new();
        for offset in -14..26 {
            if case.holidays.iter().any(|(first, more)| (*first..=first + more).contains(&offset)) {
                continue;
            }
            for (window, size) in &case.windows {
                let Some((start, end)) = window.on(day(offset)) else { continue };
                windows.push((at(start), at(end), size.unwrap_or(case.units)));
            }
        }
        let civil = |minutes: i64| change.at(0, 0, 0, 0).checked_add(minutes.minutes()).expect("a civil time");
        let exceptions = case.exceptions.iter();
        let exceptions = exceptions
            .map(|(start, lasts, state)| (at(civil(*start)), at(civil(start + lasts)), size(*state)))
            .collect();
        let override_ = case.override_.map(|(until, state)| (at(civil(until)), size(state)));
        let hold = case.hold.map(|on| if on { case.units } else { 0 });
        Self { windows, exceptions, override_, hold, lead: case.lead_minutes * 60 }
    }

    /// What is wanted at `at`; 0 is off.
    fn wanted(&self, at: i64) -> u32 {
        let inside = |(start, end, _): &&Stretch| *start <= at && at < *end;
        if let Some((_, units)) = self.override_.filter(|(until, _)| at < *until) {
            return units;
        }
        if let Some(units) = self.hold {
            return units;
        }
        if let Some((_, _, units)) = self.exceptions.iter().rev().find(inside) {
            return *units;
        }
        self.windows.iter().filter(inside).map(|(_, _, units)| *units).max().unwrap_or(0)
    }

    /// Every instant at which what is wanted may change, sorted.
    fn boundaries(&self) -> Vec<i64> {
        let stretches = self.windows.iter().chain(&self.exceptions).flat_map(|(start, end, _)| [*start, *end]);
        let sorted: BTreeSet<i64> = stretches.chain(self.override_.map(|(until, _)| until)).collect();
        sorted.into_iter().collect()
    }

    /// What is held at `now`: the most at any instant in `[now, now + lead]`.
    fn held(&self, boundaries: &[i64], now: i64) -> u32 {
        if self.override_.is_some_and(|(until, units)| now < until && units == 0) {
            return 0;
        }
        let within = boundaries.iter().copied().filter(|at| now < *at && *at <= now + self.lead);
        std::iter::once(now).chain(within).map(|at| self.wanted(at)).max().unwrap_or(0)
    }
}

/// The declaration, override and hold of `case`, as somebody would write them.
fn written(case: &Case) -> (Commitment, Option<Override>, Option<Hold>) {
    let (zone, change) = CHANGES[case.change];
    let civil = |minutes: i64| change.at(0, 0, 0, 0).checked_add(minutes.minutes()).expect("a civil time");
    let text = |minutes: i64| civil(minutes).strftime("%Y-%m-%dT%H:%M").to_string();
    let day = |days: i64| change.checked_add(days.days()).expect("a day");
    let windows = case.windows.iter().map(|(window, units)| json!({"Window": window.text(), "ModelUnits": units}));
    let holidays = case.holidays.iter().map(|(first, more)| format!("{}/{}", day(*first), day(first + more)));
    let exceptions = case.exceptions.iter().map(|(start, lasts, state)| {
        let window = format!("{}/{}", text(*start), text(start + lasts));
        let word = if state.is_some() { "On" } else { "Off" };
        json!({"Window": window, "State": word, "ModelUnits": state.flatten()})
    });
    let commitment = declared(&json!({
        "ModelUnits": case.units,
        "LeadTime": format!("{}m", case.lead_minutes),
        "Timetable": {
            "Timezone": zone,
            "Windows": windows.collect::<Vec<_>>(),
            "Holidays": holidays.collect::<Vec<_>>(),
            "Exceptions": exceptions.collect::<Vec<_>>(),
        },
    }));
    let zone = TimeZone::get(zone).expect("a zone");
    let override_ = case.override_.map(|(until, state)| Override {
        state: if state.is_some() { State::On } else { State::Off },
        units: state.flatten().map(units),
        until: zone.to_ambiguous_zoned_datetime(civil(until)).compatible().expect("an instant").timestamp(),
        reason: None,
    });
    let since = Timestamp::UNIX_EPOCH;
    let hold = case.hold.map(|on| Hold { state: if on { State::On } else { State::Off }, since });
    (commitment, override_, hold)
}

const SECOND: i64 = 1;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

proptest! {
    #![proptest_config(Config {
        cases: 100,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        max_shrink_iters: 2_000,
        ..Config::default()
    })]

    #[test]
    fn what_is_held_is_what_a_naive_reading_of_the_contract_says(case in case(), odd in 0..HOUR) {
        let naive = Naive::of(&case);
        let boundaries = naive.boundaries();
        let (commitment, override_, hold) = written(&case);
        let demand = Demand { override_: override_.as_ref(), hold: hold.as_ref(), ..demand(&commitment) };
        let second = |at: i64| Timestamp::from_second(at).expect("an instant");
        let (zone, change) = CHANGES[case.change];
        let zone = TimeZone::get(zone).expect("a zone");
        let midnight = zone.to_ambiguous_zoned_datetime(change.at(0, 0, 0, 0)).compatible().expect("an instant");
        let midnight = midnight.timestamp().as_second();

        // Around every instant at which something could change near the change of clocks, and at odd times.
        let (from, to) = (midnight - 2 * DAY, midnight + 3 * DAY);
        let edges = boundaries.iter().flat_map(|at| [*at, *at - naive.lead]);
        let edges = edges.filter(|at| (from..to).contains(at)).flat_map(|at| [at - SECOND, at, at + SECOND]);
        let instants: BTreeSet<i64> = edges.chain((0..5 * 8).map(|step| from + step * 3 * HOUR + odd)).collect();
        for at in instants {
            let expected = naive.held(&boundaries, at);
            let desired = demand.at(second(at));
            let got = desired.units.map_or(0, ModelUnits::get);
            prop_assert_eq!(got, expected, "held at {}", second(at));
            // Only the lead holds it when less is wanted now.
            let lead = naive.wanted(at) < expected;
            let because = desired.because.to_string();
            prop_assert_eq!(because.starts_with("lead for "), lead, "at {}: {}", second(at), because);
        }

        // The next transition is the first instant at which something could change and does. What the model knows of
        // ends some days after the change of clocks; a lead may be a week.
        for now in [from + odd, midnight + odd, midnight + 2 * DAY] {
            let end = midnight + 16 * DAY;
            let held = naive.held(&boundaries, now);
            let edges: BTreeSet<i64> = boundaries.iter().flat_map(|at| [*at, *at - naive.lead]).collect();
            let changes = |at: &i64| now < *at && *at < end && naive.held(&boundaries, *at) != held;
            let expected = edges.into_iter().find(changes);
            let next = demand.next_transition(second(now));
            let got = next.as_ref().map(|next| next.at.as_second()).filter(|at| *at < end);
            prop_assert_eq!(got, expected, "the transition after {}: {:?}", second(now), next);

            let Some(next) = next else { continue };
            prop_assert!(second(now) < next.at);
            let until = next.at.as_second();
            let before = (0..16).map(|step| now + (until - SECOND - now) * step / 15);
            for at in before {
                prop_assert_eq!(demand.at(second(at)).units, demand.at(second(now)).units, "constant at {}", second(at));
            }
            let then = demand.at(next.at);
            prop_assert_ne!(then.units, demand.at(second(now)).units, "differs at {}", next.at);
            prop_assert_eq!(then.state(), next.state);
        }
    }
}
