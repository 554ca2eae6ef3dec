//! A node: relay, DHT server, storage, and the provider of `IPFS_multiaddr`.

mod calls;
mod config;
mod finder;
mod known;
mod open_files;
mod pull;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fluence::content::unixfs::RAW;
use fluence::names::{FunctionName, cid_v1};
use fluence::storage::multiaddr_of;
use fluence_peer::{Keypair, Multiaddr, Peer, Role};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use config::{Config, Options, Size};

use crate::exit::Failed;
use crate::gateway::{self, Fetcher, GatewayConfig, Health};
use crate::kubo::{self, BehindStorage, Blocks, Keeper, Kubo, KuboError};
use crate::operator;
use crate::platform::raise_file_limit;
use crate::storage::Storage;
use crate::text;
use calls::Answerer;
use finder::Finder;

/// How long requests under way may take to finish when the node stops.
const GRACE: Duration = Duration::from_secs(3);

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
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    /// The tasks that run until the node stops.
    tasks: JoinSet<()>,
}

impl Node {
    /// Starts a node whose operator reaches it through the state directory; returns once it listens
    /// and has joined the network.
    ///
    /// # Errors
    /// Fails if what answers in the place of the configured Kubo daemon is something else, if the storage cannot be opened, if an
    /// address cannot be listened on, or if the public URL is invalid.
    pub async fn start(keypair: Keypair, state: &Path, config: Config) -> Result<Self, Failed> {
        let files = raise_file_limit();
        let blocks = match &config.kubo {
            Some((rpc, gateway)) => Some(open_kubo(rpc, gateway).await?),
            None => None,
        };
        let storage = open_storage(&config).await?;
        // Bind the port first: nothing else is of use without it.
        let listener = TcpListener::bind(config.listen_http)
            .await
            .map_err(|error| text::cannot_listen("HTTP", &config.listen_http, &error))?;
        let http = listener
            .local_addr()
            .map_err(|error| text::cannot_listen("HTTP", &config.listen_http, &error))?;
        for address in &config.listen_sockets {
            // libp2p opens its ports for reuse by other processes, so two nodes on one port would
            // silently split the connections between them. Binding the port exclusively first rules
            // this out.
            std::net::TcpListener::bind(address)
                .map_err(|error| text::cannot_listen("libp2p", address, &error))?;
        }
        let url = config
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", reachable(http)));
        let multiaddr = multiaddr_of(&url).map_err(|error| text::bad_public_url(&error))?;

        let is_private = config.is_private();
        let mut limits = config.limits;
        limits.max_connections = open_files::connections(limits.max_connections, files);
        let (peer, calls, mut statuses) = Peer::start(fluence_peer::Config {
            role: Role::Node {
                listen: config.listen,
                external: config.external,
                peers: config.peers,
                known: known::read(state),
                pages: config.pages,
                limits,
            },
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
            let finder = Finder::new(peer.clone(), storage.clone(), &multiaddr)
                .map_err(|error| text::no_http(&error))?;
            Some(Arc::new(finder))
        } else {
            None
        };
        let router = gateway::router(
            storage.clone(),
            GatewayConfig {
                open: config.gateway,
                fetcher,
                health: Some(health(&peer, keeper.clone())),
            },
        );
        let router = match &keeper {
            Some(keeper) => kubo::waking(router, keeper.clone()),
            None => router,
        };
        let mut stopping = stopping;
        let serving = tokio::spawn(gateway::serve(listener, router, async move {
            // The wait also ends if the node, and with it the sender, is dropped.
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        let mut tasks = JoinSet::new();
        if let Some(keeper) = &keeper {
            tasks.spawn(keeper.clone().run());
        }
        let answerer = Answerer::new(storage.clone(), multiaddr, keeper, is_private);
        tasks.spawn(answerer.run(calls));
        tasks.spawn(storage.clone().tend());
        let (home, known) = (state.to_owned(), peer.clone());
        tasks.spawn(async move { known::keep(&home, &known).await });
        #[cfg(unix)]
        tasks.spawn(operate(
            state.to_owned(),
            config.storage_directory,
            storage.clone(),
        ));
        peer.provide(FunctionName::multiaddr()).await?;
        Ok(Self {
            peer,
            state: state.to_owned(),
            storage,
            http,
            url,
            blocks,
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

    /// The URL of the node's HTTP server, as seen from this machine.
    pub fn http(&self) -> String {
        format!("http://{}", reachable(self.http))
    }

    /// The URL of the node's HTTP server that others are given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The multiaddrs at which others reach the node, each with its peer ID.
    pub async fn addresses(&self) -> Vec<Multiaddr> {
        let id = self.peer.id();
        self.peer
            .listeners()
            .await
            .into_iter()
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
        let abort = self.serving.abort_handle();
        if tokio::time::timeout(GRACE, self.serving).await.is_err() {
            abort.abort();
        }
        self.tasks.shutdown().await;
    }
}

/// Lets the operator's commands reach the storage while the node runs.
#[cfg(unix)]
async fn operate(state: PathBuf, directory: PathBuf, storage: Arc<Storage>) {
    if let Err(error) = operator::serve(&state, &directory, storage).await {
        tracing::error!("`fluence storage` will not reach this node: {error}");
    }
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
