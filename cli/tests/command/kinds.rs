//! What people write in a hundred ways: files that other tools read, values that only a deployment knows, names of places, and
//! declarations that are right and not meant.

use crate::checking::check_input;
use crate::{Call, run};

fn check(file: &str) -> Call {
    run(&["check", &format!("kinds/{file}")])
}

/// The file has no mistake, and as many warnings.
fn is_right(file: &str, warnings: usize) -> String {
    let call = check(file);
    assert_eq!(call.code, 0, "{file}: {}", call.out);
    assert_eq!(call.out.matches("warning: ").count(), warnings, "{file}: {}", call.out);
    call.out
}

#[test]
fn json_is_read_as_json() {
    is_right("surrogate.json", 0);
    let (code, out) = check_input(
        "{\n\t\"Name\": \"a\\/b\",\n\t\"ModelId\": \"x.y:24k\",\n\t\"Tags\": {\"a\": \"\\ud83d\\ude80\"}\n}",
    );
    assert!(code == 1 && out.contains("`a/b` is not a name") && out.contains("<stdin>:2:10"), "{out}");
    assert!(out.contains("<stdin>:4:16"), "{out}");
    // What is no JSON may be YAML all the same.
    assert_eq!(check_input("{Name: a, ModelId: 'x.y:24k'}").0, 0);
}

#[test]
fn what_is_quoted_or_in_brackets_may_go_on_at_any_column() {
    is_right("col0.yaml", 0);
    let call = check("flow0.yaml");
    assert!(call.code == 1 && call.out.contains("Tags.a: a list of 2 is not a single value"), "{}", call.out);
    assert!(call.out.contains("flow0.yaml:8:14"), "{}", call.out);
    let (code, out) =
        check_input("Name: a\nModelId: x.y:24k\nTags: {a: 'one\n\n two\n',\nb: [1,\n2]\n}\nLeadTime: soon\n");
    assert!(code == 1 && out.contains("<stdin>:10:11") && out.contains("<stdin>:7:1"), "{out}");
    // What is not in brackets is what it was.
    assert_eq!(check_input("Name: a\nTags:\n    a: 1\n  b: 2\nModelId: x.y:24k\n").0, 1);
}

#[test]
fn what_only_a_deployment_knows_is_no_mistake() {
    is_right("resolve.yaml", 0);
    is_right("ssmparam.yaml", 0);
    let preview = run(&["preview", "kinds/ssmparam.yaml"]);
    assert_eq!(preview.code, 0, "{}", preview.err);
    for kind in ["String", "List<String>", "CommaDelimitedList", "AWS::EC2::Image::Id"] {
        let (code, out) = check_input(&format!(
            "Parameters:\n  P: {{Type: 'AWS::SSM::Parameter::Value<{kind}>', Default: /no/such name}}\nResources:\n  T:\n    \
             Type: Custom::ProvisionedThroughput\n    Properties: {{ServiceToken: x, ModelId: !Ref P, ModelUnits: !Ref P}}\n"
        ));
        assert_eq!(code, 0, "{kind}: {out}");
    }
    let input = |value: &str| {
        check_input(&format!(
            "Resources:\n  S:\n    Type: AWS::Scheduler::Schedule\n    Properties:\n      Target:\n        Arn: !ImportValue x\n        \
             Input: '{{\"Action\": \"ScaleUp\", \"Commitment\": {{\"Name\": \"a\", \"ModelId\": \"{value}\"}}}}'\n"
        ))
    };
    assert_eq!(input("{{resolve:ssm:/bedrock/model}}").0, 0);
    assert_eq!(input("no model").0, 1);
}

#[test]
fn what_a_stack_cannot_leave_out_is_as_if_absent() {
    is_right("emptystr.yaml", 0);
    let preview = run(&["preview", "kinds/emptystr.yaml"]);
    assert_eq!(preview.code, 0, "{}", preview.err);
}

#[test]
fn numbers_that_two_versions_of_yaml_read_differently_are_warned_of() {
    let out = is_right("octal.yaml", 7);
    for said in ["ModelUnits is `8` to CloudFormation", "owner is `21913025`", "build is `1000`", "ratio is `90`"] {
        assert!(out.contains(said), "{said}: {out}");
    }
    let preview = run(&["preview", "kinds/octal.yaml"]);
    assert!(preview.code == 0 && preview.out.contains("on 8"), "{}{}", preview.out, preview.err);

    let tag = |value: &str| {
        check_input(&format!(
            "Resources:\n  T:\n    Type: Custom::ProvisionedThroughput\n    Properties: {{ServiceToken: x, ModelId: 'x.y:24k', Tags: \
             {{a: {value}}}}}\n"
        ))
        .1
    };
    for (written, read) in [
        ("010", "8"),
        ("-010", "-8"),
        ("0b101", "5"),
        ("0x1F", "31"),
        ("1_000", "1000"),
        ("20:30", "1230"),
        ("20:30:00", "73800"),
        ("190:20:30", "685230"),
    ] {
        assert!(tag(written).contains(&format!("is `{read}` to CloudFormation")), "{written}: {}", tag(written));
    }
    for same in ["08:00", "09", "0o10", "1:60", "8", "0", "-1", "1.5", "2026-12-29", "12-25", "'010'", "1-000", "a_b"] {
        assert!(!tag(same).contains("warning"), "{same}: {}", tag(same));
    }
    let (code, out) = check_input("Name: a\nModelId: x.y:24k\nModelUnits: 010\n");
    assert!(code == 0 && out.contains("is `8` to readers of YAML 1.1"), "{out}");
}

#[test]
fn what_is_somebody_elses_is_left_alone() {
    for file in ["foreign.yaml", "foreignaction.yaml"] {
        assert!(is_right(file, 0).contains("0 commitments in 1 file"));
    }
    is_right("dupmerge.yaml", 0);
    let resource = |kind: &str, token: &str, properties: &str| {
        check_input(&format!(
            "Resources:\n  Python: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13}}}}\n  Ours: {{Type: \
             AWS::Serverless::Function, Properties: {{Runtime: provided.al2023, Environment: {{Variables: {{SCHEDULE_GROUP: g}}}}}}}}\n  \
             T: {{Type: {kind}, Properties: {{ServiceToken: {token}, {properties}}}}}\n"
        ))
        .1
    };
    for token in ["!GetAtt Python.Arn", "{'Fn::GetAtt': [Python, Arn]}", "!Sub '${Python.Arn}'", "!ImportValue other"] {
        let out = resource("Custom::Prompt", token, "ModelId: 'no model'");
        assert!(out.starts_with("<stdin>: declares nothing"), "{token}: {out}");
    }
    for token in ["!GetAtt Ours.Arn", "!ImportValue throughput-scheduler-ServiceToken", "arn:x:function:my-Throughput"]
    {
        for kind in ["Custom::Capacity", "AWS::CloudFormation::CustomResource"] {
            let out = resource(kind, token, "ModelId: 'no model'");
            assert!(out.contains("`no model` is not a model id"), "{kind} {token}: {out}");
        }
    }
    // The type, or keys that only ours have, tell it too.
    assert!(resource("Custom::ProvisionedThroughput", "!Ref Token", "ModelId: 'no model'").contains("`no model`"));
    assert!(resource("Custom::X", "!Ref Token", "ModelId: 'no model', ModelUnits: 1").contains("`no model`"));
}

#[test]
fn a_schedule_is_ours_by_its_target_or_by_what_it_sends() {
    let schedule = |target: &str, input: &str| {
        check_input(&format!(
            "Resources:\n  F: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x}}}}\n  S:\n    Type: \
             AWS::Scheduler::Schedule\n    Properties: {{Target: {{Arn: {target}, Input: '{input}'}}}}\n"
        ))
        .1
    };
    let declares_nothing = |out: String| assert!(out.starts_with("<stdin>: declares nothing"), "{out}");
    declares_nothing(schedule("!GetAtt F.Arn", r#"{"Action": "Retire", "Name": "a b"}"#));
    declares_nothing(schedule("!Ref Function", r#"{"Action": "start", "Name": "a b"}"#));
    assert!(schedule("!Ref Function", r#"{"Action": "Retire", "Name": "a b"}"#).contains("`a b` is not a name"));
    assert!(schedule("!Ref Function", r#"{"Action": "ScaleUpp", "Name": "a"}"#).contains("ScaleUp"));
    assert!(schedule("!ImportValue throughput-scheduler", r#"{"Action": "start", "Name": "a"}"#).contains("`start`"));
}

#[test]
fn a_mistake_in_a_resource_that_merges_another_is_found() {
    let call = check("mergebase.yaml");
    assert!(call.code == 1 && call.out.contains("`Monfri` is not a day") && call.out.contains(":8:"), "{}", call.out);
}

#[test]
fn keys_in_another_letter_case_are_told_with_the_right_one() {
    let call = check("cdk.json");
    assert_eq!(call.code, 1, "{}", call.out);
    for key in ["ModelId", "Timetable"] {
        assert!(call.out.contains(&format!("did you mean `{key}`?")), "{}", call.out);
    }
    assert!(!call.out.contains("is missing"), "{}", call.out);
}

#[test]
fn warnings_are_shown_and_are_mistakes_only_to_those_who_want_it_strict() {
    let call = run(&["check", "kinds/octal.yaml", "--strict"]);
    assert_eq!(call.code, 1);
    assert_eq!(run(&["check", "kinds/resolve.yaml", "--strict"]).code, 0);
    let timetable = |more: &str| {
        let (code, out) = check_input(&format!(
            "Name: a\nModelId: x.y:24k\nTimetable:\n  Timezone: Asia/Tokyo\n  Exceptions: [{{Window: \
             2020-01-01T00:00/2020-01-02T00:00, State: On}}]\n{more}"
        ));
        assert_eq!(code, 0, "{out}");
        out
    };
    let out = timetable("");
    assert!(out.contains("it is never on again") && out.contains("2 warnings"), "{out}");
    let out = timetable("  Windows: [Mon 08:00-20:00]\n  Holidays: [2020-01-01]\n");
    assert!(out.contains("all holidays are past, the last was 2020-01-01"), "{out}");
    assert!(!timetable("  Windows: [Mon 08:00-20:00]\n  Holidays: [12-25]\n").contains("holidays"));
}

#[test]
fn one_name_one_alias_and_one_parameter_belong_to_one_commitment() {
    let alias = "AgentAliases: [{AgentId: ABCDEFGHIJ, AgentAliasId: KLMNOPQRST}]";
    let two = |first: &str, second: &str| {
        check_input(&format!("- {{ModelId: 'x.y:24k', {first}}}\n- {{ModelId: 'x.y:24k', {second}}}\n"))
    };
    let (code, out) = two("Name: a", "Name: a");
    assert!(code == 1 && out.contains("`a` is declared above, too") && out.contains("<stdin>:2:"), "{out}");
    let (code, out) = two(&format!("Name: a, {alias}"), &format!("Name: b, {alias}"));
    assert!(code == 1 && out.contains("alias ABCDEFGHIJ/KLMNOPQRST is declared by a of <stdin>, too"), "{out}");
    let (code, out) = two("Name: a, ModelIdParameter: /a", "Name: b, ModelIdParameter: /a");
    assert!(code == 1 && out.contains("parameter /a is declared by a"), "{out}");
    assert_eq!(two("Name: a", "Name: b").0, 0);
    let files = run(&["check", "tokyo.yaml", "kinds/same.yaml"]);
    assert!(files.code == 1 && files.out.contains("is declared in tokyo.yaml, too"), "{}", files.out);
    // Two actions may speak of the same commitment.
    let actions = "- {Action: ScaleUp, Commitment: {Name: a, ModelId: 'x.y:24k'}}\n- {Action: ScaleDown, Commitment: {Name: a, \
                   ModelId: 'x.y:24k'}}\n";
    assert_eq!(check_input(actions).0, 0);
}

#[test]
fn what_can_hardly_be_meant_is_refused_or_warned_of() {
    let model = |id: &str, more: &str| check_input(&format!("Name: a\nModelId: {id}\n{more}"));
    let arn = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abcdefghijkl";
    let (code, out) = model(arn, "");
    assert!(code == 1 && out.contains("is a provisioned throughput"), "{out}");
    let (code, out) = model("eu.amazon.nova-lite-v1:0", "");
    assert!(code == 1 && out.contains("is an inference profile"), "{out}");
    let (code, out) = model("amazon.nova-lite-v1:0", "");
    assert!(code == 0 && out.contains("warning: `amazon.nova-lite-v1:0` has no context length"), "{out}");
    let (code, out) = model("amazon.nova-lite-v1:0:24k", "ModelUnits: 5000\n");
    assert!(code == 0 && out.contains("warning: `5000` model units"), "{out}");
    for right in ["amazon.nova-lite-v1:0:24k", "my-custom-model"] {
        assert!(!model(right, "").1.contains("warning"), "{right}");
    }
}

#[test]
fn days_are_understood_as_people_say_them() {
    for from in ["today", "tomorrow", "monday", "next monday", "next week", "in 3 days", "2026-12-28", "Fri"] {
        let call = run(&["preview", "tokyo.yaml", "--from", from]);
        assert_eq!(call.code, 0, "{from}: {}", call.err);
    }
    let call = run(&["preview", "tokyo.yaml", "--from", "someday"]);
    assert!(call.code == 2 && call.err.contains("tomorrow"), "{}", call.err);
    for at in ["now", "18:00", "tomorrow 09:00", "monday 9:00", "tomorrow"] {
        let call = run(&["explain", "tokyo.yaml", "--at", at]);
        assert_eq!(call.code, 0, "{at}: {}", call.err);
    }
}
