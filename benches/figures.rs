//! Measures what `docs/figures.md` reports, all in one run: `cargo xtask figures`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use fluence::call::Request;
use fluence::names::FunctionName;
use fluence_peer::{Config, Keypair, Peer, PeerId};
use fluence_tests::browser::Browser;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, Scene, same_bytes};
use futures::StreamExt;
use serde_json::{Map, Value, json};
use thirtyfour::WebDriver;

/// Bytes of the file that is shared and fetched.
const FILE: usize = 50_000_000;
/// How often a transfer is repeated; the median counts.
const TRANSFERS: u64 = 3;
/// How often a call is repeated; the median counts.
const CALLS: usize = 100;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// A little over the time between two pings of a connection.
const PING: Duration = Duration::from_secs(16);

/// JavaScript that puts so many bytes at an address; gives milliseconds.
const PUT: &str = "const [url, size, done] = arguments;
    const part = new Uint8Array(1 << 16).map(() => Math.random() * 256);
    const parts = Array.from({ length: Math.ceil(size / part.length) }, () => part);
    const body = new Blob(parts).slice(0, size);
    const start = performance.now();
    fetch(url, { method: 'PUT', body }).then(() => done(performance.now() - start));";
/// JavaScript that gets what is at an address; gives milliseconds.
const GET: &str = "const [url, done] = arguments;
    const start = performance.now();
    fetch(url, { cache: 'no-store' }).then(answer => answer.arrayBuffer()).then(() => done(performance.now() - start));";

#[tokio::main]
async fn main() -> ExitCode {
    match measure().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> Result<()> {
    let scene = Scene::new("figures").await?;
    let node = scene.node("node", &[]).await?;
    let (mut alice, alice_s) = scene.online("alice", &node).await?;

    // Share and fetch, against the browser's own PUT and GET of as many bytes.
    let (mut bob, bob_s) = scene.online("bob", &node).await?;
    let (mut shares, mut fetches, mut cid) = (Vec::new(), Vec::new(), String::new());
    for seed in 0..TRANSFERS {
        let name = format!("file-{seed}.bin");
        let bytes = files::noise(FILE, seed);
        let path = scene.file(&name, &bytes)?;
        let start = Instant::now();
        alice_s.share(&[&path]).await?;
        let shown = alice_s.wait_named(&name, &["shared"], PATIENCE).await?;
        shares.push(start.elapsed());
        cid = shown.cid.context("a shared file without a hash")?;
        let start = Instant::now();
        bob_s.fetch(&cid).await?;
        bob_s
            .wait_named(&name, &["done", "shared"], PATIENCE)
            .await?;
        fetches.push(start.elapsed());
        same_bytes(&bob.saved(&name, PATIENCE).await?, &bytes)?;
    }
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    let driver = bob.driver()?;
    driver.goto(scene.site.url("/")).await?;
    let url = scene.site.url("/files/bare.bin");
    for _ in 0..TRANSFERS {
        puts.push(milliseconds(driver, PUT, vec![json!(url), json!(FILE)]).await?);
        gets.push(milliseconds(driver, GET, vec![json!(url)]).await?);
    }
    drop(bob_s);
    bob.close().await?;

    // Calls to a browser, against a bare ping over the same relayed connection.
    let (cold, warm, ping) = calls(&node, &cid).await?;

    drop(alice_s);
    let reachable = reachable(&mut alice).await?;

    println!("| what | ms | against | ms |");
    println!("| --- | ---: | --- | ---: |");
    row(
        "share 50 MB: from the choice to “shared”",
        median(shares),
        "bare PUT",
        median(puts),
    );
    row(
        "fetch 50 MB: from the click to “done”, the upload included",
        median(fetches),
        "bare GET",
        median(gets),
    );
    row(
        "a call to a browser, cold (look-up and dialling included)",
        cold,
        "ping",
        ping,
    );
    row("a call to a browser, warm", warm, "ping", ping);
    println!(
        "| from the browser's start to “online” | {:.1} | | |",
        reachable.as_secs_f64() * 1e3
    );
    Ok(())
}

/// How long a call takes the first time, how long later, and how long a ping.
async fn calls(node: &Node, cid: &str) -> Result<(Duration, Duration, Duration)> {
    let address = node.tcp()?.parse()?;
    let (peer, _calls, mut statuses) =
        Peer::start(Config::client(Keypair::generate_ed25519(), vec![address]))?;
    statuses.online().await.context("the node is gone")?;
    let function: FunctionName = format!("IPFS_{cid}").parse()?;
    let start = Instant::now();
    let mut providers = Box::pin(peer.providers(function.clone()));
    let mut found = None;
    while let Some(provider) = providers.next().await {
        if probe(&peer, provider, &function).await.is_ok() {
            found = Some(provider);
            break;
        }
    }
    let cold = start.elapsed();
    let provider = found.ok_or_else(|| anyhow!("nobody answers"))?;
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

async fn probe(peer: &Peer, provider: PeerId, function: &FunctionName) -> Result<()> {
    let request = Request {
        function: function.clone(),
        args: Map::from_iter([("probe".to_owned(), Value::Bool(true))]),
    };
    let reply = peer.call(provider, request, PATIENCE).await?;
    reply.into_result::<Value>()?;
    Ok(())
}

/// How long from the start of a browser until its extension is reachable.
async fn reachable(browser: &mut Browser) -> Result<Duration> {
    browser.close().await?;
    let start = Instant::now();
    browser.open().await?;
    let face = browser.face().await?;
    face.wait_network("online", ONLINE).await?;
    Ok(start.elapsed())
}

async fn milliseconds(driver: &WebDriver, script: &str, arguments: Vec<Value>) -> Result<Duration> {
    let took = driver.execute_async(script, arguments).await?;
    let took = took.json().as_f64().context("no time was measured")?;
    ensure!(took >= 0.0, "time ran backwards");
    Ok(Duration::from_secs_f64(took / 1e3))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn row(what: &str, took: Duration, against: &str, bare: Duration) {
    println!(
        "| {what} | {:.1} | {against} | {:.1} |",
        took.as_secs_f64() * 1e3,
        bare.as_secs_f64() * 1e3
    );
}
