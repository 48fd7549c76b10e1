//! Does an instance fit a schema, by somebody else's reading of JSON Schema?
//!
//! A package of its own, since a validator takes long to build and only tests need one.

pub use jsonschema::Validator;
use serde_json::Value;

/// What checks instances against `document`; it never asks the network for another one.
///
/// # Errors
/// `document` is no schema of draft 2020-12.
pub fn validator(document: &Value) -> Result<Validator, String> {
    jsonschema::draft202012::new(document).map_err(|error| error.to_string())
}
