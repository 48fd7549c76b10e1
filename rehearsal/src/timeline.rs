//! What is held over a while, and why?
//!
//! The library's own answers, asked three times: what is held, what is wanted (the same without a lead), and what would be
//! wanted if there were neither holidays nor exceptions. Where the three differ, there is something to show.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use policy::commitment::Commitment;
use policy::desired::{Base, Because, Demand, Rule, Transition};
use policy::timetable::{ModelUnits, Source, Timetable};

/// What a stretch of time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is held.
    Off,
    /// Only the lead holds it.
    WarmUp,
    /// It is wanted.
    On,
    /// Not wanted, and held all the same: the gap is no longer than the lead.
    StaysOn,
}

impl Phase {
    /// The word that people read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::WarmUp => "warm-up",
            Self::On => "on",
            Self::StaysOn => "stays on",
        }
    }
}

/// Why a stretch is not like the same hours of any other week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Special {
    /// A holiday took a window away.
    Holiday(String),
    /// An exception says otherwise.
    Exception(String),
}

impl Special {
    /// Its name.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Holiday(text) | Self::Exception(text) => text,
        }
    }
}

/// A stretch of time in which nothing changes: half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// What it is.
    pub phase: Phase,
    /// The size that is held.
    pub held: Option<ModelUnits>,
    /// The size that is wanted.
    pub wanted: Option<ModelUnits>,
    /// Why it began.
    pub because: String,
    /// Why it is not like any other week, if it is not.
    pub special: Option<Special>,
}

impl Stretch {
    /// How long it lasts.
    #[must_use]
    pub fn lasts(&self) -> SignedDuration {
        self.until.duration_since(self.from)
    }

    /// The size that it is shown with: what is in service, or will be first.
    #[must_use]
    pub fn size(&self) -> Option<ModelUnits> {
        match self.phase {
            Phase::On => self.wanted,
            Phase::Off | Phase::WarmUp | Phase::StaysOn => self.held,
        }
    }
}

/// The stretches that have an instant in `[from, until)`.
pub fn within(stretches: &[Stretch], from: Timestamp, until: Timestamp) -> impl Iterator<Item = &Stretch> {
    stretches.iter().filter(move |stretch| stretch.from < until && from < stretch.until)
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

/// `number` days of `zone` from `first` on.
///
/// # Errors
/// They lie further away than dates go.
pub fn days(zone: &TimeZone, first: Date, number: u16) -> Result<Vec<Day>, jiff::Error> {
    let midnight = |date: Date| zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible();
    let day = |number: u16| {
        let date = first.checked_add(i64::from(number).days())?;
        Ok(Day { date, from: midnight(date)?, until: midnight(date.tomorrow()?)? })
    };
    (0..number).map(day).collect()
}

/// A timetable without holidays and exceptions, if there is a timetable.
#[must_use]
pub fn without_irregularities(timetable: &Timetable) -> Timetable {
    Timetable::new(timetable.zone().clone(), timetable.windows().to_vec(), Vec::new(), Vec::new())
}

/// What decides about `commitment`, nobody having said otherwise, with `timetable` in place of its own.
#[must_use]
pub fn demand<'a>(commitment: &Commitment, timetable: Option<&'a Timetable>, lead: SignedDuration) -> Demand<'a> {
    let base = timetable.map_or(Base::Always, Base::Timetable);
    Demand { base, units: commitment.units, hold: None, override_: None, lead }
}

/// The time zone of `commitment`, and its name: UTC without a timetable.
#[must_use]
pub fn zone(commitment: &Commitment) -> (TimeZone, String) {
    match &commitment.timetable {
        Some(timetable) => (timetable.zone().time_zone().clone(), timetable.zone().name().to_owned()),
        None => (TimeZone::UTC, "UTC".to_owned()),
    }
}

/// What is held of `commitment` in `[from, until)`: stretches without gaps, in the order of time.
#[must_use]
pub fn stretches(commitment: &Commitment, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
    let timetable = commitment.timetable.as_ref();
    let regular = timetable.map(without_irregularities);
    let held = demand(commitment, timetable, commitment.lead);
    let wanted = demand(commitment, timetable, SignedDuration::ZERO);
    let usual = demand(commitment, regular.as_ref(), SignedDuration::ZERO);
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut because = held.at(from).because.to_string();
    let mut at = from;
    // Each is asked again only once its last answer lies behind.
    let mut next = [&held, &wanted, &usual].map(|demand| demand.next_transition(at));
    while at < until {
        let ends = next.iter().flatten().map(|transition| transition.at).min().unwrap_or(until).min(until);
        let (is_held, is_wanted) = (held.at(at), wanted.at(at));
        let before = stretches.last();
        let phase = match (is_held.units, is_wanted.units) {
            (None, _) => Phase::Off,
            (Some(_), Some(_)) => Phase::On,
            (Some(_), None) => match before.map(|before| before.phase) {
                Some(Phase::On | Phase::StaysOn) => Phase::StaysOn,
                Some(Phase::Off | Phase::WarmUp) | None => Phase::WarmUp,
            },
        };
        let special = if is_wanted.units == usual.at(at).units { None } else { special(&is_wanted.because) };
        stretches.push(Stretch {
            from: at,
            until: ends,
            phase,
            held: is_held.units,
            wanted: is_wanted.units,
            because: because.clone(),
            special,
        });
        at = ends;
        let [of_held, of_wanted, _] = &next;
        let said = |transition: &Option<Transition>| {
            transition.as_ref().filter(|transition| transition.at == at).map(|transition| transition.because.clone())
        };
        because = said(of_held).or_else(|| said(of_wanted)).unwrap_or_else(|| held.at(at).because.to_string());
        for (next, demand) in next.iter_mut().zip([&held, &wanted, &usual]) {
            if next.as_ref().is_some_and(|transition| transition.at <= at) {
                *next = demand.next_transition(at);
            }
        }
    }
    stretches
}

fn special(because: &Because<'_>) -> Option<Special> {
    match because.rule {
        Rule::Timetable(Source::Holiday(holiday)) => Some(Special::Holiday(format!("holiday {holiday}"))),
        Rule::Timetable(Source::Exception(exception)) => {
            Some(Special::Exception(format!("exception {} to {}", exception.period, exception.state)))
        }
        Rule::Timetable(Source::Window(..) | Source::Nothing)
        | Rule::Override(_)
        | Rule::Hold(_)
        | Rule::Always
        | Rule::Never => None,
    }
}
