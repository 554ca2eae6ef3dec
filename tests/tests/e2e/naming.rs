//! The names and notes that a person gives to files, before they are shared and after.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::{Face, Shown};
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, same_bytes};
use serde_json::json;
use thirtyfour::{By, Key};

use crate::{SMALL, play};

/// Types into a field, in the place of what is there.
async fn fill(browser: &Browser, testid: &str, text: &str) -> Result<()> {
    let field = browser.driver()?.find(By::Testid(testid)).await?;
    field.click().await?;
    field.send_keys(Key::Control + "a").await?;
    field.send_keys(Key::Delete + "").await?;
    field.send_keys(text).await?;
    Ok(())
}

/// Waits until this field has the focus.
async fn is_focused(face: &Face, testid: &str) -> Result<()> {
    let body = format!("return document.activeElement?.dataset.testid === '{testid}';");
    face.wait(&format!("the focus on {testid}"), SMALL, &body)
        .await?;
    Ok(())
}

/// Waits until an item has this name and this note, and returns it.
async fn named(face: &Face, name: &str, note: &str) -> Result<Shown> {
    let condition = format!(
        "item.name === {} && item.status === 'shared' && item.text.includes({})",
        json!(name),
        json!(note)
    );
    face.wait_item("the name and the note", SMALL, &condition)
        .await
}

#[test]
fn a_name_and_a_note_are_given_after_sharing() {
    play("naming", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(200_000, 161);
        let (mut alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("scan0001.bin", &bytes)?]).await?;
        let shown = face.wait_named("scan0001.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;

        // The field with the name has the focus, and Escape leaves everything as it was.
        face.enter_in(&shown, "item-rename").await?;
        is_focused(&face, "naming-name").await?;
        face.picture("naming").await?;
        let field = alice.driver()?.active_element().await?;
        field.send_keys("nothing" + Key::Escape).await?;
        is_focused(&face, "item-menu").await?;
        face.press_in(&shown, "item-rename").await?;
        is_focused(&face, "naming-name").await?;
        fill(&alice, "naming-name", "for/Anna.bin").await?;
        fill(&alice, "naming-note", "sent in May").await?;
        let field = alice.driver()?.active_element().await?;
        field.send_keys(Key::Enter + "").await?;
        let renamed = named(&face, "for_Anna.bin", "sent in May").await?;
        ensure!(renamed.cid.as_deref() == Some(&*cid), "{renamed:?}");
        face.picture("named").await?;

        // Whoever fetches it from now on gets it under that name, and nothing of the note.
        let (bob, other) = scene.online("bob", &node).await?;
        other.fetch(&format!("fluence:{cid}")).await?;
        let fetched = other.wait_named("for_Anna.bin", &["done"], SMALL).await?;
        same_bytes(&bob.saved("for_Anna.bin", SMALL).await?, &bytes)?;
        ensure!(!other.state().await?.to_string().contains("sent in May"));
        // There the name is one's own.
        other.press_in(&fetched, "item-rename").await?;
        fill(&bob, "naming-name", "from Alice.bin").await?;
        other.press("item-name-give").await?;
        other.wait_named("from Alice.bin", &["done"], SMALL).await?;

        // It lasts, it is found, and what happened has it.
        alice.close().await?;
        alice.open().await?;
        let face = alice.face().await?;
        face.wait_network("online", ONLINE).await?;
        named(&face, "for_Anna.bin", "sent in May").await?;
        let page = alice.extension_url("popup.html?view=time");
        alice.driver()?.goto(page).await?;
        let face = alice.shown().await?;
        let before = r#"
            const said = document.querySelector('[data-testid="time-event"]')?.textContent ?? '';
            if (said.includes('You changed its name or your note')) return true;
            document.querySelector('[data-testid="time-before"]:enabled')?.click();
            return false;"#;
        face.wait("the moment of the new name", SMALL, before)
            .await?;
        named(&face, "for_Anna.bin", "sent in May").await?;
        face.press("time-before").await?;
        face.wait_named("scan0001.bin", &["shared"], SMALL).await?;
        Ok(())
    });
}

#[test]
fn the_name_of_a_private_file_stays() {
    play("naming_private", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        face.press("share-private").await?;
        face.share(&[&scene.file("letter.txt", b"secret")?]).await?;
        let shown = face.wait_named("letter.txt", &["shared"], SMALL).await?;
        face.press_in(&shown, "item-rename").await?;
        is_focused(&face, "naming-note").await?;
        let form = face.find_in(&shown, "item-naming").await?.text().await?;
        ensure!(form.contains("is encrypted with it"), "{form}");
        ensure!(face.find_in(&shown, "naming-name").await.is_err());
        fill(&alice, "naming-note", "for the lawyer").await?;
        face.press("item-name-give").await?;
        named(&face, "letter.txt", "for the lawyer").await?;
        Ok(())
    });
}

#[test]
fn a_name_and_a_note_are_given_before_sharing() {
    play("naming_first", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        face.press("names-first").await?;
        face.share(&[&scene.file("IMG_1.txt", b"one")?]).await?;
        is_focused(&face, "naming-name").await?;
        fill(&alice, "naming-name", "minutes.txt").await?;
        fill(&alice, "naming-note", "of the first meeting").await?;
        face.picture("before").await?;
        ensure!(
            face.items().await?.is_empty(),
            "it was shared before it was said"
        );
        face.press("stage-share").await?;
        named(&face, "minutes.txt", "of the first meeting").await?;

        // Several become a folder with that name, in which they have their own.
        let two = scene.file("two.txt", b"two")?;
        let three = scene.file("three.txt", b"three")?;
        face.drop_files(&[&two as &Path, &three]).await?;
        face.press("stage-together").await?;
        fill(&alice, "naming-name", "meetings").await?;
        face.press("stage-share").await?;
        let folder = face.wait_named("meetings", &["shared"], SMALL).await?;
        let cid = folder.cid.context("a shared folder without a hash")?;
        let fetched = scene.command_line("terminal", &node)?;
        let fetched = fetched.fetch(&cid, SMALL).await?;
        same_bytes(&fetched.join("two.txt"), b"two")
    });
}
