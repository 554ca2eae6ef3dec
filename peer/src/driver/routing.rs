//! What a node's routing table has, which it tells everybody who asks for the nodes near a key.
//!
//! A node is in the table with addresses at which this one has reached it. What somebody says about
//! their own addresses is tried first, and only if it is at the place from which they have come or
//! is a name. A name may lead to a third party, to which somebody can so have this node connect: as many
//! such connections are made at a time as an address block may have, none leads into a private network, and
//! nothing but the beginning of libp2p is sent on them. There are few addresses of a node and
//! few nodes of an address block, so that an answer fits into a message and strangers do not fill
//! the table. (Whoever cannot be reached any more is removed when a dial fails; `neighbours.rs` dials
//! those that are lost.)

use std::collections::HashMap;
use std::time::Duration;

use libp2p::kad::Addresses;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, Swarm};
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use crate::address::relay_of;
use crate::behaviour::Behaviour;
use crate::block::{Block, Shares, ip_of};
use crate::dialing::Dialing;
use crate::guests::Guests;
use crate::limits::ADDRESSES_PER_PEER;
use crate::records::{NODE_ADDRESSES, NODE_BYTES};

/// Connections that are being made at the same time to try addresses, some of which may never answer. An address block may
/// have one of so many parts of those that are free: four at most.
const PROOFS: usize = 64;
const PROOFS_PART: usize = 16;
/// Addresses of a node that are tried before its next turn.
const TRIES: usize = 8;
/// How long after an address could not be reached it is the node's next turn. It takes twice as long
/// each time, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(20 * 60);
/// Connected nodes whose claims are remembered. An address block may have one of so many parts of what is free.
const CLAIMS: usize = 1024;
const CLAIMS_PART: usize = 16;
/// Nodes of one address block in the table.
pub(super) const NODES_OF_BLOCK: usize = 4;

/// What a node says about where it can be reached.
struct Claim {
    /// The block for which it is counted.
    block: Option<Block>,
    addresses: Vec<Multiaddr>,
    /// Those that were tried, until the next turn.
    tried: Vec<Multiaddr>,
    next_turn: Instant,
    wait: Duration,
}

/// An address that is being tried.
struct Proof {
    peer: PeerId,
    address: Multiaddr,
    block: Option<Block>,
}

/// Keeps the routing table of a node.
pub(super) struct Routing {
    guests: Guests,
    dialing: Dialing,
    /// The addresses that are being tried.
    proving: HashMap<ConnectionId, Proof>,
    proofs: Shares,
    /// What the connected nodes say about where they can be reached.
    claims: HashMap<PeerId, Claim>,
    claimed: Shares,
    /// When it is somebody's turn.
    due: Option<Instant>,
}

impl Routing {
    pub(super) fn new(guests: Guests, dialing: Dialing) -> Self {
        Self {
            guests,
            dialing,
            proving: HashMap::new(),
            proofs: Shares::new(PROOFS, PROOFS_PART),
            claims: HashMap::new(),
            claimed: Shares::new(CLAIMS, CLAIMS_PART),
            due: None,
        }
    }

    /// Handles what another node says about where it can be reached.
    pub(super) fn told(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        now: Instant,
    ) {
        let block = self.guests.find(&peer).flatten();
        if !self.claims.contains_key(&peer) {
            if !self.claimed.has_room(block) {
                self.guests
                    .blame(block, "has as many nodes tell of themselves as it may");
                return;
            }
            self.claimed.take(block);
        }
        let claim = self.claims.entry(peer).or_insert(Claim {
            block,
            addresses: Vec::new(),
            tried: Vec::new(),
            next_turn: now,
            wait: FIRST_WAIT,
        });
        claim.addresses = addresses;
        claim.addresses.truncate(ADDRESSES_PER_PEER);
        self.prove(swarm, peer, now);
    }

    /// Tries addresses that a node says it has and that are not in the table.
    fn prove(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId, now: Instant) {
        let Some(block) = self.guests.find(&peer) else {
            return;
        };
        let is_there = |address: &Multiaddr| match (block, ip_of(address)) {
            (Some(block), Some(ip)) => Block::of(ip) == block,
            _ => true,
        };
        let table = table(swarm);
        let known = addresses_of(&table, &peer);
        let has_room = self.has_room(&table, &peer);
        let Some(claim) = self.claims.get_mut(&peer) else {
            return;
        };
        let is_turn = claim.next_turn <= now;
        if is_turn {
            claim.tried.clear();
        }
        let unproven: Vec<Multiaddr> = claim
            .addresses
            .iter()
            .filter(|address| relay_of(address).is_none())
            .filter_map(|address| address.clone().with_p2p(peer).ok())
            .filter(|address| !known.contains(address))
            .filter(|address| is_there(address) && self.dialing.allows(address))
            .collect();
        if unproven.is_empty() {
            return;
        }
        if is_turn {
            claim.next_turn = now + claim.wait;
            claim.wait = (claim.wait * 2).min(LONGEST_WAIT);
        }
        // Also if it is not its turn, or there is no room now: others have theirs at other times, and nothing else comes back
        // to it.
        let due = claim.next_turn;
        self.due = Some(self.due.map_or(due, |other| other.min(due)));
        if !has_room {
            return;
        }
        let untried = unproven
            .into_iter()
            .filter(|address| !claim.tried.contains(address));
        let most = (NODE_ADDRESSES.saturating_sub(known.len()))
            .min(TRIES.saturating_sub(claim.tried.len()));
        for address in untried.take(most).collect::<Vec<_>>() {
            if !self.proofs.has_room(block) {
                break;
            }
            claim.tried.push(address.clone());
            let dial = DialOpts::peer_id(peer)
                .condition(PeerCondition::Always)
                .addresses(vec![address.clone()])
                .allocate_new_port()
                .build();
            let id = dial.connection_id();
            if swarm.dial(dial).is_ok() {
                let proof = Proof {
                    peer,
                    address,
                    block,
                };
                self.proofs.take(block);
                self.proving.insert(id, proof);
            }
        }
    }

    /// When [`Routing::on_time`] is to be called next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// Tries again what could not be reached, if it is time.
    pub(super) fn on_time(&mut self, swarm: &mut Swarm<Behaviour>, now: Instant) {
        if self.due.is_none_or(|due| now < due) {
            return;
        }
        self.due = None;
        let peers: Vec<PeerId> = self.claims.keys().copied().collect();
        for peer in peers {
            self.prove(swarm, peer, now);
        }
    }

    /// Handles an established connection, which may have been made to try an address. It stays open:
    /// the other protocols may use it already.
    pub(super) fn connected(&mut self, swarm: &mut Swarm<Behaviour>, id: ConnectionId) {
        if let Some(proof) = self.proven(id) {
            self.reached(swarm, proof.peer, proof.address);
        }
    }

    /// Handles a dial that has failed.
    pub(super) fn dial_failed(&mut self, id: ConnectionId) {
        self.proven(id);
    }

    /// What was tried with a dial that has ended.
    fn proven(&mut self, id: ConnectionId) -> Option<Proof> {
        let proof = self.proving.remove(&id)?;
        self.proofs.give_back(proof.block);
        Some(proof)
    }

    /// Handles that this node has reached another one, which serves the DHT, at this address.
    pub(super) fn reached(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        address: Multiaddr,
    ) {
        let Ok(address) = address.with_p2p(peer) else {
            return;
        };
        let table = table(swarm);
        let mut known = addresses_of(&table, &peer).to_vec();
        if relay_of(&address).is_some() || !self.has_room(&table, &peer) {
            return;
        }
        known.push(address.clone());
        if first_that_fit(&known) == known.len() {
            swarm.behaviour_mut().kad.add_address(&peer, address);
        }
    }

    /// Handles a change of a node's addresses in the table: kad adds one whenever it dials.
    pub(super) fn changed(swarm: &mut Swarm<Behaviour>, peer: &PeerId, addresses: &Addresses) {
        let addresses: Vec<Multiaddr> = addresses.iter().cloned().collect();
        for address in &addresses[first_that_fit(&addresses)..] {
            swarm.behaviour_mut().kad.remove_address(peer, address);
        }
    }

    /// Handles the loss of the last connection to a peer.
    pub(super) fn disconnected(&mut self, peer: &PeerId) {
        if let Some(claim) = self.claims.remove(peer) {
            self.claimed.give_back(claim.block);
        }
    }

    /// Whether a node is in the table or may be.
    fn has_room(&self, table: &Table, peer: &PeerId) -> bool {
        let Some(Some(block)) = self.guests.find(peer) else {
            return true;
        };
        let mut of_block = 0;
        for (known, addresses) in table {
            if known == peer {
                return true;
            }
            let is_of_block = self.guests.find(known) == Some(Some(block))
                || addresses
                    .iter()
                    .any(|address| self.guests.block_of(address) == Some(block));
            of_block += usize::from(is_of_block);
        }
        if of_block >= NODES_OF_BLOCK {
            self.guests
                .blame(Some(block), "has as many nodes as it may have");
        }
        of_block < NODES_OF_BLOCK
    }
}

/// How many of the addresses, which contain a peer id, one node may have in an answer.
fn first_that_fit(addresses: &[Multiaddr]) -> usize {
    let mut bytes = 0;
    addresses
        .iter()
        .take(NODE_ADDRESSES)
        .take_while(|address| {
            bytes += address.len();
            bytes <= NODE_BYTES
        })
        .count()
}

/// The nodes of the routing table and their addresses.
type Table = Vec<(PeerId, Vec<Multiaddr>)>;

fn table(swarm: &mut Swarm<Behaviour>) -> Table {
    let buckets = swarm.behaviour_mut().kad.kbuckets();
    buckets
        .flat_map(|bucket| {
            let nodes = bucket.iter().map(|entry| {
                let addresses = entry.node.value.iter().cloned().collect();
                (*entry.node.key.preimage(), addresses)
            });
            nodes.collect::<Vec<_>>()
        })
        .collect()
}

/// The addresses of a node in the routing table.
fn addresses_of<'a>(table: &'a Table, peer: &PeerId) -> &'a [Multiaddr] {
    table
        .iter()
        .find_map(|(known, addresses)| (known == peer).then_some(&addresses[..]))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use libp2p::core::muxing::StreamMuxerBox;
    use libp2p::core::transport::dummy::DummyTransport;
    use libp2p::identity::Keypair;
    use libp2p::{Transport, relay};

    use super::super::neighbours::Neighbours;
    use super::*;
    use crate::config::{Config, RelayLimits};
    use crate::libraries;

    const SECOND: Duration = Duration::from_secs(1);

    /// What keeps the table of a node, and a swarm that dials nobody.
    fn node() -> (Routing, Guests, Swarm<Behaviour>) {
        let config = Config::node(Keypair::generate_ed25519(), Vec::new());
        let id = config.keypair.public().to_peer_id();
        let guests = Guests::new(&RelayLimits::default());
        let (_, circuits) = relay::client::new(id);
        let behaviour = Behaviour::new(&config, circuits, Some(&guests));
        let transport = DummyTransport::<(PeerId, StreamMuxerBox)>::new().boxed();
        let swarm = Swarm::new(transport, behaviour, id, libraries::swarm(SECOND));
        let routing = Routing::new(guests.clone(), Dialing::new(&config.role));
        (routing, guests, swarm)
    }

    #[tokio::test]
    async fn every_node_has_its_turn_whoever_else_has_one_before() {
        let (mut routing, guests, mut swarm) = node();
        let start = Instant::now();
        let mut told = |host: u8, at: Instant| {
            let address: Multiaddr = format!("/ip4/198.51.100.{host}/tcp/4101")
                .parse()
                .expect("an address");
            let peer = PeerId::random();
            guests.connected(peer, guests.block_of(&address));
            routing.told(&mut swarm, peer, vec![address], at);
        };
        told(1, start);
        told(2, start + 2 * SECOND);
        let dials = |swarm: &Swarm<Behaviour>| {
            let info = swarm.network_info();
            info.connection_counters().num_pending_outgoing()
        };
        assert_eq!(dials(&swarm), 2, "both are tried at once");
        let mut turns = Vec::new();
        for count in 3..=6 {
            let due = routing.next_due().expect("it is somebody's turn");
            routing.on_time(&mut swarm, due - SECOND / 1000);
            routing.on_time(&mut swarm, due);
            assert_eq!(dials(&swarm), count, "one more is tried");
            turns.push((due - start).as_secs());
        }
        // The first one's turns, and two seconds later the other's.
        assert_eq!(turns, [5, 7, 15, 17]);
    }

    /// Something that is connected from this address.
    fn come(guests: &Guests, address: &str) -> (PeerId, Multiaddr) {
        let (peer, address) = (PeerId::random(), address.parse().expect("an address"));
        guests.connected(peer, guests.block_of(&address));
        (peer, address)
    }

    fn at(host: u8) -> String {
        format!("/ip4/198.51.100.{host}/tcp/4101")
    }

    #[tokio::test]
    async fn few_addresses_that_claim_and_prove_without_end_keep_no_newcomer_out() {
        let (mut routing, guests, mut swarm) = node();
        let now = Instant::now();
        for n in 0..8000 {
            let (peer, address) = come(&guests, &at(n as u8 % 8 + 1));
            routing.told(&mut swarm, peer, vec![address], now);
        }
        let (newcomer, address) = come(&guests, &at(9));
        routing.told(&mut swarm, newcomer, vec![address.clone()], now);
        let tried = routing.proving.values();
        let tried: Vec<PeerId> = tried.map(|proof| proof.peer).collect();
        assert!(tried.contains(&newcomer), "{} are tried", tried.len());
        assert!(routing.claims.len() < CLAIMS && tried.len() < PROOFS);
        // Who goes makes room.
        let claims: Vec<PeerId> = routing.claims.keys().copied().collect();
        for peer in claims {
            routing.disconnected(&peer);
        }
        let dials: Vec<ConnectionId> = routing.proving.keys().copied().collect();
        for id in dials {
            routing.dial_failed(id);
        }
        assert_eq!((routing.claimed.total(), routing.proofs.total()), (0, 0));
    }

    #[tokio::test]
    async fn nodes_of_one_address_that_come_and_go_are_few_in_what_is_known() {
        let (mut routing, guests, mut swarm) = node();
        let now = Instant::now();
        let none = (Vec::new(), Vec::new());
        let mut neighbours = Neighbours::new(guests.clone(), none.0, none.1, now);
        let mut nodes = Vec::new();
        // Four are proven, go away, and make room for the next four in the table.
        for _ in 0..NODES_OF_BLOCK * 10 {
            let (peer, address) = come(&guests, &at(1));
            neighbours.met(&swarm, peer, vec![address.clone()], now);
            nodes.push((peer, address));
        }
        let (honest, address) = come(&guests, &at(2));
        neighbours.met(&swarm, honest, vec![address.clone()], now);
        assert_eq!(neighbours.addresses().len(), NODES_OF_BLOCK + 1);
        // All come back while others of their address are in the table.
        for (peer, address) in &nodes[..NODES_OF_BLOCK] {
            routing.reached(&mut swarm, *peer, address.clone());
        }
        let id = ConnectionId::new_unchecked(0);
        for (peer, _) in &nodes {
            neighbours.connected(&mut swarm, &mut routing, *peer, id);
        }
        neighbours.connected(&mut swarm, &mut routing, honest, id);
        let table = table(&mut swarm);
        assert_eq!(table.len(), NODES_OF_BLOCK + 1);
        assert!(!addresses_of(&table, &honest).is_empty());
    }
}
