//! Sharing what is scarce between strangers, whose identities cost nothing: by the block of
//! addresses ([`Block`]) that somebody calls from.
//!
//! One rule holds everywhere, for bytes, files, connections, responses and uploads: nobody takes
//! more than three times what is left for others afterwards. So one block alone may use three
//! quarters of everything; three blocks that take all they can get leave a tenth; and there is
//! always something for somebody new, who keeps what it has.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fluence_peer::Block;
use serde::{Deserialize, Serialize};

/// How many times as much as it leaves for others one block of addresses may take.
pub(crate) const GREED: u64 = 3;

/// Whether somebody may have `own` of something, if `left` then remains for others.
pub(crate) fn is_fair(own: u64, left: u64) -> bool {
    own <= left.saturating_mul(GREED)
}

/// Whose share of something is used: that of a block of addresses, if they are known.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum AddressBlock {
    /// This node and its operator, and what was stored before the node started. No share limits it.
    #[default]
    #[serde(rename = "o")]
    Own,
    /// No address is known, because the connection is relayed. All of these share one block.
    #[serde(rename = "r")]
    Relayed,
    /// Addresses that are written down without telling which they are: a hash of them with a key of this node.
    #[serde(rename = "h")]
    Hidden(u64),
    /// The addresses that one network or household has at its disposal.
    #[serde(untagged)]
    Of(Block),
}

impl AddressBlock {
    /// The same addresses in a form that can be written down, under a key that stays the same.
    pub fn hide(self, key: &[u8; 32]) -> Self {
        let Self::Of(block) = self else {
            return self;
        };
        let key = blake3::derive_key("fluence 2026-11 address blocks", key);
        let (mut named, bytes): (Vec<u8>, &[u8]) = match &block {
            Block::V4(ip) => (vec![4], ip),
            Block::V6(prefix) => (vec![6], prefix),
        };
        named.extend_from_slice(bytes);
        let [a, b, c, d, e, f, g, h, ..] = *blake3::keyed_hash(&key, &named).as_bytes();
        Self::Hidden(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Whether it says which addresses they are.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Of(_))
    }
}

impl From<IpAddr> for AddressBlock {
    fn from(address: IpAddr) -> Self {
        Self::Of(Block::of(address))
    }
}

impl From<Option<IpAddr>> for AddressBlock {
    fn from(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Relayed, Self::from)
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("this node"),
            Self::Of(block) => block.fmt(f),
            Self::Relayed => f.write_str("relayed peers"),
            Self::Hidden(hash) => write!(f, "the addresses with the hash {hash:016x}"),
        }
    }
}

/// How long nothing more is logged about what a block of addresses does.
const SILENCE: Duration = Duration::from_secs(60 * 60);
/// Of how many blocks it is remembered what they do. Of more, one takes the place of the one that did it least often, and
/// is named only once it has done it this many times: whoever has any number of blocks neither fills the log nor keeps
/// others out of it.
const NAMED: usize = 1024;
const OFTEN: u64 = 100;

/// What blocks of addresses do.
#[derive(Debug, Default)]
struct Culprits(HashMap<(AddressBlock, &'static str), Culprit>);

#[derive(Debug)]
struct Culprit {
    since: Instant,
    times: u64,
    /// Whether it was logged.
    is_named: bool,
}

impl Culprits {
    fn is_news(&mut self, block: AddressBlock, what: &'static str, now: Instant) -> bool {
        let is_over = |culprit: &Culprit| now.saturating_duration_since(culprit.since) >= SILENCE;
        if let Some(culprit) = self.0.get_mut(&(block, what))
            && !is_over(culprit)
        {
            culprit.times += 1;
            let is_news = !culprit.is_named && culprit.times >= OFTEN;
            culprit.is_named |= is_news;
            return is_news;
        }
        self.0.remove(&(block, what));
        if self.0.len() >= NAMED {
            self.0.retain(|_, culprit| !is_over(culprit));
        }
        let is_named = self.0.len() < NAMED;
        let least = self.0.iter().min_by_key(|(_, culprit)| culprit.times);
        if let Some(least) = least.map(|(least, _)| *least).filter(|_| !is_named) {
            self.0.remove(&least);
        }
        let culprit = Culprit {
            since: now,
            times: 1,
            is_named,
        };
        self.0.insert((block, what), culprit);
        is_named
    }
}

/// Whether it is to be logged that a block of addresses does this: once an hour, however often it does. Otherwise strangers
/// could fill the log.
pub(crate) fn is_news(block: AddressBlock, what: &'static str) -> bool {
    static CULPRITS: LazyLock<Mutex<Culprits>> = LazyLock::new(Mutex::default);
    let mut culprits = CULPRITS.lock().unwrap_or_else(PoisonError::into_inner);
    culprits.is_news(block, what, Instant::now())
}

/// A number of places, of which each block of addresses gets a fair share.
#[derive(Debug)]
pub(crate) struct Shares {
    most: usize,
    /// What whoever wants more does, for the log.
    what: &'static str,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_block: HashMap<AddressBlock, usize>,
}

/// A place, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    shares: Arc<Shares>,
    block: AddressBlock,
}

impl Shares {
    /// Creates `most` places. `what` says what somebody does who wants more, for the log.
    pub fn new(most: usize, what: &'static str) -> Arc<Self> {
        Arc::new(Self {
            most,
            what,
            taken: Mutex::default(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, unless none is left for this block of addresses.
    pub fn take(self: &Arc<Self>, block: AddressBlock) -> Option<Place> {
        let mut taken = self.taken();
        let own = taken.by_block.get(&block).copied().unwrap_or_default() + 1;
        let left = self.most.checked_sub(taken.all + 1);
        let is_fair =
            left.is_some_and(|left| block == AddressBlock::Own || is_fair(own as u64, left as u64));
        if !is_fair {
            // If all places are taken, whoever has most of them is named, and not who comes last.
            let strangers = taken.by_block.iter();
            let strangers = strangers.filter(|(other, _)| **other != AddressBlock::Own);
            let most = strangers.max_by_key(|(_, places)| **places);
            let culprit = match (left, most) {
                (None, Some((most, _))) => *most,
                _ => block,
            };
            if is_news(culprit, self.what) {
                tracing::warn!(address = %culprit, "{culprit} {}", self.what);
            }
            return None;
        }
        taken.all += 1;
        taken.by_block.insert(block, own);
        Some(Place {
            shares: Arc::clone(self),
            block,
        })
    }
}

/// What is noted in the name of blocks of addresses. There is room for a number of notes; of more, the oldest of the
/// block that has most is forgotten, so that nobody crowds out what is noted for others.
#[derive(Debug)]
pub(crate) struct Notes<K, V> {
    most: usize,
    notes: HashMap<K, Note<V>>,
    /// The notes of each block, by their numbers, which grow.
    of_block: HashMap<AddressBlock, BTreeMap<u64, K>>,
    next: u64,
}

#[derive(Debug)]
struct Note<V> {
    value: V,
    block: AddressBlock,
    number: u64,
}

impl<K: Clone + Eq + Hash, V> Notes<K, V> {
    /// Room for `most` notes.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            notes: HashMap::new(),
            of_block: HashMap::new(),
            next: 0,
        }
    }

    /// Notes something, in place of what was noted about it before.
    pub fn insert(&mut self, key: K, value: V, block: AddressBlock) {
        self.remove(&key);
        if self.notes.len() >= self.most {
            let largest = self.of_block.values().max_by_key(|notes| notes.len());
            let oldest = largest.and_then(|notes| notes.values().next().cloned());
            if let Some(oldest) = oldest {
                self.remove(&oldest);
            }
        }
        let number = self.next;
        self.next += 1;
        let of_block = self.of_block.entry(block).or_default();
        of_block.insert(number, key.clone());
        let note = Note {
            value,
            block,
            number,
        };
        self.notes.insert(key, note);
    }

    /// What is noted about something.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.notes.get(key).map(|note| &note.value)
    }

    /// Forgets what is noted about something.
    pub fn remove(&mut self, key: &K) {
        let Some(note) = self.notes.remove(key) else {
            return;
        };
        if let Some(of_block) = self.of_block.get_mut(&note.block) {
            of_block.remove(&note.number);
            if of_block.is_empty() {
                self.of_block.remove(&note.block);
            }
        }
    }

    /// Forgets the notes that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        let gone = self.notes.iter().filter(|(_, note)| !keep(&note.value));
        let gone: Vec<K> = gone.map(|(key, _)| key.clone()).collect();
        for key in gone {
            self.remove(&key);
        }
    }

    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }
}

/// How often each of several things is done at one time.
#[derive(Debug)]
pub(crate) struct Repeated {
    most: usize,
    by_name: Mutex<HashMap<Vec<u8>, usize>>,
}

/// One time, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Once {
    repeated: Arc<Repeated>,
    name: Vec<u8>,
}

impl Repeated {
    /// Allows each thing `most` times.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            by_name: Mutex::default(),
        })
    }

    fn by_name(&self) -> MutexGuard<'_, HashMap<Vec<u8>, usize>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one thing, unless it is done often enough already.
    pub fn begin(self: &Arc<Self>, name: Vec<u8>) -> Option<Once> {
        let mut by_name = self.by_name();
        let times = by_name.entry(name.clone()).or_default();
        if *times >= self.most {
            return None;
        }
        *times += 1;
        Some(Once {
            repeated: Arc::clone(self),
            name,
        })
    }
}

impl Drop for Once {
    fn drop(&mut self) {
        let mut by_name = self.repeated.by_name();
        if let Some(times) = by_name.get_mut(&self.name) {
            *times -= 1;
            if *times == 0 {
                by_name.remove(&self.name);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.all -= 1;
        if let Some(own) = taken.by_block.get_mut(&self.block) {
            *own -= 1;
            if *own == 0 {
                taken.by_block.remove(&self.block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_written_in_tokens_as_ever() {
        for (address, written) in [
            (Some("192.0.2.1"), r#"{"4":[192,0,2,1]}"#),
            (Some("2001:db8::1"), r#"{"6":[32,1,13,184,0,0,0,0]}"#),
            (None, r#""r""#),
        ] {
            let block = AddressBlock::from(address.map(|text| text.parse::<IpAddr>().unwrap()));
            assert_eq!(serde_json::to_string(&block).unwrap(), written);
            assert_eq!(
                serde_json::from_str::<AddressBlock>(written).unwrap(),
                block
            );
        }
        let own: AddressBlock = serde_json::from_str(r#""o""#).unwrap();
        assert_eq!(own, AddressBlock::Own);
        assert!(serde_json::from_str::<AddressBlock>(r#""x""#).is_err());
    }

    #[test]
    fn nobody_crowds_out_what_is_noted_for_others() {
        let mut notes = Notes::new(4);
        let (a, b) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        let block = |ip: [u8; 4]| AddressBlock::from(IpAddr::from(ip));
        notes.insert(0, "first", block(a));
        for key in 1..=1000 {
            notes.insert(key, "flood", block(b));
        }
        let noted = |notes: &Notes<_, _>| {
            (0..=1001)
                .filter(|key| notes.get(key).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(noted(&notes), [0, 998, 999, 1000]);
        // What is noted again is the newest.
        notes.insert(998, "again", block(b));
        notes.insert(1001, "flood", block(b));
        assert_eq!(noted(&notes), [0, 998, 1000, 1001]);
        notes.retain(|what| *what != "flood");
        assert_eq!(noted(&notes), [0, 998]);
        notes.remove(&0);
        notes.remove(&998);
        assert!(notes.is_empty() && notes.of_block.is_empty());
    }

    #[test]
    fn a_culprit_is_named_once_an_hour() {
        let (mut culprits, start) = (Culprits::default(), Instant::now());
        let block = |n: u16| AddressBlock::from(IpAddr::from([10, 0, (n / 256) as u8, n as u8]));
        let named = |culprits: &mut Culprits, at: Duration| {
            let named = (0..1000).filter(|_| culprits.is_news(block(1), "does this", start + at));
            named.count()
        };
        assert_eq!(named(&mut culprits, Duration::ZERO), 1);
        assert_eq!(named(&mut culprits, SILENCE - Duration::from_secs(1)), 0);
        assert!(culprits.is_news(block(1), "does that", start));
        assert!(culprits.is_news(block(2), "does this", start));
        assert_eq!(named(&mut culprits, SILENCE), 1);
        // What is remembered is bounded, and so is what is logged.
        let all = (0..5000).filter(|n| culprits.is_news(block(*n), "does this", start + SILENCE));
        assert!(all.count() <= NAMED && culprits.0.len() <= NAMED);
        assert!(culprits.is_news(block(4999), "does this", start + 2 * SILENCE));
        // Who does it often is named, however many were named before.
        let at = start + 2 * SILENCE;
        for n in 0..5000 {
            culprits.is_news(block(n), "does this", at);
        }
        let culprit = (0..1000).filter(|_| culprits.is_news(block(6000), "does this", at));
        assert_eq!(culprit.count(), 1);
        assert!(culprits.0.len() <= NAMED);
    }

    #[test]
    fn who_takes_all_it_can_leaves_something_for_somebody_new() {
        let shares = Shares::new(64, "wants more");
        let mut places = Vec::new();
        let mut take_all = |last: u8| {
            let block = AddressBlock::from(IpAddr::from([10, 0, 0, last]));
            let before = places.len();
            places.extend(std::iter::from_fn(|| shares.take(block)));
            places.len() - before
        };
        let took: Vec<usize> = (1..5).map(&mut take_all).collect();
        assert_eq!(took, [48, 12, 3, 0], "the fourth finds one place too few");
        // What is given back can be taken again, by whoever has less.
        places.truncate(40);
        assert!(
            shares
                .take(AddressBlock::from(IpAddr::from([10, 0, 0, 9])))
                .is_some()
        );
        drop(places);
        assert_eq!(shares.taken().by_block.len(), 0);
    }
}
