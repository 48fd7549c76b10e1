//! How does this AWS behave where the documentation leaves room?

use std::time::Duration;

use jiff::SignedDuration;

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

/// How this AWS behaves where the documentation leaves room, and what the watch over the promises needs to know.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Knobs {
    /// How long a throughput is being created.
    pub creation_time: SignedDuration,
    /// How long an alias is `UPDATING`.
    pub alias_settle: SignedDuration,
    /// How many `UpdateAgentAlias` a second are not throttled.
    pub alias_updates_per_second: usize,
    /// How many `GetAgentAlias` a second are not throttled; by default any number, for a clock that stands still.
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
    /// The tables that exist.
    pub tables: Vec<String>,
    /// How long after an item is written it is read as before, unless the read asks for consistency.
    pub table_lag: SignedDuration,
    /// The event buses that exist.
    pub buses: Vec<String>,
    /// The error that an event for a bus that does not exist ends in; without one it is taken, and dropped.
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
