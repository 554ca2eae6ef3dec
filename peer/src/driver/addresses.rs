//! Where other peers may be reached.

use std::collections::{HashMap, HashSet};

use libp2p::core::Endpoint;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionId, NetworkBehaviour, Swarm};
use libp2p::{Multiaddr, PeerId};

use crate::address::relay_of;
use crate::behaviour::Behaviour;
use crate::limits::{ADDRESSES_PER_PEER, RELAYS_AT_ONCE, REMEMBERED_PEERS};

/// Addresses of other peers, from look-ups or given by the program.
#[derive(Default)]
pub(super) struct AddressBook(HashMap<PeerId, Vec<Multiaddr>>);

impl AddressBook {
    /// Adds addresses of a peer. The latest come first.
    pub(super) fn learn(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if addresses.is_empty() {
            return;
        }
        if self.0.len() >= REMEMBERED_PEERS && !self.0.contains_key(&peer) {
            // It does not matter which peer is forgotten: a look-up finds it again.
            if let Some(any) = self.0.keys().next().copied() {
                self.0.remove(&any);
            }
        }
        let known = self.0.entry(peer).or_default();
        for address in addresses {
            if !known.contains(&address) {
                known.insert(0, address);
            }
        }
        known.truncate(ADDRESSES_PER_PEER);
    }

    /// Forgets the addresses of a peer.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.0.remove(peer);
    }

    /// The relays at which a peer may be, the latest first; `None` if an address is known at which it is reached directly.
    pub(super) fn relays(&self, swarm: &mut Swarm<Behaviour>, peer: PeerId) -> Option<Vec<PeerId>> {
        let mut known = self.0.get(&peer).cloned().unwrap_or_default();
        known.extend(known_to_dht(swarm, peer));
        let mut relays = Vec::new();
        for address in &known {
            let relay = relay_of(address)?;
            if !relays.contains(&relay) {
                relays.push(relay);
            }
        }
        Some(relays)
    }

    /// Where a peer may be reached. One circuit through each connected relay is enough, however many addresses the
    /// relay has; `nodes` are those that this peer is linked to.
    pub(super) fn to_dial(
        &self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        nodes: &[(PeerId, Multiaddr)],
    ) -> Candidates {
        let mut known = self.0.get(&peer).cloned().unwrap_or_default();
        for address in known_to_dht(swarm, peer) {
            if !known.contains(&address) {
                known.push(address);
            }
        }
        known.truncate(ADDRESSES_PER_PEER);
        let mut candidates = Candidates::default();
        let mut relays = HashSet::new();
        for address in known {
            match relay_of(&address) {
                None => candidates.likely.push(address),
                Some(relay) if relay == *swarm.local_peer_id() => {}
                Some(relay) if swarm.is_connected(&relay) => {
                    if relays.insert(relay) {
                        candidates.likely.push(address);
                    }
                }
                Some(relay) => {
                    let circuits = &mut candidates.circuits;
                    let twice = circuits.iter().any(|(other, _)| *other == relay);
                    if !twice && circuits.len() < RELAYS_AT_ONCE {
                        circuits.push((relay, address));
                    }
                }
            }
        }
        for (node, address) in nodes {
            if *node != peer && relays.insert(*node) {
                candidates.guessed.push(
                    address
                        .clone()
                        .with(Protocol::P2p(*node))
                        .with(Protocol::P2pCircuit)
                        .with(Protocol::P2p(peer)),
                );
            }
        }
        candidates
    }
}

/// Where a peer may be reached.
#[derive(Default)]
pub(super) struct Candidates {
    /// Its addresses, except for circuits through relays to which there is no connection.
    pub(super) likely: Vec<Multiaddr>,
    /// Circuits through this peer's own nodes, at which it may be.
    pub(super) guessed: Vec<Multiaddr>,
    /// Its circuits through relays to which there is no connection.
    pub(super) circuits: Vec<(PeerId, Multiaddr)>,
}

/// The addresses of a peer that the DHT knows, including those that running look-ups have found.
pub(super) fn known_to_dht(swarm: &mut Swarm<Behaviour>, peer: PeerId) -> Vec<Multiaddr> {
    // There is no other way to get the addresses of a running look-up from kad. It ignores the
    // connection's id.
    swarm
        .behaviour_mut()
        .kad
        .handle_pending_outbound_connection(
            ConnectionId::new_unchecked(0),
            Some(peer),
            &[],
            Endpoint::Dialer,
        )
        .unwrap_or_default()
}
