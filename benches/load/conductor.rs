//! The processes that hold the clients, as the one that asks them sees them.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Some thousands of clients in a process of their own.
pub struct Crowd {
    _child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    count: usize,
}

/// Starts a program that may have as many files open as the system allows.
pub fn generous(program: &std::ffi::OsStr) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"ulimit -n "$(ulimit -Hn)"; exec "$0" "$@""#])
        .arg(program)
        .kill_on_drop(true);
    command
}

impl Crowd {
    /// Starts a process for this many clients of a node.
    pub async fn start(node: &str, number: usize, count: usize) -> Result<Self> {
        let own = std::env::current_exe()?;
        let mut child = generous(own.as_os_str())
            .args(["crowd", node, &number.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take().context("no standard input")?;
        let from = child.stdout.take().context("no standard output")?;
        Ok(Self {
            _child: child,
            to,
            from: BufReader::new(from).lines(),
            count,
        })
    }

    /// How many clients it has.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Has it do something, and returns what came of it.
    pub async fn ask(&mut self, what: Value) -> Result<Value> {
        self.to.write_all(format!("{what}\n").as_bytes()).await?;
        let Some(line) = self.from.next_line().await? else {
            bail!("a process with clients has ended");
        };
        let answer: Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => bail!("{what}: {error}"),
            None => Ok(answer),
        }
    }
}
