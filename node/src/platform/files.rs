//! How many files, and so connections, this process may have open.

/// How many files a process may have open where the system sets no limit.
const UNLIMITED: u64 = 1 << 20;

/// Raises the number of files that this process may have open to what the system allows it.
/// Desktops allow 1,024 unless a program asks for more, for the sake of programs that use `select`;
/// this one does not. Returns the number.
#[cfg(unix)]
pub fn raise_file_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(UNLIMITED);
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            maximum: limit.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    file_limit()
}

/// How many files this process may have open.
#[cfg(unix)]
pub fn file_limit() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Where the system has no such limit, it is taken to be large.
#[cfg(not(unix))]
pub fn raise_file_limit() -> usize {
    file_limit()
}

/// Where the system has no such limit, it is taken to be large.
#[cfg(not(unix))]
pub fn file_limit() -> usize {
    UNLIMITED as usize
}
