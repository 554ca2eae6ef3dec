//! Web links: the page of a node fetches, checks, opens, shows and saves what a link leads to.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use fluence::private::record::{HEADER, RECORD};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::process::repository;
use fluence_tests::scene::{Scene, same_bytes};
use serde_json::{Value, json};
use thirtyfour::By;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::private::has_nothing_of;
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
  lacksKey: part('lacks-key'),
  preview: part('preview'), files: part('files'), changes: part('changes'), save: part('save'), width: picture?.naturalWidth ?? 0,
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

/// A video, which the page in the current tab makes.
pub(crate) async fn make_video(browser: &Browser) -> Result<Vec<u8>> {
    let driver = browser.driver()?;
    driver.execute(MAKE_VIDEO, vec![]).await?;
    let deadline = Instant::now() + SMALL;
    loop {
        let made = driver
            .execute("return window.video ?? null;", vec![])
            .await?;
        if let Some(made) = made.json().as_str() {
            return Ok(BASE64.decode(made)?);
        }
        ensure!(Instant::now() < deadline, "the browser made no video");
        sleep(LOOK).await;
    }
}

/// Begins to play sound or a video, as a person does.
pub(crate) async fn play_it(browser: &Browser, element: &str) -> Result<()> {
    let driver = browser.driver()?;
    let player = driver.find(By::Tag(element)).await?;
    match browser.kind() {
        Kind::Chromium => player.send_keys(" ").await?,
        // Its player takes no keys of drivers.
        Kind::Firefox => {
            let play = "const [player] = arguments; player.muted = true; player.play();";
            driver.execute(play, vec![player.to_json()?]).await?;
        }
    }
    Ok(())
}

#[test]
fn sound_and_video_are_played_and_no_document_calls_home() {
    play("web_link_media", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        let driver = bob.driver()?;
        driver.goto(scene.site.url("/")).await?;
        let video = make_video(&bob).await?;
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
            play_it(&bob, kind).await?;
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

        let shown = open(&bob, &format!("{base}/#{cid}"), is_checked).await?;
        let lacks = shown["lacksKey"].as_str().unwrap_or_default();
        ensure!(lacks.contains("the link has no key"), "{shown}");
        bob.checked_picture("no_key").await?;

        let shown = open(&bob, &format!("{base}/#{cid}&key={key}"), is_checked).await?;
        ensure!(
            shown["name"] == "Brief.txt" && shown["elsewhere"] == json!([]),
            "{shown}"
        );
        ensure!(shown["lacksKey"] == "", "{shown}");
        until(&bob, |shown| {
            let words = shown["preview"].as_str().unwrap_or_default();
            words.starts_with("Liebe Ä.")
        })
        .await?;
        bob.checked_picture("private").await?;
        save(&bob).await?;
        same_bytes(&bob.saved("Brief.txt", SMALL).await?, letter.as_bytes())?;

        // A large one is decrypted while it is saved, and a folder is listed.
        let large = files::noise(90_000_000, 8);
        let (_large, link) = sharer
            .share_privately(&scene.file("large.bin", &large)?)
            .await?;
        let link = private_link(&base, &link);
        let shown = open(&bob, &link, |shown| shown["save"] != "").await?;
        ensure!(shown["name"] == "large.bin", "{shown}");
        save(&bob).await?;
        same_bytes(&bob.saved("large.bin", SMALL).await?, &large)?;

        // Neither the node nor its storage has anything of it.
        let secrets: [&[u8]; 4] = [
            b"Funktionsaufruf",
            b"Brief.txt",
            key.as_bytes(),
            &URL_SAFE_NO_PAD.decode(key)?,
        ];
        has_nothing_of(&scene.path("node"), &secrets)?;
        let log = std::fs::read(scene.artifacts.directory().join("node.log"))?;
        for secret in secrets {
            let is_there = log.windows(secret.len()).any(|part| part == secret);
            ensure!(
                !is_there,
                "the node's log has “{}”",
                String::from_utf8_lossy(secret)
            );
        }
        Ok(())
    });
}

/// The web link of a private share.
fn private_link(base: &str, link: &str) -> String {
    let link = link.replace('#', "&key=");
    link.replace("fluence:", &format!("{base}/#"))
}

/// The body of a private share, changed in every way that a record, the order, the end and the header can be.
fn tampered(sealed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let size = RECORD as usize;
    let (header, records) = sealed.split_at(HEADER);
    let records: Vec<&[u8]> = records.chunks(size).collect();
    let (last, middle) = (records.len() - 1, records.len() / 2);
    let whole = |records: &[&[u8]]| [header, &records.concat()].concat();
    let flipped = |at: usize| {
        let mut body = sealed.to_vec();
        body[at] ^= 1;
        body
    };
    let in_record = |number: usize| flipped(HEADER + number * size + 9);
    let mut swapped = records.clone();
    swapped.swap(middle, middle + 1);
    let mut without = records.clone();
    without.remove(middle);
    let mut twice = records.clone();
    twice.insert(middle, records[middle]);
    vec![
        ("salt", flipped(3)),
        ("record size", flipped(18)),
        ("key id", flipped(HEADER - 1)),
        ("first record", in_record(0)),
        ("second record", in_record(1)),
        ("middle record", in_record(middle)),
        ("last record", in_record(last)),
        ("last tag", flipped(sealed.len() - 1)),
        ("order", whole(&swapped)),
        ("a record less", whole(&without)),
        ("a record twice", whole(&twice)),
        ("cut between records", whole(&records[..middle])),
        ("without the last record", whole(&records[..last])),
        ("cut within a record", sealed[..sealed.len() - 1].to_vec()),
        ("nothing but the header", header.to_vec()),
        ("longer", [sealed, b"more"].concat()),
    ]
}

/// What the page says of what does not open, was changed, or is no private share.
const TAMPERED: [&str; 3] = [
    "The key in the link does not open it",
    "was changed or cut off after it was encrypted",
    "is not a private share",
];

/// The changes to what is played with which its beginning is as it was, so that some of it may be played.
const BEGINS_WELL: [&str; 8] = [
    "second record",
    "middle record",
    "last tag",
    "order",
    "a record less",
    "a record twice",
    "cut between records",
    "without the last record",
];
/// Those with which nothing can be.
const BEGINS_BADLY: [&str; 3] = ["salt", "record size", "key id"];

#[test]
fn nothing_is_shown_or_saved_of_what_was_tampered_with() {
    play("web_link_tampered", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let carol = scene.command_line("carol", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        // What is shown once all of it is here, and what is played while it comes.
        let noise = files::noise(5 * RECORD as usize, 14);
        let tone = files::tone(95);
        ensure!(tone.len() > 17 << 20);
        let mut played = 0;
        for (name, bytes) in [("noise.bin", &noise), ("tone.wav", &tone)] {
            let is_sound = name == "tone.wav";
            let (_program, link) = sharer.share_privately(&scene.file(name, bytes)?).await?;
            let (cid, key) = link
                .strip_prefix("fluence:")
                .and_then(|link| link.split_once('#'))
                .context("the link has no key")?;
            let sealed = std::fs::read(carol.fetch(cid, SMALL).await?)?;
            ensure!(sealed.len() > bytes.len(), "that is not what was sealed");
            for (about, body) in tampered(&sealed) {
                if is_sound && !BEGINS_WELL.contains(&about) && !BEGINS_BADLY.contains(&about) {
                    continue;
                }
                let path = scene.file(&format!("{about}, {name}"), &body)?;
                let (_program, cid) = sharer.share(&path).await?;
                let link = format!("{base}/#{cid}&key={key}");
                let shown = open(&bob, &link, |shown| {
                    shown["kind"] == "audio" || has_trouble(shown)
                })
                .await?;
                if shown["kind"] == "audio" {
                    // The beginning is authentic and may be played. The browser is given nothing of what is not.
                    ensure!(is_sound && BEGINS_WELL.contains(&about), "{about}: {shown}");
                    let (end, given) = given(&bob, 0..bytes.len()).await?;
                    // Whatever reads it gets an error, or finds nothing where it was once the page knows.
                    ensure!(
                        ["failed", "nothing"].contains(&end.as_str()),
                        "{about}: reading it ended with “{end}”"
                    );
                    ensure!(bytes.starts_with(&given), "{about}: other bytes were given");
                    played += 1;
                }
                let shown = until(&bob, has_trouble).await?;
                let trouble = shown["trouble"].as_str().unwrap_or_default();
                ensure!(
                    TAMPERED.iter().any(|words| trouble.contains(words)),
                    "{name}, {about}: {shown}"
                );
                let nothing = ["save", "preview", "checked", "kind"];
                ensure!(
                    nothing.iter().all(|part| shown[part] == ""),
                    "{name}, {about}: {shown}"
                );
                std::fs::remove_file(path)?;
            }
            let saved = bob.downloaded()?;
            ensure!(saved.is_empty(), "{name}: {saved:?}");
            // And what was not tampered with is shown.
            let link = private_link(&base, &link);
            open(&bob, &link, is_checked).await?;
        }
        ensure!(played > 0, "none of it was played");
        Ok(())
    });
}

#[test]
fn no_file_becomes_of_what_turns_out_to_be_tampered_with_while_it_is_saved() {
    play("web_link_tampered_save", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let carol = scene.command_line("carol", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        // More than the page holds, so that the browser writes it down as it comes.
        let bytes = files::noise(70_000_000, 15);
        let (program, link) = sharer
            .share_privately(&scene.file("large.bin", &bytes)?)
            .await?;
        let (cid, key) = link
            .strip_prefix("fluence:")
            .and_then(|link| link.split_once('#'))
            .context("the link has no key")?;
        let sealed = std::fs::read(carol.fetch(cid, SMALL).await?)?;
        drop(program);
        let found_out_late = ["middle record", "last record", "without the last record"];
        let late: Vec<_> = tampered(&sealed)
            .into_iter()
            .filter(|(about, _)| found_out_late.contains(about))
            .collect();
        ensure!(late.len() == found_out_late.len());
        for (about, body) in late {
            let path = scene.file("changed", &body)?;
            let (_program, cid) = sharer.share(&path).await?;
            open(&bob, &format!("{base}/#{cid}&key={key}"), |shown| {
                shown["save"] != ""
            })
            .await?;
            save(&bob).await?;
            let shown = until(&bob, has_trouble).await?;
            let trouble = shown["trouble"].as_str().unwrap_or_default();
            ensure!(
                TAMPERED.iter().any(|words| trouble.contains(words)),
                "{about}: {shown}"
            );
            ensure!(shown["checked"] == "", "{about}: {shown}");
            if bob.kind() == Kind::Chromium {
                bob.until_nothing_is_downloaded(SMALL)
                    .await
                    .context(about)?;
            }
            // Firefox keeps what came of a download that failed beside an empty file of its name.
            for name in bob.downloaded()? {
                // It may be removed just now.
                let left = std::fs::read(bob.downloads().join(&name)).unwrap_or_default();
                let is_part = name.ends_with(".part") && left.len() < bytes.len();
                ensure!(
                    left.is_empty() || is_part && bytes.starts_with(&left),
                    "{about}: {name} is left"
                );
            }
        }
        Ok(())
    });
}

/// Reads bytes of what is played as the browser does: through the page, which passes on what it has checked.
const READ: &str = r#"
const [from, to, done] = arguments;
const id = document.querySelector('[data-testid="preview"] > [src]')?.src.split('/').pop();
if (id === undefined) {
  done({ end: 'nothing', bytes: '' });
  return;
}
// What plays it may ask for a part that is still on its way to the node.
setTimeout(() => done({ end: 'silent', bytes: '' }), 60_000);
const { port1, port2 } = new MessageChannel();
const pieces = [];
port1.onmessage = ({ data }) => {
  if (ArrayBuffer.isView(data)) {
    pieces.push(data);
  } else if (typeof data === 'object' && data.type !== undefined) {
    // What it is, before its bytes.
  } else {
    const reader = new FileReader();
    reader.onload = () => done({
      end: typeof data === 'string' ? data : 'nothing',
      bytes: reader.result.split(',')[1] ?? '',
    });
    reader.readAsDataURL(new Blob(pieces));
    return;
  }
  port1.postMessage('more');
};
navigator.serviceWorker.dispatchEvent(
  new MessageEvent('message', { data: { id, from, to }, ports: [port2] }));
"#;

/// What the page gives out of these bytes of what it plays, and how that ended: with “end” after all of it, with “failed”
/// where no more could be read, with “nothing” where nothing is played, and with “silent” if it does not end.
async fn given(browser: &Browser, range: std::ops::Range<usize>) -> Result<(String, Vec<u8>)> {
    let arguments = vec![json!(range.start), json!(range.end)];
    let read = browser.driver()?.execute_async(READ, arguments).await?;
    let end = read.json()["end"].as_str().context("no end")?;
    let bytes = read.json()["bytes"].as_str().context("no bytes")?;
    Ok((end.to_owned(), BASE64.decode(bytes)?))
}

/// Checks that the page gives out these bytes of what it plays.
async fn gives(browser: &Browser, whole: &[u8], range: std::ops::Range<usize>) -> Result<()> {
    let (end, bytes) = given(browser, range.clone()).await?;
    ensure!(end == "end", "reading {range:?} ended with “{end}”");
    ensure!(bytes == whole[range.clone()], "other bytes in {range:?}");
    Ok(())
}

/// Does something with what is played.
async fn player(browser: &Browser, script: &str) -> Result<Value> {
    let script = format!(
        r#"const player = document.querySelector('[data-testid="preview"] > *'); {script}"#
    );
    let done = browser.driver()?.execute(&script, vec![]).await?;
    Ok(done.json().clone())
}

async fn until_player(browser: &Browser, condition: &str) -> Result<()> {
    let deadline = Instant::now() + SMALL;
    while player(browser, &format!("return {condition};")).await? != json!(true) {
        let state = "return [player?.currentTime, player?.duration, player?.error?.message, player?.readyState];";
        ensure!(
            Instant::now() < deadline,
            "it is not so that {condition}: {}",
            player(browser, state).await?
        );
        sleep(LOOK).await;
    }
    Ok(())
}

#[test]
fn sound_of_any_size_is_played_while_it_comes_from_wherever_it_is_wanted() {
    play("web_link_stream", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        const SECONDS: u32 = 120;
        let tone = files::tone(SECONDS);
        let path = scene.file("tone.wav", &tone)?;
        let (_plain, cid) = sharer.share(&path).await?;
        let (_private, secret) = sharer.share_privately(&path).await?;
        for (what, link) in [
            ("plain", format!("{base}/#{cid}&name=tone.wav")),
            ("private", private_link(&base, &secret)),
        ] {
            let shown = open(&bob, &link, |shown| shown["kind"] == "audio").await?;
            ensure!(
                shown["name"] == "tone.wav" && shown["trouble"] == "",
                "{shown}"
            );
            let checked = shown["checked"].as_str().unwrap_or_default();
            ensure!(checked.contains("before it is shown"), "{shown}");
            until_player(&bob, &format!("Math.abs(player.duration - {SECONDS}) < 1")).await?;
            // The end is there, so that the player can go anywhere.
            let len = tone.len();
            gives(&bob, &tone, len - 100..len).await?;
            play_it(&bob, "audio").await?;
            until_player(&bob, "player.currentTime > 0.2").await?;
            // From the end, and back again.
            for at in [SECONDS - 20, 60] {
                player(&bob, &format!("player.currentTime = {at};")).await?;
                let goes_on = format!(
                    "!player.seeking && player.readyState >= 3 && player.currentTime > {at} + 0.2 && \
                     player.currentTime < {at} + 15 && player.error === null"
                );
                until_player(&bob, &goes_on).await?;
            }
            player(&bob, "player.pause();").await?;
            bob.checked_picture(what).await?;
            // The bytes are those of the file, wherever they are.
            for range in [
                0..100,
                len - 100..len,
                len / 2..len / 2 + 2_000_000,
                65_519 * 200 - 1500..65_519 * 200 + 1500,
                (9 << 20) - 1..(17 << 20) + 1,
            ] {
                let read = gives(&bob, &tone, range).await;
                read.with_context(|| what.to_owned())?;
            }
            // They are there for a player of this page alone, and no page themselves.
            let address = player(&bob, "return player.src;").await?;
            let address = address.as_str().context("it has an address")?.to_owned();
            let read = format!(
                "const [done] = arguments; fetch('{address}').then(({{ status }}) => done(status));"
            );
            let status = bob.driver()?.execute_async(&read, vec![]).await?;
            ensure!(*status.json() == json!(404), "{}", status.json());
            // It is saved while it is played.
            save(&bob).await?;
            let saved = bob.saved("tone.wav", SMALL).await?;
            same_bytes(&saved, &tone)?;
            std::fs::remove_file(saved)?;
            let shown = until(&bob, |shown| shown["state"] != "" && shown["save"] != "").await?;
            ensure!(
                shown["kind"] == "audio" && shown["elsewhere"] == json!([]),
                "{shown}"
            );
            let driver = bob.driver()?;
            driver.goto(&address).await?;
            let text = driver.find(By::Tag("body")).await?.text().await?;
            ensure!(text.is_empty() || text.contains("nothing here"), "{text}");
        }

        // The beginning of a text, and a picture of any size.
        let words = "Everything is a function call. ".repeat(100_000);
        let (_program, cid) = sharer
            .share(&scene.file("long.txt", words.as_bytes())?)
            .await?;
        let link = format!("{base}/#{cid}&name=long.txt");
        let shown = open(&bob, &link, |shown| {
            shown["kind"] == "pre" && shown["save"] != ""
        })
        .await?;
        let preview = shown["preview"].as_str().unwrap_or_default();
        ensure!(
            preview.starts_with("Everything is") && preview.ends_with("(The rest is in the file.)"),
            "{shown}"
        );
        let mut picture = files::picture(800, 600)?;
        picture.resize(70_000_000, 0);
        let (_program, cid) = sharer.share(&scene.file("large.png", &picture)?).await?;
        let link = format!("{base}/#{cid}&name=large.png");
        let shown = open(&bob, &link, |shown| shown["width"] == 800).await?;
        ensure!(shown["trouble"] == "" && shown["save"] != "", "{shown}");
        Ok(())
    });
}

#[test]
fn a_key_does_not_stay_in_the_address_and_the_page_can_be_loaded_again() {
    play("web_link_key", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
        let letter = "Alles ist ein Funktionsaufruf.";
        let file = scene.file("Brief.txt", letter.as_bytes())?;
        let (_program, link) = sharer.share_privately(&file).await?;
        let (cid, _) = link.split_once('#').context("the link has no key")?;
        let cid = cid.trim_start_matches("fluence:");
        let hidden = format!("{base}/#{cid}&private");
        let is_opened = |shown: &Value| shown["preview"] == letter;
        open(&bob, &private_link(&base, &link), is_opened).await?;
        let driver = bob.driver()?;
        ensure!(driver.current_url().await?.as_str() == hidden);
        // The tab still knows it: when it is loaded again, and when the person comes back to it.
        driver.refresh().await?;
        until(&bob, is_opened).await?;
        driver.goto(scene.site.url("/")).await?;
        driver.back().await?;
        until(&bob, is_opened).await?;
        ensure!(driver.current_url().await?.as_str() == hidden);
        // The same link once more, in the same tab.
        driver.goto(private_link(&base, &link)).await?;
        let deadline = Instant::now() + SMALL;
        while driver.current_url().await?.as_str() != hidden {
            ensure!(Instant::now() < deadline, "the key stays in the address");
            sleep(LOOK).await;
        }
        until(&bob, is_opened).await?;
        // Another one does not, and says what to do.
        driver.new_tab().await?;
        let tabs = driver.windows().await?;
        driver
            .switch_to_window(tabs.last().context("a tab")?.clone())
            .await?;
        let shown = open(&bob, &hidden, has_trouble).await?;
        let trouble = shown["trouble"].as_str().unwrap_or_default();
        ensure!(
            trouble.contains("Open the link that you were sent"),
            "{shown}"
        );
        ensure!(shown["name"] != "Brief.txt", "{shown}");
        bob.checked_picture("key_gone").await?;
        // A plain link stays as it is: whoever has its hash has the file.
        let (_program, plain) = sharer.share(&file).await?;
        let plain = format!("{base}/#{plain}&name=Brief.txt");
        open(&bob, &plain, is_opened).await?;
        ensure!(driver.current_url().await?.as_str() == plain);
        Ok(())
    });
}

#[test]
fn a_private_web_link_is_opened_again_after_its_tab_was_closed() {
    play("web_link_closed", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let bytes = files::noise(50_000_000, 15);
        let (_program, link) = sharer
            .share_privately(&scene.file("large.bin", &bytes)?)
            .await?;
        let link = private_link(&base(&node), &link);
        // Nobody has asked for it before. The tab is closed while it comes, if it does not come at once.
        let driver = bob.driver()?;
        let home = driver.window().await?;
        let tab = driver.new_tab().await?;
        driver.switch_to_window(tab).await?;
        open(&bob, &link, |shown| shown["name"] == "large.bin").await?;
        driver.close_window().await?;
        driver.switch_to_window(home).await?;
        let shown = open(&bob, &link, is_checked).await?;
        ensure!(shown["name"] == "large.bin", "{shown}");
        save(&bob).await?;
        same_bytes(&bob.saved("large.bin", SMALL).await?, &bytes)
    });
}

#[test]
fn no_request_has_the_key_or_the_name_in_it() {
    play("web_link_asked", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let letter = "Alles ist ein Funktionsaufruf.";
        let file = scene.file("Brief.txt", letter.as_bytes())?;
        let (_program, link) = sharer.share_privately(&file).await?;
        let (_, key) = link.split_once('#').context("the link has no key")?;
        let ear = Ear {
            node: base(&node),
            heard: Arc::default(),
        };
        let page = Router::new().fallback(hear).with_state(ear.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move { axum::serve(listener, page).await });
        let bob = browser(scene).await?;
        let is_opened = |shown: &Value| shown["preview"] == letter;
        let link = private_link(&format!("http://{address}"), &link);
        open(&bob, &link, is_opened).await?;
        bob.driver()?.refresh().await?;
        until(&bob, is_opened).await?;
        save(&bob).await?;
        same_bytes(&bob.saved("Brief.txt", SMALL).await?, letter.as_bytes())?;
        let heard = ear.heard.lock().expect("nobody panics with it").clone();
        ensure!(
            heard.iter().any(|request| request.contains("/ipfs/")),
            "{heard:?}"
        );
        for request in heard {
            let is_told = [key, "Brief", "private", "referer"]
                .iter()
                .any(|secret| request.contains(secret));
            ensure!(!is_told, "{request}");
        }
        server.abort();
        Ok(())
    });
}

/// What hears everything that a page asks of its node.
#[derive(Clone)]
struct Ear {
    node: String,
    heard: Arc<Mutex<Vec<String>>>,
}

async fn hear(State(ear): State<Ear>, uri: Uri, headers: HeaderMap) -> Response {
    let request = format!("{uri} {headers:?}");
    ear.heard
        .lock()
        .expect("nobody panics with it")
        .push(request);
    sent(format!("{}{uri}", ear.node), headers, false).await
}

/// Where Chromium and Firefox write down the address that they open, and what a page stores in its tab.
const WRITTEN_DOWN: [&str; 6] = [
    "Default/History",
    "Default/Session Storage/",
    "Default/Sessions/",
    "segmentation_platform/",
    "places.sqlite",
    "sessionstore",
];

#[test]
fn a_browser_writes_the_key_down_where_the_page_on_trust_says_and_nowhere_else() {
    play("web_link_written_down", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let mut bob = browser(scene).await?;
        let base = base(&node);
        let letter = "Alles ist ein Funktionsaufruf.";
        let (_program, link) = sharer
            .share_privately(&scene.file("Brief.txt", letter.as_bytes())?)
            .await?;
        let key = link.split_once('#').context("the link has no key")?.1;
        let is_opened = |shown: &Value| shown["preview"] == letter;
        open(&bob, &private_link(&base, &link), is_opened).await?;
        save(&bob).await?;
        bob.saved("Brief.txt", SMALL).await?;
        bob.driver()?.goto(scene.site.url("/")).await?;
        bob.close().await?;
        let kept = bob.keeps(key)?;
        eprintln!("{kept:?}");
        let is_said = |path: &std::path::PathBuf| {
            let path = path.to_string_lossy();
            WRITTEN_DOWN.iter().any(|place| path.starts_with(place))
        };
        ensure!(kept.iter().all(is_said), "{kept:?}");
        let history = match bob.kind() {
            Kind::Chromium => "Default/History",
            Kind::Firefox => "places.sqlite",
        };
        // If it is not in the history any more, the page can say so.
        let in_history = |path: &std::path::PathBuf| path.to_string_lossy().starts_with(history);
        ensure!(kept.iter().any(in_history), "{kept:?}");
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
        ensure!(state.contains("in memory, 70 MB:"), "{shown}");
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
        // A folder has a size, too, which nobody has counted yet.
        let folder = scene.path("folder");
        std::fs::create_dir_all(&folder)?;
        for copy in 0..4 {
            std::fs::hard_link(&file, folder.join(format!("{copy}.bin")))?;
        }
        let (_folder, cid) = sharer.share(&folder).await?;
        let link = format!("{base}/#{cid}&name=folder");
        let shown = open(&bob, &link, |shown| shown["save"] != "").await?;
        let state = shown["state"].as_str().unwrap_or_default();
        ensure!(state.contains("in memory, about 280 MB:"), "{shown}");
        // Nor is there a cipher.
        let link = private_link(&base, &secret);
        let shown = open(&bob, &link, has_trouble).await?;
        let trouble = shown["trouble"].as_str().unwrap_or_default();
        ensure!(
            trouble.contains("only on pages with an https address"),
            "{shown}"
        );
        Ok(())
    });
}

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
            let links = [
                ("plain", format!("{base}/#{cid}&name=large.bin")),
                ("private", private_link(&base, &secret)),
            ];
            for (name, link) in links {
                let mut bob = scene.browser(name, Some(scene.hidden_display().await?))?;
                bob.open().await?;
                bob.without_service_workers(false).await?;
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
fn a_private_folder_is_kept_until_it_is_saved_where_nothing_can_be_written_as_it_comes() {
    play("web_link_kept", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        bob.without_service_workers(true).await?;
        let base = base(&node);
        let noise = files::noise(100_000_000, 15);
        let folder = scene.path("folder");
        std::fs::create_dir_all(folder.join("a"))?;
        std::fs::write(
            folder.join("a/100% Ä.txt"),
            "Everything is a function call.",
        )?;
        std::fs::write(folder.join("noise"), &noise)?;
        for copy in 1..3 {
            std::fs::hard_link(folder.join("noise"), folder.join(format!("noise {copy}")))?;
        }
        let (_program, link) = sharer.share_privately(&folder).await?;
        let link = private_link(&base, &link);
        let shown = open(&bob, &link, |shown| shown["save"] != "").await?;
        let state = shown["state"].as_str().unwrap_or_default();
        ensure!(state.contains("in memory, about 300 MB:"), "{shown}");
        ensure!(shown["name"] == "folder", "{shown}");
        save(&bob).await?;
        let saved = bob.saved("folder.zip", SMALL).await?;
        let shown = until(&bob, is_checked).await?;
        let state = shown["state"].as_str().unwrap_or_default();
        ensure!(state.contains("may ask"), "{shown}");
        let files: [(&str, &[u8]); 4] = [
            ("a/100% Ä.txt", b"Everything is a function call."),
            ("noise", &noise),
            ("noise 1", &noise),
            ("noise 2", &noise),
        ];
        is_zip_of(&saved, &files)
    });
}

#[test]
fn a_folder_is_listed_or_saved_as_it_comes() {
    play("web_link_folder", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bob = browser(scene).await?;
        let base = base(&node);
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
            for link in [
                format!("{base}/#{cid}&name={name}"),
                private_link(&base, &link),
            ] {
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
fn what_a_folder_cannot_be_saved_with_is_told() {
    play("web_link_changes", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bob = browser(scene).await?;
        let base = base(&node);
        for (car, told) in [
            ("symlinks.car", "These symbolic links are left out:"),
            ("dup-names.car", "These names had to be changed:"),
            ("nasty-names.car", "These names had to be changed:"),
        ] {
            let file = repository().join("node/tests/awkward").join(car);
            let cid = node.import(&file).await?;
            let link = format!("{base}/#{cid}");
            let shown = open(&bob, &link, |shown| shown["files"] != "").await?;
            let changes = shown["changes"].as_str().unwrap_or_default();
            let (names, links) = (
                changes.contains("These names had to be changed:"),
                changes.contains("These symbolic links are left out:"),
            );
            ensure!(
                changes.starts_with(told) && names != links,
                "{car}: {shown}"
            );
            let detail = match car {
                "symlinks.car" => "escape",
                "dup-names.car" => "“a” is saved as “a (2)”.",
                _ => "\u{fffd}",
            };
            let plain: String = changes
                .chars()
                .filter(|c| !matches!(c, '\u{2066}'..='\u{2069}'))
                .collect();
            ensure!(plain.contains(detail), "{car}: {plain}");
            bob.checked_picture(car.trim_end_matches(".car")).await?;
        }
        // Of a folder that is as it was shared nothing is said.
        let file = repository().join("node/tests/awkward/empty-dir.car");
        let cid = node.import(&file).await?;
        let shown = open(&bob, &format!("{base}/#{cid}"), is_checked).await?;
        ensure!(shown["changes"] == "", "{shown}");
        Ok(())
    });
}

#[test]
fn what_an_earlier_look_finds_out_late_takes_nothing_away() {
    play("web_link_late", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let tone = files::tone(95);
        let (_program, link) = sharer
            .share_privately(&scene.file("tone.wav", &tone)?)
            .await?;
        let between = Between {
            node: base(&node),
            stage: Arc::new(Mutex::new(Stage::HoldsTheNext)),
            release: Arc::new(Semaphore::new(0)),
            released: Arc::new(Semaphore::new(0)),
        };
        let page = Router::new()
            .fallback(pass_between)
            .with_state(between.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move { axum::serve(listener, page).await });
        let bob = browser(scene).await?;
        // The end does not come, and what is played meanwhile is not what it should be.
        let link = private_link(&base, &link);
        let shown = open(&bob, &link, has_trouble).await?;
        ensure!(shown["kind"] == "", "{shown}");
        ensure!(
            between.stage() == Stage::ChangesAll,
            "the end was not asked for"
        );
        // The next look finds that everything is right.
        between.set(Stage::PassesAll);
        let again = bob.driver()?.find(By::Testid("again")).await?;
        again.click().await?;
        until(&bob, |shown| shown["kind"] == "audio").await?;
        gives(&bob, &tone, 0..1000).await?;
        // Now the first look is told that the end is wrong.
        between.release.add_permits(1);
        between.released.acquire().await?.forget();
        for from in [1_000_000, 9_000_000, 15_000_000] {
            gives(&bob, &tone, from..from + 500_000).await?;
        }
        let shown = until(&bob, |_| true).await?;
        ensure!(
            shown["kind"] == "audio" && shown["trouble"] == "" && shown["save"] != "",
            "{shown}"
        );
        server.abort();
        Ok(())
    });
}

/// What is done with questions about a part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The next one waits for its answer, which then has a wrong byte. This is followed by [`Self::ChangesAll`].
    HoldsTheNext,
    /// All answers have a wrong byte.
    ChangesAll,
    /// All answers are the node's.
    PassesAll,
}

/// What is between a page and its node.
#[derive(Clone)]
struct Between {
    node: String,
    stage: Arc<Mutex<Stage>>,
    release: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Between {
    fn stage(&self) -> Stage {
        *self.stage.lock().expect("nobody panics with it")
    }

    fn set(&self, stage: Stage) -> Stage {
        std::mem::replace(
            &mut *self.stage.lock().expect("nobody panics with it"),
            stage,
        )
    }
}

async fn pass_between(State(between): State<Between>, uri: Uri, headers: HeaderMap) -> Response {
    let url = format!("{}{uri}", between.node);
    let is_part = uri
        .query()
        .is_some_and(|query| query.contains("entity-bytes="));
    let mut stage = Stage::PassesAll;
    if is_part {
        stage = between.stage();
        if stage == Stage::HoldsTheNext {
            between.set(Stage::ChangesAll);
            if let Ok(permit) = between.release.acquire().await {
                permit.forget();
            }
        }
    }
    let answer = sent(url, headers, stage != Stage::PassesAll).await;
    if stage == Stage::HoldsTheNext {
        between.released.add_permits(1);
    }
    answer
}

#[test]
fn a_node_that_lies_is_not_believed() {
    play("web_link_lies", async |scene| {
        let node = scene.node("node", &[]).await?;
        let sharer = scene.command_line("sharer", &node)?;
        let bytes = files::noise(3_000_000, 9);
        let (_program, cid) = sharer.share(&scene.file("a.bin", &bytes)?).await?;
        let liar = Liar { node: base(&node) };
        let page = Router::new().fallback(lie).with_state(liar);
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

/// What a node answers, perhaps with a wrong byte.
async fn sent(url: String, headers: HeaderMap, change: bool) -> Response {
    let mut request = reqwest::Client::new().get(url);
    if let Some(accept) = headers.get(ACCEPT) {
        request = request.header(ACCEPT, accept);
    }
    let read = async {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        reqwest::Result::Ok((status, headers, answer.bytes().await?.to_vec()))
    };
    match read.await {
        Ok((status, mut headers, mut bytes)) => {
            if change && !bytes.is_empty() {
                // In the first block: whoever plays a file may read no more.
                let at = 500.min(bytes.len() / 2);
                bytes[at] ^= 1;
            }
            headers.remove(TRANSFER_ENCODING);
            (status, headers, bytes).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn lie(State(liar): State<Liar>, uri: Uri, headers: HeaderMap) -> Response {
    let is_file = uri.path().starts_with("/ipfs/");
    sent(format!("{}{uri}", liar.node), headers, is_file).await
}
