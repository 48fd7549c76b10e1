//! What do many commitments cost, and where do they meet a limit?
//!
//! A working day of one commitment, and of ten in one account, is played minute by minute on the simulated account. Commitments share
//! nothing but the account's limits, which the ten show: a thousand are a hundred times the ten. What they cost follows from the calls
//! and invocations that were counted, the milliseconds that an invocation is billed, and AWS's price list.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{AGENT, World, commitment};

/// How many commitments the table has.
const SIZES: [u32; 4] = [1, 10, 100, 1000];
/// Days of a month, for money.
const DAYS: f64 = 30.0;
/// Memory of the function, in GB: 128 MB.
const GIGABYTES: f64 = 0.125;

/// AWS's list prices in us-east-1, in US dollars, without free tiers; read on 2026-11-25.
mod prices {
    /// Lambda on arm64, a GB-second (aws.amazon.com/lambda/pricing).
    pub(super) const ARM_GB_SECOND: f64 = 0.000_013_333_4;
    /// Lambda on `x86_64`, a GB-second.
    pub(super) const X86_GB_SECOND: f64 = 0.000_016_666_7;
    /// Lambda, a request.
    pub(super) const REQUEST: f64 = 0.20e-6;
    /// EventBridge Scheduler, an invocation (aws.amazon.com/eventbridge/pricing).
    pub(super) const SCHEDULER: f64 = 1.00e-6;
    /// `CloudWatch`, a metric of one's own for a month (aws.amazon.com/cloudwatch/pricing).
    pub(super) const METRIC: f64 = 0.30;
}

/// Metrics that each commitment keeps.
const METRICS: f64 = 6.0;

/// A day of so many commitments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Invocations.
    pub invocations: u64,
    /// Calls by API.
    pub calls: BTreeMap<&'static str, u64>,
    /// The most calls of one minute, by API.
    pub busiest: BTreeMap<&'static str, u64>,
}

/// Plays a Monday of `count` commitments that are on from 8 to 20, registered one second after the other.
///
/// # Errors
/// One of them cannot be registered, or a tick of one fails.
pub async fn day(count: u32) -> Result<Day, String> {
    let start: Timestamp = "2026-11-15T23:50:00Z".parse().map_err(|error: jiff::Error| error.to_string())?;
    let world = World::with_settings(start, &[("MAX_MODEL_UNITS", "100000")]).await;
    world.sim.knobs(|knobs| knobs.quota = 100_000);
    for number in 0..count {
        let alias = format!("ALIAS{number:05}");
        world.sim.add_alias(AGENT, &alias, "3");
        let declared = commitment(json!({
            "Name": format!("team-{number:04}"),
            "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": alias}],
            "Timetable": {"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-20:00"]},
        }));
        let applied = world.send(json!({"Action": "Apply", "Commitment": declared})).await;
        applied.map_err(|error| error.to_string())?;
        world.sim.advance(SignedDuration::from_secs(1));
    }
    let instant = |text: &str| text.parse::<Timestamp>().map_err(|error| error.to_string());
    world.run_until(instant("2026-11-16T00:00:00Z")?, |_, _| {}).await;
    world.sim.clear_requests();
    let mut invocations = 0;
    let mut failed = None;
    let end = instant("2026-11-17T00:00:00Z")?;
    world
        .run_until(end, |_, answer| {
            invocations += 1;
            if let Err(error) = answer {
                failed.get_or_insert(error.to_string());
            }
        })
        .await;
    if let Some(error) = failed {
        return Err(error);
    }
    let mut calls = BTreeMap::new();
    let mut minutes: BTreeMap<(&'static str, i64), u64> = BTreeMap::new();
    for request in world.sim.requests() {
        *calls.entry(request.operation).or_default() += 1;
        *minutes.entry((request.operation, request.at.as_second() / 60)).or_default() += 1;
    }
    let mut busiest: BTreeMap<&'static str, u64> = BTreeMap::new();
    for ((operation, _), number) in minutes {
        let most = busiest.entry(operation).or_default();
        *most = number.max(*most);
    }
    Ok(Day { invocations, calls, busiest })
}

/// The table for `SIZES` commitments of which each has a day like `one`, with invocations that are billed `milliseconds` each.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "the calls of a day are far from what a float cannot hold")]
pub fn table(one: &Day, milliseconds: f64) -> String {
    let mut text = String::new();
    let mut row = |what: &str, cell: &dyn Fn(f64) -> String| {
        let cells: Vec<String> = SIZES.iter().map(|size| cell(f64::from(*size))).collect();
        let _ = writeln!(text, "| {what} | {} |", cells.join(" | "));
    };
    row("commitments, each with one alias", &|size| format!("{size}"));
    row("---", &|_| "---:".to_owned());
    row("invocations a day", &|size| format!("{}", size * one.invocations as f64));
    for (operation, calls) in &one.calls {
        let most = one.busiest.get(operation).copied().unwrap_or_default() as f64;
        let a_second = |size: f64| size * *calls as f64 / 86_400.0;
        row(&format!("`{operation}` a second, on average / in the busiest minute"), &|size| {
            format!("{:.4} / {:.2}", a_second(size), size * most / 60.0)
        });
    }
    let billed = milliseconds.ceil() / 1000.0 * GIGABYTES * one.invocations as f64 * DAYS;
    row(&format!("GB-seconds a month, at {} ms an invocation", milliseconds.ceil()), &|size| {
        format!("{:.0}", size * billed)
    });
    let invocations = one.invocations as f64 * DAYS;
    let money = |amount: f64| format!("{amount:.2}");
    row("Lambda on arm64, US$ a month", &|size| {
        money(size * (billed * prices::ARM_GB_SECOND + invocations * prices::REQUEST))
    });
    row("Lambda on x86_64, US$ a month", &|size| {
        money(size * (billed * prices::X86_GB_SECOND + invocations * prices::REQUEST))
    });
    row("EventBridge Scheduler, US$ a month", &|size| money(size * invocations * prices::SCHEDULER));
    row("CloudWatch metrics, US$ a month", &|size| money(size * METRICS * prices::METRIC));
    text
}
