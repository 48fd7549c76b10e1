//! The alarms of these tests against the tables of Amazon's own user guide ("Configuring how `CloudWatch` alarms treat missing
//! data"), and against gaps in what is measured.

use crate::alarms::{Alarm, Missing, Needed, State};

const KINDS: [Missing; 3] = [Missing::Ignore, Missing::Breaching, Missing::NotBreaching];

/// What an alarm that stood in `before` comes to with each kind, for periods as the guide writes them: the oldest first, `0` well,
/// `X` breaching, `-` missing.
fn judged(periods: &str, to_alarm: usize, before: State) -> [State; 3] {
    let mut periods: Vec<Option<bool>> = periods.split(' ').map(|sign| (sign != "-").then_some(sign == "X")).collect();
    periods.reverse();
    KINDS.map(|missing| Needed { periods: 3, to_alarm, missing }.judge(&periods, before))
}

#[test]
fn alarms_are_judged_as_the_user_guide_says() {
    use State::{Alarm, Ok, Unknown};
    for (periods, to_alarm, expected) in [
        ("0 - X - X", 3, [Ok, Ok, Ok]),
        ("- - - - 0", 3, [Ok, Ok, Ok]),
        ("- - - - -", 3, [Unknown, Alarm, Ok]),
        ("0 X X - X", 3, [Alarm, Alarm, Alarm]),
        ("- - X - -", 3, [Unknown, Alarm, Ok]),
        ("0 - X - X", 2, [Alarm, Alarm, Alarm]),
        ("0 0 X 0 X", 2, [Alarm, Alarm, Alarm]),
        ("0 - X - -", 2, [Ok, Alarm, Ok]),
        ("- - - - 0", 2, [Ok, Alarm, Ok]),
        ("- - - X -", 2, [Unknown, Alarm, Ok]),
    ] {
        assert_eq!(judged(periods, to_alarm, Unknown), expected, "{to_alarm} of 3: {periods}");
    }
}

/// An alarm that is on goes to OK with the first value that is well, and stays as it is without one.
#[test]
fn a_gap_neither_ends_an_alarm_nor_keeps_one_on() {
    assert_eq!(judged("- - - - -", 2, State::Alarm)[0], State::Alarm);
    assert_eq!(judged("X X - - 0", 2, State::Alarm)[0], State::Alarm, "two of the last three");
    assert_eq!(judged("- X - - 0", 2, State::Alarm)[0], State::Ok);
    assert_eq!(judged("- - - - 0", 2, State::Alarm)[0], State::Ok);
}

#[test]
fn every_alarm_of_the_template_can_be_read() {
    let names: Vec<String> = Alarm::read_all().into_iter().map(|alarm| alarm.name).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    assert_eq!(names.last().map(String::as_str), Some("TicksStopped"), "the one that asks others is asked last");
}
