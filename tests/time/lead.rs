//! What does the lead hold, what does an override, and when does that change next? Rules 6 and 7.

use super::*;

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
    for (end, effect) in [("10:45", false), ("10:59", false), ("11:00", false), ("11:01", true), ("12:00", true)] {
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
fn a_timetable_that_is_never_on_is_told_and_one_exception_to_on_is_enough_not_to_be() {
    let with = |state: &str| {
        let exceptions = json!([{"Window": "2026-12-01T00:00/2026-12-02T00:00", "State": state}]);
        let members = json!({"Timetable": {"Timezone": "UTC", "Windows": [], "Exceptions": exceptions}});
        warnings(&members, "2026-11-01T00:00:00Z")
    };
    assert_eq!(with("Off"), ["the timetable has no windows: it is never on"]);
    assert_eq!(with("On"), Vec::<String>::new());
}

#[test]
fn the_first_window_after_years_of_holiday_is_found_wherever_the_clock_hangs() {
    // The 27th of November 2028 is a Monday; the holiday ends with the Monday before.
    let commitment = declared(&json!({"LeadTime": "0m", "Timetable": {
        "Timezone": "Pacific/Honolulu", "Windows": ["Mon 23:00-24:00"], "Holidays": ["2026-01-01/2028-11-20"],
    }}));
    let found = next(&demand(&commitment), "2026-11-23T12:00:00Z");
    assert_eq!(found, "2028-11-28T09:00:00Z On window Mon 23:00-24:00 Pacific/Honolulu");
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

const MONDAY: &str = "2026-11-23T00:00:00Z";

fn warned(timetable: &Value) -> Vec<String> {
    warnings(&json!({"LeadTime": "30m", "Timetable": timetable}), MONDAY)
}

#[test]
fn what_a_holiday_does_to_a_span_across_days_is_told_with_the_way_out() {
    let span = |window: Value, holidays: Value| {
        warned(&json!({"Timezone": "Asia/Tokyo", "Windows": [window], "Holidays": holidays}))
    };
    let written_out = "`Mon 08:00-24:00`, `Tue-Thu 00:00-24:00`, `Fri 00:00-20:00`, which is one stretch";
    let all_week = "Mon 08:00 - Fri 20:00";
    let [taken] = &span(json!(all_week), json!(["2027-01-11"]))[..] else { panic!("one warning") };
    assert!(taken.starts_with("holiday 2027-01-11 (Mon) takes away all of window Mon 08:00 - Fri 20:00"), "{taken}");
    assert!(taken.ends_with(written_out), "{taken}");
    let [kept] = &span(json!(all_week), json!(["2027-01-13"]))[..] else { panic!("one warning") };
    assert!(
        kept.starts_with("holiday 2027-01-13 (Wed) takes nothing away from window Mon 08:00 - Fri 20:00"),
        "{kept}"
    );
    assert!(kept.ends_with(written_out), "{kept}");

    let both = span(json!(all_week), json!(["2027-01-11/2027-01-13", "12-24"]));
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains("2027-01-11/2027-01-13 on 2027-01-11"), "{both:?}");
    assert!(both[1].contains("12-24 on 2026-12-24 (Thu)"), "the days after a holiday that took all are off: {both:?}");

    let sized = span(json!({"Window": all_week, "ModelUnits": 2}), json!(["2027-01-11"]));
    assert!(sized[0].contains("each with its ModelUnits"), "{sized:?}");
    let short = span(json!("Tue 20:00 - Thu 06:00"), json!(["2026-12-02"]));
    assert!(short[0].contains("`Tue 20:00-24:00`, `Wed 00:00-24:00`, `Thu 00:00-06:00`"), "{short:?}");
    for (window, holiday) in [
        (all_week, "2027-01-16"),              // a Saturday
        (all_week, "2026-01-12"),              // past
        ("Mon-Fri 08:00-20:00", "2027-01-11"), // one day each
        ("Mon-Fri 22:00-06:00", "2027-01-12"), // a night
    ] {
        let said = span(json!(window), json!([holiday, "2027-08-01"]));
        assert!(said.is_empty(), "{window} {holiday}: {said:?}");
    }
}

/// What a warning writes out is the same stretch as the span, and a holiday takes one day of it.
#[test]
fn the_way_out_of_a_holiday_is_the_same_stretch() {
    let on = |windows: Value, holidays: Value| {
        let members = json!({"LeadTime": "0m", "Timetable": {
            "Timezone": "Asia/Tokyo", "Windows": windows, "Holidays": holidays,
        }});
        let commitment = declared(&members);
        let hours = 0..14 * 24;
        hours
            .map(|hour| held(&demand(&commitment), instant(MONDAY) + SignedDuration::from_hours(hour)))
            .collect::<Vec<_>>()
    };
    let span = json!(["Mon 08:00 - Fri 20:00"]);
    let days = json!(["Mon 08:00-24:00", "Tue-Thu 00:00-24:00", "Fri 00:00-20:00"]);
    assert_eq!(on(span, json!([])), on(days.clone(), json!([])));
    let off = on(days.clone(), json!([])).iter().sum::<u32>() - on(days, json!(["2026-12-02"])).iter().sum::<u32>();
    assert_eq!(off, 24);
}

#[test]
fn what_is_past_or_changes_nothing_is_told() {
    let with = |more: Value| {
        let mut timetable = json!({"Timezone": "UTC", "Windows": ["Mon 08:00-20:00"]});
        if let (Value::Object(members), Value::Object(more)) = (&mut timetable, more) {
            members.extend(more);
        }
        warned(&timetable)
    };
    let exception = |window: &str, state: &str, units: Value| {
        with(json!({"Exceptions": [{"Window": window, "State": state, "ModelUnits": units}]}))
    };
    let cases = [
        (with(json!({"Holidays": ["2026-01-01", "2025-12-25"]})), "all holidays are past, the last was 2026-01-01"),
        (exception("2026-11-01T00:00/2026-11-02T00:00", "Off", Value::Null), "is past: it has no effect any more"),
        (exception("2026-12-01T00:00/2026-12-02T00:00", "Off", Value::Null), "to Off has no effect: it is off then"),
        (exception("2026-11-30T09:00/2026-11-30T10:00", "On", Value::Null), "to On has no effect: it is on"),
        (exception("2026-11-30T09:00/2026-11-30T09:30", "Off", Value::Null), "is no longer than LeadTime 30m"),
        (
            with(
                json!({"Windows": [], "Exceptions": [{"Window": "2026-11-01T00:00/2026-11-02T00:00", "State": "On"}]}),
            ),
            "its exceptions to On are past: it is never on again",
        ),
        (with(json!({"Timezone": "EST"})), "use `America/New_York`"),
        (with(json!({"Timezone": "MST"})), "use `America/Denver`"),
        (with(json!({"Timezone": "HST"})), "use `Pacific/Honolulu`"),
        (with(json!({"Timezone": "Etc/GMT+9"})), "is 9 hours behind UTC"),
    ];
    for (warnings, said) in cases {
        assert!(warnings.iter().any(|warning| warning.contains(said)), "{said}: {warnings:?}");
    }
    let nothing = [
        with(json!({"Holidays": ["2026-01-01", "2026-12-25"]})),
        with(json!({"Holidays": ["2026-01-01", "12-25"]})),
        exception("2026-11-30T09:00/2026-11-30T10:00", "On", json!(2)),
        exception("2026-11-30T09:00/2026-11-30T10:00", "Off", Value::Null),
        exception("2026-12-01T09:00/2026-12-01T10:00", "On", Value::Null),
        with(json!({"Timezone": "CET"})),
        with(json!({"Timezone": "America/New_York"})),
    ];
    for warnings in nothing {
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}
