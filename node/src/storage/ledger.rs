//! The accounting of a storage: which DAGs there are, which uploads are granted, how much room each
//! takes, and whose quota it counts against.
//!
//! This is a pure data structure, without disk, clock or lock; each function gets the time as an
//! argument, in Unix seconds. [`super::Storage`] keeps it under a lock that is held for one call at
//! a time, and keeps it consistent with the database. Only a reload iterates over all DAGs:
//! whatever changes as time passes has a timer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::eviction::{Candidate, EvictionOrder, Protection, protection};
use super::key::Key;
use super::record::{DagId, Holder, Holders, Record};
use super::refusal::Refusal;
use crate::fairness::{AddressBlock, Notes, is_fair};

/// How many grants that wait for their first block are remembered, so that readers wait for them
/// too. Of more, the oldest of the block of addresses that has most is forgotten; its token stays
/// valid.
pub(super) const MAX_GRANTED: usize = 4096;
/// How long the blocks of a DAG are expected after it was granted, or after the last of them
/// arrived, in seconds.
pub(super) const EXPECTED: u64 = 60;
/// How many peers that took back a DAG are remembered, so that their earlier tokens open nothing. Of
/// more, the oldest of the block of addresses that has most is forgotten.
const MAX_RELEASED: usize = 4096;
/// A quota allows one block file per this many bytes. File systems are laid out for a similar
/// ratio, and would otherwise run out of inodes.
const BYTES_PER_FILE: u64 = 16 * 1024;
/// How many block files any quota allows at least.
const MIN_FILES: u64 = 4096;
/// How many timers one call lets expire. Further ones are merely late, which keeps DAGs longer.
const TIMERS_AT_ONCE: usize = 256;
/// How much larger a DAG may be than the declared size of its file, in bytes, to allow for inner
/// nodes and directories.
const OVERHEAD: u64 = 4 * 1024 * 1024;
/// The DAG may be larger by another fraction of the declared size: one part in this many.
const OVERHEAD_SHARE: u64 = 8;

/// The most bytes that the DAG of a file of `size` bytes may have.
pub(super) fn limit_of(size: u64) -> u64 {
    size.saturating_add(size / OVERHEAD_SHARE)
        .saturating_add(OVERHEAD)
}

/// The space that stored blocks take on a disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// Bytes of blocks.
    pub bytes: u64,
    /// The number of block files, each of which takes an inode.
    pub files: u64,
}

impl Amount {
    /// The space of one block of `bytes` bytes.
    pub fn block(bytes: u64) -> Self {
        Self { bytes, files: 1 }
    }

    /// The space that a quota of `bytes` bytes allows.
    pub fn quota(bytes: u64) -> Self {
        Self {
            bytes,
            files: (bytes / BYTES_PER_FILE).max(MIN_FILES),
        }
    }

    fn of(record: &Record) -> Self {
        Self {
            bytes: record.bytes,
            files: record.blocks,
        }
    }

    fn fits(self, quota: Self) -> bool {
        self.bytes <= quota.bytes && self.files <= quota.files
    }
}

impl std::ops::Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            files: self.files.saturating_add(other.files),
        }
    }
}

impl std::ops::Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            files: self.files.saturating_sub(other.files),
        }
    }
}

/// The limits that a ledger enforces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The limit for all blocks together.
    pub total: Amount,
    /// The limit for the blocks of one peer's DAGs.
    pub per_peer: Amount,
    /// How long an incomplete DAG is kept after its last block, in seconds.
    pub partial_ttl: u64,
}

/// What counts against one peer's quota, or the share of one block of addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    /// The blocks of the DAGs that it owns; peers alone own DAGs.
    stored: Amount,
    /// Blocks that are being written and have room reserved.
    coming: Amount,
    /// What it holds, and what therefore cannot be freed by removing DAGs.
    committed: Amount,
}

/// A DAG with the state that follows from its record at the current time.
#[derive(Debug)]
struct Dag {
    key: Key,
    owner: Arc<str>,
    record: Record,
    standing: Standing,
}

/// The state that follows from a record or a grant at a given time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Standing {
    /// What of it cannot be freed.
    committed: Amount,
    /// The peers that pay for that, each with its block of addresses: see [`Account::committed`].
    payers: Vec<(Arc<str>, AddressBlock)>,
    /// Whether its blocks may be on their way.
    expected: bool,
    /// Set if it may be removed.
    candidate: Option<Candidate>,
    /// When this state changes by itself.
    timer: Option<u64>,
}

/// A granted upload none of whose blocks has arrived. It takes no room.
#[derive(Debug)]
struct PendingGrant {
    holders: Holders,
    /// Where the last peer that asked for it called from.
    block: AddressBlock,
    /// When it was last granted.
    at: u64,
    name: Option<String>,
    mime: Option<String>,
    standing: Standing,
}

/// Who asks for room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    /// The peer.
    pub peer: &'a str,
    /// Where it calls from.
    pub block: AddressBlock,
}

/// A DAG or a grant whose state changes as time passes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Dag(DagId),
    Grant(Key),
}

/// Room that is reserved for a block while it is being written. It must be returned with
/// [`Ledger::release`].
#[derive(Debug)]
pub(super) struct Reservation {
    owner: Arc<str>,
    block: AddressBlock,
    amount: Amount,
}

/// A block for which room is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming<'a> {
    /// The root of its DAG, which is not removed to make room for it.
    pub root: &'a [u8],
    /// Who uploads it; the DAG counts against its quota if it is new.
    pub from: Asker<'a>,
    /// The size of the block, in bytes.
    pub bytes: u64,
    /// Whether it is exempt from the quota of a peer.
    pub trusted: bool,
}

/// Which quota has no room for a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shortage {
    /// The quota of this peer.
    Share(Arc<str>),
    /// The share of the uploader's block of addresses, none of which can be freed.
    Block,
    /// The quota of the whole storage.
    Total,
}

/// The progress of a DAG, as far as its record or grant tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is complete.
    Complete,
    /// Some blocks have arrived, the last one at this time.
    Begun(u64),
    /// No block has arrived; it was last granted at this time.
    Granted(u64),
}

/// What became of a DAG that a peer took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Released {
    /// That peer does not hold it.
    NotHeld,
    /// It stays, because another peer holds it or an operator has pinned it.
    Kept,
    /// Nothing keeps it.
    Free,
}

/// The accounting of a storage.
#[derive(Debug)]
pub(super) struct Ledger {
    limits: Limits,
    /// What the disk has room for, if that is less than the quota.
    capacity: Amount,
    ids: BTreeMap<Key, DagId>,
    dags: HashMap<DagId, Dag>,
    grants: HashMap<Key, PendingGrant>,
    /// The grants by the blocks of addresses that asked for them, the oldest first.
    grants_of: HashMap<AddressBlock, BTreeSet<(u64, Key)>>,
    /// The peers that took back a DAG, each with the end of the last token that is void.
    released: Notes<(Key, String), u64>,
    /// How many readers and uploads hold each DAG.
    held: HashMap<Key, usize>,
    accounts: HashMap<Arc<str>, Account>,
    blocks: HashMap<AddressBlock, Account>,
    order: EvictionOrder,
    timers: BTreeSet<(u64, Timer)>,
    /// DAGs that were given up, but whose blocks still take room.
    leaving: BTreeSet<DagId>,
    /// DAGs whose record in the database is out of date.
    unsaved: BTreeSet<DagId>,
    next_id: DagId,
    stored: Amount,
    coming: Amount,
    committed: Amount,
    unfinished: usize,
    expected: usize,
}

impl Ledger {
    /// Creates an empty ledger.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            capacity: limits.total,
            ids: BTreeMap::new(),
            dags: HashMap::new(),
            grants: HashMap::new(),
            grants_of: HashMap::new(),
            released: Notes::new(MAX_RELEASED),
            held: HashMap::new(),
            accounts: HashMap::new(),
            blocks: HashMap::new(),
            order: EvictionOrder::default(),
            timers: BTreeSet::new(),
            leaving: BTreeSet::new(),
            unsaved: BTreeSet::new(),
            next_id: 0,
            stored: Amount::default(),
            coming: Amount::default(),
            committed: Amount::default(),
            unfinished: 0,
            expected: 0,
        }
    }

    /// Replaces all DAGs by those of the database. Grants, holds and reservations stay.
    pub fn reload(&mut self, dags: BTreeMap<Key, Record>, stored: Amount, now: u64) {
        let ids: Vec<DagId> = self.dags.keys().copied().collect();
        for id in ids {
            self.forget(id);
        }
        self.unsaved.clear();
        self.leaving.clear();
        self.stored = stored;
        for (key, mut record) in dags {
            record.upgrade();
            self.put(&key, record, now);
        }
    }

    /// Notes how much more the disk has room for, which may be less than the quota.
    pub fn set_free(&mut self, free: Amount) {
        let total = self.limits.total;
        let disk = self.stored + free;
        self.capacity = Amount {
            bytes: total.bytes.min(disk.bytes),
            files: total.files.min(disk.files),
        };
    }

    // Queries.

    /// The record of a DAG.
    pub fn dag(&self, key: &[u8]) -> Option<&Record> {
        self.ids.get(key).map(|id| &self.dags[id].record)
    }

    /// The progress of a DAG that is here or granted.
    pub fn progress(&self, key: &[u8], now: u64) -> Option<Progress> {
        match self.dag(key) {
            Some(record) if record.is_complete() => Some(Progress::Complete),
            Some(record) => Some(Progress::Begun(record.last_block)),
            None => self
                .grants
                .get(key)
                .filter(|grant| grant.holders.until() > now)
                .map(|grant| Progress::Granted(grant.at)),
        }
    }

    /// Whether a DAG is here or granted.
    pub fn knows(&self, key: &[u8]) -> bool {
        self.ids.contains_key(key) || self.grants.contains_key(key)
    }

    /// Whether blocks of any DAG may be on their way, because one arrived or was granted recently.
    pub fn expects_blocks(&mut self, now: u64) -> bool {
        self.advance(now);
        self.expected > 0
    }

    /// Up to `most` DAGs after `after`, in the order of their keys.
    pub fn page(&self, after: Option<&[u8]>, most: usize) -> Vec<(Key, Record)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.ids
            .range::<[u8], _>((from, Bound::Unbounded))
            .take(most)
            .map(|(key, id)| (key.clone(), self.dags[id].record.clone()))
            .collect()
    }

    /// The number of DAGs, and how many of them are incomplete.
    pub fn count(&self) -> (usize, usize) {
        (self.dags.len(), self.unfinished)
    }

    /// The space that all blocks take.
    pub fn stored(&self) -> Amount {
        self.stored
    }

    // Grants.

    /// Grants a peer the upload of a DAG for a file of `size` bytes. Returns whether at least a
    /// part of the DAG is here. A grant takes no room before bytes arrive; it is refused if they
    /// would find none.
    ///
    /// # Errors
    /// Fails if the peer's quota, the share of its block of addresses, or the whole storage has no
    /// room for what the DAG lacks.
    pub fn grant(
        &mut self,
        key: &[u8],
        asker: Asker<'_>,
        size: u64,
        expires: u64,
        now: u64,
    ) -> Result<bool, Refusal> {
        self.advance(now);
        let id = self.ids.get(key).copied();
        self.find_room(id, asker, size, now)?;
        self.released.remove(&(key.to_vec(), asker.peer.to_owned()));
        let holder = Holder {
            peer: asker.peer.to_owned(),
            until: expires,
            block: asker.block,
        };
        let Some(id) = id else {
            self.note_grant(key, holder, now);
            return Ok(false);
        };
        self.hold_for(key, holder, now);
        let record = &mut self.dag_mut(id).record;
        record.size = record.size.max(size);
        record.limit = record.limit.max(limit_of(size));
        self.unsaved.insert(id);
        Ok(true)
    }

    /// Checks whether there is room for a DAG, if this peer holds it.
    fn find_room(
        &self,
        id: Option<DagId>,
        asker: Asker<'_>,
        size: u64,
        now: u64,
    ) -> Result<(), Refusal> {
        let known = id.map(|id| &self.dags[&id]);
        let needed = match known {
            Some(dag) if dag.record.is_complete() => Amount::of(&dag.record),
            Some(dag) => Amount {
                bytes: size.max(dag.record.bytes),
                files: dag.record.blocks,
            },
            None => Amount::block(size),
        };
        let standing = known.map(|dag| &dag.standing);
        // What is counted already, for all, for this peer, and for its block of addresses.
        let counted = |paid: bool| match standing {
            Some(standing) if paid => standing.committed,
            _ => Amount::default(),
        };
        let holds = known.is_some_and(|dag| dag.record.holders.is_active(asker.peer, now));
        let block_pays = standing
            .is_some_and(|standing| standing.payers.iter().any(|(_, of)| *of == asker.block));
        let own = self.accounts.get(asker.peer).copied().unwrap_or_default();
        let more = needed - counted(holds);
        if !(own.committed + more).fits(self.limits.per_peer) {
            return Err(Refusal::PeerQuota {
                used: own.committed.bytes,
                limit: self.limits.per_peer.bytes,
            });
        }
        let all = self.committed + self.coming + (needed - counted(true));
        let of_block = self.block(asker.block);
        let of_block = of_block.committed + of_block.coming + (needed - counted(block_pays));
        if !all.fits(self.limits.total) || !self.is_fair(asker.block, of_block, all) {
            return Err(Refusal::NoRoom { size });
        }
        Ok(())
    }

    /// What counts against a block of addresses.
    fn block(&self, block: AddressBlock) -> Account {
        self.blocks.get(&block).copied().unwrap_or_default()
    }

    /// Whether a block of addresses may have so much, if everybody together then has `all`.
    fn is_fair(&self, block: AddressBlock, own: Amount, all: Amount) -> bool {
        let left = self.capacity - all;
        block == AddressBlock::Own
            || is_fair(own.bytes, left.bytes) && is_fair(own.files, left.files)
    }

    /// Remembers a grant none of whose blocks is here.
    fn note_grant(&mut self, key: &[u8], holder: Holder, now: u64) {
        let before = self.grants.remove(key);
        if let Some(grant) = &before {
            self.forget_grant_of(key, grant);
        }
        if self.grants.len() >= MAX_GRANTED {
            let largest = self.grants_of.iter().max_by_key(|(_, grants)| grants.len());
            let oldest = largest.and_then(|(_, grants)| grants.first().cloned());
            if let Some((_, key)) = oldest {
                self.forget_grant(&key);
            }
        }
        let block = holder.block;
        let (mut holders, name, mime) = match before {
            Some(grant) => (grant.holders, grant.name, grant.mime),
            None => (Holders::default(), None, None),
        };
        holders.add(holder, now);
        let grant = PendingGrant {
            holders,
            block,
            at: now,
            name,
            mime,
            standing: Standing::default(),
        };
        self.grants.insert(key.to_vec(), grant);
        let of_block = self.grants_of.entry(block).or_default();
        of_block.insert((now, key.to_vec()));
        self.judge_grant(key, now);
    }

    /// Notes that a peer holds a DAG that is here.
    pub fn hold_for(&mut self, key: &[u8], holder: Holder, now: u64) {
        let Some(id) = self.ids.get(key).copied() else {
            return;
        };
        let record = &mut self.dag_mut(id).record;
        if record.holders.has(&holder) {
            return;
        }
        let mut holders = std::mem::take(&mut record.holders);
        holders.add(holder, now);
        record.set_holders(holders);
        self.unsaved.insert(id);
        self.judge_dag(id, now);
    }

    /// Takes a DAG back in the name of a peer: that peer's grant no longer keeps it, and tokens that
    /// it was given before open nothing any more.
    pub fn release(&mut self, key: &[u8], by: Asker<'_>, now: u64) -> Released {
        self.advance(now);
        let peer = by.peer;
        let mut until = 0;
        let mut released = Released::NotHeld;
        if let Some(grant) = self.grants.get_mut(key) {
            let ends = grant.holders.until();
            if grant.holders.remove(peer) {
                until = ends;
                // What has not come here may be behind this storage, which keeps it for the others.
                released = match grant.holders.active(now).next() {
                    Some(_) => Released::Kept,
                    None => Released::Free,
                };
                if grant.holders.is_empty() {
                    self.forget_grant(key);
                } else {
                    self.judge_grant(key, now);
                }
            }
        }
        if let Some(id) = self.ids.get(key).copied() {
            let record = &mut self.dag_mut(id).record;
            let mut holders = std::mem::take(&mut record.holders);
            until = until.max(holders.until());
            let is_held = holders.remove(peer) | (record.owner == peer);
            record.set_holders(holders);
            if is_held {
                let is_kept = record.pinned || record.holders.active(now).next().is_some();
                released = if is_kept {
                    Released::Kept
                } else {
                    Released::Free
                };
                self.unsaved.insert(id);
                self.judge_dag(id, now);
            }
        }
        if released != Released::NotHeld && until > now {
            self.released.retain(|until| *until > now);
            let note = (key.to_vec(), peer.to_owned());
            self.released.insert(note, until, by.block);
        }
        released
    }

    /// Whether a peer has taken back the DAG for which it was given this token.
    pub fn is_released(&self, key: &[u8], peer: &str, expires: u64) -> bool {
        // Cloned only if there is anything to compare with.
        !self.released.is_empty()
            && self
                .released
                .get(&(key.to_vec(), peer.to_owned()))
                .is_some_and(|until| expires <= *until)
    }

    /// Notes the name and the type that a DAG's provider gives. What it does not give stays as it
    /// was.
    pub fn describe(&mut self, key: &[u8], name: Option<String>, mime: Option<String>) {
        if let Some(grant) = self.grants.get_mut(key) {
            grant.name = name.or(grant.name.take());
            grant.mime = mime.or(grant.mime.take());
            return;
        }
        let Some(id) = self.ids.get(key).copied() else {
            return;
        };
        let record = &mut self.dag_mut(id).record;
        let before = (record.name.clone(), record.mime.clone());
        record.name = name.or(record.name.take());
        record.mime = mime.or(record.mime.take());
        if before != (record.name.clone(), record.mime.clone()) {
            self.unsaved.insert(id);
        }
    }

    // DAGs.

    /// Creates the record of a DAG whose first block arrives now: `record` with a new number, and
    /// with the description from the grant.
    pub fn begin(&mut self, key: &[u8], record: Record) -> Record {
        let id = self.next_id;
        self.next_id += 1;
        let Some(grant) = self.grants.get(key) else {
            return Record { id, ..record };
        };
        let mut record = Record {
            id,
            name: grant.name.clone(),
            mime: grant.mime.clone(),
            ..record
        };
        let mut holders = grant.holders.clone();
        holders.join(std::mem::take(&mut record.holders), record.created);
        record.set_holders(holders);
        record
    }

    /// Stores the new record of a DAG, and returns the record to write to the database. Changes
    /// that may have been made in the meantime without the database (uses, later grants, a
    /// description) are kept.
    pub fn put(&mut self, key: &[u8], mut record: Record, now: u64) -> Record {
        self.forget_grant(key);
        let id = record.id;
        if self.ids.get(key).is_some_and(|known| *known != id) {
            // This should never happen; if it does, one of the two must go.
            self.forget(self.ids[key]);
        }
        if let Some(dag) = self.forget(id) {
            let known = dag.record;
            record.last_used = record.last_used.max(known.last_used);
            record.keep_until = known.keep_until;
            record.holders = known.holders;
            record.owner = known.owner;
            record.size = record.size.max(known.size);
            record.limit = record.limit.max(known.limit);
            record.name = known.name.or(record.name);
            record.mime = known.mime.or(record.mime);
        }
        let owner = self.owner(&record.owner);
        let amount = Amount::of(&record);
        charge(&mut self.accounts, &owner, |account| {
            account.stored = account.stored + amount;
        });
        self.unfinished += usize::from(!record.is_complete());
        self.next_id = self.next_id.max(id + 1);
        self.unsaved.remove(&id);
        self.ids.insert(key.to_vec(), id);
        let dag = Dag {
            key: key.to_vec(),
            owner,
            record: record.clone(),
            standing: Standing::default(),
        };
        self.dags.insert(id, dag);
        self.judge_dag(id, now);
        record
    }

    /// Notes that a DAG was requested.
    pub fn touch(&mut self, key: &[u8], now: u64) {
        let Some(id) = self.ids.get(key).copied() else {
            return;
        };
        self.dag_mut(id).record.last_used = now;
        self.unsaved.insert(id);
        self.judge_dag(id, now);
    }

    /// Keeps a DAG from being removed to make room, whether or not it is here, until
    /// [`Ledger::let_go`].
    pub fn hold(&mut self, key: &[u8], now: u64) {
        *self.held.entry(key.to_vec()).or_default() += 1;
        self.judge_key(key, now);
    }

    /// Ends one [`Ledger::hold`].
    pub fn let_go(&mut self, key: &[u8], now: u64) {
        if let Some(times) = self.held.get_mut(key) {
            *times -= 1;
            if *times == 0 {
                self.held.remove(key);
                self.judge_key(key, now);
            }
        }
    }

    // Room.

    /// Reserves room for a block that is arriving.
    ///
    /// # Errors
    /// Fails if there is no room unless something is removed.
    pub fn reserve(&mut self, incoming: Incoming<'_>) -> Result<Reservation, Shortage> {
        let amount = Amount::block(incoming.bytes);
        let owner = match self.ids.get(incoming.root) {
            Some(id) => Arc::clone(&self.dags[id].owner),
            None => self.owner(incoming.from.peer),
        };
        if !incoming.trusted {
            self.has_share(&owner, incoming.from.block, amount)?;
        }
        if !(self.stored + self.coming + amount).fits(self.limits.total) {
            return Err(Shortage::Total);
        }
        let block = incoming.from.block;
        self.charge_coming(&owner, block, |coming| coming + amount);
        Ok(Reservation {
            owner,
            block,
            amount,
        })
    }

    /// Whether a peer and its block of addresses may have more.
    fn has_share(
        &self,
        owner: &Arc<str>,
        block: AddressBlock,
        more: Amount,
    ) -> Result<(), Shortage> {
        let own = self.accounts.get(owner).copied().unwrap_or_default();
        if !(own.stored + own.coming + more).fits(self.limits.per_peer) {
            return Err(Shortage::Share(Arc::clone(owner)));
        }
        let of_block = self.block(block);
        let of_block = of_block.committed + of_block.coming + more;
        if !self.is_fair(block, of_block, self.committed + self.coming + more) {
            return Err(Shortage::Block);
        }
        Ok(())
    }

    /// Checks whether blocks that are on the disk already may become part of this peer's DAG too.
    ///
    /// # Errors
    /// Fails if its quota, or the share of its block of addresses, is taken.
    pub fn find_share(&self, root: &[u8], from: Asker<'_>, more: Amount) -> Result<(), Shortage> {
        let owner = match self.ids.get(root) {
            Some(id) => Arc::clone(&self.dags[id].owner),
            None => self.owner(from.peer),
        };
        self.has_share(&owner, from.block, more)
    }

    /// Ends a reservation: its block is now stored, or was not written.
    pub fn release_room(&mut self, reservation: &Reservation) {
        let Reservation {
            owner,
            block,
            amount,
        } = reservation;
        self.charge_coming(owner, *block, |coming| coming - *amount);
    }

    fn charge_coming(
        &mut self,
        owner: &Arc<str>,
        block: AddressBlock,
        change: impl Fn(Amount) -> Amount,
    ) {
        self.coming = change(self.coming);
        charge(&mut self.accounts, owner, |account| {
            account.coming = change(account.coming);
        });
        charge(&mut self.blocks, &block, |account| {
            account.coming = change(account.coming);
        });
    }

    /// Notes that blocks were added on the disk.
    pub fn stored_more(&mut self, amount: Amount) {
        self.stored = self.stored + amount;
    }

    /// Notes that blocks were removed from the disk.
    pub fn freed(&mut self, amount: Amount) {
        self.stored = self.stored - amount;
    }

    /// The DAG to remove next to make room, among one owner's or among all.
    pub fn victim(
        &mut self,
        owner: Option<&Arc<str>>,
        except: Option<&[u8]>,
        now: u64,
    ) -> Option<DagId> {
        let except = except.and_then(|key| self.ids.get(key)).copied();
        loop {
            let is_late = self.advance(now);
            let victim = self.order.first(owner, except);
            if victim.is_some() || !is_late {
                return victim;
            }
        }
    }

    /// A DAG that was not completed in time.
    pub fn stale(&mut self, now: u64) -> Option<DagId> {
        while self.advance(now) {}
        self.order.first_stale()
    }

    /// Gives a DAG up: it counts as absent from now on, and its blocks are to be removed. Returns
    /// its key.
    pub fn give_up(&mut self, id: DagId) -> Option<Key> {
        let dag = self.forget(id)?;
        self.unsaved.remove(&id);
        self.leaving.insert(id);
        Some(dag.key)
    }

    /// The number of a DAG that is here.
    pub fn id(&self, key: &[u8]) -> Option<DagId> {
        self.ids.get(key).copied()
    }

    /// A DAG that was given up, and whose blocks still take room.
    pub fn leaving(&self) -> Option<DagId> {
        self.leaving.first().copied()
    }

    /// Whether blocks of this DAG, which was given up, may still take room.
    pub fn is_leaving(&self, id: DagId) -> bool {
        self.leaving.contains(&id)
    }

    /// Notes that the last block of a DAG that was given up is gone.
    pub fn left(&mut self, id: DagId) {
        self.leaving.remove(&id);
    }

    /// Up to `most` DAGs whose record in the database is out of date. They count as saved from now
    /// on.
    pub fn take_unsaved(&mut self, most: usize) -> Vec<(Key, Record)> {
        let ids: Vec<DagId> = self.unsaved.iter().take(most).copied().collect();
        ids.iter()
            .filter_map(|id| {
                self.unsaved.remove(id);
                let dag = self.dags.get(id)?;
                Some((dag.key.clone(), dag.record.clone()))
            })
            .collect()
    }

    /// The number of DAGs whose record in the database is out of date.
    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    // State that follows from records and grants.

    /// Lets timers expire; returns whether more may be due.
    fn advance(&mut self, now: u64) -> bool {
        for _ in 0..TIMERS_AT_ONCE {
            match self.timers.first() {
                Some((at, _)) if *at <= now => {}
                _ => return false,
            }
            match self.timers.pop_first() {
                Some((_, Timer::Dag(id))) => {
                    self.dag_mut(id).standing.timer = None;
                    self.judge_dag(id, now);
                }
                Some((_, Timer::Grant(key))) => self.judge_grant(&key, now),
                None => {}
            }
        }
        true
    }

    /// The name of a peer, shared with its account if it has one.
    fn owner(&self, peer: &str) -> Arc<str> {
        self.accounts
            .get_key_value(peer)
            .map_or_else(|| peer.into(), |(owner, _)| Arc::clone(owner))
    }

    fn dag_mut(&mut self, id: DagId) -> &mut Dag {
        self.dags.get_mut(&id).expect("its number is known")
    }

    /// Removes a DAG from all sums and indices.
    fn forget(&mut self, id: DagId) -> Option<Dag> {
        let dag = self.dags.remove(&id)?;
        self.ids.remove(&dag.key);
        self.apply(&dag.standing, Timer::Dag(id), false);
        let amount = Amount::of(&dag.record);
        charge(&mut self.accounts, &dag.owner, |account| {
            account.stored = account.stored - amount;
        });
        self.unfinished -= usize::from(!dag.record.is_complete());
        Some(dag)
    }

    fn forget_grant(&mut self, key: &[u8]) {
        if let Some(grant) = self.grants.remove(key) {
            self.forget_grant_of(key, &grant);
        }
    }

    /// Removes a grant from all sums and indices.
    fn forget_grant_of(&mut self, key: &[u8], grant: &PendingGrant) {
        self.apply(&grant.standing, Timer::Grant(key.to_vec()), false);
        if let Some(grants) = self.grants_of.get_mut(&grant.block) {
            grants.remove(&(grant.at, key.to_vec()));
            if grants.is_empty() {
                self.grants_of.remove(&grant.block);
            }
        }
    }

    /// Adds the state of a record or a grant to all sums and indices, or removes it.
    fn apply(&mut self, standing: &Standing, timer: Timer, add: bool) {
        let Standing {
            committed,
            payers,
            expected,
            candidate,
            timer: at,
        } = standing;
        let at = at.map(|at| (at, timer));
        let change = |sum: Amount| match add {
            true => sum + *committed,
            false => sum - *committed,
        };
        self.committed = change(self.committed);
        for (at, (peer, block)) in payers.iter().enumerate() {
            charge(&mut self.accounts, peer, |account| {
                account.committed = change(account.committed);
            });
            // A block of addresses pays once, however many of its peers hold the DAG.
            if payers[..at].iter().all(|(_, before)| before != block) {
                charge(&mut self.blocks, block, |account| {
                    account.committed = change(account.committed);
                });
            }
        }
        if add {
            self.expected += usize::from(*expected);
            candidate.iter().for_each(|dag| self.order.insert(dag));
            self.timers.extend(at);
        } else {
            self.expected -= usize::from(*expected);
            candidate.iter().for_each(|dag| self.order.remove(dag));
            at.iter().for_each(|timer| {
                self.timers.remove(timer);
            });
        }
    }

    fn judge_key(&mut self, key: &[u8], now: u64) {
        if let Some(id) = self.ids.get(key).copied() {
            self.judge_dag(id, now);
        }
    }

    /// Makes another peer the owner of a DAG whose owner no longer holds it.
    fn find_owner(&mut self, id: DagId, now: u64) {
        let record = &self.dags[&id].record;
        if record.pinned || record.holders.is_active(&record.owner, now) {
            return;
        }
        let last = record.holders.active(now).max_by_key(|holder| holder.until);
        let Some(heir) = last.map(|holder| holder.peer.clone()) else {
            return;
        };
        let amount = Amount::of(record);
        let heir = self.owner(&heir);
        charge(&mut self.accounts, &heir, |account| {
            account.stored = account.stored + amount;
        });
        let dag = self.dag_mut(id);
        dag.record.owner = heir.to_string();
        let before = std::mem::replace(&mut dag.owner, heir);
        charge(&mut self.accounts, &before, |account| {
            account.stored = account.stored - amount;
        });
        self.unsaved.insert(id);
    }

    /// Recomputes the state of a DAG.
    fn judge_dag(&mut self, id: DagId, now: u64) {
        self.find_owner(id, now);
        let dag = &self.dags[&id];
        let record = &dag.record;
        let is_held = self.held.contains_key(dag.key.as_slice());
        let protection = protection(record, self.limits.partial_ttl, is_held, now);
        let active = record.last_block.saturating_add(EXPECTED);
        let expected = !record.is_complete() && active > now;
        let (committed, until, is_candidate) = match protection {
            Protection::Pinned => (Amount::of(record), None, false),
            Protection::Until(until) => (Amount::of(record), Some(until), false),
            Protection::InUse(until) => (Amount::default(), Some(until), false),
            Protection::Lapsed => (Amount::default(), None, true),
        };
        let mut payers: Vec<(Arc<str>, AddressBlock)> = record
            .holders
            .active(now)
            .map(|holder| (self.owner(&holder.peer), holder.block))
            .collect();
        if committed == Amount::default() {
            payers.clear();
        } else if payers.is_empty() {
            payers.push((Arc::clone(&dag.owner), AddressBlock::Own));
        }
        // The first of the tokens to end changes who pays.
        let next = record.holders.active(now).map(|holder| holder.until).min();
        let standing = Standing {
            committed,
            payers,
            expected,
            candidate: is_candidate.then(|| Candidate {
                id,
                owner: Arc::clone(&dag.owner),
                last_used: record.last_used,
                complete: record.is_complete(),
            }),
            timer: until
                .into_iter()
                .chain(next)
                .chain(expected.then_some(active))
                .min(),
        };
        if standing == dag.standing {
            return;
        }
        let before = std::mem::replace(&mut self.dag_mut(id).standing, standing.clone());
        self.apply(&before, Timer::Dag(id), false);
        self.apply(&standing, Timer::Dag(id), true);
    }

    /// Recomputes the state of a grant, and removes it if it has expired.
    fn judge_grant(&mut self, key: &[u8], now: u64) {
        let Some(grant) = self.grants.get_mut(key) else {
            return;
        };
        let expires = grant.holders.until();
        let active = grant.at.saturating_add(EXPECTED);
        let standing = Standing {
            expected: active > now,
            timer: Some(if active > now {
                active.min(expires)
            } else {
                expires
            }),
            ..Standing::default()
        };
        let before = std::mem::replace(&mut grant.standing, standing.clone());
        self.apply(&before, Timer::Grant(key.to_vec()), false);
        if expires <= now {
            if let Some(grant) = self.grants.get_mut(key) {
                grant.standing = Standing::default();
            }
            self.forget_grant(key);
        } else {
            self.apply(&standing, Timer::Grant(key.to_vec()), true);
        }
    }
}

/// Changes an account. An account exists for as long as anything counts against it.
fn charge<K: Clone + Eq + std::hash::Hash>(
    accounts: &mut HashMap<K, Account>,
    of: &K,
    change: impl FnOnce(&mut Account),
) {
    let account = accounts.entry(of.clone()).or_default();
    change(account);
    if *account == Account::default() {
        accounts.remove(of);
    }
}

#[cfg(test)]
mod tests;
