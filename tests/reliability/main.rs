//! Does it keep its promises whatever dies, is lost, or comes in between?
//!
//! The real handler and the real SDK clients against the simulator, without a network below them, so that an invocation can be
//! stopped at each of its calls. [`stories`] says what happens in a commitment's life; [`crashes`] lets each of them die at each
//! call, [`pairs`] interleaves two invocations at each pair of calls, [`checks`] asks afterwards whether anything was lost. Nothing
//! is random: the calls are counted in a run that nobody disturbs.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use rehearsal::cloudformation::Stack;
use rehearsal::line::{Line, Log};
use rehearsal::{AGENT, ALIAS, Answer, FUNCTION, MODEL, TABLE};
use serde_json::{Value, json};
use simulator::{Simulator, Snapshot};
use throughput_scheduler::handler::{Handler, Invocation};

mod checks;
mod crashes;
mod pairs;
mod stories;
mod terms;
mod together;

use stories::{Event, Step};

/// How long a tick is away.
const TICK: SignedDuration = SignedDuration::from_mins(1);
/// How long an invocation lasts at most.
const TIMEOUT: SignedDuration = SignedDuration::from_mins(5);
/// Of so many points `make test` plays one.
const ONE_OF: usize = 10;
/// What a run calls its writes must differ from what the preparation called its own: DynamoDB remembers their tokens.
const IDS_AFTER_PREPARATION: u64 = 1_000_000;
/// The second alias of the sample agent.
const OTHER_ALIAS: &str = "ALIAS00002";

/// Whether `operation` changes something.
fn changes(operation: &str) -> bool {
    !operation.starts_with("Get") && !operation.starts_with("List")
}

/// Whether the point of this `number` is played: `make test` plays one of [`ONE_OF`], `make reliability` each.
fn is_played(number: usize) -> bool {
    static EACH: LazyLock<bool> = LazyLock::new(|| std::env::var_os("EVERY_POINT").is_some());
    *EACH || number.is_multiple_of(ONE_OF)
}

/// An account, a stack, and the function twice.
struct Scene {
    sim: Arc<Simulator>,
    stack: Stack,
    log: Log,
    lines: [Line; 2],
    handlers: [Handler; 2],
    /// How many answers had been put when the next was to be the last that an invocation puts.
    dies_answering: Cell<Option<usize>>,
    /// By how many seconds the second handler's clock is ahead.
    ahead: Arc<AtomicI64>,
    /// How far the clock is past the minute whose ticks were delivered last: an invocation may stay awake beyond the next tick.
    behind: Cell<SignedDuration>,
    /// From where on ids are counted.
    ids_from: Cell<u64>,
}

impl Scene {
    async fn start() -> Self {
        let start = "2026-11-16T00:00:00Z".parse().expect("an instant");
        let (sim, stack) = (Arc::new(Simulator::start(start).await), Stack::start("support").await);
        sim.add_agent(AGENT, MODEL);
        sim.add_agent_version(AGENT, "3", MODEL);
        sim.add_alias(AGENT, ALIAS, "3");
        sim.add_alias(AGENT, OTHER_ALIAS, "3");
        rehearsal::open_deployment(&sim);
        sim.knobs(|knobs| {
            knobs.creation_time = SignedDuration::from_mins(1);
            knobs.least_drain = SignedDuration::from_mins(1);
            knobs.round_up_hours = false;
        });
        let log = Log::default();
        let lines = [Line::new("first", &sim, &log), Line::new("second", &sim, &log)];
        let hosts = [("RESPONSE_HOSTS", stack.sink.address())];
        let mut handlers = lines.each_ref().map(|line| line.handler(&hosts));
        let ahead = Arc::new(AtomicI64::new(0));
        let (clock, seconds) = (Arc::clone(&sim), Arc::clone(&ahead));
        handlers[1].clock.now = Box::new(move || {
            let ahead = SignedDuration::from_secs(seconds.load(Ordering::Relaxed));
            clock.now().saturating_add(ahead).expect("in range")
        });
        let (dies_answering, behind, ids_from) = (Cell::default(), Cell::default(), Cell::default());
        let scene = Self { sim, stack, log, lines, handlers, dies_answering, ahead, behind, ids_from };
        for which in 0..2 {
            // A process asks for the table's own id once: from here on every invocation makes the same calls.
            let looked = scene.send(which, json!({"Action": "Doctor"})).await;
            assert!(looked.is_ok(), "{looked:?}");
        }
        scene
    }

    /// Takes the `steps`, and makes `events` ready to be sent; a second lies between one and the next.
    async fn prepare(&self, steps: &[Step], events: &[&Event]) -> (Snapshot, Vec<Option<Value>>) {
        for step in steps {
            match step {
                Step::Happens(event) => {
                    let event = self.delivered(event).expect("an event, not time alone");
                    let answer = self.send(0, event).await;
                    assert!(answer.is_ok(), "what comes before is in order: {answer:?}");
                }
                Step::Minutes(minutes) => {
                    for _ in 0..*minutes {
                        self.minute().await;
                    }
                }
                Step::Aws(change) => {
                    change(&self.sim);
                    self.behind.take();
                }
            }
        }
        self.behind.take();
        let mut ready: Vec<Option<Value>> = Vec::new();
        for event in events {
            self.sim.advance(SignedDuration::from_secs(1));
            ready.push(if matches!(event, Event::Same) { ready[0].clone() } else { self.delivered(event) });
        }
        (self.sim.snapshot(), ready)
    }

    /// Everything is as it was, and nothing goes wrong.
    fn back_to(&self, start: &Snapshot) {
        self.sim.restore(start);
        self.ids_from.set(IDS_AFTER_PREPARATION);
        let _earlier = self.stack.sink.take();
        self.log.lock().expect("nobody panicked").clear();
        for line in &self.lines {
            line.arm(None);
        }
        self.dies_answering.set(None);
        self.behind.take();
    }

    /// What Lambda gets.
    fn delivered(&self, event: &Event) -> Option<Value> {
        match event {
            Event::Action(action) => Some(action.clone()),
            Event::Request(kind, logical_id, properties) => {
                Some(self.stack.request(kind, logical_id, properties, self.sim.now()))
            }
            Event::Tick => {
                let schedule = self.sim.schedules().into_iter().next().expect("something is registered");
                Some(serde_json::from_str(&schedule.input).expect("a schedule holds JSON"))
            }
            Event::Same | Event::Time => None,
        }
    }

    /// The names of the commitments that are registered.
    fn registered(&self) -> BTreeSet<String> {
        let keys = self.sim.items(TABLE).into_keys();
        keys.filter_map(|key| key.strip_prefix("commitment/").map(str::to_owned)).collect()
    }

    /// One whole invocation.
    async fn send(&self, which: usize, event: Value) -> Answer {
        let handler = &self.handlers[which];
        // Who did as much so far writes the same ids: what two ways have left can be compared.
        let calls = self.log.lock().expect("nobody panicked").len();
        handler.aws.count_ids_from(self.ids_from.get() + 4 * u64::try_from(calls).expect("few"));
        handler.handle(event, &self.invocation()).await
    }

    fn invocation(&self) -> Invocation {
        let deadline = self.sim.now().saturating_add(TIMEOUT).unwrap_or(Timestamp::MAX);
        Invocation { function_arn: FUNCTION.to_owned(), deadline, request_id: String::new() }
    }

    /// One invocation until its end, or until it dies where it was to die: then nothing.
    async fn invoke(&self, event: Value) -> Option<Answer> {
        let answering = async {
            let Some(tries) = self.dies_answering.get() else { return std::future::pending().await };
            while self.stack.sink.tries() == tries {
                tokio::task::yield_now().await;
            }
            self.dies_answering.set(None);
        };
        tokio::select! {
            biased;
            ended = self.lines[0].until_cut(self.send(0, event)) => ended,
            () = answering => None,
        }
    }

    /// Lets a minute pass, and delivers what is due in it; whether everything that is registered was looked at, and nothing was
    /// left to do. A record without a schedule, or a schedule without a record, waits for the hourly `Repair`, which comes at once here.
    async fn minute(&self) -> bool {
        let from = self.sim.now().saturating_sub(self.behind.get()).expect("in range");
        let until = from.saturating_add(TICK).expect("in range");
        let (mut rests, mut looked) = (true, 0);
        for (at, schedule) in self.sim.due(from, until) {
            self.sim.set_now(at.max(self.sim.now()));
            let event = serde_json::from_str(&schedule.input).expect("a schedule holds JSON");
            rests &= match self.invoke(event).await {
                Some(Ok(report)) => report["Settled"] == json!(true) && report["Actions"] == json!([]),
                Some(Err(_)) | None => false,
            };
            looked += 1;
        }
        let scheduled: BTreeSet<String> = self.sim.schedules().into_iter().map(|schedule| schedule.name).collect();
        if self.registered() != scheduled {
            let _answer = self.invoke(json!({"Action": "Repair"})).await;
            rests = false;
        }
        self.sim.set_now(until.max(self.sim.now()));
        self.behind.set(self.sim.now().duration_since(until));
        rests && looked == self.registered().len()
    }

    /// Lets minutes pass until nothing is left to do, at most `most`; how many it took, if that was enough.
    async fn rest(&self, most: usize) -> Option<usize> {
        for minutes in 1..=most {
            if self.minute().await {
                return Some(minutes);
            }
        }
        None
    }
}
