//! What is measured, as `CloudWatch` reads it out of the log.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod hours;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use rehearsal::{AGENT, ALIAS, GROUP, PARAMETER, World, commitment};
use serde_json::{Value, json};
use simulator::{COMMITMENT_TAG, DEPLOYMENT_TAG, Fault};

const NAME: &str = "support-agent";

struct Watched {
    world: World,
    lines: Arc<Mutex<Vec<Value>>>,
}

/// What the specification of the embedded metric format, and Lambda of a line of JSON, ask for.
fn assert_is_embedded(line: &Value) {
    let written = line.to_string();
    assert!(written.len() <= 256 * 1024 && !written.contains('\n'), "{written}");
    assert_eq!(line["level"], json!("INFO"));
    let at: Timestamp = line["timestamp"].as_str().expect("a text").parse().expect("RFC 3339");
    assert_eq!(line["_aws"]["Timestamp"], json!(at.as_millisecond()));
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
        let sets = directive["Dimensions"].as_array().expect("sets of dimensions");
        for dimension in sets.iter().flat_map(|set| set.as_array().expect("a set")) {
            let value = line[dimension.as_str().expect("a name")].as_str().expect("a text");
            assert!((1..=1024).contains(&value.len()) && value.is_ascii(), "{value}");
        }
        assert!(sets.iter().all(|set| set.as_array().is_some_and(|set| set.len() <= 30)));
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!(line[name].as_f64().is_some_and(f64::is_finite), "{name} in {written}");
            assert!(["Count", "None"].contains(&metric["Unit"].as_str().expect("a unit")));
        }
    }
}

/// By metric and dimension, the newest value.
type Values = BTreeMap<(String, String), f64>;

impl Watched {
    async fn new() -> Self {
        let mut world = World::new("2026-11-16T00:00:00Z".parse().expect("an instant")).await;
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let taken = Arc::clone(&lines);
        world.handler.measured = Box::new(move |line| taken.lock().expect("not poisoned").push(line.clone()));
        Self { world, lines }
    }

    async fn send(&self, event: Value) {
        self.world.send(event).await.expect("the event is answered with a report");
    }

    async fn apply(&self, more: Value) {
        self.send(json!({"Action": "Apply", "Commitment": commitment(more)})).await;
    }

    async fn until(&self, instant: &str) {
        self.world.run_until(instant.parse().expect("an instant"), |_, _| {}).await;
    }

    /// What `CloudWatch` makes of the lines since the last look.
    fn values(&self) -> Values {
        let lines: Vec<Value> = std::mem::take(&mut *self.lines.lock().expect("not poisoned"));
        let mut values = Values::new();
        for line in lines {
            assert_is_embedded(&line);
            let embedded = &line["_aws"];
            let at = embedded["Timestamp"].as_i64().expect("milliseconds since 1970");
            assert!(Timestamp::from_millisecond(at).is_ok_and(|at| at <= self.world.now()));
            for directive in embedded["CloudWatchMetrics"].as_array().expect("directives") {
                assert_eq!(directive["Namespace"], json!("ThroughputScheduler"));
                for set in directive["Dimensions"].as_array().expect("sets of dimensions") {
                    let [dimension] = &set.as_array().expect("a set")[..] else { panic!("one dimension each: {line}") };
                    let dimension = dimension.as_str().expect("a name");
                    let of = line[dimension].as_str().expect("a dimension has a value");
                    for metric in directive["Metrics"].as_array().expect("metrics") {
                        let name = metric["Name"].as_str().expect("a name");
                        let value = line[name].as_f64().expect("a metric has a value");
                        values.insert((name.to_owned(), format!("{dimension} {of}")), value);
                    }
                }
            }
        }
        values
    }

    /// The newest value of each metric of the commitment.
    fn of_commitment(&self) -> BTreeMap<String, f64> {
        let of = format!("Commitment {NAME}");
        let values = self.values().into_iter();
        values.filter(|((_, dimension), _)| *dimension == of).map(|((name, _), value)| (name, value)).collect()
    }
}

fn expected(values: &[(&str, f64)]) -> BTreeMap<String, f64> {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[tokio::test]
async fn a_tick_measures_what_is_wanted_in_service_and_paid_for() {
    let watched = Watched::new().await;
    watched
        .apply(json!({
            "ModelUnits": 2, "PricePerUnitHour": 21.5,
            "Timetable": {"Timezone": "UTC", "Windows": ["Mon 01:00-03:00"]},
        }))
        .await;
    let registered = ("Commitments".to_owned(), format!("Deployment {GROUP}"));
    assert_eq!(watched.values(), [(registered, 1.0)].into(), "what is new is counted; all else is measured by ticks");
    let row = |desired, in_service, billed| {
        expected(&[
            ("DesiredModelUnits", desired),
            ("InServiceModelUnits", in_service),
            ("BilledModelUnits", billed),
            ("CostPerHour", billed * 21.5),
        ])
    };
    let well = expected(&[("NotReady", 0.0), ("StillBilled", 0.0), ("Problems", 0.0)]);
    // What is wrong is sent by a tick that did something: one that routed, and one that deleted.
    for (until, mut expected, has_acted) in [
        ("2026-11-16T00:20:00Z", row(2.0, 0.0, 2.0), false),
        ("2026-11-16T00:50:00Z", row(2.0, 2.0, 2.0), true),
        ("2026-11-16T02:00:00Z", row(2.0, 2.0, 2.0), false),
        ("2026-11-16T03:03:00Z", row(0.0, 2.0, 2.0), true),
        ("2026-11-16T04:00:00Z", row(0.0, 0.0, 0.0), true),
    ] {
        watched.until(until).await;
        expected.extend(if has_acted { well.clone() } else { BTreeMap::new() });
        assert_eq!(watched.of_commitment(), expected, "{until}");
    }
}

#[tokio::test]
async fn without_a_price_there_is_no_cost_and_each_tick_counts_for_the_group() {
    let watched = Watched::new().await;
    watched.apply(json!({})).await;
    watched.world.tick(NAME).await.expect("the tick ends well");
    let values = watched.values();
    assert!(!values.keys().any(|(name, _)| name == "CostPerHour"));
    assert_eq!(values[&("Ticks".to_owned(), format!("Deployment {GROUP}"))].to_string(), "1");
    for name in ["NotReady", "StillBilled", "Problems"] {
        assert!(values.contains_key(&(name.to_owned(), format!("Deployment {GROUP}"))), "one alarm serves all: {name}");
    }
}

#[tokio::test]
async fn not_ready_is_an_opening_that_has_come_without_its_throughput() {
    let watched = Watched::new().await;
    watched.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_mins(75));
    watched.apply(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 02:00-05:00"]}})).await;
    for (until, not_ready) in
        [("2026-11-16T01:59:30Z", 0.0), ("2026-11-16T02:01:00Z", 1.0), ("2026-11-16T02:30:00Z", 0.0)]
    {
        watched.until(until).await;
        assert_eq!(watched.of_commitment()["NotReady"].to_string(), not_ready.to_string(), "{until}");
    }
    // Somebody takes the route away where nobody can put it back.
    watched.world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = None);
    watched.world.sim.fault("UpdateAgentAlias", 3, Fault::denied());
    let _problem = watched.world.tick(NAME).await;
    assert_eq!(watched.of_commitment()["NotReady"].to_string(), "1");
}

#[tokio::test]
async fn a_parameter_that_does_not_name_the_throughput_is_not_ready_either() {
    let watched = Watched::new().await;
    watched.apply(json!({"LeadTime": "0m", "AgentAliases": [], "ModelIdParameter": PARAMETER})).await;
    watched.until("2026-11-16T00:40:00Z").await;
    assert_eq!(watched.of_commitment()["NotReady"].to_string(), "0");
    watched.world.sim.set_parameter(PARAMETER, "String", "nonsense");
    watched.world.sim.fault("PutParameter", 3, Fault::denied());
    let _problem = watched.world.tick(NAME).await;
    assert_eq!(watched.of_commitment()["NotReady"].to_string(), "1");
}

#[tokio::test]
async fn a_larger_size_that_warms_up_does_not_hide_that_the_smaller_one_is_not_ready() {
    let watched = Watched::new().await;
    watched.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_mins(170));
    let windows = json!(["Mon 02:00-08:00", {"Window": "Mon 04:00-05:00", "ModelUnits": 3}]);
    watched.apply(json!({"Timetable": {"Timezone": "UTC", "Windows": windows}})).await;
    for (until, not_ready) in
        [("2026-11-16T01:59:30Z", 0.0), ("2026-11-16T02:30:00Z", 1.0), ("2026-11-16T03:30:00Z", 1.0)]
    {
        watched.until(until).await;
        assert_eq!(watched.of_commitment()["NotReady"].to_string(), not_ready.to_string(), "{until}");
    }
}

#[tokio::test]
async fn what_is_larger_than_wanted_is_ready_until_the_smaller_one_is() {
    let watched = Watched::new().await;
    let windows = json!(["Mon 02:00-08:00", {"Window": "Mon 03:00-04:00", "ModelUnits": 3}]);
    watched.apply(json!({"Timetable": {"Timezone": "UTC", "Windows": windows}})).await;
    for (until, in_service) in [
        ("2026-11-16T02:10:00Z", 1.0),
        ("2026-11-16T03:10:00Z", 3.0),
        ("2026-11-16T04:10:00Z", 3.0),
        ("2026-11-16T05:30:00Z", 1.0),
    ] {
        watched.until(until).await;
        let values = watched.of_commitment();
        assert_eq!((values["InServiceModelUnits"], values["NotReady"]), (in_service, 0.0), "{until}");
    }
}

#[tokio::test]
async fn what_was_asked_for_a_moment_ago_has_the_lead_to_become_ready() {
    let watched = Watched::new().await;
    watched.world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_mins(75));
    watched.apply(json!({})).await;
    watched.until("2026-11-16T00:59:30Z").await;
    assert_eq!(watched.of_commitment().get("NotReady"), None, "nothing is wrong, and nothing has changed");
    watched.until("2026-11-16T01:01:00Z").await;
    assert_eq!(watched.of_commitment()["NotReady"].to_string(), "1");
}

#[tokio::test]
async fn still_billed_is_what_is_not_gone_ten_minutes_after_its_drain() {
    let watched = Watched::new().await;
    watched.apply(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 00:00-02:00"]}})).await;
    watched.until("2026-11-16T02:00:30Z").await;
    watched.world.sim.fault("DeleteProvisionedModelThroughput", 10_000, Fault::denied());
    for (until, still) in [("2026-11-16T02:14:30Z", "0"), ("2026-11-16T02:16:00Z", "1")] {
        watched.until(until).await;
        assert_eq!(watched.of_commitment()["StillBilled"].to_string(), still, "{until}");
    }
    watched.world.sim.clear_faults();
    watched.until("2026-11-16T02:18:00Z").await;
    assert_eq!(watched.of_commitment()["StillBilled"].to_string(), "0");
}

#[tokio::test]
async fn a_term_that_runs_on_is_not_still_billed() {
    let watched = Watched::new().await;
    watched.apply(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"})).await;
    watched.until("2026-11-16T00:40:00Z").await;
    watched.send(json!({"Action": "Retire", "Name": NAME})).await;
    watched.until("2026-11-16T02:00:00Z").await;
    let values = watched.of_commitment();
    assert_eq!((values["StillBilled"], values["BilledModelUnits"]), (0.0, 1.0));
}

#[tokio::test]
async fn a_tick_that_can_see_nothing_is_a_tick_and_a_problem() {
    let watched = Watched::new().await;
    watched.apply(json!({})).await;
    watched.world.sim.fault("ListProvisionedModelThroughputs", 1, Fault::denied());
    let error = watched.world.tick(NAME).await.expect_err("it can see nothing");
    assert_eq!(error.kind(), "AwsError");
    let values = watched.values();
    assert_eq!(values[&("Ticks".to_owned(), format!("Deployment {GROUP}"))].to_string(), "1");
    assert_eq!(values[&("Problems".to_owned(), format!("Commitment {NAME}"))].to_string(), "1");
    assert!(!values.contains_key(&("BilledModelUnits".to_owned(), format!("Commitment {NAME}"))));
}

#[tokio::test]
async fn the_last_line_of_a_commitment_is_zero_and_says_how_many_are_left() {
    let watched = Watched::new().await;
    watched.apply(json!({})).await;
    watched.until("2026-11-16T00:40:00Z").await;
    watched.apply(json!({"Name": "second", "AgentAliases": []})).await;
    for (name, left) in [(NAME, "1"), ("second", "0")] {
        watched.values();
        watched.send(json!({"Action": "Retire", "Name": name})).await;
        watched.world.pass(45).await;
        let values = watched.values();
        assert_eq!(values[&("Commitments".to_owned(), format!("Deployment {GROUP}"))].to_string(), left);
        for metric in ["DesiredModelUnits", "BilledModelUnits", "NotReady", "StillBilled", "Problems"] {
            assert_eq!(values[&(metric.to_owned(), format!("Commitment {name}"))].to_string(), "0", "{name} {metric}");
        }
    }
}

#[tokio::test]
async fn a_status_of_all_counts_commitments_and_orphans() {
    let watched = Watched::new().await;
    watched.world.sim.knobs(|knobs| knobs.orphan_after = None);
    watched.apply(json!({})).await;
    let marks = [(COMMITMENT_TAG, "long-gone"), (DEPLOYMENT_TAG, GROUP)];
    watched.world.sim.add_throughput("long-gone-123456", "amazon.nova-lite-v1:0:24k", 1, &marks);
    watched.send(json!({"Action": "Repair"})).await;
    let group = |name: &str| (name.to_owned(), format!("Deployment {GROUP}"));
    let expected = [("Commitments", 1.0), ("NotReady", 0.0), ("Orphans", 1.0), ("Problems", 0.0), ("StillBilled", 0.0)];
    assert_eq!(watched.values(), expected.map(|(name, value)| (group(name), value)).into());
}

/// The metrics of ours, with the dimension of each, that the template's alarms and dashboard look at.
fn looked_at(template: &str) -> BTreeSet<(String, String)> {
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    let mut looked_at = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let pair = if *line == "Namespace: ThroughputScheduler" {
            let name = lines[index + 1].strip_prefix("MetricName: ");
            let dimension = lines[index + 2].strip_prefix("Dimensions: [{ Name: ");
            name.zip(dimension.and_then(|rest| rest.strip_suffix(", Value: !Ref AWS::StackName }]")))
        } else if let Some((_, search)) = line.split_once("SEARCH('{ThroughputScheduler,") {
            let (dimension, rest) = search.split_once("} MetricName=\\\"").expect("a search for a name");
            rest.split_once("\\\"'").map(|(name, _)| (name, dimension))
        } else if let Some(metric) = line.strip_prefix("[\"ThroughputScheduler\", \"") {
            let (name, rest) = metric.split_once("\", \"").expect("a dimension");
            rest.split_once("\", \"${AWS::StackName}\"").map(|(dimension, _)| (name, dimension))
        } else {
            continue;
        };
        looked_at.push(pair.unwrap_or_else(|| panic!("line {} names no metric and dimension", index + 1)));
    }
    assert_eq!(
        looked_at.len(),
        template.matches("ThroughputScheduler").count(),
        "each mention of the namespace is read"
    );
    looked_at.into_iter().map(|(name, dimension)| (name.to_owned(), dimension.to_owned())).collect()
}

#[tokio::test]
async fn alarms_and_dashboard_look_at_what_is_sent_and_nothing_that_is_sent_goes_unseen() {
    let watched = Watched::new().await;
    watched.world.sim.knobs(|knobs| {
        knobs.orphan_after = None;
        knobs.creation_time = SignedDuration::from_mins(75);
    });
    let mut sent: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    let mut note = |values: Values| {
        for ((name, dimension), value) in values {
            let (dimension, of) = dimension.split_once(' ').expect("a dimension and its value");
            assert_eq!(of, if dimension == "Deployment" { GROUP } else { NAME });
            sent.entry((name, dimension.to_owned())).or_default().push(value);
        }
    };
    // Late in the morning, a tick that sees nothing, held up in the evening, an orphan, and the end.
    let timetable = json!({"Timezone": "UTC", "Windows": ["Mon 02:00-05:00"]});
    watched.apply(json!({"PricePerUnitHour": 21.18, "Timetable": timetable})).await;
    for until in ["2026-11-16T01:30:00Z", "2026-11-16T02:05:00Z", "2026-11-16T03:00:00Z"] {
        watched.until(until).await;
        note(watched.values());
    }
    watched.world.sim.fault("ListProvisionedModelThroughputs", 1, Fault::denied());
    watched.world.tick(NAME).await.expect_err("it can see nothing");
    note(watched.values());
    watched.until("2026-11-16T05:00:30Z").await;
    watched.world.sim.fault("DeleteProvisionedModelThroughput", 10_000, Fault::denied());
    watched.until("2026-11-16T06:00:00Z").await;
    let marks = [(COMMITMENT_TAG, "long-gone"), (DEPLOYMENT_TAG, GROUP)];
    watched.world.sim.add_throughput("long-gone-123456", "amazon.nova-lite-v1:0:24k", 1, &marks);
    watched.send(json!({"Action": "Repair"})).await;
    note(watched.values());
    watched.world.sim.clear_faults();
    watched.send(json!({"Action": "Retire", "Name": NAME})).await;
    watched.until("2026-11-16T07:00:00Z").await;
    note(watched.values());
    let template = include_str!("../../template.yaml");
    assert_eq!(looked_at(template), sent.keys().cloned().collect());
    for wrong in ["NotReady", "StillBilled", "Problems", "Orphans"] {
        let values = &sent[&(wrong.to_owned(), "Deployment".to_owned())];
        assert!(values.contains(&1.0), "{wrong} was wrong once: {values:?}");
        assert_eq!(values.last() == Some(&0.0), wrong != "Orphans", "and what ended is over: {wrong} {values:?}");
    }
}
