//! Every pair: two invocations of one commitment, interleaved at each pair of calls.
//!
//! The first is held before its i-th call, the second goes on to its j-th, the first goes on to its end, then the second. Afterwards the
//! state is that of one after the other, in one order or the other. [`crate::is_played`] says which of these `make test` plays.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use rehearsal::line::{Called, Cut};
use serde_json::{Value, json};
use simulator::{Fault, Simulator, Snapshot};

use super::checks::{Result, difference, judge, tolerance};
use super::stories::{self, Event, Step};
use super::{Scene, TICK, changes, is_played};

/// The name of the stack's resource, as docs/reference.md, "The custom resource" derives it.
const RESOURCE_NAME: &str = "Throughput-40154310";
/// Ticks within which everything comes to rest.
const MOST_TICKS: usize = 26;
/// Calls of an invocation at which it is held: one that stays awake for a term's end repeats itself.
const MOST_CALLS: usize = 40;
/// How long one call may take with all its tries: the clients' time limit.
const SLOWEST_CALL: SignedDuration = SignedDuration::from_secs(25);

/// Two events that come at the same time.
struct Pair {
    name: &'static str,
    before: Vec<Step>,
    first: Event,
    second: Event,
    /// What goes wrong, once, for whoever comes to it first.
    goes_wrong: Option<fn(&Simulator)>,
}

/// How a pair came out.
#[derive(Clone)]
struct Run {
    /// Whether each invocation ended before it was held.
    ended: (bool, bool),
    rests: bool,
    result: Result,
    paid: f64,
    broken: Vec<String>,
    log: Vec<Called>,
    /// What the second one called, while the first was held, before it let any time pass.
    at_once: Vec<&'static str>,
}

/// What happens to the second invocation while the first is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    /// It is held before its call of this number.
    Call(usize),
    /// It ends; then this long passes until the first goes on, and ticks come.
    Pass(SignedDuration),
    /// It ends, and its clock is ahead of the first one's by so much.
    Ahead(SignedDuration),
}

/// The first one's call takes as long as a call may take.
const SLOW: Meanwhile = Meanwhile::Pass(SLOWEST_CALL);
/// The first is frozen until its lease has expired and a tick has taken over; clocks differ by half a minute.
const RARELY: [Meanwhile; 3] = [
    Meanwhile::Pass(SignedDuration::from_secs(LEASE + 60)),
    Meanwhile::Ahead(SignedDuration::from_secs(30)),
    Meanwhile::Ahead(SignedDuration::from_secs(-30)),
];
/// Seconds that a lease lasts.
const LEASE: i64 = 45;

struct Ready<'a> {
    scene: &'a Scene,
    start: Snapshot,
    events: [Value; 2],
    goes_wrong: Option<fn(&Simulator)>,
    /// What was left when both had ended, and how it went on from there.
    known: Vec<(Snapshot, Run)>,
}

impl Ready<'_> {
    async fn interleaved(&mut self, first_held: usize, meanwhile: Meanwhile) -> Run {
        let scene = self.scene;
        scene.back_to(&self.start);
        if let Some(goes_wrong) = self.goes_wrong {
            goes_wrong(&scene.sim);
        }
        let began = scene.sim.now();
        let [first, second] = &scene.lines;
        first.arm(Some(Cut::Before(first_held)));
        match meanwhile {
            Meanwhile::Call(call) => second.arm(Some(Cut::Before(call))),
            Meanwhile::Ahead(ahead) => {
                scene.ahead.store(ahead.as_secs(), Ordering::Relaxed);
                // A drain may be shorter by as much as the clock that began it is behind.
                scene.sim.knobs(|knobs| knobs.least_drain -= ahead.abs());
            }
            Meanwhile::Pass(_) => {}
        }
        let mut one = Box::pin(scene.send(0, self.events[0].clone()));
        let mut other = Box::pin(scene.send(1, self.events[1].clone()));
        let one_ended = first.until_cut(one.as_mut()).await.is_some();
        let instant = scene.sim.now();
        let other_ended = second.until_cut(other.as_mut()).await.is_some();
        let at_once = scene.called_by("second", instant);
        if let Meanwhile::Pass(duration) = meanwhile
            && !one_ended
        {
            scene.pass_beside(duration).await;
        }
        if !one_ended {
            first.release();
            let _ended = one.await;
        }
        if !other_ended {
            second.release();
            let _ended = other.await;
        }
        first.arm(None);
        second.arm(None);
        scene.ahead.store(0, Ordering::Relaxed);
        Run { at_once, ..self.settled(began, (one_ended, other_ended)).await }
    }

    async fn settled(&mut self, began: Timestamp, ended: (bool, bool)) -> Run {
        let scene = self.scene;
        let left = scene.sim.snapshot();
        let log = scene.log.lock().expect("nobody panicked").clone();
        let told = scene.result().told;
        if let Some((_, run)) = self.known.iter().find(|(known, run)| *known == left && run.result.told == told) {
            return Run { ended, log, ..run.clone() };
        }
        let rests = scene.rest(MOST_TICKS).await.is_some();
        let broken = scene.sim.take_violations();
        let horizon = began.checked_add(TICK * i32::try_from(MOST_TICKS * 2).expect("few")).expect("in range");
        let run =
            Run { ended, rests, result: scene.result(), paid: scene.paid(horizon), broken, log, at_once: Vec::new() };
        // Only answers that ticks gave come in between.
        if run.result.told == told {
            self.known.push((left, run.clone()));
        }
        run
    }

    /// One after the other, in each order; if something goes wrong, for the first of them or for neither.
    async fn in_order(&mut self) -> Vec<Run> {
        let mut orders = Vec::new();
        for goes_wrong in [Some(None), self.goes_wrong.map(Some)].into_iter().flatten() {
            for order in [[0, 1], [1, 0]] {
                orders.push(self.ordered(order, goes_wrong).await);
            }
        }
        orders
    }

    async fn ordered(&mut self, order: [usize; 2], goes_wrong: Option<fn(&Simulator)>) -> Run {
        let scene = self.scene;
        scene.back_to(&self.start);
        if let Some(goes_wrong) = goes_wrong {
            goes_wrong(&scene.sim);
        }
        let began = scene.sim.now();
        for which in order {
            let _ended = scene.send(which, self.events[which].clone()).await;
        }
        self.settled(began, (true, true)).await
    }
}

impl Scene {
    fn called_by(&self, line: &str, at: Timestamp) -> Vec<&'static str> {
        let log = self.log.lock().expect("nobody panicked");
        log.iter().filter(|called| called.by == line && called.at == at).map(|called| called.operation).collect()
    }

    /// Lets time pass; ticks go to the second handler, while the first one's invocation is held.
    async fn pass_beside(&self, duration: SignedDuration) {
        let from = self.sim.now();
        let until = from.saturating_add(duration).expect("in range");
        for (at, schedule) in self.sim.due(from, until) {
            self.sim.set_now(at.max(self.sim.now()));
            let _answer = self.send(1, serde_json::from_str(&schedule.input).expect("JSON")).await;
        }
        self.sim.set_now(until.max(self.sim.now()));
    }
}

/// Interleaves `pair` at each pair of calls; `shard` of `shards`, so that they run side by side.
async fn at_every_pair(pair: Pair, shard: usize, shards: usize) {
    let Pair { name, before, first, second, goes_wrong } = pair;
    let scene = Scene::start().await;
    let (start, events) = scene.prepare(&before, &[&first, &second]).await;
    let events: Vec<Value> = events.into_iter().map(|event| event.expect("an event, not time alone")).collect();
    let events: [Value; 2] = events.try_into().expect("two events");
    let mut ready = Ready { scene: &scene, start, events, goes_wrong, known: Vec::new() };
    let orders = ready.in_order().await;
    for order in &orders {
        assert!(order.rests && order.broken.is_empty(), "{name}, in order: {:?} {}", order.broken, order.result.state);
        let told = &order.result.told;
        assert!(told.values().all(|statuses| statuses.len() <= 1), "{name}, in order: {told:?}");
    }
    let is_deletion = matches!(second, Event::Request("Delete", ..));
    let mut tally = Tally { is_deletion, ..Tally::default() };
    // What the second one calls at once while the first is held one call earlier.
    let mut beside: Vec<&'static str> = Vec::new();
    for first_held in 0..MOST_CALLS {
        let mine = first_held % shards == shard;
        let whole = ready.interleaved(first_held, SLOW).await;
        if mine {
            tally.note(&whole, &orders, &format!("{name} {first_held} slow"));
            let held = whole.log.iter().filter(|called| called.by == "first").nth(first_held);
            let held = held.map_or("nothing", |called| called.operation);
            for rarely in RARELY {
                // A deletion that is under way for longer than the lease lasts cannot be called back.
                if matches!(rarely, Meanwhile::Pass(_)) && held == "DeleteProvisionedModelThroughput" {
                    continue;
                }
                let run = ready.interleaved(first_held, rarely).await;
                tally.note(&run, &orders, &format!("{name} {first_held} {held} {rarely:?}"));
            }
        }
        let passed = whole.log.iter().filter(|called| called.by == "first").nth(first_held.wrapping_sub(1));
        for call in (0..MOST_CALLS).take_while(|_| mine) {
            // The call that the first one has made since commutes with all that the second does: it is the last row once more.
            let same = |passed: &Called| {
                // Who comes first to what goes wrong makes a difference.
                let alike = |other: &str| goes_wrong.is_some() && passed.operation == other;
                beside[..call].iter().all(|other| commute(passed.operation, other) && !alike(other))
            };
            if call < beside.len() && passed.is_some_and(same) {
                tally.points += 1;
                continue;
            }
            // The rows are shifted against each other.
            if !is_played(first_held / shards + call) {
                tally.points += 1;
                continue;
            }
            let run = ready.interleaved(first_held, Meanwhile::Call(call)).await;
            tally.note(&run, &orders, &format!("{name} {first_held} {call}"));
            if run.ended.1 {
                break;
            }
        }
        if whole.ended.0 {
            break;
        }
        beside = whole.at_once;
    }
    scene.back_to(&ready.start);
    let Tally { points, played, complaints, is_deletion: _ } = tally;
    judge(&format!("{name} {shard}"), points, played, &complaints);
}

/// What was run.
#[derive(Default)]
struct Tally {
    points: usize,
    played: usize,
    complaints: Vec<String>,
    /// Whether the second event is a Delete.
    is_deletion: bool,
}

impl Tally {
    fn note(&mut self, run: &Run, orders: &[Run], at: &str) {
        self.points += 1;
        self.played += 1;
        self.complaints.extend(complaint(run, orders, self.is_deletion).map(|why| format!("{at}: {why}")));
    }
}

/// Whether it makes no difference which of two calls comes first: they are about different things, or both only look.
fn commute(one: &str, other: &str) -> bool {
    let about = |operation: &str| match operation {
        operation if operation.contains("Schedule") => 0,
        operation if operation.contains("AgentAlias") => 1,
        operation if operation.contains("AgentVersion") => 2,
        operation if operation.ends_with("Parameter") => 4,
        "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "Scan" | "DescribeTable" => 5,
        _ => 3,
    };
    (!changes(one) && !changes(other)) || about(one) != about(other)
}

fn complaint(run: &Run, orders: &[Run], is_deletion: bool) -> Option<String> {
    if !run.broken.is_empty() {
        return Some(run.broken.join("; "));
    }
    let wrong = if run.rests {
        wrong(run, orders, is_deletion)?
    } else {
        format!("not at rest: {}", difference(&orders[0].result.state, &run.result.state))
    };
    let call = |Called { by, number: _, operation, accepted, at: _ }: &Called| {
        let (by, refused) = (if *by == "first" { "" } else { "~" }, if *accepted { "" } else { "!" });
        format!("{by}{operation}{refused}")
    };
    let calls: Vec<String> = run.log.iter().map(call).collect();
    Some(format!("{wrong}\n    {}", calls.join(" ")))
}

/// What is not as it would be one after the other.
fn wrong(run: &Run, orders: &[Run], is_deletion: bool) -> Option<String> {
    let state = || format!("{}; told {:?}", difference(&orders[0].result.state, &run.result.state), run.result.told);
    let alike: Vec<&Run> = orders.iter().filter(|order| order.result.state == run.result.state).collect();
    let Some(order) = alike.first() else { return Some(state()) };
    let paid = orders.iter().map(|order| order.paid).fold(0.0, f64::max);
    if run.paid > paid + tolerance() {
        return Some(format!("paid {} in place of {paid}", run.paid));
    }
    for request in order.result.told.keys() {
        let allowed: BTreeSet<&String> =
            alike.iter().filter_map(|order| order.result.told.get(request)).flatten().collect();
        let told = run.result.told.get(request).map_or(&[][..], Vec::as_slice);
        // A Delete overtakes a Create that is not answered yet.
        let overtaken = order.result.told.len() == 2 && is_deletion && told == ["FAILED"];
        // The first counts.
        if !overtaken && !told.first().is_some_and(|first| allowed.contains(first)) || told.len() > 1 {
            return Some(format!("{request} was told {told:?}, not one of {allowed:?}"));
        }
    }
    None
}

fn closed() -> Value {
    json!({"Timezone": "UTC", "Windows": ["Tue 12:00-13:00"]})
}

/// A tick that notices that the throughput is in service, and routes.
fn routing(event: Event) -> Vec<Step> {
    vec![Step::Happens(event), Step::Aws(|sim| sim.advance(SignedDuration::from_secs(61)))]
}

fn alias_is_denied_once(sim: &Simulator) {
    sim.fault("GetAgentAlias", 1, Fault::denied());
}

fn quota_is_refused_once(sim: &Simulator) {
    let refused = Fault::Refuse { status: 400, code: "ServiceQuotaExceededException", message: "no model units" };
    sim.fault("CreateProvisionedModelThroughput", 1, refused);
}

fn somebody_deletes(sim: &Simulator) {
    for one in sim.throughputs() {
        sim.delete_throughput(&one.name);
    }
}

/// A tick that buys again what somebody has deleted.
fn buying(event: Event) -> Vec<Step> {
    let mut steps = stories::in_service(event);
    steps.push(Step::Aws(somebody_deletes));
    steps
}

/// A tick that deletes after the drain.
fn deleting(event: Event, off: Event) -> Vec<Step> {
    let mut steps = stories::in_service(event);
    // The drain ends too late for the next tick to stay awake for it: the one after that deletes.
    let later = Step::Aws(|sim| sim.advance(SignedDuration::from_secs(5)));
    steps.extend([later, Step::Happens(off), Step::Minutes(1)]);
    steps
}

macro_rules! pairs {
    ($($name:ident: $before:expr, $first:expr, $second:expr $(, $goes_wrong:expr)?;)*) => {
        $(mod $name {
            use super::*;

            fn pair() -> Pair {
                let goes_wrong: [Option<fn(&Simulator)>; _] = [None $(, Some($goes_wrong))?];
                let [.., goes_wrong] = goes_wrong;
                Pair { name: stringify!($name), before: $before, first: $first, second: $second, goes_wrong }
            }

            #[tokio::test]
            async fn before_even_calls() {
                at_every_pair(pair(), 0, 2).await;
            }

            #[tokio::test]
            async fn before_odd_calls() {
                at_every_pair(pair(), 1, 2).await;
            }
        })*
    };
}

fn apply(more: Value) -> Event {
    stories::apply(more)
}

fn act(name: &str, more: Value) -> Event {
    stories::action(name, more)
}

fn request(kind: &'static str, more: Value) -> Event {
    stories::request(kind, more)
}

pairs! {
    tick_and_tick_that_route: routing(apply(json!({}))), Event::Tick, Event::Tick;
    tick_and_tick_that_buy: buying(apply(json!({}))), Event::Tick, Event::Tick;
    tick_and_tick_that_delete: deleting(apply(json!({})), act("ScaleDown", json!({}))), Event::Tick, Event::Tick;
    tick_and_tick_that_forget: deleting(apply(json!({})), act("Retire", json!({}))), Event::Tick, Event::Tick;
    tick_and_tick_that_end_a_term: stories::seconds_before_term_end(), Event::Tick, Event::Tick;
    tick_and_update: routing(request("Create", json!({}))), Event::Tick, request("Update", json!({"ModelUnits": 2}));
    tick_and_delete: routing(request("Create", json!({}))), Event::Tick, request("Delete", json!({}));
    tick_that_buys_and_delete: buying(request("Create", json!({}))), Event::Tick, request("Delete", json!({}));
    tick_and_apply: routing(apply(json!({}))), Event::Tick, apply(json!({"ModelUnits": 2}));
    tick_that_deletes_and_apply: deleting(apply(json!({})), act("ScaleDown", json!({}))), Event::Tick, apply(json!({}));
    create_and_delete: vec![], request("Create", json!({})), request("Delete", json!({}));
    create_and_the_same_create: vec![], request("Create", json!({})), Event::Same;
    create_and_the_same_create_of_which_one_is_refused: vec![], request("Create", json!({})), Event::Same,
        quota_is_refused_once;
    update_and_the_same_update_of_which_one_is_refused: stories::in_service(request("Create", json!({}))),
        request("Update", json!({"ModelUnits": 2})), Event::Same, alias_is_denied_once;
    create_and_scale_down: vec![], request("Create", json!({})), act("ScaleDown", json!({"Name": RESOURCE_NAME}));
    scale_up_and_scale_down: stories::in_service(apply(json!({"Timetable": closed()}))),
        act("ScaleUp", json!({})), act("ScaleDown", json!({}));
    override_and_resume: stories::in_service(apply(json!({}))),
        act("Override", json!({"State": "Off", "For": "2h"})), act("Resume", json!({}));
    parameter_tick_and_tick: routing(apply(stories::with_parameter())), Event::Tick, Event::Tick;
    parameter_tick_and_scale_down: routing(apply(stories::with_parameter())), Event::Tick, act("ScaleDown", json!({}));
    parameter_tick_and_delete: routing(request("Create", stories::with_parameter())), Event::Tick,
        request("Delete", stories::with_parameter());
    update_and_update: stories::in_service(request("Create", json!({}))),
        request("Update", json!({"ModelUnits": 2})), request("Update", json!({"ModelUnits": 3}));
}
