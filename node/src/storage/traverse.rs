//! Walking a DAG depth-first, block by block, in limited memory.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::IDENTITY;
use fluence::content::unixfs::{self, DAG_PB, Kind, Node, NodeError};

use super::ipld;
use super::key::key;
use super::{BlockError, ReadError, Reader};

/// How many links a walk keeps that are still to be visited.
const MAX_PENDING: usize = 1 << 18;
/// How many blocks a walk remembers in order to yield none twice.
const MAX_SEEN: usize = 1 << 22;
/// How many blocks are read, and how many levels of them, to find out sizes that a file does not state.
const MAX_MEASURED: usize = 1 << 16;
const MAX_MEASURED_LEVELS: usize = 32;

/// Which blocks of a DAG to walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The root alone.
    Block,
    /// The blocks of the file, or those that list the directory's entries.
    Entity,
    /// The blocks of the file that hold this range of its bytes.
    Bytes(Range<u64>),
    /// All blocks.
    All,
}

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkError {
    /// A block could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A block is malformed or of an unsupported kind.
    #[error("{0}: {1}")]
    Block(Cid, BlockError),
    /// The walk exceeds [`MAX_PENDING`] or [`MAX_SEEN`].
    #[error("the DAG is too wide to be walked")]
    TooWide,
}

/// A block that a walk has reached.
pub(crate) struct Seen {
    /// Its CID.
    pub cid: Cid,
    /// Its bytes.
    pub data: Bytes,
    /// Where the file's bytes are in the block, and their offset in the file.
    pub own: Option<(Range<usize>, u64)>,
    /// Whether the CID itself contains the data.
    pub inline: bool,
}

/// A link that is still to be visited.
struct Visit {
    cid: Cid,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// The block alone.
    Alone,
    /// The block and all below it.
    All,
    /// The root of an entity, whose kind is known only once it is read.
    Entity,
    /// A part of a file: its offset, and the number of bytes that it must have.
    File(u64, u64),
    /// A part of a sharded directory.
    Shard,
}

/// The remaining part of a walk through one DAG.
pub(crate) struct Visits {
    pending: Vec<Visit>,
    range: Option<Range<u64>>,
}

impl Visits {
    /// Whether the whole node lies within the range.
    fn is_whole(&self, what: What) -> bool {
        match (what, &self.range) {
            (What::File(offset, size), Some(range)) => {
                offset >= range.start && offset.saturating_add(size) <= range.end
            }
            _ => true,
        }
    }
}

/// A walk, which may cover several DAGs in turn.
pub(crate) struct Walk<'r> {
    reader: &'r Reader,
    /// The blocks that were yielded, as 128-bit digests; `None` if blocks are yielded repeatedly.
    seen: Option<HashSet<u128>>,
    /// Those nodes among them of which only a part was in the range. If they are linked again,
    /// another part may be.
    in_part: HashSet<u128>,
}

impl<'r> Walk<'r> {
    /// Creates a walk. With `dups`, it yields a block each time it is linked.
    pub fn new(reader: &'r Reader, dups: bool) -> Self {
        Self {
            reader,
            seen: (!dups).then(HashSet::new),
            in_part: HashSet::new(),
        }
    }

    /// Begins at a root. The order is depth-first.
    pub fn begin(&self, root: Cid, scope: &Scope) -> Visits {
        let what = match scope {
            Scope::Block => What::Alone,
            Scope::Entity | Scope::Bytes(_) => What::Entity,
            Scope::All => What::All,
        };
        Visits {
            pending: vec![Visit { cid: root, what }],
            range: match scope {
                Scope::Bytes(range) => Some(range.clone()),
                _ => None,
            },
        }
    }

    /// Returns the next block, and waits until it is here; `None` at the end.
    pub async fn next(&mut self, visits: &mut Visits) -> Result<Option<Seen>, WalkError> {
        self.advance(visits, true).await
    }

    /// Returns the next block if it is here; `None` if [`Walk::next`] would wait, and at the end.
    pub async fn next_present(&mut self, visits: &mut Visits) -> Result<Option<Seen>, WalkError> {
        self.advance(visits, false).await
    }

    async fn advance(
        &mut self,
        visits: &mut Visits,
        wait: bool,
    ) -> Result<Option<Seen>, WalkError> {
        loop {
            let Some(visit) = visits.pending.pop() else {
                return Ok(None);
            };
            let cid = visit.cid;
            let inline = cid.hash().code() == IDENTITY;
            let was_seen = !inline && self.was_seen(&cid);
            if was_seen && !self.in_part.contains(&short(&cid)) {
                continue;
            }
            let data = if wait {
                self.reader.block(&cid).await?
            } else {
                match self.reader.present(&cid).await? {
                    Some(data) => data,
                    None => {
                        visits.pending.push(visit);
                        return Ok(None);
                    }
                }
            };
            if !inline {
                self.note(&cid, visits.is_whole(visit.what))?;
            }
            let range = visits.range.as_ref();
            let found = match below(&cid, &data, visit.what, range, None) {
                Err(BlockError::Node(NodeError::NoSizes)) => {
                    let node =
                        unixfs::decode(&data).map_err(|e| WalkError::Block(cid, e.into()))?;
                    let node = measured(self.reader, cid, node).await?;
                    below(&cid, &data, visit.what, range, Some(node.blocksizes))
                }
                found => found,
            };
            let (links, own) = found.map_err(|error| WalkError::Block(cid, error))?;
            if visits.pending.len() + links.len() > MAX_PENDING {
                return Err(WalkError::TooWide);
            }
            visits.pending.extend(links.into_iter().rev());
            if was_seen {
                continue;
            }
            return Ok(Some(Seen {
                cid,
                data,
                own,
                inline,
            }));
        }
    }

    fn was_seen(&self, cid: &Cid) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|seen| seen.contains(&short(cid)))
    }

    /// Notes that a block is yielded, and whether all below it is walked now.
    fn note(&mut self, cid: &Cid, is_whole: bool) -> Result<(), WalkError> {
        if let Some(seen) = &mut self.seen {
            if seen.len() >= MAX_SEEN {
                return Err(WalkError::TooWide);
            }
            seen.insert(short(cid));
            if is_whole {
                self.in_part.remove(&short(cid));
            } else {
                self.in_part.insert(short(cid));
            }
        }
        Ok(())
    }
}

/// The node of a file with the sizes of all its parts, which are found out by reading them if it states none.
pub(crate) async fn measured(reader: &Reader, cid: Cid, node: Node) -> Result<Node, WalkError> {
    measured_within(
        reader,
        cid,
        node,
        MAX_MEASURED_LEVELS,
        &mut MAX_MEASURED.clone(),
    )
    .await
}

async fn measured_within(
    reader: &Reader,
    cid: Cid,
    mut node: Node,
    levels: usize,
    budget: &mut usize,
) -> Result<Node, WalkError> {
    if !node.lacks_sizes() {
        return Ok(node);
    }
    for part in node.links.iter().map(|link| link.cid) {
        if levels == 0 || *budget == 0 {
            return Err(WalkError::TooWide);
        }
        *budget -= 1;
        let data = reader.block(&part).await?;
        let size = if part.codec() == DAG_PB {
            let wrong = |error: NodeError| WalkError::Block(part, error.into());
            let below = unixfs::decode(&data).map_err(wrong)?;
            let below = Box::pin(measured_within(reader, part, below, levels - 1, budget)).await?;
            below.file_size().map_err(wrong)?
        } else {
            data.len() as u64
        };
        node.blocksizes.push(size);
    }
    // This fails if the size of the whole is stated and is another one.
    node.file_size()
        .map_err(|error| WalkError::Block(cid, error.into()))?;
    Ok(node)
}

/// The first 128 bits of a digest of the CID's key.
fn short(cid: &Cid) -> u128 {
    let digest = blake3::hash(&key(cid));
    let (half, _) = digest.as_bytes().split_at(16);
    u128::from_le_bytes(half.try_into().expect("half of 32 bytes"))
}

/// Where a file's bytes are in a block, and their offset in the file.
type Own = Option<(Range<usize>, u64)>;

/// The links to visit below a block, and the bytes of the file in it. `sizes` are those of its parts if it does not
/// state them.
fn below(
    cid: &Cid,
    data: &Bytes,
    what: What,
    range: Option<&Range<u64>>,
    sizes: Option<Vec<u64>>,
) -> Result<(Vec<Visit>, Own), BlockError> {
    let is_node = cid.codec() == DAG_PB;
    match what {
        What::Alone => Ok((Vec::new(), None)),
        What::All => {
            let links = ipld::links(cid.codec(), data)?;
            let visits = links.into_iter().map(|cid| Visit {
                cid,
                what: What::All,
            });
            Ok((visits.collect(), None))
        }
        What::Entity if !is_node => Ok((Vec::new(), Some((0..data.len(), 0)))),
        What::Entity => {
            let mut node = match unixfs::decode(data) {
                // Without UnixFS, the entity is just the block.
                Err(NodeError::NotUnixFs) => return Ok((Vec::new(), None)),
                node => node?,
            };
            node.blocksizes = sizes.unwrap_or(node.blocksizes);
            match node.kind {
                Kind::File | Kind::Raw => parts(&node, 0, range),
                Kind::HamtShard => shards(&node),
                Kind::Directory | Kind::Metadata | Kind::Symlink => Ok((Vec::new(), None)),
            }
        }
        What::File(offset, size) if !is_node => {
            if data.len() as u64 != size {
                return Err(NodeError::Sizes.into());
            }
            Ok((Vec::new(), Some((0..data.len(), offset))))
        }
        What::File(offset, size) => {
            let mut node = unixfs::decode(data)?;
            node.blocksizes = sizes.unwrap_or(node.blocksizes);
            if node.file_size()? != size {
                return Err(NodeError::Sizes.into());
            }
            parts(&node, offset, range)
        }
        What::Shard => shards(&unixfs::decode(data)?),
    }
}

/// The parts of a file below a node that begins at `offset`, except those outside the range.
fn parts(
    node: &Node,
    offset: u64,
    range: Option<&Range<u64>>,
) -> Result<(Vec<Visit>, Own), BlockError> {
    node.file_size()?;
    let mut at = offset.saturating_add(node.data.len() as u64);
    let mut visits = Vec::new();
    for (link, size) in node.links.iter().zip(&node.blocksizes) {
        let end = at.saturating_add(*size);
        if range.is_none_or(|range| at < range.end && end > range.start) {
            visits.push(Visit {
                cid: link.cid,
                what: What::File(at, *size),
            });
        }
        at = end;
    }
    Ok((visits, Some((node.data.clone(), offset))))
}

/// The shards below a shard, without the entries of the directory.
fn shards(node: &Node) -> Result<(Vec<Visit>, Own), BlockError> {
    if node.kind != Kind::HamtShard {
        return Err(NodeError::Shard.into());
    }
    let prefix = node.prefix_len()?;
    let visits = node
        .links
        .iter()
        .filter(|link| link.name.len() == prefix)
        .map(|link| Visit {
            cid: link.cid,
            what: What::Shard,
        });
    Ok((visits.collect(), None))
}
