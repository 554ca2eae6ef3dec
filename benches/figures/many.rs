//! How fast very many small files are shared, and what they cost afterwards: notifications, the popup's first list,
//! memory, and the time until all are shared again after the worker was stopped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::files;
use fluence_tests::scene::Scene;
use serde_json::json;
use tokio::time::sleep;

use crate::memory::{mib, of_extension};
use crate::table::{Goal, single};
use crate::{PATIENCE, lists};

/// One step: how many files there are after it, and how fast all of them are to be shared again, in seconds.
struct Step {
    count: usize,
    again: Option<f64>,
}

/// The steps. Each chooses as many files at once as are missing from its count.
const STEPS: [Step; 3] = [
    Step {
        count: 500,
        again: None,
    },
    Step {
        count: 5_000,
        again: Some(10.0),
    },
    Step {
        count: 10_000,
        again: Some(20.0),
    },
];
/// The least number of files shared in a second.
const RATE: f64 = 100.0;
/// The most memory of the extension, in MiB.
const MEMORY: f64 = 120.0;
/// How long the extension is left alone before its memory counts.
const IDLE: Duration = Duration::from_secs(10);

/// A file of the extension that is shown without waking the worker.
const QUIET: &str = "manifest.json";
/// Waits until so many items are shared, and until fewer were before if `fewer` is set. Returns the number of shared
/// items if that takes too long. The port wakes the worker, and is opened again when the worker ends.
const SHARED: &str = "
    const [count, fewer, limit, done] = arguments;
    const shared = new Set();
    let below = !fewer, port, ended = false;
    const end = answer => { ended = true; clearTimeout(late); port.disconnect(); done(answer); };
    const late = setTimeout(() => end(shared.size), limit);
    const is = (id, status) => status === 'shared' ? shared.add(id) : shared.delete(id);
    const take = message => {
      for (const item of [...Object.values(message.state?.items ?? {}), ...message.items ?? []]) is(item.id, item.status.status);
      if (message.state && shared.size < Object.keys(message.state.items).length) below = true;
      const kind = message.event?.kind;
      if (kind?.event === 'status') is(kind.id, kind.status.status);
      else if (kind?.event === 'confirmed') kind.ids.forEach(id => shared.add(id));
      else if (kind?.event === 'unconfirmed') { shared.clear(); below = true; }
      if (below && shared.size >= count && !ended) end(null);
    };
    const connect = () => {
      port = chrome.runtime.connect({ name: 'face' });
      port.onMessage.addListener(take);
      port.onDisconnect.addListener(() => { shared.clear(); if (!ended) connect(); });
      port.postMessage({ number: 1, command: { command: 'watch' } });
    };
    connect();";
/// Counts the notifications that the browser shows.
const SHOWN: &str =
    "const [done] = arguments; chrome.notifications.getAll(all => done(Object.keys(all).length));";

/// Measures the steps, and prints their rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let node = scene.node("node-many", &[]).await?;
    let (mut browser, _) = scene.online("many", &node).await?;
    lists::note(&browser).await?;
    let memory = idle(&browser).await?;
    single(
        "memory of the idle extension without files",
        &format!("{memory:.0} MiB"),
        memory,
        None,
    );
    let mut before = 0;
    for Step { count, again } in STEPS {
        let files = (before..count)
            .map(|n| {
                scene.file(
                    &format!("many-{n:05}.txt"),
                    &files::noise(5 + n % 100, n as u64),
                )
            })
            .collect::<Result<Vec<PathBuf>>>()?;
        let paths: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
        let face = browser.face().await?;
        let start = Instant::now();
        face.share(&paths).await?;
        shared(&browser, count, false).await?;
        let took = start.elapsed().as_secs_f64();
        let rate = paths.len() as f64 / took;
        single(
            &format!("files shared in a second, {} chosen at once", paths.len()),
            &format!("{rate:.0} ({took:.1} s)"),
            rate,
            Some(Goal::Least(RATE)),
        );
        let told = browser.driver()?.execute_async(SHOWN, vec![]).await?;
        let told = told.json().as_f64().unwrap_or_default();
        single(
            "notifications of them",
            &told.to_string(),
            told,
            Some(Goal::Most(1.0)),
        );
        browser.driver()?.goto(browser.extension_url(QUIET)).await?;
        show_memory(&browser, count, "just shared").await?;

        browser.stop_worker().await?;
        let start = Instant::now();
        shared(&browser, count, true).await?;
        let took = start.elapsed().as_secs_f64();
        single(
            &format!("until {count} files are shared again after the worker was stopped"),
            &format!("{took:.1} s"),
            took,
            again.map(Goal::Most),
        );
        // The page that waited has heard of every file, and runs in the same process.
        browser.driver()?.goto(browser.extension_url(QUIET)).await?;
        show_memory(&browser, count, "after a new start").await?;
        let (awake, asleep) = lists::both(&browser, count).await?;
        for (worker, time) in [("awake", awake), ("asleep", asleep)] {
            let ms = time.as_secs_f64() * 1e3;
            single(
                &format!(
                    "from opening the popup to its first list, {count} shared files, worker {worker}"
                ),
                &format!("{ms:.0} ms"),
                ms,
                Some(Goal::Most(lists::GOAL)),
            );
        }
        before = count;
    }
    browser.close().await
}

/// Waits in the browser's page until so many items are shared.
async fn shared(browser: &Browser, count: usize, fewer: bool) -> Result<()> {
    let arguments = vec![
        json!(count),
        json!(fewer),
        json!(PATIENCE.as_millis() as u64),
    ];
    let ended = browser.driver()?.execute_async(SHARED, arguments).await?;
    ensure!(
        ended.json().is_null(),
        "{} of {count} files are shared",
        ended.json()
    );
    Ok(())
}

/// The memory in MiB of the extension once it was left alone.
async fn idle(browser: &Browser) -> Result<f64> {
    sleep(IDLE).await;
    Ok(mib(of_extension(browser)?))
}

async fn show_memory(browser: &Browser, count: usize, when: &str) -> Result<()> {
    let memory = idle(browser).await?;
    single(
        &format!("memory of the idle extension with {count} files, {when}"),
        &format!("{memory:.0} MiB"),
        memory,
        Some(Goal::Most(MEMORY)),
    );
    Ok(())
}
