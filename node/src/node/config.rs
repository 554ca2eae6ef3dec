//! A node's configuration: flags, then environment variables, then a file, then defaults, in that
//! order of precedence.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use fluence::state::{GATEWAY, ROUTER};
use fluence::storage::is_base_url;
use fluence_peer::{Multiaddr, RelayLimits};
use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use tokio_rustls::rustls::pki_types::ServerName;

use super::lists::ListFiles;
use crate::acme::{AcmeOptions, LETS_ENCRYPT};
use crate::exit::Failed;
use crate::gateway::{HttpLimits, ServerConfig};
use crate::storage::StorageConfig;
use crate::text;

/// The largest configuration file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// The configuration file in the state directory.
const FILE: &str = "node.toml";

const LISTEN_TCP: &str = "127.0.0.1:4101";
const LISTEN_WS: &str = "127.0.0.1:4102";
const LISTEN_HTTP: &str = "127.0.0.1:4180";

/// The value in place of a list that stands for the node's own clients.
const OWN: &str = "own";

/// With fewer bytes a second, no connection would come about in time.
const LEAST_BANDWIDTH: u64 = 16 * 1024;

/// Declares each option once, as a flag, an environment variable and a key of the file.
macro_rules! options {
    ($($(#[$meta:meta])* $name:ident: $type:ty = $env:literal,)*) => {
        /// The options of a node.
        ///
        /// Each option is a flag, an environment variable, and a key of the configuration file
        /// (TOML, with the flag's name); the first of these that is set counts.
        #[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct Options {
            $($(#[$meta])* #[arg(long, env = $env)] pub $name: Option<$type>,)*
        }

        impl Options {
            /// Takes each option that is not set here from `other`.
            fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }
        }
    };
}

options! {
    /// Where libp2p listens for nodes and the command line, over TCP; port 0 picks any free port,
    /// "none" turns it off. Separate several with spaces: an address of IPv6 does not take IPv4 here
    /// [default: 127.0.0.1:4101].
    #[arg(value_name = "ADDRESS:PORT", help_heading = "Network")]
    listen_tcp: Listen = "FLUENCE_LISTEN_TCP",
    /// Where libp2p listens for browsers, over WebSocket [default: 127.0.0.1:4102].
    #[arg(value_name = "ADDRESS:PORT", help_heading = "Network")]
    listen_ws: Listen = "FLUENCE_LISTEN_WS",
    /// Where HTTP (storage, gateway, /healthz, /readyz, and WebSocket too) listens; separate several
    /// with spaces, the address :: takes IPv4 too [default: 127.0.0.1:4180].
    #[arg(value_name = "ADDRESS:PORT", help_heading = "Network")]
    listen_http: Listen = "FLUENCE_LISTEN_HTTP",
    /// Where HTTP and WebSocket listen with TLS, on one port, if there is a certificate; separate
    /// several with spaces [default: port 443 of all addresses, of IPv6, if there is any, and IPv4].
    #[arg(value_name = "ADDRESS:PORT", help_heading = "Network")]
    listen_tls: Listen = "FLUENCE_LISTEN_TLS",
    /// The file (PEM) with this node's TLS certificate, followed by those between it and its
    /// authority. It is read again when it changes. Its first name is the one that others are told,
    /// unless --public-url or --external-address say something else [default: none].
    #[arg(value_name = "FILE", help_heading = "Network")]
    tls_cert: PathBuf = "FLUENCE_TLS_CERT",
    /// The file (PEM) with the key of the TLS certificate [default: none].
    #[arg(value_name = "FILE", help_heading = "Network")]
    tls_key: PathBuf = "FLUENCE_TLS_KEY",
    /// A host name that leads to this node, for which it gets a TLS certificate by itself, from Let's
    /// Encrypt, whose terms you agree to by that; in place of --tls-cert. The port for TLS must be
    /// 443 outside [default: none].
    #[arg(value_name = "NAME", help_heading = "Network")]
    domain: String = "FLUENCE_DOMAIN",
    /// The URL of the ACME directory of another authority [default: that of Let's Encrypt].
    #[arg(value_name = "URL", help_heading = "Network")]
    acme_directory: String = "FLUENCE_ACME_DIRECTORY",
    /// The e-mail address that the authority is told [default: none].
    #[arg(value_name = "ADDRESS", help_heading = "Network")]
    acme_contact: String = "FLUENCE_ACME_CONTACT",
    /// A file (PEM) with certificates of authorities that are trusted besides the usual ones when
    /// this node connects to others [default: none].
    #[arg(value_name = "FILE", help_heading = "Network")]
    ca: PathBuf = "FLUENCE_CA",
    /// Networks of reverse proxies, such as 127.0.0.1 or 10.0.0.0/8, whose X-Forwarded-For or
    /// Forwarded says where a client comes from; separate several with spaces. The proxy must set
    /// the header itself [default: none].
    #[arg(value_name = "NETWORKS", help_heading = "Network")]
    trusted_proxy: List<IpNet> = "FLUENCE_TRUSTED_PROXY",
    /// The connections of trusted proxies to the ports for HTTP and TLS begin with the PROXY protocol,
    /// version 1 or 2, which says where a client comes from. Those that do not are ended, and from
    /// anybody else it is not understood [default: false].
    #[arg(num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "Network")]
    proxy_protocol: bool = "FLUENCE_PROXY_PROTOCOL",
    /// Where /metrics for Prometheus listens, over plain HTTP; whoever reaches it can read it. Separate
    /// several with spaces [default: nowhere].
    #[arg(value_name = "ADDRESS:PORT", help_heading = "Network")]
    listen_metrics: Listen = "FLUENCE_LISTEN_METRICS",
    /// A multiaddr at which others reach this node, such as /dns4/HOST/tcp/443/tls/ws; separate
    /// several with spaces [default: where it listens; of all addresses of a machine, those on the
    /// internet].
    #[arg(value_name = "MULTIADDRS", help_heading = "Network")]
    external_address: List<Multiaddr> = "FLUENCE_EXTERNAL_ADDRESS",
    /// Where libp2p listens on all addresses of a machine, tell others those of its private networks
    /// too [default: false].
    #[arg(num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "Network")]
    announce_private: bool = "FLUENCE_ANNOUNCE_PRIVATE",
    /// Origins of web pages that may connect over WebSocket, such as https://HOST, or * for
    /// all; separate several with spaces. A page that connects learns which node this is. Extensions
    /// need not be listed [default: none].
    #[arg(value_name = "ORIGINS", help_heading = "Network")]
    allow_origins: List<Origin> = "FLUENCE_ALLOW_ORIGINS",
    /// The URL at which others reach this node's HTTP, such as https://HOST; IPFS_multiaddr answers
    /// with it. Needed if HTTP listens on 0.0.0.0: without it, only callers on this machine are told
    /// where the storage is [default: where HTTP listens].
    #[arg(value_name = "URL", help_heading = "Network")]
    public_url: String = "FLUENCE_PUBLIC_URL",
    /// Other nodes to form one network with, as multiaddrs; separate several with spaces [default:
    /// none].
    #[arg(value_name = "MULTIADDRS", help_heading = "Network")]
    peers: List<Multiaddr> = "FLUENCE_PEERS",
    /// Serve only fetchers and uploaders: links do not open in a plain browser, and this node never
    /// asks a file's provider for the file on its own [default: false].
    #[arg(num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "Network")]
    no_gateway: bool = "FLUENCE_NO_GATEWAY",
    /// Look in the public IPFS for a file that nobody shares, when somebody opens a link to it: ask delegated routers
    /// who has it, and then trustless gateways. They learn what is asked for [default: false].
    #[arg(num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", help_heading = "Public IPFS")]
    public: bool = "FLUENCE_PUBLIC",
    /// Delegated routers to ask with --public, as URLs; separate several with spaces [default:
    /// delegated-ipfs.dev].
    #[arg(value_name = "URLS", help_heading = "Public IPFS")]
    public_routers: List<BaseUrl> = "FLUENCE_PUBLIC_ROUTERS",
    /// Trustless gateways to ask with --public, as URLs; separate several with spaces [default:
    /// trustless-gateway.link].
    #[arg(value_name = "URLS", help_heading = "Public IPFS")]
    public_gateways: List<BaseUrl> = "FLUENCE_PUBLIC_GATEWAYS",

    /// Where the storage is [default: storage/ in the state directory].
    #[arg(value_name = "DIR", help_heading = "Storage")]
    storage: PathBuf = "FLUENCE_STORAGE",
    /// Bytes of storage in total, such as 100GB [default: 64GiB].
    #[arg(value_name = "BYTES", help_heading = "Storage")]
    storage_quota: Size = "FLUENCE_STORAGE_QUOTA",
    /// Bytes of storage for one peer [default: 16GiB].
    #[arg(value_name = "BYTES", help_heading = "Storage")]
    peer_quota: Size = "FLUENCE_PEER_QUOTA",
    /// Size of the largest file that is stored, in bytes [default: 16GiB].
    #[arg(value_name = "BYTES", help_heading = "Storage")]
    max_file: Size = "FLUENCE_MAX_FILE",
    /// Bytes to leave free on the disk [default: 256MiB].
    #[arg(value_name = "BYTES", help_heading = "Storage")]
    min_free: Size = "FLUENCE_MIN_FREE",
    /// How long permission to upload lasts, and how long an uploaded file is kept at least, in
    /// seconds [default: 3600].
    #[arg(value_name = "SECONDS", help_heading = "Storage")]
    keep: u64 = "FLUENCE_KEEP",
    /// How long an upload that stopped halfway is kept, in seconds [default: 600].
    #[arg(value_name = "SECONDS", help_heading = "Storage")]
    keep_partial: u64 = "FLUENCE_KEEP_PARTIAL",
    /// How long a reader waits for the next block of a file that is on its way, in seconds
    /// [default: 30].
    #[arg(value_name = "SECONDS", help_heading = "Storage")]
    patience: u64 = "FLUENCE_PATIENCE",

    /// The RPC address of a Kubo daemon to keep files in, such as http://127.0.0.1:5001; it is
    /// never shown to the network. Files then only pass through the storage above [default: none].
    #[arg(value_name = "URL", help_heading = "Kubo")]
    ipfs_rpc: String = "FLUENCE_IPFS_RPC",
    /// The gateway of the same daemon, such as http://127.0.0.1:8080 [default: none].
    #[arg(value_name = "URL", help_heading = "Kubo")]
    ipfs_gateway: String = "FLUENCE_IPFS_GATEWAY",

    /// Peers that can be reached through this node at one time [default: 10000].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_reservations: usize = "FLUENCE_MAX_RESERVATIONS",
    /// Reservations of one peer [default: 8].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_reservations_per_peer: usize = "FLUENCE_MAX_RESERVATIONS_PER_PEER",
    /// How long a reservation lasts before it must be renewed, in seconds [default: 3600].
    #[arg(value_name = "SECONDS", help_heading = "Relay")]
    reservation_duration: u64 = "FLUENCE_RESERVATION_DURATION",
    /// Relayed connections at one time [default: 10000].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_circuits: usize = "FLUENCE_MAX_CIRCUITS",
    /// Relayed connections of one peer [default: 512].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_circuits_per_peer: usize = "FLUENCE_MAX_CIRCUITS_PER_PEER",
    /// How long a relayed connection may last, in seconds [default: 3600].
    #[arg(value_name = "SECONDS", help_heading = "Relay")]
    max_circuit_duration: u64 = "FLUENCE_MAX_CIRCUIT_DURATION",
    /// Bytes that a relayed connection may carry in each direction [default: 256MiB].
    #[arg(value_name = "BYTES", help_heading = "Relay")]
    max_circuit_bytes: Size = "FLUENCE_MAX_CIRCUIT_BYTES",
    /// New reservations of one peer per minute; 0 for any number [default: 60].
    #[arg(value_name = "N", help_heading = "Relay")]
    reservations_per_peer_per_minute: u32 = "FLUENCE_RESERVATIONS_PER_PEER_PER_MINUTE",
    /// New relayed connections from one peer per minute; 0 for any number [default: 600].
    #[arg(value_name = "N", help_heading = "Relay")]
    circuits_per_peer_per_minute: u32 = "FLUENCE_CIRCUITS_PER_PEER_PER_MINUTE",
    /// New reservations from one IP address per minute; useless behind a reverse proxy [default: 0,
    /// any number].
    #[arg(value_name = "N", help_heading = "Relay")]
    reservations_per_ip_per_minute: u32 = "FLUENCE_RESERVATIONS_PER_IP_PER_MINUTE",
    /// New relayed connections from one IP address per minute; useless behind a reverse proxy
    /// [default: 0, any number].
    #[arg(value_name = "N", help_heading = "Relay")]
    circuits_per_ip_per_minute: u32 = "FLUENCE_CIRCUITS_PER_IP_PER_MINUTE",
    /// Connections at one time [default: 20000].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_connections: u32 = "FLUENCE_MAX_CONNECTIONS",
    /// Addresses from which many peers come, such as that of a reverse proxy; separate several with
    /// spaces. The peers of any other address get no more than a part of what this node has; what a
    /// proxy lets in, the proxy must limit [default: 127.0.0.1 ::1].
    #[arg(value_name = "ADDRESSES", help_heading = "Relay")]
    shared_addresses: List<IpAddr> = "FLUENCE_SHARED_ADDRESSES",
    /// Functions whose providers this node remembers [default: 1000000].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_functions: usize = "FLUENCE_MAX_FUNCTIONS",
    /// Providers remembered for one function [default: 64].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_providers_per_function: usize = "FLUENCE_MAX_PROVIDERS_PER_FUNCTION",
    /// Functions that one peer may provide [default: 20000].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_functions_per_peer: usize = "FLUENCE_MAX_FUNCTIONS_PER_PEER",
    /// Calls of one peer per second, on average; 0 for any number [default: 16].
    #[arg(value_name = "N", help_heading = "Relay")]
    calls_per_peer_per_second: u32 = "FLUENCE_CALLS_PER_PEER_PER_SECOND",
    /// Calls of all peers of one IP address per second, on average; 0 for any number [default: 32].
    #[arg(value_name = "N", help_heading = "Relay")]
    calls_per_ip_per_second: u32 = "FLUENCE_CALLS_PER_IP_PER_SECOND",

    /// Calls between other peers that are passed on at one time [default: 1024].
    #[arg(value_name = "N", help_heading = "Relay")]
    max_routed_calls: usize = "FLUENCE_MAX_ROUTED_CALLS",

    /// HTTP connections at one time; a quarter of the files that the process may have open, if that
    /// is less [default: 2048].
    #[arg(value_name = "N", help_heading = "Limits")]
    max_http_connections: usize = "FLUENCE_MAX_HTTP_CONNECTIONS",
    /// Responses that are sent over HTTP at one time [default: 256].
    #[arg(value_name = "N", help_heading = "Limits")]
    max_http_responses: usize = "FLUENCE_MAX_HTTP_RESPONSES",
    /// Uploads that are received at one time [default: 64].
    #[arg(value_name = "N", help_heading = "Limits")]
    max_http_uploads: usize = "FLUENCE_MAX_HTTP_UPLOADS",
    /// Files that this node copies from other storages at one time, for links to them [default: 16].
    #[arg(value_name = "N", help_heading = "Limits")]
    max_pulls: usize = "FLUENCE_MAX_PULLS",
    /// Files that it copies from the public IPFS at one time, with --public [default: 4].
    #[arg(value_name = "N", help_heading = "Limits")]
    max_public_pulls: usize = "FLUENCE_MAX_PUBLIC_PULLS",
    /// Bytes per second that this node sends on all connections that are opened to it and those of
    /// its libp2p together, and as many that it receives, the files that it copies among them, such
    /// as 10MB [default: any number].
    #[arg(value_name = "BYTES", help_heading = "Limits")]
    max_bandwidth: Size = "FLUENCE_MAX_BANDWIDTH",

    /// A file with the IDs of the only peers that may connect, one in a line; other nodes of the
    /// network must be among them. All lists are read again at SIGHUP [default: all peers].
    #[arg(value_name = "FILE", help_heading = "Lists")]
    allow_peers: PathBuf = "FLUENCE_ALLOW_PEERS",
    /// A file with the IDs of peers that may not connect [default: none].
    #[arg(value_name = "FILE", help_heading = "Lists")]
    deny_peers: PathBuf = "FLUENCE_DENY_PEERS",
    /// A file with the IDs of the only peers whose files are stored; all others may still connect
    /// and fetch. "own" for those that are reached through this node now [default: all peers].
    #[arg(value_name = "FILE", help_heading = "Lists")]
    uploads_from: PathBuf = "FLUENCE_UPLOADS_FROM",
    /// A file with the CIDs of the only files that are stored and served [default: all files].
    #[arg(value_name = "FILE", help_heading = "Lists")]
    allow_cids: PathBuf = "FLUENCE_ALLOW_CIDS",
    /// A file with the CIDs of files that are neither stored nor served [default: none].
    #[arg(value_name = "FILE", help_heading = "Lists")]
    deny_cids: PathBuf = "FLUENCE_DENY_CIDS",
}

/// The complete configuration of a node.
#[derive(Debug, Clone)]
pub struct Config {
    /// The multiaddrs on which libp2p listens.
    pub listen: Vec<Multiaddr>,
    /// The same addresses as socket addresses.
    pub listen_sockets: Vec<SocketAddr>,
    /// The multiaddrs at which others reach the node.
    pub external: Vec<Multiaddr>,
    /// Whether others are told addresses of private networks that nobody has named.
    pub announce_private: bool,
    /// Other nodes to form one network with.
    pub peers: Vec<Multiaddr>,
    /// The origins of the web pages that may connect over WebSocket.
    pub pages: Vec<String>,
    /// The limits of its relay and its DHT.
    pub limits: RelayLimits,
    /// The socket addresses on which HTTP listens: one at least.
    pub listen_http: Vec<SocketAddr>,
    /// TLS of the node itself.
    pub tls: Option<TlsOptions>,
    /// A file with certificates of authorities that are trusted besides the usual ones.
    pub ca: Option<PathBuf>,
    /// The networks of reverse proxies.
    pub proxies: Vec<IpNet>,
    /// Whether the proxies speak the PROXY protocol.
    pub proxy_protocol: bool,
    /// The socket addresses on which `/metrics` listens.
    pub listen_metrics: Vec<SocketAddr>,
    /// How many HTTP connections may be open at one time.
    pub max_http_connections: usize,
    /// How much is done over HTTP at one time.
    pub http: HttpLimits,
    /// How many files are copied from other storages at one time.
    pub pulls: PullLimits,
    /// How many bytes a second are sent, and as many received.
    pub max_bandwidth: Option<u64>,
    /// Whether only clients of this node may upload.
    pub own_uploads: bool,
    /// The files of the lists.
    pub lists: ListFiles,
    /// The URL at which others reach its HTTP; `None` for the address where it listens.
    pub public_url: Option<String>,
    /// Whether links open in a plain browser, and missing files are requested from their providers.
    pub gateway: bool,
    /// Where files are looked for that nobody shares.
    pub public: Option<PublicIpfs>,
    /// The storage's directory.
    pub storage_directory: PathBuf,
    /// The limits of the storage.
    pub storage: StorageConfig,
    /// The URLs of the RPC and of the gateway of a Kubo daemon to keep files in.
    pub kubo: Option<(String, String)>,
}

/// How many files a node copies at one time, for those who open links to them.
#[derive(Debug, Clone, Copy)]
pub struct PullLimits {
    /// From other storages.
    pub storages: usize,
    /// From the public IPFS.
    pub public: usize,
}

impl Default for PullLimits {
    fn default() -> Self {
        Self {
            storages: 16,
            public: 4,
        }
    }
}

/// The parts of the public IPFS that a node asks, as base URLs.
#[derive(Debug, Clone)]
pub struct PublicIpfs {
    /// Delegated routers.
    pub routers: Vec<String>,
    /// Trustless gateways, which are asked after those that routers name.
    pub gateways: Vec<String>,
}

/// TLS of the node itself.
#[derive(Debug, Clone)]
pub struct TlsOptions {
    /// Where it listens: at one address at least. `None` for port 443 of all addresses that the machine has.
    pub listen: Option<Vec<SocketAddr>>,
    /// Where the certificate comes from.
    pub from: CertificateSource,
}

/// Where a node's certificate comes from.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// From files.
    Files {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of its key.
        key: PathBuf,
    },
    /// From an authority that speaks ACME.
    Acme(AcmeOptions),
}

impl Config {
    /// Whether the node can be reached from this machine alone, and not by way of a reverse proxy
    /// either.
    pub fn is_private(&self) -> bool {
        let is_loopback = |address: &Multiaddr| {
            let text = address.to_string();
            text.starts_with("/ip4/127.") || text.starts_with("/ip6/::1/")
        };
        self.public_url.is_none()
            && self.external.is_empty()
            && are_own(&self.listen_http)
            && self
                .tls
                .as_ref()
                .is_none_or(|tls| tls.listen.as_deref().is_some_and(are_own))
            && self.listen.iter().all(is_loopback)
    }

    /// Whether peers on other machines may reach the node, but all that could be told about its HTTP is
    /// a loopback address, which would lead them to themselves.
    pub fn hides_http(&self) -> bool {
        let told_loopback =
            self.public_url.is_none() && self.tls.is_none() && !leads_others(&self.http());
        let reached = self.listen_http.iter().any(|at| at.ip().is_unspecified())
            || !self.external.is_empty()
            || self
                .listen_sockets
                .iter()
                .any(|socket| !socket.ip().is_loopback());
        told_loopback && reached
    }

    /// Of the addresses on which HTTP listens the one that others are told: one that leads others here, if there is any.
    pub fn http(&self) -> SocketAddr {
        let mut all = self.listen_http.iter();
        let others = all.find(|at| leads_others(at));
        *others.unwrap_or(&self.listen_http[0])
    }
}

/// Whether others who are told this address find this machine there.
fn leads_others(address: &SocketAddr) -> bool {
    !address.ip().is_loopback() && !address.ip().is_unspecified()
}

/// Whether these are addresses of this machine alone.
fn are_own(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| address.ip().is_loopback())
}

impl Options {
    /// Completes the options from a file: from the one that is named, or else from `node.toml` in
    /// the state directory if it exists.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is not a valid configuration.
    pub fn complete(self, file: Option<&Path>, state: &Path) -> Result<Self, Failed> {
        let default = state.join(FILE);
        let path = match file {
            Some(path) => path,
            None if default.is_file() => &default,
            None => return Ok(self),
        };
        let metadata = path
            .metadata()
            .map_err(|error| Failed::file(path, &error))?;
        if metadata.len() > MAX_FILE {
            return Err(text::config_too_large(path));
        }
        let text = std::fs::read_to_string(path).map_err(|error| Failed::file(path, &error))?;
        let options: Self =
            toml::from_str(&text).map_err(|error| text::config_not_understood(path, &error))?;
        Ok(self.or(options))
    }

    /// Checks the options and fills in the defaults.
    ///
    /// # Errors
    /// Fails if a URL is invalid, if only a part of what Kubo or TLS needs is given, if a limit is too
    /// small, or if libp2p would not listen at all.
    pub fn config(self, state: &Path) -> Result<Config, Failed> {
        if let Some(url) = &self.public_url {
            fluence::storage::multiaddr_of(url).map_err(|error| text::public_url(&error))?;
        }
        let kubo = match (self.ipfs_rpc, self.ipfs_gateway) {
            (None, None) => None,
            (Some(rpc), Some(gateway)) => {
                for (flag, url) in [("--ipfs-rpc", &rpc), ("--ipfs-gateway", &gateway)] {
                    fluence::storage::multiaddr_of(url)
                        .map_err(|error| text::ipfs_address(flag, &error))?;
                }
                Some((rpc, gateway))
            }
            _ => {
                return Err(text::half_an_ipfs_node());
            }
        };
        if self.domain.is_some() && (self.tls_cert.is_some() || self.tls_key.is_some()) {
            return Err(text::two_certificates());
        }
        if self.domain.is_none() && (self.acme_directory.is_some() || self.acme_contact.is_some()) {
            return Err(text::no_domain());
        }
        let directory = self.acme_directory.as_deref().unwrap_or(LETS_ENCRYPT);
        if !directory.starts_with("https://") {
            return Err(text::bad_directory(directory));
        }
        let from = match (self.tls_cert, self.tls_key, self.domain) {
            (None, None, None) if self.listen_tls.is_none() => None,
            (Some(certificate), Some(key), None) => {
                Some(CertificateSource::Files { certificate, key })
            }
            (None, None, Some(domain)) => Some(CertificateSource::Acme(AcmeOptions {
                domain: host_name(domain)?,
                directory: self
                    .acme_directory
                    .unwrap_or_else(|| LETS_ENCRYPT.to_owned()),
                contact: self.acme_contact,
            })),
            _ => return Err(text::half_of_tls()),
        };
        let default = |address: &str| Listen(vec![parsed(address)]);
        let Listen(listen_http) = self.listen_http.unwrap_or_else(|| default(LISTEN_HTTP));
        for (flag, is_nowhere) in [
            ("--listen-http", listen_http.is_empty()),
            (
                "--listen-tls",
                self.listen_tls.as_ref().is_some_and(|tls| tls.0.is_empty()),
            ),
        ] {
            if is_nowhere {
                return Err(text::must_listen(flag));
            }
        }
        let tls = from.map(|from| TlsOptions {
            listen: self.listen_tls.map(|listen| listen.0),
            from,
        });
        let listen = [
            (self.listen_tcp.unwrap_or_else(|| default(LISTEN_TCP)), ""),
            (self.listen_ws.unwrap_or_else(|| default(LISTEN_WS)), "/ws"),
        ];
        let listen: Vec<(SocketAddr, Multiaddr)> = listen
            .into_iter()
            .flat_map(|(listen, ending)| {
                let addresses = listen.0.into_iter();
                addresses.map(move |address| (address, multiaddr(address, ending)))
            })
            .collect();
        if listen.is_empty() {
            return Err(text::listens_nowhere());
        }
        for (flag, value, least) in [
            ("--max-connections", self.max_connections.map(u64::from), 1),
            (
                "--max-http-connections",
                self.max_http_connections.map(|n| n as u64),
                1,
            ),
            (
                "--max-http-responses",
                self.max_http_responses.map(|n| n as u64),
                1,
            ),
            (
                "--max-http-uploads",
                self.max_http_uploads.map(|n| n as u64),
                1,
            ),
            (
                "--max-bandwidth",
                self.max_bandwidth.map(|size| size.0),
                LEAST_BANDWIDTH,
            ),
        ] {
            if value.is_some_and(|value| value < least) {
                return Err(text::too_small(flag, least));
            }
        }
        let proxies = self.trusted_proxy.unwrap_or_default().0;
        let proxy_protocol = self.proxy_protocol.unwrap_or(false);
        if proxy_protocol && proxies.is_empty() {
            return Err(text::nobody_to_trust());
        }
        let (http, pulls) = (HttpLimits::default(), PullLimits::default());
        let storage = StorageConfig::default();
        let limits = RelayLimits::default();
        let size = |option: Option<Size>, default: u64| option.map_or(default, |size| size.0);
        let seconds =
            |option: Option<u64>, default: Duration| option.map_or(default, Duration::from_secs);
        let (listen_sockets, listen) = listen.into_iter().unzip();
        let own_uploads = self.uploads_from.as_deref() == Some(Path::new(OWN));
        Ok(Config {
            listen,
            listen_sockets,
            external: self.external_address.unwrap_or_default().0,
            announce_private: self.announce_private.unwrap_or(false),
            peers: self.peers.unwrap_or_default().0,
            pages: self
                .allow_origins
                .unwrap_or_default()
                .0
                .into_iter()
                .map(|page| page.0)
                .collect(),
            listen_http,
            tls,
            ca: self.ca,
            proxies,
            proxy_protocol,
            listen_metrics: self.listen_metrics.map_or(Vec::new(), |listen| listen.0),
            max_http_connections: self
                .max_http_connections
                .unwrap_or(ServerConfig::default().max_connections),
            http: HttpLimits {
                responses: self.max_http_responses.unwrap_or(http.responses),
                uploads: self.max_http_uploads.unwrap_or(http.uploads),
            },
            pulls: PullLimits {
                storages: self.max_pulls.unwrap_or(pulls.storages),
                public: self.max_public_pulls.unwrap_or(pulls.public),
            },
            max_bandwidth: self.max_bandwidth.map(|size| size.0),
            own_uploads,
            lists: ListFiles {
                allow_peers: self.allow_peers,
                deny_peers: self.deny_peers,
                uploads_from: self.uploads_from.filter(|_| !own_uploads),
                allow_cids: self.allow_cids,
                deny_cids: self.deny_cids,
            },
            public_url: self
                .public_url
                .map(|url| url.trim_end_matches('/').to_owned()),
            gateway: !self.no_gateway.unwrap_or(false),
            public: self.public.unwrap_or(false).then(|| PublicIpfs {
                routers: urls(self.public_routers, ROUTER),
                gateways: urls(self.public_gateways, GATEWAY),
            }),
            storage_directory: self.storage.unwrap_or_else(|| state.join("storage")),
            storage: StorageConfig {
                total_quota: size(self.storage_quota, storage.total_quota),
                per_peer_quota: size(self.peer_quota, storage.per_peer_quota),
                max_file: size(self.max_file, storage.max_file),
                min_free: size(self.min_free, storage.min_free),
                token_ttl: seconds(self.keep, storage.token_ttl),
                partial_ttl: seconds(self.keep_partial, storage.partial_ttl),
                patience: seconds(self.patience, storage.patience),
                ..storage
            },
            kubo,
            limits: RelayLimits {
                max_reservations: self.max_reservations.unwrap_or(limits.max_reservations),
                max_reservations_per_peer: self
                    .max_reservations_per_peer
                    .unwrap_or(limits.max_reservations_per_peer),
                reservation_duration: seconds(
                    self.reservation_duration,
                    limits.reservation_duration,
                ),
                max_circuits: self.max_circuits.unwrap_or(limits.max_circuits),
                max_circuits_per_peer: self
                    .max_circuits_per_peer
                    .unwrap_or(limits.max_circuits_per_peer),
                max_circuit_duration: seconds(
                    self.max_circuit_duration,
                    limits.max_circuit_duration,
                ),
                max_circuit_bytes: size(self.max_circuit_bytes, limits.max_circuit_bytes),
                reservations_per_peer_per_minute: self
                    .reservations_per_peer_per_minute
                    .unwrap_or(limits.reservations_per_peer_per_minute),
                circuits_per_peer_per_minute: self
                    .circuits_per_peer_per_minute
                    .unwrap_or(limits.circuits_per_peer_per_minute),
                reservations_per_ip_per_minute: self
                    .reservations_per_ip_per_minute
                    .unwrap_or(limits.reservations_per_ip_per_minute),
                circuits_per_ip_per_minute: self
                    .circuits_per_ip_per_minute
                    .unwrap_or(limits.circuits_per_ip_per_minute),
                calls_per_peer_per_second: self
                    .calls_per_peer_per_second
                    .unwrap_or(limits.calls_per_peer_per_second),
                calls_per_ip_per_second: self
                    .calls_per_ip_per_second
                    .unwrap_or(limits.calls_per_ip_per_second),
                max_routed_calls: self.max_routed_calls.unwrap_or(limits.max_routed_calls),
                max_connections: self.max_connections.unwrap_or(limits.max_connections),
                max_functions: self.max_functions.unwrap_or(limits.max_functions),
                max_providers_per_function: self
                    .max_providers_per_function
                    .unwrap_or(limits.max_providers_per_function),
                max_functions_per_peer: self
                    .max_functions_per_peer
                    .unwrap_or(limits.max_functions_per_peer),
                shared_addresses: self
                    .shared_addresses
                    .map_or(limits.shared_addresses, |addresses| addresses.0),
            },
        })
    }
}

/// Checks the name that a certificate is to be for.
fn host_name(domain: String) -> Result<String, Failed> {
    let name = domain.to_ascii_lowercase();
    let is_name = matches!(ServerName::try_from(&*name), Ok(ServerName::DnsName(_)));
    if is_name && name.contains('.') && !name.ends_with('.') {
        return Ok(name);
    }
    Err(text::not_a_host(&domain))
}

/// A default address.
fn parsed(address: &str) -> SocketAddr {
    address.parse().expect("the default is an address")
}

/// Where to listen, if at all: a text in the file too, with several addresses separated by white space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Listen(pub Vec<SocketAddr>);

impl std::str::FromStr for Listen {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let wrong = |text: &str| {
            format!(
                "“{text}” is neither an address with a port, such as 127.0.0.1:4101, nor “none”"
            )
        };
        let addresses = text.split_whitespace();
        let addresses = addresses.map(|address| address.parse().map_err(|_| wrong(address)));
        let addresses: Vec<SocketAddr> = addresses.collect::<Result<_, _>>()?;
        if addresses.is_empty() {
            return Err(wrong(text));
        }
        Ok(Self(addresses))
    }
}

impl TryFrom<String> for Listen {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A socket address as a multiaddr with this ending.
fn multiaddr(address: SocketAddr, ending: &str) -> Multiaddr {
    let kind = if address.is_ipv4() { "ip4" } else { "ip6" };
    let text = format!("/{kind}/{}/tcp/{}{ending}", address.ip(), address.port());
    text.parse()
        .expect("an address and a port make a multiaddr")
}

/// The URLs of a list, or the one that is there without a list.
pub fn urls(list: Option<List<BaseUrl>>, default: &str) -> Vec<String> {
    match list {
        Some(List(urls)) => urls.into_iter().map(|url| url.0).collect(),
        None => vec![default.to_owned()],
    }
}

/// Several values: a list in the file, and separated by white space elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A value that stands in a [`List`].
pub trait Listed: Sized {
    /// Reads a text without white space.
    ///
    /// # Errors
    /// The sentence that tells the operator what the text is not.
    fn read(text: &str) -> Result<Self, String>;
}

impl Listed for Multiaddr {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("“{text}” is not a multiaddr: {error}"))
    }
}

/// The base URL of a server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(pub String);

impl Listed for BaseUrl {
    fn read(text: &str) -> Result<Self, String> {
        let url = text.trim_end_matches('/');
        if !is_base_url(url) {
            return Err(format!(
                "“{text}” is not the URL of a server, such as https://HOST"
            ));
        }
        Ok(Self(url.to_owned()))
    }
}

impl Listed for IpAddr {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("“{text}” is not an IP address"))
    }
}

impl Listed for IpNet {
    fn read(text: &str) -> Result<Self, String> {
        let network = text.parse::<IpNet>().ok();
        let address = || Some(Self::from(text.parse::<IpAddr>().ok()?));
        network.or_else(address).ok_or_else(|| {
            format!("“{text}” is neither a network, such as 10.0.0.0/8, nor an IP address")
        })
    }
}

/// The origin of a web page, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

impl Listed for Origin {
    fn read(text: &str) -> Result<Self, String> {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let is_origin = match origin.split_once("://") {
            Some((scheme, host)) => {
                matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains('/')
            }
            None => matches!(origin, "*" | "null"),
        };
        is_origin.then(|| Self(origin.to_owned())).ok_or_else(|| {
            format!("“{text}” is neither an origin, such as https://share.example, nor “*”")
        })
    }
}

impl<T: Listed> std::str::FromStr for List<T> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.split_whitespace()
            .map(T::read)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl<'de, T: Listed> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        list.join(" ").parse().map_err(D::Error::custom)
    }
}

/// A number of bytes: `1048576`, `10GB`, `1.5GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl std::str::FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bad = || format!("“{text}” is not a number of bytes such as 1048576, 10GB or 1.5GiB");
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1000,
            "mb" => 1000_u64.pow(2),
            "gb" => 1000_u64.pow(3),
            "tb" => 1000_u64.pow(4),
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(bad()),
        };
        if let Ok(number) = number.parse::<u64>() {
            return number.checked_mul(factor).map(Self).ok_or_else(bad);
        }
        let number: f64 = number.parse().map_err(|_| bad())?;
        let bytes = number * factor as f64;
        if !bytes.is_finite() || bytes >= u64::MAX as f64 {
            return Err(bad());
        }
        Ok(Self(bytes as u64))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(Self(number)),
            Either::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_understood() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("10GB", 10_000_000_000),
            ("1.5 GiB", 3 << 29),
            ("2kib", 2048),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for bad in ["", "GB", "1.2.3", "-1", "1 EB", "99999999999TiB", "1e99"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn flags_take_precedence_over_the_file() {
        let state = tempfile::tempdir().unwrap();
        std::fs::write(
            state.path().join(FILE),
            r#"
            listen-tcp = "127.0.0.1:7"
            listen-ws = "none"
            storage-quota = "1GiB"
            peer-quota = 5
            peers = ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"]
            no-gateway = true
            "#,
        )
        .unwrap();
        let flags = Options {
            listen_tcp: Some("[::1]:0".parse().unwrap()),
            ..Options::default()
        };
        let config = flags
            .complete(None, state.path())
            .unwrap()
            .config(state.path())
            .unwrap();
        assert_eq!(config.listen, ["/ip6/::1/tcp/0".parse().unwrap()]);
        assert_eq!(config.storage.total_quota, 1 << 30);
        assert_eq!(config.storage.per_peer_quota, 5);
        assert_eq!(config.peers.len(), 2);
        assert!(!config.gateway);
        assert_eq!(config.http().port(), 4180);
    }

    #[test]
    fn others_are_told_an_address_that_leads_them_here() {
        let state = tempfile::tempdir().unwrap();
        for (listen, told, hides) in [
            ("127.0.0.1:1", "127.0.0.1:1", false),
            ("127.0.0.1:1 192.168.1.5:2 [::]:3", "192.168.1.5:2", false),
            ("[::]:3 0.0.0.0:3", "[::]:3", true),
        ] {
            let options = Options {
                listen_http: Some(listen.parse().unwrap()),
                ..Options::default()
            };
            let config = options.config(state.path()).unwrap();
            assert_eq!(
                (config.http().to_string(), config.hides_http()),
                (told.to_owned(), hides),
                "{listen}"
            );
        }
        let nowhere = Options {
            listen_http: Some(Listen(Vec::new())),
            ..Options::default()
        };
        assert!(nowhere.config(state.path()).is_err());
    }

    #[test]
    fn errors_name_the_wrong_value() {
        let state = tempfile::tempdir().unwrap();
        let path = state.path().join("x.toml");
        for (text, named) in [
            ("listen-tpc = \"127.0.0.1:7\"", "listen-tpc"),
            ("listen-tcp = \"here\"", "here"),
            ("listen-tcp = \"127.0.0.1:7 there\"", "there"),
            ("listen-ws = \"\"", "neither an address"),
            ("storage-quota = \"much\"", "much"),
            ("peers = [\"nobody\"]", "nobody"),
            ("=", "x.toml"),
        ] {
            std::fs::write(&path, text).unwrap();
            let failed = Options::default()
                .complete(Some(&path), state.path())
                .unwrap_err();
            assert!(failed.failure.what.contains(named), "{failed}");
        }
        assert!(
            Options::default()
                .complete(Some(&state.path().join("absent")), state.path())
                .is_err()
        );
        let nowhere = Options {
            listen_tcp: Some(Listen(Vec::new())),
            listen_ws: Some(Listen(Vec::new())),
            ..Options::default()
        };
        assert!(nowhere.config(state.path()).is_err());
        let url = Options {
            public_url: Some("example.org".to_owned()),
            ..Options::default()
        };
        assert!(
            url.config(state.path())
                .unwrap_err()
                .failure
                .what
                .contains("example.org")
        );
    }
}
