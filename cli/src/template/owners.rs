//! Whose is a resource of a template: ours, or somebody else's?
//!
//! A custom resource is ours by its type or by its `ServiceToken`, a schedule by its target. Where neither says, what it holds
//! does: keys that only ours have, or an action that only ours knows.

use policy::input::nearest;

use super::OURS;
use crate::document::Node;

/// A type of ours that declares nothing.
const GUARD: &str = "Custom::CommitmentsGuard";
/// What every name of ours has in it, unless somebody has chosen another.
const OUR_WORD: &str = "throughput";
/// A setting that only our function has.
const OUR_SETTING: &str = "SCHEDULE_GROUP";
/// Keys of a declaration that hardly any other resource has.
const OUR_KEYS: [&str; 7] =
    ["Timetable", "ModelUnits", "AgentAliases", "CommitmentDuration", "LeadTime", "WhenOff", "ModelIdParameter"];
/// What our function is asked for.
const ACTIONS: [&str; 12] = [
    "ScaleUp",
    "ScaleDown",
    "Apply",
    "Retire",
    "Override",
    "Resume",
    "Status",
    "Plan",
    "Doctor",
    "Repair",
    "Adopt",
    "Tick",
];

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of this product.
    Ours,
    /// Of somebody else.
    Foreign,
    /// Nothing says.
    Unknown,
}

/// Returns true for a word that our function knows, or nearly.
pub(super) fn is_action_of_ours(word: &str) -> bool {
    nearest(word, &ACTIONS).is_some_and(|known| known.len().abs_diff(word.len()) <= 1)
}

/// The resources of a template, to tell whose they are.
pub(super) struct Owners<'n> {
    resources: &'n [(Node, Node)],
}

impl<'n> Owners<'n> {
    pub(super) fn of(resources: &'n [(Node, Node)]) -> Self {
        Self { resources }
    }

    /// Returns true if a resource of the type `kind` declares a commitment.
    pub(super) fn declares(&self, kind: &str, properties: &Node) -> bool {
        if kind == OURS {
            return true;
        }
        let custom = kind.starts_with("Custom::") || kind == "AWS::CloudFormation::CustomResource";
        if !custom || kind == GUARD {
            return false;
        }
        let has = |key: &str| {
            properties.members().iter().any(|(name, _)| name.text().is_some_and(|name| name.eq_ignore_ascii_case(key)))
        };
        let ours = OUR_KEYS.iter().any(|key| has(key));
        match properties.get("ServiceToken").map_or(Whose::Unknown, |token| self.token(token)) {
            Whose::Ours => ours || has("ModelId"),
            Whose::Foreign => false,
            Whose::Unknown => ours && has("ModelId"),
        }
    }

    /// Whose a `ServiceToken` is; ours as well if a resource of our type has the same.
    fn token(&self, token: &Node) -> Whose {
        let said = texts(token);
        let ours = self.resources.iter().map(|(_, resource)| resource);
        let ours = ours.filter(|resource| resource.get("Type").and_then(Node::text) == Some(OURS));
        let mut tokens = ours.filter_map(|resource| resource.get("Properties")?.get("ServiceToken")).map(texts);
        if tokens.any(|token| token == said) { Whose::Ours } else { self.whose(token) }
    }

    /// Whose function `reference` names.
    pub(super) fn whose(&self, reference: &Node) -> Whose {
        if let Some(function) = referred(reference).and_then(|id| self.resource(id)) {
            return self.function(function);
        }
        if texts(reference).iter().any(|text| text.to_lowercase().contains(OUR_WORD)) {
            return Whose::Ours;
        }
        Whose::Unknown
    }

    fn resource(&self, id: &str) -> Option<&'n Node> {
        self.resources.iter().find(|(name, _)| name.text() == Some(id)).map(|(_, resource)| resource)
    }

    /// Whose the function, or its alias or version, is that `resource` makes.
    pub(super) fn function(&self, resource: &Node) -> Whose {
        let property = |key: &str| resource.get("Properties")?.get(key);
        match resource.get("Type").and_then(Node::text) {
            Some("AWS::Lambda::Function" | "AWS::Serverless::Function") => {}
            Some("AWS::Lambda::Alias" | "AWS::Lambda::Version") => {
                let function = property("FunctionName").and_then(referred).and_then(|id| self.resource(id));
                let is_function = |node: &&Node| {
                    matches!(
                        node.get("Type").and_then(Node::text),
                        Some("AWS::Lambda::Function" | "AWS::Serverless::Function")
                    )
                };
                return function.filter(is_function).map_or(Whose::Unknown, |function| self.function(function));
            }
            _ => return Whose::Unknown,
        }
        let settings = property("Environment").and_then(|environment| environment.get("Variables"));
        if settings.is_some_and(|settings| settings.get(OUR_SETTING).is_some()) {
            return Whose::Ours;
        }
        // Ours has no runtime of a language.
        let runtime = property("Runtime").and_then(Node::text);
        let is_image = property("PackageType").and_then(Node::text) == Some("Image");
        let foreign = is_image || runtime.is_some_and(|runtime| !runtime.starts_with("provided"));
        if foreign { Whose::Foreign } else { Whose::Unknown }
    }
}

/// The logical id that `!GetAtt id.Arn`, `!Ref id` or `!Sub ${id.Arn}` names, in any of their forms.
fn referred(node: &Node) -> Option<&str> {
    let inner = match node.tag.as_deref() {
        Some("GetAtt" | "Ref" | "Sub") => node,
        Some(_) => return None,
        None => ["Fn::GetAtt", "Ref", "Fn::Sub"].iter().find_map(|key| node.get(key))?,
    };
    let text = inner.elements().first().unwrap_or(inner).text()?;
    let text = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    text.split('.').next()
}

/// Every text in `node`.
fn texts(node: &Node) -> Vec<String> {
    let mut found: Vec<String> = node.text().map(str::to_owned).into_iter().collect();
    found.extend(node.elements().iter().flat_map(texts));
    found.extend(node.members().iter().flat_map(|(_, value)| texts(value)));
    found
}
