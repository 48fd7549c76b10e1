//! `--stack`: the function by the stack that made it.

use std::process::Command;

use serde_json::json;

use crate::stand_in::{Answer, StandIn};
use crate::{Call, call, run};

/// A `CloudFormation` that knows one stack, with these outputs; the function answers an empty status.
fn with_outputs(status: &str, outputs: &[(&str, &str)]) -> StandIn {
    let output = |(key, value): &(&str, &str)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    let outputs: String = outputs.iter().map(output).collect();
    let body = format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult><Stacks><member>\
         <StackName>scheduler</StackName><CreationTime>2026-11-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
         <Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    );
    answering(200, body)
}

fn refusing(status: u16, code: &str, message: &str) -> StandIn {
    let body = format!(
        "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    answering(status, body)
}

fn answering(status: u16, body: String) -> StandIn {
    let report = json!({"Commitments": [], "Orphans": []}).to_string();
    StandIn::with_stack(
        Answer { status, headers: vec![("content-type", "text/xml")], body },
        Answer { status: 200, headers: Vec::new(), body: report },
    )
}

/// Asks for the status of all, by the stack `scheduler`.
fn asked(aws: &StandIn) -> Call {
    let mut command: Command = aws.command(&["status", "--stack", "scheduler"]);
    call(&mut command)
}

const OURS: [(&str, &str); 2] = [
    ("ServiceToken", "arn:aws:lambda:eu-central-1:1:function:scheduler-Function-1X"),
    ("FunctionName", "scheduler-Function-1X"),
];

#[test]
fn the_outputs_of_a_stack_name_its_function_whatever_the_environment_says() {
    let aws = with_outputs("UPDATE_COMPLETE", &OURS);
    let status = asked(&aws);
    assert_eq!((status.code, status.err.as_str()), (0, ""));
    let requests = aws.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(requests[0].text.contains("Action=DescribeStacks") && requests[0].text.contains("StackName=scheduler"));
    let authorization = requests[0].headers["authorization"].to_str().unwrap();
    assert!(authorization.contains("/eu-central-1/cloudformation/"), "{authorization}");
    assert_eq!(requests[1].path, "/2015-03-31/functions/scheduler-Function-1X/invocations");
}

#[test]
fn a_stack_that_is_not_there_or_not_ours_is_told_with_its_region() {
    let missing = refusing(400, "ValidationError", "Stack with id scheduler does not exist");
    let told = asked(&missing);
    assert_eq!((told.code, missing.requests().len()), (3, 1));
    assert_eq!(told.err, "error: there is no stack scheduler in eu-central-1: check --stack, --region and --profile\n");
    // A function of somebody else's, and a stack whose creation failed.
    for (status, outputs) in [("CREATE_COMPLETE", &OURS[1..]), ("ROLLBACK_COMPLETE", &[])] {
        let aws = with_outputs(status, outputs);
        let told = asked(&aws);
        assert_eq!((told.code, aws.requests().len()), (3, 1), "{}", told.err);
        let said = format!("stack scheduler in eu-central-1 ({status}) has no function of Throughput Scheduler");
        assert!(told.err.contains(&said), "{}", told.err);
    }
}

#[test]
fn whoever_may_not_look_at_a_stack_is_told_the_cure() {
    let told = asked(&refusing(403, "AccessDenied", "User: a is not authorized"));
    assert_eq!(told.code, 3);
    assert!(told.err.contains("allow cloudformation:DescribeStacks, or give --function: AccessDenied"), "{}", told.err);
}

#[test]
fn a_stack_and_a_function_exclude_each_other() {
    for verb in [&["status"][..], &["doctor"], &["plan", "tokyo.yaml"], &["retire", "a", "--yes"]] {
        let both = run(&[verb, &["--stack", "a", "--function", "b"]].concat());
        assert!(both.code == 2 && both.err.contains("give --stack or --function, not both"), "{}", both.err);
    }
}
