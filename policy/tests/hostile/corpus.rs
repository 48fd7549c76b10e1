//! What fuzzing has found worth keeping, once more.

use super::checks;

/// Runs `check` on every file of `fuzz/corpus/<target>`.
fn replay(target: &str, check: fn(&[u8])) {
    let directory = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> =
        std::fs::read_dir(&directory).expect("a corpus").map(|file| file.expect("a file").path()).collect();
    assert!(files.len() >= 100, "{directory} holds a corpus: {} files", files.len());
    for file in files {
        let bytes = std::fs::read(&file).expect("a readable file");
        // Which one it was that something did not hold of.
        let told = std::panic::catch_unwind(|| check(&bytes));
        assert!(told.is_ok(), "{} fails; what it fails at is told above", file.display());
    }
}

#[test]
fn events() {
    replay("event", checks::event);
}

#[test]
fn requests() {
    replay("request", checks::request);
}

#[test]
fn timetables() {
    replay("timetable", |bytes| checks::timetable(&String::from_utf8_lossy(bytes)));
}
