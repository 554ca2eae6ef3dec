//! How often other peers may call this node.
//!
//! Identities cost nothing and addresses do, so all peers of one block of addresses have one
//! allowance together. Each of them has one of its own as well, so that one program that calls too
//! often does not spend what its neighbours have.

use std::collections::HashMap;

use fluence::admission::{Bucket, Busy};

use crate::fairness::AddressBlock;

/// How many calls one peer may make at once, and then each second: as many as a provider of many
/// files makes whose callers all come at once.
pub(super) const PEER_BURST: u32 = 128;
const PEER_PER_SECOND: f64 = 16.0;
/// The same for all peers of one block of addresses together.
pub(super) const BLOCK_BURST: u32 = 512;
const BLOCK_PER_SECOND: f64 = 64.0;
/// How many blocks of addresses are remembered, and how many peers of each. Those whose allowance is
/// full again are forgotten. Further peers have the allowance of their block alone.
const MAX_BLOCKS: usize = 8192;
const MAX_PEERS: usize = 64;
/// How long a caller waits for which there is no place, in milliseconds.
const RETRY_AFTER_MS: u64 = 2_000;

/// The allowances of all callers.
#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<AddressBlock, Block>);

#[derive(Debug)]
struct Block {
    all: Bucket,
    peers: HashMap<String, Bucket>,
}

impl Rates {
    /// Counts a call at this time, in Unix milliseconds.
    ///
    /// # Errors
    /// [`Busy`] if the peer, or all peers of its block of addresses together, have called too often.
    pub fn admit(&mut self, peer: &str, block: AddressBlock, now: u64) -> Result<(), Busy> {
        let Self(blocks) = self;
        if blocks.len() >= MAX_BLOCKS && !blocks.contains_key(&block) {
            blocks.retain(|_, block| !block.all.is_full(now, BLOCK_BURST, BLOCK_PER_SECOND));
            if blocks.len() >= MAX_BLOCKS {
                return Err(Busy {
                    retry_after_ms: RETRY_AFTER_MS,
                });
            }
        }
        let Block { all, peers } = blocks.entry(block).or_insert_with(|| Block {
            all: Bucket::new(now, BLOCK_BURST),
            peers: HashMap::new(),
        });
        let busy = |retry_after_ms| Busy { retry_after_ms };
        if peers.len() >= MAX_PEERS && !peers.contains_key(peer) {
            peers.retain(|_, peer| !peer.is_full(now, PEER_BURST, PEER_PER_SECOND));
        }
        if peers.len() < MAX_PEERS || peers.contains_key(peer) {
            let own = peers.entry(peer.to_owned());
            let own = own.or_insert_with(|| Bucket::new(now, PEER_BURST));
            own.take(now, PEER_BURST, PEER_PER_SECOND).map_err(busy)?;
        }
        all.take(now, BLOCK_BURST, BLOCK_PER_SECOND).map_err(busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(last: u8) -> AddressBlock {
        AddressBlock::V4([10, 0, 0, last])
    }

    #[test]
    fn a_thousand_identities_of_one_address_are_one_caller() {
        let mut rates = Rates::default();
        let admitted = (0..5000).filter(|n| rates.admit(&n.to_string(), block(1), 0).is_ok());
        assert_eq!(admitted.count(), BLOCK_BURST as usize);
        let busy = rates.admit("another", block(1), 0).unwrap_err();
        assert!(busy.retry_after_ms <= 1000, "{busy:?}");
        // Nobody else notices.
        assert_eq!(rates.admit("somebody", block(2), 0), Ok(()));
        assert_eq!(rates.admit("another", block(1), 1000), Ok(()));
    }

    #[test]
    fn who_calls_too_often_spends_nothing_of_its_neighbours() {
        let mut rates = Rates::default();
        let admitted = (0..5000).filter(|_| rates.admit("a", block(1), 0).is_ok());
        assert_eq!(admitted.count(), PEER_BURST as usize);
        assert_eq!(rates.admit("b", block(1), 0), Ok(()));
    }

    #[test]
    fn any_number_of_callers_is_bounded() {
        let mut rates = Rates::default();
        for n in 0..20_000_u32 {
            let [a, b, c, d] = n.to_be_bytes();
            let _ = rates.admit("a", AddressBlock::V4([a, b, c, d]), 0);
        }
        assert_eq!(rates.0.len(), MAX_BLOCKS);
        // Those who have not called for a while make place.
        assert_eq!(rates.admit("a", block(1), 1000), Ok(()));
    }
}
