//! Tests of peers over real sockets on loopback: a node, and clients that reach each other through
//! it.

use std::future::Future;
use std::time::{Duration, Instant};

use fluence::call::{
    ErrorCode, HoldsArgs, HoldsOk, MAX_HELD, MAX_MESSAGE, Reply, Request, WithdrawArgs,
};
use fluence::names::FunctionName;
use fluence::ports::{self, NetworkError};
use fluence::state::{LinkCause, LinkError, NetworkStatus};
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId, Role, Statuses};
use futures::StreamExt;
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(10);

/// Awaits the work, and panics if it takes longer than a test should.
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

struct Node {
    peer: Peer,
    _calls: Calls,
    ws: Multiaddr,
    tcp: Multiaddr,
}

fn node_config(keypair: Keypair, listen: &[&str]) -> Config {
    let listen = listen
        .iter()
        .map(|a| a.parse().expect("an address"))
        .collect();
    Config::node(keypair, listen)
}

async fn start_node(config: Config) -> Node {
    let (peer, calls, mut statuses) = Peer::start(config).expect("the node starts");
    soon("the node listens", statuses.online()).await;
    let listeners = peer.listeners().await;
    let find = |ws: bool| {
        listeners
            .iter()
            .find(|address| address.to_string().contains("/ws") == ws)
            .cloned()
    };
    Node {
        ws: find(true).expect("a WebSocket address"),
        tcp: find(false).expect("a TCP address"),
        peer,
        _calls: calls,
    }
}

async fn node() -> Node {
    let both = ["/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0"];
    start_node(node_config(Keypair::generate_ed25519(), &both)).await
}

async fn client(node: &Multiaddr) -> (Peer, Calls, Statuses) {
    let config = Config::client(Keypair::generate_ed25519(), vec![node.clone()]);
    let (peer, calls, mut statuses) = Peer::start(config).expect("the client starts");
    soon("the client is online", statuses.online()).await;
    (peer, calls, statuses)
}

/// Answers every call with its caller, function and arguments.
fn echo(mut calls: Calls) {
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let reply = Reply::ok(&json!({
                "from": call.from.to_string(),
                "function": call.request.function,
                "args": call.request.args,
            }));
            call.reply(reply);
        }
    });
}

/// A client that answers calls.
async fn provider(node: &Multiaddr) -> Peer {
    let (peer, calls, _) = client(node).await;
    echo(calls);
    peer
}

/// The providers of a function, once the node knows any. When `provide` returns, the record may
/// still be on its way, because kad does not acknowledge it.
async fn who_provides(peer: &Peer, function: &str) -> Vec<PeerId> {
    loop {
        let found: Vec<PeerId> = peer.providers(name(function)).collect().await;
        if !found.is_empty() {
            return found;
        }
    }
}

/// Why a peer is offline, if it is.
fn error_of(status: NetworkStatus) -> Option<LinkError> {
    match status {
        NetworkStatus::Offline { error, .. } => Some(error),
        _ => None,
    }
}

fn ok(reply: Result<Reply, NetworkError>) -> serde_json::Map<String, serde_json::Value> {
    match reply {
        Ok(Reply::Ok(map)) => map,
        other => panic!("expected a result: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_provided_found_and_called_both_ways() {
    let node = node().await;
    // One connects by WebSocket, as a browser does, and the other by TCP, as the command line does.
    let alice = provider(&node.ws).await;
    let bob = provider(&node.tcp).await;
    for (provider, caller, function) in [(&alice, &bob, "hello"), (&bob, &alice, "world")] {
        provider.provide(name(function)).await.expect("provided");
        let found = soon("look-up", who_provides(caller, function)).await;
        assert_eq!(found, [provider.id()]);
        let reply = ok(caller.call(found[0], ask(function), DEADLINE).await);
        assert_eq!(reply["from"], caller.id().to_string());
        assert_eq!(reply["function"], function);
    }
    assert!(
        alice.rtt(node.peer.id()).await.is_some(),
        "no ping on the connection to the node"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_does_not_find_itself_and_unknown_names_end() {
    let node = node().await;
    let alice = provider(&node.ws).await;
    alice.provide(name("mine")).await.expect("provided");
    for function in ["mine", "nobody"] {
        let found: Vec<PeerId> = soon("look-up", alice.providers(name(function)).collect()).await;
        assert_eq!(found, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_provides_functions_and_calls_clients() {
    let mut node = node().await;
    node.peer.provide(name("storage")).await.expect("provided");
    let alice = provider(&node.ws).await;
    alice.provide(name("file")).await.expect("provided");

    let found: Vec<PeerId> = soon("look-up", alice.providers(name("storage")).collect()).await;
    assert_eq!(found, [node.peer.id()]);
    let called = alice.call(node.peer.id(), ask("storage"), DEADLINE);
    let answered = async {
        let call = node._calls.next().await.expect("a call");
        assert_eq!(call.from, alice.id());
        call.reply(Reply::ok(&json!({"here": true})));
    };
    let (reply, ()) = soon("call", futures::future::join(called, answered)).await;
    assert_eq!(ok(reply)["here"], true);

    let found = soon("look-up", who_provides(&node.peer, "file")).await;
    assert_eq!(found, [alice.id()]);
    ok(node.peer.call(alice.id(), ask("file"), DEADLINE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_are_one_network() {
    let first = node().await;
    let mut config = node_config(
        Keypair::generate_ed25519(),
        &["/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0"],
    );
    if let Role::Node { peers, .. } = &mut config.role {
        peers.push(first.tcp.clone());
    }
    let second = start_node(config).await;
    second
        .peer
        .provide(name("storage"))
        .await
        .expect("provided");
    let alice = provider(&first.tcp).await;
    let bob = provider(&second.ws).await;
    alice.provide(name("file")).await.expect("provided");
    // The nodes connect in the background; until then the look-up finds nothing.
    let find = |peer: Peer, function: &'static str, wanted: PeerId| async move {
        loop {
            let found: Vec<PeerId> = peer.providers(name(function)).collect().await;
            if found.contains(&wanted) {
                return;
            }
        }
    };
    soon("bob finds alice", find(bob.clone(), "file", alice.id())).await;
    soon(
        "alice finds the second node",
        find(alice.clone(), "storage", second.peer.id()),
    )
    .await;
    ok(bob.call(alice.id(), ask("file"), DEADLINE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_come_back_as_the_provider_said_them() {
    let node = node().await;
    let (alice, mut calls, _) = client(&node.ws).await;
    let bob = provider(&node.ws).await;
    let called = bob.call(alice.id(), ask("IPFS_none"), DEADLINE);
    let answered = async {
        let call = calls.next().await.expect("a call");
        call.reply(Reply::error(ErrorCode::NoSuchFunction, "not any more"));
    };
    let (reply, ()) = soon("call", futures::future::join(called, answered)).await;
    assert_eq!(
        reply,
        Ok(Reply::error(ErrorCode::NoSuchFunction, "not any more"))
    );

    let called = bob.call(alice.id(), ask("x"), DEADLINE);
    let dropped = async { drop(calls.next().await) };
    let (reply, ()) = soon("call", futures::future::join(called, dropped)).await;
    assert!(
        matches!(&reply, Ok(Reply::Error(e)) if e.code == ErrorCode::Internal),
        "{reply:?}"
    );

    drop(calls);
    let reply = soon("call", bob.call(alice.id(), ask("x"), DEADLINE)).await;
    assert!(
        matches!(&reply, Ok(Reply::Error(e)) if e.code == ErrorCode::NoSuchFunction),
        "{reply:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_may_have_64_kib_and_not_a_byte_more() {
    let node = node().await;
    let (alice, mut calls, _) = client(&node.ws).await;
    let bob = provider(&node.ws).await;
    // Answers with a reply of as many bytes as requested.
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let size = call.request.args["reply"].as_u64().expect("a size") as usize;
            let frame = serde_json::to_vec(&Reply::ok(&json!({"x": ""})))
                .unwrap()
                .len();
            call.reply(Reply::ok(&json!({"x": "y".repeat(size - frame)})));
        }
    });
    let request = |size: usize, reply: usize| {
        let whole = |pad: &str| Request::new(name("f"), &json!({"reply": reply, "pad": pad}));
        let frame = serde_json::to_vec(&whole("")).unwrap().len();
        let request = whole(&"z".repeat(size.saturating_sub(frame)));
        assert!(size < frame || serde_json::to_vec(&request).unwrap().len() == size);
        request
    };
    ok(soon(
        "largest",
        bob.call(alice.id(), request(MAX_MESSAGE, MAX_MESSAGE), DEADLINE),
    )
    .await);

    let large_reply = bob
        .call(alice.id(), request(100, MAX_MESSAGE + 1), DEADLINE)
        .await;
    assert!(
        matches!(&large_reply, Ok(Reply::Error(e)) if e.code == ErrorCode::Internal),
        "{large_reply:?}"
    );
    let large_request = bob
        .call(alice.id(), request(MAX_MESSAGE + 1, 100), DEADLINE)
        .await;
    assert!(
        matches!(&large_request, Err(NetworkError::Call(e)) if e.code == ErrorCode::BadRequest),
        "{large_request:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_by_its_deadline() {
    let node = node().await;
    let (alice, mut calls, _) = client(&node.ws).await;
    let bob = provider(&node.ws).await;
    let called = bob.call(alice.id(), ask("slow"), SECOND / 2);
    let (reply, call) = soon("call", futures::future::join(called, calls.next())).await;
    assert_eq!(reply, Err(NetworkError::NoReply));
    // The caller is gone, but answering now is not an error.
    call.expect("a call").reply(Reply::ok(&json!({})));
    let stranger = PeerId::random();
    let nobody = soon("call", bob.call(stranger, ask("x"), DEADLINE)).await;
    assert_eq!(nobody, Err(NetworkError::Unreachable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_gone_is_unreachable_at_once() {
    let node = node().await;
    let alice = provider(&node.ws).await;
    let bob = provider(&node.ws).await;
    alice.provide(name("file")).await.expect("provided");
    ok(bob.call(alice.id(), ask("file"), DEADLINE).await);
    soon("shutdown", alice.shutdown()).await;
    // The record is still there.
    let mut providers = std::pin::pin!(bob.providers(name("file")));
    let found = soon("look-up", providers.next()).await;
    assert_eq!(found, Some(alice.id()));
    let began = std::time::Instant::now();
    let reply = soon("call", bob.call(alice.id(), ask("file"), 30 * SECOND)).await;
    assert!(
        matches!(
            reply,
            Err(NetworkError::Unreachable | NetworkError::NoReply)
        ),
        "{reply:?}"
    );
    assert!(
        began.elapsed() < 5 * SECOND,
        "it took {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_comes_back_when_its_node_does() {
    let keypair = Keypair::generate_ed25519();
    let both = ["/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0"];
    let node = start_node(node_config(keypair.clone(), &both)).await;
    let (alice, calls, mut statuses) = client(&node.ws).await;
    echo(calls);
    alice.provide(name("file")).await.expect("provided");

    let (ws, tcp) = (node.ws.to_string(), node.tcp.to_string());
    node.peer.shutdown().await;
    let offline = async {
        while let Some(status) = statuses.next().await {
            if let NetworkStatus::Offline { retry_at, .. } = status {
                assert!(retry_at > 0);
                let lost = error_of(status).expect("an error");
                assert_eq!(lost.cause, LinkCause::ConnectionLost);
                return;
            }
        }
    };
    soon("the loss is noticed", offline).await;
    let offline = alice.call(PeerId::random(), ask("x"), SECOND).await;
    assert!(matches!(
        offline,
        Err(NetworkError::Offline | NetworkError::Unreachable)
    ));

    let node = start_node(node_config(keypair, &[&ws, &tcp])).await;
    soon("it is online again", statuses.online()).await;
    // The new node knows nothing; the client stores its record again without being asked.
    let bob = provider(&node.ws).await;
    let found = async {
        loop {
            let found: Vec<PeerId> = bob.providers(name("file")).collect().await;
            if found == [alice.id()] {
                return;
            }
        }
    };
    soon("the record is there again", found).await;
    ok(bob.call(alice.id(), ask("file"), DEADLINE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_tell_the_truth_about_nodes() {
    let config = Config::client(Keypair::generate_ed25519(), Vec::new());
    let (peer, _calls, mut statuses) = Peer::start(config).expect("starts");
    let no_node = async { while statuses.next().await != Some(NetworkStatus::NoNode) {} };
    soon("no node", no_node).await;
    let reply = peer.call(PeerId::random(), ask("x"), DEADLINE).await;
    assert_eq!(reply, Err(NetworkError::Offline));

    // The first address is a port where nobody listens, the second a node. The first that works is
    // used.
    let node = node().await;
    let dead: Multiaddr = "/ip4/127.0.0.1/tcp/1/ws".parse().unwrap();
    peer.set_nodes(vec![dead.clone(), node.ws.clone()])
        .await
        .expect("set");
    let Some(NetworkStatus::Online { node: at }) = soon("online", statuses.online()).await else {
        panic!("not online");
    };
    assert_eq!(at, format!("{}/p2p/{}", node.ws, node.peer.id()));

    peer.set_nodes(vec![dead]).await.expect("set");
    let offline = async {
        loop {
            if let Some(error) = statuses.next().await.and_then(error_of) {
                return error;
            }
        }
    };
    let error = soon("offline", offline).await;
    assert_eq!(error.node.as_deref(), Some("/ip4/127.0.0.1/tcp/1/ws"));
    assert!(
        matches!(error.cause, LinkCause::Unreachable { detail: Some(_) }),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_left_is_not_asked_any_more() {
    let (old, new) = (node().await, node().await);
    for node in [&old, &new] {
        node.peer.provide(name("storage")).await.expect("provided");
    }
    let (peer, _calls, mut statuses) = client(&old.ws).await;
    let storages = |peer: &Peer| peer.providers(name("storage")).collect::<Vec<PeerId>>();
    assert_eq!(soon("look-up", storages(&peer)).await, [old.peer.id()]);
    peer.set_nodes(vec![new.ws.clone()]).await.expect("set");
    let moved = async {
        loop {
            match statuses.next().await {
                Some(NetworkStatus::Online { node }) if node.starts_with(&new.ws.to_string()) => {
                    return;
                }
                Some(_) => {}
                None => panic!("the peer ended"),
            }
        }
    };
    soon("online at the new node", moved).await;
    assert_eq!(soon("look-up", storages(&peer)).await, [new.peer.id()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_two_links_stays_online_when_one_node_ends() {
    let (first, second) = (node().await, node().await);
    let mut config = Config::client(
        Keypair::generate_ed25519(),
        vec![first.ws.clone(), second.ws.clone()],
    );
    config.links = 2;
    let (alice, calls, mut statuses) = Peer::start(config).expect("the client starts");
    echo(calls);
    soon("online", statuses.online()).await;
    // Having a circuit address at each node means having a reservation at each.
    let both = async {
        let ids = [first.peer.id(), second.peer.id()].map(|id| id.to_string());
        loop {
            let listeners = alice.listeners().await;
            let is_at = |id: &String| listeners.iter().any(|at| at.to_string().contains(id));
            if ids.iter().all(is_at) {
                return;
            }
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("both links", both).await;
    alice.provide(name("file")).await.expect("provided");

    first.peer.shutdown().await;
    let at_second = async {
        loop {
            match statuses.next().await.expect("the peer runs") {
                NetworkStatus::Online { node } if node.starts_with(&second.ws.to_string()) => {
                    return;
                }
                NetworkStatus::Online { .. } => {}
                other => panic!("it does not stay online: {other:?}"),
            }
        }
    };
    soon("the other link counts", at_second).await;
    let bob = provider(&second.ws).await;
    let found = soon("look-up", who_provides(&bob, "file")).await;
    assert_eq!(found, [alice.id()]);
    ok(bob.call(alice.id(), ask("file"), DEADLINE).await);
    let unconfirmed = soon("announce", alice.announce(vec![name("file")])).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_is_confirmed_by_a_stranger() {
    let node = node().await;
    let alice = provider(&node.ws).await;
    let names: Vec<FunctionName> = (0..200).map(|n| name(&format!("IPFS_{n}"))).collect();
    let unconfirmed = soon("announce", alice.announce(names.clone())).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
    // The second time is quicker, and the result is the same.
    let unconfirmed = soon("announce", alice.announce(names)).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_announced_is_found_before_it_is_stored() {
    let node = node().await;
    let config = Config::client(Keypair::generate_ed25519(), vec![node.ws.clone()]);
    let run = async || {
        let (peer, calls, mut statuses) = Peer::start(config.clone()).expect("starts");
        echo(calls);
        soon("online", statuses.online()).await;
        peer
    };
    let names: Vec<FunctionName> = (0..100).map(|n| name(&format!("IPFS_{n}"))).collect();
    let earlier = run().await;
    let unconfirmed = soon("announce", earlier.announce(names[..60].to_vec())).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
    soon("shutdown", earlier.shutdown()).await;
    // The node does not have all of them, and has them in the end.
    let alice = run().await;
    let unconfirmed = soon("announce again", alice.announce_again(names)).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
    let bob = provider(&node.ws).await;
    for function in ["IPFS_0", "IPFS_99"] {
        let found = soon("look-up", who_provides(&bob, function)).await;
        assert_eq!(found, [alice.id()], "{function}");
        ok(bob.call(alice.id(), ask(function), DEADLINE).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_says_which_records_it_holds() {
    let node = node().await;
    let (alice, calls, _) = client(&node.ws).await;
    echo(calls);
    let (bob, _calls, _) = client(&node.tcp).await;
    let names: Vec<FunctionName> = (0..MAX_HELD).map(|n| name(&format!("f{n}"))).collect();
    let unconfirmed = soon("announce", alice.announce(names[..100].to_vec())).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
    let held = async |provider: &Peer, names: &[FunctionName]| {
        let args = HoldsArgs::new(provider.id().to_string(), names);
        let request = Request::new(FunctionName::holds(), &args);
        let reply = bob.call(node.peer.id(), request, DEADLINE).await;
        reply.expect("a reply").into_result::<HoldsOk>()
    };
    let expected: Vec<bool> = (0..MAX_HELD).map(|n| n < 100).collect();
    assert_eq!(held(&alice, &names).await.map(|ok| ok.held), Ok(expected));
    assert_eq!(
        held(&bob, &names[..2]).await.map(|ok| ok.held),
        Ok(vec![false; 2])
    );
    node.peer.provide(names[0].clone()).await.expect("provided");
    assert_eq!(
        held(&node.peer, &names[..2]).await.map(|ok| ok.held),
        Ok(vec![true, false])
    );
    let too_many = [&names[..], &names[..1]].concat();
    let refused = held(&alice, &too_many).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_announced_can_be_withdrawn() {
    let node = node().await;
    let keypair = Keypair::generate_ed25519();
    let start = async || {
        let config = Config::client(keypair.clone(), vec![node.ws.clone()]);
        let (peer, calls, mut statuses) = Peer::start(config).expect("the client starts");
        echo(calls);
        soon("the client is online", statuses.online()).await;
        peer
    };
    let alice = start().await;
    let bob = provider(&node.ws).await;
    let unconfirmed = soon("announce", alice.announce(vec![name("file")])).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
    // It ends without a word, as a program that is killed does.
    soon("shutdown", alice.shutdown()).await;
    let alice = start().await;
    assert_eq!(who_provides(&bob, "file").await, [alice.id()]);
    let untold = ports::Network::withdraw(&alice, vec![name("file")]);
    assert_eq!(soon("it is withdrawn", untold).await, []);
    let found: Vec<PeerId> = soon("look-up", bob.providers(name("file")).collect()).await;
    assert_eq!(found, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_not_found_any_more_and_nobody_withdraws_for_others() {
    let first = node().await;
    let both = ["/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0"];
    let mut config = node_config(Keypair::generate_ed25519(), &both);
    if let Role::Node { peers, .. } = &mut config.role {
        peers.push(first.ws.clone());
    }
    let second = start_node(config).await;
    let alice = provider(&first.ws).await;
    let (bob, _calls, _) = client(&second.ws).await;
    let names: Vec<FunctionName> = (0..600).map(|n| name(&format!("f{n}"))).collect();
    let unconfirmed = soon("announce", alice.announce(names.clone())).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
    let found =
        async |what: &str| -> Vec<PeerId> { soon(what, bob.providers(name(what)).collect()).await };
    assert_eq!(found("f0").await, [alice.id()]);

    // Somebody else takes back nothing but their own.
    for node in [&first, &second] {
        let args = WithdrawArgs::new(names[..512].iter(), Vec::new());
        let request = Request::new(FunctionName::withdraw(), &args);
        ok(bob.call(node.peer.id(), request, DEADLINE).await);
        let wrong = Request::new(FunctionName::withdraw(), &json!({"keys": ["f0"]}));
        let reply = bob.call(node.peer.id(), wrong, DEADLINE).await;
        assert!(matches!(reply, Ok(Reply::Error(e)) if e.code == ErrorCode::BadRequest));
    }
    assert_eq!(found("f0").await, [alice.id()]);

    let began = Instant::now();
    let withdrawn = names[..550]
        .iter()
        .cloned()
        .map(|name| alice.withdraw(name));
    for done in futures::future::join_all(withdrawn).await {
        done.expect("it is withdrawn");
    }
    for n in [0, 300, 549] {
        let function = format!("f{n}");
        // As soon as all nodes are told, and within a minute.
        let is_gone = async {
            while !found(&function).await.is_empty() {
                tokio::time::sleep(SECOND / 20).await;
            }
        };
        soon(&function, is_gone).await;
    }
    eprintln!("550 names are withdrawn after {:?}", began.elapsed());
    assert_eq!(found("f550").await, [alice.id()]);
    // What is withdrawn and provided again is found again.
    let again = soon("announce", alice.announce(vec![names[7].clone()])).await;
    assert_eq!(again, Ok(Vec::new()));
    alice
        .withdraw(names[550].clone())
        .await
        .expect("it is withdrawn");
    let again = soon("announce", alice.announce(vec![names[550].clone()])).await;
    assert_eq!(again, Ok(Vec::new()));
    assert_eq!(found("f550").await, [alice.id()]);
    assert_eq!(found("f7").await, [alice.id()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_announces_too() {
    let Node { peer, _calls, .. } = node().await;
    echo(_calls);
    let unconfirmed = soon("announce", peer.announce(vec![name("storage")])).await;
    assert_eq!(unconfirmed, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_that_nobody_answers_is_not_confirmed() {
    let node = node().await;
    let (alice, mut calls, _) = client(&node.ws).await;
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            call.reply(Reply::error(ErrorCode::NoSuchFunction, "no"));
        }
    });
    let names = vec![name("absent")];
    let unconfirmed = soon("announce", alice.announce(names.clone())).await;
    assert_eq!(unconfirmed, Ok(names));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_a_reservation_calls_others_and_says_that_nobody_can_call_it() {
    let mut config = node_config(
        Keypair::generate_ed25519(),
        &["/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0"],
    );
    if let Role::Node { limits, .. } = &mut config.role {
        limits.max_reservations = 1;
    }
    let node = start_node(config).await;
    let bob = provider(&node.ws).await;
    soon("provide", bob.provide(name("f")))
        .await
        .expect("provided");
    let config = Config::client(Keypair::generate_ed25519(), vec![node.ws.clone()]);
    let (alice, _calls, mut statuses) = Peer::start(config).expect("starts");
    let refused = async {
        while !matches!(
            statuses.next().await,
            Some(NetworkStatus::Unreachable { .. })
        ) {}
    };
    soon("a refusal", refused).await;
    assert_eq!(who_provides(&alice, "f").await, [bob.id()]);
    let reply = soon("a call", alice.call(bob.id(), ask("f"), DEADLINE)).await;
    assert!(matches!(reply, Ok(Reply::Ok(_))), "{reply:?}");
    let announced = soon("announce", alice.announce(vec![name("file")])).await;
    assert_eq!(
        announced,
        Err(NetworkError::Offline),
        "nobody could call it"
    );
    // Once there is room, it can be reached.
    soon("shutdown", bob.shutdown()).await;
    soon("online", statuses.online()).await;
    let announced = soon("announce", alice.announce(vec![name("file")])).await;
    assert!(announced.is_ok(), "{announced:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_names_are_announced() {
    let node = node().await;
    let alice = provider(&node.ws).await;
    let names: Vec<FunctionName> = (0..1000).map(|n| name(&format!("IPFS_{n}"))).collect();
    let began = std::time::Instant::now();
    let unconfirmed = tokio::time::timeout(120 * SECOND, alice.announce(names)).await;
    assert_eq!(
        unconfirmed,
        Ok(Ok(Vec::new())),
        "after {:?}",
        began.elapsed()
    );
}
