//! What can happen next?
//!
//! Every choice that the search has in a state: a step of an invocation, a tick, an event, the clock, a fault, a hand. One of
//! them is calm: what happens if nothing goes wrong any more and ticks go on.

use policy::plan::Action;

use crate::aws::{Changing, Doing, Value, Whose};
use crate::clock;
use crate::flight::{Flight, Phase};
use crate::rounds;
use crate::rules;
use crate::state::{FOREIGN, State};
use crate::time::told;
use crate::world::{Ask, Fault, Hand, World};

/// Invocations that may be on their way at the same time.
const MOST_FLIGHTS: usize = 2;
/// Lambda repeats what died after a minute, and once more after two.
const REPEATED_WITHIN: i64 = 60;

/// A state that can follow.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) state: State,
    /// Whether it follows if nothing goes wrong any more.
    pub(crate) calm: bool,
    /// The rule that this step breaks.
    pub(crate) broken: Option<String>,
    /// The step in the words of the log, if they are asked for.
    pub(crate) said: String,
}

/// The states that can follow `before`.
#[derive(Debug)]
pub(crate) struct Steps<'a> {
    pub(crate) world: &'a World,
    pub(crate) before: &'a State,
    pub(crate) list: Vec<Next>,
    /// Whether the diary is wanted.
    talk: bool,
    /// What kind of step is calm, until one was taken.
    calm: Option<Kind>,
}

/// Where an alias is routed: to a throughput, or on demand.
struct Place(Option<u16>);

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Flight(usize),
    Event(usize),
    Tick(u8),
    Clock,
    Other,
}

/// Every state that can follow `before`; with `talk`, each with its line of the diary.
pub(crate) fn next(world: &World, before: &State, talk: bool) -> Vec<Next> {
    let mut steps = Steps { world, before, list: Vec::new(), talk, calm: Some(calm(before)) };
    for index in 0..before.flights.len() {
        if !is_asleep(before, &before.flights[index]) {
            steps.fly(index);
        }
    }
    if before.flights.len() < MOST_FLIGHTS {
        steps.ticks();
        steps.events();
    }
    steps.clock();
    if before.hands > 0 {
        steps.hands();
    }
    steps.list
}

/// The step that is taken when nothing goes wrong: work that has begun goes on, then Lambda repeats, then ticks come.
fn calm(state: &State) -> Kind {
    if let Some(index) = state.flights.iter().position(|flight| !is_asleep(state, flight)) {
        return Kind::Flight(index);
    }
    if state.flights.len() < MOST_FLIGHTS {
        if let Some(index) = state.events.iter().position(|event| event.again.is_some()) {
            return Kind::Event(index);
        }
        if let Some(commitment) = due(state).next() {
            return Kind::Tick(commitment);
        }
    }
    Kind::Clock
}

fn is_asleep(state: &State, flight: &Flight) -> bool {
    matches!(flight.phase, Phase::Sleep { until } if state.now < until)
}

/// Whether a call is under way that neither a token nor a look at the lease protects.
fn is_under_way(flight: &Flight) -> bool {
    let Phase::Act(acting) = &flight.phase else { return false };
    let mut actions = acting.plan.actions.iter();
    actions.any(|action| matches!(action, Action::Delete { .. } | Action::Release { .. } | Action::Forget { .. }))
}

/// The commitments for which a tick is due in this instant.
fn due(state: &State) -> impl Iterator<Item = u8> {
    let works = |index: u8| state.flights.iter().any(|flight| flight.commitment == index);
    (0_u8..).zip(&state.table.records).filter_map(move |(index, record)| {
        (record.is_some() && state.ticked & (1 << index) == 0 && !works(index)).then_some(index)
    })
}

impl Steps<'_> {
    /// Takes a state that can follow.
    pub(crate) fn push(&mut self, state: State, broken: Option<String>, said: impl FnOnce() -> String) {
        self.take(state, Kind::Other, broken, said);
    }

    fn take(&mut self, state: State, kind: Kind, broken: Option<String>, said: impl FnOnce() -> String) {
        let calm = self.calm == Some(kind);
        if calm {
            self.calm = None;
        }
        let broken = broken.or_else(|| rules::always(self.world, &state));
        let said = if self.talk { format!("{}  {}", told(self.before.now), said()) } else { String::new() };
        self.list.push(Next { state, calm, broken, said });
    }

    /// Takes the step of invocation `index` that nothing disturbs.
    pub(crate) fn push_step(
        &mut self,
        index: usize,
        state: State,
        broken: Option<String>,
        said: impl FnOnce() -> String,
    ) {
        self.take(state, Kind::Flight(index), broken, said);
    }

    /// Whether `fault` may occur now.
    pub(crate) fn may(&self, fault: Fault) -> bool {
        self.before.faults > 0 && self.world.has(fault)
    }

    /// The state before, with one fault spent.
    pub(crate) fn spoiled(&self) -> State {
        let mut state = self.before.clone();
        state.faults -= 1;
        state
    }

    fn fly(&mut self, index: usize) {
        rounds::step(self, index);
        let flight = &self.before.flights[index];
        if self.may(Fault::Crash) {
            let mut state = self.spoiled();
            state.flights.remove(index);
            if let Some(event) = flight.event {
                state.events[usize::from(event)].again = Some(state.now + REPEATED_WITHIN);
            }
            self.push(state, None, || format!("{} dies", name_of(flight)));
        }
    }

    fn ticks(&mut self) {
        for commitment in 0..u8::try_from(self.world.commitments.len()).unwrap_or(u8::MAX) {
            let before = self.before;
            let known = before.table.records[usize::from(commitment)].is_some();
            if known && before.ticked & (1 << commitment) == 0 {
                let mut state = before.clone();
                state.ticked |= 1 << commitment;
                launch(&mut state, commitment, None);
                let name = &self.world.commitments[usize::from(commitment)];
                let said = || format!("a tick of {name} begins as i{}", before.next_serial);
                self.take(state, Kind::Tick(commitment), None, said);
            }
        }
    }

    fn events(&mut self) {
        let before = self.before;
        let first = before.events.iter().position(|event| event.sent.is_none());
        for (index, delivery) in before.events.iter().enumerate() {
            let event = &self.world.events[index];
            let fresh = delivery.sent.is_none();
            let in_turn = self.world.reorder || first == Some(index);
            let flies =
                before.flights.iter().any(|flight| flight.event.is_some_and(|known| usize::from(known) == index));
            let may = if fresh { in_turn && event.not_before <= before.now } else { delivery.again.is_some() };
            let repeats = !fresh && !may && !flies && self.may(Fault::Repeated);
            if !(may || repeats) {
                continue;
            }
            let mut state = if repeats { self.spoiled() } else { before.clone() };
            let sent = if self.world.reorder { i64::try_from(index).unwrap_or(0) } else { before.now };
            let known = &mut state.events[index];
            known.sent = known.sent.or(Some(sent));
            known.again = None;
            launch(&mut state, event.commitment, u8::try_from(index).ok());
            let said = || {
                let what = match &event.ask {
                    Ask::Command(command) => policy_word(command),
                    Ask::Request { kind, .. } => format!("{kind} of a stack"),
                };
                let once_more = if fresh { "" } else { ", once more" };
                format!("{what} (event {index}{once_more}) begins as i{}", before.next_serial)
            };
            self.take(state, Kind::Event(index), None, said);
        }
    }

    fn clock(&mut self) {
        let before = self.before;
        let awake = before.flights.iter().any(|flight| !is_asleep(before, flight));
        let missed = due(before).next().is_some();
        let faults = u8::from(awake) + u8::from(missed);
        // A deletion that is under way for longer than its lease cannot be called back: docs/reliability.md.
        let held = before.flights.iter().any(is_under_way);
        let allowed = (!awake || self.world.has(Fault::Stall) && !held) && (!missed || self.world.has(Fault::LostTick));
        let late = before.events.iter().filter_map(|event| event.again).any(|by| by <= before.now);
        let late = late && before.flights.len() < MOST_FLIGHTS;
        if !allowed || late || faults > before.faults {
            return;
        }
        let mut state = before.clone();
        state.faults -= faults;
        let broken = clock::advance(self.world, &mut state);
        let now = state.now;
        let said = || {
            let stalls = if awake { "; an invocation takes long" } else { "" };
            let lost = if missed { "; a tick is lost" } else { "" };
            format!("the clock goes on to {}{stalls}{lost}", told(now))
        };
        self.take(state, Kind::Clock, broken, said);
    }

    fn hands(&mut self) {
        for &hand in &self.world.hands {
            for alias in 0..self.before.aws.aliases.len() {
                let Some(Place(route)) = self.routed_by(hand) else { continue };
                let known = self.before.aws.aliases[alias];
                if known.doing != Changing::Prepared || (known.route == route && hand != Hand::BreakAlias) {
                    continue;
                }
                let mut state = self.by_hand();
                let changed = &mut state.aws.aliases[alias];
                changed.route = route;
                if hand == Hand::BreakAlias {
                    changed.doing = Changing::Failed;
                } else {
                    changed.serves = route;
                }
                state.aws.watch(state.now);
                self.push(state, None, || format!("somebody: {hand:?} of alias {alias}"));
            }
            self.hand_on_throughputs(hand);
            self.hand_on_the_rest(hand);
        }
    }

    /// Where `hand` routes an alias.
    fn routed_by(&self, hand: Hand) -> Option<Place> {
        let aws = &self.before.aws;
        match hand {
            Hand::RouteToOurs => {
                let serves =
                    aws.throughputs.iter().find(|known| known.is_paid_for() && known.doing == Doing::InService);
                serves.map(|known| Place(Some(known.id)))
            }
            Hand::RouteToForeign => Some(Place(Some(FOREIGN))),
            Hand::RouteOnDemand | Hand::BreakAlias => Some(Place(None)),
            Hand::Retag | Hand::Delete | Hand::WriteParameter | Hand::Legacy => None,
        }
    }

    fn by_hand(&self) -> State {
        let mut state = self.before.clone();
        state.hands -= 1;
        state
    }

    fn hand_on_throughputs(&mut self, hand: Hand) {
        if !matches!(hand, Hand::Retag | Hand::Delete) {
            return;
        }
        let known = self.before.aws.throughputs.iter();
        for known in known.filter(|known| known.is_paid_for() && matches!(known.marks, Whose::Ours(_))) {
            let mut state = self.by_hand();
            let now = state.now;
            if let Some(changed) = state.aws.find_mut(known.id) {
                if hand == Hand::Retag {
                    changed.marks = Whose::Others;
                } else {
                    changed.gone = Some(now);
                    changed.by_hand = true;
                }
            }
            self.push(state, None, || format!("somebody: {hand:?} of throughput {}", known.id));
        }
    }

    fn hand_on_the_rest(&mut self, hand: Hand) {
        let mut state = self.by_hand();
        let now = state.now;
        match (hand, &mut state.aws.parameter) {
            // While nobody is about to delete what was asked about a moment ago.
            (Hand::Legacy, _) if !self.before.aws.legacy && self.before.flights.is_empty() => state.aws.legacy = true,
            (Hand::WriteParameter, Some(parameter)) if parameter.value != Value::OnDemand => {
                parameter.value = Value::OnDemand;
                parameter.version += 1;
                parameter.modified = now;
                state.aws.watch(now);
            }
            _ => return,
        }
        self.push(state, None, || format!("somebody: {hand:?}"));
    }
}

fn launch(state: &mut State, commitment: u8, event: Option<u8>) {
    let serial = state.next_serial;
    state.next_serial += 1;
    state.flights.push(Flight { serial, commitment, event, phase: Phase::Read, way: None });
}

/// What an invocation is called in the diary.
pub(crate) fn name_of(flight: &Flight) -> String {
    flight.holder()
}

fn policy_word(command: &policy::event::Command) -> String {
    let text = format!("{command:?}");
    text.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
