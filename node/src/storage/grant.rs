//! Granting uploads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fluence::Cid;
use fluence::content::hash::{self, HashError, IDENTITY};

use super::chores::Chore;
use super::key::key;
use super::token::{self, Claims};
use super::upload::Target;
use super::{BlockError, Storage, ipld};

/// The longest name of a peer that is accepted, in bytes.
pub const MAX_PEER: usize = 128;

/// Permission to upload a DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token, which is sent with each upload.
    pub token: String,
    /// When the token expires, in Unix seconds.
    pub expires: u64,
}

/// Why an upload is not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The peer's name is empty or longer than [`MAX_PEER`].
    #[error("the peer's name has {len} bytes; it must have 1 to {MAX_PEER}")]
    Peer {
        /// Bytes of the name.
        len: usize,
    },
    /// The CID is an identity CID.
    #[error("the CID itself contains the data; nothing needs to be stored")]
    Inline,
    /// DAGs whose root has this codec are not stored.
    #[error("this storage does not keep such DAGs: {0}")]
    Codec(BlockError),
    /// This storage cannot verify the root's hash.
    #[error("this storage does not keep such DAGs: {0}")]
    Hash(HashError),
    /// The file is too large.
    #[error("the file has {size} bytes; this storage takes files of up to {limit}")]
    FileTooLarge {
        /// Bytes of the file.
        size: u64,
        /// The largest size that is accepted, in bytes.
        limit: u64,
    },
    /// The peer's quota is used up.
    #[error(
        "this peer's share of the storage is {limit} bytes, of which {used} are in use; try again once its earlier uploads have been fetched"
    )]
    PeerQuota {
        /// Bytes that it has under way or that are kept for it.
        used: u64,
        /// Its quota, in bytes.
        limit: u64,
    },
    /// All room is taken by DAGs that may not be removed yet.
    #[error("the storage has no room for {size} bytes now; try again later or ask another node")]
    NoRoom {
        /// Bytes that were requested.
        size: u64,
    },
    /// Too many granted uploads have not begun yet.
    #[error("too many uploads are about to begin; try again in a minute")]
    TooMany,
    /// The disk or the database failed.
    #[error("the storage failed; the node's log says why")]
    OutOfOrder,
}

impl Storage {
    /// Grants a peer the upload of a DAG for a file of `size` bytes, or of unknown size. Does not
    /// wait for the disk.
    ///
    /// # Errors
    /// Fails if such a DAG cannot be stored here at all, if there is no room for it now, or if the
    /// storage is broken.
    pub fn grant(
        self: &Arc<Self>,
        peer: &str,
        root: &Cid,
        size: Option<u64>,
    ) -> Result<Grant, Refusal> {
        if peer.is_empty() || peer.len() > MAX_PEER {
            return Err(Refusal::Peer { len: peer.len() });
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
        let has_begun = self.ledger().grant(&key, peer, size, expires, now)?;
        // Readers that wait for a root that nobody had announced learn that it is coming.
        self.activities.progress(&key);
        let claims = Claims {
            root: *root,
            size,
            peer: peer.to_owned(),
            expires,
        };
        if !has_begun {
            self.chores.add(Chore::Adopt(Box::new(Target::of(&claims))));
        }
        Ok(Grant {
            token: token::sign(&self.token_key, &claims),
            expires,
        })
    }
}
