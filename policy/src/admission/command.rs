//! What does a command make of what is there?
//!
//! Order is judged for each slot by itself, and an invocation that Lambda repeats carries its command out once
//! (docs/reference.md, "Actions").

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Admitted, Arrival, Change, Refusal, There, is_news, refuse_during_term};
use crate::commitment::Commitment;
use crate::custom_resource::RequestType;
use crate::desired::{Hold, Override};
use crate::event::{Command, End, Resumed, Subject};
use crate::record::{Dates, Declared, Lifecycle, Record, Slot};
use crate::timetable::{State, duration_text};

/// Longest override (docs/reference.md, "When it is on").
const LONGEST_OVERRIDE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What `command` makes of what is `there`.
///
/// # Errors
/// Why it is refused.
pub fn admit(command: &Command, there: &There, arrival: Arrival<'_>) -> Result<Admitted, Refusal> {
    let There { record, tombstone } = there;
    let Arrival { now, sent, request_id } = arrival;
    if was_carried_out(there, request_id) {
        return Ok(Admitted::Nothing("this invocation was carried out before".to_owned()));
    }
    let dates = record.as_ref().map(|record| record.declared.dates);
    let dates = dates.or(tombstone.as_ref().map(|tombstone| tombstone.dates)).unwrap_or_default();
    let is_there = record.as_ref().is_some_and(|record| record.declared.lifecycle == Lifecycle::Active);
    if let Some(stale) = stale(command, &dates, is_there, sent) {
        return Ok(Admitted::Nothing(stale));
    }
    let mut declared = match command {
        Command::Scale { subject: Subject::Declared(commitment), .. } | Command::Apply(commitment) => {
            declare(commitment, there, arrival, matches!(command, Command::Apply(_)))?
        }
        Command::Tick { .. }
        | Command::Scale { .. }
        | Command::Retire(_)
        | Command::Override { .. }
        | Command::Resume { .. }
        | Command::Status(_)
        | Command::Plan { .. }
        | Command::Doctor(_)
        | Command::Repair
        | Command::Adopt => record.as_ref().map(|record| record.declared.clone()).ok_or(Refusal::Unknown)?,
    };
    let did = apply(command, &mut declared, record.as_ref(), arrival)?;
    declared.note_change(did, request_id, now);
    let inherited = tombstone.as_ref().map(|tombstone| tombstone.spent.clone()).unwrap_or_default();
    let off = matches!(command, Command::Scale { state: State::Off, .. } | Command::Override { state: State::Off, .. });
    let switches_off = off && record.is_some();
    let buys = declared.lifecycle == Lifecycle::Active && !matches!(command, Command::Resume { .. });
    Ok(Admitted::Register(Box::new(Change {
        is_news: declared.lifecycle == Lifecycle::Active && is_news(&declared, record.as_ref()),
        may_buy: buys && !switches_off,
        inherited: if record.is_some() { BTreeSet::new() } else { inherited },
        declared,
    })))
}

fn was_carried_out(there: &There, request_id: &str) -> bool {
    let There { record, tombstone } = there;
    let knows = |invocations: &[String]| invocations.iter().any(|known| known == request_id);
    !request_id.is_empty()
        && (record.as_ref().is_some_and(|record| knows(&record.declared.invocations))
            || tombstone.as_ref().is_some_and(|tombstone| knows(&tombstone.invocations)))
}

/// Why `command` is too old to change anything, if it is. A `Retire` never is. A scaling with a declaration that is older than a
/// retirement does not register the commitment again; `is_there` says that it is registered.
fn stale(command: &Command, dates: &Dates, is_there: bool, sent: Timestamp) -> Option<String> {
    if matches!(command, Command::Retire(_)) {
        return None;
    }
    let declares = matches!(command, Command::Scale { subject: Subject::Declared(_), .. }) && !is_there;
    let slots = [command.slot(), declares.then_some(Slot::Declaration)];
    let slot = slots.into_iter().flatten().find(|slot| dates.is_stale(*slot, sent))?;
    let newest = dates.of(slot)?;
    Some(format!("Stale: it was sent at {sent}, and a newer action was sent at {newest}; it changes nothing"))
}

/// The declaration with `commitment` in it.
fn declare(
    commitment: &Commitment,
    there: &There,
    arrival: Arrival<'_>,
    follows_timetable: bool,
) -> Result<Declared, Refusal> {
    let name = &commitment.name;
    let Some(record) = &there.record else {
        let mut declared = there.begin(commitment.clone(), arrival.now);
        declared.dates.note(Slot::Declaration, arrival.sent);
        return Ok(declared);
    };
    let mut declared = record.declared.clone();
    if declared.undecided().is_some_and(|owed| owed.kind == RequestType::Delete) {
        return Err(Refusal::NotAllowed(format!(
            "{name} is being deleted by its stack, which waits for it to be gone"
        )));
    }
    let same = declared.commitment == *commitment && declared.lifecycle == Lifecycle::Active;
    if same && !follows_timetable {
        return Ok(declared);
    }
    if let Some(resource) = &declared.resource {
        return Err(Refusal::NotAllowed(format!(
            "{name} is declared by the stack {}: change it there; ScaleUp, ScaleDown, Override and Retire take its Name",
            resource.stack_id
        )));
    }
    // Each slot by itself: an older declaration leaves the newer one as it is.
    if declared.dates.is_stale(Slot::Declaration, arrival.sent) {
        return Ok(declared);
    }
    refuse_during_term(record, commitment, arrival.now)?;
    declared.dates.note(Slot::Declaration, arrival.sent);
    declared.lifecycle = Lifecycle::Active;
    declared.declare(commitment.clone());
    Ok(declared)
}

/// Carries `command` out on `declared`. Returns what it did, in the words of the history.
fn apply(
    command: &Command,
    declared: &mut Declared,
    before: Option<&Record>,
    arrival: Arrival<'_>,
) -> Result<String, Refusal> {
    let Arrival { now, sent, .. } = arrival;
    let slot = command.slot();
    if let Some(slot) = slot {
        declared.dates.note(slot, sent);
    }
    match command {
        Command::Scale { state, subject } => {
            if declared.lifecycle != Lifecycle::Active {
                let name = subject.name();
                return Err(Refusal::NotAllowed(format!(
                    "{name} is being retired; send its whole Commitment to declare it anew"
                )));
            }
            declared.by_hand |= before.is_none();
            declared.hold = Some(Hold { state: *state, since: now });
            Ok(match state {
                State::On => "ScaleUp".to_owned(),
                State::Off => "ScaleDown".to_owned(),
            })
        }
        Command::Apply(_) => {
            declared.by_hand = false;
            // It ends a hold and an override, unless they are newer.
            if !declared.dates.is_stale(Slot::Hold, sent) {
                declared.hold = None;
            }
            if !declared.dates.is_stale(Slot::Override, sent) {
                declared.override_ = None;
            }
            declared.dates.note(Slot::Hold, sent);
            declared.dates.note(Slot::Override, sent);
            Ok("Apply".to_owned())
        }
        Command::Retire(_) => {
            declared.retire();
            Ok("Retire".to_owned())
        }
        Command::Override { state, units, end, reason, .. } => {
            override_for(declared, *state, *units, *end, reason.as_ref(), arrival)
        }
        Command::Resume { name, of } => resume(declared, *of, now).ok_or_else(|| {
            Refusal::NotAllowed(format!("{name} has no override that is in force; give Of: Hold to end its hold"))
        }),
        Command::Tick { .. }
        | Command::Status(_)
        | Command::Plan { .. }
        | Command::Doctor(_)
        | Command::Repair
        | Command::Adopt => Err(Refusal::Invalid("this action registers nothing".to_owned())),
    }
}

fn override_for(
    declared: &mut Declared,
    state: State,
    units: Option<crate::timetable::ModelUnits>,
    end: End,
    reason: Option<&String>,
    arrival: Arrival<'_>,
) -> Result<String, Refusal> {
    let name = &declared.commitment.name;
    if declared.lifecycle != Lifecycle::Active {
        return Err(Refusal::NotAllowed(format!("{name} is being retired: an override would change nothing")));
    }
    if units.is_some() && declared.commitment.term.is_some() {
        return Err(Refusal::NotAllowed(
            "ModelUnits: another size would be bought for a whole term; override without ModelUnits".to_owned(),
        ));
    }
    let until = override_end(end, arrival)?;
    declared.override_ = Some(Override { state, units, until, reason: reason.cloned() });
    let said = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    Ok(format!("Override {state} until {until}{said}"))
}

/// Ends what `of` names. Returns nothing if there is no such thing.
fn resume(declared: &mut Declared, of: Option<Resumed>, now: Timestamp) -> Option<String> {
    match of {
        Some(Resumed::Hold) => {
            // A hold that is gone already is as it should be.
            declared.hold = None;
            Some("Resume of the hold".to_owned())
        }
        Some(Resumed::Override) => {
            declared.override_ = None;
            Some("Resume of the override".to_owned())
        }
        None => {
            declared.override_.take().filter(|live| now < live.until)?;
            Some("Resume of the override".to_owned())
        }
    }
}

/// `For` counts from when it was sent.
fn override_end(end: End, arrival: Arrival<'_>) -> Result<Timestamp, Refusal> {
    let Arrival { now, sent, .. } = arrival;
    let (until, said) = match end {
        End::Until(until) => (until, format!("Until: `{until}`")),
        End::For(duration) => {
            let until = sent.saturating_add(duration).unwrap_or(Timestamp::MAX);
            (until, format!("For: `{}`", duration_text(duration)))
        }
    };
    let lasts = until.duration_since(now);
    if lasts.is_positive() && lasts <= LONGEST_OVERRIDE {
        return Ok(until);
    }
    let most = duration_text(LONGEST_OVERRIDE);
    Err(Refusal::Invalid(format!("{said} is not within the next {most}, the longest that an override lasts")))
}
