//! Does all of it agree with a naive model?

use super::*;

/// Zones, and days on or near which their clocks change.
const CHANGES: [(&str, Date); 12] = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 29)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Tokyo", date(2026, 12, 31)),
    ("America/St_Johns", date(2026, 3, 8)),
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const QUARTER: i64 = 15;

/// Everything random about a case; days and minutes are counted from the midnight of the day in `CHANGES`.
#[derive(Debug, Clone)]
#[expect(clippy::option_option, reason = "nothing, off, or on with a size of its own or none")]
struct Case {
    change: usize,
    units: u32,
    lead_minutes: i64,
    windows: Vec<(WindowCase, Option<u32>)>,
    holidays: Vec<(i64, i64)>,
    exceptions: Vec<(i64, i64, Option<Option<u32>>)>,
    override_: Option<(i64, Option<Option<u32>>)>,
    hold: Option<bool>,
}

/// Times are in quarters of an hour.
#[derive(Debug, Clone)]
enum WindowCase {
    Each { days: BTreeSet<usize>, opens: i64, closes: i64 },
    Across { first: usize, opens: i64, days_on: usize, closes: i64 },
}

fn clock(quarters: i64) -> String {
    format!("{:02}:{:02}", quarters / 4, quarters % 4 * QUARTER)
}

impl WindowCase {
    fn text(&self) -> String {
        match self {
            Self::Each { days, opens, closes } => {
                let days: Vec<_> = days.iter().map(|day| DAYS[*day]).collect();
                format!("{} {}-{}", days.join(","), clock(*opens), clock(*closes))
            }
            Self::Across { first, opens, days_on, closes } => {
                format!("{} {} - {} {}", DAYS[*first], clock(*opens), DAYS[(first + days_on) % 7], clock(*closes))
            }
        }
    }

    /// The civil times of the window that opens on `day`, if one does.
    fn on(&self, day: Date) -> Option<(DateTime, DateTime)> {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).expect("a weekday");
        let time = |days: usize, quarters: i64| {
            let days = i64::try_from(days).expect("few days");
            day.at(0, 0, 0, 0).checked_add((days * 24 * 60 + quarters * QUARTER).minutes()).expect("a civil time")
        };
        match self {
            Self::Each { days, opens, closes } => {
                let next_day = usize::from(closes < opens);
                days.contains(&weekday).then(|| (time(0, *opens), time(next_day, *closes)))
            }
            Self::Across { first, opens, days_on, closes } => {
                (*first == weekday).then(|| (time(0, *opens), time(*days_on, *closes)))
            }
        }
    }
}

fn window_case() -> impl Strategy<Value = WindowCase> {
    let days = proptest::collection::btree_set(0..7_usize, 1..=7);
    // Half of the times are near those at which clocks change.
    let opens = || prop_oneof![0..16_i64, 0..96_i64];
    let closes = || prop_oneof![0..=16_i64, 0..=96_i64];
    let each = (days, opens(), closes())
        .prop_filter("not empty", |(_, opens, closes)| opens != closes)
        .prop_map(|(days, opens, closes)| WindowCase::Each { days, opens, closes });
    let across = (0..7_usize, opens(), 1..7_usize, closes())
        // Friday 08:00 - Saturday 00:00 is as good as Friday 24:00; either way not empty.
        .prop_map(|(first, opens, days_on, closes)| WindowCase::Across { first, opens, days_on, closes });
    prop_oneof![4 => each, 1 => across]
}

fn case() -> impl Strategy<Value = Case> {
    let size = || proptest::option::of(1..5_u32);
    let state = move || proptest::option::weighted(0.5, size());
    let minutes =
        |from_days: i64, to_days: i64| (from_days * 24 * 4..to_days * 24 * 4).prop_map(|quarters| quarters * QUARTER);
    let lead = prop_oneof![Just(0), Just(60), 1..90_i64, 1..24 * 60_i64, 1..7 * 24 * 60_i64];
    let exceptions = (minutes(-3, 4), prop_oneof![1..300_i64, 1..4000_i64], state());
    (
        (0..CHANGES.len(), 1..4_u32, lead),
        proptest::collection::vec((window_case(), size()), 0..5),
        proptest::collection::vec((-4..5_i64, 0..3_i64), 0..4),
        proptest::collection::vec(exceptions, 0..4),
        proptest::option::weighted(0.4, (minutes(-2, 3), state())),
        proptest::option::weighted(0.1, any::<bool>()),
    )
        .prop_map(|((change, units, lead_minutes), windows, holidays, exceptions, override_, hold)| Case {
            change,
            units,
            lead_minutes,
            windows,
            holidays,
            exceptions,
            override_,
            hold,
        })
}

/// Who wants how much in `[start, end)`; seconds.
type Stretch = (i64, i64, u32);

/// What the contract says, computed the long way round.
struct Naive {
    windows: Vec<Stretch>,
    /// 0 is off.
    exceptions: Vec<Stretch>,
    override_: Option<(i64, u32)>,
    hold: Option<u32>,
    lead: i64,
}

impl Naive {
    fn of(case: &Case) -> Self {
        let (name, change) = CHANGES[case.change];
        let zone = TimeZone::get(name).expect("a zone");
        let at = |civil: DateTime| {
            zone.to_ambiguous_zoned_datetime(civil).compatible().expect("an instant").timestamp().as_second()
        };
        let day = |days: i64| change.checked_add(days.days()).expect("a day");
        let size = |state: Option<Option<u32>>| state.map_or(0, |size| size.unwrap_or(case.units));
        let mut windows = Vec::new();
        for offset in -14..26 {
            if case.holidays.iter().any(|(first, more)| (*first..=first + more).contains(&offset)) {
                continue;
            }
            for (window, size) in &case.windows {
                let Some((start, end)) = window.on(day(offset)) else { continue };
                windows.push((at(start), at(end), size.unwrap_or(case.units)));
            }
        }
        let civil = |minutes: i64| change.at(0, 0, 0, 0).checked_add(minutes.minutes()).expect("a civil time");
        let exceptions = case.exceptions.iter();
        let exceptions = exceptions
            .map(|(start, lasts, state)| (at(civil(*start)), at(civil(start + lasts)), size(*state)))
            .collect();
        let override_ = case.override_.map(|(until, state)| (at(civil(until)), size(state)));
        let hold = case.hold.map(|on| if on { case.units } else { 0 });
        Self { windows, exceptions, override_, hold, lead: case.lead_minutes * 60 }
    }

    /// What is wanted at `at`; 0 is off.
    fn wanted(&self, at: i64) -> u32 {
        let inside = |(start, end, _): &&Stretch| *start <= at && at < *end;
        if let Some((_, units)) = self.override_.filter(|(until, _)| at < *until) {
            return units;
        }
        if let Some(units) = self.hold {
            return units;
        }
        if let Some((_, _, units)) = self.exceptions.iter().rev().find(inside) {
            return *units;
        }
        self.windows.iter().filter(inside).map(|(_, _, units)| *units).max().unwrap_or(0)
    }

    /// Every instant at which what is wanted may change, sorted.
    fn boundaries(&self) -> Vec<i64> {
        let stretches = self.windows.iter().chain(&self.exceptions).flat_map(|(start, end, _)| [*start, *end]);
        let sorted: BTreeSet<i64> = stretches.chain(self.override_.map(|(until, _)| until)).collect();
        sorted.into_iter().collect()
    }

    /// What is held at `now`: the most at any instant in `[now, now + lead]`.
    fn held(&self, boundaries: &[i64], now: i64) -> u32 {
        if self.override_.is_some_and(|(until, units)| now < until && units == 0) {
            return 0;
        }
        let within = boundaries.iter().copied().filter(|at| now < *at && *at <= now + self.lead);
        std::iter::once(now).chain(within).map(|at| self.wanted(at)).max().unwrap_or(0)
    }
}

/// The declaration, override and hold of `case`, as somebody would write them.
fn written(case: &Case) -> (Commitment, Option<Override>, Option<Hold>) {
    let (zone, change) = CHANGES[case.change];
    let civil = |minutes: i64| change.at(0, 0, 0, 0).checked_add(minutes.minutes()).expect("a civil time");
    let text = |minutes: i64| civil(minutes).strftime("%Y-%m-%dT%H:%M").to_string();
    let day = |days: i64| change.checked_add(days.days()).expect("a day");
    let windows = case.windows.iter().map(|(window, units)| json!({"Window": window.text(), "ModelUnits": units}));
    let holidays = case.holidays.iter().map(|(first, more)| format!("{}/{}", day(*first), day(first + more)));
    let exceptions = case.exceptions.iter().map(|(start, lasts, state)| {
        let window = format!("{}/{}", text(*start), text(start + lasts));
        let word = if state.is_some() { "On" } else { "Off" };
        json!({"Window": window, "State": word, "ModelUnits": state.flatten()})
    });
    let commitment = declared(&json!({
        "ModelUnits": case.units,
        "LeadTime": format!("{}m", case.lead_minutes),
        "Timetable": {
            "Timezone": zone,
            "Windows": windows.collect::<Vec<_>>(),
            "Holidays": holidays.collect::<Vec<_>>(),
            "Exceptions": exceptions.collect::<Vec<_>>(),
        },
    }));
    let zone = TimeZone::get(zone).expect("a zone");
    let override_ = case.override_.map(|(until, state)| Override {
        state: if state.is_some() { State::On } else { State::Off },
        units: state.flatten().map(units),
        until: zone.to_ambiguous_zoned_datetime(civil(until)).compatible().expect("an instant").timestamp(),
        reason: None,
    });
    let since = Timestamp::UNIX_EPOCH;
    let hold = case.hold.map(|on| Hold { state: if on { State::On } else { State::Off }, since });
    (commitment, override_, hold)
}

const SECOND: i64 = 1;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

proptest! {
    #![proptest_config(Config {
        cases: 100,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        max_shrink_iters: 2_000,
        ..Config::default()
    })]

    #[test]
    fn what_is_held_is_what_a_naive_reading_of_the_contract_says(case in case(), odd in 0..HOUR) {
        let naive = Naive::of(&case);
        let boundaries = naive.boundaries();
        let (commitment, override_, hold) = written(&case);
        let demand = Demand { override_: override_.as_ref(), hold: hold.as_ref(), ..demand(&commitment) };
        let second = |at: i64| Timestamp::from_second(at).expect("an instant");
        let (zone, change) = CHANGES[case.change];
        let zone = TimeZone::get(zone).expect("a zone");
        let midnight = zone.to_ambiguous_zoned_datetime(change.at(0, 0, 0, 0)).compatible().expect("an instant");
        let midnight = midnight.timestamp().as_second();

        // Around every instant at which something could change near the change of clocks, and at odd times.
        let (from, to) = (midnight - 2 * DAY, midnight + 3 * DAY);
        let edges = boundaries.iter().flat_map(|at| [*at, *at - naive.lead]);
        let edges = edges.filter(|at| (from..to).contains(at)).flat_map(|at| [at - SECOND, at, at + SECOND]);
        let instants: BTreeSet<i64> = edges.chain((0..5 * 8).map(|step| from + step * 3 * HOUR + odd)).collect();
        for at in instants {
            let expected = naive.held(&boundaries, at);
            let desired = demand.at(second(at));
            let got = desired.units.map_or(0, ModelUnits::get);
            prop_assert_eq!(got, expected, "held at {}", second(at));
            // Only the lead holds it when less is wanted now.
            let lead = naive.wanted(at) < expected;
            let because = desired.because.to_string();
            prop_assert_eq!(because.starts_with("lead for "), lead, "at {}: {}", second(at), because);
        }

        // The next transition is the first instant at which something could change and does. What the model knows of
        // ends some days after the change of clocks; a lead may be a week.
        for now in [from + odd, midnight + odd, midnight + 2 * DAY] {
            let end = midnight + 16 * DAY;
            let held = naive.held(&boundaries, now);
            let edges: BTreeSet<i64> = boundaries.iter().flat_map(|at| [*at, *at - naive.lead]).collect();
            let changes = |at: &i64| now < *at && *at < end && naive.held(&boundaries, *at) != held;
            let expected = edges.into_iter().find(changes);
            let next = demand.next_transition(second(now));
            let got = next.as_ref().map(|next| next.at.as_second()).filter(|at| *at < end);
            prop_assert_eq!(got, expected, "the transition after {}: {:?}", second(now), next);

            let Some(next) = next else { continue };
            prop_assert!(second(now) < next.at);
            let until = next.at.as_second();
            let before = (0..16).map(|step| now + (until - SECOND - now) * step / 15);
            for at in before {
                prop_assert_eq!(demand.at(second(at)).units, demand.at(second(now)).units, "constant at {}", second(at));
            }
            let then = demand.at(next.at);
            prop_assert_ne!(then.units, demand.at(second(now)).units, "differs at {}", next.at);
            prop_assert_eq!(then.state(), next.state);
        }
    }
}
