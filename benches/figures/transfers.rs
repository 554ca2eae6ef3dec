//! Compares sharing and fetching 50 MB with the browser's own transfers, and a call with a ping.
//! Also measures how soon a restarted extension can be reached.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use fluence::call::Request;
use fluence::names::FunctionName;
use fluence_peer::{Config, Keypair, Peer, PeerId};
use fluence_tests::browser::Browser;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{Scene, same_bytes};
use futures::StreamExt;
use serde_json::{Map, Value, json};

use crate::PATIENCE;
use crate::page::{Page, Took, between};
use crate::server::Server;
use crate::table::{median, row, single, times};

/// The length of the file that is shared and fetched, in bytes.
const FILE: usize = 50_000_000;
/// How often a transfer is repeated; the median counts.
const TRANSFERS: u64 = 3;
/// How often a call is repeated; the median counts.
const CALLS: usize = 100;
/// How long a caller that got no answer waits before it calls again.
const AGAIN: Duration = Duration::from_millis(20);
/// A little more than the time between two pings on a connection.
const PING: Duration = Duration::from_secs(16);

/// Measures transfers, calls and the start of the worker, and prints their rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let node = scene.node("node", &[]).await?;
    let (mut alice, alice_s) = scene.online("alice", &node).await?;

    // Compare share and fetch with the browser's own PUT and GET of as many bytes.
    let (mut bob, bob_s) = scene.online("bob", &node).await?;
    let (mut shares, mut fetches, mut cid) = (Vec::new(), Vec::new(), String::new());
    for seed in 0..TRANSFERS {
        let name = format!("file-{seed}.bin");
        let bytes = files::noise(FILE, seed);
        let path = scene.file(&name, &bytes)?;
        let page = Page::new(&alice).await?;
        page.watch().await?;
        alice_s.share(&[&path]).await?;
        let began = page.event("kind.event === 'share_began'").await?;
        let shared = page
            .event("kind.event === 'status' && kind.status.status === 'shared'")
            .await?;
        shares.push(between(began, shared)?);
        let shown = alice_s.wait_named(&name, &["shared"], PATIENCE).await?;
        cid = shown.cid.context("a shared file without a hash")?;
        let page = Page::new(&bob).await?;
        page.watch().await?;
        bob_s.fetch(&cid).await?;
        let began = page.event("kind.event === 'fetch_began'").await?;
        let done = page
            .event("kind.event === 'status' && kind.status.status === 'done'")
            .await?;
        fetches.push(between(began, done)?);
        same_bytes(&bob.saved(&name, PATIENCE).await?, &bytes)?;
    }
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    let server = Server::start(&scene.path("bare.bin")).await?;
    let page = Page::open(&bob, &format!("http://{}/", server.address()), None).await?;
    for _ in 0..TRANSFERS {
        let put: Took = page.call("put", json!(["/plain.bin", FILE])).await?;
        puts.push(put.time());
        let get: Took = page.call("get", json!(["/plain.bin"])).await?;
        gets.push(get.time());
    }
    drop(bob_s);
    bob.close().await?;

    // Compare calls to a browser with a bare ping over the same relayed connection.
    let (cold, warm, ping) = calls(&node, &cid).await?;

    drop(alice_s);
    let reachable = reachable(&alice, &node, &cid).await?;
    alice.close().await?;

    let compare = |what, own: Duration, against, other: Duration| {
        row(what, own, against, other, times(own, other), None);
    };
    compare(
        "share 50 MB: stored, hashed, announced, found and reached from outside",
        median(shares),
        "bare `fetch()` PUT",
        median(puts),
    );
    compare(
        "fetch 50 MB, the provider's upload included",
        median(fetches),
        "bare `fetch()` GET",
        median(gets),
    );
    let against = "libp2p ping on the same connection";
    compare(
        "a call to a browser, cold: look-up and dialling included",
        cold,
        against,
        ping,
    );
    compare("a call to a browser, warm", warm, against, ping);
    single(
        "from the worker's end to its new start and a stranger's call that is answered",
        &format!("{:.0} ms", reachable.as_secs_f64() * 1e3),
        0.0,
        None,
    );
    Ok(())
}

/// How long the first call takes, how long later calls take, and how long a ping takes.
async fn calls(node: &Node, cid: &str) -> Result<(Duration, Duration, Duration)> {
    let address = node.tcp()?.parse()?;
    let (peer, _calls, mut statuses) =
        Peer::start(Config::client(Keypair::generate_ed25519(), vec![address]))?;
    statuses.online().await.context("the node is gone")?;
    let function: FunctionName = format!("IPFS_{cid}").parse()?;
    let start = Instant::now();
    let provider = provider_of(&peer, &function).await?;
    let cold = start.elapsed();
    let mut warm = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        probe(&peer, provider, &function).await?;
        warm.push(start.elapsed());
    }
    tokio::time::sleep(PING).await;
    let ping = peer.rtt(provider).await.context("no ping has come back")?;
    peer.shutdown().await;
    Ok((cold, median(warm), ping))
}

/// The first provider of a function that answers.
async fn provider_of(peer: &Peer, function: &FunctionName) -> Result<PeerId> {
    let mut providers = Box::pin(peer.providers(function.clone()));
    while let Some(provider) = providers.next().await {
        if probe(peer, provider, function).await.is_ok() {
            return Ok(provider);
        }
    }
    Err(anyhow!("nobody answers"))
}

async fn probe(peer: &Peer, provider: PeerId, function: &FunctionName) -> Result<()> {
    let request = Request {
        function: function.clone(),
        args: Map::from_iter([("probe".to_owned(), Value::Bool(true))]),
    };
    let reply = peer.call(provider, request, PATIENCE).await?;
    reply.into_result::<Value>()?;
    Ok(())
}

/// How long it takes until a stranger's call is answered after the worker was stopped. The open
/// popup starts the worker again at once.
async fn reachable(browser: &Browser, node: &Node, cid: &str) -> Result<Duration> {
    let address = node.tcp()?.parse()?;
    let (peer, _calls, mut statuses) =
        Peer::start(Config::client(Keypair::generate_ed25519(), vec![address]))?;
    statuses.online().await.context("the node is gone")?;
    let function: FunctionName = format!("IPFS_{cid}").parse()?;
    let mut times = Vec::new();
    for _ in 0..TRANSFERS {
        let provider = provider_of(&peer, &function).await?;
        let start = Instant::now();
        browser.stop_worker().await?;
        // Once calls fail, the next answer comes from the worker that is started now.
        while probe(&peer, provider, &function).await.is_ok() {
            ensure!(start.elapsed() < PATIENCE, "the worker does not stop");
        }
        while probe(&peer, provider, &function).await.is_err() {
            ensure!(start.elapsed() < PATIENCE, "the worker is not reachable");
            // Calls that fail at once must not keep the machine busy.
            tokio::time::sleep(AGAIN).await;
        }
        times.push(start.elapsed());
    }
    peer.shutdown().await;
    Ok(median(times))
}
