//! Which hours of a week?
//!
//! A set of the 168 hours, Monday 00:00 first, on a circle: Sunday's last hour is followed by Monday's first.

/// Hours of a week.
pub(super) const WEEK: usize = 168;
/// Bits of the last word that are hours.
const LAST: u64 = (1 << (WEEK - 128)) - 1;

/// A set of hours of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hours([u64; 3]);

impl Hours {
    /// All of them.
    pub(super) const ALL: Self = Self([u64::MAX, u64::MAX, LAST]);

    /// `length` hours from `start` on, around the circle.
    pub(super) fn stretch(start: usize, length: usize) -> Self {
        if length >= WEEK {
            return Self::ALL;
        }
        let (start, end) = (start % WEEK, start % WEEK + length);
        Self::below(end.min(WEEK)).without(Self::below(start)).with(Self::below(end.saturating_sub(WEEK)))
    }

    /// The hours before `end`, which is at most a week.
    fn below(end: usize) -> Self {
        let word = |first: usize| match end.saturating_sub(first) {
            0 => 0,
            many if many >= 64 => u64::MAX,
            many => (1 << many) - 1,
        };
        Self([word(0), word(64), word(128)])
    }

    /// Those and `other`.
    pub(super) fn with(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Those and not `other`.
    pub(super) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    /// Returns true if it has the hour.
    pub(super) fn has(self, hour: usize) -> bool {
        self.0[hour / 64] >> (hour % 64) & 1 == 1
    }

    /// Returns true if there are hours in both.
    pub(super) fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(ours, theirs)| ours & theirs != 0)
    }

    /// How many they are.
    pub(super) fn count(self) -> i128 {
        self.0.iter().map(|word| i128::from(word.count_ones())).sum()
    }

    /// Each an hour later.
    fn later(self) -> Self {
        let Self([a, b, c]) = self;
        Self([a << 1 | (c >> (WEEK - 129) & 1), b << 1 | a >> 63, (c << 1 | b >> 63) & LAST])
    }

    /// Each an hour earlier.
    fn earlier(self) -> Self {
        let Self([a, b, c]) = self;
        Self([a >> 1 | b << 63, b >> 1 | c << 63, c >> 1 | (a & 1) << (WEEK - 129)])
    }

    /// The same with every gap of at most `gap` hours filled.
    pub(super) fn closed(self, gap: usize) -> Self {
        let mut wide = self;
        for _ in 0..gap {
            wide = wide.with(wide.later());
        }
        for _ in 0..gap {
            wide = wide.without(Self::ALL.without(wide.earlier()));
        }
        wide
    }

    /// How many stretches they are; all hours of the week are none, for they never begin.
    pub(super) fn stretches(self) -> i128 {
        self.without(self.later()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(hours: Hours) -> Vec<usize> {
        (0..WEEK).filter(|hour| hours.has(*hour)).collect()
    }

    #[test]
    fn a_stretch_goes_around_the_circle() {
        for (start, length) in [(0, 1), (60, 10), (120, 20), (160, 20), (167, 167), (5, 0), (63, 2), (127, 2)] {
            let mut expected: Vec<usize> = (start..start + length).map(|hour| hour % WEEK).collect();
            expected.sort_unstable();
            assert_eq!(listed(Hours::stretch(start, length)), expected, "{start} {length}");
        }
    }

    #[test]
    fn gaps_are_filled_and_stretches_counted_on_the_circle() {
        let both = Hours::stretch(166, 3).with(Hours::stretch(3, 2));
        assert_eq!((both.stretches(), both.closed(1).stretches(), both.closed(2).stretches()), (2, 2, 1));
        assert_eq!(listed(both.closed(2)), [0, 1, 2, 3, 4, 166, 167]);
        assert_eq!((Hours::ALL.stretches(), Hours::ALL.closed(3).count()), (0, 168));
        assert_eq!(Hours::default().closed(3).count(), 0);
    }
}
