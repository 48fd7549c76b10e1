//! How is this deployment set up?
//!
//! The environment variables (docs/reference.md, "Settings"), read once from a lookup that `main.rs` hands in.

use crate::guardrails::Guardrails;
use crate::input::{BadSetting, cut};

/// What whoever deployed the function has set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The deployment's name: the owner mark on everything that it buys.
    pub deployment: Result<String, BadSetting>,
    /// The `DynamoDB` table that holds the records.
    pub table: Result<String, BadSetting>,
    /// The schedule group that holds this deployment's ticks.
    pub group: Result<String, BadSetting>,
    /// The event bus that is told of changes; nothing for none.
    pub bus: Option<String>,
    /// The role that EventBridge Scheduler assumes to invoke the function.
    pub role_arn: Result<String, BadSetting>,
    /// How often a commitment is looked at, in minutes: 1 to 5.
    pub tick_minutes: Result<u8, BadSetting>,
    /// What may be bought.
    pub guardrails: Result<Guardrails, BadSetting>,
    /// Who is told of alarms.
    pub alarms: Alarms,
    /// Further addresses, beside AWS, to which `CloudFormation` answers may go, each a `host:port`.
    pub response_hosts: Result<Vec<String>, BadSetting>,
}

/// Who is told when an alarm of the deployment rings, as far as its settings say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarms {
    /// The settings do not say.
    Unknown,
    /// Nobody.
    Nobody,
    /// The subscribers of this SNS topic.
    Topic(String),
}

impl Settings {
    /// The first setting that cannot be read, if there is one.
    ///
    /// # Errors
    /// The setting that is wrong.
    pub fn complete(&self) -> Result<(), BadSetting> {
        let Self { deployment, table, group, bus: _, role_arn, tick_minutes, guardrails, alarms: _, response_hosts } =
            self;
        deployment.as_ref().map_err(Clone::clone)?;
        table.as_ref().map_err(Clone::clone)?;
        group.as_ref().map_err(Clone::clone)?;
        role_arn.as_ref().map_err(Clone::clone)?;
        tick_minutes.as_ref().map_err(Clone::clone)?;
        guardrails.as_ref().map_err(Clone::clone)?;
        response_hosts.as_ref().map_err(Clone::clone).map(|_| ())
    }

    /// Reads every setting with `variable`, which gives an environment variable's value if it has one.
    ///
    /// A setting that cannot be read does not spoil the others: a bad guardrail must not keep capacity from being
    /// deleted.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let or = |name: &str, default: &str| set(name).unwrap_or_else(|| default.to_owned());
        Self {
            deployment: read_deployment(set("DEPLOYMENT")),
            table: read_table(set("TABLE_NAME")),
            group: read_group(set("SCHEDULE_GROUP")),
            // Set to nothing, it means no bus; left out, it means the account's own.
            bus: variable("EVENT_BUS").map_or_else(
                || Some("default".to_owned()),
                |bus| Some(bus.trim().to_owned()).filter(|bus| !bus.is_empty()),
            ),
            role_arn: read_role(set("SCHEDULE_ROLE_ARN")),
            tick_minutes: read_rate(&or("TICK_RATE", "rate(1 minute)")),
            guardrails: Guardrails::parse(
                &or("MAX_MODEL_UNITS", "1"),
                set("MAX_TOTAL_MODEL_UNITS").as_deref(),
                &or("ALLOWED_MODELS", "*"),
                &or("ALLOWED_COMMITMENTS", "None"),
            ),
            alarms: variable("ALARM_TOPIC_ARN").map_or(Alarms::Unknown, |topic| match topic.trim() {
                "" => Alarms::Nobody,
                topic => Alarms::Topic(topic.to_owned()),
            }),
            response_hosts: read_hosts(&or("RESPONSE_HOSTS", "")),
        }
    }
}

fn read_deployment(value: Option<String>) -> Result<String, BadSetting> {
    let bad = |problem: String| BadSetting::new("DEPLOYMENT", problem);
    let name =
        value.ok_or_else(|| bad("is missing; give the name of this deployment, such as the stack's".to_owned()))?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.len() <= 128 && name.bytes().all(known) {
        Ok(name)
    } else {
        Err(bad(format!("`{}` is not a deployment's name; use at most 128 letters, digits or - _ .", cut(&name))))
    }
}

fn read_table(value: Option<String>) -> Result<String, BadSetting> {
    let bad = |problem: String| BadSetting::new("TABLE_NAME", problem);
    let table = value.ok_or_else(|| bad("is missing; give the name of a DynamoDB table".to_owned()))?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (3..=255).contains(&table.len()) && table.bytes().all(known) {
        Ok(table)
    } else {
        Err(bad(format!("`{}` is not a table's name; use 3 to 255 letters, digits or - _ .", cut(&table))))
    }
}

fn read_group(value: Option<String>) -> Result<String, BadSetting> {
    let bad = |problem: String| BadSetting::new("SCHEDULE_GROUP", problem);
    let group = value.ok_or_else(|| bad("is missing; give the name of an EventBridge Scheduler group".to_owned()))?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if group.len() <= 64 && group.bytes().all(known) {
        Ok(group)
    } else {
        Err(bad(format!("`{}` is not a group name; use at most 64 letters, digits or - _ .", cut(&group))))
    }
}

fn read_role(value: Option<String>) -> Result<String, BadSetting> {
    let bad = |problem: String| BadSetting::new("SCHEDULE_ROLE_ARN", problem);
    let arn = value.ok_or_else(|| bad("is missing; give the role that EventBridge Scheduler assumes".to_owned()))?;
    if arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":role/") {
        Ok(arn)
    } else {
        Err(bad(format!("`{}` is not a role's ARN; use one such as `arn:aws:iam::123456789012:role/ticks`", cut(&arn))))
    }
}

fn read_hosts(text: &str) -> Result<Vec<String>, BadSetting> {
    let is_host = |host: &str| {
        let (name, port) = host.rsplit_once(':')?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-.[:]".contains(&byte);
        (!name.is_empty() && name.bytes().all(known) && port.parse::<u16>().is_ok()).then(|| host.to_ascii_lowercase())
    };
    let given = text.split(',').map(str::trim).filter(|host| !host.is_empty());
    let read = given.map(|host| {
        is_host(host).ok_or_else(|| {
            let host = cut(host);
            BadSetting::new(
                "RESPONSE_HOSTS",
                format!("`{host}` is not a `host:port`; use one such as `127.0.0.1:8080`"),
            )
        })
    });
    read.collect()
}

fn read_rate(text: &str) -> Result<u8, BadSetting> {
    let minutes = text.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')).and_then(|rate| {
        let (number, unit) = rate.trim().split_once(' ')?;
        let number: u8 = number.parse().ok()?;
        // Scheduler itself insists on the singular for one.
        let unit_fits = if number == 1 { unit == "minute" } else { unit == "minutes" };
        (unit_fits && (1..=5).contains(&number)).then_some(number)
    });
    minutes.ok_or_else(|| {
        BadSetting::new(
            "TICK_RATE",
            format!("`{}` is not accepted; use `rate(1 minute)` to `rate(5 minutes)`", cut(text)),
        )
    })
}

/// The schedule expression of a tick every `minutes`.
#[must_use]
pub fn rate_expression(minutes: u8) -> String {
    if minutes == 1 { "rate(1 minute)".to_owned() } else { format!("rate({minutes} minutes)") }
}
