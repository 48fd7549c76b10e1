//! How sure is the advice, and why?

use super::costs::Costs;
use super::hours::WEEK;
use super::money::SHARES;
use super::past::{Known, Past};
use super::usage::Usage;
use super::{Amount, Question};

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Look twice.
    Low,
    /// It is likely.
    Medium,
    /// Nothing speaks against it.
    High,
}

/// How sure the advice is, with the figures and the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidence {
    /// The lowest that any reason calls for.
    pub level: Level,
    /// Why, in words; each with the level that it calls for.
    pub reasons: Vec<(Level, String)>,
    /// Hours from the first to the last.
    pub hours: usize,
    /// Of those, the ones that are unknown.
    pub unknown_hours: usize,
    /// By how many thousandths an hour differs from the mean of its like, in the mean.
    pub deviation: i128,
    /// By how many thousandths the last week has more demand than the first, if there are two.
    pub growth: Option<i128>,
}

impl Confidence {
    pub(super) fn new(past: &Past, usage: &Usage, question: &Question, costs: &Costs) -> Self {
        let hours = past.looked_at;
        let known = past.hours.iter().filter(|seen| seen.known.is_some()).count();
        let (unknown_hours, deviation, growth) = (hours - known, deviation(past), growth(past));
        let mut reasons = Vec::new();
        let mut say = |level: Level, text: String| reasons.push((level, text));
        let whole_weeks = hours / WEEK;
        say(graded(4 - whole_weeks.min(4), 0, 2), counted(hours / 24, "day") + " seen: four weeks are enough");
        let unknown = unknown_hours * 1000 / hours.max(1);
        say(graded(unknown, 50, 250), format!("{unknown_hours} of {hours} hours are unknown"));
        if usage.unknown_minutes > 0 {
            say(Level::High, format!("{} within known hours are unknown", counted(usage.unknown_minutes, "minute")));
        }
        if usage.unknown_throttles > 0 {
            let hours = counted(usage.unknown_throttles, "hour");
            say(Level::High, format!("of {hours} nobody knows whether invocations were throttled"));
        }
        let percent = percent(deviation);
        say(graded(deviation, 300, 750), format!("an hour differs from the same hour of other weeks by {percent}"));
        if let Some(growth) = growth {
            let word = if growth < 0 { "fell" } else { "grew" };
            let text = format!("use {word} by {} from the first week to the last", self::percent(growth.abs()));
            say(graded(growth.abs(), 200, 1000), text);
        }
        say(sizes(question).0, sizes(question).1);
        if let Some(margin) = margin(costs) {
            say(graded(100 - margin.min(100), 0, 50), format!("the next best costs {} more", self::percent(margin)));
        }
        let level = reasons.iter().map(|(level, _)| *level).min().unwrap_or(Level::Low);
        Self { level, reasons, hours, unknown_hours, deviation, growth }
    }
}

/// High up to the one number, medium up to the other.
fn graded<N: PartialOrd + Copy>(number: N, high: N, medium: N) -> Level {
    match number {
        _ if number <= high => Level::High,
        _ if number <= medium => Level::Medium,
        _ => Level::Low,
    }
}

fn sizes(question: &Question) -> (Level, String) {
    match (question.tokens_per_minute, question.learned) {
        (Some(tokens), false) => (Level::High, format!("a model unit serves {tokens} tokens a minute, as given")),
        (Some(tokens), true) => {
            let text = format!(
                "a model unit serves at least {tokens} tokens a minute, as throttles show: sizes may be too large"
            );
            (Level::Medium, text)
        }
        (None, _) => {
            let text = "tokens a minute of a model unit are not known: no sizes, and the costs of one model unit";
            (Level::Low, text.to_owned())
        }
    }
}

/// By how many thousandths the second cheapest is dearer.
fn margin(costs: &Costs) -> Option<i128> {
    let Costs { on_demand, timetable, always_on, term } = *costs;
    let mut all: Vec<Amount> =
        [Some(on_demand), Some(timetable), Some(always_on), term].into_iter().flatten().collect();
    all.sort_unstable();
    all.get(1)?.thousandths_above(*all.first()?)
}

fn deviation(past: &Past) -> i128 {
    let means = past.means(false, |known| i128::from(known.demand));
    let known =
        past.hours.iter().filter(|seen| !seen.holiday).filter_map(|seen| Some((seen.place, seen.known.as_ref()?)));
    let (mut apart, mut all) = (0, 0);
    for (place, Known { demand, .. }) in known {
        apart += (i128::from(*demand) * SHARES - means[place]).abs();
        all += means[place];
    }
    if all == 0 { 0 } else { apart * 1000 / all }
}

/// Compared over the hours that are known in both weeks.
fn growth(past: &Past) -> Option<i128> {
    let weeks = past.hours.chunks(WEEK);
    let of = |week: &[super::past::Seen]| {
        let mut demands: [Option<i128>; WEEK] = [None; WEEK];
        for seen in week.iter().filter(|seen| !seen.holiday) {
            demands[seen.place] = seen.known.as_ref().map(|known| i128::from(known.demand));
        }
        demands
    };
    let (first, last) = (of(weeks.clone().next()?), of(weeks.clone().next_back().filter(|_| weeks.len() > 1)?));
    let both = first.iter().zip(&last).filter_map(|(first, last)| Some(((*first)?, (*last)?)));
    let (before, after) = both.fold((0, 0), |(before, after), (first, last)| (before + first, after + last));
    (before > 0).then(|| (after - before) * 1000 / before)
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Thousandths as a percentage.
fn percent(thousandths: i128) -> String {
    match thousandths % 10 {
        0 => format!("{} %", thousandths / 10),
        tenth => format!("{}.{tenth} %", thousandths / 10),
    }
}
