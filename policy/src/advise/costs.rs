//! What would the weeks that were seen have cost?
//!
//! The function's own timetable says when a throughput is wanted and held, clock changes and holidays included. It is billed as
//! `throughput preview` bills it: from the purchase to the end of the drain, each started hour in full; where one size follows
//! another, the earlier is kept for the lead and the drain.

use super::field::Entry;
use super::money::SHARES;
use super::past::Past;
use super::windows::{self, ONE, Proposed};
use super::{Amount, Price, Question, Units, Verdict};
use crate::desired::{Base, Demand};
use crate::money;
use crate::timetable::{Holiday, Timetable};

/// Hours of a week.
const WEEK: i128 = 168;

/// What each of the four costs a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    /// All on demand.
    pub on_demand: Amount,
    /// By the timetable, and on demand outside it.
    pub timetable: Amount,
    /// Always on, without a term.
    pub always_on: Amount,
    /// Always on, with a term, if its price is known.
    pub term: Option<Amount>,
}

impl Costs {
    pub(super) fn new(past: &Past, question: &Question, timetable: Amount, always: Units) -> Self {
        let on_demand = Amount(past.means(true, |known| known.cost).iter().sum());
        let whole = |price: Price| Amount(price.of_an_hour() * i128::from(always) * WEEK);
        let term = question.prices.term.map(whole);
        Self { on_demand, timetable, always_on: whole(question.prices.unit_hour), term }
    }

    /// Of those that buy something, the cheapest and its price of a model unit and hour.
    fn bought(&self, question: &Question) -> (Verdict, Amount, Price) {
        let unit_hour = question.prices.unit_hour;
        let mut all =
            vec![(Verdict::AlwaysOn, self.always_on, unit_hour), (Verdict::Timetable, self.timetable, unit_hour)];
        all.extend(self.term.zip(question.prices.term).map(|(cost, price)| (Verdict::Term, cost, price)));
        let cheapest = all.into_iter().min_by_key(|(_, cost, _)| *cost);
        cheapest.unwrap_or((Verdict::Timetable, self.timetable, unit_hour))
    }
}

/// Where the answer turns between on demand and the cheapest of what is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakEven {
    /// What is compared with on demand.
    pub of: Verdict,
    /// The price of a model unit and hour at which both cost the same.
    pub unit_price: Price,
    /// The thousandths of the present use at which they do; nothing if no use makes it so.
    pub use_thousandths: Option<i128>,
    /// What a model unit takes over from on demand in an hour in which it is full, if its tokens are known.
    pub full_hour: Option<Amount>,
}

impl BreakEven {
    pub(super) fn new(
        question: &Question,
        costs: &Costs,
        (unit_hours, weeks): (i128, i128),
        outside: Amount,
        (always, demand): (Units, i128),
    ) -> Option<Self> {
        let (of, cost, price) = costs.bought(question);
        // Over all weeks, in place of a week, so that nothing is rounded.
        let (hours, outside) = match of {
            Verdict::Timetable => (unit_hours, outside),
            Verdict::AlwaysOn | Verdict::Term | Verdict::OnDemand => {
                (WEEK * i128::from(always) * weeks, Amount::default())
            }
        };
        let replaced = Amount(costs.on_demand.0 - outside.0);
        let unit_price = Price::that_makes(Amount(replaced.0 * weeks), hours)?;
        let tokens = (demand / SHARES).max(1);
        let each = costs.on_demand.0 / tokens;
        let full_hour = question.tokens_per_minute.map(|full| Amount(each * i128::from(full) * 60));
        // However much is used, a model unit does no more than that.
        let can_pay = full_hour.is_none_or(|full| full.0 > price.of_an_hour());
        let use_thousandths = (can_pay && replaced.0 > 0).then(|| (cost.0 - outside.0) * 1000 / replaced.0);
        Some(Self { of, unit_price, use_thousandths, full_hour })
    }
}

/// A plan on the weeks that were seen.
pub(super) struct Evaluated {
    pub(super) timetable: Timetable,
    pub(super) windows: Vec<Proposed>,
    pub(super) holidays: Vec<Holiday>,
    pub(super) units: Option<Units>,
    /// Over all weeks.
    pub(super) unit_hours: i128,
    /// A week, on demand outside the windows.
    pub(super) outside: Amount,
    /// A week.
    pub(super) cost: Amount,
}

/// What `plan` would have cost.
pub(super) fn evaluated(past: &Past, question: &Question, plan: &[Entry]) -> Evaluated {
    let windows = windows::windows(plan, past.phase);
    let regular = windows::timetable(&question.zone, &windows, &[]);
    let opens_on = |seen: &super::past::Seen, start: i64| {
        seen.holiday && regular.boundaries(start - 1, start).contains(&start) && is_wanted(&regular, start)
    };
    let mut days: Vec<_> = past
        .hours
        .iter()
        .enumerate()
        .filter(|(index, seen)| opens_on(seen, past.start(*index).as_second()))
        .map(|(_, seen)| seen.date)
        .collect();
    days.dedup();
    let holidays = windows::holidays(&days);
    let timetable = windows::timetable(&question.zone, &windows, &holidays);
    let unit_hours = billed(&timetable, question, past);
    let counts = past.counts(true);
    let wanted = wanted_by_hour(&timetable, past);
    let outside = past.hours.iter().zip(wanted).filter(|(_, wanted)| !wanted).filter_map(|(seen, _)| {
        let known = seen.known.as_ref()?;
        Some(Amount(known.cost * SHARES / counts[seen.place].max(1)))
    });
    let outside: Amount = outside.sum();
    let bought = question.prices.unit_hour.of_an_hour() * unit_hours / past.weeks();
    let units = windows::usual_units(&windows);
    Evaluated { timetable, units, windows, holidays, unit_hours, outside, cost: Amount(bought + outside.0) }
}

fn is_wanted(timetable: &Timetable, at: i64) -> bool {
    timetable.wants(at, at, ONE).last().is_some_and(|(_, units, _)| units.is_some())
}

/// By hour of the past, whether a window is open at its beginning.
fn wanted_by_hour(timetable: &Timetable, past: &Past) -> Vec<bool> {
    let mut wants = timetable.wants(past.first.as_second(), past.until().as_second(), ONE).into_iter().peekable();
    let mut open = false;
    let mut by_hour = Vec::with_capacity(past.hours.len());
    for index in 0..past.hours.len() {
        let start = past.start(index).as_second();
        while let Some((_, units, _)) = wants.next_if(|(at, ..)| *at <= start) {
            open = units.is_some();
        }
        by_hour.push(open);
    }
    by_hour
}

/// Model units times hours that start within the past.
fn billed(timetable: &Timetable, question: &Question, past: &Past) -> i128 {
    let Question { lead, drain, .. } = question;
    let demand = Demand { base: Base::Timetable(timetable), units: ONE, hold: None, override_: None, lead: *lead };
    let (from, until) = (past.first, past.until());
    let earlier = from.saturating_sub(money::LOOK_BACK).unwrap_or(from);
    let all = money::held(&demand, *drain, earlier, until);
    all.iter().map(|held| i128::from(held.unit_hours(from, until))).sum()
}
