//! A node, which listens and joins a network with other nodes.

use std::collections::HashSet;
use std::time::Duration;

use fluence::state::{LinkCause, LinkError, NetworkStatus};
use libp2p::Multiaddr;
use libp2p::core::transport::ListenerId;
use libp2p::relay;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::Swarm;
use tokio::sync::oneshot;
use web_time::Instant;

use super::causes;
use super::exchange::Exchange;
use super::neighbours::Neighbours;
use super::routing::Routing;
use crate::backoff::Backoff;
use crate::behaviour::Behaviour;
use crate::codec::{CallReply, CallRequest};
use crate::config::StartError;
use crate::guests::Guests;
use crate::handed::WebSockets;
use crate::load::Load;

/// The longest time after which a node looks for others again.
const LONGEST_LOOK: Duration = Duration::from_secs(5 * 60);

/// The listeners of a node and its connections to other nodes.
pub(super) struct Node {
    pub(super) guests: Guests,
    /// What the program hands WebSockets over with.
    pub(super) web_sockets: WebSockets,
    pub(super) routing: Routing,
    /// Listeners that have no address yet.
    opening: HashSet<ListenerId>,
    /// Whether the listeners' addresses are advertised, because no external addresses are
    /// configured.
    tells_listeners: bool,
    /// The other nodes of the network.
    pub(super) neighbours: Neighbours,
    /// When it looks for further nodes next, and the waits between. Two nodes whose addresses were proven to a third one
    /// only after both had asked it would not meet otherwise before the library looks again.
    look_at: Option<Instant>,
    looks: Backoff,
    /// The records that it gets from them.
    pub(super) exchange: Exchange,
    /// Requests for the listeners' addresses, which wait until every listener has one.
    waiting: Vec<oneshot::Sender<Vec<Multiaddr>>>,
}

impl Node {
    /// When [`Node::on_time`] is to be called next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let dues = [
            self.look_at,
            self.neighbours.next_due(),
            self.routing.next_due(),
            self.exchange.next_due(),
        ];
        dues.into_iter().flatten().min()
    }

    /// Connects to other nodes and asks them for records, if it is time.
    pub(super) fn on_time(&mut self, swarm: &mut Swarm<Behaviour>) {
        let now = Instant::now();
        self.neighbours.join(swarm, now);
        let come = self.neighbours.take_come();
        if !come.is_empty() {
            self.looks = Backoff::default();
            self.look_at = Some(now + self.next_look());
        } else if self.look_at.is_some_and(|at| at <= now) {
            // Without any other node there is nobody to ask.
            let _ = swarm.behaviour_mut().kad.bootstrap();
            self.look_at = Some(now + self.next_look());
        }
        for node in come {
            self.exchange.has_come(node, now);
        }
        self.exchange.ask(swarm, now);
    }

    fn next_look(&mut self) -> Duration {
        self.looks.next(rand::random_range(0.0..=1.0), LONGEST_LOOK)
    }

    /// Begins to listen on these addresses.
    ///
    /// # Errors
    /// [`StartError::Listen`] if an address cannot be listened on.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn open(
        swarm: &mut Swarm<Behaviour>,
        listen: Vec<Multiaddr>,
        external: Vec<Multiaddr>,
        peers: Vec<Multiaddr>,
        known: Vec<Multiaddr>,
        guests: Guests,
        routing: Routing,
        web_sockets: WebSockets,
    ) -> Result<Self, StartError> {
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
        set_own_addresses(swarm);
        Ok(Self {
            guests,
            web_sockets,
            routing,
            opening,
            tells_listeners,
            exchange: Exchange::default(),
            neighbours: Neighbours::new(peers, known, Instant::now()),
            look_at: None,
            looks: Backoff::default(),
            waiting: Vec::new(),
        })
    }

    /// Handles the answer of another node that was asked for records; returns whether the event was one.
    pub(super) fn on_answer(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        event: &Event<CallRequest, CallReply>,
    ) -> bool {
        let (id, reply) = match event {
            Event::Message {
                message:
                    Message::Response {
                        request_id,
                        response: CallReply::In(reply),
                    },
                ..
            } => (*request_id, Some(reply)),
            Event::OutboundFailure { request_id, .. } => (*request_id, None),
            _ => return false,
        };
        let now = Instant::now();
        self.exchange.answered(swarm, &self.guests, id, reply, now)
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
            set_own_addresses(swarm);
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

    /// The peers that are connected to this node.
    pub(super) fn guests(&self) -> Option<&Guests> {
        Some(&self.guests)
    }

    /// What this node holds for others.
    pub(super) fn load(&self, swarm: &mut Swarm<Behaviour>) -> Load {
        let (functions, records) = swarm.behaviour_mut().kad.store_mut().count();
        Load {
            peers: swarm.network_info().num_peers(),
            nodes: self.neighbours.connected_count(),
            records,
            functions,
            ..self.guests.load()
        }
    }

    /// Handles what the relay tells.
    pub(super) fn relayed(&mut self, event: relay::Event) {
        use relay::Event::{CircuitClosed, CircuitReqDenied};
        // That neither a refusal nor an acceptance could be sent is told by events that are to become
        // lines of the log; until then, they are how one learns that a circuit came to nothing.
        #[allow(deprecated)]
        match event {
            CircuitReqDenied { src_peer_id, .. }
            | relay::Event::CircuitReqDenyFailed { src_peer_id, .. } => {
                self.guests.circuit_refused(&src_peer_id);
            }
            CircuitClosed { src_peer_id, .. }
            | relay::Event::CircuitReqAcceptFailed { src_peer_id, .. } => {
                self.guests.circuit_ended(&src_peer_id);
            }
            _ => {}
        }
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

/// Puts the addresses at which others reach this node into its own records.
fn set_own_addresses(swarm: &mut Swarm<Behaviour>) {
    let addresses = swarm.external_addresses().cloned().collect();
    swarm
        .behaviour_mut()
        .kad
        .store_mut()
        .set_own_addresses(addresses);
}
