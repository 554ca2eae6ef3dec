//! The `fluence` command.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use fluence_cli::commands::{Cli, run};

fn main() -> ExitCode {
    run(Cli::read())
}
