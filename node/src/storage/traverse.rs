//! Walking a DAG depth first, block by block, with flat memory.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::IDENTITY;
use fluence::content::unixfs::{self, DAG_PB, Kind, Node, NodeError};

use super::ipld;
use super::key::key;
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
pub(crate) enum WalkError {
    /// A block could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A block is not what it should be.
    #[error("{0}: {1}")]
    Block(Cid, BlockError),
    /// Over [`MAX_PENDING`] or [`MAX_SEEN`].
    #[error("the DAG is too wide to be walked")]
    TooWide,
}

/// A block that a walk came to.
pub(crate) struct Seen {
    /// Its CID.
    pub cid: Cid,
    /// Its bytes.
    pub data: Bytes,
    /// Where in the block bytes of the file stand, and where in the file they belong.
    pub own: Option<(Range<usize>, u64)>,
    /// Whether the CID itself carries it.
    pub inline: bool,
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
    /// A part of a file: where it begins, and how many bytes it must have.
    File(u64, u64),
    /// A part of a sharded directory.
    Shard,
}

/// The rest of a walk of one DAG.
pub(crate) struct Visits {
    pending: Vec<Visit>,
    range: Option<Range<u64>>,
}

impl Visits {
    /// Whether all of a node is in the range.
    fn is_whole(&self, what: What) -> bool {
        match (what, &self.range) {
            (What::File(offset, size), Some(range)) => {
                offset >= range.start && offset.saturating_add(size) <= range.end
            }
            _ => true,
        }
    }
}

/// A walk, which may cover several DAGs one after the other.
pub(crate) struct Walk<'r> {
    reader: &'r Reader,
    /// What was shown, in digests of 128 bits; absent when blocks are shown again.
    seen: Option<HashSet<u128>>,
    /// Of these, nodes of which only a part was in the range: linked again, another part may be.
    in_part: HashSet<u128>,
}

impl<'r> Walk<'r> {
    /// A walk that shows blocks again where they are linked again, or not.
    pub fn new(reader: &'r Reader, dups: bool) -> Self {
        Self {
            reader,
            seen: (!dups).then(HashSet::new),
            in_part: HashSet::new(),
        }
    }

    /// Begins at a root. The order is depth first.
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

    /// The next block; waits until it is here. `None` at the end.
    pub async fn next(&mut self, visits: &mut Visits) -> Result<Option<Seen>, WalkError> {
        self.advance(visits, true).await
    }

    /// The next block if it is here. `None` where [`Walk::next`] would wait, and at the end.
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
            let (links, own) = below(&cid, &data, visit.what, visits.range.as_ref())
                .map_err(|error| WalkError::Block(cid, error))?;
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

    /// Takes note of a block that is shown, and whether all below it is walked now.
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

/// 128 bits of a digest of the CID's key.
fn short(cid: &Cid) -> u128 {
    let digest = blake3::hash(&key(cid));
    let (half, _) = digest.as_bytes().split_at(16);
    u128::from_le_bytes(half.try_into().expect("half of 32 bytes"))
}

/// Where a file's bytes stand in a block, and where in the file they belong.
type Own = Option<(Range<usize>, u64)>;

/// What is to be visited below a block, and the bytes of the file in it.
fn below(
    cid: &Cid,
    data: &Bytes,
    what: What,
    range: Option<&Range<u64>>,
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
            let node = match unixfs::decode(data) {
                // Of what is not UnixFS the block is all.
                Err(NodeError::NotUnixFs) => return Ok((Vec::new(), None)),
                node => node?,
            };
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
            let node = unixfs::decode(data)?;
            if node.file_size()? != size {
                return Err(NodeError::Sizes.into());
            }
            parts(&node, offset, range)
        }
        What::Shard => shards(&unixfs::decode(data)?),
    }
}

/// The parts of a file below a node that begins at `offset`, those outside the range left out.
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

/// The shards below a shard, without what the directory holds.
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
