//! What has been done about a declaration?
//!
//! Throughputs with what was seen of them, purchases that were announced, and what operators are told. Only the holder of
//! the lease writes it, and every intent is written before its effect (docs/policy.md, rules 4 and 5).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

use super::{is_default, keep_last};
use crate::commitment::{AliasId, ParameterName, Term};
use crate::input::cut_to;
use crate::observed::{Throughput, ThroughputStatus};
use crate::plan::policy::DELETE_BEFORE_TERM_END;

/// Most characters of a reason that are remembered.
const LONGEST_REASON: usize = 200;
/// Most characters of a line of the history.
const LONGEST_LINE: usize = 300;
/// Things done that are kept.
const HISTORY_KEPT: usize = 50;
/// Creation times that are kept.
const CREATION_TIMES_KEPT: usize = 8;
/// Throughputs that are gone and remembered, so that a late look does not bring them back.
const GONE_KEPT: usize = 20;
/// Problems that are kept with one set.
const PROBLEMS_KEPT: usize = 20;
/// How far AWS's clock and ours may be apart.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);
/// Most bytes of an ARN: as many as Bedrock takes. The SDK panics at one that no URL could hold.
const LONGEST_ARN: usize = 2048;

/// What has been done about a declaration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Progress {
    /// Rises with each write of this part or of the lease. It begins at the microseconds of the registration.
    #[serde(default)]
    pub version: u64,
    /// By ARN, the throughputs that are known to be ours and not known to be gone.
    #[serde(default, deserialize_with = "by_arn", skip_serializing_if = "BTreeMap::is_empty")]
    pub throughputs: BTreeMap<String, Held>,
    /// By throughput name, a purchase whose outcome is not known yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub announced: BTreeMap<String, Announced>,
    /// By throughput name, how many purchases were announced: part of the next one's token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, u32>,
    /// By ARN, the throughputs that are gone.
    #[serde(default, deserialize_with = "by_arn", skip_serializing_if = "BTreeMap::is_empty")]
    pub gone: BTreeMap<String, Gone>,
    /// The values of `Purchase` that a purchase was announced for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub spent: BTreeSet<String>,
    /// What has to be remembered of an alias.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<AliasId, AliasMemory>,
    /// Parameters that were found fit to be written, or have been: from then on, another value in them is put right.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub own_parameters: BTreeSet<ParameterName>,
    /// Since when a call has been refused for a reason that may pass, by what it cannot do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub busy: BTreeMap<String, Timestamp>,
    /// The digest of the schedule as it was last made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schedule: String,
    /// The dates of the model's lifecycle, as they were last asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_dates: Option<ModelDates>,
    /// Whether it was in service with every alias on it when it was last looked at.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ready: bool,
    /// The problems that ticks have been meeting, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problems: Option<LastProblems>,
    /// The last things done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Done>,
    /// How long the last creations took, in seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creation_times: Vec<i64>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// The deed, in the words of the log.
    pub did: String,
}

/// The problems that ticks have been meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LastProblems {
    /// When this set began.
    pub at: Timestamp,
    /// Problems and failed calls, in the words of the log.
    pub problems: Vec<String>,
}

/// The dates of a model's lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ModelDates {
    /// When they were asked for.
    pub asked: Timestamp,
    /// The foundation model.
    pub model: String,
    /// When it turns `LEGACY`, if AWS says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy: Option<Timestamp>,
    /// When it ends, if AWS says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of_life: Option<Timestamp>,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// When it was first seen failed.
    pub at: Timestamp,
    /// What AWS said, cut to a line; empty if it said nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Failure {
    /// A failure that was seen at `at`, for which AWS gave `reason`.
    #[must_use]
    pub fn new(at: Timestamp, reason: &str) -> Self {
        Self { at, reason: cut_to(reason, LONGEST_REASON) }
    }
}

/// What has to be remembered of an alias.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasMemory {
    /// Its last failure, until it has settled on a throughput.
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
    /// The name that it was bought with.
    pub name: String,
    /// How many model units it was bought with.
    pub units: u32,
    /// The model that it serves, as an ARN, as it was first seen; empty until then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model_arn: String,
    /// When its purchase was announced, or when it was first seen.
    pub since: Timestamp,
    /// When it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Timestamp>,
    /// Since when List and Get have both missed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
    /// When it was first seen in service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Timestamp>,
    /// Its last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
    /// When, on its way out, it was first seen left by all aliases and parameters: the drain counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Timestamp>,
    /// The term that it was bought for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// The value of `Purchase` that it was bought for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<String>,
    /// When its term ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_end: Option<Timestamp>,
    /// When its term was seen to begin anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<Timestamp>,
    /// The declared tags that we have put on it. Tags of others are not ours to change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl Held {
    /// A throughput that was bought under `name`, as it was announced, and has not been seen yet.
    #[must_use]
    pub fn bought(name: &str, announced: Announced) -> Self {
        let Announced { number: _, since, called: _, units, model: _, term, purchase, tags, missed: _ } = announced;
        Self {
            name: name.to_owned(),
            units,
            model_arn: String::new(),
            since,
            seen: None,
            missed: None,
            served: None,
            failed: None,
            left: None,
            term,
            purchase,
            term_end: None,
            renewed: None,
            tags,
        }
    }
}

/// A throughput that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Gone {
    /// The name that it was bought with.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// Whether AWS acknowledged our own deletion. Otherwise looks have missed it for long enough.
    pub deleted: bool,
    /// Its failure at that time, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failure>,
    /// The value of `Purchase` that it was bought for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<String>,
    /// When its term ended, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_end: Option<Timestamp>,
}

impl Gone {
    /// Whether it went with its term, and not before: rule 10 deletes it in the last two minutes.
    #[must_use]
    pub fn ended_as_asked(&self) -> bool {
        let in_time = |end| self.at.saturating_add(DELETE_BEFORE_TERM_END).is_ok_and(|at| at >= end);
        self.failed.is_none() && self.term_end.is_some_and(in_time)
    }
}

/// A purchase that was announced and whose outcome is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Announced {
    /// Which purchase of this name it is: part of its token.
    pub number: u32,
    /// When it was announced. The same call is repeated for ten minutes from here.
    pub since: Timestamp,
    /// When the call was last made, as far as is known.
    pub called: Timestamp,
    /// How many model units are reserved for it.
    pub units: u32,
    /// The model that is to be bought, as it was declared.
    pub model: String,
    /// The term, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// The value of `Purchase`, with a term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<String>,
    /// The tags that it is bought with, beside our own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// When List and Get by name first missed it, late enough to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
}

/// Reads a map by ARN; one with an ARN that no URL could hold is refused.
fn by_arn<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error> {
    let map = BTreeMap::<String, T>::deserialize(deserializer)?;
    match map.keys().find(|arn| arn.len() > LONGEST_ARN) {
        Some(arn) => Err(serde::de::Error::custom(format!("an ARN of {} bytes is none", arn.len()))),
        None => Ok(map),
    }
}

impl Progress {
    /// Notes what was done at `now`, in the words of the log.
    pub fn note(&mut self, did: &str, now: Timestamp) {
        self.history.push(Done { at: now, did: cut_to(did, LONGEST_LINE) });
        keep_last(&mut self.history, HISTORY_KEPT);
    }

    /// Notes which problems a tick has met at `now`. Returns true if that is another set than before.
    pub fn note_problems(&mut self, problems: &[String], now: Timestamp) -> bool {
        let mut problems: Vec<String> = problems.iter().map(|problem| cut_to(problem, LONGEST_LINE)).collect();
        problems.truncate(PROBLEMS_KEPT);
        let known = self.problems.as_ref().map_or(&[][..], |last| &last.problems);
        if known == problems {
            return false;
        }
        self.problems = (!problems.is_empty()).then_some(LastProblems { at: now, problems });
        true
    }

    /// Notes `throughput`, which is ours, as it is seen at `now`.
    pub fn see(&mut self, throughput: &Throughput, now: Timestamp) {
        let Throughput { name, arn, status, units, model_arn, term, term_end, .. } = throughput;
        let is_found = !self.throughputs.contains_key(arn);
        let held = self.throughputs.entry(arn.clone()).or_insert_with(|| Held {
            name: name.clone(),
            units: *units,
            model_arn: String::new(),
            since: now,
            seen: None,
            missed: None,
            served: None,
            failed: None,
            left: None,
            term: *term,
            purchase: None,
            term_end: None,
            renewed: None,
            tags: BTreeMap::new(),
        });
        held.seen.get_or_insert(now);
        held.missed = None;
        if held.model_arn.is_empty() {
            held.model_arn.clone_from(model_arn);
        }
        if *status == ThroughputStatus::InService && held.served.is_none() {
            held.served = Some(now);
            // One that is found in service may have been created long ago.
            if !is_found {
                self.creation_times.push(now.duration_since(held.since).as_secs());
                keep_last(&mut self.creation_times, CREATION_TIMES_KEPT);
            }
        }
        if *status == ThroughputStatus::Failed && held.failed.is_none() {
            held.failed = Some(Failure::new(now, throughput.failure.as_deref().unwrap_or_default()));
        }
        // An end that is told later counts as a renewal only if the earlier one has come, as far as clocks agree: AWS may correct
        // it before.
        let has_come = |end: Timestamp| end.duration_since(now) <= CLOCKS_DIFFER;
        match (held.term_end, *term_end) {
            (Some(known), Some(told)) if known < told && has_come(known) => {
                held.term_end = Some(told);
                held.renewed = Some(now);
            }
            (_, Some(told)) => held.term_end = Some(told),
            (_, None) => {}
        }
    }

    /// Moves the throughput `arn` to those that are gone. Returns its name, if it was held.
    pub fn lose(&mut self, arn: &str, deleted: bool, now: Timestamp) -> Option<String> {
        let Held { name, failed, purchase, term_end, .. } = self.throughputs.remove(arn)?;
        let gone = Gone { name: name.clone(), at: now, deleted, failed, purchase, term_end };
        self.gone.insert(arn.to_owned(), gone);
        while self.gone.len() > GONE_KEPT {
            let oldest = self.gone.iter().min_by_key(|(_, gone)| gone.at).map(|(arn, _)| arn.clone());
            let Some(oldest) = oldest else { break };
            self.gone.remove(&oldest);
        }
        Some(name)
    }

    /// Whether our own deletion of `arn` was acknowledged: it is never used again.
    #[must_use]
    pub fn was_deleted(&self, arn: &str) -> bool {
        self.gone.get(arn).is_some_and(|gone| gone.deleted)
    }

    /// The last failure of a throughput of this name that is gone.
    #[must_use]
    pub fn last_failure(&self, name: &str) -> Option<&Failure> {
        let gone = self.gone.values().filter(|gone| gone.name == name);
        gone.max_by_key(|gone| gone.at).and_then(|gone| gone.failed.as_ref())
    }

    /// Model units that are held or being bought, by throughput name: what the ledger holds for this commitment.
    #[must_use]
    pub fn reserved(&self) -> BTreeMap<String, u32> {
        let held = self.throughputs.values().map(|held| (held.name.clone(), held.units));
        let announced = self.announced.iter().map(|(name, announced)| (name.clone(), announced.units));
        held.chain(announced).collect()
    }

    /// The `LeadTime` that would have been enough for the creations that were seen: the longest, in whole five minutes.
    #[must_use]
    pub fn enough_lead(&self) -> Option<SignedDuration> {
        let longest = self.creation_times.iter().max()?;
        Some(SignedDuration::from_mins((longest + 299) / 300 * 5))
    }
}
