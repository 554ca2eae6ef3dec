//! What only those faces are told that ask for it ([`Command::Live`](crate::command::Command::Live)): the nodes with
//! their links, and the calls as they happen. None of it is in the state or in the journal.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::call::Request;
use crate::failure::Reason;
use crate::state::LinkCause;

/// The most calls that are remembered.
pub const MAX_CALLS: usize = 50;
/// The most connected peers that are told of.
pub const MAX_PEERS: usize = 100;
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

/// The end of a peer id, by which faces tell peers apart.
pub fn short(peer: &str) -> &str {
    let start = peer.char_indices().rev().nth(SHORT_PEER - 1);
    &peer[start.map_or(0, |(at, _)| at)..]
}

impl CallLine {
    /// A call that begins now.
    pub fn begins(number: u64, at: u64, incoming: bool, request: &Request, peer: &str) -> Self {
        Self {
            number,
            at,
            incoming,
            function: kind_of(request).to_owned(),
            peer: short(peer).to_owned(),
            ms: None,
            failed: None,
        }
    }
}

/// The last calls, and when each changed.
#[derive(Debug, Default)]
pub struct Calls {
    /// The lines, each with the number of its last change.
    lines: VecDeque<(u64, CallLine)>,
    changes: u64,
    begun: u64,
}

impl Calls {
    /// Notes a call that begins at a time in Unix milliseconds, and returns its number. Of more than [`MAX_CALLS`], the
    /// oldest is forgotten.
    pub fn begins(&mut self, at: u64, incoming: bool, request: &Request, peer: &str) -> u64 {
        self.begun += 1;
        self.changes += 1;
        if self.lines.len() >= MAX_CALLS {
            self.lines.pop_front();
        }
        let line = CallLine::begins(self.begun, at, incoming, request, peer);
        self.lines.push_back((self.changes, line));
        self.begun
    }

    /// Notes how a call ended, unless it is forgotten.
    pub fn ended(&mut self, number: u64, now: u64, failed: Option<Reason>) {
        let mut lines = self.lines.iter_mut();
        if let Some((change, line)) = lines.find(|(_, line)| line.number == number) {
            self.changes += 1;
            *change = self.changes;
            line.ms = Some(now.saturating_sub(line.at));
            line.failed = failed;
        }
    }

    /// The lines that have changed since this change, oldest first, and the number of the last change.
    pub fn since(&self, change: u64) -> (Vec<CallLine>, u64) {
        let new = self.lines.iter().filter(|(at, _)| *at > change);
        (new.map(|(_, line)| line.clone()).collect(), self.changes)
    }
}

/// The kind of the function that is called: the name of one that every peer knows, and of any other no more than how it
/// begins, since whoever knows the name of a file's function can fetch the file.
pub fn kind_of(request: &Request) -> &'static str {
    const KNOWN: [&str; 7] = [
        "IPFS_multiaddr",
        "IPFS_release",
        "FLUENCE_holds",
        "FLUENCE_present",
        "FLUENCE_records",
        "FLUENCE_withdraw",
        "FLUENCE_withdrawn",
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
    fn each_change_is_told_once_and_few_calls_are_kept() {
        let request = Request::new("IPFS_multiaddr".parse().unwrap(), &json!({}));
        let mut calls = Calls::default();
        let first = calls.begins(1_000, true, &request, "a");
        let (lines, change) = calls.since(0);
        assert_eq!((lines.len(), lines[0].ms), (1, None));
        assert!(calls.since(change).0.is_empty());
        let second = calls.begins(1_005, false, &request, "b");
        calls.ended(first, 1_012, Some(Reason::Busy));
        let (lines, change) = calls.since(change);
        let told: Vec<_> = lines.iter().map(|line| (line.number, line.ms)).collect();
        assert_eq!(told, [(first, Some(12)), (second, None)]);
        assert_eq!(lines[0].failed, Some(Reason::Busy));
        for at in 0..2 * MAX_CALLS as u64 {
            calls.begins(2_000 + at, true, &request, "c");
        }
        // It is forgotten by now, and a clock may go back.
        calls.ended(second, 0, None);
        calls.ended(second + 2 * MAX_CALLS as u64, 0, None);
        let (lines, _) = calls.since(change);
        assert_eq!(lines.len(), MAX_CALLS);
        assert_eq!(lines[MAX_CALLS - 1].ms, Some(0));
        assert!(lines.iter().all(|line| line.number > second));
    }

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
            ("FLUENCE_present", json!({}), "FLUENCE_present"),
            ("secret_garden", json!({}), "…"),
        ] {
            assert_eq!(line(function, args).function, kind, "{function}");
        }
        assert_eq!(line(file, json!({})).peer, "abcdefgh");
    }
}
