//! Short random runs, always the same ones: nothing breaks, all that can happen happens, and a seed gives the same run again.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// Seeds that are always played, and weeks of each.
const SEEDS: [u32; 4] = [16, 17, 30, 50];
const WEEKS: &str = "0.12";
/// Seeds that are played, two at a time, while something has not happened yet. A change of the function shifts what each
/// seed does, and so the set above may miss a kind without anything being wrong.
const FURTHER: std::ops::Range<u32> = 60..80;

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

/// Adds how often each kind of event happened in one run.
fn count(text: &str, happened: &mut BTreeMap<String, u64>) {
    for line in text.lines() {
        let Some((kind, count)) = line.trim().rsplit_once("  ") else { continue };
        if let (true, Ok(count)) = (kind.contains(": "), count.trim().parse::<u64>()) {
            *happened.entry(kind.trim().to_owned()).or_default() += count;
        }
    }
}

#[test]
fn nothing_breaks_all_that_can_happen_happens_and_a_seed_gives_the_same_run_again() {
    let [first, others @ ..] = SEEDS;
    let told = played(&[&[first, first], &others[..]].concat());
    assert!(told[0].contains("digest"), "{}", told[0]);
    assert_eq!(without_speed(&told[0]), without_speed(&told[1]), "the same seed, and another run");
    let mut happened = BTreeMap::new();
    for text in &told {
        count(text, &mut happened);
    }
    let mut further = FURTHER;
    while happened.values().any(|count| *count == 0)
        && let Some(seed) = further.next()
    {
        let more = played(&[seed, further.next().expect("an even number of seeds")]);
        for text in &more {
            count(text, &mut happened);
        }
    }
    let missing: Vec<_> = happened.iter().filter(|(_, count)| **count == 0).map(|(kind, _)| kind).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(happened.len() > 65, "{happened:?}");
}
