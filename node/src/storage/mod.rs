//! The storage in a node: a cache of DAGs on disk, that peers fill with the tokens that they were granted.
//!
//! Bytes lie in block files, one for each multihash; which DAG they belong to, and who may make it, in a database
//! beside them. A block counts when its bytes were hashed and its DAG links to it. What is stored can be uploaded again
//! by its provider, so nothing is synced block by block: the database is at the end of each upload and when a DAG is
//! complete, and [`Storage::open`] makes both agree after a kill.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fluence::Cid;
use fluence::call::{CallError, ErrorCode, MultiaddrArgs, MultiaddrOk, Reply};
use fluence::content::hash::{self, HashError, IDENTITY};

mod files;
mod index;
pub(crate) mod ipld;
mod operate;
mod read;
mod token;
pub(crate) mod traverse;
mod upload;

use files::BlockFiles;
use index::{Failure, Index, Key, Record};
pub use ipld::BlockError;
pub(crate) use operate::section;
pub use operate::{CheckReport, Damage, ExportError, ImportError, Imported, StoredDag};
use read::{Activities, Waiting};
pub use read::{Counters, DagCounters, MAX_WAITING, ReadError, Reader};
pub use token::{MAX_TOKEN, TokenError};
use upload::Target;
pub use upload::{AddError, Upload};

/// The longest name of a peer that is written down, in bytes.
pub const MAX_PEER: usize = 128;
/// The DAGs that are kept, and those that are granted and not begun.
pub const MAX_DAGS: usize = 1 << 20;
/// Grants that wait for their first block.
pub const MAX_GRANTED: usize = 4096;
/// What a DAG may have over the declared size of its file, whatever that is, in bytes: inner nodes, directories.
const OVERHEAD: u64 = 4 * 1024 * 1024;
/// And in addition, of the declared size.
const OVERHEAD_SHARE: u64 = 8;
/// How long room is kept for an upload of which no block comes.
const RESERVATION: Duration = Duration::from_secs(60);
/// How long after its last block, or its grant, an upload without a request under way counts as stalled.
const LULL: Duration = Duration::from_secs(10);
/// The database is synced when blocks of so many bytes came since it was last.
const SYNC_EVERY: u64 = 256 * 1024 * 1024;
/// How often [`Storage::tend`] looks for what has expired.
const TEND_EVERY: Duration = Duration::from_secs(30);

/// Unix seconds, as this storage sees them.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Limits of a storage.
#[derive(Clone)]
pub struct StorageConfig {
    /// Bytes of blocks on disk.
    pub total_quota: u64,
    /// Bytes of one peer's DAGs.
    pub per_peer_quota: u64,
    /// Bytes of one file.
    pub max_file: u64,
    /// Bytes that are granted to who does not say how many are to come.
    pub unsized_grant: u64,
    /// How long a token is good, and its DAG kept.
    pub token_ttl: Duration,
    /// How long a DAG that is not complete is kept after its last block.
    pub partial_ttl: Duration,
    /// Bytes that are left free on the disk.
    pub min_free: u64,
    /// How long a reader waits for a block on its way, from the last one that came.
    pub patience: Duration,
    /// How long a reader waits for a root that nobody has announced.
    pub unannounced_patience: Duration,
    /// How long an uploader may send nothing.
    pub uploader_patience: Duration,
    /// The time.
    pub clock: Clock,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            total_quota: 64 << 30,
            per_peer_quota: 16 << 30,
            max_file: 16 << 30,
            unsized_grant: 256 << 20,
            token_ttl: Duration::from_secs(60 * 60),
            partial_ttl: Duration::from_secs(10 * 60),
            min_free: 256 << 20,
            patience: Duration::from_secs(30),
            unannounced_patience: Duration::from_secs(3),
            uploader_patience: Duration::from_secs(30),
            clock: Arc::new(|| {
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |d| d.as_secs())
            }),
        }
    }
}

impl std::fmt::Debug for StorageConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageConfig")
            .field("total_quota", &self.total_quota)
            .field("per_peer_quota", &self.per_peer_quota)
            .field("max_file", &self.max_file)
            .finish_non_exhaustive()
    }
}

/// Why a storage cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the storage in {0} is open in another process; stop that node first, or ask it instead"
    )]
    InUse(PathBuf),
    /// The disk failed.
    #[error("the storage in {path} cannot be opened: {error}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
    /// The database failed.
    #[error("the database of the storage in {path} cannot be opened: {error}")]
    Database {
        /// The directory.
        path: PathBuf,
        /// What failed.
        error: Box<redb::Error>,
    },
}

/// Permission to upload a DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// To be sent with each upload.
    pub token: String,
    /// When it ends, in Unix seconds.
    pub expires: u64,
}

/// Why an upload is not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be stored here whatever its size.
    #[error("this storage keeps no such DAG: {0}")]
    Unsupported(String),
    /// One file is too large.
    #[error("the file has {size} bytes; this storage takes files of up to {limit}")]
    FileTooLarge {
        /// Bytes of the file.
        size: u64,
        /// The most that is taken.
        limit: u64,
    },
    /// The peer has too much under way.
    #[error(
        "this peer's share of the storage is {limit} bytes, of which {used} are in use; try again when its earlier uploads have been fetched"
    )]
    PeerQuota {
        /// Bytes that it has under way or kept.
        used: u64,
        /// Its quota.
        limit: u64,
    },
    /// All the room is taken by what may not be removed yet.
    #[error("the storage has no room for {size} bytes now; try again later or ask another node")]
    NoRoom {
        /// Bytes that were asked for.
        size: u64,
    },
    /// Too many grants wait for their first block.
    #[error("too many uploads are about to begin; try again in a minute")]
    TooMany,
    /// The disk or the database failed.
    #[error("the storage failed; its operator finds the reason in the node's log")]
    Failed,
}

/// A failure of this node's own disk.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no room on the disk.
    #[error("the storage's disk is full")]
    DiskFull,
    /// The disk failed.
    #[error("the storage's disk failed: {0}")]
    Io(io::Error),
    /// The database failed.
    #[error("the storage's database failed: {0}")]
    Database(Box<redb::Error>),
}

impl From<Box<redb::Error>> for StorageError {
    fn from(error: Box<redb::Error>) -> Self {
        match *error {
            redb::Error::Io(error) => error.into(),
            _ => Self::Database(error),
        }
    }
}

/// An error that may be of this node's own disk.
trait MayBeDisk {
    /// Whether it is.
    fn is_disk(&self) -> bool;
}

impl MayBeDisk for Failure {
    fn is_disk(&self) -> bool {
        true
    }
}

impl MayBeDisk for AddError {
    fn is_disk(&self) -> bool {
        matches!(self, Self::Storage(_))
    }
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

/// How far a DAG has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is complete.
    Whole,
    /// Its blocks come, or are about to.
    Coming,
    /// It was begun or granted, and nothing came for a while.
    Stalled,
    /// It is not here, and nobody is expected to bring it.
    Absent,
}

/// What is in use, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Usage {
    /// DAGs, complete or not.
    pub dags: usize,
    /// DAGs that are not complete.
    pub unfinished: usize,
    /// Bytes of blocks.
    pub bytes: u64,
    /// Bytes that there may be.
    pub quota: u64,
}

/// The storage: open once in a process, shared by all that use it.
pub struct Storage {
    config: StorageConfig,
    token_key: token::Key,
    files: BlockFiles,
    index: Index,
    state: Mutex<State>,
    waiting: Waiting,
    activities: Activities,
    /// The database failed and must be opened again.
    broken: AtomicBool,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What is known in memory; the database has the same of `dags`, but for `last_used`.
#[derive(Debug, Default)]
struct State {
    dags: HashMap<Key, Record>,
    /// Those of `dags` that are not complete.
    unfinished: HashSet<Key>,
    /// DAGs that are granted and not begun.
    granted: HashMap<Key, Granted>,
    /// Bytes of each owner's DAGs.
    owned: HashMap<String, u64>,
    /// Those of `dags` whose `last_used` the database does not have yet.
    touched: HashSet<Key>,
    next_id: u64,
    /// Bytes of blocks on disk.
    used: u64,
    /// Bytes of blocks that came since the database was synced.
    unsynced: u64,
}

#[derive(Debug, Clone)]
struct Granted {
    owner: String,
    size: u64,
    /// When it was granted last.
    at: u64,
    expires: u64,
    /// See [`Storage::describe`].
    name: Option<String>,
    mime: Option<String>,
}

/// Bytes that a DAG of a file of so many bytes may have.
fn limit_of(size: u64) -> u64 {
    size.saturating_add(size / OVERHEAD_SHARE)
        .saturating_add(OVERHEAD)
}

impl State {
    /// Takes what is now known of a DAG, which the database has.
    fn put(&mut self, key: &[u8], record: Record) {
        let before = self.dags.get(key).map_or(0, |record| record.bytes);
        let owned = self.owned.entry(record.owner.clone()).or_default();
        *owned = (*owned + record.bytes).saturating_sub(before);
        if record.is_complete() {
            self.unfinished.remove(key);
        } else {
            self.unfinished.insert(key.to_vec());
        }
        self.dags.insert(key.to_vec(), record);
    }

    /// Forgets a DAG that the database does not have any more.
    fn drop_dag(&mut self, key: &[u8]) {
        if let Some(record) = self.dags.remove(key)
            && let Some(owned) = self.owned.get_mut(&record.owner)
        {
            *owned = owned.saturating_sub(record.bytes);
            if *owned == 0 {
                self.owned.remove(&record.owner);
            }
        }
        self.unfinished.remove(key);
        self.touched.remove(key);
    }

    /// Whether a DAG may be removed when room is needed.
    fn is_evictable(record: &Record, now: u64, partial_ttl: u64) -> bool {
        let kept = record.pinned || record.keep_until > now;
        let under_way =
            !record.is_complete() && record.last_block.saturating_add(partial_ttl) > now;
        !kept && !under_way
    }

    /// Bytes that a DAG has or is to have.
    fn claim(record: &Record, now: u64) -> u64 {
        let active = record.last_block.saturating_add(RESERVATION.as_secs()) > now;
        if record.is_complete() || !active {
            record.bytes
        } else {
            record.bytes.max(record.size)
        }
    }

    /// Bytes that are taken or promised and cannot be had by removing DAGs: of one peer, and of all.
    fn committed(&self, peer: &str, now: u64, partial_ttl: u64) -> (u64, u64) {
        let dags = self
            .dags
            .values()
            .filter(|record| !Self::is_evictable(record, now, partial_ttl))
            .map(|record| (record.owner.as_str(), Self::claim(record, now)));
        let granted = self
            .granted
            .values()
            .filter(|grant| grant.at.saturating_add(RESERVATION.as_secs()) > now)
            .map(|grant| (grant.owner.as_str(), grant.size));
        dags.chain(granted)
            .fold((0, 0), |(own, all), (owner, bytes)| {
                (if owner == peer { own + bytes } else { own }, all + bytes)
            })
    }
}

impl Storage {
    /// Opens the storage in a directory, or makes one there. Blocks while it puts right what a kill left.
    pub fn open(dir: &Path, config: StorageConfig) -> Result<Arc<Self>, OpenError> {
        let io_error = |error| OpenError::Io {
            path: dir.to_owned(),
            error,
        };
        let database_error = |error: Failure| match *error {
            redb::Error::DatabaseAlreadyOpen => OpenError::InUse(dir.to_owned()),
            _ => OpenError::Database {
                path: dir.to_owned(),
                error,
            },
        };
        fs::create_dir_all(dir).map_err(io_error)?;
        // First the database, whose lock says that no other process is here.
        let index = Index::open(&dir.join("index.redb")).map_err(database_error)?;
        let files = BlockFiles::open(dir).map_err(io_error)?;
        let token_key = token_key(&dir.join("token.key")).map_err(io_error)?;
        let storage = Self {
            config,
            token_key,
            files,
            index,
            state: Mutex::default(),
            waiting: Waiting::default(),
            activities: Activities::default(),
            broken: AtomicBool::new(false),
        };
        let reconciled = storage.reconcile(&mut storage.state());
        reconciled.map_err(|error| match error {
            StorageError::Database(error) => database_error(error),
            StorageError::Io(error) => io_error(error),
            StorageError::DiskFull => io_error(io::ErrorKind::StorageFull.into()),
        })?;
        Ok(Arc::new(storage))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic between two changes leaves the database right, and the memory no worse than after a kill.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        (self.config.clock)()
    }

    /// Makes database, files and memory agree.
    fn reconcile(&self, state: &mut State) -> Result<(), StorageError> {
        for (key, record) in self.index.dags()? {
            state.next_id = state.next_id.max(record.id + 1);
            state.put(&key, record);
        }
        self.index.each_block(|_, size| state.used += size)?;
        let removing: Vec<Key> = state
            .dags
            .iter()
            .filter(|(_, record)| record.removing)
            .map(|(key, _)| key.clone())
            .collect();
        for key in removing {
            self.remove_dag(state, &key)?;
        }
        let mut orphans = 0_u64;
        let mut failure = None;
        self.files.scan(|hash, size| {
            let known = match hash.map(|hash| self.index.block(hash)).transpose() {
                Ok(known) => known.flatten(),
                Err(error) => {
                    failure = Some(error);
                    return Ok(true);
                }
            };
            let keep = known == Some(size);
            orphans += u64::from(!keep);
            Ok(keep)
        })?;
        if let Some(error) = failure {
            return Err(error.into());
        }
        let mut lost = Vec::new();
        self.index.each_block(|hash, size| {
            if self.files.size(hash) != Some(size) {
                lost.push(hash.to_vec());
            }
        })?;
        for hash in &lost {
            self.lose(state, hash)?;
        }
        if orphans + lost.len() as u64 > 0 {
            tracing::info!(orphans, lost = lost.len(), "put the storage right");
        }
        Ok(())
    }

    /// Goes on after a failure of the database, from what was synced last. What the disk refused then it may take now.
    fn recover(&self) -> Result<(), StorageError> {
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut state = self.state();
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        self.index.reopen()?;
        let granted = std::mem::take(&mut state.granted);
        *state = State {
            granted,
            ..State::default()
        };
        self.reconcile(&mut state)?;
        self.broken.store(false, Ordering::Release);
        tracing::info!("the storage's database is open again");
        Ok(())
    }

    /// Changes the database, and notes when that fails in a way after which it must be opened again.
    fn write<T, E: From<Failure> + MayBeDisk>(
        &self,
        durable: bool,
        change: impl FnOnce(&mut index::Tables<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self.index.write(durable, change);
        if result.as_ref().is_err_and(E::is_disk) {
            self.broken.store(true, Ordering::Release);
        }
        result
    }

    /// Takes note that a block's bytes are gone.
    fn lose(&self, state: &mut State, hash: &[u8]) -> Result<(), StorageError> {
        let size = self.index.block(hash)?.unwrap_or(0);
        let mut dags: Vec<(Key, Record)> = state
            .dags
            .iter()
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect();
        self.write(true, |tables| tables.lose(&mut dags, hash))?;
        state.used = state.used.saturating_sub(size);
        for (key, record) in dags {
            state.put(&key, record);
        }
        Ok(())
    }

    /// The limits that it was opened with.
    pub fn config(&self) -> &StorageConfig {
        &self.config
    }

    /// Grants a peer the upload of a DAG, or says why not.
    pub fn grant(
        self: &Arc<Self>,
        peer: &str,
        cid: &Cid,
        size: Option<u64>,
    ) -> Result<Grant, Refusal> {
        if peer.is_empty() || peer.len() > MAX_PEER {
            return Err(Refusal::Unsupported("the peer has no usable name".into()));
        }
        if cid.hash().code() == IDENTITY {
            return Err(Refusal::Unsupported(
                "the CID carries its bytes itself; nothing needs to be stored".into(),
            ));
        }
        if !ipld::CODECS.contains(&cid.codec()) {
            return Err(Refusal::Unsupported(
                BlockError::Codec(cid.codec()).to_string(),
            ));
        }
        if let Err(error @ (HashError::Unknown { .. } | HashError::Length { .. })) =
            hash::verify(cid, &[])
        {
            return Err(Refusal::Unsupported(error.to_string()));
        }
        let size = size.unwrap_or(self.config.unsized_grant.min(self.config.max_file));
        if size > self.config.max_file {
            return Err(Refusal::FileTooLarge {
                size,
                limit: self.config.max_file,
            });
        }
        let now = self.now();
        let expires = now + self.config.token_ttl.as_secs();
        let key = ipld::key(cid);
        if let Err(error) = self.recover() {
            tracing::error!(%error, "the storage is out of order");
            return Err(Refusal::Failed);
        }
        let mut state = self.state();
        state.granted.retain(|_, grant| grant.expires > now);
        let known = state.dags.get(&key).filter(|record| !record.removing);
        let complete = known.is_some_and(Record::is_complete);
        if !complete {
            let has = known.map_or(0, |record| State::claim(record, now))
                + state.granted.get(&key).map_or(0, |grant| grant.size);
            let more = size.saturating_sub(has);
            let (own, all) = state.committed(peer, now, self.config.partial_ttl.as_secs());
            if own + more > self.config.per_peer_quota {
                return Err(Refusal::PeerQuota {
                    used: own,
                    limit: self.config.per_peer_quota,
                });
            }
            if all + more > self.config.total_quota {
                return Err(Refusal::NoRoom { size });
            }
        }
        match known {
            Some(record) => {
                let mut record = record.clone();
                record.keep_until = record.keep_until.max(expires);
                record.size = record.size.max(size);
                record.limit = record.limit.max(limit_of(size));
                self.write(false, |tables| tables.put_dag(&key, &record))
                    .map_err(|error: Failure| {
                        tracing::error!(%error, "a grant cannot be written down");
                        Refusal::Failed
                    })?;
                state.put(&key, record);
            }
            None if state.granted.len() >= MAX_GRANTED && !state.granted.contains_key(&key) => {
                return Err(Refusal::TooMany);
            }
            None => {
                let grant = state.granted.entry(key.clone()).or_insert(Granted {
                    owner: peer.to_owned(),
                    size,
                    at: now,
                    expires,
                    name: None,
                    mime: None,
                });
                grant.size = grant.size.max(size);
                grant.at = now;
                grant.expires = expires;
            }
        }
        let begun = state.dags.contains_key(&key);
        drop(state);
        // Who waits for a root that nobody had announced now knows that it comes.
        self.activities.progress(&key);
        let claims = token::Claims {
            root: *cid,
            size,
            peer: peer.to_owned(),
            expires,
        };
        if !begun && self.files.size(index::hash_of(&key)).is_some() {
            self.adopt_root(Target::of(&claims));
        }
        Ok(Grant {
            token: token::sign(&self.token_key, &claims),
            expires,
        })
    }

    /// Makes a DAG of what lies here as a part of others: its uploader, who finds the blocks here, will bring none.
    fn adopt_root(self: &Arc<Self>, target: Target) {
        let storage = Arc::clone(self);
        std::thread::spawn(move || {
            if let Err(error) = storage.adopt(&target, vec![target.key.clone()]) {
                tracing::warn!(%error, "a part of a DAG cannot be made a DAG of its own");
            }
        });
    }

    /// Answers a call of `IPFS_multiaddr` that came from `peer`; `multiaddr` is where this storage's HTTP is reached.
    pub fn call_multiaddr(
        self: &Arc<Self>,
        peer: &str,
        args: &MultiaddrArgs,
        multiaddr: &str,
    ) -> Reply {
        let mut ok = MultiaddrOk {
            multiaddr: multiaddr.to_owned(),
            token: None,
            expires: None,
        };
        if let Some(text) = &args.cid {
            let Ok(cid) = text.parse::<Cid>() else {
                return Reply::error(ErrorCode::BadRequest, "“cid” is not a CID");
            };
            match self.grant(peer, &cid, args.size) {
                Ok(grant) => {
                    ok.token = Some(grant.token);
                    ok.expires = Some(grant.expires);
                }
                Err(refusal) => {
                    let (code, retry) = match &refusal {
                        Refusal::TooMany => (ErrorCode::Busy, Some(RESERVATION)),
                        Refusal::Failed => (ErrorCode::Internal, None),
                        _ => (ErrorCode::Refused, None),
                    };
                    let mut error = CallError::new(code, refusal.to_string());
                    error.retry_after_ms = retry.map(|r| r.as_millis() as u64);
                    return Reply::Error(error);
                }
            }
        }
        Reply::ok(&ok)
    }

    /// Whether a DAG is here: `Some(true)` when it is complete, `Some(false)` when a part of it is, or it was granted
    /// and is awaited.
    pub fn dag_state(&self, root: &Cid) -> Option<bool> {
        let key = ipld::key(root);
        let now = self.now();
        let state = self.state();
        match state.dags.get(&key) {
            Some(record) if !record.removing => Some(record.is_complete()),
            _ => state
                .granted
                .get(&key)
                .filter(|grant| grant.expires > now)
                .map(|_| false),
        }
    }

    /// How far a DAG has come.
    pub fn arrival(&self, root: &Cid) -> Arrival {
        let key = ipld::key(root);
        let now = self.now();
        let within = |at: u64, time: Duration| at.saturating_add(time.as_secs()) > now;
        let state = self.state();
        let record = state.dags.get(&key).filter(|record| !record.removing);
        let granted = state.granted.get(&key).map(|grant| grant.at);
        let last = match (record, granted) {
            (Some(record), _) if record.is_complete() => return Arrival::Whole,
            (Some(record), _) => record.last_block,
            (None, Some(at)) => at,
            (None, None) => return Arrival::Absent,
        };
        if within(last, LULL) || self.activities.is_uploaded(&key) {
            Arrival::Coming
        } else if record.is_some() || within(last, RESERVATION) {
            Arrival::Stalled
        } else {
            Arrival::Absent
        }
    }

    /// Whether a block that is not here may be on its way: it is the root of a DAG that is to come, or an upload that may
    /// have it in it is open, or was a moment ago, or was just granted.
    fn expects(&self, root: &[u8]) -> bool {
        if self.activities.any_upload() {
            return true;
        }
        let now = self.now();
        let recent = |at: u64| at.saturating_add(RESERVATION.as_secs()) > now;
        let state = self.state();
        let granted = &state.granted;
        state.unfinished.contains(root)
            || granted.get(root).is_some_and(|grant| grant.expires > now)
            || granted.values().any(|grant| recent(grant.at))
            || state
                .unfinished
                .iter()
                .filter_map(|key| state.dags.get(key))
                .any(|record| recent(record.last_block))
    }

    /// Notes what a DAG's provider calls it, for whoever opens a link to it. What it does not say stays as it was.
    pub fn describe(&self, root: &Cid, name: Option<String>, mime: Option<String>) {
        let key = ipld::key(root);
        let bounded = |text: Option<String>| text.filter(|t| t.len() <= fluence::names::MAX_LINK);
        let (name, mime) = (bounded(name), bounded(mime));
        let mut state = self.state();
        if let Some(granted) = state.granted.get_mut(&key) {
            // Noted with the first block.
            granted.name = name.or(granted.name.take());
            granted.mime = mime.or(granted.mime.take());
            return;
        }
        let Some(record) = state.dags.get_mut(&key) else {
            return;
        };
        let known = (record.name.take(), record.mime.take());
        let said = (name.or(known.0.clone()), mime.or(known.1.clone()));
        let is_new = said != known;
        (record.name, record.mime) = said;
        if !is_new {
            return;
        }
        let record = record.clone();
        if let Err(error) = self.write(false, |tables| tables.put_dag(&key, &record)) {
            let error: Failure = error;
            tracing::warn!(%error, "a DAG's name cannot be written down");
        }
    }

    /// What [`Storage::describe`] noted: name and type. Both are what a stranger says.
    pub fn description(&self, root: &Cid) -> (Option<String>, Option<String>) {
        self.state()
            .dags
            .get(&ipld::key(root))
            .map_or((None, None), |record| {
                (record.name.clone(), record.mime.clone())
            })
    }

    /// What is in use.
    pub fn usage(&self) -> Usage {
        let state = self.state();
        Usage {
            dags: state.dags.len(),
            unfinished: state.unfinished.len(),
            bytes: state.used,
            quota: self.config.total_quota,
        }
    }

    /// Makes room for a block of `root`: first in its owner's share, then in the whole, then on the disk.
    fn make_room(&self, state: &mut State, target: &Target, size: u64) -> Result<(), AddError> {
        let root = target.key.as_slice();
        let owner = state
            .dags
            .get(root)
            .map_or(target.owner.as_str(), |record| record.owner.as_str())
            .to_owned();
        let owner = owner.as_str();
        let own = state.owned.get(owner).copied().unwrap_or(0);
        let mut over = (own + size).saturating_sub(self.config.per_peer_quota);
        while over > 0 && !target.trusted {
            match self.evict(state, root, Some(owner))? {
                Some(freed) => over = over.saturating_sub(freed),
                None => return Err(AddError::NoRoom),
            }
        }
        while state.used + size > self.config.total_quota {
            if self.evict(state, root, None)?.is_none() {
                return Err(AddError::NoRoom);
            }
        }
        let free = self.config.min_free + size;
        while !self.files.has_free(free).map_err(StorageError::from)? {
            if self.evict(state, root, None)?.is_none() {
                return Err(AddError::Storage(StorageError::DiskFull));
            }
        }
        Ok(())
    }

    /// Removes the DAG, of one owner or of any, that was not used for longest, and returns the bytes that it had; `None`
    /// when none may be removed.
    fn evict(
        &self,
        state: &mut State,
        except: &[u8],
        owner: Option<&str>,
    ) -> Result<Option<u64>, StorageError> {
        let now = self.now();
        let partial_ttl = self.config.partial_ttl.as_secs();
        let oldest = state
            .dags
            .iter()
            .filter(|(key, record)| {
                key.as_slice() != except
                    && owner.is_none_or(|owner| record.owner == owner)
                    && State::is_evictable(record, now, partial_ttl)
                    && !self.activities.in_use(key)
            })
            .min_by_key(|(_, record)| (record.last_used, record.id))
            .map(|(key, record)| (key.clone(), record.bytes));
        let Some((key, bytes)) = oldest else {
            return Ok(None);
        };
        self.remove_dag(state, &key)?;
        Ok(Some(bytes))
    }

    /// Removes a DAG, and the blocks that no other has.
    fn remove_dag(&self, state: &mut State, key: &[u8]) -> Result<(), StorageError> {
        let Some(record) = state.dags.get_mut(key) else {
            return Ok(());
        };
        let id = record.id;
        record.removing = true;
        // Synced before the first file goes, so that a kill half-way is gone on from.
        self.write(true, |tables| tables.put_dag(key, record))?;
        loop {
            let (orphans, gone) = self.write(false, |tables| tables.remove_some(key, id))?;
            for (hash, size) in orphans {
                self.files.remove(&hash)?;
                state.used = state.used.saturating_sub(size);
            }
            if gone {
                break;
            }
        }
        state.drop_dag(key);
        self.activities.forget(key);
        Ok(())
    }

    /// Frees what was not completed in its time. Returns the number of DAGs that it removed.
    pub fn sweep(&self) -> Result<usize, StorageError> {
        self.recover()?;
        let now = self.now();
        let partial_ttl = self.config.partial_ttl.as_secs();
        let mut state = self.state();
        state.granted.retain(|_, grant| grant.expires > now);
        let stale: Vec<Key> = state
            .unfinished
            .iter()
            .filter(|key| {
                state
                    .dags
                    .get(*key)
                    .is_some_and(|record| State::is_evictable(record, now, partial_ttl))
                    && !self.activities.in_use(key)
            })
            .cloned()
            .collect();
        for key in &stale {
            self.remove_dag(&mut state, key)?;
        }
        Ok(stale.len())
    }

    /// Syncs what was written down, and with it when each DAG was last used.
    pub fn flush(&self) -> Result<(), StorageError> {
        self.recover()?;
        let mut state = self.state();
        let State { dags, touched, .. } = &*state;
        self.write(true, |tables| {
            for key in touched {
                if let Some(record) = dags.get(key) {
                    tables.put_dag(key, record)?;
                }
            }
            Ok::<_, Failure>(())
        })?;
        state.touched.clear();
        state.unsynced = 0;
        Ok(())
    }

    /// Looks after the storage for as long as it is polled: frees what has expired, writes down what was used.
    pub async fn tend(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TEND_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let storage = Arc::clone(&self);
            let swept = tokio::task::spawn_blocking(move || {
                let swept = storage.sweep()?;
                storage.flush()?;
                Ok::<_, StorageError>(swept)
            })
            .await;
            match swept {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(dags)) => tracing::info!(dags, "freed uploads that were not completed"),
                Ok(Err(error)) => tracing::error!(%error, "the storage cannot be tended"),
            }
        }
    }
}

/// Reads the secret that tokens are signed with, or makes it.
fn token_key(path: &Path) -> io::Result<token::Key> {
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{} is not a key; remove it to have a new one made",
                    path.display()
                ),
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = token::Key::default();
            getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
            let new = path.with_extension("new");
            write_secret(&new, &key)?;
            fs::rename(new, path)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

fn write_secret(path: &Path, key: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key)?;
    file.sync_all()
}
