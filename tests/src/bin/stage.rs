//! The program behind `cargo xtask demo`, `cargo xtask start`, `cargo xtask gallery` and `cargo xtask tour`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use fluence_tests::browser::{Browser, Extension, Kind};
use fluence_tests::display::Display;
use fluence_tests::files;
use fluence_tests::gallery::Gallery;
use fluence_tests::node::{Node, Ports};
use fluence_tests::process::repository;
use fluence_tests::scene::{ONLINE, Scene, same_bytes};
use fluence_tests::site::{RECORD_VIDEO, Site};
use fluence_tests::tour;
use serde_json::json;
use thirtyfour::By;

/// How long sharing or fetching one file may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The length of the large file, in bytes.
const LARGE: usize = 50_000_000;
/// The port of the gallery.
const GALLERY_PORT: u16 = 4190;

#[derive(Parser)]
#[command(name = "stage")]
struct Arguments {
    #[command(subcommand)]
    play: Play,
}

#[derive(Subcommand)]
enum Play {
    /// Share files in one browser, fetch them in another, and print each step
    Demo {
        /// Keep everything running until Ctrl-C
        #[arg(long)]
        keep: bool,
        /// Show nothing, even if there is a display
        #[arg(long)]
        headless: bool,
        /// The browser that shares
        #[arg(long, value_enum, default_value = "chromium")]
        browser: Which,
        /// The browser that fetches, if it is another one
        #[arg(long, value_enum)]
        to: Option<Which>,
    },
    /// Start a node and a browser to play with
    Start,
    /// Show the pages and components of the extension in every state
    Gallery,
    /// Record what the README shows
    Tour,
}

/// A kind of browsers, as the command line names it.
#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Chromium,
    Firefox,
}

impl From<Which> for Kind {
    fn from(which: Which) -> Self {
        match which {
            Which::Chromium => Self::Chromium,
            Which::Firefox => Self::Firefox,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Arguments::parse().play {
        Play::Demo {
            keep,
            headless,
            browser,
            to,
        } => {
            let kinds = [browser, to.unwrap_or(browser)].map(Kind::from);
            demo(keep, headless, kinds).await
        }
        Play::Start => start().await,
        Play::Gallery => gallery().await,
        Play::Tour => record_tour().await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what is done and how long it took.
struct Narrator {
    number: u32,
    began: Instant,
}

impl Narrator {
    async fn step<T>(&mut self, what: &str, done: impl Future<Output = Result<T>>) -> Result<T> {
        self.number += 1;
        let start = Instant::now();
        let result = done
            .await
            .with_context(|| format!("step {}: {what}", self.number))?;
        let took = start.elapsed().as_secs_f64();
        println!("{:3}. {what:62} {took:7.2} s", self.number);
        Ok(result)
    }
}

async fn demo(keep: bool, headless: bool, [sharing, fetching]: [Kind; 2]) -> Result<()> {
    let mut narrator = Narrator {
        number: 0,
        began: Instant::now(),
    };
    let scene = Scene::new("demo").await?;
    let own = if headless {
        None
    } else {
        Display::own().map(Arc::new)
    };
    let visible = own.is_some();

    let node = narrator
        .step("start a node with storage", scene.node("node", &[]))
        .await?;
    let display = match own {
        Some(display) => display,
        None => {
            narrator
                .step("make a display that nobody sees", scene.hidden_display())
                .await?
        }
    };
    let mut alice = scene.browser_of(sharing, "alice", Some(display.clone()))?;
    narrator.step("open Alice's browser", alice.open()).await?;
    let page = alice.driver()?.window().await?;
    narrator
        .step("make a page of real files", make_files(&scene.site, &alice))
        .await?;
    let names = ["sunset.png", "letter.pdf", "waves.webm", "large.bin"];

    let face = alice.face_beside().await?;
    let popup = alice.driver()?.window().await?;
    narrator
        .step("Alice's extension is reachable", async {
            face.set_nodes(&[node.websocket()?]).await?;
            face.wait_network("online", ONLINE).await
        })
        .await?;
    let mut links = Vec::new();
    for name in names {
        let what = format!("Alice right clicks {name}: Share via Fluence");
        let shown = narrator
            .step(&what, async {
                alice.driver()?.switch_to_window(page.clone()).await?;
                alice.share_by_right_click(By::Id(name)).await?;
                alice.driver()?.switch_to_window(popup.clone()).await?;
                face.wait_named(name, &["shared"], PATIENCE).await
            })
            .await?;
        let cid = shown.cid.context("the shared file has no hash")?;
        println!("       fluence:{cid}");
        links.push((name, cid));
    }
    face.plain_picture("shared").await?;
    let before = node.uploaded().await?;
    ensure!(
        before == 0,
        "{before} bytes left Alice's browser before anybody asked for them"
    );
    println!("       nothing has left Alice's browser yet");

    let mut bob = scene.browser_of(fetching, "bob", visible.then_some(display))?;
    narrator.step("open Bob's browser", bob.open()).await?;
    let face = bob.face().await?;
    narrator
        .step("Bob's extension is reachable", async {
            face.set_nodes(&[node.websocket()?]).await?;
            face.wait_network("online", ONLINE).await
        })
        .await?;
    for (name, cid) in &links {
        let expected = scene.site.file(name).context("the file is gone")?;
        let what = format!("Bob fetches {name} ({} bytes) by its hash", expected.len());
        narrator
            .step(&what, async {
                face.fetch(&format!("fluence:{cid}")).await?;
                face.wait_named(name, &["done"], PATIENCE).await
            })
            .await?;
        let file = bob.downloads().join(name);
        narrator
            .step("the saved file has the same bytes", async {
                bob.saved(name, PATIENCE).await?;
                same_bytes(&file, &expected)
            })
            .await?;
        println!("       sha256 {}", files::sha256(&expected));
    }
    face.plain_picture("fetched").await?;
    println!(
        "\nAll of it took {:.1} s; {} bytes went through the node's storage.",
        narrator.began.elapsed().as_secs_f64(),
        node.uploaded().await?
    );
    println!(
        "Screenshots are in {}",
        scene.artifacts.directory().display()
    );
    if keep {
        println!(
            "The node and the browsers keep running until Ctrl-C. The page is {}",
            scene.site.url("/")
        );
        tokio::signal::ctrl_c().await?;
    }
    alice.close().await?;
    bob.close().await
}

/// Puts real files on the site. The video is recorded in the browser, whose current tab then shows
/// the site.
async fn make_files(site: &Site, browser: &Browser) -> Result<()> {
    site.add("sunset.png", "image/png", files::picture(1280, 960)?);
    site.add(
        "letter.pdf",
        "application/pdf",
        files::document("Everything is a function call."),
    );
    site.add(
        "large.bin",
        "application/octet-stream",
        files::noise(LARGE, 1),
    );
    let driver = browser.driver()?;
    driver.goto(site.url("/")).await?;
    let failure = driver
        .execute_async(RECORD_VIDEO, vec![json!("waves.webm")])
        .await?;
    ensure!(
        failure.json().is_null(),
        "no video was recorded: {}",
        failure.json()
    );
    driver.refresh().await?;
    Ok(())
}

async fn gallery() -> Result<()> {
    let extension = Extension::find(Kind::Chromium)?;
    let directory = repository().join("dist").join("gallery");
    let gallery = Gallery::open(extension.directory(), &directory, GALLERY_PORT).await?;
    println!("The gallery is at {} until Ctrl-C", gallery.url());
    Ok(tokio::signal::ctrl_c().await?)
}

async fn record_tour() -> Result<()> {
    let scene = Scene::new("tour").await?;
    let film = tour::record(&scene).await?;
    let directory = repository().join("docs").join("pictures");
    std::fs::create_dir_all(&directory)?;
    let file = directory.join("tour.png");
    std::fs::write(&file, &film).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{} has {} bytes", file.display(), film.len());
    Ok(())
}

async fn start() -> Result<()> {
    let display = Display::own()
        .context("there is no display: use `cargo xtask demo`, which needs none, or set DISPLAY")?;
    // What was done in the previous run is still there.
    let scene = Scene::lasting("start").await?;
    let mut node = Node::start_on(
        &scene.path("node"),
        &scene.artifacts.directory().join("node.log"),
        &[],
        &Ports::DEFAULT,
    )
    .await?;
    println!("The node is {}", node.websocket()?);
    scene
        .site
        .add("sunset.png", "image/png", files::picture(1280, 960)?);
    scene.site.add(
        "letter.pdf",
        "application/pdf",
        files::document("Everything is a function call."),
    );
    scene.site.add(
        "large.bin",
        "application/octet-stream",
        files::noise(LARGE, 1),
    );
    let page = scene.site.url("/");
    let mut browser = scene
        .browser("browser", Some(Arc::new(display)))?
        .open_alone(&page)?;
    println!("The page is {page}. Close the browser, or press Ctrl-C, to end.");
    tokio::select! {
        ended = browser.closed() => ended?,
        ended = tokio::signal::ctrl_c() => {
            ended?;
            browser.close().await?;
        }
    }
    node.stop().await
}
