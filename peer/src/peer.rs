//! The handle to a peer, and what comes out of it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use fluence::call::{self, CallError, ErrorCode, Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence::state::NetworkStatus;
use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use futures_timer::Delay;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::config::{Config, Role, StartError};
use crate::driver::Driver;
use crate::{announce, runtime};

/// Commands that wait for the event loop; whoever asks for more waits.
const COMMANDS: usize = 256;
/// Calls from others that wait for an answer to be begun; who calls then is told that this peer is busy.
const INCOMING: usize = 64;
/// Providers that one look-up gives.
pub(crate) const FOUND: usize = 128;
/// How long a look-up may last.
pub(crate) const FIND: Duration = Duration::from_secs(30);
/// The longest deadline of a call; timers in a browser know no more than 24 days.
pub(crate) const MAX_DEADLINE: Duration = Duration::from_secs(60 * 60);
/// Announcements that are being confirmed at the same time, each over a connection of its own.
const ANNOUNCEMENTS: usize = 2;

/// What the handle asks of the event loop.
pub(crate) enum Command {
    /// Announce the name until [`Command::Withdraw`]; answered when the record has gone out, or could not.
    Provide(FunctionName, oneshot::Sender<()>),
    Withdraw(Vec<FunctionName>),
    /// These were not found, although their records were sent: send them anew when they are provided again.
    NotFound(Vec<FunctionName>),
    Find(Find),
    Call(OutgoingCall),
    /// Addresses at which a peer may be reached, beside those that are known.
    Learn(PeerId, Vec<Multiaddr>),
    SetNodes(Vec<Multiaddr>),
    Reconnect,
    Rtt(PeerId, oneshot::Sender<Option<Duration>>),
    Listeners(oneshot::Sender<Vec<Multiaddr>>),
    Shutdown(oneshot::Sender<()>),
}

/// A look-up.
pub(crate) struct Find {
    pub(crate) name: FunctionName,
    pub(crate) found: mpsc::Sender<PeerId>,
    /// When this one is found the look-up has done its work.
    pub(crate) wanted: Option<PeerId>,
}

/// A call on its way out.
pub(crate) struct OutgoingCall {
    pub(crate) to: PeerId,
    /// The request, encoded.
    pub(crate) request: Vec<u8>,
    pub(crate) deadline: web_time::Instant,
    /// Set when the request may have left this peer.
    pub(crate) sent: Arc<AtomicBool>,
    pub(crate) reply: oneshot::Sender<Result<Reply, NetworkError>>,
}

/// A peer. Cheap to clone; it ends with its last handle, or with [`Peer::shutdown`].
#[derive(Clone)]
pub struct Peer {
    shared: Arc<Shared>,
}

struct Shared {
    id: PeerId,
    is_node: bool,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<NetworkStatus>,
    announcements: Semaphore,
}

impl Peer {
    /// Starts a peer; its event loop runs in the background. Natively this must be called within a tokio runtime.
    pub fn start(config: Config) -> Result<(Self, Calls, Statuses), StartError> {
        if !runtime::is_there() {
            return Err(StartError::NoRuntime);
        }
        Self::start_with(config, true)
    }

    /// A client that only visits: it can look up and call, and nobody can reach it.
    pub(crate) fn start_visitor(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, false).map(|(peer, _, _)| peer)
    }

    fn start_with(config: Config, reachable: bool) -> Result<(Self, Calls, Statuses), StartError> {
        let (commands, commanded) = mpsc::channel(COMMANDS);
        let (incoming, calls) = mpsc::channel(INCOMING);
        let (status, statuses) = watch::channel(NetworkStatus::Starting);
        let id = config.keypair.public().to_peer_id();
        let is_node = matches!(config.role, Role::Node { .. });
        let driver = Driver::new(config, reachable, commanded, incoming, status)?;
        runtime::spawn(driver.run());
        let peer = Self {
            shared: Arc::new(Shared {
                id,
                is_node,
                commands,
                status: statuses.clone(),
                announcements: Semaphore::new(ANNOUNCEMENTS),
            }),
        };
        let statuses = Statuses {
            changes: statuses,
            begun: false,
        };
        Ok((peer, Calls { calls }, statuses))
    }

    /// This peer's identity.
    pub fn id(&self) -> PeerId {
        self.shared.id
    }

    /// How the connection to the network is now.
    pub fn status(&self) -> NetworkStatus {
        self.shared.status.borrow().clone()
    }

    /// Announces that this peer provides the function, now and whenever a record is lost or grows old, until
    /// [`Peer::withdraw`]. Returns when the record was sent, which is no proof that it was stored: see
    /// [`Peer::announce`].
    pub async fn provide(&self, name: FunctionName) -> Result<(), NetworkError> {
        self.online().await?;
        let (done, wait) = oneshot::channel();
        self.command(Command::Provide(name, done)).await?;
        wait.await.map_err(|_| NetworkError::Offline)
    }

    /// Announces the function no more; records at nodes end by themselves.
    pub async fn withdraw(&self, name: FunctionName) -> Result<(), NetworkError> {
        self.command(Command::Withdraw(vec![name])).await
    }

    /// Announces functions and proves it: a stranger, a second peer of a fresh identity, looks each name up and calls
    /// this peer through the relay with `{"probe": true}`. Returns the names that could not be confirmed. The calls
    /// come in at [`Calls`] meanwhile and must be answered.
    pub async fn announce(
        &self,
        names: Vec<FunctionName>,
    ) -> Result<Vec<FunctionName>, NetworkError> {
        let _one_of_few = self
            .shared
            .announcements
            .acquire()
            .await
            .map_err(|_| NetworkError::Offline)?;
        announce::announce(self, names).await
    }

    /// The peers that provide a function, as they are found; this peer is not among them. Ends with the look-up, at
    /// most 30 s later.
    pub fn providers(&self, name: FunctionName) -> impl Stream<Item = PeerId> + Send + use<> {
        self.look_up(name, None)
    }

    /// [`Peer::providers`], which ends when the wanted one is found.
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
            // Where this fails the sender is gone, and the stream ends.
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

    /// Calls a function at a peer, over an open connection or else through the relay. Returns by the deadline, which
    /// is at most an hour.
    pub async fn call(
        &self,
        to: PeerId,
        request: Request,
        deadline: Duration,
    ) -> Result<Reply, NetworkError> {
        let request = call::encode(&request).map_err(|e| {
            CallError::new(ErrorCode::BadRequest, format!("the call was not sent: {e}"))
        })?;
        let deadline = deadline.min(MAX_DEADLINE);
        let sent = Arc::new(AtomicBool::new(false));
        let (reply, replied) = oneshot::channel();
        let outgoing = OutgoingCall {
            to,
            request,
            deadline: web_time::Instant::now() + deadline,
            sent: sent.clone(),
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

    /// Says where a peer may be reached, for calls to come; at most a few addresses of a few peers are remembered.
    pub async fn learn(&self, peer: PeerId, addresses: Vec<Multiaddr>) -> Result<(), NetworkError> {
        self.command(Command::Learn(peer, addresses)).await
    }

    /// Changes a client's nodes. The connection stays if its node is among them.
    pub async fn set_nodes(&self, nodes: Vec<Multiaddr>) -> Result<(), NetworkError> {
        self.command(Command::SetNodes(nodes)).await
    }

    /// Connects now, without waiting for the next try.
    pub async fn reconnect(&self) -> Result<(), NetworkError> {
        self.command(Command::Reconnect).await
    }

    /// The last round trip of a libp2p ping to a connected peer; there is one every 15 s.
    pub async fn rtt(&self, peer: PeerId) -> Option<Duration> {
        let (reply, replied) = oneshot::channel();
        self.command(Command::Rtt(peer, reply)).await.ok()?;
        replied.await.ok().flatten()
    }

    /// The addresses that this peer listens on; none for a client but its circuits.
    pub async fn listeners(&self) -> Vec<Multiaddr> {
        let (reply, replied) = oneshot::channel();
        if self.command(Command::Listeners(reply)).await.is_err() {
            return Vec::new();
        }
        replied.await.unwrap_or_default()
    }

    /// Ends the peer and returns when its connections are closed.
    pub async fn shutdown(&self) {
        let (done, wait) = oneshot::channel();
        if self.command(Command::Shutdown(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    pub(crate) fn is_node(&self) -> bool {
        self.shared.is_node
    }

    /// Waits while the peer is on its way to a node; fails where it is not.
    pub(crate) async fn online(&self) -> Result<(), NetworkError> {
        let mut status = self.shared.status.clone();
        loop {
            match &*status.borrow_and_update() {
                NetworkStatus::Online { .. } => return Ok(()),
                NetworkStatus::Starting | NetworkStatus::Connecting { .. } => {}
                NetworkStatus::NoNode | NetworkStatus::Offline { .. } => {
                    return Err(NetworkError::Offline);
                }
            }
            status.changed().await.map_err(|_| NetworkError::Offline)?;
        }
    }

    /// Sends a command; fails only when the peer has ended.
    pub(crate) async fn command(&self, command: Command) -> Result<(), NetworkError> {
        self.shared
            .commands
            .send(command)
            .await
            .map_err(|_| NetworkError::Offline)
    }

    /// Sends a command without waiting; gives it back where there is no room.
    pub(crate) fn try_command(&self, command: Command) -> Result<(), Box<Command>> {
        match self.shared.commands.try_send(command) {
            Err(mpsc::error::TrySendError::Full(command)) => Err(Box::new(command)),
            // A peer that has ended does nothing any more.
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

/// The calls that come in. If it is dropped, callers are told that this peer provides nothing.
#[derive(Debug)]
pub struct Calls {
    calls: mpsc::Receiver<IncomingCall>,
}

impl Calls {
    /// The next call, or `None` when the peer has ended.
    pub async fn next(&mut self) -> Option<IncomingCall> {
        self.calls.recv().await
    }
}

impl Stream for Calls {
    type Item = IncomingCall;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<IncomingCall>> {
        self.calls.poll_recv(cx)
    }
}

/// A call from another peer. If it is dropped without a reply the caller is told so.
#[derive(Debug)]
pub struct IncomingCall {
    /// Who calls.
    pub from: PeerId,
    /// What it asks.
    pub request: Request,
    pub(crate) answer: oneshot::Sender<Reply>,
}

impl IncomingCall {
    /// Answers. A caller that is gone by now is no error.
    pub fn reply(self, reply: Reply) {
        let _ = self.answer.send(reply);
    }
}

/// How the connection to the network is, as it changes. Whoever reads slowly sees the latest only.
#[derive(Debug, Clone)]
pub struct Statuses {
    changes: watch::Receiver<NetworkStatus>,
    begun: bool,
}

impl Statuses {
    /// The next status, the present one first; `None` when the peer has ended.
    pub async fn next(&mut self) -> Option<NetworkStatus> {
        if self.begun {
            self.changes.changed().await.ok()?;
        }
        self.begun = true;
        Some(self.changes.borrow_and_update().clone())
    }

    /// Waits until the peer is online.
    pub async fn online(&mut self) -> Option<NetworkStatus> {
        let status = self
            .changes
            .wait_for(|status| matches!(status, NetworkStatus::Online { .. }))
            .await
            .ok()?
            .clone();
        self.begun = true;
        Some(status)
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = NetworkStatus> + Send {
        futures::stream::unfold(self, |mut statuses| async move {
            let status = statuses.next().await?;
            Some((status, statuses))
        })
    }
}
