//! The Lambda function: logging, settings, clients, run. The clock and the environment are read here and nowhere else.

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use policy::settings::Settings;
use serde_json::Value;
use throughput_scheduler::aws::{self, Aws};
use throughput_scheduler::handler::{Error, Handler, Invocation};
use throughput_scheduler::rounds::Clock;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    start_logging();
    let handler = Handler {
        settings: Settings::read(variable),
        aws: Aws::new(&aws::configuration().await),
        clock: clock(),
        measured: Box::new(|line| println!("{line}")),
    };
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload, context } = event;
        let deadline = i64::try_from(context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        let invocation = Invocation {
            function_arn: context.invoked_function_arn,
            deadline: deadline.unwrap_or(Timestamp::MIN),
            request_id: context.request_id,
        };
        handler.handle(payload, &invocation).await.map_err(|error| diagnostic(&error))
    }))
    .await
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "the clock is read here and nowhere else")]
fn clock() -> Clock {
    // Whole seconds: nothing here is finer, and people read the record and the report.
    let now = || Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
    Clock { now: Box::new(now), sleep: Box::new(|duration| Box::pin(tokio::time::sleep(duration))) }
}

fn diagnostic(error: &Error) -> Diagnostic {
    Diagnostic { error_type: error.kind().to_owned(), error_message: error.to_string() }
}

/// Lines as Lambda's advanced logging controls want them: `level` and an RFC 3339 `timestamp` at the top.
///
/// Only our own lines go below INFO: what the runtime says at TRACE holds the raw event, and with it other people's
/// secrets.
fn start_logging() {
    let level = variable("AWS_LAMBDA_LOG_LEVEL").and_then(|word| word.to_lowercase().parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(level.min(LevelFilter::INFO)).with_target("throughput_scheduler", level);
    let json = variable("AWS_LAMBDA_LOG_FORMAT").is_none_or(|format| !format.eq_ignore_ascii_case("text"));
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(false);
    let lines = if json { lines.json().flatten_event(true).with_current_span(false).boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
