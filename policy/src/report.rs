//! What does an invocation say?
//!
//! The report (docs/reference.md, "Reports"): what is wanted and why, what is there, what was done, what is waited for,
//! and what needs a person.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::commitment::AliasId;
use crate::money::Dearest;
use crate::observed::{AgentAlias, AliasStatus, Observed};
use crate::plan::{Plan, WaitingOn};
use crate::record::{Done, LastProblems, Lifecycle, Record};
use crate::timetable::{State, duration_text};

/// What one invocation found, did and waits for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// The commitment.
    pub name: String,
    /// When the last look was taken.
    pub at: Timestamp,
    /// What is held.
    pub desired: Wanted,
    /// The throughputs that are ours.
    pub throughputs: Vec<ThroughputLine>,
    /// The aliases.
    pub aliases: Vec<AliasLine>,
    /// The parameter that names the model to invoke now, if there is one to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<ParameterLine>,
    /// What was done; in a dry run, what would be done.
    pub actions: Vec<String>,
    /// What is waited for.
    pub waiting: Vec<String>,
    /// What needs a person.
    pub problems: Vec<String>,
    /// What ticks have been meeting, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_problems: Option<LastProblems>,
    /// The last things done, and the last changes of declaration, hold and override, in the order of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Done>,
    /// How long the last creations took, as ISO 8601 durations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub creation_times: Vec<String>,
    /// The `LeadTime` that would have been enough for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enough_lead_time: Option<String>,
    /// Whether what is wanted is what is there.
    pub settled: bool,
    /// When what is held next changes.
    pub next_transition: Option<NextTransition>,
    /// Of a registration and of a `Plan`: what the declaration costs at most, if it has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dearest: Option<Dearest>,
    /// Of a `Plan`: the declaration that is in force, or null if nothing is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<Value>,
}

/// What is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Wanted {
    /// On or off.
    pub state: &'static str,
    /// The size; 0 when off.
    pub model_units: u32,
    /// Which rule says so.
    pub because: String,
}

/// One throughput of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ThroughputLine {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// AWS's word for what it is doing.
    pub status: String,
    /// Its size.
    pub model_units: u32,
}

/// One alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasLine {
    /// The agent.
    pub agent_id: String,
    /// The alias.
    pub agent_alias_id: String,
    /// AWS's word for what it is doing; `NOT_FOUND` or `UNREADABLE` when AWS has none.
    pub status: String,
    /// The agent version; empty when it has none.
    pub agent_version: String,
    /// The throughput's ARN, or `OnDemand`.
    pub route: String,
}

/// The parameter that names the model to invoke now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterLine {
    /// Its name.
    pub name: String,
    /// What it holds; empty when it is not there or cannot be read.
    pub value: String,
}

/// When what is held next changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NextTransition {
    /// When.
    pub at: Timestamp,
    /// What it changes to.
    pub state: &'static str,
    /// Which rule says so.
    pub because: String,
}

impl Report {
    /// What there is to say about `record` after `plan` was made at `now` from `observed`. `actions` were done, or in a dry
    /// run would be.
    #[must_use]
    pub fn new(record: &Record, observed: &Observed, plan: &Plan, actions: Vec<String>, now: Timestamp) -> Self {
        let throughputs = plan.ours.iter().map(|throughput| ThroughputLine {
            name: throughput.name.clone(),
            arn: throughput.arn.clone(),
            status: throughput.status.as_str().to_owned(),
            model_units: throughput.units,
        });
        let mut report = Self::unseen(record, observed, now);
        report.throughputs = throughputs.collect();
        report.actions = actions;
        report.waiting = plan.waiting.iter().map(WaitingOn::to_string).collect();
        report.problems = plan.all_problems();
        report.settled = plan.settled();
        if let Some(spent) = &plan.spent {
            let because = format!("its term ended; Purchase `{spent}` was spent");
            report.desired = Wanted { state: State::Off.as_str(), model_units: 0, because };
        }
        report
    }

    /// What there is to say about `record` at `now` where AWS was not looked at, or only in part.
    #[must_use]
    pub fn unseen(record: &Record, observed: &Observed, now: Timestamp) -> Self {
        let Record { declared, progress, .. } = record;
        let mut history: Vec<Done> = progress.history.iter().chain(&declared.changes).cloned().collect();
        history.sort_by_key(|done| done.at);
        let iso = |seconds: &i64| format!("PT{}M", (seconds + 59) / 60);
        Self {
            name: record.name().to_owned(),
            at: now,
            desired: wanted(record, now),
            throughputs: Vec::new(),
            aliases: declared.all_aliases().map(|id| alias_line(id, observed)).collect(),
            parameter: parameter_line(record, observed),
            actions: Vec::new(),
            waiting: Vec::new(),
            problems: Vec::new(),
            last_problems: progress.problems.clone(),
            history,
            creation_times: progress.creation_times.iter().map(iso).collect(),
            enough_lead_time: progress.enough_lead().map(duration_text),
            settled: false,
            next_transition: next_transition(record, now),
            dearest: None,
            registered: None,
        }
    }
}

fn wanted(record: &Record, now: Timestamp) -> Wanted {
    let off = |because: &str| Wanted { state: State::Off.as_str(), model_units: 0, because: because.to_owned() };
    if record.is_of_newer_format() {
        return off("its record was written by a newer release");
    }
    match record.declared.lifecycle {
        Lifecycle::Retiring => off("retired"),
        Lifecycle::Releasing => off("released: its throughput stays, without our marks"),
        Lifecycle::Active => {
            let demand = record.declared.demand();
            let desired = demand.at(now);
            Wanted {
                state: desired.state().as_str(),
                model_units: desired.units.map_or(0, std::num::NonZero::get),
                because: desired.because.to_string(),
            }
        }
    }
}

fn next_transition(record: &Record, now: Timestamp) -> Option<NextTransition> {
    if record.declared.lifecycle != Lifecycle::Active || record.is_of_newer_format() {
        return None;
    }
    let next = record.declared.demand().next_transition(now)?;
    Some(NextTransition { at: next.at, state: next.state.as_str(), because: next.because })
}

/// The declared parameter, or one that is being let go.
fn parameter_line(record: &Record, observed: &Observed) -> Option<ParameterLine> {
    let name = record.declared.all_parameters().next()?;
    let seen = observed.parameters.get(name).and_then(|seen| seen.as_ref().ok()?.as_ref());
    let seen = seen.filter(|parameter| !parameter.is_of_another_kind());
    let value = seen.map(|parameter| parameter.value.clone()).unwrap_or_default();
    Some(ParameterLine { name: name.to_string(), value })
}

fn alias_line(id: &AliasId, observed: &Observed) -> AliasLine {
    let line = |status: &str, version: &str, route: &str| AliasLine {
        agent_id: id.agent.clone(),
        agent_alias_id: id.alias.clone(),
        status: status.to_owned(),
        agent_version: version.to_owned(),
        route: route.to_owned(),
    };
    match observed.aliases.get(id) {
        Some(Ok(Some(AgentAlias { status, version, throughput, .. }))) => line(
            AliasStatus::as_str(status),
            version.as_deref().unwrap_or_default(),
            throughput.as_deref().unwrap_or("OnDemand"),
        ),
        Some(Ok(None)) => line("NOT_FOUND", "", ""),
        Some(Err(_)) | None => line("UNREADABLE", "", ""),
    }
}
