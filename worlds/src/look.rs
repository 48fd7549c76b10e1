//! What does an invocation see, and what does the policy make of it?
//!
//! The truth of [`Aws`] in the policy's words, but for one [`Glitch`]: what lags or fails in this look.

use std::sync::Arc;

use policy::commitment::Term;
use policy::observed::{
    AgentAlias, AliasStatus, COMMITMENT_TAG, CallError, CallErrorKind, DEPLOYMENT_TAG, Facts, Marks, ModelLifecycle,
    Observed, Parameter, Question, Throughput, ThroughputStatus,
};
use policy::plan::{self, Attempts, Plan, Planned, Situation};
use policy::record::Record;

use crate::aws::{self, Aws, Changing, Doing, Value, Whose};
use crate::state::State;
use crate::time::{Second, instant};
use crate::world::{BASE, DEPLOYMENT, World};

/// The ARN of the model that is sold, and of the one that agents invoke.
const MODEL_ARN: &str = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k";
const BASE_ARN: &str = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";

/// What is not seen as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glitch {
    /// Nothing.
    None,
    /// List and Get miss this throughput.
    Missed(u16),
    /// List still shows this throughput, which is deleted.
    Ghost(u16),
    /// List, Get and marks still show this throughput, which is deleted.
    Lingers(u16),
    /// The marks of this throughput do not show.
    MarksLate(u16),
    /// The throughputs cannot be listed.
    ListFails,
    /// The alias of this index cannot be read.
    AliasUnread(usize),
}

/// What one look brought.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) observed: Arc<Observed>,
    pub(crate) plan: Arc<Plan>,
}

/// A call that did not do what it was made for.
pub(crate) fn error(cannot: &str, kind: CallErrorKind, code: &str) -> CallError {
    CallError { cannot: cannot.to_owned(), kind, code: code.to_owned(), message: "the world says so".to_owned() }
}

/// That AWS has too many calls.
pub(crate) fn throttled(cannot: &str) -> CallError {
    error(cannot, CallErrorKind::Refused, "ThrottlingException")
}

/// Looks for `record`, and lets the policy plan: it asks as long as it has questions.
///
/// # Errors
/// The throughputs could not be listed, and no term is in its last minutes.
pub(crate) fn look(
    world: &World,
    state: &State,
    record: &Record,
    attempts: &Attempts,
    glitch: Glitch,
) -> Result<Look, CallError> {
    let list_failed = (glitch == Glitch::ListFails).then(|| throttled("list throughputs"));
    if let Some(error) = list_failed.clone().filter(|_| !plan::in_last_minutes(record, DEPLOYMENT, instant(state.now)))
    {
        return Err(error);
    }
    let mut observed = observe(world, state, record, glitch);
    observed.list_failed = list_failed;
    for _ in 0..10 {
        match situation(world, record, &observed, attempts, state.now).plan() {
            Planned::Do(plan) => return Ok(Look { observed: Arc::new(observed), plan: Arc::from(plan) }),
            Planned::Ask(questions) => {
                for question in questions {
                    answer(world, &state.aws, &question, glitch, &mut observed.facts);
                }
            }
        }
    }
    Err(error("plan", CallErrorKind::Refused, "TooManyQuestions"))
}

/// What the policy plans from.
pub(crate) fn situation<'a>(
    world: &'a World,
    record: &'a Record,
    observed: &'a Observed,
    attempts: &'a Attempts,
    now: Second,
) -> Situation<'a> {
    Situation {
        record,
        observed,
        attempts,
        guardrails: Ok(&world.guardrails),
        deployment: DEPLOYMENT,
        now: instant(now),
    }
}

/// What a steady tick's calls bring for `record`.
fn observe(world: &World, state: &State, record: &Record, glitch: Glitch) -> Observed {
    let aws = &state.aws;
    let name = record.name();
    let ours = |known: &&aws::Throughput| {
        world.throughputs[usize::from(known.name)].1.is_some_and(|owner| world.commitments[usize::from(owner)] == name)
    };
    let shown = |known: &&aws::Throughput| match glitch {
        Glitch::ListFails => false,
        Glitch::Missed(id) if id == known.id => false,
        Glitch::Ghost(id) | Glitch::Lingers(id) if id == known.id => true,
        Glitch::None
        | Glitch::Missed(_)
        | Glitch::Ghost(_)
        | Glitch::Lingers(_)
        | Glitch::MarksLate(_)
        | Glitch::AliasUnread(_) => known.is_there(),
    };
    let throughputs = aws.throughputs.iter().filter(ours).filter(shown).map(|known| told(world, known)).collect();
    let aliases = record.declared.all_aliases().filter_map(|id| {
        let index = world.alias_index(id)?;
        let unread = glitch == Glitch::AliasUnread(index);
        let seen = if unread { Err(throttled("look at an alias")) } else { Ok(Some(alias(&aws.aliases[index]))) };
        Some((id.clone(), seen))
    });
    let parameters = record.declared.all_parameters().map(|name| (name.clone(), Ok(aws.parameter.map(parameter))));
    Observed {
        region: "us-east-1".to_owned(),
        throughputs,
        list_failed: None,
        aliases: aliases.collect(),
        parameters: parameters.collect(),
        facts: Facts::default(),
    }
}

/// A throughput in the policy's words.
pub(crate) fn told(world: &World, known: &aws::Throughput) -> Throughput {
    Throughput {
        name: world.throughputs[usize::from(known.name)].0.clone(),
        arn: World::arn(known.id),
        status: match known.doing {
            Doing::Creating { .. } => ThroughputStatus::Creating,
            Doing::InService => ThroughputStatus::InService,
            Doing::Failed => ThroughputStatus::Failed,
        },
        units: known.units,
        model_arn: MODEL_ARN.to_owned(),
        foundation_model_arn: BASE_ARN.to_owned(),
        term: known.purchase.map(|_| Term::OneMonth),
        term_end: known.term_end.map(instant),
        failure: (known.doing == Doing::Failed).then(|| "the world says so".to_owned()),
    }
}

/// An alias in the policy's words.
pub(crate) fn alias(known: &aws::Alias) -> AgentAlias {
    AgentAlias {
        name: "alias".to_owned(),
        description: None,
        status: match known.doing {
            Changing::Prepared => AliasStatus::Prepared,
            Changing::Updating { .. } => AliasStatus::Updating,
            Changing::Failed => AliasStatus::Failed,
        },
        failures: Vec::new(),
        version: Some("1".to_owned()),
        throughput: known.route.map(World::arn),
        rejects: known.rejects,
    }
}

/// A parameter in the policy's words.
pub(crate) fn parameter(known: aws::Parameter) -> Parameter {
    Parameter {
        value: match known.value {
            Value::OnDemand => BASE.to_owned(),
            Value::Off => "off".to_owned(),
            Value::Throughput(id) => World::arn(id),
        },
        kind: "String".to_owned(),
        version: known.version,
        modified: Some(instant(known.modified)),
    }
}

/// The throughput that a Get by ARN or name finds.
fn get<'a>(world: &World, aws: &'a Aws, named: &str, glitch: Glitch) -> Option<&'a aws::Throughput> {
    let is_it = |known: &&aws::Throughput| {
        World::id_of(named) == Some(known.id) || world.throughputs[usize::from(known.name)].0 == *named
    };
    let is_shown = |known: &&aws::Throughput| {
        glitch == Glitch::Lingers(known.id) || known.is_there() && glitch != Glitch::Missed(known.id)
    };
    aws.throughputs.iter().filter(is_shown).find(is_it)
}

/// Whose marks the throughput of `arn` bears, as `ListTagsForResource` tells it.
pub(crate) fn marks(world: &World, aws: &Aws, arn: &str, glitch: Glitch) -> Result<Marks, CallError> {
    let known = get(world, aws, arn, glitch)
        .ok_or_else(|| error("read tags", CallErrorKind::NotFound, "ResourceNotFoundException"))?;
    let name = match known.marks {
        Whose::Nobodys => return Ok(Marks::default()),
        _ if glitch == Glitch::MarksLate(known.id) => return Ok(Marks::default()),
        Whose::Ours(owner) => world.commitments[usize::from(owner)].as_str(),
        Whose::Others => "somebody",
    };
    let tags = [(COMMITMENT_TAG, name), (DEPLOYMENT_TAG, DEPLOYMENT)];
    Ok(Marks(tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()))
}

/// Brings the answer to `question` into `facts`.
pub(crate) fn answer(world: &World, aws: &Aws, question: &Question, glitch: Glitch, facts: &mut Facts) {
    match question {
        Question::Throughput(named) => {
            let found = get(world, aws, named, glitch).map(|known| told(world, known));
            facts.throughputs.insert(named.clone(), Ok(found));
        }
        Question::Marks(arn) => {
            facts.marks.insert(arn.clone(), marks(world, aws, arn, glitch));
        }
        Question::VersionModel { agent, version } => {
            facts.version_models.insert((agent.clone(), version.clone()), Ok(BASE.to_owned()));
        }
        Question::Lifecycle(model) => {
            let lifecycle = ModelLifecycle { is_legacy: aws.legacy, is_provisioned: true, ..ModelLifecycle::default() };
            facts.lifecycles.insert(model.clone(), Ok(lifecycle));
        }
        Question::BaseModel(model) => {
            facts.base_models.insert(model.clone(), Ok(BASE.to_owned()));
        }
    }
}
