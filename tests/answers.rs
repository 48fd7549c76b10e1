//! When is what answered? Section 4 of interface.md on plans that are told step by step, to the second.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use policy::answer::{Data, Verdict, body};
use policy::commitment::{AliasId, Commitment};
use policy::custom_resource::{Origin, RawRequest, Request, RequestType, ResponseUrl, Unanswerable};
use policy::input::Mistakes;
use policy::observed::{AgentAlias, AliasStatus, CallError, CallErrorKind, Observed, Throughput, ThroughputStatus};
use policy::plan::{Plan, WaitingOn};
use policy::record::{Decision, Lifecycle, Owed, Record, Schedule};
use policy::timetable::State;
use rehearsal::{AGENT, ALIAS, commitment};
use serde_json::{Value, json};

const URL: &str =
    "https://bucket.s3.eu-central-1.amazonaws.com/answer?X-Amz-Date=20261116T080000Z&X-Amz-Signature=5e0b";

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The request's own date, and `seconds` later.
fn at(seconds: i64) -> Timestamp {
    instant("2026-11-16T08:00:00Z") + SignedDuration::from_secs(seconds)
}

fn raw(more: Value) -> RawRequest {
    let mut request = json!({
        "RequestType": "Create", "ResponseURL": URL, "StackId": "arn:stack", "RequestId": "request-1",
        "LogicalResourceId": "Throughput", "ResourceProperties": {"ModelId": "amazon.nova-lite-v1:0:24k"},
    });
    if let (Some(members), Value::Object(more)) = (request.as_object_mut(), more) {
        members.extend(more);
    }
    RawRequest(request)
}

fn read(more: Value, now: Timestamp) -> Result<Request, String> {
    let raw = raw(more);
    let origin = Origin::find(&raw, &[]).map_err(|error| error.to_string())?;
    Request::read(&raw, origin, now).map_err(|mistakes| mistakes.to_string())
}

fn request(kind: &str) -> Request {
    read(json!({ "RequestType": kind }), at(0)).expect("it is right")
}

fn throughput(status: ThroughputStatus) -> Throughput {
    let commitment = record(json!({})).commitment;
    Throughput {
        name: commitment.throughput_name(commitment.units, ""),
        arn: "arn:ours".to_owned(),
        status,
        units: 1,
        model_arn: String::new(),
        foundation_model_arn: String::new(),
        term: None,
        term_end: None,
        failure: None,
    }
}

fn record(more: Value) -> Record {
    let mut mistakes = Mistakes::default();
    let read = Commitment::read(&commitment(more), "", &mut mistakes);
    let schedule = Schedule { minutes: 1, role_arn: String::new(), target: String::new() };
    Record::new(mistakes.or(read).expect("it is right"), at(0), schedule)
}

/// A plan that has nothing to do, of a commitment with `more` keys.
fn plan(more: Value) -> Plan {
    Plan {
        questions: BTreeSet::new(),
        record: record(more),
        actions: Vec::new(),
        waiting: Vec::new(),
        problems: Vec::new(),
        failures: Vec::new(),
        ours: Vec::new(),
        refused: None,
        let_go: false,
        nothing_left: false,
    }
}

fn error(kind: CallErrorKind, code: &str) -> CallError {
    CallError { cannot: "do it".to_owned(), kind, code: code.to_owned(), message: "no".to_owned() }
}

/// An alias that is on `arn`.
fn routed(arn: Option<&str>) -> Observed {
    let alias = AgentAlias {
        name: "helpdesk".to_owned(),
        description: None,
        status: AliasStatus::Prepared,
        failures: Vec::new(),
        version: Some("3".to_owned()),
        throughput: arn.map(str::to_owned),
        rejects: false,
    };
    let id = AliasId { agent: AGENT.to_owned(), alias: ALIAS.to_owned() };
    Observed { aliases: BTreeMap::from([(id, Ok(Some(alias)))]), ..Observed::default() }
}

fn failed(reason: &str) -> Verdict {
    Verdict::Now(Decision::Failed(reason.to_owned()))
}

const SUCCESS: Verdict = Verdict::Now(Decision::Success);

#[test]
fn accepted_is_answered_once_what_is_due_was_bought() {
    let owed = Owed::to(&request("Create"), None);
    let mut plan = plan(json!({}));
    let name = throughput(ThroughputStatus::Creating).name;
    let waits = owed.verdict(&plan, &Observed::default(), at(0));
    assert_eq!(waits, Verdict::Wait(format!("for {name} to be bought")));
    plan.ours.push(Throughput { name: "another".to_owned(), ..throughput(ThroughputStatus::InService) });
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(0)), waits, "of another size it is not the one");
    plan.ours.push(throughput(ThroughputStatus::Creating));
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(0)), SUCCESS);
}

#[test]
fn nothing_due_is_answered_at_once() {
    let closed = json!({"Timetable": {"Timezone": "UTC", "Windows": ["Tue 12:00-13:00"]}, "WaitFor": "InService"});
    let owed = Owed::to(&request("Create"), None);
    assert_eq!(owed.verdict(&plan(closed), &Observed::default(), at(0)), SUCCESS);
    let mut ended = plan(json!({}));
    ended.record.lifecycle = Lifecycle::Ended;
    assert_eq!(owed.verdict(&ended, &Observed::default(), at(0)), SUCCESS);
    ended.record.lifecycle = Lifecycle::Retiring;
    assert_eq!(owed.verdict(&ended, &Observed::default(), at(0)), failed("it has been retired meanwhile"));
}

#[test]
fn in_service_is_answered_once_it_is_and_every_alias_is_on_it() {
    let owed = Owed::to(&request("Create"), None);
    let mut plan = plan(json!({"WaitFor": "InService"}));
    for (status, route, serves) in [
        (ThroughputStatus::Creating, Some("arn:ours"), false),
        (ThroughputStatus::InService, None, false),
        (ThroughputStatus::InService, Some("arn:other"), false),
        (ThroughputStatus::InService, Some("arn:ours"), true),
    ] {
        plan.ours = vec![throughput(status.clone())];
        let verdict = owed.verdict(&plan, &routed(route), at(0));
        assert_eq!(verdict == SUCCESS, serves, "{status:?} {route:?}: {verdict:?}");
    }
    plan.record.commitment.aliases.push(AliasId { agent: AGENT.to_owned(), alias: "ALIAS00002".to_owned() });
    assert!(matches!(owed.verdict(&plan, &routed(Some("arn:ours")), at(0)), Verdict::Wait(_)), "every alias");
}

#[test]
fn what_it_waits_for_is_said_with_its_problems_and_failures() {
    let owed = Owed::to(&request("Create"), None);
    let mut plan = plan(json!({"WaitFor": "InService"}));
    plan.ours = vec![throughput(ThroughputStatus::Creating)];
    plan.waiting.push(WaitingOn::InService { name: "x".to_owned() });
    plan.problems.push("a problem".to_owned());
    plan.failures.push(error(CallErrorKind::Busy, "ConflictException"));
    let said = "for x to be in service; a problem; cannot do it: ConflictException: no";
    assert_eq!(owed.verdict(&plan, &routed(None), at(0)), Verdict::Wait(said.to_owned()));
    plan.failures.push(error(CallErrorKind::Invalid, "ValidationException"));
    assert_eq!(owed.verdict(&plan, &routed(None), at(0)), failed("cannot do it: ValidationException: no"));
    plan.refused = Some("refused".to_owned());
    assert_eq!(owed.verdict(&plan, &routed(None), at(0)), failed("refused"));
}

#[test]
fn a_minute_before_its_end_a_request_is_answered_whatever_has_been_reached() {
    let owed = Owed::to(&request("Create"), None);
    assert_eq!((owed.decide_at, owed.until), (at(3540), at(3600)));
    let waiting = plan(json!({"AgentAliases": []}));
    assert!(matches!(owed.verdict(&waiting, &Observed::default(), at(3539)), Verdict::Wait(_)));
    let late = owed.verdict(&waiting, &Observed::default(), at(3540));
    assert!(
        matches!(&late, Verdict::Now(Decision::Failed(reason)) if reason.starts_with("not done in time, still waiting: for "))
    );
    let mut done = plan(json!({"AgentAliases": []}));
    done.ours = vec![throughput(ThroughputStatus::Creating)];
    assert_eq!(owed.verdict(&done, &Observed::default(), at(3599)), SUCCESS);
    assert_eq!(
        owed.verdict(&done, &Observed::default(), at(3600)),
        failed("done only after 2026-11-16T09:00:00Z, its end")
    );
}

#[test]
fn a_delete_is_answered_when_nothing_is_left_or_only_a_term_holds_it() {
    let owed = Owed::to(&request("Delete"), None);
    let mut plan = plan(json!({}));
    plan.record.lifecycle = Lifecycle::Retiring;
    let waits = "for the aliases to be off and the throughput to be gone";
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(0)), Verdict::Wait(waits.to_owned()));
    plan.let_go = true;
    assert!(matches!(owed.verdict(&plan, &Observed::default(), at(0)), Verdict::Wait(_)), "no throughput, no term");
    let until = |seconds| Throughput { term_end: Some(at(seconds)), ..throughput(ThroughputStatus::InService) };
    for (ours, let_go, answered) in [
        (vec![until(1)], true, true),
        (vec![until(1)], false, false),
        (vec![until(0)], true, false),
        (vec![until(1), throughput(ThroughputStatus::InService)], true, false),
        (vec![until(1), until(7200)], true, true),
        (vec![Throughput { status: ThroughputStatus::Failed, ..until(1) }], true, false),
    ] {
        (plan.ours, plan.let_go) = (ours, let_go);
        assert_eq!(owed.verdict(&plan, &Observed::default(), at(0)) == SUCCESS, answered, "{:?}", plan.ours);
    }
    plan.ours = vec![throughput(ThroughputStatus::InService)];
    plan.failures.push(error(CallErrorKind::Conflict, "ConflictException"));
    assert!(matches!(owed.verdict(&plan, &Observed::default(), at(0)), Verdict::Wait(_)));
    plan.failures.push(error(CallErrorKind::Refused, "AccessDeniedException"));
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(0)), failed("cannot do it: AccessDeniedException: no"));
    plan.nothing_left = true;
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(0)), SUCCESS);
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(7200)), SUCCESS, "after its end, too");
}

#[test]
fn a_delete_that_only_takes_time_is_answered_success_a_minute_before_its_end() {
    let owed = Owed::to(&request("Delete"), None);
    let mut plan = plan(json!({}));
    plan.ours = vec![throughput(ThroughputStatus::Creating)];
    plan.let_go = true;
    assert!(matches!(owed.verdict(&plan, &Observed::default(), at(3539)), Verdict::Wait(_)));
    assert_eq!(owed.verdict(&plan, &Observed::default(), at(3540)), SUCCESS);
    plan.let_go = false;
    assert!(matches!(owed.verdict(&plan, &Observed::default(), at(3540)), Verdict::Now(Decision::Failed(_))));
    let create = Owed { kind: RequestType::Create, ..owed };
    plan.let_go = true;
    plan.ours.clear();
    assert!(matches!(create.verdict(&plan, &Observed::default(), at(3540)), Verdict::Now(Decision::Failed(_))));
}

#[test]
fn where_nothing_can_be_seen_a_final_refusal_fails_what_is_declared_and_only_a_denied_one_a_delete() {
    let (denied, invalid, silent) = (
        error(CallErrorKind::Refused, "AccessDeniedException"),
        error(CallErrorKind::Invalid, "ValidationException"),
        error(CallErrorKind::NoAnswer, "NoAnswer"),
    );
    for (kind, hopeless) in
        [("Create", [true, true, false]), ("Update", [true, true, false]), ("Delete", [true, false, false])]
    {
        let owed = Owed::to(&request(kind), None);
        for (error, hopeless) in [&denied, &invalid, &silent].into_iter().zip(hopeless) {
            let verdict = owed.verdict_without_look(error, at(0));
            assert_eq!(verdict == failed(&error.to_string()), hopeless, "{kind}: {verdict:?}");
            let late = owed.verdict_without_look(error, at(3540));
            assert!(matches!(late, Verdict::Now(Decision::Failed(_))), "{kind}: {late:?}");
        }
        let decided = Owed { decided: Some(Decision::Success), ..owed };
        assert_eq!(decided.verdict_without_look(&denied, at(0)), SUCCESS, "what was decided stays");
        assert_eq!(decided.verdict(&plan(json!({})), &Observed::default(), at(7200)), SUCCESS);
    }
}

#[test]
fn data_says_what_is_held_and_what_comes_next() {
    let timetable = json!({"Timezone": "UTC", "Windows": ["Mon 07:00-10:00"]});
    let mut record = record(json!({"LeadTime": "0m", "Timetable": timetable}));
    let next = Some((instant("2026-11-16T10:00:00Z"), State::Off));
    let on = Data { state: Some(State::On), units: 1, arn: String::new(), next };
    assert_eq!(Data::of(&record, at(0)), on);
    record.notice(
        &Throughput { name: "x".into(), arn: "arn:served".into(), ..throughput(ThroughputStatus::InService) },
        None,
        at(0),
    );
    assert_eq!(Data::of(&record, at(0)).arn, "arn:served", "what serves meanwhile");
    record.notice(&throughput(ThroughputStatus::Creating), None, at(0));
    assert_eq!(Data::of(&record, at(0)), Data { arn: "arn:ours".to_owned(), ..on });
    let off = Data::of(&record, instant("2026-11-16T10:00:00Z"));
    assert_eq!((off.state, off.units), (Some(State::Off), 0));
    record.retire();
    assert_eq!(Data::of(&record, at(0)), Data::default());
    let origin = request("Create").origin;
    let told: Value =
        serde_json::from_str(&body(&origin, &Decision::Success, &Data { units: 2, ..on_now() })).expect("JSON");
    let name = origin.physical_id();
    assert_eq!(
        told["Data"],
        json!({
            "Name": name, "State": "On", "ModelUnits": "2", "ProvisionedModelArn": "arn:ours",
            "NextTransitionAt": "2026-11-16T10:00:00Z", "NextState": "Off",
        })
    );
    let nothing: Value = serde_json::from_str(&body(&origin, &Decision::Success, &Data::default())).expect("JSON");
    assert_eq!((&nothing["Data"]["State"], &nothing["Data"]["NextState"]), (&json!("Off"), &json!("")));
}

fn on_now() -> Data {
    let next = Some((instant("2026-11-16T10:00:00Z"), State::Off));
    Data { state: Some(State::On), units: 1, arn: "arn:ours".to_owned(), next }
}

#[test]
fn a_reason_is_cut_as_far_as_the_answer_needs_and_no_further() {
    let origin = request("Create").origin;
    let cut = |reason: String| {
        let body = body(&origin, &Decision::Failed(reason), &Data::default());
        assert!(body.len() <= 4096, "{} bytes", body.len());
        let told: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(told["Status"], json!("FAILED"));
        told["Reason"].as_str().expect("a reason").chars().count()
    };
    assert_eq!(cut("x".repeat(999)), 999);
    assert_eq!(cut("x".repeat(5000)), 1000);
    assert_eq!(cut("\u{1F6D1}".repeat(5000)), 750, "of four bytes each, three quarters fit");
    assert_eq!(cut("\u{1}".repeat(5000)), 562, "of six bytes each, nine sixteenths");
}

#[test]
fn answers_go_where_aws_has_its_names_and_to_listed_hosts() {
    let listed = ["localhost:8080".to_owned(), "example.org:443".to_owned()];
    for (url, goes) in [
        ("https://b.s3.amazonaws.com/x", Ok(())),
        ("https://b.s3-eu-west-1.amazonaws.com/x", Ok(())),
        ("https://b.s3.cn-north-1.amazonaws.com.cn/x", Ok(())),
        ("https://b.s3-x.c2s.ic.gov/x", Ok(())),
        ("https://b.s3.r.amazonaws.eu/x", Ok(())),
        ("http://localhost:8080/x", Ok(())),
        ("https://example.org/x", Ok(())),
        ("https://b.c2s.ic.gov/x", Err(Unanswerable::Elsewhere)),
        ("https://b.s3x.c2s.ic.gov/x", Err(Unanswerable::Elsewhere)),
        ("https://xamazonaws.com/x", Err(Unanswerable::Elsewhere)),
        ("https://b.s3.amazonaws.com:8443/x", Err(Unanswerable::Elsewhere)),
        ("https://me@b.s3.amazonaws.com/x", Err(Unanswerable::Elsewhere)),
        ("http://b.s3.amazonaws.com/x", Err(Unanswerable::Elsewhere)),
        ("http://localhost/x", Err(Unanswerable::Elsewhere)),
        ("ftp://localhost:8080/x", Err(Unanswerable::Elsewhere)),
        ("/x", Err(Unanswerable::Malformed)),
    ] {
        let read = ResponseUrl::new(url, &listed);
        assert_eq!(read.as_ref().map(|_| ()).map_err(|error| *error), goes, "{url}");
        if let Ok(read) = read {
            assert_eq!(read.expose(), url);
            assert_eq!(format!("{read:?}"), "ResponseUrl(…)");
        }
    }
    assert_eq!(format!("{:?}", raw(json!({}))), "RawRequest(…)", "it holds the URL");
    assert_eq!(Origin::find(&raw(json!({"ResponseURL": ""})), &[]), Err(Unanswerable::Missing));
}

#[test]
fn a_request_is_dated_by_its_url_and_ends_with_the_shorter_wait() {
    let at_arrival =
        |more: Value, now| read(more, now).map(|request| (request.dated, request.decide_at, request.until));
    assert_eq!(at_arrival(json!({}), at(30)), Ok((at(0), at(3540), at(3600))));
    assert_eq!(at_arrival(json!({}), at(-30)), Ok((at(0), at(3510), at(3570))), "a clock that is ahead");
    let timeout = |seconds: u32| json!({"ResourceProperties": {"ServiceTimeout": seconds.to_string()}});
    assert_eq!(at_arrival(timeout(600), at(0)), Ok((at(0), at(540), at(600))));
    assert_eq!(
        at_arrival(timeout(100), at(0)),
        Ok((at(0), at(50), at(100))),
        "half of what is shorter than two minutes"
    );
    assert_eq!(at_arrival(timeout(9999), at(0)), Ok((at(0), at(3540), at(3600))));
    let undated = json!({"ResponseURL": "https://b.s3.amazonaws.com/x"});
    assert_eq!(at_arrival(undated, at(30)), Ok((at(30), at(3570), at(3630))));
    assert!(!request("Create").guards);
    assert!(read(json!({"ResourceType": "Custom::CommitmentsGuard"}), at(0)).is_ok_and(|request| request.guards));
    for (more, said) in [
        (json!({"ResourceProperties": 7}), "ResourceProperties: `7` is not an object"),
        (json!({"ResourceProperties": null}), "ResourceProperties: is missing"),
        (json!({"RequestType": "Replace"}), "RequestType: `Replace`"),
        (json!({"RequestType": null}), "RequestType: is missing"),
        (json!({"StackId": ""}), "StackId: is missing"),
        (json!({"LogicalResourceId": "a b"}), "LogicalResourceId: `a b`"),
    ] {
        assert!(read(more, at(0)).is_err_and(|told| told.contains(said)), "{said}");
    }
    assert!(read(json!({"RequestType": "Delete", "ResourceProperties": null}), at(0)).is_ok());
}

#[test]
fn ids_may_fill_half_an_answer_and_no_more() {
    // Quotes, commas and brackets count: they are what the ids cost in JSON.
    let found = |length: usize| {
        let request = json!({"StackId": "x".repeat(length), "RequestId": "", "LogicalResourceId": ""});
        Origin::find(&raw(request), &[]).map(|_| ())
    };
    assert_eq!(found(2048 - 10), Ok(()));
    assert_eq!(found(2048 - 9), Err(Unanswerable::Unrepeatable));
}

#[test]
fn the_derived_name_follows_from_stack_and_logical_id_alone() {
    assert_eq!(request("Create").origin.physical_id(), request("Delete").origin.physical_id());
    let long = read(json!({"LogicalResourceId": "L".repeat(255)}), at(0)).expect("it is right").origin.physical_id();
    assert_eq!((long.len(), &long[..32]), (40, format!("{}-", "L".repeat(31)).as_str()));
}
