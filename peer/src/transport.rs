//! The transports: TCP and WebSocket natively, the browser's WebSocket in a browser, and circuits in both.

use std::sync::Arc;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, Transport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise, relay};

use crate::config::StartError;
use crate::dialing::{Choosy, Dialing};
use crate::libraries::{self, CONNECT};

/// What only a native peer has.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) struct Native {
    /// The WebSockets that the program accepts.
    pub(crate) handed: crate::handed::Handed,
    pub(crate) sockets: Sockets,
}
#[cfg(target_arch = "wasm32")]
pub(crate) struct Native {
    pub(crate) sockets: Sockets,
}

/// What concerns the sockets that this peer opens itself.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone)]
pub(crate) struct Sockets {
    /// Counts and limits their bytes.
    pub(crate) meter: crate::meter::Meter,
    /// Certificates of authorities that are trusted besides those of Mozilla.
    pub(crate) authorities: Vec<Vec<u8>>,
}
#[cfg(target_arch = "wasm32")]
#[derive(Clone)]
pub(crate) struct Sockets;

/// Builds all transports as one, and the behaviour that circuits need. `pages` are the origins of web pages that may
/// connect over WebSocket.
///
/// # Errors
/// [`StartError::Identity`] if the key cannot be used, [`StartError::Authority`] if a certificate cannot, or
/// [`StartError::Names`] if the DNS configuration cannot be read.
pub(crate) fn new(
    keypair: &Keypair,
    dialing: &Dialing,
    pages: Arc<[String]>,
    native: Native,
) -> Result<(Boxed<(PeerId, StreamMuxerBox)>, relay::client::Behaviour), StartError> {
    let (circuits, behaviour) = relay::client::new(keypair.public().to_peer_id());
    let noise = noise::Config::new(keypair).map_err(|e| StartError::Identity(e.to_string()))?;
    // Lazy negotiation sends the first message along with the proposal of the only protocol, which saves a round trip.
    let direct = Choosy::new(
        direct(None, pages.clone(), native.sockets.clone())?,
        direct(Some(dialing.clone()), pages, native.sockets)?,
        dialing.clone(),
    );
    #[cfg(not(target_arch = "wasm32"))]
    let direct = native.handed.or_transport(direct);
    let transport = circuits
        .or_transport(direct)
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(libraries::yamux())
        .timeout(CONNECT)
        .map(|(peer, muxer), _| {
            let muxer = crate::muxer::Muxer(crate::expiry::Muxer(muxer));
            (peer, StreamMuxerBox::new(muxer))
        })
        .boxed();
    Ok((transport, behaviour))
}

/// TCP and WebSocket. With `careful`, names are not followed to where that does not allow.
#[cfg(not(target_arch = "wasm32"))]
fn direct(
    careful: Option<Dialing>,
    pages: Arc<[String]>,
    sockets: Sockets,
) -> Result<
    impl Transport<
        Output = impl futures::AsyncRead + futures::AsyncWrite + Send + Unpin + 'static,
        Error = impl Send + Sync,
        ListenerUpgrade = impl Send,
        Dial = impl Send,
    > + Send
    + Unpin,
    StartError,
> {
    use crate::dialing::Careful;
    use crate::web_socket_server::Listening;
    use libp2p::{dns, tcp};

    let tcp = || {
        let meter = sockets.meter.clone();
        tcp::tokio::Transport::new(libraries::tcp()).map(move |stream, _| meter.wrap(stream))
    };
    let names = || {
        dns::tokio::Transport::system(Careful::new(tcp(), careful.clone()))
            .map_err(|e| StartError::Names(e.to_string()))
    };
    let dialed = libraries::web_socket(names()?, &sockets.authorities)
        .map_err(|e| StartError::Authority(e.to_string()))?;
    Ok(Listening::new(tcp(), pages)
        .or_transport(dialed)
        .or_transport(names()?))
}

#[cfg(target_arch = "wasm32")]
fn direct(
    _: Option<Dialing>,
    _: Arc<[String]>,
    _: Sockets,
) -> Result<crate::web_socket::Transport, StartError> {
    Ok(crate::web_socket::Transport)
}
