//! What this process takes of its machine.

/// The memory that this process has in use, in bytes; `None` if the system does not tell.
#[cfg(target_os = "linux")]
pub fn memory() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

/// How many files this process has open; `None` if the system does not tell.
#[cfg(target_os = "linux")]
pub fn open_files() -> Option<usize> {
    // One of them is the directory itself.
    Some(
        std::fs::read_dir("/proc/self/fd")
            .ok()?
            .count()
            .saturating_sub(1),
    )
}

/// Only Linux is asked.
#[cfg(not(target_os = "linux"))]
pub fn memory() -> Option<u64> {
    None
}

/// Only Linux is asked.
#[cfg(not(target_os = "linux"))]
pub fn open_files() -> Option<usize> {
    None
}
