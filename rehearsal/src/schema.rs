//! What do editors and CI check a declaration against?
//!
//! The JSON Schemas that [`Commitment`] gives, as the files that are checked in.

use std::fs;
use std::io;
use std::path::Path;

use policy::commitment::Commitment;
use serde_json::Value;

/// The schema documents, each with the name of its file.
#[must_use]
pub fn documents() -> [(&'static str, Value); 2] {
    [("commitment.schema.json", Commitment::schema()), ("custom-resource.schema.json", Commitment::properties_schema())]
}

/// Writes the documents into `directory`, which is made if need be.
///
/// # Errors
/// A file cannot be written.
pub fn write(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    documents().iter().try_for_each(|(name, document)| fs::write(directory.join(name), text(document)))
}

/// The names of the files in `directory` that are missing or not what [`write()`] would write.
#[must_use]
pub fn stale(directory: &Path) -> Vec<&'static str> {
    let fresh =
        |name: &str, document| fs::read_to_string(directory.join(name)).is_ok_and(|held| held == text(document));
    documents().iter().filter(|(name, document)| !fresh(name, document)).map(|(name, _)| *name).collect()
}

fn text(document: &Value) -> String {
    format!("{document:#}\n")
}
