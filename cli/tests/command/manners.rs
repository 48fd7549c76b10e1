//! Manners in a terminal and in a pipe.

use std::process::Stdio;

use clap::CommandFactory;
use throughput_cli::arguments::Arguments;

use crate::{call, command, run};

const VERBS: [&str; 17] = [
    "init",
    "preview",
    "explain",
    "check",
    "advise",
    "doctor",
    "plan",
    "status",
    "history",
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
fn no_verb_is_forgotten_here() {
    let command = Arguments::command();
    let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(verbs, VERBS);
}

/// What says something says it to programs, too. A script and a manual page have a format of their own.
#[test]
fn every_verb_speaks_json() {
    let local = |verb: &'static str| [verb, "support-agent", "--local"];
    let history = local("history");
    let advise = "advise --file ../advise/usage/shop.csv --input-price 1 --output-price 1 --unit-price 8 --tokens-per-minute 9000";
    let advise: Vec<&str> = advise.split(' ').collect();
    let calls: [&[&str]; 15] = [
        &["init", "/dev/null/none.yaml", "--model-id", "x.y:24k"],
        &["preview", "tokyo.yaml"],
        &["explain", "tokyo.yaml"],
        &["check", "tokyo.yaml"],
        &advise,
        &["doctor", "--local"],
        &["plan", "tokyo.yaml", "--local"],
        &["status", "--local"],
        &history,
        &["override", "support-agent", "off", "--for", "2h", "--local"],
        &["resume", "support-agent", "--local"],
        &["scale-up", "support-agent", "--local"],
        &["scale-down", "support-agent", "--local"],
        &["apply", "mine.yaml", "--local"],
        &["retire", "support-agent", "--yes", "--local"],
    ];
    let verbs: Vec<&str> = calls.iter().map(|call| call[0]).collect();
    assert_eq!(verbs, VERBS[..15]);
    for arguments in calls {
        let call = run(&[arguments, &["--output", "json"]].concat());
        // A file that cannot be written is told in words.
        if arguments[0] == "init" {
            assert!(call.code == 2 && call.out.is_empty() && call.err.contains("cannot write"), "{}", call.err);
            continue;
        }
        assert_eq!(call.code, 0, "{arguments:?}: {}", call.err);
        assert!(serde_json::from_str::<serde_json::Value>(&call.out).is_ok(), "{arguments:?}: {}", call.out);
    }
}

#[test]
fn an_explanation_is_data_too() {
    let call = run(&["explain", "tokyo.yaml", "--at", "2026-11-24T10:00", "--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&call.out).unwrap();
    assert_eq!((&told[0]["Name"], &told[0]["At"]), (&"support-agent".into(), &"2026-11-24T01:00:00Z".into()));
    assert_eq!((&told[0]["State"], &told[0]["ModelUnits"]), (&"On".into(), &3.into()));
    assert!(told[0]["Because"].as_str().unwrap().contains("window Mon-Fri 09:30-11:30"), "{told}");
}

#[test]
fn a_name_that_nobody_registered_is_told_with_the_one_that_is_meant() {
    for verb in [
        &["status", "suport-agent"][..],
        &["history", "suport-agent"],
        &["retire", "suport-agent", "--yes"],
        &["resume", "suport-agent"],
        &["scale-up", "suport-agent"],
        &["scale-down", "suport-agent"],
        &["override", "suport-agent", "off", "--for", "2h"],
        &["override", "suport-agent", "off", "--until", "tomorrow 18:00"],
    ] {
        let told = call(&mut command(&[verb, &["--local"]].concat()));
        assert_eq!(told.code, 1, "{verb:?}");
        assert!(told.err.contains("did you mean `support-agent`?"), "{verb:?}: {}", told.err);
    }
    let other = call(&mut command(&["resume", "marketing", "--local"]));
    assert!(other.err.contains("registered are support-agent"), "{}", other.err);
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
