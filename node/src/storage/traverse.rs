//! Walking a DAG depth first, block by block, with flat memory.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use cid::Cid;
use fluence::content::hash::IDENTITY;
use fluence::content::unixfs::{self, DAG_PB, Kind, Node, NodeError};

use super::ipld;
use super::{BlockError, ReadError, Reader};

/// Links that a walk keeps to be visited.
const MAX_PENDING: usize = 1 << 18;
/// Blocks that a walk remembers, when it is to show none twice.
const MAX_SEEN: usize = 1 << 22;

/// Which blocks of a DAG are walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Its root's alone.
    Block,
    /// Those of the file, or of the directory's own list of names.
    Entity,
    /// Those of the file that hold these of its bytes.
    Bytes(Range<u64>),
    /// All.
    All,
}

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkError<E> {
    /// A block could not be read.
    #[error(transparent)]
    Read(ReadError),
    /// A block is not what it should be.
    #[error("{0}: {1}")]
    Block(Cid, BlockError),
    /// Over [`MAX_PENDING`] or [`MAX_SEEN`].
    #[error("the DAG is too wide to be walked")]
    TooWide,
    /// Whoever was shown the blocks had enough.
    #[error("nobody takes the blocks any more")]
    Taker(E),
}

/// A link to be visited.
struct Visit {
    cid: Cid,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// The block only.
    Alone,
    /// All below it.
    All,
    /// The terminus of an entity: what it is shows when it is read.
    Entity,
    /// A part of a file, which begins at this byte of it.
    File(u64),
    /// A part of a sharded directory.
    Shard,
}

/// A walk, which may cover several DAGs one after the other.
pub(crate) struct Walk<'r> {
    reader: &'r Reader,
    /// What was shown, in digests of 128 bits; absent when blocks are shown again.
    seen: Option<HashSet<u128>>,
}

impl<'r> Walk<'r> {
    /// A walk that shows blocks again where they are linked again, or not.
    pub fn new(reader: &'r Reader, dups: bool) -> Self {
        Self {
            reader,
            seen: (!dups).then(HashSet::new),
        }
    }

    /// Notes that a block is to be shown; `false` where it was before and must not be again.
    fn is_new<E>(&mut self, cid: &Cid) -> Result<bool, WalkError<E>> {
        let Some(seen) = &mut self.seen else {
            return Ok(true);
        };
        let digest = blake3::hash(&ipld::key(cid));
        let short = u128::from_le_bytes(digest.as_bytes()[..16].try_into().expect("16 of 32"));
        if seen.len() >= MAX_SEEN {
            return Err(WalkError::TooWide);
        }
        Ok(seen.insert(short))
    }

    /// Shows the blocks of a DAG to `take`, depth first. Blocks that stand in identity CIDs are walked through, and not
    /// shown.
    pub async fn each<E>(
        &mut self,
        root: Cid,
        scope: &Scope,
        mut take: impl AsyncFnMut(&Cid, Bytes) -> Result<(), E>,
    ) -> Result<(), WalkError<E>> {
        let what = match scope {
            Scope::Block => What::Alone,
            Scope::Entity | Scope::Bytes(_) => What::Entity,
            Scope::All => What::All,
        };
        let range = match scope {
            Scope::Bytes(range) => Some(range),
            _ => None,
        };
        let mut pending = vec![Visit { cid: root, what }];
        while let Some(Visit { cid, what }) = pending.pop() {
            let shown = cid.hash().code() != IDENTITY;
            if shown && !self.is_new(&cid)? {
                continue;
            }
            let data = self.reader.block(&cid).await.map_err(WalkError::Read)?;
            let links = below(&cid, &data, what, range).map_err(|e| WalkError::Block(cid, e))?;
            if shown {
                take(&cid, data).await.map_err(WalkError::Taker)?;
            }
            if pending.len() + links.len() > MAX_PENDING {
                return Err(WalkError::TooWide);
            }
            pending.extend(links.into_iter().rev());
        }
        Ok(())
    }
}

/// What is to be visited below a block.
fn below(
    cid: &Cid,
    data: &Bytes,
    what: What,
    range: Option<&Range<u64>>,
) -> Result<Vec<Visit>, BlockError> {
    let visits = |cids: Vec<Cid>, what: What| {
        cids.into_iter()
            .map(|cid| Visit { cid, what })
            .collect::<Vec<_>>()
    };
    match what {
        What::Alone => Ok(Vec::new()),
        What::All => Ok(visits(ipld::links(cid.codec(), data)?, What::All)),
        _ if cid.codec() != DAG_PB => Ok(Vec::new()),
        What::Entity => {
            let node = unixfs::decode(data)?;
            match node.kind {
                Kind::File | Kind::Raw => parts(&node, 0, range),
                Kind::HamtShard => shards(&node),
                Kind::Directory | Kind::Metadata | Kind::Symlink => Ok(Vec::new()),
            }
        }
        What::File(offset) => parts(&unixfs::decode(data)?, offset, range),
        What::Shard => shards(&unixfs::decode(data)?),
    }
}

/// The parts of a file below a node that begins at `offset`, those outside the range left out.
fn parts(node: &Node, offset: u64, range: Option<&Range<u64>>) -> Result<Vec<Visit>, BlockError> {
    node.file_size()?;
    let mut at = offset.saturating_add(node.data.len() as u64);
    let mut visits = Vec::new();
    for (link, size) in node.links.iter().zip(&node.blocksizes) {
        let end = at.saturating_add(*size);
        if range.is_none_or(|range| at < range.end && end > range.start) {
            visits.push(Visit {
                cid: link.cid,
                what: What::File(at),
            });
        }
        at = end;
    }
    Ok(visits)
}

/// The shards below a shard, without what the directory holds.
fn shards(node: &Node) -> Result<Vec<Visit>, BlockError> {
    if node.kind != Kind::HamtShard {
        return Err(NodeError::Shard.into());
    }
    let prefix = node.prefix_len()?;
    Ok(node
        .links
        .iter()
        .filter(|link| link.name.len() == prefix)
        .map(|link| Visit {
            cid: link.cid,
            what: What::Shard,
        })
        .collect())
}
