//! The libp2p protocols of a peer, as one behaviour. How each is set is in [`crate::libraries`].

use std::sync::Arc;

use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{connection_limits, identify, kad, ping, relay, request_response};

/// What only a node has; no node runs in a browser, so the extension does not carry its code.
#[cfg(not(target_family = "wasm"))]
mod of_nodes {
    pub(crate) use crate::gate::Gate;
    pub(crate) use crate::relay::Relay;
}
#[cfg(target_family = "wasm")]
mod of_nodes {
    pub(crate) use libp2p::swarm::dummy::Behaviour as Gate;
    pub(crate) use libp2p::swarm::dummy::Behaviour as Relay;
}

use crate::codec::CallCodec;
use crate::config::{Config, Role};
use crate::guard::Guard;
use crate::guests::Guests;
use crate::libraries;
use crate::records::{ProviderRecords, RecordLimits};
use crate::route::RouteCodec;
use crate::slim::Slim;
use of_nodes::{Gate, Relay};

/// The protocols of a peer, and what they tell.
pub(crate) type Behaviour = Slim<Protocols>;
pub(crate) type BehaviourEvent = ProtocolsEvent;

/// The protocols of a peer.
#[derive(NetworkBehaviour)]
pub(crate) struct Protocols {
    pub(crate) limits: connection_limits::Behaviour,
    /// Comes before all that asks a node's [`Guests`] about a peer.
    pub(crate) gate: Toggle<Gate>,
    pub(crate) guard: Guard,
    pub(crate) relay: Toggle<Relay>,
    pub(crate) circuits: relay::client::Behaviour,
    pub(crate) kad: kad::Behaviour<ProviderRecords>,
    pub(crate) calls: request_response::Behaviour<CallCodec>,
    pub(crate) routes: Toggle<request_response::Behaviour<RouteCodec>>,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
}

impl Slim<Protocols> {
    /// A node has `guests`.
    pub(crate) fn new(
        config: &Config,
        circuits: relay::client::Behaviour,
        guests: Option<&Guests>,
    ) -> Self {
        let key = config.keypair.public();
        #[cfg(not(target_family = "wasm"))]
        let id = key.to_peer_id();
        #[cfg_attr(target_family = "wasm", allow(unused_variables))]
        let (node, admission, given) = match &config.role {
            Role::Node {
                limits,
                admission,
                peers,
                ..
            } => (Some(limits), admission.clone(), &peers[..]),
            Role::Client { .. } => (None, Arc::default(), &[][..]),
        };
        #[cfg(not(target_family = "wasm"))]
        let (gate, relay) = (
            guests.map(|guests| Gate::new(guests.clone(), admission, given)),
            node.zip(guests).map(|(limits, guests)| {
                Relay::new(relay::Behaviour::new(id, libraries::relay(limits, guests)))
            }),
        );
        #[cfg(target_family = "wasm")]
        let (gate, relay) = (None::<Gate>, None::<Relay>);
        Self(Protocols {
            limits: connection_limits::Behaviour::new(libraries::connections(node)),
            gate: gate.into(),
            guard: Guard::default(),
            relay: relay.into(),
            circuits,
            kad: kad(config, guests),
            calls: libraries::calls(),
            routes: config.routes.then(libraries::routes).into(),
            identify: identify::Behaviour::new(libraries::identify(key, config.agent.clone())),
            ping: ping::Behaviour::new(libraries::ping()),
        })
    }
}

fn kad(config: &Config, guests: Option<&Guests>) -> kad::Behaviour<ProviderRecords> {
    let id = config.keypair.public().to_peer_id();
    let (limits, mode) = match &config.role {
        Role::Node { limits, .. } => (RecordLimits::new(limits), kad::Mode::Server),
        Role::Client { .. } => (RecordLimits::own_only(), kad::Mode::Client),
    };
    let records = ProviderRecords::new(id, limits, guests.cloned());
    let is_node = matches!(mode, kad::Mode::Server);
    let mut behaviour = kad::Behaviour::with_config(id, records, libraries::kad(is_node));
    // Set explicitly, because a reservation adds an external address, and kad would take a client
    // that has one for a server.
    behaviour.set_mode(Some(mode));
    behaviour
}
