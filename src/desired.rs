//! stub
#![allow(missing_docs)]
use crate::timetable::*;
use jiff::{SignedDuration, Timestamp};
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)] pub struct Override { pub state: State, pub units: Option<ModelUnits>, pub until: Timestamp, pub reason: Option<String> }
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)] pub struct Hold { pub state: State, pub since: Timestamp }
pub enum Base<'a> { Timetable(&'a Timetable), Always, Never }
pub struct Demand<'a> { pub base: Base<'a>, pub units: ModelUnits, pub hold: Option<&'a Hold>, pub override_: Option<&'a Override>, pub lead: SignedDuration }
pub struct Desired { pub units: Option<ModelUnits>, pub because: String }
impl Desired { pub fn state(&self) -> State { State::On } }
pub struct Transition { pub at: Timestamp, pub state: State, pub because: String }
impl Demand<'_> { pub fn at(&self, _n: Timestamp) -> Desired { todo!() } pub fn next_transition(&self, _n: Timestamp) -> Option<Transition> { None } }
