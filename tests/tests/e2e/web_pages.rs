//! No web page can reach the extension, or its node.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use fluence_tests::browser::Kind;
use serde_json::{Value, json};
use thirtyfour::extensions::cdp::ChromeDevTools;

use crate::play;

/// JavaScript with which a page attacks the extension; it returns a list of what it reached.
const ATTACK: &str = r#"
const [popup, worker, here, node, done] = arguments;
const reached = [];
const attempt = async (what, how) => { try { if (await how()) reached.push(what); } catch {} };
(async () => {
  await attempt('the popup by fetch', async () => (await fetch(popup)).ok);
  await attempt('the worker by fetch', async () => (await fetch(worker)).ok);
  await attempt('the worker by import', async () => !!(await import(worker)));
  await attempt('a message port', async () => !!chrome.runtime.connect(new URL(popup).host));
  await attempt('a message', () => new Promise((yes, no) => {
    chrome.runtime.sendMessage(new URL(popup).host, { command: 'watch' }, answer => answer ? yes(true) : no());
  }));
  await attempt('the handover channel', () => new Promise(answer => {
    const channel = new BroadcastChannel('fluence-handover');
    channel.onmessage = () => answer(true);
    channel.postMessage({ key: 'x', files: [new File(['x'], 'x')] });
    setTimeout(() => answer(false), 2000);
  }));
  // Whoever is connected learns who the node is.
  await attempt('the node', () => new Promise(answer => {
    const socket = new WebSocket(node);
    socket.onopen = () => answer(true);
    socket.onerror = () => answer(false);
  }));
  // Which frames hold what is told by the browser, because the page itself cannot see it.
  for (const address of [popup, here]) {
    await new Promise((shown) => {
      const frame = document.createElement('iframe');
      frame.onload = shown;
      frame.onerror = shown;
      frame.src = address;
      document.body.append(frame);
    });
  }
  done(reached);
})();
"#;

#[test]
fn no_web_page_reaches_the_extension() {
    play("web_pages", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, _face) = scene.online("alice", &node).await?;
        let driver = alice.driver()?;
        let tab = driver.new_tab().await?;
        driver.switch_to_window(tab).await?;
        driver.goto(scene.site.url("/")).await?;
        let arguments: Vec<Value> = vec![
            json!(alice.extension_url("popup.html")),
            json!(alice.extension_url("background.js")),
            json!(scene.site.url("/login")),
            json!(web_socket_url(&node.websocket()?)?),
        ];
        let reached = driver.execute_async(ATTACK, arguments).await?;
        ensure!(
            *reached.json() == json!([]),
            "a page reached {}",
            reached.json()
        );
        if alice.kind() == Kind::Firefox {
            // Its pages have an address that no page can know, and its driver does not tell what a frame holds.
            return still_works(&alice).await;
        }
        let tools = ChromeDevTools::new(driver.handle.clone());
        let tree = tools.execute_cdp("Page.getFrameTree").await?;
        let frames: Vec<&str> = tree["frameTree"]["childFrames"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|frame| frame["frame"]["url"].as_str())
            .collect();
        // The site's own page shows that what a frame holds is seen.
        ensure!(
            frames.len() == 2
                && frames.contains(&scene.site.url("/login").as_str())
                && !frames.iter().any(|url| url.contains("popup.html")),
            "the page's frames hold {frames:?}"
        );
        // A tab that a page sends to the popup's address shows that the address is blocked.
        driver
            .execute(
                "location.href = arguments[0];",
                vec![json!(alice.extension_url("popup.html"))],
            )
            .await?;
        let shown = driver.source().await?;
        ensure!(
            !shown.contains("popup.js"),
            "a page opened the popup: {shown}"
        );
        still_works(&alice).await
    });
}

/// The URL of the address `/ip4/…/tcp/…/ws`.
fn web_socket_url(address: &str) -> Result<String> {
    let parts: Vec<&str> = address.split('/').collect();
    match parts[..] {
        ["", "ip4", ip, "tcp", port, "ws", ..] => Ok(format!("ws://{ip}:{port}/")),
        _ => bail!("{address} is no WebSocket"),
    }
}

/// Checks that the extension itself works as before.
async fn still_works(browser: &fluence_tests::browser::Browser) -> Result<()> {
    let face = browser.face_beside().await?;
    face.wait_network("online", Duration::from_secs(20)).await
}
