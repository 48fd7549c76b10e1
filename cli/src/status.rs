//! How are the commitments?

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Failure;
use crate::arguments::{AnswerFormat, Named, Status};
use crate::function::Function;
use crate::report::{self, Tense};
use crate::terminal::Terminal;

/// `status`, once or again and again.
///
/// # Errors
/// The function refuses or cannot be reached; while it is watched, only at the first look.
pub async fn run(status: &Status, terminal: &Terminal, now: fn() -> Timestamp) -> Result<(), Failure> {
    let function = Function::reach(&status.ask.reach, &[], now()).await?;
    let mut shown = Ok(look(status, &function).await?);
    let Some(seconds) = status.watch else {
        return show(status, &said(status, &shown, terminal), terminal);
    };
    loop {
        let text = said(status, &shown, terminal);
        let at = now().strftime("%H:%M:%SZ").to_string();
        match (status.ask.format, terminal.is_terminal) {
            // A program reads line by line.
            (AnswerFormat::Json, _) => terminal.print(&text)?,
            (AnswerFormat::Text, true) => {
                terminal.clear()?;
                terminal.say(&format!("{text}\n{at}, again in {seconds} s; end it with Ctrl-C\n"))?;
            }
            (AnswerFormat::Text, false) => terminal.say(&format!("{at}\n{text}\n"))?,
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        function.catch_up(now()).await;
        shown = look(status, &function).await.map_err(|failure| failure.to_string());
    }
}

fn show(status: &Status, text: &str, terminal: &Terminal) -> Result<(), Failure> {
    match status.ask.format {
        AnswerFormat::Json => terminal.print(text),
        AnswerFormat::Text => terminal.say(text),
    }
}

async fn look(status: &Status, function: &Function) -> Result<Value, Failure> {
    let mut action = json!({"Action": "Status"});
    if let Some(name) = &status.name {
        action["Name"] = json!(name);
    }
    function.send_by_name(action).await
}

fn said(status: &Status, answer: &Result<Value, String>, terminal: &Terminal) -> String {
    match (answer, status.ask.format) {
        (Ok(answer), AnswerFormat::Json) if status.watch.is_some() => format!("{answer}\n"),
        (Ok(answer), AnswerFormat::Json) => format!("{answer:#}\n"),
        (Ok(answer), AnswerFormat::Text) if status.name.is_some() => report::one(answer, Tense::Is),
        (Ok(answer), AnswerFormat::Text) => report::all(answer, terminal.width),
        (Err(failure), AnswerFormat::Json) => format!("{}\n", json!({"Error": failure})),
        (Err(failure), AnswerFormat::Text) => format!("error: {failure}\n"),
    }
}

/// `history`.
///
/// # Errors
/// The function refuses or cannot be reached.
pub async fn history(wanted: &Named, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let function = Function::reach(&wanted.ask.reach, &[], now).await?;
    let report = function.send_by_name(json!({"Action": "Status", "Name": wanted.name})).await?;
    match wanted.ask.format {
        AnswerFormat::Json => {
            terminal.print(&format!("{:#}\n", json!({"Name": wanted.name, "History": report["History"]})))
        }
        AnswerFormat::Text => terminal.say(&report::history(&report)),
    }
}
