//! How does the real binary run without Lambda?
//!
//! The `bootstrap` binary as Lambda would start it: an environment, and a Runtime API to take events from. The simulator
//! stands behind it, on the machine's own time, with the sample commitment in force for two hours already.

use std::process::Stdio;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::runtime_api::{InvocationOptions, Outcome, RuntimeApi};
use tokio::process::{Child, Command};

use crate::cloudformation::Stack;
use crate::{DEPLOYMENT, FUNCTION, GROUP, ROLE, TABLE, World, commitment};

/// A running `bootstrap`.
pub struct Local {
    /// What stands behind it.
    pub world: World,
    /// A stack whose answers it may send.
    pub stack: Stack,
    runtime_api: RuntimeApi,
    bootstrap: Child,
}

impl Local {
    /// Starts the binary at the path `bootstrap`.
    ///
    /// # Errors
    /// It cannot be started, or the sample commitment cannot be brought in service.
    pub async fn start(bootstrap: &str) -> Result<Self, String> {
        Self::with_environment(bootstrap, &[]).await
    }

    /// The same with `variables` beside, or in place of, the usual environment.
    ///
    /// # Errors
    /// See [`Local::start`].
    #[expect(clippy::disallowed_methods, reason = "the binary that is started lives on the machine's own time")]
    pub async fn with_environment(bootstrap: &str, variables: &[(&str, &str)]) -> Result<Self, String> {
        let now = Timestamp::now();
        let start = now.checked_sub(SignedDuration::from_hours(2)).map_err(|error| error.to_string())?;
        let world = World::new(start).await;
        // No time passes for the simulator while the binary runs: what it changes has settled at once.
        world.sim.knobs(|knobs| knobs.alias_settle = SignedDuration::ZERO);
        let applied = world.send(json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
        applied.map_err(|error| error.to_string())?;
        world.run_until(now, |_, _| {}).await;
        world.sim.clear_requests();
        Self::in_front_of(world, bootstrap, variables).await
    }

    /// Starts the binary at the path `bootstrap` in front of `world` as it is, with `variables` beside, or in place of, the
    /// usual environment.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn in_front_of(world: World, bootstrap: &str, variables: &[(&str, &str)]) -> Result<Self, String> {
        let stack = Stack::start("local").await;
        let runtime_api = RuntimeApi::start().await;
        let bootstrap = Command::new(bootstrap)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "throughput-scheduler")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_ENDPOINT_URL", world.sim.url())
            .env("DEPLOYMENT", DEPLOYMENT)
            .env("TABLE_NAME", TABLE)
            .env("EVENT_BUS", "")
            .env("SCHEDULE_GROUP", GROUP)
            .env("SCHEDULE_ROLE_ARN", ROLE)
            .env("MAX_MODEL_UNITS", "4")
            .env("RESPONSE_HOSTS", stack.sink.address())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| error.to_string())?;
        Ok(Self { world, stack, runtime_api, bootstrap })
    }

    /// A request of `CloudFormation` as it was recorded somewhere, with its answer led to [`Local::stack`]; other events
    /// stay as they are.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the binary that is asked lives on the machine's own time")]
    pub fn readdressed(&self, mut event: Value) -> Value {
        if event.get("ResponseURL").is_some() {
            let request = event["RequestId"].as_str().unwrap_or_default();
            event["ResponseURL"] = json!(self.stack.sink.url(request, Timestamp::now()));
        }
        // An older action than what the function has taken in since it began would change nothing.
        if event.get("time").is_some() {
            event["time"] = json!(Timestamp::now());
        }
        event
    }

    /// Delivers one event and gives the answer: a report, or the type and the message of an error.
    ///
    /// # Errors
    /// What the binary ends the invocation in.
    pub async fn invoke(&mut self, event: Value) -> Result<Value, (String, String)> {
        let options = InvocationOptions { function_arn: FUNCTION.to_owned(), ..InvocationOptions::default() };
        let answered = self.runtime_api.invoke(event, options);
        tokio::select! {
            outcome = answered => match outcome {
                Outcome::Response(report) => Ok(report),
                Outcome::Error { error_type, message, .. } => Err((error_type, message)),
            },
            status = self.bootstrap.wait() => Err(("Exited".to_owned(), format!("bootstrap ended: {status:?}"))),
        }
    }

    /// Ends the binary and gives what it logged.
    pub async fn stop(mut self) -> String {
        let _ = self.bootstrap.start_kill();
        match self.bootstrap.wait_with_output().await {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(error) => error.to_string(),
        }
    }
}
