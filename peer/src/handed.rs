//! WebSockets that the program itself has accepted, at a port where it serves HTTP as well.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::future::Ready;
use futures::{AsyncRead, AsyncWrite};
use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;
use tokio::sync::mpsc;

use crate::web_socket_server::{Connection, is_served};

/// How many WebSockets may wait to be taken over, which takes no longer than the event loop is busy.
const WAITING: usize = 64;

/// The bytes of a connection, whatever they are carried by.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

type Stream = Box<dyn Duplex>;

/// Hands WebSockets over to a node.
#[derive(Clone)]
pub struct WebSockets {
    pages: Arc<[String]>,
    to: mpsc::Sender<(Stream, SocketAddr)>,
}

impl WebSockets {
    /// Whether whoever sends this `Origin` may open a WebSocket: programs, which send none, the
    /// extensions of browsers, and the pages that the node's configuration allows.
    pub fn serves(&self, origin: Option<&[u8]>) -> bool {
        is_served(origin, &self.pages)
    }

    /// Hands over a connection whose handshake is done. `from` is where it comes from; it is what the
    /// peer's address block is told by. A connection is dropped if too many wait, or the node has ended.
    pub fn hand_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        from: SocketAddr,
    ) {
        if self.to.try_send((Box::new(stream), from)).is_err() {
            tracing::debug!("a WebSocket was not taken over");
        }
    }
}

impl std::fmt::Debug for WebSockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSockets").finish_non_exhaustive()
    }
}

/// The WebSockets that are handed over, as a transport. It listens nowhere and cannot dial.
pub(crate) struct Handed {
    from: mpsc::Receiver<(Stream, SocketAddr)>,
    listener: ListenerId,
}

/// Both ends; `pages` are the origins of the web pages that may connect.
pub(crate) fn channel(pages: Arc<[String]>) -> (WebSockets, Handed) {
    let (to, from) = mpsc::channel(WAITING);
    let listener = ListenerId::next();
    (WebSockets { pages, to }, Handed { from, listener })
}

impl Transport for Handed {
    type Output = Connection<Stream>;
    type Error = io::Error;
    type ListenerUpgrade = Ready<io::Result<Self::Output>>;
    type Dial = Ready<io::Result<Self::Output>>;

    fn listen_on(
        &mut self,
        _: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        Err(TransportError::MultiaddrNotSupported(address))
    }

    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        _: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        Err(TransportError::MultiaddrNotSupported(address))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        let Some((stream, from)) = ready!(self.from.poll_recv(cx)) else {
            return Poll::Pending;
        };
        let from = Multiaddr::from(from.ip().to_canonical())
            .with(Protocol::Tcp(from.port()))
            .with(Protocol::Ws("/".into()));
        Poll::Ready(TransportEvent::Incoming {
            listener_id: self.listener,
            upgrade: futures::future::ready(Ok(Connection::new(stream))),
            // The program's port, which others know by the addresses that it advertises.
            local_addr: Multiaddr::empty().with(Protocol::Ws("/".into())),
            send_back_addr: from,
        })
    }
}
