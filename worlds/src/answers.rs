//! How is a stack told what it is owed?
//!
//! The steps of `src/handler/answers.rs` and of a turn in `src/handler/carry.rs`: decided and written, then told, then
//! struck.

use std::sync::Arc;

use policy::answer::Verdict;
use policy::custom_resource::RequestType;
use policy::observed::{CallError, Observed};
use policy::plan::Plan;
use policy::record::{Decision, Declared};

use crate::flight::{Flight, Phase, Then, Way};
use crate::next::{Steps, name_of};
use crate::rounds::{again, put_back, read_again, taken};
use crate::rules;
use crate::state::State;
use crate::table::{LeaseChange, Write, Written, is_held};
use crate::time::{Second, instant};
use crate::world::{Ask, Fault, World};

/// How long before the moment of an answer an invocation stays awake for it.
const AWAKE_BEFORE_END: Second = 75;

/// What can be answered after a look, or after one that `failed`. Nothing if the invocation ends without a last write.
pub(crate) fn turn(
    way: &mut Way,
    look: Option<(&Plan, &Observed)>,
    failed: Option<&CallError>,
    now: Second,
) -> Option<Phase> {
    let declared = &way.stored.declared;
    if declared.owed.first().is_some_and(|owed| owed.decided.is_some()) {
        return Some(Phase::Lease(Then::Run));
    }
    let over = if failed.is_some() { None } else { Some(Phase::End) };
    let Some(owed) = declared.undecided() else { return over };
    let verdict = match (failed, look) {
        (Some(error), _) => owed.verdict_without_look(error, instant(now)),
        (None, Some((plan, observed))) => owed.verdict(declared, plan, observed, instant(now)),
        (None, None) => return over,
    };
    match verdict {
        Verdict::Now(decision) => {
            let nothing_left = failed.is_none() && look.is_some_and(|(plan, _)| plan.nothing_left);
            let forget = owed.kind == RequestType::Delete && nothing_left;
            Some(Phase::Settle { decision, forget })
        }
        Verdict::Wait(_) => {
            let left = crate::time::second(owed.decide_at) - now;
            let near = 0 < left && left <= AWAKE_BEFORE_END;
            if near { Some(Phase::Sleep { until: now + left }) } else { over }
        }
    }
}

/// The next step of an invocation that has a decided answer to tell, or none any more.
pub(crate) fn told(way: &Way, holder: &str, then: Then) -> Phase {
    let owed = &way.stored.declared.owed;
    let decided = owed.first().is_some_and(|owed| owed.decided.is_some());
    match then {
        _ if decided && is_held(&way.stored, holder) => Phase::Tell(then),
        _ if decided => Phase::Lease(then),
        Then::Forget if owed.is_empty() => Phase::Forget,
        Then::Over => Phase::End,
        Then::Run | Then::Forget => Phase::Look { read: false },
    }
}

/// Writes the record with `declared`, and lets `done` say what follows.
fn write(
    state: &mut State,
    flight: &mut Flight,
    declared: Option<Declared>,
    then: Then,
) -> (Option<Phase>, &'static str) {
    let holder = flight.holder();
    let commitment = flight.commitment;
    let Some(way) = flight.way.as_mut().map(Arc::make_mut) else { return (None, "ends") };
    let stored = Arc::clone(&way.stored);
    let write = Write {
        before: &stored,
        holder: &holder,
        now: state.now,
        lease: LeaseChange::Take,
        declared,
        progress: way.progress.clone(),
        free: &[],
        limit: None,
    };
    match state.table.write(commitment, write) {
        Written::Done(stored) => {
            way.holds(stored);
            (Some(told(way, &holder, then)), "writes it")
        }
        Written::DeclaredChanged => {
            let phase = read_again(state, commitment, way).then(|| {
                let decided = way.stored.declared.owed.first().is_some_and(|owed| owed.decided.is_some());
                if decided { told(way, &holder, then) } else { again(way) }
            });
            (phase, "finds that something else was declared")
        }
        Written::LeaseLost | Written::NoRoom => (None, "finds that another invocation works on it"),
    }
}

/// Writes what is answered, and what follows from that.
pub(crate) fn settle(steps: &mut Steps<'_>, index: usize, decision: &Decision, forget: bool) {
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let declared = flight.way.as_ref().map(|way| {
        let mut declared = way.stored.declared.clone();
        declared.decide(decision);
        declared
    });
    let then = match decision {
        Decision::Success if forget => Then::Forget,
        Decision::Success => Then::Over,
        Decision::Failed(_) => Then::Run,
    };
    let (phase, said) = write(&mut state, &mut flight, declared, then);
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, None, || format!("{who} decides {}: {said}", decision.status()));
}

/// Takes the lease, to tell an answer.
pub(crate) fn lease(steps: &mut Steps<'_>, index: usize, then: Then) {
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let (phase, said) = write(&mut state, &mut flight, None, then);
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, None, || format!("{who} takes the lease to answer: {said}"));
}

/// The event whose stack `way` owes its oldest answer.
fn asked(world: &World, way: &Way) -> Option<(usize, Decision)> {
    let owed = way.stored.declared.owed.first()?;
    let is_it = |ask: &Ask| match ask {
        Ask::Request { origin, .. } => *origin == owed.origin,
        Ask::Command(_) => false,
    };
    let event = world.events.iter().position(|event| is_it(&event.ask))?;
    Some((event, owed.decided.clone()?))
}

/// Tells the oldest answer.
pub(crate) fn tell(steps: &mut Steps<'_>, index: usize, then: Then) {
    let world = steps.world;
    let mut state = steps.before.clone();
    let flight = taken(&mut state, index);
    let who = name_of(&flight);
    let answer = flight.way.as_ref().and_then(|way| asked(world, way));
    let broken = answer.as_ref().and_then(|(event, decision)| rules::tell(world, &mut state, *event, decision));
    put_back(&mut state, index, flight, Some(Phase::Strike(then)));
    steps.push_step(index, state, broken, || match &answer {
        Some((event, Decision::Success)) => format!("{who} answers SUCCESS to event {event}"),
        Some((event, Decision::Failed(reason))) => format!("{who} answers FAILED to event {event}: {reason}"),
        None => format!("{who} has nothing to tell"),
    });
    if steps.may(Fault::Silence) {
        let mut state = steps.spoiled();
        let flight = taken(&mut state, index);
        let who = name_of(&flight);
        put_back(&mut state, index, flight, None);
        steps.push(state, None, || format!("{who} cannot reach the stack, and ends"));
    }
}

/// Strikes the answer that was told.
pub(crate) fn strike(steps: &mut Steps<'_>, index: usize, then: Then) {
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let declared = flight.way.as_ref().map(|way| {
        let mut declared = way.stored.declared.clone();
        if !declared.owed.is_empty() {
            declared.owed.remove(0);
        }
        declared
    });
    let (phase, said) = write(&mut state, &mut flight, declared, then);
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, None, || format!("{who} strikes the answer: {said}"));
}

/// Forgets the commitment.
pub(crate) fn forget(steps: &mut Steps<'_>, index: usize) {
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let holder = flight.holder();
    let (commitment, now) = (flight.commitment, state.now);
    let wrong = rules::on_forgotten(steps.world, &state, commitment);
    let mut broken = None;
    let phase = flight.way.as_mut().and_then(|way| {
        let way = Arc::make_mut(way);
        let gone = state.table.forget(commitment, &way.stored, &holder, now);
        if gone {
            broken = wrong;
            None
        } else {
            Some(again(way))
        }
    });
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, broken, || format!("{who} forgets it"));
}
