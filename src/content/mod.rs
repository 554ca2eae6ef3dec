//! Files as DAGs of blocks, after UnixFS: how they are cut, hashed, put into CARs, and verified.
//!
//! A DAG is a list of [`Block`]s in depth-first order. Each block is `prefix`, a slice of the file, `suffix`; the slices
//! follow one another, so that the whole file is their concatenation and no block's bytes are stored twice. The same
//! list is the layout of a file that is shared and the record of how far a fetch has come.

use crate::Cid;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub mod car;
mod directory;
pub mod hash;
pub mod layout;
pub mod unixfs;
pub mod walk;
pub mod zip;

/// The largest block that is taken, in bytes.
pub const MAX_BLOCK: usize = 4 * 1024 * 1024;

/// How a file is cut into blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// CIDv1, raw leaves of 1 MiB, 1024 links a node.
    #[default]
    #[serde(rename = "unixfs-v1-2025")]
    UnixfsV1_2025,
    /// CIDv0, dag-pb leaves of 256 KiB, 174 links a node.
    #[serde(rename = "unixfs-v0-2015")]
    UnixfsV0_2015,
}

impl Profile {
    /// Bytes of the file in a leaf.
    pub fn chunk(self) -> u64 {
        match self {
            Self::UnixfsV1_2025 => 1024 * 1024,
            Self::UnixfsV0_2015 => 256 * 1024,
        }
    }

    /// Links of an inner node.
    pub fn links(self) -> usize {
        match self {
            Self::UnixfsV1_2025 => 1024,
            Self::UnixfsV0_2015 => 174,
        }
    }
}

/// A block: `prefix`, then `len` bytes of the file, then `suffix`.
///
/// A raw leaf has neither prefix nor suffix; an inner node is all prefix; a dag-pb leaf has its headers there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its CID.
    pub cid: Cid,
    /// What stands before the file's bytes.
    pub prefix: Bytes,
    /// Bytes of the file.
    pub len: u64,
    /// What stands after them.
    pub suffix: Bytes,
}

impl Block {
    /// Bytes of the whole block.
    pub fn size(&self) -> u64 {
        self.prefix.len() as u64 + self.len + self.suffix.len() as u64
    }
}

/// A whole DAG over one body of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dag {
    /// Its root, as the file is named.
    pub root: Cid,
    /// Depth first, a block again wherever it is linked again.
    pub blocks: Vec<Block>,
    /// The files in it: one with an empty path, or those of a directory, in the order of their bytes.
    pub files: Vec<DagFile>,
}

impl Dag {
    /// Bytes of all files.
    pub fn len(&self) -> u64 {
        self.blocks.iter().map(|b| b.len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many files are in it; its empty folders do not count.
    pub fn file_count(&self) -> u64 {
        self.files.iter().filter(|file| !file.is_folder()).count() as u64
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        !matches!(self.files.as_slice(), [file] if file.path.is_empty())
    }
}

/// A file in a DAG, or a folder in which there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DagFile {
    /// Names from the root, `/` between them, and at the end of an empty folder; empty where the root is the file.
    pub path: String,
    /// Where its bytes begin in the body.
    pub offset: u64,
    /// Bytes.
    pub len: u64,
}

impl DagFile {
    /// Whether it is no file, but a folder in which there is nothing.
    pub fn is_folder(&self) -> bool {
        self.len == 0 && self.path.len() > 1 && self.path.ends_with('/')
    }
}
