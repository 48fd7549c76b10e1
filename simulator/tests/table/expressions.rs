//! Conditions and updates say what the grammar of DynamoDB says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{TABLE, good, message, of_one, put, refused, send, simulator};

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
