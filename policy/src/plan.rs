//! What is the next safe step?
//!
//! The policy: from what is wanted and what is there to the calls that are made now and what is waited for. Pure, and the
//! only place where choices are made (design.md, "Rules of the plan"). A plan may also ask [`Question`]s; then nothing
//! else in it counts, and it is made again with the answers.

mod aliases;
mod parameters;
mod purchases;
mod throughputs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use jiff::{SignedDuration, Timestamp};

use crate::commitment::{AliasId, AtTermEnd, Commitment, ParameterName, Term};
use crate::guardrails::Guardrails;
use crate::input::BadSetting;
use crate::observed::{CallError, CallErrorKind, Observed, Question, Throughput};
use crate::record::{Claim, Lifecycle, Record, Tombstone};
use crate::timetable::{ModelUnits, duration_text};

pub(crate) use aliases::misfit;
pub(crate) use parameters::{another_kind, foreign_value, is_without_throughput};

/// How long after a failure the same is not tried again (rule 6).
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How long before a term's end the aliases leave, beside the drain (rule 9).
const LEAVE_BEFORE_TERM_END: SignedDuration = SignedDuration::from_mins(10);
/// How long before a term's end deletion is first tried (rule 9).
const DELETE_BEFORE_TERM_END: SignedDuration = SignedDuration::from_mins(2);
/// How long before a term's end a tick stays awake for it: two gaps between the ticks of a term's last hour, and a little. So two
/// ticks are awake, and one that dies does not cost a month.
const AWAKE_BEFORE_TERM_END: SignedDuration = SignedDuration::from_secs(135);
/// How soon all is tried again while a term is about to end.
pub const AGAIN_AT_TERM_END: SignedDuration = SignedDuration::from_secs(2);
/// How long after a term's end its deletion is still expected to be refused: clocks differ.
const TERM_END_GRACE: SignedDuration = SignedDuration::from_mins(1);
/// How long what a purchase returned must stay unfound before its token counts as spent (rule 4).
const SPENT_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// One call to AWS with every detail decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `CreateProvisionedModelThroughput`.
    Buy {
        /// The throughput's name.
        name: String,
        /// The model, as it was declared.
        model: String,
        /// The size.
        units: ModelUnits,
        /// The term, if any.
        term: Option<Term>,
        /// The declared tags; our own are put beside them.
        tags: BTreeMap<String, String>,
        /// The request token.
        token: String,
        /// Whether what came of an earlier try is not known: then a refusal does not say that nothing was bought.
        repeated: bool,
    },
    /// `UpdateAgentAlias`: all that it overwrites is here.
    Route {
        /// The alias.
        alias: AliasId,
        /// Its name, unchanged.
        name: String,
        /// Its description, unchanged.
        description: Option<String>,
        /// Its agent version, unchanged.
        version: String,
        /// Where it goes.
        to: Route,
        /// Whether it rejects invocations there.
        rejects: bool,
        /// Whether that is a change.
        changes_rejecting: bool,
    },
    /// `PutParameter`.
    Point {
        /// The parameter.
        parameter: ParameterName,
        /// What it is to hold.
        value: String,
        /// What that is, for people.
        to: String,
        /// Whether it is there already: then it is overwritten.
        exists: bool,
    },
    /// `DeleteProvisionedModelThroughput`.
    Delete {
        /// Its name, for people.
        name: String,
        /// Its ARN.
        arn: String,
        /// A refusal is expected for a while (being created, a term about to end): it is waited out, no failure.
        patient: bool,
    },
    /// `TagResource` and `UntagResource`.
    Tag {
        /// The throughput's name, for people.
        name: String,
        /// Its ARN.
        arn: String,
        /// Tags to set.
        set: BTreeMap<String, String>,
        /// Keys to remove.
        remove: Vec<String>,
    },
    /// `UntagResource` of both our marks: it stays, and is nobody's of ours any more.
    Release {
        /// The throughput's name, for people.
        name: String,
        /// Its ARN.
        arn: String,
    },
    /// `DeleteSchedule`: nothing is left to remember.
    Forget {
        /// The commitment.
        name: String,
    },
    /// `UpdateSchedule` to a tombstone: nothing is left to remember but when it was deleted.
    Bury(Tombstone),
}

/// Where an alias sends invocations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To its model, on demand.
    OnDemand,
    /// To a throughput.
    Throughput {
        /// Its name, for people.
        name: String,
        /// Its ARN, for AWS.
        arn: String,
    },
}

impl Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buy { name, model, units, term, tags: _, token: _, repeated: _ } => {
                let plural = if units.get() == 1 { "" } else { "s" };
                let term = term.map_or("without a term", Term::as_str);
                write!(formatter, "buy {name}: {units} model unit{plural} of {model}, {term}")
            }
            Self::Route { alias, version, to, rejects, changes_rejecting, name: _, description: _ } => {
                let to = match to {
                    Route::OnDemand => "on-demand",
                    Route::Throughput { name, arn: _ } => name,
                };
                let invocations = match (changes_rejecting, rejects) {
                    (false, _) => "",
                    (true, true) => ", rejecting invocations",
                    (true, false) => ", accepting invocations again",
                };
                write!(formatter, "route {alias} version {version} to {to}{invocations}")
            }
            Self::Point { parameter, to, value: _, exists: _ } => write!(formatter, "point {parameter} at {to}"),
            Self::Delete { name, arn: _, patient: _ } => write!(formatter, "delete {name}"),
            Self::Tag { name, .. } => write!(formatter, "tag {name}"),
            Self::Release { name, arn: _ } => write!(formatter, "release {name}: it stays, without our marks"),
            Self::Forget { name } | Self::Bury(Tombstone { name, deleted: _ }) => write!(formatter, "forget {name}"),
        }
    }
}

/// What a plan waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitingOn {
    /// A throughput that is being created or changed.
    InService {
        /// The throughput.
        name: String,
    },
    /// An alias that is being changed.
    Alias {
        /// The alias.
        alias: AliasId,
    },
    /// An alias that failed, until it is tried again.
    AliasRetry {
        /// The alias.
        alias: AliasId,
        /// When.
        at: Timestamp,
    },
    /// A parameter that is read as it was before it was written.
    Parameter {
        /// The parameter.
        parameter: ParameterName,
    },
    /// A parameter that leads to a throughput, or may.
    Named {
        /// The parameter.
        parameter: ParameterName,
        /// The throughput.
        name: String,
    },
    /// An alias that has not left a throughput.
    Leaving {
        /// The alias.
        alias: AliasId,
        /// The throughput.
        name: String,
    },
    /// The drain.
    Drain {
        /// The throughput.
        name: String,
        /// How long it is.
        drain: SignedDuration,
        /// When it is over.
        until: Timestamp,
    },
    /// A throughput whose deletion is refused for now.
    Deletable {
        /// The throughput.
        name: String,
    },
    /// The end of a term.
    TermToEnd {
        /// The throughput.
        name: String,
        /// When it ends.
        until: Timestamp,
    },
    /// The next purchase after a failed one.
    BuyAgain {
        /// The throughput.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// What a purchase returned, to be found.
    Purchase {
        /// The throughput.
        name: String,
        /// When the purchase counts as spent.
        until: Timestamp,
    },
}

impl Display for WaitingOn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InService { name } => write!(formatter, "for {name} to be in service"),
            Self::Alias { alias } => write!(formatter, "for {alias} to settle"),
            Self::AliasRetry { alias, at } => write!(formatter, "to try {alias} again at {at}"),
            Self::Leaving { alias, name } => write!(formatter, "for {alias} to leave {name}"),
            Self::Parameter { parameter } => write!(formatter, "for {parameter} to show what was written"),
            Self::Named { parameter, name } => write!(formatter, "for {parameter} to be seen pointed away from {name}"),
            Self::Drain { name, drain, until } => {
                write!(formatter, "for the last alias to have left {name} for {}, until {until}", duration_text(*drain))
            }
            Self::Deletable { name } => write!(formatter, "for {name} to let itself be deleted"),
            Self::TermToEnd { name, until } => write!(formatter, "for the term of {name} to end at {until}"),
            Self::BuyAgain { name, at } => write!(formatter, "to buy {name} again at {at}"),
            Self::Purchase { name, until } => write!(formatter, "for the purchase of {name} to show, until {until}"),
        }
    }
}

impl WaitingOn {
    /// How long to stay awake for it, if it is a matter of seconds: minutes are left to ticks.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> Option<SignedDuration> {
        let short =
            |until: &Timestamp| Some(until.duration_since(now)).filter(|left| *left <= SignedDuration::from_secs(5));
        match self {
            Self::Alias { .. } | Self::Parameter { .. } => Some(SignedDuration::from_secs(1)),
            Self::Drain { until, .. } => short(until),
            Self::TermToEnd { until, .. } => {
                let left = until.duration_since(now);
                (left <= AWAKE_BEFORE_TERM_END).then_some(AGAIN_AT_TERM_END)
            }
            Self::InService { .. }
            | Self::AliasRetry { .. }
            | Self::Leaving { .. }
            | Self::Named { .. }
            | Self::Deletable { .. }
            | Self::BuyAgain { .. }
            | Self::Purchase { .. } => None,
        }
    }
}

/// What one round does.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What has to be known first; if there is any, the rest does not count.
    pub questions: BTreeSet<Question>,
    /// The record with what was noticed; written before the first call if it differs.
    pub record: Record,
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
    /// Why what is wanted cannot be bought now, if it cannot: an answer that is owed says so.
    pub refused: Option<String>,
    /// Whether every alias and parameter is off every throughput of ours, for good.
    pub let_go: bool,
    /// Whether nothing is left of a commitment that was to go.
    pub nothing_left: bool,
}

impl Plan {
    /// Whether what is wanted is what is there.
    #[must_use]
    pub fn settled(&self) -> bool {
        let Self { questions, actions, waiting, problems, failures, .. } = self;
        questions.is_empty() && actions.is_empty() && waiting.is_empty() && problems.is_empty() && failures.is_empty()
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

/// What this invocation has tried so far, so that nothing is tried twice in vain.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    failed: Vec<(Action, CallError)>,
    refused_patiently: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// The version that a write of ours gave each parameter.
    written: BTreeMap<ParameterName, i64>,
}

impl Attempts {
    /// Notes that `action` had its effect.
    pub fn succeeded(&mut self, action: &Action) {
        if let Action::Delete { arn, .. } = action {
            self.deleted.insert(arn.clone());
            // What a quota refused may be granted now.
            self.failed.retain(|(_, error)| error.kind != CallErrorKind::Quota);
        }
    }

    /// Notes that what was written to `parameter` made it that `version`.
    pub fn wrote(&mut self, parameter: &ParameterName, version: i64) {
        self.written.insert(parameter.clone(), version);
    }

    /// Notes that `action` failed; whether that is a failure, and not something under way to be waited out.
    pub fn failed(&mut self, action: &Action, error: CallError) -> bool {
        // Whatever it was: near a term's end it is tried again within seconds, for a term that renews costs a month.
        if let Action::Delete { arn, patient: true, .. } = action {
            self.refused_patiently.insert(arn.clone());
            return false;
        }
        if error.kind == CallErrorKind::Busy {
            return false;
        }
        self.failed.push((action.clone(), error));
        true
    }

    fn error_of_purchase(&self, name: &str) -> Option<&CallError> {
        let buys = |action: &Action| matches!(action, Action::Buy { name: bought, .. } if bought == name);
        self.failed.iter().find(|(action, _)| buys(action)).map(|(_, error)| error)
    }
}

/// Everything that a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is remembered.
    pub record: &'a Record,
    /// The size that the commitment holds at `now`; nothing for off.
    pub desired: Option<ModelUnits>,
    /// What AWS reports.
    pub observed: &'a Observed,
    /// What this invocation has tried.
    pub attempts: &'a Attempts,
    /// What may be bought.
    pub guardrails: Result<&'a Guardrails, &'a BadSetting>,
    /// The owner mark.
    pub group: &'a str,
    /// The instant of planning.
    pub now: Timestamp,
}

impl Situation<'_> {
    /// What to do now.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let mut planner = Planner {
            situation: *self,
            plan: Plan {
                questions: BTreeSet::new(),
                record: self.record.clone(),
                actions: Vec::new(),
                waiting: Vec::new(),
                problems: Vec::new(),
                failures: self.attempts.failed.iter().map(|(_, error)| error.clone()).collect(),
                ours: Vec::new(),
                refused: None,
                let_go: false,
                nothing_left: false,
            },
            taken_names: BTreeSet::new(),
            unknown_names: BTreeSet::new(),
        };
        planner.sort_out_throughputs();
        if planner.plan.questions.is_empty() {
            if self.record.lifecycle == Lifecycle::Releasing {
                planner.release();
            } else {
                let goal = planner.goal();
                let clear = planner.make_way(&goal);
                let routed = planner.route_aliases(&goal);
                planner.plan.let_go = planner.point_parameters(&goal) && routed && clear;
                planner.let_throughputs_go(&goal);
                planner.keep_tags(&goal);
            }
            planner.forget_if_nothing_is_left();
        }
        let failed = |action: &Action| self.attempts.failed.iter().any(|(failed, _)| failed == action);
        planner.plan.actions.retain(|action| !failed(action));
        planner.plan
    }
}

struct Planner<'a> {
    situation: Situation<'a>,
    plan: Plan,
    /// Names that somebody else's throughput bears.
    taken_names: BTreeSet<String>,
    /// Names that a throughput bears of which it could not be found out whose it is.
    unknown_names: BTreeSet<String>,
}

/// Where something is that another commitment has taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// On nothing of ours.
    Elsewhere,
    /// On a throughput of ours, or perhaps on its way from there.
    OnOurs,
    /// On somebody else's throughput, FAILED: its owner's to bring on, however long that takes.
    Stuck,
}

/// Which throughputs are to be, and which one the aliases go to.
#[derive(Debug)]
struct Goal {
    /// Where the aliases belong, if there is a throughput in service for them.
    target: Option<Throughput>,
    /// The throughputs that stay.
    stay: BTreeSet<String>,
    /// Nothing moves towards a throughput in this round: whether there will be a better one shows in the next.
    undecided: bool,
    /// Whether a throughput in service of the declared model would be replaced by nothing.
    bare: bool,
}

impl Planner<'_> {
    fn commitment(&self) -> &Commitment {
        &self.situation.record.commitment
    }

    /// Takes our marks off what is ours, and leaves all else as it is.
    fn release(&mut self) {
        self.plan.let_go = true;
        let ours = self.plan.ours.iter().map(|Throughput { name, arn, .. }| (name.clone(), arn.clone()));
        self.plan.actions.extend(ours.map(|(name, arn)| Action::Release { name, arn }).collect::<Vec<_>>());
        self.forget_stale_purchases();
    }

    /// Forgets what others have taken over once it leads elsewhere. That is theirs to see to, but nothing is deleted under it: what
    /// still leads to a throughput that is to go is moved off. Whether nothing is left of it.
    fn make_way(&mut self, goal: &Goal) -> bool {
        let nothing_held = self.plan.ours.is_empty() && self.plan.record.throughputs.is_empty();
        let mut clear = true;
        let mut lost = self.situation.record.lost.clone();
        lost.retain(|claim| {
            let stands = match claim {
                _ if nothing_held => Lost::Elsewhere,
                Claim::Alias(id) => self.lost_alias(id, goal),
                Claim::Parameter(name) => self.lost_parameter(name, goal),
            };
            clear &= stands != Lost::OnOurs;
            stands != Lost::Elsewhere
        });
        self.plan.record.lost = lost;
        clear
    }

    /// Whether the record holds the throughput that somebody calls `named`, by name or by ARN, whether or not it can be seen.
    fn is_held(&self, named: &str) -> bool {
        self.plan.record.throughputs.iter().any(|held| held.arn == named || held.name == named)
    }

    /// Whether a throughput is to go.
    fn some_are_to_go(&self, goal: &Goal) -> bool {
        self.plan.ours.iter().any(|ours| !goal.stay.contains(&ours.arn))
    }

    /// An answer that is owed is given before anything is forgotten.
    fn forget_if_nothing_is_left(&mut self) {
        let Plan { record, ours, questions, let_go, .. } = &self.plan;
        let goes = matches!(record.lifecycle, Lifecycle::Retiring | Lifecycle::Releasing);
        let held = !ours.is_empty() || !record.throughputs.is_empty() || !record.buying.is_empty();
        let released = record.lifecycle == Lifecycle::Releasing
            || (record.leaving.is_empty() && record.leaving_parameters.is_empty());
        let nothing_left = goes && !held && released && *let_go && questions.is_empty();
        self.plan.nothing_left = nothing_left;
        let record = &self.plan.record;
        if nothing_left && record.owed.is_none() {
            let name = record.commitment.name.to_string();
            let forget = match &record.resource {
                Some(resource) => Action::Bury(Tombstone { name, deleted: resource.newest }),
                None => Action::Forget { name },
            };
            self.plan.actions.push(forget);
        }
    }
}

/// Whether a term that is not to renew ends within seconds, or has just ended.
#[must_use]
pub fn ends_a_term(record: &Record, now: Timestamp) -> bool {
    let Record { commitment, lifecycle, throughputs, .. } = record;
    let goes =
        *lifecycle != Lifecycle::Active || commitment.at_term_end == AtTermEnd::Retire || record.off_by_hand(now);
    goes && throughputs.iter().filter_map(|held| held.term_end).any(|end| is_about_to_end(end, now))
}

/// Whether the term that ends at `end` does so within seconds, or has just ended.
fn is_about_to_end(end: Timestamp, now: Timestamp) -> bool {
    end.duration_since(now) <= AWAKE_BEFORE_TERM_END && now < after(end, TERM_END_GRACE)
}

/// `instant` plus `duration`, at most the end of time.
fn after(instant: Timestamp, duration: SignedDuration) -> Timestamp {
    instant.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
