//! How is advice said in a terminal?

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use policy::advise::{HourOfWeek, Level};

use super::{Advised, said};
use crate::table::table;

/// From none to the most; told apart without colour.
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
/// The day's name, and what is free beside it.
const LABEL: usize = 12;
/// Columns of an hour where there is room.
const WIDE: usize = 2;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// One of the demands that are known of an hour.
pub type Demand = fn(&HourOfWeek) -> u64;

/// Verdict, costs, timetable, reasons, and a map of the week.
#[must_use]
pub fn text(advised: &Advised, width: Option<usize>) -> String {
    let advice = &advised.advice;
    let bold = Style::new().bold();
    let mut text = format!("{bold}{}{bold:#}\n\n", said::verdict(advised));
    let rows = said::costs(advice).into_iter().map(|(verdict, cost, served)| {
        let mark = if verdict == advice.verdict { "◀" } else { "" };
        let served = format!("{} %", said::tenths(served));
        vec![said::called(verdict).to_owned(), cost.to_string(), served, mark.to_owned()]
    });
    text.push_str(&table(&["", "a week", "serves", ""], rows.collect(), 2, width));
    text.push('\n');
    for line in figures(advised) {
        let _ = writeln!(text, "  {line}");
    }
    let _ = write!(text, "\nTo paste into a commitment:\n\n");
    for line in said::yaml(advised).lines() {
        let _ = writeln!(text, "  {line}");
    }
    let style = match advice.confidence.level {
        Level::High => AnsiColor::Green.on_default(),
        Level::Medium => AnsiColor::Yellow.on_default(),
        Level::Low => AnsiColor::Red.on_default(),
    };
    let level = said::level(advice.confidence.level).to_lowercase();
    let _ = writeln!(text, "\nConfidence: {style}{level}{style:#}\n");
    for (level, reason) in &advice.confidence.reasons {
        let _ = writeln!(text, "  {:<6}  {reason}", said::level(*level).to_lowercase());
    }
    text.push_str(&maps(&advice.map, advised.question.zone.name(), width));
    let notes = said::notes(advised);
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

/// What the costs are made of.
#[must_use]
pub fn figures(advised: &Advised) -> Vec<String> {
    let (advice, prices) = (&advised.advice, &advised.question.prices);
    let [input, output, cached] = advice.tokens;
    let mut lines =
        vec![format!("{input} tokens in a week at {} a million, {output} out at {}", prices.input, prices.output)];
    if let Some(price) = prices.cached {
        lines.push(format!("{cached} tokens read from a cache at {price} a million"));
    }
    let hours = advice.unit_hours * 10 / advice.weeks.max(1);
    let term = prices.term.map(|price| format!(", {price} with a term")).unwrap_or_default();
    lines.push(format!(
        "{} model-unit hours a week by this timetable, {} always on, at {}{term}",
        decimal(hours),
        168 * i128::from(advice.units_always_on),
        prices.unit_hour
    ));
    lines.extend(said::break_even(advice));
    lines
}

fn decimal(tenths: i128) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}.{tenth}", tenths / 10),
    }
}

/// The usual week, and the 95th percentile.
fn maps(hours: &[HourOfWeek], zone: &str, width: Option<usize>) -> String {
    let most = hours.iter().map(|hour| hour.high).max().unwrap_or_default();
    let mut text = String::new();
    let fits = |columns: usize| width.is_none_or(|width| LABEL + columns <= width);
    let of_hour = if fits(WIDE * 24) { WIDE } else { 1 };
    let kinds: [(&str, Demand); 2] = [("usual hours", |hour| hour.usual), ("95th percentile", |hour| hour.high)];
    for (title, of) in kinds {
        let title = format!("{title}, {zone}");
        let marks: Vec<String> =
            (0..24).step_by(3).map(|hour| format!("{hour:02}{:1$}", "", 3 * of_hour - 2)).collect();
        let marks = marks.concat().trim_end().to_owned();
        text.push('\n');
        let _ = if fits(marks.len() + 2 + title.len()) {
            writeln!(text, "{:LABEL$}{marks}  {title}", "")
        } else {
            writeln!(text, "{:LABEL$}{title}\n{:LABEL$}{marks}", "", "")
        };
        for (day, row) in hours.chunks(24).enumerate() {
            let cells: String = row.iter().map(|hour| cell(hour, of(hour), most, of_hour)).collect();
            let _ = writeln!(text, "{:<LABEL$}{}", DAYS[day % 7], cells.trim_end());
        }
    }
    let legend = [
        format!("█ up to {most} tokens an hour   ▓ up to three quarters   ▒ half   ░ a quarter"),
        "· little or nothing   ? unknown   ! throttled".to_owned(),
    ];
    for line in legend {
        if fits(line.chars().count()) {
            let _ = writeln!(text, "{:LABEL$}{line}", "");
        } else {
            for entry in line.split("   ") {
                let _ = writeln!(text, "{:LABEL$}{entry}", "");
            }
        }
    }
    text
}

/// An hour; the second of two columns tells of throttles, and so does a single one.
fn cell(hour: &HourOfWeek, demand: u64, most: u64, columns: usize) -> String {
    let shade = if hour.known == 0 { '?' } else { SHADES[quarter(demand, most)] };
    let last = if hour.throttled > 0 { '!' } else { shade };
    if columns == 1 { last.to_string() } else { format!("{shade}{last}") }
}

/// From little or nothing, 0, to the most, 4: less than a sixteenth is little.
#[must_use]
pub fn quarter(demand: u64, most: u64) -> usize {
    if demand.saturating_mul(16) < most || demand == 0 {
        return 0;
    }
    let quarter = (u128::from(demand) * 4).div_ceil(u128::from(most.max(1)));
    usize::try_from(quarter).unwrap_or(4).min(4)
}
