//! What is measured for the user?
//!
//! `CloudWatch` metrics as lines of the log, in the embedded metric format: no call, no permission, a few hundred bytes a tick.
//! What counts as wrong is measured for each commitment and for all of them together, so that one alarm serves all.
//!
//! `CloudWatch` charges for each hour in which a metric is sent. The alarms look at the deployment's metrics, so these are
//! sent with every tick. A commitment's own are for the dashboard: model units are sent while some are wanted or there, what
//! is wrong while something is. A tick that changed something sends all of them once, so that each ends with its last value.
//! An hour in which units are sent gets them with each tick of it: that costs no more, and its average is right.

use std::num::NonZero;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::commitment::{AliasId, ParameterName, bare_model};
use crate::desired::Demand;
use crate::observed::{Observed, Throughput, ThroughputStatus};
use crate::plan::{Plan, policy};
use crate::record::{Lifecycle, Progress, Record};
use crate::timetable::State;

/// The namespace of all metrics.
const NAMESPACE: &str = "ThroughputScheduler";
/// How long after the drain what is off may still be there before that is measured as wrong.
const DELETION_TAKES: SignedDuration = SignedDuration::from_mins(10);

/// What counts as wrong.
const WRONG: [&str; 3] = ["NotReady", "StillBilled", "Problems"];

/// The largest value that `CloudWatch` takes is 2^360: a line with a larger one would be lost.
const LARGEST_VALUE: f64 = 1e108;

/// One commitment, measured once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measure {
    /// Model units that are held.
    pub desired: u32,
    /// Model units in service.
    pub in_service: u32,
    /// Model units that are paid for.
    pub billed: u32,
    /// Whether the opening has come and an alias, or the parameter, is not on its throughput.
    pub not_ready: bool,
    /// Whether it is off for more than the drain and ten minutes, and not gone, without a term.
    pub still_billed: bool,
    /// What needs a person.
    pub problems: usize,
    /// Whether model units were there, or will be wanted, within this hour.
    pub within_the_hour: bool,
    /// What is paid for an hour, if a price is declared, and a price it can be.
    pub cost_per_hour: Option<f64>,
}

impl Measure {
    /// Measures what `plan`, made at `now` from `observed`, says of `record`; `problems` is how many there are to report.
    #[must_use]
    pub fn of(record: &Record, observed: &Observed, plan: &Plan, problems: usize, now: Timestamp) -> Self {
        let paid = plan.ours.iter().filter(|ours| ours.status != ThroughputStatus::Failed);
        let billed = paid.map(|ours| ours.units).sum::<u32>();
        let declared = &record.declared;
        let active = declared.lifecycle == Lifecycle::Active;
        let desired = declared.demand().at(now);
        Self {
            desired: desired.units.filter(|_| active).map_or(0, NonZero::get),
            in_service: plan.ours.iter().filter(|ours| serves_now(record, ours)).map(|ours| ours.units).sum(),
            billed,
            not_ready: active && is_late(record, observed, plan, now),
            still_billed: billed > 0 && !has_term(record, plan) && has_been_off(record, now),
            problems,
            within_the_hour: is_within_the_hour(record, active, now),
            cost_per_hour: declared
                .commitment
                .price_per_unit_hour
                .map(|price| price * f64::from(billed))
                .filter(|cost| *cost <= LARGEST_VALUE),
        }
    }

    /// Whether model units are wanted or there.
    #[must_use]
    pub fn has_units(&self) -> bool {
        let Self { desired, in_service, billed, .. } = self;
        [desired, in_service, billed].into_iter().any(|units| *units > 0)
    }

    fn has_wrong(&self) -> bool {
        let Self { not_ready, still_billed, problems, .. } = self;
        *not_ready || *still_billed || *problems > 0
    }

    /// What is wrong with either.
    #[must_use]
    pub fn worse(&self, other: &Self) -> Self {
        Self {
            not_ready: self.not_ready || other.not_ready,
            still_billed: self.still_billed || other.still_billed,
            problems: self.problems.max(other.problems),
            ..Self::default()
        }
    }
}

/// Whether the wanted throughput is late: `LeadTime` has passed since the last request, and an alias or the parameter is not on a
/// throughput of at least the wanted size. A size that only the lead wants is not late yet.
fn is_late(record: &Record, observed: &Observed, plan: &Plan, now: Timestamp) -> bool {
    let declared = &record.declared;
    let commitment = &declared.commitment;
    let wanted = Demand { lead: SignedDuration::ZERO, ..declared.demand() };
    let Some(least) = wanted.at(now).units else { return false };
    if now < declared.changed.saturating_add(commitment.lead).unwrap_or(Timestamp::MAX) || plan.spent.is_some() {
        return false;
    }
    let will_do = |ours: &&Throughput| {
        let units = NonZero::new(ours.units).filter(|units| *units >= least);
        let of_model = Some(&ours.arn) == plan.serving.as_ref() || is_of_declared_model(record, ours);
        units.is_some() && of_model && serves_now(record, ours)
    };
    let serving: Vec<&String> = plan.ours.iter().filter(will_do).map(|ours| &ours.arn).collect();
    let is_seen_on = |id: &AliasId| serving.iter().any(|arn| observed.is_on(id, arn));
    let is_pointed_at = |name: &ParameterName| serving.iter().any(|arn| observed.is_pointed_at(name, arn));
    serving.is_empty() || !commitment.aliases.iter().all(is_seen_on) || !commitment.parameter.iter().all(is_pointed_at)
}

fn is_of_declared_model(record: &Record, ours: &Throughput) -> bool {
    let declared = bare_model(record.declared.commitment.model.as_str());
    declared == bare_model(&ours.model_arn) || declared == bare_model(&ours.foundation_model_arn)
}

/// Whether it serves, or has served and was missed by a look: gone needs proof.
fn serves_now(record: &Record, ours: &Throughput) -> bool {
    let served = record.progress.throughputs.get(&ours.arn).is_some_and(|held| held.served.is_some());
    policy::serves(&ours.status, served) || (served && ours.status == ThroughputStatus::Unseen)
}

fn has_term(record: &Record, plan: &Plan) -> bool {
    record.declared.commitment.term.is_some() || plan.ours.iter().any(|ours| ours.term.is_some())
}

fn has_been_off(record: &Record, now: Timestamp) -> bool {
    let declared = &record.declared;
    let long = declared.commitment.drain.saturating_add(DELETION_TAKES);
    let since = now.saturating_sub(long).unwrap_or(Timestamp::MIN);
    if since < declared.changed {
        return false;
    }
    match declared.lifecycle {
        Lifecycle::Retiring => true,
        Lifecycle::Releasing => false,
        Lifecycle::Active => {
            let demand = declared.demand();
            let stays = demand.next_transition(since).is_none_or(|next| now < next.at);
            demand.at(since).units.is_none() && stays
        }
    }
}

/// Whether what is there, or what is wrong, has become another between two looks at a commitment.
#[must_use]
pub fn have_changed(before: &Progress, after: &Progress) -> bool {
    let of = |progress: &Progress| {
        let served = progress.throughputs.iter().map(|(arn, held)| (arn.clone(), held.served.is_some()));
        (progress.ready, served.collect::<Vec<_>>())
    };
    before.problems != after.problems || of(before) != of(after)
}

/// Whether one has gone since the hour began, or will be wanted before it ends.
fn is_within_the_hour(record: &Record, active: bool, now: Timestamp) -> bool {
    let hour = SignedDuration::from_hours(1);
    let begin = Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(hour.as_secs())).unwrap_or(now);
    let end = begin.saturating_add(hour).unwrap_or(Timestamp::MAX);
    let next = || record.declared.demand().next_transition(now);
    record.progress.gone.values().any(|gone| begin <= gone.at)
        || (active && next().is_some_and(|next| next.state == State::On && next.at < end))
}

/// The line of a tick of the commitment `name`; without a `measure` nothing could be seen, which is a problem. If the tick
/// `changed` something, all of its metrics are sent.
#[must_use]
pub fn of_tick(deployment: &str, name: &str, measure: Option<&Measure>, changed: bool, now: Timestamp) -> Value {
    let mut line = Line::new(now);
    line.add(&["Deployment"], &[("Ticks", json!(1))]);
    let both = ["Commitment", "Deployment"];
    match measure {
        Some(measure) => {
            if changed || measure.within_the_hour || measure.has_units() {
                line.add_units(measure);
            }
            let of = if changed || measure.has_wrong() { &both[..] } else { &both[1..] };
            line.add_wrong(of, measure, &WRONG);
        }
        None => line.add_wrong(&both, &Measure { problems: 1, ..Measure::default() }, &["Problems"]),
    }
    line.finish(&[("Commitment", name), ("Deployment", deployment)])
}

/// The line of an invocation, other than a tick, with which the commitment `name` has gone, or holds nothing any more: no tick
/// would send its last values.
#[must_use]
pub fn of_end(deployment: &str, name: &str, measure: &Measure, now: Timestamp) -> Value {
    let mut line = Line::new(now);
    line.add_units(measure);
    line.add_wrong(&["Commitment", "Deployment"], measure, &WRONG);
    line.finish(&[("Commitment", name), ("Deployment", deployment)])
}

/// The line of how many commitments are registered.
#[must_use]
pub fn of_registered(deployment: &str, registered: usize, now: Timestamp) -> Value {
    let mut line = Line::new(now);
    line.add(&["Deployment"], &[("Commitments", json!(registered))]);
    line.finish(&[("Deployment", deployment)])
}

/// The line of a status of all commitments, the worst of which is `worst`.
#[must_use]
pub fn of_status(deployment: &str, commitments: usize, orphans: usize, worst: &Measure, now: Timestamp) -> Value {
    let mut line = Line::new(now);
    line.add(&["Deployment"], &[("Commitments", json!(commitments)), ("Orphans", json!(orphans))]);
    line.add_wrong(&["Deployment"], worst, &WRONG);
    line.finish(&[("Deployment", deployment)])
}

/// A line in the embedded metric format.
struct Line {
    at: Timestamp,
    directives: Vec<Value>,
    values: Map<String, Value>,
}

impl Line {
    fn new(at: Timestamp) -> Self {
        Self { at, directives: Vec::new(), values: Map::new() }
    }

    /// Adds metrics, each once under every one of `dimensions` alone.
    fn add(&mut self, dimensions: &[&str], metrics: &[(&str, Value)]) {
        let unit = |name: &str| if name == "CostPerHour" { "None" } else { "Count" };
        let named: Vec<Value> = metrics.iter().map(|(name, _)| json!({ "Name": name, "Unit": unit(name) })).collect();
        let dimensions: Vec<Value> = dimensions.iter().map(|dimension| json!([dimension])).collect();
        self.directives.push(json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": named }));
        self.values.extend(metrics.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }

    fn add_units(&mut self, measure: &Measure) {
        let Measure { desired, in_service, billed, cost_per_hour, .. } = measure;
        let mut metrics = vec![
            ("DesiredModelUnits", json!(desired)),
            ("InServiceModelUnits", json!(in_service)),
            ("BilledModelUnits", json!(billed)),
        ];
        metrics.extend(cost_per_hour.map(|cost| ("CostPerHour", json!(cost))));
        self.add(&["Commitment"], &metrics);
    }

    fn add_wrong(&mut self, dimensions: &[&str], measure: &Measure, names: &[&str]) {
        let Measure { not_ready, still_billed, problems, .. } = measure;
        let metrics = [
            ("NotReady", json!(u8::from(*not_ready))),
            ("StillBilled", json!(u8::from(*still_billed))),
            ("Problems", json!(problems)),
        ];
        let chosen: Vec<_> = metrics.into_iter().filter(|(name, _)| names.contains(name)).collect();
        self.add(dimensions, &chosen);
    }

    fn finish(self, dimensions: &[(&str, &str)]) -> Value {
        let Self { at, directives, values } = self;
        let mut line = json!({
            "level": "INFO",
            "timestamp": at.to_string(),
            "_aws": { "Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives },
        });
        for (name, value) in dimensions {
            line[*name] = json!(value);
        }
        for (name, value) in values {
            line[&name] = value;
        }
        line
    }
}
