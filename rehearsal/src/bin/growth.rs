//! What do many commitments cost? `growth [MILLISECONDS]`, as an invocation is billed; prints the table of `docs/performance.md`.

use std::process::ExitCode;

use rehearsal::growth::{day, table};

/// A warm steady tick with 20 ms per call and the CPU share of 128 MB, as `make bench` measures it, rounded up.
const MILLISECONDS: f64 = 30.0;

#[tokio::main]
async fn main() -> ExitCode {
    let milliseconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(MILLISECONDS);
    match (day(1).await, day(10).await) {
        (Ok(one), Ok(ten)) => {
            // While an alias settles, a tick of another may fall out on a clock that jumps.
            let alike = |operation: &str, calls: u64| {
                let tens = ten.calls.get(operation).copied().unwrap_or_default();
                tens.abs_diff(calls * 10) * 1000 <= tens
            };
            if !one.calls.iter().all(|(operation, calls)| alike(operation, *calls)) {
                eprintln!("ten commitments are not ten times one: {one:?} and {ten:?}");
                return ExitCode::FAILURE;
            }
            print!("{}", table(&one, milliseconds));
            ExitCode::SUCCESS
        }
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
