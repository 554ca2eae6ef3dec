//! The configuration of a peer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::identity::Keypair;

use crate::admission::Admission;
use crate::limits::LINKS;
#[cfg(not(target_family = "wasm"))]
use crate::meter::Meter;

/// The configuration of a peer.
#[derive(Debug, Clone)]
pub struct Config {
    /// The identity. Whoever holds this key is this peer, so two peers must not use it at the same
    /// time.
    pub keypair: Keypair,
    /// Whether the peer is a client or a node.
    pub role: Role,
    /// The program's name and version, such as `fluence/0.1.0`, which the identify protocol tells
    /// other peers.
    pub agent: String,
    /// How many nodes a client links to at the same time, 1 by default. Each link uses a node of
    /// its own, and a node has no links.
    pub links: usize,
    /// Whether the peer knows routed calls: as a client, it has its nodes pass its calls on, and answers those that are passed
    /// on to it; as a node, it passes them on. True by default. Calls work without, at the cost of a circuit.
    pub routes: bool,
    /// Certificates of authorities (DER) that are trusted besides those of Mozilla when a peer is
    /// dialed over TLS. A browser has its own.
    #[cfg(not(target_family = "wasm"))]
    pub authorities: Vec<Vec<u8>>,
}

impl Config {
    /// The configuration of a client of these nodes, which are tried in this order.
    pub fn client(keypair: Keypair, nodes: Vec<Multiaddr>) -> Self {
        Self {
            keypair,
            role: Role::Client { nodes },
            agent: agent(),
            links: LINKS,
            routes: true,
            #[cfg(not(target_family = "wasm"))]
            authorities: Vec::new(),
        }
    }

    /// The configuration of a node that listens on these addresses, joins no other node, and has
    /// the default limits.
    pub fn node(keypair: Keypair, listen: Vec<Multiaddr>) -> Self {
        Self {
            keypair,
            role: Role::Node {
                listen,
                external: Vec::new(),
                announce_private: false,
                peers: Vec::new(),
                known: Vec::new(),
                pages: Vec::new(),
                limits: RelayLimits::default(),
                admission: Arc::default(),
                #[cfg(not(target_family = "wasm"))]
                meter: Meter::default(),
            },
            agent: agent(),
            links: LINKS,
            routes: true,
            #[cfg(not(target_family = "wasm"))]
            authorities: Vec::new(),
        }
    }
}

fn agent() -> String {
    concat!("fluence/", env!("CARGO_PKG_VERSION")).to_owned()
}

/// The part that a peer plays in the network.
#[derive(Debug, Clone)]
pub enum Role {
    /// A peer that others reach through a node.
    Client {
        /// Multiaddrs, tried in this order; the first 16 are used. If one ends in `/p2p/…`, no
        /// other peer is accepted at that address.
        nodes: Vec<Multiaddr>,
    },
    /// A peer that relays connections and holds the provider records of others. It cannot run in a
    /// browser.
    Node {
        /// The multiaddrs to listen on; with port 0 the system chooses one.
        listen: Vec<Multiaddr>,
        /// The multiaddrs at which others reach it, such as `/dns4/…/tcp/443/tls/ws`. If there are
        /// none, the node announces the addresses that it listens on: those that `listen` names, and where that names
        /// all of a machine, those on the internet.
        external: Vec<Multiaddr>,
        /// Whether, of all addresses of a machine, those of its private networks are announced too, and its own if there
        /// are no others.
        announce_private: bool,
        /// Other nodes of the same network, to which it keeps itself connected.
        peers: Vec<Multiaddr>,
        /// Nodes that an earlier run knew ([`crate::Peer::known_nodes`]).
        known: Vec<Multiaddr>,
        /// The origins of the web pages that may connect over WebSocket, such as
        /// `https://share.example`, or `*` for all. A page that connects learns who the node is;
        /// extensions and programs need not be listed.
        pages: Vec<String>,
        /// How much it relays and holds for others.
        limits: RelayLimits,
        /// The peers that it serves.
        admission: Arc<Admission>,
        /// Counts and limits the bytes of its connections.
        #[cfg(not(target_family = "wasm"))]
        meter: Meter,
    },
}

/// How much a node relays and holds for others. A rate of 0 means that the rate is not limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayLimits {
    /// Reservations at the same time. Each makes one peer reachable through this node.
    pub max_reservations: usize,
    /// Reservations of one peer at the same time, each over a connection of its own.
    pub max_reservations_per_peer: usize,
    /// How long a reservation is valid before it must be renewed.
    pub reservation_duration: Duration,
    /// Circuits (relayed connections) at the same time.
    pub max_circuits: usize,
    /// Circuits from one peer at the same time. How many lead to it is for the peer to limit.
    pub max_circuits_per_peer: usize,
    /// How long a circuit may last.
    pub max_circuit_duration: Duration,
    /// Bytes that a circuit may carry each way.
    pub max_circuit_bytes: u64,
    /// New reservations of one peer in a minute.
    pub reservations_per_peer_per_minute: u32,
    /// New circuits from one peer in a minute.
    pub circuits_per_peer_per_minute: u32,
    /// New reservations from one IP address in a minute. Not limited by default, because behind a
    /// reverse proxy all peers have the same address.
    pub reservations_per_ip_per_minute: u32,
    /// New circuits from one IP address in a minute. Not limited by default, for the same reason.
    pub circuits_per_ip_per_minute: u32,
    /// Calls of one peer in a second, on average; it may make eight times as many at once.
    pub calls_per_peer_per_second: u32,
    /// The same for all peers of an address block.
    pub calls_per_ip_per_second: u32,
    /// Calls between other peers that are being passed on at the same time. Each holds 64 KiB at most in each direction that
    /// it writes.
    pub max_routed_calls: usize,
    /// Connections at the same time, including those of the relayed peers.
    pub max_connections: u32,
    /// Functions whose provider records are held for others.
    pub max_functions: usize,
    /// Providers whose records are held for one function; a further provider replaces the record
    /// that expires first.
    pub max_providers_per_function: usize,
    /// Functions for which the record of one peer is held.
    pub max_functions_per_peer: usize,
    /// Addresses from which many peers come. Of what this node has, the peers of one address get no
    /// more than a part, so that nobody can take it all; those of these addresses are told apart by
    /// their identities alone.
    ///
    /// By default these are the loopback addresses, because a reverse proxy on the same machine,
    /// which adds TLS to WebSocket, connects from them. They let in nobody from elsewhere, but what
    /// a proxy lets in must be limited by the proxy.
    pub shared_addresses: Vec<IpAddr>,
}

impl Default for RelayLimits {
    /// The defaults suit a machine with 2 GiB of memory and some 10 000 browsers that are online
    /// and call one another now and then.
    ///
    /// A client takes one reservation and renews it within the hour; a limit of 8 leaves room for
    /// reconnects. The relays of go-libp2p and rust-libp2p also grant an hour. Circuits may last
    /// far longer and carry far more than the 2 minutes and 128 KiB of those relays, because here
    /// they are the actual connections between browsers and not only a step towards a direct
    /// connection.
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
            // A node answers calls about its storage only; a client makes one for each upload.
            calls_per_peer_per_second: 16,
            calls_per_ip_per_second: 32,
            max_routed_calls: 1024,
            max_connections: 20_000,
            max_functions: 1_000_000,
            max_providers_per_function: 64,
            max_functions_per_peer: 20_000,
            shared_addresses: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        }
    }
}

/// Why a peer could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The peer was started outside a tokio runtime, which it needs natively.
    #[error("a peer must be started within a tokio runtime")]
    NoRuntime,
    /// An address is in use, does not belong to this machine, or cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The multiaddr to listen on.
        address: Multiaddr,
        /// The reason that the system gives.
        reason: String,
    },
    /// The identity cannot be used for encryption.
    #[error("the identity cannot be used: {0}")]
    Identity(String),
    /// A certificate of an authority is not one.
    #[error("a certificate of an authority cannot be used: {0}")]
    Authority(String),
    /// The system's DNS configuration cannot be read.
    #[error("host names cannot be looked up: {0}")]
    Names(String),
    /// A node was configured in a browser, which cannot listen.
    #[error("a node cannot run in a browser")]
    NodeInBrowser,
}
