//! What do the verbs ask of the function?
//!
//! Each sends the actions of docs/reference.md, "Actions", one after the other, and shows what is answered.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use policy::commitment::{Commitment, Name};
use policy::timetable::{State, Zone};
use rehearsal::timeline::zone;
use serde_json::{Value, json};

use crate::arguments::{AnswerFormat, Apply, Ask, Ends, Override, Plan, Resume, Retire, Scale, When};
use crate::function::Function;
use crate::report::{self, Tense};
use crate::source::Declaration;
use crate::terminal::Terminal;
use crate::{Failure, files, preview, price};

/// `plan`. A file, or a commitment, that fails does not keep the rest from being planned.
///
/// # Errors
/// A file has mistakes, or the function refuses or cannot be reached.
pub async fn plan(plan: &Plan, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let mut declared = Vec::new();
    let mut failures = Vec::new();
    for file in &plan.files {
        match files::declarations(file, plan.name.as_deref(), terminal) {
            Ok(declarations) => {
                for declaration in declarations {
                    preview::known(&declaration)
                        .map_or_else(|failure| failures.push(failure), |known| declared.push(known.clone()));
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    if declared.is_empty()
        && let Some(failure) = failures.pop()
    {
        tell(&failures, terminal)?;
        return Err(failure);
    }
    tell(&failures, terminal)?;
    let mut actions = Vec::new();
    for commitment in &declared {
        let mut action = json!({"Action": "Plan", "Commitment": commitment});
        if let Some(at) = plan.at {
            let at = at.on(&zone(commitment).0, now).map_err(|error| Failure::Usage(format!("--at: {error}")))?;
            action["At"] = json!(at);
        }
        actions.push(action);
    }
    let function = Function::reach(&plan.ask.reach, &actions, now).await?;
    let text = |answer: &Value, action: &Value| {
        let commitment = &action["Commitment"];
        let at = action["At"].as_str().and_then(|at| at.parse().ok()).unwrap_or(now);
        report::plan(answer, commitment, &price::compared(&answer["Registered"], commitment, at))
    };
    send_each(&function, actions, &plan.ask, text, terminal).await?;
    if failures.is_empty() { Ok(()) } else { Err(Failure::Usage("not everything could be planned".to_owned())) }
}

/// Says what went wrong beside what is done all the same.
fn tell(failures: &[Failure], terminal: &Terminal) -> Result<(), Failure> {
    failures.iter().filter_map(Failure::unsaid).try_for_each(|said| terminal.complain(&format!("{said}\n")))
}

/// `apply`, after its price and a question.
///
/// # Errors
/// See [`plan`]; or nobody says yes. A file with mistakes keeps all of them from being applied.
pub async fn apply(apply: &Apply, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let mut declarations = Vec::new();
    for file in &apply.files {
        declarations.extend(declared(file, apply.name.as_deref(), terminal)?);
    }
    let price: Vec<String> = declarations.iter().map(|commitment| price::of(commitment, now)).collect();
    let named = if declarations.len() == 1 { "it" } else { "them" };
    buys(&price, &format!("Register {named}?"), apply.yes, &apply.ask, terminal)?;
    let action = |commitment: &Commitment| json!({"Action": "Apply", "Commitment": commitment});
    send(declarations.iter().map(action).collect(), &apply.ask, Tense::Did, terminal, now).await
}

/// Says the price and asks before something is bought; without anybody to ask, nothing is asked.
fn buys(price: &[String], question: &str, yes: bool, ask: &Ask, terminal: &Terminal) -> Result<(), Failure> {
    if yes || ask.reach.local || !terminal.can_ask {
        return Ok(());
    }
    if !price.is_empty() {
        terminal.complain(&(price.join("\n") + "\n"))?;
    }
    if asked(question, terminal)? { Ok(()) } else { Err(Failure::Usage("nothing was changed".to_owned())) }
}

/// `scale-up` and `scale-down`.
///
/// # Errors
/// See [`plan`].
pub async fn scale(scale: &Scale, state: State, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let action = match state {
        State::On => "ScaleUp",
        State::Off => "ScaleDown",
    };
    let declarations = scale.file.as_ref().map(|file| declared(file, None, terminal)).transpose()?;
    if state == State::On {
        let price = declarations.iter().flatten().map(|commitment| price::while_on(commitment, commitment.units));
        let price: Vec<String> = price.collect();
        let name = scale.name.as_ref().map_or("them", Name::as_str);
        buys(&price, &format!("Hold {name} on until somebody scales down?"), scale.yes, &scale.ask, terminal)?;
    }
    let actions = match (&scale.name, &declarations) {
        (Some(name), _) => vec![json!({"Action": action, "Name": name})],
        (None, Some(declared)) => {
            declared.iter().map(|commitment| json!({"Action": action, "Commitment": commitment})).collect()
        }
        (None, None) => return Err(Failure::Usage("give a NAME or a --file".to_owned())),
    };
    send(actions, &scale.ask, Tense::Did, terminal, now).await
}

/// `override`.
///
/// # Errors
/// The function refuses or cannot be reached.
pub async fn override_(wanted: &Override, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let Override { name, state, lasting, until, timezone, units, reason, yes, ask } = wanted;
    if State::from(*state) == State::On {
        let size = units.map_or_else(|| "its model units".to_owned(), |units| format!("{units} model units"));
        buys(&[], &format!("Pay for {size} of {name} meanwhile?"), *yes, ask, terminal)?;
    }
    let function = Function::reach(&ask.reach, &[], now).await?;
    let until = match until {
        Some(until) => Some(ends(*until, name, timezone.as_ref(), &function, now).await?),
        None => None,
    };
    let mut action = json!({"Action": "Override", "Name": name, "State": State::from(*state)});
    let members = [
        ("ModelUnits", units.map(|units| json!(units))),
        ("For", lasting.as_ref().map(|lasting| json!(lasting.0))),
        ("Until", until.map(|until| json!(until))),
        ("Reason", reason.as_ref().map(|reason| json!(reason))),
    ];
    for (key, value) in members {
        if let Some(value) = value {
            action[key] = value;
        }
    }
    send_to(&function, vec![action], ask, Tense::Did, terminal).await
}

/// The instant that `until` means: a wall clock is that of `timezone`, or of the commitment's timetable.
async fn ends(
    until: When,
    name: &Name,
    timezone: Option<&Zone>,
    function: &Function,
    now: Timestamp,
) -> Result<Timestamp, Failure> {
    let zone = match timezone {
        Some(zone) => Some(zone.time_zone().clone()),
        None if until.is_civil() => {
            let report = function.send_by_name(json!({"Action": "Status", "Name": name})).await?;
            report::zone(&report).map(|zone| zone.time_zone().clone())
        }
        None => Some(TimeZone::UTC),
    };
    let Some(zone) = zone else {
        let message =
            format!("--until: {name} has no timetable, so whose clocks? Give --timezone, an offset, or --for");
        return Err(Failure::Usage(message));
    };
    let ends = until.on(&zone, now).map_err(|error| Failure::Usage(format!("--until: {error}")))?;
    if ends <= now {
        return Err(Failure::Usage(format!("--until: {ends} is past; give a later one, such as `tomorrow 18:00`")));
    }
    Ok(ends)
}

/// `resume`.
///
/// # Errors
/// The function refuses or cannot be reached.
pub async fn resume(resume: &Resume, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let Resume { name, of, ask } = resume;
    let of = match of {
        Ends::Override => "Override",
        Ends::Hold => "Hold",
    };
    let action = json!({"Action": "Resume", "Name": name, "Of": of});
    send(vec![action], ask, Tense::Did, terminal, now).await
}

/// `retire`, after a question.
///
/// # Errors
/// Nobody says yes, or the function refuses or cannot be reached.
pub async fn retire(retire: &Retire, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let Retire { name, yes, ask } = retire;
    if !yes {
        confirm(name, terminal)?;
    }
    send(vec![json!({"Action": "Retire", "Name": name})], ask, Tense::Did, terminal, now).await
}

fn confirm(name: &Name, terminal: &Terminal) -> Result<(), Failure> {
    if !terminal.can_ask {
        return Err(Failure::Usage(format!("retiring {name} deletes its throughput: confirm it with --yes")));
    }
    let question = format!("Let the aliases of {name} go, delete its throughput, and forget it?");
    if asked(&question, terminal)? { Ok(()) } else { Err(Failure::Usage("nothing was retired".to_owned())) }
}

fn asked(question: &str, terminal: &Terminal) -> Result<bool, Failure> {
    terminal.complain(&format!("{question} [y/N] "))?;
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// The commitments of a file that this command may register.
fn declared(path: &str, name: Option<&str>, terminal: &Terminal) -> Result<Vec<Commitment>, Failure> {
    let declarations = files::declarations(path, name, terminal)?;
    let own = |declaration: &Declaration| {
        if declaration.of_stack {
            let label = &declaration.label;
            return Err(Failure::Usage(format!(
                "{label} is a custom resource: deploying its stack registers it; `throughput preview` shows what it will do"
            )));
        }
        preview::known(declaration).cloned()
    };
    declarations.iter().map(own).collect()
}

/// Sends `actions` one after the other and shows each report as it comes.
async fn send(
    actions: Vec<Value>,
    ask: &Ask,
    tense: Tense,
    terminal: &Terminal,
    now: Timestamp,
) -> Result<(), Failure> {
    let function = Function::reach(&ask.reach, &actions, now).await?;
    send_to(&function, actions, ask, tense, terminal).await
}

/// The same to a function that is reached.
async fn send_to(
    function: &Function,
    actions: Vec<Value>,
    ask: &Ask,
    tense: Tense,
    terminal: &Terminal,
) -> Result<(), Failure> {
    send_each(function, actions, ask, |answer, _| report::one(answer, tense), terminal).await
}

/// Sends each of `actions` and shows what is answered in the words of `text`. One that is refused does not keep the rest from being
/// sent.
async fn send_each(
    function: &Function,
    actions: Vec<Value>,
    ask: &Ask,
    text: impl Fn(&Value, &Value) -> String,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let several = actions.len() > 1;
    let mut refused = None;
    for (index, action) in actions.into_iter().enumerate() {
        let name = action.pointer("/Commitment/Name").or_else(|| action.get("Name")).cloned().unwrap_or_default();
        let answer = match function.send_by_name(action.clone()).await {
            Ok(answer) => answer,
            Err(failure @ Failure::Refused { .. }) if several => {
                terminal.complain(&format!("{}: {failure}\n", name.as_str().unwrap_or_default()))?;
                refused.get_or_insert(failure);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let blank = if index > 0 { "\n" } else { "" };
        match ask.format {
            AnswerFormat::Json => terminal.print(&format!("{answer:#}\n"))?,
            AnswerFormat::Text => terminal.say(&format!("{blank}{}", text(&answer, &action)))?,
        }
    }
    refused.map_or(Ok(()), |_| Err(Failure::Told))
}
