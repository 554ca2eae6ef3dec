//! Nodes and clients over real sockets on loopback, for tests of networks of several nodes.
#![allow(dead_code)]

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use fluence::call::{Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId, Role, Statuses};
use futures::StreamExt;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub const SECOND: Duration = Duration::from_secs(1);
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Awaits the work, and panics if it takes longer than a test should, even where hundreds of peers share a busy machine.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(240 * SECOND, work).await {
        Ok(value) => value,
        Err(_) => panic!("it took too long: {what}"),
    }
}

pub fn name(text: &str) -> FunctionName {
    text.parse().expect("a name")
}

pub fn ask(function: &str) -> Request {
    Request::new(name(function), &json!({}))
}

/// A node that can be killed and started again under the same identity at the same port.
pub struct Node {
    pub keypair: Keypair,
    pub address: Multiaddr,
    pub peers: Vec<Multiaddr>,
    pub known: Vec<Multiaddr>,
    pub running: Option<(Peer, Calls)>,
}

impl Node {
    pub async fn start(peers: Vec<Multiaddr>) -> Self {
        Self::start_at(1, peers).await
    }

    /// Starts a node at the host 127.0.0.`host`.
    pub async fn start_at(host: u8, peers: Vec<Multiaddr>) -> Self {
        let address = format!("/ip4/127.0.0.{host}/tcp/0").parse();
        let mut node = Self {
            keypair: Keypair::generate_ed25519(),
            address: address.expect("an address"),
            peers,
            known: Vec::new(),
            running: None,
        };
        node.start_again().await;
        node
    }

    pub async fn start_again(&mut self) {
        let mut config = Config::node(self.keypair.clone(), vec![self.address.clone()]);
        if let Role::Node { peers, known, .. } = &mut config.role {
            peers.clone_from(&self.peers);
            known.clone_from(&self.known);
        }
        let (peer, calls, mut statuses) = Peer::start(config).expect("the node starts");
        soon("the node listens", statuses.online()).await;
        self.address = peer.listeners().await.remove(0);
        self.running = Some((peer, calls));
    }

    pub async fn kill(&mut self) {
        if let Some((peer, _)) = self.running.take() {
            soon("shutdown", peer.shutdown()).await;
        }
    }

    /// Waits until this node knows as many others.
    pub async fn knows(&self, others: usize) {
        let knows = async {
            while self.peer().known_nodes().await.len() < others {
                tokio::time::sleep(SECOND / 50).await;
            }
        };
        soon("the nodes meet", knows).await;
    }

    pub fn peer(&self) -> &Peer {
        &self.running.as_ref().expect("the node runs").0
    }

    pub fn id(&self) -> PeerId {
        self.keypair.public().to_peer_id()
    }
}

pub fn client_config(nodes: &[&Multiaddr]) -> Config {
    Config::client(
        Keypair::generate_ed25519(),
        nodes.iter().copied().cloned().collect(),
    )
}

/// Starts a client and waits until it is online.
pub async fn start(config: Config) -> (Peer, Calls, Statuses) {
    let (peer, calls, mut statuses) = Peer::start(config).expect("the client starts");
    soon("the client is online", statuses.online()).await;
    (peer, calls, statuses)
}

pub async fn client(node: &Multiaddr) -> (Peer, Calls) {
    let (peer, calls, _) = start(client_config(&[node])).await;
    (peer, calls)
}

/// Answers every call.
pub fn answer(mut calls: Calls) {
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let from = call.from.to_string();
            call.reply(Reply::ok(&json!({"from": from})));
        }
    });
}

/// A client of one node that answers every call.
pub async fn provider(node: &Multiaddr) -> Peer {
    let (peer, calls) = client(node).await;
    answer(calls);
    peer
}

/// Waits until a peer has a reservation at each of these nodes.
pub async fn reserved(peer: &Peer, nodes: &[PeerId]) {
    let reserved = async {
        loop {
            let listeners = peer.listeners().await;
            let is_at = |id: &PeerId| {
                let id = id.to_string();
                listeners.iter().any(|at| at.to_string().contains(&id))
            };
            if nodes.iter().all(is_at) {
                return;
            }
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("the reservations", reserved).await;
}

/// Waits until a peer has reservations at two nodes.
pub async fn reserved_twice(peer: &Peer) {
    let reserved = async {
        loop {
            let mut relays: Vec<String> = peer
                .listeners()
                .await
                .iter()
                .filter_map(|at| Some(at.to_string().split_once("/p2p-circuit")?.0.to_owned()))
                .map(|at| at.rsplit('/').next().unwrap_or_default().to_owned())
                .collect();
            relays.sort();
            relays.dedup();
            if relays.len() >= 2 {
                return;
            }
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("two reservations", reserved).await;
}

/// Calls a function as the command line does: each provider that is found is called, until one answers.
pub async fn find_and_call(peer: &Peer, function: &str) -> Result<PeerId, NetworkError> {
    let mut providers = std::pin::pin!(peer.providers(name(function)));
    let mut failed = NetworkError::Offline;
    while let Some(provider) = providers.next().await {
        match peer.call(provider, ask(function), DEADLINE).await {
            Ok(_) => return Ok(provider),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Calls a function until it is found and answers.
pub async fn called_at_last(peer: &Peer, function: &str) -> PeerId {
    let (mut failed, mut tries) = (None, 0);
    let called = async {
        loop {
            match find_and_call(peer, function).await {
                Ok(provider) => return provider,
                Err(error) => failed = Some(error),
            }
            tries += 1;
            if tries % 100 == 0 {
                eprintln!("{function} after {tries} tries: {failed:?}");
            }
            tokio::time::sleep(SECOND / 20).await;
        }
    };
    soon("a call that is answered", called).await
}

/// A line to an address that can go dead without a word, as when a cable is pulled.
pub struct Line {
    pub address: Multiaddr,
    is_dead: watch::Sender<bool>,
}

impl Line {
    pub async fn to(address: &Multiaddr) -> Self {
        let text = address.to_string();
        let parts: Vec<&str> = text.split('/').collect();
        let to: SocketAddr = format!("{}:{}", parts[2], parts[4])
            .parse()
            .expect("a socket address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let at = listener.local_addr().expect("an address");
        let (is_dead, dead) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let mut dead = dead.clone();
                tokio::spawn(async move {
                    if !*dead.borrow() {
                        let Ok(mut there) = TcpStream::connect(to).await else {
                            return;
                        };
                        tokio::select! {
                            _ = copy_bidirectional(&mut here, &mut there) => return,
                            _ = dead.wait_for(|dead| *dead) => {}
                        }
                        // Both ends stay open, but nothing passes. A connection that was dead stays dead.
                        std::future::pending::<()>().await;
                    }
                    std::future::pending::<()>().await;
                });
            }
        });
        let address = format!("/ip4/127.0.0.1/tcp/{}", at.port());
        Self {
            address: address.parse().expect("an address"),
            is_dead,
        }
    }

    pub fn cut(&self) {
        self.is_dead.send_replace(true);
    }

    pub fn mend(&self) {
        self.is_dead.send_replace(false);
    }
}
