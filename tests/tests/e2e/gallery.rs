//! The gallery: pages and components look in their states as they did, everybody can use them, and they speak every language.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::gallery::{Theme, specimens};
use fluence_tests::pictures::{Album, What};
use fluence_tests::scene::Scene;
use serde_json::json;
use thirtyfour::extensions::cdp::ChromeDevTools;

use crate::play_for;

/// How long all specimens may take on a busy machine.
const ALL: Duration = Duration::from_secs(1800);
/// The size of the window, in which every specimen fits, in CSS pixels.
const WINDOW: (u32, u32) = (900, 2600);
/// The languages, of which one is read from left to right and one from right to left, with the themes in which each is looked at,
/// and whether pictures of that are kept: of all of them they would be too large.
const LOOKS: [(&str, &[(Theme, bool)]); 2] = [
    ("en", &[(Theme::Light, true), (Theme::Dark, true)]),
    ("ar", &[(Theme::Light, true), (Theme::Dark, false)]),
];
/// The languages in which every specimen has to fit: those that nobody speaks, that with the longest words, and one from right
/// to left.
const FITTING: [&str; 4] = ["xa", "xb", "de", "ar"];

async fn visitor(scene: &Scene) -> Result<Browser> {
    let mut browser = scene.browser("visitor", None)?;
    browser.open().await?;
    let (width, height) = WINDOW;
    let driver = browser.driver()?;
    driver.set_window_rect(0, 0, width, height).await?;
    if browser.kind() == Kind::Chromium {
        // Whether its window has the focus depends on how the first page was closed, and what has the focus has a ring.
        ChromeDevTools::new(driver.handle.clone())
            .execute_cdp_with_params(
                "Emulation.setFocusEmulationEnabled",
                json!({ "enabled": true }),
            )
            .await?;
    }
    Ok(browser)
}

#[test]
fn it_looks_as_recorded() {
    play_for(ALL, "gallery", async |scene| {
        let gallery = scene.gallery().await?;
        let browser = visitor(scene).await?;
        let driver = browser.driver()?;
        driver.goto(gallery.url()).await?;
        let album = Album::open(browser.kind(), driver).await?;
        // All that is wrong is told at once.
        let mut wrong = Vec::new();
        let mut names = BTreeSet::new();
        for specimen in specimens() {
            for (language, themes) in LOOKS {
                gallery.show(driver, specimen.name, language).await?;
                for (theme, is_kept) in themes {
                    if album.what() == What::Record && !is_kept {
                        continue;
                    }
                    let name = format!("{}.{language}.{}", specimen.name, theme.word());
                    gallery.dress(driver, *theme).await?;
                    if *is_kept && album.what() != What::Count {
                        let picture = gallery.picture(driver).await?;
                        if let Some(difference) = album.compare(&name, &picture)? {
                            let file = scene.artifacts.directory().join(format!("{name}.png"));
                            std::fs::write(file, picture.write()?)?;
                            wrong.push(format!("{name}: {difference}"));
                        }
                    }
                    if album.what() != What::Record
                        && let Err(found) = gallery.check(driver, &name).await
                    {
                        wrong.push(format!("{found:#}"));
                    }
                    if *is_kept {
                        names.insert(name);
                    }
                }
            }
        }
        ensure!(
            wrong.is_empty(),
            "{}\nIf this is intended, look at the pictures and run `cargo xtask gallery --record`.",
            wrong.join("\n")
        );
        album.has_only(&names)
    });
}

#[test]
fn it_can_be_used_with_forced_colours() {
    play_for(ALL, "gallery_forced", async |scene| {
        let gallery = scene.gallery().await?;
        let browser = visitor(scene).await?;
        if browser.kind() == Kind::Firefox {
            eprintln!("skipped: nothing tells Firefox to force colours");
            return Ok(());
        }
        let driver = browser.driver()?;
        let mut wrong = Vec::new();
        for specimen in specimens() {
            gallery.show(driver, specimen.name, "en").await?;
            gallery.dress(driver, Theme::Forced).await?;
            let name = format!("{}.{}", specimen.name, Theme::Forced.word());
            if let Err(found) = gallery.check(driver, &name).await {
                wrong.push(format!("{found:#}"));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
}

#[test]
fn it_fits_in_every_language() {
    play_for(ALL, "gallery_languages", async |scene| {
        let gallery = scene.gallery().await?;
        let browser = visitor(scene).await?;
        let driver = browser.driver()?;
        let mut wrong = Vec::new();
        for specimen in specimens() {
            for language in FITTING {
                gallery.show(driver, specimen.name, language).await?;
                for width in specimen.widths() {
                    let found = gallery.wrong(driver, *width, language).await?;
                    wrong.extend(
                        found
                            .iter()
                            .map(|found| format!("{}, {found}", specimen.name)),
                    );
                }
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
}

#[test]
fn its_own_page_shows_all() {
    play_for(ALL, "gallery_page", async |scene| {
        let gallery = scene.gallery().await?;
        let browser = visitor(scene).await?;
        let driver = browser.driver()?;
        driver.goto(gallery.url()).await?;
        let frames =
            "return [...document.querySelectorAll('iframe')].map(({ dataset }) => dataset.name);";
        let frames = driver.execute(frames, vec![]).await?;
        let frames: Vec<String> = serde_json::from_value(frames.json().clone())?;
        let specimens = specimens();
        let names: Vec<&str> = specimens.iter().map(|specimen| specimen.name).collect();
        ensure!(frames == names, "the page shows {frames:?}");
        fluence_tests::axe::check(driver, "the page of the gallery").await
    });
}
