//! How is a preview said to programs?

use std::fmt::Write;

use rehearsal::timeline::{Day, Special, Stretch};
use serde_json::{Value, json};

use super::Preview;
use super::text::{changes, state};

/// `{"Commitments": […]}`, in the manner of the function's reports: `PascalCase`, RFC 3339, UTC beside local time.
#[must_use]
pub fn json(previews: &[Preview]) -> Value {
    json!({"Commitments": previews.iter().map(one).collect::<Vec<_>>()})
}

fn one(preview: &Preview) -> Value {
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
        lead_and_drain: _,
        warnings,
    } = preview;
    let mut billed = json!({
        "HoursOn": bill.hours_on,
        "Purchases": bill.purchases,
        "ModelUnitHours": bill.unit_hours,
        "ModelUnitHoursAlwaysOn": bill.unit_hours_always_on,
        "LargestModelUnits": bill.largest,
    });
    if let (Some((cost, always_on)), Some(price)) = (bill.cost(), bill.price) {
        billed["PricePerUnitHour"] = json!(price);
        billed["Cost"] = json!((cost * 100.0).round() / 100.0);
        billed["CostAlwaysOn"] = json!((always_on * 100.0).round() / 100.0);
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
#[must_use]
pub fn csv(previews: &[Preview]) -> String {
    let header =
        "commitment,from,until,local_from,local_until,phase,held_model_units,wanted_model_units,because,special";
    let mut csv = format!("{header}\r\n");
    for preview in previews {
        for Stretch { from, until, phase, held, wanted, because, special } in &preview.stretches {
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
