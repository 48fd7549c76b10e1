//! What would AWS do?
//!
//! The part of bedrock, bedrock-agent, EventBridge Scheduler and Systems Manager that the function uses, over HTTP on 127.0.0.1, on a
//! clock that the caller turns. It behaves as the public documentation says; where that is silent, [`Knobs`] has a switch,
//! and the default is the less convenient way. It also watches over the function's promises: what buys twice, deletes under
//! a live alias or touches what is not its own is a violation, and a violation that nobody takes fails the test.

mod account;
mod agents;
mod api;
mod bedrock;
mod hands;
mod parameters;
mod recording;
pub mod runtime_api;
mod schedules;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use account::{AliasView, ScheduleView, Throughput};
pub use parameters::ParameterView;
pub use recording::BY_HAND;
pub use server::{Fault, Request};

use account::plus;
use recording::Recorder;
use server::Shared;

/// The tag that names the commitment.
pub const COMMITMENT_TAG: &str = "throughput-scheduler:commitment";
/// The tag that names the deployment.
pub const GROUP_TAG: &str = "throughput-scheduler:group";
/// The Region that is simulated.
pub const REGION: &str = "eu-central-1";

/// Whether, and how, something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuses {
    /// It is not refused.
    No,
    /// With `ConflictException`.
    Conflict,
    /// With `ValidationException`.
    Validation,
}

/// What a request token does whose throughput is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentToken {
    /// It gives the ARN of what is gone, and buys nothing.
    ReturnsOld,
    /// It buys anew.
    BuysAnew,
}

/// How this AWS behaves where the documentation leaves room, and what the watch over the promises needs to know.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Knobs {
    /// How long a throughput is being created.
    pub creation_time: SignedDuration,
    /// How long an alias is `UPDATING`.
    pub alias_settle: SignedDuration,
    /// How many `UpdateAgentAlias` a second are not throttled.
    pub alias_updates_per_second: usize,
    /// How many `GetAgentAlias` a second are not throttled; by default any number, for a clock that stands still.
    pub alias_looks_per_second: usize,
    /// How long every answer takes, in the machine's own time: for measurements, never for a test.
    pub latency: Duration,
    /// Whether a throughput that is being created can be deleted.
    pub delete_while_creating: Refuses,
    /// How a deletion before the end of a term is refused.
    pub delete_before_term_end: Refuses,
    /// Whether a term counts from coming into service, not from the purchase.
    pub term_from_service: bool,
    /// How long after its end a term renews.
    pub renews_after: SignedDuration,
    /// What a token does whose throughput is gone.
    pub spent_token: SpentToken,
    /// How long a token is remembered.
    pub token_memory: SignedDuration,
    /// Whether a route to what cannot serve it is refused.
    pub check_route: bool,
    /// Whether a started hour is billed whole.
    pub round_up_hours: bool,
    /// How long after a purchase List does not show it.
    pub list_lag: SignedDuration,
    /// How long after a purchase Get does not find it.
    pub get_lag: SignedDuration,
    /// Most model units with a term, and most without.
    pub quota: u32,
    /// Entries of a page of any List.
    pub page_size: usize,
    /// How long after a parameter is written it is read as before.
    pub parameter_lag: SignedDuration,
    /// The schedule groups that exist.
    pub groups: Vec<String>,
    /// The owner mark of the function that is watched.
    pub group: String,
    /// Whether the function may change invocation states.
    pub may_reject: bool,
    /// The shortest drain that is no violation.
    pub least_drain: SignedDuration,
    /// How long something with our marks may be registered nowhere.
    pub orphan_after: Option<SignedDuration>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            creation_time: SignedDuration::from_mins(35),
            alias_settle: SignedDuration::from_secs(3),
            alias_updates_per_second: 2,
            alias_looks_per_second: usize::MAX,
            latency: Duration::ZERO,
            delete_while_creating: Refuses::Conflict,
            delete_before_term_end: Refuses::Validation,
            term_from_service: true,
            renews_after: SignedDuration::from_secs(30),
            spent_token: SpentToken::ReturnsOld,
            token_memory: SignedDuration::from_hours(24 * 30),
            check_route: false,
            round_up_hours: true,
            list_lag: SignedDuration::ZERO,
            get_lag: SignedDuration::ZERO,
            quota: 20,
            page_size: 10,
            parameter_lag: SignedDuration::ZERO,
            groups: vec!["throughput".to_owned()],
            group: "throughput".to_owned(),
            may_reject: false,
            least_drain: SignedDuration::ZERO,
            orphan_after: Some(SignedDuration::from_mins(10)),
        }
    }
}

/// What a throughput has cost so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// The throughput's name.
    pub name: String,
    /// Model units times hours, from the purchase on.
    pub unit_hours: f64,
}

/// An account as it was at one instant: everything that has consequences.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot(account::Account);

/// That a connection broke before the answer was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// A simulated account in one Region.
pub struct Simulator {
    shared: Arc<Shared>,
    url: String,
    recorder: Option<Arc<Recorder>>,
    server: JoinHandle<()>,
}

impl Simulator {
    /// Starts an account at the instant `now`, on a port of its own.
    ///
    /// # Panics
    /// No port of 127.0.0.1 can be had.
    #[expect(clippy::expect_used, reason = "without a port there is nothing to simulate")]
    pub async fn start(now: Timestamp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of 127.0.0.1 is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::default());
        {
            let mut account = shared.account();
            account.now = now;
            for model in ["amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"] {
                account.models.insert(model.to_owned(), "ACTIVE".to_owned());
            }
        }
        let recorder = Recorder::from_environment();
        let router = server::router(Arc::clone(&shared), recorder.clone());
        let server = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Self { shared, url: format!("http://{address}"), recorder, server }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Answers one request without a network: what is asked and what comes back is the same.
    ///
    /// # Errors
    /// The connection would have broken.
    pub async fn answer(&self, request: HttpRequest<Bytes>) -> Result<Response<Bytes>, Broken> {
        let serve = |request| server::serve(State(Arc::clone(&self.shared)), request);
        let request = request.map(Body::from);
        let response = match &self.recorder {
            Some(recorder) => recording::around(Arc::clone(recorder), request, serve).await,
            None => serve(request).await,
        };
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|_| Broken)?;
        Ok(Response::from_parts(parts, body))
    }

    /// Everything as it is, to come back to.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.shared.account().clone())
    }

    /// Brings everything, the clock too, back to where it was; forgets what was asked since and what was to go wrong.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.shared.start_over(snapshot.0.clone());
    }

    /// The instant that it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.account().now
    }

    /// Turns the clock to `now`; it never goes back.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.account().turn(now);
    }

    /// Lets `duration` pass.
    pub fn advance(&self, duration: SignedDuration) {
        let mut account = self.shared.account();
        let then = plus(account.now, duration);
        account.turn(then);
    }

    /// Changes how it behaves.
    pub fn knobs(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.shared.account().knobs);
    }

    /// What fires in `(after, until]`.
    #[must_use]
    pub fn due(&self, after: Timestamp, until: Timestamp) -> Vec<(Timestamp, ScheduleView)> {
        self.shared.account().due(after, until)
    }

    /// The schedule `name` of `group`.
    #[must_use]
    pub fn schedule(&self, group: &str, name: &str) -> Option<ScheduleView> {
        self.shared.account().schedules.get(&(group.to_owned(), name.to_owned())).cloned()
    }

    /// Every schedule.
    #[must_use]
    pub fn schedules(&self) -> Vec<ScheduleView> {
        self.shared.account().schedules.values().cloned().collect()
    }

    /// Every throughput that is there.
    #[must_use]
    pub fn throughputs(&self) -> Vec<Throughput> {
        self.shared.account().living().cloned().collect()
    }

    /// Every throughput that ever was there.
    #[must_use]
    pub fn history(&self) -> Vec<Throughput> {
        self.shared.account().throughputs.clone()
    }

    /// An alias.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that asks for an alias that it did not make is wrong")]
    pub fn alias(&self, agent: &str, alias: &str) -> AliasView {
        let key = (agent.to_owned(), alias.to_owned());
        self.shared.account().aliases.get(&key).cloned().expect("the alias exists")
    }

    /// What was asked since the start, or since it was last cleared, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests().clone()
    }

    /// The names of the operations that were asked for.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static str> {
        self.shared.requests().iter().map(|request| request.operation).collect()
    }

    /// The operation that was asked for last.
    #[must_use]
    pub fn last_operation(&self) -> Option<&'static str> {
        self.shared.requests().last().map(|request| request.operation)
    }

    /// Forgets what was asked so far.
    pub fn clear_requests(&self) {
        self.shared.requests().clear();
    }

    /// What every throughput has cost so far; one that failed costs nothing.
    #[must_use]
    pub fn billing(&self) -> Vec<Bill> {
        let account = self.shared.account();
        let paid = account.throughputs.iter().filter(|one| one.status != "Failed");
        let bill = |one: &Throughput| {
            let until = one.deleted.unwrap_or(account.now);
            let hours = until.duration_since(one.created).as_secs_f64() / 3600.0;
            let hours = if account.knobs.round_up_hours { hours.ceil() } else { hours };
            Bill { name: one.name.clone(), unit_hours: hours * f64::from(one.units) }
        };
        paid.map(bill).collect()
    }

    /// Takes the promises that were broken so far. What nobody takes panics when the simulator is dropped.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.account().violations)
    }

    /// The next `times` requests for `operation` go wrong.
    pub fn fault(&self, operation: &'static str, times: u32, fault: Fault) {
        self.shared.plan_fault(operation, times, fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.shared.forget_faults();
        let mut account = self.shared.account();
        account.doomed_creations.clear();
        account.doomed_updates.clear();
    }

    /// The next `count` requests for any of `operations` are answered only once all of them are there.
    pub fn meet(&self, operations: &[&'static str], count: usize) {
        self.shared.plan_meeting(operations, count);
    }

    /// After `after` more requests one is never answered, with or without its effect: whoever waits for it can be let die.
    pub fn fall_silent(&self, after: usize, has_effect: bool) {
        self.shared.plan_silence(after, has_effect);
    }

    /// Waits for that request.
    pub async fn silent(&self) {
        self.shared.silent().await;
    }

    /// An agent whose draft is of `model`.
    pub fn add_agent(&self, agent: &str, model: &str) {
        self.add_agent_version(agent, "DRAFT", model);
    }

    /// A version of an agent.
    pub fn add_agent_version(&self, agent: &str, version: &str, model: &str) {
        self.shared.account().versions.insert((agent.to_owned(), version.to_owned()), model.to_owned());
    }

    /// An alias on demand, with a name and a description of its own.
    pub fn add_alias(&self, agent: &str, alias: &str, version: &str) {
        let view = AliasView {
            name: format!("alias-{alias}"),
            description: Some("what people see".to_owned()),
            version: version.to_owned(),
            route: None,
            serving: None,
            status: "PREPARED",
            failures: Vec::new(),
            invocation_state: "ACCEPT_INVOCATIONS".to_owned(),
            settles: None,
        };
        self.shared.account().aliases.insert((agent.to_owned(), alias.to_owned()), view);
    }

    /// Somebody changes an alias.
    ///
    /// # Panics
    /// There is none.
    #[expect(clippy::expect_used, reason = "a test that changes an alias that it did not make is wrong")]
    pub fn change_alias(&self, agent: &str, alias: &str, change: impl FnOnce(&mut AliasView)) {
        let mut account = self.shared.account();
        let view = account.aliases.get_mut(&(agent.to_owned(), alias.to_owned())).expect("the alias exists");
        change(view);
        view.serving.clone_from(&view.route);
        account.note_leaving();
    }

    /// Somebody deletes an alias.
    pub fn remove_alias(&self, agent: &str, alias: &str) {
        self.shared.account().aliases.remove(&(agent.to_owned(), alias.to_owned()));
    }

    /// A parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<ParameterView> {
        self.shared.account().parameters.get(name).cloned()
    }

    /// Somebody has a parameter hold `value`; `kind` is `String`, `StringList` or `SecureString`.
    pub fn set_parameter(&self, name: &str, kind: &str, value: &str) {
        self.shared.account().hold(name, value, kind, false);
    }

    /// Somebody deletes a parameter.
    pub fn remove_parameter(&self, name: &str) {
        self.shared.account().parameters.remove(name);
    }

    /// Somebody deletes a throughput, whoever uses it.
    pub fn delete_throughput(&self, name: &str) {
        let mut account = self.shared.account();
        let now = account.now;
        if let Some(index) = account.find(name) {
            account.throughputs[index].deleted = Some(now);
        }
    }

    /// Somebody changes a throughput that is there.
    ///
    /// # Panics
    /// There is none of that name.
    #[expect(clippy::expect_used, reason = "a test that changes a throughput that is not there is wrong")]
    pub fn change_throughput(&self, name: &str, change: impl FnOnce(&mut Throughput)) {
        let mut account = self.shared.account();
        let index = account.find(name).expect("the throughput exists");
        change(&mut account.throughputs[index]);
    }

    /// The next throughput that is bought will fail.
    pub fn fail_next_creation(&self, reason: &str) {
        self.shared.account().doomed_creations.push_back(reason.to_owned());
    }

    /// The next alias that is updated will fail.
    pub fn fail_next_alias_update(&self, reason: &str) {
        self.shared.account().doomed_updates.push_back(reason.to_owned());
    }

    /// A throughput in service of `units` that somebody else has bought, without our marks unless `tags` has them; gives
    /// its ARN.
    pub fn add_throughput(&self, name: &str, model: &str, units: u32, tags: &[(&str, &str)]) -> String {
        let mut account = self.shared.account();
        account.next_number += 1;
        let (now, number) = (account.now, account.next_number);
        let base = model.rsplit_once(':').filter(|(_, context)| context.ends_with('k')).map_or(model, |(base, _)| base);
        let arn = format!("arn:aws:bedrock:{REGION}:123456789012:provisioned-model/{number:012x}");
        let tags: BTreeMap<_, _> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        account.throughputs.push(Throughput {
            name: name.to_owned(),
            arn: arn.clone(),
            status: "InService",
            failure: None,
            units,
            model_arn: format!("arn:aws:bedrock:{REGION}::foundation-model/{model}"),
            foundation_model_arn: format!("arn:aws:bedrock:{REGION}::foundation-model/{base}"),
            term: None,
            expiration: None,
            tags,
            created: now,
            in_service: Some(now),
            deleted: None,
            left: Some(now),
            ready: now,
            doomed: None,
            unregistered_since: None,
        });
        arn
    }

    /// Sets a base model's lifecycle: `ACTIVE` or `LEGACY`.
    pub fn set_model_lifecycle(&self, model: &str, lifecycle: &str) {
        self.shared.account().models.insert(model.to_owned(), lifecycle.to_owned());
    }

    /// A custom model of the base model `base`.
    pub fn add_custom_model(&self, arn: &str, base: &str) {
        self.shared.account().custom_models.insert(arn.to_owned(), base.to_owned());
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
        let violations = self.take_violations();
        // A test that fails already says why.
        let unheard = violations.is_empty() || std::thread::panicking();
        assert!(unheard, "promises were broken:\n{}", violations.join("\n"));
    }
}
