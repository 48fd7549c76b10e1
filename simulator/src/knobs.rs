//! How does this AWS behave where the documentation leaves room?

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::visibility::Lag;

/// Whether, and how, something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuses {
    /// It is not refused.
    No,
    /// With `ConflictException`.
    Conflict,
    /// With `ValidationException`.
    Validation,
}

/// What a request token does whose throughput is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentToken {
    /// It gives the ARN of what is gone, and buys nothing.
    ReturnsOld,
    /// It buys anew.
    BuysAnew,
}

/// The most model units of one base model, with a term or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The base model's id.
    pub model: String,
    /// Whether it is the quota for those with a term.
    pub with_term: bool,
    /// The most units.
    pub units: u32,
}

/// How this AWS behaves where the documentation leaves room, and what the watch over the promises
/// needs to know.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Knobs {
    /// How long a throughput is being created.
    pub creation_time: SignedDuration,
    /// How long an alias is `UPDATING`.
    pub alias_settle: SignedDuration,
    /// How many `UpdateAgentAlias` a second are not throttled.
    pub alias_updates_per_second: usize,
    /// How many `GetAgentAlias` a second are not throttled; by default any number, for a clock
    /// that stands still.
    pub alias_looks_per_second: usize,
    /// How long every answer takes, in the machine's own time: for measurements, never for a test.
    pub latency: Duration,
    /// Whether a throughput that is being created can be deleted.
    pub delete_while_creating: Refuses,
    /// How a deletion before the end of a term is refused.
    pub delete_before_term_end: Refuses,
    /// Whether a term counts from coming into service, not from the purchase.
    pub term_from_service: bool,
    /// How long after its end a term renews.
    pub renews_after: SignedDuration,
    /// What a token does whose throughput is gone.
    pub spent_token: SpentToken,
    /// How long a token is remembered.
    pub token_memory: SignedDuration,
    /// Whether a route to what cannot serve it is refused.
    pub check_route: bool,
    /// Whether a started hour is billed whole.
    pub round_up_hours: bool,
    /// How long after a purchase List does not show it.
    pub list_lag: SignedDuration,
    /// How long after a purchase Get does not find it.
    pub get_lag: SignedDuration,
    /// Most model units with a term, and most without.
    pub quota: u32,
    /// Entries of a page of any List.
    pub page_size: usize,
    /// How long after a parameter is written it is read as before.
    pub parameter_lag: SignedDuration,
    /// How long reads stay behind deletions and changes of tags.
    pub lag: Lag,
    /// Whether a second throughput of one name is refused.
    pub names_unique: bool,
    /// How long a throughput is `Updating` when its custom model is swapped.
    pub update_time: SignedDuration,
    /// How long after coming into service the end of a term is not told.
    pub term_end_told_after: SignedDuration,
    /// By how much the end of a term is told wrong at first.
    pub term_end_wrong_by: Option<SignedDuration>,
    /// How long after coming into service it is told right.
    pub term_end_right_after: SignedDuration,
    /// Whether one that failed may not be deleted before the end of its term.
    pub failed_holds_term: bool,
    /// Whether one with a term that is being created can be deleted, if that differs from one
    /// without.
    pub delete_creating_term: Option<Refuses>,
    /// Quotas of single models, beside the one for all.
    pub quotas: Vec<Quota>,
    /// Whether a purchase beyond the quota is accepted and its creation fails.
    pub quota_fails_late: bool,
    /// How many requests a second each of these operations takes.
    pub rates: BTreeMap<&'static str, usize>,
    /// How long a new or changed schedule takes to have an effect.
    pub schedule_lag: SignedDuration,
    /// Whether schedules fire twice each time.
    pub fires_twice: bool,
    /// When EventBridge Scheduler can assume the role, if not always.
    pub role_assumable_from: Option<Timestamp>,
    /// Until when aliases cannot be updated because their agent is not prepared.
    pub not_prepared_until: Option<Timestamp>,
    /// The tables that exist.
    pub tables: Vec<String>,
    /// How long after an item is written it is read as before, unless the read asks for
    /// consistency.
    pub table_lag: SignedDuration,
    /// The event buses that exist.
    pub buses: Vec<String>,
    /// The error that an event for a bus that does not exist ends in; without one it is taken, and
    /// dropped.
    pub missing_bus: Option<&'static str>,
    /// The error that every event ends in, with status 200.
    pub events_fail: Option<&'static str>,
    /// The schedule groups that exist.
    pub groups: Vec<String>,
    /// The owner mark of the function that is watched.
    pub group: String,
    /// Whether the function may change invocation states.
    pub may_reject: bool,
    /// The shortest drain that is no violation.
    pub least_drain: SignedDuration,
    /// How long something with our marks may be registered nowhere.
    pub orphan_after: Option<SignedDuration>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            creation_time: SignedDuration::from_mins(35),
            alias_settle: SignedDuration::from_secs(3),
            alias_updates_per_second: 2,
            alias_looks_per_second: usize::MAX,
            latency: Duration::ZERO,
            delete_while_creating: Refuses::Conflict,
            delete_before_term_end: Refuses::Validation,
            term_from_service: true,
            renews_after: SignedDuration::from_secs(30),
            spent_token: SpentToken::ReturnsOld,
            token_memory: SignedDuration::from_hours(24 * 30),
            check_route: false,
            round_up_hours: true,
            list_lag: SignedDuration::ZERO,
            get_lag: SignedDuration::ZERO,
            quota: 20,
            page_size: 10,
            parameter_lag: SignedDuration::ZERO,
            lag: Lag::default(),
            names_unique: true,
            update_time: SignedDuration::from_mins(5),
            term_end_told_after: SignedDuration::ZERO,
            term_end_wrong_by: None,
            term_end_right_after: SignedDuration::ZERO,
            failed_holds_term: false,
            delete_creating_term: None,
            quotas: Vec::new(),
            quota_fails_late: false,
            rates: BTreeMap::new(),
            schedule_lag: SignedDuration::ZERO,
            fires_twice: false,
            role_assumable_from: None,
            not_prepared_until: None,
            tables: vec!["throughput".to_owned()],
            table_lag: SignedDuration::ZERO,
            buses: vec!["default".to_owned()],
            missing_bus: None,
            events_fail: None,
            groups: vec!["throughput".to_owned()],
            group: "throughput".to_owned(),
            may_reject: false,
            least_drain: SignedDuration::ZERO,
            orphan_after: Some(SignedDuration::from_mins(10)),
        }
    }
}
