//! Tests of several nodes that are one network, over real sockets on loopback: functions are found and called across
//! nodes, in every order in which nodes start and die.

mod support;

use std::time::Instant;

use std::collections::HashSet;

use fluence::call::{Reply, Request};
use fluence_peer::{Config, Keypair, PeerId};
use futures::StreamExt;
use libp2p::kad::{KBucketKey, RecordKey};
use libp2p::swarm::SwarmEvent;
use libp2p::{SwarmBuilder, noise, ping, tcp, yamux};
use serde_json::json;
use support::{
    DEADLINE, Node, SECOND, called_at_last, client, client_config, find_and_call, name, provider,
    soon, start,
};
use tokio::task::JoinHandle;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_client_of_one_node_calls_what_is_provided_at_another() {
    let first = Node::start(Vec::new()).await;
    let second = Node::start(vec![first.address.clone()]).await;
    let alice = provider(&first.address).await;
    let bob = provider(&second.address).await;
    for (peer, function) in [(&alice, "at the first"), (&bob, "at the second")] {
        let function = function.replace(' ', "-");
        peer.provide(name(&function)).await.expect("provided");
    }
    // The nodes join in the background.
    let warm = provider(&second.address).await;
    called_at_last(&warm, "at-the-first").await;
    let mut took = Vec::new();
    for (node, function, provider) in [
        (&second, "at-the-first", &alice),
        (&first, "at-the-second", &bob),
    ] {
        for _ in 0..10 {
            let (caller, _calls) = client(&node.address).await;
            let began = Instant::now();
            let called = soon("call", find_and_call(&caller, function)).await;
            assert_eq!(called, Ok(provider.id()), "{function}");
            took.push(began.elapsed());
        }
    }
    took.sort();
    eprintln!(
        "a new client finds and calls across two nodes, {} times: median {:?}, longest {:?}",
        took.len(),
        took[took.len() / 2],
        took[took.len() - 1]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_start_and_die_in_any_order() {
    let (mut first, mut second) = (Node::start(Vec::new()).await, Node::start(Vec::new()).await);
    // The second joins the first, and not the other way round.
    second.kill().await;
    second.peers = vec![first.address.clone()];
    first.kill().await;
    // The one that joins is there before the one that it joins.
    second.start_again().await;
    first.start_again().await;
    let alice = provider(&first.address).await;
    let bob = provider(&second.address).await;
    alice.provide(name("alice")).await.expect("provided");
    bob.provide(name("bob")).await.expect("provided");
    let both = async |what: &str| {
        let began = Instant::now();
        assert_eq!(called_at_last(&bob, "alice").await, alice.id(), "{what}");
        assert_eq!(called_at_last(&alice, "bob").await, bob.id(), "{what}");
        eprintln!("{what}: {:?}", began.elapsed());
    };
    both("the joining node started first").await;
    first.kill().await;
    first.start_again().await;
    both("the joined node died and came back").await;
    second.kill().await;
    second.start_again().await;
    both("the joining node died and came back").await;
    for (first_dies_first, first_starts_first) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        for ends_first in [first_dies_first, !first_dies_first] {
            let node = if ends_first { &mut first } else { &mut second };
            node.kill().await;
        }
        for starts_first in [first_starts_first, !first_starts_first] {
            let node = if starts_first {
                &mut first
            } else {
                &mut second
            };
            node.start_again().await;
        }
        both(&format!(
            "both died, the joined one first: {first_dies_first}; it came back first: {first_starts_first}"
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_as_another_one_is_joined_again() {
    let mut first = Node::start(Vec::new()).await;
    // The address names no peer.
    let second = Node::start(vec![first.address.clone()]).await;
    first.knows(1).await;
    first.kill().await;
    first.keypair = Keypair::generate_ed25519();
    first.start_again().await;
    first.knows(1).await;
    let alice = provider(&first.address).await;
    alice.provide(name("alice")).await.expect("provided");
    let (bob, _calls) = client(&second.address).await;
    assert_eq!(called_at_last(&bob, "alice").await, alice.id());
}

/// How many records a node would hand over to another.
async fn handed(from: &Node, to: &Node) -> usize {
    let (mut count, mut args) = (0, json!({}));
    loop {
        let request = Request::new(name("FLUENCE_records"), &args);
        let Ok(Reply::Ok(ok)) = to.peer().call(from.id(), request, DEADLINE).await else {
            return count;
        };
        count += ok["records"].as_array().map_or(0, Vec::len);
        if ok["after"].is_null() {
            return count;
        }
        args = json!({"after": ok["after"]});
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_knows_what_others_provide_without_them() {
    let first = Node::start_at(1, Vec::new()).await;
    let mut second = Node::start_at(2, vec![first.address.clone()]).await;
    first.knows(1).await;
    second.kill().await;
    let alice = provider(&first.address).await;
    for n in 0..300 {
        alice
            .provide(name(&format!("f{n}")))
            .await
            .expect("provided");
    }
    let (warm, _calls) = client(&first.address).await;
    called_at_last(&warm, "f299").await;
    // The provider has gone, so only the first node can tell of it.
    soon("shutdown", alice.shutdown()).await;
    second.start_again().await;
    let began = Instant::now();
    let is_told = async {
        while handed(&second, &first).await < 300 {
            tokio::time::sleep(SECOND / 5).await;
        }
    };
    soon("the records are handed over", is_told).await;
    let mut first = first;
    first.kill().await;
    let (bob, _calls) = client(&second.address).await;
    for n in 0..300 {
        let providers = bob.providers(name(&format!("f{n}")));
        let found: Vec<PeerId> = providers.collect().await;
        assert_eq!(found, [alice.id()], "f{n}");
    }
    eprintln!("300 names after {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_providers_are_found_than_one_answer_names() {
    let node = Node::start(Vec::new()).await;
    let mut providers = Vec::new();
    for _ in 0..50 {
        let config = Config {
            links: 1,
            ..client_config(&[&node.address])
        };
        let (peer, calls, _) = start(config).await;
        peer.provide(name("popular")).await.expect("provided");
        providers.push((peer, calls));
    }
    let (bob, _calls) = client(&node.address).await;
    let all: HashSet<PeerId> = providers.iter().map(|(peer, _)| peer.id()).collect();
    let found = async {
        loop {
            // The last records may still be on their way.
            let found: HashSet<PeerId> = bob.providers(name("popular")).collect().await;
            assert!(found.is_subset(&all));
            if found.len() > 40 {
                return;
            }
        }
    };
    soon("most of the providers", found).await;
}

/// The nodes that hold the records of a function, of which there are eight.
fn holders(nodes: &[Node], function: &str) -> Vec<PeerId> {
    let key = KBucketKey::new(RecordKey::new(&name(function).dht_key()));
    let mut ids: Vec<PeerId> = nodes.iter().map(Node::id).collect();
    ids.sort_by_key(|id| key.distance(&KBucketKey::from(*id)));
    ids.truncate(8);
    ids
}

/// A peer that is connected to one node and to nobody else. One of this implementation looks around, and so is connected
/// to others for a while.
async fn quiet(keypair: Keypair, node: &Node) -> JoinHandle<()> {
    let swarm = SwarmBuilder::with_existing_identity(keypair).with_tokio();
    let mut swarm = swarm
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )
        .expect("a transport")
        .with_behaviour(|_| ping::Behaviour::default())
        .expect("a behaviour")
        .with_swarm_config(|config| config.with_idle_connection_timeout(600 * SECOND))
        .build();
    swarm.dial(node.address.clone()).expect("it dials");
    let connected = async {
        while !matches!(
            swarm.select_next_some().await,
            SwarmEvent::ConnectionEstablished { .. }
        ) {}
    };
    soon("it is connected", connected).await;
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_offline_hides_nobody_whose_node_does_not_hold_its_records() {
    let first = Node::start_at(1, Vec::new()).await;
    let seed = vec![first.address.clone()];
    let mut nodes = vec![first];
    for host in 2..=12 {
        nodes.push(Node::start_at(host, seed.clone()).await);
    }
    for node in &nodes {
        node.knows(11).await;
    }
    let mut functions = (0..).map(|n| format!("popular-{n}"));
    let elsewhere = |function: &String| !holders(&nodes, function).contains(&nodes[0].id());
    let function = functions.find(elsewhere).expect("there are many names");
    let config = |node: usize| Config {
        links: 1,
        ..client_config(&[&nodes[node].address])
    };
    let (bob, _calls, _) = start(config(1)).await;
    let of_alice = config(0);
    let alice = of_alice.keypair.public().to_peer_id();
    // Alice comes first, and then many others. All go, and she comes back: her record is the oldest, and nobody who holds
    // it is connected to her.
    let mut others = vec![start(of_alice.clone()).await];
    for n in 0..45 {
        others.push(start(config(n % nodes.len())).await);
    }
    for (peer, _, _) in &others {
        peer.provide(name(&function)).await.expect("provided");
    }
    let mut seen: HashSet<PeerId> = HashSet::new();
    let are_stored = async {
        while seen.len() < others.len() {
            let found: Vec<PeerId> = bob.providers(name(&function)).collect().await;
            seen.extend(found);
        }
    };
    soon("all are stored", are_stored).await;
    for (peer, _, _) in &others {
        soon("shutdown", peer.shutdown()).await;
    }
    let back = quiet(of_alice.keypair, &nodes[0]).await;
    let began = Instant::now();
    let is_found = async {
        loop {
            let found: Vec<PeerId> = bob.providers(name(&function)).collect().await;
            if found.contains(&alice) {
                return found.len();
            }
            tokio::time::sleep(SECOND / 2).await;
        }
    };
    let of = soon("she is found among those who are gone", is_found).await;
    eprintln!("one of {of} is there and found after {:?}", began.elapsed());
    back.abort();
}
