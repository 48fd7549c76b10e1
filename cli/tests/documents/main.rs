//! Is what the documents say so? Every command and sample in them is run, or read by what reads it in earnest.
//!
//! What no rule knows fails: whoever writes a new kind of block says here how it is checked.

#![expect(clippy::unwrap_used, reason = "a test stops at what it must not meet")]

mod commands;
mod markdown;
mod template;

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use policy::event;
use serde_json::{Value, json};
use throughput_cli::arguments::Arguments;
use throughput_cli::source::{self, Source};

use crate::commands::{Shell, cargo, is_action, lines, make, split};
use crate::markdown::{Block, codes, document, documents, read, root};
use crate::template::Template;

const README: &str = "README.md";
const REFERENCE: &str = "docs/reference.md";
const RUNBOOK: &str = "docs/operations.md";

/// A directory of its own with what the documents' commands are about: the reference's sample, one with a mistake, a template.
fn samples(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents").join(name);
    fs::create_dir_all(&directory).unwrap();
    let reference = document(REFERENCE);
    let is_sample = |block: &&Block| block.language == "yaml" && block.text.starts_with("Name: support-agent\n");
    let sample = &reference.blocks.iter().find(is_sample).unwrap().text;
    let wrong = "\
# A day that is none.
Name: support-agent
ModelId: amazon.nova-lite-v1:0:24k
ModelUnits: 1
Timetable:
  Timezone: Asia/Tokyo
  Windows:
    - Monfri 08:00-20:00
";
    fs::write(directory.join("support.yaml"), sample).unwrap();
    fs::write(directory.join("wrong.yaml"), wrong).unwrap();
    fs::write(directory.join("support-stack.yaml"), read("examples/business-hours.yaml")).unwrap();
    for week in ["office.csv", "shop.csv", "batch.csv"] {
        fs::write(directory.join(week), read(&format!("cli/tests/advise/usage/{week}"))).unwrap();
    }
    directory
}

#[test]
fn every_block_is_of_a_kind_that_a_test_reads() {
    for document in documents() {
        for Block { place, language, text } in &document.blocks {
            let is_picture = text.contains("00       03       06") && !text.contains("\n$ ");
            let is_diary = text.starts_with("  Tue 07:00  On: ");
            let is_flow = text.starts_with("event ──▶ ");
            let known = match language.as_str() {
                "sh" | "json" | "yaml" | "hcl" => true,
                // Played by cli/tests/runbook/.
                "console" => document.path == RUNBOOK && text.contains(", ALARM "),
                "" => text.starts_with("$ ") || is_picture || is_diary || is_flow,
                _ => false,
            };
            assert!(known, "{place}: no rule knows this block");
        }
    }
}

#[test]
fn every_line_for_a_shell_does_what_it_says_or_names_what_is_there() {
    let mut shell = Shell::new(&samples("lines"));
    for document in documents() {
        shell.forget_variables();
        for (line, place) in lines(&document, "sh") {
            shell.line(line, &place);
        }
    }
}

#[test]
fn a_line_that_no_rule_knows_fails() {
    let fails = |line: &str| {
        let directory = samples("unknown");
        std::panic::catch_unwind(|| Shell::new(&directory).line(line, "here")).is_err()
    };
    for line in [
        "rm -rf everything",
        "make coffee",
        "throughput status nobody",
        "throughput preview missing.yaml",
        "aws bedrock delete-everything --now",
        "aws scheduler list-schedules --group-name another",
        "./deploy MaxModelUnit=2",
        "make deploy YES=1 PARAMETERS=\"MaxModelUnit=2\"",
        r#"aws lambda invoke --function-name f --payload '{"Action":"Stop"}' /dev/stdout"#,
        "aws sqs purge-queue --queue-url $unset",
        "cargo install --path nowhere",
    ] {
        assert!(fails(line), "{line}");
    }
    assert!(!fails("make test   # every test"));
}

#[test]
fn a_session_prints_what_is_shown() {
    let shell = Shell::new(&samples("sessions"));
    for block in documents().iter().flat_map(|document| &document.blocks).filter(|block| block.text.starts_with("$ ")) {
        for session in format!("\n{}", block.text).split("\n$ ").skip(1) {
            let (command, shown) = session.split_once('\n').unwrap();
            let words = split(command).remove(0);
            assert_eq!(words[0], "throughput", "{}", block.place);
            let (_, said) = shell.call(&words[1..]);
            let mut said = said.lines().map(str::trim_end);
            for line in shown.lines().map(str::trim_end).filter(|line| !line.is_empty() && line.trim() != "…") {
                // What is left out, in lines or at the end of one, is marked.
                let is_shown =
                    |said: &str| line.strip_suffix('…').map_or(said == line, |start| said.starts_with(start));
                assert!(
                    said.any(is_shown),
                    "{}: `{command}` does not print, or not in this order:\n{line}",
                    block.place
                );
            }
        }
    }
}

#[test]
fn every_sample_is_read_without_a_mistake() {
    for document in documents() {
        for Block { place, language, text } in &document.blocks {
            if !["json", "yaml"].contains(&language.as_str()) {
                continue;
            }
            let is_resource = text.lines().any(|line| line.starts_with("  Type: "));
            let text = if is_resource { format!("Resources:\n  {}", text.replace('\n', "\n  ")) } else { text.clone() };
            let contents = source::read(&Source { path: place.clone(), text });
            assert!(contents.findings.is_empty(), "{place}: {:?}", contents.findings);
            assert_eq!(contents.declarations.len() + contents.actions, 1, "{place}: nothing is declared");
        }
    }
}

#[test]
fn commands_and_actions_within_lines_exist() {
    let command = Arguments::command();
    for document in documents() {
        for code in document.codes() {
            let place = format!("{}: `{code}`", document.path);
            if code.starts_with("{\"Action\"") {
                is_action(&code, &place);
                continue;
            }
            let words: Vec<String> = code.split_whitespace().map(str::to_owned).collect();
            let Some((tool, rest)) = words.split_first().filter(|(_, rest)| !rest.is_empty()) else { continue };
            match tool.as_str() {
                "make" => make(rest, &place),
                "cargo" => cargo(rest, &place),
                "throughput" if rest[0] == "…" => {}
                "throughput" => {
                    let verb = command.find_subcommand(&rest[0]).unwrap_or_else(|| panic!("{place} is no verb"));
                    for option in rest.iter().filter_map(|word| word.strip_prefix("--")) {
                        let is_known = |argument: &clap::Arg| argument.get_long() == Some(option);
                        assert!(verb.get_arguments().any(is_known), "{place}: no option --{option}");
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        for link in document.links().iter().filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let here = Path::new(&document.path);
            let target = if file.is_empty() { here.to_owned() } else { here.parent().unwrap().join(file) };
            let found = root().join(&target).canonicalize();
            let found = found.unwrap_or_else(|error| panic!("{}: {link}: {error}", document.path));
            assert!(found.starts_with(root()), "{}: {link} leaves the repository", document.path);
            if !anchor.is_empty() {
                let path = found.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                let anchors = markdown::document(&path).anchors();
                assert!(anchors.iter().any(|known| known == anchor), "{}: {link}: no such heading", document.path);
            }
        }
    }
}

#[test]
fn every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() {
    let template = Template::read();
    let alarms = sorted(template.of_types(&["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"]));
    let runbook = document(RUNBOOK);
    let sections = runbook.below("Alarms", 3).into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(sections), alarms);
    // The two that tell nobody are explained below the README's table.
    let told = document(README).first_cells("On call");
    let untold = ["NoTicks", "NothingRegistered"].map(str::to_owned);
    assert_eq!(sorted(told.into_iter().chain(untold).collect()), alarms);
}

#[test]
fn the_table_of_parameters_is_the_templates() {
    let template = Template::read();
    let rows = document(REFERENCE).rows("Parameters of the template");
    let mut parameters = Vec::new();
    for row in &rows {
        let (names, defaults) = (codes(&row[0]), codes(&row[1]));
        for (index, name) in names.iter().enumerate() {
            let default = if row[1] == "none" { "" } else { &defaults[index] };
            assert_eq!(template.default(name), default, "{name}");
        }
        parameters.extend(names);
    }
    assert_eq!(sorted(parameters), sorted(template.names("Parameters")));
    for guardrail in document("docs/security.md").first_cells("Guardrails") {
        assert!(template.names("Parameters").contains(&guardrail), "{guardrail}");
    }
    assert_eq!(sorted(document(REFERENCE).first_cells("Outputs")), sorted(template.names("Outputs")));
}

#[test]
fn the_table_of_settings_is_what_is_read() {
    let settings = read("policy/src/settings.rs");
    let is_name = |word: &&str| word.len() > 8 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let read_there = settings.split('"').skip(1).step_by(2).filter(is_name).map(str::to_owned);
    let by_lambda = ["AWS_LAMBDA_LOG_LEVEL", "AWS_LAMBDA_LOG_FORMAT"].map(str::to_owned);
    assert!(by_lambda.iter().all(|name| read("src/main.rs").contains(name.as_str())));
    let mut known = sorted(read_there.chain(by_lambda).collect());
    known.dedup();
    assert_eq!(sorted(document(REFERENCE).first_cells("Settings")), known);
}

#[test]
fn the_tables_of_actions_keys_and_verbs_are_whole() {
    let reference = document(REFERENCE);
    let actions = reference.first_cells("Actions");
    let message = event::read(json!({"Action": "none"})).unwrap_err().to_string();
    let accepted = message.split_once("; use ").unwrap().1;
    for action in accepted.split([' ', ',']).filter(|word| word.starts_with(char::is_uppercase)) {
        assert!(actions.iter().any(|known| known == action), "{action}");
    }
    let schema: Value = serde_json::from_str(&read("schema/commitment.schema.json")).unwrap();
    let keys = schema["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(sorted(reference.first_cells("A commitment")), sorted(keys));
    let verbs = reference.first_cells("The command");
    let mut verbs: Vec<&str> = verbs.iter().filter_map(|call| call.split(' ').next()).collect();
    verbs.sort_unstable();
    let command = Arguments::command();
    let mut known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    known.sort_unstable();
    assert_eq!(verbs, known);
}

#[test]
fn the_statements_of_the_functions_role_are_explained() {
    let explained = document("docs/security.md").first_cells("The function's role");
    assert_eq!(sorted(explained), sorted(Template::read().statements("FunctionRole")));
}

#[test]
fn paths_that_are_named_are_there() {
    for path in document("ARCHITECTURE.md").first_cells("Where things are") {
        assert!(root().join(&path).exists(), "{path}");
    }
}

#[test]
fn every_example_is_described_and_every_description_has_its_example() {
    let described = document("examples/README.md").headings;
    let described = described.into_iter().filter(|(depth, _)| *depth == 2).map(|(_, heading)| heading).collect();
    let files = fs::read_dir(root().join("examples")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(sorted(described), sorted(files.filter(|file| file != "README.md").collect()));
}

/// Terraform is not run here. What it is told of ours has to be there.
#[test]
fn what_terraform_is_told_is_there() {
    let mut stacks = 0;
    for document in documents() {
        for Block { place, text, .. } in document.blocks.iter().filter(|block| block.language == "hcl") {
            let Some((_, rest)) = text.split_once("file(\"") else { continue };
            stacks += 1;
            let example = read(rest.split_once('"').unwrap().0);
            let given = text.split_once("parameters    = { ").unwrap().1.split_once(" }").unwrap().0;
            for parameter in given.split(", ").map(|given| given.split_once(" = ").unwrap().0) {
                assert!(example.contains(&format!("\n  {parameter}:\n")), "{place}: no parameter {parameter}");
            }
        }
    }
    assert!(stacks > 0, "no document shows Terraform");
}

#[test]
fn documents_are_as_short_and_as_narrow_as_they_are_meant_to_be() {
    let lines = read(README).lines().count();
    assert!(lines <= 200, "README.md has {lines} lines, of at most 200: move what few need to docs/");
    let wide = |line: &&str| line.chars().count() > 120;
    assert_eq!(read(README).lines().find(wide), None, "README.md has a line of more than 120 columns");
    for document in documents() {
        // A table's row and a shell's line cannot be broken.
        let mut prose = document.prose().filter(|line| !line.starts_with('|') && !line.starts_with("!["));
        assert_eq!(prose.find(wide), None, "{}", document.path);
    }
}

/// What the runbook tells people to look for is what the program says.
#[test]
fn the_words_of_reports_in_the_runbook_are_those_of_the_program() {
    let mut said = String::new();
    let mut directories = vec![root().join("src"), root().join("policy/src"), root().join("cli/src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                directories.push(entry);
            } else {
                said.push_str(&fs::read_to_string(&entry).unwrap());
            }
        }
    }
    let said = without_places(&said);
    let runbook = document(RUNBOOK);
    let sections = ["NotReady", "StillBilled", "Problems", "FunctionErrors", "Why is it on?"];
    for words in sections.iter().flat_map(|section| runbook.first_cells(section)) {
        let words = words.strip_prefix("waits ").unwrap_or(&words).replace("Task timed out", "");
        for part in
            words.split('…').map(|part| part.trim().trim_start_matches(':').trim()).filter(|part| !part.is_empty())
        {
            assert!(said.contains(part), "`{part}` of `{words}` is not said by the program");
        }
    }
}

/// The text of sources without the places that `format!` fills, and with the lines joined that a backslash breaks.
fn without_places(text: &str) -> String {
    let mut joined = String::new();
    for line in text.lines() {
        let goes_on = joined.ends_with('\\');
        if goes_on {
            joined.pop();
        }
        joined.push_str(if goes_on { line.trim_start() } else { line });
        joined.push_str(if line.ends_with('\\') { "" } else { "\n" });
    }
    let mut parts = joined.split('{');
    let mut kept = parts.next().unwrap().to_owned();
    for part in parts {
        let is_place = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:?#".contains(&byte));
        let after = part.split_once('}').filter(|(name, _)| is_place(name)).map(|(_, after)| after);
        kept.push_str(after.unwrap_or(part));
    }
    kept
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
