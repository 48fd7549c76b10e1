//! Which states can a world reach, and does each find its way back?
//!
//! Breadth first, so that the first state found broken has the shortest path to it. Of each state the search keeps a
//! fingerprint, that of the state it came from, and that of its calm successor. With these it follows every state to where
//! it ends once nothing goes wrong any more: in the same few states again and again, none of which may leave anything to
//! wish.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use crate::canon::fingerprint;
use crate::next::{Next, next};
use crate::rules;
use crate::state::State;
use crate::world::World;

/// Steps of a calm end that a diary shows.
const MOST_TOLD: usize = 60;

/// What a search found.
#[derive(Debug, Clone)]
pub struct Explored {
    /// The world's name.
    pub world: &'static str,
    /// States that differ.
    pub states: usize,
    /// Steps between them.
    pub transitions: usize,
    /// Steps from the beginning to the last state.
    pub depth: usize,
    /// Whether every state was reached, or the search was stopped at its limit.
    pub complete: bool,
    /// States that were followed to their end.
    pub followed: usize,
    /// The broken rule with the shortest path to it, if there is one.
    pub broken: Option<Broken>,
}

/// A broken rule.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The world's name.
    pub world: &'static str,
    /// The rule, and what breaks it.
    pub rule: String,
    /// The shortest path to it, a line for each step.
    pub path: Vec<String>,
    /// Its calm end, in which the rule is broken; empty if the path itself breaks it.
    pub end: Vec<String>,
}

/// What is kept of a state.
#[derive(Debug, Clone, Copy)]
struct Seen {
    from: u64,
    calm: u64,
    depth: u32,
    /// Where it ends once it is calm.
    end: End,
    /// Whether something is left to wish in it; asked only where no invocation works.
    wishes: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Unknown,
    OnTheWay,
    Well,
    Badly,
    /// The search was stopped before.
    NotSeen,
}

/// Fingerprints are hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Known = HashMap<u64, Seen, BuildHasherDefault<AsItIs>>;

/// Visits the states of `world`, at most about `limit` of them.
#[must_use]
pub fn explore(world: &World, limit: usize) -> Explored {
    let first = State::begin(world);
    let root = fingerprint(world, &first);
    let mut known = Known::default();
    known.insert(root, seen(root, 0));
    let mut queue = VecDeque::from([(root, first)]);
    let mut explored =
        Explored { world: world.name, states: 0, transitions: 0, depth: 0, complete: true, followed: 0, broken: None };
    while let Some((mark, state)) = queue.pop_front() {
        if known.len() >= limit {
            explored.complete = false;
            break;
        }
        let depth = known.get(&mark).map_or(0, |seen| seen.depth) + 1;
        let mut calm = mark;
        for Next { state: after, calm: is_calm, broken, said: _ } in next(world, &state, false) {
            explored.transitions += 1;
            let to = fingerprint(world, &after);
            if is_calm {
                calm = to;
            }
            let fresh = !known.contains_key(&to);
            if fresh {
                known.insert(to, seen(mark, depth));
                explored.depth = explored.depth.max(usize::try_from(depth).unwrap_or(usize::MAX));
            }
            if let Some(rule) = broken {
                explored.states = known.len();
                let (path, _) = replay(world, &known, root, mark, Some(to));
                explored.broken = Some(Broken { world: world.name, rule, path, end: Vec::new() });
                return explored;
            }
            if fresh {
                queue.push_back((to, after));
            }
        }
        let wishes = state.flights.is_empty().then(|| rules::in_the_end(world, &state).is_some());
        if let Some(seen) = known.get_mut(&mark) {
            seen.calm = calm;
            seen.wishes = wishes;
            seen.end = End::Unknown;
        }
    }
    explored.states = known.len();
    follow(world, &mut known, root, &mut explored);
    explored
}

fn seen(from: u64, depth: u32) -> Seen {
    Seen { from, calm: 0, depth, end: End::NotSeen, wishes: None }
}

/// Follows every state to its calm end.
fn follow(world: &World, known: &mut Known, root: u64, explored: &mut Explored) {
    let marks: Vec<u64> = known.keys().copied().collect();
    let mut worst: Option<(u32, u64)> = None;
    let mut path = Vec::new();
    for mark in marks {
        path.clear();
        let mut at = mark;
        let end = loop {
            let Some(seen) = known.get_mut(&at) else { break End::NotSeen };
            match seen.end {
                End::Unknown => {
                    seen.end = End::OnTheWay;
                    path.push(at);
                    at = seen.calm;
                }
                End::OnTheWay => break end_of_circle(known, &path, at),
                end @ (End::Well | End::Badly | End::NotSeen) => break end,
            }
        };
        for passed in &path {
            if let Some(seen) = known.get_mut(passed) {
                seen.end = end;
            }
        }
        let Some(seen) = known.get(&mark) else { continue };
        explored.followed += usize::from(end != End::NotSeen);
        if end == End::Badly && worst.is_none_or(|(depth, known)| (seen.depth, mark) < (depth, known)) {
            worst = Some((seen.depth, mark));
        }
    }
    if let Some((_, mark)) = worst {
        explored.broken = Some(never_settles(world, known, root, mark));
    }
}

/// How a circle of calm states ends, in which `at` is the first that came twice: well, if no wish is left where it rests.
fn end_of_circle(known: &Known, path: &[u64], at: u64) -> End {
    let circle = path.iter().skip_while(|mark| **mark != at);
    let mut rests = circle.filter_map(|mark| known.get(mark)?.wishes).peekable();
    // An invocation that goes on for ever is no end, either.
    let ends_well = rests.peek().is_some() && !rests.any(|wishes| wishes);
    if ends_well { End::Well } else { End::Badly }
}

/// A state that never finds its way back, with its calm end.
fn never_settles(world: &World, known: &Known, root: u64, mark: u64) -> Broken {
    let (path, state) = replay(world, known, root, mark, None);
    let Calm { rule, said } = calm_end(world, state);
    let rule = rule.unwrap_or_else(|| "it never settles".to_owned());
    Broken { world: world.name, rule, path, end: said.into_iter().take(MOST_TOLD).collect() }
}

/// How it goes on once nothing goes wrong any more.
pub(crate) struct Calm {
    /// The rule that is broken on the way, or where it ends.
    pub(crate) rule: Option<String>,
    /// The way there, a line for each step.
    pub(crate) said: Vec<String>,
}

/// Takes calm steps from `state` until one that was there before comes again.
pub(crate) fn calm_end(world: &World, mut state: State) -> Calm {
    let mut said = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut wishes: Vec<Option<Option<String>>> = Vec::new();
    let circle = loop {
        let mark = fingerprint(world, &state);
        if let Some(first) = places.insert(mark, wishes.len()) {
            break first;
        }
        wishes.push(state.flights.is_empty().then(|| rules::in_the_end(world, &state)));
        let Some(next) = next(world, &state, true).into_iter().find(|next| next.calm) else { break wishes.len() };
        said.push(next.said);
        if next.broken.is_some() {
            return Calm { rule: next.broken, said };
        }
        state = next.state;
    };
    let mut rests = wishes.drain(circle..).flatten().peekable();
    // An invocation that goes on for ever is no end, either.
    let never = rests.peek().is_none().then(|| "it never settles".to_owned());
    Calm { rule: never.or_else(|| rests.flatten().next()), said }
}

/// Goes the shortest path to `mark` once more, and to a rule that the step to `last` breaks.
fn replay(world: &World, known: &Known, root: u64, mark: u64, last: Option<u64>) -> (Vec<String>, State) {
    let mut path = Vec::new();
    let mut at = mark;
    while at != root {
        path.push((at, false));
        let Some(seen) = known.get(&at) else { break };
        at = seen.from;
    }
    path.reverse();
    path.extend(last.map(|mark| (mark, true)));
    let mut state = State::begin(world);
    let mut diary = Vec::new();
    for (mark, breaks) in path {
        let step = told(world, &state).into_iter().find(|(_, next)| {
            // Whoever breaks a rule may come to where somebody else does not.
            fingerprint(world, &next.state) == mark && (!breaks || next.broken.is_some())
        });
        let Some((line, Next { state: after, .. })) = step else { break };
        diary.push(line);
        state = after;
    }
    (diary, state)
}

/// The states that can follow `state`, each with its line of the diary: no two of these are the same.
pub(crate) fn told(world: &World, state: &State) -> Vec<(String, Next)> {
    let mut lines: HashMap<String, usize> = HashMap::new();
    let steps = next(world, state, true).into_iter();
    let told = steps.map(|next| {
        let times = lines.entry(next.said.clone()).or_default();
        *times += 1;
        let line = if *times == 1 { next.said.clone() } else { format!("{} ({times})", next.said) };
        (line, next)
    });
    told.collect()
}
