//! The record's home: one EventBridge schedule per commitment.

use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target};

use super::Aws;
use super::bedrock::none_if_not_found;
use crate::event::tick_input;
use crate::observed::{CallError, CallErrorKind};
use crate::record::Record;
use crate::settings::rate_expression;

/// A tick that comes late is useless: the next one is due.
const OLDEST_TICK_SECONDS: i32 = 60;
/// What EventBridge Scheduler takes as a target's input, in bytes, with room for the rest of the request.
const MOST_INPUT_BYTES: usize = 250_000;

/// The code of the error that a schedule holds no record of ours.
pub const UNREADABLE_RECORD: &str = "UnreadableRecord";

struct Parts {
    expression: String,
    window: FlexibleTimeWindow,
    target: Target,
}

impl Aws {
    /// The record of the commitment `name` in `group`, if it is registered.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it, or what the schedule holds is not a record.
    pub async fn record(&self, group: &str, name: &str) -> Result<Option<Record>, CallError> {
        let answer = match self.scheduler.get_schedule().group_name(group).name(name).send().await {
            Ok(answer) => answer,
            Err(error) => return none_if_not_found(self.failed(format!("read the record of {name}"), &error)),
        };
        let input = answer.target().and_then(Target::input).unwrap_or_default();
        crate::event::read_tick(input).map(Some).map_err(|message| CallError {
            cannot: format!("read the record of {name}"),
            kind: CallErrorKind::Refused,
            code: UNREADABLE_RECORD.to_owned(),
            message,
        })
    }

    /// The names of all commitments that are registered in `group`.
    ///
    /// # Errors
    /// The List failed.
    pub async fn registered(&self, group: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self.scheduler.list_schedules().group_name(group).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed(format!("list the schedules of {group}"), &error))?;
            names.extend(page.schedules().iter().filter_map(|schedule| schedule.name().map(str::to_owned)));
        }
        Ok(names)
    }

    /// Registers a record that nobody knows. Of two that do so at once, one meets [`CallErrorKind::Conflict`].
    ///
    /// # Errors
    /// It is registered already, the call was refused, or no answer came.
    pub async fn register(&self, group: &str, record: &Record) -> Result<(), CallError> {
        let name = &record.commitment.name;
        let Parts { expression, window, target } = parts(record)?;
        let request = self.scheduler.create_schedule().group_name(group).name(name.as_str());
        let request = request.schedule_expression(expression).flexible_time_window(window).target(target);
        let answer = request.send().await;
        answer.map(|_| ()).map_err(|error| self.failed(format!("register {name}"), &error))
    }

    /// Writes a record over the one that is there.
    ///
    /// # Errors
    /// It is not registered, the call was refused, or no answer came.
    pub async fn write(&self, group: &str, record: &Record) -> Result<(), CallError> {
        let name = &record.commitment.name;
        let Parts { expression, window, target } = parts(record)?;
        let request = self.scheduler.update_schedule().group_name(group).name(name.as_str());
        let request = request.schedule_expression(expression).flexible_time_window(window).target(target);
        let answer = request.send().await;
        answer.map(|_| ()).map_err(|error| self.failed(format!("write the record of {name}"), &error))
    }

    /// Forgets a record; one that is already gone counts as forgotten.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn forget(&self, group: &str, name: &str) -> Result<(), CallError> {
        let answer = self.scheduler.delete_schedule().group_name(group).name(name).send().await;
        let forgotten = answer.map(|_| ()).map_err(|error| self.failed(format!("forget {name}"), &error));
        forgotten.or_else(|error| none_if_not_found::<()>(error).map(|_| ()))
    }
}

fn parts(record: &Record) -> Result<Parts, CallError> {
    let name = &record.commitment.name;
    let refused = |message: String| CallError {
        cannot: format!("write the record of {name}"),
        kind: CallErrorKind::Invalid,
        code: "ValidationException".to_owned(),
        message,
    };
    let input = tick_input(record);
    if input.len() > MOST_INPUT_BYTES {
        let length = input.len();
        return Err(refused(format!(
            "the declaration takes {length} bytes; at most {MOST_INPUT_BYTES} fit a schedule"
        )));
    }
    let retries = RetryPolicy::builder().maximum_retry_attempts(0).maximum_event_age_in_seconds(OLDEST_TICK_SECONDS);
    let target = Target::builder().arn(&record.schedule.target).role_arn(&record.schedule.role_arn);
    let target = target.input(input).retry_policy(retries.build()).build();
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
    Ok(Parts {
        expression: rate_expression(record.schedule.minutes),
        window: window.map_err(|error| refused(error.to_string()))?,
        target: target.map_err(|error| refused(error.to_string()))?,
    })
}
