//! Measures the figures that `docs/figures.md` reports, all in one run: `cargo xtask figures
//! [NAME…]`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use fluence_tests::scene::Scene;

mod attacks;
mod clicks;
mod fetching;
mod hashing;
mod input;
mod link;
mod lists;
mod many;
mod memory;
mod native;
mod noise;
mod overlap;
mod page;
mod private;
mod processes;
mod server;
mod table;
mod transfers;
mod web_link;

/// How long anything may take. It is less than the ten minutes after which the browser ends a
/// script in a page.
const PATIENCE: Duration = Duration::from_secs(580);

/// Measures the figures that docs/figures.md reports, in real browsers and with a real node.
#[derive(Parser)]
struct Arguments {
    /// The figures to measure; without any, all of them
    #[arg(value_enum)]
    figures: Vec<Figure>,
}

/// A group of figures that can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// A file of 50 MB, a call, and the start
    Transfers,
    /// What is seen after a click, and how soon a small file is saved
    Clicks,
    /// Hashing and layout of 1 GiB
    Hashing,
    /// Verified fetch of 1 GiB
    Fetching,
    /// Fetching while the provider uploads
    Overlap,
    /// The popup's first list of 10,000 items, and scrolling it
    Lists,
    /// How long clicks and keys wait while 1 GiB moves
    Input,
    /// 500, 5,000 and 10,000 small files
    Many,
    /// Memory while 4 GiB are shared and fetched
    Memory,
    /// Private shares of 1 GiB in the extension
    Private,
    /// The page of web links with 2 GiB, in Chromium and Firefox
    WebLink,
    /// The command line with 1 GiB, against Kubo
    Native,
    /// What honest peers can do while a node is attacked
    Attacks,
}

#[tokio::main]
async fn main() -> ExitCode {
    match measure(Arguments::parse().figures).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures one group after the other. If one fails, the others are measured all the same.
async fn measure(mut figures: Vec<Figure>) -> Result<()> {
    if figures.is_empty() {
        figures = Figure::value_variants().to_vec();
    }
    let others = page::others();
    if others.is_none() {
        eprintln!("There is no bundle of the programs to compare with: run `cargo xtask figures`.");
    }
    let mut failed = Vec::new();
    table::head();
    for figure in figures {
        let name = figure
            .to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default();
        let start = Instant::now();
        // Each group has a scene of its own, because the large files are removed with the scene.
        let scene = Scene::new(&format!("figures-{name}")).await?;
        let measured = match figure {
            Figure::Transfers => transfers::measure(&scene).await,
            Figure::Clicks => clicks::measure(&scene).await,
            Figure::Hashing => hashing::measure(&scene, others.as_deref()).await,
            Figure::Fetching => fetching::measure(&scene, others.as_deref()).await,
            Figure::Overlap => overlap::measure(&scene).await,
            Figure::Lists => lists::measure(&scene).await,
            Figure::Input => input::measure(&scene).await,
            Figure::Many => many::measure(&scene).await,
            Figure::Memory => memory::measure(&scene).await,
            Figure::Private => private::measure(&scene).await,
            Figure::WebLink => web_link::measure(&scene).await,
            Figure::Native => native::measure(&scene).await,
            Figure::Attacks => attacks::measure(&scene).await,
        };
        if let Err(error) = measured {
            scene.artifacts.picture_all().await;
            table::missing(&name, &format!("{error:#}").replace(['|', '\n'], " "));
            failed.push(name.clone());
        }
        eprintln!("{name}: {} s", start.elapsed().as_secs());
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("not measured: {}", failed.join(", "))
}

/// A number of bytes in MiB or GiB, for people.
fn gib(bytes: u64) -> String {
    match bytes {
        ..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}
