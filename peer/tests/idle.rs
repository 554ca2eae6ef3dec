//! What encrypted connections keep of what they have sent: nothing. A node has thousands of them, most of which are idle.
#![cfg(target_os = "linux")]

use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use libp2p::noise;
use libp2p::tcp::tokio::TcpStream;
use tokio::net::{TcpListener, TcpStream as Socket};

const CONNECTIONS: usize = 64;
/// How many bytes each sends, which fit into one encrypted message.
const MUCH: usize = 60_000;
/// How much more memory there may be afterwards, in KiB: half of what all have sent.
const LITTLE: u64 = (CONNECTIONS * MUCH / 2 / 1024) as u64;

/// The memory of this process that is no file's, in KiB.
fn memory() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux tells");
    let line = maps
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

#[tokio::test]
async fn idle_connections_keep_nothing_of_what_they_have_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let noise = || noise::Config::new(&Keypair::generate_ed25519()).expect("a key");
    let mut pairs = Vec::new();
    for _ in 0..CONNECTIONS {
        let (dialed, accepted) = join(Socket::connect(address), listener.accept()).await;
        let (dialed, (accepted, _)) = (dialed.expect("dialed"), accepted.expect("accepted"));
        let (one, other) = join(
            noise().upgrade_outbound(TcpStream(dialed), "/noise"),
            noise().upgrade_inbound(TcpStream(accepted), "/noise"),
        )
        .await;
        pairs.push((one.expect("a handshake").1, other.expect("a handshake").1));
    }
    let before = memory();
    for (one, other) in &mut pairs {
        let send = async {
            one.write_all(&[1; MUCH]).await.expect("written");
            one.flush().await.expect("sent");
        };
        let mut received = vec![0; MUCH];
        let ((), read) = join(send, other.read_exact(&mut received)).await;
        read.expect("received");
        // It waits for more.
        assert!(other.read(&mut received).now_or_never().is_none());
    }
    let more = memory().saturating_sub(before);
    assert!(
        more < LITTLE,
        "{more} KiB of {CONNECTIONS} connections stay"
    );
}
