//! May this be registered?
//!
//! Checks of a new or changed declaration against what AWS reports, before anything is bought: an alias that is not
//! there, that cannot use the model, or that belongs to somebody else, or such a parameter (custom-resource-cases.md, lines 21 and 42).

use std::collections::BTreeSet;

use crate::commitment::{AliasId, Commitment, ParameterName};
use crate::observed::{AgentAlias, CallError, CallErrorKind, Observed, Parameter, Question, Throughput};
use crate::plan::{another_kind, foreign_value, is_without_throughput, misfit};
use crate::record::{Claim, Lifecycle, Record};

/// What speaks against a registration, or what has to be known first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objections {
    /// What has to be known first.
    pub questions: BTreeSet<Question>,
    /// Reasons why it is refused, each naming the alias or the parameter.
    pub refused: Vec<String>,
    /// Calls that failed, among them those for what does not exist.
    pub failed: Vec<CallError>,
}

impl Objections {
    /// Looks for what speaks against `commitment`, whose aliases and parameter are in `observed`, in the deployment `group`;
    /// `others` are the other registered commitments.
    ///
    /// Of a parameter that is in `own` only its type matters: it has been found fit before.
    #[must_use]
    pub fn to(
        commitment: &Commitment,
        own: &BTreeSet<ParameterName>,
        observed: &Observed,
        group: &str,
        others: &[Record],
    ) -> Self {
        let mut objections = Self::default();
        let base_model = objections.base_model(commitment, observed);
        for id in &commitment.aliases {
            objections.claimed(&Claim::Alias(id.clone()), commitment, others);
            match observed.aliases.get(id) {
                Some(Ok(Some(alias))) => {
                    objections.version(id, alias, commitment, base_model, observed);
                    objections.route(id, alias, commitment, group, observed);
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
            objections.claimed(&Claim::Parameter(name.clone()), commitment, others);
            match observed.parameters.get(name) {
                Some(Ok(Some(seen))) => {
                    let own = own.contains(name);
                    objections.parameter(name, seen, commitment, own, group, observed);
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

    fn claimed(&mut self, what: &Claim, commitment: &Commitment, others: &[Record]) {
        let claims = |other: &&Record| other.lifecycle != Lifecycle::Retiring && what.is_of(&other.commitment);
        if let Some(other) = others.iter().find(claims).filter(|_| !commitment.take_over) {
            let other = &other.commitment.name;
            self.refused.push(format!("{what} is declared by commitment {other}; TakeOver takes it from there"));
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

    fn route(&mut self, id: &AliasId, alias: &AgentAlias, commitment: &Commitment, group: &str, observed: &Observed) {
        let Some(named) = alias.throughput.as_ref().filter(|_| !commitment.take_over) else { return };
        if let Some(Whose::SomebodyElses(Throughput { name, .. })) = self.whose(named, commitment, group, observed) {
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
        group: &str,
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
            Some(Ok(marks)) if marks.are(commitment.name.as_str(), group) => Some(Whose::Ours),
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
        group: &str,
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
        match self.whose(named, commitment, group, observed) {
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
