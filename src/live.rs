//! What only those faces are told that ask for it ([`Command::Live`](crate::command::Command::Live)): the nodes with
//! their links, and the calls as they happen. None of it is in the state or in the journal.

use serde::{Deserialize, Serialize};

use crate::call::Request;
use crate::failure::Reason;
use crate::state::LinkCause;

/// The most calls that are remembered.
pub const MAX_CALLS: usize = 50;
/// How many characters of a peer id are told of a call. They are its last, because all ids begin alike.
const SHORT_PEER: usize = 8;

/// A node that the person chose, or that a link uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeView {
    /// Its multiaddr: for a chosen node without its peer id unless the person gave one.
    pub address: String,
    /// Its peer id, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Whether the person chose it.
    pub chosen: bool,
    /// What the link to it is like.
    pub link: LinkView,
    /// The round-trip time of the last ping, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt: Option<u64>,
    /// Why it could not be used the last time, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<LinkCause>,
}

/// What the link to a node is like, the better the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkView {
    /// There is none: it failed, or others suffice.
    Idle,
    /// It is being made.
    Connecting,
    /// It is there, and the node has no room for a reservation.
    Unreachable,
    /// It is there, and the node makes this peer reachable by a reservation.
    Online,
}

/// A call that this peer made or answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallLine {
    /// Its number: calls are counted from 1 since the program started. A later line with the same number replaces this.
    pub number: u64,
    /// When it began, in Unix milliseconds.
    pub at: u64,
    /// Whether the other peer called.
    pub incoming: bool,
    /// The kind of the function ([`kind_of`]).
    pub function: String,
    /// The end of the other peer's id.
    pub peer: String,
    /// How long it took, in milliseconds; `None` while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Reason>,
}

impl CallLine {
    /// A call that begins now.
    pub fn begins(number: u64, at: u64, incoming: bool, request: &Request, peer: &str) -> Self {
        let start = peer.char_indices().rev().nth(SHORT_PEER - 1);
        Self {
            number,
            at,
            incoming,
            function: kind_of(request).to_owned(),
            peer: peer[start.map_or(0, |(at, _)| at)..].to_owned(),
            ms: None,
            failed: None,
        }
    }
}

/// The kind of the function that is called: the name of one that every peer knows, and of any other no more than how it
/// begins, since whoever knows the name of a file's function can fetch the file.
pub fn kind_of(request: &Request) -> &'static str {
    const KNOWN: [&str; 4] = [
        "IPFS_multiaddr",
        "IPFS_release",
        "FLUENCE_holds",
        "FLUENCE_records",
    ];
    let name = request.function.as_str();
    if request.is_probe() {
        return "probe";
    }
    match KNOWN.into_iter().find(|known| *known == name) {
        Some(known) => known,
        None if name.starts_with("IPFS_") => "IPFS_…",
        None => "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_line_has_the_name_of_a_file() {
        let line = |function: &str, args| {
            let request = Request::new(function.parse().unwrap(), &args);
            CallLine::begins(1, 2, true, &request, "12D3KooWabcdefgh")
        };
        let file = "IPFS_bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
        for (function, args, kind) in [
            (file, json!({}), "IPFS_…"),
            (file, json!({"probe": true}), "probe"),
            ("IPFS_multiaddr", json!({"size": 1}), "IPFS_multiaddr"),
            ("IPFS_release", json!({}), "IPFS_release"),
            ("secret_garden", json!({}), "…"),
        ] {
            assert_eq!(line(function, args).function, kind, "{function}");
        }
        assert_eq!(line(file, json!({})).peer, "abcdefgh");
    }
}
