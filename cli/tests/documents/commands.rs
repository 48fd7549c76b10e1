//! What a line of a shell calls, and which rule knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use policy::event::{self, Event};
use serde_json::Value;

use crate::markdown::{Document, read, root};
use crate::template::Template;

/// The verbs that talk to the function: here, to one in a simulated account.
const ASKING: [&str; 10] =
    ["doctor", "plan", "status", "history", "override", "resume", "scale-up", "scale-down", "apply", "retire"];

/// The calls of AWS's command line that documents make, with the options that they may have.
const AWS: &[(&str, &str, &[&str])] = &[
    ("bedrock", "delete-provisioned-model-throughput", &["--provisioned-model-id"]),
    ("bedrock", "list-provisioned-model-throughputs", &["--query", "--output"]),
    ("bedrock", "list-tags-for-resource", &["--resource-arn"]),
    ("cloudformation", "continue-update-rollback", &["--stack-name"]),
    ("cloudformation", "delete-stack", &["--stack-name"]),
    ("cloudformation", "deploy", &["--template-file", "--stack-name", "--capabilities", "--parameter-overrides"]),
    ("cloudformation", "describe-stack-events", &["--stack-name", "--query", "--output"]),
    ("cloudformation", "describe-stack-resource", &["--stack-name", "--logical-resource-id", "--query"]),
    ("cloudformation", "describe-stacks", &["--stack-name", "--query", "--output"]),
    (
        "cloudwatch",
        "get-metric-statistics",
        &[
            "--namespace",
            "--metric-name",
            "--dimensions",
            "--statistics",
            "--period",
            "--start-time",
            "--end-time",
            "--query",
        ],
    ),
    ("cloudformation", "wait", &["--stack-name"]),
    ("dynamodb", "create-table", &["--table-name", "--attribute-definitions", "--key-schema", "--billing-mode"]),
    ("dynamodb", "delete-table", &["--table-name"]),
    ("dynamodb", "list-backups", &["--table-name", "--backup-type", "--query", "--output"]),
    ("dynamodb", "restore-table-from-backup", &["--backup-arn", "--target-table-name"]),
    (
        "dynamodb",
        "restore-table-to-point-in-time",
        &["--source-table-name", "--target-table-name", "--restore-date-time"],
    ),
    ("dynamodb", "update-continuous-backups", &["--table-name", "--point-in-time-recovery-specification"]),
    (
        "dynamodb",
        "update-table",
        &["--table-name", "--deletion-protection-enabled", "--no-deletion-protection-enabled"],
    ),
    ("dynamodb", "update-time-to-live", &["--table-name", "--time-to-live-specification"]),
    ("dynamodb", "wait", &["--table-name"]),
    ("lambda", "delete-function-concurrency", &["--function-name"]),
    ("lambda", "get-account-settings", &["--query"]),
    ("lambda", "get-function-concurrency", &["--function-name"]),
    ("lambda", "get-function-configuration", &["--function-name", "--query", "--output"]),
    ("lambda", "invoke", &["--function-name", "--cli-binary-format", "--payload"]),
    ("lambda", "put-function-concurrency", &["--function-name", "--reserved-concurrent-executions"]),
    ("logs", "tail", &["--since", "--filter-pattern"]),
    ("s3", "rb", &["--force"]),
    ("scheduler", "list-schedules", &["--group-name", "--query", "--output"]),
    ("service-quotas", "list-service-quotas", &["--service-code", "--query", "--output"]),
    ("ssm", "get-parameter", &["--name"]),
    ("ssm", "get-parameter-history", &["--name", "--query", "--output"]),
    ("sqs", "purge-queue", &["--queue-url"]),
    (
        "sqs",
        "receive-message",
        &["--queue-url", "--max-number-of-messages", "--visibility-timeout", "--query", "--output"],
    ),
];

/// One command of a line, its words without their quotes.
pub(crate) type Words = Vec<String>;

/// Splits a line into its commands: at `|`, `;` and the ends of `$(…)`, outside quotes; a comment ends it.
pub(crate) fn split(line: &str) -> Vec<Words> {
    let mut commands = vec![Vec::new()];
    let mut word = String::new();
    let mut quote = None;
    let mut signs = line.chars().peekable();
    let end_word = |word: &mut String, commands: &mut Vec<Words>| {
        if !word.is_empty() {
            commands.last_mut().unwrap().push(std::mem::take(word));
        }
    };
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(open), sign) if sign == open => quote = None,
            (None, '\'' | '"') => quote = Some(sign),
            (None, '#') if word.is_empty() => break,
            (None, ' ') => end_word(&mut word, &mut commands),
            (None, '|' | ';' | ')') => {
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            (None, '$') if signs.peek() == Some(&'(') => {
                signs.next();
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            (_, sign) => word.push(sign),
        }
    }
    assert!(quote.is_none(), "a quote that never ends: {line}");
    end_word(&mut word, &mut commands);
    commands.retain(|words| !words.is_empty());
    commands
}

/// What a document's lines are run with.
pub(crate) struct Shell {
    /// Where `support.yaml` and its like lie.
    directory: PathBuf,
    template: Template,
    variables: BTreeMap<String, String>,
    /// The calls of `throughput` that have gone well: the same, once more, would say the same.
    ran: BTreeSet<Words>,
}

impl Shell {
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            template: Template::read(),
            variables: BTreeMap::new(),
            ran: BTreeSet::new(),
        }
    }

    /// What one document sets, another does not know.
    pub(crate) fn forget_variables(&mut self) {
        self.variables.clear();
    }

    /// Runs or reads one line; complains with `place` of what no rule knows.
    pub(crate) fn line(&mut self, line: &str, place: &str) {
        for words in split(line) {
            let mut words = words.as_slice();
            while let Some(first) = words.first() {
                if let Some((name, "")) = first.split_once('=') {
                    self.variables.insert(name.to_owned(), stands_for(name, place).to_owned());
                } else if first == "for" && words.get(2).map(String::as_str) == Some("in") {
                    self.variables.insert(words[1].clone(), stands_for(&words[1], place).to_owned());
                    words = &words[2..];
                } else if !["export", "do", "done"].contains(&first.as_str()) {
                    break;
                }
                words = &words[1..];
            }
            let Some((tool, rest)) = words.split_first() else { continue };
            let rest: Vec<String> = rest.iter().map(|word| self.filled(word, place)).collect();
            match tool.as_str() {
                "make" => make(&rest, place),
                "./deploy" => parameters(&rest, place),
                "throughput" => self.throughput(&rest, place),
                "aws" => self.aws(&rest, place),
                "cargo" => cargo(&rest, place),
                "jq" => assert!(
                    rest == ["-r", ".Commitments[].Name"] || rest == ["{requestPayload, responsePayload}"],
                    "{place}: a filter that no rule knows"
                ),
                _ => panic!("{place}: `{tool}` is no command that a rule knows"),
            }
        }
    }

    fn filled(&self, word: &str, place: &str) -> String {
        let Some(name) =
            word.strip_prefix('$').filter(|name| name.chars().all(|sign| sign.is_alphabetic() || sign == '_'))
        else {
            return word.to_owned();
        };
        self.variables.get(name).unwrap_or_else(|| panic!("{place}: ${name} is not set in this document")).clone()
    }

    fn throughput(&mut self, words: &[String], place: &str) {
        if !self.ran.insert(words.to_vec()) {
            return;
        }
        let call = self.call(words);
        assert_eq!(call.0, Some(0), "{place}: throughput {}\n{}", words.join(" "), call.1);
    }

    /// Runs `throughput`: its exit code, and what it says.
    pub(crate) fn call(&self, words: &[String]) -> (Option<i32>, String) {
        let asks = words.first().is_some_and(|verb| ASKING.contains(&verb.as_str()));
        let asks = asks && !words.iter().any(|word| word == "--local");
        let output = Command::new(env!("CARGO_BIN_EXE_throughput"))
            .args(words)
            .args(asks.then_some("--local"))
            .current_dir(&self.directory)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    fn aws(&self, words: &[String], place: &str) {
        let (service, call) = (words[0].as_str(), words[1].as_str());
        let known = AWS.iter().find(|(of, name, _)| *of == service && *name == call);
        let (_, _, options) = known.unwrap_or_else(|| panic!("{place}: `aws {service} {call}` is known to no rule"));
        for (option, value) in words.iter().zip(words.iter().skip(1)).filter(|(option, _)| option.starts_with("--")) {
            assert!(options.contains(&option.as_str()), "{place}: {option} is known to no rule");
            self.option(option, value, place);
        }
    }

    /// Checks the names of ours in an option of AWS's command line.
    fn option(&self, option: &str, value: &str, place: &str) {
        match option {
            "--payload" => is_action(value, place),
            "--template-file" => assert!(root().join(value).is_file(), "{place}: {value} is no file"),
            "--group-name" => assert_eq!(value, stands_for("ticks", place), "{place}"),
            "--parameter-overrides" => assert!(value.contains('='), "{place}: {value}"),
            "--logical-resource-id" => assert!(read("template.yaml").contains(&format!("\n  {value}:\n")), "{place}"),
            "--namespace" => assert_eq!(value, "ThroughputScheduler", "{place}"),
            "--metric-name" => {
                let sent = read("policy/src/metrics.rs");
                assert!(sent.contains(&format!("(\"{value}\"")), "{place}: no metric {value} is sent");
            }
            "--dimensions" => assert!(value.starts_with("Name=Commitment,Value="), "{place}: {value}"),
            "--query" => {
                for asked in value.split("OutputKey=='").skip(1) {
                    let key = asked.split('\'').next().unwrap();
                    assert!(self.template.names("Outputs").contains(&key.to_owned()), "{place}: no output {key}");
                }
                let pairs = [('[', ']'), ('(', ')'), ('{', '}')];
                let count = |sign: char| value.matches(sign).count();
                assert!(pairs.iter().all(|(open, close)| count(*open) == count(*close)), "{place}: {value}");
            }
            _ => {}
        }
    }
}

/// A value for a variable of the shell.
fn stands_for(name: &str, place: &str) -> &'static str {
    match name {
        "THROUGHPUT_FUNCTION" => "throughput-scheduler",
        "group" => "a-log-group",
        "name" => "support-agent",
        "ticks" => "a-schedule-group",
        "backup" => "arn:aws:dynamodb:us-east-1:123456789012:table/throughput-scheduler-Table-EXAMPLE/backup/01",
        "table" => "throughput-scheduler-Table-EXAMPLE",
        "queue" => "https://sqs.eu-central-1.amazonaws.com/123456789012/failures",
        _ => panic!("{place}: no rule knows what ${name} stands for"),
    }
}

/// Checks that `text` is an action; `…` stands for a name.
pub(crate) fn is_action(text: &str, place: &str) {
    let text = text.replace("\"…\"", "…").replace('…', "\"support-agent\"");
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {text}: {error}"));
    let event = event::read(value).unwrap_or_else(|mistakes| panic!("{place}: {text}: {mistakes}"));
    assert!(matches!(event, Event::Command(..)), "{place}: {text} is no action");
}

/// Checks that the targets of `make` are there, and the files that it is given.
pub(crate) fn make(words: &[String], place: &str) {
    let makefile = read("Makefile");
    for word in words {
        match word.split_once('=') {
            Some(("EVENT", "…") | ("ARCHITECTURE", "x86_64" | "arm64")) => {}
            Some(("YES", "1")) => assert!(makefile.contains("$(YES)"), "{place}"),
            Some(("PARAMETERS", given)) => parameters(&split(given).concat(), place),
            Some(("STACK", _)) => assert!(makefile.contains("$(STACK)"), "{place}"),
            Some(("WRITE", "1")) => assert!(makefile.contains("$(WRITE)"), "{place}"),
            Some(("EVENT" | "FILE", file)) => assert!(root().join(file).is_file(), "{place}: {file} is no file"),
            Some(("TARGET", target)) => {
                let file = format!("fuzz/fuzz_targets/{target}.rs");
                assert!(root().join(&file).is_file(), "{place}: {file} is no file");
            }
            Some((name @ ("SEED" | "CASES" | "ONLY" | "SECONDS" | "WEEKS"), number)) => {
                assert!(number.parse::<u64>().is_ok(), "{place}: {name} is a number");
                assert!(makefile.contains(&format!("$({name})")), "{place}: no Makefile reads {name}");
            }
            Some((name, _)) => panic!("{place}: {name} is no variable that a rule knows"),
            None => {
                let target = format!("\n{word}:");
                assert!(makefile.contains(&target), "{place}: `make {word}` is in no Makefile");
            }
        }
    }
}

/// Checks that each `NAME=VALUE` is for a parameter of the template.
fn parameters(given: &[String], place: &str) {
    let known = Template::read().names("Parameters");
    for word in given.iter().filter(|word| *word != "YES=1") {
        let name = word.split_once('=').unwrap_or_else(|| panic!("{place}: {word} is no NAME=VALUE")).0;
        assert!(known.contains(&name.to_owned()), "{place}: the template has no parameter {name}");
    }
}

/// Checks that the packages of `cargo` are there.
pub(crate) fn cargo(words: &[String], place: &str) {
    assert!(["install", "run"].contains(&words[0].as_str()), "{place}: `cargo {}` is known to no rule", words[0]);
    for (option, value) in words.iter().zip(words.iter().skip(1)).filter(|(option, _)| option.starts_with("--")) {
        match option.as_str() {
            "--package" | "--path" => {
                let manifest = read(&format!("{value}/Cargo.toml"));
                assert!(manifest.contains(&format!("name = \"{value}\"")), "{place}: {value} is no package");
            }
            "--" => return,
            _ => panic!("{place}: {option} is known to no rule"),
        }
    }
}

/// The lines of every block of `document` that is in `language`, with where each stands.
pub(crate) fn lines<'d>(document: &'d Document, language: &str) -> Vec<(&'d str, String)> {
    let blocks = document.blocks.iter().filter(|block| block.language == language);
    let lines = blocks.flat_map(|block| block.text.lines().map(|line| (line, block.place.clone())));
    lines.filter(|(line, _)| !line.trim().is_empty()).collect()
}
