//! `init`: what is asked, what is refused, and what is written.

use std::fs;
use std::path::PathBuf;

use clap::Parser;
use serde_json::{Value, json};
use throughput_cli::arguments::{Arguments, Verb};
use throughput_cli::init::questions::{Answers, Asks};
use throughput_cli::init::written;

use crate::{Call, call, command};

const MODEL: [&str; 2] = ["--model-id", "amazon.nova-lite-v1:0:24k"];

/// A directory of its own.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("init").join(name);
    let _gone = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn init(directory: &PathBuf, arguments: &[&str]) -> Call {
    call(command(&[&["init"], arguments].concat()).current_dir(directory))
}

fn checked(directory: &PathBuf, file: &str) -> Call {
    call(command(&["check", file, "--strict"]).current_dir(directory))
}

/// What is asked of a person who answers `lines`, and what they come to.
fn asked(options: &[&str], lines: &str) -> (String, Result<Answers, String>) {
    let arguments = Arguments::try_parse_from([&["throughput", "init"], options].concat()).unwrap();
    let Verb::Init(wanted) = arguments.verb else { panic!("another verb") };
    let mut questions = Vec::new();
    let asks = Asks { answers: lines.as_bytes(), questions: &mut questions };
    let answers = Answers::of(&wanted, Some(asks)).map_err(|failure| failure.to_string());
    (String::from_utf8(questions).unwrap(), answers)
}

#[test]
fn options_alone_write_what_passes_the_check() {
    let directory = directory("options");
    let given = [
        &["support.yaml", "--name", "support-agent", "--region", "us-east-1", "--units", "2", "--price", "21.18"][..],
        &MODEL,
        &["--alias", "ABCDEFGHIJ/KLMNOPQRST", "--timezone", "Asia/Tokyo"],
        &["--window", "Mon-Fri 08:00-20:00", "--window", "Sat 10:00-14:00"],
    ];
    let written = init(&directory, &given.concat());
    assert_eq!((written.code, written.err.as_str()), (0, ""));
    assert!(written.out.starts_with("wrote support.yaml\n"), "{}", written.out);
    assert!(written.out.contains("throughput apply support.yaml --region us-east-1"), "{}", written.out);
    assert_eq!(
        fs::read_to_string(directory.join("support.yaml")).unwrap(),
        "# For the function in us-east-1.\n\
         Name: support-agent\n\
         ModelId: amazon.nova-lite-v1:0:24k\n\
         ModelUnits: 2\n\
         AgentAliases:\n\
         \x20 - { AgentId: ABCDEFGHIJ, AgentAliasId: KLMNOPQRST }\n\
         Timetable:\n\
         \x20 Timezone: Asia/Tokyo\n\
         \x20 Windows:\n\
         \x20   - Mon-Fri 08:00-20:00\n\
         \x20   - Sat 10:00-14:00\n\
         PricePerUnitHour: 21.18\n"
    );
    let check = checked(&directory, "support.yaml");
    assert_eq!(check.code, 0, "{}", check.out);
}

#[test]
fn the_least_is_a_model() {
    let directory = directory("least");
    let least = init(&directory, &MODEL);
    assert_eq!(least.code, 0, "{}", least.err);
    assert_eq!(checked(&directory, "support-agent.yaml").code, 0);
    let none = init(&directory, &["other.yaml"]);
    assert!(none.code == 2 && none.err.contains("give --model-id: there is nobody to ask"), "{}", none.err);
    let printed = init(&directory, &[&["-"], &MODEL[..]].concat());
    assert_eq!(printed.out, "Name: support-agent\nModelId: amazon.nova-lite-v1:0:24k\nModelUnits: 1\n");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing but the first was written");
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let directory = directory("there");
    fs::write(directory.join("support-agent.yaml"), "mine").unwrap();
    for file in [&["support-agent.yaml"][..], &[]] {
        let refused = init(&directory, &[file, &MODEL].concat());
        assert!(refused.code == 2 && refused.err.contains("is there already"), "{}", refused.err);
    }
    assert_eq!(fs::read_to_string(directory.join("support-agent.yaml")).unwrap(), "mine");
}

#[test]
fn a_template_passes_the_check_and_holds_its_region() {
    let directory = directory("template");
    let given =
        ["stack.yaml", "--template", "--region", "us-east-1", "--timezone", "UTC", "--window", "Daily 08:00-20:00"];
    let written = init(&directory, &[&given[..], &MODEL].concat());
    assert_eq!(written.code, 0, "{}", written.err);
    assert!(written.out.contains("aws cloudformation deploy --template-file stack.yaml"), "{}", written.out);
    let check = checked(&directory, "stack.yaml");
    assert!(check.code == 0 && check.out.contains("1 commitment in 1 file"), "{}", check.out);
    let text = fs::read_to_string(directory.join("stack.yaml")).unwrap();
    for said in ["  SupportAgent:\n    Type: Custom::ProvisionedThroughput\n", "!Equals [!Ref AWS::Region, us-east-1]"]
    {
        assert!(text.contains(said), "{text}");
    }
    assert!(!text.contains("Name: support-agent\n"), "a custom resource derives its name: {text}");
    let preview = call(command(&["preview", "stack.yaml"]).current_dir(&directory));
    assert_eq!(preview.code, 0, "{}", preview.err);
}

#[test]
fn what_is_wrong_is_said_with_its_option() {
    let directory = directory("wrong");
    for (options, said) in [
        (&["--name", "a b"][..], "--name: `a b`"),
        (&["--region", "Frankfurt"], "--region: `Frankfurt` is no Region"),
        (&["--units", "none"], "--units: `none`"),
        (&["--alias", "ABCDEFGHIJ"], "--alias: `ABCDEFGHIJ` is no AGENTID/ALIASID"),
        (&["--alias", "short/KLMNOPQRST"], "--alias: `short`"),
        (&["--timezone", "JST", "--window", "Mon 08:00-09:00"], "Asia/Tokyo"),
        (&["--window", "Mon 08:00-09:00"], "--window: a window needs --timezone"),
        (&["--timezone", "UTC", "--window", "Monfri 08:00-20:00"], "--window: `Monfri`"),
        (&["--timezone", "UTC"], "give --window"),
        (&["--price", "cheap"], "--price: `cheap`"),
        (&["--model-id", "eu.amazon.nova-lite-v1:0"], "--model-id: "),
    ] {
        let model = if options[0] == "--model-id" { &[][..] } else { &MODEL };
        let refused = init(&directory, &[&["a.yaml"], options, model].concat());
        assert!(refused.code == 2 && refused.err.contains(said), "{said}: {}", refused.err);
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_meant_is_asked_again() {
    let lines = "a b\nsales\n\n\namazon.nova-pro-v1:0:24k\ntwo\n2\nABCDEFGHIJ/KLMNOPQRST\n\nBerlin\nEurope/Berlin\n\n\
                 Monfri 08:00-20:00\nMon-Fri 08:00-20:00\n\n21.18\n";
    let (questions, answers) = asked(&[], lines);
    let answers = answers.unwrap();
    assert_eq!(
        answers.commitment(),
        json!({
            "Name": "sales", "ModelId": "amazon.nova-pro-v1:0:24k", "ModelUnits": 2,
            "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}],
            "Timetable": {"Timezone": "Europe/Berlin", "Windows": ["Mon-Fri 08:00-20:00"]},
            "PricePerUnitHour": "21.18",
        })
    );
    for said in ["`a b`", "an answer is needed", "`two`", "Europe/Berlin", "`Monfri`"] {
        assert!(questions.contains(said), "{said}: {questions}");
    }
    assert_eq!(questions.matches("(empty: no other window)").count(), 1, "a first one must be: {questions}");
    assert!(written::commitment(&answers).ends_with("PricePerUnitHour: 21.18\n"));
}

#[test]
fn only_what_no_option_says_is_asked() {
    let (questions, answers) = asked(&[&MODEL[..], &["--name", "a", "--units", "1"]].concat(), "us-east-1\n\n\n\n");
    let answers = answers.unwrap();
    assert_eq!(answers.region.as_deref(), Some("us-east-1"));
    assert_eq!(answers.commitment(), json!({"Name": "a", "ModelId": MODEL[1], "ModelUnits": 1}));
    assert!(!questions.contains("Which model") && !questions.contains("When is it wanted"), "{questions}");
    let (_, ended) = asked(&[], "sales\n");
    assert_eq!(ended.unwrap_err(), "the answers ended: nothing was written");
}

#[test]
fn a_program_is_told_what_was_written() {
    let directory = directory("json");
    let told = init(&directory, &["a.yaml", "--model-id", "amazon.nova-lite-v1:0", "--output", "json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["File"], &told["Commitment"]["Name"]), (&json!("a.yaml"), &json!("support-agent")));
    assert!(told["Warnings"][0].as_str().unwrap().contains("has no context length"), "{told}");
}
