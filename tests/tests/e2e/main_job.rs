//! Files are shared in one browser and fetched in another.

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::node::Node;
use fluence_tests::scene::{ONLINE, Scene, same_bytes};
use serde_json::json;
use thirtyfour::{By, WindowHandle};

use crate::{SMALL, play};

/// The part of a page on which *Share via Fluence* is chosen.
enum Clicked {
    /// An element with this id, which has its own URL.
    Thing(&'static str),
    /// Selected text.
    Selection,
    /// The page itself.
    Page,
}

/// JavaScript with which a page counts what is copied in it, and puts something else in its place.
const LISTEN: &str = "window.heard = 0;
    const replace = event => {
      window.heard += 1;
      event.preventDefault();
      event.clipboardData.setData('text/plain', 'fluence:another');
    };
    for (const kind of ['copy', 'cut']) addEventListener(kind, replace, true);";

/// A browser that is online, with a tab for pages and, in front, a tab for the popup; and the
/// handles of the two.
pub async fn beside_a_page(
    scene: &Scene,
    node: &Node,
) -> Result<(Browser, Face, [WindowHandle; 2])> {
    let mut browser = scene.browser("alice", Some(scene.hidden_display().await?))?;
    browser.open().await?;
    let page = browser.driver()?.window().await?;
    let face = browser.face_beside().await?;
    let popup = browser.driver()?.window().await?;
    face.set_nodes(&[node.websocket()?]).await?;
    face.wait_network("online", ONLINE).await?;
    Ok((browser, face, [page, popup]))
}

#[test]
fn a_right_click_shares_and_a_hash_fetches() {
    play("right_click", async |scene| {
        let things = [
            ("sunset.png", "image/png", files::picture(800, 600)?),
            (
                "letter.pdf",
                "application/pdf",
                files::document("Everything is a function call."),
            ),
            ("chime.wav", "audio/wav", files::sound()),
            // Firefox gives what has come of it in one piece.
            (
                "large.bin",
                "application/octet-stream",
                files::noise(30_000_000, 6),
            ),
        ];
        for (name, mime, bytes) in &things {
            scene.site.add(name, mime, bytes.clone());
        }
        let node = scene.node("node", &[]).await?;

        let (alice, face, [page, popup]) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        driver.switch_to_window(page.clone()).await?;
        driver.goto(scene.site.url("/")).await?;
        let html = reqwest::get(scene.site.url("/")).await?.bytes().await?;
        // This page would replace whatever is copied in it.
        driver.execute(LISTEN, vec![]).await?;
        driver.switch_to_window(popup.clone()).await?;

        let mut expected: Vec<(Clicked, String, Vec<u8>)> = things
            .into_iter()
            .map(|(name, _, bytes)| (Clicked::Thing(name), name.to_owned(), bytes))
            .collect();
        let words = "Right click one of them: Share via Fluence.";
        expected.push((
            Clicked::Selection,
            "Right click one of them_ Share via Fluen.txt".to_owned(),
            words.into(),
        ));
        expected.push((Clicked::Page, "Real files.html".to_owned(), html.into()));

        let mut links = Vec::new();
        for (clicked, name, _) in &expected {
            driver.switch_to_window(page.clone()).await?;
            match clicked {
                Clicked::Thing(id) => alice.share_by_right_click(By::Id(*id)).await?,
                Clicked::Selection => {
                    let select =
                        "getSelection().selectAllChildren(document.getElementById('words'))";
                    driver.execute(select, vec![]).await?;
                    alice.share_by_right_click(By::Id("words")).await?;
                }
                Clicked::Page => {
                    driver.execute("getSelection().empty()", vec![]).await?;
                    alice.share_page_by_right_click(By::Tag("h1")).await?;
                }
            }
            // The link is on the clipboard, so it can be pasted into the page.
            let fresh =
                |text: &str| text.starts_with("fluence:") && !links.contains(&text.to_owned());
            let link = alice
                .pasted(By::Id("notes"), SMALL, fresh)
                .await
                .with_context(|| format!("the link of “{name}”"))?;
            driver.switch_to_window(popup.clone()).await?;
            let shown = face.wait_named(name, &["shared"], SMALL).await?;
            let cid = shown.cid.clone().context("a shared file without a hash")?;
            ensure!(link == format!("fluence:{cid}"), "{link} is not {cid}");
            // Without a desktop, Firefox's notifications go at once.
            ensure!(
                alice.kind() == Kind::Firefox || face.is_notified_of(&shown).await?,
                "there is no notification of “{name}”"
            );
            links.push(link);
        }
        face.picture("shared").await?;
        driver.switch_to_window(page.clone()).await?;
        let heard = driver.execute("return window.heard;", vec![]).await?;
        ensure!(*heard.json() == json!(0), "the page saw the link");
        driver.switch_to_window(popup.clone()).await?;
        ensure!(
            node.uploaded().await? == 0,
            "bytes left the browser before anybody asked for them"
        );

        let (bob, face) = scene.online("bob", &node).await?;
        for ((_, name, bytes), link) in expected.iter().zip(&links) {
            face.fetch(link).await?;
            face.wait_named(name, &["done", "shared"], SMALL).await?;
            same_bytes(&bob.saved(name, SMALL).await?, bytes)?;
        }
        face.picture("fetched").await
    });
}

#[test]
fn a_login_form_in_place_of_a_picture_is_noticed() {
    play("login_form", async |scene| {
        scene
            .site
            .add("private.png", "image/png", files::picture(320, 240)?);
        let node = scene.node("node", &[]).await?;
        let (alice, face, [page, popup]) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;

        // With the page's cookies the picture is fetched just as the page fetches it.
        driver.switch_to_window(page.clone()).await?;
        driver.goto(scene.site.url("/login")).await?;
        driver.goto(scene.site.url("/members")).await?;
        alice.share_by_right_click(By::Id("private.png")).await?;
        driver.switch_to_window(popup.clone()).await?;
        let shown = face.wait_named("private.png", &["shared"], SMALL).await?;
        face.remove(&shown).await?;

        // After logging out, the page still shows the picture, but its URL answers with a form.
        driver.switch_to_window(page).await?;
        driver.delete_all_cookies().await?;
        alice.share_by_right_click(By::Id("private.png")).await?;
        driver.switch_to_window(popup).await?;
        let shown = face.wait_named("private.png", &["failed"], SMALL).await?;
        ensure!(
            shown.failure.as_deref() == Some("login_page"),
            "the form was shared: {shown:?}"
        );
        face.picture("login").await
    });
}

#[test]
fn a_picture_that_only_its_own_site_may_show_is_shared() {
    play("guarded_picture", async |scene| {
        let picture = files::picture(320, 240)?;
        scene.site.add("guarded.png", "image/png", picture.clone());
        let node = scene.node("node", &[]).await?;
        let (alice, face, [page, popup]) = beside_a_page(scene, &node).await?;
        let driver = alice.driver()?;
        driver.switch_to_window(page).await?;
        driver.goto(scene.site.url("/gallery")).await?;
        alice.share_by_right_click(By::Id("guarded.png")).await?;
        driver.switch_to_window(popup).await?;
        let shown = face.wait_named("guarded.png", &["shared"], SMALL).await?;
        // The worker, whose request has no page as its referrer, was refused; the page was not.
        ensure!(
            scene.site.asked("/refused/guarded.png") > 0,
            "nobody was refused"
        );
        let cid = shown.cid.context("a shared file without a hash")?;
        let terminal = scene.command_line("terminal", &node)?;
        same_bytes(&terminal.fetch(&cid, SMALL).await?, &picture)
    });
}

#[test]
fn several_files_are_shared_by_the_file_field() {
    play("file_field", async |scene| {
        let node = scene.node("node", &[]).await?;
        let long = format!("{}.txt", "語".repeat(65));
        let given = [
            ("empty.bin", Vec::new()),
            ("отпуск 2026 🏖.jpg", files::noise(300_000, 2)),
            (long.as_str(), files::noise(3_000_001, 3)),
        ];
        let (_alice, face) = scene.online("alice", &node).await?;
        let paths = given
            .iter()
            .map(|(name, bytes)| scene.file(name, bytes))
            .collect::<Result<Vec<_>>>()?;
        let paths: Vec<&std::path::Path> = paths.iter().map(AsRef::as_ref).collect();
        face.share(&paths).await?;
        let mut shared = Vec::new();
        for (name, _) in &given {
            let shown = face.wait_named(name, &["shared"], SMALL).await?;
            shared.push(shown.cid.context("a shared file without a hash")?);
        }
        let (bob, face) = scene.online("bob", &node).await?;
        for ((name, bytes), cid) in given.iter().zip(&shared) {
            face.fetch(cid).await?;
            face.wait_named(name, &["done", "shared"], SMALL).await?;
            same_bytes(&bob.saved(name, SMALL).await?, bytes)?;
        }
        face.picture("fetched").await
    });
}
