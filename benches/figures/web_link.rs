//! Saves a large file from the page of a node, in Chromium and in Firefox.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::scene::{Scene, same_length};
use serde_json::json;
use thirtyfour::By;
use tokio::time::sleep;

use crate::memory::Growth;
use crate::table::{Goal, row, single, times};
use crate::{PATIENCE, gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 2 << 30;
/// How often the page is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// The most that the memory of a browser may grow by, all its processes together, in MiB.
const MEMORY: f64 = 256.0;
/// The least speed of a private file, as a part of that of a plain one.
const SPEED: Goal = Goal::Least(0.7);

/// Measures the page, and prints its rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let path = noise::file(scene, "large.bin", FILE, 11)?;
    let node = scene.node("node-web-link", &[]).await?;
    let base = node.listening().http.trim_end_matches('/').to_owned();
    let sharer = scene.command_line("sharer", &node)?;
    let (_plain, cid) = sharer.share(&path).await?;
    let (_private, link) = sharer.share_privately(&path).await?;
    let plain = format!("{base}/#{cid}&name=large.bin");
    let private = link
        .replace('#', "&key=")
        .replace("fluence:", &format!("{base}/#"));
    // From here on storage has both.
    let reader = scene.command_line("reader", &node)?;
    for link in [&cid, &link] {
        std::fs::remove_file(reader.fetch(link, PATIENCE).await?)?;
    }
    for kind in [Kind::Chromium, Kind::Firefox] {
        let mut took = Vec::new();
        for (what, link) in [("plain", &plain), ("private", &private)] {
            // Each link is the first one that a browser opens. For the second one, the service worker would be there already,
            // in another process than the page, and all bytes would go from one to the other.
            let name = format!("web-link-{kind:?}-{what}");
            let mut browser = scene.browser_of(kind, &name, None)?;
            browser.open().await?;
            let growth = Growth::begin(browser.process()?);
            took.push(save(&browser, link).await?);
            let grown = growth.end();
            browser.close().await?;
            single(
                &format!(
                    "memory over idle while {kind:?} saves a {what} file of {} from the page, all its processes",
                    gib(FILE)
                ),
                &format!("{grown:.0} MiB"),
                grown,
                Some(Goal::Most(MEMORY)),
            );
        }
        row(
            &format!("the page in {kind:?}, private, {}", gib(FILE)),
            took[1],
            "plain",
            took[0],
            times(took[0], took[1]),
            Some(SPEED),
        );
    }
    Ok(())
}

/// Opens a link, saves the file, and returns how long that took from the click.
async fn save(browser: &Browser, link: &str) -> Result<Duration> {
    let driver = browser.driver()?;
    driver.goto("about:blank").await?;
    driver.goto(link).await?;
    let offered = r#"const save = document.querySelector('[data-testid="save"]'); return !!save && !save.hidden;"#;
    let start = Instant::now();
    while *driver.execute(offered, vec![]).await?.json() != json!(true) {
        ensure!(start.elapsed() < PATIENCE, "{link} is not offered");
        sleep(LOOK).await;
    }
    let start = Instant::now();
    driver.find(By::Testid("save")).await?.click().await?;
    let saved = browser.saved("large.bin", PATIENCE).await?;
    let took = start.elapsed();
    same_length(&saved, FILE).with_context(|| link.to_owned())?;
    std::fs::remove_file(saved)?;
    Ok(took)
}
