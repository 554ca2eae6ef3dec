//! A store in a directory: a directory for each item.
//!
//! ```text
//! ID/data   the item's own bytes; none where the item is made of other files
//! ID/log    while it is being written: what is there, and the blocks (see `log.rs`)
//! ID/dag    once it is whole: the same, with the root and the files
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fluence::content::Dag;
use fluence::ports::{Store, StoreError};
use fluence::state::ItemId;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::failure::{blocking, store_error};
use super::log::{self, Entry};
use super::partial::FilePartial;
use super::source::{Extent, FileSource};

pub(super) const DATA: &str = "data";
pub(super) const LOG: &str = "log";
pub(super) const DAG: &str = "dag";

/// Files under a directory, one directory an item.
#[derive(Debug, Clone)]
pub struct FileStore {
    root: PathBuf,
}

impl FileStore {
    /// The store in this directory, which is made where it is not there.
    pub fn open(root: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&root).map_err(|error| store_error(&root, &error))?;
        Ok(Self { root })
    }

    /// The file that an item's bytes are in, if they are in one file that this store wrote.
    pub fn own_file(&self, id: &ItemId) -> Option<PathBuf> {
        let path = self.directory(id).ok()?.join(DATA);
        path.is_file().then_some(path)
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

fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Store for FileStore {
    type Source = FileSource;
    type Partial = FilePartial;

    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<FilePartial, StoreError>> {
        let directory = self.directory(id);
        blocking(move || FilePartial::open(directory?)).boxed_local()
    }

    fn open(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(FileSource, Dag), StoreError>> {
        let directory = self.directory(id);
        blocking(move || read_whole(&directory?)).boxed_local()
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

fn read_whole(directory: &Path) -> Result<(FileSource, Dag), StoreError> {
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
                // Told now, not when half of it has gone to somebody.
                extent.check()?;
                extents.push(extent);
            }
        }
    }
    // The root is written last: with it, all is there.
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

/// Adds bytes at the end of the own data file; neighbours become one slice.
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
            offset,
            len,
            stamp: None,
        }),
    }
}
