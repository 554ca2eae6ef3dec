//! The recording in the README: one browser shares a picture, and another one fetches it, through a real node.

use anyhow::{Context, Result};
use serde_json::json;
use thirtyfour::extensions::cdp::ChromeDevTools;
use thirtyfour::{By, WebDriver};

use crate::browser::{Browser, SETTLED};
use crate::face::Face;
use crate::files;
use crate::pictures::{Picture, film};
use crate::scene::{ONLINE, Scene};

/// The size of each popup and the gap between both, in CSS pixels.
const SIZE: (u32, u32) = (400, 520);
/// See [`SIZE`].
const GAP: usize = 16;
/// How long each picture is shown, in milliseconds.
const SHOWN: u16 = 2_400;

/// Plays it in two Chromiums, and returns it as an animated PNG file.
///
/// # Errors
/// If anything does not happen.
pub async fn record(scene: &Scene) -> Result<Vec<u8>> {
    let node = scene.node("node", &[]).await?;
    let (alice, _) = scene.online("alice", &node).await?;
    let (bob, _) = scene.online("bob", &node).await?;
    let (on_left, on_right) = (popup(&alice).await?, popup(&bob).await?);
    let mut pictures = Vec::new();
    let mut take = async || -> Result<()> {
        let (left, right) = (
            picture(alice.driver()?).await?,
            picture(bob.driver()?).await?,
        );
        pictures.push((left.beside(&right, GAP), SHOWN));
        Ok(())
    };
    take().await?;

    let sunset = scene.file("Sunset.png", &files::picture(1280, 960)?)?;
    on_left.drop_files(&[&sunset]).await?;
    let shared = on_left
        .wait_named("Sunset.png", &["shared"], ONLINE)
        .await?;
    let thumbnail = "return document.querySelector('img.picture')?.complete;";
    on_left.wait("the small picture", ONLINE, thumbnail).await?;
    take().await?;

    let cid = shared.cid.context("the shared file has no hash")?;
    let field = bob.driver()?.find(By::Testid("fetch-input")).await?;
    field.send_keys(format!("fluence:{cid}")).await?;
    let seen = "return document.querySelector('[data-testid=look]');";
    on_right.wait("what is at the link", ONLINE, seen).await?;
    take().await?;

    on_right.press("fetch-button").await?;
    on_right.wait_named("Sunset.png", &["done"], ONLINE).await?;
    on_right
        .wait("the small picture", ONLINE, thumbnail)
        .await?;
    let asked = "return document.querySelector('[data-testid=item-counters]');";
    on_left.wait("that it was asked for", ONLINE, asked).await?;
    take().await?;
    film(&pictures)
}

/// The popup in a tab of its size.
async fn popup(browser: &Browser) -> Result<Face> {
    let (width, height) = SIZE;
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    ChromeDevTools::new(browser.driver()?.handle.clone())
        .execute_cdp_with_params("Emulation.setDeviceMetricsOverride", size)
        .await?;
    let page = browser.extension_url("popup.html?view=panel");
    browser.driver()?.goto(page).await?;
    browser.shown().await
}

async fn picture(driver: &WebDriver) -> Result<Picture> {
    driver.execute_async(SETTLED, vec![]).await?;
    Picture::read(&driver.screenshot_as_png().await?)
}
