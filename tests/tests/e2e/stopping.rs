//! Stop means stop: what is not shared any more is nowhere, shares end by themselves, and sharing can rest.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Kind;
use fluence_tests::command_line::CommandLine;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::lifetime::until_answered;
use crate::{SMALL, play, play_in_chromium};

/// How long the copy of the last fetch stays at least, so that who asked can fetch it.
const LAST_COPY: Duration = Duration::from_secs(65);
/// The minute that the person has to decide, with what a busy machine takes away or adds.
const MINUTE_AND_LESS: Duration = Duration::from_secs(50);
const MINUTE_AND_MORE: Duration = Duration::from_secs(80);
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

/// Whether a peer gets the file of a provider.
async fn gets(peer: &CommandLine, cid: &str) -> Result<Value, String> {
    let called = peer.call(&format!("IPFS_{cid}"), &json!({}), SMALL).await;
    called.map_err(|why| format!("{why:#}"))
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
        let mut node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        // The unit is the gigabyte.
        face.set("settings-max-sent-file", "0.0002").await?;
        let small = files::noise(100_000, 54);
        let large = files::noise(300_000, 55);
        face.share(&[&scene.file("small.bin", &small)?]).await?;
        face.share(&[&scene.file("large.bin", &large)?]).await?;
        let terminal = scene.command_line("terminal", &node)?;
        let shown = face.wait_named("large.bin", &["shared"], SMALL).await?;
        let too_large = shown.cid.context("a shared file without a hash")?;
        for away in [false, true] {
            if away {
                node.kill().await?;
                face.wait_network("offline", SMALL).await?;
                alice.stop_worker().await?;
                node.start_again().await?;
                face.wait_network("online", ONLINE).await?;
                face.wait_named("large.bin", &["shared"], SMALL).await?;
            }
            let called = gets(&terminal, &too_large).await;
            ensure!(
                called
                    .as_ref()
                    .is_err_and(|why| why.contains("\"refused\"")),
                "{called:?}"
            );
            face.wait_item(
                "the reason",
                SMALL,
                "item.text.includes('larger than the 200 kB')",
            )
            .await?;
            ensure!(node.uploaded().await? == 0);
        }
        face.picture("refused").await?;
        let shown = face.wait_named("small.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &small)?;
        // The field has the unit of what is in it, by now.
        face.set("settings-max-sent-file", "1").await?;
        same_bytes(&terminal.fetch(&too_large, SMALL).await?, &large)?;

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

#[test]
fn an_end_can_be_chosen_with_a_share() {
    play("ending", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 57);
        face.choose_end("After one fetch").await?;
        face.picture("chosen").await?;
        let counted = |name: &str| {
            format!(
                "item.name === '{name}' && item.status === 'shared' && item.text.includes('for one more fetch')"
            )
        };
        face.press("share-private").await?;
        face.share(&[&scene.file("secret.bin", &bytes)?]).await?;
        face.wait_item("a private share", SMALL, &counted("secret.bin"))
            .await?;
        face.press("share-private").await?;
        face.share(&[&scene.file("once.bin", &bytes)?]).await?;
        let shown = face
            .wait_item("a share", SMALL, &counted("once.bin"))
            .await?;
        // A worker that ends in between knows it, too.
        alice.stop_worker().await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        until_answered(&terminal, &cid).await?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)?;
        face.wait_named("once.bin", &["stopped"], SMALL).await?;

        // Several files, of which each ends by itself.
        face.choose_end("After a day").await?;
        let one = scene.file("one.bin", &files::noise(40_000, 58))?;
        let two = scene.file("two.bin", &files::noise(50_000, 59))?;
        face.share(&[&one, &two]).await?;
        for name in ["one.bin", "two.bin"] {
            let row = face.wait_named(name, &["shared"], SMALL).await?;
            ensure!(row.text.contains("until "), "{row:?}");
        }
        face.choose_end("Only when I say so").await?;
        let always = scene.file("always.bin", &files::noise(60_000, 60))?;
        face.share(&[&always]).await?;
        let row = face.wait_named("always.bin", &["shared"], SMALL).await?;
        ensure!(!row.text.contains("until "), "{row:?}");
        Ok(())
    });
}

#[test]
fn a_share_ends_at_its_time_although_its_node_is_away() {
    play("ending_away", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 61);
        face.share(&[&scene.file("timed.bin", &bytes)?]).await?;
        let shown = face.wait_named("timed.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)?;
        node.kill().await?;
        face.wait_network("offline", SMALL).await?;
        // The shortest time that the list offers is an hour.
        let limit = json!({ "command": "limit", "id": shown.id, "seconds": 2 });
        face.command(limit).await?;
        let left = face
            .wait_item(
                "that it has ended",
                SMALL,
                "item.status === 'stopped' && item.text.includes('a copy is still at')",
            )
            .await?;
        ensure!(left.text.contains(" until "), "{left:?}");
        face.picture("ended").await?;
        node.start_again().await?;
        until_not_stored(&node, &cid).await?;
        face.wait_item(
            "that no copy is left",
            ONLINE,
            "item.status === 'stopped' && !item.text.includes('a copy is still at')",
        )
        .await?;
        let late = scene.command_line("late", &node)?;
        ensure!(gets(&late, &cid).await.is_err());
        Ok(())
    });
}

#[test]
fn what_a_storage_keeps_for_others_is_told() {
    play("kept_for_others", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(300_000, 62);
        let file = scene.file("common.bin", &bytes)?;
        // Carol has put it there, and does not take it back.
        let carol = scene.command_line("carol", &node)?;
        let (sharing, cid) = carol.share(&file).await?;
        let first = scene.command_line("first", &node)?;
        same_bytes(&first.fetch(&cid, SMALL).await?, &bytes)?;
        sharing.kill().await?;

        let (_alice, face) = scene.online("alice", &node).await?;
        face.share(&[&file]).await?;
        let shown = face.wait_named("common.bin", &["shared"], SMALL).await?;
        ensure!(shown.cid.as_deref() == Some(&*cid), "{shown:?}");
        let second = scene.command_line("second", &node)?;
        until_answered(&second, &cid).await?;
        let called = gets(&second, &cid).await;
        ensure!(called.is_ok(), "{called:?}");
        face.wait_item("its copy", SMALL, "item.text.includes('copy until ')")
            .await?;
        face.enter_in(&shown, "item-stop").await?;
        face.wait_item(
            "that others keep it",
            SMALL,
            "item.status === 'stopped' && item.text.includes('others keep a copy at 127.0.0.1')",
        )
        .await?;
        ensure!(is_stored(&node, &cid).await?);
        face.press_in(&shown, "item-log-toggle").await?;
        face.picture("kept").await?;
        face.remove(&shown).await?;
        let left =
            r#"return document.querySelector('[data-testid="left-for-others"]')?.textContent;"#;
        let left = face.wait("that others keep it", SMALL, left).await?;
        ensure!(
            left == json!("1 file that you removed: others keep copies at 127.0.0.1."),
            "{left}"
        );
        face.picture("removed").await
    });
}

#[test]
fn what_was_uploaded_counts_although_the_node_was_away() {
    play("budget_away", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        // The unit is the gigabyte.
        face.set("settings-max-sent-day", "0.0005").await?;
        let first = files::noise(300_000, 63);
        let second = files::noise(300_001, 64);
        face.share(&[&scene.file("first.bin", &first)?]).await?;
        face.share(&[&scene.file("second.bin", &second)?]).await?;
        let shown = face.wait_named("first.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &first)?;
        let shown = face.wait_named("second.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        node.kill().await?;
        face.wait_network("offline", SMALL).await?;
        alice.stop_worker().await?;
        node.start_again().await?;
        face.wait_network("online", ONLINE).await?;
        face.wait_named("second.bin", &["shared"], SMALL).await?;
        let answer = gets(&terminal, &cid).await;
        ensure!(
            answer
                .as_ref()
                .is_err_and(|why| why.contains("\"refused\"")),
            "{answer:?}"
        );
        let refused = "item.name === 'second.bin' && item.text.includes('500 kB')";
        face.wait_item("the reason", SMALL, refused).await?;
        // Who asked, and got nothing, is told.
        face.press_in(&shown, "item-log-toggle").await?;
        let nothing = r#"return document.querySelector('[data-testid="item-askers"] td:last-child')?.textContent;"#;
        let nothing = face.wait("who asked", SMALL, nothing).await?;
        ensure!(
            nothing == json!("nothing, it could not be uploaded"),
            "{nothing}"
        );
        face.picture("refused").await?;
        face.set("settings-max-sent-day", "1").await?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &second)
    });
}

#[test]
fn a_network_that_is_metered_by_hand_carries_no_uploads() {
    play("metered", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 65);
        face.share(&[&scene.file("dear.bin", &bytes)?]).await?;
        let shown = face.wait_named("dear.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        face.switch(&["settings-metered", "settings-metered-now"])
            .await?;
        let waits = "item.text.includes('Waiting for another network')";
        face.wait_item("that it waits", SMALL, waits).await?;
        face.picture("metered").await?;
        let terminal = scene.command_line("terminal", &node)?;
        for killed in [false, true] {
            if killed {
                node.kill().await?;
                face.wait_network("offline", SMALL).await?;
                node.start_again().await?;
                face.wait_network("online", ONLINE).await?;
                face.wait_named("dear.bin", &["shared"], SMALL).await?;
            }
            let answer = gets(&terminal, &cid).await;
            ensure!(
                answer
                    .as_ref()
                    .is_err_and(|why| why.contains("\"refused\"")),
                "{answer:?}"
            );
            ensure!(!is_stored(&node, &cid).await?);
        }
        face.press("not-metered").await?;
        let goes_on = "item.text.includes('Others can fetch it')";
        face.wait_item("that it goes on", SMALL, goes_on).await?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)
    });
}

#[test]
fn sharing_rests_although_its_node_was_away() {
    play("resting_away", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 66);
        face.share(&[&scene.file("rests.bin", &bytes)?]).await?;
        let shown = face.wait_named("rests.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        node.kill().await?;
        face.wait_network("offline", SMALL).await?;
        face.press("pause-all").await?;
        let rests = "item.text.includes('Sharing is paused')";
        face.wait_item("that it rests", SMALL, rests).await?;
        alice.stop_worker().await?;
        node.start_again().await?;
        face.wait_network("online", ONLINE).await?;
        face.wait_item("that it still rests", SMALL, rests).await?;
        let terminal = scene.command_line("terminal", &node)?;
        ensure!(gets(&terminal, &cid).await.is_err());
        ensure!(!is_stored(&node, &cid).await?);
        face.press("resume-all").await?;
        until_answered(&terminal, &cid).await?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &bytes)
    });
}

#[test]
fn who_is_not_decided_about_gets_nothing_and_a_decision_outlasts_the_node() {
    play("asking_away", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        let bytes = files::noise(300_000, 67);
        face.share(&[&scene.file("asked.bin", &bytes)?]).await?;
        let shown = face.wait_named("asked.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        face.press_in(&shown, "item-log-toggle").await?;
        face.press_in(&shown, "item-ask-first").await?;
        let asked = r#"return document.querySelector('[data-testid="item-asking"]') !== null;"#;
        let asks_nothing =
            r#"return document.querySelector('[data-testid="item-asking"]') === null;"#;

        // Nobody answers for a minute.
        let patient = scene.command_line("patient", &node)?;
        let call = gets(&patient, &cid);
        let ends = async {
            face.wait("the question", SMALL, asked).await?;
            let since = Instant::now();
            face.wait("the end of the question", MINUTE_AND_MORE, asks_nothing)
                .await?;
            Ok(since.elapsed())
        };
        let (called, waited): (_, Result<Duration>) = tokio::join!(call, ends);
        let waited = waited?;
        ensure!(called.is_err(), "{called:?}");
        ensure!(
            (MINUTE_AND_LESS..MINUTE_AND_MORE).contains(&waited),
            "{waited:?}"
        );
        let again = gets(&patient, &cid).await;
        ensure!(
            again.as_ref().is_err_and(|why| why.contains("\"refused\"")),
            "{again:?}"
        );

        // The node is killed before the answer, which counts once it is back.
        for (button, allowed) in [("item-refuse", false), ("item-allow", true)] {
            let stranger = scene.command_line(button, &node)?;
            let call = gets(&stranger, &cid);
            let decide = async {
                face.wait("the question", SMALL, asked).await?;
                node.kill().await?;
                face.wait_network("offline", SMALL).await?;
                face.enter_in(&shown, button).await?;
                face.wait("that nothing is asked", SMALL, asks_nothing)
                    .await?;
                node.start_again().await?;
                face.wait_network("online", ONLINE).await?;
                face.wait_named("asked.bin", &["shared"], SMALL).await?;
                Ok(())
            };
            let (_, decided): (_, Result<()>) = tokio::join!(call, decide);
            decided?;
            ensure!(!is_stored(&node, &cid).await?);
            let called = gets(&stranger, &cid).await;
            ensure!(called.is_ok() == allowed, "{button}: {called:?}");
            let asks = face.items().await?;
            ensure!(
                asks.iter()
                    .all(|item| !item.text.contains("asks for it. Without")),
                "it asks once more"
            );
        }
        Ok(())
    });
}

#[test]
fn who_fetches_shares_nothing_unless_they_say_so() {
    play("fetching_only", async |scene| {
        let node = scene.node("node", &[]).await?;
        let owner = scene.command_line("owner", &node)?;
        let stranger = scene.command_line("stranger", &node)?;
        let (bob, face) = scene.online("bob", &node).await?;
        let mut cids = Vec::new();
        for number in [0, 1] {
            let name = format!("fetched-{number}.bin");
            let bytes = files::noise(200_000 + number, 68);
            let (sharing, cid) = owner.share(&scene.file(&name, &bytes)?).await?;
            face.fetch(&cid).await?;
            let shown = face.wait_named(&name, &["done"], SMALL).await?;
            sharing.kill().await?;
            cids.push(cid.clone());
            if number == 0 {
                // It is here, and nobody gets it from here.
                ensure!(shown.text.contains("Fetched"), "{shown:?}");
                ensure!(gets(&stranger, &cid).await.is_err());
                // The switch of this file, on and off.
                face.enter_in(&shown, "item-again").await?;
                face.wait_named(&name, &["shared"], SMALL).await?;
                until_answered(&stranger, &cid).await?;
                face.picture("shared_too").await?;
                face.enter_in(&shown, "item-stop").await?;
                face.wait_named(&name, &["stopped"], SMALL).await?;
                ensure!(gets(&stranger, &cid).await.is_err());
                // For all that is fetched from now on.
                face.switch(&["settings-provide-fetched"]).await?;
            } else {
                until_answered(&stranger, &cid).await?;
                let called = gets(&stranger, &cid).await;
                ensure!(called.is_ok(), "{called:?}");
                // Who asked is told of this file, too, and after the worker's end.
                bob.stop_worker().await?;
                face.wait_item(
                    "that it is shared",
                    SMALL,
                    "item.name === 'fetched-1.bin' && item.text.includes('You share it too')",
                )
                .await?;
                face.press_in(&shown, "item-log-toggle").await?;
                let who = r#"return document.querySelector('[data-testid="item-askers"] td.code')?.textContent.startsWith('12D3Koo');"#;
                face.wait("who asked", SMALL, who).await?;
            }
        }
        // What was fetched before stays as it was.
        ensure!(gets(&stranger, &cids[0]).await.is_err());
        Ok(())
    });
}
