//! What is known of a DAG, in memory and in the database.

use serde::{Deserialize, Serialize};

/// The number of a DAG. It is never given again, so that what is left of a removed DAG is never taken for a later one's.
pub(super) type DagId = u64;

/// What is known of a DAG. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its number.
    pub id: DagId,
    /// The peer that was the first to be granted it, and that it is charged to.
    pub owner: String,
    /// When its first block came.
    pub created: u64,
    /// When it was last asked for or added to.
    pub last_used: u64,
    /// When its last block came.
    pub last_block: u64,
    /// Until when it is kept whatever else needs room.
    pub keep_until: u64,
    /// Whether an operator keeps it.
    pub pinned: bool,
    /// Bytes of the file, as its uploader declared them.
    pub size: u64,
    /// The most bytes that uploads may make its blocks.
    pub limit: u64,
    /// Bytes of its blocks, each counted once.
    pub bytes: u64,
    /// Its blocks, each counted once.
    pub blocks: u64,
    /// Blocks that are linked to and not there.
    pub wanted: u64,
    /// Whether it was being removed. Written by earlier versions only, which removed a DAG under its root.
    pub removing: bool,
    /// What its provider calls it.
    pub name: Option<String>,
    /// Its MIME type, as its provider says.
    pub mime: Option<String>,
}

impl Record {
    /// Whether every block that is linked to from the root is there.
    pub fn is_complete(&self) -> bool {
        self.wanted == 0 && self.blocks > 0
    }
}
