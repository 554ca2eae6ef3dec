//! What only a real window shows: the button beside the address bar.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, Scene};
use serde_json::json;
use thirtyfour::WindowHandle;

use crate::{SMALL, play_in_chromium};

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

/// How often Tab is pressed at most to get from the beginning of the popup to the first file of the page.
const TABS: usize = 40;
/// How long the focus may take to move after a key.
const FOCUS: Duration = Duration::from_secs(5);

/// JavaScript that tells the site what the real popup shows: the name of the first file that it lists, how often the
/// focus has moved in it, and that the focus is on the button that shares a file.
const WATCH: &str = r#"
const [site] = arguments;
const tell = what => fetch(`${site}the-popup-${what}`, { mode: 'no-cors' });
const look = () => {
  const [popup] = chrome.extension.getViews({ type: 'popup' });
  const file = popup?.document.querySelector('[data-testid="page-name"]');
  if (!file) return setTimeout(look, 100);
  let moves = 0;
  popup.addEventListener('focusin', async ({ target }) => {
    if (target.dataset.testid === 'page-share') await tell('has-focus-on-share');
    tell(`has-moved-focus-${++moves}`);
  });
  tell(`shows-${file.textContent}`);
};
look();
"#;

#[test]
fn the_button_shows_the_page_s_files_and_the_keyboard_shares_one() {
    play_in_chromium(
        "toolbar_button",
        "nothing can look into an open popup",
        async |scene| {
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
            // Every key is waited for: what the popup still learns may move what comes next.
            let on_share = "/files/the-popup-has-focus-on-share";
            for moves in 1..=TABS {
                alice.press_keys(&["Tab"]).await?;
                let moved = format!("/files/the-popup-has-moved-focus-{moves}");
                scene.site.wait_asked(&moved, FOCUS).await?;
                if scene.site.asked(on_share) > 0 {
                    break;
                }
            }
            ensure!(
                scene.site.asked(on_share) > 0,
                "the keyboard does not get to the file within {TABS} steps"
            );
            alice.press_keys(&["Return"]).await?;
            // The popup closes when another tab is looked at, whatever it has not done by then.
            let path = format!("/files/{name}");
            scene
                .site
                .wait_asked(&path, SMALL)
                .await
                .context("the file is not read")?;
            driver.switch_to_window(tab).await?;
            let shown = face
                .wait_named(name, &["shared"], SMALL)
                .await
                .context("the popup's first file was not shared")?;
            face.picture("shared").await?;
            ensure!(shown.cid.is_some(), "{shown:?}");
            ensure!(
                scene.site.asked(&path) == 1,
                "the page's file was fetched more than once"
            );
            Ok(())
        },
    );
}
