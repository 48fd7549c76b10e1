//! What does a write make of one item, and when is it refused? `PutItem`, `UpdateItem` and
//! `DeleteItem`, alone or in a transaction.

use serde_json::{Value, json};

use super::attribute::{Item, MOST_BYTES, checked, size_of_item};
use super::expression::{Condition, condition};
use super::update::{Update, update};
use super::words::Placeholders;
use super::{KEY, key_alone, key_text};
use crate::account::Account;
use crate::api::{Call, Refusal, only};

/// What is done to an item.
#[derive(Debug, Clone)]
enum Effect {
    Put(Item),
    Update(Update),
    Delete,
    Check,
}

/// One write, read and found to be well-formed.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) table: String,
    pub(super) key: String,
    effect: Effect,
    condition: Option<Condition>,
    /// Whether a condition that fails gives the item that is there.
    pub(super) shows_old: bool,
}

impl Write {
    /// Reads the write `kind`, which is `Put`, `Update`, `Delete` or `ConditionCheck`, with
    /// members beside the usual ones.
    pub(super) fn read(kind: &str, body: &Value, more: &[&str]) -> Result<Self, Refusal> {
        let own: &[&str] = match kind {
            "Put" => &["Item"],
            "Update" => &["Key", "UpdateExpression"],
            _ => &["Key"],
        };
        let usual = [
            "ConditionExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnValuesOnConditionCheckFailure",
            "TableName",
        ];
        only(body, &[&usual[..], own, more].concat())?;
        let has_expression = ["ConditionExpression", "UpdateExpression"].iter().any(|key| !body[*key].is_null());
        let given = Placeholders::of(body, has_expression)?;
        let condition = condition(body, "ConditionExpression", &given)?;
        let (key, effect) = match kind {
            "Put" => {
                let item = whole(&body["Item"])?;
                (key_text(&item[KEY])?, Effect::Put(item))
            }
            "Update" => (key_alone(&body["Key"])?, Effect::Update(update(body, &given)?)),
            "Delete" => (key_alone(&body["Key"])?, Effect::Delete),
            _ if condition.is_none() => return Err(Refusal::malformed("ConditionExpression must not be null")),
            _ => (key_alone(&body["Key"])?, Effect::Check),
        };
        given.all_used()?;
        let table = body["TableName"].as_str().ok_or_else(|| Refusal::malformed("TableName must not be null"))?;
        let shows_old = body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
        Ok(Self { table: table.to_owned(), key, effect, condition, shows_old })
    }

    /// Returns true if the item, or that there is none, is as the condition wants it.
    pub(super) fn may_go_on(&self, item: Option<&Item>) -> bool {
        let nothing = Item::new();
        self.condition.as_ref().is_none_or(|condition| condition.holds(item.unwrap_or(&nothing)))
    }

    /// What is there afterwards.
    pub(super) fn outcome(&self, before: Option<&Item>) -> Result<Option<Item>, Refusal> {
        match &self.effect {
            Effect::Put(item) => Ok(Some(item.clone())),
            Effect::Delete => Ok(None),
            Effect::Check => Ok(before.cloned()),
            Effect::Update(update) => {
                let mut item = before.cloned().unwrap_or_default();
                item.insert(KEY.to_owned(), json!({"S": self.key}));
                update.apply(&mut item)?;
                if size_of_item(&item) > MOST_BYTES {
                    return Err(Refusal::validation("Item size to update has exceeded the maximum allowed size"));
                }
                Ok(Some(item))
            }
        }
    }

    /// The attributes that `ReturnValues` asks for.
    fn returned(&self, wanted: &str, before: Option<&Item>, after: Option<&Item>) -> Result<Option<Item>, Refusal> {
        let touched = |item: &Item| -> Item {
            let Effect::Update(update) = &self.effect else { return Item::new() };
            let names: Vec<&str> = update.touches().collect();
            let kept = item.iter().filter(|(name, _)| names.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let updates = matches!(self.effect, Effect::Update(_));
        match wanted {
            "NONE" => Ok(None),
            "ALL_OLD" => Ok(before.cloned()),
            "UPDATED_OLD" if updates => Ok(before.map(touched).filter(|item| !item.is_empty())),
            "ALL_NEW" if updates => Ok(after.cloned()),
            "UPDATED_NEW" if updates => Ok(after.map(touched).filter(|item| !item.is_empty())),
            _ => Err(Refusal::malformed("ReturnValues can only be ALL_OLD or NONE")),
        }
    }
}

/// The attributes of an item that is put.
fn whole(attributes: &Value) -> Result<Item, Refusal> {
    let invalid = |what: &str| Refusal::malformed(format!("One or more parameter values were invalid: {what}"));
    let members = attributes.as_object().ok_or_else(|| Refusal::malformed("Item must not be null"))?;
    let checked = members.iter().map(|(name, value)| Ok((name.clone(), checked(value)?)));
    let item: Item = checked.collect::<Result<_, Refusal>>()?;
    match item.get(KEY).map(super::attribute::kind) {
        None => Err(invalid("Missing the key Key in the item")),
        Some("S") if size_of_item(&item) > MOST_BYTES => {
            Err(Refusal::validation("Item size has exceeded the maximum allowed size"))
        }
        Some("S") => Ok(item),
        Some(other) => Err(invalid(&format!("Type mismatch for key Key expected: S actual: {other}"))),
    }
}

impl Account {
    pub(crate) fn write_item(&mut self, call: &Call) -> Result<Value, Refusal> {
        let kind = call.operation.trim_end_matches("Item");
        let write =
            Write::read(kind, &call.body, &["ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues"])?;
        let before = self.table(&write.table)?.item(&write.key).cloned();
        if !write.may_go_on(before.as_deref()) {
            let refusal = Refusal::new(400, "ConditionalCheckFailedException", "The conditional request failed");
            let shown = before.filter(|_| write.shows_old);
            return Err(refusal.with("Item", json!(shown.as_deref())));
        }
        let after = write.outcome(before.as_deref())?;
        let wanted = call.body["ReturnValues"].as_str().unwrap_or("NONE");
        let returned = write.returned(wanted, before.as_deref(), after.as_ref())?;
        self.keep(&write, after)?;
        self.settle();
        Ok(json!({"Attributes": returned}))
    }

    /// Has the item of `write` be `after`.
    pub(super) fn keep(&mut self, write: &Write, after: Option<Item>) -> Result<(), Refusal> {
        if matches!(write.effect, Effect::Check) {
            return Ok(());
        }
        let (now, lag) = (self.now, self.knobs.table_lag);
        self.table_mut(&write.table)?.hold(&write.key, after, now, lag);
        Ok(())
    }
}
