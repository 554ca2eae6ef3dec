//! How many files and connections the system lets a node have open.

/// Of the open files, these many are for what is not a connection between peers: files of the
/// storage, connections over HTTP, and connections that are being made.
const KEPT: usize = 512;
/// The least number of connections between peers, however few files may be open.
const LEAST: usize = 64;

/// How many connections between peers there may be: as many as `wanted`, if so many files may be
/// open. Half of few files is for everything else.
pub(super) fn connections(wanted: u32, files: usize) -> u32 {
    let most = files.saturating_sub(KEPT.min(files / 2)).max(LEAST);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    if most < wanted {
        tracing::warn!(
            "only {most} connections instead of {wanted} at one time, because no more than {files} \
             files may be open: raise the limit (ulimit -n, LimitNOFILE)"
        );
    }
    wanted.min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        for (files, connections_of_20_000) in [
            (1_048_576, 20_000),
            (20_000, 19_488),
            (1024, 512),
            (256, 128),
            (10, 64),
        ] {
            assert_eq!(connections(20_000, files), connections_of_20_000);
        }
    }
}
