//! The real `bootstrap` under a Runtime API: what Lambda sees.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeMap;

use rehearsal::local::Local;
use serde_json::{Value, json};

const BOOTSTRAP: &str = env!("CARGO_BIN_EXE_bootstrap");

fn events() -> BTreeMap<String, Value> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/events");
    let files = std::fs::read_dir(directory).expect("the samples are there").map(|file| file.expect("a file").path());
    let read = files.map(|path| {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).expect("JSON"))
    });
    read.collect()
}

/// What the answer to each sample says is wanted, and why.
fn expected(event: &str) -> (&'static str, &'static str) {
    match event {
        // It depends on the hour at which this runs.
        "apply" => ("", ""),
        "override" => ("On", "(load test)"),
        "plan" => ("On", "window Mon-Fri 09:30-11:30 Asia/Tokyo"),
        "resume" | "status" | "tick" => ("On", "always on"),
        "retire" => ("Off", "retired"),
        "rule-with-action" | "scale-up" => ("On", "scaled up"),
        "scale-down" | "scale-down-by-name" => ("Off", "scaled down"),
        other => panic!("events/{other}.json has no expectation here: write one"),
    }
}

#[tokio::test]
async fn every_sample_event_is_answered_with_its_report() {
    let mut events = events();
    let all = events.remove("status-of-all").expect("the sample is there");
    let mut local = Local::start(BOOTSTRAP).await.expect("it starts");
    let status = local.invoke(all).await.expect("it is answered");
    assert_eq!(status["Commitments"][0]["Name"], json!("support-agent"));
    assert_eq!(status["Orphans"], json!([]));
    let log = local.stop().await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 0, "looking around is worth no line: {log}");
    let (repair, adopt, doctor) = (events.remove("repair"), events.remove("adopt"), events.remove("doctor"));
    let mut local = Local::start(BOOTSTRAP).await.expect("it starts");
    let repaired = local.invoke(repair.expect("the sample is there")).await.expect("it is answered");
    assert_eq!((&repaired["Commitments"], &repaired["Orphans"]), (&json!(1), &json!([])));
    let adopted = local.invoke(adopt.expect("the sample is there")).await.expect("it is answered");
    assert_eq!(adopted["Deployment"]["Open"], json!(true));
    let looked = local.invoke(doctor.expect("the sample is there")).await.expect("it is answered");
    assert!(looked["Checks"].as_array().is_some_and(|checks| checks.len() > 5), "{looked}");
    let log = local.stop().await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let counted = lines.iter().find(|line| line.get("Orphans").is_some()).expect("a Repair counts");
    assert_eq!((&counted["Commitments"], &counted["Orphans"]), (&json!(1), &json!(0)));
    assert_eq!(events.len(), 14);
    for (name, event) in events {
        let mut local = Local::start(BOOTSTRAP).await.expect("it starts");
        let mut event = event;
        if name.starts_with("stack-") {
            // What is registered already declares the alias of the samples.
            local.world.sim.add_alias(rehearsal::AGENT, "STACKALIAS", "3");
            event = serde_json::from_str(&event.to_string().replace("KLMNOPQRST", "STACKALIAS")).expect("JSON");
        }
        let report = local.invoke(local.readdressed(event)).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        if name.starts_with("stack-") {
            let puts = local.stack.sink.puts();
            assert_eq!(puts.len(), 1, "{name} is answered");
            assert_eq!(puts[0].body["Status"], json!("SUCCESS"), "{name}: {}", puts[0].body);
            assert_eq!(puts[0].body["PhysicalResourceId"], json!("Throughput-40154310"), "{name}");
            local.stop().await;
            continue;
        }
        let (state, because) = expected(&name);
        let desired = &report["Desired"];
        assert!(desired["State"].as_str().is_some_and(|said| said.contains(state)), "{name}: {report}");
        assert!(desired["Because"].as_str().is_some_and(|said| said.contains(because)), "{name}: {report}");
        assert_eq!(report["Problems"], json!([]), "{name}");
        local.stop().await;
    }
}

#[tokio::test]
async fn errors_reach_lambda_with_their_type() {
    let mut local = Local::start(BOOTSTRAP).await.expect("it starts");
    let cases = [
        (json!({"Action": "Nonsense"}), "InvalidEvent"),
        (json!([1, 2]), "InvalidEvent"),
        (json!({"Action": "Status", "Name": "nobody"}), "UnknownCommitment"),
        (json!({"Action": "ScaleUp", "Commitment": rehearsal::commitment(json!({"ModelUnits": 100}))}), "NotAllowed"),
    ];
    for (event, kind) in cases {
        let (told, message) = local.invoke(event.clone()).await.expect_err(&event.to_string());
        assert_eq!(told, kind, "{message}");
    }
    local.stop().await;
}

#[tokio::test]
async fn logs_are_one_json_object_a_line_with_level_and_timestamp() {
    let mut local = Local::start(BOOTSTRAP).await.expect("it starts");
    local.invoke(json!({"Action": "ScaleDown", "Name": "support-agent"})).await.expect("it is scaled down");
    let log = local.stop().await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1, "one decision, one line: {log}");
    assert_eq!(lines[0]["level"], json!("INFO"));
    assert_eq!(lines[0]["commitment"], json!("support-agent"));
    assert_eq!(lines[0]["message"], json!("support-agent: route ABCDEFGHIJ/KLMNOPQRST version 3 to on-demand"));
    assert!(lines[0]["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{log}");
}

#[tokio::test]
async fn logs_follow_lambdas_logging_controls() {
    let text = [("AWS_LAMBDA_LOG_FORMAT", "Text"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")];
    let mut local = Local::with_environment(BOOTSTRAP, &text).await.expect("it starts");
    let secret = json!({"Action": "ScaleDown", "Name": "support-agent", "Password": "hunter2"});
    let _refused = local.invoke(secret).await;
    local.invoke(json!({"Action": "ScaleDown", "Name": "support-agent"})).await.expect("it is scaled down");
    let log = local.stop().await;
    assert!(log.contains("INFO") && log.contains("route ABCDEFGHIJ/KLMNOPQRST"), "{log}");
    assert!(serde_json::from_str::<Value>(log.lines().next().unwrap_or_default()).is_err(), "text, not JSON");
    assert!(!log.contains("hunter2"), "raw events stay out of the log at every level");
    let quiet = [("AWS_LAMBDA_LOG_LEVEL", "ERROR")];
    let mut local = Local::with_environment(BOOTSTRAP, &quiet).await.expect("it starts");
    local.invoke(json!({"Action": "ScaleDown", "Name": "support-agent"})).await.expect("it is scaled down");
    assert_eq!(local.stop().await, "");
}

#[tokio::test]
async fn without_settings_it_starts_and_says_what_is_missing() {
    let unset = [("SCHEDULE_GROUP", "")];
    let mut local = Local::with_environment(BOOTSTRAP, &unset).await.expect("it starts");
    let (kind, message) = local.invoke(json!({"Action": "Status"})).await.expect_err("it cannot work");
    assert_eq!(kind, "InvalidSetting");
    assert!(message.contains("SCHEDULE_GROUP"), "{message}");
    local.stop().await;
}

#[tokio::test]
async fn aws_that_refuses_is_quoted() {
    let mut local = Local::start(BOOTSTRAP).await.expect("it starts");
    local.world.sim.fault("ListProvisionedModelThroughputs", 20, simulator::Fault::denied());
    let report = local.invoke(json!({"Action": "Status", "Name": "support-agent"})).await.expect("it is a problem");
    assert!(report["Problems"].to_string().contains("AccessDeniedException: User: "), "{report}");
    let (kind, message) =
        local.invoke(json!({"Action": "ScaleUp", "Name": "support-agent"})).await.expect_err("AWS refuses");
    assert_eq!(kind, "AwsError");
    assert!(message.contains("AccessDeniedException: User: "), "{message}");
    local.stop().await;
}
