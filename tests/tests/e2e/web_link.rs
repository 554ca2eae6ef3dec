//! Web links: the page of a node fetches, checks, opens, shows and saves what a link leads to.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fluence::private::record::{HEADER, RECORD};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{Scene, same_bytes};
use serde_json::{Value, json};
use thirtyfour::By;
use thirtyfour::extensions::cdp::ChromeDevTools;
use tokio::time::sleep;

use crate::{SMALL, play, play_in_chromium};

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
        bob.checked_picture("picture").await?;
        save(&bob).await?;
        same_bytes(&bob.saved("sunset.png", SMALL).await?, &bytes)?;
        ensure!(shown["elsewhere"] == json!([]), "{shown}");

        // A page is shown as text, and does nothing; nor does a picture ask for anything.
        let spy = scene.site.add("spy.png", "image/png", bytes.clone());
        let evil =
            format!("<!doctype html><img src='{spy}'><script>document.title = 'mine'</script>");
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='70' height='50' onload=\"top.document.title = 'mine'\">\
            <image href='{spy}' width='9' height='9'/><script>top.document.title = 'mine'</script></svg>"
        );
        for (name, bytes, kind) in [
            ("a.html", evil.as_bytes(), "pre"),
            ("a.svg", svg.as_bytes(), "img"),
        ] {
            let (_program, cid) = sharer.share(&scene.file(name, bytes)?).await?;
            let link = format!("{base}/#{cid}&name={name}");
            let shown = open(&bob, &link, |shown| shown["kind"] == kind).await?;
            ensure!(shown["title"] == "Fluence Share", "a script ran: {shown}");
        }
        ensure!(
            scene.site.asked("/files/spy.png") == 0,
            "the page asked elsewhere"
        );
        let pdf = files::document("Everything is a function call.");
        let (_program, cid) = sharer.share(&scene.file("a.pdf", &pdf)?).await?;
        let link = format!("{base}/#{cid}&name=a.pdf");
        // A viewer may run what a PDF does by itself, so it is shown on demand.
        open(&bob, &link, |shown| shown["kind"] == "button").await?;
        let show = By::Css(r#"[data-testid="preview"] button"#);
        bob.driver()?.find(show).await?.click().await?;
        until(&bob, |shown| shown["kind"] == "iframe").await?;
        bob.checked_picture("pdf").await?;

        // What is too large to be held is written to the disk as it comes.
        let large = files::noise(90_000_000, 7);
        let (_large, cid) = sharer.share(&scene.file("large.bin", &large)?).await?;
        let link = format!("{base}/#{cid}&name=l%C3%A4rge.bin");
        open(&bob, &link, |shown| shown["save"] != "").await?;
        bob.checked_picture("large").await?;
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
        bob.checked_picture("nobody").await
    });
}

/// Makes a video of this page's own, and leaves it in the window as base64.
const MAKE_VIDEO: &str = r#"
const canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [64, 48];
const brush = canvas.getContext('2d');
const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
const parts = [];
recorder.ondataavailable = ({ data }) => parts.push(data);
recorder.onstop = () => {
  const reader = new FileReader();
  reader.onload = () => { window.video = reader.result.split(',')[1]; };
  reader.readAsDataURL(new Blob(parts));
};
recorder.start();
let frames = 0;
const draw = () => {
  brush.fillStyle = `hsl(${frames * 9} 80% 50%)`;
  brush.fillRect(0, 0, 64, 48);
  if (++frames < 25) requestAnimationFrame(draw); else recorder.stop();
};
draw();"#;

#[test]
fn sound_and_video_are_played_and_no_document_calls_home() {
    play("web_link_media", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        let driver = bob.driver()?;
        driver.goto(scene.site.url("/")).await?;
        driver.execute(MAKE_VIDEO, vec![]).await?;
        let deadline = Instant::now() + SMALL;
        let video = loop {
            let made = driver
                .execute("return window.video ?? null;", vec![])
                .await?;
            if let Some(made) = made.json().as_str() {
                break BASE64.decode(made)?;
            }
            ensure!(Instant::now() < deadline, "the browser made no video");
            sleep(LOOK).await;
        };
        for (name, bytes, kind) in [
            ("tone.wav", files::sound(), "audio"),
            ("colours.webm", video, "video"),
        ] {
            let (_program, cid) = sharer.share(&scene.file(name, &bytes)?).await?;
            let link = format!("{base}/#{cid}&name={name}");
            open(&bob, &link, |shown| shown["kind"] == kind).await?;
            let watch = format!(
                "const player = document.querySelector('{kind}');
                 player.addEventListener('timeupdate', () => {{ player.dataset.at = player.currentTime; }});"
            );
            driver.execute(&watch, vec![]).await?;
            match bob.kind() {
                Kind::Chromium => driver.find(By::Tag(kind)).await?.send_keys(" ").await?,
                // Its player takes no keys of drivers.
                Kind::Firefox => {
                    let play = "const [player] = arguments; player.muted = true; player.play();";
                    let player = driver.find(By::Tag(kind)).await?;
                    driver.execute(play, vec![player.to_json()?]).await?;
                }
            }
            let deadline = Instant::now() + SMALL;
            let at = format!(
                "const player = document.querySelector('{kind}');
                 return Number(player.dataset.at ?? 0) > 0 && (player.videoWidth ?? 64) === 64 && player.error === null;"
            );
            while *driver.execute(&at, vec![]).await?.json() != json!(true) {
                ensure!(Instant::now() < deadline, "{name} is not played");
                sleep(LOOK).await;
            }
            bob.checked_picture(kind).await?;
        }

        // What a document does by itself when it is shown.
        let spy = scene.site.add("spy.txt", "text/plain", b"seen".to_vec());
        for (name, action) in [
            (
                "script.pdf",
                format!(
                    "/S /JavaScript /JS (app.launchURL\\('{spy}'\\); this.submitForm\\('{spy}'\\);)"
                ),
            ),
            ("link.pdf", format!("/S /URI /URI ({spy})")),
        ] {
            let pdf = files::acting_document("Everything is a function call.", &action);
            let (_program, cid) = sharer.share(&scene.file(name, &pdf)?).await?;
            let link = format!("{base}/#{cid}&name={name}");
            open(&bob, &link, |shown| shown["kind"] == "button").await?;
            let show = By::Css(r#"[data-testid="preview"] button"#);
            driver.find(show).await?.click().await?;
            let shown = until(&bob, |shown| shown["kind"] == "iframe").await?;
            ensure!(shown["title"] == "Fluence Share", "{shown}");
            bob.checked_picture(name).await?;
        }
        ensure!(
            scene.site.asked("/files/spy.txt") == 0,
            "a document asked elsewhere"
        );
        Ok(())
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
        bob.checked_picture("wrong_key").await?;

        let shown = open(&bob, &format!("{base}/#{cid}&key={key}"), is_checked).await?;
        ensure!(
            shown["name"] == "Brief.txt" && shown["elsewhere"] == json!([]),
            "{shown}"
        );
        until(&bob, |shown| {
            let words = shown["preview"].as_str().unwrap_or_default();
            words.starts_with("Liebe Ä.")
        })
        .await?;
        bob.checked_picture("private").await?;
        save(&bob).await?;
        same_bytes(&bob.saved("Brief.txt", SMALL).await?, letter.as_bytes())?;

        // What was changed after it was encrypted has a hash of its own, and is refused all the same.
        let carol = scene.command_line("carol", &node)?;
        let sealed = std::fs::read(carol.fetch(cid, SMALL).await?)?;
        let record = |number: usize| {
            let start = HEADER + number * RECORD as usize;
            &sealed[start..sealed.len().min(start + RECORD as usize)]
        };
        let mut flipped = sealed.clone();
        flipped[HEADER + 2 * RECORD as usize + 9] ^= 1;
        let order = [0, 2, 1, 3, 4, 5].map(record).concat();
        let swapped = [&sealed[..HEADER], &order].concat();
        let cut = sealed[..HEADER + 3 * RECORD as usize].to_vec();
        let longer = [&sealed[..], b"more"].concat();
        for (about, body) in [
            ("flipped", flipped),
            ("swapped", swapped),
            ("cut", cut),
            ("longer", longer),
        ] {
            let (_program, cid) = sharer.share(&scene.file(about, &body)?).await?;
            let shown = open(&bob, &format!("{base}/#{cid}&key={key}"), has_trouble).await?;
            let trouble = shown["trouble"].as_str().unwrap_or_default();
            ensure!(
                trouble.contains("was changed or cut off"),
                "{about}: {shown}"
            );
            ensure!(
                shown["save"] == "" && shown["preview"] == "",
                "{about}: {shown}"
            );
        }

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
        let log = std::fs::read_to_string(log)?;
        ensure!(!log.contains(key), "the node has seen the key");
        Ok(())
    });
}

#[test]
fn at_an_insecure_address_a_large_file_is_kept_until_it_is_saved() {
    play("web_link_insecure", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node).replace("127.0.0.1", "insecure.test");
        let bytes = files::noise(70_000_000, 12);
        let file = scene.file("large.bin", &bytes)?;
        let (_plain, cid) = sharer.share(&file).await?;
        let (_private, secret) = sharer.share_privately(&file).await?;
        let link = format!("{base}/#{cid}&name=large.bin");
        // There are neither service workers nor the browser's hashes.
        let shown = open(&bob, &link, |shown| shown["save"] != "").await?;
        let state = shown["state"].as_str().unwrap_or_default();
        ensure!(state.contains("70 MB in memory"), "{shown}");
        save(&bob).await?;
        let shown = until(&bob, is_checked).await?;
        let state = shown["state"].as_str().unwrap_or_default();
        ensure!(state.contains("may ask"), "{shown}");
        // Chromium keeps it beside its place until the person says that they want it from such an address.
        let name = match bob.kind() {
            Kind::Chromium => "large.bin.crdownload",
            Kind::Firefox => "large.bin",
        };
        let kept = bob.saved(name, SMALL).await?;
        let deadline = Instant::now() + SMALL;
        while kept.metadata()?.len() < bytes.len() as u64 && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        same_bytes(&kept, &bytes)?;
        // Nor is there a cipher.
        let link = secret.replace('#', "&key=");
        let link = link.replace("fluence:", &format!("{base}/#"));
        let shown = open(&bob, &link, has_trouble).await?;
        let trouble = shown["trouble"].as_str().unwrap_or_default();
        ensure!(
            trouble.contains("only on pages with an https address"),
            "{shown}"
        );
        Ok(())
    });
}

/// What makes a browser one without service workers.
const NO_SERVICE_WORKERS: &str =
    "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined });";

#[test]
fn where_there_is_no_service_worker_a_person_chooses_the_file() {
    play_in_chromium(
        "web_link_choice",
        "it has no File System Access",
        async |scene| {
            let node = scene.node("node", &[]).await?;
            let sharer = scene.command_line("sharer", &node)?;
            let base = base(&node);
            let bytes = files::noise(70_000_000, 13);
            let file = scene.file("large.bin", &bytes)?;
            let (_plain, cid) = sharer.share(&file).await?;
            let (_private, secret) = sharer.share_privately(&file).await?;
            let secret = secret.replace('#', "&key=");
            let links = [
                ("plain", format!("{base}/#{cid}&name=large.bin")),
                ("private", secret.replace("fluence:", &format!("{base}/#"))),
            ];
            for (name, link) in links {
                let mut bob = scene.browser(name, Some(scene.hidden_display().await?))?;
                bob.open().await?;
                let source = json!({ "source": NO_SERVICE_WORKERS });
                ChromeDevTools::new(bob.driver()?.handle.clone())
                    .execute_cdp_with_params("Page.addScriptToEvaluateOnNewDocument", source)
                    .await?;
                open(&bob, &link, |shown| shown["save"] != "").await?;
                save(&bob).await?;
                let chosen = bob.save_in_dialog("large.bin").await?;
                until(&bob, is_checked).await?;
                same_bytes(&chosen, &bytes)?;
                bob.checked_picture("chosen").await?;
            }
            Ok(())
        },
    );
}

/// Checks that a file is a ZIP file of these files.
fn is_zip_of(zip: &std::path::Path, files: &[(&str, &[u8])]) -> Result<()> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(zip)?)?;
    ensure!(zip.len() >= files.len(), "it has {} files", zip.len());
    for (path, expected) in files {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(path)?, &mut bytes)?;
        ensure!(bytes == *expected, "{path} has other bytes");
    }
    Ok(())
}

#[test]
fn a_folder_is_listed_or_saved_as_it_comes() {
    play("web_link_folder", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        let private = |link: &str| {
            let link = link.replace('#', "&key=");
            link.replace("fluence:", &format!("{base}/#"))
        };
        let noise = files::noise(100_000_000, 10);
        let files: [(&str, &[u8]); 3] = [
            ("a/100% Ä.txt", b"Everything is a function call."),
            ("a/empty", b""),
            ("noise", &noise),
        ];
        // Folders of two sizes: one that is held, and one that is not.
        for (name, copies) in [("small", 0), ("large", 3)] {
            let folder = scene.path(name);
            std::fs::create_dir_all(folder.join("a"))?;
            for (path, bytes) in &files[..if copies == 0 { 2 } else { 3 }] {
                std::fs::write(folder.join(path), bytes)?;
            }
            for copy in 1..copies {
                let (from, to) = (folder.join("noise"), folder.join(format!("noise {copy}")));
                std::fs::hard_link(from, to)?;
            }
            let (_plain, cid) = sharer.share(&folder).await?;
            let (_private, link) = sharer.share_privately(&folder).await?;
            for link in [format!("{base}/#{cid}&name={name}"), private(&link)] {
                if copies == 0 {
                    let shown = open(&bob, &link, |shown| shown["files"] != "").await?;
                    let listed = shown["files"].as_str().unwrap_or_default();
                    ensure!(listed.contains("a/100% Ä.txt"), "{shown}");
                    bob.checked_picture("folder").await?;
                    let button = r#"[data-testid="files"] button[aria-label*="100%"]"#;
                    bob.driver()?.find(By::Css(button)).await?.click().await?;
                    let saved = match bob.kind() {
                        Kind::Chromium => "100% Ä.txt",
                        Kind::Firefox => "100_ Ä.txt",
                    };
                    let saved = bob.saved(saved, SMALL).await?;
                    same_bytes(&saved, files[0].1)?;
                    std::fs::remove_file(saved)?;
                    continue;
                }
                let shown = open(&bob, &link, |shown| shown["save"] != "").await?;
                ensure!(shown["name"] == name, "{shown}");
                save(&bob).await?;
                let saved = bob.saved(&format!("{name}.zip"), SMALL).await?;
                is_zip_of(&saved, &files)?;
                std::fs::remove_file(saved)?;
                until(&bob, is_checked).await?;
            }
        }
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
        bob.checked_picture("lies").await?;
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
