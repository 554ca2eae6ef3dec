//! The provider records of the DHT, stored compactly. Their number is limited in total, for each
//! function and for each peer, so that no peer can crowd out the others.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};

use libp2p::kad::store::{Error, RecordStore, Result};
use libp2p::kad::{ProviderRecord, Record, RecordKey};
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

/// How many addresses of one provider are kept.
const ADDRESSES: usize = 8;
/// The longest address that is kept, in bytes.
const ADDRESS_BYTES: usize = 256;
/// How many functions this peer may provide itself.
pub(crate) const OWN_FUNCTIONS: usize = 100_000;
/// A key is the sha2-256 multihash of a name: these two bytes followed by the hash.
const KEY_PREFIX: [u8; 2] = [0x12, 0x20];

/// How many records are kept for other peers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordLimits {
    pub(crate) functions: usize,
    pub(crate) providers_per_function: usize,
    pub(crate) functions_per_peer: usize,
}

impl RecordLimits {
    /// The limits of a client, which keeps no records of others.
    pub(crate) fn own_only() -> Self {
        Self {
            functions: 0,
            providers_per_function: 0,
            functions_per_peer: 0,
        }
    }
}

/// The records that a peer holds.
pub(crate) struct ProviderRecords {
    id: PeerId,
    limits: RecordLimits,
    /// Times are stored as seconds since this one.
    start: Instant,
    functions: HashMap<[u8; 32], Vec<Held>>,
    providers: HashMap<PeerId, Provider>,
    /// The peer of each [`Held::provider`].
    by_number: HashMap<u32, PeerId>,
    next_number: u32,
    /// The functions that the peer itself provides.
    own: HashMap<RecordKey, ProviderRecord>,
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
}

impl ProviderRecords {
    pub(crate) fn new(id: PeerId, limits: RecordLimits) -> Self {
        Self {
            id,
            limits,
            start: Instant::now(),
            functions: HashMap::new(),
            providers: HashMap::new(),
            by_number: HashMap::new(),
            next_number: 0,
            own: HashMap::new(),
        }
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
        if self.functions.capacity() > 4 * self.functions.len() {
            self.functions.shrink_to_fit();
        }
    }

    /// How many functions have records of other peers.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.functions.len()
    }

    fn seconds(&self, at: Instant) -> u32 {
        u32::try_from(at.saturating_duration_since(self.start).as_secs()).unwrap_or(u32::MAX)
    }

    fn add(&mut self, record: ProviderRecord) -> Result<()> {
        let Some(hash) = hash_of(&record.key) else {
            return Err(Error::ValueTooLarge);
        };
        let now = self.seconds(Instant::now());
        let expires = record.expires.map_or(u32::MAX, |at| self.seconds(at));
        let known = self.providers.get(&record.provider);
        let number = known.map(|provider| provider.number);
        let held = self.functions.get(&hash);
        let is_new =
            !held.is_some_and(|held| held.iter().any(|record| Some(record.provider) == number));
        if is_new {
            if held.is_none() && self.functions.len() >= self.limits.functions {
                return Err(Error::MaxProvidedKeys);
            }
            if known.is_some_and(|provider| provider.records >= self.limits.functions_per_peer)
                || self.limits.functions_per_peer == 0
            {
                return Err(Error::MaxProvidedKeys);
            }
        }
        let number = self.retain(record.provider, record.addresses, is_new);
        let held = self.functions.entry(hash).or_default();
        if let Some(record) = held.iter_mut().find(|record| record.provider == number) {
            record.expires = expires;
            return Ok(());
        }
        held.push(Held {
            provider: number,
            expires,
        });
        // The record that expires first makes room, because the one that was stored last is the
        // most likely to be still true.
        let mut out = None;
        if held.len() > self.limits.providers_per_function {
            let first = held
                .iter()
                .enumerate()
                .min_by_key(|(_, record)| record.expires.max(now))
                .map_or(0, |(at, _)| at);
            out = Some(held.remove(first).provider);
        }
        if let Some(number) = out {
            self.release(number);
        }
        Ok(())
    }

    /// Returns the number of a provider, assigning one if it is new, and replaces its addresses.
    fn retain(&mut self, id: PeerId, addresses: Vec<Multiaddr>, one_more: bool) -> u32 {
        let addresses: Vec<Multiaddr> = addresses
            .into_iter()
            .filter(|address| address.len() <= ADDRESS_BYTES)
            .take(ADDRESSES)
            .collect();
        let provider = match self.providers.entry(id) {
            hash_map::Entry::Occupied(known) => {
                let known = known.into_mut();
                known.addresses = addresses;
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
                })
            }
        };
        provider.records += usize::from(one_more);
        provider.number
    }

    /// Counts one record less for a provider, and forgets the provider with its last record.
    fn release(&mut self, number: u32) {
        let Some(id) = self.by_number.get(&number).copied() else {
            return;
        };
        if let hash_map::Entry::Occupied(mut provider) = self.providers.entry(id) {
            provider.get_mut().records -= 1;
            if provider.get().records == 0 {
                provider.remove();
                self.by_number.remove(&number);
            }
        }
    }
}

/// The hash in a key, if it is a key of this network.
fn hash_of(key: &RecordKey) -> Option<[u8; 32]> {
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
        let now = Instant::now();
        let seconds = self.seconds(now);
        let others = hash_of(key)
            .and_then(|hash| self.functions.get(&hash))
            .into_iter()
            .flatten()
            .filter(|held| held.expires > seconds)
            .filter_map(|held| {
                let id = self.by_number.get(&held.provider)?;
                Some(ProviderRecord {
                    key: key.clone(),
                    provider: *id,
                    expires: None,
                    addresses: self.providers.get(id)?.addresses.clone(),
                })
            });
        self.own
            .get(key)
            .cloned()
            .into_iter()
            .chain(others)
            .collect()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        self.own.values().map(Cow::Borrowed)
    }

    fn remove_provider(&mut self, key: &RecordKey, provider: &PeerId) {
        if *provider == self.id {
            self.own.remove(key);
            return;
        }
        let Some(number) = self.providers.get(provider).map(|p| p.number) else {
            return;
        };
        let Some(hash) = hash_of(key) else { return };
        let Some(held) = self.functions.get_mut(&hash) else {
            return;
        };
        let before = held.len();
        held.retain(|record| record.provider != number);
        let removed = held.len() < before;
        if held.is_empty() {
            self.functions.remove(&hash);
        }
        if removed {
            self.release(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    fn store() -> ProviderRecords {
        ProviderRecords::new(
            PeerId::random(),
            RecordLimits {
                functions: 10,
                providers_per_function: 3,
                functions_per_peer: 5,
            },
        )
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
    fn functions_are_bounded_in_all() {
        let mut store = store();
        for n in 0..30 {
            let _ = store.add_provider(record(n, PeerId::random()));
        }
        assert_eq!(store.len(), 10);
        assert_eq!(store.providers.len(), 10);
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
        assert_eq!(found(&store, 0), peers[2..]);
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
        let mut store = ProviderRecords::new(id, RecordLimits::own_only());
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
}
