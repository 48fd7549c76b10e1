//! What do sizes that overlap and clocks that change do to it? Rules 4 and 5.

use super::*;

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

#[test]
fn a_time_that_a_clock_skips_moves_forward_by_the_length_of_the_gap() {
    // (zone, window, start, end); in the first row 03:30 and 05:00 of summer time.
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
fn what_does_not_exist_is_told_beside_a_long_window_and_not_on_a_day_off() {
    let lost = |windows: &[&str], holidays: &[&str]| {
        let timetable = json!({"Timezone": "Europe/Berlin", "Windows": windows, "Holidays": holidays});
        warnings(&json!({ "Timetable": timetable }), "2026-03-01T00:00:00Z")
    };
    let told = ["window Daily 02:00-03:00 does not exist on 2026-03-29: the clocks skip it"];
    assert_eq!(lost(&["Daily 02:00-03:00"], &[]), told);
    assert_eq!(lost(&["Daily 02:00-03:00", "Fri 21:00 - Mon 06:00"], &[]), told);
    assert_eq!(lost(&["Daily 02:00-03:00"], &["2026-03-29"]), Vec::<String>::new());
    assert_eq!(lost(&["Mon-Sat 02:00-03:00"], &[]), Vec::<String>::new());
    // Far east of Greenwich the clocks change on the day before there.
    let sydney = warnings(&windows("Australia/Sydney", &["Daily 02:00-03:00"]), "2026-09-01T00:00:00Z");
    assert_eq!(sydney, ["window Daily 02:00-03:00 does not exist on 2026-10-04: the clocks skip it"]);
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
