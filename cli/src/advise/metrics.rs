//! What does `CloudWatch` know of a model's use?
//!
//! `GetMetricData` of the namespace `AWS/Bedrock`, for each id that was given: by hour over all weeks, and by minute for the last 15
//! days, as long as `CloudWatch` keeps minutes. What several ids were used for in an hour is added up.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use jiff::Timestamp;
use policy::advise::usage::{Counts, MOST, Row};
use throughput_scheduler::aws;

use super::Read;
use super::arguments::Advise;
use crate::Failure;
use crate::function::accompanied;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// `CloudWatch` keeps minutes for 15 days.
const DAYS_BY_MINUTE: i64 = 15;
/// Tries of one call: `CloudWatch` throttles.
const TRIES: u32 = 8;
/// A year of hours and 15 days of minutes of many ids have far fewer.
const MOST_PAGES: usize = 10_000;
/// Hours without datapoints that do not make two calls of one, in seconds.
const GAP: i64 = 3 * HOUR;
/// Calls for the minutes of one id, pages aside.
const MOST_STRETCHES: usize = 50;
/// The place of the latency in [`METRICS`].
const LATENCY: usize = 6;

const METRICS: [(&str, &str); 7] = [
    ("InputTokenCount", "Sum"),
    ("OutputTokenCount", "Sum"),
    ("CacheReadInputTokens", "Sum"),
    ("CacheWriteInputTokens", "Sum"),
    ("Invocations", "Sum"),
    ("InvocationThrottles", "Sum"),
    ("InvocationLatency", "Maximum"),
];

/// By second, the datapoints of each of [`METRICS`].
type Points = BTreeMap<i64, [Option<u64>; METRICS.len()]>;

/// One of the ids that were given, by hour or by minute.
struct Series<'a> {
    id: &'a str,
    points: Points,
}

/// Reads the metrics of the ids that `wanted` names, up to the last full hour before `now`.
///
/// # Errors
/// `CloudWatch` refuses, cannot be reached, or says what cannot be.
pub async fn read(wanted: &Advise, now: Timestamp) -> Result<Read, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(aws::http_client());
    if let Some(profile) = &wanted.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &wanted.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let retries = RetryConfig::standard().with_max_attempts(TRIES);
    let configuration = loader.retry_config(retries).load().await;
    let Some(region) = configuration.region().map(ToString::to_string) else {
        let message = "which Region? Give --region, set AWS_REGION, or choose a --profile that has one";
        return Err(Failure::Usage(message.to_owned()));
    };
    let client = Client::new(&configuration);
    let until = now.as_second().div_euclid(HOUR) * HOUR;
    let weeks = i64::from(wanted.weeks) * 7 * DAY;
    let asked = async {
        let metrics: Vec<usize> = (0..METRICS.len()).collect();
        let mut hours = Vec::new();
        let mut minutes = Vec::new();
        for id in &wanted.model_id {
            let mut points = Points::new();
            fetch(&client, &region, id, &metrics, (HOUR, until - weeks, until), &mut points).await?;
            let from = until - weeks.min(DAYS_BY_MINUTE * DAY);
            let mut within = Points::new();
            // Only where there is something, for each metric that is asked for is paid for.
            for (from, until, metrics) in busy(&points, from) {
                fetch(&client, &region, id, &metrics, (60, from, until), &mut within).await?;
            }
            hours.push(Series { id, points });
            minutes.push(Series { id, points: within });
        }
        Ok::<_, Failure>((hours, minutes))
    };
    let (hours, minutes) = accompanied("reading metrics", asked).await?;
    stitched(&hours, &minutes, &wanted.model_id, &region)
}

/// Stretches of hours from `from` on in which there are datapoints, and the metrics that have any: at most [`MOST_STRETCHES`].
fn busy(hours: &Points, from: i64) -> Vec<(i64, i64, Vec<usize>)> {
    let recent = || hours.range(from..);
    let is_there = |metric: &usize| recent().any(|(_, point)| point[*metric].is_some());
    let metrics: Vec<usize> = (0..METRICS.len()).filter(|metric| *metric != LATENCY).filter(is_there).collect();
    let mut gap = GAP;
    loop {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (at, _) in recent() {
            match stretches.last_mut() {
                Some((_, until)) if at - *until <= gap => *until = at + HOUR,
                _ => stretches.push((*at, at + HOUR)),
            }
        }
        if stretches.len() <= MOST_STRETCHES {
            return stretches.into_iter().map(|(from, until)| (from, until, metrics.clone())).collect();
        }
        gap *= 2;
    }
}

/// Adds to `points` the metrics of an id by periods of so many seconds, from and until an instant.
async fn fetch(
    client: &Client,
    region: &str,
    id: &str,
    metrics: &[usize],
    (period, from, until): (i64, i64, i64),
    points: &mut Points,
) -> Result<(), Failure> {
    let mut next = None;
    for _ in 0..MOST_PAGES {
        let call = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries(id, metrics, period)))
            .start_time(DateTime::from_secs(from))
            .end_time(DateTime::from_secs(until))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(next);
        let output = call.send().await.map_err(|error| refused(&error, region))?;
        for result in output.metric_data_results() {
            take(result, points, id)?;
        }
        next = output.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(());
        }
    }
    Err(Failure::Unreachable("CloudWatch's answer never ends".to_owned()))
}

fn queries(id: &str, metrics: &[usize], period: i64) -> Vec<MetricDataQuery> {
    let seconds = i32::try_from(period).unwrap_or(i32::MAX);
    let query = |index: &usize| {
        let (name, statistic) = METRICS.get(*index)?;
        let dimension = Dimension::builder().name("ModelId").value(id).build();
        let metric = Metric::builder().namespace("AWS/Bedrock").metric_name(*name).dimensions(dimension).build();
        let stat = MetricStat::builder().metric(metric).period(seconds).stat(*statistic).build();
        Some(MetricDataQuery::builder().id(format!("m{index}")).metric_stat(stat).return_data(true).build())
    };
    metrics.iter().filter_map(query).collect()
}

/// Adds a result's datapoints; those of a later page are others.
fn take(result: &MetricDataResult, points: &mut Points, id: &str) -> Result<(), Failure> {
    let index = result.id().and_then(|id| id.strip_prefix('m')).and_then(|index| index.parse::<usize>().ok());
    let Some((index, (name, _))) = index.and_then(|index| Some((index, METRICS.get(index)?))) else { return Ok(()) };
    if let Some(StatusCode::Forbidden | StatusCode::InternalError) = result.status_code() {
        let said: Vec<&str> = result.messages().iter().filter_map(|message| message.value()).collect();
        return Err(Failure::Unreachable(format!("CloudWatch does not give {name} of {id}: {}", said.join("; "))));
    }
    for (at, value) in result.timestamps().iter().zip(result.values()) {
        let value =
            whole(*value).ok_or_else(|| Failure::Unreachable(format!("CloudWatch says {name} of {id} is {value}")))?;
        points.entry(at.secs()).or_default()[index] = Some(value);
    }
    Ok(())
}

/// A sum of counts, which `CloudWatch` gives as a float.
fn whole(value: f64) -> Option<u64> {
    let text = format!("{:.0}", value.round());
    text.trim_start_matches('-').parse().ok().filter(|number| *number <= MOST && value >= 0.0)
}

fn refused<E, R>(error: &aws_sdk_cloudwatch::error::SdkError<E, R>, region: &str) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let said = match error.code() {
        Some(code) => format!("{code}: {}", error.message().unwrap_or("no message")),
        None => DisplayErrorContext(error).to_string(),
    };
    let cure = match error.code() {
        Some(code) if code.contains("AccessDenied") => "; it takes `cloudwatch:GetMetricData`",
        None if said.contains("credential") => "; sign in, or choose a --profile",
        Some(_) | None => "",
    };
    Failure::Unreachable(format!("cannot read CloudWatch's metrics in {region}: {said}{cure}"))
}

/// A provisioned throughput's ARN, not a model's id.
fn is_provisioned(id: &str) -> bool {
    id.contains(":provisioned-model/")
}

fn stitched(hours: &[Series<'_>], minutes: &[Series<'_>], ids: &[String], region: &str) -> Result<Read, Failure> {
    let mut notes = Vec::new();
    for series in hours.iter().filter(|series| series.points.is_empty()) {
        notes.push(format!("CloudWatch has no metrics of {} in {region}", series.id));
    }
    if hours.iter().all(|series| series.points.is_empty()) {
        let ids = ids.join(", ");
        let message = format!("CloudWatch has no metrics of {ids} in {region}: is it another Region, or another id?");
        return Err(Failure::Usage(message));
    }
    let counts_output = hours.iter().flat_map(|series| series.points.values()).any(|point| point[1].is_some());
    if !counts_output {
        notes.push("the model has no metric OutputTokenCount: no tokens out are counted".to_owned());
    }
    let latency = hours.iter().flat_map(|series| series.points.values()).filter_map(|point| point[LATENCY]).max();
    if let Some(latency) = latency {
        notes.push(format!(
            "the longest invocation took {}.{:03} s: a Drain should be longer",
            latency / 1000,
            latency % 1000
        ));
    }
    let provisioned: Vec<&Series<'_>> = minutes.iter().filter(|series| is_provisioned(series.id)).collect();
    let served = provisioned.iter().flat_map(|series| rows(&[*series], counts_output)).collect();
    let all = |series: &[Series<'_>]| rows(&series.iter().collect::<Vec<_>>(), counts_output);
    Ok(Read { rows: Vec::new(), metrics: Some((all(hours), all(minutes))), provisioned: served, notes })
}

/// The ids' datapoints, added up where several have one.
fn rows(series: &[&Series<'_>], counts_output: bool) -> Vec<Row> {
    let mut sums: BTreeMap<i64, Counts> = BTreeMap::new();
    let add = |sum: &mut Option<u64>, point: Option<u64>| {
        if let Some(point) = point {
            *sum = Some(sum.unwrap_or_default().saturating_add(point).min(MOST));
        }
    };
    for Series { id, points } in series {
        for (at, [input, output, read, write, invocations, throttles, _]) in points {
            let sum = sums.entry(*at).or_default();
            add(&mut sum.input, *input);
            add(&mut sum.input, *write);
            add(&mut sum.output, *output);
            add(&mut sum.cached, *read);
            add(&mut sum.invocations, *invocations);
            add(&mut sum.throttles, *throttles);
            if is_provisioned(id) {
                sum.throttles_provisioned += throttles.unwrap_or_default();
            }
        }
    }
    let row = |(at, mut counts): (i64, Counts)| {
        if !counts_output {
            counts.output = counts.output.or(Some(0));
        }
        Timestamp::from_second(at).ok().map(|start| Row { start, counts })
    };
    sums.into_iter().filter_map(row).collect()
}
