//! Tests of the Go peer, an independent libp2p implementation, on the network of functions: over
//! both transports, and through the relay.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fluence_tests::command_line::CommandLine;
use fluence_tests::kubo::go_peer;
use fluence_tests::node::Node;
use fluence_tests::process::Program;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Test;

pub const ALL: &[(&str, Test)] = &[
    ("provides a function over TCP", |_| {
        Box::pin(provides(Node::tcp))
    }),
    ("provides a function over WebSocket", |_| {
        Box::pin(provides(Node::websocket))
    }),
    ("calls a function over TCP", |_| Box::pin(calls(Node::tcp))),
    ("calls a function over WebSocket", |_| {
        Box::pin(calls(Node::websocket))
    }),
];

/// Longer than a call takes.
const LIMIT: Duration = Duration::from_secs(60);
const FUNCTION: &str = "greet-Grüße-🌍";

type Address = fn(&Node) -> Result<String>;

async fn node(directory: &TempDir) -> Result<Node> {
    let path = directory.path();
    Node::start(&path.join("node"), &path.join("node.log"), &[]).await
}

fn terminal(directory: &TempDir, node: &Node) -> Result<CommandLine> {
    let path = directory.path();
    CommandLine::new(
        node.tcp()?,
        &path.join("terminal"),
        &path.join("terminal.log"),
    )
}

async fn provides(address: Address) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let node = node(&directory).await?;
    let mut command = Command::new(go_peer()?);
    command.args([
        "provide",
        "--node",
        &address(&node)?,
        "--function",
        FUNCTION,
    ]);
    let mut provider = Program::start(&mut command, &directory.path().join("provider.log"))?;
    let peer = provider
        .until(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["event"] == "provided").then(|| line["peer"].clone())
        })
        .await
        .with_context(|| log(&directory, "provider.log"))?;
    let terminal = terminal(&directory, &node)?;
    let arguments = json!({"numbers": [1, 2.5, -3], "text": "Grüße", "nothing": null});
    for _ in 0..2 {
        let result = terminal.call(FUNCTION, &arguments, LIMIT).await?;
        ensure!(result["echo"] == arguments, "{result}");
        ensure!(result["software"] == "go-libp2p", "{result}");
        ensure!(
            result["caller"].is_string() && result["caller"] != peer,
            "{result}"
        );
    }
    Ok(())
}

async fn calls(address: Address) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let node = node(&directory).await?;
    let terminal = terminal(&directory, &node)?;
    let provider = terminal.provide(FUNCTION, "cat").await?;
    let arguments = json!({"numbers": [1, 2.5, -3], "text": "Grüße"});
    let mut command = Command::new(go_peer()?);
    command
        .args([
            "call",
            "--node",
            &address(&node)?,
            "--function",
            FUNCTION,
            "--args",
        ])
        .arg(arguments.to_string())
        .kill_on_drop(true);
    let ended = timeout(LIMIT, command.output())
        .await
        .context("the call did not end")??;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{said}");
    let line: Value = serde_json::from_slice(&ended.stdout)?;
    ensure!(line["reply"]["ok"] == arguments, "{line}");
    provider.terminate().await?;
    Ok(())
}

fn log(directory: &TempDir, name: &str) -> String {
    std::fs::read_to_string(directory.path().join(name)).unwrap_or_default()
}
