//! What do many commitments cost? `growth [MILLISECONDS]`, as an invocation is billed; prints the table of `docs/performance.md`.

use std::process::ExitCode;

use rehearsal::growth::{GOAL, Played, costs, day, table, week};

/// A warm steady tick with 20 ms per call, as `make bench` measures it with the CPU share of 128 MB, rounded up.
const MILLISECONDS: f64 = 30.0;

#[tokio::main]
async fn main() -> ExitCode {
    let milliseconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(MILLISECONDS);
    match played().await {
        Ok((one, week)) => {
            print!("{}", table(&one, &week, milliseconds));
            let (_, all) = costs(&week, milliseconds);
            if all < GOAL {
                return ExitCode::SUCCESS;
            }
            eprintln!("a commitment costs {all:.2} a month to run, not less than {GOAL:.2}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A day and a week of one commitment.
async fn played() -> Result<(Played, Played), String> {
    let (one, ten) = (day(1).await?, day(10).await?);
    // While an alias settles, a tick of another may fall out on a clock that jumps.
    let alike = |operation: &str, calls: u64| {
        let tens = ten.calls.get(operation).copied().unwrap_or_default();
        tens.abs_diff(calls * 10) * 1000 <= tens
    };
    if !one.calls.iter().all(|(operation, calls)| alike(operation, *calls)) {
        return Err(format!("ten commitments are not ten times one: {one:?} and {ten:?}"));
    }
    Ok((one, week().await?))
}
