//! Hours as people write them: zones, windows, holidays and terms that are nearly right, told by the command itself.

use throughput_cli::arguments::Day;
use throughput_cli::preview::Preview;
use throughput_cli::source::{self, Level, Source};

use crate::checking::check_input;
use crate::stand_in::StandIn;
use crate::{call, run};

/// Checks a commitment with `timetable` in its `Timetable`, each of its lines two columns deep.
fn check(timetable: &str) -> (i32, String) {
    check_input(&format!("Name: a\nModelId: x.y:24k\nTimetable:\n{timetable}"))
}

fn zone(name: &str) -> (i32, String) {
    check(&format!("  Timezone: {name}\n  Windows: [Mon-Fri 08:00-20:00]\n"))
}

fn window(window: &str) -> (i32, String) {
    check(&format!("  Timezone: Asia/Tokyo\n  Windows:\n    - {window}\n"))
}

#[test]
fn an_abbreviation_an_offset_or_a_place_is_told_with_the_names_of_the_database() {
    for (written, meant) in [
        ("JST", "Asia/Tokyo"),
        ("PST", "America/Los_Angeles"),
        ("IST", "Asia/Kolkata"),
        ("BST", "Europe/London"),
        ("EDT", "America/New_York"),
        ("GMT+9", "Asia/Tokyo"),
        ("Berlin", "Europe/Berlin"),
        ("New_York", "America/New_York"),
    ] {
        let (code, out) = zone(written);
        assert!(code == 1 && out.contains(meant), "{written}: {out}");
    }
    for (written, meant) in [("EST", "America/New_York"), ("MST", "America/Denver"), ("HST", "Pacific/Honolulu")] {
        let (code, out) = zone(written);
        assert!(code == 0 && out.contains("warning: ") && out.contains(meant), "{written}: {out}");
    }
}

#[test]
fn a_window_that_is_nearly_right_is_told_with_what_is_missing() {
    for (written, cure) in [
        ("Daily 22:00 - Mon 06:00", "to be on each night, write `Daily 22:00-06:00`"),
        ("08:00-20:00", "names no days"),
        ("Mon-Fri 08:00-12:00,13:00-20:00", "one window an entry: `Mon-Fri 08:00-12:00`, `Mon-Fri 13:00-20:00`"),
        ("Mon-Fri 08:00-20:00, Sat 10:00-14:00", "one window an entry: `Mon-Fri 08:00-20:00`, `Sat 10:00-14:00`"),
    ] {
        let (code, out) = window(written);
        assert!(code == 1 && out.replace("\n          ", " ").contains(cure), "{written}: {out}");
    }
}

#[test]
fn what_a_holiday_does_to_a_span_across_days_is_told_by_check_and_preview() {
    let now = "2027-01-04T00:00:00Z".parse().unwrap();
    for (holiday, does) in
        [("2027-01-11", "takes away all of window"), ("2027-01-13", "takes nothing away from window")]
    {
        let text = format!(
            "Name: a\nModelId: x.y:24k\nTimetable:\n  Timezone: Asia/Tokyo\n  Windows: [Mon 08:00 - Fri 20:00]\n  Holidays: [{holiday}]\n"
        );
        let contents = source::read_at(&Source { path: "a.yaml".to_owned(), text }, now);
        let checked: Vec<&str> = contents.findings.iter().map(|finding| finding.message.as_str()).collect();
        let day = Day::Date("2027-01-11".parse().unwrap());
        let previewed = Preview::new(&contents.declarations[0], Some(day), 7, now).unwrap().warnings;
        let previewed: Vec<&str> = previewed.iter().map(String::as_str).collect();
        let way_out = "`Mon 08:00-24:00`, `Tue-Thu 00:00-24:00`, `Fri 00:00-20:00`, which is one stretch";
        for warnings in [checked, previewed] {
            let is_told = |warning: &&str| warning.contains(does) && warning.contains(way_out);
            assert!(warnings.iter().any(is_told), "{holiday}: {warnings:?}");
        }
        assert!(contents.findings.iter().all(|finding| finding.level == Level::Warning));
    }
}

#[test]
fn an_exception_without_effect_is_warned_of() {
    let windows = "  Timezone: Asia/Tokyo\n  Windows: [Daily 08:00-20:00]\n  Exceptions:\n";
    let (code, out) = check(&format!("{windows}    - {{ Window: 2099-01-05T10:00/2099-01-05T12:00, State: 'On' }}\n"));
    assert!(code == 0 && out.contains("has no effect: it is"), "{out}");
}

#[test]
fn no_term_may_be_said_in_so_many_words() {
    let (code, out) = check_input("Name: a\nModelId: x.y:24k\nCommitmentDuration: None\n");
    assert!(code == 0 && out.contains("no mistakes"), "{out}");
}

#[test]
fn several_files_are_previewed_with_a_total() {
    let both = run(&["preview", "tokyo.yaml", "berlin.yaml", "--from", "tomorrow"]);
    assert_eq!(both.code, 0, "{}", both.err);
    assert!(both.out.contains("total of 3 commitments: "), "{}", both.out);
}

#[test]
fn an_hour_of_today_or_tomorrow_is_an_end() {
    let report =
        serde_json::json!({"Name": "a", "Desired": {"State": "On", "Because": "window Mon 08:00-20:00 Asia/Tokyo"}});
    for until in ["18:00", "tomorrow 09:00"] {
        let aws = StandIn::reporting(&report);
        let told = call(&mut aws.command(&["override", "a", "off", "--until", until]));
        // Of today it may be past.
        let is_past = told.code == 2 && told.err.contains("is past") && until == "18:00";
        let sent = || aws.requests()[1].body["Until"].as_str().unwrap().to_owned();
        assert!(is_past || (told.code == 0 && sent().ends_with(":00:00Z")), "{until}: {}", told.err);
    }
}
