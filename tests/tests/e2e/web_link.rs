//! Web links: the page of a node fetches, checks, opens, shows and saves what a link leads to.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fluence_tests::browser::Browser;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{Scene, same_bytes};
use serde_json::{Value, json};
use thirtyfour::By;
use tokio::time::sleep;

use crate::{SMALL, play};

/// How often the page is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What the page shows.
const SHOWN: &str = r#"
const part = name => {
  const part = document.querySelector(`[data-testid="${name}"]`);
  return part && !part.hidden ? part.textContent : '';
};
const picture = document.querySelector('[data-testid="preview"] img');
return {
  name: part('name'), about: part('about'), state: part('state'), trouble: part('trouble'), checked: part('checked'),
  preview: part('preview'), files: part('files'), save: part('save'), width: picture?.naturalWidth ?? 0,
  kind: document.querySelector('[data-testid="preview"] > *')?.localName ?? '',
  title: document.title,
  elsewhere: performance.getEntriesByType('resource').map(entry => entry.name)
    .filter(name => !name.startsWith(location.origin) && !name.startsWith(`blob:${location.origin}`)),
};"#;

/// A browser with an empty tab.
async fn browser(scene: &Scene) -> Result<Browser> {
    let mut browser = scene.browser("bob", None)?;
    browser.open().await?;
    Ok(browser)
}

/// Opens an address, and waits until the page shows something for which `is` holds.
async fn open(browser: &Browser, link: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
    let driver = browser.driver()?;
    driver.goto("about:blank").await?;
    driver.goto(link).await?;
    until(browser, is).await
}

async fn until(browser: &Browser, is: impl Fn(&Value) -> bool) -> Result<Value> {
    let deadline = Instant::now() + SMALL;
    loop {
        let shown = browser.driver()?.execute(SHOWN, vec![]).await?;
        if is(shown.json()) {
            return Ok(shown.json().clone());
        }
        ensure!(
            Instant::now() < deadline,
            "it did not come to that: {}",
            shown.json()
        );
        sleep(LOOK).await;
    }
}

/// Keeps a picture of the page in both themes.
async fn picture(scene: &Scene, browser: &Browser, label: &str) -> Result<()> {
    let tools = thirtyfour::extensions::cdp::ChromeDevTools::new(browser.driver()?.handle.clone());
    for theme in ["light", "dark"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        tools
            .execute_cdp_with_params("Emulation.setEmulatedMedia", media)
            .await?;
        let file = format!("web-link-{label}-{theme}.png");
        let file = scene.artifacts.directory().join(file);
        browser.driver()?.screenshot(&file).await?;
    }
    Ok(())
}

fn is_checked(shown: &Value) -> bool {
    shown["checked"] != ""
}

fn has_trouble(shown: &Value) -> bool {
    shown["trouble"] != ""
}

fn base(node: &Node) -> String {
    node.listening().http.trim_end_matches('/').to_owned()
}

async fn save(browser: &Browser) -> Result<()> {
    let button = browser.driver()?.find(By::Testid("save")).await?;
    Ok(button.click().await?)
}

#[test]
fn a_web_link_is_checked_shown_and_saved() {
    play("web_link_plain", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);

        let bytes = files::picture(800, 600)?;
        let (_first, cid) = sharer.share(&scene.file("sunset.png", &bytes)?).await?;
        let link = format!("{base}/#{cid}&name=sunset.png");
        let shown = open(&bob, &link, |shown| shown["width"] == 800).await?;
        ensure!(
            is_checked(&shown) && shown["name"] == "sunset.png",
            "{shown}"
        );
        picture(scene, &bob, "picture").await?;
        save(&bob).await?;
        same_bytes(&bob.saved("sunset.png", SMALL).await?, &bytes)?;
        ensure!(shown["elsewhere"] == json!([]), "{shown}");

        // A page is shown as text, and does nothing.
        let evil = b"<!doctype html><script>document.title = 'mine'</script>";
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='70' height='50' onload=\"top.document.title = 'mine'\">\
            <script>top.document.title = 'mine'</script></svg>";
        for (name, bytes, kind) in [("a.html", &evil[..], "pre"), ("a.svg", &svg[..], "img")] {
            let (_program, cid) = sharer.share(&scene.file(name, bytes)?).await?;
            let link = format!("{base}/#{cid}&name={name}");
            let shown = open(&bob, &link, |shown| shown["kind"] == kind).await?;
            ensure!(shown["title"] == "Fluence Share", "a script ran: {shown}");
        }
        let pdf = files::document("Everything is a function call.");
        let (_program, cid) = sharer.share(&scene.file("a.pdf", &pdf)?).await?;
        let link = format!("{base}/#{cid}&name=a.pdf");
        // A viewer may run what a PDF does by itself, so it is shown on demand.
        open(&bob, &link, |shown| shown["kind"] == "button").await?;
        let show = By::Css(r#"[data-testid="preview"] button"#);
        bob.driver()?.find(show).await?.click().await?;
        until(&bob, |shown| shown["kind"] == "iframe").await?;
        picture(scene, &bob, "pdf").await?;

        // What is too large to be held is written to the disk as it comes.
        let large = files::noise(90_000_000, 7);
        let (_large, cid) = sharer.share(&scene.file("large.bin", &large)?).await?;
        let link = format!("{base}/#{cid}&name=l%C3%A4rge.bin");
        open(&bob, &link, |shown| shown["save"] != "").await?;
        picture(scene, &bob, "large").await?;
        save(&bob).await?;
        same_bytes(&bob.saved("lärge.bin", SMALL).await?, &large)?;
        let shown = until(&bob, is_checked).await?;
        ensure!(shown["elsewhere"] == json!([]), "{shown}");

        // Nothing, and something that is nothing.
        for (fragment, words) in [
            ("", "leads to a node"),
            ("#x", "not the link of a file"),
            (
                "#bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
                "nobody who shares it",
            ),
        ] {
            let shown = open(&bob, &format!("{base}/{fragment}"), has_trouble).await?;
            let trouble = shown["trouble"].as_str().unwrap_or_default();
            ensure!(trouble.contains(words), "{shown}");
        }
        picture(scene, &bob, "nobody").await
    });
}

#[test]
fn a_private_web_link_is_opened_in_the_browser() {
    play("web_link_private", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        let letter = "Liebe Ä., alles ist ein Funktionsaufruf.".repeat(9000);
        let file = scene.file("Brief.txt", letter.as_bytes())?;
        let (_program, link) = sharer.share_privately(&file).await?;
        let (cid, key) = link
            .strip_prefix("fluence:")
            .and_then(|link| link.split_once('#'))
            .context("the link has no key")?;
        let wrong = format!("{base}/#{cid}&key={}", "A".repeat(22));
        let shown = open(&bob, &wrong, has_trouble).await?;
        let trouble = shown["trouble"].as_str().unwrap_or_default();
        ensure!(trouble.contains("does not open it"), "{shown}");
        ensure!(shown["save"] == "" && shown["preview"] == "", "{shown}");
        picture(scene, &bob, "wrong_key").await?;

        let shown = open(&bob, &format!("{base}/#{cid}&key={key}"), is_checked).await?;
        ensure!(shown["name"] == "Brief.txt", "{shown}");
        until(&bob, |shown| {
            let words = shown["preview"].as_str().unwrap_or_default();
            words.starts_with("Liebe Ä.")
        })
        .await?;
        picture(scene, &bob, "private").await?;
        save(&bob).await?;
        same_bytes(&bob.saved("Brief.txt", SMALL).await?, letter.as_bytes())?;

        // A large one is decrypted while it is saved, and a folder is listed.
        let large = files::noise(90_000_000, 8);
        let (_large, link) = sharer
            .share_privately(&scene.file("large.bin", &large)?)
            .await?;
        let link = link
            .replace('#', "&key=")
            .replace("fluence:", &format!("{base}/#"));
        let shown = open(&bob, &link, |shown| shown["save"] != "").await?;
        ensure!(shown["name"] == "large.bin", "{shown}");
        save(&bob).await?;
        same_bytes(&bob.saved("large.bin", SMALL).await?, &large)?;

        let log = scene.artifacts.directory().join("node.log");
        let log = std::fs::read_to_string(log).unwrap_or_default();
        ensure!(!log.contains(key), "the node has seen the key");
        Ok(())
    });
}

#[test]
fn a_node_that_lies_is_not_believed() {
    play("web_link_lies", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bytes = files::noise(3_000_000, 9);
        let (_program, cid) = sharer.share(&scene.file("a.bin", &bytes)?).await?;
        let liar = Liar { node: base(&node) };
        let page = Router::new()
            .route("/", get(index))
            .route("/page/{name}", get(part))
            .route("/ipfs/{cid}", get(lie))
            .with_state(liar);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move { axum::serve(listener, page).await });
        let bob = browser(scene).await?;
        let link = format!("http://{address}/#{cid}&name=a.bin");
        let shown = open(&bob, &link, has_trouble).await?;
        let trouble = shown["trouble"].as_str().unwrap_or_default();
        ensure!(
            trouble.contains("something else than what the link names"),
            "{shown}"
        );
        ensure!(shown["save"] == "" && shown["checked"] == "", "{shown}");
        picture(scene, &bob, "lies").await?;
        server.abort();
        Ok(())
    });
}

/// A node that changes a byte of every file.
#[derive(Clone)]
struct Liar {
    node: String,
}

async fn pass(url: String) -> Result<(String, Vec<u8>), reqwest::Error> {
    let answer = reqwest::get(url).await?;
    let kind = answer.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_owned();
    Ok((kind, answer.bytes().await?.to_vec()))
}

async fn sent(url: String, change: bool) -> Response {
    match pass(url).await {
        Ok((kind, mut bytes)) => {
            if change {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            ([("content-type", kind)], bytes).into_response()
        }
        Err(error) => (http_error(), error.to_string()).into_response(),
    }
}

fn http_error() -> axum::http::StatusCode {
    axum::http::StatusCode::BAD_GATEWAY
}

async fn index(State(liar): State<Liar>) -> Response {
    sent(liar.node, false).await
}

async fn part(State(liar): State<Liar>, Path(name): Path<String>) -> Response {
    sent(format!("{}/page/{name}", liar.node), false).await
}

async fn lie(State(liar): State<Liar>, Path(cid): Path<String>) -> Response {
    sent(format!("{}/ipfs/{cid}?format=car", liar.node), true).await
}
