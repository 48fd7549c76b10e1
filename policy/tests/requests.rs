//! What does `CloudFormation` ask for, and where is it answered? (docs/reference.md, "The custom resource")

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use policy::custom_resource::{Origin, RawRequest, Request, ResponseUrl, Unanswerable};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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
    let digest = Sha256::digest("arn:stack/Throughput");
    let digits = format!("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
    assert_eq!(request("Create").origin.physical_id(), format!("Throughput-{digits}"));
    assert_eq!((long.len(), &long[..32]), (40, format!("{}-", "L".repeat(31)).as_str()));
}
