//! Many files at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use fluence_tests::browser::Kind;
use fluence_tests::files;
use serde_json::{Value, json};
use thirtyfour::extensions::cdp::ChromeDevTools;

use crate::{WORKER, play, play_in_chromium};

/// The number of files.
const MANY: usize = 500;
/// How long sharing them may take on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// JavaScript that counts the notifications which the browser shows.
const NOTIFICATIONS: &str = "const [done] = arguments;
    api.notifications.getAll().then(all => done(Object.keys(all)));";

/// JavaScript that returns all items, which the worker sends to a face in several messages.
const ALL: &str = "const [count, done] = arguments;
    const port = api.runtime.connect({ name: 'face' });
    let items = [];
    port.onMessage.addListener(message => {
      items = items.concat(Object.values(message.state?.items ?? {}), message.items ?? []);
      if (items.length >= count) { port.disconnect(); done(items); }
    });
    port.postMessage({ number: 1, command: { command: 'watch' } });";

/// JavaScript that returns whether every item of the list is shared.
const ALL_SHARED: &str = "return document.querySelectorAll('[data-testid=item]').length >= 20 &&
    !document.querySelector('[data-testid=item]:not([data-status=shared])');";

/// A file of the extension that is shown without waking the worker.
const QUIET: &str = "manifest.json";
/// JavaScript that changes the name of the item that an earlier worker left to be shown at once.
const RENAME: &str = "const [name, done] = arguments;
    chrome.storage.session.get('first').then(async ({ first }) => {
      const items = Object.values(first?.state?.items ?? {});
      if (items.length !== 1) return done(items.length);
      items[0].name = name;
      await chrome.storage.session.set({ first });
      done('renamed');
    });";
/// JavaScript that notes the name and the status of the first row that a page ever shows.
const NOTE: &str = "new MutationObserver((_, observer) => {
      const row = document.querySelector('[data-testid=item]');
      if (!row) return;
      window.first = [row.querySelector('[data-testid=item-name]').textContent.trim(), row.dataset.status];
      observer.disconnect();
    }).observe(document, { subtree: true, childList: true });";

#[test]
fn the_list_is_shown_while_the_worker_starts() {
    play_in_chromium("list_before_worker", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let file = scene.file("truth.txt", &files::noise(100, 1))?;
        face.share(&[&file]).await?;
        face.wait_named("truth.txt", &["shared"], LONG).await?;
        let driver = alice.driver()?;
        let remembered = "const [done] = arguments;
            const look = () => api.storage.session.get('first').then(({ first }) =>
              Object.values(first?.state?.items ?? {})[0]?.cid ? done(true) : setTimeout(look, 100));
            look();";
        driver.execute_async(remembered, vec![]).await?;
        driver.goto(alice.extension_url(QUIET)).await?;
        alice.stop_worker().await?;
        // A worker would call it by its name. What is shown before there is one has another.
        let renamed = driver
            .execute_async(RENAME, vec![json!("memory.txt")])
            .await?;
        ensure!(*renamed.json() == json!("renamed"), "{}", renamed.json());
        ChromeDevTools::new(driver.handle.clone())
            .execute_cdp_with_params(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": NOTE }),
            )
            .await?;
        let face = alice.face().await?;
        face.wait_named("truth.txt", &["shared"], LONG).await?;
        let first = face.wait("the first row", LONG, "return window.first;");
        let first = first.await?;
        // Only a running worker knows what is shared.
        ensure!(
            first == json!(["memory.txt", "announcing"]),
            "first shown: {first}"
        );
        Ok(())
    });
}

#[test]
fn many_files_are_shared_together_and_told_of_once() {
    play("many_files", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let paths = (0..MANY)
            .map(|n| scene.file(&format!("many-{n:03}.txt"), &files::noise(5 + n, n as u64)))
            .collect::<Result<Vec<PathBuf>>>()?;
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        face.share(&paths).await?;
        face.wait("that all are shared", LONG, ALL_SHARED).await?;
        let items = alice
            .driver()?
            .execute_async(ALL, vec![json!(MANY)])
            .await?;
        let items = items.json().as_array().cloned().unwrap_or_default();
        let is_shared = |item: &&Value| item["status"]["status"] == json!("shared");
        let shared = items.iter().filter(is_shared).count();
        ensure!(shared == MANY, "{shared} of {MANY} files are shared");
        let told = alice.driver()?.execute_async(NOTIFICATIONS, vec![]).await?;
        // Without a desktop, Firefox's notifications go at once.
        ensure!(
            alice.kind() == Kind::Firefox || *told.json() == json!(["fluence"]),
            "notifications: {}",
            told.json()
        );
        // A worker that starts anew offers all of them again.
        if alice.kind() == Kind::Chromium {
            alice.stop_worker().await?;
            face.wait(
                "that none is confirmed",
                LONG,
                "return !!document.querySelector('[data-testid=item][data-status=announcing]');",
            )
            .await?;
        }
        face.wait("that all are shared again", LONG, ALL_SHARED)
            .await?;
        let terminal = scene.command_line("terminal", &node)?;
        for n in [0, MANY / 2, MANY - 1] {
            let name = format!("many-{n:03}.txt");
            let shown = items.iter().find(|item| item["name"] == json!(name));
            let cid = shown
                .and_then(|item| item["cid"].as_str())
                .unwrap_or_default();
            let file = terminal.fetch(cid, LONG).await?;
            fluence_tests::scene::same_bytes(&file, &files::noise(5 + n, n as u64))?;
        }
        face.picture("shared").await
    });
}
