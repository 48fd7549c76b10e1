//! What may stand in a declaration, in the words of JSON Schema?
//!
//! Two documents of draft 2020-12 for editors and CI, built from the keys, words, bounds and patterns that the parser uses. They
//! accept whatever the parser accepts. What a schema cannot know, it leaves to the parser: whether a time zone exists, whether a
//! period ends after it begins, what sum of hours and minutes is within a week.

mod members;

use serde_json::{Map, Value, json};

use members::{Member, Part, member};

use super::parameter::OnDemandModelId;
use super::term::WrittenTerm;
use super::values::{BedrockId, Price, SCALAR};
use super::{
    AliasId, AtTermEnd, Commitment, EXCEPTION_KEYS, LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_ALIASES, MOST_EXCEPTIONS,
    MOST_HOLIDAYS, MOST_TAGS, MOST_WINDOWS, ModelId, NAMED_KEYS, Name, OnDelete, ParameterName, Purchase,
    RESERVED_TAGS, RESOURCE_KEYS, ServiceTimeout, TAG_SIGNS, TIMETABLE_KEYS, Term, Units, WINDOW_KEYS, WaitFor,
    WhenOff,
};
use crate::pattern::{any_case, any_of, none_of};
use crate::timetable::{Holiday, Period, State, Window, Zone, duration_schema};

impl Commitment {
    /// The JSON Schema of a declaration that carries its own `Name`: the `Commitment` of an action.
    #[must_use]
    pub fn schema() -> Value {
        let mut document = document(Place::Action, NAMED_KEYS, &["Name", "ModelId"]);
        document["$id"] = json!("urn:throughput-scheduler:commitment");
        document["title"] = json!("A commitment");
        document["description"] = json!(
            "The `Commitment` of an action of Throughput Scheduler: one throughput that is wanted on a timetable, and the agent \
            aliases that follow it. The function checks more than a schema can: that the time zone exists, that periods end after \
            they begin, that parts of a duration add up to a week at most."
        );
        document
    }

    /// The JSON Schema of a custom resource's properties in a template, where `CloudFormation`'s intrinsic functions may stand in
    /// place of any value.
    #[must_use]
    pub fn properties_schema() -> Value {
        let mut document = document(Place::Template, RESOURCE_KEYS, &["ServiceToken", "ModelId"]);
        document["$id"] = json!("urn:throughput-scheduler:custom-resource");
        document["title"] = json!("Properties of Custom::ProvisionedThroughput");
        document["description"] = json!(
            "One throughput that is wanted on a timetable, and the agent aliases that follow it, as the `Properties` of a \
            CloudFormation custom resource of Throughput Scheduler. The function checks more than a schema can: that the time \
            zone exists, that periods end after they begin, that parts of a duration add up to a week at most, and what intrinsic \
            functions stand for."
        );
        document["$defs"]["Intrinsic"] = json!({
            "description": "An intrinsic function of CloudFormation in its long form.",
            "type": "object", "minProperties": 1, "maxProperties": 1,
            "patternProperties": {"^(?:Ref|Condition|Fn::.+)$": true}, "additionalProperties": false,
        });
        document
    }
}

/// The names in `$defs` of lists.
const LISTS: [&str; 4] = ["AgentAliases", "Windows", "Holidays", "Exceptions"];

/// The place in which a declaration is written.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In an action, where a key that is `null` counts as absent, too.
    Action,
    /// In a template, where a value may be an intrinsic function, and `null` is refused by `CloudFormation`.
    Template,
}

impl Place {
    /// What `name` of `$defs` describes, as it may stand here.
    fn value(self, name: &str) -> Value {
        let plain = json!({"$ref": format!("#/$defs/{name}")});
        match self {
            Self::Action => plain,
            Self::Template => json!({"anyOf": [plain, {"$ref": "#/$defs/Intrinsic"}]}),
        }
    }

    /// The same as an object's member that may be absent.
    fn optional(self, name: &str) -> Value {
        let absent = if LISTS.contains(&name) { "AbsentList" } else { "Absent" };
        let mut value = json!({"anyOf": [{"$ref": format!("#/$defs/{name}")}, {"$ref": format!("#/$defs/{absent}")}]});
        if let (Self::Template, Some(forms)) = (self, value["anyOf"].as_array_mut()) {
            forms.push(json!({"$ref": "#/$defs/Intrinsic"}));
        }
        value
    }

    /// Every value that an optional key may have and that counts as if it were not there.
    fn absent(self) -> Vec<Value> {
        match self {
            Self::Action => vec![json!(null), json!("")],
            Self::Template => vec![json!("")],
        }
    }

    fn list(self, name: &str, most: usize) -> Value {
        json!({"type": "array", "items": self.value(name), "maxItems": most})
    }

    /// An object of these `keys`, each as `member` describes it.
    fn object(self, part: Part, keys: &[&str], required: &[&str]) -> Value {
        let mut properties = Map::new();
        for key in keys {
            let Some(Member { is, says, default, examples }) = member(part, key) else { continue };
            let mut property = json!({"description": says});
            if let Some(default) = default {
                property["default"] = default;
            }
            property["examples"] = examples;
            let value = if required.contains(key) { self.value(is) } else { self.optional(is) };
            if let (Some(property), Value::Object(value)) = (property.as_object_mut(), value) {
                property.extend(value);
            }
            properties.insert((*key).to_owned(), property);
        }
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }
}

fn document(place: Place, keys: &[&str], required: &[&str]) -> Value {
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": null, "title": null, "description": null,
    });
    if let (Some(document), Value::Object(object)) =
        (document.as_object_mut(), place.object(Part::Commitment, keys, required))
    {
        document.extend(object);
    }
    document["allOf"] = rules();
    document["$defs"] = definitions(place);
    document
}

/// What holds between keys. Only what is written out counts: an intrinsic function may stand for nothing at all.
fn rules() -> Value {
    let term = json!({"enum": Term::WORDS});
    let both = json!({
        "properties": {
            "CommitmentDuration": term,
            "Timetable": {"type": "object", "required": ["Timezone"]},
        },
        "required": ["CommitmentDuration", "Timetable"],
    });
    json!([
        none_of(&both, "a Timetable cannot be followed with a CommitmentDuration, which is paid for day and night"),
        only_with_a_term("AtTermEnd"),
        only_with_a_term("Purchase"),
        {
            "if": {"properties": {"CommitmentDuration": term}, "required": ["CommitmentDuration"]},
            "then": {
                "properties": {"Purchase": {"not": {"enum": [null, ""]}}}, "required": ["Purchase"],
                "errorMessage": "a CommitmentDuration needs a Purchase: your name for this purchase",
            },
        },
    ])
}

fn only_with_a_term(key: &str) -> Value {
    let no_term = [json!(null), json!(""), json!(WrittenTerm::NO_TERM)];
    json!({
        "if": {"properties": {key: {"type": SCALAR, "not": {"const": ""}}}, "required": [key]},
        "then": {
            "properties": {"CommitmentDuration": {"not": {"enum": no_term}}}, "required": ["CommitmentDuration"],
            "errorMessage": format!("{key} says nothing without a CommitmentDuration"),
        },
    })
}

fn definitions(place: Place) -> Value {
    let words = |words: &[&str]| json!({"type": "string", "enum": words});
    let mut aliases = place.list("AgentAlias", MOST_ALIASES);
    if place == Place::Action {
        // Of intrinsic functions several may be the same, and stand for nothing.
        aliases["uniqueItems"] = json!(true);
    }
    let mut exception = place.object(Part::Exception, EXCEPTION_KEYS, &["Window", "State"]);
    let off_with_units = json!({
        "properties": {"State": {"const": State::Off}, "ModelUnits": {"type": ["integer", "string"]}},
        "required": ["State", "ModelUnits"],
    });
    exception["allOf"] = json!([none_of(&off_with_units, "ModelUnits says nothing with State Off")]);
    let absent = place.absent();
    let empty: Vec<Value> = absent.iter().cloned().chain([json!([""])]).collect();
    let mut definitions = json!({
        "Absent": {"description": "As if the key were not there.", "enum": absent},
        "AbsentList": {"description": "As if the key were not there.", "enum": empty},
        "Name": Name::schema(),
        "ModelId": ModelId::schema(),
        "OnDemandModelId": OnDemandModelId::schema(),
        "ModelIdParameter": ParameterName::schema(),
        "ModelUnits": Units::schema(),
        "CommitmentDuration": words(&WrittenTerm::WORDS),
        "AtTermEnd": words(AtTermEnd::WORDS),
        "Purchase": Purchase::schema(),
        "AgentAliases": aliases,
        "AgentAlias": place.object(Part::Alias, AliasId::KEYS, AliasId::KEYS),
        "AgentId": BedrockId::schema(),
        "AgentAliasId": BedrockId::alias_schema(),
        "Timetable": place.object(Part::Timetable, TIMETABLE_KEYS, &["Timezone"]),
        "Timezone": Zone::schema(),
        "Windows": place.list("Window", MOST_WINDOWS),
        "Window": {"anyOf": [{"$ref": "#/$defs/WindowText"}, {"$ref": "#/$defs/SizedWindow"}]},
        "WindowText": Window::schema(),
        "SizedWindow": place.object(Part::Window, WINDOW_KEYS, &["Window"]),
        "Holidays": place.list("Holiday", MOST_HOLIDAYS),
        "Holiday": Holiday::schema(),
        "Exceptions": place.list("Exception", MOST_EXCEPTIONS),
        "Exception": exception,
        "Period": Period::schema(),
        "State": {"enum": [State::On, State::Off, true, false, "true", "false"]},
        "Duration": duration_schema(),
        "WhenOff": words(WhenOff::WORDS),
        "WaitFor": words(WaitFor::WORDS),
        "OnDelete": words(OnDelete::WORDS),
        "Flag": {"enum": [true, false, "true", "false"]},
        "Price": Price::schema(),
        "Tags": {
            "type": "object", "maxProperties": MOST_TAGS, "propertyNames": {"$ref": "#/$defs/TagKey"},
            "additionalProperties": place.value("TagValue"),
        },
        "TagKey": tag_key(),
        "TagValue": {
            "type": ["string", "number", "boolean"], "maxLength": LONGEST_TAG_VALUE,
            "pattern": format!("^{}*$", tag_sign()),
            "patternErrorMessage": format!("use letters, digits or {TAG_SIGNS:?}"),
        },
    });
    if place == Place::Template {
        definitions["ServiceToken"] = json!({"type": "string", "minLength": 1});
        definitions["ServiceTimeout"] = ServiceTimeout::schema();
        if let Some(definitions) = definitions.as_object_mut() {
            definitions.shift_remove("Name");
        }
    }
    definitions
}

fn tag_key() -> Value {
    let reserved = format!("^{}", any_of(RESERVED_TAGS.map(any_case)));
    json!({
        "minLength": 1, "maxLength": LONGEST_TAG_KEY, "pattern": format!("^{}*$", tag_sign()),
        "patternErrorMessage": format!("use letters, digits or {TAG_SIGNS:?}"),
        "allOf": [none_of(&json!({"pattern": reserved}), "keys that begin so are reserved; use another key")],
    })
}

/// A character of a tag: Unicode's letters and digits, and some signs.
fn tag_sign() -> String {
    format!(r"[\p{{Alphabetic}}\p{{N}}{}]", TAG_SIGNS.replace('-', r"\-"))
}
