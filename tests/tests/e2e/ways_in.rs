//! The ways in beside the popup: the panel beside a page, links on any page, the keyword of the address bar, and keys.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, Scene};
use serde_json::{Value, json};
use thirtyfour::By;
use thirtyfour::extensions::cdp::ChromeDevTools;
use tokio::time::{Instant, sleep};

use crate::{SMALL, play, play_in_chromium};

/// How often a condition is checked for which the page that looks has no event.
const LOOK: Duration = Duration::from_millis(100);
/// A hash that nobody shares.
const NOBODY_S: &str = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
/// The page of the site with a link that the extension opens.
const PAGE: &str = "link.html";

/// JavaScript that looks at the panel from another page of the extension: whether it shows itself, and how far anything in it
/// is wider than it is.
const PANEL: &str = r#"
const panel = api.extension.getViews().find(view => view.document.documentElement.dataset.view === 'panel');
const root = panel?.document.documentElement;
if (!root?.querySelector('[data-testid="fetch-input"]')) return null;
return {
  network: !!root.querySelector('[data-testid="network"]'),
  tab: !!root.querySelector('[data-testid="open-tab"]'),
  again: !!root.querySelector('[data-testid="open-panel"]'),
  width: panel.innerWidth,
  unused: panel.innerHeight - root.querySelector('.face').getBoundingClientRect().height,
  beyond: root.scrollWidth - root.clientWidth,
};
"#;

/// JavaScript that looks for a page of the extension with the focus on what chooses files.
const CHOOSING: &str = r#"
return api.extension.getViews({ type: 'tab' })
  .some(view => view.document.activeElement?.dataset.testid === 'file-input');
"#;

/// JavaScript that looks for an open popup that shows its field.
const POPUP: &str = r#"
return api.extension.getViews({ type: 'popup' })
  .some(view => !!view.document.querySelector('[data-testid="fetch-input"]'));
"#;

/// Runs a script in the current tab until it returns something that is true, and returns that.
pub async fn eventually(browser: &Browser, what: &str, script: &str) -> Result<Value> {
    let deadline = Instant::now() + SMALL;
    loop {
        let found = browser.driver()?.execute(script, vec![]).await?;
        let found = found.json().clone();
        if !matches!(found, Value::Null | Value::Bool(false)) {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "{what} did not come");
        sleep(LOOK).await;
    }
}

#[test]
fn a_path_below_a_hash_fetches_just_that() {
    play("path", async |scene| {
        let node = scene.node("node", &[]).await?;
        let folder = scene.path("folder");
        std::fs::create_dir_all(folder.join("a b"))?;
        let bytes = files::noise(300_000, 95);
        std::fs::write(folder.join("a b/this one.bin"), &bytes)?;
        std::fs::write(folder.join("other.bin"), files::noise(300_000, 96))?;
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal.share(&folder).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        face.fetch(&format!("fluence:{cid}/a%20b/this%20one.bin"))
            .await?;
        let shown = face
            .wait_named("this one.bin", &["done", "shared"], SMALL)
            .await?;
        ensure!(
            shown.cid.is_some_and(|found| found != cid),
            "it has no hash of its own"
        );
        let saved = bob.saved("this one.bin", SMALL).await?;
        ensure!(std::fs::read(saved)? == bytes, "other bytes were saved");

        face.fetch(&format!("ipfs://{cid}/a%20b/another.bin"))
            .await?;
        let missing = face.wait_named("another.bin", &["failed"], SMALL).await?;
        ensure!(
            missing.failure.as_deref() == Some("bad_link"),
            "{missing:?}"
        );
        ensure!(missing.text.contains("another.bin"), "{missing:?}");
        face.picture("missing").await
    });
}

#[test]
fn what_a_path_leads_to_is_saved_although_it_is_here() {
    play("path_here", async |scene| {
        let node = scene.node("node", &[]).await?;
        let folder = scene.path("folder");
        std::fs::create_dir_all(folder.join("a b"))?;
        let bytes = files::noise(300_000, 97);
        std::fs::write(folder.join("a b/theirs.bin"), &bytes)?;
        let own = scene.file("own.bin", &bytes)?;
        let terminal = scene.command_line("terminal", &node)?;
        let (_sharing, cid) = terminal.share(&folder).await?;
        let (bob, face) = scene.online("bob", &node).await?;
        face.share(&[&own]).await?;
        let shared = face.wait_named("own.bin", &["shared"], SMALL).await?;
        face.fetch(&format!("fluence:{cid}/a%20b/theirs.bin"))
            .await?;
        let saved = bob.saved("own.bin", SMALL).await?;
        ensure!(std::fs::read(saved)? == bytes, "other bytes were saved");
        let items = face.items().await?;
        ensure!(items.len() == 1, "the same file is listed twice: {items:?}");
        face.press_in(&shared, "item-log-toggle").await?;
        let told = r#"return document.querySelector('[data-testid="item-log"]')?.innerText.includes('by another link');"#;
        face.wait("that it says so", SMALL, told).await?;
        face.picture("here_already").await
    });
}

/// Opens the page to which a link leads, as the browser does when one is clicked.
async fn given(browser: &Browser, link: &str) -> Result<Face> {
    let page = browser.extension_url("popup.html");
    let page = reqwest::Url::parse_with_params(&page, [("view", "tab"), ("link", link)])?;
    browser.driver()?.goto(page.as_str()).await?;
    browser.shown().await
}

/// What is in the field for links.
async fn field(browser: &Browser) -> Result<String> {
    let field = browser.driver()?.find(By::Testid("fetch-input")).await?;
    Ok(field.prop("value").await?.unwrap_or_default())
}

/// Checks that a link waits in the field, and that nothing was begun.
async fn waits(browser: &Browser, face: &Face, link: &str) -> Result<()> {
    face.wait(
        "the words about the link",
        SMALL,
        r#"return !!document.querySelector('[data-testid="fetch-given"]');"#,
    )
    .await?;
    ensure!(field(browser).await? == link, "{}", field(browser).await?);
    let state = face.state().await?;
    ensure!(state["items"] == json!({}), "something began: {state}");
    let address = browser.driver()?.current_url().await?;
    ensure!(!address.as_str().contains("link="), "{address}");
    Ok(())
}

/// An open browser with a window on a display in memory, with a page of the extension that is online in its tab.
async fn windowed(scene: &Scene) -> Result<(Browser, Face)> {
    let node = scene.node("node", &[]).await?;
    let mut browser = scene.browser("alice", Some(scene.hidden_display().await?))?;
    browser.open().await?;
    let face = browser.face().await?;
    face.set_nodes(&[node.websocket()?]).await?;
    face.wait_network("online", ONLINE).await?;
    Ok((browser, face))
}

/// Has links that begin with `web+fluence:` or `ipfs:` open in the extension, as a person does in the settings.
async fn open_links_here(alice: &Browser) -> Result<()> {
    let driver = alice.driver()?;
    let options = alice.extension_url("popup.html?view=options");
    driver.goto(options).await?;
    let tools = ChromeDevTools::new(driver.handle.clone());
    let accept = json!({ "mode": "autoAccept" });
    tools
        .execute_cdp_with_params("Page.setRPHRegistrationMode", accept)
        .await?;
    let settings = alice.shown().await?;
    settings
        .wait(
            "the button",
            SMALL,
            r#"return !!document.querySelector('[data-testid="links-ask"]');"#,
        )
        .await?;
    settings.press("links-ask").await?;
    let asked = r#"return document.querySelector('[data-testid="asked"]')?.textContent;"#;
    let asked = settings.wait("the answer", SMALL, asked).await?;
    ensure!(
        asked
            .as_str()
            .is_some_and(|asked| asked.starts_with("The browser asks")),
        "{asked}"
    );
    Ok(())
}

/// Clicks on the link of the page at this address of the site, and waits for the page of the extension.
async fn click_link(scene: &Scene, alice: &Browser) -> Result<Face> {
    let driver = alice.driver()?;
    driver
        .goto(scene.site.url(&format!("/files/{PAGE}")))
        .await?;
    driver.find(By::Id("link")).await?.click().await?;
    let own = alice.extension_url("popup.html");
    let deadline = Instant::now() + SMALL;
    while !driver.current_url().await?.as_str().starts_with(&own) {
        ensure!(Instant::now() < deadline, "the link opens nothing");
        sleep(LOOK).await;
    }
    alice.shown().await
}

#[test]
fn the_panel_is_beside_the_page() {
    play("panel", async |scene| {
        let (alice, face) = windowed(scene).await?;
        face.press("open-panel").await?;
        let panel = eventually(&alice, "the panel", PANEL).await?;
        ensure!(panel["network"] == json!(true), "{panel}");
        ensure!(panel["tab"] == json!(true), "{panel}");
        ensure!(panel["again"] == json!(false), "{panel}");
        ensure!(panel["beyond"].as_f64() <= Some(0.0), "{panel}");
        ensure!(panel["unused"].as_f64() <= Some(0.0), "{panel}");
        // The page beside it is still there.
        face.picture("beside").await?;
        Ok(())
    });
}

#[test]
fn a_narrow_panel_cuts_nothing_off() {
    play_in_chromium("narrow_panel", "its windows are wider", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let photo = scene.file("photo.png", &files::picture(320, 240)?)?;
        face.share(&[&photo]).await?;
        face.wait_named("photo.png", &["shared"], SMALL).await?;
        face.fetch(NOBODY_S).await?;
        let tools = ChromeDevTools::new(alice.driver()?.handle.clone());
        for width in [400, 320, 280] {
            let size =
                json!({ "width": width, "height": 700, "deviceScaleFactor": 1, "mobile": false });
            tools
                .execute_cdp_with_params("Emulation.setDeviceMetricsOverride", size)
                .await?;
            let page = alice.extension_url("popup.html?view=panel");
            alice.driver()?.goto(page).await?;
            let face = alice.shown().await?;
            face.wait_named("photo.png", &["shared"], SMALL).await?;
            let beyond = "const root = document.documentElement; return root.scrollWidth - root.clientWidth;";
            let beyond = alice.driver()?.execute(beyond, vec![]).await?;
            ensure!(*beyond.json() == json!(0), "{width}: {}", beyond.json());
            face.picture(&width.to_string()).await?;
        }
        Ok(())
    });
}

#[test]
fn a_link_from_a_page_waits_in_the_field() {
    play("given_link", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, _) = scene.online("alice", &node).await?;

        // It is text, whatever it is.
        let hostile = r#""><img src=x onerror="document.title='harmed'">"#;
        let face = given(&alice, hostile).await?;
        waits(&alice, &face, hostile).await?;
        ensure!(alice.driver()?.title().await? == "Fluence Share");
        face.press("fetch-button").await?;
        let said = face.fetch_error(SMALL).await?;
        ensure!(said.contains("img"), "{said}");

        let face = given(&alice, "web+fluence:one\u{0}\ntwo").await?;
        waits(&alice, &face, "web+fluence:onetwo").await?;

        let face = given(&alice, &"x".repeat(5000)).await?;
        let said = face.fetch_error(SMALL).await?;
        ensure!(said.contains("long"), "{said}");
        ensure!(field(&alice).await?.is_empty(), "it is in the field");

        let link = format!("web+fluence:{NOBODY_S}");
        let face = given(&alice, &link).await?;
        waits(&alice, &face, &link).await?;
        face.picture("given").await?;
        face.press("fetch-button").await?;
        let condition = format!("item.cid === '{NOBODY_S}'");
        face.wait_item("the fetch", SMALL, &condition).await?;
        Ok(())
    });
}

#[test]
fn a_click_on_a_link_opens_it_here() {
    let why = "its driver does not get past the question of the first click";
    play_in_chromium("clicked_link", why, async |scene| {
        let (alice, face) = windowed(scene).await?;
        drop(face);
        open_links_here(&alice).await?;
        for (page, link) in [
            ("own", format!("web+fluence:{NOBODY_S}")),
            ("ipfs", format!("ipfs://{NOBODY_S}/a/b.jpg")),
        ] {
            let text = format!(r#"<h1>A link</h1><a id="link" href="{link}">It</a>"#);
            scene.site.add(PAGE, "text/html", text.into_bytes());
            let face = click_link(scene, &alice).await?;
            waits(&alice, &face, &link).await?;
            face.picture(page).await?;
        }
        Ok(())
    });
}

/// Types a text after the keyword of the address bar, and waits for the page of the extension.
async fn entered(scene: &Scene, alice: &Browser, text: &str) -> Result<Face> {
    let driver = alice.driver()?;
    driver.goto(scene.site.url("/")).await?;
    alice.type_into_address_bar(&format!("fl {text}")).await?;
    let own = alice.extension_url("popup.html");
    let deadline = Instant::now() + SMALL;
    while !driver.current_url().await?.as_str().starts_with(&own) {
        ensure!(Instant::now() < deadline, "“{text}” opens nothing");
        sleep(LOOK).await;
    }
    alice.shown().await
}

/// How many times a text is in the files in which a closed browser keeps its history.
fn in_history(scene: &Scene, browser: &Browser, text: &str) -> Result<usize> {
    let profile = scene.path("browsers").join(browser.name()).join("profile");
    let (history, more) = match browser.kind() {
        Kind::Chromium => (profile.join("Default/History"), "Default/History-wal"),
        Kind::Firefox => (profile.join("places.sqlite"), "places.sqlite-wal"),
    };
    let mut bytes = std::fs::read(&history).context("there is no history")?;
    // What is not in the database yet is in its log.
    bytes.extend(std::fs::read(profile.join(more)).unwrap_or_default());
    let windows = bytes.windows(text.len());
    Ok(windows.filter(|part| *part == text.as_bytes()).count())
}

#[test]
fn no_key_stays_in_the_history() {
    play("history", async |scene| {
        // A key that is one letter too long, so that the link waits to be corrected.
        let key = "Zm9vYmFyYmF6cXV4cXV1eHk";
        let link = format!("fluence:{NOBODY_S}#{key}");
        let page =
            format!(r#"<h1>A link</h1><a id="link" href="web+fluence:{NOBODY_S}#clicked">It</a>"#);
        scene.site.add(PAGE, "text/html", page.into_bytes());
        let (mut alice, _) = windowed(scene).await?;
        let face = entered(scene, &alice, &link).await?;
        waits(&alice, &face, &link).await?;
        let address = alice.driver()?.current_url().await?;
        ensure!(!address.as_str().contains(key), "{address}");
        // The address at which the browser opens a clicked link has the key, and no other one.
        let clicked = format!("web+fluence:{NOBODY_S}#clicked");
        let face = if alice.kind() == Kind::Chromium {
            open_links_here(&alice).await?;
            click_link(scene, &alice).await?
        } else {
            // Its driver does not get past the question of the first click, which leads to the same address.
            given(&alice, &clicked).await?
        };
        waits(&alice, &face, &clicked).await?;
        let address = alice.driver()?.current_url().await?;
        ensure!(!address.as_str().contains("clicked"), "{address}");
        // It is given once.
        alice.driver()?.refresh().await?;
        alice.shown().await?;
        ensure!(field(&alice).await?.is_empty(), "it is there once more");
        alice.driver()?.goto(scene.site.url("/")).await?;
        alice.close().await?;
        ensure!(
            in_history(scene, &alice, &scene.site.url("/"))? > 0,
            "there is no history"
        );
        let found = in_history(scene, &alice, "popup.html?view=tab&link=")?;
        ensure!(found == 0, "a link is in it {found} times");
        // What was typed is nowhere, as it is or in small letters, but where Chromium writes down all that is typed there.
        for secret in [key, &key.to_lowercase()] {
            let mut kept = alice.keeps(secret)?;
            if alice.kind() == Kind::Chromium {
                let typed = "Default/Network Action Predictor";
                kept.retain(|path| !path.to_string_lossy().starts_with(typed));
            }
            ensure!(kept.is_empty(), "“{secret}” is in {kept:?}");
        }
        // Chromium keeps that address, and Firefox keeps none of an extension.
        let found = in_history(scene, &alice, "clicked")?;
        ensure!(
            (found > 0) == (alice.kind() == Kind::Chromium),
            "a clicked link is in it {found} times"
        );
        Ok(())
    });
}

#[test]
fn the_keyword_of_the_address_bar_shows_what_is_there_before_it_is_fetched() {
    play("keyword", async |scene| {
        let (alice, _) = windowed(scene).await?;
        // What is no link is in the field, to be corrected.
        let face = entered(scene, &alice, "holiday").await?;
        waits(&alice, &face, "holiday").await?;

        // Of a link it says what is there, and begins nothing before the person has seen that.
        let face = entered(scene, &alice, NOBODY_S).await?;
        waits(&alice, &face, NOBODY_S).await?;
        let said = r#"return document.querySelector('[data-testid="look-failed"]')?.textContent.includes('Nobody');"#;
        face.wait("what is at the link", SMALL, said).await?;
        waits(&alice, &face, NOBODY_S).await?;
        face.picture("looked").await?;
        face.press("fetch-button").await?;
        let condition = format!("item.cid === '{NOBODY_S}'");
        let item = face.wait_item("the fetch", SMALL, &condition).await?;
        let focused = format!("return document.activeElement?.id === 'item-{}';", item.id);
        face.wait("the focus on the fetch", SMALL, &focused).await?;
        face.picture("entered").await?;
        Ok(())
    });
}

#[test]
fn keys_open_the_popup_and_share_files() {
    play("keys", async |scene| {
        let (alice, _) = windowed(scene).await?;
        let driver = alice.driver()?;
        driver
            .goto(alice.extension_url("popup.html?view=options"))
            .await?;
        let settings = alice.shown().await?;
        let keys = r#"const keys = [...document.querySelectorAll('[data-testid="key"]')].map(key => key.textContent);
            return keys.length === 2 && keys;"#;
        let keys = settings.wait("the keys", SMALL, keys).await?;
        ensure!(keys == json!(["Alt+Shift+L", "Alt+Shift+U"]), "{keys}");
        settings.picture("settings").await?;

        alice.focus_page().await?;
        alice.press_keys(&["alt+shift+l"]).await?;
        eventually(&alice, "the popup", POPUP)
            .await
            .context("Alt+Shift+L does nothing")?;
        alice.press_keys(&["Escape"]).await?;

        alice.focus_page().await?;
        alice.press_keys(&["alt+shift+u"]).await?;
        eventually(&alice, "the page in which files are chosen", CHOOSING)
            .await
            .context("Alt+Shift+U does nothing")?;
        Ok(())
    });
}

#[test]
fn what_is_at_a_link_is_shown_before_it_is_fetched() {
    play("look", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(3_000_000, 61);
        let sender = scene.command_line("sender", &node)?;
        let (_sharing, cid) = sender.share(&scene.file("рукопись 1.pdf", &bytes)?).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let seen = async |link: &str, testid: &str| -> Result<String> {
            let field = alice.driver()?.find(By::Testid("fetch-input")).await?;
            field.clear().await?;
            field.send_keys(link).await?;
            let text = format!(
                r#"return document.querySelector('[data-testid="{testid}"]')?.textContent;"#
            );
            let text = face.wait("what is at the link", SMALL, &text).await?;
            Ok(text.as_str().unwrap_or_default().to_owned())
        };
        let name = seen(&cid, "look-name").await?;
        ensure!(name == "рукопись 1.pdf", "{name}");
        let about = seen(&cid, "look-about").await?;
        ensure!(about.starts_with("Document · 3 MB · from …"), "{about}");
        face.picture("seen").await?;
        ensure!(node.uploaded().await? == 0, "bytes were moved");
        ensure!(face.items().await?.is_empty(), "a fetch has begun");

        let private = format!("fluence:{}#{}", cid, "A".repeat(22));
        let about = seen(&private, "look").await?;
        ensure!(about.contains("private"), "{about}");
        ensure!(!about.contains("рукопись"), "{about}");

        let said = seen(NOBODY_S, "look-failed").await?;
        ensure!(said.contains("Nobody"), "{said}");

        // Whoever made the link that a page gives is told of nothing before the person fetches it.
        let face = given(&alice, &format!("web+fluence:{}", cid)).await?;
        waits(&alice, &face, &format!("web+fluence:{}", cid)).await?;
        let looked = r#"return document.querySelector('[data-testid^="look"]') !== null;"#;
        let looked = alice.driver()?.execute(looked, vec![]).await?;
        ensure!(*looked.json() == json!(false), "it was looked at");
        face.press("fetch-button").await?;
        let fetched = face.wait_named("рукопись 1.pdf", &["done"], SMALL).await?;
        ensure!(fetched.cid.as_deref() == Some(&*cid), "{fetched:?}");
        Ok(())
    });
}
