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
/// The longest time from the start of the script to the first picture with the list, in milliseconds.
const SEEN: f64 = 100.0;

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
/// How far the list is scrolled, in CSS pixels, and how far in a second: as fast as with a finger.
const FAR: i64 = 36_000;
const SPEED: i64 = 3_600;
/// The fewest frames in a second, of the 60 that the screen shows.
const FRAMES: f64 = 59.0;
/// Notes when each frame is drawn, and the most rows in the document.
const WATCH: &str = "
    window.drawn = [];
    window.rows = 0;
    const frame = (now) => {
      drawn.push(now);
      rows = Math.max(rows, document.querySelectorAll('[data-testid=item]').length);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);";
/// What was noted while the page was scrolled: the frames in a second, the late ones, the longest one in milliseconds, the most
/// rows, and how far the page is.
const WATCHED: &str = "
    const from = drawn.findIndex((at) => at >= window.began);
    const times = drawn.slice(from).map((at, n, all) => at - all[n - 1]).slice(1);
    const all = times.reduce((sum, time) => sum + time, 0);
    return [times.length / all * 1e3, times.filter((time) => time > 25).length, Math.max(...times), rows, scrollY];";
/// Notes when the first item of the list is in the document, in milliseconds since the page was asked for; and when a person sees
/// a picture with rows, be it of the list as it was, in milliseconds since the page's script began, which reads the theme first.
const NOTE: &str = "
    const read = Storage.prototype.getItem;
    Storage.prototype.getItem = function (...key) {
      window.scripted ??= performance.now();
      return read.apply(this, key);
    };
    let drawing = false;
    new MutationObserver((_, observer) => {
      if (!drawing && document.querySelector('.list > .item')) {
        drawing = true;
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => { window.seen = performance.now() - window.scripted; };
          port2.postMessage(0);
        });
      }
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
    let seen = seen(&browser).await?;
    let scrolled = scrolled(&browser).await?;
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
    let ms = seen.as_secs_f64() * 1e3;
    single(
        &format!(
            "from the start of the popup's script to a picture of its list, {MANY} items, worker asleep"
        ),
        &format!("{ms:.0} ms"),
        ms,
        Some(Goal::Most(SEEN)),
    );
    let [frames, late, longest, rows] = scrolled;
    single(
        &format!("frames in a second while {MANY} items are scrolled by the wheel"),
        &format!("{frames:.1}; {late:.0} were late by half, the longest took {longest:.0} ms"),
        frames,
        Some(Goal::Least(FRAMES)),
    );
    single(
        "the most rows in the document meanwhile",
        &format!("{rows:.0}"),
        rows,
        None,
    );
    Ok(())
}

/// Scrolls through the list that is shown with the wheel of a mouse, and returns the frames in a second, the number of those that
/// were late, the longest one in milliseconds, and the most rows that there were.
async fn scrolled(browser: &Browser) -> Result<[f64; 4]> {
    let face = browser.face().await?;
    face.wait("the first list", SHOWN, "return window.listed;")
        .await?;
    let driver = browser.driver()?;
    driver.execute(WATCH, vec![]).await?;
    let tools = ChromeDevTools::new(driver.handle.clone());
    driver
        .execute("window.began = performance.now();", vec![])
        .await?;
    let gesture = json!({
        "x": 200,
        "y": 300,
        "yDistance": -FAR,
        "speed": SPEED,
        "gestureSourceType": "mouse",
    });
    tools
        .execute_cdp_with_params("Input.synthesizeScrollGesture", gesture)
        .await?;
    let watched = driver.execute(WATCHED, vec![]).await?;
    let [frames, late, longest, rows, far]: [f64; 5] =
        serde_json::from_value(watched.json().clone())?;
    ensure!(far >= FAR as f64 * 0.9, "it was scrolled by {far} px");
    Ok([frames, late, longest, rows])
}

/// The time from the start of the popup's script until a picture of its list was drawn, with the worker asleep: the median of
/// [`TIMES`].
async fn seen(browser: &Browser) -> Result<Duration> {
    let driver = browser.driver()?;
    let mut all = Vec::new();
    for _ in 0..TIMES {
        driver.goto(browser.extension_url(QUIET)).await?;
        browser.stop_worker().await?;
        let face = browser.face().await?;
        let seen = face
            .wait("the first picture", SHOWN, "return window.seen;")
            .await?;
        let ms = seen.as_f64().context("a time that is no number")?;
        all.push(Duration::from_secs_f64(ms / 1e3));
    }
    Ok(median(all))
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
