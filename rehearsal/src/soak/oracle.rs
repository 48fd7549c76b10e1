//! What should be held now?
//!
//! From what the commitment's record says is registered (declaration, hold, override, lifecycle) to the size that is to be paid
//! for at an instant: the largest that is wanted from then until the lead time later.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::declared::{Declared, GRID};

/// What is registered of one commitment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Registered {
    pub(super) serial: u32,
    pub(super) lifecycle: String,
    pub(super) by_hand: bool,
    /// Whether it is held on, or off.
    pub(super) hold: Option<bool>,
    pub(super) overriding: Option<(bool, Option<u32>, Timestamp)>,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) parameter: Option<String>,
    pub(super) owes: bool,
}

impl Registered {
    /// What is wanted by it: without what is owed, and without aliases, which others may take over.
    pub(super) fn wants(self) -> Self {
        Self { owes: false, aliases: Vec::new(), ..self }
    }

    /// Reads a record; nothing where there is none.
    pub(super) fn read(record: &str) -> Option<Self> {
        let record: Value = serde_json::from_str(record).ok()?;
        let record = record.get("Declared")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let instant = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let on = |value: &Value| value == "On";
        let declared = &record["Commitment"];
        let aliases = declared["AgentAliases"].as_array().into_iter().flatten();
        let aliases = aliases.filter_map(|one| Some((text(&one["AgentId"])?, text(&one["AgentAliasId"])?)));
        let hold = record.get("Hold").map(|hold| on(&hold["State"]));
        let overriding = record.get("Override").and_then(|live| {
            let units = live["ModelUnits"].as_u64().and_then(|units| u32::try_from(units).ok());
            Some((on(&live["State"]), units, instant(&live["Until"])?))
        });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a serial is a small whole number")]
        let serial = declared["PricePerUnitHour"].as_f64()? as u32;
        Some(Self {
            serial,
            lifecycle: text(&record["Lifecycle"]).unwrap_or_else(|| "Active".to_owned()),
            by_hand: record["ByHand"] == true,
            hold,
            overriding,
            aliases: aliases.collect(),
            parameter: text(&declared["ModelIdParameter"]),
            owes: record.get("Owed").is_some(),
        })
    }
}

/// What is wanted of one declaration, worked out once for each five minutes.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    serial: u32,
    first: i64,
    wanted: VecDeque<Option<u32>>,
}

impl Oracle {
    fn wanted(&mut self, declared: &Declared, slot: i64) -> Option<u32> {
        if self.serial != declared.serial || slot < self.first || self.wanted.is_empty() {
            *self = Self { serial: declared.serial, first: slot, wanted: VecDeque::new() };
        }
        while self.first + i64::try_from(self.wanted.len()).unwrap_or(i64::MAX) <= slot {
            let next = self.first + i64::try_from(self.wanted.len()).unwrap_or_default();
            let at = Timestamp::from_second(next * GRID * 60).unwrap_or_default();
            self.wanted.push_back(declared.wanted(at));
        }
        // An hour is kept, for the look around now.
        while self.wanted.len() > 200 && self.first < slot - 100 {
            self.wanted.pop_front();
            self.first += 1;
        }
        self.wanted.get(usize::try_from(slot - self.first).unwrap_or_default()).copied().flatten()
    }

    /// The size held at `at`; nothing for off.
    pub(super) fn held(
        &mut self,
        all: &BTreeMap<u32, Declared>,
        registered: &Registered,
        at: Timestamp,
    ) -> Option<u32> {
        let Registered { serial, lifecycle, by_hand, hold, overriding, .. } = registered;
        let declared = all.get(serial)?;
        if lifecycle != "Active" {
            return None;
        }
        let until = at.saturating_add(SignedDuration::from_mins(declared.lead)).ok()?;
        let live = overriding.filter(|(_, _, until)| at < *until);
        let (mut held, from) = match live {
            Some((false, ..)) => return None,
            Some((true, units, end)) => (Some(units.unwrap_or(declared.units)), end),
            None => (None, at),
        };
        if until < from {
            return held;
        }
        match hold {
            Some(on) => held = held.max(on.then_some(declared.units)),
            None if declared.hours.is_none() => held = held.max((!by_hand).then_some(declared.units)),
            None => {
                for slot in slot_of(from)..=slot_of(until) {
                    held = held.max(self.wanted(declared, slot));
                }
            }
        }
        held
    }

    /// What may be held around `at`, to the five minutes of the grid: all the same if nothing changes then.
    pub(super) fn around(
        &mut self,
        all: &BTreeMap<u32, Declared>,
        registered: &Registered,
        at: Timestamp,
    ) -> Vec<Option<u32>> {
        let mut around = Vec::new();
        for minutes in [-GRID, 0, GRID] {
            let near = at.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(at);
            let held = self.held(all, registered, near);
            if !around.contains(&held) {
                around.push(held);
            }
        }
        around
    }
}

fn slot_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(GRID * 60)
}
