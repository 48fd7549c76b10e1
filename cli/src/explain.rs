//! Which rule decides at an instant, and what did it overrule?

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::desired::{Demand, Desired, Rule};
use policy::timetable::{Exception, Source, State, Timetable, duration_text};
use rehearsal::timeline::{demand, without_irregularities, zone};
use serde_json::json;

use crate::arguments::{AnswerFormat, Explain};
use crate::terminal::Terminal;
use crate::{Failure, files, preview};

/// Runs `throughput explain`.
///
/// # Errors
/// The file cannot be read or has mistakes.
pub fn run(wanted: &Explain, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let declarations = files::declarations(&wanted.file, wanted.name.as_deref(), terminal)?;
    let mut text = String::new();
    let mut told = Vec::new();
    for declaration in &declarations {
        let commitment = preview::foreseeable(declaration)?;
        let (zone, _) = zone(commitment);
        let at = wanted.at.map_or(Ok(now), |at| at.on(&zone, now));
        let at = at.map_err(|error| Failure::Usage(format!("--at: {error}")))?;
        let local = at.to_zoned_datetime(zone).strftime("%a %Y-%m-%d %H:%M %Z").to_string();
        let _ = writeln!(text, "{} at {local} ({at})\n  {}", declaration.label, explained(commitment, at));
        for assumed in &declaration.assumed {
            let _ = writeln!(text, "  note: {assumed}");
        }
        let held = demand(commitment, commitment.timetable.as_ref(), commitment.lead).at(at);
        told.push(json!({
            "Name": declaration.label,
            "At": at,
            "State": if held.units.is_some() { State::On } else { State::Off },
            "ModelUnits": held.units.map_or(0, std::num::NonZero::get),
            "Because": explained(commitment, at),
            "Assumed": declaration.assumed,
        }));
    }
    match wanted.format {
        AnswerFormat::Text => terminal.say(&text),
        AnswerFormat::Json => terminal.print(&format!("{:#}\n", json!(told))),
    }
}

/// One sentence: what is held of `commitment` at `at`, by which rule, what that rule overruled, and until when.
#[must_use]
pub fn explained(commitment: &Commitment, at: Timestamp) -> String {
    let Some(timetable) = &commitment.timetable else {
        return format!(
            "{}: always on, there is no Timetable.",
            size(&demand(commitment, None, commitment.lead).at(at))
        );
    };
    let held = demand(commitment, Some(timetable), commitment.lead);
    let wanted = demand(commitment, Some(timetable), SignedDuration::ZERO);
    let (is_held, is_wanted) = (held.at(at), wanted.at(at));
    let mut sentence = format!("{}: ", size(&is_held));
    if is_held.because.lead {
        let lead = duration_text(commitment.lead);
        let _ = write!(sentence, "held for {}", rule(&is_held));
        if let Some(from) = begins(&wanted, at, &is_held) {
            let begins = duration_text(from.duration_since(at));
            let _ = write!(sentence, ", which begins in {begins}, within LeadTime {lead}");
        }
        let by = rule(&is_wanted);
        let _ = match is_wanted.units {
            None => write!(sentence, "; by itself it would be off, {by}"),
            Some(units) => write!(sentence, "; wanted until then: {units}, by {by}"),
        };
        sentence.push_str(&overruled(commitment, timetable, at, &is_wanted, ", which"));
    } else {
        sentence.push_str(&rule(&is_held));
        sentence.push_str(&overruled(commitment, timetable, at, &is_wanted, ""));
    }
    if let Some(next) = held.next_transition(at) {
        let (zone, _) = zone(commitment);
        let local = next.at.to_zoned_datetime(zone).strftime("%a %Y-%m-%d %H:%M").to_string();
        let _ = write!(sentence, ". Next: {} {local}, {}", next.state, next.because);
    }
    sentence.push('.');
    sentence
}

fn size(desired: &Desired<'_>) -> String {
    match desired.units.map(std::num::NonZero::get) {
        None => "Off".to_owned(),
        Some(1) => "On with 1 model unit".to_owned(),
        Some(units) => format!("On with {units} model units"),
    }
}

/// The rule, lead aside.
fn rule(desired: &Desired<'_>) -> String {
    desired.because.rule.to_string()
}

/// When the size that is held begins to be wanted.
fn begins(wanted: &Demand<'_>, at: Timestamp, held: &Desired<'_>) -> Option<Timestamp> {
    let mut from = at;
    // Within the lead, of which a week is the longest, there are few changes.
    for _ in 0..1000 {
        let next = wanted.next_transition(from)?.at;
        if wanted.at(next).units == held.units {
            return Some(next);
        }
        from = next;
    }
    None
}

/// What the deciding rule overruled, in words that go on from it; empty if it overruled nothing.
fn overruled(
    commitment: &Commitment,
    timetable: &Timetable,
    at: Timestamp,
    decides: &Desired<'_>,
    relative: &str,
) -> String {
    let Rule::Timetable(source) = decides.because.rule else { return String::new() };
    match source {
        Source::Holiday(_) => {
            let regular = without_irregularities(timetable);
            let taken_away = demand(commitment, Some(&regular), SignedDuration::ZERO).at(at);
            format!("{relative} takes away {}", taken_away.because.rule)
        }
        Source::Exception(exception) => {
            // The later of two exceptions decides: those before it in the list are overruled as well.
            let earlier = timetable.exceptions().iter().position(|known| known == exception).unwrap_or_default();
            let earlier: Vec<Exception> = timetable.exceptions().iter().take(earlier).copied().collect();
            let rest = Timetable::new(
                timetable.zone().clone(),
                timetable.windows().to_vec(),
                timetable.holidays().to_vec(),
                earlier,
            );
            let to = exception.state;
            match demand(commitment, Some(&rest), SignedDuration::ZERO).at(at) {
                Desired { because, .. } if because.rule == Rule::Timetable(Source::Nothing) => {
                    format!(" to {to}, {because}")
                }
                overruled => format!(" to {to}{relative} overrules {} ({})", overruled.because.rule, size(&overruled)),
            }
        }
        Source::Window(window, _) => {
            let others = timetable.windows().iter().filter(|known| *known != window).cloned().collect();
            let rest = Timetable::new(timetable.zone().clone(), others, timetable.holidays().to_vec(), Vec::new());
            match demand(commitment, Some(&rest), SignedDuration::ZERO).at(at) {
                Desired { units: Some(units), because } if decides.units == Some(units) => {
                    format!("{relative} comes before {} of the same size", because.rule)
                }
                covered @ Desired { units: Some(_), because } => {
                    format!("{relative} is larger than {} ({})", because.rule, size(&covered))
                }
                Desired { units: None, .. } => String::new(),
            }
        }
        Source::Nothing => String::new(),
    }
}
