//! What is kept between invocations?
//!
//! One item of the table for each commitment (docs/reference.md, "What it leaves in AWS"). It has three parts with a version
//! each: [`Declared`] is written by requests, [`Progress`] by the holder of the [`Lease`] alone.

mod dates;
mod progress;
mod resource;
mod token;
mod tombstone;
mod unknown;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::commitment::{AliasId, Commitment, ParameterName};
use crate::desired::{Base, Demand, Hold, Override};
use crate::timetable::State;

pub use dates::{Dates, Slot};
pub use progress::{AliasMemory, Announced, Done, Failure, Gone, Held, LastProblems, ModelDates, Progress};
pub use resource::{Decision, Owed, Previous, Resource};
pub(crate) use token::hex;
pub use token::token;
pub use tombstone::{Answered, Deployment, Target, Tombstone};
pub use unknown::carry_unknown;

/// The format of the records that this release writes. It rises only where ignoring a key could cost money.
pub const FORMAT: u32 = 1;
/// How long a lease lasts from the write that took or extended it.
pub const LEASE_LASTS: SignedDuration = SignedDuration::from_secs(45);
/// Changes of declaration, hold and override that are kept.
const CHANGES_KEPT: usize = 20;
/// Invocations that carried an action out and are remembered: Lambda repeats each twice at most.
const INVOCATIONS_KEPT: usize = 20;

/// Everything that one commitment's invocations tell each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The format in which it was written.
    pub format: u32,
    /// The wishes of requests and commands.
    pub declared: Declared,
    /// What has been done about it.
    pub progress: Progress,
    /// The invocation that works on it, if there is one.
    pub lease: Option<Lease>,
}

/// The invocation that works on a commitment, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lease {
    /// The invocation that holds it.
    pub holder: String,
    /// When it runs out unless it is extended.
    pub until: Timestamp,
}

/// The declaration, as requests and commands wrote it. The holder of the lease also writes it: to free a target, to decide an
/// answer, to retire it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Declared {
    /// How often this part was written.
    #[serde(default)]
    pub version: u64,
    /// What was declared.
    pub commitment: Commitment,
    /// Whether it was only ever scaled up and down, so that without a timetable and a hold it is off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by_hand: bool,
    /// When it was first registered: part of every purchase's token.
    pub registered: Timestamp,
    /// When it was last changed by a request or a command.
    pub changed: Timestamp,
    /// What a `ScaleUp` or `ScaleDown` put in place of the timetable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The override that lies above that for a while.
    #[serde(default, rename = "Override", skip_serializing_if = "Option::is_none")]
    pub override_: Option<Override>,
    /// Whether it is still wanted at all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Lifecycle,
    /// The date of each slot's newest action.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dates: Dates,
    /// The last invocations that carried an action out, by Lambda's request id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<String>,
    /// Aliases that were dropped from the declaration and not yet let go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<AliasId>,
    /// Parameters that were dropped and not yet let go, with the value that each is left with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub leaving_parameters: BTreeMap<ParameterName, String>,
    /// The custom resource that declares it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The answers that `CloudFormation` is owed, the oldest first. All but the last are decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Owed>,
    /// The last changes of declaration, hold and override.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Done>,
}

/// Whether a commitment is still wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    /// It follows its timetable.
    #[default]
    Active,
    /// It is let go, and forgotten when nothing is left.
    Retiring,
    /// Its throughputs lose our marks and stay as they are, with the aliases on them; then it is forgotten.
    Releasing,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Declared {
    /// The declaration of a commitment that nobody knew, made at `now`.
    #[must_use]
    pub fn new(commitment: Commitment, now: Timestamp) -> Self {
        Self {
            version: 0,
            commitment,
            by_hand: false,
            registered: now,
            changed: now,
            hold: None,
            override_: None,
            lifecycle: Lifecycle::Active,
            dates: Dates::default(),
            invocations: Vec::new(),
            leaving: Vec::new(),
            leaving_parameters: BTreeMap::new(),
            resource: None,
            owed: Vec::new(),
            changes: Vec::new(),
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

    /// Whether people say that it is off at `now`, not a timetable alone: by an override or a hold, or because they have
    /// never scaled it up.
    #[must_use]
    pub fn off_by_hand(&self, now: Timestamp) -> bool {
        let live = self.override_.as_ref().filter(|live| now < live.until).map(|live| live.state);
        let never = self.by_hand && self.commitment.timetable.is_none();
        let hold = self.hold.as_ref().map(|hold| hold.state).or(never.then_some(State::Off));
        live.or(hold) == Some(State::Off)
    }

    /// Whether it is on its way out.
    #[must_use]
    pub fn goes(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Retiring | Lifecycle::Releasing)
    }

    /// Puts `commitment` in the place of what was declared. Dropped aliases, and a dropped parameter, are remembered until
    /// they are let go.
    pub fn declare(&mut self, commitment: Commitment) {
        self.drop_targets();
        self.leaving.retain(|alias| !commitment.aliases.contains(alias));
        self.leaving_parameters.retain(|name, _| commitment.parameter.as_ref() != Some(name));
        self.commitment = commitment;
    }

    /// Lets it go, whatever held it.
    pub fn retire(&mut self) {
        self.lifecycle = Lifecycle::Retiring;
        self.hold = None;
        self.override_ = None;
        self.drop_targets();
        self.commitment.aliases.clear();
        self.commitment.parameter = None;
    }

    fn drop_targets(&mut self) {
        self.leaving.extend(self.commitment.aliases.iter().cloned());
        self.leaving.sort();
        self.leaving.dedup();
        self.leaving_parameters.extend(self.commitment.dropped_parameter());
    }

    /// Forgets dropped targets that are let go.
    pub fn free(&mut self, targets: &[Target]) {
        let is_free = |target: &Target| targets.contains(target);
        self.leaving.retain(|id| !is_free(&Target::Alias(id.clone())));
        self.leaving_parameters.retain(|name, _| !is_free(&Target::Parameter(name.clone())));
    }

    /// The aliases that matter: the declared ones, then those that are leaving.
    pub fn all_aliases(&self) -> impl Iterator<Item = &AliasId> {
        self.commitment.aliases.iter().chain(&self.leaving)
    }

    /// The parameters that matter: the declared one, then those that are leaving.
    pub fn all_parameters(&self) -> impl Iterator<Item = &ParameterName> {
        self.commitment.parameter.iter().chain(self.leaving_parameters.keys())
    }

    /// Everything that belongs to this commitment alone, declared or leaving.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        let aliases = self.all_aliases().cloned().map(Target::Alias);
        aliases.chain(self.all_parameters().cloned().map(Target::Parameter))
    }

    /// The answer that is owed and not decided yet.
    #[must_use]
    pub fn undecided(&self) -> Option<&Owed> {
        self.owed.last().filter(|owed| owed.decided.is_none())
    }

    /// Whether the invocation `request_id` has carried its action out already.
    #[must_use]
    pub fn was_carried_out_by(&self, request_id: &str) -> bool {
        self.invocations.iter().any(|known| known == request_id)
    }

    /// Notes that the invocation `request_id` changed something at `now`, and in which words.
    pub fn note_change(&mut self, did: String, request_id: &str, now: Timestamp) {
        self.changed = now;
        self.changes.push(Done { at: now, did });
        keep_last(&mut self.changes, CHANGES_KEPT);
        if !request_id.is_empty() && !self.was_carried_out_by(request_id) {
            self.invocations.push(request_id.to_owned());
            keep_last(&mut self.invocations, INVOCATIONS_KEPT);
        }
    }
}

impl Record {
    /// The record of a commitment that nobody knew.
    #[must_use]
    pub fn new(declared: Declared) -> Self {
        // The versions of both parts go on from the time, in microseconds: an invocation that has read an earlier record of this name, which was
        // forgotten meanwhile, must not take this one for it.
        let version = u64::try_from(declared.registered.as_microsecond()).unwrap_or_default();
        let declared = Declared { version, ..declared };
        Self { format: FORMAT, declared, progress: Progress { version, ..Progress::default() }, lease: None }
    }

    /// The commitment's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.declared.commitment.name.as_str()
    }

    /// Whether a newer release has written it in a way that this one could misread.
    #[must_use]
    pub fn is_of_newer_format(&self) -> bool {
        self.format > FORMAT
    }

    /// Whether an invocation other than `holder` works on it at `now`.
    #[must_use]
    pub fn is_leased_to_another(&self, holder: &str, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.holder != holder && now < lease.until)
    }

    /// The nearest end of a term that lies after `now`, if AWS has told one.
    #[must_use]
    pub fn next_term_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.progress.throughputs.values().filter_map(|held| held.term_end).filter(|end| now < *end).min()
    }
}

/// Keeps the last `most` elements of `list`.
pub(crate) fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}
