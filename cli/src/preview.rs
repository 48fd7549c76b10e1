//! What will the coming days look like?

pub mod calendar;
pub mod data;
pub mod drawing;
pub mod page;
pub mod picture;
pub mod text;
pub mod warnings;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use throughput_scheduler::commitment::Commitment;
use throughput_scheduler::timetable::ModelUnits;

use crate::arguments::{self, PreviewFormat};
use crate::bill::{Bill, bill};
use crate::source::Declaration;
use crate::terminal::Terminal;
use crate::timeline::{self, Stretch, stretches};
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
    pub days: Vec<Day>,
    /// What is held, from the first instant of the first day to the last of the last.
    pub stretches: Vec<Stretch>,
    /// The sizes that occur, in ascending order.
    pub sizes: Vec<ModelUnits>,
    /// What it costs.
    pub bill: Bill,
    /// How long before it is wanted it is bought, and how long it is kept after, as declared.
    pub lead_and_drain: (String, String),
    /// What may surprise.
    pub warnings: Vec<String>,
}

/// A civil day as instants: half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The date.
    pub date: Date,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant of the next.
    pub until: Timestamp,
}

impl Day {
    /// What there is to say about its length; nothing about a day of 24 hours.
    #[must_use]
    pub fn length(&self) -> Option<String> {
        let minutes = self.until.duration_since(self.from).as_mins();
        match (minutes == 24 * 60, minutes % 60) {
            (true, _) => None,
            (false, 0) => Some(format!("{} hours", minutes / 60)),
            (false, rest) => Some(format!("{} hours {rest} minutes", minutes / 60)),
        }
    }

    /// When on this day the clocks of `zone` are turned; at its first instant, where they skip midnight.
    #[must_use]
    pub fn clock_change(&self, zone: &TimeZone) -> Option<Timestamp> {
        self.length()?;
        let just_before = self.from.saturating_sub(SignedDuration::from_secs(1)).ok()?;
        let change = zone.following(just_before).next()?.timestamp();
        (change <= self.until).then_some(change)
    }
}

impl Preview {
    /// `days` days of `declaration` from `first` on; from today, at `now`, if there is no `first`.
    ///
    /// # Errors
    /// The declaration could not be read, or the days lie further away than dates go.
    pub fn new(declaration: &Declaration, first: Option<Date>, days: u16, now: Timestamp) -> Result<Self, Failure> {
        let commitment = foreseeable(declaration)?;
        let (zone, zone_name) = timeline::zone(commitment);
        let first = first.unwrap_or_else(|| now.to_zoned_datetime(zone.clone()).date());
        let midnight = |date: Date| zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible();
        let day = |number: u16| -> Result<Day, jiff::Error> {
            let date = first.checked_add(i64::from(number).days())?;
            Ok(Day { date, from: midnight(date)?, until: midnight(date.tomorrow()?)? })
        };
        let days: Result<Vec<Day>, jiff::Error> = (0..days).map(day).collect();
        let days = days.map_err(|error| Failure::Usage(format!("cannot preview these days: {error}")))?;
        let from = days.first().map_or(now, |day| day.from);
        let until = days.last().map_or(now, |day| day.until);
        let stretches = stretches(commitment, from, until);
        let mut sizes: Vec<ModelUnits> =
            stretches.iter().flat_map(|stretch| [stretch.held, stretch.size()]).flatten().collect();
        sizes.sort_unstable();
        sizes.dedup();
        let bill = bill(commitment, from, until);
        let mut warnings = declaration.assumed.clone();
        warnings.extend(warnings::all(commitment, &days, &stretches, from));
        let duration = throughput_scheduler::timetable::duration_text;
        Ok(Self {
            name: declaration.label.clone(),
            model: commitment.model.to_string(),
            zone,
            zone_name,
            days,
            stretches,
            sizes,
            bill,
            lead_and_drain: (duration(commitment.lead), duration(commitment.drain)),
            warnings,
        })
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
    let declarations = files::declarations(&wanted.file, wanted.name.as_deref(), terminal)?;
    let previews: Result<Vec<Preview>, Failure> =
        declarations.iter().map(|declaration| Preview::new(declaration, wanted.from, wanted.days, now)).collect();
    let previews = previews?;
    if let Some(path) = &wanted.svg {
        files::write(path, &drawing::svg(&previews))?;
    }
    if let Some(path) = &wanted.html {
        files::write(path, &page::html(&previews))?;
    }
    terminal.print(&match wanted.format {
        PreviewFormat::Text => text::text(&previews, terminal),
        PreviewFormat::Json => format!("{:#}\n", data::json(&previews)),
        PreviewFormat::Csv => data::csv(&previews),
        PreviewFormat::Ics => calendar::ics(&previews),
    })
}
