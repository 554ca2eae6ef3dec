//! Runs a program of tests that is compiled to WebAssembly in real Chromium: what `cargo test` calls as the target's
//! runner. Beside it a server answers under the name `stranger.test`, as [`fluence_tests::stranger`] has it, and the tests
//! find the built extension's file worker where the extension has it.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use fluence_tests::browser::Extension;
use fluence_tests::stranger::Stranger;
use serde_json::json;
use wasm_bindgen_cli::wasm_bindgen_test_runner;

/// The file with the browser's options, which the runner looks for where it runs.
const OPTIONS: &str = "webdriver.json";
/// The extension's file worker. What lies where the runner runs is served beside the tests.
const FILE_WORKER: [&str; 3] = ["files.js", "wasm/files.js", "wasm/files_bg.wasm"];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let program = arguments.get_mut(1).context("which program of tests?")?;
    *program = Path::new(program).canonicalize()?.into();
    let stranger = Stranger::start().await?;
    let home = tempfile::tempdir()?;
    let options = json!({
        "goog:chromeOptions": {
            "args": [
                "headless=new",
                "no-sandbox",
                "disable-gpu",
                "disable-dev-shm-usage",
                "disable-background-networking",
                format!("host-resolver-rules=MAP stranger.test {}", stranger.address()),
                format!("user-data-dir={}", home.path().join("profile").display()),
            ],
        },
    });
    std::fs::write(home.path().join(OPTIONS), options.to_string())?;
    let extension = Extension::find()?;
    std::fs::create_dir(home.path().join("wasm"))?;
    for file in FILE_WORKER {
        let from = extension.directory().join(file);
        std::fs::copy(&from, home.path().join(file))
            .with_context(|| format!("the tests need {}", from.display()))?;
    }
    std::env::set_current_dir(home.path())?;
    // It blocks, and its own server has threads of its own.
    let ended =
        tokio::task::spawn_blocking(|| wasm_bindgen_test_runner::run_cli_with_args(arguments))
            .await?;
    // A directory that a program runs in cannot be removed everywhere.
    std::env::set_current_dir("/")?;
    ended
}
