//! How do these days look in a terminal?
//!
//! A row a day, from midnight to midnight where the timetable is: readable without colour, and a day of 23 or 25 hours is as
//! long as it is. What is foreseen and what came to pass are drawn alike, with the same signs and the same words.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::timetable::ModelUnits;

use crate::timeline::{Day, Phase, Special, Stretch, stretches, within};

/// Lengths of a cell in minutes, the finest first.
const CELLS: [i64; 3] = [20, 30, 60];
/// `Mon Nov 23` and two spaces.
const LABEL: usize = 12;
/// Bars for up to eight sizes; each of fewer takes those that differ most.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What a cell shows. Of several in one cell the greatest is shown: nothing short is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing is paid for.
    Off,
    /// The same, because a holiday took a window away.
    Holiday,
    /// The same, because an exception says so.
    Excepted,
    /// Paid for after it was wanted.
    Drain,
    /// Paid for before it is used.
    WarmUp,
    /// Paid for between two windows.
    StaysOn,
    /// In use, with so many model units.
    On(ModelUnits),
}

impl Cell {
    /// What is foreseen for `stretch`.
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

    fn units(self) -> Option<ModelUnits> {
        match self {
            Self::On(units) => Some(units),
            Self::Off | Self::Holiday | Self::Excepted | Self::Drain | Self::WarmUp | Self::StaysOn => None,
        }
    }

    fn sign(self, sizes: &[ModelUnits]) -> char {
        match self {
            Self::Off => '·',
            Self::Holiday => 'h',
            Self::Excepted => 'x',
            Self::Drain => 'd',
            Self::WarmUp => '▒',
            Self::StaysOn => '░',
            Self::On(units) => bar(units, sizes),
        }
    }

    fn words(self) -> String {
        let words = match self {
            Self::Off => "off: nothing paid for",
            Self::Holiday => "off: a holiday took a window away",
            Self::Excepted => "off: an exception",
            Self::Drain => "drain: paid for until the last calls end",
            Self::WarmUp => "warm-up: paid for, to be there in time",
            Self::StaysOn => "stays on: the gap is no longer than the lead",
            Self::On(units) if units.get() == 1 => "on, 1 model unit",
            Self::On(units) => return format!("on, {units} model units"),
        };
        words.to_owned()
    }

    fn style(self) -> Style {
        let colour = |colour: AnsiColor| colour.on_default();
        match self {
            Self::Off => Style::new().dimmed(),
            Self::Holiday | Self::Excepted => colour(AnsiColor::Magenta),
            Self::Drain | Self::WarmUp | Self::StaysOn => colour(AnsiColor::Yellow),
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

/// What is shown of a while, half-open; pieces may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// What it is.
    pub cell: Cell,
}

/// What is foreseen for the `declared` stretches of `commitment`, with the drain behind what ends.
#[must_use]
pub fn foreseen(commitment: &Commitment, declared: &[Stretch]) -> Vec<Piece> {
    let piece = |stretch: &Stretch| Piece { from: stretch.from, until: stretch.until, cell: Cell::of(stretch) };
    let mut pieces: Vec<Piece> = declared.iter().map(piece).collect();
    if let (Some(first), Some(last), true) = (declared.first(), declared.last(), commitment.drain.is_positive()) {
        // What ended shortly before drains on.
        let earlier = first.from.saturating_sub(commitment.drain).unwrap_or(Timestamp::MIN);
        let around = stretches(commitment, earlier, last.until);
        let mut later = around.as_slice();
        while let [before, rest @ ..] = later {
            later = rest;
            let Some(after) = rest.first() else { break };
            if before.phase != Phase::Off && after.phase == Phase::Off {
                let drained = after.from.saturating_add(commitment.drain).unwrap_or(Timestamp::MAX);
                // Where it is wanted again before that, the same goes on.
                let again = rest.iter().find(|stretch| stretch.phase != Phase::Off).map(|stretch| stretch.from);
                let until = again.map_or(drained, |again| drained.min(again));
                pieces.push(Piece { from: after.from, until, cell: Cell::Drain });
            }
        }
    }
    pieces
}

/// What `stretches` say of the hours in which nothing is there: holidays and exceptions.
#[must_use]
pub fn irregularities(stretches: &[Stretch]) -> Vec<Piece> {
    let off = stretches.iter().filter(|stretch| stretch.phase == Phase::Off && stretch.special.is_some());
    off.map(|stretch| Piece { from: stretch.from, until: stretch.until, cell: Cell::of(stretch) }).collect()
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// A row each.
    pub days: &'a [Day],
    /// What was declared for them, for the notes beside the rows.
    pub stretches: &'a [Stretch],
    /// What the cells are filled from.
    pub pieces: &'a [Piece],
}

impl Picture<'_> {
    /// The picture with a legend; `width` is that of the terminal, if it has one.
    #[must_use]
    pub fn drawn(&self, width: Option<usize>) -> String {
        let rows = |minutes: i64| self.days.iter().map(move |day| self.cells(day, minutes));
        let widest = |minutes: i64| LABEL + rows(minutes).map(|cells| cells.len()).max().unwrap_or_default();
        let [finest, .., coarsest] = CELLS;
        let minutes = match width {
            None => finest,
            Some(width) => CELLS.into_iter().find(|minutes| widest(*minutes) <= width).unwrap_or(coarsest),
        };
        let rows: Vec<Vec<Cell>> = rows(minutes).collect();
        let mut shown: Vec<Cell> = rows.concat();
        shown.sort_unstable();
        shown.dedup();
        let sizes: Vec<ModelUnits> = shown.iter().filter_map(|cell| cell.units()).collect();
        let mut picture = hours(minutes);
        for (day, cells) in self.days.iter().zip(&rows) {
            let _ = write!(picture, "{}  ", day.date.strftime("%a %b %d"));
            for run in cells.chunk_by(|one, next| one == next) {
                let Some(first) = run.first() else { continue };
                let (style, sign) = (first.style(), first.sign(&sizes));
                let _ = write!(picture, "{style}{}{style:#}", sign.to_string().repeat(run.len()));
            }
            // What does not fit beside its row stands below it.
            let note = notes(self.stretches, day);
            let fits = width.is_none_or(|width| LABEL + cells.len() + note.chars().count() <= width);
            let _ = if fits {
                writeln!(picture, "{note}")
            } else {
                writeln!(picture, "\n{:LABEL$}{}", "", note.trim_start())
            };
        }
        picture.push_str(&legend(&shown, &sizes, minutes, width));
        picture
    }

    /// The cells of `day`, each of so many `minutes`.
    #[must_use]
    pub fn cells(&self, day: &Day, minutes: i64) -> Vec<Cell> {
        let mut cells = Vec::new();
        let mut at = day.from;
        while at < day.until {
            let end = at.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(day.until);
            let until = end.min(day.until);
            let inside = self.pieces.iter().filter(|piece| piece.from < until && at < piece.until);
            cells.push(inside.map(|piece| piece.cell).max().unwrap_or(Cell::Off));
            at = end;
        }
        cells
    }
}

fn hours(minutes: i64) -> String {
    let width = usize::try_from(180 / minutes).unwrap_or_default().max(2);
    let marks: Vec<String> = (0..24).step_by(3).map(|hour| format!("{hour:02}{:1$}", "", width - 2)).collect();
    format!("{:LABEL$}{}\n", "", marks.concat().trim_end())
}

/// What is to be said at the end of a day's row.
#[must_use]
pub fn notes(stretches: &[Stretch], day: &Day) -> String {
    let mut notes: Vec<String> = Vec::new();
    notes.extend(day.length());
    for special in within(stretches, day.from, day.until).filter_map(|stretch| stretch.special.as_ref()) {
        if !notes.iter().any(|note| note == special.text()) {
            notes.push(special.text().to_owned());
        }
    }
    if notes.is_empty() { String::new() } else { format!("  {}", notes.join(", ")) }
}

/// What the signs mean that are `shown`: what is in use by size, then the others from the greatest to the least.
fn legend(shown: &[Cell], sizes: &[ModelUnits], minutes: i64, width: Option<usize>) -> String {
    let used = shown.iter().filter(|cell| cell.units().is_some());
    let others = shown.iter().rev().filter(|cell| cell.units().is_none());
    let entry = |cell: &Cell| (Some((cell.style(), cell.sign(sizes))), cell.words());
    let entries = used.chain(others).map(entry).chain([(None, format!("a cell is {minutes} minutes"))]);
    let room = width.unwrap_or(100).saturating_sub(LABEL);
    let mut legend = format!("{:LABEL$}", "");
    let mut taken = 0;
    for (sign, words) in entries {
        let length = words.chars().count() + if sign.is_some() { 2 } else { 0 };
        if taken > 0 && taken + 3 + length > room {
            let _ = write!(legend, "\n{:LABEL$}", "");
            taken = 0;
        }
        if taken > 0 {
            legend.push_str("   ");
            taken += 3;
        }
        if let Some((style, sign)) = sign {
            let _ = write!(legend, "{style}{sign}{style:#} ");
        }
        legend.push_str(&words);
        taken += length;
    }
    legend.push('\n');
    legend
}
