//! Which declarations does the template of a stack hold?
//!
//! The properties of custom resources that look like ours, and the actions in the `Input` of schedules and rules. CloudFormation
//! and SAM alike; intrinsic functions stand for values that only a deployment knows.

use std::str::FromStr;

use policy::commitment::{Commitment, Name};
use policy::input::{Mistake, Mistakes, cut_to};
use serde_json::Value;

use crate::document::{self, Node};
use crate::source::{Contents, Declaration, Finding, Level, Source, printable, read_one};
pub use crate::values::Defaults;
use crate::values::{Reading, below};

/// The type that is always ours.
const OURS: &str = "Custom::ProvisionedThroughput";
/// A type of ours that declares nothing.
const GUARD: &str = "Custom::CommitmentsGuard";
/// A model of this name stands for one that only a deployment knows.
const UNKNOWN_MODEL: &str = "known-when-deployed";

/// What a preview needs to know, beside the model.
const MATTERS: [&str; 6] = ["ModelUnits", "Timetable", "LeadTime", "Drain", "PricePerUnitHour", "CommitmentDuration"];

/// Whether `document` is the template of a stack: it has resources with types.
#[must_use]
pub fn is_template(document: &Node) -> bool {
    let resources = document.get("Resources").map_or(&[][..], Node::members);
    document.get("AWSTemplateFormatVersion").is_some()
        || resources.iter().any(|(id, resource)| resource.get("Type").is_some() || is_loop(id))
}

/// Whether `id` is that of a loop, which makes resources (`AWS::LanguageExtensions`).
fn is_loop(id: &Node) -> bool {
    id.text().is_some_and(|id| id.starts_with("Fn::ForEach::"))
}

/// Reads every declaration of the template `document`.
pub(crate) fn read(document: &Node, source: &Source, contents: &mut Contents) {
    let defaults = defaults(document);
    let resources = document.get("Resources").map_or(&[][..], Node::members);
    for (key, resource) in resources {
        let id = key.text().unwrap_or_default();
        let kind = resource.get("Type").and_then(Node::text).unwrap_or_default();
        let path = below("Resources", id);
        if is_loop(key) {
            let made = resource.elements().get(2).map_or(&[][..], Node::members).iter();
            let mut kinds = made.filter_map(|(_, made)| made.get("Type").and_then(Node::text));
            if kinds.any(|kind| kind.starts_with("Custom::")) {
                let message = "is not looked into; write a resource out to have it checked".to_owned();
                contents.findings.push(Finding { level: Level::Warning, span: key.span.clone(), path, message });
            }
            continue;
        }
        let at = format!("{path}.Properties");
        let Some(properties) = resource.get("Properties") else {
            if kind == OURS {
                let message = "is missing; give ServiceToken and ModelId at least".to_owned();
                let span = resource.get("Type").map_or(resource.span.clone(), |kind| kind.span.clone());
                contents.findings.push(Finding { level: Level::Error, span, path: at, message });
            }
            continue;
        };
        let custom = kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource";
        if kind == OURS || (custom && kind != GUARD && properties.get("ModelId").is_some()) {
            read_properties(id, properties, &at, &defaults, contents);
        }
        for (path, target) in senders(kind, properties, &at) {
            if let Some(input) = target.get("Input") {
                read_input(input, &format!("{path}.Input"), source, contents);
            }
        }
    }
}

/// Reads the properties of the custom resource `id`, which stand at `path`.
pub(crate) fn read_properties(id: &str, properties: &Node, path: &str, defaults: &Defaults, contents: &mut Contents) {
    // The name is derived when it is deployed; a logical id is the better part of it.
    let name = Name::from_str(&cut_to(id, 40).replace('…', "")).or_else(|_| Name::from_str("commitment"));
    let Ok(name) = name else { return };
    let mut reading = Reading::template();
    let value = reading.value(properties, "");
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read_properties(name.clone(), &value, "", &mut mistakes);
    contents.note(properties, path, &reading, &mistakes);
    let mut declaration =
        Declaration { label: printable(id), commitment, assumed: Vec::new(), by_hand: false, of_stack: true };
    if mistakes.0.iter().any(|Mistake { path, .. }| !reading.is_open(path)) {
        declaration.commitment = None;
    } else if !reading.open.is_empty() {
        (declaration.commitment, declaration.assumed) = assume(name, properties, defaults);
    }
    contents.declarations.push(declaration);
}

/// The declaration with parameters at their defaults, and without what else only a deployment knows; and what was assumed.
fn assume(name: Name, properties: &Node, defaults: &Defaults) -> (Option<Commitment>, Vec<String>) {
    let mut reading = Reading::filled(defaults);
    let mut value = reading.value(properties, "");
    if let Value::Object(members) = &mut value {
        // The rest, aliases above all, changes neither hours nor money: it need not be known.
        members.retain(|key, _| key == "ModelId" || MATTERS.contains(&key.as_str()));
        if reading.is_open("ModelId") {
            members.insert("ModelId".to_owned(), UNKNOWN_MODEL.into());
        }
    }
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read_properties(name, &value, "", &mut mistakes).filter(|_| mistakes.0.is_empty());
    let matters = |path: &&String| MATTERS.iter().any(|key| path.starts_with(key));
    let open = reading.open.iter().filter(matters);
    let mut assumed: Vec<String> =
        open.map(|path| format!("{path} is known only when it is deployed, and left out here")).collect();
    // What the default of a parameter gets wrong.
    let wrong = mistakes.0.iter().filter(|Mistake { path, .. }| !reading.is_open(path));
    assumed.extend(wrong.map(|Mistake { path, message }| format!("{path} {message}")));
    (commitment, assumed)
}

/// What the parameters of `document` stand for when nobody says otherwise.
fn defaults(document: &Node) -> Defaults {
    let parameters = document.get("Parameters").map_or(&[][..], Node::members);
    let default = |(name, parameter): &(Node, Node)| {
        let text = parameter.get("Default")?.text()?;
        let list = parameter.get("Type").and_then(Node::text).is_some_and(|kind| kind.contains("List"));
        let value = if list { text.split(',').map(str::trim).collect() } else { Value::from(text) };
        Some((name.text()?.to_owned(), value))
    };
    parameters.iter().filter_map(default).collect()
}

/// Whatever in a resource of the type `kind` has an `Input` that it sends.
fn senders<'n>(kind: &str, properties: &'n Node, at: &str) -> Vec<(String, &'n Node)> {
    match kind {
        "AWS::Scheduler::Schedule" => {
            properties.get("Target").map(|target| (format!("{at}.Target"), target)).into_iter().collect()
        }
        "AWS::Events::Rule" => {
            let targets = properties.get("Targets").map_or(&[][..], Node::elements).iter().enumerate();
            targets.map(|(index, target)| (format!("{at}.Targets[{index}]"), target)).collect()
        }
        // SAM's schedules.
        "AWS::Serverless::Function" => {
            let events = properties.get("Events").map_or(&[][..], Node::members).iter();
            let sender = |(name, event): &'n (Node, Node)| {
                let path = below(&format!("{at}.Events"), name.text()?);
                Some((format!("{path}.Properties"), event.get("Properties")?))
            };
            events.filter_map(sender).collect()
        }
        _ => Vec::new(),
    }
}

/// Reads what a schedule or a rule sends, if it is for us: an object that is written as JSON when it is deployed, or JSON, perhaps
/// with `${…}` in it.
fn read_input(input: &Node, path: &str, source: &Source, contents: &mut Contents) {
    let tagged = |tag: &str| input.tag.as_deref() == Some(tag);
    if let Some(object) = input.get("Fn::ToJsonString").or_else(|| tagged("ToJsonString").then_some(input)) {
        if is_ours(object) {
            // Its own tag is done with.
            let object = Node { tag: None, ..object.clone() };
            read_one(&object, path, Reading::template(), contents);
        }
        return;
    }
    let substituted = input.get("Fn::Sub").or_else(|| tagged("Sub").then_some(input));
    let json = match substituted {
        Some(node) => node.elements().first().unwrap_or(node),
        None if input.tag.is_none() => input,
        None => return,
    };
    if let Some(text) = json.text() {
        read_json(json, text, substituted.is_some(), path, source, contents);
    }
}

fn is_ours(node: &Node) -> bool {
    let action = node.get("Action").or_else(|| node.get("detail")?.get("Action"));
    action.is_some() && (node.get("Commitment").is_some() || node.get("Name").is_some() || node.get("detail").is_some())
}

/// Reads the JSON `text`, which stands at `json`; what is found there is shown where it stands in the template.
fn read_json(json: &Node, text: &str, substituted: bool, path: &str, source: &Source, contents: &mut Contents) {
    let mut inside = Contents::default();
    match document::parse(text) {
        Ok(events) => match events.as_slice() {
            [event] if is_ours(event) => {
                let reading = if substituted { Reading::substituted() } else { Reading::plain() };
                read_one(event, "", reading, &mut inside);
            }
            _ => return,
        },
        Err(unreadable) => {
            if !text.contains("\"Commitment\"") {
                return;
            }
            let (span, path) = (unreadable.span, String::new());
            let message = format!("is not JSON: {}", unreadable.message);
            inside.findings.push(Finding { level: Level::Error, span, path, message });
        }
    }
    let origins = document::origins(&source.text, &json.span, text);
    for mut finding in inside.findings {
        let at = |byte: usize| origins.as_ref().and_then(|origins| origins.get(byte).copied());
        let last = finding.span.end.saturating_sub(1).max(finding.span.start);
        finding.span = match (at(finding.span.start), at(last)) {
            (Some(start), Some(last)) => start..last + 1,
            _ => json.span.clone(),
        };
        finding.path = if finding.path.is_empty() { path.to_owned() } else { format!("{path}: {}", finding.path) };
        contents.findings.push(finding);
    }
    contents.declarations.append(&mut inside.declarations);
    contents.actions += inside.actions;
}
