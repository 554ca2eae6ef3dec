//! What strangers can do to a node as a whole, and what others can still do meanwhile.
#![cfg(target_os = "linux")]

mod support;

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use support::{Fluence, fluence, get, output};

/// Opens a connection to a multiaddr's IP address and port.
fn connect(address: &str) -> TcpStream {
    let parts: Vec<&str> = address.split('/').collect();
    TcpStream::connect(format!("{}:{}", parts[2], parts[4])).expect("it connects")
}

/// Starts a node that may have so many files open, and may raise that to the second number.
fn start(state: &Path, files: &str, options: &[&str]) -> Fluence {
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={files}"));
    let node = fluence(state);
    command.arg(node.get_program()).args(node.get_args());
    for (name, value) in node.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.arg("node");
    for flag in ["--listen-tcp", "--listen-ws", "--listen-http"] {
        command.args([flag, "127.0.0.1:0"]);
    }
    Fluence::start(command.args(options))
}

/// What a node that has few files says.
const FEW: &str = "raise the limit (ulimit -n, LimitNOFILE)";

#[test]
fn a_node_raises_its_limit_of_files_and_says_so_when_it_cannot() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("node");
    let few = ["--max-connections", "1000"];
    for (files, may_have, says) in [("256:4096", 4096, false), ("256:512", 512, true)] {
        let mut node = start(&state, files, &few);
        node.event("listening");
        let status = output(fluence(&state).args(["node", "status"]));
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(status["max_open_files"], may_have, "{status}");
        let connections = if says { 256 } else { 1000 };
        assert_eq!(status["connections"]["most"], connections, "{status}");
        node.terminate();
        let (_, log) = node.ends();
        assert_eq!(log.contains(FEW), says, "{log}");
        let http = format!("only {} HTTP connections instead of 2048", may_have / 4);
        assert!(log.contains(&http), "{log}");
    }
}

#[test]
fn more_idle_connections_than_files_leave_a_node_open_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("node");
    let node = start(&state, "1024:1024", &[]);
    let listening = node.event("listening");
    assert!(node.story().contains(FEW), "{}", node.story());
    let addresses: Vec<&str> = listening["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|address| address.as_str())
        .collect();
    let http = listening["http"].as_str().unwrap();
    let mut idle = Vec::new();
    for n in 0..1100 {
        idle.push(connect(addresses[n % 2]));
    }
    let (status, _) = get(http, "/healthz");
    assert_eq!(status, 200);
    // A stranger shares a file, and another one fetches it.
    let file = directory.path().join("file");
    std::fs::write(&file, b"here").unwrap();
    let client = |state: &str, command: &str| {
        let mut client = fluence(&directory.path().join(state));
        client.args([command, "--node", addresses[0]]);
        client
    };
    let share = Fluence::start(client("sharer", "share").arg(&file));
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    let fetch = Fluence::start(client("fetcher", "fetch").arg(&link).args([
        "--output".as_ref(),
        directory.path().join("got").as_os_str(),
    ]));
    fetch.succeeds();
    assert_eq!(
        std::fs::read(directory.path().join("got")).unwrap(),
        b"here"
    );
    drop(idle);
}
