//! What is the advice, in words?

use std::fmt::Write;

use jiff::SignedDuration;
use policy::advise::{Advice, Amount, BreakEven, Level, Verdict};
use policy::timetable::duration_text;

use super::Advised;

/// The word of a verdict in JSON.
#[must_use]
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::OnDemand => "OnDemand",
        Verdict::Timetable => "Timetable",
        Verdict::AlwaysOn => "AlwaysOn",
        Verdict::Term => "Term",
    }
}

/// How it is called in a sentence.
#[must_use]
pub fn called(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::OnDemand => "on demand",
        Verdict::Timetable => "this timetable",
        Verdict::AlwaysOn => "always on",
        Verdict::Term => "a term",
    }
}

/// The word of a confidence.
#[must_use]
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Low => "Low",
        Level::Medium => "Medium",
        Level::High => "High",
    }
}

/// What the four cost a week, in the order of a table.
#[must_use]
pub fn costs(advice: &Advice) -> Vec<(Verdict, Amount, i128)> {
    let (costs, served) = (&advice.costs, &advice.served);
    let mut all = vec![
        (Verdict::OnDemand, costs.on_demand, served.on_demand),
        (Verdict::Timetable, costs.timetable, served.timetable),
        (Verdict::AlwaysOn, costs.always_on, served.always_on),
    ];
    all.extend(costs.term.map(|term| (Verdict::Term, term, served.always_on)));
    all
}

/// The first line: what to do, and what it costs.
#[must_use]
pub fn verdict(advised: &Advised) -> String {
    let advice = &advised.advice;
    let all = costs(advice);
    let cost =
        |verdict: Verdict| all.iter().find(|(of, ..)| *of == verdict).map(|(_, cost, _)| *cost).unwrap_or_default();
    let own = cost(advice.verdict);
    let others = all.iter().filter(|(verdict, ..)| *verdict != advice.verdict);
    let next = others.min_by_key(|(_, cost, _)| *cost);
    let on_demand = cost(Verdict::OnDemand);
    let instead = format!("{own} a week instead of {on_demand} on demand");
    match advice.verdict {
        Verdict::OnDemand => {
            let next = next.map(|(verdict, cost, _)| format!("; the next best, {}, costs {cost}", called(*verdict)));
            format!("Stay on demand: {own} a week{}.", next.unwrap_or_default())
        }
        bought if on_demand <= own => {
            let served = tenths(advice.served.on_demand);
            let does = match bought {
                Verdict::Term => "Buy a term",
                Verdict::AlwaysOn => "Keep it always on",
                Verdict::Timetable | Verdict::OnDemand => "Declare this timetable",
            };
            format!("{does}: {instead}, which is cheaper but serves only {served} % of the demand.")
        }
        Verdict::Timetable => format!("Declare this timetable: {instead}."),
        Verdict::AlwaysOn => {
            format!("Keep it always on: {instead}; this timetable costs {}.", cost(Verdict::Timetable))
        }
        Verdict::Term => format!("Buy a term: {instead}; this timetable costs {}.", cost(Verdict::Timetable)),
    }
}

/// Where the answer turns.
#[must_use]
pub fn break_even(advice: &Advice) -> Option<String> {
    let BreakEven { of, unit_price, use_thousandths, full_hour } = advice.break_even?;
    let mut text =
        format!("on demand and {} cost the same at {} for a model unit and hour", called(of), unit_price.short());
    match (use_thousandths, full_hour) {
        (Some(times), _) => {
            let _ = write!(text, ", or at {}.{:02} times the use", times / 1000, times % 1000 / 10);
        }
        (None, Some(full)) => {
            let _ = write!(
                text,
                "; a full model unit replaces only {full} of tokens an hour, so more use alone cannot make it pay"
            );
        }
        (None, None) => {}
    }
    Some(text)
}

/// Thousandths as a percentage without its sign.
#[must_use]
pub fn tenths(thousandths: i128) -> String {
    match thousandths % 10 {
        0 => (thousandths / 10).to_string(),
        tenth => format!("{}.{tenth}", thousandths / 10),
    }
}

/// The timetable and sizes, as they are pasted into a commitment.
#[must_use]
pub fn yaml(advised: &Advised) -> String {
    let Advised { question, advice, .. } = advised;
    let mut text = String::new();
    if let Some(units) = advice.units {
        let _ = writeln!(text, "ModelUnits: {units}");
    }
    let _ = writeln!(text, "Timetable:\n  Timezone: {}", question.zone.name());
    if advice.windows.is_empty() {
        text.push_str("  Windows: []\n");
    } else {
        text.push_str("  Windows:\n");
    }
    for proposed in &advice.windows {
        let _ = match advice.units {
            Some(units) if units != proposed.units => {
                writeln!(text, "    - {{ Window: \"{}\", ModelUnits: {} }}", proposed.window, proposed.units)
            }
            Some(_) | None => writeln!(text, "    - {}", proposed.window),
        };
    }
    if !advice.holidays.is_empty() {
        let days: Vec<String> = advice.holidays.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  Holidays: [{}]", days.join(", "));
    }
    for (key, duration, usual) in [("LeadTime", question.lead, 60), ("Drain", question.drain, 5)] {
        if duration != SignedDuration::from_mins(usual) {
            let _ = writeln!(text, "{key}: {}", duration_text(duration));
        }
    }
    text
}

/// What else has to be known to believe it.
#[must_use]
pub fn notes(advised: &Advised) -> Vec<String> {
    let advice = &advised.advice;
    let mut notes = advised.notes.clone();
    if advice.covers && !advice.windows.is_empty() {
        let share = tenths(i128::from(advised.question.share));
        notes.push(format!("no window is cheaper than on demand; this timetable would hold {share} % of the demand"));
    }
    if let Some(if_idle) = advised.if_idle {
        let unknown = advice.confidence.unknown_hours;
        let says = if if_idle == advice.verdict {
            "the verdict is the same".to_owned()
        } else {
            format!("the verdict is {}", called(if_idle))
        };
        notes.push(format!("if the {unknown} unknown hours were idle, {says} (--missing idle)"));
    }
    for one_off in &advice.one_offs {
        let (start, tokens, cost) = (one_off.start, one_off.tokens, one_off.cost);
        notes.push(format!("a one-off is left out of all costs: {tokens} tokens at {start}, {cost} once on demand"));
    }
    notes
}
