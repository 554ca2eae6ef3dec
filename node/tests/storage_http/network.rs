//! A whole node, and peers that call it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use fluence::call::{ErrorCode, Reply, Request};
use fluence::names::FunctionName;
use fluence_cli::node::{Config, Node, Options};
use fluence_cli::storage::StorageConfig;
use fluence_peer::{Config as PeerConfig, Keypair, Multiaddr, Peer, PeerId};
use futures::stream::{self, StreamExt as _};
use reqwest::{Client, multipart};
use serde_json::{Value, json};

use crate::world::{Dag, car_of, file, small};

const DEADLINE: Duration = Duration::from_secs(20);

/// The size of the largest file, in bytes, and what one peer may store.
const LARGE: u64 = 128 << 20;

/// A node that listens for strangers at one address, and for everybody else at another one.
async fn node(state: &Path) -> Node {
    node_before(state, None).await
}

/// The same, with a Kubo daemon at this URL behind it.
async fn node_before(state: &Path, kubo: Option<&str>) -> Node {
    let http: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let config = Config {
        listen: ["/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0"]
            .map(|address| address.parse().unwrap())
            .to_vec(),
        listen_sockets: Vec::new(),
        listen_http: vec![http],
        // It is a node for others.
        public_url: Some("http://127.0.0.1:4180".to_owned()),
        storage: StorageConfig {
            total_quota: 4 * LARGE,
            per_peer_quota: LARGE,
            max_file: LARGE,
            min_free: 0,
            ..StorageConfig::default()
        },
        kubo: kubo.map(|url| (url.to_owned(), url.to_owned())),
        ..Options::default().config(state).unwrap()
    };
    let started = Node::start(Keypair::generate_ed25519(), state, config).await;
    started.unwrap_or_else(|_| panic!("the node starts"))
}

/// A peer that reaches a node at its address that begins with this.
async fn peer(node: &Node, at: &str) -> Peer {
    let addresses: Vec<Multiaddr> = node.addresses().await;
    let address = addresses.iter().find(|a| a.to_string().starts_with(at));
    let address = address.expect("it listens there").clone();
    let config = PeerConfig::client(Keypair::generate_ed25519(), vec![address]);
    let (peer, _, mut statuses) = Peer::start(config).unwrap();
    let online = tokio::time::timeout(DEADLINE, statuses.online()).await;
    online.expect("the peer is online");
    peer
}

async fn call(peer: &Peer, to: PeerId, function: &str, args: &Value) -> Reply {
    let function: FunctionName = function.parse().unwrap();
    let called = peer.call(to, Request::new(function, args), DEADLINE).await;
    called.expect("the node answers")
}

/// Asks for a place for a file; returns the token.
async fn ask(peer: &Peer, to: PeerId, dag: &Dag) -> String {
    let args = json!({"cid": dag.text(), "size": dag.size()});
    match call(peer, to, "IPFS_multiaddr", &args).await {
        Reply::Ok(ok) => ok["token"].as_str().expect("a token").to_owned(),
        Reply::Error(error) => panic!("{error:?}"),
    }
}

/// Uploads a file; returns the status.
async fn upload(node: &Node, token: &str, dag: &Dag) -> u16 {
    let part = multipart::Part::bytes(car_of(&dag.root, &dag.blocks));
    let sent = Client::new()
        .post(format!("{}/api/v0/dag/import", node.http()))
        .bearer_auth(token)
        .multipart(multipart::Form::new().part("file", part))
        .send();
    sent.await.unwrap().status().as_u16()
}

/// Reads a file; returns the status and the bytes.
async fn read(node: &Node, dag: &Dag) -> (u16, Vec<u8>) {
    let url = format!("{}/ipfs/{}", node.http(), dag.text());
    let response = reqwest::get(url).await.unwrap();
    let status = response.status().as_u16();
    (status, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn grants_of_strangers_cost_nobody_else_anything() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(dir.path()).await;
    let id = node.peer().id();
    let mut strangers = Vec::new();
    for _ in 0..4 {
        strangers.push(peer(&node, "/ip4").await);
    }
    let honest = peer(&node, "/ip6").await;
    // 4,400 grants without bytes, and four of a quarter of the storage that are renewed again and again.
    let grants = stream::iter(0..4400_u32).map(|n| {
        let stranger = &strangers[n as usize % 4];
        let args = if n % 11 == 0 {
            json!({"cid": small(&(n % 4).to_be_bytes()).text(), "size": LARGE})
        } else {
            json!({"cid": small(&n.to_le_bytes()).text(), "size": 0})
        };
        async move { call(stranger, id, "IPFS_multiaddr", &args).await }
    });
    let replies: Vec<Reply> = grants.buffer_unordered(128).collect().await;
    let answered = replies.iter().filter(|r| matches!(r, Reply::Ok(_))).count();
    let busy = |reply: &&Reply| matches!(reply, Reply::Error(e) if e.code == ErrorCode::Busy);
    let refused = replies.iter().filter(busy).count();
    assert_eq!(answered + refused, 4400, "{replies:?}");
    assert!(
        answered >= 256 && refused > 1000,
        "{answered} and {refused}"
    );
    // Somebody else gets a place, for a large file too, uploads, and is read.
    let large = json!({"cid": small(b"large").text(), "size": LARGE});
    let granted = call(&honest, id, "IPFS_multiaddr", &large).await;
    assert!(matches!(granted, Reply::Ok(_)), "{granted:?}");
    let dag = file(1, 20);
    let token = ask(&honest, id, &dag).await;
    assert_eq!(upload(&node, &token, &dag).await, 200);
    assert_eq!(read(&node, &dag).await, (200, dag.bytes));
    node.stop().await;
}

#[tokio::test]
async fn a_kubo_that_is_away_is_waited_for() {
    use axum::routing::post;
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let node = node_before(dir.path(), Some(&format!("http://{address}"))).await;
    let peer = peer(&node, "/ip4").await;
    let id = node.peer().id();
    let ask = async || call(&peer, id, "IPFS_multiaddr", &json!({})).await;
    let away = ask().await;
    assert!(
        matches!(&away, Reply::Error(error) if error.code == ErrorCode::Unavailable),
        "{away:?}"
    );
    // As much of a Kubo as the node asks before it has anything to keep there.
    let kubo = axum::Router::new()
        .route("/api/v0/version", post(async || r#"{"Version": "0"}"#))
        .route("/api/v0/pin/ls", post(async || ""));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, kubo).await });
    let came = async {
        while !matches!(ask().await, Reply::Ok(_)) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let came = tokio::time::timeout(DEADLINE, came).await;
    came.expect("the node notices that Kubo is there");
    node.stop().await;
}

#[tokio::test]
async fn who_uploaded_a_file_takes_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(dir.path()).await;
    let id = node.peer().id();
    let (alice, bob) = (peer(&node, "/ip4").await, peer(&node, "/ip6").await);
    let dag = file(1, 20);
    let release =
        async |who: &Peer| call(who, id, "IPFS_release", &json!({"cid": dag.text()})).await;
    let refused = |reply: Reply| match reply {
        Reply::Error(error) => assert_eq!(error.code, ErrorCode::Refused),
        Reply::Ok(_) => panic!("somebody else takes it back"),
    };
    let kept = |reply: Reply| match reply {
        Reply::Ok(ok) => ok["kept"].as_bool().unwrap(),
        Reply::Error(error) => panic!("{error:?}"),
    };
    let token = ask(&alice, id, &dag).await;
    assert_eq!(upload(&node, &token, &dag).await, 200);
    refused(release(&bob).await);
    // As long as another sharer holds it, it stays.
    ask(&bob, id, &dag).await;
    assert!(kept(release(&alice).await));
    assert_eq!(read(&node, &dag).await, (200, dag.bytes.clone()));
    refused(release(&alice).await);
    assert!(!kept(release(&bob).await));
    assert_eq!(read(&node, &dag).await.0, 404);
    assert_eq!(node.storage().usage().files, 0);
    // What was granted before opens nothing any more; who shares it again is given a new token.
    assert_eq!(upload(&node, &token, &dag).await, 401);
    let token = ask(&alice, id, &dag).await;
    assert_eq!(upload(&node, &token, &dag).await, 200);
    assert_eq!(read(&node, &dag).await, (200, dag.bytes.clone()));
    node.stop().await;
}

/// A storage that sends the first block of a file and nothing more, for ever.
async fn slow_storage(dags: Vec<Dag>) -> String {
    use axum::body::Body;
    use axum::extract::Path;
    let begin = async move |Path(cid): Path<String>| {
        let dag = dags.iter().find(|dag| dag.text() == cid).expect("a file");
        let begun = car_of(&dag.root, &dag.blocks[..1]);
        let begun = stream::iter([Ok::<_, std::io::Error>(begun)]).chain(stream::pending());
        Body::from_stream(begun)
    };
    let routes = axum::Router::new().route("/ipfs/{cid}", axum::routing::get(begin));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("/ip4/127.0.0.1/tcp/{port}/http")
}

#[tokio::test]
async fn a_slow_storage_takes_few_places_and_nothing_of_the_nodes_quota() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(dir.path()).await;
    let files: Vec<Dag> = (0..6).map(|seed| file(seed, 3)).collect();
    let slow = slow_storage(files.clone()).await;
    // A stranger provides all of them, and says that they are there.
    let address = node.addresses().await.remove(0);
    let config = PeerConfig::client(Keypair::generate_ed25519(), vec![address]);
    let (stranger, mut calls, mut statuses) = Peer::start(config).unwrap();
    statuses.online().await;
    for dag in &files {
        let name = FunctionName::file(&dag.root);
        stranger.provide(name).await.unwrap();
    }
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let ok = json!({"multiaddr": slow, "size": LARGE / 8, "name": "a"});
            call.reply(Reply::ok(&ok));
        }
    });
    let mut answers = Vec::new();
    for dag in &files {
        let url = format!("{}/ipfs/{}?format=car", node.http(), dag.text());
        let answer = reqwest::get(url);
        let answer = tokio::time::timeout(DEADLINE, answer).await;
        answers.push(answer.expect("an answer").unwrap());
    }
    let statuses: Vec<u16> = answers.iter().map(|a| a.status().as_u16()).collect();
    if statuses != [200, 200, 200, 200, 502, 502] {
        for answer in answers {
            eprintln!("{}", answer.text().await.unwrap_or_default());
        }
        panic!("four are pulled at a time: {statuses:?}");
    }
    let dags = node.storage().list();
    let owner = stranger.id().to_string();
    assert!(dags.iter().all(|dag| dag.owner == owner), "{dags:?}");
    // Nothing is set aside for what it said that it would send.
    let honest = peer(&node, "/ip6").await;
    let large = json!({"cid": small(b"large").text(), "size": LARGE});
    let granted = call(&honest, node.peer().id(), "IPFS_multiaddr", &large).await;
    assert!(matches!(granted, Reply::Ok(_)), "{granted:?}");
    drop(answers);
    node.stop().await;
}
