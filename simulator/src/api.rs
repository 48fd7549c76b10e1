//! How does AWS speak? Requests, answers and refusals of the REST-JSON protocol that three of the
//! services share, and of the JSON of Systems Manager.

use serde_json::{Map, Value, json};

/// One request, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    /// The path's variable parts.
    pub(crate) ids: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Call {
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn id(&self, index: usize) -> &str {
        self.ids.get(index).map_or("", String::as_str)
    }

    pub(crate) fn text(&self, key: &str) -> Result<&str, Refusal> {
        self.body[key].as_str().ok_or_else(|| Refusal::validation(format!("{key} must be a string")))
    }

    /// Refuses members that the service's model does not have.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        only(&self.body, known)
    }
}

pub(crate) fn only(value: &Value, known: &[&str]) -> Result<(), Refusal> {
    let empty = Map::new();
    let members = value.as_object().unwrap_or(&empty);
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(Refusal::malformed(format!("unknown member {key}"))),
    }
}

/// An error answer.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Whether no honest client would have sent this: the one who sent it is at fault.
    pub(crate) malformed: bool,
    /// What its body has beside the message.
    pub(crate) details: Vec<(&'static str, Value)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), malformed: false, details: Vec::new() }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self { malformed: true, ..Self::validation(message) }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", format!("{} could not be found", what.into()))
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "ConflictException", message)
    }

    /// The same, with a member more in its body.
    pub(crate) fn with(mut self, member: &'static str, value: Value) -> Self {
        self.details.push((member, value));
        self
    }

    pub(crate) fn body(&self) -> Value {
        // One error of DynamoDB has it in a capital letter.
        let message = if self.code == "TransactionCanceledException" { "Message" } else { "message" };
        let mut body = json!({message: self.message});
        for (member, value) in &self.details {
            body[*member] = value.clone();
        }
        body
    }
}

/// One page of `all`, and the token of the next.
pub(crate) fn page(all: &[Value], token: Option<&str>, size: usize) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let start = match token {
        None => 0,
        Some(token) => token.parse().map_err(|_| Refusal::malformed("the pagination token is not one of ours"))?,
    };
    let size = size.max(1);
    let page = all.iter().skip(start).take(size).cloned().collect();
    Ok((page, (start + size < all.len()).then(|| (start + size).to_string())))
}
