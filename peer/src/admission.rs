//! Which peers an operator admits.

use std::collections::HashSet;

use libp2p::PeerId;

/// Which peers a node serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// If given, no other peers.
    pub only: Option<HashSet<PeerId>>,
    /// None of these, in any case.
    pub never: HashSet<PeerId>,
}

impl Admission {
    /// Whether a peer is served.
    pub fn admits(&self, peer: &PeerId) -> bool {
        !self.never.contains(peer) && self.only.as_ref().is_none_or(|only| only.contains(peer))
    }
}
