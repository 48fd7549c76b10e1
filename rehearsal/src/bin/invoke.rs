//! Runs the real `bootstrap` binary on one event under a local Lambda Runtime API, with the simulator behind it.
//!
//! `invoke BOOTSTRAP EVENT…`: the path of the binary, and a file for every event, delivered one after the other. Answers to
//! `CloudFormation` are led to a sink of its own and printed.

use std::process::ExitCode;

use rehearsal::local::Local;
use serde_json::Value;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(bootstrap) = arguments.next() else {
        eprintln!("usage: invoke BOOTSTRAP EVENT…");
        return ExitCode::from(2);
    };
    let mut code = ExitCode::SUCCESS;
    let mut local = match Local::start(&bootstrap).await {
        Ok(local) => local,
        Err(error) => {
            eprintln!("cannot start {bootstrap}: {error}");
            return ExitCode::FAILURE;
        }
    };
    for path in arguments {
        let event = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        let event = event.and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| error.to_string()));
        match event {
            Ok(event) => match local.invoke(local.readdressed(event)).await {
                Ok(report) => {
                    println!("{report:#}");
                    for put in local.stack.sink.take() {
                        println!("CloudFormation hears: {:#}", put.body);
                    }
                }
                Err((kind, message)) => {
                    println!("{kind}: {message}");
                    code = ExitCode::FAILURE;
                }
            },
            Err(error) => {
                eprintln!("cannot read {path}: {error}");
                code = ExitCode::from(2);
            }
        }
    }
    local.stop().await;
    code
}
