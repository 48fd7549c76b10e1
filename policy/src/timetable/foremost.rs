//! Which of several spans goes first?

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Span;

/// Of spans that are asked for in the order of time, the one that goes first.
pub(super) struct Foremost<K> {
    /// Those that have not begun, the next one last.
    coming: Vec<(Span, K)>,
    /// Those that have begun, each with its end, the first to go on top. One that has ended is dropped once it is there.
    begun: BinaryHeap<(K, i64)>,
}

impl<K: Copy + Ord> Foremost<K> {
    pub(super) fn of(spans: impl Iterator<Item = (Span, K)>) -> Self {
        let mut coming: Vec<(Span, K)> = spans.collect();
        coming.sort_unstable_by_key(|(span, _)| Reverse(span.start));
        Self { coming, begun: BinaryHeap::new() }
    }

    /// The greatest key of those that contain `at`, which is no earlier than it was before.
    pub(super) fn at(&mut self, at: i64) -> Option<K> {
        while let Some((span, key)) = self.coming.pop_if(|(span, _)| span.start <= at) {
            self.begun.push((key, span.end));
        }
        while self.begun.peek().is_some_and(|(_, end)| *end <= at) {
            self.begun.pop();
        }
        self.begun.peek().map(|(key, _)| *key)
    }
}
