//! QR codes in pictures that a person has: they lead to a file, or to a list of nodes.

use anyhow::{Context, Result, ensure};
use fluence_tests::browser::Browser;
use fluence_tests::face::Face;
use fluence_tests::files;
use fluence_tests::scene::{ONLINE, Scene, same_bytes};
use serde_json::json;
use thirtyfour::By;

use crate::{SMALL, play};

/// A photograph of the code that a browser shows, held askew.
async fn photograph(scene: &Scene, browser: &Browser, code: &str) -> Result<std::path::PathBuf> {
    let shown = browser
        .driver()?
        .find(By::Css(format!("{code} svg")))
        .await?;
    let middle = "arguments[0].scrollIntoView({ block: 'center' });";
    browser
        .driver()?
        .execute(middle, vec![shown.to_json()?])
        .await?;
    let picture = shown.screenshot_as_png().await?;
    scene.file("photograph.png", &files::askew(&picture, 10.0)?)
}

async fn is_there(face: &Face, testid: &str) -> Result<()> {
    let body = format!("return !!document.querySelector('[data-testid=\"{testid}\"]');");
    face.wait(&format!("“{testid}”"), SMALL, &body).await?;
    Ok(())
}

#[test]
fn a_picture_of_a_code_leads_to_the_file() {
    play("code", async |scene| {
        let node = scene.node("node", &[]).await?;
        let bytes = files::noise(200_000, 171);
        let (alice, face) = scene.online("alice", &node).await?;
        face.share(&[&scene.file("behind the code.bin", &bytes)?])
            .await?;
        let shown = face
            .wait_named("behind the code.bin", &["shared"], SMALL)
            .await?;
        let cid = shown.cid.clone().context("a shared file without a hash")?;
        face.press_in(&shown, "item-qr").await?;
        let photograph = photograph(scene, &alice, "[data-testid=item-qr-code]").await?;

        let (bob, face) = scene.online("bob", &node).await?;
        face.drop_files(&[&photograph]).await?;
        is_there(&face, "stage-link").await?;
        let found = bob.driver()?.find(By::Testid("stage-found")).await?;
        let found = found.text().await?;
        ensure!(found == format!("fluence:{cid}"), "{found}");
        face.picture("found").await?;
        // Nothing was asked for, fetched or shared by itself.
        let state = face.state().await?;
        ensure!(state["items"] == json!({}), "{state}");
        let looked = bob.driver()?.find(By::Testid("look")).await;
        ensure!(looked.is_err(), "somebody was asked");

        face.press("stage-link").await?;
        let name = r#"return document.querySelector('[data-testid="look-name"]')?.textContent;"#;
        let name = face.wait("what it leads to", SMALL, name).await?;
        ensure!(name == json!("behind the code.bin"), "{name}");
        ensure!(bob.driver()?.find(By::Testid("stage")).await.is_err());
        face.press("fetch-button").await?;
        face.wait_named("behind the code.bin", &["done"], SMALL)
            .await?;
        same_bytes(&bob.saved("behind the code.bin", SMALL).await?, &bytes)?;

        // The picture itself can be shared too.
        face.share(&[&photograph]).await?;
        is_there(&face, "stage-link").await?;
        face.press("stage-share").await?;
        face.wait_named("photograph.png", &["shared"], SMALL)
            .await?;

        // A picture without a code is shared at once, and so is what only says that it is a picture.
        let sunset = scene.file("sunset.png", &files::picture(320, 240)?)?;
        face.share(&[&sunset]).await?;
        face.wait_named("sunset.png", &["shared"], SMALL).await?;
        let no_picture = scene.file("broken.png", &files::noise(5_000, 172))?;
        face.share(&[&no_picture]).await?;
        face.wait_named("broken.png", &["shared"], SMALL).await?;
        // This is the beginning of a PNG of 60000 by 60000 pixels, which nothing decodes.
        let mut huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        huge.extend([60_000u32.to_be_bytes(), 60_000u32.to_be_bytes()].concat());
        huge.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        face.share(&[&scene.file("huge.png", &huge)?]).await?;
        face.wait_named("huge.png", &["shared"], SMALL).await?;
        Ok(())
    });
}

#[test]
fn a_picture_of_a_code_leads_to_nodes() {
    play("code_nodes", async |scene| {
        let node = scene.node("node", &[]).await?;
        let (alice, face) = scene.online("alice", &node).await?;
        let options = alice.extension_url("popup.html?view=options");
        alice.driver()?.goto(options).await?;
        is_there(&face, "node-add").await?;
        let list = node.listening().http.trim_end_matches('/').to_owned();
        let field = alice.driver()?.find(By::Testid("node-add")).await?;
        field.scroll_into_view().await?;
        field.send_keys(&list).await?;
        is_there(&face, "node-qr").await?;
        let fold = alice.driver()?.find(By::Testid("node-qr")).await?;
        let middle = "arguments[0].scrollIntoView({ block: 'center' });";
        let driver = alice.driver()?;
        driver.execute(middle, vec![fold.to_json()?]).await?;
        fold.click().await?;
        face.picture("list").await?;
        let photograph = photograph(scene, &alice, "[data-testid=node-qr-code]").await?;

        // Somebody else begins with it on the first page.
        let mut bob = scene.browser("bob", None)?;
        bob.open().await?;
        let page = bob.extension_url("popup.html?view=welcome");
        bob.driver()?.goto(page).await?;
        let face = bob.shown().await?;
        is_there(&face, "node-scan").await?;
        let scan = async |path: &std::path::Path| -> Result<()> {
            let field = bob.driver()?.find(By::Testid("node-scan")).await?;
            field.send_keys(path.display().to_string()).await?;
            Ok(())
        };
        scan(&scene.file("sunset.png", &files::picture(320, 240)?)?).await?;
        is_there(&face, "node-wrong").await?;
        face.picture("none").await?;
        scan(&photograph).await?;
        let expected = json!(format!("{list}/.well-known/fluence-nodes"));
        let filled = format!(
            r#"return document.querySelector('[data-testid="welcome-node"]')?.value === {expected};"#
        );
        face.wait("the address of the list", SMALL, &filled).await?;
        face.press("node-add-button").await?;
        face.wait_network("online", ONLINE).await?;
        Ok(())
    });
}
