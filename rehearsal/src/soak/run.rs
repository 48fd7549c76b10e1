//! One run: the minutes, one after the other, and the invocations in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{Refuses, Simulator, SpentToken};
use throughput_scheduler::aws::Aws;
use throughput_scheduler::handler::{Handler, Invocation};
use throughput_scheduler::rounds::Clock;

use super::books::Watched;
use super::declared::Declared;
use super::dice::Dice;
use super::meddling::Meddling;
use super::oracle::{Oracle, Registered};
use super::stacks::{Asked, Resource};
use super::wire::{Death, End, SINK, Wire};
use super::{CUSTOM_MODEL, Ledger, Told};
use crate::{Answer, FUNCTION, MODEL, TABLE};

/// How long storms last before a calm, and the least that a calm lasts.
const STORM: SignedDuration = SignedDuration::from_hours(21);
const CALM: SignedDuration = SignedDuration::from_mins(100);
/// Within so long without anything going wrong everything has to be settled: a creation, the wait after a failure, and what
/// timetables may change meanwhile.
const LONGEST_CALM: SignedDuration = SignedDuration::from_hours(10);

/// A commitment, and what is known of it.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) aliases: Vec<(String, String)>,
    /// Names of parameters that it may declare.
    pub(super) parameters: Vec<String>,
    pub(super) with_term: bool,
    /// That it is a stack's, if it is.
    pub(super) resource: Option<Resource>,
    pub(super) oracle: Oracle,
    /// The record, and what it says.
    pub(super) input: String,
    pub(super) registered: Option<Registered>,
    /// When what is registered last changed in what it wants.
    pub(super) changed: Timestamp,
    /// The declarations of which one is in force; more than one where an invocation died.
    pub(super) candidates: Vec<u32>,
    pub(super) settled: Timestamp,
    /// The last reports, for people.
    pub(super) last_report: String,
    /// Until when what somebody did to it may have consequences.
    pub(super) trouble_until: Timestamp,
    /// What has been paid for it.
    pub(super) ledger: Ledger,
}

/// An event on its way.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) at: Timestamp,
    pub(super) event: Value,
    /// How often Lambda tries again.
    pub(super) tries: u32,
    /// The request of `CloudFormation` that it is.
    pub(super) request: Option<String>,
}

pub(super) struct Run {
    pub(super) dice: Dice,
    pub(super) wire: Arc<Wire>,
    handler: Handler,
    pub(super) members: Vec<Member>,
    pub(super) declared: BTreeMap<u32, Declared>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) asked: BTreeMap<String, Asked>,
    /// Requests that were answered FAILED because the record could not be written: then nobody remembers it, and they may turn out to
    /// have been carried out.
    pub(super) unwritten: BTreeSet<String>,
    pub(super) meddling: Meddling,
    pub(super) watched: Watched,
    pub(super) calm: bool,
    pub(super) tick_minutes: i64,
    pub(super) creation: SignedDuration,
    /// Whether what is being created cannot be deleted.
    pub(super) creation_binds: bool,
    pub(super) unanswerable: u64,
    pub(super) requests: u64,
    invocations: u64,
    /// Until when ticks have been delivered.
    clock: Timestamp,
}

pub(super) fn after(instant: Timestamp, minutes: i64) -> Timestamp {
    instant.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(instant)
}

impl Run {
    pub(super) async fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let start = after(Timestamp::from_second(1_767_571_200).unwrap_or_default(), dice.between(0, 480_000));
        let sim = Arc::new(Simulator::start(start).await);
        let creation = SignedDuration::from_mins(*dice.pick(&[16, 25, 35, 55]));
        let tick_minutes = *dice.pick(&[1, 3, 5, 5, 5, 5]);
        let while_creating = *dice.pick(&[Refuses::Conflict, Refuses::Validation, Refuses::No]);
        let creation_binds = !matches!(while_creating, Refuses::No);
        crate::open_deployment(&sim);
        sim.add_custom_model(CUSTOM_MODEL, MODEL);
        sim.knobs(|knobs| {
            knobs.creation_time = creation;
            knobs.quota = 1000;
            knobs.round_up_hours = false;
            knobs.parameter_lag = SignedDuration::from_secs(*dice.pick(&[0, 0, 2]));
            knobs.may_reject = true;
            knobs.page_size = usize::try_from(dice.between(1, 4)).unwrap_or(1);
            knobs.delete_while_creating = while_creating;
            knobs.delete_before_term_end = *dice.pick(&[Refuses::Conflict, Refuses::Validation]);
            knobs.term_from_service = dice.once_in(2);
            knobs.spent_token = *dice.pick(&[SpentToken::ReturnsOld, SpentToken::BuysAnew]);
            knobs.check_route = dice.once_in(2);
            knobs.list_lag = SignedDuration::from_secs(*dice.pick(&[0, 0, 20]));
            knobs.get_lag = SignedDuration::from_secs(*dice.pick(&[0, 0, 5]));
            knobs.orphan_after = Some(SignedDuration::from_mins(15));
        });
        let wire = Wire::new(Arc::clone(&sim), seed);
        let count = *dice.pick(&[3, 3, 4]);
        let members: Vec<Member> = (0..count).map(|number| member(&sim, number)).collect();
        let handler =
            handler(&wire, &format!("rate({tick_minutes} minute{})", if tick_minutes == 1 { "" } else { "s" }));
        Self {
            dice,
            wire,
            handler,
            members,
            declared: BTreeMap::new(),
            deliveries: Vec::new(),
            asked: BTreeMap::new(),
            unwritten: BTreeSet::new(),
            meddling: Meddling::default(),
            watched: Watched::default(),
            calm: false,
            tick_minutes,
            creation,
            creation_binds,
            unanswerable: 0,
            requests: 0,
            invocations: 0,
            clock: start,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.wire.sim.now()
    }

    /// Storms and calms in turn, and at last everybody goes.
    pub(super) async fn weeks(&mut self, weeks: f64) -> Result<Told, String> {
        let seconds = SignedDuration::try_from_secs_f64(weeks * 7.0 * 24.0 * 3600.0).unwrap_or_default();
        let until = self.clock.saturating_add(seconds).unwrap_or(self.clock);
        while self.clock < until {
            let storm = self.clock.saturating_add(STORM).unwrap_or(until);
            self.calm = false;
            while self.clock < storm {
                self.minute().await?;
            }
            self.settle().await?;
        }
        self.everybody_goes().await?;
        let inner = self.wire.inner();
        let (counts, calls) = (inner.counts.clone(), inner.calls);
        drop(inner);
        let Self { invocations, unanswerable, .. } = *self;
        let ledger = self.members.iter().fold(Ledger::default(), |sum, member| sum.and(&member.ledger));
        let billed = self.reconcile()?;
        Ok(Told { counts, digest: self.wire.digest(), calls, invocations, ledger, billed, unanswerable })
    }

    /// A time in which nothing goes wrong: at its end everything is settled.
    async fn settle(&mut self) -> Result<(), String> {
        self.calm_down();
        let since = self.clock;
        let enough = since.saturating_add(CALM).unwrap_or(since);
        let most = since.saturating_add(LONGEST_CALM).unwrap_or(since);
        loop {
            self.minute().await?;
            let unsettled = self.members.iter().find(|member| member.settled < after(since, 45) && !member.is_free());
            match unsettled {
                None if enough <= self.clock => {
                    self.reconcile()?;
                    return Ok(());
                }
                Some(member) if most <= self.clock => {
                    let (name, report) = (&member.name, &member.last_report);
                    return Err(format!(
                        "{name} is not settled {LONGEST_CALM:#} after the last that went wrong: {report}"
                    ));
                }
                None | Some(_) => {}
            }
        }
    }

    /// Everything is retired or deleted; in the end nothing is left.
    async fn everybody_goes(&mut self) -> Result<(), String> {
        self.calm_down();
        let mut minutes = 0;
        loop {
            self.send_away().await?;
            self.minute().await?;
            minutes += 1;
            let left = self.wire.sim.schedules();
            if left.is_empty() && self.deliveries.is_empty() && self.members.iter().all(Member::is_free) {
                break;
            }
            // A term may have months to go: until shortly before its end nothing happens.
            let terms = self.wire.sim.throughputs().into_iter().filter_map(|one| one.expiration);
            if let Some(end) = terms.min().filter(|end| *end > after(self.clock, 100)).filter(|_| minutes > 300) {
                self.wire.sim.set_now(after(end, -80));
                self.clock = self.now();
                minutes = 0;
            }
            if minutes > 1500 {
                let names: Vec<_> = left.iter().map(|schedule| (&schedule.name, &schedule.input)).collect();
                return Err(format!("these do not go: {names:?}"));
            }
        }
        self.nothing_is_left()
    }

    /// One minute: what is due, what is on its way, and what people and chance do.
    pub(super) async fn minute(&mut self) -> Result<(), String> {
        let (from, minute) = (self.clock, after(self.clock, 1));
        self.clock = minute;
        for (at, schedule) in self.wire.sim.due(from, minute) {
            self.turn_to(at);
            if let Ok(event) = serde_json::from_str(&schedule.input) {
                self.tick(event).await?;
            }
        }
        while let Some(index) = self.deliveries.iter().position(|delivery| delivery.at <= minute) {
            let delivery = self.deliveries.remove(index);
            self.turn_to(delivery.at);
            self.deliver(delivery).await?;
        }
        self.turn_to(minute);
        if !self.calm {
            self.meddle();
            self.people_act().await?;
        }
        self.stacks_act();
        self.watch()?;
        if minute.as_second().rem_euclid(3600) < 60 {
            // The hourly rule of the template.
            let _answer = self.invoke(&json!({"Action": "Repair"})).await;
            self.wire.sim.clear_requests();
        }
        Ok(())
    }

    fn turn_to(&self, at: Timestamp) {
        if self.now() < at {
            self.wire.sim.set_now(at);
        }
    }

    /// A tick, as EventBridge Scheduler and Lambda deliver it: at least once, perhaps; hardly ever on time.
    async fn tick(&mut self, event: Value) -> Result<(), String> {
        if self.now() < self.meddling.no_ticks_until {
            return Ok(());
        }
        let Some(kind) = self.tick_goes_wrong() else { return self.ticked(event).await };
        self.wire.count(kind);
        self.wire.trouble();
        match kind {
            "tick: lost" => Ok(()),
            "tick: late" => {
                let at = self.now().saturating_add(SignedDuration::from_secs(self.dice.between(5, 400)));
                self.deliveries.push(Delivery { at: at.unwrap_or_default(), event, tries: 0, request: None });
                Ok(())
            }
            "tick: doubled" => {
                self.ticked(event.clone()).await?;
                self.ticked(event).await
            }
            _ => {
                let answers = self.side_by_side(&event, &event).await;
                for answer in answers {
                    self.hear(&event, &answer)?;
                }
                Ok(())
            }
        }
    }

    fn tick_goes_wrong(&mut self) -> Option<&'static str> {
        if self.calm || !self.dice.once_in(60) {
            return None;
        }
        Some(*self.dice.pick(&["tick: lost", "tick: late", "tick: doubled", "tick: doubled and interleaved"]))
    }

    async fn ticked(&mut self, event: Value) -> Result<(), String> {
        if let Some(answer) = self.invoke(&event).await {
            self.hear(&event, &answer)?;
        }
        Ok(())
    }

    /// Delivers an event that is on its way; what fails or dies is tried again, as Lambda does.
    async fn deliver(&mut self, delivery: Delivery) -> Result<(), String> {
        let Delivery { event, tries, request, .. } = &delivery;
        if request.is_some() && *tries == 2 && !self.calm && self.dice.once_in(6) {
            // Doubled, and both at the same time.
            self.wire.count("stack: delivered twice and interleaved");
            self.wire.trouble();
            let mut well = false;
            for answer in self.side_by_side(event, event).await {
                well |= answer.is_ok();
            }
            if let Some(asked) = request.as_ref().and_then(|id| self.asked.get_mut(id)) {
                asked.heard |= well;
                asked.under_way = asked.under_way.saturating_sub(1);
            }
            return Ok(());
        }
        let answer = self.invoke(event).await;
        let well = matches!(answer, Some(Ok(_)));
        match (&answer, request) {
            (Some(answer), _) => self.hear(event, answer)?,
            (None, Some(id)) => self.excuse_overtaken_by(id),
            (None, None) => {}
        }
        if !well && *tries > 0 {
            let at = after(self.now(), if *tries == 2 { 1 } else { 2 });
            self.deliveries.push(Delivery { at, tries: tries - 1, ..delivery.clone() });
        } else if let Some(asked) = request.as_ref().and_then(|id| self.asked.get_mut(id)) {
            asked.heard |= well;
            asked.under_way = asked.under_way.saturating_sub(1);
        }
        Ok(())
    }

    /// One invocation; nothing if it dies.
    pub(super) async fn invoke(&mut self, event: &Value) -> Option<Answer> {
        self.invocations += 1;
        if !self.calm && self.dice.once_in(120) {
            let death = Death { after: Some(self.dice.between(0, 9)), has_effect: self.dice.once_in(2) };
            self.wire.inner().death = Some(death);
        }
        if !self.calm && event.get("RequestType").is_some() && self.dice.once_in(8) {
            self.wire.inner().death = Some(Death { after: None, has_effect: self.dice.once_in(2) });
        }
        self.watch_drains(&[event]);
        let invocation = self.invocation();
        let answer = tokio::select! {
            biased;
            answer = self.handler.handle(event.clone(), &invocation) => Some(answer),
            () = self.wire.died() => None,
        };
        self.wire.inner().death = None;
        if let Some(Err(error)) = &answer {
            self.wire.note(&format!("  ended in {}: {error}", error.kind()));
        }
        answer
    }

    /// Two invocations whose calls alternate.
    pub(super) async fn side_by_side(&mut self, one: &Value, other: &Value) -> [Answer; 2] {
        self.invocations += 2;
        self.watch_drains(&[one, other]);
        self.wire.inner().interleaved = true;
        let invocation = self.invocation();
        let (one, other) = tokio::join!(
            self.handler.handle(one.clone(), &invocation),
            self.handler.handle(other.clone(), &invocation),
        );
        self.wire.inner().interleaved = false;
        [one, other]
    }

    fn invocation(&self) -> Invocation {
        let deadline = after(self.wire.function_time(), 5);
        Invocation { function_arn: FUNCTION.to_owned(), deadline, request_id: String::new() }
    }

    pub(super) fn index_of(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// Looks again at what is registered of the member `index`.
    pub(super) fn read(&mut self, index: usize) {
        let now = self.now();
        let member = &mut self.members[index];
        let record = self.wire.sim.item(TABLE, &format!("commitment/{}", member.name));
        let input = record.map(|record| record.to_string()).unwrap_or_default();
        if input == member.input {
            return;
        }
        let registered = Registered::read(&input);
        let wants = |registered: &Option<Registered>| registered.clone().map(Registered::wants);
        if wants(&registered) != wants(&member.registered) {
            member.changed = now;
        }
        let parameter = |registered: &Option<Registered>| registered.as_ref().and_then(|one| one.parameter.clone());
        let dropped = parameter(&member.registered).is_some_and(|known| parameter(&registered) != Some(known));
        if dropped && registered.is_some() {
            self.wire.inner().counts.count("seen: parameter dropped or renamed");
        }
        member.registered = registered;
        member.input = input;
    }
}

impl Member {
    /// Whether there is nothing of it: not registered, and no stack has it or asks for it.
    pub(super) fn is_free(&self) -> bool {
        self.input.is_empty() && self.resource.as_ref().is_none_or(Resource::is_free)
    }
}

fn member(sim: &Simulator, number: i64) -> Member {
    let agent = format!("AGENT0000{number}");
    sim.add_agent(&agent, MODEL);
    sim.add_agent_version(&agent, "3", MODEL);
    let aliases: Vec<(String, String)> =
        (0..2).map(|which| (agent.clone(), format!("ALIAS0{number}00{which}"))).collect();
    for (agent, alias) in &aliases {
        sim.add_alias(agent, alias, "3");
    }
    let resource = (number % 2 == 1).then(|| Resource::new(number));
    let name = resource.as_ref().map_or_else(|| format!("member-{number}"), |resource| resource.name.clone());
    Member {
        name,
        aliases,
        parameters: ["model-id", "another/model-id"].iter().map(|path| format!("/soak/{number}/{path}")).collect(),
        with_term: number == 2,
        resource,
        oracle: Oracle::default(),
        input: String::new(),
        registered: None,
        changed: Timestamp::MIN,
        candidates: Vec::new(),
        settled: Timestamp::MIN,
        last_report: String::new(),
        trouble_until: Timestamp::MIN,
        ledger: Ledger::default(),
    }
}

/// The function, with real clients whose wire is ours.
fn handler(wire: &Arc<Wire>, tick_rate: &str) -> Handler {
    let end = End(Arc::clone(wire));
    let configuration = crate::configuration("http://127.0.0.1:1")
        .into_builder()
        .http_client(SharedHttpClient::new(end.clone()))
        .sleep_impl(SharedAsyncSleep::new(end.clone()))
        .time_source(SharedTimeSource::new(end.clone()))
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    let (reads, turns) = (Arc::clone(wire), Arc::clone(wire));
    let clock = Clock {
        now: Box::new(move || reads.function_time()),
        sleep: Box::new(move |duration| {
            let turns = Arc::clone(&turns);
            Box::pin(async move {
                turns.sim.advance(SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX));
            })
        }),
    };
    let aws = Aws::new(&configuration).known_as("soak").answering_by(SharedHttpConnector::new(end));
    let settings = [("RESPONSE_HOSTS", SINK), ("TICK_RATE", tick_rate)];
    Handler { aws, clock, ..crate::handler(&wire.sim, &settings) }
}
