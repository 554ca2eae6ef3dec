//! Tests of clients with several links, over real sockets on loopback. Every host of the tests is an address of the
//! loopback interface.

mod support;

use std::time::{Duration, Instant};

use fluence::call::Reply;
use fluence::state::NetworkStatus;
use fluence_peer::{Calls, Config, PeerId};
use serde_json::json;
use support::{
    DEADLINE, Line, Node, SECOND, answer, ask, called_at_last, client, client_config, name,
    provider, reserved, reserved_twice, soon, start,
};

/// Three nodes that are one network, each on a host of its own.
async fn three() -> [Node; 3] {
    let first = Node::start_at(1, Vec::new()).await;
    let second = Node::start_at(2, vec![first.address.clone()]).await;
    let third = Node::start_at(3, vec![first.address.clone()]).await;
    for node in [&first, &second, &third] {
        node.knows(2).await;
    }
    [first, second, third]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_one_node_links_to_a_second_and_outlasts_its_own() {
    let [mut first, second, third] = three().await;
    let (alice, calls, mut statuses) = start(client_config(&[&first.address])).await;
    answer(calls);
    reserved_twice(&alice).await;
    alice.provide(name("file")).await.expect("provided");
    let bob = provider(&third.address).await;
    assert_eq!(called_at_last(&bob, "file").await, alice.id());

    let began = Instant::now();
    first.kill().await;
    // It is reachable at once, through the other node, also for one that has not called it before.
    assert_eq!(called_at_last(&bob, "file").await, alice.id());
    eprintln!("a caller that knew it: {:?}", began.elapsed());
    let carol = provider(&second.address).await;
    assert_eq!(called_at_last(&carol, "file").await, alice.id());
    eprintln!("a new caller: {:?}", began.elapsed());
    // The stand-by takes the place of its own node.
    reserved(&alice, &[second.id(), third.id()]).await;
    eprintln!("two links again: {:?}", began.elapsed());
    let seen = [statuses.next().await, Some(alice.status())];
    let online =
        |status: &Option<NetworkStatus>| status.as_ref().is_some_and(NetworkStatus::is_online);
    assert!(seen.iter().all(online), "{seen:?}");

    // It goes back to its own node, which it prefers.
    first.start_again().await;
    reserved(&alice, &[first.id()]).await;
    let home = async {
        let first = first.id().to_string();
        while !matches!(alice.status(), NetworkStatus::Online { node } if node.contains(&first)) {
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("it is home", home).await;
}

/// Answers the first call never, and every other.
fn answer_the_second(mut calls: Calls) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let first = calls.next().await;
        while let Some(call) = calls.next().await {
            call.reply(Reply::ok(&json!({"second": true})));
        }
        drop(first);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_under_way_when_a_node_dies_is_made_through_the_other() {
    let [mut first, second, third] = three().await;
    let (alice, calls, _) = start(client_config(&[&first.address, &second.address])).await;
    reserved(&alice, &[first.id(), second.id()]).await;
    alice.provide(name("file")).await.expect("provided");
    let (bob, _calls) = client(&third.address).await;
    let first_relay = async {
        // Bob knows where alice is, and reaches her through the first node.
        let at = first.address.clone().with_p2p(first.id()).expect("an id");
        let circuit = format!("{at}/p2p-circuit").parse().expect("an address");
        bob.learn(alice.id(), vec![circuit]).await
    };
    first_relay.await.expect("learned");
    let mut calls = calls;
    let warm = async {
        calls
            .next()
            .await
            .map(|call| call.reply(Reply::ok(&json!({}))))
    };
    let (called, _) = tokio::join!(bob.call(alice.id(), ask("file"), DEADLINE), warm);
    assert!(called.is_ok(), "{called:?}");
    assert_eq!(called_at_last_found(&bob).await, [alice.id()]);

    let answering = answer_the_second(calls);
    let call = tokio::spawn({
        let (bob, alice) = (bob.clone(), alice.id());
        async move { bob.call(alice, ask("file"), 30 * SECOND).await }
    });
    // The call arrives before the node dies.
    tokio::time::sleep(SECOND / 5).await;
    first.kill().await;
    let reply = soon("the call", call).await.expect("no panic");
    assert_eq!(reply, Ok(Reply::ok(&json!({"second": true}))));
    answering.abort();
}

/// The providers of `file`, once there are any.
async fn called_at_last_found(peer: &fluence_peer::Peer) -> Vec<PeerId> {
    use futures::StreamExt;
    let found = async {
        loop {
            let found: Vec<PeerId> = peer.providers(name("file")).collect().await;
            if !found.is_empty() {
                return found;
            }
        }
    };
    soon("a look-up", found).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_falls_silent_is_left_soon_while_something_waits() {
    let node = Node::start(Vec::new()).await;
    let line = Line::to(&node.address).await;
    let config = Config {
        links: 1,
        ..client_config(&[&line.address])
    };
    let (alice, _calls, mut statuses) = start(config).await;
    // Nobody answers this call, but the node is there.
    let call = tokio::spawn({
        let (alice, node) = (alice.clone(), node.id());
        async move { alice.call(node, ask("slow"), 60 * SECOND).await }
    });
    tokio::time::sleep(4 * SECOND).await;
    assert!(alice.status().is_online(), "it left a node that is there");
    line.cut();
    let began = Instant::now();
    let left = async {
        while statuses
            .next()
            .await
            .is_some_and(|status| status.is_online())
        {}
    };
    soon("it is noticed", left).await;
    let took = began.elapsed();
    eprintln!("the silence of a busy link was noticed after {took:?}");
    // An idle link would have been thought alive for 12 s at least.
    assert!(took < Duration::from_secs(9), "{took:?}");
    call.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_only_node_was_away_is_back_soon_if_somebody_waits() {
    let mut node = Node::start(Vec::new()).await;
    let (alice, _calls, mut statuses) = start(client_config(&[&node.address])).await;
    node.kill().await;
    let offline = async {
        while statuses
            .next()
            .await
            .is_some_and(|status| !matches!(status, NetworkStatus::Offline { .. }))
        {}
    };
    soon("it is offline", offline).await;
    alice.hurry();
    tokio::time::sleep(8 * SECOND).await;
    node.start_again().await;
    let began = Instant::now();
    soon("it is online", statuses.online()).await;
    let took = began.elapsed();
    eprintln!("online again after {took:?}");
    // A busy machine may take longer. On simulated time, it is asserted to the second: `src/link/herd.rs`.
    assert!(took < 10 * SECOND, "{took:?}");
}
