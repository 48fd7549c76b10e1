//! When is capacity held? The rules of docs/reference.md, "When it is on", as tables of
//! `(instant, expected model units)`, where 0 is off; and all of them at once against a naive model.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests stop at what a test must not meet")]

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use policy::commitment::Commitment;
use policy::desired::{Base, Demand, Hold, Override};
use policy::input::Mistakes;
use policy::timetable::{Holiday, ModelUnits, Period, State, Window, Zone, duration_text, parse_duration};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

mod clocks;
mod grammar;
mod lead;
mod model;
mod windows;

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
