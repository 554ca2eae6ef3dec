//! A client that runs for one command: a peer, and the engine over a work directory.

use std::time::Duration;

use fluence::failure::About;
use fluence::plan::Engine;
use fluence::state::{EventKind, NetworkStatus, Settings};
use fluence_peer::{Calls, Config, Multiaddr, Peer, Statuses};
use serde_json::json;
use tokio_rustls::rustls::pki_types::CertificateDer;
use words::Terminal;

use super::{NetworkArgs, stop_signal};
use crate::exit::Failed;
use crate::home::{Home, Identity, Work};
use crate::output::Output;
use crate::platform::{FileStore, Journal, Native, Opened, WebClient, now_ms};
use crate::text;

/// How long storages may take to remove what is no longer shared, when the program is to stop.
const RELEASE_PATIENCE: Duration = Duration::from_secs(10);

/// The engine of the command line.
pub(super) type CliEngine = Engine<Native<Peer>>;

/// A peer with a connection to a node.
pub(super) struct Client {
    /// The peer.
    pub peer: Peer,
    /// The calls of other peers.
    pub calls: Calls,
    /// Every change of the connection.
    pub statuses: Statuses,
    /// The nodes that were given.
    pub nodes: Vec<String>,
    /// The certificates of authorities that are trusted besides the usual ones.
    pub authorities: Vec<CertificateDer<'static>>,
    /// While this is kept, no other process uses the same identity.
    pub _identity: Identity,
}

impl Client {
    /// Starts a peer and waits until it is connected.
    ///
    /// # Errors
    /// If no node can be reached within the time that `network` allows.
    pub async fn connect(
        home: &Home,
        network: &NetworkArgs,
        output: &Output,
    ) -> Result<Self, Failed> {
        let nodes = network.nodes()?;
        let authorities = network.authorities()?;
        let identity = home.identity()?;
        if !identity.is_lasting() {
            tracing::info!(
                "another fluence process is using {}; this one has an identity of its own",
                home.path().display()
            );
        }
        let (peer, calls, mut statuses) = Peer::start(Config {
            links: network.links as usize,
            authorities: authorities.iter().map(|ca| ca.to_vec()).collect(),
            ..Config::client(identity.keypair.clone(), nodes.clone())
        })
        .map_err(|error| text::no_network(&error))?;
        wait_online(&peer, &mut statuses, &nodes, network.patience(), output).await?;
        Ok(Self {
            nodes: nodes.iter().map(ToString::to_string).collect(),
            peer,
            calls,
            statuses,
            authorities,
            _identity: identity,
        })
    }
}

/// Waits until a node is reached, for as long as `patience` allows.
async fn wait_online(
    peer: &Peer,
    statuses: &mut Statuses,
    nodes: &[Multiaddr],
    patience: Duration,
    output: &Output,
) -> Result<(), Failed> {
    let mut why = "it does not answer".to_owned();
    let online = async {
        while let Some(status) = statuses.next().await {
            output.network(&status);
            match status {
                NetworkStatus::Online { .. } => return true,
                // What is shared waits until there is room; what is fetched needs none.
                NetworkStatus::Unreachable { .. } => {
                    output.say(text::UNREACHABLE);
                    return true;
                }
                NetworkStatus::Offline { error, .. } => {
                    why = words::link(&error);
                    peer.hurry();
                }
                NetworkStatus::Starting
                | NetworkStatus::NoNode
                | NetworkStatus::Connecting { .. } => {}
            }
        }
        false
    };
    match tokio::time::timeout(patience, online).await {
        Ok(true) => Ok(()),
        _ => {
            let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            Err(text::no_node(&nodes, &why))
        }
    }
}

/// A running engine, with its work directory and a connected peer.
pub(super) struct Session {
    /// The engine.
    pub engine: CliEngine,
    /// The peer.
    pub peer: Peer,
    _identity: Identity,
}

impl Session {
    /// Starts the engine, which continues what an earlier run left in the directory.
    ///
    /// # Errors
    /// If the directory cannot be read or written.
    pub async fn begin(
        client: Client,
        work: &Work,
        settings: Settings,
        output: &Output,
    ) -> Result<Self, Failed> {
        let Client {
            peer,
            calls,
            statuses,
            nodes,
            authorities,
            _identity,
        } = client;
        let settings = Settings { nodes, ..settings };
        let store = FileStore::open(work.path().join("items"))?;
        let http = WebClient::new(&authorities).map_err(|error| text::no_http(&error))?;
        let Opened {
            journal,
            state,
            damage,
            unknown,
        } = Journal::open(work.path()).map_err(|error| Failed::file(work.path(), &error))?;
        for failure in damage {
            let words = words::failure::<Terminal>(&failure, About::Other);
            output.warn(failure.code.as_str(), &words.what, &words.advice);
        }
        let platform = Native::new(store, http, peer.clone(), journal);
        let engine = Engine::new(platform, state, settings);
        engine.start(unknown).await;
        engine
            .record(vec![EventKind::Started {
                peer: peer.id().to_string(),
            }])
            .await;
        tokio::task::spawn_local(serve(engine.clone(), calls));
        tokio::task::spawn_local(follow(
            engine.clone(),
            peer.clone(),
            statuses,
            peer.status(),
            output.clone(),
        ));
        Ok(Self {
            engine,
            peer,
            _identity,
        })
    }
}

/// Has storages remove what this command has uploaded, and tells the person what is left there.
pub(super) async fn take_back(engine: &CliEngine, output: &Output) {
    let left = tokio::select! {
        left = engine.take_back(RELEASE_PATIENCE) => left,
        // Who asks a second time does not want to wait.
        () = stop_signal() => engine.with_state(|state| state.unwanted(now_ms())),
    };
    for copy in left {
        let host = copy.host();
        output.event(&json!({"event": "left", "cid": copy.cid, "host": host, "until": copy.until}));
        output.say(&text::left_at(&host));
    }
}

/// Hands calls to the engine, which decides which of them are answered now.
async fn serve(engine: CliEngine, mut calls: Calls) {
    while let Some(call) = calls.next().await {
        let engine = engine.clone();
        tokio::task::spawn_local(async move {
            let reply = engine
                .serve(call.from.to_string(), call.request.clone())
                .await;
            call.reply(reply);
        });
    }
}

/// Passes every change of the connection on to the engine and to the person.
async fn follow(
    engine: CliEngine,
    peer: Peer,
    mut statuses: Statuses,
    first: NetworkStatus,
    output: Output,
) {
    let mut status = first;
    loop {
        engine.network_changed(status.clone());
        let Some(next) = statuses.next().await else {
            return;
        };
        output.network(&next);
        match &next {
            NetworkStatus::Offline { error, .. } => {
                output.say(&text::connection_lost(error));
                // A person waits for this program.
                peer.hurry();
            }
            NetworkStatus::Unreachable { .. } => {
                if !matches!(status, NetworkStatus::Unreachable { .. }) {
                    output.say(text::UNREACHABLE);
                }
            }
            NetworkStatus::Online { .. } => {
                if !status.is_online() {
                    output.say(text::CONNECTED);
                }
            }
            NetworkStatus::Starting | NetworkStatus::NoNode | NetworkStatus::Connecting { .. } => {}
        }
        status = next;
    }
}
