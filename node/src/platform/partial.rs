//! A file that is being written: its bytes are in one file, and a log beside it says what they are.
//!
//! The log is written after the bytes have been synced, so everything that it mentions is there.
//! After a kill, bytes that the log does not mention are cut off. Bytes are written on while earlier
//! ones are synced, because a disk may take longer for that than for everything else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fluence::content::{Block, Dag};
use fluence::ports::{Partial, StoreError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::task::JoinHandle;

use super::failure::{blocking, store_error};
use super::log::{self, Entry, Writer};
use super::source::{Extent, FileSource};
use super::store::{Bodies, DAG, DATA, LOG, add_own};

/// How many bytes are gathered for one write.
const WRITE: usize = 2 * 1024 * 1024;
/// Once this many bytes are written they are synced, whether or not a flush was requested, unless
/// earlier ones are still being synced. A kill costs no more than this, and what was written during
/// a sync.
const SYNC: u64 = 32 * 1024 * 1024;

/// A file that is being written in a [`super::FileStore`].
#[derive(Debug)]
pub struct FilePartial {
    directory: PathBuf,
    /// The bodies of private shares.
    bodies: Bodies,
    /// Where all bytes are, including those that wait to be written.
    extents: Vec<Extent>,
    len: u64,
    blocks: Vec<Block>,
    /// Bytes that wait to be written.
    waiting: Vec<Bytes>,
    waiting_len: usize,
    /// The number of bytes of the item's own data file that the log does not mention yet.
    unlogged: u64,
    /// The entries about bytes that wait to be written.
    log: Writer,
    /// The frames of the log about bytes that are written, or are being written, but not synced.
    frames: Vec<u8>,
    /// The number of those bytes.
    unsynced: u64,
    /// Writes to the data file.
    writing: Hand<File>,
    /// Syncs what was written, and then writes the log.
    syncing: Hand<Files>,
}

/// Something that one thread at a time has.
#[derive(Debug)]
enum Hand<T> {
    /// No thread has it.
    Idle(T),
    /// A thread has it, and gives it back.
    Busy(JoinHandle<Result<T, StoreError>>),
    /// An earlier thread failed, and so does every later one.
    Broken(StoreError),
}

impl<T> Hand<T> {
    /// Waits until no thread has it, and takes it.
    async fn take(&mut self) -> Result<T, StoreError> {
        let stopped = || Self::Broken(StoreError::Failed("the write was given up".to_owned()));
        let result = match self {
            // Awaited in place, so that nothing is lost if this future is dropped meanwhile.
            Self::Busy(turn) => match turn.await {
                Ok(result) => result,
                Err(_) => Err(StoreError::Failed("the program is stopping".to_owned())),
            },
            Self::Idle(_) => match std::mem::replace(self, stopped()) {
                Self::Idle(free) => Ok(free),
                _ => unreachable!("it was matched just above"),
            },
            Self::Broken(error) => Err(error.clone()),
        };
        *self = match &result {
            Ok(_) => stopped(),
            Err(error) => Self::Broken(error.clone()),
        };
        result
    }

    /// Waits until no thread has it.
    async fn wait(&mut self) -> Result<(), StoreError> {
        *self = Self::Idle(self.take().await?);
        Ok(())
    }

    /// Whether it can be taken without waiting.
    fn is_free(&self) -> bool {
        match self {
            Self::Busy(turn) => turn.is_finished(),
            Self::Idle(_) | Self::Broken(_) => true,
        }
    }
}

/// What is needed to make written bytes safe.
#[derive(Debug)]
struct Files {
    data: File,
    log: File,
}

impl FilePartial {
    /// Opens the file that is being written in this directory, or begins one.
    pub(super) fn open(directory: PathBuf, bodies: Bodies) -> Result<Self, StoreError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| store_error(&path, &error)
        };
        fs::create_dir_all(&directory).map_err(at(&directory))?;
        let [data_path, log_path, dag_path] = [DATA, LOG, DAG].map(|name| directory.join(name));
        // A complete file is opened again for writing: the file of its DAG has the format of a log.
        match fs::rename(&dag_path, &log_path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(store_error(&dag_path, &error));
            }
            _ => {}
        }
        let open = |path: &Path| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(at(path))
        };
        let mut data = open(&data_path)?;
        let mut log = open(&log_path)?;
        let there = data.metadata().map_err(at(&data_path))?.len();

        let (mut extents, mut blocks) = (Vec::new(), Vec::new());
        let (mut own, mut logged) = (0, 0);
        for (entries, end) in log::read(&Bytes::from(fs::read(&log_path).map_err(at(&log_path))?)) {
            let more: u64 = entries
                .iter()
                .map(|entry| if let Entry::Own(len) = entry { *len } else { 0 })
                .sum();
            if own + more > there {
                break;
            }
            own += more;
            logged = end;
            for entry in entries {
                match entry {
                    Entry::Own(len) => add_own(&mut extents, &data_path, len),
                    Entry::Adopted(extent) => extents.push(extent),
                    Entry::Sealed { token, offset, len } => {
                        extents.push(bodies.extent(token, offset, len)?);
                    }
                    Entry::Block(block) => blocks.push(block),
                    Entry::Root(_) | Entry::File(_) => {}
                }
            }
        }
        for (file, len, path) in [(&mut data, own, &data_path), (&mut log, logged, &log_path)] {
            file.set_len(len).map_err(at(path))?;
            file.seek(SeekFrom::Start(len)).map_err(at(path))?;
        }
        Ok(Self {
            directory,
            bodies,
            len: extents.iter().map(|extent| extent.len).sum(),
            extents,
            blocks,
            waiting: Vec::new(),
            waiting_len: 0,
            unlogged: 0,
            log: Writer::default(),
            frames: Vec::new(),
            unsynced: 0,
            syncing: Hand::Idle(Files {
                data: data.try_clone().map_err(at(&data_path))?,
                log,
            }),
            writing: Hand::Idle(data),
        })
    }

    /// Has everything that waits written by another thread. What was written before is synced
    /// meanwhile, if it is worth it.
    async fn write(&mut self) -> Result<(), StoreError> {
        self.writing.wait().await?;
        if self.unsynced >= SYNC && self.syncing.is_free() {
            self.sync().await?;
        }
        let mut file = self.writing.take().await?;
        let data = std::mem::take(&mut self.waiting);
        self.log_own();
        self.frames.append(&mut self.log.take());
        self.unsynced += std::mem::take(&mut self.waiting_len) as u64;
        let path = self.directory.join(DATA);
        self.writing = Hand::Busy(tokio::task::spawn_blocking(move || {
            for bytes in &data {
                file.write_all(bytes)
                    .map_err(|error| store_error(&path, &error))?;
            }
            Ok(file)
        }));
        Ok(())
    }

    /// Does the same as [`Self::write`], and waits until it is done.
    async fn write_out(&mut self) -> Result<(), StoreError> {
        self.write().await?;
        self.writing.wait().await
    }

    /// Has another thread sync what was written, and then write the log. Nothing may be being
    /// written.
    async fn sync(&mut self) -> Result<(), StoreError> {
        let mut files = self.syncing.take().await?;
        let frames = std::mem::take(&mut self.frames);
        self.unsynced = 0;
        let directory = self.directory.clone();
        self.syncing = Hand::Busy(tokio::task::spawn_blocking(move || {
            files.sync(&directory, &frames)?;
            Ok(files)
        }));
        Ok(())
    }

    /// Logs the bytes of the own data file that the log does not mention yet. This must come before
    /// the log entries of anything that follows those bytes.
    fn log_own(&mut self) {
        if self.unlogged > 0 {
            self.log
                .put(&Entry::Own(std::mem::take(&mut self.unlogged)));
        }
    }

    /// Gives a slice of another item's file a name in this item's directory, because the other item
    /// may be removed. Other slices are kept as they are.
    fn keep(&self, extent: Extent) -> Result<Extent, StoreError> {
        if extent.stamp.is_some()
            || extent.sealed.is_some()
            || extent.path.starts_with(&self.directory)
        {
            return Ok(extent);
        }
        let mut number = self.extents.len();
        loop {
            let path = self.directory.join(format!("adopted-{number}"));
            match fs::hard_link(&extent.path, &path) {
                Ok(()) => return Ok(Extent { path, ..extent }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(store_error(&extent.path, &error));
                }
                Err(_) => {
                    fs::copy(&extent.path, &path).map_err(|error| store_error(&path, &error))?;
                    return Ok(Extent { path, ..extent });
                }
            }
        }
    }
}

impl Files {
    /// Syncs the bytes, and then writes these frames of the log. Blocks the thread.
    fn sync(&mut self, directory: &Path, frames: &[u8]) -> Result<(), StoreError> {
        let data = directory.join(DATA);
        self.data
            .sync_data()
            .map_err(|error| store_error(&data, &error))?;
        if frames.is_empty() {
            return Ok(());
        }
        self.log
            .write_all(frames)
            .and_then(|()| self.log.sync_data())
            .map_err(|error| store_error(&directory.join(LOG), &error))
    }
}

impl Partial for FilePartial {
    type Source = FileSource;

    fn len(&self) -> u64 {
        self.len
    }

    fn blocks(&self) -> Vec<Block> {
        self.blocks.clone()
    }

    fn append(
        &mut self,
        data: Bytes,
        blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            let len = data.len() as u64;
            add_own(&mut self.extents, &self.directory.join(DATA), len);
            self.len += len;
            self.unlogged += len;
            if !data.is_empty() {
                self.waiting_len += data.len();
                self.waiting.push(data);
            }
            if !blocks.is_empty() {
                self.log_own();
                for block in &blocks {
                    self.log.put(&Entry::Block(block.clone()));
                }
                self.blocks.extend(blocks);
            }
            if self.waiting_len >= WRITE {
                self.write().await?;
            }
            Ok(())
        }
        .boxed_local()
    }

    fn adopt(
        &mut self,
        source: FileSource,
        range: Range<u64>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            self.log_own();
            for slice in source.slices(&range)? {
                let slice = self.keep(slice)?;
                self.len += slice.len;
                if let Some(sealed) = &slice.sealed {
                    self.bodies.keep(sealed);
                }
                self.log.put(&slice.clone().into());
                self.extents.push(slice);
            }
            Ok(())
        }
        .boxed_local()
    }

    fn flush(&mut self) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            self.write_out().await?;
            if self.unsynced > 0 || !self.frames.is_empty() {
                self.sync().await?;
            }
            // An earlier sync may still be under way.
            self.syncing.wait().await
        }
        .boxed_local()
    }

    fn source(&mut self) -> LocalBoxFuture<'_, Result<FileSource, StoreError>> {
        async move {
            self.write_out().await?;
            Ok(FileSource::of(self.extents.clone()))
        }
        .boxed_local()
    }

    fn finish(mut self, dag: Dag) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        async move {
            self.flush().await?;
            if dag.len() != self.len {
                return Err(StoreError::Failed(format!(
                    "the DAG has {} bytes, but {} were written",
                    dag.len(),
                    self.len
                )));
            }
            blocking(move || write_whole(&self.directory, self.extents, &dag)).await
        }
        .boxed_local()
    }
}

/// Writes the DAG of a complete file, and removes the files that it no longer needs.
fn write_whole(directory: &Path, extents: Vec<Extent>, dag: &Dag) -> Result<(), StoreError> {
    let data = directory.join(DATA);
    let mut log = Writer::default();
    let has_own = extents.iter().any(|extent| extent.path == data);
    for extent in extents {
        log.put(&if extent.path == data {
            Entry::Own(extent.len)
        } else {
            extent.into()
        });
    }
    for block in &dag.blocks {
        log.put(&Entry::Block(block.clone()));
    }
    for file in &dag.files {
        log.put(&Entry::File(file.clone()));
    }
    log.put(&Entry::Root(dag.root));

    let (new, whole) = (directory.join("dag.new"), directory.join(DAG));
    let fail = |error| store_error(&new, &error);
    let mut file = File::create(&new).map_err(fail)?;
    file.write_all(&log.take()).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    fs::rename(&new, &whole).map_err(fail)?;
    sync_directory(directory).map_err(|error| store_error(directory, &error))?;
    let unneeded = [Some(LOG), (!has_own).then_some(DATA)];
    for name in unneeded.into_iter().flatten() {
        let path = directory.join(name);
        fs::remove_file(&path).map_err(|error| store_error(&path, &error))?;
    }
    Ok(())
}

/// Makes the names in a directory, such as one that was just given, survive a power failure, where the system can: some have
/// no such thing, and a directory that may be written to need not be one that may be opened.
///
/// # Errors
/// If the disk fails.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    let Ok(opened) = File::open(directory) else {
        return Ok(());
    };
    match opened.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileStore;
    use super::*;
    use fluence::content::DagFile;
    use fluence::names::cid_v1;
    use fluence::ports::{Source, Store};
    use fluence::state::ItemId;

    fn block(len: u64) -> Block {
        Block {
            cid: cid_v1(0x55, &[u8::try_from(len % 251).unwrap(); 32]),
            prefix: Bytes::new(),
            len,
            suffix: Bytes::new(),
        }
    }

    fn dag(blocks: Vec<Block>) -> Dag {
        let len = blocks.iter().map(|b| b.len).sum();
        Dag {
            root: cid_v1(0x70, &[9; 32]),
            blocks,
            files: vec![DagFile {
                path: String::new(),
                offset: 0,
                len,
            }],
        }
    }

    fn id() -> ItemId {
        ItemId("0123456789abcdef0123456789abcdef".to_owned())
    }

    #[tokio::test]
    async fn a_kill_costs_what_was_not_flushed_and_no_more() {
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::open(home.path().to_owned()).unwrap();
        let mut partial = store.partial(&id()).await.unwrap();
        partial
            .append("first".into(), vec![block(5)])
            .await
            .unwrap();
        partial.flush().await.unwrap();
        partial
            .append("second".into(), vec![block(6)])
            .await
            .unwrap();
        // This writes the bytes without syncing them, and without logging them.
        partial.source().await.unwrap();
        assert_eq!((partial.len(), partial.blocks().len()), (11, 2));
        drop(partial);

        let mut partial = store.partial(&id()).await.unwrap();
        assert_eq!((partial.len(), partial.blocks()), (5, vec![block(5)]));
        partial.append("2nd".into(), vec![block(3)]).await.unwrap();
        assert!(matches!(store.open(&id()).await, Err(StoreError::Gone(_))));
        partial.finish(dag(vec![block(5), block(3)])).await.unwrap();
        let (source, whole) = store.open(&id()).await.unwrap();
        assert_eq!(whole, dag(vec![block(5), block(3)]));
        assert_eq!(source.read(0..8).await.unwrap(), "first2nd");
        assert_eq!(source.read(3..6).await.unwrap(), "st2");
        assert!(source.read(3..9).await.is_err());
        assert_eq!(store.ids().await.unwrap(), [id()]);
        store.remove(&id()).await.unwrap();
        store.remove(&id()).await.unwrap();
        assert_eq!(store.ids().await.unwrap(), []);
    }

    #[tokio::test]
    async fn bytes_are_made_safe_while_more_of_them_come() {
        const PIECE: usize = WRITE / 2;
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::open(home.path().to_owned()).unwrap();
        let mut partial = store.partial(&id()).await.unwrap();
        let pieces = SYNC / PIECE as u64 + 4;
        let byte = |number: u64| u8::try_from(number % 251).unwrap();
        for number in 0..pieces {
            let data = Bytes::from(vec![byte(number); PIECE]);
            let blocks = vec![block(PIECE as u64)];
            partial.append(data, blocks).await.unwrap();
        }
        // The program is killed without a flush, after the sync that has begun by itself.
        partial.writing.wait().await.unwrap();
        partial.syncing.wait().await.unwrap();
        drop(partial);

        let mut partial = store.partial(&id()).await.unwrap();
        let safe = partial.blocks().len() as u64;
        assert!((SYNC / PIECE as u64..=pieces).contains(&safe), "{safe}");
        assert_eq!(partial.len(), safe * PIECE as u64);
        let source = partial.source().await.unwrap();
        for number in 0..safe {
            let at = number * PIECE as u64;
            let read = source.read(at..at + PIECE as u64).await.unwrap();
            assert!(read.iter().all(|read| *read == byte(number)), "{number}");
        }
    }

    #[tokio::test]
    async fn files_are_adopted_in_place_and_changes_are_noticed() {
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::open(home.path().join("store")).unwrap();
        let [a, b] = ["a", "b"].map(|name| home.path().join(name));
        fs::write(&a, "hello ").unwrap();
        fs::write(&b, "world").unwrap();
        let mut partial = store.partial(&id()).await.unwrap();
        for path in [&a, &b] {
            let source = FileSource::open(path).unwrap();
            partial
                .adopt(source.clone(), 0..source.len())
                .await
                .unwrap();
        }
        assert_eq!(
            partial.source().await.unwrap().read(4..8).await.unwrap(),
            "o wo"
        );
        partial.finish(dag(vec![block(6), block(5)])).await.unwrap();
        assert_eq!(store.own_file(&id()), None, "nothing was copied");

        let (source, _) = store.open(&id()).await.unwrap();
        let hash = source.sha256("<".into(), 0..11, ">".into()).await.unwrap();
        assert_eq!(
            hash,
            <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest("<hello world>"))
        );
        fs::write(&b, "World").unwrap();
        File::open(&b)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        assert_eq!(source.read(0..6).await.unwrap(), "hello ");
        assert!(matches!(source.read(0..11).await, Err(StoreError::Gone(_))));
        fs::remove_file(&b).unwrap();
        assert!(matches!(source.read(6..11).await, Err(StoreError::Gone(_))));
    }

    #[tokio::test]
    async fn bytes_adopted_from_another_item_outlast_it() {
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::open(home.path().to_owned()).unwrap();
        let other = ItemId("f".repeat(32));
        let mut first = store.partial(&other).await.unwrap();
        first.append("0123456789".into(), Vec::new()).await.unwrap();
        let source = first.source().await.unwrap();
        let mut second = store.partial(&id()).await.unwrap();
        second.append("ab".into(), Vec::new()).await.unwrap();
        second.adopt(source, 2..5).await.unwrap();
        second.append("cd".into(), Vec::new()).await.unwrap();
        store.remove(&other).await.unwrap();
        second.flush().await.unwrap();
        drop(second);
        let mut second = store.partial(&id()).await.unwrap();
        assert_eq!(
            second.source().await.unwrap().read(0..7).await.unwrap(),
            "ab234cd"
        );
    }

    #[tokio::test]
    async fn an_id_is_never_a_path() {
        let home = tempfile::tempdir().unwrap();
        let store = FileStore::open(home.path().join("store")).unwrap();
        for bad in ["", "..", "../../x", "0123456789abcdef0123456789abcde/"] {
            let id = ItemId(bad.to_owned());
            assert!(
                store.partial(&id).await.is_err() && store.remove(&id).await.is_err(),
                "{bad}"
            );
        }
    }
}
