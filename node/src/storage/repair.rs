//! Reconciling database, files and ledger when a storage is opened, and after an error of its disk.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fluence::content::hash::IDENTITY;

use tokio::sync::Semaphore;

use super::chores::{self, Chore, Chores, MAX_ADOPTIONS};
use super::error::{MayBeDisk, OpenError, StorageError};
use super::files::BlockFiles;
use super::index::{Batch, DbError, Index, Tables};
use super::key::{Key, cid_of};
use super::ledger::{Amount, Ledger};
use super::operate::{Damage, MISSING, damage};
use super::read;
use super::record::{DagId, Record};
use super::verify::{self, Marker};
use super::{Storage, StorageConfig, token};
use crate::fairness::{Notes, Shares};

/// How many members one transaction of a removal drops while nobody else writes.
const BATCH: usize = 4096;
/// How long such a transaction may take.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// How many DAGs are examined at once.
const PAGE: usize = 1024;
/// How many damaged blocks are remembered until somebody checks the storage.
const MAX_FOUND: usize = 1024;
/// The file of the database.
const DATABASE: &str = "index.redb";

/// How many wrong blocks behind the storage are remembered, so that each is logged once.
const MAX_WRONG: usize = 1024;

impl Storage {
    /// Opens the storage in a directory, or creates one there. Blocks the thread while it repairs
    /// what a crash left behind.
    ///
    /// # Errors
    /// Fails if another process has it open, or if the disk or the database fails.
    pub fn open(dir: &Path, config: StorageConfig) -> Result<Arc<Self>, OpenError> {
        let (storage, chores) = Self::prepare(dir, config)?;
        let started = chores::start(&storage, chores).and_then(|()| verify::start(&storage));
        started.map_err(|error| OpenError::Io {
            path: dir.to_owned(),
            error,
        })?;
        Ok(storage)
    }

    /// Opens a storage without a thread for its chores.
    pub(super) fn prepare(
        dir: &Path,
        config: StorageConfig,
    ) -> Result<(Arc<Self>, Receiver<Chore>), OpenError> {
        let io_error = |error| OpenError::Io {
            path: dir.to_owned(),
            error,
        };
        let database_error = |error: DbError| match *error {
            redb::Error::DatabaseAlreadyOpen => OpenError::InUse(dir.to_owned()),
            _ => OpenError::Database {
                path: dir.to_owned(),
                error,
            },
        };
        fs::create_dir_all(dir).map_err(io_error)?;
        // The database comes first: its lock ensures that no other process uses the storage.
        let is_new = !dir.join(DATABASE).exists();
        let index = Index::open(&dir.join(DATABASE)).map_err(database_error)?;
        let files = BlockFiles::open(dir).map_err(io_error)?;
        let marker = Marker::new(dir);
        let suspect = !marker.take().map_err(io_error)? && !is_new;
        let token_key = token::load_key(&dir.join("token.key")).map_err(io_error)?;
        let (chores, work) = Chores::new();
        let storage = Arc::new(Self {
            token_key,
            files,
            index,
            ledger: Ledger::new(config.limits()).into(),
            blocks: Default::default(),
            behind: Default::default(),
            wrong: Mutex::new(Notes::new(MAX_WRONG)),
            memory: Arc::new(Semaphore::new(read::MEMORY)),
            activities: Default::default(),
            chores,
            adoptions: Shares::new(
                MAX_ADOPTIONS,
                "has more files put together at a time than it may",
            ),
            losing: Default::default(),
            found: Default::default(),
            is_suspect: suspect.into(),
            marker,
            broken: false.into(),
            rules: Default::default(),
            granted: 0.into(),
            refused: 0.into(),
            repair: Repair::default(),
            imports: 0.into(),
            unsynced: 0.into(),
            config,
        });
        storage.reconcile().map_err(|error| match error {
            StorageError::Database(error) => database_error(error),
            StorageError::Io(error) => io_error(error),
            StorageError::DiskFull => io_error(std::io::ErrorKind::StorageFull.into()),
        })?;
        Ok((storage, work))
    }

    /// Reconciles database, files and ledger. Nobody else may write in the meantime.
    fn reconcile(&self) -> Result<(), StorageError> {
        let mut dags = BTreeMap::new();
        let mut leaving = self.index.leaving()?;
        for (key, record) in self.index.dags()? {
            // What an operator's import was put together in is of no use after it was cut off.
            let is_staged = cid_of(&key).is_some_and(|cid| cid.hash().code() == IDENTITY);
            if record.removing || is_staged {
                self.index
                    .write(true, |tables| tables.give_up(&key, record.id))?;
                leaving.push(record.id);
            } else {
                dags.insert(key, record);
            }
        }
        for id in leaving {
            self.remove_rest(id)?;
        }
        let mut orphans = 0_u64;
        let mut failed = None;
        self.files.scan(|hash, size| {
            let known = match hash.map(|hash| self.index.block(hash)).transpose() {
                Ok(known) => known.flatten(),
                Err(error) => {
                    failed = Some(error);
                    return Ok(true);
                }
            };
            let keep = known == Some(size);
            if let (false, Some(_), Some(hash)) = (keep, known, hash) {
                self.note_damage(damage(hash, "its file has another size"));
            } else {
                orphans += u64::from(!keep);
            }
            Ok(keep)
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        let mut lost = Vec::new();
        let mut stored = Amount::default();
        self.index.each_block(|hash, size| {
            if self.files.size(hash) == Some(size) {
                stored = stored + Amount::block(size);
            } else {
                lost.push(hash.to_vec());
            }
        })?;
        for hash in &lost {
            self.note_damage(damage(hash, MISSING));
        }
        for hash in &lost {
            let ids = dags.values().map(|record| (record.id, record.id));
            let having: HashSet<DagId> = self.index.having(ids, hash)?.into_iter().collect();
            self.index.write(true, |tables| {
                let having = dags
                    .iter_mut()
                    .filter(|(_, record)| having.contains(&record.id));
                lose(tables, having, hash)
            })?;
        }
        if orphans + lost.len() as u64 > 0 {
            tracing::info!(orphans, lost = lost.len(), "repaired the storage");
        }
        let now = self.now();
        self.ledger().reload(dags, stored, now);
        self.measure_disk()
    }

    /// Remembers a block that was damaged or gone when the storage was opened, until somebody checks
    /// it.
    pub(super) fn note_damage(&self, damage: Damage) {
        let mut found = self.found();
        let is_known = found.iter().any(|known| known.block == damage.block);
        if !is_known && found.len() < MAX_FOUND {
            found.push(damage);
        }
    }

    /// The blocks that were damaged or gone when the storage was opened.
    pub(super) fn found(&self) -> MutexGuard<'_, Vec<Damage>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes a removal that was cut off.
    fn remove_rest(&self, id: DagId) -> Result<(), StorageError> {
        loop {
            let (orphans, is_gone) = self.index.write(false, |tables| {
                let batch = Batch {
                    most: BATCH,
                    until: Instant::now() + BATCH_TIME,
                };
                tables.remove_some(id, batch)
            })?;
            for (hash, _) in orphans {
                self.files.remove(&hash)?;
            }
            if is_gone {
                return Ok(());
            }
        }
    }

    /// Recovers from an error of the database, with the state that was last synced; the disk may
    /// work again by now. Blocks the thread.
    pub(super) fn recover(&self) -> Result<(), StorageError> {
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let _repair = self.repair.begin();
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        self.index.reopen()?;
        self.reconcile()?;
        self.broken.store(false, Ordering::Release);
        tracing::info!("the storage's database is open again");
        Ok(())
    }

    /// Changes the database, and notes if it fails in a way after which it must be opened again.
    /// Blocks the thread until earlier transactions are done.
    pub(super) fn write<T, E: From<DbError> + MayBeDisk>(
        &self,
        durable: bool,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self.index.write(durable, |tables| {
            // The ledger may be ahead of a database that has failed.
            if self.broken.load(Ordering::Acquire) {
                return Err(E::from(Box::new(redb::Error::DatabaseClosed)));
            }
            change(tables)
        });
        if result.as_ref().is_err_and(E::is_disk) {
            self.broken.store(true, Ordering::Release);
        }
        result
    }

    /// Notes that a block's bytes are gone or wrong: all DAGs that have it now lack it.
    pub(super) fn lose(&self, hash: &[u8]) -> Result<(), StorageError> {
        // DAGs that take the block during the search are noted by `attach`.
        self.losing().insert(hash.to_vec(), Vec::new());
        let lost = self.lose_noted(hash);
        self.losing().remove(hash);
        lost
    }

    fn lose_noted(&self, hash: &[u8]) -> Result<(), StorageError> {
        let mut having = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let page = self.ledger().page(after.as_deref(), PAGE);
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let page = page.into_iter().map(|(key, record)| (key, record.id));
            having.extend(self.index.having(page, hash)?);
        }
        self.write(true, |tables| {
            let Some(size) = tables.block(hash)? else {
                // It has been removed since.
                return Ok(());
            };
            having.extend(self.losing().remove(hash).unwrap_or_default());
            let mut dags: BTreeMap<Key, Record> = {
                let ledger = self.ledger();
                let found = having.into_iter().filter_map(|key| {
                    let record = ledger.dag(&key)?.clone();
                    Some((key, record))
                });
                found.collect()
            };
            lose(tables, dags.iter_mut(), hash)?;
            self.files.remove(hash)?;
            let now = self.now();
            let mut ledger = self.ledger();
            ledger.freed(Amount::block(size));
            for (key, record) in dags {
                ledger.put(&key, record, now);
            }
            Ok(())
        })
    }
}

/// Whether the storage is being repaired. One thread repairs it at a time, and holds no lock
/// meanwhile.
#[derive(Debug, Default)]
pub(super) struct Repair {
    is_underway: Mutex<bool>,
    ended: Condvar,
}

/// A repair that is under way until this is dropped.
struct Repairing<'a>(&'a Repair);

impl Repair {
    /// Waits until no repair is under way, and begins one.
    fn begin(&self) -> Repairing<'_> {
        let is_underway = self.is_underway();
        let ended = self
            .ended
            .wait_while(is_underway, |is_underway| *is_underway);
        *ended.unwrap_or_else(PoisonError::into_inner) = true;
        Repairing(self)
    }

    fn is_underway(&self) -> MutexGuard<'_, bool> {
        self.is_underway
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Repairing<'_> {
    fn drop(&mut self) {
        *self.0.is_underway() = false;
        self.0.ended.notify_all();
    }
}

/// Removes a block from these DAGs, and writes their new records.
fn lose<'a>(
    tables: &mut Tables<'_>,
    dags: impl Iterator<Item = (&'a Key, &'a mut Record)>,
    hash: &[u8],
) -> Result<(), DbError> {
    let (keys, mut records): (Vec<_>, Vec<_>) = dags.unzip();
    tables.lose(records.iter_mut().map(|record| &mut **record), hash)?;
    for (key, record) in keys.into_iter().zip(records) {
        tables.put_dag(key, record)?;
    }
    Ok(())
}
