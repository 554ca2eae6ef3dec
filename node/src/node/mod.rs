//! A node: relay, DHT server, storage, and the provider of `IPFS_multiaddr`.

mod calls;
mod config;
mod finder;
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

use crate::exit::{Exit, Failed};
use crate::gateway::{self, Fetcher, GatewayConfig, Health};
use crate::kubo::{self, Keeper, Kubo};
use crate::operator;
use crate::storage::Storage;
use calls::Answerer;
use finder::Finder;

/// How long requests under way are given to end when the node stops.
const GRACE: Duration = Duration::from_secs(3);

/// A node that runs.
pub struct Node {
    peer: Peer,
    storage: Arc<Storage>,
    http: SocketAddr,
    url: String,
    stop: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    /// What goes on until it stops.
    tasks: JoinSet<()>,
}

impl Node {
    /// Starts a node, whose operator reaches it in its state directory; returns when it listens and is on the network.
    pub async fn start(keypair: Keypair, state: &Path, config: Config) -> Result<Self, Failed> {
        let kubo = match &config.kubo {
            Some((rpc, gateway)) => Some(open_kubo(rpc, gateway).await?),
            None => None,
        };
        let storage = open_storage(&config).await?;
        // The port first: without it the rest is in vain.
        let listener = TcpListener::bind(config.listen_http)
            .await
            .map_err(|error| cannot_listen("HTTP", &config.listen_http, &error))?;
        let http = listener
            .local_addr()
            .map_err(|error| cannot_listen("HTTP", &config.listen_http, &error))?;
        for address in &config.listen_sockets {
            // libp2p shares its ports with other processes that do so: two nodes on one would each get some of the
            // connections, and nobody would say why.
            std::net::TcpListener::bind(address)
                .map_err(|error| cannot_listen("libp2p", address, &error))?;
        }
        let url = config
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", reachable(http)));
        let multiaddr = multiaddr_of(&url)
            .map_err(|error| Failed::usage(format!("{error}."), "Check --public-url."))?;

        let (peer, calls, mut statuses) = Peer::start(fluence_peer::Config {
            role: Role::Node {
                listen: config.listen,
                external: config.external,
                peers: config.peers,
                limits: config.limits,
            },
            ..fluence_peer::Config::node(keypair, Vec::new())
        })
        .map_err(|error| {
            Failed::new(
                Exit::Failure,
                "listen",
                format!("The node cannot start: {error}."),
                "Check --listen-tcp, --listen-ws and --peers.",
            )
        })?;
        statuses.online().await;

        let (stop, stopping) = watch::channel(false);
        let multiaddr: Arc<str> = multiaddr.into();
        let keeper =
            kubo.map(|kubo| Arc::new(Keeper::new(kubo, storage.clone(), &peer.id().to_string())));
        let fetcher: Option<Arc<dyn Fetcher>> = if config.gateway {
            let finder = Finder::new(peer.clone(), storage.clone(), &multiaddr, keeper.clone())
                .map_err(no_http)?;
            Some(Arc::new(finder))
        } else {
            None
        };
        let router = gateway::router(
            storage.clone(),
            GatewayConfig {
                open: config.gateway,
                fetcher: fetcher.clone(),
                health: Some(health(&peer, keeper.clone())),
            },
        );
        let router = match &keeper {
            Some(keeper) => kubo::front(router, keeper.clone(), storage.clone(), fetcher),
            None => router,
        };
        let mut stopping = stopping;
        let serving = tokio::spawn(gateway::serve(listener, router, async move {
            // The sender goes with the node.
            let _ = stopping.wait_for(|stop| *stop).await;
        }));
        let mut tasks = JoinSet::new();
        if let Some(keeper) = &keeper {
            tasks.spawn(keeper.clone().run());
        }
        let answerer = Answerer {
            storage: storage.clone(),
            multiaddr,
            keeper,
        };
        tasks.spawn(answerer.run(calls));
        tasks.spawn(storage.clone().tend());
        #[cfg(unix)]
        tasks.spawn(operate(
            state.to_owned(),
            config.storage_directory,
            storage.clone(),
        ));
        peer.provide(FunctionName::multiaddr()).await?;
        Ok(Self {
            peer,
            storage,
            http,
            url,
            stop,
            serving,
            tasks,
        })
    }

    /// Its peer.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Its storage.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Where its HTTP listens, as a URL for this machine.
    pub fn http(&self) -> String {
        format!("http://{}", reachable(self.http))
    }

    /// The URL that others are told.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where others reach it, with its peer id.
    pub async fn addresses(&self) -> Vec<Multiaddr> {
        let id = self.peer.id();
        self.peer
            .listeners()
            .await
            .into_iter()
            .map(|address| address.with_p2p(id).unwrap_or_else(|address| address))
            .collect()
    }

    /// Stops: no new work is taken, requests under way are given a little time, what is stored is safe.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A connection that does not close must not keep the node.
        let _ = tokio::time::timeout(GRACE, self.peer.shutdown()).await;
        let abort = self.serving.abort_handle();
        if tokio::time::timeout(GRACE, self.serving).await.is_err() {
            abort.abort();
        }
        self.tasks.shutdown().await;
    }
}

/// Lets an operator reach the storage while the node runs.
#[cfg(unix)]
async fn operate(state: PathBuf, directory: PathBuf, storage: Arc<Storage>) {
    if let Err(error) = operator::serve(&state, &directory, storage).await {
        tracing::error!("`fluence storage` will not reach this node: {error}");
    }
}

/// What `/healthz` tells beside the storage's own.
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

/// The Kubo daemon, which must answer now: what is wrong with its address is best told at once.
async fn open_kubo(rpc: &str, gateway: &str) -> Result<Kubo, Failed> {
    let kubo = Kubo::new(rpc, gateway).map_err(no_http)?;
    let probe = cid_v1(RAW, &[0; 32]);
    let version = async {
        // Whatever it has of a block that nobody has: an answer is an answer.
        kubo.has_block(&probe).await?;
        kubo.version().await
    };
    let version = version.await.map_err(|error| {
        Failed::new(
            Exit::Network,
            "ipfs",
            format!("The IPFS node cannot be used: {error}."),
            "Start it with `ipfs daemon`, and check --ipfs-rpc and --ipfs-gateway.",
        )
    })?;
    tracing::info!("files are kept in Kubo {version} at {rpc}");
    Ok(kubo)
}

fn no_http(error: reqwest::Error) -> Failed {
    Failed::new(
        Exit::Failure,
        "network",
        format!("HTTP cannot be used: {error}."),
        "",
    )
}

async fn open_storage(config: &Config) -> Result<Arc<Storage>, Failed> {
    let (directory, limits) = (config.storage_directory.clone(), config.storage.clone());
    tokio::task::spawn_blocking(move || Storage::open(&directory, limits))
        .await
        .map_err(|_| Failed::new(Exit::Failure, "stopped", "The program is stopping.", ""))?
        .map_err(|error| {
            Failed::new(
                Exit::Failure,
                "storage",
                format!("The storage cannot be used: {error}."),
                "Choose another directory with --storage, or mend this one.",
            )
        })
}

/// An address of this machine where something listens on all of them.
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

fn cannot_listen(what: &str, address: &SocketAddr, error: &std::io::Error) -> Failed {
    Failed::new(
        Exit::Failure,
        "listen",
        format!("{what} cannot listen on {address}: {error}."),
        "Stop what uses the port, or choose others with --listen-tcp, --listen-ws and --listen-http.",
    )
}
