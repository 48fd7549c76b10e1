//! Which declarations does the template of a stack hold?
//!
//! The properties of custom resources that look like ours, and the actions in the `Input` of schedules and rules. CloudFormation
//! and SAM alike; intrinsic functions stand for values that only a deployment knows.

mod owners;

use std::str::FromStr;

use jiff::Timestamp;
use policy::commitment::{Commitment, Name};
use policy::input::{Mistake, Mistakes, cut_to};
use serde_json::Value;

use crate::document::{self, Node};
use crate::source::{Contents, Declaration, Finding, Kind, Level, Source, printable, read_one, targets};
pub use crate::values::Defaults;
use crate::values::{Reading, below};
use owners::{Owners, Whose, is_action_of_ours};

/// The type that is always ours.
const OURS: &str = "Custom::ProvisionedThroughput";
/// A model, or a purchase, of this name stands for one that only a deployment knows.
const UNKNOWN: &str = "known-when-deployed";

/// What a preview needs to know, beside the model.
const MATTERS: [&str; 7] =
    ["ModelUnits", "Timetable", "LeadTime", "Drain", "PricePerUnitHour", "CommitmentDuration", "Purchase"];

/// Whether only a deployment knows the model of `commitment`.
#[must_use]
pub fn is_of_unknown_model(commitment: &Commitment) -> bool {
    commitment.model.as_str() == UNKNOWN
}

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
pub(crate) fn read(document: &Node, source: &Source, now: Option<Timestamp>, contents: &mut Contents) {
    let defaults = defaults(document);
    let resources = document.get("Resources").map_or(&[][..], Node::members);
    let owners = Owners::of(resources);
    for part in [Some(document), document.get("Resources")].into_iter().flatten() {
        contents.note_twice(part, "Resources");
    }
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
        if owners.declares(kind, properties) {
            contents.note_twice(resource, &path);
            let kind = if resource.get("Condition").is_some() { Kind::Conditional } else { Kind::Resource };
            let place = Place { id, path: &at, kind };
            read_properties(&place, properties, &defaults, now, contents);
        }
        for (path, target, whose) in senders(kind, resource, properties, &at, &owners) {
            if let Some(input) = target.get("Input") {
                read_input(input, &format!("{path}.Input"), whose, source, now, contents);
            }
        }
    }
}

/// A custom resource in a file.
pub(crate) struct Place<'n> {
    /// Its logical id.
    pub(crate) id: &'n str,
    /// The path of its properties.
    pub(crate) path: &'n str,
    /// What declares it there.
    pub(crate) kind: Kind,
}

/// Reads the properties of the custom resource at `place`.
pub(crate) fn read_properties(
    place: &Place<'_>,
    properties: &Node,
    defaults: &Defaults,
    now: Option<Timestamp>,
    contents: &mut Contents,
) {
    let Place { id, path, kind } = place;
    // The name is derived when it is deployed; a logical id is the better part of it.
    let name = Name::from_str(&cut_to(id, 40).replace('…', "")).or_else(|_| Name::from_str("commitment"));
    let Ok(name) = name else { return };
    let mut reading = Reading::template();
    let value = reading.value(properties, "");
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read_properties(name.clone(), &value, "", &mut mistakes);
    contents.note(properties, path, &reading, &mistakes);
    let mut declaration = Declaration {
        label: printable(id),
        commitment,
        assumed: Vec::new(),
        by_hand: false,
        of_stack: true,
        kind: *kind,
        targets: if *kind == Kind::Request { Vec::new() } else { targets(properties, path) },
        span: properties.span.clone(),
    };
    let excused = |path: &str| reading.is_open(path) || reading.is_misread(path);
    if mistakes.0.iter().any(|Mistake { path, .. }| !excused(path)) {
        declaration.commitment = None;
    } else if !reading.open.is_empty() || !mistakes.0.is_empty() {
        (declaration.commitment, declaration.assumed) = assume(name, properties, defaults);
    }
    contents.warn(properties, path, declaration.commitment.as_ref(), &reading, now);
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
            members.insert("ModelId".to_owned(), UNKNOWN.into());
        }
        if reading.is_open("Purchase") {
            members.insert("Purchase".to_owned(), UNKNOWN.into());
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
        let kind = parameter.get("Type").and_then(Node::text).unwrap_or_default();
        // The default is then the name of a parameter of Systems Manager, whose value only a deployment knows.
        if kind.starts_with("AWS::SSM::Parameter::Value<") {
            return None;
        }
        let list = kind.contains("List");
        let value = if list { text.split(',').map(str::trim).collect() } else { Value::from(text) };
        Some((name.text()?.to_owned(), value))
    };
    parameters.iter().filter_map(default).collect()
}

/// Whatever in a resource of the type `kind` has an `Input` that it sends, and whose function it sends it to.
fn senders<'n>(
    kind: &str,
    resource: &'n Node,
    properties: &'n Node,
    at: &str,
    owners: &Owners<'_>,
) -> Vec<(String, &'n Node, Whose)> {
    let whose = |target: &Node| target.get("Arn").map_or(Whose::Unknown, |arn| owners.whose(arn));
    match kind {
        "AWS::Scheduler::Schedule" => {
            let target = properties.get("Target");
            target.map(|target| (format!("{at}.Target"), target, whose(target))).into_iter().collect()
        }
        "AWS::Events::Rule" => {
            let targets = properties.get("Targets").map_or(&[][..], Node::elements).iter().enumerate();
            targets.map(|(index, target)| (format!("{at}.Targets[{index}]"), target, whose(target))).collect()
        }
        // SAM's schedules.
        "AWS::Serverless::Function" => {
            let events = properties.get("Events").map_or(&[][..], Node::members).iter();
            let whose = owners.function(resource);
            let sender = |(name, event): &'n (Node, Node)| {
                let path = below(&format!("{at}.Events"), name.text()?);
                Some((format!("{path}.Properties"), event.get("Properties")?, whose))
            };
            events.filter_map(sender).collect()
        }
        _ => Vec::new(),
    }
}

/// Reads what a schedule or a rule sends, if it is for us: an object that is written as JSON when it is deployed, or JSON, perhaps
/// with `${…}` in it.
fn read_input(
    input: &Node,
    path: &str,
    whose: Whose,
    source: &Source,
    now: Option<Timestamp>,
    contents: &mut Contents,
) {
    if whose == Whose::Foreign {
        return;
    }
    let tagged = |tag: &str| input.tag.as_deref() == Some(tag);
    if let Some(object) = input.get("Fn::ToJsonString").or_else(|| tagged("ToJsonString").then_some(input)) {
        if is_ours(object, whose) {
            // Its own tag is done with.
            let object = Node { tag: None, ..object.clone() };
            read_one(&object, path, Reading::template(), now, contents);
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
        let reading = || if substituted.is_some() { Reading::substituted() } else { Reading::text_in_template() };
        let mut inside = Contents::default();
        if read_json(text, whose, reading(), now, &mut inside) {
            place_inside(inside, json, text, path, source, contents);
        }
    }
}

/// Returns true for an action of ours: sent to our function, or else with a word of ours or a declaration.
fn is_ours(node: &Node, whose: Whose) -> bool {
    let detail = node.get("detail");
    let of = |key: &str| node.get(key).or_else(|| detail?.get(key));
    let Some(action) = of("Action") else { return false };
    let is_complete = of("Commitment").is_some() || of("Name").is_some() || detail.is_some();
    let known = || of("Commitment").is_some() || action.text().is_none_or(is_action_of_ours);
    is_complete && (whose == Whose::Ours || known())
}

/// Reads the JSON `text` into `inside`; returns false if it is nothing of ours.
fn read_json(text: &str, whose: Whose, reading: Reading<'_>, now: Option<Timestamp>, inside: &mut Contents) -> bool {
    match document::parse(text) {
        Ok(events) => match events.as_slice() {
            [event] if is_ours(event, whose) => read_one(event, "", reading, now, inside),
            _ => return false,
        },
        Err(unreadable) => {
            if !text.contains("\"Commitment\"") {
                return false;
            }
            let (span, path) = (unreadable.span, String::new());
            let message = format!("is not JSON: {}", unreadable.message);
            inside.findings.push(Finding { level: Level::Error, span, path, message });
        }
    }
    true
}

/// Puts what was found in the JSON `text` where it stands in the template, at `json`.
fn place_inside(inside: Contents, json: &Node, text: &str, path: &str, source: &Source, contents: &mut Contents) {
    let origins = document::origins(&source.text, &json.span, text);
    let placed = |span: std::ops::Range<usize>| {
        let at = |byte: usize| origins.as_ref().and_then(|origins| origins.get(byte).copied());
        let last = span.end.saturating_sub(1).max(span.start);
        match (at(span.start), at(last)) {
            (Some(start), Some(last)) => start..last + 1,
            _ => json.span.clone(),
        }
    };
    let below = |inner: &str| if inner.is_empty() { path.to_owned() } else { format!("{path}: {inner}") };
    for finding in inside.findings {
        let (span, path) = (placed(finding.span), below(&finding.path));
        contents.findings.push(Finding { span, path, ..finding });
    }
    for mut declaration in inside.declarations {
        declaration.span = placed(declaration.span);
        for target in &mut declaration.targets {
            target.span = placed(target.span.clone());
            target.path = below(&target.path);
        }
        contents.declarations.push(declaration);
    }
    contents.actions += inside.actions;
}
