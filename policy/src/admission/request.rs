//! What does a request of `CloudFormation` make of what is there?
//!
//! Requests for one resource are ordered by the date of their signature; at equal dates a Delete wins
//! (docs/reference.md, "The custom resource").

use std::collections::BTreeSet;

use super::{Change, Refusal, There, is_news, refuse_during_term};
use crate::commitment::{Commitment, OnDelete};
use crate::custom_resource::{Request, RequestType};
use crate::input::Mistakes;
use crate::record::{Decision, Declared, Lifecycle, Owed, Previous, Record, Resource, Slot, Tombstone};

/// What a request makes of what is there.
#[derive(Debug, Clone, PartialEq)]
pub enum AdmittedRequest {
    /// This is to be registered.
    Register(Box<Change>),
    /// The same request once more, which is registered: its answer is owed, or this was its answer.
    Again(Option<Decision>),
    /// Nothing is registered that could go: this is remembered, and the Delete is answered SUCCESS.
    Bury(Box<Tombstone>),
    /// It is another stack's, so that a Delete of it is none of ours: SUCCESS, and nothing changes.
    SomebodyElses,
}

/// What `request` makes of what is `there`.
///
/// # Errors
/// Why it is refused.
pub fn admit_request(request: &Request, there: &There) -> Result<AdmittedRequest, Refusal> {
    let There { record, tombstone } = there;
    if let Some(record) = record {
        if let Some(answer) = is_somebody_elses(request, record)? {
            return Ok(answer);
        }
        // A request whose URL bears no date is known by its URL alone.
        // One that is decided and not struck yet is told what was decided, whatever is newer.
        if let Some(owed) = record.declared.owed.iter().find(|owed| owed.origin == request.origin) {
            return Ok(AdmittedRequest::Again(owed.decided.clone()));
        }
        if let Some(known) = record.declared.resource.as_ref() {
            if known.is_newest(request) {
                return Ok(AdmittedRequest::Again(known.answered.clone()));
            }
            refuse_if_older(request, known, record)?;
        }
    } else if let Some(tombstone) = tombstone {
        let answered = tombstone.answered.as_ref();
        let same = tombstone.newest == Some(request.dated)
            && answered.is_some_and(|answered| answered.request_id == request.origin.request_id);
        if same {
            return Ok(AdmittedRequest::Again(answered.map(|answered| answered.decision.clone())));
        }
        let newest = tombstone.newest.max(tombstone.dates.declaration);
        if request.kind != RequestType::Delete
            && let Some(newest) = newest.filter(|newest| request.dated <= *newest)
        {
            return Err(overtaken(request, "was deleted, or refused, by a request of", newest));
        }
    }
    if request.decide_at <= request.since && request.kind != RequestType::Delete {
        let Request { name, until, .. } = request;
        return Err(Refusal::NotAllowed(format!("{name}: came too late for its end, {until}")));
    }
    match request.kind {
        RequestType::Delete => Ok(delete(request, there)),
        RequestType::Create | RequestType::Update => declare(request, there),
    }
}

/// Two stacks' derived names may be equal. Neither changes what is the other's.
fn is_somebody_elses(request: &Request, record: &Record) -> Result<Option<AdmittedRequest>, Refusal> {
    let name = &request.name;
    let whose = match &record.declared.resource {
        Some(resource) if resource.is_of(&request.origin) => return Ok(None),
        Some(resource) => format!("the stack {}", resource.stack_id),
        None => "an action, and not by a stack".to_owned(),
    };
    match request.kind {
        RequestType::Delete => Ok(Some(AdmittedRequest::SomebodyElses)),
        RequestType::Create | RequestType::Update => Err(Refusal::NotAllowed(format!(
            "the name {name}, which follows from stack and logical id, is taken: it was registered by {whose}; give the \
             resource another logical id"
        ))),
    }
}

/// An older request changes nothing. If a Create and a Delete have the same date, the Create counts as the older one.
fn refuse_if_older(request: &Request, known: &Resource, record: &Record) -> Result<(), Refusal> {
    let goes = record.declared.goes();
    let loses = match request.kind {
        RequestType::Delete => goes,
        RequestType::Create | RequestType::Update => true,
    };
    if request.dated < known.newest || (request.dated == known.newest && loses) {
        return Err(overtaken(request, "has a newer request of", known.newest));
    }
    Ok(())
}

fn overtaken(request: &Request, why: &str, when: jiff::Timestamp) -> Refusal {
    let Request { kind, name, dated, .. } = request;
    Refusal::NotAllowed(format!("{name} {why} {when}: this {kind} of {dated} changes nothing"))
}

fn resource_of(request: &Request, before: Option<&Record>) -> Resource {
    let known = before.and_then(|before| before.declared.resource.as_ref());
    let created = known.is_some_and(|known| known.created) && request.kind != RequestType::Create;
    Resource {
        stack_id: request.origin.stack_id.clone(),
        logical_resource_id: request.origin.logical_resource_id.clone(),
        newest: request.dated,
        request_id: request.origin.request_id.clone(),
        created,
        answered: None,
    }
}

/// Notes the request in `declared`, with the answer that it is owed. An older one that is owed an answer is told FAILED.
fn note(declared: &mut Declared, request: &Request, before: Option<&Record>, previous: Option<Previous>) {
    declared.resource = Some(resource_of(request, before));
    declared.overtake();
    declared.owed.push(Owed::to(request, previous));
    declared.dates.note(Slot::Declaration, request.dated);
    declared.note_change(format!("{} by its stack", request.kind), "", request.since);
}

fn declare(request: &Request, there: &There) -> Result<AdmittedRequest, Refusal> {
    let There { record, tombstone } = there;
    let before = record.as_ref();
    let mut mistakes = Mistakes::default();
    let commitment =
        Commitment::read_properties(request.name.clone(), &request.properties, "ResourceProperties", &mut mistakes);
    let commitment = mistakes.or(commitment).map_err(|mistakes| Refusal::Invalid(mistakes.to_string()))?;
    let mut declared = match before {
        None => there.begin(commitment, request.since),
        Some(before) => {
            refuse_during_term(before, &commitment, request.since)?;
            let mut declared = before.declared.clone();
            declared.lifecycle = Lifecycle::Active;
            declared.declare(commitment);
            declared
        }
    };
    let updates = |before: &&Record| request.kind == RequestType::Update && !before.declared.goes();
    let previous = before.filter(updates).and_then(in_force);
    note(&mut declared, request, before, previous);
    let inherited = tombstone.as_ref().filter(|_| before.is_none()).map(|tombstone| tombstone.spent.clone());
    let inherited = inherited.unwrap_or_default();
    if let Some(spent) = spent(&declared, &inherited).filter(|_| before.is_none()) {
        return Err(Refusal::NotAllowed(format!(
            "Purchase `{spent}` of {} was spent before; give Purchase a new value to buy another term",
            request.name
        )));
    }
    let is_news = is_news(&declared, before);
    Ok(AdmittedRequest::Register(Box::new(Change { is_news, may_buy: is_news, inherited, declared })))
}

/// The value of `Purchase` that `declared` names, if it is among `inherited`.
fn spent(declared: &Declared, inherited: &BTreeSet<String>) -> Option<String> {
    declared.commitment.term?;
    let purchase = declared.commitment.purchase.as_ref()?.as_str();
    inherited.contains(purchase).then(|| purchase.to_owned())
}

/// The declaration that comes back in force if this Update fails. If it overtakes an undecided request, that one fails with it:
/// then the declaration from before both comes back, and none if the first was a Create.
fn in_force(before: &Record) -> Option<Previous> {
    let Declared { commitment, by_hand, .. } = &before.declared;
    match before.declared.undecided() {
        Some(overtaken) => overtaken.previous.as_deref().cloned(),
        None => Some(Previous { commitment: commitment.clone(), by_hand: *by_hand }),
    }
}

fn delete(request: &Request, there: &There) -> AdmittedRequest {
    let There { record, tombstone } = there;
    let Some(before) = record else {
        let mut left = tombstone.clone().unwrap_or_default();
        left.newest = left.newest.max(Some(request.dated));
        left.answered = Some(crate::record::Answered {
            request_id: request.origin.request_id.clone(),
            decision: Decision::Success,
        });
        return AdmittedRequest::Bury(Box::new(left.lasting(request.since)));
    };
    AdmittedRequest::Register(Box::new(retire(before, request)))
}

fn retire(before: &Record, request: &Request) -> Change {
    let mut declared = before.declared.clone();
    let created = declared.resource.as_ref().is_some_and(|resource| resource.created);
    if created && declared.commitment.on_delete == OnDelete::Retain {
        declared.lifecycle = Lifecycle::Releasing;
    } else {
        declared.retire();
    }
    note(&mut declared, request, Some(before), None);
    Change { declared, is_news: false, may_buy: false, inherited: BTreeSet::new() }
}

impl Change {
    /// The retirement of a throughput whose record was lost: `commitment` is as much of its declaration as could be read.
    #[must_use]
    pub fn of_left_over(commitment: Commitment, request: &Request) -> Self {
        retire(&Record::new(Declared::new(commitment, request.since)), request)
    }
}
