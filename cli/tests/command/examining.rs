//! `doctor`: what is sent, how checks are shown, and the code that it ends with.

use serde_json::{Value, json};

use crate::stand_in::StandIn;
use crate::{call, command};

fn checks(state: &str) -> Value {
    json!({"Checks": [
        {"What": "Region", "State": "Ok", "Text": "eu-central-1", "Cure": ""},
        {"What": "Table", "State": state, "Text": "the deployment is closed", "Cure": "create its stack again"},
        {"What": "Quota", "State": "Warning", "Text": "it cannot be read here", "Cure": "see Service Quotas"},
    ]})
}

#[test]
fn each_check_is_a_line_with_its_cure() {
    let lambda = StandIn::reporting(&checks("Wrong"));
    let wrong = call(&mut lambda.command(&["doctor"]));
    assert_eq!(lambda.event(), json!({"Action": "Doctor"}));
    assert_eq!(
        wrong.out,
        "the deployment\n\
         \x20 ok       Region  eu-central-1\n\
         \x20 wrong    Table   the deployment is closed; cure: create its stack again\n\
         \x20 warning  Quota   it cannot be read here; cure: see Service Quotas\n\
         \x20 1 wrong, 1 warning\n"
    );
    assert_eq!((wrong.code, wrong.err.as_str()), (1, ""));
    let fine = call(&mut StandIn::reporting(&checks("Ok")).command(&["doctor"]));
    assert!(fine.code == 0 && fine.out.ends_with("nothing is wrong, 1 warning\n"), "{}", fine.out);
}

#[test]
fn each_commitment_of_a_file_is_looked_at_and_what_they_share_is_said_once() {
    let lambda = StandIn::reporting(&checks("Ok"));
    let both = call(&mut lambda.command(&["doctor", "berlin.yaml"]));
    let names: Vec<Value> =
        lambda.requests().iter().map(|request| request.body["Commitment"]["Name"].clone()).collect();
    assert_eq!(names, ["night-shift", "day-desk"]);
    assert!(both.out.starts_with("the deployment, and night-shift\n"), "{}", both.out);
    assert_eq!(both.out.matches("eu-central-1").count(), 1, "{}", both.out);
    let one = StandIn::reporting(&checks("Ok"));
    assert_eq!(call(&mut one.command(&["doctor", "berlin.yaml", "--name", "day-desk"])).code, 0);
    assert_eq!(one.event()["Commitment"]["Name"], "day-desk");
    let mistakes = StandIn::reporting(&checks("Ok"));
    assert_eq!(call(&mut mistakes.command(&["doctor", "mistakes.yaml"])).code, 1);
    assert_eq!(mistakes.requests().len(), 0);
}

#[test]
fn a_program_gets_what_the_function_answers() {
    let answer = checks("Wrong");
    let told = call(&mut StandIn::reporting(&answer).command(&["doctor", "--output", "json"]));
    assert_eq!(told.code, 1);
    assert_eq!(serde_json::from_str::<Value>(&told.out).unwrap(), answer);
}

#[test]
fn a_function_that_knows_no_doctor_is_no_healthy_one() {
    let other = call(&mut StandIn::reporting(&json!({"Name": "a"})).command(&["doctor"]));
    assert!(other.code == 3 && other.err.contains("has no Checks"), "{}", other.err);
}

#[test]
fn the_real_function_looks_at_the_simulated_account() {
    let local = |file: &str| call(&mut command(&["doctor", file, "--local"]));
    let fine = local("mine.yaml");
    assert_eq!(fine.code, 0, "{}{}", fine.out, fine.err);
    for said in ["ok       Table", "ok       Schedules", "ok       Alias MYOWNAGENT/MYOWNALIAS", "ok       Quota"] {
        assert!(fine.out.contains(said), "{said}: {}", fine.out);
    }
    let template = local("../../../examples/business-hours.yaml");
    assert_eq!(template.code, 0, "{}{}", template.out, template.err);
    assert!(template.err.contains("is not looked at: only a deployment knows its model"), "{}", template.err);
    let units = "Name: a\nModelId: amazon.nova-lite-v1:0:24k\nModelUnits: 11\n";
    let wrong = crate::checking::with_input(&["doctor", "-", "--local"], units);
    assert!(wrong.code == 1 && wrong.out.contains("wrong    Guardrails"), "{}{}", wrong.out, wrong.err);
    let legacy = call(&mut command(&["doctor", "tokyo.yaml", "--local", "--scenario", "legacy"]));
    assert!(
        legacy.code == 1 && legacy.out.contains("has turned LEGACY in") && legacy.out.contains("cure: declare another"),
        "{}",
        legacy.out
    );
}
