//! The handle to a peer.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fluence::call::{self, CallError, Reply, Request};
use fluence::live::NodeView;
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence::state::NetworkStatus;
use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use futures_timer::Delay;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot, watch};

use crate::command::{Command, Find, OutgoingCall};
use crate::config::{Config, StartError};
use crate::driver::Driver;
use crate::incoming::Calls;
use crate::limits::{ANNOUNCEMENTS, COMMANDS, FOUND, INCOMING_CALLS, MAX_DEADLINE};
use crate::refusal::Refusal;
use crate::runtime;
use crate::statuses::Statuses;

/// How long it is waited until nodes are told that a function is not provided any more.
const WITHDRAW: Duration = Duration::from_secs(5);
/// How long a look-up may last.
const FIND: Duration = Duration::from_secs(30);

/// A handle to a peer, cheap to clone. The peer ends when its last handle is dropped, or with
/// [`Peer::shutdown`].
#[derive(Clone)]
pub struct Peer {
    shared: Arc<Shared>,
}

struct Shared {
    id: PeerId,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<NetworkStatus>,
    announcements: Semaphore,
    /// [`Config::authorities`], for the visitors that confirm announcements.
    #[cfg(not(target_family = "wasm"))]
    authorities: Vec<Vec<u8>>,
}

impl Peer {
    /// Starts a peer, whose event loop then runs in the background. It is not online yet: [`Statuses::online`] waits
    /// for that. Natively this must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] says why the peer could not be started. Being unable to reach a node is not
    /// such an error.
    pub fn start(config: Config) -> Result<(Self, Calls, Statuses), StartError> {
        if !runtime::is_there() {
            return Err(StartError::NoRuntime);
        }
        Self::start_with(config, true)
    }

    /// Starts a client of these nodes that can look up and call functions but cannot be called,
    /// because it asks for no reservation.
    pub(crate) fn start_visitor(&self, nodes: Vec<Multiaddr>) -> Result<Self, StartError> {
        let config = Config {
            links: 1,
            // It finds out whether those who do not know routed calls reach the peer.
            routes: false,
            #[cfg(not(target_family = "wasm"))]
            authorities: self.shared.authorities.clone(),
            ..Config::client(Keypair::generate_ed25519(), nodes)
        };
        Self::start_with(config, false).map(|(peer, _, _)| peer)
    }

    fn start_with(config: Config, reachable: bool) -> Result<(Self, Calls, Statuses), StartError> {
        let (commands, commanded) = mpsc::channel(COMMANDS);
        let (incoming, calls) = mpsc::channel(INCOMING_CALLS);
        let (status, statuses) = watch::channel(NetworkStatus::Starting);
        let id = config.keypair.public().to_peer_id();
        #[cfg(not(target_family = "wasm"))]
        let authorities = config.authorities.clone();
        let driver = Driver::new(config, reachable, commanded, incoming, status)?;
        runtime::spawn(driver.run());
        let peer = Self {
            shared: Arc::new(Shared {
                id,
                commands,
                status: statuses.clone(),
                announcements: Semaphore::new(ANNOUNCEMENTS),
                #[cfg(not(target_family = "wasm"))]
                authorities,
            }),
        };
        Ok((peer, Calls { calls }, Statuses::new(statuses)))
    }

    /// This peer's id: the hash of its public key.
    pub fn id(&self) -> PeerId {
        self.shared.id
    }

    /// The current status of the connection to the network.
    pub fn status(&self) -> NetworkStatus {
        self.shared.status.borrow().clone()
    }

    /// Provides a function: its record is stored at nodes now, after every reconnect and every two
    /// hours, until [`Peer::withdraw`]. This returns once the record has been sent, which does not
    /// prove that it was stored: see [`Peer::announce`].
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has no connection to the network and is not making
    /// one, has ended, or provides too many functions already. The function is not provided then.
    pub async fn provide(&self, name: FunctionName) -> Result<(), NetworkError> {
        self.online().await?;
        let done = self.ask(|done| Command::Provide(name, done)).await;
        done.ok_or(NetworkError::Offline)
    }

    /// Stops providing a function. Its record is not stored again, and the nodes that hold it remove it as soon as they
    /// can be told, which this waits for, up to five seconds. One that is cut off is told by the others when it is back.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has ended.
    pub async fn withdraw(&self, name: FunctionName) -> Result<(), NetworkError> {
        let (done, told) = oneshot::channel();
        self.command(Command::Withdraw(vec![name], done)).await?;
        select(told, Delay::new(WITHDRAW)).await;
        Ok(())
    }

    /// Stops providing everything, before the peer ends. It waits until the nodes that hold the records have been told,
    /// those of functions that were withdrawn before among them, up to five seconds.
    pub async fn withdraw_all(&self) {
        let (done, told) = oneshot::channel();
        if self.command(Command::WithdrawAll(done)).await.is_ok() {
            select(told, Delay::new(WITHDRAW)).await;
        }
    }

    /// Streams the peers that provide a function as they are found, at most 128 of them and without
    /// this peer. The stream ends with the look-up, after 30 s at most; it is empty if this peer is
    /// offline.
    pub fn providers(&self, name: FunctionName) -> impl Stream<Item = PeerId> + Send + use<> {
        self.look_up(name, None)
    }

    /// Like [`Peer::providers`], but ends as soon as the `wanted` provider is found.
    pub(crate) fn look_up(
        &self,
        name: FunctionName,
        wanted: Option<PeerId>,
    ) -> impl Stream<Item = PeerId> + Send + use<> {
        let peer = self.clone();
        let finds = async move {
            let (found, finds) = mpsc::channel(FOUND);
            let find = Find {
                name,
                found,
                wanted,
            };
            // If this fails, the sender is dropped, and the stream ends.
            if peer.online().await.is_ok() {
                let _ = peer.command(Command::Find(find)).await;
            }
            futures::stream::unfold(finds, |mut finds| async move {
                finds.recv().await.map(|id| (id, finds))
            })
        };
        futures::stream::once(finds)
            .flatten()
            .take_until(Delay::new(FIND))
    }

    /// Calls a function of a peer: over an open connection if there is one; or else as a routed call, which this peer's
    /// node passes on; or, if that does not work, by dialing its known addresses and through this peer's nodes. Returns within `deadline`, which is capped at
    /// one hour.
    ///
    /// # Errors
    /// - [`NetworkError::Offline`]: this peer has no connection to the network and is not making one.
    /// - [`NetworkError::Unreachable`]: no connection to the peer could be made; the call was not sent.
    /// - [`NetworkError::NoReply`]: the request may have been received, and no reply came in time.
    /// - [`NetworkError::Malformed`]: the reply does not follow the protocol.
    /// - [`NetworkError::Call`]: the call was not sent because the request is too large, or because
    ///   this peer has too many calls under way. An error that the other peer replies with is not
    ///   an error here but a [`Reply`].
    pub async fn call(
        &self,
        to: PeerId,
        request: Request,
        deadline: Duration,
    ) -> Result<Reply, NetworkError> {
        let function = request.function.clone();
        let request = call::encode(&request)
            .map_err(|error| CallError::from(Refusal::UnsendableRequest(error)))?;
        let deadline = deadline.min(MAX_DEADLINE);
        let sent = Arc::new(AtomicBool::new(false));
        let (reply, replied) = oneshot::channel();
        let outgoing = OutgoingCall {
            to,
            function,
            request,
            deadline: web_time::Instant::now() + deadline,
            sent: sent.clone(),
            is_second: false,
            was_routed: false,
            refused_at: None,
            reply,
        };
        let called = async {
            self.online().await?;
            self.command(Command::Call(outgoing)).await?;
            replied.await.unwrap_or(Err(NetworkError::Offline))
        };
        match select(pin!(called), Delay::new(deadline)).await {
            Either::Left((result, _)) => result,
            Either::Right(_) if sent.load(Ordering::Relaxed) => Err(NetworkError::NoReply),
            Either::Right(_) => Err(NetworkError::Unreachable),
        }
    }

    /// Adds addresses at which a peer may be reached, for later calls. At most 16 addresses are
    /// remembered for each of at most 1024 peers.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has ended.
    pub async fn learn(&self, peer: PeerId, addresses: Vec<Multiaddr>) -> Result<(), NetworkError> {
        self.command(Command::Learn(peer, addresses)).await
    }

    /// Changes the nodes of a client; the first 16 are used. A connection is kept if its node is
    /// among them. A node ignores this.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has ended.
    pub async fn set_nodes(&self, nodes: Vec<Multiaddr>) -> Result<(), NetworkError> {
        self.command(Command::SetNodes(nodes)).await
    }

    /// Tries to connect now instead of waiting for the next attempt. An established connection is
    /// left alone.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has ended.
    pub async fn reconnect(&self) -> Result<(), NetworkError> {
        self.command(Command::Reconnect).await
    }

    /// Tries to connect more often, at least every 4 s, until this peer is online: for when a person looks at it, or
    /// something waits for the network. Otherwise up to 14 s pass between two attempts.
    pub fn hurry(&self) {
        self.tell(Command::Hurry);
    }

    /// The round-trip time of the last libp2p ping to a peer; pings are sent every 12 s. `None` if
    /// the peer is not connected or has not answered yet.
    pub async fn rtt(&self, peer: PeerId) -> Option<Duration> {
        self.ask(|reply| Command::Rtt(peer, reply)).await.flatten()
    }

    /// The addresses that this peer listens on. A node answers once every listener has an address;
    /// a client has only its circuit addresses.
    pub async fn listeners(&self) -> Vec<Multiaddr> {
        self.ask(Command::Listeners).await.unwrap_or_default()
    }

    /// The addresses at which others are told that they reach this peer: a client's circuits, and a node's external
    /// addresses or, without any, those of its listeners that are on the internet or that its configuration asks for.
    pub async fn announced(&self) -> Vec<Multiaddr> {
        self.ask(Command::Announced).await.unwrap_or_default()
    }

    /// The nodes that this client is connected to and that it was configured with, in the order of the configuration; not
    /// those that it found by itself. A node has none.
    pub async fn nodes(&self) -> Vec<PeerId> {
        self.ask(Command::Nodes).await.unwrap_or_default()
    }

    /// The nodes that the person chose and those that this client is linked to, with what the links are like. A node has
    /// none.
    pub async fn report(&self) -> Vec<NodeView> {
        self.ask(Command::Report).await.unwrap_or_default()
    }

    /// The peers that this one is connected to now, directly or through a relay, in no particular order.
    pub async fn connected(&self) -> Vec<PeerId> {
        self.ask(Command::Connected).await.unwrap_or_default()
    }

    /// The addresses of the other nodes that this node has met, at most 256, each with `/p2p/…`. A node that is started
    /// with them ([`crate::Role::Node`]) finds its network again, whichever of them are still there. A client has none.
    pub async fn known_nodes(&self) -> Vec<Multiaddr> {
        self.ask(Command::KnownNodes).await.unwrap_or_default()
    }

    /// Changes which peers a node serves. The connections of all others end.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has ended.
    #[cfg(not(target_family = "wasm"))]
    pub async fn admit(&self, admission: Arc<crate::Admission>) -> Result<(), NetworkError> {
        self.command(Command::Admit(admission)).await
    }

    /// What a node holds for others. `None` if the peer has ended or is a client.
    #[cfg(not(target_family = "wasm"))]
    pub async fn load(&self) -> Option<crate::Load> {
        self.ask(Command::Load).await
    }

    /// Hands WebSockets over to a node that were accepted together with HTTP. `None` if the peer
    /// has ended or is a client.
    #[cfg(not(target_family = "wasm"))]
    pub async fn web_sockets(&self) -> Option<crate::WebSockets> {
        self.ask(Command::WebSockets).await
    }

    /// Ends the peer. Returns once its connections are closed, after one second at most.
    pub async fn shutdown(&self) {
        // If there is no answer, the peer has ended already.
        let _ = self.ask(Command::Shutdown).await;
    }

    /// The addresses through which another peer can join the same network: those of a client's
    /// linked nodes, or a node's own.
    pub(crate) async fn entry_points(&self) -> Vec<Multiaddr> {
        self.ask(Command::EntryPoints).await.unwrap_or_default()
    }

    /// Waits for a permit to announce: at most [`ANNOUNCEMENTS`] announcements run at the same
    /// time.
    pub(crate) async fn announcement(&self) -> Result<SemaphorePermit<'_>, NetworkError> {
        let announcements = &self.shared.announcements;
        announcements
            .acquire()
            .await
            .map_err(|_| NetworkError::Offline)
    }

    /// Sends a command and waits for its answer; `None` if the peer has ended.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, replied) = oneshot::channel();
        self.command(command(reply)).await.ok()?;
        replied.await.ok()
    }

    /// Waits while the peer is starting or connecting to a node; then it can call, if not be called.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if there is no node, or the peer is waiting for its next attempt
    /// or has ended.
    pub(crate) async fn online(&self) -> Result<(), NetworkError> {
        let mut status = self.shared.status.clone();
        loop {
            match &*status.borrow_and_update() {
                NetworkStatus::Online { .. } | NetworkStatus::Unreachable { .. } => return Ok(()),
                NetworkStatus::Starting | NetworkStatus::Connecting { .. } => {}
                NetworkStatus::NoNode | NetworkStatus::Offline { .. } => {
                    return Err(NetworkError::Offline);
                }
            }
            status.changed().await.map_err(|_| NetworkError::Offline)?;
        }
    }

    /// Sends a command, waiting while the queue is full.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if the peer has ended.
    pub(crate) async fn command(&self, command: Command) -> Result<(), NetworkError> {
        self.shared
            .commands
            .send(command)
            .await
            .map_err(|_| NetworkError::Offline)
    }

    /// Sends a command without waiting.
    ///
    /// # Errors
    /// The command itself, if the queue is full.
    pub(crate) fn try_command(&self, command: Command) -> Result<(), Box<Command>> {
        match self.shared.commands.try_send(command) {
            Err(mpsc::error::TrySendError::Full(command)) => Err(Box::new(command)),
            // For a peer that has ended there is nothing left to do.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
