//! What is worth knowing about a timetable that is right, and may not do what was meant?

use jiff::{SignedDuration, Timestamp};

use super::{
    Around, DAY, Exception, Holiday, MARGIN_DAYS, ModelUnits, Period, Span, State, Timetable, Window, date,
    duration_text,
};

/// How far ahead a timetable is looked at.
const AHEAD: SignedDuration = SignedDuration::from_hours(366 * 24);
const AHEAD_DAYS: i64 = 366;
/// Longest exception that is compared with what would be without it: the longer, the less likely is it that nothing changes.
const LONGEST_COMPARED: i64 = 32 * DAY;

impl Timetable {
    /// What is worth knowing about this timetable when it is registered at `now` with this `lead`.
    #[must_use]
    pub fn warnings(&self, lead: SignedDuration, now: Timestamp) -> Vec<String> {
        let mut warnings: Vec<String> = self.zone.warning().into_iter().collect();
        warnings.extend(self.never_on(now));
        warnings.extend(self.exceptions_without_effect(lead, now));
        warnings.extend(self.past_exceptions(now));
        warnings.extend(self.past_holidays(now));
        warnings.extend(self.spans_and_holidays(now));
        let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let changes = self.zone.zone.following(now).map(|change| change.timestamp()).take_while(|at| *at <= until);
        for change in changes {
            let day = change.as_second().div_euclid(DAY);
            for window in &self.windows {
                for day in day - MARGIN_DAYS..=day + MARGIN_DAYS {
                    warnings.extend(self.lost(window, day));
                }
            }
        }
        warnings
    }

    fn never_on(&self, now: Timestamp) -> Option<String> {
        if !self.windows.is_empty() {
            return None;
        }
        let spans = self.exception_spans.iter().zip(&self.exceptions);
        let on: Vec<Option<Span>> =
            spans.filter(|(_, exception)| exception.state == State::On).map(|(span, _)| *span).collect();
        if on.is_empty() {
            return Some("the timetable has no windows: it is never on".to_owned());
        }
        let is_over = |span: &Option<Span>| span.is_none_or(|span| span.end <= now.as_second());
        on.iter()
            .all(is_over)
            .then(|| "the timetable has no windows, and its exceptions to On are past: it is never on again".to_owned())
    }

    /// Exceptions that change nothing, past ones aside.
    fn exceptions_without_effect(&self, lead: SignedDuration, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        let is_ever_on = !self.windows.is_empty() || self.exceptions.iter().any(|other| other.state == State::On);
        for (index, (span, exception)) in self.exception_spans.iter().zip(&self.exceptions).enumerate() {
            let Exception { period, state, .. } = exception;
            match span {
                None => warnings.push(format!("exception {period} does not exist: the clocks skip it")),
                Some(Span { end, .. }) if *end <= now.as_second() => {}
                Some(Span { start, end }) if *state == State::Off && end - start <= lead.as_secs() => {
                    let lead = duration_text(lead);
                    warnings
                        .push(format!("exception {period} to Off is no longer than LeadTime {lead}: it has no effect"));
                }
                Some(span) if is_ever_on && self.changes_nothing(index, *span) => {
                    let is = if *state == State::On { "on, as large," } else { "off" };
                    warnings.push(format!("exception {period} to {state} has no effect: it is {is} then without it"));
                }
                Some(_) => {}
            }
        }
        warnings
    }

    /// Returns true if what is wanted in `span` is the same without the exception `index`, whatever the usual size is.
    fn changes_nothing(&self, index: usize, Span { start, end }: Span) -> bool {
        if end - start > LONGEST_COMPARED {
            return false;
        }
        let mut others = self.exceptions.clone();
        others.remove(index);
        let without = Self::new(self.zone.clone(), self.windows.clone(), self.holidays.clone(), others);
        let wanted = |timetable: &Self, usual| {
            let mut wants: Vec<(i64, Option<ModelUnits>)> =
                timetable.wants(start, end - 1, usual).into_iter().map(|(at, units, _)| (at, units)).collect();
            wants.dedup_by_key(|(_, units)| *units);
            wants
        };
        [ModelUnits::MIN, ModelUnits::MAX].into_iter().all(|usual| wanted(self, usual) == wanted(&without, usual))
    }

    fn past_exceptions(&self, now: Timestamp) -> Option<String> {
        let is_past = |span: &Option<Span>| span.is_some_and(|span| span.end <= now.as_second());
        let spans = self.exception_spans.iter().zip(&self.exceptions);
        let past: Vec<Period> =
            spans.filter(|(span, _)| is_past(span)).map(|(_, exception)| exception.period).collect();
        match past.as_slice() {
            [] => None,
            [only] => Some(format!("exception {only} is past: it has no effect any more")),
            [first, ..] => {
                Some(format!("{} exceptions are past, the first is {first}: they have no effect any more", past.len()))
            }
        }
    }

    /// A list of holidays that nobody has written on.
    fn past_holidays(&self, now: Timestamp) -> Option<String> {
        if !self.yearly.is_empty() {
            return None;
        }
        let (_, last, _) = self.days_off.last()?;
        let today = now.to_zoned_datetime(self.zone.zone.clone()).date();
        let last = date(*last)?;
        (last < today).then(|| {
            format!(
                "all holidays are past, the last was {last}: add those to come, or days of each year such as `12-25`"
            )
        })
    }

    /// Holidays of the coming year that cut spans across days, which people do not expect.
    fn spans_and_holidays(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        let today = now.as_second().div_euclid(DAY);
        for window in &self.windows {
            let Some(days) = window.by_day() else { continue };
            let entries: Vec<String> = days.iter().map(|day| format!("`{day}`")).collect();
            let same_size = if window.units.is_some() { ", each with its ModelUnits" } else { "" };
            let cure = format!("write {}{same_size}, which is one stretch", entries.join(", "));
            let off = |day: &i64| self.holiday(*day).is_some();
            let holidays: Vec<i64> = (today..=today + AHEAD_DAYS).filter(off).collect();
            let opened_before = |day: i64| {
                let covers = |before: &i64| (day - before) * DAY < i64::from(window.opens + window.minutes) * 60;
                (day - 7..day).filter(covers).any(|before| window.opens_on(before) && self.holiday(before).is_none())
            };
            let takes_all: Vec<i64> = holidays.iter().copied().filter(|day| window.opens_on(*day)).collect();
            let takes_nothing: Vec<i64> =
                holidays.iter().copied().filter(|day| !window.opens_on(*day) && opened_before(*day)).collect();
            if let Some(name) = self.named(&takes_all) {
                warnings.push(format!(
                    "{name} takes away all of window {window}, which opens on that day: it is off until the window opens again; to \
                    be off on that day alone, {cure}"
                ));
            }
            if let Some(name) = self.named(&takes_nothing) {
                warnings.push(format!(
                    "{name} takes nothing away from window {window}, which opens before that day: it stays on; to be off on that \
                    day, {cure}"
                ));
            }
        }
        warnings
    }

    /// `holiday 2027-01-11 (Mon)`, the first of `days`, and how many more there are.
    fn named(&self, days: &[i64]) -> Option<String> {
        let (first, more) = days.split_first()?;
        let holiday: &Holiday = self.holiday(*first)?;
        let date = date(*first)?;
        let of = if holiday.to_string() == date.to_string() { String::new() } else { format!("{holiday} on ") };
        let more = match more.len() {
            0 => String::new(),
            1 => ", as one more in the coming year,".to_owned(),
            more => format!(", as {more} more in the coming year,"),
        };
        Some(format!("holiday {of}{date} ({}){more}", date.strftime("%a")))
    }

    /// The warning that `window` does not exist on `day`, if so.
    fn lost(&self, window: &Window, day: i64) -> Option<String> {
        if !window.opens_on(day) || self.holiday(day).is_some() {
            return None;
        }
        let around = Around::Changing(&self.zone);
        let start = day * DAY + i64::from(window.opens) * 60;
        let (start, end) = (around.instant(start)?, around.instant(start + i64::from(window.minutes) * 60)?);
        let date = date(day)?;
        (end <= start).then(|| format!("window {window} does not exist on {date}: the clocks skip it"))
    }
}
