//! The provider records of the DHT, stored compactly.
//!
//! Their number is limited in total, for each function, for each peer and for each address block,
//! so that nobody can crowd out others. What is answered is a choice that fits into one message: the
//! providers that are there come first, because they are connected to this node or to another one
//! that has said so, in a random order, so that all are found after some time; then the others, the
//! latest first; and of both, one of each address block before the second of any.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};
#[cfg(not(target_family = "wasm"))]
use std::hash::{BuildHasher as _, RandomState};
#[cfg(not(target_family = "wasm"))]
use std::ops::Bound;

use libp2p::kad::store::{Error, RecordStore, Result};
use libp2p::kad::{ProviderRecord, Record, RecordKey};
use libp2p::{Multiaddr, PeerId};
use rand::seq::SliceRandom;
use web_time::Instant;

#[cfg(not(target_family = "wasm"))]
use crate::address::relay_of;
use crate::block::{Block, Shares};
use crate::config::RelayLimits;
use crate::guests::Guests;
#[cfg(not(target_family = "wasm"))]
use crate::libraries::RECORD_TTL;
use crate::libraries::{KAD_MESSAGE, KAD_REPLICATION};
#[cfg(not(target_family = "wasm"))]
use crate::taken_back::{TakenBack, Withdrawal, unix_seconds};

/// How many addresses of one provider are kept.
const ADDRESSES: usize = 8;
/// The longest address that is kept, in bytes.
const ADDRESS_BYTES: usize = 256;
/// How many functions this peer may provide itself.
pub(crate) const OWN_FUNCTIONS: usize = 100_000;
/// A key is the sha2-256 multihash of a name: these two bytes followed by the hash.
const KEY_PREFIX: [u8; 2] = [0x12, 0x20];
/// An address block may have one of this many parts of the records that there is room for.
pub(crate) const BLOCK_PART: usize = 4;
/// How many bytes of a message the addresses of one node in the routing table may take. An answer
/// names the nodes that are nearest to a key, too.
pub(crate) const NODE_BYTES: usize = 256;
/// How many bytes an answer needs for each peer besides its addresses, and for each address besides
/// the address.
const BYTES_BESIDE_PEER: usize = 48;
const BYTES_BESIDE_ADDRESS: usize = 4;
/// How many addresses of a node there are at most; see `driver/routing.rs`.
pub(crate) const NODE_ADDRESSES: usize = 4;
/// How many bytes of a message the providers may take. The rest is for the nearest nodes.
const PROVIDERS_BYTES: usize = KAD_MESSAGE
    - KAD_REPLICATION.get()
        * (BYTES_BESIDE_PEER + NODE_ADDRESSES * BYTES_BESIDE_ADDRESS + NODE_BYTES)
    - 64;
/// How many providers are answered with: one may be who asks, and is left out by kad.
const ANSWERED: usize = KAD_REPLICATION.get() + 1;

const _: () = assert!(
    ANSWERED * (BYTES_BESIDE_PEER + BYTES_BESIDE_ADDRESS + ADDRESS_BYTES) <= PROVIDERS_BYTES,
    "there is room for one address of each provider",
);

/// The hash of a function's name.
pub(crate) type Hash = [u8; 32];

/// How long a record is kept of which another node told, unless its provider stores it again: longer than it takes until
/// this implementation does.
#[cfg(not(target_family = "wasm"))]
const HEARD_TTL: u32 = 3 * 60 * 60;
/// How long it is remembered that a provider took a record back without signing that, in seconds, and of how many records
/// at most.
#[cfg(not(target_family = "wasm"))]
const TAKEN_BACK_TTL: u32 = 60 * 60;
#[cfg(not(target_family = "wasm"))]
const MAX_TAKEN_BACK: usize = 65_536;
/// How much earlier than a record a withdrawal may seem to be that came after it, since clocks differ, in seconds.
#[cfg(not(target_family = "wasm"))]
const CLOCKS_DIFFER: u64 = 60;

/// A record as one node hands it to another.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Handed {
    pub(crate) hash: Hash,
    pub(crate) provider: PeerId,
    /// How long it is valid.
    pub(crate) seconds: u32,
    pub(crate) addresses: Vec<Multiaddr>,
}

/// Some of the records, in the order of their keys.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Page {
    pub(crate) records: Vec<Handed>,
    /// The last key that was looked at, if there are more.
    pub(crate) after: Option<Hash>,
}

/// How many records are kept for other peers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordLimits {
    pub(crate) records: usize,
    pub(crate) providers_per_function: usize,
    pub(crate) functions_per_peer: usize,
}

impl RecordLimits {
    /// The limits of a node.
    pub(crate) fn new(limits: &RelayLimits) -> Self {
        Self {
            records: limits.max_functions,
            providers_per_function: limits.max_providers_per_function,
            functions_per_peer: limits.max_functions_per_peer,
        }
    }

    /// The limits of a client, which keeps no records of others.
    pub(crate) fn own_only() -> Self {
        Self {
            records: 0,
            providers_per_function: 0,
            functions_per_peer: 0,
        }
    }
}

/// The records that a peer holds.
pub(crate) struct ProviderRecords {
    id: PeerId,
    limits: RecordLimits,
    /// Who is connected to this node, and from where.
    guests: Option<Guests>,
    /// Times are stored as seconds since this one.
    start: Instant,
    functions: BTreeMap<Hash, Vec<Held>>,
    /// The functions that had more providers than an answer names when the last one was added.
    crowded: BTreeSet<Hash>,
    providers: HashMap<PeerId, Provider>,
    /// The peer of each [`Held::provider`].
    by_number: HashMap<u32, PeerId>,
    next_number: u32,
    shares: Shares,
    /// What providers have taken back lately, each as a hash, and until when no other node's word of it is taken.
    #[cfg(not(target_family = "wasm"))]
    taken_back: HashMap<u64, u32>,
    #[cfg(not(target_family = "wasm"))]
    hasher: RandomState,
    /// What they have signed of that.
    #[cfg(not(target_family = "wasm"))]
    withdrawn: TakenBack,
    /// The functions that the peer itself provides.
    own: HashMap<RecordKey, ProviderRecord>,
    /// Where others reach this peer.
    own_addresses: Vec<Multiaddr>,
}

/// One record, which says that a provider offers a function.
#[derive(Debug, Clone, Copy)]
struct Held {
    provider: u32,
    expires: u32,
}

/// What the records of one provider have in common.
struct Provider {
    number: u32,
    records: usize,
    addresses: Vec<Multiaddr>,
    /// Where the provider was when its first record was stored, or the node that told of it.
    block: Option<Block>,
    /// Whether another node told of it, and it has stored nothing itself.
    is_heard: bool,
    /// Until when another node's word counts that it is there.
    present: u32,
}

/// Who shares a place in the order of an answer.
#[derive(PartialEq, Eq, Hash)]
enum Sharer {
    Block(Block),
    Peer(u32),
}

impl ProviderRecords {
    pub(crate) fn new(id: PeerId, limits: RecordLimits, guests: Option<Guests>) -> Self {
        Self {
            id,
            limits,
            guests,
            start: Instant::now(),
            functions: BTreeMap::new(),
            crowded: BTreeSet::new(),
            providers: HashMap::new(),
            by_number: HashMap::new(),
            next_number: 0,
            shares: Shares::new(limits.records, BLOCK_PART),
            #[cfg(not(target_family = "wasm"))]
            taken_back: HashMap::new(),
            #[cfg(not(target_family = "wasm"))]
            hasher: RandomState::new(),
            #[cfg(not(target_family = "wasm"))]
            withdrawn: TakenBack::new(),
            own: HashMap::new(),
            own_addresses: Vec::new(),
        }
    }

    /// How many functions there are records of, and how many records.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.functions.len(), self.shares.total())
    }

    /// Sets the addresses in this peer's own records. (Without any, kad would take those that the
    /// peer listens on and those at which it is reached, the same ones twice.)
    #[cfg_attr(target_family = "wasm", allow(dead_code))]
    pub(crate) fn set_own_addresses(&mut self, addresses: Vec<Multiaddr>) {
        self.own_addresses = kept(addresses);
    }

    /// Removes the records that have expired.
    pub(crate) fn sweep(&mut self) {
        let now = self.seconds(Instant::now());
        let mut gone = Vec::new();
        self.functions.retain(|_, held| {
            held.retain(|record| {
                let live = record.expires > now;
                if !live {
                    gone.push(record.provider);
                }
                live
            });
            !held.is_empty()
        });
        for number in gone {
            self.release(number);
        }
        #[cfg(not(target_family = "wasm"))]
        self.withdrawn.sweep(unix_seconds());
    }

    /// How many functions have records of other peers.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.functions.len()
    }

    fn seconds(&self, at: Instant) -> u32 {
        u32::try_from(at.saturating_duration_since(self.start).as_secs()).unwrap_or(u32::MAX)
    }

    /// Whether a provider is connected to this node, and from which block.
    fn find(&self, provider: &PeerId) -> Option<Option<Block>> {
        self.guests.as_ref()?.find(provider)
    }

    fn blame(&self, block: Option<Block>, what: &'static str) {
        if let Some(guests) = &self.guests {
            guests.blame(block, what);
        }
    }

    fn add(&mut self, record: ProviderRecord) -> Result<()> {
        let block = self.find(&record.provider).flatten();
        let Some(hash) = hash_of(&record.key) else {
            self.blame(block, "stores records that are not of this network");
            return Err(Error::ValueTooLarge);
        };
        let expires = record.expires.map_or(u32::MAX, |at| self.seconds(at));
        #[cfg(not(target_family = "wasm"))]
        if !self.taken_back.is_empty() {
            let provided = self.hasher.hash_one((hash, record.provider));
            self.taken_back.remove(&provided);
        }
        #[cfg(not(target_family = "wasm"))]
        self.withdrawn.forget(&hash, &record.provider);
        let known = self.providers.get(&record.provider);
        let number = known.map(|provider| provider.number);
        let held = self.functions.get(&hash);
        let is_new =
            !held.is_some_and(|held| held.iter().any(|record| Some(record.provider) == number));
        if is_new {
            let own = known.map_or(0, |provider| provider.records);
            let block = known.map_or(block, |provider| provider.block);
            if own >= self.limits.functions_per_peer || !self.shares.has_room(block) {
                self.blame(block, "stores more records than it may have");
                return Err(Error::MaxProvidedKeys);
            }
        }
        let number = self.retain(record.provider, record.addresses, block, is_new);
        let held = self.functions.entry(hash).or_default();
        if let Some(record) = held.iter_mut().find(|record| record.provider == number) {
            record.expires = expires;
            return Ok(());
        }
        held.push(Held {
            provider: number,
            expires,
        });
        if held.len() > ANSWERED {
            self.crowded.insert(hash);
        }
        if held.len() > self.limits.providers_per_function {
            let now = self.start.elapsed().as_secs();
            let expired = held.iter().find(|held| u64::from(held.expires) <= now);
            let expired = expired.map(|held| held.provider);
            if let Some(last) = expired.or_else(|| self.ranked(&hash).pop()) {
                self.remove(&hash, last);
            }
        }
        Ok(())
    }

    /// The relays at which a provider is, as its records say.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn relays_of(&self, provider: &PeerId) -> impl Iterator<Item = PeerId> {
        let known = self.providers.get(provider);
        let addresses = known.into_iter().flat_map(|known| &known.addresses);
        addresses.filter_map(relay_of)
    }

    /// Whether there is a record of a provider under a key.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn holds(&self, hash: &Hash, provider: &PeerId) -> bool {
        if *provider == self.id {
            return self.own.contains_key(&key_of(hash));
        }
        let now = self.seconds(Instant::now());
        let number = self.providers.get(provider).map(|known| known.number);
        let held = self.functions.get(hash);
        held.is_some_and(|held| {
            let mut held = held.iter();
            held.any(|one| Some(one.provider) == number && one.expires > now)
        })
    }

    /// Removes the record that a provider takes back. Another node that has not been told yet, or told of the record before,
    /// does not bring it back. What the provider has signed is told to other nodes, if there was a record: so it costs
    /// whoever wants to be told of in this way, and who makes this node check signatures, a record for each.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn take_back(&mut self, hash: &Hash, provider: &PeerId, signed: Option<Withdrawal>) {
        let signed = signed.filter(|signed| {
            self.holds(hash, provider)
                && TakenBack::is_current(signed, unix_seconds())
                && signed.is_signed()
        });
        if let Some(signed) = signed {
            let known = self.providers.get(provider);
            let block = known.and_then(|known| known.block);
            self.withdrawn.keep(signed, block);
        }
        let now = self.seconds(Instant::now());
        if self.taken_back.len() >= MAX_TAKEN_BACK {
            self.taken_back.retain(|_, until| *until > now);
        }
        if self.taken_back.len() >= MAX_TAKEN_BACK {
            self.taken_back.clear();
        }
        let until = now.saturating_add(TAKEN_BACK_TTL);
        let taken_back = self.hasher.hash_one((hash, provider));
        self.taken_back.insert(taken_back, until);
        if let Some(number) = self.providers.get(provider).map(|known| known.number) {
            self.remove(hash, number);
        }
    }

    /// Removes the record that a provider has taken back, as another node tells, which is in this address block. Returns
    /// false if the provider has not signed that.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn hear_withdrawn(&mut self, from: Option<Block>, told: Withdrawal) -> bool {
        let (hash, provider) = (told.hash, told.provider);
        let now = unix_seconds();
        let stored = self.stored(&hash, &provider, now);
        let is_old = stored.is_some_and(|stored| told.at.saturating_add(CLOCKS_DIFFER) < stored);
        let is_known = self.withdrawn.at(&hash, &provider) >= Some(told.at);
        let is_of_use = stored.is_some() || self.withdrawn.has_room(from);
        if provider == self.id
            || is_old
            || is_known
            || !is_of_use
            || !TakenBack::is_current(&told, now)
        {
            return true;
        }
        if !told.is_signed() {
            return false;
        }
        self.withdrawn.keep(told, from);
        if let Some(number) = self.providers.get(&provider).map(|known| known.number) {
            self.remove(&hash, number);
        }
        true
    }

    /// When the record of a provider was stored here, in Unix seconds; one that was heard of counts as older than it is.
    #[cfg(not(target_family = "wasm"))]
    fn stored(&self, hash: &Hash, provider: &PeerId, now: u64) -> Option<u64> {
        let number = self.providers.get(provider)?.number;
        let mut held = self.functions.get(hash)?.iter();
        let held = held.find(|held| held.provider == number)?;
        let left = held.expires.saturating_sub(self.seconds(Instant::now()));
        Some(now.saturating_sub(RECORD_TTL.as_secs().saturating_sub(left.into())))
    }

    /// What providers have signed that they took back; see [`TakenBack::page`].
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn withdrawn(&self) -> &TakenBack {
        &self.withdrawn
    }

    /// Looks at up to `scanned` functions after a key, and returns the records of those that are `wanted`, which is told
    /// the key and how many bytes the addresses of its providers have; `None` ends the page before that function.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn page(
        &self,
        after: Option<Hash>,
        scanned: usize,
        mut wanted: impl FnMut(&RecordKey, usize) -> Option<bool>,
    ) -> Page {
        let now = self.seconds(Instant::now());
        let mut page = Page {
            records: Vec::new(),
            after: None,
        };
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut last = after;
        for (count, (hash, held)) in self.functions.range((first, Bound::Unbounded)).enumerate() {
            let records: Vec<Handed> = held
                .iter()
                .filter_map(|held| {
                    let provider = *self.by_number.get(&held.provider)?;
                    let seconds = held.expires.checked_sub(now).filter(|left| *left > 0)?;
                    let addresses = self.providers.get(&provider)?.addresses.clone();
                    Some(Handed {
                        hash: *hash,
                        provider,
                        seconds,
                        addresses,
                    })
                })
                .collect();
            let addresses = records.iter().flat_map(|record| &record.addresses);
            let bytes = addresses.map(|address| 2 * address.len()).sum();
            let is_wanted = match wanted(&key_of(hash), bytes) {
                Some(is_wanted) if count < scanned => is_wanted,
                _ => {
                    page.after = last;
                    break;
                }
            };
            if is_wanted {
                page.records.extend(records);
            }
            last = Some(*hash);
        }
        page
    }

    /// Takes a record of which another node told, which is in this address block. It never takes the place of what a
    /// provider has stored itself.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn hear(&mut self, from: Option<Block>, handed: Handed) {
        let Handed {
            hash,
            provider,
            seconds,
            addresses,
        } = handed;
        let known = self.providers.get(&provider);
        let number = known.map(|known| known.number);
        let held = self.functions.get(&hash);
        let is_held = held.is_some_and(|held| held.iter().any(|one| Some(one.provider) == number));
        let count = held.map_or(0, Vec::len);
        // A provider has room left for what it stores itself.
        let is_too_much =
            known.map_or(0, |known| known.records) >= self.limits.functions_per_peer / 2;
        let now = self.seconds(Instant::now());
        let taken_back = self.hasher.hash_one((hash, provider));
        let is_taken_back = self
            .taken_back
            .get(&taken_back)
            .is_some_and(|until| *until > now);
        let is_taken_back = is_taken_back || self.withdrawn.at(&hash, &provider).is_some();
        if provider == self.id
            || is_held
            || is_taken_back
            || is_too_much
            || count >= self.limits.providers_per_function
            || !self
                .shares
                .has_room(known.map_or(from, |known| known.block))
        {
            return;
        }
        let is_first = known.is_none_or(|known| known.is_heard);
        let known = known.map(|known| (known.block, known.addresses.clone()));
        let (block, addresses) = match known {
            Some((block, stored)) if !is_first => (block, stored),
            Some((block, _)) => (block, addresses),
            None => (from, addresses),
        };
        if let Some(known) = self.providers.get_mut(&provider) {
            known.is_heard = false;
        }
        let number = self.retain(provider, addresses, block, true);
        if let Some(known) = self.providers.get_mut(&provider) {
            known.is_heard = is_first;
        }
        let held = self.functions.entry(hash).or_default();
        held.push(Held {
            provider: number,
            expires: now.saturating_add(seconds.min(HEARD_TTL)),
        });
        if held.len() > ANSWERED {
            self.crowded.insert(hash);
        }
    }

    /// Providers that are not connected to this node, of functions that have more of them than an answer names, with
    /// their relays. After about as many as the limit it ends; `after` is the function from which the next call goes on.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn absent(
        &mut self,
        after: &mut Option<Hash>,
        limit: usize,
    ) -> Vec<(PeerId, Vec<PeerId>)> {
        let mut absent = Vec::new();
        for _ in 0..self.crowded.len() {
            let rest = (
                after.map_or(Bound::Unbounded, Bound::Excluded),
                Bound::Unbounded,
            );
            let next = self.crowded.range(rest).next();
            let Some(hash) = next.or_else(|| self.crowded.first()).copied() else {
                break;
            };
            *after = Some(hash);
            let held = self.functions.get(&hash).map_or(&[][..], Vec::as_slice);
            if held.len() <= ANSWERED {
                self.crowded.remove(&hash);
                continue;
            }
            for held in held {
                if let Some(id) = self.by_number.get(&held.provider)
                    && self.find(id).is_none()
                {
                    absent.push((*id, self.relays_of(id).collect()));
                }
            }
            if absent.len() >= limit {
                break;
            }
        }
        absent
    }

    /// Notes that a provider is there, as another node has said, until then.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn is_present(&mut self, provider: &PeerId, until: Instant) {
        let until = self.seconds(until);
        if let Some(known) = self.providers.get_mut(provider) {
            known.present = until;
        }
    }

    /// The providers of a function in the order in which they are answered; the first that must go
    /// is the last.
    fn ranked(&self, hash: &Hash) -> Vec<u32> {
        let now = self.seconds(Instant::now());
        let (mut live, mut others) = (Vec::new(), Vec::new());
        for held in self.functions.get(hash).into_iter().flatten() {
            let Some(id) = self.by_number.get(&held.provider) else {
                continue;
            };
            // What has expired is there until the next sweep.
            if held.expires <= now {
                continue;
            }
            let present = self.providers.get(id).map_or(0, |known| known.present);
            if present > now || self.find(id).is_some() {
                live.push(*held);
            } else {
                others.push(*held);
            }
        }
        live.shuffle(&mut rand::rng());
        others.sort_by_key(|held| std::cmp::Reverse(held.expires));
        let mut numbers = self.in_turn(live);
        numbers.extend(self.in_turn(others));
        numbers
    }

    /// Orders records so that one of each address block comes before the second of any.
    fn in_turn(&self, held: Vec<Held>) -> Vec<u32> {
        let mut turns: HashMap<Sharer, usize> = HashMap::new();
        let mut numbers: Vec<(usize, u32)> = held
            .into_iter()
            .map(|held| {
                let id = self.by_number.get(&held.provider);
                let block = id
                    .and_then(|id| self.providers.get(id))
                    .and_then(|provider| provider.block);
                let sharer = block.map_or(Sharer::Peer(held.provider), Sharer::Block);
                let turn = turns.entry(sharer).or_default();
                *turn += 1;
                (*turn, held.provider)
            })
            .collect();
        numbers.sort_by_key(|(turn, _)| *turn);
        numbers.into_iter().map(|(_, number)| number).collect()
    }

    /// Removes the record of a provider for a function.
    fn remove(&mut self, hash: &Hash, number: u32) {
        let Some(held) = self.functions.get_mut(hash) else {
            return;
        };
        let before = held.len();
        held.retain(|record| record.provider != number);
        let removed = held.len() < before;
        if held.is_empty() {
            self.functions.remove(hash);
        }
        if removed {
            self.release(number);
        }
    }

    /// Returns the number of a provider, assigning one if it is new, and replaces its addresses.
    fn retain(
        &mut self,
        id: PeerId,
        addresses: Vec<Multiaddr>,
        block: Option<Block>,
        one_more: bool,
    ) -> u32 {
        let addresses = kept(addresses);
        let provider = match self.providers.entry(id) {
            hash_map::Entry::Occupied(known) => {
                let known = known.into_mut();
                known.addresses = addresses;
                if std::mem::take(&mut known.is_heard) {
                    // From now on its records are its own matter.
                    let told = std::mem::replace(&mut known.block, block);
                    for _ in 0..known.records {
                        self.shares.give_back(told);
                        self.shares.take(block);
                    }
                }
                known
            }
            hash_map::Entry::Vacant(new) => {
                // After 2^32 providers the numbers wrap around; those still in use are skipped.
                while self.by_number.contains_key(&self.next_number) {
                    self.next_number = self.next_number.wrapping_add(1);
                }
                let number = self.next_number;
                self.next_number = number.wrapping_add(1);
                self.by_number.insert(number, id);
                new.insert(Provider {
                    number,
                    records: 0,
                    addresses,
                    block,
                    is_heard: false,
                    present: 0,
                })
            }
        };
        if one_more {
            provider.records += 1;
            self.shares.take(provider.block);
        }
        provider.number
    }

    /// Counts one record less for a provider, and forgets the provider with its last record.
    fn release(&mut self, number: u32) {
        let Some(id) = self.by_number.get(&number).copied() else {
            return;
        };
        if let hash_map::Entry::Occupied(mut provider) = self.providers.entry(id) {
            self.shares.give_back(provider.get().block);
            provider.get_mut().records -= 1;
            if provider.get().records == 0 {
                provider.remove();
                self.by_number.remove(&number);
            }
        }
    }
}

/// The addresses of a provider that are kept, each once.
fn kept(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let mut kept = Vec::new();
    for address in addresses {
        if address.len() <= ADDRESS_BYTES && kept.len() < ADDRESSES && !kept.contains(&address) {
            kept.push(address);
        }
    }
    kept
}

/// How many bytes of a message an answer takes at most, with the nearest nodes.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn size_of_answer(records: &[ProviderRecord]) -> usize {
    let addresses = records.iter().flat_map(|record| &record.addresses);
    let addresses = addresses.map(|address| address.len() + BYTES_BESIDE_ADDRESS);
    records.len() * BYTES_BESIDE_PEER + addresses.sum::<usize>() + KAD_MESSAGE - PROVIDERS_BYTES
}

/// Leaves out addresses so that the rest fits into a message: everyone's first ones stay longest.
fn fit(records: &mut [ProviderRecord]) {
    let mut left = PROVIDERS_BYTES.saturating_sub(records.len() * BYTES_BESIDE_PEER);
    let mut kept = vec![0; records.len()];
    for round in 0..ADDRESSES {
        for (record, kept) in records.iter().zip(&mut kept) {
            let Some(address) = record.addresses.get(round) else {
                continue;
            };
            let needed = address.len() + BYTES_BESIDE_ADDRESS;
            // Whoever has lost an address loses those after it, too: the first ones are the best.
            if *kept == round && needed <= left {
                left -= needed;
                *kept += 1;
            }
        }
    }
    for (record, kept) in records.iter_mut().zip(kept) {
        record.addresses.truncate(kept);
    }
}

/// The key with a hash.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn key_of(hash: &Hash) -> RecordKey {
    RecordKey::new(&[&KEY_PREFIX[..], hash].concat())
}

/// The hash in a key, if it is a key of this network.
fn hash_of(key: &RecordKey) -> Option<Hash> {
    let bytes: &[u8] = key.as_ref();
    bytes.strip_prefix(&KEY_PREFIX)?.try_into().ok()
}

impl RecordStore for ProviderRecords {
    type RecordsIter<'a> = std::iter::Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = std::iter::Map<
        hash_map::Values<'a, RecordKey, ProviderRecord>,
        fn(&'a ProviderRecord) -> Cow<'a, ProviderRecord>,
    >;

    // The network stores no values, only providers.
    fn get(&self, _: &RecordKey) -> Option<Cow<'_, Record>> {
        None
    }

    fn put(&mut self, _: Record) -> Result<()> {
        Err(Error::MaxRecords)
    }

    fn remove(&mut self, _: &RecordKey) {}

    fn records(&self) -> Self::RecordsIter<'_> {
        std::iter::empty()
    }

    fn add_provider(&mut self, record: ProviderRecord) -> Result<()> {
        if record.provider != self.id {
            return self.add(record);
        }
        if self.own.len() >= OWN_FUNCTIONS && !self.own.contains_key(&record.key) {
            return Err(Error::MaxProvidedKeys);
        }
        self.own.insert(record.key.clone(), record);
        Ok(())
    }

    fn providers(&self, key: &RecordKey) -> Vec<ProviderRecord> {
        let record = |provider: PeerId, addresses: &[Multiaddr]| ProviderRecord {
            key: key.clone(),
            provider,
            expires: None,
            addresses: addresses.to_vec(),
        };
        let own = self
            .own
            .contains_key(key)
            .then(|| record(self.id, &self.own_addresses));
        let hash = hash_of(key);
        let others = hash.iter().flat_map(|hash| self.ranked(hash));
        let others = others.filter_map(|number| {
            let id = self.by_number.get(&number)?;
            Some(record(*id, &self.providers.get(id)?.addresses))
        });
        let mut records: Vec<_> = own.into_iter().chain(others).take(ANSWERED).collect();
        fit(&mut records);
        records
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        self.own.values().map(Cow::Borrowed)
    }

    fn remove_provider(&mut self, key: &RecordKey, provider: &PeerId) {
        if *provider == self.id {
            self.own.remove(key);
            return;
        }
        let number = self.providers.get(provider).map(|known| known.number);
        if let Some((hash, number)) = hash_of(key).zip(number) {
            self.remove(&hash, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use libp2p::identity::Keypair;

    use super::*;

    fn key(n: u32) -> RecordKey {
        let name: fluence::names::FunctionName = format!("f{n}").parse().unwrap();
        RecordKey::new(&name.dht_key())
    }

    fn record(n: u32, provider: PeerId) -> ProviderRecord {
        ProviderRecord {
            key: key(n),
            provider,
            expires: Some(Instant::now() + Duration::from_secs(3600)),
            addresses: vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()],
        }
    }

    fn guests() -> Guests {
        Guests::new(&RelayLimits::default())
    }

    fn store_of(guests: Guests, limits: RecordLimits) -> ProviderRecords {
        ProviderRecords::new(PeerId::random(), limits, Some(guests))
    }

    fn store() -> ProviderRecords {
        store_of(
            guests(),
            RecordLimits {
                records: 10,
                providers_per_function: 3,
                functions_per_peer: 5,
            },
        )
    }

    /// A new peer that is connected from this address.
    fn come(guests: &Guests, ip: &str) -> PeerId {
        let peer = PeerId::random();
        let address = format!("/ip4/{ip}/tcp/1").parse().unwrap();
        guests.connected(peer, guests.block_of(&address));
        peer
    }

    fn go(guests: &Guests, peer: PeerId, ip: &str) {
        let address = format!("/ip4/{ip}/tcp/1").parse().unwrap();
        guests.disconnected(&peer, &address, guests.block_of(&address));
    }

    fn found(store: &ProviderRecords, n: u32) -> Vec<PeerId> {
        store
            .providers(&key(n))
            .into_iter()
            .map(|r| r.provider)
            .collect()
    }

    #[test]
    fn a_peer_has_its_share_and_no_more() {
        let mut store = store();
        let (greedy, modest) = (PeerId::random(), PeerId::random());
        let taken = (0..20)
            .filter(|n| store.add_provider(record(*n, greedy)).is_ok())
            .count();
        assert_eq!(taken, 5);
        store.add_provider(record(7, modest)).unwrap();
        assert_eq!(found(&store, 7), [modest]);
        // It may renew a record that it has.
        store.add_provider(record(0, greedy)).unwrap();
        assert_eq!(found(&store, 0), [greedy]);
    }

    #[test]
    fn records_are_bounded_in_all() {
        let mut store = store();
        for n in 0..30 {
            let _ = store.add_provider(record(n, PeerId::random()));
        }
        // The last place is kept for somebody whose address block is known.
        assert_eq!(store.len(), 9);
        assert_eq!(store.providers.len(), 9);
    }

    #[test]
    fn the_newest_providers_of_a_function_are_kept() {
        let mut store = store();
        let peers: Vec<PeerId> = (0..5).map(|_| PeerId::random()).collect();
        for (n, peer) in peers.iter().enumerate() {
            let mut record = record(0, *peer);
            record.expires = Some(Instant::now() + Duration::from_secs(100 * (n as u64 + 1)));
            store.add_provider(record).unwrap();
        }
        assert_eq!(found(&store, 0), [peers[4], peers[3], peers[2]]);
        assert_eq!(store.providers.len(), 3);
    }

    #[test]
    fn what_has_expired_is_not_found_and_is_swept() {
        let mut store = store();
        let mut old = record(0, PeerId::random());
        old.expires = Some(Instant::now());
        store.add_provider(old).unwrap();
        assert!(found(&store, 0).is_empty());
        store.sweep();
        assert_eq!((store.len(), store.providers.len()), (0, 0));
    }

    #[test]
    fn removing_gives_the_room_back() {
        let mut store = store();
        let peer = PeerId::random();
        for n in 0..5 {
            store.add_provider(record(n, peer)).unwrap();
        }
        for n in 0..5 {
            store.remove_provider(&key(n), &peer);
        }
        assert_eq!((store.len(), store.providers.len()), (0, 0));
        store.add_provider(record(9, peer)).unwrap();
    }

    #[test]
    fn own_functions_are_there_whatever_the_limits() {
        let id = PeerId::random();
        let mut store = ProviderRecords::new(id, RecordLimits::own_only(), None);
        store
            .add_provider(ProviderRecord::new(key(1), id, Vec::new()))
            .unwrap();
        assert!(store.add_provider(record(1, PeerId::random())).is_err());
        assert_eq!(found(&store, 1), [id]);
        store.remove_provider(&key(1), &id);
        assert!(found(&store, 1).is_empty());
    }

    #[test]
    fn strange_keys_and_long_addresses_are_refused() {
        let mut store = store();
        let mut strange = record(0, PeerId::random());
        strange.key = RecordKey::new(&[0_u8; 1000]);
        assert!(store.add_provider(strange).is_err());
        let mut chatty = record(0, PeerId::random());
        let long = format!("/dns4/{}/tcp/1", "a".repeat(300)).parse().unwrap();
        chatty.addresses = std::iter::once(long)
            .chain((1..100_u16).map(|n| format!("/ip4/127.0.0.1/tcp/{n}").parse().unwrap()))
            .collect();
        store.add_provider(chatty).unwrap();
        assert_eq!(store.providers(&key(0))[0].addresses.len(), ADDRESSES);
    }

    #[test]
    fn an_answer_fits_into_a_message_and_nobody_is_left_out() {
        let mut store = store_of(guests(), RecordLimits::new(&RelayLimits::default()));
        let long = |n: usize| {
            let name = format!("{n:03}{}", "a".repeat(240));
            format!("/dns4/{name}/tcp/1").parse().unwrap()
        };
        let modest = PeerId::random();
        store.add_provider(record(0, modest)).unwrap();
        for _ in 0..19 {
            let mut chatty = record(0, PeerId::random());
            chatty.addresses = (0..8).map(long).collect();
            store.add_provider(chatty).unwrap();
        }
        let answer = store.providers(&key(0));
        let bytes = |address: &Multiaddr| address.len() + BYTES_BESIDE_ADDRESS;
        let sizes = answer.iter().map(|record| {
            assert!(!record.addresses.is_empty());
            BYTES_BESIDE_PEER + record.addresses.iter().map(bytes).sum::<usize>()
        });
        assert!(sizes.sum::<usize>() <= PROVIDERS_BYTES);
        assert_eq!(answer.len(), 20);
        assert!(answer.iter().any(|record| record.provider == modest));
    }

    #[test]
    fn who_is_there_comes_first_and_everybody_is_found_in_time() {
        let guests = guests();
        let mut store = store_of(guests.clone(), RecordLimits::new(&RelayLimits::default()));
        let offline: Vec<PeerId> = (0..25)
            .map(|n| come(&guests, &format!("192.0.2.{n}")))
            .collect();
        for (n, peer) in (0..).zip(&offline) {
            store.add_provider(record(0, *peer)).unwrap();
            go(&guests, *peer, &format!("192.0.2.{n}"));
        }
        let online: Vec<PeerId> = (0..39)
            .map(|n| come(&guests, &format!("198.51.100.{n}")))
            .collect();
        for peer in &online {
            store.add_provider(record(0, *peer)).unwrap();
        }
        for _ in 0..64 {
            let peer = come(&guests, "203.0.113.1");
            store.add_provider(record(0, peer)).unwrap();
            go(&guests, peer, "203.0.113.1");
        }
        let mut seen = std::collections::HashSet::new();
        for _ in 0..50 {
            let answer = found(&store, 0);
            assert_eq!(answer.len(), ANSWERED);
            assert!(answer.iter().all(|peer| online.contains(peer)));
            seen.extend(answer);
        }
        assert_eq!(seen.len(), online.len());
    }

    #[test]
    fn who_is_there_at_another_node_comes_first_too() {
        let guests = guests();
        let mut store = store_of(guests.clone(), RecordLimits::new(&RelayLimits::default()));
        let relay = PeerId::random();
        let through = |provider, seconds| ProviderRecord {
            expires: Some(Instant::now() + Duration::from_secs(seconds)),
            addresses: vec![
                format!("/ip4/192.0.2.9/tcp/1/p2p/{relay}/p2p-circuit")
                    .parse()
                    .unwrap(),
            ],
            ..record(0, provider)
        };
        let stay = |store: &mut ProviderRecords, ip: &str, seconds| {
            let peer = come(&guests, ip);
            store.add_provider(through(peer, seconds)).unwrap();
            go(&guests, peer, ip);
            peer
        };
        let elsewhere = stay(&mut store, "198.51.100.1", 1000);
        let mut after = None;
        assert!(
            store.absent(&mut after, 1000).is_empty(),
            "one answer names all"
        );
        for n in 0..40 {
            stay(&mut store, &format!("192.0.2.{n}"), 2000);
        }
        // Of the same function in the next round, too.
        for _ in 0..2 {
            let absent = store.absent(&mut after, 1000);
            assert_eq!(absent.len(), 41);
            assert!(absent.contains(&(elsewhere, vec![relay])));
        }
        assert!(!found(&store, 0).contains(&elsewhere));
        store.is_present(&elsewhere, Instant::now() + Duration::from_secs(60));
        assert_eq!(found(&store, 0)[0], elsewhere);
        // What is gone does not displace it.
        for n in 100..200 {
            stay(&mut store, &format!("192.0.2.{n}"), 2000);
        }
        assert_eq!(found(&store, 0)[0], elsewhere);
        store.is_present(&elsewhere, Instant::now());
        assert!(!found(&store, 0).contains(&elsewhere));
        // Nobody is asked about a function that has few providers again.
        for (provider, _) in store.absent(&mut after, 1000).split_off(ANSWERED) {
            store.remove_provider(&key(0), &provider);
        }
        assert!(store.absent(&mut after, 1000).is_empty());
        assert!(store.crowded.is_empty());
    }

    #[test]
    fn a_block_does_not_crowd_out_others() {
        let guests = guests();
        let mut store = store_of(guests.clone(), RecordLimits::new(&RelayLimits::default()));
        let honest = come(&guests, "192.0.2.1");
        store.add_provider(record(0, honest)).unwrap();
        for _ in 0..300 {
            let stranger = come(&guests, "203.0.113.1");
            store.add_provider(record(0, stranger)).unwrap();
        }
        let late = come(&guests, "192.0.2.2");
        store.add_provider(record(0, late)).unwrap();
        let answer = found(&store, 0);
        assert!(answer[..3].contains(&honest) && answer[..3].contains(&late));
        assert_eq!(store.providers.len(), 64);
    }

    #[test]
    fn own_addresses_are_answered_once() {
        let mut store = store();
        let id = store.id;
        store
            .add_provider(ProviderRecord::new(key(1), id, Vec::new()))
            .unwrap();
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        store.set_own_addresses(vec![address.clone(), address.clone()]);
        assert_eq!(store.providers(&key(1))[0].addresses, [address]);
    }

    #[test]
    fn records_are_handed_over_in_pages_and_count_against_who_told() {
        let limits = RecordLimits {
            records: 1000,
            providers_per_function: 3,
            functions_per_peer: 200,
        };
        let (first_guests, second_guests) = (guests(), guests());
        let mut first = store_of(first_guests.clone(), limits);
        let mut second = store_of(second_guests.clone(), limits);
        let alice = come(&first_guests, "10.0.0.1");
        for n in 0..90 {
            first.add_provider(record(n, alice)).unwrap();
        }
        let teller = come(&second_guests, "10.0.0.2");
        let block = second_guests.find(&teller).flatten();
        let (mut after, mut pages) = (None, 0);
        loop {
            let page = first.page(after, 20, |_, _| Some(true));
            assert!(page.records.len() <= 20);
            for record in page.records {
                second.hear(block, record);
            }
            pages += 1;
            after = page.after;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(pages, 5);
        assert!((0..90).all(|n| found(&second, n) == [alice]));
        // A stranger who tells of more than its share is not believed.
        for n in 1000..3000 {
            let hash = hash_of(&key(n)).unwrap();
            second.hear(
                block,
                Handed {
                    hash,
                    provider: PeerId::random(),
                    seconds: 1000,
                    addresses: Vec::new(),
                },
            );
        }
        assert!(second.shares.total() <= limits.records / 3);
        // Once the provider stores something itself, all of it is its own.
        let told = second.shares.total();
        second_guests.connected(alice, first.providers[&alice].block);
        second.add_provider(record(0, alice)).unwrap();
        assert_eq!(second.shares.total(), told);
        assert_eq!(
            second.providers[&alice].block,
            first.providers[&alice].block
        );
        for n in 0..90 {
            second.remove_provider(&key(n), &alice);
        }
        assert_eq!(second.shares.total(), told - 90);
    }

    #[test]
    fn nobody_else_brings_back_what_was_taken_back() {
        let (mut first, mut second) = (store(), store());
        let provider = PeerId::random();
        for n in 0..2 {
            first.add_provider(record(n, provider)).unwrap();
        }
        let hash = hash_of(&key(0)).unwrap();
        // The other node has not got the record yet.
        second.take_back(&hash, &provider, None);
        let told = |store: &mut ProviderRecords| {
            for record in first.page(None, 20, |_, _| Some(true)).records {
                store.hear(None, record);
            }
        };
        told(&mut second);
        assert_eq!(found(&second, 0), []);
        assert_eq!(found(&second, 1), [provider]);
        // It may be provided again, after which others are believed, too.
        second.add_provider(record(0, provider)).unwrap();
        assert_eq!(found(&second, 0), [provider]);
        second.remove_provider(&key(0), &provider);
        told(&mut second);
        assert_eq!(found(&second, 0), [provider]);
        for n in 0..MAX_TAKEN_BACK + 1 {
            let mut hash = hash;
            hash[..8].copy_from_slice(&n.to_le_bytes());
            second.take_back(&hash, &provider, None);
        }
        assert!(second.taken_back.len() <= MAX_TAKEN_BACK);
    }

    #[test]
    fn a_node_that_was_cut_off_is_told_what_was_taken_back() {
        let (mut first, mut second) = (store(), store());
        let keypair = Keypair::generate_ed25519();
        let provider = keypair.public().to_peer_id();
        let stored = |n| ProviderRecord {
            expires: Some(Instant::now() + RECORD_TTL),
            ..record(n, provider)
        };
        for store in [&mut first, &mut second] {
            for n in 0..3 {
                store.add_provider(stored(n)).unwrap();
            }
        }
        let hash = |n| hash_of(&key(n)).unwrap();
        let signed = |n, at| Withdrawal::sign(&keypair, hash(n), at).unwrap();
        let told = |store: &ProviderRecords| store.withdrawn().page(None, 9, 9, |_| true);
        let now = unix_seconds();
        // What is not signed by its provider is told to nobody, and no record is removed on a stranger's word.
        let forged = Withdrawal {
            signature: signed(1, now).signature,
            ..signed(0, now)
        };
        first.take_back(&hash(0), &provider, Some(forged.clone()));
        assert_eq!(told(&first).withdrawals, []);
        assert!(!second.hear_withdrawn(None, forged));
        assert_eq!(found(&second, 0), [provider]);

        first.take_back(&hash(1), &provider, Some(signed(1, now)));
        // Of this one there is no record.
        first.take_back(&hash(9), &provider, Some(signed(9, now)));
        let withdrawals = told(&first).withdrawals;
        assert_eq!(withdrawals, [signed(1, now)]);
        for _ in 0..2 {
            assert!(second.hear_withdrawn(None, withdrawals[0].clone()));
            assert_eq!(found(&second, 1), []);
        }
        assert_eq!(found(&second, 2), [provider]);
        // It tells others in turn, and nobody who has not been told brings the record back.
        assert_eq!(told(&second).withdrawals, withdrawals);
        let mut third = store();
        third.add_provider(stored(1)).unwrap();
        for record in third.page(None, 9, |_, _| Some(true)).records {
            second.hear(None, record);
        }
        assert_eq!(found(&second, 1), []);

        // What is provided again stays, even if somebody tells of the withdrawal once more.
        second.add_provider(stored(1)).unwrap();
        assert_eq!(told(&second).withdrawals, []);
        assert!(second.hear_withdrawn(None, signed(1, now - 2 * CLOCKS_DIFFER)));
        assert_eq!(found(&second, 1), [provider]);
        // A record of which this node only heard may be as old as any.
        let mut fourth = store();
        for record in third.page(None, 9, |_, _| Some(true)).records {
            fourth.hear(None, record);
        }
        assert_eq!(found(&fourth, 1), [provider]);
        assert!(fourth.hear_withdrawn(None, signed(1, now - 60 * 60)));
        assert_eq!(found(&fourth, 1), []);
    }

    #[test]
    fn what_is_told_never_takes_the_place_of_what_was_stored() {
        let mut store = store();
        let stored: Vec<PeerId> = (0..3).map(|_| PeerId::random()).collect();
        for peer in &stored {
            store.add_provider(record(0, *peer)).unwrap();
        }
        let hash = hash_of(&key(0)).unwrap();
        let hear = |store: &mut ProviderRecords, hash, provider| {
            let addresses = vec!["/ip4/10.9.9.9/tcp/1".parse().unwrap()];
            let seconds = 1_000_000;
            store.hear(
                None,
                Handed {
                    hash,
                    provider,
                    seconds,
                    addresses,
                },
            );
        };
        hear(&mut store, hash, PeerId::random());
        let mut providers = found(&store, 0);
        providers.sort();
        let mut expected = stored.clone();
        expected.sort();
        assert_eq!(providers, expected);
        // Nor do the addresses that a provider itself has told.
        hear(&mut store, hash_of(&key(1)).unwrap(), stored[0]);
        let addresses = store.providers(&key(1))[0].addresses.clone();
        assert_eq!(addresses, record(1, stored[0]).addresses);
    }
}
