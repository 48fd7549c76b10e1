//! When does something matter next?
//!
//! The clock jumps to the next instant at which AWS, the policy or an invocation may act otherwise than before. Ticks in
//! between would find what the last one found. Without such an instant, the next tick comes after a minute.

use jiff::{SignedDuration, Timestamp};
use policy::plan::policy::{GONE_AFTER, REPEAT_FOR, RETRY_AFTER};
use policy::record::Record;

use crate::aws::Aws;
use crate::flight::Phase;
use crate::rules;
use crate::state::State;
use crate::time::{Second, second};
use crate::world::World;

/// How long a term lasts: nothing in the policy knows how long a month is, but for one whose end is never told.
pub(crate) const TERM: Second = 7200;
/// The time between two ticks.
const TICK: Second = 60;
/// A throughput that is gone is forgotten after so long, unless something names it.
const REMEMBERED: Second = 660;
/// Before a term's end: when aliases leave, when ticks stay awake, when deletion may begin, and two tries after that.
const BEFORE_TERM_END: [Second; 5] = [900, 134, 120, 60, 10];

/// Lets the clock go on to the next instant that matters. Returns the rule that is broken by what happens then.
pub(crate) fn advance(world: &World, state: &mut State) -> Option<String> {
    let now = state.now;
    let next = instants(world, state).into_iter().filter(|at| *at > now).min();
    state.now = next.unwrap_or(now + TICK).min(longest(state));
    state.ticked = 0;
    let renewed = state.aws.pass(state.now, TERM);
    forget_gone(state);
    renewed.into_iter().find_map(|id| rules::on_renewed(world, state, id))
}

/// Nobody sleeps longer than a tick while something is being done.
fn longest(state: &State) -> Second {
    if state.flights.is_empty() { Second::MAX } else { state.now + TICK }
}

fn instants(world: &World, state: &State) -> Vec<Second> {
    let mut all: Vec<Second> = state.aws.instants().collect();
    let ends = state.aws.throughputs.iter().filter(|known| known.is_there()).filter_map(|known| known.term_end);
    all.extend(ends.flat_map(|end| BEFORE_TERM_END.map(|before| end - before)));
    all.extend(&world.boundaries);
    let waits = state.events.iter().zip(&world.events).filter(|(delivery, _)| delivery.sent.is_none());
    all.extend(waits.map(|(_, event)| event.not_before));
    all.extend(state.events.iter().filter_map(|event| event.again));
    for flight in &state.flights {
        if let Phase::Sleep { until } = flight.phase {
            all.push(until);
        }
    }
    for record in state.table.records.iter().flatten() {
        record_instants(record, &mut all);
    }
    if let Some(parameter) = &state.aws.parameter {
        all.push(parameter.modified + 300);
    }
    all
}

fn record_instants(record: &Record, all: &mut Vec<Second>) {
    let Record { declared, progress, lease, .. } = record;
    let mut add = |at: Timestamp, after: SignedDuration| all.push(second(at) + after.as_secs());
    for held in progress.throughputs.values() {
        if let Some(missed) = held.missed {
            add(missed, GONE_AFTER);
        }
        if held.seen.is_none() {
            add(held.since, REPEAT_FOR);
        }
        if let Some(left) = held.left {
            add(left, declared.commitment.drain);
        }
        if let Some(failed) = &held.failed {
            add(failed.at, RETRY_AFTER);
        }
    }
    for announced in progress.announced.values() {
        add(announced.since, REPEAT_FOR);
        add(announced.called, REPEAT_FOR);
        if let Some(missed) = announced.missed {
            add(missed, GONE_AFTER);
        }
    }
    let failures = progress.aliases.values().filter_map(|memory| memory.failed.as_ref());
    let failures = failures.chain(progress.gone.values().filter_map(|gone| gone.failed.as_ref()));
    for failed in failures {
        add(failed.at, RETRY_AFTER);
    }
    if let Some(live) = &declared.override_ {
        add(live.until, SignedDuration::ZERO);
        add(live.until, -declared.commitment.lead);
    }
    if let Some(lease) = lease {
        add(lease.until, SignedDuration::ZERO);
    }
    for owed in &declared.owed {
        add(owed.decide_at, SignedDuration::from_secs(-74));
        add(owed.decide_at, SignedDuration::ZERO);
        add(owed.until, SignedDuration::ZERO);
    }
}

/// Forgets throughputs that are long gone, unless an alias, the parameter or a record names them.
fn forget_gone(state: &mut State) {
    let State { now, aws, table, flights, .. } = state;
    let held = |id: u16| {
        let arn = World::arn(id);
        table.records.iter().flatten().any(|record| record.progress.throughputs.contains_key(&arn))
    };
    let busy = !flights.is_empty();
    let named: Vec<u16> =
        aws.throughputs.iter().map(|known| known.id).filter(|id| is_named(aws, *id) || held(*id)).collect();
    aws.throughputs
        .retain(|known| busy || named.contains(&known.id) || known.gone.is_none_or(|gone| *now < gone + REMEMBERED));
}

fn is_named(aws: &Aws, id: u16) -> bool {
    aws.is_led_to(id)
}
