//! Manners in a terminal and in a pipe.

use std::process::Stdio;

use crate::{call, command, run};

const VERBS: [&str; 14] = [
    "preview",
    "explain",
    "check",
    "advise",
    "plan",
    "status",
    "override",
    "resume",
    "scale-up",
    "scale-down",
    "apply",
    "retire",
    "completions",
    "man",
];

#[test]
fn every_verb_helps_with_examples() {
    for verb in VERBS {
        let help = run(&[verb, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.out.contains("Examples:\n  throughput "), "{verb}: {}", help.out);
    }
    assert!(run(&["--help"]).out.contains("Exit codes:"));
}

#[test]
fn wrong_usage_ends_in_two() {
    assert_eq!(run(&[]).code, 2);
    assert_eq!(run(&["frobnicate"]).code, 2);
    assert_eq!(run(&["override", "support-agent", "on"]).code, 2);
    assert_eq!(run(&["override", "support-agent", "on", "--for", "2h", "--until", "2026-12-24T18:00:00Z"]).code, 2);
    assert_eq!(run(&["override", "support-agent", "on", "--for", "sometime"]).code, 2);
    assert_eq!(run(&["retire", "not_a_name"]).code, 2);
    assert_eq!(run(&["scale-up"]).code, 2);
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let preview = ["preview", "tokyo.yaml", "--from", "2026-11-23"];
    let with = |more: &[&str]| call(&mut command(&[&preview, more].concat())).out;
    let plain = with(&[]);
    assert!(!plain.contains('\u{1b}'));
    assert_eq!(with(&["--color", "never"]), plain);
    assert!(with(&["--color", "always"]).contains('\u{1b}'));
    assert!(run(&["check", "mistakes.yaml", "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let arguments = ["preview", "berlin.yaml", "--from", "2026-10-21", "--days", "366", "--format", "json"];
    let mut child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_closed_pipe_hides_no_mistake() {
    let code = |arguments: &[&str]| {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        child.wait().unwrap().code()
    };
    for format in ["text", "json", "github"] {
        assert_eq!(code(&["check", "mistakes.yaml", "--format", format]), Some(1), "{format}");
        assert_eq!(code(&["check", "tokyo.yaml", "--format", format]), Some(0), "{format}");
    }
    assert_eq!(code(&["preview", "mistakes.yaml"]), Some(1));
}

#[test]
fn shells_and_manuals_know_every_verb() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, 0);
        for verb in VERBS {
            assert!(script.out.contains(verb), "{shell}: {verb}");
        }
    }
    let page = run(&["man"]).out;
    assert!(page.contains(".TH throughput 1") && page.contains("Exit codes:"));
    assert!(run(&["man", "preview"]).out.contains(".TH throughput-preview 1"));
    assert_eq!(run(&["man", "frobnicate"]).code, 2);
}
