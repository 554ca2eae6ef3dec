//! What a peer is told at its start.

use std::num::NonZeroU32;
use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::{Multiaddr, relay};

/// What a peer is told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// The identity.
    pub keypair: Keypair,
    /// Client or node.
    pub role: Role,
    /// The program's name and version, which other peers are told: `fluence/0.1.0`.
    pub agent: String,
}

impl Config {
    /// A client of these nodes, in the order in which they are tried.
    pub fn client(keypair: Keypair, nodes: Vec<Multiaddr>) -> Self {
        Self {
            keypair,
            role: Role::Client { nodes },
            agent: agent(),
        }
    }

    /// A node that listens here, on its own, with the default limits.
    pub fn node(keypair: Keypair, listen: Vec<Multiaddr>) -> Self {
        Self {
            keypair,
            role: Role::Node {
                listen,
                external: Vec::new(),
                peers: Vec::new(),
                limits: RelayLimits::default(),
            },
            agent: agent(),
        }
    }
}

fn agent() -> String {
    concat!("fluence/", env!("CARGO_PKG_VERSION")).to_owned()
}

/// What a peer is to others.
#[derive(Debug, Clone)]
pub enum Role {
    /// Reached through a node.
    Client {
        /// Multiaddrs, tried in order; without `/p2p/…` whoever answers there is the node.
        nodes: Vec<Multiaddr>,
    },
    /// Relays, and holds the records of others. In a browser there are none.
    Node {
        /// Where it listens; port 0 lets the system choose.
        listen: Vec<Multiaddr>,
        /// Where others reach it, such as `/dns4/…/tcp/443/tls/ws`; if there are none, where it listens.
        external: Vec<Multiaddr>,
        /// Other nodes, to be one network with.
        peers: Vec<Multiaddr>,
        /// How much it relays.
        limits: RelayLimits,
    },
}

/// How much a node relays and holds for others. A limit of 0 for a rate means that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayLimits {
    /// Peers that can be reached through this node at the same time.
    pub max_reservations: usize,
    /// Reservations of one peer, each over a connection of its own.
    pub max_reservations_per_peer: usize,
    /// How long a reservation holds before it must be renewed.
    pub reservation_duration: Duration,
    /// Circuits (relayed connections) at the same time.
    pub max_circuits: usize,
    /// Circuits from and to one peer at the same time.
    pub max_circuits_per_peer: usize,
    /// How long a circuit may last.
    pub max_circuit_duration: Duration,
    /// Bytes that a circuit may carry each way.
    pub max_circuit_bytes: u64,
    /// New reservations of one peer in a minute.
    pub reservations_per_peer_per_minute: u32,
    /// New circuits from one peer in a minute.
    pub circuits_per_peer_per_minute: u32,
    /// New reservations from one IP address in a minute. None by default: behind a reverse proxy all peers have one
    /// address.
    pub reservations_per_ip_per_minute: u32,
    /// New circuits from one IP address in a minute. None by default, for the same reason.
    pub circuits_per_ip_per_minute: u32,
    /// Connections at the same time, those of the relayed peers included.
    pub max_connections: u32,
    /// Functions of others whose providers are held.
    pub max_functions: usize,
    /// Providers that are held for one function.
    pub max_providers_per_function: usize,
    /// Functions that one peer can provide through this node.
    pub max_functions_per_peer: usize,
}

impl Default for RelayLimits {
    /// For a machine of 2 GiB: some 10 000 browsers that are online, calling one another now and then.
    fn default() -> Self {
        Self {
            max_reservations: 10_000,
            max_reservations_per_peer: 8,
            reservation_duration: Duration::from_secs(60 * 60),
            max_circuits: 10_000,
            max_circuits_per_peer: 512,
            max_circuit_duration: Duration::from_secs(60 * 60),
            max_circuit_bytes: 256 * 1024 * 1024,
            reservations_per_peer_per_minute: 60,
            circuits_per_peer_per_minute: 600,
            reservations_per_ip_per_minute: 0,
            circuits_per_ip_per_minute: 0,
            max_connections: 20_000,
            max_functions: 1_000_000,
            max_providers_per_function: 64,
            max_functions_per_peer: 20_000,
        }
    }
}

impl RelayLimits {
    /// As the relay wants them.
    pub(crate) fn relay(&self) -> relay::Config {
        const MINUTE: Duration = Duration::from_secs(60);
        let mut config = relay::Config {
            max_reservations: self.max_reservations,
            max_reservations_per_peer: self.max_reservations_per_peer,
            reservation_duration: self.reservation_duration,
            reservation_rate_limiters: Vec::new(),
            max_circuits: self.max_circuits,
            max_circuits_per_peer: self.max_circuits_per_peer,
            max_circuit_duration: self.max_circuit_duration,
            max_circuit_bytes: self.max_circuit_bytes,
            circuit_src_rate_limiters: Vec::new(),
        };
        // A limiter gives `limit` at once and one more each `interval`.
        let each = |limit: NonZeroU32| MINUTE / limit.get();
        if let Some(limit) = NonZeroU32::new(self.reservations_per_peer_per_minute) {
            config = config.reservation_rate_per_peer(limit, each(limit));
        }
        if let Some(limit) = NonZeroU32::new(self.reservations_per_ip_per_minute) {
            config = config.reservation_rate_per_ip(limit, each(limit));
        }
        if let Some(limit) = NonZeroU32::new(self.circuits_per_peer_per_minute) {
            config = config.circuit_src_per_peer(limit, each(limit));
        }
        if let Some(limit) = NonZeroU32::new(self.circuits_per_ip_per_minute) {
            config = config.circuit_src_per_ip(limit, each(limit));
        }
        config
    }
}

/// Why a peer could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Natively a peer runs on tokio, and there is none here.
    #[error("a peer must be started within a tokio runtime")]
    NoRuntime,
    /// An address is in use, is not on this machine, or cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The multiaddr.
        address: Multiaddr,
        /// What the system says.
        reason: String,
    },
    /// The identity cannot be used for encryption.
    #[error("the identity cannot be used: {0}")]
    Identity(String),
    /// The system's configuration for name look-up cannot be read.
    #[error("host names cannot be looked up: {0}")]
    Names(String),
    /// Browsers cannot listen.
    #[error("a node cannot run in a browser")]
    NodeInBrowser,
}
