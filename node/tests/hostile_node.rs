//! What strangers can do to a node as a whole, and what others can still do meanwhile.
#![cfg(target_os = "linux")]

mod support;

use std::net::TcpStream;
use std::process::Command;

use support::{Fluence, fluence, get};

/// Opens a connection to a multiaddr's IP address and port.
fn connect(address: &str) -> TcpStream {
    let parts: Vec<&str> = address.split('/').collect();
    TcpStream::connect(format!("{}:{}", parts[2], parts[4])).expect("it connects")
}

#[test]
fn more_idle_connections_than_files_leave_a_node_open_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("node");
    let mut command = Command::new("prlimit");
    command.args(["--nofile=1024:1024"]);
    let node = fluence(&state);
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
    let node = Fluence::start(&mut command);
    let listening = node.event("listening");
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
    let start = |state: &str, command: &str| {
        let mut client = fluence(&directory.path().join(state));
        client.args([command, "--node", addresses[0]]);
        client
    };
    let share = Fluence::start(start("sharer", "share").arg(&file));
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    let fetch = Fluence::start(start("fetcher", "fetch").arg(&link).args([
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
