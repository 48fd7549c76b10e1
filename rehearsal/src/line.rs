//! What if the function dies just here, or another invocation comes in between?
//!
//! A [`Line`] is one invocation's way to the simulated account: the real SDK clients, without a network below them. It counts the
//! calls, and at one that was chosen it stops the invocation, before the call or after its effect, or loses the answers. Whoever
//! drives the invocation lets it go on, or die by dropping it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use axum::body::Bytes;
use jiff::Timestamp;
use simulator::Simulator;
use throughput_scheduler::aws::Aws;
use throughput_scheduler::handler::Handler;
use tokio::sync::Notify;

/// What happens at one call; calls are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The invocation stops before the call.
    Before(usize),
    /// The invocation stops when the call has had its effect.
    After(usize),
    /// The answers to the call, and to the tries that follow it, are lost: so many in all.
    Lose(usize, usize),
}

/// What was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    /// The name of the line.
    pub by: &'static str,
    /// Its number: how many the line had begun before.
    pub number: usize,
    /// The operation.
    pub operation: &'static str,
    /// Whether it was not refused.
    pub accepted: bool,
    /// When.
    pub at: Timestamp,
}

/// What the lines of one account share: the calls in the order in which they had their effect.
pub type Log = Arc<Mutex<Vec<Called>>>;

/// One invocation's way to the simulated account.
#[derive(Clone)]
pub struct Line {
    name: &'static str,
    sim: Arc<Simulator>,
    log: Log,
    state: Arc<Mutex<State>>,
    stopped: Arc<Notify>,
    released: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    calls: usize,
    cut: Option<Cut>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Line").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Line {
    /// A line named `name` that writes what it calls into `log`.
    #[must_use]
    pub fn new(name: &'static str, sim: &Arc<Simulator>, log: &Log) -> Self {
        let (state, stopped, released) = (Arc::default(), Arc::default(), Arc::default());
        Self { name, sim: Arc::clone(sim), log: Arc::clone(log), state, stopped, released }
    }

    /// The function of [`crate::handler`] behind this line.
    #[must_use]
    pub fn handler(&self, settings: &[(&str, &str)]) -> Handler {
        Handler { aws: Aws::new(&self.configuration()), ..crate::handler(&self.sim, settings) }
    }

    fn configuration(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let client = SharedHttpClient::new(http_client_fn(move |_, _| connector.clone()));
        crate::configuration(&self.sim.url()).into_builder().http_client(client).build()
    }

    /// Counts from 0 again, and does what `cut` says.
    pub fn arm(&self, cut: Option<Cut>) {
        *lock(&self.state) = State { calls: 0, cut };
    }

    /// How many calls were made since.
    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.state).calls
    }

    /// Whether the cut has not come yet.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        lock(&self.state).cut.is_some()
    }

    /// Lets `invocation` go on until its cut; nothing if it stopped there, else how it ended.
    pub async fn until_cut<T>(&self, invocation: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            ended = invocation => Some(ended),
            () = self.stopped.notified() => None,
        }
    }

    /// Lets an invocation that stopped at its cut go on from there as soon as somebody drives it.
    pub fn release(&self) {
        self.released.notify_one();
    }

    async fn stop(&self) {
        self.stopped.notify_one();
        self.released.notified().await;
    }

    /// The number of this call, and what is to happen at it.
    fn next(&self) -> (usize, Option<Cut>) {
        let mut state = lock(&self.state);
        let number = state.calls;
        state.calls += 1;
        let (due, left) = match state.cut {
            Some(due @ (Cut::Before(at) | Cut::After(at))) if at == number => (Some(due), None),
            Some(due @ Cut::Lose(at, times)) if at == number => {
                (Some(due), (times > 1).then(|| Cut::Lose(at + 1, times - 1)))
            }
            later => (None, later),
        };
        state.cut = left;
        (number, due)
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (number, cut) = self.next();
        if matches!(cut, Some(Cut::Before(_))) {
            self.stop().await;
        }
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
        let answer = self.sim.answer(request).await;
        if let Some(operation) = self.sim.last_operation() {
            let accepted = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
            lock(&self.log).push(Called { by: self.name, number, operation, accepted, at: self.sim.now() });
        }
        match (cut, answer) {
            (Some(Cut::Lose(..)), _) | (_, Err(_)) => Err(ConnectorError::io("the connection broke".into())),
            (cut, Ok(answer)) => {
                if matches!(cut, Some(Cut::After(_))) {
                    self.stop().await;
                }
                let answer = answer.map(SdkBody::from);
                HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
            }
        }
    }
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let line = self.clone();
        HttpConnectorFuture::new(async move { line.ask(request).await })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
