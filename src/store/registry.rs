//! How does something become registered?
//!
//! One transaction: the deployment is open, nobody has written since it was read, and no other commitment declares the same
//! alias or parameter.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use policy::admission::Change;
use policy::observed::{CallError, CallErrorKind};
use policy::record::{Declared, Deployment, Record, Target, Tombstone};
use serde_json::json;

use super::item::{self, Item, number, part, text, text_in};
use super::write::misbuilt;
use super::{Store, Stored, Transacted};

/// Tries at taking up a table that others take up at the same time.
const MOST_TAKE_UPS: usize = 3;

/// What came of a registration.
#[derive(Debug, Clone, PartialEq)]
pub enum Registered {
    /// It is registered.
    Done(Box<Stored>),
    /// Somebody has written meanwhile: it is worth reading again.
    Conflict,
    /// Another commitment declares a target of it.
    Claimed {
        /// The target.
        what: String,
        /// The commitment that declares it.
        by: String,
    },
    /// The deployment takes nothing, and why.
    Closed(String),
}

/// What came of closing the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// It is closed: nothing can be registered any more.
    Closed,
    /// These are registered; it stays open.
    StillRegistered(Vec<String>),
}

enum Part {
    Record,
    Deployment,
    Target(Target),
    Tombstone,
}

impl Store<'_> {
    /// Registers `change` in the place of `before`, or where there is nothing but `tombstone`.
    ///
    /// # Errors
    /// The call failed, or it is not known whether it succeeded.
    pub async fn register(
        &self,
        before: Option<&Stored>,
        tombstone: Option<&Tombstone>,
        change: &Change,
    ) -> Result<Registered, CallError> {
        let id = self.aws.fresh_id();
        let name = change.declared.commitment.name.to_string();
        let mut stored = drafted(before, change);
        let mut actions = vec![(Part::Record, self.registration(before, &mut stored, &id)?)];
        if change.is_news || before.is_none() && change.may_buy {
            actions.push((Part::Deployment, self.deployment_check(&self.table_id().await?)?));
        }
        let known: BTreeSet<Target> = before.into_iter().flat_map(|before| before.record.declared.targets()).collect();
        for target in change.declared.targets().filter(|target| !known.contains(target)) {
            let claim = self.claim(&target, &name)?;
            actions.push((Part::Target(target), claim));
        }
        if before.is_none() {
            actions.push((Part::Tombstone, self.tombstone_deletion(&name, tombstone, change.declared.changed)?));
        }
        let (parts, actions): (Vec<Part>, Vec<TransactWriteItem>) = actions.into_iter().unzip();
        let failed = match self.transact(&actions, &format!("register {name}")).await? {
            Transacted::Done => return Ok(Registered::Done(Box::new(stored))),
            Transacted::Refused(failed) => failed,
        };
        let mut refused = parts.into_iter().zip(failed).filter_map(|(part, failed)| Some((part, failed?)));
        Ok(match refused.next() {
            Some((Part::Record, item)) if text_in(&item, &["Declared", "Write"]) == Some(id.as_str()) => {
                Registered::Done(Box::new(stored))
            }
            Some((Part::Record | Part::Tombstone, _)) | None => Registered::Conflict,
            Some((Part::Deployment, item)) => Registered::Closed(why_closed(&item)),
            Some((Part::Target(target), item)) => Registered::Claimed {
                what: target.to_string(),
                by: text_in(&item, &["Commitment"]).unwrap_or_default().to_owned(),
            },
        })
    }

    fn registration(
        &self,
        before: Option<&Stored>,
        stored: &mut Stored,
        id: &str,
    ) -> Result<TransactWriteItem, CallError> {
        let Record { format, declared, progress, lease: _ } = &stored.record;
        let name = stored.record.name().to_owned();
        let Some(before) = before else {
            let mut item = item::key(&item::commitment_key(&name));
            item.insert("Format".to_owned(), number(format));
            item.insert("Declared".to_owned(), part(declared, &serde_json::Value::Null, id)?);
            item.insert("Progress".to_owned(), part(progress, &serde_json::Value::Null, id)?);
            let put = Put::builder()
                .table_name(self.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", item::KEY)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build();
            return Ok(TransactWriteItem::builder().put(put.map_err(misbuilt)?).build());
        };
        let update = Update::builder()
            .table_name(self.table)
            .set_key(Some(item::key(&item::commitment_key(&name))))
            .update_expression("SET #declared = :declared, #format = :format")
            .condition_expression("#declared.#version = :asked")
            .expression_attribute_names("#declared", "Declared")
            .expression_attribute_names("#version", "Version")
            .expression_attribute_names("#format", "Format")
            .expression_attribute_values(":declared", part(declared, &before.raw["Declared"], id)?)
            .expression_attribute_values(":format", number(format))
            .expression_attribute_values(":asked", number(before.record.declared.version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().update(update.map_err(misbuilt)?).build())
    }

    /// Deletes what is left of the commitment `name`, if that is still `known`: a Delete may have come in between.
    fn tombstone_deletion(
        &self,
        name: &str,
        known: Option<&Tombstone>,
        now: Timestamp,
    ) -> Result<TransactWriteItem, CallError> {
        let (condition, names, values) = as_known(known, now);
        let deletion = Delete::builder()
            .table_name(self.table)
            .set_key(Some(item::key(&item::tombstone_key(name))))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build();
        Ok(TransactWriteItem::builder().delete(deletion.map_err(misbuilt)?).build())
    }

    /// Takes `target` for the commitment `name`, unless another one declares it.
    fn claim(&self, target: &Target, name: &str) -> Result<TransactWriteItem, CallError> {
        let mut item = item::key(&target.key());
        item.insert("Commitment".to_owned(), text(name));
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#key) OR #commitment = :name")
            .expression_attribute_names("#key", item::KEY)
            .expression_attribute_names("#commitment", "Commitment")
            .expression_attribute_values(":name", text(name))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(misbuilt)?).build())
    }

    /// Which commitment declares `target`, if one does.
    ///
    /// # Errors
    /// The call failed.
    pub async fn owner(&self, target: &Target) -> Result<Option<String>, CallError> {
        let item = self.get(&target.key(), format!("read whose {target} is")).await?;
        Ok(item.and_then(|item| text_in(&item, &["Commitment"]).map(str::to_owned)))
    }

    /// Remembers a Delete where nothing is registered but `known`. Returns false if something else has been written since
    /// that was read.
    ///
    /// # Errors
    /// The call failed.
    pub async fn bury(
        &self,
        name: &str,
        known: Option<&Tombstone>,
        tombstone: &Tombstone,
        now: Timestamp,
    ) -> Result<bool, CallError> {
        let (condition, names, values) = as_known(known, now);
        let put = self.tombstone_put(name, tombstone)?.condition_expression(condition);
        let put = put.set_expression_attribute_names(Some(names)).set_expression_attribute_values(Some(values));
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(item::key(&item::commitment_key(name))))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", item::KEY)
            .build();
        let actions = [
            TransactWriteItem::builder().condition_check(check.map_err(misbuilt)?).build(),
            TransactWriteItem::builder().put(put.build().map_err(misbuilt)?).build(),
        ];
        match self.transact(&actions, &format!("remember that {name} was deleted")).await? {
            Transacted::Done => Ok(true),
            Transacted::Refused(_) => Ok(false),
        }
    }

    /// Says to which deployment the table belongs from now on, and whether something may be registered.
    ///
    /// # Errors
    /// The call failed.
    pub async fn take_up(&self, open: bool) -> Result<Deployment, CallError> {
        let deployment = Deployment {
            name: self.deployment.to_owned(),
            table_id: self.table_id().await?,
            group: self.group.to_owned(),
            open,
        };
        let cannot = || format!("take up table {}", self.table);
        let invalid = |message: String| CallError {
            cannot: cannot(),
            kind: CallErrorKind::Invalid,
            code: "ValidationException".to_owned(),
            message,
        };
        let ours: Item = serde_dynamo::to_item(&deployment).map_err(|error| invalid(error.to_string()))?;
        for _ in 0..MOST_TAKE_UPS {
            let known = self.get(item::DEPLOYMENT_KEY, cannot()).await?.unwrap_or_default();
            // Nothing is to be written, or our write had succeeded and its answer was lost.
            if ours.iter().all(|(name, value)| known.get(name) == Some(value)) {
                return Ok(deployment);
            }
            let mut put = self.client().put_item().table_name(self.table);
            let mut unchanged = Vec::new();
            for (index, (name, value)) in known.iter().enumerate() {
                unchanged.push(format!("#n{index} = :v{index}"));
                put = put.expression_attribute_names(format!("#n{index}"), name);
                put = put.expression_attribute_values(format!(":v{index}"), value.clone());
            }
            if known.is_empty() {
                unchanged.push("attribute_not_exists(#key)".to_owned());
                put = put.expression_attribute_names("#key", item::KEY);
            }
            let item = known.into_iter().chain(ours.clone()).chain(item::key(item::DEPLOYMENT_KEY)).collect();
            let answer = put.set_item(Some(item)).condition_expression(unchanged.join(" AND ")).send().await;
            match answer.map_err(|error| (error.code() == Some("ConditionalCheckFailedException"), error)) {
                Ok(_) => return Ok(deployment),
                Err((true, _)) => {}
                Err((false, error)) => return Err(self.aws.failed(cannot(), &error)),
            }
        }
        Err(CallError { kind: CallErrorKind::Busy, ..invalid("others write it at the same time".to_owned()) })
    }

    /// Closes the deployment, unless something is registered. It is closed before that is looked at, so that nothing can be
    /// registered in between.
    ///
    /// # Errors
    /// The call failed; the deployment may be closed then.
    pub async fn close(&self) -> Result<Closing, CallError> {
        self.set_open(false).await?;
        let registered = self.all().await?;
        if registered.is_empty() {
            return Ok(Closing::Closed);
        }
        self.set_open(true).await?;
        let names = registered.into_iter().map(|stored| match stored {
            Ok(stored) => stored.record.name().to_owned(),
            // An item that cannot be read may be paid for.
            Err((name, _)) => name,
        });
        Ok(Closing::StillRegistered(names.collect()))
    }

    /// Opens or closes the deployment.
    ///
    /// # Errors
    /// The call failed.
    pub async fn set_open(&self, open: bool) -> Result<(), CallError> {
        let request = self.client().update_item().table_name(self.table);
        let request = request.set_key(Some(item::key(item::DEPLOYMENT_KEY))).update_expression("SET #open = :open");
        let request = request.condition_expression("attribute_exists(#key)").expression_attribute_names("#key", "Key");
        let request = request.expression_attribute_names("#open", "Open");
        let answer = request.expression_attribute_values(":open", AttributeValue::Bool(open)).send().await;
        let word = if open { "open" } else { "close" };
        answer.map(|_| ()).map_err(|error| self.aws.failed(format!("{word} the deployment"), &error))
    }
}

/// The condition that a tombstone is as it is `known`, with its names and values. One that has expired counts as none.
fn as_known(
    known: Option<&Tombstone>,
    now: Timestamp,
) -> (&'static str, HashMap<String, String>, HashMap<String, AttributeValue>) {
    let named = |name: &str, attribute: &str| HashMap::from([(name.to_owned(), attribute.to_owned())]);
    match known {
        None => {
            let mut attributes = named("#key", item::KEY);
            attributes.insert("#expires".to_owned(), "Expires".to_owned());
            let values = HashMap::from([(":now".to_owned(), number(now.as_second()))]);
            ("attribute_not_exists(#key) OR #expires <= :now", attributes, values)
        }
        Some(known) => {
            let values = HashMap::from([(":write".to_owned(), text(known.write.as_str()))]);
            ("attribute_not_exists(#write) OR #write = :write", named("#write", "Write"), values)
        }
    }
}

/// The record that `change` makes of `before`.
fn drafted(before: Option<&Stored>, change: &Change) -> Stored {
    let mut record = match before {
        Some(before) => {
            let version = before.record.declared.version.saturating_add(1);
            Record { declared: Declared { version, ..change.declared.clone() }, ..before.record.clone() }
        }
        None => Record::new(change.declared.clone()),
    };
    record.progress.spent.extend(change.inherited.iter().cloned());
    let mut raw = before.map_or_else(|| json!({}), |before| before.raw.clone());
    if let Ok(declared) = serde_json::to_value(&record.declared) {
        let mut declared = declared;
        let known = serde_json::from_value::<Declared>(raw["Declared"].clone());
        let known = known.and_then(serde_json::to_value).unwrap_or_default();
        policy::record::carry_unknown(&raw["Declared"], &known, &mut declared);
        raw["Declared"] = declared;
    }
    if before.is_none() {
        raw["Progress"] = serde_json::to_value(&record.progress).unwrap_or_default();
    }
    Stored { record, raw }
}

/// Why nothing may be bought or registered, where the table's item `deployment` is as it is.
pub(super) fn why_closed(item: &Item) -> String {
    let cure =
        "check DEPLOYMENT, TABLE_NAME and SCHEDULE_GROUP; if the table is the right one, send {\"Action\": \"Adopt\"}";
    if item.is_empty() {
        return format!(
            "the table does not say which deployment it belongs to: nothing is bought or registered; {cure}"
        );
    }
    let name = text_in(item, &["Name"]).unwrap_or_default();
    match item.get("Open") {
        Some(AttributeValue::Bool(false)) => {
            format!("deployment {name} is closed, because its stack is being deleted: nothing is bought or registered")
        }
        _ => {
            format!("the table belongs to deployment {name}, or was restored: nothing is bought or registered; {cure}")
        }
    }
}
