//! Fetching block by block: which block is expected next, and whether the one that arrived fits.
//!
//! A [`Walk`] goes through a DAG depth first. It holds the nodes that are open, and never the bytes
//! of a leaf. It trusts nobody: the stated sizes must agree at every link, and everything that a
//! hostile DAG could inflate is bounded by [`Limits`].

use std::collections::{HashMap, HashSet};

use crate::Cid;
use bytes::Bytes;

use super::hash;
use super::unixfs::{self, DAG_PB, Kind, Link, Node, NodeError, RAW};
use super::{Block, Dag, DagFile, MAX_BLOCK};
use crate::names::{canonical, entry_name, free_path};

/// The limits on what is accepted from a stranger's DAG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together.
    pub size: u64,
    /// Blocks, each counted wherever it is linked.
    pub blocks: usize,
    /// Nodes from the root down to a leaf.
    pub depth: usize,
    /// Links of all nodes that are open at the same time.
    pub links: usize,
    /// Files of a directory and of everything below it.
    pub files: usize,
    /// Bytes of all paths together.
    pub paths: usize,
    /// Parts of files that hold no bytes; no honest file needs any.
    pub empty_parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 1 << 40,
            blocks: 1 << 22,
            depth: 128,
            links: 200_000,
            files: 100_000,
            paths: 16 << 20,
            empty_parts: 1000,
        }
    }
}

/// The longest path in a directory, in bytes.
pub const MAX_PATH: usize = 4096;
/// The cost of one more request, in bytes that could be sent in its place. If requests for the
/// remaining files of a directory would cost more than what is already here of it, the whole
/// directory is requested again.
pub const REQUEST_COST: u64 = 64 * 1024;
/// The longest target of a symbolic link, in bytes.
const MAX_TARGET: usize = 4096;

/// A symbolic link in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symlink {
    /// Its path.
    pub path: String,
    /// What it points to. It comes from a stranger, and may be anything.
    pub target: Bytes,
}

/// A quantity that is limited in a DAG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limited {
    /// Bytes of all files together.
    #[error("bytes")]
    Bytes,
    /// Blocks, each counted wherever it is linked.
    #[error("blocks")]
    Blocks,
    /// Links of all nodes that are open at a time.
    #[error("links")]
    Links,
    /// Nodes from the root down to a leaf.
    #[error("levels")]
    Levels,
    /// Files of a directory and of all directories below it.
    #[error("files")]
    Files,
    /// Bytes of paths.
    #[error("bytes in its paths")]
    PathBytes,
    /// Parts of a file that hold no byte.
    #[error("empty parts")]
    EmptyParts,
}

/// Why a fetch cannot continue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// Storage sent another block than the one that is next.
    #[error(
        "block {} came, but {} was to come next",
        canonical(cid),
        canonical(expected)
    )]
    Foreign {
        /// The block that arrived.
        cid: Cid,
        /// The block that is next.
        expected: Box<Cid>,
    },
    /// Storage sent a block after the last one.
    #[error("block {} came after the last one", canonical(.0))]
    Surplus(Cid),
    /// Storage keeps repeating blocks that are here already.
    #[error("the same blocks are sent over and over; {} was to come next", canonical(.0))]
    Repeating(Cid),
    /// A block is not a node of UnixFS.
    #[error("block {} cannot be used: {reason}", canonical(cid))]
    Node {
        /// The block.
        cid: Cid,
        /// What is wrong with it.
        reason: NodeError,
    },
    /// The CID names something that is neither raw bytes nor dag-pb.
    #[error("{} is no file or directory (its codec is 0x{:x})", canonical(.0), .0.codec())]
    Codec(Cid),
    /// A block has another size, or is of another kind, than the link to it says.
    #[error("block {} is not what the link to it says", canonical(.0))]
    Contradiction(Cid),
    /// There is a symbolic link or a piece of metadata where a file was requested.
    #[error("{} is a symbolic link or metadata, no file or directory", canonical(.0))]
    NotAFile(Cid),
    /// A limit of [`Limits`] is reached.
    #[error("{} has more {what} than is taken ({limit})", canonical(cid))]
    TooMuch {
        /// The block at which the limit was reached.
        cid: Cid,
        /// The quantity that is limited.
        what: Limited,
        /// The limit.
        limit: u64,
    },
    /// The record of an earlier run contradicts itself.
    #[error("what was recorded of this fetch is damaged; discard it and begin again")]
    Record,
    /// The fetch is not finished.
    #[error("the fetch is not whole: {} is yet to come", canonical(.0))]
    Incomplete(Cid),
}

impl WalkError {
    /// Whether the sender is at fault, so that another one may do better. If not, the DAG itself cannot be fetched.
    pub fn is_senders(&self) -> bool {
        matches!(
            self,
            Self::Foreign { .. } | Self::Surplus(_) | Self::Repeating(_)
        )
    }
}

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It was the expected block.
    New {
        /// The block, which is to be recorded.
        block: Block,
        /// The bytes of the body, `block.len` of them.
        data: Bytes,
    },
    /// The block is here already and can be ignored. A CAR that begins in the middle of a file
    /// repeats the nodes above.
    Known,
}

/// Where a fetch continues: at `entity-bytes=offset:*` of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    /// The root of the file (or directory) that the next block is in.
    pub file: Cid,
    /// The number of its bytes that are here.
    pub offset: u64,
    /// Its path; empty if it is the root.
    pub path: String,
}

/// A fetch in progress, at a position in a DAG.
#[derive(Debug)]
pub struct Walk {
    root: Cid,
    limits: Limits,
    blocks: Vec<Block>,
    files: Vec<DagFile>,
    symlinks: Vec<Symlink>,
    /// The names that had to be changed, by the path that they have here.
    renamed: HashMap<String, Vec<u8>>,
    /// The nodes whose links have not all been followed yet, from the root downwards.
    open: Vec<Open>,
    next: Option<Next>,
    /// The number of bytes behind the links of the root, as it states them.
    linked: Option<u64>,
    /// The number of bytes of the body so far.
    offset: u64,
    /// The number of bytes of the files that have begun, as their nodes state it.
    declared: u64,
    /// The number of bytes of all paths.
    paths: usize,
    /// The number of links of `open` that have not been followed yet.
    links: usize,
    empty_parts: usize,
    /// The file that is open, and the depth of its root.
    file: Option<OpenFile>,
    /// The first bytes of the digests of all blocks that passed. They are only a hint, so a collision does no harm.
    passed: HashSet<u64>,
    /// The blocks that were [`Step::Known`] since the last new one.
    repeats: usize,
}

#[derive(Debug)]
struct OpenFile {
    root: Cid,
    path: String,
    start: u64,
    depth: usize,
    /// Whether its size is known before its end.
    is_sized: bool,
}

#[derive(Debug)]
struct Open {
    links: std::vec::IntoIter<(Link, Option<u64>)>,
    kind: OpenKind,
}

#[derive(Debug)]
enum OpenKind {
    /// A part of a file: where its bytes begin, and how many it must have, if that is known.
    File {
        cid: Cid,
        start: u64,
        size: Option<u64>,
    },
    Directory {
        cid: Cid,
        path: String,
        names: HashMap<String, u64>,
        /// Where the bytes of its files begin.
        start: u64,
    },
    /// The nearest directory above.
    Shard { fanout: Option<u64>, prefix: usize },
}

/// A block that is to come.
#[derive(Debug, Clone)]
struct Next {
    cid: Cid,
    role: Role,
}

#[derive(Debug, Clone)]
enum Role {
    Root,
    /// A part of a file with this many bytes; `None` if the node above states no sizes.
    Part(Option<u64>),
    /// An entry of a directory with its name.
    Entry(Bytes),
    /// A part of a directory.
    Shard(Option<u64>),
}

impl Walk {
    /// A walk at the beginning of a DAG.
    pub fn new(root: Cid, limits: Limits) -> Self {
        Self {
            root,
            limits,
            blocks: Vec::new(),
            files: Vec::new(),
            symlinks: Vec::new(),
            renamed: HashMap::new(),
            open: Vec::new(),
            next: Some(Next {
                cid: root,
                role: Role::Root,
            }),
            linked: None,
            offset: 0,
            declared: 0,
            paths: 0,
            links: 0,
            empty_parts: 0,
            file: None,
            passed: HashSet::new(),
            repeats: 0,
        }
    }

    /// A walk that continues after the blocks that an earlier run recorded, in their order.
    ///
    /// # Errors
    /// [`WalkError`] if the record does not fit the DAG.
    pub fn resume(root: Cid, limits: Limits, blocks: &[Block]) -> Result<Self, WalkError> {
        let mut walk = Self::new(root, limits);
        for block in blocks {
            let next = walk.next.clone().ok_or(WalkError::Record)?;
            if next.cid != block.cid || block.size() > MAX_BLOCK as u64 {
                return Err(WalkError::Record);
            }
            let node = match block.cid.codec() {
                RAW if block.prefix.is_empty() && block.suffix.is_empty() => None,
                DAG_PB => Some(unixfs::decode_recorded(block).map_err(|_| WalkError::Record)?),
                _ => return Err(WalkError::Record),
            };
            walk.step(next, node, block.clone())?;
        }
        Ok(walk)
    }

    /// The block that is expected next; `None` when all are here.
    pub fn next_cid(&self) -> Option<Cid> {
        self.next.as_ref().map(|next| next.cid)
    }

    /// About how many bytes a folder has, as whoever made it says, once its root is here. Nobody has checked that.
    pub fn stated_len(&self) -> Option<u64> {
        self.linked.filter(|linked| *linked > 0)
    }

    /// Up to `most` blocks that are needed soon, so that several can be requested at a time: the next one, and then
    /// the targets of the open nodes, the lowest node first.
    pub fn upcoming(&self, most: usize) -> Vec<Cid> {
        let after = self.open.iter().rev();
        let links = after.flat_map(|open| open.links.as_slice().iter().map(|(link, _)| link.cid));
        self.next_cid()
            .into_iter()
            .chain(links)
            .filter(|cid| hash::identity(cid).is_none())
            .take(most)
            .collect()
    }

    /// The next block and its bytes of the body, if its own CID contains it. Call this until it
    /// returns `None` before requesting [`Walk::next_cid`] from anybody, because such blocks need
    /// not be sent.
    ///
    /// # Errors
    /// [`WalkError`] as in [`Walk::accept`].
    pub fn inline(&mut self) -> Result<Option<(Block, Bytes)>, WalkError> {
        let Some(cid) = self.next_cid() else {
            return Ok(None);
        };
        let Some(bytes) = hash::identity(&cid) else {
            return Ok(None);
        };
        match self.accept(cid, Bytes::copy_from_slice(bytes))? {
            Step::New { block, data } => Ok(Some((block, data))),
            Step::Known => Ok(None),
        }
    }

    /// Takes a block that was verified against its CID.
    ///
    /// # Errors
    /// [`WalkError`] if the block does not belong here, or if the DAG cannot be fetched.
    pub fn accept(&mut self, cid: Cid, bytes: Bytes) -> Result<Step, WalkError> {
        if cid.codec() == RAW {
            let block = Block {
                cid,
                prefix: Bytes::new(),
                len: bytes.len() as u64,
                suffix: Bytes::new(),
            };
            let step = self.accept_kept(block)?;
            return Ok(match step {
                Step::New { block, .. } => Step::New { block, data: bytes },
                Step::Known => Step::Known,
            });
        }
        let Some(next) = self.next.clone().filter(|next| same(&next.cid, &cid)) else {
            return self.repeated(cid, self.next_cid());
        };
        let cid = next.cid;
        if bytes.len() > MAX_BLOCK {
            return Err(too_large(cid));
        }
        let (node, block, data) = match cid.codec() {
            DAG_PB => {
                let node =
                    unixfs::decode(&bytes).map_err(|reason| WalkError::Node { cid, reason })?;
                let (block, data) = node.split(cid, &bytes);
                (Some(node), block, data)
            }
            _ => return Err(WalkError::Codec(cid)),
        };
        self.step(next, node, block.clone())?;
        self.repeats = 0;
        Ok(Step::New { block, data })
    }

    /// Takes a leaf that was verified against its CID, and whose bytes of the body are elsewhere; the step has no data.
    ///
    /// # Errors
    /// [`WalkError`] as in [`Walk::accept`].
    pub fn accept_kept(&mut self, mut block: Block) -> Result<Step, WalkError> {
        let cid = block.cid;
        let Some(next) = self.next.clone().filter(|next| same(&next.cid, &cid)) else {
            return self.repeated(cid, self.next_cid());
        };
        let cid = next.cid;
        block.cid = cid;
        if block.size() > MAX_BLOCK as u64 {
            return Err(too_large(cid));
        }
        let node = match cid.codec() {
            RAW => None,
            DAG_PB => {
                let node = unixfs::decode_recorded(&block);
                Some(node.map_err(|reason| WalkError::Node { cid, reason })?)
            }
            _ => return Err(WalkError::Codec(cid)),
        };
        self.step(next, node, block.clone())?;
        self.repeats = 0;
        let data = Bytes::new();
        Ok(Step::New { block, data })
    }

    /// Judges a block that is not the expected one.
    fn repeated(&mut self, cid: Cid, expected: Option<Cid>) -> Result<Step, WalkError> {
        let known = hash::identity(&cid).is_some() || self.passed.contains(&mark(&cid));
        match expected {
            _ if known && self.repeats <= self.blocks.len() + self.limits.depth => {
                self.repeats += 1;
                Ok(Step::Known)
            }
            Some(expected) if known => Err(WalkError::Repeating(expected)),
            Some(expected) => Err(WalkError::Foreign {
                cid,
                expected: Box::new(expected),
            }),
            None => Err(WalkError::Surplus(cid)),
        }
    }

    /// Advances past a block that fits. Changes made before a failure do not matter, because an
    /// error ends the walk.
    fn step(&mut self, next: Next, node: Option<Node>, block: Block) -> Result<(), WalkError> {
        let cid = next.cid;
        self.check(
            Limited::Blocks,
            self.blocks.len() as u64,
            self.limits.blocks as u64,
            cid,
        )?;
        let wrong = |reason| WalkError::Node { cid, reason };
        let kind = node.as_ref().map_or(Kind::File, |node| node.kind);
        let len = block.len;
        if matches!(next.role, Role::Root) {
            let mut links = node.iter().flat_map(|node| &node.links);
            self.linked = links.try_fold(0, |sum: u64, link| sum.checked_add(link.tsize?));
        }
        match (next.role, kind) {
            (Role::Part(size), Kind::File | Kind::Raw) => {
                let own = stated_size(node.as_ref(), len).map_err(wrong)?;
                if size.is_some() && own.is_some() && own != size {
                    return Err(WalkError::Contradiction(cid));
                }
                let size = own.or(size);
                // A part whose size nobody states may be empty.
                if size.is_none_or(|size| size == 0) {
                    self.empty_parts += 1;
                    let count = self.empty_parts as u64 - 1;
                    self.check(
                        Limited::EmptyParts,
                        count,
                        self.limits.empty_parts as u64,
                        cid,
                    )?;
                }
                self.descend(node, self.part(cid, size), cid)?;
            }
            (Role::Part(_), _) => return Err(WalkError::Contradiction(cid)),
            (Role::Shard(fanout), Kind::HamtShard) => {
                let node = node.ok_or(WalkError::Contradiction(cid))?;
                if node.fanout != fanout {
                    return Err(WalkError::Contradiction(cid));
                }
                self.descend_shard(node, cid)?;
            }
            (Role::Shard(_), _) => return Err(WalkError::Contradiction(cid)),
            (role @ (Role::Root | Role::Entry(_)), kind) => {
                let path = self.path(&role, cid)?;
                match kind {
                    Kind::File | Kind::Raw => {
                        let size = stated_size(node.as_ref(), len).map_err(wrong)?;
                        self.begin_file(cid, path, size)?;
                        self.descend(node, self.part(cid, size), cid)?;
                    }
                    Kind::Directory => {
                        let empty = node.as_ref().is_some_and(|node| node.links.is_empty());
                        if empty && !path.is_empty() {
                            self.empty_folder(cid, &path)?;
                        }
                        self.descend(node, self.directory(cid, path), cid)?;
                    }
                    Kind::HamtShard => {
                        // The directory itself has no links besides those of its shard.
                        self.descend(None, self.directory(cid, path), cid)?;
                        let node = node.ok_or(WalkError::Contradiction(cid))?;
                        self.descend_shard(node, cid)?;
                    }
                    Kind::Symlink if matches!(role, Role::Entry(_)) => {
                        self.symlink(cid, path, node.as_ref(), &block)?;
                    }
                    Kind::Symlink | Kind::Metadata => return Err(WalkError::NotAFile(cid)),
                }
            }
        }
        self.offset += len;
        if self.file.as_ref().is_some_and(|file| !file.is_sized) {
            self.grow(len, cid)?;
        }
        self.passed.insert(mark(&cid));
        self.blocks.push(block);
        self.advance()
    }

    /// Counts bytes of a file whose size is known only at its end.
    fn grow(&mut self, len: u64, cid: Cid) -> Result<(), WalkError> {
        if let Some(file) = self.files.last_mut() {
            file.len += len;
        }
        self.declare(len, cid)
    }

    fn declare(&mut self, size: u64, cid: Cid) -> Result<(), WalkError> {
        self.declared = self.declared.saturating_add(size);
        if self.declared > self.limits.size {
            return Err(WalkError::TooMuch {
                cid,
                what: Limited::Bytes,
                limit: self.limits.size,
            });
        }
        Ok(())
    }

    /// Finds the next block: the next link of the lowest open node that has one.
    fn advance(&mut self) -> Result<(), WalkError> {
        self.next = None;
        while let Some(open) = self.open.last_mut() {
            let Some((link, size)) = open.links.next() else {
                // What a node above states need not have been stated again below.
                if let OpenKind::File { cid, start, size } = &open.kind
                    && size.is_some_and(|size| size != self.offset - start)
                {
                    return Err(WalkError::Contradiction(*cid));
                }
                self.open.pop();
                if let Some(file) = &self.file
                    && self.open.len() <= file.depth
                {
                    self.file = None;
                }
                continue;
            };
            self.links -= 1;
            let role = match &open.kind {
                OpenKind::File { .. } => Role::Part(size),
                OpenKind::Directory { .. } => Role::Entry(link.name),
                OpenKind::Shard { fanout, prefix } => {
                    if link.name.len() == *prefix {
                        Role::Shard(*fanout)
                    } else {
                        Role::Entry(link.name.slice(*prefix..))
                    }
                }
            };
            self.next = Some(Next {
                cid: link.cid,
                role,
            });
            break;
        }
        Ok(())
    }

    /// Opens a node, so that its links come next.
    fn descend(&mut self, node: Option<Node>, kind: OpenKind, cid: Cid) -> Result<(), WalkError> {
        let (links, sizes) = node.map_or_else(Default::default, |n| (n.links, n.blocksizes));
        self.links += links.len();
        self.check(
            Limited::Links,
            self.links as u64,
            self.limits.links as u64 + 1,
            cid,
        )?;
        self.check(
            Limited::Levels,
            self.open.len() as u64,
            self.limits.depth as u64,
            cid,
        )?;
        let sizes = sizes.into_iter().map(Some).chain(std::iter::repeat(None));
        self.open.push(Open {
            links: links.into_iter().zip(sizes).collect::<Vec<_>>().into_iter(),
            kind,
        });
        Ok(())
    }

    fn part(&self, cid: Cid, size: Option<u64>) -> OpenKind {
        let start = self.offset;
        OpenKind::File { cid, start, size }
    }

    fn directory(&self, cid: Cid, path: String) -> OpenKind {
        OpenKind::Directory {
            cid,
            path,
            names: HashMap::new(),
            start: self.offset,
        }
    }

    fn descend_shard(&mut self, node: Node, cid: Cid) -> Result<(), WalkError> {
        let wrong = |reason| WalkError::Node { cid, reason };
        let prefix = node.prefix_len().map_err(wrong)?;
        let digits = |link: &Link| {
            link.name
                .get(..prefix)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        if !node.links.iter().all(digits) {
            return Err(wrong(NodeError::Shard));
        }
        let fanout = node.fanout;
        self.descend(Some(node), OpenKind::Shard { fanout, prefix }, cid)
    }

    /// Notes a symbolic link. The whole block is in what is recorded of it.
    fn symlink(
        &mut self,
        cid: Cid,
        path: String,
        node: Option<&Node>,
        block: &Block,
    ) -> Result<(), WalkError> {
        self.check(
            Limited::Files,
            self.symlinks.len() as u64,
            self.limits.files as u64,
            cid,
        )?;
        let target = node.map_or(0..0, |node| node.data.clone());
        self.paths += target.len();
        if target.len() > MAX_TARGET || self.paths > self.limits.paths {
            return Err(WalkError::TooMuch {
                cid,
                what: Limited::PathBytes,
                limit: MAX_TARGET as u64,
            });
        }
        let target = block.prefix.slice(target);
        self.symlinks.push(Symlink { path, target });
        Ok(())
    }

    fn empty_folder(&mut self, cid: Cid, path: &str) -> Result<(), WalkError> {
        self.check(
            Limited::Files,
            self.files.len() as u64,
            self.limits.files as u64,
            cid,
        )?;
        self.files.push(DagFile {
            path: format!("{path}/"),
            offset: self.offset,
            len: 0,
        });
        Ok(())
    }

    /// Begins a file, whose size may be known only at its end.
    fn begin_file(&mut self, cid: Cid, path: String, size: Option<u64>) -> Result<(), WalkError> {
        self.check(
            Limited::Files,
            self.files.len() as u64,
            self.limits.files as u64,
            cid,
        )?;
        self.declare(size.unwrap_or_default(), cid)?;
        self.files.push(DagFile {
            path: path.clone(),
            offset: self.offset,
            len: size.unwrap_or_default(),
        });
        self.file = Some(OpenFile {
            root: cid,
            path,
            start: self.offset,
            depth: self.open.len(),
            is_sized: size.is_some(),
        });
        Ok(())
    }

    /// The path of an entry, distinct from all others in its directory.
    fn path(&mut self, role: &Role, cid: Cid) -> Result<String, WalkError> {
        let Role::Entry(original) = role else {
            return Ok(String::new());
        };
        let name = entry_name(original);
        let directory = self
            .open
            .iter_mut()
            .rev()
            .find_map(|open| match &mut open.kind {
                OpenKind::Directory { path, names, .. } => Some((path, names)),
                _ => None,
            });
        let (directory, names) = directory.ok_or(WalkError::Contradiction(cid))?;
        let name = unlike(name, names);
        let is_renamed = name.as_bytes() != original;
        let path = if directory.is_empty() {
            name
        } else {
            format!("{directory}/{name}")
        };
        if path.len() > MAX_PATH {
            return Err(WalkError::TooMuch {
                cid,
                what: Limited::PathBytes,
                limit: MAX_PATH as u64,
            });
        }
        self.paths += path.len();
        if is_renamed {
            self.paths += original.len();
            self.renamed.insert(path.clone(), original.to_vec());
        }
        self.check(
            Limited::PathBytes,
            self.paths as u64,
            self.limits.paths as u64,
            cid,
        )?;
        Ok(path)
    }

    fn check(&self, what: Limited, have: u64, limit: u64, cid: Cid) -> Result<(), WalkError> {
        if have < limit {
            Ok(())
        } else {
            Err(WalkError::TooMuch { cid, what, limit })
        }
    }

    /// Where to continue; `None` when everything is here. Between two files this may be a directory
    /// that is partly here; the part that is here will be [`Step::Known`].
    pub fn resume_point(&self) -> Option<ResumePoint> {
        let next = self.next.as_ref()?;
        if let (Role::Part(_), Some(file)) = (&next.role, &self.file) {
            return Some(ResumePoint {
                file: file.root,
                offset: self.offset - file.start,
                path: file.path.clone(),
            });
        }
        // This counts the remaining links in the directory and below it, from the lowest node
        // upwards.
        let mut left = 1;
        let mut point = (next.cid, self.next_path(next));
        for open in self.open.iter().rev() {
            left += open.links.len() as u64;
            if let OpenKind::Directory {
                cid, path, start, ..
            } = &open.kind
                && left > 1
                && self.offset - start <= REQUEST_COST.saturating_mul(left)
            {
                point = (*cid, path.clone());
            }
        }
        Some(ResumePoint {
            file: point.0,
            offset: 0,
            path: point.1,
        })
    }

    /// The path of the next block if it is not part of a file, for people.
    fn next_path(&self, next: &Next) -> String {
        let directory = self.open.iter().rev().find_map(|open| match &open.kind {
            OpenKind::Directory { path, .. } => Some(path.as_str()),
            _ => None,
        });
        let name = match &next.role {
            Role::Entry(name) => entry_name(name),
            _ => return directory.unwrap_or_default().to_owned(),
        };
        match directory {
            Some(directory) if !directory.is_empty() => format!("{directory}/{name}"),
            _ => name,
        }
    }

    /// The size of the whole file in bytes, as its root states it; known for a single file once the root is here.
    pub fn size(&self) -> Option<u64> {
        let is_growing = self.file.as_ref().is_some_and(|file| !file.is_sized);
        match self.files.as_slice() {
            [file] if file.path.is_empty() && !is_growing => Some(file.len),
            _ => None,
        }
    }

    /// The number of bytes of the body that are here.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The files and empty folders that have begun, in the order of their bytes.
    pub fn files(&self) -> &[DagFile] {
        &self.files
    }

    /// The blocks that are here.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The symbolic links, which are no files.
    pub fn symlinks(&self) -> &[Symlink] {
        &self.symlinks
    }

    /// The names that are not in the paths as they are in the DAG, by the path: those that
    /// [cannot be in a path](entry_name), and those that another entry has too.
    pub fn renamed(&self) -> &HashMap<String, Vec<u8>> {
        &self.renamed
    }

    /// Whether all blocks are here.
    pub fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// The whole DAG.
    ///
    /// # Errors
    /// [`WalkError::Incomplete`] if a block is missing.
    pub fn finish(self) -> Result<Dag, WalkError> {
        match self.next {
            Some(next) => Err(WalkError::Incomplete(next.cid)),
            None => Ok(Dag {
                root: self.root,
                blocks: self.blocks,
                files: self.files,
            }),
        }
    }
}

/// Whether two CIDs name the same node, whatever their versions.
pub(super) fn same(a: &Cid, b: &Cid) -> bool {
    a.hash() == b.hash() && a.codec() == b.codec()
}

/// The size of a file from a node downwards, or of a raw leaf of `len` bytes; `None` if the node does not state it.
fn stated_size(node: Option<&Node>, len: u64) -> Result<Option<u64>, NodeError> {
    match node {
        None => Ok(Some(len)),
        Some(node) if node.lacks_sizes() => Ok(node.filesize),
        Some(node) => node.file_size().map(Some),
    }
}

fn mark(cid: &Cid) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(cid.hash().digest()) {
        *to = *from;
    }
    u64::from_le_bytes(first)
}

/// The names of a directory's entries as they stand in paths, in the order of its links: each a [name](entry_name)
/// that none before it has.
pub fn distinct_names<'a>(names: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut taken = HashMap::new();
    names
        .map(|name| unlike(entry_name(name), &mut taken))
        .collect()
}

/// The name, with a number before its ending if another entry has the same name. `names` holds the
/// names of the directory, each with the number to try next.
fn unlike(name: String, names: &mut HashMap<String, u64>) -> String {
    let Some(number) = names.get(&name).copied() else {
        names.insert(name.clone(), 2);
        return name;
    };
    let (other, number) = free_path(&name, number, |other| !names.contains_key(other));
    names.insert(name, number);
    names.insert(other.clone(), 2);
    other
}

pub(super) fn too_large(cid: Cid) -> WalkError {
    WalkError::Node {
        cid,
        reason: NodeError::TooLarge,
    }
}
