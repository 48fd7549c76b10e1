//! A long random run of the whole function against the simulator: `soak SEED WEEKS`.

use std::time::Instant;

use rehearsal::soak::{Broken, Told, hear_of_panics, play};

/// Weeks from which on everything that can happen has to have happened: what happens least often does so every other day, and is
/// missing from one in ten million runs of this length.
const ENOUGH: f64 = 6.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().map_or(Some(1_u64), |text| text.parse().ok());
    let weeks = arguments.next().map_or(Some(2.0_f64), |text| text.parse().ok());
    let (Some(seed), Some(weeks)) = (seed, weeks.filter(|weeks| (0.0..=500.0).contains(weeks))) else {
        fail("usage: soak [SEED [WEEKS]]: a whole number, and at most 500 weeks, or parts of one")
    };
    println!("seed {seed}, {weeks} weeks");
    hear_of_panics();
    let started = Instant::now();
    match play(seed, weeks) {
        Err(broken) => {
            tell_broken(&broken);
            fail(&format!("\nreplay it with: make soak SEED={seed} WEEKS={weeks}"));
        }
        Ok(told) => {
            let missing = tell(&told, weeks, started.elapsed().as_secs_f64());
            if weeks >= ENOUGH && !missing.is_empty() {
                fail(&format!("never happened: {}", missing.join(", ")));
            }
        }
    }
}

fn tell(told: &Told, weeks: f64, seconds: f64) -> Vec<&'static str> {
    let Told { counts, digest, calls, invocations, ledger, billed, unanswerable } = told;
    println!();
    for (kind, count) in counts.table() {
        println!("  {kind:<45} {count:>9}");
    }
    let rate = weeks / seconds;
    println!("\n  {invocations} invocations, {calls} calls, digest {digest}; {rate:.2} weeks a second");
    println!("  {unanswerable} requests of CloudFormation that nobody could answer");
    #[expect(clippy::cast_precision_loss, reason = "hours for people")]
    let hours = |seconds: u64| seconds as f64 / 3600.0;
    println!(
        "  {billed:.0} unit-hours billed, of at most {:.0}: {:.0} wanted, {:.0} being created, {:.0} until the next served, {:.0} of a \
         term, {:.0} drain, {:.0} after trouble, {:.0} left to owners",
        hours(ledger.bound()),
        hours(ledger.wanted),
        hours(ledger.created),
        hours(ledger.interim),
        hours(ledger.kept),
        hours(ledger.drain),
        hours(ledger.trouble),
        hours(ledger.owners),
    );
    counts.table().filter(|(_, count)| *count == 0).map(|(kind, _)| kind).collect()
}

fn tell_broken(broken: &Broken) {
    let Broken { at, what, last } = broken;
    println!("\n{}\n\nbroken at {at}: {what}", last.join("\n"));
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(1)
}
