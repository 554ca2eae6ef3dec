//! The libp2p protocols of a peer, as one behaviour.

use std::num::NonZeroUsize;
use std::time::Duration;

use fluence::call;
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{StreamProtocol, identify, kad, ping, relay};

use crate::codec::CallCodec;
use crate::config::{Config, RelayLimits, Role};
use crate::limits::{CALLS_PER_CONNECTION, MAX_DEADLINE};
use crate::records::{ProviderRecords, RecordLimits};

/// The protocol name of the DHT.
pub(crate) const KAD: StreamProtocol = StreamProtocol::new("/fluence/kad/1.0.0");
/// The protocol family that identify reports.
const FAMILY: &str = "/fluence/1.0.0";

/// The time between two pings. They also keep a browser's service worker alive, which Chrome stops after 30 s without
/// an event.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);
/// A connection on which a ping takes longer than this is considered dead.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a DHT query may last. This is less than [`crate::peer`] allows for a stream of
/// providers.
const QUERY: Duration = Duration::from_secs(20);
/// How long a node keeps a provider record that is not stored again. [`crate::offers`] renews it
/// long before that; independent implementations renew it as often as libp2p's libraries do, every
/// 12 or 22 hours.
pub(crate) const RECORD_TTL: Duration = Duration::from_secs(48 * 60 * 60);
/// Connections of a client at the same time.
const CLIENT_CONNECTIONS: u32 = 512;
/// Connections that are being made at the same time, in each direction.
const PENDING: u32 = 512;
/// Connections to one peer at the same time: direct and relayed ones, and a few more for when one
/// replaces another.
const PER_PEER: u32 = 16;

/// The protocols of a peer.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) relay: Toggle<relay::Behaviour>,
    pub(crate) circuits: relay::client::Behaviour,
    pub(crate) kad: kad::Behaviour<ProviderRecords>,
    pub(crate) calls: request_response::Behaviour<CallCodec>,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
}

impl Behaviour {
    pub(crate) fn new(config: &Config, circuits: relay::client::Behaviour) -> Self {
        let key = config.keypair.public();
        let id = key.to_peer_id();
        let node = match &config.role {
            Role::Node { limits, .. } => Some(limits),
            Role::Client { .. } => None,
        };
        Self {
            limits: connection_limits::Behaviour::new(connection_limits(node)),
            relay: node
                .map(|limits| relay::Behaviour::new(id, limits.relay()))
                .into(),
            circuits,
            kad: kad(config, node),
            calls: request_response::Behaviour::new(
                [(StreamProtocol::new(call::PROTOCOL), ProtocolSupport::Full)],
                // The codec enforces the deadline of each call.
                request_response::Config::default()
                    .with_request_timeout(MAX_DEADLINE)
                    .with_max_concurrent_streams(CALLS_PER_CONNECTION),
            ),
            identify: identify::Behaviour::new(
                identify::Config::new(FAMILY.to_owned(), key)
                    .with_agent_version(config.agent.clone())
                    .with_push_listen_addr_updates(true),
            ),
            ping: ping::Behaviour::new(
                ping::Config::new()
                    .with_interval(PING_EVERY)
                    .with_timeout(PING_TIMEOUT),
            ),
        }
    }
}

fn connection_limits(node: Option<&RelayLimits>) -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING))
        .with_max_pending_outgoing(Some(PENDING))
        .with_max_established(Some(
            node.map_or(CLIENT_CONNECTIONS, |limits| limits.max_connections),
        ))
        .with_max_established_per_peer(Some(PER_PEER))
}

fn kad(config: &Config, node: Option<&RelayLimits>) -> kad::Behaviour<ProviderRecords> {
    let id = config.keypair.public().to_peer_id();
    let records = node.map_or_else(RecordLimits::own_only, |limits| RecordLimits {
        functions: limits.max_functions,
        providers_per_function: limits.max_providers_per_function,
        functions_per_peer: limits.max_functions_per_peer,
    });
    let mut kad = kad::Config::new(KAD);
    kad.set_query_timeout(QUERY)
        .set_provider_record_ttl(Some(RECORD_TTL))
        // `offers` renews records on its own schedule and after each reconnect.
        .set_provider_publication_interval(None)
        .set_publication_interval(None)
        .set_replication_interval(None)
        .set_caching(kad::Caching::Disabled)
        .set_parallelism(NonZeroUsize::new(4).expect("4 is not 0"));
    let mut behaviour = kad::Behaviour::with_config(id, ProviderRecords::new(id, records), kad);
    // Set explicitly, because a reservation adds an external address, and kad would take a client
    // that has one for a server.
    behaviour.set_mode(Some(match node {
        Some(_) => kad::Mode::Server,
        None => kad::Mode::Client,
    }));
    behaviour
}
