//! Is provisioned throughput worth its price, and when should it exist?
//!
//! ```text
//! rows ─▶ usage ─▶ past ─▶ field ─▶ starts ─▶ search     the typical week, and the cheapest windows in it
//!                       ─▶ costs                         what they cost on the real weeks
//!                       ─▶ confidence, map               how sure that is, and what was seen
//! ```
//!
//! docs/advise.md says which method this is. It is pure and deterministic, and money is counted in integers.

mod confidence;
mod costs;
mod field;
mod hours;
mod map;
mod money;
mod past;
mod search;
mod starts;
pub mod usage;
mod windows;

use jiff::{SignedDuration, Timestamp};

pub use confidence::{Confidence, Level};
pub use costs::{BreakEven, Costs};
pub use map::HourOfWeek;
pub use money::{Amount, NotAPrice, Price};
pub use windows::Proposed;

use crate::timetable::{Holiday, Timetable, Zone};
use costs::{Evaluated, evaluated};
use field::{Entry, Field, Outside};
use past::Past;
use usage::Usage;

/// A number of model units that is being thought about.
type Units = u32;

/// What is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// A million tokens in.
    pub input: Price,
    /// A million tokens out.
    pub output: Price,
    /// A million tokens that are read from a cache, if they are to be counted.
    pub cached: Option<Price>,
    /// A model unit and hour without a term.
    pub unit_hour: Price,
    /// A model unit and hour with one.
    pub term: Option<Price>,
}

/// What is asked beside the usage.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The clocks of the timetable.
    pub zone: Zone,
    /// What is paid.
    pub prices: Prices,
    /// Tokens a minute that one model unit serves, if that is known.
    pub tokens_per_minute: Option<u64>,
    /// That number is a lower bound, which was learned.
    pub learned: bool,
    /// How much of the demand has to be served, in thousandths.
    pub share: u16,
    /// How many windows there may be.
    pub windows: usize,
    /// How long before it is wanted a throughput is bought.
    pub lead: SignedDuration,
    /// How long it is kept afterwards.
    pub drain: SignedDuration,
}

/// The cheapest of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Buy nothing.
    OnDemand,
    /// Buy by the timetable.
    Timetable,
    /// Keep it without a term.
    AlwaysOn,
    /// Keep it with a term.
    Term,
}

/// An hour that had far more demand than any of another day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneOff {
    /// When it began.
    pub start: Timestamp,
    /// The tokens that are left out.
    pub tokens: u64,
    /// What they cost on demand, once.
    pub cost: Amount,
}

/// By each of the four, the thousandths of the demand that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// On demand.
    pub on_demand: i128,
    /// By the timetable, and on demand outside it.
    pub timetable: i128,
    /// Always on, with a term or without.
    pub always_on: i128,
}

/// What is advised.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The cheapest of four that serves the share.
    pub verdict: Verdict,
    /// The timetable, as the function would read it.
    pub timetable: Timetable,
    /// Its windows, with sizes where they are known.
    pub windows: Vec<Proposed>,
    /// Days on which a window would open and that look like holidays.
    pub holidays: Vec<Holiday>,
    /// The model units of most windows, if the tokens of one are known.
    pub units: Option<Units>,
    /// The model units of always on.
    pub units_always_on: Units,
    /// No window saves money: the timetable is the one that puts the share into windows.
    pub covers: bool,
    /// What each of the four costs a week.
    pub costs: Costs,
    /// What each serves.
    pub served: Served,
    /// Where the answer turns.
    pub break_even: Option<BreakEven>,
    /// Model units times hours that the timetable is billed over all `weeks`.
    pub unit_hours: i128,
    /// How many weeks were seen, the last one perhaps in part.
    pub weeks: i128,
    /// Tokens a week: in, out, and read from a cache.
    pub tokens: [i128; 3],
    /// How sure it is.
    pub confidence: Confidence,
    /// What is left out.
    pub one_offs: Vec<OneOff>,
    /// What was seen, Monday's first hour first.
    pub map: Vec<HourOfWeek>,
}

/// What `usage` advises.
#[must_use]
pub fn advise(usage: &Usage, question: &Question) -> Advice {
    let past = Past::new(usage, &question.zone, &question.prices);
    let field = Field::new(&past, question, Outside::Served);
    let covering = || search::plans(&Field::new(&past, question, Outside::Unserved));
    let (outside, plans) = search::proposals(&field, covering);
    let evaluated_plans = plans.iter().map(|plan| (field.score(plan).beyond, evaluated(&past, question, plan)));
    // Of equals the first, which is the better in a typical week.
    let chosen = evaluated_plans.zip(&plans).min_by_key(|((beyond, seen), _)| (*beyond, seen.cost));
    let (seen, plan) = match chosen {
        Some(((_, seen), plan)) => (seen, plan.clone()),
        None => (evaluated(&past, question, &[]), Vec::new()),
    };
    let always = field.always();
    let costs = Costs::new(&past, question, seen.cost, always);
    let verdict = verdict(&field, &costs, &plan);
    let served = Served {
        on_demand: field.served(&[]),
        timetable: field.served(&plan),
        always_on: field.served(&[Entry { units: always, days: 0x7f, opens: 0, hours: 24 }]),
    };
    let Evaluated { timetable, windows, holidays, units, unit_hours, outside: outside_cost, cost: _ } = seen;
    let sizes_known = question.tokens_per_minute.is_some();
    Advice {
        verdict,
        timetable,
        windows,
        holidays,
        units: units.filter(|_| sizes_known),
        units_always_on: always,
        covers: outside == Outside::Unserved,
        break_even: BreakEven::new(
            question,
            &costs,
            (unit_hours, past.weeks()),
            outside_cost,
            (always, field.demand.iter().sum()),
        ),
        costs,
        served,
        unit_hours,
        weeks: past.weeks(),
        tokens: map::tokens(&past),
        confidence: Confidence::new(&past, usage, question, &costs),
        one_offs: past.one_offs.clone(),
        map: map::week(&past),
    }
}

/// The cheapest that serves the share; of equals the one that binds least.
fn verdict(field: &Field<'_>, costs: &Costs, plan: &[Entry]) -> Verdict {
    let beyond = |entries: &[Entry]| field.score(entries).beyond;
    let mut choices = vec![
        (beyond(&[]), costs.on_demand, Verdict::OnDemand),
        (0, costs.always_on, Verdict::AlwaysOn),
        (beyond(plan), costs.timetable, Verdict::Timetable),
    ];
    choices.extend(costs.term.map(|term| (0, term, Verdict::Term)));
    let best = choices.into_iter().min_by_key(|(beyond, cost, _)| (*beyond, *cost));
    best.map_or(Verdict::OnDemand, |(_, _, verdict)| verdict)
}
