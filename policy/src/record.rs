//! What is kept between invocations?
//!
//! One record per commitment, kept as the `Input` of the commitment's own EventBridge schedule (interface.md section 6).
//! It is the only state. Scheduler has no compare-and-swap, so a record says by whom it was declared
//! ([`Record::requested`]) and how often it was written since ([`Record::revision`]); see [`Record::standing`].

mod resource;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::commitment::{AliasId, Commitment, ParameterName};
use crate::desired::{Base, Demand, Hold, Override};
use crate::input::cut_to;
use crate::observed::{Throughput, ThroughputStatus};
use crate::timetable::State;

pub use resource::{Claim, Decision, Owed, Previous, Resource, Stored, Taken, Tombstone};

/// Everything that one commitment's invocations tell each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// What was declared.
    pub commitment: Commitment,
    /// Whether it was only ever scaled up and down, so that without a timetable and a hold it is off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by_hand: bool,
    /// When it was first registered: part of every purchase's token.
    pub registered: Timestamp,
    /// The date of the newest request that shaped it.
    pub requested: Timestamp,
    /// How often it was written.
    pub revision: u64,
    /// What a `ScaleUp` or `ScaleDown` put in place of the timetable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// What lies above that for a while.
    #[serde(default, rename = "Override", skip_serializing_if = "Option::is_none")]
    pub override_: Option<Override>,
    /// Whether it is still wanted at all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
    /// Aliases that were dropped from the declaration and not yet let go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<AliasId>,
    /// What has to be remembered of an alias.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<AliasId, AliasMemory>,
    /// Parameters that were dropped from the declaration and not yet let go, with the value that each is left with: that of the
    /// declaration that it was in, which may come back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub leaving_parameters: BTreeMap<ParameterName, String>,
    /// Parameters that were found fit to be written, or have been: from then on, another value in them is put right.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub own_parameters: BTreeSet<ParameterName>,
    /// The throughputs that are known to be ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub throughputs: Vec<Held>,
    /// By throughput name, the last of that name that is gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<String, Gone>,
    /// By throughput name, a purchase whose throughput has not been seen yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub buying: BTreeMap<String, Buying>,
    /// What others have taken over: as long as one of them leads to what is ours, that is not deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Claim>,
    /// What it takes over from others and may not have taken out of their records yet: an invocation that dies in between leaves
    /// it to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taking: Vec<Taken>,
    /// That it is a custom resource, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// What `CloudFormation` is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
    /// How the schedule that holds this record is set up.
    pub schedule: Schedule,
}

/// Whether a commitment is still wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    /// It follows its timetable.
    #[default]
    Active,
    /// It is let go, and forgotten when nothing is left.
    Retiring,
    /// Its term has ended: nothing is bought until it is declared anew.
    Ended,
    /// Its throughputs lose our marks and stay as they are, with the aliases on them; then it is forgotten.
    Releasing,
}

/// That something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// When it was first seen failed.
    pub at: Timestamp,
    /// What AWS said, cut to a line; empty if it said nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What has to be remembered of an alias.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasMemory {
    /// That it failed, until it has settled on a throughput.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
    /// Whether it was us who made it reject invocations. Set before the call, so that a crash cannot leave an alias
    /// rejecting for ever.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rejecting: bool,
}

/// A throughput that is known to be ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Held {
    /// Its name.
    pub name: String,
    /// Its ARN.
    #[serde(deserialize_with = "arn")]
    pub arn: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// Whether it has ever been in service.
    #[serde(default, skip_serializing_if = "is_default")]
    pub served: bool,
    /// That it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
    /// When, on its way out, its last alias was first seen elsewhere: the drain counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Timestamp>,
    /// When its term ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_end: Option<Timestamp>,
    /// Whether its term was seen to begin anew.
    #[serde(default, skip_serializing_if = "is_default")]
    pub renewed: bool,
    /// A digest of the declared tags that it bears.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tags: String,
}

/// The last throughput of a name that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Gone {
    /// Its ARN.
    #[serde(deserialize_with = "arn")]
    pub arn: String,
    /// That it had failed, if it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
}

/// A purchase whose throughput has not been seen yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Buying {
    /// When it was last tried, or since when what it returned is not found.
    pub since: Timestamp,
    /// What it returned and nobody finds.
    #[serde(default, deserialize_with = "maybe_arn", skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// How a schedule is set up: part of the record, so that a changed setting is noticed without a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Schedule {
    /// Minutes between ticks.
    pub minutes: u8,
    /// The role that Scheduler assumes.
    pub role_arn: String,
    /// The function that it invokes.
    pub target: String,
}

/// Most bytes of an ARN: as many as Bedrock takes. The SDK panics at one that no URL could hold.
const LONGEST_ARN: usize = 2048;

fn maybe_arn<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let arn = Option::<String>::deserialize(deserializer)?;
    match arn.as_ref().map_or(0, String::len) {
        0..=LONGEST_ARN => Ok(arn),
        length => Err(serde::de::Error::custom(format!("an ARN of {length} bytes is none"))),
    }
}

fn arn<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    maybe_arn(deserializer).map(Option::unwrap_or_default)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How a record that is read again stands to the one that an invocation works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the same.
    Same,
    /// It is newer, or of another hand: whoever wrote it goes on from there.
    Newer,
    /// It is of an older request: a tick that was under way has overwritten ours.
    Overwritten,
}

/// Most characters of a reason that are remembered.
const LONGEST_REASON: usize = 200;

impl Failure {
    /// A failure that was seen at `at`, for which AWS gave `reason`.
    #[must_use]
    pub fn new(at: Timestamp, reason: &str) -> Self {
        Self { at, reason: cut_to(reason, LONGEST_REASON) }
    }
}

impl Record {
    /// The record of a commitment that nobody knew, declared at `now`.
    #[must_use]
    pub fn new(commitment: Commitment, now: Timestamp, schedule: Schedule) -> Self {
        Self {
            commitment,
            by_hand: false,
            registered: now,
            requested: now,
            revision: 0,
            hold: None,
            override_: None,
            lifecycle: Lifecycle::Active,
            leaving: Vec::new(),
            aliases: BTreeMap::new(),
            leaving_parameters: BTreeMap::new(),
            own_parameters: BTreeSet::new(),
            throughputs: Vec::new(),
            gone: BTreeMap::new(),
            buying: BTreeMap::new(),
            lost: Vec::new(),
            taking: Vec::new(),
            resource: None,
            owed: None,
            schedule,
        }
    }

    /// What is wanted, as [`Demand`] evaluates it.
    #[must_use]
    pub fn demand(&self) -> Demand<'_> {
        let commitment = &self.commitment;
        Demand {
            base: match &commitment.timetable {
                Some(timetable) => Base::Timetable(timetable),
                None if self.by_hand => Base::Never,
                None => Base::Always,
            },
            units: commitment.units,
            hold: self.hold.as_ref(),
            override_: self.override_.as_ref(),
            lead: commitment.lead,
        }
    }

    /// Whether an override or a hold says that it is off at `now`, not a timetable alone.
    #[must_use]
    pub fn off_by_hand(&self, now: Timestamp) -> bool {
        let live = self.override_.as_ref().filter(|live| now < live.until).map(|live| live.state);
        live.or(self.hold.as_ref().map(|hold| hold.state)) == Some(State::Off)
    }

    /// Puts `commitment` in the place of what was declared; dropped aliases, and a dropped parameter, are remembered until they
    /// are let go.
    pub fn declare(&mut self, commitment: Commitment) {
        let dropped = self.commitment.aliases.iter().filter(|alias| !commitment.aliases.contains(alias));
        self.leaving.extend(dropped.cloned());
        self.leaving.retain(|alias| !commitment.aliases.contains(alias));
        self.leaving.sort();
        self.leaving.dedup();
        self.leaving_parameters.extend(self.commitment.dropped_parameter());
        self.leaving_parameters.retain(|name, _| commitment.parameter.as_ref() != Some(name));
        self.lost.retain(|claim| !claim.is_of(&commitment));
        self.commitment = commitment;
    }

    /// Lets it go, whatever held it.
    pub fn retire(&mut self) {
        self.lifecycle = Lifecycle::Retiring;
        self.hold = None;
        self.override_ = None;
    }

    /// The aliases that matter: the declared ones, then those that are leaving.
    pub fn all_aliases(&self) -> impl Iterator<Item = &AliasId> {
        self.commitment.aliases.iter().chain(&self.leaving)
    }

    /// The parameters that matter: the declared one, then those that are leaving.
    pub fn all_parameters(&self) -> impl Iterator<Item = &ParameterName> {
        self.commitment.parameter.iter().chain(self.leaving_parameters.keys())
    }

    /// The aliases to look at: those that matter, and those that others have taken over.
    pub fn aliases_to_see(&self) -> impl Iterator<Item = &AliasId> {
        self.all_aliases().chain(self.lost.iter().filter_map(Claim::alias))
    }

    /// The parameters to look at: those that matter, and those that others have taken over.
    pub fn parameters_to_see(&self) -> impl Iterator<Item = &ParameterName> {
        self.all_parameters().chain(self.lost.iter().filter_map(Claim::parameter))
    }

    /// What is remembered of the throughput `arn`.
    #[must_use]
    pub fn held(&self, arn: &str) -> Option<&Held> {
        self.throughputs.iter().find(|held| held.arn == arn)
    }

    /// The end of a running term, if a throughput with one has been seen and it lies after `now`.
    #[must_use]
    pub fn running_term(&self, now: Timestamp) -> Option<Timestamp> {
        self.throughputs.iter().filter_map(|held| held.term_end).filter(|end| now < *end).max()
    }

    /// The token of the next purchase of `name`: the same for every invocation that might buy at the same time,
    /// because all of it comes from the record (design.md, rule 4).
    #[must_use]
    pub fn token(&self, name: &str) -> String {
        let predecessor = self.gone.get(name).map_or("", |gone| gone.arn.as_str());
        hex(&format!("{name}|{}|{predecessor}", self.registered))
    }

    /// Whether `arn` is in the record as gone.
    #[must_use]
    pub fn is_gone(&self, arn: &str) -> bool {
        self.gone.values().any(|gone| gone.arn == arn)
    }

    /// Remembers the throughput `arn` as gone.
    pub fn forget_throughput(&mut self, arn: &str) {
        if let Some(index) = self.throughputs.iter().position(|held| held.arn == arn) {
            let Held { name, arn, failed, .. } = self.throughputs.remove(index);
            self.gone.insert(name, Gone { arn, failed });
        }
    }

    /// Remembers a throughput that is ours, or what is new about one; `tags` are the digest of what it bears.
    pub fn notice(&mut self, throughput: &Throughput, tags: Option<String>, now: Timestamp) {
        let Throughput { name, arn, status, term_end, .. } = throughput;
        if self.held(arn).is_none() {
            self.throughputs.push(Held {
                name: name.clone(),
                arn: arn.clone(),
                first_seen: now,
                served: false,
                failed: None,
                left: None,
                term_end: None,
                renewed: false,
                tags: tags.unwrap_or_default(),
            });
        }
        self.buying.remove(name);
        let Some(held) = self.throughputs.iter_mut().find(|held| held.arn == *arn) else { return };
        match status {
            ThroughputStatus::InService => held.served = true,
            ThroughputStatus::Failed => {
                held.failed.get_or_insert_with(|| Failure::new(now, throughput.failure.as_deref().unwrap_or_default()));
            }
            ThroughputStatus::Creating | ThroughputStatus::Updating | ThroughputStatus::Unknown(_) => {}
        }
        held.renewed |= matches!((held.term_end, term_end), (Some(known), Some(seen)) if known < *seen);
        held.term_end = term_end.or(held.term_end).filter(|_| held.failed.is_none());
    }

    /// How `stored`, read again, stands to this record.
    #[must_use]
    pub fn standing(&self, stored: &Self) -> Standing {
        if self == stored {
            return Standing::Same;
        }
        // Of two requests of CloudFormation it counts when they were made, not which invocation came to write last.
        let older = match (&stored.resource, &self.resource) {
            (Some(stored), Some(known)) if stored.newest != known.newest => stored.newest < known.newest,
            (Some(_) | None, Some(_) | None) => stored.requested < self.requested,
        };
        if older { Standing::Overwritten } else { Standing::Newer }
    }

    /// Takes over what `other`, which has overwritten this record, had seen meanwhile; whether that is an answer that is owed here, after
    /// which something else is in force.
    pub fn absorb(&mut self, other: &Self) -> bool {
        for held in &other.throughputs {
            if self.held(&held.arn).is_none() && !self.is_gone(&held.arn) {
                self.throughputs.push(held.clone());
            }
        }
        for (name, gone) in &other.gone {
            self.throughputs.retain(|held| held.arn != gone.arn);
            self.gone.insert(name.clone(), gone.clone());
        }
        let taken_away = |alias: &AliasId, lost: &[Claim]| lost.iter().any(|claim| claim.alias() == Some(alias));
        for (alias, memory) in other.aliases.iter().filter(|(alias, _)| !taken_away(alias, &self.lost)) {
            self.aliases.entry(alias.clone()).or_default().rejecting |= memory.rejecting;
        }
        let declared = &self.commitment.aliases;
        let missed = other.all_aliases().filter(|alias| !declared.contains(alias) && !self.leaving.contains(alias));
        let missed = missed.filter(|alias| !taken_away(alias, &self.lost));
        let missed: Vec<AliasId> = missed.cloned().collect();
        self.leaving.extend(missed);
        let missed = other.leaving_parameters.clone().into_iter().chain(other.commitment.dropped_parameter());
        for (name, value) in missed.filter(|(name, _)| self.commitment.parameter.as_ref() != Some(name)) {
            self.leaving_parameters.entry(name).or_insert(value);
        }
        self.own_parameters.extend(other.own_parameters.iter().cloned());
        for (name, buying) in &other.buying {
            self.buying.entry(name.clone()).or_insert_with(|| buying.clone());
        }
        let missed = other.lost.iter().filter(|claim| !claim.is_of(&self.commitment) && !self.lost.contains(claim));
        let missed: Vec<Claim> = missed.cloned().collect();
        self.lost.extend(missed);
        let missed: Vec<Taken> = other.taking.iter().filter(|taken| !self.taking.contains(taken)).cloned().collect();
        self.taking.extend(missed);
        self.revision = self.revision.max(other.revision);
        self.take_answer(other)
    }

    /// Takes over what `other` says that the request has been answered which is still owed here; whether it does.
    fn take_answer(&mut self, other: &Self) -> bool {
        let (Some(known), Some(answered)) = (&self.resource, &other.resource) else { return false };
        let same = known.newest == answered.newest && known.request_id == answered.request_id;
        let (Some(answer), true) = (&answered.answered, same && self.owed.is_some()) else { return false };
        self.decide(answer);
        self.answered();
        true
    }
}

/// The token that follows `spent`, which returned `arn` (design.md, rule 4).
#[must_use]
pub fn next_token(spent: &str, arn: &str) -> String {
    hex(&format!("{spent}|{arn}"))
}

/// A digest of declared tags, to see without a call whether a throughput bears them.
#[must_use]
pub fn tags_digest(tags: &BTreeMap<String, String>) -> String {
    let text: Vec<String> =
        tags.iter().map(|(key, value)| format!("{}:{key}={}:{value}", key.len(), value.len())).collect();
    hex(&text.join(";"))[..12].to_owned()
}

fn hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut digits, byte| {
        let _infallible = write!(digits, "{byte:02x}");
        digits
    })
}
