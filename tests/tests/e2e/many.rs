//! Many files at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use fluence_tests::files;
use serde_json::{Value, json};

use crate::play;

/// The number of files.
const MANY: usize = 500;
/// How long sharing them may take on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// JavaScript that counts the notifications which the browser shows.
const NOTIFICATIONS: &str = "const [done] = arguments;
    chrome.notifications.getAll(all => done(Object.keys(all)));";

/// JavaScript that returns all items, which the worker sends to a face in several messages.
const ALL: &str = "const [count, done] = arguments;
    const port = chrome.runtime.connect({ name: 'face' });
    let items = [];
    port.onMessage.addListener(message => {
      items = items.concat(Object.values(message.state?.items ?? {}), message.items ?? []);
      if (items.length >= count) { port.disconnect(); done(items); }
    });
    port.postMessage({ number: 1, command: { command: 'watch' } });";

/// JavaScript that returns whether every item of the list is shared.
const ALL_SHARED: &str = "return document.querySelectorAll('[data-testid=item]').length >= 20 &&
    !document.querySelector('[data-testid=item]:not([data-status=shared])');";

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
        ensure!(
            *told.json() == json!(["fluence"]),
            "notifications: {}",
            told.json()
        );
        // A worker that starts anew offers all of them again.
        alice.stop_worker().await?;
        face.wait(
            "that none is confirmed",
            LONG,
            "return !!document.querySelector('[data-testid=item][data-status=announcing]');",
        )
        .await?;
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
