//! What may surprise in these days?

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::timetable::{Timetable, duration_text};
use rehearsal::timeline::{Day, Phase, Stretch, zone};

/// The least that AWS takes to create a throughput.
const SHORTEST_CREATION: SignedDuration = SignedDuration::from_mins(15);

/// Everything that may surprise: what the function warns of when it is registered at `from`, and what is to be seen in these
/// days.
#[must_use]
pub fn all(commitment: &Commitment, days: &[Day], stretches: &[Stretch], from: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let Some(timetable) = &commitment.timetable else { return warnings };
    warnings.extend(Timetable::warnings(timetable, commitment.lead, from));
    warnings.extend(clock_changes(timetable, days));
    warnings.extend(gaps(commitment, stretches));
    if commitment.lead < SHORTEST_CREATION {
        let (lead, creation) = (duration_text(commitment.lead), duration_text(SHORTEST_CREATION));
        warnings.push(format!(
            "LeadTime {lead} is shorter than AWS takes to create a throughput, {creation} at least: it comes after the opening"
        ));
    }
    if stretches.iter().all(|stretch| stretch.phase == Phase::Off) && !timetable.windows().is_empty() {
        warnings.push("nothing is held in these days".to_owned());
    }
    warnings
}

fn clock_changes(timetable: &Timetable, days: &[Day]) -> Vec<String> {
    let zone = timetable.zone();
    let said = |day: &Day| {
        let length = day.length()?;
        let longer = day.until.duration_since(day.from) > SignedDuration::from_hours(24);
        let change = day.clock_change(zone.time_zone())?;
        let just_before = change.saturating_sub(SignedDuration::from_secs(1)).ok()?;
        let clock = |at: Timestamp| at.to_zoned_datetime(zone.time_zone().clone());
        // Seen from just before, the clock shows the second before the change.
        let before = clock(just_before).datetime().saturating_add(SignedDuration::from_secs(1));
        let (turned, name) = (if longer { "back" } else { "forward" }, zone.name());
        Some(format!(
            "{} has {length}: the clocks of {name} go {turned} from {} to {}",
            day.date.strftime("%a %b %d"),
            before.strftime("%H:%M"),
            clock(change).strftime("%H:%M"),
        ))
    };
    days.iter().filter_map(said).collect()
}

/// Where the lead bridges a gap; the same gap of several days once.
fn gaps(commitment: &Commitment, stretches: &[Stretch]) -> Vec<String> {
    let (zone, _) = zone(commitment);
    let mut found: Vec<(String, usize)> = Vec::new();
    for gap in stretches.iter().filter(|stretch| stretch.phase == Phase::StaysOn) {
        let clock = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string();
        let (from, until) = (clock(gap.from), clock(gap.until));
        let (lasts, lead) = (duration_text(gap.lasts()), duration_text(commitment.lead));
        let text = format!("it stays on from {from} to {until}: the gap of {lasts} is no longer than LeadTime {lead}");
        match found.iter_mut().find(|(known, _)| *known == text) {
            Some((_, times)) => *times += 1,
            None => found.push((text, 1)),
        }
    }
    let times = |(text, times): (String, usize)| if times == 1 { text } else { format!("{text} ({times} times)") };
    found.into_iter().map(times).collect()
}
