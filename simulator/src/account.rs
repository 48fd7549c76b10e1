//! What does the account hold, and what does the passing of time do to it?

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use crate::events::EventView;
use crate::models::{CustomModel, Model};
use crate::parameters::ParameterView;
use crate::tables::{Remembered, Table};
use crate::visibility::Blind;
use crate::{COMMITMENT_TAG, DEPLOYMENT_TAG, GROUP_TAG, Knobs};

/// A provisioned throughput, as far as it is there; kept after it is gone, for bills.
#[derive(Debug, Clone, PartialEq)]
pub struct Throughput {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `Creating`, `InService`, `Updating` or `Failed`.
    pub status: &'static str,
    /// Why it failed.
    pub failure: Option<String>,
    /// Its model units.
    pub units: u32,
    /// The model that it serves, as an ARN.
    pub model_arn: String,
    /// The base model of that, as an ARN.
    pub foundation_model_arn: String,
    /// `OneMonth` or `SixMonths`.
    pub term: Option<String>,
    /// When the term ends.
    pub expiration: Option<Timestamp>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was bought.
    pub created: Timestamp,
    /// When it came into service.
    pub in_service: Option<Timestamp>,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// When the last alias that used it had left.
    pub left: Option<Timestamp>,
    pub(crate) ready: Timestamp,
    pub(crate) doomed: Option<String>,
    pub(crate) unregistered_since: Option<Timestamp>,
    /// What it will serve when it is no longer `Updating`.
    pub(crate) desired_model_arn: Option<String>,
    /// When it will no longer be `Updating`.
    pub(crate) updated: Option<Timestamp>,
    /// Its tags before they last changed, and when that was.
    pub(crate) tags_before: BTreeMap<String, String>,
    pub(crate) tags_changed: Option<Timestamp>,
    /// The commitment that its purchase named.
    pub(crate) bought_for: Option<String>,
}

impl Throughput {
    /// The commitment and the deployment that its tags name, if they name both.
    pub(crate) fn marks(&self) -> Option<(&str, &str)> {
        marks(&self.tags)
    }
}

/// The commitment and the deployment that `tags` name, if they name both.
pub(crate) fn marks(tags: &BTreeMap<String, String>) -> Option<(&str, &str)> {
    let deployment = tags.get(DEPLOYMENT_TAG).or_else(|| tags.get(GROUP_TAG));
    Some((tags.get(COMMITMENT_TAG)?, deployment?))
}

/// An alias of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasView {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The agent version that it points at.
    pub version: String,
    /// The throughput that it names.
    pub route: Option<String>,
    /// The throughput that its invocations go to: what it named when it last settled.
    pub serving: Option<String>,
    /// `PREPARED`, `UPDATING` or `FAILED`.
    pub status: &'static str,
    /// Why it failed.
    pub failures: Vec<String>,
    /// `ACCEPT_INVOCATIONS` or `REJECT_INVOCATIONS`.
    pub invocation_state: String,
    pub(crate) settles: Option<(Timestamp, Option<String>)>,
}

/// A schedule of EventBridge Scheduler.
#[derive(Debug, Clone)]
pub struct ScheduleView {
    /// Its group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Its whole definition, as it was sent.
    pub definition: Value,
    /// What it delivers.
    pub input: String,
    /// When it was made, or when its expression last changed: rates count from here.
    pub anchor: Timestamp,
    pub(crate) token: Option<String>,
    /// When it last changed, and what it was before.
    pub(crate) changed: Timestamp,
    pub(crate) before: Option<Box<ScheduleView>>,
}

impl PartialEq for ScheduleView {
    /// But for the token of its creation, which the SDK draws by lot, and for what it was before.
    fn eq(&self, other: &Self) -> bool {
        let Self { group, name, definition, input, anchor, token: _, changed: _, before: _ } = self;
        (group, name, definition, input, anchor)
            == (&other.group, &other.name, &other.definition, &other.input, &other.anchor)
    }
}

/// Everything in the account.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) now: Timestamp,
    pub(crate) throughputs: Vec<Throughput>,
    /// What each request token bought: the ARN, the request, and when.
    pub(crate) tokens: BTreeMap<String, (String, Value, Timestamp)>,
    pub(crate) next_number: u64,
    /// By agent, version: the model.
    pub(crate) versions: BTreeMap<(String, String), String>,
    pub(crate) aliases: BTreeMap<(String, String), AliasView>,
    pub(crate) schedules: BTreeMap<(String, String), ScheduleView>,
    pub(crate) parameters: BTreeMap<String, ParameterView>,
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) transactions: Remembered,
    pub(crate) models: BTreeMap<String, Model>,
    /// By ARN.
    pub(crate) custom_models: BTreeMap<String, CustomModel>,
    pub(crate) events: Vec<EventView>,
    pub(crate) failing_events: VecDeque<&'static str>,
    pub(crate) doomed_creations: VecDeque<String>,
    pub(crate) doomed_updates: VecDeque<String>,
    /// When aliases were updated last: their rate is limited.
    pub(crate) alias_updates: VecDeque<Timestamp>,
    /// When aliases were looked at last: theirs too.
    pub(crate) alias_looks: VecDeque<Timestamp>,
    /// When limited operations were last asked for.
    pub(crate) recent: BTreeMap<&'static str, VecDeque<Timestamp>>,
    pub(crate) blinds: Vec<Blind>,
    /// By ARN: until when a deleted throughput is shown.
    pub(crate) ghosts: BTreeMap<String, Timestamp>,
    /// The purchases with a term: the commitment, and its name for the purchase.
    pub(crate) terms_bought: BTreeSet<(String, String)>,
    pub(crate) violations: Vec<String>,
    pub(crate) knobs: Knobs,
}

impl Account {
    pub(crate) fn violated(&mut self, what: impl Into<String>) {
        let (now, what) = (self.now, what.into());
        self.violations.push(format!("{now}: {what}"));
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = &Throughput> {
        self.throughputs.iter().filter(|throughput| throughput.deleted.is_none())
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        let is =
            |throughput: &Throughput| throughput.deleted.is_none() && (throughput.arn == id || throughput.name == id);
        self.throughputs.iter().position(is)
    }

    /// Lets time pass until `now`, in steps of what happens on the way.
    pub(crate) fn turn(&mut self, now: Timestamp) {
        while self.now < now {
            let next = self.next_event().filter(|at| *at < now).unwrap_or(now);
            self.now = next;
            self.settle();
        }
    }

    fn next_event(&self) -> Option<Timestamp> {
        let creations = self.living().filter(|one| one.status == "Creating").map(|one| one.ready);
        let updates = self.living().filter_map(|one| one.updated);
        let terms = self.living().filter_map(|one| self.renewal(one));
        let aliases = self.aliases.values().filter_map(|alias| alias.settles.as_ref().map(|(at, _)| *at));
        creations.chain(updates).chain(terms).chain(aliases).filter(|at| self.now < *at).min()
    }

    fn renewal(&self, throughput: &Throughput) -> Option<Timestamp> {
        throughput.expiration.map(|end| plus(end, self.knobs.renews_after))
    }

    /// Brings everything to where it is at `self.now`.
    pub(crate) fn settle(&mut self) {
        let now = self.now;
        for index in 0..self.throughputs.len() {
            let renewal = self.renewal(&self.throughputs[index]);
            let (from_service, failed_holds) = (self.knobs.term_from_service, self.knobs.failed_holds_term);
            let one = &mut self.throughputs[index];
            if one.deleted.is_some() {
                continue;
            }
            if one.status == "Creating" && one.ready <= now {
                one.failure.clone_from(&one.doomed);
                one.status = if one.failure.is_some() { "Failed" } else { "InService" };
                if one.failure.is_some() && failed_holds {
                    one.expiration = one.expiration.or_else(|| term_end(one.term.as_deref(), one.ready));
                }
                if one.failure.is_none() {
                    one.in_service = Some(one.ready);
                    if from_service {
                        one.expiration = term_end(one.term.as_deref(), one.ready);
                    }
                }
            }
            if one.updated.take_if(|at| *at <= now).is_some() {
                one.status = "InService";
                one.model_arn = one.desired_model_arn.take().unwrap_or_else(|| one.model_arn.clone());
            }
            if renewal.is_some_and(|renewal| renewal <= now) {
                one.expiration = one.expiration.and_then(|end| term_end(one.term.as_deref(), end));
            }
        }
        for alias in self.aliases.values_mut() {
            if let Some((_, failure)) = alias.settles.take_if(|(at, _)| *at <= now) {
                alias.failures = failure.clone().into_iter().collect();
                alias.status = if failure.is_some() { "FAILED" } else { "PREPARED" };
                if failure.is_none() {
                    alias.serving.clone_from(&alias.route);
                }
            }
        }
        self.note_leaving();
        self.look_for_orphans();
    }

    /// Whether an alias names `throughput`, or still sends invocations to it.
    pub(crate) fn users(&self, throughput: &Throughput) -> Vec<String> {
        let names =
            |route: &Option<String>| route.as_ref().is_some_and(|id| *id == throughput.arn || *id == throughput.name);
        // What never was in service never served anybody.
        let served = throughput.in_service.is_some();
        let users = self.aliases.iter().filter(|(_, alias)| names(&alias.route) || (served && names(&alias.serving)));
        users.map(|((agent, alias), _)| format!("{agent}/{alias}")).collect()
    }

    pub(crate) fn note_leaving(&mut self) {
        for index in 0..self.throughputs.len() {
            let used = !self.users(&self.throughputs[index]).is_empty();
            let one = &mut self.throughputs[index];
            one.left = if used { None } else { one.left.or(Some(self.now)) };
        }
    }

    fn is_registered(&self, one: &Throughput) -> bool {
        let Some((name, deployment)) = one.marks() else { return true };
        if self.has_records() { self.is_recorded(name) } else { self.is_scheduled(deployment, name) }
    }

    fn is_scheduled(&self, group: &str, name: &str) -> bool {
        // A schedule that only remembers a deletion registers nothing.
        let ticks = |schedule: &ScheduleView| schedule.input.starts_with(r#"{"Tick""#);
        self.schedules.get(&(group.to_owned(), name.to_owned())).is_some_and(ticks)
    }

    /// What bears our marks and is registered nowhere is paid for by nobody's wish.
    fn look_for_orphans(&mut self) {
        let (now, limit) = (self.now, self.knobs.orphan_after);
        let registered: Vec<bool> = self.throughputs.iter().map(|one| self.is_registered(one)).collect();
        let mut orphans = Vec::new();
        let all = self.throughputs.iter_mut().zip(registered);
        for (one, registered) in all.filter(|(one, _)| one.deleted.is_none()) {
            if registered {
                one.unregistered_since = None;
            } else {
                let since = *one.unregistered_since.get_or_insert(now);
                if limit.is_some_and(|limit| plus(since, limit) <= now) {
                    orphans.push(one.name.clone());
                    // Said once.
                    one.unregistered_since = Some(Timestamp::MAX);
                }
            }
        }
        for name in orphans {
            self.violated(format!("{name} bears our marks and has been registered nowhere for too long"));
        }
    }
}

pub(crate) fn plus(instant: Timestamp, duration: SignedDuration) -> Timestamp {
    instant.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// When a term that begins at `start` ends.
pub(crate) fn term_end(term: Option<&str>, start: Timestamp) -> Option<Timestamp> {
    let months = match term? {
        "OneMonth" => 1,
        _ => 6,
    };
    let end = Offset::UTC.to_datetime(start).checked_add(months.months()).ok()?;
    Offset::UTC.to_timestamp(end).ok()
}
