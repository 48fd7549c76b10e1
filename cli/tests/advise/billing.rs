//! What advise counts is what preview bills, and what it proposes is what the project's own grammar reads.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::weeks::{FIRST, Shape, csv, holiday, office, rows, shop};
use crate::{advised, answer, run_in};

#[test]
fn a_proposal_that_is_pasted_is_read_and_billed_as_advised() {
    let shapes: [(&str, Shape); 3] = [("office", office), ("shop", shop), ("holiday", holiday)];
    for (name, shape) in shapes {
        for more in [&[][..], &["--lead", "45m", "--drain", "30m"], &["--lead", "3h", "--drain", "0m"]] {
            is_billed_as_advised(name, shape, more);
        }
    }
}

fn is_billed_as_advised(name: &str, shape: Shape, more: &[&str]) {
    let words =
        ["--unit-price", "8", "--timezone", "Europe/Berlin", "--tokens-per-minute", "70000", "--format", "json"];
    let answer_of = |file: &str| answer(&advised(file, &csv(&rows(shape, 4)), &[&words[..], more].concat()));
    let advised = answer_of(&format!("{name}.csv"));
    let yaml = advised["Yaml"].as_str().unwrap();
    let commitment = format!("Name: pasted\nModelId: amazon.nova-lite-v1:0:24k\nPricePerUnitHour: 8\n{yaml}");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("advise-pasted");
    fs::create_dir_all(&directory).unwrap();
    let file = format!("{name}.yaml");
    fs::write(directory.join(&file), &commitment).unwrap();
    let checked = run_in(&directory, &["check", &file]);
    assert_eq!(checked.code, 0, "{commitment}{}{}", checked.out, checked.err);
    let first = FIRST.to_string();
    let previewed = run_in(&directory, &["preview", &file, "--from", &first, "--days", "28", "--format", "json"]);
    let previewed: Value = serde_json::from_str(&previewed.out).unwrap();
    let billed = previewed["Commitments"][0]["Bill"]["ModelUnitHours"].as_f64().unwrap();
    let counted = advised["UnitHours"]["Timetable"].as_f64().unwrap() * 4.0;
    assert!((billed - counted).abs() < 0.5, "{commitment}preview bills {billed} hours, advise counts {counted}");
    // The timetable in JSON is the same.
    let of_json = serde_json::json!({"Name": "pasted", "ModelId": "amazon.nova-lite-v1:0:24k", "ModelUnits": advised["ModelUnits"],
        "Timetable": advised["Timetable"], "LeadTime": advised["LeadTime"], "Drain": advised["Drain"]});
    let file = format!("{name}.json");
    fs::write(directory.join(&file), of_json.to_string()).unwrap();
    let again = run_in(&directory, &["preview", &file, "--from", &first, "--days", "28", "--format", "json"]);
    let again: Value = serde_json::from_str(&again.out).unwrap_or_else(|_| panic!("{}", again.err));
    assert_eq!(
        again["Commitments"][0]["Bill"]["ModelUnitHours"],
        previewed["Commitments"][0]["Bill"]["ModelUnitHours"]
    );
}
