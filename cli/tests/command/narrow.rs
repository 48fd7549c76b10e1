//! Terminals of 60 columns, and those that show ASCII alone.

use serde_json::json;

use crate::stand_in::StandIn;
use crate::{call, command, run};

const PREVIEW: [&str; 4] = ["preview", "tokyo.yaml", "--from", "2026-11-23"];
const ADVISE: [&str; 13] = [
    "advise",
    "--file",
    "../advise/usage/shop.csv",
    "--timezone",
    "Europe/Berlin",
    "--input-price",
    "0.06",
    "--output-price",
    "0.24",
    "--unit-price",
    "8",
    "--tokens-per-minute",
    "100000",
];

fn is_narrow(out: &str, width: usize) {
    for line in out.lines() {
        assert!(line.chars().count() <= width, "{} columns: {line}\n{out}", line.chars().count());
    }
}

#[test]
fn pictures_tables_and_lines_fit_sixty_columns() {
    for arguments in [&PREVIEW[..], &["preview", "berlin.yaml", "--from", "2026-10-21", "--days", "9"], &ADVISE] {
        let told = run(&[arguments, &["--width", "60"]].concat());
        assert_eq!(told.code, 0, "{}", told.err);
        is_narrow(&told.out, 60);
        // An environment may say it, too; what is typed comes first.
        let by_environment = call(command(arguments).env("COLUMNS", "60"));
        assert_eq!(by_environment.out, told.out);
        assert_eq!(call(command(&[arguments, &["--width", "60"]].concat()).env("COLUMNS", "200")).out, told.out);
        // What is no number of columns says nothing.
        assert_eq!(call(command(arguments).env("COLUMNS", "wide")).out, run(arguments).out);
    }
    let preview = run(&[&PREVIEW[..], &["--width", "60"]].concat()).out;
    let row = preview.lines().find(|line| line.starts_with("Tue Nov 24")).unwrap();
    assert_eq!(row.chars().count(), 60, "a cell of half an hour");
    assert!(preview.contains("a cell is 30 minutes"), "{preview}");
    for (width, columns) in [("60", 60), ("59", 36)] {
        let advice = run(&[&ADVISE[..], &["--width", width]].concat()).out;
        let row = advice.lines().filter(|line| line.starts_with("Mon")).max_by_key(|line| line.len()).unwrap();
        assert_eq!(row.chars().count(), columns, "{advice}");
    }
}

#[test]
fn reports_fit_sixty_columns() {
    let report = json!({
        "Name": "support-agent", "At": "2026-11-23T08:00:04Z",
        "Desired": {"State": "On", "ModelUnits": 1, "Because": "window Mon-Fri 08:00-20:00 Asia/Tokyo"},
        "Throughputs": [{"Name": "support-agent-1f0c2a", "Arn": "arn:aws:bedrock:x", "Status": "InService", "ModelUnits": 1}],
        "Aliases": [], "Actions": [], "Settled": false,
        "Waiting": ["for alias ABCDEFGHIJ/KLMNOPQRST to settle, which has taken a minute by now"],
        "Problems": ["the model has turned LEGACY, and it cannot be bought again once it is gone"],
        "NextTransition": {"At": "2026-11-23T11:00:00Z", "State": "Off", "Because": "window Mon-Fri 08:00-20:00 Asia/Tokyo ends"},
    });
    let one = call(&mut StandIn::reporting(&report).command(&["status", "support-agent", "--width", "60"])).out;
    is_narrow(&one, 60);
    assert!(one.contains("  problem  the model has turned LEGACY, and it cannot be\n           bought again"), "{one}");
    let all = json!({"Commitments": [report], "Orphans": []});
    let all = call(&mut StandIn::reporting(&all).command(&["status", "--width", "60"])).out;
    is_narrow(&all, 60);
    // A pipe has lines as long as they are.
    let piped = call(&mut StandIn::reporting(&report).command(&["status", "support-agent"])).out;
    assert!(piped.contains("cannot be bought again once it is gone\n"), "{piped}");
}

#[test]
fn ascii_is_drawn_with_signs_that_differ() {
    let local = ["status", "--local"];
    for arguments in [&PREVIEW[..], &ADVISE, &local] {
        let told = run(&[arguments, &["--ascii"]].concat());
        assert_eq!(told.code, 0, "{}", told.err);
        assert!(told.out.is_ascii(), "{}", told.out);
    }
    let preview = run(&[&PREVIEW[..], &["--ascii"]].concat()).out;
    for said in ["//====#######====", "= on, 1 model unit   # on, 3 model units   / warm-up", ". off: nothing paid for"]
    {
        assert!(preview.contains(said), "{said}: {preview}");
    }
    let advice = run(&[&ADVISE[..], &["--ascii"]].concat()).out;
    assert!(advice.contains("tokens an hour   % up to three quarters   / half   : a quarter"), "{advice}");
    // Data is what it is.
    let data = [&PREVIEW[..], &["--format", "json", "--ascii", "--width", "60"]].concat();
    assert_eq!(run(&data).out, run(&[&PREVIEW[..], &["--format", "json"]].concat()).out);
}
