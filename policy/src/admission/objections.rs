//! What speaks against a declaration?
//!
//! Checks of a new or changed declaration against what AWS reports, before anything is bought: a model that is not sold, an
//! alias that is not there, that cannot use the model, or that belongs to somebody else, or such a parameter.

use std::collections::BTreeSet;

use crate::commitment::{AliasId, Commitment, ParameterName, bare_model};
use crate::observed::{AgentAlias, CallError, CallErrorKind, Observed, Parameter, Question, Throughput};
use crate::plan::{another_kind, foreign_value, is_without_throughput, misfit};

/// What speaks against a registration, or what has to be known first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objections {
    /// What has to be known first.
    pub questions: BTreeSet<Question>,
    /// Reasons why it is refused, each naming the alias or the parameter.
    pub refused: Vec<String>,
    /// Calls that failed, among them those for what does not exist.
    pub failed: Vec<CallError>,
    /// What somebody should know, and is no reason to refuse it.
    pub warnings: Vec<String>,
}

impl Objections {
    /// Looks for what speaks against `commitment`, whose aliases and parameter are in `observed`, in `deployment`.
    ///
    /// Of a parameter that is in `own` only its type matters: it has been found fit before. The model is looked at only if
    /// it `is_new`: a model that has turned `LEGACY` goes on serving those who have it.
    #[must_use]
    pub fn to(
        commitment: &Commitment,
        own: &BTreeSet<ParameterName>,
        is_new: bool,
        observed: &Observed,
        deployment: &str,
    ) -> Self {
        let mut objections = Self::default();
        if is_new && !commitment.model.is_custom() {
            objections.model(commitment, observed);
        }
        let base_model = objections.base_model(commitment, observed);
        for id in &commitment.aliases {
            match observed.aliases.get(id) {
                Some(Ok(Some(alias))) => {
                    objections.version(id, alias, commitment, base_model, observed);
                    objections.route(id, alias, commitment, deployment, observed);
                }
                Some(Ok(None)) => objections.failed.push(CallError {
                    cannot: format!("find alias {id}"),
                    kind: CallErrorKind::NotFound,
                    code: "ResourceNotFoundException".to_owned(),
                    message: format!("it does not exist in {}", observed.region),
                }),
                Some(Err(error)) => objections.failed.push(error.clone()),
                None => {}
            }
        }
        if let Some(name) = &commitment.parameter {
            match observed.parameters.get(name) {
                Some(Ok(Some(seen))) => {
                    let own = own.contains(name);
                    objections.parameter(name, seen, commitment, own, deployment, observed);
                }
                Some(Err(error)) => objections.failed.push(error.clone()),
                Some(Ok(None)) | None => {}
            }
        }
        objections
    }

    /// The model that the agents are to have; nothing while that has to be known first, or cannot be known.
    fn base_model<'o>(&mut self, commitment: &'o Commitment, observed: &'o Observed) -> Option<&'o str> {
        let model = commitment.model.as_str();
        if !commitment.model.is_custom() || commitment.aliases.is_empty() {
            return Some(model);
        }
        match observed.facts.base_models.get(model) {
            None => {
                self.questions.insert(Question::BaseModel(model.to_owned()));
                None
            }
            Some(Ok(base)) => Some(base),
            Some(Err(error)) => {
                self.failed.push(error.clone());
                None
            }
        }
    }

    /// A foundation model has to be known in this Region, and to be sold still. What cannot be looked at is no objection.
    fn model(&mut self, commitment: &Commitment, observed: &Observed) {
        let model = bare_model(commitment.model.as_str());
        let region = &observed.region;
        match observed.facts.lifecycles.get(model) {
            None => {
                self.questions.insert(Question::Lifecycle(model.to_owned()));
            }
            Some(Ok(lifecycle)) if lifecycle.is_legacy => {
                self.refused.push(format!("ModelId: {model} has turned LEGACY in {region} and cannot be bought any more"));
            }
            Some(Ok(lifecycle)) if !lifecycle.is_provisioned => self.warnings.push(format!(
                "ModelId: {} is not listed in {region} as sold with provisioned throughput; the purchase may be refused",
                commitment.model.canonical()
            )),
            Some(Ok(_)) => {}
            Some(Err(error)) if matches!(error.kind, CallErrorKind::NotFound | CallErrorKind::Invalid) => {
                self.refused.push(format!("ModelId: {model} is not known in {region}: {}", error.message));
            }
            Some(Err(error)) => self.warnings.push(error.to_string()),
        }
    }

    fn version(
        &mut self,
        id: &AliasId,
        alias: &AgentAlias,
        commitment: &Commitment,
        base_model: Option<&str>,
        observed: &Observed,
    ) {
        let Some(version) = alias.version.clone().filter(|version| version != "DRAFT") else {
            self.refused.push(format!("alias {id} has no numbered agent version, so it cannot be routed"));
            return;
        };
        let key = (id.agent.clone(), version.clone());
        match observed.facts.version_models.get(&key) {
            None => {
                self.questions.insert(Question::VersionModel { agent: id.agent.clone(), version });
            }
            Some(Err(error)) => self.failed.push(error.clone()),
            Some(Ok(model)) => {
                let declared = commitment.model.as_str();
                if let Some(reason) = base_model.and_then(|base| misfit(model, declared, base)) {
                    self.refused.push(format!("alias {id} version {version} does not fit: {reason}"));
                }
            }
        }
    }

    fn route(
        &mut self,
        id: &AliasId,
        alias: &AgentAlias,
        commitment: &Commitment,
        deployment: &str,
        observed: &Observed,
    ) {
        let Some(named) = alias.throughput.as_ref().filter(|_| !commitment.take_over) else { return };
        if let Some(Whose::SomebodyElses(Throughput { name, .. })) = self.whose(named, commitment, deployment, observed)
        {
            self.refused.push(format!(
                "alias {id} is routed to throughput {name}, which is not this commitment's; TakeOver lets it leave"
            ));
        }
    }

    /// Whose the throughput `named` is; nothing while that has to be known first, or cannot be known.
    fn whose<'o>(
        &mut self,
        named: &str,
        commitment: &Commitment,
        deployment: &str,
        observed: &'o Observed,
    ) -> Option<Whose<'o>> {
        let throughput = match observed.facts.throughputs.get(named) {
            None => {
                self.questions.insert(Question::Throughput(named.to_owned()));
                return None;
            }
            Some(Err(error)) => {
                self.failed.push(error.clone());
                return None;
            }
            Some(Ok(None)) => return Some(Whose::Nobodys),
            Some(Ok(Some(throughput))) => throughput,
        };
        match observed.facts.marks.get(&throughput.arn) {
            None => {
                self.questions.insert(Question::Marks(throughput.arn.clone()));
                None
            }
            Some(Err(error)) => {
                self.failed.push(error.clone());
                None
            }
            Some(Ok(marks)) if marks.are(commitment.name.as_str(), deployment) => Some(Whose::Ours),
            Some(Ok(_)) => Some(Whose::SomebodyElses(throughput)),
        }
    }

    /// A parameter that exists when it is first declared is to hold a throughput of this commitment, or what it holds without one.
    fn parameter(
        &mut self,
        name: &ParameterName,
        seen: &Parameter,
        commitment: &Commitment,
        own: bool,
        deployment: &str,
        observed: &Observed,
    ) {
        if let Some(problem) = another_kind(name, seen) {
            self.refused.push(problem);
            return;
        }
        if own || commitment.take_over || is_without_throughput(commitment, &seen.value) {
            return;
        }
        let refusal = format!("{}; TakeOver lets it be overwritten", foreign_value(name, seen));
        let Some(named) = seen.throughput() else {
            self.refused.push(refusal);
            return;
        };
        match self.whose(named, commitment, deployment, observed) {
            Some(Whose::Nobodys | Whose::SomebodyElses(_)) => self.refused.push(refusal),
            Some(Whose::Ours) | None => {}
        }
    }
}

/// Whose a throughput is that an alias or a parameter names.
enum Whose<'o> {
    /// It does not exist.
    Nobodys,
    /// This commitment's.
    Ours,
    /// Not this commitment's.
    SomebodyElses(&'o Throughput),
}
