//! Attackers, made from libp2p alone and from sockets, which come from IP addresses that a test chooses. On Linux all of
//! 127.0.0.0/8 is this machine.
#![allow(dead_code)]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fluence::names::FunctionName;
use futures::StreamExt;
use libp2p::kad::store::MemoryStore;
use libp2p::swarm::{NetworkBehaviour, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, SwarmBuilder, identify, kad, noise, tcp, yamux};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A connection to an address from another one.
pub async fn connect_from(ip: &str, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((ip.parse::<IpAddr>().unwrap(), 0).into())?;
    socket.connect(to).await
}

/// A way to the node which lets all who take it come from this IP address.
pub async fn from(ip: &'static str, to: SocketAddr) -> Multiaddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut there) = connect_from(ip, to).await {
                    let _ = there.set_nodelay(true);
                    let _ = here.set_nodelay(true);
                    let _ = copy_bidirectional(&mut here, &mut there).await;
                }
            });
        }
    });
    format!("/ip4/127.0.0.1/tcp/{port}")
        .parse()
        .expect("an address")
}

/// The protocols of an attacker.
#[derive(NetworkBehaviour)]
pub struct Attack {
    pub kad: kad::Behaviour<MemoryStore>,
    pub identify: identify::Behaviour,
}

/// An attacker with an identity of its own.
pub fn attacker(mode: kad::Mode) -> Swarm<Attack> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )
        .expect("a transport")
        .with_behaviour(|key| {
            let id = key.public().to_peer_id();
            let protocol = StreamProtocol::new("/fluence/kad/1.0.0");
            let mut kad =
                kad::Behaviour::with_config(id, MemoryStore::new(id), kad::Config::new(protocol));
            kad.set_mode(Some(mode));
            let identify = identify::Config::new("/fluence/1.0.0".to_owned(), key.public());
            Attack {
                kad,
                identify: identify::Behaviour::new(identify),
            }
        })
        .expect("a behaviour")
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build()
}

/// Runs a swarm until an event is one that is waited for.
pub async fn until<T>(
    swarm: &mut Swarm<Attack>,
    wanted: impl Fn(&SwarmEvent<AttackEvent>) -> Option<T>,
) -> T {
    loop {
        if let Some(value) = wanted(&swarm.select_next_some().await) {
            return value;
        }
    }
}

/// Stores a record that this attacker provides a function.
pub async fn store(
    swarm: &mut Swarm<Attack>,
    node: PeerId,
    way: &Multiaddr,
    function: &FunctionName,
) {
    let kad = &mut swarm.behaviour_mut().kad;
    kad.add_address(&node, way.clone());
    let key = kad::RecordKey::new(&function.dht_key());
    kad.start_providing(key).expect("it is stored");
    let stored = until(swarm, |event| match event {
        SwarmEvent::Behaviour(AttackEvent::Kad(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::StartProviding(result),
            ..
        })) => Some(result.is_ok()),
        _ => None,
    });
    assert!(stored.await);
    // The record is sent only after this, and not answered; a query on the same connection is.
    let kad = &mut swarm.behaviour_mut().kad;
    kad.get_closest_peers(PeerId::random());
    let answered = until(swarm, |event| match event {
        SwarmEvent::Behaviour(AttackEvent::Kad(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::GetClosestPeers(_),
            ..
        })) => Some(()),
        _ => None,
    });
    answered.await;
}

/// Asks for a WebSocket with these further headers; returns the answer's status, and what follows it.
pub async fn ask_for_web_socket(ip: &str, to: SocketAddr, headers: &str) -> (u16, TcpStream) {
    let mut stream = connect_from(ip, to).await.expect("it connects");
    let request = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{headers}\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it is sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), stream)
}

/// Opens a WebSocket and returns what the server's answer is followed by.
pub async fn open_web_socket(ip: &str, to: SocketAddr) -> TcpStream {
    let (status, stream) = ask_for_web_socket(ip, to, "").await;
    assert_eq!(status, 101);
    stream
}
