//! The transports: TCP and WebSocket natively, the browser's WebSocket in a browser, and circuits in both.

use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, Transport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise, relay, yamux};

use crate::config::StartError;

/// How long making a connection may take, including encryption and multiplexing.
const CONNECT: Duration = Duration::from_secs(20);

/// Builds all transports as one, and the behaviour that circuits need.
///
/// # Errors
/// [`StartError::Identity`] if the key cannot be used, or [`StartError::Names`] if the DNS
/// configuration cannot be read.
pub(crate) fn new(
    keypair: &Keypair,
) -> Result<(Boxed<(PeerId, StreamMuxerBox)>, relay::client::Behaviour), StartError> {
    let (circuits, behaviour) = relay::client::new(keypair.public().to_peer_id());
    let noise = noise::Config::new(keypair).map_err(|e| StartError::Identity(e.to_string()))?;
    // Lazy negotiation sends the first message along with the proposal of the only protocol, which saves a round trip.
    let transport = circuits
        .or_transport(direct()?)
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux::Config::default())
        .timeout(CONNECT)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(crate::muxer::Muxer(muxer))))
        .boxed();
    Ok((transport, behaviour))
}

#[cfg(not(target_arch = "wasm32"))]
fn direct() -> Result<
    impl Transport<
        Output = impl futures::AsyncRead + futures::AsyncWrite + Send + Unpin + 'static,
        Error = impl Send + Sync,
        ListenerUpgrade = impl Send,
        Dial = impl Send,
    > + Send
    + Unpin,
    StartError,
> {
    use libp2p::{dns, tcp, websocket};

    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let names =
        |inner| dns::tokio::Transport::system(inner).map_err(|e| StartError::Names(e.to_string()));
    Ok(websocket::Config::new(names(tcp())?).or_transport(names(tcp())?))
}

#[cfg(target_arch = "wasm32")]
fn direct() -> Result<crate::web_socket::Transport, StartError> {
    Ok(crate::web_socket::Transport)
}
