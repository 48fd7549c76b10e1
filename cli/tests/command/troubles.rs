//! `--scenario`: each trouble that an alarm is about can be rehearsed, with a file's own timetable and with the sample.

use crate::{Call, call, command, run};

/// Each scenario, and the words that the runbook looks for.
const SAID: [(&str, &str); 6] = [
    ("quota", "problem  quota refuses support-agent-"),
    ("slow", "to be in service"),
    ("denied", "AccessDeniedException"),
    ("legacy", "has turned LEGACY and could not be bought again"),
    ("failed", ": Internal failure while the capacity was prepared"),
    ("renewed", "was to end with its term, and AWS has renewed it"),
];

fn rehearsed(arguments: &[&str], scenario: &str) -> Call {
    call(&mut command(&[arguments, &["--local", "--scenario", scenario]].concat()))
}

#[test]
fn the_sample_meets_it_and_a_problem_is_said_once() {
    for (scenario, said) in SAID.into_iter().filter(|(scenario, _)| ["legacy", "renewed"].contains(scenario)) {
        let status = rehearsed(&["status", "support-agent"], scenario);
        assert_eq!(status.code, 0, "{scenario}: {}", status.err);
        assert_eq!(status.out.matches(said).count(), 1, "{scenario}: {}", status.out);
        assert!(status.out.contains(", since "), "{scenario}: {}", status.out);
    }
}

#[test]
fn a_file_meets_it_at_its_own_hours() {
    for (scenario, said) in SAID {
        let file = if scenario == "renewed" { "term.yaml" } else { "tokyo.yaml" };
        let plan = rehearsed(&["plan", file], scenario);
        assert_eq!(plan.code, 0, "{scenario}: {}", plan.err);
        let said = said.trim_start_matches("problem  ").replace("support-agent-", "");
        assert!(plan.out.contains(&said), "{scenario}: {}", plan.out);
    }
}

#[test]
fn what_cannot_befall_a_file_is_said() {
    let none = rehearsed(&["plan", "tokyo.yaml"], "renewed");
    assert!(none.code == 2 && none.err.contains("AtTermEnd: Retire"), "{}", none.err);
    let always = rehearsed(&["plan", "mine.yaml"], "legacy");
    assert!(always.code == 2 && always.err.contains("is always on"), "{}", always.err);
    assert_eq!(run(&["plan", "tokyo.yaml", "--scenario", "quota", "--function", "f"]).code, 2, "not without --local");
}

#[test]
fn an_apply_meets_it_too() {
    let apply = rehearsed(&["apply", "mine.yaml"], "quota");
    assert!(apply.code == 1 && apply.err.contains("ServiceQuotaExceededException"), "{}{}", apply.out, apply.err);
}
