//! What an operator lets into a storage and out of it.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use fluence::Cid;
use fluence::content::hash::identity;

use super::Storage;
use super::key::{Key, hash_of, key};
use super::read::blocking;
use super::record::Record;

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

/// How many DAGs are looked at before others get their turn at the ledger.
const PAGE: usize = 256;

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
        // What a CID itself contains comes from whoever asks for it.
        self.lets_serve_hash(&root.hash().to_bytes())
            || identity(root).is_some() && !self.denies(root)
    }

    fn lets_serve_hash(&self, hash: &[u8]) -> bool {
        !self.never_files.contains(hash)
            && self.files.as_ref().is_none_or(|only| only.contains(hash))
    }

    /// Whether a file may not be served, whatever it is a part of.
    pub fn denies(&self, cid: &Cid) -> bool {
        self.never_files.contains(&cid.hash().to_bytes())
    }
}

impl Storage {
    /// Changes the rules. What is stored already stays, and is not served if they forbid it.
    pub fn set_rules(&self, rules: Rules) {
        let mut current = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(rules);
    }

    /// Whether a block may be served for itself: as the root of a file, or, where only some files are let in, as a part of
    /// one of these. A client that continues in the middle of a folder, or takes blocks one by one, asks for parts.
    pub async fn lets_read(self: &Arc<Self>, cid: &Cid) -> bool {
        let rules = self.rules();
        if rules.lets_serve(cid) || rules.denies(cid) {
            return !rules.denies(cid);
        }
        let (storage, cid) = (Arc::clone(self), *cid);
        let is_part = blocking(move || {
            let (hash, key) = (cid.hash().to_bytes(), key(&cid));
            let is_here = storage.index.block(&hash)?.is_some();
            // What comes from now on is a part of what was let in. What comes from Kubo need not be.
            let comes_by_upload = storage.behind.get().is_none();
            if !is_here && comes_by_upload && storage.activities.any_upload() {
                return Ok(true);
            }
            let mut after: Option<Key> = None;
            loop {
                let page = storage.ledger().page(after.as_deref(), PAGE);
                let Some((last, _)) = page.last() else {
                    return Ok(false);
                };
                after = Some(last.clone());
                for (root, Record { id, wanted, .. }) in &page {
                    if !rules.lets_serve_hash(hash_of(root)) {
                        continue;
                    }
                    let is_part = match is_here {
                        true => !storage.index.having([((), *id)], &hash)?.is_empty(),
                        false => *wanted > 0 && storage.index.relation(*id, &key)?.1,
                    };
                    if is_part {
                        return Ok(true);
                    }
                }
            }
        });
        is_part.await.unwrap_or_else(|error| {
            tracing::error!(%error, "it is not known of what a block is a part");
            false
        })
    }

    /// The rules that hold now.
    pub fn rules(&self) -> Arc<Rules> {
        let current = self.rules.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}
