//! How is a timetable written, and what is somebody told who writes something else?

use super::*;

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
        ("02-30", "02-30", "`12-25` for each year"),
        ("12-5", "12-5", form),
        ("13-01", "13-01", form),
        ("--12-25", "--12-25", form),
        ("12-24/12-26", "12-24/12-26", "write both dates in full"),
        ("2026-12-24/12-26", "2026-12-24/12-26", "write both dates in full"),
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
        ("Asia/Tokijo", "Asia/Tokijo", "did you mean `Asia/Tokyo`?"),
        ("Europe/Berln", "Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("America/NewYork", "America/NewYork", "did you mean `America/New_York`?"),
        ("The office's clock", "The office's clock", "`Asia/Tokyo`"),
        ("+09:00", "+09:00", "`Asia/Tokyo`"),
        ("", "", "IANA"),
    ]);
    assert_eq!("Asia/Tokyo".parse::<Zone>().expect("a zone").name(), "Asia/Tokyo");
}

/// Abbreviations, offsets, cities, countries and Windows' names: each gets its own place, and no name that looks alike.
#[test]
fn a_place_that_is_written_otherwise_is_told_by_its_iana_name() {
    for (written, name) in [
        ("JST", "Asia/Tokyo"),
        ("jst", "Asia/Tokyo"),
        ("PST", "America/Los_Angeles"),
        ("PDT", "America/Los_Angeles"),
        ("IST", "Asia/Kolkata"),
        ("IST", "Asia/Jerusalem"),
        ("BST", "Europe/London"),
        ("EDT", "America/New_York"),
        ("CST", "America/Chicago"),
        ("CST", "Asia/Shanghai"),
        ("CEST", "Europe/Berlin"),
        ("AEST", "Australia/Sydney"),
        ("NZST", "Pacific/Auckland"),
        ("KST", "Asia/Seoul"),
        ("SGT", "Asia/Singapore"),
        ("HKT", "Asia/Hong_Kong"),
        ("GMT+9", "Asia/Tokyo"),
        ("GMT+09:00", "Asia/Tokyo"),
        ("UTC+1", "Europe/Berlin"),
        ("UTC-5", "America/New_York"),
        ("UTC+05:30", "Asia/Kolkata"),
        ("-0800", "America/Los_Angeles"),
        ("Berlin", "Europe/Berlin"),
        ("New_York", "America/New_York"),
        ("new york", "America/New_York"),
        ("New-York", "America/New_York"),
        ("Tokyo", "Asia/Tokyo"),
        ("Sao Paulo", "America/Sao_Paulo"),
        ("Berlin, Germany", "Europe/Berlin"),
        ("Germany", "Europe/Berlin"),
        ("India", "Asia/Kolkata"),
        ("Mumbai", "Asia/Kolkata"),
        ("San Francisco", "America/Los_Angeles"),
        ("Tokyo Standard Time", "Asia/Tokyo"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Londn", "Europe/London"),
    ] {
        refuses::<Zone>(&[(written, written, &format!("`{name}`"))]);
    }
    // Nothing is near to an abbreviation that nobody knows.
    refuses::<Zone>(&[("XYZ", "XYZ", "use a name such as"), ("QQT", "QQT", "use a name such as")]);
}

/// Every name that a message offers is one that is accepted, and none is an abbreviation.
#[test]
fn what_a_message_offers_is_a_place() {
    let mut offered = 0;
    let mut abbreviations: Vec<String> = Vec::new();
    let letters = || 'A'..='Z';
    for first in letters() {
        for second in letters() {
            abbreviations.push(format!("{first}{second}T"));
        }
        abbreviations.extend(["ST", "DT", "EST"].map(|rest| format!("{first}{rest}")));
    }
    let offsets = (-12..=14).map(|hours| format!("GMT{hours:+}"));
    for text in abbreviations.into_iter().chain(offsets) {
        let Err(error) = text.parse::<Zone>() else { continue };
        let message = error.to_string();
        for name in message.split('`').skip(3).step_by(2) {
            offered += 1;
            assert!(name.contains('/') || name == "UTC", "{message}");
            assert!(name.parse::<Zone>().is_ok(), "{message}");
        }
    }
    assert!(offered > 60, "{offered} names were offered");
}

#[test]
fn a_window_that_is_nearly_right_is_told_with_what_is_missing_or_written_out() {
    refuses::<Window>(&[
        ("Daily 22:00 - Mon 06:00", "Daily", "to be on each night, write `Daily 22:00-06:00`"),
        ("Mon-Fri 08:00 - Fri 20:00", "Mon-Fri", "to be on each day, write `Mon-Fri 08:00-20:00`"),
        ("Fri 21:00 - Daily 06:00", "Daily", "one at each end"),
        ("08:00-20:00", "08:00-20:00", "names no days; write `Mon-Fri 08:00-20:00`, or `Daily 08:00-20:00`"),
        ("Sat", "Sat", "names no times; write `Sat 08:00-20:00`"),
        ("Mon 08:00", "Mon 08:00", "has a beginning and no end"),
        ("Mon–Fri 08:00–20:00", "Mon–Fri 08:00–20:00", "write `Mon-Fri 08:00-20:00`"),
        (
            "Mon-Fri 08:00-12:00,13:00-20:00",
            "Mon-Fri 08:00-12:00,13:00-20:00",
            "one window an entry: `Mon-Fri 08:00-12:00`, `Mon-Fri 13:00-20:00`",
        ),
        (
            "Mon-Fri 08:00-20:00, Sat 10:00-14:00",
            "Mon-Fri 08:00-20:00, Sat 10:00-14:00",
            "one window an entry: `Mon-Fri 08:00-20:00`, `Sat 10:00-14:00`",
        ),
        (
            "Mon,Wed 08:00-09:00 and Fri 10:00 - Sun 14:00",
            "Mon,Wed 08:00-09:00 and Fri 10:00 - Sun 14:00",
            "one window an entry: `Mon,Wed 08:00-09:00`, `Fri 10:00 - Sun 14:00`",
        ),
        (
            "mon-fri 08:00-12:00 13:00-17:00; sat 10:00-12:00",
            "mon-fri 08:00-12:00 13:00-17:00; sat 10:00-12:00",
            "`Mon-Fri 08:00-12:00`, `Mon-Fri 13:00-17:00`, `Sat 10:00-12:00`",
        ),
    ]);
    // No message offers what is refused again.
    let daily = "Moon 21:00 - Tue 06:00".parse::<Window>().expect_err("no day").to_string();
    assert!(!daily.contains("Daily"), "{daily}");
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
    .expect_err("eight mistakes");
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
    assert!(
        read(&json!({"CommitmentDuration": "OneMonth", "Purchase": "a", "Timetable": {"Timezone": "UTC"}})).is_err()
    );
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
    for text in ["2026-12-29", "2026-12-29/2027-01-03", "12-25", "02-29"] {
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
