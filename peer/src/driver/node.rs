//! A node, which listens and joins a network with other nodes.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use fluence::state::{LinkCause, LinkError, NetworkStatus};
use fluence::storage::is_private_ip;
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
use super::presence::Presence;
use super::routing::Routing;
use crate::backoff::Backoff;
use crate::behaviour::Behaviour;
use crate::block::ip_of;
use crate::codec::{CallReply, CallRequest};
use crate::config::StartError;
use crate::guests::Guests;
use crate::handed::WebSockets;
use crate::load::Load;

/// The longest time after which a node looks for others again.
const LONGEST_LOOK: Duration = Duration::from_secs(5 * 60);

/// How long nothing more is logged about connections that cannot be accepted.
const SILENCE: Duration = Duration::from_secs(60 * 60);

/// The listeners of a node and its connections to other nodes.
pub(super) struct Node {
    pub(super) guests: Guests,
    /// What the program hands WebSockets over with.
    pub(super) web_sockets: WebSockets,
    pub(super) routing: Box<Routing>,
    /// Listeners that have no address yet.
    opening: HashSet<ListenerId>,
    /// The addresses that the configuration names to listen on, if the listeners' addresses are announced because no
    /// external ones are configured.
    named: Option<Vec<IpAddr>>,
    /// Whether the addresses of private networks are announced unnamed.
    announce_private: bool,
    /// The other nodes of the network.
    pub(super) neighbours: Neighbours,
    /// When it looks for further nodes next, and the waits between. Two nodes whose addresses were proven to a third one
    /// only after both had asked it would not meet otherwise before the library looks again.
    look_at: Option<Instant>,
    looks: Backoff,
    /// The records that it gets from them.
    pub(super) exchange: Exchange,
    /// What it asks them about providers.
    presence: Presence,
    /// Requests for the listeners' addresses, which wait until every listener has one.
    waiting: Vec<oneshot::Sender<Vec<Multiaddr>>>,
    /// How many listeners have ended.
    ended: usize,
    /// When it was last logged that a connection could not be accepted.
    listening_failed: Option<Instant>,
}

impl Node {
    /// When [`Node::on_time`] is to be called next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let dues = [
            self.look_at,
            self.neighbours.next_due(),
            self.routing.next_due(),
            self.exchange.next_due(),
            Some(self.presence.next_due()),
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
            self.exchange.has_changed(now);
        }
        self.exchange.ask(swarm, now);
        self.presence.ask(swarm, now);
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
        (external, announce_private): (Vec<Multiaddr>, bool),
        peers: Vec<Multiaddr>,
        known: Vec<Multiaddr>,
        guests: Guests,
        routing: Routing,
        web_sockets: WebSockets,
    ) -> Result<Self, StartError> {
        let mut opening = HashSet::new();
        let named = listen.iter().filter_map(ip_of).collect();
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
        let named = external.is_empty().then_some(named);
        for address in external {
            swarm.add_external_address(address);
        }
        set_own_addresses(swarm);
        Ok(Self {
            web_sockets,
            routing: Box::new(routing),
            opening,
            named,
            announce_private,
            exchange: Exchange::default(),
            presence: Presence::new(Instant::now()),
            neighbours: Neighbours::new(guests.clone(), peers, known, Instant::now()),
            look_at: None,
            looks: Backoff::default(),
            waiting: Vec::new(),
            guests,
            ended: 0,
            listening_failed: None,
        })
    }

    /// Handles the answer of another node that was asked for records or about providers; returns whether the event was one.
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
        self.presence.answered(swarm, id, reply, now)
            || self.exchange.answered(swarm, &self.guests, id, reply, now)
    }

    /// Handles the address that a listener got.
    pub(super) fn listens(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        listener: ListenerId,
        address: Multiaddr,
    ) {
        tracing::info!(%address, "listening");
        self.announce(swarm);
        self.opened(swarm, listener);
    }

    /// Announces the listeners' addresses that others are to be told.
    pub(super) fn announce(&self, swarm: &mut Swarm<Behaviour>) {
        let Some(named) = &self.named else { return };
        // Clients get a reservation only from a relay that has an external address.
        let listeners: Vec<Multiaddr> = swarm.listeners().cloned().collect();
        let told = told(&listeners, named, self.announce_private);
        let before: Vec<Multiaddr> = swarm.external_addresses().cloned().collect();
        for gone in before.iter().filter(|address| !told.contains(address)) {
            swarm.remove_external_address(gone);
        }
        for new in told {
            if !before.contains(&new) {
                swarm.add_external_address(new);
            }
        }
        set_own_addresses(swarm);
    }

    /// Handles a listener that has ended.
    pub(super) fn listener_closed(
        &mut self,
        swarm: &Swarm<Behaviour>,
        listener: ListenerId,
        reason: &Result<(), std::io::Error>,
    ) {
        tracing::error!(?reason, "a listener has ended");
        self.ended += 1;
        self.opened(swarm, listener);
    }

    /// Handles a connection that could not be accepted, most likely because too many files are open.
    pub(super) fn listener_failed(&mut self, error: &std::io::Error, now: Instant) {
        let last = self.listening_failed;
        if last.is_none_or(|last| now.saturating_duration_since(last) >= SILENCE) {
            self.listening_failed = Some(now);
            tracing::warn!(%error, "connections cannot be accepted");
        }
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
            ended_listeners: self.ended,
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

/// Which of the addresses that a node listens on others are told: those that the configuration names, and those on the
/// internet. Whoever listens on all addresses of a machine has not asked for those of its private networks to be told,
/// which needs `announce_private`. The machine's own, which lead nobody else here, are told if that is all that the node
/// listens on, or with `announce_private` all that it has; beside others they are not told even if they are named: that
/// is how a node listens for a proxy beside it.
fn told(listeners: &[Multiaddr], named: &[IpAddr], announce_private: bool) -> Vec<Multiaddr> {
    let of = |is: &dyn Fn(IpAddr) -> bool| -> Vec<Multiaddr> {
        let told = listeners
            .iter()
            .filter(|address| ip_of(address).is_none_or(is));
        told.cloned().collect()
    };
    let others = of(&|ip| {
        let is_asked_for = announce_private || named.contains(&ip);
        !ip.is_loopback() && (is_asked_for || !is_private_ip(ip))
    });
    let is_own = announce_private || named.iter().all(IpAddr::is_loopback);
    match others.is_empty() && is_own {
        true => of(&|_| true),
        false => others,
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

#[cfg(test)]
mod tests {
    use fluence::state::NetworkStatus;
    use libp2p::identity::Keypair;
    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::config::Config;
    use crate::driver::{Driver, Part, Step};

    #[tokio::test]
    async fn a_listener_that_has_ended_is_told_while_another_one_goes_on() {
        let listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"];
        let listen = listen.map(|address| address.parse().unwrap()).to_vec();
        let config = Config::node(Keypair::generate_ed25519(), listen);
        let (_commands, commanded) = mpsc::channel(1);
        let (incoming, _calls) = mpsc::channel(1);
        let (status, _statuses) = watch::channel(NetworkStatus::Starting);
        let mut driver = Driver::new(config, true, commanded, incoming, status).unwrap();
        fn node(driver: &Driver) -> &Node {
            match &driver.part {
                Part::Node(node) => node,
                Part::Client(_) => unreachable!("it was started as a node"),
            }
        }
        async fn step(driver: &mut Driver) {
            match driver.step().await {
                Step::Event(event) => driver.on_event(*event),
                Step::Time => driver.on_time(),
                Step::Command(_) => unreachable!("nobody gives one"),
            }
        }
        let all: Vec<ListenerId> = node(&driver).opening.iter().copied().collect();
        while !node(&driver).opening.is_empty() {
            step(&mut driver).await;
        }
        assert_eq!((all.len(), node(&driver).ended), (2, 0));
        assert!(driver.swarm.remove_listener(all[0]));
        while node(&driver).ended == 0 {
            step(&mut driver).await;
        }
        let Driver { swarm, part, .. } = &mut driver;
        let Part::Node(node) = part else {
            unreachable!("it was started as a node")
        };
        assert_eq!(node.load(swarm).ended_listeners, 1);
        let status = node.status(swarm);
        assert!(matches!(status, NetworkStatus::Online { .. }), "{status:?}");
    }

    #[test]
    fn no_address_of_a_private_network_is_told_unless_it_is_asked_for() {
        const OWN: &str = "/ip4/127.0.0.1/tcp/4101";
        const LAN: &str = "/ip4/192.168.1.5/tcp/4101";
        const LINK: &str = "/ip6/fe80::1/tcp/4101";
        const INTERNET: &str = "/ip4/1.1.1.1/tcp/4101";
        const INTERNET_6: &str = "/ip6/2606:4700::1111/tcp/4101";
        const ALL: [&str; 5] = [OWN, LAN, LINK, INTERNET, INTERNET_6];
        for (announce_private, named, listeners, expected) in [
            (
                false,
                &["0.0.0.0", "::"][..],
                &ALL[..],
                &[INTERNET, INTERNET_6][..],
            ),
            (false, &["0.0.0.0"], &[OWN, LAN], &[]),
            (false, &["0.0.0.0"], &[OWN], &[]),
            (false, &["0.0.0.0"], &[], &[]),
            // What is named is told, and nothing else of the kind.
            (false, &["127.0.0.1"], &[OWN], &[OWN]),
            (
                false,
                &["192.168.1.5", "::"],
                &ALL,
                &[LAN, INTERNET, INTERNET_6],
            ),
            // Where only this machine gets in is not told beside others, though it is named for another port.
            (false, &["127.0.0.1", "0.0.0.0"], &[OWN, LAN, LINK], &[]),
            (
                false,
                &["127.0.0.1", "0.0.0.0"],
                &[OWN, LAN, INTERNET],
                &[INTERNET],
            ),
            // All of it is told only if the operator says so, this machine's own only if there is no other.
            (true, &["0.0.0.0"], &ALL, &ALL[1..]),
            (true, &["0.0.0.0"], &[OWN, LAN], &[LAN]),
            (true, &["0.0.0.0"], &[OWN], &[OWN]),
        ] {
            let addresses = |texts: &[&str]| -> Vec<Multiaddr> {
                texts.iter().map(|text| text.parse().unwrap()).collect()
            };
            let named: Vec<IpAddr> = named.iter().map(|ip| ip.parse().unwrap()).collect();
            assert_eq!(
                told(&addresses(listeners), &named, announce_private),
                addresses(expected),
                "{announce_private}, {named:?}: {listeners:?}"
            );
        }
    }
}
