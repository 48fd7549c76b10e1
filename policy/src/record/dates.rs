//! Which of two actions is the newer one?
//!
//! EventBridge promises no order, and Lambda repeats what failed. So each slot remembers the date of its newest action
//! (docs/reference.md, "Actions"), and an older one changes nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The part of a declaration that an action changes. Order is judged for each slot by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The hold of a `ScaleUp` or `ScaleDown`.
    Hold,
    /// The override.
    Override,
    /// The declaration with the lifecycle.
    Declaration,
}

/// The date of each slot's newest action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dates {
    /// Of the hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Timestamp>,
    /// Of the override.
    #[serde(default, rename = "Override", skip_serializing_if = "Option::is_none")]
    pub override_: Option<Timestamp>,
    /// Of the declaration with the lifecycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declaration: Option<Timestamp>,
}

impl Dates {
    /// The date of the newest action of `slot`.
    #[must_use]
    pub fn of(&self, slot: Slot) -> Option<Timestamp> {
        match slot {
            Slot::Hold => self.hold,
            Slot::Override => self.override_,
            Slot::Declaration => self.declaration,
        }
    }

    /// Returns true if an action of the date `sent` is older than the newest one of `slot`.
    #[must_use]
    pub fn is_stale(&self, slot: Slot, sent: Timestamp) -> bool {
        self.of(slot).is_some_and(|newest| sent < newest)
    }

    /// Notes an action of the date `sent`; the newest date stays.
    pub fn note(&mut self, slot: Slot, sent: Timestamp) {
        let date = match slot {
            Slot::Hold => &mut self.hold,
            Slot::Override => &mut self.override_,
            Slot::Declaration => &mut self.declaration,
        };
        *date = Some(date.map_or(sent, |newest| newest.max(sent)));
    }
}
