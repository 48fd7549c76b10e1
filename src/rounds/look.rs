//! What is there, and what is to be done about it?
//!
//! One List, and one Get for each alias and parameter, side by side; then whatever the plan asks.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;
use policy::commitment::{AliasId, ParameterName};
use policy::observed::{AgentAlias, CallError, Facts, Observed, Parameter, Question};
use policy::plan::{self, Action, Attempts, Planned, Situation};
use policy::record::Record;

use super::{Look, Rounds, Standing, Way};

/// Most looks of one round: each brings the answers to at least one new question.
const MOST_LOOKS: usize = 10;

impl Rounds<'_> {
    /// Looks and plans. With `read`, the record is read again side by side with that; if it has changed, it is looked once
    /// more. Returns false if there is nothing more to do for this invocation.
    pub(super) async fn look(&self, way: &mut Way, facts: Facts, read: bool) -> Result<bool, CallError> {
        let record = way.record();
        if self.is_anothers(way) {
            way.standing = Standing::LeftToAnother;
            return Ok(false);
        }
        let looked = Box::pin(self.look_and_plan(&record, facts, &way.attempts, None));
        if !read {
            way.look = Some(looked.await?);
            return Ok(true);
        }
        let (looked, stored) = tokio::join!(looked, self.store.record(record.name()));
        let Some(stored) = stored? else {
            way.standing = Standing::LeftToAnother;
            return Ok(false);
        };
        let changed = stored.record.declared.version != record.declared.version;
        let ours = stored.record.progress.version == record.progress.version;
        if ours {
            way.holds(stored);
        } else if plan::in_last_minutes(&stored.record, self.store.deployment, self.now()) {
            // Rule 10: whoever else works on it may die, and no other tick may come before the term is over.
            way.takes_over(stored);
        } else {
            // Somebody else has worked on it since.
            way.standing = Standing::LeftToAnother;
            return Ok(false);
        }
        let look = if changed || !ours {
            Box::pin(self.look_and_plan(&way.record(), Facts::default(), &way.attempts, None)).await?
        } else {
            looked?
        };
        way.look = Some(look);
        Ok(true)
    }

    /// Whether another invocation works on it, and this one has to leave it alone.
    fn is_anothers(&self, way: &Way) -> bool {
        let now = self.now();
        way.stored.record.is_leased_to_another(&self.holder, now)
            && !plan::in_last_minutes(&way.record(), self.store.deployment, now)
    }

    /// Looks at everything that matters and plans; asks what the plan wants to know. At `at` instead of now, if given.
    ///
    /// # Errors
    /// The throughputs could not be listed, and no term is in its last minutes.
    pub async fn look_and_plan(
        &self,
        record: &Record,
        facts: Facts,
        attempts: &Attempts,
        at: Option<Timestamp>,
    ) -> Result<Look, CallError> {
        let declared = &record.declared;
        // The clients' futures are large: on the heap, so that an invocation needs little stack.
        let throughputs = Box::pin(self.aws.throughputs_of(&declared.commitment.name));
        let aliases = Box::pin(self.look_at(declared.all_aliases()));
        let parameters = Box::pin(self.look_at_parameters(declared.all_parameters()));
        let (throughputs, aliases, parameters) = tokio::join!(throughputs, aliases, parameters);
        let at = at.unwrap_or_else(|| self.now());
        let (throughputs, list_failed) = match throughputs {
            // A term that renews costs a month: in its last minutes a look that fails holds nothing back.
            Err(error) if plan::in_last_minutes(record, self.store.deployment, at) => (Vec::new(), Some(error)),
            throughputs => (throughputs?, None),
        };
        let region = self.aws.region().to_owned();
        let mut observed = Observed { region, throughputs, list_failed, aliases, parameters, facts };
        let mut planned = self.situation(record, &observed, attempts, at).plan();
        for _ in 0..MOST_LOOKS {
            let Planned::Ask(questions) = &planned else { break };
            self.answer(questions, &mut observed.facts).await;
            planned = self.situation(record, &observed, attempts, at).plan();
        }
        match planned {
            Planned::Do(plan) => Ok(Look { observed, plan: *plan, at }),
            Planned::Ask(questions) => Err(CallError {
                cannot: format!("plan for {}", record.name()),
                kind: policy::observed::CallErrorKind::Refused,
                code: "TooManyQuestions".to_owned(),
                message: format!("{} questions are open", questions.len()),
            }),
        }
    }

    pub(super) fn situation<'s>(
        &'s self,
        record: &'s Record,
        observed: &'s Observed,
        attempts: &'s Attempts,
        now: Timestamp,
    ) -> Situation<'s> {
        let guardrails = self.settings.guardrails.as_ref();
        Situation { record, observed, attempts, guardrails, deployment: self.store.deployment, now }
    }

    /// Looks at aliases, side by side.
    pub async fn look_at(
        &self,
        aliases: impl Iterator<Item = &AliasId>,
    ) -> BTreeMap<AliasId, Result<Option<AgentAlias>, CallError>> {
        let ids: Vec<AliasId> = aliases.cloned().collect();
        let looks = ids.into_iter().map(|id| async move {
            if let Some(alias) = self.so_far.seen.take_alias(&id) {
                return (id, Ok(Some(alias)));
            }
            let seen = self.alias_now(&id).await;
            (id, seen)
        });
        // All at once: what holds them back is the pace.
        join_all(looks).await.into_iter().collect()
    }

    /// The alias as it is at this moment.
    pub(super) async fn alias_now(&self, id: &AliasId) -> Result<Option<AgentAlias>, CallError> {
        self.so_far.paces.looks.turn(self.clock).await;
        self.aws.alias(id).await
    }

    /// Looks at aliases for the first time: the next look at each finds what was seen.
    pub async fn look_ahead(
        &self,
        aliases: impl Iterator<Item = &AliasId>,
    ) -> BTreeMap<AliasId, Result<Option<AgentAlias>, CallError>> {
        let looked = self.look_at(aliases).await;
        for (id, alias) in &looked {
            if let Ok(Some(alias)) = alias {
                self.so_far.seen.keep_alias(id, alias);
            }
        }
        looked
    }

    /// Looks at parameters, side by side.
    pub async fn look_at_parameters(
        &self,
        parameters: impl Iterator<Item = &ParameterName>,
    ) -> BTreeMap<ParameterName, Result<Option<Parameter>, CallError>> {
        let looks = parameters.cloned().map(|name| async move { (name.clone(), self.aws.parameter(&name).await) });
        join_all(looks.collect::<Vec<_>>()).await.into_iter().collect()
    }

    /// Brings the answers to `questions`, side by side.
    pub async fn answer(&self, questions: &BTreeSet<Question>, facts: &mut Facts) {
        let asked = questions.iter().cloned().map(|question| async move {
            if let Some(known) = self.so_far.seen.known(&question) {
                return known;
            }
            let mut found = Facts::default();
            match question {
                Question::Throughput(id) => {
                    let answer = self.aws.throughput(&id).await;
                    found.throughputs.insert(id, answer);
                }
                Question::Marks(arn) => {
                    let answer = self.aws.marks(&arn).await;
                    found.marks.insert(arn, answer);
                }
                Question::VersionModel { agent, version } => {
                    self.so_far.paces.versions.turn(self.clock).await;
                    let answer = self.aws.version_model(&agent, &version).await;
                    found.version_models.insert((agent, version), answer);
                }
                Question::Lifecycle(model) => {
                    let answer = self.aws.lifecycle(&model).await;
                    found.lifecycles.insert(model, answer);
                }
                Question::BaseModel(model) => {
                    let answer = self.aws.base_model(&model).await;
                    found.base_models.insert(model, answer);
                }
            }
            found
        });
        for found in join_all(asked).await {
            self.so_far.seen.keep(&found);
            let Facts { throughputs, marks, version_models, lifecycles, base_models } = found;
            facts.throughputs.extend(throughputs);
            facts.marks.extend(marks);
            facts.version_models.extend(version_models);
            facts.lifecycles.extend(lifecycles);
            facts.base_models.extend(base_models);
        }
    }
}

/// The facts that the next round need not ask for: those that cannot change within an invocation, and were answered. `done`
/// has been done since. Marks are asked for again once somebody may have changed them.
pub(super) fn lasting(facts: &Facts, done: &[Action]) -> Facts {
    let Facts { throughputs: _, marks, version_models, lifecycles, base_models } = facts;
    let released = |arn: &String| {
        done.iter().any(|action| matches!(action, Action::Release { arn: released, .. } if released == arn))
    };
    let mut lasting = Facts::default();
    let kept = marks.iter().filter(|(arn, answer)| answer.is_ok() && !released(arn));
    lasting.marks = kept.map(|(arn, answer)| (arn.clone(), answer.clone())).collect();
    let kept = version_models.iter().filter(|(_, answer)| answer.is_ok());
    lasting.version_models = kept.map(|(key, answer)| (key.clone(), answer.clone())).collect();
    let kept = lifecycles.iter().filter(|(_, answer)| answer.is_ok());
    lasting.lifecycles = kept.map(|(key, answer)| (key.clone(), answer.clone())).collect();
    let kept = base_models.iter().filter(|(_, answer)| answer.is_ok());
    lasting.base_models = kept.map(|(key, answer)| (key.clone(), answer.clone())).collect();
    lasting
}
