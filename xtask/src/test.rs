//! Runs everything that must pass before a change is accepted.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::dependencies;
use crate::extension::{self, Optimise, PAGE, PARTS};
use crate::lint;
use crate::run::{Run, Workspace};
use crate::setup::{self, WASM};
use crate::sizes;

/// End-to-end tests that run at the same time; each opens up to two browsers.
const BROWSER_TESTS: u32 = 2;

/// Native tests of one program that run at the same time. Most of what takes long waits: for a minute without an answer, for
/// another attempt, for what a line brings.
const NATIVE_TESTS: u32 = 4;

/// How many tests of one step may be run again before the step fails. More than these are no accident.
const AGAIN: usize = 2;

/// The test target of the worker's adaptors to the browser (`background/tests/browser`).
const ADAPTORS: &str = "browser";
/// How long the adaptors' tests may take altogether, in seconds.
const ADAPTORS_LIMIT: &str = "180";

/// Checks, builds and tests everything, with the end-to-end tests last. A failure does not stop the
/// remaining steps.
///
/// # Errors
/// If anything failed; the error names all failures.
pub fn everything(workspace: &Workspace) -> Result<()> {
    let mut report = Report::default();
    setup::wasm_target()?;
    let browser = setup::browser(&[setup::CHROMIUM, setup::FIREFOX].concat())?;

    report.step("compiler", || setup::compiler(workspace));
    report.step("dependencies, allowed", || dependencies::allowed(workspace));
    report.step("dependencies, used", || dependencies::used(workspace));
    report.step("format", || {
        workspace.cargo(["fmt", "--all", "--check"]).done()
    });
    // This comes before whatever compiles the command, which contains the page that is built here too.
    let built = report.step("extension", || {
        let built = extension::build(workspace, Optimise::Yes)?;
        let measured = sizes::measure(&built)?;
        sizes::print(&measured);
        match &built.unoptimised {
            None => sizes::compare(workspace, &measured)?,
            Some(reason) => eprintln!("warning: sizes are not compared: {reason}"),
        }
        lint::both(workspace, &built)
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
            .arguments(["--package", PAGE, "--", "--deny", "warnings"])
            .done()?;
        // Separately, because some dependencies of the other packages' tests do not exist for a browser.
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
    report.step("js-libp2p, for the tests", || {
        setup::packages(workspace, "jspeer", "js-libp2p")
    });
    report.step("web servers, for the tests", || {
        let missing = setup::servers(workspace);
        if !missing.is_empty() {
            let missing = missing.join(", ");
            eprintln!("warning: the tests of a node behind {missing} are skipped");
        }
        Ok(())
    });
    report.tests("tests, native", |among| {
        native(workspace, "test")
            .arguments(["--no-fail-fast", "--"])
            .arguments([format!("--test-threads={NATIVE_TESTS}")])
            .arguments(among)
    });
    let programs = report.step("programs for the tests", || {
        native(workspace, "build").arguments(["--bins"]).done()
    });
    if built && programs {
        report.step("tests, adaptors in a browser", || {
            browser.require()?;
            adaptors(workspace)
        });
        // Before what only the tests need is installed: it is the first command of the README, and must need none of it.
        report.step("the demo, from Chromium to Firefox", || {
            browser.require()?;
            setup::geckodriver(workspace)?;
            Run::new(workspace.target.join("debug").join("stage"))
                .directory(&workspace.root)
                .arguments(["demo", "--headless", "--to", "firefox"])
                .done()
        });
        report.step("axe-core, for the tests", || {
            setup::packages(workspace, "axe", "axe-core")
        });
        let kinds = match report.step("the browsers", || browser.require()) {
            true => ["chromium", "firefox"].as_slice(),
            false => &[],
        };
        for kind in kinds {
            report.tests(&format!("tests, end to end, {kind}"), |among| {
                native(workspace, "test")
                    .arguments(["--test", "e2e", "--"])
                    .arguments([format!("--test-threads={BROWSER_TESTS}")])
                    .arguments(among)
                    .environment("FLUENCE_BROWSER", kind)
            });
        }
    }
    report.end()
}

/// A Cargo command for the whole workspace on this machine, including the logic in the browser's
/// parts. It always covers the same packages, so that nothing is built twice with different
/// features.
fn native(workspace: &Workspace, command: &str) -> Run {
    workspace.cargo([command, "--workspace"])
}

/// Compiles the adaptors' tests to WebAssembly and runs them in Chromium with the program `adaptors` of the crate
/// `fluence-tests`, which must have been built.
fn adaptors(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo(["test", "--package", "background", "--test", ADAPTORS])
        .arguments(["--target", WASM])
        // Without debug information, building and preparing for the browser take half as long, and
        // a failure still names functions.
        .environment("CARGO_PROFILE_DEV_DEBUG", "false")
        .environment(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            workspace.target.join("debug").join("adaptors"),
        )
        .environment("WASM_BINDGEN_TEST_TIMEOUT", ADAPTORS_LIMIT)
        // The extension's pages are not isolated by origin either.
        .environment("WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION", "1")
        .done()
}

/// The name of the test of which this line of a test program's output says that it ended in this way.
fn ended(line: &str, how: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(how)?;
    Some(name.strip_suffix(" ... ")?.to_owned())
}

#[derive(Default)]
struct Report {
    failures: Vec<String>,
    flaky: Vec<String>,
}

impl Report {
    /// Performs a step and returns whether it succeeded.
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

    /// Performs a step that runs tests; `run` gives the command for those that are named exactly, or for all. What has
    /// failed is run once more, and passes if it does not fail again, so that what takes an hour is not lost to one
    /// accident; but it is named at the end, since a test that sometimes fails shows a fault, in itself or in the program.
    fn tests(&mut self, name: &str, run: impl Fn(&[String]) -> Run) {
        let mut flaky = Vec::new();
        self.step(name, || {
            let mut failed = Vec::new();
            // The programs that began to run tests and have not said how that ended.
            let mut unended = 0;
            let status = run(&[]).watched(|line| {
                failed.extend(ended(line, "FAILED"));
                unended += i32::from(line.starts_with("running ") && line.contains(" test"));
                unended -= i32::from(line.starts_with("test result: "));
            })?;
            if status.success() {
                return Ok(());
            }
            if failed.is_empty() || failed.len() > AGAIN || unended != 0 {
                bail!("{} tests failed ({status})", failed.len());
            }
            for test in &failed {
                println!("\n=== {name}, once more: {test}");
                let mut passed = false;
                let exactly = ["--exact".to_owned(), test.clone()];
                let status = run(&exactly)
                    .watched(|line| passed |= ended(line, "ok").as_ref() == Some(test))?;
                if !status.success() || !passed {
                    bail!("{test} failed twice ({status})");
                }
            }
            flaky = failed;
            Ok(())
        });
        self.flaky.extend(flaky);
    }

    fn end(self) -> Result<()> {
        for test in &self.flaky {
            eprintln!(
                "warning: `{test}` failed once and passed when it was run again; find out why and mend it"
            );
        }
        if self.failures.is_empty() {
            return Ok(());
        }
        bail!("failed:\n  {}", self.failures.join("\n  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_run_once_more() {
        let script = |script: &str| Run::new("sh").arguments(["-c", script]);
        let mut report = Report::default();
        // The names of what failed are given only when it is run again.
        let fails = "echo 'test a::b ... FAILED'; exit 1";
        let passes = "echo 'test a::b ... ok'";
        let once = |among: &[String]| script(if among.is_empty() { fails } else { passes });
        report.tests("once", once);
        assert!(report.failures.is_empty());
        assert_eq!(report.flaky, ["a::b"]);

        report.tests("twice", |_| script(fails));
        assert_eq!(
            report.failures,
            ["twice: a::b failed twice (exit status: 1)"]
        );
        // Whatever is run again has to be there, and every program has to have come to its end before.
        let gone = |among: &[String]| script(if among.is_empty() { fails } else { "true" });
        report.tests("gone", gone);
        let aborts = "echo 'running 2 tests'; echo 'test a::b ... FAILED'; exit 1";
        let aborted = |among: &[String]| script(if among.is_empty() { aborts } else { passes });
        report.tests("aborted", aborted);
        // What does not compile is not tried again, nor is what fails in many places.
        report.tests("none", |_| script("exit 101"));
        let many = "for i in 1 2 3; do echo \"test $i ... FAILED\"; done; exit 1";
        let once = |among: &[String]| script(if among.is_empty() { many } else { passes });
        report.tests("many", once);
        assert_eq!(report.failures.len(), 5);
        assert_eq!(report.flaky, ["a::b"]);
        assert!(report.end().is_err());
    }
}
