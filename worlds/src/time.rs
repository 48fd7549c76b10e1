//! What is an instant in a world?
//!
//! Whole seconds since the world began, on a Monday at midnight. The policy is given real timestamps.

use jiff::{SignedDuration, Timestamp};

/// Seconds since the world began.
pub(crate) type Second = i64;

/// 2026-11-16T00:00:00Z.
const BEGAN: i64 = 1_794_787_200;

/// The timestamp of `second`.
pub(crate) fn instant(second: Second) -> Timestamp {
    Timestamp::from_second(BEGAN + second).unwrap_or(Timestamp::MAX)
}

/// The moment of `second` at which the invocation `serial` registers: no two of them do so in the same microsecond.
pub(crate) fn moment(second: Second, serial: u16) -> Timestamp {
    let moment = SignedDuration::from_micros(i64::from(serial));
    instant(second).saturating_add(moment).unwrap_or(Timestamp::MAX)
}

/// The second of `instant`.
pub(crate) fn second(instant: Timestamp) -> Second {
    instant.as_second() - BEGAN
}

/// As a diary shows it: `h:mm:ss` since the world began.
pub(crate) fn told(second: Second) -> String {
    format!("{}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}
