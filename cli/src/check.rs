//! Which mistakes are in these files?

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Level as Shown, Renderer, Snippet};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments::{Check, CheckFormat};
use crate::source::{self, Contents, Finding, Level, Source};
use crate::terminal::Terminal;
use crate::{Failure, conflicts, files};

/// Runs `throughput check`.
///
/// # Errors
/// A file cannot be read, or has mistakes.
pub fn run(check: &Check, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let mut read: Vec<(Source, Contents)> = Vec::new();
    let mut unreadable: Vec<String> = Vec::new();
    for path in &check.files {
        match files::source(path) {
            Ok(source) => {
                let contents = source::read_at(&source, now);
                read.push((source, contents));
            }
            Err(failure) => unreadable.push(failure.to_string()),
        }
    }
    if read.is_empty() {
        return Err(Failure::Usage(unreadable.join("; ")));
    }
    conflicts::note(&mut read);
    let text = match check.format {
        CheckFormat::Text => text(&read, terminal),
        CheckFormat::Json => format!("{:#}\n", json(&read)),
        CheckFormat::Github => github(&read),
    };
    let shown = terminal.print(&text);
    let mistakes = read
        .iter()
        .any(|(_, contents)| contents.mistakes().next().is_some() || (check.strict && !contents.findings.is_empty()));
    match (unreadable.is_empty(), mistakes) {
        (true, false) => shown,
        (true, true) => Err(Failure::told(shown)),
        (false, _) => Err(Failure::Usage(unreadable.join("; "))),
    }
}

/// Where something stands, in lines and columns from 1; columns count characters.
struct Position {
    line: usize,
    column: usize,
}

fn position(text: &str, byte: usize) -> Position {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// What of `span` lies on its first line, at least one character of it if there is one.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    // What is missing at the end is missing on the last line that has something.
    let written = text.trim_end().len();
    let start = if span.start > written { written } else { span.start };
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let end = span.end.clamp(start, start + line.trim_end().len());
    let least = start + line.chars().next().map_or(0, char::len_utf8);
    start..end.max(least)
}

/// Every finding as rustc would show it.
#[must_use]
pub fn shown(source: &Source, findings: &[Finding], terminal: &Terminal) -> String {
    let renderer = Renderer::styled().term_width(terminal.width.unwrap_or(DEFAULT_TERM_WIDTH));
    let mut text = String::new();
    for Finding { level, span, path, message } in findings {
        let shown = match level {
            Level::Error => Shown::ERROR,
            Level::Warning => Shown::WARNING,
        };
        let (wrong, cure) = parts(message);
        let goes_on = ["is ", "has ", "says ", "cannot ", "stands "].iter().any(|verb| wrong.starts_with(verb));
        let title = match (wrong.starts_with('`') || path.is_empty(), goes_on) {
            (true, _) => wrong.to_owned(),
            (false, true) => format!("{path} {wrong}"),
            (false, false) => format!("{path}: {wrong}"),
        };
        let label = if wrong.starts_with('`') { path.as_str() } else { "" };
        let annotation = AnnotationKind::Primary.span(first_line(&source.text, span)).label(label);
        let snippet = Snippet::source(source.text.as_str()).path(source.path.as_str()).annotation(annotation);
        let mut group = shown.primary_title(title).element(snippet);
        if let Some(cure) = cure {
            group = group.element(Shown::HELP.message(cure));
        }
        let _ = writeln!(text, "{}\n", renderer.render(&[group]));
    }
    text
}

/// What is wrong, and the cure after the first semicolon that is not part of a value.
fn parts(message: &str) -> (&str, Option<&str>) {
    let is_outside = |at: &usize| message[..*at].matches('`').count().is_multiple_of(2);
    let semicolon = message.match_indices("; ").map(|(at, _)| at).find(is_outside);
    semicolon.map_or((message, None), |at| (&message[..at], message.get(at + 2..)))
}

fn text(read: &[(Source, Contents)], terminal: &Terminal) -> String {
    let mut text: String = read.iter().map(|(source, contents)| shown(source, &contents.findings, terminal)).collect();
    let count = |of: fn(&Contents) -> usize| read.iter().map(|(_, contents)| of(contents)).sum::<usize>();
    let declarations = count(|contents| contents.declarations.len());
    let actions = count(|contents| contents.actions);
    let mistakes = count(|contents| contents.mistakes().count());
    let warnings = count(|contents| contents.findings.len()) - mistakes;
    for (source, contents) in read {
        if contents.declarations.is_empty() && contents.actions == 0 && contents.findings.is_empty() {
            let _ = writeln!(text, "{}: declares nothing", source.path);
        }
    }
    let mut checked = counted(declarations, "commitment");
    if actions > 0 {
        let _ = write!(checked, " and {}", counted(actions, "other action"));
    }
    let said = match mistakes {
        0 => "no mistakes".to_owned(),
        _ => counted(mistakes, "mistake"),
    };
    let warned = if warnings == 0 { String::new() } else { format!(", {}", counted(warnings, "warning")) };
    let _ = writeln!(text, "{checked} in {}: {said}{warned}", counted(read.len(), "file"));
    text
}

/// `2 files`.
#[must_use]
pub fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn each(read: &[(Source, Contents)]) -> impl Iterator<Item = (&Source, &Finding, Position, Position)> {
    read.iter().flat_map(|(source, contents)| {
        contents.findings.iter().map(move |finding| {
            let Range { start, end } = first_line(&source.text, &finding.span);
            (source, finding, position(&source.text, start), position(&source.text, end))
        })
    })
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn json(read: &[(Source, Contents)]) -> Value {
    each(read)
        .map(|(source, finding, start, end)| {
            json!({
                "File": source.path,
                "Line": start.line,
                "Column": start.column,
                "EndLine": end.line,
                "EndColumn": end.column,
                "Level": word(finding.level),
                "Path": finding.path,
                "Message": finding.message,
            })
        })
        .collect()
}

/// Workflow commands: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
fn github(read: &[(Source, Contents)]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for (source, finding, start, end) in each(read) {
        let title = if finding.path.is_empty() { "throughput check" } else { finding.path.as_str() };
        let _ = writeln!(
            text,
            "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}",
            word(finding.level),
            property(&source.path),
            start.line,
            start.column,
            end.line,
            end.column,
            property(title),
            data(&finding.message),
        );
    }
    text
}
