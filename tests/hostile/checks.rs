//! What holds of whatever comes in?
//!
//! Nothing panics; what is read is written so that it reads the same; what is refused is refused with the key's path, in a text of
//! bounded length; an answer fits what `CloudFormation` takes. The fuzz targets and the replay of their corpus share this.

use jiff::{SignedDuration, Timestamp};
use policy::answer::{self, Data};
use policy::commitment::Commitment;
use policy::custom_resource::{Origin, RawRequest, Request, RequestType, Unanswerable};
use policy::desired::{Base, Demand};
use policy::event::{self, Action, Event, Subject};
use policy::guardrails::Guardrails;
use policy::input::{Mistake, Mistakes};
use policy::observed::{AgentAlias, AliasStatus, Observed, Throughput, ThroughputStatus};
use policy::plan::{Attempts, Plan, Situation};
use policy::record::{Decision, Lifecycle, Owed, Record, Resource, Schedule, Stored};
use policy::report::Report;
use policy::timetable::{Holiday, Period, State, Window, Zone, duration_text, parse_duration};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Most bytes of what is told of one mistake, and of all of them: a line that somebody can read, and a page.
pub(crate) const LONGEST_MISTAKE: usize = 1000;
pub(crate) const LONGEST_TEXT: usize = 8000;
/// Most bytes that `CloudFormation` takes as an answer.
const LONGEST_ANSWER: usize = 4096;
const ADDRESS: &str =
    "https://bucket.s3.eu-central-1.amazonaws.com/answer?X-Amz-Date=20261116T000000Z&X-Amz-Signature=5e0b1f";
const GROUP: &str = "throughput";

/// Instants at which something is asked: an ordinary one, one before a day that Samoa skipped, and the end of time.
fn instants() -> [Timestamp; 3] {
    let at = |text: &str| text.parse().unwrap_or_default();
    [at("2026-11-23T08:00:00Z"), at("2011-12-29T20:00:00Z"), Timestamp::MAX]
}

/// An event, as the function takes it from Lambda.
pub(crate) fn event(bytes: &[u8]) {
    let Ok(payload) = serde_json::from_slice::<Value>(bytes) else { return };
    match event::read(payload) {
        Err(mistakes) => are_told(&mistakes),
        Ok(Event::Tick(record)) => ticked(*record),
        Ok(Event::Action(action)) => acted(&action),
        Ok(Event::CloudFormation(raw)) => asked(&raw),
        Ok(Event::Tombstone(tombstone)) => {
            let stored = event::read_stored(&event::tombstone_input(&tombstone));
            assert_eq!(stored, Ok(Some(Stored::Tombstone(tombstone))), "a tombstone reads as it was written");
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
    let guardrails = Guardrails::parse("2", "amazon.*", "None");
    for refusal in guardrails.iter().flat_map(|guardrails| guardrails.refusals(commitment)) {
        assert!(refusal.to_string().len() <= LONGEST_TEXT);
    }
    let schedule = Schedule { minutes: 1, role_arn: String::new(), target: String::new() };
    is_stored(&Record::new(commitment.clone(), instants()[0], schedule));
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

/// A record in the schedule is the record.
fn is_stored(record: &Record) {
    let stored = event::read_stored(&event::tick_input(record));
    assert_eq!(stored, Ok(Some(Stored::Record(Box::new(record.clone())))), "a record reads as it was written");
}

/// An action that was accepted.
fn acted(action: &Action) {
    match action {
        Action::Scale { subject: Subject::Declared(commitment), .. }
        | Action::Apply(commitment)
        | Action::Plan { commitment, .. } => declared(commitment),
        Action::Override { reason, .. } => assert!(reason.iter().all(|reason| reason.chars().count() <= 200)),
        Action::Scale { subject: Subject::Named(_), .. }
        | Action::Retire(_)
        | Action::Resume(_)
        | Action::Status(_) => {}
    }
}

/// A tick that was accepted: what an invocation does with its record, wherever AWS may be.
fn ticked(mut record: Record) {
    is_stored(&record);
    for now in instants() {
        holds(&record.demand(), now);
        for observed in [Observed::default(), as_remembered(&record)] {
            planned(&record, &observed, now);
        }
        let (data, failed) = (Data::of(&record, now), Decision::Failed("no".to_owned()));
        if let Some(owed) = &record.owed {
            for decision in [&Decision::Success, &failed] {
                let _whatever_the_record_holds = answer::body(&owed.origin, decision, &data);
            }
        }
    }
    let mut other = record.clone();
    other.absorb(&record);
    let _standing = record.standing(&other);
    other.decide(&Decision::Failed("no".to_owned()));
    other.answered();
    is_stored(&other);
    let _lost = record.lose(|_| true, Timestamp::MAX);
    record.retire();
    is_stored(&record);
}

fn planned(record: &Record, observed: &Observed, now: Timestamp) {
    let guardrails = Guardrails::parse("2", "amazon.*", "None");
    let desired = if record.lifecycle == Lifecycle::Active { record.demand().at(now).units } else { None };
    let attempts = Attempts::default();
    let plan: Plan = Situation {
        record,
        desired,
        observed,
        attempts: &attempts,
        guardrails: guardrails.as_ref(),
        group: GROUP,
        now,
    }
    .plan();
    if let Some(owed) = &record.owed {
        let _verdict = owed.verdict(&plan, observed, now);
    }
    let report = Report::new(record, observed, &plan, plan.actions.iter().map(ToString::to_string).collect(), now);
    assert_eq!(report.settled, plan.settled());
    is_stored(&plan.record);
}

/// AWS with everything that the record remembers.
fn as_remembered(record: &Record) -> Observed {
    let throughputs = record.throughputs.iter().map(|held| Throughput {
        name: held.name.clone(),
        arn: held.arn.clone(),
        status: if held.served { ThroughputStatus::InService } else { ThroughputStatus::Creating },
        units: record.commitment.units.get(),
        model_arn: record.commitment.model.to_string(),
        foundation_model_arn: record.commitment.model.to_string(),
        term: record.commitment.term,
        term_end: held.term_end,
        failure: None,
    });
    let route = record.throughputs.first().map(|held| held.arn.clone());
    let alias = AgentAlias {
        name: "helpdesk".to_owned(),
        description: None,
        status: AliasStatus::Prepared,
        failures: Vec::new(),
        version: Some("3".to_owned()),
        throughput: route,
        rejects: false,
    };
    let aliases = record.all_aliases().map(|id| (id.clone(), Ok(Some(alias.clone()))));
    Observed { throughputs: throughputs.collect(), aliases: aliases.collect(), ..Observed::default() }
}

/// A request of `CloudFormation`: whoever can be answered gets an answer that he can take.
fn asked(raw: &RawRequest) {
    let now = instants()[0];
    let origin = match Origin::find(raw, &[]) {
        Ok(origin) => origin,
        Err(error) => return no_address(error),
    };
    let digest = Sha256::digest(format!("{}/{}", origin.stack_id, origin.logical_resource_id));
    let start: String = origin.logical_resource_id.chars().take(31).collect();
    let name = format!("{start}-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
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
    let Request { kind, origin, name, properties, since, until, decide_at, .. } = request;
    assert!(decide_at <= until && until.duration_since(*since) <= SignedDuration::from_hours(1));
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read_properties(name.clone(), properties, "", &mut mistakes);
    let commitment = match mistakes.or(commitment) {
        Ok(commitment) => commitment,
        // Nobody is told what is wrong with something that goes.
        Err(_) if *kind == RequestType::Delete => return "it goes".to_owned(),
        Err(mistakes) => {
            are_told(&mistakes);
            return mistakes.to_string();
        }
    };
    declared(&commitment);
    let schedule = Schedule { minutes: 1, role_arn: String::new(), target: String::new() };
    let mut record = Record::new(commitment, now, schedule);
    record.resource = Some(Resource {
        newest: request.dated,
        request_id: origin.request_id.clone(),
        created: *kind != RequestType::Create,
        answered: None,
        taken: Vec::new(),
    });
    record.owed = Some(Owed::to(request, None));
    ticked(record);
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
