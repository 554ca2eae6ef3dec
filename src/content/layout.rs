//! Makes a DAG of bytes: they are cut into leaves, hashed in place, and joined level by level, as
//! Kubo does it.

use std::ops::Range;

use crate::Cid;
use bytes::Bytes;
use futures::StreamExt;
use multihash::Multihash;
use sha2::{Digest, Sha256};

pub use super::directory::{
    LayoutError, MAX_PATH_DEPTH, PathError, SHARDING_SIZE, layout_directory, order,
};
use super::hash::SHA2_256;
use super::unixfs::{self, Child, DAG_PB, RAW};
use super::{Block, Dag, DagFile, Profile};
use crate::names::cid_v1;
use crate::ports::{Source, StoreError};

/// The most leaves that are hashed at the same time.
pub const LEAVES_IN_FLIGHT: usize = 12;

/// Cuts and hashes a file. `progress` is called with the number of bytes hashed so far.
///
/// # Errors
/// [`StoreError`] if the bytes cannot be read.
pub async fn layout<S: Source>(
    source: &S,
    profile: Profile,
    progress: impl FnMut(u64),
) -> Result<Dag, StoreError> {
    let len = source.len();
    let leaves = hash_leaves(source, slices(0..len, profile), profile, progress).await?;
    let (file, blocks) = bind(leaves, profile);
    Ok(Dag {
        root: file.cid,
        blocks,
        files: vec![DagFile {
            path: String::new(),
            offset: 0,
            len,
        }],
    })
}

/// The slices of a file's leaves. An empty file has one leaf too.
pub(super) fn slices(file: Range<u64>, profile: Profile) -> impl Iterator<Item = Range<u64>> {
    let count = (file.end - file.start).div_ceil(profile.chunk()).max(1);
    (0..count).map(move |number| {
        let start = file.start + number * profile.chunk();
        start..(start + profile.chunk()).min(file.end)
    })
}

/// Hashes leaves, several at the same time.
pub(super) async fn hash_leaves<S: Source>(
    source: &S,
    slices: impl Iterator<Item = Range<u64>>,
    profile: Profile,
    mut progress: impl FnMut(u64),
) -> Result<Vec<Block>, StoreError> {
    let mut hashing = futures::stream::iter(slices)
        .map(|slice| {
            let len = slice.end - slice.start;
            let (prefix, suffix) = leaf_frame(profile, len);
            let hash = source.sha256(prefix.clone(), slice, suffix.clone());
            async move {
                Ok::<_, StoreError>(Block {
                    cid: leaf_cid(profile, &hash.await?),
                    prefix,
                    len,
                    suffix,
                })
            }
        })
        .buffered(LEAVES_IN_FLIGHT);
    let mut leaves = Vec::new();
    let mut done = 0;
    while let Some(leaf) = hashing.next().await {
        let leaf = leaf?;
        done += leaf.len;
        progress(done);
        leaves.push(leaf);
    }
    Ok(leaves)
}

/// A leaf of which only the size is known.
pub(super) fn unhashed_leaf(len: u64, profile: Profile) -> Block {
    let (prefix, suffix) = leaf_frame(profile, len);
    Block {
        cid: leaf_cid(profile, &[0; 32]),
        prefix,
        len,
        suffix,
    }
}

fn leaf_frame(profile: Profile, len: u64) -> (Bytes, Bytes) {
    match profile {
        Profile::UnixfsV1_2025 => (Bytes::new(), Bytes::new()),
        Profile::UnixfsV0_2015 => unixfs::leaf(len),
    }
}

fn leaf_cid(profile: Profile, digest: &[u8; 32]) -> Cid {
    match profile {
        Profile::UnixfsV1_2025 => cid_v1(RAW, digest),
        Profile::UnixfsV0_2015 => node_cid(profile, digest),
    }
}

/// The CID of a dag-pb node.
fn node_cid(profile: Profile, digest: &[u8; 32]) -> Cid {
    match profile {
        Profile::UnixfsV1_2025 => cid_v1(DAG_PB, digest),
        Profile::UnixfsV0_2015 => {
            let hash = Multihash::wrap(SHA2_256, digest).expect("32 bytes fit a multihash");
            Cid::new_v0(hash).expect("sha2-256 is what CIDv0 is made of")
        }
    }
}

/// A block with a node, all of which is prefix.
pub(super) fn node(profile: Profile, bytes: Bytes) -> Block {
    Block {
        cid: node_cid(profile, &Sha256::digest(&bytes).into()),
        prefix: bytes,
        len: 0,
        suffix: Bytes::new(),
    }
}

/// Joins the leaves of a file level by level until one node is left, and puts all blocks into depth-first order.
pub(super) fn bind(leaves: Vec<Block>, profile: Profile) -> (Child, Vec<Block>) {
    let mut level: Vec<Child> = leaves
        .iter()
        .map(|leaf| Child {
            cid: leaf.cid,
            size: leaf.len,
            tsize: leaf.size(),
        })
        .collect();
    // The levels, from the parents of the leaves upwards.
    let mut levels: Vec<Vec<Block>> = Vec::new();
    while level.len() > 1 {
        let mut nodes = Vec::new();
        level = level
            .chunks(profile.links())
            .map(|children| {
                let block = node(profile, unixfs::inner(children));
                let child = Child {
                    cid: block.cid,
                    size: children.iter().map(|child| child.size).sum(),
                    tsize: block.size() + children.iter().map(|child| child.tsize).sum::<u64>(),
                };
                nodes.push(block);
                child
            })
            .collect();
        levels.push(nodes);
    }
    let root = level[0];
    let mut blocks = Vec::with_capacity(leaves.len() + levels.iter().map(Vec::len).sum::<usize>());
    // A node precedes the first of the leaves that it spans.
    let mut levels: Vec<_> = levels.into_iter().map(|level| level.into_iter()).collect();
    for (number, leaf) in leaves.into_iter().enumerate() {
        for height in (0..levels.len()).rev() {
            let span = profile.links().saturating_pow(height as u32 + 1);
            if number % span == 0 {
                blocks.extend(levels[height].next());
            }
        }
        blocks.push(leaf);
    }
    (root, blocks)
}
