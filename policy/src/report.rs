//! What does an invocation say?
//!
//! The report of interface.md section 5: what is wanted and why, what is there, what was done, what is waited for, and
//! what needs a person.

use jiff::Timestamp;
use serde::Serialize;

use crate::commitment::AliasId;
use crate::observed::{AgentAlias, AliasStatus, Observed};
use crate::plan::{Plan, WaitingOn};
use crate::record::{Lifecycle, Record};
use crate::timetable::State;

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
    /// Whether what is wanted is what is there.
    pub settled: bool,
    /// When what is held next changes.
    pub next_transition: Option<NextTransition>,
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
    /// What there is to say about `record` after `plan` was made at `now` from `observed`; `actions` were done, or in a
    /// dry run would be.
    #[must_use]
    pub fn new(record: &Record, observed: &Observed, plan: &Plan, actions: Vec<String>, now: Timestamp) -> Self {
        let failures = plan.failures.iter().map(ToString::to_string);
        let throughputs = plan.ours.iter().map(|throughput| ThroughputLine {
            name: throughput.name.clone(),
            arn: throughput.arn.clone(),
            status: throughput.status.as_str().to_owned(),
            model_units: throughput.units,
        });
        Self {
            name: record.commitment.name.to_string(),
            at: now,
            desired: wanted(record, now),
            throughputs: throughputs.collect(),
            aliases: record.all_aliases().map(|id| alias_line(id, observed)).collect(),
            parameter: parameter_line(record, observed),
            actions,
            waiting: plan.waiting.iter().map(WaitingOn::to_string).collect(),
            problems: plan.problems.iter().cloned().chain(failures).collect(),
            settled: plan.settled(),
            next_transition: next_transition(record, now),
        }
    }
}

impl Report {
    /// What there is to say about `record` at `now` where AWS could not be looked at because of `problem`.
    #[must_use]
    pub fn unseen(record: &Record, problem: String, now: Timestamp) -> Self {
        let observed = Observed::default();
        Self {
            name: record.commitment.name.to_string(),
            at: now,
            desired: wanted(record, now),
            throughputs: Vec::new(),
            aliases: record.all_aliases().map(|id| alias_line(id, &observed)).collect(),
            parameter: parameter_line(record, &observed),
            actions: Vec::new(),
            waiting: Vec::new(),
            problems: vec![problem],
            settled: false,
            next_transition: next_transition(record, now),
        }
    }
}

fn wanted(record: &Record, now: Timestamp) -> Wanted {
    let off = |because: &str| Wanted { state: State::Off.as_str(), model_units: 0, because: because.to_owned() };
    match record.lifecycle {
        Lifecycle::Retiring => off("retired"),
        Lifecycle::Ended => off("its term has ended"),
        Lifecycle::Releasing => off("released: its throughput stays, without our marks"),
        Lifecycle::Active => {
            let demand = record.demand();
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
    if record.lifecycle != Lifecycle::Active {
        return None;
    }
    let next = record.demand().next_transition(now)?;
    Some(NextTransition { at: next.at, state: next.state.as_str(), because: next.because })
}

/// The declared parameter, or one that is being let go.
fn parameter_line(record: &Record, observed: &Observed) -> Option<ParameterLine> {
    let name = record.all_parameters().next()?;
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
