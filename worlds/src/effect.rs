//! What does a round change?
//!
//! One call for each action, in any order; what came of it is remembered as in `src/rounds/act.rs`. What a call would
//! overwrite is read in the same step: the round trip between the two is not modelled.

use std::sync::Arc;

use policy::observed::{CallError, CallErrorKind};
use policy::plan::{Action, Invocations, Route};
use policy::record::{Announced, Record};

use crate::aws::{Changing, Doing, Sold, Throughput, Value, Whose};
use crate::canon;
use crate::flight::{Acting, Flight, Phase, Way};
use crate::look::{Glitch, error, marks, throttled, told};
use crate::next::{Steps, name_of};
use crate::remember::{remember, take_back};
use crate::rounds::{after_calls, put_back, taken};
use crate::rules;
use crate::state::State;
use crate::table::{LeaseChange, Write, Written};
use crate::time::Second;
use crate::world::{DEPLOYMENT, Fault, World};

/// How long AWS creates a throughput, and changes an alias.
const CREATION: Second = 1500;
const CHANGE: Second = 1;
/// How often the lease is extended before a route.
const EXTEND_EVERY: Second = 15;

/// What came of a call.
pub(crate) enum Effect {
    Done,
    Moved,
    NotOurs,
    Wrote(i64),
    Bought(String, Option<policy::observed::Throughput>),
    Spent,
    Deleted,
    NotThere,
    Changed,
    LeaseLost,
}

/// Every way in which the calls that are left can go on.
pub(crate) fn act(steps: &mut Steps<'_>, index: usize, acting: &Acting) {
    for number in 0..acting.plan.actions.len() {
        if acting.done & (1 << number) != 0 {
            continue;
        }
        call(steps, index, acting, number, None);
        let action = &acting.plan.actions[number];
        for &fault in &steps.world.faults {
            if steps.before.faults > 0 && meets(action, fault) {
                call(steps, index, acting, number, Some(fault));
            }
        }
    }
    // All that was planned may be to free a target.
    if acting.plan.actions.is_empty() {
        let mut state = steps.before.clone();
        let mut flight = taken(&mut state, index);
        let world = steps.world;
        let now = state.now;
        let phase = flight.way.as_mut().map(|way| after_calls(world, Arc::make_mut(way), acting, now));
        let who = name_of(&flight);
        put_back(&mut state, index, flight, phase);
        steps.push_step(index, state, None, || format!("{who} has freed what was let go"));
    }
}

/// Whether a call of `action` can meet `fault`.
fn meets(action: &Action, fault: Fault) -> bool {
    match fault {
        Fault::AnswerLost | Fault::Silence | Fault::Throttled => !matches!(action, Action::Forget { .. }),
        Fault::CreationFails | Fault::Missed => matches!(action, Action::Buy { .. }),
        Fault::AliasFails => matches!(action, Action::Route { .. }),
        Fault::AliasUnread | Fault::MarksLate => matches!(action, Action::Delete { .. }),
        Fault::Crash
        | Fault::Stall
        | Fault::LostTick
        | Fault::Ghost
        | Fault::Lingers
        | Fault::ListFails
        | Fault::Repeated => false,
    }
}

/// Makes one call, and remembers what came of it.
fn call(steps: &mut Steps<'_>, index: usize, acting: &Acting, number: usize, fault: Option<Fault>) {
    let world = steps.world;
    let action = &acting.plan.actions[number];
    let mut state = if fault.is_some() { steps.spoiled() } else { steps.before.clone() };
    let mut flight = taken(&mut state, index);
    let mut broken = None;
    let mut told = String::new();
    let mut acting = Acting { done: acting.done | 1 << number, ..acting.clone() };
    let phase = effect_of(world, &mut state, &mut flight, action, fault, &mut acting, &mut broken).and_then(|effect| {
        let way = flight.way.as_mut().map(Arc::make_mut)?;
        let now = state.now;
        match effect {
            Ok(Effect::LeaseLost) => {
                "; the lease is lost".clone_into(&mut told);
                return None;
            }
            Ok(effect) => acting.progress |= remember(way, action, effect, now),
            Err(error) => {
                told = format!("; {error}");
                acting.busy |= error.kind == CallErrorKind::Busy;
                acting.progress |= matches!(action, Action::Buy { .. });
                take_back(way, action, &error);
                way.tries = way.tries.wrapping_add(canon::of_attempt(action, &error));
                let _failed = way.attempts.failed(action, error);
            }
        }
        let all = acting.plan.actions.len();
        if acting.done.count_ones() as usize == all {
            // A commitment that is forgotten needs nothing more.
            let gone = matches!(action, Action::Forget { .. })
                && state.table.records[usize::from(flight.commitment)].is_none();
            return (!gone).then(|| after_calls(world, way, &acting, now));
        }
        Some(Phase::Act(Arc::new(acting.clone())))
    });
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    let said =
        || format!("{who} does {action}{}{told}", fault.map_or_else(String::new, |fault| format!(" ({fault:?})")));
    if fault.is_none() { steps.push_step(index, state, broken, said) } else { steps.push(state, broken, said) }
}

type Outcome = Result<Effect, CallError>;

/// Lets AWS do what `action` says, as far as `fault` lets it. Nothing if the invocation knows no record.
fn effect_of(
    world: &World,
    state: &mut State,
    flight: &mut Flight,
    action: &Action,
    fault: Option<Fault>,
    acting: &mut Acting,
    broken: &mut Option<String>,
) -> Option<Outcome> {
    let commitment = flight.commitment;
    let holder = flight.holder();
    let way = flight.way.as_mut().map(Arc::make_mut)?;
    match fault {
        Some(Fault::Silence) => return Some(Err(error("call", CallErrorKind::NoAnswer, "NoAnswer"))),
        Some(Fault::Throttled) => return Some(Err(throttled("call"))),
        _ => {}
    }
    let record = way.record();
    let outcome = match action {
        Action::Buy { name, announced, repeated: _ } => buy(world, state, commitment, name, announced, &record, fault),
        Action::Route { alias, expected, to, invocations } => {
            if !still_holds(state, commitment, &holder, way, acting) {
                return Some(Ok(Effect::LeaseLost));
            }
            let index = world.alias_index(alias)?;
            let known = state.aws.aliases[index];
            if matches!(known.doing, Changing::Updating { .. }) || known.route.map(World::arn) != expected.route {
                return Some(Ok(Effect::Moved));
            }
            *broken = rules::on_routed(world, state, way, index, to);
            route(state, index, to, *invocations, fault);
            Ok(Effect::Done)
        }
        Action::Point { value, expected, .. } => Ok(point(world, state, value, expected.as_ref(), way, broken)),
        Action::Delete { name, arn, last_chance, patient: _ } => {
            delete(world, state, way, name, arn, *last_chance, fault, broken)
        }
        Action::Tag { .. } => Ok(Effect::Done),
        Action::Release { arn, .. } => {
            if let Some(known) = World::id_of(arn).and_then(|id| state.aws.find_mut(id)) {
                known.marks = Whose::Nobodys;
            }
            Ok(Effect::Done)
        }
        Action::Forget { .. } => {
            let wrong = rules::on_forgotten(world, state, commitment);
            let gone = state.table.forget(commitment, &way.stored, &holder, state.now);
            *broken = wrong.filter(|_| gone);
            Ok(if gone { Effect::Done } else { Effect::Changed })
        }
    };
    if fault == Some(Fault::AnswerLost) {
        return Some(Err(error("call", CallErrorKind::NoAnswer, "NoAnswer")));
    }
    Some(outcome)
}

/// Extends the lease if it is time to. Returns false if it is lost.
fn still_holds(state: &mut State, commitment: u8, holder: &str, way: &mut Way, acting: &mut Acting) -> bool {
    if state.now - acting.extended < EXTEND_EVERY {
        return true;
    }
    // Whatever was declared meanwhile: no call follows from that.
    let mut before = Record::clone(&way.stored);
    if let Some(record) = &state.table.records[usize::from(commitment)] {
        before.declared = record.declared.clone();
    }
    let write = Write {
        before: &before,
        holder,
        now: state.now,
        lease: LeaseChange::Take,
        declared: None,
        progress: before.progress.clone(),
        free: &[],
        limit: None,
    };
    match state.table.write(commitment, write) {
        Written::Done(stored) => {
            let mut known = Record::clone(&way.stored);
            known.lease.clone_from(&stored.lease);
            known.progress.version = stored.progress.version;
            way.holds(Arc::new(known));
            acting.extended = state.now;
            true
        }
        Written::DeclaredChanged | Written::LeaseLost | Written::NoRoom => false,
    }
}

fn buy(
    world: &World,
    state: &mut State,
    commitment: u8,
    name: &str,
    announced: &Announced,
    record: &Record,
    fault: Option<Fault>,
) -> Outcome {
    let now = state.now;
    let known = state.aws.throughputs.len();
    let purchase = announced.purchase.as_ref();
    let purchase = purchase.and_then(|purchase| world.purchases.iter().position(|known| known == purchase));
    let wanted = Throughput {
        id: 0,
        name: world.name_index(name).unwrap_or(u8::MAX),
        units: announced.units,
        buyer: Some(commitment),
        purchase: purchase.and_then(|index| u8::try_from(index).ok()),
        term_end: None,
        doing: Doing::Creating { done: now + CREATION, fails: fault == Some(Fault::CreationFails) },
        marks: Whose::Ours(commitment),
        token: (record.declared.registered.as_microsecond(), announced.number),
        bought: now,
        gone: None,
        shown: false,
        missed: None,
        left: None,
        by_hand: false,
        used: false,
    };
    match state.aws.sell(wanted, world.quota, world.unique_names) {
        Sold::Quota => Err(error("buy", CallErrorKind::Quota, "ServiceQuotaExceededException")),
        Sold::Invalid => Err(error("buy", CallErrorKind::Invalid, "ValidationException")),
        Sold::Bought(id) => {
            if state.aws.throughputs.len() > known
                && let Some(spent) = purchase.and_then(|index| state.spent.get_mut(index))
            {
                *spent += 1;
            }
            let arn = World::arn(id);
            if record.progress.gone.contains_key(&arn) {
                return Ok(Effect::Spent);
            }
            let known = state.aws.find_mut(id).filter(|known| known.is_there() && fault != Some(Fault::Missed));
            let found = known.map(|known| {
                known.shown = true;
                told(world, known)
            });
            Ok(Effect::Bought(arn, found))
        }
    }
}

fn route(state: &mut State, index: usize, to: &Route, invocations: Invocations, fault: Option<Fault>) {
    let done = state.now + CHANGE;
    let known = &mut state.aws.aliases[index];
    known.route = to.arn().and_then(World::id_of);
    known.doing = Changing::Updating { done, fails: fault == Some(Fault::AliasFails) };
    known.rejects = match invocations {
        Invocations::Keep => known.rejects,
        Invocations::Reject => true,
        Invocations::Accept => false,
    };
    state.aws.watch(state.now);
}

fn point(
    world: &World,
    state: &mut State,
    value: &str,
    expected: Option<&String>,
    way: &Way,
    broken: &mut Option<String>,
) -> Effect {
    let seen = state.aws.parameter.map(crate::look::parameter);
    if seen.as_ref().map(|seen| &seen.value) != expected {
        return Effect::Moved;
    }
    let now = state.now;
    let to = World::id_of(value);
    *broken = rules::on_pointed(world, state, way, to);
    let value = match to {
        Some(id) => Value::Throughput(id),
        None if value == "off" => Value::Off,
        None => Value::OnDemand,
    };
    let Some(known) = &mut state.aws.parameter else { return Effect::Moved };
    known.value = value;
    known.version += 1;
    known.modified = now;
    let version = known.version;
    state.aws.watch(now);
    Effect::Wrote(version)
}

#[expect(clippy::too_many_arguments, reason = "each is a different thing that the call needs")]
fn delete(
    world: &World,
    state: &mut State,
    way: &Way,
    name: &str,
    arn: &str,
    last_chance: bool,
    fault: Option<Fault>,
    broken: &mut Option<String>,
) -> Outcome {
    let record = &way.stored;
    let Some(id) = World::id_of(arn) else { return Ok(Effect::NotThere) };
    let glitch = if fault == Some(Fault::MarksLate) { Glitch::MarksLate(id) } else { Glitch::None };
    match marks(world, &state.aws, arn, glitch) {
        Ok(marks) if marks.are(record.name(), DEPLOYMENT) => {}
        Ok(marks) if marks.are_none_of_ours() && marks.0.is_empty() => {
            return Err(error("delete", CallErrorKind::Refused, "NotMarked"));
        }
        Ok(_) => return Ok(Effect::NotOurs),
        Err(error) if error.kind == CallErrorKind::NotFound && !last_chance => return Ok(Effect::NotThere),
        Err(_) if last_chance => {}
        Err(error) => return Err(error),
    }
    for (index, id) in record.declared.all_aliases().filter_map(|alias| Some((world.alias_index(alias)?, id))) {
        if fault == Some(Fault::AliasUnread) {
            if last_chance {
                continue;
            }
            return Err(throttled("delete"));
        }
        if state.aws.aliases[index].route == Some(id) {
            return Ok(Effect::Moved);
        }
    }
    let pointed = state.aws.parameter.is_some_and(|known| known.value == Value::Throughput(id));
    if pointed && record.declared.all_parameters().next().is_some() {
        return Ok(Effect::Moved);
    }
    if !state.aws.find(id).is_some_and(Throughput::is_there) {
        return Ok(Effect::NotThere);
    }
    if !state.aws.may_delete(id, state.now, world.deletable) {
        return Err(error(&format!("delete {name}"), CallErrorKind::Conflict, "ConflictException"));
    }
    *broken = rules::on_deleted(world, state, way, id);
    let now = state.now;
    if let Some(known) = state.aws.find_mut(id) {
        known.gone = Some(now);
    }
    Ok(Effect::Deleted)
}
