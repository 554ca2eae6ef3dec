//! Compares fetching a cold file, from the click to the saved file, with a plain upload followed by
//! a plain download: over loopback, and over a line with the speed of a network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::node::Node;
use fluence_tests::scene::{Scene, same_length};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::link::Link;
use crate::page::{Page, Took, between};
use crate::processes::TICKS;
use crate::server::Server;
use crate::table::{Goal, row, times};
use crate::{PATIENCE, gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 256 << 20;
/// The speed of the line each way, in bytes per second: 200 Mbit/s.
const SPEED: u64 = 25_000_000;
/// The interval at which the download folder is checked.
const LOOK: Duration = Duration::from_millis(5);

/// The network over which a transfer is measured.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    speed: Option<u64>,
    seed: u64,
}

/// Measures fetching while the provider uploads, and prints its rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    for way in [
        Way {
            name: "loopback",
            speed: None,
            seed: 3,
        },
        Way {
            name: "a line of 200 Mbit/s each way",
            speed: Some(SPEED),
            seed: 4,
        },
    ] {
        let Compared { own, plain, least } = compare(scene, way).await?;
        row(
            &format!(
                "overlap: cold {} from the click to the saved file, {}",
                gib(FILE),
                way.name
            ),
            own,
            "plain upload, then plain download",
            plain,
            times(own, plain),
            Some(Goal::Most(0.65)),
        );
        if way.speed.is_none() {
            row(
                "the same on loopback, the least that these cores could take: the computing of plain upload and download, \
                 spread over all of them",
                least,
                "plain upload, then plain download",
                plain,
                times(least, plain),
                None,
            );
        }
    }
    Ok(())
}

/// The results for one network.
struct Compared {
    /// The time from the click to the saved file.
    own: Duration,
    /// The time of the plain upload and the plain download.
    plain: Duration,
    /// The processor time of the plain transfers, spread over all cores.
    least: Duration,
}

async fn compare(scene: &Scene, way: Way) -> Result<Compared> {
    let name = format!("overlap-{}.bin", way.seed);
    let path = noise::file(scene, &name, FILE, way.seed)?;
    let node = format!("node-overlap-{}", way.seed);
    let (node, _line) = node_behind(scene, &node, way.speed).await?;
    let (mut alice, alice_s) = scene.online(&format!("alice-{}", way.seed), &node).await?;
    let (mut bob, bob_s) = scene.online(&format!("bob-{}", way.seed), &node).await?;
    alice_s.share(&[&path]).await?;
    let shared = alice_s.wait_named(&name, &["shared"], PATIENCE).await?;
    let cid = shared.cid.context("a shared file without a hash")?;
    ensure!(node.uploaded().await? == 0, "the file is not cold");

    let provider = Page::new(&alice).await?;
    provider.watch().await?;
    let page = Page::new(&bob).await?;
    page.watch().await?;
    bob_s.fetch(&cid).await?;
    let click = page.event("kind.event === 'fetch_began'").await?;
    let saved = page.event("kind.event === 'saved'").await?;
    let own = between(click, saved)?;
    same_length(&bob.saved(&name, PATIENCE).await?, FILE)?;
    for (who, page) in [("alice", provider), ("bob", page)] {
        let file = scene.artifacts.numbered(&format!("{who}-{}.txt", way.seed));
        std::fs::write(file, page.events().await?)?;
    }
    drop(alice_s);
    alice.close().await?;

    let server = Server::start(&scene.path("plain.bin")).await?;
    let (address, _line) = match way.speed {
        None => (server.address(), None),
        Some(speed) => {
            let (listener, address) = Link::reserve().await?;
            (address, Some(Link::lead(listener, server.address(), speed)))
        }
    };
    let page = Page::open(&bob, &format!("http://{address}/"), None).await?;
    page.choose(&path).await?;
    let before = computed()?;
    let plain = plain(&bob, &page).await?;
    let cores = std::thread::available_parallelism()?.get() as u32;
    let least = computed()?.saturating_sub(before) / cores;
    drop(bob_s);
    bob.close().await?;
    std::fs::remove_file(path)?;
    Ok(Compared { own, plain, least })
}

/// The processor time of all cores since the machine was started (proc_stat(5)).
fn computed() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let all = stat.lines().next().context("/proc/stat is empty")?;
    let times = all.split_whitespace().skip(1).map(str::parse);
    let times = times.collect::<Result<Vec<u64>, _>>()?;
    // user, nice, system, idle, iowait, irq, softirq
    let ticks: u64 = [0, 1, 2, 5, 6].iter().filter_map(|at| times.get(*at)).sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}

/// How long a plain upload and then a plain download take.
async fn plain(browser: &Browser, page: &Page) -> Result<Duration> {
    let up: Took = page.call("put", json!(["/plain.bin"])).await?;
    let start = Instant::now();
    page.call::<Value>("save", json!(["/plain.bin"])).await?;
    let file = browser.downloads().join("plain.bin");
    while !file.is_file() {
        ensure!(
            start.elapsed() < PATIENCE,
            "the plain download does not finish"
        );
        sleep(LOOK).await;
    }
    let down = start.elapsed();
    same_length(&file, FILE)?;
    Ok(up.time() + down)
}

/// Starts a node whose HTTP server is reached over a line of this speed.
async fn node_behind(
    scene: &Scene,
    name: &str,
    speed: Option<u64>,
) -> Result<(Node, Option<Link>)> {
    let Some(speed) = speed else {
        return Ok((scene.node(name, &[]).await?, None));
    };
    let (listener, address) = Link::reserve().await?;
    let node = scene
        .node(name, &["--public-url", &format!("http://{address}")])
        .await?;
    let http: SocketAddr = node
        .listening()
        .http
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .parse()
        .context("the storage's address")?;
    Ok((node, Some(Link::lead(listener, http, speed))))
}
