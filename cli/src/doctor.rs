//! Is everything there that a commitment needs?
//!
//! The function looks, with the action `Doctor` of docs/reference.md; here its checks are shown.

use anstyle::AnsiColor;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments::{AnswerFormat, Doctor};
use crate::check::counted;
use crate::function::Function;
use crate::table::table;
use crate::template::is_of_unknown_model;
use crate::terminal::Terminal;
use crate::{Failure, files, preview};

/// Runs `throughput doctor`.
///
/// # Errors
/// The file has mistakes, the function refuses or cannot be reached, or something is wrong, which was shown.
pub async fn run(wanted: &Doctor, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let Doctor { file, name, ask } = wanted;
    let mut actions = Vec::new();
    if let Some(file) = file {
        for declaration in files::declarations(file, name.as_deref(), terminal)? {
            let commitment = preview::known(&declaration)?;
            if is_of_unknown_model(commitment) {
                let label = &declaration.label;
                terminal.complain(&format!("note: {label} is not looked at: only a deployment knows its model\n"))?;
            } else {
                actions.push(json!({"Action": "Doctor", "Commitment": commitment}));
            }
        }
    }
    if actions.is_empty() {
        actions.push(json!({"Action": "Doctor"}));
    }
    let function = Function::reach(&ask.reach, &actions, now).await?;
    let mut seen = Vec::new();
    let mut is_wrong = false;
    for action in actions {
        let answer = function.send(action.clone()).await?;
        let Some(checks) = answer["Checks"].as_array() else {
            let message = "the answer has no Checks: is this function Throughput Scheduler, and of this release?";
            return Err(Failure::Unreachable(message.to_owned()));
        };
        is_wrong |= checks.iter().any(|check| check["State"] == "Wrong");
        match ask.format {
            AnswerFormat::Json => terminal.print(&format!("{answer:#}\n"))?,
            AnswerFormat::Text => terminal.say(&said(checks, &action, &mut seen, terminal))?,
        }
    }
    if is_wrong { Err(Failure::Told) } else { Ok(()) }
}

/// The checks that were not `seen` before: all commitments have those of the deployment in common.
fn said(checks: &[Value], action: &Value, seen: &mut Vec<Value>, terminal: &Terminal) -> String {
    let new: Vec<&Value> = checks.iter().filter(|check| !seen.contains(check)).collect();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let row = |check: &&Value| {
        let (what, cure) = (text(check, "Text"), text(check, "Cure"));
        let found = if cure.is_empty() { what } else { format!("{what}; cure: {cure}") };
        vec![text(check, "State").to_lowercase(), text(check, "What"), found]
    };
    let head = match action.pointer("/Commitment/Name").and_then(Value::as_str) {
        Some(name) if seen.is_empty() => format!("the deployment, and {name}\n"),
        Some(name) => format!("\n{name}\n"),
        None => "the deployment\n".to_owned(),
    };
    let rows = table(&["HOW", "WHAT", "FOUND"], new.iter().map(row).collect(), 2, terminal.width);
    let number = |state: &str| new.iter().filter(|check| check["State"] == state).count();
    let sum = match (number("Wrong"), number("Warning")) {
        (0, 0) => "nothing is wrong".to_owned(),
        (0, warnings) => format!("nothing is wrong, {}", counted(warnings, "warning")),
        (wrong, warnings) => format!("{wrong} wrong, {}", counted(warnings, "warning")),
    };
    let rows: String = rows.lines().skip(1).map(coloured).collect();
    seen.extend(new.into_iter().cloned());
    format!("{head}{rows}  {sum}\n")
}

/// A row whose first word is coloured.
fn coloured(row: &str) -> String {
    let words = [("ok", AnsiColor::Green), ("warning", AnsiColor::Yellow), ("wrong", AnsiColor::Red)];
    let rest = row.strip_prefix("  ").unwrap_or(row);
    let known = words.into_iter().find_map(|(word, colour)| Some((word, colour, rest.strip_prefix(word)?)));
    match known {
        Some((word, colour, rest)) => {
            let style = colour.on_default().bold();
            format!("  {style}{word}{style:#}{rest}\n")
        }
        None => format!("{row}\n"),
    }
}
