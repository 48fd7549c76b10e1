//! A situation that is told step by step, and the plan that is made from it.
//!
//! It starts on Monday 2026-11-16T00:00Z with a commitment that is always on, one alias X that is prepared on demand, and
//! nothing bought. Throughputs are called by their size.

mod made;

use jiff::Timestamp;
use policy::commitment::{AliasId, Term, bare_model};
use policy::desired::{Hold, Override};
use policy::guardrails::Guardrails;
use policy::input::BadSetting;
use policy::observed::{
    AgentAlias, AliasStatus, CallErrorKind, ModelLifecycle, Observed, Parameter, Throughput, ThroughputStatus,
};
use policy::plan::{Action, Attempts, Plan, Planned, Situation};
use policy::record::{Announced, Declared, Failure, Held, Lifecycle, Record};
use policy::timetable::State;
use serde_json::Value;

pub(crate) use made::*;

#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) record: Record,
    pub(crate) observed: Observed,
    pub(crate) attempts: Attempts,
    pub(crate) guardrails: Result<Guardrails, BadSetting>,
    pub(crate) now: Timestamp,
}

impl Scene {
    /// What is declared is `more` beside a model and alias X; see [`declaration`].
    pub(crate) fn new(more: &Value) -> Self {
        let mut observed = Observed { region: "us-east-1".to_owned(), ..Observed::default() };
        let lives = ModelLifecycle { is_provisioned: true, ..ModelLifecycle::default() };
        let facts = &mut observed.facts;
        facts.lifecycles.insert(BASE.to_owned(), Ok(lives));
        facts.version_models.insert(("ABCDEFGHIJ".to_owned(), "3".to_owned()), Ok(BASE.to_owned()));
        facts.throughputs.insert(NOTHING.to_owned(), Ok(None));
        facts.throughputs.insert(FOREIGN.to_owned(), Ok(Some(throughput("foreign", FOREIGN, 1))));
        facts.marks.insert(FOREIGN.to_owned(), Ok(marks("other", DEPLOYMENT)));
        let scene = Self {
            record: Record::new(Declared::new(commitment(more), at(-86_400))),
            observed,
            attempts: Attempts::default(),
            guardrails: Guardrails::parse("10", None, "*", "None,OneMonth,SixMonths"),
            now: at(0),
        };
        let declared = scene.record.declared.commitment.aliases.clone();
        declared.iter().fold(scene, |scene, id| scene.sees(id, |_| {}))
    }

    pub(crate) fn at(mut self, seconds: i64) -> Self {
        self.now = at(seconds);
        self
    }

    /// Whatever else is to be different.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The name of the throughput of `units`.
    pub(crate) fn name(&self, units: u32) -> String {
        self.record.declared.commitment.throughput_name(size(units), DEPLOYMENT)
    }

    // What is wanted.

    pub(crate) fn held(mut self, state: State) -> Self {
        self.record.declared.hold = Some(Hold { state, since: at(0) });
        self
    }

    pub(crate) fn overridden(mut self, state: State, units: Option<u32>, until: i64) -> Self {
        let units = units.map(size);
        self.record.declared.override_ = Some(Override { state, units, until: at(until), reason: None });
        self
    }

    pub(crate) fn retired(mut self) -> Self {
        self.record.declared.retire();
        self
    }

    pub(crate) fn released(mut self) -> Self {
        self.record.declared.lifecycle = Lifecycle::Releasing;
        self
    }

    /// Something else is declared from now on: `more` beside a model and alias X.
    pub(crate) fn declares(mut self, more: &Value) -> Self {
        let declared = commitment(more);
        let lives = ModelLifecycle { is_provisioned: true, ..ModelLifecycle::default() };
        let model = bare_model(declared.model.as_str()).to_owned();
        self.observed.facts.lifecycles.entry(model).or_insert(Ok(lives));
        self.record.declared.declare(declared);
        self
    }

    // What is there.

    /// The throughput of `units` is ours and in service since long ago, and then changed.
    pub(crate) fn serves(self, units: u32) -> Self {
        self.has(units, |_, _| {})
    }

    /// The throughput of `units` is ours and being created.
    pub(crate) fn creates(self, units: u32) -> Self {
        self.has(units, |throughput, held| {
            throughput.status = ThroughputStatus::Creating;
            held.served = None;
        })
    }

    /// The throughput of `units` is ours, was bought for a month, and its term ends at `end`.
    pub(crate) fn month(self, units: u32, end: i64) -> Self {
        self.has(units, |throughput, held| {
            (throughput.term, held.term) = (Some(Term::OneMonth), Some(Term::OneMonth));
            (throughput.term_end, held.term_end) = (Some(at(end)), Some(at(end)));
            held.purchase = Some("2026-11".to_owned());
        })
        .but(|scene| {
            scene.record.progress.spent.insert("2026-11".to_owned());
        })
    }

    /// The throughput of `units` is ours, as `change` says.
    pub(crate) fn has(mut self, units: u32, change: impl FnOnce(&mut Throughput, &mut Held)) -> Self {
        let mut seen = throughput(&self.name(units), &arn(units), units);
        self.record.progress.see(&seen, at(-3600));
        let held = self.record.progress.throughputs.get_mut(&seen.arn).expect("it was seen");
        held.tags = self.record.declared.commitment.tags.clone();
        change(&mut seen, held);
        self.record.progress.creation_times.clear();
        self.observed.throughputs.retain(|known| known.arn != seen.arn);
        self.observed.throughputs.push(seen);
        self
    }

    /// What is known of the throughput of `units` changes, in AWS and in the record.
    pub(crate) fn now_is(mut self, units: u32, change: impl FnOnce(&mut Throughput)) -> Self {
        let seen = self.observed.throughputs.iter_mut().find(|seen| seen.arn == arn(units)).expect("it is there");
        change(seen);
        let seen = seen.clone();
        self.observed.facts.throughputs.insert(arn(units), Ok(Some(seen)));
        self
    }

    /// List omits the throughput of `units`, and Get answers `found`.
    pub(crate) fn misses(mut self, units: u32, found: Result<(), CallErrorKind>) -> Self {
        self.observed.throughputs.retain(|known| known.arn != arn(units));
        self.observed.facts.throughputs.insert(arn(units), found.map(|()| None).map_err(error));
        self
    }

    /// What is known of it in the record changes.
    pub(crate) fn remembers(mut self, units: u32, change: impl FnOnce(&mut Held)) -> Self {
        change(self.record.progress.throughputs.get_mut(&arn(units)).expect("it is known"));
        self
    }

    /// A purchase of `units` was announced at `since` and last called at `called`; nothing is known of it.
    pub(crate) fn announces(mut self, units: u32, since: i64, called: i64) -> Self {
        let commitment = &self.record.declared.commitment;
        let purchase = commitment.term.and(commitment.purchase.as_ref()).map(|purchase| purchase.as_str().to_owned());
        let announced = Announced {
            number: 1,
            since: at(since),
            called: at(called),
            units,
            model: MODEL.to_owned(),
            term: commitment.term,
            purchase: purchase.clone(),
            tags: commitment.tags.clone(),
            missed: None,
        };
        let name = self.name(units);
        self.record.progress.spent.extend(purchase);
        self.record.progress.numbers.insert(name.clone(), 1);
        self.record.progress.announced.insert(name.clone(), announced);
        self.observed.facts.throughputs.insert(name, Ok(None));
        self
    }

    /// Our own deletion of the throughput of `units` was acknowledged; a late List may go on showing it.
    pub(crate) fn deleted(mut self, units: u32, seconds: i64) -> Self {
        self.record.progress.lose(&arn(units), true, at(seconds));
        self
    }

    // Aliases and parameters.

    /// What is seen of the alias `id`: prepared on demand with version 3, and then changed.
    pub(crate) fn sees(mut self, id: &AliasId, change: impl FnOnce(&mut AgentAlias)) -> Self {
        let mut alias = AgentAlias {
            name: "live".to_owned(),
            description: None,
            status: AliasStatus::Prepared,
            failures: Vec::new(),
            version: Some("3".to_owned()),
            throughput: None,
            rejects: false,
        };
        change(&mut alias);
        self.observed.aliases.insert(id.clone(), Ok(Some(alias)));
        self
    }

    /// X is prepared on `to`; see [`route`].
    pub(crate) fn x(self, to: &str) -> Self {
        self.x_is(AliasStatus::Prepared, to)
    }

    pub(crate) fn x_is(self, status: AliasStatus, to: &str) -> Self {
        self.sees(&alias("X"), |alias| (alias.status, alias.throughput) = (status, route(to)))
    }

    pub(crate) fn x_unread(mut self, kind: CallErrorKind) -> Self {
        self.observed.aliases.insert(alias("X"), Err(error(kind)));
        self
    }

    /// X failed at `seconds`, as the record remembers.
    pub(crate) fn x_failed(mut self, seconds: i64) -> Self {
        let failed = Some(Failure::new(at(seconds), "no access"));
        self.record.progress.aliases.entry(alias("X")).or_default().failed = failed;
        self
    }

    /// It was us who made X reject invocations.
    pub(crate) fn x_made_reject(mut self) -> Self {
        self.record.progress.aliases.entry(alias("X")).or_default().rejecting = true;
        self
    }

    /// The parameter holds `value`, written at `modified`, and is ours to put right.
    pub(crate) fn parameter(mut self, value: &str, modified: i64) -> Self {
        let value = route(value).unwrap_or_default();
        let held = Parameter { value, kind: "String".to_owned(), version: 7, modified: Some(at(modified)) };
        self.observed.parameters.insert(parameter(PARAMETER), Ok(Some(held)));
        self.record.progress.own_parameters.insert(parameter(PARAMETER));
        self
    }

    // What is planned.

    pub(crate) fn planned(&self) -> Planned {
        let Self { record, observed, attempts, guardrails, now } = self;
        let guardrails = guardrails.as_ref();
        Situation { record, observed, attempts, guardrails, deployment: DEPLOYMENT, now: *now }.plan()
    }

    pub(crate) fn plan(&self) -> Plan {
        match self.planned() {
            Planned::Do(plan) => *plan,
            Planned::Ask(questions) => panic!("it asks {questions:?}"),
        }
    }

    /// The purchase that is planned was tried, and failed so.
    pub(crate) fn refused(mut self, kind: CallErrorKind) -> Self {
        let plan = self.plan();
        let buys = |action: &&Action| matches!(action, Action::Buy { .. });
        let buy = plan.actions.iter().find(buys).unwrap_or_else(|| panic!("it buys: {plan}"));
        self.attempts.failed(buy, error(kind));
        self
    }

    /// What the plan noticed is in the record.
    pub(crate) fn noticed(mut self) -> Self {
        self.record.progress = self.plan().progress;
        self
    }

    /// The plan's lines, with X and Y for the aliases and ONE, TWO and THREE for the throughputs of those sizes.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self.planned() {
            Planned::Do(plan) => {
                let lines = plan.failures.iter().map(|failure| format!("fail  {failure}"));
                plan.to_string().lines().map(str::to_owned).chain(lines).map(|line| self.short(&line)).collect()
            }
            Planned::Ask(questions) => {
                questions.iter().map(|question| self.short(&format!("ask   {question:?}"))).collect()
            }
        }
    }

    fn short(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (units, word) in [(1, "ONE"), (2, "TWO"), (3, "THREE")] {
            line = line.replace(&self.name(units), word).replace(&arn(units), word);
            // An earlier declaration may have bought it under another name.
            if let Some(held) = self.record.progress.throughputs.get(&arn(units)) {
                line = line.replace(&held.name, word);
            }
        }
        for name in ["X", "Y"] {
            line = line.replace(&alias(name).to_string(), name);
        }
        line.replace(FOREIGN, "FOREIGN").replace(NOTHING, "NOTHING").replace("2026-11-16T", "")
    }
}
