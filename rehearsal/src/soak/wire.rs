//! What becomes of a call on its way?
//!
//! In place of a socket: each request of the SDK goes straight to the simulator, in an order that depends on nothing but the
//! seed. Here calls fail, get lost, stay without an answer, and here invocations die. Answers to `CloudFormation` come by, too.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::body::Bytes;
use axum::http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::{Fault, Simulator};
use tokio::sync::Notify;

use super::dice::{Counts, Dice};

/// Where Systems Manager is told what is wanted.
const TARGET: &str = "x-amz-target";
/// What is asked: method, path and [`TARGET`].
type Asked<'a> = (Method, &'a str, Option<&'a str>);
/// Where answers to `CloudFormation` go.
pub(super) const SINK: &str = "127.0.0.1:9";
/// How long the function waits for an answer that does not come.
const PATIENCE: SignedDuration = SignedDuration::from_secs(8);
/// How long after a fault things may still be out of order: a failure is tried again after ten minutes, by the next tick.
pub(super) const AFTERMATH: SignedDuration = SignedDuration::from_mins(20);
/// Events and calls that are kept to be told when a run fails.
const TOLD: usize = 300;

/// How often calls go wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    /// Of a hundred calls, so many go wrong.
    pub(super) faults: u32,
    /// The operation that is denied, every time.
    pub(super) denied: Option<&'static str>,
    /// Of a hundred answers to `CloudFormation`, so many go wrong.
    pub(super) unheard: u32,
    /// Of a hundred purchases, so many does the quota not allow.
    pub(super) refused: u32,
}

/// An answer to `CloudFormation` that was taken.
#[derive(Debug, Clone)]
pub(super) struct Put {
    pub(super) request: String,
    pub(super) at: Timestamp,
    pub(super) body: Value,
}

/// Where an invocation dies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Death {
    /// After so many more calls, or at the first answer to `CloudFormation` whatever came before.
    pub(super) after: Option<i64>,
    /// Whether the last call has its effect.
    pub(super) has_effect: bool,
}

pub(super) struct Inner {
    dice: Dice,
    pub(super) weather: Weather,
    pub(super) counts: Counts,
    digest: Sha256,
    pub(super) calls: u64,
    log: VecDeque<String>,
    pub(super) death: Option<Death>,
    /// Whether two invocations run side by side, whose calls are to alternate.
    pub(super) interleaved: bool,
    pub(super) puts: Vec<Put>,
    /// Until when what went wrong may have consequences.
    pub(super) trouble_until: Timestamp,
    /// How much the function's clock is behind.
    pub(super) behind: SignedDuration,
}

/// All that lies between the function and AWS.
pub(super) struct Wire {
    pub(super) sim: Arc<Simulator>,
    inner: Mutex<Inner>,
    died: Notify,
}

impl Wire {
    pub(super) fn new(sim: Arc<Simulator>, seed: u64) -> Arc<Self> {
        let inner = Inner {
            dice: Dice::new(seed, 1),
            weather: Weather::default(),
            counts: Counts::default(),
            digest: Sha256::new(),
            calls: 0,
            log: VecDeque::new(),
            death: None,
            interleaved: false,
            puts: Vec::new(),
            trouble_until: Timestamp::MIN,
            behind: SignedDuration::ZERO,
        };
        Arc::new(Self { sim, inner: Mutex::new(inner), died: Notify::new() })
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time as the function sees it.
    pub(super) fn function_time(&self) -> Timestamp {
        self.sim.now().saturating_sub(self.inner().behind).unwrap_or(Timestamp::MIN)
    }

    /// Waits for the invocation to die.
    pub(super) async fn died(&self) {
        self.died.notified().await;
    }

    /// A digest of every call so far, in order.
    pub(super) fn digest(&self) -> String {
        let digest = self.inner().digest.clone().finalize();
        digest.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// Notes what happens, to be told when the run fails.
    pub(super) fn note(&self, what: &str) {
        let now = self.sim.now();
        self.inner().note(now, what);
    }

    pub(super) fn count(&self, kind: &'static str) {
        self.note(kind);
        self.inner().counts.count(kind);
    }

    /// What has gone wrong now may have consequences for a while.
    pub(super) fn trouble(&self) {
        let now = self.sim.now();
        self.inner().trouble(now);
    }

    pub(super) fn last_events(&self) -> Vec<String> {
        self.inner().log.iter().cloned().collect()
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let method = Method::from_bytes(request.method().as_bytes()).unwrap_or_default();
        let uri = request.uri().to_owned();
        let target = request.headers().get(TARGET).map(str::to_owned);
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let pauses = {
            let mut inner = self.inner();
            if inner.interleaved { inner.dice.between(0, 3) } else { 0 }
        };
        for _ in 0..pauses {
            yield_once().await;
        }
        let (path, to_sink) = taken_apart(&uri);
        let target = target.as_deref();
        let known = Simulator::operation(&method, bare(path), target).unwrap_or("?");
        let operation = if to_sink { "PutAnswer" } else { known };
        let dies = self.inner().begin(self.sim.now(), operation, &uri, &body);
        if let Some(death) = dies {
            self.die(death, to_sink, operation, (method.clone(), path, target), body.clone()).await;
        }
        if to_sink {
            return self.hear(path, &body);
        }
        let fault = self.inner().fault(operation);
        let silent = matches!(fault, Some((_, "fault: silent")));
        if let Some((fault, kind)) = fault {
            self.trouble();
            self.count(kind);
            match operation {
                "GetParameter" => self.count("fault: at GetParameter"),
                "PutParameter" => self.count("fault: at PutParameter"),
                _ => {}
            }
            self.sim.fault(operation, 1, fault);
        }
        let answer = self.ask((method, path, target), body).await;
        if silent {
            self.sim.advance(PATIENCE);
            return Err(ConnectorError::timeout("no answer came".into()));
        }
        let Some(answer) = answer else { return Err(ConnectorError::io("the connection broke".into())) };
        HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|error| ConnectorError::other(error.into(), None))
    }

    async fn ask(&self, (method, path, target): Asked<'_>, body: Vec<u8>) -> Option<Response<Bytes>> {
        let request = Request::builder().method(method).uri(path);
        let request = target.into_iter().fold(request, |request, target| request.header(TARGET, target));
        self.sim.answer(request.body(Bytes::from(body)).ok()?).await.ok()
    }

    async fn die(&self, death: Death, to_sink: bool, operation: &'static str, asked: Asked<'_>, body: Vec<u8>) {
        self.trouble();
        self.count(match (to_sink, death.has_effect) {
            (false, false) => "death: before a call",
            (false, true) => "death: after a call",
            (true, false) => "death: before an answer to CloudFormation",
            (true, true) => "death: after an answer to CloudFormation",
        });
        self.note(&format!("dies at {operation}"));
        if death.has_effect && to_sink {
            self.take(asked.1, &body);
        } else if death.has_effect {
            let _unheard = self.ask(asked, body).await;
        }
        self.died.notify_one();
        pending::<()>().await;
    }

    fn hear(&self, path: &str, body: &[u8]) -> Result<HttpResponse, ConnectorError> {
        let chance = {
            let mut inner = self.inner();
            let unheard = inner.weather.unheard;
            if inner.dice.percent(unheard) { inner.dice.between(0, 3) } else { 9 }
        };
        let status = match chance {
            0 | 1 => {
                self.count("fault: answer to CloudFormation refused");
                503
            }
            2 | 3 => {
                self.count("fault: answer to CloudFormation lost");
                if chance == 2 {
                    self.take(path, body);
                }
                self.sim.advance(PATIENCE);
                return Err(ConnectorError::timeout("no answer came".into()));
            }
            _ => {
                self.take(path, body);
                200
            }
        };
        let answer = Response::builder().status(status).body(SdkBody::empty());
        let answer = answer.map_err(|error| ConnectorError::other(error.into(), None))?;
        HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
    }

    fn take(&self, path: &str, body: &[u8]) {
        let request = bare(path).trim_start_matches('/').to_owned();
        let body = serde_json::from_slice(body).unwrap_or_default();
        let at = self.sim.now();
        self.inner().puts.push(Put { request, at, body });
    }
}

impl Inner {
    fn note(&mut self, now: Timestamp, what: &str) {
        // The same problem at every tick is told once.
        if what.starts_with("  ended") && self.log.iter().rev().take(6).any(|line| line.ends_with(what)) {
            return;
        }
        if self.log.len() == TOLD {
            self.log.pop_front();
        }
        self.log.push_back(format!("{now}  {what}"));
    }

    fn trouble(&mut self, now: Timestamp) {
        let until = now.saturating_add(AFTERMATH).unwrap_or(now);
        self.trouble_until = self.trouble_until.max(until);
    }

    /// Notes a call; whether the invocation dies at it.
    fn begin(&mut self, now: Timestamp, operation: &str, uri: &str, body: &[u8]) -> Option<Death> {
        self.calls += 1;
        // The SDK writes maps in no order.
        let mut sent: Value = serde_json::from_slice(body).unwrap_or_default();
        sent.sort_all_objects();
        for part in [now.to_string(), operation.to_owned(), uri.to_owned(), sent.to_string()] {
            self.digest.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
            self.digest.update(part);
        }
        if !operation.starts_with("Get") && !operation.starts_with("List") {
            self.note(now, &format!("  {operation} {}", bare(taken_apart(uri).0)));
        }
        let death = self.death.as_mut()?;
        let now = match &mut death.after {
            Some(left) => {
                *left -= 1;
                *left < 0
            }
            None => operation == "PutAnswer",
        };
        if now { self.death.take() } else { None }
    }

    fn fault(&mut self, operation: &'static str) -> Option<(Fault, &'static str)> {
        if self.weather.denied == Some(operation) {
            return Some((Fault::denied(), "fault: access denied"));
        }
        let refused = |status, code| Fault::Refuse { status, code, message: "it goes wrong" };
        let Weather { faults, refused: no_quota, .. } = self.weather;
        if operation == "CreateProvisionedModelThroughput" && self.dice.percent(no_quota) {
            return Some((refused(400, "ServiceQuotaExceededException"), "fault: quota refused"));
        }
        if !self.dice.percent(faults) {
            return None;
        }
        Some(match self.dice.between(0, 7) {
            0 => (Fault::throttled(), "fault: throttled"),
            1 => (refused(500, "InternalServerException"), "fault: server error"),
            2 => (Fault::LoseAnswer, "fault: answer lost"),
            3 => (Fault::Drop, "fault: connection broken"),
            4 => (Fault::Drop, "fault: silent"),
            5 => (Fault::LoseAnswer, "fault: silent"),
            6 => (refused(503, "ServiceUnavailableException"), "fault: server error"),
            _ => (Fault::Slow(SignedDuration::from_secs(self.dice.between(1, 7))), "fault: slow"),
        })
    }
}

fn taken_apart(uri: &str) -> (&str, bool) {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let start = rest.find('/').unwrap_or(rest.len());
    (&rest[start..], &rest[..start] == SINK)
}

fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// Lets everything else that can go on go on first.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// One end of the wire.
#[derive(Clone)]
pub(super) struct End(pub(super) Arc<Wire>);

impl std::fmt::Debug for End {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("End")
    }
}

impl HttpConnector for End {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { wire.carry(request).await })
    }
}

impl HttpClient for End {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Pauses of the SDK between two tries: milliseconds, which are over at once.
impl AsyncSleep for End {
    fn sleep(&self, _: std::time::Duration) -> Sleep {
        Sleep::new(yield_once())
    }
}

impl TimeSource for End {
    fn now(&self) -> std::time::SystemTime {
        let seconds = u64::try_from(self.0.function_time().as_second()).unwrap_or_default();
        std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
    }
}
