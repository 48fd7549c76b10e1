//! What holds of whatever comes in?
//!
//! Nothing panics; what is read is written so that it reads the same; what is refused is refused with the key's path, in a text of
//! bounded length; an answer fits what `CloudFormation` takes. The fuzz targets and the replay of their corpus share this.

use jiff::{SignedDuration, Timestamp};
#[path = "aws.rs"]
mod aws;

use policy::admission::{Admitted, AdmittedRequest, Arrival, Change, There, admit, admit_request};
use policy::answer::{self, Data};
use policy::commitment::Commitment;
use policy::custom_resource::{Origin, RawRequest, Request, Unanswerable};
use policy::desired::{Base, Demand};
use policy::event::{self, Command, Event};
use policy::guardrails::Guardrails;
use policy::input::{Mistake, Mistakes};
use policy::metrics::Measure;
use policy::observed::Observed;
use policy::plan::{Attempts, Plan, Planned, Situation};
use policy::record::{Decision, Declared, Lifecycle, Progress, Record, Tombstone};
use policy::report::Report;
use policy::tidings;
use policy::timetable::{Holiday, Period, State, Window, Zone, duration_text, parse_duration};
use serde_json::{Value, json};

use aws::{Aws, answer_question};

/// Most bytes of what is told of one mistake, and of all of them: a line that somebody can read, and a page.
pub(crate) const LONGEST_MISTAKE: usize = 1000;
pub(crate) const LONGEST_TEXT: usize = 8000;
/// Most bytes that `CloudFormation` takes as an answer.
const LONGEST_ANSWER: usize = 4096;
const ADDRESS: &str =
    "https://bucket.s3.eu-central-1.amazonaws.com/answer?X-Amz-Date=20261116T000000Z&X-Amz-Signature=5e0b1f";
const DEPLOYMENT: &str = "throughput";
/// Most rounds of questions before a plan.
const MOST_QUESTIONS: usize = 10;

/// Instants at which something is asked: an ordinary one, one before a day that Samoa skipped, and the end of time.
fn instants() -> [Timestamp; 3] {
    let at = |text: &str| text.parse().unwrap_or_default();
    [at("2026-11-23T08:00:00Z"), at("2011-12-29T20:00:00Z"), Timestamp::MAX]
}

/// An event, as the function takes it from Lambda.
pub(crate) fn event(bytes: &[u8]) {
    let Ok(payload) = serde_json::from_slice::<Value>(bytes) else { return };
    stored(&payload);
    match event::read(payload) {
        Err(mistakes) => are_told(&mistakes),
        Ok(Event::Command(command, sent)) => {
            for now in instants() {
                assert!(sent.date(now).duration_since(now) <= SignedDuration::from_mins(2), "no date lies far ahead");
            }
            commanded(&command);
        }
        Ok(Event::CloudFormation(raw)) => asked(&raw),
    }
}

/// What somebody may have written into the table: an object in it as each part of a record.
fn stored(payload: &Value) {
    let Some(members) = payload.as_object() else { return };
    for value in members.values().chain([payload]).filter(|value| value.is_object()) {
        if let Ok(declared) = serde_json::from_value::<Declared>(value.clone()) {
            worked_on(&Record::new(declared));
        }
        if let Ok(progress) = serde_json::from_value::<Progress>(value.clone()) {
            let again = serde_json::to_value(&progress).unwrap_or_default();
            assert_eq!(
                serde_json::from_value::<Progress>(again).ok(),
                Some(progress),
                "progress reads as it was written"
            );
        }
        let commitment = value.get("Commitment").cloned().unwrap_or_default();
        if let Ok(commitment) = serde_json::from_value::<Commitment>(commitment) {
            declared(&commitment);
        }
    }
}

/// A request of `CloudFormation`; one that tells no address gets a good one.
pub(crate) fn request(bytes: &[u8]) {
    let Ok(mut payload) = serde_json::from_slice::<Value>(bytes) else { return };
    asked(&RawRequest(payload.clone()));
    if let Some(members) = payload.as_object_mut() {
        members.insert("ResponseURL".to_owned(), json!(ADDRESS));
        asked(&RawRequest(payload));
    }
}

/// A timetable: in its first line the time zone, in the others its parts and the lead, one a line, in any order.
pub(crate) fn timetable(text: &str) {
    let (first, text) = text.split_once('\n').unwrap_or((text, ""));
    let zone = match first.parse::<Zone>() {
        Ok(zone) => {
            assert_eq!(zone.name().parse::<Zone>().as_ref(), Ok(&zone));
            zone.name().to_owned()
        }
        Err(error) => {
            is_bounded(&error.to_string());
            "Europe/Berlin".to_owned()
        }
    };
    let (mut windows, mut holidays, mut exceptions, mut lead) =
        (Vec::new(), Vec::new(), Vec::new(), SignedDuration::ZERO);
    for line in text.lines() {
        match line.parse::<Window>() {
            Ok(read) => {
                assert_eq!(read.to_string().parse::<Window>().as_ref(), Ok(&read));
                windows.push(json!({"Window": line, "ModelUnits": windows.len() % 3 + 1}));
            }
            Err(error) => is_bounded(&error.to_string()),
        }
        match line.parse::<Holiday>() {
            Ok(read) => {
                assert_eq!(read.to_string().parse::<Holiday>().as_ref(), Ok(&read));
                holidays.push(read.to_string());
            }
            Err(error) => is_bounded(&error.to_string()),
        }
        match line.parse::<Period>() {
            Ok(read) => {
                assert_eq!(read.to_string().parse::<Period>().as_ref(), Ok(&read));
                let on = exceptions.len() % 2 == 0;
                exceptions.push(json!({"Window": line, "State": on.to_string()}));
            }
            Err(error) => is_bounded(&error.to_string()),
        }
        match parse_duration(line) {
            Ok(read) => {
                assert_eq!(parse_duration(&duration_text(read)), Ok(read));
                lead = read;
            }
            Err(error) => is_bounded(&error.to_string()),
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    let good = json!({"Timezone": zone, "Windows": windows, "Holidays": holidays, "Exceptions": exceptions});
    let as_they_are = json!({"Timezone": zone, "Windows": lines, "Holidays": lines, "Exceptions": lines});
    for timetable in [good, as_they_are] {
        let declaration = json!({
            "Name": "support-agent", "ModelId": "amazon.nova-lite-v1:0:24k", "LeadTime": duration_text(lead),
            "Timetable": timetable,
        });
        let mut mistakes = Mistakes::default();
        let commitment = Commitment::read(&declaration, "", &mut mistakes);
        match mistakes.or(commitment) {
            Ok(commitment) => declared(&commitment),
            Err(mistakes) => are_told(&mistakes),
        }
    }
}

/// Every mistake names its key and is a line; all together are a page.
fn are_told(mistakes: &Mistakes) {
    let Mistakes(each) = mistakes;
    assert!(!each.is_empty(), "what is refused is refused for a reason");
    for Mistake { path, message } in each {
        let whole = message.starts_with("the event ") || message == "and more";
        assert!(whole || !path.is_empty(), "a mistake names its key: {message}");
        assert!(
            path.len() + message.len() <= LONGEST_MISTAKE,
            "a mistake is a line: {} bytes",
            path.len() + message.len()
        );
    }
    assert!(mistakes.to_string().len() <= LONGEST_TEXT, "mistakes are a page: {} bytes", mistakes.to_string().len());
}

fn is_bounded(text: &str) {
    assert!(text.len() <= LONGEST_MISTAKE, "a message is a line: {} bytes", text.len());
}

/// A declaration that was accepted.
fn declared(commitment: &Commitment) {
    let mut mistakes = Mistakes::default();
    let again = Commitment::read(&commitment.to_value(), "", &mut mistakes);
    assert_eq!(mistakes.or(again).as_ref(), Ok(commitment), "a declaration reads as it was written");
    let base = commitment.timetable.as_ref().map_or(Base::Always, Base::Timetable);
    for now in instants() {
        holds(&Demand { base, units: commitment.units, hold: None, override_: None, lead: commitment.lead }, now);
        let warnings = commitment.timetable.iter().flat_map(|timetable| timetable.warnings(commitment.lead, now));
        warnings.for_each(|warning| is_bounded(&warning));
    }
    let guardrails = Guardrails::parse("2", None, "amazon.*", "None");
    for refusal in guardrails.iter().flat_map(|guardrails| guardrails.refusals(commitment)) {
        assert!(refusal.to_string().len() <= LONGEST_TEXT);
    }
    is_stored(&Record::new(Declared::new(commitment.clone(), instants()[0])));
}

/// What is held is at least what is wanted, and stays as it is until the next transition, which changes it.
fn holds(demand: &Demand<'_>, now: Timestamp) {
    let held = demand.at(now);
    let wanted = Demand { lead: SignedDuration::ZERO, ..*demand }.at(now);
    assert!(held.units >= wanted.units, "held is at least what is wanted: {held:?}, {wanted:?}");
    is_bounded(&held.because.to_string());
    let Some(next) = demand.next_transition(now) else { return };
    assert!(now < next.at, "the next transition is still to come");
    let after = demand.at(next.at);
    assert!(after.units != held.units && after.state() == next.state, "a transition changes what is held");
    let before = next.at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(now).max(now);
    let half = SignedDuration::from_secs((next.at.as_second() - now.as_second()) / 2);
    for at in [before, now.saturating_add(half).unwrap_or(before).min(before)] {
        assert_eq!(demand.at(at).units, held.units, "nothing changes before {}, but at {at}", next.at);
    }
    is_bounded(&next.because);
}

/// Both parts of a record read as they were written.
fn is_stored(record: &Record) {
    let Record { declared, progress, .. } = record;
    let written = |part: Result<Value, _>| part.unwrap_or_default();
    let again = (written(serde_json::to_value(declared)), written(serde_json::to_value(progress)));
    assert_eq!(serde_json::from_value::<Declared>(again.0).ok().as_ref(), Some(declared));
    assert_eq!(serde_json::from_value::<Progress>(again.1).ok().as_ref(), Some(progress));
    let tombstone = Tombstone::of(record, instants()[0]);
    let again = written(serde_json::to_value(&tombstone));
    assert_eq!(serde_json::from_value::<Tombstone>(again).ok(), Some(tombstone));
}

/// A command that was accepted, where nothing is registered; and once more, where it is.
fn commanded(command: &Command) {
    let now = instants()[0];
    let arrival = Arrival { now, sent: now, request_id: "request" };
    match admit(command, &There::default(), arrival) {
        Ok(Admitted::Register(change)) => {
            let Change { declared: registered, .. } = *change;
            declared(&registered.commitment);
            worked_on(&Record::new(registered.clone()));
            let there = There { record: Some(Record::new(registered)), tombstone: None };
            assert!(matches!(admit(command, &there, arrival), Ok(Admitted::Nothing(_))), "it is carried out once");
        }
        Ok(Admitted::Nothing(why)) => is_bounded(&why),
        Err(refusal) => is_bounded(&refusal.to_string()),
    }
    if let Command::Plan { commitment, .. } = command {
        declared(commitment);
    }
}

/// What an invocation does with a record, wherever AWS may be.
fn worked_on(record: &Record) {
    is_stored(record);
    for now in instants() {
        holds(&record.declared.demand(), now);
        let mut record = record.clone();
        for aws in [Aws::Empty, Aws::Wanted] {
            for _round in 0..2 {
                let observed = aws.observed(&record);
                let plan = planned(&record, observed, now);
                record.progress = plan.progress;
            }
        }
        let _data = Data::of(&record, DEPLOYMENT, now);
        record.declared.retire();
        let _plan = planned(&record, Aws::Wanted.observed(&record), now);
        is_stored(&record);
    }
}

/// Plans, answering whatever is asked.
fn planned(record: &Record, mut observed: Observed, now: Timestamp) -> Plan {
    let guardrails = Guardrails::parse("2", None, "amazon.*", "None");
    let attempts = Attempts::default();
    for _ in 0..MOST_QUESTIONS {
        let situation = Situation {
            record,
            observed: &observed,
            attempts: &attempts,
            guardrails: guardrails.as_ref(),
            deployment: DEPLOYMENT,
            now,
        };
        match situation.plan() {
            Planned::Ask(questions) => {
                for question in questions {
                    answer_question(&mut observed, question);
                }
            }
            Planned::Do(plan) => {
                told(record, &observed, &plan, now);
                return *plan;
            }
        }
    }
    panic!("it asks without end")
}

/// What is said of a plan.
fn told(record: &Record, observed: &Observed, plan: &Plan, now: Timestamp) {
    let actions = plan.actions.iter().map(ToString::to_string).collect();
    let report = Report::new(record, observed, plan, actions, now);
    assert_eq!(report.settled, plan.settled());
    let measure = Measure::of(record, observed, plan, plan.problems.len(), now);
    assert!(measure.cost_per_hour.is_none_or(f64::is_finite));
    if let Some(owed) = record.declared.owed.last() {
        let _verdict = owed.verdict(&record.declared, plan, observed, now);
    }
    let after = Record { progress: plan.progress.clone(), ..record.clone() };
    let _events = tidings::changes(record, &after, now);
    is_stored(&after);
}

/// A request of `CloudFormation`: whoever can be answered gets an answer that he can take.
fn asked(raw: &RawRequest) {
    let now = instants()[0];
    let origin = match Origin::find(raw, &[]) {
        Ok(origin) => origin,
        Err(error) => return no_address(error),
    };
    let name = origin.physical_id();
    let start: String = origin.logical_resource_id.chars().take(31).collect();
    assert!(name.starts_with(&format!("{start}-")) && name.chars().count() == start.chars().count() + 9, "{name}");
    assert_eq!(format!("{:?}", origin.response_url), "ResponseUrl(…)", "the address is a secret");
    let reason = match Request::read(raw, origin.clone(), now) {
        Err(mistakes) => {
            are_told(&mistakes);
            mistakes.to_string()
        }
        Ok(request) => carried_out(&request, now),
    };
    let long = reason.repeat(100);
    for decision in [Decision::Success, Decision::Failed(reason), Decision::Failed(long)] {
        answered(&origin, &decision, &name);
    }
}

fn no_address(error: Unanswerable) {
    is_bounded(&error.to_string());
}

/// What a request leads to; what would be answered if it failed.
fn carried_out(request: &Request, now: Timestamp) -> String {
    let Request { since, until, decide_at, .. } = request;
    assert!(decide_at <= until && until.duration_since(*since) <= SignedDuration::from_hours(1));
    let change = match admit_request(request, &There::default()) {
        Ok(AdmittedRequest::Register(change)) => *change,
        Ok(AdmittedRequest::Again(_) | AdmittedRequest::Bury(_) | AdmittedRequest::SomebodyElses) => {
            return "it goes".to_owned();
        }
        Err(refusal) => {
            assert!(refusal.to_string().len() <= LONGEST_TEXT);
            return refusal.to_string();
        }
    };
    let mut record = Record::new(change.declared);
    declared(&record.declared.commitment);
    worked_on(&record);
    let there = There { record: Some(record.clone()), tombstone: None };
    assert_eq!(admit_request(request, &there), Ok(AdmittedRequest::Again(None)), "it is registered once");
    record.declared.decide(&Decision::Failed("no".to_owned()));
    assert_eq!(record.declared.lifecycle, Lifecycle::Retiring, "nothing was in force before");
    let _plan = planned(&record, Aws::Wanted.observed(&record), now);
    String::from("a reason: \u{1F6D1}")
}

/// It fits, it is JSON, and it tells all that `CloudFormation` knows the resource by.
fn answered(origin: &Origin, decision: &Decision, name: &str) {
    let arn = "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abcdefghij12";
    let next = Some((Timestamp::MAX, State::Off));
    let data = Data { state: Some(State::On), units: u32::MAX, arn: arn.to_owned(), next };
    for data in [Data::default(), data] {
        let body = answer::body(origin, decision, &data);
        assert!(body.len() <= LONGEST_ANSWER, "an answer has at most 4096 bytes: {}", body.len());
        let told: Value = serde_json::from_str(&body).unwrap_or_default();
        assert_eq!(told["PhysicalResourceId"], json!(name), "the derived name is always there");
        assert_eq!(told["StackId"], json!(origin.stack_id));
        assert_eq!(told["RequestId"], json!(origin.request_id));
        assert_eq!(told["LogicalResourceId"], json!(origin.logical_resource_id));
        assert_eq!(told["Data"].as_object().map(serde_json::Map::len), Some(6));
        assert_eq!(told.get("Reason").is_some(), *decision != Decision::Success);
        assert!(told["Reason"].as_str() != Some(""), "a failure has a reason");
    }
}
