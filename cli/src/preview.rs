//! What will the coming days look like?

pub mod calendar;
pub mod data;
pub mod drawing;
pub mod money;
pub mod page;
pub mod text;
pub mod warnings;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use policy::commitment::Commitment;
use policy::timetable::ModelUnits;
use rehearsal::picture::{Picture, Piece, foreseen};
use rehearsal::timeline::{self, Stretch, stretches};

use crate::arguments::{self, Day, PreviewFormat};
use crate::bill::{self, Bill};
use crate::source::Declaration;
use crate::terminal::Terminal;
use crate::{Failure, files};

/// Some days of one commitment.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The commitment's name, or the logical id of the resource.
    pub name: String,
    /// The model.
    pub model: String,
    /// Where the timetable is.
    pub zone: TimeZone,
    /// The IANA name of that.
    pub zone_name: String,
    /// The days.
    pub days: Vec<timeline::Day>,
    /// What is held, from the first instant of the first day to the last of the last.
    pub stretches: Vec<Stretch>,
    /// What a picture of that shows.
    pub pieces: Vec<Piece>,
    /// The sizes that occur, in ascending order.
    pub sizes: Vec<ModelUnits>,
    /// What it costs.
    pub bill: Bill,
    /// What each window adds to that, in model-unit hours.
    pub windows: Vec<(String, i64)>,
    /// How long before it is wanted it is bought, and how long it is kept after, as declared.
    pub lead_and_drain: (String, String),
    /// What may surprise.
    pub warnings: Vec<String>,
}

impl Preview {
    /// `days` days of `declaration` from `first` on; from today, at `now`, if there is no `first`.
    ///
    /// # Errors
    /// The declaration could not be read, or the days lie further away than dates go.
    pub fn new(declaration: &Declaration, first: Option<Day>, days: u16, now: Timestamp) -> Result<Self, Failure> {
        let commitment = foreseeable(declaration)?;
        let (zone, zone_name) = timeline::zone(commitment);
        let first = first.unwrap_or(Day::Today).on(now.to_zoned_datetime(zone.clone()).date());
        let first = first.map_err(|error| Failure::Usage(format!("--from: {error}")))?;
        let days = timeline::days(&zone, first, days)
            .map_err(|error| Failure::Usage(format!("cannot preview these days: {error}")))?;
        let from = days.first().map_or(now, |day| day.from);
        let until = days.last().map_or(now, |day| day.until);
        let stretches = stretches(commitment, from, until);
        let mut sizes: Vec<ModelUnits> =
            stretches.iter().flat_map(|stretch| [stretch.held, stretch.size()]).flatten().collect();
        sizes.sort_unstable();
        sizes.dedup();
        let bill = bill::bill(commitment, from, until);
        let mut warnings = declaration.assumed.clone();
        warnings.extend(warnings::all(commitment, &days, &stretches, from));
        let duration = policy::timetable::duration_text;
        Ok(Self {
            name: declaration.label.clone(),
            model: commitment.model.to_string(),
            zone,
            zone_name,
            days,
            pieces: foreseen(commitment, &stretches),
            stretches,
            sizes,
            bill,
            windows: bill::windows(commitment, from, until),
            lead_and_drain: (duration(commitment.lead), duration(commitment.drain)),
            warnings,
        })
    }

    /// The picture of these days.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        Picture { days: &self.days, stretches: &self.stretches, pieces: &self.pieces }
    }

    /// The first and the last day, for titles.
    #[must_use]
    pub fn range(&self) -> String {
        match (self.days.first(), self.days.last()) {
            (Some(first), Some(last)) if first != last => format!("{} to {}", first.date, last.date),
            (Some(only), _) => only.date.to_string(),
            (None, _) => String::new(),
        }
    }

    /// An instant on the clocks of the timetable.
    #[must_use]
    pub fn local(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned_datetime(self.zone.clone()).strftime(format).to_string()
    }
}

/// The commitment that `declaration` declares.
///
/// # Errors
/// It could not be read, because only a deployment knows some of it.
pub fn known(declaration: &Declaration) -> Result<&Commitment, Failure> {
    let Declaration { label, commitment, assumed, .. } = declaration;
    commitment.as_ref().ok_or_else(|| {
        let why = if assumed.is_empty() { "some of it is not known before".to_owned() } else { assumed.join("; ") };
        Failure::Usage(format!("{label} cannot be previewed before it is deployed: {why}"))
    })
}

/// The commitment that `declaration` declares, if what will become of it can be foreseen.
///
/// # Errors
/// See [`known`]; or schedules that the file need not hold switch it.
pub fn foreseeable(declaration: &Declaration) -> Result<&Commitment, Failure> {
    if declaration.by_hand {
        let label = &declaration.label;
        return Err(Failure::Usage(format!(
            "{label} is switched by ScaleUp and ScaleDown alone: without a Timetable there is nothing to foresee"
        )));
    }
    known(declaration)
}

/// Runs `throughput preview`.
///
/// # Errors
/// The file cannot be read or has mistakes, or something cannot be written.
pub fn run(wanted: &arguments::Preview, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let mut previews = Vec::new();
    for file in &wanted.files {
        for declaration in files::declarations(file, wanted.name.as_deref(), terminal)? {
            previews.push(Preview::new(&declaration, wanted.from, wanted.days, now)?);
        }
    }
    if let Some(path) = &wanted.svg {
        files::write(path, &drawing::svg(&previews))?;
    }
    if let Some(path) = &wanted.html {
        files::write(path, &page::html(&previews))?;
    }
    match wanted.format {
        PreviewFormat::Text => terminal.say(&text::text(&previews, wanted, terminal)),
        PreviewFormat::Json => terminal.print(&format!("{:#}\n", data::json(&previews, wanted.by))),
        PreviewFormat::Csv => terminal.print(&data::csv(&previews)),
        PreviewFormat::Ics => terminal.print(&calendar::ics(&previews)),
    }
}
