//! What would happen, had it really been deployed?
//!
//! A [`World`] joins the real handler and the real SDK clients with the simulator on a clock that is turned: every wait is
//! a turn of the clock, every tick is what the simulated EventBridge Scheduler holds. Tests, the demo and the local runner
//! share it.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_bedrock::config::retry::RetryConfig;
use aws_sdk_bedrock::config::timeout::TimeoutConfig;
use aws_sdk_bedrock::config::{Credentials, SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use policy::settings::Settings;
use serde_json::{Value, json};
use simulator::Simulator;
use throughput_scheduler::aws::Aws;
use throughput_scheduler::handler::{Error, Handler, Invocation};
use throughput_scheduler::rounds::Clock;

pub mod cloudformation;
pub mod course;
pub mod growth;
pub mod line;
pub mod local;
pub mod picture;
pub mod schema;
pub mod soak;
pub mod timeline;
pub mod week;

/// The group that holds the ticks of a rehearsed deployment.
pub const GROUP: &str = "throughput";
/// The name of a rehearsed deployment.
pub const DEPLOYMENT: &str = "throughput";
/// The table that holds its records.
pub const TABLE: &str = "throughput";
/// The function of a rehearsed deployment.
pub const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:throughput-scheduler";
/// The role that ticks are sent with.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/throughput-ticks";
/// The agent of the samples.
pub const AGENT: &str = "ABCDEFGHIJ";
/// Its alias.
pub const ALIAS: &str = "KLMNOPQRST";
/// The parameter that a sample may declare.
pub const PARAMETER: &str = "/support/model-id";
/// The on-demand id of the model of the samples.
pub const MODEL: &str = "amazon.nova-lite-v1:0";

/// A deployment that is rehearsed: one account, one Region, one function.
pub struct World {
    /// AWS.
    pub sim: Arc<Simulator>,
    /// The function.
    pub handler: Handler,
}

/// What came of one delivered event.
pub type Answer = Result<Value, Error>;

impl World {
    /// A world at `start` with the sample agent, its version 3 and its alias, and guardrails that allow ten model units
    /// and every term.
    pub async fn new(start: Timestamp) -> Self {
        Self::with_settings(start, &[]).await
    }

    /// The same with `settings` in place of, or beside, those.
    pub async fn with_settings(start: Timestamp, settings: &[(&str, &str)]) -> Self {
        let sim = Arc::new(Simulator::start(start).await);
        open_deployment(&sim);
        sim.add_agent(AGENT, MODEL);
        sim.add_agent_version(AGENT, "3", MODEL);
        sim.add_alias(AGENT, ALIAS, "3");
        let handler = handler(&sim, settings);
        Self { sim, handler }
    }

    /// The instant that it is.
    pub fn now(&self) -> Timestamp {
        self.sim.now()
    }

    /// What [`PARAMETER`] holds, if it is there.
    #[must_use]
    pub fn parameter(&self) -> Option<String> {
        self.sim.parameter(PARAMETER).map(|parameter| parameter.value)
    }

    /// Delivers `event` now.
    ///
    /// # Errors
    /// What the handler ends in.
    pub async fn send(&self, event: Value) -> Answer {
        self.send_as(event, "").await
    }

    /// Delivers `event` now, as the invocation `request_id`: the same when Lambda repeats it.
    ///
    /// # Errors
    /// What the handler ends in.
    pub async fn send_as(&self, event: Value, request_id: &str) -> Answer {
        let deadline = self.now().saturating_add(SignedDuration::from_mins(5)).unwrap_or(Timestamp::MAX);
        let request_id = request_id.to_owned();
        let invocation = Invocation { function_arn: FUNCTION.to_owned(), deadline, request_id };
        self.handler.handle(event, &invocation).await
    }

    /// Turns the clock to `until` and delivers every tick that is due on the way; `seen` is told of each.
    pub async fn run_until(&self, until: Timestamp, mut seen: impl FnMut(Timestamp, &Answer)) {
        while self.now() < until {
            let from = self.now();
            let minute = from.saturating_add(SignedDuration::from_mins(1)).unwrap_or(until).min(until);
            let due = self.sim.due(from, minute);
            for (at, schedule) in due {
                if self.now() < at {
                    self.sim.set_now(at);
                }
                let Ok(event) = serde_json::from_str(&schedule.input) else { continue };
                let answer = self.send(event).await;
                seen(at, &answer);
            }
            if self.now() < minute {
                self.sim.set_now(minute);
            }
        }
    }

    /// Lets `minutes` pass, with the ticks that are due.
    pub async fn pass(&self, minutes: i64) {
        let until = self.now().saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        self.run_until(until, |_, _| {}).await;
    }

    /// Delivers one tick of `name`, as its schedule holds it now.
    ///
    /// # Errors
    /// What the handler ends in.
    ///
    /// # Panics
    /// `name` is not registered.
    #[expect(clippy::expect_used, reason = "a test that ticks what is not registered is wrong")]
    pub async fn tick(&self, name: &str) -> Answer {
        let schedule = self.sim.schedule(GROUP, name).expect("the commitment is registered");
        self.send(serde_json::from_str(&schedule.input).expect("a schedule holds JSON")).await
    }
}

/// Makes the table's item `deployment`, as the guard of the service's own stack does.
pub fn open_deployment(sim: &Simulator) {
    let item = json!({ "Name": DEPLOYMENT, "TableId": sim.table_id(TABLE), "Group": GROUP, "Open": true });
    sim.put_item(TABLE, "deployment", &item);
}

/// Takes everything out of the table that is remembered of the commitment `name`, as somebody might by hand.
pub fn lose_record(sim: &Simulator, name: &str) {
    let items = sim.items(TABLE);
    for (key, item) in items {
        if key == format!("commitment/{name}") || item["Commitment"] == name {
            sim.delete_item(TABLE, &key);
        }
    }
}

/// The function with real SDK clients that speak to `sim`, and `settings` in place of, or beside, the usual.
#[must_use]
pub fn handler(sim: &Arc<Simulator>, settings: &[(&str, &str)]) -> Handler {
    let variable = |name: &str| {
        let given = settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| {
            let usual = match name {
                "DEPLOYMENT" => DEPLOYMENT,
                "TABLE_NAME" => TABLE,
                "EVENT_BUS" => "",
                "SCHEDULE_GROUP" => GROUP,
                "SCHEDULE_ROLE_ARN" => ROLE,
                "MAX_MODEL_UNITS" => "10",
                "ALLOWED_COMMITMENTS" => "None,OneMonth,SixMonths",
                _ => return None,
            };
            Some(usual.to_owned())
        })
    };
    let (reads, turns) = (Arc::clone(sim), Arc::clone(sim));
    let clock = Clock {
        now: Box::new(move || reads.now()),
        sleep: Box::new(move |duration| {
            let turns = Arc::clone(&turns);
            Box::pin(async move {
                turns.advance(SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX));
            })
        }),
    };
    Handler {
        settings: Settings::read(variable),
        aws: Aws::new(&configuration(&sim.url())),
        clock,
        measured: Box::new(|_| {}),
    }
}

/// The function of [`handler`] that gives up on an answer after `limit`.
#[must_use]
pub fn handler_with_read_timeout(sim: &Arc<Simulator>, settings: &[(&str, &str)], limit: Duration) -> Handler {
    let timeouts = TimeoutConfig::builder().connect_timeout(limit).read_timeout(limit).build();
    let configuration = configuration(&sim.url()).into_builder().timeout_config(timeouts).build();
    Handler { aws: Aws::new(&configuration), ..handler(sim, settings) }
}

/// The SDK's configuration for a simulator at `url`: what production has, but retries that cost a test no time.
#[must_use]
pub fn configuration(url: &str) -> SdkConfig {
    let limit = Duration::from_secs(20);
    let timeouts = TimeoutConfig::builder().connect_timeout(limit).operation_attempt_timeout(limit).build();
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "rehearsal");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .timeout_config(timeouts)
        .retry_config(retries.with_max_backoff(Duration::from_millis(5)))
        .build()
}

/// The sample commitment `support-agent` with the sample alias, and `more` keys.
#[must_use]
pub fn commitment(more: Value) -> Value {
    let mut commitment = json!({
        "Name": "support-agent",
        "ModelId": "amazon.nova-lite-v1:0:24k",
        "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": ALIAS}],
    });
    if let (Value::Object(members), Value::Object(more)) = (&mut commitment, more) {
        members.extend(more);
    }
    commitment
}
