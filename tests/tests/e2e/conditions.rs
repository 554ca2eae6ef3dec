//! What computers go through: wrong clocks, sleep, other networks, networks that want a login, private windows.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::line::Line;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, Scene, same_bytes};
use serde_json::json;
use tokio::time::sleep;

use crate::{SMALL, play, play_in_chromium, play_in_firefox};

/// How often a state is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How soon a browser is online again while a person looks at its popup.
const BACK: Duration = Duration::from_secs(10);

/// A node behind two lines, and a browser that reaches it through them.
pub(crate) struct Away {
    pub node: Node,
    /// The lines to its libp2p and to its storage.
    pub lines: [Line; 2],
    pub browser: Browser,
    pub face: Face,
}

impl Away {
    pub async fn from(scene: &Scene) -> Result<Self> {
        let lines = [Line::new().await?, Line::new().await?];
        let url = format!("http://127.0.0.1:{}", lines[1].port());
        let node = scene.node("node", &["--public-url", &url]).await?;
        let websocket = node.websocket()?;
        let port_of = |address: &str| -> Option<u16> {
            let after = address.split_once("/tcp/")?.1;
            after.split('/').next()?.parse().ok()
        };
        let port = port_of(&websocket).context("an address without a port")?;
        lines[0].lead_to(port);
        let http = node.listening().http.rsplit(':').next();
        lines[1].lead_to(http.unwrap_or_default().trim_end_matches('/').parse()?);
        let mut browser = scene.browser("bob", None)?;
        browser.open().await?;
        let face = browser.face().await?;
        let through = websocket.replace(
            &format!("/tcp/{port}/"),
            &format!("/tcp/{}/", lines[0].port()),
        );
        face.set_nodes(&[through]).await?;
        face.wait_network("online", ONLINE).await?;
        Ok(Self {
            node,
            lines,
            browser,
            face,
        })
    }

    /// Begins to fetch a file, and returns when some of it has come.
    pub async fn begin(&self, link: &str) -> Result<()> {
        self.face.fetch(link).await?;
        let cid = link.trim_start_matches("fluence:");
        let cid = cid.split('#').next().unwrap_or_default();
        let deadline = Instant::now() + SMALL;
        loop {
            let state = self.face.state().await?;
            let items = state["items"]
                .as_object()
                .context("a state without items")?;
            let item = items.values().find(|item| item["cid"] == json!(cid));
            let bytes = item.and_then(|item| item["progress"]["bytes"].as_u64());
            if bytes.is_some_and(|bytes| bytes > 2_000_000) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "nothing came of it: {item:?}");
            sleep(LOOK).await;
        }
    }

    fn change_network(&self) {
        self.lines.iter().for_each(Line::change);
    }

    /// Waits until the file is saved, and checks its bytes.
    async fn gets(&self, name: &str, bytes: &[u8]) -> Result<()> {
        same_bytes(&self.browser.saved(name, SMALL).await?, bytes)
    }
}

#[test]
fn sleep_and_another_network_interrupt_nothing() {
    play("sleep", async |scene| {
        let away = Away::from(scene).await?;
        let provider = scene.command_line("provider", &away.node)?;
        let (moved, slept) = (files::noise(60_000_000, 71), files::noise(60_000_000, 72));
        let (_first, moved_cid) = provider.share(&scene.file("moved.bin", &moved)?).await?;
        let other = scene.command_line("other", &away.node)?;
        let (_second, slept_cid) = other.share(&scene.file("slept.bin", &slept)?).await?;

        // The network changes: nothing is heard of the connections that were open.
        away.begin(&moved_cid).await?;
        away.change_network();
        away.gets("moved.bin", &moved).await?;
        away.face.wait_network("online", ONLINE).await?;

        // The computer sleeps, and wakes in another network.
        away.begin(&slept_cid).await?;
        away.browser.sleep().await?;
        away.change_network();
        sleep(Duration::from_secs(3)).await;
        away.browser.wake().await?;
        away.gets("slept.bin", &slept).await?;
        away.face.wait_network("online", BACK).await?;
        let items = away.face.items().await?;
        ensure!(items.iter().all(|item| item.failure.is_none()), "{items:?}");
        Ok(())
    });
}

#[test]
fn a_network_that_wants_a_login_blames_nobody() {
    play("portal", async |scene| {
        let away = Away::from(scene).await?;
        let bytes = files::noise(60_000_000, 73);
        let provider = scene.command_line("provider", &away.node)?;
        let (_sharing, cid) = provider.share(&scene.file("hotel.bin", &bytes)?).await?;
        away.begin(&cid).await?;
        away.lines.iter().for_each(|line| line.want_login(true));
        away.face
            .wait(
                "that the lost connection is shown",
                ONLINE,
                r#"return ['offline', 'connecting'].includes(
                     document.querySelector('[data-testid="network"]')?.dataset.network);"#,
            )
            .await?;
        away.face.picture("portal").await?;
        let items = away.face.items().await?;
        let blamed =
            |item: &fluence_tests::face::Shown| item.failure.as_deref() == Some("wrong_bytes");
        ensure!(!items.iter().any(blamed), "{items:?}");

        // The person logs in, and presses nothing else.
        away.lines.iter().for_each(|line| line.want_login(false));
        away.gets("hotel.bin", &bytes).await?;
        away.face.wait_network("online", BACK).await
    });
}

#[test]
fn a_clock_that_is_wrong_by_hours_breaks_nothing() {
    play("clock", async |scene| {
        let mut node = scene.node("node", &[]).await?;
        let mut browsers = Vec::new();
        for (name, hours) in [("alice", 3), ("bob", -5)] {
            let mut browser = scene.browser_with_clock(name, hours)?;
            browser.open().await?;
            let face = browser.face().await?;
            face.set_nodes(&[node.websocket()?]).await?;
            face.wait_network("online", ONLINE).await?;
            browsers.push((browser, face));
        }
        let [(alice, sharer), (bob, fetcher)] = &browsers[..] else {
            unreachable!("two were opened");
        };
        // Reservations and records are made anew under the wrong clocks.
        node.stop().await?;
        node.start_again().await?;
        for face in [sharer, fetcher] {
            face.wait_network("online", ONLINE).await?;
        }
        // It takes several parts to upload this, each with a token that has its time from the node.
        let bytes = files::noise(40_000_000, 74);
        sharer.share(&[&scene.file("early.bin", &bytes)?]).await?;
        let shown = sharer.wait_named("early.bin", &["shared"], SMALL).await?;
        let cid = shown.cid.context("a shared file without a hash")?;
        // The extension believes its clock.
        let created = sharer.state().await?["items"][&shown.id]["created"].as_u64();
        let really = std::time::UNIX_EPOCH.elapsed()?.as_millis() as u64;
        ensure!(
            created.is_some_and(|created| created > really + 3_600_000),
            "{created:?}"
        );
        fetcher.fetch(&cid).await?;
        same_bytes(&bob.saved("early.bin", SMALL).await?, &bytes)?;
        let back = files::noise(3_000_000, 75);
        fetcher.share(&[&scene.file("late.bin", &back)?]).await?;
        let shown = fetcher.wait_named("late.bin", &["shared"], SMALL).await?;
        sharer
            .fetch(&shown.cid.context("a shared file without a hash")?)
            .await?;
        same_bytes(&alice.saved("late.bin", SMALL).await?, &back)?;
        // A worker that starts again finds everything as it was.
        alice.stop_worker().await?;
        let stranger = scene.command_line("stranger", &node)?;
        crate::lifetime::until_answered(&stranger, &cid).await?;
        same_bytes(&stranger.fetch(&cid, SMALL).await?, &bytes)
    });
}

/// What a private window shows of the extension, in the page that lists extensions.
const ALLOW_PRIVATE: &str = "const [id, done] = arguments;
    chrome.developerPrivate.updateExtensionConfiguration({ extensionId: id, incognitoAccess: true }, () => {
      const refused = chrome.runtime.lastError?.message ?? null;
      chrome.developerPrivate.getExtensionInfo(id, info => done([refused, info.incognitoAccess]));
    });";

#[test]
fn nothing_is_shared_from_a_private_window() {
    play_in_chromium(
        "private_window",
        "a page of Chromium lets the extension into private windows",
        async |scene| {
            let mut alice = scene.browser("alice", None)?;
            alice.open().await?;
            let driver = alice.driver()?;
            driver.goto("chrome://extensions").await?;
            let id = alice.extension_url("");
            let id = id.split('/').nth(2).unwrap_or_default();
            // Not even a person who wants it can let it in.
            let allowed = driver.execute_async(ALLOW_PRIVATE, vec![json!(id)]).await?;
            let access = &allowed.json()[1];
            ensure!(
                access["isEnabled"] == json!(false) && access["isActive"] == json!(false),
                "{allowed:?}"
            );
            // The settings say so, and why.
            driver
                .goto(alice.extension_url("popup.html?view=options"))
                .await?;
            let said = alice
            .shown()
            .await?
            .wait(
                "what the settings say of private windows",
                SMALL,
                r#"return document.querySelector('[data-testid="private-windows"]')?.textContent;"#,
            )
            .await?;
            ensure!(
                said.as_str().is_some_and(|said| said.contains("no trace")),
                "{said}"
            );
            Ok(())
        },
    );
}

#[test]
fn firefox_shares_nothing_from_a_private_window() {
    play_in_firefox(
        "firefox_private_window",
        "its own test plays it",
        async |scene| {
            let mut alice = scene.browser("alice", None)?;
            alice.open().await?;
            // Not even a person who wants it can let it in: it is not in the menu, and is told of nothing.
            let [ordinary, private] = alice.in_windows(&scene.site.url("/login")).await?;
            let ours = |label: &String| label.contains("Fluence Share");
            ensure!(
                ordinary.knows && ordinary.labels.iter().any(ours),
                "{ordinary:?}"
            );
            ensure!(
                !private.knows && private.labels.len() > 1 && !private.labels.iter().any(ours),
                "{private:?}"
            );
            let face = alice.face().await?;
            ensure!(face.items().await?.is_empty());
            Ok(())
        },
    );
}
