//! What holds when wires are slow, lose packets, or are cut.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use fluence::call::Reply;
use fluence::state::NetworkStatus;
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId, Statuses};
use futures::StreamExt;
use futures::future::join_all;
use libtest_mimic::{Arguments, Trial};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::{
    DEADLINE, Node, SECOND, answer, ask, called_at_last, client_config, find_and_call, name,
    reserved, reserved_twice, soon, start,
};
use crate::wires::{Host, Wire, hosts};

/// How soon a dead link is noticed: while something waits, and while nothing does.
const BUSY: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(20);
/// How soon a client is online again when its node can be reached: while somebody waits for it, and otherwise.
const HURRIED: Duration = Duration::from_secs(5);
const PATIENT: Duration = Duration::from_secs(15);
/// What a busy machine may add to these.
const GRACE: Duration = Duration::from_secs(1);

type Test = fn() -> Pin<Box<dyn Future<Output = ()>>>;

const TESTS: &[(&str, Test)] = &[
    ("a_slow_network_that_loses_packets_works", || {
        Box::pin(far_away())
    }),
    ("a_cut_busy_link_is_left_within_5_s", || {
        Box::pin(busy(true, true))
    }),
    (
        "a_busy_link_whose_way_out_is_cut_is_left_within_5_s",
        || Box::pin(busy(true, false)),
    ),
    (
        "a_busy_link_whose_way_back_is_cut_is_left_within_5_s",
        || Box::pin(busy(false, true)),
    ),
    ("a_cut_idle_link_is_replaced_within_20_s", || {
        Box::pin(idle())
    }),
    (
        "a_node_that_came_back_behind_a_half_open_connection_is_used_again",
        || Box::pin(half_open_node()),
    ),
    (
        "a_client_that_came_back_behind_a_half_open_connection_is_called",
        || Box::pin(half_open_client()),
    ),
    (
        "a_peer_is_called_through_the_relay_that_the_caller_reaches",
        || Box::pin(asymmetric()),
    ),
    (
        "a_call_under_way_is_made_through_the_other_node_when_a_wire_is_cut",
        || Box::pin(under_way()),
    ),
    ("a_client_whose_wire_is_mended_is_back_soon", || {
        Box::pin(back())
    }),
    ("a_network_that_was_parted_is_one_again", || {
        Box::pin(parted())
    }),
];

/// Runs the tests; where they cannot run, they are listed as ignored.
pub fn run() {
    let missing = hosts::<1>().err();
    if let Some(error) = &missing {
        eprintln!(
            "ignored: this process can make no network namespaces with TUN interfaces: {error}"
        );
    }
    let trials = TESTS.iter().map(|(name, test)| {
        let run = move || {
            let runtime = Runtime::new()?;
            runtime.block_on(test());
            Ok(())
        };
        Trial::test(*name, run).with_ignored_flag(missing.is_some())
    });
    let mut arguments = Arguments::from_args();
    // They wait more than they compute.
    arguments.test_threads = arguments.test_threads.or(Some(TESTS.len()));
    libtest_mimic::run(&arguments, trials.collect()).exit()
}

async fn node(host: &Host, peers: &[&Node]) -> Node {
    let address = format!("/ip4/5.0.0.{}/tcp/4101", host.n);
    let mut node = Node {
        keypair: Keypair::generate_ed25519(),
        address: address.parse().expect("an address"),
        peers: peers.iter().map(|peer| peer.address.clone()).collect(),
        known: Vec::new(),
        running: None,
    };
    host.run(async move {
        node.start_again().await;
        node
    })
    .await
}

async fn start_on(host: &Host, config: Config) -> (Peer, Calls, Statuses) {
    host.run(start(config)).await
}

/// A client that answers every call.
async fn client_on(host: &Host, nodes: &[&Multiaddr]) -> Peer {
    let config = client_config(nodes);
    host.run(async move {
        let (peer, calls, _) = start(config).await;
        answer(calls);
        peer
    })
    .await
}

async fn offline(statuses: &mut Statuses) {
    let left = async {
        while statuses
            .next()
            .await
            .is_some_and(|status| status.is_online())
        {}
    };
    soon("it is noticed", left).await;
}

async fn far_away() {
    let ([one, two, three, four], wires) = hosts().expect("hosts");
    let far = Wire {
        delay: Duration::from_millis(75),
        loss: 0.02,
    };
    let all = [1, 2, 3, 4];
    wires.between(&all, &all, far);
    let first = node(&one, &[]).await;
    let second = node(&two, &[&first]).await;
    second.knows(1).await;
    let alice = client_on(&three, &[&first.address]).await;
    alice.provide(name("file")).await.expect("provided");
    let bob = client_on(&four, &[&second.address]).await;
    called_at_last(&bob, "file").await;
    for _ in 0..20 {
        let called = soon("a call", find_and_call(&bob, "file")).await;
        assert_eq!(called, Ok(alice.id()));
    }
}

/// A link on which something waits, and of which one way or both are cut.
async fn busy(out: bool, home: bool) {
    let ([one, two], wires) = hosts().expect("hosts");
    let node = node(&one, &[]).await;
    let config = Config {
        links: 1,
        ..client_config(&[&node.address])
    };
    let (alice, _calls, mut statuses) = start_on(&two, config).await;
    // Nobody answers this call, but the node is there.
    let call = tokio::spawn({
        let (alice, node) = (alice.clone(), node.id());
        async move { alice.call(node, ask("slow"), 60 * SECOND).await }
    });
    tokio::time::sleep(2 * SECOND).await;
    assert!(alice.status().is_online(), "it left a node that is there");
    let began = Instant::now();
    if out {
        wires.one_way(2, 1, Wire::CUT);
    }
    if home {
        wires.one_way(1, 2, Wire::CUT);
    }
    offline(&mut statuses).await;
    let took = began.elapsed();
    eprintln!("a busy link (out cut: {out}, back cut: {home}) was left after {took:?}");
    assert!(took < BUSY + GRACE, "{took:?}");
    call.abort();
}

async fn idle() {
    let ([one, two, three, four], wires) = hosts().expect("hosts");
    let first = node(&one, &[]).await;
    let second = node(&two, &[&first]).await;
    let third = node(&three, &[&first]).await;
    for node in [&first, &second, &third] {
        node.knows(2).await;
    }
    let alice = client_on(&four, &[&first.address]).await;
    reserved(&alice, &[first.id()]).await;
    reserved_twice(&alice).await;
    wires.both_ways(1, 4, Wire::CUT);
    let began = Instant::now();
    reserved(&alice, &[second.id(), third.id()]).await;
    let took = began.elapsed();
    eprintln!("an idle link was replaced after {took:?}");
    assert!(took < IDLE + 2 * GRACE, "{took:?}");
    assert!(alice.status().is_online());
}

/// A node restarts while its clients hear nothing of it.
async fn half_open_node() {
    let ([one, two, three], wires) = hosts().expect("hosts");
    let mut first = node(&one, &[]).await;
    let alice = client_on(&two, &[&first.address]).await;
    alice.provide(name("file")).await.expect("provided");
    wires.both_ways(1, 2, Wire::CUT);
    first.kill().await;
    let first = one
        .run(async move {
            first.start_again().await;
            first
        })
        .await;
    wires.both_ways(1, 2, Wire::default());
    let began = Instant::now();
    let bob = client_on(&three, &[&first.address]).await;
    assert_eq!(called_at_last(&bob, "file").await, alice.id());
    let took = began.elapsed();
    eprintln!("behind a half-open connection to a node: called after {took:?}");
    assert!(took < IDLE + GRACE, "{took:?}");
}

/// A client restarts while its node hears nothing of it.
async fn half_open_client() {
    let ([one, two, three], wires) = hosts().expect("hosts");
    let node = node(&one, &[]).await;
    let config = client_config(&[&node.address]);
    let (alice, _calls, _) = start_on(&two, config.clone()).await;
    let bob = client_on(&three, &[&node.address]).await;
    wires.both_ways(1, 2, Wire::CUT);
    alice.shutdown().await;
    wires.both_ways(1, 2, Wire::default());
    let began = Instant::now();
    let (alice, calls, _) = start_on(&two, config).await;
    answer(calls);
    alice.provide(name("file")).await.expect("provided");
    assert_eq!(called_at_last(&bob, "file").await, alice.id());
    let took = began.elapsed();
    eprintln!("behind a half-open connection of a client: called after {took:?}");
    assert!(took < BUSY + GRACE, "{took:?}");
}

/// The caller reaches one of two relays, and its way there is far longer than the way back.
async fn asymmetric() {
    let ([one, two, three, four], wires) = hosts().expect("hosts");
    let first = node(&one, &[]).await;
    let second = node(&two, &[&first]).await;
    second.knows(1).await;
    wires.both_ways(2, 4, Wire::CUT);
    wires.one_way(4, 1, Wire::slow(Duration::from_millis(300)));
    let alice = client_on(&three, &[&second.address, &first.address]).await;
    reserved(&alice, &[first.id(), second.id()]).await;
    alice.provide(name("file")).await.expect("provided");
    let bob = client_on(&four, &[&first.address]).await;
    let began = Instant::now();
    assert_eq!(called_at_last(&bob, "file").await, alice.id());
    let took = began.elapsed();
    eprintln!("through the relay that can be reached: called after {took:?}");
    assert!(took < DEADLINE, "{took:?}");
}

/// Answers the first call never, and every other.
fn answer_the_second(mut calls: Calls) {
    tokio::spawn(async move {
        let first = calls.next().await;
        while let Some(call) = calls.next().await {
            call.reply(Reply::ok(&json!({"second": true})));
        }
        drop(first);
    });
}

async fn under_way() {
    let ([one, two, three, four], wires) = hosts().expect("hosts");
    let first = node(&one, &[]).await;
    let second = node(&two, &[&first]).await;
    second.knows(1).await;
    let config = client_config(&[&first.address, &second.address]);
    let (alice, calls, _) = start_on(&three, config).await;
    reserved(&alice, &[first.id(), second.id()]).await;
    alice.provide(name("file")).await.expect("provided");
    let bob = client_on(&four, &[&second.address]).await;
    // Bob reaches alice through the first node, and learns of the second from the look-up.
    let at = first.address.clone().with_p2p(first.id()).expect("an id");
    let circuit = format!("{at}/p2p-circuit").parse().expect("an address");
    bob.learn(alice.id(), vec![circuit]).await.expect("learned");
    answer_the_second(calls);
    let found: Vec<PeerId> = bob.providers(name("file")).collect().await;
    assert_eq!(found, [alice.id()]);
    let call = tokio::spawn({
        let (bob, alice) = (bob.clone(), alice.id());
        async move { bob.call(alice, ask("file"), 30 * SECOND).await }
    });
    tokio::time::sleep(2 * SECOND).await;
    wires.between(&[1], &[3, 4], Wire::CUT);
    let began = Instant::now();
    let reply = soon("the call", call).await.expect("no panic");
    eprintln!(
        "a call under way was answered {:?} after the cut",
        began.elapsed()
    );
    assert_eq!(reply, Ok(Reply::ok(&json!({"second": true}))));
}

/// Clients whose only node cannot be reached when they start, half of which somebody waits for.
async fn back() {
    const CLIENTS: usize = 12;
    let ([one, two], wires) = hosts().expect("hosts");
    let node = node(&one, &[]).await;
    wires.both_ways(1, 2, Wire::CUT);
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let config = client_config(&[&node.address]);
        let started = async { Peer::start(config).expect("the client starts") };
        let (peer, calls, statuses) = two.run(started).await;
        let hurries = n % 2 == 0;
        if hurries {
            peer.hurry();
        }
        clients.push((hurries, peer, calls, statuses));
    }
    // The kernel has just asked for a connection once more, and waits for 8 s before it asks again.
    tokio::time::sleep(7 * SECOND + SECOND / 2).await;
    wires.both_ways(1, 2, Wire::default());
    let began = Instant::now();
    let back = clients
        .into_iter()
        .map(|(hurries, peer, calls, mut statuses)| async move {
            let online = soon("it is online", statuses.online()).await;
            assert!(online.is_some(), "it has ended");
            drop((peer, calls));
            (hurries, began.elapsed())
        });
    let back = join_all(back).await;
    for (hurried, goal) in [(true, HURRIED), (false, PATIENT)] {
        let mut took: Vec<Duration> = back
            .iter()
            .filter(|(hurries, _)| *hurries == hurried)
            .map(|(_, took)| *took)
            .collect();
        took.sort_unstable();
        eprintln!("online again (somebody waits: {hurried}) after {took:?}");
        assert!(took.iter().all(|took| *took < goal + GRACE), "{took:?}");
    }
}

async fn parted() {
    let ([one, two, three, four, five, six], wires) = hosts().expect("hosts");
    let first = node(&one, &[]).await;
    let second = node(&two, &[&first]).await;
    let third = node(&three, &[&first]).await;
    let fourth = node(&four, &[&first]).await;
    for node in [&first, &second, &third, &fourth] {
        node.knows(3).await;
    }
    let left = client_on(&five, &[&first.address]).await;
    let right = client_on(&six, &[&fourth.address]).await;
    left.provide(name("left")).await.expect("provided");
    right.provide(name("right")).await.expect("provided");
    assert_eq!(called_at_last(&left, "right").await, right.id());
    assert_eq!(called_at_last(&right, "left").await, left.id());

    wires.between(&[1, 2, 5], &[3, 4, 6], Wire::CUT);
    // So long that everybody has noticed.
    tokio::time::sleep(IDLE).await;
    // Each part goes on by itself.
    let (near_left, near_right) = (
        client_on(&five, &[&second.address]).await,
        client_on(&six, &[&third.address]).await,
    );
    near_left
        .provide(name("near-left"))
        .await
        .expect("provided");
    near_right
        .provide(name("near-right"))
        .await
        .expect("provided");
    assert_eq!(called_at_last(&left, "near-left").await, near_left.id());
    assert_eq!(called_at_last(&right, "near-right").await, near_right.id());

    wires.between(&[1, 2, 5], &[3, 4, 6], Wire::default());
    let began = Instant::now();
    for (caller, function, called) in [
        (&left, "right", &right),
        (&right, "left", &left),
        (&left, "near-right", &near_right),
        (&right, "near-left", &near_left),
    ] {
        assert_eq!(called_at_last(caller, function).await, called.id());
        eprintln!(
            "{function} was called {:?} after the parts had met again",
            began.elapsed()
        );
    }
    assert!(matches!(left.status(), NetworkStatus::Online { .. }));
}
