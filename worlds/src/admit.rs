//! How does what somebody asks for become what is registered?
//!
//! The policy admits it against what is there and objects to it; the table takes it if nobody has written since
//! (`src/handler/commands.rs`, `src/handler/resource.rs`).

use std::sync::Arc;

use policy::admission::{
    self, Admitted, AdmittedRequest, Arrival, Change, Objections, There, admit_request, retiring_term,
};
use policy::custom_resource::{Request, RequestType};
use policy::observed::Observed;
use policy::record::{Answered, Dates, Decision, Record, Slot, Tombstone};

use crate::flight::{Flight, Phase, Way};
use crate::look::{Glitch, alias, answer as look_up, parameter};
use crate::next::{Steps, name_of};
use crate::rounds::{first, put_back, taken};
use crate::rules;
use crate::state::State;
use crate::table::Registered;
use crate::time::{instant, moment};
use crate::world::{Ask, DEPLOYMENT, World};

/// Reads what is registered. A tick goes on from there; an event is admitted first.
pub(crate) fn read(steps: &mut Steps<'_>, index: usize) {
    let world = steps.world;
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let (phase, said) = match flight.event {
        None => match state.table.records[usize::from(flight.commitment)].clone() {
            Some(stored) => (Some(carry(&state, &mut flight, stored)), "reads the record".to_owned()),
            None => (None, "finds nothing registered".to_owned()),
        },
        Some(event) => admitted(world, &state, &mut flight, event),
    };
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, None, || format!("{who} {said}"));
}

/// Carries on with a record that is there.
fn carry(state: &State, flight: &mut Flight, stored: Arc<Record>) -> Phase {
    let way = Way::new(stored, state.now);
    let phase = first(&way, &flight.holder(), state.now);
    flight.way = Some(Arc::new(way));
    phase
}

fn there(state: &State, commitment: u8) -> There {
    let slot = usize::from(commitment);
    let tombstone = state.table.tombstones[slot].as_deref().filter(|left| left.stands(instant(state.now)));
    There { record: state.table.records[slot].as_deref().cloned(), tombstone: tombstone.cloned() }
}

fn admitted(world: &World, state: &State, flight: &mut Flight, event: u8) -> (Option<Phase>, String) {
    let ask = &world.events[usize::from(event)].ask;
    let there = there(state, flight.commitment);
    let sent = state.events[usize::from(event)].sent.unwrap_or(state.now);
    match ask {
        Ask::Command(command) => {
            let id = format!("e{event}");
            let arrival = Arrival { now: moment(state.now, flight.serial), sent: instant(sent), request_id: &id };
            match admission::admit(command, &there, arrival) {
                Ok(Admitted::Register(change)) => match object(world, state, &change, &there) {
                    None => (Some(registers(&there, *change)), "is admitted".to_owned()),
                    Some(refusal) => (None, format!("is refused: {refusal}")),
                },
                Ok(Admitted::Nothing(why)) => {
                    let stored = state.table.records[usize::from(flight.commitment)].clone();
                    (stored.map(|stored| carry(state, flight, stored)), format!("changes nothing: {why}"))
                }
                Err(refusal) => (None, format!("is refused: {refusal}")),
            }
        }
        Ask::Request { .. } => {
            let name = &world.commitments[usize::from(flight.commitment)];
            match ask.request(name, sent, state.now) {
                Some(mut request) => {
                    request.since = moment(state.now, flight.serial);
                    admitted_request(world, state, flight, &request, &there)
                }
                None => (None, "cannot be read".to_owned()),
            }
        }
    }
}

fn registers(there: &There, change: Change) -> Phase {
    Phase::Register {
        before: there.record.clone().map(Arc::new),
        left: there.tombstone.clone().map(Arc::new),
        change: Arc::new(change),
    }
}

fn admitted_request(
    world: &World,
    state: &State,
    flight: &mut Flight,
    request: &Request,
    there: &There,
) -> (Option<Phase>, String) {
    if request.until <= request.since && request.kind != RequestType::Delete {
        return (None, "came after its own end".to_owned());
    }
    let stored = state.table.records[usize::from(flight.commitment)].clone();
    let failed = |reason: String| (Some(Phase::Answer(Decision::Failed(reason.clone()))), reason);
    match admit_request(request, there) {
        Err(refusal) => failed(refusal.to_string()),
        Ok(AdmittedRequest::Register(change)) => {
            let objection =
                (request.kind != RequestType::Delete).then(|| object(world, state, &change, there)).flatten();
            match objection {
                None => (Some(registers(there, *change)), "is admitted".to_owned()),
                Some(refusal) => failed(refusal),
            }
        }
        Ok(AdmittedRequest::Again(decision)) => match (stored, decision) {
            (Some(stored), Some(decision)) if stored.declared.owed.is_empty() => {
                (Some(Phase::Answer(decision)), "was answered before".to_owned())
            }
            (Some(stored), _) => (Some(carry(state, flight, stored)), "is registered already".to_owned()),
            (None, Some(decision)) => (Some(Phase::Answer(decision)), "was answered before".to_owned()),
            (None, None) => (Some(Phase::Answer(Decision::Success)), "is gone already".to_owned()),
        },
        Ok(AdmittedRequest::SomebodyElses) => (Some(Phase::Answer(Decision::Success)), "is another stack's".to_owned()),
        Ok(AdmittedRequest::Bury(_)) => (Some(Phase::Bury), "finds nothing to delete".to_owned()),
    }
}

/// What speaks against `change`: guardrails, a retiring term, and what AWS reports.
fn object(world: &World, state: &State, change: &Change, there: &There) -> Option<String> {
    let declared = &change.declared;
    let commitment = &declared.commitment;
    if change.may_buy {
        let live = declared.override_.as_ref().and_then(|live| live.units);
        let refused = live.and_then(|units| world.guardrails.refuses_purchase(commitment, units));
        if let Some(refused) = world.guardrails.refusals(commitment).into_iter().chain(refused).next() {
            return Some(refused.to_string());
        }
    }
    if !change.is_news {
        return None;
    }
    let others: Vec<Record> = state.table.records.iter().flatten().map(|record| Record::clone(record)).collect();
    if let Some(refusal) = retiring_term(commitment, &others, instant(state.now)) {
        return Some(refusal);
    }
    let before = there.record.as_ref();
    let is_new = before.is_none_or(|before| before.declared.commitment.model != commitment.model);
    let own = before.map(|before| before.progress.own_parameters.clone()).unwrap_or_default();
    let mut observed = Observed { region: "us-east-1".to_owned(), ..Observed::default() };
    let aliases = commitment.aliases.iter().filter_map(|id| {
        let seen = alias(&state.aws.aliases[world.alias_index(id)?]);
        Some((id.clone(), Ok(Some(seen))))
    });
    observed.aliases = aliases.collect();
    let seen = |name: &policy::commitment::ParameterName| (name.clone(), Ok(state.aws.parameter.map(parameter)));
    observed.parameters = commitment.parameter.iter().map(seen).collect();
    loop {
        let objections = Objections::to(commitment, &own, is_new, &observed, DEPLOYMENT);
        if objections.questions.is_empty() {
            let failed = objections.failed.iter().map(ToString::to_string);
            return objections.refused.into_iter().chain(failed).next();
        }
        for question in &objections.questions {
            look_up(world, &state.aws, question, Glitch::None, &mut observed.facts);
        }
    }
}

/// Registers what was admitted, if nobody has written since.
pub(crate) fn register(
    steps: &mut Steps<'_>,
    index: usize,
    before: Option<&Record>,
    left: Option<&Tombstone>,
    change: &Change,
) {
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let (phase, said) = match state.table.register(flight.commitment, before, left, change) {
        Registered::Done(stored) => (Some(carry(&state, &mut flight, stored)), "registers"),
        Registered::Conflict => (Some(Phase::Read), "finds that somebody has written"),
        Registered::Claimed => {
            let ask = flight.event.map(|event| &steps.world.events[usize::from(event)].ask);
            let is_request = matches!(ask, Some(Ask::Request { .. }));
            let failed = || Phase::Answer(Decision::Failed("another commitment declares its target".to_owned()));
            (is_request.then(failed), "finds that another commitment declares its target")
        }
    };
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, None, || format!("{who} {said}"));
}

/// Remembers a Delete of what is not there.
pub(crate) fn bury(steps: &mut Steps<'_>, index: usize) {
    let world = steps.world;
    let mut state = steps.before.clone();
    let flight = taken(&mut state, index);
    let slot = usize::from(flight.commitment);
    let there = there(&state, flight.commitment);
    let request = request_of(world, &state, &flight);
    let phase = match request.map(|request| admit_request(&request, &there)) {
        Some(Ok(AdmittedRequest::Bury(left))) if state.table.records[slot].is_none() => {
            state.table.tombstones[slot] = Some(Arc::new(*left));
            Phase::Answer(Decision::Success)
        }
        Some(_) | None => Phase::Read,
    };
    let who = name_of(&flight);
    put_back(&mut state, index, flight, Some(phase));
    steps.push_step(index, state, None, || format!("{who} remembers the Delete"));
}

fn request_of(world: &World, state: &State, flight: &Flight) -> Option<Request> {
    let event = flight.event?;
    let sent = state.events[usize::from(event)].sent.unwrap_or(state.now);
    let name = &world.commitments[usize::from(flight.commitment)];
    world.events[usize::from(event)].ask.request(name, sent, state.now)
}

/// Answers a request that was not registered, and remembers a Create that was refused.
pub(crate) fn answer(steps: &mut Steps<'_>, index: usize, decision: &Decision) {
    let world = steps.world;
    let mut state = steps.before.clone();
    let flight = taken(&mut state, index);
    let who = name_of(&flight);
    let slot = usize::from(flight.commitment);
    if let Some(request) = request_of(world, &state, &flight)
        && matches!(decision, Decision::Failed(_))
        && request.kind == RequestType::Create
        && state.table.records[slot].is_none()
    {
        let known = there(&state, flight.commitment).tombstone.unwrap_or_default();
        let mut dates = Dates::default();
        dates.note(Slot::Declaration, request.dated);
        let answered = Some(Answered { request_id: request.origin.request_id, decision: decision.clone() });
        let Tombstone { spent, invocations, .. } = known;
        let left =
            Tombstone { dates, newest: Some(request.dated), answered, spent, invocations, ..Tombstone::default() };
        state.table.tombstones[slot] = Some(Arc::new(left.lasting(instant(state.now))));
    }
    let broken = flight.event.and_then(|event| rules::tell(world, &mut state, usize::from(event), decision));
    put_back(&mut state, index, flight, None);
    steps.push_step(index, state, broken, || format!("{who} answers {}", decision.status()));
}
