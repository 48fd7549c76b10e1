//! What is a state of a world?

use policy::record::Decision;

use crate::aws::{Alias, Aws, Changing, Doing, Parameter, Throughput, Value, Whose};
use crate::flight::Flight;
use crate::table::Table;
use crate::time::Second;
use crate::world::World;

/// The throughput of somebody else's, in worlds that have one.
pub(crate) const FOREIGN: u16 = 1;

/// Everything that is, at an instant.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The instant.
    pub(crate) now: Second,
    /// AWS.
    pub(crate) aws: Aws,
    /// The table.
    pub(crate) table: Table,
    /// Invocations on their way.
    pub(crate) flights: Vec<Flight>,
    /// The next invocation's number.
    pub(crate) next_serial: u16,
    /// What has come of each event.
    pub(crate) events: Vec<Delivery>,
    /// The commitments that a tick has looked at, or missed, in this instant: one bit each.
    pub(crate) ticked: u8,
    /// Faults that may still occur.
    pub(crate) faults: u8,
    /// What people may still do.
    pub(crate) hands: u8,
    /// How many throughputs were bought for each `Purchase`.
    pub(crate) spent: Vec<u8>,
}

/// What has come of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// When it was first delivered.
    pub(crate) sent: Option<Second>,
    /// Until when Lambda delivers it once more, because its invocation died.
    pub(crate) again: Option<Second>,
    /// What was told to its stack.
    pub(crate) told: Option<Decision>,
    /// Whether its invocation was refused, or has ended, without a stack to tell.
    pub(crate) over: bool,
}

impl State {
    /// How `world` begins.
    pub(crate) fn begin(world: &World) -> Self {
        let alias = Alias { route: None, serves: None, doing: Changing::Prepared, rejects: false };
        let foreign = Throughput {
            id: FOREIGN,
            name: 0,
            units: 1,
            buyer: None,
            purchase: None,
            term_end: None,
            doing: Doing::InService,
            marks: Whose::Others,
            token: (-1, 0),
            bought: 0,
            gone: None,
            shown: true,
            missed: None,
            left: None,
            by_hand: false,
            used: true,
        };
        let parameter = Parameter { value: Value::OnDemand, version: 1, modified: -100_000 };
        Self {
            now: 0,
            aws: Aws {
                throughputs: world.foreign.then_some(foreign).into_iter().collect(),
                next_id: FOREIGN,
                aliases: vec![alias; world.aliases.len()],
                parameter: world.parameter.as_ref().map(|_| parameter),
                legacy: false,
            },
            table: Table::new(world.commitments.len()),
            flights: Vec::new(),
            next_serial: 0,
            events: vec![Delivery::default(); world.events.len()],
            ticked: 0,
            faults: world.most_faults,
            hands: world.most_hands,
            spent: vec![0; world.purchases.len()],
        }
    }
}
