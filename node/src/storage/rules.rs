//! What an operator lets into a storage and out of it.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use fluence::Cid;

use super::Storage;

/// Whose uploads a storage takes, and which files it takes and serves. A file is told by the multihash
/// of its root, so the form of its CID does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// If given, no other peer uploads. Each is a list of which a peer must be on all.
    pub uploaders: Vec<HashSet<String>>,
    /// None of these peers uploads.
    pub never_uploaders: HashSet<String>,
    /// If given, no other files are taken or served.
    pub files: Option<HashSet<Vec<u8>>>,
    /// None of these files is taken or served.
    pub never_files: HashSet<Vec<u8>>,
}

/// Whose files those are that the node itself fetches from the public IPFS; no peer has such an id.
pub const PUBLIC: &str = "the public IPFS";

impl Rules {
    /// Whether a peer may upload. What the node fetches from the [`PUBLIC`] IPFS is nobody's upload.
    pub fn lets_upload(&self, peer: &str) -> bool {
        peer == PUBLIC
            || !self.never_uploaders.contains(peer)
                && self.uploaders.iter().all(|only| only.contains(peer))
    }

    /// Whether the file with this root may be taken and served.
    pub fn lets_serve(&self, root: &Cid) -> bool {
        let hash = root.hash().to_bytes();
        !self.never_files.contains(&hash)
            && self.files.as_ref().is_none_or(|only| only.contains(&hash))
    }
}

impl Storage {
    /// Changes the rules. What is stored already stays, and is not served if they forbid it.
    pub fn set_rules(&self, rules: Rules) {
        let mut current = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(rules);
    }

    /// The rules that hold now.
    pub fn rules(&self) -> Arc<Rules> {
        let current = self.rules.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}
