//! Why an upload is not granted.

use fluence::content::hash::HashError;

use super::BlockError;

/// The longest name of a peer that is accepted, in bytes.
pub const MAX_PEER: usize = 128;

/// Why an upload is not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The peer's name is empty or longer than [`MAX_PEER`].
    #[error("the peer's name has {len} bytes; it must have 1 to {MAX_PEER}")]
    Peer {
        /// Bytes of the name.
        len: usize,
    },
    /// The operator takes no uploads of this peer.
    #[error(
        "this storage takes uploads only from peers that its operator has chosen; ask another node"
    )]
    NotListed,
    /// The operator does not take this file.
    #[error("this storage's operator does not take this file; ask another node")]
    Denied,
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
    /// All room, or the share of it that the peer's address may have, is taken by DAGs that may not
    /// be removed yet.
    #[error("the storage has no room for {size} bytes now; try again later or ask another node")]
    NoRoom {
        /// Bytes that were requested.
        size: u64,
    },
    /// The disk or the database failed.
    #[error("the storage failed; the node's log says why")]
    OutOfOrder,
}
