//! The event loop: all that a peer does, one thing after another.

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use fluence::call::{CallError, ErrorCode, Reply, Request};
use fluence::ports::NetworkError;
use fluence::state::NetworkStatus;
use futures::{FutureExt, StreamExt};
use futures_timer::Delay;
use libp2p::core::Endpoint;
use libp2p::core::transport::ListenerId;
use libp2p::kad::{self, GetProvidersOk, QueryId, QueryResult};
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, OutboundFailure, OutboundRequestId, ResponseChannel};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{self, ConnectionId, DialError, NetworkBehaviour, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, ping, relay};
use tokio::sync::{mpsc, oneshot, watch};
use web_time::Instant;

use crate::behaviour::{Behaviour, BehaviourEvent, CALLS_PER_CONNECTION, KAD};
use crate::codec::{CallReply, CallRequest};
use crate::config::{Config, Role, StartError};
use crate::link::{Link, root_cause};
use crate::offers::{self, Offers};
use crate::peer::{Command, FOUND, Find, IncomingCall, OutgoingCall};
use crate::transport;

/// A client's connections that carry nothing are closed after this time; calls before that find them open.
const CLIENT_IDLE: Duration = Duration::from_secs(90);
/// A node keeps them longer: those of clients end with the client, those to other nodes are wanted.
const NODE_IDLE: Duration = Duration::from_secs(60 * 60);
/// Between two rounds of housekeeping.
const HOUSEKEEPING: Duration = Duration::from_secs(60);
/// Look-ups at the same time.
const LOOK_UPS: usize = 1024;
/// Calls on their way out at the same time.
const CALLS: usize = 4096;
/// Calls to one peer at the same time: half of what a connection has for both ways.
const CALLS_TO_ONE: usize = CALLS_PER_CONNECTION / 2;
/// When a caller may try again that found this peer busy, in milliseconds.
const RETRY_AFTER_MS: u64 = 1000;
/// Peers whose addresses are remembered.
const REMEMBERED: usize = 1024;
/// Addresses of one peer that are remembered, or dialed.
const ADDRESSES: usize = 16;
/// Addresses of its circuit that a client tells beside the one that it uses itself.
const MORE_CIRCUITS: usize = 3;
/// How long the end may take.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// What the event loop owns.
pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    commands: mpsc::Receiver<Command>,
    incoming: mpsc::Sender<IncomingCall>,
    status: watch::Sender<NetworkStatus>,
    place: Place,
    offers: Offers,
    look_ups: HashMap<QueryId, LookUp>,
    /// Calls that wait for a connection.
    dialing: HashMap<PeerId, Dialing>,
    /// Calls that wait for a reply.
    calls: HashMap<OutboundRequestId, OutgoingCall>,
    addresses: HashMap<PeerId, Vec<Multiaddr>>,
    rtts: HashMap<PeerId, Duration>,
    timer: Delay,
    timer_at: Instant,
    housekeeping: Instant,
}

/// Where this peer is in the network.
enum Place {
    Client {
        link: Link,
        /// Circuit addresses that were added to the one that is used.
        circuits: Vec<Multiaddr>,
    },
    Node(Node),
}

struct Node {
    /// Listeners that have not said yet where they listen.
    opening: HashSet<ListenerId>,
    /// Whether it tells others where it listens, for want of external addresses.
    tells_listeners: bool,
    /// Other nodes, and who was found there.
    peers: HashMap<Multiaddr, Option<PeerId>>,
    joining: HashMap<ConnectionId, Multiaddr>,
    /// Another node was met.
    grown: bool,
    waiting: Vec<oneshot::Sender<Vec<Multiaddr>>>,
}

struct LookUp {
    find: Find,
    seen: HashSet<PeerId>,
}

struct Dialing {
    /// The dial for these calls; until there is one, somebody else's is waited for.
    connection: Option<ConnectionId>,
    calls: Vec<OutgoingCall>,
}

enum Step {
    Command(Option<Command>),
    Event(Box<SwarmEvent<BehaviourEvent>>),
    Time,
}

impl Driver {
    pub(crate) fn new(
        config: Config,
        reachable: bool,
        commands: mpsc::Receiver<Command>,
        incoming: mpsc::Sender<IncomingCall>,
        status: watch::Sender<NetworkStatus>,
    ) -> Result<Self, StartError> {
        let (transport, circuits) = transport::new(&config.keypair)?;
        let behaviour = Behaviour::new(&config, circuits);
        let idle = match config.role {
            Role::Client { .. } => CLIENT_IDLE,
            Role::Node { .. } => NODE_IDLE,
        };
        #[cfg(not(target_arch = "wasm32"))]
        let swarm_config = swarm::Config::with_tokio_executor();
        #[cfg(target_arch = "wasm32")]
        let swarm_config = swarm::Config::with_wasm_executor();
        let mut swarm = Swarm::new(
            transport,
            behaviour,
            config.keypair.public().to_peer_id(),
            swarm_config
                .with_idle_connection_timeout(idle)
                // A request goes out along with the proposal of its protocol: a call is one round trip.
                .with_substream_upgrade_protocol_override(libp2p::core::upgrade::Version::V1Lazy),
        );
        let place = match config.role {
            Role::Client { nodes } => Place::Client {
                link: Link::new(nodes, reachable),
                circuits: Vec::new(),
            },
            Role::Node {
                listen,
                external,
                peers,
                limits: _,
            } => Place::Node(Node::open(&mut swarm, listen, external, peers)?),
        };
        let now = Instant::now();
        Ok(Self {
            swarm,
            commands,
            incoming,
            status,
            place,
            offers: Offers::default(),
            look_ups: HashMap::new(),
            dialing: HashMap::new(),
            calls: HashMap::new(),
            addresses: HashMap::new(),
            rtts: HashMap::new(),
            timer: Delay::new(HOUSEKEEPING),
            timer_at: now + HOUSEKEEPING,
            housekeeping: now + HOUSEKEEPING,
        })
    }

    /// Runs until it is told to end, or nobody is left to tell.
    pub(crate) async fn run(mut self) {
        match &mut self.place {
            Place::Client { link, .. } => link.connect(&mut self.swarm),
            Place::Node(node) => node.join(&mut self.swarm),
        }
        loop {
            self.publish_status();
            self.store_records();
            self.set_timer();
            match self.step().await {
                Step::Command(Some(Command::Shutdown(done))) => {
                    self.end().await;
                    let _ = done.send(());
                    return;
                }
                Step::Command(Some(command)) => self.on_command(command),
                Step::Command(None) => return self.end().await,
                Step::Event(event) => self.on_event(*event),
                Step::Time => self.on_time(),
            }
        }
    }

    /// What happens next; own work goes before the work of others.
    async fn step(&mut self) -> Step {
        poll_fn(|cx| {
            if let Poll::Ready(command) = self.commands.poll_recv(cx) {
                return Poll::Ready(Step::Command(command));
            }
            if let Poll::Ready(Some(event)) = self.swarm.poll_next_unpin(cx) {
                return Poll::Ready(Step::Event(Box::new(event)));
            }
            self.timer.poll_unpin(cx).map(|()| Step::Time)
        })
        .await
    }

    fn set_timer(&mut self) {
        let link = match &self.place {
            Place::Client { link, .. } => link.next_time(),
            Place::Node(_) => None,
        };
        let next = link.map_or(self.housekeeping, |at| at.min(self.housekeeping));
        if next != self.timer_at {
            self.timer_at = next;
            self.timer
                .reset(next.saturating_duration_since(Instant::now()));
        }
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        // The timer is spent: it is set anew even for the same time.
        self.timer_at = now;
        self.timer.reset(Duration::ZERO);
        if let Place::Client { link, .. } = &mut self.place {
            link.on_time(&mut self.swarm, now);
        }
        if now < self.housekeeping {
            return;
        }
        self.housekeeping = now + HOUSEKEEPING;
        self.swarm.behaviour_mut().kad.store_mut().sweep();
        self.offers.renew_old(now);
        for dialing in self.dialing.values_mut() {
            dialing.calls.retain(|call| !call.reply.is_closed());
        }
        self.dialing.retain(|_, dialing| !dialing.calls.is_empty());
        if let Place::Node(node) = &mut self.place {
            node.join(&mut self.swarm);
            if std::mem::take(&mut node.grown) {
                self.offers.renew_all();
            }
        }
    }

    fn publish_status(&mut self) {
        let now = match &self.place {
            Place::Client { link, .. } => link.status(),
            Place::Node(node) => node.status(&self.swarm),
        };
        let is_online = matches!(now, NetworkStatus::Online { .. });
        let was_online = self.is_online();
        self.status.send_if_modified(|status| {
            let changed = *status != now;
            *status = now;
            changed
        });
        if is_online && !was_online {
            self.offers.renew_all();
        }
        if was_online
            && !is_online
            && let Place::Client { circuits, .. } = &mut self.place
        {
            for address in circuits.drain(..) {
                self.swarm.remove_external_address(&address);
            }
        }
    }

    fn is_online(&self) -> bool {
        matches!(*self.status.borrow(), NetworkStatus::Online { .. })
    }

    fn store_records(&mut self) {
        if !self.is_online() {
            return;
        }
        while let Some(name) = self.offers.next() {
            let kad = &mut self.swarm.behaviour_mut().kad;
            match kad.start_providing(offers::key(&name)) {
                Ok(query) => self.offers.started(query, name),
                Err(error) => {
                    tracing::warn!(%name, %error, "the function cannot be provided");
                    self.offers.failed(&name);
                }
            }
        }
    }

    async fn end(&mut self) {
        if let Place::Client { link, .. } = &mut self.place {
            link.drop_connection(&mut self.swarm);
        }
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let mut patience = Delay::new(SHUTDOWN);
        while self.swarm.network_info().num_peers() > 0 {
            let swarm = &mut self.swarm;
            let patience = &mut patience;
            let over = poll_fn(|cx| match swarm.poll_next_unpin(cx) {
                Poll::Ready(_) => Poll::Ready(false),
                Poll::Pending => patience.poll_unpin(cx).map(|()| true),
            })
            .await;
            if over {
                return;
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Provide(name, done) => self.offers.provide(name, done),
            Command::Withdraw(names) => {
                for name in names {
                    if self.offers.withdraw(&name) {
                        let kad = &mut self.swarm.behaviour_mut().kad;
                        kad.stop_providing(&offers::key(&name));
                    }
                }
            }
            Command::NotFound(names) => self.offers.not_found(&names),
            Command::Find(find) => {
                self.look_ups
                    .retain(|_, look_up| !look_up.find.found.is_closed());
                if self.look_ups.len() < LOOK_UPS {
                    let kad = &mut self.swarm.behaviour_mut().kad;
                    let query = kad.get_providers(offers::key(&find.name));
                    let seen = HashSet::new();
                    self.look_ups.insert(query, LookUp { find, seen });
                }
            }
            Command::Call(call) => self.call(call),
            Command::Learn(peer, addresses) => self.learn(peer, addresses),
            Command::SetNodes(nodes) => {
                if let Place::Client { link, .. } = &mut self.place {
                    link.set_nodes(&mut self.swarm, nodes);
                }
            }
            Command::Reconnect => match &mut self.place {
                Place::Client { link, .. } => link.connect(&mut self.swarm),
                Place::Node(node) => node.join(&mut self.swarm),
            },
            Command::Rtt(peer, reply) => {
                let _ = reply.send(self.rtts.get(&peer).copied());
            }
            Command::Listeners(reply) => match &mut self.place {
                Place::Node(node) if !node.opening.is_empty() => node.waiting.push(reply),
                _ => {
                    let _ = reply.send(self.swarm.listeners().cloned().collect());
                }
            },
            // `run` takes it.
            Command::Shutdown(_) => {}
        }
    }

    /// Remembers where a peer may be reached.
    fn learn(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if addresses.is_empty() {
            return;
        }
        if self.addresses.len() >= REMEMBERED && !self.addresses.contains_key(&peer) {
            // Whichever: what is forgotten is found again by look-up.
            if let Some(any) = self.addresses.keys().next().copied() {
                self.addresses.remove(&any);
            }
        }
        let known = self.addresses.entry(peer).or_default();
        for address in addresses {
            if !known.contains(&address) {
                known.insert(0, address);
            }
        }
        known.truncate(ADDRESSES);
    }

    fn call(&mut self, call: OutgoingCall) {
        let peer = call.to;
        let dialing: usize = self.dialing.values().map(|d| d.calls.len()).sum();
        let to_it = self.calls.values().filter(|call| call.to == peer).count()
            + self.dialing.get(&peer).map_or(0, |d| d.calls.len());
        if dialing + self.calls.len() >= CALLS || to_it >= CALLS_TO_ONE {
            let mut busy =
                CallError::new(ErrorCode::Busy, "too many calls of this peer are under way");
            busy.retry_after_ms = Some(RETRY_AFTER_MS);
            let _ = call.reply.send(Err(busy.into()));
            return;
        }
        if self.swarm.is_connected(&peer) {
            self.send(call);
            return;
        }
        let dialing = self.dialing.entry(peer).or_insert(Dialing {
            connection: None,
            calls: Vec::new(),
        });
        dialing.calls.push(call);
        if dialing.calls.len() == 1 {
            self.dial(peer);
        }
    }

    /// Dials for the calls that wait, unless somebody does already.
    fn dial(&mut self, peer: PeerId) {
        let dial = DialOpts::peer_id(peer)
            .addresses(self.addresses_of(peer))
            .build();
        let connection = dial.connection_id();
        match self.swarm.dial(dial) {
            Ok(()) => {
                if let Some(dialing) = self.dialing.get_mut(&peer) {
                    dialing.connection = Some(connection);
                }
            }
            // A look-up does so, with the addresses that it found; it is heard of how that ended.
            Err(DialError::DialPeerConditionFalse(_)) => {}
            Err(error) => self.unreachable(peer, &error),
        }
    }

    fn unreachable(&mut self, peer: PeerId, error: &DialError) {
        tracing::debug!(%peer, %error, "cannot be reached");
        self.addresses.remove(&peer);
        for call in self.dialing.remove(&peer).into_iter().flat_map(|d| d.calls) {
            let _ = call.reply.send(Err(NetworkError::Unreachable));
        }
    }

    /// Where to dial a peer: what is known of it, and through the own node. One circuit through each node is enough,
    /// however many addresses the node has.
    fn addresses_of(&mut self, peer: PeerId) -> Vec<Multiaddr> {
        let mut candidates = self.addresses.get(&peer).cloned().unwrap_or_default();
        candidates.extend(self.looked_up(peer));
        if let Place::Client { link, .. } = &self.place
            && let Some((node, address)) = link.node()
            && node != peer
        {
            let circuit = address.with(Protocol::P2p(node)).with(Protocol::P2pCircuit);
            candidates.insert(0, circuit.with(Protocol::P2p(peer)));
        }
        let mut relays = HashSet::new();
        candidates.retain(|address| match relay_of(address) {
            Some(relay) if relay == *self.swarm.local_peer_id() => false,
            Some(relay) if self.swarm.is_connected(&relay) => relays.insert(relay),
            _ => true,
        });
        candidates.truncate(ADDRESSES);
        candidates
    }

    /// The addresses of a peer that the DHT knows of, those of running look-ups included.
    fn looked_up(&mut self, peer: PeerId) -> Vec<Multiaddr> {
        // The only way to them before the look-up ends and forgets them. The connection's id is not looked at.
        self.swarm
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

    fn send(&mut self, call: OutgoingCall) {
        if call.reply.is_closed() {
            return;
        }
        call.sent.store(true, Ordering::Relaxed);
        let request = CallRequest::Out(call.request.clone(), call.deadline);
        let id = self
            .swarm
            .behaviour_mut()
            .calls
            .send_request(&call.to, request);
        self.calls.insert(id, call);
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                ..
            } => {
                match &mut self.place {
                    Place::Client { link, .. } => {
                        link.connected(&mut self.swarm, peer_id, connection_id);
                    }
                    Place::Node(node) => node.joined(&mut self.swarm, peer_id, connection_id),
                }
                for call in self
                    .dialing
                    .remove(&peer_id)
                    .into_iter()
                    .flat_map(|dialing| dialing.calls)
                {
                    self.send(call);
                }
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                num_established,
                ..
            } => {
                if num_established == 0 {
                    self.rtts.remove(&peer_id);
                }
                if let Place::Client { link, .. } = &mut self.place {
                    link.disconnected(&mut self.swarm, connection_id);
                }
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id,
                connection_id,
                error,
            } => {
                match &mut self.place {
                    Place::Client { link, .. } => {
                        link.dial_failed(&mut self.swarm, connection_id, &error);
                    }
                    Place::Node(node) => {
                        node.joining.remove(&connection_id);
                    }
                }
                if let Some(peer) = peer_id
                    && let Some(dialing) = self.dialing.get(&peer)
                {
                    match dialing.connection {
                        Some(own) if own == connection_id => self.unreachable(peer, &error),
                        Some(_) => {}
                        // That dial knew fewer addresses.
                        None => self.dial(peer),
                    }
                }
            }
            SwarmEvent::NewListenAddr {
                listener_id,
                address,
            } => match &mut self.place {
                Place::Client { link, circuits } => {
                    // Browsers reach a node by WebSocket only: if this peer does not, it tells that address too.
                    let uses_web_socket = link
                        .node()
                        .is_some_and(|(_, address)| is_web_socket(&address));
                    if !uses_web_socket
                        && is_web_socket(&address)
                        && circuits.len() < MORE_CIRCUITS
                        && !circuits.contains(&address)
                    {
                        circuits.push(address.clone());
                        self.swarm.add_external_address(address);
                    }
                }
                Place::Node(node) => node.listens(&mut self.swarm, listener_id, address),
            },
            SwarmEvent::ListenerClosed {
                listener_id,
                reason,
                ..
            } => match &mut self.place {
                Place::Client { link, .. } => link.listener_closed(
                    &mut self.swarm,
                    listener_id,
                    reason.map_err(|error| root_cause(&error)),
                ),
                Place::Node(node) => {
                    node.opening.remove(&listener_id);
                    tracing::error!(?reason, "a listener has ended");
                }
            },
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Calls(event) => self.on_call_event(event),
            BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            }) => self.on_query(id, result, step.last),
            BehaviourEvent::Kad(kad::Event::RoutingUpdated {
                is_new_peer: true, ..
            }) => {
                if let Place::Node(node) = &mut self.place {
                    node.grown = true;
                }
            }
            BehaviourEvent::Circuits(relay::client::Event::ReservationReqAccepted {
                relay_peer_id,
                ..
            }) => {
                if let Place::Client { link, .. } = &mut self.place {
                    link.reserved(relay_peer_id);
                }
            }
            BehaviourEvent::Ping(ping::Event {
                peer,
                connection,
                result,
            }) => match result {
                Ok(rtt) => {
                    self.rtts.insert(peer, rtt);
                    if let Place::Client { link, .. } = &mut self.place {
                        link.alive(connection);
                    }
                }
                Err(ping::Failure::Unsupported) => {}
                Err(ping::Failure::Timeout | ping::Failure::Other { .. }) => {
                    self.swarm.close_connection(connection);
                    if let Place::Client { link, .. } = &mut self.place {
                        link.disconnected(&mut self.swarm, connection);
                    }
                }
            },
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })
                if info.protocols.contains(&KAD) =>
            {
                let kad = &mut self.swarm.behaviour_mut().kad;
                let direct = info
                    .listen_addrs
                    .into_iter()
                    .filter(|address| relay_of(address).is_none());
                for address in direct.take(ADDRESSES) {
                    kad.add_address(&peer_id, address);
                }
            }
            _ => {}
        }
    }

    fn on_query(&mut self, id: QueryId, result: QueryResult, last: bool) {
        match result {
            QueryResult::StartProviding(result) => {
                self.offers
                    .finished(id, result.ok().map(|_| Instant::now()));
            }
            QueryResult::GetProviders(result) => {
                if let Ok(GetProvidersOk::FoundProviders { providers, .. }) = result {
                    self.found(id, providers);
                }
                if last {
                    self.look_ups.remove(&id);
                }
            }
            _ => {}
        }
    }

    fn found(&mut self, id: QueryId, providers: HashSet<PeerId>) {
        let Some(mut look_up) = self.look_ups.remove(&id) else {
            return;
        };
        for provider in providers {
            let is_new = provider != *self.swarm.local_peer_id()
                && look_up.seen.len() < FOUND
                && look_up.seen.insert(provider);
            if is_new {
                let addresses = self.looked_up(provider);
                self.learn(provider, addresses);
                // There is room for as many as are seen; if it fails nobody listens any more.
                let _ = look_up.find.found.try_send(provider);
            }
        }
        let wanted = look_up.find.wanted.as_ref();
        if look_up.find.found.is_closed()
            || look_up.seen.len() >= FOUND
            || wanted.is_some_and(|wanted| look_up.seen.contains(wanted))
        {
            if let Some(mut query) = self.swarm.behaviour_mut().kad.query_mut(&id) {
                query.finish();
            }
        } else {
            self.look_ups.insert(id, look_up);
        }
    }

    fn on_call_event(&mut self, event: request_response::Event<CallRequest, CallReply>) {
        use request_response::{Event, Message};
        match event {
            Event::Message { peer, message, .. } => match message {
                Message::Request {
                    request: CallRequest::In(request),
                    channel,
                    ..
                } => match request {
                    Ok(request) => self.called(peer, request, channel),
                    Err(error) => {
                        let reply = Reply::error(ErrorCode::BadRequest, error.to_string());
                        self.answer(channel, CallReply::Now(reply));
                    }
                },
                Message::Response {
                    request_id,
                    response: CallReply::In(reply),
                } => {
                    if let Some(call) = self.calls.remove(&request_id) {
                        let _ = call.reply.send(Ok(reply));
                    }
                }
                // The codec makes no other kind from what comes in.
                Message::Request { .. } | Message::Response { .. } => {}
            },
            Event::OutboundFailure {
                request_id, error, ..
            } => {
                if let Some(call) = self.calls.remove(&request_id) {
                    let _ = call.reply.send(Err(failure(&error)));
                }
            }
            Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "a call was not answered");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    /// Hands a call to whoever answers it here.
    fn called(&mut self, from: PeerId, request: Request, channel: ResponseChannel<CallReply>) {
        let (answer, answered) = oneshot::channel();
        let reply = match self.incoming.try_send(IncomingCall {
            from,
            request,
            answer,
        }) {
            Ok(()) => CallReply::Out(answered),
            Err(mpsc::error::TrySendError::Full(_)) => {
                let mut busy = CallError::new(ErrorCode::Busy, "too many calls wait here");
                busy.retry_after_ms = Some(RETRY_AFTER_MS);
                CallReply::Now(Reply::Error(busy))
            }
            Err(mpsc::error::TrySendError::Closed(_)) => CallReply::Now(Reply::error(
                ErrorCode::NoSuchFunction,
                "this peer provides no functions",
            )),
        };
        self.answer(channel, reply);
    }

    fn answer(&mut self, channel: ResponseChannel<CallReply>, reply: CallReply) {
        // If it fails the caller is gone.
        let _ = self
            .swarm
            .behaviour_mut()
            .calls
            .send_response(channel, reply);
    }
}

impl Node {
    fn open(
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
                        reason: root_cause(&error),
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
            grown: false,
            waiting: Vec::new(),
        })
    }

    fn listens(&mut self, swarm: &mut Swarm<Behaviour>, listener: ListenerId, address: Multiaddr) {
        tracing::info!(%address, "listening");
        if self.tells_listeners {
            // A relay is offered only by a peer that says where it is.
            swarm.add_external_address(address);
        }
        self.opening.remove(&listener);
        if self.opening.is_empty() {
            for waiting in self.waiting.drain(..) {
                let _ = waiting.send(swarm.listeners().cloned().collect());
            }
        }
    }

    /// Dials the other nodes that it is not connected to.
    fn join(&mut self, swarm: &mut Swarm<Behaviour>) {
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

    fn joined(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId, id: ConnectionId) {
        let Some(address) = self.joining.remove(&id) else {
            return;
        };
        let bare = address
            .iter()
            .filter(|part| !matches!(part, Protocol::P2p(_)))
            .collect();
        swarm.behaviour_mut().kad.add_address(&peer, bare);
        self.peers.insert(address, Some(peer));
    }

    /// A node is online when it listens.
    fn status(&self, swarm: &Swarm<Behaviour>) -> NetworkStatus {
        match swarm.listeners().next() {
            Some(address) if self.opening.is_empty() => NetworkStatus::Online {
                node: address.to_string(),
            },
            Some(_) | None if !self.opening.is_empty() => NetworkStatus::Starting,
            _ => NetworkStatus::Offline {
                error: fluence::state::LinkError {
                    node: None,
                    others_failed: false,
                    cause: fluence::state::LinkCause::UnsupportedAddress,
                },
                retry_at: 0,
            },
        }
    }
}

/// The relay of a circuit's address.
fn relay_of(address: &Multiaddr) -> Option<PeerId> {
    let mut relay = None;
    for part in address {
        match part {
            Protocol::P2p(id) => relay = Some(id),
            Protocol::P2pCircuit => return relay,
            _ => {}
        }
    }
    None
}

fn is_web_socket(address: &Multiaddr) -> bool {
    address
        .iter()
        .any(|part| matches!(part, Protocol::Ws(_) | Protocol::Wss(_)))
}

/// What a failed call means to its caller.
fn failure(error: &OutboundFailure) -> NetworkError {
    match error {
        OutboundFailure::DialFailure | OutboundFailure::UnsupportedProtocols => {
            NetworkError::Unreachable
        }
        OutboundFailure::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            NetworkError::Malformed
        }
        OutboundFailure::Timeout | OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => {
            NetworkError::NoReply
        }
    }
}
