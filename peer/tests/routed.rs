//! Routed calls over real sockets on loopback: who calls, who answers, and nodes that pass the calls on, well or badly.

#[path = "support/hostile_node.rs"]
mod hostile_node;
mod support;

use std::time::Instant;

use fluence::call::{ErrorCode, Reply, Request};
use fluence_peer::{Calls, Config, Keypair, Peer, PeerId, Role};
use hostile_node::{Does, HostileNode};
use serde_json::json;
use support::{DEADLINE, Node, SECOND, answer, ask, called_at_last, name, soon};

/// A node with this configuration.
async fn node_with(config: Config) -> Node {
    let keypair = config.keypair.clone();
    let (peer, calls, mut statuses) = Peer::start(config).expect("the node starts");
    soon("the node listens", statuses.online()).await;
    Node {
        keypair,
        address: peer.listeners().await.remove(0),
        peers: Vec::new(),
        known: Vec::new(),
        running: Some((peer, calls)),
    }
}

/// A client with one link, so that it stays at one node.
async fn client(node: &Node) -> (Peer, Calls) {
    let mut config = support::client_config(&[&node.address]);
    config.links = 1;
    let (peer, calls, _) = support::start(config).await;
    (peer, calls)
}

/// A client that provides a function, which answers with its caller.
async fn provider(node: &Node, function: &str) -> Peer {
    let (peer, calls) = client(node).await;
    answer(calls);
    peer.provide(name(function)).await.expect("provides");
    peer
}

/// Looks for a provider until it is found.
async fn found(peer: &Peer, function: &str) -> PeerId {
    use futures::StreamExt;
    let found = async {
        loop {
            let mut providers = std::pin::pin!(peer.providers(name(function)));
            if let Some(provider) = providers.next().await {
                return provider;
            }
        }
    };
    soon("the look-up", found).await
}

/// How many calls a node has passed on with success, and how many circuits it carries.
async fn passed(node: &Node) -> (u64, usize) {
    let load = node.peer().load().await.expect("a node");
    (load.routed.ok, load.circuits)
}

/// Waits until a node has passed on so many calls, and expects that it carries no circuit.
async fn has_passed(node: &Node, calls: u64) {
    let has = async {
        while passed(node).await.0 < calls {
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("the node passes calls on", has).await;
    assert_eq!(passed(node).await, (calls, 0));
}

fn from(reply: Reply) -> String {
    match reply {
        Reply::Ok(ok) => ok["from"].as_str().expect("a text").to_owned(),
        Reply::Error(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_at_the_same_node_needs_no_circuit() {
    let node = Node::start(Vec::new()).await;
    let provider = provider(&node, "hello").await;
    let (caller, _calls) = client(&node).await;
    assert_eq!(found(&caller, "hello").await, provider.id());
    for _ in 0..3 {
        let reply = caller.call(provider.id(), ask("hello"), DEADLINE).await;
        assert_eq!(from(reply.expect("a reply")), caller.id().to_string());
    }
    has_passed(&node, 3).await;
    // Of a peer whose id is known, nothing need be looked up.
    let (other, _calls) = client(&node).await;
    let reply = other.call(provider.id(), ask("hello"), DEADLINE).await;
    assert_eq!(from(reply.expect("a reply")), other.id().to_string());
    has_passed(&node, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_routed_calls_is_called_as_before() {
    // The node, the caller, the provider.
    for old in 0..3 {
        let old_one = |n: usize, config: &mut Config| config.routes = n != old;
        let listen = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
        let mut config = Config::node(Keypair::generate_ed25519(), vec![listen]);
        old_one(0, &mut config);
        let node = node_with(config).await;
        let start = async |n: usize| {
            let mut config = support::client_config(&[&node.address]);
            config.links = 1;
            old_one(n, &mut config);
            let (peer, calls, _) = support::start(config).await;
            (peer, calls)
        };
        let ((caller, _calls), (provider, calls)) = (start(1).await, start(2).await);
        answer(calls);
        provider.provide(name("hello")).await.expect("provides");
        let reply = caller.call(provider.id(), ask("hello"), DEADLINE).await;
        assert_eq!(from(reply.expect("a reply")), caller.id().to_string());
        assert_eq!(passed(&node).await, (0, 1), "{old}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_routed_goes_over_a_circuit() {
    let node = Node::start(Vec::new()).await;
    let provider = provider(&node, "hello").await;
    let (caller, _calls) = client(&node).await;
    // The provider has no such name by which it could open the letter.
    let reply = caller.call(provider.id(), ask("other"), DEADLINE).await;
    assert_eq!(from(reply.expect("a reply")), caller.id().to_string());
    assert_eq!(passed(&node).await.1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_is_waited_for_and_a_large_one_fits() {
    let node = Node::start(Vec::new()).await;
    let (provider, mut calls) = client(&node).await;
    provider.provide(name("slow")).await.expect("provides");
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            // Longer than anybody waits for a part of the answer.
            tokio::time::sleep(8 * SECOND).await;
            let args = call.request.args.clone();
            call.reply(Reply::ok(&args));
        }
    });
    let (caller, _calls) = client(&node).await;
    let args = json!({"x": "y".repeat(65_000)});
    let request = Request::new(name("slow"), &args);
    let reply = caller.call(provider.id(), request, 20 * SECOND).await;
    assert_eq!(reply, Ok(Reply::ok(&args)));
    has_passed(&node, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_are_all_answered_and_those_beyond_the_rate_are_not_passed_on() {
    let mut config = Config::node(
        Keypair::generate_ed25519(),
        vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")],
    );
    if let Role::Node { limits, .. } = &mut config.role {
        limits.calls_per_peer_per_second = 1;
    }
    let node = node_with(config).await;
    let provider = provider(&node, "hello").await;
    let (caller, _calls) = client(&node).await;
    let calls = (0..40).map(|_| caller.call(provider.id(), ask("hello"), DEADLINE));
    for reply in futures::future::join_all(calls).await {
        assert_eq!(from(reply.expect("a reply")), caller.id().to_string());
    }
    let load = node.peer().load().await.expect("a node");
    assert!((8..=12).contains(&load.routed.ok), "{load:?}");
    assert!(load.routed.busy >= 28, "{load:?}");
    // The rest went over one circuit, and another caller's call is passed on.
    assert_eq!(load.circuits, 1);
    let other = client(&node).await.0;
    let reply = other.call(provider.id(), ask("hello"), DEADLINE).await;
    assert_eq!(from(reply.expect("a reply")), other.id().to_string());
    assert_eq!(passed(&node).await.1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_gone_is_not_waited_for() {
    let node = Node::start(Vec::new()).await;
    let provider = provider(&node, "hello").await;
    let (caller, _calls) = client(&node).await;
    assert_eq!(called_at_last(&caller, "hello").await, provider.id());
    let id = provider.id();
    soon("shutdown", provider.shutdown()).await;
    let begun = Instant::now();
    let reply = caller.call(id, ask("hello"), DEADLINE).await;
    assert!(reply.is_err(), "{reply:?}");
    assert!(begun.elapsed() < 9 * SECOND);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_provider_is_its_answer() {
    let node = Node::start(Vec::new()).await;
    let (provider, calls) = client(&node).await;
    provider.provide(name("hello")).await.expect("provides");
    // It takes no calls any more.
    drop(calls);
    let (caller, _calls) = client(&node).await;
    let reply = caller.call(provider.id(), ask("hello"), DEADLINE).await;
    match reply {
        Ok(Reply::Error(error)) => assert_eq!(error.code, ErrorCode::NoSuchFunction),
        other => panic!("{other:?}"),
    }
}

/// A client of a hostile node.
async fn client_of(node: &HostileNode) -> (Peer, Calls) {
    let (peer, calls, _) = support::start(support::client_config(&[&node.address])).await;
    (peer, calls)
}

/// A client of a hostile node that provides a function.
async fn provider_at(node: &HostileNode, function: &str) -> Peer {
    let (peer, calls) = client_of(node).await;
    answer(calls);
    peer.provide(name(function)).await.expect("provides");
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_drops_or_alters_is_noticed_and_left() {
    let node = HostileNode::start().await;
    let providers = [
        provider_at(&node, "hello").await,
        provider_at(&node, "hello").await,
        provider_at(&node, "hello").await,
    ];
    let call = async |caller: &Peer, provider: &Peer| {
        let reply = caller.call(provider.id(), ask("hello"), 20 * SECOND).await;
        assert_eq!(from(reply.expect("a reply")), caller.id().to_string());
    };
    for (does, tried) in [
        (Does::Passes, 3),
        (Does::Drops, 1),
        (Does::AltersAnswers, 1),
        (Does::AnswersAsBefore, 1),
        // The provider refuses the letter, so it might be that; but not a second one.
        (Does::AltersLetters, 2),
    ] {
        node.set(does);
        let (caller, _calls) = client_of(&node).await;
        let before = node.letters();
        let begun = Instant::now();
        for provider in &providers {
            call(&caller, provider).await;
        }
        assert_eq!(node.letters() - before, tried, "{does:?}");
        assert!(begun.elapsed() < 9 * SECOND, "{does:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_comes_again_is_refused() {
    let node = HostileNode::start().await;
    let (provider, mut calls) = client_of(&node).await;
    provider.provide(name("hello")).await.expect("provides");
    let (caller, _calls) = client_of(&node).await;
    node.set(Does::Repeats);
    let called = tokio::spawn(async move {
        let call = calls.next().await.expect("a call");
        let from = call.from;
        call.reply(Reply::ok(&json!({})));
        (from, calls)
    });
    let reply = caller.call(provider.id(), ask("hello"), DEADLINE).await;
    assert_eq!(reply, Ok(Reply::ok(&json!({}))));
    let (from, mut calls) = called.await.expect("no panic");
    assert_eq!(from, caller.id());
    let repeated = async {
        while node.seen.lock().expect("no panic").repeated.is_empty() {
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("the letter comes again", repeated).await;
    assert_eq!(node.seen.lock().expect("no panic").repeated, [vec![3]]);
    let again = tokio::time::timeout(SECOND / 2, calls.next()).await;
    assert!(again.is_err(), "it was carried out twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_sees_neither_the_name_nor_what_is_said() {
    let node = HostileNode::start().await;
    let provider = provider_at(&node, "a-long-and-secret-name").await;
    let (caller, _calls) = client_of(&node).await;
    let args = json!({"x": "what is said"});
    let request = Request::new(name("a-long-and-secret-name"), &args);
    let reply = caller.call(provider.id(), request, DEADLINE).await;
    assert_eq!(from(reply.expect("a reply")), caller.id().to_string());
    let seen = node.seen.lock().expect("no panic");
    let caller = caller.id().to_string();
    assert_eq!((seen.letters.len(), seen.answers.len()), (1, 1));
    for bytes in [&seen.letters[0], &seen.answers[0]] {
        for text in [
            "a-long-and-secret-name",
            "what is said",
            caller.as_str(),
            "from",
        ] {
            let has = bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            assert!(!has, "{text}");
        }
    }
}
