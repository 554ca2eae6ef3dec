//! The processes of a browser or a node, and how much processor time they have taken.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The clock ticks in a second, in which the system counts processor time (`getconf CLK_TCK`).
pub const TICKS: u64 = 100;

/// The parent of every process.
pub fn parents() -> HashMap<u32, u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return HashMap::new();
    };
    processes
        .flatten()
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let parent = *numbers(&entry.path().join("stat"))?.first()?;
            Some((process, u32::try_from(parent).ok()?))
        })
        .collect()
}

/// Whether a process is `main`, or was started by one that is.
pub fn is_below(parents: &HashMap<u32, u32>, mut process: u32, main: u32) -> bool {
    while process != main {
        match parents.get(&process) {
            Some(&parent) if parent != process => process = parent,
            _ => return false,
        }
    }
    true
}

/// A file of a process in `/proc`.
pub fn about(process: u32, name: &str) -> PathBuf {
    Path::new("/proc").join(process.to_string()).join(name)
}

/// The processor time that a process and all below it have taken so far, those that have ended included.
pub fn taken(main: u32) -> Duration {
    let parents = parents();
    let all = parents
        .keys()
        .filter(|process| is_below(&parents, **process, main));
    // utime, stime, and cutime and cstime, which are those of children that have ended (proc_pid_stat(5)).
    let ticks = |process| {
        Some(
            numbers(&about(process, "stat"))?
                .get(10..14)?
                .iter()
                .sum::<i64>(),
        )
    };
    let ticks: i64 = all.filter_map(|process| ticks(*process)).sum();
    Duration::from_millis(ticks.unsigned_abs() * 1000 / TICKS)
}

/// The numbers in `/proc/PID/stat` from the parent on.
fn numbers(stat: &Path) -> Option<Vec<i64>> {
    let stat = std::fs::read_to_string(stat).ok()?;
    // The state and then the parent follow the name, which may contain anything. The last numbers may be too large.
    let rest = stat.rsplit_once(')')?.1.split_whitespace().skip(1);
    Some(rest.map_while(|number| number.parse().ok()).collect())
}
