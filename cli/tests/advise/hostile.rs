//! Files that are no usage, or try to be too much.

use crate::{advised, weeks};

const HEADER: &str = "Start,InputTokens,OutputTokens,Invocations,Throttles";

fn refused(name: &str, text: &str) -> String {
    let call = advised(name, text, &["--unit-price", "8"]);
    assert_eq!((call.code, call.out.as_str()), (2, ""), "{text:.200}\n{}", call.err);
    assert!(call.err.starts_with("error: cannot "), "{}", call.err);
    assert!(!call.err.contains("panicked") && call.err.len() < 600, "{}", call.err);
    call.err
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_its_cure() {
    let row = |row: &str| format!("{HEADER}\n2026-11-02T08:00:00Z,1,1,1,0\n{row}\n");
    let table = [
        (String::new(), "column Start has to be there once"),
        (format!("{HEADER}\n"), "it has no rows"),
        ("Start,InputTokens,OutputTokens,Invocations\n2026-11-02T08:00:00Z,1,1,1\n".to_owned(), "column Throttles"),
        (HEADER.replace("Throttles", "Throttled") + "\n", "`Throttled` is not a column"),
        (HEADER.replace("Throttles", "Start") + "\n", "column Start has to be there once"),
        (row("2026-11-02T09:00:00Z,1,1,1"), "line: 3"),
        (row("2026-11-02T09:00:00Z,1,1,1,0,7"), "line: 3"),
        (row("2026-11-02T09:00:00Z,-1,1,1,0"), "line 3: InputTokens `-1`"),
        (row("2026-11-02T09:00:00Z,1,1e9,1,0"), "line 3: OutputTokens `1e9`"),
        (row("2026-11-02T09:00:00Z,1,NaN,1,0"), "line 3: OutputTokens `NaN`"),
        (row("2026-11-02T09:00:00Z,1,1.5,1,0"), "line 3: OutputTokens `1.5`"),
        (row("2026-11-02T09:00:00Z,1,1,99999999999999999999999,0"), "line 3: Invocations `9999"),
        (row("2026-11-02T09:00:00Z,1,1,1,=cmd|' /C calc'!A0"), "line 3: Throttles `=cmd"),
        (row("2026-11-02T09:00:00,1,1,1,0"), "line 3: `2026-11-02T09:00:00` is not a Start"),
        (row("2026-02-30T09:00:00Z,1,1,1,0"), "is not a Start"),
        (row("yesterday,1,1,1,0"), "line 3: `yesterday` is not a Start"),
        (row(",1,1,1,0"), "line 3: `` is not a Start"),
        (row("2026-11-02T09:00:30Z,1,1,1,0"), "is not the beginning of an hour or a minute"),
        (row("2026-11-02T08:00:00Z,2,2,2,0"), "is there twice"),
        (row("1999-11-02T08:00:00Z,2,2,2,0"), "more than two years apart"),
        (row("9999-11-02T08:00:00Z,2,2,2,0"), "more than two years apart"),
        (format!("{HEADER}\n2026-11-02T08:00:00Z,,,,\n"), "no hour is known"),
        (row(&"x".repeat(100_000)), "line: 3"),
        ("[]".to_owned(), "it has no rows"),
        ("[1]".to_owned(), "entry 1 is not an object"),
        ("{}".to_owned(), "it is not an array"),
        ("[{\"Start\":".to_owned(), "EOF"),
        ("[".repeat(100_000), "recursion limit"),
        ("[{\"InputTokens\": 1}]".to_owned(), "column Start"),
        ("[{\"Start\": 5}]".to_owned(), "entry 1: `5` is not a Start"),
        ("[{\"Start\": \"2026-11-02T08:00:00Z\", \"InputToken\": 5}]".to_owned(), "`InputToken` is not a column"),
        ("[{\"Start\": \"2026-11-02T08:00:00Z\", \"InputTokens\": true}]".to_owned(), "entry 1: InputTokens `true`"),
        ("[{\"Start\": \"2026-11-02T08:00:00Z\", \"InputTokens\": [1]}]".to_owned(), "entry 1: InputTokens `[1]`"),
    ];
    for (index, (text, expected)) in table.iter().enumerate() {
        let said = refused(&format!("hostile-{index}"), text);
        assert!(said.contains(expected), "{text:.200}\nsays: {said}\nnot:  {expected}");
    }
}

#[test]
fn marks_of_windows_quotes_and_blank_lines_do_no_harm() {
    let plain = weeks::csv(&weeks::rows(weeks::office, 1));
    let dressed: Vec<String> =
        plain.lines().map(|line| format!("\"{}\"\r\n\r\n", line.replace(',', "\",\""))).collect();
    let dressed = dressed.concat();
    let words = ["--unit-price", "8", "--format", "json"];
    let (one, other) = (advised("plain", &plain, &words), advised("dressed", &format!("\u{feff}{dressed}"), &words));
    assert_eq!((one.code, &one.out), (0, &other.out), "{}", other.err);
}

#[test]
fn the_greatest_numbers_overflow_nothing() {
    let most = 1_000_000_000_000_u64;
    let rows: Vec<String> = weeks::hours(1).map(|(start, ..)| format!("{start},{most},{most},1,{most}\n")).collect();
    let rows = rows.concat();
    let words = ["--unit-price", "100000", "--tokens-per-minute", "1", "--format", "json"];
    let text = format!("{HEADER}\n{rows}");
    let call = advised("most.csv", &text, &words);
    assert_eq!(call.code, 0, "{}", call.err);
    let dear =
        [&words[..], &["--term-price", "100000", "--share", "100", "--lead", "168h", "--drain", "168h"]].concat();
    assert_eq!(advised("most.csv", &text, &dear).code, 0);
}

#[test]
fn wrong_usage_ends_in_two() {
    let text = weeks::csv(&weeks::rows(weeks::office, 1));
    for words in [
        &["--unit-price", "-1"][..],
        &["--unit-price", "much"],
        &["--unit-price", "8", "--timezone", "Europe/Berlim"],
        &["--unit-price", "8", "--share", "0"],
        &["--unit-price", "8", "--share", "100.1"],
        &["--unit-price", "8", "--windows", "0"],
        &["--unit-price", "8", "--tokens-per-minute", "0"],
        &["--unit-price", "8", "--lead", "200h"],
        &["--unit-price", "8", "--model-id", "amazon.nova-lite-v1:0"],
        &[],
    ] {
        assert_eq!(advised("usage.csv", &text, words).code, 2, "{words:?}");
    }
}
