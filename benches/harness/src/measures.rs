//! What is measured, each for one program.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::Simulator;

use crate::account::{NAME, account, commitment, slow_down, tick, twins_tick};
use crate::function::{Function, Program, Variables};
use crate::share::{MEMORY, MEMORY_OF_A_CORE, Share};
use crate::tls::Https;

/// Which program it is, for what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The function.
    Ours,
    /// The one that does nothing.
    Floor,
    /// The Python twin.
    Twin,
}

/// How often a start is measured.
const STARTS: usize = 50;
/// How often a first tick is.
const FIRST_TICKS: usize = 20;
/// How often a first tick under a share of a core is: of the twin, which needs seconds for each, less often.
const SHARED_TICKS: usize = 41;
/// See above.
const TWINS_SHARED_TICKS: usize = 7;
/// How many warm ticks are.
const TICKS: u32 = 1000;
/// How many with latency.
const SLOW_TICKS: usize = 15;

/// Starts of a process.
#[derive(Debug)]
pub(crate) struct Starts {
    /// To the first question for an event: median.
    pub(crate) ready: Duration,
    /// The same: of 20, 19 are no longer.
    pub(crate) ready_p95: Duration,
    /// To the answer of the first tick, in plain HTTP: median.
    pub(crate) first_tick: Duration,
}

/// Warm ticks.
#[derive(Debug)]
pub(crate) struct Warm {
    /// From the event to the answer: median.
    pub(crate) wall: Duration,
    /// CPU time of one.
    pub(crate) cpu: Duration,
    /// The most memory held after all of them, in bytes.
    pub(crate) memory: u64,
}

/// The first tick of a cold process over HTTPS, under the share.
#[derive(Debug)]
pub(crate) struct Cold {
    /// From the start of the process to the answer, all of it under the share: median.
    pub(crate) from_start: Duration,
    /// From the event to the answer, with a start at full speed, as Lambda gives it: median.
    pub(crate) from_event: Duration,
    /// CPU time from the event to the answer, without a limit: median.
    pub(crate) cpu: Duration,
}

/// One way from an event to a state.
#[derive(Debug)]
pub(crate) struct Way {
    /// What it is.
    pub(crate) name: &'static str,
    /// How many calls to AWS.
    pub(crate) calls: usize,
    /// How long it took at each latency.
    pub(crate) took: Vec<Duration>,
}

/// An account and an event for a steady tick of `kind` with so many aliases; the function registers its commitment itself.
async fn steady(kind: Kind, program: &Program, aliases: usize) -> Result<(Simulator, Value), String> {
    let sim = account(aliases).await;
    let event = match kind {
        Kind::Ours => {
            let mut function = Function::start(program, &plain(&sim), None).await?;
            function.invoke(json!({"Action": "Apply", "Commitment": commitment(aliases, 1)})).await?;
            function.stop().await;
            tick(&sim)?
        }
        Kind::Floor => json!({}),
        Kind::Twin => twins_tick(&sim),
    };
    sim.clear_requests();
    Ok((sim, event))
}

fn plain(sim: &Simulator) -> Variables {
    vec![("AWS_ENDPOINT_URL", sim.url())]
}

/// Measures [`Starts`].
pub(crate) async fn starts(kind: Kind, program: &Program) -> Result<Starts, String> {
    let (sim, event) = steady(kind, program, 1).await?;
    let mut ready = Vec::new();
    let mut first_tick = Vec::new();
    for number in 0..STARTS {
        let mut function = Function::start(program, &plain(&sim), None).await?;
        ready.push(function.ready().await?);
        if number < FIRST_TICKS {
            function.invoke(event.clone()).await?;
            first_tick.push(function.age());
        }
        function.stop().await;
    }
    Ok(Starts { ready: median(&mut ready), ready_p95: ready[STARTS * 95 / 100], first_tick: median(&mut first_tick) })
}

/// Measures [`Warm`].
pub(crate) async fn warm(kind: Kind, program: &Program, aliases: usize, ticks: u32) -> Result<Warm, String> {
    let (sim, event) = steady(kind, program, aliases).await?;
    let mut function = Function::start(program, &plain(&sim), None).await?;
    function.invoke(event.clone()).await?;
    let before = function.used()?;
    let mut walls = Vec::new();
    for _ in 0..ticks {
        let began = Instant::now();
        function.invoke(event.clone()).await?;
        walls.push(began.elapsed());
        sim.clear_requests();
    }
    let after = function.used()?;
    function.stop().await;
    Ok(Warm { wall: median(&mut walls), cpu: after.cpu.saturating_sub(before.cpu) / ticks, memory: after.memory })
}

/// Measures 1,000 [`Warm`] ticks with one alias.
pub(crate) async fn warm_thousand(kind: Kind, program: &Program) -> Result<Warm, String> {
    warm(kind, program, 1, TICKS).await
}

/// Measures [`Cold`]; without a share, its CPU time is stretched instead.
pub(crate) async fn cold(kind: Kind, program: &Program, share: Option<&Share>) -> Result<(Cold, usize), String> {
    let (sim, event) = steady(kind, program, 1).await?;
    let https = Https::before(&sim.url()).await?;
    let variables = https.variables();
    let mut cpu = Vec::new();
    let mut all = Vec::new();
    let ticks = if kind == Kind::Twin { TWINS_SHARED_TICKS } else { SHARED_TICKS };
    for _ in 0..ticks {
        let mut function = Function::start(program, &variables, None).await?;
        function.ready().await?;
        let before = function.used()?.cpu;
        function.invoke(event.clone()).await?;
        let after = function.used()?.cpu;
        function.stop().await;
        cpu.push(after.saturating_sub(before));
        all.push(after);
    }
    let stretched = |cpu: Duration| cpu * MEMORY_OF_A_CORE / MEMORY;
    let (mut from_start, mut from_event): (Vec<_>, Vec<_>) =
        (all.iter().map(|cpu| stretched(*cpu)).collect(), cpu.iter().map(|cpu| stretched(*cpu)).collect());
    if let Some(share) = share {
        from_start.clear();
        from_event.clear();
        for _ in 0..ticks {
            let mut function = Function::start(program, &variables, Some(share)).await?;
            function.invoke(event.clone()).await?;
            from_start.push(function.age());
            function.stop().await;
            let mut function = Function::start(program, &variables, None).await?;
            function.ready().await?;
            function.put_under(share)?;
            let began = Instant::now();
            function.invoke(event.clone()).await?;
            from_event.push(began.elapsed());
            function.stop().await;
        }
    }
    let cold = Cold { from_start: median(&mut from_start), from_event: median(&mut from_event), cpu: median(&mut cpu) };
    Ok((cold, https.roots.count))
}

/// How long a warm steady tick takes at each latency.
pub(crate) async fn slow_ticks(kind: Kind, program: &Program, latencies: &[Duration]) -> Result<Vec<Duration>, String> {
    let (sim, event) = steady(kind, program, 1).await?;
    let mut function = Function::start(program, &plain(&sim), None).await?;
    function.invoke(event.clone()).await?;
    let mut took = Vec::new();
    for latency in latencies {
        slow_down(&sim, *latency);
        let mut walls = Vec::new();
        for _ in 0..SLOW_TICKS {
            let began = Instant::now();
            function.invoke(event.clone()).await?;
            walls.push(began.elapsed());
        }
        took.push(median(&mut walls));
    }
    function.stop().await;
    Ok(took)
}

/// The ways of the function, each with its calls and how long it takes at each latency.
pub(crate) async fn ways(program: &Program, latencies: &[Duration]) -> Result<Vec<Way>, String> {
    let mut ways: Vec<Way> = Vec::new();
    for latency in latencies {
        for (index, (name, calls, took)) in walk(program, *latency).await?.into_iter().enumerate() {
            match ways.get_mut(index) {
                Some(way) => way.took.push(took),
                None => ways.push(Way { name, calls, took: vec![took] }),
            }
        }
    }
    Ok(ways)
}

async fn walk(program: &Program, latency: Duration) -> Result<Vec<(&'static str, usize, Duration)>, String> {
    let sim = account(1).await;
    let mut function = Function::start(program, &plain(&sim), None).await?;
    // Connections are there, as they are in a function that ticks every minute.
    let _unknown = function.invoke(json!({"Action": "Status"})).await?;
    let apply = |units: u32| json!({"Action": "Apply", "Commitment": commitment(1, units)});
    let by_name = |action: &str| json!({"Action": action, "Name": NAME});
    let later = jiff::SignedDuration::from_hours(1);
    sim.knobs(|knobs| knobs.creation_time = jiff::SignedDuration::from_mins(35));
    let steps: [(&'static str, Option<Value>); 10] = [
        ("registered: declared and bought", Some(apply(1))),
        ("in service: the alias is routed (tick)", None),
        ("steady tick", None),
        ("resize: the other size is bought", Some(apply(2))),
        ("resized: in service, routed, the old one deleted (tick)", None),
        ("scale-down: off the throughput, deleted", Some(by_name("ScaleDown"))),
        ("steady tick while off", None),
        ("scale-up: bought", Some(by_name("ScaleUp"))),
        ("scaled up: in service, routed (tick)", None),
        ("retirement: off, deleted, forgotten", Some(by_name("Retire"))),
    ];
    let mut walked = Vec::new();
    for (name, event) in steps {
        if event.is_none() {
            sim.advance(later);
        }
        let event = event.map_or_else(|| tick(&sim), Ok)?;
        sim.clear_requests();
        slow_down(&sim, latency);
        let began = Instant::now();
        function.invoke(event).await.map_err(|error| format!("{name}: {error}"))?;
        let took = began.elapsed();
        slow_down(&sim, Duration::ZERO);
        walked.push((name, sim.requests().len(), took));
    }
    function.stop().await;
    Ok(walked)
}

/// The middle one; sorts them.
fn median(durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}
