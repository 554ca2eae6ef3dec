//! The page in `examples/`, which fetches a file by its hash without the extension.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::files;
use fluence_tests::process::repository;
use serde_json::Value;
use thirtyfour::By;
use tokio::time::{Instant, sleep};

use crate::{SMALL, play_in_chromium};

/// JavaScript that returns the SHA-256 hash of the file that the page offers to save, or the
/// complaint that it shows instead, or null while it shows neither.
const OUTCOME: &str = r#"
const done = arguments[0];
const output = document.querySelector('output');
const link = output.querySelector('a');
if (!link) return done(output.textContent.startsWith('Not fetched') ? output.textContent : null);
fetch(link.href).then(file => file.arrayBuffer()).then(bytes => crypto.subtle.digest('SHA-256', bytes))
  .then(hash => done(Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('')));
"#;

#[test]
fn a_page_fetches_by_hash_and_believes_no_node() {
    play_in_chromium(
        "page_by_hash",
        "an answer that ends early is noticed late",
        async |scene| {
            let page = std::fs::read(repository().join("examples/fetch_by_hash.html"))?;
            let page = scene.site.add("fetch_by_hash.html", "text/html", page);
            let node = scene.node("node", &[]).await?;
            let terminal = scene.command_line("terminal", &node)?;
            let mut browser = scene.browser("alice", None)?;
            browser.open().await?;
            let driver = browser.driver()?;
            // The query changes each time, so that the page is loaded anew.
            let mut visits = 0;
            let mut address = |storage: &str, cid: &str| {
                visits += 1;
                format!("{page}?{visits}#{storage}/ipfs/{cid}")
            };
            let fetched = async |url: String| -> Result<String> {
                driver.goto(url).await?;
                let deadline = Instant::now() + SMALL;
                loop {
                    let outcome = driver.execute_async(OUTCOME, vec![]).await?;
                    if let Some(outcome) = outcome.json().as_str() {
                        return Ok(outcome.to_owned());
                    }
                    let shown = driver.find(By::Tag("output")).await?.text().await?;
                    ensure!(Instant::now() < deadline, "the page shows: {shown}");
                    sleep(Duration::from_millis(100)).await;
                }
            };

            let storage = &node.listening().http;
            let mut last = String::new();
            // The files are one raw leaf, a node with leaves, and a tree of two levels whose leaves are
            // dag-pb.
            let cases = [
                ("unixfs-v1-2025", 20_000),
                ("unixfs-v1-2025", 3_000_000),
                ("unixfs-v0-2015", 46_000_000),
            ];
            for (seed, (profile, length)) in (31..).zip(cases) {
                let bytes = files::noise(length, seed);
                let file = scene.file(&format!("{length}.bin"), &bytes)?;
                let file = file.to_str().context("the path is not valid UTF-8")?;
                let shared = |line: &Value| {
                    (line["event"] == "shared").then(|| line["cid"].as_str().map(str::to_owned))?
                };
                let (sharing, cid) = terminal
                    .start(&["share", "--profile", profile, file], shared)
                    .await?;
                let outcome = fetched(address(storage, &cid)).await?;
                ensure!(
                    outcome == files::sha256(&bytes),
                    "{length} bytes, {profile}: {outcome}"
                );
                // If it were asked to stop, it would take the file back, which is needed below.
                sharing.kill().await?;
                last = cid;
            }

            // The first site sends the right blocks with one bit changed; the second stops before the
            // last byte.
            let car = reqwest::get(format!("{storage}/ipfs/{last}?format=car")).await?;
            let mut car = car.error_for_status()?.bytes().await?.to_vec();
            let last_byte = car.pop().context("an empty CAR")?;
            for (end, complaint) in [
                (vec![last_byte ^ 1], "the node sent wrong bytes"),
                (vec![], "the node stopped in the middle of a block"),
            ] {
                let site = scene.site.add(
                    "car",
                    "application/vnd.ipld.car",
                    [car.clone(), end].concat(),
                );
                let outcome = fetched(address(&format!("{site}?"), &last)).await?;
                ensure!(outcome.contains(complaint), "the page shows: {outcome}");
            }
            Ok(())
        },
    );
}
