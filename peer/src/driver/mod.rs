//! The event loop: it owns the swarm, takes commands and events one after the other, and passes
//! each to the module that it concerns.

mod addresses;
mod calls;
mod causes;
mod client;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod exchange;
mod lookups;
#[cfg(not(target_arch = "wasm32"))]
mod neighbours;
#[cfg_attr(target_arch = "wasm32", path = "no_node.rs")]
mod node;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod passing;
#[cfg(not(target_arch = "wasm32"))]
mod presence;
pub(crate) mod routed;
#[cfg(not(target_arch = "wasm32"))]
mod routing;
mod vigil;
mod withdrawals;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use fluence::state::NetworkStatus;
use futures::{FutureExt, StreamExt};
use futures_timer::Delay;
use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionId, DialError, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, kad, ping, relay, request_response};
use tokio::sync::{mpsc, oneshot, watch};
use web_time::Instant;

#[cfg(not(target_arch = "wasm32"))]
use crate::address::bare;
use crate::address::relay_of;
use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::command::Command;
use crate::config::{Config, Role, StartError};
use crate::dialing::Dialing;
#[cfg(not(target_arch = "wasm32"))]
use crate::door::Door;
use crate::guests::Guests;
use crate::incoming::IncomingCall;
use crate::libraries::{self, KAD};
use crate::limits::ADDRESSES_PER_PEER;
use crate::route::{Answer, Failure, ROUTE, Route};
use crate::transport;
use addresses::AddressBook;
use calls::{Calls, Routes};
use client::Client;
use lookups::LookUps;
use node::Node;
use routed::{Happened, RouteEvent, Routed};
#[cfg(not(target_arch = "wasm32"))]
use routing::Routing;
use vigil::{Sign, Vigil};

/// How long a client keeps an idle connection, so that calls within this time find it open.
const CLIENT_IDLE: Duration = Duration::from_secs(90);
/// How long a node keeps an idle connection. Connections of clients end with the client, and those
/// to other nodes are to be kept.
const NODE_IDLE: Duration = Duration::from_secs(60 * 60);
/// The time between two rounds of housekeeping.
const HOUSEKEEPING: Duration = Duration::from_secs(60);
/// How long closing the connections may take on shutdown.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// The event loop and all that it owns.
pub(crate) struct Driver {
    swarm: Swarm<Behaviour>,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<NetworkStatus>,
    part: Part,
    dialing: Dialing,
    look_ups: LookUps,
    calls: Calls,
    addresses: AddressBook,
    vigil: Vigil,
    /// The relay of each relayed connection.
    relays: HashMap<ConnectionId, (PeerId, PeerId)>,
    rtts: HashMap<PeerId, Duration>,
    timer: Delay,
    timer_at: Instant,
    housekeeping: Instant,
}

/// The part that this peer plays in the network.
enum Part {
    Client(Client),
    #[cfg_attr(target_arch = "wasm32", allow(dead_code))]
    Node(Node),
}

/// What the loop does next.
enum Step {
    Command(Option<Command>),
    Event(Box<SwarmEvent<BehaviourEvent>>),
    Time,
}

impl Driver {
    /// Sets up a peer; a node begins to listen. A client that is not `reachable` asks for no
    /// reservation, so nobody can call it.
    ///
    /// # Errors
    /// Any [`StartError`] but [`StartError::NoRuntime`].
    pub(crate) fn new(
        config: Config,
        reachable: bool,
        commands: mpsc::Receiver<Command>,
        incoming: mpsc::Sender<IncomingCall>,
        status: watch::Sender<NetworkStatus>,
    ) -> Result<Self, StartError> {
        let dialing = Dialing::new(&config.role);
        let pages: Arc<[String]> = match &config.role {
            Role::Client { .. } => Default::default(),
            Role::Node { pages, .. } => pages.as_slice().into(),
        };
        #[cfg(not(target_arch = "wasm32"))]
        let (web_sockets, native) = {
            let (web_sockets, handed) = crate::handed::channel(Arc::clone(&pages));
            let meter = match &config.role {
                Role::Client { .. } => Default::default(),
                Role::Node { meter, .. } => meter.clone(),
            };
            let native = transport::Native {
                handed,
                sockets: transport::Sockets {
                    meter,
                    authorities: config.authorities.clone(),
                },
            };
            (web_sockets, native)
        };
        #[cfg(target_arch = "wasm32")]
        let native = transport::Native {
            sockets: transport::Sockets,
        };
        let (transport, circuits) = transport::new(&config.keypair, &dialing, pages, native)?;
        #[cfg(not(target_arch = "wasm32"))]
        let (guests, transport) = match &config.role {
            Role::Client { .. } => (None, transport),
            Role::Node { limits, .. } => {
                let guests = Guests::new(limits);
                let door = Door::new(transport, guests.clone());
                (Some(guests), libp2p::core::Transport::boxed(door))
            }
        };
        #[cfg(target_arch = "wasm32")]
        let guests: Option<Guests> = None;
        let behaviour = Behaviour::new(&config, circuits, guests.as_ref());
        let routed = Routed::new(config.keypair.clone());
        let idle = match config.role {
            Role::Client { .. } => CLIENT_IDLE,
            Role::Node { .. } => NODE_IDLE,
        };
        let id = config.keypair.public().to_peer_id();
        #[cfg_attr(target_arch = "wasm32", allow(unused_mut))]
        let mut swarm = Swarm::new(transport, behaviour, id, libraries::swarm(idle));
        let part = match config.role {
            Role::Client { nodes } => Part::Client(Client::new(config.links, &nodes, reachable)),
            #[cfg(target_arch = "wasm32")]
            Role::Node { .. } => return Err(StartError::NodeInBrowser),
            #[cfg(not(target_arch = "wasm32"))]
            Role::Node {
                listen,
                external,
                announce_private,
                peers,
                known,
                limits,
                ..
            } => {
                let guests = guests.unwrap_or_else(|| Guests::new(&limits));
                let routing = Routing::new(guests.clone(), dialing.clone());
                let swarm = &mut swarm;
                Part::Node(Node::open(
                    swarm,
                    listen,
                    (external, announce_private),
                    peers,
                    known,
                    guests,
                    routing,
                    web_sockets,
                )?)
            }
        };
        let now = Instant::now();
        Ok(Self {
            swarm,
            commands,
            status,
            part,
            dialing,
            look_ups: LookUps::new(config.keypair),
            calls: Calls::new(incoming, routed),
            addresses: AddressBook::default(),
            vigil: Vigil::default(),
            relays: HashMap::new(),
            rtts: HashMap::new(),
            timer: Delay::new(HOUSEKEEPING),
            timer_at: now + HOUSEKEEPING,
            housekeeping: now + HOUSEKEEPING,
        })
    }

    /// Runs until [`Command::Shutdown`], or until no handle is left.
    pub(crate) async fn run(mut self) {
        self.connect();
        loop {
            self.publish_status();
            if self.is_online() {
                self.look_ups.store(&mut self.swarm);
            }
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

    /// Waits for the next step. This peer's own commands take precedence over the events of others.
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
        let due = match &self.part {
            Part::Client(client) => client.next_due(),
            #[cfg(not(target_arch = "wasm32"))]
            Part::Node(node) => node.next_due(),
            #[cfg(target_arch = "wasm32")]
            Part::Node(node) => match *node {},
        };
        let is_waiting = self.calls.is_waiting() || self.look_ups.is_waiting();
        let look = self
            .vigil
            .next_due(is_waiting && matches!(self.part, Part::Client(_)));
        let next = [due, look].into_iter().flatten().min();
        let next = next.map_or(self.housekeeping, |next| next.min(self.housekeeping));
        if next != self.timer_at {
            self.timer_at = next;
            self.timer
                .reset(next.saturating_duration_since(Instant::now()));
        }
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        // The timer has fired, so it must be set again even for the same time.
        self.timer_at = now;
        self.timer.reset(Duration::ZERO);
        match &mut self.part {
            Part::Client(client) => client.on_time(&mut self.swarm),
            #[cfg(not(target_arch = "wasm32"))]
            Part::Node(node) => {
                node.routing.on_time(&mut self.swarm, now);
                self.connect();
            }
            #[cfg(target_arch = "wasm32")]
            Part::Node(_) => self.connect(),
        }
        let Self {
            swarm,
            vigil,
            calls,
            relays,
            part,
            ..
        } = self;
        let peers = || {
            let mut peers: Vec<PeerId> = calls.waits_for().collect();
            peers.extend(
                relays
                    .values()
                    .filter(|(peer, _)| calls.waits_for().any(|called| called == *peer))
                    .map(|(_, relay)| *relay),
            );
            if let Part::Client(client) = part {
                peers.extend(client.nodes().into_iter().map(|(node, _)| node));
            }
            peers.sort_unstable();
            peers.dedup();
            peers
        };
        let has_looked = vigil.look(now, peers, |peer, request| {
            let is_connected = swarm.is_connected(peer);
            is_connected.then(|| swarm.behaviour_mut().calls.send_request(peer, request))
        });
        if has_looked {
            calls.widen(swarm);
        }
        if now < self.housekeeping {
            return;
        }
        self.housekeeping = now + HOUSEKEEPING;
        self.swarm.behaviour_mut().kad.store_mut().sweep();
        self.look_ups.renew_old(now);
        self.calls.sweep();
        #[cfg(not(target_arch = "wasm32"))]
        if let Part::Node(node) = &mut self.part {
            node.guests.sweep(now);
        }
    }

    fn publish_status(&mut self) {
        #[cfg_attr(target_arch = "wasm32", allow(unused_variables))]
        let was_online = self.is_online();
        let now = match &mut self.part {
            Part::Client(client) => client.status(),
            Part::Node(node) => node.status(&self.swarm),
        };
        self.status.send_if_modified(|status| {
            let changed = *status != now;
            *status = now;
            changed
        });
        // Records say where this peer can be reached, so they are stored again after each new link.
        let has_entered = match &mut self.part {
            Part::Client(client) => client.take_linked(),
            #[cfg(not(target_arch = "wasm32"))]
            Part::Node(node) => node.neighbours.take_grown() || self.is_online() && !was_online,
            #[cfg(target_arch = "wasm32")]
            Part::Node(node) => match *node {},
        };
        if has_entered {
            self.look_ups.renew_all();
        }
    }

    fn is_online(&self) -> bool {
        matches!(*self.status.borrow(), NetworkStatus::Online { .. })
    }

    /// Connects to the nodes that this peer should be connected to but is not.
    fn connect(&mut self) {
        match &mut self.part {
            Part::Client(client) => client.connect(&mut self.swarm),
            #[cfg(not(target_arch = "wasm32"))]
            Part::Node(node) => node.on_time(&mut self.swarm),
            #[cfg(target_arch = "wasm32")]
            Part::Node(node) => match *node {},
        }
    }

    async fn end(&mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let mut timeout = Delay::new(SHUTDOWN);
        while self.swarm.network_info().num_peers() > 0 {
            let swarm = &mut self.swarm;
            let timeout = &mut timeout;
            let is_over = poll_fn(|cx| match swarm.poll_next_unpin(cx) {
                Poll::Ready(_) => Poll::Ready(false),
                Poll::Pending => timeout.poll_unpin(cx).map(|()| true),
            })
            .await;
            if is_over {
                return;
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Provide(name, done) => self.look_ups.provide(name, done),
            Command::Keep(names) => self.look_ups.keep(names),
            Command::Withdraw(names, done) => {
                self.look_ups.withdraw(&mut self.swarm, &names);
                let nodes = self.own_nodes();
                self.look_ups.take_back(&mut self.swarm, &nodes, done);
            }
            Command::WithdrawAll(done) => {
                self.look_ups.withdraw_all(&mut self.swarm);
                let nodes = self.own_nodes();
                self.look_ups.take_back(&mut self.swarm, &nodes, done);
            }
            Command::NotFound(names) => self.look_ups.not_found(&names),
            Command::Find(find) => self.look_ups.find(&mut self.swarm, find),
            Command::Call(call) => {
                let nodes = self.own_nodes();
                let routes = routes(&mut self.swarm, &mut self.addresses, &nodes);
                self.calls.call(call, routes);
            }
            Command::Learn(peer, addresses) => self.addresses.learn(peer, addresses),
            Command::SetNodes(nodes) => {
                if let Part::Client(client) = &mut self.part {
                    self.dialing.choose(&nodes);
                    client.set_nodes(&mut self.swarm, &nodes);
                }
            }
            Command::Reconnect => self.connect(),
            Command::Hurry => {
                if let Part::Client(client) = &mut self.part {
                    client.hurry();
                }
            }
            Command::Rtt(peer, reply) => {
                let _ = reply.send(self.rtts.get(&peer).copied());
            }
            Command::Listeners(reply) => self.tell_listeners(reply),
            Command::Announced(reply) => {
                let mut addresses: Vec<_> = self.swarm.external_addresses().cloned().collect();
                addresses.sort();
                let _ = reply.send(addresses);
            }
            Command::EntryPoints(reply) => match &self.part {
                Part::Client(client) => {
                    let nodes = client.nodes().into_iter();
                    let _ = reply.send(
                        nodes
                            .map(|(peer, address)| address.with(Protocol::P2p(peer)))
                            .collect(),
                    );
                }
                Part::Node(_) => self.tell_listeners(reply),
            },
            Command::Nodes(reply) => {
                let nodes = match &self.part {
                    Part::Client(client) => client.given_nodes(),
                    Part::Node(_) => Vec::new(),
                };
                let _ = reply.send(nodes);
            }
            Command::Connected(reply) => {
                let _ = reply.send(self.swarm.connected_peers().copied().collect());
            }
            Command::Report(reply) => {
                let nodes = match &self.part {
                    Part::Client(client) => client.report(),
                    Part::Node(_) => Vec::new(),
                };
                let _ = reply.send(nodes);
            }
            Command::KnownNodes(reply) => {
                #[cfg(not(target_arch = "wasm32"))]
                if let Part::Node(node) = &self.part {
                    let _ = reply.send(node.neighbours.addresses());
                }
                #[cfg(target_arch = "wasm32")]
                drop(reply);
            }
            #[cfg(not(target_arch = "wasm32"))]
            Command::Admit(admission) => self.admit(admission),
            #[cfg(not(target_arch = "wasm32"))]
            Command::Load(reply) => {
                if let Part::Node(node) = &self.part {
                    let _ = reply.send(node.load(&mut self.swarm));
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            Command::WebSockets(reply) => {
                if let Part::Node(node) = &self.part {
                    let _ = reply.send(node.web_sockets.clone());
                }
            }
            // The loop has handled this one itself.
            Command::Shutdown(_) => {}
        }
    }

    /// Serves these peers only; the connections of all others end.
    #[cfg(not(target_arch = "wasm32"))]
    fn admit(&mut self, admission: Arc<crate::Admission>) {
        let connected: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        let Some(gate) = self.swarm.behaviour_mut().gate.as_mut() else {
            return;
        };
        gate.admit(admission);
        let unwanted: Vec<PeerId> = connected
            .into_iter()
            .filter(|peer| !gate.admits(peer))
            .collect();
        for peer in unwanted {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    fn tell_listeners(&mut self, reply: oneshot::Sender<Vec<Multiaddr>>) {
        match &mut self.part {
            Part::Client(_) => {
                let _ = reply.send(self.swarm.listeners().cloned().collect());
            }
            Part::Node(node) => node.tell_listeners(&self.swarm, reply),
        }
    }

    /// The nodes that a client is linked to; empty for a node.
    fn own_nodes(&self) -> Vec<(PeerId, Multiaddr)> {
        match &self.part {
            Part::Client(client) => client.nodes(),
            Part::Node(_) => Vec::new(),
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let swarm = &mut self.swarm;
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                self.calls
                    .opened(connection_id, endpoint.get_remote_address());
                let address = match &endpoint {
                    ConnectedPoint::Dialer { address, .. } => address,
                    ConnectedPoint::Listener { local_addr, .. } => local_addr,
                };
                if let Some(relay) = relay_of(address) {
                    self.relays.insert(connection_id, (peer_id, relay));
                }
                match &mut self.part {
                    Part::Client(client) => client.connected(swarm, peer_id, connection_id),
                    #[cfg(not(target_arch = "wasm32"))]
                    Part::Node(node) => {
                        let routing = &mut node.routing;
                        node.neighbours
                            .connected(swarm, routing, peer_id, connection_id);
                        node.routing.connected(swarm, connection_id);
                    }
                    #[cfg(target_arch = "wasm32")]
                    Part::Node(node) => match *node {},
                }
                self.calls.connected(swarm, peer_id);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                num_established,
                ..
            } => {
                self.calls.closed(connection_id);
                self.relays.remove(&connection_id);
                if num_established == 0 {
                    self.rtts.remove(&peer_id);
                    self.calls.routed.disconnected(&peer_id);
                }
                match &mut self.part {
                    Part::Client(client) => {
                        if num_established == 0 {
                            client.gone(&peer_id);
                        }
                        client.disconnected(swarm, connection_id);
                    }
                    #[cfg(not(target_arch = "wasm32"))]
                    Part::Node(node) if num_established == 0 => {
                        let now = Instant::now();
                        if node.neighbours.disconnected(peer_id, now) {
                            node.exchange.has_changed(now);
                        }
                        node.routing.disconnected(&peer_id);
                    }
                    Part::Node(_) => {}
                }
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id,
                connection_id,
                error,
            } => {
                match &mut self.part {
                    Part::Client(client) => client.dial_failed(swarm, connection_id, &error),
                    #[cfg(not(target_arch = "wasm32"))]
                    Part::Node(node) => {
                        let now = Instant::now();
                        node.routing.dial_failed(connection_id);
                        node.neighbours.dial_failed(connection_id, &error, now);
                    }
                    #[cfg(target_arch = "wasm32")]
                    Part::Node(node) => match *node {},
                }
                if let Some(peer) = peer_id {
                    if matches!(error, DialError::Transport(_)) && !self.swarm.is_connected(&peer) {
                        // Nobody is to be sent to a node that is gone. One that comes back is added again.
                        self.swarm.behaviour_mut().kad.remove_peer(&peer);
                    }
                    let nodes = self.own_nodes();
                    let routes = routes(&mut self.swarm, &mut self.addresses, &nodes);
                    self.calls.dial_failed(peer, connection_id, routes);
                }
            }
            SwarmEvent::NewListenAddr {
                listener_id,
                address,
            } => match &mut self.part {
                Part::Client(client) => client.listens(swarm, listener_id, address),
                Part::Node(node) => node.listens(swarm, listener_id, address),
            },
            #[cfg(not(target_arch = "wasm32"))]
            SwarmEvent::ExpiredListenAddr { .. } => {
                if let Part::Node(node) = &mut self.part {
                    node.announce(swarm);
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            SwarmEvent::ListenerError { error, .. } => {
                if let Part::Node(node) = &mut self.part {
                    node.listener_failed(&error, Instant::now());
                }
            }
            SwarmEvent::ListenerClosed {
                listener_id,
                reason,
                ..
            } => match &mut self.part {
                Part::Client(client) => client.listener_closed(swarm, listener_id, reason),
                Part::Node(node) => node.listener_closed(swarm, listener_id, &reason),
            },
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        let swarm = &mut self.swarm;
        match event {
            BehaviourEvent::Calls(event) => {
                match &event {
                    request_response::Event::Message {
                        message: request_response::Message::Response { request_id, .. },
                        ..
                    } if self.vigil.answered(*request_id) => return,
                    request_response::Event::OutboundFailure {
                        request_id, error, ..
                    } => match self.vigil.failed(*request_id, error) {
                        Some(Sign::Silent(peer)) => return self.leave(peer),
                        Some(Sign::Life) => return,
                        None => {}
                    },
                    _ => {}
                }
                if self.look_ups.withdrawals.on_answer(&event) {
                    return;
                }
                #[cfg(not(target_arch = "wasm32"))]
                if let Part::Node(node) = &mut self.part
                    && node.on_answer(swarm, &event)
                {
                    return;
                }
                let guests = match &self.part {
                    Part::Node(node) => node.guests(),
                    Part::Client(_) => None,
                };
                let nodes = self.own_nodes();
                let routes = routes(&mut self.swarm, &mut self.addresses, &nodes);
                self.calls.on_event(routes, event, guests);
            }
            BehaviourEvent::Routes(event) => self.on_route(event),
            BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            }) => {
                if let kad::QueryResult::GetClosestPeers(found) = &result {
                    let peers = match found {
                        Ok(found) => &found.peers,
                        Err(kad::GetClosestPeersError::Timeout { peers, .. }) => peers,
                    };
                    let ids = peers.iter().map(|peer| peer.peer_id);
                    if self.look_ups.withdrawals.found(id, ids) {
                        return;
                    }
                    if let Part::Client(client) = &mut self.part {
                        client.discovered(swarm, id, peers);
                        return;
                    }
                }
                let addresses = &mut self.addresses;
                self.look_ups
                    .on_query(swarm, addresses, id, result, step.last);
            }
            BehaviourEvent::Kad(kad::Event::RoutingUpdated { peer, .. })
                if matches!(self.part, Part::Client(_)) =>
            {
                if let Part::Client(client) = &self.part {
                    client.in_dht(swarm, &peer);
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            BehaviourEvent::Kad(kad::Event::RoutingUpdated {
                peer,
                is_new_peer,
                addresses,
                ..
            }) => {
                if let Part::Node(node) = &mut self.part {
                    Routing::changed(swarm, &peer, &addresses);
                    if is_new_peer {
                        let addresses = addresses.iter().map(bare).collect();
                        let now = Instant::now();
                        node.neighbours.met(swarm, peer, addresses, now);
                    }
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            BehaviourEvent::Kad(kad::Event::RoutablePeer { peer, address }) => {
                if let Part::Node(node) = &mut self.part {
                    node.routing.reached(swarm, peer, address);
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            BehaviourEvent::Relay(event) => {
                if let Part::Node(node) = &mut self.part {
                    node.relayed(event);
                }
            }
            BehaviourEvent::Circuits(relay::client::Event::ReservationReqAccepted {
                relay_peer_id,
                ..
            }) => {
                if let Part::Client(client) = &mut self.part {
                    client.reserved(swarm, relay_peer_id);
                }
            }
            BehaviourEvent::Ping(event) => self.on_ping(event),
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                let is_able = info.protocols.contains(&ROUTE);
                self.calls.routed.is_able(peer_id, is_able);
                if info.protocols.contains(&KAD) {
                    self.on_node(peer_id, info.listen_addrs);
                }
            }
            _ => {}
        }
    }

    /// Handles an event about routed calls: a letter to this peer, one to be passed on, or an answer.
    fn on_route(&mut self, event: RouteEvent) {
        match routed::happened(event) {
            Some(Happened::Came(from, route, channel)) => {
                let own = *self.swarm.local_peer_id();
                let is_client = matches!(self.part, Part::Client(_));
                let answer = match route.provider == own {
                    true if is_client => self.calls.take_letter(own, &self.look_ups, &route.letter),
                    // A node can be called directly, where it is counted who calls.
                    true => Answer::Failed(Failure::Nobody),
                    false => self.pass(from, route),
                };
                if let Some(routes) = self.swarm.behaviour_mut().routes.as_mut() {
                    // If this fails, the other side is gone.
                    let _ = routes.send_response(channel, answer);
                }
            }
            Some(Happened::Ended(id, answer)) => {
                #[cfg(not(target_arch = "wasm32"))]
                if let Part::Node(node) = &self.part {
                    return passing::ended(node, &answer);
                }
                let nodes = self.own_nodes();
                let routes = routes(&mut self.swarm, &mut self.addresses, &nodes);
                self.calls.routed(id, answer, routes);
            }
            None => {}
        }
    }

    /// Passes a letter on; a client does not.
    #[cfg_attr(target_arch = "wasm32", allow(unused_variables))]
    fn pass(&mut self, from: PeerId, route: Route) -> Answer {
        match &self.part {
            Part::Client(_) => Answer::Failed(Failure::Nobody),
            #[cfg(not(target_arch = "wasm32"))]
            Part::Node(node) => {
                passing::pass(node, &self.calls.routed, &mut self.swarm, from, route)
            }
            #[cfg(target_arch = "wasm32")]
            Part::Node(node) => match *node {},
        }
    }

    /// Leaves a peer that is silent: at once if it is connected directly, and for another way to it if it is relayed.
    fn leave(&mut self, peer: PeerId) {
        let relayed: Vec<(ConnectionId, PeerId)> = self
            .relays
            .iter()
            .filter(|(_, (relayed, _))| *relayed == peer)
            .map(|(connection, (_, relay))| (*connection, *relay))
            .collect();
        if relayed.is_empty() {
            let _ = self.swarm.disconnect_peer_id(peer);
            return;
        }
        let nodes = self.own_nodes();
        let routes = routes(&mut self.swarm, &mut self.addresses, &nodes);
        self.calls.look_elsewhere(peer, relayed, routes);
    }

    /// Handles what another node says about where it can be reached.
    fn on_node(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        let swarm = &mut self.swarm;
        match &mut self.part {
            #[cfg(not(target_arch = "wasm32"))]
            Part::Node(node) => node.routing.told(swarm, peer, addresses, Instant::now()),
            #[cfg(target_arch = "wasm32")]
            Part::Node(node) => match *node {},
            Part::Client(_) => {
                let direct = addresses
                    .into_iter()
                    .filter(|address| relay_of(address).is_none() && self.dialing.allows(address));
                for address in direct.take(ADDRESSES_PER_PEER) {
                    swarm.behaviour_mut().kad.add_address(&peer, address);
                }
            }
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(rtt) => {
                self.rtts.insert(event.peer, rtt);
                if let Part::Client(client) = &mut self.part {
                    client.alive(&mut self.swarm, event.peer, event.connection, rtt);
                }
            }
            Err(ping::Failure::Unsupported) => {}
            Err(ping::Failure::Timeout | ping::Failure::Other { .. }) => {
                self.swarm.close_connection(event.connection);
                if let Part::Client(client) = &mut self.part {
                    client.disconnected(&mut self.swarm, event.connection);
                }
            }
        }
    }
}

/// What calls need to dial a peer. This borrows less than all of a [`Driver`].
fn routes<'a>(
    swarm: &'a mut Swarm<Behaviour>,
    addresses: &'a mut AddressBook,
    nodes: &'a [(PeerId, Multiaddr)],
) -> Routes<'a> {
    Routes {
        swarm,
        addresses,
        nodes,
    }
}
