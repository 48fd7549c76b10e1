//! May this be registered, and what does it make of what is there?
//!
//! Pure: the record that is there, what was seen, and what is asked for give the new [`Declared`], or every objection at
//! once. The table then takes it on the condition that nobody has written meanwhile.

mod command;
mod objections;
mod request;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::commitment::Commitment;
use crate::record::{Declared, Held, Lifecycle, Record, Tombstone};

pub use command::admit;
pub use objections::Objections;
pub use request::{AdmittedRequest, admit_request};

/// What is registered under a name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct There {
    /// The commitment.
    pub record: Option<Record>,
    /// What is left of one that is gone, as long as it counts.
    pub tombstone: Option<Tombstone>,
}

impl There {
    /// A new declaration of `commitment`. It goes on from what is left of an earlier one, so that what was carried out before
    /// is not carried out once more.
    fn begin(&self, commitment: Commitment, now: Timestamp) -> Declared {
        let mut declared = Declared::new(commitment, now);
        if let Some(Tombstone { dates, invocations, .. }) = &self.tombstone {
            declared.dates = *dates;
            declared.invocations.clone_from(invocations);
        }
        declared
    }
}

/// The invocation that asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Now.
    pub now: Timestamp,
    /// The date by which it is ordered.
    pub sent: Timestamp,
    /// Lambda's request id: the same when Lambda repeats an invocation. Empty if there is none.
    pub request_id: &'a str,
}

/// What a command makes of what is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Admitted {
    /// This is to be registered.
    Register(Box<Change>),
    /// It changes nothing, and why; the commitment is looked at all the same.
    Nothing(String),
}

/// A new declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is to be registered.
    pub declared: Declared,
    /// Whether it declares something that is not in force yet, and has to be judged against what AWS reports.
    pub is_news: bool,
    /// Whether it may buy, so that guardrails are asked. Switching off is always allowed.
    pub may_buy: bool,
    /// The values of `Purchase` that an earlier commitment of this name has spent.
    pub inherited: BTreeSet<String>,
}

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It says something that cannot be meant.
    #[error("{0}")]
    Invalid(String),
    /// A running term, a stack or a newer request forbids it.
    #[error("{0}")]
    NotAllowed(String),
    /// Nobody registered the commitment.
    #[error("nobody registered it")]
    Unknown,
}

/// Returns true if `declared` declares something that is not in force yet.
fn is_news(declared: &Declared, before: Option<&Record>) -> bool {
    before.is_none_or(|Record { declared: before, .. }| {
        before.commitment != declared.commitment || before.lifecycle != Lifecycle::Active
    })
}

/// Rule 10: whatever would change model, units or term of a running term is refused, naming its end.
fn refuse_during_term(record: &Record, commitment: &Commitment, now: Timestamp) -> Result<(), Refusal> {
    let known = &record.declared.commitment;
    // What goes is a leftover: it says nothing about another declaration, unless that is a term beside it.
    let is_leftover = record.declared.goes() && commitment.term.is_none();
    if known.term.is_none() || known.is_bought_as(commitment) || is_leftover {
        return Ok(());
    }
    let runs = |held: &&Held| {
        let started = held.served.is_some() || held.term_end.is_some();
        held.term.is_some() && held.failed.is_none() && started && held.term_end.is_none_or(|end| now < end)
    };
    if let Some(held) = record.progress.throughputs.values().find(runs) {
        let end = held
            .term_end
            .map_or_else(|| "whose end AWS has not told yet".to_owned(), |end| format!("which ends at {end}"));
        return Err(Refusal::NotAllowed(format!(
            "model, units and term of {} cannot change during its term, {end}",
            known.name
        )));
    }
    let announced = record.progress.announced.iter().find(|(_, announced)| announced.term.is_some());
    match announced {
        Some((name, _)) if commitment.term.is_some() => Err(Refusal::NotAllowed(format!(
            "model, units and term of {} cannot change while it is not known whether {name} was bought; try again in some \
             minutes",
            known.name
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Rule 10: why a term of `commitment` is refused while one of `others`, which retires, still holds one of the same model.
#[must_use]
pub fn retiring_term(commitment: &Commitment, others: &[Record], now: Timestamp) -> Option<String> {
    commitment.term?;
    let model = crate::commitment::bare_model(commitment.model.as_str());
    let holds = |held: &&Held| {
        held.term.is_some()
            && held.failed.is_none()
            && crate::commitment::bare_model(&held.model_arn) == model
            && held.term_end.is_none_or(|end| now < end)
    };
    others.iter().filter(|other| other.declared.goes() && other.name() != commitment.name.as_str()).find_map(|other| {
        let held = other.progress.throughputs.values().find(holds)?;
        let end = held.term_end.map_or_else(String::new, |end| format!(" until {end}"));
        Some(format!(
            "{} is retiring and still holds {}, a term of the same model{end}: a second one would be paid beside it",
            other.name(),
            held.name
        ))
    })
}
