//! What holds for all weeks.

use jiff::SignedDuration;
use policy::advise::Question;
use policy::advise::usage::Row;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use proptest::{collection, prop_assert, prop_assert_eq, sample};

use crate::weeks::{advice, cost, hours, price, question, row, windows};

/// Invocations by block of four hours of one week, and the price of a unit hour.
fn cases() -> impl Strategy<Value = (Vec<u64>, u32)> {
    let level = sample::select(vec![0, 0, 0, 30, 600, 1500, 2400, 2900, 4300]);
    let regular = (collection::vec(level.clone(), 6), collection::vec(level.clone(), 6));
    let regular = regular.prop_map(|(work, rest)| [work.repeat(5), rest.repeat(2)].concat());
    let any_week = collection::vec(level, 42);
    let weeks = proptest::prop_oneof![regular, any_week];
    (weeks, 1_u32..40)
}

fn usage(blocks: &[u64], times: u64) -> Vec<Row> {
    hours(2).enumerate().map(|(hour, (start, ..))| row(start, blocks[hour / 4 % 42] * times)).collect()
}

fn check(cases_to_try: u32, test: impl Fn((Vec<u64>, u32)) -> Result<(), TestCaseError>) {
    let config = Config {
        cases: cases_to_try,
        rng_seed: RngSeed::Fixed(21),
        failure_persistence: None,
        max_shrink_iters: 50,
        ..Config::default()
    };
    TestRunner::new(config).run(&cases(), test).unwrap();
}

fn asked(unit_price: u32) -> Question {
    question(&unit_price.to_string())
}

#[test]
fn scaling_tokens_and_prices_together_changes_nothing() {
    check(12, |(blocks, unit_price)| {
        let question = asked(unit_price);
        let mut scaled = question.clone();
        scaled.prices.input = price("0.3");
        scaled.prices.output = price("1.5");
        scaled.tokens_per_minute = question.tokens_per_minute.map(|tokens| tokens * 10);
        let (one, ten) = (advice(&usage(&blocks, 1), &question), advice(&usage(&blocks, 10), &scaled));
        prop_assert_eq!(one.costs, ten.costs);
        prop_assert_eq!((one.verdict, windows(&one)), (ten.verdict, windows(&ten)));
        Ok(())
    });
}

#[test]
fn more_demand_never_costs_less() {
    check(12, |(blocks, unit_price)| {
        let question = asked(unit_price);
        let (less, more) = (advice(&usage(&blocks, 1), &question), advice(&usage(&blocks, 2), &question));
        prop_assert!(less.costs.on_demand <= more.costs.on_demand);
        prop_assert!(less.costs.always_on <= more.costs.always_on);
        prop_assert!(cost(&less) <= cost(&more), "{} {}", cost(&less), cost(&more));
        // One block more, where all has to be served: where a share may be left out, more demand allows more of it.
        let mut whole = question.clone();
        whole.share = 1000;
        let mut higher = blocks.clone();
        higher[usize::try_from(unit_price).unwrap() % 42] += 700;
        let (less, more) = (advice(&usage(&blocks, 1), &whole), advice(&usage(&higher, 1), &whole));
        prop_assert!(cost(&less) <= cost(&more), "{} {}", cost(&less), cost(&more));
        Ok(())
    });
}

#[test]
fn an_hour_nobody_uses_is_never_bought() {
    check(16, |(blocks, unit_price)| {
        let advice = advice(&usage(&blocks, 1), &asked(unit_price));
        let used = |minute: usize| blocks[minute / 60 % 168 / 4] > 0;
        for proposed in &advice.windows {
            let days = (0..7).filter_map(|day| Some((day * 24 * 60, proposed.window.on(day)?)));
            let days: Vec<(usize, usize)> =
                days.map(|(midnight, (opens, minutes))| (midnight + opens, minutes)).collect();
            prop_assert!(minutes_used(&days, &used), "{}", proposed.window);
            // It neither begins nor ends with hours that nobody uses on any of its days.
            prop_assert!(days.iter().any(|(start, _)| used(*start)), "{}", proposed.window);
            prop_assert!(days.iter().any(|(start, minutes)| used(start + minutes - 60)), "{}", proposed.window);
        }
        Ok(())
    });
}

fn minutes_used(days: &[(usize, usize)], used: &impl Fn(usize) -> bool) -> bool {
    days.iter().all(|(start, minutes)| (*start..start + minutes).step_by(60).any(used))
}

#[test]
fn the_verdict_is_the_cheapest_of_four_and_the_windows_are_few_and_long_enough() {
    check(16, |(blocks, unit_price)| {
        let mut question = asked(unit_price);
        question.prices.term = Some(price("9"));
        question.windows = 3;
        let advice = advice(&usage(&blocks, 1), &question);
        let costs = advice.costs;
        let all = [costs.on_demand, costs.timetable, costs.always_on, costs.term.unwrap()];
        prop_assert_eq!(cost(&advice), all.into_iter().min().unwrap());
        prop_assert!(advice.windows.len() <= 3);
        for proposed in &advice.windows {
            let (_, minutes) = (0..7).find_map(|day| proposed.window.on(day)).unwrap();
            prop_assert!(minutes >= 60);
        }
        prop_assert!(advice.served.timetable >= 990);
        Ok(())
    });
}

#[test]
fn the_same_question_has_the_same_answer_in_any_order_of_rows() {
    check(5, |(blocks, unit_price)| {
        let question = asked(unit_price);
        let mut rows = usage(&blocks, 1);
        let before = advice(&rows, &question);
        rows.reverse();
        prop_assert_eq!(&before, &advice(&rows, &question));
        Ok(())
    });
}

/// Whatever lead and drain are, the share is served and nothing panics.
#[test]
fn any_lead_and_drain_will_do() {
    let config = Config {
        cases: 12,
        rng_seed: RngSeed::Fixed(22),
        failure_persistence: None,
        max_shrink_iters: 50,
        ..Config::default()
    };
    let durations = (0_i64..=168 * 60, 0_i64..=168 * 60, any::<bool>());
    let strategy = (cases(), durations);
    TestRunner::new(config)
        .run(&strategy, |((blocks, unit_price), (lead, drain, short))| {
            let mut question = asked(unit_price);
            let minutes = |minutes: i64| SignedDuration::from_mins(if short { minutes % 180 } else { minutes });
            (question.lead, question.drain) = (minutes(lead), minutes(drain));
            let advice = advice(&usage(&blocks, 1), &question);
            prop_assert!(cost(&advice) <= advice.costs.on_demand);
            prop_assert!(advice.served.timetable >= 990);
            Ok(())
        })
        .unwrap();
}
