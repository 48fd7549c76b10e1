//! What the largest declarations cost, measured against one question to the same declaration: no machine is too slow for that.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::desired::{Base, Demand};
use policy::input::Mistakes;
use policy::timetable::{Holiday, ModelUnits};
use rehearsal::commitment;
use serde_json::{Value, json};

fn declared(more: Value) -> Commitment {
    let mut mistakes = Mistakes::default();
    let read = Commitment::read(&commitment(more), "", &mut mistakes);
    mistakes.or(read).expect("it is right")
}

fn demand(commitment: &Commitment) -> Demand<'_> {
    let base = commitment.timetable.as_ref().map_or(Base::Always, Base::Timetable);
    Demand { base, units: commitment.units, hold: None, override_: None, lead: commitment.lead }
}

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("an instant")
}

/// As many windows and exceptions as are accepted, no two boundaries alike, and a lead as long as is accepted: all year
/// something else is wanted every few minutes, and what is held never changes.
fn busiest() -> Commitment {
    let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let windows = (0..100).map(|number| {
        let (opens, closes) = (clock(number * 14), clock(number * 14 + 7));
        json!({"Window": format!("Daily {opens}-{closes}"), "ModelUnits": number % 3 + 1})
    });
    let exceptions = (0..100).map(|number| {
        let date = format!("2027-{:02}-{:02}", number % 12 + 1, number % 28 + 1);
        json!({"Window": format!("{date}T00:03/{date}T00:05"), "State": "Off"})
    });
    declared(json!({
        "LeadTime": "168h",
        "Timetable": {
            "Timezone": "Europe/Berlin", "Windows": windows.collect::<Vec<_>>(), "Exceptions": exceptions.collect::<Vec<_>>(),
            "Holidays": (0..400).map(|number| format!("2027-{:02}-{:02}", number % 12 + 1, number % 28 + 1))
                .collect::<Vec<_>>(),
        },
    }))
}

/// What the system may be late with telling.
const A_MOMENT: Duration = Duration::from_millis(100);

/// How long this thread has worked so far; where the system does not tell, how long it is since it `began`.
fn worked(began: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = told.ok().and_then(|told| told.split(' ').next().and_then(|first| first.parse().ok()));
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

/// The least of five times that it takes, however busy the machine is.
fn takes<T>(mut what: impl FnMut() -> T) -> Duration {
    let times = (0..5).map(|_| {
        let began = Instant::now();
        let before = worked(began);
        let _result = what();
        worked(began).saturating_sub(before)
    });
    times.min().unwrap_or_default()
}

#[test]
fn a_year_without_a_change_costs_some_hundred_questions_not_one_for_each_boundary() {
    let commitment = busiest();
    let demand = demand(&commitment);
    assert_eq!(demand.at(now()).units, ModelUnits::new(3));
    assert_eq!(demand.next_transition(now()), None, "what is held is always the largest");
    let questions = takes(|| (0..200).filter(|_| demand.at(now()).units.is_some()).count());
    let search = takes(|| demand.next_transition(now()));
    // More than a hundred thousand boundaries lie ahead.
    assert!(
        search < questions * 50,
        "{search:?} against 200 questions in {questions:?}: it asks at each boundary anew"
    );
}

#[test]
fn holidays_of_ten_thousand_years_cost_no_more_than_one_of_a_day() {
    let with = |holiday: &str| {
        let timetable =
            json!({"Timezone": "Asia/Tokyo", "Windows": ["Daily 08:00-20:00"], "Holidays": vec![holiday; 400]});
        declared(json!({ "Timetable": timetable }))
    };
    let (ages, day) = (with("0001-01-01/9999-12-31"), with("2026-11-23"));
    assert_eq!(demand(&ages).at(now()).units, None);
    assert_eq!(demand(&ages).next_transition(now()), None);
    let asks = |commitment: &Commitment| (0..2000).filter(|_| demand(commitment).at(now()).units.is_some()).count();
    let (long, short) = (takes(|| asks(&ages)), takes(|| asks(&day)));
    assert!(long < short * 20 + A_MOMENT, "{long:?} against {short:?}: it looks at each day");
    let read = |text: &str| text.parse::<Holiday>().map(|holiday| holiday.to_string());
    assert_eq!(read("0001-01-01/9999-12-31").as_deref(), Ok("0001-01-01/9999-12-31"));
    assert!(read("0001-01-01/10000-01-01").is_err(), "a year has four digits");
    assert!(read("-9999-01-01/9999-12-31").is_err());
}

#[test]
fn an_exception_of_all_time_is_one_stretch() {
    let period = |state: &str| json!([{"Window": "0001-01-01T00:00/9999-12-30T00:00", "State": state}]);
    for (state, units) in [("On", ModelUnits::new(1)), ("Off", None)] {
        let timetable = json!({"Timezone": "UTC", "Windows": ["Mon 08:00-20:00"], "Exceptions": period(state)});
        let commitment = declared(json!({ "Timetable": timetable }));
        let demand = demand(&commitment);
        for at in [now(), now().saturating_add(SignedDuration::from_hours(24 * 366 * 1000)).expect("in range")] {
            assert_eq!(demand.at(at).units, units, "{at}");
            assert_eq!(demand.next_transition(at), None, "{at}");
        }
    }
}
