//! `explain`: the deciding rule, and what it overruled.

use crate::run;

/// What is said of the day desk, after its name and the instant.
fn explained(at: &str) -> String {
    let call = run(&["explain", "berlin.yaml", "--name", "day-desk", "--at", at]);
    assert_eq!(call.code, 0, "{}", call.err);
    call.out.lines().nth(1).unwrap().trim().to_owned()
}

#[test]
fn each_rule_names_itself_and_what_it_overruled() {
    let cases = [
        ("2026-10-26T10:00", "Off: holiday 2026-10-26 takes away window Mon-Thu 09:30-11:30 Europe/Berlin."),
        ("2026-10-26T20:00", "Off: outside every window."),
        ("2026-10-27T08:00", "On with 1 model unit: window Mon-Fri 08:00-12:00 Europe/Berlin."),
        (
            "2026-10-27T10:00",
            "On with 3 model units: window Mon-Thu 09:30-11:30 Europe/Berlin is larger than window Mon-Fri 08:00-12:00 \
             Europe/Berlin (On with 1 model unit).",
        ),
        (
            "2026-10-27T07:30",
            "On with 1 model unit: held for window Mon-Fri 08:00-12:00 Europe/Berlin, which begins in 30m, within LeadTime \
             45m; by itself it would be off, outside every window.",
        ),
        (
            "2026-10-27T09:00",
            "On with 3 model units: held for window Mon-Thu 09:30-11:30 Europe/Berlin, which begins in 30m, within LeadTime \
             45m; wanted until then: 1, by window Mon-Fri 08:00-12:00 Europe/Berlin.",
        ),
        (
            "2026-10-23T15:00",
            "Off: exception 2026-10-23T14:00/2026-10-24T00:00 to Off overrules window Mon-Fri 12:30-18:00 Europe/Berlin (On \
             with 1 model unit).",
        ),
        (
            "2026-10-24T11:00",
            "On with 2 model units: exception 2026-10-24T10:00/2026-10-24T14:00 to On, outside every window.",
        ),
    ];
    for (at, expected) in cases {
        let said = explained(at);
        assert!(said.starts_with(expected.trim_end_matches('.')), "at {at}: {said}\nexpected: {expected}");
    }
}

#[test]
fn the_next_change_is_told_where_the_timetable_is() {
    let said = explained("2026-10-26T20:00");
    assert!(
        said.ends_with("Next: On Tue 2026-10-27 07:15, lead for window Mon-Fri 08:00-12:00 Europe/Berlin."),
        "{said}"
    );
}

#[test]
fn instants_have_an_offset_and_wall_clocks_are_those_of_the_timetable() {
    let civil = run(&["explain", "berlin.yaml", "--at", "2026-10-25T02:30", "--name", "night-shift"]);
    assert!(
        civil.out.starts_with("night-shift at Sun 2026-10-25 02:30 CEST (2026-10-25T00:30:00Z)\n"),
        "{}",
        civil.out
    );
    let later = run(&["explain", "berlin.yaml", "--at", "2026-10-25T02:30:00+01:00", "--name", "night-shift"]);
    assert!(later.out.starts_with("night-shift at Sun 2026-10-25 02:30 CET (2026-10-25T01:30:00Z)\n"), "{}", later.out);
    assert_eq!(run(&["explain", "berlin.yaml", "--at", "noon"]).code, 2);
}

#[test]
fn all_commitments_of_a_file_are_explained_unless_one_is_named() {
    let call = run(&["explain", "berlin.yaml", "--at", "2026-10-26T10:00"]);
    assert_eq!(call.out.lines().filter(|line| line.contains(" at Mon 2026-10-26 10:00 CET")).count(), 2);
}
