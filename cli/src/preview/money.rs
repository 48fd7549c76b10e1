//! What do these days cost, and what would cost less?

use std::collections::BTreeMap;
use std::fmt::Write;

use bigdecimal::BigDecimal;
use jiff::civil::Weekday;
use policy::commitment::Term;
use policy::timetable::duration_text;

use super::Preview;
use crate::arguments::{self, While};
use crate::bill::{hours, money, shift};
use crate::check::counted;

/// Hours and money, and what was counted.
#[must_use]
pub fn sums(preview: &Preview) -> Vec<String> {
    let bill = &preview.bill;
    let (lead, drain) = &preview.lead_and_drain;
    let always = match bill.largest {
        0 | 1 => format!("{} always on", bill.unit_hours_always_on),
        most => format!("{} always on at {most} model units", bill.unit_hours_always_on),
    };
    let purchases = counted(bill.purchases, "purchase");
    let hours_on = hours(bill.seconds_on, 1);
    let mut lines = vec![format!(
        "{hours_on} hours on, {purchases}: {} model-unit hours billed, {always}: {}",
        bill.unit_hours,
        compared(bill.saved(bill.unit_hours_always_on))
    )];
    let other_size = bill.usual != bill.largest && bill.largest > 0;
    if other_size {
        lines.push(format!(
            "{} always on at the usual {}: {}",
            bill.unit_hours_always_usual,
            counted(usize::try_from(bill.usual).unwrap_or_default(), "model unit"),
            compared(bill.saved(bill.unit_hours_always_usual))
        ));
    }
    let cost = |unit_hours| bill.cost_of(unit_hours).map(|cost| money(&cost)).unwrap_or_default();
    if let Some(price) = &bill.price {
        let usual = if other_size {
            format!(", or {} at the usual size", cost(bill.unit_hours_always_usual))
        } else {
            String::new()
        };
        lines.push(format!(
            "{} instead of {}{usual}, at {} for a model unit and hour",
            cost(bill.unit_hours),
            cost(bill.unit_hours_always_on),
            crate::bill::exactly(price)
        ));
    }
    let by_second = hours(bill.unit_seconds, 1);
    if let Some(term) = bill.term {
        let lasts = if term == Term::OneMonth { "one month" } else { "six months" };
        lines.push(format!("a term is owed whole: {lasts} from its purchase on, whatever becomes of it"));
        return lines;
    }
    let money = bill.cost_by_second().map(|cost| format!(", {}", money(&cost))).unwrap_or_default();
    lines.push(format!(
        "billed from purchase (LeadTime {lead} before it is wanted) to the end of the drain ({drain}), started hours in full"
    ));
    lines.push(format!("that is the cautious reading: by the second it is {by_second} model-unit hours{money}"));
    lines
}

fn compared(percent: i64) -> String {
    if percent < 0 { format!("{}% more", -percent) } else { format!("{percent}% less") }
}

/// The model-unit hours of each week or month, by its first day, or by its name.
#[must_use]
pub fn sums_by(preview: &Preview, by: While) -> Vec<(String, i64)> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    let name = |date: jiff::civil::Date| match by {
        While::Month => date.strftime("%Y-%m").to_string(),
        While::Week if date.weekday() == Weekday::Monday => date.to_string(),
        While::Week => date.nth_weekday(-1, Weekday::Monday).unwrap_or(date).to_string(),
    };
    for day in &preview.days {
        sums.entry(name(day.date)).or_default();
    }
    for (at, unit_hours) in &preview.bill.started {
        *sums.entry(name(at.to_zoned_datetime(preview.zone.clone()).date())).or_default() += unit_hours;
    }
    sums.into_iter().collect()
}

/// What each while and each window costs, and what would cost less.
#[must_use]
pub fn advice(preview: &Preview, wanted: &arguments::Preview) -> String {
    let bill = &preview.bill;
    let costed = |unit_hours: i64| match bill.cost_of(unit_hours) {
        Some(cost) => format!("{unit_hours} model-unit hours, {}", money(&cost)),
        None => format!("{unit_hours} model-unit hours"),
    };
    let mut text = String::new();
    for (window, unit_hours) in &preview.windows {
        let _ = writeln!(text, "  window {window} adds {}", costed(*unit_hours));
    }
    if let Some(by) = wanted.by {
        let word = if by == While::Week { "week of" } else { "month" };
        for (name, unit_hours) in sums_by(preview, by) {
            let _ = writeln!(text, "  {word} {name}: {}", costed(unit_hours));
        }
    }
    if let Some((by, saves)) = shift(bill) {
        let (lead, _) = &preview.lead_and_drain;
        let by = duration_text(by);
        let _ = writeln!(text, "  hours that are begun for {by} or less: {}", costed(saves));
        let _ = writeln!(
            text,
            "  open {by} later, close {by} earlier, or take {by} off LeadTime {lead} or Drain, and save them"
        );
    }
    text.push_str(&with_a_term(preview, wanted).unwrap_or_default());
    text.push_str(&on_demand(preview, wanted).unwrap_or_default());
    text
}

/// Is always on at the largest size with a term cheaper?
fn with_a_term(preview: &Preview, wanted: &arguments::Preview) -> Option<String> {
    let bill = &preview.bill;
    let price = wanted.term_price.as_ref()?;
    let term = price * BigDecimal::from(bill.unit_hours_always_on);
    let Some(cost) = bill.cost_of(bill.unit_hours) else {
        return Some("  --term-price says nothing without PricePerUnitHour in the declaration\n".to_owned());
    };
    let (better, by) = if cost <= term { ("the timetable", &term - &cost) } else { ("the term", &cost - &term) };
    Some(format!(
        "  always on with a term at {}: {}; {better} costs {} less in these days\n",
        crate::bill::exactly(price),
        money(&term),
        money(&by)
    ))
}

/// Is invoking on demand cheaper?
fn on_demand(preview: &Preview, wanted: &arguments::Preview) -> Option<String> {
    let bill = &preview.bill;
    let (tokens, price) = (wanted.tokens_per_hour?, wanted.token_price.as_ref()?);
    let Some(cost) = bill.cost_of(bill.unit_hours) else {
        return Some("  --tokens-per-hour says nothing without PricePerUnitHour in the declaration\n".to_owned());
    };
    let thousands = BigDecimal::from(tokens) * BigDecimal::from(bill.seconds_on) / BigDecimal::from(3600 * 1000);
    let demand = thousands * price;
    let (better, by) = if cost <= demand { ("the timetable", &demand - &cost) } else { ("on-demand", &cost - &demand) };
    let hourly = price * BigDecimal::from(bill.seconds_on) / BigDecimal::from(3600 * 1000);
    let even = if hourly == 0 {
        String::new()
    } else {
        let tokens = (&cost / hourly).with_scale_round(0, bigdecimal::RoundingMode::HalfEven);
        format!("; even at {} tokens an hour", tokens.to_plain_string())
    };
    Some(format!(
        "  on demand at {tokens} tokens an hour: {}; {better} costs {} less{even}\n",
        money(&demand),
        money(&by)
    ))
}

/// What several commitments come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    /// Model-unit hours that are billed.
    pub unit_hours: i64,
    /// The same, had each been always on at its largest size.
    pub unit_hours_always_on: i64,
    /// What is paid, if each has a price.
    pub cost: Option<BigDecimal>,
}

impl Total {
    /// The total of `previews`.
    #[must_use]
    pub fn of(previews: &[Preview]) -> Self {
        let costs = previews.iter().map(|preview| preview.bill.cost_of(preview.bill.unit_hours));
        Self {
            unit_hours: previews.iter().map(|preview| preview.bill.unit_hours).sum(),
            unit_hours_always_on: previews.iter().map(|preview| preview.bill.unit_hours_always_on).sum(),
            cost: costs.sum(),
        }
    }

    fn words(&self) -> String {
        let cost = match &self.cost {
            Some(cost) => format!(", {}", money(cost)),
            None => "; not each has a PricePerUnitHour".to_owned(),
        };
        format!("{} model-unit hours billed, {} always on{cost}", self.unit_hours, self.unit_hours_always_on)
    }

    /// The total of so many commitments in words.
    #[must_use]
    pub fn said(&self, number: usize) -> String {
        format!("total of {number} commitments: {}\n", self.words())
    }
}
