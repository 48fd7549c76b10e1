//! Rule 11: what a declaration costs at most is said when it is registered.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::Timestamp;
use policy::commitment::Commitment;
use policy::money::Dearest;
use serde_json::{Value, json};

const NOON: &str = "2026-11-16T12:00:00Z";

fn dearest(declared: &Value, now: &str) -> Option<Dearest> {
    let mut whole = json!({ "Name": "support", "ModelId": "amazon.nova-lite-v1:0:24k", "PricePerUnitHour": 20 });
    let keys = declared.as_object().expect("an object").clone();
    whole.as_object_mut().expect("an object").extend(keys);
    let commitment: Commitment = serde_json::from_value(whole).expect("a commitment");
    Dearest::of(&commitment, now.parse::<Timestamp>().expect("an instant"))
}

/// The month or term, the model-unit hours, and the cost.
fn told(declared: &Value, now: &str) -> (String, i64, f64) {
    let Dearest { of, model_unit_hours, cost } = dearest(declared, now).expect("a price is declared");
    (of, model_unit_hours, cost)
}

fn weekdays(more: &Value) -> Value {
    let mut timetable = json!({ "Timezone": "Asia/Tokyo", "Windows": ["Mon-Fri 08:00-20:00"] });
    timetable.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({ "Timetable": timetable, "LeadTime": "40m", "Drain": "5m" })
}

#[test]
fn of_business_hours_it_is_the_first_month_with_most_weekdays_lead_and_drain_in_started_hours() {
    // Twelve hours, forty minutes of lead and five of drain are thirteen started hours; December has 23 weekdays.
    assert_eq!(told(&weekdays(&json!({})), NOON), ("2026-12".to_owned(), 13 * 23, 5980.0));
}

#[test]
fn holidays_make_another_month_the_dearest() {
    let holidays = weekdays(&json!({ "Holidays": ["2026-12-29/2027-01-03"] }));
    assert_eq!(told(&holidays, NOON), ("2027-03".to_owned(), 13 * 23, 5980.0));
}

#[test]
fn an_exception_in_the_rest_of_this_month_counts() {
    let on = json!({ "Window": "2026-11-17T00:00/2026-11-27T00:00", "State": "On", "ModelUnits": 9 });
    let (of, hours, _) = told(&weekdays(&json!({ "Exceptions": [on] })), NOON);
    // Ten days of nine model units, forty minutes of lead and five of drain; then a Friday and a Monday.
    assert_eq!((of.as_str(), hours), ("2026-11", 9 * 241 + 2 * 13));
}

#[test]
fn always_on_it_is_a_month_of_31_days_and_a_size_of_a_window_counts_in_full() {
    assert_eq!(told(&json!({ "ModelUnits": 2 }), NOON), ("2026-12".to_owned(), 2 * 744, 29_760.0));
    assert_eq!(told(&json!({}), "2027-01-31T00:00:00Z"), ("2027-03".to_owned(), 744, 14_880.0));
}

#[test]
fn the_month_is_the_time_zones_and_has_an_hour_more_where_clocks_are_turned_back() {
    let whole = json!({ "Timezone": "Europe/Berlin", "Windows": ["Mon-Sun 00:00-24:00"] });
    let (of, hours, _) = told(&json!({ "Timetable": whole }), NOON);
    assert_eq!((of.as_str(), hours), ("2027-10", 745));
}

#[test]
fn a_term_counts_as_a_whole() {
    let term = |term: &str| json!({ "CommitmentDuration": term, "Purchase": "first" });
    assert_eq!(told(&term("OneMonth"), NOON), ("OneMonth".to_owned(), 30 * 24, 14_400.0));
    assert_eq!(told(&term("SixMonths"), NOON), ("SixMonths".to_owned(), 181 * 24, 86_880.0));
}

#[test]
fn without_a_price_nothing_is_said_and_with_one_it_reads_as_a_sentence() {
    let commitment = json!({ "Name": "support", "ModelId": "amazon.nova-lite-v1:0:24k" });
    let commitment: Commitment = serde_json::from_value(commitment).expect("a commitment");
    assert_eq!(Dearest::of(&commitment, Timestamp::UNIX_EPOCH), None);
    let said = dearest(&weekdays(&json!({})), NOON).expect("a price is declared").to_string();
    assert_eq!(said, "the dearest month, 2026-12, costs 5980.00: 299 model-unit hours");
    let term = dearest(&json!({ "CommitmentDuration": "OneMonth", "Purchase": "first" }), NOON).expect("a price");
    assert_eq!(term.to_string(), "the term, OneMonth, costs 14400.00: 720 model-unit hours");
}
