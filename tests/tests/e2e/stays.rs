//! Large files that are shared where the person has them: nothing is stored twice, nothing else than what was shared is
//! ever given, and where the browser wants a click before it reads a file again, that is said and the click is enough.

use std::fs::{File, FileTimes};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::{Face, Shown};
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::{Value, json};
use thirtyfour::By;
use tokio::time::sleep;

use crate::{SMALL, play_in_chromium};

/// Why these tests are for Chromium alone.
const HANDLES: &str = "it gives no handles on files, so all are copied";
/// More than the least size of a file that stays where it is, in bytes.
const LARGE: usize = 17_000_000;
/// Longer than the permission to read a file lasts once the last tab of the extension is closed. Nothing tells of its end.
const PERMITTED: Duration = Duration::from_secs(4);

/// JavaScript that says what is stored of the file of an item: the bytes of copies, and whether the browser reads the file
/// itself without a question.
const STORED: &str = "
const [id, done] = arguments;
(async () => {
  let copied = 0;
  const root = await navigator.storage.getDirectory();
  for await (const [name, handle] of (await root.getDirectoryHandle('files', { create: true })).entries())
    if (name === id) copied = (await handle.getFile()).size;
  const opened = indexedDB.open('fluence');
  await new Promise(resolve => { opened.onsuccess = resolve; });
  const read = opened.result.transaction('handles').objectStore('handles').get(id);
  await new Promise(resolve => { read.onsuccess = resolve; });
  opened.result.close();
  return { copied, permission: await read.result?.handle.queryPermission() };
})().then(done);
";

/// What is stored of a file.
async fn stored(browser: &Browser, item: &Shown) -> Result<Value> {
    let found = browser
        .driver()?
        .execute_async(STORED, vec![json!(item.id)]);
    Ok(found.await?.json().clone())
}

/// Drops a file and waits until it is shared. Returns its row and its hash.
async fn shared(face: &Face, file: &Path) -> Result<(Shown, String)> {
    face.drop_files(&[file]).await?;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.context("a file without a name")?;
    let shown = face.wait_named(name, &["shared"], SMALL).await?;
    let cid = shown.cid.clone().context("a shared file without a hash")?;
    Ok((shown, cid))
}

#[test]
fn a_large_file_is_shared_where_it_is_and_outlasts_the_worker() {
    play_in_chromium("stays", HANDLES, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(LARGE, 301);
        let (alice, face) = scene.online("alice", &node).await?;
        let (shown, cid) = shared(&face, &scene.file("film.bin", &bytes)?).await?;
        ensure!(
            stored(&alice, &shown).await? == json!({ "copied": 0, "permission": "granted" }),
            "it was copied: {}",
            stored(&alice, &shown).await?
        );
        // It takes no room, and a small one beside it does.
        face.drop_files(&[&scene.file("small.bin", &files::noise(2_000_000, 302))?])
            .await?;
        face.wait_named("small.bin", &["shared"], SMALL).await?;
        face.wait(
            "the room of the small file alone",
            SMALL,
            r#"return document.querySelector('[data-testid="room"]')?.textContent.includes('2 MB used · ');"#,
        )
        .await?;

        // The worker ends, and so does the permission, because no tab of the extension is open. What was opened stays open.
        alice.stop_worker().await?;
        alice.driver()?.goto("about:blank").await?;
        sleep(PERMITTED).await;
        let face = alice.face().await?;
        face.wait_network("online", ONLINE).await?;
        ensure!(
            stored(&alice, &shown).await? == json!({ "copied": 0, "permission": "prompt" }),
            "the permission lasted: {}",
            stored(&alice, &shown).await?
        );
        face.wait_named("film.bin", &["shared"], SMALL).await?;
        let stranger = scene.command_line("stranger", &node)?;
        same_bytes(&stranger.fetch(&cid, SMALL).await?, &bytes)?;

        // What is removed is not held any longer, and the person's own file is left alone.
        face.remove(&shown).await?;
        ensure!(
            stored(&alice, &shown).await? == json!({ "copied": 0, "permission": null }),
            "its handle is kept: {}",
            stored(&alice, &shown).await?
        );
        same_bytes(&scene.path("files").join("film.bin"), &bytes)
    });
}

#[test]
fn a_file_that_changed_where_it_is_is_never_given() {
    play_in_chromium("stays_changed", HANDLES, async |scene| {
        let node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        let stranger = scene.command_line("stranger", &node)?;
        // The first is written at another time. The second has the same length and the same time, which the browser takes
        // for the same file. The third is gone.
        for (name, seed) in [("later.bin", 311), ("forged.bin", 312), ("gone.bin", 313)] {
            let file = scene.file(name, &files::noise(LARGE, seed))?;
            let written = std::fs::metadata(&file)?.modified()?;
            let (shown, cid) = shared(&face, &file).await?;
            match name {
                "gone.bin" => std::fs::remove_file(&file)?,
                _ => std::fs::write(&file, files::noise(LARGE, seed + 100))?,
            }
            if name == "forged.bin" {
                let times = FileTimes::new().set_modified(written);
                File::options().write(true).open(&file)?.set_times(times)?;
            }
            let fetched = stranger.fetch(&cid, SMALL).await;
            ensure!(fetched.is_err(), "{name} was given although it changed");
            let failed = face.wait_named(name, &["failed"], SMALL).await?;
            ensure!(
                failed.id == shown.id && failed.failure.as_deref() == Some("file_gone"),
                "{name}: {failed:?}"
            );
        }
        Ok(())
    });
}

#[test]
fn one_click_shares_again_what_stays_where_it_is_after_a_restart() {
    play_in_chromium("stays_restart", HANDLES, async |scene| {
        let node = scene.node("node", &[]).await?;
        let display = scene.hidden_display().await?;
        let mut alice = scene.browser("alice", Some(display))?;
        alice.open().await?;
        let face = alice.face().await?;
        face.set_nodes(&[node.websocket()?]).await?;
        face.wait_network("online", ONLINE).await?;
        let mut cids = Vec::new();
        for (name, seed) in [("one.bin", 321), ("two.bin", 322)] {
            let bytes = files::noise(LARGE, seed);
            let (_, cid) = shared(&face, &scene.file(name, &bytes)?).await?;
            cids.push((name, cid, bytes));
        }
        alice.crash().await?;

        alice.open().await?;
        let face = alice.face().await?;
        face.wait_network("online", ONLINE).await?;
        for (name, ..) in &cids {
            let waits = face.wait_named(name, &["failed"], SMALL).await?;
            ensure!(
                waits.failure.as_deref() == Some("needs_click")
                    && waits.text.contains("Waiting for a click"),
                "it does not say that a click is needed: {waits:?}"
            );
        }
        face.wait_badge("waiting for your permission", SMALL)
            .await?;
        face.picture("needs-click").await?;
        let stranger = scene.command_line("stranger", &node)?;
        ensure!(
            stranger.fetch(&cids[0].1, SMALL).await.is_err(),
            "it was given before anybody clicked"
        );

        // In a tab the browser asks. Who refuses is asked again the next time.
        let tab = alice.extension_url("popup.html?view=tab");
        alice.driver()?.goto(tab).await?;
        let face = alice.shown().await?;
        let first = face.wait_named("one.bin", &["failed"], SMALL).await?;
        alice.deny(face.press_in(&first, "item-unlock")).await?;
        let said = |code: &str| {
            format!(
                "return document.querySelector('[data-testid=\"item-refused\"][data-code=\"{code}\"]') !== null;"
            )
        };
        face.wait("that a click is needed still", SMALL, &said("needs_click"))
            .await?;
        // In the popup it does not, and one click is enough for both.
        alice.open_popup().await?;
        alice.click_in_popup("item-unlock").await?;
        for (name, cid, bytes) in &cids {
            // Until the click has its effect, the item waits for it.
            let shared = format!("item.name === '{name}' && item.status === 'shared'");
            face.wait_item("that it is shared again", SMALL, &shared)
                .await?;
            same_bytes(&stranger.fetch(cid, SMALL).await?, bytes)?;
        }
        Ok(())
    });
}

#[test]
fn a_file_that_is_chosen_in_the_dialog_stays_where_it_is() {
    play_in_chromium("stays_chosen", HANDLES, async |scene| {
        let node = scene.node("node", &[]).await?;
        let display = scene.hidden_display().await?;
        let mut alice = scene.browser("alice", Some(display))?;
        alice.open().await?;
        let face = alice.face().await?;
        face.set_nodes(&[node.websocket()?]).await?;
        face.wait_network("online", ONLINE).await?;
        let bytes = files::noise(LARGE, 341);
        alice.at_home("0.bin", &bytes)?;
        let label = By::Css("label:has([data-testid=file-input])");
        alice.driver()?.find(label).await?.click().await?;
        alice.choose_in_dialog().await?;
        let shown = face.wait_named("0.bin", &["shared"], SMALL).await?;
        ensure!(
            stored(&alice, &shown).await? == json!({ "copied": 0, "permission": "granted" }),
            "it was copied: {}",
            stored(&alice, &shown).await?
        );
        let cid = shown.cid.context("a shared file without a hash")?;
        let stranger = scene.command_line("stranger", &node)?;
        same_bytes(&stranger.fetch(&cid, SMALL).await?, &bytes)
    });
}

#[test]
fn large_files_are_copied_if_the_person_wants_that() {
    play_in_chromium("stays_copied", HANDLES, async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        // A click is all that a box needs.
        face.set("settings-copy-large", "").await?;
        let (shown, _) = shared(&face, &scene.file("film.bin", &files::noise(LARGE, 331))?).await?;
        ensure!(
            stored(&alice, &shown).await? == json!({ "copied": LARGE, "permission": null }),
            "it was not copied: {}",
            stored(&alice, &shown).await?
        );
        Ok(())
    });
}
