//! How is a report said to people?
//!
//! Reports are read as JSON, key by key: a function of another release may say more, or less.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use policy::timetable::Zone;
use serde_json::Value;

use crate::table::table;

/// Whether actions were done or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    /// They were done.
    Did,
    /// They would be done.
    Would,
    /// Nothing is said about them.
    Is,
}

/// The time zone of the timetable behind a report, as far as its reasons name it.
#[must_use]
pub fn zone(report: &Value) -> Option<Zone> {
    let reasons = ["/Desired/Because", "/NextTransition/Because"].into_iter();
    let words = reasons.filter_map(|at| report.pointer(at)?.as_str()).flat_map(str::split_whitespace);
    words.filter(|word| word.contains('/') || *word == "UTC").find_map(|word| word.parse().ok())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn lines<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    list(value, key).iter().filter_map(Value::as_str)
}

/// `On 2`, or `Off`.
fn state(value: &Value) -> String {
    let state = text(value, "State");
    match value["ModelUnits"].as_u64() {
        Some(units) if units > 0 => format!("{state} {units}"),
        _ => state.to_owned(),
    }
}

fn model_units(value: &Value) -> String {
    let units = value["ModelUnits"].as_u64().and_then(|units| usize::try_from(units).ok());
    crate::check::counted(units.unwrap_or_default(), "model unit")
}

/// An instant to the minute, and how far it lies from `from`: `2026-11-23 11:00Z, in 3h`.
fn moment(value: &str, from: &str, zone: Option<&Zone>) -> String {
    let (Ok(at), Ok(from)) = (value.parse::<Timestamp>(), from.parse::<Timestamp>()) else { return value.to_owned() };
    let minutes = at.duration_since(from).as_mins();
    let (days, hours, rest) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    let away = match (days, hours, rest) {
        (0, 0, rest) => format!("{rest}m"),
        (0, hours, 0) => format!("{hours}h"),
        (0, hours, rest) => format!("{hours}h{rest}m"),
        (days, 0, _) => format!("{days}d"),
        (days, hours, _) => format!("{days}d{hours}h"),
    };
    let utc = at.strftime("%Y-%m-%d %H:%MZ");
    match zone {
        Some(zone) if zone.name() != "UTC" => {
            let local = at.to_zoned_datetime(zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M");
            format!("{local} {} ({utc}), in {away}", zone.name())
        }
        _ => format!("{utc}, in {away}"),
    }
}

/// An instant of the past on the clocks of `zone`, and in UTC.
fn past(value: &str, zone: Option<&Zone>) -> String {
    let Ok(at) = value.parse::<Timestamp>() else { return value.to_owned() };
    let utc = at.strftime("%Y-%m-%d %H:%MZ");
    match zone {
        Some(zone) if zone.name() != "UTC" => {
            format!("{} ({utc})", at.to_zoned_datetime(zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M"))
        }
        _ => utc.to_string(),
    }
}

/// What was done to a commitment and changed of it, as its `Status` tells: the oldest first.
#[must_use]
pub fn history(report: &Value) -> String {
    let zone = zone(report);
    let name = text(report, "Name");
    let place = zone.as_ref().map_or("UTC", Zone::name);
    let entries = list(report, "History");
    if entries.is_empty() {
        return format!("{name}: nothing was done yet, or this function keeps no history\n");
    }
    let mut said = format!("{name}, in {place}\n");
    let mut entries: Vec<&Value> = entries.iter().collect();
    entries.sort_by_key(|entry| text(entry, "At").parse::<Timestamp>().unwrap_or_default());
    for entry in entries {
        let what = ["Did", "Changed", "What", "Text"].iter().map(|key| text(entry, key)).find(|what| !what.is_empty());
        let reason = Some(text(entry, "Reason")).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let _ = writeln!(said, "  {}  {}{reason}", past(text(entry, "At"), zone.as_ref()), what.unwrap_or("?"));
    }
    said
}

/// What is about to change of a declaration, key by key: `Registered` of a plan's report is the one that is in force.
fn changes(report: &Value, declared: &Value) -> Vec<String> {
    let Some(registered) = report.get("Registered") else { return Vec::new() };
    let Some(before) = registered.as_object() else { return vec!["not registered yet".to_owned()] };
    let after = declared.as_object().cloned().unwrap_or_default();
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let lines: Vec<String> =
        changed.map(|key| format!("{key}: {} → {}", shown(before.get(key)), shown(after.get(key)))).collect();
    if lines.is_empty() { vec!["nothing of the declaration".to_owned()] } else { lines }
}

/// A plan: what changes of the declaration, what would be done, and what the coming month costs.
#[must_use]
pub fn plan(report: &Value, declared: &Value, cost: &[String]) -> String {
    let mut said = one(report, Tense::Would);
    for change in changes(report, declared) {
        let _ = writeln!(said, "  changes  {change}");
    }
    for cost in cost {
        let _ = writeln!(said, "  costs    {cost}");
    }
    said
}

/// One report, all of it.
#[must_use]
pub fn one(report: &Value, tense: Tense) -> String {
    let bold = Style::new().bold();
    let at = text(report, "At");
    let zone = zone(report);
    let local = zone.as_ref().filter(|zone| zone.name() != "UTC").zip(at.parse::<Timestamp>().ok());
    let local = local.map(|(zone, at)| {
        format!(", {} in {}", at.to_zoned_datetime(zone.time_zone().clone()).strftime("%Y-%m-%d %H:%M"), zone.name())
    });
    let mut said = format!("{bold}{}{bold:#} at {at}{}\n", text(report, "Name"), local.unwrap_or_default());
    let mut line = |what: &str, rest: &str| {
        let _ = writeln!(said, "  {what:<8} {rest}");
    };
    let desired = &report["Desired"];
    line("is", &format!("{}: {}", state(desired), text(desired, "Because")));
    for throughput in list(report, "Throughputs") {
        let (name, status, arn) = (text(throughput, "Name"), text(throughput, "Status"), text(throughput, "Arn"));
        line("runs", &format!("{name}  {status}  {}  {arn}", model_units(throughput)));
    }
    for alias in list(report, "Aliases") {
        let id = format!("{}/{}", text(alias, "AgentId"), text(alias, "AgentAliasId"));
        let (status, version) = (text(alias, "Status"), text(alias, "AgentVersion"));
        line("alias", &format!("{id}  {status}  version {version}  on {}", route(report, text(alias, "Route"))));
    }
    let parameter = &report["Parameter"];
    if parameter.is_object() {
        line("param", &format!("{}  names {}", text(parameter, "Name"), named(report, parameter)));
    }
    let verb = match tense {
        Tense::Did => "did",
        Tense::Would => "would",
        Tense::Is => "does",
    };
    for action in lines(report, "Actions") {
        let (verb, action) = action.strip_prefix("next: ").map_or((verb, action), |action| ("next", action));
        let (sign, colour) = match action.split(' ').next() {
            Some("buy") => ('+', AnsiColor::Green),
            Some("delete") => ('-', AnsiColor::Red),
            _ => ('~', AnsiColor::Yellow),
        };
        let style = colour.on_default();
        line(verb, &format!("{style}{sign}{style:#} {action}"));
    }
    if list(report, "Actions").is_empty() && tense != Tense::Is {
        line(verb, "nothing");
    }
    for waiting in lines(report, "Waiting") {
        line("waits", waiting);
    }
    let red = AnsiColor::Red.on_default().bold();
    // What a tick has met and a look meets again is one problem.
    let last = &report["LastProblems"];
    let since = format!(", since {}", past(text(last, "At"), zone.as_ref()));
    let (now, before): (Vec<&str>, Vec<&str>) =
        (lines(report, "Problems").collect(), lines(last, "Problems").collect());
    for problem in now.iter().chain(before.iter().filter(|problem| !now.contains(problem))) {
        let since = if before.contains(problem) { since.as_str() } else { "" };
        line("problem", &format!("{red}{problem}{red:#}{since}"));
    }
    let creations: Vec<&str> = lines(report, "CreationTimes").collect();
    if let Some(latest) = creations.last() {
        let enough = text(report, "EnoughLeadTime");
        let enough = if enough.is_empty() { String::new() } else { format!("; LeadTime {enough} is enough for all") };
        let known = crate::check::counted(creations.len(), "time");
        line("created", &format!("in {latest} the last time, {known} known{enough}"));
    }
    let next = &report["NextTransition"];
    if next.is_object() {
        line(
            "next",
            &format!(
                "{} {}: {}",
                text(next, "State"),
                moment(text(next, "At"), at, zone.as_ref()),
                text(next, "Because")
            ),
        );
    }
    if tense != Tense::Would {
        line("settled", if report["Settled"] == true { "yes" } else { "not yet" });
    }
    said
}

/// A route by the name of the throughput that the report lists for it.
fn route(report: &Value, route: &str) -> String {
    let ours = list(report, "Throughputs").iter().find(|throughput| text(throughput, "Arn") == route);
    ours.map_or(route, |throughput| text(throughput, "Name")).to_owned()
}

/// What a parameter names: the throughput by its name, `nothing` where it is not there or cannot be read.
fn named(report: &Value, parameter: &Value) -> String {
    match text(parameter, "Value") {
        "" => "nothing".to_owned(),
        value => route(report, value),
    }
}

/// The answer to `Status` without a name: a table of everything, and below it what needs words.
#[must_use]
pub fn all(answer: &Value, width: Option<usize>) -> String {
    let commitments = list(answer, "Commitments");
    if commitments.is_empty() {
        return format!("no commitment is registered\n{}", orphans(answer));
    }
    let rows = commitments.iter().map(row).collect();
    let mut said = table(&["NAME", "IS", "RUNS", "ALIASES", "NEXT (UTC)", "HOW"], rows, 0, width);
    let red = AnsiColor::Red.on_default().bold();
    for report in commitments {
        let name = text(report, "Name");
        let mut problems: Vec<&str> = lines(report, "Problems").collect();
        problems.extend(
            lines(&report["LastProblems"], "Problems")
                .filter(|problem| !problems.contains(problem))
                .collect::<Vec<_>>(),
        );
        for problem in problems {
            let _ = writeln!(said, "{red}problem{red:#}: {name}: {problem}");
        }
        for waiting in lines(report, "Waiting") {
            let _ = writeln!(said, "waits: {name}: {waiting}");
        }
    }
    said + &orphans(answer)
}

fn row(report: &Value) -> Vec<String> {
    let runs = list(report, "Throughputs").iter().map(|throughput| {
        format!("{} {} {}", text(throughput, "Name"), text(throughput, "Status"), throughput["ModelUnits"])
    });
    let runs: Vec<String> = runs.collect();
    let parameter = Some(&report["Parameter"]).filter(|parameter| parameter.is_object());
    let parameter = parameter.map(|parameter| format!("parameter: {}", named(report, parameter)));
    let aliases = list(report, "Aliases");
    let routed = aliases.iter().filter(|alias| text(alias, "Route").starts_with("arn:")).count();
    let aliases = (!aliases.is_empty()).then(|| format!("{routed} of {} routed", aliases.len()));
    let led: Vec<String> = aliases.into_iter().chain(parameter).collect();
    let next = &report["NextTransition"];
    let next = if next.is_object() {
        format!("{} {}", text(next, "State"), moment(text(next, "At"), text(report, "At"), None))
    } else {
        "-".to_owned()
    };
    let how = match (list(report, "Problems").len(), report["Settled"] == true) {
        (0, true) => "settled".to_owned(),
        (0, false) => "waits".to_owned(),
        (problems, _) => crate::check::counted(problems, "problem"),
    };
    vec![
        text(report, "Name").to_owned(),
        state(&report["Desired"]),
        if runs.is_empty() { "-".to_owned() } else { runs.join("\n") },
        if led.is_empty() { "-".to_owned() } else { led.join("\n") },
        next,
        how,
    ]
}

fn orphans(answer: &Value) -> String {
    let style = AnsiColor::Yellow.on_default().bold();
    let said = |orphan: &Value| {
        let (name, status, arn) = (text(orphan, "Name"), text(orphan, "Status"), text(orphan, "Arn"));
        let units = model_units(orphan);
        format!("{style}orphan{style:#}: {name} {status}, {units}, that no commitment claims: {arn}\n")
    };
    list(answer, "Orphans").iter().map(said).collect()
}
