//! Which promises of the function does a request break?

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::COMMITMENT_TAG;
use crate::account::{Account, Throughput, marks, plus};

/// The earliest that a throughput with a term may be tried to be deleted before its end, by the
/// promises of the function.
const EARLIEST_TRY: SignedDuration = SignedDuration::from_mins(2);

impl Account {
    pub(crate) fn judge_purchase(&mut self, name: &str, tags: &BTreeMap<String, String>, token: Option<&str>) {
        if token.is_none_or(str::is_empty) {
            self.violated(format!("{name} is bought without a request token"));
        }
        if marks(tags).is_none() {
            self.violated(format!("{name} is bought without our marks"));
        }
    }

    pub(crate) fn judge_doubles(
        &mut self,
        name: &str,
        model_arn: &str,
        units: u32,
        term: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) {
        let commitment = tags.get(COMMITMENT_TAG);
        let same = |one: &Throughput| {
            // A term is another purchase: what has none is let go once that is in service.
            let alike = one.model_arn == model_arn && one.units == units && one.term.as_deref() == term;
            alike && one.status != "Failed" && one.tags.get(COMMITMENT_TAG) == commitment
        };
        let twice = self.living().any(same);
        if twice {
            self.violated(format!("{name} is bought twice"));
        }
    }

    pub(crate) fn judge_deletion(&mut self, one: &Throughput) {
        let name = &one.name;
        if !self.is_ours(one) {
            self.violated(format!("{name} is deleted and not ours"));
        }
        let marked = one.tags.get(COMMITMENT_TAG);
        if one.bought_for.is_some() && marked.is_some() && marked != one.bought_for.as_ref() {
            self.violated(format!("{name} is deleted, and its tags name another commitment than its purchase did"));
        }
        for alias in self.users(one) {
            self.violated(format!("{name} is deleted under the live alias {alias}"));
        }
        let drained = one.left.is_none_or(|left| plus(left, self.knobs.least_drain) <= self.now);
        // A month that renews costs more than a request that is cut off.
        let last_minutes = |end: Timestamp| end.duration_since(self.now) <= EARLIEST_TRY;
        if one.in_service.is_some() && !drained && !one.expiration.is_some_and(last_minutes) {
            self.violated(format!("{name} is deleted before its drain is over"));
        }
        let drain = self.knobs.least_drain;
        self.judge_parameters(name, &one.arn, drain);
        if one.expiration.is_some_and(|end| end.duration_since(self.now) > EARLIEST_TRY) && one.status != "Failed" {
            self.violated(format!("{name} is tried to be deleted long before its term ends"));
        }
    }

    pub(crate) fn is_ours(&self, one: &Throughput) -> bool {
        one.marks().is_some_and(|(_, deployment)| deployment == self.knobs.group)
    }

    /// A term is bought once for each value of `Purchase`.
    pub(crate) fn judge_term(&mut self, name: &str, tags: &BTreeMap<String, String>) {
        let Some(commitment) = tags.get(COMMITMENT_TAG).cloned() else { return };
        let record = self.tables.values().find_map(|table| table.item(&format!("commitment/{commitment}")));
        let record = record.map(|item| crate::tables::plain_item(item));
        let Some(purchase) = record.as_ref().and_then(purchase_of) else { return };
        if !self.terms_bought.insert((commitment, purchase.clone())) {
            self.violated(format!("{name} is bought with a term, and Purchase {purchase} was bought before"));
        }
    }
}

/// The name of the purchase that a record declares.
fn purchase_of(record: &Value) -> Option<String> {
    record["Declared"]["Commitment"]["Purchase"].as_str().map(str::to_owned)
}
