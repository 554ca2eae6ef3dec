//! A store in a directory, with a subdirectory for each item:
//!
//! ```text
//! ID/data   the item's own bytes; absent if the item is made of other files
//! ID/log    while the item is being written: which bytes are there, and the blocks (see `log.rs`)
//! ID/dag    once the item is complete: the same, with the root and the files
//! ```

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fluence::content::Dag;
use fluence::ports::{Store, StoreError};
use fluence::state::ItemId;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::failure::{blocking, store_error};
use super::log::{self, Entry};
use super::partial::FilePartial;
use super::private::Sealed;
use super::source::{Extent, FileSource};

/// The name of an item's own data file.
pub(super) const DATA: &str = "data";
/// The name of the log of an item that is being written.
pub(super) const LOG: &str = "log";
/// The name of the file with the DAG of a complete item.
pub(super) const DAG: &str = "dag";

/// A store of files under a directory, with a subdirectory for each item.
#[derive(Debug, Clone)]
pub struct FileStore {
    root: PathBuf,
    bodies: Bodies,
}

/// The bodies of the private shares of this process, by their tokens. A store writes down a token and nothing else about
/// them.
#[derive(Debug, Clone, Default)]
pub(super) struct Bodies(Arc<Mutex<HashMap<u128, Arc<Sealed>>>>);

impl Bodies {
    /// Keeps a body until the process ends.
    pub fn keep(&self, body: &Arc<Sealed>) {
        let mut bodies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.insert(body.token, body.clone());
    }

    /// A slice of a body.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if an earlier process had it, or it is shorter.
    pub fn extent(&self, token: u128, offset: u64, len: u64) -> Result<Extent, StoreError> {
        let bodies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let body = bodies.get(&token).cloned();
        body.map(Extent::of_sealed)
            .filter(|all| offset.checked_add(len).is_some_and(|end| end <= all.len))
            .map(|all| Extent { offset, len, ..all })
            .ok_or_else(|| StoreError::Gone("the private share has ended".to_owned()))
    }
}

impl FileStore {
    /// Opens the store in this directory, which is created if it does not exist.
    ///
    /// # Errors
    /// If the directory cannot be created.
    pub fn open(root: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&root).map_err(|error| store_error(&root, &error))?;
        Ok(Self {
            root,
            bodies: Bodies::default(),
        })
    }

    /// The path of the item's own data file, if it has one. The file holds all bytes of the item
    /// unless slices of other files were adopted.
    pub fn own_file(&self, id: &ItemId) -> Option<PathBuf> {
        let path = self.directory(id).ok()?.join(DATA);
        path.is_file().then_some(path)
    }

    /// The path at which the item's own data file is, or will be while it is being written.
    ///
    /// # Errors
    /// [`StoreError`] if that is not the id of an item.
    pub fn data_path(&self, id: &ItemId) -> Result<PathBuf, StoreError> {
        Ok(self.directory(id)?.join(DATA))
    }

    fn directory(&self, id: &ItemId) -> Result<PathBuf, StoreError> {
        if is_id(&id.0) {
            Ok(self.root.join(&id.0))
        } else {
            Err(StoreError::Failed(format!(
                "“{}” is not an item's id",
                id.0.escape_default()
            )))
        }
    }
}

/// Whether a name has the form of an item's id: 32 hexadecimal digits.
fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Store for FileStore {
    type Source = FileSource;
    type Partial = FilePartial;

    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<FilePartial, StoreError>> {
        let directory = self.directory(id);
        let bodies = self.bodies.clone();
        blocking(move || FilePartial::open(directory?, bodies)).boxed_local()
    }

    fn open(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(FileSource, Dag), StoreError>> {
        let directory = self.directory(id);
        let bodies = self.bodies.clone();
        blocking(move || read_whole(&directory?, &bodies)).boxed_local()
    }

    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        let directory = self.directory(id);
        blocking(move || {
            let directory = directory?;
            match fs::remove_dir_all(&directory) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(store_error(&directory, &error))
                }
                _ => Ok(()),
            }
        })
        .boxed_local()
    }

    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>> {
        let root = self.root.clone();
        blocking(move || {
            let fail = |error| store_error(&root, &error);
            let mut ids = Vec::new();
            for entry in fs::read_dir(&root).map_err(fail)? {
                let name = entry.map_err(fail)?.file_name();
                ids.extend(
                    name.to_str()
                        .filter(|name| is_id(name))
                        .map(|name| ItemId(name.to_owned())),
                );
            }
            Ok(ids)
        })
        .boxed_local()
    }
}

fn read_whole(directory: &Path, bodies: &Bodies) -> Result<(FileSource, Dag), StoreError> {
    let path = directory.join(DAG);
    let bytes = Bytes::from(fs::read(&path).map_err(|error| store_error(&path, &error))?);
    let data = directory.join(DATA);
    let (mut root, mut blocks, mut files) = (None, Vec::new(), Vec::new());
    let mut extents = Vec::new();
    for entry in log::read(&bytes)
        .into_iter()
        .flat_map(|(entries, _)| entries)
    {
        match entry {
            Entry::Root(cid) => root = Some(cid),
            Entry::Block(block) => blocks.push(block),
            Entry::File(file) => files.push(file),
            Entry::Own(len) => add_own(&mut extents, &data, len),
            Entry::Adopted(extent) => {
                // A change is reported now, rather than after half of the file has been sent.
                extent.check()?;
                extents.push(extent);
            }
            Entry::Sealed { token, offset, len } => {
                let extent = bodies.extent(token, offset, len)?;
                extent.check()?;
                extents.push(extent);
            }
        }
    }
    // The root is written last: if it is there, everything else is too.
    let root = root.ok_or_else(|| StoreError::Gone(format!("{} is damaged", path.display())))?;
    let source = FileSource::of(extents);
    let dag = Dag {
        root,
        blocks,
        files,
    };
    let len = fluence::ports::Source::len(&source);
    if len != dag.len() {
        return Err(StoreError::Gone(format!(
            "{} has {len} of {} bytes",
            data.display(),
            dag.len()
        )));
    }
    Ok((source, dag))
}

/// Adds an extent of `len` bytes at the end of the item's own data file; adjacent extents become
/// one.
pub(super) fn add_own(extents: &mut Vec<Extent>, data: &Path, len: u64) {
    if len == 0 {
        return;
    }
    let offset = extents
        .iter()
        .filter(|extent| extent.path == data)
        .map(|extent| extent.len)
        .sum();
    match extents.last_mut() {
        Some(last) if last.path == data => last.len += len,
        _ => extents.push(Extent {
            path: data.to_owned(),
            sealed: None,
            offset,
            len,
            stamp: None,
        }),
    }
}
