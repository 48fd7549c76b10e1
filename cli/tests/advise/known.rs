//! Weeks with a known best answer.

use jiff::SignedDuration;
use policy::advise::{Amount, Level, Verdict};

use crate::weeks::{
    Shape, advice, always, batch, cost, growth, holiday, hours, nothing_regular, office, outage, price, question, row,
    rows, shop, spike, two_zones, windows,
};

#[test]
fn each_shape_has_its_timetable() {
    let table: [(Shape, &str); 7] = [
        (office, "Mon-Fri 08:00-18:00"),
        (batch, "Tue,Fri 22:00-04:00"),
        (shop, "Sat-Sun 10:00-22:00"),
        (growth, "Mon-Fri 08:00-18:00"),
        (spike, "Mon-Fri 08:00-18:00"),
        (outage, "Mon-Fri 08:00-18:00"),
        (holiday, "Mon-Fri 08:00-18:00"),
    ];
    for (shape, expected) in table {
        let advice = advice(&rows(shape, 4), &question("8"));
        assert_eq!(advice.verdict, Verdict::Timetable, "{expected}");
        assert_eq!(windows(&advice), [(expected.to_owned(), 1)]);
        assert!(advice.served.timetable >= 990);
        assert!(!advice.covers);
    }
}

/// Ten hours a day, and the hour of lead and the started hour of drain: 12 hours of 5 days. Outside, 118 hours of 10 invocations.
#[test]
fn the_costs_of_an_office_are_those_of_paper_and_pencil() {
    let advice = advice(&rows(office, 4), &question("8"));
    assert_eq!(advice.unit_hours, 4 * 60);
    // An invocation is 0.0108: 1600 tokens at 3 and 400 at 15 a million.
    assert_eq!(advice.costs.on_demand.exact(), "1308.744");
    assert_eq!(advice.costs.timetable.exact(), "492.744");
    assert_eq!(advice.costs.always_on.exact(), "1344");
    assert_eq!(advice.tokens, [193_888_000, 48_472_000, 0]);
    let turns = advice.break_even.unwrap();
    // 1296 that the windows take over, in 60 unit hours.
    assert_eq!((turns.of, turns.unit_price), (Verdict::Timetable, price("21.6")));
    assert_eq!(turns.use_thousandths, Some(370));
    assert_eq!(advice.confidence.level, Level::High, "{:?}", advice.confidence.reasons);
}

#[test]
fn two_offices_far_apart_are_one_window() {
    let mut question = question("8");
    question.tokens_per_minute = Some(200_000);
    // Tokyo's 09:00 is Berlin's 02:00 in September.
    assert_eq!(windows(&advice(&rows(two_zones, 4), &question)), [("Mon-Fri 02:00-17:00".to_owned(), 1)]);
}

#[test]
fn where_a_unit_is_dear_on_demand_stays_and_the_timetable_holds_the_share() {
    let advice = advice(&rows(batch, 4), &question("40"));
    assert_eq!((advice.verdict, advice.covers), (Verdict::OnDemand, true));
    assert_eq!(windows(&advice), [("Tue,Fri 22:00-04:00".to_owned(), 1)]);
    assert!(advice.costs.on_demand < advice.costs.timetable);
    assert!(advice.break_even.unwrap().unit_price < price("40"));
}

#[test]
fn day_and_night_is_always_on_or_a_term() {
    let mut question = question("8");
    let always_on = advice(&rows(always, 4), &question);
    assert_eq!(
        (always_on.verdict, windows(&always_on)),
        (Verdict::AlwaysOn, vec![("Daily 00:00-24:00".to_owned(), 1)])
    );
    assert_eq!(always_on.costs.timetable, always_on.costs.always_on);
    question.prices.term = Some(price("8"));
    assert_eq!(advice(&rows(always, 4), &question).verdict, Verdict::AlwaysOn, "at equal costs nobody is bound");
    question.prices.term = Some(price("6"));
    let term = advice(&rows(always, 4), &question);
    assert_eq!((term.verdict, term.costs.term.unwrap().exact()), (Verdict::Term, "1008".to_owned()));
}

#[test]
fn a_one_off_changes_neither_windows_nor_verdict_and_is_listed() {
    let (usual, once) = (advice(&rows(office, 4), &question("8")), advice(&rows(spike, 4), &question("8")));
    assert_eq!((usual.verdict, windows(&usual)), (once.verdict, windows(&once)));
    let [one_off] = once.one_offs.as_slice() else { panic!("{:?}", once.one_offs) };
    // Of 144 million tokens, twice the busiest hour of other days stays.
    assert_eq!(one_off.tokens, 144_000_000 - 2 * 4_800_000);
    assert_eq!(one_off.start.to_string(), "2026-10-11T01:00:00Z");
    assert!(usual.one_offs.is_empty());
}

#[test]
fn holidays_are_proposed_together_and_not_paid_for() {
    let advice = advice(&rows(holiday, 4), &question("8"));
    let holidays: Vec<String> = advice.holidays.iter().map(ToString::to_string).collect();
    assert_eq!(holidays, ["2026-10-08/2026-10-09"]);
    assert_eq!(advice.unit_hours, (4 * 5 - 2) * 12);
}

#[test]
fn growth_and_what_is_irregular_lower_the_confidence() {
    let grown = advice(&rows(growth, 4), &question("8"));
    assert!(grown.confidence.growth.is_some_and(|growth| (720..740).contains(&growth)), "1.2³ is 1.728");
    assert!(grown.confidence.level < Level::High);
    let random = advice(&rows(nothing_regular, 4), &question("8"));
    assert!(random.confidence.deviation > 300, "{}", random.confidence.deviation);
    assert!(random.confidence.level < Level::High);
    let all = [random.costs.on_demand, random.costs.timetable, random.costs.always_on];
    assert_eq!(cost(&random), all.into_iter().min().unwrap());
}

/// A quarter of the hours is lost, an outage of the recording: neither costs nor windows fall by a quarter.
#[test]
fn what_is_missing_is_not_zero() {
    let all = rows(office, 4);
    let some = all.iter().enumerate().filter(|(index, _)| index % 168 * 7 % 4 != index / 168).map(|(_, row)| *row);
    let some: Vec<_> = some.collect();
    let (whole, gaps) = (advice(&all, &question("8")), advice(&some, &question("8")));
    assert_eq!(gaps.confidence.unknown_hours, gaps.confidence.hours - some.len());
    assert!(gaps.confidence.unknown_hours >= 160);
    assert_eq!(whole.costs, gaps.costs);
    assert_eq!(windows(&whole), windows(&gaps));
}

/// On demand throttles a tenth of the office's invocations: it does not serve the share, though it is cheaper.
#[test]
fn throttled_invocations_are_demand_that_on_demand_does_not_serve() {
    let throttled: Vec<_> = hours(4)
        .map(|(start, at, week)| {
            let mut row = row(start, office(at, week));
            row.counts.throttles = row.counts.invocations.map(|count| count / 9);
            row
        })
        .collect();
    let advice = advice(&throttled, &question("40"));
    assert_eq!(advice.served.on_demand, 900);
    assert!(advice.costs.on_demand < advice.costs.timetable);
    assert_eq!((advice.verdict, advice.covers), (Verdict::Timetable, false));
    assert!(advice.served.timetable >= 990);
}

#[test]
fn sizes_follow_the_demand_and_the_share() {
    let mut question = question("8");
    for (tokens, units) in [(100_000, 1), (80_000, 1), (70_000, 2), (40_000, 2), (27_000, 3)] {
        question.tokens_per_minute = Some(tokens);
        let advice = advice(&rows(office, 4), &question);
        assert_eq!((windows(&advice), advice.units), (vec![("Mon-Fri 08:00-18:00".to_owned(), units)], Some(units)));
    }
    question.tokens_per_minute = None;
    let unknown = advice(&rows(office, 4), &question);
    assert_eq!((unknown.units, unknown.confidence.level), (None, Level::Low));
    assert_eq!(windows(&unknown).len(), 1);
}

/// By the minute, what is full within an hour counts, not its mean.
#[test]
fn minutes_show_what_an_hour_hides() {
    let by_minute = |burst: bool| {
        let minutes = hours(4).filter(|(_, at, _)| (8..18).contains(&at.hour())).flat_map(move |(start, ..)| {
            (0..60).map(move |minute| {
                let start = start.checked_add(SignedDuration::from_mins(minute)).unwrap();
                // The same in an hour: all of it in its first half, or evenly.
                row(
                    start,
                    if !burst {
                        30
                    } else if minute < 30 {
                        60
                    } else {
                        0
                    },
                )
            })
        });
        advice(&minutes.collect::<Vec<_>>(), &question("2"))
    };
    let (even, burst) = (by_minute(false), by_minute(true));
    assert_eq!(even.costs.on_demand, burst.costs.on_demand);
    assert_eq!((even.units, burst.units), (Some(1), Some(2)));
}

#[test]
fn nothing_used_is_nothing_bought() {
    let idle: Vec<_> = hours(2).map(|(start, ..)| row(start, 0)).collect();
    let advice = advice(&idle, &question("8"));
    assert_eq!((advice.verdict, windows(&advice)), (Verdict::OnDemand, Vec::new()));
    assert_eq!((advice.costs.on_demand, advice.costs.timetable), (Amount::default(), Amount::default()));
}
