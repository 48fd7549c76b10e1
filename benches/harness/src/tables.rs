//! What was measured, as the tables of `docs/performance.md`.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::measures::{Cold, Starts, Warm, Way};
use crate::share::{MEMORY, MEMORY_OF_A_CORE};

/// One program's column.
pub(crate) struct Measured {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its starts.
    pub(crate) starts: Starts,
    /// Its warm ticks.
    pub(crate) warm: Warm,
    /// Its first tick over HTTPS, and how many root certificates there were to choose from.
    pub(crate) cold: Option<(Cold, usize)>,
    /// A warm tick at each latency.
    pub(crate) slow: Vec<Duration>,
}

/// How large a program is, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    binary: u64,
    zip: u64,
}

impl Sizes {
    /// Of the binary `file`, zipped by the Python at `python`.
    pub(crate) fn of(file: &Path, python: &Path) -> Result<Self, String> {
        let size = |path: &Path| std::fs::metadata(path).map(|found| found.len()).map_err(|error| error.to_string());
        let zip = std::env::temp_dir().join(format!("bench-{}.zip", std::process::id()));
        let zipped = Command::new(python).args(["-m", "zipfile", "-c"]).arg(&zip).arg(file).status();
        zipped.map_err(|error| error.to_string())?;
        let sizes = Self { binary: size(file)?, zip: size(&zip)? };
        let _gone = std::fs::remove_file(zip);
        Ok(sizes)
    }
}

/// All tables.
pub(crate) fn text(
    columns: &[Measured],
    many: &[(usize, u32, Warm)],
    ways: &[Way],
    sizes: &[Sizes; 2],
    latencies: &[Duration],
    share: Option<&str>,
) -> String {
    let mut text = machine();
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    row(&mut text, "", &names);
    row(&mut text, "---", &vec!["---:"; names.len()]);
    let each = |show: &dyn Fn(&Measured) -> String| columns.iter().map(show).collect::<Vec<_>>();
    let starts = |show: fn(&Starts) -> Duration| each(&|one: &Measured| milliseconds(show(&one.starts)));
    row(&mut text, "start to first `next`, median of 50, ms", &starts(|one| one.ready));
    row(&mut text, "the same, 95th percentile, ms", &starts(|one| one.ready_p95));
    row(&mut text, "start to the answer of the first tick, plain HTTP, ms", &starts(|one| one.first_tick));
    let cold = |show: fn(&Cold) -> Duration| {
        each(&|one: &Measured| one.cold.as_ref().map_or_else(|| "–".to_owned(), |(cold, _)| milliseconds(show(cold))))
    };
    let how = share.map_or_else(|| format!("CPU time × {MEMORY_OF_A_CORE}/{MEMORY}"), str::to_owned);
    let share = format!("{MEMORY}/{MEMORY_OF_A_CORE} of a core ({how})");
    row(&mut text, "first tick over HTTPS, CPU time, ms", &cold(|one| one.cpu));
    row(
        &mut text,
        &format!("first tick over HTTPS after a start at full speed, with {share}, ms"),
        &cold(|one| one.from_event),
    );
    row(&mut text, "start and first tick over HTTPS, both under that share, ms", &cold(|one| one.from_start));
    row(&mut text, "warm steady tick, median of 1,000, ms", &each(&|one| milliseconds(one.warm.wall)));
    row(&mut text, "warm steady tick, CPU time, ms", &each(&|one| milliseconds(one.warm.cpu)));
    for (index, latency) in latencies.iter().enumerate() {
        let what = format!("warm steady tick, {} ms per call, ms", latency.as_millis());
        let slow = |one: &Measured| one.slow.get(index).map_or_else(|| "–".to_owned(), |took| milliseconds(*took));
        row(&mut text, &what, &each(&slow));
    }
    row(&mut text, "peak memory after 1,000 ticks, 1 alias, MiB", &each(&|one| mebibytes(one.warm.memory)));
    let none = || "–".to_owned();
    for (aliases, ticks, warm) in many {
        let what = format!("the same after {ticks} ticks, {aliases} aliases, MiB");
        row(&mut text, &what, &[mebibytes(warm.memory), none(), none()]);
        let what = format!("warm steady tick, {aliases} aliases, ms");
        row(&mut text, &what, &[milliseconds(warm.wall), none(), none()]);
    }
    let row_of = |show: fn(&Sizes) -> u64| [megabytes(show(&sizes[0])), megabytes(show(&sizes[1])), none()];
    row(&mut text, "binary, MB", &row_of(|one| one.binary));
    row(&mut text, "zip, MB", &row_of(|one| one.zip));
    sequence(&mut text, ways, latencies);
    targets(&mut text, columns, ways, sizes);
    if let Some((_, roots)) = columns.first().and_then(|one| one.cold.as_ref()) {
        let _ = writeln!(text, "\nOver HTTPS {roots} root certificates were there to load.");
    }
    text
}

fn sequence(text: &mut String, ways: &[Way], latencies: &[Duration]) {
    text.push('\n');
    let slow: Vec<String> = latencies.iter().map(|latency| format!("at {} ms, ms", latency.as_millis())).collect();
    let heads = [vec!["calls".to_owned(), "round trips in sequence".to_owned()], slow].concat();
    row(text, "no drain, nothing to settle", &heads);
    row(text, "---", &vec!["---:"; heads.len()]);
    for Way { name, calls, took } in ways {
        let trips = round_trips(took, latencies).to_string();
        let took = took.iter().map(|took| milliseconds(*took)).collect();
        row(text, name, &[vec![calls.to_string(), trips], took].concat());
    }
}

/// How many latencies the longest one adds.
fn round_trips(took: &[Duration], latencies: &[Duration]) -> u128 {
    let (Some(none), Some(most)) = (took.first(), took.last()) else { return 0 };
    let latency = latencies.last().map_or(1, Duration::as_micros).max(1);
    (most.saturating_sub(*none).as_micros() + latency / 2) / latency
}

/// Each goal, and whether this run met it.
fn targets(text: &mut String, columns: &[Measured], ways: &[Way], sizes: &[Sizes; 2]) {
    let [ours, floor, twin] = columns else { return };
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64().max(1e-9);
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far from what a float cannot hold")]
    let memory = |one: &Measured| one.warm.memory as f64;
    let retired = ways.iter().find(|way| way.name.starts_with("retirement"));
    let slowest = |took: &[Duration]| took.last().map_or(f64::MAX, |took| took.as_secs_f64() * 1000.0);
    let cold = ours.cold.as_ref().map_or(f64::MAX, |(cold, _)| cold.from_event.as_secs_f64() * 1000.0);
    #[expect(clippy::cast_precision_loss, reason = "the size of a file is far from what a float cannot hold")]
    let zip = sizes[0].zip as f64 / 1e6;
    let goals = [
        (
            "start to first `next`: at most 2.5 times what does nothing",
            ratio(ours.starts.ready, floor.starts.ready),
            2.5,
        ),
        ("start to first `next`: at most 1/40 of the twin's", ratio(ours.starts.ready, twin.starts.ready), 1.0 / 40.0),
        ("first tick over HTTPS with that share of a core: under 60 ms", cold, 60.0),
        ("peak memory: at most 2.5 times what does nothing", memory(ours) / memory(floor), 2.5),
        ("peak memory: at most 1/5 of the twin's", memory(ours) / memory(twin), 0.2),
        ("CPU time of a warm steady tick: at most 1/5 of the twin's", ratio(ours.warm.cpu, twin.warm.cpu), 0.2),
        ("zip: below 4.2 MB", zip, 4.2),
        ("steady tick at 100 ms per call: under 230 ms", slowest(&ours.slow), 230.0),
        (
            "retirement of one alias at 100 ms per call: under 1,200 ms",
            retired.map_or(f64::MAX, |way| slowest(&way.took)),
            1200.0,
        ),
    ];
    text.push('\n');
    row(text, "goal", &["measured", ""]);
    row(text, "---", &["---:", "---"]);
    for (goal, measured, most) in goals {
        let met = if measured <= most { "met" } else { "**not met**" };
        let measured = if most < 1.0 { format!("1/{:.1}", 1.0 / measured) } else { format!("{measured:.2}") };
        row(text, goal, &[measured.as_str(), met]);
    }
}

fn row<T: AsRef<str>>(text: &mut String, first: &str, rest: &[T]) {
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    let _ = writeln!(text, "| {first} | {} |", rest.join(" | "));
}

/// What it was measured on.
fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let model = model.unwrap_or("an unknown processor");
    format!("{cores} cores of {model}, load average {load} at the end.\n\n")
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of memory are far from what a float cannot hold")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1_048_576.0)
}

#[expect(clippy::cast_precision_loss, reason = "the size of a file is far from what a float cannot hold")]
fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}
