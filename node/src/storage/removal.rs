//! Removing DAGs, and making room.
//!
//! A DAG is given up in one short, synced transaction: from then on it counts as absent, its root
//! may be uploaded again, and its removal resumes even after a crash. Its blocks are removed in
//! small batches, each in a transaction of its own, so that other writers get their turn in
//! between. Whoever needs room removes batches until there is enough; a background chore removes
//! the rest.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fluence::Cid;

use super::chores::Chore;
use super::index::Batch;
use super::key::{Key, key};
use super::ledger::{Amount, Asker, Incoming, Ledger, Released, Reservation, Shortage};
use super::record::DagId;
use super::upload::Target;
use super::{AddError, MAX_DAGS, Storage, StorageError};
use crate::fairness::AddressBlock;

/// How many members are removed in one batch; each may have a file that is moved away.
const BATCH: usize = 32;
/// How long a batch may take, after which it ends early.
const BATCH_TIME: Duration = Duration::from_millis(2);
/// The pause between two batches that nobody waits for: whoever syncs next must also write their
/// changes to the file system, which should not take more than a moment.
const PAUSE: Duration = Duration::from_millis(4);

/// Room for one block that is being written; it is returned when this is dropped.
#[derive(Debug)]
pub(super) struct Room<'s> {
    storage: &'s Storage,
    reservation: Option<Reservation>,
}

impl Room<'_> {
    /// Ends the reservation under the same lock under which the block is counted.
    pub fn settle(mut self, ledger: &mut Ledger) {
        if let Some(reservation) = self.reservation.take() {
            ledger.release_room(&reservation);
        }
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.storage.ledger().release_room(&reservation);
        }
    }
}

impl Storage {
    /// Makes room for a block: first in its owner's quota, then in the total quota, then on the
    /// disk. Blocks the thread.
    pub(super) fn make_room(&self, target: &Target, bytes: u64) -> Result<Room<'_>, AddError> {
        let block = Incoming {
            root: &target.key,
            from: target.asker(),
            bytes,
            trusted: target.trusted,
        };
        let reservation = loop {
            let reserved = self.ledger().reserve(block);
            let owner = match reserved {
                Ok(reservation) => break reservation,
                Err(Shortage::Share(owner)) => Some(owner),
                Err(Shortage::Block) => return Err(AddError::NoRoom),
                Err(Shortage::Total) => {
                    if self.remove_batch()? {
                        continue;
                    }
                    None
                }
            };
            if !self.evict(owner.as_ref(), Some(&target.key))? {
                return Err(AddError::NoRoom);
            }
        };
        let room = Room {
            storage: self,
            reservation: Some(reservation),
        };
        while !self
            .files
            .has_free(self.config.min_free.saturating_add(bytes))
            .map_err(StorageError::from)?
        {
            if !self.remove_batch()? && !self.evict(None, Some(&target.key))? {
                return Err(AddError::Storage(StorageError::DiskFull));
            }
        }
        Ok(room)
    }

    /// Makes room in the quota of an uploader for blocks that are on the disk already and become part
    /// of its DAG too. Blocks the thread.
    pub(super) fn make_share(&self, target: &Target, more: Amount) -> Result<(), AddError> {
        if target.trusted {
            return Ok(());
        }
        loop {
            let found = self.ledger().find_share(&target.key, target.asker(), more);
            match found {
                Ok(()) => return Ok(()),
                Err(Shortage::Share(owner)) if self.evict(Some(&owner), Some(&target.key))? => {}
                Err(_) => return Err(AddError::NoRoom),
            }
        }
    }

    /// Makes room for one more DAG among [`MAX_DAGS`].
    pub(super) fn make_room_for_dag(&self, target: &Target) -> Result<(), AddError> {
        let is_full = {
            let ledger = self.ledger();
            ledger.dag(&target.key).is_none() && ledger.count().0 >= MAX_DAGS
        };
        if is_full && !self.evict(None, Some(&target.key))? {
            return Err(AddError::NoRoom);
        }
        Ok(())
    }

    /// Gives up the DAG that is next in the eviction order, of one owner or of all; returns whether
    /// there was one.
    fn evict(&self, owner: Option<&Arc<str>>, except: Option<&[u8]>) -> Result<bool, StorageError> {
        let now = self.now();
        let victim = |ledger: &mut Ledger| ledger.victim(owner, except, now);
        Ok(self.give_up(victim)?.is_some())
    }

    /// Gives up the DAG that `choose` selects; returns its number.
    fn give_up(
        &self,
        choose: impl Fn(&mut Ledger) -> Option<DagId>,
    ) -> Result<Option<DagId>, StorageError> {
        if choose(&mut self.ledger()).is_none() {
            return Ok(None);
        }
        // Choose again, since that DAG may have been used or removed by now; nobody else changes
        // the storage during this transaction.
        let given_up = self.write(true, |tables| {
            let chosen: Option<(DagId, Key)> = {
                let mut ledger = self.ledger();
                choose(&mut ledger).and_then(|id| Some((id, ledger.give_up(id)?)))
            };
            if let Some((id, key)) = &chosen {
                tables.give_up(key, *id)?;
            }
            Ok::<_, StorageError>(chosen)
        })?;
        Ok(given_up.map(|(id, key)| {
            self.activities.forget(&key);
            self.chores.add(Chore::Remove);
            id
        }))
    }

    /// Removes some blocks of a DAG that was given up; returns whether there may be more.
    pub(super) fn remove_batch(&self) -> Result<bool, StorageError> {
        let next = self.ledger().leaving();
        next.map_or(Ok(false), |id| self.remove_batch_of(id).map(|()| true))
    }

    /// Does the same, and then leaves the disk to others for a moment.
    pub(super) fn remove_batch_and_rest(&self) -> Result<bool, StorageError> {
        let may_be_more = self.remove_batch()?;
        self.rest();
        Ok(may_be_more)
    }

    /// Removes some blocks of this DAG, which was given up.
    fn remove_batch_of(&self, id: DagId) -> Result<(), StorageError> {
        self.write(false, |tables| {
            let batch = Batch {
                most: BATCH,
                until: Instant::now() + BATCH_TIME,
            };
            let (orphans, is_gone) = tables.remove_some(id, batch)?;
            let mut freed = Amount::default();
            for (hash, size) in orphans {
                // Removed within this transaction, so that no upload of the same block relies on a
                // file that is going away.
                self.files.remove(&hash)?;
                freed = freed + Amount::block(size);
            }
            let mut ledger = self.ledger();
            ledger.freed(freed);
            if is_gone {
                ledger.left(id);
            }
            Ok(())
        })
    }

    /// Removes all blocks of this DAG, which was given up.
    fn remove_all_of(&self, id: DagId) -> Result<(), StorageError> {
        while self.ledger().is_leaving(id) {
            self.remove_batch_of(id)?;
            self.rest();
        }
        Ok(())
    }

    /// Leaves the disk to others for a moment, if there is more to be removed.
    fn rest(&self) {
        let is_more = self.ledger().leaving().is_some();
        if is_more {
            thread::sleep(PAUSE);
        }
    }

    /// Removes a DAG, pinned or not, and those of its blocks that no other DAG has. Returns whether
    /// it was here. Responses that are reading it are cut off. Blocks the thread until all of it is
    /// gone.
    ///
    /// # Errors
    /// Fails if the disk fails; the rest is then removed later.
    pub fn remove(&self, root: &Cid) -> Result<bool, StorageError> {
        self.recover()?;
        let key = key(root);
        match self.give_up(|ledger| ledger.id(&key))? {
            Some(id) => self.remove_all_of(id).map(|()| true),
            None => Ok(false),
        }
    }

    /// Takes a DAG back in the name of a peer that uploaded it and calls from this block of addresses: if
    /// nobody else holds it, it is removed.
    /// Returns `None` if that peer does not hold it, and otherwise whether it stays. Blocks the
    /// thread until all of it is gone.
    ///
    /// # Errors
    /// Fails if the disk fails; the rest is then removed later.
    pub fn release(
        &self,
        peer: &str,
        block: AddressBlock,
        root: &Cid,
    ) -> Result<Option<bool>, StorageError> {
        self.recover()?;
        let key = key(root);
        let now = self.now();
        let block = block.hide(&self.token_key);
        let released = self.ledger().release(&key, Asker { peer, block }, now);
        let stays = match released {
            Released::NotHeld => return Ok(None),
            Released::Kept => true,
            Released::Free => {
                // Somebody else may have been granted it in the meantime.
                let given_up = self.give_up(|ledger| {
                    let record = ledger.dag(&key)?;
                    let is_kept = record.pinned || record.holders.active(now).next().is_some();
                    if is_kept { None } else { ledger.id(&key) }
                })?;
                if let Some(id) = given_up {
                    self.remove_all_of(id)?;
                }
                given_up.is_none() && self.ledger().dag(&key).is_some()
            }
        };
        // The database must not bring back who held it.
        self.flush()?;
        Ok(Some(stays))
    }

    /// Removes every DAG that nothing protects: neither a pin, nor a valid token, nor current use.
    /// Returns how many it removed. Blocks the thread until all of them are gone.
    ///
    /// # Errors
    /// Fails if the disk fails; the rest is then removed later.
    pub fn gc(&self) -> Result<usize, StorageError> {
        self.recover()?;
        let now = self.now();
        self.remove_each(|ledger| ledger.victim(None, None, now))
    }

    /// Removes the DAGs that were not completed in time; returns how many it removed. Blocks the
    /// thread until all of them are gone.
    ///
    /// # Errors
    /// Fails if the disk fails; the rest is then removed later.
    pub fn sweep(&self) -> Result<usize, StorageError> {
        self.recover()?;
        let now = self.now();
        self.remove_each(|ledger| ledger.stale(now))
    }

    fn remove_each(
        &self,
        choose: impl Fn(&mut Ledger) -> Option<DagId>,
    ) -> Result<usize, StorageError> {
        let mut removed = 0;
        while let Some(id) = self.give_up(&choose)? {
            self.remove_all_of(id)?;
            removed += 1;
        }
        // Also remove what was given up earlier.
        while self.remove_batch_and_rest()? {}
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::ops::Range;
    use std::path::Path;

    use bytes::Bytes;
    use fluence::content::car;
    use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
    use fluence::names::cid_v1;
    use sha2::{Digest as _, Sha256};
    use tempfile::TempDir;

    use super::*;
    use crate::storage::{StorageConfig, section};

    fn block(codec: u64, data: impl Into<Bytes>) -> (Cid, Bytes) {
        let data = data.into();
        (cid_v1(codec, &Sha256::digest(&data).into()), data)
    }

    /// The blocks of a file over these leaves, the root first.
    fn file(leaves: Range<u32>) -> Vec<(Cid, Bytes)> {
        let leaves: Vec<_> = leaves
            .map(|number| block(RAW, number.to_le_bytes().to_vec()))
            .collect();
        let children: Vec<Child> = leaves
            .iter()
            .map(|(cid, data)| Child {
                cid: *cid,
                size: data.len() as u64,
                tsize: data.len() as u64,
            })
            .collect();
        let root = block(DAG_PB, unixfs::inner(&children));
        [vec![root], leaves].concat()
    }

    fn import(storage: &Arc<Storage>, blocks: &[(Cid, Bytes)]) {
        let sections = blocks
            .iter()
            .map(|(cid, data)| [section(cid, data.len()), data.clone()].concat());
        let head = car::header(&blocks[0].0).to_vec();
        let car: Vec<u8> = std::iter::once(head).chain(sections).flatten().collect();
        assert_eq!(storage.import_car(&car[..]).unwrap().missing, 0);
    }

    fn config() -> StorageConfig {
        StorageConfig {
            min_free: 0,
            ..StorageConfig::default()
        }
    }

    fn open(dir: &Path) -> Arc<Storage> {
        Storage::open(dir, config()).unwrap()
    }

    /// A storage without the thread that continues removals in the background.
    fn idle() -> (TempDir, Arc<Storage>) {
        let dir = tempfile::tempdir().unwrap();
        let (storage, _) = Storage::prepare(dir.path(), config()).unwrap();
        (dir, storage)
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }

    fn block_files(dir: &Path) -> usize {
        let shards = fs::read_dir(dir.join("blocks")).unwrap();
        shards
            .map(|shard| fs::read_dir(shard.unwrap().path()).unwrap().count())
            .sum()
    }

    #[test]
    fn a_removal_that_a_kill_cuts_off_is_resumed() {
        let (dir, storage) = idle();
        // The two files share most of their blocks.
        let (going, staying) = (file(0..200), file(60..260));
        import(&storage, &going);
        import(&storage, &staying);
        let id = storage
            .give_up(|ledger| ledger.id(&key(&going[0].0)))
            .unwrap()
            .expect("it is here");
        let mut batches = 0;
        loop {
            // A kill at this point leaves the files as they are.
            let copied = tempfile::tempdir().unwrap();
            copy(dir.path(), copied.path());
            let after = open(copied.path());
            assert_eq!(
                after.dag_state(&going[0].0),
                None,
                "after {batches} batches"
            );
            assert_eq!(after.dag_state(&staying[0].0), Some(true));
            let report = after.check(|_, _| ()).unwrap();
            assert_eq!(report.damaged, [], "after {batches} batches");
            assert_eq!((report.blocks, report.incomplete.len()), (201, 0));
            let usage = after.usage();
            assert_eq!((usage.bytes, usage.files), (report.bytes, report.blocks));
            assert_eq!(
                block_files(copied.path()),
                201,
                "every file belongs to a block"
            );
            if !storage.ledger().is_leaving(id) {
                break;
            }
            storage.remove_batch().unwrap();
            batches += 1;
        }
        assert!(batches >= 3, "it takes several batches: {batches}");
        assert_eq!(block_files(dir.path()), 201);
        assert_eq!(storage.usage().files, 201);
    }

    #[test]
    fn a_dag_may_be_stored_again_while_its_old_blocks_are_removed() {
        let (dir, storage) = idle();
        let dag = file(0..200);
        import(&storage, &dag);
        let give_up = || storage.give_up(|ledger| ledger.id(&key(&dag[0].0)));
        let id = give_up().unwrap().expect("it is here");
        storage.remove_batch().unwrap();
        assert_eq!(storage.dag_state(&dag[0].0), None);
        import(&storage, &dag);
        assert_eq!(storage.dag_state(&dag[0].0), Some(true));
        while storage.remove_batch().unwrap() {}
        assert!(!storage.ledger().is_leaving(id));
        let report = storage.check(|_, _| ()).unwrap();
        assert_eq!((report.blocks, report.damaged.len()), (201, 0));
        assert_eq!(block_files(dir.path()), 201);
        // Do the same again, cut off by a kill.
        give_up().unwrap().expect("it is here");
        storage.remove_batch().unwrap();
        import(&storage, &dag);
        let copied = tempfile::tempdir().unwrap();
        copy(dir.path(), copied.path());
        let after = open(copied.path());
        assert_eq!(after.dag_state(&dag[0].0), Some(true));
        assert_eq!(after.check(|_, _| ()).unwrap().damaged, []);
        assert_eq!(block_files(copied.path()), 201);
    }

    #[test]
    fn a_removed_dag_is_deleted_in_the_background() {
        let dir = tempfile::tempdir().unwrap();
        let storage = open(dir.path());
        let dag = file(0..300);
        import(&storage, &dag);
        storage
            .give_up(|ledger| ledger.id(&key(&dag[0].0)))
            .unwrap();
        let began = Instant::now();
        while storage.usage().files > 0 {
            assert!(began.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(storage.list(), []);
        let kept: BTreeSet<_> = storage.index.leaving().unwrap().into_iter().collect();
        assert_eq!(kept, BTreeSet::new());
    }
}
