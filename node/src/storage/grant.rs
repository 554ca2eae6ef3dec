//! Granting uploads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fluence::Cid;
use fluence::content::hash::{self, HashError, IDENTITY};

use super::chores::Chore;
use super::key::key;
use super::ledger::Asker;
use super::refusal::{MAX_PEER, Refusal};
use super::token::{self, Claims};
use super::upload::Target;
use super::{BlockError, Storage, ipld};
use crate::fairness::AddressBlock;

/// Permission to upload a DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token, which is sent with each upload.
    pub token: String,
    /// When the token expires, in Unix seconds.
    pub expires: u64,
}

impl Storage {
    /// Grants a peer the upload of a DAG for a file of `size` bytes, or of unknown size, in the name
    /// of this node.
    ///
    /// # Errors
    /// Fails as [`Storage::grant_from`] does.
    pub fn grant(
        self: &Arc<Self>,
        peer: &str,
        root: &Cid,
        size: Option<u64>,
    ) -> Result<Grant, Refusal> {
        self.grant_from(peer, AddressBlock::Own, root, size)
    }

    /// Grants a peer that calls from this block of addresses the upload of a DAG for a file of
    /// `size` bytes, or of unknown size. Does not wait for the disk.
    ///
    /// # Errors
    /// Fails if such a DAG cannot be stored here at all, if there is no room for it now, or if the
    /// storage is broken.
    pub fn grant_from(
        self: &Arc<Self>,
        peer: &str,
        block: AddressBlock,
        root: &Cid,
        size: Option<u64>,
    ) -> Result<Grant, Refusal> {
        let granted = self.try_to_grant(peer, block, root, size);
        let count = match granted {
            Ok(_) => &self.granted,
            Err(_) => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        granted
    }

    fn try_to_grant(
        self: &Arc<Self>,
        peer: &str,
        block: AddressBlock,
        root: &Cid,
        size: Option<u64>,
    ) -> Result<Grant, Refusal> {
        if peer.is_empty() || peer.len() > MAX_PEER {
            return Err(Refusal::Peer { len: peer.len() });
        }
        let rules = self.rules();
        if !rules.lets_upload(peer) {
            return Err(Refusal::NotListed);
        }
        if !rules.lets_serve(root) {
            return Err(Refusal::Denied);
        }
        if root.hash().code() == IDENTITY {
            return Err(Refusal::Inline);
        }
        if !ipld::CODECS.contains(&root.codec()) {
            return Err(Refusal::Codec(BlockError::Codec(root.codec())));
        }
        if let Err(error @ (HashError::Unknown { .. } | HashError::Length { .. })) =
            hash::verify(root, &[])
        {
            return Err(Refusal::Hash(error));
        }
        let size = size.unwrap_or(self.config.unsized_grant.min(self.config.max_file));
        if size > self.config.max_file {
            return Err(Refusal::FileTooLarge {
                size,
                limit: self.config.max_file,
            });
        }
        if self.broken.load(Ordering::Acquire) {
            // The storage may have recovered by the next request.
            self.chores.add(Chore::Recover);
            return Err(Refusal::OutOfOrder);
        }
        let now = self.now();
        let expires = now.saturating_add(self.config.token_ttl.as_secs());
        let key = key(root);
        let hidden = block.hide(&self.token_key);
        let asker = Asker {
            peer,
            block: hidden,
        };
        let has_begun = self.ledger().grant(&key, asker, size, expires, now)?;
        // Readers that wait for a root that nobody had announced learn that it is coming.
        self.activities.progress(&key);
        let claims = Claims {
            root: *root,
            size,
            peer: peer.to_owned(),
            block: hidden,
            expires,
        };
        // Who has no place here finds nothing to adopt, or uploads it.
        if !has_begun && let Some(place) = self.adoptions.take(block) {
            self.chores
                .add(Chore::Adopt(Box::new(Target::of(&claims)), place));
        }
        Ok(Grant {
            token: token::sign(&self.token_key, &claims),
            expires,
        })
    }
}
