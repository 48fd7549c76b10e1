//! The simulated account behind a function that is measured, on a commitment that is on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::Simulator;

/// The deployment that is measured, its table, and its schedule group.
pub(crate) const DEPLOYMENT: &str = "throughput";
pub(crate) const TABLE: &str = DEPLOYMENT;
pub(crate) const GROUP: &str = DEPLOYMENT;
/// The commitment.
pub(crate) const NAME: &str = "support-agent";
const AGENT: &str = "ABCDEFGHIJ";
const MODEL: &str = "amazon.nova-lite-v1:0:24k";

/// An account with `aliases` aliases of one agent. Nothing takes time in it but the latency of calls: what is bought is in service
/// and what is routed has settled at once, and no alias is limited, for its clock stands still.
pub(crate) async fn account(aliases: usize) -> Simulator {
    #[expect(clippy::disallowed_methods, reason = "the function that is measured lives on the machine's own time")]
    let sim = Simulator::start(Timestamp::now()).await;
    sim.knobs(|knobs| {
        knobs.alias_settle = SignedDuration::ZERO;
        knobs.creation_time = SignedDuration::ZERO;
        knobs.alias_updates_per_second = usize::MAX;
    });
    // As the Guard of the service's own stack leaves it.
    let open = json!({"Name": DEPLOYMENT, "TableId": sim.table_id(TABLE), "Group": GROUP, "Open": true});
    sim.put_item(TABLE, "deployment", &open);
    sim.add_agent(AGENT, "amazon.nova-lite-v1:0");
    sim.add_agent_version(AGENT, "3", "amazon.nova-lite-v1:0");
    for alias in ids(aliases) {
        sim.add_alias(AGENT, &alias, "3");
    }
    sim
}

fn ids(aliases: usize) -> impl Iterator<Item = String> {
    (0..aliases).map(|number| format!("ALIAS{number:05}"))
}

/// Lets every call take `latency` from now on.
pub(crate) fn slow_down(sim: &Simulator, latency: Duration) {
    sim.knobs(|knobs| knobs.latency = latency);
}

/// The commitment of so many units, on its aliases.
pub(crate) fn commitment(aliases: usize, units: u32) -> Value {
    let aliases: Vec<Value> = ids(aliases).map(|alias| json!({"AgentId": AGENT, "AgentAliasId": alias})).collect();
    json!({"Name": NAME, "ModelId": MODEL, "ModelUnits": units, "Drain": "0m", "AgentAliases": aliases})
}

/// What the commitment's schedule sends.
pub(crate) fn tick(sim: &Simulator) -> Result<Value, String> {
    let schedule = sim.schedule(GROUP, NAME).ok_or("nothing is registered")?;
    serde_json::from_str(&schedule.input).map_err(|error| error.to_string())
}

/// The same for the twin, which keeps no record: the throughput is there and the alias is on it.
pub(crate) fn twins_tick(sim: &Simulator) -> Value {
    let arn = sim.add_throughput(NAME, MODEL, 1, &[]);
    let alias = "ALIAS00000";
    sim.change_alias(AGENT, alias, |view| view.route = Some(arn));
    json!({"Name": NAME, "ModelId": MODEL, "ModelUnits": 1, "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": alias}]})
}
