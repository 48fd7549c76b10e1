//! The verbs that talk to the function: exactly what is sent, and how answers and errors are shown.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use jiff::SignedDuration;
use rehearsal::{AGENT, ALIAS, World, commitment};
use serde_json::{Value, json};

use crate::stand_in::{Answer, StandIn};
use crate::{call, command, run};

fn report() -> Value {
    json!({
        "Name": "support-agent", "At": "2026-11-23T08:00:04Z",
        "Desired": {"State": "On", "ModelUnits": 1, "Because": "window Mon-Fri 08:00-20:00 Asia/Tokyo"},
        "Throughputs": [
            {"Name": "support-agent-1f0c2a", "Arn": "arn:aws:bedrock:x", "Status": "InService", "ModelUnits": 1},
        ],
        "Aliases": [
            {"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST", "Status": "PREPARED", "AgentVersion": "3",
             "Route": "arn:aws:bedrock:x"},
        ],
        "Parameter": {"Name": "/support/model-id", "Value": "arn:aws:bedrock:x"},
        "Actions": ["route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-1f0c2a"],
        "Waiting": ["for alias ABCDEFGHIJ/KLMNOPQRST to settle"],
        "Problems": ["the model has turned LEGACY"],
        "Settled": false,
        "NextTransition": {"At": "2026-11-23T11:00:00Z", "State": "Off",
                           "Because": "window Mon-Fri 08:00-20:00 Asia/Tokyo ends"},
    })
}

/// What `arguments` send, and what they print.
fn sent(arguments: &[&str]) -> (Value, String) {
    let lambda = StandIn::reporting(&report());
    let call = call(&mut lambda.command(arguments));
    assert_eq!(call.code, 0, "{}", call.err);
    (lambda.event(), call.out)
}

#[test]
fn an_action_is_invoked_and_waited_for() {
    let lambda = StandIn::reporting(&report());
    assert_eq!(call(&mut lambda.command(&["resume", "support-agent"])).code, 0);
    let request = &lambda.requests()[0];
    assert_eq!(request.path, "/2015-03-31/functions/throughput-scheduler/invocations");
    assert_eq!(request.headers["x-amz-invocation-type"], "RequestResponse");
    assert_eq!(request.body, json!({"Action": "Resume", "Name": "support-agent", "Of": "Override"}));
}

#[test]
fn every_verb_sends_its_action_and_nothing_more() {
    let cases: [(&[&str], Value); 9] = [
        (&["status", "support-agent"], json!({"Action": "Status", "Name": "support-agent"})),
        (&["scale-up", "support-agent"], json!({"Action": "ScaleUp", "Name": "support-agent"})),
        (&["scale-down", "support-agent"], json!({"Action": "ScaleDown", "Name": "support-agent"})),
        (&["retire", "support-agent", "--yes"], json!({"Action": "Retire", "Name": "support-agent"})),
        (
            &["override", "support-agent", "on", "--for", "2h", "--units", "2", "--reason", "load test"],
            json!({"Action": "Override", "Name": "support-agent", "State": "On", "ModelUnits": 2, "For": "2h",
                   "Reason": "load test"}),
        ),
        (
            &["override", "support-agent", "off", "--until", "2026-12-24T18:00:00+09:00"],
            json!({"Action": "Override", "Name": "support-agent", "State": "Off", "Until": "2026-12-24T09:00:00Z"}),
        ),
        (&["status"], json!({"Action": "Status"})),
        (&["resume", "support-agent"], json!({"Action": "Resume", "Name": "support-agent", "Of": "Override"})),
        (
            &["resume", "support-agent", "--of", "hold"],
            json!({"Action": "Resume", "Name": "support-agent", "Of": "Hold"}),
        ),
    ];
    for (arguments, expected) in cases {
        assert_eq!(sent(arguments).0, expected, "{arguments:?}");
    }
}

#[test]
fn declarations_are_sent_as_they_are_meant() {
    for (arguments, action) in [
        (&["apply", "tokyo.yaml"][..], "Apply"),
        (&["scale-up", "--file", "tokyo.yaml"][..], "ScaleUp"),
        (&["plan", "tokyo.yaml"][..], "Plan"),
    ] {
        let (event, _) = sent(arguments);
        assert_eq!(event["Action"], action);
        let commitment = &event["Commitment"];
        assert_eq!(commitment["Name"], "support-agent");
        assert_eq!(commitment["Timetable"]["Windows"][1], json!({"Window": "Mon-Fri 09:30-11:30", "ModelUnits": 3}));
        // The function reads it as it was meant.
        policy::event::read(event).unwrap();
    }
}

#[test]
fn a_plan_at_a_wall_clock_is_asked_for_at_that_instant() {
    let (event, out) = sent(&["plan", "tokyo.yaml", "--at", "2026-12-24T09:00"]);
    assert_eq!(event["At"], "2026-12-24T00:00:00Z");
    insta::assert_snapshot!(out);
}

#[test]
fn every_commitment_of_a_file_is_applied_unless_one_is_named() {
    let lambda = StandIn::reporting(&report());
    assert_eq!(call(&mut lambda.command(&["apply", "berlin.yaml"])).code, 0);
    let names: Vec<Value> =
        lambda.requests().iter().map(|request| request.body["Commitment"]["Name"].clone()).collect();
    assert_eq!(names, ["night-shift", "day-desk"]);
    assert_eq!(sent(&["apply", "berlin.yaml", "--name", "day-desk"]).0["Commitment"]["Name"], "day-desk");
}

#[test]
fn a_custom_resource_is_left_to_its_stack() {
    let lambda = StandIn::reporting(&report());
    let call = call(&mut lambda.command(&["apply", "stack.yaml"]));
    assert_eq!((call.code, lambda.requests().len()), (2, 0));
    assert!(call.err.contains("deploying its stack registers it"), "{}", call.err);
}

#[test]
fn a_file_with_mistakes_is_sent_nowhere() {
    let lambda = StandIn::reporting(&report());
    let call = call(&mut lambda.command(&["apply", "mistakes.yaml"]));
    assert_eq!((call.code, lambda.requests().len()), (1, 0));
}

#[test]
fn nothing_is_retired_unless_somebody_says_yes() {
    let lambda = StandIn::reporting(&report());
    let call = call(&mut lambda.command(&["retire", "support-agent"]));
    assert_eq!((call.code, lambda.requests().len()), (2, 0));
    assert!(call.err.contains("confirm it with --yes"), "{}", call.err);
}

#[test]
fn reports_are_shown_to_people() {
    insta::assert_snapshot!(sent(&["override", "support-agent", "on", "--for", "2h"]).1);
}

#[test]
fn the_status_of_all_is_a_table_with_problems_and_orphans_below() {
    let quiet = json!({
        "Name": "night-shift", "At": "2026-11-23T08:00:04Z",
        "Desired": {"State": "Off", "ModelUnits": 0, "Because": "outside every window"},
        "Throughputs": [], "Aliases": [], "Actions": [], "Waiting": [], "Problems": [], "Settled": true,
        "NextTransition": null, "Parameter": {"Name": "/night/model-id", "Value": "off"},
    });
    let orphan = json!({"Name": "old-1f0c2a", "Arn": "arn:aws:bedrock:old", "Status": "InService", "ModelUnits": 2});
    let answer = json!({"Commitments": [report(), quiet], "Orphans": [orphan]});
    let lambda = StandIn::reporting(&answer);
    let call_ = call(&mut lambda.command(&["status"]));
    insta::assert_snapshot!(call_.out);
    let json_call = call(&mut lambda.command(&["status", "--format", "json"]));
    assert_eq!(serde_json::from_str::<Value>(&json_call.out).unwrap(), answer);
}

#[test]
fn an_error_of_the_function_is_readable() {
    let lambda = StandIn::failing("NotAllowed", "3 model units are more than MAX_MODEL_UNITS allows, which is 1");
    let refused = call(&mut lambda.command(&["scale-up", "support-agent"]));
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert_eq!(refused.err, "error: NotAllowed: 3 model units are more than MAX_MODEL_UNITS allows, which is 1\n");
}

#[test]
fn a_function_that_dies_is_told_too() {
    let body = r#"{"errorMessage": "2026-11-25T08:00:00Z 1f2e Task timed out after 3.00 seconds"}"#.to_owned();
    let headers = vec![("X-Amz-Function-Error", "Unhandled")];
    let lambda = StandIn::answering(Answer { status: 200, headers, body });
    let died = call(&mut lambda.command(&["status"]));
    assert_eq!(died.code, 1);
    assert!(died.err.contains("Unhandled: 2026-11-25T08:00:00Z 1f2e Task timed out"), "{}", died.err);
}

#[test]
fn a_function_that_cannot_be_invoked_is_named_with_its_region() {
    let body = r#"{"Message": "Function not found: throughput-scheduler"}"#.to_owned();
    let headers = vec![("x-amzn-errortype", "ResourceNotFoundException")];
    let lambda = StandIn::answering(Answer { status: 404, headers, body });
    let missing = call(&mut lambda.command(&["status", "--region", "eu-west-3"]));
    assert_eq!(missing.code, 3);
    assert_eq!(
        missing.err,
        "error: cannot invoke throughput-scheduler in eu-west-3: ResourceNotFoundException: Function not found: \
         throughput-scheduler\n"
    );
    assert!(lambda.requests()[0].headers["authorization"].to_str().unwrap().contains("/eu-west-3/lambda/"));
}

#[test]
fn whoever_is_not_signed_in_is_told_the_cure() {
    let mut command = command(&["status", "--function", "throughput-scheduler", "--region", "eu-west-3"]);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    let call = call(&mut command);
    assert_eq!(call.code, 3);
    assert!(
        call.err.starts_with("error: cannot invoke throughput-scheduler in eu-west-3: no credentials: sign in"),
        "{}",
        call.err
    );
}

#[test]
fn an_answer_that_is_no_report_is_not_shown_as_one() {
    let lambda = StandIn::answering(Answer { status: 200, headers: Vec::new(), body: "\"hello\"".to_owned() });
    let other = call(&mut lambda.command(&["status"]));
    assert_eq!(other.code, 3);
    assert!(other.err.contains("is this function Throughput Scheduler?"), "{}", other.err);
}

#[test]
fn a_profile_gives_region_and_credentials_and_a_function_may_be_named() {
    let folder = std::env::temp_dir().join(format!("throughput-profile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let configuration = folder.join("config");
    let text =
        "[profile staging]\nregion = us-west-2\naws_access_key_id = AKIDSTAGING\naws_secret_access_key = secret\n";
    std::fs::write(&configuration, text).unwrap();
    let lambda = StandIn::reporting(&report());
    let arguments = ["status", "support-agent", "--profile", "staging", "--function", "other:live"];
    let mut command = lambda.command(&arguments);
    let command =
        command.env("AWS_CONFIG_FILE", &configuration).env("AWS_SHARED_CREDENTIALS_FILE", folder.join("none"));
    for variable in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(variable);
    }
    let staged = call(command);
    assert_eq!(staged.code, 0, "{}", staged.err);
    let request = &lambda.requests()[0];
    assert!(request.path.contains("/functions/other"), "{}", request.path);
    let authorization = request.headers["authorization"].to_str().unwrap();
    assert!(authorization.contains("AKIDSTAGING") && authorization.contains("/us-west-2/lambda/"), "{authorization}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn without_a_function_the_cure_is_named() {
    let call = run(&["status"]);
    assert_eq!(call.code, 2);
    assert!(call.err.contains("--function NAME") && call.err.contains("--local"), "{}", call.err);
}

#[test]
fn a_watch_says_a_line_for_each_look_and_ends_when_nobody_reads() {
    let lambda = StandIn::reporting(&json!({"Commitments": [], "Orphans": []}));
    let mut command = lambda.command(&["status", "--watch", "1", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let answer: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer, json!({"Commitments": [], "Orphans": []}));
    }
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// What the command sends goes to the real handler, and nobody but the schedule does anything after that.
#[tokio::test]
async fn an_override_turns_capacity_on_within_two_ticks_and_off_when_its_time_is_up() {
    let arguments = ["override", "support-agent", "on", "--for", "2h", "--reason", "load test"];
    let (event, _) = tokio::task::spawn_blocking(move || sent(&arguments)).await.unwrap();
    let world = World::new("2026-11-16T10:00:00Z".parse().unwrap()).await;
    world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::ZERO);
    let timetable = json!({"Timezone": "UTC", "Windows": ["Sat 08:00-09:00"]});
    let declared = commitment(json!({"Timetable": timetable, "Drain": "5m"}));
    world.send(json!({"Action": "Apply", "Commitment": declared})).await.unwrap();
    world.pass(10).await;
    assert_eq!(world.sim.history().len(), 0, "off outside every window");
    world.send(event).await.unwrap();
    let there = || world.sim.throughputs().into_iter().map(|throughput| throughput.arn).collect::<Vec<String>>();
    let on = || world.sim.alias(AGENT, ALIAS).route;
    world.pass(2).await;
    let bought = there();
    assert_eq!((on().as_slice(), bought.len()), (bought.as_slice(), 1), "on within two ticks");
    world.pass(2 * 60 - 3).await;
    assert_eq!((on().as_slice(), there()), (bought.as_slice(), bought.clone()), "for two hours");
    world.pass(1).await;
    assert_eq!((on(), there()), (None, bought), "off after two hours, and draining");
    world.pass(5 + 1).await;
    assert_eq!((there().len(), world.sim.history().len()), (0, 1), "deleted, and none bought again");
}

#[test]
fn a_newcomer_can_try_everything_without_aws() {
    let local = |arguments: &[&str]| call(&mut command(&[arguments, &["--local"]].concat()));
    let status = local(&["status"]);
    assert_eq!(status.code, 0, "{}", status.err);
    let row = status.out.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(row.starts_with("support-agent On 1 support-agent-") && row.ends_with("1 of 1 routed - settled"), "{row}");
    let bigger = local(&["override", "support-agent", "on", "--for", "2h", "--units", "2", "--reason", "load test"]);
    assert!(bigger.out.contains("did      + buy support-agent-"), "{}", bigger.out);
    let retired = local(&["retire", "support-agent", "--yes"]);
    assert!(retired.out.contains("is       Off: retired"), "{}", retired.out);
    let plan = local(&["plan", "berlin.yaml", "--name", "day-desk", "--at", "2026-10-27T10:00"]);
    assert!(plan.out.contains("would    + buy day-desk-"), "{}", plan.out);
    let unknown = local(&["resume", "nobody"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.starts_with("error: UnknownCommitment: "), "{}", unknown.err);
}

#[test]
fn a_wall_clock_is_that_of_the_timetable_or_of_a_time_zone_that_is_named() {
    let lambda = StandIn::reporting(&report());
    let until = ["override", "support-agent", "off", "--until", "2099-12-24T18:00"];
    assert_eq!(call(&mut lambda.command(&until)).code, 0);
    let asked: Vec<Value> = lambda.requests().iter().map(|request| request.body.clone()).collect();
    assert_eq!(asked[0], json!({"Action": "Status", "Name": "support-agent"}), "whose timetable is in Tokyo");
    assert_eq!(asked[1]["Until"], "2099-12-24T09:00:00Z");
    let (event, _) = sent(&[&until[..], &["--timezone", "Europe/Berlin"]].concat());
    assert_eq!(event["Until"], "2099-12-24T17:00:00Z");
    let past =
        call(&mut StandIn::reporting(&report()).command(&["override", "a", "off", "--until", "2020-01-01T00:00Z"]));
    assert!(past.code == 2 && past.err.contains("is past"), "{}", past.err);
    let always = StandIn::reporting(&json!({"Name": "a", "Desired": {"State": "On", "Because": "always on"}}));
    let clockless = call(&mut always.command(&["override", "a", "off", "--until", "2099-12-24T18:00"]));
    assert!(clockless.code == 2 && clockless.err.contains("--timezone"), "{}", clockless.err);
    assert_eq!(run(&["override", "a", "off", "--until", "soon"]).code, 2);
}

#[test]
fn a_status_says_why_what_is_next_and_what_was_done() {
    let mut told = report();
    told["LastProblems"] = json!({"At": "2026-11-23T07:59:04Z", "Problems": ["quota refuses support-agent-1f0c2a"]});
    told["Actions"] = json!(["next: buy support-agent-1f0c2a"]);
    told["CreationTimes"] = json!(["PT24M", "PT31M"]);
    told["EnoughLeadTime"] = json!("40m");
    told["History"] = json!([
        {"At": "2026-11-23T07:35:04Z", "Did": "route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-1f0c2a"},
        {"At": "2026-11-22T07:35:04Z", "Changed": "override to On", "Reason": "load test"},
    ]);
    let shown = |arguments: &[&str]| call(&mut StandIn::reporting(&told).command(arguments)).out;
    let status = shown(&["status", "support-agent"]);
    for said in [
        "at 2026-11-23T08:00:04Z, 2026-11-23 17:00 in Asia/Tokyo",
        "problem  quota refuses support-agent-1f0c2a, since 2026-11-23 16:59 (2026-11-23 07:59Z)",
        "next     + buy support-agent-1f0c2a",
        "created  in PT31M the last time, 2 times known; LeadTime 40m is enough for all",
        "next     Off 2026-11-23 20:00 Asia/Tokyo (2026-11-23 11:00Z), in 2h59m",
    ] {
        assert!(status.contains(said), "{said}: {status}");
    }
    assert_eq!(
        shown(&["history", "support-agent"]),
        "support-agent, in Asia/Tokyo\n  2026-11-22 16:35 (2026-11-22 07:35Z)  override to On (load test)\n  \
         2026-11-23 16:35 (2026-11-23 07:35Z)  route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-1f0c2a\n"
    );
    let json: Value = serde_json::from_str(&shown(&["history", "support-agent", "--output", "json"])).unwrap();
    assert_eq!(json["History"], told["History"]);
}

#[test]
fn a_plan_tells_what_changes_of_what_is_registered_and_what_it_costs() {
    let mut told = report();
    let declared = json!({"Name": "support-agent", "ModelId": "amazon.nova-lite-v1:0:24k", "PricePerUnitHour": 21.18});
    told["Registered"] =
        serde_json::to_value(serde_json::from_value::<policy::commitment::Commitment>(declared).unwrap()).unwrap();
    let plan =
        |told: &Value| call(&mut StandIn::reporting(told).command(&["plan", "tokyo.yaml", "--at", "2026-11-23T00:00"]));
    let out = plan(&told).out;
    assert!(out.contains("changes  Timetable: nothing → {"), "{out}");
    assert!(!out.contains("changes  ModelId") && !out.contains("changes  Drain"), "{out}");
    assert!(out.contains("costs    support-agent: the next 30 days: "), "{out}");
    assert!(out.contains("costs    against what is registered: -"), "{out}");
    told["Registered"] = Value::Null;
    assert!(plan(&told).out.contains("changes  not registered yet"), "{}", plan(&told).out);
}

#[test]
fn a_file_that_fails_does_not_keep_the_others_from_being_planned() {
    let lambda = StandIn::reporting(&report());
    let call = call(&mut lambda.command(&["plan", "nowhere.yaml", "tokyo.yaml", "mistakes.yaml", "stack.yaml"]));
    assert_eq!(call.code, 2, "{}", call.err);
    let names: Vec<Value> =
        lambda.requests().iter().map(|request| request.body["Commitment"]["Name"].clone()).collect();
    assert_eq!(names[0], "support-agent");
    assert!(names.len() > 1, "and those of a template: {names:?}");
    assert!(call.err.contains("cannot read nowhere.yaml") && call.err.contains("mistakes.yaml:10:7"), "{}", call.err);
}

#[test]
fn the_simulated_account_is_made_from_the_file() {
    for (verb, expected) in [("scale-down", "rejecting invocations"), ("scale-up", "+ buy mine-")] {
        let call = call(&mut command(&[verb, "--file", "mine.yaml", "--local"]));
        assert!(call.code == 0 && call.out.contains(expected), "{verb}: {}{}", call.out, call.err);
    }
    let plan = call(&mut command(&["plan", "mine.yaml", "--local"]));
    assert!(plan.code == 0 && plan.out.contains("+ buy mine-"), "{}{}", plan.out, plan.err);
}
