//! x
use super::Preview;
/// x
#[must_use]
pub fn html(_: &[Preview]) -> String { String::new() }
