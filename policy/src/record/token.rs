//! What tells one purchase, or one event, from another?

use std::fmt::Write;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The token of purchase `number` of the throughput `name`: the same for every invocation that repeats it, because all of
/// it comes from the record (docs/policy.md, rule 4).
#[must_use]
pub fn token(name: &str, registered: Timestamp, number: u32) -> String {
    hex(&format!("{name}|{registered}|{number}"))
}

/// The SHA-256 of `text`, in hexadecimal digits.
pub(crate) fn hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut digits, byte| {
        let _infallible = write!(digits, "{byte:02x}");
        digits
    })
}
