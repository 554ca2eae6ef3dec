//! Stop means stop: what is not shared any more is nowhere, shares end by themselves, and sharing can rest.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Kind;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::json;
use tokio::time::sleep;

use crate::lifetime::until_answered;
use crate::{SMALL, play, play_in_chromium};

/// How long the copy of the last fetch stays at least, so that who asked can fetch it.
const LAST_COPY: Duration = Duration::from_secs(65);
/// How often a storage is asked.
const LOOK: Duration = Duration::from_millis(100);

/// Whether the node's storage has all of a file, without asking anybody for it.
async fn is_stored(node: &Node, cid: &str) -> Result<bool> {
    let url = format!("{}/ipfs/{cid}?format=car", node.listening().http);
    let request = reqwest::Client::new().head(url);
    let answer = request
        .header("cache-control", "only-if-cached")
        .send()
        .await?;
    match answer.status().as_u16() {
        200 => Ok(true),
        412 => Ok(false),
        status => anyhow::bail!("storage answered {status}"),
    }
}

async fn until_not_stored(node: &Node, cid: &str) -> Result<()> {
    let deadline = Instant::now() + SMALL;
    while is_stored(node, cid).await? {
        ensure!(Instant::now() < deadline, "{cid} is still in storage");
        sleep(LOOK).await;
    }
    Ok(())
}

/// Chooses an option of an item's list of when it stops being shared.
async fn choose_end(face: &Face, id: &str, words: &str) -> Result<()> {
    let script = format!(
        r#"const row = document.querySelector('[data-testid="item"][data-id="{id}"]');
        const list = row?.querySelector('[data-testid="item-ends"]');
        if (!list) {{
            const details = row?.querySelector('[data-testid="item-log-toggle"]');
            if (details?.ariaExpanded === 'false') details.click();
            return false;
        }}
        list.selectedIndex = [...list.options].findIndex((option) => option.text === {});
        list.dispatchEvent(new Event('change', {{ bubbles: true }}));
        return true;"#,
        json!(words)
    );
    face.wait("the choice of an end", SMALL, &script).await?;
    Ok(())
}

#[test]
fn what_is_stopped_or_removed_leaves_storage() {
    play("stopping", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(700_000, 51);
        face.share(&[&scene.file("mine.bin", &bytes)?]).await?;
        let shown = face.wait_named("mine.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        let first = scene.command_line("first", &node)?;
        same_bytes(&first.fetch(&cid, SMALL).await?, &bytes)?;
        ensure!(is_stored(&node, &cid).await?);
        // Who asked, and what was uploaded for them.
        let askers = format!(
            r#"const row = document.querySelector('[data-testid="item"][data-id="{}"]');
            const table = row?.querySelector('[data-testid="item-askers"] tbody');
            if (!table) {{
                const details = row?.querySelector('[data-testid="item-log-toggle"]');
                if (details?.ariaExpanded === 'false') details.click();
                return null;
            }}
            const [call] = table.rows;
            return [...call.cells].map((cell) => cell.textContent);"#,
            shown.id
        );
        let call = face.wait("who asked", SMALL, &askers).await?;
        ensure!(
            call[1]
                .as_str()
                .is_some_and(|peer| peer.starts_with("12D3Koo")),
            "{call}"
        );
        let uploaded = format!("return (() => {{ {askers} }})()?.[2] === '700 kB';");
        face.wait("that it was uploaded", SMALL, &uploaded).await?;
        face.picture("asked").await?;
        face.enter_in(&shown, "item-stop").await?;
        until_not_stored(&node, &cid).await?;

        // Without its node, and although its worker ends meanwhile.
        face.enter_in(&shown, "item-again").await?;
        face.wait_named("mine.bin", &["shared"], SMALL).await?;
        let second = scene.command_line("second", &node)?;
        same_bytes(&second.fetch(&cid, SMALL).await?, &bytes)?;
        node.stop().await?;
        face.wait_network("offline", SMALL).await?;
        face.enter_in(&shown, "item-stop").await?;
        face.wait_item(
            "that a copy is left",
            SMALL,
            "item.text.includes('a copy is still at')",
        )
        .await?;
        face.picture("left").await?;
        face.remove(&shown).await?;
        let left = "return document.querySelector('[data-testid=\"left-at-storage\"]') !== null;";
        face.wait("that a removed copy is left", SMALL, left)
            .await?;
        alice.stop_worker().await?;
        node.start_again().await?;
        until_not_stored(&node, &cid).await?;
        face.wait_network("online", ONLINE).await?;
        let none = "return document.querySelector('[data-testid=\"left-at-storage\"]') === null;";
        face.wait("that no copy is left", SMALL, none).await?;
        Ok(())
    });
}

#[test]
fn a_share_ends_by_itself_and_sharing_can_rest() {
    play("resting", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 52);
        face.share(&[&scene.file("once.bin", &bytes)?]).await?;
        let shown = face.wait_named("once.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        choose_end(&face, &shown.id, "After an hour").await?;
        face.wait_item("its time", SMALL, "item.text.includes('until ')")
            .await?;
        choose_end(&face, &shown.id, "After one fetch").await?;
        face.wait_item(
            "its calls",
            SMALL,
            "item.text.includes('for one more fetch')",
        )
        .await?;

        face.press("pause-all").await?;
        face.wait_item(
            "that it rests",
            SMALL,
            "item.text.includes('Sharing is paused')",
        )
        .await?;
        face.picture("resting").await?;
        let early = scene.command_line("early", &node)?;
        let answer = early.call(&format!("IPFS_{cid}"), &json!({}), SMALL).await;
        ensure!(answer.is_err(), "{answer:?}");
        ensure!(!is_stored(&node, &cid).await?);
        face.press("resume-all").await?;
        face.wait_item(
            "that it goes on",
            SMALL,
            "item.text.includes('Others can fetch it')",
        )
        .await?;

        let terminal = scene.command_line("terminal", &node)?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)?;
        face.wait_named("once.bin", &["stopped"], SMALL).await?;
        let late = scene.command_line("late", &node)?;
        let answer = late.call(&format!("IPFS_{cid}"), &json!({}), SMALL).await;
        ensure!(answer.is_err(), "{answer:?}");

        // The copy that the last one fetched is taken back, although its node is away when it is time.
        ensure!(is_stored(&node, &cid).await?);
        node.stop().await?;
        face.wait_network("offline", SMALL).await?;
        sleep(LAST_COPY).await;
        node.start_again().await?;
        until_not_stored(&node, &cid).await?;
        Ok(())
    });
}

#[test]
fn the_person_is_asked_before_anybody_gets_a_file() {
    play("asking", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 53);
        face.share(&[&scene.file("asked.bin", &bytes)?]).await?;
        let shown = face.wait_named("asked.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        face.press_in(&shown, "item-log-toggle").await?;
        face.press_in(&shown, "item-ask-first").await?;
        let is_set = format!(
            r#"return document.querySelector('[data-id="{}"] [data-testid="item-ask-first"]')?.checked === true;"#,
            shown.id
        );
        face.wait("that it asks", SMALL, &is_set).await?;
        let terminal = scene.command_line("terminal", &node)?;
        let function = format!("IPFS_{cid}");
        let nothing = json!({});
        let question = "document.querySelector('[data-testid=\"item-asking\"]') !== null";
        for (button, gets) in [("item-refuse", false), ("item-allow", true)] {
            let stranger = match gets {
                true => scene.command_line("stranger", &node)?,
                false => scene.command_line("refused", &node)?,
            };
            let call = stranger.call(&function, &nothing, SMALL);
            let answer = async {
                face.wait("the question", SMALL, &format!("return {question};"))
                    .await?;
                ensure!(
                    !is_stored(&node, &cid).await?,
                    "it was sent before it was allowed"
                );
                // Firefox without a window shows none.
                if alice.kind() == Kind::Chromium {
                    face.wait_shown_notification(&format!("ask:{}", shown.id), SMALL)
                        .await?;
                }
                face.picture("asking").await?;
                face.enter_in(&shown, button).await
            };
            let (called, answered) = tokio::join!(call, answer);
            answered?;
            ensure!(called.is_ok() == gets, "{button}: {called:?}");
            face.wait(
                "that nothing is asked",
                SMALL,
                &format!("return !({question});"),
            )
            .await?;
        }
        // The settings of a file outlast the worker.
        alice.stop_worker().await?;
        until_answered(&terminal, &cid).await?;
        let call = terminal.call(&function, &nothing, SMALL);
        let answer = async {
            face.wait("the question", SMALL, &format!("return {question};"))
                .await?;
            face.enter_in(&shown, "item-allow").await
        };
        let (called, answered) = tokio::join!(call, answer);
        answered?;
        called?;
        Ok(())
    });
}

#[test]
fn the_buttons_of_a_notification_decide() {
    play_in_chromium(
        "asking_by_notification",
        "its notifications have no buttons",
        async |scene| {
            let node = scene.node("node", &[]).await?;
            let mut alice = scene.browser("alice", Some(scene.hidden_display().await?))?;
            alice.open().await?;
            let face = alice.face().await?;
            face.set_nodes(&[node.websocket()?]).await?;
            face.wait_network("online", ONLINE).await?;
            let bytes = files::noise(300_000, 56);
            face.share(&[&scene.file("asked.bin", &bytes)?]).await?;
            let shown = face.wait_named("asked.bin", &["shared"], SMALL).await?;
            let cid = shown.cid.clone().context("a shared file without a hash")?;
            face.press_in(&shown, "item-log-toggle").await?;
            face.press_in(&shown, "item-ask-first").await?;
            let is_set = format!(
                r#"return document.querySelector('[data-id="{}"] [data-testid="item-ask-first"]')?.checked === true;"#,
                shown.id
            );
            face.wait("that it asks", SMALL, &is_set).await?;
            let function = format!("IPFS_{cid}");
            for (button, gets) in [("Refuse", false), ("Allow", true)] {
                let stranger = scene.command_line(button, &node)?;
                let nothing = json!({});
                let call = stranger.call(&function, &nothing, SMALL);
                let answer = async { alice.press_in_notification(usize::from(!gets)).await };
                let (called, answered) = tokio::join!(call, answer);
                answered?;
                match called {
                    Ok(_) => ensure!(gets, "it was refused, and yet given"),
                    Err(error) => {
                        let said = format!("{error:#}");
                        ensure!(!gets && said.contains("\"refused\""), "{button}: {said}");
                    }
                }
            }
            Ok(())
        },
    );
}

#[test]
fn no_more_is_uploaded_than_the_settings_allow() {
    play("budget", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        // The unit is the gigabyte.
        face.set("settings-max-sent-file", "0.0002").await?;
        let small = files::noise(100_000, 54);
        let large = files::noise(300_000, 55);
        face.share(&[&scene.file("small.bin", &small)?]).await?;
        face.share(&[&scene.file("large.bin", &large)?]).await?;
        let terminal = scene.command_line("terminal", &node)?;
        let shown = face.wait_named("large.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let called = terminal
            .call(&format!("IPFS_{cid}"), &json!({}), SMALL)
            .await;
        ensure!(called.is_err(), "{called:?}");
        face.wait_item(
            "the reason",
            SMALL,
            "item.text.includes('larger than the 200 kB')",
        )
        .await?;
        ensure!(node.uploaded().await? == 0);
        face.picture("refused").await?;
        let shown = face.wait_named("small.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &small)?;

        let driver = alice.driver()?;
        driver
            .goto(alice.extension_url("popup.html?view=options"))
            .await?;
        let scroll = r#"const field = document.querySelector('[data-testid="settings-ends"]');
            field?.scrollIntoView();
            return !!field;"#;
        face.wait("the settings", SMALL, scroll).await?;
        face.picture("settings").await
    });
}
