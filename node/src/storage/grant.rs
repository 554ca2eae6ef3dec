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

/// The longest name of a peer that is written down, in bytes.
pub const MAX_PEER: usize = 128;

/// Permission to upload a DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token, which is sent with each upload.
    pub token: String,
    /// When the token ends, in Unix seconds.
    pub expires: u64,
}

/// Why an upload is not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The peer's name is empty or over [`MAX_PEER`].
    #[error("the peer's name has {len} bytes; it must have 1 to {MAX_PEER}")]
    Peer {
        /// Bytes of the name.
        len: usize,
    },
    /// The CID is an identity CID.
    #[error("the CID carries its bytes itself; nothing needs to be stored")]
    Inline,
    /// No DAG with such a root is stored, whatever its size.
    #[error("this storage keeps no such DAG: {0}")]
    Codec(BlockError),
    /// The root's hash cannot be checked here.
    #[error("this storage keeps no such DAG: {0}")]
    Hash(HashError),
    /// The file is too large.
    #[error("the file has {size} bytes; this storage takes files of up to {limit}")]
    FileTooLarge {
        /// Bytes of the file.
        size: u64,
        /// The most that is taken, in bytes.
        limit: u64,
    },
    /// The peer has too much under way.
    #[error(
        "this peer's share of the storage is {limit} bytes, of which {used} are in use; try again when its earlier uploads have been fetched"
    )]
    PeerQuota {
        /// Bytes that it has under way or kept.
        used: u64,
        /// Its quota, in bytes.
        limit: u64,
    },
    /// All the room is taken by what may not be removed yet.
    #[error("the storage has no room for {size} bytes now; try again later or ask another node")]
    NoRoom {
        /// Bytes that were asked for.
        size: u64,
    },
    /// Too many grants wait for their first block.
    #[error("too many uploads are about to begin; try again in a minute")]
    TooMany,
    /// The disk or the database failed.
    #[error("the storage failed; its operator finds the reason in the node's log")]
    OutOfOrder,
}

impl Storage {
    /// Grants a peer the upload of a DAG, of a file of `size` bytes if it says so. Does not wait for the disk.
    ///
    /// # Errors
    /// A DAG that cannot be stored here at all, and one for which there is no room now.
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
            // It may be in order again for the next one who asks.
            self.chores.add(Chore::Recover);
            return Err(Refusal::OutOfOrder);
        }
        let now = self.now();
        let expires = now.saturating_add(self.config.token_ttl.as_secs());
        let key = key(root);
        let has_begun = self.ledger().grant(&key, peer, size, expires, now)?;
        // Those that wait for a root that nobody had announced now know that it comes.
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
