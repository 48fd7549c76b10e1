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
//! Everything outside [`aws`] is plain data and plain functions; only [`handler`] and [`rounds`] join the two. Fuzzing builds the
//! plain part alone.

pub mod input;
mod pattern;

pub mod event;

pub mod custom_resource;

pub mod commitment;
pub mod desired;
pub mod timetable;

pub mod guardrails;
pub mod settings;

pub mod record;

pub mod observed;
pub mod plan;
pub mod registration;

#[cfg(not(fuzzing))]
pub mod aws;
#[cfg(not(fuzzing))]
pub mod handler;
#[cfg(not(fuzzing))]
pub mod rounds;

pub mod answer;
pub mod metrics;
pub mod report;
