//! A table behaves as DynamoDB's do: conditions, updates, transactions, paging, late reads and refusals.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

mod expressions;
mod transactions;

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{BY_HAND, COMMITMENT_TAG, DEPLOYMENT_TAG, Simulator};

use transactions::actions;

pub(crate) const TABLE: &str = "throughput";
const MODEL: &str = "amazon.nova-lite-v1:0:24k";

pub(crate) async fn simulator() -> Simulator {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    Simulator::start(start).await
}

/// Sends `body`, with the table unless it is a transaction, and gives status and answer.
pub(crate) async fn send(simulator: &Simulator, operation: &str, mut body: Value) -> (u16, Value) {
    if operation != "TransactWriteItems" && body["TableName"].is_null() {
        body["TableName"] = json!(TABLE);
    }
    let request = Request::post("/").header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
    let request = request.header(BY_HAND, "yes").body(Bytes::from(body.to_string())).expect("a request");
    let response = simulator.answer(request).await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(response.body()).expect("JSON"))
}

pub(crate) async fn good(simulator: &Simulator, operation: &str, body: Value) -> Value {
    let (status, answer) = send(simulator, operation, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The refusal's code, and all that it says.
pub(crate) async fn refused(simulator: &Simulator, operation: &str, body: Value) -> (String, Value) {
    let (status, answer) = send(simulator, operation, body.clone()).await;
    assert_eq!(status, 400, "{body} gave {answer}");
    let kind = answer["__type"].as_str().expect("a type");
    (kind.rsplit('#').next().unwrap_or_default().to_owned(), answer)
}

pub(crate) fn message(answer: &Value) -> &str {
    answer["message"].as_str().or_else(|| answer["Message"].as_str()).expect("a message")
}

/// `more` beside the key `one`.
pub(crate) fn of_one(more: Value) -> Value {
    let mut body = json!({"Key": {"Key": {"S": "one"}}});
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend(more);
    }
    body
}

pub(crate) fn put(key: &str) -> Value {
    json!({"Item": {"Key": {"S": key}, "Size": {"N": "1"}}})
}

#[tokio::test]
async fn an_item_is_put_read_and_deleted_with_its_types() {
    let simulator = simulator().await;
    let item = json!({
        "Key": {"S": "one"}, "Count": {"N": "7"}, "Opened": {"BOOL": true}, "Nothing": {"NULL": true},
        "Names": {"SS": ["a", "b"]}, "Deeper": {"M": {"List": {"L": [{"N": "1"}, {"S": ""}]}}},
    });
    assert_eq!(good(&simulator, "PutItem", json!({"Item": item})).await, json!({}));
    assert_eq!(good(&simulator, "GetItem", of_one(json!({}))).await, json!({"Item": item}));
    let plain = json!({
        "Key": "one", "Count": 7, "Opened": true, "Nothing": null, "Names": ["a", "b"], "Deeper": {"List": [1, ""]},
    });
    assert_eq!(simulator.item(TABLE, "one"), Some(plain.clone()));
    assert_eq!(simulator.items(TABLE), BTreeMap::from([("one".to_owned(), plain)]));
    let some = of_one(json!({
        "ProjectionExpression": "Deeper.#list[1], Opened", "ExpressionAttributeNames": {"#list": "List"},
    }));
    let some = good(&simulator, "GetItem", some).await;
    assert_eq!(some["Item"], json!({"Deeper": {"M": {"List": {"L": [{"S": ""}]}}}, "Opened": {"BOOL": true}}));
    let old = good(&simulator, "DeleteItem", of_one(json!({"ReturnValues": "ALL_OLD"}))).await;
    assert_eq!(old["Attributes"], item);
    assert_eq!(good(&simulator, "GetItem", of_one(json!({}))).await, json!({}));
    assert_eq!(good(&simulator, "DeleteItem", of_one(json!({}))).await, json!({}), "what is gone may be deleted");
    assert_eq!(simulator.operations().len(), 6);
    assert_eq!(simulator.requests()[0].ids, ["one"]);
}

#[tokio::test]
async fn items_that_are_wrong_or_too_large_are_refused() {
    let simulator = simulator().await;
    let mut large = put("one");
    large["Item"]["Text"] = json!({"S": "x".repeat(400 * 1024)});
    let (_, answer) = refused(&simulator, "PutItem", large).await;
    assert_eq!(message(&answer), "Item size has exceeded the maximum allowed size");
    let half = json!({
        "UpdateExpression": "SET A = :a, B = :a", "ExpressionAttributeValues": {":a": {"S": "x".repeat(205 * 1024)}},
    });
    let (_, answer) = refused(&simulator, "UpdateItem", of_one(half)).await;
    assert_eq!(message(&answer), "Item size to update has exceeded the maximum allowed size");
    assert_eq!(simulator.take_violations(), Vec::<String>::new(), "a record may grow");
    let deep = (0..33).fold(json!({"S": ""}), |inner, _| json!({"L": [inner]}));
    for (attribute, why) in [
        (json!({"Key": {"N": "1"}}), "Type mismatch for key Key expected: S actual: N"),
        (json!({"Key": {"S": "one"}, "A": {"SS": []}}), "may not be empty"),
        (json!({"Key": {"S": "one"}, "A": {"SS": ["a", "a"]}}), "duplicates"),
        (json!({"Key": {"S": "one"}, "A": {"N": "1x"}}), "numeric"),
        (json!({"Key": {"S": "one"}, "A": {"N": 1}}), "is no N"),
        (json!({"Key": {"S": "one"}, "A": {"N": "1".repeat(39)}}), "38 significant digits"),
        (json!({"Key": {"S": "one"}, "A": {"S": "a", "N": "1"}}), "exactly one"),
        (json!({"Key": {"S": "one"}, "A": deep}), "Nesting Levels"),
        (json!({"A": {"S": "a"}}), "Missing the key Key"),
    ] {
        let (code, answer) = refused(&simulator, "PutItem", json!({"Item": attribute})).await;
        assert_eq!(code, "ValidationException");
        assert!(message(&answer).contains(why), "{answer}");
        assert_eq!(simulator.take_violations().len(), 1);
    }
}

#[tokio::test]
async fn a_scan_goes_through_pages_that_may_be_empty() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.page_size = 2);
    for number in 0..6 {
        simulator.put_item(TABLE, &format!("commitment/{number}"), &json!({"Size": number}));
    }
    let mut found = Vec::new();
    let mut pages = 0;
    let mut body = json!({
        "FilterExpression": "begins_with(#k, :c) AND #s < :n", "ConsistentRead": true,
        "ExpressionAttributeNames": {"#k": "Key", "#s": "Size"},
        "ExpressionAttributeValues": {":c": {"S": "commitment/"}, ":n": {"N": "3"}},
    });
    loop {
        let page = good(&simulator, "Scan", body.clone()).await;
        pages += 1;
        let items = page["Items"].as_array().expect("items").clone();
        assert_eq!(page["Count"], json!(items.len()));
        found.extend(items.iter().filter_map(|item| item["Key"]["S"].as_str()).map(str::to_owned));
        match page.get("LastEvaluatedKey") {
            Some(key) => body["ExclusiveStartKey"] = key.clone(),
            None => break,
        }
    }
    found.sort();
    assert_eq!(found, ["commitment/0", "commitment/1", "commitment/2"]);
    assert_eq!(pages, 4, "a page that is full has a next one, be it empty");
    let query = json!({
        "KeyConditionExpression": "#k = :k", "ExpressionAttributeNames": {"#k": "Key"},
        "ExpressionAttributeValues": {":k": {"S": "commitment/4"}},
    });
    let found = good(&simulator, "Query", query.clone()).await;
    assert_eq!((&found["Count"], &found["Items"][0]["Size"]), (&json!(1), &json!({"N": "4"})));
    let mut prefix = query;
    prefix["KeyConditionExpression"] = json!("begins_with(#k, :k)");
    assert_eq!(refused(&simulator, "Query", prefix).await.0, "ValidationException");
    assert_eq!(simulator.take_violations().len(), 1);
}

#[tokio::test]
async fn a_read_that_need_not_be_consistent_may_be_late() {
    let simulator = simulator().await;
    simulator.knobs(|knobs| knobs.table_lag = SignedDuration::from_secs(5));
    simulator.put_item(TABLE, "one", &json!({"Size": 1}));
    let read = async |consistent: bool| {
        let found = good(&simulator, "GetItem", of_one(json!({"ConsistentRead": consistent}))).await;
        found["Item"]["Size"]["N"].as_str().map(str::to_owned)
    };
    assert_eq!((read(false).await, read(true).await), (None, Some("1".to_owned())));
    simulator.advance(SignedDuration::from_secs(5));
    simulator.put_item(TABLE, "one", &json!({"Size": 2}));
    assert_eq!((read(false).await, read(true).await), (Some("1".to_owned()), Some("2".to_owned())));
    simulator.advance(SignedDuration::from_secs(5));
    simulator.delete_item(TABLE, "one");
    assert_eq!((read(false).await, read(true).await), (Some("2".to_owned()), None));
    assert_eq!(simulator.items(TABLE), BTreeMap::new());
    simulator.advance(SignedDuration::from_secs(5));
    assert_eq!(read(false).await, None);
}

#[tokio::test]
async fn a_table_may_be_gone_and_come_back_as_another() {
    let simulator = simulator().await;
    good(&simulator, "PutItem", put("one")).await;
    let before = good(&simulator, "DescribeTable", json!({})).await["Table"].clone();
    assert_eq!((&before["TableStatus"], &before["ItemCount"]), (&json!("ACTIVE"), &json!(1)));
    let (whole, items) = (simulator.snapshot(), simulator.items(TABLE));
    simulator.drop_table(TABLE);
    for (operation, body) in [
        ("GetItem", of_one(json!({}))),
        ("PutItem", put("one")),
        ("Scan", json!({})),
        ("DescribeTable", json!({})),
        ("TransactWriteItems", actions(&[("Put", put("one"))])),
    ] {
        assert_eq!(refused(&simulator, operation, body).await.0, "ResourceNotFoundException", "{operation}");
    }
    simulator.restore_table(TABLE, &items);
    assert_eq!(good(&simulator, "GetItem", of_one(json!({}))).await, json!({"Item": put("one")["Item"]}));
    let after = good(&simulator, "DescribeTable", json!({})).await["Table"].clone();
    assert_ne!(before["TableId"], after["TableId"]);
    simulator.clear_table(TABLE);
    assert_eq!(simulator.items(TABLE), BTreeMap::new());
    simulator.restore(&whole);
    assert_eq!(simulator.items(TABLE), items);
    assert_eq!(good(&simulator, "DescribeTable", json!({})).await["Table"], before);
    assert_eq!(
        refused(&simulator, "GetItem", of_one(json!({"TableName": "nobody's"}))).await.0,
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn a_commitment_is_registered_while_the_table_holds_it() {
    let simulator = simulator().await;
    simulator.put_item(TABLE, "commitment/one", &json!({"Declared": {}}));
    let marks = [(COMMITMENT_TAG, "one"), (DEPLOYMENT_TAG, "throughput")];
    simulator.add_throughput("one-000000", MODEL, 1, &marks);
    simulator.advance(SignedDuration::from_hours(1));
    assert_eq!(simulator.take_violations(), Vec::<String>::new());
    simulator.put_item(TABLE, "tombstone/one", &json!({}));
    simulator.delete_item(TABLE, "commitment/one");
    simulator.advance(SignedDuration::from_secs(1));
    simulator.advance(SignedDuration::from_mins(10));
    let broken = simulator.take_violations();
    assert!(broken.len() == 1 && broken[0].contains("registered nowhere"), "{broken:?}");
}
