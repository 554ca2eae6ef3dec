//! A node's connections to the other nodes of its network: it dials those that it was given and those that it has met,
//! and tries again when one cannot be reached or is lost.

use std::time::Duration;

use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, DialError, Swarm};
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use super::routing::{NODES_OF_BLOCK, Routing};
use crate::address::{bare, peer_of};
use crate::backoff::Backoff;
use crate::behaviour::Behaviour;
use crate::block::Block;
use crate::guests::Guests;
use crate::limits::{ADDRESSES_PER_PEER, KEPT_NEIGHBOURS, NEIGHBOURS};

/// The longest wait between two attempts to reach a node that was given, and one that was met.
const LONGEST_GIVEN: Duration = Duration::from_secs(15);
const LONGEST_MET: Duration = Duration::from_secs(10 * 60);

/// The other nodes that a node knows.
pub(super) struct Neighbours {
    guests: Guests,
    known: Vec<Neighbour>,
    /// Whether a node came, or came back, since [`Neighbours::take_grown`] was last called.
    has_grown: bool,
    /// The nodes that came, or came back, since [`Neighbours::take_come`] was last called.
    come: Vec<PeerId>,
}

/// Another node.
struct Neighbour {
    /// Its addresses, without `/p2p/…`.
    addresses: Vec<Multiaddr>,
    /// Its id; `None` until something answers at a configured address that does not name it.
    peer: Option<PeerId>,
    /// Whether its id was known from the beginning. Otherwise whoever answers at its address is the node.
    is_named: bool,
    /// The address block that it is in.
    block: Option<Block>,
    /// Whether the operator named it. Others are forgotten first when there are too many.
    is_given: bool,
    backoff: Backoff,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Waiting(Instant),
    Dialing(ConnectionId),
    Connected,
    /// It is this node itself.
    Own,
}

impl Neighbours {
    /// The nodes that the operator named, and those that an earlier run knew, whose addresses end with `/p2p/…`.
    pub(super) fn new(
        guests: Guests,
        given: Vec<Multiaddr>,
        known: Vec<Multiaddr>,
        now: Instant,
    ) -> Self {
        let given = given.into_iter().map(|address| (address, true));
        let known = known.into_iter().map(|address| (address, false));
        let mut neighbours = Self {
            guests,
            known: Vec::new(),
            has_grown: false,
            come: Vec::new(),
        };
        for (address, is_given) in given.chain(known) {
            let peer = peer_of(&address);
            if !is_given && peer.is_none() {
                continue;
            }
            neighbours.add(peer, vec![bare(&address)], is_given, State::Waiting(now));
        }
        neighbours
    }

    fn add(
        &mut self,
        peer: Option<PeerId>,
        addresses: Vec<Multiaddr>,
        is_given: bool,
        state: State,
    ) {
        if peer.is_some()
            && let Some(known) = self.known.iter_mut().find(|known| known.peer == peer)
        {
            for address in addresses {
                if !known.addresses.contains(&address) && known.addresses.len() < ADDRESSES_PER_PEER
                {
                    known.addresses.push(address);
                }
            }
            return;
        }
        let block = peer.and_then(|peer| self.guests.find(&peer)).flatten();
        let mut blocks = addresses
            .iter()
            .map(|address| self.guests.block_of(address));
        let block = block.or_else(|| blocks.find_map(|block| block));
        let is_of_block = |known: &Neighbour| !known.is_given && known.block == block;
        let of_block = self.known.iter().filter(|known| is_of_block(known));
        let is_crowded = block.is_some() && of_block.count() >= NODES_OF_BLOCK;
        if !is_given && (is_crowded || self.known.len() >= NEIGHBOURS) {
            // The one that has been away for longest makes room, since it has waited longest between two attempts: one of
            // its own address block, if that has as many as it may have.
            let away = self
                .known
                .iter()
                .enumerate()
                .filter(|(_, known)| !known.is_given && known.state != State::Connected)
                .filter(|(_, known)| !is_crowded || is_of_block(known))
                .max_by_key(|(_, known)| known.backoff.failures());
            match away {
                Some((at, _)) => drop(self.known.swap_remove(at)),
                None => return,
            }
        }
        self.known.push(Neighbour {
            addresses,
            peer,
            is_named: peer.is_some(),
            block,
            is_given,
            backoff: Backoff::default(),
            state,
        });
    }

    /// When [`Neighbours::join`] is to be called next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        if !self.come.is_empty() {
            return Some(Instant::now());
        }
        let is_enough = self.is_enough();
        self.known
            .iter()
            .filter(|known| known.is_given || !is_enough)
            .filter_map(|known| match known.state {
                State::Waiting(until) => Some(until),
                _ => None,
            })
            .min()
    }

    fn is_enough(&self) -> bool {
        let connected = |known: &&Neighbour| known.state == State::Connected;
        self.known.iter().filter(connected).count() >= KEPT_NEIGHBOURS
    }

    /// Dials the nodes whose time has come.
    pub(super) fn join(&mut self, swarm: &mut Swarm<Behaviour>, now: Instant) {
        let is_enough = self.is_enough();
        for known in &mut self.known {
            let State::Waiting(until) = known.state else {
                continue;
            };
            if until > now || (is_enough && !known.is_given) {
                continue;
            }
            if known.peer.is_some_and(|peer| swarm.is_connected(&peer)) {
                known.state = State::Connected;
                continue;
            }
            let dial = match known.peer {
                Some(peer) => DialOpts::peer_id(peer)
                    .addresses(known.addresses.clone())
                    .extend_addresses_through_behaviour()
                    .build(),
                None => DialOpts::unknown_peer_id()
                    .address(
                        known
                            .addresses
                            .first()
                            .cloned()
                            .unwrap_or_else(Multiaddr::empty),
                    )
                    .build(),
            };
            let id = dial.connection_id();
            known.state = match swarm.dial(dial) {
                Ok(()) => State::Dialing(id),
                Err(error) => known.failed(&error, now),
            };
        }
    }

    /// Handles an established connection, whoever dialed it.
    pub(super) fn connected(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        routing: &mut Routing,
        peer: PeerId,
        id: ConnectionId,
    ) {
        for known in &mut self.known {
            let is_dialed = known.state == State::Dialing(id);
            if is_dialed {
                known.peer = Some(peer);
            }
            if known.peer != Some(peer) {
                continue;
            }
            if known.state != State::Connected {
                known.state = State::Connected;
                known.backoff = Backoff::default();
                self.has_grown = true;
                self.come.push(peer);
                // This node has reached it there, or was told to. It may have been removed when it was away, and then others
                // of its address block may have come into the table.
                for address in known.addresses.clone() {
                    if known.is_given {
                        swarm.behaviour_mut().kad.add_address(&peer, address);
                    } else {
                        routing.reached(swarm, peer, address);
                    }
                }
            }
        }
    }

    /// Handles the loss of the last connection to a peer.
    /// Returns whether it was a node.
    pub(super) fn disconnected(&mut self, peer: PeerId, now: Instant) -> bool {
        let mut was_node = false;
        for known in &mut self.known {
            if known.peer == Some(peer) && known.state == State::Connected {
                known.state = known.wait(now);
                was_node = true;
            }
        }
        was_node
    }

    /// Handles a failed dial.
    pub(super) fn dial_failed(&mut self, id: ConnectionId, error: &DialError, now: Instant) {
        for known in &mut self.known {
            if known.state == State::Dialing(id) {
                known.state = known.failed(error, now);
            }
        }
    }

    /// Remembers a node that entered the routing table.
    pub(super) fn met(
        &mut self,
        swarm: &Swarm<Behaviour>,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        now: Instant,
    ) {
        let state = if swarm.is_connected(&peer) {
            self.has_grown = true;
            self.come.push(peer);
            State::Connected
        } else {
            State::Waiting(now)
        };
        self.add(Some(peer), addresses, false, state);
    }

    /// Whether a node came, or came back, since this was last called.
    pub(super) fn take_grown(&mut self) -> bool {
        std::mem::take(&mut self.has_grown)
    }

    /// The nodes that came, or came back, since this was last called.
    pub(super) fn take_come(&mut self) -> Vec<PeerId> {
        std::mem::take(&mut self.come)
    }

    /// Whether a peer is one of them, and connected.
    pub(super) fn has(&self, peer: &PeerId) -> bool {
        let mut known = self.known.iter();
        known.any(|known| known.peer == Some(*peer) && known.state == State::Connected)
    }

    /// How many of them are connected.
    pub(super) fn connected_count(&self) -> usize {
        let connected = self.known.iter();
        connected
            .filter(|known| known.state == State::Connected)
            .count()
    }

    /// The addresses of the nodes whose id is known, each with `/p2p/…`; those that are connected come first.
    pub(super) fn addresses(&self) -> Vec<Multiaddr> {
        let mut known: Vec<&Neighbour> = self
            .known
            .iter()
            .filter(|known| known.state != State::Own)
            .collect();
        known.sort_by_key(|known| known.state != State::Connected);
        let with_id = |known: &&Neighbour| {
            let peer = known.peer?;
            known.addresses.first()?.clone().with_p2p(peer).ok()
        };
        known.iter().filter_map(with_id).collect()
    }
}

impl Neighbour {
    fn wait(&mut self, now: Instant) -> State {
        let longest = if self.is_given {
            LONGEST_GIVEN
        } else {
            LONGEST_MET
        };
        State::Waiting(now + self.backoff.next(rand::random_range(0.0..=1.0), longest))
    }

    fn failed(&mut self, error: &DialError, now: Instant) -> State {
        match error {
            DialError::LocalPeerId { .. } => State::Own,
            DialError::WrongPeerId { .. } if !self.is_named => {
                // The node at the address has another identity now.
                self.peer = None;
                self.addresses.truncate(1);
                self.wait(now)
            }
            _ => self.wait(now),
        }
    }
}
