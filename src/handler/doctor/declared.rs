//! Is everything there that this declaration names: model, agents, aliases, parameter? Do the guardrails allow it?

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use policy::commitment::{AliasId, Commitment, bare_model};
use policy::observed::{AgentAlias, AliasStatus, CallErrorKind, ModelLifecycle};
use policy::plan::misfit;

use super::{Check, listed, ok, some_of, unseen, warning, wrong};
use crate::aws::Listed;
use crate::handler::Handler;

/// An end that is nearer than this is worth a warning.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 90);

impl Handler {
    pub(super) async fn look_at_declaration(&self, commitment: &Commitment) -> Vec<Check> {
        let mut checks = Vec::new();
        let model = commitment.model.as_str();
        let mut base = None;
        if commitment.model.is_custom() {
            checks.push(match self.aws.base_model(model).await {
                Ok(found) => {
                    let said = ok("Model", format!("{model} is based on {found}"));
                    base = Some(found);
                    said
                }
                Err(error) if error.kind == CallErrorKind::NotFound => {
                    wrong("Model", error.to_string(), "name a custom model of this Region")
                }
                Err(error) => unseen("Model", &error),
            });
        } else {
            checks.push(self.look_at_life(bare_model(model)).await);
            checks.push(self.look_at_sale(commitment.model.canonical()).await);
        }
        checks.extend(self.look_at_aliases(commitment, base.as_deref()).await);
        checks.extend(self.look_at_parameter(commitment).await);
        checks.push(self.look_at_guardrails(commitment));
        checks
    }

    /// Is the model known in this Region, and for how long can it be bought?
    async fn look_at_life(&self, id: &str) -> Check {
        let region = self.aws.region();
        match self.aws.lifecycle(id).await {
            Ok(life) if life.is_legacy => wrong(
                "Model",
                format!("{id} has turned LEGACY in {region} and cannot be bought any more{}", dates(&life)),
                "declare another model; what is in service cannot be bought again once it was deleted",
            ),
            Ok(life) if [life.legacy, life.end_of_life].iter().flatten().any(|at| is_soon(*at, self.now())) => warning(
                "Model",
                format!("{id} is known in {region}{}", dates(&life)),
                "declare another model before that: a LEGACY model cannot be bought",
            ),
            Ok(life) => ok("Model", format!("{id} is known in {region}{}", dates(&life))),
            Err(error) if matches!(error.kind, CallErrorKind::NotFound | CallErrorKind::Invalid) => {
                wrong("Model", error.to_string(), "name a model of this Region, with its context length")
            }
            Err(error) => unseen("Model", &error),
        }
    }

    /// Is it sold as provisioned throughput in this Region, and with this context length?
    async fn look_at_sale(&self, id: &str) -> Check {
        let what = "Sold here";
        let region = self.aws.region();
        let sold = match self.aws.models_sold().await {
            Ok(sold) => sold,
            Err(error) => return unseen(what, &error),
        };
        if sold.iter().any(|other| other == id) {
            return ok(what, format!("{id} is sold as provisioned throughput in {region}"));
        }
        let others = some_of(sold.iter().filter(|other| bare_model(other) == bare_model(id)).cloned());
        if others.is_empty() {
            let text = format!("{id} is not listed in {region} as sold with provisioned throughput");
            return warning(what, text, format!("a purchase may be refused; sold here: {}", some_of(sold)));
        }
        warning(what, format!("{id} is not listed in {region}, but {others}"), "declare one of those")
    }

    async fn look_at_aliases(&self, commitment: &Commitment, base: Option<&str>) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut agents: BTreeMap<&str, Option<Vec<Listed>>> = BTreeMap::new();
        for id in &commitment.aliases {
            if !agents.contains_key(id.agent.as_str()) {
                let what = format!("Agent {}", id.agent);
                let found = self.aws.aliases_of(&id.agent).await;
                checks.push(match &found {
                    Ok(Some(aliases)) => ok(&what, format!("has the aliases {}", listed(aliases))),
                    Ok(None) => wrong(
                        &what,
                        format!("it does not exist in {}", self.aws.region()),
                        "check AgentId and the Region; the line Agents has those that are there",
                    ),
                    Err(error) => unseen(&what, error),
                });
                agents.insert(&id.agent, found.ok().flatten());
            }
            let what = format!("Alias {id}");
            checks.push(match self.aws.alias(id).await {
                Ok(Some(alias)) => self.look_at_alias(&what, id, &alias, commitment, base).await,
                Ok(None) => wrong(
                    &what,
                    format!("it does not exist in {}", self.aws.region()),
                    "check AgentId and AgentAliasId, and the Region",
                ),
                Err(error) => unseen(&what, &error),
            });
        }
        checks
    }

    async fn look_at_alias(
        &self,
        what: &str,
        id: &AliasId,
        alias: &AgentAlias,
        commitment: &Commitment,
        base: Option<&str>,
    ) -> Check {
        let Some(version) = alias.version.as_deref().filter(|version| *version != "DRAFT") else {
            return wrong(what, "it has no numbered agent version, so it cannot be routed", "point it at a version");
        };
        if alias.status == AliasStatus::Failed {
            let text = format!("it is FAILED: {}", some_of(alias.failures.iter().cloned()));
            return warning(what, text, "update the alias by hand; the function tries again, too");
        }
        let model = commitment.model.as_str();
        match self.aws.version_model(&id.agent, version).await {
            Ok(of_version) => match misfit(&of_version, model, base.unwrap_or(model)) {
                None => ok(what, format!("{} with version {version} of {of_version}", alias.status.as_str())),
                Some(misfit) => wrong(
                    what,
                    format!("version {version}: {misfit}"),
                    "declare the model of the agent's version, or give the alias a version of this model",
                ),
            },
            Err(error) => unseen(what, &error),
        }
    }

    async fn look_at_parameter(&self, commitment: &Commitment) -> Option<Check> {
        let name = commitment.parameter.as_ref()?;
        let what = format!("Parameter {name}");
        Some(match self.aws.parameter(name).await {
            Ok(None) => ok(&what, "it will be made"),
            Ok(Some(seen)) if seen.is_of_another_kind() => {
                wrong(&what, format!("it is a {}", seen.kind), "delete it, or declare another one")
            }
            Ok(Some(_)) => ok(&what, "it exists"),
            Err(error) => unseen(&what, &error),
        })
    }

    fn look_at_guardrails(&self, commitment: &Commitment) -> Check {
        let refusals = match &self.settings.guardrails {
            Ok(guardrails) => guardrails.refusals(commitment),
            Err(bad) => return wrong("Guardrails", bad.to_string(), "correct it"),
        };
        if refusals.is_empty() {
            return ok("Guardrails", "they allow it");
        }
        let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        wrong("Guardrails", refusals.join("; "), "change the declaration, or the stack's parameters")
    }
}

fn is_soon(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) < SOON
}

fn dates(life: &ModelLifecycle) -> String {
    let date = |word: &str, at: Option<Timestamp>| at.map_or_else(String::new, |at| format!(", {word} {at}"));
    date("LEGACY from", life.legacy) + &date("ends", life.end_of_life)
}
