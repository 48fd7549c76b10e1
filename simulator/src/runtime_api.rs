//! What does Lambda say to a custom runtime? The Runtime API, for one binary and one event at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// How one event is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationOptions {
    /// The ARN by which the function is invoked.
    pub function_arn: String,
    /// The deadline, in milliseconds since 1970. The default lies in the past, as local emulators' do.
    pub deadline_ms: u64,
}

impl Default for InvocationOptions {
    fn default() -> Self {
        let function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function".to_owned();
        Self { function_arn, deadline_ms: 1000 }
    }
}

/// What the function answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A response.
    Response(Value),
    /// An error.
    Error {
        /// Its type.
        error_type: String,
        /// Its message.
        message: String,
    },
}

struct Event {
    payload: Value,
    options: InvocationOptions,
    answer: oneshot::Sender<Outcome>,
}

struct Queue {
    events: AsyncMutex<mpsc::Receiver<Event>>,
    pending: Mutex<BTreeMap<String, oneshot::Sender<Outcome>>>,
    next: Mutex<u64>,
    asked: Arc<Notify>,
}

/// A Runtime API that listens on 127.0.0.1.
pub struct RuntimeApi {
    address: String,
    events: mpsc::Sender<Event>,
    asked: Arc<Notify>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Starts it.
    ///
    /// # Panics
    /// No port of 127.0.0.1 can be had.
    #[expect(clippy::expect_used, reason = "without a port nothing can be run")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of 127.0.0.1 is free");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let (events, queue) = mpsc::channel(1);
        let asked = Arc::new(Notify::new());
        let (pending, next_id) = (Mutex::default(), Mutex::new(0));
        let queue = Queue { events: AsyncMutex::new(queue), pending, next: next_id, asked: Arc::clone(&asked) };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::new(queue));
        let server = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Self { address, events, asked, server }
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the function asks for an event; one that has asked since this was last awaited counts.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Delivers one event and waits for what the function answers.
    pub async fn invoke(&self, payload: Value, options: InvocationOptions) -> Outcome {
        let lost = || Outcome::Error { error_type: "Runtime.Lost".to_owned(), message: "nobody answered".to_owned() };
        let (answer, answered) = oneshot::channel();
        if self.events.send(Event { payload, options, answer }).await.is_err() {
            return lost();
        }
        answered.await.unwrap_or_else(|_| lost())
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(queue): State<Arc<Queue>>) -> Response<Body> {
    queue.asked.notify_one();
    let Some(Event { payload, options, answer }) = queue.events.lock().await.recv().await else {
        return status(StatusCode::GONE);
    };
    let id = {
        let mut next = queue.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        format!("00000000-0000-4000-8000-{:012}", *next)
    };
    queue.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), answer);
    let InvocationOptions { function_arn, deadline_ms } = options;
    let response = Response::builder()
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", deadline_ms.to_string())
        .header("lambda-runtime-invoked-function-arn", function_arn)
        .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000")
        .header("content-type", "application/json");
    response.body(Body::from(payload.to_string())).unwrap_or_default()
}

async fn response(State(queue): State<Arc<Queue>>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    let value = serde_json::from_slice(&body).unwrap_or_default();
    answer(&queue, &id, Outcome::Response(value))
}

async fn error(State(queue): State<Arc<Queue>>, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    answer(&queue, &id, Outcome::Error { error_type: text("errorType"), message: text("errorMessage") })
}

fn answer(queue: &Queue, id: &str, outcome: Outcome) -> Response<Body> {
    match queue.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
        Some(waiting) => {
            let _gone = waiting.send(outcome);
            status(StatusCode::ACCEPTED)
        }
        None => status(StatusCode::BAD_REQUEST),
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
