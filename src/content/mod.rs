//! Files as DAGs of blocks in UnixFS: how they are cut, hashed, put into CARs, and verified.
//!
//! A DAG is a list of [`Block`]s in depth-first order. Each block is a `prefix`, a slice of the file, and a `suffix`.
//! The slices follow one another, so that the whole file is their concatenation, and no bytes are stored twice. The
//! same list is the layout of a file that is shared and the record of how far a fetch has come.

use crate::Cid;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub mod car;
mod directory;
pub mod hash;
pub mod layout;
pub mod part;
pub mod trail;
pub mod unixfs;
pub mod walk;
pub mod zip;

/// The largest block that is accepted, in bytes.
pub const MAX_BLOCK: usize = 4 * 1024 * 1024;

/// How a file is cut into blocks (`docs/protocol.md`, “Files as DAGs”).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// CIDv1, raw leaves of 1 MiB, 1024 links in a node.
    #[default]
    #[serde(rename = "unixfs-v1-2025")]
    UnixfsV1_2025,
    /// CIDv0, dag-pb leaves of 256 KiB, 174 links in a node.
    #[serde(rename = "unixfs-v0-2015")]
    UnixfsV0_2015,
}

impl Profile {
    /// The number of bytes of the file in a leaf.
    pub fn chunk(self) -> u64 {
        match self {
            Self::UnixfsV1_2025 => 1024 * 1024,
            Self::UnixfsV0_2015 => 256 * 1024,
        }
    }

    /// The most links in an inner node.
    pub fn links(self) -> usize {
        match self {
            Self::UnixfsV1_2025 => 1024,
            Self::UnixfsV0_2015 => 174,
        }
    }
}

/// A block: `prefix`, then `len` bytes of the file, then `suffix`.
///
/// A raw leaf has neither prefix nor suffix, an inner node is all prefix, and a dag-pb leaf has its headers there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The CID of the block.
    pub cid: Cid,
    /// The bytes before those of the file.
    pub prefix: Bytes,
    /// The number of bytes of the file.
    pub len: u64,
    /// The bytes after those of the file.
    pub suffix: Bytes,
}

impl Block {
    /// The size of the whole block in bytes.
    pub fn size(&self) -> u64 {
        self.prefix.len() as u64 + self.len + self.suffix.len() as u64
    }
}

/// A whole DAG over one body of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dag {
    /// The CID of its root, which names the file.
    pub root: Cid,
    /// The blocks in depth-first order. A block is repeated wherever it is linked again.
    pub blocks: Vec<Block>,
    /// The files in it, in the order of their bytes: one with an empty path, or those of a directory.
    pub files: Vec<DagFile>,
}

impl Dag {
    /// The number of bytes of all files.
    pub fn len(&self) -> u64 {
        self.blocks.iter().map(|b| b.len).sum()
    }

    /// Whether the files have no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of files, without empty folders.
    pub fn file_count(&self) -> u64 {
        self.files.iter().filter(|file| !file.is_folder()).count() as u64
    }

    /// Whether the DAG is a directory.
    pub fn is_directory(&self) -> bool {
        !matches!(self.files.as_slice(), [file] if file.path.is_empty())
    }
}

/// A file in a DAG, or a folder that contains nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DagFile {
    /// The names from the root with `/` between them, and also after an empty folder; empty if the
    /// root is the file.
    pub path: String,
    /// The offset of its bytes in the body.
    pub offset: u64,
    /// The number of its bytes.
    pub len: u64,
}

impl DagFile {
    /// Whether this is a folder that contains nothing.
    pub fn is_folder(&self) -> bool {
        self.len == 0 && self.path.len() > 1 && self.path.ends_with('/')
    }
}
