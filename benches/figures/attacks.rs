//! What honest peers can still do at a node while it is attacked, and how much memory it takes. The attackers come from
//! two IP addresses with any number of identities, the honest peers from others; on Linux, all of 127.0.0.0/8 is this
//! machine. Each attack is on a node of its own, and goes on until all honest attempts were made.

#[path = "../../peer/tests/support/attacker.rs"]
mod attacker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use attacker::{AttackEvent, connect_from, from, open_web_socket, store, until};
use bytes::Bytes;
use fluence::Cid;
use fluence::call::{MultiaddrArgs, MultiaddrOk, Reply, Request};
use fluence::content::car;
use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
use fluence::names::{FunctionName, canonical, cid_v1};
use fluence_peer::{Calls, Config, Keypair, Multiaddr, Peer};
use fluence_tests::node::Node;
use fluence_tests::scene::Scene;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{SwarmBuilder, identify, kad, noise, ping, relay, tcp, yamux};
use reqwest::multipart;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// The addresses of the attackers.
const HOSTILE: [&str; 2] = ["127.0.0.2", "127.0.0.3"];
/// Those of the provider, of who calls it and uploads, of those who come while the attack goes on, and of who holds a
/// reservation and renews it.
const PROVIDER: &str = "127.0.0.8";
const CALLER: &str = "127.0.0.9";
const NEWCOMER: &str = "127.0.0.7";
const HOLDER: &str = "127.0.0.6";
/// The function that honest peers provide and call.
const FUNCTION: &str = "honest";
/// How often each thing is tried during an attack.
const ROUNDS: usize = 20;
/// How long an attack goes on before that counts.
const LEAD: Duration = Duration::from_secs(3);
/// How long an honest peer waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the node's memory is read.
const LOOK: Duration = Duration::from_millis(100);

/// A node under attack.
struct Target {
    node: Node,
    tcp: SocketAddr,
    ws: SocketAddr,
    http: SocketAddr,
}

type Attack = fn(Arc<Target>) -> BoxFuture<'static, Result<()>>;

/// An attack at a node that may have so few files of blocks ([`FEW_FILES`]) that it makes itself felt.
const TINY: &str = "ever new files of 8 bytes, at a node with room for 4096 files";
/// The least number of files that a quota allows.
const FEW_FILES: &str = "64MiB";

/// The attacks. Each goes on until its task is ended.
const ATTACKS: &[(&str, Attack)] = &[
    ("none", |_| std::future::pending().boxed()),
    ("512 WebSockets that declare a frame of 200 MiB", |target| {
        frames(target).boxed()
    }),
    (
        "identify with ever new addresses, from 8 identities",
        |target| addresses(target).boxed(),
    ),
    (
        "records of long addresses for the name that is called, from 12 identities",
        |target| records(target).boxed(),
    ),
    (
        "ever new providers of that name, which then are gone",
        |target| gone(target).boxed(),
    ),
    (
        "grants for 16 GiB, asked for without end by 12 identities",
        |target| grants(target, 16 << 30).boxed(),
    ),
    (
        "grants for nothing, asked for without end by 12 identities",
        |target| grants(target, 0).boxed(),
    ),
    (
        "grants for each of the 4096 parts of a stored file, from 12 identities",
        |target| parts(target).boxed(),
    ),
    (TINY, |target| tiny(target).boxed()),
    ("200 identities that want a reservation", |target| {
        reservations(target).boxed()
    }),
    ("3000 idle connections", |target| idle(target).boxed()),
    ("300 readers of a byte in a second", |target| {
        slow(target).boxed()
    }),
    (
        "downloads that are begun and aborted, 256 at a time",
        |target| aborted(target).boxed(),
    ),
    ("one token on 64 uploads that stop", |target| {
        uploads(target).boxed()
    }),
    ("files that nobody has, asked for 64 at a time", |target| {
        nonsense(target).boxed()
    }),
];

/// Prints what honest peers can do during each attack.
///
/// # Errors
/// Fails if a node or an honest peer cannot start, or an attack cannot be made.
pub async fn measure(scene: &Scene) -> Result<()> {
    raise_file_limit()?;
    println!();
    println!(
        "| attack | look-ups | calls | uploads | renewals | reservations of newcomers | longest of each | memory of the node |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (number, (what, attack)) in ATTACKS.iter().enumerate() {
        // With a public URL, it counts callers on this machine as it counts those elsewhere.
        let mut options = vec!["--public-url", "http://198.51.100.1:4180"];
        if *what == TINY {
            options.extend(["--storage-quota", FEW_FILES]);
        }
        let node = scene.node(&format!("node-{number}"), &options).await?;
        let http = node.listening().http.trim_start_matches("http://");
        let target = Arc::new(Target {
            tcp: socket(&node.tcp()?)?,
            ws: socket(&node.websocket()?)?,
            http: http.parse()?,
            node,
        });
        let honest = Honest::new(&target).await?;
        let attack = tokio::spawn(attack(Arc::clone(&target)));
        let measured = async {
            sleep(LEAD).await;
            honest.rounds().await
        };
        let mut most = 0;
        let watch = async {
            loop {
                most = most.max(memory(&target)?);
                sleep(LOOK).await;
            }
        };
        let results: [Done; 5] = tokio::select! {
            done = measured => done,
            unread = watch => return unread,
        };
        ensure!(
            !attack.is_finished(),
            "it has ended: {what}: {:?}",
            attack.await
        );
        attack.abort();
        let [found, called, uploaded, renewed, reserved] =
            results.each_ref().map(|done| done.count);
        let longest = results.map(|done| format!("{:.1} s", done.longest.as_secs_f64()));
        let longest = longest.join(", ");
        println!(
            "| {what} | {found} | {called} | {uploaded} | {renewed} | {reserved} | {longest} | {most} MiB |"
        );
    }
    println!();
    println!("Of {ROUNDS} each.");
    Ok(())
}

/// How many attempts succeeded, and the longest of these.
#[derive(Default, Clone, Copy)]
struct Done {
    count: usize,
    longest: Duration,
}

/// The honest peers.
struct Honest {
    target: Arc<Target>,
    provider: Peer,
    caller: Peer,
    /// Who holds a reservation, and is told to renew it.
    holder: mpsc::Sender<oneshot::Sender<Result<()>>>,
    way: Multiaddr,
    http: reqwest::Client,
}

impl Honest {
    async fn new(target: &Arc<Target>) -> Result<Self> {
        let (provider, calls) = client(&from(PROVIDER, target.tcp).await).await?;
        answer(calls);
        let missing = provider.announce(vec![function()]).await?;
        ensure!(missing.is_empty(), "it is not announced");
        let (caller, _) = client(&from(CALLER, target.tcp).await).await?;
        let http = reqwest::Client::builder()
            .local_address(CALLER.parse::<std::net::IpAddr>()?)
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .no_proxy();
        let node = target.node.listening().peer.parse()?;
        let holder = hold(from(HOLDER, target.tcp).await.with(Protocol::P2p(node)))?;
        renew(&holder).await?;
        Ok(Self {
            target: Arc::clone(target),
            provider,
            caller,
            holder,
            way: from(NEWCOMER, target.tcp).await,
            http: http.build()?,
        })
    }

    /// Look-ups, calls, uploads, renewals and reservations, one after the other, and again.
    async fn rounds(&self) -> [Done; 5] {
        let mut done = [Done::default(); 5];
        for round in 0..ROUNDS {
            note(&mut done[0], self.finds()).await;
            note(&mut done[1], self.calls()).await;
            note(&mut done[2], self.uploads(round)).await;
            note(&mut done[3], renew(&self.holder)).await;
            note(&mut done[4], async { client(&self.way).await.map(drop) }).await;
        }
        done
    }

    async fn finds(&self) -> Result<()> {
        // As a caller does: it calls whom it finds, as soon as it finds them.
        let mut found = std::pin::pin!(self.caller.providers(function()));
        while let Some(provider) = found.next().await {
            if provider == self.provider.id() {
                return Ok(());
            }
        }
        bail!("it is not found")
    }

    async fn calls(&self) -> Result<()> {
        let request = Request::new(function(), &json!({}));
        let provider = self.provider.id();
        let reply = self.caller.call(provider, request, PATIENCE).await?;
        ensure!(matches!(reply, Reply::Ok(_)), "{reply:?}");
        Ok(())
    }

    async fn uploads(&self, round: usize) -> Result<()> {
        let block = block(RAW, format!("file {round}").into_bytes());
        let token = grant(&self.caller, &self.target, &block.0, block.1.len() as u64).await?;
        upload(&self.http, &self.target, &token, &[block]).await
    }
}

/// Uploads a DAG, whose root comes first.
async fn upload(
    http: &reqwest::Client,
    target: &Target,
    token: &str,
    blocks: &[(Cid, Bytes)],
) -> Result<()> {
    let root = blocks.first().context("no root")?.0;
    let car = multipart::Part::bytes(car_of(&root, blocks));
    let form = multipart::Form::new().part("file", car);
    let url = format!("http://{}/api/v0/dag/import?stats=true", target.http);
    let answer = http.post(url).bearer_auth(token).multipart(form);
    answer.send().await?.error_for_status()?;
    Ok(())
}

/// What uploads in the name of an attacker.
fn hostile_http(number: usize) -> Result<reqwest::Client> {
    let from = hostile(number).parse::<std::net::IpAddr>()?;
    let http = reqwest::Client::builder().local_address(from);
    Ok(http.timeout(PATIENCE).no_proxy().build()?)
}

/// The protocols of a peer that holds a reservation. A node cuts off whoever answers no ping.
#[derive(NetworkBehaviour)]
struct Holding {
    circuits: relay::client::Behaviour,
    ping: ping::Behaviour,
}

/// A peer that reserves at a node when it is told to, each time over the same connection, as it does to renew a
/// reservation before that expires. It ends with the sender.
fn hold(node: Multiaddr) -> Result<mpsc::Sender<oneshot::Sender<Result<()>>>> {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )?
        .with_relay_client(noise::Config::new, yamux::Config::default)?
        .with_behaviour(|_, circuits| Holding {
            circuits,
            ping: ping::Behaviour::default(),
        })?
        .build();
    let (told, mut tasks) = mpsc::channel::<oneshot::Sender<Result<()>>>(1);
    tokio::spawn(async move {
        let (mut listener, mut asked, mut is_first) = (None, None, true);
        loop {
            tokio::select! {
                task = tasks.recv() => {
                    let Some(task) = task else { return };
                    listener = swarm.listen_on(node.clone().with(Protocol::P2pCircuit)).ok();
                    asked = Some(task);
                }
                event = swarm.select_next_some() => {
                    let outcome = match event {
                        SwarmEvent::Behaviour(HoldingEvent::Circuits(
                            relay::client::Event::ReservationReqAccepted { renewal, .. },
                        )) if renewal || is_first => {
                            is_first = false;
                            Ok(())
                        }
                        SwarmEvent::Behaviour(HoldingEvent::Circuits(
                            relay::client::Event::ReservationReqAccepted { .. },
                        )) => Err(anyhow!("the reservation had been lost")),
                        SwarmEvent::ListenerClosed { listener_id, reason, .. }
                            if Some(listener_id) == listener =>
                        {
                            Err(anyhow!("it is not renewed: {reason:?}"))
                        }
                        _ => continue,
                    };
                    if let Some(asked) = asked.take() {
                        let _ = asked.send(outcome);
                    }
                }
            }
        }
    });
    Ok(told)
}

/// Has a reservation made, or made again.
async fn renew(holder: &mpsc::Sender<oneshot::Sender<Result<()>>>) -> Result<()> {
    let (done, outcome) = oneshot::channel();
    holder.send(done).await?;
    outcome.await?
}

/// Makes an attempt, and notes it if it succeeds.
async fn note(done: &mut Done, attempt: impl Future<Output = Result<()>>) {
    let began = Instant::now();
    match timeout(PATIENCE, attempt).await {
        Ok(Ok(())) => {
            done.count += 1;
            done.longest = done.longest.max(began.elapsed());
        }
        Ok(Err(error)) => eprintln!("{error:#}"),
        Err(_) => eprintln!("it took too long"),
    }
}

fn function() -> FunctionName {
    FUNCTION.parse().expect("a name")
}

/// A client that is online at a node.
async fn client(node: &Multiaddr) -> Result<(Peer, Calls)> {
    let config = Config::client(Keypair::generate_ed25519(), vec![node.clone()]);
    let (peer, calls, mut statuses) = Peer::start(config)?;
    timeout(PATIENCE, statuses.online())
        .await
        .with_context(|| format!("{:?}", peer.status()))?;
    Ok((peer, calls))
}

/// Answers every call.
fn answer(mut calls: Calls) {
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            call.reply(Reply::ok(&json!({})));
        }
    });
}

/// Asks a node for the token to upload a file.
async fn grant(peer: &Peer, target: &Target, cid: &Cid, size: u64) -> Result<String> {
    let args = MultiaddrArgs {
        cid: Some(canonical(cid)),
        size: Some(size),
    };
    let request = Request::new("IPFS_multiaddr".parse()?, &args);
    let node = target.node.listening().peer.parse()?;
    let reply = peer.call(node, request, PATIENCE).await?;
    let granted: MultiaddrOk = reply.into_result()?;
    granted.token.context("no token")
}

fn block(codec: u64, data: impl Into<Bytes>) -> (Cid, Bytes) {
    let data = data.into();
    (cid_v1(codec, &Sha256::digest(&data).into()), data)
}

fn car_of(root: &Cid, blocks: &[(Cid, Bytes)]) -> Vec<u8> {
    let mut car = car::header(root).to_vec();
    for (cid, data) in blocks {
        let cid = cid.to_bytes();
        let mut length = cid.len() + data.len();
        while length >= 0x80 {
            car.push(length as u8 | 0x80);
            length >>= 7;
        }
        car.push(length as u8);
        car.extend(cid);
        car.extend(data);
    }
    car
}

/// The memory of a node's process, in MiB.
fn memory(target: &Target) -> Result<u64> {
    let process = target.node.process().context("the node has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|rest| rest.trim().split(' ').next());
    Ok(kib.context("no VmRSS")?.parse::<u64>()? / 1024)
}

/// Attackers need many sockets.
fn raise_file_limit() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )?;
    Ok(())
}

/// The IP address and the port with which a multiaddr begins.
fn socket(address: &str) -> Result<SocketAddr> {
    let parts: Vec<&str> = address.split('/').collect();
    Ok(format!("{}:{}", parts[2], parts[4]).parse()?)
}

fn hostile(number: usize) -> &'static str {
    HOSTILE[number % HOSTILE.len()]
}

async fn frames(target: Arc<Target>) -> Result<()> {
    let mut open = Vec::new();
    let mut header = vec![0x82, 0xff];
    header.extend((200_u64 << 20).to_be_bytes());
    header.extend([1, 2, 3, 4]);
    loop {
        for number in 0..512 {
            let opened = timeout(PATIENCE, open_web_socket(hostile(number), target.ws));
            let Ok(mut stream) = opened.await else {
                continue;
            };
            // If this fails, the node has ended the connection.
            let _ = stream.write_all(&header).await;
            open.push(stream);
        }
        sleep(LEAD).await;
        open.clear();
    }
}

async fn addresses(target: Arc<Target>) -> Result<()> {
    let attack = async |number: usize| {
        let mut swarm = attacker::attacker(kad::Mode::Server);
        swarm.dial(from(hostile(number), target.tcp).await)?;
        let node = target.node.listening().peer.parse()?;
        for round in 0.. {
            let fresh = (0..16).map(|address| {
                let label = format!("{number}-{round}-{address}-{}", "x".repeat(40));
                format!("/dns4/{label}.{label}.{label}.example.org/tcp/4101").parse()
            });
            let fresh = fresh.collect::<Result<Vec<Multiaddr>, _>>()?;
            for address in &fresh {
                swarm.add_external_address(address.clone());
            }
            if round > 0 {
                swarm.behaviour_mut().identify.push([node]);
            }
            let told = until(&mut swarm, |event| match event {
                SwarmEvent::Behaviour(AttackEvent::Identify(
                    identify::Event::Sent { .. } | identify::Event::Pushed { .. },
                )) => Some(()),
                _ => None,
            });
            // It may not be told if the node has ended the connection.
            let _ = timeout(LEAD, told).await;
            for address in &fresh {
                swarm.remove_external_address(address);
            }
        }
        anyhow::Ok(())
    };
    for ended in join_all((0..8).map(attack)).await {
        ended?;
    }
    Ok(())
}

async fn records(target: Arc<Target>) -> Result<()> {
    let node = target.node.listening().peer.parse()?;
    let attack = async |number: usize| {
        loop {
            let mut swarm = attacker::attacker(kad::Mode::Client);
            for address in 0..8 {
                let label = format!("{number}-{address}-{}", "x".repeat(40));
                let name = format!("{label}.{label}.{label}.{label}.example");
                swarm.add_external_address(format!("/dns4/{name}/tcp/4101").parse()?);
            }
            let way = from(hostile(number), target.tcp).await;
            for name in [function(), "IPFS_multiaddr".parse()?] {
                let _ = timeout(PATIENCE, store(&mut swarm, node, &way, &name)).await;
            }
            let stay = until(&mut swarm, |_| None::<()>);
            let _ = timeout(LEAD, stay).await;
        }
    };
    let ended: Vec<Result<()>> = join_all((0..12).map(attack)).await;
    ended.into_iter().collect()
}

async fn gone(target: Arc<Target>) -> Result<()> {
    let node = target.node.listening().peer.parse()?;
    let ways = [
        from(HOSTILE[0], target.tcp).await,
        from(HOSTILE[1], target.tcp).await,
    ];
    for number in 0_usize.. {
        let mut swarm = attacker::attacker(kad::Mode::Client);
        let (way, name) = (&ways[number % 2], function());
        let _ = timeout(PATIENCE, store(&mut swarm, node, way, &name)).await;
        let _ = swarm.disconnect_peer_id(node);
        let closed = until(&mut swarm, |event| {
            matches!(event, SwarmEvent::ConnectionClosed { .. }).then_some(())
        });
        let _ = timeout(LEAD, closed).await;
    }
    Ok(())
}

async fn grants(target: Arc<Target>, size: u64) -> Result<()> {
    let target = &target;
    let attack = async |number: usize| {
        let (peer, _calls) = client(&from(hostile(number), target.tcp).await).await?;
        for file in 0_u64.. {
            let cid = cid_v1(RAW, &Sha256::digest(format!("{number} {file}")).into());
            // It is refused, most of the time.
            let _ = grant(&peer, target, &cid, size).await;
        }
        anyhow::Ok(())
    };
    let ended: Vec<Result<()>> = join_all((0..12).map(attack)).await;
    ended.into_iter().collect()
}

/// Stores a file, and asks for the upload of each of its inner nodes as if it were a file of its own.
async fn parts(target: Arc<Target>) -> Result<()> {
    const PARTS: usize = 4096;
    let child = |(cid, data): &(Cid, Bytes), size: u64| Child {
        cid: *cid,
        size,
        tsize: size + data.len() as u64,
    };
    let leaf = block(RAW, Bytes::from_static(b"leaf"));
    // Each is a list of the same leaf, of another length, so that all of them differ.
    let nodes: Vec<(Cid, Bytes)> = (1..=64)
        .map(|length| block(DAG_PB, unixfs::inner(&vec![child(&leaf, 4); length])))
        .collect();
    let mut inner = Vec::with_capacity(PARTS);
    for (first, a) in (1..).zip(&nodes) {
        for (second, b) in (1..).zip(&nodes) {
            let pair = [child(a, 4 * first), child(b, 4 * second)];
            inner.push((block(DAG_PB, unixfs::inner(&pair)), 4 * (first + second)));
        }
    }
    let all: Vec<Child> = inner
        .iter()
        .map(|(node, size)| child(node, *size))
        .collect();
    let root = block(DAG_PB, unixfs::inner(&all));
    let (peer, _calls) = client(&from(hostile(0), target.tcp).await).await?;
    let len = inner.iter().map(|(_, size)| size).sum();
    let token = grant(&peer, &target, &root.0, len).await?;
    // Each after one that links to it.
    let parts: Vec<Cid> = inner.iter().map(|((cid, _), _)| *cid).collect();
    let mut blocks = vec![root];
    blocks.extend(inner.into_iter().map(|(node, _)| node));
    blocks.extend(nodes);
    blocks.push(leaf);
    upload(&hostile_http(0)?, &target, &token, &blocks).await?;
    let (target, parts) = (&target, &parts);
    let attack = async |number: usize| {
        let (peer, _calls) = client(&from(hostile(number), target.tcp).await).await?;
        for part in parts.iter().cycle().skip(number * PARTS / 12) {
            let _ = grant(&peer, target, part, 4).await;
        }
        anyhow::Ok(())
    };
    let ended: Vec<Result<()>> = join_all((0..12).map(attack)).await;
    ended.into_iter().collect()
}

/// Uploads files that take an inode each, and next to no bytes.
async fn tiny(target: Arc<Target>) -> Result<()> {
    let target = &target;
    let attack = async |number: usize| {
        let http = hostile_http(number)?;
        let (peer, _calls) = client(&from(hostile(number), target.tcp).await).await?;
        for file in 0_u32.. {
            let data = [number as u32, file].map(u32::to_le_bytes).concat();
            let block = block(RAW, data);
            // It is refused once its share is taken.
            if let Ok(token) = grant(&peer, target, &block.0, 8).await {
                let _ = upload(&http, target, &token, &[block]).await;
            }
        }
        anyhow::Ok(())
    };
    let ended: Vec<Result<()>> = join_all((0..12).map(attack)).await;
    ended.into_iter().collect()
}

async fn reservations(target: Arc<Target>) -> Result<()> {
    let ways = [
        from(HOSTILE[0], target.tcp).await,
        from(HOSTILE[1], target.tcp).await,
    ];
    let mut clients = Vec::new();
    for number in 0..200 {
        let nodes = vec![ways[number % 2].clone()];
        clients.push(Peer::start(Config::client(
            Keypair::generate_ed25519(),
            nodes,
        ))?);
    }
    std::future::pending().await
}

async fn idle(target: Arc<Target>) -> Result<()> {
    let mut open = Vec::new();
    for number in 0..3000 {
        let to = [target.tcp, target.ws, target.http][number % 3];
        open.push(connect_from(hostile(number), to).await?);
    }
    std::future::pending().await
}

/// Stores a file of 1 TiB that has one leaf of 1 MiB.
async fn endless(target: &Target) -> Result<Cid> {
    const LEAF: u64 = 1 << 20;
    let leaf = block(RAW, vec![7; 1 << 20]);
    let mut child = Child {
        cid: leaf.0,
        size: LEAF,
        tsize: LEAF,
    };
    let mut blocks = vec![leaf];
    for _ in 0..20 {
        let node = block(DAG_PB, unixfs::inner(&[child, child]));
        child = Child {
            cid: node.0,
            size: child.size * 2,
            tsize: child.tsize * 2,
        };
        blocks.insert(0, node);
    }
    let (peer, _calls) = client(&from(HOSTILE[0], target.tcp).await).await?;
    let token = grant(&peer, target, &child.cid, LEAF).await?;
    upload(&hostile_http(0)?, target, &token, &blocks).await?;
    Ok(child.cid)
}

/// Begins to download a file.
async fn begin(target: &Target, number: usize, cid: &Cid) -> std::io::Result<TcpStream> {
    let mut stream = connect_from(hostile(number), target.http).await?;
    let cid = canonical(cid);
    let head = format!("GET /ipfs/{cid}?format=car&car-dups=y HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

async fn slow(target: Arc<Target>) -> Result<()> {
    let cid = endless(&target).await?;
    let read = async |number: usize| {
        loop {
            let Ok(mut stream) = begin(&target, number, &cid).await else {
                continue;
            };
            while stream.read_u8().await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        }
    };
    let ended: Vec<()> = join_all((0..300).map(read)).await;
    drop(ended);
    Ok(())
}

async fn aborted(target: Arc<Target>) -> Result<()> {
    let cid = endless(&target).await?;
    loop {
        let begun = join_all((0..256).map(|number| begin(&target, number, &cid))).await;
        for stream in begun {
            // If this fails, it was refused.
            let _ = timeout(PATIENCE, stream?.read_u8()).await;
        }
    }
}

async fn uploads(target: Arc<Target>) -> Result<()> {
    let (peer, _calls) = client(&from(HOSTILE[0], target.tcp).await).await?;
    let cid = cid_v1(RAW, &Sha256::digest("never").into());
    let token = grant(&peer, &target, &cid, 100_000).await?;
    let head = format!(
        "POST /api/v0/dag/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 100000\r\n\r\n"
    );
    let stop = async |number: usize| {
        loop {
            if let Ok(mut stream) = connect_from(hostile(number), target.http).await {
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
            sleep(LOOK).await;
        }
    };
    let ended: Vec<()> = join_all((0..64).map(stop)).await;
    drop(ended);
    Ok(())
}

async fn nonsense(target: Arc<Target>) -> Result<()> {
    let ask = async |number: usize| {
        for file in 0.. {
            let cid = cid_v1(RAW, &Sha256::digest(format!("{number} {file}")).into());
            if let Ok(mut stream) = begin(&target, number, &cid).await {
                let _ = timeout(PATIENCE, stream.read_u8()).await;
            }
        }
    };
    let ended: Vec<()> = join_all((0..64).map(ask)).await;
    drop(ended);
    Ok(())
}
