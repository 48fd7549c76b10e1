//! What chance decides, and how often it did.

use std::collections::BTreeMap;

/// Where every random choice of a run comes from: one seed, one run.
#[derive(Debug)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    /// Dice of their own for each `purpose` of a run, so that one more throw here changes nothing there.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ purpose))
    }

    /// Whether what happens once in `times` happens now.
    pub(super) fn once_in(&mut self, times: u32) -> bool {
        self.0.u32(0..times.max(1)) == 0
    }

    /// Whether what happens in `percent` of a hundred cases happens now.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.0.u32(0..100) < percent
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.i64(least..=most)
    }

    /// One of `choices`, of which there is at least one.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.0.usize(0..choices.len())]
    }
}

/// Everything that happens in a long run, and is counted: none of it may be missing.
pub(super) const KINDS: &[&str] = &[
    "fault: throttled",
    "fault: server error",
    "fault: answer lost",
    "fault: connection broken",
    "fault: silent",
    "fault: slow",
    "fault: access denied",
    "fault: quota refused",
    "fault: creation fails",
    "fault: alias update fails",
    "fault: answer to CloudFormation refused",
    "fault: answer to CloudFormation lost",
    "fault: at GetParameter",
    "fault: at PutParameter",
    "death: before a call",
    "death: after a call",
    "death: before an answer to CloudFormation",
    "death: after an answer to CloudFormation",
    "tick: lost",
    "tick: late",
    "tick: doubled",
    "tick: doubled and interleaved",
    "clock: hours without ticks",
    "clock: back by seconds",
    "meddling: throughput deleted",
    "meddling: alias to a foreign throughput",
    "meddling: alias to on-demand",
    "meddling: alias to what does not exist",
    "meddling: new agent version",
    "meddling: alias gone",
    "meddling: quota withdrawn",
    "meddling: model turned LEGACY",
    "meddling: schedule edited",
    "meddling: parameter written over",
    "meddling: parameter deleted",
    "meddling: parameter of another type",
    "action: Apply of something new",
    "action: Apply of a change",
    "action: Apply of a mistake",
    "action: ScaleUp",
    "action: ScaleDown",
    "action: Override to On",
    "action: Override to Off",
    "action: Resume",
    "action: Retire",
    "action: Status",
    "action: Plan",
    "action: taken over",
    "action: parameter taken over",
    "stack: Create",
    "stack: Create of a mistake",
    "stack: Update",
    "stack: Update of a mistake",
    "stack: rollback of an Update",
    "stack: Delete",
    "stack: Delete that retains",
    "stack: Delete while Create runs",
    "stack: delivered twice",
    "stack: delivered twice and interleaved",
    "stack: delivered late",
    "stack: answered SUCCESS",
    "stack: answered FAILED",
    "seen: in service and routed",
    "seen: off and gone",
    "seen: size changed",
    "seen: parameter at a throughput",
    "seen: parameter without a throughput",
    "seen: parameter dropped or renamed",
    "seen: term ended",
];

/// How often each of `KINDS` happened.
#[derive(Debug, Clone)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Default for Counts {
    fn default() -> Self {
        Self(KINDS.iter().map(|kind| (*kind, 0)).collect())
    }
}

impl Counts {
    pub(super) fn count(&mut self, kind: &'static str) {
        debug_assert!(self.0.contains_key(kind), "{kind} is in the list");
        *self.0.entry(kind).or_default() += 1;
    }

    /// Each kind with its count, in the order of the list.
    pub fn table(&self) -> impl Iterator<Item = (&'static str, u64)> {
        KINDS.iter().map(|kind| (*kind, self.0.get(kind).copied().unwrap_or_default()))
    }
}
