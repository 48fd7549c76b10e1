//! How much of a core does a function of 128 MB get?
//!
//! Lambda gives a whole core at 1,769 MB and a proportional share below. Where this machine's control groups may be written, the
//! function is held to that share by a quota; elsewhere its CPU time is stretched by the same factor.

use std::fs;
use std::path::{Path, PathBuf};

/// The memory of the function, in MB.
pub(crate) const MEMORY: u32 = 128;
/// The memory at which Lambda gives a whole core, in MB.
pub(crate) const MEMORY_OF_A_CORE: u32 = 1769;
/// How often the quota is filled up, in microseconds: Linux's usual tenth of a second would hide short work.
const PERIOD: u32 = 20_000;

/// A control group that is held to the share.
#[derive(Debug)]
pub(crate) struct Share {
    directory: PathBuf,
    /// How it is held, for the table.
    pub(crate) how: &'static str,
}

impl Share {
    /// A group of its own, if the machine lets us have one.
    pub(crate) fn new() -> Option<Self> {
        let quota = PERIOD * MEMORY / MEMORY_OF_A_CORE;
        let name = format!("bench-{}", std::process::id());
        let first = |root: &str, how: &'static str, files: &[(&str, String)]| {
            let directory = Path::new(root).join(&name);
            fs::create_dir(&directory).ok()?;
            let share = Self { directory, how };
            // Where no control groups are mounted, this was a directory like any other.
            if !share.directory.join("cgroup.procs").exists() {
                return None;
            }
            let set = files.iter().all(|(file, value)| fs::write(share.directory.join(file), value).is_ok());
            set.then_some(share)
        };
        let second = [("cpu.max", format!("{quota} {PERIOD}"))];
        let older = [("cpu.cfs_period_us", PERIOD.to_string()), ("cpu.cfs_quota_us", quota.to_string())];
        first("/sys/fs/cgroup", "cgroup v2, cpu.max", &second)
            .or_else(|| first("/sys/fs/cgroup/cpu", "cgroup v1, cpu.cfs_quota_us", &older))
    }

    /// Holds the process `id` to the share from now on.
    pub(crate) fn take_in(&self, id: u32) -> Result<(), String> {
        let file = self.directory.join("cgroup.procs");
        fs::write(&file, id.to_string()).map_err(|error| format!("cannot write {}: {error}", file.display()))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // An ended process leaves its group a moment later.
        for _ in 0..100 {
            if fs::remove_dir(&self.directory).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
