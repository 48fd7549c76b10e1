//! Which worlds are there?
//!
//! Each is about one thing that the policy promises, with the events, faults and hands that could spoil it.

use jiff::SignedDuration;
use policy::event::End;
use policy::timetable::State;
use serde_json::{Value, json};

use crate::world::Fault::{
    AliasFails, AliasUnread, AnswerLost, Crash, CreationFails, Ghost, Lingers, ListFails, LostTick, MarksLate, Missed,
    Repeated, Silence, Stall, Throttled,
};
use crate::world::{Fault, Hand, World};

/// What may go wrong with the machinery, with looks, and with calls.
const MACHINE: [Fault; 4] = [Crash, Stall, LostTick, Repeated];
const LOOKS: [Fault; 5] = [Missed, Ghost, MarksLate, ListFails, AliasUnread];
const CALLS: [Fault; 5] = [AnswerLost, Silence, Throttled, CreationFails, AliasFails];

/// A world, and the number of states at which its search is stopped.
pub type Task = (World, usize);

/// One alias, two aliases.
fn x() -> Value {
    json!([{"AgentId": "Q4RT7ZB2KW", "AgentAliasId": "H2MD9XLV5C"}])
}

fn xy() -> Value {
    json!([
        {"AgentId": "Q4RT7ZB2KW", "AgentAliasId": "H2MD9XLV5C"},
        {"AgentId": "Q4RT7ZB2KW", "AgentAliasId": "T8KPW3NQ6J"}
    ])
}

fn all() -> Vec<Fault> {
    [&MACHINE[..], &LOOKS, &CALLS].concat()
}

/// On and off, by commands.
fn on_and_off() -> Vec<Task> {
    let plain = |name, about| World::new(name, about, &["a"]).scale_up(0, &json!({"AgentAliases": x()})).scale_down(0);
    vec![
        (plain("on and off", "scaled up and down; any two things go wrong").faults(2, &all()), 2_500_000),
        (
            World::new("on, off, on", "scaled up, down and up again", &["a"])
                .scale_up(0, &json!({"AgentAliases": x()}))
                .scale_down(0)
                .scale_up(0, &json!({"AgentAliases": x()}))
                .faults(1, &all()),
            900_000,
        ),
        (
            World::new("two aliases", "scaled up and down, with two aliases that may fail each by itself", &["a"])
                .scale_up(0, &json!({"AgentAliases": xy()}))
                .scale_down(0)
                .faults(1, &all()),
            700_000,
        ),
        (
            World::new(
                "what is deleted lingers",
                "scaled up, down and up again, and looks still show what is gone",
                &["a"],
            )
            .scale_up(0, &json!({"AgentAliases": x()}))
            .scale_down(0)
            .scale_up(0, &json!({"AgentAliases": x()}))
            .faults(2, &[Lingers, Missed]),
            500_000,
        ),
        (plain("dies twice", "invocations die, stall and come twice").faults(3, &MACHINE), 900_000),
        (
            plain("names are unique", "the same, where AWS refuses a name that is in use").unique().faults(2, &CALLS),
            500_000,
        ),
        (
            plain("not while it is created", "what is being created cannot be deleted").undeletable().faults(1, &all()),
            400_000,
        ),
    ]
}

/// Declarations that follow each other.
fn declarations() -> Vec<Task> {
    let sized = |units: u32| json!({"AgentAliases": x(), "ModelUnits": units});
    let grows = |name, about| World::new(name, about, &["a"]).apply(0, &sized(1)).apply(0, &sized(2));
    vec![
        (grows("grows", "one unit, then two").faults(1, &all()), 600_000),
        (grows("grows without room", "one unit, then two, and the quota is two").quota(2).faults(1, &all()), 600_000),
        (
            World::new("shrinks without room", "two units, then one, and the quota is two", &["a"])
                .apply(0, &sized(2))
                .apply(0, &sized(1))
                .quota(2)
                .faults(1, &all()),
            600_000,
        ),
        (
            World::new("retired and declared anew", "Apply, Retire, Apply", &["a"])
                .apply(0, &sized(1))
                .retire(0)
                .apply(0, &sized(1))
                .faults(1, &all()),
            800_000,
        ),
        (
            World::new("out of order", "Apply, ScaleDown and Retire overtake and repeat each other", &["a"])
                .apply(0, &sized(1))
                .scale_down(0)
                .retire(0)
                .overtaking()
                .faults(1, &[Crash, Repeated, AnswerLost, Missed]),
            700_000,
        ),
        (
            World::new("overridden", "always on, with an override to Off for ten minutes, and its end", &["a"])
                .apply(0, &sized(1))
                .overriding(0, State::Off, End::For(SignedDuration::from_mins(10)))
                .faults(1, &all()),
            600_000,
        ),
    ]
}

/// Stacks that create, update and delete.
fn stacks() -> Vec<Task> {
    let plain = json!({"AgentAliases": x()});
    let waits = json!({"AgentAliases": x(), "WaitFor": "InService"});
    let larger = json!({"AgentAliases": x(), "WaitFor": "InService", "ModelUnits": 2});
    vec![
        (
            World::new("a stack", "Create and Delete", &["a"]).create(&plain, 3600).delete(3600).faults(1, &all()),
            900_000,
        ),
        (
            World::new("a stack that waits", "Create with WaitFor InService, and Delete", &["a"])
                .create(&waits, 3600)
                .delete(3600)
                .faults(1, &all()),
            900_000,
        ),
        (
            World::new("a stack in a hurry", "Create with WaitFor InService and ten minutes, Delete with four", &["a"])
                .create(&waits, 600)
                .delete(240)
                .faults(1, &all()),
            900_000,
        ),
        (
            World::new(
                "a stack that updates",
                "Create, an Update that may fail, and the Update that rolls back",
                &["a"],
            )
            .create(&plain, 3600)
            .update(&larger, 900)
            .update(&plain, 3600)
            .faults(1, &[Crash, AnswerLost, CreationFails, Missed, Repeated, LostTick]),
            1_000_000,
        ),
        (
            World::new("a stack that retains", "Create with OnDelete Retain, and Delete", &["a"])
                .create(&json!({"AgentAliases": x(), "OnDelete": "Retain"}), 3600)
                .delete(3600)
                .faults(1, &[Crash, AnswerLost, Missed, MarksLate, ListFails, Silence]),
            400_000,
        ),
    ]
}

/// Terms, which cost a month each.
fn terms() -> Vec<Task> {
    let term = |purchase: &str, end: &str| json!({"AgentAliases": x(), "CommitmentDuration": "OneMonth", "Purchase": purchase, "AtTermEnd": end});
    vec![
        (
            World::new("a term that ends", "AtTermEnd Retire", &["a"])
                .apply(0, &term("p1", "Retire"))
                .faults(2, &all()),
            1_000_000,
        ),
        (
            World::new("a term that is retired", "a term that would renew, and Retire", &["a"])
                .apply(0, &term("p1", "Renew"))
                .retire(0)
                .faults(1, &all()),
            700_000,
        ),
        (
            World::new("two purchases", "a term, and an Apply with a new Purchase", &["a"])
                .apply(0, &term("p1", "Retire"))
                .apply(0, &term("p2", "Retire"))
                .faults(1, &[Crash, AnswerLost, Silence, Missed, CreationFails, Ghost]),
            600_000,
        ),
        (
            World::new(
                "a term, then none",
                "a term, an Apply without one when it has ended, and with it again",
                &["a"],
            )
            .apply(0, &term("p1", "Retire"))
            .apply(0, &json!({"AgentAliases": x()}))
            .apply(0, &term("p1", "Retire"))
            .faults(1, &[Crash, AnswerLost, Missed, Repeated]),
            700_000,
        ),
        (
            World::new("a stack with a term", "Create with a term, and Delete", &["a"])
                .create(&term("p1", "Renew"), 3600)
                .delete(3600)
                .faults(1, &[Crash, AnswerLost, Silence, Missed, CreationFails]),
            600_000,
        ),
    ]
}

/// People who touch what is ours, AWS that turns a model `LEGACY`, and callers without an agent.
fn others() -> Vec<Task> {
    let alias = json!({"AgentAliases": x()});
    let daily = json!({"AgentAliases": x(), "Timetable": {"Timezone": "UTC", "Windows": ["Daily 00:00-01:00"]}});
    let rejects = json!({"AgentAliases": x(), "WhenOff": "Reject"});
    let pointed = json!({"AgentAliases": x(), "ModelIdParameter": "/m"});
    vec![
        (
            World::new("somebody routes", "people route the alias anywhere, and break it", &["a"])
                .scale_up(0, &alias)
                .scale_down(0)
                .hands(2, &[Hand::RouteToOurs, Hand::RouteToForeign, Hand::RouteOnDemand, Hand::BreakAlias])
                .faults(1, &[Crash, AliasFails, AliasUnread]),
            1_000_000,
        ),
        (
            World::new("somebody takes it", "people delete or retag the throughput", &["a"])
                .scale_up(0, &alias)
                .scale_down(0)
                .hands(1, &[Hand::Delete, Hand::Retag])
                .faults(1, &all()),
            800_000,
        ),
        (
            World::new("legacy", "an hour a day, and the model turns LEGACY", &["a"])
                .apply(0, &daily)
                .hands(1, &[Hand::Legacy])
                .until_hours(&[1, 24])
                .faults(1, &all()),
            500_000,
        ),
        (
            World::new("rejecting", "scaled up and down with WhenOff Reject, and retired", &["a"])
                .scale_up(0, &rejects)
                .scale_down(0)
                .retire(0)
                .faults(1, &all()),
            800_000,
        ),
        (
            World::new("a parameter", "scaled up and down with a parameter, which people write, too", &["a"])
                .scale_up(0, &pointed)
                .scale_down(0)
                .hands(1, &[Hand::WriteParameter])
                .faults(1, &all()),
            800_000,
        ),
    ]
}

/// Two commitments.
fn two() -> Vec<Task> {
    let alias = json!({"AgentAliases": x()});
    vec![
        (
            World::new("one total", "two commitments, and a total with room for one", &["a", "b"])
                .scale_up(0, &json!({}))
                .scale_up(1, &json!({}))
                .scale_down(0)
                .total("1")
                .faults(1, &[Crash, AnswerLost, Silence, Stall]),
            900_000,
        ),
        (
            World::new("one alias", "an alias moves from one commitment to the other", &["a", "b"])
                .apply(0, &alias)
                .apply(0, &json!({}))
                .apply(1, &alias)
                .faults(1, &[Crash, AnswerLost, AliasFails, Missed]),
            900_000,
        ),
    ]
}

/// Every world, each with the number of states at which its search is stopped.
#[must_use]
pub fn worlds() -> Vec<Task> {
    [on_and_off(), declarations(), stacks(), terms(), others(), two()].concat()
}

/// The part that is always searched in tests: two worlds as a whole, and of each the first states.
#[must_use]
pub fn fixed() -> Vec<Task> {
    let whole = ["names are unique", "legacy"];
    let part = |(world, limit): Task| {
        let limit = if whole.contains(&world.name) { limit } else { limit / 200 };
        (world, limit)
    };
    worlds().into_iter().map(part).collect()
}

/// The world of this name.
pub(crate) fn named(name: &str) -> Option<World> {
    let mut all = worlds().into_iter().chain([beyond()]).map(|(world, _)| world);
    all.find(|world| world.name == name)
}

/// A world in which AWS lags for longer than rule 5 counts on: there the search has to find what is bought twice.
#[must_use]
pub fn beyond() -> Task {
    let world = World::new("looks lag for an hour", "longer than rule 5 counts on", &["a"]);
    (world.scale_up(0, &json!({"AgentAliases": x()})).faults(2, &[Missed]).lagging(3600), 100_000)
}
