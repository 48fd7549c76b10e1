//! The runbook's sessions: each alarm is brought about in a simulated account, found out, cured, and well again.
//!
//! What `docs/operations.md` shows is what happens here, with the real command and the alarms as `template.yaml` defines them.
//! `make pictures` runs these tests with `WRITE_PICTURES` set, one after the other; then they write the sessions.

#![expect(clippy::unwrap_used, reason = "a test stops at what it must not meet")]

mod alarms;
mod evaluation;
mod sessions;
mod theatre;

use std::fs;
use std::path::{Path, PathBuf};

use theatre::Theatre;

/// Where a file of the repository is.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name)
}

/// The runbook's section about the alarm `name`.
fn section(name: &str) -> String {
    let runbook = fs::read_to_string(path("docs/operations.md")).unwrap();
    let (_, rest) = runbook.split_once(&format!("\n### {name}\n")).unwrap();
    rest.split_once("\n### ").map_or(rest, |(section, _)| section).to_owned()
}

/// Says that the runbook's section about `alarm` names `cause` word by word, and that `said` is what it names; `…` stands for
/// what differs from case to case.
fn assert_names_cause(alarm: &str, cause: &str, said: &str) {
    assert!(section(alarm).contains(&format!("`{cause}`")), "the section about {alarm} does not name `{cause}`");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = words.as_str();
    for part in cause.split('…').map(str::trim).filter(|part| !part.is_empty()) {
        let found = rest.split_once(part).map(|(_, after)| after);
        rest = found.unwrap_or_else(|| panic!("`{cause}` is not said, as `{part}` is not, by:\n{said}"));
    }
}

/// Compares the session of `alarm` that was played with the one in the runbook, or writes it there.
fn assert_is_shown(alarm: &str, theatre: &Theatre) {
    let file = path("docs/operations.md");
    let runbook = fs::read_to_string(&file).unwrap();
    let (begin, end) = (format!("<!-- session: {alarm} -->\n"), "<!-- end of session -->");
    let (before, rest) = runbook.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let played = format!("{before}{begin}\n```console\n{}```\n\n{end}{after}", theatre.told());
    if std::env::var_os("WRITE_PICTURES").is_some() {
        fs::write(&file, &played).unwrap();
    }
    let stands = fs::read_to_string(&file).unwrap();
    assert!(stands == played, "the session of {alarm} is another one now: run `make pictures`\n{}", theatre.told());
}
