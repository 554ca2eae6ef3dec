//! A node, which listens and joins a network with other nodes.

use std::collections::{HashMap, HashSet};

use fluence::state::{LinkCause, LinkError, NetworkStatus};
use libp2p::core::transport::ListenerId;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, Swarm};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;

use super::causes;
use crate::address::bare;
use crate::behaviour::Behaviour;
use crate::config::StartError;

/// The listeners of a node and its connections to other nodes.
pub(super) struct Node {
    /// Listeners that have no address yet.
    opening: HashSet<ListenerId>,
    /// Whether the listeners' addresses are advertised, because no external addresses are
    /// configured.
    tells_listeners: bool,
    /// The addresses of other nodes, each with the peer that was found there.
    peers: HashMap<Multiaddr, Option<PeerId>>,
    /// The dials to other nodes that are under way.
    joining: HashMap<ConnectionId, Multiaddr>,
    /// Whether another node entered the routing table since [`Node::take_grown`] was last called.
    has_grown: bool,
    /// Requests for the listeners' addresses, which wait until every listener has one.
    waiting: Vec<oneshot::Sender<Vec<Multiaddr>>>,
}

impl Node {
    /// Begins to listen on these addresses.
    ///
    /// # Errors
    /// [`StartError::NodeInBrowser`] in a browser; [`StartError::Listen`] if an address cannot be listened on.
    pub(super) fn open(
        swarm: &mut Swarm<Behaviour>,
        listen: Vec<Multiaddr>,
        external: Vec<Multiaddr>,
        peers: Vec<Multiaddr>,
    ) -> Result<Self, StartError> {
        if cfg!(target_arch = "wasm32") {
            return Err(StartError::NodeInBrowser);
        }
        let mut opening = HashSet::new();
        for address in listen {
            let listener =
                swarm
                    .listen_on(address.clone())
                    .map_err(|error| StartError::Listen {
                        address,
                        reason: causes::root(&error),
                    })?;
            opening.insert(listener);
        }
        let tells_listeners = external.is_empty();
        for address in external {
            swarm.add_external_address(address);
        }
        Ok(Self {
            opening,
            tells_listeners,
            peers: peers.into_iter().map(|address| (address, None)).collect(),
            joining: HashMap::new(),
            has_grown: false,
            waiting: Vec::new(),
        })
    }

    /// Handles the address that a listener got.
    pub(super) fn listens(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        listener: ListenerId,
        address: Multiaddr,
    ) {
        tracing::info!(%address, "listening");
        if self.tells_listeners {
            // Clients get a reservation only from a relay that has an external address.
            swarm.add_external_address(address);
        }
        self.opened(swarm, listener);
    }

    /// Handles a listener that has ended.
    pub(super) fn listener_closed(
        &mut self,
        swarm: &Swarm<Behaviour>,
        listener: ListenerId,
        reason: &Result<(), std::io::Error>,
    ) {
        tracing::error!(?reason, "a listener has ended");
        self.opened(swarm, listener);
    }

    fn opened(&mut self, swarm: &Swarm<Behaviour>, listener: ListenerId) {
        self.opening.remove(&listener);
        if self.opening.is_empty() {
            for waiting in self.waiting.drain(..) {
                let _ = waiting.send(swarm.listeners().cloned().collect());
            }
        }
    }

    /// Answers with the addresses that this node listens on, once every listener has one.
    pub(super) fn tell_listeners(
        &mut self,
        swarm: &Swarm<Behaviour>,
        reply: oneshot::Sender<Vec<Multiaddr>>,
    ) {
        if self.opening.is_empty() {
            let _ = reply.send(swarm.listeners().cloned().collect());
        } else {
            self.waiting.push(reply);
        }
    }

    /// Dials the other nodes that this one is not connected to.
    pub(super) fn join(&mut self, swarm: &mut Swarm<Behaviour>) {
        for (address, peer) in &self.peers {
            let connected = peer.is_some_and(|peer| swarm.is_connected(&peer));
            if connected || self.joining.values().any(|joining| joining == address) {
                continue;
            }
            let dial = DialOpts::unknown_peer_id().address(address.clone()).build();
            let connection = dial.connection_id();
            if swarm.dial(dial).is_ok() {
                self.joining.insert(connection, address.clone());
            }
        }
    }

    /// Handles an established connection, which may be one to another node.
    pub(super) fn connected(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        id: ConnectionId,
    ) {
        if let Some(address) = self.joining.remove(&id) {
            swarm.behaviour_mut().kad.add_address(&peer, bare(&address));
            self.peers.insert(address, Some(peer));
        }
    }

    /// Handles a failed dial. If it was one to another node, it is tried again in the next round of
    /// housekeeping.
    pub(super) fn dial_failed(&mut self, id: ConnectionId) {
        self.joining.remove(&id);
    }

    /// Notes that another node has entered the routing table.
    pub(super) fn grew(&mut self) {
        self.has_grown = true;
    }

    /// Whether another node entered the routing table since this was last called.
    pub(super) fn take_grown(&mut self) -> bool {
        std::mem::take(&mut self.has_grown)
    }

    /// A node is online while it listens.
    pub(super) fn status(&self, swarm: &Swarm<Behaviour>) -> NetworkStatus {
        if !self.opening.is_empty() {
            return NetworkStatus::Starting;
        }
        match swarm.listeners().next() {
            Some(address) => NetworkStatus::Online {
                node: address.to_string(),
            },
            None => {
                let error = LinkError {
                    node: None,
                    others_failed: false,
                    cause: LinkCause::NotListening,
                };
                causes::offline(error, 0)
            }
        }
    }
}
