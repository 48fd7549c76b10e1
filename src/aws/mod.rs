//! How do we speak with AWS?
//!
//! The seam: AWS's types stop here and are translated word for word. Every effect is idempotent and says so.

mod agents;
mod answer;
mod bedrock;
mod events;
mod parameters;
mod quotas;
mod schedules;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_bedrock::config::http::HttpResponse;
use aws_sdk_bedrock::config::retry::RetryConfig;
use aws_sdk_bedrock::config::timeout::TimeoutConfig;
use aws_sdk_bedrock::config::{ProvideCredentials, SharedHttpClient};
use aws_sdk_bedrock::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use policy::observed::{CallError, CallErrorKind};
use tokio::sync::OnceCell;

pub use agents::Listed;
pub use answer::Delivery;
pub use bedrock::{Deletion, Purchase};
pub use quotas::Quota;
pub use schedules::Tick;

/// Half the size of the SDK's usual aws-lc, and no 32 ms of collecting entropy before the first handshake.
const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// The clients of the services: those that every tick needs made at start, the others when they are first needed.
#[derive(Debug, Clone)]
pub struct Aws {
    configuration: SdkConfig,
    bedrock: aws_sdk_bedrock::Client,
    agents: aws_sdk_bedrockagent::Client,
    table: aws_sdk_dynamodb::Client,
    table_id: Arc<OnceCell<String>>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    scheduler: OnceLock<aws_sdk_scheduler::Client>,
    parameters: OnceLock<aws_sdk_ssm::Client>,
    quotas: OnceLock<aws_sdk_servicequotas::Client>,
    answers: Arc<answer::Answers>,
    timeouts: TimeoutConfig,
    /// Where fresh ids begin, and how many there have been.
    process: String,
    ids: Arc<AtomicU64>,
    /// For messages: the commonest cause of "not found" is another Region.
    region: String,
}

/// The SDK's own configuration, from the environment that Lambda gives, with limits that fit a function: without them a
/// silent server holds a call for ever.
pub async fn configuration() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .read_timeout(Duration::from_secs(8))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25))
        .build();
    let mut defaults = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client());
    // Lambda's are in the environment. The usual chain asks that first too, but makes a client of STS for what comes after.
    let environment = EnvironmentVariableCredentialsProvider::new();
    if environment.provide_credentials().await.is_ok() {
        defaults = defaults.credentials_provider(environment);
    }
    defaults.timeout_config(timeouts).retry_config(RetryConfig::standard()).load().await
}

/// The HTTPS client that every AWS client shares.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(TLS).build_https()
}

impl Aws {
    /// Clients as `configuration` says.
    #[must_use]
    pub fn new(configuration: &SdkConfig) -> Self {
        Self {
            configuration: configuration.clone(),
            bedrock: aws_sdk_bedrock::Client::new(configuration),
            agents: aws_sdk_bedrockagent::Client::new(configuration),
            table: aws_sdk_dynamodb::Client::new(configuration),
            table_id: Arc::default(),
            events: OnceLock::new(),
            // Two processes never hand out the same id.
            process: format!("{:016x}", RandomState::new().build_hasher().finish()),
            ids: Arc::default(),
            scheduler: OnceLock::new(),
            parameters: OnceLock::new(),
            quotas: OnceLock::new(),
            answers: Arc::default(),
            timeouts: configuration.timeout_config().cloned().unwrap_or_else(|| TimeoutConfig::builder().build()),
            region: configuration.region().map_or_else(|| "an unknown Region".to_owned(), ToString::to_string),
        }
    }

    fn scheduler(&self) -> &aws_sdk_scheduler::Client {
        self.scheduler.get_or_init(|| aws_sdk_scheduler::Client::new(&self.configuration))
    }

    fn parameters(&self) -> &aws_sdk_ssm::Client {
        self.parameters.get_or_init(|| aws_sdk_ssm::Client::new(&self.configuration))
    }

    fn quotas(&self) -> &aws_sdk_servicequotas::Client {
        self.quotas.get_or_init(|| aws_sdk_servicequotas::Client::new(&self.configuration))
    }

    /// Begins every fresh id with `process`: a rehearsal that is played twice makes the same calls.
    #[must_use]
    pub fn known_as(self, process: &str) -> Self {
        Self { process: process.to_owned(), ids: Arc::default(), ..self }
    }

    /// Counts the ids of this process from `first` on: a rehearsal that goes back in time makes the same calls again.
    pub fn count_ids_from(&self, first: u64) {
        self.ids.store(first, Ordering::Relaxed);
    }

    pub(crate) fn table_client(&self) -> &aws_sdk_dynamodb::Client {
        &self.table
    }

    /// The table's own id, once it is known.
    pub(crate) fn table_id(&self) -> &OnceCell<String> {
        &self.table_id
    }

    /// An id that nobody else has: of a write, or of an invocation that works on a commitment.
    pub(crate) fn fresh_id(&self) -> String {
        format!("{}-{}", self.process, self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn events(&self) -> &aws_sdk_eventbridge::Client {
        self.events.get_or_init(|| aws_sdk_eventbridge::Client::new(&self.configuration))
    }

    /// The Region that is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn failed<E>(&self, cannot: impl Into<String>, error: &SdkError<E, HttpResponse>) -> CallError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let cannot = cannot.into();
        let SdkError::ServiceError(context) = error else {
            let message = DisplayErrorContext(error).to_string();
            return CallError { cannot, kind: CallErrorKind::NoAnswer, code: "NoAnswer".to_owned(), message };
        };
        let code = context.err().code().unwrap_or("UnknownError").to_owned();
        let mut message = context.err().message().unwrap_or("no message").to_owned();
        // A state race comes as a validation error (aws-facts, agent aliases).
        let race = ["can't be performed on", "OptLock", "Not Prepared", "not prepared"];
        let race = race.iter().any(|words| message.contains(words));
        let kind = match code.as_str() {
            "ResourceNotFoundException" | "ParameterNotFound" => CallErrorKind::NotFound,
            "ServiceQuotaExceededException" => CallErrorKind::Quota,
            // A role that was just made may not be assumable for some seconds.
            "ValidationException" if message.contains("assume the role") => CallErrorKind::Busy,
            "ConflictException" | "ParameterAlreadyExists" | "TooManyUpdates" => CallErrorKind::Conflict,
            "ValidationException" if race => CallErrorKind::Busy,
            "ValidationException" => CallErrorKind::Invalid,
            // The call may have had its effect before the server stumbled.
            _ if context.raw().status().as_u16() >= 500 => CallErrorKind::NoAnswer,
            _ => CallErrorKind::Refused,
        };
        if matches!(kind, CallErrorKind::NotFound | CallErrorKind::Invalid) {
            message = format!("{message} (asked in {})", self.region);
        }
        CallError { cannot, kind, code, message }
    }
}

fn instant(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).unwrap_or_default()).ok()
}
