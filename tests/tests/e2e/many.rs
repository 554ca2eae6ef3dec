//! Many files at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Kind;
use fluence_tests::files;
use serde_json::{Value, json};
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, Key};

use crate::main_job::beside_a_page;
use crate::reading::share_link;
use crate::ways_in::eventually;
use crate::{SMALL, WORKER, play, play_in_chromium};

/// The number of files.
const MANY: usize = 500;
/// How long sharing them may take on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// JavaScript that counts the notifications which the browser shows.
const NOTIFICATIONS: &str = "const [done] = arguments;
    api.notifications.getAll().then(all => done(Object.keys(all)));";

/// JavaScript that has the worker write down each notification that it shows, and what returns them.
const WRITE_DOWN: &str = "{
    const create = api.notifications.create.bind(api.notifications);
    const told = [];
    api.notifications.create = (id, ...rest) => {
      told.push(id);
      api.storage.session.set({ told });
      return create(id, ...rest);
    };
    api.storage.session.set({ told });
  }";
const WRITTEN: &str = "const [done] = arguments;
    api.storage.session.get('told').then(({ told }) => done(told ?? null));";

/// JavaScript that returns all items, which the worker sends to a face in several messages.
const ALL: &str = "const [count, done] = arguments;
    const port = api.runtime.connect({ name: 'face' });
    let items = [];
    port.onMessage.addListener(message => {
      items = items.concat(Object.values(message.state?.items ?? {}), message.items ?? []);
      if (items.length >= count) { port.disconnect(); done(items); }
    });
    port.postMessage({ number: 1, command: { command: 'watch' } });";

/// JavaScript that returns whether every item of the list is shared.
const ALL_SHARED: &str = "return document.querySelectorAll('[data-testid=item]').length >= 20 &&
    !document.querySelector('[data-testid=item]:not([data-status=shared])');";

/// A file of the extension that is shown without waking the worker.
const QUIET: &str = "manifest.json";
/// JavaScript that changes the name of the item that an earlier worker left to be shown at once.
const RENAME: &str = "const [name, done] = arguments;
    chrome.storage.session.get('first').then(async ({ first }) => {
      const items = Object.values(first?.state?.items ?? {});
      if (items.length !== 1) return done(items.length);
      items[0].name = name;
      await chrome.storage.session.set({ first });
      done('renamed');
    });";
/// JavaScript that notes the name and the status of the first row that a page ever shows.
const NOTE: &str = "new MutationObserver((_, observer) => {
      const row = document.querySelector('[data-testid=item]');
      if (!row) return;
      window.first = [row.querySelector('[data-testid=item-name]').textContent.trim(), row.dataset.status];
      observer.disconnect();
    }).observe(document, { subtree: true, childList: true });";

#[test]
fn the_list_is_shown_while_the_worker_starts() {
    play_in_chromium("list_before_worker", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let file = scene.file("truth.txt", &files::noise(100, 1))?;
        face.share(&[&file]).await?;
        face.wait_named("truth.txt", &["shared"], LONG).await?;
        let driver = alice.driver()?;
        let remembered = "const [done] = arguments;
            const look = () => api.storage.session.get('first').then(({ first }) =>
              Object.values(first?.state?.items ?? {})[0]?.cid ? done(true) : setTimeout(look, 100));
            look();";
        driver.execute_async(remembered, vec![]).await?;
        driver.goto(alice.extension_url(QUIET)).await?;
        alice.stop_worker().await?;
        // A worker would call it by its name. What is shown before there is one has another.
        let renamed = driver
            .execute_async(RENAME, vec![json!("memory.txt")])
            .await?;
        ensure!(*renamed.json() == json!("renamed"), "{}", renamed.json());
        ChromeDevTools::new(driver.handle.clone())
            .execute_cdp_with_params(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": NOTE }),
            )
            .await?;
        let face = alice.face().await?;
        face.wait_named("truth.txt", &["shared"], LONG).await?;
        let first = face.wait("the first row", LONG, "return window.first;");
        let first = first.await?;
        // Only a running worker knows what is shared.
        ensure!(
            first == json!(["memory.txt", "announcing"]),
            "first shown: {first}"
        );
        Ok(())
    });
}

/// A name that is dangerous where it becomes a part of a page.
const NAME: &str = "<img src=x onerror=alert(1)>.txt";
/// JavaScript that notes what is seen before the program is there, and when it is compiled; and lets the program wait for
/// `window.go` if it is to be looked at.
const SEEN: &str = "
    window.program = new Promise((resolve) => { window.go = resolve; });
    for (const name of ['instantiateStreaming', 'instantiate']) {
      const compile = WebAssembly[name];
      WebAssembly[name] = async (...what) => {
        window.streams ??= name === 'instantiateStreaming';
        if (window.name === 'wait') await window.program;
        return compile.apply(WebAssembly, what);
      };
    }";
/// JavaScript that returns what the picture of an earlier list has.
const PICTURE: &str = "
    const picture = document.querySelector('.first');
    return picture && {
      names: [...picture.querySelectorAll('.item .name')].map((name) => name.textContent),
      told: picture.textContent,
      made: picture.querySelectorAll('img:not([src=\"icons/mark.svg\"]), script, a, [id], [style]').length,
      inert: picture.inert && picture.ariaHidden === 'true',
      top: picture.querySelector('.list').getBoundingClientRect().top,
    };";

#[test]
fn the_list_is_seen_before_the_program_is_there() {
    let why = "it takes the DevTools protocol";
    play_in_chromium("first_picture", why, async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        for (name, seed) in [("other.txt", 1), (NAME, 2)] {
            face.share(&[&scene.file(name, &files::noise(100, seed))?])
                .await?;
            face.wait_named(name, &["shared"], LONG).await?;
        }
        let driver = alice.driver()?;
        ChromeDevTools::new(driver.handle.clone())
            .execute_cdp_with_params(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({ "source": SEEN }),
            )
            .await?;
        let kept = "return !!localStorage.getItem('picture')?.includes('other.txt');";
        eventually(&alice, "a picture of the list", kept).await?;

        // The picture is there while there is no program, with the names as text and nothing that only a worker knows.
        let wait = "window.name = 'wait';";
        driver.execute(wait, vec![]).await?;
        driver.goto(alice.extension_url("popup.html")).await?;
        let picture = eventually(&alice, "the picture", PICTURE).await?;
        ensure!(picture["names"] == json!([NAME, "other.txt"]), "{picture}");
        ensure!(picture["made"] == json!(0), "{picture}");
        ensure!(picture["inert"] == json!(true), "{picture}");
        let told = picture["told"].as_str().unwrap_or_default();
        ensure!(!told.contains("can fetch"), "{told}");
        alice.picture("first").await?;
        // The list of the program is in its place.
        driver.execute("window.go();", vec![]).await?;
        let face = alice.shown().await?;
        face.wait_named("other.txt", &["shared"], LONG).await?;
        let there = "const list = document.querySelector('[data-testid=item]').closest('.list');
            return !document.querySelector('.first') && [list.getBoundingClientRect().top, window.streams];";
        let there = eventually(&alice, "the list", there).await?;
        ensure!(
            there == json!([picture["top"], true]),
            "{there} after {picture}"
        );

        // What was removed is in no picture, and neither is it when that was the last thing.
        let shown = face.wait_named(NAME, &["shared"], LONG).await?;
        face.remove(&shown).await?;
        let other = "const kept = localStorage.getItem('picture');
            return !!kept?.includes('other.txt') && !kept.includes('onerror');";
        eventually(&alice, "another picture", other).await?;
        driver.goto(alice.extension_url(QUIET)).await?;
        driver.goto(alice.extension_url("popup.html")).await?;
        let picture = eventually(&alice, "the picture", PICTURE).await?;
        ensure!(picture["names"] == json!(["other.txt"]), "{picture}");
        driver.execute("window.go();", vec![]).await?;
        let face = alice.shown().await?;
        let shown = face.wait_named("other.txt", &["shared"], LONG).await?;
        face.remove(&shown).await?;
        let kept = "return localStorage.getItem('picture');";
        ensure!(driver.execute(kept, vec![]).await?.json().is_null());
        driver.goto(alice.extension_url(QUIET)).await?;
        ensure!(driver.execute(kept, vec![]).await?.json().is_null());
        Ok(())
    });
}

#[test]
fn many_files_are_shared_together_and_told_of_once() {
    play("many_files", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let paths = (0..MANY)
            .map(|n| scene.file(&format!("many-{n:03}.txt"), &files::noise(5 + n, n as u64)))
            .collect::<Result<Vec<PathBuf>>>()?;
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        face.share(&paths).await?;
        face.wait("that all are shared", LONG, ALL_SHARED).await?;
        let items = alice
            .driver()?
            .execute_async(ALL, vec![json!(MANY)])
            .await?;
        let items = items.json().as_array().cloned().unwrap_or_default();
        let is_shared = |item: &&Value| item["status"]["status"] == json!("shared");
        let shared = items.iter().filter(is_shared).count();
        ensure!(shared == MANY, "{shared} of {MANY} files are shared");
        let told = alice.driver()?.execute_async(NOTIFICATIONS, vec![]).await?;
        // Without a desktop, Firefox's notifications go at once.
        ensure!(
            alice.kind() == Kind::Firefox || *told.json() == json!(["fluence"]),
            "notifications: {}",
            told.json()
        );
        // A worker that starts anew offers all of them again.
        if alice.kind() == Kind::Chromium {
            alice.stop_worker().await?;
            face.wait(
                "that none is confirmed",
                LONG,
                "return !!document.querySelector('[data-testid=item][data-status=announcing]');",
            )
            .await?;
        }
        face.wait("that all are shared again", LONG, ALL_SHARED)
            .await?;
        let terminal = scene.command_line("terminal", &node)?;
        for n in [0, MANY / 2, MANY - 1] {
            let name = format!("many-{n:03}.txt");
            let shown = items.iter().find(|item| item["name"] == json!(name));
            let cid = shown
                .and_then(|item| item["cid"].as_str())
                .unwrap_or_default();
            let file = terminal.fetch(cid, LONG).await?;
            fluence_tests::scene::same_bytes(&file, &files::noise(5 + n, n as u64))?;
        }
        face.picture("shared").await?;

        // Only the rows near what is seen are there, and each says which of all it is.
        let rows = "const rows = [...document.querySelectorAll('[data-testid=item]')];
            const at = row => +row.getAttribute('aria-posinset');
            return rows.length < 100 && rows.every(row => row.getAttribute('aria-setsize') === '500') &&
              rows.every((row, n) => n === 0 || at(row) > at(rows[n - 1])) && at(rows[0]);";
        let driver = alice.driver()?;
        let first = face.wait("the first rows", SMALL, rows).await?;
        ensure!(first == json!(1), "the first row is {first}");
        // The row with the focus stays when one scrolls away from it.
        driver.find(By::Css(ABOUT)).await?.focus().await?;
        driver.execute("scrollTo(0, 1e9);", vec![]).await?;
        let both = "const focused = document.activeElement.closest('[data-testid=item]');
            return focused?.getAttribute('aria-posinset') === '1' && !!document.querySelector('[aria-posinset=\"500\"]');";
        face.wait("the last row, and the focus in the first one", SMALL, both)
            .await?;
        face.picture("end").await?;
        // Keys go from row to row, and the focus is seen where it is.
        let walked = async |key: Key, place: usize| -> Result<()> {
            driver.active_element().await?.send_keys(key + "").await?;
            let there = format!(
                "const row = document.activeElement.closest('[data-testid=item]');
                 const {{ top, bottom }} = row?.getBoundingClientRect() ?? {{}};
                 return row?.getAttribute('aria-posinset') === '{place}' && top >= 0 && bottom <= innerHeight;"
            );
            let what = format!("the focus in row {place}");
            face.wait(&what, SMALL, &there).await.map(drop)
        };
        walked(Key::Down, 2).await?;
        walked(Key::End, MANY).await?;
        walked(Key::Up, MANY - 1).await?;
        walked(Key::Home, 1).await?;
        for place in 2..60 {
            walked(Key::Down, place).await?;
        }
        Ok(())
    });
}

/// What is pressed in a row of the list.
const ABOUT: &str = "[data-testid=item] .about";

#[test]
fn files_are_sorted_and_several_of_them_selected() {
    play("select", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let sizes = [
            ("delta.txt", 30),
            ("alpha.txt", 10),
            ("Bravo.txt", 40),
            ("echo.txt", 20),
            ("charlie.txt", 50),
        ];
        for (name, size) in sizes {
            face.share(&[&scene.file(name, &files::noise(size * 1000, size as u64))?])
                .await?;
            face.wait_named(name, &["shared"], SMALL).await?;
        }
        let driver = alice.driver()?;
        let waited = async |what: &str, shows: &str| -> Result<()> {
            let script = format!("return {shows} === {};", json!(what));
            face.wait(what, SMALL, &script).await.map(drop)
        };
        let listed = async |names: &str| {
            let shown = "[...document.querySelectorAll('[data-testid=item-name]')].map(name => name.textContent.trim()).join(' ')";
            waited(names, shown).await
        };
        let focus =
            async |testid: &str| waited(testid, "document.activeElement?.dataset.testid").await;
        let said = async |words: &str| {
            waited(
                words,
                "document.querySelector('[data-testid=said]').textContent",
            )
            .await
        };
        let key = async |key: Key| driver.active_element().await?.send_keys(key + "").await;
        listed("charlie.txt echo.txt Bravo.txt alpha.txt delta.txt").await?;

        // The order is chosen in a menu, by keyboard, and remembered.
        let menu = driver.find(By::Testid("list-menu")).await?;
        menu.send_keys(Key::Enter + "").await?;
        focus("sort-newest").await?;
        face.picture("menu").await?;
        key(Key::Down).await?;
        key(Key::Down).await?;
        focus("sort-size").await?;
        key(Key::Enter).await?;
        focus("list-menu").await?;
        listed("charlie.txt Bravo.txt delta.txt echo.txt alpha.txt").await?;
        face.press("list-menu").await?;
        face.press("sort-name").await?;
        let by_name = "alpha.txt Bravo.txt charlie.txt delta.txt echo.txt";
        listed(by_name).await?;
        driver.refresh().await?;
        listed(by_name).await?;
        face.wait_network("online", SMALL).await?;

        // A range is selected with the shift key.
        face.press("select-toggle").await?;
        focus("select-all").await?;
        let rows = driver.find_all(By::Css(ABOUT)).await?;
        ensure!(rows.len() == 5, "there are {} rows", rows.len());
        rows[1].click().await?;
        said("1 selected").await?;
        let shift = driver.action_chain().key_down(Key::Shift);
        let shift = shift.click_element(&rows[3]).key_up(Key::Shift);
        shift.perform().await?;
        said("3 selected").await?;
        face.picture("selected").await?;
        let shown = driver.find(By::Testid("selected")).await?.text().await?;
        ensure!(shown == "3 selected · 120 kB", "it shows {shown}");

        // The links of all three are on the clipboard. The field joins their lines.
        face.press("selected-copy").await?;
        said("Copied").await?;
        let items = face.items().await?;
        let cids = items[1..4].iter().filter_map(|item| item.cid.as_deref());
        let links: String = cids.map(|cid| format!("fluence:{cid}")).collect();
        let is_there = |text: &str| text.split_whitespace().collect::<String>() == links;
        alice
            .pasted(By::Testid("fetch-input"), SMALL, is_there)
            .await
            .context("the links of the selected files")?;

        face.press("selected-stop").await?;
        for name in ["Bravo.txt", "charlie.txt", "delta.txt"] {
            face.wait_named(name, &["stopped"], SMALL).await?;
        }
        focus("select-all").await?;
        face.wait_named("alpha.txt", &["shared"], SMALL).await?;

        // They are removed after one question, which says how many they are.
        face.press("selected-remove").await?;
        focus("selected-keep").await?;
        face.picture("question").await?;
        let confirm = driver.find(By::Testid("selected-confirm")).await?;
        let words = confirm.text().await?;
        ensure!(words == "Remove 3 files", "it asks {words}");
        face.press("selected-keep").await?;
        focus("selected-remove").await?;
        face.press("selected-remove").await?;
        face.press("selected-confirm").await?;
        listed("alpha.txt echo.txt").await?;
        focus("select-toggle").await?;

        // A key selects all, and another one ends it.
        let first = driver.find(By::Css(ABOUT)).await?;
        first.send_keys(Key::Control + "a").await?;
        said("2 selected").await?;
        focus("item-select").await?;
        key(Key::Escape).await?;
        focus("item-log-toggle").await?;
        let boxes = driver.find_all(By::Testid("item-select")).await?;
        ensure!(boxes.is_empty(), "{} boxes are left", boxes.len());
        Ok(())
    });
}

#[test]
fn what_an_ended_worker_left_is_told_of_once() {
    play_in_chromium("left_behind", WORKER, async |scene| {
        let node = scene.node("node", &[]).await?;
        // The site has none of those that are lost.
        let names = ["kept-1.bin", "kept-2.bin", "lost-1.bin", "lost-2.bin"];
        for (seed, name) in names[..2].iter().enumerate() {
            let bytes = files::noise(40_000, seed as u64);
            scene.site.add(name, "application/octet-stream", bytes);
        }
        let (alice, face, tabs) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        driver.switch_to_window(tabs[0].clone()).await?;
        driver.goto(scene.site.url("/login")).await?;
        // No answer comes before the worker has ended.
        let path = |name: &str| format!("/odd/held/{name}");
        for name in names {
            share_link(&alice, &tabs, &scene.site.url(&path(name))).await?;
            scene.site.wait_asked(&path(name), SMALL).await?;
        }
        alice.stop_worker().await?;
        for name in names {
            scene.site.wait_times(&path(name), 2, SMALL).await?;
        }
        // Every notification that the next worker shows is written down. What is shown anew in the place of another one
        // cannot be told from it afterwards.
        alice.run_in_worker(WRITE_DOWN).await?;
        let written = async |notifications: Value| -> Result<()> {
            let deadline = std::time::Instant::now() + SMALL;
            loop {
                let told = driver.execute_async(WRITTEN, vec![]).await?;
                if *told.json() == notifications {
                    return Ok(());
                }
                ensure!(
                    std::time::Instant::now() < deadline,
                    "{} and not {notifications}",
                    told.json()
                );
            }
        };
        written(json!([])).await?;
        scene.site.release();
        for name in &names[..2] {
            face.wait_named(name, &["shared"], SMALL).await?;
        }
        for name in &names[2..] {
            let shown = face.wait_named(name, &["failed"], SMALL).await?;
            ensure!(shown.failure.as_deref() == Some("http_status"), "{shown:?}");
        }
        // What is shared after them is told of after them.
        let later = scene
            .site
            .add("later.bin", "application/octet-stream", files::noise(9, 9));
        share_link(&alice, &tabs, &later).await?;
        let shown = face.wait_named("later.bin", &["shared"], SMALL).await?;
        written(json!(["fluence", format!("item:{}", shown.id)])).await
    });
}
