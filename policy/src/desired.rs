//! What should be now, and why?
//!
//! The precedence of docs/reference.md, "When it is on": live override, hold, exceptions, holidays, windows. And the lead: held
//! is the largest size wanted anywhere from now until the lead time later.

use std::collections::VecDeque;
use std::fmt::{self, Display};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::timetable::{ModelUnits, Source, State, Timetable};

/// How far ahead the next change is looked for: further than any yearly rule, and then to the last exception.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Nothing further away is looked for.
const LOOK_NO_FURTHER: SignedDuration = SignedDuration::from_hours(3 * 366 * 24);
/// Seconds that are looked through at a time: more than a week.
const STRIDE: i64 = 8 * 24 * 60 * 60;

/// An override: it lies above everything else until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Override {
    /// On or off.
    pub state: State,
    /// The size, if it is not the declaration's.
    #[serde(default, rename = "ModelUnits", skip_serializing_if = "Option::is_none")]
    pub units: Option<ModelUnits>,
    /// When it ends.
    pub until: Timestamp,
    /// Why somebody wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a `ScaleUp` or a `ScaleDown` put in place of the timetable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Hold {
    /// On or off.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
}

/// What is wanted when nobody says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Base<'a> {
    /// What a timetable says.
    Timetable(&'a Timetable),
    /// Always on.
    Always,
    /// Never on: what was only ever scaled up and down.
    Never,
}

/// Everything that decides what is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Demand<'a> {
    /// What is wanted when nobody says otherwise.
    pub base: Base<'a>,
    /// The size when nothing asks for another one.
    pub units: ModelUnits,
    /// What is in place of the base.
    pub hold: Option<&'a Hold>,
    /// The override that lies above both.
    pub override_: Option<&'a Override>,
    /// How long before it is wanted it is held.
    pub lead: SignedDuration,
}

/// What is held at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Desired<'a> {
    /// The size; nothing for off.
    pub units: Option<ModelUnits>,
    /// Which rule says so.
    pub because: Because<'a>,
}

impl Desired<'_> {
    /// On or off.
    #[must_use]
    pub fn state(&self) -> State {
        if self.units.is_some() { State::On } else { State::Off }
    }
}

/// Which rule says what is held; prints itself as reports show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Because<'a> {
    /// Whether only the lead holds it.
    pub lead: bool,
    /// The rule.
    pub rule: Rule<'a>,
}

/// A rule that says what is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule<'a> {
    /// A live override.
    Override(&'a Override),
    /// A hold.
    Hold(&'a Hold),
    /// Part of the timetable.
    Timetable(Source<'a>),
    /// There is no timetable.
    Always,
    /// There is no timetable, and nobody has scaled it up.
    Never,
}

impl Display for Because<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lead, rule } = self;
        if *lead { write!(formatter, "lead for {rule}") } else { write!(formatter, "{rule}") }
    }
}

impl Display for Rule<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Override(Override { until, reason: Some(reason), .. }) => {
                write!(formatter, "override until {until} ({reason})")
            }
            Self::Override(Override { until, reason: None, .. }) => write!(formatter, "override until {until}"),
            Self::Hold(Hold { state: State::On, .. }) => formatter.write_str("scaled up"),
            Self::Hold(Hold { state: State::Off, .. }) => formatter.write_str("scaled down"),
            Self::Timetable(Source::Window(window, zone)) => write!(formatter, "window {window} {}", zone.name()),
            Self::Timetable(Source::Exception(exception)) => write!(formatter, "exception {}", exception.period),
            Self::Timetable(Source::Holiday(holiday)) => write!(formatter, "holiday {holiday}"),
            Self::Timetable(Source::Nothing) => formatter.write_str("outside every window"),
            Self::Always => formatter.write_str("always on"),
            Self::Never => formatter.write_str("never scaled up"),
        }
    }
}

/// A change of what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// What it is from then on.
    pub state: State,
    /// Which rule says so.
    pub because: String,
}

/// The largest size that is wanted over stretches of time, each beginning and ending no earlier than the one before.
struct Largest {
    /// From each instant on, in seconds, what is wanted; in the order of time.
    wants: Vec<(i64, Option<ModelUnits>)>,
    /// How many of them have begun by the end of the last stretch.
    begun: usize,
    /// Of those, the ones that are larger than all that follow.
    larger: VecDeque<usize>,
}

impl Largest {
    fn of(wants: Vec<(i64, Option<ModelUnits>, Rule<'_>)>) -> Self {
        let wants = wants.into_iter().map(|(at, units, _)| (at, units)).collect();
        Self { wants, begun: 0, larger: VecDeque::new() }
    }

    fn over(&mut self, from: Timestamp, to: Timestamp) -> Option<ModelUnits> {
        let (from, to) = (from.as_second(), to.as_second());
        let Self { wants, begun, larger } = self;
        while let Some((_, units)) = wants.get(*begun).filter(|(at, _)| *at <= to) {
            while larger.pop_back_if(|index| wants[*index].1 <= *units).is_some() {}
            larger.push_back(*begun);
            *begun += 1;
        }
        let is_over = |index: usize| wants.get(index + 1).is_some_and(|(next, _)| *next <= from);
        while larger.pop_front_if(|index| is_over(*index)).is_some() {}
        larger.front().and_then(|index| wants[*index].1)
    }
}

impl<'a> Demand<'a> {
    /// What is held at `now`: the largest size wanted anywhere in `[now, now + lead]`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Desired<'a> {
        let said = |units, lead, rule| Desired { units, because: Because { lead, rule } };
        let live = self.override_.filter(|live| now < live.until);
        let mut held = match live {
            Some(live @ Override { state: State::Off, .. }) => return said(None, false, Rule::Override(live)),
            Some(live) => Some(said(Some(live.units.unwrap_or(self.units)), false, Rule::Override(live))),
            None => None,
        };
        let until = now.saturating_add(self.lead).unwrap_or(Timestamp::MAX);
        let from = live.map_or(now, |live| live.until);
        if from <= until {
            for (at, units, rule) in self.wants(from, until) {
                let lead = live.is_some() || at > now.as_second();
                let more = held.is_none_or(|held| held.units < units);
                if more {
                    held = Some(said(units, lead, rule));
                }
            }
        }
        held.unwrap_or_else(|| said(None, false, Rule::Never))
    }

    /// When what is held next changes, in state or size, within three years of `now`.
    #[must_use]
    pub fn next_transition(&self, now: Timestamp) -> Option<Transition> {
        let held = self.at(now);
        let horizon = self.horizon(now);
        let mut from = now.as_second();
        while from < horizon {
            let to = horizon.min(from + STRIDE);
            let mut candidates = self.boundaries(from, to);
            candidates.retain(|at| now < *at);
            candidates.sort_unstable();
            candidates.dedup();
            let mut held_at = self.sizes(from, to);
            if let Some(at) = candidates.into_iter().find(|at| held_at(*at) != held.units) {
                return Some(self.transition(at, self.at(at)));
            }
            from = to;
        }
        None
    }

    /// Each size that is held in `[from, until)`, with its first instant: first the one at `from`, then one for each change.
    #[must_use]
    pub fn changes(&self, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Option<ModelUnits>)> {
        let mut changes = vec![(from, self.at(from).units)];
        let mut boundaries = self.boundaries(from.as_second(), until.as_second());
        boundaries.retain(|at| from < *at && *at < until);
        boundaries.sort_unstable();
        boundaries.dedup();
        let mut held_at = self.sizes(from.as_second(), until.as_second());
        for at in boundaries {
            let units = held_at(at);
            if changes.last().is_none_or(|(_, before)| *before != units) {
                changes.push((at, units));
            }
        }
        changes
    }

    /// The sizes of [`Demand::at`] for instants in `(from, to]`, seconds, in the order of time: looked up once for all.
    fn sizes(&self, from: i64, to: i64) -> impl FnMut(Timestamp) -> Option<ModelUnits> {
        let start = Timestamp::from_second(from).unwrap_or(Timestamp::MIN);
        let end = Timestamp::from_second(to).and_then(|to| to.checked_add(self.lead)).unwrap_or(Timestamp::MAX);
        let mut wanted = Largest::of(self.wants(start, end));
        let Self { override_, units, lead, .. } = *self;
        move |at| {
            let until = at.saturating_add(lead).unwrap_or(Timestamp::MAX);
            match override_.filter(|live| at < live.until) {
                Some(Override { state: State::Off, .. }) => None,
                Some(live) if until < live.until => Some(live.units.unwrap_or(units)),
                Some(live) => Some(live.units.unwrap_or(units)).max(wanted.over(live.until, until)),
                None => wanted.over(at, until),
            }
        }
    }

    fn transition(&self, at: Timestamp, next: Desired<'_>) -> Transition {
        let before = self.at(at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN));
        let less = next.units < before.units;
        // An exception to Off speaks for itself; else what ends is more telling than that nothing begins.
        let speaks = matches!(next.because.rule, Rule::Timetable(Source::Exception(_))) && next.units.is_none();
        let because = if less && !speaks { format!("{} ends", before.because.rule) } else { next.because.to_string() };
        Transition { at, state: next.state(), because }
    }

    /// What is wanted, override aside, from each instant in `[from, to]` on at which that may change, in seconds.
    fn wants(&self, from: Timestamp, to: Timestamp) -> Vec<(i64, Option<ModelUnits>, Rule<'a>)> {
        let start = from.as_second();
        match (self.hold, self.base) {
            (Some(hold), _) => {
                vec![(start, (hold.state == State::On).then_some(self.units), Rule::Hold(hold))]
            }
            (None, Base::Always) => vec![(start, Some(self.units), Rule::Always)],
            (None, Base::Never) => vec![(start, None, Rule::Never)],
            (None, Base::Timetable(timetable)) => {
                let wants = timetable.wants(start, to.as_second(), self.units);
                wants.into_iter().map(|(at, units, source)| (at, units, Rule::Timetable(source))).collect()
            }
        }
    }

    /// Every instant in `(from, to]`, seconds, at which what is held may change.
    fn boundaries(&self, from: i64, to: i64) -> Vec<Timestamp> {
        let lead = self.lead.as_secs();
        let wanted = match (self.hold, self.base) {
            (None, Base::Timetable(timetable)) => timetable.boundaries(from, to + lead),
            (Some(_), _) | (None, Base::Always | Base::Never) => Vec::new(),
        };
        let wanted = wanted.into_iter().filter_map(|at| Timestamp::from_second(at).ok());
        let ends = self.override_.map(|live| live.until);
        let early = |at: Timestamp| [Some(at), at.checked_sub(self.lead).ok()];
        let all = wanted.chain(ends).flat_map(early).flatten();
        all.filter(|at| from <= at.as_second() && at.as_second() <= to).collect()
    }

    /// Until when a change is looked for, in seconds.
    fn horizon(&self, now: Timestamp) -> i64 {
        let irregular = match self.base {
            Base::Timetable(timetable) => timetable.last_irregularity(),
            Base::Always | Base::Never => None,
        };
        let irregular = irregular.unwrap_or_default() + STRIDE;
        let usual = now.as_second().saturating_add(LOOK_AHEAD.as_secs());
        let furthest = now.as_second().saturating_add(LOOK_NO_FURTHER.as_secs());
        irregular.max(usual).min(furthest).min(Timestamp::MAX.as_second())
    }
}
