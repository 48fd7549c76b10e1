//! How does the holder of a lease write?
//!
//! Declared, progress and lease in one conditional write, together with what belongs to it in other items: the ledger, and
//! targets that become free. Intent comes before effect (docs/policy.md, rule 4).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use policy::observed::{CallError, CallErrorKind};
use policy::record::{Declared, FORMAT, LEASE_LASTS, Lease, Progress, Record, Target, Tombstone};
use serde_json::Value;

use super::item::{self, Item, attribute, number, number_in, part, text, text_in};
use super::ledger::Limit;
use super::outcome::Written;
use super::{MOST_TRIES, Store, Stored, Transacted, conflicting};

/// What happens to the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseChange {
    /// It is taken, or kept by its holder.
    Take,
    /// It is extended, whatever has been declared meanwhile: no call follows from that.
    Extend,
    /// It is given up.
    GiveUp,
    /// None is taken: one write alone needs none, as long as nobody else holds one.
    Without,
}

/// One write by whoever works on a commitment.
#[derive(Debug)]
pub struct Write<'a> {
    /// The record as it was last read or written.
    pub before: &'a Stored,
    /// The invocation that writes.
    pub holder: &'a str,
    /// Now.
    pub now: Timestamp,
    /// What happens to the lease.
    pub lease: LeaseChange,
    /// The declaration that is settled, if it is.
    pub declared: Option<Declared>,
    /// The progress.
    pub progress: Progress,
    /// Targets that become free.
    pub free: Vec<Target>,
    /// Whether a purchase is announced: then the deployment has to be open, and its total to have room.
    pub buys: Option<Limit>,
}

/// One action of a transaction, and what a failed condition on it means.
enum Part {
    Record,
    Ledger,
    Deployment,
    Target,
}

impl Store<'_> {
    /// Writes what `write` says. Gives the record as it stands after that.
    ///
    /// # Errors
    /// The call failed, or it is not known whether it succeeded.
    pub async fn write(&self, write: Write<'_>) -> Result<(Written, Stored), CallError> {
        let name = write.before.record.name().to_owned();
        let cannot = format!("write the record of {name}");
        let id = self.aws.fresh_id();
        let after = write.after();
        let update = self.record_update(&write, &after, &id)?;
        let mut actions = vec![(Part::Record, TransactWriteItem::builder().update(update.clone()).build())];
        if let Some(ledger) = self.ledger_update(&write, &after)? {
            actions.push((Part::Ledger, ledger));
        }
        if write.buys.is_some() {
            actions.push((Part::Deployment, self.deployment_check(&self.table_id().await?)?));
        }
        for target in &write.free {
            actions.push((Part::Target, self.target_deletion(target, &name)?));
        }
        let written = if actions.len() == 1 {
            self.update_alone(update, &write, &id, &cannot).await?
        } else {
            let (parts, actions): (Vec<Part>, Vec<TransactWriteItem>) = actions.into_iter().unzip();
            match self.transact(&actions, &cannot).await? {
                Transacted::Done => Written::Done,
                Transacted::Refused(failed) => judge(&parts, &failed, &write, &id),
            }
        };
        let stored = if written == Written::Done {
            let raw = raw_after(&after, &write.before.raw);
            Stored { record: after, raw }
        } else {
            write.before.clone()
        };
        Ok((written, stored))
    }

    async fn update_alone(
        &self,
        update: Update,
        write: &Write<'_>,
        id: &str,
        cannot: &str,
    ) -> Result<Written, CallError> {
        let request = self.client().update_item().set_key(Some(update.key)).table_name(self.table);
        let request = request.update_expression(update.update_expression);
        let request = request.set_condition_expression(update.condition_expression);
        let request = request.set_expression_attribute_names(update.expression_attribute_names);
        let request = request.set_expression_attribute_values(update.expression_attribute_values);
        let request = request.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for _ in 0..MOST_TRIES {
            let Err(error) = request.clone().send().await else { return Ok(Written::Done) };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(why_refused(&failed.item().cloned().unwrap_or_default(), write, id));
                }
                Some(UpdateItemError::TransactionConflictException(_)) => {}
                Some(_) | None => return Err(self.aws.failed(cannot, &error)),
            }
        }
        Err(conflicting(cannot))
    }

    fn record_update(&self, write: &Write<'_>, after: &Record, id: &str) -> Result<Update, CallError> {
        let raw = &write.before.raw;
        let mut sets = vec!["#progress = :progress".to_owned()];
        let mut removes = Vec::new();
        let mut update = Update::builder()
            .table_name(self.table)
            .set_key(Some(item::key(&item::commitment_key(after.name()))))
            .expression_attribute_names("#progress", "Progress")
            .expression_attribute_names("#lease", "Lease")
            .expression_attribute_names("#version", "Version")
            .expression_attribute_values(":progress", part(&after.progress, &raw["Progress"], id)?)
            .expression_attribute_values(":read", number(write.before.record.progress.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if write.declared.is_some() {
            sets.push("#declared = :declared".to_owned());
            update = update.expression_attribute_values(":declared", part(&after.declared, &raw["Declared"], id)?);
        }
        match &after.lease {
            Some(lease) => {
                sets.push("#lease = :lease".to_owned());
                update = update.expression_attribute_values(":lease", attribute(lease)?);
            }
            None if write.before.record.lease.is_some() => removes.push("#lease"),
            None => {}
        }
        let mut condition = "#progress.#version = :read".to_owned();
        if write.lease != LeaseChange::Extend {
            condition.push_str(" AND #declared.#version = :asked");
            update = update
                .expression_attribute_names("#declared", "Declared")
                .expression_attribute_values(":asked", number(write.before.record.declared.version));
        }
        if write.is_held() {
            condition.push_str(" AND #lease.#holder = :holder");
            update = update
                .expression_attribute_names("#holder", "Holder")
                .expression_attribute_values(":holder", text(write.holder));
        } else {
            condition.push_str(" AND (attribute_not_exists(#lease) OR #lease.#until <= :now)");
            update = update
                .expression_attribute_names("#until", "Until")
                .expression_attribute_values(":now", text(write.now.to_string()));
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removes.is_empty() {
            expression = format!("{expression} REMOVE {}", removes.join(", "));
        }
        update.update_expression(expression).condition_expression(condition).build().map_err(misbuilt)
    }

    /// The ledger's change, if the record holds or announces other units than before.
    fn ledger_update(&self, write: &Write<'_>, after: &Record) -> Result<Option<TransactWriteItem>, CallError> {
        let before = write.before.record.progress.reserved();
        let reserved_after = after.progress.reserved();
        let limit = write.buys.and_then(|Limit(limit)| limit);
        self.ledger_change(&before, &reserved_after, limit)
    }

    /// A condition: the table belongs to this deployment and is open.
    pub(super) fn deployment_check(&self, table_id: &str) -> Result<TransactWriteItem, CallError> {
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(item::key(item::DEPLOYMENT_KEY)))
            .condition_expression("#name = :name AND #table = :table AND #group = :group AND #open = :open")
            .expression_attribute_names("#name", "Name")
            .expression_attribute_names("#table", "TableId")
            .expression_attribute_names("#group", "Group")
            .expression_attribute_names("#open", "Open")
            .expression_attribute_values(":name", text(self.deployment))
            .expression_attribute_values(":table", text(table_id))
            .expression_attribute_values(":group", text(self.group))
            .expression_attribute_values(":open", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().condition_check(check.map_err(misbuilt)?).build())
    }

    /// Frees `target`, if it is still the commitment's own.
    pub(super) fn target_deletion(&self, target: &Target, name: &str) -> Result<TransactWriteItem, CallError> {
        let deletion = Delete::builder()
            .table_name(self.table)
            .set_key(Some(item::key(&target.key())))
            .condition_expression("attribute_not_exists(#key) OR #commitment = :name")
            .expression_attribute_names("#key", item::KEY)
            .expression_attribute_names("#commitment", "Commitment")
            .expression_attribute_values(":name", text(name))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().delete(deletion.map_err(misbuilt)?).build())
    }

    /// Forgets `before` and leaves `tombstone`, together with its targets and what the ledger holds for it.
    ///
    /// # Errors
    /// The call failed.
    pub async fn forget(&self, before: &Stored, holder: &str, tombstone: &Tombstone) -> Result<Written, CallError> {
        let record = &before.record;
        let name = record.name();
        let cannot = format!("forget {name}");
        let deletion = Delete::builder()
            .table_name(self.table)
            .set_key(Some(item::key(&item::commitment_key(name))))
            .condition_expression("#declared.#version = :asked AND #lease.#holder = :holder")
            .expression_attribute_names("#declared", "Declared")
            .expression_attribute_names("#version", "Version")
            .expression_attribute_names("#lease", "Lease")
            .expression_attribute_names("#holder", "Holder")
            .expression_attribute_values(":asked", number(record.declared.version))
            .expression_attribute_values(":holder", text(holder))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        let mut actions = vec![TransactWriteItem::builder().delete(deletion.map_err(misbuilt)?).build()];
        actions.push(
            TransactWriteItem::builder().put(self.tombstone_put(name, tombstone)?.build().map_err(misbuilt)?).build(),
        );
        for target in record.declared.targets() {
            actions.push(self.target_deletion(&target, name)?);
        }
        actions.extend(self.ledger_change(&record.progress.reserved(), &BTreeMap::new(), None)?);
        match self.transact(&actions, &cannot).await? {
            Transacted::Done => Ok(Written::Done),
            Transacted::Refused(failed) => match failed.first() {
                // An answer that got lost: nothing is there any more.
                Some(Some(item)) if item.is_empty() => Ok(Written::Done),
                Some(Some(item)) if text_in(item, &["Lease", "Holder"]) != Some(holder) => Ok(Written::LeaseLost),
                Some(Some(_)) => Ok(Written::DeclaredChanged),
                Some(None) | None => Err(CallError {
                    cannot,
                    kind: CallErrorKind::Refused,
                    code: "TargetTaken".to_owned(),
                    message: "a target of it belongs to another commitment".to_owned(),
                }),
            },
        }
    }

    /// A tombstone with a fresh id, to be put.
    pub(super) fn tombstone_put(&self, name: &str, tombstone: &Tombstone) -> Result<PutBuilder, CallError> {
        let tombstone = Tombstone { write: self.aws.fresh_id(), ..tombstone.clone() };
        let mut item: Item = serde_dynamo::to_item(tombstone).map_err(|error| misbuilt_text(&error.to_string()))?;
        item.extend(item::key(&item::tombstone_key(name)));
        Ok(Put::builder().table_name(self.table).set_item(Some(item)))
    }
}

impl Write<'_> {
    /// Whether the writer holds the lease already.
    fn is_held(&self) -> bool {
        self.before.record.lease.as_ref().is_some_and(|lease| lease.holder == self.holder)
    }

    fn after(&self) -> Record {
        let Record { format: _, declared, progress, lease: _ } = &self.before.record;
        let mut after = Record {
            format: FORMAT.max(self.before.record.format),
            declared: self.declared.clone().unwrap_or_else(|| declared.clone()),
            progress: self.progress.clone(),
            lease: None,
        };
        after.progress.version = progress.version.saturating_add(1);
        if self.declared.is_some() {
            after.declared.version = declared.version.saturating_add(1);
        }
        if matches!(self.lease, LeaseChange::Take | LeaseChange::Extend) {
            let until = self.now.saturating_add(LEASE_LASTS).unwrap_or(Timestamp::MAX);
            after.lease = Some(Lease { holder: self.holder.to_owned(), until });
        }
        after
    }
}

/// The item after a write, as far as the next one needs it: keys that are not known stay where they were.
fn raw_after(after: &Record, raw: &Value) -> Value {
    let mut new = raw.clone();
    for (key, value) in
        [("Declared", serde_json::to_value(&after.declared)), ("Progress", serde_json::to_value(&after.progress))]
    {
        let Ok(mut value) = value else { continue };
        policy::record::carry_unknown(&raw[key], &known_part(key, &raw[key]), &mut value);
        new[key] = value;
    }
    new
}

fn known_part(key: &str, raw: &Value) -> Value {
    let known = match key {
        "Declared" => serde_json::from_value::<Declared>(raw.clone()).and_then(serde_json::to_value),
        _ => serde_json::from_value::<Progress>(raw.clone()).and_then(serde_json::to_value),
    };
    known.unwrap_or_else(|_| raw.clone())
}

fn judge(parts: &[Part], failed: &[Option<Item>], write: &Write<'_>, id: &str) -> Written {
    let of = |kind: fn(&Part) -> bool| {
        parts.iter().zip(failed).find_map(|(part, failed)| failed.as_ref().filter(|_| kind(part)))
    };
    if let Some(item) = of(|part| matches!(part, Part::Record)) {
        return why_refused(item, write, id);
    }
    if let Some(item) = of(|part| matches!(part, Part::Deployment)) {
        return Written::Closed(super::registry::why_closed(item));
    }
    if let Some(item) = of(|part| matches!(part, Part::Ledger)) {
        return Written::NoRoom(number_in(item, &[item::LEDGER_SUM]).unwrap_or_default());
    }
    Written::LeaseLost
}

/// Reads from `item` why the condition of `write` failed.
fn why_refused(item: &Item, write: &Write<'_>, id: &str) -> Written {
    if text_in(item, &["Progress", "Write"]) == Some(id) {
        return Written::Done;
    }
    let read = number_in(item, &["Progress", "Version"]) == Some(write.before.record.progress.version);
    let held = text_in(item, &["Lease", "Holder"]);
    let lease_is_ours = if write.is_held() {
        held == Some(write.holder)
    } else {
        let until = text_in(item, &["Lease", "Until"]).and_then(|until| until.parse::<Timestamp>().ok());
        held.is_none() || until.is_some_and(|until| until <= write.now)
    };
    if read && lease_is_ours { Written::DeclaredChanged } else { Written::LeaseLost }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(super) fn misbuilt(error: aws_sdk_dynamodb::error::BuildError) -> CallError {
    misbuilt_text(&error.to_string())
}

fn misbuilt_text(message: &str) -> CallError {
    CallError {
        cannot: "write to the table".to_owned(),
        kind: CallErrorKind::Invalid,
        code: "ValidationException".to_owned(),
        message: message.to_owned(),
    }
}
