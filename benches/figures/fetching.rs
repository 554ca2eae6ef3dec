//! Compares a verified fetch from a local node with a plain one that verifies nothing, with
//! `@helia/verified-fetch`, and with one of the older profile.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::node::Node;
use fluence_tests::scene::Scene;
use serde_json::{Value, json};

use crate::page::{Page, Took, between};
use crate::processes::taken;
use crate::table::{Goal, median, row, times};
use crate::{PATIENCE, gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 1 << 30;
/// The profile whose leaves are a quarter as large, and in whose leaves the bytes of the file are only a part.
const OLDER: &str = "unixfs-v0-2015";
/// How often each measurement is repeated; the median counts.
const RUNS: u64 = 3;

/// Measures fetching, and prints its rows. Without a bundle of `others`, `@helia/verified-fetch` is
/// left out.
///
/// # Errors
/// Fails if anything but `@helia/verified-fetch` cannot be measured.
pub async fn measure(scene: &Scene, others: Option<&Path>) -> Result<()> {
    let node = scene.node("node-fetching", &[]).await?;
    let provider = scene.command_line("provider", &node)?;
    let path = noise::file(scene, "fetching.bin", FILE, 2)?;
    let (_provider, cid) = provider.share(&path).await?;
    let older = scene.command_line("older-provider", &node)?;
    let (_older_provider, older) = older.share_as(&path, OLDER).await?;
    let gateway = node.listening().http.trim_end_matches('/').to_owned();

    let (mut browser, face) = scene.online("fetching", &node).await?;
    // What was measured would still be saved while something else is.
    face.switch(&["settings-save-fetched"]).await?;
    let [mut own, mut old, mut plain, mut flushed]: [Costs; 4] = Default::default();
    let (mut helia, mut helia_stored) = (Vec::new(), Vec::new());
    // The first run brings the file to the node, and does not count.
    for run in 0..=RUNS {
        for (cid, costs) in [(&cid, &mut own), (&older, &mut old)] {
            let cost = fetched(&browser, &face, &node, cid).await?;
            if run > 0 {
                costs.add(cost);
            }
        }
        if run == 0 {
            continue;
        }
        let tab = browser.driver()?.window().await?;
        let other = browser.driver()?.new_tab().await?;
        browser.driver()?.switch_to_window(other).await?;
        let others = others.filter(|_| run == RUNS);
        let page = Page::open(&browser, &scene.site.url("/"), others).await?;
        let url = format!("{gateway}/ipfs/{cid}?filename=plain.bin");
        for (costs, is_flushed) in [(&mut plain, false), (&mut flushed, true)] {
            let before = computed(&browser, &node)?;
            let took: Took = page.call("plain", json!([url, is_flushed])).await?;
            let computed = computed(&browser, &node)? - before;
            ensure!(took.bytes == Some(FILE), "the plain fetch ended early");
            let time = took.time();
            costs.add(Cost { time, computed });
            page.call::<Value>("remove", json!([])).await?;
        }
        if others.is_some() {
            for (times, written) in [(&mut helia, false), (&mut helia_stored, true)] {
                let arguments = json!([gateway, cid, written]);
                match page.call::<Took>("helia", arguments).await {
                    Ok(took) if took.bytes == Some(FILE) => times.push(took.time()),
                    Ok(took) => eprintln!("@helia/verified-fetch ended early: {took:?}"),
                    Err(error) => eprintln!("{error:#}"),
                }
            }
        }
        browser.driver()?.close_window().await?;
        browser.driver()?.switch_to_window(tab).await?;
    }
    drop(face);
    browser.close().await?;
    std::fs::remove_file(path)?;

    let what = format!("verified fetch of {} from a local node", gib(FILE));
    let older = format!("the same with the profile {OLDER}");
    let spent = "processor time of the browser and the node";
    let (plainly, newer) = (
        "plain `fetch()` written the same way, unverified",
        "with the default one",
    );
    for (what, own, against, other, goal) in [
        (&*what, &own, plainly, &plain, 0.7),
        (&*older, &old, newer, &own, 0.6),
    ] {
        let goal = Some(Goal::Least(goal));
        let (mine, others) = (own.time(), other.time());
        row(what, mine, against, others, times(others, mine), goal);
        let (mine, others) = (own.computed(), other.computed());
        let what = format!("{what}: {spent}");
        row(&what, mine, against, others, times(others, mine), None);
    }
    let own = own.time();
    let on_disk = "the same, and then flushed to the disk as the extension does";
    let flushed = flushed.time();
    row(&what, own, on_disk, flushed, times(flushed, own), None);
    for (times_of, against) in [
        (
            helia_stored,
            "`@helia/verified-fetch`, written the same way",
        ),
        (helia, "`@helia/verified-fetch`, bytes dropped"),
    ] {
        if times_of.is_empty() {
            continue;
        }
        let other = median(times_of);
        let goal = Some(Goal::Least(3.0));
        row(&what, own, against, other, times(other, own), goal);
    }
    Ok(())
}

/// What a fetch took.
struct Cost {
    time: Duration,
    /// The processor time of the browser and the node.
    computed: Duration,
}

/// What each run took.
#[derive(Default)]
struct Costs {
    times: Vec<Duration>,
    computed: Vec<Duration>,
}

impl Costs {
    fn add(&mut self, cost: Cost) {
        self.times.push(cost.time);
        self.computed.push(cost.computed);
    }

    fn time(&self) -> Duration {
        median(self.times.clone())
    }

    fn computed(&self) -> Duration {
        median(self.computed.clone())
    }
}

/// The processor time that a browser and a node have taken so far.
fn computed(browser: &Browser, node: &Node) -> Result<Duration> {
    let node = node.process().context("the node does not run")?;
    Ok(taken(browser.process()?) + taken(node))
}

/// Fetches the file with the extension, removes it again, and returns what it took from the click until all of it was here.
async fn fetched(browser: &Browser, face: &Face, node: &Node, cid: &str) -> Result<Cost> {
    let page = Page::new(browser).await?;
    page.watch().await?;
    let before = computed(browser, node)?;
    face.fetch(cid).await?;
    let from = page.event("kind.event === 'fetch_began'").await?;
    let to = page
        .event("kind.event === 'status' && kind.status.status === 'done'")
        .await?;
    let computed = computed(browser, node)? - before;
    let shown = face
        .wait_named("fetching.bin", &["done", "shared"], PATIENCE)
        .await?;
    face.remove(&shown).await?;
    let time = between(from, to)?;
    Ok(Cost { time, computed })
}
