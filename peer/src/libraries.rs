//! How the libraries of the network are set: every value that a stranger could use against a peer,
//! or that decides how far a peer gets, with its reason. Where a default is kept, the reason is
//! given too. (Read in libp2p 0.57. What an operator may set is in [`RelayLimits`], with its defaults. HTTP is spoken by the
//! program of a node alone, which sets hyper in the same way in `node/src/gateway/limits.rs`.)

#[cfg(not(target_family = "wasm"))]
use std::num::NonZeroU32;
use std::num::{NonZeroU8, NonZeroUsize};
use std::time::Duration;

use fluence::call;
use libp2p::connection_limits::ConnectionLimits;
use libp2p::request_response::ProtocolSupport;
#[cfg(not(target_family = "wasm"))]
use libp2p::{Multiaddr, PeerId, relay};
use libp2p::{StreamProtocol, identify, identity, kad, ping, request_response, swarm, yamux};
#[cfg(not(target_family = "wasm"))]
use web_time::Instant;

use crate::codec::CallCodec;
use crate::config::RelayLimits;
#[cfg(not(target_family = "wasm"))]
use crate::guests::Guests;
use crate::limits::{CALLS_PER_CONNECTION, LONGEST_ROUTED, MAX_DEADLINE};
use crate::route::{ROUTE, RouteCodec};

/// The protocol name of the DHT.
pub(crate) const KAD: StreamProtocol = StreamProtocol::new("/fluence/kad/1.0.0");
/// The protocol family that identify reports.
const FAMILY: &str = "/fluence/1.0.0";

/// How long making a connection may take, including encryption and multiplexing: eight round trips
/// of two seconds and more. Until then a stranger holds a place in [`crate::door`], of which others
/// can take it.
pub(crate) const CONNECT: Duration = Duration::from_secs(20);
/// The time between two pings. They also keep a browser's service worker alive, which Chrome stops after 30 s without
/// an event.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(12);
/// A connection on which a ping takes longer than this is considered dead. The default is 20 s.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(7);
/// How long a DHT query may last. This is less than [`crate::peer`] allows for a stream of
/// providers. The default is 60 s.
const QUERY: Duration = Duration::from_secs(20);
/// How long a node keeps a provider record that is not stored again. [`crate::offers`] renews it
/// long before that; independent implementations renew it as often as libp2p's libraries do, every
/// 12 or 22 hours.
pub(crate) const RECORD_TTL: Duration = Duration::from_secs(48 * 60 * 60);
/// The largest message of the DHT, in bytes. It is libp2p's default, by which other implementations read what nodes
/// answer; so this is also what an answer must fit into.
pub(crate) const KAD_MESSAGE: usize = 16 * 1024;
/// How many of the nodes that are nearest to a key hold its records, and are asked for them: so many that a third of all
/// can vanish without anybody noticing, and so few that the room for records grows with the network.
pub(crate) const HOLDERS: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not 0");
/// How many providers and how many nodes an answer of a node has at most.
pub(crate) const KAD_REPLICATION: NonZeroUsize = kad::K_VALUE;
/// How many nodes a look-up asks at the same time.
pub(crate) const QUERIED_AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");
/// Connections of a client at the same time.
const CLIENT_CONNECTIONS: u32 = 512;
/// How many of them others may have made, most of which come through a node. The rest are left for what the client itself
/// connects to: its nodes, and those whom it calls.
const CLIENT_INCOMING: u32 = 384;
/// Connections that are being made at the same time, by dialing.
const DIALING: u32 = 512;
/// Connections that are being made to a client. A node's are bounded by [`crate::door`], which
/// refuses nobody but ends the oldest.
const CLIENT_PENDING: u32 = 512;
/// Connections to one peer at the same time: direct and relayed ones, and a few more for when one
/// replaces another.
const PER_PEER: u32 = 16;
/// Streams of one connection. yamux gives each stream a window of 256 KiB, lets windows grow while
/// their sum is within 1 GiB, and keeps room in that sum for as many streams as there may be. With
/// this many, nothing is left by which windows could grow: else somebody who relays bytes to
/// themselves could make each as large as they like, and then stop reading. Circuits carry calls,
/// for which 256 KiB in a round trip is plenty. How many streams a peer really has is bounded by
/// the protocols: the default of 512 here would let windows grow.
const STREAMS: usize = 4096;
/// Streams of one connection whose protocol is not agreed on yet. Each may hold a window of bytes that
/// nobody reads, for 10 s. The default is 128; a peer makes no more than 64 calls to another at once.
const NEGOTIATING: usize = 64;
/// The largest WebSocket frame that is read from a server which was dialed, in bytes: as much is set
/// aside before it comes, and before the server has said who it is. The default is 256 MiB. libp2p's
/// implementations send no more than a few encrypted messages in one frame, each of 64 KiB at most:
/// rust-libp2p gathers 128 KiB and one message more. (As a server, this peer holds no frames
/// at all: see [`crate::web_socket_server`].)
#[cfg(not(target_family = "wasm"))]
const WEB_SOCKET_FRAME: usize = 256 * 1024;

/// Calls are answered at once, so what is written is sent at once. The backlog of 1024 connections
/// that are not accepted yet is the default; the kernel has more, as SYN cookies.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn tcp() -> libp2p::tcp::Config {
    libp2p::tcp::Config::default()
        .nodelay(true)
        .listen_backlog(1024)
}

/// WebSocket for dialing. Redirects are not followed, which is the default. `authorities` are
/// trusted besides those of Mozilla.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn web_socket<T>(
    inner: T,
    authorities: &[Vec<u8>],
) -> Result<libp2p::websocket::Config<T>, libp2p::websocket::tls::Error>
where
    T: libp2p::Transport + Send + Unpin + 'static,
    T::Error: Send + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
    T::Output: futures::AsyncRead + futures::AsyncWrite + Send + Unpin + 'static,
{
    let mut config = libp2p::websocket::Config::new(inner);
    let mut tls = libp2p::websocket::tls::Config::builder();
    for authority in authorities {
        tls.add_trust(&libp2p::websocket::tls::Certificate::new(authority.clone()))?;
    }
    config
        .set_max_data_size(WEB_SOCKET_FRAME)
        .set_max_redirects(0)
        .set_tls_config(tls.finish());
    Ok(config)
}

/// See [`STREAMS`]. libp2p lets nothing else be set, and the rest is as it should be: frames of 16 KiB, so that no stream
/// keeps the others waiting for long, and what has come is read to its end though the connection has been closed.
pub(crate) fn yamux() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(STREAMS);
    config
}

/// A connection that nothing uses is kept for `idle`.
pub(crate) fn swarm(idle: Duration) -> swarm::Config {
    #[cfg(not(target_arch = "wasm32"))]
    let config = swarm::Config::with_tokio_executor();
    #[cfg(target_arch = "wasm32")]
    let config = swarm::Config::with_wasm_executor();
    config
        .with_idle_connection_timeout(idle)
        .with_max_negotiating_inbound_streams(NEGOTIATING)
        // These are the defaults: what waits between a connection's task and the peer is bounded, and who does not keep up
        // makes the other wait.
        .with_notify_handler_buffer_size(NonZeroUsize::new(33).expect("33 is not 0"))
        .with_per_connection_event_buffer_size(7)
        // Addresses of one peer that are dialed at the same time: as many as a record has. This is the default.
        .with_dial_concurrency_factor(NonZeroU8::new(8).expect("8 is not 0"))
        // A request goes out along with the proposal of its protocol: a call is one round trip.
        .with_substream_upgrade_protocol_override(libp2p::core::upgrade::Version::V1Lazy)
}

/// The counts of connections, whoever they are from; a node's [`crate::gate`] counts them by
/// address block too. There are no limits by default.
pub(crate) fn connections(node: Option<&RelayLimits>) -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(node.is_none().then_some(CLIENT_PENDING))
        .with_max_pending_outgoing(Some(DIALING))
        .with_max_established_incoming(node.is_none().then_some(CLIENT_INCOMING))
        .with_max_established(Some(
            node.map_or(CLIENT_CONNECTIONS, |limits| limits.max_connections),
        ))
        .with_max_established_per_peer(Some(PER_PEER))
}

/// The relay of a node with these limits. Each connection may ask ten things of it at a time, for 60 s each, which cannot
/// be set.
///
/// By default there would be 128 reservations, four of one peer, and 16 circuits of 2 minutes and 128 KiB, with rates for
/// peers and addresses. Here numbers are left to the guests, who are asked last: the relay itself refuses to renew a
/// reservation when there are as many as there may be, and grants one more to a peer than it may have.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn relay(limits: &RelayLimits, guests: &Guests) -> relay::Config {
    const MINUTE: Duration = Duration::from_secs(60);
    let mut config = relay::Config {
        max_reservations: usize::MAX,
        max_reservations_per_peer: usize::MAX,
        reservation_duration: limits.reservation_duration,
        reservation_rate_limiters: Vec::new(),
        max_circuits: usize::MAX,
        max_circuits_per_peer: usize::MAX,
        max_circuit_duration: limits.max_circuit_duration,
        max_circuit_bytes: limits.max_circuit_bytes,
        circuit_src_rate_limiters: Vec::new(),
    };
    // A limiter allows a burst of `limit`, and one more after each interval.
    let each = |limit: NonZeroU32| MINUTE / limit.get();
    if let Some(limit) = NonZeroU32::new(limits.reservations_per_peer_per_minute) {
        config = config.reservation_rate_per_peer(limit, each(limit));
    }
    if let Some(limit) = NonZeroU32::new(limits.reservations_per_ip_per_minute) {
        config = config.reservation_rate_per_ip(limit, each(limit));
    }
    if let Some(limit) = NonZeroU32::new(limits.circuits_per_peer_per_minute) {
        config = config.circuit_src_per_peer(limit, each(limit));
    }
    if let Some(limit) = NonZeroU32::new(limits.circuits_per_ip_per_minute) {
        config = config.circuit_src_per_ip(limit, each(limit));
    }
    let reserving = guests.clone();
    config.reservation_rate_limiters.push(Box::new(
        move |peer: PeerId, address: &Multiaddr, now: Instant| {
            reserving.reserve(peer, address, now)
        },
    ));
    let calling = guests.clone();
    config.circuit_src_rate_limiters.push(Box::new(
        move |peer: PeerId, address: &Multiaddr, _: Instant| calling.open_circuit(peer, address),
    ));
    config
}

/// Calls. The codec enforces the deadline of each, and the length of its messages.
pub(crate) fn calls() -> request_response::Behaviour<CallCodec> {
    request_response::Behaviour::new(
        [(StreamProtocol::new(call::PROTOCOL), ProtocolSupport::Full)],
        request_response::Config::default()
            .with_request_timeout(MAX_DEADLINE)
            .with_max_concurrent_streams(CALLS_PER_CONNECTION),
    )
}

/// Routed calls. The codec enforces the deadline of each part and the lengths.
pub(crate) fn routes() -> request_response::Behaviour<RouteCodec> {
    request_response::Behaviour::new(
        [(ROUTE, ProtocolSupport::Full)],
        request_response::Config::default()
            .with_request_timeout(LONGEST_ROUTED)
            .with_max_concurrent_streams(CALLS_PER_CONNECTION),
    )
}

/// A message of identify has 4 KiB at most. Others are asked again every five minutes, and told at
/// once when this peer's addresses change.
///
/// Nothing is kept of the addresses that others say they have (by default, those of 100 peers
/// would be dialed): a node proves them first, in `driver/routing.rs`.
/// Others are told what a node announces, not where it listens, which may be an address of a private network that it has
/// behind a reverse proxy or beside its address on the internet.
pub(crate) fn identify(key: identity::PublicKey, agent: String) -> identify::Config {
    identify::Config::new(FAMILY.to_owned(), key)
        .with_agent_version(agent)
        .with_interval(Duration::from_secs(5 * 60))
        .with_push_listen_addr_updates(true)
        .with_cache_size(0)
        .with_hide_listen_addrs(true)
}

/// One ping is under way on a connection at a time.
pub(crate) fn ping() -> ping::Config {
    ping::Config::new()
        .with_interval(PING_EVERY)
        .with_timeout(PING_TIMEOUT)
}

/// The DHT. It serves 32 requests of a connection at a time, which cannot be set.
pub(crate) fn kad(is_node: bool) -> kad::Config {
    let mut kad = kad::Config::new(KAD);
    kad.set_max_packet_size(KAD_MESSAGE)
        .set_replication_factor(if is_node { KAD_REPLICATION } else { HOLDERS })
        .set_query_timeout(QUERY)
        .set_provider_record_ttl(Some(RECORD_TTL))
        // `offers` renews records on its own schedule and after each reconnect.
        .set_provider_publication_interval(None)
        .set_publication_interval(None)
        .set_replication_interval(None)
        .set_caching(kad::Caching::Disabled)
        .set_parallelism(QUERIED_AT_ONCE)
        // These are the defaults. A request of which nothing is answered for 10 s has failed, and ends long before its
        // query. A bucket holds as many nodes as an answer, and a new one waits a minute for the place of a silent one.
        .set_substreams_timeout(Duration::from_secs(10))
        .set_kbucket_size(KAD_REPLICATION)
        .set_kbucket_pending_timeout(Duration::from_secs(60))
        // Off, as by default: each path would begin with a part of the nodes that are known, and so with none in a network
        // of few. Of those that mislead, one address block has few places in a routing table (`driver/routing.rs`), and as
        // many are asked as hold a record.
        .disjoint_query_paths(false)
        // What is stored is looked at by the store (`records.rs`), which takes no values, only providers.
        .set_record_filtering(kad::StoreInserts::Unfiltered)
        .set_record_ttl(None)
        // A node looks for others that have come near since, every five minutes; `driver/neighbours.rs` looks for lost ones.
        // A client, which would connect to a dozen nodes for that, meets them when it looks something up.
        .set_periodic_bootstrap_interval(is_node.then_some(Duration::from_secs(5 * 60)))
        // What a node's routing table has is told to others, so a node itself decides what is in it.
        .set_kbucket_inserts(if is_node {
            kad::BucketInserts::Manual
        } else {
            kad::BucketInserts::OnConnected
        });
    kad
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use std::pin::Pin;

    use futures::{AsyncReadExt, AsyncWriteExt, future::poll_fn};
    use libp2p::connection_limits;
    use libp2p::core::muxing::StreamMuxer;
    use libp2p::core::transport::PortUse;
    use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
    use libp2p::core::{ConnectedPoint, Endpoint};
    use libp2p::swarm::behaviour::ConnectionEstablished;
    use libp2p::swarm::{ConnectionId, FromSwarm, NetworkBehaviour as _};
    use libp2p::tcp::tokio::TcpStream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, tcp};
    use tokio::time::{Instant, sleep_until, timeout};

    use super::*;

    #[test]
    fn whoever_comes_leaves_a_client_connections_of_its_own() {
        let mut limits = connection_limits::Behaviour::new(connections(None));
        let address = libp2p::Multiaddr::empty();
        let mut came = 0;
        let mut id = || {
            came += 1;
            (ConnectionId::new_unchecked(came), libp2p::PeerId::random())
        };
        let mut accepted = 0;
        for _ in 0..CLIENT_CONNECTIONS {
            let (id, peer) = id();
            let accepts =
                limits.handle_established_inbound_connection(id, peer, &address, &address);
            if accepts.is_err() {
                break;
            }
            limits.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id: peer,
                connection_id: id,
                endpoint: &ConnectedPoint::Listener {
                    local_addr: address.clone(),
                    send_back_addr: address.clone(),
                },
                failed_addresses: &[],
                other_established: 0,
            }));
            accepted += 1;
        }
        assert_eq!(accepted, CLIENT_INCOMING);
        let (id, peer) = id();
        let (role, port) = (Endpoint::Dialer, PortUse::Reuse);
        let dialed = limits.handle_established_outbound_connection(id, peer, &address, role, port);
        assert!(dialed.is_ok());
    }

    /// One direction of a line on which bytes take some time, as many as there may be.
    fn delayed(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf) {
        let (sender, mut late) = tokio::sync::mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
        tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = from.read(&mut buffer).await {
                let due = Instant::now() + Duration::from_millis(20);
                let _ = sender.send((due, buffer[..read].to_vec()));
            }
        });
        tokio::spawn(async move {
            while let Some((due, bytes)) = late.recv().await {
                sleep_until(due).await;
                let _ = to.write_all(&bytes).await;
            }
        });
    }

    /// Both ends of such a line.
    async fn line() -> [tokio::net::TcpStream; 2] {
        let pair = async || {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            let (one, other) = tokio::join!(tokio::net::TcpStream::connect(at), listener.accept());
            (one.unwrap(), other.unwrap().0)
        };
        let ((here, left), (there, right)) = (pair().await, pair().await);
        let ((from_left, to_left), (from_right, to_right)) =
            (left.into_split(), right.into_split());
        delayed(from_left, to_right);
        delayed(from_right, to_left);
        [here, there]
    }

    /// Somebody reads fast, so that the window could grow, and then stops: what has been sent and not
    /// been read is what this side holds.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_nobody_reads_takes_no_more_than_a_window() {
        const WINDOW: usize = 256 * 1024;
        const READ: usize = 8 * 1024 * 1024;
        let [here, there] = line().await;
        let (own, other) = (yamux(), yamux::Config::default());
        let mut own = own
            .upgrade_inbound(TcpStream(here), "/yamux/1.0.0")
            .await
            .unwrap();
        let mut other = other
            .upgrade_outbound(TcpStream(there), "/yamux/1.0.0")
            .await
            .unwrap();
        let mut writer = poll_fn(|cx| Pin::new(&mut other).poll_outbound(cx))
            .await
            .unwrap();
        tokio::spawn(async move {
            poll_fn(|cx| Pin::new(&mut other).poll(cx))
                .await
                .map(|_| ())
        });
        writer.write_all(&[0; 1024]).await.unwrap();
        let mut reader = poll_fn(|cx| Pin::new(&mut own).poll_inbound(cx))
            .await
            .unwrap();
        tokio::spawn(async move { poll_fn(|cx| Pin::new(&mut own).poll(cx)).await.map(|_| ()) });
        let read = tokio::spawn(async move {
            let mut buffer = vec![0; READ];
            reader.read_exact(&mut buffer).await.unwrap();
            reader
        });
        let (mut written, piece) = (1024, vec![0; 16 * 1024]);
        loop {
            match timeout(Duration::from_secs(1), writer.write(&piece)).await {
                Ok(more) => written += more.unwrap(),
                Err(_) if read.is_finished() => break,
                Err(_) => {}
            }
        }
        let _reader = read.await.unwrap();
        let held = written - READ;
        assert!(held <= WINDOW, "{held} bytes are held");
    }
}
