//! DynamoDB, as far as tables with the partition key `Key` go: JSON 1.0, with the operation in a
//! header.

mod attribute;
mod condition;
mod expression;
mod reading;
mod store;
mod transaction;
mod update;
mod words;
mod writing;

use serde_json::{Value, json};

use crate::account::Account;
use crate::api::{Call, Refusal};

pub(crate) use attribute::{Item, plain_item, typed_item};
pub(crate) use store::Table;
pub(crate) use transaction::{Remembered, hindered};

/// The name of the partition key of every table.
pub(crate) const KEY: &str = "Key";
const MOST_BYTES_OF_KEY: usize = 2048;

/// The operations, by their names in the header.
const OPERATIONS: [&str; 8] =
    ["DeleteItem", "DescribeTable", "GetItem", "PutItem", "Query", "Scan", "TransactWriteItems", "UpdateItem"];

/// The operation called `name`.
pub(crate) fn operation(name: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|operation| **operation == name).copied()
}

/// Returns true if `operation` is one of DynamoDB's.
pub(crate) fn is_operation(operation: &str) -> bool {
    OPERATIONS.contains(&operation)
}

/// The keys of the items that a request names.
pub(crate) fn keys_of(body: &Value) -> Vec<String> {
    let key = |one: &Value| {
        let key = one["Key"][KEY]["S"].as_str().or_else(|| one["Item"][KEY]["S"].as_str());
        key.map(str::to_owned)
    };
    let actions = body["TransactItems"].as_array().into_iter().flatten();
    let inner = actions.filter_map(|action| action.as_object()?.values().find_map(key));
    key(body).into_iter().chain(inner).collect()
}

/// The name of an error as the protocol spells it.
pub(crate) fn error_type(code: &str) -> String {
    let namespace = match code {
        "ValidationException" => "com.amazon.coral.validate",
        "ThrottlingException" => "com.amazon.coral.availability",
        "AccessDeniedException" => "com.amazon.coral.service",
        _ => "com.amazonaws.dynamodb.v20120810",
    };
    format!("{namespace}#{code}")
}

fn no_table() -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", "Requested resource not found")
}

/// The text of the key in `attributes`, of which it must be the only one.
fn key_alone(attributes: &Value) -> Result<String, Refusal> {
    let members = attributes.as_object().filter(|members| members.len() == 1);
    let held = members.and_then(|members| members.get(KEY)).filter(|held| held["S"].is_string());
    let held = held.ok_or_else(|| Refusal::malformed("The provided key element does not match the schema"))?;
    key_text(held)
}

fn key_text(held: &Value) -> Result<String, Refusal> {
    let text = held["S"].as_str().unwrap_or_default();
    if text.is_empty() {
        let message = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain \
                       an empty string value. Key: Key";
        return Err(Refusal::malformed(message));
    }
    if text.len() > MOST_BYTES_OF_KEY {
        let message = "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes";
        return Err(Refusal::malformed(message));
    }
    Ok(text.to_owned())
}

impl Account {
    /// Carries out one of DynamoDB's operations.
    pub(crate) fn on_tables(&mut self, call: &Call) -> Result<Value, Refusal> {
        match call.operation {
            "GetItem" => self.get_item(call),
            "Query" => self.query(call),
            "Scan" => self.scan(call),
            "DescribeTable" => self.describe_table(call),
            "TransactWriteItems" => self.transact(call),
            _ => self.write_item(call),
        }
    }

    /// The table `name`, if there is one.
    pub(crate) fn table(&self, name: &str) -> Result<&Table, Refusal> {
        const EMPTY: &Table = &Table::new();
        if !self.knobs.tables.iter().any(|known| known == name) {
            return Err(no_table());
        }
        Ok(self.tables.get(name).unwrap_or(EMPTY))
    }

    /// The table `name`, to be changed.
    pub(crate) fn table_mut(&mut self, name: &str) -> Result<&mut Table, Refusal> {
        self.table(name)?;
        Ok(self.tables.entry(name.to_owned()).or_default())
    }

    fn describe_table(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["TableName"])?;
        let name = call.text("TableName")?;
        let not_found = |_| {
            Refusal::new(
                400,
                "ResourceNotFoundException",
                format!("Requested resource not found: Table: {name} not found"),
            )
        };
        let table = self.table(name).map_err(not_found)?;
        let bytes: usize = table.items().map(|(_, item)| attribute::size_of_item(item)).sum();
        Ok(json!({"Table": {
            "TableName": name,
            "TableArn": format!("arn:aws:dynamodb:{}:123456789012:table/{name}", crate::REGION),
            "TableId": table.id(),
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": KEY, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": KEY, "AttributeType": "S"}],
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "CreationDateTime": 1_700_000_000,
            "ItemCount": table.items().count(),
            "TableSizeBytes": bytes,
            "DeletionProtectionEnabled": table.generation == 0,
        }}))
    }

    /// Returns true if a table holds an item for the commitment `name`.
    pub(crate) fn is_recorded(&self, name: &str) -> bool {
        let key = format!("commitment/{name}");
        self.tables.values().any(|table| table.item(&key).is_some())
    }

    /// Returns true if any table holds anything.
    pub(crate) fn has_records(&self) -> bool {
        self.tables.values().any(|table| table.items().next().is_some())
    }
}
