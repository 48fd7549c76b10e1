//! The sessions of docs/advise.md print what is shown there.

use std::fs;
use std::path::Path;

use crate::{run_in, usage};

#[test]
fn a_session_prints_what_is_shown() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/advise.md");
    let document = fs::read_to_string(document).unwrap();
    let blocks = document.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("\n$ "));
    let mut played = 0;
    for block in blocks {
        for session in block.split("\n$ ") {
            let (command, shown) = session.split_once('\n').unwrap();
            let words: Vec<&str> = command.split_whitespace().skip(1).collect();
            let call = run_in(&usage(), &words);
            assert_eq!(call.code, 0, "{command}: {}", call.err);
            let mut said = call.out.lines().map(str::trim_end);
            for line in shown.lines().map(str::trim_end).filter(|line| !line.is_empty() && line.trim() != "…") {
                let is_shown =
                    |said: &str| line.strip_suffix('…').map_or(said == line, |start| said.starts_with(start));
                assert!(said.any(is_shown), "`{command}` does not print, or not in this order:\n{line}\n{}", call.out);
            }
            played += 1;
        }
    }
    assert!(played >= 4, "{played} sessions");
}
