//! The program `fluence`, as a person at a terminal or a script uses it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::process::{Program, fluence};

/// `fluence` with its own state, connected to one node.
pub struct CommandLine {
    node: String,
    directory: PathBuf,
    log: PathBuf,
}

/// The outcome of a command.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: Option<i32>,
    /// The lines of JSON that it printed.
    pub lines: Vec<Value>,
    /// What it wrote to stderr.
    pub said: String,
}

impl Ended {
    /// The line of JSON with this event. The command must have succeeded.
    pub fn event(&self, event: &str) -> Result<&Value> {
        ensure!(
            self.code == Some(0),
            "`fluence` ended with {:?}: {} {:?}",
            self.code,
            self.said,
            self.lines.last()
        );
        self.lines
            .iter()
            .find(|line| line["event"] == event)
            .ok_or_else(|| anyhow!("`fluence` printed no “{event}”, but {:?}", self.lines))
    }

    /// The code of the error with which the command failed. It must have failed.
    pub fn error(&self) -> Result<&str> {
        ensure!(
            self.code != Some(0),
            "`fluence` succeeded: {:?}",
            self.lines
        );
        self.lines
            .iter()
            .find(|line| line["event"] == "error")
            .and_then(|line| line["code"].as_str())
            .ok_or_else(|| {
                anyhow!(
                    "`fluence` printed no error, but {:?} {}",
                    self.lines,
                    self.said
                )
            })
    }
}

impl CommandLine {
    /// A command line that uses the node with this multiaddr.
    pub fn new(node: String, directory: &Path, log: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        Ok(Self {
            node,
            directory: directory.to_owned(),
            log: log.to_owned(),
        })
    }

    /// The directory in which it runs, where fetched files are saved.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let (name, rest) = arguments.split_first().context("no command was given")?;
        let mut command = Command::new(fluence()?);
        command
            .args([name, "--json", "--node", &self.node, "--state"])
            .arg(self.directory.join("state"))
            .args(rest)
            .current_dir(&self.directory)
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str], limit: Duration) -> Result<Ended> {
        let mut command = self.command(arguments)?;
        command.stdin(Stdio::null());
        let output = timeout(limit, command.output()).await.with_context(|| {
            format!(
                "`fluence {}` did not end within {limit:?}",
                arguments.join(" ")
            )
        })??;
        let lines = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Ok(Ended {
            code: output.status.code(),
            lines,
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts a command that keeps running (`share`, `provide`), and waits for a line of JSON for
    /// which `ready` returns a value.
    pub async fn start<T>(
        &self,
        arguments: &[&str],
        ready: impl Fn(&Value) -> Option<T>,
    ) -> Result<(Program, T)> {
        let mut program = Program::start(&mut self.command(arguments)?, &self.log)?;
        let found = program
            .until(|line| ready(&serde_json::from_str(line).ok()?))
            .await
            .with_context(|| {
                format!(
                    "`fluence {}`; see {}",
                    arguments.join(" "),
                    self.log.display()
                )
            })?;
        Ok((program, found))
    }

    /// Shares a file, and returns the running program and the file's CID once it is shared.
    pub async fn share(&self, file: &Path) -> Result<(Program, String)> {
        let file = file.to_str().context("the path is not valid UTF-8")?;
        self.start(&["share", file], |line| {
            (line["event"] == "shared").then(|| line["cid"].as_str().map(str::to_owned))?
        })
        .await
    }

    /// Shares a file with this profile instead of the default one. Returns the program and the CID.
    pub async fn share_as(&self, file: &Path, profile: &str) -> Result<(Program, String)> {
        let file = file.to_str().context("the path is not valid UTF-8")?;
        self.start(&["share", "--profile", profile, file], |line| {
            (line["event"] == "shared").then(|| line["cid"].as_str().map(str::to_owned))?
        })
        .await
    }

    /// Shares a file privately. Returns the program and the link, which has the key.
    pub async fn share_privately(&self, file: &Path) -> Result<(Program, String)> {
        let file = file.to_str().context("the path is not valid UTF-8")?;
        self.start(&["share", "--private", file], |line| {
            (line["event"] == "shared").then(|| line["link"].as_str().map(str::to_owned))?
        })
        .await
    }

    /// The CID of a file, which is computed without sharing it.
    pub async fn hash(&self, file: &Path) -> Result<String> {
        let output = Command::new(fluence()?)
            .args(["hash", "--json"])
            .arg(file)
            .output()
            .await?;
        let line: Value = serde_json::from_slice(&output.stdout)?;
        let cid = line["cid"].as_str();
        Ok(cid
            .with_context(|| format!("no hash in {line}"))?
            .to_owned())
    }

    /// Fetches a file and returns the path at which it was saved.
    pub async fn fetch(&self, cid: &str, limit: Duration) -> Result<PathBuf> {
        let ended = self.run(&["fetch", cid], limit).await?;
        let line = ended.event("fetched")?;
        let path = line["path"].as_str();
        Ok(self
            .directory
            .join(path.with_context(|| format!("no path in {line}"))?))
    }

    /// Calls a function and returns its result.
    pub async fn call(&self, function: &str, arguments: &Value, limit: Duration) -> Result<Value> {
        let ended = self
            .run(&["call", function, &arguments.to_string()], limit)
            .await?;
        Ok(ended.event("result")?["ok"].clone())
    }

    /// Provides a function with a shell command. Returns once it is announced; it is provided until
    /// the program ends.
    pub async fn provide(&self, function: &str, shell: &str) -> Result<Program> {
        let (program, ()) = self
            .start(&["provide", function, "--", "sh", "-c", shell], |line| {
                (line["event"] == "providing").then_some(())
            })
            .await?;
        Ok(program)
    }
}
