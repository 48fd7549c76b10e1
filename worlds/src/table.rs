//! What does the table take?
//!
//! The conditions of the function's writes (`src/store`), on records that are kept as they are.

use std::sync::Arc;

use policy::admission::Change;
use policy::record::{Declared, LEASE_LASTS, Lease, Progress, Record, Target, Tombstone};

use crate::time::{Second, instant};

/// The table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// What is registered of each commitment.
    pub(crate) records: Vec<Option<Arc<Record>>>,
    /// What is left of those that are gone.
    pub(crate) tombstones: Vec<Option<Arc<Tombstone>>>,
    /// Which commitment declares each target.
    pub(crate) targets: Vec<(Target, u8)>,
}

/// What a write of the holder of the lease does to the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaseChange {
    /// It is taken or kept.
    Take,
    /// It is given up.
    GiveUp,
    /// None is taken.
    Without,
}

/// One write by whoever works on a commitment.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) before: &'a Record,
    pub(crate) holder: &'a str,
    pub(crate) now: Second,
    pub(crate) lease: LeaseChange,
    pub(crate) declared: Option<Declared>,
    pub(crate) progress: Progress,
    pub(crate) free: &'a [Target],
    /// The deployment's total, if a purchase is announced and there is one.
    pub(crate) limit: Option<u32>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written {
    Done(Arc<Record>),
    DeclaredChanged,
    LeaseLost,
    NoRoom,
}

/// What came of a registration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Registered {
    Done(Arc<Record>),
    Conflict,
    Claimed,
}

/// Whether the record belongs to `holder` in this table.
pub(crate) fn is_held(record: &Record, holder: &str) -> bool {
    record.lease.as_ref().is_some_and(|lease| lease.holder == holder)
}

impl Table {
    /// A table for so many commitments.
    pub(crate) fn new(commitments: usize) -> Self {
        Self { records: vec![None; commitments], tombstones: vec![None; commitments], targets: Vec::new() }
    }

    /// Model units that are held or being bought.
    pub(crate) fn reserved(&self) -> u32 {
        let records = self.records.iter().flatten();
        records.flat_map(|record| record.progress.reserved().into_values()).sum()
    }

    /// Writes the record of commitment `index`, if what was read still stands.
    pub(crate) fn write(&mut self, index: u8, write: Write<'_>) -> Written {
        let Write { before, holder, now, lease, declared, progress, free, limit } = write;
        let Some(record) = &self.records[usize::from(index)] else { return Written::LeaseLost };
        let read = record.progress.version == before.progress.version;
        let ours = if is_held(before, holder) {
            is_held(record, holder)
        } else {
            record.lease.as_ref().is_none_or(|lease| lease.until <= instant(now))
        };
        if !(read && ours) {
            return Written::LeaseLost;
        }
        if record.declared.version != before.declared.version {
            return Written::DeclaredChanged;
        }
        let mut after = Record::clone(record);
        after.progress = progress;
        after.progress.version = before.progress.version + 1;
        if let Some(declared) = declared {
            after.declared = declared;
            after.declared.version = before.declared.version + 1;
        }
        after.lease = match lease {
            LeaseChange::Take => {
                let until = instant(now).saturating_add(LEASE_LASTS).unwrap_or(instant(now));
                Some(Lease { holder: holder.to_owned(), until })
            }
            LeaseChange::GiveUp | LeaseChange::Without => None,
        };
        let change = i64::from(sum(&after)) - i64::from(sum(record));
        let room = limit.is_none_or(|limit| i64::from(self.reserved()) + change <= i64::from(limit));
        if change > 0 && !room {
            return Written::NoRoom;
        }
        self.targets.retain(|(target, owner)| *owner != index || !free.contains(target));
        let after = Arc::new(after);
        self.records[usize::from(index)] = Some(Arc::clone(&after));
        Written::Done(after)
    }

    /// Registers `change` in the place of `before`, if nobody has written since.
    pub(crate) fn register(
        &mut self,
        index: u8,
        before: Option<&Record>,
        left: Option<&Tombstone>,
        change: &Change,
    ) -> Registered {
        let slot = usize::from(index);
        let known = self.records[slot].as_deref();
        if before.is_none() && self.tombstones[slot].as_deref() != left {
            return Registered::Conflict;
        }
        if known.map(|known| known.declared.version) != before.map(|before| before.declared.version) {
            return Registered::Conflict;
        }
        let mut record = known.cloned().unwrap_or_else(|| Record::new(change.declared.clone()));
        record.declared = change.declared.clone();
        record.declared.version = before.map_or(1, |before| before.declared.version + 1);
        record.progress.spent.extend(change.inherited.iter().cloned());
        let claims: Vec<Target> = record.declared.targets().collect();
        if claims.iter().any(|claim| self.targets.iter().any(|(target, owner)| target == claim && *owner != index)) {
            return Registered::Claimed;
        }
        for claim in claims {
            if !self.targets.contains(&(claim.clone(), index)) {
                self.targets.push((claim, index));
            }
        }
        self.targets.sort();
        self.tombstones[slot] = None;
        let record = Arc::new(record);
        self.records[slot] = Some(Arc::clone(&record));
        Registered::Done(record)
    }

    /// Forgets `before`, which `holder` works on, and leaves a tombstone. Returns false if it was declared anew meanwhile.
    pub(crate) fn forget(&mut self, index: u8, before: &Record, holder: &str, now: Second) -> bool {
        let slot = usize::from(index);
        let Some(record) = &self.records[slot] else { return true };
        if record.declared.version != before.declared.version || !is_held(record, holder) {
            return false;
        }
        self.tombstones[slot] = Some(Arc::new(Tombstone::of(record, instant(now))));
        self.records[slot] = None;
        self.targets.retain(|(_, owner)| *owner != index);
        true
    }
}

fn sum(record: &Record) -> u32 {
    record.progress.reserved().into_values().sum()
}
