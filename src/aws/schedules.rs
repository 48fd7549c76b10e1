//! The record's home: one EventBridge schedule per commitment.

use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::Aws;
use super::bedrock::none_if_not_found;
use policy::event::{tick_input, tombstone_input};
use policy::observed::{CallError, CallErrorKind};
use policy::record::{Record, Schedule, Stored, Tombstone};
use policy::settings::rate_expression;

/// A tick that comes late is useless: the next one is due.
const OLDEST_TICK_SECONDS: i32 = 60;
/// What EventBridge Scheduler takes as a target's input, in bytes, with room for the rest of the request.
const MOST_INPUT_BYTES: usize = 250_000;

/// The code of the error that a schedule holds a record of ours that cannot be read.
pub const UNREADABLE_RECORD: &str = "UnreadableRecord";
/// The code of the error that a schedule in the group is somebody else's.
pub const FOREIGN_SCHEDULE: &str = "ForeignSchedule";

/// How long a tombstone stands: longer than a request can be on its way.
const TOMBSTONE_STANDS: SignedDuration = SignedDuration::from_hours(2);

struct Parts {
    expression: String,
    window: FlexibleTimeWindow,
    target: Target,
}

impl Aws {
    /// What the schedule `name` of `group` holds, if there is one.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it, or what it holds is nothing of ours.
    pub async fn stored(&self, group: &str, name: &str) -> Result<Option<Stored>, CallError> {
        let answer = match self.scheduler().get_schedule().group_name(group).name(name).send().await {
            Ok(answer) => answer,
            Err(error) => return none_if_not_found(self.failed(format!("read the record of {name}"), &error)),
        };
        let unreadable = |code: &str, message: String| CallError {
            cannot: format!("read the record of {name}"),
            kind: CallErrorKind::Refused,
            code: code.to_owned(),
            message,
        };
        let input = answer.target().and_then(Target::input).unwrap_or_default();
        match policy::event::read_stored(input) {
            Ok(Some(stored)) => Ok(Some(stored)),
            Ok(None) => {
                Err(unreadable(FOREIGN_SCHEDULE, "its schedule is somebody else's: it holds no record".to_owned()))
            }
            Err(message) => Err(unreadable(UNREADABLE_RECORD, message)),
        }
    }

    /// The record of the commitment `name` in `group`, if it is registered.
    ///
    /// # Errors
    /// See [`Aws::stored`].
    pub async fn record(&self, group: &str, name: &str) -> Result<Option<Record>, CallError> {
        Ok(match self.stored(group, name).await? {
            Some(Stored::Record(record)) => Some(*record),
            Some(Stored::Tombstone(_)) | None => None,
        })
    }

    /// The names of all commitments that are registered in `group`.
    ///
    /// # Errors
    /// The List failed.
    pub async fn registered(&self, group: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self.scheduler().list_schedules().group_name(group).into_paginator().send();
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
        let Parts { expression, window, target } = record_parts(record)?;
        let request = self.scheduler().create_schedule().group_name(group).name(name.as_str());
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
        let Parts { expression, window, target } = record_parts(record)?;
        let request = self.scheduler().update_schedule().group_name(group).name(name.as_str());
        let request = request.schedule_expression(expression).flexible_time_window(window).target(target);
        let answer = request.send().await;
        answer.map(|_| ()).map_err(|error| self.failed(format!("write the record of {name}"), &error))
    }

    /// Puts a tombstone in the place of a record, or where there is none: a schedule that fires once, two hours after `now`,
    /// and deletes itself.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn bury(
        &self,
        group: &str,
        tombstone: &Tombstone,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let name = &tombstone.name;
        let Parts { expression, window, target } = tombstone_parts(tombstone, schedule, now)?;
        let update = self.scheduler().update_schedule().group_name(group).name(name);
        let update = update.schedule_expression(expression).flexible_time_window(window).target(target);
        let updated = update.action_after_completion(ActionAfterCompletion::Delete).send().await;
        match updated.map(|_| ()).map_err(|error| self.failed(format!("forget {name}"), &error)) {
            Err(error) if error.kind == CallErrorKind::NotFound => {
                self.bury_unknown(group, tombstone, schedule, now).await
            }
            answer => answer,
        }
    }

    /// Puts a tombstone where there is nothing.
    ///
    /// # Errors
    /// Something is registered ([`CallErrorKind::Conflict`]), the call was refused, or no answer came.
    pub async fn bury_unknown(
        &self,
        group: &str,
        tombstone: &Tombstone,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let name = &tombstone.name;
        let Parts { expression, window, target } = tombstone_parts(tombstone, schedule, now)?;
        let create = self.scheduler().create_schedule().group_name(group).name(name);
        let create = create.schedule_expression(expression).flexible_time_window(window).target(target);
        let created = create.action_after_completion(ActionAfterCompletion::Delete).send().await;
        created.map(|_| ()).map_err(|error| self.failed(format!("forget {name}"), &error))
    }

    /// Forgets a record; one that is already gone counts as forgotten.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn forget(&self, group: &str, name: &str) -> Result<(), CallError> {
        let answer = self.scheduler().delete_schedule().group_name(group).name(name).send().await;
        let forgotten = answer.map(|_| ()).map_err(|error| self.failed(format!("forget {name}"), &error));
        forgotten.or_else(|error| none_if_not_found::<()>(error).map(|_| ()))
    }
}

fn record_parts(record: &Record) -> Result<Parts, CallError> {
    let Record { commitment, schedule, .. } = record;
    parts(commitment.name.as_str(), rate_expression(schedule.minutes), tick_input(record), schedule)
}

fn tombstone_parts(tombstone: &Tombstone, schedule: &Schedule, now: Timestamp) -> Result<Parts, CallError> {
    let at = now.saturating_add(TOMBSTONE_STANDS).unwrap_or(Timestamp::MAX);
    let expression = format!("at({})", Offset::UTC.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S"));
    parts(&tombstone.name, expression, tombstone_input(tombstone), schedule)
}

fn parts(name: &str, expression: String, input: String, schedule: &Schedule) -> Result<Parts, CallError> {
    let refused = |message: String| CallError {
        cannot: format!("write the record of {name}"),
        kind: CallErrorKind::Invalid,
        code: "ValidationException".to_owned(),
        message,
    };
    if input.len() > MOST_INPUT_BYTES {
        let length = input.len();
        return Err(refused(format!(
            "the declaration takes {length} bytes; at most {MOST_INPUT_BYTES} fit a schedule"
        )));
    }
    let retries = RetryPolicy::builder().maximum_retry_attempts(0).maximum_event_age_in_seconds(OLDEST_TICK_SECONDS);
    let target = Target::builder().arn(&schedule.target).role_arn(&schedule.role_arn);
    let target = target.input(input).retry_policy(retries.build()).build();
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
    Ok(Parts {
        expression,
        window: window.map_err(|error| refused(error.to_string()))?,
        target: target.map_err(|error| refused(error.to_string()))?,
    })
}
