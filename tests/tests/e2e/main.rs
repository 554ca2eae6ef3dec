//! End-to-end tests of a real Chromium with the built extension, a real node and the real command
//! line, driven as a person would drive them.

mod bad_input;
mod chaos;
mod codes;
mod command_line;
mod conditions;
mod disk;
mod everybody;
mod examples;
mod face;
mod gallery;
mod languages;
mod laziness;
mod lifetime;
mod main_job;
mod many;
mod naming;
mod own_ipfs;
mod pages;
mod popup;
mod preview;
mod private;
mod reading;
mod restarts;
mod room;
mod stays;
mod stopping;
mod toolbar;
mod ways_in;
mod web_link;
mod web_pages;

use std::time::Duration;

use anyhow::{Context, Result};
use fluence_tests::browser::{self, Kind};
use fluence_tests::scene::Scene;

/// How long any one test may take.
const TEST: Duration = Duration::from_secs(420);
/// How long sharing or fetching a small file may take on a busy machine.
const SMALL: Duration = Duration::from_secs(60);
/// How long it may take until a failure is shown. This is longer than a look-up and the deadline of
/// a call.
const FAILURE: Duration = Duration::from_secs(120);

/// Runs a test. If it fails, pictures of all open browsers are kept in `artifacts/`. Without a browser the test is
/// skipped with a message; if `CI` is set, that is a failure.
fn play(name: &str, test: impl AsyncFnOnce(&Scene) -> Result<()>) {
    play_for(TEST, name, test);
}

/// Why a test of a worker's end is for Chromium alone.
const WORKER: &str = "it ends no worker while it runs";

/// Like [`play`], for what only Chromium has or nothing can drive in Firefox; `why` says what that is.
fn play_in_chromium(name: &str, why: &str, test: impl AsyncFnOnce(&Scene) -> Result<()>) {
    if !skips_firefox(name, why) {
        play(name, test);
    }
}

/// Like [`play`], for what only Firefox has; `why` says what that is.
fn play_in_firefox(name: &str, why: &str, test: impl AsyncFnOnce(&Scene) -> Result<()>) {
    if Kind::tested() == Kind::Firefox {
        play(name, test);
    } else {
        eprintln!("skipped {name} in Chromium: {why}");
    }
}

/// Whether a test is skipped because it would run in Firefox; then it says why.
fn skips_firefox(name: &str, why: &str) -> bool {
    let skips = Kind::tested() == Kind::Firefox;
    if skips {
        eprintln!("skipped {name} in Firefox: {why}");
    }
    skips
}

/// Like [`play`], with a limit of its own.
fn play_for(longest: Duration, name: &str, test: impl AsyncFnOnce(&Scene) -> Result<()>) {
    if let Some(missing) = browser::missing() {
        assert!(std::env::var_os("CI").is_none(), "{name}: {missing}");
        eprintln!("skipped {name}: {missing}");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let ended = runtime.block_on(async {
        let scene = Scene::new(name).await?;
        let ended = tokio::time::timeout(longest, test(&scene))
            .await
            .with_context(|| format!("not done within {longest:?}"))
            .and_then(|ended| ended);
        if ended.is_err() {
            scene.artifacts.picture_all().await;
        }
        ended.with_context(|| format!("see {}", scene.artifacts.directory().display()))
    });
    if let Err(error) = ended {
        panic!("{error:?}");
    }
}
