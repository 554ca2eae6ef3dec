//! What holds when wires are slow, lose packets, reach some hosts only, or leave connections half open.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, Statuses};
use futures::future::join_all;
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use crate::support::{
    DEADLINE, Node, SECOND, answer, ask, called_at_last, client_config, find_and_call, name,
    reserved, soon, start,
};
use crate::wires::{Host, Wire, hosts};

/// How soon a caller gets on while something waits, and how soon a dead link is noticed while nothing does.
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
        "a_routed_call_needs_few_round_trips_and_one_node_more_at_most",
        || Box::pin(routed()),
    ),
    ("a_client_whose_wire_is_mended_is_back_soon", || {
        Box::pin(back())
    }),
    (
        "nodes_that_asked_for_each_other_too_early_meet_all_the_same",
        || Box::pin(too_early()),
    ),
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

/// Two nodes join a third one that is far away. It tells nobody of a node before it has reached that node, and both ask
/// it before that; so they meet only if they ask again.
async fn too_early() {
    let ([one, two, three], wires) = hosts().expect("hosts");
    let first = node(&one, &[]).await;
    wires.between(&[1], &[2, 3], Wire::slow(Duration::from_millis(400)));
    let began = Instant::now();
    let second = node(&two, &[&first]).await;
    let third = node(&three, &[&first]).await;
    second.knows(2).await;
    third.knows(2).await;
    eprintln!(
        "nodes that had asked too early met after {:?}",
        began.elapsed()
    );
}

/// How long a packet takes from any host to any other one where round trips are counted.
const LINE: Duration = Duration::from_millis(50);

/// How many round trips between two hosts something takes.
async fn trips<T>(work: impl Future<Output = T>) -> (f64, T) {
    let begun = Instant::now();
    let done = work.await;
    let taken = begun.elapsed().as_secs_f64();
    (taken / (2 * LINE).as_secs_f64(), done)
}

/// Finds and calls a function from a client that has just come, then finds and calls it again, then calls it alone, and
/// returns the fewest round trips of three clients: on a busy machine, computing takes as long as some.
async fn cold_and_warm(host: &Host, node: &Multiaddr, routes: bool) -> [f64; 3] {
    let mut taken = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..3 {
        let mut config = client_config(&[node]);
        (config.links, config.routes) = (1, routes);
        taken = host
            .run(async move {
                let (caller, _calls, _) = start(config).await;
                let mut provider = None;
                for taken in &mut taken[..2] {
                    let (trips, called) = trips(find_and_call(&caller, "file")).await;
                    provider = Some(called.expect("it answers"));
                    taken.push(trips);
                }
                let provider = provider.expect("a provider");
                let (trips, called) = trips(caller.call(provider, ask("file"), DEADLINE)).await;
                called.expect("it answers");
                taken[2].push(trips);
                caller.shutdown().await;
                taken
            })
            .await;
    }
    taken.map(|taken| taken.into_iter().fold(f64::INFINITY, f64::min))
}

/// What calls cost in round trips, plain and routed, at the same node and at another one, to which the caller has no wire of
/// its own when its calls are routed.
async fn routed() {
    let ([one, two, three, four, five], wires) = hosts().expect("hosts");
    let all = [1, 2, 3, 4, 5];
    wires.between(&all, &all, Wire::slow(LINE));
    // The provider, at the host 3, reaches the first node alone.
    wires.both_ways(2, 3, Wire::CUT);
    let first = node(&one, &[]).await;
    let alice = client_on(&three, &[&first.address]).await;
    alice.provide(name("file")).await.expect("provided");
    let second = node(&two, &[&first]).await;
    let records = async {
        while second.peer().load().await.expect("a node").records == 0 {
            tokio::time::sleep(SECOND / 20).await;
        }
    };
    soon("both nodes have the record", records).await;
    let plain = cold_and_warm(&four, &first.address, false).await;
    let plain_far = cold_and_warm(&five, &second.address, false).await;
    let same = cold_and_warm(&four, &first.address, true).await;
    wires.both_ways(1, 5, Wire::CUT);
    let far = cold_and_warm(&five, &second.address, true).await;
    for (what, [cold, again, alone]) in [
        ("same node, plain", plain),
        ("same node, routed", same),
        ("another node, plain", plain_far),
        ("another node, routed", far),
    ] {
        eprintln!(
            "round trips: {what}: cold {cold:.1}, again {again:.1}, the call alone {alone:.1}"
        );
    }
    let load = first.peer().load().await.expect("a node");
    assert_eq!((load.routed.ok, load.routed.failed), (18, 0), "{load:?}");
    let load = second.peer().load().await.expect("a node");
    assert_eq!((load.routed.ok, load.routed.failed), (9, 0), "{load:?}");
    // Less than one more than they need is computing.
    assert!(same[0] < 4.0 && far[0] < 5.0, "{same:?} {far:?}");
}
