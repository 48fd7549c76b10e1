//! Is everything there that a commitment needs?
//!
//! Nothing is changed. What cannot be looked at is a warning, never ok.

use policy::commitment::{Commitment, bare_model};
use policy::observed::{CallError, CallErrorKind};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Error, Handler, Invocation};

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

fn check(what: &str, state: State, text: impl Into<String>, cure: &str) -> Check {
    Check { what: what.to_owned(), state, text: text.into(), cure: cure.to_owned() }
}

fn unseen(what: &str, error: &CallError) -> Check {
    check(what, State::Warning, error.to_string(), "allow the function's role to look, and ask again")
}

impl Handler {
    /// Looks whether everything is there, for the deployment and for `commitment`, if one is given.
    pub(super) async fn doctor(
        &self,
        commitment: Option<&Commitment>,
        invocation: &Invocation,
    ) -> Result<Value, Error> {
        let mut checks = vec![
            check("Region", State::Ok, self.aws.region(), ""),
            match self.settings.complete() {
                Ok(()) => check("Settings", State::Ok, "every setting can be read", ""),
                Err(bad) => {
                    check("Settings", State::Wrong, bad.to_string(), "correct it in the function's environment")
                }
            },
        ];
        checks.extend(self.look_at_deployment(invocation).await);
        if let Some(commitment) = commitment {
            checks.push(self.look_at_model(commitment).await);
            checks.extend(self.look_at_targets(commitment).await);
            checks.push(self.look_at_guardrails(commitment));
        }
        checks.push(check(
            "Quota",
            State::Warning,
            "how many model units AWS has granted cannot be read here",
            "see Service Quotas, Amazon Bedrock, model units for provisioned throughput; all are 0 until support grants some",
        ));
        Ok(json!({ "Checks": checks }))
    }

    async fn look_at_deployment(&self, invocation: &Invocation) -> Vec<Check> {
        let store = match self.store() {
            Ok(store) => store,
            Err(error) => return vec![check("Table", State::Wrong, error.to_string(), "set it")],
        };
        let mut checks = Vec::new();
        match (store.table_id().await, store.deployment_item().await) {
            (Ok(id), Ok(Some(deployment))) => {
                let ours =
                    deployment.name == store.deployment && deployment.table_id == id && deployment.group == store.group;
                checks.push(match (ours, deployment.open) {
                    (true, true) => {
                        check("Table", State::Ok, format!("{} belongs to {}", store.table, deployment.name), "")
                    }
                    (true, false) => check("Table", State::Wrong, "the deployment is closed", "create its stack again"),
                    (false, _) => check(
                        "Table",
                        State::Wrong,
                        format!("{} belongs to {}, or was restored", store.table, deployment.name),
                        "if it is the right table, send {\"Action\": \"Adopt\"}",
                    ),
                });
            }
            (Ok(_), Ok(None)) => checks.push(check(
                "Table",
                State::Wrong,
                format!("{} does not say which deployment it belongs to", store.table),
                "send {\"Action\": \"Adopt\"}",
            )),
            (Err(error), _) | (_, Err(error)) => checks.push(unseen("Table", &error)),
        }
        match store.all().await {
            Ok(records) => {
                let mut without = Vec::new();
                for record in records.iter().flatten() {
                    let name = record.record.name().to_owned();
                    let Ok(tick) = self.wanted_schedule(&record.record, invocation, store.deployment) else { continue };
                    match self.aws.is_scheduled(&tick).await {
                        Ok(true) => {}
                        Ok(false) => without.push(name),
                        Err(error) => checks.push(unseen("Schedules", &error)),
                    }
                }
                checks.push(if without.is_empty() {
                    check("Schedules", State::Ok, format!("{} commitments are registered", records.len()), "")
                } else {
                    let text = format!("missing, disabled or different: {}", without.join(", "));
                    check("Schedules", State::Wrong, text, "send {\"Action\": \"Repair\"}")
                });
            }
            Err(error) => checks.push(unseen("Schedules", &error)),
        }
        checks
    }

    async fn look_at_model(&self, commitment: &Commitment) -> Check {
        let model = commitment.model.as_str();
        if commitment.model.is_custom() {
            return match self.aws.base_model(model).await {
                Ok(base) => check("Model", State::Ok, format!("{model} is based on {base}"), ""),
                Err(error) if error.kind == CallErrorKind::NotFound => {
                    check("Model", State::Wrong, error.to_string(), "name a custom model of this Region")
                }
                Err(error) => unseen("Model", &error),
            };
        }
        let id = bare_model(model);
        match self.aws.lifecycle(id).await {
            Ok(lifecycle) if lifecycle.is_legacy => {
                check("Model", State::Wrong, format!("{id} has turned LEGACY"), "declare another model")
            }
            Ok(lifecycle) if !lifecycle.is_provisioned => check(
                "Model",
                State::Warning,
                format!("{id} is not listed here as sold with provisioned throughput"),
                "see the model table of the Bedrock user guide for the Regions that sell it",
            ),
            Ok(lifecycle) => {
                let date = |word: &str, at: Option<jiff::Timestamp>| {
                    at.map_or_else(String::new, |at| format!(", {word} at {at}"))
                };
                let dates = date("LEGACY", lifecycle.legacy) + &date("ends", lifecycle.end_of_life);
                check("Model", State::Ok, format!("{id} is sold here{dates}"), "")
            }
            Err(error) if matches!(error.kind, CallErrorKind::NotFound | CallErrorKind::Invalid) => {
                check("Model", State::Wrong, error.to_string(), "name a model of this Region, with its context length")
            }
            Err(error) => unseen("Model", &error),
        }
    }

    async fn look_at_targets(&self, commitment: &Commitment) -> Vec<Check> {
        let mut checks = Vec::new();
        for id in &commitment.aliases {
            let what = format!("Alias {id}");
            checks.push(match self.aws.alias(id).await {
                Ok(Some(alias)) => check(&what, State::Ok, alias.status.as_str(), ""),
                Ok(None) => check(
                    &what,
                    State::Wrong,
                    format!("it does not exist in {}", self.aws.region()),
                    "check AgentId and AgentAliasId, and the Region",
                ),
                Err(error) => unseen(&what, &error),
            });
        }
        if let Some(name) = &commitment.parameter {
            let what = format!("Parameter {name}");
            checks.push(match self.aws.parameter(name).await {
                Ok(None) => check(&what, State::Ok, "it will be made", ""),
                Ok(Some(seen)) if seen.is_of_another_kind() => {
                    check(&what, State::Wrong, format!("it is a {}", seen.kind), "delete it, or declare another one")
                }
                Ok(Some(_)) => check(&what, State::Ok, "it exists", ""),
                Err(error) => unseen(&what, &error),
            });
        }
        checks
    }

    fn look_at_guardrails(&self, commitment: &Commitment) -> Check {
        let refusals = match &self.settings.guardrails {
            Ok(guardrails) => guardrails.refusals(commitment),
            Err(bad) => return check("Guardrails", State::Wrong, bad.to_string(), "correct it"),
        };
        if refusals.is_empty() {
            return check("Guardrails", State::Ok, "they allow it", "");
        }
        let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        check("Guardrails", State::Wrong, refusals.join("; "), "change the declaration, or the stack's parameters")
    }
}
