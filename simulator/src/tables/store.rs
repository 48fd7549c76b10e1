//! What does a table hold, and what does a read that may be late see of it?

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::attribute::Item;
use crate::account::plus;

/// What one key holds, and held before.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    item: Option<Arc<Item>>,
    before: Option<Arc<Item>>,
    written: Timestamp,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    held: BTreeMap<String, Held>,
    /// How often there was a table of this name before: each has an id of its own.
    pub(crate) generation: u32,
}

impl Table {
    pub(crate) const fn new() -> Self {
        Self { held: BTreeMap::new(), generation: 0 }
    }

    /// The table's own id.
    pub(crate) fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.generation)
    }

    /// What `key` holds.
    pub(crate) fn item(&self, key: &str) -> Option<&Arc<Item>> {
        self.held.get(key)?.item.as_ref()
    }

    /// Everything that is held, by key.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&str, &Arc<Item>)> {
        self.held.iter().filter_map(|(key, held)| Some((key.as_str(), held.item.as_ref()?)))
    }

    /// What a read at `now` that is late by up to `lag` sees under `key`.
    pub(crate) fn seen(&self, key: &str, now: Timestamp, lag: SignedDuration) -> Option<&Arc<Item>> {
        let held = self.held.get(key)?;
        if now < plus(held.written, lag) { held.before.as_ref() } else { held.item.as_ref() }
    }

    /// Every key that a read may see, in an order that only looks like none.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<&String> = self.held.keys().collect();
        keys.sort_by_key(|key| scattered(key));
        keys.into_iter().cloned().collect()
    }

    /// Has `key` hold `item`, or nothing.
    pub(crate) fn hold(&mut self, key: &str, item: Option<Item>, now: Timestamp, lag: SignedDuration) {
        let before = self.held.remove(key).and_then(|held| held.item);
        if item.is_none() && lag.is_zero() {
            return;
        }
        let before = before.filter(|_| !lag.is_zero());
        self.held.insert(key.to_owned(), Held { item: item.map(Arc::new), before, written: now });
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
    }
}

/// Fowler, Noll and Vo's hash: a table has its items in no order that anybody may rely on.
pub(crate) fn scattered(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
