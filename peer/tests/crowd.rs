//! Tests of many nodes and clients in one process: a third of the nodes ends, and all come back; and many clients come
//! back to their only node. A network that falls into two halves is in `namespaces.rs`.

mod support;

use std::time::{Duration, Instant};

use fluence_peer::{Peer, PeerId};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use tokio::sync::Mutex;

use support::{Node, answer, called_at_last, client_config, find_and_call, name, start};

/// Held by each test as long as it runs: these have limits, and would take the processor from each other.
static ALONE: Mutex<()> = Mutex::const_new(());

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

/// Every one of so many calls somebody else, `step` places away.
async fn call(members: &[Member], every: usize, step: usize) -> Round {
    let calls = stream::iter((0..members.len()).step_by(every)).map(|n| {
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

/// Every one of so many calls after each change, and `again` is whether they call once more.
async fn outlasts(nodes: usize, clients: usize, every: usize, again: bool) {
    let _alone = ALONE.lock().await;
    let began = Instant::now();
    let (mut nodes, members) = network(nodes, clients).await;
    eprintln!("everybody is there after {:?}", began.elapsed());
    call(&members, every, 1).await.say("in peace");

    // The first node, which all others were given, is among those that end.
    let third = nodes.len().div_ceil(3);
    join_all(nodes[..third].iter_mut().map(Node::kill)).await;
    call(&members, every, 2).await.say("a third has just ended");
    if again {
        call(&members, every, 3).await.say("after that");
    }

    join_all(nodes.iter_mut().map(Node::kill)).await;
    for node in nodes.iter_mut().rev() {
        node.start_again().await;
    }
    // Somebody waits, as everywhere in this test.
    for member in &members {
        member.peer.hurry();
    }
    call(&members, every, 5).await.say("all have come back");
    if again {
        call(&members, every, 7).await.say("after that");
    }
    eprintln!("all of it took {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_found_at_none_of_20_nodes_soon() {
    /// How long it may be found after it was withdrawn.
    const SOON: Duration = Duration::from_secs(60);
    let _alone = ALONE.lock().await;
    let (_nodes, members) = network(20, 20).await;
    call(&members, 1, 1).await.say("in peace");
    // Every other one stops.
    let (stops, stays): (Vec<&Member>, Vec<&Member>) =
        members.chunks(2).map(|pair| (&pair[0], &pair[1])).unzip();
    let withdraw = stops.iter().map(|member| async {
        let withdrawn = member.peer.withdraw(name(&member.function)).await;
        withdrawn.expect("it is withdrawn");
    });
    join_all(withdraw).await;
    let began = Instant::now();
    let found = async |by: &Member, what: &Member| -> Vec<PeerId> {
        by.peer.providers(name(&what.function)).collect().await
    };
    for (by, what) in stays.iter().zip(stops.iter().cycle().skip(3)) {
        while !found(by, what).await.is_empty() {
            let took = began.elapsed();
            assert!(took < SOON, "{} is found after {took:?}", what.function);
        }
    }
    eprintln!(
        "nothing is found {:?} after it was withdrawn",
        began.elapsed()
    );
    // It stays so, and what is provided is found.
    called_at_last(&stays[4].peer, &stays[5].function).await;
    for (by, what) in stays.iter().zip(stops.iter().cycle().skip(7)) {
        assert_eq!(found(by, what).await, [], "{}", what.function);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_outlasts_a_third_of_its_nodes_and_all_of_them() {
    outlasts(6, 12, 1, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_nodes_and_two_hundred_clients() {
    outlasts(20, 200, 5, false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes some minutes of processor time in a debug build"]
async fn twenty_nodes_and_two_hundred_clients_of_whom_everybody_calls() {
    outlasts(20, 200, 1, true).await;
}

/// As many clients as this process can encrypt the connections of in a second or so, if not all of them come at once; a
/// thousand are in `src/link/herd.rs`, on simulated time. Somebody waits at half of them.
const RETURNING: usize = 300;
/// How long their node is away.
const AWAY: Duration = Duration::from_secs(20);
/// How soon they are online again where somebody waits, and where nobody does.
const WAITED_FOR: Duration = Duration::from_secs(5);
const UNNOTICED: Duration = Duration::from_secs(15);
/// What a busy machine may take longer.
const SLACK: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_come_back_to_their_only_node_soon_and_not_all_at_once() {
    let _alone = ALONE.lock().await;
    let mut node = Node::start(Vec::new()).await;
    let address = &node.address;
    let clients: Vec<_> = stream::iter(0..RETURNING)
        .map(|_| start(client_config(&[address])))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    node.kill().await;
    let gone = Instant::now();
    let mut waiting = Vec::new();
    for (n, (peer, calls, mut statuses)) in clients.into_iter().enumerate() {
        let is_waited_for = n % 2 == 0;
        // As a program does at which somebody waits.
        let back = tokio::spawn(async move {
            while let Some(status) = statuses.next().await {
                if status.is_online() && gone.elapsed() >= AWAY {
                    break;
                }
                if is_waited_for && !status.is_online() {
                    peer.hurry();
                }
            }
            (Instant::now(), peer, calls)
        });
        waiting.push((is_waited_for, back));
    }
    tokio::time::sleep(AWAY - gone.elapsed()).await;
    node.start_again().await;
    let began = Instant::now();
    let mut took = [Vec::new(), Vec::new()];
    for (is_waited_for, back) in waiting {
        let (at, _peer, _calls) = support::soon("it is back", back).await.expect("no panic");
        took[usize::from(is_waited_for)].push(at - began);
    }
    let [unnoticed, waited_for] = &took;
    for (what, took, limit) in [
        ("somebody waits", waited_for, WAITED_FOR),
        ("nobody waits", unnoticed, UNNOTICED),
    ] {
        let last = took.iter().max().expect("there are clients");
        eprintln!("the last of {} is back after {last:?}: {what}", took.len());
        assert!(*last < limit + SLACK, "{what}: {last:?}");
    }
    let all: Vec<Duration> = took.concat();
    let within = |first: &Duration| {
        let second = *first..*first + Duration::from_secs(1);
        all.iter().filter(|time| second.contains(time)).count()
    };
    let most = all.iter().map(within).max().unwrap_or_default();
    eprintln!("at most {most} of {} within one second", all.len());
    assert!(most * 2 < all.len(), "{most} of {}", all.len());
}
