//! What do windows, holidays and exceptions say? Rules 1 to 3.

use super::*;

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
fn a_span_that_ends_before_it_opens_on_the_same_day_lasts_nearly_a_week() {
    let almost = windows("UTC", &["Wed 12:00 - Wed 10:30"]);
    let gap = [
        ("2026-11-25T10:29:59Z", 1),
        ("2026-11-25T10:30:00Z", 0),
        ("2026-11-25T11:59:59Z", 0),
        ("2026-11-25T12:00:00Z", 1),
        ("2026-11-28T12:00:00Z", 1),
        ("2026-12-02T10:29:59Z", 1),
        ("2026-12-02T10:30:00Z", 0),
    ];
    check(&almost, &gap);
}

#[test]
fn days_are_counted_where_the_clock_hangs_however_far_from_greenwich() {
    // 10 hours behind: the window opens on the third day before the one that Greenwich has when it ends.
    check_only(
        &windows("Pacific/Honolulu", &["Mon 23:00 - Wed 22:00"]),
        "2026-11-23T23:00:00-10:00",
        "2026-11-25T22:00:00-10:00",
    );
    check_only(
        &windows("Pacific/Kiritimati", &["Mon 00:00 - Tue 24:00"]),
        "2026-11-23T00:00:00+14:00",
        "2026-11-25T00:00:00+14:00",
    );
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
fn a_holiday_of_each_year_takes_that_day_away_in_every_year() {
    check(
        &json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "Asia/Tokyo", "Windows": ["Daily 08:00-20:00"], "Holidays": ["12-25", "01-01", "02-29"],
        }}),
        &[
            ("2026-12-24T12:00:00+09:00", 1),
            ("2026-12-25T12:00:00+09:00", 0),
            ("2026-12-26T12:00:00+09:00", 1),
            ("2027-01-01T12:00:00+09:00", 0),
            ("2027-12-25T12:00:00+09:00", 0),
            ("2099-12-25T12:00:00+09:00", 0),
            // 29 February is a day of leap years alone: no other day stands in for it.
            ("2027-02-28T12:00:00+09:00", 1),
            ("2027-03-01T12:00:00+09:00", 1),
            ("2028-02-28T12:00:00+09:00", 1),
            ("2028-02-29T12:00:00+09:00", 0),
            ("2028-03-01T12:00:00+09:00", 1),
        ],
    );
}

#[test]
fn of_a_date_and_a_day_of_each_year_the_first_in_the_list_is_the_reason() {
    for (holidays, reason) in [
        (json!(["12-25", "2026-12-24/2026-12-26"]), "holiday 12-25"),
        (json!(["2026-12-24/2026-12-26", "12-25"]), "holiday 2026-12-24/2026-12-26"),
        (json!(["12-25", "12-25"]), "holiday 12-25"),
    ] {
        let commitment = declared(&json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "UTC", "Windows": ["Daily 08:00-20:00"], "Holidays": holidays,
        }}));
        assert_eq!(because(&demand(&commitment), "2026-12-25T12:00:00Z"), reason, "{holidays}");
    }
}

#[test]
fn what_follows_a_year_of_yearly_holidays_is_still_found() {
    let commitment = declared(&json!({"LeadTime": "0m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Fri 08:00-20:00"], "Holidays": ["12-25"],
    }}));
    // 2026-12-25 is a Friday.
    assert_eq!(
        next(&demand(&commitment), "2026-12-18T20:00:00Z"),
        "2027-01-01T08:00:00Z On window Fri 08:00-20:00 UTC"
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
fn a_holiday_is_the_reason_only_while_the_window_that_it_takes_away_would_be_open() {
    let commitment = declared(&json!({"LeadTime": "60m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Daily 08:00-20:00"],
        "Holidays": ["2026-12-24/2026-12-26", "2026-12-26/2026-12-28"],
    }}));
    for (at, reason) in [
        ("2026-12-25T07:59:59Z", "outside every window"),
        ("2026-12-25T08:00:00Z", "holiday 2026-12-24/2026-12-26"),
        ("2026-12-25T19:59:59Z", "holiday 2026-12-24/2026-12-26"),
        ("2026-12-25T20:00:00Z", "outside every window"),
        // A day of two holidays belongs to the first.
        ("2026-12-26T12:00:00Z", "holiday 2026-12-24/2026-12-26"),
        ("2026-12-27T12:00:00Z", "holiday 2026-12-26/2026-12-28"),
        ("2026-12-29T06:00:00Z", "outside every window"),
    ] {
        assert_eq!(because(&demand(&commitment), at), reason, "{at}");
    }
}

#[test]
fn a_holiday_for_ever_is_one() {
    let members = json!({"LeadTime": "0m", "Timetable": {
        "Timezone": "UTC", "Windows": ["Daily 08:00-20:00"], "Holidays": ["2000-01-01/9999-12-31"],
    }});
    check_never(&members, "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z");
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
