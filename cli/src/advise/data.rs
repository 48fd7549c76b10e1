//! How is advice said to programs?

use policy::advise::{Amount, HourOfWeek, Price, Verdict};
use serde_json::{Number, Value, json};

use super::{Advised, said};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The advice, in the manner of the function's reports: `PascalCase`, RFC 3339; costs are those of a week.
#[must_use]
pub fn json(advised: &Advised) -> Value {
    let Advised { question, advice, if_idle, notes: _ } = advised;
    let costs = &advice.costs;
    let prices = &question.prices;
    let percent = |thousandths: i128| number(&decimal(thousandths));
    let sizes = question.tokens_per_minute.map(
        |tokens| json!({"PerModelUnit": tokens, "From": if question.learned { "Throttles" } else { "Given" }, "LowerBound": question.learned}),
    );
    json!({
        "Verdict": said::word(advice.verdict),
        "Because": said::verdict(advised),
        "Timetable": timetable(advised),
        "ModelUnits": advice.units,
        "LeadTime": policy::timetable::duration_text(question.lead),
        "Drain": policy::timetable::duration_text(question.drain),
        "Yaml": said::yaml(advised),
        "Costs": {
            "OnDemand": amount(costs.on_demand),
            "Timetable": amount(costs.timetable),
            "AlwaysOn": amount(costs.always_on),
            "Term": costs.term.map(amount),
        },
        "Served": {
            "OnDemand": percent(advice.served.on_demand),
            "Timetable": percent(advice.served.timetable),
            "AlwaysOn": percent(advice.served.always_on),
            "Term": costs.term.map(|_| percent(advice.served.always_on)),
        },
        "Prices": {
            "Input": price(prices.input),
            "Output": price(prices.output),
            "CacheRead": prices.cached.map(price),
            "UnitHour": price(prices.unit_hour),
            "TermUnitHour": prices.term.map(price),
        },
        "Tokens": {"Input": whole(advice.tokens[0]), "Output": whole(advice.tokens[1]), "CacheRead": whole(advice.tokens[2])},
        "UnitHours": {
            "Timetable": number(&decimal(advice.unit_hours * 10 / advice.weeks.max(1))),
            "AlwaysOn": 168 * u64::from(advice.units_always_on),
        },
        "ModelUnitsAlwaysOn": question.tokens_per_minute.map(|_| advice.units_always_on),
        "TokensPerMinute": sizes,
        "BreakEven": advice.break_even.map(|turns| json!({
            "Of": said::word(turns.of),
            "UnitPrice": price(turns.unit_price),
            "FullHour": turns.full_hour.map(amount),
            "TimesTheUse": turns.use_thousandths.map(|times| number(&thousandths(times))),
        })),
        "Confidence": confidence(advised),
        "IfUnknownIsIdle": if_idle.map(said::word),
        "Covers": advice.covers && advice.verdict == Verdict::OnDemand,
        "OneOffs": advice.one_offs.iter().map(|one| {
            json!({"Start": one.start, "Tokens": one.tokens, "Cost": amount(one.cost)})
        }).collect::<Vec<_>>(),
        "Notes": said::notes(advised),
        "Week": advice.map.iter().map(hour).collect::<Vec<_>>(),
    })
}

/// The timetable as it would be declared.
fn timetable(advised: &Advised) -> Value {
    let advice = &advised.advice;
    let window = |proposed: &policy::advise::Proposed| match advice.units {
        Some(units) if units != proposed.units => {
            json!({"Window": proposed.window.to_string(), "ModelUnits": proposed.units})
        }
        Some(_) | None => json!(proposed.window.to_string()),
    };
    json!({
        "Timezone": advised.question.zone.name(),
        "Windows": advice.windows.iter().map(window).collect::<Vec<_>>(),
        "Holidays": advice.holidays.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn confidence(advised: &Advised) -> Value {
    let confidence = &advised.advice.confidence;
    json!({
        "Level": said::level(confidence.level),
        "Reasons": confidence.reasons.iter().map(|(level, text)| {
            json!({"Level": said::level(*level), "Text": text})
        }).collect::<Vec<_>>(),
        "Weeks": number(&decimal(i128::try_from(confidence.hours).unwrap_or_default() * 10 / 168)),
        "Hours": confidence.hours,
        "UnknownHours": confidence.unknown_hours,
        "DeviationPercent": number(&decimal(confidence.deviation)),
        "GrowthPercent": confidence.growth.map(|growth| number(&decimal(growth))),
    })
}

fn hour(hour: &HourOfWeek) -> Value {
    let HourOfWeek { day, hour, minute, known, usual, high, throttled } = *hour;
    json!({
        "Day": DAYS[day % 7],
        "Hour": format!("{hour:02}:{minute:02}"),
        "Known": known,
        "Usual": usual,
        "P95": high,
        "Throttled": throttled,
    })
}

fn amount(amount: Amount) -> Value {
    number(&amount.exact())
}

fn price(price: Price) -> Value {
    number(&price.to_string())
}

fn whole(number: i128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Tenths with their point.
fn decimal(tenths: i128) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

/// Thousandths with their point.
fn thousandths(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", number.abs() / 1000, number.abs() % 1000)
}

/// A decimal as JSON has it.
fn number(text: &str) -> Value {
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}
