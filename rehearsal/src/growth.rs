//! What do many commitments cost, and where do they meet a limit?
//!
//! A working day of one commitment, and of ten in one account, is played minute by minute on the simulated account. Commitments share
//! nothing but the account's limits, which the ten show: a thousand are a hundred times the ten. What one costs follows from a whole
//! week of it: the calls, invocations, metrics and items that were counted, the milliseconds that an invocation is billed, and AWS's
//! price list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::Request;

use crate::{AGENT, TABLE, World, commitment};

/// How many commitments the table has.
const SIZES: [u32; 4] = [1, 10, 100, 1000];
/// Days of a month, and hours.
const DAYS: f64 = 30.0;
const HOURS: f64 = DAYS * 24.0;
/// Weeks of a month, for money.
const WEEKS: f64 = DAYS / 7.0;
/// Memory of the function, in GB, as the template sets it: 256 MB.
const GIGABYTES: f64 = 0.25;
/// What a commitment of business hours may cost to run, in US dollars a month.
pub const GOAL: f64 = 0.75;

/// AWS's list prices in us-east-1, in US dollars, without free tiers; docs/performance.md has the source of each.
mod prices {
    /// Lambda on arm64, a GB-second.
    pub(super) const ARM_GB_SECOND: f64 = 0.000_013_333_4;
    /// Lambda on `x86_64`, a GB-second.
    pub(super) const X86_GB_SECOND: f64 = 0.000_016_666_7;
    /// Lambda, a request.
    pub(super) const REQUEST: f64 = 0.20e-6;
    /// EventBridge Scheduler, an invocation.
    pub(super) const SCHEDULER: f64 = 1.00e-6;
    /// `CloudWatch`, a metric of one's own for a month; charged for each hour in which it is sent.
    pub(super) const METRIC: f64 = 0.30;
    /// `CloudWatch` Logs, a GB taken in.
    pub(super) const LOGS: f64 = 0.50;
    /// `DynamoDB` on demand, a read request unit: a strongly consistent read of 4 KB.
    pub(super) const READ: f64 = 0.125e-6;
    /// `DynamoDB` on demand, a write request unit: a write of 1 KB.
    pub(super) const WRITE: f64 = 0.625e-6;
}

/// A time that was played, of so many commitments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// Invocations.
    pub invocations: u64,
    /// Calls by API.
    pub calls: BTreeMap<&'static str, u64>,
    /// The most calls of one minute, by API.
    pub busiest: BTreeMap<&'static str, u64>,
    /// Hours in which a metric of a commitment's own was sent, of all of them together.
    pub metric_hours: u64,
    /// Bytes of the lines that carry metrics.
    pub logged: u64,
    /// Read request units of the table.
    pub reads: u64,
    /// Write request units of the table.
    pub writes: u64,
}

/// Plays a Monday of `count` commitments that are on from 8 to 20, registered one second after the other.
///
/// # Errors
/// One of them cannot be registered, or a tick of one fails.
pub async fn day(count: u32) -> Result<Played, String> {
    play(count, 1).await
}

/// Plays a week, from Monday, of one of them.
///
/// # Errors
/// It cannot be registered, or a tick fails.
pub async fn week() -> Result<Played, String> {
    play(1, 7).await
}

async fn play(count: u32, days: i64) -> Result<Played, String> {
    let start: Timestamp = "2026-11-15T23:50:00Z".parse().map_err(|error: jiff::Error| error.to_string())?;
    let mut world = World::with_settings(start, &[("MAX_MODEL_UNITS", "100000")]).await;
    let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
    let taken = Arc::clone(&lines);
    world.handler.measured =
        Box::new(move |line| taken.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone()));
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
    let monday: Timestamp = "2026-11-16T00:00:00Z".parse().map_err(|error: jiff::Error| error.to_string())?;
    world.run_until(monday, |_, _| {}).await;
    world.sim.clear_requests();
    lines.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let mut invocations = 0;
    let mut failed = None;
    let end = monday.checked_add(SignedDuration::from_hours(24 * days)).map_err(|error| error.to_string())?;
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
    let requests = world.sim.requests();
    let (reads, writes) = request_units(&requests, largest_record(&world));
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let logged = lines.iter().map(|line| line.to_string().len() as u64).sum();
    let (calls, busiest) = counted(&requests);
    Ok(Played { invocations, calls, busiest, metric_hours: metric_hours(&lines), logged, reads, writes })
}

/// Calls by API, and the most of one minute.
fn counted(requests: &[Request]) -> (BTreeMap<&'static str, u64>, BTreeMap<&'static str, u64>) {
    let mut calls = BTreeMap::new();
    let mut minutes: BTreeMap<(&'static str, i64), u64> = BTreeMap::new();
    for request in requests {
        *calls.entry(request.operation).or_default() += 1;
        *minutes.entry((request.operation, request.at.as_second() / 60)).or_default() += 1;
    }
    let mut busiest: BTreeMap<&'static str, u64> = BTreeMap::new();
    for ((operation, _), number) in minutes {
        let most = busiest.entry(operation).or_default();
        *most = number.max(*most);
    }
    (calls, busiest)
}

/// In how many hours each metric of a commitment's own was sent, all of them together.
fn metric_hours(lines: &[Value]) -> u64 {
    let mut sent = BTreeSet::new();
    for line in lines {
        let hour = line["_aws"]["Timestamp"].as_i64().unwrap_or_default() / 3_600_000;
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten();
        let is_own = |directive: &&Value| {
            directive["Dimensions"].as_array().is_some_and(|sets| sets.contains(&json!(["Commitment"])))
        };
        for metric in
            directives.filter(is_own).flat_map(|directive| directive["Metrics"].as_array().into_iter().flatten())
        {
            sent.insert((line["Commitment"].to_string(), metric["Name"].to_string(), hour));
        }
    }
    sent.len() as u64
}

/// The size of the largest record in the table, in bytes.
fn largest_record(world: &World) -> usize {
    let items = world.sim.items(TABLE);
    let records = items.iter().filter(|(key, _)| key.starts_with("commitment/"));
    records.map(|(_, item)| item.to_string().len()).max().unwrap_or_default()
}

/// Read and write request units of `requests`, reckoned high: as if every item were as large as a record, of `size` bytes, is
/// at the end, and every read strongly consistent.
fn request_units(requests: &[Request], size: usize) -> (u64, u64) {
    let (mut reads, mut writes) = (0, 0);
    let (read, write) = (size.div_ceil(4096) as u64, size.div_ceil(1024) as u64);
    for request in requests {
        match request.operation {
            "GetItem" | "Query" | "Scan" => reads += read,
            "PutItem" | "UpdateItem" | "DeleteItem" => writes += write,
            "TransactWriteItems" => {
                let actions = request.body["TransactItems"].as_array().map_or(0, Vec::len);
                writes += 2 * write * actions as u64;
            }
            _ => {}
        }
    }
    (reads, writes)
}

/// What a commitment costs a month to run on arm64, item by item and together, after a `week` of it, with invocations that
/// are billed `milliseconds` each.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "what a week counts is far from what a float cannot hold")]
pub fn costs(week: &Played, milliseconds: f64) -> (Vec<(&'static str, f64)>, f64) {
    let invocations = week.invocations as f64 * WEEKS;
    let gigabyte_seconds = milliseconds.ceil() / 1000.0 * GIGABYTES * invocations;
    let table = (week.reads as f64 * prices::READ + week.writes as f64 * prices::WRITE) * WEEKS;
    let items = vec![
        ("CloudWatch metrics", week.metric_hours as f64 * WEEKS / HOURS * prices::METRIC),
        ("CloudWatch Logs, the lines of the metrics", week.logged as f64 / 1e9 * WEEKS * prices::LOGS),
        ("EventBridge Scheduler", invocations * prices::SCHEDULER),
        ("Lambda on arm64", gigabyte_seconds * prices::ARM_GB_SECOND + invocations * prices::REQUEST),
        ("DynamoDB", table),
    ];
    let all = items.iter().map(|(_, cost)| cost).sum();
    (items, all)
}

/// The table for `SIZES` commitments of which each has a day like `one` and a week like `week`, with invocations that are billed
/// `milliseconds` each.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "the calls of a day are far from what a float cannot hold")]
pub fn table(one: &Played, week: &Played, milliseconds: f64) -> String {
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
    let invocations = week.invocations as f64 * WEEKS;
    let billed = milliseconds.ceil() / 1000.0 * GIGABYTES * invocations;
    row(&format!("GB-seconds a month, at {} ms an invocation", milliseconds.ceil()), &|size| {
        format!("{:.0}", size * billed)
    });
    let money = |amount: f64| format!("{amount:.2}");
    let (items, all) = costs(week, milliseconds);
    for (item, cost) in items {
        row(&format!("{item}, US$ a month"), &|size| money(size * cost));
    }
    row("**together, US$ a month**", &|size| money(size * all));
    let dearer = billed * (prices::X86_GB_SECOND - prices::ARM_GB_SECOND);
    row("more on x86_64, US$ a month", &|size| money(size * dearer));
    text
}
