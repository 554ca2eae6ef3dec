//! Carries out what a client's [`Links`] decide: it dials, reserves and closes.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use fluence::live::NodeView;
use fluence::state::NetworkStatus;
use libp2p::core::transport::ListenerId;
use libp2p::kad::{PeerInfo, QueryId};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, Swarm};
use libp2p::{Multiaddr, PeerId};
use web_time::{Instant, SystemTime, UNIX_EPOCH};

use super::causes;
use crate::address::{is_web_socket, peer_of, relay_of};
use crate::behaviour::Behaviour;
use crate::limits::MORE_CIRCUITS;
use crate::link::{Action, Input, Links, Summary};

/// How many nodes the network is asked for when a link needs one: each is connected, so that the nearest can be chosen.
const DISCOVERED: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

/// A client's links and what they have open.
pub(super) struct Client {
    links: Links,
    /// What each link has open, in the order of the links.
    open: Vec<Open>,
    /// Whether a link came online since [`Client::take_linked`] was last called.
    has_linked: bool,
    /// The query that asks for more nodes.
    discovery: Option<QueryId>,
    /// The time of the next attempt that was last reported, on both clocks. It is kept so that what
    /// was reported stays the same even if the wall clock is set in the meantime.
    retry: Option<(Instant, u64)>,
    /// The peers that are forgotten while there is still a connection to them. What comes over it late, like their
    /// addresses, adds them to the DHT's routing table again.
    forgotten: HashSet<PeerId>,
}

/// What a link has open.
#[derive(Default)]
struct Open {
    connection: Option<ConnectionId>,
    /// The listener on the circuit address, which stands for the reservation.
    listener: Option<ListenerId>,
    /// Circuit addresses that are advertised besides the one that the link uses.
    circuits: Vec<Multiaddr>,
}

impl Client {
    pub(super) fn new(links: usize, nodes: &[Multiaddr], reserve: bool) -> Self {
        let links = Links::new(links, nodes, reserve);
        let open = (0..links.len()).map(|_| Open::default()).collect();
        Self {
            links,
            open,
            has_linked: false,
            discovery: None,
            retry: None,
            forgotten: HashSet::new(),
        }
    }

    /// Connects the links that are not connected.
    pub(super) fn connect(&mut self, swarm: &mut Swarm<Behaviour>) {
        for link in 0..self.links.len() {
            self.tell(swarm, link, Input::Connect);
        }
    }

    /// Changes the nodes of every link.
    pub(super) fn set_nodes(&mut self, swarm: &mut Swarm<Behaviour>, nodes: &[Multiaddr]) {
        self.links.set_nodes(nodes);
        for link in 0..self.links.len() {
            self.tell(swarm, link, Input::NodesChanged);
        }
    }

    /// Makes attempts more often until a link is online.
    pub(super) fn hurry(&mut self) {
        self.links
            .hurry(Instant::now(), rand::random_range(0.0..=1.0));
    }

    /// Handles the result of a query, which may have asked for nodes to link to.
    pub(super) fn discovered(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        query: QueryId,
        peers: &[PeerInfo],
    ) {
        if self.discovery != Some(query) {
            return;
        }
        self.discovery = None;
        for peer in peers {
            let is_usable = |address: &&Multiaddr| {
                relay_of(address).is_none()
                    && (cfg!(not(target_arch = "wasm32")) || is_web_socket(address))
            };
            if let Some(address) = peer.addrs.iter().find(is_usable) {
                self.links.learn(peer.peer_id, address);
            }
        }
        for link in 0..self.links.len() {
            self.tell(swarm, link, Input::Learned);
        }
    }

    /// Tells every link that its time may have come.
    pub(super) fn on_time(&mut self, swarm: &mut Swarm<Behaviour>) {
        for link in 0..self.links.len() {
            self.tell(swarm, link, Input::Due);
        }
    }

    /// When [`Client::on_time`] is to be called next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.links.next_due()
    }

    /// Whether a link came online since this was last called.
    pub(super) fn take_linked(&mut self) -> bool {
        std::mem::take(&mut self.has_linked)
    }

    /// The nodes that this client is connected to, with their addresses without `/p2p/…`.
    pub(super) fn nodes(&self) -> Vec<(PeerId, Multiaddr)> {
        self.links.nodes().collect()
    }

    /// Those of them that are configured, in the order of the configuration.
    pub(super) fn given_nodes(&self) -> Vec<PeerId> {
        self.links.given_nodes()
    }

    /// The nodes with their links.
    pub(super) fn report(&self) -> Vec<NodeView> {
        self.links.report()
    }

    /// The status of all links as one.
    pub(super) fn status(&mut self) -> NetworkStatus {
        match self.links.summary() {
            Summary::NoNode => NetworkStatus::NoNode,
            Summary::Connecting(node) => NetworkStatus::Connecting {
                node: node.to_string(),
            },
            Summary::Online(node) => NetworkStatus::Online {
                node: node.to_string(),
            },
            Summary::Unreachable(node) => NetworkStatus::Unreachable {
                node: node.to_string(),
            },
            Summary::Offline(error, until) => {
                let retry_at = match self.retry {
                    Some((known, retry_at)) if known == until => retry_at,
                    _ => unix_ms(until),
                };
                self.retry = Some((until, retry_at));
                causes::offline(error, retry_at)
            }
        }
    }

    /// Handles an established connection, which may belong to a link.
    pub(super) fn connected(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        id: ConnectionId,
    ) {
        self.tell_owner(swarm, id, Input::Dialed(peer));
    }

    /// Handles a failed dial, which may belong to a link.
    pub(super) fn dial_failed(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        id: ConnectionId,
        error: &DialError,
    ) {
        self.tell_owner(swarm, id, Input::DialFailed(causes::of_dial(error)));
    }

    /// Handles a connection that has ended, or is about to; it may belong to a link.
    pub(super) fn disconnected(&mut self, swarm: &mut Swarm<Behaviour>, id: ConnectionId) {
        self.tell_owner(swarm, id, Input::Closed);
    }

    /// Handles a pong on a connection, which may belong to a link.
    pub(super) fn alive(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        id: ConnectionId,
        rtt: Duration,
    ) {
        self.links.measured(peer, rtt);
        self.tell_owner(swarm, id, Input::Pong);
    }

    /// Handles a reservation that a node granted or renewed.
    pub(super) fn reserved(&mut self, swarm: &mut Swarm<Behaviour>, node: PeerId) {
        let link = (0..self.links.len())
            .find(|link| self.links.node(*link).is_some_and(|(peer, _)| peer == node));
        if let Some(link) = link {
            self.tell(swarm, link, Input::Reserved);
        }
    }

    /// Handles a reservation that was refused or has ended.
    pub(super) fn listener_closed(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        id: ListenerId,
        reason: Result<(), std::io::Error>,
    ) {
        if let Some(link) = self.link_of(id) {
            let detail = reason.err().map(|error| causes::root(&error));
            self.tell(swarm, link, Input::ReservationEnded(detail));
        }
    }

    /// Handles a circuit address that a reservation has given this peer.
    pub(super) fn listens(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        id: ListenerId,
        address: Multiaddr,
    ) {
        let Some(link) = self.link_of(id) else {
            return;
        };
        // Browsers reach a node only by WebSocket, so if the link itself uses TCP, the WebSocket
        // address is advertised too.
        let uses_web_socket = self
            .links
            .node(link)
            .is_some_and(|(_, address)| is_web_socket(&address));
        let circuits = &mut self.open[link].circuits;
        if !uses_web_socket
            && is_web_socket(&address)
            && circuits.len() < MORE_CIRCUITS
            && !circuits.contains(&address)
        {
            circuits.push(address.clone());
            swarm.add_external_address(address);
        }
    }

    fn link_of(&self, id: ListenerId) -> Option<usize> {
        self.open.iter().position(|open| open.listener == Some(id))
    }

    fn tell_owner(&mut self, swarm: &mut Swarm<Behaviour>, id: ConnectionId, input: Input) {
        let owner = self
            .open
            .iter()
            .position(|open| open.connection == Some(id));
        if let Some(link) = owner {
            self.tell(swarm, link, input);
        }
    }

    /// Tells a link what happened and carries out its actions. Results that are known at once are
    /// fed back to it. The loop ends because a link tries a limited number of nodes.
    fn tell(&mut self, swarm: &mut Swarm<Behaviour>, link: usize, input: Input) {
        let was_home_online = self.links.is_home_online();
        self.tell_one(swarm, link, input);
        if self.links.is_home_online() && !was_home_online {
            for other in 0..self.links.len() {
                if let Some(input) = self.links.when_home_came(other) {
                    self.tell_one(swarm, other, input);
                }
            }
        }
    }

    fn tell_one(&mut self, swarm: &mut Swarm<Behaviour>, link: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let chance = rand::random_range(0.0..=1.0);
            for action in self.links.handle(link, input, Instant::now(), chance) {
                inputs.extend(self.act(swarm, link, action));
            }
        }
        if self.links.node(link).is_none() {
            for address in self.open[link].circuits.drain(..) {
                swarm.remove_external_address(&address);
            }
        }
    }

    /// Carries out an action of a link, and returns its result if that is known at once.
    fn act(&mut self, swarm: &mut Swarm<Behaviour>, link: usize, action: Action) -> Option<Input> {
        let open = &mut self.open[link];
        match action {
            Action::Dial(address) => {
                let dial = dial(address);
                open.connection = Some(dial.connection_id());
                open.listener = None;
                let error = swarm.dial(dial).err()?;
                Some(Input::DialFailed(causes::of_dial(&error)))
            }
            Action::Reserve(circuit) => match swarm.listen_on(circuit) {
                Ok(listener) => {
                    open.listener = Some(listener);
                    None
                }
                Err(error) => Some(Input::ReservationEnded(Some(causes::root(&error)))),
            },
            Action::Close => {
                // The listener ends with its connection and must not be removed explicitly: the
                // relay client panics if a reservation is granted after its listener is gone.
                if let Some(connection) = open.connection.take() {
                    swarm.close_connection(connection);
                }
                open.listener = None;
                None
            }
            Action::AddToDht(peer, address) => {
                self.forgotten.remove(&peer);
                swarm.behaviour_mut().kad.add_address(&peer, address);
                None
            }
            Action::ForgetDht => {
                self.forget_dht(swarm);
                None
            }
            Action::Discover => {
                if self.discovery.is_none() {
                    let kad = &mut swarm.behaviour_mut().kad;
                    self.discovery = Some(kad.get_n_closest_peers(PeerId::random(), DISCOVERED));
                }
                None
            }
            Action::Announce => {
                self.has_linked = true;
                None
            }
        }
    }

    /// Removes all peers but the nodes of the current links from the DHT's routing table, so that
    /// an abandoned node and its storage are no longer asked.
    fn forget_dht(&mut self, swarm: &mut Swarm<Behaviour>) {
        let kept: Vec<PeerId> = self.links.nodes().map(|(peer, _)| peer).collect();
        let kad = &mut swarm.behaviour_mut().kad;
        let mut known = Vec::new();
        for bucket in kad.kbuckets() {
            known.extend(bucket.iter().map(|entry| *entry.node.key.preimage()));
        }
        for peer in known.into_iter().filter(|peer| !kept.contains(peer)) {
            swarm.behaviour_mut().kad.remove_peer(&peer);
            if swarm.is_connected(&peer) {
                self.forgotten.insert(peer);
            }
        }
    }

    /// Handles that a peer is in the DHT's routing table.
    pub(super) fn in_dht(&self, swarm: &mut Swarm<Behaviour>, peer: &PeerId) {
        if self.forgotten.contains(peer) {
            swarm.behaviour_mut().kad.remove_peer(peer);
        }
    }

    /// Handles the loss of the last connection to a peer.
    pub(super) fn gone(&mut self, peer: &PeerId) {
        self.forgotten.remove(peer);
    }
}

fn dial(address: Multiaddr) -> DialOpts {
    match peer_of(&address) {
        Some(id) => DialOpts::peer_id(id)
            .condition(PeerCondition::Always)
            .addresses(vec![address])
            .build(),
        None => DialOpts::unknown_peer_id().address(address).build(),
    }
}

fn unix_ms(at: Instant) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let then = now + at.saturating_duration_since(Instant::now());
    u64::try_from(then.as_millis()).unwrap_or(u64::MAX)
}
