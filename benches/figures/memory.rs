//! Measures how much memory the extension's processes take while a large file is shared and
//! fetched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::scene::{Scene, same_length};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::page::Page;
use crate::processes::{about, is_below, parents};
use crate::table::{Goal, single};
use crate::{gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 4 << 30;
/// The interval at which memory is sampled.
const LOOK: Duration = Duration::from_millis(200);
/// How long a browser is left alone before its memory counts as that of an idle browser.
const IDLE: Duration = Duration::from_secs(5);
/// The most that memory may grow by, in MiB.
const GOAL: f64 = 64.0;

/// Measures memory, and prints its rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let path = noise::file(scene, "large.bin", FILE, 5)?;
    let node = scene.node("node-memory", &[]).await?;
    let (mut alice, alice_s) = scene.online("memory-alice", &node).await?;
    // By itself the extension would leave nine tenths of the disk free.
    alice_s.set("settings-max-room", "100").await?;
    sleep(IDLE).await;
    let sharing = Watch::begin(&alice)?;
    let page = Page::new(&alice).await?;
    page.watch().await?;
    alice_s.share(&[&path]).await?;
    page.event("kind.event === 'status' && kind.status.status === 'shared'")
        .await?;
    show("sharing", FILE, sharing.end());
    let cid = alice_s
        .items()
        .await?
        .pop()
        .and_then(|item| item.cid)
        .context("a shared file without a hash")?;
    std::fs::remove_file(path)?;

    let (mut bob, bob_s) = scene.online("memory-bob", &node).await?;
    bob_s.set("settings-max-room", "100").await?;
    sleep(IDLE).await;
    let serving = Watch::begin(&alice)?;
    let fetching = Watch::begin(&bob)?;
    let page = Page::new(&bob).await?;
    page.watch().await?;
    bob_s.fetch(&cid).await?;
    page.event("kind.event === 'saved'").await?;
    let (served, fetched) = (serving.end(), fetching.end());
    let saved = bob.downloads().join("large.bin");
    same_length(&saved, FILE)?;
    drop((alice_s, bob_s));
    alice.close().await?;
    bob.close().await?;

    show("uploading", FILE, served);
    show("fetching and saving", FILE, fetched);
    Ok(())
}

/// Prints how much memory grew, by a file of so many bytes.
pub fn show(doing: &str, file: u64, grown: Memory) {
    let extension = mib(grown.extension);
    single(
        &format!(
            "memory over idle while {doing} {}, worker and page",
            gib(file)
        ),
        &format!("{extension:.0} MiB"),
        extension,
        Some(Goal::Most(GOAL)),
    );
    single(
        "the same, the browser's own process",
        &format!("{:.0} MiB", mib(grown.browser)),
        0.0,
        None,
    );
}

/// A number of bytes in MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The memory of a browser, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    /// The memory of the processes that run the extension's worker and pages.
    extension: u64,
    /// The memory of the browser's main process, which holds what is on its way to and from the
    /// disk.
    browser: u64,
}

/// Samples the memory of a browser until [`Self::end`].
pub struct Watch {
    idle: Memory,
    most: Arc<(AtomicU64, AtomicU64)>,
    task: JoinHandle<()>,
}

impl Watch {
    pub fn begin(browser: &Browser) -> Result<Self> {
        let main = browser.process()?;
        let idle = look(main);
        ensure!(idle.extension > 0, "the extension's process was not found");
        let most = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let task = tokio::spawn({
            let most = Arc::clone(&most);
            async move {
                loop {
                    let now = look(main);
                    most.0.fetch_max(now.extension, Ordering::Relaxed);
                    most.1.fetch_max(now.browser, Ordering::Relaxed);
                    sleep(LOOK).await;
                }
            }
        });
        Ok(Self { idle, most, task })
    }

    /// Stops sampling, and returns the largest growth over the idle browser.
    pub fn end(self) -> Memory {
        self.task.abort();
        let grown = |most: &AtomicU64, idle| most.load(Ordering::Relaxed).saturating_sub(idle);
        Memory {
            extension: grown(&self.most.0, self.idle.extension),
            browser: grown(&self.most.1, self.idle.browser),
        }
    }
}

/// Samples the memory of a process and all below it until [`Self::end`].
pub struct Growth {
    idle: u64,
    most: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Growth {
    pub fn begin(main: u32) -> Self {
        let idle = of_all(main);
        let most = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn({
            let most = Arc::clone(&most);
            async move {
                loop {
                    most.fetch_max(of_all(main), Ordering::Relaxed);
                    sleep(LOOK).await;
                }
            }
        });
        Self { idle, most, task }
    }

    /// Stops sampling, and returns the largest growth in MiB.
    pub fn end(self) -> f64 {
        self.task.abort();
        mib(self.most.load(Ordering::Relaxed).saturating_sub(self.idle))
    }
}

/// The memory of a process and all below it, in bytes.
fn of_all(main: u32) -> u64 {
    let parents = parents();
    let all = parents
        .keys()
        .filter(|process| is_below(&parents, **process, main));
    all.map(|process| taken(*process)).sum()
}

/// The memory in bytes that the processes of a browser's extension take now.
pub fn of_extension(browser: &Browser) -> Result<u64> {
    let extension = look(browser.process()?).extension;
    ensure!(extension > 0, "the extension's process was not found");
    Ok(extension)
}

/// The memory that a browser takes now.
fn look(main: u32) -> Memory {
    let parents = parents();
    let extension = parents
        .keys()
        .filter(|process| runs_extension(**process) && is_below(&parents, **process, main))
        .map(|process| taken(*process))
        .sum();
    Memory {
        extension,
        browser: taken(main),
    }
}

fn runs_extension(process: u32) -> bool {
    std::fs::read(about(process, "cmdline")).is_ok_and(|line| {
        line.split(|byte| matches!(byte, 0 | b' '))
            .any(|argument| argument == b"--extension-process")
    })
}

/// The proportional set size (PSS) of a process in bytes: memory that it shares with other
/// processes counts in proportion.
fn taken(process: u32) -> u64 {
    let Ok(text) = std::fs::read_to_string(about(process, "smaps_rollup")) else {
        return 0;
    };
    text.lines()
        .find_map(|line| {
            let kib: u64 = line
                .strip_prefix("Pss:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()?;
            Some(kib * 1024)
        })
        .unwrap_or(0)
}
