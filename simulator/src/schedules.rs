//! EventBridge Scheduler.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::account::{Account, ScheduleView, plus};
use crate::api::{Call, Refusal, only, page};

const MEMBERS: [&str; 11] = [
    "ActionAfterCompletion",
    "ClientToken",
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
];

/// When a schedule fires.
enum Expression {
    Every(SignedDuration),
    Once(Timestamp),
}

fn expression(text: &str) -> Option<Expression> {
    let inside = |kind: &str| text.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(at) = inside("at") {
        let at: DateTime = at.parse().ok()?;
        return Offset::UTC.to_timestamp(at).ok().map(Expression::Once);
    }
    let (number, unit) = inside("rate")?.split_once(' ')?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match (number, unit) {
        (1, "minute") | (2.., "minutes") => 60,
        (1, "hour") | (2.., "hours") => 3600,
        _ => return None,
    };
    Some(Expression::Every(SignedDuration::from_secs(number * seconds)))
}

fn validated(call: &Call) -> Result<(), Refusal> {
    call.only(&MEMBERS)?;
    let name = call.id(0);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
        return Err(Refusal::malformed(format!("{name} is not a schedule name")));
    }
    if expression(call.text("ScheduleExpression")?).is_none() {
        return Err(Refusal::malformed("Invalid Schedule Expression"));
    }
    let (window, target) = (&call.body["FlexibleTimeWindow"], &call.body["Target"]);
    only(window, &["Mode", "MaximumWindowInMinutes"])?;
    only(target, &["Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig"])?;
    only(&target["RetryPolicy"], &["MaximumEventAgeInSeconds", "MaximumRetryAttempts"])?;
    if window["Mode"] != "OFF" && window["MaximumWindowInMinutes"].as_u64().is_none() {
        return Err(Refusal::malformed("FlexibleTimeWindow needs a Mode"));
    }
    let arn = |key: &str| target[key].as_str().is_some_and(|arn| arn.starts_with("arn:"));
    if !arn("Arn") || !arn("RoleArn") {
        return Err(Refusal::malformed("Target needs Arn and RoleArn"));
    }
    let age = target["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64().unwrap_or(86_400);
    let retries = target["RetryPolicy"]["MaximumRetryAttempts"].as_u64().unwrap_or(185);
    if !(60..=86_400).contains(&age) || retries > 185 {
        return Err(Refusal::malformed("RetryPolicy is out of range"));
    }
    if target["Input"].as_str().is_some_and(|input| input.len() > 262_144) {
        return Err(Refusal::malformed("Input is too long"));
    }
    Ok(())
}

impl Account {
    fn key(&self, call: &Call, group: Option<&str>) -> Result<(String, String), Refusal> {
        let group = group.unwrap_or("default");
        if group != "default" && !self.knobs.groups.iter().any(|known| known == group) {
            return Err(Refusal::not_found(format!("Schedule group {group}")));
        }
        Ok((group.to_owned(), call.id(0).to_owned()))
    }

    fn role_can_be_assumed(&self) -> Result<(), Refusal> {
        if self.knobs.role_assumable_from.is_none_or(|from| from <= self.now) {
            return Ok(());
        }
        let message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.";
        Err(Refusal::validation(message))
    }

    pub(crate) fn create_schedule(&mut self, call: &Call) -> Result<Value, Refusal> {
        validated(call)?;
        let key = self.key(call, call.body["GroupName"].as_str())?;
        self.role_can_be_assumed()?;
        let token = call.body["ClientToken"].as_str().map(str::to_owned);
        if let Some(known) = self.schedules.get(&key) {
            if token.is_none() || known.token != token {
                return Err(Refusal::conflict(format!("Schedule {} already exists", key.1)));
            }
        } else {
            let schedule = view(&key, call, self.now, token);
            self.schedules.insert(key.clone(), schedule);
        }
        self.settle();
        Ok(json!({"ScheduleArn": arn(&key)}))
    }

    pub(crate) fn update_schedule(&mut self, call: &Call) -> Result<Value, Refusal> {
        validated(call)?;
        let key = self.key(call, call.body["GroupName"].as_str())?;
        self.role_can_be_assumed()?;
        let known = self.schedules.get(&key).ok_or_else(|| Refusal::not_found(format!("Schedule {}", key.1)))?;
        let same = known.definition["ScheduleExpression"] == call.body["ScheduleExpression"];
        let anchor = if same { known.anchor } else { self.now };
        let before = ScheduleView { before: None, ..known.clone() };
        let mut schedule = view(&key, call, anchor, known.token.clone());
        (schedule.changed, schedule.before) = (self.now, Some(Box::new(before)));
        self.schedules.insert(key.clone(), schedule);
        Ok(json!({"ScheduleArn": arn(&key)}))
    }

    pub(crate) fn get_schedule(&self, call: &Call) -> Result<Value, Refusal> {
        let key = self.key(call, call.query("groupName"))?;
        let known = self.schedules.get(&key).ok_or_else(|| Refusal::not_found(format!("Schedule {}", key.1)))?;
        let mut answer = known.definition.clone();
        if answer["State"].is_null() {
            answer["State"] = json!("ENABLED");
        }
        answer["Arn"] = json!(arn(&key));
        answer["Name"] = json!(key.1);
        answer["GroupName"] = json!(key.0);
        if answer["State"].is_null() {
            answer["State"] = json!("ENABLED");
        }
        answer["CreationDate"] = json!(known.anchor.as_second());
        Ok(answer)
    }

    pub(crate) fn delete_schedule(&mut self, call: &Call) -> Result<Value, Refusal> {
        let key = self.key(call, call.query("groupName"))?;
        let gone = self.schedules.remove(&key).ok_or_else(|| Refusal::not_found(format!("Schedule {}", key.1)));
        gone?;
        self.settle();
        Ok(json!({}))
    }

    pub(crate) fn get_schedule_group(&self, call: &Call) -> Result<Value, Refusal> {
        self.key(call, Some(call.id(0)))?;
        Ok(json!({
            "Arn": format!("arn:aws:scheduler:{}:123456789012:schedule-group/{}", crate::REGION, call.id(0)),
            "Name": call.id(0),
            "State": "ACTIVE",
        }))
    }

    pub(crate) fn list_schedules(&self, call: &Call) -> Result<Value, Refusal> {
        let group = call.query("ScheduleGroup");
        if let Some(group) = group {
            self.key(call, Some(group))?;
        }
        let shown = self.schedules.keys().filter(|(of, _)| group.is_none_or(|group| group == of));
        let summary = |key: &(String, String)| {
            let state = self.schedules.get(key).and_then(|schedule| schedule.definition["State"].as_str());
            json!({"Arn": arn(key), "Name": key.1, "GroupName": key.0, "State": state.unwrap_or("ENABLED")})
        };
        let all: Vec<Value> = shown.map(summary).collect();
        let (page, next) = page(&all, call.query("NextToken"), self.knobs.page_size)?;
        Ok(json!({"Schedules": page, "NextToken": next}))
    }

    /// What fires in `(after, until]`, in the order of time. What fires once is gone afterwards.
    pub(crate) fn due(&mut self, after: Timestamp, until: Timestamp) -> Vec<(Timestamp, ScheduleView)> {
        let mut due = Vec::new();
        let mut done = Vec::new();
        for (key, schedule) in &self.schedules {
            // Until a change has its effect, the schedule is as it was.
            let effective = plus(schedule.changed, self.knobs.schedule_lag);
            let fresh = if self.knobs.schedule_lag.is_zero() { after } else { after.max(effective) };
            if let Some(before) = &schedule.before {
                due.extend(fires(before, after, until.min(fresh)).into_iter().map(|at| (at, (**before).clone())));
            }
            let fired = fires(schedule, fresh, until);
            let once = schedule.definition["ScheduleExpression"].as_str().is_some_and(|text| text.starts_with("at("));
            if once && !fired.is_empty() && schedule.definition["ActionAfterCompletion"] == "DELETE" {
                done.push(key.clone());
            }
            due.extend(fired.into_iter().map(|at| (at, schedule.clone())));
        }
        for key in done {
            self.schedules.remove(&key);
        }
        if self.knobs.fires_twice {
            due = due.into_iter().flat_map(|one| [one.clone(), one]).collect();
        }
        due.sort_by(|one, other| (one.0, &one.1.name).cmp(&(other.0, &other.1.name)));
        due
    }
}

/// When a schedule fires in `(after, until]`; one that is disabled does not.
fn fires(schedule: &ScheduleView, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    if schedule.definition["State"] == "DISABLED" || until <= after {
        return Vec::new();
    }
    match schedule.definition["ScheduleExpression"].as_str().and_then(expression) {
        Some(Expression::Every(rate)) => {
            let passed = after.duration_since(schedule.anchor).as_secs().div_euclid(rate.as_secs());
            let first = plus(schedule.anchor, SignedDuration::from_secs((passed.max(0) + 1) * rate.as_secs()));
            std::iter::successors(Some(first), |at| Some(plus(*at, rate))).take_while(|at| *at <= until).collect()
        }
        Some(Expression::Once(at)) if at <= until => vec![at.max(after)],
        Some(Expression::Once(_)) | None => Vec::new(),
    }
}

fn arn((group, name): &(String, String)) -> String {
    format!("arn:aws:scheduler:{}:123456789012:schedule/{group}/{name}", crate::REGION)
}

fn view((group, name): &(String, String), call: &Call, anchor: Timestamp, token: Option<String>) -> ScheduleView {
    let mut definition = call.body.clone();
    if let Some(members) = definition.as_object_mut() {
        members.remove("ClientToken");
        members.remove("GroupName");
    }
    let input = definition["Target"]["Input"].as_str().unwrap_or_default().to_owned();
    ScheduleView {
        group: group.clone(),
        name: name.clone(),
        definition,
        input,
        anchor,
        token,
        changed: anchor,
        before: None,
    }
}
