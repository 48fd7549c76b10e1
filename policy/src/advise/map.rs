//! What was seen of each hour of the week?

use super::hours::WEEK;
use super::money::SHARES;
use super::past::Past;

/// One hour of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HourOfWeek {
    /// The day, Monday being 0.
    pub day: usize,
    /// The hour of the day in which it begins.
    pub hour: usize,
    /// The minute at which it begins.
    pub minute: i8,
    /// In how many weeks it is known.
    pub known: usize,
    /// Its usual demand in tokens: the median.
    pub usual: u64,
    /// Its 95th percentile, by nearest rank.
    pub high: u64,
    /// Throttled invocations over all weeks.
    pub throttled: u64,
}

/// The hours of the week, holidays left out.
pub(super) fn week(past: &Past) -> Vec<HourOfWeek> {
    let mut demands: Vec<Vec<u64>> = vec![Vec::new(); WEEK];
    let mut throttled = [0; WEEK];
    for seen in past.hours.iter().filter(|seen| !seen.holiday) {
        if let Some(known) = &seen.known {
            demands[seen.place].push(known.demand);
            throttled[seen.place] += known.throttles;
        }
    }
    let hour = |(place, mut demands): (usize, Vec<u64>)| {
        demands.sort_unstable();
        // The least that so many hundredths of them do not exceed.
        let rank = |hundredths: usize| (demands.len() * hundredths).div_ceil(100).saturating_sub(1);
        let at = |hundredths: usize| demands.get(rank(hundredths)).copied().unwrap_or_default();
        HourOfWeek {
            day: place / 24,
            hour: place % 24,
            minute: past.phase,
            known: demands.len(),
            usual: at(50),
            high: at(95),
            throttled: throttled[place],
        }
    };
    demands.into_iter().enumerate().map(hour).collect()
}

/// Tokens a week, as on demand bills them: in, out, and read from a cache.
pub(super) fn tokens(past: &Past) -> [i128; 3] {
    let each = |index: usize| past.means(true, |known| i128::from(known.tokens[index])).iter().sum::<i128>();
    [each(0), each(1), each(2)].map(|shares| shares / SHARES)
}
