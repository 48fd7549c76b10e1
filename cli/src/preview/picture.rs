//! How do these days look in a terminal?
//!
//! A row a day, from midnight to midnight where the timetable is: readable without colour, and a day of 23 or 25 hours is as
//! long as it is.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use jiff::{SignedDuration, Timestamp};
use throughput_scheduler::timetable::ModelUnits;

use super::{Day, Preview};
use crate::timeline::{Phase, Special, Stretch};

/// Lengths of a cell in minutes, the finest first.
const CELLS: [i64; 3] = [20, 30, 60];
/// `Mon Nov 23` and two spaces.
const LABEL: usize = 12;
/// Bars for up to eight sizes; each of fewer takes those that differ most.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Off,
    Holiday,
    Excepted,
    WarmUp,
    StaysOn,
    On(ModelUnits),
}

impl Cell {
    fn of(stretch: &Stretch) -> Self {
        match (stretch.phase, &stretch.special, stretch.wanted) {
            (Phase::On, _, Some(units)) => Self::On(units),
            (Phase::WarmUp, ..) => Self::WarmUp,
            (Phase::StaysOn, ..) => Self::StaysOn,
            (Phase::Off, Some(Special::Holiday(_)), _) => Self::Holiday,
            (Phase::Off, Some(Special::Exception(_)), _) => Self::Excepted,
            (Phase::Off | Phase::On, ..) => Self::Off,
        }
    }

    /// Of several in a cell the one that is shown: nothing short is lost.
    fn rank(self) -> (u8, u32) {
        match self {
            Self::Off => (0, 0),
            Self::Holiday => (1, 0),
            Self::Excepted => (2, 0),
            Self::WarmUp => (3, 0),
            Self::StaysOn => (4, 0),
            Self::On(units) => (5, units.get()),
        }
    }

    fn sign(self, sizes: &[ModelUnits]) -> char {
        match self {
            Self::Off => '·',
            Self::Holiday => 'h',
            Self::Excepted => 'x',
            Self::WarmUp => '▒',
            Self::StaysOn => '░',
            Self::On(units) => bar(units, sizes),
        }
    }

    fn style(self) -> Style {
        let colour = |colour: AnsiColor| colour.on_default();
        match self {
            Self::Off => Style::new().dimmed(),
            Self::Holiday | Self::Excepted => colour(AnsiColor::Magenta),
            Self::WarmUp | Self::StaysOn => colour(AnsiColor::Yellow),
            Self::On(_) => colour(AnsiColor::Green),
        }
    }
}

/// The bar for `units`: the largest size is a full one.
fn bar(units: ModelUnits, sizes: &[ModelUnits]) -> char {
    let rank = sizes.iter().position(|size| *size == units).unwrap_or_default() + 1;
    let steps = sizes.len().clamp(1, BARS.len());
    let index = (rank.min(steps) * BARS.len()).div_ceil(steps) - 1;
    BARS.get(index).copied().unwrap_or('█')
}

/// The picture with a legend; `width` is that of the terminal, if it has one.
#[must_use]
pub fn picture(preview: &Preview, width: Option<usize>) -> String {
    let notes: Vec<String> = preview.days.iter().map(|day| notes(preview, day)).collect();
    let rows = |minutes: i64| preview.days.iter().map(move |day| cells(preview, day, minutes));
    let widest = |minutes: i64| LABEL + rows(minutes).map(|cells| cells.len()).max().unwrap_or_default();
    let [finest, .., coarsest] = CELLS;
    let minutes = match width {
        None => finest,
        Some(width) => CELLS.into_iter().find(|minutes| widest(*minutes) <= width).unwrap_or(coarsest),
    };
    let mut picture = hours(minutes);
    let mut shown: Vec<Cell> = Vec::new();
    for ((day, cells), note) in preview.days.iter().zip(rows(minutes)).zip(&notes) {
        let _ = write!(picture, "{}  ", day.date.strftime("%a %b %d"));
        let mut rest = cells.as_slice();
        while let [first, ..] = rest {
            let run = rest.iter().take_while(|cell| *cell == first).count();
            let (style, sign) = (first.style(), first.sign(&preview.sizes));
            let _ = write!(picture, "{style}{}{style:#}", sign.to_string().repeat(run));
            rest = &rest[run..];
        }
        // What does not fit beside its row stands below it.
        let fits = width.is_none_or(|width| LABEL + cells.len() + note.chars().count() <= width);
        let _ =
            if fits { writeln!(picture, "{note}") } else { writeln!(picture, "\n{:LABEL$}{}", "", note.trim_start()) };
        shown.extend(cells);
    }
    picture.push_str(&legend(preview, &shown, minutes, width));
    picture
}

fn hours(minutes: i64) -> String {
    let width = usize::try_from(180 / minutes).unwrap_or_default().max(2);
    let marks: Vec<String> = (0..24).step_by(3).map(|hour| format!("{hour:02}{:1$}", "", width - 2)).collect();
    format!("{:LABEL$}{}\n", "", marks.concat().trim_end())
}

fn cells(preview: &Preview, day: &Day, minutes: i64) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut at = day.from;
    while at < day.until {
        let end = at.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(day.until);
        let inside = within(preview, at, end.min(day.until));
        cells.push(inside.map(Cell::of).max_by_key(|cell| cell.rank()).unwrap_or(Cell::Off));
        at = end;
    }
    cells
}

/// The stretches that have an instant in `[from, until)`.
pub(super) fn within(preview: &Preview, from: Timestamp, until: Timestamp) -> impl Iterator<Item = &Stretch> {
    preview.stretches.iter().filter(move |stretch| stretch.from < until && from < stretch.until)
}

/// What is to be said at the end of a day's row.
pub(super) fn notes(preview: &Preview, day: &Day) -> String {
    let mut notes: Vec<String> = Vec::new();
    notes.extend(day.length());
    for special in within(preview, day.from, day.until).filter_map(|stretch| stretch.special.as_ref()) {
        if !notes.iter().any(|note| note == special.text()) {
            notes.push(special.text().to_owned());
        }
    }
    if notes.is_empty() { String::new() } else { format!("  {}", notes.join(", ")) }
}

fn legend(preview: &Preview, shown: &[Cell], minutes: i64, width: Option<usize>) -> String {
    let mut entries: Vec<String> = Vec::new();
    for units in preview.sizes.iter().filter(|units| shown.contains(&Cell::On(**units))) {
        let units_word = if units.get() == 1 { "model unit" } else { "model units" };
        let cell = Cell::On(*units);
        let style = cell.style();
        entries.push(format!("{style}{}{style:#} on, {units} {units_word}", cell.sign(&preview.sizes)));
    }
    let others = [
        (Cell::WarmUp, "warm-up: held only by the lead"),
        (Cell::StaysOn, "stays on: the gap is no longer than the lead"),
        (Cell::Holiday, "off: a holiday took a window away"),
        (Cell::Excepted, "off: an exception"),
        (Cell::Off, "off"),
    ];
    for (cell, text) in others.into_iter().filter(|(cell, _)| shown.contains(cell)) {
        let style = cell.style();
        entries.push(format!("{style}{}{style:#} {text}", cell.sign(&preview.sizes)));
    }
    entries.push(format!("a cell is {minutes} minutes"));
    let room = width.unwrap_or(100).saturating_sub(LABEL);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for entry in entries {
        let length = anstream::adapter::strip_str(&entry).to_string().chars().count();
        if used > 0 && used + 3 + length > room {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { break };
        if used > 0 {
            line.push_str("   ");
            used += 3;
        }
        line.push_str(&entry);
        used += length;
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{:LABEL$}{line}\n", "")).collect();
    lines.concat()
}
