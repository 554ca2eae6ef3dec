//! Networks that break: hosts in network namespaces of their own, joined by a switch, between which lines are cut in
//! one or both directions without a word, as when a cable is pulled. Nothing leaves this machine.
//!
//! Namespaces need root and `ip`. A test that cannot run says so by name, and passes. Lines that are slow or lose packets are
//! in `faults/`.
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::future::Future;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fluence::state::NetworkStatus;
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer, PeerId, Role, Statuses};
use futures::StreamExt;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use support::{
    SECOND, answer, ask, called_at_last, client_config, find_and_call, name, reserved, soon,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The addresses of the hosts: a network that is reserved for documentation (RFC 5737), and public to libp2p.
const NETWORK: &str = "203.0.113";
/// A hardware address that no host has.
const NOBODY: &str = "02:00:00:00:00:ff";
/// What a busy machine may take longer than a bound. That each is kept to the second is shown on simulated time:
/// `src/driver/vigil.rs`, `src/link/one/tests.rs` and `src/link/herd.rs`.
const SLACK: Duration = Duration::from_secs(5);
/// How soon a dead link is left while something waits for it.
const BUSY: Duration = Duration::from_secs(5);
/// How soon a call is made again through another relay if the first one's line to the called peer is dead.
const ELSEWHERE: Duration = Duration::from_secs(8);
/// How soon a dead link is left on which nothing moves.
const IDLE: Duration = Duration::from_secs(20);
/// How long a node is away, and how soon its clients are online after that, if somebody waits and if nobody does.
const AWAY: Duration = Duration::from_secs(20);
const HURRIED: Duration = Duration::from_secs(5);
const UNHURRIED: Duration = Duration::from_secs(15);

/// Runs `ip`; false if it fails.
fn ip(arguments: &str) -> bool {
    let status = Command::new("ip")
        .args(arguments.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// A switch in a namespace of its own, and the hosts at it.
struct Lan {
    name: String,
    hosts: u8,
}

impl Lan {
    /// An empty network; `None` if none can be made here, which the test `test` then says.
    fn new(test: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let lan = Self {
            name: format!("fluence-{}-{count}", std::process::id()),
            hosts: 0,
        };
        let name = &lan.name;
        let made = ip(&format!("netns add {name}"))
            && ip(&format!("-n {name} link add switch type bridge"))
            && ip(&format!("-n {name} link set switch up"));
        if !made {
            eprintln!(
                "{test} is skipped: no network namespaces can be made here, which takes root and `ip`"
            );
            return None;
        }
        Some(lan)
    }

    /// Adds a host.
    fn host(&mut self) -> Host {
        self.hosts += 1;
        let (lan, number) = (&self.name, self.hosts);
        let name = format!("{lan}-{number}");
        let address = format!("{NETWORK}.{number}");
        for arguments in [
            format!("netns add {name}"),
            format!("-n {name} link add eth0 type veth peer name port{number} netns {lan}"),
            format!("-n {lan} link set port{number} master switch up"),
            format!("-n {name} address add {address}/24 dev eth0"),
            format!("-n {name} link set eth0 up"),
            format!("-n {name} link set lo up"),
        ] {
            assert!(ip(&arguments), "ip {arguments}");
        }
        Host::start(name, address)
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for number in 1..=self.hosts {
            ip(&format!("netns delete {}-{number}", self.name));
        }
        ip(&format!("netns delete {}", self.name));
    }
}

/// A host: a namespace, and a thread in it on which all its peers run.
struct Host {
    name: String,
    address: String,
    runtime: Handle,
    _ends: oneshot::Sender<()>,
}

impl Host {
    fn start(name: String, address: String) -> Self {
        let (started, runtime) = std::sync::mpsc::channel();
        let (ends, ended) = oneshot::channel::<()>();
        let namespace = format!("/run/netns/{name}");
        std::thread::spawn(move || {
            let namespace = File::open(namespace).expect("the namespace is there");
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), kind)
                .expect("it can be entered");
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.expect("a runtime");
            started
                .send(runtime.handle().clone())
                .expect("the test waits");
            // The peers of a host end with it.
            let _ = runtime.block_on(ended);
        });
        Self {
            name,
            address,
            runtime: runtime.recv().expect("the host starts"),
            _ends: ends,
        }
    }

    /// Does something on this host.
    async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.spawn(work).await.expect("no panic")
    }

    async fn peer(&self, config: Config) -> (Peer, Calls, Statuses) {
        self.run(async move { Peer::start(config).expect("the peer starts") })
            .await
    }

    /// Starts a node that joins others.
    async fn node(&self, peers: &[&Node]) -> Node {
        let listen = format!("/ip4/{}/tcp/4101", self.address)
            .parse()
            .expect("an address");
        let mut config = Config::node(Keypair::generate_ed25519(), vec![listen]);
        if let Role::Node { peers: joined, .. } = &mut config.role {
            *joined = peers.iter().map(|node| node.address.clone()).collect();
        }
        let (peer, calls, mut statuses) = self.peer(config).await;
        soon("the node listens", statuses.online()).await;
        let address = peer.listeners().await.remove(0);
        Node {
            peer,
            address,
            _calls: calls,
        }
    }

    /// Starts a client, and waits until it is online.
    async fn client(&self, config: Config) -> (Peer, Calls, Statuses) {
        let (peer, calls, mut statuses) = self.peer(config).await;
        soon("the client is online", statuses.online()).await;
        (peer, calls, statuses)
    }

    /// Starts a client that answers every call of a function.
    async fn provider(&self, nodes: &[&Multiaddr], function: &str) -> Peer {
        let (peer, calls, _) = self.client(client_config(nodes)).await;
        self.run(async move { answer(calls) }).await;
        peer.provide(name(function)).await.expect("provided");
        peer
    }

    /// From now on, nothing that this host sends arrives at the other one.
    fn mute_towards(&self, other: &Host) {
        let arguments = format!(
            "-n {} neigh replace {} lladdr {NOBODY} dev eth0 nud permanent",
            self.name, other.address
        );
        assert!(ip(&arguments), "ip {arguments}");
    }

    /// Cuts the line between two hosts.
    fn cut(&self, other: &Host) {
        self.mute_towards(other);
        other.mute_towards(self);
    }

    /// Mends what was cut.
    fn mend(&self, other: &Host) {
        for (from, to) in [(self, other), (other, self)] {
            ip(&format!(
                "-n {} neigh delete {} dev eth0",
                from.name, to.address
            ));
        }
    }
}

/// A node that runs.
struct Node {
    peer: Peer,
    address: Multiaddr,
    _calls: Calls,
}

impl Node {
    fn id(&self) -> PeerId {
        self.peer.id()
    }

    /// Waits until this node knows as many others.
    async fn knows(&self, others: usize) {
        let knows = async {
            while self.peer.known_nodes().await.len() < others {
                tokio::time::sleep(SECOND / 20).await;
            }
        };
        soon("the nodes meet", knows).await;
    }
}

/// Waits until a peer is online at a node.
async fn online_at(peer: &Peer, node: PeerId) {
    let id = node.to_string();
    let online = async {
        loop {
            let status = peer.status();
            if status.is_online() && format!("{status:?}").contains(&id) {
                return;
            }
            tokio::time::sleep(SECOND / 50).await;
        }
    };
    soon("the link to that node", online).await;
}

/// Alice has one link, to the first of two nodes. With `busy`, she waits for an answer that does not come. Returns how
/// long it takes after `break_line` until she is online at the other node.
async fn replaced(lan: &mut Lan, busy: bool, break_line: impl FnOnce(&Host, &Host)) -> Duration {
    let [here, there, home] = [lan.host(), lan.host(), lan.host()];
    let first = here.node(&[]).await;
    let second = there.node(&[&first]).await;
    first.knows(1).await;
    let config = Config {
        links: 1,
        ..client_config(&[&first.address, &second.address])
    };
    let (alice, _calls, _) = home.client(config).await;
    online_at(&alice, first.id()).await;
    if busy {
        let (waiting, first) = (alice.clone(), first.id());
        tokio::spawn(async move { waiting.call(first, ask("slow"), 60 * SECOND).await });
        tokio::time::sleep(SECOND).await;
        assert!(alice.status().is_online(), "it left a node that is there");
    }
    break_line(&home, &here);
    let began = Instant::now();
    online_at(&alice, second.id()).await;
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_link_that_is_cut_is_replaced() {
    let Some(mut lan) = Lan::new("a_busy_link_that_is_cut_is_replaced") else {
        return;
    };
    let took = replaced(&mut lan, true, Host::cut).await;
    eprintln!("a busy link that was cut: replaced after {took:?}");
    assert!(took < BUSY + SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_link_on_which_one_direction_is_lost_is_replaced() {
    let Some(mut lan) = Lan::new("a_busy_link_on_which_one_direction_is_lost_is_replaced") else {
        return;
    };
    for (what, break_line) in [
        (
            "to the node",
            (|home, node| home.mute_towards(node)) as fn(&Host, &Host),
        ),
        ("from the node", |home, node| node.mute_towards(home)),
    ] {
        let took = replaced(&mut lan, true, break_line).await;
        eprintln!("a busy link of which the direction {what} was lost: replaced after {took:?}");
        assert!(took < BUSY + SLACK, "{what}: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_link_that_is_cut_is_replaced() {
    let Some(mut lan) = Lan::new("an_idle_link_that_is_cut_is_replaced") else {
        return;
    };
    let took = replaced(&mut lan, false, Host::cut).await;
    eprintln!("an idle link that was cut: replaced after {took:?}");
    assert!(took < IDLE + SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_line_to_one_node_is_cut_is_called_through_the_other() {
    let Some(mut lan) =
        Lan::new("a_provider_whose_line_to_one_node_is_cut_is_called_through_the_other")
    else {
        return;
    };
    let [here, there, home, away] = [lan.host(), lan.host(), lan.host(), lan.host()];
    let first = here.node(&[]).await;
    let second = there.node(&[&first]).await;
    first.knows(1).await;
    let alice = home
        .provider(&[&first.address, &second.address], "file")
        .await;
    reserved(&alice, &[first.id(), second.id()]).await;
    let (bob, _calls, _) = away.client(client_config(&[&second.address])).await;
    assert_eq!(called_at_last(&bob, "file").await, alice.id());

    // The first node still thinks that alice is there, and does not find out for a while: half of the line is open.
    // Bob's connection to her leads through either node.
    home.cut(&here);
    for (caller, name) in [
        (bob, "a caller"),
        (
            away.client(client_config(&[&second.address])).await.0,
            "a new caller",
        ),
    ] {
        let began = Instant::now();
        assert_eq!(called_at_last(&caller, "file").await, alice.id());
        let took = began.elapsed();
        eprintln!("{name} after one line of the provider was cut: {took:?}");
        assert!(took < ELSEWHERE + SLACK, "{name}: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_through_a_node_whose_line_to_the_provider_is_cut_is_made_through_the_other() {
    let Some(mut lan) = Lan::new(
        "a_call_through_a_node_whose_line_to_the_provider_is_cut_is_made_through_the_other",
    ) else {
        return;
    };
    let [here, there, home, away] = [lan.host(), lan.host(), lan.host(), lan.host()];
    let first = here.node(&[]).await;
    let second = there.node(&[&first]).await;
    first.knows(1).await;
    let alice = home
        .provider(&[&first.address, &second.address], "file")
        .await;
    reserved(&alice, &[first.id(), second.id()]).await;
    // Bob has called through the first node, the only one that he is linked to; carol has never called.
    let config = Config {
        links: 1,
        ..client_config(&[&first.address])
    };
    let (bob, _calls, _) = away.client(config.clone()).await;
    assert_eq!(called_at_last(&bob, "file").await, alice.id());
    let (carol, _calls, _) = away
        .client(Config {
            keypair: Keypair::generate_ed25519(),
            ..config
        })
        .await;
    online_at(&carol, first.id()).await;
    home.cut(&here);
    for (caller, name) in [(bob, "a caller"), (carol, "a new caller")] {
        let began = Instant::now();
        assert_eq!(called_at_last(&caller, "file").await, alice.id());
        let took = began.elapsed();
        eprintln!("{name} whose node has lost the provider: {took:?}");
        assert!(took < ELSEWHERE + SLACK, "{name}: {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_only_line_was_cut_is_back_soon() {
    let Some(mut lan) = Lan::new("a_client_whose_only_line_was_cut_is_back_soon") else {
        return;
    };
    let [here, home, away] = [lan.host(), lan.host(), lan.host()];
    let node = here.node(&[]).await;
    let (alice, _calls, mut waiting) = home.client(client_config(&[&node.address])).await;
    let (_bob, _calls, mut idle) = away.client(client_config(&[&node.address])).await;
    for host in [&home, &away] {
        here.cut(host);
    }
    let both_are_offline = async {
        for statuses in [&mut waiting, &mut idle] {
            while statuses
                .next()
                .await
                .is_some_and(|status| !matches!(status, NetworkStatus::Offline { .. }))
            {
            }
        }
    };
    soon("both are offline", both_are_offline).await;
    alice.hurry();
    // By now they have tried again several times, each time later than before.
    tokio::time::sleep(AWAY).await;
    alice.hurry();
    for host in [&home, &away] {
        here.mend(host);
    }
    let began = Instant::now();
    soon("somebody waits", waiting.online()).await;
    let took = began.elapsed();
    eprintln!("online again after {took:?} while somebody waits");
    assert!(took < HURRIED + SLACK, "{took:?}");
    soon("nobody waits", idle.online()).await;
    let took = began.elapsed();
    eprintln!("online again after {took:?} while nobody does");
    assert!(took < UNHURRIED + SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_while_a_node_is_cut_off_is_not_found_there_later() {
    let Some(mut lan) =
        Lan::new("what_is_withdrawn_while_a_node_is_cut_off_is_not_found_there_later")
    else {
        return;
    };
    let [here, there, home] = [lan.host(), lan.host(), lan.host()];
    let first = here.node(&[]).await;
    let second = there.node(&[&first]).await;
    first.knows(1).await;
    let alice = home
        .provider(&[&first.address, &second.address], "stopped")
        .await;
    alice.provide(name("kept")).await.expect("provided");
    reserved(&alice, &[first.id(), second.id()]).await;
    // Bob asks nobody but the second node, on whose host he is.
    let config = Config {
        links: 1,
        ..client_config(&[&second.address])
    };
    let (bob, _calls, _) = there.client(config).await;
    assert_eq!(called_at_last(&bob, "stopped").await, alice.id());
    assert_eq!(called_at_last(&bob, "kept").await, alice.id());

    for host in [&here, &home] {
        there.cut(host);
    }
    let are_parted = async {
        for node in [&first, &second] {
            while node.peer.load().await.expect("a node").nodes > 0 {
                tokio::time::sleep(SECOND / 20).await;
            }
        }
    };
    // Nobody has noticed yet that the second node is away. She does not come back, so only the first one can tell of it.
    alice.withdraw(name("stopped")).await.expect("withdrawn");
    soon("shutdown", alice.shutdown()).await;
    soon("the nodes lose each other", are_parted).await;
    let found = async |by: &Peer, what: &str| -> Vec<PeerId> {
        soon(what, by.providers(name(what)).collect()).await
    };
    assert_eq!(found(&bob, "stopped").await, [alice.id()], "who tells it?");

    for host in [&here, &home] {
        there.mend(host);
    }
    let began = Instant::now();
    let is_gone = async {
        while !found(&bob, "stopped").await.is_empty() {
            tokio::time::sleep(SECOND / 20).await;
        }
    };
    soon("the node is told", is_gone).await;
    eprintln!("it is not found any more after {:?}", began.elapsed());
    assert_eq!(found(&bob, "kept").await, [alice.id()]);
    // Nor has the node that was cut off brought it back to the other one.
    let (carol, _calls, _) = home.client(client_config(&[&first.address])).await;
    assert_eq!(found(&carol, "stopped").await, []);
    assert_eq!(found(&carol, "kept").await, [alice.id()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_was_parted_is_one_again() {
    let Some(mut lan) = Lan::new("a_network_that_was_parted_is_one_again") else {
        return;
    };
    let hosts: Vec<Host> = (0..6).map(|_| lan.host()).collect();
    let (left, right) = hosts.split_at(3);
    let first = left[0].node(&[]).await;
    let mut nodes = vec![first];
    for host in [&left[1], &right[0], &right[1]] {
        let node = host.node(&[&nodes[0]]).await;
        nodes.push(node);
    }
    for node in &nodes {
        node.knows(3).await;
    }
    let before = left[2]
        .provider(&[&nodes[0].address, &nodes[1].address], "before")
        .await;

    for here in left {
        for there in right {
            here.cut(there);
        }
    }
    // Both halves go on by themselves. Each is asked while it is apart.
    let on_the_left = left[2]
        .provider(&[&nodes[0].address, &nodes[1].address], "left")
        .await;
    let on_the_right = right[2]
        .provider(&[&nodes[2].address, &nodes[3].address], "right")
        .await;
    let (bob, _calls, _) = left[2].client(client_config(&[&nodes[1].address])).await;
    let (carol, _calls, _) = right[2].client(client_config(&[&nodes[3].address])).await;
    assert_eq!(called_at_last(&bob, "left").await, on_the_left.id());
    assert_eq!(called_at_last(&bob, "before").await, before.id());
    assert_eq!(called_at_last(&carol, "right").await, on_the_right.id());
    assert!(
        find_and_call(&carol, "left").await.is_err(),
        "nothing passes between the halves"
    );

    for here in left {
        for there in right {
            here.mend(there);
        }
    }
    let began = Instant::now();
    assert_eq!(called_at_last(&carol, "left").await, on_the_left.id());
    assert_eq!(called_at_last(&carol, "before").await, before.id());
    assert_eq!(called_at_last(&bob, "right").await, on_the_right.id());
    eprintln!("one network again after {:?}", began.elapsed());
}
