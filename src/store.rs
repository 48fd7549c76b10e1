//! Where is the state kept, and what does an answer that got lost mean?
//!
//! One DynamoDB table (docs/reference.md, "What it leaves in AWS"). Every write is conditional and carries a fresh id: a
//! condition that failed on an item that bears that id means that the write had succeeded, and only its answer was lost.

mod item;
mod ledger;
mod outcome;
mod registry;
mod write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use jiff::Timestamp;
use policy::observed::{CallError, CallErrorKind};
use policy::record::{Deployment, Record, Tombstone};
use serde_json::Value;

use crate::aws::Aws;
use item::Item;

pub use ledger::Limit;
pub use outcome::Written;
pub use registry::{Closing, Registered};
pub use write::{LeaseChange, Write};

/// Tries at a transaction that meets another one: a bound for what should pass within milliseconds.
const MOST_TRIES: usize = 20;

/// The table of one deployment.
#[derive(Debug, Clone, Copy)]
pub struct Store<'a> {
    pub(crate) aws: &'a Aws,
    /// The table.
    pub table: &'a str,
    /// The deployment that it has to belong to.
    pub deployment: &'a str,
    /// The deployment's schedule group.
    pub group: &'a str,
}

/// A record with the item that holds it: keys that this release does not know are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// The item, as plain JSON.
    pub(crate) raw: Value,
}

/// What a transaction came to.
enum Transacted {
    Done,
    /// Conditions failed: for each action, the item on which its condition failed.
    Refused(Vec<Option<Item>>),
}

impl Store<'_> {
    fn client(&self) -> &Client {
        self.aws.table_client()
    }

    /// The record of the commitment `name`, if it is registered. The read sees every write that was acknowledged.
    ///
    /// # Errors
    /// The call failed, or the item cannot be read.
    pub async fn record(&self, name: &str) -> Result<Option<Stored>, CallError> {
        let cannot = || format!("read the record of {name}");
        let item = self.get(&item::commitment_key(name), cannot()).await?;
        item.map(|item| item::read_record(item, &cannot())).transpose()
    }

    /// What is left of the commitment `name`, if it still counts at `now`.
    ///
    /// # Errors
    /// The call failed, or the item cannot be read.
    pub async fn tombstone(&self, name: &str, now: Timestamp) -> Result<Option<Tombstone>, CallError> {
        let cannot = || format!("read what is left of {name}");
        let item = self.get(&item::tombstone_key(name), cannot()).await?;
        let tombstone: Option<Tombstone> = item.map(|item| item::read(item, &cannot())).transpose()?;
        Ok(tombstone.filter(|tombstone| tombstone.stands(now)))
    }

    /// Which deployment the table belongs to; nothing if it does not say.
    ///
    /// # Errors
    /// The call failed, or the item cannot be read.
    pub async fn deployment_item(&self) -> Result<Option<Deployment>, CallError> {
        let cannot = || format!("read which deployment table {} belongs to", self.table);
        let item = self.get(item::DEPLOYMENT_KEY, cannot()).await?;
        item.map(|item| item::read(item, &cannot())).transpose()
    }

    /// Every commitment that is registered. One that cannot be read is given by its name and the error.
    ///
    /// # Errors
    /// The table could not be read.
    pub async fn all(&self) -> Result<Vec<Result<Stored, (String, CallError)>>, CallError> {
        let cannot = || format!("read what is registered in {}", self.table);
        let scan = self.client().scan().table_name(self.table).consistent_read(true);
        let scan = scan.filter_expression("begins_with(#key, :prefix)").expression_attribute_names("#key", "Key");
        let prefix = aws_sdk_dynamodb::types::AttributeValue::S(item::COMMITMENT_PREFIX.to_owned());
        let mut pages = scan.expression_attribute_values(":prefix", prefix).into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.aws.failed(cannot(), &error))?;
            let name = item::name_of(&item);
            let stored = item::read_record(item, &format!("read the record of {name}"));
            all.push(stored.map_err(|error| (name, error)));
        }
        Ok(all)
    }

    /// The table's own id, asked for once: a table that was restored is another table.
    pub(crate) async fn table_id(&self) -> Result<String, CallError> {
        let known = self.aws.table_id();
        let id = known.get_or_try_init(|| async {
            let cannot = format!("look at table {}", self.table);
            let answer = self.client().describe_table().table_name(self.table).send().await;
            let answer = answer.map_err(|error| self.aws.failed(cannot.clone(), &error))?;
            let id = answer.table().and_then(|table| table.table_id()).map(str::to_owned);
            // Without it a table that was restored from yesterday would pass for the deployment's own.
            id.ok_or_else(|| CallError {
                cannot,
                kind: CallErrorKind::Invalid,
                code: "InvalidAnswer".to_owned(),
                message: "DescribeTable gave no TableId".to_owned(),
            })
        });
        id.await.cloned()
    }

    async fn get(&self, key: &str, cannot: String) -> Result<Option<Item>, CallError> {
        let request = self.client().get_item().table_name(self.table).consistent_read(true);
        let answer = request.set_key(Some(item::key(key))).send().await;
        let answer = answer.map_err(|error| self.aws.failed(cannot, &error))?;
        Ok(answer.item)
    }

    /// Makes all of `actions` happen, or none. One that meets another transaction is tried again.
    async fn transact(&self, actions: &[TransactWriteItem], cannot: &str) -> Result<Transacted, CallError> {
        for _ in 0..MOST_TRIES {
            let request = self.client().transact_write_items().client_request_token(self.aws.fresh_id());
            let request = request.set_transact_items(Some(actions.to_vec()));
            let Err(error) = request.send().await else { return Ok(Transacted::Done) };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                Some(_) | None => return Err(self.aws.failed(cannot, &error)),
            };
            let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
            let codes: Vec<String> = reasons.iter().map(code).collect();
            if codes.iter().any(|code| code == "ConditionalCheckFailed") {
                let failed = reasons.iter().map(|reason| {
                    (code(reason) == "ConditionalCheckFailed").then(|| reason.item().cloned().unwrap_or_default())
                });
                return Ok(Transacted::Refused(failed.collect()));
            }
            let passes = |code: &String| code == "None" || code == "TransactionConflict";
            if !codes.iter().all(passes) {
                return Err(self.aws.failed(cannot, &error));
            }
        }
        Err(conflicting(cannot))
    }
}

/// The error for an item that others write at the same time.
fn conflicting(cannot: &str) -> CallError {
    CallError {
        cannot: cannot.to_owned(),
        kind: CallErrorKind::NoAnswer,
        code: "TransactionConflict".to_owned(),
        message: "others write it at the same time; try again".to_owned(),
    }
}
