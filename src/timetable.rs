//! stub
#![allow(missing_docs)]
use jiff::{SignedDuration, Timestamp};
pub type ModelUnits = std::num::NonZeroU32;
#[derive(Debug, Clone, PartialEq)] pub struct Zone(String);
#[derive(Debug, Clone, PartialEq)] pub struct Window { pub units: Option<ModelUnits> }
#[derive(Debug, Clone, PartialEq)] pub struct Holiday;
#[derive(Debug, Clone, PartialEq)] pub struct Period;
#[derive(Debug, Clone, PartialEq)] pub struct Exception { pub period: Period, pub state: State, pub units: Option<ModelUnits> }
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)] pub enum State { On, Off }
#[derive(Debug, Clone, PartialEq)] pub struct Timetable;
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)] #[error("x")] pub struct DurationError;
macro_rules! fs { ($($t:ty),*) => { $(impl std::str::FromStr for $t { type Err = DurationError; fn from_str(_: &str) -> Result<Self, DurationError> { Err(DurationError) } }
impl std::fmt::Display for $t { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } })* } }
fs!(Zone, Window, Holiday, Period, State);
impl State { pub fn as_str(self) -> &'static str { "On" } }
impl Zone { pub fn name(&self) -> &str { &self.0 } }
impl Window { pub fn with_units(self, _u: Option<ModelUnits>) -> Self { self } }
impl Timetable {
  pub fn new(_z: Zone, _w: Vec<Window>, _h: Vec<Holiday>, _e: Vec<Exception>) -> Self { Self }
  pub fn zone(&self) -> &Zone { todo!() } pub fn windows(&self) -> &[Window] { &[] } pub fn holidays(&self) -> &[Holiday] { &[] } pub fn exceptions(&self) -> &[Exception] { &[] }
  pub fn warnings(&self, _l: SignedDuration, _n: Timestamp) -> Vec<String> { vec![] }
}
pub fn parse_duration(_: &str) -> Result<SignedDuration, DurationError> { Err(DurationError) }
pub fn duration_text(_: SignedDuration) -> String { String::new() }
