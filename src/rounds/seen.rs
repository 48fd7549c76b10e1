//! What has this invocation asked already?
//!
//! A declaration is judged before it is registered, and what was seen then is what its first round would ask for again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use policy::commitment::AliasId;
use policy::observed::{AgentAlias, Facts, Question};

/// Answers of one invocation; errors are asked for again.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    aliases: BTreeMap<AliasId, AgentAlias>,
    facts: Facts,
}

impl Seen {
    fn answers(&self) -> MutexGuard<'_, Answers> {
        let Self(answers) = self;
        answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `alias` for the next look at `id`.
    pub(super) fn keep_alias(&self, id: &AliasId, alias: &AgentAlias) {
        self.answers().aliases.insert(id.clone(), alias.clone());
    }

    /// What was kept of `id`, once: an alias changes.
    pub(super) fn take_alias(&self, id: &AliasId) -> Option<AgentAlias> {
        self.answers().aliases.remove(id)
    }

    /// Keeps what cannot change: the models of versions, and what custom models are based on.
    pub(super) fn keep(&self, found: &Facts) {
        let Facts { version_models, base_models, lifecycles, throughputs: _, marks: _ } = found;
        let facts = &mut self.answers().facts;
        let good = version_models.iter().filter(|(_, answer)| answer.is_ok());
        facts.version_models.extend(good.map(|(key, answer)| (key.clone(), answer.clone())));
        let good = base_models.iter().filter(|(_, answer)| answer.is_ok());
        facts.base_models.extend(good.map(|(key, answer)| (key.clone(), answer.clone())));
        let good = lifecycles.iter().filter(|(_, answer)| answer.is_ok());
        facts.lifecycles.extend(good.map(|(key, answer)| (key.clone(), answer.clone())));
    }

    /// The answer to `question`, if it is known; nothing in it if not.
    pub(super) fn known(&self, question: &Question) -> Option<Facts> {
        let answers = self.answers();
        let mut found = Facts::default();
        match question {
            Question::VersionModel { agent, version } => {
                let key = (agent.clone(), version.clone());
                let answer = answers.facts.version_models.get(&key)?.clone();
                found.version_models.insert(key, answer);
            }
            Question::BaseModel(model) => {
                let answer = answers.facts.base_models.get(model)?.clone();
                found.base_models.insert(model.clone(), answer);
            }
            Question::Lifecycle(model) => {
                let answer = answers.facts.lifecycles.get(model)?.clone();
                found.lifecycles.insert(model.clone(), answer);
            }
            Question::Throughput(_) | Question::Marks(_) => return None,
        }
        Some(found)
    }
}
