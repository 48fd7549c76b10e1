//! When are two states the same?
//!
//! When nothing that can follow tells them apart. So instants count by how far they are from now, up to an age after which
//! no rule asks any more; versions count by whether what an invocation has read still stands; ARNs count by the order of
//! what AWS still knows; and what is only told to people does not count. Each type is taken apart by name, so that a new
//! field has to be thought of here.

mod flight;

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use policy::commitment::Commitment;
use policy::observed::CallError;
use policy::plan::Action;
use policy::record::{
    AliasMemory, Announced, Declared, Failure, Gone, Held, Owed, Progress, Record, Resource, Tombstone,
};

use crate::aws::{Alias, Aws, Changing, Doing, Parameter, Throughput, Value};
use crate::state::{Delivery, State};
use crate::table::Table;
use crate::time::{Second, second};
use crate::world::World;

/// Older than this, an instant is as good as one that is older still: no constant of the policy that these worlds can
/// reach is longer, but the dates of a tombstone and of a model's lifecycle, which do not count.
const OLD: Second = 960;

/// What is hashed, and what it is measured by.
struct Canon<'a> {
    hasher: DefaultHasher,
    state: &'a State,
}

/// The fingerprint of `state`: equal for states that are the same.
pub(crate) fn fingerprint(world: &World, state: &State) -> u64 {
    let State { now: _, aws, table, flights, next_serial: _, events, ticked, faults, hands, spent } = state;
    let mut canon = Canon { hasher: DefaultHasher::new(), state };
    (ticked, faults, hands, spent).hash(&mut canon.hasher);
    canon.aws(aws);
    canon.table(table);
    canon.number(flights.len());
    for flight in flights {
        canon.flight(flight);
    }
    for Delivery { sent, again, told, over } in events {
        canon.when(*sent);
        canon.when(*again);
        over.hash(&mut canon.hasher);
        told.as_ref().map(policy::record::Decision::status).hash(&mut canon.hasher);
    }
    // What a timetable says depends on the time itself, and so does an event that has to come yet.
    let ahead = world.boundaries.iter().filter(|at| **at > state.now).count();
    canon.number(ahead);
    canon.when(world.boundaries.iter().copied().find(|at| *at > state.now));
    for (event, delivery) in world.events.iter().zip(events).filter(|(_, delivery)| delivery.sent.is_none()) {
        canon.when(Some(event.not_before));
        canon.number(usize::from(delivery.over));
    }
    canon.hasher.finish()
}

/// What an attempt that failed counts for.
pub(crate) fn of_attempt(action: &Action, error: &CallError) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(action).hash(&mut hasher);
    std::mem::discriminant(&error.kind).hash(&mut hasher);
    error.code.hash(&mut hasher);
    match action {
        Action::Route { alias, .. } => alias.alias.hash(&mut hasher),
        Action::Point { to, .. } => to.hash(&mut hasher),
        Action::Buy { name, .. }
        | Action::Delete { name, .. }
        | Action::Tag { name, .. }
        | Action::Release { name, .. }
        | Action::Forget { name } => name.hash(&mut hasher),
    }
    hasher.finish()
}

impl Canon<'_> {
    fn number(&mut self, number: usize) {
        self.hasher.write_usize(number);
    }

    fn flag(&mut self, flag: bool) {
        self.hasher.write_u8(u8::from(flag));
    }

    fn text(&mut self, text: &str) {
        text.hash(&mut self.hasher);
    }

    /// How far `at` is from now.
    fn when(&mut self, at: Option<Second>) {
        at.map(|at| (at - self.state.now).max(-OLD)).hash(&mut self.hasher);
    }

    fn time(&mut self, at: Option<Timestamp>) {
        self.when(at.map(second));
    }

    /// Which event was sent at `at`: dates of events are only compared with each other.
    fn date(&mut self, at: Option<Timestamp>) {
        let event = at.map(|at| self.state.events.iter().position(|event| event.sent == Some(second(at))));
        event.hash(&mut self.hasher);
    }

    /// The throughput `id`, by its place among those that AWS knows.
    fn id(&mut self, id: Option<u16>) {
        let place = id.map(|id| self.state.aws.throughputs.iter().position(|known| known.id == id));
        place.hash(&mut self.hasher);
    }

    fn arn(&mut self, arn: &str) {
        self.id(World::id_of(arn));
    }

    fn failure(&mut self, failure: Option<&Failure>) {
        self.time(failure.map(|Failure { at, reason: _ }| *at));
    }

    fn aws(&mut self, aws: &Aws) {
        let Aws { throughputs, next_id: _, aliases, parameter, legacy } = aws;
        self.flag(*legacy);
        for known in throughputs {
            self.throughput(known);
        }
        for Alias { route, serves, doing, rejects } in aliases {
            self.id(*route);
            self.id(*serves);
            self.flag(*rejects);
            match doing {
                Changing::Prepared => self.number(0),
                Changing::Failed => self.number(1),
                Changing::Updating { done, fails } => {
                    self.when(Some(*done));
                    self.flag(*fails);
                }
            }
        }
        if let Some(Parameter { value, version: _, modified }) = parameter {
            match value {
                Value::OnDemand => self.number(0),
                Value::Off => self.number(1),
                Value::Throughput(id) => self.id(Some(*id)),
            }
            self.when(Some(*modified));
        }
    }

    fn throughput(&mut self, known: &Throughput) {
        let Throughput { id: _, name, units, buyer, purchase, term_end, doing, .. } = known;
        let Throughput { marks, token, bought, gone, shown, missed, left, by_hand, used, .. } = known;
        (name, units, buyer, purchase, shown, by_hand, used).hash(&mut self.hasher);
        std::mem::discriminant(marks).hash(&mut self.hasher);
        match doing {
            Doing::Creating { done, fails } => {
                self.when(Some(*done));
                self.flag(*fails);
            }
            Doing::InService => self.number(1),
            Doing::Failed => self.number(2),
        }
        for at in [term_end, gone, missed, left] {
            self.when(*at);
        }
        self.when(Some(*bought).filter(|_| !shown));
        // A token matters by how far the record has counted since.
        let record = buyer.and_then(|buyer| self.state.table.records.get(usize::from(buyer))?.as_ref());
        let name = record.and_then(|record| {
            let counted = record.progress.numbers.iter().find(|(_, number)| **number >= token.1)?;
            Some((counted.1 - token.1).min(3))
        });
        let same = record.is_some_and(|record| record.declared.registered.as_microsecond() == token.0);
        (name, same).hash(&mut self.hasher);
    }

    fn table(&mut self, table: &Table) {
        let Table { records, tombstones, targets } = table;
        for (record, left) in records.iter().zip(tombstones) {
            self.flag(record.is_some());
            if let Some(record) = record {
                self.record(record);
            }
            if let Some(left) = left {
                self.tombstone(left);
            }
        }
        for (target, owner) in targets {
            self.text(&target.key());
            self.number(usize::from(*owner));
        }
    }

    fn tombstone(&mut self, left: &Tombstone) {
        let Tombstone { dates, newest, answered, invocations, spent, write: _, expires: _ } = left;
        for at in [dates.hold, dates.override_, dates.declaration, *newest] {
            self.date(at);
        }
        answered.as_ref().map(|answered| (&answered.request_id, answered.decision.status())).hash(&mut self.hasher);
        (invocations, spent).hash(&mut self.hasher);
    }

    fn record(&mut self, record: &Record) {
        let Record { format: _, declared, progress, lease } = record;
        self.declared(declared);
        self.progress(progress);
        let lease = lease.as_ref();
        let holder = lease.map(|lease| self.state.flights.iter().position(|flight| flight.holder() == lease.holder));
        holder.hash(&mut self.hasher);
        self.time(lease.map(|lease| lease.until));
    }

    fn commitment(&mut self, commitment: &Commitment) {
        let Commitment { name: _, model, units, term, purchase, at_term_end, aliases, timetable, .. } = commitment;
        let Commitment { lead, drain, when_off, wait_for, on_delete, parameter, take_over, .. } = commitment;
        self.text(model.as_str());
        (units, term.is_some(), purchase.as_ref(), aliases.len()).hash(&mut self.hasher);
        for at in [lead, drain] {
            at.as_secs().hash(&mut self.hasher);
        }
        for alias in aliases {
            self.text(&alias.alias);
        }
        for word in [at_term_end.as_str(), when_off.as_str(), wait_for.as_str(), on_delete.as_str()] {
            self.text(word);
        }
        (parameter.is_some(), take_over, timetable.is_some()).hash(&mut self.hasher);
    }

    fn declared(&mut self, declared: &Declared) {
        let Declared { version: _, commitment, by_hand, registered: _, changed: _, hold, override_, lifecycle, .. } =
            declared;
        let Declared { dates, invocations, leaving, leaving_parameters, resource, owed, changes: _, .. } = declared;
        self.commitment(commitment);
        self.flag(*by_hand);
        std::mem::discriminant(lifecycle).hash(&mut self.hasher);
        hold.as_ref().map(|hold| hold.state.as_str()).hash(&mut self.hasher);
        if let Some(live) = override_ {
            (live.state.as_str(), live.units).hash(&mut self.hasher);
            self.time(Some(live.until));
        }
        for at in [dates.hold, dates.override_, dates.declaration] {
            self.date(at);
        }
        invocations.hash(&mut self.hasher);
        for alias in leaving {
            self.text(&alias.alias);
        }
        self.number(leaving_parameters.len());
        if let Some(Resource { stack_id: _, logical_resource_id: _, newest, request_id, created, answered }) = resource
        {
            self.date(Some(*newest));
            self.text(request_id);
            self.flag(*created);
            answered.as_ref().map(policy::record::Decision::status).hash(&mut self.hasher);
        }
        for owed in owed {
            self.owed(owed);
        }
    }

    fn owed(&mut self, owed: &Owed) {
        let Owed { origin, kind, since, decide_at, until, previous, decided } = owed;
        self.text(&origin.request_id);
        self.text(kind.as_str());
        self.time(Some(*since));
        self.time(Some(*decide_at));
        self.time(Some(*until));
        if let Some(previous) = previous {
            self.commitment(&previous.commitment);
            self.flag(previous.by_hand);
        }
        decided.as_ref().map(policy::record::Decision::status).hash(&mut self.hasher);
    }

    fn progress(&mut self, progress: &Progress) {
        let Progress { version: _, throughputs, announced, numbers: _, gone, spent, aliases, .. } = progress;
        let Progress { own_parameters, busy, ready, problems, .. } = progress;
        let Progress { schedule: _, model_dates: _, history: _, creation_times: _, .. } = progress;
        for (arn, held) in throughputs {
            self.arn(arn);
            self.held(held);
        }
        for (name, announced) in announced {
            self.text(name);
            self.announced(announced);
        }
        for (arn, Gone { name, at: _, deleted, failed, purchase, term_end: _ }) in gone {
            let known = World::id_of(arn).and_then(|id| self.state.aws.find(id)).is_some();
            let recent = failed.as_ref().is_some_and(|failed| second(failed.at) + OLD > self.state.now);
            if known || recent {
                self.arn(arn);
                self.text(name);
                self.flag(*deleted);
                self.failure(failed.as_ref());
                purchase.hash(&mut self.hasher);
            }
        }
        spent.hash(&mut self.hasher);
        for (alias, AliasMemory { failed, rejecting }) in aliases {
            self.text(&alias.alias);
            self.failure(failed.as_ref());
            self.flag(*rejecting);
        }
        for (cannot, since) in busy {
            self.text(cannot);
            self.time(Some(*since));
        }
        (own_parameters.len(), ready, problems.is_some()).hash(&mut self.hasher);
    }

    fn held(&mut self, held: &Held) {
        let Held { name, units, model_arn: _, since, seen, missed, served, failed, left, .. } = held;
        let Held { term, purchase, term_end, renewed, tags: _, .. } = held;
        self.text(name);
        (units, term.is_some(), purchase).hash(&mut self.hasher);
        // How long a creation took is only told. The announcement matters as long as it was not seen.
        self.time(Some(*since).filter(|_| seen.is_none()));
        (seen.is_some(), served.is_some(), renewed.is_some()).hash(&mut self.hasher);
        for at in [missed, left, term_end] {
            self.time(*at);
        }
        self.failure(failed.as_ref());
    }

    fn announced(&mut self, announced: &Announced) {
        let Announced { number: _, since, called, units, model: _, term, purchase, tags: _, missed } = announced;
        (units, term.is_some(), purchase).hash(&mut self.hasher);
        self.time(Some(*since));
        self.time(Some(*called));
        self.time(*missed);
    }
}
