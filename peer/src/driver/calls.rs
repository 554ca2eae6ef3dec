//! Calls, in both directions.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::Ordering;

use fluence::call::{CallError, Reply, Request};
#[cfg(not(target_arch = "wasm32"))]
use fluence::names::{HOLDS, WITHDRAW};
use fluence::ports::NetworkError;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{
    Event, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, Swarm};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};
use web_time::Instant;

use super::addresses::{AddressBook, Candidates};
use super::causes;
#[cfg(not(target_arch = "wasm32"))]
use super::exchange;
use super::lookups::LookUps;
#[cfg(not(target_arch = "wasm32"))]
use super::presence;
use super::routed::Routed;
use crate::address::{before_circuit, relay_of};
use crate::behaviour::Behaviour;
use crate::codec::{CallReply, CallRequest};
use crate::command::OutgoingCall;
use crate::guests::{Guests, Place};
use crate::incoming::IncomingCall;
use crate::limits::{CALLS_TO_ONE_PEER, OUTGOING_CALLS};
use crate::refusal::Refusal;
use crate::route::{Answer, Failure};

/// The calls that are under way.
pub(super) struct Calls {
    incoming: mpsc::Sender<IncomingCall>,
    /// Calls that wait for a connection.
    waiting: HashMap<PeerId, Waiting>,
    /// Calls that wait for a reply.
    sent: HashMap<OutboundRequestId, OutgoingCall>,
    pub(super) routed: Routed,
    /// Where the connections come from, except those that are relayed.
    origins: HashMap<ConnectionId, IpAddr>,
}

/// Calls that wait for a connection to one peer, and what is done to make it.
#[derive(Default)]
struct Waiting {
    calls: Vec<OutgoingCall>,
    /// The dials of that peer that were made for these calls.
    dials: HashSet<ConnectionId>,
    /// Whether these calls also wait for a dial that kad began.
    kad_dials: bool,
    /// The circuits to that peer whose relays are being dialed. The library would give up a circuit if anything else
    /// is dialing its relay, so a circuit is dialed once its relay is connected.
    circuits: Vec<Circuit>,
    /// The circuits that come next, if nothing so far leads to the peer.
    others: Vec<Circuit>,
    /// Connections to the peer on which it is silent. They are closed once there is another.
    silent: Vec<ConnectionId>,
}

struct Circuit {
    relay: PeerId,
    address: Multiaddr,
    /// The dial of the relay that was made for this circuit; `None` if something else is dialing it.
    dial: Option<ConnectionId>,
}

impl From<(PeerId, Multiaddr)> for Circuit {
    fn from((relay, address): (PeerId, Multiaddr)) -> Self {
        Self {
            relay,
            address,
            dial: None,
        }
    }
}

impl Waiting {
    fn is_hopeless(&self) -> bool {
        self.dials.is_empty() && !self.kad_dials && self.circuits.is_empty()
    }
}

/// What is needed to dial a peer.
pub(super) struct Routes<'a> {
    pub(super) swarm: &'a mut Swarm<Behaviour>,
    pub(super) addresses: &'a mut AddressBook,
    /// The nodes that this peer is linked to, with their addresses.
    pub(super) nodes: &'a [(PeerId, Multiaddr)],
}

impl Calls {
    pub(super) fn new(incoming: mpsc::Sender<IncomingCall>, routed: Routed) -> Self {
        Self {
            incoming,
            waiting: HashMap::new(),
            sent: HashMap::new(),
            routed,
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
        if !self.has_room(call.to) {
            let busy = CallError::from(Refusal::TooManyOutgoing);
            let _ = call.reply.send(Err(busy.into()));
            return;
        }
        self.send_or_dial(call, routes);
    }

    fn send_or_dial(&mut self, call: OutgoingCall, routes: Routes<'_>) {
        let peer = call.to;
        if routes.swarm.is_connected(&peer) {
            self.send(routes.swarm, call);
            return;
        }
        let Routes {
            swarm,
            addresses,
            nodes,
        } = routes;
        let Some(call) = self.routed.call(swarm, addresses, nodes, call) else {
            return;
        };
        let routes = Routes {
            swarm,
            addresses,
            nodes,
        };
        let waiting = self.waiting.entry(peer).or_default();
        waiting.calls.push(call);
        if waiting.calls.len() == 1 {
            self.reach(peer, routes);
        }
    }

    /// Whether any call waits for a connection or for a reply.
    pub(super) fn is_waiting(&self) -> bool {
        !self.sent.is_empty() || !self.waiting.is_empty() || self.routed.waiting().len() > 0
    }

    /// The peers whose reply is waited for.
    pub(super) fn waits_for(&self) -> impl Iterator<Item = PeerId> {
        self.sent.values().map(|call| call.to)
    }

    fn has_room(&self, peer: PeerId) -> bool {
        let waiting: usize = self.waiting.values().map(|w| w.calls.len()).sum();
        let to_it = self.sent.values().filter(|call| call.to == peer).count()
            + self.waiting.get(&peer).map_or(0, |w| w.calls.len())
            + self.routed.waiting().filter(|call| call.to == peer).count();
        waiting + self.sent.len() + self.routed.waiting().len() < OUTGOING_CALLS
            && to_it < CALLS_TO_ONE_PEER
    }

    /// Begins to connect to a peer for the calls that wait.
    fn reach(&mut self, peer: PeerId, routes: Routes<'_>) {
        let Some(waiting) = self.waiting.get_mut(&peer) else {
            return;
        };
        let Candidates {
            likely,
            guessed,
            circuits,
        } = routes.addresses.to_dial(routes.swarm, peer, routes.nodes);
        let is_likely = !likely.is_empty();
        let now: Vec<Multiaddr> = likely.into_iter().chain(guessed).collect();
        if !now.is_empty() {
            waiting.dial(
                routes.swarm,
                peer,
                now,
                PeerCondition::DisconnectedAndNotDialing,
            );
        }
        waiting.others = circuits.into_iter().map(Circuit::from).collect();
        if !is_likely || waiting.is_hopeless() {
            waiting.dial_relays(routes.swarm, peer);
        }
        self.give_up_if_hopeless(peer, routes.addresses);
    }

    /// Dials the circuits that come next to all peers that could not be reached for a while: a relay may take a minute
    /// to find out that a peer is gone from it.
    pub(super) fn widen(&mut self, swarm: &mut Swarm<Behaviour>) {
        for (peer, waiting) in &mut self.waiting {
            waiting.dial_relays(swarm, *peer);
        }
    }

    /// Looks for another way to a peer that is silent on its relayed connections, of which the relays are given. They
    /// stay until there is one, since the peer may be slow; then the calls are made again over that.
    pub(super) fn look_elsewhere(
        &mut self,
        peer: PeerId,
        relayed: Vec<(ConnectionId, PeerId)>,
        routes: Routes<'_>,
    ) {
        let mut calls = self.sent.values().filter(|call| call.to == peer);
        if self.waiting.contains_key(&peer) || !calls.any(|call| !call.is_second) {
            return;
        }
        let is_silent = |relay: PeerId| relayed.iter().any(|(_, silent)| *silent == relay);
        let Candidates {
            likely,
            guessed,
            circuits,
        } = routes.addresses.to_dial(routes.swarm, peer, routes.nodes);
        let now: Vec<Multiaddr> = likely
            .into_iter()
            .chain(guessed)
            .filter(|address| !relay_of(address).is_some_and(is_silent))
            .collect();
        let others = circuits.into_iter().filter(|(relay, _)| !is_silent(*relay));
        let mut waiting = Waiting {
            others: others.map(Circuit::from).collect(),
            silent: relayed.iter().map(|(connection, _)| *connection).collect(),
            ..Waiting::default()
        };
        if !now.is_empty() {
            waiting.dial(routes.swarm, peer, now, PeerCondition::Always);
        }
        waiting.dial_relays(routes.swarm, peer);
        if !waiting.is_hopeless() {
            self.waiting.insert(peer, waiting);
        }
    }

    /// Fails the calls to a peer that cannot be reached in any way.
    fn give_up_if_hopeless(&mut self, peer: PeerId, addresses: &mut AddressBook) {
        if !self.waiting.get(&peer).is_some_and(Waiting::is_hopeless) {
            return;
        }
        let calls = self.take_waiting(peer);
        if calls.is_empty() {
            return;
        }
        tracing::debug!(%peer, "a peer cannot be reached");
        addresses.forget(&peer);
        for call in calls {
            // A call that is made for the second time may have been received.
            let error = match call.sent.load(Ordering::Relaxed) {
                true => NetworkError::NoReply,
                false => NetworkError::Unreachable,
            };
            let _ = call.reply.send(Err(error));
        }
    }

    fn take_waiting(&mut self, peer: PeerId) -> Vec<OutgoingCall> {
        self.waiting
            .remove(&peer)
            .map(|waiting| waiting.calls)
            .unwrap_or_default()
    }

    /// Sends the waiting calls once a connection to their peer is established, whoever dialed it, and dials the
    /// circuits for which this peer is the relay.
    pub(super) fn connected(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId) {
        let Waiting { calls, silent, .. } = self.waiting.remove(&peer).unwrap_or_default();
        for connection in silent {
            swarm.close_connection(connection);
        }
        for call in calls {
            self.send(swarm, call);
        }
        for (to, waiting) in &mut self.waiting {
            let through = |circuit: &mut Circuit| circuit.relay == peer;
            let circuits = waiting.circuits.extract_if(.., through);
            let address = circuits.map(|circuit| circuit.address).next();
            if let Some(address) = address {
                waiting.dial(swarm, *to, vec![address], PeerCondition::Always);
            }
        }
    }

    /// Handles a failed dial, of a peer that is called or of a relay.
    pub(super) fn dial_failed(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        routes: Routes<'_>,
    ) {
        let Routes {
            swarm,
            addresses,
            nodes,
        } = routes;
        let mut failed = Vec::new();
        let mut again = false;
        for (to, waiting) in &mut self.waiting {
            if *to == peer && !waiting.dials.remove(&connection) && waiting.kad_dials {
                // The dial was kad's, which knew fewer addresses.
                waiting.kad_dials = false;
                again = true;
            }
            if !swarm.is_connected(&peer) {
                waiting.relay_failed(swarm, peer, connection);
            }
            if waiting.is_hopeless() {
                waiting.dial_relays(swarm, *to);
                failed.push(*to);
            }
        }
        if again {
            self.reach(
                peer,
                Routes {
                    swarm,
                    addresses,
                    nodes,
                },
            );
        }
        for peer in failed {
            self.give_up_if_hopeless(peer, addresses);
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
        for waiting in self.waiting.values_mut() {
            waiting.calls.retain(|call| !call.reply.is_closed());
        }
        self.waiting
            .retain(|_, waiting| !waiting.calls.is_empty() || !waiting.silent.is_empty());
    }

    /// Handles the answer to a routed call. If there is none, the call is made in another way.
    pub(super) fn routed(
        &mut self,
        id: OutboundRequestId,
        answer: Result<Answer, OutboundFailure>,
        routes: Routes<'_>,
    ) {
        if let Some(call) = self.routed.answered(id, answer) {
            self.send_or_dial(call, routes);
        }
    }

    /// Takes a letter to this peer, and returns the answer to it.
    pub(super) fn take_letter(&mut self, own: PeerId, look_ups: &LookUps, letter: &[u8]) -> Answer {
        let (answer, call) = self.routed.take(own, look_ups, letter);
        let Some(call) = call else {
            return answer;
        };
        match self.incoming.try_send(call) {
            Ok(()) => answer,
            Err(mpsc::error::TrySendError::Full(_)) => Answer::Failed(Failure::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Answer::Failed(Failure::Refused),
        }
    }

    /// Handles an event about a call, in either direction. A node has `guests`.
    pub(super) fn on_event(
        &mut self,
        routes: Routes<'_>,
        event: Event<CallRequest, CallReply>,
        guests: Option<&Guests>,
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
                    let place = guests.map(|guests| guests.admit(peer, Instant::now()));
                    let reply = match request {
                        _ if matches!(place, Some(None)) => {
                            CallReply::Now(Refusal::TooManyOfOne.into())
                        }
                        #[cfg(not(target_arch = "wasm32"))]
                        Ok(request)
                            if guests.is_some()
                                && request.function.as_str() == exchange::RECORDS =>
                        {
                            CallReply::Now(exchange::records(routes.swarm, peer, &request))
                        }
                        #[cfg(not(target_arch = "wasm32"))]
                        Ok(request)
                            if guests.is_some()
                                && request.function.as_str() == exchange::WITHDRAWN =>
                        {
                            CallReply::Now(exchange::withdrawn(routes.swarm, peer, &request))
                        }
                        #[cfg(not(target_arch = "wasm32"))]
                        Ok(request)
                            if guests.is_some()
                                && request.function.as_str() == presence::FUNCTION =>
                        {
                            CallReply::Now(presence::answer(guests, &request))
                        }
                        #[cfg(not(target_arch = "wasm32"))]
                        Ok(request) if guests.is_some() && request.function.as_str() == HOLDS => {
                            CallReply::Now(exchange::holds(routes.swarm, &request))
                        }
                        #[cfg(not(target_arch = "wasm32"))]
                        Ok(request)
                            if guests.is_some() && request.function.as_str() == WITHDRAW =>
                        {
                            CallReply::Now(exchange::withdraw(routes.swarm, peer, &request))
                        }
                        Ok(request) => self.forward(peer, connection_id, request, place.flatten()),
                        Err(error) => CallReply::Now(Refusal::BadRequest(error).into()),
                    };
                    if let (Some(guests), CallReply::Now(reply)) = (guests, &reply) {
                        guests.answered(reply);
                    }
                    answer(routes.swarm, channel, reply);
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
            } => match self.sent.remove(&request_id) {
                // The connection broke, and there may be another way to the peer: through another of its nodes.
                Some(mut call) if !call.is_second && has_broken(&error) && call.is_wanted() => {
                    call.is_second = true;
                    self.send_or_dial(call, routes);
                }
                Some(call) => drop(call.reply.send(Err(causes::of_call(&error)))),
                None => {}
            },
            Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "a call was not answered");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    fn finish(&mut self, id: OutboundRequestId, result: Result<Reply, NetworkError>) {
        if let Some(call) = self.sent.remove(&id) {
            if let Ok(Reply::Ok(_)) = &result {
                self.routed.taken(&call);
            }
            let _ = call.reply.send(result);
        }
    }

    /// Hands an incoming call to the program that answers it.
    fn forward(
        &mut self,
        from: PeerId,
        over: ConnectionId,
        request: Request,
        place: Option<Place>,
    ) -> CallReply {
        let (answer, answered) = oneshot::channel();
        match self.incoming.try_send(IncomingCall {
            from,
            address: self.origins.get(&over).copied(),
            request,
            answer,
            place,
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

impl Waiting {
    fn dial(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        condition: PeerCondition,
    ) {
        let dial = DialOpts::peer_id(peer)
            .addresses(addresses)
            .condition(condition)
            .build();
        let connection = dial.connection_id();
        match swarm.dial(dial) {
            Ok(()) => drop(self.dials.insert(connection)),
            // A look-up is already dialing the peer; the event that ends that dial arrives here too.
            Err(DialError::DialPeerConditionFalse(_)) => self.kad_dials = true,
            Err(error) => tracing::debug!(%peer, %error, "a peer was not dialed"),
        }
    }

    /// Dials the circuits to `peer` that come next, or their relays first.
    fn dial_relays(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId) {
        while let Some(mut circuit) = self.others.pop() {
            if swarm.is_connected(&circuit.relay) {
                self.dial(swarm, peer, vec![circuit.address], PeerCondition::Always);
            } else if let Ok(dial) = dial_relay(swarm, &circuit) {
                circuit.dial = dial;
                self.circuits.push(circuit);
            }
        }
    }

    /// Handles a failed dial of what may be a relay.
    fn relay_failed(&mut self, swarm: &mut Swarm<Behaviour>, relay: PeerId, dial: ConnectionId) {
        self.circuits.retain_mut(|circuit| {
            if circuit.relay != relay || circuit.dial.is_some_and(|own| own != dial) {
                return true;
            }
            // If the dial was not made for this circuit, it may have missed the relay's present address.
            let is_own = circuit.dial.is_some();
            !is_own
                && dial_relay(swarm, circuit)
                    .map(|dial| circuit.dial = dial)
                    .is_ok()
        });
    }
}

/// Dials the relay of a circuit, unless something else is dialing it: then the result is `None`.
fn dial_relay(
    swarm: &mut Swarm<Behaviour>,
    circuit: &Circuit,
) -> Result<Option<ConnectionId>, DialError> {
    let dial = DialOpts::peer_id(circuit.relay)
        .addresses(vec![before_circuit(&circuit.address)])
        .extend_addresses_through_behaviour()
        .build();
    let connection = dial.connection_id();
    match swarm.dial(dial) {
        Ok(()) => Ok(Some(connection)),
        Err(DialError::DialPeerConditionFalse(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a call failed because the connection did.
fn has_broken(error: &OutboundFailure) -> bool {
    match error {
        OutboundFailure::ConnectionClosed => true,
        OutboundFailure::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
        OutboundFailure::DialFailure
        | OutboundFailure::Timeout
        | OutboundFailure::UnsupportedProtocols => false,
    }
}

fn answer(swarm: &mut Swarm<Behaviour>, channel: ResponseChannel<CallReply>, reply: CallReply) {
    // If this fails, the caller is gone.
    let _ = swarm.behaviour_mut().calls.send_response(channel, reply);
}
