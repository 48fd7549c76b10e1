//! A simulated account, and perhaps the real binary in front of it, for a program in another language to play with.
//!
//! `stage` starts an account with the sample agent and prints `{"Url": …}`, where it listens; `stage BOOTSTRAP NAME=VALUE…` also
//! starts that binary, with these environment variables. Then it takes a command a line from the standard input, as JSON, and
//! prints an answer a line, until there are no more:
//!
//! - `{"Advance": SECONDS}` turns the account's clock: `{"Now": INSTANT}`.
//! - `{"Fault": {"Operation": NAME, "Status": NUMBER, "Code": TEXT}}` refuses the next request for that operation: `{}`.
//! - `{"Invoke": EVENT}` wakes the binary: `{"Report": …}` or `{"Error": TYPE, "Message": TEXT}`, with `"Puts": […]`, what
//!   `CloudFormation` has heard.
//! - `{"Look": true}`: `{"Throughputs": [{"Name", "Status"}, …], "Route": ARN or null, "Broken": […]}`, the promises that were broken.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rehearsal::local::Local;
use rehearsal::{AGENT, ALIAS, World};
use serde_json::{Value, json};
use simulator::{Fault, Simulator};

#[tokio::main]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    #[expect(clippy::disallowed_methods, reason = "the binary that is started lives on the machine's own time")]
    let world = World::new(Timestamp::now()).await;
    let sim = Arc::clone(&world.sim);
    sim.knobs(|knobs| {
        knobs.alias_settle = SignedDuration::ZERO;
        // What is registered elsewhere is not registered here.
        knobs.orphan_after = None;
    });
    let mut local = None;
    if let [bootstrap, variables @ ..] = arguments.as_slice() {
        let variables: Vec<_> = variables.iter().filter_map(|variable| variable.split_once('=')).collect();
        local = Some(Local::in_front_of(world, bootstrap, &variables).await?);
    }
    println!("{}", json!({"Url": sim.url()}));
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let command = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        println!("{}", carry_out(&command, &sim, local.as_mut()).await?);
    }
    if let Some(local) = local {
        local.stop().await;
    }
    Ok(())
}

async fn carry_out(command: &Value, sim: &Simulator, local: Option<&mut Local>) -> Result<Value, String> {
    if let Some(seconds) = command["Advance"].as_i64() {
        sim.advance(SignedDuration::from_secs(seconds));
        return Ok(json!({"Now": sim.now().to_string()}));
    }
    if let Some(event) = command.get("Invoke") {
        let local = local.ok_or("no binary was started")?;
        let mut answer = match local.invoke(local.readdressed(event.clone())).await {
            Ok(report) => json!({"Report": report}),
            Err((kind, message)) => json!({"Error": kind, "Message": message}),
        };
        answer["Puts"] = local.stack.sink.take().into_iter().map(|put| put.body).collect();
        return Ok(answer);
    }
    if let Some(fault) = command.get("Fault") {
        // As long as the process: a fault's words are the program's own.
        let word = |key: &str| -> &'static str { fault[key].as_str().unwrap_or_default().to_owned().leak() };
        let status = fault["Status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
        sim.fault(word("Operation"), 1, Fault::Refuse { status, code: word("Code"), message: "as it was ordered" });
        return Ok(json!({}));
    }
    if command.get("Look").is_some() {
        let throughputs = sim.throughputs();
        let throughputs = throughputs.iter().map(|one| json!({"Name": one.name, "Status": one.status}));
        return Ok(json!({
            "Throughputs": throughputs.collect::<Vec<_>>(),
            "Route": sim.alias(AGENT, ALIAS).route,
            "Broken": sim.take_violations(),
        }));
    }
    Err(format!("unknown command {command}"))
}
