//! Writes the JSON Schemas of a commitment, or checks that those that are there are fresh.
//!
//! `schema DIRECTORY` writes them; `schema --check DIRECTORY` writes nothing, and fails if one is missing or stale.

use std::path::Path;
use std::process::ExitCode;

use rehearsal::schema::{stale, write};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--check", directory] => {
            let stale = stale(Path::new(directory));
            for name in &stale {
                eprintln!("{directory}/{name} is not what the types say; run `make schema` and commit it");
            }
            if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        [directory] if !directory.starts_with('-') => match write(Path::new(directory)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot write the schemas to {directory}: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: schema [--check] DIRECTORY");
            ExitCode::from(2)
        }
    }
}
