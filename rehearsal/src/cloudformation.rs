//! What would `CloudFormation` send, and what would it hear?
//!
//! Requests in the shape of AWS's own: every scalar a string, a presigned `ResponseURL` with a signature and a session token.
//! The answers go to a [`Sink`] on 127.0.0.1 that can fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};
use simulator::Simulator;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Answer, FUNCTION, World};

/// A word of every signature: no log, report or reason may hold it.
pub const SIGNATURE: &str = "5e0b1f00d5ec2e75196a70e5";
/// A word of every session token: no log, report or reason may hold it.
pub const TOKEN: &str = "IQoJb3JpZ2luX2VjSESSIONTOKEN";

/// An answer that was put.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// The request that it answers.
    pub request: String,
    /// The method.
    pub method: String,
    /// The content type; nothing if there was no such header.
    pub content_type: Option<String>,
    /// The content length that was announced.
    pub content_length: Option<String>,
    /// The body as it came.
    pub text: String,
    /// The body.
    pub body: Value,
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkFault {
    /// It is refused with this status.
    Status(u16),
    /// It is sent elsewhere.
    Redirect,
    /// The connection breaks.
    Break,
    /// Nobody answers.
    Silence,
    /// It is taken, and nobody says so.
    Taken,
}

#[derive(Default)]
struct Shared {
    puts: Vec<Put>,
    tries: usize,
    faults: VecDeque<SinkFault>,
    down: Option<(Arc<Simulator>, Timestamp)>,
}

/// Where answers go in place of S3.
pub struct Sink {
    address: String,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

impl Sink {
    /// Starts it on a port of its own.
    ///
    /// # Panics
    /// No port of 127.0.0.1 can be had.
    #[expect(clippy::expect_used, reason = "without a port nothing can be heard")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of 127.0.0.1 is free");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Self { address, shared, server }
    }

    /// The value for `RESPONSE_HOSTS`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was taken so far, in the order of arrival.
    #[must_use]
    pub fn puts(&self) -> Vec<Put> {
        lock(&self.shared).puts.clone()
    }

    /// Takes what was taken so far out of the list.
    #[must_use]
    pub fn take(&self) -> Vec<Put> {
        std::mem::take(&mut lock(&self.shared).puts)
    }

    /// How many answers were put, taken or not.
    #[must_use]
    pub fn tries(&self) -> usize {
        lock(&self.shared).tries
    }

    /// The next answer goes wrong.
    pub fn fault(&self, fault: SinkFault) {
        lock(&self.shared).faults.push_back(fault);
    }

    /// Every answer goes wrong until it is `until` in `sim`.
    pub fn down_until(&self, sim: &Arc<Simulator>, until: Timestamp) {
        lock(&self.shared).down = Some((Arc::clone(sim), until));
    }

    /// A presigned URL for the answer to `request`, signed at `signed`.
    #[must_use]
    pub fn url(&self, request: &str, signed: Timestamp) -> String {
        let signed = Offset::UTC.to_datetime(signed).strftime("%Y%m%dT%H%M%SZ");
        format!(
            "http://{}/{request}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={signed}&X-Amz-SignedHeaders=host\
             &X-Amz-Expires=7200&X-Amz-Security-Token={TOKEN}%2F%2B&X-Amz-Signature={SIGNATURE}",
            self.address
        )
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let text = String::from_utf8_lossy(&to_bytes(body, 1 << 20).await.unwrap_or_default()).into_owned();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let fault = {
        let mut shared = lock(&shared);
        shared.tries += 1;
        let down = shared.down.as_ref().is_some_and(|(sim, until)| sim.now() < *until);
        if down { Some(SinkFault::Status(503)) } else { shared.faults.pop_front() }
    };
    match fault {
        Some(SinkFault::Status(status)) => answered(StatusCode::from_u16(status).unwrap_or_default()),
        Some(SinkFault::Redirect) => {
            let mut redirect = answered(StatusCode::TEMPORARY_REDIRECT);
            if let Ok(elsewhere) = "/elsewhere".parse() {
                redirect.headers_mut().insert("location", elsewhere);
            }
            redirect
        }
        Some(SinkFault::Break) => {
            let broken = futures_util::stream::once(async { Err::<String, _>(std::io::Error::other("it broke")) });
            Response::new(Body::from_stream(broken))
        }
        Some(SinkFault::Silence) => std::future::pending().await,
        None | Some(SinkFault::Taken) => {
            let put = Put {
                request: parts.uri.path().trim_start_matches('/').to_owned(),
                method: parts.method.to_string(),
                content_type: header("content-type"),
                content_length: header("content-length"),
                body: serde_json::from_str(&text).unwrap_or_default(),
                text,
            };
            lock(&shared).puts.push(put);
            if fault.is_some() {
                return std::future::pending().await;
            }
            answered(StatusCode::OK)
        }
    }
}

fn answered(status: StatusCode) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// One stack of a user, and where it hears.
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// Where the answers go.
    pub sink: Sink,
    requests: Mutex<u32>,
}

impl Stack {
    /// A stack named `name`.
    pub async fn start(name: &str) -> Self {
        let id = format!(
            "arn:aws:cloudformation:eu-central-1:123456789012:stack/{name}/0f1e2d3c-0000-4000-8000-000000000000"
        );
        Self { id, sink: Sink::start().await, requests: Mutex::new(0) }
    }

    /// A world at `start` whose function may answer this stack, with `settings` in place of, or beside, the usual.
    pub async fn world(&self, start: Timestamp, settings: &[(&str, &str)]) -> World {
        let hosts = ("RESPONSE_HOSTS", self.sink.address());
        World::with_settings(start, &[&[hosts], settings].concat()).await
    }

    /// A request about the resource `logical_id`, made at `signed`, with an id of its own; properties as they stand in a template.
    #[must_use]
    pub fn request(&self, kind: &str, logical_id: &str, properties: &Value, signed: Timestamp) -> Value {
        let number = {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            *requests += 1;
            *requests
        };
        let request = format!("request-{number}");
        let mut with_token = json!({"ServiceToken": FUNCTION});
        if let (Some(members), Value::Object(more)) = (with_token.as_object_mut(), as_strings(properties)) {
            members.extend(more);
        }
        json!({
            "RequestType": kind,
            "ServiceToken": FUNCTION,
            "ResponseURL": self.sink.url(&request, signed),
            "StackId": self.id,
            "RequestId": request,
            "LogicalResourceId": logical_id,
            "ResourceType": "Custom::ProvisionedThroughput",
            "ResourceProperties": with_token,
        })
    }

    /// The answer to `request`, once it is there.
    #[must_use]
    pub fn answer(&self, request: &Value) -> Option<Value> {
        let id = request["RequestId"].as_str().unwrap_or_default();
        self.sink.puts().into_iter().find(|put| put.request == id).map(|put| put.body)
    }

    /// How many answers to `request` were taken.
    #[must_use]
    pub fn answers(&self, request: &Value) -> usize {
        let id = request["RequestId"].as_str().unwrap_or_default();
        self.sink.puts().into_iter().filter(|put| put.request == id).count()
    }

    /// Delivers `request` to `world`, and ticks until it is answered or its hour is over.
    pub async fn carry_out(&self, world: &World, request: &Value) -> (Answer, Option<Value>) {
        let answer = world.send(request.clone()).await;
        for _ in 0..62 {
            if self.answer(request).is_some() {
                break;
            }
            world.pass(1).await;
        }
        (answer, self.answer(request))
    }
}

/// Every scalar as `CloudFormation` hands it over.
#[must_use]
pub fn as_strings(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), as_strings(value))).collect(),
        Value::Array(elements) => elements.iter().map(as_strings).collect(),
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(flag) => json!(flag.to_string()),
        Value::Null | Value::String(_) => value.clone(),
    }
}
