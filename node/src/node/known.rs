//! The other nodes that a node knows, in a file, so that it finds its network again after a restart, whichever of them
//! are still there.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use fluence_peer::{Multiaddr, Peer};

/// The file in the state directory: a multiaddr on each line.
const FILE: &str = "known-nodes.txt";
/// How much of it is read at most, in bytes; a peer remembers 256 nodes.
const MAX_FILE: u64 = 256 * 1024;
/// The time after the start when the file is first written, and the time between two times: a node that is killed
/// soon after its first start was given its neighbours and still is.
const FIRST: Duration = Duration::from_secs(5);
const EVERY: Duration = Duration::from_secs(60);

/// The nodes that an earlier run knew. A line that is no address is left out, and so is everything if the file cannot
/// be read: a node can start without it.
pub(super) fn read(state: &Path) -> Vec<Multiaddr> {
    let mut text = String::new();
    let read = fs::File::open(state.join(FILE))
        .and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    match read {
        Ok(_) => text.lines().filter_map(|line| line.parse().ok()).collect(),
        Err(_) => Vec::new(),
    }
}

/// Writes the file again and again, for as long as this runs.
pub(super) async fn keep(state: &Path, peer: &Peer) {
    let mut written = Vec::new();
    let mut wait = FIRST;
    loop {
        tokio::time::sleep(wait).await;
        write(state, peer, &mut written).await;
        wait = EVERY;
    }
}

/// Writes the file, unless it has these nodes already, or none are known: an old file is better than an empty one.
pub(super) async fn write(state: &Path, peer: &Peer, written: &mut Vec<Multiaddr>) {
    let known = peer.known_nodes().await;
    if known.is_empty() || known == *written {
        return;
    }
    let lines: String = known.iter().map(|address| format!("{address}\n")).collect();
    let (path, beside) = (state.join(FILE), state.join(format!("{FILE}.new")));
    let done = tokio::task::spawn_blocking(move || {
        fs::write(&beside, lines).and_then(|()| fs::rename(&beside, &path))
    });
    match done.await {
        Ok(Ok(())) => *written = known,
        Ok(Err(error)) => tracing::warn!("the known nodes were not written: {error}"),
        // The node is ending.
        Err(_) => {}
    }
}
