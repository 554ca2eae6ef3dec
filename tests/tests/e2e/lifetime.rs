//! Files are served for as long as the browser is open, whatever a person does with it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fluence_tests::command_line::CommandLine;
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{SMALL, TEST, play_for, play_in_chromium, skips_firefox};

/// How long nothing at all happens. This is several times longer than the browser lets an idle
/// worker live.
const QUIET: Duration = Duration::from_secs(180);
/// The environment variable that sets another number of seconds, such as an hour for a run by hand.
const QUIET_SECONDS: &str = "FLUENCE_QUIET_SECONDS";
/// How long one probing call may take.
const PROBE: Duration = Duration::from_secs(20);

#[test]
fn with_no_popup_and_no_tab_a_stranger_s_call_is_answered() {
    let (name, quiet) = match std::env::var(QUIET_SECONDS) {
        Ok(seconds) => {
            let seconds = seconds.parse().expect("a number of seconds");
            ("lifetime-by-hand", Duration::from_secs(seconds))
        }
        Err(_) => ("lifetime", QUIET),
    };
    if skips_firefox(name, "it runs the extension only under its driver") {
        return;
    }
    play_for(TEST + quiet, name, async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(3_000_000, 31);
        let (mut alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("quiet.bin", &bytes)?]).await?;
        let shown = face.wait_named("quiet.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        drop(face);
        alice.close().await?;

        // From here on nothing is attached to the browser, because that would keep the worker
        // alive.
        let alone = alice.open_alone("about:blank")?;
        let stranger = scene.command_line("stranger", &node)?;
        until_answered(&stranger, &cid).await?;
        sleep(quiet).await;
        let asked = Instant::now();
        let file = stranger
            .fetch(&cid, SMALL)
            .await
            .with_context(|| format!("after {quiet:?} without popup or tab"))?;
        eprintln!("answered after {quiet:?}, in {:?}", asked.elapsed());
        same_bytes(&file, &bytes)?;
        alone.close().await
    });
}

/// Calls the file's function until it is answered, which shows that the browser has announced it
/// again by itself.
pub async fn until_answered(stranger: &CommandLine, cid: &str) -> Result<()> {
    let function = format!("IPFS_{cid}");
    let deadline = Instant::now() + ONLINE;
    loop {
        match stranger
            .call(&function, &json!({"probe": true}), PROBE)
            .await
        {
            Ok(_) => return Ok(()),
            // Each attempt is a look-up and a call through the node, so a short wait is enough.
            Err(error) if Instant::now() >= deadline => {
                bail!(error.context(format!("not announced again within {ONLINE:?}")))
            }
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// JavaScript that says which version of the extension runs.
const VERSION: &str = "return chrome.runtime.getManifest().version;";
/// JavaScript that tells the extension of an update, and returns when it has heard of it.
const TELL: &str = "const done = arguments[arguments.length - 1];
    window.told = new BroadcastChannel('update');
    told.onmessage = () => done(true);
    told.postMessage({ version: '9.9.9' });";
/// How long an update that must not be installed is waited for: several times as long as one takes that may be.
const NOT_NOW: Duration = Duration::from_secs(5);
/// How long one that may be installed may take: the worker looks with every alarm.
const UPDATED: Duration = Duration::from_secs(150);

#[test]
fn an_update_is_installed_when_nothing_moves() {
    play_in_chromium(
        "update",
        "it has no directory to load one from",
        async |scene| {
            let node = scene.node("node", &[]).await?;
            let (mut alice, extension) = scene.browser_with_updates("alice")?;
            alice.open().await?;
            let face = alice.face().await?;
            face.set_nodes(&[node.websocket()?]).await?;
            face.wait_network("online", ONLINE).await?;
            let before = alice.driver()?.execute(VERSION, vec![]).await?;
            ensure!(*before.json() != json!("9.9.9"), "it is that version");
            // Nobody has it, so the search for it lasts.
            let cid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
            face.fetch(cid).await?;
            face.wait_item("the search", SMALL, "item.status === 'searching'")
                .await?;
            extension.set_version("9.9.9")?;
            let driver = alice.driver()?;
            driver.execute_async(TELL, vec![]).await?;
            // While something moves, and nobody looks.
            driver.goto("about:blank").await?;
            sleep(NOT_NOW).await;
            let face = alice.face().await?;
            let now = alice.driver()?.execute(VERSION, vec![]).await?;
            ensure!(now.json() == before.json(), "the update cut off a fetch");
            let item = face
                .wait_item("the fetch", SMALL, &format!("item.cid === '{cid}'"))
                .await?;
            // Once nothing moves, and nobody looks.
            if face.find_in(&item, "item-pause").await.is_ok() {
                face.press_in(&item, "item-pause").await?;
            }
            face.wait_item(
                "the end",
                SMALL,
                "['interrupted', 'failed'].includes(item.status)",
            )
            .await?;
            // The worker that was told of the update ends.
            alice.stop_worker().await?;
            let deadline = Instant::now() + UPDATED;
            loop {
                alice.driver()?.goto("about:blank").await?;
                sleep(NOT_NOW).await;
                // While the extension restarts, its pages do not open.
                if alice.face().await.is_ok()
                    && let Ok(now) = alice.driver()?.execute(VERSION, vec![]).await
                    && *now.json() == json!("9.9.9")
                {
                    break;
                }
                ensure!(
                    Instant::now() < deadline,
                    "it was not installed within {UPDATED:?}"
                );
            }
            // Everything is as it was.
            let face = alice.face().await?;
            face.wait_network("online", ONLINE).await?;
            let items = face.items().await?;
            ensure!(
                items.len() == 1 && items[0].cid.as_deref() == Some(cid),
                "{items:?}"
            );
            Ok(())
        },
    );
}
