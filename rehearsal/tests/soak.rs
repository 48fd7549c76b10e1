//! Short random runs, always the same ones: nothing breaks, all that can happen happens, and a seed gives the same run again.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// Seeds of the short set, and weeks of each.
const SEEDS: [u32; 4] = [4, 9, 23, 26];
const WEEKS: &str = "0.12";

/// Plays `seeds` side by side, each in a process of its own; gives what each printed.
fn played(seeds: &[u32]) -> Vec<String> {
    let start = |seed: &u32| {
        let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"));
        soak.arg(seed.to_string()).arg(WEEKS).stdout(Stdio::piped());
        soak.spawn().expect("the binary starts")
    };
    let running: Vec<_> = seeds.iter().map(start).collect();
    let ended = running.into_iter().zip(seeds).map(|(soak, seed)| {
        let output = soak.wait_with_output().expect("it ends");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "seed {seed} broke:\n{text}");
        text
    });
    ended.collect()
}

/// What is printed of one run, without how fast it was.
fn without_speed(text: &str) -> String {
    text.lines().map(|line| line.split("; ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_breaks_all_that_can_happen_happens_and_a_seed_gives_the_same_run_again() {
    let [first, others @ ..] = SEEDS;
    let told = played(&[&[first, first], &others[..]].concat());
    assert!(told[0].contains("digest"), "{}", told[0]);
    assert_eq!(without_speed(&told[0]), without_speed(&told[1]), "the same seed, and another run");
    let mut happened: BTreeMap<&str, u64> = BTreeMap::new();
    for line in told.iter().flat_map(|text| text.lines()) {
        let Some((kind, count)) = line.trim().rsplit_once("  ") else { continue };
        if let (true, Ok(count)) = (kind.contains(": "), count.trim().parse::<u64>()) {
            *happened.entry(kind.trim()).or_default() += count;
        }
    }
    let missing = happened.iter().filter(|(_, count)| **count == 0);
    assert_eq!(missing.map(|(kind, _)| *kind).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(happened.len() > 65, "{happened:?}");
}
