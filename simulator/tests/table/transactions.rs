//! Transactions happen whole, once, or not at all.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use simulator::Fault;

use crate::{TABLE, good, message, of_one, put, refused, simulator};

pub(crate) fn actions(actions: &[(&str, Value)]) -> Value {
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
