//! What strangers do who have any number of identities and a few addresses, and what somebody else
//! can do meanwhile.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluence::Cid;
use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
use fluence_cli::fairness::AddressBlock;
use fluence_cli::gateway::{FetchError, Fetched, Fetcher};
use fluence_cli::platform::raise_file_limit;
use fluence_cli::storage::{Refusal, StorageConfig};
use futures::future::{self, BoxFuture};
use futures::stream::{FuturesUnordered, StreamExt as _};
use reqwest::{Client, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::world::*;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

/// The address from which strangers come, and that of somebody else.
const STRANGER: [u8; 4] = [127, 0, 0, 1];
const OTHER: [u8; 4] = [127, 0, 0, 2];

/// A client that has another address than the strangers.
fn somebody_else() -> Client {
    Client::builder()
        .local_address(IpAddr::from(OTHER))
        .timeout(LONG)
        .no_proxy()
        .build()
        .unwrap()
}

/// A stranger's connection, on which it has sent something.
async fn stranger(world: &World, sent: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((IpAddr::from(STRANGER), 0).into()).unwrap();
    // So that little of a response fits into what the system keeps for it.
    socket.set_recv_buffer_size(4096).unwrap();
    let address = world.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// Stores a file of many GiB, which has one leaf of 1 MiB.
async fn endless(world: &World) -> Cid {
    const LEAF: u64 = 1 << 20;
    let leaf = block(RAW, vec![7; LEAF as usize]);
    let mut child = Child {
        cid: leaf.cid,
        size: LEAF,
        tsize: LEAF,
    };
    let mut blocks = vec![leaf];
    for _ in 0..20 {
        let node = block(DAG_PB, unixfs::inner(&[child, child]));
        child = Child {
            cid: node.cid,
            size: child.size * 2,
            tsize: child.tsize * 2,
        };
        blocks.insert(0, node);
    }
    let token = world.storage.grant(PEER, &child.cid, Some(LEAF)).unwrap();
    let car = car_of(&child.cid, &blocks);
    world.import_is(&token.token, car, 200).await;
    child.cid
}

fn get(cid: &Cid) -> String {
    format!("GET /ipfs/{cid}?format=car&car-dups=y HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// The status of the response that a connection gets.
async fn status(stream: &mut TcpStream) -> String {
    let mut head = [0; 12];
    let read = tokio::time::timeout(LONG, stream.read_exact(&mut head)).await;
    read.expect("an answer").expect("an answer");
    String::from_utf8_lossy(&head[9..]).into_owned()
}

// How much memory a node needs for them is in `cli_node`.
#[tokio::test]
async fn who_reads_slowly_takes_a_share_of_the_places() {
    raise_file_limit();
    let world = World::new().await;
    let cid = endless(&world).await;
    let dag = file(1, 5);
    world.put(&dag).await;
    let mut readers = Vec::new();
    let mut served = 0;
    for _ in 0..300 {
        let mut reader = stranger(&world, &get(&cid)).await;
        served += u32::from(status(&mut reader).await == "200");
        readers.push(reader);
    }
    assert_eq!(served, 192, "a share of the places");
    let read = somebody_else().get(format!("{}/ipfs/{}", world.url, dag.text()));
    let read = read.send().await.unwrap();
    assert_eq!(read.status(), 200);
    assert_eq!(read.bytes().await.unwrap(), dag.bytes);
    drop(readers);
}

#[tokio::test]
async fn who_aborts_frees_its_place_at_once() {
    raise_file_limit();
    let world = World::new().await;
    let cid = endless(&world).await;
    let dag = file(1, 5);
    world.put(&dag).await;
    for _ in 0..3 {
        let mut readers = Vec::new();
        for _ in 0..256 {
            readers.push(stranger(&world, &get(&cid)).await);
        }
        for reader in &mut readers {
            status(reader).await;
        }
        drop(readers);
    }
    // Even the address that aborted is served again.
    let began = Instant::now();
    while world.get(&format!("/ipfs/{}", dag.text())).await.status() != 200 {
        assert!(began.elapsed() < LONG, "places are still taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

// With a paused clock, time advances whenever all tasks are waiting.
#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_let_go() {
    let world = World::new().await;
    let cid = endless(&world).await;
    let mut reader = stranger(&world, &get(&cid)).await;
    assert_eq!(status(&mut reader).await, "200");
    tokio::time::sleep(Duration::from_secs(130)).await;
    // What was under way is still in the connection; then it ends without the end of the body.
    let mut rest = Vec::new();
    let end = tokio::time::timeout(LONG, reader.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection ends");
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn one_token_takes_few_of_the_uploads() {
    let mut setup = Setup::default();
    setup.storage.uploader_patience = LONG;
    let world = World::with(setup).await;
    let (dag, other) = (file(1, 5), file(2, 5));
    let token = world.token(&dag);
    let head = format!(
        "POST /api/v0/dag/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 100000\r\n\r\n"
    );
    let mut uploads = Vec::new();
    for _ in 0..64 {
        uploads.push(stranger(&world, &head).await);
    }
    // Those that get no answer have a place. The others are refused.
    let answers = uploads.iter_mut().map(status);
    let answers = answers.collect::<FuturesUnordered<_>>().take(60);
    let answers: Vec<String> = answers.collect().await;
    assert_eq!(answers, vec!["429"; 60]);
    // The same address may upload something else meanwhile.
    world.put(&other).await;
}

#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    raise_file_limit();
    let world = World::new().await;
    let mut idle = Vec::new();
    for n in 0..2200 {
        idle.push(stranger(&world, if n % 2 == 0 { "" } else { "GET" }).await);
    }
    for client in [somebody_else(), Client::new()] {
        let answer = client.get(format!("{}/healthz", world.url)).send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    // That was not because the idle ones were let go by now.
    let last = idle.last().unwrap().try_read(&mut [0]);
    assert_eq!(last.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // The oldest had to go.
    let mut byte = [0];
    let gone = tokio::time::timeout(LONG, idle[0].read(&mut byte)).await;
    assert!(matches!(gone, Ok(Ok(0) | Err(_))), "{gone:?}");
}

/// Fetches that never come to an end.
struct Never;

impl Fetcher for Never {
    fn fetch(&self, _: Cid, _: AddressBlock) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        Box::pin(future::pending())
    }

    fn describe(&self, _: Cid, _: bool) -> BoxFuture<'static, Option<Fetched>> {
        Box::pin(future::ready(None))
    }
}

/// A file is waited for by more requests of one address than may wait together, and others wait for theirs.
async fn who_waits_keeps_nobody_waiting(is_granted: bool) {
    raise_file_limit();
    let mut setup = Setup::default();
    setup.gateway.fetcher = Some(Arc::new(Never));
    setup.storage.patience = Duration::from_secs(600);
    setup.storage.unannounced_patience = Duration::from_secs(600);
    let world = World::with(setup).await;
    let (never, begun, coming) = (file(1, 5), file(2, 30), file(3, 5));
    if is_granted {
        world.token(&never);
    }
    // Each client uses one connection, with fewer streams than it may have.
    let clients: Vec<_> = (0..10)
        .map(|_| Client::builder().http2_prior_knowledge().no_proxy().build())
        .map(|client| client.unwrap())
        .collect();
    let mut asks: FuturesUnordered<_> = (0..1100)
        .map(|n| clients[n % 10].get(format!("{}/ipfs/{}", world.url, never.text())))
        .map(|ask| async { ask.send().await.unwrap().status().as_u16() })
        .collect();
    let mut refused = async |most: usize| {
        let refused = asks.by_ref().take(most).collect::<Vec<_>>();
        let refused = tokio::time::timeout(LONG, refused).await;
        assert_eq!(refused.expect("no more may wait"), vec![429; most]);
    };
    refused(76).await;
    // Somebody else reads a file that is arriving, and waits for one that has not begun to.
    let (http, token) = (somebody_else(), world.token(&begun));
    let car = car_of(&begun.root, &begun.blocks[..4]);
    world.import_is(&token, car, 200).await;
    let url = format!("{}/ipfs/{}", world.url, begun.text());
    let mut response = http.get(url).send().await.unwrap();
    let mut came = response.chunk().await.unwrap().unwrap().to_vec();
    let token_of_coming = world.token(&coming);
    let waits = http.get(format!("{}/ipfs/{}", world.url, coming.text()));
    let uploads = async {
        world.settle().await;
        for (token, dag) in [(&token, &begun), (&token_of_coming, &coming)] {
            let car = car_of(&dag.root, &dag.blocks);
            world.import_is(token, car, 200).await;
        }
    };
    let reads = async {
        while let Some(more) = response.chunk().await.unwrap() {
            came.extend(more);
        }
        came
    };
    let waits = async { waits.send().await.unwrap().bytes().await.unwrap() };
    let ((), came, waited) = future::join3(uploads, reads, waits).await;
    assert_eq!(came, begun.bytes);
    assert_eq!(waited, coming.bytes);
    // Who waits has three quarters of the places.
    refused(1100 - 768 - 76).await;
}

#[tokio::test]
async fn who_waits_for_what_never_comes_keeps_nobody_waiting() {
    who_waits_keeps_nobody_waiting(true).await;
}

#[tokio::test]
async fn who_waits_for_what_is_never_fetched_keeps_nobody_waiting() {
    who_waits_keeps_nobody_waiting(false).await;
}

/// A stranger's address, and that of somebody else, as storages know them.
fn blocks() -> (AddressBlock, AddressBlock) {
    (IpAddr::from(STRANGER).into(), IpAddr::from(OTHER).into())
}

fn tiny(setup: &mut Setup) {
    // 4096 files, the least that a quota allows.
    setup.storage = StorageConfig {
        total_quota: 64 << 20,
        per_peer_quota: 16 << 20,
        ..setup.storage.clone()
    };
}

/// A file of 1 MiB.
fn mebibyte(seed: u8) -> Dag {
    small(&vec![seed; 1 << 20])
}

// `no_address_takes_all_the_room` in the tests of the ledger does the same with tiny files, which
// take inodes.
#[tokio::test]
async fn what_one_address_stores_leaves_room_for_others() {
    let mut setup = Setup::default();
    tiny(&mut setup);
    let world = World::with(setup).await;
    let (theirs, mine) = blocks();
    let grant = |peer: &str, from, dag: &Dag| {
        let size = Some(dag.size());
        world.storage.grant_from(peer, from, &dag.root, size)
    };
    let put = async |peer: &str, from, dag: &Dag| {
        let token = grant(peer, from, dag)?.token;
        let car = car_of(&dag.root, &dag.blocks);
        world.import_is(&token, car, 200).await;
        Ok::<_, Refusal>(())
    };
    // Any number of identities upload files.
    let mut stored = 0;
    while put(&format!("stranger {stored}"), theirs, &mebibyte(stored))
        .await
        .is_ok()
    {
        stored += 1;
    }
    assert_eq!(stored, 48, "three quarters of 64 MiB");
    // Whoever comes from elsewhere is welcome.
    put("somebody", mine, &mebibyte(100)).await.unwrap();
    // Renewing grants for what others stored is no way around: who asks pays.
    let refused = grant("another stranger", theirs, &mebibyte(100));
    assert!(
        matches!(refused, Err(Refusal::NoRoom { .. })),
        "{refused:?}"
    );
    // What nobody renews gives way, and what is renewed counts against who renews it.
    world.pass(60 * 60);
    for seed in 0..16 {
        grant("a new stranger", theirs, &mebibyte(seed)).unwrap();
    }
    let refused = grant("a new stranger", theirs, &mebibyte(16));
    assert!(
        matches!(refused, Err(Refusal::PeerQuota { .. })),
        "{refused:?}"
    );
    let owners: BTreeSet<String> = world
        .storage
        .list()
        .into_iter()
        .map(|dag| dag.owner)
        .collect();
    assert!(owners.contains("a new stranger") && !owners.contains("stranger 0"));
    for seed in 100..116 {
        put("somebody", mine, &mebibyte(seed)).await.unwrap();
    }
    for seed in 120..136 {
        put("somebody else", mine, &mebibyte(seed)).await.unwrap();
    }
    assert_eq!(
        world.storage.dag_state(&mebibyte(0).root),
        Some(true),
        "it was renewed"
    );
    assert_eq!(
        world.storage.dag_state(&mebibyte(20).root),
        None,
        "it was not"
    );
}

#[tokio::test]
async fn grants_for_parts_of_a_dag_are_bounded_and_accounted() {
    let mut setup = Setup::default();
    tiny(&mut setup);
    let world = World::with(setup).await;
    let (theirs, mine) = blocks();
    // A chain of nodes, each of which is the root of all that is below it.
    let mut child = file(1, 1).child();
    let mut blocks = file(1, 1).blocks;
    for _ in 0..300 {
        let node = block(DAG_PB, unixfs::inner(&[child]));
        child = Child {
            cid: node.cid,
            ..child
        };
        blocks.insert(0, node);
    }
    let root = blocks[0].cid;
    let granted = world.storage.grant(PEER, &root, Some(1003)).unwrap();
    world
        .import_is(&granted.token, car_of(&root, &blocks), 200)
        .await;
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    for n in 0..4096 {
        let part = blocks[n % 300].cid;
        let peer = format!("stranger {n}");
        let _ = world.storage.grant_from(&peer, theirs, &part, Some(0));
    }
    assert!(
        threads() < before + 8,
        "{before} before, {} after",
        threads()
    );
    // Somebody else uploads while that is worked off.
    let dag = file(2, 100);
    let granted = world
        .storage
        .grant_from("somebody", mine, &dag.root, Some(dag.size()));
    let car = car_of(&dag.root, &dag.blocks);
    world.import_is(&granted.unwrap().token, car, 200).await;
    // Every part that became a DAG of its own counts as such, within the strangers' share.
    let counted = || {
        let dags = world.storage.list().into_iter();
        let of_strangers = dags.filter(|dag| dag.owner.starts_with("stranger"));
        of_strangers.map(|dag| dag.blocks).sum::<u64>()
    };
    let mut last = None;
    while last != Some(counted()) {
        last = Some(counted());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let counted = counted();
    assert!((1..=3072).contains(&counted), "{counted} blocks");
    let grant = world
        .storage
        .grant_from("late", mine, &small(b"x").root, Some(1));
    assert!(grant.is_ok(), "{grant:?}");
}
