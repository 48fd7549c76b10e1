//! Short random runs, always the same ones: nothing breaks, and a seed gives the same run again. `make soak` plays long ones,
//! and fails if something that can happen never did.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::process::{Command, Stdio};

/// The first one is played twice.
const SEEDS: [u32; 4] = [16, 16, 17, 30];
const WEEKS: &str = "0.04";

/// Plays each seed side by side, each in a process of its own; gives what each printed.
fn played() -> Vec<String> {
    let start = |seed: &u32| {
        let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"));
        soak.arg(seed.to_string()).arg(WEEKS).stdout(Stdio::piped());
        soak.spawn().expect("the binary starts")
    };
    let running: Vec<_> = SEEDS.iter().map(start).collect();
    let ended = running.into_iter().zip(SEEDS).map(|(soak, seed)| {
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
fn nothing_breaks_and_a_seed_gives_the_same_run_again() {
    let told = played();
    assert!(told[0].contains("digest"), "{}", told[0]);
    assert_eq!(without_speed(&told[0]), without_speed(&told[1]), "the same seed, and another run");
    assert_ne!(without_speed(&told[0]), without_speed(&told[2]), "another seed, and the same run");
}
