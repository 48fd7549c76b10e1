//! When is a transaction carried out, and what is said of one that is not?

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::writing::Write;
use crate::account::{Account, plus};
use crate::api::{Call, Refusal, only};

/// How long a token is remembered.
const MEMORY: SignedDuration = SignedDuration::from_mins(10);
const MOST_ACTIONS: usize = 100;

/// The transactions that were carried out, by their tokens, which the SDK draws by lot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remembered(BTreeMap<String, (Value, Timestamp)>);

impl PartialEq for Remembered {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Account {
    pub(crate) fn transact(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["ClientRequestToken", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "TransactItems"])?;
        let writes = read(&call.body["TransactItems"])?;
        let token = call.body["ClientRequestToken"].as_str().map(str::to_owned);
        if token.as_deref().is_some_and(|token| token.is_empty() || token.len() > 36) {
            return Err(Refusal::malformed("clientRequestToken must have length less than or equal to 36"));
        }
        let now = self.now;
        self.transactions.0.retain(|_, (_, at)| now < plus(*at, MEMORY));
        if let Some((first, _)) = token.as_ref().and_then(|token| self.transactions.0.get(token)) {
            let other = Refusal::new(
                400,
                "IdempotentParameterMismatchException",
                "The request used the same token with different parameters",
            );
            return if *first == call.body { Ok(json!({})) } else { Err(other) };
        }
        self.carry_out(&writes)?;
        if let Some(token) = token {
            self.transactions.0.insert(token, (call.body.clone(), now));
        }
        self.settle();
        Ok(json!({}))
    }

    /// Carries out all of `writes`, or none.
    fn carry_out(&mut self, writes: &[Write]) -> Result<(), Refusal> {
        let mut outcomes = Vec::new();
        let mut reasons = Vec::new();
        for write in writes {
            let before = self.table(&write.table)?.item(&write.key).cloned();
            let reason = if write.may_go_on(before.as_deref()) {
                match write.outcome(before.as_deref()) {
                    Ok(after) => {
                        outcomes.push(after);
                        json!({"Code": "None"})
                    }
                    Err(refusal) => json!({"Code": "ValidationError", "Message": refusal.message}),
                }
            } else {
                let shown = before.filter(|_| write.shows_old);
                let message = "The conditional request failed";
                json!({"Code": "ConditionalCheckFailed", "Message": message, "Item": shown.as_deref()})
            };
            reasons.push(reason);
        }
        if outcomes.len() < writes.len() {
            return Err(cancelled(reasons));
        }
        writes.iter().zip(outcomes).try_for_each(|(write, after)| self.keep(write, after))
    }
}

/// What is answered to a transaction that is not carried out, with a reason for each of its
/// actions.
pub(crate) fn cancelled(reasons: Vec<Value>) -> Refusal {
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let codes = codes.join(", ");
    let message = format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]");
    Refusal::new(400, "TransactionCanceledException", message).with("CancellationReasons", Value::Array(reasons))
}

/// What is answered when an action meets `code`, such as `TransactionConflict`: to a transaction,
/// or to a write alone.
pub(crate) fn hindered(call: &Call, code: &str) -> Refusal {
    if call.operation != "TransactWriteItems" {
        return Refusal::new(400, &format!("{code}Exception"), "Transaction is ongoing for the item");
    }
    let count = call.body["TransactItems"].as_array().map_or(1, Vec::len);
    let first = json!({"Code": code, "Message": "Transaction is ongoing for the item"});
    let others = (1..count).map(|_| json!({"Code": "None"}));
    cancelled(std::iter::once(first).chain(others).collect())
}

fn read(items: &Value) -> Result<Vec<Write>, Refusal> {
    let items = items.as_array().filter(|items| (1..=MOST_ACTIONS).contains(&items.len())).ok_or_else(|| {
        Refusal::malformed("Member must have length less than or equal to 100, and greater than or equal to 1")
    })?;
    let mut writes = Vec::new();
    for item in items {
        only(item, &["ConditionCheck", "Delete", "Put", "Update"])?;
        let action = item.as_object().filter(|action| action.len() == 1).and_then(|action| action.iter().next());
        let Some((kind, body)) = action else {
            let message = "TransactItems can only contain one of Check, Put, Update or Delete";
            return Err(Refusal::malformed(message));
        };
        writes.push(Write::read(kind, body, &[])?);
    }
    let named: BTreeSet<_> = writes.iter().map(|write| (&write.table, &write.key)).collect();
    if named.len() < writes.len() {
        return Err(Refusal::malformed("Transaction request cannot include multiple operations on one item"));
    }
    Ok(writes)
}
