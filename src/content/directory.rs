//! How several files become one directory: as `ipfs add -r` does it, large directories in shards.
//!
//! The body of a directory is its files' bytes one after the other, in the depth-first order of the DAG. That order
//! depends on names and sizes alone, so it is asked for with [`order`] before a byte is stored; then the files are stored
//! in it, and [`layout_directory`] hashes them.

use std::collections::BTreeMap;

use super::layout::{bind, hash_leaves, node, slices, unhashed_leaf};
use super::unixfs::{self, Child, FANOUT};
use super::walk::{Limits, MAX_PATH};
use super::{Block, Dag, DagFile, Profile};
use crate::ports::{Source, StoreError};

/// A directory over this size is written in shards (as in Kubo; how the size is counted depends on the profile).
pub const SHARDING_SIZE: u64 = 256 * 1024;
/// The names in a path.
pub const MAX_PATH_DEPTH: usize = 64;
/// The bytes of the hash by which a shard's slots are found, and so the shards below one another.
const MAX_SHARD_DEPTH: usize = 8;

/// Why a path cannot be in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A name in it is empty.
    #[error("a name in its path is empty")]
    EmptyName,
    /// A name in it is `.` or `..`.
    #[error("its path has “.” or “..” for a name")]
    DotName,
    /// A name in it has a control character.
    #[error("its name has a control character")]
    ControlCharacter,
    /// It is over [`MAX_PATH`] bytes.
    #[error("its path is too long")]
    TooLong,
    /// It is in too many folders, one within the other.
    #[error("it is in too many folders, one within the other")]
    TooDeep,
    /// Another path is the same, or is its folder.
    #[error("another one has the same name")]
    SameName,
    /// Too many bits of the hashes of two names are the same for a sharded directory.
    #[error("its name and another one have the same hash")]
    Collision,
}

/// Why files do not become a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A path that cannot stand in a directory.
    #[error("“{}” cannot be in a folder: {reason}", path.escape_debug())]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: PathError,
    },
    /// More files than anybody would fetch.
    #[error("a folder of {0} files is too large to be shared with one hash; {limit} is the most", limit = Limits::default().files)]
    TooMany(usize),
    /// The files do not stand in the body as [`order`] says.
    #[error("the files of the folder are not stored in the order of its DAG")]
    Order,
    /// The bytes could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// In which order files and empty folders (whose paths end with `/`), given as paths and sizes, stand in a directory's body: the numbers of the first, the second …
pub fn order<P: AsRef<str>>(
    files: &[(P, u64)],
    profile: Profile,
) -> Result<Vec<usize>, LayoutError> {
    let tree = tree(files.iter().map(|(path, _)| path.as_ref()))?;
    let full_folder = |(path, len): &&(P, u64)| *len > 0 && path.as_ref().ends_with('/');
    if let Some((path, _)) = files.iter().find(full_folder) {
        return Err(LayoutError::Path {
            path: path.as_ref().to_owned(),
            reason: PathError::EmptyName,
        });
    }
    // The sizes of nodes are the same whatever the hashes are.
    let unhashed: Vec<Child> = files
        .iter()
        .map(|(_, len)| {
            let leaves = slices(0..*len, profile)
                .map(|slice| unhashed_leaf(slice.end - slice.start, profile));
            bind(leaves.collect(), profile).0
        })
        .collect();
    let assembled = assemble(&tree, &unhashed, profile)?;
    Ok(assembled
        .items
        .into_iter()
        .filter_map(|item| match item {
            Item::File(number) | Item::Empty(number, _) => Some(number),
            Item::Node(_) => None,
        })
        .collect())
}

/// Hashes the files in a body and binds them into a directory. `entries` are in the order of the body, which is that of
/// [`order`], and leave no gap. `progress` is told the bytes that are hashed so far.
pub async fn layout_directory<S: Source>(
    source: &S,
    entries: &[DagFile],
    profile: Profile,
    progress: impl FnMut(u64),
) -> Result<Dag, LayoutError> {
    let tree = tree(entries.iter().map(|entry| entry.path.as_str()))?;
    let mut end = 0u64;
    for entry in entries {
        if entry.offset != end || entry.len > 0 && entry.path.ends_with('/') {
            return Err(LayoutError::Order);
        }
        end = end.checked_add(entry.len).ok_or(LayoutError::Order)?;
    }
    if end != source.len() {
        return Err(LayoutError::Order);
    }
    // That of an empty folder is the leaf of an empty file, which is not used.
    let file_slices = |entry: &DagFile| slices(entry.offset..entry.offset + entry.len, profile);
    let all = entries.iter().flat_map(file_slices);
    let mut leaves = hash_leaves(source, all, profile, progress)
        .await?
        .into_iter();
    let (files, mut blocks): (Vec<Child>, Vec<Vec<Block>>) = entries
        .iter()
        .map(|entry| {
            let count = file_slices(entry).count();
            bind(leaves.by_ref().take(count).collect(), profile)
        })
        .unzip();
    let assembled = assemble(&tree, &files, profile)?;
    let mut dag = Dag {
        root: assembled.child.cid,
        blocks: Vec::with_capacity(blocks.iter().map(Vec::len).sum::<usize>() + entries.len()),
        files: entries.to_vec(),
    };
    let mut in_order = 0..entries.len();
    for item in assembled.items {
        match item {
            Item::Node(block) => dag.blocks.push(block),
            Item::File(number) if in_order.next() == Some(number) => {
                dag.blocks.append(&mut blocks[number]);
            }
            Item::Empty(number, block) if in_order.next() == Some(number) => {
                dag.blocks.push(block);
            }
            Item::File(_) | Item::Empty(..) => return Err(LayoutError::Order),
        }
    }
    Ok(dag)
}

/// What stands under a name.
enum Entry<'a> {
    File(usize),
    /// A folder in which there is nothing.
    Empty(usize),
    Directory(Directory<'a>),
}

/// Sorted by the bytes of the names, as dag-pb wants it.
type Directory<'a> = BTreeMap<&'a str, Entry<'a>>;

fn tree<'a>(paths: impl ExactSizeIterator<Item = &'a str>) -> Result<Directory<'a>, LayoutError> {
    if paths.len() > Limits::default().files {
        return Err(LayoutError::TooMany(paths.len()));
    }
    let mut root = Directory::new();
    for (number, path) in paths.enumerate() {
        let fail = |reason| LayoutError::Path {
            path: path.to_owned(),
            reason,
        };
        if path.len() > MAX_PATH {
            return Err(fail(PathError::TooLong));
        }
        if path.split('/').count() > MAX_PATH_DEPTH {
            return Err(fail(PathError::TooDeep));
        }
        if path.contains(char::is_control) {
            return Err(fail(PathError::ControlCharacter));
        }
        let (path, entry) = match path.strip_suffix('/') {
            Some(folder) => (folder, Entry::Empty(number)),
            None => (path, Entry::File(number)),
        };
        let (folders, name) = match path.rsplit_once('/') {
            Some((folders, name)) => (Some(folders), name),
            None => (None, path),
        };
        let mut directory = &mut root;
        for folder in folders.into_iter().flat_map(|folders| folders.split('/')) {
            check_name(folder).map_err(fail)?;
            let entry = directory
                .entry(folder)
                .or_insert_with(|| Entry::Directory(Directory::new()));
            directory = match entry {
                Entry::Directory(directory) => directory,
                Entry::File(_) | Entry::Empty(_) => {
                    return Err(fail(PathError::SameName));
                }
            };
        }
        check_name(name).map_err(fail)?;
        if directory.insert(name, entry).is_some() {
            return Err(fail(PathError::SameName));
        }
    }
    Ok(root)
}

fn check_name(name: &str) -> Result<(), PathError> {
    match name {
        "" => Err(PathError::EmptyName),
        "." | ".." => Err(PathError::DotName),
        _ => Ok(()),
    }
}

/// A DAG without the blocks of its files.
struct Assembled {
    child: Child,
    /// Depth first.
    items: Vec<Item>,
}

enum Item {
    Node(Block),
    File(usize),
    /// A folder in which there is nothing, and its node.
    Empty(usize, Block),
}

impl Assembled {
    /// A node over others.
    fn over(node: Block, children: impl Iterator<Item = Assembled>) -> Self {
        let mut child = Child {
            cid: node.cid,
            size: 0,
            tsize: node.size(),
        };
        let mut items = vec![Item::Node(node)];
        for mut below in children {
            child.tsize += below.child.tsize;
            items.append(&mut below.items);
        }
        Self { child, items }
    }
}

fn assemble(
    directory: &Directory<'_>,
    files: &[Child],
    profile: Profile,
) -> Result<Assembled, LayoutError> {
    let mut entries = Vec::with_capacity(directory.len());
    for (name, entry) in directory {
        let below = match entry {
            Entry::File(number) => Assembled {
                child: files[*number],
                items: vec![Item::File(*number)],
            },
            Entry::Empty(number) => {
                let block = node(profile, unixfs::directory(std::iter::empty()));
                let child = Child {
                    cid: block.cid,
                    size: 0,
                    tsize: block.size(),
                };
                Assembled {
                    child,
                    items: vec![Item::Empty(*number, block)],
                }
            }
            Entry::Directory(directory) => assemble(directory, files, profile)?,
        };
        entries.push((*name, below));
    }
    let block = unixfs::directory(entries.iter().map(|(name, below)| (*name, below.child)));
    let size = match profile {
        Profile::UnixfsV1_2025 => block.len() as u64,
        Profile::UnixfsV0_2015 => entries
            .iter()
            .map(|(name, below)| (name.len() + below.child.cid.encoded_len()) as u64)
            .sum(),
    };
    if size > SHARDING_SIZE {
        let named = entries
            .into_iter()
            .map(|(name, below)| (unixfs::hamt_hash(name.as_bytes()), name, below));
        return shard(named.collect(), 0, profile);
    }
    Ok(Assembled::over(
        node(profile, block),
        entries.into_iter().map(|(_, below)| below),
    ))
}

/// A part of a directory: entries whose hashes agree up to `depth`.
fn shard(
    mut entries: Vec<([u8; MAX_SHARD_DEPTH], &str, Assembled)>,
    depth: usize,
    profile: Profile,
) -> Result<Assembled, LayoutError> {
    const { assert!(FANOUT == 256, "a slot is a byte of the hash") };
    if depth == MAX_SHARD_DEPTH {
        return Err(LayoutError::Path {
            path: entries
                .first()
                .map(|entry| entry.1.to_owned())
                .unwrap_or_default(),
            reason: PathError::Collision,
        });
    }
    entries.sort_by_key(|(hash, ..)| hash[depth]);
    let mut slots: Vec<(u8, &str, Assembled)> = Vec::new();
    let mut entries = entries.into_iter().peekable();
    while let Some(entry) = entries.next() {
        let slot = entry.0[depth];
        let mut crowd = vec![entry];
        while let Some(entry) = entries.next_if(|entry| entry.0[depth] == slot) {
            crowd.push(entry);
        }
        match <[_; 1]>::try_from(crowd) {
            Ok([(_, name, below)]) => slots.push((slot, name, below)),
            Err(crowd) => slots.push((slot, "", shard(crowd, depth + 1, profile)?)),
        }
    }
    let block = unixfs::hamt_shard(
        slots
            .iter()
            .map(|(slot, name, below)| (*slot, *name, below.child)),
    );
    Ok(Assembled::over(
        node(profile, block),
        slots.into_iter().map(|(.., below)| below),
    ))
}
