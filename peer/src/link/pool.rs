//! The nodes among which the links of a client choose.

use std::collections::HashMap;
use std::time::Duration;

use fluence::state::LinkCause;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::one::Seat;
use crate::address::{bare, peer_of};
use crate::limits::{LEARNED, NODES};

/// Round-trip times that differ by less are mostly the same distance, at which given nodes come first.
const SAME_DISTANCE: Duration = Duration::from_millis(20);

/// The nodes that a client may link to.
#[derive(Default)]
pub(super) struct Pool {
    /// The nodes that the person chose, in the order in which they are tried.
    pub(super) given: Vec<Multiaddr>,
    /// Nodes that the network told of, each with `/p2p/…`.
    learned: Vec<Multiaddr>,
    /// The peers that were found at given addresses that do not name them.
    found: HashMap<Multiaddr, PeerId>,
    /// The last round-trip time to each node that was connected.
    rtts: HashMap<PeerId, Duration>,
    /// Why given nodes could not be used the last time.
    causes: HashMap<Multiaddr, LinkCause>,
}

/// Which nodes a link may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Only those that the person chose.
    Given,
    /// Only those that the network told of.
    Learned,
    /// All.
    Any,
}

/// The order in which nodes are tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It was given, and its distance is not known yet.
    Given,
    Measured(u128),
    /// The network told of it, and its distance is not known.
    Learned,
    /// It was given, at the host of another link.
    SameHost,
}

impl Pool {
    pub(super) fn new(given: &[Multiaddr]) -> Self {
        let mut pool = Self::default();
        pool.set_given(given);
        pool
    }

    pub(super) fn set_given(&mut self, given: &[Multiaddr]) {
        self.given = given[..given.len().min(NODES)].to_vec();
        self.found.retain(|address, _| self.given.contains(address));
        self.causes
            .retain(|address, _| self.given.contains(address));
    }

    /// Forgets the nodes that the network told of.
    pub(super) fn forget_learned(&mut self) {
        self.learned.clear();
        self.rtts.clear();
    }

    /// Adds a node of which the network told.
    pub(super) fn learn(&mut self, peer: PeerId, address: &Multiaddr) {
        let Ok(address) = bare(address).with_p2p(peer) else {
            return;
        };
        if self.learned.len() < LEARNED && !self.learned.contains(&address) {
            self.learned.push(address);
        }
    }

    /// Notes how long a round trip to a peer took. It counts only for peers that may be chosen.
    pub(super) fn measured(&mut self, peer: PeerId, rtt: Duration) {
        if self.rtts.len() < LEARNED + NODES || self.rtts.contains_key(&peer) {
            self.rtts.insert(peer, rtt);
        }
    }

    /// Notes which peer answers at an address.
    pub(super) fn is_at(&mut self, peer: PeerId, address: &Multiaddr) {
        if self.given.contains(address) {
            self.found.insert(address.clone(), peer);
        }
    }

    /// Notes that a node failed: one that was not given is forgotten until the network tells of it again.
    pub(super) fn failed(&mut self, address: &Multiaddr, cause: &LinkCause) {
        self.learned.retain(|learned| learned != address);
        self.lost(address, cause);
    }

    /// Notes why a node cannot be used any more, or could not.
    pub(super) fn lost(&mut self, address: &Multiaddr, cause: &LinkCause) {
        if self.given.contains(address) {
            self.causes.insert(address.clone(), cause.clone());
        }
    }

    /// Notes that a node is used.
    pub(super) fn works(&mut self, address: &Multiaddr) {
        self.causes.remove(address);
    }

    /// Why a given node could not be used the last time, if it could not.
    pub(super) fn cause(&self, address: &Multiaddr) -> Option<&LinkCause> {
        self.causes.get(address)
    }

    /// The last round-trip time to a node, if it is known.
    pub(super) fn rtt(&self, peer: &PeerId) -> Option<Duration> {
        self.rtts.get(peer).copied()
    }

    /// The next node for a link, which is none of those that it has `tried` or that `others` use. Nodes at other hosts
    /// than those of the other links come first, since what ends one node may end its host: first the given ones whose
    /// distance is not known, in their order, then all by their distance. The one that was just `lost` comes last.
    pub(super) fn next(
        &self,
        scope: Scope,
        tried: &[Multiaddr],
        lost: Option<&Multiaddr>,
        others: &[Seat],
    ) -> Option<Multiaddr> {
        let is_far = |address: &Multiaddr| {
            let host = address.iter().next();
            !others.iter().any(|seat| seat.address.iter().next() == host)
        };
        let is_free = |address: &Multiaddr| {
            let peer = self.peer(address);
            let taken =
                |seat: &Seat| seat.address == *address || (peer.is_some() && seat.peer == peer);
            !tried.contains(address) && !others.iter().any(taken)
        };
        let given = self.given.iter().filter(|_| scope != Scope::Learned);
        let given = given.map(|address| {
            let rank = match self.distance(address) {
                _ if !is_far(address) => Rank::SameHost,
                None => Rank::Given,
                Some(distance) => Rank::Measured(distance),
            };
            (rank, address)
        });
        let learned = self.learned.iter().filter(|_| scope != Scope::Given);
        let learned = learned.filter(|address| is_far(address)).map(|address| {
            let rank = self.distance(address).map_or(Rank::Learned, Rank::Measured);
            (rank, address)
        });
        // Of equals, the first is taken.
        given
            .chain(learned)
            .filter(|(_, address)| is_free(address))
            .min_by_key(|(rank, address)| (Some(*address) == lost, *rank))
            .map(|(_, address)| address.clone())
    }

    /// How far a node is, in steps of [`SAME_DISTANCE`]; `None` if that was not measured.
    fn distance(&self, address: &Multiaddr) -> Option<u128> {
        let rtt = self.rtt(&self.peer(address)?)?;
        Some(rtt.as_millis() / SAME_DISTANCE.as_millis())
    }

    /// The peer at an address, if it is known.
    pub(super) fn peer(&self, address: &Multiaddr) -> Option<PeerId> {
        peer_of(address).or_else(|| self.found.get(address).copied())
    }
}

/// The address of a node that is written down for others: with its peer id.
pub(super) fn full(address: &Multiaddr, peer: PeerId) -> Multiaddr {
    bare(address).with(Protocol::P2p(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: u8) -> Multiaddr {
        format!("/ip4/10.0.0.{host}/tcp/1/ws").parse().unwrap()
    }

    #[test]
    fn nodes_come_by_their_distance_and_other_hosts_before_the_same() {
        let mut pool = Pool::new(&[at(1), at(2)]);
        let peers: Vec<PeerId> = (0..3).map(|_| PeerId::random()).collect();
        for (peer, host) in peers.iter().zip([3, 4, 1]) {
            pool.learn(*peer, &at(host));
        }
        pool.measured(peers[0], Duration::from_millis(90));
        pool.measured(peers[1], Duration::from_millis(20));
        let others = [Seat {
            address: at(1),
            peer: None,
        }];
        let all = |pool: &Pool, scope, others: &[Seat]| {
            let mut tried = Vec::new();
            while let Some(next) = pool.next(scope, &tried, None, others) {
                tried.push(next);
            }
            tried.iter().map(bare).collect::<Vec<_>>()
        };
        // Nobody knows yet how far the given one is.
        assert_eq!(all(&pool, Scope::Any, &others), [at(2), at(4), at(3)]);
        assert_eq!(all(&pool, Scope::Given, &[]), [at(1), at(2)]);
        assert_eq!(all(&pool, Scope::Learned, &[]), [at(4), at(3), at(1)]);
        let given = PeerId::random();
        pool.is_at(given, &at(2));
        for (rtt, order) in [
            (30, [at(2), at(4), at(3)]),
            (50, [at(4), at(2), at(3)]),
            (200, [at(4), at(3), at(2)]),
        ] {
            pool.measured(given, Duration::from_millis(rtt));
            assert_eq!(all(&pool, Scope::Any, &others), order, "{rtt}");
        }
        // The home, too, is the nearer one.
        assert_eq!(all(&pool, Scope::Given, &[]), [at(1), at(2)]);
        pool.is_at(PeerId::random(), &at(1));
        let first = pool.peer(&at(1)).unwrap();
        pool.measured(first, Duration::from_millis(250));
        assert_eq!(all(&pool, Scope::Given, &[]), [at(2), at(1)]);
        // What is not on another host is better than nothing, if it was given.
        let mut pool = Pool::new(&["/ip4/10.0.0.1/tcp/2/ws".parse().unwrap()]);
        pool.learn(peers[0], &at(1));
        let next = pool.next(Scope::Any, &[], None, &others);
        assert_eq!(next, Some(pool.given[0].clone()));
        assert_eq!(pool.next(Scope::Any, &pool.given, None, &others), None);
    }

    #[test]
    fn what_was_lost_comes_last_and_what_failed_is_forgotten() {
        let mut pool = Pool::new(&[at(1)]);
        let peer = PeerId::random();
        pool.learn(peer, &at(2));
        let learned = full(&at(2), peer);
        assert_eq!(
            pool.next(Scope::Any, &[], Some(&at(1)), &[]),
            Some(learned.clone())
        );
        pool.failed(&learned, &LinkCause::DialTimeout);
        pool.failed(&at(1), &LinkCause::DialTimeout);
        assert_eq!(pool.cause(&learned), None);
        assert_eq!(pool.cause(&at(1)), Some(&LinkCause::DialTimeout));
        assert_eq!(pool.next(Scope::Any, &[], Some(&at(1)), &[]), Some(at(1)));
    }

    #[test]
    fn what_is_learned_is_bounded() {
        let mut pool = Pool::default();
        for _ in 0..2 * LEARNED {
            pool.learn(PeerId::random(), &at(1));
            pool.measured(PeerId::random(), Duration::ZERO);
        }
        assert_eq!(pool.learned.len(), LEARNED);
        assert!(pool.rtts.len() <= LEARNED + NODES);
    }
}
