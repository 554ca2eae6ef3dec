//! Tests of what Fluence relies on in other software. The same promises are checked against a real
//! Kubo, if the environment variable `FLUENCE_TEST_KUBO` names its program, and against the Go
//! peer, if Go is installed to build it. Tests that cannot run are listed as ignored.

mod front;
mod network;
mod promises;

use anyhow::{Context, Result};
use fluence_tests::kubo::{KUBO, Software};
use futures::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Trial};

/// A test of an IPFS daemon.
type Test = for<'a> fn(&'a Software) -> LocalBoxFuture<'a, Result<()>>;

fn main() {
    let of_daemons = [("", promises::ALL), ("behind a node: ", front::ALL)];
    let of_peers = [("on the network: ", network::ALL)];
    let all = [
        (
            "Kubo",
            Software::kubo(),
            format!("{KUBO} does not name the program `ipfs`"),
            of_daemons.to_vec(),
        ),
        (
            "the Go peer",
            Software::go_peer(),
            "there is no Go; it is at https://go.dev/doc/install, or Debian's `golang`".to_owned(),
            [&of_daemons[..], &of_peers].concat(),
        ),
    ];
    let mut trials = Vec::new();
    for (name, software, missing, groups) in all {
        if software.is_none() {
            eprintln!("ignored: all tests of {name}: {missing}");
        }
        for (group, tests) in groups {
            for &(test, perform) in tests {
                let (ignored, software) = (software.is_none(), software.clone());
                let missing = missing.clone();
                let trial = Trial::test(format!("{name}: {group}{test}"), move || {
                    let software = software.as_ref().context(missing);
                    Ok(software.and_then(|software| play(perform(software)))?)
                });
                trials.push(trial.with_ignored_flag(ignored));
            }
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}

fn play(test: LocalBoxFuture<'_, Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(test)
}
