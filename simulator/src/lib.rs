//! What would AWS do?
//!
//! The part of bedrock, bedrock-agent, DynamoDB, EventBridge, EventBridge Scheduler and Systems
//! Manager that the function uses, over HTTP on 127.0.0.1, on a clock that the caller turns. It
//! behaves as the public documentation says; where that is silent, [`Knobs`] has a switch, and the
//! default is the less convenient way. It also watches over the function's promises: what buys
//! twice, deletes under a live alias or touches what is not its own is a violation, and a
//! violation that nobody takes fails the test.

mod account;
mod agents;
mod api;
mod bedrock;
mod events;
mod hands;
mod knobs;
pub mod lambda;
mod models;
mod operators;
mod parameters;
mod quotas;
mod recording;
mod routes;
pub mod runtime_api;
mod schedules;
mod server;
mod tables;
mod tags;
mod visibility;
mod watch;

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use account::{AliasView, ScheduleView, Throughput};
pub use events::EventView;
pub use knobs::{Knobs, Quota, Refuses, SpentToken};
pub use models::ModelDates;
pub use parameters::ParameterView;
pub use recording::BY_HAND;
pub use server::{Fault, Request};
pub use visibility::{Lag, Read};

use account::plus;
use models::Model;
use recording::Recorder;
use server::Shared;

/// The tag that names the commitment.
pub const COMMITMENT_TAG: &str = "throughput-scheduler:commitment";
/// The tag that names the deployment.
pub const DEPLOYMENT_TAG: &str = "throughput-scheduler:deployment";
/// The tag that named the deployment before.
pub const GROUP_TAG: &str = "throughput-scheduler:group";
/// The Region that is simulated.
pub const REGION: &str = "eu-central-1";

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
                account.models.insert(model.to_owned(), Model::default());
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

    /// Brings everything, the clock too, back to where it was; forgets what was asked since and
    /// what was to go wrong.
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

    /// Takes the promises that were broken so far. What nobody takes panics when the simulator is
    /// dropped.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.account().violations)
    }

    /// The next `times` requests for `operation` go wrong. That none comes counts as a broken promise: the test would show
    /// nothing. [`Simulator::clear_faults`] takes back what is planned.
    pub fn fault(&self, operation: &'static str, times: u32, fault: Fault) {
        self.shared.plan_fault(operation, times, fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.shared.forget_faults();
        let mut account = self.shared.account();
        account.doomed_creations.clear();
        account.doomed_updates.clear();
        account.failing_events.clear();
    }

    /// The next `count` requests for any of `operations` are answered only once all of them are there. That they never come
    /// together counts as a broken promise: the test would show nothing.
    pub fn meet(&self, operations: &[&'static str], count: usize) {
        self.shared.plan_meeting(operations, count);
    }

    /// After `after` more requests one is never answered, with or without its effect: whoever
    /// waits for it can be let die.
    pub fn fall_silent(&self, after: usize, has_effect: bool) {
        self.shared.plan_silence(after, has_effect);
    }

    /// Waits for that request.
    pub async fn silent(&self) {
        self.shared.silent().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
        let mut violations = self.take_violations();
        violations.extend(self.shared.missed());
        // A test that fails already says why.
        let unheard = violations.is_empty() || std::thread::panicking();
        assert!(unheard, "promises were broken:\n{}", violations.join("\n"));
    }
}
