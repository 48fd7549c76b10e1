//! How is a preview said to programs?

use std::fmt::Write;

use bigdecimal::{BigDecimal, RoundingMode};
use rehearsal::timeline::{Day, Special, Stretch};
use serde_json::{Number, Value, json};

use super::Preview;
use super::text::{Total, changes, state, sums_by};
use crate::arguments::While;
use crate::bill::{exactly, hours};

/// `{"Commitments": […]}`, in the manner of the function's reports: `PascalCase`, RFC 3339, UTC beside local time.
#[must_use]
pub fn json(previews: &[Preview], by: Option<While>) -> Value {
    let total = Total::of(previews);
    let mut sum = json!({"ModelUnitHours": total.unit_hours, "ModelUnitHoursAlwaysOn": total.unit_hours_always_on});
    if let Some(cost) = &total.cost {
        sum["Cost"] = number(cost);
    }
    json!({"Commitments": previews.iter().map(|preview| one(preview, by)).collect::<Vec<_>>(), "Total": sum})
}

/// A decimal as a JSON number, with the digits that it has.
fn number(decimal: &BigDecimal) -> Value {
    serde_json::from_str::<Number>(&exactly(decimal)).map_or(Value::Null, Value::Number)
}

fn one(preview: &Preview, by: Option<While>) -> Value {
    let Preview {
        name,
        model,
        zone: _,
        zone_name,
        days,
        stretches,
        pieces: _,
        sizes: _,
        bill,
        windows,
        lead_and_drain: _,
        warnings,
    } = preview;
    let mut billed = json!({
        "HoursOn": number(&hours(bill.seconds_on, 4)),
        "Purchases": bill.purchases,
        "ModelUnitHours": bill.unit_hours,
        "ModelUnitHoursBySecond": number(&hours(bill.unit_seconds, 4)),
        "ModelUnitHoursAlwaysOn": bill.unit_hours_always_on,
        "LargestModelUnits": bill.largest,
        "ModelUnitHoursAlwaysOnAtUsual": bill.unit_hours_always_usual,
        "UsualModelUnits": bill.usual,
        "Term": bill.term,
    });
    let costs = [
        ("PricePerUnitHour", bill.price.clone()),
        ("Cost", bill.cost_of(bill.unit_hours)),
        ("CostBySecond", bill.cost_by_second().map(|cost| cost.with_scale_round(4, RoundingMode::HalfEven))),
        ("CostAlwaysOn", bill.cost_of(bill.unit_hours_always_on)),
        ("CostAlwaysOnAtUsual", bill.cost_of(bill.unit_hours_always_usual)),
    ];
    for (key, cost) in costs {
        if let Some(cost) = cost {
            billed[key] = number(&cost);
        }
    }
    let costed = |key: &str, name: &str, unit_hours: i64| {
        let mut said = json!({key: name, "ModelUnitHours": unit_hours});
        if let Some(cost) = bill.cost_of(unit_hours) {
            said["Cost"] = number(&cost);
        }
        said
    };
    billed["Windows"] = windows.iter().map(|(window, hours)| costed("Window", window, *hours)).collect();
    if let Some(by) = by {
        billed["By"] = sums_by(preview, by).iter().map(|(name, hours)| costed("From", name, *hours)).collect();
    }
    json!({
        "Name": name,
        "ModelId": model,
        "Timezone": zone_name,
        "Days": days.iter().map(day).collect::<Vec<_>>(),
        "Transitions": changes(preview).into_iter().map(|stretch| transition(preview, stretch)).collect::<Vec<_>>(),
        "Stretches": stretches.iter().map(|stretch| said(preview, stretch)).collect::<Vec<_>>(),
        "Bill": billed,
        "Warnings": warnings,
    })
}

fn day(day: &Day) -> Value {
    let Day { date, from, until } = day;
    json!({"Date": date.to_string(), "From": from, "Until": until, "Minutes": until.duration_since(*from).as_mins()})
}

const LOCAL: &str = "%Y-%m-%dT%H:%M:%S%:z";

fn transition(preview: &Preview, stretch: &Stretch) -> Value {
    json!({
        "At": stretch.from,
        "Local": preview.local(stretch.from, LOCAL),
        "Is": state(stretch),
        "Because": stretch.because,
    })
}

fn said(preview: &Preview, stretch: &Stretch) -> Value {
    let Stretch { from, until, phase, held, wanted, because, special } = stretch;
    json!({
        "From": from,
        "Until": until,
        "LocalFrom": preview.local(*from, LOCAL),
        "LocalUntil": preview.local(*until, LOCAL),
        "Phase": phase.word(),
        "HeldModelUnits": held.map_or(0, std::num::NonZero::get),
        "WantedModelUnits": wanted.map_or(0, std::num::NonZero::get),
        "Because": because,
        "Special": special.as_ref().map(Special::text),
    })
}

/// A header, and a row for every stretch of every commitment; RFC 4180.
///
/// What is billed stands in the row in which its hour starts, so that the sum of a column is the bill.
#[must_use]
pub fn csv(previews: &[Preview]) -> String {
    let header = "commitment,from,until,local_from,local_until,phase,held_model_units,wanted_model_units,because,special,\
         billed_model_units,billed_model_unit_hours,cost";
    let mut csv = format!("{header}\r\n");
    for preview in previews {
        let bill = &preview.bill;
        for Stretch { from, until, phase, held, wanted, because, special } in &preview.stretches {
            let billed = bill.started_in(*from, *until);
            let fields = [
                preview.name.clone(),
                from.to_string(),
                until.to_string(),
                preview.local(*from, LOCAL),
                preview.local(*until, LOCAL),
                phase.word().to_owned(),
                held.map_or(0, std::num::NonZero::get).to_string(),
                wanted.map_or(0, std::num::NonZero::get).to_string(),
                because.clone(),
                special.as_ref().map(Special::text).unwrap_or_default().to_owned(),
                bill.units_at(*from).to_string(),
                billed.to_string(),
                bill.cost_of(billed).map(|cost| exactly(&cost)).unwrap_or_default(),
            ];
            let _ = write!(csv, "{}\r\n", fields.map(|field| quoted(&field)).join(","));
        }
    }
    csv
}

/// A field, in quotes where it needs them; what a spreadsheet would take for a formula is told to be a text.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}
