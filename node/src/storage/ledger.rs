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
use super::record::{DagId, Record};
use super::refusal::Refusal;

/// How many grants may wait for their first block at one time.
pub(super) const MAX_GRANTED: usize = 4096;
/// How long room is kept for an upload while none of its blocks arrive, in seconds.
pub(super) const RESERVATION: u64 = 60;
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

/// What counts against one peer's quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    /// The blocks of its DAGs.
    stored: Amount,
    /// Blocks that are being written and have room reserved.
    coming: Amount,
    /// Bytes that are stored or promised, and that cannot be freed by removing DAGs.
    committed: u64,
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
    /// Its part of [`Account::committed`].
    committed: u64,
    /// Whether its blocks may be on their way.
    expected: bool,
    /// Set if it may be removed.
    candidate: Option<Candidate>,
    /// When this state changes by itself.
    timer: Option<u64>,
}

/// A granted upload none of whose blocks has arrived.
#[derive(Debug)]
struct PendingGrant {
    owner: Arc<str>,
    size: u64,
    /// When it was last granted.
    at: u64,
    expires: u64,
    name: Option<String>,
    mime: Option<String>,
    standing: Standing,
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
    amount: Amount,
}

/// A block for which room is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming<'a> {
    /// The root of its DAG, which is not removed to make room for it.
    pub root: &'a [u8],
    /// The peer that uploads it; the DAG counts against its quota if it is new.
    pub peer: &'a str,
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

/// The accounting of a storage.
#[derive(Debug)]
pub(super) struct Ledger {
    limits: Limits,
    ids: BTreeMap<Key, DagId>,
    dags: HashMap<DagId, Dag>,
    grants: HashMap<Key, PendingGrant>,
    /// How many readers and uploads hold each DAG.
    held: HashMap<Key, usize>,
    accounts: HashMap<Arc<str>, Account>,
    order: EvictionOrder,
    timers: BTreeSet<(u64, Timer)>,
    /// DAGs that were given up, but whose blocks still take room.
    leaving: BTreeSet<DagId>,
    /// DAGs whose record in the database is out of date.
    unsaved: BTreeSet<DagId>,
    next_id: DagId,
    stored: Amount,
    coming: Amount,
    committed: u64,
    unfinished: usize,
    expected: usize,
}

impl Ledger {
    /// Creates an empty ledger.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ids: BTreeMap::new(),
            dags: HashMap::new(),
            grants: HashMap::new(),
            held: HashMap::new(),
            accounts: HashMap::new(),
            order: EvictionOrder::default(),
            timers: BTreeSet::new(),
            leaving: BTreeSet::new(),
            unsaved: BTreeSet::new(),
            next_id: 0,
            stored: Amount::default(),
            coming: Amount::default(),
            committed: 0,
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
        for (key, record) in dags {
            self.put(&key, record, now);
        }
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
                .filter(|grant| grant.expires > now)
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
    /// part of the DAG is here.
    ///
    /// # Errors
    /// Fails if the peer's quota or the whole storage has no room for what the DAG lacks, or if too
    /// many grants wait for their first block.
    pub fn grant(
        &mut self,
        key: &[u8],
        peer: &str,
        size: u64,
        expires: u64,
        now: u64,
    ) -> Result<bool, Refusal> {
        self.advance(now);
        let id = self.ids.get(key).copied();
        let known = id.map(|id| &self.dags[&id]);
        if !known.is_some_and(|dag| dag.record.is_complete()) {
            let has = known.map_or(0, |dag| dag.standing.committed)
                + self
                    .grants
                    .get(key)
                    .map_or(0, |grant| grant.standing.committed);
            let more = size.saturating_sub(has);
            let own = self.accounts.get(peer).map_or(0, |own| own.committed);
            if own.saturating_add(more) > self.limits.per_peer.bytes {
                return Err(Refusal::PeerQuota {
                    used: own,
                    limit: self.limits.per_peer.bytes,
                });
            }
            if self.committed.saturating_add(more) > self.limits.total.bytes {
                return Err(Refusal::NoRoom { size });
            }
        }
        let Some(id) = id else {
            if self.grants.len() >= MAX_GRANTED && !self.grants.contains_key(key) {
                return Err(Refusal::TooMany);
            }
            let owner = self.owner(peer);
            let grant = self.grants.entry(key.to_vec()).or_insert(PendingGrant {
                owner,
                size,
                at: now,
                expires,
                name: None,
                mime: None,
                standing: Standing::default(),
            });
            grant.size = grant.size.max(size);
            grant.at = now;
            grant.expires = expires;
            self.judge_grant(key, now);
            return Ok(false);
        };
        let record = &mut self.dag_mut(id).record;
        record.keep_until = record.keep_until.max(expires);
        record.size = record.size.max(size);
        record.limit = record.limit.max(limit_of(size));
        self.unsaved.insert(id);
        self.judge_dag(id, now);
        Ok(true)
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
        let (name, mime) = self.grants.get(key).map_or((None, None), |grant| {
            (grant.name.clone(), grant.mime.clone())
        });
        Record {
            id,
            name,
            mime,
            ..record
        }
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
            record.keep_until = record.keep_until.max(known.keep_until);
            record.size = record.size.max(known.size);
            record.limit = record.limit.max(known.limit);
            record.name = known.name.or(record.name);
            record.mime = known.mime.or(record.mime);
        }
        let owner = self.owner(&record.owner);
        let amount = Amount::of(&record);
        self.charge(&owner, |account| account.stored = account.stored + amount);
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
    pub fn reserve(&mut self, block: Incoming<'_>) -> Result<Reservation, Shortage> {
        let amount = Amount::block(block.bytes);
        let owner = match self.ids.get(block.root) {
            Some(id) => Arc::clone(&self.dags[id].owner),
            None => self.owner(block.peer),
        };
        let own = self.accounts.get(&owner).copied().unwrap_or_default();
        if !block.trusted && !(own.stored + own.coming + amount).fits(self.limits.per_peer) {
            return Err(Shortage::Share(owner));
        }
        if !(self.stored + self.coming + amount).fits(self.limits.total) {
            return Err(Shortage::Total);
        }
        self.coming = self.coming + amount;
        self.charge(&owner, |account| account.coming = account.coming + amount);
        Ok(Reservation { owner, amount })
    }

    /// Ends a reservation: its block is now stored, or was not written.
    pub fn release(&mut self, reservation: &Reservation) {
        let Reservation { owner, amount } = reservation;
        self.coming = self.coming - *amount;
        self.charge(owner, |account| account.coming = account.coming - *amount);
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

    /// Changes an account. An account exists for as long as anything counts against it.
    fn charge(&mut self, owner: &Arc<str>, change: impl FnOnce(&mut Account)) {
        let account = self.accounts.entry(Arc::clone(owner)).or_default();
        change(account);
        if *account == Account::default() {
            self.accounts.remove(owner);
        }
    }

    fn dag_mut(&mut self, id: DagId) -> &mut Dag {
        self.dags.get_mut(&id).expect("its number is known")
    }

    /// Removes a DAG from all sums and indices.
    fn forget(&mut self, id: DagId) -> Option<Dag> {
        let dag = self.dags.remove(&id)?;
        self.ids.remove(&dag.key);
        self.apply(&dag.owner, &dag.standing, Timer::Dag(id), false);
        let amount = Amount::of(&dag.record);
        self.charge(&dag.owner, |account| {
            account.stored = account.stored - amount;
        });
        self.unfinished -= usize::from(!dag.record.is_complete());
        Some(dag)
    }

    fn forget_grant(&mut self, key: &[u8]) {
        if let Some(grant) = self.grants.remove(key) {
            self.apply(
                &grant.owner,
                &grant.standing,
                Timer::Grant(key.to_vec()),
                false,
            );
        }
    }

    /// Adds the state of a record or a grant to all sums and indices, or removes it.
    fn apply(&mut self, owner: &Arc<str>, standing: &Standing, timer: Timer, add: bool) {
        let Standing {
            committed,
            expected,
            candidate,
            timer: at,
        } = standing;
        let at = at.map(|at| (at, timer));
        if add {
            self.committed += committed;
            self.expected += usize::from(*expected);
            self.charge(owner, |account| account.committed += committed);
            candidate.iter().for_each(|dag| self.order.insert(dag));
            self.timers.extend(at);
        } else {
            self.committed -= committed;
            self.expected -= usize::from(*expected);
            self.charge(owner, |account| account.committed -= committed);
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

    /// Recomputes the state of a DAG.
    fn judge_dag(&mut self, id: DagId, now: u64) {
        let dag = &self.dags[&id];
        let record = &dag.record;
        let is_held = self.held.contains_key(dag.key.as_slice());
        let protection = protection(record, self.limits.partial_ttl, is_held, now);
        // Until then, room for its declared size is kept.
        let active = record.last_block.saturating_add(RESERVATION);
        let expected = !record.is_complete() && active > now;
        let kept = if expected {
            record.bytes.max(record.size)
        } else {
            record.bytes
        };
        let (committed, until, is_candidate) = match protection {
            Protection::Pinned => (kept, None, false),
            Protection::Until(until) => (kept, Some(until), false),
            Protection::InUse => (0, None, false),
            Protection::Lapsed => (0, None, true),
        };
        let standing = Standing {
            committed,
            expected,
            candidate: is_candidate.then(|| Candidate {
                id,
                owner: Arc::clone(&dag.owner),
                last_used: record.last_used,
                complete: record.is_complete(),
            }),
            timer: until.into_iter().chain(expected.then_some(active)).min(),
        };
        if standing == dag.standing {
            return;
        }
        let owner = Arc::clone(&dag.owner);
        let before = std::mem::replace(&mut self.dag_mut(id).standing, standing.clone());
        self.apply(&owner, &before, Timer::Dag(id), false);
        self.apply(&owner, &standing, Timer::Dag(id), true);
    }

    /// Recomputes the state of a grant, and removes it if it has expired.
    fn judge_grant(&mut self, key: &[u8], now: u64) {
        let Some(grant) = self.grants.get_mut(key) else {
            return;
        };
        let active = grant.at.saturating_add(RESERVATION);
        let standing = Standing {
            committed: if active > now { grant.size } else { 0 },
            expected: active > now,
            candidate: None,
            timer: Some(if active > now {
                active.min(grant.expires)
            } else {
                grant.expires
            }),
        };
        let over = grant.expires <= now;
        let owner = Arc::clone(&grant.owner);
        let before = std::mem::replace(&mut grant.standing, standing.clone());
        self.apply(&owner, &before, Timer::Grant(key.to_vec()), false);
        if over {
            self.grants.remove(key);
        } else {
            self.apply(&owner, &standing, Timer::Grant(key.to_vec()), true);
        }
    }
}

#[cfg(test)]
mod tests;
