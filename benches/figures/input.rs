//! How long clicks and keys wait in the extension's page while 1 GiB moves.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::scene::Scene;
use serde_json::{Value, json};
use thirtyfour::By;
use thirtyfour::extensions::cdp::ChromeDevTools;
use tokio::time::sleep;

use crate::page::Page;
use crate::table::{Goal, single};
use crate::{PATIENCE, gib, noise};

/// The length of the files, in bytes.
const FILE: u64 = 1 << 30;
/// How long the person pauses between two clicks.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest wait, in milliseconds.
const GOAL: f64 = 50.0;
/// The fewest clicks and keys that count.
const LEAST: usize = 20;

/// Notes, of each click and key, after how many milliseconds the page learned of it, and after how many the next picture was
/// drawn.
const WATCH: &str = "
    window.waits = [];
    for (const kind of ['pointerdown', 'pointerup', 'click', 'keydown', 'input'])
      addEventListener(kind, (event) => {
        const learned = performance.now() - event.timeStamp;
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => waits.push([learned, performance.now() - event.timeStamp]);
          port2.postMessage(0);
        });
      }, { capture: true });";
/// Whether a file has moved, or the failure that kept it from that.
const MOVED: &str = "
    const [wanted] = arguments;
    const statuses = bench.events.map(({ kind }) => kind).filter(({ event }) => event === 'status').map(({ status }) => status);
    return statuses.find(({ status }) => [wanted, 'failed', 'interrupted'].includes(status)) ?? null;";
/// The elements that are clicked, in turn: all of them change the list.
const CLICKED: [&str; 3] = ["filter-shared", "filter-fetched", "filter-all"];

/// Measures the waits, and prints their rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let node = scene.node("node-input", &[]).await?;
    let provider = scene.command_line("provider", &node)?;
    let path = noise::file(scene, "input.bin", FILE, 3)?;
    let (_provider, cid) = provider.share(&path).await?;
    let (mut browser, face) = scene.online("input", &node).await?;
    let small = scene.file("small.txt", b"Everything is a function call.")?;
    face.share(&[&small]).await?;
    face.wait_named("small.txt", &["shared"], PATIENCE).await?;
    browser.driver()?.execute(WATCH, vec![]).await?;

    Page::new(&browser).await?.watch().await?;
    face.fetch(&cid).await?;
    let fetching = waits(&browser, "done").await?;
    let fetched = face.wait_named("input.bin", &["done"], PATIENCE).await?;
    face.remove(&fetched).await?;

    let other = noise::file(scene, "other.bin", FILE, 4)?;
    Page::new(&browser).await?.watch().await?;
    face.share(&[&other]).await?;
    let sharing = waits(&browser, "shared").await?;
    drop(face);
    browser.close().await?;
    for path in [path, other] {
        std::fs::remove_file(path)?;
    }

    for (what, waits) in [("fetched", fetching), ("shared", sharing)] {
        let longest = |at: usize| waits.iter().map(|wait| wait[at]).fold(0.0, f64::max);
        let (learned, drawn) = (longest(0), longest(1));
        let count = waits.len();
        single(
            &format!(
                "the longest wait of {count} clicks and keys while {} is {what}",
                gib(FILE)
            ),
            &format!("{learned:.1} ms"),
            learned,
            Some(Goal::Most(GOAL)),
        );
        single(
            "the same, until the next picture is drawn",
            &format!("{drawn:.0} ms"),
            drawn,
            None,
        );
    }
    Ok(())
}

/// Clicks and types as a person does until a file has moved, and returns what was noted of each click and key.
async fn waits(browser: &Browser, status: &str) -> Result<Vec<[f64; 2]>> {
    let driver = browser.driver()?;
    let tools = ChromeDevTools::new(driver.handle.clone());
    driver.execute("window.waits.length = 0;", vec![]).await?;
    let begin = Instant::now();
    for turn in 0.. {
        ensure!(begin.elapsed() < PATIENCE, "it is not “{status}”");
        let testid = CLICKED[turn % CLICKED.len()];
        let button = driver.find(By::Testid(testid)).await?;
        let place = button.rect().await?;
        let (x, y) = (place.x + place.width / 2.0, place.y + place.height / 2.0);
        for kind in ["mousePressed", "mouseReleased"] {
            let mouse = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            tools
                .execute_cdp_with_params("Input.dispatchMouseEvent", mouse)
                .await?;
        }
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": "Shift", "code": "ShiftLeft", "windowsVirtualKeyCode": 16 });
            tools
                .execute_cdp_with_params("Input.dispatchKeyEvent", key)
                .await?;
        }
        let moved = driver.execute(MOVED, vec![json!(status)]).await?;
        match moved.json() {
            Value::Null => sleep(PAUSE).await,
            moved if moved["status"] == status => break,
            moved => bail!("it did not move: {moved}"),
        }
    }
    let waits = driver.execute("return window.waits;", vec![]).await?;
    let waits: Vec<[f64; 2]> =
        serde_json::from_value(waits.json().clone()).context("waits that are no numbers")?;
    ensure!(waits.len() >= LEAST, "there were {} waits", waits.len());
    Ok(waits)
}
