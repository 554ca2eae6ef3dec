//! Checks of this repository's dependencies: that none is unused, and their licences, sources,
//! duplicates and advisories.

use anyhow::Result;

use crate::run::{Run, Workspace};
use crate::setup;

/// The version of `cargo-deny`, which reads `deny.toml`.
const DENY: &str = "0.20.2";
/// The version of `cargo-machete`, which searches the sources for the names of dependencies. It is
/// quick, because it builds nothing.
const MACHETE: &str = "0.9.2";

/// Checks licences, duplicate versions and sources against `deny.toml`, and known vulnerabilities
/// if their database (a Git repository) can be fetched.
///
/// # Errors
/// If `deny.toml` does not allow something, or if the tool cannot be installed. A database that
/// cannot be fetched is only a warning, because machines without access to it must be able to pass.
pub fn allowed(workspace: &Workspace) -> Result<()> {
    let program = setup::tool(workspace, "cargo-deny", DENY)?;
    let deny = |arguments: &[&str]| {
        Run::new(&program)
            .directory(&workspace.root)
            .arguments(["--locked", "--workspace"])
            .arguments(arguments)
    };
    deny(&["check", "licenses", "bans", "sources"]).done()?;
    if let Err(error) = deny(&["--log-level", "off", "fetch", "db"]).done() {
        eprintln!(
            "warning: ADVISORIES WERE NOT CHECKED: the database of known vulnerabilities cannot be fetched ({error:#})"
        );
        return Ok(());
    }
    deny(&["check", "advisories"]).done()
}

/// Checks that each dependency is used somewhere in the sources of its package.
///
/// # Errors
/// If one is not used, or if the tool cannot be installed.
pub fn used(workspace: &Workspace) -> Result<()> {
    let program = setup::tool(workspace, "cargo-machete", MACHETE)?;
    Run::new(program)
        .directory(&workspace.root)
        .arguments(["--with-metadata", "--skip-target-dir"])
        .done()
}
