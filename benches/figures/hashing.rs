//! Compares hashing and layout in the worker with the browser's SHA-256 alone, and with
//! `ipfs-unixfs-importer`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence::content::Profile;
use fluence::content::layout::LEAVES_IN_FLIGHT;
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::scene::Scene;
use serde_json::json;

use crate::page::{Page, Took, between};
use crate::table::{Goal, median, row, times};
use crate::{PATIENCE, gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 1 << 30;
/// How often each measurement is repeated; the median counts.
const RUNS: u64 = 3;

/// Measures hashing, and prints its rows. Without a bundle of `others`, `ipfs-unixfs-importer` is
/// left out.
///
/// # Errors
/// Fails if anything cannot be measured, or if the hashes differ.
pub async fn measure(scene: &Scene, others: Option<&Path>) -> Result<()> {
    let node = scene.node("node-hashing", &[]).await?;
    let (mut browser, face) = scene.online("hashing", &node).await?;
    let path = noise::file(scene, "hashing.bin", FILE, 1)?;
    let (mut own, mut alone, mut importer) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (took, cid) = share(&browser, &face, &path).await?;
        own.push(took);
        let piece = Profile::UnixfsV1_2025.chunk();
        let page = Page::new(&browser).await?;
        let arguments = json!([FILE / piece, piece, LEAVES_IN_FLIGHT]);
        alone.push(page.call::<Took>("digest", arguments).await?.time());
        if let Some(others) = others {
            let tab = browser.driver()?.window().await?;
            let other = browser.driver()?.new_tab().await?;
            browser.driver()?.switch_to_window(other).await?;
            let page = Page::open(&browser, &scene.site.url("/"), Some(others)).await?;
            page.choose(&path).await?;
            let took: Took = page.call("importer", json!([])).await?;
            ensure!(
                took.cid.as_deref() == Some(&cid),
                "ipfs-unixfs-importer found {:?}, the worker {cid}",
                took.cid
            );
            importer.push(took.time());
            browser.driver()?.close_window().await?;
            browser.driver()?.switch_to_window(tab).await?;
        }
    }
    drop(face);
    browser.close().await?;
    std::fs::remove_file(path)?;

    let what = format!("hashing and layout of {} in the worker", gib(FILE));
    let own = median(own);
    let alone = median(alone);
    let digest = "`crypto.subtle.digest` alone, pieces in memory";
    row(
        &what,
        own,
        digest,
        alone,
        times(alone, own),
        Some(Goal::Least(0.9)),
    );
    if !importer.is_empty() {
        let importer = median(importer);
        row(
            &what,
            own,
            "`ipfs-unixfs-importer`, blocks dropped",
            importer,
            times(importer, own),
            Some(Goal::Least(1.2)),
        );
    }
    Ok(())
}

/// Shares a file, waits until it is shared, and removes it. Returns how long hashing took, and the
/// hash.
async fn share(browser: &Browser, face: &Face, path: &Path) -> Result<(Duration, String)> {
    let page = Page::new(browser).await?;
    page.watch().await?;
    face.share(&[path]).await?;
    let from = page
        .event("kind.event === 'status' && kind.status.status === 'hashing'")
        .await?;
    let to = page.event("kind.event === 'hashed'").await?;
    let shown = face
        .wait_named("hashing.bin", &["shared"], PATIENCE)
        .await?;
    face.remove(&shown).await?;
    let cid = shown.cid.context("a shared file without a hash")?;
    Ok((between(from, to)?, cid))
}
