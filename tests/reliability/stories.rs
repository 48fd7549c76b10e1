//! What happens in a commitment's life: each story is an event and all that comes of it.

use jiff::SignedDuration;
use rehearsal::{AGENT, ALIAS, commitment};
use serde_json::{Value, json};
use simulator::{Knobs, Refuses, Simulator, SpentToken};

use super::OTHER_ALIAS;

/// What wakes the function.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// An action.
    Action(Value),
    /// A request of `CloudFormation`: its type, the logical id, the properties.
    Request(&'static str, &'static str, Value),
    /// A tick of what is registered.
    Tick,
    /// The first event of a pair once more.
    Same,
    /// Nothing but the ticks.
    Time,
}

/// What has happened before.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// An event comes.
    Happens(Event),
    /// So many minutes pass.
    Minutes(usize),
    /// AWS, or somebody there, changes something.
    Aws(fn(&Simulator)),
}

/// How AWS behaves where its documentation leaves room: a name, and what differs from the simulator's usual.
pub(crate) type Way = (&'static str, fn(&mut Knobs));

/// One story.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// Its name.
    pub(crate) name: &'static str,
    /// Each is played.
    pub(crate) ways: Vec<Way>,
    /// What has happened before.
    pub(crate) before: Vec<Step>,
    /// What happens.
    pub(crate) event: Event,
    /// How many minutes to look at what never comes to rest, because something needs a person.
    pub(crate) restless: Option<usize>,
    /// Of so many calls one is a point: for rounds that are alike. No multiple of how many calls a round has.
    pub(crate) stride: usize,
}

const NAME: &str = "support-agent";
const RESOURCE: &str = "Throughput";
/// What callers without an agent read.
pub(crate) const PARAMETER: &str = "/support/model-id";

/// As the simulator is by itself: the less convenient way.
const USUAL: Way = ("", |_| {});
const DELETED_WHILE_CREATING: Way = ("creating may be deleted", |knobs| knobs.delete_while_creating = Refuses::No);
const INVALID_WHILE_CREATING: Way =
    ("deleting what is created is invalid", |knobs| knobs.delete_while_creating = Refuses::Validation);
const SPENT_BUYS: Way = ("a spent token buys", |knobs| knobs.spent_token = SpentToken::BuysAnew);
const FORGETS_TOKENS: Way = ("tokens are remembered for a minute", |knobs| {
    knobs.token_memory = SignedDuration::from_mins(1);
});
const CHECKS_ROUTES: Way = ("routes are checked", |knobs| knobs.check_route = true);
const LAGS: Way = ("what is bought shows a minute later", |knobs| {
    knobs.list_lag = SignedDuration::from_secs(60);
    knobs.get_lag = SignedDuration::from_secs(60);
});
const YIELDS_BEFORE_TERM_END: Way =
    ("a term's last minutes may be cut off", |knobs| knobs.delete_before_term_end = Refuses::No);
const READ_LATE: Way = ("a parameter is read as before for some seconds", |knobs| {
    knobs.parameter_lag = SignedDuration::from_secs(5);
});

fn declared(more: Value) -> Value {
    let mut declared = commitment(json!({"Drain": "1m"}));
    add(&mut declared, more);
    declared
}

pub(crate) fn apply(more: Value) -> Event {
    Event::Action(json!({"Action": "Apply", "Commitment": declared(more)}))
}

/// An action on what is registered.
pub(crate) fn action(action: &str, more: Value) -> Event {
    let mut event = json!({"Action": action, "Name": NAME});
    add(&mut event, more);
    Event::Action(event)
}

fn properties(more: Value) -> Value {
    let mut properties = declared(more);
    if let Some(members) = properties.as_object_mut() {
        members.remove("Name");
    }
    properties
}

pub(crate) fn request(kind: &'static str, more: Value) -> Event {
    Event::Request(kind, RESOURCE, properties(more))
}

fn add(value: &mut Value, more: Value) {
    if let (Some(members), Value::Object(more)) = (value.as_object_mut(), more) {
        members.extend(more);
    }
}

/// It has been asked for, and is in service with its aliases on it.
pub(crate) fn in_service(event: Event) -> Vec<Step> {
    vec![Step::Happens(event), Step::Minutes(3)]
}

fn with(mut steps: Vec<Step>, more: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps.extend(more);
    steps
}

fn quota_of_3(sim: &Simulator) {
    sim.knobs(|knobs| knobs.quota = 3);
}

fn no_quota(sim: &Simulator) {
    sim.knobs(|knobs| knobs.quota = 0);
}

fn before_term_end(sim: &Simulator, seconds: i64) {
    let end = sim.throughputs().iter().filter_map(|one| one.expiration).min().expect("a term has an end");
    sim.set_now(end.saturating_sub(SignedDuration::from_secs(seconds)).expect("in range"));
}

fn next_creation_fails(sim: &Simulator) {
    sim.fail_next_creation("no capacity");
}

fn two_aliases() -> Value {
    let alias = |id: &str| json!({"AgentId": AGENT, "AgentAliasId": id});
    json!({"AgentAliases": [alias(ALIAS), alias(OTHER_ALIAS)]})
}

/// An alias, and callers without an agent.
pub(crate) fn with_parameter() -> Value {
    json!({"ModelIdParameter": PARAMETER})
}

impl Story {
    fn new(name: &'static str, before: Vec<Step>, event: Event) -> Self {
        Self { name, ways: vec![USUAL], before, event, restless: None, stride: 1 }
    }

    fn ways(mut self, more: &[Way]) -> Self {
        self.ways.extend(more);
        self
    }

    fn restless(mut self, minutes: usize) -> Self {
        self.restless = Some(minutes);
        self
    }

    fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }
}

/// Hands the name of every story to a macro. A story that is not in the list is dead code, which lints refuse.
macro_rules! each_story {
    ($told:ident) => {
        $told! {
            scale_up, scale_down, grow, shrink, grow_without_quota, shrink_without_quota, override_on, override_ends, resume,
            retire, retire_while_creating, alias_dropped, failed_creation, term_retired, term_end,
            parameter_up, parameter_down, parameter_dropped, parameter_repaired, parameter_stack_create, parameter_stack_delete,
            stack_create, stack_create_in_service, stack_create_refused, stack_update, stack_update_in_service,
            stack_update_refused, stack_delete, stack_delete_retain, stack_delete_while_creating
        }
    };
}
pub(crate) use each_story;

pub(crate) fn scale_up() -> Story {
    let up = Event::Action(json!({"Action": "ScaleUp", "Commitment": declared(json!({}))}));
    Story::new("scale up", vec![], up).ways(&[CHECKS_ROUTES, LAGS])
}

pub(crate) fn scale_down() -> Story {
    let up = Event::Action(json!({"Action": "ScaleUp", "Commitment": declared(two_aliases())}));
    Story::new("scale down", in_service(up), action("ScaleDown", json!({})))
}

pub(crate) fn grow() -> Story {
    let grown = apply(json!({"ModelUnits": 2}));
    Story::new("resize to more", in_service(apply(json!({}))), grown).ways(&[CHECKS_ROUTES])
}

pub(crate) fn shrink() -> Story {
    Story::new("resize to less", in_service(apply(json!({"ModelUnits": 3}))), apply(json!({})))
}

pub(crate) fn grow_without_quota() -> Story {
    let before = with(in_service(apply(json!({"ModelUnits": 2}))), [Step::Aws(quota_of_3)]);
    Story::new("resize to more without quota", before, apply(json!({"ModelUnits": 3}))).restless(4).stride(7)
}

pub(crate) fn shrink_without_quota() -> Story {
    let before = with(in_service(apply(json!({"ModelUnits": 3}))), [Step::Aws(quota_of_3)]);
    Story::new("resize to less without quota", before, apply(json!({"ModelUnits": 2})))
}

pub(crate) fn override_on() -> Story {
    let before = in_service(apply(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Tue 12:00-13:00"]}})));
    Story::new("override on", before, action("Override", json!({"State": "On", "ModelUnits": 2, "For": "2h"})))
}

pub(crate) fn override_ends() -> Story {
    let overridden = action("Override", json!({"State": "Off", "For": "3m"}));
    let before = with(in_service(apply(json!({}))), [Step::Happens(overridden), Step::Minutes(3)]);
    Story::new("an override to off ends", before, Event::Time).ways(&[SPENT_BUYS, FORGETS_TOKENS, LAGS])
}

pub(crate) fn resume() -> Story {
    let before = in_service(apply(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Tue 12:00-13:00"]}})));
    let overridden = action("Override", json!({"State": "On", "For": "2h"}));
    let before = with(before, [Step::Happens(overridden), Step::Minutes(3)]);
    Story::new("resume", before, action("Resume", json!({})))
}

pub(crate) fn retire() -> Story {
    Story::new("retire", in_service(apply(two_aliases())), action("Retire", json!({})))
}

pub(crate) fn retire_while_creating() -> Story {
    let before = vec![Step::Happens(apply(json!({}))), Step::Minutes(1)];
    let ways = [DELETED_WHILE_CREATING, INVALID_WHILE_CREATING, LAGS];
    Story::new("retire while it is being created", before, action("Retire", json!({}))).ways(&ways)
}

pub(crate) fn alias_dropped() -> Story {
    let one = json!({"AgentAliases": [{"AgentId": AGENT, "AgentAliasId": OTHER_ALIAS}]});
    Story::new("an alias is dropped", in_service(apply(two_aliases())), apply(one))
}

pub(crate) fn failed_creation() -> Story {
    let before = vec![Step::Aws(next_creation_fails)];
    Story::new("a creation fails", before, apply(json!({})))
}

pub(crate) fn term_retired() -> Story {
    let bought = apply(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11"}));
    Story::new("retire during a term", in_service(bought), action("Retire", json!({}))).restless(3)
}

/// A term that is to retire ends soon, and the last ticks come 136, 76 and 16 seconds before that.
fn termed() -> Vec<Step> {
    let created = Step::Aws(|sim| sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_secs(76)));
    let bought = apply(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"}));
    with(vec![created], in_service(bought))
}

/// Six seconds before a term's end, when the aliases have left and the drain is over; its deletion may be asked for.
pub(crate) fn seconds_before_term_end() -> Vec<Step> {
    let may_be_deleted = Step::Aws(|sim| sim.knobs(|knobs| knobs.delete_before_term_end = Refuses::No));
    with(a_minute_before_term_end(), [may_be_deleted, Step::Aws(|sim| before_term_end(sim, 6))])
}

/// A minute before a term's end, when the aliases have left and the drain is over.
pub(crate) fn a_minute_before_term_end() -> Vec<Step> {
    let leaves = Step::Aws(|sim| before_term_end(sim, 600));
    with(termed(), [leaves, Step::Minutes(2), Step::Aws(|sim| before_term_end(sim, 60))])
}

pub(crate) fn term_end() -> Story {
    let before = with(termed(), [Step::Aws(|sim| before_term_end(sim, 196))]);
    Story::new("a term ends", before, Event::Time).ways(&[YIELDS_BEFORE_TERM_END]).stride(29)
}

pub(crate) fn parameter_up() -> Story {
    let up = Event::Action(json!({"Action": "ScaleUp", "Commitment": declared(with_parameter())}));
    Story::new("scale up with a parameter", vec![], up).ways(&[LAGS])
}

pub(crate) fn parameter_down() -> Story {
    let up = Event::Action(json!({"Action": "ScaleUp", "Commitment": declared(with_parameter())}));
    Story::new("scale down with a parameter", in_service(up), action("ScaleDown", json!({}))).ways(&[READ_LATE])
}

pub(crate) fn parameter_dropped() -> Story {
    Story::new("a parameter is dropped", in_service(apply(with_parameter())), apply(json!({})))
}

pub(crate) fn parameter_repaired() -> Story {
    let meddled = Step::Aws(|sim| sim.set_parameter(PARAMETER, "String", "somebody.elses-model"));
    Story::new("a parameter is put right", with(in_service(apply(with_parameter())), [meddled]), Event::Time)
}

pub(crate) fn parameter_stack_create() -> Story {
    let mut waiting = with_parameter();
    add(&mut waiting, json!({"WaitFor": "InService"}));
    Story::new("a stack with a parameter is created and waits", vec![], request("Create", waiting))
}

pub(crate) fn parameter_stack_delete() -> Story {
    let before = in_service(request("Create", with_parameter()));
    Story::new("a stack with a parameter is deleted", before, request("Delete", with_parameter()))
}

pub(crate) fn stack_create() -> Story {
    Story::new("a stack is created", vec![], request("Create", json!({}))).ways(&[LAGS])
}

pub(crate) fn stack_create_in_service() -> Story {
    let create = request("Create", json!({"WaitFor": "InService"}));
    Story::new("a stack is created and waits", vec![], create).ways(&[CHECKS_ROUTES])
}

pub(crate) fn stack_create_refused() -> Story {
    Story::new("a stack's Create is refused", vec![Step::Aws(no_quota)], request("Create", json!({})))
}

pub(crate) fn stack_update() -> Story {
    let before = in_service(request("Create", json!({})));
    Story::new("a stack is updated", before, request("Update", json!({"ModelUnits": 2})))
}

pub(crate) fn stack_update_in_service() -> Story {
    let update = request("Update", json!({"ModelUnits": 2, "WaitFor": "InService"}));
    Story::new("a stack is updated and waits", in_service(request("Create", json!({}))), update).ways(&[LAGS])
}

pub(crate) fn stack_update_refused() -> Story {
    let before = with(in_service(request("Create", json!({}))), [Step::Aws(no_quota)]);
    Story::new("a stack's Update is refused", before, request("Update", json!({"ModelUnits": 2})))
}

pub(crate) fn stack_delete() -> Story {
    Story::new("a stack is deleted", in_service(request("Create", two_aliases())), request("Delete", json!({})))
}

pub(crate) fn stack_delete_retain() -> Story {
    let retained = || json!({"OnDelete": "Retain"});
    let before = in_service(request("Create", retained()));
    let before = with(before, [Step::Aws(|sim| sim.knobs(|knobs| knobs.orphan_after = None))]);
    Story::new("a stack is deleted and what it had stays", before, request("Delete", retained()))
}

pub(crate) fn stack_delete_while_creating() -> Story {
    let before = vec![Step::Happens(request("Create", json!({}))), Step::Minutes(1)];
    let ways = [DELETED_WHILE_CREATING, INVALID_WHILE_CREATING];
    Story::new("a stack is deleted while it is being created", before, request("Delete", json!({}))).ways(&ways)
}
