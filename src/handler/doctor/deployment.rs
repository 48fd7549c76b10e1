//! Is the deployment as it should be: table, schedules and their role, bus, alarms?

use policy::settings::Alarms;

use super::{Check, ok, unseen, warning, wrong};
use crate::handler::{Handler, Invocation};
use crate::store::Store;

/// What `GetScheduleGroup` says of a group that can be used.
const ACTIVE: &str = "ACTIVE";

impl Handler {
    pub(super) async fn look_at_deployment(&self, invocation: &Invocation) -> Vec<Check> {
        let mut checks = Vec::new();
        match self.store() {
            Ok(store) => {
                checks.push(Self::look_at_table(store).await);
                checks.push(self.look_at_group(store).await);
                checks.extend(self.look_at_schedules(store, invocation).await);
            }
            Err(error) => checks.push(wrong("Table", error.to_string(), "set it")),
        }
        checks.push(self.look_at_bus().await);
        checks.push(self.look_at_alarms());
        checks
    }

    async fn look_at_table(store: Store<'_>) -> Check {
        let adopt = "send {\"Action\": \"Adopt\"}";
        match (store.table_id().await, store.deployment_item().await) {
            (Ok(id), Ok(Some(deployment))) => {
                let ours =
                    deployment.name == store.deployment && deployment.table_id == id && deployment.group == store.group;
                match (ours, deployment.open) {
                    (true, true) => ok("Table", format!("{} belongs to {}", store.table, deployment.name)),
                    (true, false) => wrong("Table", "the deployment is closed", "create its stack again"),
                    (false, _) => wrong(
                        "Table",
                        format!("{} belongs to {}, or was restored", store.table, deployment.name),
                        format!("if it is the right table, {adopt}"),
                    ),
                }
            }
            (Ok(_), Ok(None)) => {
                wrong("Table", format!("{} does not say which deployment it belongs to", store.table), adopt)
            }
            (Err(error), _) | (_, Err(error)) => unseen("Table", &error),
        }
    }

    async fn look_at_group(&self, store: Store<'_>) -> Check {
        let what = "Schedule group";
        let group = store.group;
        match self.aws.group_state(group).await {
            Ok(Some(state)) if state == ACTIVE => ok(what, format!("{group} is there")),
            Ok(Some(state)) => wrong(what, format!("{group} is {state}"), "no commitment is looked at: make it again"),
            Ok(None) => wrong(
                what,
                format!("{group} does not exist in {}", self.aws.region()),
                "no commitment is looked at: make a group of that name, and send {\"Action\": \"Repair\"}",
            ),
            Err(error) => unseen(what, &error),
        }
    }

    /// Each commitment's schedule, and the role that they run as. EventBridge Scheduler takes no role that it cannot assume, so a
    /// schedule with the role shows that it could when that was made.
    async fn look_at_schedules(&self, store: Store<'_>, invocation: &Invocation) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut run = 0_usize;
        match store.all().await {
            Ok(records) => {
                let mut without = Vec::new();
                for record in records.iter().flatten() {
                    let name = record.record.name().to_owned();
                    let Ok(tick) = self.wanted_schedule(&record.record, invocation, store.deployment) else { continue };
                    match self.aws.is_scheduled(&tick).await {
                        Ok(true) => run += 1,
                        Ok(false) => without.push(name),
                        Err(error) => checks.push(unseen("Schedules", &error)),
                    }
                }
                checks.push(if without.is_empty() {
                    ok("Schedules", format!("commitments that are registered: {}", records.len()))
                } else {
                    let text = format!("missing, disabled or different: {}", without.join(", "));
                    wrong("Schedules", text, "send {\"Action\": \"Repair\"}")
                });
            }
            Err(error) => checks.push(unseen("Schedules", &error)),
        }
        checks.push(self.look_at_role(run));
        checks
    }

    fn look_at_role(&self, schedules: usize) -> Check {
        let what = "Schedule role";
        match &self.settings.role_arn {
            Err(bad) => wrong(what, bad.to_string(), "correct it"),
            Ok(role) if schedules > 0 => {
                ok(what, format!("EventBridge Scheduler accepted {role} for {schedules} schedules when they were made"))
            }
            Ok(role) => warning(
                what,
                format!("{role} cannot be looked at, and no schedule runs as it yet"),
                "register a commitment: EventBridge Scheduler refuses a role that it cannot assume, and says why",
            ),
        }
    }

    async fn look_at_bus(&self) -> Check {
        let what = "Event bus";
        let Some(bus) = &self.settings.bus else { return ok(what, "none is to be told of changes") };
        match self.aws.has_bus(bus).await {
            Ok(true) => ok(what, format!("{bus} is told of changes")),
            Ok(false) => wrong(
                what,
                format!("{bus} does not exist in {}: nobody is told of changes", self.aws.region()),
                "make it, or set another one or none (EventBusName)",
            ),
            Err(error) => unseen(what, &error),
        }
    }

    /// The function may not read the topic. Whether an address has confirmed is a question to ask by hand.
    fn look_at_alarms(&self) -> Check {
        let what = "Alarms";
        match &self.settings.alarms {
            Alarms::Unknown => warning(
                what,
                "the settings do not say who is told of alarms",
                "see that the deployment has alarms and that they reach somebody; ALARM_TOPIC_ARN names the topic here",
            ),
            Alarms::Nobody => warning(
                what,
                "alarms tell nobody",
                "deploy with AlarmEmail or AlarmTopicArn, and confirm the subscription",
            ),
            Alarms::Topic(topic) => warning(
                what,
                format!("{topic} is told of alarms; whether anybody has confirmed a subscription cannot be read here"),
                format!("look with: aws sns list-subscriptions-by-topic --topic-arn {topic}"),
            ),
        }
    }
}
