//! What is relied on of other people's software: the same promises are asked of a real Kubo, where the environment
//! variable `FLUENCE_TEST_KUBO` names its program, and of the Go peer, where there is a Go to build it with. What cannot
//! be asked is listed as ignored.

mod front;
mod network;
mod promises;

use std::path::Path;

use anyhow::{Context, Result};
use fluence_tests::kubo::{self, KUBO, Software};
use futures::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Trial};

/// A test of an IPFS daemon.
type Test = for<'a> fn(&'a Software) -> LocalBoxFuture<'a, Result<()>>;
/// A test of the Go peer on the network of functions.
type NetworkTest = for<'a> fn(&'a Path) -> LocalBoxFuture<'a, Result<()>>;

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let go_peer = Software::go_peer()?;
    let daemons = [
        (
            "Kubo",
            Software::kubo(),
            format!("{KUBO} does not name the program `ipfs`"),
        ),
        (
            "the Go peer",
            go_peer,
            "there is no Go; it is at https://go.dev/doc/install, or Debian's `golang`".to_owned(),
        ),
    ];
    let mut trials = Vec::new();
    for (name, software, missing) in daemons {
        if software.is_none() {
            eprintln!("ignored: all tests of {name}: {missing}");
        }
        let tests = promises::ALL.iter().map(|test| ("", test));
        let tests = tests.chain(front::ALL.iter().map(|test| ("behind a node: ", test)));
        for (group, &(test, perform)) in tests {
            let (ignored, software) = (software.is_none(), software.clone());
            let reason = missing.clone();
            let trial = Trial::test(format!("{name}: {group}{test}"), move || {
                let software = software.as_ref().context(reason);
                Ok(software.and_then(|software| play(perform(software)))?)
            });
            trials.push(trial.with_ignored_flag(ignored));
        }
    }
    let program = kubo::go_peer()?;
    for &(test, perform) in network::ALL {
        let (ignored, program) = (program.is_none(), program.clone());
        let trial = Trial::test(format!("the Go peer: {test}"), move || {
            let program = program.as_ref().context("there is no Go");
            Ok(program.and_then(|program| play(perform(program)))?)
        });
        trials.push(trial.with_ignored_flag(ignored));
    }
    libtest_mimic::run(&arguments, trials).exit()
}

fn play(test: LocalBoxFuture<'_, Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(test)
}
