//! `preview`: pictures, hours, money, files.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use icalendar::Component;
use serde_json::Value;

use throughput_cli::preview::{Preview, drawing};
use throughput_cli::source::{self, Source};

use crate::{command, run};

fn previewed(file: &str, from: &str) -> Value {
    let call = run(&["preview", file, "--from", from, "--format", "json"]);
    assert_eq!(call.code, 0, "{}", call.err);
    serde_json::from_str(&call.out).unwrap()
}

#[test]
fn a_week_with_a_holiday_an_exception_and_two_sizes() {
    insta::assert_snapshot!(run(&["preview", "tokyo.yaml", "--from", "2026-11-23"]).out);
}

#[test]
fn a_week_in_which_the_clocks_go_back() {
    insta::assert_snapshot!(run(&["preview", "berlin.yaml", "--from", "2026-10-21"]).out);
}

#[test]
fn a_week_in_which_the_clocks_go_forward() {
    insta::assert_snapshot!(run(&["preview", "spring.yaml", "--from", "2027-03-22"]).out);
}

#[test]
fn clocks_that_change_at_midnight_change_at_the_edge_of_the_day() {
    let file = std::env::temp_dir().join(format!("throughput-santiago-{}.svg", std::process::id()));
    let commitment =
        "Name: santiago\nModelId: x.y\nTimetable: {Timezone: America/Santiago, Windows: ['Daily 08:00-09:00']}\n";
    let arguments = ["preview", "-", "--from", "2026-09-05", "--days", "2", "--svg", file.to_str().unwrap()];
    let mut child = command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(commitment.as_bytes()).unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        out.contains("Sun Sep 06 has 23 hours: the clocks of America/Santiago go forward from 00:00 to 01:00"),
        "{out}"
    );
    let picture = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(picture.contains("class=\"change\" d=\"M118.0 "), "the mark stands at the left edge: {picture}");
}

#[test]
fn the_examples_can_be_previewed_and_explained_before_they_are_deployed() {
    let example = |verb: &str, name: &str| run(&[verb, &format!("../../../examples/{name}.yaml")]);
    for name in ["always-on", "business-hours", "one-month-term", "two-time-zones"] {
        for verb in ["preview", "explain"] {
            let call = example(verb, name);
            assert_eq!(call.code, 0, "{verb} {name}: {}", call.err);
        }
    }
    let week = example("preview", "business-hours").out;
    assert!(week.contains("window Mon-Fri 08:00-20:00") && !week.contains("known only when it is deployed"), "{week}");
}

#[test]
fn what_is_switched_by_crons_alone_is_not_called_always_on() {
    for file in ["../../../examples/two-crons.yaml", "../../../events/scale-up.json", "../../../events/scale-down.json"]
    {
        for verb in ["preview", "explain"] {
            let call = run(&[verb, file]);
            assert_eq!(call.code, 2, "{}", call.out);
            assert!(call.err.contains("is switched by ScaleUp and ScaleDown alone"), "{}", call.err);
        }
    }
}

#[test]
fn the_help_asks_for_a_cost_that_is_there() {
    assert!(run(&["preview", "--help"]).out.contains("jq '.Commitments[].Bill.Cost'"));
    assert!(previewed("tokyo.yaml", "2026-11-23")["Commitments"][0]["Bill"]["Cost"].is_number());
}

#[test]
fn a_long_model_stands_below_a_long_name() {
    let name = "support-agent-of-the-second-line-in-kyoto";
    let line = |model: &str| {
        let commitment = format!("Name: {}\nModelId: {model}\n", &name[..40]);
        let source = Source { path: "long.yaml".to_owned(), text: commitment };
        let declaration = source::read(&source).declarations.remove(0);
        let first = "2026-11-23".parse().unwrap();
        let preview = Preview::new(&declaration, Some(first), 1, jiff::Timestamp::UNIX_EPOCH).unwrap();
        let picture = drawing::svg(&[preview]);
        let document = roxmltree::Document::parse(&picture).unwrap();
        let said = document
            .descendants()
            .find(|node| node.text().is_some_and(|text| text.starts_with(model) && node.has_tag_name("text")));
        said.unwrap().attribute("y").unwrap().to_owned()
    };
    assert_eq!(line("amazon.nova-lite-v1:0:24k"), "26");
    assert_eq!(
        line("arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl"),
        "42"
    );
}

#[test]
fn what_the_function_would_warn_of_is_warned_of_here() {
    let value = previewed("spring.yaml", "2027-03-22");
    let warnings = value["Commitments"][0]["Warnings"].as_array().unwrap();
    let said = |text: &str| warnings.iter().any(|warning| warning.as_str().unwrap().contains(text));
    assert!(said("exception 2027-03-24T12:00/2027-03-24T12:05 to Off is no longer than LeadTime 10m"), "{warnings:?}");
    assert!(said("window Sun 02:30-03:20 does not exist on 2027-03-28: the clocks skip it"), "{warnings:?}");
    assert!(
        said("Sun Mar 28 has 23 hours: the clocks of Europe/Berlin go forward from 02:00 to 03:00"),
        "{warnings:?}"
    );
}

#[test]
fn what_a_stack_fills_in_is_assumed_and_said() {
    let call = run(&["preview", "stack.yaml", "--name", "Support<b>", "--from", "2026-11-23", "--days", "2"]);
    insta::assert_snapshot!(call.out);
    let unknown = run(&["preview", "stack.yaml", "--name", "Unknown"]);
    assert_eq!(unknown.code, 2);
    assert_eq!(
        unknown.err,
        "error: Unknown cannot be previewed before it is deployed: Timetable.Timezone is known only when it is deployed, and \
         left out here\n"
    );
}

/// By hand. On: 2 h left of Tuesday night, four nights of 4 h less one that Friday does not have, Saturday night of 10 h
/// and one more, and 2 h of the last. Billed: each from an hour before to five minutes after, started hours in full.
#[test]
fn hours_of_a_long_night_are_counted_and_billed_as_they_are() {
    let bill = &previewed("berlin.yaml", "2026-10-21")["Commitments"][0]["Bill"];
    assert_eq!(bill["HoursOn"], 2.0 + 4.0 + 4.0 + 11.0 + 4.0 + 4.0 + 2.0);
    assert_eq!(bill["ModelUnitHours"], 3 + 6 + 6 + 13 + 6 + 6 + 3);
    assert_eq!(bill["ModelUnitHoursAlwaysOn"], 7 * 24 + 1);
    assert_eq!(bill["Purchases"], 6);
    assert_eq!(bill["Cost"], 910.74);
}

/// By hand: 2 model units; no drain, a lead of ten minutes. Saturday night loses an hour.
#[test]
fn hours_of_a_short_night_are_counted_and_billed_as_they_are() {
    let bill = &previewed("spring.yaml", "2027-03-22")["Commitments"][0]["Bill"];
    assert_eq!(bill["HoursOn"], 2.0 + 4.0 * 4.0 + 9.0 + 2.0);
    // From 21:50: the hours that start at 23:50, 00:50 and 01:50 of the first night, and those of the last until midnight.
    assert_eq!(bill["ModelUnitHours"], 2 * (2 + 4 * 5 + 10 + 3));
    assert_eq!(bill["ModelUnitHoursAlwaysOn"], 2 * (7 * 24 - 1));
}

#[test]
fn weeks_add_up_to_a_fortnight() {
    let hours = |from: &str, days: &str| {
        let call = run(&["preview", "berlin.yaml", "--from", from, "--days", days, "--format", "json"]);
        let value: Value = serde_json::from_str(&call.out).unwrap();
        let commitments = value["Commitments"].as_array().unwrap().clone();
        commitments.iter().map(|one| one["Bill"]["ModelUnitHours"].as_i64().unwrap()).collect::<Vec<i64>>()
    };
    let (first, second, both) = (hours("2026-10-19", "7"), hours("2026-10-26", "7"), hours("2026-10-19", "14"));
    let sum: Vec<i64> = first.iter().zip(second).map(|(first, second)| first + second).collect();
    assert_eq!(sum, both);
}

#[test]
fn stretches_have_no_gaps_and_days_are_as_long_as_they_are() {
    for (file, from, minutes) in [("berlin.yaml", "2026-10-21", 25 * 60), ("spring.yaml", "2027-03-22", 23 * 60)] {
        let value = previewed(file, from);
        let one = &value["Commitments"][0];
        let stretches = one["Stretches"].as_array().unwrap();
        for pair in stretches.windows(2) {
            assert_eq!(pair[0]["Until"], pair[1]["From"]);
        }
        let days = one["Days"].as_array().unwrap();
        assert_eq!(stretches[0]["From"], days[0]["From"]);
        assert_eq!(stretches.last().unwrap()["Until"], days[6]["Until"]);
        let unusual: Vec<_> = days.iter().filter(|day| day["Minutes"] != 24 * 60).collect();
        assert!(unusual.len() == 1 && unusual[0]["Minutes"] == minutes, "{unusual:?}");
    }
}

#[test]
fn a_row_of_comma_separated_values_for_each_stretch() {
    insta::assert_snapshot!(
        run(&["preview", "tokyo.yaml", "--from", "2026-11-23", "--days", "2", "--format", "csv"]).out
    );
}

#[test]
fn a_calendar_is_folded_and_can_be_read() {
    let call = run(&["preview", "berlin.yaml", "--from", "2026-10-21", "--format", "ics"]);
    let lines: Vec<&str> = call.out.split_terminator("\r\n").collect();
    assert!(call.out.ends_with("END:VCALENDAR\r\n"));
    for line in &lines {
        assert!(!line.contains(['\r', '\n']) && line.len() <= 75 && !line.is_empty(), "{line}");
    }
    assert!(lines.iter().any(|line| line.starts_with(' ')), "something was folded");
    let unfolded = call.out.replace("\r\n ", "");
    let calendar: icalendar::Calendar = unfolded.parse().unwrap();
    let events: Vec<&icalendar::Event> = calendar.components.iter().filter_map(|part| part.as_event()).collect();
    let on = previewed("berlin.yaml", "2026-10-21");
    let phases =
        on["Commitments"].as_array().unwrap().iter().flat_map(|one| one["Stretches"].as_array().unwrap().clone());
    assert_eq!(events.len(), phases.filter(|stretch| stretch["Phase"] != "off").count());
    let uids: BTreeSet<&str> = events.iter().filter_map(|event| event.get_uid()).collect();
    assert_eq!(uids.len(), events.len(), "every event has a UID of its own");
    for event in events {
        assert!(event.get_start().is_some() && event.get_end().is_some() && event.get_timestamp().is_some());
        assert!(event.get_summary().is_some());
    }
}

#[test]
fn pictures_are_well_formed_described_and_escaped() {
    let folder = std::env::temp_dir().join(format!("throughput-pictures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (svg, html) = (folder.join("week.svg"), folder.join("week.html"));
    let (svg, html) = (svg.to_str().unwrap(), html.to_str().unwrap());
    let from = ["--from", "2026-11-23", "--svg", svg, "--html", html];
    let arguments: Vec<&str> = ["preview", "stack.yaml", "--name", "Support<b>"].into_iter().chain(from).collect();
    assert_eq!(run(&arguments).code, 0);
    let picture = std::fs::read_to_string(svg).unwrap();
    let document = roxmltree::Document::parse(&picture).unwrap();
    let drawing = document.descendants().find(|node| node.attribute("role") == Some("img")).unwrap();
    let text = |name: &str| drawing.children().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", name)));
    assert_eq!(text("title").unwrap().text(), Some("Support<b> in Asia/Tokyo, 2026-11-23 to 2026-11-29"));
    assert!(text("desc").unwrap().text().unwrap().contains("Mon Nov 23 08:00 on 1, window Mon-Fri 08:00-20:00"));
    assert!(picture.contains("prefers-color-scheme:dark"));
    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<h2>Support&lt;b&gt;</h2>"));
    assert!(!page.contains("Support<b>"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_cannot_be_previewed_is_a_matter_of_usage_or_of_mistakes() {
    let unknown = run(&["preview", "berlin.yaml", "--name", "nobody"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("it declares night-shift, day-desk"), "{}", unknown.err);
    let mistaken = run(&["preview", "mistakes.yaml"]);
    assert_eq!(mistaken.code, 1);
    assert!(mistaken.err.contains("mistakes.yaml:10:7"), "{}", mistaken.err);
    assert_eq!(run(&["preview", "tokyo.yaml", "--from", "someday"]).code, 2);
    assert_eq!(run(&["preview", "tokyo.yaml", "--days", "0"]).code, 2);
    assert_eq!(run(&["preview", "tokyo.yaml", "--svg", "nowhere/week.svg"]).code, 2);
    assert_eq!(run(&["preview", "tokyo.yaml", "--from", "9999-12-31"]).code, 2);
}

#[test]
fn without_a_first_day_today_is_the_first() {
    let call = run(&["preview", "tokyo.yaml", "--days", "1"]);
    assert_eq!(call.code, 0, "{}", call.err);
}

/// Three commitments of different size, zone and term: the columns of every row add up to each bill, and those to the total.
#[test]
fn the_rows_of_a_month_add_up_to_its_bill_and_several_to_a_total() {
    let arguments = |format| {
        let files = ["tokyo.yaml", "berlin.yaml", "term.yaml"];
        run(&[&["preview", "--from", "2026-12-01", "--days", "31", "--format", format][..], &files].concat())
    };
    let told: Value = serde_json::from_str(&arguments("json").out).unwrap();
    let commitments = told["Commitments"].as_array().unwrap();
    let mut total = 0;
    let csv = arguments("csv").out;
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|row| row.rsplitn(4, ',').collect()).collect();
    for commitment in commitments {
        let name = commitment["Name"].as_str().unwrap();
        let own = || rows.iter().filter(|row| row[3].starts_with(&format!("{name},")));
        let hours: i64 = own().map(|row| row[1].parse::<i64>().unwrap()).sum();
        assert_eq!(hours, commitment["Bill"]["ModelUnitHours"].as_i64().unwrap(), "{name}");
        total += hours;
        if let Some(price) = commitment["Bill"].get("PricePerUnitHour") {
            let cents = |text: &str| text.parse::<bigdecimal::BigDecimal>().unwrap().normalized();
            let cost: bigdecimal::BigDecimal = own().map(|row| row[0].parse::<bigdecimal::BigDecimal>().unwrap()).sum();
            let expected = price.to_string().parse::<bigdecimal::BigDecimal>().unwrap() * hours;
            assert_eq!(cost, expected, "{name}");
            assert_eq!(cents(&commitment["Bill"]["Cost"].to_string()), cents(&cost.to_plain_string()), "{name}");
        }
    }
    assert_eq!(commitments.len(), 4);
    assert_eq!(told["Total"]["ModelUnitHours"].as_i64(), Some(total));
    let text = arguments("text").out;
    assert!(text.contains(&format!("total of 4 commitments: {total} model-unit hours billed")), "{text}");
}

#[test]
fn what_a_size_costs_is_told_against_always_on_at_the_largest_and_at_the_usual_size() {
    let text = run(&["preview", "tokyo.yaml", "--from", "2026-11-23"]).out;
    for said in [
        "116 model-unit hours billed, 504 always on at 3 model units: 77% less",
        "168 always on at the usual 1 model unit: 31% less",
        "2456.88 instead of 10674.72, or 3558.24 at the usual size, at 21.18 for a model unit and hour",
        "that is the cautious reading: by the second it is 100.8 model-unit hours, 2133.88",
        "window Mon-Fri 09:30-11:30 adds 52 model-unit hours, 1101.36",
        "hours that are begun for 5m or less: 13 model-unit hours",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn weeks_and_months_a_term_and_on_demand_are_compared_where_they_are_asked_for() {
    let asked = [
        "--days",
        "14",
        "--by",
        "week",
        "--term-price",
        "13",
        "--tokens-per-hour",
        "100000",
        "--token-price",
        "0.0008",
    ];
    let text = run(&[&["preview", "tokyo.yaml", "--from", "2026-11-23"][..], &asked].concat()).out;
    for said in [
        "week of 2026-11-23: 116 model-unit hours, 2456.88",
        "week of 2026-11-30: ",
        "always on with a term at 13: 13104.00; the timetable costs ",
        "on demand at 100000 tokens an hour: ",
        "tokens an hour\n",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let months = run(&["preview", "tokyo.yaml", "--from", "2026-11-23", "--days", "14", "--by", "month"]).out;
    assert!(months.contains("month 2026-11: ") && months.contains("month 2026-12: "), "{months}");
    assert_eq!(run(&["preview", "tokyo.yaml", "--tokens-per-hour", "5"]).code, 2, "a price is needed");
}
