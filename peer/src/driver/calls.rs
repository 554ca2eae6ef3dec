//! Calls, in both directions.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

use fluence::call::{CallError, Reply, Request};
use fluence::ports::NetworkError;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{Event, Message, OutboundRequestId, ResponseChannel};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, DialError, Swarm};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};

use super::addresses::AddressBook;
use super::causes;
use crate::behaviour::Behaviour;
use crate::codec::{CallReply, CallRequest};
use crate::command::OutgoingCall;
use crate::incoming::IncomingCall;
use crate::limits::{CALLS_TO_ONE_PEER, OUTGOING_CALLS};
use crate::refusal::Refusal;

/// The calls that are under way.
pub(super) struct Calls {
    incoming: mpsc::Sender<IncomingCall>,
    /// Calls that wait for a connection.
    dialing: HashMap<PeerId, Dialing>,
    /// Calls that wait for a reply.
    sent: HashMap<OutboundRequestId, OutgoingCall>,
    /// Where the connections come from, except those that are relayed.
    origins: HashMap<ConnectionId, IpAddr>,
}

#[derive(Default)]
struct Dialing {
    /// The dial that was made for these calls; `None` while they wait for one that kad began.
    connection: Option<ConnectionId>,
    calls: Vec<OutgoingCall>,
}

/// What is needed to dial a peer.
pub(super) struct Routes<'a> {
    pub(super) swarm: &'a mut Swarm<Behaviour>,
    pub(super) addresses: &'a mut AddressBook,
    /// The nodes that this peer is linked to, with their addresses.
    pub(super) nodes: &'a [(PeerId, Multiaddr)],
}

impl Calls {
    pub(super) fn new(incoming: mpsc::Sender<IncomingCall>) -> Self {
        Self {
            incoming,
            dialing: HashMap::new(),
            sent: HashMap::new(),
            origins: HashMap::new(),
        }
    }

    /// Notes the remote address of a connection.
    pub(super) fn opened(&mut self, connection: ConnectionId, remote: &Multiaddr) {
        let is_relayed = remote.iter().any(|part| part == Protocol::P2pCircuit);
        let origin = match remote.iter().next() {
            Some(Protocol::Ip4(address)) if !is_relayed => address.into(),
            Some(Protocol::Ip6(address)) if !is_relayed => address.into(),
            _ => return,
        };
        self.origins.insert(connection, origin);
    }

    /// Forgets a connection.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        self.origins.remove(&connection);
    }

    /// Sends a call over an open connection, or dials its peer first.
    pub(super) fn call(&mut self, call: OutgoingCall, routes: Routes<'_>) {
        let peer = call.to;
        if !self.has_room(peer) {
            let busy = CallError::from(Refusal::TooManyOutgoing);
            let _ = call.reply.send(Err(busy.into()));
            return;
        }
        if routes.swarm.is_connected(&peer) {
            self.send(routes.swarm, call);
            return;
        }
        let dialing = self.dialing.entry(peer).or_default();
        dialing.calls.push(call);
        if dialing.calls.len() == 1 {
            self.dial(peer, routes);
        }
    }

    fn has_room(&self, peer: PeerId) -> bool {
        let waiting: usize = self.dialing.values().map(|d| d.calls.len()).sum();
        let to_it = self.sent.values().filter(|call| call.to == peer).count()
            + self.dialing.get(&peer).map_or(0, |d| d.calls.len());
        waiting + self.sent.len() < OUTGOING_CALLS && to_it < CALLS_TO_ONE_PEER
    }

    /// Dials for the calls that wait, unless kad is dialing that peer already.
    fn dial(&mut self, peer: PeerId, routes: Routes<'_>) {
        let addresses = routes.addresses.to_dial(routes.swarm, peer, routes.nodes);
        let dial = DialOpts::peer_id(peer).addresses(addresses).build();
        let connection = dial.connection_id();
        match routes.swarm.dial(dial) {
            Ok(()) => {
                if let Some(dialing) = self.dialing.get_mut(&peer) {
                    dialing.connection = Some(connection);
                }
            }
            // A look-up is already dialing the peer at the addresses that it found; the event that
            // ends that dial arrives here too.
            Err(DialError::DialPeerConditionFalse(_)) => {}
            Err(error) => self.unreachable(peer, &error, routes.addresses),
        }
    }

    fn unreachable(&mut self, peer: PeerId, error: &DialError, addresses: &mut AddressBook) {
        tracing::debug!(%peer, %error, "a peer cannot be reached");
        addresses.forget(&peer);
        for call in self.take_waiting(peer) {
            let _ = call.reply.send(Err(NetworkError::Unreachable));
        }
    }

    fn take_waiting(&mut self, peer: PeerId) -> Vec<OutgoingCall> {
        self.dialing
            .remove(&peer)
            .map(|dialing| dialing.calls)
            .unwrap_or_default()
    }

    /// Sends the waiting calls once a connection to their peer is established, whoever dialed it.
    pub(super) fn connected(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId) {
        for call in self.take_waiting(peer) {
            self.send(swarm, call);
        }
    }

    /// Handles a failed dial: the waiting calls fail with it, or this peer dials for itself.
    pub(super) fn dial_failed(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        error: &DialError,
        routes: Routes<'_>,
    ) {
        let Some(dialing) = self.dialing.get(&peer) else {
            return;
        };
        match dialing.connection {
            Some(own) if own == connection => self.unreachable(peer, error, routes.addresses),
            Some(_) => {}
            // The dial was kad's, which knew fewer addresses.
            None => self.dial(peer, routes),
        }
    }

    fn send(&mut self, swarm: &mut Swarm<Behaviour>, call: OutgoingCall) {
        if call.reply.is_closed() {
            return;
        }
        call.sent.store(true, Ordering::Relaxed);
        let request = CallRequest::Out(call.request.clone(), call.deadline);
        let calls = &mut swarm.behaviour_mut().calls;
        let id = calls.send_request(&call.to, request);
        self.sent.insert(id, call);
    }

    /// Forgets calls whose callers gave up before there was a connection.
    pub(super) fn sweep(&mut self) {
        for dialing in self.dialing.values_mut() {
            dialing.calls.retain(|call| !call.reply.is_closed());
        }
        self.dialing.retain(|_, dialing| !dialing.calls.is_empty());
    }

    /// Handles an event about a call, in either direction.
    pub(super) fn on_event(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        event: Event<CallRequest, CallReply>,
    ) {
        match event {
            Event::Message {
                peer,
                connection_id,
                message,
            } => match message {
                Message::Request {
                    request: CallRequest::In(request),
                    channel,
                    ..
                } => {
                    let reply = match request {
                        Ok(request) => self.forward(peer, connection_id, request),
                        Err(error) => CallReply::Now(Refusal::BadRequest(error).into()),
                    };
                    answer(swarm, channel, reply);
                }
                Message::Response {
                    request_id,
                    response: CallReply::In(reply),
                } => self.finish(request_id, Ok(reply)),
                // The codec produces no other variants when it reads.
                Message::Request { .. } | Message::Response { .. } => {}
            },
            Event::OutboundFailure {
                request_id, error, ..
            } => self.finish(request_id, Err(causes::of_call(&error))),
            Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "a call was not answered");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    fn finish(&mut self, id: OutboundRequestId, result: Result<Reply, NetworkError>) {
        if let Some(call) = self.sent.remove(&id) {
            let _ = call.reply.send(result);
        }
    }

    /// Hands an incoming call to the program that answers it.
    fn forward(&mut self, from: PeerId, over: ConnectionId, request: Request) -> CallReply {
        let (answer, answered) = oneshot::channel();
        match self.incoming.try_send(IncomingCall {
            from,
            address: self.origins.get(&over).copied(),
            request,
            answer,
        }) {
            Ok(()) => CallReply::Out(answered),
            Err(mpsc::error::TrySendError::Full(_)) => {
                CallReply::Now(Refusal::TooManyIncoming.into())
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                CallReply::Now(Refusal::NoFunctions.into())
            }
        }
    }
}

fn answer(swarm: &mut Swarm<Behaviour>, channel: ResponseChannel<CallReply>, reply: CallReply) {
    // If this fails, the caller is gone.
    let _ = swarm.behaviour_mut().calls.send_response(channel, reply);
}
