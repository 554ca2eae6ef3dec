//! The way from a folder along a path to what is at its end, block by block.
//!
//! A [`Trail`] needs the nodes of the folders on the path alone, and nothing that is in them. Like a
//! [`Walk`](super::walk::Walk) it takes blocks that were verified, and trusts nobody for anything else.

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::unixfs::{self, DAG_PB, Kind, Node, NodeError, hamt_hash};
use super::walk::{WalkError, distinct_names, too_large};
use super::{MAX_BLOCK, hash};
use crate::Cid;
use crate::names::entry_name;

/// A way along a path that has not come to its end.
#[derive(Debug)]
pub struct Trail {
    /// The block that is needed next, or what is at the end.
    at: Cid,
    /// The names that are still to be followed, as they stand in the path, the next one last.
    names: Vec<String>,
    /// The name of the last entry that was found.
    name: String,
    /// The place in a folder of shards.
    shards: Option<Shards>,
}

/// A place in a folder of shards.
#[derive(Debug)]
struct Shards {
    /// The root of the folder, for the next form of the name.
    root: (Cid, Node),
    /// The forms of the name that have not been looked for, the one that is being looked for last.
    forms: Vec<Vec<u8>>,
    /// How many bits of the name's hash have been used.
    used: u32,
}

/// Why the end of a path cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrailError {
    /// A folder has no entry of this name, or what should be a folder is none.
    #[error("there is no “{0}” there")]
    Missing(String),
    /// A block cannot be used.
    #[error(transparent)]
    Walk(#[from] WalkError),
}

impl Trail {
    /// The way along a path, whose names are separated by `/` and may be percent-encoded, from this folder.
    pub fn new(folder: Cid, path: &str) -> Self {
        let names = path.split('/').filter(|name| !name.is_empty());
        Self {
            at: folder,
            names: names.rev().map(str::to_owned).collect(),
            name: String::new(),
            shards: None,
        }
    }

    /// The block that is needed next; `None` at the end.
    pub fn next_cid(&self) -> Option<Cid> {
        (!self.names.is_empty()).then_some(self.at)
    }

    /// What is at the end, and the name that it has in its folder; `None` before that is known.
    pub fn end(&self) -> Option<(Cid, String)> {
        self.names.is_empty().then(|| (self.at, self.name.clone()))
    }

    /// Follows the blocks that their own CIDs contain, which nobody has to send. Call this before a block is asked of
    /// anybody.
    ///
    /// # Errors
    /// [`TrailError`] as in [`Trail::accept`].
    pub fn inline(&mut self) -> Result<(), TrailError> {
        while let Some(cid) = self.next_cid()
            && let Some(bytes) = hash::identity(&cid)
        {
            self.accept(&Bytes::copy_from_slice(bytes))?;
        }
        Ok(())
    }

    /// Takes the block of [`Trail::next_cid`], which was verified against its CID.
    ///
    /// # Errors
    /// [`TrailError`] if no end can be reached, whoever sends the blocks.
    pub fn accept(&mut self, block: &Bytes) -> Result<(), TrailError> {
        let cid = self.at;
        let Some(name) = self.names.last() else {
            return Ok(());
        };
        let missing = || TrailError::Missing(name.clone());
        if block.len() > MAX_BLOCK {
            return Err(too_large(cid).into());
        }
        if cid.codec() != DAG_PB {
            return Err(missing());
        }
        let wrong = |reason| WalkError::Node { cid, reason };
        let node = unixfs::decode(block).map_err(wrong)?;
        if let Some(mut shards) = self.shards.take() {
            if node.kind != Kind::HamtShard {
                return Err(wrong(NodeError::Shard).into());
            }
            let found = shards.find(&cid, &node)?;
            return self.follow(shards, found);
        }
        match node.kind {
            Kind::Directory => {
                let forms = forms_of(name);
                let found = forms.iter().rev().find_map(|form| {
                    in_directory(&node, form).map(|found| (found, entry_name(form)))
                });
                let (found, name) = found.ok_or_else(missing)?;
                self.arrive(found, name);
                Ok(())
            }
            Kind::HamtShard => {
                let mut shards = Shards {
                    root: (cid, node.clone()),
                    forms: forms_of(name),
                    used: 0,
                };
                let found = shards.find(&cid, &node)?;
                self.follow(shards, found)
            }
            _ => Err(missing()),
        }
    }

    /// Goes where a name leads within a folder of shards.
    fn follow(&mut self, mut shards: Shards, mut found: InShard) -> Result<(), TrailError> {
        loop {
            match found {
                InShard::Entry(cid) => {
                    let form = shards.forms.pop().unwrap_or_default();
                    self.arrive(cid, entry_name(&form));
                    return Ok(());
                }
                InShard::Shard(cid) => {
                    self.at = cid;
                    self.shards = Some(shards);
                    return Ok(());
                }
                InShard::Missing => {
                    shards.forms.pop();
                    if shards.forms.is_empty() {
                        let name = self.names.last().cloned().unwrap_or_default();
                        return Err(TrailError::Missing(name));
                    }
                    shards.used = 0;
                    let (cid, node) = shards.root.clone();
                    found = shards.find(&cid, &node)?;
                }
            }
        }
    }

    fn arrive(&mut self, at: Cid, name: String) {
        self.at = at;
        self.name = name;
        self.names.pop();
    }
}

impl Shards {
    /// Where the name leads in a shard.
    fn find(&mut self, cid: &Cid, node: &Node) -> Result<InShard, WalkError> {
        let name = self.forms.last().map(Vec::as_slice).unwrap_or_default();
        let wrong = |reason| WalkError::Node { cid: *cid, reason };
        let (found, used) = in_shard(node, name, self.used).map_err(wrong)?;
        self.used = used;
        Ok(found)
    }
}

/// The names that a name in a path may mean, the first one to be looked for last: the name without percent signs if those
/// encode something, as in every URL, and then as it is.
fn forms_of(name: &str) -> Vec<Vec<u8>> {
    let decoded: Vec<u8> = percent_decode_str(name).collect();
    let as_it_is = name.as_bytes().to_vec();
    if decoded == as_it_is {
        vec![as_it_is]
    } else {
        vec![as_it_is, decoded]
    }
}

/// Finds a name in a directory. An entry whose name another one has too, or whose name cannot be on a path, is found
/// under the name that it is listed and saved under.
pub fn in_directory(node: &Node, name: &[u8]) -> Option<Cid> {
    let links = &node.links;
    let at = links
        .iter()
        .position(|link| link.name == name)
        .or_else(|| {
            let names = distinct_names(links.iter().map(|link| &link.name[..]));
            names.iter().position(|other| other.as_bytes() == name)
        })?;
    Some(links[at].cid)
}

/// Where a name leads in a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InShard {
    /// To the entry with this name.
    Entry(Cid),
    /// To the shard in which it is to be looked for next.
    Shard(Cid),
    /// Nowhere.
    Missing,
}

/// Finds a name in a shard that is below others which use so many bits of the name's hash. Returns how many are used with
/// this one.
///
/// # Errors
/// [`NodeError`] if the node is not a shard that can be read.
pub fn in_shard(node: &Node, name: &[u8], used: u32) -> Result<(InShard, u32), NodeError> {
    let prefix = node.prefix_len()?;
    let width = node.fanout.unwrap_or_default().trailing_zeros();
    if used + width > u64::BITS {
        return Ok((InShard::Missing, used));
    }
    let hash = u64::from_be_bytes(hamt_hash(name));
    let slot = (hash << used) >> (u64::BITS - width);
    let slot = format!("{slot:0prefix$X}");
    let found = node.links.iter().find(|link| {
        // A link leads to another shard, or to the entry with this name.
        link.name.starts_with(slot.as_bytes())
            && (link.name.len() == prefix || &link.name[prefix..] == name)
    });
    let found = match found {
        Some(link) if link.name.len() == prefix => InShard::Shard(link.cid),
        Some(link) => InShard::Entry(link.cid),
        None => InShard::Missing,
    };
    Ok((found, used + width))
}
