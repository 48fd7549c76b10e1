//! From HTTP to an operation and back: routing, faults on demand, meeting points, and the list of what was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{Response, StatusCode};
use axum::middleware::from_fn_with_state;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};

use crate::account::{Account, plus};
use crate::api::{Call, Refusal};
use crate::recording::{Ordered, Recorder, record};
use crate::routes::{Service, perform, route, targeted};
use crate::tables;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The operation's name in the API, such as `UpdateAgentAlias`.
    pub operation: &'static str,
    /// The variable parts of its path.
    pub ids: Vec<String>,
    /// Its query.
    pub query: Vec<(String, String)>,
    /// Its body; null if it has none.
    pub body: Value,
    /// When it came.
    pub at: Timestamp,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, and has no effect.
    Refuse {
        /// HTTP status.
        status: u16,
        /// Error code.
        code: &'static str,
        /// Error message.
        message: &'static str,
    },
    /// Another write of DynamoDB stands in the way, with this reason, such as `TransactionConflict`: a transaction is
    /// cancelled because of its first action, any other write is refused. It has no effect.
    Hinder(&'static str),
    /// It has its effect, and the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks before it has an effect.
    Drop,
    /// It has its effect, and the answer takes this long.
    Slow(SignedDuration),
}

impl Fault {
    /// Too many requests.
    #[must_use]
    pub fn throttled() -> Self {
        Self::Refuse { status: 429, code: "ThrottlingException", message: "Rate exceeded" }
    }

    /// The caller may not do this; the message names what, as IAM's does.
    #[must_use]
    pub fn denied() -> Self {
        Self::Refuse { status: 403, code: "AccessDeniedException", message: "" }
    }
}

struct Planned {
    operation: &'static str,
    left: u32,
    has_happened: bool,
    fault: Fault,
}

struct Meeting {
    operations: Vec<&'static str>,
    left: usize,
    barrier: Arc<Barrier>,
}

/// What the server's tasks share.
#[derive(Default)]
pub(crate) struct Shared {
    account: Mutex<Account>,
    requests: Mutex<Vec<Request>>,
    faults: Mutex<Vec<Planned>>,
    meetings: Mutex<Vec<Meeting>>,
    /// After how many more requests one is never answered, and whether that one has its effect.
    silence: Mutex<Option<(usize, bool)>>,
    silent: Notify,
}

impl Shared {
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        lock(&self.account)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        lock(&self.requests)
    }

    /// Puts `account` in the place of what is there, and forgets what was asked and what was to go wrong.
    pub(crate) fn start_over(&self, account: Account) {
        *self.account() = account;
        self.requests().clear();
        self.forget_faults();
        lock(&self.meetings).clear();
        *lock(&self.silence) = None;
    }

    pub(crate) fn plan_fault(&self, operation: &'static str, times: u32, fault: Fault) {
        lock(&self.faults).push(Planned { operation, left: times, has_happened: times == 0, fault });
    }

    pub(crate) fn forget_faults(&self) {
        lock(&self.faults).clear();
    }

    pub(crate) fn plan_meeting(&self, operations: &[&'static str], count: usize) {
        let meeting = Meeting { operations: operations.to_vec(), left: count, barrier: Arc::new(Barrier::new(count)) };
        lock(&self.meetings).push(meeting);
    }

    pub(crate) fn plan_silence(&self, after: usize, has_effect: bool) {
        *lock(&self.silence) = Some((after, has_effect));
    }

    pub(crate) async fn silent(&self) {
        self.silent.notified().await;
    }

    /// Whether this request is never answered, and if so whether it has its effect.
    fn silence(&self) -> Option<bool> {
        let mut silence = lock(&self.silence);
        let (left, has_effect) = (*silence)?;
        *silence = left.checked_sub(1).map(|left| (left, has_effect));
        (left == 0).then_some(has_effect)
    }

    fn next_fault(&self, operation: &str) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let planned = faults.iter_mut().find(|planned| planned.operation == operation && planned.left > 0)?;
        planned.left -= 1;
        planned.has_happened = true;
        Some(planned.fault.clone())
    }

    fn meeting(&self, operation: &str) -> Option<Arc<Barrier>> {
        let mut meetings = lock(&self.meetings);
        let meeting = meetings.iter_mut().find(|one| one.left > 0 && one.operations.contains(&operation))?;
        meeting.left -= 1;
        Some(Arc::clone(&meeting.barrier))
    }

    /// The faults that never came, and the meetings to which not all came: whoever planned them tested nothing.
    pub(crate) fn missed(&self) -> Vec<String> {
        let faults = lock(&self.faults);
        let faults = faults.iter().filter(|planned| !planned.has_happened);
        let faults = faults.map(|planned| format!("nobody called {}, which was to go wrong", planned.operation));
        let meetings = lock(&self.meetings);
        let meetings = meetings.iter().filter(|meeting| meeting.left > 0);
        let meetings =
            meetings.map(|meeting| format!("{} more were to meet at {:?}", meeting.left, meeting.operations));
        faults.chain(meetings).collect()
    }

    fn carry_out(&self, call: &Call) -> Result<Value, Refusal> {
        let mut account = self.account();
        account.settle();
        let outcome = perform(&mut account, call);
        account.note_leaving();
        if let Err(refusal) = &outcome
            && refusal.malformed
        {
            account.violated(format!("{} is malformed: {}", call.operation, refusal.message));
        }
        outcome
    }
}

/// A call that waits for another. Who gives it up has waited in vain, and its next try would meet itself.
struct Waits<'a> {
    shared: &'a Shared,
    operation: &'static str,
    is_met: bool,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if !self.is_met {
            self.shared.account().violated(format!("{} waited in vain for another call", self.operation));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn router(shared: Arc<Shared>, recorder: Option<Arc<Recorder>>) -> Router {
    let router = Router::new().fallback(serve).with_state(shared);
    match recorder {
        Some(recorder) => router.layer(from_fn_with_state(recorder, record)),
        None => router,
    }
}

pub(crate) async fn serve(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap_or_default();
    let body = if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
    let path = parts.uri.path().to_owned();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let query = parts.uri.query().unwrap_or_default();
    let routed = body.ok().and_then(|body| match target {
        Some(target) => targeted(target, body),
        None => route(&parts.method, &path, query, body),
    });
    let Some(call) = routed else {
        shared.account().violated(format!("{} {path} is no operation that is known", parts.method));
        let refusal = Refusal::malformed(format!("{} {path} is no operation that is known", parts.method));
        return respond(Service::Bedrock, StatusCode::BAD_REQUEST, Some(&refusal.code), &refusal.body());
    };
    let latency = shared.account().knobs.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if let Some(barrier) = shared.meeting(call.operation) {
        let mut waits = Waits { shared: &shared, operation: call.operation, is_met: false };
        barrier.wait().await;
        waits.is_met = true;
    }
    let at = shared.account().now;
    let Call { operation, ids, query, body } = call.clone();
    shared.requests().push(Request { operation, ids, query, body, at });
    if let Some(has_effect) = shared.silence() {
        if has_effect {
            let _unheard = shared.carry_out(&call);
        }
        shared.silent.notify_one();
        return std::future::pending().await;
    }
    match shared.next_fault(call.operation) {
        Some(Fault::Refuse { status, code: code @ "AccessDeniedException", message: "" }) => {
            let service = Service::of(call.operation).name();
            let message = format!(
                "User: arn:aws:sts::123456789012:assumed-role/function/throughput-scheduler is not authorized to perform: \
                 {service}:{} because no identity-based policy allows it",
                call.operation
            );
            ordered(refused(&call, &Refusal::new(status, code, message)))
        }
        Some(Fault::Refuse { status, code, message }) => ordered(refused(&call, &Refusal::new(status, code, message))),
        Some(Fault::Hinder(code)) => ordered(refused(&call, &tables::hindered(&call, code))),
        Some(Fault::Drop) => broken(),
        Some(Fault::LoseAnswer) => {
            let _lost = shared.carry_out(&call);
            broken()
        }
        Some(Fault::Slow(duration)) => {
            let outcome = shared.carry_out(&call);
            let mut account = shared.account();
            let then = plus(account.now, duration);
            account.turn(then);
            drop(account);
            answered(&call, outcome)
        }
        None => answered(&call, shared.carry_out(&call)),
    }
}

fn answered(call: &Call, outcome: Result<Value, Refusal>) -> Response<Body> {
    let success = match call.operation {
        "CreateProvisionedModelThroughput" => StatusCode::CREATED,
        "UpdateAgentAlias" => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    match outcome {
        Ok(answer) => respond(Service::of(call.operation), success, None, &without_nulls(answer)),
        Err(refusal) => refused(call, &refusal),
    }
}

fn refused(call: &Call, refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let service = Service::of(call.operation);
    let Some(error_type) = service.error_type(&refusal.code) else {
        return respond(service, status, Some(&refusal.code), &refusal.body());
    };
    // The protocol has the code in the body; nothing there is of the server's making but a status from 500.
    let status = if status.is_server_error() { status } else { StatusCode::BAD_REQUEST };
    let mut body = json!({"__type": error_type});
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), without_nulls(refusal.body())) {
        members.extend(more);
    }
    respond(service, status, None, &body)
}

fn respond(service: Service, status: StatusCode, error: Option<&str>, body: &Value) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", service.content_type());
    let response = response.header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000");
    let response = error.into_iter().fold(response, |response, error| response.header("x-amzn-errortype", error));
    response.body(Body::from(body.to_string())).unwrap_or_default()
}

/// Marks an answer that a test ordered: AWS's manners are not its measure.
fn ordered(mut response: Response<Body>) -> Response<Body> {
    response.extensions_mut().insert(Ordered);
    response
}

/// A connection that breaks off.
pub(crate) fn broken() -> Response<Body> {
    let broken = stream::once(async { Err::<String, _>(std::io::Error::other("the connection broke")) });
    Response::new(Body::from_stream(broken))
}

fn without_nulls(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            for member in members.values_mut() {
                *member = without_nulls(member.take());
            }
        }
        Value::Array(elements) => {
            for element in elements {
                *element = without_nulls(element.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}
