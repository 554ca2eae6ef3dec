//! Reading blocks, including those that are still on their way.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::MAX_BLOCK;
use fluence::content::hash::{self, identity};
use futures::future::BoxFuture;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::activity::{Activity, TransferCounters};
use super::key::{Key, key};
use super::{Storage, StorageError};
use crate::fairness::AddressBlock;

/// How much memory all blocks take together that are read for responses, in KiB. While a block is
/// being read, it counts as the largest that there may be.
pub(super) const MEMORY: usize = 64 * 1024;
/// How long a reader waits for memory. Nobody who reads slowly holds any, so there is some soon.
const MEMORY_PATIENCE: Duration = Duration::from_secs(10);

/// Where blocks are that the storage itself lacks.
pub trait Behind: Send + Sync {
    /// Reads a block, if it is there and can be read at once. The storage verifies it.
    fn block(&self, cid: Cid) -> BoxFuture<'static, Option<Bytes>>;
}

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The block is not here, and nobody has announced it.
    #[error("{0} is not in this storage, and nobody is uploading it")]
    Missing(Cid),
    /// The block did not arrive in time.
    #[error("{0} has not come in time; its provider may have gone")]
    Late(Cid),
    /// Too many requests wait, or read more than there is memory for.
    #[error("too many requests wait for blocks; try again soon")]
    Busy,
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Storage {
    /// Begins to read a DAG. The DAG is not removed to make room while the reader exists.
    pub fn reader(self: &Arc<Self>, root: &Cid) -> Reader {
        let key = key(root);
        let activity = self.activities.join(&key, |a| &a.readers);
        let now = self.now();
        let mut ledger = self.ledger();
        ledger.hold(&key, now);
        ledger.touch(&key, now);
        drop(ledger);
        Reader {
            storage: Arc::clone(self),
            key,
            activity,
            waits: true,
        }
    }

    /// Whether a block is here.
    pub async fn has_block(self: &Arc<Self>, cid: &Cid) -> bool {
        if identity(cid).is_some() {
            return true;
        }
        let storage = Arc::clone(self);
        let (wanted, hash) = (*cid, cid.hash().to_bytes());
        blocking(move || storage.size_of_block(&wanted, &hash))
            .await
            .is_ok_and(|size| size.is_some())
            || self.behind(cid).await.is_some()
    }

    /// Has blocks that are not here read from behind this storage. May be called once.
    pub fn set_behind(&self, behind: Arc<dyn Behind>) {
        if self.behind.set(behind).is_err() {
            tracing::error!("the storage has something behind it already");
        }
    }

    /// Reads a block from the disk. Blocks the thread.
    fn read_block(&self, cid: &Cid, hash: &[u8]) -> Result<Option<Bytes>, StorageError> {
        let Some(data) = self.files.read(hash)?.map(Bytes::from) else {
            return Ok(None);
        };
        if self.is_suspect() && hash::verify(cid, &data).is_err() {
            tracing::warn!(
                "{cid} was damaged when the machine stopped, and has to be uploaded again"
            );
            self.lose(hash)?;
            return Ok(None);
        }
        Ok(Some(data))
    }

    /// Whether a block is on the disk, and its size. Blocks the thread.
    fn size_of_block(&self, cid: &Cid, hash: &[u8]) -> Result<Option<u64>, StorageError> {
        if self.is_suspect() {
            let data = self.read_block(cid, hash)?;
            return Ok(data.map(|data| data.len() as u64));
        }
        Ok(self.files.size(hash))
    }

    /// Reads a block from behind this storage.
    async fn behind(&self, cid: &Cid) -> Option<Bytes> {
        let data = self.behind.get()?.block(*cid).await?;
        match hash::verify(cid, &data) {
            Ok(()) => Some(data),
            Err(error) => {
                let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                if wrong.get(cid).is_none() {
                    wrong.insert(*cid, (), AddressBlock::Own);
                    tracing::warn!("the IPFS node behind this one has a wrong block: {error}");
                }
                None
            }
        }
    }

    /// What was transferred for all DAGs since the storage was opened.
    pub fn counters(&self) -> TransferCounters {
        self.activities.total()
    }

    /// What was transferred for one DAG since the storage was opened.
    pub fn dag_counters(&self, root: &Cid) -> TransferCounters {
        self.activities.counters(&key(root))
    }
}

/// Runs work that waits for the disk on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StorageError::Io(std::io::Error::other(error))))
}

/// A block in memory, which is counted until the last part of it is dropped.
struct InMemory {
    data: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

impl InMemory {
    /// Counts a block with as much of this memory as it needs, and gives back the rest.
    fn bytes(data: Bytes, mut memory: OwnedSemaphorePermit) -> Bytes {
        let needed = memory.split(kib(data.len()) as usize);
        Bytes::from_owner(Self {
            data,
            _memory: needed,
        })
    }
}

impl AsRef<[u8]> for InMemory {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

/// A number of bytes in KiB, rounded up.
fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// Reads the blocks of one DAG for one response.
#[derive(Debug)]
pub struct Reader {
    storage: Arc<Storage>,
    key: Key,
    activity: Arc<Activity>,
    waits: bool,
}

impl Reader {
    /// Makes the reader report a block that is not here as missing at once.
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Reads a block if it is here, or behind the storage.
    ///
    /// # Errors
    /// Fails if the disk fails.
    pub async fn present(&self, cid: &Cid) -> Result<Option<Bytes>, ReadError> {
        match self.here(cid).await? {
            None => Ok(self.behind(cid).await),
            here => Ok(here),
        }
    }

    async fn here(&self, cid: &Cid) -> Result<Option<Bytes>, ReadError> {
        if let Some(inline) = identity(cid) {
            return Ok(Some(Bytes::copy_from_slice(inline)));
        }
        let memory = Arc::clone(&self.storage.memory);
        let memory = timeout(MEMORY_PATIENCE, memory.acquire_many_owned(kib(MAX_BLOCK))).await;
        // The semaphore is never closed.
        let memory = memory.ok().and_then(Result::ok).ok_or(ReadError::Busy)?;
        let storage = Arc::clone(&self.storage);
        let (cid, hash) = (*cid, cid.hash().to_bytes());
        let data = blocking(move || storage.read_block(&cid, &hash)).await?;
        Ok(data.map(|data| self.counted(InMemory::bytes(data, memory))))
    }

    async fn behind(&self, cid: &Cid) -> Option<Bytes> {
        let data = self.storage.behind(cid).await?;
        Some(self.counted(data))
    }

    fn counted(&self, data: Bytes) -> Bytes {
        self.storage
            .activities
            .served(&self.activity, data.len() as u64);
        data
    }

    /// Reads a block, and waits for it while it may be on its way: until no block of the DAG has
    /// arrived for the storage's `patience`. The wait for a root that nobody has announced is
    /// short.
    ///
    /// # Errors
    /// Fails if the block does not arrive, if there is no memory for it, or if the disk fails.
    pub async fn block(&self, cid: &Cid) -> Result<Bytes, ReadError> {
        if let Some(data) = self.present(cid).await? {
            return Ok(data);
        }
        if !self.waits {
            return Err(ReadError::Missing(*cid));
        }
        let hash = cid.hash().to_bytes();
        let is_root = key(cid) == self.key;
        let wait = self.storage.blocks.join(&hash);
        let mut progress = self.activity.progress.subscribe();
        let config = &self.storage.config;
        let mut expected = !is_root || self.storage.expects(&self.key);
        let patience = |expected: bool| {
            if expected {
                config.patience
            } else {
                config.unannounced_patience
            }
        };
        let mut deadline = Instant::now() + patience(expected);
        loop {
            // Registered before the check, so that no block arrives unnoticed in between.
            let mut arrived = std::pin::pin!(wait.came.notified());
            arrived.as_mut().enable();
            if let Some(data) = self.here(cid).await? {
                return Ok(data);
            }
            tokio::select! {
                () = arrived => {}
                Ok(()) = progress.changed() => {
                    expected = true;
                    deadline = Instant::now() + patience(expected);
                }
                () = tokio::time::sleep_until(deadline) => {
                    if let Some(data) = self.behind(cid).await {
                        return Ok(data);
                    }
                    return Err(if expected {
                        ReadError::Late(*cid)
                    } else {
                        ReadError::Missing(*cid)
                    });
                }
            }
        }
    }

    /// Waits until a block is here, as [`Reader::block`] does.
    ///
    /// # Errors
    /// Fails as [`Reader::block`] does.
    pub async fn come(&self, cid: &Cid) -> Result<(), ReadError> {
        match self.size(cid).await? {
            Some(_) => Ok(()),
            None => self.block(cid).await.map(drop),
        }
    }

    /// The size of a block in bytes; `None` if it is neither here nor behind the storage.
    ///
    /// # Errors
    /// Fails if the disk fails.
    pub async fn size(&self, cid: &Cid) -> Result<Option<u64>, ReadError> {
        if let Some(inline) = identity(cid) {
            return Ok(Some(inline.len() as u64));
        }
        let storage = Arc::clone(&self.storage);
        let (wanted, hash) = (*cid, cid.hash().to_bytes());
        match blocking(move || storage.size_of_block(&wanted, &hash)).await? {
            None => Ok(self.storage.behind(cid).await.map(|data| data.len() as u64)),
            here => Ok(here),
        }
    }

    /// The storage that the reader reads.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let now = self.storage.now();
        let mut ledger = self.storage.ledger();
        ledger.let_go(&self.key, now);
        let is_known = ledger.knows(&self.key);
        drop(ledger);
        self.storage
            .activities
            .leave(&self.key, |a| &a.readers, is_known);
    }
}

#[cfg(test)]
mod tests {
    use fluence::content::unixfs::RAW;
    use fluence::names::cid_v1;
    use futures::FutureExt as _;

    use super::*;
    use crate::platform::captured;
    use crate::storage::StorageConfig;

    /// Has something else in the place of every block.
    struct Wrong;

    impl Behind for Wrong {
        fn block(&self, _: Cid) -> BoxFuture<'static, Option<Bytes>> {
            std::future::ready(Some(Bytes::from_static(b"wrong"))).boxed()
        }
    }

    #[tokio::test]
    async fn a_wrong_block_is_logged_once_however_often_it_is_read() {
        let (log, _capturing) = captured();
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(dir.path(), StorageConfig::default()).unwrap();
        storage.set_behind(Arc::new(Wrong));
        for n in 0..300 {
            assert!(!storage.has_block(&cid_v1(RAW, &[n as u8 % 2; 32])).await);
        }
        assert_eq!(log.lines("has a wrong block"), 2);
    }
}
