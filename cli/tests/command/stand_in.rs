//! Lambda's Invoke and `CloudFormation`'s `DescribeStacks`, as far as the command needs them: they note what is asked and answer
//! what they were told to.

use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::command;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) text: String,
}

/// What is answered to everything.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
}

struct Shared {
    requests: Mutex<Vec<Request>>,
    answer: Answer,
    /// What CloudFormation answers.
    stack: Answer,
}

/// A Lambda on a port of its own.
pub(crate) struct StandIn {
    shared: Arc<Shared>,
    url: String,
    _runtime: Runtime,
}

impl StandIn {
    pub(crate) fn answering(answer: Answer) -> Self {
        Self::with_stack(Answer { status: 500, headers: Vec::new(), body: String::new() }, answer)
    }

    /// A Lambda that gives `answer`, beside a `CloudFormation` that gives `stack`.
    pub(crate) fn with_stack(stack: Answer, answer: Answer) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shared = Arc::new(Shared { requests: Mutex::default(), answer, stack });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(invoke).with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { shared, url, _runtime: runtime }
    }

    /// A Lambda whose function answers `report`.
    pub(crate) fn reporting(report: &Value) -> Self {
        Self::answering(Answer { status: 200, headers: Vec::new(), body: report.to_string() })
    }

    /// A Lambda whose function ends in an error.
    pub(crate) fn failing(kind: &str, message: &str) -> Self {
        let body = serde_json::json!({"errorType": kind, "errorMessage": message}).to_string();
        Self::answering(Answer { status: 200, headers: vec![("X-Amz-Function-Error", "Unhandled")], body })
    }

    /// The command with `arguments`, which reaches this Lambda and no other.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command
            .env("AWS_ENDPOINT_URL_LAMBDA", &self.url)
            .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-central-1")
            .env("THROUGHPUT_FUNCTION", "throughput-scheduler");
        command
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The one event that was sent.
    pub(crate) fn event(&self) -> Value {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].body.clone()
    }
}

async fn invoke(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    shared.requests.lock().unwrap().push(Request { path: uri.path().to_owned(), headers, body, text });
    // The query protocol knows one path.
    let answer = if uri.path() == "/" { &shared.stack } else { &shared.answer };
    let Answer { status, headers, body } = answer.clone();
    let headers = headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    (StatusCode::from_u16(status).unwrap(), headers, body)
}
