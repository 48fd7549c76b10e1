//! What does `CloudFormation` ask for, and where does it want to hear of it?
//!
//! The address is found in the raw JSON before anything else is judged, so that whatever is wrong with a request can be
//! answered (docs/reference.md, "The custom resource"). The `ResponseURL` is a secret: who has it can answer in our name.

use std::fmt::{self, Debug};

use http::Uri;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::commitment::{Name, ServiceTimeout};
use crate::input::{Mistakes, cut, parse, shown, words};

/// How long `CloudFormation` waits if `ServiceTimeout` does not say otherwise, and at most.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(3600);
/// How long before the end an answer is given whatever has been reached; half of a wait that is shorter than two minutes.
const DECIDE_BEFORE_END: SignedDuration = SignedDuration::from_secs(60);
/// Characters of the logical id in the name.
const LOGICAL_ID_IN_NAME: usize = 31;
/// Most bytes of what an answer repeats: half of what it may have. CloudFormation's own have a few hundred.
const MOST_REPEATED: usize = 2048;
/// The resource type that keeps the service's own stack from being deleted.
const GUARD_TYPE: &str = "Custom::CommitmentsGuard";

/// Domains under which `CloudFormation` may want its answers: S3's names end so in the partitions of the public, of China, and of
/// the others, in which only S3's own names count.
const DOMAINS: [&str; 2] = ["amazonaws.com", "amazonaws.com.cn"];
const S3_DOMAINS: [&str; 5] = ["amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"];

words! {
    /// What `CloudFormation` wants done.
    RequestType {
        /// Make it.
        Create,
        /// Change it.
        Update,
        /// Let it go.
        Delete,
    }
}

/// A request as it came: it prints as nothing, because its `ResponseURL` is a secret.
#[derive(Clone, PartialEq)]
pub struct RawRequest(pub Value);

impl Debug for RawRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawRequest(…)")
    }
}

/// A presigned URL that takes one answer: whoever has it can answer, so it cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(String);

impl Debug for ResponseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ResponseUrl(…)")
    }
}

/// Why nobody can be answered; it never repeats the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// There is none.
    #[error("the request has no ResponseURL: nobody can be answered")]
    Missing,
    /// It is none.
    #[error("the request's ResponseURL is not a URL: nobody can be answered")]
    Malformed,
    /// It would send the answer to somebody else.
    #[error(
        "the request's ResponseURL does not lead to S3 over https, and its host is not among RESPONSE_HOSTS: nobody is \
         answered"
    )]
    Elsewhere,
    /// What an answer has to repeat would not leave it room for anything else.
    #[error(
        "the request's StackId, RequestId and LogicalResourceId are longer than CloudFormation makes them: no answer could \
         repeat them"
    )]
    Unrepeatable,
}

impl ResponseUrl {
    /// Takes `text` if answers may go there: over https to AWS, or to one of `hosts`, each a `host:port`, plain http
    /// allowed.
    ///
    /// # Errors
    /// It is not a URL, or leads elsewhere.
    pub fn new(text: &str, hosts: &[String]) -> Result<Self, Unanswerable> {
        let uri: Uri = text.parse().map_err(|_| Unanswerable::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Unanswerable::Malformed);
        };
        let plain = match scheme {
            "http" => true,
            "https" => false,
            _ => return Err(Unanswerable::Elsewhere),
        };
        let host = authority.host().to_ascii_lowercase();
        let port = authority.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let listed = hosts.contains(&format!("{host}:{port}"));
        let ours = !plain && port == 443 && is_aws(&host);
        // What stands before an `@` would be sent along as somebody's password.
        if authority.as_str().contains('@') || !(listed || ours) {
            return Err(Unanswerable::Elsewhere);
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL, for the one who sends the answer.
    #[must_use]
    pub fn expose(&self) -> &str {
        let Self(url) = self;
        url
    }

    /// When it was signed: the order of requests (docs/reference.md, "The custom resource").
    #[must_use]
    pub fn signed(&self) -> Option<Timestamp> {
        let Self(url) = self;
        let (_, query) = url.split_once('?')?;
        let date = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Date="))?;
        let date = DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
        Offset::UTC.to_timestamp(date).ok()
    }
}

fn is_aws(host: &str) -> bool {
    let under = |domain: &str| host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
    let is_s3 = |rest: &str| rest.split('.').any(|label| label == "s3" || label.starts_with("s3-"));
    DOMAINS.iter().any(|domain| under(domain).is_some())
        || S3_DOMAINS.iter().filter_map(|domain| under(domain)).any(is_s3)
}

/// The stack that asked, and its address for the answer. An answer echoes its ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Origin {
    /// The address for the answer.
    pub response_url: ResponseUrl,
    /// The stack's ARN.
    pub stack_id: String,
    /// The request; reused when a failed deployment is tried again.
    pub request_id: String,
    /// The resource's name in its template.
    pub logical_resource_id: String,
}

impl Origin {
    /// Finds whom to answer in the raw request; what is not there is empty.
    ///
    /// # Errors
    /// Nobody can be answered.
    pub fn find(request: &RawRequest, hosts: &[String]) -> Result<Self, Unanswerable> {
        let RawRequest(members) = request;
        let text = |key: &str| members[key].as_str().unwrap_or_default().to_owned();
        let url = members["ResponseURL"].as_str().filter(|url| !url.is_empty()).ok_or(Unanswerable::Missing)?;
        let origin = Self {
            response_url: ResponseUrl::new(url, hosts)?,
            stack_id: text("StackId"),
            request_id: text("RequestId"),
            logical_resource_id: text("LogicalResourceId"),
        };
        let Self { response_url: _, stack_id, request_id, logical_resource_id } = &origin;
        let repeated = Value::from([stack_id.as_str(), request_id, logical_resource_id].as_slice());
        if repeated.to_string().len() > MOST_REPEATED { Err(Unanswerable::Unrepeatable) } else { Ok(origin) }
    }

    /// The `PhysicalResourceId`, which is also the commitment's name: it never changes, and follows from the stack and the
    /// logical id alone.
    #[must_use]
    pub fn physical_id(&self) -> String {
        let Self { stack_id, logical_resource_id, .. } = self;
        let start: String = logical_resource_id.chars().take(LOGICAL_ID_IN_NAME).collect();
        let digest = Sha256::digest(format!("{stack_id}/{logical_resource_id}"));
        format!("{start}-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
    }
}

/// A request that can be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is wanted.
    pub kind: RequestType,
    /// The stack that asked.
    pub origin: Origin,
    /// The commitment that it is about.
    pub name: Name,
    /// Whether it is about the guard of the service's own stack.
    pub guards: bool,
    /// What was declared; null if the request has none.
    pub properties: Value,
    /// When it was made: requests of one resource are ordered by this.
    pub dated: Timestamp,
    /// When it came.
    pub since: Timestamp,
    /// When `CloudFormation` stops waiting.
    pub until: Timestamp,
    /// When an answer is given whatever has been reached.
    pub decide_at: Timestamp,
}

impl Request {
    /// Reads `request`, which came at `now` from `origin`.
    ///
    /// # Errors
    /// Every mistake in the envelope, each with its path; the properties are judged later.
    pub fn read(request: &RawRequest, origin: Origin, now: Timestamp) -> Result<Self, Mistakes> {
        let RawRequest(members) = request;
        let mut mistakes = Mistakes::default();
        let kind = if members["RequestType"].is_null() {
            mistakes.add("RequestType", "is missing; CloudFormation sends Create, Update or Delete");
            None
        } else {
            parse(&members["RequestType"], "RequestType", &mut mistakes)
        };
        for (key, text) in [
            ("StackId", &origin.stack_id),
            ("RequestId", &origin.request_id),
            ("LogicalResourceId", &origin.logical_resource_id),
        ] {
            if text.is_empty() {
                mistakes.add(key, "is missing; CloudFormation always sends it");
            }
        }
        let name = origin.physical_id().parse();
        if name.is_err() {
            let logical_id = cut(&origin.logical_resource_id);
            mistakes.add("LogicalResourceId", format!("`{logical_id}` has other signs than letters and digits"));
        }
        let properties = members["ResourceProperties"].clone();
        if properties.is_null() {
            if matches!(kind, Some(RequestType::Create | RequestType::Update)) {
                mistakes.add("ResourceProperties", "is missing; give the declaration, with ModelId at least");
            }
        } else if !properties.is_object() {
            mistakes.add("ResourceProperties", format!("{} is not an object", shown(&properties)));
        }
        // A bad ServiceTimeout is told with the other mistakes of a declaration, and must not keep a Delete from being carried out.
        let ServiceTimeout(seconds) =
            parse(&properties["ServiceTimeout"], "", &mut Mistakes::default()).unwrap_or(ServiceTimeout(3600));
        let wait = SignedDuration::from_secs(i64::from(seconds)).min(LONGEST_WAIT);
        let dated = origin.response_url.signed().unwrap_or(now);
        // Clocks differ: nobody waits longer for a date that lies ahead.
        let until = dated.min(now).saturating_add(wait).unwrap_or(Timestamp::MAX);
        let request = kind.zip(name.ok()).map(|(kind, name)| Self {
            kind,
            name,
            guards: members["ResourceType"] == GUARD_TYPE,
            properties,
            dated,
            since: now,
            until,
            decide_at: until.saturating_sub(DECIDE_BEFORE_END.min(wait / 2)).unwrap_or(Timestamp::MIN),
            origin,
        });
        mistakes.or(request)
    }
}
