//! The gallery: pages and components look in their states as they did, everybody can use them, and they speak every language.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence::command::{Answer, FolderFile, ToFace};
use fluence::failure::{Code, Failure};
use fluence_tests::browser::{Browser, Kind};
use fluence_tests::files;
use fluence_tests::gallery::{Theme, specimens};
use fluence_tests::pictures::{Album, Picture, What};
use fluence_tests::process::repository;
use fluence_tests::scene::Scene;
use serde_json::{Value, json};
use thirtyfour::WebDriver;
use thirtyfour::extensions::cdp::ChromeDevTools;

use crate::{play, play_for, play_in_chromium};

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

/// The specimens of which the stores have pictures, the names of these, and their size, which the stores ask for.
const STORE: [(&str, &str); 5] = [
    ("tab", "list"),
    ("preview-picture", "preview"),
    ("welcome", "welcome"),
    ("network", "network"),
    ("time", "time"),
];
const STORE_SIZE: (u32, u32) = (1280, 800);
/// The size of the window in which these are taken.
const STORE_WINDOW: (u32, u32) = (1400, 1000);

async fn visitor(scene: &Scene) -> Result<Browser> {
    visitor_with(scene, WINDOW).await
}

async fn visitor_with(scene: &Scene, (width, height): (u32, u32)) -> Result<Browser> {
    let mut browser = scene.browser("visitor", None)?;
    browser.open().await?;
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

/// Takes them with `cargo xtask gallery --store`.
#[test]
fn the_stores_have_pictures() {
    play_in_chromium("store", "they are taken in Chromium", async |scene| {
        let directory = repository().join("docs/store/pictures");
        if std::env::var("FLUENCE_PICTURES").is_ok_and(|what| what == "store") {
            let gallery = scene.gallery().await?;
            let browser = visitor_with(scene, STORE_WINDOW).await?;
            let driver = browser.driver()?;
            std::fs::create_dir_all(&directory)?;
            for (specimen, name) in STORE {
                gallery.show(driver, specimen, "en").await?;
                gallery.resize(driver, STORE_SIZE).await?;
                gallery.dress(driver, Theme::Light).await?;
                let picture = gallery.picture(driver).await?;
                std::fs::write(directory.join(format!("{name}.png")), picture.write()?)?;
            }
        }
        for (_, name) in STORE {
            let file = directory.join(format!("{name}.png"));
            let file = std::fs::read(&file).with_context(|| format!("{}", file.display()))?;
            let size = Picture::read(&file)?.size();
            ensure!(size == STORE_SIZE, "{name} has {size:?}");
        }
        Ok(())
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

/// JavaScript that holds back the next reading of bytes, until `release` is called, and knows of all that is being read.
const READS: &str = "
    window.reads = [];
    window.hold = false;
    const read = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = function () {
      const held = window.hold ? new Promise((resolve) => { window.release = resolve; }) : null;
      window.hold = false;
      const bytes = Promise.resolve(held).then(() => read.call(this));
      window.reads.push(bytes);
      return bytes;
    };
    window.until = async (found) => {
      for (;;) {
        const what = found();
        if (what) return what;
        await new Promise(requestAnimationFrame);
      }
    };
    window.settled = async () => {
      for (let again = 0; again < 3; again++) {
        await Promise.all(window.reads);
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      }
    };";

/// What is in files and folders, in a page whose worker answers when the test says so.
struct Previews<'a>(&'a WebDriver);

/// What the page has asked the worker for.
struct Asked {
    number: u32,
    key: String,
}

impl Previews<'_> {
    /// Runs the body of an asynchronous function, and returns its value.
    async fn run(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async (...given) => {{ {body} }})(...arguments).then(done, (why) => done(`failed: ${{why}}`));"
        );
        let value = self.0.execute_async(script, arguments).await?;
        Ok(value.json().clone())
    }

    /// Shows what is in the item at a place of the list, and returns the command by which the worker is asked for it.
    async fn open(&self, at: usize, command: &str) -> Result<Asked> {
        let body = "const [at, command] = given;
            const before = worker.asked.length;
            document.querySelectorAll('[data-testid=item-menu]')[at].click();
            (await until(() => document.querySelector('[data-testid=item-show]'))).click();
            return until(() => worker.asked.slice(before).find((asked) => asked.command === command));";
        let asked = self.run(body, vec![json!(at), json!(command)]).await?;
        Ok(Asked {
            number: serde_json::from_value(asked["number"].clone())?,
            key: asked["key"].as_str().unwrap_or_default().to_owned(),
        })
    }

    async fn close(&self) -> Result<()> {
        let body = "document.querySelector('[data-testid=preview-close]').click();
            await until(() => !document.querySelector('dialog'));";
        self.run(body, vec![]).await.map(drop)
    }

    /// Hands over bytes, as the worker does; the reading of them is held back if that is wanted, and has begun then.
    async fn give(&self, asked: &Asked, bytes: &[u8], held: bool) -> Result<()> {
        let body = "const [key, bytes, held] = given;
            window.hold = held;
            const channel = new BroadcastChannel('fluence-handover');
            channel.postMessage({ told: key, blob: new Blob([new Uint8Array(bytes)]) });
            if (held) await until(() => !window.hold);";
        let arguments = vec![json!(asked.key), json!(bytes), json!(held)];
        self.run(body, arguments).await.map(drop)
    }

    async fn answer(&self, asked: &Asked, answer: Answer) -> Result<()> {
        let number = asked.number;
        let message = json!(ToFace::Answer { number, answer });
        self.run("worker.tell(given[0]);", vec![message])
            .await
            .map(drop)
    }

    /// Waits until something is shown in the dialog.
    async fn shows(&self, testid: &str) -> Result<()> {
        let body = "return !!await until(() => document.querySelector(`dialog[open] [data-testid=${given[0]}]`));";
        self.run(body, vec![json!(testid)]).await.map(drop)
    }

    /// The text that is shown, or the test ids of what else is shown, once nothing is read any more.
    async fn shown(&self) -> Result<Value> {
        let body = "await settled();
            const shown = document.querySelectorAll('dialog .shown [data-testid]');
            return [...shown].map(({ dataset, textContent }) =>
              dataset.testid === 'preview-text' ? textContent : dataset.testid).join(' ');";
        self.run(body, vec![]).await
    }
}

#[test]
fn what_is_answered_late_is_not_shown_as_something_else() {
    play("late_previews", async |scene| {
        /// The places of two files and of a folder in the list.
        const FIRST: usize = 0;
        const SECOND: usize = 2;
        const FOLDER: usize = 3;
        let gallery = scene.gallery().await?;
        let browser = visitor(scene).await?;
        let driver = browser.driver()?;
        gallery.show(driver, "tab", "en").await?;
        driver.enter_frame(0).await?;
        driver.execute(READS, vec![]).await?;
        let previews = Previews(driver);
        let refused = || Answer::Refused {
            failure: Failure::new(Code::FileGone),
        };

        // The bytes of a preview that was closed come while another one is open.
        let first = previews.open(FIRST, "show").await?;
        previews.close().await?;
        let second = previews.open(SECOND, "show").await?;
        ensure!(first.key != second.key, "two previews have one key");
        previews.give(&first, b"the first", false).await?;
        ensure!(previews.shown().await? == json!("preview-waiting"));
        previews.give(&second, b"the second", false).await?;
        previews.shows("preview-text").await?;
        ensure!(previews.shown().await? == json!("the second"));
        // So does the answer that it could not be opened.
        previews.answer(&first, refused()).await?;
        ensure!(previews.shown().await? == json!("the second"));
        previews.close().await?;

        // They have come, and are read while it is closed and another one is opened.
        let first = previews.open(FIRST, "show").await?;
        previews.give(&first, b"the first", true).await?;
        previews.close().await?;
        let second = previews.open(SECOND, "show").await?;
        previews.give(&second, b"the second", false).await?;
        previews.shows("preview-text").await?;
        previews.run("release();", vec![]).await?;
        ensure!(previews.shown().await? == json!("the second"));
        previews.close().await?;

        // Nothing opens what was closed.
        let first = previews.open(FIRST, "show").await?;
        previews.give(&first, b"the first", true).await?;
        previews.close().await?;
        previews.run("release();", vec![]).await?;
        previews.answer(&first, refused()).await?;
        previews.shown().await?;
        let dialogs = "return document.querySelectorAll('dialog').length;";
        ensure!(previews.run(dialogs, vec![]).await? == json!(0));

        // What is in a folder is not listed in a file, nor twice in the folder.
        let files = || Answer::Files {
            files: vec![FolderFile {
                path: "bread.txt".to_owned(),
                size: 3,
            }],
            count: 1,
        };
        let folder = previews.open(FOLDER, "files").await?;
        previews.close().await?;
        let first = previews.open(FIRST, "show").await?;
        previews.answer(&folder, files()).await?;
        previews.give(&first, b"the first", false).await?;
        previews.shows("preview-text").await?;
        ensure!(previews.shown().await? == json!("the first"));
        previews.close().await?;
        let again = previews.open(FOLDER, "files").await?;
        previews.answer(&folder, files()).await?;
        previews.answer(&again, files()).await?;
        previews.shows("preview-file").await?;
        let count = "return document.querySelectorAll('[data-testid=preview-file]').length;";
        previews.shown().await?;
        ensure!(previews.run(count, vec![]).await? == json!(1));
        previews.close().await?;

        // That a picture is broken says nothing about the next one.
        let picture = files::picture(8, 8)?;
        let first = previews.open(FIRST, "show").await?;
        previews.give(&first, &picture, false).await?;
        previews.shows("preview-image").await?;
        let keep = "window.former = document.querySelector('[data-testid=preview-image]');";
        previews.run(keep, vec![]).await?;
        previews.close().await?;
        let second = previews.open(SECOND, "show").await?;
        previews.give(&second, &picture, false).await?;
        previews.shows("preview-image").await?;
        previews
            .run("former.dispatchEvent(new Event('error'));", vec![])
            .await?;
        ensure!(previews.shown().await? == json!("preview-image"));
        let broken = "document.querySelector('[data-testid=preview-image]').dispatchEvent(new Event('error'));";
        previews.run(broken, vec![]).await?;
        ensure!(previews.shown().await? == json!("preview-nothing"));
        Ok(())
    });
}
