//! What might AWS answer?

use policy::observed::{
    AgentAlias, AliasStatus, Marks, ModelLifecycle, Observed, Question, Throughput, ThroughputStatus,
};
use policy::record::Record;

use super::DEPLOYMENT;

/// Nothing exists but what is listed.
pub(super) fn answer_question(observed: &mut Observed, question: Question) {
    let facts = &mut observed.facts;
    match question {
        Question::Throughput(named) => drop(facts.throughputs.insert(named, Ok(None))),
        Question::Marks(arn) => drop(facts.marks.insert(arn, Ok(Marks::default()))),
        Question::VersionModel { agent, version } => {
            drop(facts.version_models.insert((agent, version), Ok("amazon.nova-lite-v1:0".to_owned())));
        }
        Question::Lifecycle(model) => drop(facts.lifecycles.insert(model, Ok(ModelLifecycle::default()))),
        Question::BaseModel(model) => drop(facts.base_models.insert(model, Ok("amazon.nova-lite-v1:0".to_owned()))),
    }
}

/// What AWS has.
#[derive(Clone, Copy)]
pub(super) enum Aws {
    Empty,
    /// Whatever the record may want, or remembers.
    Wanted,
}

impl Aws {
    pub(super) fn observed(self, record: &Record) -> Observed {
        let commitment = &record.declared.commitment;
        let mut observed = Observed::default();
        if let Self::Wanted = self {
            let name = commitment.throughput_name(commitment.units, DEPLOYMENT);
            let remembered = record.progress.throughputs.iter().map(|(arn, held)| (held.name.clone(), arn.clone()));
            let arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghij12".to_owned();
            for (name, arn) in remembered.chain([(name, arn)]) {
                let marks = [("commitment", commitment.name.as_str()), ("deployment", DEPLOYMENT)];
                let marks = marks.map(|(key, value)| (format!("throughput-scheduler:{key}"), value.to_owned()));
                observed.facts.marks.insert(arn.clone(), Ok(Marks(marks.into())));
                observed.throughputs.push(Throughput {
                    name,
                    arn,
                    status: ThroughputStatus::InService,
                    units: commitment.units.get(),
                    model_arn: commitment.model.to_string(),
                    foundation_model_arn: commitment.model.to_string(),
                    term: commitment.term,
                    term_end: None,
                    failure: None,
                });
            }
        }
        let route = observed.throughputs.first().map(|throughput| throughput.arn.clone());
        let alias = AgentAlias {
            name: "helpdesk".to_owned(),
            description: None,
            status: AliasStatus::Prepared,
            failures: Vec::new(),
            version: Some("3".to_owned()),
            throughput: route,
            rejects: false,
        };
        observed.aliases = record.declared.all_aliases().map(|id| (id.clone(), Ok(Some(alias.clone())))).collect();
        observed.parameters = record.declared.all_parameters().map(|name| (name.clone(), Ok(None))).collect();
        observed
    }
}
