//! What only a real window shows: the button beside the address bar.

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, Scene};
use serde_json::json;
use thirtyfour::WindowHandle;

use crate::{SMALL, play};

/// A browser with a window on a display in memory, with a page of the site in one tab and the popup
/// as a page in another.
async fn windowed(scene: &Scene, node: &Node) -> Result<(Browser, WindowHandle, Face)> {
    let mut browser = scene.browser("alice", Some(scene.hidden_display().await?))?;
    browser.open().await?;
    let page = browser.driver()?.window().await?;
    browser.driver()?.goto(scene.site.url("/")).await?;
    let face = browser.face_beside().await?;
    face.set_nodes(&[node.websocket()?]).await?;
    face.wait_network("online", ONLINE).await?;
    Ok((browser, page, face))
}

/// How often Tab is pressed to get from the beginning of the popup to the first file of the page:
/// past the peer, the tab, the settings, the field with its two buttons, the buttons for files and
/// folders, and the control that folds the page's files.
const TABS_TO_SHARE: usize = 10;

/// JavaScript that asks the site for the name of the first file that the real popup lists.
const WATCH: &str = r#"
const [site] = arguments;
const look = () => {
  const [popup] = chrome.extension.getViews({ type: 'popup' });
  const file = popup?.document.querySelector('[data-testid="page-name"]');
  if (file) fetch(`${site}the-popup-shows-${file.textContent}`, { mode: 'no-cors' });
  else setTimeout(look, 100);
};
look();
"#;

#[test]
fn the_button_shows_the_page_s_files_and_the_keyboard_shares_one() {
    play("toolbar_button", async |scene| {
        let name = "letter.pdf";
        let letter = files::document("Everything is a function call.");
        scene.site.add(name, "application/pdf", letter);
        let node = scene.node("node", &[]).await?;
        let (alice, page, face) = windowed(scene, &node).await?;
        let driver = alice.driver()?;
        let tab = driver.window().await?;
        // No driver can reach into the real popup. The popup in the tab can see it, and reports to
        // the site what it shows.
        driver
            .execute(WATCH, vec![json!(scene.site.url("/files/"))])
            .await?;
        driver.switch_to_window(page).await?;
        alice.open_popup().await?;
        let seen = format!("/files/the-popup-shows-{name}");
        scene
            .site
            .wait_asked(&seen, SMALL)
            .await
            .context("the popup does not show the page's file")?;
        let mut keys = vec!["Tab"; TABS_TO_SHARE];
        keys.push("Return");
        alice.press_keys(&keys).await?;
        driver.switch_to_window(tab).await?;
        let shown = face
            .wait_named(name, &["shared"], SMALL)
            .await
            .context("the popup's first file was not shared")?;
        face.picture("shared").await?;
        ensure!(shown.cid.is_some(), "{shown:?}");
        ensure!(
            scene.site.asked(&format!("/files/{name}")) == 1,
            "the page's file was fetched more than once"
        );
        Ok(())
    });
}
