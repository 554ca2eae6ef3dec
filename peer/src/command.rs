//! The commands that a [`crate::Peer`] handle sends to the event loop.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use fluence::call::Reply;
use fluence::live::NodeView;
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};

/// A command from a handle to the event loop.
pub(crate) enum Command {
    /// Provide the function until [`Command::Withdraw`]; answered once its record has been sent.
    /// The sender is dropped if the record can never be sent.
    Provide(FunctionName, oneshot::Sender<()>),
    /// Provide these functions, whose records were found: they are stored again with those that are old.
    Keep(Vec<FunctionName>),
    /// Stop providing these functions; answered once the nodes that could be told have been, with those of which some
    /// could not.
    Withdraw(Vec<FunctionName>, oneshot::Sender<Vec<FunctionName>>),
    /// Stop providing every function; answered in the same way.
    WithdrawAll(oneshot::Sender<Vec<FunctionName>>),
    /// The records of these functions were sent but not found: send them again when the functions
    /// are provided again.
    NotFound(Vec<FunctionName>),
    /// Look up the providers of a function.
    Find(Find),
    /// Call a function.
    Call(OutgoingCall),
    /// Add these to the known addresses of a peer.
    Learn(PeerId, Vec<Multiaddr>),
    /// Replace the nodes of a client.
    SetNodes(Vec<Multiaddr>),
    /// Connect now.
    Reconnect,
    /// Try more often to connect, until this peer is online.
    Hurry,
    /// Give the time of the last round trip to a peer.
    Rtt(PeerId, oneshot::Sender<Option<Duration>>),
    /// Give the addresses that this peer listens on.
    Listeners(oneshot::Sender<Vec<Multiaddr>>),
    /// Give the addresses at which others are told that they reach this peer.
    Announced(oneshot::Sender<Vec<Multiaddr>>),
    /// Give the addresses through which another peer can join the same network: those of a client's
    /// linked nodes, or a node's own.
    EntryPoints(oneshot::Sender<Vec<Multiaddr>>),
    /// Give the configured nodes that this client is connected to.
    Nodes(oneshot::Sender<Vec<PeerId>>),
    /// Give the peers that are connected now.
    Connected(oneshot::Sender<Vec<PeerId>>),
    /// Give the nodes of a client with their links.
    Report(oneshot::Sender<Vec<NodeView>>),
    /// Give the addresses of the other nodes that this node knows.
    KnownNodes(oneshot::Sender<Vec<Multiaddr>>),
    /// Serve these peers only.
    #[cfg(not(target_family = "wasm"))]
    Admit(Arc<crate::admission::Admission>),
    /// Give what this node holds for others.
    #[cfg(not(target_family = "wasm"))]
    Load(oneshot::Sender<crate::load::Load>),
    /// Give what WebSockets are handed over to this node with.
    #[cfg(not(target_family = "wasm"))]
    WebSockets(oneshot::Sender<crate::handed::WebSockets>),
    /// Close all connections and end.
    Shutdown(oneshot::Sender<()>),
}

/// A look-up of a function's providers.
pub(crate) struct Find {
    pub(crate) name: FunctionName,
    /// Has room for [`crate::limits::FOUND`] providers.
    pub(crate) found: mpsc::Sender<PeerId>,
    /// The look-up ends as soon as this provider is found.
    pub(crate) wanted: Option<PeerId>,
}

/// A call on its way to another peer.
pub(crate) struct OutgoingCall {
    pub(crate) to: PeerId,
    /// The function that is called.
    pub(crate) function: FunctionName,
    /// The request, encoded.
    pub(crate) request: Vec<u8>,
    pub(crate) deadline: web_time::Instant,
    /// Set once the request may have left this peer.
    pub(crate) sent: Arc<AtomicBool>,
    /// Whether the call is made for the second time, because the connection broke the first time.
    pub(crate) is_second: bool,
    /// Whether the call has been tried as a routed one.
    pub(crate) was_routed: bool,
    /// The node that says that the provider has refused the letter of this call.
    pub(crate) refused_at: Option<PeerId>,
    pub(crate) reply: oneshot::Sender<Result<Reply, NetworkError>>,
}

impl OutgoingCall {
    /// Whether somebody still waits for the reply.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.reply.is_closed() && web_time::Instant::now() < self.deadline
    }
}
