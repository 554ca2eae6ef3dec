//! The event loop: it owns the swarm, takes commands and events one after the other, and passes
//! each to the module that it concerns.

mod addresses;
mod calls;
mod causes;
mod client;
mod lookups;
mod node;

use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use fluence::state::NetworkStatus;
use futures::{FutureExt, StreamExt};
use futures_timer::Delay;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{self, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, kad, ping, relay};
use tokio::sync::{mpsc, oneshot, watch};
use web_time::Instant;

use crate::address::relay_of;
use crate::behaviour::{Behaviour, BehaviourEvent, KAD};
use crate::command::Command;
use crate::config::{Config, Role, StartError};
use crate::incoming::IncomingCall;
use crate::limits::ADDRESSES_PER_PEER;
use crate::transport;
use addresses::AddressBook;
use calls::{Calls, Routes};
use client::Client;
use lookups::LookUps;
use node::Node;

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
    look_ups: LookUps,
    calls: Calls,
    addresses: AddressBook,
    rtts: HashMap<PeerId, Duration>,
    timer: Delay,
    timer_at: Instant,
    housekeeping: Instant,
}

/// The part that this peer plays in the network.
enum Part {
    Client(Client),
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
        let part = match config.role {
            Role::Client { nodes } => Part::Client(Client::new(config.links, &nodes, reachable)),
            Role::Node {
                listen,
                external,
                peers,
                limits: _,
            } => Part::Node(Node::open(&mut swarm, listen, external, peers)?),
        };
        let now = Instant::now();
        Ok(Self {
            swarm,
            commands,
            status,
            part,
            look_ups: LookUps::default(),
            calls: Calls::new(incoming),
            addresses: AddressBook::default(),
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
            Part::Node(_) => None,
        };
        let next = due.map_or(self.housekeeping, |due| due.min(self.housekeeping));
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
        if let Part::Client(client) = &mut self.part {
            client.on_time(&mut self.swarm);
        }
        if now < self.housekeeping {
            return;
        }
        self.housekeeping = now + HOUSEKEEPING;
        self.swarm.behaviour_mut().kad.store_mut().sweep();
        self.look_ups.renew_old(now);
        self.calls.sweep();
        if let Part::Node(node) = &mut self.part {
            node.join(&mut self.swarm);
            if node.take_grown() {
                self.look_ups.renew_all();
            }
        }
    }

    fn publish_status(&mut self) {
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
            Part::Node(_) => self.is_online() && !was_online,
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
            Part::Node(node) => node.join(&mut self.swarm),
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
            Command::Withdraw(names) => self.look_ups.withdraw(&mut self.swarm, &names),
            Command::NotFound(names) => self.look_ups.not_found(&names),
            Command::Find(find) => self.look_ups.find(&mut self.swarm, find),
            Command::Call(call) => {
                let nodes = self.own_nodes();
                let routes = Routes {
                    swarm: &mut self.swarm,
                    addresses: &mut self.addresses,
                    nodes: &nodes,
                };
                self.calls.call(call, routes);
            }
            Command::Learn(peer, addresses) => self.addresses.learn(peer, addresses),
            Command::SetNodes(nodes) => {
                if let Part::Client(client) = &mut self.part {
                    client.set_nodes(&mut self.swarm, &nodes);
                }
            }
            Command::Reconnect => self.connect(),
            Command::Rtt(peer, reply) => {
                let _ = reply.send(self.rtts.get(&peer).copied());
            }
            Command::Listeners(reply) => self.tell_listeners(reply),
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
            // The loop has handled this one itself.
            Command::Shutdown(_) => {}
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
                match &mut self.part {
                    Part::Client(client) => client.connected(swarm, peer_id, connection_id),
                    Part::Node(node) => node.connected(swarm, peer_id, connection_id),
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
                if num_established == 0 {
                    self.rtts.remove(&peer_id);
                }
                if let Part::Client(client) = &mut self.part {
                    client.disconnected(swarm, connection_id);
                }
            }
            SwarmEvent::OutgoingConnectionError {
                peer_id,
                connection_id,
                error,
            } => {
                match &mut self.part {
                    Part::Client(client) => client.dial_failed(swarm, connection_id, &error),
                    Part::Node(node) => node.dial_failed(connection_id),
                }
                if let Some(peer) = peer_id {
                    let nodes = self.own_nodes();
                    let routes = Routes {
                        swarm: &mut self.swarm,
                        addresses: &mut self.addresses,
                        nodes: &nodes,
                    };
                    self.calls.dial_failed(peer, connection_id, &error, routes);
                }
            }
            SwarmEvent::NewListenAddr {
                listener_id,
                address,
            } => match &mut self.part {
                Part::Client(client) => client.listens(swarm, listener_id, address),
                Part::Node(node) => node.listens(swarm, listener_id, address),
            },
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
            BehaviourEvent::Calls(event) => self.calls.on_event(swarm, event),
            BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            }) => {
                let addresses = &mut self.addresses;
                self.look_ups
                    .on_query(swarm, addresses, id, result, step.last);
            }
            BehaviourEvent::Kad(kad::Event::RoutingUpdated {
                is_new_peer: true, ..
            }) => {
                if let Part::Node(node) = &mut self.part {
                    node.grew();
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
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })
                if info.protocols.contains(&KAD) =>
            {
                let direct = info
                    .listen_addrs
                    .into_iter()
                    .filter(|address| relay_of(address).is_none());
                for address in direct.take(ADDRESSES_PER_PEER) {
                    swarm.behaviour_mut().kad.add_address(&peer_id, address);
                }
            }
            _ => {}
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(rtt) => {
                self.rtts.insert(event.peer, rtt);
                if let Part::Client(client) = &mut self.part {
                    client.alive(&mut self.swarm, event.connection);
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
