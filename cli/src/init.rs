//! How does a first commitment come about?
//!
//! By answers to a few questions, or by options in a script. What is written passes `throughput check`.

pub mod arguments;
pub mod questions;
pub mod written;

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use crate::arguments::AnswerFormat;
use crate::init::arguments::Init;
use crate::init::questions::{Answers, Asks};
use crate::source::{self, Level, Source};
use crate::terminal::Terminal;
use crate::{Failure, check};

/// The path that stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// Runs `throughput init`.
///
/// # Errors
/// An option cannot be meant or is missing, the answers end too soon, or the file is there or cannot be written.
pub fn run(wanted: &Init, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    if let Some(path) = wanted.file.as_deref().filter(|path| *path != STANDARD_OUTPUT && Path::new(path).exists()) {
        return Err(is_there(path));
    }
    let asks = terminal.can_ask.then(|| Asks { answers: io::stdin().lock(), questions: io::stderr() });
    let answers = Answers::of(wanted, asks)?;
    let path = wanted.file.clone().unwrap_or_else(|| format!("{}.yaml", answers.name()));
    let text = if wanted.template { written::template(&answers) } else { written::commitment(&answers) };
    let source = Source { path: path.clone(), text };
    let findings = source::read_at(&source, now).findings;
    let shown = check::shown(&source, &findings, terminal);
    if findings.iter().any(|finding| finding.level == Level::Error) {
        return Err(Failure::told(terminal.complain(&shown)));
    }
    if path == STANDARD_OUTPUT {
        terminal.complain(&shown)?;
        return terminal.print(&source.text);
    }
    create(&path, &source.text)?;
    match wanted.format {
        AnswerFormat::Json => {
            let warnings: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
            let told = json!({"File": path, "Commitment": answers.commitment(), "Warnings": warnings});
            terminal.print(&format!("{told:#}\n"))
        }
        AnswerFormat::Text => {
            terminal.complain(&shown)?;
            terminal.say(&next(&path, wanted.template, &answers))
        }
    }
}

fn is_there(path: &str) -> Failure {
    Failure::Usage(format!("{path} is there already, and is left as it is: name another FILE"))
}

/// Writes a file that was not there before, whoever else writes at the same time.
fn create(path: &str, text: &str) -> Result<(), Failure> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    let written = created.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let there = error.kind() == ErrorKind::AlreadyExists;
        if there { is_there(path) } else { Failure::Usage(format!("cannot write {path}: {error}")) }
    })
}

/// What to do with the file.
fn next(path: &str, is_template: bool, answers: &Answers) -> String {
    let region = answers.region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default();
    let deploys = if is_template {
        let name = answers.name();
        format!("aws cloudformation deploy --template-file {path} --stack-name {name}{region}")
    } else {
        format!("throughput apply {path}{region}")
    };
    let steps = [
        ("see its week, and what it costs", format!("throughput preview {path}")),
        ("ask whether all it needs is there", format!("throughput doctor {path}{region}")),
        ("register it", deploys),
    ];
    let lines: Vec<String> = steps.iter().map(|(what, call)| format!("  {what}:\n    {call}\n")).collect();
    format!("wrote {path}\n{}", lines.concat())
}
