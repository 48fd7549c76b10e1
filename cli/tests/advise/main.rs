//! `throughput advise`: what it proposes for weeks whose best answer is known, what must hold for all weeks, what it makes of
//! hostile files, and the sessions and pictures of docs/advise.md.

#![expect(clippy::unwrap_used, reason = "a test stops at what it must not meet")]

mod billing;
mod hostile;
mod known;
mod pictures;
mod properties;
mod reading;
mod sessions;
mod weeks;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a call came to.
pub(crate) struct Call {
    /// Its exit code.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained of.
    pub(crate) err: String,
}

/// Where `office.csv`, `shop.csv` and `batch.csv` lie.
pub(crate) fn usage() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advise/usage")
}

/// Runs the command with `words` in `directory`, in an environment of its own.
pub(crate) fn run_in(directory: &Path, words: &[&str]) -> Call {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughput"));
    let output = command.args(words).current_dir(directory).env_clear().stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Call { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Writes `text` into a file of its own and asks for advice about it, with these further words.
pub(crate) fn advised(name: &str, text: &str, words: &[&str]) -> Call {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("advise");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), text).unwrap();
    let all = [&["advise", "--file", name, "--input-price", "3", "--output-price", "15"], words].concat();
    run_in(&directory, &all)
}

/// The answer of a call that went well.
pub(crate) fn answer(call: &Call) -> Value {
    assert_eq!((call.code, call.err.as_str()), (0, ""), "{}", call.out);
    serde_json::from_str(&call.out).unwrap()
}
