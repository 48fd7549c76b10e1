//! The command as it is called: what it prints, what it sends, and the code that it ends with.

#![expect(clippy::unwrap_used, reason = "a test stops at what it must not meet")]

mod asking;
mod beginning;
mod billing;
mod checking;
mod examining;
mod explaining;
mod hours;
mod kinds;
mod manners;
mod narrow;
mod pictures;
mod previewing;
mod stacks;
mod stand_in;
mod troubles;

use std::path::Path;
use std::process::{Command, Stdio};

/// What a call came to.
pub(crate) struct Call {
    /// Its exit code.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained of.
    pub(crate) err: String,
}

/// The command with `arguments`, among the fixtures, in an environment of its own.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughput"));
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"))
        .env_clear()
        .stdin(Stdio::null());
    command
}

/// Runs `command` to its end.
pub(crate) fn call(command: &mut Command) -> Call {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Call { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the command with `arguments`.
pub(crate) fn run(arguments: &[&str]) -> Call {
    call(&mut command(arguments))
}
