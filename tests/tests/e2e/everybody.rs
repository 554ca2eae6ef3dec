//! Sharing and fetching by the keyboard alone, and by what assistive technology is told alone.

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::files;
use fluence_tests::scene::same_bytes;
use fluence_tests::tree::Tree;
use thirtyfour::{By, Key};

use crate::{SMALL, play};

/// The name of the field in which one pastes a link.
const FIELD: &str = "Paste a link";
/// The text that is shared.
const TEXT: &str = "Milch, Eier und Brot";

/// What is in the field.
async fn value(browser: &Browser) -> Result<String> {
    let field = browser.driver()?.find(By::Testid("fetch-input")).await?;
    field.prop("value").await?.context("the field has no text")
}

/// Waits until there is something in the field.
async fn filled(browser: &Browser) -> Result<String> {
    let face = browser.shown().await?;
    let filled = "return document.querySelector('[data-testid=fetch-input]').value;";
    face.wait("a text in the field", SMALL, filled).await?;
    value(browser).await
}

#[test]
fn a_file_is_shared_and_fetched_by_the_keyboard_alone() {
    play("keyboard", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, _) = scene.online("alice", &node).await?;
        let keys = Tree::of(&alice)?;
        // A text is put on the clipboard, and pasted beside the field.
        keys.tab_to("textbox", &[FIELD]).await?;
        keys.key(TEXT).await?;
        keys.key(Key::Control + "a").await?;
        keys.key(Key::Control + "x").await?;
        keys.key(Key::Tab).await?;
        keys.key(Key::Control + "v").await?;
        keys.wait_focus("button", &["Share"], SMALL).await?;
        keys.key(Key::Enter).await?;
        let shared = ["Pasted text.txt", "Others can fetch it"];
        keys.wait("button", &shared, SMALL).await?;

        // Its details open and close where the focus is, and its link is copied.
        keys.tab_to("button", &shared).await?;
        keys.key(Key::Enter).await?;
        let details = ["Ask me before it is uploaded"];
        keys.wait("checkbox", &details, SMALL).await?;
        keys.key(Key::Enter).await?;
        keys.wait_focus("button", &shared, SMALL).await?;
        // It was copied when it was shared, which the button says for a moment.
        keys.wait("button", &["Copy link"], SMALL).await?;
        keys.tab_to("button", &["Copy link"]).await?;
        keys.key(Key::Enter).await?;
        keys.wait_focus("button", &["Copied"], SMALL).await?;
        keys.tab_back_to("textbox", &[FIELD]).await?;
        keys.key(Key::Control + "v").await?;
        let link = filled(&alice).await?;
        ensure!(link.starts_with("fluence:"), "“{link}” was copied");

        let (bob, _) = scene.online("bob", &node).await?;
        let keys = Tree::of(&bob)?;
        keys.tab_to("textbox", &[FIELD]).await?;
        keys.key(&*link).await?;
        keys.key(Key::Enter).await?;
        let fetched = ["Pasted text.txt", "Fetched"];
        keys.wait("button", &fetched, SMALL).await?;
        same_bytes(&bob.saved("Pasted text.txt", SMALL).await?, TEXT.as_bytes())?;

        // It is removed by its menu, and the focus is not lost with it.
        keys.tab_to("button", &["More about Pasted text.txt"])
            .await?;
        keys.key(Key::Enter).await?;
        keys.wait_focus("menuitem", &[""], SMALL).await?;
        keys.key(Key::End).await?;
        keys.wait_focus("menuitem", &["Remove"], SMALL).await?;
        keys.key(Key::Enter).await?;
        keys.wait_focus("button", &["Cancel"], SMALL).await?;
        keys.key(Key::Shift + Key::Tab).await?;
        keys.wait_focus("button", &["Remove"], SMALL).await?;
        keys.key(Key::Enter).await?;
        keys.wait_focus("textbox", &[FIELD], SMALL).await?;
        ensure!(
            bob.shown().await?.items().await?.is_empty(),
            "it is still there"
        );
        Ok(())
    });
}

#[test]
fn a_file_is_shared_and_fetched_by_the_accessibility_tree_alone() {
    play("accessibility_tree", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(40_000, 71);
        let file = scene.file("heard.bin", &bytes)?;
        let path = file.to_str().context("the path is not valid UTF-8")?;
        let (alice, _) = scene.online("alice", &node).await?;
        let tree = Tree::of(&alice)?;
        // What the dialog of the system is answered with.
        tree.press("button", &["Choose files"], path, SMALL).await?;
        let shared = ["heard.bin", "Others can fetch it"];
        tree.wait("button", &shared, SMALL).await?;
        tree.press("button", &["Copy link"], Key::Enter, SMALL)
            .await?;
        tree.wait("button", &["Copied"], SMALL).await?;
        tree.press("textbox", &[FIELD], Key::Control + "v", SMALL)
            .await?;
        let link = filled(&alice).await?;

        let (bob, _) = scene.online("bob", &node).await?;
        let tree = Tree::of(&bob)?;
        tree.press("textbox", &[FIELD], &*link, SMALL).await?;
        // What it is is said before anything is moved.
        tree.press("button", &["Fetch"], Key::Enter, SMALL).await?;
        tree.wait("button", &["heard.bin", "Fetched"], SMALL)
            .await?;
        same_bytes(&bob.saved("heard.bin", SMALL).await?, &bytes)?;
        Ok(())
    });
}
