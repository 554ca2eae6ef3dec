//! Uploads: blocks that come with a token, each into the DAG that the token names.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::MAX_BLOCK;
use fluence::content::hash::{self, HashError, IDENTITY};
use fluence::names::canonical;

use super::files::TempBlock;
use super::index::{Failure, Key, Record, hash_of};
use super::read::{Activity, wake};
use super::token::{self, Claims};
use super::{BlockError, MAX_DAGS, SYNC_EVERY, Storage, StorageError, TokenError, ipld, limit_of};

/// How long a block waits for the one that links to it, while that may come in another request.
const PARENT_PATIENCE: Duration = Duration::from_secs(10);

/// Why a block is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// Nothing in the DAG links to it.
    #[error(
        "the block {block} does not belong to {root}, which this token is for, or comes before the block that links to it"
    )]
    Foreign {
        /// The block.
        block: String,
        /// The DAG.
        root: String,
    },
    /// Its bytes are not those that its CID names, or that cannot be told.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// It is no block of a kind that is stored.
    #[error("{cid}: {error}")]
    Block {
        /// The block.
        cid: String,
        /// What is wrong with it.
        error: BlockError,
    },
    /// Over [`MAX_BLOCK`].
    #[error("the block {cid} has {size} bytes; {MAX_BLOCK} is the most that is taken")]
    BlockTooLarge {
        /// The block.
        cid: String,
        /// Its bytes.
        size: usize,
    },
    /// The DAG would have more bytes than were declared for it.
    #[error("the upload is over the {size} bytes that were declared for it")]
    TooLarge {
        /// Bytes that were declared.
        size: u64,
    },
    /// All the room is taken by what may not be removed yet.
    #[error("the storage has no room left; try again later or ask another node")]
    NoRoom,
    /// The token's time is over.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// This node's disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Failure> for AddError {
    fn from(error: Failure) -> Self {
        Self::Storage(error.into())
    }
}

/// A DAG that is being written.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Its root.
    pub root: Cid,
    /// The root's key.
    pub key: Key,
    /// Whose it is.
    pub owner: String,
    /// Bytes that were declared, and that its blocks may have.
    pub size: u64,
    /// See [`Record::limit`].
    pub limit: u64,
    /// Until when it is kept.
    pub keep_until: u64,
    /// An operator brings it: any block belongs to it, and it is kept.
    pub trusted: bool,
}

impl Target {
    /// What a token is for.
    pub fn of(claims: &Claims) -> Self {
        Self {
            root: claims.root,
            key: ipld::key(&claims.root),
            owner: claims.peer.clone(),
            size: claims.size,
            limit: limit_of(claims.size),
            keep_until: claims.expires,
            trusted: false,
        }
    }
}

/// An upload that a token has opened.
#[derive(Debug)]
pub struct Upload {
    storage: Arc<Storage>,
    target: Target,
    activity: Arc<Activity>,
}

/// Where a block stands in a DAG.
enum Place {
    Wanted,
    /// It is there.
    Member,
    Foreign,
}

impl Storage {
    /// Opens an upload with a token that [`Storage::grant`] gave.
    pub fn upload(self: &Arc<Self>, token: &str) -> Result<Upload, TokenError> {
        let target = Target::of(&token::open(&self.token_key, token, self.now())?);
        let activity = self.activities.begin_upload(&target.key);
        Ok(Upload {
            storage: Arc::clone(self),
            target,
            activity,
        })
    }

    fn place(&self, target: &Target, key: &[u8]) -> Result<Place, StorageError> {
        let id = self
            .state()
            .dags
            .get(&target.key)
            .filter(|record| !record.removing)
            .map(|record| record.id);
        let (member, wanted) = match id {
            Some(id) => self.index.relation(id, key)?,
            None => (false, key == target.key),
        };
        Ok(match (member, wanted) {
            (true, _) => Place::Member,
            _ if wanted || target.trusted || key == target.key => Place::Wanted,
            _ => Place::Foreign,
        })
    }

    /// Adds a block to a DAG; returns whether its DAG lacked it. Blocks.
    pub(super) fn add(&self, target: &Target, cid: &Cid, data: &Bytes) -> Result<bool, AddError> {
        if data.len() > MAX_BLOCK {
            return Err(AddError::BlockTooLarge {
                cid: canonical(cid),
                size: data.len(),
            });
        }
        self.recover()?;
        let key = ipld::key(cid);
        let foreign = || AddError::Foreign {
            block: canonical(cid),
            root: canonical(&target.root),
        };
        if cid.hash().code() == IDENTITY {
            // It stands in its own CID: there is nothing to store, as long as it is true.
            hash::verify(cid, data)?;
            return Ok(false);
        }
        let place = self.place(target, &key)?;
        if matches!(place, Place::Foreign) {
            return Err(foreign());
        }
        hash::verify(cid, data)?;
        if matches!(place, Place::Member) {
            return Ok(false);
        }
        let links = ipld::needed(cid.codec(), data).map_err(|error| AddError::Block {
            cid: canonical(cid),
            error,
        })?;
        let size = data.len() as u64;
        let known = loop {
            let temp = if self
                .index
                .block(hash_of(&key))
                .map_err(StorageError::from)?
                .is_some()
            {
                None
            } else {
                Some(self.write_block(target, data)?)
            };
            match self.attach(target, &key, size, &links, temp)? {
                Attached::Done(known) => break known,
                // The DAG that had the bytes was removed in between.
                Attached::BytesGone => continue,
                Attached::Foreign => return Err(foreign()),
            }
        };
        self.adopt(target, known)?;
        Ok(true)
    }

    /// Writes a block's bytes to the disk, where they do not count yet.
    fn write_block(&self, target: &Target, data: &Bytes) -> Result<TempBlock, AddError> {
        let mut state = self.state();
        self.make_room(&mut state, target, data.len() as u64)?;
        drop(state);
        Ok(self.files.write(data).map_err(StorageError::from)?)
    }

    /// Adds to a DAG what it wants and another DAG brought: then its uploader need not.
    pub(super) fn adopt(&self, target: &Target, known: Vec<Key>) -> Result<(), AddError> {
        let mut queue = VecDeque::from(known);
        while let Some(key) = queue.pop_front() {
            let Some(cid) = ipld::cid_of(&key) else {
                continue;
            };
            let data = match self.files.read(hash_of(&key)).map_err(StorageError::from)? {
                Some(data) => Bytes::from(data),
                // Removed meanwhile; it is wanted, and will come.
                None => continue,
            };
            // One that is no node is left wanted: the upload never completes, and is freed in time.
            let Ok(links) = ipld::needed(cid.codec(), &data) else {
                continue;
            };
            let size = data.len() as u64;
            if let Attached::Done(more) = self.attach(target, &key, size, &links, None)? {
                queue.extend(more);
            }
        }
        Ok(())
    }

    /// Makes a block part of a DAG, all at once.
    fn attach(
        &self,
        target: &Target,
        key: &[u8],
        size: u64,
        links: &[Key],
        temp: Option<TempBlock>,
    ) -> Result<Attached, AddError> {
        let now = self.now();
        let hash = hash_of(key);
        let mut state = self.state();
        let mut record = match state.dags.get(&target.key) {
            Some(record) if !record.removing => record.clone(),
            _ if key == target.key || target.trusted => {
                if state.dags.len() >= MAX_DAGS
                    && self.evict(&mut state, &target.key, None)?.is_none()
                {
                    return Err(AddError::NoRoom);
                }
                let id = state.next_id;
                state.next_id += 1;
                let granted = state.granted.get(&target.key).cloned();
                let (name, mime) = granted.map_or((None, None), |g| (g.name, g.mime));
                Record {
                    id,
                    owner: target.owner.clone(),
                    created: now,
                    last_used: now,
                    last_block: now,
                    keep_until: target.keep_until,
                    pinned: target.trusted,
                    size: target.size,
                    limit: target.limit,
                    bytes: 0,
                    blocks: 0,
                    wanted: 0,
                    removing: false,
                    name,
                    mime,
                }
            }
            _ => return Ok(Attached::Foreign),
        };
        // The token of a later grant may be for more.
        record.size = record.size.max(target.size);
        record.limit = record.limit.max(target.limit);
        if record.bytes.saturating_add(size) > record.limit {
            return Err(AddError::TooLarge { size: record.size });
        }
        // An operator's CAR may bring the root last, or never.
        let lacks_root = record.blocks == 0
            && record.wanted == 0
            && key != target.key
            && target.root.hash().code() != IDENTITY;
        let stored = self.index.block(hash).map_err(StorageError::from)?;
        match (stored, &temp) {
            (Some(_), _) => {}
            (None, None) => return Ok(Attached::BytesGone),
            (None, Some(_)) => self.make_room(&mut state, target, size)?,
        }
        record.last_block = now;
        record.last_used = now;
        record.keep_until = record.keep_until.max(target.keep_until);
        let sync = state.unsynced + size > SYNC_EVERY;
        // Once the file stands under its name it goes when the database does not take it; so does one that a kill
        // leaves, at the next start.
        let kept = stored.is_none();
        let result = self.write(sync, |tables| {
            if lacks_root {
                tables.want(&mut record, &target.key)?;
            }
            let (new, known) = tables.add(&mut record, key, size, links)?;
            if let (None, Some(temp)) = (stored, temp) {
                self.files.keep(temp, hash).map_err(StorageError::from)?;
            }
            tables.put_dag(&target.key, &record)?;
            Ok::<_, AddError>((new, known))
        });
        let (new, known) = match result {
            Ok(added) => added,
            Err(error) => {
                if kept {
                    // What cannot be removed now is removed at the next start.
                    let _ = self.files.remove(hash);
                }
                return Err(error);
            }
        };
        state.used += new;
        state.unsynced = if sync { 0 } else { state.unsynced + size };
        state.granted.remove(&target.key);
        state.put(&target.key, record);
        drop(state);
        wake(self, key);
        self.activities.progress(&target.key);
        Ok(Attached::Done(known))
    }
}

/// What came of [`Storage::attach`].
enum Attached {
    /// It is part of the DAG; these are links that it wants and that are on disk.
    Done(Vec<Key>),
    /// The bytes are not on disk any more.
    BytesGone,
    /// The DAG is gone, and this is not its root.
    Foreign,
}

impl Upload {
    /// The DAG that is uploaded.
    pub fn root(&self) -> &Cid {
        &self.target.root
    }

    /// Bytes that the blocks of the DAG may have.
    pub fn limit(&self) -> u64 {
        self.target.limit
    }

    /// Adds a block; returns whether its DAG lacked it. A block that comes before the one that links to it waits a
    /// little, while another request brings blocks of the same DAG.
    pub async fn add(&self, cid: Cid, data: Bytes) -> Result<bool, AddError> {
        let deadline = tokio::time::Instant::now() + PARENT_PATIENCE;
        let mut progress = self.activity.progress.subscribe();
        loop {
            if self.storage.now() >= self.target.keep_until {
                return Err(TokenError::Expired.into());
            }
            progress.mark_unchanged();
            let storage = Arc::clone(&self.storage);
            let target = self.target.clone();
            let block = data.clone();
            let added = tokio::task::spawn_blocking(move || storage.add(&target, &cid, &block))
                .await
                .unwrap_or_else(|error| Err(StorageError::Io(std::io::Error::other(error)).into()));
            match added {
                Ok(new) => {
                    if new {
                        self.storage
                            .activities
                            .received(&self.activity, data.len() as u64);
                    }
                    return Ok(new);
                }
                Err(AddError::Foreign { .. })
                    if self.activity.uploads.load(Ordering::Relaxed) > 1 => {}
                Err(error) => return Err(error),
            }
            let more = tokio::time::timeout_at(deadline, progress.changed()).await;
            if more.is_err() {
                return Err(AddError::Foreign {
                    block: canonical(&cid),
                    root: canonical(&self.target.root),
                });
            }
        }
    }

    /// Ends a request of the upload: what it brought outlasts a power cut.
    pub async fn finish(self) -> Result<(), StorageError> {
        let storage = Arc::clone(&self.storage);
        super::read::blocking(move || storage.flush()).await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let known = self.storage.is_known(&self.target.key);
        self.storage.activities.end_upload(&self.target.key, known);
    }
}
