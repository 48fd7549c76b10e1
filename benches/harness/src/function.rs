//! One function as Lambda would run it: a process, an environment, a Runtime API.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::runtime_api::{InvocationOptions, Outcome, RuntimeApi};
use tokio::process::{Child, Command};

use crate::share::Share;

/// The ARN by which the function is invoked.
const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:throughput-scheduler";
/// How long anything may take before the harness gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is measured.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// What the tables call it.
    pub(crate) name: &'static str,
    /// The file that is run.
    pub(crate) path: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Where it runs.
    pub(crate) directory: PathBuf,
    /// What its environment has in any case.
    pub(crate) variables: Variables,
}

/// What the environment adds to what Lambda always gives.
pub(crate) type Variables = Vec<(&'static str, String)>;

/// A running function.
pub(crate) struct Function {
    runtime_api: RuntimeApi,
    process: Child,
    id: u32,
    started: Instant,
}

/// What a process has used, as its kernel counts it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// CPU time of all its threads.
    pub(crate) cpu: Duration,
    /// The most memory that it held: `VmHWM`, in bytes.
    pub(crate) memory: u64,
}

impl Function {
    /// Starts `program`, at once under `share` of a core if there is one.
    pub(crate) async fn start(program: &Program, variables: &Variables, share: Option<&Share>) -> Result<Self, String> {
        let runtime_api = RuntimeApi::start().await;
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .current_dir(&program.directory)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", "throughput-scheduler")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_REGION", simulator::REGION)
            .env("AWS_DEFAULT_REGION", simulator::REGION)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DEPLOYMENT", crate::account::DEPLOYMENT)
            .env("TABLE_NAME", crate::account::TABLE)
            .env("EVENT_BUS", "")
            .env("SCHEDULE_GROUP", crate::account::GROUP)
            .env("SCHEDULE_ROLE_ARN", "arn:aws:iam::123456789012:role/throughput-ticks")
            .env("MAX_MODEL_UNITS", "10")
            .envs(program.variables.iter().chain(variables).map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let started = Instant::now();
        let process = command.spawn().map_err(|error| format!("cannot start {}: {error}", program.path.display()))?;
        let id = process.id().ok_or("it has ended already")?;
        if let Some(share) = share {
            share.take_in(id)?;
        }
        Ok(Self { runtime_api, process, id, started })
    }

    /// Waits until it asks for its first event; how long that took from its start.
    pub(crate) async fn ready(&mut self) -> Result<Duration, String> {
        tokio::select! {
            () = self.runtime_api.asked() => Ok(self.started.elapsed()),
            status = self.process.wait() => Err(format!("it ended: {status:?}")),
            () = tokio::time::sleep(PATIENCE) => Err("it never asked for an event".to_owned()),
        }
    }

    /// From now on under `share`.
    pub(crate) fn put_under(&self, share: &Share) -> Result<(), String> {
        share.take_in(self.id)
    }

    /// How long ago it was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Delivers one event; what it answered.
    pub(crate) async fn invoke(&mut self, event: Value) -> Result<Value, String> {
        let options = InvocationOptions { function_arn: ARN.to_owned(), ..InvocationOptions::default() };
        let answered = self.runtime_api.invoke(event, options);
        tokio::select! {
            outcome = answered => match outcome {
                Outcome::Response(answer) => Ok(answer),
                Outcome::Error { error_type, message } => Err(format!("{error_type}: {message}")),
            },
            status = self.process.wait() => Err(format!("it ended: {status:?}")),
            () = tokio::time::sleep(PATIENCE) => Err("it never answered".to_owned()),
        }
    }

    /// What it has used so far.
    pub(crate) fn used(&self) -> Result<Used, String> {
        let root = PathBuf::from(format!("/proc/{}", self.id));
        let said = |error: std::io::Error| error.to_string();
        let mut nanoseconds = 0;
        for thread in std::fs::read_dir(root.join("task")).map_err(said)? {
            let counted = std::fs::read_to_string(thread.map_err(said)?.path().join("schedstat")).unwrap_or_default();
            let first = counted.split_whitespace().next().and_then(|text| text.parse().ok());
            nanoseconds += first.unwrap_or(0_u64);
        }
        let status = std::fs::read_to_string(root.join("status")).map_err(said)?;
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let kib: u64 = most.and_then(|text| text.trim().parse().ok()).ok_or("the kernel tells no VmHWM")?;
        Ok(Used { cpu: Duration::from_nanos(nanoseconds), memory: kib * 1024 })
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) {
        let _ended = self.process.kill().await;
    }
}
