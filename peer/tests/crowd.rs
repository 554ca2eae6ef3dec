//! Tests of many nodes and clients in one process: a third of the nodes ends, and all come back.

mod support;

use std::time::{Duration, Instant};

use fluence_peer::{Peer, PeerId};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use support::{Node, answer, called_at_last, client_config, find_and_call, name, start};

/// Work that is done at the same time.
const AT_ONCE: usize = 8;

/// A client that provides a function of its own.
struct Member {
    peer: Peer,
    function: String,
}

/// What the calls of a round took.
struct Round {
    /// How many found their function and were answered at the first attempt.
    at_once: usize,
    took: Vec<Duration>,
}

impl Round {
    fn say(&mut self, what: &str) {
        self.took.sort();
        let at = |part: f64| {
            let last = self.took.len() - 1;
            self.took[(last as f64 * part) as usize]
        };
        eprintln!(
            "{what}: {} of {} at the first attempt; median {:?}, 95 % {:?}, longest {:?}",
            self.at_once,
            self.took.len(),
            at(0.5),
            at(0.95),
            at(1.0)
        );
    }
}

async fn network(nodes: usize, clients: usize) -> (Vec<Node>, Vec<Member>) {
    let first = Node::start_at(1, Vec::new()).await;
    let seed = vec![first.address.clone()];
    let mut all = vec![first];
    for host in 1..nodes {
        let host = u8::try_from(host + 1).expect("few nodes");
        all.push(Node::start_at(host, seed.clone()).await);
    }
    for node in &all {
        // Each has met some of the others, by itself.
        node.knows(nodes.min(8) - 1).await;
    }
    let addresses: Vec<_> = all.iter().map(|node| node.address.clone()).collect();
    let members = stream::iter(0..clients)
        .map(|n| {
            let address = &addresses[n % addresses.len()];
            async move {
                let (peer, calls, _) = start(client_config(&[address])).await;
                answer(calls);
                let function = format!("f{n}");
                peer.provide(name(&function)).await.expect("provided");
                Member { peer, function }
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    (all, members)
}

/// Everybody calls somebody else, `step` places away.
async fn everybody_calls(members: &[Member], step: usize) -> Round {
    let calls = stream::iter(0..members.len()).map(|n| {
        let (caller, called) = (&members[n], &members[(n + step) % members.len()]);
        async move {
            let began = Instant::now();
            let function = &called.function;
            let first = find_and_call(&caller.peer, function).await;
            let is_at_once = first.is_ok();
            let provider: PeerId = match first {
                Ok(provider) => provider,
                Err(_) => called_at_last(&caller.peer, function).await,
            };
            assert_eq!(provider, called.peer.id());
            (is_at_once, began.elapsed())
        }
    });
    let results: Vec<(bool, Duration)> = calls.buffer_unordered(AT_ONCE).collect().await;
    Round {
        at_once: results.iter().filter(|(at_once, _)| *at_once).count(),
        took: results.into_iter().map(|(_, took)| took).collect(),
    }
}

async fn outlasts(nodes: usize, clients: usize) {
    let began = Instant::now();
    let (mut nodes, members) = network(nodes, clients).await;
    eprintln!("everybody is there after {:?}", began.elapsed());
    everybody_calls(&members, 1).await.say("in peace");

    // The first node, which all others were given, is among those that end.
    let third = nodes.len().div_ceil(3);
    join_all(nodes[..third].iter_mut().map(Node::kill)).await;
    everybody_calls(&members, 2)
        .await
        .say("a third has just ended");
    everybody_calls(&members, 3).await.say("after that");

    join_all(nodes.iter_mut().map(Node::kill)).await;
    for node in nodes.iter_mut().rev() {
        node.start_again().await;
    }
    // Somebody waits, as everywhere in this test.
    for member in &members {
        member.peer.hurry();
    }
    everybody_calls(&members, 5).await.say("all have come back");
    everybody_calls(&members, 7).await.say("after that");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_outlasts_a_third_of_its_nodes_and_all_of_them() {
    outlasts(6, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes in a debug build"]
async fn twenty_nodes_and_two_hundred_clients() {
    outlasts(20, 200).await;
}
