//! Tests against peers of other implementations: their malformed messages are answered, their load
//! is bounded, and neither disturbs anything else.

#[path = "support/raw.rs"]
mod raw;

use std::future::Future;
use std::time::{Duration, Instant};

use fluence::call::{self, ErrorCode, MAX_MESSAGE, Reply, Request};
use fluence::ports::NetworkError;
use fluence::state::{LinkCause, NetworkStatus};
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId, Role};
use futures::StreamExt;
use libp2p::request_response::{self, Event, Message, ProtocolSupport};
use libp2p::swarm::SwarmEvent;
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, identify, noise, tcp, yamux};
use raw::Raw;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const SECOND: Duration = Duration::from_secs(1);

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(60 * SECOND, work).await {
        Ok(value) => value,
        Err(_) => panic!("it took too long: {what}"),
    }
}

/// A bare libp2p peer that sends and receives raw bytes over the call protocol.
fn stranger() -> Swarm<request_response::Behaviour<Raw>> {
    stranger_with(&[call::PROTOCOL])
}

/// The same, over any protocols.
fn stranger_with(protocols: &'static [&'static str]) -> Swarm<request_response::Behaviour<Raw>> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )
        .expect("a transport")
        .with_behaviour(|_| {
            let protocols = protocols.iter().map(|name| StreamProtocol::new(name));
            request_response::Behaviour::new(
                protocols.map(|protocol| (protocol, ProtocolSupport::Full)),
                request_response::Config::default().with_request_timeout(600 * SECOND),
            )
        })
        .expect("a behaviour")
        .with_swarm_config(|config| config.with_idle_connection_timeout(60 * SECOND))
        .build()
}

async fn node() -> (Peer, Calls, Multiaddr) {
    let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")];
    let (peer, calls, mut statuses) =
        Peer::start(Config::node(Keypair::generate_ed25519(), listen)).expect("it starts");
    soon("it listens", statuses.online()).await;
    let address = peer.listeners().await.remove(0);
    (peer, calls, address)
}

fn echo(mut calls: Calls) {
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let reply = Reply::ok(&json!({"size": call.request.args.len()}));
            call.reply(reply);
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_understood_is_answered_with_bad_request() {
    let (peer, calls, address) = node().await;
    echo(calls);
    let mut stranger = stranger();
    let mut ask = async |bytes: Vec<u8>| -> Reply {
        let behaviour = stranger.behaviour_mut();
        behaviour.send_request_with_addresses(&peer.id(), bytes, vec![address.clone()]);
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::Behaviour(Event::Message {
                    message: Message::Response { response, .. },
                    ..
                }) => return call::decode(&response).expect("a reply"),
                SwarmEvent::Behaviour(Event::OutboundFailure { error, .. }) => {
                    panic!("no reply: {error}")
                }
                _ => {}
            }
        }
    };
    let mut long = br#"{"function":"f","args":{"#.to_vec();
    long.resize(MAX_MESSAGE - 1, b' ');
    long.extend(b"}}");
    let endless = vec![b'['; 900 * 1024];
    let wrong: [&[u8]; 9] = [
        b"",
        b"hello",
        b"[]",
        br#"{"function":"f","args":{}"#,
        br#"{"function":"a b"}"#,
        br#"{"function":"f","args":[1]}"#,
        br#"{"function":["f"],"args":{}}"#,
        &long,
        &endless,
    ];
    for bytes in wrong {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
        let reply = soon(&shown, ask(bytes.to_vec())).await;
        assert!(
            matches!(&reply, Reply::Error(e) if e.code == ErrorCode::BadRequest),
            "{shown}: {reply:?}"
        );
    }
    // One of the spaces less.
    long.remove(MAX_MESSAGE - 2);
    let right: [&[u8]; 3] = [
        br#"{"function":"f","more":[1]}"#,
        br#"{"function":"f","args":null}"#,
        &long,
    ];
    for bytes in right {
        let reply = soon("a good request", ask(bytes.to_vec())).await;
        assert_eq!(reply, Reply::ok(&json!({"size": 0})));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_none_is_an_error_of_its_kind() {
    let (peer, _calls, _) = node().await;
    let mut stranger = stranger();
    let listen = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
    stranger.listen_on(listen).expect("listens");
    let id = *stranger.local_peer_id();
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = stranger.select_next_some().await {
            break address;
        }
    };
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let SwarmEvent::Behaviour(Event::Message {
                message:
                    Message::Request {
                        request, channel, ..
                    },
                ..
            }) = stranger.select_next_some().await
            else {
                continue;
            };
            let request: Request = call::decode(&request).expect("a request");
            let bytes = match request.function.as_str() {
                "malformed" => b"{\"ok\":".to_vec(),
                "large" => vec![b'['; MAX_MESSAGE + 1],
                "empty" => Vec::new(),
                "strange" => br#"{"error":{"code":"of_version_2","message":"?"}}"#.to_vec(),
                "more" => br#"{"id":7,"ok":{"a":1},"error":null}"#.to_vec(),
                "both" => br#"{"ok":{},"error":{"code":"busy"}}"#.to_vec(),
                "neither" => b"{}".to_vec(),
                _ => {
                    kept.push(channel);
                    continue;
                }
            };
            let _ = stranger.behaviour_mut().send_response(channel, bytes);
        }
    });
    peer.learn(id, vec![address]).await.expect("learned");
    let ask = async |function: &str, deadline| {
        let request = Request::new(function.parse().expect("a name"), &json!({}));
        soon(function, peer.call(id, request, deadline)).await
    };
    let long = 10 * SECOND;
    assert_eq!(ask("malformed", long).await, Err(NetworkError::Malformed));
    assert_eq!(ask("large", long).await, Err(NetworkError::Malformed));
    assert_eq!(ask("both", long).await, Err(NetworkError::Malformed));
    assert_eq!(ask("neither", long).await, Err(NetworkError::Malformed));
    assert_eq!(ask("more", long).await, Ok(Reply::ok(&json!({"a": 1}))));
    assert_eq!(ask("empty", long).await, Err(NetworkError::NoReply));
    assert_eq!(ask("silence", SECOND / 4).await, Err(NetworkError::NoReply));
    assert_eq!(
        ask("strange", long).await,
        Ok(Reply::error(ErrorCode::Internal, "?"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_a_peer_that_does_not_keep_up_are_told_that_it_is_busy() {
    let (peer, mut calls, address) = node().await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let config = Config::client(Keypair::generate_ed25519(), vec![address.clone()]);
        let (client, _, mut statuses) = Peer::start(config).expect("it starts");
        soon("it is online", statuses.online()).await;
        clients.push(client);
    }
    let many = clients.iter().cycle().take(200).map(|client| {
        let request = Request::new("f".parse().expect("a name"), &json!({}));
        client.call(peer.id(), request, 3 * SECOND)
    });
    let replies = soon("the calls", futures::future::join_all(many)).await;
    let busy = |reply: &Result<Reply, NetworkError>| matches!(reply, Ok(Reply::Error(e)) if e.code == ErrorCode::Busy && e.retry_after_ms.is_some());
    let (busy, waiting): (Vec<_>, Vec<_>) = replies.into_iter().partition(busy);
    assert!(busy.len() >= 100, "{} were told", busy.len());
    assert!(
        waiting
            .iter()
            .all(|reply| *reply == Err(NetworkError::NoReply)),
        "{waiting:?}"
    );
    // The calls that waited can still be taken, and there are no others.
    let kept = futures::stream::poll_fn(|cx| calls.poll_next_unpin(cx)).take(waiting.len());
    assert_eq!(soon("the queue", kept.count()).await, waiting.len());
}

/// A proxy for an address that can go dead silently, as when a cable is pulled.
async fn line(to: std::net::SocketAddr) -> (std::net::SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let at = listener.local_addr().expect("an address");
    let (cut, is_cut) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let mut is_cut = is_cut.clone();
            tokio::spawn(async move {
                let Ok(mut there) = TcpStream::connect(to).await else {
                    return;
                };
                let cut = is_cut.wait_for(|cut| *cut);
                tokio::select! {
                    _ = copy_bidirectional(&mut here, &mut there) => return,
                    _ = cut => {}
                }
                // Both ends stay open, but nothing passes.
                std::future::pending::<()>().await;
            });
        }
    });
    (at, cut)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_goes_dead_without_a_word_is_noticed() {
    let (_peer, _calls, address) = node().await;
    let port = address.to_string().rsplit('/').next().unwrap().to_owned();
    let to = format!("127.0.0.1:{port}").parse().expect("an address");
    let (at, cut) = line(to).await;
    let through: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", at.port()).parse().unwrap();
    let config = Config::client(Keypair::generate_ed25519(), vec![through]);
    let (_client, _calls, mut statuses) = Peer::start(config).expect("it starts");
    soon("it is online", statuses.online()).await;
    cut.send_replace(true);
    let noticed = async {
        while !matches!(
            statuses.next().await,
            Some(NetworkStatus::Offline { .. }) | None
        ) {}
    };
    let noticed = tokio::time::timeout(40 * SECOND, noticed).await;
    assert!(noticed.is_ok(), "it still says that it is online");
}

/// How long a node keeps a connection to a stranger.
async fn kept(mut stranger: Swarm<request_response::Behaviour<Raw>>, node: &Multiaddr) -> Duration {
    stranger.dial(node.clone()).expect("it dials");
    let mut since = None;
    let kept = async {
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::ConnectionEstablished { .. } => since = Some(Instant::now()),
                SwarmEvent::ConnectionClosed { .. } => break,
                // A ping is read, and never answered.
                _ => {}
            }
        }
    };
    soon("the connection ends", kept).await;
    since.expect("it was connected").elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_no_ping_is_cut_off() {
    let (_peer, _calls, address) = node().await;
    let (without, silent) = tokio::join!(
        kept(stranger(), &address),
        kept(stranger_with(&["/ipfs/ping/1.0.0"]), &address),
    );
    eprintln!("without ping: {without:?}; one that answers none: {silent:?}");
    // The connection was not refused for another reason.
    assert!(without > 5 * SECOND && silent > without);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_known_by_its_key_not_by_its_address() {
    let (peer, _calls, address) = node().await;
    let somebody_else = PeerId::random();
    let address: Multiaddr = format!("{address}/p2p/{somebody_else}").parse().unwrap();
    let config = Config::client(Keypair::generate_ed25519(), vec![address]);
    let (_client, _calls, mut statuses) = Peer::start(config).expect("it starts");
    let offline = async {
        loop {
            match statuses.next().await {
                Some(NetworkStatus::Offline { error, .. }) => return error,
                Some(NetworkStatus::Online { .. }) => panic!("it took another for its node"),
                _ => {}
            }
        }
    };
    let error = soon("it is refused", offline).await;
    let found = peer.id().to_string();
    assert_eq!(error.cause, LinkCause::WrongPeer { found });
}

/// Where a node says to anybody that it is reached.
async fn says(node: Config) -> Vec<Multiaddr> {
    let (peer, _calls, mut statuses) = Peer::start(node).expect("it starts");
    soon("it listens", statuses.online()).await;
    let mut listeners = peer.listeners().await;
    let mut stranger = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .expect("a transport")
        .with_behaviour(|key| {
            let config = identify::Config::new("/fluence/1.0.0".to_owned(), key.public());
            identify::Behaviour::new(config)
        })
        .expect("a behaviour")
        .build();
    stranger.dial(listeners.remove(0)).expect("it is dialed");
    let told = async {
        loop {
            if let SwarmEvent::Behaviour(identify::Event::Received { info, .. }) =
                stranger.select_next_some().await
            {
                return info.listen_addrs;
            }
        }
    };
    soon("identify", told).await
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_told_what_a_node_announces_and_not_where_it_listens() {
    let outside: Multiaddr = "/dns4/node.example.org/tcp/443/tls/ws"
        .parse()
        .expect("an address");
    let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")];
    let mut config = Config::node(Keypair::generate_ed25519(), listen.clone());
    // Where nothing else is announced, it is what the configuration names.
    let told = says(Config {
        keypair: Keypair::generate_ed25519(),
        ..config.clone()
    });
    assert!(told.await[0].to_string().starts_with("/ip4/127.0.0.1/tcp/"));
    if let Role::Node { external, .. } = &mut config.role {
        external.push(outside.clone());
    }
    assert_eq!(says(config).await, [outside]);
}
