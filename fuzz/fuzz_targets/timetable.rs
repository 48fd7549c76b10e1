//! Windows, holidays, exceptions and durations, one a line.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "the other targets use the rest")]
#[path = "../../policy/tests/hostile/checks.rs"]
mod checks;

fuzz_target!(|bytes: &[u8]| checks::timetable(&String::from_utf8_lossy(bytes)));
