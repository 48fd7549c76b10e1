//! Asynchronous invocation repeats and gives up as Lambda does.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use simulator::lambda::{GivenUp, Lambda};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-16T00:00:00Z".parse().expect("an instant");
    start.saturating_add(SignedDuration::from_mins(minutes)).expect("in range")
}

#[test]
fn an_error_is_tried_again_after_one_and_two_minutes_with_the_same_id_and_then_handed_on_whole() {
    let mut lambda = Lambda::default();
    let event = json!({"Action": "Tick", "Name": "one"});
    let id = lambda.accept(event.clone(), at(0));
    let mut seen = Vec::new();
    for minute in 0..=10 {
        for attempt in lambda.due(at(minute)) {
            seen.push((minute, attempt.request_id.clone(), attempt.errors));
            lambda.ended_in_error(attempt, "it broke", at(minute));
        }
    }
    assert_eq!(seen, [(0, id.clone(), 0), (1, id.clone(), 1), (3, id.clone(), 2)]);
    let [failure] = lambda.failures() else { panic!("one failure: {:?}", lambda.failures()) };
    assert_eq!((&failure.request_id, &failure.event, failure.errors), (&id, &event, 3));
    assert_eq!(
        (failure.why, failure.error.as_deref(), failure.at),
        (GivenUp::RetriesExhausted, Some("it broke"), at(3))
    );
}

#[test]
fn what_ended_well_is_over_unless_lambda_repeats_it() {
    let mut lambda = Lambda::default();
    let first = lambda.accept(json!({}), at(0));
    let second = lambda.accept(json!({}), at(0));
    assert_ne!(first, second, "a duplicate from elsewhere is another invocation");
    let due = lambda.due(at(0));
    assert_eq!(due.len(), 2);
    assert_eq!((lambda.due(at(60)), lambda.next_at()), (Vec::new(), None));
    lambda.repeat(&due[0], at(61));
    assert_eq!(lambda.next_at(), Some(at(61)));
    assert_eq!(lambda.due(at(61))[0].request_id, first);
}

#[test]
fn what_is_too_old_is_given_up_without_another_run() {
    let mut lambda = Lambda::default();
    lambda.maximum_age = SignedDuration::from_mins(1);
    lambda.accept(json!(1), at(0));
    let attempt = lambda.due(at(0)).remove(0);
    lambda.ended_in_error(attempt, "it broke", at(0));
    let attempt = lambda.due(at(1)).remove(0);
    lambda.ended_in_error(attempt, "it broke", at(1));
    assert_eq!(lambda.due(at(99)), Vec::new());
    assert_eq!((lambda.failures()[0].why, lambda.failures()[0].errors), (GivenUp::EventAgeExceeded, 2));
}

#[test]
fn throttling_is_no_try_and_goes_on_until_the_event_is_too_old() {
    let mut lambda = Lambda::default();
    lambda.accept(json!(1), at(0));
    let mut runs = 0;
    while let Some(next) = lambda.next_at() {
        for attempt in lambda.due(next) {
            assert_eq!(attempt.errors, 0);
            runs += 1;
            lambda.throttled(attempt, next);
        }
    }
    assert!(runs > 70, "{runs} runs in six hours");
    assert_eq!(lambda.failures()[0].why, GivenUp::EventAgeExceeded);
}

#[test]
fn without_concurrency_an_event_goes_to_the_failure_destination_at_once() {
    let mut lambda = Lambda::default();
    lambda.stopped = true;
    lambda.accept(json!({"RequestType": "Delete"}), at(0));
    assert_eq!(lambda.due(at(99)), Vec::new());
    let failure = &lambda.failures()[0];
    assert_eq!((failure.why, failure.at), (GivenUp::NoConcurrency, at(0)));
    assert_eq!(failure.event, json!({"RequestType": "Delete"}));
}
