//! Which declarations does a file hold, and what is wrong with each?
//!
//! A bare commitment, a list of them, an action, an EventBridge envelope, a custom resource request, or the template of a
//! stack: told apart as the function would, and read by the library's own readers.

use std::ops::Range;

use policy::commitment::Commitment;
use policy::event::{self, Action, Event, Subject};
use policy::input::{Mistake, Mistakes};
use serde_json::Value;

use crate::document::{self, Node, Unreadable};
use crate::template;
use crate::values::Reading;

/// What to say about `State: On` in a template.
const YES_OR_NO: &str = "is `true` or `false` to CloudFormation, which reads YAML 1.1; put it in quotes";

/// What to say about `<<`, which many a reader of YAML 1.1 knows, and neither YAML 1.2 nor CloudFormation.
const MERGE_KEY: &str = "is a merge key, which is not read; write its keys out";

/// A file and its text.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path, as it was given.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It will be refused.
    Error,
    /// It may surprise.
    Warning,
}

/// Something to say about a place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// The path of the value: `Resources.Agent.Properties.Timetable.Windows[2]`; empty for the whole file.
    pub path: String,
    /// What is wrong, and what would be accepted.
    pub message: String,
}

/// One commitment that a file declares.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The commitment's name, or the logical id of the resource; `commitment 2` if it has none.
    pub label: String,
    /// What it declares, if that could be read.
    pub commitment: Option<Commitment>,
    /// What was assumed about values that only a deployment knows, so that it could be read.
    pub assumed: Vec<String>,
    /// Whether only `ScaleUp` and `ScaleDown` switch it, at hours that somebody else knows.
    pub by_hand: bool,
    /// Whether it is a custom resource: what it is named, and when it is registered, is a stack's business.
    pub of_stack: bool,
}

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Its declarations, in the order of the file.
    pub declarations: Vec<Declaration>,
    /// What there is to say about it, in the order of the file.
    pub findings: Vec<Finding>,
    /// Actions that are well-formed and declare nothing, such as `Override`.
    pub actions: usize,
}

impl Contents {
    /// Everything that will be refused.
    pub fn mistakes(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Error)
    }

    /// Notes what the library says about what stands below `node`; `prefix` is the path of `node`.
    pub(crate) fn note(&mut self, node: &Node, prefix: &str, reading: &Reading<'_>, mistakes: &Mistakes) {
        for Mistake { path, message } in &mistakes.0 {
            if !reading.is_open(path) {
                let path_in_file = joined(prefix, path);
                let span = place(node, path, message);
                let is_merge = path.rsplit('.').next() == Some("<<");
                let message = if is_merge { MERGE_KEY.to_owned() } else { message.clone() };
                self.findings.push(Finding { level: Level::Error, span, path: path_in_file, message });
            }
        }
        for (path, span) in &reading.yes_or_no {
            let message = YES_OR_NO.to_owned();
            let path = joined(prefix, path);
            self.findings.push(Finding { level: Level::Warning, span: span.clone(), path, message });
        }
    }
}

/// Reads everything that `source` declares.
#[must_use]
pub fn read(source: &Source) -> Contents {
    let mut contents = Contents::default();
    match document::parse(&source.text) {
        Err(Unreadable { span, message }) => {
            contents.findings.push(Finding { level: Level::Error, span, path: String::new(), message });
        }
        Ok(documents) => {
            let filled: Vec<&Node> = documents.iter().filter(|document| !document.is_null()).collect();
            for document in &filled {
                read_document(document, source, &mut contents);
            }
            if filled.is_empty() {
                let message = "is empty; give a commitment, with Name and ModelId at least".to_owned();
                contents.findings.push(Finding { level: Level::Error, span: 0..0, path: String::new(), message });
            }
        }
    }
    contents.findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    contents
}

fn read_document(document: &Node, source: &Source, contents: &mut Contents) {
    if template::is_template(document) {
        return template::read(document, source, contents);
    }
    let elements = document.elements();
    if elements.is_empty() {
        return read_one(document, "", Reading::plain(), contents);
    }
    for (index, element) in elements.iter().enumerate() {
        read_one(element, &format!("[{index}]"), Reading::plain(), contents);
    }
}

/// Reads an action, an envelope, a request or a bare commitment.
pub(crate) fn read_one(node: &Node, prefix: &str, mut reading: Reading<'_>, contents: &mut Contents) {
    if ["Action", "detail", "Tick"].iter().any(|key| node.get(key).is_some()) {
        return read_event(node, prefix, reading, contents);
    }
    if let (Some(_), Some(properties)) = (node.get("RequestType"), node.get("ResourceProperties")) {
        let id = node.get("LogicalResourceId").and_then(Node::text).unwrap_or("request");
        let path = joined(prefix, "ResourceProperties");
        return template::read_properties(id, properties, &path, &template::Defaults::new(), contents);
    }
    let value = reading.value(node, "");
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read(&value, "", &mut mistakes);
    let name = value.get("Name").and_then(|name| name.as_str().map(str::to_owned));
    contents.note(node, prefix, &reading, &mistakes);
    contents.declare(name, commitment.filter(|_| mistakes.0.is_empty()), false);
}

/// Reads an action, as a whole event or in an envelope.
fn read_event(node: &Node, prefix: &str, mut reading: Reading<'_>, contents: &mut Contents) {
    let value = reading.value(node, "");
    let declared = value.get("Commitment").or_else(|| value.pointer("/detail/Commitment"));
    let name = declared.and_then(|declared| declared["Name"].as_str()).map(str::to_owned);
    let is_declaration = declared.is_some();
    let action = value.get("Action").or_else(|| value.pointer("/detail/Action")).and_then(Value::as_str);
    let by_hand =
        matches!(action, Some("ScaleUp" | "ScaleDown")) && declared.is_some_and(|it| it["Timetable"].is_null());
    let event = event::read(value);
    let mistakes = event.as_ref().err().cloned().unwrap_or_default();
    contents.note(node, prefix, &reading, &mistakes);
    match event {
        Err(_) => {
            if is_declaration {
                contents.declare(name, None, by_hand);
            }
        }
        Ok(Event::Action(action)) => match *action {
            Action::Apply(commitment)
            | Action::Plan { commitment, .. }
            | Action::Scale { subject: Subject::Declared(commitment), .. } => {
                contents.declare(name, Some(*commitment), by_hand);
            }
            Action::Scale { subject: Subject::Named(_), .. }
            | Action::Retire(_)
            | Action::Override { .. }
            | Action::Resume(_)
            | Action::Status(_) => contents.actions += 1,
        },
        Ok(Event::Tick(record)) => {
            contents.declare(Some(record.commitment.name.to_string()), Some(record.commitment), record.by_hand);
        }
        Ok(Event::CloudFormation(_) | Event::Tombstone(_)) => contents.actions += 1,
    }
}

impl Contents {
    fn declare(&mut self, name: Option<String>, commitment: Option<Commitment>, by_hand: bool) {
        let label = name.map_or_else(|| format!("commitment {}", self.declarations.len() + 1), |name| printable(&name));
        self.declarations.push(Declaration { label, commitment, assumed: Vec::new(), by_hand, of_stack: false });
    }
}

/// Where to point for a mistake at `path` below `node`: at the value if the message repeats it, else at its key; for what is
/// missing, at what it is missing in.
fn place(node: &Node, path: &str, message: &str) -> Range<usize> {
    let (key, value) = node.locate(path);
    let about_value = ["`", "a list of", "an object of"].iter().any(|start| message.starts_with(start));
    match key {
        Some(key) if !about_value || value.text().is_none() => key.span.clone(),
        _ => value.span.clone(),
    }
}

/// A name without what would move a terminal's cursor.
pub(crate) fn printable(name: &str) -> String {
    name.chars().filter(|sign| !sign.is_control()).collect()
}

/// A path below another.
pub(crate) fn joined(prefix: &str, path: &str) -> String {
    let dot = if prefix.is_empty() || path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{prefix}{dot}{path}")
}
