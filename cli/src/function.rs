//! How is the function reached?
//!
//! Deployed, by Lambda's Invoke; or inside this process, against a simulated account, so that everything can be tried before
//! anything is deployed.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::types::InvocationType;
use aws_smithy_types::Blob;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use policy::input::nearest;
use rehearsal::World;
use serde_json::{Value, json};
use throughput_scheduler::aws;

use crate::arguments::Reach;
use crate::{Failure, local, stack};

/// An invocation may last as long as Lambda lets it.
const LONGEST_INVOCATION: Duration = Duration::from_secs(15 * 60 + 10);
const CONNECT: Duration = Duration::from_secs(5);
/// What takes longer is accompanied by a spinner.
const PATIENCE: Duration = Duration::from_secs(1);

/// The function, and how it is reached.
pub enum Function {
    /// A deployed one.
    Deployed {
        /// Lambda's client.
        client: Client,
        /// The function's name or ARN.
        name: String,
        /// The Region that is asked.
        region: String,
    },
    /// One inside this process.
    Local(Box<World>),
}

impl Function {
    /// The function that `reach` means; a local one lives at `now`.
    ///
    /// # Errors
    /// None is named, or the simulated account cannot be brought to life.
    pub async fn reach(reach: &Reach, actions: &[Value], now: Timestamp) -> Result<Self, Failure> {
        if reach.local {
            let account = accompanied("setting up a simulated account", local::account(actions, reach.scenario, now));
            return Ok(Self::Local(Box::new(account.await?)));
        }
        if reach.function.is_none() && reach.stack.is_none() {
            let message =
                "which function? Give --function NAME or --stack NAME, set THROUGHPUT_FUNCTION, or try it with --local";
            return Err(Failure::Usage(message.to_owned()));
        }
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(LONGEST_INVOCATION).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(aws::http_client());
        if let Some(profile) = &reach.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &reach.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let configuration = loader.timeout_config(timeouts).retry_config(RetryConfig::standard()).load().await;
        let Some(region) = configuration.region().map(ToString::to_string) else {
            let message = "which Region? Give --region, set AWS_REGION, or choose a --profile that has one";
            return Err(Failure::Usage(message.to_owned()));
        };
        let name = match (&reach.stack, &reach.function) {
            (Some(stack), _) => stack::function(stack, &configuration, &region).await?,
            (None, function) => function.clone().unwrap_or_default(),
        };
        Ok(Self::Deployed { client: Client::new(&configuration), name, region })
    }

    /// Sends `event` and gives the answer.
    ///
    /// # Errors
    /// The function refuses, or cannot be reached.
    pub async fn send(&self, event: Value) -> Result<Value, Failure> {
        match self {
            Self::Local(world) => world
                .send(event)
                .await
                .map_err(|error| Failure::Refused { kind: error.kind().to_owned(), message: error.to_string() }),
            Self::Deployed { client, name, region } => {
                let call = client
                    .invoke()
                    .function_name(name)
                    .invocation_type(InvocationType::RequestResponse)
                    .payload(Blob::new(event.to_string()));
                let answered = accompanied(&format!("waiting for {name}"), call.send()).await;
                answer(answered.map_err(|error| unreachable(name, region, &error))?)
            }
        }
    }

    /// The same; if it knows no commitment of that name, with the one that may be meant.
    ///
    /// # Errors
    /// See [`Function::send`].
    pub async fn send_by_name(&self, event: Value) -> Result<Value, Failure> {
        let name = event.get("Name").and_then(Value::as_str).map(str::to_owned);
        let failure = match (self.send(event).await, name) {
            (Err(Failure::Refused { kind, message }), Some(name)) if kind == "UnknownCommitment" => {
                (kind, message, name)
            }
            (answer, _) => return answer,
        };
        let (kind, message, name) = failure;
        let all = self.send(json!({"Action": "Status"})).await.unwrap_or_default();
        let commitments = all["Commitments"].as_array().map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = commitments.iter().filter_map(|report| report["Name"].as_str()).collect();
        let cure = match (nearest(&name, &names), names.is_empty()) {
            (Some(near), _) => format!("; did you mean `{near}`?"),
            (None, false) => format!("; registered are {}", names.join(", ")),
            (None, true) => String::new(),
        };
        Err(Failure::Refused { kind, message: format!("{message}{cure}") })
    }

    /// Lets the simulated account catch up with `now`; a deployed function lives on its own time.
    pub async fn catch_up(&self, now: Timestamp) {
        if let Self::Local(world) = self {
            world.run_until(now, |_, _| {}).await;
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        if let Self::Local(world) = self {
            // The account watches over promises for tests; here nobody has made them.
            drop(world.sim.take_violations());
        }
    }
}

/// What an invocation came to.
fn answer(output: InvokeOutput) -> Result<Value, Failure> {
    let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
    let value: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let Some(function_error) = output.function_error else {
        return if value.is_object() {
            Ok(value)
        } else {
            Err(Failure::Unreachable("the answer is no report: is this function Throughput Scheduler?".to_owned()))
        };
    };
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    Err(Failure::Refused {
        kind: text("errorType").unwrap_or(function_error),
        message: text("errorMessage").unwrap_or_else(|| "the function says no more".to_owned()),
    })
}

fn unreachable<E, R>(name: &str, region: &str, error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    Failure::Unreachable(format!("cannot invoke {name} in {region}: {}", cause(error)))
}

/// Why a call failed: the service's code and message, or all that lies behind it.
pub(crate) fn cause<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let SdkError::ServiceError(context) = error {
        let (code, message) = (context.err().code(), context.err().message());
        format!("{}: {}", code.unwrap_or("UnknownError"), message.unwrap_or("no message"))
    } else {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let said = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        // The type behind it is in a crate that is otherwise not needed; its words are `loading credentials`.
        let cure = if said.contains("credential") { "no credentials: sign in, or choose a --profile: " } else { "" };
        format!("{cure}{said}")
    }
}

/// The same, with a spinner once it takes longer than a second; indicatif shows none outside a terminal.
pub(crate) async fn accompanied<T>(message: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    let spinner = ProgressBar::new_spinner().with_message(message.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    let done = work.await;
    spinner.finish_and_clear();
    done
}
