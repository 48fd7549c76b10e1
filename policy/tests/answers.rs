//! When is what answered? Plans that are told step by step, to the second (docs/reference.md, "The custom resource").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use policy::answer::{Data, Verdict, body};
use policy::commitment::{AliasId, Commitment, Term};
use policy::custom_resource::{Origin, RawRequest, Request};
use policy::input::Mistakes;
use policy::observed::{AgentAlias, AliasStatus, CallError, CallErrorKind, Observed, Throughput, ThroughputStatus};
use policy::plan::{Plan, WaitingOn};
use policy::record::{Decision, Declared, Owed, Progress, Record};
use policy::timetable::State;
use serde_json::{Value, json};

const AGENT: &str = "ABCDEFGHIJ";
const ALIAS: &str = "KLMNOPQRST";
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

fn declared(more: Value) -> Declared {
    let mut declaration = json!({
        "Name": "support-agent", "ModelId": "amazon.nova-lite-v1:0:24k",
        "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": ALIAS}],
    });
    if let (Some(members), Value::Object(more)) = (declaration.as_object_mut(), more) {
        members.extend(more);
    }
    let mut mistakes = Mistakes::default();
    let read = Commitment::read(&declaration, "", &mut mistakes);
    Declared::new(mistakes.or(read).expect("it is right"), at(0))
}

fn throughput(status: ThroughputStatus) -> Throughput {
    let commitment = declared(json!({})).commitment;
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

/// A plan that has nothing to do, of a commitment that is wanted.
fn plan() -> Plan {
    Plan {
        progress: Progress::default(),
        actions: Vec::new(),
        waiting: Vec::new(),
        problems: Vec::new(),
        failures: Vec::new(),
        ours: Vec::new(),
        wants: true,
        serving: None,
        refused: None,
        spent: None,
        let_go: false,
        free: Vec::new(),
        nothing_left: false,
    }
}

/// The same, with `throughput` seen, and as the one that serves or is to serve.
fn serving(throughput: Throughput) -> Plan {
    let mut plan = Plan { serving: Some(throughput.arn.clone()), ..plan() };
    plan.progress.see(&throughput, at(0));
    plan.ours.push(throughput);
    plan
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
fn accepted_is_answered_once_what_is_due_was_seen_bought() {
    let owed = Owed::to(&request("Create"), None);
    let declared = declared(json!({}));
    let verdict = |plan: &Plan| owed.verdict(&declared, plan, &Observed::default(), at(0));
    assert_eq!(verdict(&plan()), Verdict::Wait("for the throughput of support-agent to be bought".to_owned()));
    let mut other = plan();
    other.ours.push(Throughput { name: "another".to_owned(), ..throughput(ThroughputStatus::InService) });
    assert!(matches!(verdict(&other), Verdict::Wait(_)), "what serves meanwhile is not the one");
    let mut returned = serving(throughput(ThroughputStatus::Creating));
    returned.progress.throughputs.get_mut("arn:ours").expect("it is there").seen = None;
    assert!(matches!(verdict(&returned), Verdict::Wait(_)), "what Create returned and nobody has seen is not known");
    assert_eq!(verdict(&serving(throughput(ThroughputStatus::Creating))), SUCCESS);
}

#[test]
fn nothing_due_is_answered_at_once() {
    for kind in ["Create", "Update"] {
        let owed = Owed::to(&request(kind), None);
        let mut declared = declared(json!({"WaitFor": "InService"}));
        let off = Plan { wants: false, ..plan() };
        assert_eq!(owed.verdict(&declared, &off, &Observed::default(), at(0)), SUCCESS);
        declared.retire();
        let retired = owed.verdict(&declared, &off, &Observed::default(), at(0));
        assert_eq!(retired, failed("it has been retired meanwhile"));
    }
}

#[test]
fn a_purchase_that_was_spent_fails_a_create_and_no_update() {
    let declared = declared(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}));
    let spent = Plan { spent: Some("2026-11".to_owned()), ..plan() };
    let verdict = |kind| Owed::to(&request(kind), None).verdict(&declared, &spent, &Observed::default(), at(0));
    assert_eq!(verdict("Create"), failed("Purchase `2026-11` was spent before; give Purchase a new value"));
    assert_eq!(verdict("Update"), SUCCESS, "a rollback must not fail for a term that has ended");
}

#[test]
fn in_service_is_answered_once_it_is_and_every_alias_is_on_it() {
    let owed = Owed::to(&request("Create"), None);
    let mut declared = declared(json!({"WaitFor": "InService"}));
    for (status, route, serves) in [
        (ThroughputStatus::Creating, Some("arn:ours"), false),
        (ThroughputStatus::InService, None, false),
        (ThroughputStatus::InService, Some("arn:other"), false),
        (ThroughputStatus::InService, Some("arn:ours"), true),
    ] {
        let verdict = owed.verdict(&declared, &serving(throughput(status.clone())), &routed(route), at(0));
        assert_eq!(verdict == SUCCESS, serves, "{status:?} {route:?}: {verdict:?}");
    }
    declared.commitment.aliases.push(AliasId { agent: AGENT.to_owned(), alias: "ALIAS00002".to_owned() });
    let plan = serving(throughput(ThroughputStatus::InService));
    assert!(
        matches!(owed.verdict(&declared, &plan, &routed(Some("arn:ours")), at(0)), Verdict::Wait(_)),
        "every alias"
    );
}

#[test]
fn what_it_waits_for_is_said_with_its_problems_and_failures() {
    let owed = Owed::to(&request("Create"), None);
    let declared = declared(json!({"WaitFor": "InService"}));
    let mut plan = serving(throughput(ThroughputStatus::Creating));
    plan.waiting.push(WaitingOn::InService { name: "x".to_owned() });
    plan.problems.push("a problem".to_owned());
    plan.failures.push(error(CallErrorKind::Busy, "ConflictException"));
    let said = "for x to be in service; a problem; cannot do it: ConflictException: no";
    let verdict = |plan: &Plan| owed.verdict(&declared, plan, &routed(None), at(0));
    assert_eq!(verdict(&plan), Verdict::Wait(said.to_owned()));
    plan.failures.push(error(CallErrorKind::Invalid, "ValidationException"));
    assert_eq!(verdict(&plan), failed("cannot do it: ValidationException: no"));
    plan.refused = Some("refused".to_owned());
    assert_eq!(verdict(&plan), failed("refused"));
}

#[test]
fn a_minute_before_its_end_a_request_is_answered_whatever_has_been_reached() {
    let owed = Owed::to(&request("Create"), None);
    assert_eq!((owed.decide_at, owed.until), (at(3540), at(3600)));
    let declared = declared(json!({"AgentAliases": []}));
    let verdict = |plan: &Plan, seconds| owed.verdict(&declared, plan, &Observed::default(), at(seconds));
    assert!(matches!(verdict(&plan(), 3539), Verdict::Wait(_)));
    assert!(
        matches!(verdict(&plan(), 3540), Verdict::Now(Decision::Failed(reason)) if reason.starts_with("not done in time, still waiting: for "))
    );
    let done = serving(throughput(ThroughputStatus::Creating));
    assert_eq!(verdict(&done, 3599), SUCCESS);
    assert_eq!(verdict(&done, 3600), failed("done only after 2026-11-16T09:00:00Z, its end"));
}

#[test]
fn a_term_that_aws_has_accepted_is_answered_success_a_minute_before_the_end() {
    let declared = declared(json!({"WaitFor": "InService", "CommitmentDuration": "OneMonth", "Purchase": "1"}));
    for (term, kind, success) in
        [(Some(Term::OneMonth), "Create", true), (Some(Term::OneMonth), "Update", true), (None, "Create", false)]
    {
        let owed = Owed::to(&request(kind), None);
        let plan = serving(Throughput { term, ..throughput(ThroughputStatus::Creating) });
        assert!(matches!(owed.verdict(&declared, &plan, &routed(None), at(3539)), Verdict::Wait(_)), "{kind}");
        assert_eq!(owed.verdict(&declared, &plan, &routed(None), at(3540)) == SUCCESS, success, "{kind} {term:?}");
    }
}

#[test]
fn a_delete_is_answered_when_nothing_is_left_or_only_a_term_holds_it() {
    let owed = Owed::to(&request("Delete"), None);
    let mut declared = declared(json!({}));
    declared.retire();
    let verdict = |plan: &Plan, seconds| owed.verdict(&declared, plan, &Observed::default(), at(seconds));
    let mut plan = Plan { wants: false, ..plan() };
    let waits = "for the aliases to be off and the throughput to be gone";
    assert_eq!(verdict(&plan, 0), Verdict::Wait(waits.to_owned()));
    plan.let_go = true;
    assert!(matches!(verdict(&plan, 0), Verdict::Wait(_)), "no throughput, no term");
    let of_term = |status, term_end| Throughput { term: Some(Term::OneMonth), term_end, ..throughput(status) };
    let until = |seconds| of_term(ThroughputStatus::InService, Some(at(seconds)));
    for (ours, let_go, answered) in [
        (vec![until(1)], true, true),
        (vec![until(1)], false, false),
        (vec![until(0)], true, false),
        (vec![until(1), throughput(ThroughputStatus::InService)], true, false),
        (vec![until(1), until(7200)], true, true),
        (vec![of_term(ThroughputStatus::InService, None)], true, true),
        (vec![of_term(ThroughputStatus::Creating, None)], true, false),
        (vec![of_term(ThroughputStatus::Unseen, None)], true, false),
        (vec![of_term(ThroughputStatus::Failed, Some(at(1)))], true, false),
    ] {
        (plan.ours, plan.let_go) = (ours, let_go);
        assert_eq!(verdict(&plan, 0) == SUCCESS, answered, "{:?}", plan.ours);
    }
    plan.ours = vec![throughput(ThroughputStatus::InService)];
    plan.failures.push(error(CallErrorKind::Conflict, "ConflictException"));
    assert!(matches!(verdict(&plan, 0), Verdict::Wait(_)));
    plan.failures.push(error(CallErrorKind::Refused, "AccessDeniedException"));
    assert_eq!(verdict(&plan, 0), failed("cannot do it: AccessDeniedException: no"));
    plan.nothing_left = true;
    assert_eq!((verdict(&plan, 0), verdict(&plan, 7200)), (SUCCESS, SUCCESS), "after its end, too");
}

#[test]
fn a_delete_that_only_takes_time_is_answered_success_a_minute_before_its_end() {
    let owed = Owed::to(&request("Delete"), None);
    let declared = declared(json!({}));
    let mut plan = Plan { wants: false, let_go: true, ours: vec![throughput(ThroughputStatus::Creating)], ..plan() };
    let verdict = |plan: &Plan, seconds| owed.verdict(&declared, plan, &Observed::default(), at(seconds));
    assert!(matches!(verdict(&plan, 3539), Verdict::Wait(_)));
    assert_eq!(verdict(&plan, 3540), SUCCESS);
    plan.let_go = false;
    assert!(matches!(verdict(&plan, 3540), Verdict::Now(Decision::Failed(_))));
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
        let declared = declared(json!({}));
        assert_eq!(decided.verdict(&declared, &plan(), &Observed::default(), at(7200)), SUCCESS);
    }
}

#[test]
fn data_says_what_is_held_and_what_comes_next() {
    let timetable = json!({"Timezone": "UTC", "Windows": ["Mon 07:00-10:00"]});
    let mut record = Record::new(declared(json!({"LeadTime": "0m", "Timetable": timetable})));
    let next = Some((instant("2026-11-16T10:00:00Z"), State::Off));
    let on = Data { state: Some(State::On), units: 1, arn: String::new(), next };
    assert_eq!(Data::of(&record, "", at(0)), on);
    let other = Throughput { name: "x".into(), arn: "arn:served".into(), ..throughput(ThroughputStatus::InService) };
    record.progress.see(&other, at(0));
    assert_eq!(Data::of(&record, "", at(0)).arn, "arn:served", "what serves meanwhile");
    record.progress.see(&throughput(ThroughputStatus::Creating), at(0));
    assert_eq!(Data::of(&record, "", at(0)), Data { arn: "arn:ours".to_owned(), ..on });
    let off = Data::of(&record, "", instant("2026-11-16T10:00:00Z"));
    assert_eq!((off.state, off.units), (Some(State::Off), 0));
    record.declared.retire();
    assert_eq!(Data::of(&record, "", at(0)), Data::default());
    let origin = request("Create").origin;
    let on = Data { state: Some(State::On), units: 2, arn: "arn:ours".to_owned(), next };
    let told: Value = serde_json::from_str(&body(&origin, &Decision::Success, &on)).expect("JSON");
    assert_eq!(
        told["Data"],
        json!({
            "Name": origin.physical_id(), "State": "On", "ModelUnits": "2", "ProvisionedModelArn": "arn:ours",
            "NextTransitionAt": "2026-11-16T10:00:00Z", "NextState": "Off",
        })
    );
    assert!(told.get("Reason").is_none() && !told.to_string().contains("null"));
    let nothing: Value = serde_json::from_str(&body(&origin, &Decision::Success, &Data::default())).expect("JSON");
    assert_eq!((&nothing["Data"]["State"], &nothing["Data"]["NextState"]), (&json!("Off"), &json!("")));
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
