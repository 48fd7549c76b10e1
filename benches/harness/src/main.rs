//! How fast, how small, how few calls? `bench BOOTSTRAP FLOOR PYTHON [DOCUMENT]` prints the tables of `docs/performance.md`, and writes
//! them into the document between its marks.
//!
//! It measures the release binary under a local Lambda Runtime API with the simulator behind it, without a network, and beside it in the
//! same run a function that does nothing and a Python twin. `make bench` builds all of them and runs this.

mod account;
mod function;
mod measures;
mod share;
mod tables;
mod tls;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use function::Program;
use measures::{Kind, cold, slow_ticks, starts, warm, warm_thousand, ways};
use share::Share;
use tables::{Measured, Sizes};
use tls::Roots;

/// How long every call takes, one after the other.
const LATENCIES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(20), Duration::from_millis(100)];
/// Ticks with eight aliases, which the function looks at within a second, and with forty, the most of one commitment.
const TICKS_OF_MANY: [(usize, u32); 2] = [(8, 200), (40, 5)];

#[tokio::main]
async fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [bootstrap, floor, python, document @ ..] = &paths[..] else {
        eprintln!("usage: bench BOOTSTRAP FLOOR PYTHON [DOCUMENT]");
        return ExitCode::from(2);
    };
    let measured = run(bootstrap, floor, python).await;
    let written = measured.and_then(|text| {
        println!("{text}");
        document.first().map_or(Ok(()), |document| write_into(document, &text))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Where the tables begin in the document, and where they end.
const MARKS: [&str; 2] = ["<!-- make bench -->\n", "<!-- end -->"];

fn write_into(document: &Path, text: &str) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", document.display());
    let old = std::fs::read_to_string(document).map_err(said)?;
    let [begin, end] = MARKS;
    let parts = old.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{}: no marks", document.display()))?;
    std::fs::write(document, format!("{before}{begin}\n{text}\n{end}{after}")).map_err(said)
}

async fn run(bootstrap: &Path, floor: &Path, python: &Path) -> Result<String, String> {
    let here = |path: &Path| std::path::absolute(path).map_err(|error| error.to_string());
    let root = here(Path::new("."))?;
    let roots = Roots::with("").map_err(|error| error.to_string())?;
    let native = |name: &'static str, path: &Path| {
        let program = Program {
            name,
            path: here(path)?,
            arguments: Vec::new(),
            directory: root.clone(),
            variables: roots.variables(),
        };
        Ok::<_, String>((program, path.to_owned()))
    };
    let (ours, our_file) = native("the function", bootstrap)?;
    let (floor, floors_file) = native("does nothing", floor)?;
    let twin = Program {
        name: "Python twin",
        path: here(python)?,
        arguments: ["-m", "awslambdaric", "twin.handler"].map(str::to_owned).to_vec(),
        directory: root.join("benches/twin/python"),
        variables: roots.variables(),
    };
    let share = Share::new();
    let mut columns = Vec::new();
    for (kind, program) in [(Kind::Ours, &ours), (Kind::Floor, &floor), (Kind::Twin, &twin)] {
        eprintln!("measuring {} …", program.name);
        let failed = |error: String| format!("{}: {error}", program.name);
        let starts = starts(kind, program).await.map_err(failed)?;
        let warm = warm_thousand(kind, program).await.map_err(failed)?;
        let (cold, slow) = if kind == Kind::Floor {
            (None, Vec::new())
        } else {
            let cold = cold(kind, program, share.as_ref()).await.map_err(failed)?;
            (Some(cold), slow_ticks(kind, program, &LATENCIES).await.map_err(failed)?)
        };
        columns.push(Measured { name: program.name, starts, warm, cold, slow });
    }
    eprintln!("measuring what waits for what …");
    let mut many = Vec::new();
    for (aliases, ticks) in TICKS_OF_MANY {
        many.push((aliases, ticks, warm(Kind::Ours, &ours, aliases, ticks).await?));
    }
    let ways = ways(&ours, &LATENCIES).await?;
    let sizes = [Sizes::of(&our_file, python)?, Sizes::of(&floors_file, python)?];
    Ok(tables::text(&columns, &many, &ways, &sizes, &LATENCIES, share.as_ref().map(|share| share.how)))
}
