//! What is remembered, and what comes of it? Section 6 of interface.md, record by record.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod claims;
mod overwritten;

use jiff::{SignedDuration, Timestamp};
use policy::commitment::{AliasId, Commitment, ParameterName};
use policy::custom_resource::{Origin, RawRequest, Request};
use policy::desired::{Base, Hold, Override};
use policy::event::{read_stored, tick_input};
use policy::input::Mistakes;
use policy::observed::{Throughput, ThroughputStatus};
use policy::record::{
    Buying, Decision, Gone, Lifecycle, Owed, Previous, Record, Resource, Schedule, Stored, next_token, tags_digest,
};
use policy::timetable::State;
use rehearsal::commitment;
use serde_json::{Value, json};

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-16T08:00:00Z".parse().expect("an instant");
    start + SignedDuration::from_secs(seconds)
}

fn declared(aliases: &[&str]) -> Commitment {
    let aliases: Vec<Value> =
        aliases.iter().map(|alias| json!({"AgentId": "ABCDEFGHIJ", "AgentAliasId": alias})).collect();
    let mut mistakes = Mistakes::default();
    let read = Commitment::read(&commitment(json!({ "AgentAliases": aliases })), "", &mut mistakes);
    mistakes.or(read).expect("it is right")
}

const ONE: &str = "ALIAS00001";
const TWO: &str = "ALIAS00002";
const THREE: &str = "ALIAS00003";
/// The declared model without its context length.
const BASE: &str = "amazon.nova-lite-v1:0";

fn alias(alias: &str) -> AliasId {
    AliasId { agent: "ABCDEFGHIJ".to_owned(), alias: alias.to_owned() }
}

fn parameter(name: &str) -> ParameterName {
    name.parse().expect("it is a name")
}

fn record(aliases: &[&str]) -> Record {
    let schedule = Schedule { minutes: 1, role_arn: "role".to_owned(), target: "function".to_owned() };
    Record::new(declared(aliases), at(0), schedule)
}

fn throughput(arn: &str, status: ThroughputStatus, term_end: Option<Timestamp>) -> Throughput {
    Throughput {
        name: format!("name of {arn}"),
        arn: arn.to_owned(),
        status,
        units: 1,
        model_arn: String::new(),
        foundation_model_arn: String::new(),
        term: None,
        term_end,
        failure: Some("no capacity".to_owned()),
    }
}

fn request(kind: &str) -> Request {
    let raw = RawRequest(json!({
        "RequestType": kind, "ResponseURL": "https://b.s3.amazonaws.com/x?X-Amz-Date=20261116T080000Z", "StackId": "stack",
        "RequestId": kind, "LogicalResourceId": "Throughput", "ResourceProperties": {"ModelId": "m.n"},
    }));
    let origin = Origin::find(&raw, &[]).expect("it can be answered");
    Request::read(&raw, origin, at(0)).expect("it is right")
}

fn resource(newest: Timestamp) -> Resource {
    Resource { newest, request_id: "r".to_owned(), created: false, answered: None, taken: Vec::new() }
}

/// A record that owes `kind` an answer.
fn owing(kind: &str, previous: Option<Previous>) -> Record {
    let mut record = record(&[ONE]);
    record.resource = Some(resource(at(0)));
    record.owed = Some(Owed::to(&request(kind), previous));
    record
}

#[test]
fn what_says_nothing_is_not_written() {
    let written = |record: &Record| serde_json::to_value(record).expect("JSON");
    let plain = written(&record(&[]));
    let keys: Vec<&String> = plain.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["Commitment", "Registered", "Requested", "Revision", "Schedule"]);
    let mut full = record(&[]);
    (full.by_hand, full.lifecycle) = (true, Lifecycle::Retiring);
    full.aliases.entry(alias(ONE)).or_default().rejecting = true;
    full.notice(&throughput("a", ThroughputStatus::InService, None), None, at(0));
    full.resource = Some(Resource { created: true, ..resource(at(0)) });
    let full = written(&full);
    for at in ["/ByHand", "/Throughputs/0/Served", "/Resource/Created", "/Aliases/ABCDEFGHIJ~1ALIAS00001/Rejecting"] {
        assert_eq!(full.pointer(at), Some(&json!(true)), "{at}");
    }
    assert_eq!(full["Lifecycle"], json!("Retiring"));
}

#[test]
fn what_the_schedule_holds_is_the_record() {
    let mut record =
        owing("Update", Some(Previous { commitment: declared(&[]), by_hand: true, lifecycle: Lifecycle::Ended }));
    record.notice(&throughput("gone", ThroughputStatus::Failed, None), None, at(0));
    record.forget_throughput("gone");
    record.notice(&throughput("held", ThroughputStatus::InService, Some(at(60))), None, at(0));
    for missing in [None, Some("missing".to_owned())] {
        record.buying.insert("x".to_owned(), Buying { since: at(0), missing });
        let stored = read_stored(&tick_input(&record));
        assert_eq!(stored, Ok(Some(Stored::Record(Box::new(record.clone())))));
    }
    let longest = "a".repeat(2048);
    record.notice(&throughput(&longest, ThroughputStatus::InService, None), None, at(0));
    assert!(read_stored(&tick_input(&record)).is_ok());
    record.forget_throughput(&longest);
    record.gone.insert("y".to_owned(), Gone { arn: format!("{longest}b"), failed: None });
    assert!(read_stored(&tick_input(&record)).is_err_and(|error| error.contains("2049 bytes")), "no ARN is that long");
}

#[test]
fn what_was_only_ever_scaled_is_never_on_by_itself() {
    let mut record = record(&[]);
    assert_eq!(record.demand().base, Base::Always);
    record.by_hand = true;
    assert_eq!(record.demand().base, Base::Never);
}

#[test]
fn off_by_hand_is_a_hold_or_a_live_override_above_it() {
    let mut record = record(&[]);
    let hold = |state| Some(Hold { state, since: at(0) });
    let live = |state| Some(Override { state, units: None, until: at(60), reason: None });
    assert!(!record.off_by_hand(at(0)));
    record.hold = hold(State::Off);
    assert!(record.off_by_hand(at(0)));
    record.override_ = live(State::On);
    for (seconds, off) in [(0, false), (59, false), (60, true), (61, true)] {
        assert_eq!(record.off_by_hand(at(seconds)), off, "{seconds}");
    }
    (record.hold, record.override_) = (hold(State::On), live(State::Off));
    for (seconds, off) in [(0, true), (59, true), (60, false), (61, false)] {
        assert_eq!(record.off_by_hand(at(seconds)), off, "{seconds}");
    }
}

#[test]
fn dropped_aliases_leave_until_they_are_declared_again() {
    let mut record = record(&[TWO, ONE]);
    record.declare(declared(&[THREE]));
    assert_eq!(record.commitment.aliases, [alias(THREE)]);
    assert_eq!(record.leaving, [alias(ONE), alias(TWO)]);
    record.declare(declared(&[ONE]));
    assert_eq!(record.leaving, [alias(TWO), alias(THREE)]);
    assert_eq!(record.all_aliases().cloned().collect::<Vec<_>>(), [alias(ONE), alias(TWO), alias(THREE)]);
}

#[test]
fn a_dropped_parameter_leaves_with_what_its_own_declaration_says_until_it_is_declared_again() {
    let pointing = |name: &str| {
        let mut commitment = declared(&[]);
        commitment.parameter = Some(parameter(name));
        commitment
    };
    let mut record = record(&[]);
    record.declare(pointing("/one"));
    assert!(record.leaving_parameters.is_empty());
    record.declare(pointing("/two"));
    assert!(record.leaving_parameters.iter().eq([(&parameter("/one"), &BASE.to_owned())]));
    record.declare(pointing("/one"));
    assert!(record.all_parameters().eq([&parameter("/one"), &parameter("/two")]));
}

#[test]
fn what_retires_is_held_by_nothing() {
    let mut record = record(&[]);
    record.hold = Some(Hold { state: State::On, since: at(0) });
    record.override_ = Some(Override { state: State::On, units: None, until: at(60), reason: None });
    record.retire();
    assert_eq!((record.lifecycle, record.hold, record.override_), (Lifecycle::Retiring, None, None));
}

#[test]
fn a_running_term_is_the_last_one_that_has_not_ended() {
    let mut record = record(&[]);
    assert_eq!(record.running_term(at(0)), None);
    record.notice(&throughput("a", ThroughputStatus::InService, Some(at(60))), None, at(0));
    record.notice(&throughput("b", ThroughputStatus::InService, Some(at(30))), None, at(0));
    for (seconds, end) in [(0, Some(at(60))), (59, Some(at(60))), (60, None), (61, None)] {
        assert_eq!(record.running_term(at(seconds)), end, "{seconds}");
    }
}

#[test]
fn a_term_that_ends_later_than_it_did_has_renewed() {
    let mut record = record(&[]);
    for (end, renewed) in
        [(Some(at(60)), false), (Some(at(60)), false), (None, false), (Some(at(120)), true), (Some(at(120)), true)]
    {
        record.notice(&throughput("a", ThroughputStatus::InService, end), None, at(0));
        assert_eq!(record.held("a").map(|held| held.renewed), Some(renewed), "{end:?}");
    }
    assert_eq!(record.held("a").and_then(|held| held.term_end), Some(at(120)));
    record.notice(&throughput("a", ThroughputStatus::Failed, Some(at(120))), None, at(0));
    assert_eq!(record.held("a").and_then(|held| held.term_end), None, "what failed serves no term");
}

#[test]
fn a_throughput_is_noticed_once_and_remembered_when_it_is_gone() {
    let mut record = record(&[]);
    record.buying.insert("name of a".to_owned(), Buying { since: at(0), missing: None });
    record.notice(&throughput("a", ThroughputStatus::Creating, None), Some("digest".to_owned()), at(1));
    record.notice(&throughput("a", ThroughputStatus::Failed, None), Some("other".to_owned()), at(2));
    record.notice(&throughput("a", ThroughputStatus::Failed, None), None, at(3));
    let held = record.held("a").expect("it is known").clone();
    assert_eq!(
        (held.first_seen, held.served, held.tags.as_str(), record.throughputs.len()),
        (at(1), false, "digest", 1)
    );
    let failed = held.failed.expect("it failed");
    assert_eq!((failed.at, failed.reason.as_str()), (at(2), "no capacity"));
    assert!(record.buying.is_empty(), "what was bought has shown");
    assert!(!record.is_gone("a"));
    record.forget_throughput("a");
    assert!(record.is_gone("a") && !record.is_gone("b") && record.held("a").is_none());
    assert_eq!(record.gone["name of a"], Gone { arn: "a".to_owned(), failed: Some(failed) });
}

#[test]
fn a_purchase_has_the_same_token_until_what_it_bought_is_gone() {
    let mut record = record(&[]);
    let first = record.token("x");
    assert!(first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    assert_eq!(record.clone().token("x"), first);
    assert_ne!(record.token("y"), first);
    record.gone.insert("x".to_owned(), Gone { arn: "a".to_owned(), failed: None });
    let second = record.token("x");
    assert_ne!(second, first);
    assert_ne!(Record { registered: at(1), ..record }.token("x"), second, "registered anew");
    let spent = next_token(&first, "a");
    assert!(
        spent.len() == 64 && spent != first && spent != next_token(&first, "b") && spent != next_token(&second, "a")
    );
}

#[test]
fn tags_are_told_apart_by_a_digest() {
    let digest = |tags: &[(&str, &str)]| {
        tags_digest(&tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    };
    let all = [
        digest(&[]),
        digest(&[("a", "b")]),
        digest(&[("a", "c")]),
        digest(&[("a", "b;1:c=1:d")]),
        digest(&[("a", "b"), ("c", "d")]),
    ];
    assert!(all.iter().all(|digest| digest.len() == 12));
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "{all:?}");
    assert_eq!(digest(&[("a", "b")]), all[1]);
}

#[test]
fn an_answer_is_owed_to_who_asked_and_to_nobody_else() {
    let owed = Owed::to(&request("Create"), None);
    assert!(owed.is_to(&request("Create").origin) && !owed.is_to(&request("Update").origin));
}

#[test]
fn a_create_that_fails_retires_and_an_update_that_fails_puts_back_what_was() {
    let failed = Decision::Failed("no".to_owned());
    let mut create = owing("Create", None);
    create.decide(&failed);
    assert_eq!(create.lifecycle, Lifecycle::Retiring);
    assert_eq!(create.owed.as_ref().and_then(|owed| owed.decided.clone()), Some(failed.clone()));
    create.decide(&Decision::Success);
    assert_eq!(create.owed.and_then(|owed| owed.decided), Some(failed.clone()), "what is decided stays");
    let previous = || Some(Previous { commitment: declared(&[TWO]), by_hand: true, lifecycle: Lifecycle::Ended });
    let mut update = owing("Update", previous());
    update.decide(&failed);
    assert_eq!((&update.commitment.aliases, update.by_hand), (&vec![alias(TWO)], true));
    assert_eq!((update.lifecycle, update.leaving), (Lifecycle::Ended, vec![alias(ONE)]));
    let mut retired = Record { lifecycle: Lifecycle::Retiring, ..owing("Update", previous()) };
    retired.decide(&failed);
    assert_eq!(retired.lifecycle, Lifecycle::Retiring, "what was retired meanwhile is not brought back");
}

#[test]
fn success_and_a_delete_that_fails_leave_everything_as_it_is() {
    for (kind, decision) in [
        ("Create", Decision::Success),
        ("Update", Decision::Success),
        ("Delete", Decision::Success),
        ("Delete", Decision::Failed("no".to_owned())),
    ] {
        let previous = Previous { commitment: declared(&[TWO]), by_hand: true, lifecycle: Lifecycle::Ended };
        let mut record = owing(kind, Some(previous));
        let before = record.clone();
        record.decide(&decision);
        let owed = record.owed.take().expect("still owed");
        assert_eq!((owed.decided, record), (Some(decision), Record { owed: None, ..before }), "{kind}");
    }
}

#[test]
fn only_a_create_or_update_that_was_told_success_has_created() {
    for (kind, decision, created) in [
        ("Create", Decision::Success, true),
        ("Update", Decision::Success, true),
        ("Delete", Decision::Success, false),
        ("Create", Decision::Failed("no".to_owned()), false),
    ] {
        for known in [false, true] {
            let mut record = owing(kind, None);
            record.resource = Some(Resource { created: known, ..resource(at(0)) });
            record.decide(&decision);
            record.answered();
            let resource = record.resource.expect("a resource");
            assert_eq!((record.owed, resource.created), (None, created || known), "{kind} {decision:?}");
            assert_eq!(resource.answered, Some(decision.clone()));
        }
    }
}
