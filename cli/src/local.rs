//! What is in the simulated account of `--local`?
//!
//! The sample `support-agent`, whatever a file needs that is to be tried, and with `--scenario` the trouble that an alarm is
//! about: at the first hours at which it would be met, so that a file's own timetable is rehearsed.

use jiff::{SignedDuration, Timestamp};
use policy::commitment::{AtTermEnd, Commitment, bare_model};
use policy::desired::Demand;
use rehearsal::timeline::demand;
use rehearsal::{AGENT, ALIAS, MODEL, World, commitment};
use serde_json::{Value, json};
use simulator::Fault;

use crate::Failure;
use crate::arguments::Scenario;

/// How long the sample commitment has been in force: its throughput is in service.
const BEFORE: SignedDuration = SignedDuration::from_hours(2);
/// How long after a window's opening, or its closing, trouble is looked at: an alarm rings by then.
const INTO: SignedDuration = SignedDuration::from_mins(30);
/// Longer than a term, and no second one has ended.
const TERMS: [(&str, i64); 2] = [("OneMonth", 40), ("SixMonths", 200)];
/// How long before anything is bought it is registered.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// How long a failure is waited for, in minutes: a creation takes 35.
const PATIENCE: usize = 60;
/// A creation that does not come to an end.
const ENDLESS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Creations that fail: more than are tried while anybody looks.
const FAILURES: usize = 100;
/// Why they fail.
const REASON: &str = "Internal failure while the capacity was prepared";

/// An account at `now` with what `actions` declare in it, and the sample unless they say otherwise; with the trouble of
/// `scenario`, at the instant at which that is met.
///
/// # Errors
/// It cannot be brought to life, or the trouble cannot befall what is declared.
pub(crate) async fn account(actions: &[Value], scenario: Option<Scenario>, now: Timestamp) -> Result<World, Failure> {
    let declared: Vec<&Value> = actions.iter().filter_map(|action| action.get("Commitment")).collect();
    match scenario {
        None => quiet(&declared, now).await,
        Some(scenario) => {
            let is_asked = |action: &&Value| ["Plan", "Doctor"].iter().any(|asks| action["Action"] == *asks);
            let asked: Vec<Value> =
                actions.iter().filter(is_asked).filter_map(|action| action.get("Commitment").cloned()).collect();
            let registered = if declared.is_empty() { vec![sample(scenario)] } else { asked };
            troubled(&declared, registered, scenario, now).await
        }
    }
}

async fn quiet(declared: &[&Value], now: Timestamp) -> Result<World, Failure> {
    let world = begun(declared, now.saturating_sub(BEFORE).unwrap_or(now)).await;
    let sample = commitment(json!({}));
    let takes = |declared: &&&Value| declared["Name"] != sample["Name"] && shares_alias(declared, &sample);
    if !declared.iter().any(|declared| takes(&declared)) {
        let sample = json!({"Action": "Apply", "Commitment": sample});
        world.send(sample).await.map_err(|error| Failure::Unreachable(error.to_string()))?;
    }
    world.run_until(now, |_, _| {}).await;
    Ok(world)
}

/// An account that begins at `start`, with what `declared` needs.
async fn begun(declared: &[&Value], start: Timestamp) -> World {
    let world = World::new(start).await;
    // No time passes while an answer is waited for: what it changes has settled at once.
    world.sim.knobs(|knobs| knobs.alias_settle = SignedDuration::ZERO);
    for commitment in declared {
        furnish(&world, commitment);
    }
    world
}

fn shares_alias(one: &Value, other: &Value) -> bool {
    let aliases = |commitment: &Value| commitment["AgentAliases"].as_array().cloned().unwrap_or_default();
    let others = aliases(other);
    aliases(one).iter().any(|alias| others.contains(alias))
}

/// Puts the model, the agents and the aliases of `commitment` into the account, as if they had always been there.
fn furnish(world: &World, commitment: &Value) {
    let model = commitment["ModelId"].as_str().unwrap_or_default();
    let bare = bare_model(model).to_owned();
    if model.contains(":custom-model/") {
        world.sim.add_custom_model(model, MODEL);
    }
    for alias in commitment["AgentAliases"].as_array().into_iter().flatten() {
        let (Some(agent), Some(id)) = (alias["AgentId"].as_str(), alias["AgentAliasId"].as_str()) else { continue };
        if (agent, id) == (AGENT, ALIAS) && bare == MODEL {
            continue;
        }
        world.sim.add_agent(agent, &bare);
        world.sim.add_agent_version(agent, "1", &bare);
        world.sim.add_alias(agent, id, "1");
    }
}

/// The sample, as far as a scenario needs more of it.
fn sample(scenario: Scenario) -> Value {
    commitment(match scenario {
        Scenario::Legacy => json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-20:00"]}}),
        Scenario::Renewed => json!({"CommitmentDuration": "OneMonth", "AtTermEnd": "Retire", "Purchase": "first"}),
        Scenario::Quota | Scenario::Slow | Scenario::Denied | Scenario::Failed => json!({}),
    })
}

/// What happens when: all of it follows from the first commitment.
struct Course {
    /// When everything is registered.
    start: Timestamp,
    /// Until when nothing is wrong, and until when then nobody looks, if so.
    quiet: Option<(Timestamp, Timestamp)>,
    /// When it is looked at.
    looked: Timestamp,
}

async fn troubled(
    declared: &[&Value],
    registered: Vec<Value>,
    scenario: Scenario,
    now: Timestamp,
) -> Result<World, Failure> {
    let first = registered.first().or(declared.first().copied());
    let first = first.and_then(|first| serde_json::from_value::<Commitment>(first.clone()).ok());
    let Some(first) = first else { return Err(Failure::Usage("--scenario: nothing is declared".to_owned())) };
    let Course { start, quiet, looked } = course(&first, scenario, now)?;
    let world = begun(declared, start).await;
    if quiet.is_none() {
        befall(&world, scenario, &first);
    }
    for commitment in registered {
        // That it is refused is what is rehearsed.
        let _answer = world.send(json!({"Action": "Apply", "Commitment": commitment})).await;
    }
    if let Some((until, again)) = quiet {
        world.run_until(until, |_, _| {}).await;
        befall(&world, scenario, &first);
        world.sim.set_now(again);
    }
    world.run_until(looked, |_, _| {}).await;
    // A failed creation is deleted and tried again at once: it is looked at while it is there.
    for _ in 0..PATIENCE {
        if scenario != Scenario::Failed || has_problems(&world).await {
            break;
        }
        world.pass(1).await;
    }
    Ok(world)
}

async fn has_problems(world: &World) -> bool {
    let all = world.send(json!({"Action": "Status"})).await.unwrap_or_default();
    all["Commitments"].as_array().into_iter().flatten().any(|report| report["LastProblems"]["Problems"].is_array())
}

/// Brings the trouble about.
fn befall(world: &World, scenario: Scenario, commitment: &Commitment) {
    let sim = &world.sim;
    match scenario {
        Scenario::Quota => sim.knobs(|knobs| knobs.quota = 0),
        Scenario::Slow => sim.knobs(|knobs| knobs.creation_time = ENDLESS),
        Scenario::Denied => sim.fault("CreateProvisionedModelThroughput", u32::MAX, Fault::denied()),
        Scenario::Legacy => sim.set_model_lifecycle(bare_model(commitment.model.as_str()), "LEGACY"),
        Scenario::Failed => (0..FAILURES).for_each(|_| sim.fail_next_creation(REASON)),
        // Nobody ticked while the term ended.
        Scenario::Renewed => {}
    }
}

fn course(commitment: &Commitment, scenario: Scenario, now: Timestamp) -> Result<Course, Failure> {
    let cannot = |why: &str| Failure::Usage(format!("--scenario: {} {why}", commitment.name));
    let after = |at: Timestamp, by: SignedDuration| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let before = |at: Timestamp, by: SignedDuration| at.saturating_sub(by).unwrap_or(Timestamp::MIN);
    if scenario == Scenario::Renewed {
        let term = commitment.term.filter(|_| commitment.at_term_end == AtTermEnd::Retire);
        let Some(term) = term.map(|term| term.to_string()) else {
            return Err(cannot("has no CommitmentDuration with AtTermEnd: Retire, so no term is to end"));
        };
        let days = TERMS.iter().find(|(name, _)| *name == term).map_or(0, |(_, days)| *days);
        let start = before(now, SignedDuration::from_hours(24 * days));
        return Ok(Course { start, quiet: Some((after(start, BEFORE), before(now, INTO))), looked: now });
    }
    let timetable = commitment.timetable.as_ref();
    let wanted = demand(commitment, timetable, SignedDuration::ZERO);
    let opening = next(&wanted, true, now).ok_or_else(|| cannot("is never on again, so nothing is bought for it"))?;
    // If it is on already, it has been for a while.
    let (opened, looked) = if opening == now { (before(now, INTO), now) } else { (opening, after(opening, INTO)) };
    let start = before(before(opened, commitment.lead), AHEAD);
    if scenario != Scenario::Legacy {
        return Ok(Course { start, quiet: None, looked });
    }
    let held = demand(commitment, timetable, commitment.lead);
    let closing = next(&held, false, opening).ok_or_else(|| cannot("is always on, so nothing is to be deleted"))?;
    let quiet = Some((looked.min(closing), before(closing, SignedDuration::from_mins(2))));
    Ok(Course { start, quiet, looked: after(after(closing, commitment.drain), INTO) })
}

/// The first instant from `at` on at which something is held, or nothing.
fn next(demand: &Demand<'_>, something: bool, mut at: Timestamp) -> Option<Timestamp> {
    // Windows that touch, and sizes, are transitions too: of those there are few in a row.
    for _ in 0..1000 {
        if demand.at(at).units.is_some() == something {
            return Some(at);
        }
        at = demand.next_transition(at)?.at;
    }
    None
}
