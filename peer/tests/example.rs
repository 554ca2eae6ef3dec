//! Runs the example `provide_and_call` as a reader would, against a node on loopback.

use std::process::Stdio;
use std::time::Duration;

use fluence_peer::{Config, Keypair, Peer};
use tokio::process::Command;
use tokio::time::timeout;

/// How long the example may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_provided_and_called() {
    let listen = vec!["/ip4/127.0.0.1/tcp/0/ws".parse().expect("an address")];
    let config = Config::node(Keypair::generate_ed25519(), listen);
    let (node, _calls, mut statuses) = Peer::start(config).expect("the node starts");
    timeout(LIMIT, statuses.online())
        .await
        .expect("the node listens in time");
    let address = node.listeners().await.swap_remove(0);

    // Cargo builds examples before it runs the tests of their package, into a directory beside that of the tests.
    let own = std::env::current_exe().expect("this program has a path");
    let example = own
        .ancestors()
        .nth(2)
        .expect("a profile's directory")
        .join("examples/provide_and_call");
    let running = Command::new(&example)
        .arg(address.to_string())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = timeout(LIMIT, running)
        .await
        .expect("the example ends in time")
        .unwrap_or_else(|e| {
            panic!(
                "{} (`cargo build --examples` builds it): {e}",
                example.display()
            )
        });
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"greeting\":\"Hello, Ada!\"}\n"
    );
}
