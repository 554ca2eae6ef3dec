//! A client that runs for one command: a peer, and the engine over a work directory.

use std::collections::HashSet;
use std::time::Duration;

use fluence::failure::About;
use fluence::plan::Engine;
use fluence::state::{EventKind, NetworkStatus, Settings, State};
use fluence_peer::{Calls, Config, Multiaddr, Peer, Statuses};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::CertificateDer;
use words::Terminal;

use super::{Context, NetworkArgs, close, terminated};
use crate::exit::Failed;
use crate::home::{Home, Identity, Work};
use crate::output::Output;
use crate::platform::{FileStore, Journal, Native, Opened, WebClient};
use crate::text;

/// How long storages may take to remove what is no longer shared, when the program is to stop.
const RELEASE_PATIENCE: Duration = Duration::from_secs(10);
/// How long a command that is done waits for what earlier ones left to be taken back.
const EARLIER_PATIENCE: Duration = Duration::from_secs(3);
/// How long it is tried to take back what a share left.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// What the names of the work directories of shares begin with.
pub(super) const SHARE: &str = "share-";

/// The hosts that the person has named, which may be anywhere.
fn chosen_hosts(settings: &Settings) -> HashSet<String> {
    let nodes = settings.nodes.iter();
    let nodes = nodes.filter_map(|node| node.split('/').nth(2).map(str::to_owned));
    let urls = settings.routers.iter().chain(&settings.gateways);
    let of_url = |url: &String| Some(reqwest::Url::parse(url).ok()?.host_str()?.to_owned());
    nodes.chain(urls.filter_map(of_url)).collect()
}

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
    /// Starts a peer and waits until it is connected. A peer for some work has its identity.
    ///
    /// # Errors
    /// If no node can be reached within the time that `network` allows.
    pub async fn connect(
        home: &Home,
        work: Option<&Work>,
        network: &NetworkArgs,
        output: &Output,
    ) -> Result<Self, Failed> {
        let nodes = network.nodes()?;
        let authorities = network.authorities()?;
        let identity = match work {
            Some(work) => home.identity_for(work)?,
            None => home.identity()?,
        };
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
        let http = WebClient::new(&authorities, chosen_hosts(&settings))
            .map_err(|error| text::no_http(&error))?;
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

impl Session {
    /// Whether a file with this CID is shared or fetched here.
    pub fn provides(&self) -> impl Fn(&str) -> bool + use<> {
        let engine = self.engine.clone();
        move |cid| {
            engine.with_state(|state| {
                let mut items = state.items.values();
                items.any(|item| item.cid.as_deref() == Some(cid))
            })
        }
    }
}

/// Has storages remove what this command has uploaded, and tells the person what is left there. Returns whether anything is:
/// then its work is to be kept, so that a later command takes it back.
pub(super) async fn take_back(engine: &CliEngine, output: &Output) -> bool {
    let left = tokio::select! {
        left = engine.take_back(RELEASE_PATIENCE) => left,
        // Who asks a second time does not want to wait. A terminal that is closed says so twice.
        () = terminated() => engine.with_state(|state| state.copies.clone()),
    };
    for copy in &left {
        let host = copy.host();
        output.event(&json!({"event": "left", "cid": copy.cid, "host": host, "until": copy.until}));
        output.say(&text::left_at(&host));
    }
    !left.is_empty()
}

/// The shares and fetches that ended without taking back what they had uploaded: they were killed, or storages did not answer.
/// A command takes it back while it does its own work.
pub(super) struct Earlier {
    home: Home,
    peer: Peer,
    nodes: Vec<Multiaddr>,
    authorities: Vec<CertificateDer<'static>>,
    output: Output,
}

impl Earlier {
    /// What is left in this state directory, for a client that is connected.
    ///
    /// # Errors
    /// If the directory or an option cannot be used.
    pub fn of(context: &Context, client: &Client, network: &NetworkArgs) -> Result<Self, Failed> {
        Ok(Self {
            home: context.home()?,
            peer: client.peer.clone(),
            nodes: network.nodes()?,
            authorities: client.authorities.clone(),
            output: context.output.clone(),
        })
    }

    /// Begins to take it back, except the files that are `wanted` again, by their CIDs.
    pub fn begin(self, wanted: impl Fn(&str) -> bool + 'static) -> TakingBack {
        TakingBack(tokio::task::spawn_local(async move {
            // What no identity can take back any more is forgotten one day.
            let _ = self.home.sweep(SHARE, KEPT);
            for left in self.home.works("") {
                // While it is locked here, its person could not continue a fetch.
                if !left.name.starts_with(SHARE) && !self.has_copies(&left.name) {
                    continue;
                }
                // What is locked is under way.
                if let Ok(Some(work)) = self.home.left(&left.name)
                    && let Err(failed) = self.take_back(work, &left.name, &wanted).await
                {
                    tracing::info!("what an earlier command left cannot be taken back: {failed}");
                }
            }
        }))
    }

    /// Whether anything was uploaded from the work directory of this name.
    fn has_copies(&self, name: &str) -> bool {
        let path = self.home.path().join("work").join(name);
        Journal::look(&path).is_ok_and(|state| has_own_copies(&state))
    }

    async fn take_back(
        &self,
        work: Work,
        name: &str,
        wanted: &impl Fn(&str) -> bool,
    ) -> Result<(), Failed> {
        let Opened { journal, state, .. } =
            Journal::open(work.path()).map_err(|error| Failed::file(work.path(), &error))?;
        let left = if has_own_copies(&state) && !work.is_left() {
            let peer = match self.peer_of(&work, &state).await? {
                Some(peer) => peer,
                // Another process has its identity.
                None => return Ok(()),
            };
            let store = FileStore::open(work.path().join("items"))?;
            let settings = Settings {
                nodes: self.nodes.iter().map(ToString::to_string).collect(),
                ..Settings::default()
            };
            let http = WebClient::new(&self.authorities, chosen_hosts(&settings))
                .map_err(|error| text::no_http(&error))?;
            let platform = Native::new(store, http, peer.clone(), journal);
            let count = state.copies.len();
            let engine = Engine::new(platform, state, settings);
            let left = engine.give_back(RELEASE_PATIENCE, wanted).await;
            let released = count - left.len();
            self.output
                .event(&json!({"event": "released_earlier", "copies": released}));
            if released > 0 {
                self.output.say(&text::released_earlier(released));
            }
            if peer.id() != self.peer.id() {
                close(&peer).await;
            }
            left
        } else {
            Vec::new()
        };
        // A fetch that was cut off continues.
        if left.is_empty() && (name.starts_with(SHARE) || work.is_over()) {
            self.home.remove(work)?;
        }
        Ok(())
    }

    /// A peer with the identity in whose name a run has uploaded; `None` if it is not to be had now.
    async fn peer_of(&self, work: &Work, state: &State) -> Result<Option<Peer>, Failed> {
        let id = self.peer.id().to_string();
        if state.peer.as_ref() == Some(&id) {
            return Ok(Some(self.peer.clone()));
        }
        let Some(keypair) = work.keypair()? else {
            return Ok(None);
        };
        let (peer, _, mut statuses) = Peer::start(Config {
            authorities: self.authorities.iter().map(|ca| ca.to_vec()).collect(),
            ..Config::client(keypair, self.nodes.clone())
        })
        .map_err(|error| text::no_network(&error))?;
        let online = async {
            while let Some(status) = statuses.next().await {
                if status.can_call() {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(RELEASE_PATIENCE, online).await;
        Ok(Some(peer))
    }
}

fn has_own_copies(state: &State) -> bool {
    state.copies.iter().any(|copy| copy.owner.is_none())
}

/// What earlier commands left is being taken back.
pub(super) struct TakingBack(JoinHandle<()>);

impl TakingBack {
    /// Waits a little, so that a short command takes it back, too. What does not answer by then is left for the next one.
    pub async fn end(self) {
        let abort = self.0.abort_handle();
        if tokio::time::timeout(EARLIER_PATIENCE, self.0)
            .await
            .is_err()
        {
            abort.abort();
        }
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
