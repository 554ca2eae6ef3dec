//! `cargo xtask` builds, starts, tests, measures and packages, each with one command.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod dependencies;
mod extension;
mod lint;
mod package;
mod run;
mod setup;
mod sizes;
mod test;

use extension::Optimise;
use run::{Run, Workspace};

/// Builds, starts, tests, measures and packages Fluence Share
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the extension into dist/chrome and dist/firefox
    Build {
        /// Do not optimise: quick to build, but slow and large
        #[arg(long)]
        dev: bool,
    },
    /// Make dist/fluence-chrome.zip and dist/fluence-firefox.zip, with the same bytes from the same source
    Package,
    /// Print the sizes of the extension's parts
    Sizes {
        /// Record the sizes for `cargo xtask test` to compare with
        #[arg(long)]
        record: bool,
    },
    /// Check, build and test everything, including in real browsers
    Test,
    /// Share files in one browser, fetch them in another, and print each step
    Demo {
        /// Keep the browsers and the node running until Ctrl-C
        #[arg(long)]
        keep: bool,
        /// Show no windows and take screenshots, even if there is a display
        #[arg(long)]
        headless: bool,
        /// The browser that shares: `chromium` or `firefox`
        #[arg(long, default_value = "chromium")]
        browser: String,
        /// The browser that fetches, if it is another one
        #[arg(long)]
        to: Option<String>,
    },
    /// Kill workers at random moments while they share, serve, fetch, save and stop
    Chaos {
        /// How many rounds to play
        #[arg(long, default_value_t = 100)]
        rounds: u32,
        /// The seed of an earlier run, to repeat it
        #[arg(long)]
        seed: Option<u64>,
        /// Play only some faults, with commas between them: `kill`, `cut` and `full`
        #[arg(long)]
        faults: Option<String>,
    },
    /// Measure what docs/figures.md reports
    Figures {
        /// What to measure; everything if none is given
        names: Vec<String>,
    },
    /// Start a node and a browser with the extension, to play with
    Start,
    /// Show the pages and components of the extension in their states, at an address that is printed
    Gallery {
        /// Take the pictures in tests/pictures anew
        #[arg(long, conflicts_with = "compare")]
        record: bool,
        /// Compare them with what this machine draws
        #[arg(long)]
        compare: bool,
        /// Take the pictures in docs/store/pictures anew
        #[arg(long, conflicts_with_all = ["record", "compare"])]
        store: bool,
    },
    /// Record anew what the README shows, in docs/pictures
    Tour,
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    let workspace = Workspace::find()?;
    match task {
        Task::Build { dev } => {
            let optimise = if dev { Optimise::No } else { Optimise::Yes };
            let built = extension::build(&workspace, optimise)?;
            sizes::print(&sizes::measure(&built)?);
            println!(
                "The extension is in {} and in {}",
                built.chrome.display(),
                built.firefox.display()
            );
            Ok(())
        }
        Task::Package => {
            let built = extension::build(&workspace, Optimise::Yes)?;
            lint::both(&workspace, &built)?;
            for file in package::zip(&workspace, &built)? {
                println!("{} is a package for a store", file.display());
            }
            Ok(())
        }
        Task::Sizes { record } => {
            let built = extension::build(&workspace, Optimise::Yes)?;
            let measured = sizes::measure(&built)?;
            sizes::print(&measured);
            if record {
                built.require_optimised()?;
                sizes::record(&workspace, &measured)?;
            }
            Ok(())
        }
        Task::Test => test::everything(&workspace),
        Task::Demo {
            keep,
            headless,
            browser,
            to,
        } => {
            let to = to.unwrap_or_else(|| browser.clone());
            if [&browser, &to].into_iter().any(|kind| kind == "firefox") {
                setup::browser(setup::FIREFOX)?.require()?;
                setup::geckodriver(&workspace)?;
            }
            let mut options = vec!["demo", "--browser", &browser, "--to", &to];
            options.extend(keep.then_some("--keep"));
            options.extend(headless.then_some("--headless"));
            play(&workspace, DEV, "stage", &options, &[])
        }
        Task::Start => play(&workspace, DEV, "stage", &["start"], &[]),
        Task::Tour => play(&workspace, DEV, "stage", &["tour"], &[]),
        Task::Gallery {
            record: false,
            compare: false,
            store: false,
        } => play(&workspace, DEV, "stage", &["gallery"], &[]),
        Task::Gallery { store: true, .. } => {
            setup::browser(setup::CHROMIUM)?.require()?;
            setup::packages(&workspace, "axe", "axe-core")?;
            extension::build(&workspace, Optimise::Yes)?;
            let test = ["test", "--workspace", "--test", "e2e", "--"];
            workspace
                .cargo(test)
                .arguments(["--exact", "gallery::the_stores_have_pictures"])
                .environment("FLUENCE_PICTURES", "store")
                .done()
        }
        Task::Gallery { record, .. } => {
            let what = if record { "record" } else { "compare" };
            setup::browser(&[setup::CHROMIUM, setup::FIREFOX].concat())?.require()?;
            setup::geckodriver(&workspace)?;
            setup::packages(&workspace, "axe", "axe-core")?;
            extension::build(&workspace, Optimise::Yes)?;
            for kind in ["chromium", "firefox"] {
                let test = ["test", "--workspace", "--test", "e2e", "--"];
                workspace
                    .cargo(test)
                    .arguments(["--exact", "gallery::it_looks_as_recorded"])
                    .environment("FLUENCE_BROWSER", kind)
                    .environment("FLUENCE_PICTURES", what)
                    .done()?;
            }
            Ok(())
        }
        Task::Chaos {
            rounds,
            seed,
            faults,
        } => {
            setup::browser(setup::CHROMIUM)?.require()?;
            extension::build(&workspace, Optimise::Yes)?;
            let built = ["build", "--workspace", "--bins"];
            workspace.cargo(built).done()?;
            let test = ["test", "--package", "fluence-tests", "--test", "e2e"];
            let mut run = workspace
                .cargo(test)
                .arguments(["--", "--nocapture", "faults_at_random_moments"])
                .environment("FLUENCE_CHAOS_ROUNDS", rounds.to_string());
            if let Some(seed) = seed {
                run = run.environment("FLUENCE_CHAOS_SEED", seed.to_string());
            }
            if let Some(faults) = faults {
                run = run.environment("FLUENCE_CHAOS_FAULTS", faults);
            }
            run.done()
        }
        Task::Figures { names } => {
            let mut environment = Vec::new();
            match setup::others(&workspace) {
                Ok(bundle) => environment.push(("FLUENCE_OTHERS", bundle)),
                Err(error) => {
                    eprintln!("warning: there will be no comparison with npm's packages: {error:#}")
                }
            }
            play(&workspace, RELEASE, "figures", &names, &environment)
        }
    }
}

/// Prepares real browsers, the extension and the command, and runs a program of the crate
/// `fluence-tests`.
fn play<A: AsRef<OsStr>>(
    workspace: &Workspace,
    profile: Profile,
    program: &str,
    options: &[A],
    environment: &[(&str, PathBuf)],
) -> Result<()> {
    setup::browser(setup::CHROMIUM)?.require()?;
    let built = extension::build(workspace, Optimise::Yes)?;
    sizes::print(&sizes::measure(&built)?);
    workspace
        .cargo([
            "build",
            "--bins",
            "--package",
            "fluence-cli",
            "--package",
            "fluence-tests",
        ])
        .arguments(["--profile", profile.name])
        .done()?;
    let program = workspace.target.join(profile.directory).join(program);
    let mut run = Run::new(program)
        .directory(&workspace.root)
        .arguments(options);
    for (name, value) in environment {
        run = run.environment(name, value);
    }
    run.done()
}

/// A Cargo profile, and the directory that its builds go to.
struct Profile {
    name: &'static str,
    directory: &'static str,
}

/// The profile that is quick to build.
const DEV: Profile = Profile {
    name: "dev",
    directory: "debug",
};
/// The optimised profile, as it is shipped.
const RELEASE: Profile = Profile {
    name: "release",
    directory: "release",
};
