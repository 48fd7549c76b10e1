//! What is `CloudFormation` owed, and when can it be told?
//!
//! The answer is kept in the record from the moment of registration, so that a tick can give what its own invocation could
//! not (docs/reference.md, "The custom resource"). What is answered is decided and written first, then sent, then forgotten: after a crash
//! the same is sent again.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commitment::WaitFor;
use crate::custom_resource::{Origin, RequestType};
use crate::observed::{CallError, Observed, Throughput, ThroughputStatus};
use crate::plan::Plan;
use crate::record::{Decision, Declared, Held, Lifecycle, Owed, Record};
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
    /// Whether the answer can be given at `now`, after `plan` was made for `declared` from `observed`.
    #[must_use]
    pub fn verdict(&self, declared: &Declared, plan: &Plan, observed: &Observed, now: Timestamp) -> Verdict {
        if let Some(decided) = &self.decided {
            return Verdict::Now(decided.clone());
        }
        let verdict = match self.kind {
            RequestType::Create | RequestType::Update => is_declared(self.kind, declared, plan, observed),
            RequestType::Delete => is_deleted(plan, now),
        };
        self.by_now(verdict, plan, now)
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
        if now < self.decide_at {
            return Verdict::Wait(error.to_string());
        }
        Verdict::Now(Decision::Failed(format!("not done in time, still waiting: {error}")))
    }

    fn by_now(&self, verdict: Verdict, plan: &Plan, now: Timestamp) -> Verdict {
        match verdict {
            // The stack has given up on it.
            Verdict::Now(Decision::Success) if self.until <= now && self.kind != RequestType::Delete => {
                Verdict::Now(Decision::Failed(format!("done only after {}, its end", self.until)))
            }
            Verdict::Wait(_) if now < self.decide_at => verdict,
            // Ticks finish what only takes time.
            Verdict::Wait(_) if self.kind == RequestType::Delete && plan.let_go => Verdict::Now(Decision::Success),
            // A rollback could not take back a term that AWS has accepted.
            Verdict::Wait(_) if self.kind != RequestType::Delete && is_creating_a_term(plan) => {
                Verdict::Now(Decision::Success)
            }
            Verdict::Wait(waiting) => {
                Verdict::Now(Decision::Failed(format!("not done in time, still waiting: {waiting}")))
            }
            Verdict::Now(_) => verdict,
        }
    }
}

fn is_creating_a_term(plan: &Plan) -> bool {
    let coming = plan.serving.as_ref().and_then(|arn| plan.ours.iter().find(|ours| ours.arn == *arn));
    coming.is_some_and(|coming| coming.term.is_some() && coming.status == ThroughputStatus::Creating)
}

/// Whether what is due now was accepted, or is in service and routed, as the declaration wants.
fn is_declared(kind: RequestType, declared: &Declared, plan: &Plan, observed: &Observed) -> Verdict {
    if let Some(refused) = &plan.refused {
        return Verdict::Now(Decision::Failed(refused.clone()));
    }
    if let Some(error) = plan.failures.iter().find(|error| error.is_final()) {
        return Verdict::Now(Decision::Failed(error.to_string()));
    }
    if declared.goes() {
        return Verdict::Now(Decision::Failed("it has been retired meanwhile".to_owned()));
    }
    if let Some(spent) = &plan.spent {
        // An Update that is rolled back must not fail for a term that has ended.
        return Verdict::Now(match kind {
            RequestType::Create => {
                Decision::Failed(format!("Purchase `{spent}` was spent before; give Purchase a new value"))
            }
            RequestType::Update | RequestType::Delete => Decision::Success,
        });
    }
    if !plan.wants {
        return Verdict::Now(Decision::Success);
    }
    let commitment = &declared.commitment;
    let name = &commitment.name;
    let Some(serving) = &plan.serving else {
        return Verdict::Wait(waiting(plan, &format!("for the throughput of {name} to be bought")));
    };
    let Some(bought) = plan.ours.iter().find(|ours| ours.arn == *serving) else {
        return Verdict::Wait(waiting(plan, &format!("for the throughput of {name} to be seen")));
    };
    // A purchase that has not been seen yet is not known to be what was asked for.
    let seen = plan.progress.throughputs.get(serving).is_some_and(|held| held.seen.is_some());
    let serves = bought.status == ThroughputStatus::InService
        && commitment.aliases.iter().all(|id| observed.is_on(id, &bought.arn))
        && commitment.parameter.iter().all(|name| observed.is_pointed_at(name, &bought.arn));
    match commitment.wait_for {
        WaitFor::Accepted if seen => Verdict::Now(Decision::Success),
        WaitFor::InService if serves => Verdict::Now(Decision::Success),
        WaitFor::Accepted | WaitFor::InService => {
            let name = &bought.name;
            Verdict::Wait(waiting(plan, &format!("for {name} and its aliases to be in service")))
        }
    }
}

/// Whether the aliases are off and the throughput is gone, or only its term holds it.
fn is_deleted(plan: &Plan, now: Timestamp) -> Verdict {
    // A term whose end AWS has not told has not ended, unless it does not run yet.
    let runs = |throughput: &Throughput| match throughput.term_end {
        Some(end) => now < end,
        None => !matches!(throughput.status, ThroughputStatus::Creating | ThroughputStatus::Unseen),
    };
    let term_holds = |throughput: &Throughput| {
        throughput.status != ThroughputStatus::Failed && throughput.term.is_some() && runs(throughput)
    };
    let only_terms = !plan.ours.is_empty() && plan.ours.iter().all(term_holds);
    if plan.nothing_left || (plan.let_go && only_terms) {
        return Verdict::Now(Decision::Success);
    }
    // Of what else is refused, a state that passes may be the reason. What may not be done will not be allowed by waiting.
    if let Some(denied) = plan.failures.iter().find(|error| error.is_denied()) {
        return Verdict::Now(Decision::Failed(denied.to_string()));
    }
    Verdict::Wait(waiting(plan, "for the aliases to be off and the throughput to be gone"))
}

fn waiting(plan: &Plan, otherwise: &str) -> String {
    let waiting = plan.waiting.iter().map(ToString::to_string);
    let all: Vec<String> = waiting.chain(plan.all_problems()).collect();
    if all.is_empty() { otherwise.to_owned() } else { all.join("; ") }
}

/// Rule 10: whether the purchase of a term was spent and nothing of it is left.
fn has_ended(record: &Record) -> bool {
    let Record { declared, progress, .. } = record;
    let purchase = declared.commitment.purchase.as_ref().filter(|_| declared.commitment.term.is_some());
    let spent = purchase.is_some_and(|purchase| progress.spent.contains(purchase.as_str()));
    spent && progress.announced.is_empty() && progress.throughputs.values().all(|held| held.term.is_none())
}

/// The attributes that `Fn::GetAtt` gives: the same keys every time, all strings.
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
    /// The attributes of `record` at `now`.
    #[must_use]
    pub fn of(record: &Record, deployment: &str, now: Timestamp) -> Self {
        let Record { declared, progress, .. } = record;
        if declared.lifecycle != Lifecycle::Active || has_ended(record) {
            return Self::default();
        }
        let demand = declared.demand();
        let desired = demand.at(now);
        let wanted = desired.units.map(|units| declared.commitment.throughput_name(units, deployment));
        let fits = |(_, held): &(&String, &Held)| Some(&held.name) == wanted.as_ref();
        let held = progress.throughputs.iter().find(fits);
        let held = held.or_else(|| progress.throughputs.iter().find(|(_, held)| held.served.is_some()));
        Self {
            state: Some(desired.state()),
            units: desired.units.map_or(0, std::num::NonZero::get),
            arn: held.map(|(arn, _)| arn.clone()).unwrap_or_default(),
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
