//! What does a declaration cost, said before it is registered?

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::timetable::ModelUnits;
use serde_json::Value;

use crate::bill::{Bill, bill, exactly, money};

/// How far ahead a price is told.
const AHEAD_DAYS: i64 = 30;

fn ahead(commitment: &Commitment, now: Timestamp) -> Bill {
    let until = now.saturating_add(SignedDuration::from_hours(AHEAD_DAYS * 24)).unwrap_or(Timestamp::MAX);
    bill(commitment, now, until)
}

/// What `commitment` costs from `now` on: thirty days, or the whole term.
#[must_use]
pub fn of(commitment: &Commitment, now: Timestamp) -> String {
    let bill = ahead(commitment, now);
    let term = commitment.term.map(|term| format!("the whole term ({term}) is owed: "));
    let span = term.unwrap_or_else(|| format!("the next {AHEAD_DAYS} days: "));
    let cost = bill.cost_of(bill.unit_hours).map(|cost| format!(", {}", money(&cost))).unwrap_or_default();
    format!("{}: {span}{} model-unit hours{cost}", commitment.name, bill.unit_hours)
}

/// What `units` of `commitment` cost for as long as they are there.
#[must_use]
pub fn while_on(commitment: &Commitment, units: ModelUnits) -> String {
    let bill =
        Bill { unit_hours: i64::from(units.get()), ..bill(commitment, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH) };
    let cost = bill.cost_of(bill.unit_hours).map(|cost| format!(", {} an hour", exactly(&cost))).unwrap_or_default();
    format!("{}: {units} model units{cost}", commitment.name)
}

/// What a declaration costs from `now` on, and how much more or less that is than the one that is registered.
#[must_use]
pub fn compared(registered: &Value, declared: &Value, now: Timestamp) -> Vec<String> {
    let Ok(after) = serde_json::from_value::<Commitment>(declared.clone()) else { return Vec::new() };
    let mut lines = vec![of(&after, now)];
    let before = serde_json::from_value::<Commitment>(registered.clone()).ok();
    if let Some(before) = before {
        let (old, new) = (ahead(&before, now), ahead(&after, now));
        let hours = new.unit_hours - old.unit_hours;
        let costs = new.cost_of(new.unit_hours).zip(old.cost_of(old.unit_hours));
        let costs = costs.map(|(new, old)| format!(", {}", money(&(new - old)))).unwrap_or_default();
        lines.push(format!("against what is registered: {hours:+} model-unit hours{costs}"));
    }
    lines
}
