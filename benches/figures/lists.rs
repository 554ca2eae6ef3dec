//! How soon the popup shows its list when there are thousands of items, with the worker awake and with the worker asleep.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence::Cid;
use fluence::failure::{Code, Failure};
use fluence::journal;
use fluence::state::{Event, EventKind, ItemId, State, Status};
use fluence_tests::browser::Browser;
use fluence_tests::scene::Scene;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thirtyfour::extensions::cdp::ChromeDevTools;

use crate::table::{Goal, median, row, single, times};

/// The numbers of items: as many as the popup lists at first, and very many.
const FEW: usize = 50;
const MANY: usize = 10_000;
/// How often the popup is opened for each of them; the median counts.
const TIMES: usize = 9;
/// How long the popup may take for anything.
const SHOWN: Duration = Duration::from_secs(60);
/// The longest time to the first list, in milliseconds.
pub const GOAL: f64 = 150.0;

/// A file of the extension that is shown without waking the worker.
const QUIET: &str = "manifest.json";
/// Replaces the journal with a snapshot.
const WRITE: &str = "
    const [snapshot, done] = arguments;
    const opening = indexedDB.open('fluence');
    opening.onerror = () => done(`${opening.error}`);
    opening.onsuccess = () => {
      const database = opening.result;
      const change = database.transaction(['meta', 'journal'], 'readwrite', { durability: 'strict' });
      change.objectStore('journal').clear();
      change.objectStore('meta').put(snapshot, 'snapshot');
      change.oncomplete = () => { database.close(); done(null); };
      change.onabort = () => done(`${change.error}`);
    };";
/// How many frames the list is scrolled for, and by how much in each, in CSS pixels: as fast as with a finger.
const FRAMES: usize = 600;
const STEP: usize = 60;
/// Scrolls the page, and answers with the number of frames that were late, the longest one in milliseconds, and the most rows.
const SCROLL: &str = "
    const [frames, step, done] = arguments;
    let n = 0, late = 0, longest = 0, rows = 0, before = null;
    const frame = now => {
      if (before !== null) {
        late += now - before > 25;
        longest = Math.max(longest, now - before);
      }
      before = now;
      rows = Math.max(rows, document.querySelectorAll('[data-testid=item]').length);
      scrollBy(0, step);
      if (n++ < frames) requestAnimationFrame(frame); else done([late, longest, rows]);
    };
    requestAnimationFrame(frame);";
/// Notes when the first item is in the document, in milliseconds since the page was asked for.
const NOTE: &str = "
    new MutationObserver((_, observer) => {
      if (document.querySelector('[data-testid=item]')) {
        window.listed = performance.now();
        observer.disconnect();
      }
    }).observe(document, { subtree: true, childList: true });";

pub async fn measure(scene: &Scene) -> Result<()> {
    let mut browser = scene.browser("lists", None)?;
    browser.open().await?;
    // The worker has made its database once the popup is there.
    browser.face().await?;
    note(&browser).await?;
    let (few_awake, few_asleep) = lists(&browser, FEW).await?;
    let (awake, asleep) = lists(&browser, MANY).await?;
    let frames = scrolled(&browser).await?;
    browser.close().await?;

    let against = format!("{FEW} items");
    for (worker, many, few) in [("awake", awake, few_awake), ("asleep", asleep, few_asleep)] {
        let what =
            format!("from opening the popup to its first list, {MANY} items, worker {worker}");
        row(&what, many, &against, few, times(many, few), None);
    }
    for (worker, many) in [("awake", awake), ("asleep", asleep)] {
        let ms = many.as_secs_f64() * 1e3;
        single(
            &format!("from opening the popup to its first list, {MANY} items, worker {worker}"),
            &format!("{ms:.0} ms"),
            ms,
            Some(Goal::Most(GOAL)),
        );
    }
    let [late, longest, rows] = frames;
    single(
        &format!("frames later than 1/60 s by half while {MANY} items are scrolled, of {FRAMES}"),
        &format!("{late:.0}, the longest took {longest:.0} ms"),
        late,
        None,
    );
    single(
        "the most rows in the document meanwhile",
        &format!("{rows:.0}"),
        rows,
        None,
    );
    Ok(())
}

/// Scrolls through the list that is shown, and returns the number of late frames, the longest one in milliseconds, and the
/// most rows that there were.
async fn scrolled(browser: &Browser) -> Result<[f64; 3]> {
    let face = browser.face().await?;
    face.wait("the first list", SHOWN, "return window.listed;")
        .await?;
    let driver = browser.driver()?;
    let scrolled = driver
        .execute_async(SCROLL, vec![json!(FRAMES), json!(STEP)])
        .await?;
    Ok(serde_json::from_value(scrolled.json().clone())?)
}

/// Lets the popup's page note when it shows its first list, for [`both`].
pub async fn note(browser: &Browser) -> Result<()> {
    let tools = ChromeDevTools::new(browser.driver()?.handle.clone());
    tools
        .execute_cdp_with_params(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": NOTE }),
        )
        .await?;
    Ok(())
}

/// The times to the first list of so many items, with the worker awake and asleep.
async fn lists(browser: &Browser, count: usize) -> Result<(Duration, Duration)> {
    let driver = browser.driver()?;
    driver.goto(browser.extension_url(QUIET)).await?;
    browser.stop_worker().await?;
    let written = driver
        .execute_async(WRITE, vec![Value::from(snapshot(count)?)])
        .await?;
    ensure!(written.json().is_null(), "no snapshot: {}", written.json());
    both(browser, count).await
}

/// The times to the first list of all items, of which there are so many, with the worker awake and asleep: the medians
/// of [`TIMES`].
pub async fn both(browser: &Browser, count: usize) -> Result<(Duration, Duration)> {
    let driver = browser.driver()?;
    let (mut awake, mut asleep) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        driver.goto(browser.extension_url(QUIET)).await?;
        browser.stop_worker().await?;
        asleep.push(listed(browser, count).await?);
        awake.push(listed(browser, count).await?);
    }
    Ok((median(awake), median(asleep)))
}

/// Opens the popup's page, and waits for the time that [`NOTE`] noted.
async fn listed(browser: &Browser, count: usize) -> Result<Duration> {
    let face = browser.face().await?;
    let at = face
        .wait("the first list", SHOWN, "return window.listed;")
        .await?;
    // The rest follows the first list.
    let all = format!(
        "return document.querySelector('[data-testid=filter-all] .count')?.textContent === '{count}';"
    );
    face.wait("the number of all items", SHOWN, &all).await?;
    let ms = at.as_f64().context("a time that is no number")?;
    Ok(Duration::from_secs_f64(ms / 1e3))
}

/// A journal of fetches that found nobody: they are shown like all others, and no stored bytes belong to them.
fn snapshot(count: usize) -> Result<String> {
    let mut state = State::default();
    for n in 0..count {
        let id = ItemId(format!("{n:032x}"));
        // CIDv1, raw, SHA-256 of 32 bytes.
        let digest = Sha256::digest(format!("file {n}"));
        let cid = Cid::try_from([&[0x01, 0x55, 0x12, 0x20], &digest[..]].concat())?;
        let failure = Failure::new(Code::NoProvider);
        for kind in [
            EventKind::FetchBegan {
                key: None,
                id: id.clone(),
                cid: cid.to_string(),
                path: None,
            },
            EventKind::Described {
                id: id.clone(),
                name: Some(format!("A picture from the journey, number {n}.jpeg")),
                mime: Some("image/jpeg".into()),
                size: Some(3_000_000 + n as u64),
                validator: None,
            },
            EventKind::Status {
                id: id.clone(),
                status: Status::Failed { failure },
            },
        ] {
            let seq = state.seq + 1;
            state.apply(&Event {
                seq,
                at: 1_780_000_000_000 + n as u64,
                kind,
            });
        }
    }
    Ok(journal::snapshot(&state))
}
