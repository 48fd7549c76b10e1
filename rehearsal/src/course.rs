//! How long would it take, if every call took that long?
//!
//! A [`Course`] is an invocation's way through time: the real SDK clients, without a network below them, on a clock that moves
//! only when nothing else can. Calls that are side by side take as long as one, those that wait for each other add up, and every
//! pause of the function or of the SDK counts. Nothing is really waited for, so the same way takes the same time on any machine.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulator::Simulator;
use throughput_scheduler::aws::Aws;
use throughput_scheduler::handler::{Handler, Invocation};
use throughput_scheduler::rounds::Clock;

use crate::{Answer, FUNCTION, GROUP, World};

/// One call, and when it was under way, counted from the start of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation's name in the API.
    pub operation: &'static str,
    /// What it was about: the variable parts of its path.
    pub ids: Vec<String>,
    /// When it was sent.
    pub sent: Duration,
    /// When its answer was there.
    pub answered: Duration,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// A clock, the timers that wait on it, and what was called.
#[derive(Debug, Default)]
struct Timeline {
    elapsed: Duration,
    /// Ordered by when they are due, then by when they were set.
    timers: BTreeMap<(Duration, u64), Waker>,
    set: u64,
    paused: Duration,
    calls: Vec<Call>,
}

/// A way through time: see the module.
#[derive(Clone)]
pub struct Course {
    sim: Arc<Simulator>,
    start: Timestamp,
    latency: Duration,
    /// How long an invocation may last.
    lasts: SignedDuration,
    timeline: Arc<Mutex<Timeline>>,
}

impl std::fmt::Debug for Course {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Course").field("latency", &self.latency).finish_non_exhaustive()
    }
}

impl Course {
    /// From now on, with calls that take `latency` each: half of it there, half of it back.
    #[must_use]
    pub fn new(world: &World, latency: Duration) -> Self {
        let (sim, start) = (Arc::clone(&world.sim), world.now());
        Self { sim, start, latency, lasts: SignedDuration::from_mins(5), timeline: Arc::default() }
    }

    /// The same with invocations that are stopped after `lasts`.
    #[must_use]
    pub fn with_deadline(mut self, lasts: SignedDuration) -> Self {
        self.lasts = lasts;
        self
    }

    /// Delivers `event` and goes the whole way.
    ///
    /// # Errors
    /// What the handler ends in.
    pub fn send(&self, event: Value) -> Answer {
        let handler = self.handler();
        let deadline = self.now().saturating_add(self.lasts).unwrap_or(Timestamp::MAX);
        let invocation = Invocation { function_arn: FUNCTION.to_owned(), deadline, request_id: String::new() };
        self.go(handler.handle(event, &invocation))
    }

    /// Delivers one tick of `name`, as its schedule holds it now.
    ///
    /// # Errors
    /// What the handler ends in.
    ///
    /// # Panics
    /// `name` is not registered.
    #[expect(clippy::expect_used, reason = "a test that ticks what is not registered is wrong")]
    pub fn tick(&self, name: &str) -> Answer {
        let schedule = self.sim.schedule(GROUP, name).expect("the commitment is registered");
        self.send(serde_json::from_str(&schedule.input).expect("a schedule holds JSON"))
    }

    /// How long it took, from the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        lock(&self.timeline).elapsed
    }

    /// How long the function paused of that, waiting for what settles.
    #[must_use]
    pub fn paused(&self) -> Duration {
        lock(&self.timeline).paused
    }

    /// What was called, in the order of the answers.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.timeline).calls.clone()
    }

    /// The function of [`crate::handler`] on this course.
    fn handler(&self) -> Handler {
        let (reads, pauses) = (self.clone(), self.clone());
        let clock = Clock {
            // Whole seconds, as `main.rs` has it.
            now: Box::new(move || Timestamp::from_second(reads.now().as_second()).unwrap_or_default()),
            sleep: Box::new(move |duration| {
                lock(&pauses.timeline).paused += duration;
                Box::pin(pauses.wait(duration))
            }),
        };
        Handler { aws: Aws::new(&self.configuration()), clock, ..crate::handler(&self.sim, &[]) }
    }

    fn configuration(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let client = SharedHttpClient::new(http_client_fn(move |_, _| connector.clone()));
        let configuration = crate::configuration(&self.sim.url()).into_builder().http_client(client);
        configuration.sleep_impl(SharedAsyncSleep::new(self.clone())).build()
    }

    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn wait(&self, duration: Duration) -> Wait {
        let due = lock(&self.timeline).elapsed + duration;
        Wait { course: self.clone(), due }
    }

    /// Drives `future` to its end; whenever it can do nothing but wait, time jumps to the next timer.
    fn go<T>(&self, future: impl Future<Output = T>) -> T {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        // Tokio's own pauses for fairness would wait for a scheduler that is not asked here.
        let mut future = pin!(tokio::task::unconstrained(future));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            while !woken.0.swap(false, Ordering::SeqCst) {
                self.jump();
            }
        }
    }

    fn jump(&self) {
        let (waker, elapsed) = {
            let mut timeline = lock(&self.timeline);
            let next = timeline.timers.pop_first();
            let Some(((due, _), waker)) = next else { panic!("it waits for something that never comes") };
            timeline.elapsed = timeline.elapsed.max(due);
            (waker, timeline.elapsed)
        };
        let passed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        self.sim.set_now(self.start.saturating_add(passed).unwrap_or(Timestamp::MAX));
        waker.wake();
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let sent = self.elapsed();
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
        self.wait(self.latency / 2).await;
        let answer = self.sim.answer(request).await;
        let asked = self.sim.requests().pop();
        self.wait(self.latency.saturating_sub(self.latency / 2)).await;
        let answer = answer.map_err(|_| ConnectorError::io("the connection broke".into()))?;
        if let Some(asked) = asked {
            let (answered, status) = (self.elapsed(), answer.status().as_u16());
            let call = Call { operation: asked.operation, ids: asked.ids, sent, answered, status };
            lock(&self.timeline).calls.push(call);
        }
        let answer = answer.map(SdkBody::from);
        HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl HttpConnector for Course {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let course = self.clone();
        HttpConnectorFuture::new(async move { course.ask(request).await })
    }
}

impl AsyncSleep for Course {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.wait(duration))
    }
}

/// A stretch of a course.
struct Wait {
    course: Course,
    due: Duration,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timeline = lock(&self.course.timeline);
        if self.due <= timeline.elapsed {
            return Poll::Ready(());
        }
        timeline.set += 1;
        let key = (self.due, timeline.set);
        timeline.timers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
