//! How soon a person sees something after a click: when they share from a server that never answers, with the worker awake
//! and asleep, and when they fetch a small file.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, Scene, same_bytes};
use serde_json::json;
use thirtyfour::{By, WindowHandle};

use crate::PATIENCE;
use crate::page::{Page, between};
use crate::table::{Goal, median, single};

/// How often each is repeated; the median counts.
const RUNS: u64 = 5;
/// How soon something is to be seen after a click, in milliseconds.
const SEEN: f64 = 200.0;
/// How soon a file of [`SMALL`] bytes that storage has is to be saved, in milliseconds.
const SAVED: f64 = 150.0;
/// The length of that file.
const SMALL: usize = 600;

/// A file of the extension that is shown without waking the worker.
const QUIET: &str = "manifest.json";
/// Shows a link at the top of the page.
const LINK: &str = "
    document.getElementById('link')?.remove();
    document.body.prepend(Object.assign(document.createElement('a'), { id: 'link', href: arguments[0], textContent: 'A link' }));";
/// Notes when the menu of the extension is chosen from, when there is a badge, which there is not while nothing happens,
/// and when there is a row with the name of the server. It works in any page of the extension.
const NOTE: &str = "
    const seen = window.seen = {};
    const note = what => { seen[what] ??= performance.now(); };
    chrome.contextMenus.onClicked.addListener(() => note('click'));
    const look = () => {
      const rows = [...document.querySelectorAll('[data-testid=item]')];
      if (rows.some(row => row.innerText.includes('Waiting for 127.0.0.1'))) note('row');
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    (async () => {
      // That of the last file may still be there.
      while (await chrome.action.getBadgeText({}));
      while (!await chrome.action.getBadgeText({}));
      note('badge');
    })();";
/// Waits until that was noted, and answers with the milliseconds from the click until then.
const NOTED: &str = "
    const [what, limit, done] = arguments;
    const late = performance.now() + limit;
    const look = setInterval(() => {
      if (!(what in seen && 'click' in seen) && performance.now() < late) return;
      clearInterval(look);
      done(seen[what] - seen.click);
    }, 10);";
/// Notes when the button is pressed that fetches.
const PRESSED: &str = "
    window.pressed = null;
    addEventListener('click', event => {
      if (event.target.closest('[data-testid=fetch-button]')) pressed = Date.now();
    }, true);";

/// Measures clicks, and prints their rows.
///
/// # Errors
/// Fails if anything cannot be measured.
pub async fn measure(scene: &Scene) -> Result<()> {
    let share = "from the click on “Share via Fluence” at a server that never answers to";
    let [badge, row, asleep] = shared(scene).await?;
    for (what, time) in [
        (format!("{share} the badge"), badge),
        (format!("{share} the row with the server's name"), row),
        (format!("{share} the badge, worker asleep"), asleep),
    ] {
        show(&what, time, SEEN);
    }
    let what =
        format!("from the click on “Fetch” to the saved file, {SMALL} bytes that storage has");
    show(&what, fetched(scene).await?, SAVED);
    Ok(())
}

fn show(what: &str, time: Duration, goal: f64) {
    let ms = time.as_secs_f64() * 1e3;
    single(what, &format!("{ms:.0} ms"), ms, Some(Goal::Most(goal)));
}

/// The times from the click until the badge and the row, and until the badge with the worker asleep.
async fn shared(scene: &Scene) -> Result<[Duration; 3]> {
    let node = scene.node("node-clicks", &[]).await?;
    let display = scene.hidden_display().await?;
    let mut browser = scene.browser("clicks", Some(display))?;
    browser.open().await?;
    let face = browser.face().await?;
    face.set_nodes(&[node.websocket()?]).await?;
    face.wait_network("online", ONLINE).await?;
    let driver = browser.driver()?;
    let shows = driver.window().await?;
    // A tab behind another one would draw late. This window is behind the other one, but nobody tells it so.
    let page = driver.new_window().await?;
    driver.switch_to_window(page.clone()).await?;
    driver.goto(scene.site.url("/login")).await?;
    let windows = [page, shows];

    let (mut badges, mut rows, mut asleep) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..2 * RUNS {
        let name = format!("stuck-{run}.bin");
        scene
            .site
            .add(&name, "application/octet-stream", files::noise(900, run));
        driver.switch_to_window(windows[1].clone()).await?;
        let sleeps = run >= RUNS;
        if sleeps {
            driver.goto(browser.extension_url(QUIET)).await?;
            browser.stop_worker().await?;
        }
        driver.execute(NOTE, vec![]).await?;
        click(
            &browser,
            &windows,
            &scene.site.url(&format!("/odd/stuck/{name}")),
        )
        .await?;
        if sleeps {
            asleep.push(noted(&browser, "badge").await?);
            browser.face().await?;
        } else {
            badges.push(noted(&browser, "badge").await?);
            rows.push(noted(&browser, "row").await?);
        }
        cancel(&face, &name).await?;
    }
    browser.close().await?;
    Ok([badges, rows, asleep].map(median))
}

/// Right-clicks a link in the first window and shares what is there; the second one is the current one then.
async fn click(browser: &Browser, windows: &[WindowHandle; 2], address: &str) -> Result<()> {
    let driver = browser.driver()?;
    driver.switch_to_window(windows[0].clone()).await?;
    driver.execute(LINK, vec![json!(address)]).await?;
    browser.share_by_right_click(By::Id("link")).await?;
    driver.switch_to_window(windows[1].clone()).await?;
    Ok(())
}

/// The time from the click until something was noted.
async fn noted(browser: &Browser, what: &str) -> Result<Duration> {
    let limit = PATIENCE.as_millis() as u64;
    let arguments = vec![json!(what), json!(limit)];
    let ms = browser.driver()?.execute_async(NOTED, arguments).await?;
    let ms = ms.json().as_f64().context("nothing was seen")?;
    // The page may hear of the click a moment after the worker.
    Ok(Duration::from_secs_f64(ms.max(0.0) / 1e3))
}

/// Cancels a share, and removes it.
async fn cancel(face: &Face, name: &str) -> Result<()> {
    let is_it = format!("item.name === '{name}'");
    let row = face.wait_item(name, PATIENCE, &is_it).await?;
    face.press_in(&row, "item-pause").await?;
    let row = face.wait_named(name, &["failed"], PATIENCE).await?;
    face.remove(&row).await
}

/// The time from the click that fetches a small file until it is saved.
async fn fetched(scene: &Scene) -> Result<Duration> {
    let node = scene.node("node-small", &[]).await?;
    let provider = scene.command_line("small-provider", &node)?;
    let other = scene.command_line("small-other", &node)?;
    let (mut browser, face) = scene.online("small", &node).await?;
    let page = Page::new(&browser).await?;
    let driver = browser.driver()?;
    driver.execute(PRESSED, vec![]).await?;
    let mut times = Vec::new();
    for run in 0..RUNS {
        let name = format!("small-{run}.bin");
        let bytes = files::noise(SMALL, 100 + run);
        let (sharing, cid) = provider.share(&scene.file(&name, &bytes)?).await?;
        // This brings it to the node.
        same_bytes(&other.fetch(&cid, PATIENCE).await?, &bytes)?;
        page.watch().await?;
        face.fetch(&cid).await?;
        let saved = page.event("kind.event === 'saved'").await?;
        let pressed = driver.execute("return pressed;", vec![]).await?;
        let pressed = pressed.json().as_u64().context("no click was noted")?;
        let pressed = SystemTime::UNIX_EPOCH + Duration::from_millis(pressed);
        times.push(between(pressed, saved)?);
        same_bytes(&browser.saved(&name, PATIENCE).await?, &bytes)?;
        sharing.terminate().await?;
    }
    browser.close().await?;
    Ok(median(times))
}
