//! Reading blocks, those that are still on their way among them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::identity;
use fluence::names::canonical;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::index::{Key, hash_of};
use super::{Storage, StorageError, ipld};

/// Readers that may wait for blocks at one time.
pub const MAX_WAITING: usize = 1024;
/// Of these, those who wait for what nobody has announced do not take the last places.
const MAX_HOPING: usize = MAX_WAITING / 2;

/// Why a block is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not here, and nobody has announced that it comes.
    #[error("{0} is not in this storage, and nobody is uploading it")]
    Missing(Cid),
    /// It did not come in time.
    #[error("{0} has not come in time; its provider may have gone")]
    Late(Cid),
    /// Over [`MAX_WAITING`].
    #[error("too many requests wait for blocks; try again soon")]
    Busy,
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What went in and out of a DAG since the node was started.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DagCounters {
    /// Blocks that came over the network and were new.
    pub received_blocks: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Blocks that were read for a response.
    pub served_blocks: u64,
    /// Their bytes.
    pub served_bytes: u64,
}

/// What went in and out since the node was started.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Of all DAGs, removed ones included.
    #[serde(flatten)]
    pub total: DagCounters,
    /// Of each DAG that is here or in use, by its root in canonical form.
    #[serde(skip)]
    pub dags: BTreeMap<String, DagCounters>,
}

/// A DAG that is stored, granted, read or written.
#[derive(Debug)]
pub(super) struct Activity {
    pub readers: AtomicUsize,
    pub uploads: AtomicUsize,
    /// Counts its blocks that came, and what else may end a wait.
    pub progress: watch::Sender<u64>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    received_blocks: AtomicU64,
    received_bytes: AtomicU64,
    served_blocks: AtomicU64,
    served_bytes: AtomicU64,
}

impl Counts {
    fn get(&self) -> DagCounters {
        DagCounters {
            received_blocks: self.received_blocks.load(Ordering::Relaxed),
            received_bytes: self.received_bytes.load(Ordering::Relaxed),
            served_blocks: self.served_blocks.load(Ordering::Relaxed),
            served_bytes: self.served_bytes.load(Ordering::Relaxed),
        }
    }

    fn received(&self, bytes: u64) {
        self.received_blocks.fetch_add(1, Ordering::Relaxed);
        self.received_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn served(&self, bytes: u64) {
        self.served_blocks.fetch_add(1, Ordering::Relaxed);
        self.served_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The DAGs that are in use, or were since they were stored.
#[derive(Debug, Default)]
pub(super) struct Activities {
    map: Mutex<HashMap<Key, Arc<Activity>>>,
    /// Requests in which uploads come.
    uploads: AtomicUsize,
    total: Counts,
}

impl Activities {
    fn map(&self) -> MutexGuard<'_, HashMap<Key, Arc<Activity>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a DAG's activity in one role; [`Activities::leave`] must follow.
    pub fn join(&self, key: &[u8], role: impl Fn(&Activity) -> &AtomicUsize) -> Arc<Activity> {
        let mut map = self.map();
        let activity = map.entry(key.to_vec()).or_insert_with(|| {
            Arc::new(Activity {
                readers: AtomicUsize::new(0),
                uploads: AtomicUsize::new(0),
                progress: watch::Sender::new(0),
                counts: Counts::default(),
            })
        });
        role(activity).fetch_add(1, Ordering::Relaxed);
        Arc::clone(activity)
    }

    /// Ends [`Activities::join`]. What `is_known` to the storage keeps its counters.
    pub fn leave(&self, key: &[u8], role: impl Fn(&Activity) -> &AtomicUsize, is_known: bool) {
        let mut map = self.map();
        let Some(activity) = map.get(key) else {
            return;
        };
        role(activity).fetch_sub(1, Ordering::Relaxed);
        if !is_known && !is_used(activity) {
            map.remove(key);
        }
    }

    /// Joins a DAG's activity as an uploader.
    pub fn begin_upload(&self, key: &[u8]) -> Arc<Activity> {
        self.uploads.fetch_add(1, Ordering::Relaxed);
        self.join(key, |a| &a.uploads)
    }

    /// Ends [`Activities::begin_upload`].
    pub fn end_upload(&self, key: &[u8], is_known: bool) {
        self.uploads.fetch_sub(1, Ordering::Relaxed);
        self.leave(key, |a| &a.uploads, is_known);
    }

    /// Whether someone uploads anything.
    pub fn any_upload(&self) -> bool {
        self.uploads.load(Ordering::Relaxed) > 0
    }

    /// Whether someone uploads the DAG.
    pub fn is_uploaded(&self, key: &[u8]) -> bool {
        self.map()
            .get(key)
            .is_some_and(|activity| activity.uploads.load(Ordering::Relaxed) > 0)
    }

    /// Whether someone reads or writes the DAG.
    pub fn in_use(&self, key: &[u8]) -> bool {
        self.map()
            .get(key)
            .is_some_and(|activity| is_used(activity))
    }

    /// The DAG is removed.
    pub fn forget(&self, key: &[u8]) {
        let mut map = self.map();
        if map.get(key).is_some_and(|activity| !is_used(activity)) {
            map.remove(key);
        }
    }

    /// Tells whoever waits for a DAG that something came.
    pub fn progress(&self, key: &[u8]) {
        if let Some(activity) = self.map().get(key) {
            activity.progress.send_modify(|n| *n += 1);
        }
    }

    /// Counts a new block.
    pub fn received(&self, activity: &Activity, bytes: u64) {
        self.total.received(bytes);
        activity.counts.received(bytes);
    }

    fn served(&self, activity: &Activity, bytes: u64) {
        self.total.served(bytes);
        activity.counts.served(bytes);
    }
}

fn is_used(activity: &Activity) -> bool {
    activity.readers.load(Ordering::Relaxed) + activity.uploads.load(Ordering::Relaxed) > 0
}

/// Who waits for which block.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Waiters>, AtomicUsize);

/// By multihash: what wakes those who wait, and how many they are.
type Waiters = HashMap<Vec<u8>, (Arc<Notify>, usize)>;

/// A place among those who wait for a block.
struct Ticket<'a> {
    waiting: &'a Waiting,
    hash: &'a [u8],
    notify: Arc<Notify>,
}

impl Waiting {
    fn map(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of `most` places.
    fn join<'a>(&'a self, hash: &'a [u8], most: usize) -> Option<Ticket<'a>> {
        if self.1.fetch_add(1, Ordering::Relaxed) >= most {
            self.1.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let mut map = self.map();
        let (notify, waiters) = map.entry(hash.to_vec()).or_default();
        *waiters += 1;
        Some(Ticket {
            waiting: self,
            hash,
            notify: Arc::clone(notify),
        })
    }

    /// Wakes who waits for a block.
    pub fn wake(&self, hash: &[u8]) {
        if let Some((notify, _)) = self.map().get(hash) {
            notify.notify_waiters();
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.waiting.1.fetch_sub(1, Ordering::Relaxed);
        let mut map = self.waiting.map();
        if let Some((_, waiters)) = map.get_mut(self.hash) {
            *waiters -= 1;
            if *waiters == 0 {
                map.remove(self.hash);
            }
        }
    }
}

impl Storage {
    /// Begins to read a DAG. While the reader lives the DAG is not removed to make room.
    pub fn reader(self: &Arc<Self>, root: &Cid) -> Reader {
        let key = ipld::key(root);
        let activity = self.activities.join(&key, |a| &a.readers);
        let now = self.now();
        let mut state = self.state();
        if let Some(record) = state.dags.get_mut(&key) {
            record.last_used = now;
            state.touched.insert(key.clone());
        }
        drop(state);
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
        let hash = cid.hash().to_bytes();
        blocking(move || Ok(storage.files.size(&hash).is_some()))
            .await
            .unwrap_or(false)
    }

    /// What went in and out since the storage was opened.
    pub fn counters(&self) -> Counters {
        let dags = self
            .activities
            .map()
            .iter()
            .filter_map(|(key, activity)| {
                Some((canonical(&ipld::cid_of(key)?), activity.counts.get()))
            })
            .collect();
        Counters {
            total: self.activities.total.get(),
            dags,
        }
    }

    /// What went in and out of one DAG.
    pub fn dag_counters(&self, root: &Cid) -> DagCounters {
        self.activities
            .map()
            .get(&ipld::key(root))
            .map(|activity| activity.counts.get())
            .unwrap_or_default()
    }

    /// Whether counters of a DAG are worth keeping: it is stored or granted.
    pub(super) fn is_known(&self, key: &[u8]) -> bool {
        let state = self.state();
        state.dags.contains_key(key) || state.granted.contains_key(key)
    }
}

/// Runs what blocks on the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StorageError::Io(std::io::Error::other(error))))
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
    /// The same, but what is not here is missing at once.
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Reads a block if it is here.
    pub async fn present(&self, cid: &Cid) -> Result<Option<Bytes>, ReadError> {
        if let Some(inline) = identity(cid) {
            return Ok(Some(Bytes::copy_from_slice(inline)));
        }
        let storage = Arc::clone(&self.storage);
        let hash = cid.hash().to_bytes();
        let data = blocking(move || Ok(storage.files.read(&hash)?)).await?;
        Ok(data.map(|data| {
            self.storage
                .activities
                .served(&self.activity, data.len() as u64);
            Bytes::from(data)
        }))
    }

    /// Reads a block, and waits for it while it may be on its way: until no block of the DAG has come for the
    /// storage's `patience`. For a block that nobody has announced the wait is short.
    pub async fn block(&self, cid: &Cid) -> Result<Bytes, ReadError> {
        if let Some(data) = self.present(cid).await? {
            return Ok(data);
        }
        if !self.waits {
            return Err(ReadError::Missing(*cid));
        }
        let hash = cid.hash().to_bytes();
        let is_root = ipld::key(cid) == self.key;
        let most = if is_root && !self.storage.is_known(&self.key) {
            MAX_HOPING
        } else {
            MAX_WAITING
        };
        let ticket = self.storage.waiting.join(&hash, most);
        let ticket = ticket.ok_or(ReadError::Busy)?;
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
            // Joined before the look, so that no block comes between the two unseen.
            let mut came = std::pin::pin!(ticket.notify.notified());
            came.as_mut().enable();
            if let Some(data) = self.present(cid).await? {
                return Ok(data);
            }
            tokio::select! {
                () = came => {}
                Ok(()) = progress.changed() => {
                    expected = true;
                    deadline = Instant::now() + patience(expected);
                }
                () = tokio::time::sleep_until(deadline) => {
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
    pub async fn come(&self, cid: &Cid) -> Result<(), ReadError> {
        match self.size(cid).await? {
            Some(_) => Ok(()),
            None => self.block(cid).await.map(drop),
        }
    }

    /// Whether a block is here, and of how many bytes.
    pub async fn size(&self, cid: &Cid) -> Result<Option<u64>, ReadError> {
        if let Some(inline) = identity(cid) {
            return Ok(Some(inline.len() as u64));
        }
        let storage = Arc::clone(&self.storage);
        let hash = cid.hash().to_bytes();
        Ok(blocking(move || Ok(storage.files.size(&hash))).await?)
    }

    /// The storage that is read.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let known = self.storage.is_known(&self.key);
        self.storage
            .activities
            .leave(&self.key, |a| &a.readers, known);
    }
}

/// Wakes who waits for a block.
pub(super) fn wake(storage: &Storage, key: &[u8]) {
    storage.waiting.wake(hash_of(key));
}
