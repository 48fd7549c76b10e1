//! What might somebody declare, and when would that be on?
//!
//! Random declarations, as a structure of their own beside the JSON that the function is sent. When one is on is worked out from that
//! structure, instant by instant, from the wall clock of its zone: another way than the function's, and none of its code.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::dice::Dice;

const ZONES: [&str; 6] =
    ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY: i64 = 24 * 60;
/// Models that fit the agents: two of one base, and a custom one of the same.
pub(super) const MODELS: [&str; 3] = ["amazon.nova-lite-v1:0:24k", "amazon.nova-lite-v1:0:300k", super::CUSTOM_MODEL];
/// What is invoked without a throughput by callers who want that.
const PROFILE: &str = "eu.amazon.nova-lite-v1:0";
/// The longest drain that is ever declared, in minutes.
pub(super) const LONGEST_DRAIN: i64 = 15;
/// Instants at which something may change are this far apart: every time that is declared is a multiple.
pub(super) const GRID: i64 = 5;

/// A declaration.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// By which it is known again: it travels as the price.
    pub(super) serial: u32,
    pub(super) model: &'static str,
    pub(super) units: u32,
    pub(super) term: Option<&'static str>,
    pub(super) hours: Option<Hours>,
    pub(super) lead: i64,
    pub(super) drain: i64,
    pub(super) rejects: bool,
    pub(super) retains: bool,
    /// What the parameter holds without a throughput.
    pub(super) without: &'static str,
    /// What is sent, without a name.
    pub(super) value: Value,
}

/// When it is wanted.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    zone: TimeZone,
    windows: Vec<Window>,
    holidays: Vec<(Date, Date)>,
    exceptions: Vec<Exception>,
}

#[derive(Debug, Clone)]
struct Window {
    opens: [bool; 7],
    /// Minutes from the midnight at which the day of its opening begins.
    from: i64,
    until: i64,
    units: Option<u32>,
}

#[derive(Debug, Clone)]
struct Exception {
    first: Date,
    from: i64,
    until: i64,
    on: bool,
    units: Option<u32>,
}

/// What a declaration may be about.
pub(super) struct Scope<'a> {
    pub(super) aliases: &'a [(String, String)],
    pub(super) parameters: &'a [String],
    pub(super) with_term: bool,
    pub(super) take_over: bool,
    pub(super) resource: bool,
}

impl Declared {
    pub(super) fn random(dice: &mut Dice, serial: u32, now: Timestamp, scope: &Scope<'_>) -> Self {
        let model = *dice.pick(&MODELS);
        let units = units(dice);
        let term = (scope.with_term && dice.once_in(3)).then(|| *dice.pick(&["OneMonth", "OneMonth", "SixMonths"]));
        let (lead, drain) = (*dice.pick(&[0, 30, 45, 60, 60, 90]), *dice.pick(&[0, 5, 5, 10, LONGEST_DRAIN]));
        let (rejects, retains) = (dice.once_in(5), scope.resource && dice.once_in(3));
        let with_hours = term.is_none() && !dice.once_in(5);
        let (hours, timetable) = if with_hours {
            let (hours, value) = Hours::random(dice, now);
            (Some(hours), Some(value))
        } else {
            (None, None)
        };
        let mut aliases: Vec<Value> =
            scope.aliases.iter().map(|(agent, alias)| json!({"AgentId": agent, "AgentAliasId": alias})).collect();
        if aliases.len() > 1 && dice.once_in(3) {
            aliases.pop();
        }
        let mut value = json!({
            "ModelId": model,
            "ModelUnits": units,
            "AgentAliases": aliases,
            "LeadTime": format!("{lead}m"),
            "Drain": if drain == 10 { "PT10M".to_owned() } else { format!("{drain}m") },
            "PricePerUnitHour": serial,
        });
        let mut put = |key: &str, member: Value| value[key] = member;
        if let Some(timetable) = timetable {
            put("Timetable", timetable);
        }
        if let Some(term) = term {
            put("CommitmentDuration", json!(term));
            put("Purchase", json!(format!("purchase-{serial}")));
            put("AtTermEnd", json!(*dice.pick(&["Retire", "Retire", "Renew"])));
        }
        if rejects {
            put("WhenOff", json!("Reject"));
        }
        let on_demand = *dice.pick(&[None, None, Some(PROFILE)]);
        if !dice.once_in(3) {
            put("ModelIdParameter", json!(dice.pick(scope.parameters)));
        }
        if let Some(on_demand) = on_demand {
            put("OnDemandModelId", json!(on_demand));
        }
        let by_default = if model == super::CUSTOM_MODEL { "off" } else { crate::MODEL };
        let without = if rejects { "off" } else { on_demand.unwrap_or(by_default) };
        if scope.take_over {
            put("TakeOver", json!(true));
        }
        if dice.once_in(3) {
            put("Tags", json!({"team": *dice.pick(&["support", "search"]), "stage": "test"}));
        }
        if scope.resource {
            put("WaitFor", json!(*dice.pick(&["Accepted", "InService"])));
            put("OnDelete", json!(if retains { "Retain" } else { "Retire" }));
            put("ServiceTimeout", json!(*dice.pick(&[1800, 3600, 3600])));
        }
        Self { serial, model, units, term, hours, lead, drain, rejects, retains, without, value }
    }

    /// The same with a mistake in it.
    pub(super) fn spoilt(&self, dice: &mut Dice) -> Value {
        let mut value = self.value.clone();
        match dice.between(0, 5) {
            0 => value["Timetable"] = json!({"Timezone": "Asia/Tokio", "Windows": ["Mon 08:00-20:00"]}),
            1 => value["Timetable"] = json!({"Timezone": "UTC", "Windows": ["Monfri 08:00-20:00"]}),
            2 => value["ModelUnit"] = json!(2),
            3 => value["ModelUnits"] = json!(99),
            4 => value["AgentAliases"] = json!([{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "TSTALIASID"}]),
            _ => value["LeadTime"] = json!("soon"),
        }
        value
    }

    /// The size that is wanted by the timetable at `at`, override and hold aside; nothing for off.
    pub(super) fn wanted(&self, at: Timestamp) -> Option<u32> {
        match &self.hours {
            None => Some(self.units),
            Some(hours) => hours.wanted(at, self.units),
        }
    }

    /// Whether clocks change near `at`, so that a wall clock alone does not say what is wanted.
    pub(super) fn clocks_change(&self, at: Timestamp) -> bool {
        let Some(Hours { zone, .. }) = &self.hours else { return false };
        let around = [-4, 4].map(|hours| at.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(at));
        zone.to_offset(around[0]) != zone.to_offset(around[1])
    }
}

fn units(dice: &mut Dice) -> u32 {
    *dice.pick(&[1, 1, 1, 2, 3])
}

impl Hours {
    fn random(dice: &mut Dice, now: Timestamp) -> (Self, Value) {
        let name = *dice.pick(&ZONES);
        let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
        let today = zone.to_datetime(now).date();
        let mut windows = Vec::new();
        let mut values = Vec::new();
        for _ in 0..dice.between(1, 3) {
            let (window, value) = Window::random(dice);
            windows.push(window);
            values.push(value);
        }
        let mut timetable = json!({"Timezone": name, "Windows": values});
        let soon = |dice: &mut Dice| today.saturating_add(dice.between(0, 20).days());
        let mut holidays = Vec::new();
        if dice.once_in(2) {
            let first = soon(dice);
            let last = first.saturating_add(dice.between(0, 2).days());
            timetable["Holidays"] = if first == last { json!([first]) } else { json!([format!("{first}/{last}")]) };
            holidays.push((first, last));
        }
        let mut exceptions = Vec::new();
        let mut values = Vec::new();
        for _ in 0..dice.between(0, 2) {
            let first = soon(dice);
            let from = dice.between(0, 23) * 60;
            let until = from + dice.between(1, 36) * 30;
            let on = dice.once_in(2);
            let units = (on && dice.once_in(2)).then(|| units(dice));
            let text = |minutes: i64| {
                let day = first.saturating_add((minutes / DAY).days());
                format!("{day}T{:02}:{:02}", minutes % DAY / 60, minutes % 60)
            };
            let mut value =
                json!({"Window": format!("{}/{}", text(from), text(until)), "State": if on { "On" } else { "Off" }});
            if let Some(units) = units {
                value["ModelUnits"] = json!(units);
            }
            values.push(value);
            exceptions.push(Exception { first, from, until, on, units });
        }
        if !values.is_empty() {
            timetable["Exceptions"] = json!(values);
        }
        (Self { zone, windows, holidays, exceptions }, timetable)
    }

    fn wanted(&self, at: Timestamp, usual: u32) -> Option<u32> {
        let Self { zone, windows, holidays, exceptions } = self;
        let local = zone.to_datetime(at);
        let (today, minute) = (local.date(), i64::from(local.hour()) * 60 + i64::from(local.minute()));
        let since = |first: Date| i64::from((today - first).get_days()) * DAY + minute;
        let exception = exceptions.iter().rev().find(|one| (one.from..one.until).contains(&since(one.first)));
        if let Some(exception) = exception {
            return exception.on.then_some(exception.units.unwrap_or(usual));
        }
        let mut wanted = None;
        for back in 0..=7_i64 {
            let opened = today.saturating_sub(back.days());
            if holidays.iter().any(|(first, last)| *first <= opened && opened <= *last) {
                continue;
            }
            let weekday = usize::try_from(opened.weekday().to_monday_zero_offset()).unwrap_or_default();
            for window in windows {
                if window.opens[weekday] && (window.from..window.until).contains(&(back * DAY + minute)) {
                    wanted = wanted.max(Some(window.units.unwrap_or(usual)));
                }
            }
        }
        wanted
    }
}

impl Window {
    fn random(dice: &mut Dice) -> (Self, Value) {
        let clock = |dice: &mut Dice, from: i64, until: i64| {
            let step = if dice.once_in(4) { GRID } else { 30 };
            dice.between(from / step, until / step) * step
        };
        let text = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let mut opens = [false; 7];
        let first = usize::try_from(dice.between(0, 6)).unwrap_or_default();
        let (from, until, written);
        match dice.between(0, 5) {
            // Across days, as one span.
            0 => {
                let days = dice.between(1, 4);
                opens[first] = true;
                from = clock(dice, 0, DAY - 30);
                let end = clock(dice, 30, DAY - 30);
                until = days * DAY + end;
                let last = (first + usize::try_from(days).unwrap_or_default()) % 7;
                written = format!("{} {} - {} {}", DAYS[first], text(from), DAYS[last], text(end));
            }
            // Past midnight.
            1 => {
                opens = [true; 7];
                from = clock(dice, 18 * 60, DAY - 30);
                let end = clock(dice, 30, 6 * 60);
                until = DAY + end;
                written = format!("Daily {}-{}", text(from), text(end));
            }
            kind => {
                let last = usize::try_from(dice.between(0, 6)).unwrap_or_default();
                let days = if kind == 2 {
                    opens[first] = true;
                    opens[last] = true;
                    if first == last { DAYS[first].to_owned() } else { format!("{},{}", DAYS[first], DAYS[last]) }
                } else {
                    let mut day = first;
                    opens[day] = true;
                    while day != last {
                        day = (day + 1) % 7;
                        opens[day] = true;
                    }
                    if first == last { DAYS[first].to_lowercase() } else { format!("{}-{}", DAYS[first], DAYS[last]) }
                };
                from = clock(dice, 0, DAY - 60);
                until = clock(dice, from + 30, DAY);
                written = format!("{days} {}-{}", text(from), text(until));
            }
        }
        let units = dice.once_in(3).then(|| units(dice));
        let value = match units {
            Some(units) => json!({"Window": written, "ModelUnits": units}),
            None => json!(written),
        };
        (Self { opens, from, until, units }, value)
    }
}
