//! Private shares: only who has the link can read them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::{Face, Shown};
use fluence_tests::files;
use fluence_tests::scene::same_bytes;
use serde_json::json;
use thirtyfour::By;
use tokio::time::sleep;

use crate::main_job::beside_a_page;
use crate::{SMALL, play};

/// How often it is looked whether something has happened that nothing tells of.
const LOOK: Duration = Duration::from_millis(100);

/// The link that the details of an item show.
async fn link_of(face: &Face, item: &Shown) -> Result<String> {
    let script = format!(
        r#"const row = document.querySelector('[data-testid="item"][data-id="{}"]');
        const link = row?.querySelector('[data-testid="item-link"]');
        if (!link) {{
            const details = row?.querySelector('[data-testid="item-log-toggle"]');
            if (details?.ariaExpanded === 'false') details.click();
            return false;
        }}
        return link.textContent;"#,
        item.id
    );
    let link = face.wait("the link", SMALL, &script).await?;
    Ok(link.as_str().context("a link is a text")?.to_owned())
}

/// Fails if any file below a directory contains one of the secrets, or is called like one.
pub(crate) fn has_nothing_of(directory: &Path, secrets: &[&[u8]]) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            has_nothing_of(&path, secrets)?;
        }
        // A running node also has a socket there.
        if !kind.is_file() {
            continue;
        }
        let name = path.as_os_str().as_encoded_bytes().to_vec();
        let bytes = std::fs::read(&path)?;
        for secret in secrets {
            let is_in = |place: &[u8]| place.windows(secret.len()).any(|part| part == *secret);
            ensure!(
                !is_in(&bytes) && !is_in(&name),
                "{} contains “{}”",
                path.display(),
                String::from_utf8_lossy(secret)
            );
        }
    }
    Ok(())
}

/// Waits until there are so many files in the storage of the extension, whose page the current tab shows.
pub(crate) async fn until_stored(browser: &Browser, files: usize) -> Result<()> {
    let count = "const done = arguments[arguments.length - 1];
        const count = async () => {
          const names = [];
          const root = await navigator.storage.getDirectory();
          const files = await root.getDirectoryHandle('files');
          for await (const name of files.keys()) names.push(name);
          done(names.length);
        };
        count();";
    let deadline = Instant::now() + SMALL;
    loop {
        let counted = browser.driver()?.execute_async(count, vec![]).await?;
        if *counted.json() == json!(files) {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "{} files are stored",
            counted.json()
        );
        sleep(LOOK).await;
    }
}

#[test]
fn what_is_shared_privately_is_read_by_who_has_the_link_alone() {
    play("private", async |scene| {
        let picture = files::picture(800, 600)?;
        scene.site.add("sunset.png", "image/png", picture.clone());
        let node = scene.node("node", &[]).await?;
        let (alice, face, [page, popup]) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        driver.switch_to_window(page).await?;
        driver.goto(scene.site.url("/")).await?;
        alice
            .share_privately_by_right_click(By::Id("sunset.png"))
            .await?;
        let link = alice
            .pasted(By::Id("notes"), SMALL, |text| text.contains('#'))
            .await?;
        driver.switch_to_window(popup).await?;
        let shown = face.wait_named("sunset.png", &["shared"], SMALL).await?;
        ensure!(shown.text.contains("Private"), "{}", shown.text);
        ensure!(
            link_of(&face, &shown).await? == link,
            "another link is copied than is shown"
        );
        face.picture("shared").await?;
        let (address, key) = link.split_once('#').context("there is no key")?;
        let cid = shown.cid.as_deref().context("it has no hash")?;
        ensure!(address == format!("fluence:{cid}"), "{link} is not {cid}");

        // Another browser, and the command line.
        let (bob, bobs) = scene.online("bob", &node).await?;
        bobs.fetch(&link).await?;
        let fetched = bobs.wait_named("sunset.png", &["done"], SMALL).await?;
        same_bytes(&bob.saved("sunset.png", SMALL).await?, &picture)?;
        bobs.picture("fetched").await?;
        let carol = scene.command_line("carol", &node)?;
        let ended = carol.run(&["fetch", &link], SMALL).await?;
        ensure!(ended.code == Some(0), "{}", ended.said);
        same_bytes(&carol.directory().join("sunset.png"), &picture)?;

        // It can be saved again, and what was decrypted for that is gone afterwards.
        std::fs::remove_file(bob.downloads().join("sunset.png"))?;
        bobs.press_in(&fetched, "item-save").await?;
        same_bytes(&bob.saved("sunset.png", SMALL).await?, &picture)?;
        until_stored(&bob, 1).await?;

        // Whoever knows the hash alone gets encrypted bytes without a name.
        let dave = scene.command_line("dave", &node)?;
        let bare = dave.fetch(cid, SMALL).await?;
        let encrypted = std::fs::read(&bare)?;
        ensure!(encrypted.len() > picture.len(), "it is not encrypted");
        let secrets: [&[u8]; 4] = [
            &picture[1000..1032],
            b"sunset",
            key.as_bytes(),
            b"image/png",
        ];
        has_nothing_of(&scene.path("node"), &secrets)?;
        let log = scene.artifacts.directory().join("node.log");
        let log = std::fs::read(&log)?;
        for secret in secrets {
            ensure!(
                !log.windows(secret.len()).any(|part| part == secret),
                "the node's log has “{}”",
                String::from_utf8_lossy(secret)
            );
        }
        Ok(())
    });
}

#[test]
fn the_popup_shares_privately_and_opens_what_others_did() {
    play("private_popup", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let letter = files::document("Everything is a function call.");
        let path = scene.file("Brief für Ä.pdf", &letter)?;

        // From the command line to the extension.
        let sharer = scene.command_line("sharer", &node)?;
        let (_program, link) = sharer.share_privately(&path).await?;
        let wrong = format!("{}{}", &link[..link.len() - 22], "A".repeat(22));
        face.fetch(&wrong).await?;
        let refused = face
            .wait_item("the refusal", SMALL, "item.failure === 'not_opened'")
            .await?;
        face.picture("wrong_key").await?;
        ensure!(
            !refused.text.contains(&link[link.len() - 22..]),
            "the refusal shows the key"
        );
        face.fetch(&link).await?;
        let shown = face.wait_named("Brief für Ä.pdf", &["done"], SMALL).await?;
        ensure!(shown.id == refused.id, "it is fetched twice");
        same_bytes(&alice.saved("Brief für Ä.pdf", SMALL).await?, &letter)?;
        face.remove(&shown).await?;

        // The switch counts for what is chosen after it.
        face.press("share-private").await?;
        let (own, other) = (
            scene.file("own.pdf", &letter)?,
            scene.file("other.pdf", &letter)?,
        );
        face.share(&[&own]).await?;
        let own = face.wait_named("own.pdf", &["shared"], SMALL).await?;
        let own_link = link_of(&face, &own).await?;
        ensure!(own_link.contains('#'), "{own_link} has no key");
        face.share(&[&other]).await?;
        let other = face.wait_named("other.pdf", &["shared"], SMALL).await?;
        ensure!(own.cid != other.cid, "one file has one hash");
        face.press("share-private").await?;
        let third = scene.file("plain.pdf", &letter)?;
        face.share(&[&third]).await?;
        let plain = face.wait_named("plain.pdf", &["shared"], SMALL).await?;
        ensure!(!link_of(&face, &plain).await?.contains('#'));
        face.picture("list").await?;

        let carol = scene.command_line("carol", &node)?;
        let ended = carol.run(&["fetch", &own_link], SMALL).await?;
        ensure!(ended.code == Some(0), "{}", ended.said);
        same_bytes(&carol.directory().join("own.pdf"), &letter)?;

        // A worker that was killed still knows the key.
        alice.stop_worker().await?;
        face.wait_named("own.pdf", &["shared"], SMALL).await?;
        ensure!(link_of(&face, &own).await? == own_link);
        let said = face
            .wait(
                "what is said",
                SMALL,
                "return document.title + location.href + document.querySelector('[data-testid=\"said\"]').textContent;",
            )
            .await?;
        let key = own_link.split_once('#').context("it has a key")?.1;
        ensure!(!said.to_string().contains(key), "{}", json!(said));
        Ok(())
    });
}

#[test]
fn a_link_that_was_changed_on_its_way_opens_or_says_what_it_lacks() {
    play("private_changed", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let letter = files::document("Alles ist ein Funktionsaufruf.");
        let sharer = scene.command_line("sharer", &node)?;
        let file = scene.file("Brief.pdf", &letter)?;
        let (_program, link) = sharer.share_privately(&file).await?;
        let (cid, key) = link
            .strip_prefix("fluence:")
            .and_then(|link| link.split_once('#'))
            .context("the link has no key")?;

        // Without its key, before it is fetched and after that.
        let field = alice.driver()?.find(By::Testid("fetch-input")).await?;
        field.send_keys(cid).await?;
        let lacks = "return document.querySelector('[data-testid=\"look-lacks-key\"]') !== null;";
        face.wait("that the key is missing", SMALL, lacks).await?;
        face.picture("look").await?;
        face.fetch(cid).await?;
        let sealed = face.wait_named(cid, &["done"], SMALL).await?;
        let lacks = "item.text.includes('whose link has lost its key')";
        face.wait_item("what is said of it", SMALL, lacks).await?;
        face.picture("no_key").await?;

        // A wrong key takes nothing away.
        face.fetch(&format!("fluence:{cid}#{}", "A".repeat(22)))
            .await?;
        let refused = face.fetch_error(SMALL).await?;
        ensure!(refused.ends_with("is not its key."), "{refused}");
        let still = face.wait_named(cid, &["done"], SMALL).await?;
        ensure!(still.id == sealed.id, "it was fetched anew");

        // The web link, as a program has escaped it that handed it on.
        face.fetch(&format!("http://node.example/%23{cid}%26key%3D{key}"))
            .await?;
        let opened = face.wait_named("Brief.pdf", &["done"], SMALL).await?;
        ensure!(opened.id == sealed.id, "it is in the list twice");
        ensure!(!opened.text.contains("lost its key"), "{}", opened.text);
        same_bytes(&alice.saved("Brief.pdf", SMALL).await?, &letter)?;
        let refused = face
            .wait(
                "that nothing is wrong",
                SMALL,
                "return document.querySelector('[data-testid=\"fetch-error\"]') === null && document.body.textContent;",
            )
            .await?;
        ensure!(!refused.to_string().contains(key));

        // And once more with a wrong key, now that it is open.
        face.fetch(&format!("fluence:{cid}#{}", "A".repeat(22)))
            .await?;
        let refused = face.fetch_error(SMALL).await?;
        ensure!(refused.contains("is not its key"), "{refused}");
        face.wait_named("Brief.pdf", &["done"], SMALL).await?;
        Ok(())
    });
}

#[test]
fn what_is_shared_is_private_if_the_settings_say_so() {
    play("private_by_default", async |scene| {
        let picture = files::picture(640, 480)?;
        scene.site.add("dawn.png", "image/png", picture.clone());
        let node = scene.node("node", &[]).await?;
        let (alice, face, [page, popup]) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        face.switch(&["settings-private"]).await?;
        // The first entry of the context menu, which does not say how.
        driver.switch_to_window(page).await?;
        driver.goto(scene.site.url("/")).await?;
        alice.share_by_right_click(By::Id("dawn.png")).await?;
        driver.switch_to_window(popup).await?;
        face.wait_named("dawn.png", &["shared"], SMALL).await?;
        // A file that is chosen.
        let letter = files::document("Nobody else reads this.");
        face.share(&[&scene.file("letter.pdf", &letter)?]).await?;
        face.wait_named("letter.pdf", &["shared"], SMALL).await?;

        let friend = scene.command_line("friend", &node)?;
        let stranger = scene.command_line("stranger", &node)?;
        for (name, bytes) in [("dawn.png", &picture), ("letter.pdf", &letter)] {
            let shown = face.wait_named(name, &["shared"], SMALL).await?;
            ensure!(shown.text.contains("Private"), "{}", shown.text);
            let cid = shown.cid.as_deref().context("it has no hash")?;
            let sealed = std::fs::read(stranger.fetch(cid, SMALL).await?)?;
            ensure!(
                !sealed.windows(64).any(|part| part == &bytes[..64]),
                "{name} is not encrypted"
            );
            let link = link_of(&face, &shown).await?;
            let ended = friend.run(&["fetch", &link], SMALL).await?;
            ensure!(ended.code == Some(0), "{}", ended.said);
            same_bytes(&friend.directory().join(name), bytes)?;
        }
        Ok(())
    });
}
