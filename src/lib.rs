//! Throughput Scheduler for Amazon Bedrock: buys provisioned throughput on a timetable, routes agent aliases to it while
//! it is in service, and lets both go again.
//!
//! ```text
//! event ─▶ Event ─▶ Record (+ Commitment) ─▶ Desired      pure
//!                                   AWS ─▶ Observed
//!              Desired + Observed + now ─▶ Plan           pure: every choice is made here
//!                                  Plan ─▶ AWS            one call per action, idempotent
//!                                       ─▶ again while something will settle within seconds
//!                                       ─▶ Record, Answer, Report
//! ```
//!
//! The decisions are those of the crate [`policy`]; here they are joined with AWS.

pub mod aws;
pub mod handler;
pub mod rounds;
pub mod store;
