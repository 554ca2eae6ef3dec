//! Compares private shares with plain ones, in the extension.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::scene::{Scene, same_length};
use serde_json::json;
use tokio::time::sleep;

use crate::memory::{Watch, show};
use crate::page::{Page, between};
use crate::table::{Goal, median, row, times};
use crate::{PATIENCE, gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 1 << 30;
/// How often each measurement is repeated; the median counts.
const RUNS: u64 = 3;
/// The least speed of private shares, as a part of that of plain ones.
const GOAL: Goal = Goal::Least(0.7);
/// How long the browsers are left alone before memory is measured.
const IDLE: Duration = Duration::from_secs(5);

/// Measures private shares, and prints their rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let node = scene.node("node-private", &[]).await?;
    let (mut alice, alice_s) = scene.online("private-alice", &node).await?;
    let (mut bob, bob_s) = scene.online("private-bob", &node).await?;
    let mut shares = [Vec::new(), Vec::new()];
    let mut fetches = [Vec::new(), Vec::new()];
    for run in 0..RUNS {
        let path = noise::file(scene, "private.bin", FILE, 20 + run)?;
        for private in [false, true] {
            if private {
                alice_s.press("share-private").await?;
            }
            let last = run + 1 == RUNS;
            let how = if private { "privately" } else { "plainly" };
            if last {
                sleep(IDLE).await;
            }
            let sharing = last.then(|| Watch::begin(&alice)).transpose()?;
            let (took, link) = share(&alice, &alice_s, &path).await?;
            shares[usize::from(private)].push(took);
            if let Some(sharing) = sharing {
                show(&format!("sharing {how}"), FILE, sharing.end());
            }
            let fetching = last.then(|| Watch::begin(&bob)).transpose()?;
            fetches[usize::from(private)].push(fetch(&bob, &bob_s, &link).await?);
            if let Some(fetching) = fetching {
                show(
                    &format!("fetching and saving what was shared {how}"),
                    FILE,
                    fetching.end(),
                );
            }
            if private {
                alice_s.press("share-private").await?;
            }
            for face in [&alice_s, &bob_s] {
                let shown = face.items().await?.pop().context("there is no item")?;
                face.remove(&shown).await?;
            }
            std::fs::remove_file(bob.downloads().join("private.bin"))?;
        }
        std::fs::remove_file(path)?;
    }
    drop((alice_s, bob_s));
    alice.close().await?;
    bob.close().await?;
    for (what, [plain, private]) in [
        ("sharing privately in the extension", shares),
        (
            "fetching, opening and saving in the extension, cold",
            fetches,
        ),
    ] {
        let (plain, private) = (median(plain), median(private));
        let figure = times(plain, private);
        let what = format!("{what}, {}", gib(FILE));
        row(&what, private, "plain", plain, figure, Some(GOAL));
    }
    Ok(())
}

/// Shares a file, and returns how long it took until others could get it, and the link.
async fn share(browser: &Browser, face: &Face, path: &Path) -> Result<(Duration, String)> {
    let page = Page::new(browser).await?;
    page.watch().await?;
    face.share(&[path]).await?;
    let from = page.event("kind.event === 'share_began'").await?;
    let to = page
        .event("kind.event === 'status' && kind.status.status === 'shared'")
        .await?;
    let shown = face
        .wait_named("private.bin", &["shared"], PATIENCE)
        .await?;
    face.press_in(&shown, "item-log-toggle").await?;
    let link = r#"return document.querySelector('[data-testid="item-link"]')?.textContent;"#;
    let link = face.wait("the link", PATIENCE, link).await?;
    let link = link.as_str().context("a link is a text")?.to_owned();
    Ok((between(from, to)?, link))
}

/// Fetches and saves a file, and returns how long that took.
async fn fetch(browser: &Browser, face: &Face, link: &str) -> Result<Duration> {
    let page = Page::new(browser).await?;
    page.watch().await?;
    face.fetch(link).await?;
    let from = page.event("kind.event === 'fetch_began'").await?;
    let to = page.event("kind.event === 'saved'").await?;
    let path = browser.downloads().join("private.bin");
    same_length(&path, FILE).with_context(|| json!(link).to_string())?;
    between(from, to)
}
