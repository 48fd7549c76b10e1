//! What did the user declare?
//!
//! The declaration of docs/reference.md, "A commitment", parsed once into types that cannot be wrong. It is written back in the
//! same grammar, which is how the record keeps it.

mod parameter;
mod schema;
mod stored;
mod term;
mod values;
mod warnings;
mod week;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::input::{self, Flag, Mistakes, Object, cut, words};
use crate::timetable::{ModelUnits, Timetable, duration_text};

use parameter::OnDemandModelId;
pub use parameter::{NotAParameter, NotOnDemand, OFF, ParameterName, is_throughput};
pub use term::{AtTermEnd, NotAPurchase, Purchase, Term};
use values::Price;
pub use values::{
    AliasId, Lasting, ModelId, Name, NotABedrockId, NotAModel, NotAName, NotAPrice, NotATimeout, NotUnits,
    ServiceTimeout, Units, bare_model, is_inference_profile,
};

/// One throughput that somebody wants on a timetable, and the aliases that follow it.
#[derive(Debug, Clone, PartialEq)]
pub struct Commitment {
    /// Its name, unique in this deployment.
    pub name: Name,
    /// The model to buy throughput for.
    pub model: ModelId,
    /// The size when nothing asks for another one.
    pub units: ModelUnits,
    /// The term that it is bought for, if any.
    pub term: Option<Term>,
    /// The name of this purchase of a term; there is one exactly if there is a term.
    pub purchase: Option<Purchase>,
    /// What becomes of it when the term ends.
    pub at_term_end: AtTermEnd,
    /// The aliases that follow it.
    pub aliases: Vec<AliasId>,
    /// When it is wanted; always if absent.
    pub timetable: Option<Timetable>,
    /// How long before it is wanted it is bought.
    pub lead: SignedDuration,
    /// How long it is kept after the last alias left.
    pub drain: SignedDuration,
    /// What the aliases do without it.
    pub when_off: WhenOff,
    /// When a custom resource is answered.
    pub wait_for: WaitFor,
    /// What becomes of it when its custom resource is deleted.
    pub on_delete: OnDelete,
    /// What to invoke without a throughput, if it is declared; see [`Commitment::on_demand`].
    pub on_demand_model: Option<String>,
    /// The parameter that names the model to invoke now.
    pub parameter: Option<ParameterName>,
    /// Whether the aliases may leave a throughput that is not ours, and the parameter a foreign value.
    pub take_over: bool,
    /// Price of one model unit for an hour, for cost figures only.
    pub price_per_unit_hour: Option<f64>,
    /// Tags on the throughput, beside our own.
    pub tags: BTreeMap<String, String>,
}

words! {
    /// What an alias does without a throughput.
    WhenOff {
        /// It invokes its model on demand.
        OnDemand,
        /// It rejects invocations.
        Reject,
    }
}
words! {
    /// When a custom resource is answered.
    WaitFor {
        /// Once what is due now was accepted by AWS.
        Accepted,
        /// Once what is due now is in service and routed.
        InService,
    }
}
words! {
    /// What becomes of a commitment when its custom resource is deleted.
    OnDelete {
        /// It is retired.
        Retire,
        /// It is left as it is, without our marks.
        Retain,
    }
}

/// The keys of a custom resource's properties, and last of all the name, which a custom resource does not have.
const KEYS: [&str; 20] = [
    "ServiceToken",
    "ServiceTimeout",
    "ModelId",
    "ModelUnits",
    "CommitmentDuration",
    "AtTermEnd",
    "Purchase",
    "AgentAliases",
    "Timetable",
    "LeadTime",
    "Drain",
    "WhenOff",
    "WaitFor",
    "OnDelete",
    "OnDemandModelId",
    "ModelIdParameter",
    "TakeOver",
    "PricePerUnitHour",
    "Tags",
    "Name",
];

/// How many of [`KEYS`] only a custom resource has.
const RESOURCE_ONLY: usize = 2;

/// The keys that a declaration with its own name has.
const NAMED_KEYS: &[&str] = KEYS.split_at(RESOURCE_ONLY).1;
/// The keys that the properties of a custom resource have.
const RESOURCE_KEYS: &[&str] = KEYS.split_at(KEYS.len() - 1).0;
const TIMETABLE_KEYS: &[&str] = &["Timezone", "Windows", "Holidays", "Exceptions"];
const WINDOW_KEYS: &[&str] = &["Window", "ModelUnits"];
const EXCEPTION_KEYS: &[&str] = &["Window", "State", "ModelUnits"];

/// Most aliases: one transaction of the table claims all of them.
const MOST_ALIASES: usize = 40;
/// Most windows, holidays and exceptions of one commitment.
const MOST_WINDOWS: usize = 100;
const MOST_HOLIDAYS: usize = 400;
const MOST_EXCEPTIONS: usize = 100;
/// AWS allows 50 tags; two are ours.
const MOST_TAGS: usize = 48;
const RESERVED_TAGS: [&str; 2] = ["aws:", "throughput-scheduler:"];
const LONGEST_TAG_KEY: usize = 128;
const LONGEST_TAG_VALUE: usize = 256;
/// What a tag may hold beside letters and digits.
const TAG_SIGNS: &str = " _.:/=+-@";

const NAME_CURE: &str = "give the commitment's name, such as `support-agent`";
const MODEL_CURE: &str = "give a model id with context length, such as `amazon.nova-lite-v1:0:24k`, or a custom model";

impl Commitment {
    /// Reads a declaration that carries its own `Name`.
    pub fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let object = Object::open(path, value, NAMED_KEYS, mistakes)?;
        let name = object.required("Name", NAME_CURE, mistakes);
        Self::read_members(&object, name, mistakes)
    }

    /// Reads the properties of a custom resource: a declaration without `Name`, which is derived (docs/reference.md, "The custom resource"),
    /// beside `ServiceToken` and `ServiceTimeout`.
    pub fn read_properties(name: Name, value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let object = Object::open(path, value, RESOURCE_KEYS, mistakes)?;
        let _checked: Option<ServiceTimeout> = object.optional("ServiceTimeout", mistakes);
        Self::read_members(&object, Some(name), mistakes)
    }

    fn read_members(object: &Object<'_>, name: Option<Name>, mistakes: &mut Mistakes) -> Option<Self> {
        let model = object.required("ModelId", MODEL_CURE, mistakes);
        let units = object.optional("ModelUnits", mistakes).map_or(ModelUnits::MIN, |Units(units)| units);
        let (term, purchase, at_term_end) = term::read(object, mistakes);
        let aliases = read_aliases(object, mistakes);
        let timetable = object.get("Timetable").map(|value| week::read(value, &object.at("Timetable"), mistakes));
        let minutes = |key, default| {
            move |mistakes: &mut Mistakes| {
                object.optional(key, mistakes).map_or(SignedDuration::from_mins(default), |Lasting(duration)| duration)
            }
        };
        let lead = minutes("LeadTime", 60)(mistakes);
        let drain = minutes("Drain", 5)(mistakes);
        let when_off = object.optional("WhenOff", mistakes).unwrap_or(WhenOff::OnDemand);
        let wait_for = object.optional("WaitFor", mistakes).unwrap_or(WaitFor::Accepted);
        let on_delete = object.optional("OnDelete", mistakes).unwrap_or(OnDelete::Retire);
        let on_demand_model = object.optional("OnDemandModelId", mistakes).map(|OnDemandModelId(model)| model);
        let parameter = object.optional("ModelIdParameter", mistakes);
        let take_over = object.optional("TakeOver", mistakes).is_some_and(|Flag(flag)| flag);
        let price_per_unit_hour = object.optional("PricePerUnitHour", mistakes).map(|Price(price)| price);
        let tags = read_tags(object, mistakes);

        if term.is_some() && timetable.is_some() {
            mistakes.add(
                object.at("Timetable"),
                "cannot be followed with a CommitmentDuration, which is paid for day and night; remove one of the two",
            );
        }
        Some(Self {
            name: name?,
            model: model?,
            units,
            term,
            purchase,
            at_term_end: at_term_end.unwrap_or(AtTermEnd::Renew),
            aliases,
            timetable: timetable.flatten(),
            lead,
            drain,
            when_off,
            wait_for,
            on_delete,
            on_demand_model,
            parameter,
            take_over,
            price_per_unit_hour,
            tags,
        })
    }

    /// The declaration in the grammar in which it was read, with nothing left to a default.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let Self {
            name,
            model,
            units,
            term,
            purchase,
            at_term_end,
            aliases,
            timetable,
            lead,
            drain,
            when_off,
            wait_for,
            on_delete,
            on_demand_model,
            parameter,
            take_over,
            price_per_unit_hour,
            tags,
        } = self;
        let mut value = json!({
            "Name": name.as_str(),
            "ModelId": model.as_str(),
            "ModelUnits": units,
            "AgentAliases": aliases.iter().map(AliasId::to_value).collect::<Vec<_>>(),
            "LeadTime": duration_text(*lead),
            "Drain": duration_text(*drain),
            "WhenOff": when_off,
            "WaitFor": wait_for,
            "OnDelete": on_delete,
            "TakeOver": take_over,
            "Tags": tags,
        });
        let mut put = |key: &str, member: Option<Value>| {
            if let Some(member) = member {
                value[key] = member;
            }
        };
        put("CommitmentDuration", term.map(|term| json!(term)));
        put("Purchase", purchase.as_ref().map(|purchase| json!(purchase)));
        put("AtTermEnd", term.map(|_| json!(at_term_end)));
        put("Timetable", timetable.as_ref().map(week::to_value));
        put("OnDemandModelId", on_demand_model.as_ref().map(|id| json!(id)));
        put("ModelIdParameter", parameter.as_ref().map(|name| json!(name)));
        put("PricePerUnitHour", price_per_unit_hour.map(|price| json!(price)));
        value
    }

    /// The name of the throughput of `units` that `deployment` buys: commitment name + `-` + 6 hex digits that depend on
    /// deployment, model, units and term (docs/reference.md, "What it leaves in AWS"). A model's id and its ARN give the same.
    #[must_use]
    pub fn throughput_name(&self, units: ModelUnits, deployment: &str) -> String {
        let term = self.term.map_or("None", Term::as_str);
        let digest = Sha256::digest(format!("{deployment}|{}|{units}|{term}", self.model.canonical()));
        format!("{}-{:02x}{:02x}{:02x}", self.name, digest[0], digest[1], digest[2])
    }

    /// Whether the same would be bought for `other`: model, size and term, which a running term fixes.
    #[must_use]
    pub fn is_bought_as(&self, other: &Self) -> bool {
        self.model.canonical() == other.model.canonical() && self.units == other.units && self.term == other.term
    }

    /// Every size that the declaration asks for at one time or another.
    #[must_use]
    pub fn sizes(&self) -> BTreeSet<ModelUnits> {
        let timetable = self.timetable.iter();
        let windows = timetable.clone().flat_map(Timetable::windows).filter_map(|window| window.units);
        let exceptions = timetable.flat_map(Timetable::exceptions).filter_map(|exception| exception.units);
        windows.chain(exceptions).chain([self.units]).collect()
    }
}

fn read_aliases(object: &Object<'_>, mistakes: &mut Mistakes) -> Vec<AliasId> {
    let mut aliases: Vec<AliasId> = Vec::new();
    for (path, value) in object.list("AgentAliases", MOST_ALIASES, mistakes) {
        let Some(alias) = AliasId::read(value, &path, mistakes) else { continue };
        if aliases.contains(&alias) {
            mistakes.add(path, format!("`{alias}` is declared twice; remove one"));
        } else {
            aliases.push(alias);
        }
    }
    aliases
}

fn read_tags(object: &Object<'_>, mistakes: &mut Mistakes) -> BTreeMap<String, String> {
    let path = object.at("Tags");
    let Some(value) = object.get("Tags") else { return BTreeMap::new() };
    let Some(members) = value.as_object() else {
        mistakes.add(path, format!("{} is not an object of tag keys and values", input::shown(value)));
        return BTreeMap::new();
    };
    if members.len() > MOST_TAGS {
        mistakes.add(&path, format!("has {} tags; at most {MOST_TAGS} are accepted", members.len()));
    }
    let allowed = |text: &str| text.chars().all(|sign| sign.is_alphanumeric() || TAG_SIGNS.contains(sign));
    let mut tags = BTreeMap::new();
    for (key, value) in members.iter().take(MOST_TAGS) {
        let path = format!("{path}.{}", cut(key));
        let Some(text) = input::scalar(value) else {
            mistakes.add(path, format!("{} is not a single value", input::shown(value)));
            continue;
        };
        let reserved = RESERVED_TAGS.into_iter().find(|prefix| key.to_lowercase().starts_with(prefix));
        if let Some(prefix) = reserved {
            mistakes.add(path, format!("keys that begin with `{prefix}` are reserved; use another key"));
        } else if key.is_empty() || key.chars().count() > LONGEST_TAG_KEY || !allowed(key) {
            mistakes.add(path, "is not a tag key; use 1 to 128 letters, digits, spaces or _ . : / = + - @");
        } else if text.chars().count() > LONGEST_TAG_VALUE || !allowed(&text) {
            let value = cut(&text);
            mistakes.add(
                path,
                format!("`{value}` is not a tag value; use at most 256 letters, digits, spaces or _ . : / = + - @"),
            );
        } else {
            tags.insert(key.clone(), text.into_owned());
        }
    }
    tags
}
