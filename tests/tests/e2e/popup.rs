//! How the popup looks in the size that a toolbar gives it: files come first, nothing is cut off, and a row's menu is used by
//! keyboard.

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use serde_json::{Value, json};
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, Key};

use crate::main_job::beside_a_page;
use crate::{SMALL, play, play_in_chromium};

/// The largest size of a popup, in CSS pixels.
const POPUP: (u32, u32) = (400, 600);
/// The narrowest page, in CSS pixels.
const NARROW: (u32, u32) = (320, 600);
/// The largest height of an ordinary row, in CSS pixels.
const ROW: f64 = 56.0;
/// How many files are shared: more than the popup has room for.
const FILES: u64 = 9;
/// The size of a file that is still being copied when it is cancelled, in bytes.
const LARGE: u64 = 1_000_000_000;
/// How many rows the popup shows whole at least.
const SEEN: u64 = 6;

/// JavaScript that measures the list: how many rows are seen whole, the height of the highest, and how far anything is wider
/// than the page.
const MEASURE: &str = r#"
const rows = [...document.querySelectorAll('[data-testid="item"]')].map(row => row.getBoundingClientRect());
return {
  seen: rows.filter(row => row.bottom <= innerHeight).length,
  highest: Math.max(...rows.map(row => row.height)),
  beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth
    + Math.max(...[...document.querySelectorAll('main')].map(main => main.scrollWidth - main.clientWidth)),
};
"#;

/// Gives the current tab a size.
async fn resize(alice: &Browser, (width, height): (u32, u32)) -> Result<()> {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    ChromeDevTools::new(alice.driver()?.handle.clone())
        .execute_cdp_with_params("Emulation.setDeviceMetricsOverride", size)
        .await?;
    Ok(())
}

/// Gives the current tab a size, and opens the popup in it, or what is shown in a tab.
async fn opened(alice: &Browser, view: &str, size: (u32, u32)) -> Result<Face> {
    resize(alice, size).await?;
    let page = match view {
        "popup" => "popup.html".to_owned(),
        view => format!("popup.html?view={view}"),
    };
    alice.driver()?.goto(alice.extension_url(&page)).await?;
    let face = alice.shown().await?;
    face.wait(
        "the files",
        SMALL,
        &format!(
            r#"return document.documentElement.dataset.view === '{view}' &&
                 document.querySelectorAll('[data-testid="item"]').length === {FILES};"#
        ),
    )
    .await?;
    Ok(face)
}

async fn measured(alice: &Browser) -> Result<Value> {
    let measured = alice.driver()?.execute(MEASURE, vec![]).await?;
    Ok(measured.json().clone())
}

#[test]
fn files_come_first_in_the_popup() {
    play_in_chromium("popup_size", "its windows are wider", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let photo = scene.file("photo.png", &files::picture(320, 240)?)?;
        face.share(&[&photo]).await?;
        face.wait_named("photo.png", &["shared"], SMALL).await?;
        let names = (2..FILES)
            .map(|n| {
                format!(
                    "The minutes of our meeting number {n}, with everything that was said in it.pdf"
                )
            })
            .chain(["last.txt".to_owned()]);
        for (name, seed) in names.zip(0..) {
            face.share(&[&scene.file(&name, &files::noise(70_000 << seed, seed))?])
                .await?;
            face.wait_named(&name, &["shared"], SMALL).await?;
        }

        let face = opened(&alice, "popup", POPUP).await?;
        let last = face.wait_named("last.txt", &["shared"], SMALL).await?;
        face.wait_network("online", SMALL).await?;
        face.picture("list").await?;
        let list = measured(&alice).await?;
        ensure!(list["seen"].as_u64() >= Some(SEEN), "{list}");
        ensure!(list["highest"].as_f64() <= Some(ROW), "{list}");
        ensure!(list["beyond"] == json!(0), "{list}");

        // The menu takes the focus, the arrow keys move in it, and Escape gives the focus back.
        let menu = By::Css(format!(
            r#"[data-id="{}"] [data-testid="item-menu"]"#,
            last.id
        ));
        let driver = alice.driver()?;
        let button = driver.find(menu).await?;
        button.send_keys(Key::Enter + "").await?;
        let focus = async |what: &str, testid: &str| {
            let script = format!(
                "return document.activeElement?.dataset.testid === {};",
                json!(testid)
            );
            face.wait(what, SMALL, &script).await.map(drop)
        };
        focus("the first entry", "item-web").await?;
        face.picture("menu").await?;
        for (key, testid) in [
            (Key::Down, "item-qr"),
            (Key::End, "item-remove"),
            (Key::Down, "item-web"),
            (Key::Up, "item-remove"),
            (Key::Escape, "item-menu"),
        ] {
            driver.active_element().await?.send_keys(key + "").await?;
            focus(testid, testid).await?;
        }

        // An open menu keeps its entries while a new worker knows of no web link yet: what has the focus, or is under
        // the pointer, stays there.
        button.send_keys(Key::Enter + "").await?;
        focus("the first entry", "item-web").await?;
        driver
            .active_element()
            .await?
            .send_keys(Key::Down + "")
            .await?;
        focus("item-qr", "item-qr").await?;
        let marked = "document.activeElement.marked = true;
            window.gone = window.away = false;
            new MutationObserver(() => {
              window.away ||= !document.querySelector('[data-testid=network][data-network=online]');
            }).observe(document, { subtree: true, childList: true, attributes: true });
            new MutationObserver((changes) => changes.forEach((change) => {
              window.gone ||= change.removedNodes.length > 0;
            })).observe(document.querySelector('[data-testid=menu]'), { childList: true });";
        driver.execute(marked, vec![]).await?;
        alice.stop_worker().await?;
        face.wait("the loss of the worker", SMALL, "return window.away;")
            .await?;
        face.wait_network("online", SMALL).await?;
        let kept = "return document.activeElement.marked === true && !window.gone;";
        face.wait("the same entry in the same menu", SMALL, kept)
            .await?;
        driver
            .active_element()
            .await?
            .send_keys(Key::Escape + "")
            .await?;
        focus("the menu's button", "item-menu").await?;

        face.enter_in(&last, "item-qr").await?;
        focus("the QR code", "item-qr-close").await?;
        face.picture("qr").await?;
        face.press("item-qr-close").await?;
        focus("the menu's button", "item-menu").await?;
        face.press_in(&last, "item-log-toggle").await?;
        face.wait(
            "the details",
            SMALL,
            r#"return document.querySelector('[data-testid="item-now"]');"#,
        )
        .await?;
        face.picture("details").await?;
        face.press_in(&last, "item-log-toggle").await?;
        face.press_in(&last, "item-remove").await?;
        focus("the way out", "item-keep").await?;
        face.picture("question").await?;
        face.press_in(&last, "item-keep").await?;

        let face = opened(&alice, "tab", NARROW).await?;
        face.picture("narrow").await?;
        let list = measured(&alice).await?;
        ensure!(list["beyond"] == json!(0), "in 320 px: {list}");
        ensure!(list["highest"].as_f64() <= Some(ROW), "in 320 px: {list}");
        // Nothing is written for a direction: with the other one, all of it is mirrored.
        driver
            .execute("document.documentElement.dir = 'rtl';", vec![])
            .await?;
        let list = measured(&alice).await?;
        ensure!(list["beyond"] == json!(0), "from right to left: {list}");
        let mirrored = "const [row] = document.querySelectorAll('[data-testid=item]');
            const left = (element) => row.querySelector(element).getBoundingClientRect().left;
            return left('.about') > left('[data-testid=item-menu]');";
        let mirrored = driver.execute(mirrored, vec![]).await?;
        ensure!(*mirrored.json() == json!(true), "a row is not mirrored");
        let first = driver.find(By::Testid("item-menu")).await;
        first.context("no menu")?.click().await?;
        face.picture("rtl").await
    });
}

#[test]
fn the_files_of_a_page_are_selected_and_shared_together() {
    play("page_files", async |scene| {
        let node = scene.node("node", &[]).await?;
        let letter = files::document("Three at a time.");
        scene.site.add("letter.pdf", "application/pdf", letter);
        scene
            .site
            .add("archive.zip", "application/zip", files::noise(30_000, 5));
        let picture = files::picture(320, 240)?;
        let picture = scene.site.add("picture.png", "image/png", picture);
        let (alice, face, [page, popup]) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        driver.switch_to_window(page).await?;
        driver.goto(scene.site.url("/")).await?;
        driver.switch_to_window(popup).await?;
        driver
            .goto(alice.extension_url("popup.html?view=options"))
            .await?;
        let offer = r#"return !!document.querySelector('[data-testid="reading-allow"]');"#;
        face.wait("the offer", SMALL, offer).await?;
        alice.allow(face.press("reading-allow")).await?;
        face.wait(
            "the permission",
            SMALL,
            r#"return !!document.querySelector('[data-testid="reading-give-back"]');"#,
        )
        .await?;
        let find = "const [url, done] = arguments;
            api.tabs.query({}).then(tabs => done(tabs.find(tab => tab.url === url)?.id));";
        let tab = driver
            .execute_async(find, vec![json!(scene.site.url("/"))])
            .await?;
        let tab = tab.json().as_i64().context("there is no such tab")?;
        let asked = scene.site.asked("/files/picture.png");
        let here = alice.extension_url(&format!("popup.html?view=tab&tab={tab}"));
        driver.goto(here).await?;
        let face = alice.shown().await?;

        // As long as there is nothing else to see, they are what is shown.
        let three = "const rows = [...document.querySelectorAll('[data-testid=page-file]')];
            return rows.length === 3 && rows.map(row => row.dataset.url);";
        let urls = face.wait("the page's files", SMALL, three).await?;
        ensure!(
            urls.as_array()
                .is_some_and(|urls| urls.contains(&json!(picture))),
            "{urls}"
        );
        face.picture("page").await?;
        // The picture is shown without being fetched again.
        let small = format!(
            r#"return document.querySelector('[data-url="{picture}"] img.picture')?.src.startsWith('data:image/');"#
        );
        face.wait("the small picture", SMALL, &small).await?;
        ensure!(
            scene.site.asked("/files/picture.png") == asked,
            "the picture was fetched to be shown small"
        );

        // What is chosen for what is shared here counts for them, too.
        face.choose_end("After a week").await?;
        face.press("page-select-all").await?;
        face.wait(
            "the button that shares all",
            SMALL,
            "return document.querySelector('[data-testid=page-share-selected]');",
        )
        .await?;
        face.picture("selected").await?;
        face.press("page-share-selected").await?;
        let shared = "return document.querySelectorAll('[data-testid=page-copy]').length === 3
            && !document.querySelector('[data-testid=page-select]');";
        face.wait("that they are shared", SMALL, shared).await?;
        // The button that had the focus is no longer there.
        face.wait(
            "the focus",
            SMALL,
            "return document.activeElement?.dataset.testid === 'page-file';",
        )
        .await?;
        face.picture("shared").await?;
        face.press("filter-all").await?;
        for name in ["letter.pdf", "archive.zip", "picture.png"] {
            let row = face.wait_named(name, &["shared"], SMALL).await?;
            ensure!(row.text.contains("until "), "{row:?}");
        }
        Ok(())
    });
}

#[test]
fn a_file_that_was_not_kept_is_chosen_again() {
    play("chosen_again", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (_alice, face) = scene.online("alice", &node).await?;
        // Otherwise a tenth of the free disk is the most.
        face.set("settings-max-room", "10").await?;
        // It takes a while to be copied, and no room in the test's own folder.
        let large = scene.path("large.bin");
        std::fs::File::create(&large)?.set_len(LARGE)?;
        face.share(&[&large]).await?;
        let reading = "item.name === 'large.bin' && item.status === 'preparing'";
        let shown = face.wait_item("the large file", SMALL, reading).await?;
        face.press_in(&shown, "item-pause").await?;
        let shown = face.wait_named("large.bin", &["failed"], SMALL).await?;
        ensure!(shown.text.contains("Cancelled"), "{shown:?}");
        face.picture("cancelled").await?;
        let again = scene.file("small.txt", b"this one instead")?;
        let field = face.find_in(&shown, "item-choose").await?;
        field.send_keys(again.to_string_lossy()).await?;
        face.wait_named("small.txt", &["shared"], SMALL).await?;
        let items = face.items().await?;
        ensure!(items.len() == 1, "the old one is still there: {items:?}");
        Ok(())
    });
}

#[test]
fn the_popup_says_what_keeps_it_from_the_network() {
    play_in_chromium("no_network", "its windows are wider", async |scene| {
        let mut alice = scene.browser("alice", None)?;
        alice.open().await?;
        let face = alice.face().await?;
        // Nothing listens on port 9 (discard).
        for (nodes, network) in [
            (vec![], "no_node"),
            (vec!["/ip4/127.0.0.1/tcp/9/ws".to_owned()], "offline"),
        ] {
            face.set_nodes(&nodes).await?;
            face.wait_network(network, SMALL).await?;
            resize(&alice, POPUP).await?;
            let face = alice.face().await?;
            face.wait_network(network, SMALL).await?;
            face.picture(network).await?;
            let name = format!("{network}.txt");
            face.share(&[&scene.file(&name, name.as_bytes())?]).await?;
            let waits =
                format!("item.name === '{name}' && item.text.includes('Waiting to go online')");
            face.wait_item("that it waits", SMALL, &waits).await?;
            face.picture(&format!("{network}-waits")).await?;
        }
        Ok(())
    });
}

/// JavaScript that has the worker share what is at an address, as after a click of which the browser asked nothing.
const SHARE: &str = "const [url, name, done] = arguments;
    const port = api.runtime.connect({ name: 'face' });
    port.onMessage.addListener(message => {
      if (message.type === 'answer') { port.disconnect(); done(true); }
    });
    port.postMessage({ number: 1, command: { command: 'share_url', url, tab: null, page: null, name } });";

#[test]
fn a_permission_that_was_put_off_is_not_asked_for_again() {
    play("not_now", async |scene| {
        let node = scene.node("node", &[]).await?;
        let picture = files::picture(320, 240)?;
        let url = scene.site.add("closed.png", "image/png", picture);
        let (alice, face, _) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        let share = vec![json!(url), json!("closed.png")];
        driver.execute_async(SHARE, share).await?;
        let question = r#"return document.querySelector('[data-testid="access"]')?.innerText.includes('To share “closed.png”');"#;
        face.wait("the question, with the file's name", SMALL, question)
            .await?;
        face.picture("asks").await?;
        face.press("access-not-now").await?;
        let none = r#"return !document.querySelector('[data-testid="access"]');"#;
        face.wait("that it is not asked any more", SMALL, none)
            .await?;

        // The next time, only the row says so, and has a button for it.
        let face = alice.face().await?;
        let waits = "item.name === 'closed.png' && item.text.includes('Needs your permission')";
        let row = face.wait_item("what the row says", SMALL, waits).await?;
        face.wait("that it is not asked again", SMALL, none).await?;
        face.picture("waits").await?;
        alice
            .allow(face.press_in(&row, "item-allow-access"))
            .await?;
        face.wait_named("closed.png", &["shared"], SMALL).await?;
        Ok(())
    });
}
