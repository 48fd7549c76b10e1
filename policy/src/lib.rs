//! Every decision of the throughput scheduler, as pure data and pure functions.
//!
//! ```text
//! event ─▶ Event ─▶ Record (+ Commitment) ─▶ Desired
//!              Desired + Observed + now ─▶ Plan           every choice is made here
//!                                       ─▶ Answer, Report, metrics
//! ```
//!
//! Nothing here knows an SDK, a clock, a runtime or a log: time is an argument, and effects are the function's.

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

pub mod admission;

pub mod observed;
pub mod plan;

pub mod advise;

pub mod answer;
pub mod metrics;
pub mod money;
pub mod report;
pub mod tidings;
