//! A node: relay, DHT server, storage, and the provider of `IPFS_multiaddr`.

mod calls;
mod config;
mod finder;
mod known;
mod lists;
mod open_files;
mod pull;
mod state;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluence::content::unixfs::RAW;
use fluence::names::{FunctionName, cid_v1};
use fluence::state::check_node;
use fluence::storage::multiaddr_of;
use fluence_peer::{Keypair, Meter, Multiaddr, Peer, Protocol, Role};
use futures::FutureExt;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

pub use config::{
    BaseUrl, CertificateSource, Config, List, Options, PublicIpfs, PullLimits, Size, TlsOptions,
    urls,
};
pub use lists::ListFiles;

use crate::acme::{self, Acme, AcmeOptions};
use crate::exit::Failed;
use crate::gateway::{self, Fetcher, GatewayConfig, Health, Nodes, Server, ServerConfig};
use crate::kubo::{self, BehindStorage, Blocks, Keeper, Kubo, KuboError};
use crate::operator;
use crate::platform::raise_file_limit;
use crate::storage::Storage;
use crate::text;
use crate::tls::{self, Tls};
use calls::{Answerer, Hidden};
use finder::{Finder, FinderConfig};
use state::{Fresh, Parts, Readiness, State};

/// How long requests under way may take to finish when the node stops.
const GRACE: Duration = Duration::from_secs(3);

/// How many connections may wait until they are accepted, at each address.
const BACKLOG: i32 = 1024;

/// How many connections the port for `/metrics` may have.
const METRICS_CONNECTIONS: usize = 16;

/// How long the Kubo daemon may take to answer when the node starts. After that it counts as away.
const KUBO_PATIENCE: Duration = Duration::from_secs(5);

/// A running node.
pub struct Node {
    peer: Peer,
    /// The state directory.
    state: PathBuf,
    storage: Arc<Storage>,
    http: SocketAddr,
    url: String,
    blocks: Option<Arc<Blocks>>,
    /// The multiaddr of the port with TLS.
    secure: Option<Multiaddr>,
    /// The addresses that others are told, if the configuration or the certificate names them.
    external: Vec<Multiaddr>,
    metrics: Option<String>,
    tls: Option<Arc<Tls>>,
    /// Has the node try now to get a certificate that it lacks.
    hurry: Arc<Notify>,
    lists: ListFiles,
    stop: watch::Sender<bool>,
    /// The servers of HTTP.
    serving: JoinSet<()>,
    /// The tasks that run until the node stops.
    tasks: JoinSet<()>,
}

impl Node {
    /// Starts a node whose operator reaches it through the state directory; returns once it listens
    /// and has joined the network.
    ///
    /// # Errors
    /// Fails if what answers in the place of the configured Kubo daemon is something else, if a list or the certificate
    /// cannot be used, if the storage cannot be opened, if an address cannot be listened on, or if the public URL is invalid.
    pub async fn start(keypair: Keypair, state: &Path, config: Config) -> Result<Self, Failed> {
        let started = Instant::now();
        let files = raise_file_limit();
        let (admission, rules) = config.lists.read()?;
        let tls = match config.tls.as_ref().map(|tls| &tls.from) {
            Some(CertificateSource::Files { certificate, key }) => {
                Some(Tls::load(certificate, key).map_err(|error| text::tls(&error))?)
            }
            Some(CertificateSource::Acme(AcmeOptions { domain, .. })) => {
                let [certificate, key] = acme::paths(state, domain);
                Some(Tls::awaited(&certificate, &key, domain.clone()))
            }
            None => None,
        };
        let authorities = match &config.ca {
            Some(path) => tls::certificates(path).map_err(|error| text::authorities(&error))?,
            None => Vec::new(),
        };
        let blocks = match &config.kubo {
            Some((rpc, gateway)) => Some(open_kubo(rpc, gateway).await?),
            None => None,
        };
        let storage = open_storage(&config).await?;
        storage.set_rules(rules);
        // Bind the ports first: nothing else is of use without them.
        let http_listeners = listen("HTTP", &config.listen_http)?;
        let secure_listeners = match &config.tls {
            Some(TlsOptions {
                listen: Some(addresses),
                ..
            }) => listen("TLS", addresses)?,
            Some(TlsOptions { listen: None, .. }) => listen_everywhere("TLS", 443)?,
            None => Vec::new(),
        };
        let metrics_listeners = listen("/metrics", &config.listen_metrics)?;
        // Port 0 has become another one.
        let told = config
            .listen_http
            .iter()
            .position(|at| *at == config.http());
        let http = http_listeners[told.unwrap_or_default()].1;
        let at = |listeners: &[(TcpListener, SocketAddr)]| listeners.first().map(|(_, at)| *at);
        let (secure_at, metrics_at) = (at(&secure_listeners), at(&metrics_listeners));
        for address in &config.listen_sockets {
            // libp2p opens its ports for reuse by other processes, so two nodes on one port would
            // silently split the connections between them. Binding the port exclusively first rules
            // this out.
            std::net::TcpListener::bind(address)
                .map_err(|error| text::cannot_listen("libp2p", address, &error))?;
        }
        let is_own = config.is_private();
        let is_hidden = config.hides_http();
        let hidden = is_hidden.then_some(Hidden {
            from_all: !config.external.is_empty(),
        });
        let secure_url = match (&tls, secure_at) {
            (Some(tls), Some(at)) => Some(secure_url(&config, tls, at)?),
            _ => None,
        };
        let url = config.public_url.clone().or_else(|| secure_url.clone());
        let url = url.unwrap_or_else(|| format!("http://{}", reachable(http)));
        let multiaddr = multiaddr_of(&url).map_err(|error| text::bad_public_url(&error))?;
        let secure = secure_url.as_deref().map(web_socket_of).transpose()?;
        let external = match &secure {
            Some(secure) if config.external.is_empty() => addresses_beside(secure, &config),
            _ => config.external,
        };

        let meter = Meter::new(config.max_bandwidth);
        let mut limits = config.limits;
        limits.max_connections = open_files::connections(limits.max_connections, files);
        let (peer, calls, mut statuses) = Peer::start(fluence_peer::Config {
            role: Role::Node {
                listen: config.listen,
                external: external.clone(),
                announce_private: config.announce_private,
                peers: config.peers,
                known: known::read(state),
                pages: config.pages,
                limits: limits.clone(),
                admission: Arc::new(admission),
                meter: meter.clone(),
            },
            authorities: authorities.iter().map(|ca| ca.to_vec()).collect(),
            ..fluence_peer::Config::node(keypair, Vec::new())
        })
        .map_err(|error| text::node_cannot_start(&error))?;
        statuses.online().await;

        let (stop, stopping) = watch::channel(false);
        let multiaddr: Arc<str> = multiaddr.into();
        let keeper = blocks.clone().map(|blocks| {
            storage.set_behind(Arc::new(BehindStorage(blocks.clone())));
            let id = peer.id().to_string();
            Arc::new(Keeper::new(blocks, storage.clone(), &id))
        });
        let fetcher: Option<Arc<dyn Fetcher>> = if config.gateway {
            let config = FinderConfig {
                is_hidden,
                public: config.public.clone(),
                limits: config.pulls,
                meter: meter.clone(),
                own_uploads: config.own_uploads,
            };
            let finder = Finder::new(
                peer.clone(),
                storage.clone(),
                &multiaddr,
                &authorities,
                config,
            )
            .map_err(|error| text::no_http(&error))?;
            Some(Arc::new(finder))
        } else {
            None
        };
        let readiness = Readiness {
            peer: peer.clone(),
            storage: storage.clone(),
            blocks: blocks.clone(),
            tls: tls.clone(),
            parts: Parts::default(),
            load: Default::default(),
        };
        let parts = readiness.parts.clone();
        let ready = readiness.clone();
        let router = gateway::router(
            storage.clone(),
            GatewayConfig {
                open: config.gateway,
                fetcher,
                health: Some(health(&peer, keeper.clone())),
                ready: Some(Arc::new(move || {
                    let ready = ready.clone();
                    async move { ready.missing().await }.boxed()
                })),
                limits: config.http,
                nodes: Some(listed(&peer, &external)),
            },
        );
        let router = match &keeper {
            Some(keeper) => kubo::waking(router, keeper.clone()),
            None => router,
        };
        let server = Server::new(
            router,
            ServerConfig {
                max_connections: config.max_http_connections,
                proxies: config.proxies,
                proxy_protocol: config.proxy_protocol,
                meter: meter.clone(),
                web_sockets: peer.web_sockets().await,
            },
        );
        let state_now = Arc::new(State {
            started,
            readiness,
            server: server.clone(),
            meter,
            limits,
            external: external.clone(),
            url: url.clone(),
            text: Fresh::default(),
        });
        let mut serving = JoinSet::new();
        let stopped = || {
            let mut stopping = stopping.clone();
            // The wait also ends if the node, and with it the sender, is dropped.
            async move { drop(stopping.wait_for(|stop| *stop).await) }
        };
        for (listener, _) in http_listeners {
            serving.spawn(parts.noting(server.clone().serve(listener, None, stopped())));
        }
        let mut tasks = JoinSet::new();
        let hurry = Arc::new(Notify::new());
        if let Some(tls) = &tls {
            let with = tls.server().map_err(|error| text::tls(&error))?;
            for (listener, _) in secure_listeners {
                let serve = server
                    .clone()
                    .serve(listener, Some(with.clone()), stopped());
                serving.spawn(parts.noting(serve));
            }
            if let Some(CertificateSource::Acme(options)) = config.tls.map(|tls| tls.from) {
                let (tls, hurry) = (tls.clone(), hurry.clone());
                let acme = Acme::new(options, state, tls, &authorities, hurry);
                let acme = acme.map_err(|error| text::no_http(&error))?;
                tasks.spawn(parts.noting(acme.run()));
            } else {
                tasks.spawn(parts.noting(tls.clone().watch()));
            }
        }
        let metrics = metrics_at.map(|at| format!("http://{}/metrics", reachable(at)));
        if metrics.is_some() {
            let server = Server::new(
                state::router(state_now.clone()),
                ServerConfig {
                    max_connections: METRICS_CONNECTIONS,
                    ..ServerConfig::default()
                },
            );
            for (listener, _) in metrics_listeners {
                serving.spawn(parts.noting(server.clone().serve(listener, None, stopped())));
            }
        }
        if let Some(keeper) = &keeper {
            tasks.spawn(parts.noting(keeper.clone().run()));
        }
        let answerer = Answerer::new(
            storage.clone(),
            multiaddr,
            hidden,
            config.own_uploads,
            keeper,
            is_own,
        );
        tasks.spawn(parts.noting(answerer.run(calls)));
        tasks.spawn(parts.noting(storage.clone().tend()));
        let (home, known) = (state.to_owned(), peer.clone());
        tasks.spawn(parts.noting(async move { known::keep(&home, &known).await }));
        #[cfg(unix)]
        tasks.spawn(operate(
            state.to_owned(),
            config.storage_directory,
            storage.clone(),
            state_now,
        ));
        peer.provide(FunctionName::multiaddr()).await?;
        Ok(Self {
            peer,
            state: state.to_owned(),
            storage,
            http,
            url,
            blocks,
            secure,
            external,
            metrics,
            tls,
            hurry,
            lists: config.lists,
            stop,
            serving,
            tasks,
        })
    }

    /// The node's libp2p peer.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The node's storage.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Whether the Kubo daemon behind this node answers, if there is one. Until it does, the node
    /// grants no uploads.
    pub fn ipfs_answers(&self) -> Option<bool> {
        self.blocks.as_ref().map(|blocks| blocks.answers())
    }

    /// The multiaddrs that others are told now, without the peer ID: none if the node listens on all addresses of a machine
    /// that is not on the internet.
    pub async fn announced(&self) -> Vec<Multiaddr> {
        announced(&self.peer, &self.external).await
    }

    /// The URL of the node's HTTP server, as seen from this machine.
    pub fn http(&self) -> String {
        format!("http://{}", reachable(self.http))
    }

    /// The URL of the metrics for Prometheus, as seen from this machine, if there is a port for them.
    pub fn metrics(&self) -> Option<&str> {
        self.metrics.as_deref()
    }

    /// The URL of the node's HTTP server that others are given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The multiaddrs at which others reach the node, each with its peer ID.
    pub async fn addresses(&self) -> Vec<Multiaddr> {
        let id = self.peer.id();
        let listeners = self.peer.listeners().await.into_iter();
        listeners
            .chain(self.secure.clone())
            .map(|address| address.with_p2p(id).unwrap_or_else(|address| address))
            .collect()
    }

    /// Stops the node. No new work is accepted, requests under way have a few seconds to finish,
    /// and stored data stays safe.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        known::write(&self.state, &self.peer, &mut Vec::new()).await;
        // A connection that does not close must not keep the node running.
        let _ = tokio::time::timeout(GRACE, self.peer.shutdown()).await;
        let served = async { while self.serving.join_next().await.is_some() {} };
        // What takes longer is aborted.
        let _ = tokio::time::timeout(GRACE, served).await;
        self.serving.shutdown().await;
        self.tasks.shutdown().await;
    }

    /// Reads the lists and the certificate again. Peers that are not admitted any more are
    /// disconnected; all other connections go on. Returns what could not be used, in the place of
    /// which stays what was in use: all lists, if one has a mistake, or the certificate.
    pub async fn reload(&self) -> Vec<Failed> {
        // A certificate that the node gets by itself is no file of the operator's.
        let tls = self.tls.clone().filter(|tls| !tls.is_awaited());
        self.hurry.notify_one();
        let lists = self.lists.clone();
        let read = tokio::task::spawn_blocking(move || {
            let certificate = tls.map_or(Ok(()), |tls| tls.reload());
            let certificate = certificate.map_err(|error| text::tls(&error));
            (lists.read(), certificate.err())
        });
        let Ok((lists, certificate)) = read.await else {
            return vec![Failed::ending()];
        };
        let lists = match lists {
            Ok((admission, rules)) => {
                self.storage.set_rules(rules);
                let admitted = self.peer.admit(Arc::new(admission)).await;
                admitted.err().map(Failed::from)
            }
            Err(failed) => Some(failed),
        };
        [lists, certificate].into_iter().flatten().collect()
    }
}

/// Lets the operator's commands reach the storage while the node runs.
#[cfg(unix)]
async fn operate(home: PathBuf, directory: PathBuf, storage: Arc<Storage>, state: Arc<State>) {
    let status = move || {
        let state = state.clone();
        async move { serde_json::json!(state.snapshot().await) }.boxed()
    };
    let served = operator::serve(&home, &directory, storage, Arc::new(status));
    if let Err(error) = served.await {
        tracing::error!(
            "`fluence storage` and `fluence node status` will not reach this node: {error}"
        );
    }
}

/// A listener with the address that it has.
type Bound = (TcpListener, SocketAddr);

/// Binds these addresses.
fn listen(what: &str, addresses: &[SocketAddr]) -> Result<Vec<Bound>, Failed> {
    let bound = addresses.iter().map(|address| {
        // An address of IPv4 with the same port has a listener of its own.
        let mut others = addresses.iter().filter(|other| other.is_ipv4());
        let is_named = others.any(|other| other.port() == address.port() && address.port() != 0);
        let bound = bind(*address, is_named);
        bound.map_err(|error| text::cannot_listen(what, address, &error))
    });
    bound.collect()
}

/// Binds a port of all addresses that this machine has. There are machines without IPv6.
fn listen_everywhere(what: &str, port: u16) -> Result<Vec<Bound>, Failed> {
    let ip6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    match bind(ip6, false) {
        Ok(bound) => Ok(vec![bound]),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::AddrInUse | ErrorKind::PermissionDenied
            ) =>
        {
            Err(text::cannot_listen(what, &ip6, &error))
        }
        Err(error) => {
            tracing::info!(%error, "IPv6 cannot be used here");
            listen(what, &[SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))])
        }
    }
}

/// Binds an address. One of IPv6 takes IPv4 too, whatever the system's setting is, unless it is to be `only_ip6`.
fn bind(address: SocketAddr, only_ip6: bool) -> std::io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(only_ip6)?;
    }
    // As tokio does: a node that is started again need not wait for the ends of old connections.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let at = listener.local_addr()?;
    Ok((listener, at))
}

/// The URL at which others reach the port with TLS: the host of the public URL, if that has TLS, or else the first one that
/// the certificate is for.
fn secure_url(config: &Config, tls: &Tls, at: SocketAddr) -> Result<String, Failed> {
    let public = config.public_url.as_ref();
    if let Some(url) = public.filter(|url| url.starts_with("https://")) {
        return Ok(url.clone());
    }
    let name = tls.names().into_iter().find(|name| !name.starts_with("*."));
    let own = tls.is_for(at.ip()).then(|| match at {
        SocketAddr::V4(at) => at.ip().to_string(),
        SocketAddr::V6(at) => format!("[{}]", at.ip()),
    });
    let host = name.or(own).ok_or_else(text::nameless_certificate)?;
    Ok(match at.port() {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    })
}

/// The address for WebSocket at a URL with TLS.
fn web_socket_of(url: &str) -> Result<Multiaddr, Failed> {
    let multiaddr = multiaddr_of(url).map_err(|error| text::bad_public_url(&error))?;
    let host = multiaddr.strip_suffix("/https").unwrap_or(&multiaddr);
    let parsed = format!("{host}/tls/ws").parse();
    parsed.map_err(|_| text::nameless_certificate())
}

/// The addresses of a node with TLS: that of its port with TLS, and that for TCP, if others can reach it.
fn addresses_beside(secure: &Multiaddr, config: &Config) -> Vec<Multiaddr> {
    let tcp = config.listen.iter().zip(&config.listen_sockets);
    let tcp = tcp.filter(|(address, at)| {
        let is_tcp = address.iter().count() == 2;
        is_tcp && !at.ip().is_loopback() && at.port() != 0
    });
    let beside = tcp.filter_map(|(_, at)| {
        let host = secure.iter().next()?;
        Some(Multiaddr::empty().with(host).with(Protocol::Tcp(at.port())))
    });
    let mut addresses: Vec<Multiaddr> = [secure.clone()].into_iter().chain(beside).collect();
    // IPv4 and IPv6 may have the same port.
    addresses.dedup();
    addresses
}

/// What `/healthz` reports in addition to the state of the storage.
fn health(peer: &Peer, keeper: Option<Arc<Keeper>>) -> Health {
    let id = peer.id().to_string();
    Arc::new(move || {
        let ipfs = keeper
            .as_ref()
            .map(|keeper| ("ipfs".to_owned(), keeper.answers().into()));
        [("peer".to_owned(), id.clone().into())]
            .into_iter()
            .chain(ipfs)
            .collect()
    })
}

/// The multiaddrs that others are told now. Those of a machine's interfaces come and go.
async fn announced(peer: &Peer, external: &[Multiaddr]) -> Vec<Multiaddr> {
    match external {
        [] => peer.announced().await,
        external => external.to_vec(),
    }
}

/// Tells the addresses of this node that a browser can reach, for its list of nodes.
fn listed(peer: &Peer, external: &[Multiaddr]) -> Nodes {
    let (peer, external) = (peer.clone(), external.to_vec());
    let fresh = Arc::new(Fresh::default());
    Arc::new(move || {
        let (peer, external, fresh) = (peer.clone(), external.clone(), fresh.clone());
        async move {
            let list = async {
                let addresses = announced(&peer, &external).await.into_iter();
                let full = addresses.map(|address| {
                    let full = address.with_p2p(peer.id());
                    full.unwrap_or_else(|it| it).to_string()
                });
                full.filter(|address| check_node(address).is_ok()).collect()
            };
            fresh.get(list).await
        }
        .boxed()
    })
}

/// Connects to the Kubo daemon. One that is away may come later, as daemons start in any order; what
/// answers must be a Kubo.
async fn open_kubo(rpc: &str, gateway: &str) -> Result<Arc<Blocks>, Failed> {
    let kubo = Kubo::new(rpc, gateway).map_err(|error| text::no_http(&error))?;
    let probe = cid_v1(RAW, &[0; 32]);
    let version = async {
        // Nobody has this block; all that matters is that the gateway answers.
        kubo.block(&probe).await?;
        kubo.version().await
    };
    let asked = tokio::time::timeout(KUBO_PATIENCE, version).await;
    let asked = asked.unwrap_or_else(|_| Err(KuboError::Unreachable(rpc.to_owned())));
    match &asked {
        Ok(version) => tracing::info!("files are kept in Kubo {version} at {rpc}"),
        Err(KuboError::Unreachable(_)) => {}
        Err(error) => return Err(text::ipfs_unusable(error)),
    }
    Ok(Blocks::new(kubo, asked.is_ok()))
}

async fn open_storage(config: &Config) -> Result<Arc<Storage>, Failed> {
    let (directory, limits) = (config.storage_directory.clone(), config.storage.clone());
    tokio::task::spawn_blocking(move || Storage::open(&directory, limits))
        .await
        .map_err(|_| Failed::ending())?
        .map_err(|error| text::storage_unusable(&error))
}

/// Replaces an unspecified address, which listens on all interfaces, with the loopback address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
