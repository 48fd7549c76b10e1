//! Which items does a read give? `GetItem`, `Query` and `Scan`.

use serde_json::{Value, json};

use super::attribute::Item;
use super::condition::projected;
use super::expression::{Condition, Operand, Path, Step, condition, projection};
use super::store::scattered;
use super::words::Placeholders;
use super::{KEY, key_alone};
use crate::account::Account;
use crate::api::{Call, Refusal};

const MEMBERS: [&str; 11] = [
    "ConsistentRead",
    "ExclusiveStartKey",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "FilterExpression",
    "IndexName",
    "Limit",
    "ProjectionExpression",
    "ReturnConsumedCapacity",
    "Select",
    "TableName",
];

/// Which items of a page are given, and which of their attributes.
struct Sieve {
    filter: Option<Condition>,
    paths: Option<Vec<Path>>,
}

impl Sieve {
    fn through(&self, item: &Item) -> Option<Item> {
        let passes = self.filter.as_ref().is_none_or(|filter| filter.holds(item));
        passes.then(|| self.paths.as_ref().map_or_else(|| item.clone(), |paths| projected(item, paths)))
    }
}

impl Account {
    pub(crate) fn get_item(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&[
            "ConsistentRead",
            "ExpressionAttributeNames",
            "Key",
            "ProjectionExpression",
            "ReturnConsumedCapacity",
            "TableName",
        ])?;
        let given = Placeholders::of(&call.body, !call.body["ProjectionExpression"].is_null())?;
        let paths = projection(&call.body, &given)?;
        given.all_used()?;
        let table = self.table(call.text("TableName")?)?;
        let key = key_alone(&call.body["Key"])?;
        let found = if call.body["ConsistentRead"] == true {
            table.item(&key)
        } else {
            table.seen(&key, self.now, self.knobs.table_lag)
        };
        let sieve = Sieve { filter: None, paths };
        Ok(json!({"Item": found.and_then(|item| sieve.through(item))}))
    }

    pub(crate) fn scan(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&[&MEMBERS[..], &["Segment", "TotalSegments"]].concat())?;
        let given = Placeholders::of(&call.body, has_expression(call))?;
        let sieve = sieve(call, &given)?;
        given.all_used()?;
        let keys = self.table(call.text("TableName")?)?.keys();
        self.page_of_items(call, &keys, &sieve)
    }

    pub(crate) fn query(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&[&MEMBERS[..], &["KeyConditionExpression", "ScanIndexForward"]].concat())?;
        let given = Placeholders::of(&call.body, has_expression(call))?;
        let wanted = condition(&call.body, "KeyConditionExpression", &given)?;
        let sieve = sieve(call, &given)?;
        given.all_used()?;
        let table = self.table(call.text("TableName")?)?;
        let Some(Condition::Compare(Operand::Path(path), "=", Operand::Value(value))) = wanted else {
            return Err(Refusal::malformed("Query key condition not supported"));
        };
        if path != [Step::Name(KEY.to_owned())] {
            return Err(Refusal::malformed("Query condition missed key schema element: Key"));
        }
        let key = key_alone(&json!({KEY: value}))?;
        let keys: Vec<String> = table.keys().into_iter().filter(|known| *known == key).collect();
        self.page_of_items(call, &keys, &sieve)
    }

    fn page_of_items(&self, call: &Call, keys: &[String], sieve: &Sieve) -> Result<Value, Refusal> {
        if call.body["IndexName"].is_string() {
            return Err(Refusal::malformed("The table does not have the specified index"));
        }
        let table = self.table(call.text("TableName")?)?;
        let given = |key: &str| Some(&call.body[key]).filter(|value| !value.is_null());
        let start = given("ExclusiveStartKey").map(key_alone).transpose()?.map(|key| scattered(&key));
        let limit = given("Limit").map(most_items).transpose()?.unwrap_or(usize::MAX);
        let most = limit.min(self.knobs.page_size.max(1));
        let consistent = call.body["ConsistentRead"] == true;
        let after = keys.iter().filter(|key| start.is_none_or(|start| scattered(key) > start));
        let seen = after.filter_map(|key| {
            let found = if consistent { table.item(key) } else { table.seen(key, self.now, self.knobs.table_lag) };
            found.map(|item| (key, item))
        });
        let page: Vec<_> = seen.take(most).collect();
        // A page that is full has a next one, be it empty.
        let last = page.last().filter(|_| page.len() == most).map(|(key, _)| json!({KEY: {"S": key}}));
        let items: Vec<Item> = page.iter().filter_map(|(_, item)| sieve.through(item)).collect();
        let mut answer = json!({"Count": items.len(), "ScannedCount": page.len(), "LastEvaluatedKey": last});
        if call.body["Select"] != "COUNT" {
            answer["Items"] = json!(items);
        }
        Ok(answer)
    }
}

fn most_items(limit: &Value) -> Result<usize, Refusal> {
    let limit = limit.as_u64().and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    limit.ok_or_else(|| Refusal::malformed("Limit must be greater than or equal to 1"))
}

fn has_expression(call: &Call) -> bool {
    let expressions = ["FilterExpression", "KeyConditionExpression", "ProjectionExpression"];
    expressions.iter().any(|key| !call.body[*key].is_null())
}

fn sieve(call: &Call, given: &Placeholders) -> Result<Sieve, Refusal> {
    let filter = condition(&call.body, "FilterExpression", given)?;
    Ok(Sieve { filter, paths: projection(&call.body, given)? })
}
