//! Is everything there that a commitment needs?
//!
//! Nothing is changed. What cannot be looked at is a warning, never ok.

mod declared;
mod deployment;

use policy::commitment::Commitment;
use policy::observed::CallError;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Error, Handler, Invocation};
use crate::aws::{Listed, Quota};

/// How many agents, aliases, models or quotas one line names at most.
const MOST_NAMED: usize = 12;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Check {
    what: String,
    state: State,
    text: String,
    cure: String,
}

#[derive(Debug, Clone, Copy, Serialize)]
enum State {
    Ok,
    Warning,
    Wrong,
}

fn ok(what: &str, text: impl Into<String>) -> Check {
    check(what, State::Ok, text, "")
}

fn warning(what: &str, text: impl Into<String>, cure: impl Into<String>) -> Check {
    check(what, State::Warning, text, cure)
}

fn wrong(what: &str, text: impl Into<String>, cure: impl Into<String>) -> Check {
    check(what, State::Wrong, text, cure)
}

fn check(what: &str, state: State, text: impl Into<String>, cure: impl Into<String>) -> Check {
    Check { what: what.to_owned(), state, text: text.into(), cure: cure.into() }
}

fn unseen(what: &str, error: &CallError) -> Check {
    warning(what, error.to_string(), "allow the function's role to look, and ask again")
}

/// The first of `all`, and how many more there are.
fn some_of(all: impl IntoIterator<Item = String>) -> String {
    let all: Vec<String> = all.into_iter().collect();
    let named = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn listed(all: &[Listed]) -> String {
    some_of(all.iter().map(|Listed { id, name }| format!("{id} ({name})")))
}

impl Handler {
    /// Looks whether everything is there, for the deployment and for `commitment`, if one is given.
    pub(super) async fn doctor(
        &self,
        commitment: Option<&Commitment>,
        invocation: &Invocation,
    ) -> Result<Value, Error> {
        let mut checks = vec![
            ok("Region", self.aws.region()),
            match self.settings.complete() {
                Ok(()) => ok("Settings", "every setting can be read"),
                Err(bad) => wrong("Settings", bad.to_string(), "correct it in the function's environment"),
            },
        ];
        checks.extend(self.look_at_deployment(invocation).await);
        checks.push(self.look_at_agents().await);
        if let Some(commitment) = commitment {
            checks.extend(self.look_at_declaration(commitment).await);
        }
        checks.push(self.look_at_quota().await);
        Ok(json!({ "Checks": checks }))
    }

    async fn look_at_agents(&self) -> Check {
        match self.aws.agents().await {
            Ok(agents) if agents.is_empty() => ok(
                "Agents",
                format!(
                    "there are none in {}; a commitment needs none, and Bedrock Agents take no new accounts",
                    self.aws.region()
                ),
            ),
            Ok(agents) => ok("Agents", listed(&agents)),
            Err(error) => unseen("Agents", &error),
        }
    }

    /// Only a quota's name says for which model it counts: the person who reads it has to compare.
    async fn look_at_quota(&self) -> Check {
        let cure = "ask AWS Support for model units of the model: all quotas are 0 until some are granted";
        match self.aws.model_unit_quotas().await {
            Ok(quotas) if quotas.is_empty() => warning(
                "Quota",
                "Service Quotas lists none of model units",
                "see Service Quotas, Amazon Bedrock, model units",
            ),
            Ok(quotas) => {
                let granted = quotas.iter().filter(|quota| quota.units > 0.0);
                let granted: Vec<String> = granted.map(|Quota { name, units }| format!("{name}: {units}")).collect();
                if granted.is_empty() {
                    wrong("Quota", format!("each of {} quotas of model units is 0", quotas.len()), cure)
                } else {
                    ok("Quota", format!("granted, all others are 0: {}", some_of(granted)))
                }
            }
            Err(error) => unseen("Quota", &error),
        }
    }
}
