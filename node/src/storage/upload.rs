//! Uploads: adding blocks to the DAG that a token names.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::MAX_BLOCK;
use fluence::content::hash::{self, HashError, IDENTITY};
use fluence::content::unixfs::RAW;
use fluence::names::canonical;

use super::activity::Activity;
use super::error::MayBeDisk;
use super::files::TempBlock;
use super::index::{DbError, Tables};
use super::key::{Key, cid_of, hash_of, key};
use super::ledger::{Amount, Asker, limit_of};
use super::record::{Holder, Holders, Record};
use super::removal::Room;
use super::token::{self, Claims};
use super::{BlockError, MAX_DAGS, Storage, StorageError, TokenError, ipld};
use crate::fairness::AddressBlock;

/// The database is synced after this many bytes of blocks were added.
const SYNC_EVERY: u64 = 256 * 1024 * 1024;

/// How many blocks that are here already become part of another DAG in one transaction, and how many
/// links they may have: others have their turn in between.
const ADOPTED_AT_ONCE: usize = 64;
const LINKS_AT_ONCE: usize = 4096;

/// How long a block waits for the one that links to it, which may arrive in another request.
const PARENT_PATIENCE: Duration = Duration::from_secs(10);

/// Why a block is refused.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// Nothing in the DAG links to it.
    #[error(
        "the block {block} does not belong to {root}, which this token is for, or arrives before the block that links to it"
    )]
    Foreign {
        /// The block.
        block: String,
        /// The DAG.
        root: String,
    },
    /// Its bytes do not match its CID, or its hash cannot be verified.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The block is not of a kind that is stored, or is malformed.
    #[error("{cid}: {error}")]
    Block {
        /// The block.
        cid: String,
        /// What is wrong with it.
        error: BlockError,
    },
    /// The block is larger than [`MAX_BLOCK`].
    #[error("the block {cid} has {size} bytes; at most {MAX_BLOCK} are allowed")]
    BlockTooLarge {
        /// The block.
        cid: String,
        /// Its size, in bytes.
        size: usize,
    },
    /// The DAG would be larger than was declared for it.
    #[error("the upload exceeds the {size} bytes that were declared for it")]
    TooLarge {
        /// The declared size, in bytes.
        size: u64,
    },
    /// All room is taken by DAGs that may not be removed yet.
    #[error("the storage has no room left; try again later or ask another node")]
    NoRoom,
    /// The token has expired.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// This node's disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<DbError> for AddError {
    fn from(error: DbError) -> Self {
        Self::Storage(error.into())
    }
}

impl MayBeDisk for AddError {
    fn is_disk(&self) -> bool {
        matches!(self, Self::Storage(_))
    }
}

/// A DAG that is being written.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Its root.
    pub root: Cid,
    /// The root's key.
    pub key: Key,
    /// The peer whose quota it counts against.
    pub owner: String,
    /// Where that peer called from.
    pub block: AddressBlock,
    /// The declared size of the file, in bytes.
    pub size: u64,
    /// See [`Record::limit`].
    pub limit: u64,
    /// Until when it is kept.
    pub keep_until: u64,
    /// Whether an operator imports it, so that any block belongs to it and it is pinned.
    pub trusted: bool,
}

impl Target {
    /// The DAG that a token is for.
    pub fn of(claims: &Claims) -> Self {
        Self {
            root: claims.root,
            key: key(&claims.root),
            owner: claims.peer.clone(),
            block: claims.block,
            size: claims.size,
            limit: limit_of(claims.size),
            keep_until: claims.expires,
            trusted: false,
        }
    }

    /// Who uploads it.
    pub fn asker(&self) -> Asker<'_> {
        Asker {
            peer: &self.owner,
            block: self.block,
        }
    }

    /// Who holds it because of this upload; an operator's pin needs no holder.
    fn holder(&self) -> Option<Holder> {
        (!self.trusted).then(|| Holder {
            peer: self.owner.clone(),
            until: self.keep_until,
            block: self.block,
        })
    }
}

/// An upload that was opened with a token. It is one request of possibly several for the same DAG.
#[derive(Debug)]
pub struct Upload {
    storage: Arc<Storage>,
    target: Target,
    activity: Arc<Activity>,
}

/// The relation of a block to a DAG.
enum Relation {
    /// The DAG links to it and lacks it.
    Wanted,
    /// The DAG has it.
    Member,
    /// Nothing in the DAG links to it.
    Foreign,
}

/// The bytes of a block in a temporary file, and the room reserved for them.
struct NewBytes<'s> {
    file: TempBlock,
    room: Room<'s>,
}

/// A block that is to become part of a DAG.
struct Piece<'s> {
    key: Key,
    /// Its size, in bytes.
    size: u64,
    /// The blocks that it links to.
    links: Vec<Key>,
    /// Its bytes; `None` if they are on disk for another DAG.
    new: Option<NewBytes<'s>>,
}

/// The result of attaching a [`Piece`].
enum Attached {
    /// The block is part of the DAG. These are its links that the DAG lacks although their bytes
    /// are on disk.
    Done(Vec<Key>),
    /// The bytes are not on disk any more.
    BytesGone,
    /// The DAG is not here, and this is not its root.
    Foreign,
    /// The DAG may not have it.
    Refused(AddError),
}

impl Storage {
    /// Opens an upload with a token from [`Storage::grant`].
    ///
    /// # Errors
    /// Fails if the token is invalid or has expired, or if the operator's rules have changed.
    pub fn upload(self: &Arc<Self>, token: &str) -> Result<Upload, TokenError> {
        let claims = token::open(&self.token_key, token, self.now())?;
        let rules = self.rules();
        if !rules.lets_upload(&claims.peer) || !rules.lets_serve(&claims.root) {
            return Err(TokenError::Forbidden);
        }
        let mut target = Target::of(&claims);
        // Tokens of earlier versions say it as it is.
        target.block = target.block.hide(&self.token_key);
        if self.is_released(&target) {
            return Err(TokenError::Released);
        }
        let activity = self.activities.begin_upload(&target.key);
        self.ledger().hold(&target.key, self.now());
        Ok(Upload {
            storage: Arc::clone(self),
            target,
            activity,
        })
    }

    /// Whether the uploader has taken the DAG back since it was given its token.
    fn is_released(&self, target: &Target) -> bool {
        let Target {
            key,
            owner,
            keep_until,
            ..
        } = target;
        !target.trusted && self.ledger().is_released(key, owner, *keep_until)
    }

    fn relation(&self, target: &Target, key: &[u8]) -> Result<Relation, StorageError> {
        let id = self.ledger().id(&target.key);
        let (member, wanted) = match id {
            Some(id) => self.index.relation(id, key)?,
            None => (false, false),
        };
        Ok(if member {
            Relation::Member
        } else if wanted || target.trusted || key == target.key {
            Relation::Wanted
        } else {
            Relation::Foreign
        })
    }

    /// Adds a block to a DAG; returns whether the DAG lacked it. Blocks the thread.
    pub(super) fn add(&self, target: &Target, cid: &Cid, data: &Bytes) -> Result<bool, AddError> {
        if data.len() > MAX_BLOCK {
            return Err(AddError::BlockTooLarge {
                cid: canonical(cid),
                size: data.len(),
            });
        }
        self.recover()?;
        let key = key(cid);
        let foreign = || AddError::Foreign {
            block: canonical(cid),
            root: canonical(&target.root),
        };
        if cid.hash().code() == IDENTITY {
            // An identity CID contains its data, so there is nothing to store; it must only match.
            hash::verify(cid, data)?;
            return Ok(false);
        }
        let relation = self.relation(target, &key)?;
        if matches!(relation, Relation::Foreign) {
            return Err(foreign());
        }
        hash::verify(cid, data)?;
        if matches!(relation, Relation::Member) {
            return Ok(false);
        }
        let links = ipld::needed(cid.codec(), data).map_err(|error| AddError::Block {
            cid: canonical(cid),
            error,
        })?;
        let size = data.len() as u64;
        let known = loop {
            let stored = self.index.block(hash_of(&key));
            let new = match stored.map_err(StorageError::from)? {
                Some(_) => {
                    self.make_share(target, Amount::block(size))?;
                    None
                }
                None => Some(NewBytes {
                    room: self.make_room(target, size)?,
                    file: self.files.write(data).map_err(StorageError::from)?,
                }),
            };
            let piece = Piece {
                key: key.clone(),
                size,
                links: links.clone(),
                new,
            };
            match self.attach(target, vec![piece])?.pop() {
                Some(Attached::Done(known)) => break known,
                // The DAG that had the bytes was removed in the meantime.
                Some(Attached::BytesGone) => continue,
                Some(Attached::Foreign) | None => return Err(foreign()),
                Some(Attached::Refused(error)) => return Err(error),
            }
        };
        self.adopt(target, known)?;
        Ok(true)
    }

    /// Adds to a DAG blocks that it lacks and that are here for other DAGs, so that its uploader
    /// need not send them. They count as if it had sent them.
    pub(super) fn adopt(&self, target: &Target, known: Vec<Key>) -> Result<(), AddError> {
        let mut queue = VecDeque::from(known);
        while !queue.is_empty() {
            let (mut pieces, mut amount, mut links) = (Vec::new(), Amount::default(), 0);
            while pieces.len() < ADOPTED_AT_ONCE
                && links < LINKS_AT_ONCE
                && let Some(key) = queue.pop_front()
            {
                if let Some(piece) = self.stored_piece(key)? {
                    amount = amount + Amount::block(piece.size);
                    links += piece.links.len();
                    pieces.push(piece);
                }
            }
            self.make_share(target, amount)?;
            for attached in self.attach(target, pieces)? {
                match attached {
                    Attached::Done(more) => queue.extend(more),
                    // The block was removed in the meantime. The DAG still lacks it, and its
                    // uploader will send it.
                    Attached::BytesGone | Attached::Foreign => {}
                    Attached::Refused(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// A block that is on disk.
    fn stored_piece(&self, key: Key) -> Result<Option<Piece<'_>>, AddError> {
        let Some(cid) = cid_of(&key) else {
            return Ok(None);
        };
        let hash = hash_of(&key);
        if cid.codec() == RAW {
            // It has no links, so it need not be read.
            return Ok(self.files.size(hash).map(|size| Piece {
                key,
                size,
                links: Vec::new(),
                new: None,
            }));
        }
        let Some(data) = self.files.read(hash).map_err(StorageError::from)? else {
            return Ok(None);
        };
        let data = Bytes::from(data);
        // A malformed block stays missing: the upload never completes, and is removed in due time.
        Ok(ipld::needed(cid.codec(), &data).ok().map(|links| Piece {
            key,
            size: data.len() as u64,
            links,
            new: None,
        }))
    }

    /// Makes blocks part of a DAG, in one atomic transaction.
    fn attach(&self, target: &Target, pieces: Vec<Piece<'_>>) -> Result<Vec<Attached>, AddError> {
        self.make_room_for_dag(target)?;
        let now = self.now();
        let size: u64 = pieces.iter().map(|piece| piece.size).sum();
        let came = self.unsynced.fetch_add(size, Ordering::Relaxed) + size;
        let sync = came > SYNC_EVERY;
        let keys: Vec<Key> = pieces.iter().map(|piece| piece.key.clone()).collect();
        let attached = self.write(sync, |tables| {
            let each = pieces.into_iter().map(|piece| {
                match self.attach_one(tables, target, piece, now) {
                    // The others are attached nevertheless: the ledger counts them already.
                    Err(error) if !error.is_disk() => Ok(Attached::Refused(error)),
                    attached => attached,
                }
            });
            each.collect::<Result<Vec<_>, AddError>>()
        })?;
        if sync {
            self.unsynced.store(0, Ordering::Relaxed);
        }
        for (key, attached) in keys.iter().zip(&attached) {
            if matches!(attached, Attached::Done(_)) {
                self.blocks.wake(hash_of(key));
                self.activities.progress(&target.key);
            }
        }
        Ok(attached)
    }

    /// Makes one block part of a DAG, within a transaction. Nothing has been changed if the error is
    /// not the disk's.
    fn attach_one(
        &self,
        tables: &mut Tables<'_>,
        target: &Target,
        piece: Piece<'_>,
        now: u64,
    ) -> Result<Attached, AddError> {
        let Piece {
            key,
            size,
            links,
            new,
        } = piece;
        let hash = hash_of(&key);
        if self.is_released(target) {
            return Err(TokenError::Released.into());
        }
        let Some(mut record) = self.record_of(target, &key, now)? else {
            return Ok(Attached::Foreign);
        };
        // The token of a later grant may allow more.
        record.size = record.size.max(target.size);
        record.limit = record.limit.max(target.limit);
        if record.bytes.saturating_add(size) > record.limit {
            return Err(AddError::TooLarge { size: record.size });
        }
        let is_stored = tables.block(hash)?.is_some();
        if !is_stored && new.is_none() {
            return Ok(Attached::BytesGone);
        }
        record.last_block = now;
        record.last_used = now;
        // An operator's CAR may contain the root last, or not at all.
        let lacks_root = record.blocks == 0
            && record.wanted == 0
            && key != target.key
            && target.root.hash().code() != IDENTITY;
        if lacks_root {
            tables.want(&mut record, &target.key)?;
        }
        let (more, known) = tables.add(&mut record, &key, size, &links)?;
        let mut room = None;
        if let Some(new) = new {
            if !is_stored {
                // If the transaction fails after the file was moved into place, the next start or
                // repair removes it.
                self.files
                    .keep(new.file, hash)
                    .map_err(StorageError::from)?;
            }
            room = Some(new.room);
        }
        if let Some(joined) = self.losing().get_mut(hash) {
            joined.push(target.key.clone());
        }
        let mut ledger = self.ledger();
        if more > 0 || !is_stored {
            ledger.stored_more(Amount::block(more));
        }
        if let Some(room) = room {
            room.settle(&mut ledger);
        }
        if let Some(holder) = target.holder() {
            ledger.hold_for(&target.key, holder, now);
        }
        let record = ledger.put(&target.key, record, now);
        drop(ledger);
        tables.put_dag(&target.key, &record)?;
        Ok(Attached::Done(known))
    }

    /// The record of a DAG. If there is none, a new one is created if the DAG may begin with this
    /// block.
    fn record_of(&self, target: &Target, key: &[u8], now: u64) -> Result<Option<Record>, AddError> {
        let mut ledger = self.ledger();
        if let Some(record) = ledger.dag(&target.key) {
            return Ok(Some(record.clone()));
        }
        if key != target.key && !target.trusted {
            return Ok(None);
        }
        if ledger.count().0 >= MAX_DAGS {
            return Err(AddError::NoRoom);
        }
        let record = Record {
            id: 0,
            owner: target.owner.clone(),
            holders: target.holder().map(Holders::one).unwrap_or_default(),
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
            name: None,
            mime: None,
        };
        Ok(Some(ledger.begin(&target.key, record)))
    }
}

impl Upload {
    /// The root of the DAG that is being uploaded.
    pub fn root(&self) -> &Cid {
        &self.target.root
    }

    /// The uploader and its DAG, as bytes: the same for all tokens that it was given for the DAG.
    pub fn name(&self) -> Vec<u8> {
        [self.target.owner.as_bytes(), &[0], &self.target.key].concat()
    }

    /// How many bytes the blocks of the DAG may have.
    pub fn limit(&self) -> u64 {
        self.target.limit
    }

    /// How long blocks are still taken.
    pub fn time_left(&self) -> Duration {
        Duration::from_secs(self.target.keep_until.saturating_sub(self.storage.now()))
    }

    /// Adds a block; returns whether the DAG lacked it. A block that arrives before the one that
    /// links to it waits for a short time while another request uploads the same DAG.
    ///
    /// # Errors
    /// Fails if the block is refused, if there is no room, if the token has expired, or if the disk
    /// fails.
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

    /// Ends a request of the upload. It syncs the database, so that what was uploaded survives a
    /// crash.
    ///
    /// # Errors
    /// Fails if the disk fails.
    pub async fn finish(self) -> Result<(), StorageError> {
        let storage = Arc::clone(&self.storage);
        super::read::blocking(move || storage.flush()).await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let key = &self.target.key;
        let now = self.storage.now();
        let mut ledger = self.storage.ledger();
        ledger.let_go(key, now);
        let is_known = ledger.knows(key);
        drop(ledger);
        self.storage.activities.end_upload(key, is_known);
    }
}
