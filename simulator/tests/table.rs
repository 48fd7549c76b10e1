//! A table behaves as DynamoDB's do: conditions, updates, transactions, paging, late reads and refusals.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{BY_HAND, COMMITMENT_TAG, DEPLOYMENT_TAG, Fault, Simulator};

const TABLE: &str = "throughput";
const MODEL: &str = "amazon.nova-lite-v1:0:24k";

async fn simulator() -> Simulator {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    Simulator::start(start).await
}

/// Sends `body`, with the table unless it is a transaction, and gives status and answer.
async fn send(simulator: &Simulator, operation: &str, mut body: Value) -> (u16, Value) {
    if operation != "TransactWriteItems" && body["TableName"].is_null() {
        body["TableName"] = json!(TABLE);
    }
    let request = Request::post("/").header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
    let request = request.header(BY_HAND, "yes").body(Bytes::from(body.to_string())).expect("a request");
    let response = simulator.answer(request).await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(response.body()).expect("JSON"))
}

async fn good(simulator: &Simulator, operation: &str, body: Value) -> Value {
    let (status, answer) = send(simulator, operation, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The refusal's code, and all that it says.
async fn refused(simulator: &Simulator, operation: &str, body: Value) -> (String, Value) {
    let (status, answer) = send(simulator, operation, body.clone()).await;
    assert_eq!(status, 400, "{body} gave {answer}");
    let kind = answer["__type"].as_str().expect("a type");
    (kind.rsplit('#').next().unwrap_or_default().to_owned(), answer)
}

fn message(answer: &Value) -> &str {
    answer["message"].as_str().or_else(|| answer["Message"].as_str()).expect("a message")
}

/// `more` beside the key `one`.
fn of_one(more: Value) -> Value {
    let mut body = json!({"Key": {"Key": {"S": "one"}}});
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend(more);
    }
    body
}

fn put(key: &str) -> Value {
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
async fn conditions_hold_or_fail_as_the_grammar_says() {
    let simulator = simulator().await;
    let item =
        json!({"Name": "support", "Size": 10, "Tags": ["a", "b"], "Lease": {"Until": 5, "By": "x"}, "Hollow": null});
    simulator.put_item(TABLE, "one", &item);
    let holds: &[(&str, bool)] = &[
        ("attribute_exists(Lease.#until)", true),
        ("attribute_not_exists(Lease.#until)", false),
        ("attribute_not_exists(Absent.Deeper)", true),
        ("#size = :ten", true),
        ("#size <> :ten", false),
        ("Absent <> :ten", true),
        ("Absent = :ten", false),
        ("NOT Absent = :ten", true),
        ("#size > :nine", true),
        ("#size >= :ten AND #size <= :ten", true),
        ("#size < :ten OR #size = :ten", true),
        ("#size = :nine OR #size = :ten AND Absent = :ten", false),
        ("(#size = :ten OR #size = :nine) AND NOT #size = :nine", true),
        ("NOT #size = :ten OR #size = :ten", true),
        ("#size < :text", false),
        ("#size BETWEEN :nine AND :ten", true),
        ("#size IN (:nine, :ten)", true),
        ("#size in (:nine, :text)", false),
        ("begins_with(#name, :sup)", true),
        ("begins_with(#size, :sup)", false),
        ("contains(Tags, :a)", true),
        ("contains(#name, :sup)", true),
        ("contains(Tags, :ten)", false),
        ("size(Tags) = :two", true),
        ("size(#name) < :ten", true),
        ("size(#size) = :two", false),
        ("Tags[1] = :b", true),
        ("attribute_type(Hollow, :null)", true),
    ];
    let names = [("#until", "Until"), ("#size", "Size"), ("#name", "Name")];
    let values = [
        (":nine", json!({"N": "9"})),
        (":ten", json!({"N": "10.0"})),
        (":two", json!({"N": "2"})),
        (":text", json!({"S": "99"})),
        (":sup", json!({"S": "sup"})),
        (":null", json!({"S": "NULL"})),
        (":a", json!({"S": "a"})),
        (":b", json!({"S": "b"})),
    ];
    for (expression, holds) in holds {
        let words: Vec<&str> = expression.split([' ', '(', ')', ',', '.', '[']).collect();
        let used = |key: &str| words.contains(&key);
        let names: BTreeMap<_, _> = names.iter().filter(|(key, _)| used(key)).copied().collect();
        let values: BTreeMap<_, _> = values.iter().filter(|(key, _)| used(key)).cloned().collect();
        let mut body = of_one(json!({"ConditionExpression": expression, "UpdateExpression": "REMOVE Nobody"}));
        if !names.is_empty() {
            body["ExpressionAttributeNames"] = json!(names);
        }
        if !values.is_empty() {
            body["ExpressionAttributeValues"] = json!(values);
        }
        let (status, answer) = send(&simulator, "UpdateItem", body).await;
        let code = answer["__type"].as_str().unwrap_or_default();
        assert_eq!(status == 200, *holds, "{expression}: {answer}");
        assert!(*holds || code.ends_with("#ConditionalCheckFailedException"), "{expression}: {answer}");
    }
}

#[tokio::test]
async fn a_condition_that_fails_shows_the_item_if_asked() {
    let simulator = simulator().await;
    good(&simulator, "PutItem", put("one")).await;
    let mut again = put("one");
    again["ConditionExpression"] = json!("attribute_not_exists(#key)");
    again["ExpressionAttributeNames"] = json!({"#key": "Key"});
    let (code, answer) = refused(&simulator, "PutItem", again.clone()).await;
    assert_eq!((code.as_str(), &answer["Item"]), ("ConditionalCheckFailedException", &Value::Null));
    assert_eq!(answer["__type"], json!("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"));
    again["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    let (_, answer) = refused(&simulator, "PutItem", again).await;
    assert_eq!(answer["Item"], put("one")["Item"]);
    assert_eq!(message(&answer), "The conditional request failed");
}

#[tokio::test]
async fn an_update_works_everything_out_from_what_was_there() {
    let simulator = simulator().await;
    let change = |expression: &str, values: Value| {
        let mut body = of_one(json!({"UpdateExpression": expression, "ReturnValues": "ALL_NEW"}));
        if !values.is_null() {
            body["ExpressionAttributeValues"] = values;
        }
        body
    };
    let values = json!({":1": {"N": "1"}, ":m": {"M": {}}, ":l": {"L": []}, ":s": {"SS": ["b", "a"]}});
    let first = change("SET A = if_not_exists(A, :1) + :1, M = :m, L = :l ADD S :s, N :1", values);
    good(&simulator, "UpdateItem", first).await;
    let expected = json!({"Key": "one", "A": 2, "M": {}, "L": [], "S": ["a", "b"], "N": 1});
    assert_eq!(simulator.item(TABLE, "one"), Some(expected));
    let values = json!({":3": {"N": "3"}, ":l": {"L": [{"S": "x"}, {"S": "y"}]}, ":s": {"SS": ["a", "z"]}});
    let second = change("SET M.B = A, A = A - :3, L = list_append(L, :l) ADD N :3 DELETE S :s", values);
    let answer = good(&simulator, "UpdateItem", second).await;
    assert_eq!(answer["Attributes"]["M"], json!({"M": {"B": {"N": "2"}}}), "A as it was");
    let expected = json!({"Key": "one", "A": -1, "M": {"B": 2}, "L": ["x", "y"], "S": ["b"], "N": 4});
    assert_eq!(simulator.item(TABLE, "one"), Some(expected));
    let values = json!({":s": {"SS": ["b"]}, ":z": {"S": "z"}});
    let third = change("SET L[7] = :z REMOVE L[0], M.B, Nobody DELETE S :s", values);
    good(&simulator, "UpdateItem", third).await;
    let expected = json!({"Key": "one", "A": -1, "M": {}, "L": ["y", "z"], "N": 4});
    assert_eq!(simulator.item(TABLE, "one"), Some(expected), "a set that is empty is gone");
    let mut returns = change("REMOVE N", Value::Null);
    returns["ReturnValues"] = json!("UPDATED_OLD");
    assert_eq!(good(&simulator, "UpdateItem", returns).await["Attributes"], json!({"N": {"N": "4"}}));
    for expression in ["SET Nobody.B = A", "SET B = Nobody", "REMOVE Nobody.B", "SET B = L + A"] {
        let (code, _) = refused(&simulator, "UpdateItem", change(expression, Value::Null)).await;
        assert_eq!(code, "ValidationException", "{expression}");
    }
}

#[tokio::test]
async fn expressions_that_are_wrong_are_refused_and_noticed() {
    let simulator = simulator().await;
    let update = |expression: &str| json!({"UpdateExpression": expression});
    let condition = |expression: &str| json!({"ConditionExpression": expression});
    let named = |mut body: Value, names: Value| {
        body["ExpressionAttributeNames"] = names;
        body
    };
    let valued = |mut body: Value, values: Value| {
        body["ExpressionAttributeValues"] = values;
        body
    };
    let truth = json!({":t": {"BOOL": true}});
    let cases = [
        (condition("attribute_not_exists(Key)"), "reserved keyword; reserved keyword: Key"),
        (condition("#a = #b"), "attribute name: #a"),
        (condition("A = :b"), "attribute value: :b"),
        (named(condition("attribute_exists(A)"), json!({"#b": "B"})), "unused in expressions: keys: {#b}"),
        (valued(condition("attribute_exists(A)"), truth.clone()), "unused in expressions: keys: {:t}"),
        (valued(json!({}), truth.clone()), "can only be specified when using expressions"),
        (named(condition("attribute_exists(A)"), json!({})), "must not be empty"),
        (named(condition("attribute_exists(A)"), json!({"b": "B"})), "invalid key"),
        (condition(""), "can not be empty"),
        (condition("attribute_exists(A"), "Syntax error"),
        (condition("attribute_exists(A) attribute_exists(B)"), "Syntax error"),
        (condition("a-b = A"), "Syntax error"),
        (condition("((attribute_exists(A)))"), "redundant parentheses"),
        (condition("exists(A)"), "Invalid function name; function: exists"),
        (condition("A = A"), "must be distinct"),
        (valued(condition("A < :t"), truth.clone()), "Incorrect operand type"),
        (valued(condition("begins_with(A, :t)"), truth.clone()), "Incorrect operand type"),
        (
            valued(condition("A BETWEEN :h AND :l"), json!({":h": {"N": "10"}, ":l": {"N": "9"}})),
            "requires upper bound to be greater",
        ),
        (update("SET A = B, A.C = D"), "Two document paths overlap"),
        (update("SET A = B SET C = D"), "can only be used once"),
        (update("A = B"), "Syntax error"),
        (update("SET #k = B"), "attribute name: #k"),
        (named(update("SET #k = B"), json!({"#k": "Key"})), "This attribute is part of the key"),
        (valued(update("ADD A :t"), truth.clone()), "Incorrect operand type"),
        (json!({"Expected": {}}), "unknown member Expected"),
        (json!({"Key": {"Key": {"S": ""}}}), "empty string value"),
        (json!({"Key": {"Key": {"N": "1"}}}), "does not match the schema"),
        (json!({"Key": {"Other": {"S": "one"}}}), "does not match the schema"),
        (json!({"Key": {"Key": {"S": "x".repeat(2049)}}}), "maximum size limit"),
    ];
    for (body, why) in cases {
        let (code, answer) = refused(&simulator, "UpdateItem", of_one(body.clone())).await;
        assert_eq!(code, "ValidationException");
        assert!(message(&answer).contains(why), "{body}: {answer}");
        assert_eq!(simulator.take_violations().len(), 1, "{body}: no honest client sends it");
    }
    assert_eq!(simulator.items(TABLE), BTreeMap::new());
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

fn actions(actions: &[(&str, Value)]) -> Value {
    let items = actions.iter().map(|(kind, body)| {
        let mut body = body.clone();
        body["TableName"] = json!(TABLE);
        json!({*kind: body})
    });
    json!({"TransactItems": items.collect::<Vec<_>>()})
}

fn absent(key: &str) -> Value {
    json!({
        "Key": {"Key": {"S": key}}, "ConditionExpression": "attribute_not_exists(#k)",
        "ExpressionAttributeNames": {"#k": "Key"}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    })
}

#[tokio::test]
async fn a_transaction_is_carried_out_whole_or_not_at_all() {
    let simulator = simulator().await;
    simulator.put_item(TABLE, "three", &json!({"Size": 3}));
    let add = json!({
        "Key": {"Key": {"S": "two"}}, "UpdateExpression": "ADD Units :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    let gone = json!({"Key": {"Key": {"S": "three"}}});
    let all =
        actions(&[("Put", put("one")), ("Update", add.clone()), ("Delete", gone), ("ConditionCheck", absent("four"))]);
    assert_eq!(good(&simulator, "TransactWriteItems", all).await, json!({}));
    let expected = BTreeMap::from([
        ("one".to_owned(), json!({"Key": "one", "Size": 1})),
        ("two".to_owned(), json!({"Key": "two", "Units": 1})),
    ]);
    assert_eq!(simulator.items(TABLE), expected);
    assert_eq!(simulator.requests()[0].ids, ["one", "two", "three", "four"]);
    let failing = actions(&[("Update", add.clone()), ("ConditionCheck", absent("one")), ("Put", put("three"))]);
    let (code, answer) = refused(&simulator, "TransactWriteItems", failing).await;
    assert_eq!(code, "TransactionCanceledException");
    assert!(message(&answer).ends_with("[None, ConditionalCheckFailed, None]"), "{answer}");
    let reasons = answer["CancellationReasons"].as_array().expect("reasons");
    assert_eq!((&reasons[0], &reasons[1]["Item"]), (&json!({"Code": "None"}), &put("one")["Item"]));
    assert_eq!(simulator.items(TABLE), expected, "nothing has changed");
    let mut impossible = add;
    impossible["UpdateExpression"] = json!("SET Absent.Deeper = :one");
    let (_, answer) = refused(&simulator, "TransactWriteItems", actions(&[("Update", impossible)])).await;
    assert_eq!(answer["CancellationReasons"][0]["Code"], json!("ValidationError"));
}

#[tokio::test]
async fn a_transaction_that_is_malformed_is_refused_and_noticed() {
    let simulator = simulator().await;
    let mut unconditional = absent("one");
    unconditional["ConditionExpression"] = Value::Null;
    unconditional["ExpressionAttributeNames"] = Value::Null;
    let many: Vec<_> = (0..101).map(|number| ("Put", put(&number.to_string()))).collect();
    let both = json!({"TransactItems": [{"Put": put("one"), "Delete": {}}]});
    for (body, why) in [
        (actions(&[("Put", put("one")), ("ConditionCheck", absent("one"))]), "multiple operations on one item"),
        (actions(&[("ConditionCheck", unconditional)]), "ConditionExpression must not be null"),
        (actions(&many), "less than or equal to 100"),
        (actions(&[]), "greater than or equal to 1"),
        (both, "can only contain one of"),
    ] {
        let (code, answer) = refused(&simulator, "TransactWriteItems", body).await;
        assert_eq!(code, "ValidationException");
        assert!(message(&answer).contains(why), "{answer}");
        assert_eq!(simulator.take_violations().len(), 1);
    }
}

#[tokio::test]
async fn a_token_makes_a_transaction_happen_once_within_ten_minutes() {
    let simulator = simulator().await;
    let with_token = |key: &str| {
        let mut body = actions(&[("ConditionCheck", absent("other")), ("Put", put(key))]);
        body["TransactItems"][1]["Put"]["ConditionExpression"] = json!("attribute_not_exists(Units)");
        body["TransactItems"][1]["Put"]["Item"]["Units"] = json!({"N": "1"});
        body["ClientRequestToken"] = json!("token");
        body
    };
    good(&simulator, "TransactWriteItems", with_token("one")).await;
    good(&simulator, "TransactWriteItems", with_token("one")).await;
    let (code, _) = refused(&simulator, "TransactWriteItems", with_token("two")).await;
    assert_eq!(code, "IdempotentParameterMismatchException");
    simulator.advance(SignedDuration::from_mins(10));
    let (code, _) = refused(&simulator, "TransactWriteItems", with_token("one")).await;
    assert_eq!(code, "TransactionCanceledException", "the token is forgotten");
    good(&simulator, "TransactWriteItems", with_token("two")).await;
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_write_is_told_as_aws_tells_it() {
    let simulator = simulator().await;
    simulator.fault("TransactWriteItems", 1, Fault::Hinder("TransactionConflict"));
    let (code, answer) =
        refused(&simulator, "TransactWriteItems", actions(&[("Put", put("one")), ("Put", put("two"))])).await;
    assert_eq!(code, "TransactionCanceledException");
    assert!(message(&answer).ends_with("[TransactionConflict, None]"), "{answer}");
    simulator.fault("PutItem", 1, Fault::Hinder("TransactionConflict"));
    assert_eq!(refused(&simulator, "PutItem", put("one")).await.0, "TransactionConflictException");
    let throttled = "ProvisionedThroughputExceededException";
    simulator.fault("PutItem", 1, Fault::Refuse { status: 400, code: throttled, message: "too fast" });
    assert_eq!(refused(&simulator, "PutItem", put("one")).await.0, throttled);
    simulator.fault("PutItem", 1, Fault::throttled());
    assert_eq!(refused(&simulator, "PutItem", put("one")).await.0, "ThrottlingException");
    simulator.fault("GetItem", 1, Fault::denied());
    let (code, answer) = refused(&simulator, "GetItem", of_one(json!({}))).await;
    assert_eq!(code, "AccessDeniedException");
    assert!(message(&answer).contains("dynamodb:GetItem"), "{answer}");
    assert_eq!(simulator.items(TABLE), BTreeMap::new());
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
