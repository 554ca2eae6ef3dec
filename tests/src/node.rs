//! A real node: the program `fluence node` with its embedded storage.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::process::{Program, fluence};

/// How often a counter is read.
const LOOK: Duration = Duration::from_millis(100);

/// The addresses of a node, as it prints them.
#[derive(Debug, Clone, Deserialize)]
pub struct Listening {
    /// The node's peer id.
    pub peer: String,
    /// The node's libp2p addresses.
    pub addresses: Vec<String>,
    /// The base URL of the node's storage.
    pub http: String,
}

/// A node, running or stopped. Its state stays in its directory.
pub struct Node {
    directory: PathBuf,
    log: PathBuf,
    options: Vec<String>,
    listening: Listening,
    program: Option<Program>,
}

impl Node {
    /// Starts a node on free ports, with its state in `directory` and with further options for
    /// `fluence node`.
    pub async fn start(directory: &Path, log: &Path, options: &[&str]) -> Result<Self> {
        Self::start_on(directory, log, options, &Ports::FREE).await
    }

    /// Starts a node on these ports.
    pub async fn start_on(
        directory: &Path,
        log: &Path,
        options: &[&str],
        ports: &Ports,
    ) -> Result<Self> {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let (program, listening) = run(directory, log, &options, ports).await?;
        Ok(Self {
            directory: directory.to_owned(),
            log: log.to_owned(),
            options,
            listening,
            program: Some(program),
        })
    }

    /// The addresses on which it listens, which stay the same after a restart.
    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// The id of its process, if it runs.
    pub fn process(&self) -> Option<u32> {
        self.program.as_ref()?.id()
    }

    /// Puts what is in a CAR into its storage, and returns the CID of the root.
    pub async fn import(&self, car: &Path) -> Result<String> {
        let mut command = Command::new(fluence()?);
        command.arg("--json").arg("--state").arg(&self.directory);
        let output = command.args(["storage", "import"]).arg(car).output();
        let output = output.await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let line: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
        let root = line["roots"][0].as_str();
        Ok(root
            .with_context(|| format!("no root in {said}"))?
            .to_owned())
    }

    /// The address that a browser connects to, with the node's peer id.
    pub fn websocket(&self) -> Result<String> {
        self.listening.address("/ws")
    }

    /// The address that a program connects to, with the node's peer id.
    pub fn tcp(&self) -> Result<String> {
        self.listening.address("/tcp")
    }

    /// Stops the node as a service manager does.
    pub async fn stop(&mut self) -> Result<()> {
        let program = self.program.take().context("the node is not running")?;
        let code = program.terminate().await?;
        ensure!(code == Some(0), "the node ended with {code:?} on SIGTERM");
        Ok(())
    }

    /// Kills the node, as a power failure does.
    pub async fn kill(&mut self) -> Result<()> {
        let program = self.program.take().context("the node is not running")?;
        program.kill().await
    }

    /// Starts the node again on the same ports and with the same state.
    pub async fn start_again(&mut self) -> Result<()> {
        ensure!(self.program.is_none(), "the node is running already");
        let ports = self.listening.ports()?;
        let (program, listening) = run(&self.directory, &self.log, &self.options, &ports).await?;
        ensure!(
            listening.peer == self.listening.peer,
            "the node has a new identity"
        );
        self.program = Some(program);
        Ok(())
    }

    /// The JSON that the node answers at `/healthz`.
    pub async fn health(&self) -> Result<Value> {
        let url = format!("{}/healthz", self.listening.http);
        let response = reqwest::get(url).await?.error_for_status()?;
        Ok(response.json().await?)
    }

    /// A counter of the storage in `/healthz`, by JSON pointer.
    pub async fn counter(&self, pointer: &str) -> Result<u64> {
        let health = self.health().await?;
        health
            .pointer(pointer)
            .and_then(Value::as_u64)
            .ok_or_else(|| anyhow!("/healthz has no {pointer}: {health}"))
    }

    /// The number of bytes of blocks that were ever uploaded to the node.
    pub async fn uploaded(&self) -> Result<u64> {
        self.counter(UPLOADED).await
    }

    /// Waits until at least this many bytes were ever uploaded, and returns the number.
    pub async fn wait_uploaded(&self, least: u64, limit: Duration) -> Result<u64> {
        let deadline = Instant::now() + limit;
        loop {
            let uploaded = self.uploaded().await?;
            if uploaded >= least {
                return Ok(uploaded);
            }
            ensure!(
                Instant::now() < deadline,
                "{uploaded} of {least} bytes were uploaded within {limit:?}"
            );
            sleep(LOOK).await;
        }
    }
}

/// The storage's counter of uploaded bytes, in `/healthz`.
const UPLOADED: &str = "/counters/received_bytes";

/// The ports that a node listens on.
pub struct Ports {
    tcp: u16,
    websocket: u16,
    http: u16,
}

impl Ports {
    /// Ports that the system chooses.
    pub const FREE: Self = Self {
        tcp: 0,
        websocket: 0,
        http: 0,
    };
    /// The ports at which the extension looks for a node by default.
    pub const DEFAULT: Self = Self {
        tcp: 4101,
        websocket: 4102,
        http: 4180,
    };
}

impl Listening {
    fn address(&self, kind: &str) -> Result<String> {
        let found = self.addresses.iter().find(|address| {
            let websocket = address.contains("/ws");
            address.starts_with("/ip4/127.0.0.1/tcp/") && websocket == (kind == "/ws")
        });
        found
            .cloned()
            .ok_or_else(|| anyhow!("no {kind} address in {:?}", self.addresses))
    }

    fn ports(&self) -> Result<Ports> {
        let port = |kind| -> Result<u16> {
            let address = self.address(kind)?;
            let port = address
                .split('/')
                .nth(4)
                .context("the address has no port")?;
            Ok(port.parse()?)
        };
        let http = self.http.trim_end_matches('/').rsplit(':').next();
        Ok(Ports {
            tcp: port("/tcp")?,
            websocket: port("/ws")?,
            http: http.context("no port in the storage's address")?.parse()?,
        })
    }
}

async fn run(
    directory: &Path,
    log: &Path,
    options: &[String],
    ports: &Ports,
) -> Result<(Program, Listening)> {
    let at = |port: u16| format!("127.0.0.1:{port}");
    let mut command = Command::new(fluence()?);
    command
        .args(["node", "--json", "--state"])
        .arg(directory)
        .args(["--listen-tcp", &at(ports.tcp)])
        .args(["--listen-ws", &at(ports.websocket)])
        .args(["--listen-http", &at(ports.http)])
        .args(options);
    let mut program = Program::start(&mut command, log)?;
    let listening = program
        .until(|line| serde_json::from_str::<Listening>(line).ok())
        .await
        .with_context(|| format!("`fluence node` did not start; see {}", log.display()))?;
    Ok((program, listening))
}
