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

/// Builds all transports as one, and the behaviour that circuits need. `pages` are the origins of web pages that may
/// connect over WebSocket.
///
/// # Errors
/// [`StartError::Identity`] if the key cannot be used, or [`StartError::Names`] if the DNS
/// configuration cannot be read.
pub(crate) fn new(
    keypair: &Keypair,
    dialing: &Dialing,
    pages: Arc<[String]>,
) -> Result<(Boxed<(PeerId, StreamMuxerBox)>, relay::client::Behaviour), StartError> {
    let (circuits, behaviour) = relay::client::new(keypair.public().to_peer_id());
    let noise = noise::Config::new(keypair).map_err(|e| StartError::Identity(e.to_string()))?;
    // Lazy negotiation sends the first message along with the proposal of the only protocol, which saves a round trip.
    let transport = circuits
        .or_transport(Choosy::new(
            direct(None, pages.clone())?,
            direct(Some(dialing.clone()), pages)?,
            dialing.clone(),
        ))
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

    let tcp = || tcp::tokio::Transport::new(libraries::tcp());
    let names = || {
        dns::tokio::Transport::system(Careful::new(tcp(), careful.clone()))
            .map_err(|e| StartError::Names(e.to_string()))
    };
    let dialed = libraries::web_socket(names()?);
    Ok(Listening::new(tcp(), pages)
        .or_transport(dialed)
        .or_transport(names()?))
}

#[cfg(target_arch = "wasm32")]
fn direct(
    _: Option<Dialing>,
    _: Arc<[String]>,
) -> Result<crate::web_socket::Transport, StartError> {
    Ok(crate::web_socket::Transport)
}
