//! The record of a DAG, in memory and in the database.

use serde::{Deserialize, Serialize};

/// The number of a DAG. It is never reused, so that the remains of a removed DAG are never taken
/// for parts of a later one.
pub(super) type DagId = u64;

/// The record of a DAG. Times are in Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its number.
    pub id: DagId,
    /// The peer that uploaded its first block, whose quota it counts against.
    pub owner: String,
    /// When its first block arrived.
    pub created: u64,
    /// When it was last requested or added to.
    pub last_used: u64,
    /// When its last block arrived.
    pub last_block: u64,
    /// Until when it is kept even if room is needed.
    pub keep_until: u64,
    /// Whether an operator has pinned it.
    pub pinned: bool,
    /// The size of the file in bytes, as its uploader declared it.
    pub size: u64,
    /// How many bytes uploads may bring its blocks to.
    pub limit: u64,
    /// The total size of its blocks in bytes, each counted once.
    pub bytes: u64,
    /// The number of its blocks, each counted once.
    pub blocks: u64,
    /// The number of blocks that are linked to and missing.
    pub wanted: u64,
    /// Whether it was being removed. Only earlier versions set it; they kept the record of a DAG
    /// during its removal.
    pub removing: bool,
    /// The name that its provider gave it.
    pub name: Option<String>,
    /// The MIME type that its provider gave it.
    pub mime: Option<String>,
}

impl Record {
    /// Whether every block that is reachable from the root is here.
    pub fn is_complete(&self) -> bool {
        self.wanted == 0 && self.blocks > 0
    }
}
