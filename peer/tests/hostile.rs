//! A node is attacked over real sockets, by peers with any number of identities and a few IP
//! addresses. What counts is what others can still do meanwhile.
//!
//! On Linux all of 127.0.0.0/8 is this machine. The attackers come from 127.0.0.2 and 127.0.0.3 (and
//! from 127.0.0.1 when they learn where the node listens), and honest peers from other addresses.
//! The nodes have the limits that they have by default, except that they take no address for that
//! of a reverse proxy.
#![cfg(target_os = "linux")]

#[path = "support/attacker.rs"]
mod attacker;

use std::collections::HashSet;
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use attacker::{
    AttackEvent, ask_for_web_socket, attacker, connect_from, from, open_web_socket, store, until,
};
use fluence::call::{ErrorCode, Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence::state::NetworkStatus;
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId, RelayLimits, Role, Statuses};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{identify, kad};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECOND: Duration = Duration::from_secs(1);
/// The addresses of the attackers.
const HOSTILE: [&str; 2] = ["127.0.0.2", "127.0.0.3"];

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(60 * SECOND, work).await {
        Ok(value) => value,
        Err(_) => panic!("it took too long: {what}"),
    }
}

fn name(text: &str) -> FunctionName {
    text.parse().expect("a name")
}

fn ask(function: &str) -> Request {
    Request::new(name(function), &json!({}))
}

/// A node, and where it listens.
struct Node {
    peer: Peer,
    tcp: SocketAddr,
    ws: SocketAddr,
}

fn socket(address: &Multiaddr) -> SocketAddr {
    let mut parts = address.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port))) => (ip, port).into(),
        _ => panic!("not a socket: {address}"),
    }
}

/// A node that others reach at `external` addresses, and that joins the nodes at `peers`.
async fn node_with(
    external: &[&str],
    peers: &[SocketAddr],
    change: impl FnOnce(&mut RelayLimits),
) -> (Node, Calls) {
    node_of(|role| {
        if let Role::Node {
            limits,
            external: told,
            peers: joined,
            ..
        } = role
        {
            let peers = peers
                .iter()
                .map(|at| format!("/ip4/{}/tcp/{}", at.ip(), at.port()));
            *joined = peers.map(|text| text.parse().unwrap()).collect();
            limits.shared_addresses.clear();
            change(limits);
            *told = external.iter().map(|text| text.parse().unwrap()).collect();
        }
    })
    .await
}

/// A node with another role than the default one.
async fn node_of(change: impl FnOnce(&mut Role)) -> (Node, Calls) {
    let listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"];
    let listen = listen.map(|text| text.parse().unwrap()).to_vec();
    let mut config = Config::node(Keypair::generate_ed25519(), listen);
    change(&mut config.role);
    let (peer, calls, mut statuses) = Peer::start(config).expect("the node starts");
    soon("the node listens", statuses.online()).await;
    let mut listeners = peer.listeners().await;
    listeners.sort_by_key(Multiaddr::len);
    let node = Node {
        tcp: socket(&listeners[0]),
        ws: socket(&listeners[1]),
        peer,
    };
    (node, calls)
}

async fn node() -> Node {
    node_with(&[], &[], |_| {}).await.0
}

fn start(keypair: Keypair, node: &Multiaddr) -> (Peer, Calls, Statuses) {
    Peer::start(Config::client(keypair, vec![node.clone()])).expect("the client starts")
}

/// A client that is online at a node.
async fn client(node: &Multiaddr) -> (Peer, Calls, Statuses) {
    let (peer, calls, mut statuses) = start(Keypair::generate_ed25519(), node);
    let online = tokio::time::timeout(30 * SECOND, statuses.online()).await;
    assert!(online.is_ok(), "{node}: {:?}", peer.status());
    (peer, calls, statuses)
}

/// Answers every call.
fn answer(mut calls: Calls) {
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            call.reply(Reply::ok(&json!({"answered": true})));
        }
    });
}

/// A client that provides a function, confirmed by a stranger.
async fn provider(node: &Multiaddr, function: &str) -> Peer {
    let (peer, calls, _) = client(node).await;
    answer(calls);
    let missing = soon("it is announced", peer.announce(vec![name(function)])).await;
    assert_eq!(missing, Ok(vec![]), "{function} is announced");
    peer
}

async fn found(peer: &Peer, function: &str) -> HashSet<PeerId> {
    soon("a look-up", peer.providers(name(function)).collect()).await
}

/// Calls a function of a peer, and panics unless it is answered.
async fn assert_answers(caller: &Peer, provider: PeerId, function: &str) {
    let reply = caller.call(provider, ask(function), 10 * SECOND).await;
    assert_eq!(reply, Ok(Reply::ok(&json!({"answered": true}))));
}

/// The memory of this process, in MiB.
fn memory() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("it is read");
    let pages: usize = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    pages * 4096 / (1024 * 1024)
}

/// A web page cannot set or leave out `Origin`, and a node's first words after this answer tell who it is.
#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_is_connected_unless_the_operator_allows_it() {
    let page = "https://share.example";
    let allowing = |pages: &[&str]| {
        let pages = pages.iter().map(|page| (*page).to_owned()).collect();
        node_of(|role| {
            if let Role::Node { pages: allowed, .. } = role {
                *allowed = pages;
            }
        })
    };
    let (strict, _calls) = allowing(&[]).await;
    let (open, _calls) = allowing(&[page]).await;
    let asks = async |node: &Node, origin: &str| {
        let headers = format!("Origin: {origin}\r\n");
        let (status, mut stream) = ask_for_web_socket("127.0.0.1", node.ws, &headers).await;
        if status != 101 {
            let mut rest = Vec::new();
            let read = soon("the end", stream.read_to_end(&mut rest)).await;
            assert_eq!((read.ok(), rest.len()), (Some(0), 0), "nothing follows");
        }
        status
    };
    let own = format!("http://{}", strict.ws);
    for origin in [page, "http://localhost:4180", "null", &own] {
        assert_eq!(asks(&strict, origin).await, 403, "{origin}");
    }
    assert_eq!(asks(&open, page).await, 101);
    assert_eq!(asks(&open, "https://other.example").await, 403);
    for extension in ["chrome-extension://abc", "moz-extension://0-1"] {
        assert_eq!(asks(&strict, extension).await, 101);
    }
    // Programs that are no browsers send no origin.
    let ws = from("127.0.0.9", strict.ws)
        .await
        .with(Protocol::Ws("/".into()));
    let honest = provider(&ws, "f").await;
    let (caller, _, _) = client(&ws).await;
    assert_answers(&caller, honest.id(), "f").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_only_declared_costs_nothing() {
    let node = node().await;
    let ws = from("127.0.0.9", node.ws)
        .await
        .with(Protocol::Ws("/".into()));
    let honest = provider(&ws, "f").await;
    let before = memory();
    let mut open = Vec::new();
    for n in 0..16 {
        let mut stream = open_web_socket(HOSTILE[n % 2], node.ws).await;
        let mut header = vec![0x82, 0xff];
        header.extend((200_u64 << 20).to_be_bytes());
        header.extend([1, 2, 3, 4]);
        stream.write_all(&header).await.expect("it is sent");
        open.push(stream);
    }
    // Once a further WebSocket has been served, the headers have been read.
    let (caller, _, _) = client(&ws).await;
    assert_answers(&caller, honest.id(), "f").await;
    let grown = memory().saturating_sub(before);
    assert!(grown < 400, "the memory has grown by {grown} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_nobody_has_reached_are_told_to_nobody() {
    let node = node().await;
    let home = from("127.0.0.9", node.tcp).await;
    let honest = provider(&home, "f").await;
    let mut attackers = Vec::new();
    for n in 0..8 {
        let way = from(HOSTILE[n % 2], node.tcp).await;
        let mut swarm = attacker(kad::Mode::Server);
        swarm.dial(way).expect("it dials");
        // Each identify message is filled with other addresses.
        for round in 0..6 {
            let fresh: Vec<Multiaddr> = (0..16)
                .map(|m| {
                    let label = format!("{n}-{round}-{m}-{}", "x".repeat(50));
                    let name = format!("{label}.{label}.{label}.example.org");
                    format!("/dns4/{name}/tcp/4101")
                        .parse()
                        .expect("an address")
                })
                .collect();
            for address in &fresh {
                swarm.add_external_address(address.clone());
            }
            let id = node.peer.id();
            if round > 0 {
                swarm.behaviour_mut().identify.push([id]);
            }
            let told = until(&mut swarm, |event| match event {
                SwarmEvent::Behaviour(AttackEvent::Identify(
                    identify::Event::Sent { .. } | identify::Event::Pushed { .. },
                )) => Some(()),
                _ => None,
            });
            soon("the attacker tells its addresses", told).await;
            for address in &fresh {
                swarm.remove_external_address(address);
            }
        }
        attackers.push(swarm);
    }
    let (caller, _, _) = client(&home).await;
    assert!(found(&caller, "f").await.contains(&honest.id()));
    assert_answers(&caller, honest.id(), "f").await;
    // It does not last either.
    drop(attackers);
    assert!(found(&caller, "f").await.contains(&honest.id()));
    // The node itself tells about no attacker.
    let mut asker = attacker(kad::Mode::Client);
    asker.behaviour_mut().kad.add_address(&node.peer.id(), home);
    asker
        .behaviour_mut()
        .kad
        .get_closest_peers(PeerId::random());
    let closest = until(&mut asker, |event| match event {
        SwarmEvent::Behaviour(AttackEvent::Kad(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::GetClosestPeers(Ok(closest)),
            ..
        })) => Some(
            closest
                .peers
                .iter()
                .map(|peer| peer.peer_id)
                .collect::<Vec<_>>(),
        ),
        _ => None,
    });
    assert_eq!(soon("a query", closest).await, [node.peer.id()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_with_long_addresses_hide_nobody() {
    let node = node().await;
    let home = from("127.0.0.9", node.tcp).await;
    let honest = provider(&home, "f").await;
    let mut attackers = Vec::new();
    for n in 0..12 {
        let way = from(HOSTILE[n % 2], node.tcp).await;
        let mut swarm = attacker(kad::Mode::Client);
        for m in 0..8 {
            let label = format!("{n}-{m}-{}", "x".repeat(40));
            let name = format!("{label}.{label}.{label}.{label}.example");
            swarm.add_external_address(format!("/dns4/{name}/tcp/4101").parse().unwrap());
        }
        soon(
            "it is stored",
            store(&mut swarm, node.peer.id(), &way, &name("f")),
        )
        .await;
        attackers.push(swarm);
    }
    let (caller, _, _) = client(&home).await;
    assert!(found(&caller, "f").await.contains(&honest.id()));
    assert_answers(&caller, honest.id(), "f").await;
    let late = provider(&home, "f").await;
    assert!(found(&caller, "f").await.contains(&late.id()));
}

/// Registers short-lived providers of a function, from attackers' addresses.
async fn register(node: &Node, count: usize, function: &str) {
    for n in 0..count {
        let way = from(HOSTILE[n % 2], node.tcp).await;
        let mut swarm = attacker(kad::Mode::Client);
        let (id, function) = (node.peer.id(), name(function));
        soon("it is stored", store(&mut swarm, id, &way, &function)).await;
        // The message is sent when the connection is closed in order.
        let id = node.peer.id();
        let _ = swarm.disconnect_peer_id(id);
        let closed = until(&mut swarm, |event| match event {
            SwarmEvent::ConnectionClosed { .. } => Some(()),
            _ => None,
        });
        soon("it is closed", closed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_that_are_offline_do_not_hide_one_that_is_there() {
    let node = node().await;
    let home = from("127.0.0.9", node.tcp).await;
    register(&node, 25, "f").await;
    let (honest, calls, _) = client(&home).await;
    answer(calls);
    honest.provide(name("f")).await.expect("provided");
    let (caller, _, _) = client(&home).await;
    let see = async { while !found(&caller, "f").await.contains(&honest.id()) {} };
    soon("the one that is there is found among the old ones", see).await;
    register(&node, 64, "f").await;
    assert!(found(&caller, "f").await.contains(&honest.id()));
    assert_answers(&caller, honest.id(), "f").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_providers_are_found_than_one_answer_has() {
    let node = node().await;
    let home = from("127.0.0.9", node.tcp).await;
    let mut providers = Vec::new();
    for _ in 0..40 {
        let (peer, calls, statuses) = client(&home).await;
        peer.provide(name("f")).await.expect("provided");
        providers.push((peer, calls, statuses));
    }
    let (caller, _, _) = client(&home).await;
    // One look-up asks again as long as there are others. At first, not all records are stored.
    let all = async {
        let mut most = 0;
        while most < 35 {
            most = most.max(found(&caller, "f").await.len());
        }
        let mut seen = HashSet::new();
        while seen.len() < 40 {
            seen.extend(found(&caller, "f").await);
        }
    };
    soon("all are found", all).await;
}

/// Counts the clients that are online, of those that had time to be.
async fn how_many_are_online(clients: &mut [(Peer, Calls, Statuses)]) -> usize {
    let decided = clients.iter_mut().map(|(_, _, statuses)| async {
        loop {
            match statuses.next().await {
                Some(NetworkStatus::Online { .. }) => return true,
                Some(NetworkStatus::Unreachable { .. } | NetworkStatus::Offline { .. }) | None => {
                    return false;
                }
                _ => {}
            }
        }
    });
    let online = soon("reservations", futures::future::join_all(decided)).await;
    online.into_iter().filter(|online| *online).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_reservation_keeps_it_and_newcomers_get_one() {
    let (node, _calls) = node_with(&[], &[], |limits| {
        limits.max_reservations = 12;
        limits.reservation_duration = 3 * SECOND;
    })
    .await;
    let home = from("127.0.0.9", node.tcp).await;
    let honest = provider(&home, "f").await;
    let ways = [
        from(HOSTILE[0], node.tcp).await,
        from(HOSTILE[1], node.tcp).await,
    ];
    let mut attackers: Vec<_> = (0..16)
        .map(|n| start(Keypair::generate_ed25519(), &ways[n % 2]))
        .collect();
    let taken = how_many_are_online(&mut attackers).await;
    assert!(
        (2..11).contains(&taken),
        "{taken} attackers have a reservation"
    );
    let newcomer = provider(&from("127.0.0.8", node.tcp).await, "g").await;
    // The relay's client renews a reservation when most of its time is over.
    let (caller, _, _) = client(&from("127.0.0.7", node.tcp).await).await;
    let until = Instant::now() + 4 * SECOND;
    while Instant::now() < until {
        assert!(matches!(honest.status(), NetworkStatus::Online { .. }));
        assert_answers(&caller, honest.id(), "f").await;
        assert_answers(&caller, newcomer.id(), "g").await;
        tokio::time::sleep(SECOND / 4).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_eight_reservations_and_no_ninth() {
    let node = node().await;
    let way = from("127.0.0.9", node.tcp).await;
    let keypair = Keypair::generate_ed25519();
    let mut same: Vec<_> = (0..10).map(|_| start(keypair.clone(), &way)).collect();
    assert_eq!(how_many_are_online(&mut same).await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_make_room() {
    let node = node().await;
    let home = from("127.0.0.9", node.tcp).await;
    let honest = provider(&home, "f").await;
    let mut idle = Vec::new();
    for n in 0..1100 {
        let to = if n % 3 == 0 { node.ws } else { node.tcp };
        idle.push(connect_from(HOSTILE[n % 2], to).await.expect("it connects"));
    }
    // A node gives a connection 20 s to become one; an honest peer does not have to wait for that.
    let (late, calls, mut statuses) = start(
        Keypair::generate_ed25519(),
        &from("127.0.0.8", node.tcp).await,
    );
    answer(calls);
    let online = tokio::time::timeout(10 * SECOND, statuses.online()).await;
    assert!(online.is_ok(), "{:?}", late.status());
    let (caller, _, _) = client(&home).await;
    assert_answers(&caller, honest.id(), "f").await;
    assert_answers(&caller, late.id(), "g").await;
    // Those that had to go know it.
    let ends = idle.iter_mut().map(|stream| async {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let ends = ends.collect::<FuturesUnordered<_>>().take(1100 - 256);
    assert_eq!(
        soon("connections are ended", ends.count()).await,
        1100 - 256
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_node_connect_into_its_own_network() {
    let node = node().await;
    let (public, _calls) = node_with(&["/ip4/198.51.100.1/tcp/4101"], &[node.tcp], |_| {}).await;
    let victim = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = victim.local_addr().expect("an address").port();
    let way = from(HOSTILE[0], node.tcp).await;
    let mut swarm = attacker(kad::Mode::Client);
    for address in [
        format!("/ip4/127.0.0.1/tcp/{port}"),
        format!("/ip4/127.0.0.1/tcp/{port}/x-parity-ws/%2fadmin"),
        format!("/dns4/localhost/tcp/{port}/ws"),
        format!(
            "/ip4/127.0.0.1/tcp/{port}/p2p/{}/p2p-circuit",
            PeerId::random()
        ),
    ] {
        swarm.add_external_address(address.parse().expect("an address"));
    }
    soon(
        "it is stored",
        store(&mut swarm, node.peer.id(), &way, &name("f")),
    )
    .await;
    let id = *swarm.local_peer_id();
    drop(swarm);
    let see = async { while !found(&public.peer, "f").await.contains(&id) {} };
    soon("the other node finds the record", see).await;
    let reply = public.peer.call(id, ask("f"), 10 * SECOND).await;
    assert_eq!(reply, Err(NetworkError::Unreachable));
    found(&public.peer, "f").await;
    // If anything else had connected, it would come first.
    let own = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("it connects");
    let (_, first) = victim.accept().await.expect("it is accepted");
    assert_eq!(Some(first), own.local_addr().ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_lists_each_of_its_addresses_once() {
    let node = node().await;
    node.peer.provide(name("f")).await.expect("provided");
    let mut asker = attacker(kad::Mode::Client);
    let way = from("127.0.0.9", node.tcp).await;
    let kad = &mut asker.behaviour_mut().kad;
    kad.add_address(&node.peer.id(), way);
    kad.get_providers(kad::RecordKey::new(&name("f").dht_key()));
    let id = node.peer.id();
    // What an answer says about a provider is there while the query runs.
    let found = until(&mut asker, |event| match event {
        SwarmEvent::Behaviour(AttackEvent::Kad(kad::Event::OutboundQueryProgressed {
            result:
                kad::QueryResult::GetProviders(Ok(kad::GetProvidersOk::FoundProviders {
                    providers,
                    ..
                })),
            ..
        })) if providers.contains(&id) => Some(()),
        _ => None,
    });
    soon("the node is found", found).await;
    let mut addresses = asker
        .behaviour_mut()
        .kad
        .handle_pending_outbound_connection(
            libp2p::swarm::ConnectionId::new_unchecked(0),
            Some(id),
            &[],
            libp2p::core::Endpoint::Dialer,
        )
        .expect("addresses");
    // The first one is that of the routing table.
    addresses.remove(0);
    let once: HashSet<&Multiaddr> = addresses.iter().collect();
    assert_eq!((once.len(), addresses.len()), (2, 2), "{addresses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_too_often_is_refused_and_others_are_answered() {
    let (node, mut calls) = node_with(&[], &[], |_| {}).await;
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            // This is how long a node may need that has something to do.
            tokio::time::sleep(Duration::from_millis(5)).await;
            call.reply(Reply::ok(&json!({"answered": true})));
        }
    });
    let (honest, _, _) = client(&from("127.0.0.9", node.tcp).await).await;
    let mut attackers = Vec::new();
    for n in 0..12 {
        attackers.push(client(&from(HOSTILE[n % 2], node.tcp).await).await);
    }
    let id = node.peer.id();
    let flood = attackers.iter().map(|(attacker, _, _)| async move {
        let (mut answered, mut refused) = (0, 0);
        for _ in 0..8 {
            let many = (0..32).map(|_| attacker.call(id, ask("f"), 10 * SECOND));
            for reply in futures::future::join_all(many).await {
                match reply {
                    Ok(Reply::Error(error)) if error.code == ErrorCode::Busy => refused += 1,
                    Ok(_) => answered += 1,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        (answered, refused)
    });
    let mut flood = std::pin::pin!(futures::future::join_all(flood));
    let ask_again = async {
        let (mut first, mut later) = (0, 0);
        for _ in 0..10 {
            let mut reply = honest.call(id, ask("f"), 10 * SECOND).await;
            first += usize::from(matches!(reply, Ok(Reply::Ok(_))));
            while !matches!(reply, Ok(Reply::Ok(_))) {
                tokio::time::sleep(SECOND / 10).await;
                reply = honest.call(id, ask("f"), 10 * SECOND).await;
            }
            later += 1;
        }
        (first, later)
    };
    let (flooded, (first, _)) =
        soon("the calls", futures::future::join(&mut flood, ask_again)).await;
    let answered: usize = flooded.iter().map(|(answered, _)| answered).sum();
    let refused: usize = flooded.iter().map(|(_, refused)| refused).sum();
    assert!(first >= 8, "{first} of 10 were answered at once");
    // Three blocks have 256 calls at once each, and then 32 in each second.
    assert!(
        answered < 3 * (256 + 32 * 10),
        "{answered} answered, {refused} refused"
    );
    assert!(refused > 1000, "{answered} answered, {refused} refused");
}
