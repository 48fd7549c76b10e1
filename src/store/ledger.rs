//! How is the deployment's total kept?
//!
//! The ledger counts the model units that each throughput holds or is about to take, and their sum. It changes in the
//! same transaction as the record that says so.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use policy::observed::CallError;

use super::Store;
use super::item::{self, number};
use super::write::misbuilt;

/// The deployment's total, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub Option<u32>);

impl Store<'_> {
    /// The update that takes the ledger from `before` to `after`, within `limit` if more is held than before.
    pub(super) fn ledger_change(
        &self,
        before: &BTreeMap<String, u32>,
        after: &BTreeMap<String, u32>,
        limit: Option<u32>,
    ) -> Result<Option<TransactWriteItem>, CallError> {
        if before == after {
            return Ok(None);
        }
        let mut update = Update::builder().table_name(self.table).set_key(Some(item::key(item::LEDGER_KEY)));
        let (mut sets, mut removes, mut change) = (Vec::new(), Vec::new(), 0_i64);
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for (index, name) in names.into_iter().enumerate() {
            let (old, new) = (before.get(name).copied(), after.get(name).copied());
            if old == new {
                continue;
            }
            change += i64::from(new.unwrap_or_default()) - i64::from(old.unwrap_or_default());
            update = update.expression_attribute_names(format!("#unit{index}"), name);
            match new {
                Some(units) => {
                    sets.push(format!("#unit{index} = :unit{index}"));
                    update = update.expression_attribute_values(format!(":unit{index}"), number(units));
                }
                None => removes.push(format!("#unit{index}")),
            }
        }
        sets.push("#sum = if_not_exists(#sum, :zero) + :change".to_owned());
        update = update
            .expression_attribute_names("#sum", item::LEDGER_SUM)
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":change", number(change));
        if let Some(limit) = limit.filter(|_| change > 0) {
            // Nothing fits that is larger than the limit by itself.
            let room = i64::from(limit) - change;
            let condition = if room >= 0 { "attribute_not_exists(#sum) OR #sum <= :room" } else { "#sum <= :room" };
            update = update
                .condition_expression(condition)
                .expression_attribute_values(":room", number(room))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        }
        let removes = if removes.is_empty() { String::new() } else { format!(" REMOVE {}", removes.join(", ")) };
        let update = update.update_expression(format!("SET {}{removes}", sets.join(", "))).build();
        Ok(Some(TransactWriteItem::builder().update(update.map_err(misbuilt)?).build()))
    }
}
