//! What must never be, and what must be in the end?
//!
//! The rules of docs/policy.md, as far as a state or a single call can break them. They look at the truth of AWS, not at
//! what the policy has seen.

use policy::commitment::AtTermEnd;
use policy::custom_resource::RequestType;
use policy::plan::{Action, Plan, Route, policy as rules_of_plan};
use policy::record::{Decision, Lifecycle, Record};

use crate::aws::{Changing, Doing, Throughput, Value, Whose};
use crate::flight::Way;
use crate::state::{FOREIGN, State};
use crate::time::{Second, instant, second};
use crate::world::{Ask, DEPLOYMENT, Fault, Hand, World};

/// How long before its end a term is in its last minutes.
const LAST_MINUTES: Second = 120;

/// The rule that `state` breaks, if it breaks one that holds in every state.
pub(crate) fn always(world: &World, state: &State) -> Option<String> {
    let paid: Vec<&Throughput> = state.aws.throughputs.iter().filter(|known| known.is_paid_for()).collect();
    for (index, one) in paid.iter().enumerate() {
        if paid[..index].iter().any(|other| other.name == one.name && other.buyer == one.buyer) {
            return Some(format!("rule 4: {} is paid for twice", world.throughputs[usize::from(one.name)].0));
        }
    }
    if let Some(index) = state.spent.iter().position(|bought| *bought > 1) {
        return Some(format!("rule 10: a term was bought twice for Purchase `{}`", world.purchases[index]));
    }
    let sum: u32 = paid.iter().map(|known| known.units).sum();
    let total = world.guardrails.most_in_total().map(std::num::NonZero::get);
    if let Some(total) = total.filter(|total| sum > *total) {
        return Some(format!("rule 11: {sum} model units are paid for, and the total is {total}"));
    }
    paid.iter().find_map(|known| unknown_to_record(world, state, known))
}

/// What is paid for and bears our marks is in the record, or announced there.
fn unknown_to_record(world: &World, state: &State, known: &Throughput) -> Option<String> {
    let Whose::Ours(owner) = known.marks else { return None };
    let name = &world.throughputs[usize::from(known.name)].0;
    let record = state.table.records[usize::from(owner)].as_ref();
    let in_record = |progress: &policy::record::Progress| {
        progress.throughputs.contains_key(&World::arn(known.id)) || progress.announced.contains_key(name)
    };
    let in_flight = |state: &State| {
        let mut ways = state.flights.iter().filter_map(|flight| flight.way.as_ref());
        ways.any(|way| in_record(&way.progress))
    };
    let is_known = record.is_some_and(|record| in_record(&record.progress)) || in_flight(state);
    (!is_known).then(|| format!("rule 5: {name} is paid for, and no record knows of it"))
}

/// What a declaration wants at `now`, by the name of its throughput.
fn wanted(record: &Record, now: Second) -> Option<String> {
    let declared = &record.declared;
    let units = declared.demand().at(instant(now)).units.filter(|_| declared.lifecycle == Lifecycle::Active)?;
    Some(declared.commitment.throughput_name(units, DEPLOYMENT))
}

/// Nothing is announced that the declaration of that moment does not want.
pub(crate) fn on_announced(way: &Way, plan: &Plan, now: Second) -> Option<String> {
    let wanted = wanted(&way.stored, now);
    plan.actions.iter().find_map(|action| match action {
        Action::Buy { name, .. } if wanted.as_ref() != Some(name) => {
            Some(format!("rule 1: {name} is bought, and nobody wants it"))
        }
        Action::Buy { .. }
        | Action::Route { .. }
        | Action::Point { .. }
        | Action::Delete { .. }
        | Action::Tag { .. }
        | Action::Release { .. }
        | Action::Forget { .. } => None,
    })
}

/// An alias is only sent to what serves, is not taken from others, and does not leave what is wanted and serves.
pub(crate) fn on_routed(world: &World, state: &State, way: &Way, alias: usize, to: &Route) -> Option<String> {
    let known = state.aws.aliases[alias];
    let target = to.arn().and_then(World::id_of);
    if known.route == Some(FOREIGN)
        && world.foreign
        && !way.stored.declared.commitment.take_over
        && target != known.route
    {
        return Some("rule 8: an alias is taken from a throughput that is not ours".to_owned());
    }
    serves(state, target).or_else(|| {
        let on = known.route.filter(|_| known.doing == Changing::Prepared)?;
        let id = world.aliases.get(alias)?;
        let declared = way.stored.declared.commitment.aliases.contains(id);
        let disturbed = world.has(Fault::AliasFails) || world.hands.contains(&Hand::BreakAlias);
        (target.is_none() && declared && !disturbed && is_to_stay(world, state, way, on))
            .then(|| "rule 1: an alias leaves the throughput that is wanted and serves".to_owned())
    })
}

/// The same for the parameter.
pub(crate) fn on_pointed(world: &World, state: &State, way: &Way, to: Option<u16>) -> Option<String> {
    serves(state, to).or_else(|| {
        let Some(Value::Throughput(on)) = state.aws.parameter.map(|known| known.value) else { return None };
        let declared = way.stored.declared.commitment.parameter.is_some();
        (to.is_none() && declared && is_to_stay(world, state, way, on))
            .then(|| "rule 1: the parameter leaves the throughput that is wanted and serves".to_owned())
    })
}

fn serves(state: &State, target: Option<u16>) -> Option<String> {
    let known = state.aws.find(target?)?;
    let dead = known.gone.is_some() && !known.by_hand || known.doing != Doing::InService;
    dead.then(|| "rule 1: something is led to a throughput that does not serve".to_owned())
}

/// Whether the throughput `on` is wanted now, serves, and does not end with its term.
fn is_to_stay(world: &World, state: &State, way: &Way, on: u16) -> bool {
    let Some(known) = state.aws.find(on) else { return false };
    let name = &world.throughputs[usize::from(known.name)].0;
    let serves = known.is_there() && known.doing == Doing::InService && matches!(known.marks, Whose::Ours(_));
    serves && known.purchase.is_none() && wanted(&way.stored, state.now).as_ref() == Some(name)
}

/// Nothing is deleted that is not ours, that something leads to, that has not drained, or that is wanted.
pub(crate) fn on_deleted(world: &World, state: &State, way: &Way, id: u16) -> Option<String> {
    let known = state.aws.find(id)?;
    let name = &world.throughputs[usize::from(known.name)].0;
    if !matches!(known.marks, Whose::Ours(_)) {
        return Some(format!("rule 8: {name} is deleted, and is not ours"));
    }
    let last = known.term_end.is_some_and(|end| end - state.now <= LAST_MINUTES);
    if known.term_end.is_some() && !last {
        return Some(format!("rule 10: {name} is to be deleted before its term ends"));
    }
    // What people do between a look and the call cannot be seen (docs/reliability.md), but for the route itself.
    let by_hand = world.hands.contains(&Hand::RouteToOurs);
    let named = state.aws.aliases.iter().any(|alias| alias.route == Some(id));
    if !last && if by_hand { named } else { state.aws.is_led_to(id) } {
        return Some(format!("rule 2: {name} is deleted, and an alias or the parameter may use it"));
    }
    let drain = way.stored.declared.commitment.drain.as_secs();
    let drained = known.left.is_some_and(|left| state.now - left >= drain);
    if known.used && !last && !drained && !by_hand {
        return Some(format!("rule 2: {name} is deleted before it has drained"));
    }
    let by_timetable =
        way.stored.declared.commitment.timetable.is_some() && way.stored.declared.lifecycle == Lifecycle::Active;
    if state.aws.legacy && by_timetable && known.doing == Doing::InService {
        return Some(format!("rule 9: {name} is deleted by a timetable, and cannot be bought again"));
    }
    (known.doing == Doing::InService && is_to_stay(world, state, way, id))
        .then(|| format!("rule 1: {name} is deleted, and is wanted"))
}

/// Nothing is forgotten while something is paid for or owed.
pub(crate) fn on_forgotten(world: &World, state: &State, commitment: u8) -> Option<String> {
    let ours = |known: &&Throughput| known.is_paid_for() && known.marks == Whose::Ours(commitment);
    let known = state.aws.throughputs.iter().find(ours)?;
    Some(format!(
        "rule 5: a commitment is forgotten while {} is paid for",
        world.throughputs[usize::from(known.name)].0
    ))
}

/// No term renews that was to end, unless so many faults came that it could not be helped.
pub(crate) fn on_renewed(world: &World, state: &State, id: u16) -> Option<String> {
    let known = state.aws.find(id)?;
    let record = state.table.records[usize::from(known.buyer?)].as_ref()?;
    let name = &world.throughputs[usize::from(known.name)].0;
    let asked = record.declared.commitment.at_term_end == AtTermEnd::Retire || record.declared.goes();
    // Somebody who asks in the last minutes may come too late.
    let long = second(record.declared.changed) + 1200 < state.now;
    let helped = state.faults + 1 >= world.most_faults && state.hands == world.most_hands;
    (asked && long && helped).then(|| format!("rule 10: the term of {name} was to end, and has renewed"))
}

/// Notes what is told to the stack of event `index`: once, or the same once more, and in time.
pub(crate) fn tell(world: &World, state: &mut State, index: usize, decision: &Decision) -> Option<String> {
    let now = state.now;
    let told = &mut state.events[index];
    let Ask::Request { timeout, .. } = world.events[index].ask else { return None };
    let late = told.sent.is_some_and(|sent| now > sent + timeout);
    let before = told.told.replace(decision.clone());
    // An older request is told FAILED, once the record owes it nothing any more (docs/reference.md).
    let older = *decision != Decision::Success && is_overtaken(world, state, index);
    match before {
        Some(before) if before.status() != decision.status() && !older => {
            Some(format!("event {index} was answered {}, and now {}", before.status(), decision.status()))
        }
        None if late => Some(format!("event {index} is answered after its stack has given up")),
        Some(_) | None => None,
    }
}

/// Whether a newer request than event `index` has come, and the record owes that one nothing.
fn is_overtaken(world: &World, state: &State, index: usize) -> bool {
    let Ask::Request { origin, .. } = &world.events[index].ask else { return false };
    let record = state.table.records[usize::from(world.events[index].commitment)].as_ref();
    let owed = record.is_some_and(|record| record.declared.owed.iter().any(|owed| owed.origin == *origin));
    !owed && state.events[index + 1..].iter().any(|event| event.sent.is_some())
}

/// What is still wrong in `state`, in which no invocation works and nothing will change any more.
pub(crate) fn in_the_end(world: &World, state: &State) -> Option<String> {
    let untold = state.events.iter().zip(&world.events).position(|(delivery, event)| {
        let asked = delivery.sent.is_some() && matches!(event.ask, Ask::Request { .. });
        asked && delivery.told.is_none()
    });
    if let Some(event) = untold {
        return Some(format!("event {event} is never answered"));
    }
    (0_u8..).zip(&state.table.records).find_map(|(index, record)| match record {
        Some(record) => of_registered(world, state, index, record),
        None => of_forgotten(world, state, index),
    })
}

fn of_forgotten(world: &World, state: &State, index: u8) -> Option<String> {
    let mut paid = state.aws.throughputs.iter().filter(|known| known.is_paid_for());
    let name = &world.commitments[usize::from(index)];
    paid.find(|known| known.marks == Whose::Ours(index)).map(|_| format!("{name} is forgotten, and is paid for"))
}

fn of_registered(world: &World, state: &State, index: u8, record: &Record) -> Option<String> {
    let name = record.name();
    let declared = &record.declared;
    if !declared.owed.is_empty() {
        return Some(format!("{name} still owes an answer"));
    }
    if declared.lifecycle == Lifecycle::Active && was_refused(world, state, index) {
        return Some(format!("the Create of {name} failed, and it is not retired"));
    }
    let ours: Vec<&Throughput> =
        state.aws.throughputs.iter().filter(|known| known.is_there() && known.marks == Whose::Ours(index)).collect();
    let wanted = wanted(record, state.now);
    let runs = |known: &Throughput| known.term_end.is_some_and(|end| state.now < end);
    let is_wanted = |known: &Throughput| wanted.as_ref() == Some(&world.throughputs[usize::from(known.name)].0);
    let legacy = |known: &Throughput| state.aws.legacy && known.doing == Doing::InService;
    if let Some(surplus) = ours.iter().find(|known| !is_wanted(known) && !runs(known) && !legacy(known)) {
        let surplus = &world.throughputs[usize::from(surplus.name)].0;
        // Without room for what is wanted, what there is goes on serving.
        let makes_do = wanted.is_some() && !ours.iter().any(|known| is_wanted(known));
        return (!makes_do).then(|| format!("{surplus} is paid for, and nobody wants it"));
    }
    if declared.lifecycle == Lifecycle::Retiring && ours.is_empty() {
        return Some(format!("{name} retires and is never forgotten"));
    }
    let serving = ours.iter().find(|known| is_wanted(known) && known.doing == Doing::InService);
    if wanted.is_some() && serving.is_none() && may_be_had(world, state, record) {
        return Some(format!("{name} is wanted and never in service"));
    }
    of_aliases(world, state, record, serving.copied())
}

/// Whether the last request for the commitment `index` was a Create that failed.
fn was_refused(world: &World, state: &State, index: u8) -> bool {
    let mut of = world.events.iter().zip(&state.events).filter(|(event, delivery)| {
        event.commitment == index && delivery.sent.is_some() && matches!(event.ask, Ask::Request { .. })
    });
    let is_create = |ask: &Ask| matches!(ask, Ask::Request { kind: RequestType::Create, .. });
    let last = of.next_back();
    last.is_some_and(|(event, delivery)| is_create(&event.ask) && matches!(delivery.told, Some(Decision::Failed(_))))
}

/// Whether nothing speaks against having what is wanted.
fn may_be_had(world: &World, state: &State, record: &Record) -> bool {
    let purchase = record.declared.commitment.purchase.as_ref();
    let spent = purchase.is_some_and(|purchase| record.progress.spent.contains(purchase.as_str()));
    let hindered = world.hands.iter().any(|hand| matches!(hand, Hand::Retag | Hand::Legacy));
    let total = world.guardrails.most_in_total().map_or(u32::MAX, std::num::NonZero::get).min(world.quota);
    !spent && !hindered && !state.aws.legacy && total >= 4
}

fn of_aliases(world: &World, state: &State, record: &Record, serving: Option<&Throughput>) -> Option<String> {
    let name = record.name();
    let commitment = &record.declared.commitment;
    let leaves = serving.is_some_and(|known| {
        let held = record.progress.throughputs.get(&World::arn(known.id));
        held.is_some_and(|held| rules_of_plan::leaves_with_its_term(record, held, DEPLOYMENT, instant(state.now)))
    });
    let target = serving.filter(|_| !leaves).map(|known| known.id);
    for id in &commitment.aliases {
        let alias = state.aws.aliases[world.alias_index(id)?];
        let foreign = alias.route == Some(FOREIGN) && world.foreign && !commitment.take_over;
        let right = alias.route == target && alias.doing == Changing::Prepared;
        if target.is_some() && !foreign && !right {
            return Some(format!("alias {id} of {name} never gets where it belongs"));
        }
        if target.is_some() && right && alias.rejects {
            return Some(format!("alias {id} of {name} goes on rejecting on what is paid for"));
        }
        let lost = alias.route.is_some_and(|on| state.aws.find(on).is_none_or(|known| known.gone.is_some()));
        if lost {
            return Some(format!("alias {id} of {name} stays on a throughput that is gone"));
        }
    }
    let pointed = state.aws.parameter.map(|known| known.value);
    if let (Some(_), Some(target), Some(value)) = (&commitment.parameter, target, pointed)
        && value != Value::Throughput(target)
    {
        return Some(format!("the parameter of {name} never gets where it belongs"));
    }
    None
}
