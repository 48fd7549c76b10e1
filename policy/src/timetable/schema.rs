//! How is a timetable written, in the words of JSON Schema?
//!
//! For each type of the grammar its fragment: a pattern that lets through whatever the parser accepts, and as little else as a
//! regular expression can.

use serde_json::{Value, json};

use super::grammar::LONGEST;
use super::window::DAYS;
use super::{Holiday, Period, Window, Zone};
use crate::pattern::{SPACE, any_case, any_of, none_of, up_to};

impl Zone {
    pub(crate) fn schema() -> Value {
        json!({
            "type": "string", "pattern": "^[A-Za-z][0-9A-Za-z_+/-]*$",
            "patternErrorMessage": "use an IANA name such as `Asia/Tokyo` or `UTC`",
        })
    }
}

impl Window {
    pub(crate) fn schema() -> Value {
        let day = any_of(DAYS.map(any_case));
        let days = format!("{day}(?:{SPACE}-{SPACE}{day})?");
        let list = any_of([any_case("Daily"), format!("{days}(?:{SPACE},{SPACE}{days})*")]);
        let time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
        let end = format!("(?:{time}|24:00)");
        let weekly = format!("{list}{SPACE}{time}{SPACE}-{SPACE}{end}");
        let span = format!("{day}{SPACE}{time}{SPACE}-{SPACE}{day}{SPACE}{end}");
        let same_day = any_of(DAYS.map(any_case).map(|day| format!("{day}{SPACE}-{SPACE}{day}")));
        let same_time = format!("^[^0-9]*([0-9:]{{5}}){SPACE}-{SPACE}\\1{SPACE}$");
        let same_moment = format!("^{SPACE}([A-Za-z]{{3}}){SPACE}([0-9:]{{5}}){SPACE}-{SPACE}\\1{SPACE}\\2{SPACE}$");
        let empty = "it ends when it opens; a whole day is `00:00-24:00`";
        json!({
            "type": "string", "pattern": format!("^{SPACE}(?:{weekly}|{span}){SPACE}$"),
            "patternErrorMessage": "use `Mon-Fri 08:00-20:00`, or `Fri 21:00 - Mon 06:00` for one span across days",
            "allOf": [
                none_of(&json!({"pattern": same_day}), "it names one day twice; use the day alone, or Daily"),
                none_of(&json!({"pattern": same_time}), empty),
                none_of(&json!({"pattern": same_moment}), empty),
            ],
        })
    }
}

impl Holiday {
    pub(crate) fn schema() -> Value {
        let date = date();
        let yearly = format!("(?:{MONTHS}|02-29)");
        json!({
            "type": "string", "pattern": format!("^{SPACE}(?:{date}{SPACE}(?:/{SPACE}{date}{SPACE})?|{yearly}{SPACE})$"),
            "patternErrorMessage": "use `2026-12-29`, `2026-12-29/2027-01-03` for first and last day, or `12-25` for each year",
        })
    }
}

impl Period {
    pub(crate) fn schema() -> Value {
        let start = format!("{}T(?:[01][0-9]|2[0-3]):[0-5][0-9]", date());
        let end = format!("{}T(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)", date());
        json!({
            "type": "string", "pattern": format!("^{SPACE}{start}{SPACE}/{SPACE}{end}{SPACE}$"),
            "patternErrorMessage": "use `2026-12-28T10:00/2026-12-28T16:00`, in the timetable's own time zone",
        })
    }
}

/// A day that every year has, as month and day.
const MONTHS: &str = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)\
    |02-(?:0[1-9]|1[0-9]|2[0-8]))";

/// A day that exists, 29 February in leap years alone.
fn date() -> String {
    let leap = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    format!("(?:[0-9]{{4}}-{MONTHS}|{leap}-02-29)")
}

/// The schema of a duration: the forms that jiff reads (its "friendly" ones and ISO 8601), up to a week.
pub(crate) fn duration_schema() -> Value {
    let most = |unit: i64| up_to(u32::try_from(LONGEST.as_secs() / unit).unwrap_or(u32::MAX));
    let (hours, minutes, seconds) = (most(3600), most(60), most(1));
    let many = "[0-9]{1,20}";
    let fraction = "[.,][0-9]{1,9}";
    let labels = [
        "(?:h|hrs?|hours?)",
        "(?:m|mins?|minutes?)",
        "(?:s|secs?|seconds?)",
        "(?:ms|msecs?|millis?|milliseconds?)",
        r"(?:us|\u00b5s|usecs?|\u00b5secs?|micros?|microseconds?)",
        "(?:ns|nsecs?|nanos?|nanoseconds?)",
    ];
    let blank = r"[ \t\n\r\f]";
    let parts = labels.iter().zip([hours.as_str(), &minutes, &seconds, many, many, many]);
    let parts = parts.map(|(label, number)| format!("(?:{number}{blank}*{label}(?:,{blank})?{blank}*)?"));
    let last = format!("(?:{many}{fraction}{blank}*{})?", any_of(labels));
    let friendly = format!("{}{last}(?:{blank}*ago)?", parts.collect::<String>());
    let clock = format!("{hours}:{minutes}:{seconds}(?:{fraction})?(?:{blank}+ago)?");
    let iso = format!("[Pp][Tt](?:{hours}[Hh])?(?:{minutes}[Mm])?(?:{seconds}[Ss])?(?:{many}{fraction}[HhMmSs])?");
    // Nothing at all, and what is negative.
    let not = format!("^{SPACE}(?:[+-]?(?:[Pp][Tt])?{SPACE}(?:ago)?{SPACE}$|-.*[1-9]|[+-].*ago|.*[1-9].*ago)");
    json!({
        "type": "string", "pattern": format!("^{SPACE}[+-]?(?:{friendly}|{clock}|{iso}){SPACE}$"),
        "patternErrorMessage": "use `90m`, `1h30m`, `2h`, `0m` or ISO 8601 such as `PT1H`; at most `168h`",
        "allOf": [none_of(&json!({"pattern": not}), "use whole seconds from `0m` to `168h`")],
    })
}
