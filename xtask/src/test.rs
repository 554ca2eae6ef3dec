//! Everything that must hold before a change is taken.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::dependencies;
use crate::extension::{self, Optimise, PARTS};
use crate::run::{Run, Workspace};
use crate::setup::{self, WASM};
use crate::sizes;

/// End-to-end tests at the same time; each has up to two browsers.
const BROWSER_TESTS: u32 = 2;

/// The tests of what adapts the worker to the browser (`background/tests/browser`).
const ADAPTORS: &str = "browser";
/// How long they may take in all, in seconds.
const ADAPTORS_LIMIT: &str = "180";

/// Checks, builds and tests; goes on after a failure, and ends with an error that names all of them. The end-to-end
/// tests come last.
pub fn everything(workspace: &Workspace) -> Result<()> {
    let mut report = Report::default();
    setup::wasm_target()?;
    let browser = setup::browser()?;

    report.step("compiler", || setup::compiler(workspace));
    report.step("dependencies, allowed", || dependencies::allowed(workspace));
    report.step("dependencies, used", || dependencies::used(workspace));
    report.step("format", || {
        workspace.cargo(["fmt", "--all", "--check"]).done()
    });
    report.step("clippy, native", || {
        native(workspace, "clippy")
            .arguments(["--all-targets", "--test", "e2e", "--", "--deny", "warnings"])
            .done()
    });
    report.step("clippy, browser", || {
        workspace
            .cargo(["clippy", "--target", WASM, "--package", "fluence-peer"])
            .arguments(PARTS.iter().flat_map(|part| ["--package", part]))
            .arguments(["--", "--deny", "warnings"])
            .done()?;
        // By itself: what the tests of the other packages need does not exist for a browser.
        workspace
            .cargo(["clippy", "--target", WASM, "--package", "background"])
            .arguments(["--test", ADAPTORS, "--", "--deny", "warnings"])
            .done()
    });
    report.step("documentation", || {
        native(workspace, "doc")
            .arguments(["--no-deps", "--document-private-items"])
            .environment("RUSTDOCFLAGS", "--deny warnings")
            .done()
    });
    report.step("tests, native", || {
        native(workspace, "test")
            .arguments(["--no-fail-fast"])
            .done()
    });
    let built = report.step("extension", || {
        let built = extension::build(workspace, Optimise::Yes)?;
        let measured = sizes::measure(&built)?;
        sizes::print(&measured);
        match &built.unoptimised {
            None => sizes::compare(workspace, &measured)?,
            Some(reason) => eprintln!("warning: sizes are not compared: {reason}"),
        }
        Ok(())
    });
    let programs = report.step("programs for the tests", || {
        native(workspace, "build").arguments(["--bins"]).done()
    });
    if built && programs {
        report.step("tests, adaptors in a browser", || {
            browser.require()?;
            adaptors(workspace)
        });
        report.step("tests, end to end", || {
            browser.require()?;
            native(workspace, "test")
                .arguments(["--test", "e2e", "--"])
                .arguments([format!("--test-threads={BROWSER_TESTS}")])
                .done()
        });
    }
    report.end()
}

/// A cargo command for all of the workspace on this machine: what is logic in the browser's parts is tested here too.
/// Always the same packages, so that nothing is built twice with other features.
fn native(workspace: &Workspace, command: &str) -> Run {
    workspace.cargo([command, "--workspace"])
}

/// Compiles the tests of the adaptors to WebAssembly, and runs them in Chromium by the program `adaptors` of the crate
/// `fluence-tests`, which must be built.
fn adaptors(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(["test", "--package", "background", "--test", ADAPTORS])
        .arguments(["--target", WASM])
        // Half as long to build, and to prepare for the browser; a failure still names functions.
        .environment("CARGO_PROFILE_DEV_DEBUG", "false")
        .environment(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            workspace.target.join("debug").join("adaptors"),
        )
        .environment("WASM_BINDGEN_TEST_TIMEOUT", ADAPTORS_LIMIT)
        // As in the extension's pages.
        .environment("WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION", "1")
        .done()
}

#[derive(Default)]
struct Report {
    failures: Vec<String>,
}

impl Report {
    /// Performs a step; says whether it succeeded.
    fn step(&mut self, name: &str, perform: impl FnOnce() -> Result<()>) -> bool {
        println!("\n=== {name}");
        let start = Instant::now();
        let result = perform();
        let seconds = start.elapsed().as_secs();
        match result {
            Ok(()) => {
                eprintln!("=== {name}: {seconds} s");
                true
            }
            Err(error) => {
                eprintln!("=== {name}: FAILED after {seconds} s: {error:#}");
                self.failures.push(format!("{name}: {error:#}"));
                false
            }
        }
    }

    fn end(self) -> Result<()> {
        if self.failures.is_empty() {
            return Ok(());
        }
        bail!("failed:\n  {}", self.failures.join("\n  "))
    }
}
