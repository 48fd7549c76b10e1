//! What is in a world, and what may go wrong there?

use std::collections::BTreeSet;

use policy::commitment::{AliasId, Commitment, ParameterName};
use policy::custom_resource::{Origin, Request, RequestType};
use policy::event::Command;
use policy::guardrails::Guardrails;
use policy::input::Mistakes;
use serde_json::Value;

use crate::time::{Second, instant};

/// The deployment.
pub(crate) const DEPLOYMENT: &str = "d";
/// The model that is sold.
pub(crate) const MODEL: &str = "amazon.nova-lite-v1:0:24k";
/// The same without its context length: what agents invoke on demand.
pub(crate) const BASE: &str = "amazon.nova-lite-v1:0";
/// How an ARN begins.
const ARN: &str = "arn:aws:bedrock:us-east-1:111122223333:provisioned-model/";

/// A small world.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way in which worlds differ")]
pub struct World {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The names of its commitments.
    pub(crate) commitments: Vec<String>,
    /// The names that throughputs can have, each with the commitment that buys it; nothing for somebody else's.
    pub(crate) throughputs: Vec<(String, Option<u8>)>,
    /// The values of `Purchase` that are declared.
    pub(crate) purchases: Vec<String>,
    /// The aliases.
    pub(crate) aliases: Vec<AliasId>,
    /// The parameter.
    pub(crate) parameter: Option<ParameterName>,
    /// What is asked for, in this order.
    pub(crate) events: Vec<Event>,
    /// What may be bought.
    pub(crate) guardrails: Guardrails,
    /// Which faults may occur, and how many in one path.
    pub(crate) faults: Vec<Fault>,
    /// How many of them.
    pub(crate) most_faults: u8,
    /// What people may do, and how often in one path.
    pub(crate) hands: Vec<Hand>,
    /// How often.
    pub(crate) most_hands: u8,
    /// Model units that AWS sells to the account.
    pub(crate) quota: u32,
    /// Instants at which a timetable changes what is wanted.
    pub(crate) boundaries: Vec<Second>,
    /// Whether a throughput can be deleted while it is created (not known of AWS).
    pub(crate) deletable: bool,
    /// For how long looks may miss a throughput that exists.
    pub(crate) lag: Second,
    /// Whether names of throughputs are unique (inferred of AWS).
    pub(crate) unique_names: bool,
    /// Whether a throughput of somebody else's exists from the start.
    pub(crate) foreign: bool,
    /// Whether events may overtake each other.
    pub(crate) reorder: bool,
}

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Of which commitment.
    pub(crate) commitment: u8,
    /// What.
    pub(crate) ask: Ask,
    /// It does not come before this.
    pub(crate) not_before: Second,
}

/// A command or a request.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// Of a person or a schedule.
    Command(Box<Command>),
    /// Of a stack.
    Request {
        /// What kind.
        kind: RequestType,
        /// Whom to answer.
        origin: Origin,
        /// What is declared.
        properties: Value,
        /// How long the stack waits.
        timeout: Second,
    },
}

/// What may go wrong by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An invocation dies between two steps.
    Crash,
    /// An invocation takes long: the clock goes on under it.
    Stall,
    /// A tick does not come.
    LostTick,
    /// A call has its effect, and its answer is lost.
    AnswerLost,
    /// A call has no effect, and no answer comes.
    Silence,
    /// A call is refused because there are too many.
    Throttled,
    /// List and Get miss a throughput that exists.
    Missed,
    /// List still shows a throughput that is deleted.
    Ghost,
    /// List, Get and marks still show a throughput that is deleted.
    Lingers,
    /// The marks of a throughput do not show.
    MarksLate,
    /// The throughputs cannot be listed.
    ListFails,
    /// An alias cannot be read.
    AliasUnread,
    /// A creation fails in the end.
    CreationFails,
    /// A change of an alias fails in the end.
    AliasFails,
    /// Lambda repeats an invocation that had ended, or EventBridge sends its event twice.
    Repeated,
}

/// What people may do to what is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Route an alias to a throughput of ours.
    RouteToOurs,
    /// Route an alias to somebody else's throughput.
    RouteToForeign,
    /// Route an alias on demand.
    RouteOnDemand,
    /// Put an alias into FAILED with a change of their own.
    BreakAlias,
    /// Take our marks off a throughput and put others on.
    Retag,
    /// Delete a throughput of ours.
    Delete,
    /// Write the on-demand value into the parameter.
    WriteParameter,
    /// AWS turns the model `LEGACY`.
    Legacy,
}

impl World {
    /// A world with nothing in it but `commitments`.
    pub(crate) fn new(name: &'static str, about: &'static str, commitments: &[&str]) -> Self {
        #[expect(clippy::expect_used, reason = "the text is fixed")]
        let guardrails =
            Guardrails::parse("4", None, "*", "None,OneMonth,SixMonths").expect("these guardrails can be read");
        Self {
            name,
            about,
            commitments: commitments.iter().map(|&name| name.to_owned()).collect(),
            throughputs: vec![("foreign".to_owned(), None)],
            purchases: Vec::new(),
            aliases: Vec::new(),
            parameter: None,
            events: Vec::new(),
            guardrails,
            faults: Vec::new(),
            most_faults: 0,
            hands: Vec::new(),
            most_hands: 0,
            quota: 9,
            boundaries: Vec::new(),
            deletable: true,
            lag: crate::rounds::LAG,
            unique_names: false,
            foreign: false,
            reorder: false,
        }
    }

    /// The ARN of the throughput `id`.
    pub(crate) fn arn(id: u16) -> String {
        format!("{ARN}{id:04}")
    }

    /// The id that an ARN ends in.
    pub(crate) fn id_of(arn: &str) -> Option<u16> {
        arn.strip_prefix(ARN)?.parse().ok()
    }

    /// The index of a throughput's name.
    pub(crate) fn name_index(&self, name: &str) -> Option<u8> {
        let index = self.throughputs.iter().position(|(known, _)| known == name)?;
        u8::try_from(index).ok()
    }

    /// Makes known everything that `commitment`, which is the world's at `index`, names.
    pub(crate) fn knows(&mut self, index: u8, commitment: &Commitment) {
        for units in commitment.sizes() {
            let name = commitment.throughput_name(units, DEPLOYMENT);
            if self.name_index(&name).is_none() {
                self.throughputs.push((name, Some(index)));
            }
        }
        let aliases: BTreeSet<AliasId> = self.aliases.iter().chain(&commitment.aliases).cloned().collect();
        self.aliases = aliases.into_iter().collect();
        self.parameter = self.parameter.take().or_else(|| commitment.parameter.clone());
        let purchase = commitment.purchase.as_ref().map(|purchase| purchase.as_str().to_owned());
        if let Some(purchase) = purchase.filter(|purchase| !self.purchases.contains(purchase)) {
            self.purchases.push(purchase);
        }
    }

    /// The index of an alias.
    pub(crate) fn alias_index(&self, id: &AliasId) -> Option<usize> {
        self.aliases.iter().position(|known| known == id)
    }

    /// Whether `fault` may occur here.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

impl Ask {
    /// The request as it came at `now`, if it is one; it was signed at `signed`.
    pub(crate) fn request(&self, name: &str, signed: Second, now: Second) -> Option<Request> {
        let Self::Request { kind, origin, properties, timeout } = self else { return None };
        let until = signed.min(now) + timeout;
        Some(Request {
            kind: *kind,
            origin: origin.clone(),
            name: name.parse().ok()?,
            guards: false,
            properties: properties.clone(),
            dated: instant(signed),
            since: instant(now),
            until: instant(until),
            decide_at: instant(until - 60.min(timeout / 2)),
        })
    }
}

/// Reads a commitment of this world: `more` beside name and model.
pub(crate) fn declaration(name: &str, more: &Value) -> Option<Commitment> {
    let mut value = serde_json::json!({"Name": name, "ModelId": MODEL, "LeadTime": "0m"});
    for (key, member) in more.as_object()? {
        value[key] = member.clone();
    }
    Commitment::read(&value, "", &mut Mistakes::default())
}
