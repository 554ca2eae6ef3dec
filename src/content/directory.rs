//! How several files become one directory, as `ipfs add -r` makes it, with large directories in shards.
//!
//! The body of a directory is the bytes of its files, one after the other, in the depth-first order of the DAG. That
//! order depends on names and sizes alone, so [`order`] gives it before a byte is stored. The files are then stored in
//! that order, and [`layout_directory`] hashes them.

use std::collections::BTreeMap;

use super::layout::{bind, hash_leaves, node, slices, unhashed_leaf};
use super::unixfs::{self, Child, FANOUT};
use super::walk::{Limits, MAX_PATH};
use super::{Block, Dag, DagFile, Profile};
use crate::ports::{Source, StoreError};

/// The size in bytes over which a directory is written in shards, as in Kubo. How the size is counted depends on the
/// profile.
pub const SHARDING_SIZE: u64 = 256 * 1024;
/// The most names in a path, one below the other.
pub const MAX_PATH_DEPTH: usize = 64;
/// The bytes of the hash by which the slots of a shard are found, and so the most shards below one another.
const MAX_SHARD_DEPTH: usize = 8;

/// Why a path cannot be in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A name in the path is empty.
    #[error("a name in its path is empty")]
    EmptyName,
    /// A name in the path is `.` or `..`.
    #[error("its path has “.” or “..” for a name")]
    DotName,
    /// A name in the path has a zero byte.
    #[error("its name has a zero byte")]
    ZeroByte,
    /// The path is longer than [`MAX_PATH`] bytes.
    #[error("its path is too long")]
    TooLong,
    /// The path leads through too many folders.
    #[error("it is in too many folders, one within the other")]
    TooDeep,
    /// Another path is the same, or the path is also that of a folder.
    #[error("another one has the same name")]
    SameName,
    /// The hashes of two names agree in too many bits for a sharded directory.
    #[error("its name and another one have the same hash")]
    Collision,
}

/// Why files cannot become a directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A path cannot stand in a directory.
    #[error("“{}” cannot be in a folder: {reason}", path.escape_debug())]
    Path {
        /// The path.
        path: String,
        /// What is wrong with the path.
        reason: PathError,
    },
    /// There are more files than a fetch accepts.
    #[error("a folder of {0} files is too large to be shared with one hash; {limit} is the most", limit = Limits::default().files)]
    TooMany(usize),
    /// The files are not stored in the order that [`order`] gives.
    #[error("the files of the folder are not stored in the order of its DAG")]
    Order,
    /// The bytes could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The order of files and empty folders in the body of a directory, as indices into `files`. Each
/// of them is given as its path and its size; the path of an empty folder ends with `/`.
///
/// # Errors
/// [`LayoutError`] if they cannot become a directory.
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
    // The sizes of the nodes do not depend on the hashes.
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

/// Hashes the files in a body and makes a directory of them. `entries` are in the order of the
/// body, which is the one that [`order`] gives, and leave no gap. `progress` is called with the
/// number of bytes hashed so far.
///
/// # Errors
/// [`LayoutError`] if they cannot become a directory or cannot be read.
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
    // The leaf of an empty folder is that of an empty file, which is not used.
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

/// The entry of a name in a directory.
enum Entry<'a> {
    File(usize),
    /// A folder that contains nothing.
    Empty(usize),
    Directory(Directory<'a>),
}

/// A directory, sorted by the bytes of the names as dag-pb requires.
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
        if path.contains('\0') {
            return Err(fail(PathError::ZeroByte));
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
    /// The nodes and files in depth-first order.
    items: Vec<Item>,
}

enum Item {
    Node(Block),
    File(usize),
    /// A folder that contains nothing, and its node.
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
