//! What can the policy be led into, and does it find its way back?
//!
//! ```text
//! World ─▶ State ─▶ every next State ─▶ rules that hold in each
//!                   └ the calm one  ─▶ rules that hold in the end
//! ```
//!
//! A world is small: one or two commitments, one or two aliases, a few events and a few faults. The search visits every
//! state that it can reach. Admission, plan and verdict are those of `policy/`; AWS, the table and the way of an invocation
//! are written here as state machines (docs/reliability.md, "Every small world").

mod admit;
mod answers;
mod aws;
mod build;
mod canon;
mod catalogue;
mod clock;
mod effect;
mod flight;
mod look;
mod next;
mod remember;
mod rounds;
mod rules;
mod search;
mod state;
mod table;
mod time;
mod walk;
mod world;

pub use catalogue::{Task, beyond, fixed, worlds};
pub use search::{Broken, Explored, explore};
pub use walk::{Walk, walk};
pub use world::World;
