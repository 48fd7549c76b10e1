//! What is `CloudFormation` owed, and when can it be told?
//!
//! The answer is kept in the record from the moment of registration, so that a tick can give what its own invocation could
//! not (interface.md section 4). What is answered is decided and written first, then sent, then forgotten: after a crash
//! the same is sent again.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commitment::WaitFor;
use crate::custom_resource::{Origin, RequestType};
use crate::observed::{CallError, Observed, Throughput, ThroughputStatus};
use crate::plan::Plan;
use crate::record::{Decision, Lifecycle, Owed, Record};
use crate::timetable::State;

/// Most bytes that `CloudFormation` takes as an answer.
const MOST_BYTES: usize = 4096;
/// Most characters of a reason: with the longest ids it stays below [`MOST_BYTES`] but for signs of several bytes.
const LONGEST_REASON: usize = 1000;

/// Whether an answer can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This one.
    Now(Decision),
    /// Not yet: what it waits for.
    Wait(String),
}

impl Owed {
    /// Whether the answer can be given at `now`, after `plan` was made from `observed`.
    #[must_use]
    pub fn verdict(&self, plan: &Plan, observed: &Observed, now: Timestamp) -> Verdict {
        if let Some(decided) = &self.decided {
            return Verdict::Now(decided.clone());
        }
        let verdict = match self.kind {
            RequestType::Create | RequestType::Update => declared(plan, observed, now),
            RequestType::Delete => deleted(plan, now),
        };
        self.by_now(verdict, plan.let_go, now)
    }

    /// The same where nothing could be seen because of `error`.
    #[must_use]
    pub fn verdict_without_look(&self, error: &CallError, now: Timestamp) -> Verdict {
        if let Some(decided) = &self.decided {
            return Verdict::Now(decided.clone());
        }
        let hopeless = match self.kind {
            RequestType::Create | RequestType::Update => error.is_final(),
            RequestType::Delete => error.is_denied(),
        };
        if hopeless {
            return Verdict::Now(Decision::Failed(error.to_string()));
        }
        self.by_now(Verdict::Wait(error.to_string()), false, now)
    }

    fn by_now(&self, verdict: Verdict, let_go: bool, now: Timestamp) -> Verdict {
        match verdict {
            // Who asked has given up on it.
            Verdict::Now(Decision::Success) if self.until <= now && self.kind != RequestType::Delete => {
                Verdict::Now(Decision::Failed(format!("done only after {}, its end", self.until)))
            }
            Verdict::Wait(_) if now < self.decide_at => verdict,
            // Ticks finish what only takes time (interface.md section 4).
            Verdict::Wait(_) if self.kind == RequestType::Delete && let_go => Verdict::Now(Decision::Success),
            Verdict::Wait(waiting) => {
                Verdict::Now(Decision::Failed(format!("not done in time, still waiting: {waiting}")))
            }
            Verdict::Now(_) => verdict,
        }
    }
}

/// Whether what is due now was accepted, or is in service and routed, as the declaration wants.
fn declared(plan: &Plan, observed: &Observed, now: Timestamp) -> Verdict {
    if let Some(refused) = &plan.refused {
        return Verdict::Now(Decision::Failed(refused.clone()));
    }
    if let Some(error) = plan.failures.iter().find(|error| error.is_final()) {
        return Verdict::Now(Decision::Failed(error.to_string()));
    }
    let commitment = &plan.record.commitment;
    match plan.record.lifecycle {
        Lifecycle::Active => {}
        Lifecycle::Ended => return Verdict::Now(Decision::Success),
        Lifecycle::Retiring | Lifecycle::Releasing => {
            return Verdict::Now(Decision::Failed("it has been retired meanwhile".to_owned()));
        }
    }
    let Some(units) = plan.record.demand().at(now).units else { return Verdict::Now(Decision::Success) };
    let name = commitment.throughput_name(units, "");
    let Some(bought) = plan.ours.iter().find(|ours| ours.name == name) else {
        return Verdict::Wait(waiting(plan, &format!("for {name} to be bought")));
    };
    let serves = bought.status == ThroughputStatus::InService
        && commitment.aliases.iter().all(|id| observed.is_on(id, &bought.arn))
        && commitment.parameter.iter().all(|name| observed.is_pointed_at(name, &bought.arn));
    match commitment.wait_for {
        WaitFor::Accepted => Verdict::Now(Decision::Success),
        WaitFor::InService if serves => Verdict::Now(Decision::Success),
        WaitFor::InService => Verdict::Wait(waiting(plan, &format!("for {name} and its aliases to be in service"))),
    }
}

/// Whether the aliases are off and the throughput is gone, or only its term holds it.
fn deleted(plan: &Plan, now: Timestamp) -> Verdict {
    let term_holds = |throughput: &Throughput| {
        throughput.status != ThroughputStatus::Failed && throughput.term_end.is_some_and(|end| now < end)
    };
    let only_terms = !plan.ours.is_empty() && plan.ours.iter().all(term_holds);
    if plan.nothing_left || (plan.let_go && only_terms) {
        return Verdict::Now(Decision::Success);
    }
    // Of what else is refused, a state that passes may be the reason; what may not be done will not be allowed by waiting.
    if let Some(denied) = plan.failures.iter().find(|error| error.is_denied()) {
        return Verdict::Now(Decision::Failed(denied.to_string()));
    }
    Verdict::Wait(waiting(plan, "for the aliases to be off and the throughput to be gone"))
}

fn waiting(plan: &Plan, otherwise: &str) -> String {
    let waiting = plan.waiting.iter().map(ToString::to_string);
    let failures = plan.failures.iter().map(ToString::to_string);
    let all: Vec<String> = waiting.chain(plan.problems.iter().cloned()).chain(failures).collect();
    if all.is_empty() { otherwise.to_owned() } else { all.join("; ") }
}

/// What `Fn::GetAtt` gives: the same keys every time, all strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// On or off.
    pub state: Option<State>,
    /// The size that is held.
    pub units: u32,
    /// The throughput that serves it, or will.
    pub arn: String,
    /// When what is held next changes, and to what.
    pub next: Option<(Timestamp, State)>,
}

impl Data {
    /// What `record` says at `now`.
    #[must_use]
    pub fn of(record: &Record, now: Timestamp) -> Self {
        if record.lifecycle != Lifecycle::Active {
            return Self::default();
        }
        let demand = record.demand();
        let desired = demand.at(now);
        let wanted = desired.units.map(|units| record.commitment.throughput_name(units, ""));
        let held = record.throughputs.iter().find(|held| Some(&held.name) == wanted.as_ref());
        let held = held.or_else(|| record.throughputs.iter().find(|held| held.served));
        Self {
            state: Some(desired.state()),
            units: desired.units.map_or(0, std::num::NonZero::get),
            arn: held.map(|held| held.arn.clone()).unwrap_or_default(),
            next: demand.next_transition(now).map(|next| (next.at, next.state)),
        }
    }

    fn to_value(&self, name: &str) -> Value {
        let Self { state, units, arn, next } = self;
        json!({
            "Name": name,
            "State": state.unwrap_or(State::Off).as_str(),
            "ModelUnits": units.to_string(),
            "ProvisionedModelArn": arn,
            "NextTransitionAt": next.map(|(at, _)| at.to_string()).unwrap_or_default(),
            "NextState": next.map(|(_, state)| state.as_str()).unwrap_or_default(),
        })
    }
}

/// The answer as `CloudFormation` takes it: JSON of at most 4096 bytes; a reason that is too long is cut at a character.
#[must_use]
pub fn body(origin: &Origin, decision: &Decision, data: &Data) -> String {
    let name = origin.physical_id();
    let Origin { response_url: _, stack_id, request_id, logical_resource_id } = origin;
    let mut answer = json!({
        "Status": decision.status(),
        "PhysicalResourceId": name,
        "StackId": stack_id,
        "RequestId": request_id,
        "LogicalResourceId": logical_resource_id,
        "Data": data.to_value(&name),
    });
    let Decision::Failed(reason) = decision else { return answer.to_string() };
    let mut reason: String = reason.chars().take(LONGEST_REASON).collect();
    loop {
        answer["Reason"] = json!(reason);
        let body = answer.to_string();
        if body.len() <= MOST_BYTES || reason.is_empty() {
            return body;
        }
        let shorter = reason.chars().count() * 3 / 4;
        reason = reason.chars().take(shorter).collect();
    }
}
