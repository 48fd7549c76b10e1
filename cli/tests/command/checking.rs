//! `check`: every mistake on its line, and exit codes that a pipeline can use.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use throughput_cli::arguments::Colour;
use throughput_cli::check;
use throughput_cli::source::{self, Source};
use throughput_cli::terminal::Terminal;

use crate::{Call, command, run};

/// `line:column path` of every finding.
fn places(file: &str) -> Vec<String> {
    let call = run(&["check", file, "--format", "json"]);
    let findings: Vec<Value> = serde_json::from_str(&call.out).unwrap();
    let place = |finding: &Value| {
        format!("{}:{} {}", finding["Line"], finding["Column"], finding["Path"].as_str().unwrap_or_default())
    };
    findings.iter().map(place).collect()
}

#[test]
fn every_mistake_of_a_yaml_file_is_shown_on_its_line() {
    let call = run(&["check", "mistakes.yaml"]);
    assert_eq!(call.code, 1);
    insta::assert_snapshot!(call.out);
}

#[test]
fn mistakes_in_yaml_are_placed_at_the_value_or_at_the_key() {
    assert_eq!(
        places("mistakes.yaml"),
        [
            "2:7 Name",
            "4:13 ModelUnits",
            "6:42 AgentAliases[0].AgentAliasId",
            "7:1 Timetable.Timezone",
            "10:7 Timetable.Windows[1]",
            "11:40 Timetable.Windows[2].ModelUnit",
            "12:37 Timetable.Holidays[1]",
            "13:11 LeadTime",
            "15:3 Tags.aws:team",
        ]
    );
}

#[test]
fn mistakes_in_a_list_in_json_are_placed_and_columns_count_characters() {
    assert_eq!(
        places("mistakes.json"),
        [
            "6:19 [0].Timetable.Timezone",
            "9:20 [0].Timetable.Exceptions[0].Window",
            "15:28 [1].Commitment.Name",
            "15:48 [1].Commitment.ModelId",
            "17:60 [2].State",
        ]
    );
}

#[test]
fn what_only_a_deployment_knows_is_well_formed_and_the_rest_of_a_template_is_checked() {
    assert_eq!(
        places("template.yaml"),
        [
            "30:13 Resources.Support.Properties.Timetable.Windows[2]",
            "32:65 Resources.Support.Properties.Timetable.Exceptions[0].State",
            "33:7 Resources.Support.Properties.Nam",
            "65:29 Resources.Morning.Properties.Target.Input: Commitment.ModelUnits",
            "76:49 Resources.Evening.Properties.Target.Input: Name",
            "82:94 Resources.Noon.Properties.Target.Input: Commitment.Drian",
            "93:22 Resources.Night.Properties.Targets[0].Input.State",
            "95:15 Resources.Night.Properties.Targets[0].Input.Reson",
            "103:56 Resources.Function.Properties.Events.Weekly.Properties.Input: Name",
        ]
    );
}

#[test]
fn three_mistakes_in_two_resources_of_a_template_get_three_messages_on_their_lines() {
    let template = "\
Resources:
  Support:
    Type: Custom::ProvisionedThroughput
    Properties:
      ServiceToken: !ImportValue throughput-scheduler
      ModelId: !Ref Model
      ModelUnits: two
      Timetable:
        Timezone: Asia/Tokio
        Windows: [!Ref Window, Mon-Fri 08:00-20:00]
  Night:
    Type: Custom::ProvisionedThroughput
    Properties:
      ServiceToken: !ImportValue throughput-scheduler
      ModelId: amazon.nova-lite-v1:0:24k
      LeadTime: soon
";
    let (code, out) = check_input(template);
    assert_eq!(code, 1, "{out}");
    let starting = |start: &str| {
        let lines = out.lines().map(str::trim).filter_map(|line| line.strip_prefix(start).map(str::to_owned));
        lines.collect::<Vec<String>>()
    };
    assert_eq!(starting("--> "), ["<stdin>:7:19", "<stdin>:9:19", "<stdin>:16:17"], "{out}");
    assert_eq!(starting("error: ").len(), 3, "{out}");
    for path in ["Support.Properties.ModelUnits", "Support.Properties.Timetable.Timezone", "Night.Properties.LeadTime"]
    {
        assert_eq!(out.matches(path).count(), 1, "{path}: {out}");
    }
}

#[test]
fn a_loop_of_a_template_is_said_to_be_passed_over() {
    let template = |kind: &str| {
        format!(
            "Resources:\n  Fn::ForEach::Teams:\n    - Team\n    - [a, b]\n    - Agent${{Team}}: {{Type: '{kind}', Properties: {{}}}}\n"
        )
    };
    let (code, out) = check_input(&template("Custom::ProvisionedThroughput"));
    assert!(code == 0 && out.contains("warning: Resources.Fn::ForEach::Teams is not looked into"), "{out}");
    assert!(!check_input(&template("AWS::S3::Bucket")).1.contains("warning"));
}

#[test]
fn a_workflow_is_told_in_annotations() {
    let call = run(&["check", "template.yaml", "mistakes.json", "--format", "github"]);
    assert_eq!(call.code, 1);
    insta::assert_snapshot!(call.out);
}

/// CloudFormation reads YAML 1.1, as the AWS CLI's own `yamlhelper.py` says where it puts such words in quotes.
#[test]
fn a_bare_on_is_true_to_a_stack_and_on_everywhere_else() {
    let commitment = |state: &str| {
        format!(
            "{{ModelId: x.y:24k, Tags: {{team: no}}, Timetable: {{Timezone: UTC, Exceptions: \
             [{{Window: 2026-12-28T10:00/2026-12-28T16:00, State: {state}}}]}}, "
        )
    };
    let stack = |state: &str| {
        let properties = commitment(state);
        check_input(&format!("Resources: {{A: {{Type: 'Custom::ProvisionedThroughput', Properties: {properties}}}}}}}"))
    };
    let (code, out) = stack("On");
    assert_eq!(code, 0, "the function takes it, for it means the same: {out}");
    assert_eq!(out.matches("is `true` or `false` to CloudFormation").count(), 2, "{out}");
    let (code, out) = stack("'On'");
    assert_eq!(code, 0, "{out}");
    assert!(
        out.ends_with("1 commitment in 1 file: no mistakes, 1 warning\n"),
        "the tag is a text, if another one: {out}"
    );
    let (code, out) = check_input(&format!("{}Name: a}}", commitment("On")));
    assert_eq!((code, out.as_str()), (0, "1 commitment in 1 file: no mistakes\n"));
}

/// Checks what stands in standard input.
pub(crate) fn check_input(text: &str) -> (i32, String) {
    let call = with_input(&["check", "-"], text);
    (call.code, call.out)
}

/// Runs the command with `arguments`, and `text` in standard input.
pub(crate) fn with_input(arguments: &[&str], text: &str) -> Call {
    let pipe = Stdio::piped;
    let mut child = command(arguments).stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Call { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn a_file_that_is_no_yaml_is_a_mistake_on_its_line() {
    let (code, out) = check_input("Name: a\nModelId: [x.y\n");
    assert_eq!(code, 1);
    assert!(out.contains("<stdin>:2:14"), "{out}");
}

#[test]
fn a_key_that_stands_twice_and_an_empty_file_are_mistakes() {
    let (code, out) = check_input("Name: a\nModelId: x.y:24k\nName: b\n");
    assert!(code == 1 && out.contains("this key stands here twice") && out.contains("<stdin>:3:1"), "{out}");
    let (code, out) = check_input("");
    assert!(code == 1 && out.contains("is empty"), "{out}");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_shift_nothing() {
    let (code, out) = check_input("\u{feff}Name: a\r\nModelId: x.y\r\nModelUnits: zwei\r\n");
    assert!(code == 1 && out.contains("<stdin>:3:13"), "{out}");
}

#[test]
fn an_alias_of_yaml_is_read_where_it_is_used() {
    let (code, out) = check_input("- {Name: a, ModelId: &model 'x.y:24k'}\n- {Name: b, ModelId: *model}\n");
    assert_eq!((code, out.as_str()), (0, "2 commitments in 1 file: no mistakes\n"));
}

#[test]
fn aliases_cannot_fill_the_memory() {
    let level = |level: usize| {
        let below = if level == 0 { "x".to_owned() } else { format!("*a{}", level - 1) };
        format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", "))
    };
    let bomb: Vec<String> = (0..9).map(level).collect();
    let (code, out) = check_input(&bomb.concat());
    assert!(code == 1 && out.contains("more values than any declaration"), "{out}");
}

#[test]
fn what_is_nested_without_end_is_refused() {
    let block: String = (0..20_000).map(|depth| format!("{:depth$}a:\n", "")).take(2_000).collect();
    let flow = format!("a: {}", "[".repeat(20_000));
    let closed = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
    for nested in [block, flow, closed, "- ".repeat(20_000)] {
        let (code, out) = check_input(&nested);
        assert_eq!(code, 1, "{}", &nested[..20]);
        assert!(out.contains("error: "), "{out}");
    }
}

#[test]
fn a_tab_is_shown_where_it_stands() {
    let (code, out) = check_input("Name: a\n\tModelId: x.y:24k\n");
    assert!(code == 1 && out.contains("<stdin>:2:1") && out.contains("help: indent with spaces"), "{out}");
}

#[test]
fn a_merge_key_is_read_and_what_stands_there_itself_goes_first() {
    let (code, out) = check_input("- &a {Name: a, ModelId: x.y:24k}\n- <<: *a\n  Name: b\n");
    assert_eq!((code, out.as_str()), (0, "2 commitments in 1 file: no mistakes\n"));
    let stack = |properties: &str| {
        check_input(&format!(
            "Base: &base {{ModelId: x.y:24k, LeadTime: soon}}\nOther: &other {{LeadTime: 1h}}\nResources:\n  A:\n    \
             Type: Custom::ProvisionedThroughput\n    Properties:\n      ServiceToken: x\n{properties}"
        ))
    };
    let (code, out) = stack("      <<: *base\n");
    assert!(code == 1 && out.contains("`soon` is not a duration") && out.contains("<stdin>:1:42"), "{out}");
    assert!(out.contains("warning: Resources.A.Properties.<< is a merge key"), "{out}");
    for right in [
        "      <<: *base\n      LeadTime: 2h\n",
        "      LeadTime: 2h\n      <<: *base\n",
        "      <<: [*other, *base]\n",
        "      <<: *base\n      <<: *other\n",
    ] {
        let (code, out) = stack(right);
        assert_eq!(code, 0, "{right}{out}");
    }
    let (code, out) = stack("      <<: [*base, *other]\n");
    assert!(code == 1 && out.contains("`soon`"), "{out}");
}

#[test]
fn documents_without_anything_are_passed_over() {
    assert_eq!(check_input("---\nName: a\nModelId: x.y:24k\n---\n").1, "1 commitment in 1 file: no mistakes\n");
    for empty in ["---\n", "# nothing\n", "---\n---\n", "~"] {
        let (code, out) = check_input(empty);
        assert!(code == 1 && out.contains("error: is empty"), "{out}");
    }
}

#[test]
fn an_alias_does_not_reach_into_another_document() {
    let (code, out) = check_input("&a {Name: a, ModelId: x.y:24k}\n---\n*a\n");
    assert!(code == 1 && out.contains("<stdin>:3:1"), "{out}");
}

#[test]
fn a_file_that_breaks_off_anywhere_is_shown_without_a_panic() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let terminal =
        Terminal { colour: Colour::Never, width: Some(80), ascii: false, is_terminal: false, can_ask: false };
    for file in ["template.yaml", "mistakes.json", "mistakes.yaml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for (end, _) in text.char_indices() {
            let source = Source { path: file.to_owned(), text: text[..end].to_owned() };
            let contents = source::read(&source);
            let shown = check::shown(&source, &contents.findings, &terminal);
            assert_eq!(shown.is_empty(), contents.findings.is_empty(), "{file} up to {end}");
        }
    }
}

#[test]
fn properties_of_a_request_are_read_as_those_of_a_resource() {
    let request = "RequestType: Create\nLogicalResourceId: Support\nResourceProperties:\n  ServiceToken: arn\n  \
                   ModelId: x.y:24k\n  ModelUnits: '2'\n  Name: no\n";
    let (code, out) = check_input(request);
    assert!(code == 1 && out.contains("ResourceProperties.Name is not a known key"), "{out}");
}

#[test]
fn the_samples_have_no_mistakes() {
    let events = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")).unwrap();
    let events: Vec<String> = events.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()).collect();
    let arguments: Vec<&str> = ["check"].into_iter().chain(events.iter().map(String::as_str)).collect();
    let call = run(&arguments);
    assert_eq!(call.code, 0, "{}", call.out);
}

#[test]
fn exit_codes_tell_mistakes_from_files_that_cannot_be_read() {
    assert_eq!(run(&["check", "tokyo.yaml", "berlin.yaml"]).code, 0);
    assert_eq!(run(&["check", "tokyo.yaml", "mistakes.yaml"]).code, 1);
    let missing = run(&["check", "nowhere.yaml"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.starts_with("error: cannot read nowhere.yaml: "), "{}", missing.err);
    let one_missing = run(&["check", "nowhere.yaml", "mistakes.yaml"]);
    assert!(one_missing.code == 2 && one_missing.out.contains("mistakes.yaml:"), "the others are checked all the same");
    assert!(one_missing.err.contains("cannot read nowhere.yaml: "), "{}", one_missing.err);
    assert_eq!(run(&["check"]).code, 2);
    assert_eq!(run(&["check", "tokyo.yaml", "--format", "yaml"]).code, 2);
}
