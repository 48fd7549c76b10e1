//! How is a preview said to people?

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use rehearsal::timeline::{Phase, Stretch};

use super::Preview;
use crate::table::table;
use crate::terminal::Terminal;

/// Every preview: picture, transitions, hours, cost, warnings.
#[must_use]
pub fn text(previews: &[Preview], terminal: &Terminal) -> String {
    previews.iter().map(|preview| one(preview, terminal.width)).collect::<Vec<_>>().join("\n")
}

fn one(preview: &Preview, width: Option<usize>) -> String {
    let bold = Style::new().bold();
    let Preview { name, model, zone_name, .. } = preview;
    let mut text = format!("{bold}{name}{bold:#}  {model}  {zone_name}  {}\n\n", preview.range());
    text.push_str(&preview.picture().drawn(width));
    text.push('\n');
    text.push_str(&transitions(preview, width));
    text.push('\n');
    for line in sums(preview) {
        let _ = writeln!(text, "  {line}");
    }
    if !preview.warnings.is_empty() {
        text.push('\n');
    }
    let style = AnsiColor::Yellow.on_default().bold();
    for warning in &preview.warnings {
        let _ = writeln!(text, "{style}warning{style:#}: {warning}");
    }
    text
}

/// The stretches at whose beginning something changes, the first among them.
#[must_use]
pub fn changes(preview: &Preview) -> Vec<&Stretch> {
    let mut changes: Vec<&Stretch> = Vec::new();
    for stretch in &preview.stretches {
        let like = |before: &&Stretch| {
            (before.held, before.wanted, before.phase) == (stretch.held, stretch.wanted, stretch.phase)
        };
        if !changes.last().is_some_and(like) {
            changes.push(stretch);
        }
    }
    changes
}

/// What a stretch is, with its size: `on 1, 3 warming up`.
#[must_use]
pub fn state(stretch: &Stretch) -> String {
    let word = stretch.phase.word();
    match (stretch.phase, stretch.held, stretch.wanted) {
        (Phase::On, Some(held), Some(wanted)) if wanted < held => format!("{word} {wanted}, {held} warming up"),
        (_, Some(held), _) => format!("{word} {held}"),
        (_, None, _) => word.to_owned(),
    }
}

fn transitions(preview: &Preview, width: Option<usize>) -> String {
    // The zone heads its column.
    let zone = format!(" {}", preview.zone_name);
    let row = |stretch: &&Stretch| {
        vec![
            preview.local(stretch.from, "%a %b %d %H:%M"),
            stretch.from.strftime("%a %H:%MZ").to_string(),
            state(stretch),
            stretch.because.replace(&zone, ""),
        ]
    };
    let rows = changes(preview).iter().map(row).collect();
    table(&[preview.zone_name.as_str(), "UTC", "is", "because"], rows, 2, width)
}

/// Hours and money, and what was counted.
#[must_use]
pub fn sums(preview: &Preview) -> Vec<String> {
    let bill = &preview.bill;
    let (lead, drain) = &preview.lead_and_drain;
    let always = match bill.largest {
        0 | 1 => format!("{} always on", bill.unit_hours_always_on),
        most => format!("{} always on at {most} model units", bill.unit_hours_always_on),
    };
    let purchases = crate::check::counted(bill.purchases, "purchase");
    let mut lines = vec![format!(
        "{:.1} hours on, {purchases}: {} model-unit hours billed, {always}: {:.0}% less",
        bill.hours_on,
        bill.unit_hours,
        bill.saved()
    )];
    if let (Some((cost, always)), Some(price)) = (bill.cost(), bill.price) {
        lines.push(format!("{cost:.2} instead of {always:.2}, at {price} for a model unit and hour"));
    }
    lines.push(format!(
        "billed from purchase (LeadTime {lead} before it is wanted) to the end of the drain ({drain}), started hours in full"
    ));
    lines
}
