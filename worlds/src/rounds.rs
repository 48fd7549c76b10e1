//! How does an invocation get from what is to what should be?
//!
//! The rounds of `src/rounds.rs`, one step at a time. Each step looks, writes, calls or tells once; what lies between two
//! steps happens in one instant of one process.

use std::sync::Arc;

use jiff::SignedDuration;
use policy::observed::{CallError, Observed};
use policy::plan::{self, AGAIN_AT_TERM_END, Action, Plan, Planned, WaitingOn};

use crate::admit;
use crate::answers;
use crate::aws::{Throughput, Whose};
use crate::effect;
use crate::flight::{Acting, Flight, Phase, Then, Way};
use crate::look::{Glitch, Look, error, look, situation};
use crate::next::{Steps, name_of};
use crate::rules;
use crate::state::State;
use crate::table::{LeaseChange, Write, Written, is_held};
use crate::time::{Second, instant};
use crate::world::{DEPLOYMENT, Fault, World};

/// How long an invocation stays awake for aliases that settle.
const AWAKE_FOR_ALIASES: SignedDuration = SignedDuration::from_secs(45);
/// How far an AWS view of a throughput that exists may lag: rule 5 counts on it.
pub(crate) const LAG: Second = 120;
/// How far it may lag behind a purchase.
const LAG_OF_PURCHASE: Second = 600;

/// Takes the next step of invocation `index`, in every way that it can go.
pub(crate) fn step(steps: &mut Steps<'_>, index: usize) {
    let flight = &steps.before.flights[index];
    match &flight.phase {
        Phase::Read => admit::read(steps, index),
        Phase::Register { before, left, change } => {
            admit::register(steps, index, before.as_deref(), left.as_deref(), change);
        }
        Phase::Bury => admit::bury(steps, index),
        Phase::Answer(decision) => admit::answer(steps, index, decision),
        Phase::Look { read } => looks(steps, index, *read),
        Phase::Sleep { .. } => looks(steps, index, true),
        Phase::Announce(acting) => announce(steps, index, acting),
        Phase::Act(acting) => effect::act(steps, index, acting),
        Phase::Settle { decision, forget } => answers::settle(steps, index, decision, *forget),
        Phase::Lease(then) => answers::lease(steps, index, *then),
        Phase::Tell(then) => answers::tell(steps, index, *then),
        Phase::Strike(then) => answers::strike(steps, index, *then),
        Phase::Forget => answers::forget(steps, index),
        Phase::End => end(steps, index),
    }
}

/// Takes the invocation `index` out of the state, to be changed and put back.
pub(crate) fn taken(state: &mut State, index: usize) -> Flight {
    state.flights.remove(index)
}

/// Puts the invocation back with its next phase; without one it has ended.
pub(crate) fn put_back(state: &mut State, index: usize, mut flight: Flight, phase: Option<Phase>) {
    match phase {
        Some(phase) => {
            flight.phase = phase;
            state.flights.insert(index, flight);
        }
        None => {
            if let Some(event) = flight.event {
                state.events[usize::from(event)].over = true;
            }
        }
    }
}

/// Every way in which a look can go.
fn looks(steps: &mut Steps<'_>, index: usize, read: bool) {
    one_look(steps, index, read, Glitch::None);
    let before = steps.before;
    let (aws, world) = (&before.aws, steps.world);
    if steps.may(Fault::Missed) {
        let now = before.now;
        let may_lag = |known: &&Throughput| {
            let recent = !known.shown && now - known.bought < LAG_OF_PURCHASE;
            known.is_there() && (recent || known.missed.is_none_or(|missed| now - missed < world.lag))
        };
        for known in aws.throughputs.iter().filter(may_lag) {
            one_look(steps, index, read, Glitch::Missed(known.id));
        }
    }
    let late = |gone: Second| before.now - gone < LAG;
    for known in aws.throughputs.iter().filter(|known| known.gone.is_some_and(late)) {
        if steps.may(Fault::Ghost) {
            one_look(steps, index, read, Glitch::Ghost(known.id));
        }
        if steps.may(Fault::Lingers) {
            one_look(steps, index, read, Glitch::Lingers(known.id));
        }
    }
    if steps.may(Fault::MarksLate) {
        let ours = |whose: Whose| matches!(whose, Whose::Ours(_));
        for known in aws.throughputs.iter().filter(|known| known.is_there() && ours(known.marks)) {
            one_look(steps, index, read, Glitch::MarksLate(known.id));
        }
    }
    if steps.may(Fault::ListFails) {
        one_look(steps, index, read, Glitch::ListFails);
    }
    if steps.may(Fault::AliasUnread) {
        for alias in 0..aws.aliases.len() {
            one_look(steps, index, read, Glitch::AliasUnread(alias));
        }
    }
}

/// Looks and plans. The record is read again beside that, unless it has just been read.
fn one_look(steps: &mut Steps<'_>, index: usize, read: bool, glitch: Glitch) {
    let world = steps.world;
    let mut state = if glitch == Glitch::None { steps.before.clone() } else { steps.spoiled() };
    let mut flight = taken(&mut state, index);
    let (phase, looked, said) = look_as(world, &state, &mut flight, read, glitch);
    if looked {
        note_lag(&mut state, glitch);
    }
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    let said = || {
        let glitch = if glitch == Glitch::None { String::new() } else { format!(" ({glitch:?})") };
        format!("{who} looks{glitch}: {}", said())
    };
    if glitch == Glitch::None { steps.push_step(index, state, None, said) } else { steps.push(state, None, said) }
}

fn note_lag(state: &mut State, glitch: Glitch) {
    let now = state.now;
    for known in &mut state.aws.throughputs {
        let missed = glitch == Glitch::Missed(known.id);
        // Between two ticks of a minute it shows; what is missed again after that is another lag.
        let recent = known.missed.filter(|missed| now - missed <= LAG + 60);
        known.missed = if missed { recent.or(Some(now)) } else { recent };
        known.shown |= !missed && glitch != Glitch::ListFails;
    }
}

fn look_as(
    world: &World,
    state: &State,
    flight: &mut Flight,
    read: bool,
    glitch: Glitch,
) -> (Option<Phase>, bool, impl Fn() -> String + use<>) {
    let holder = flight.holder();
    let commitment = usize::from(flight.commitment);
    let mut planned: Option<Result<Arc<Plan>, CallError>> = None;
    let phase = flight.way.as_mut().and_then(|way| {
        let way = Arc::make_mut(way);
        let record = way.record();
        let in_last_minutes = || plan::in_last_minutes(&record, DEPLOYMENT, instant(state.now));
        if record.is_leased_to_another(&holder, instant(state.now)) && !in_last_minutes() {
            return None;
        }
        if read {
            let stored = state.table.records[commitment].clone()?;
            if stored.progress.version == way.stored.progress.version {
                way.holds(stored);
            } else if plan::in_last_minutes(&stored, DEPLOYMENT, instant(state.now)) {
                way.takes_over(stored);
            } else {
                return None;
            }
        }
        let record = way.record();
        match look(world, state, &record, &way.attempts, glitch) {
            Err(error) => {
                planned = Some(Err(error.clone()));
                let next = answers::turn(way, None, Some(&error), state.now);
                // What fails so ends in an error, and the lease runs out by itself.
                next.filter(|phase| !matches!(phase, Phase::End))
            }
            Ok(Look { observed, plan }) => {
                planned = Some(Ok(Arc::clone(&plan)));
                Some(after_look(way, &holder, observed, plan, state.now))
            }
        }
    });
    let looked = planned.is_some();
    let told = move || match &planned {
        None => "another invocation works on it".to_owned(),
        Some(Err(error)) => error.to_string(),
        Some(Ok(plan)) => plan.to_string().replace('\n', "; "),
    };
    (phase, looked, told)
}

/// What follows from a plan.
fn after_look(way: &mut Way, holder: &str, observed: Arc<Observed>, plan: Arc<Plan>, now: Second) -> Phase {
    way.problems = plan.all_problems();
    if plan.actions.is_empty() && plan.free.is_empty() {
        way.progress = plan.progress.clone();
        return pause(way, &plan, &observed, false, now);
    }
    let only_forgets = matches!(&plan.actions[..], [Action::Forget { .. }]) && is_held(&way.stored, holder);
    let acting = Arc::new(Acting {
        plan,
        observed,
        at: now,
        extended: now,
        done: 0,
        progress: false,
        busy: false,
        written: true,
    });
    if only_forgets { Phase::Act(acting) } else { Phase::Announce(acting) }
}

/// How long to stay awake, or what can be answered.
fn pause(way: &mut Way, plan: &Plan, observed: &Observed, busy: bool, now: Second) -> Phase {
    let awake = now - way.started < AWAKE_FOR_ALIASES.as_secs();
    let matters = |waiting: &&WaitingOn| awake || waiting.is_for_a_term();
    let waits = plan.waiting.iter().filter(matters).filter_map(|waiting| waiting.seconds(instant(now)));
    let busy = (busy && awake).then_some(SignedDuration::from_secs(1));
    match waits.chain(busy).min() {
        Some(pause) => Phase::Sleep { until: now + pause.as_secs().max(1) },
        None => answers::turn(way, Some((plan, observed)), None, now).unwrap_or(Phase::End),
    }
}

/// What follows once a round's calls are made.
pub(crate) fn after_calls(world: &World, way: &mut Way, acting: &Acting, now: Second) -> Phase {
    if !acting.written {
        return Phase::Sleep { until: now + AGAIN_AT_TERM_END.as_secs() };
    }
    if acting.progress || !acting.plan.free.is_empty() {
        return Phase::Look { read: true };
    }
    // What failed is to be said, and may have changed what is waited for.
    let record = way.record();
    let planned = situation(world, &record, &acting.observed, &way.attempts, acting.at).plan();
    let plan = match planned {
        Planned::Do(plan) => Arc::from(plan),
        Planned::Ask(_) => Arc::clone(&acting.plan),
    };
    way.progress = plan.progress.clone();
    way.problems = plan.all_problems();
    pause(way, &plan, &acting.observed, acting.busy, now)
}

/// Writes what is to be done before it is done.
fn announce(steps: &mut Steps<'_>, index: usize, acting: &Arc<Acting>) {
    let world = steps.world;
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let holder = flight.holder();
    let plan = &acting.plan;
    let mut broken = None;
    let mut said = "writes what it is about to do";
    let commitment = flight.commitment;
    let phase = flight.way.as_mut().and_then(|way| {
        let way = Arc::make_mut(way);
        let buys = plan.actions.iter().any(|action| matches!(action, Action::Buy { repeated: false, .. }));
        let total = world.guardrails.most_in_total().map(std::num::NonZero::get);
        let declared = (!plan.free.is_empty()).then(|| {
            let mut declared = way.stored.declared.clone();
            declared.free(&plan.free);
            declared
        });
        let now = state.now;
        let stored = Arc::clone(&way.stored);
        let write = Write {
            before: &stored,
            holder: &holder,
            now,
            lease: LeaseChange::Take,
            declared,
            progress: plan.progress.clone(),
            free: &plan.free,
            limit: total.filter(|_| buys),
        };
        match state.table.write(commitment, write) {
            Written::Done(stored) => {
                way.progress = plan.progress.clone();
                way.holds(stored);
                broken = rules::on_announced(way, plan, now);
                Some(Phase::Act(Arc::new(Acting { extended: now, ..Acting::clone(acting) })))
            }
            Written::LeaseLost if plan::in_last_minutes(&way.record(), DEPLOYMENT, instant(now)) => {
                let plan = Arc::new(Plan { actions: plan.letting_go(), ..Plan::clone(plan) });
                Some(Phase::Act(Arc::new(Acting { plan, written: false, ..Acting::clone(acting) })))
            }
            Written::LeaseLost => {
                said = "finds that another invocation works on it";
                None
            }
            Written::DeclaredChanged => {
                said = "finds that something else was declared";
                Some(Phase::Look { read: true })
            }
            Written::NoRoom => {
                said = "finds no room in the total";
                refuse_purchases(way, plan);
                Some(Phase::Look { read: true })
            }
        }
    });
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, broken, || format!("{who} {said}"));
}

fn refuse_purchases(way: &mut Way, plan: &Plan) {
    for action in plan.actions.iter().filter(|action| matches!(action, Action::Buy { .. })) {
        let error = error("buy", policy::observed::CallErrorKind::Quota, "NoRoom");
        way.tries = way.tries.wrapping_mul(31).wrapping_add(7);
        let _failed = way.attempts.failed(action, error);
    }
}

/// Writes what was noticed, and gives the lease up.
fn end(steps: &mut Steps<'_>, index: usize) {
    let mut state = steps.before.clone();
    let mut flight = taken(&mut state, index);
    let holder = flight.holder();
    let commitment = flight.commitment;
    let mut said = "ends";
    let phase = flight.way.as_mut().and_then(|way| {
        let way = Arc::make_mut(way);
        let now = instant(state.now);
        let begun = {
            let mut record = way.record();
            record.progress.busy = way.begun_busy.clone();
            record
        };
        way.progress.busy = way.attempts.busy_since(&begun, now);
        way.progress.note_problems(&way.problems, now);
        let held = is_held(&way.stored, &holder);
        if !held && way.progress == way.stored.progress {
            return None;
        }
        let stored = Arc::clone(&way.stored);
        let write = Write {
            before: &stored,
            holder: &holder,
            now: state.now,
            lease: if held { LeaseChange::GiveUp } else { LeaseChange::Without },
            declared: None,
            progress: way.progress.clone(),
            free: &[],
            limit: None,
        };
        match state.table.write(commitment, write) {
            Written::Done(_) | Written::LeaseLost | Written::NoRoom => None,
            Written::DeclaredChanged => {
                said = "goes on, for something else was declared";
                read_again(&state, commitment, way).then(|| again(way))
            }
        }
    });
    let who = name_of(&flight);
    put_back(&mut state, index, flight, phase);
    steps.push_step(index, state, None, || format!("{who} {said}"));
}

/// Another turn of the invocation, if it has some left.
pub(crate) fn again(way: &mut Way) -> Phase {
    way.turns += 1;
    if way.turns >= 6 { Phase::End } else { Phase::Look { read: false } }
}

/// Reads the record again after a request has changed it. Returns false if somebody else has worked on it.
pub(crate) fn read_again(state: &State, commitment: u8, way: &mut Way) -> bool {
    match &state.table.records[usize::from(commitment)] {
        Some(stored) if stored.progress.version == way.stored.progress.version => {
            way.holds(Arc::clone(stored));
            true
        }
        Some(_) | None => false,
    }
}

/// What an invocation does first with a record: what is decided is told before anything newer is carried out.
pub(crate) fn first(way: &Way, holder: &str, now: Second) -> Phase {
    let anothers = way.stored.is_leased_to_another(holder, instant(now));
    let decided = way.stored.declared.owed.first().is_some_and(|owed| owed.decided.is_some());
    if decided && !anothers { answers::told(way, holder, Then::Run) } else { Phase::Look { read: false } }
}
