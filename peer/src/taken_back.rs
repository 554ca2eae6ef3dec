//! Records that providers took back. A provider signs that, so that a node which was cut off at the time can be told of it by
//! any other node, also when the provider has gone: otherwise it would keep the record until that expires, and hand it on.

#[cfg(not(target_family = "wasm"))]
use std::collections::BTreeMap;
#[cfg(not(target_family = "wasm"))]
use std::ops::Bound;

use libp2p::PeerId;
use libp2p::identity::Keypair;
#[cfg(not(target_family = "wasm"))]
use libp2p::identity::PublicKey;
#[cfg(not(target_family = "wasm"))]
use libp2p::kad::RecordKey;
use web_time::{SystemTime, UNIX_EPOCH};

#[cfg(not(target_family = "wasm"))]
use crate::block::{Block, Shares};
#[cfg(not(target_family = "wasm"))]
use crate::libraries::RECORD_TTL;
use crate::records::Hash;
#[cfg(not(target_family = "wasm"))]
use crate::records::{BLOCK_PART, key_of};

/// What precedes the key and the time in what is signed.
const SIGNED: &[u8] = b"fluence withdraw 1";
/// How many withdrawals are remembered.
#[cfg(not(target_family = "wasm"))]
const KEPT: usize = 32_768;
/// How far a provider's clock may be ahead, in seconds.
#[cfg(not(target_family = "wasm"))]
const AHEAD: u64 = 24 * 60 * 60;
/// What precedes a signature in the identity of a provider whose key is in its peer id: the code of that.
#[cfg(not(target_family = "wasm"))]
const IDENTITY: u64 = 0;

/// A provider's word that it does not provide a function any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Withdrawal {
    pub(crate) hash: Hash,
    pub(crate) provider: PeerId,
    /// When it took the record back, in Unix seconds.
    pub(crate) at: u64,
    pub(crate) signature: [u8; 64],
}

impl Withdrawal {
    /// Takes a record back at this time, in Unix seconds. `None` if the identity is not one of Ed25519.
    pub(crate) fn sign(keypair: &Keypair, hash: Hash, at: u64) -> Option<Self> {
        let signature = keypair.sign(&signed(&hash, at)).ok()?;
        Some(Self {
            hash,
            provider: keypair.public().to_peer_id(),
            at,
            signature: signature.try_into().ok()?,
        })
    }

    /// Whether the provider has signed it.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn is_signed(&self) -> bool {
        let id = self.provider.as_ref();
        let key = (id.code() == IDENTITY).then(|| PublicKey::try_decode_protobuf(id.digest()));
        let key = key.and_then(Result::ok);
        key.is_some_and(|key| key.verify(&signed(&self.hash, self.at), &self.signature))
    }
}

fn signed(hash: &Hash, at: u64) -> Vec<u8> {
    [SIGNED, hash, &at.to_be_bytes()].concat()
}

/// The time in Unix seconds.
pub(crate) fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

/// The withdrawals that a node remembers, for as long as there could be a record that is older. They are bounded in all and
/// for each address block, of whoever told of them.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct TakenBack {
    withdrawals: BTreeMap<Hash, Vec<Kept>>,
    shares: Shares,
}

#[cfg(not(target_family = "wasm"))]
struct Kept {
    withdrawal: Withdrawal,
    block: Option<Block>,
}

/// Some of the withdrawals, in the order of their keys.
#[cfg(not(target_family = "wasm"))]
pub(crate) struct Page {
    pub(crate) withdrawals: Vec<Withdrawal>,
    /// The last key that was looked at, if there are more.
    pub(crate) after: Option<Hash>,
}

#[cfg(not(target_family = "wasm"))]
impl TakenBack {
    pub(crate) fn new() -> Self {
        Self {
            withdrawals: BTreeMap::new(),
            shares: Shares::new(KEPT, BLOCK_PART),
        }
    }

    /// Whether there could be a record that is older than this withdrawal, and the provider's clock is not wrong by days.
    pub(crate) fn is_current(withdrawal: &Withdrawal, now: u64) -> bool {
        withdrawal.at <= now.saturating_add(AHEAD)
            && now < withdrawal.at.saturating_add(RECORD_TTL.as_secs())
    }

    /// Whether there is room for one more that somebody in this address block tells of.
    pub(crate) fn has_room(&self, block: Option<Block>) -> bool {
        self.shares.has_room(block)
    }

    /// When a provider took a record back, in Unix seconds.
    pub(crate) fn at(&self, hash: &Hash, provider: &PeerId) -> Option<u64> {
        let mut kept = self.withdrawals.get(hash)?.iter();
        let kept = kept.find(|kept| kept.withdrawal.provider == *provider)?;
        Some(kept.withdrawal.at)
    }

    /// Remembers a withdrawal that [was signed](Withdrawal::is_signed), if there is room.
    pub(crate) fn keep(&mut self, withdrawal: Withdrawal, block: Option<Block>) {
        self.forget(&withdrawal.hash, &withdrawal.provider);
        if self.shares.has_room(block) {
            self.shares.take(block);
            let kept = self.withdrawals.entry(withdrawal.hash).or_default();
            kept.push(Kept { withdrawal, block });
        }
    }

    /// Forgets the withdrawal of a record that its provider stores again.
    pub(crate) fn forget(&mut self, hash: &Hash, provider: &PeerId) {
        self.retain(hash, |kept| kept.withdrawal.provider != *provider);
    }

    fn retain(&mut self, hash: &Hash, is_kept: impl Fn(&Kept) -> bool) {
        let Some(all) = self.withdrawals.get_mut(hash) else {
            return;
        };
        for gone in all.extract_if(.., |kept| !is_kept(kept)) {
            self.shares.give_back(gone.block);
        }
        if all.is_empty() {
            self.withdrawals.remove(hash);
        }
    }

    /// Forgets those than which there can be no older record.
    pub(crate) fn sweep(&mut self, now: u64) {
        let hashes: Vec<Hash> = self.withdrawals.keys().copied().collect();
        for hash in hashes {
            self.retain(&hash, |kept| Self::is_current(&kept.withdrawal, now));
        }
    }

    /// Looks at the withdrawals of up to `scanned` functions after a key, and returns those of functions that are `wanted`:
    /// about as many as `limit`.
    pub(crate) fn page(
        &self,
        after: Option<Hash>,
        scanned: usize,
        limit: usize,
        wanted: impl Fn(&RecordKey) -> bool,
    ) -> Page {
        let mut page = Page {
            withdrawals: Vec::new(),
            after: None,
        };
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut last = after;
        let rest = self.withdrawals.range((first, Bound::Unbounded));
        for (count, (hash, kept)) in rest.enumerate() {
            let is_wanted = wanted(&key_of(hash));
            let is_first = page.withdrawals.is_empty();
            if count >= scanned
                || is_wanted && !is_first && page.withdrawals.len() + kept.len() > limit
            {
                page.after = last;
                break;
            }
            if is_wanted {
                let kept = kept.iter().map(|kept| kept.withdrawal.clone());
                page.withdrawals.extend(kept.take(limit));
            }
            last = Some(*hash);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn withdrawal(keypair: &Keypair, n: u32, at: u64) -> Withdrawal {
        let mut hash = Hash::default();
        hash[..4].copy_from_slice(&n.to_be_bytes());
        Withdrawal::sign(keypair, hash, at).unwrap()
    }

    #[test]
    fn only_a_provider_takes_its_record_back() {
        let keypair = Keypair::generate_ed25519();
        let signed = withdrawal(&keypair, 1, 100);
        assert!(signed.is_signed());
        let wrong = [
            Withdrawal {
                provider: PeerId::random(),
                ..signed.clone()
            },
            Withdrawal {
                provider: Keypair::generate_ed25519().public().to_peer_id(),
                ..signed.clone()
            },
            Withdrawal {
                at: 101,
                ..signed.clone()
            },
            Withdrawal {
                hash: Hash::default(),
                ..signed
            },
        ];
        assert!(wrong.iter().all(|wrong| !wrong.is_signed()));
    }

    #[test]
    fn a_withdrawal_is_remembered_as_long_as_there_could_be_a_record() {
        let keypair = Keypair::generate_ed25519();
        let provider = keypair.public().to_peer_id();
        let mut taken_back = TakenBack::new();
        let now = 100 * DAY;
        let old = withdrawal(&keypair, 1, now - DAY);
        let new = withdrawal(&keypair, 2, now);
        for withdrawal in [&old, &new] {
            taken_back.keep(withdrawal.clone(), None);
            taken_back.keep(withdrawal.clone(), None);
            assert_eq!(
                taken_back.at(&withdrawal.hash, &provider),
                Some(withdrawal.at)
            );
        }
        assert_eq!(taken_back.shares.total(), 2);
        taken_back.sweep(now + DAY - 1);
        assert_eq!(taken_back.shares.total(), 2);
        taken_back.sweep(now + DAY);
        assert_eq!(taken_back.at(&old.hash, &provider), None);
        taken_back.forget(&new.hash, &PeerId::random());
        assert_eq!(taken_back.at(&new.hash, &provider), Some(now));
        taken_back.forget(&new.hash, &provider);
        assert_eq!(
            (taken_back.shares.total(), taken_back.withdrawals.len()),
            (0, 0)
        );
        // A clock that is wrong by hours does no harm, and one that is wrong by days is not believed.
        let is_current = |at| TakenBack::is_current(&withdrawal(&keypair, 3, at), now);
        assert!(is_current(now + 5 * 60 * 60) && is_current(now - 5 * 60 * 60));
        assert!(!is_current(now + 2 * DAY) && !is_current(now - 2 * DAY) && !is_current(u64::MAX));
    }

    #[test]
    fn withdrawals_are_told_in_pages() {
        let keypair = Keypair::generate_ed25519();
        let mut taken_back = TakenBack::new();
        for n in 0..100 {
            taken_back.keep(withdrawal(&keypair, n, 0), None);
        }
        let (mut after, mut told) = (None, Vec::new());
        loop {
            let is_even = |key: &RecordKey| key.as_ref()[5] % 2 == 0;
            let page = taken_back.page(after, 30, 8, is_even);
            assert!(page.withdrawals.len() <= 8);
            told.extend(page.withdrawals);
            after = page.after;
            if after.is_none() {
                break;
            }
        }
        let even: Vec<_> = (0..50).map(|n| withdrawal(&keypair, 2 * n, 0)).collect();
        assert_eq!(told, even);
    }

    #[test]
    fn nobody_fills_what_is_remembered() {
        let block = |ip: &str| Some(Block::of(ip.parse().unwrap()));
        let mut taken_back = TakenBack::new();
        let keypair = Keypair::generate_ed25519();
        // It is not looked at again whether it is signed.
        let mut flood = withdrawal(&keypair, 0, 0);
        for n in 0..2 * KEPT as u32 {
            flood.hash[..4].copy_from_slice(&n.to_be_bytes());
            taken_back.keep(flood.clone(), block("203.0.113.1"));
        }
        assert!(taken_back.shares.total() <= KEPT / 4);
        assert!(!taken_back.has_room(block("203.0.113.1")));
        let honest = withdrawal(&keypair, u32::MAX, 7);
        taken_back.keep(honest.clone(), block("192.0.2.1"));
        assert_eq!(taken_back.at(&honest.hash, &honest.provider), Some(7));
    }
}
