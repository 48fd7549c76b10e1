//! A simulated account alone, which a program in another language tells how to behave.
//!
//! `account` starts one with an agent and its alias, and prints `{"Url": …, "AgentId": …, "AgentAliasId": …}`. Then it takes a
//! command a line from the standard input, as JSON, and prints an answer a line, until there are no more:
//!
//! - `{"Advance": SECONDS}` turns the account's clock: `{}`.
//! - `{"Behave": {SWITCH: VALUE, …}}` sets switches of [`simulator::Knobs`], durations in seconds: `{}`.
//! - `{"FailNextCreation": TEXT}` and `{"FailNextAliasUpdate": TEXT}`: `{}`.
//! - `{"Look": true}`: `{"Throughputs": [NAME, …], "Bought": NUMBER, "Route": ARN or null, "Version": TEXT}`. Promises of the function
//!   that were broken are forgotten: it is not the function that plays here.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{Knobs, Refuses, Simulator, SpentToken};

const AGENT: &str = "ABCDEFGHIJ";
const ALIAS: &str = "KLMNOPQRST";
const MODEL: &str = "amazon.nova-lite-v1:0";

#[tokio::main]
async fn main() -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "the account begins today; its clock is turned from then on")]
    let sim = Simulator::start(Timestamp::now()).await;
    sim.set_model_lifecycle(MODEL, "ACTIVE");
    sim.add_agent(AGENT, MODEL);
    sim.add_agent_version(AGENT, "3", MODEL);
    sim.add_alias(AGENT, ALIAS, "3");
    println!("{}", json!({"Url": sim.url(), "AgentId": AGENT, "AgentAliasId": ALIAS}));
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let command: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        println!("{}", carry_out(&command, &sim)?);
    }
    let _by_hand = sim.take_violations();
    Ok(())
}

fn carry_out(command: &Value, sim: &Simulator) -> Result<Value, String> {
    let text = |key: &str| command[key].as_str();
    if let Some(seconds) = command["Advance"].as_i64() {
        sim.advance(SignedDuration::from_secs(seconds));
    } else if let Some(switches) = command["Behave"].as_object() {
        let mut known = Ok(());
        sim.knobs(|knobs| known = switches.iter().try_for_each(|(switch, value)| set(knobs, switch, value)));
        known?;
    } else if let Some(failure) = text("FailNextCreation") {
        sim.fail_next_creation(failure);
    } else if let Some(failure) = text("FailNextAliasUpdate") {
        sim.fail_next_alias_update(failure);
    } else if command.get("Look").is_some() {
        let _by_hand = sim.take_violations();
        let alias = sim.alias(AGENT, ALIAS);
        let names: Vec<String> = sim.throughputs().into_iter().map(|one| one.name).collect();
        return Ok(json!({
            "Throughputs": names,
            "Bought": sim.history().len(),
            "Route": alias.route,
            "Version": alias.version,
        }));
    } else {
        return Err(format!("unknown command {command}"));
    }
    Ok(json!({}))
}

fn set(knobs: &mut Knobs, switch: &str, value: &Value) -> Result<(), String> {
    let unknown = || format!("{switch} cannot be {value}");
    let seconds = || value.as_i64().map(SignedDuration::from_secs).ok_or_else(unknown);
    let yes = || value.as_bool().ok_or_else(unknown);
    match switch {
        "NamesUnique" => knobs.names_unique = yes()?,
        "CheckRoute" => knobs.check_route = yes()?,
        "CreationTime" => knobs.creation_time = seconds()?,
        "AliasSettle" => knobs.alias_settle = seconds()?,
        "ListLag" => knobs.list_lag = seconds()?,
        "GetLag" => knobs.get_lag = seconds()?,
        "ListAfterDelete" => knobs.lag.list_after_delete = seconds()?,
        "GetAfterDelete" => knobs.lag.get_after_delete = seconds()?,
        "TagsAfterCreate" => knobs.lag.tags_after_create = seconds()?,
        "TagsAfterChange" => knobs.lag.tags_after_change = seconds()?,
        "Quota" => knobs.quota = value.as_u64().and_then(|units| u32::try_from(units).ok()).ok_or_else(unknown)?,
        "DeleteWhileCreating" => {
            knobs.delete_while_creating = match value.as_str() {
                Some("No") => Refuses::No,
                Some("Conflict") => Refuses::Conflict,
                Some("Validation") => Refuses::Validation,
                _ => return Err(unknown()),
            };
        }
        "SpentToken" => {
            knobs.spent_token = match value.as_str() {
                Some("ReturnsOld") => SpentToken::ReturnsOld,
                Some("BuysAnew") => SpentToken::BuysAnew,
                _ => return Err(unknown()),
            };
        }
        _ => return Err(format!("there is no switch {switch}")),
    }
    Ok(())
}
