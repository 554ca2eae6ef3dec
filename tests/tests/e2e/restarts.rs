//! Browsers, nodes and workers end and come back, and what was under way continues by itself.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::lifetime::until_answered;
use crate::{SMALL, WORKER, play, play_in_chromium};

/// How often the folder for downloads is checked.
const LOOK: Duration = Duration::from_millis(2);
/// How long sharing or fetching a large file may take.
const LARGE: Duration = Duration::from_secs(150);
/// The length of a large file, in bytes: large enough that its transfer does not end before the
/// test notices its beginning.
const LARGE_FILE: usize = 150_000_000;

#[test]
fn a_browser_that_crashed_serves_again_without_a_click() {
    play("browser_restart", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(2_000_000, 41);
        let (mut alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("lasting.bin", &bytes)?]).await?;
        let shown = face.wait_named("lasting.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let first = scene.command_line("first", &node)?;
        same_bytes(&first.fetch(&cid, SMALL).await?, &bytes)?;
        let before = face.state().await?;
        alice.crash().await?;

        alice.open().await?;
        let stranger = scene.command_line("stranger", &node)?;
        until_answered(&stranger, &cid).await?;
        let file = stranger.fetch(&cid, SMALL).await?;
        same_bytes(&file, &bytes)?;
        // The popup shows what was there before, with the same identity and settings.
        let face = alice.face().await?;
        face.wait_network("online", ONLINE).await?;
        let again = face.wait_named("lasting.bin", &["shared"], SMALL).await?;
        ensure!(
            again.cid.as_deref() == Some(&cid),
            "another hash: {again:?}"
        );
        let after = face.state().await?;
        for kept in ["peer", "settings"] {
            ensure!(
                before[kept] == after[kept] && !after[kept].is_null(),
                "another {kept}: {} is now {}",
                before[kept],
                after[kept]
            );
        }
        let counted = |state: &Value, counter: &str| {
            state["items"][&shown.id][counter]
                .as_u64()
                .with_context(|| format!("no {counter} in {state}"))
        };
        ensure!(
            counted(&after, "uploaded")? == counted(&before, "uploaded")?
                && counted(&after, "uploaded")? >= bytes.len() as u64
                && counted(&after, "requests")? > counted(&before, "requests")?,
            "what was served is not counted: {before}, then {after}"
        );
        Ok(())
    });
}

#[test]
fn what_was_being_saved_when_the_browser_crashed_is_saved() {
    play_in_chromium(
        "saved_anew",
        "it saves too fast to be cut off",
        async |scene| {
            let node = scene.node("node", &[]).await?;
            let bytes = files::noise(LARGE_FILE, 46);
            let provider = scene.command_line("provider", &node)?;
            let (_sharing, cid) = provider.share(&scene.file("half.bin", &bytes)?).await?;
            let (mut bob, face) = scene.online("bob", &node).await?;
            face.fetch(&cid).await?;
            // The browser creates the file that it writes to as soon as it begins.
            let deadline = Instant::now() + LARGE;
            while std::fs::read_dir(bob.downloads())?.next().is_none() {
                ensure!(
                    Instant::now() < deadline,
                    "saving did not begin within {LARGE:?}"
                );
                sleep(LOOK).await;
            }
            bob.crash().await?;
            ensure!(
                !bob.downloads().join("half.bin").exists(),
                "it was saved before the browser crashed"
            );

            bob.open().await?;
            same_bytes(&bob.saved("half.bin", LARGE).await?, &bytes)
        },
    );
}

#[test]
fn a_node_that_comes_back_is_found_again() {
    play("node_restart", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let bytes = files::noise(2_000_000, 42);
        let (_alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("patient.bin", &bytes)?]).await?;
        let shown = face.wait_named("patient.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;

        node.stop().await?;
        face.wait(
            "that the popup shows the lost connection",
            ONLINE,
            r#"return ['offline', 'connecting'].includes(
                 document.querySelector('[data-testid="network"]')?.dataset.network);"#,
        )
        .await?;
        face.picture("offline").await?;
        node.start_again().await?;
        face.wait_network("online", ONLINE).await?;
        // The node has lost its provider records, so the browser announces again.
        let stranger = scene.command_line("stranger", &node)?;
        until_answered(&stranger, &cid).await?;
        same_bytes(&stranger.fetch(&cid, SMALL).await?, &bytes)
    });
}

#[test]
fn a_worker_killed_while_serving_goes_on() {
    play_in_chromium("killed_while_serving", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(LARGE_FILE, 43);
        let (alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("large.bin", &bytes)?]).await?;
        let shown = face.wait_named("large.bin", &["shared"], LARGE).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let stranger = scene.command_line("stranger", &node)?;
        let (file, ()) = futures::try_join!(stranger.fetch(&cid, LARGE), async {
            let uploaded = node.wait_uploaded(1, SMALL).await?;
            ensure!(
                uploaded < bytes.len() as u64,
                "the upload ended before the worker could be stopped"
            );
            alice.stop_worker().await
        })?;
        same_bytes(&file, &bytes)
    });
}

#[test]
fn a_worker_killed_while_fetching_goes_on() {
    play_in_chromium("killed_while_fetching", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(LARGE_FILE, 44);
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal.share(&scene.file("large.bin", &bytes)?).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        face.fetch(&cid).await?;
        face.wait_item("a fetch on its way", SMALL, "item.status === 'downloading'")
            .await?;
        bob.stop_worker().await?;
        face.wait_named("large.bin", &["done", "shared"], LARGE)
            .await?;
        same_bytes(&bob.saved("large.bin", SMALL).await?, &bytes)
    });
}

/// Leaves what a worker leaves behind that is killed after the browser has begun a download and before it has told its
/// number; by the next start the download is complete.
const CUT_OFF: &str = r#"
    const [id, done] = arguments;
    api.downloads.search({}).then(([download]) => {
        const saving = JSON.stringify({ items: { [id]: download.url } });
        return api.storage.local.set({ saving });
    }).then(() => done(true), why => done(String(why)));
"#;
/// What is being saved.
const SAVING: &str = r#"
    const done = arguments[0];
    api.storage.local.get("saving").then(({ saving }) => done(saving));
"#;

#[test]
fn a_copy_that_was_made_when_its_worker_was_killed_is_not_made_again() {
    play_in_chromium("saved_once", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(300_000, 45);
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal.share(&scene.file("once.bin", &bytes)?).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        face.fetch(&cid).await?;
        bob.saved("once.bin", SMALL).await?;
        let shown = face
            .wait_named("once.bin", &["done", "shared"], SMALL)
            .await?;

        let driver = bob.driver()?;
        let left = driver.execute_async(CUT_OFF, vec![json!(shown.id)]).await?;
        ensure!(
            left.json() == &json!(true),
            "nothing was left: {:?}",
            left.json()
        );
        bob.stop_worker().await?;
        let deadline = Instant::now() + SMALL;
        loop {
            let saving = driver.execute_async(SAVING, vec![]).await?;
            if saving.json() == &json!(r#"{"items":{}}"#) {
                break;
            }
            ensure!(
                Instant::now() < deadline,
                "it is not settled: {:?}",
                saving.json()
            );
            sleep(LOOK).await;
        }
        let downloaded = bob.downloaded()?;
        ensure!(downloaded == ["once.bin"], "{downloaded:?}");
        same_bytes(&bob.saved("once.bin", SMALL).await?, &bytes)
    });
}

#[test]
fn a_chosen_file_that_an_ended_worker_had_not_copied_is_handed_over_again() {
    play_in_chromium("handed_over_again", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(LARGE_FILE, 46);
        let (alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("chosen.bin", &bytes)?]).await?;
        let begun = "item.name === 'chosen.bin'";
        face.wait_item("its row", SMALL, begun).await?;
        alice.stop_worker().await?;
        // For a moment its row says that it was cut off.
        let shared = "item.name === 'chosen.bin' && item.status === 'shared'";
        let shown = face.wait_item("that it is shared", LARGE, shared).await?;
        let items = face.items().await?;
        ensure!(items.len() == 1, "it is there more than once: {items:?}");
        let cid = shown.cid.context("a shared file without a hash")?;
        let stranger = scene.command_line("stranger", &node)?;
        same_bytes(&stranger.fetch(&cid, LARGE).await?, &bytes)
    });
}
