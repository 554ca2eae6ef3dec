//! Compares a verified fetch from a local node with a plain one that verifies nothing, with
//! `@helia/verified-fetch`, and with one of the older profile.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::scene::Scene;
use serde_json::json;

use crate::page::{Page, Took, between};
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
    let (mut own, mut old, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let (mut helia, mut helia_stored) = (Vec::new(), Vec::new());
    // The first run brings the file to the node, and does not count.
    for run in 0..=RUNS {
        for (cid, times) in [(&cid, &mut own), (&older, &mut old)] {
            let took = fetched(&browser, &face, cid).await?;
            if run > 0 {
                times.push(took);
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
        let took: Took = page.call("plain", json!([url])).await?;
        ensure!(took.bytes == Some(FILE), "the plain fetch ended early");
        plain.push(took.time());
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
    let (own, old, plain) = (median(own), median(old), median(plain));
    row(
        &what,
        own,
        "plain `fetch()` written the same way, unverified",
        plain,
        times(plain, own),
        Some(Goal::Least(0.7)),
    );
    row(
        &format!("the same with the profile {OLDER}"),
        old,
        "with the default one",
        own,
        times(own, old),
        Some(Goal::Least(0.6)),
    );
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

/// Fetches the file with the extension, removes it again, and returns how long it took from the click until all of it was here.
async fn fetched(browser: &Browser, face: &Face, cid: &str) -> Result<Duration> {
    let page = Page::new(browser).await?;
    page.watch().await?;
    face.fetch(cid).await?;
    let from = page.event("kind.event === 'fetch_began'").await?;
    let to = page
        .event("kind.event === 'status' && kind.status.status === 'done'")
        .await?;
    // Saving begins by itself. It must end first, because it would slow down what is measured next.
    page.event("kind.event === 'saved'").await?;
    let shown = face
        .wait_named("fetching.bin", &["done", "shared"], PATIENCE)
        .await?;
    face.remove(&shown).await?;
    for name in browser.downloaded()? {
        std::fs::remove_file(browser.downloads().join(name))?;
    }
    between(from, to)
}
