//! How is the function woken? One EventBridge schedule for each commitment.
//!
//! It can be made again from the record at any time, and nothing secret is in it.

use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState, Target};

use super::Aws;
use super::bedrock::none_if_not_found;
use policy::event::{schedule_digest, tick_input};
use policy::observed::{CallError, CallErrorKind};
use policy::settings::rate_expression;

/// A tick that comes late is useless: the next one is due.
const OLDEST_TICK_SECONDS: i32 = 60;

/// How a commitment's schedule is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The group that holds it.
    pub group: String,
    /// The commitment.
    pub name: String,
    /// Minutes between ticks.
    pub minutes: u8,
    /// The role that Scheduler assumes.
    pub role_arn: String,
    /// The function that it invokes.
    pub target: String,
}

struct Parts {
    expression: String,
    window: FlexibleTimeWindow,
    target: Target,
}

impl Tick {
    /// The digest that the schedule carries.
    #[must_use]
    pub fn digest(&self) -> String {
        schedule_digest(self.minutes, &self.role_arn, &self.target)
    }

    fn cannot(&self) -> String {
        format!("keep the schedule of {}", self.name)
    }

    fn parts(&self) -> Result<Parts, CallError> {
        let refused = |message: String| CallError {
            cannot: self.cannot(),
            kind: CallErrorKind::Invalid,
            code: "ValidationException".to_owned(),
            message,
        };
        let retries =
            RetryPolicy::builder().maximum_retry_attempts(0).maximum_event_age_in_seconds(OLDEST_TICK_SECONDS);
        let target = Target::builder().arn(&self.target).role_arn(&self.role_arn);
        let target = target.input(tick_input(&self.name, &self.digest())).retry_policy(retries.build()).build();
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
        Ok(Parts {
            expression: rate_expression(self.minutes),
            window: window.map_err(|error| refused(error.to_string()))?,
            target: target.map_err(|error| refused(error.to_string()))?,
        })
    }
}

impl Aws {
    /// Makes the schedule as `tick` says, whether or not there is one. `exists` says which of the two is tried first.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn keep_schedule(&self, tick: &Tick, exists: bool) -> Result<(), CallError> {
        let first = if exists { self.update_schedule(tick).await } else { self.create_schedule(tick).await };
        match first {
            Err(error) if exists && error.kind == CallErrorKind::NotFound => self.create_schedule(tick).await,
            Err(error) if !exists && error.kind == CallErrorKind::Conflict => self.update_schedule(tick).await,
            answer => answer,
        }
    }

    async fn create_schedule(&self, tick: &Tick) -> Result<(), CallError> {
        let Parts { expression, window, target } = tick.parts()?;
        let request = self.scheduler().create_schedule().group_name(&tick.group).name(&tick.name);
        let request = request.schedule_expression(expression).flexible_time_window(window).target(target);
        let answer = request.send().await;
        answer.map(|_| ()).map_err(|error| self.failed(tick.cannot(), &error))
    }

    async fn update_schedule(&self, tick: &Tick) -> Result<(), CallError> {
        let Parts { expression, window, target } = tick.parts()?;
        let request = self.scheduler().update_schedule().group_name(&tick.group).name(&tick.name);
        let request = request.schedule_expression(expression).flexible_time_window(window).target(target);
        let answer = request.state(ScheduleState::Enabled).send().await;
        answer.map(|_| ()).map_err(|error| self.failed(tick.cannot(), &error))
    }

    /// Whether the schedule is there and is as `tick` says.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it.
    pub async fn is_scheduled(&self, tick: &Tick) -> Result<bool, CallError> {
        let request = self.scheduler().get_schedule().group_name(&tick.group).name(&tick.name);
        let found = request.send().await.map_err(|error| self.failed(tick.cannot(), &error));
        let Some(found) = found.map(Some).or_else(none_if_not_found)? else { return Ok(false) };
        let Parts { expression, window: _, target } = tick.parts()?;
        let enabled = found.state() == Some(&ScheduleState::Enabled);
        let same = found.target().is_some_and(|seen| {
            seen.arn() == target.arn() && seen.role_arn() == target.role_arn() && seen.input() == target.input()
        });
        Ok(enabled && same && found.schedule_expression() == Some(expression.as_str()))
    }

    /// The names of all schedules of `group`.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn schedules(&self, group: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self.scheduler().list_schedules().group_name(group).into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(summary) = pages.next().await {
            let summary = summary.map_err(|error| self.failed(format!("list the schedules of {group}"), &error))?;
            names.extend(summary.name().map(str::to_owned));
        }
        Ok(names)
    }

    /// The state of the schedule group, such as `ACTIVE`, if it exists.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it.
    pub async fn group_state(&self, group: &str) -> Result<Option<String>, CallError> {
        let answer = self.scheduler().get_schedule_group().name(group).send().await;
        let answer = answer.map_err(|error| self.failed(format!("look at schedule group {group}"), &error));
        let found = answer.map(Some).or_else(none_if_not_found)?;
        Ok(found.map(|found| found.state().map_or_else(String::new, |state| state.as_str().to_owned())))
    }

    /// Deletes the schedule of the commitment `name`; one that is already gone counts as deleted.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn delete_schedule(&self, group: &str, name: &str) -> Result<(), CallError> {
        let answer = self.scheduler().delete_schedule().group_name(group).name(name).send().await;
        let deleted = answer.map(|_| ()).map_err(|error| self.failed(format!("forget {name}"), &error));
        deleted.or_else(|error| none_if_not_found::<()>(error).map(|_| ()))
    }
}
