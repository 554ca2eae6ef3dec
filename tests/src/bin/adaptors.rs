//! Runs tests that are compiled to WebAssembly in a real Chromium; `cargo test` calls this as the
//! target's runner. The server of [`fluence_tests::stranger`] answers under the name
//! `stranger.test`, and the built extension's file worker is served at the paths that it has in the
//! extension.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use fluence_tests::browser::{Extension, Kind};
use fluence_tests::stranger::Stranger;
use serde_json::json;
use wasm_bindgen_cli::wasm_bindgen_test_runner;

/// The file with the browser's options, which the runner looks for in its working directory.
const OPTIONS: &str = "webdriver.json";
/// The extension's file worker. The runner serves the files of its working directory beside the
/// tests.
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
    let program = arguments.get_mut(1).context("no test program was given")?;
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
    let extension = Extension::find(Kind::Chromium)?;
    std::fs::create_dir(home.path().join("wasm"))?;
    for file in FILE_WORKER {
        let from = extension.directory().join(file);
        std::fs::copy(&from, home.path().join(file))
            .with_context(|| format!("the tests need {}", from.display()))?;
    }
    std::env::set_current_dir(home.path())?;
    // The runner blocks, and its server has threads of its own.
    let ended =
        tokio::task::spawn_blocking(|| wasm_bindgen_test_runner::run_cli_with_args(arguments))
            .await?;
    // Not every system can remove the working directory of a running program.
    std::env::set_current_dir("/")?;
    ended
}
