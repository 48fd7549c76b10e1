//! How is a preview said to people?

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use rehearsal::timeline::{Phase, Stretch};

use super::{Preview, money};
use crate::arguments;
use crate::table::table;
use crate::terminal::Terminal;

pub use super::money::{Total, sums, sums_by};

/// Every preview: picture, transitions, hours, cost, warnings; and the total of several.
#[must_use]
pub fn text(previews: &[Preview], wanted: &arguments::Preview, terminal: &Terminal) -> String {
    let mut texts: Vec<String> = previews
        .iter()
        .map(|preview| one(preview, terminal.width) + &money::advice(preview, wanted) + &warnings(preview))
        .collect();
    if previews.len() > 1 {
        texts.push(Total::of(previews).said(previews.len()));
    }
    texts.join("\n")
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
    text
}

fn warnings(preview: &Preview) -> String {
    let mut text = String::new();
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
