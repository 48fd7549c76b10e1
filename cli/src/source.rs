//! Which declarations does a file hold, and what is wrong with each?
//!
//! A bare commitment, a list of them, an action, an EventBridge envelope, a custom resource request, or the template of a
//! stack: told apart as the function would, and read by the library's own readers.

use std::ops::Range;

use jiff::Timestamp;
use policy::commitment::Commitment;
use policy::event::{self, Command, Event, Subject};
use policy::input::{Mistake, Mistakes};
use serde_json::Value;

use crate::document::{self, Node, Unreadable};
use crate::template;
use crate::values::{Note, Reading, What};

/// What to say about `State: On` in a template.
const YES_OR_NO: &str = "is `true` or `false` to CloudFormation, which reads YAML 1.1; put it in quotes";

/// What to say about `<<`, which the tools around CloudFormation write out, and CloudFormation itself does not read.
const MERGE_KEY: &str =
    "is a merge key, which CloudFormation itself does not read; `aws cloudformation package` writes it out";

/// What to say about a key that stands there twice.
const TWICE: &str = "this key stands here twice; remove one";

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
    /// What declares it.
    pub kind: Kind,
    /// What it declares for itself alone, as far as the file says.
    pub targets: Vec<Target>,
    /// Where it stands.
    pub span: Range<usize>,
}

/// What declares a commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bare declaration.
    Bare,
    /// An action: of the same commitment there may be several.
    Action,
    /// A custom resource.
    Resource,
    /// A custom resource that is made under a condition alone.
    Conditional,
    /// A request about a custom resource: of the same one there are several.
    Request,
}

/// An alias or a parameter that a commitment declares: no other one may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is: `alias ABCDEFGHIJ/KLMNOPQRST`.
    pub what: String,
    /// The path at which it is declared.
    pub path: String,
    /// Where that is.
    pub span: Range<usize>,
}

/// The aliases and the parameter that `node`, which stands at `path`, declares in so many words.
pub(crate) fn targets(node: &Node, path: &str) -> Vec<Target> {
    let known = |node: &Node| {
        let text = node.text().filter(|text| node.tag.is_none() && !text.is_empty())?;
        (!text.contains("${") && !text.contains("{{resolve:")).then(|| text.to_owned())
    };
    let mut targets = Vec::new();
    let aliases = node.get("AgentAliases").map_or(&[][..], Node::elements).iter().enumerate();
    for (index, alias) in aliases {
        let id = |key: &str| alias.get(key).and_then(known);
        if let (Some(agent), Some(id)) = (id("AgentId"), id("AgentAliasId")) {
            let path = joined(path, &format!("AgentAliases[{index}]"));
            targets.push(Target { what: format!("alias {agent}/{id}"), path, span: alias.span.clone() });
        }
    }
    if let Some((node, name)) = node.get("ModelIdParameter").and_then(|node| Some((node, known(node)?))) {
        let path = joined(path, "ModelIdParameter");
        targets.push(Target { what: format!("parameter {name}"), path, span: node.span.clone() });
    }
    targets
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
            if !reading.is_open(path) && !reading.is_misread(path) {
                let span = place(node, path, message);
                let message = message.clone();
                self.findings.push(Finding { level: Level::Error, span, path: joined(prefix, path), message });
            }
        }
        for Note { path, span, what } in &reading.notes {
            let (level, message) = match what {
                What::YesOrNo => (Level::Warning, YES_OR_NO.to_owned()),
                What::Number(number) => {
                    let text = format!("is `{number}` to CloudFormation, which reads YAML 1.1; put it in quotes");
                    (Level::Warning, text)
                }
                What::NumberElsewhere(number) => {
                    let text = format!("is `{number}` to readers of YAML 1.1, and not to this one; put it in quotes");
                    (Level::Warning, text)
                }
                What::Merge => (Level::Warning, MERGE_KEY.to_owned()),
                What::Twice => (Level::Error, TWICE.to_owned()),
            };
            self.findings.push(Finding { level, span: span.clone(), path: joined(prefix, path), message });
        }
    }
}

/// Reads everything that `source` declares.
#[must_use]
pub fn read(source: &Source) -> Contents {
    read_all(source, None)
}

/// The same, with what is worth knowing when it is registered at `now`.
#[must_use]
pub fn read_at(source: &Source, now: Timestamp) -> Contents {
    read_all(source, Some(now))
}

fn read_all(source: &Source, now: Option<Timestamp>) -> Contents {
    let mut contents = Contents::default();
    match document::parse(&source.text) {
        Err(Unreadable { span, message }) => {
            contents.findings.push(Finding { level: Level::Error, span, path: String::new(), message });
        }
        Ok(documents) => {
            let filled: Vec<&Node> = documents.iter().filter(|document| !document.is_null()).collect();
            for document in &filled {
                read_document(document, source, now, &mut contents);
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

fn read_document(document: &Node, source: &Source, now: Option<Timestamp>, contents: &mut Contents) {
    if template::is_template(document) {
        return template::read(document, source, now, contents);
    }
    let elements = document.elements();
    if elements.is_empty() {
        return read_one(document, "", Reading::plain(), now, contents);
    }
    for (index, element) in elements.iter().enumerate() {
        read_one(element, &format!("[{index}]"), Reading::plain(), now, contents);
    }
}

/// Reads an action, an envelope, a request or a bare commitment.
pub(crate) fn read_one(
    node: &Node,
    prefix: &str,
    mut reading: Reading<'_>,
    now: Option<Timestamp>,
    contents: &mut Contents,
) {
    if ["Action", "detail", "Tick"].iter().any(|key| node.get(key).is_some()) {
        return read_event(node, prefix, reading, now, contents);
    }
    if let (Some(_), Some(properties)) = (node.get("RequestType"), node.get("ResourceProperties")) {
        let id = node.get("LogicalResourceId").and_then(Node::text).unwrap_or("request");
        let path = joined(prefix, "ResourceProperties");
        let place = template::Place { id, path: &path, kind: Kind::Request };
        return template::read_properties(&place, properties, &template::Defaults::new(), now, contents);
    }
    let value = reading.value(node, "");
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read(&value, "", &mut mistakes);
    let name = value.get("Name").and_then(|name| name.as_str().map(str::to_owned));
    contents.note(node, prefix, &reading, &mistakes);
    let commitment = commitment.filter(|_| mistakes.0.is_empty());
    contents.warn(node, prefix, commitment.as_ref(), &reading, now);
    contents.declare(name, commitment, false, (Kind::Bare, node, prefix));
}

/// Reads an action, as a whole event or in an envelope.
fn read_event(node: &Node, prefix: &str, mut reading: Reading<'_>, now: Option<Timestamp>, contents: &mut Contents) {
    let value = reading.value(node, "");
    let at = if value.get("Commitment").is_some() { "Commitment" } else { "detail.Commitment" };
    let (_, inner) = node.locate(at);
    let path = joined(prefix, at);
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
                contents.declare(name, None, by_hand, (Kind::Action, inner, &path));
            }
        }
        Ok(Event::Command(command, _sent)) => match *command {
            Command::Apply(commitment)
            | Command::Plan { commitment, .. }
            | Command::Doctor(Some(commitment))
            | Command::Scale { subject: Subject::Declared(commitment), .. } => {
                contents.warn(inner, &path, Some(&commitment), &reading, now);
                contents.declare(name, Some(*commitment), by_hand, (Kind::Action, inner, &path));
            }
            Command::Scale { subject: Subject::Named(_), .. }
            | Command::Tick { .. }
            | Command::Retire(_)
            | Command::Override { .. }
            | Command::Resume { .. }
            | Command::Status(_)
            | Command::Doctor(None)
            | Command::Repair
            | Command::Adopt => contents.actions += 1,
        },
        Ok(Event::CloudFormation(_)) => contents.actions += 1,
    }
}

impl Contents {
    fn declare(
        &mut self,
        name: Option<String>,
        commitment: Option<Commitment>,
        by_hand: bool,
        (kind, node, path): (Kind, &Node, &str),
    ) {
        let label = name.map_or_else(|| format!("commitment {}", self.declarations.len() + 1), |name| printable(&name));
        self.declarations.push(Declaration {
            label,
            commitment,
            assumed: Vec::new(),
            by_hand,
            of_stack: false,
            kind,
            targets: targets(node, path),
            span: node.get("Name").unwrap_or(node).span.clone(),
        });
    }

    /// Notes keys that stand twice in `node` itself, which stands at `path`.
    pub(crate) fn note_twice(&mut self, node: &Node, path: &str) {
        for span in &node.twice {
            let (level, path, message) = (Level::Error, path.to_owned(), TWICE.to_owned());
            self.findings.push(Finding { level, span: span.clone(), path, message });
        }
    }

    /// Notes what is worth knowing about `commitment`, which `node` declares at `prefix`.
    pub(crate) fn warn(
        &mut self,
        node: &Node,
        prefix: &str,
        commitment: Option<&Commitment>,
        reading: &Reading<'_>,
        now: Option<Timestamp>,
    ) {
        let warnings = commitment.zip(now).map(|(commitment, now)| commitment.warnings(now)).unwrap_or_default();
        // Of what only a deployment knows, a part may be missing here.
        let is_partial = |path: &str| reading.open.iter().any(|open| open.starts_with(path));
        for Mistake { path, message } in warnings.into_iter().filter(|warning| !is_partial(&warning.path)) {
            let span = place(node, &path, &message);
            self.findings.push(Finding { level: Level::Warning, span, path: joined(prefix, &path), message });
        }
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
