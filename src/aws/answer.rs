//! How does an answer get to `CloudFormation`?
//!
//! One PUT to a presigned URL of S3, by the HTTP client that the SDK carries.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_bedrock::config::SharedAsyncSleep;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;

use super::{Aws, TLS};
use policy::custom_resource::ResponseUrl;

/// The outcome of sending an answer; nothing in it repeats the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It arrived.
    Delivered,
    /// It did not; another try may.
    NotNow(String),
    /// It will never be taken.
    Refused(String),
}

/// The client for answers, made when the first one is sent: most invocations send none, and it reads root certificates.
#[derive(Debug, Default)]
pub(super) struct Answers {
    connector: OnceLock<SharedHttpConnector>,
}

impl Aws {
    /// Sends answers by `connector` in place of a client of its own: a rehearsal without sockets hears them so.
    #[must_use]
    pub fn answering_by(mut self, connector: SharedHttpConnector) -> Self {
        self.answers = Arc::new(Answers { connector: OnceLock::from(connector) });
        self
    }

    /// Puts an answer where `CloudFormation` looks for it: with an empty content type, as the URL is signed, and following no
    /// redirect. The same answer may be put again.
    pub async fn put_answer(&self, url: &ResponseUrl, body: &str) -> Delivery {
        let mut request = Request::new(SdkBody::from(body));
        if request.set_method("PUT").is_err() || request.set_uri(url.expose()).is_err() {
            return Delivery::Refused("the ResponseURL is not a URL".to_owned());
        }
        request.headers_mut().insert("content-type", "");
        let connector = self.answers.connector.get_or_init(|| SharedHttpConnector::new(connector(&self.timeouts)));
        // The error of a connection may name where it went: its kind has to do.
        match connector.call(request).await {
            Err(error) if error.is_timeout() => Delivery::NotNow("no answer in time".to_owned()),
            Err(error) if error.is_io() => Delivery::NotNow("the connection failed".to_owned()),
            Err(_) => Delivery::NotNow("the request failed".to_owned()),
            Ok(response) => match response.status().as_u16() {
                200..=299 => Delivery::Delivered,
                status @ (408 | 429 | 500..) => Delivery::NotNow(format!("HTTP status {status}")),
                status => Delivery::Refused(format!("HTTP status {status}")),
            },
        }
    }
}

fn connector(timeouts: &TimeoutConfig) -> Connector {
    let or = |given: Option<Duration>, seconds| given.unwrap_or(Duration::from_secs(seconds));
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(or(timeouts.connect_timeout(), 3))
        .read_timeout(or(timeouts.read_timeout(), 8))
        .build();
    Connector::builder()
        .tls_provider(TLS)
        .connector_settings(settings)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build()
}
