//! What was said, word for word, for whoever judges it by other models than ours.
//!
//! With `SIMULATOR_RECORD` in the environment every simulator writes a file of its own into that directory: a JSON object
//! a line for each request, with its answer. Without it nothing is recorded and nothing is spent.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::server::broken;

/// The directory to record into.
const DIRECTORY: &str = "SIMULATOR_RECORD";
/// A request with this header was written by hand, perhaps wrong on purpose: no client of AWS sent it.
pub const BY_HAND: &str = "x-by-hand";
/// The headers that say something about what is asked or answered.
const HEADERS: [&str; 4] = ["content-type", "x-amz-target", "x-amzn-errortype", "x-amzn-requestid"];

/// On an answer that a test ordered in place of the simulator's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ordered;

/// Where one simulator's conversations are written.
pub(crate) struct Recorder(Mutex<Written>);

/// The file, and what is in it.
struct Written {
    file: File,
    kinds: HashSet<u64>,
}

impl Recorder {
    /// A file in the directory that the environment names, if it names one.
    #[expect(clippy::expect_used, reason = "a recording that cannot be written must not look like one that is empty")]
    pub(crate) fn from_environment() -> Option<Arc<Self>> {
        static SIMULATORS: AtomicU32 = AtomicU32::new(0);
        let directory = PathBuf::from(std::env::var_os(DIRECTORY)?);
        let number = SIMULATORS.fetch_add(1, Ordering::Relaxed);
        let file = directory.join(format!("{}-{number}.jsonl", std::process::id()));
        // A number of a process comes again when many have run: what it recorded is gone on with.
        let file = File::options().append(true).create(true).open(&file);
        let file = file.expect("SIMULATOR_RECORD names a directory that can be written to");
        Some(Arc::new(Self(Mutex::new(Written { file, kinds: HashSet::new() }))))
    }

    #[expect(clippy::expect_used, reason = "a recording that cannot be written must not look like one that is empty")]
    fn write(&self, line: &Value) {
        let line = format!("{line}\n");
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.kinds.insert(kind(&line)) {
            // In one piece: whoever lets the process die leaves whole lines behind.
            written.file.write_all(line.as_bytes()).expect("the recording can be written");
        }
    }
}

/// What two conversations have in common that differ in digits and in the order of members alone: whoever judges the form of
/// one has judged the other. The SDK writes maps in no order.
fn kind(line: &str) -> u64 {
    let part = |part: &str| {
        let is_status = part.starts_with("\"Status\"");
        let mut hasher = DefaultHasher::new();
        part.bytes().filter(|byte| is_status || !byte.is_ascii_digit()).for_each(|byte| hasher.write_u8(byte));
        hasher.finish()
    };
    let parts: BTreeSet<u64> = line.split(['{', '}', '[', ']', ',']).map(part).collect();
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A conversation that is going on; it is written down when it is over, however it ends.
struct Conversation {
    recorder: Arc<Recorder>,
    request: Value,
    by_hand: bool,
    answer: Value,
    ordered: bool,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let Self { recorder, request, by_hand, answer, ordered } = self;
        recorder.write(&json!({"Request": request, "ByHand": by_hand, "Answer": answer, "Ordered": ordered}));
    }
}

/// [`around`] what came over the network.
pub(crate) async fn record(State(recorder): State<Arc<Recorder>>, request: Request, next: Next) -> Response {
    around(recorder, request, |request| next.run(request)).await
}

/// Lets a request through, and writes down what became of it: an answer of null is none, or one that broke off.
pub(crate) async fn around<F>(recorder: Arc<Recorder>, request: Request, ask: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let by_hand = parts.headers.contains_key(BY_HAND);
    let request = asked(&parts, &bytes);
    let mut conversation = Conversation { recorder, request, by_hand, answer: Value::Null, ordered: false };
    let response = ask(Request::from_parts(parts, Body::from(bytes))).await;
    conversation.ordered = response.extensions().get::<Ordered>().is_some();
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else { return broken() };
    conversation.answer = json!({
        "Status": parts.status.as_u16(),
        "Headers": headers(&parts.headers),
        "Body": String::from_utf8_lossy(&bytes),
    });
    Response::from_parts(parts, Body::from(bytes))
}

fn asked(parts: &Parts, body: &Bytes) -> Value {
    json!({
        "Method": parts.method.as_str(),
        "Path": parts.uri.path(),
        "Query": parts.uri.query().unwrap_or_default(),
        "Headers": headers(&parts.headers),
        "Body": String::from_utf8_lossy(body),
    })
}

fn headers(all: &HeaderMap) -> Map<String, Value> {
    let said = HEADERS.iter().filter_map(|name| Some((*name, all.get(*name)?)));
    said.map(|(name, value)| (name.to_owned(), json!(String::from_utf8_lossy(value.as_bytes())))).collect()
}
