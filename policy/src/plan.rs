//! What is the next safe step?
//!
//! From what is wanted and what is there to the calls that are made now and what is waited for. The rules, with every
//! constant and every choice, are in [`policy`]; `docs/policy.md` says why. A plan may have to ask first: see [`Planned`].

mod action;
mod aliases;
mod attempts;
mod inspect;
mod leaving;
mod parameters;
pub mod policy;
mod purchase;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use jiff::Timestamp;

use crate::guardrails::Guardrails;
use crate::input::BadSetting;
use crate::observed::{CallError, Observed, Question, Throughput, ThroughputStatus};
use crate::record::{AliasMemory, Lifecycle, Progress, Record, Target};
use crate::timetable::ModelUnits;

pub use action::{Action, Expected, Invocations, Route};
pub use aliases::misfit;
pub use attempts::Attempts;
pub use parameters::{another_kind, foreign_value, is_without_throughput};
pub use policy::{AGAIN_AT_TERM_END, ends_a_term, in_last_minutes};
pub use waiting::WaitingOn;

use inspect::View;
use policy::Goal;

/// Everything that a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is remembered.
    pub record: &'a Record,
    /// What AWS reports.
    pub observed: &'a Observed,
    /// What this invocation has tried.
    pub attempts: &'a Attempts,
    /// What may be bought.
    pub guardrails: Result<&'a Guardrails, &'a BadSetting>,
    /// The deployment: the owner mark.
    pub deployment: &'a str,
    /// The instant of planning.
    pub now: Timestamp,
}

/// What came of planning.
#[derive(Debug, Clone, PartialEq)]
pub enum Planned {
    /// These have to be answered first; then it is planned again.
    Ask(BTreeSet<Question>),
    /// This is to be done.
    Do(Box<Plan>),
}

/// What one round does.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The progress with what was noticed; written before the first call if it differs.
    pub progress: Progress,
    /// The calls to make, in any order.
    pub actions: Vec<Action>,
    /// What is waited for.
    pub waiting: Vec<WaitingOn>,
    /// What needs a person.
    pub problems: Vec<String>,
    /// Calls that failed in this invocation, those that looked and those that acted.
    pub failures: Vec<CallError>,
    /// The throughputs that are ours.
    pub ours: Vec<Throughput>,
    /// Whether a throughput is wanted now.
    pub wants: bool,
    /// The throughput that serves, or is to serve, what is wanted now.
    pub serving: Option<String>,
    /// Why what is wanted cannot be bought now, if it cannot: an answer that is owed says so.
    pub refused: Option<String>,
    /// The value of `Purchase` that was spent before, if that is why nothing is bought.
    pub spent: Option<String>,
    /// Whether every alias and parameter is off every throughput of ours, for good.
    pub let_go: bool,
    /// The targets that were dropped and are off every throughput of ours: others may declare them.
    pub free: Vec<Target>,
    /// Whether nothing is left of a commitment that was to go.
    pub nothing_left: bool,
}

impl Plan {
    /// Whether what is wanted is what is there.
    #[must_use]
    pub fn settled(&self) -> bool {
        let Self { actions, waiting, problems, failures, .. } = self;
        actions.is_empty() && waiting.is_empty() && problems.is_empty() && failures.is_empty()
    }

    /// Problems and failed calls together, in the words of the log.
    #[must_use]
    pub fn all_problems(&self) -> Vec<String> {
        self.problems.iter().cloned().chain(self.failures.iter().map(ToString::to_string)).collect()
    }
}

impl Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.actions.iter().map(|action| format!("do    {action}"));
        let lines = lines.chain(self.waiting.iter().map(|waiting| format!("wait  {waiting}")));
        let lines = lines.chain(self.problems.iter().map(|problem| format!("note  {problem}")));
        let lines: Vec<String> = lines.collect();
        formatter.write_str(&if lines.is_empty() { "nothing to do".to_owned() } else { lines.join("\n") })
    }
}

/// What one step of planning found.
#[derive(Debug, Default)]
struct Step {
    questions: BTreeSet<Question>,
    actions: Vec<Action>,
    waiting: Vec<WaitingOn>,
    problems: Vec<String>,
    failures: Vec<CallError>,
}

impl Step {
    fn ask(&mut self, question: Question) {
        self.questions.insert(question);
    }

    fn failed(&mut self, error: &CallError) {
        if !self.failures.contains(error) {
            self.failures.push(error.clone());
        }
    }

    fn add(&mut self, step: Self) {
        let Self { questions, actions, waiting, problems, failures } = step;
        self.questions.extend(questions);
        self.actions.extend(actions);
        self.waiting.extend(waiting);
        for problem in problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        for failure in failures {
            self.failed(&failure);
        }
    }
}

impl Plan {
    /// What is done without the lease while a term is about to end: only letting go, and deleting.
    #[must_use]
    pub fn letting_go(&self) -> Vec<Action> {
        let lets_go = |action: &&Action| match action {
            Action::Route { to, .. } => *to == Route::OnDemand,
            Action::Point { value, .. } => !self.progress.throughputs.contains_key(value),
            Action::Delete { .. } => true,
            Action::Buy { .. } | Action::Tag { .. } | Action::Release { .. } | Action::Forget { .. } => false,
        };
        self.actions.iter().filter(lets_go).cloned().collect()
    }
}

impl Situation<'_> {
    /// The size that the commitment holds now; nothing for off.
    #[must_use]
    pub fn desired(&self) -> Option<ModelUnits> {
        self.record.declared.demand().at(self.now).units
    }

    /// What to do now, or what to ask first.
    #[must_use]
    pub fn plan(&self) -> Planned {
        let (view, mut all) = inspect::inspect(*self);
        if !all.questions.is_empty() {
            return Planned::Ask(all.questions);
        }
        for failure in self.attempts.failures() {
            all.failed(failure);
        }
        all.problems.extend(self.attempts.lasting_troubles(self.record, self.now));
        let plan = if self.record.declared.lifecycle == Lifecycle::Releasing && !self.record.is_of_newer_format() {
            release(view, all)
        } else {
            match carry_on(view, all) {
                Ok(plan) => plan,
                Err(questions) => return Planned::Ask(questions),
            }
        };
        let mut plan = Box::new(plan);
        plan.actions.retain(|action| !self.attempts.has_failed(action));
        Planned::Do(plan)
    }
}

/// Takes our marks off what is ours, and leaves all else as it is.
fn release(view: View<'_>, mut all: Step) -> Plan {
    let View { situation, progress, ours, unknown, .. } = view;
    let release = |Throughput { name, arn, .. }: &Throughput| Action::Release { name: name.clone(), arn: arn.clone() };
    // One that looks have missed may be gone: it is released once it is seen again.
    let seen = ours.iter().filter(|ours| ours.status != ThroughputStatus::Unseen);
    all.actions.extend(seen.map(release));
    let mut plan = finish(all, progress, ours);
    plan.let_go = true;
    forget_if_nothing_is_left(situation.record, &unknown, &mut plan);
    plan
}

/// Moves everything one safe step towards what is wanted.
fn carry_on(mut view: View<'_>, mut all: Step) -> Result<Plan, BTreeSet<Question>> {
    let goal = purchase::goal(&mut view, &mut all);
    let aliases = aliases::route(&view, &goal);
    let parameters = parameters::point(&view, &goal);
    all.add(aliases.step);
    all.add(parameters.step);
    let left = leaving::let_go(&view, &goal, &mut all);
    leaving::keep_tags(&view, &goal, &mut all);
    if !all.questions.is_empty() {
        return Err(all.questions);
    }
    let View { situation, mut progress, ours, unknown, refused, spent, .. } = view;
    for (arn, left) in left {
        if let Some(held) = progress.throughputs.get_mut(&arn) {
            held.left = left;
        }
    }
    let forget = |memory: &AliasMemory| *memory == AliasMemory::default();
    let mut memories: BTreeMap<_, _> = progress.aliases;
    memories.extend(aliases.memories);
    memories.retain(|id, memory| !forget(memory) && situation.record.declared.all_aliases().any(|known| known == id));
    progress.aliases = memories;
    progress.own_parameters = parameters.own;
    let mut plan = finish(all, progress, ours);
    plan.wants = goal != Goal::Off;
    plan.serving = goal.coming().cloned();
    plan.refused = refused;
    plan.spent = spent;
    plan.let_go = aliases.let_go && parameters.let_go;
    // A stack that waits may yet bring the earlier declaration back: until then nothing is freed.
    if situation.record.declared.owed.is_empty() {
        plan.free = aliases.free.into_iter().chain(parameters.free).collect();
    }
    plan.progress.ready = is_ready(&plan, &goal);
    forget_if_nothing_is_left(situation.record, &unknown, &mut plan);
    Ok(plan)
}

fn finish(all: Step, progress: Progress, ours: Vec<Throughput>) -> Plan {
    let Step { questions: _, actions, waiting, problems, failures } = all;
    Plan {
        progress,
        actions,
        waiting,
        problems,
        failures,
        ours,
        wants: false,
        serving: None,
        refused: None,
        spent: None,
        let_go: false,
        free: Vec::new(),
        nothing_left: false,
    }
}

fn is_ready(plan: &Plan, goal: &Goal) -> bool {
    match goal {
        Goal::Serve(_) => {
            let moves = |action: &Action| matches!(action, Action::Route { .. } | Action::Point { .. });
            !plan.actions.iter().any(moves) && !plan.waiting.iter().any(WaitingOn::is_for_a_target)
        }
        // Whether it is still ready is not known.
        Goal::Hold(_) => plan.progress.ready,
        Goal::Off | Goal::Meanwhile { .. } | Goal::Await | Goal::MakeDo { .. } => false,
    }
}

/// An answer that is owed is given before anything is forgotten, and a record of a newer release never is. Nor is anything
/// while it is `unknown` whether a throughput of that name is ours (rule 5).
fn forget_if_nothing_is_left(record: &Record, unknown: &BTreeSet<String>, plan: &mut Plan) {
    let declared = &record.declared;
    let held = !plan.ours.is_empty() || !plan.progress.throughputs.is_empty() || !plan.progress.announced.is_empty();
    plan.nothing_left = declared.goes() && !held && unknown.is_empty() && plan.let_go && !record.is_of_newer_format();
    if plan.nothing_left && declared.owed.is_empty() {
        plan.actions.push(Action::Forget { name: record.name().to_owned() });
    }
}
