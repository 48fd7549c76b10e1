//! When does `CloudWatch` ring? The alarms of `template.yaml`, by what was measured.

use std::collections::BTreeMap;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use throughput_cli::document::{self, Node};

/// How an alarm stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// All is well.
    Ok,
    /// Something is wrong.
    Alarm,
    /// Nothing has been measured yet.
    Unknown,
}

/// What a period without a value counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Breaching,
    NotBreaching,
    Ignore,
}

/// Of which metric: namespace, name and the name of its dimension.
pub(crate) type Metric = (String, String, String);

/// What was measured, by metric.
pub(crate) type Measured = BTreeMap<Metric, Vec<(Timestamp, f64)>>;

/// Says when an alarm rings.
#[derive(Debug)]
enum Rule {
    /// A metric against a threshold.
    Metric(Box<Watch>),
    /// `ALARM("${A}") AND OK("${B}")`.
    Composite(String),
}

/// A metric that is watched.
#[derive(Debug)]
struct Watch {
    metric: Metric,
    statistic: String,
    period: SignedDuration,
    needed: Needed,
    comparison: String,
    threshold: f64,
    /// The value of a period without one, if it is filled in.
    filled: Option<f64>,
}

/// How many periods decide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed {
    pub(crate) periods: usize,
    pub(crate) to_alarm: usize,
    pub(crate) missing: Missing,
}

/// One alarm.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    /// Its text, without the link to the runbook.
    pub(crate) text: String,
    rule: Rule,
    pub(crate) state: State,
}

fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key).and_then(Node::text).unwrap_or_else(|| panic!("no {key}"))
}

impl Alarm {
    /// The alarms of `template.yaml`; those that ask for others come last.
    pub(crate) fn read_all() -> Vec<Self> {
        let template = fs::read_to_string(crate::path("template.yaml")).unwrap();
        let template = document::parse(&template).unwrap().remove(0);
        let mut alarms = Vec::new();
        for (name, resource) in template.get("Resources").unwrap().members() {
            let name = name.text().unwrap();
            let rule = match text(resource, "Type") {
                "AWS::CloudWatch::Alarm" => Rule::Metric(Box::new(Watch::read(resource.get("Properties").unwrap()))),
                "AWS::CloudWatch::CompositeAlarm" => {
                    Rule::Composite(text(resource.get("Properties").unwrap(), "AlarmRule").to_owned())
                }
                _ => continue,
            };
            let said = text(resource.get("Properties").unwrap(), "AlarmDescription");
            let (said, link) = said.rsplit_once(" Runbook: ").unwrap();
            assert_eq!(link, format!("${{RunbookUrl}}docs/operations.md#{}", name.to_lowercase()));
            alarms.push(Self { name: name.to_owned(), text: said.to_owned(), rule, state: State::Unknown });
        }
        alarms.sort_by_key(|alarm| matches!(alarm.rule, Rule::Composite(_)));
        alarms
    }

    /// How it stands at `now`, beside `others` that have been asked before.
    pub(crate) fn judge(&self, measured: &Measured, others: &BTreeMap<String, State>, now: Timestamp) -> State {
        match &self.rule {
            Rule::Metric(watch) => watch.judge(measured, self.state, now),
            Rule::Composite(rule) => {
                let holds = |term: &str| {
                    let (state, rest) = term.split_once("(\"${").unwrap();
                    let other = others[rest.strip_suffix("}\")").unwrap()];
                    other == if state == "ALARM" { State::Alarm } else { State::Ok }
                };
                if rule.split(" AND ").all(holds) { State::Alarm } else { State::Ok }
            }
        }
    }
}

impl Watch {
    fn read(properties: &Node) -> Self {
        let number = |key: &str| text(properties, key).parse::<usize>().unwrap();
        let queries = properties.get("Metrics").map_or(&[][..], Node::elements);
        // A single metric, or one that is filled in: `FILL(ticks, 0)`.
        let (metric, statistic, period, filled) = match queries {
            [] => (properties, text(properties, "Statistic"), text(properties, "Period"), None),
            [expression, query] => {
                let fill = text(expression, "Expression");
                let filled = fill.strip_prefix("FILL(ticks, ").and_then(|rest| rest.strip_suffix(')'));
                assert_eq!(
                    (text(query, "Id"), filled),
                    ("ticks", Some("0")),
                    "an expression that no rule knows: {fill}"
                );
                let query = query.get("MetricStat").unwrap();
                (query.get("Metric").unwrap(), text(query, "Stat"), text(query, "Period"), Some(0.0))
            }
            _ => panic!("more queries than a rule knows"),
        };
        let [dimension] = metric.get("Dimensions").unwrap().elements() else { panic!("one dimension each") };
        let of = [text(metric, "Namespace"), text(metric, "MetricName"), text(dimension, "Name")];
        let [namespace, name, dimension] = of.map(str::to_owned);
        let missing = match text(properties, "TreatMissingData") {
            "breaching" => Missing::Breaching,
            "notBreaching" => Missing::NotBreaching,
            "ignore" => Missing::Ignore,
            other => panic!("no rule knows {other}"),
        };
        let periods = number("EvaluationPeriods");
        let to_alarm = properties.get("DatapointsToAlarm").map_or(periods, |_| number("DatapointsToAlarm"));
        Self {
            metric: (namespace, name, dimension),
            statistic: statistic.to_owned(),
            period: SignedDuration::from_secs(period.parse().unwrap()),
            needed: Needed { periods, to_alarm, missing },
            comparison: text(properties, "ComparisonOperator").to_owned(),
            threshold: text(properties, "Threshold").parse().unwrap(),
            filled,
        }
    }

    /// Asks the periods that end at `now`, the latest first, and two more than decide.
    fn judge(&self, measured: &Measured, state: State, now: Timestamp) -> State {
        let known = measured.get(&self.metric).map_or(&[][..], Vec::as_slice);
        let breaches = |back: usize| {
            let end = now - self.period * i32::try_from(back).unwrap();
            let within = known.iter().filter(|(at, _)| end - self.period <= *at && *at < end);
            let value = within.map(|(_, value)| *value).reduce(|one, other| match self.statistic.as_str() {
                "Sum" => one + other,
                "Maximum" => one.max(other),
                "Minimum" => one.min(other),
                statistic => panic!("no rule knows {statistic}"),
            });
            value.or(self.filled).map(|value| match self.comparison.as_str() {
                "GreaterThanThreshold" => value > self.threshold,
                "LessThanThreshold" => value < self.threshold,
                comparison => panic!("no rule knows {comparison}"),
            })
        };
        let periods: Vec<Option<bool>> = (0..self.needed.periods + 2).map(breaches).collect();
        self.needed.judge(&periods, state)
    }
}

impl Needed {
    /// How an alarm stands that stood in `state`: of `periods`, the latest first, those with a value count, as many as decide;
    /// only if there are too few of them does it count what is missing.
    pub(crate) fn judge(self, periods: &[Option<bool>], state: State) -> State {
        let real: Vec<bool> = periods.iter().flatten().copied().take(self.periods).collect();
        let breaching = real.iter().filter(|breaches| **breaches).count();
        let missing = self.periods - real.len();
        let rings = |breaching: usize| if breaching >= self.to_alarm { State::Alarm } else { State::Ok };
        match self.missing {
            Missing::Breaching => rings(breaching + missing),
            Missing::Ignore if missing > 0 && breaching == real.len() && breaching < self.to_alarm => state,
            Missing::NotBreaching | Missing::Ignore => rings(breaching),
        }
    }
}
